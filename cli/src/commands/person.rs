//! Everything that this field book holds about one person: for the right of access.
//!
//! What is read from a record is in it by name and label; what is not (a value that was overwritten, one that a newer version
//! wrote, one that an import proposed) is in it all the same, since it is made from every cell and every change.

use serde_json::{Value, json};
use veldboek_core::field_book::{AccessItem, field_of, show_cell};
use veldboek_core::ids::DocumentId;
use veldboek_core::record::{Code, Content, Write};

use super::book::Book;
use super::conflicts::conflict_json;
use super::context::Context;
use super::find::reference;
use super::look::{record_name, scalar_json};
use super::{quarantine, work};
use crate::message::{Problem, Text, text};

/// One person's whole dossier.
pub(super) fn whole(context: &Context<'_>, book: &mut Book, document: DocumentId) -> Result<Value, Problem> {
    // First of all: with it come the dossiers as they are by now.
    let others = quarantine::in_dossier(context, book, document)?;
    let missing = others.is_none().then_some(book.inner.status()?.to_decide);
    let dossier = book.inner.dossier(document)?;
    let people = book.inner.people()?;
    let name = |code: &str| people.get(code).cloned();
    let identity = book.inner.identity();
    let (today, lang) = (book.today(), context.lang);
    let mut value = work::dossier_json(document, &dossier, today, lang);

    let access: Vec<Value> = book.inner.access_history(document)?.iter().map(|item| access_json(item, &name)).collect();
    let withdrawn: Vec<Value> = book
        .inner
        .withdrawals(&document)
        .iter()
        .map(|one| {
            json!({
                "entries": one.withdrawn.len(),
                "reason": one.reason,
                "by": one.by,
                "by_name": name(&one.by),
                "at": one.at.to_string(),
            })
        })
        .collect();

    let history = book.inner.history(document)?;
    let mut quarantined: Vec<Value> = book
        .inner
        .waiting()?
        .into_iter()
        .filter(|one| one.document == document)
        .map(|one| {
            json!({
                "change": one.hash.to_string(),
                "reason": one.reason.code(),
                "reason_label": one.reason.while_waiting(lang),
                "at": one.at.map(|at| at.to_string()),
                "writes": writes(&one.writes, context),
            })
        })
        .collect();
    let known: Vec<Value> = quarantined.iter().map(|one| one["change"].clone()).collect();
    quarantined.extend(others.into_iter().flatten().filter(|one| !known.contains(&one["change"])));
    let refused: Vec<Value> = book
        .inner
        .refused()?
        .into_iter()
        .filter(|(item, _)| item.document == document)
        .map(|(item, said)| {
            json!({
                "change": item.hash.to_string(),
                "reason": item.reason.code(),
                "reason_label": item.reason.label(lang),
                "at": item.at.to_string(),
                "writes": writes(&said, context),
            })
        })
        .collect();
    let changes: Vec<Value> = history
        .iter()
        .map(|item| {
            json!({
                "change": item.hash.to_string(),
                "at": item.at.to_string(),
                "person": item.person,
                "name": item.person.as_deref().and_then(name),
                "device": item.device.to_string(),
                "saved": item.saved.name(),
                "writes": writes(&item.writes, context),
            })
        })
        .collect();
    let all = book.inner.conflicts()?;
    let conflicts: Vec<Value> =
        all.iter().filter(|one| one.document == document).map(|one| conflict_json(book, one, context)).collect();
    let asked = super::erasing::asked_json(book, document);
    let more = json!({
        "reference": reference(document, &dossier),
        "exported_at": book.moment.at.to_string(),
        "exported_by": identity.person,
        "exported_on_device": identity.device.to_string(),
        "readable": readable(&book.inner.content(document)?, context),
        "access": access,
        "withdrawn": withdrawn,
        "conflicts": conflicts,
        "quarantined": quarantined,
        "quarantined_complete": missing.is_none(),
        "quarantined_last_told": missing,
        "refused": refused,
        "erasure_asked": asked,
        "history": changes,
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    Ok(value)
}

/// What the file says is missing from it, in words; nothing when nothing is.
pub(super) fn incomplete(whole: &Value) -> Option<Text> {
    let count = whole["quarantined_last_told"].as_u64().filter(|_| whole["quarantined_complete"] == false)?;
    Some(match count {
        0 => text!(
            "let op: wat van anderen wacht op een besluit staat alleen bij de server en hier niet in; laat een coördinator dit \
             opnieuw maken terwijl de server te bereiken is",
            "note: what others wrote and what waits for a decision is at the server only and not in here; let a coordinator make \
             this again while the server can be reached"
        ),
        _ => text!(
            "let op: wat van anderen wacht op een besluit staat hier niet in; volgens de laatste uitwisseling wachten er {count} \
             wijzigingen in de organisatie. Maak dit opnieuw terwijl de server te bereiken is",
            "note: what others wrote and what waits for a decision is not in here; at the last exchange {count} changes waited in \
             the organisation. Make this again while the server can be reached"
        ),
    })
}

/// One decision about who may see the dossier.
fn access_json(item: &AccessItem, name: &dyn Fn(&str) -> Option<String>) -> Value {
    let at = item.at().to_string();
    match item {
        AccessItem::Opened { person, .. } => json!({ "what": "opened", "person": person, "name": name(person), "at": at }),
        AccessItem::Granted { grant, reason, note } => json!({
            "what": "granted",
            "person": grant.person,
            "name": name(&grant.person),
            "from": grant.from,
            "until": grant.until,
            "reason": reason,
            "note": note,
            "grant_note": grant.note,
            "by": grant.by,
            "by_name": name(&grant.by),
            "at": at,
        }),
        AccessItem::Ended { end, reason } => json!({
            "what": "ended",
            "person": end.person,
            "name": name(&end.person),
            "on": end.on,
            "reason": reason,
            "by": end.by,
            "by_name": name(&end.by),
            "at": at,
        }),
        AccessItem::Decided(decision) => json!({
            "what": if decision.accepted { "accepted" } else { "refused" },
            "changes": decision.changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "reason": decision.reason,
            "by": decision.by,
            "by_name": name(&decision.by),
            "at": at,
        }),
    }
}

/// Every cell of a document, with what its record and field are called.
fn readable(content: &Content, context: &Context<'_>) -> Vec<Value> {
    let mut records = Vec::new();
    for (container, entries) in content {
        for (entry, cells) in entries {
            let fields: Vec<Value> = cells
                .iter()
                .map(|(key, value)| {
                    let (label, shown) = show_cell(*container, key, value, context.lang);
                    json!({ "label": label, "shown": shown, "value": scalar_json(value) })
                })
                .collect();
            records.push(json!({
                "record": record_name(*container, context),
                "container": container.key(),
                "id": entry,
                "fields": fields,
            }));
        }
    }
    records
}

/// What a change wrote, field by field.
pub(super) fn writes(writes: &[Write], context: &Context<'_>) -> Vec<Value> {
    writes
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
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;
    use veldboek_core::field_book::fields_of;
    use veldboek_core::ids::EntryId;
    use veldboek_core::notes::Setup;
    use veldboek_core::record::{Container, Lang, Scalar};

    use super::*;
    use crate::console::Console;

    /// Cells for a field, from the first of these texts that it takes.
    fn sample(parse: fn(&str) -> Result<Vec<veldboek_core::record::Cell>, veldboek_core::record::Unreadable>) -> Vec<Write> {
        let id = EntryId::from_bytes([7; 16]).to_string();
        let texts = ["2025-03-31T10:15", "2025-03-31 10:15", "2025-03-31", "2025-03-31T10:15:00Z", "37", "ja", id.as_str()];
        let codes =
            |error: &str| error.split_once("choose from: ").map(|(_, list)| list.split(", ").map(str::to_owned).collect());
        let mut tries: Vec<String> = Vec::new();
        if let Err(error) = parse("?") {
            let listed: Vec<String> = codes(&error.to_string()).unwrap_or_default();
            tries.extend(listed);
        }
        if let Err(error) = parse("?=3") {
            let listed: Vec<String> = codes(&error.to_string()).unwrap_or_default();
            tries
                .extend(listed.iter().flat_map(|code| [format!("{code}=3"), format!("{code}=2025-03-31"), format!("{code}=ja")]));
        }
        tries.push("2025-03-31=3".into());
        tries.extend(texts.iter().map(|text| (*text).to_owned()));
        let cells = tries.iter().find_map(|text| parse(text).ok().filter(|cells| !cells.is_empty()));
        let write = |(key, value)| Write { container: Container::Trainee, entry: String::new(), key, value };
        cells.unwrap_or_default().into_iter().map(write).collect()
    }

    #[test]
    fn every_field_of_every_record_is_in_it_with_its_label_and_its_history() {
        let folder = tempfile::tempdir().unwrap();
        let setup = Setup {
            region: "proefregio".into(),
            organisation: Some("wf".into()),
            person: Some("anna".into()),
            display_name: Some("Anna de Wit".into()),
            server_url: None,
            server: None,
            server_keys: None,
        };
        let mut book = Book::create(folder.path(), setup, None).unwrap();
        let globals = crate::args::Cli::try_parse_from(["veldboek", "status"]).unwrap().globals;
        let mut writes: Vec<Write> = Vec::new();
        let mut filled = 0;
        for container in Container::DOSSIER {
            let entry = if *container == Container::Trainee { String::new() } else { EntryId::from_bytes([9; 16]).to_string() };
            for info in fields_of(*container) {
                let cells = sample(info.parse);
                assert!(!cells.is_empty(), "no sample for {} of {}", info.name, container.key());
                filled += 1;
                writes.extend(cells.into_iter().map(|cell| Write {
                    container: *container,
                    entry: entry.clone(),
                    // A text of its own in each field, so that each is looked for.
                    value: match cell.value {
                        Scalar::Text(_) if (info.parse)("?").is_ok() => {
                            Scalar::Text(format!("tekst-{}-{}", container.key(), info.name))
                        }
                        other => other,
                    },
                    key: format!("{}{}", info.key, cell.key),
                }));
            }
        }
        assert!(filled > 100, "{filled}");
        // What an import proposed and what a newer version wrote are part of it too.
        writes.push(Write {
            container: Container::Proposals,
            entry: "trainee//ref".into(),
            key: "v".into(),
            value: Scalar::Text("voorgesteld".into()),
        });
        writes.push(Write {
            container: Container::Visits,
            entry: EntryId::from_bytes([9; 16]).to_string(),
            key: "toekomst".into(),
            value: Scalar::Text("van een nieuwere versie".into()),
        });
        let (moment, rng) = (book.moment, &mut book.rng);
        let document = book.inner.found(writes.clone(), moment, rng).unwrap();
        let again = Write {
            container: Container::Trainee,
            entry: String::new(),
            key: "gn".into(),
            value: Scalar::Text("Later anders genoemd".into()),
        };
        book.inner.perform(document, vec![again], moment, &mut book.rng).unwrap();

        for lang in [Lang::Nl, Lang::En] {
            let mut console = Console::with(std::io::sink(), std::io::sink(), std::io::empty());
            let context = Context { globals: globals.clone(), lang, console: &mut console };
            let whole = whole(&context, &mut book, document).unwrap();
            let readable: BTreeSet<(String, String, String)> = whole["readable"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|record| {
                    let container = record["container"].as_str().unwrap().to_owned();
                    record["fields"].as_array().unwrap().iter().map(move |field| {
                        let text = |key: &str| field[key].as_str().unwrap().to_owned();
                        (container.clone(), text("label"), text("shown"))
                    })
                })
                .collect();
            let history = whole["history"].to_string();
            for write in &writes {
                let (label, shown) = show_cell(write.container, &write.key, &write.value, lang);
                let now = if write.key == "gn" && write.container == Container::Trainee {
                    "Later anders genoemd".into()
                } else {
                    shown.clone()
                };
                let place = (write.container.key().to_owned(), label.clone(), now);
                assert!(readable.contains(&place), "{place:?} is missing");
                assert!(history.contains(&json!(shown).to_string()), "{label}: {shown} is not in the history");
            }
            // Who wrote it, and who could see it from when.
            assert_eq!(whole["history"][0]["person"], "anna");
            assert_eq!(whole["access"][0]["what"], "opened");
            assert_eq!(whole["access"][0]["person"], "anna");
        }
    }
}
