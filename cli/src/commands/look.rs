//! Looking closer: who wrote what, everything as data, and whether the store is whole.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use veldboek_core::clock::Timestamp;
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::field_book::{field_of, fields_of};
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::{Journal, Kind, Payload, Record};
use veldboek_core::keyring::Keyring;
use veldboek_core::notes::{EpochNote, HeadNote};
use veldboek_core::record::{Container, Scalar, Write};

use super::book::Book;
use super::bundle::write_new;
use super::context::Context;
use super::find::{self, Found, reference};
use super::{handover, person, register, view, work};
use crate::args::{Export, TraineeName, Verify};
use crate::clock;
use crate::message::{Exit, Problem, text};
use crate::render::{Output, Table};

/// An instant on the wall clock of the reader.
pub(super) fn local(at: Timestamp) -> String {
    clock::local(at).map_or_else(|| at.to_string(), |time| time.datetime().strftime("%Y-%m-%d %H:%M").to_string())
}

/// What some writes say, for a person: per record its fields, in the order in which they are declared.
pub(super) fn said(writes: &[Write], context: &Context<'_>) -> String {
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
        let member = member.map(|member| view::member(info.name, member, context.lang));
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
pub(super) fn record_name(container: Container, context: &Context<'_>) -> String {
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
        let writes = person::writes(&item.writes, context);
        rows.push(json!({
            "change": item.hash.to_string(),
            "at": item.at.to_string(),
            "person": item.person,
            "device": item.device.to_string(),
            "saved": item.saved.name(),
            "writes": writes,
        }));
    }
    let (decided, access) = handover::access(context, &mut book, document)?;
    let of = reference(document, &dossier);
    let asked = super::erasing::asked_json(&book, document);
    let value =
        json!({ "reference": of, "document": document.to_string(), "rows": rows, "access": decided, "erasure_asked": asked });
    let output = Output::new(value, table).and(access).columns(["change", "at", "person", "device", "saved", "writes"]);
    Ok(super::erasing::asked_note(&book, document).into_iter().fold(output, Output::note))
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
    let (of, value) = match export.of.as_ref().or(export.trainee.as_ref()) {
        Some(name) => {
            let Found { document, dossier, .. } = find::trainee(&dossiers, name)?;
            (Some(reference(document, &dossier)), person::whole(context, &mut book, document)?)
        }
        None => {
            let register = book.inner.register()?;
            let dossiers: Vec<Value> =
                dossiers.iter().map(|(document, dossier)| work::dossier_json(*document, dossier, today, lang)).collect();
            (None, json!({ "dossiers": dossiers, "register": register::whole(&register, lang) }))
        }
    };
    let incomplete = person::incomplete(&value);
    if let Some(file) = &export.output {
        let text = format!("{value:#}\n");
        write_new(context, file, text.as_bytes())?;
        let shown = file.display().to_string();
        let written = json!({ "reference": of, "document": value["document"], "file": shown, "bytes": text.len() });
        let of = of.unwrap_or_else(|| context.say("alles", "everything"));
        let rows = [(context.say("geschreven", "written"), format!("{of}  {shown}  {} bytes", text.len()))];
        let output = Output::new(written, Table::sheet(rows)).note(text!(
            "dit bestand is niet versleuteld; geef het alleen aan wie het mag zien",
            "this file is not encrypted; give it only to who may see it"
        ));
        return Ok(incomplete.into_iter().fold(output, Output::note));
    }
    Ok(incomplete.into_iter().fold(Output::raw(value), Output::note))
}

