//! Visits and what was agreed there; the caseload; who coaches.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use veldboek_core::clock::Day;
use veldboek_core::dossier::Dossier;
use veldboek_core::field_book::{Job, Target};
use veldboek_core::ids::*;
use veldboek_core::record::{Code, Container, Lang};
use veldboek_core::rules::Warning;
use veldboek_core::statement::Handover;
use veldboek_core::trajectory::Assignment;
use veldboek_core::visit::{Agreement, Visit};

use super::book::Book;
use super::bundle::write_new;
use super::context::{Context, chosen};
use super::find::{self, Dossiers, Found, Kind, reference, short};
use super::handover::{known_coach, notes_json, over_note};
use super::view;
use super::work::{PLACEMENT, TRAJECTORY, change, something_given, within};
use super::{calendar, erasing};
use crate::args::*;
use crate::message::{Exit, Problem, text};
use crate::render::{Output, Table};

/// Visits; a bare reference means the only one that was not withdrawn.
const VISIT: Kind<VisitId> = Kind {
    name: || text!("bezoek", "visit"),
    list: "visit list",
    ids: |dossier| dossier.visits.iter().map(|(id, one)| (*id, one.withdrawn.is_none())).collect(),
};

/// Planned visits.
const PLANNED: Kind<VisitId> = Kind {
    name: || text!("gepland bezoek", "planned visit"),
    list: "visit list",
    ids: |dossier| {
        dossier
            .visits
            .iter()
            .filter(|(_, one)| !one.is_recorded() && one.withdrawn.is_none())
            .map(|(id, _)| (*id, true))
            .collect()
    },
};

const AGREEMENT: Kind<AgreementId> = Kind {
    name: || text!("afspraak", "agreement"),
    list: "agreement list",
    ids: |dossier| dossier.agreements.iter().map(|(id, one)| (*id, one.done_on.is_none())).collect(),
};

