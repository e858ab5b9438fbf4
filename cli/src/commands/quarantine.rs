//! What waits for a coordinator: looking at it, and deciding.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use veldboek_core::chunk::ChangeHash;
use veldboek_core::field_book::{ReadWaiting, field_of, show_cell};
use veldboek_core::ids::DocumentId;
use veldboek_core::record::{Code, Write};
use veldboek_core::statement::Role;
use veldboek_core::wire::{MAX_BODY, QuarantineList, Reason, WaitingChange};

use super::book::Book;
use super::context::Context;
use super::exchange;
use super::look::{local, said, scalar_json};
use crate::args::{Quarantine, QuarantineCommand};
use crate::client::Client;
use crate::message::{Exit, Problem, Text, text};
use crate::render::{Output, Table};

/// How many changes one decision names, so that it stays within the size of a statement whatever the reason says.
const AT_ONCE: usize = 300;
/// How many letters of a change's name tell it from others.
const SHORT: usize = 8;

/// `quarantine`
pub(super) fn quarantine(context: &mut Context<'_>, options: Quarantine) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let coordinator = book.inner.identity().role == Some(Role::Coordinator);
    match options.command {
        None | Some(QuarantineCommand::List) if !coordinator => own(context, &mut book),
        None | Some(QuarantineCommand::List) => {
            let (items, conflicts) = fetch(&mut book)?;
            let rows: Vec<Value> = items.iter().map(|item| item_json(context, &mut book, item)).collect();
            let table = table(context, &mut book, &items);
            // Of others, from a file, and not on the server.
            let carried: Vec<String> = book.inner.not_taken().iter().map(|(_, hash)| short(hash)).collect();
            let output = Output::new(json!({ "rows": rows, "carried": carried }), table).columns(COLUMNS);
            let output = if items.is_empty() { output } else { output.note(how_to_decide()) };
            let output = match carried.len() {
                0 => output,
                count => output.note(not_taken(count, &carried)),
            };
            Ok(match conflicts {
                0 => output,
                // The dossiers were fetched for this, and something in them needs a person too.
                _ => output.exit(Exit::Attention).note(text!(
                    "met de dossiers kwamen {conflicts} conflicten mee; `veldboek conflicts` toont ze",
                    "{conflicts} conflicts came in with the dossiers; `veldboek conflicts` shows them"
                )),
            })
        }
        Some(QuarantineCommand::Dismiss(dismiss)) => self::dismiss(context, &mut book, &dismiss.change),
        Some(command) if !coordinator => {
            drop(command);
            Err(Problem::Rule(
                text!("alleen een coördinator beslist over wachtend werk", "only a coordinator decides about waiting work"),
                text!(
                    "vraag het uw coördinator; `veldboek quarantine list` toont wat van u wacht",
                    "ask your coordinator; `veldboek quarantine list` shows what of yours waits"
                ),
            ))
        }
        Some(QuarantineCommand::Accept(accept)) => decide(context, &mut book, &accept.change, accept.reason, None),
        Some(QuarantineCommand::Refuse(refuse)) => {
            decide(context, &mut book, &refuse.change, Some(refuse.reason), Some(refuse.all))
        }
    }
}

const COLUMNS: [&str; 10] =
    ["id", "reference", "by", "by_name", "at", "arrived", "reason", "reason_label", "possible_bsn", "what"];

fn how_to_decide() -> crate::message::Text {
    text!(
        "beslis met `veldboek quarantine accept KENMERK` of `veldboek quarantine refuse KENMERK --reason WAAROM`",
        "decide with `veldboek quarantine accept ID` or `veldboek quarantine refuse ID --reason WHY`"
    )
}

/// How many of these the note names.
const NAMED: usize = 10;

/// What came in a file and the server does not take.
fn not_taken(count: usize, carried: &[String]) -> crate::message::Text {
    let shown = carried.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if count > NAMED { ", …" } else { "" };
    text!(
        "{count} wijzigingen van anderen, uit een bestand, neemt de server nog niet aan: {shown}{more}; `veldboek quarantine dismiss \
         KENMERK` haalt er een van deze laptop",
        "{count} changes of others, from a file, are not taken by the server yet: {shown}{more}; `veldboek quarantine dismiss ID` \
         takes one off this laptop"
    )
}

