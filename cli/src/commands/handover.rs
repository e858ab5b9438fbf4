//! From one coach to the next: transfers, warm handovers, covers, and the notes that come with them.

use serde_json::{Value, json};
use veldboek_core::clock::Day;
use veldboek_core::dossier::handover::{Cover, HandedOver, Transfer};
use veldboek_core::field_book::{AccessItem, Ended, HandoverNote, Job, Target};
use veldboek_core::ids::{DocumentId, TrajectoryId};
use veldboek_core::record::Code;
use veldboek_core::rules::Plan;

use super::book::Book;
use super::context::Context;
use super::find::{self, Found, reference};
use super::look::local;
use crate::args::{CoverBy, TransferTo};
use crate::message::{Problem, Text, text};
use crate::render::{Output, Table};

/// Whether somebody has this code, or the person says that it is right.
pub(super) fn known_coach(context: &Context<'_>, book: &mut Book, coach: &str) -> Result<(), Problem> {
    if book.inner.people()?.contains_key(coach) || book.person()? == coach || context.globals.yes {
        return Ok(());
    }
    Err(Problem::Rule(
        text!("niemand heeft hier de code '{coach}'", "nobody here has the code '{coach}'"),
        text!(
            "kijk met `veldboek coach list`, voeg de coach toe met `veldboek coach add {coach} --display-name NAAM`, \
             of herhaal met --yes",
            "look with `veldboek coach list`, add the coach with `veldboek coach add {coach} --display-name NAME`, \
             or repeat with --yes"
        ),
    ))
}

/// `transfer`
pub(super) fn transfer(context: &mut Context<'_>, options: TransferTo) -> Result<Output, Problem> {
    let mut book = context.book()?;
    book.may_assign()?;
    let Found { document, dossier, .. } = find::trainee(&book.inner.dossiers()?, &options.name.trainee)?;
    let coach = options.coach.trim().to_owned();
    known_coach(context, &mut book, &coach)?;
    let transfer = Transfer {
        to: coach,
        on: options.on,
        from: options.from.map(|code| code.trim().to_owned()),
        together_until: options.together_until,
        reason: options.reason,
        note: options.note,
    };
    let plan = book.plan(Some(options.check), |by| dossier.transfer(by, transfer))?;
    let of = reference(document, &dossier);
    hand_over(context, &mut book, document, &of, plan, &text!("overgedragen", "handed over"))
}

/// `cover`
pub(super) fn cover(context: &mut Context<'_>, options: CoverBy) -> Result<Output, Problem> {
    let mut book = context.book()?;
    book.may_assign()?;
    let Found { document, dossier, .. } = find::trainee(&book.inner.dossiers()?, &options.name.trainee)?;
    let coach = options.coach.trim().to_owned();
    known_coach(context, &mut book, &coach)?;
    let (today, of) = (book.today(), reference(document, &dossier));
    let from = options.from.unwrap_or(today);
    let open = |id: &TrajectoryId| dossier.trajectories.get(id).is_some_and(|one| one.open_on(from));
    let trajectories: Vec<TrajectoryId> = dossier.trajectories.keys().copied().filter(open).collect();
    let first = |day| trajectories.iter().all(|id| dossier.primary_coach_on(*id, day) == Some(coach.as_str()));
    if !trajectories.is_empty() && first(from) && first(options.until) {
        return Err(Problem::Rule(
            text!("{coach} is al de eerste coach van {of}", "{coach} is the first coach of {of} already"),
            text!(
                "noem de collega die waarneemt; `veldboek history {of}` toont wie er begeleidt",
                "name the colleague who fills in; `veldboek history {of}` shows who coaches"
            ),
        ));
    }
    let cover = Cover { coach, from: options.from, until: Some(options.until), reason: options.reason, note: options.note };
    let plan = book.plan(Some(options.check), |by| dossier.cover(by, cover))?;
    hand_over(context, &mut book, document, &of, plan, &text!("vervanging vastgelegd", "cover recorded"))
}

/// Writes who coaches and who has access, in one durable group, and says so.
fn hand_over(
    context: &Context<'_>,
    book: &mut Book,
    document: DocumentId,
    of: &str,
    plan: Plan<HandedOver>,
    what: &Text,
) -> Result<Output, Problem> {
    let HandedOver { assignment, decision, grant, ends } = plan.id;
    let job = Job::new(Target::Existing(document), plan.writes)
        .granting(vec![grant.clone()])
        .ending(ends.clone())
        .deciding(decision, assignment);
    book.perform_all(vec![job])?;
    let (coach, from, until) = grant;
    let ids = [("coach", coach.clone()), ("id", assignment.to_string()), ("document", document.to_string())];
    let mut output = context.done(what, of, &ids, &plan.warnings);
    output.value["decision"] = json!(decision.code());
    output.value["decision_label"] = json!(decision.label(context.lang));
    output.value["from"] = json!(from);
    output.value["until"] = json!(until);
    output.value["ends"] = ends.iter().map(|(coach, on)| json!({ "coach": coach, "last_day": on.plus_days(-1) })).collect();
    output = output.note(match until {
        Some(until) => text!(
            "{coach} heeft toegang van {from} tot en met {until}; daarna sluit het dossier op het apparaat vanzelf",
            "{coach} has access from {from} through {until}; after that the dossier closes on the device by itself"
        ),
        None => text!("{coach} heeft toegang vanaf {from}", "{coach} has access from {from}"),
    });
    for (coach, on) in &ends {
        let last = on.plus_days(-1);
        output = output.note(text!(
            "{coach} heeft toegang tot en met {last}; wat daarvoor is gemaakt en later aankomt, telt nog mee",
            "{coach} has access through {last}; what was made before that and arrives later still counts"
        ));
    }
    Ok(output.note(text!(
        "bij uw volgende `veldboek sync` gaat het in, en bij die van hen",
        "it takes effect with your next `veldboek sync`, and with theirs"
    )))
}