/// `visit`
pub(super) fn visit(context: &mut Context<'_>, command: VisitCommand) -> Result<Output, Problem> {
    // The text is read before the book is opened, so that a slow pipe keeps nobody waiting.
    let typed = match &command {
        VisitCommand::Log(log) => log.fields.fresh().summary,
        VisitCommand::Correct(correct) => correct.fields.fresh().summary,
        _ => None,
    };
    let piped = match typed.as_deref() {
        Some("-") => Some(context.console.read_input()?.trim_end().to_owned()),
        _ => None,
    };
    let mut book = context.book()?;
    let mut dossiers = book.inner.dossiers()?;
    if matches!(command, VisitCommand::Log(_)) {
        // A visit that was made is kept, also when the last day of access has passed.
        for ended in book.inner.ended()? {
            dossiers.push((ended.document, book.inner.dossier(ended.document)?));
        }
    }
    match command {
        VisitCommand::Plan(plan) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &plan.name.trajectory, &TRAJECTORY)?;
            let mut draft = plan.fields.fresh();
            draft.trajectory = Some(id);
            draft.placement = plan.placement.map(|wanted| within(document, &dossier, &wanted, &PLACEMENT)).transpose()?;
            let plan = book.plan(None, |by| dossier.plan_visit(by, draft))?;
            let (id, warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("bezoek gepland", "visit planned"), &reference(document, &dossier), &ids, &warnings))
        }
        VisitCommand::Move(to) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &to.name.visit, &PLANNED)?;
            let plan = book.plan(None, |by| dossier.move_visit(by, id, to.planned_on))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("bezoek verzet", "visit moved"), &reference(document, &dossier), &ids, &warnings))
        }
        VisitCommand::Log(log) => log_visit(context, &mut book, &dossiers, log, piped),
        VisitCommand::List(list) => {
            let chosen = chosen(&mut book, list.filter.trainee.as_deref())?;
            let (rows, table) = table(context, &mut book, &chosen, list.from, list.to)?;
            let columns = view::columns::<Visit>(&["reference", "id"], &["day", "corrected", "agreements", "saved"]);
            Ok(Output::new(json!({ "rows": rows }), table).columns(columns))
        }
        VisitCommand::Correct(correct) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &correct.name.visit, &VISIT)?;
            let mut draft = correct.fields.fresh();
            if piped.is_some() {
                draft.summary = piped;
            }
            let plan = book.plan(Some(correct.check), |by| dossier.correct_visit(by, id, draft))?;
            let (entry, warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("correction", entry.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("bezoek gecorrigeerd", "visit corrected"), &reference(document, &dossier), &ids, &warnings))
        }
        VisitCommand::Withdraw(withdraw) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &withdraw.name.visit, &VISIT)?;
            let of = reference(document, &dossier);
            if !veldboek_core::text_check::bsn_positions(&withdraw.reason).is_empty() {
                return Err(Problem::Rule(
                    text!("in de reden staat een getal dat een BSN kan zijn", "the reason holds a number that could be a BSN"),
                    text!(
                        "haal het weg: de reden blijft in het dossier staan. Er is niets ingetrokken",
                        "take it out: the reason stays in the dossier. Nothing was withdrawn"
                    ),
                ));
            }
            let plan = book.plan(None, |by| dossier.withdraw_visit(by, id, &withdraw.reason))?;
            if !plan.id {
                let question = text!("gepland bezoek {id} van {of} intrekken?", "withdraw planned visit {id} of {of}?");
                context.console.confirm(&question, context.globals.yes, context.lang)?;
                let (_, warnings) = change(&mut book, document, plan)?;
                let ids = [("id", id.to_string()), ("document", document.to_string())];
                return Ok(context.done(&text!("bezoek ingetrokken", "visit withdrawn"), &of, &ids, &warnings));
            }
            let question = text!(
                "bezoek {id} van {of} intrekken, met wat erbij is afgesproken? De tekst verdwijnt bij iedereen en komt niet terug",
                "withdraw visit {id} of {of}, with what was agreed there? The text disappears with everyone and does not come back"
            );
            context.console.confirm(&question, context.globals.yes, context.lang)?;
            let entry = EntryId::from_bytes(*id.as_bytes());
            let (moment, rng) = (book.moment, &mut book.rng);
            let document = book.inner.withdraw(document, &[entry], Some(&withdraw.reason), moment, rng)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            let warnings = plan.warnings;
            let output = context.done(&text!("bezoek ingetrokken", "visit withdrawn"), &of, &ids, &warnings);
            Ok(output.note(text!(
                "het dossier gaat zonder de tekst verder; met `veldboek sync` verdwijnt het oude bij de server en op elk apparaat",
                "the dossier goes on without the text; with `veldboek sync` the old one goes from the server and from each device"
            )))
        }
    }
}

/// What a visit is logged for.
enum Meant {
    Trajectory(Found<TrajectoryId>),
    Planned(Found<VisitId>),
}

/// A reference means the open trajectory; the beginning of an id may name either, and must name one.
fn meant(dossiers: &Dossiers, which: &str) -> Result<Meant, Problem> {
    let trajectory = find::inside(dossiers, which, &TRAJECTORY);
    if find::is_reference(dossiers, which) {
        return trajectory.map(Meant::Trajectory);
    }
    match (trajectory, find::inside(dossiers, which, &PLANNED)) {
        (Ok(one), Ok(other)) => Err(Problem::Ambiguous {
            kind: text!("traject of bezoek", "trajectory or visit"),
            wanted: which.to_owned(),
            candidates: vec![one.id.to_string(), other.id.to_string()],
        }),
        (_, Ok(planned)) => Ok(Meant::Planned(planned)),
        (trajectory, Err(_)) => trajectory.map(Meant::Trajectory),
    }
}