/// What of this person's own work waits, without a connection.
fn own(context: &Context<'_>, book: &mut Book) -> Result<Output, Problem> {
    let waiting = book.inner.waiting()?;
    let mut table = context.headings(&["Kenmerk|Id", "Dossier", "Geschreven|Written", "Waarom|Why", "Wat|What"]);
    let mut rows = Vec::new();
    for one in &waiting {
        let of = one.called.clone().unwrap_or_else(|| one.document.to_string());
        let what = said(&one.writes, context);
        table.row([
            short(&one.hash),
            of.clone(),
            one.at.map(local).unwrap_or_default(),
            one.reason.while_waiting(context.lang).to_owned(),
            what.clone(),
        ]);
        rows.push(json!({
            "id": short(&one.hash),
            "change": one.hash.to_string(),
            "document": one.document.to_string(),
            "reference": of,
            "at": one.at.map(|at| at.to_string()),
            "reason": one.reason.code(),
            "reason_label": one.reason.while_waiting(context.lang),
            "what": what,
            "writes": writes_json(&one.writes, context),
        }));
    }
    let columns = ["id", "reference", "at", "reason", "reason_label", "what"];
    Ok(Output::new(json!({ "rows": rows }), table).columns(columns))
}

/// Everything that waits in this coordinator's organisation. The dossiers are fetched first: what waits builds on them.
fn fetch(book: &mut Book) -> Result<(Vec<ReadWaiting>, usize), Problem> {
    let conflicts = exchange::exchange(book)?.conflicts.len();
    let server = book.inner.identity().server.ok_or(Problem::NotEnrolled)?;
    let mut client = Client::new(&server.url, Some(&book.dir))?;
    let mut waiting: Vec<WaitingChange> = Vec::new();
    book.leave_cache();
    loop {
        let path = match waiting.last() {
            None => "/v1/quarantine".to_owned(),
            Some(last) => format!("/v1/quarantine/{}", last.number),
        };
        let body = client.signed(book.inner.device_keys(), server.id, "GET", &path, &[])?;
        let list = QuarantineList::decode(&body, MAX_BODY).map_err(|why| {
            client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})"))
        })?;
        let more = list.more && !list.changes.is_empty();
        waiting.extend(list.changes);
        if !more {
            break;
        }
    }
    book.take_cache();
    Ok((book.inner.read_waiting(&waiting)?, conflicts))
}

