//! Exchange with the server, and what is only here.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use veldboek_core::clock::Timestamp;
use veldboek_core::field_book::{Conflict, HandoverNote, Outcome, RecordBook};
use veldboek_core::ids::{EntryId, ServerId};
use veldboek_core::record::{Code, Lang};
use veldboek_core::statement::Role;
use veldboek_core::wire::{Answer, MAX_BODY, Why};

use super::book::Book;
use super::conflicts::{conflict_json, conflicts_table, resolve_hint};
use super::context::Context;
use super::handover::{notes_json, notes_table, over_note};
use super::look::{local, said};
use super::{contacts, erasing, own_devices, quarantine, revoked, trouble, watch};
use crate::args::Sync;
use crate::client::{Client, Traffic};
use crate::clock;
use crate::faults;
use crate::message::{Exit, Problem, Text, text};
use crate::render::{Output, Table};

/// A round that never ends is a fault of either side; a full first exchange of a large region stays far below this.
const MOST_ROUNDS: usize = 10_000;

/// What an exchange with the server did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchanged {
    /// All pages together.
    pub(crate) outcome: Outcome,
    /// What went over the wire.
    pub(crate) traffic: Traffic,
    /// Conflicts that this exchange brought.
    pub(crate) conflicts: Vec<Conflict>,
    /// Notes that were left for this person in what came in.
    pub(crate) handovers: Vec<HandoverNote>,
    /// What ended it before both sides had the same.
    pub(crate) stopped: Option<Problem>,
}

/// Exchanges with the server until both sides have the same.
pub(crate) fn exchange(book: &mut Book) -> Result<Exchanged, Problem> {
    let mut done = as_far_as_possible(book)?;
    match done.stopped.take() {
        Some(problem) => Err(problem),
        None => Ok(done),
    }
}

/// Exchanges with the server; what stops it after the first page stands beside what came in until then, which the next
/// exchange finds here and would not tell.
pub(super) fn as_far_as_possible(book: &mut Book) -> Result<Exchanged, Problem> {
    let server = book.inner.identity().server.ok_or(Problem::NotEnrolled)?;
    let mut client = Client::new(&server.url, Some(&book.dir))?;
    book.inner.mend(book.moment, &mut book.rng)?;
    let before: BTreeSet<String> = book.inner.conflicts()?.into_iter().map(|conflict| conflict.id).collect();
    let today = book.today();
    let known: BTreeSet<EntryId> = book.inner.handover_notes(today)?.into_iter().map(|note| note.assignment).collect();
    let since = (book.inner.identity().role != Some(Role::Coach)).then(|| contacts::newest(book));
    let mut total = Outcome::default();
    let mut stopped = None;
    for round in 0..MOST_ROUNDS {
        match page(book, &mut client, server.id, since) {
            Ok(outcome) => add(&mut total, outcome),
            Err(problem) if round == 0 || book.gone => return Err(problem),
            Err(problem) => {
                stopped = Some(problem);
                break;
            }
        }
        if !total.again {
            break;
        }
    }
    let conflicts =
        book.inner.conflicts()?.into_iter().filter(|conflict| conflict.is_open() && !before.contains(&conflict.id)).collect();
    book.inner.look_at_the_day(book.moment, &mut book.rng);
    let mut handovers = book.inner.handover_notes(today)?;
    handovers.retain(|note| !known.contains(&note.assignment));
    Ok(Exchanged { outcome: total, traffic: client.traffic, conflicts, handovers, stopped })
}