fn log_visit(
    context: &Context<'_>,
    book: &mut Book,
    dossiers: &Dossiers,
    log: VisitLog,
    piped: Option<String>,
) -> Result<Output, Problem> {
    something_given(log.fields.is_empty())?;
    // A trajectory, or a visit that was planned.
    let (document, dossier, trajectory, planned) = match meant(dossiers, &log.which)? {
        Meant::Trajectory(found) => (found.document, found.dossier, Some(found.id), None),
        Meant::Planned(found) => (found.document, found.dossier, None, Some(found.id)),
    };
    let mut draft: Visit = log.fields.fresh();
    draft.trajectory = trajectory;
    if piped.is_some() {
        draft.summary = piped;
    }
    draft.placement = log.placement.map(|wanted| within(document, &dossier, &wanted, &PLACEMENT)).transpose()?;
    if log.agreement_due.len() > log.agreement.len() || log.agreement_owner.len() > log.agreement.len() {
        return Err(Problem::Usage(
            text!(
                "er zijn meer --agreement-due of --agreement-owner dan afspraken",
                "more --agreement-due or --agreement-owner than agreements"
            ),
            text!(
                "geef bij elke afspraak ten hoogste één dag en één persoon",
                "give each agreement at most one day and one party"
            ),
        ));
    }
    let agreements: Vec<Agreement> = log
        .agreement
        .iter()
        .enumerate()
        .map(|(index, text)| Agreement {
            text: Some(text.clone()),
            due: log.agreement_due.get(index).copied(),
            owner: log.agreement_owner.get(index).copied(),
            ..Agreement::default()
        })
        .collect();
    let plan = book.plan(Some(log.check), |by| dossier.log_visit(by, planned, draft, agreements))?;
    let of = reference(document, &dossier);
    let late = book.inner.ended()?.into_iter().find(|ended| ended.document == document);
    let (id, warnings) = match &late {
        Some(_) => book.perform_late(document, plan)?,
        None => change(book, document, plan)?,
    };
    let ids = [("id", id.to_string()), ("document", document.to_string())];
    let what = text!("bezoek vastgelegd op dit apparaat", "visit saved on this device");
    let output = context.done(&what, &of, &ids, &warnings);
    let Some(late) = late else { return Ok(output) };
    let last = late.last;
    let output = output.exit(Exit::Attention).note(text!(
        "uw toegang tot {of} eindigde na {last}: dit bezoek is bewaard en wacht na het uitwisselen op de coördinator",
        "your access to {of} ended after {last}: this visit is kept, and waits for the coordinator once you sync"
    ));
    Ok(output)
}

/// The visits of some dossiers, newest last, as data and as a table.
pub(super) fn table(
    context: &Context<'_>,
    book: &mut Book,
    dossiers: &[(DocumentId, Arc<Dossier>)],
    from: Option<Day>,
    to: Option<Day>,
) -> Result<(Vec<Value>, Table), Problem> {
    let lang = context.lang;
    let names = short(book.inner.dossiers()?.iter().flat_map(|(_, dossier)| dossier.visits.keys().copied().collect::<Vec<_>>()));
    let mut visits = Vec::new();
    for (document, dossier) in dossiers {
        let unsaved = book.inner.unsaved(*document)?;
        for (id, visit) in dossier.effective_visits() {
            let day = visit.day();
            if from.is_some_and(|from| day.is_none_or(|day| day < from)) || to.is_some_and(|to| day.is_none_or(|day| day > to)) {
                continue;
            }
            visits.push((day, *document, dossier, id, visit, saved(dossier, &unsaved, id)));
        }
    }
    visits.sort_by_key(|(day, document, _, id, ..)| (*day, *document, *id));
    let mut table = context.headings(&[
        "Kenmerk|Id",
        "Referentie|Reference",
        "Dag|Day",
        "Begin|Start",
        "Min.",
        "Coach",
        "Soort|Type",
        "Status",
        "Gesproken met|Spoke with",
        "Verslag|Report",
        "Veilig op|Safe on",
    ]);
    let mut rows = Vec::new();
    for (day, document, dossier, id, visit, saved) in visits {
        let of = reference(document, dossier);
        let status = match (&visit.withdrawn, visit.status) {
            (Some(_), _) => context.say("Ingetrokken", "Withdrawn"),
            (None, status) => status.map(|code| code.label(lang).to_owned()).unwrap_or_default(),
        };
        let parties = visit.parties.iter().map(|code| code.label(lang)).collect::<Vec<_>>().join(", ");
        let place = match saved {
            "server" => "server".to_owned(),
            _ => context.say("dit apparaat", "this device"),
        };
        table.row([
            names.get(&id).cloned().unwrap_or_default(),
            of.clone(),
            day.map(|day| day.to_string()).unwrap_or_default(),
            visit.started_at.map(|time| time.datetime().strftime("%H:%M").to_string()).unwrap_or_default(),
            visit.duration_min.map(|minutes| minutes.to_string()).unwrap_or_default(),
            visit.coach.clone().unwrap_or_default(),
            visit.visit_type.map(|code| code.label(lang).to_owned()).unwrap_or_default(),
            status,
            parties,
            visit.summary.clone().unwrap_or_default(),
            place,
        ]);
        let mut map = view::json(&visit, lang);
        map.insert("id".into(), json!(id.to_string()));
        map.insert("reference".into(), json!(of));
        map.insert("day".into(), json!(day));
        map.insert("corrected".into(), json!(!dossier.corrections_of(id).is_empty()));
        let agreements: Vec<Value> = dossier
            .agreements
            .iter()
            .filter(|(_, one)| one.visit == Some(id))
            .map(|(agreement, one)| {
                let mut map = view::json(one, lang);
                map.insert("id".into(), json!(agreement.to_string()));
                Value::Object(map)
            })
            .collect();
        map.insert("agreements".into(), json!(agreements));
        map.insert("saved".into(), json!(saved));
        rows.push(Value::Object(map));
    }
    Ok((rows, table))
}

