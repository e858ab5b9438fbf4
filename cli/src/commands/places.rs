//! Places and courses within a trajectory, and where the trainee went after it.

use serde_json::{Value, json};
use veldboek_core::clock::Day;
use veldboek_core::dossier::enrolments::OutflowOf;
use veldboek_core::ids::TrainingId;
use veldboek_core::outflow::Enrolment;
use veldboek_core::placement::Placement;
use veldboek_core::record::Code;
use veldboek_core::trajectory::Training;

use super::context::{Context, chosen};
use super::find::{self, Found, Kind, reference, short};
use super::view;
use super::work::{PLACEMENT, TRAJECTORY, change, something_given, within};
use crate::args::{OutflowCommand, PlacementCommand, TrainingCommand};
use crate::message::{Problem, text};
use crate::render::Output;

const TRAINING: Kind<TrainingId> = Kind {
    name: || text!("scholing", "training"),
    list: "training list",
    ids: |dossier| dossier.trainings.iter().map(|(id, one)| (*id, one.end.is_none())).collect(),
};

/// `placement`
pub(super) fn placement(context: &mut Context<'_>, command: PlacementCommand) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let dossiers = book.inner.dossiers()?;
    let today = book.today();
    match command {
        PlacementCommand::Add(add) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &add.name.trajectory, &TRAJECTORY)?;
            let mut draft = add.fields.fresh();
            draft.trajectory = Some(id);
            let plan = book.plan(Some(add.check), |by| dossier.add_placement(by, draft))?;
            let (id, warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(
                &text!("plaatsing vastgelegd", "placement recorded"),
                &reference(document, &dossier),
                &ids,
                &warnings,
            ))
        }
        PlacementCommand::Edit(edit) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &edit.name.placement, &PLACEMENT)?;
            something_given(edit.fields.is_empty())?;
            let draft = edit.fields.over(dossier.placement(id)?);
            let plan = book.plan(Some(edit.check), |by| dossier.edit_placement(by, id, draft))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("plaatsing gewijzigd", "placement changed"), &reference(document, &dossier), &ids, &warnings))
        }
        PlacementCommand::End(end) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &end.name.placement, &PLACEMENT)?;
            let next = end.next_placement.map(|next| within(document, &dossier, &next, &PLACEMENT)).transpose()?;
            let on = end.on.unwrap_or(today);
            let plan = book.plan(None, |by| dossier.end_placement(by, id, on, Some(end.reason), next))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("plaatsing beëindigd", "placement ended"), &reference(document, &dossier), &ids, &warnings))
        }
        PlacementCommand::List(filter) => {
            let chosen = chosen(&mut book, filter.trainee.as_deref())?;
            let names = short(dossiers.iter().flat_map(|(_, dossier)| dossier.placements.keys().copied()));
            let mut table = context.headings(&[
                "Kenmerk|Id",
                "Referentie|Reference",
                "Soort|Type",
                "Werkgever|Employer",
                "Functie|Function",
                "Begin|Start",
                "Einde|End",
                "Reden|Reason",
                "Uren|Hours",
            ]);
            let mut rows = Vec::new();
            let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
            for (document, dossier) in &chosen {
                for (id, one) in &dossier.placements {
                    let of = reference(*document, dossier);
                    table.row([
                        names.get(id).cloned().unwrap_or_default(),
                        of.clone(),
                        one.placement_type.map(|code| code.label(context.lang).to_owned()).unwrap_or_default(),
                        one.employer.clone().unwrap_or_default(),
                        one.function_title.clone().unwrap_or_default(),
                        day(one.start),
                        day(one.end),
                        one.end_reason.map(|code| code.label(context.lang).to_owned()).unwrap_or_default(),
                        one.hours_per_week
                            .map(|hours| veldboek_core::record::Value::show(&hours, context.lang))
                            .unwrap_or_default(),
                    ]);
                    let mut map = view::json(one, context.lang);
                    map.insert("id".into(), json!(id.to_string()));
                    map.insert("reference".into(), json!(of));
                    rows.push(Value::Object(map));
                }
            }
            Ok(Output::new(json!({ "rows": rows }), table).columns(view::columns::<Placement>(&["reference", "id"], &[])))
        }
    }
}