/// One question and its answer.
fn page(book: &mut Book, client: &mut Client, server: ServerId, since: Option<Timestamp>) -> Result<Outcome, Problem> {
    let url = client.url().to_owned();
    let (request, sent) = book.inner.request(since).map_err(|error| trouble::sync(error, &url))?;
    let body = request.encode();
    // Others may use the cache, and the journal, while this process waits.
    let answered = revoked::ask(book, client, server, "POST", "/v1/sync", &body)?;
    let answer = Answer::decode(&answered, MAX_BODY)
        .map_err(|why| client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})")))?;
    faults::point(faults::ANSWER_RECEIVED);
    let now = clock::now();
    let outcome =
        faults::apply(|| book.inner.answer(sent, answer, now, &mut book.rng)).map_err(|error| trouble::sync(error, &url))?;
    contacts::keep(book, &outcome.contacts);
    Ok(outcome)
}

fn add(total: &mut Outcome, page: Outcome) {
    total.sent += page.sent;
    total.accepted += page.accepted;
    total.deferred = page.deferred;
    total.postponed = page.postponed;
    total.quarantined += page.quarantined;
    total.refused.extend(page.refused);
    total.received += page.received;
    total.unusable += page.unusable;
    total.closed += page.closed;
    total.closed_dossiers.extend(page.closed_dossiers);
    total.wiped.extend(page.wiped);
    total.kept.extend(page.kept);
    total.erasures.extend(page.erasures);
    total.released += page.released;
    total.new_to_decide |= page.new_to_decide;
    total.own_devices.extend(page.own_devices);
    total.touched.extend(page.touched);
    total.again = page.again;
    total.clock_offset = page.clock_offset;
    total.record_book = total.record_book.and(page.record_book);
    total.held = page.held;
}

impl Exchanged {
    /// What this exchange and a later one did together.
    pub(super) fn add(&mut self, later: Self) {
        add(&mut self.outcome, later.outcome);
        self.traffic.round_trips += later.traffic.round_trips;
        self.traffic.body_bytes_sent += later.traffic.body_bytes_sent;
        self.traffic.body_bytes_received += later.traffic.body_bytes_received;
        self.traffic.header_bytes_sent += later.traffic.header_bytes_sent;
        self.conflicts.extend(later.conflicts);
        self.handovers.extend(later.handovers);
        self.stopped = later.stopped;
    }
}

/// `sync`
pub(super) fn sync(context: &mut Context<'_>, options: &Sync) -> Result<Output, Problem> {
    if options.watch {
        return watch::watch(context, Duration::from_secs(options.interval));
    }
    let mut book = context.book_for_contact()?;
    let exchanged = as_far_as_possible(&mut book)?;
    told(context, &mut book, exchanged)
}