/// Where a visit is safe, with its corrections and agreements.
fn saved(dossier: &Dossier, unsaved: &HashSet<(Container, String)>, id: VisitId) -> &'static str {
    let here = |container, entry: String| unsaved.contains(&(container, entry));
    let only_here = here(Container::Visits, id.to_string())
        || dossier.corrections_of(id).iter().any(|(entry, _)| here(Container::Corrections, entry.to_string()))
        || dossier.agreements.iter().any(|(entry, one)| one.visit == Some(id) && here(Container::Agreements, entry.to_string()));
    if only_here { "device" } else { "server" }
}

/// The agreements of some dossiers, as data and as a table.
pub(super) fn agreements_table(
    context: &Context<'_>,
    dossiers: &[(DocumentId, Arc<Dossier>)],
    open: bool,
) -> (Vec<Value>, Table) {
    let lang = context.lang;
    let names = short(dossiers.iter().flat_map(|(_, dossier)| dossier.agreements.keys().copied()));
    let mut table = context.headings(&[
        "Kenmerk|Id",
        "Referentie|Reference",
        "Afspraak|Agreement",
        "Wie|Who",
        "Uiterlijk|Due",
        "Gedaan op|Done on",
    ]);
    let mut rows = Vec::new();
    for (document, dossier) in dossiers {
        for (id, one) in dossier.agreements.iter().filter(|(_, one)| !open || one.done_on.is_none()) {
            let of = reference(*document, dossier);
            let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
            table.row([
                names.get(id).cloned().unwrap_or_default(),
                of.clone(),
                one.text.clone().unwrap_or_default(),
                one.owner.map(|code| code.label(lang).to_owned()).unwrap_or_default(),
                day(one.due),
                day(one.done_on),
            ]);
            let mut map = view::json(one, lang);
            map.insert("id".into(), json!(id.to_string()));
            map.insert("reference".into(), json!(of));
            rows.push(Value::Object(map));
        }
    }
    (rows, table)
}

/// `agreement`
pub(super) fn agreement(context: &mut Context<'_>, command: AgreementCommand) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let dossiers = book.inner.dossiers()?;
    match command {
        AgreementCommand::Add(add) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &add.name.visit, &VISIT)?;
            let draft = add.fields.fresh();
            let plan = book.plan(Some(add.check), |by| dossier.add_agreement(by, id, draft))?;
            let (id, warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("afspraak vastgelegd", "agreement recorded"), &reference(document, &dossier), &ids, &warnings))
        }
        AgreementCommand::Done(done) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &done.agreement, &AGREEMENT)?;
            let on = done.on.unwrap_or(book.today());
            let plan = book.plan(None, |by| dossier.finish_agreement(by, id, on))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("afspraak nagekomen", "agreement kept"), &reference(document, &dossier), &ids, &warnings))
        }
        AgreementCommand::List(list) => {
            let chosen = chosen(&mut book, list.filter.trainee.as_deref())?;
            let (rows, table) = agreements_table(context, &chosen, list.open);
            Ok(Output::new(json!({ "rows": rows }), table).columns(view::columns::<Agreement>(&["reference", "id"], &[])))
        }
    }
}