/// Notes for the successor, for programs.
pub(super) fn notes_json(notes: &[HandoverNote]) -> Vec<Value> {
    let one = |note: &HandoverNote| {
        json!({
            "document": note.document.to_string(),
            "reference": note.called,
            "assignment": note.assignment.to_string(),
            "from": note.from,
            "until": note.until,
            "before": note.before,
            "reason": note.reason,
            "note": note.note,
        })
    };
    notes.iter().map(one).collect()
}

/// Notes for the successor, for people.
pub(super) fn notes_table(context: &Context<'_>, notes: &[HandoverNote]) -> Table {
    let mut table = context
        .headings(&[
            "Dossier",
            "Vanaf|From",
            "Tot en met|Until",
            "Van|From whom",
            "Reden|Reason",
            "Overdrachtsbericht|Handover note",
        ])
        .titled(context.say("Overgedragen aan u", "Handed over to you"));
    for note in notes {
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        table.row([
            note.called.clone().unwrap_or_else(|| note.document.to_string()),
            day(note.from),
            day(note.until),
            note.before.join(", "),
            note.reason.clone().unwrap_or_default(),
            note.note.clone(),
        ]);
    }
    table
}

/// Who was given access and lost it, and what was decided about work that waited: for programs, and for people.
pub(super) fn access(context: &Context<'_>, book: &mut Book, document: DocumentId) -> Result<(Vec<Value>, Table), Problem> {
    let people = book.inner.people()?;
    let items = book.inner.access_history(document)?;
    let lang = context.lang;
    let name = |code: &str| people.get(code).cloned().unwrap_or_else(|| code.to_owned());
    let mut table = context
        .headings(&[
            "Besloten op|Decided at",
            "Door|By",
            "Besluit|Decision",
            "Wie|Who",
            "Vanaf|From",
            "Tot en met|Until",
            "Reden|Reason",
            "Overdrachtsbericht|Handover note",
        ])
        .titled(context.say("Wie erbij mocht en mag", "Who could and can see it"));
    let mut rows = Vec::new();
    for item in items {
        let at = item.at();
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let (kind, decision, label, by, person, from, until, reason, note) = match item {
            AccessItem::Opened { person, .. } => {
                let label = context.say("dossier begonnen", "dossier begun");
                ("opened", None, label, person.clone(), Some(person), None, None, None, None)
            }
            AccessItem::Granted { grant, reason, note } => {
                let label = grant
                    .decision
                    .map_or_else(|| context.say("toegang", "access"), |decision| decision.label(lang).to_lowercase());
                let code = grant.decision.map(|decision| decision.code());
                ("granted", code, label, grant.by, Some(grant.person), Some(grant.from), grant.until, reason, note)
            }
            AccessItem::Ended { end, reason } => {
                let label = context.say("einde van toegang", "end of access");
                let code = end.decision.map(|decision| decision.code());
                ("ended", code, label, end.by, Some(end.person), None, Some(end.on.plus_days(-1)), reason, None)
            }
            AccessItem::Decided(decision) => {
                let (code, label) = match decision.accepted {
                    true => ("accepted", context.say("wachtend werk toegelaten", "waiting work let in")),
                    false => ("refused", context.say("wachtend werk geweigerd", "waiting work refused")),
                };
                (code, None, label, decision.by, None, None, None, decision.reason, None)
            }
        };
        let who = person.as_deref().map(name).unwrap_or_default();
        table.row([
            local(at),
            name(&by),
            label.clone(),
            who,
            day(from),
            day(until),
            reason.clone().unwrap_or_default(),
            note.clone().unwrap_or_default(),
        ]);
        rows.push(json!({
            "kind": kind,
            "at": at.to_string(),
            "by": by,
            "decision": decision,
            "decision_label": label,
            "person": person,
            "from": from,
            "until": until,
            "reason": reason,
            "note": note,
        }));
    }
    Ok((rows, table))
}

/// Says that access to a dossier has ended, where somebody asks for it by name.
pub(super) fn over(ended: &Ended) -> Problem {
    let (of, last) = (ended.called.clone().unwrap_or_else(|| ended.document.to_string()), ended.last);
    Problem::Rule(
        text!("uw toegang tot {of} eindigde na {last}", "your access to {of} ended after {last}"),
        text!(
            "wissel uit (`veldboek sync`) als zij is verlengd, of vraag uw coördinator; een bezoek kunt u nog vastleggen \
             (`veldboek visit log`), het wacht dan op de coördinator",
            "sync (`veldboek sync`) if it was extended, or ask your coordinator; a visit can still be logged \
             (`veldboek visit log`), and then waits for the coordinator"
        ),
    )
}

/// Dossiers to which access has ended, below lists in which they would have stood.
pub(super) fn over_note(ended: &[Ended]) -> Option<Text> {
    if ended.is_empty() {
        return None;
    }
    let list = ended.iter().map(|one| {
        let of = one.called.clone().unwrap_or_else(|| one.document.to_string());
        format!("{of} ({})", one.last)
    });
    let list = list.collect::<Vec<_>>().join(", ");
    Some(text!(
        "toegang geëindigd, met de laatste dag: {list}; `veldboek sync` haalt een verlenging op of ruimt op",
        "access ended, with the last day: {list}; `veldboek sync` fetches an extension or clears up"
    ))
}
