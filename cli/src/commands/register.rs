//! The region's register, and figures from elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use veldboek_core::funding::FundingSource;
use veldboek_core::ids::EntryId;
use veldboek_core::organisation::{Coach, Employer, School};
use veldboek_core::programme::{Observation, Programme, Target};
use veldboek_core::register::Register;
use veldboek_core::rules::{By, Plan, RuleBroken};

use super::context::Context;
use super::find::short;
use super::view;
use super::work::something_given;
use crate::args::*;
use crate::message::{Problem, Text, text};
use crate::render::Output;

/// What is keyed by a code.
pub(super) trait Keyed: Form {
    /// The records of this kind.
    fn all(register: &Register) -> &BTreeMap<String, Self::Record>;
    /// Plans a new one.
    fn add(register: &Register, by: &mut By<'_>, code: &str, draft: Self::Record) -> Result<Plan<String>, RuleBroken>;
    /// Plans a change.
    fn edit(register: &Register, by: &mut By<'_>, code: &str, draft: Self::Record) -> Result<Plan<String>, RuleBroken>;
}

macro_rules! keyed {
    ($($form:ident: $record:ident in $map:ident, $add:ident, $edit:ident;)*) => {$(
        impl Keyed for $form {
            fn all(register: &Register) -> &BTreeMap<String, $record> {
                &register.$map
            }
            fn add(register: &Register, by: &mut By<'_>, code: &str, draft: $record) -> Result<Plan<String>, RuleBroken> {
                register.$add(by, code, draft)
            }
            fn edit(register: &Register, by: &mut By<'_>, code: &str, draft: $record) -> Result<Plan<String>, RuleBroken> {
                register.$edit(by, code, draft)
            }
        }
    )*};
}

keyed! {
    ProgrammeForm: Programme in programmes, add_programme, edit_programme;
    FundingForm: FundingSource in funding, add_funding, edit_funding;
    SchoolForm: School in schools, add_school, edit_school;
    EmployerForm: Employer in employers, add_employer, edit_employer;
    CoachForm: Coach in coaches, add_coach, edit_coach;
}

/// Dated facts.
pub(super) trait Dated: Form {
    /// The records of this kind.
    fn all(register: &Register) -> &BTreeMap<EntryId, Self::Record>;
    /// Plans a new one.
    fn add(register: &Register, by: &mut By<'_>, draft: Self::Record) -> Result<Plan<EntryId>, RuleBroken>;
}

impl Dated for TargetForm {
    fn all(register: &Register) -> &BTreeMap<EntryId, Target> {
        &register.targets
    }
    fn add(register: &Register, by: &mut By<'_>, draft: Target) -> Result<Plan<EntryId>, RuleBroken> {
        register.add_target(by, draft)
    }
}

impl Dated for ObservationForm {
    fn all(register: &Register) -> &BTreeMap<EntryId, Observation> {
        &register.observations
    }
    fn add(register: &Register, by: &mut By<'_>, draft: Observation) -> Result<Plan<EntryId>, RuleBroken> {
        register.add_observation(by, draft)
    }
}

/// `programme`, `funding`, `school`, `employer`, `coach`
pub(super) fn keyed<F>(context: &Context<'_>, command: RegisterCommand<F>) -> Result<Output, Problem>
where
    F: Keyed,
    F::Record: Serialize,
{
    let mut book = context.book()?;
    let register = book.inner.register()?;
    let document = book.inner.register_document()?;
    match command {
        RegisterCommand::Add(add) => {
            let code = add.code.trim().to_owned();
            let plan = book.plan(None, |by| F::add(&register, by, &code, add.fields.fresh()))?;
            let (code, warnings) = book.perform(document, plan)?;
            Ok(context.done(&text!("toegevoegd", "added"), &code, &[("code", code.clone())], &warnings))
        }
        RegisterCommand::Edit(edit) => {
            something_given(edit.fields.is_empty())?;
            let code = edit.code.trim().to_owned();
            let before = F::all(&register).get(&code).cloned().unwrap_or_default();
            let plan = book.plan(None, |by| F::edit(&register, by, &code, edit.fields.over(&before)))?;
            let (code, warnings) = book.perform(document, plan)?;
            Ok(context.done(&text!("gewijzigd", "changed"), &code, &[("code", code.clone())], &warnings))
        }
        RegisterCommand::List => {
            let all = F::all(&register);
            let records: Vec<(String, &F::Record)> = all.iter().map(|(code, record)| (code.clone(), record)).collect();
            let rows: Vec<Value> = all
                .iter()
                .map(|(code, record)| {
                    let mut map = view::json(record, context.lang);
                    map.insert("code".into(), json!(code));
                    Value::Object(map)
                })
                .collect();
            let table = view::table("Code", &records, context.lang);
            Ok(Output::new(json!({ "rows": rows }), table).columns(view::columns::<F::Record>(&["code"], &[])))
        }
    }
}

/// `target`, `observation`
pub(super) fn dated<F>(
    context: &Context<'_>,
    command: FactCommand<F>,
    renew: fn(F::Record, &Changes<F>, veldboek_core::clock::Day) -> F::Record,
) -> Result<Output, Problem>
where
    F: Dated,
    F::Record: Serialize,
{
    let mut book = context.book()?;
    let register = book.inner.register()?;
    let document = book.inner.register_document()?;
    let all = F::all(&register);
    match command {
        FactCommand::Add(add) => {
            let plan = book.plan(None, |by| F::add(&register, by, add.fields.fresh()))?;
            let (id, warnings) = book.perform(document, plan)?;
            Ok(context.done(&text!("toegevoegd", "added"), "", &[("id", id.to_string())], &warnings))
        }
        FactCommand::Edit(edit) => {
            something_given(edit.fields.is_empty())?;
            let wanted = edit.which.trim();
            let found: Vec<&EntryId> = all.keys().filter(|id| wanted.len() >= 4 && id.to_string().starts_with(wanted)).collect();
            let kind = || text!("kenmerk", "id");
            let before = match found.as_slice() {
                [id] => all.get(*id).cloned().unwrap_or_default(),
                [] => {
                    return Err(Problem::Unknown {
                        kind: kind(),
                        wanted: wanted.to_owned(),
                        hint: text!("`list` toont de kenmerken", "`list` shows the ids"),
                    });
                }
                several => {
                    let candidates = several.iter().map(ToString::to_string).collect();
                    return Err(Problem::Ambiguous { kind: kind(), wanted: wanted.to_owned(), candidates });
                }
            };
            let draft = renew(edit.fields.over(&before), &edit.fields, book.today());
            let plan = book.plan(None, |by| F::add(&register, by, draft))?;
            let (id, warnings) = book.perform(document, plan)?;
            let what: Text = text!("nieuwe versie vastgelegd", "new version recorded");
            Ok(context.done(&what, "", &[("id", id.to_string())], &warnings))
        }
        FactCommand::List => {
            let names = short(all.keys().copied());
            let records: Vec<(String, &F::Record)> =
                all.iter().map(|(id, record)| (names.get(id).cloned().unwrap_or_default(), record)).collect();
            let rows: Vec<Value> = all
                .iter()
                .map(|(id, record)| {
                    let mut map = view::json(record, context.lang);
                    map.insert("id".into(), json!(id.to_string()));
                    Value::Object(map)
                })
                .collect();
            let key = context.say("Kenmerk", "Id");
            let table = view::table(&key, &records, context.lang);
            Ok(Output::new(json!({ "rows": rows }), table).columns(view::columns::<F::Record>(&["id"], &[])))
        }
    }
}

/// The whole register, for programs.
pub(super) fn whole(register: &Register, lang: veldboek_core::record::Lang) -> Value {
    macro_rules! entries {
        ($map:expr, $key:literal) => {
            $map.iter()
                .map(|(code, record)| {
                    let mut map = view::json(record, lang);
                    map.insert($key.into(), json!(code.to_string()));
                    Value::Object(map)
                })
                .collect::<Vec<_>>()
        };
    }
    json!({
        "programmes": entries!(register.programmes, "code"),
        "targets": entries!(register.targets, "id"),
        "observations": entries!(register.observations, "id"),
        "funding": entries!(register.funding, "code"),
        "schools": entries!(register.schools, "code"),
        "employers": entries!(register.employers, "code"),
        "coaches": entries!(register.coaches, "code"),
    })
}