/// `assign`
pub(super) fn assign(context: &mut Context<'_>, assign: Assign) -> Result<Output, Problem> {
    let mut book = context.book()?;
    book.may_assign()?;
    let Found { document, dossier, .. } = find::trainee(&book.inner.dossiers()?, &assign.name.trainee)?;
    let coach = assign.coach.trim().to_owned();
    known_coach(context, &mut book, &coach)?;
    let from = assign.from.unwrap_or(book.today());
    let draft = Assignment {
        coach: Some(coach.clone()),
        role: Some(assign.role),
        from: Some(from),
        to: assign.to,
        reason: assign.reason,
        ..Assignment::default()
    };
    let plan = book.plan(None, |by| dossier.assign_coach(by, draft))?;
    let job = Job::new(Target::Existing(document), plan.writes).granting(vec![(coach.clone(), from, assign.to)]);
    let job = job.deciding(Handover::Assignment, plan.id);
    book.perform_all(vec![job])?;
    let ids = [("coach", coach), ("id", plan.id.to_string()), ("document", document.to_string())];
    let output = context.done(&text!("toegewezen", "assigned"), &reference(document, &dossier), &ids, &plan.warnings);
    let replaced = plan.warnings.iter().filter_map(|warning| match warning {
        Warning::EndsAssignment { coach, .. } => Some(coach.clone()),
        _ => None,
    });
    Ok(replaced.fold(output, |output, before| {
        output.note(text!(
            "{before} houdt toegang; met `veldboek transfer` draagt u een dossier over en eindigt die",
            "{before} keeps access; `veldboek transfer` hands a dossier over and ends it"
        ))
    }))
}

