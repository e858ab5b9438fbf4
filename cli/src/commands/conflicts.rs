//! Values that a person has to choose between.

use serde_json::{Value, json};
use veldboek_core::field_book::{Conflict, ConflictKind, CorrectedField, FieldBookError, field_of, show_cell};
use veldboek_core::record::{Container, Entry, Lang, Record as _, Scalar, Unreadable, Write};
use veldboek_core::rules::{Declaration, RuleBroken, Warning, check_cell};
use veldboek_core::visit::Correction;

use super::book::Book;
use super::context::{Context, warning_notes, warnings_json};
use super::look::{local, scalar_json};
use crate::args::{ConflictsCommand, Resolve};
use crate::message::{Problem, Text, text};
use crate::render::{Output, Table};

/// How to settle a conflict.
pub(super) fn resolve_hint() -> Text {
    text!(
        "kies met `veldboek conflicts resolve KENMERK --choose NUMMER`, of schrijf een andere waarde met --value",
        "choose with `veldboek conflicts resolve ID --choose NUMBER`, or write another value with --value"
    )
}

/// A conflict for programs.
pub(super) fn conflict_json(book: &mut Book, conflict: &Conflict, context: &Context<'_>) -> Value {
    let people = book.inner.people().unwrap_or_default();
    let versions: Vec<Value> = conflict
        .versions
        .iter()
        .enumerate()
        .map(|(index, version)| {
            json!({
                "number": index + 1,
                "value": scalar_json(&version.value),
                "shown": conflict.show(version, context.lang),
                "by": version.by,
                "by_name": people.get(&version.by),
                "at": version.at.map(|at| at.to_string()),
                "source": version.source,
            })
        })
        .collect();
    let (kind, place) = match &conflict.kind {
        ConflictKind::Field(container, entry, key) => ("field", Some((*container, entry.clone(), key))),
        ConflictKind::WrittenOnce(container, entry, key) => ("written_once", Some((*container, entry.clone(), key))),
        ConflictKind::Proposal(container, entry, key, _) => ("import", Some((*container, entry.clone(), key))),
        ConflictKind::Correction(CorrectedField { visit, key, .. }) => {
            ("correction", Some((Container::Corrections, visit.to_string(), key)))
        }
        ConflictKind::DuplicateReference(_) => ("duplicate_reference", None),
        ConflictKind::Clash(_) => ("two_primary_coaches", None),
    };
    json!({
        "id": conflict.id,
        "document": conflict.document.to_string(),
        "reference": conflict.reference,
        "kind": kind,
        "record": place.as_ref().map(|(container, ..)| container.key()),
        "entry": place.as_ref().map(|(_, entry, _)| entry),
        "field": place.as_ref().and_then(|(container, _, key)| field_of(*container, key).map(|(info, _)| info.name)),
        "field_label": conflict.field(context.lang),
        "versions": versions,
    })
}

