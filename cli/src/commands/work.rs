//! Dossiers, trajectories, placements, trainings and outflow.

use serde_json::{Value, json};
use veldboek_core::clock::Day;
use veldboek_core::dossier::Dossier;
use veldboek_core::field_book::{Job, Target};
use veldboek_core::ids::*;
use veldboek_core::record::{Code, Lang};
use veldboek_core::rules::{Plan, Warning};
use veldboek_core::trainee::Trainee;
use veldboek_core::trajectory::Trajectory;

use super::book::Book;
use super::context::{Context, chosen};
use super::find::{self, Found, Kind, reference, short};
use super::{erasing, view};
use crate::args::*;
use crate::message::{Problem, text};
use crate::render::{Output, Table};

/// Trajectories; a bare reference means the open one.
pub(super) const TRAJECTORY: Kind<TrajectoryId> = Kind {
    name: || text!("traject", "trajectory"),
    list: "trajectory list",
    ids: |dossier| dossier.trajectories.iter().map(|(id, one)| (*id, one.end_date.is_none())).collect(),
};

/// Placements; a bare reference means the running one.
pub(super) const PLACEMENT: Kind<PlacementId> = Kind {
    name: || text!("plaatsing", "placement"),
    list: "placement list",
    ids: |dossier| dossier.placements.iter().map(|(id, one)| (*id, one.end.is_none())).collect(),
};

/// Plans something inside a dossier and performs it.
pub(super) fn change<Id>(book: &mut Book, document: DocumentId, plan: Plan<Id>) -> Result<(Id, Vec<Warning>), Problem> {
    book.perform(document, plan)
}

/// An id within one dossier.
pub(super) fn within<K: Copy + std::fmt::Display>(
    document: DocumentId,
    dossier: &std::sync::Arc<Dossier>,
    wanted: &str,
    kind: &Kind<K>,
) -> Result<K, Problem> {
    Ok(find::inside(&[(document, dossier.clone())], wanted, kind)?.id)
}

/// `trainee`
pub(super) fn trainee(context: &mut Context<'_>, command: TraineeCommand) -> Result<Output, Problem> {
    let mut book = context.book()?;
    match command {
        TraineeCommand::Add(add) => {
            let draft = add.fields.fresh();
            let wanted = draft.reference.clone().unwrap_or_default();
            let organisation = book.inner.identity().organisation;
            let taken = book.inner.dossiers()?.into_iter().find(|(_, dossier)| {
                let trainee = &dossier.trainee;
                trainee.organisation == organisation
                    && trainee.reference.as_ref().is_some_and(|one| one.eq_ignore_ascii_case(&wanted))
            });
            if taken.is_some() {
                return Err(Problem::Rule(
                    text!("er is al een dossier met referentie {wanted}", "there is a dossier with reference {wanted} already"),
                    text!(
                        "bekijk het met `veldboek trainee show {wanted}`, of kies een andere referentie",
                        "see it with `veldboek trainee show {wanted}`, or choose another reference"
                    ),
                ));
            }
            let draft = Trainee { organisation, ..draft };
            let plan = book.plan(Some(add.check), |by| Dossier::default().add_trainee(by, draft))?;
            let job = Job::new(Target::New, plan.writes);
            let document = book.perform_all(vec![job])?.first().copied().unwrap_or_default();
            let ids = [("document", document.to_string()), ("id", plan.id.to_string())];
            Ok(context.done(&text!("dossier begonnen", "dossier begun"), &wanted, &ids, &plan.warnings))
        }
        TraineeCommand::Erase(options) => erasing::erase(context, book, &options),
        TraineeCommand::List => list_trainees(context, &mut book),
        TraineeCommand::Show(name) => show_trainee(context, &mut book, &name.trainee),
        TraineeCommand::Edit(edit) => {
            let Found { document, dossier, .. } = find::trainee(&book.inner.dossiers()?, &edit.name.trainee)?;
            something_given(edit.fields.is_empty())?;
            let draft = edit.fields.over(&dossier.trainee);
            let plan = book.plan(Some(edit.check), |by| dossier.edit_trainee(by, draft))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let of = reference(document, &*book.inner.dossier(document)?);
            let ids = [("document", document.to_string())];
            Ok(context.done(&text!("gegevens gewijzigd", "data changed"), &of, &ids, &warnings))
        }
    }
}

/// An edit without anything to change is a slip.
pub(super) fn something_given(nothing: bool) -> Result<(), Problem> {
    if !nothing {
        return Ok(());
    }
    Err(Problem::Usage(
        text!("er is niets opgegeven om te wijzigen", "nothing was given to change"),
        text!("voeg --help toe om te zien wat er kan", "add --help to see what there is"),
    ))
}