/// What of others waits in a dossier, for the right of access; nothing when it could not be asked for.
pub(super) fn in_dossier(context: &Context<'_>, book: &mut Book, document: DocumentId) -> Result<Option<Vec<Value>>, Problem> {
    let identity = book.inner.identity();
    if identity.server.is_none() {
        // It is nowhere else.
        return Ok(Some(Vec::new()));
    }
    if identity.role != Some(Role::Coordinator) {
        return Ok(None);
    }
    match fetch(book) {
        Ok((items, _)) => {
            let items: Vec<ReadWaiting> = items.into_iter().filter(|item| item.document == document).collect();
            Ok(Some(items.iter().map(|item| item_json(context, book, item)).collect()))
        }
        Err(problem) if problem.exit() == Exit::NoContact => {
            book.take_cache();
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}

fn decide(
    context: &Context<'_>,
    book: &mut Book,
    wanted: &str,
    reason: Option<String>,
    refuse: Option<bool>,
) -> Result<Output, Problem> {
    let (items, _) = fetch(book)?;
    let item = named(&items, wanted)?;
    if item.unfounded {
        unfounded(book, item, refuse.is_none())?;
    } else if let Some(below) = item.leans_on.iter().find(|hash| items.iter().any(|one| one.hash == **hash)) {
        let (id, first) = (short(&item.hash), short(below));
        return Err(Problem::Rule(
            text!("{id} bouwt voort op {first}, dat ook wacht", "{id} builds on {first}, which waits too"),
            text!("beslis eerst over {first}", "decide about {first} first"),
        ));
    }
    // What has no ground any more is decided about one by one: nothing comes in with it.
    let leaning = if item.unfounded { Vec::new() } else { leaning_on(&items, item) };
    let accepted = refuse.is_none();
    if refuse == Some(false) && leaning.iter().any(|one| book.inner.is_revoked(&one.device)) {
        let (id, count) = (short(&item.hash), leaning.len());
        return Err(Problem::Rule(
            text!(
                "op {id} bouwen {count} latere wijzigingen voort van een apparaat dat is ingetrokken: dat legt ze niet meer \
                 opnieuw vast",
                "{count} later changes build on {id}, of a device that was revoked: it will not record them anew"
            ),
            text!(
                "laat het toe met `veldboek quarantine accept {id}` en verbeter het daarna of trek het in (`veldboek visit \
                 correct`, `veldboek visit withdraw`), of weiger alles met --all",
                "let it in with `veldboek quarantine accept {id}` and correct or withdraw it afterwards (`veldboek visit \
                 correct`, `veldboek visit withdraw`), or refuse all of it with --all"
            ),
        ));
    }
    if accepted && let Some(unread) = leaning.iter().copied().chain([item]).find(|one| one.writes.is_none()) {
        let id = short(&unread.hash);
        return Err(Problem::Rule(
            text!("{id} is op dit apparaat nog niet te lezen", "{id} cannot be read on this device yet"),
            text!("werk Veldboek bij, wissel uit en probeer het opnieuw", "update Veldboek, sync, and try again"),
        ));
    }
    let with: Vec<ChangeHash> = leaning.iter().map(|one| one.hash).collect();
    let decisions: Vec<(Vec<ChangeHash>, Vec<ChangeHash>)> = if refuse == Some(false) {
        let mut parts: Vec<_> = with.chunks(AT_ONCE).map(|part| (vec![item.hash], part.to_vec())).collect();
        if parts.is_empty() {
            parts.push((vec![item.hash], Vec::new()));
        }
        parts
    } else {
        let all: Vec<ChangeHash> = std::iter::once(item.hash).chain(with.iter().copied()).collect();
        all.chunks(AT_ONCE).map(|part| (part.to_vec(), Vec::new())).collect()
    };
    let mut stated = Vec::new();
    for (changes, leaning) in decisions {
        let decision = (item.document, changes, leaning, accepted);
        stated.push(book.inner.decide(decision, reason.clone(), book.moment, &mut book.rng)?);
    }
    let done = exchange::exchange(book)?;
    if stated.iter().any(|hash| book.inner.was_refused(hash)) {
        let decided = Reason::Decided;
        let (nl, en) = (decided.label(veldboek_core::record::Lang::Nl), decided.label(veldboek_core::record::Lang::En));
        return Err(Problem::Refused(
            text!("de server nam dit besluit niet aan", "the server did not take this decision"),
            text!("{nl}", "{en}"),
        ));
    }
    let of = called(book, item.document, context);
    let id = short(&item.hash);
    // The server takes it with a later exchange when it is too busy now.
    let taken = stated.iter().all(|hash| book.inner.was_taken(hash));
    let named = std::iter::once(&item.hash).chain(&with);
    let outside: Vec<ChangeHash> =
        named.filter(|hash| accepted && taken && !book.inner.is_in(&item.document, hash)).copied().collect();
    let outside = if outside.is_empty() { Vec::new() } else { outside_why(context, book, &outside)? };
    let left = book.inner.status()?.to_decide;
    let value = json!({
        "id": id,
        "change": item.hash.to_string(),
        "document": item.document.to_string(),
        "reference": of,
        "decision": if accepted { "ACCEPTED" } else { "REFUSED" },
        "reason": reason,
        "with": with.iter().map(short).collect::<Vec<_>>(),
        "received": done.outcome.received,
        "left": left,
        "taken": taken,
        "not_in": outside.iter().map(|(hash, nl, en)| json!({
            "id": short(hash),
            "reason_label": context.say(nl, en),
        })).collect::<Vec<_>>(),
    });
    let what = match refuse {
        _ if !taken => context.say("nog niet verwerkt", "not taken yet"),
        None if outside.iter().any(|(hash, ..)| *hash == item.hash) => context.say("nog niet binnen", "not in yet"),
        None => context.say("toegelaten", "let in"),
        Some(_) => context.say("geweigerd", "refused"),
    };
    let mut rows = vec![(what, format!("{of}  {id}")), (context.say("wacht nog", "still waits"), left.to_string())];
    if !with.is_empty() {
        rows.insert(1, (context.say("met wat erop voortbouwde", "with what built on it"), with.len().to_string()));
    }
    let mut output = Output::new(value, Table::sheet(rows));
    if !taken {
        output = output.exit(Exit::Attention).note(text!(
            "de server heeft dit besluit nog niet verwerkt; het staat hier en gaat mee met de volgende `veldboek sync`",
            "the server has not taken this decision yet; it is kept here and goes with the next `veldboek sync`"
        ));
    }
    for (hash, nl, en) in &outside {
        let id = short(hash);
        output = output
            .exit(Exit::Attention)
            .note(text!("{id} staat nog niet in het dossier: {nl}", "{id} is not in the dossier yet: {en}"));
    }
    Ok(match (refuse, with.is_empty()) {
        (Some(false), false) => output.note(text!(
            "wat erop voortbouwde, legt het apparaat van de schrijver opnieuw vast zonder dit; tot dan blijft het in `veldboek \
             quarantine list` te lezen. Heeft de schrijver geen toegang meer, dan wacht het daarna opnieuw op u",
            "what built on it is recorded anew by its author's device, without this; until then it stays in `veldboek quarantine \
             list` to be read. If the author has no access any more it waits for you again after that"
        )),
        _ => output,
    })
}

/// Takes a refused change of one's own off the list, and shows what it said a last time; or one of somebody else that came in a
/// file and that the server does not take.
fn dismiss(context: &Context<'_>, book: &mut Book, wanted: &str) -> Result<Output, Problem> {
    let refused = book.inner.refused()?.into_iter().map(|(item, writes)| (item.document, item.hash, writes));
    let carried = book.inner.not_taken().into_iter().map(|(document, hash)| (document, hash, Vec::new()));
    let items: Vec<(DocumentId, ChangeHash, Vec<Write>)> = refused.chain(carried).collect();
    let item = one_called(
        &items,
        wanted,
        |(_, hash, _)| hash,
        text!("geweigerde wijziging", "refused change"),
        || text!("`veldboek status` toont wat er is geweigerd", "`veldboek status` shows what was refused"),
    )?;
    let (document, hash, writes) = item.clone();
    let (of, what) = (called(book, document, context), said(&writes, context));
    book.inner.dismiss(&hash, book.moment, &mut book.rng)?;
    let left = book.inner.status()?.refused;
    let id = short(&hash);
    let value = json!({
        "id": id,
        "change": hash.to_string(),
        "document": document.to_string(),
        "reference": of,
        "what": what,
        "writes": writes_json(&writes, context),
        "left": left,
    });
    let rows = vec![
        (context.say("van de lijst", "off the list"), format!("{of}  {id}")),
        (context.say("er stond", "it said"), what),
        (context.say("nog geweigerd", "still refused"), left.to_string()),
    ];
    Ok(Output::new(value, Table::sheet(rows)))
}

/// What can be done about work that lost its ground: nothing while its author's device may still record it anew.
fn unfounded(book: &Book, item: &ReadWaiting, accept: bool) -> Result<(), Problem> {
    let (id, revoked) = (short(&item.hash), book.inner.is_revoked(&item.device));
    let what = text!(
        "{id} bouwt voort op iets dat is geweigerd, en kan zo niet meer binnenkomen",
        "{id} builds on something that was refused, and can never come in as it is"
    );
    match (revoked, accept) {
        (true, false) => Ok(()),
        (true, true) => Err(Problem::Rule(
            what,
            text!(
                "het apparaat is ingetrokken: neem over wat nodig is (`veldboek visit log`), en sluit dit af met `veldboek \
                 quarantine refuse {id} --reason WAAROM`",
                "the device was revoked: record what is needed yourself (`veldboek visit log`), and close this with `veldboek \
                 quarantine refuse {id} --reason WHY`"
            ),
        )),
        (false, _) => {
            let by = item.person.clone().unwrap_or_else(|| item.device.to_string());
            Err(Problem::Rule(
                what,
                text!(
                    "het apparaat van {by} legt het bij de volgende uitwisseling opnieuw vast; is dat apparaat weg, trek het dan in \
                     (`veldboek device revoke`)",
                    "{by}'s device records it anew with its next exchange; if that device is gone, revoke it (`veldboek device \
                     revoke`)"
                ),
            ))
        }
    }
}

/// Why what was accepted is not in its dossier, in both languages.
fn outside_why(
    context: &Context<'_>,
    book: &mut Book,
    outside: &[ChangeHash],
) -> Result<Vec<(ChangeHash, String, String)>, Problem> {
    let (items, _) = fetch(book)?;
    let why = |hash: &ChangeHash| match items.iter().find(|item| item.hash == *hash) {
        Some(item) => {
            let why = why(item, false, context);
            (
                *hash,
                format!("het wacht nog ({why}); `veldboek quarantine list` toont het"),
                format!("it still waits ({why}); `veldboek quarantine list` shows it"),
            )
        }
        None => (
            *hash,
            "de server heeft het niet meer liggen; vraag de schrijver om uit te wisselen".to_owned(),
            "the server does not keep it any more; ask its author to sync".to_owned(),
        ),
    };
    Ok(outside.iter().map(why).collect())
}

fn named<'a>(items: &'a [ReadWaiting], wanted: &str) -> Result<&'a ReadWaiting, Problem> {
    one_called(
        items,
        wanted,
        |item| &item.hash,
        text!("wachtende wijziging", "waiting change"),
        || text!("`veldboek quarantine list` toont wat er wacht", "`veldboek quarantine list` shows what waits"),
    )
}