/// `verify`
pub(super) fn verify(context: &Context<'_>, verify: &Verify) -> Result<Output, Problem> {
    let dir = context.dir()?;
    if !Book::exists(&dir)? {
        return Err(Problem::NoStore(dir));
    }
    let wanted = verify.head.as_deref().map(hash).transpose()?;
    if verify.acknowledge {
        let mut book = context.book()?;
        book.inner.acknowledge_contradiction(book.moment, &mut book.rng)?;
    }
    // Without opening the field book: a damaged one would not open.
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&dir)?);
    let wrapping = context.access().key(&*disk, &dir, crate::clock::now().at)?;
    let keyring = Keyring::open(&*disk, &wrapping)?;
    let found = Journal::verify(&*disk, &keyring)?;
    let head_at = wanted.map(|wanted| found.seq_of(&wanted));
    if found.records == 0 && keyring.generation() > 1 {
        return Err(veldboek_core::field_book::FieldBookError::LostJournal.into());
    }
    let whole = found.is_whole() && head_at != Some(None);
    let (server_head, missed, known) = server_heads(&keyring, disk);
    let stands = missed.iter().any(|head| !known.contains(&head.hash));
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
                "what": damage.what.say(context.lang),
                "resumes_at": damage.resumes.map(|(seq, _)| seq),
            }))
            .collect::<Vec<_>>(),
        "unfinished_bytes": found.unfinished,
        "set_aside": found.set_aside,
        "head_record": found.head.0,
        "head": head,
        "given_head_record": head_at.flatten(),
        "server_head": server_head.as_ref().map(head_json),
        "server_heads_missed": missed
            .iter()
            .map(|head| {
                let mut value = head_json(head);
                value["acknowledged"] = known.contains(&head.hash).into();
                value
            })
            .collect::<Vec<_>>(),
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
    if let Some(head) = &server_head {
        rows.push((context.say("gezien bij de server", "seen at the server"), format!("{}:{}", head.number, hex(&head.hash))));
    }
    for head in &missed {
        let what = context.say("STAAT NIET MEER bij de server", "NOT THERE ANY MORE");
        rows.push((context.say("eerder gezien", "seen before"), format!("{}:{}  {what}", head.number, hex(&head.hash))));
    }
    for damage in &found.damage {
        let place = format!("{} {}: {}", context.say("bij record", "at record"), damage.seq, damage.what.say(context.lang));
        rows.push((context.say("schade", "damage"), place));
    }
    if !found.without_key.is_empty() {
        rows.push((context.say("zonder sleutel", "without key"), found.without_key.len().to_string()));
    }
    if found.unfinished > 0 {
        let what = context.say(
            "bytes na het laatste hele record: een schrijver die werd onderbroken, of nu bezig is",
            "bytes after the last whole record: a writer that was cut off, or is at work now",
        );
        rows.push((context.say("onafgemaakt", "unfinished"), format!("{} {what}", found.unfinished)));
    }
    if !found.set_aside.is_empty() {
        rows.push((context.say("apart gezet", "set aside"), found.set_aside.join(", ")));
        let meaning = context.say(
            "wat een onderbroken schrijver niet afmaakte; het was niet als opgeslagen gemeld. Bewaar de bestanden; ontbreekt er iets, \
             voer het dan opnieuw in",
            "what a writer that was cut off did not finish; it was not reported as saved. Keep the files; if something is missing, \
             enter it again",
        );
        rows.push((String::new(), meaning));
    }
    let mut output = Output::new(value, Table::sheet(rows));
    if let Some(head) = server_head.iter().chain(&missed).next() {
        let noted = format!("{}:{}", head.number, hex(&head.hash));
        output = output.note(text!(
            "op de server: `veldboek-server verify --head {noted}` zegt of zijn logboek dit nog bevat",
            "at the server: `veldboek-server verify --head {noted}` tells whether its record book still has this"
        ));
    }
    if stands {
        output = output.exit(Exit::Damaged).note(text!(
            "waarschuw uw beheerder en de privacyfunctionaris, en geef hun deze regels; daarna `veldboek verify --acknowledge`",
            "warn your administrator and the privacy officer, and give them these lines; then `veldboek verify --acknowledge`"
        ));
    }
    Ok(match whole {
        true => output,
        false => output.exit(Exit::Damaged).note(Problem::Damaged(text!("", "")).hint()),
    })
}

/// The last head of the server's record book that this device saw, those that the server did not have any more, and of these the
/// ones that a person knows of or a new life explains: as far as the journal can be read.
fn server_heads(keyring: &Keyring, disk: Arc<dyn Disk>) -> (Option<HeadNote>, Vec<HeadNote>, HashSet<[u8; 32]>) {
    let (mut last, mut missed, mut known) = (None, Vec::<HeadNote>::new(), HashSet::new());
    let mut take = |record: Record| {
        if let (Kind::Epoch, Payload::Bytes(bytes)) = (record.kind, &record.payload)
            && let Ok(life) = EpochNote::decode(bytes)
            && last.as_ref().is_some_and(|head: &HeadNote| head.epoch != life.epoch)
        {
            known.extend(missed.iter().map(|head| head.hash));
        }
        let (Kind::Head, Payload::Bytes(bytes)) = (record.kind, &record.payload) else { return };
        let Ok(note) = HeadNote::decode(bytes) else { return };
        match note.state {
            None => last = Some(note),
            Some(HeadNote::DOUBTED) => missed.push(note),
            Some(HeadNote::KNOWN) => {
                known.insert(note.hash);
            }
            Some(_) => {}
        }
    };
    // What is damaged is told by the check itself.
    let _ = Journal::open(disk).and_then(|mut journal| journal.read_new(keyring, &mut take));
    (last, missed, known)
}

fn head_json(head: &HeadNote) -> serde_json::Value {
    json!({
        "record": head.number,
        "hash": hex(&head.hash),
        "epoch": head.epoch.to_string(),
        "at": head.at.to_string(),
        "signature": hex(&head.signature),
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
