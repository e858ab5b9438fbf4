//! Exchange with others: the server, files, and what people should look at afterwards.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use veldboek_core::clock::Timestamp;
use veldboek_core::disk::RealDisk;
use veldboek_core::dossier::assignments::Clash;
use veldboek_core::field_book::{Conflict, ConflictKind, FieldBook, Outcome, field_of, fields_of, show_cell};
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::Journal;
use veldboek_core::keyring::{Keyring, WrappingKey};
use veldboek_core::record::{Code, Container, Scalar, Write};
use veldboek_core::wire::{Answer, MAX_BODY};

use super::book::Book;
use super::bundle::write_new;
use super::contacts;
use super::context::Context;
use super::find::{self, Found, reference};
use super::{trouble, work};
use crate::args::*;
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
}

/// Exchanges with the server until both sides have the same.
pub(crate) fn exchange(book: &mut Book) -> Result<Exchanged, Problem> {
    let server = book.inner.identity().server.ok_or(Problem::NotEnrolled)?;
    let mut client = Client::new(&server.url, Some(&book.dir))?;
    book.inner.mend(book.moment, &mut book.rng)?;
    let before: BTreeSet<String> = book.inner.conflicts()?.into_iter().map(|conflict| conflict.id).collect();
    let since = book.coordinating().then(|| contacts::newest(&book.dir));
    let mut total = Outcome::default();
    for _ in 0..MOST_ROUNDS {
        let (request, sent) = book.inner.request(since).map_err(|error| trouble::sync(error, &server.url))?;
        let body = request.encode();
        // Others may use the cache, and the journal, while this process waits.
        book.leave_cache();
        let answered = client.signed(book.inner.device_keys(), server.id, "POST", "/v1/sync", &body);
        book.take_cache();
        let answer = Answer::decode(&answered?, MAX_BODY).map_err(|why| {
            client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})"))
        })?;
        faults::point(faults::ANSWER_RECEIVED);
        let now = clock::now();
        let outcome = faults::apply(|| book.inner.answer(sent, answer, now, &mut book.rng))
            .map_err(|error| trouble::sync(error, &server.url))?;
        let again = outcome.again;
        contacts::keep(&book.dir, &outcome.contacts);
        add(&mut total, outcome);
        if !again {
            break;
        }
    }
    let conflicts = book.inner.conflicts()?.into_iter().filter(|conflict| !before.contains(&conflict.id)).collect();
    Ok(Exchanged { outcome: total, traffic: client.traffic, conflicts })
}

fn add(total: &mut Outcome, page: Outcome) {
    total.sent += page.sent;
    total.accepted += page.accepted;
    total.deferred = page.deferred;
    total.quarantined += page.quarantined;
    total.refused.extend(page.refused);
    total.received += page.received;
    total.unusable += page.unusable;
    total.closed += page.closed;
    total.touched.extend(page.touched);
    total.again = page.again;
    total.clock_offset = page.clock_offset;
}