/// The only one whose name begins like this.
fn one_called<'a, T>(
    items: &'a [T],
    wanted: &str,
    hash: impl Fn(&T) -> &ChangeHash,
    kind: Text,
    hint: impl FnOnce() -> Text,
) -> Result<&'a T, Problem> {
    let wanted = wanted.trim().to_lowercase();
    let found: Vec<&T> = items.iter().filter(|item| wanted.len() >= 4 && hash(item).to_string().starts_with(&wanted)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Problem::Unknown { kind, wanted, hint: hint() }),
        several => Err(Problem::Ambiguous {
            kind,
            wanted,
            candidates: several.iter().map(|item| hash(item).to_string()[..16].to_owned()).collect(),
        }),
    }
}

/// What builds on an item, in the order in which it came.
fn leaning_on<'a>(items: &'a [ReadWaiting], item: &ReadWaiting) -> Vec<&'a ReadWaiting> {
    let mut held: BTreeSet<ChangeHash> = BTreeSet::from([item.hash]);
    let mut found = Vec::new();
    for one in items.iter().filter(|one| one.document == item.document) {
        if one.leans_on.iter().any(|hash| held.contains(hash)) && held.insert(one.hash) {
            found.push(one);
        }
    }
    found
}

pub(super) fn short(hash: &ChangeHash) -> String {
    hash.to_string()[..SHORT].to_owned()
}