/// The phase of a trajectory today, as code and label.
pub(super) fn phase(dossier: &Dossier, id: TrajectoryId, today: Day, lang: Lang) -> (Value, String) {
    match dossier.phase_on(id, today) {
        Some(phase) => (json!(phase.code()), phase.label(lang).to_owned()),
        None => (Value::Null, String::new()),
    }
}

fn list_trainees(context: &Context<'_>, book: &mut Book) -> Result<Output, Problem> {
    let today = book.today();
    let mut table = context.headings(&[
        "Referentie|Reference",
        "Naam|Name",
        "Gemeente|Municipality",
        "Programma|Programme",
        "Fase|Phase",
        "Coach",
        "Laatste bezoek|Last visit",
    ]);
    let mut rows = Vec::new();
    let mut dossiers = book.inner.dossiers()?;
    dossiers.sort_by_key(|(document, dossier)| reference(*document, dossier));
    for (document, dossier) in &dossiers {
        let trainee = &dossier.trainee;
        let open: Vec<_> = dossier.trajectories.iter().filter(|(_, one)| one.open_on(today)).collect();
        let latest = open.iter().max_by_key(|(id, one)| (one.referral_date, **id)).map(|(id, one)| (**id, *one));
        let programme = latest.and_then(|(_, one)| one.programme.clone());
        let (code, label) = latest.map_or((Value::Null, String::new()), |(id, _)| phase(dossier, id, today, context.lang));
        let coach = latest.and_then(|(id, _)| dossier.primary_coach_on(id, today).map(str::to_owned));
        let visited =
            dossier.effective_visits().into_iter().filter(|(_, visit)| visit.is_done()).filter_map(|(_, one)| one.day()).max();
        let name = [trainee.given_name.as_deref(), trainee.family_initial.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        let of = reference(*document, dossier);
        table.row([
            erasing::marked(context, book, *document, of.clone()),
            name,
            trainee.municipality.clone().unwrap_or_default(),
            programme.clone().unwrap_or_default(),
            label.clone(),
            coach.clone().unwrap_or_default(),
            visited.map(|day| day.to_string()).unwrap_or_default(),
        ]);
        rows.push(json!({
            "reference": of,
            "document": document.to_string(),
            "organisation": trainee.organisation,
            "given_name": trainee.given_name,
            "family_initial": trainee.family_initial,
            "birth_date": trainee.birth_date,
            "municipality": trainee.municipality,
            "open_trajectories": open.len(),
            "programme": programme,
            "phase": code,
            "phase_label": label,
            "coach": coach,
            "last_visit": visited,
            "erasure_asked": erasing::asked_json(book, *document),
        }));
    }
    Ok(Output::new(json!({ "rows": rows }), table).columns([
        "reference",
        "document",
        "organisation",
        "given_name",
        "family_initial",
        "birth_date",
        "municipality",
        "open_trajectories",
        "programme",
        "phase",
        "phase_label",
        "coach",
        "last_visit",
        "erasure_asked",
    ]))
}

/// One dossier whole, for programs.
pub(super) fn dossier_json(document: DocumentId, dossier: &Dossier, today: Day, lang: Lang) -> Value {
    macro_rules! entries {
        ($map:expr) => {
            $map.iter()
                .map(|(id, record)| {
                    let mut map = view::json(record, lang);
                    map.insert("id".into(), json!(id.to_string()));
                    Value::Object(map)
                })
                .collect::<Vec<_>>()
        };
    }
    let trajectories: Vec<Value> = dossier
        .trajectories
        .iter()
        .map(|(id, record)| {
            let mut map = view::json(record, lang);
            let (code, label) = phase(dossier, *id, today, lang);
            map.insert("id".into(), json!(id.to_string()));
            map.insert("phase".into(), code);
            map.insert("phase_label".into(), json!(label));
            Value::Object(map)
        })
        .collect();
    json!({
        "document": document.to_string(),
        "trainee": view::json(&dossier.trainee, lang),
        "trajectories": trajectories,
        "events": entries!(dossier.events),
        "enrolments": entries!(dossier.enrolments),
        "placements": entries!(dossier.placements),
        "trainings": entries!(dossier.trainings),
        "visits": entries!(dossier.visits),
        "corrections": entries!(dossier.corrections),
        "agreements": entries!(dossier.agreements),
        "assignments": entries!(dossier.assignments),
    })
}

fn show_trainee(context: &Context<'_>, book: &mut Book, name: &str) -> Result<Output, Problem> {
    let dossiers = book.inner.dossiers()?;
    let Found { document, dossier, .. } = find::trainee(&dossiers, name)?;
    let lang = context.lang;
    let today = book.today();
    let mut value = dossier_json(document, &dossier, today, lang);
    value["erasure_asked"] = erasing::asked_json(book, document);
    let title = erasing::marked(context, book, document, reference(document, &dossier));
    let mut output = Output::new(value, Table::sheet(view::sheet(&dossier.trainee, lang)).titled(title));
    if let Some(note) = erasing::asked_note(book, document) {
        output = output.note(note);
    }
    let key = context.say("Kenmerk", "Id");
    macro_rules! part {
        ($map:expr, $nl:literal, $en:literal) => {
            if !$map.is_empty() {
                let names = short($map.keys().copied());
                let records: Vec<_> =
                    $map.iter().map(|(id, record)| (names.get(id).cloned().unwrap_or_default(), record)).collect();
                output = output.and(view::table(&key, &records, lang).titled(context.say($nl, $en)));
            }
        };
    }
    part!(dossier.enrolments, "School", "School");
    part!(dossier.trajectories, "Trajecten", "Trajectories");
    part!(dossier.events, "Gebeurtenissen", "Events");
    part!(dossier.assignments, "Coaches", "Coaches");
    part!(dossier.trainings, "Scholing", "Training");
    part!(dossier.placements, "Plaatsingen", "Placements");
    if !dossier.visits.is_empty() {
        output = output.and(
            super::visits::table(context, book, &[(document, dossier.clone())], None, None)?
                .1
                .titled(context.say("Bezoeken", "Visits")),
        );
    }
    if !dossier.agreements.is_empty() {
        output = output.and(
            super::visits::agreements_table(context, &[(document, dossier.clone())], false)
                .1
                .titled(context.say("Afspraken", "Agreements")),
        );
    }
    Ok(output)
}

/// `trajectory`
pub(super) fn trajectory(context: &mut Context<'_>, command: TrajectoryCommand) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let dossiers = book.inner.dossiers()?;
    let today = book.today();
    match command {
        TrajectoryCommand::Open(open) => {
            let Found { document, dossier, .. } = find::trainee(&dossiers, &open.name.trainee)?;
            let mut draft = open.fields.fresh();
            if let Some(previous) = &open.previous_trajectory {
                draft.previous_trajectory = Some(within(document, &dossier, previous, &TRAJECTORY)?);
            }
            let plan = book.plan(Some(open.check), |by| dossier.open_trajectory(by, draft))?;
            let (id, warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            let of = reference(document, &dossier);
            let output = context.done(&text!("traject begonnen", "trajectory opened"), &of, &ids, &warnings);
            Ok(match book.inner.dossier(document)?.primary_coach_on(id, today) {
                Some(_) => output,
                None => output.note(text!(
                    "let op: niemand begeleidt dit traject nog; wijs iemand toe met `veldboek assign {of} COACH`",
                    "note: nobody coaches this trajectory yet; assign someone with `veldboek assign {of} COACH`"
                )),
            })
        }
        TrajectoryCommand::Agree(agree) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &agree.name.trajectory, &TRAJECTORY)?;
            let plan = book.plan(None, |by| dossier.agree_trajectory(by, id, agree.on.unwrap_or(today), None))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("overeenkomst getekend", "agreement signed"), &reference(document, &dossier), &ids, &warnings))
        }
        TrajectoryCommand::Event(event) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &event.name.trajectory, &TRAJECTORY)?;
            let plan =
                book.plan(Some(event.check), |by| dossier.add_event(by, id, event.phase, event.on.unwrap_or(today), event.note))?;
            let (entry, warnings) = change(&mut book, document, plan)?;
            let ids = [("id", entry.to_string()), ("trajectory", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("gebeurtenis vastgelegd", "event recorded"), &reference(document, &dossier), &ids, &warnings))
        }
        TrajectoryCommand::Close(close) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &close.name.trajectory, &TRAJECTORY)?;
            let on = close.on.unwrap_or(today);
            let outflow = close.outflow_destination.map(|destination| (destination, close.outflow_date.unwrap_or(on)));
            let plan = book.plan(None, |by| dossier.close_trajectory(by, id, on, close.reason, outflow))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("traject afgesloten", "trajectory closed"), &reference(document, &dossier), &ids, &warnings))
        }
        TrajectoryCommand::List(filter) => {
            let chosen = chosen(&mut book, filter.trainee.as_deref())?;
            let names = short(dossiers.iter().flat_map(|(_, dossier)| dossier.trajectories.keys().copied()));
            let mut table = context.headings(&[
                "Kenmerk|Id",
                "Referentie|Reference",
                "Programma|Programme",
                "Aangemeld|Referred",
                "Overeenkomst|Agreement",
                "Fase|Phase",
                "Coach",
                "Afgesloten|Closed",
                "Uitstroom|Outflow",
            ]);
            let mut rows = Vec::new();
            let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
            for (document, dossier) in &chosen {
                for (id, one) in &dossier.trajectories {
                    let (code, label) = phase(dossier, *id, today, context.lang);
                    let coach = dossier.primary_coach_on(*id, today).map(str::to_owned);
                    let of = reference(*document, dossier);
                    table.row([
                        names.get(id).cloned().unwrap_or_default(),
                        of.clone(),
                        one.programme.clone().unwrap_or_default(),
                        day(one.referral_date),
                        day(one.agreement_date),
                        label.clone(),
                        coach.clone().unwrap_or_default(),
                        day(one.end_date),
                        one.outflow_destination.map(|code| code.label(context.lang).to_owned()).unwrap_or_default(),
                    ]);
                    let mut map = view::json(one, context.lang);
                    map.insert("id".into(), json!(id.to_string()));
                    map.insert("reference".into(), json!(of));
                    map.insert("phase".into(), code);
                    map.insert("phase_label".into(), json!(label));
                    map.insert("coach".into(), json!(coach));
                    rows.push(Value::Object(map));
                }
            }
            let columns = view::columns::<Trajectory>(&["reference", "id"], &["phase", "phase_label", "coach"]);
            Ok(Output::new(json!({ "rows": rows }), table).columns(columns))
        }
        TrajectoryCommand::Show(name) => show_trajectory(context, &mut book, &name.trajectory),
        TrajectoryCommand::Edit(edit) => {
            let Found { document, dossier, id } = find::inside(&dossiers, &edit.name.trajectory, &TRAJECTORY)?;
            something_given(edit.fields.is_empty() && edit.previous_trajectory.is_none())?;
            let mut draft = edit.fields.over(dossier.trajectory(id)?);
            if let Some(previous) = &edit.previous_trajectory {
                draft.previous_trajectory = match previous.trim() {
                    "" => None,
                    previous => Some(within(document, &dossier, previous, &TRAJECTORY)?),
                };
            }
            let plan = book.plan(Some(edit.check), |by| dossier.edit_trajectory(by, id, draft))?;
            let ((), warnings) = change(&mut book, document, plan)?;
            let ids = [("id", id.to_string()), ("document", document.to_string())];
            Ok(context.done(&text!("traject gewijzigd", "trajectory changed"), &reference(document, &dossier), &ids, &warnings))
        }
    }
}