/// `sync`
pub(super) fn sync(context: &Context<'_>) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let Exchanged { outcome, traffic, conflicts } = exchange(&mut book)?;
    let status = book.inner.status()?;
    let up_to_date = !outcome.again && status.unsynced == 0;
    let value = json!({
        "sent": outcome.sent,
        "accepted": outcome.accepted,
        "deferred": outcome.deferred,
        "quarantined": outcome.quarantined,
        "refused": outcome.refused.len(),
        "received": outcome.received,
        "closed": outcome.closed,
        "round_trips": traffic.round_trips,
        "body_bytes_sent": traffic.body_bytes_sent,
        "body_bytes_received": traffic.body_bytes_received,
        "header_bytes_sent": traffic.header_bytes_sent,
        "up_to_date": up_to_date,
        "conflicts": conflicts.iter().map(|conflict| conflict_json(&mut book, conflict, context)).collect::<Vec<_>>(),
    });
    let mut rows = vec![
        (context.say("verstuurd", "sent"), outcome.sent.to_string()),
        (context.say("ontvangen", "received"), outcome.received.to_string()),
    ];
    for (nl, en, count) in [
        ("later opnieuw", "to send again", outcome.deferred),
        ("wacht op de coördinator", "waits for the coordinator", outcome.quarantined),
        ("geweigerd", "refused", outcome.refused.len()),
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
    for (document, reason) in &outcome.refused {
        let (nl, en) = (reason.label(veldboek_core::record::Lang::Nl), reason.label(veldboek_core::record::Lang::En));
        output = output.note(text!("geweigerd in {document}: {nl}", "refused in {document}: {en}"));
    }
    if !conflicts.is_empty() {
        output = output.and(conflicts_table(&mut book, &conflicts, context)).note(resolve_hint());
    }
    let attention = !conflicts.is_empty() || outcome.quarantined > 0 || !outcome.refused.is_empty() || outcome.unusable > 0;
    Ok(if attention { output.exit(Exit::Attention) } else { output })
}

/// `status`
pub(super) fn status(context: &Context<'_>) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let status = book.inner.status()?;
    let identity = book.inner.identity();
    let value = json!({
        "device": identity.device.to_string(),
        "coach": identity.person,
        "dossiers": status.dossiers,
        "changes": status.changes,
        "unsynced": status.unsynced,
        "last_sync": status.last_sync.map(|at| at.to_string()),
        "conflicts": status.conflicts,
        "quarantined": status.quarantined,
        "refused": status.refused,
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
    ];
    let refused = book.inner.refused()?;
    if !refused.is_empty() {
        rows.push((context.say("geweigerd", "refused"), refused.len().to_string()));
    }
    let mut output = Output::new(value, Table::sheet(rows));
    if !refused.is_empty() {
        let mut table = context.headings(&["Geweigerd op|Refused at", "Dossier", "Reden|Reason", "Wat|What"]);
        for (item, writes) in refused {
            let of = book.inner.dossier(item.document).map(|dossier| reference(item.document, &dossier));
            table.row([
                local(item.at),
                of.unwrap_or_else(|_| item.document.to_string()),
                item.reason.label(context.lang).to_owned(),
                said(&writes, context),
            ]);
        }
        output = output.and(table);
    }
    if status.unsynced > 0 {
        let count = status.unsynced;
        output = output.note(text!(
            "{count} wijzigingen staan alleen op dit apparaat; `veldboek sync` brengt ze naar de server",
            "{count} changes are on this device only; `veldboek sync` takes them to the server"
        ));
    }
    Ok(output)
}

/// An instant on the wall clock of the reader.
pub(super) fn local(at: Timestamp) -> String {
    clock::local(at).map_or_else(|| at.to_string(), |time| time.datetime().strftime("%Y-%m-%d %H:%M").to_string())
}

/// What some writes say, for a person: per record its fields, in the order in which they are declared.
fn said(writes: &[Write], context: &Context<'_>) -> String {
    struct Said<'a> {
        container: Container,
        entry: &'a str,
        fields: Vec<(usize, String)>,
    }
    let mut records: Vec<Said<'_>> = Vec::new();
    for write in writes {
        let Some((info, member)) = field_of(write.container, &write.key) else { continue };
        // Ids, and when it was written, say nothing that the line itself does not.
        if matches!(write.value, Scalar::Bytes(_) | Scalar::Time(_)) {
            continue;
        }
        let label = info.label(context.lang);
        let shown = (info.show)(&write.value, context.lang);
        let member = member.map(|member| super::view::member(info.name, member, context.lang));
        let text = match (&write.value, member) {
            (Scalar::Bool(true), Some(member)) => format!("{label}: {member}"),
            (Scalar::Bool(false), Some(member)) => format!("{label}: {} {member}", context.say("zonder", "without")),
            (Scalar::Null, Some(member)) => format!("{label}: {member} -"),
            (_, Some(member)) => format!("{member}: {shown}"),
            (Scalar::Null, None) => format!("{label}: -"),
            (_, None) => format!("{label}: {shown}"),
        };
        let order = fields_of(write.container).iter().position(|field| field.key == info.key).unwrap_or(usize::MAX);
        match records.iter_mut().find(|one| (one.container, one.entry) == (write.container, write.entry.as_str())) {
            Some(said) => said.fields.push((order, text)),
            None => records.push(Said { container: write.container, entry: &write.entry, fields: vec![(order, text)] }),
        }
    }
    records
        .into_iter()
        .map(|mut said| {
            said.fields.sort_by_key(|(order, _)| *order);
            let fields = said.fields.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("; ");
            format!("{}: {fields}", record_name(said.container, context))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// What a record in a container is called.
fn record_name(container: Container, context: &Context<'_>) -> String {
    use Container as In;
    let (nl, en) = match container {
        In::Trainee => ("persoon", "trainee"),
        In::Trajectories => ("traject", "trajectory"),
        In::Events => ("gebeurtenis", "event"),
        In::Enrolments => ("school", "school"),
        In::Placements => ("plaatsing", "placement"),
        In::Trainings => ("scholing", "training"),
        In::Visits => ("bezoek", "visit"),
        In::Agreements => ("afspraak", "agreement"),
        In::Corrections => ("correctie", "correction"),
        In::Assignments => ("toewijzing", "assignment"),
        In::Proposals => ("voorstel", "proposal"),
        In::Imports => ("import", "import"),
        In::Programmes => ("programma", "programme"),
        In::Targets => ("doel", "target"),
        In::Observations => ("waarneming", "observation"),
        In::Funding => ("financiering", "funding"),
        In::Schools => ("school", "school"),
        In::Employers => ("werkgever", "employer"),
        In::Coaches => ("coach", "coach"),
    };
    context.say(nl, en)
}

/// How to settle a conflict.
pub(super) fn resolve_hint() -> Text {
    text!(
        "kies met `veldboek conflicts resolve KENMERK --choose NUMMER`, of schrijf een andere waarde met --value",
        "choose with `veldboek conflicts resolve ID --choose NUMBER`, or write another value with --value"
    )
}

/// The values to choose from: number, value, as shown, who, when.
struct Choice {
    value: Scalar,
    shown: String,
    by: String,
    at: Option<Timestamp>,
    /// The assignment that stays, when that is what is chosen.
    holder: Option<veldboek_core::ids::EntryId>,
}

fn choices(book: &mut Book, conflict: &Conflict, context: &Context<'_>) -> Vec<Choice> {
    if let ConflictKind::Clash(said) = &conflict.kind {
        let Ok(dossier) = book.inner.dossier(conflict.document) else { return Vec::new() };
        let clash = dossier.clashes().into_iter().find(|clash| clash.message(veldboek_core::record::Lang::Nl) == *said);
        let holders = clash.map(|Clash::TwoPrimaryCoaches { holders, .. }| holders).unwrap_or_default();
        return holders
            .into_iter()
            .map(|(id, coach)| Choice {
                value: Scalar::Text(coach.clone()),
                shown: coach,
                by: String::new(),
                at: None,
                holder: Some(id),
            })
            .collect();
    }
    conflict
        .versions
        .iter()
        .map(|version| Choice {
            value: version.value.clone(),
            shown: if version.value == Scalar::Null { "-".to_owned() } else { conflict.show(version, context.lang) },
            by: version.by.clone(),
            at: version.at,
            holder: None,
        })
        .collect()
}

fn what(conflict: &Conflict, context: &Context<'_>) -> String {
    conflict.field(context.lang)
}

/// A conflict for programs.
pub(super) fn conflict_json(book: &mut Book, conflict: &Conflict, context: &Context<'_>) -> Value {
    let people = book.inner.people().unwrap_or_default();
    let versions: Vec<Value> = choices(book, conflict, context)
        .into_iter()
        .enumerate()
        .map(|(index, choice)| {
            json!({
                "number": index + 1,
                "value": scalar_json(&choice.value),
                "shown": choice.shown,
                "by": choice.by,
                "by_name": people.get(&choice.by),
                "at": choice.at.map(|at| at.to_string()),
            })
        })
        .collect();
    let (kind, place) = match &conflict.kind {
        ConflictKind::Field(container, entry, key) => ("field", Some((container, entry, key))),
        ConflictKind::Proposal(container, entry, key, _) => ("import", Some((container, entry, key))),
        ConflictKind::DuplicateReference(_) => ("duplicate_reference", None),
        ConflictKind::Clash(_) => ("two_primary_coaches", None),
    };
    json!({
        "id": conflict.id,
        "document": conflict.document.to_string(),
        "reference": conflict.reference,
        "kind": kind,
        "record": place.map(|(container, ..)| container.key()),
        "entry": place.map(|(_, entry, _)| entry),
        "field": place.and_then(|(container, _, key)| field_of(*container, key).map(|(info, _)| info.name)),
        "field_label": what(conflict, context),
        "versions": versions,
    })
}

/// A cell's value for programs.
pub(super) fn scalar_json(value: &Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => json!(value),
        Scalar::Int(value) => json!(value),
        Scalar::Text(text) => json!(text),
        Scalar::Time(millis) => json!(Timestamp::from_millis(*millis).to_string()),
        Scalar::Bytes(bytes) => json!(DocumentId::from_slice(bytes).map(|id| id.to_string())),
    }
}

/// Conflicts for people: a row per value.
pub(super) fn conflicts_table(book: &mut Book, conflicts: &[Conflict], context: &Context<'_>) -> Table {
    let people = book.inner.people().unwrap_or_default();
    let mut table =
        context.headings(&["Kenmerk|Id", "Dossier", "Wat|What", "Nr.|No.", "Waarde|Value", "Door|By", "Wanneer|When"]);
    for conflict in conflicts {
        let register = context.say("register", "register");
        let of = conflict.reference.clone().unwrap_or(register);
        let choices = choices(book, conflict, context);
        if choices.is_empty() {
            table.row([
                conflict.id.clone(),
                of.clone(),
                what(conflict, context),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ]);
        }
        for (index, choice) in choices.into_iter().enumerate() {
            let first = index == 0;
            let by = people.get(&choice.by).cloned().unwrap_or(choice.by);
            table.row([
                if first { conflict.id.clone() } else { String::new() },
                if first { of.clone() } else { String::new() },
                if first { what(conflict, context) } else { String::new() },
                (index + 1).to_string(),
                choice.shown,
                by,
                choice.at.map(local).unwrap_or_default(),
            ]);
        }
    }
    table
}

/// `conflicts`
pub(super) fn conflicts(context: &Context<'_>, command: Option<ConflictsCommand>) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let all = book.inner.conflicts()?;
    match command {
        None | Some(ConflictsCommand::List) => {
            let rows: Vec<Value> = all.iter().map(|conflict| conflict_json(&mut book, conflict, context)).collect();
            let table = conflicts_table(&mut book, &all, context);
            let output = Output::new(json!({ "rows": rows }), table);
            Ok(match all.is_empty() {
                true => output,
                false => output.note(resolve_hint()),
            })
        }
        Some(ConflictsCommand::Resolve(resolve)) => {
            let wanted = resolve.conflict.trim();
            let by_number = wanted.parse::<usize>().ok().and_then(|number| all.get(number.checked_sub(1)?));
            let by_name: Vec<&Conflict> =
                all.iter().filter(|conflict| wanted.len() >= 3 && conflict.id.starts_with(wanted)).collect();
            let conflict = match (by_name.as_slice(), by_number) {
                ([one], _) => *one,
                ([], Some(one)) => one,
                (several, _) => {
                    let kind = text!("conflict", "conflict");
                    let hint = text!(
                        "`veldboek conflicts` toont wat er te kiezen valt",
                        "`veldboek conflicts` shows what there is to choose"
                    );
                    return Err(match several {
                        [] => Problem::Unknown { kind, wanted: wanted.to_owned(), hint },
                        several => Problem::Ambiguous {
                            kind,
                            wanted: wanted.to_owned(),
                            candidates: several.iter().map(|one| one.id.clone()).collect(),
                        },
                    });
                }
            };
            let (writes, shown) = settlement(&mut book, conflict, &resolve, context)?;
            book.inner.perform(conflict.document, writes, book.moment, &mut book.rng)?;
            let of = conflict.reference.clone().unwrap_or_else(|| context.say("register", "register"));
            let value = json!({
                "id": conflict.id,
                "reference": conflict.reference,
                "chosen": shown,
                "saved": "device",
                "left": book.inner.conflicts()?.len(),
            });
            let rows = [(context.say("gekozen", "chosen"), format!("{of}  {}: {shown}", what(conflict, context)))];
            Ok(Output::new(value, Table::sheet(rows)))
        }
    }
}

fn settlement(
    book: &mut Book,
    conflict: &Conflict,
    resolve: &Resolve,
    context: &Context<'_>,
) -> Result<(Vec<Write>, String), Problem> {
    let choices = choices(book, conflict, context);
    let reference = conflict.reference.clone().unwrap_or_default();
    if let ConflictKind::DuplicateReference(_) = conflict.kind {
        let document = conflict.document;
        return Err(Problem::Rule(
            text!("twee dossiers dragen de referentie {reference}", "two dossiers carry the reference {reference}"),
            text!(
                "geef een van beide een andere: `veldboek trainee edit {document} --reference NIEUW`",
                "give one of them another: `veldboek trainee edit {document} --reference NEW`"
            ),
        ));
    }
    if let Some(number) = resolve.choose {
        let Some(choice) = number.checked_sub(1).and_then(|index| choices.get(index)) else {
            let count = choices.len();
            return Err(Problem::Usage(
                text!("er is geen waarde {number}", "there is no value {number}"),
                text!("kies een nummer van 1 tot en met {count}", "choose a number from 1 to {count}"),
            ));
        };
        if let (Some(keep), ConflictKind::Clash(said)) = (choice.holder, &conflict.kind) {
            let dossier = book.inner.dossier(conflict.document)?;
            let clash = dossier.clashes().into_iter().find(|clash| clash.message(veldboek_core::record::Lang::Nl) == *said);
            let Some(clash) = clash else { return Ok((Vec::new(), choice.shown.clone())) };
            return Ok((dossier.settle(&clash, keep)?.writes, choice.shown.clone()));
        }
        return Ok((FieldBook::settle(conflict, choice.value.clone()), choice.shown.clone()));
    }
    let typed = resolve.value.clone().unwrap_or_default();
    let (ConflictKind::Field(container, _, key) | ConflictKind::Proposal(container, _, key, _)) = &conflict.kind else {
        return Err(Problem::Usage(
            text!("hier kan alleen een nummer worden gekozen", "only a number can be chosen here"),
            text!("gebruik --choose NUMMER", "use --choose NUMBER"),
        ));
    };
    let value = parsed(*container, key, &typed)?;
    let shown = show_cell(*container, key, &value, context.lang).1;
    Ok((FieldBook::settle(conflict, value), shown))
}

/// A typed value as the cell of a field.
fn parsed(container: Container, key: &str, typed: &str) -> Result<Scalar, Problem> {
    let Some((info, member)) = field_of(container, key) else { return Ok(Scalar::Text(typed.to_owned())) };
    if typed.trim().is_empty() {
        return Ok(Scalar::Null);
    }
    let text = member.map_or(typed.to_owned(), |member| format!("{member}={typed}"));
    let cells = (info.parse)(&text).map_err(|error| {
        let (nl, en) = (crate::message::unreadable(&error.0, veldboek_core::record::Lang::Nl), error.0);
        Problem::Usage(
            text!("{nl}", "{en}"),
            text!("schrijf de waarde zoals bij de gewone opdracht", "write the value as with the ordinary command"),
        )
    })?;
    Ok(cells.into_iter().next().map_or(Scalar::Null, |(_, value)| value))
}

/// `history`
pub(super) fn history(context: &Context<'_>, name: &TraineeName) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let Found { document, dossier, .. } = find::trainee(&book.inner.dossiers()?, &name.trainee)?;
    let people = book.inner.people()?;
    let items = book.inner.history(document)?;
    let mut table =
        context.headings(&["Wanneer|When", "Door|By", "Wat|What", "Veilig op|Safe on"]).titled(reference(document, &dossier));
    let mut rows = Vec::new();
    for item in items {
        let person = item.person.clone().unwrap_or_else(|| item.device.to_string());
        let place = match item.saved.name() {
            "server" => "server".to_owned(),
            _ => context.say("dit apparaat", "this device"),
        };
        table.row([local(item.at), people.get(&person).cloned().unwrap_or(person), said(&item.writes, context), place]);
        let writes: Vec<Value> = item
            .writes
            .iter()
            .map(|write| {
                let (label, shown) = show_cell(write.container, &write.key, &write.value, context.lang);
                json!({
                    "record": write.container.key(),
                    "entry": write.entry,
                    "field": field_of(write.container, &write.key).map(|(info, _)| info.name),
                    "member": field_of(write.container, &write.key).and_then(|(_, member)| member),
                    "field_label": label,
                    "value": scalar_json(&write.value),
                    "shown": shown,
                })
            })
            .collect();
        rows.push(json!({
            "change": item.hash.to_string(),
            "at": item.at.to_string(),
            "person": item.person,
            "device": item.device.to_string(),
            "saved": item.saved.name(),
            "writes": writes,
        }));
    }
    let value = json!({ "reference": reference(document, &dossier), "document": document.to_string(), "rows": rows });
    Ok(Output::new(value, table))
}

/// `export`
pub(super) fn export(context: &mut Context<'_>, export: &Export) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let dossiers = book.inner.dossiers()?;
    let (today, lang) = (book.today(), context.lang);
    if let Some([name, file]) = export.document.as_deref() {
        let Found { document, dossier, .. } = find::trainee(&dossiers, name)?;
        let bytes = book.inner.export_document(document)?;
        write_new(context, Path::new(file), &bytes)?;
        let of = reference(document, &dossier);
        let value = json!({ "reference": of, "document": document.to_string(), "file": file, "bytes": bytes.len() });
        let rows = [(context.say("document geschreven", "document written"), format!("{of}  {file}  {} bytes", bytes.len()))];
        return Ok(Output::new(value, Table::sheet(rows)));
    }
    let value = match &export.trainee {
        Some(name) => {
            let Found { document, dossier, .. } = find::trainee(&dossiers, name)?;
            work::dossier_json(document, &dossier, today, lang)
        }
        None => {
            let register = book.inner.register()?;
            json!({
                "dossiers": dossiers
                    .iter()
                    .map(|(document, dossier)| work::dossier_json(*document, dossier, today, lang))
                    .collect::<Vec<_>>(),
                "register": super::register::whole(&register, lang),
            })
        }
    };
    Ok(Output::raw(value))
}

/// `verify`
pub(super) fn verify(context: &Context<'_>, verify: &Verify) -> Result<Output, Problem> {
    let dir = context.dir()?;
    if !Book::exists(&dir)? {
        return Err(Problem::NoStore(dir));
    }
    let wanted = verify.head.as_deref().map(hash).transpose()?;
    // Without opening the field book: a damaged one would not open.
    let disk = RealDisk::open(&dir)?;
    let wrapping = WrappingKey::read(&disk)?;
    let keyring = Keyring::open(&disk, &wrapping)?;
    let found = Journal::verify(&disk, &keyring)?;
    let head_at = wanted.map(|wanted| found.seq_of(&wanted));
    let whole = found.is_whole() && head_at != Some(None);
    let head = hex(&found.head.1);
    let value = json!({
        "whole": whole,
        "records": found.records,
        "erased": found.gone,
        "without_key": found.without_key.len(),
        "damage": found
            .damage
            .iter()
            .map(|damage| json!({
                "record": damage.seq,
                "segment": damage.position.segment,
                "offset": damage.position.offset,
                "what": damage.what,
                "resumes_at": damage.resumes.map(|(seq, _)| seq),
            }))
            .collect::<Vec<_>>(),
        "unfinished_bytes": found.unfinished,
        "set_aside": found.set_aside,
        "head_record": found.head.0,
        "head": head,
        "given_head_record": head_at.flatten(),
    });
    let mut rows = vec![
        (
            context.say("veldboek", "field book"),
            if whole { context.say("ongeschonden", "intact") } else { context.say("BESCHADIGD", "DAMAGED") },
        ),
        (context.say("records", "records"), found.records.to_string()),
        (context.say("gewiste records", "erased records"), found.gone.to_string()),
        (context.say("laatste record", "last record"), format!("{}  {head}", found.head.0)),
    ];
    match head_at {
        Some(Some(seq)) => rows.push((context.say("gegeven record", "given record"), seq.to_string())),
        Some(None) => rows.push((context.say("gegeven record", "given record"), context.say("ONTBREEKT", "MISSING"))),
        None => {}
    }
    for damage in &found.damage {
        let place = format!("{} {}: {}", context.say("bij record", "at record"), damage.seq, damage.what);
        rows.push((context.say("schade", "damage"), place));
    }
    if !found.without_key.is_empty() {
        rows.push((context.say("zonder sleutel", "without key"), found.without_key.len().to_string()));
    }
    if !found.set_aside.is_empty() {
        rows.push((context.say("apart gezet", "set aside"), found.set_aside.join(", ")));
    }
    let output = Output::new(value, Table::sheet(rows));
    Ok(match whole {
        true => output,
        false => output.exit(Exit::Damaged).note(Problem::Damaged(String::new()).hint()),
    })
}

/// A hash as people copy it.
fn hash(text: &str) -> Result<[u8; 32], Problem> {
    let digits: Option<Vec<u8>> = (text.len() == 64 && text.is_ascii())
        .then(|| (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect())
        .flatten();
    digits.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        Problem::Usage(
            text!("'{text}' is geen kenmerk van 64 hexadecimale tekens", "'{text}' is not a hash of 64 hexadecimal digits"),
            text!("neem over wat een eerdere `veldboek verify` gaf", "copy what an earlier `veldboek verify` gave"),
        )
    })
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