/// What was exchanged, for the person and for programs.
pub(super) fn told(context: &Context<'_>, book: &mut Book, exchanged: Exchanged) -> Result<Output, Problem> {
    let Exchanged { outcome, traffic, conflicts, handovers, stopped } = exchanged;
    let status = book.inner.status()?;
    // Also what another command brought in, and what nobody said yet that they know of.
    let record_book = outcome.record_book.and(book.inner.record_book_to_tell());
    if record_book == RecordBook::Restored {
        book.inner.told_of_new_life(book.moment, &mut book.rng)?;
    }
    let up_to_date = stopped.is_none() && !outcome.again && !outcome.held && status.unsynced == 0 && outcome.postponed.is_empty();
    let value = json!({
        "sent": outcome.sent,
        "accepted": outcome.accepted,
        "deferred": outcome.deferred,
        "postponed": outcome.postponed.iter().map(|(document, reason)| json!({
            "document": document.to_string(),
            "reference": book.inner.called_of(*document),
            "reason": reason.code(),
            "reason_label": reason.label(context.lang),
        })).collect::<Vec<_>>(),
        "quarantined": outcome.quarantined,
        "refused": outcome.refused.len(),
        "received": outcome.received,
        "closed": outcome.closed,
        "closed_dossiers": outcome.closed_dossiers.iter().map(|(document, reference)| json!({
            "document": document.to_string(),
            "reference": reference,
            "why": "ACCESS_ENDED",
        })).collect::<Vec<_>>(),
        "released": outcome.released,
        "to_decide": status.to_decide,
        "handovers": notes_json(&handovers),
        "wiped": erasing::wiped_json(&outcome.wiped),
        "new_devices": own_devices::json(&outcome.own_devices),
        "kept": erasing::kept_json(&outcome.kept),
        "erasures": erasing::news_json(&outcome.erasures),
        "round_trips": traffic.round_trips,
        "body_bytes_sent": traffic.body_bytes_sent,
        "body_bytes_received": traffic.body_bytes_received,
        "header_bytes_sent": traffic.header_bytes_sent,
        "up_to_date": up_to_date,
        "interrupted": stopped.is_some(),
        "held": outcome.held,
        "record_book": match record_book {
            RecordBook::GoesOn => "ok",
            RecordBook::Restored => "restored",
            RecordBook::Contradicted { .. } => "contradicted",
        },
        "conflicts": conflicts.iter().map(|conflict| conflict_json(book, conflict, context)).collect::<Vec<_>>(),
    });
    let mut rows = vec![
        (context.say("verstuurd", "sent"), outcome.sent.to_string()),
        (context.say("ontvangen", "received"), outcome.received.to_string()),
    ];
    for (nl, en, count) in [
        ("later opnieuw", "to send again", outcome.deferred),
        ("wacht op de coördinator", "waits for the coordinator", outcome.quarantined),
        ("geweigerd", "refused", outcome.refused.len()),
        ("toegelaten na het wachten", "let in after waiting", outcome.released),
        ("wacht op uw besluit", "waits for your decision", status.to_decide),
        ("van dit apparaat verdwenen dossiers", "dossiers that left this device", outcome.closed),
        ("onbruikbaar ontvangen", "received but not usable", outcome.unusable),
    ] {
        if count > 0 {
            rows.push((context.say(nl, en), count.to_string()));
        }
    }
    let Traffic { round_trips, body_bytes_sent, body_bytes_received, header_bytes_sent } = traffic;
    rows.push((
        context.say("verkeer", "traffic"),
        format!(
            "{round_trips}× · {} + {} bytes · {header_bytes_sent} bytes {}",
            body_bytes_sent,
            body_bytes_received,
            context.say("in koppen", "in headers")
        ),
    ));
    rows.push((context.say("bij", "up to date"), if up_to_date { context.say("ja", "yes") } else { context.say("nee", "no") }));
    let mut output = Output::new(value, Table::sheet(rows));
    if outcome.clock_offset.abs() > 10 * 60_000 {
        let minutes = outcome.clock_offset / 60_000;
        output = output.note(text!(
            "let op: de klok van dit apparaat loopt {minutes} minuten uit de pas met de server",
            "note: the clock of this device is {minutes} minutes off the server's"
        ));
    }
    match record_book {
        RecordBook::GoesOn => {}
        RecordBook::Restored => {
            output = output.note(text!(
                "let op: de server begon een nieuw leven, zoals na het terugzetten van een reservekopie; alles wordt opnieuw \
                 vergeleken. Vraag uw beheerder of dat de bedoeling was",
                "note: the server began a new life, as after a restored backup; everything is compared again. Ask your \
                 administrator whether that was meant"
            ));
        }
        RecordBook::Contradicted { number } => {
            output = output.note(contradicted_note(number));
        }
    }
    if outcome.held {
        output = output.note(text!(
            "de server is teruggezet uit een reservekopie en geeft nog niets: hij nam terug wat hij kwijt was, en uw werk blijft op \
             dit apparaat tot de beheerder hem vrijgeeft; synchroniseer later opnieuw",
            "the server was put back from a backup and gives nothing yet: it took back what it had lost, and your work stays on this \
             device until its administrator reopens it; sync again later"
        ));
    }
    output = own_devices::notices(&outcome.own_devices).into_iter().fold(output, Output::note);
    output = erasing::notices(&outcome.wiped).into_iter().fold(output, Output::note);
    output = erasing::kept_notices(&outcome.kept).into_iter().fold(output, Output::note);
    output = erasing::news_notices(&outcome.erasures).into_iter().fold(output, Output::note);
    for (document, reference) in &outcome.closed_dossiers {
        let of = reference.clone().unwrap_or_else(|| document.to_string());
        output = output.note(text!(
            "dossier {of} staat niet meer op dit apparaat: uw toegang is beëindigd; vraag uw coördinator als dat niet klopt",
            "dossier {of} is no longer on this device: your access ended; ask your coordinator if that is a mistake"
        ));
    }
    for (document, reason) in &outcome.postponed {
        let (nl, en) = (reason.label(Lang::Nl), reason.label(Lang::En));
        output = output.note(match book.inner.called_of(*document) {
            Some(of) => text!("later opnieuw, in {of}: {nl}", "to send again, in {of}: {en}"),
            None => text!("later opnieuw: {nl}", "to send again: {en}"),
        });
    }
    for (document, reason) in &outcome.refused {
        let (nl, en) = (reason.label(Lang::Nl), reason.label(Lang::En));
        let of = book.inner.called_of(*document).unwrap_or_else(|| document.to_string());
        output = output.note(text!("geweigerd in {of}: {nl}", "refused in {of}: {en}"));
    }
    if !outcome.refused.is_empty() || outcome.wiped.iter().any(|one| one.to_record > 0) {
        output = output.note(text!(
            "`veldboek status` toont wat geweigerd is, met de tekst",
            "`veldboek status` shows what was refused, with its text"
        ));
    }
    if outcome.postponed.iter().any(|(_, reason)| *reason == veldboek_core::wire::Reason::QuarantineFull) {
        output = output.note(text!(
            "de coördinator ziet met `veldboek quarantine list` wat er wacht",
            "the coordinator sees what waits with `veldboek quarantine list`"
        ));
    }
    if !handovers.is_empty() {
        output = output.and(notes_table(context, &handovers));
    }
    if outcome.new_to_decide {
        let count = status.to_decide;
        output = output.note(if count == 1 {
            text!(
                "1 wijziging wacht op uw besluit; `veldboek quarantine list` toont haar",
                "1 change waits for your decision; `veldboek quarantine list` shows it"
            )
        } else {
            text!(
                "{count} wijzigingen wachten op uw besluit; `veldboek quarantine list` toont ze",
                "{count} changes wait for your decision; `veldboek quarantine list` shows them"
            )
        });
    }
    if !conflicts.is_empty() {
        output = output.and(conflicts_table(book, &conflicts, context)).note(resolve_hint());
    }
    let contradicted = matches!(record_book, RecordBook::Contradicted { .. });
    let attention = contradicted
        || !outcome.kept.is_empty()
        || outcome.new_to_decide
        || !conflicts.is_empty()
        || outcome.quarantined > 0
        || !outcome.refused.is_empty()
        || outcome.postponed.iter().any(|(_, reason)| reason.is_about_room())
        || outcome.unusable > 0;
    let output = if attention { output.exit(Exit::Attention) } else { output };
    Ok(Output { problem: stopped, ..output })
}