fn called(book: &mut Book, document: DocumentId, context: &Context<'_>) -> String {
    if book.inner.register_document().is_ok_and(|register| register == document) {
        return context.say("register", "register");
    }
    book.inner.called_of(document).unwrap_or_else(|| document.to_string())
}

fn why(item: &ReadWaiting, revoked: bool, context: &Context<'_>) -> String {
    let (nl, en) = match item.reason {
        _ if item.unfounded && revoked => (
            "bouwde voort op iets dat is geweigerd; het apparaat is ingetrokken: neem over wat nodig is en weiger het dan",
            "built on something that was refused; the device was revoked: record what is needed, then refuse it",
        ),
        _ if item.unfounded => (
            "bouwde voort op iets dat is geweigerd; het apparaat van de schrijver legt het opnieuw vast",
            "built on something that was refused; its author's device records it anew",
        ),
        Reason::NoGrant => ("geen toegang toen het werd gemaakt of aankwam", "no access when it was made or came"),
        Reason::Revoked => ("van een ingetrokken apparaat", "from a revoked device"),
        Reason::MissingDependencies => ("bouwt voort op iets dat wacht", "builds on something that waits"),
        Reason::BsnInText => ("in de tekst staat misschien een BSN", "the text may hold a BSN"),
        other => return other.label(context.lang).to_owned(),
    };
    let reason = context.say(nl, en);
    if item.bsn && item.reason != Reason::BsnInText {
        return format!("{reason}; {}", context.say("in de tekst staat misschien een BSN", "the text may hold a BSN"));
    }
    reason
}