fn show_trajectory(context: &Context<'_>, book: &mut Book, name: &str) -> Result<Output, Problem> {
    // A closed trajectory can be looked at too, by reference, when it is the only one.
    let any = Kind { ids: |dossier| dossier.trajectories.keys().map(|id| (*id, true)).collect(), ..TRAJECTORY };
    let dossiers = book.inner.dossiers()?;
    let Found { document, dossier, id } = match find::inside(&dossiers, name, &TRAJECTORY) {
        Err(Problem::Unknown { .. }) => find::inside(&dossiers, name, &any)?,
        found => found?,
    };
    let (lang, today) = (context.lang, book.today());
    let one = dossier.trajectory(id)?;
    let mut part = (*dossier).clone();
    part.trajectories.retain(|key, _| *key == id);
    part.events.retain(|_, event| event.trajectory == Some(id));
    part.placements.retain(|_, placement| placement.trajectory == Some(id));
    part.trainings.retain(|_, training| training.trajectory == Some(id));
    part.visits.retain(|_, visit| visit.trajectory == Some(id));
    let visits = part.visits.clone();
    part.agreements.retain(|_, agreement| agreement.visit.is_some_and(|visit| visits.contains_key(&visit)));
    part.corrections.retain(|_, correction| correction.visit.is_some_and(|visit| visits.contains_key(&visit)));
    part.assignments.retain(|_, assignment| assignment.trajectory.is_none_or(|trajectory| trajectory == id));
    part.enrolments.clear();
    let value = dossier_json(document, &part, today, lang);
    let (_, label) = phase(&dossier, id, today, lang);
    let mut rows = view::sheet(one, lang);
    rows.push((context.say("fase", "phase"), label));
    if let Some(coach) = dossier.primary_coach_on(id, today) {
        rows.push(("coach".to_owned(), coach.to_owned()));
    }
    let title = format!("{}  {id}", reference(document, &dossier));
    let mut output = Output::new(value, Table::sheet(rows).titled(title));
    let key = context.say("Kenmerk", "Id");
    macro_rules! part {
        ($map:expr, $nl:literal, $en:literal) => {
            if !$map.is_empty() {
                let names = short($map.keys().copied());
                let records: Vec<_> =
                    $map.iter().map(|(id, record)| (names.get(id).cloned().unwrap_or_default(), record)).collect();
                output = output.and(view::table(&key, &records, lang).titled(context.say($nl, $en)));
            }
        };
    }
    part!(part.events, "Gebeurtenissen", "Events");
    part!(part.trainings, "Scholing", "Training");
    part!(part.placements, "Plaatsingen", "Placements");
    let part = [(document, std::sync::Arc::new(part))];
    Ok(output.and(super::visits::table(context, book, &part, None, None)?.1.titled(context.say("Bezoeken", "Visits"))))
}
