//! The exchange as a file, for a stick, a mail or two laptops in one room.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use veldboek_core::bundle::BundleError;
use veldboek_core::field_book::{Conflict, ExchangeError, Merged};
use veldboek_core::record::{Code, Lang};
use veldboek_core::wire::Reason;

use super::book::Book;
use super::conflicts::{conflict_json, conflicts_table, resolve_hint};
use super::context::Context;
use super::find::reference;
use crate::args::{BundleExport, BundleFiles};
use crate::message::{Exit, Problem, Text, halves, system, text};
use crate::render::{Output, Table};

/// `bundle export`
pub(super) fn export(context: &mut Context<'_>, export: &BundleExport) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let (bytes, changes) = book
        .inner
        .export_bundle(export.all, &export.to, book.moment, &mut book.rng)
        .map_err(|error| problem(error, &export.file))?;
    write_new(context, &export.file, &bytes)?;
    let shown = export.file.display().to_string();
    let value = json!({ "file": shown, "bytes": bytes.len(), "changes": changes });
    let size = bytes.len();
    let what = match context.lang {
        Lang::Nl => format!("{shown}  {changes} wijzigingen, {size} bytes"),
        Lang::En => format!("{shown}  {changes} changes, {size} bytes"),
    };
    let rows = [(context.say("bundel geschreven", "bundle written"), what)];
    Ok(Output::new(value, Table::sheet(rows)).note(text!(
        "de ontvanger neemt hem op met `veldboek merge {shown}`",
        "the receiver takes it in with `veldboek merge {shown}`"
    )))
}