/// Conflicts for people: a row per value.
pub(super) fn conflicts_table(book: &mut Book, conflicts: &[Conflict], context: &Context<'_>) -> Table {
    let people = book.inner.people().unwrap_or_default();
    let mut table =
        context.headings(&["Kenmerk|Id", "Dossier", "Wat|What", "Nr.|No.", "Waarde|Value", "Door|By", "Wanneer|When"]);
    for conflict in conflicts {
        let register = context.say("register", "register");
        let of = conflict.reference.clone().unwrap_or(register);
        for (index, version) in conflict.versions.iter().enumerate() {
            let first = index == 0;
            let by = people.get(&version.by).cloned().unwrap_or_else(|| version.by.clone());
            let by = version.source.as_ref().map_or(by.clone(), |source| format!("{by} ({source})"));
            table.row([
                if first { conflict.id.clone() } else { String::new() },
                if first { of.clone() } else { String::new() },
                if first { conflict.field(context.lang) } else { String::new() },
                (index + 1).to_string(),
                conflict.show(version, context.lang),
                by,
                version.at.map(local).unwrap_or_default(),
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
            let output = Output::new(json!({ "rows": rows }), table).columns([
                "reference",
                "id",
                "document",
                "kind",
                "record",
                "entry",
                "field",
                "field_label",
                "versions",
            ]);
            Ok(match all.is_empty() {
                true => output,
                false => output.note(resolve_hint()),
            })
        }
        Some(ConflictsCommand::Resolve(resolve)) => {
            book.may_write()?;
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
            if conflict.reference.is_none() && book.inner.register_document()? == conflict.document && !book.coordinating() {
                return Err(RuleBroken::CoordinatorOnly.into());
            }
            // Once it is settled, nothing says what it was about.
            let asked = conflict.field(context.lang);
            let (writes, shown, warnings) = settlement(&mut book, conflict, &resolve, context)?;
            book.inner.perform(conflict.document, writes, book.moment, &mut book.rng)?;
            let of = conflict.reference.clone().unwrap_or_else(|| context.say("register", "register"));
            let value = json!({
                "id": conflict.id,
                "reference": conflict.reference,
                "chosen": shown,
                "saved": "device",
                "warnings": warnings_json(&warnings, context.lang),
                "left": book.inner.conflicts()?.len(),
            });
            let rows = [(context.say("gekozen", "chosen"), format!("{of}  {asked}: {shown}"))];
            Ok(warning_notes(Output::new(value, Table::sheet(rows)), &warnings))
        }
    }
}

fn settlement(
    book: &mut Book,
    conflict: &Conflict,
    resolve: &Resolve,
    context: &Context<'_>,
) -> Result<(Vec<Write>, String, Vec<Warning>), Problem> {
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
    if !conflict.is_open() {
        return Err(FieldBookError::WrittenOnce.into());
    }
    if let Some(number) = resolve.choose {
        let Some(chosen) = number.checked_sub(1).and_then(|index| conflict.versions.get(index)) else {
            let count = conflict.versions.len();
            return Err(Problem::Usage(
                text!("er is geen waarde {number}", "there is no value {number}"),
                text!("kies een nummer van 1 tot en met {count}", "choose a number from 1 to {count}"),
            ));
        };
        let writes = book.inner.settle(conflict, chosen.value.clone(), book.moment, &mut book.rng)?;
        return Ok((writes, conflict.show(chosen, context.lang), Vec::new()));
    }
    let typed = resolve.value.clone().unwrap_or_default();
    if let ConflictKind::Correction(corrected) = &conflict.kind {
        return correction(book, conflict, corrected, &typed, resolve);
    }
    let (ConflictKind::Field(container, entry, key) | ConflictKind::Proposal(container, entry, key, _)) = &conflict.kind else {
        return Err(Problem::Usage(
            text!("hier kan alleen een nummer worden gekozen", "only a number can be chosen here"),
            text!("gebruik --choose NUMMER", "use --choose NUMBER"),
        ));
    };
    let value = parsed(*container, key, &typed)?;
    // What is typed here is entry like any other: the rules of the record hold.
    let declared = if resolve.no_bsn { Declaration::NotABsn } else { Declaration::Nothing };
    let content = book.inner.content(conflict.document)?;
    let standing = content.get(container).and_then(|entries| entries.get(entry)).cloned().unwrap_or_default();
    let warnings = check_cell(*container, &standing, key, &value, book.moment, declared)?;
    let shown = show_cell(*container, key, &value, context.lang).1;
    let writes = book.inner.settle(conflict, value, book.moment, &mut book.rng)?;
    Ok((writes, shown, warnings))
}

/// What a visit should have said, typed: a correction like any other, made with both in sight.
fn correction(
    book: &mut Book,
    conflict: &Conflict,
    corrected: &CorrectedField,
    typed: &str,
    resolve: &Resolve,
) -> Result<(Vec<Write>, String, Vec<Warning>), Problem> {
    let (field, member) = corrected.key.split_once(':').map_or((corrected.key.as_str(), None), |(key, of)| (key, Some(of)));
    let text = member.map_or(typed.to_owned(), |member| format!("{member}={typed}"));
    let cells = match field_of(Container::Corrections, field) {
        Some((info, _)) => (info.parse)(&text).map_err(|error| untyped(&error))?,
        None => Vec::new(),
    };
    let entry: Entry = cells.into_iter().map(|(suffix, value)| (format!("{field}{suffix}"), value)).collect();
    if entry.is_empty() {
        return Err(untyped(&Unreadable::new("'' is geen bekende waarde", "'' is not a known value")));
    }
    let dossier = book.inner.dossier(conflict.document)?;
    let check = crate::args::TextCheck { no_bsn: resolve.no_bsn };
    let planned = book.plan(Some(check), |by| match dossier.correct_visit(by, corrected.visit, Correction::read(&entry)) {
        // It reads like that already; saying so is what settles it.
        Err(RuleBroken::NothingToCorrect) => dossier.confirm_visit(by, corrected.visit, Correction::read(&entry)),
        planned => planned,
    })?;
    Ok((planned.writes, typed.to_owned(), planned.warnings))
}

fn untyped(error: &Unreadable) -> Problem {
    let (nl, en) = (error.message(Lang::Nl), error.message(Lang::En));
    Problem::Usage(
        text!("{nl}", "{en}"),
        text!("schrijf de waarde zoals bij de gewone opdracht", "write the value as with the ordinary command"),
    )
}

/// A typed value as the cell of a field.
fn parsed(container: Container, key: &str, typed: &str) -> Result<Scalar, Problem> {
    let Some((info, member)) = field_of(container, key) else { return Ok(Scalar::Text(typed.to_owned())) };
    if typed.trim().is_empty() {
        return Ok(Scalar::Null);
    }
    let text = member.map_or(typed.to_owned(), |member| format!("{member}={typed}"));
    let cells = (info.parse)(&text).map_err(|error| untyped(&error))?;
    Ok(cells.into_iter().next().map_or(Scalar::Null, |(_, value)| value))
}