/// What to tell as long as nobody said that they know of it.
fn contradicted_note(number: u64) -> Text {
    text!(
        "LET OP: het logboek van de server is veranderd, ingekort of stilletjes teruggezet: regel {number}, die dit apparaat zag, \
         staat er niet meer in. Waarschuw uw beheerder en de privacyfunctionaris; `veldboek verify` toont het bewijs, en na \
         `veldboek verify --acknowledge` zwijgt deze waarschuwing",
        "WARNING: the server's record book was changed, cut short or quietly put back: record {number}, which this device saw, is \
         not in it any more. Warn your administrator and the privacy officer; `veldboek verify` shows the evidence, and after \
         `veldboek verify --acknowledge` this warning is silent"
    )
}

/// `status`
pub(super) fn status(context: &Context<'_>) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let status = book.inner.status()?;
    let identity = book.inner.identity();
    let (lock, locked) = super::keys::state(context, &book);
    let refused = book.inner.refused()?;
    let mut refused_items = Vec::new();
    for (item, writes) in &refused {
        refused_items.push(json!({
            "id": quarantine::short(&item.hash),
            "document": item.document.to_string(),
            "reference": book.inner.called_of(item.document),
            "at": item.at.to_string(),
            "reason": item.reason.code(),
            "text": item.text,
            "what": said(writes, context),
            "writes": quarantine::writes_json(writes, context),
        }));
    }
    let value = json!({
        "device": identity.device.to_string(),
        "coach": identity.person,
        "lock": lock,
        "dossiers": status.dossiers,
        "changes": status.changes,
        "unsynced": status.unsynced,
        "last_sync": status.last_sync.map(|at| at.to_string()),
        "conflicts": status.conflicts,
        "quarantined": status.quarantined,
        "to_decide": status.to_decide,
        "refused": status.refused,
        "refused_items": refused_items,
        "set_aside": status.set_aside,
        "record_book": if status.contradicted.is_some() { "contradicted" } else { "ok" },
    });
    let never = context.say("nog nooit", "never yet");
    let mut rows = vec![
        (context.say("apparaat", "device"), identity.device.to_string()),
        (context.say("coach", "coach"), identity.person.unwrap_or_default()),
        (context.say("dossiers", "dossiers"), status.dossiers.to_string()),
        (context.say("wijzigingen", "changes"), status.changes.to_string()),
        (context.say("alleen hier", "only here"), status.unsynced.to_string()),
        (context.say("laatste uitwisseling", "last exchange"), status.last_sync.map_or(never, local)),
        (context.say("te kiezen", "to settle"), status.conflicts.to_string()),
        (context.say("wacht op de coördinator", "waits for the coordinator"), status.quarantined.to_string()),
        (context.say("slot", "lock"), locked),
    ];
    if status.to_decide > 0 {
        rows.push((context.say("wacht op uw besluit", "waits for your decision"), status.to_decide.to_string()));
    }
    if !refused.is_empty() {
        rows.push((context.say("geweigerd", "refused"), refused.len().to_string()));
    }
    let mut output = Output::new(value, Table::sheet(rows));
    if let Some(number) = status.contradicted {
        output = output.note(contradicted_note(number));
    }
    if !refused.is_empty() {
        let mut table = context.headings(&["Kenmerk|Id", "Geweigerd op|Refused at", "Dossier", "Reden|Reason", "Wat|What"]);
        for (item, writes) in refused {
            let why = Why { text: item.text.clone(), ..item.reason.into() };
            table.row([
                quarantine::short(&item.hash),
                local(item.at),
                book.inner.called_of(item.document).unwrap_or_else(|| item.document.to_string()),
                why.show(context.lang),
                said(&writes, context),
            ]);
        }
        output = output.and(table).note(text!(
            "gelezen of anders vastgelegd? `veldboek quarantine dismiss KENMERK` haalt het van de lijst",
            "read it, or recorded it differently? `veldboek quarantine dismiss ID` takes it off the list"
        ));
    }
    if let Some(note) = over_note(&book.inner.ended()?) {
        output = output.note(note);
    }
    if status.unsynced > 0 {
        let count = status.unsynced;
        output = output.note(if count == 1 {
            text!(
                "1 wijziging staat alleen op dit apparaat; `veldboek sync` brengt haar naar de server",
                "1 change is on this device only; `veldboek sync` takes it to the server"
            )
        } else {
            text!(
                "{count} wijzigingen staan alleen op dit apparaat; `veldboek sync` brengt ze naar de server",
                "{count} changes are on this device only; `veldboek sync` takes them to the server"
            )
        });
    }
    Ok(output)
}