fn what(item: &ReadWaiting, context: &Context<'_>) -> String {
    match &item.writes {
        Some(writes) => said(writes, context),
        None => context.say("(hier nog niet te lezen)", "(cannot be read here yet)"),
    }
}

pub(super) fn writes_json(writes: &[Write], context: &Context<'_>) -> Vec<Value> {
    let one = |write: &Write| {
        let (label, shown) = show_cell(write.container, &write.key, &write.value, context.lang);
        json!({
            "record": write.container.key(),
            "entry": write.entry,
            "field": field_of(write.container, &write.key).map(|(info, _)| info.name),
            "field_label": label,
            "value": scalar_json(&write.value),
            "shown": shown,
        })
    };
    writes.iter().map(one).collect()
}

fn item_json(context: &Context<'_>, book: &mut Book, item: &ReadWaiting) -> Value {
    let people = book.inner.people().unwrap_or_default();
    json!({
        "id": short(&item.hash),
        "change": item.hash.to_string(),
        "document": item.document.to_string(),
        "reference": called(book, item.document, context),
        "by": item.person,
        "by_name": item.person.as_ref().and_then(|code| people.get(code)),
        "device": item.device.to_string(),
        "at": item.at.to_string(),
        "arrived": item.arrived.to_string(),
        "reason": item.reason.code(),
        "reason_label": why(item, book.inner.is_revoked(&item.device), context),
        "to_record_anew": item.unfounded,
        "possible_bsn": item.bsn,
        "builds_on": item.leans_on.iter().map(short).collect::<Vec<_>>(),
        "what": what(item, context),
        "writes": item.writes.as_ref().map(|writes| writes_json(writes, context)),
    })
}

fn table(context: &Context<'_>, book: &mut Book, items: &[ReadWaiting]) -> Table {
    let people = book.inner.people().unwrap_or_default();
    let mut names: HashMap<DocumentId, String> = HashMap::new();
    let mut table = context.headings(&[
        "Kenmerk|Id",
        "Dossier",
        "Door|By",
        "Geschreven|Written",
        "Aangekomen|Arrived",
        "Waarom|Why",
        "Bouwt voort op|Builds on",
        "Wat|What",
    ]);
    for item in items {
        let of = names.entry(item.document).or_insert_with(|| called(book, item.document, context)).clone();
        let by = item.person.clone().unwrap_or_else(|| item.device.to_string());
        table.row([
            short(&item.hash),
            of,
            people.get(&by).cloned().unwrap_or(by),
            local(item.at),
            local(item.arrived),
            why(item, book.inner.is_revoked(&item.device), context),
            item.leans_on.iter().map(short).collect::<Vec<_>>().join(", "),
            what(item, context),
        ]);
    }
    table
}