/// `training`
pub(super) fn training(context: &mut Context<'_>, command: TrainingCommand) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let dossiers = book.inner.dossiers()?;
    let today = book.today();
    match command {
        TrainingCommand::Add(add) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &add.name.trajectory, &TRAJECTORY)?;
            let mut draft = add.fields.fresh();
            draft.trajectory = Some(id);
            let plan = book.plan(Some(add.check), |by| dossier.add_training(by, draft))?;
            let (id, warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("scholing vastgelegd", "training recorded"), &reference(document, &dossier), &ids, &warnings))
        }
        TrainingCommand::End(end) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &end.training, &TRAINING)?;
            let plan = book.plan(None, |by| dossier.end_training(by, id, end.on.unwrap_or(today), end.result))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("scholing beëindigd", "training ended"), &reference(document, &dossier), &ids, &warnings))
        }
        TrainingCommand::List(filter) => {
            let chosen = chosen(&mut book, filter.trainee.as_deref())?;
            let names = short(dossiers.iter().flat_map(|(_, dossier)| dossier.trainings.keys().copied()));
            let mut table = context.headings(&[
                "Kenmerk|Id",
                "Referentie|Reference",
                "Cursus|Course",
                "Aanbieder|Provider",
                "Begin|Start",
                "Einde|End",
                "Resultaat|Result",
            ]);
            let mut rows = Vec::new();
            let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
            for (document, dossier) in &chosen {
                for (id, one) in &dossier.trainings {
                    let of = reference(*document, dossier);
                    table.row([
                        names.get(id).cloned().unwrap_or_default(),
                        of.clone(),
                        one.course.clone().unwrap_or_default(),
                        one.provider.clone().unwrap_or_default(),
                        day(one.start),
                        day(one.end),
                        one.result.map(|code| code.label(context.lang).to_owned()).unwrap_or_default(),
                    ]);
                    let mut map = view::json(one, context.lang);
                    map.insert("id".into(), json!(id.to_string()));
                    map.insert("reference".into(), json!(of));
                    rows.push(Value::Object(map));
                }
            }
            Ok(Output::new(json!({ "rows": rows }), table).columns(view::columns::<Training>(&["reference", "id"], &[])))
        }
    }
}

/// `outflow set`
pub(super) fn outflow(context: &mut Context<'_>, command: OutflowCommand) -> Result<Output, Problem> {
    let OutflowCommand::Set(set) = command;
    let mut book = context.book()?;
    let dossiers = book.inner.dossiers()?;
    let on = set.on.unwrap_or(book.today());
    let Some(school) = &set.school else {
        let Found { document, dossier, id } = find::inside(&dossiers, &set.which, &TRAJECTORY)?;
        let plan = book.plan(None, |by| dossier.set_outflow(by, OutflowOf::Programme(id), set.destination, on, None))?;
        let ((), warnings) = change(&mut book, document, plan)?;
        let ids = [("id", id.to_string()), ("document", document.to_string())];
        let what = text!("uitstroom uit het traject vastgelegd", "outflow from the trajectory recorded");
        return Ok(context.done(&what, &reference(document, &dossier), &ids, &warnings));
    };
    let Found { document, dossier, .. } = find::trainee(&dossiers, &set.which)?;
    let register = book.inner.register()?;
    // A school is known by its code; what the register lacks stays text.
    let (code, known) = register
        .schools
        .iter()
        .find(|(code, one)| {
            let called = |text: &str| text.eq_ignore_ascii_case(school.trim());
            called(code) || one.name.as_deref().is_some_and(called)
        })
        .map_or((school.trim().to_owned(), None), |(code, one)| (code.clone(), Some(one)));
    let present = dossier.enrolments.iter().find(|(_, one)| one.school.as_deref() == Some(code.as_str()));
    let before = present.map(|(_, one)| one.clone()).unwrap_or_default();
    let draft = Enrolment {
        school: Some(code),
        school_type: set.school_type.or(before.school_type).or_else(|| known.and_then(|one| one.school_type)),
        cluster: set.cluster.or(before.cluster).or_else(|| known.and_then(|one| one.cluster)),
        from: before.from,
        left_on: Some(on),
        outflow_profile: set.outflow_profile.or(before.outflow_profile),
        destination: Some(set.destination),
        income_situation: set.income_situation.or(before.income_situation),
    };
    let plan = match present {
        Some((id, _)) => {
            let id = *id;
            book.plan(None, |by| dossier.edit_enrolment(by, id, draft))?.about(id)
        }
        None => book.plan(None, |by| dossier.add_enrolment(by, draft))?,
    };
    let (id, warnings) = change(&mut book, document, plan)?;
    let ids = [("id", id.to_string()), ("document", document.to_string())];
    let what = text!("uitstroom uit de school vastgelegd", "outflow from the school recorded");
    Ok(context.done(&what, &reference(document, &dossier), &ids, &warnings))
}