/// Writes a file whole or not at all, and asks before it replaces another.
pub(super) fn write_new(context: &mut Context<'_>, file: &Path, bytes: &[u8]) -> Result<(), Problem> {
    if file.exists() {
        let shown = file.display().to_string();
        let question = text!("{shown} bestaat al; vervangen?", "{shown} exists already; replace it?");
        context.console.confirm(&question, context.globals.yes, context.lang)?;
    }
    let failed = |error: std::io::Error| Problem::File(file.to_owned(), system(&error));
    let dir = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut whole = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    whole.write_all(bytes).and_then(|()| whole.as_file().sync_all()).map_err(failed)?;
    whole.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Takes in one bundle file.
pub(super) fn take_in(book: &mut Book, file: &Path) -> Result<Merged, Problem> {
    let bytes = std::fs::read(file).map_err(|error| Problem::File(file.to_owned(), system(&error)))?;
    book.inner.merge_bundle(&bytes, book.moment, &mut book.rng).map_err(|error| problem(error, file))
}

/// `merge`, `bundle import`
pub(super) fn merge(context: &Context<'_>, files: &BundleFiles) -> Result<Output, Problem> {
    let mut book = context.book()?;
    let before: BTreeSet<String> = book.inner.conflicts()?.into_iter().map(|conflict| conflict.id).collect();
    let mut table = context.headings(&[
        "Bestand|File",
        "Nieuw|New",
        "Al bekend|Known",
        "Wacht|Waits",
        "Naar de server|To the server",
        "Geweigerd|Refused",
        "Dossiers",
    ]);
    let (mut rows, mut attention, mut notes) = (Vec::new(), false, Vec::new());
    for file in &files.files {
        let merged = take_in(&mut book, file)?;
        let shown = file.display().to_string();
        attention |= !merged.refused.is_empty() || merged.waiting + merged.carried + merged.no_room > 0;
        let touched: Vec<String> = merged
            .touched
            .iter()
            .map(|document| match book.inner.dossier(*document) {
                Ok(dossier) => reference(*document, &dossier),
                Err(_) => context.say("register", "register"),
            })
            .collect();
        table.row([
            shown.clone(),
            merged.received.to_string(),
            merged.known.to_string(),
            merged.waiting.to_string(),
            merged.carried.to_string(),
            merged.refused.len().to_string(),
            touched.join(", "),
        ]);
        for (document, why) in &merged.refused {
            let (nl, en) = (why.show(Lang::Nl), why.show(Lang::En));
            notes.push(text!("niet opgenomen, {document}: {nl}", "not taken in, {document}: {en}"));
        }
        notes.extend(super::own_devices::notices(&merged.own_devices));
        if merged.refused.iter().any(|(_, why)| matches!(why.reason, Reason::Revoked | Reason::NoGrant)) {
            notes.push(text!(
                "bewaar {shown}: het kan de enige kopie zijn. Laat een coördinator het opnemen met `veldboek merge`; dan gaat het \
                 naar de server en wacht het op een besluit",
                "keep {shown}: it may be the only copy. Let a coordinator take it in with `veldboek merge`; then it goes to the \
                 server and waits for a decision"
            ));
        }
        if merged.carried > 0 {
            let carried = merged.carried;
            notes.push(text!(
                "{carried} wijzigingen in {shown} zijn van een ingetrokken apparaat of van iemand zonder toegang: ze tellen nog niet, \
                 gaan met de volgende `veldboek sync` naar de server en wachten daar op een besluit (`veldboek quarantine list`)",
                "{carried} changes in {shown} are of a revoked device or of somebody without access: they do not count yet, go to \
                 the server with the next `veldboek sync`, and wait there for a decision (`veldboek quarantine list`)"
            ));
        }
        if merged.no_room > 0 {
            let beyond = merged.no_room;
            notes.push(text!(
                "bewaar {shown}: voor nog {beyond} wijzigingen hieruit is geen plaats, omdat er van dat apparaat al zoveel wachten als \
                 mag. Stuur ze op met `veldboek sync`, beslis erover (`veldboek quarantine list`) of haal van de lijst wat de server \
                 niet aanneemt (`veldboek quarantine dismiss KENMERK`), en neem {shown} dan nog eens op",
                "keep {shown}: there is no room for {beyond} more changes in it, because as many of that device wait already as may. \
                 Send them with `veldboek sync`, decide about them (`veldboek quarantine list`) or take off the list what the server \
                 does not take (`veldboek quarantine dismiss ID`), and take in {shown} again then"
            ));
        }
        notes.extend(super::erasing::notices(&merged.wiped));
        notes.extend(super::erasing::kept_notices(&merged.kept));
        attention |= !merged.kept.is_empty();
        if merged.waiting > 0 {
            let waiting = merged.waiting;
            notes.push(text!(
                "{waiting} wijzigingen bouwen op andere die hier nog niet zijn: neem eerst die op, daarna {shown} nog eens",
                "{waiting} changes build on others that are not here yet: take those in first, then {shown} again"
            ));
        }
        rows.push(json!({
            "file": shown,
            "received": merged.received,
            "known": merged.known,
            "waiting": merged.waiting,
            "carried": merged.carried,
            "no_room": merged.no_room,
            "refused": merged.refused.iter().map(|(document, why)| json!({
                "document": document.to_string(),
                "reason": why.reason.code(),
                "reason_label": why.reason.label(context.lang),
                "step": why.step.map(Code::code),
            })).collect::<Vec<_>>(),
            "touched": touched,
            "wiped": super::erasing::wiped_json(&merged.wiped),
            "new_devices": super::own_devices::json(&merged.own_devices),
            "kept": super::erasing::kept_json(&merged.kept),
        }));
    }
    let conflicts: Vec<Conflict> =
        book.inner.conflicts()?.into_iter().filter(|conflict| conflict.is_open() && !before.contains(&conflict.id)).collect();
    attention |= !conflicts.is_empty();
    let listed: Vec<Value> = conflicts.iter().map(|conflict| conflict_json(&mut book, conflict, context)).collect();
    let mut output = Output::new(json!({ "files": rows, "conflicts": listed }), table);
    if !conflicts.is_empty() {
        output = output.and(conflicts_table(&mut book, &conflicts, context)).note(resolve_hint());
    }
    let output = notes.into_iter().fold(output, Output::note);
    Ok(if attention { output.exit(Exit::Attention) } else { output })
}

/// Why a bundle was not made or not taken in.
pub(super) fn problem(error: ExchangeError, file: &Path) -> Problem {
    let rule = |what: Text, next: Text| Problem::Rule(what, next);
    let shown = file.display().to_string();
    match error {
        ExchangeError::NotEnrolled => rule(
            text!(
                "bundels zijn voor aangemelde apparaten: die weten wiens handtekening van wie is",
                "bundles are for enrolled devices, which know whose signature is whose"
            ),
            Problem::NotEnrolled.hint(),
        ),
        ExchangeError::UnknownPerson(person) => rule(
            text!("niemand heeft hier de code '{person}'", "nobody here has the code '{person}'"),
            text!(
                "`veldboek coach list` toont de codes, `veldboek sync` haalt nieuwe op",
                "`veldboek coach list` shows the codes, `veldboek sync` brings new ones"
            ),
        ),
        ExchangeError::NoAccess(person, count) => rule(
            text!(
                "'{person}' mag bij {count} van de dossiers in deze bundel niet",
                "'{person}' has no access to {count} of the dossiers in this bundle"
            ),
            text!(
                "wijs de dossiers eerst toe (`veldboek assign`), of laat --to weg",
                "assign the dossiers first (`veldboek assign`), or leave --to out"
            ),
        ),
        ExchangeError::Store(error) => error.into(),
        ExchangeError::Bundle(BundleError::NoRecipients) => rule(
            text!("er is niemand die deze bundel zou kunnen openen", "there is nobody who could open this bundle"),
            text!(
                "draai één keer `veldboek sync`, of noem de ontvanger met --to CODE",
                "run `veldboek sync` once, or name the receiver with --to CODE"
            ),
        ),
        ExchangeError::Bundle(BundleError::Format(why)) => rule(
            text!("{shown} is geen hele bundel", "{shown} is not a whole bundle ({why})"),
            text!("kopieer het bestand nog eens, of vraag om een nieuwe bundel", "copy the file again, or ask for a new bundle"),
        ),
        ExchangeError::Bundle(BundleError::OtherRegion(region)) => rule(
            text!("{shown} is van de regio '{region}'", "{shown} is of region '{region}'"),
            text!(
                "open de bundel in een veldboek van die regio (--store MAP)",
                "open the bundle in a field book of that region (--store DIR)"
            ),
        ),
        ExchangeError::Bundle(BundleError::NotForThisDevice { sender }) => rule(
            text!("{shown} is niet voor dit apparaat gemaakt", "{shown} was not made for this device"),
            text!(
                "vraag de gebruiker van apparaat {sender} om een nieuwe bundel, nadat u beiden hebt uitgewisseld met de server",
                "ask the user of device {sender} for a new bundle, after both of you have synced"
            ),
        ),
        ExchangeError::Bundle(BundleError::Changed { sender }) => rule(
            text!("{shown} is onderweg veranderd of beschadigd", "{shown} was changed or damaged on the way"),
            text!(
                "kopieer het bestand nog eens, of vraag de gebruiker van apparaat {sender} om een nieuwe bundel",
                "copy the file again, or ask the user of device {sender} for a new bundle"
            ),
        ),
        ExchangeError::Bundle(error) => {
            let ((nl, nl_next), (en, en_next)) = (halves(&error.message(Lang::Nl)), halves(&error.message(Lang::En)));
            rule(Text::new(nl, en), Text::new(nl_next, en_next))
        }
    }
}