/// `caseload`
pub(super) fn caseload(context: &mut Context<'_>, book: &mut Book, options: &Caseload) -> Result<Output, Problem> {
    let (today, lang) = (book.today(), context.lang);
    let dossiers = book.inner.dossiers()?;
    let register = book.inner.register()?;
    let mut coaches = vec![book.person()?];
    if book.coordinating() {
        let assigned = dossiers.iter().flat_map(|(_, dossier)| dossier.assignments.values()).filter(|one| one.holds_on(today));
        coaches.extend(assigned.filter_map(|one| one.coach.clone()));
        coaches.sort();
        coaches.dedup();
    }
    let mut table = context.headings(&[
        "Wat|What",
        "Dag|Day",
        "Te laat|Late",
        "Referentie|Reference",
        "Naam|Name",
        "Bij|At",
        "Laatste bezoek|Last visit",
        "Coach",
    ]);
    let mut rows: Vec<(Option<Day>, Value, [String; 8])> = Vec::new();
    let mut loads = Vec::new();
    let mut entries = Vec::new();
    for coach in &coaches {
        let coach = coach.clone();
        let list = veldboek_core::caseload::caseload(
            &coach,
            today,
            dossiers.iter().map(|(document, dossier)| (*document, dossier.clone())),
            &register,
        );
        let shown = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let days = |days: i64| if days > 0 { days.to_string() } else { String::new() };
        for (kind, nl, en, due) in
            [("overdue", "Bezoek te laat", "Visit overdue", &list.overdue), ("due", "Bezoek nodig", "Visit due", &list.due)]
        {
            for row in due {
                entries.push(calendar::due(row, today, lang));
                let mut value = json!(row);
                value["kind"] = json!(kind);
                value["coach"] = json!(coach);
                let cells = [
                    context.say(nl, en),
                    row.due.to_string(),
                    days(row.days_overdue),
                    row.who.reference.clone().unwrap_or_default(),
                    row.who.given_name.clone().unwrap_or_default(),
                    row.place.employer.clone().or_else(|| row.place.location.clone()).unwrap_or_default(),
                    shown(row.last_visit),
                    coach.clone(),
                ];
                rows.push((Some(row.due), value, cells));
            }
        }
        for (kind, nl, en, planned) in [
            ("today", "Bezoek gepland", "Visit planned", &list.today),
            ("upcoming", "Bezoek gepland", "Visit planned", &list.upcoming),
        ] {
            for row in planned {
                entries.push(calendar::planned(row, lang));
                let mut value = json!(row);
                value["kind"] = json!(kind);
                value["coach"] = json!(coach);
                if let Some(code) = row.visit_type {
                    value["visit_type_label"] = json!(code.label(lang));
                }
                let what = match (&row.planned_by, lang) {
                    (None, _) => context.say(nl, en),
                    (Some(colleague), Lang::Nl) => format!("{nl} door {colleague}"),
                    (Some(colleague), Lang::En) => format!("{en} by {colleague}"),
                };
                let cells = [
                    what,
                    row.on.to_string(),
                    days(today.days_since(row.on)),
                    row.who.reference.clone().unwrap_or_default(),
                    row.who.given_name.clone().unwrap_or_default(),
                    row.place
                        .as_ref()
                        .and_then(|place| place.employer.clone().or_else(|| place.location.clone()))
                        .unwrap_or_default(),
                    String::new(),
                    coach.clone(),
                ];
                rows.push((Some(row.on), value, cells));
            }
        }
        for row in &list.agreements {
            let mut value = json!(row);
            value["kind"] = json!("agreement");
            value["coach"] = json!(coach);
            let late = row.due.filter(|_| row.late).map_or(0, |due| today.days_since(due));
            let cells = [
                format!("{}: {}", context.say("Afspraak", "Agreement"), row.text),
                shown(row.due),
                days(late),
                row.who.reference.clone().unwrap_or_default(),
                row.who.given_name.clone().unwrap_or_default(),
                String::new(),
                String::new(),
                coach.clone(),
            ];
            rows.push((row.due, value, cells));
        }
        if Some(&coach) == coaches.first() {
            let notes = book.inner.handover_notes(today)?;
            for (note, mut value) in notes.iter().zip(notes_json(&notes)) {
                value["kind"] = json!("handover");
                value["coach"] = json!(coach);
                let label = context.say("Overdracht", "Handover");
                let cells = [
                    format!("{label}: {}", note.note),
                    shown(note.from),
                    String::new(),
                    note.called.clone().unwrap_or_default(),
                    String::new(),
                    note.before.join(", "),
                    String::new(),
                    coach.clone(),
                ];
                rows.push((note.from, value, cells));
            }
        }
        if list.open_trajectories > 0 || rows.iter().any(|(_, value, _)| value["coach"] == json!(coach)) {
            loads.push(json!({
                "coach": coach,
                "open_trajectories": list.open_trajectories,
                "weighted_load": list.weighted_load,
            }));
        }
    }
    if options.overdue {
        rows.retain(|(_, value, _)| value["kind"] == json!("overdue") || value["late"] == json!(true));
    }
    rows.sort_by_key(|(day, ..)| (day.is_none(), *day));
    let mut values = Vec::new();
    for (_, mut value, mut cells) in rows {
        if let Some(document) = value["document"].as_str().and_then(|id| id.parse().ok()) {
            value["erasure_asked"] = erasing::asked_json(book, document);
            cells[3] = erasing::marked(context, book, document, std::mem::take(&mut cells[3]));
        }
        table.row(cells);
        values.push(value);
    }
    let loaded = loads.iter().filter_map(|load| load["open_trajectories"].as_u64()).sum::<u64>();
    let summary = match lang {
        Lang::Nl => format!("{today}: {loaded} lopende trajecten."),
        Lang::En => format!("{today}: {loaded} open trajectories."),
    };
    table.notes.push(summary);
    let columns = ["document", "reference", "given_name", "kind", "coach"];
    let mut value = json!({ "as_of": today, "rows": values, "coaches": loads });
    let ended = over_note(&book.inner.ended()?);
    let with_ended = |output: Output| match &ended {
        Some(note) => output.note(note.clone()),
        None => output,
    };
    let Some(file) = &options.ics else { return Ok(with_ended(Output::new(value, table).columns(columns))) };
    let off = |(document, dossier): &(DocumentId, Arc<Dossier>)| calendar::called_off(*document, dossier, &coaches, today, lang);
    entries.extend(dossiers.iter().flat_map(off));
    entries.retain(|entry| entry.overdue || !options.overdue);
    write_new(context, file, calendar::file(&entries, book.moment.at, lang).as_bytes())?;
    let (shown, count) = (file.display().to_string(), entries.len());
    value["calendar"] = json!({ "file": shown, "events": count });
    Ok(with_ended(Output::new(value, table).columns(columns)).note(text!(
        "{shown}: {count} bezoeken voor de agenda, alleen met referenties; een nieuwer bestand werkt bij wat er al in staat",
        "{shown}: {count} visits for the calendar, with references only; a newer file updates what is there"
    )))
}
