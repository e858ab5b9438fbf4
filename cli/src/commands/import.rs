//! Files in: participants, leavers, trainings and placements as CSV, the register as TOML.

use std::collections::BTreeMap;
use std::path::Path;

use rand_core::Rng as _;
use serde_json::{Value, json};
use veldboek_core::field_book::{Job, Target};
use veldboek_core::ids::TraineeId;
use veldboek_core::import::register::{self as register_file, RegisterPlan};
use veldboek_core::import::{self, Existing, FileKind, ImportPlan, Note, NoteKind, Rejected, Setting, TraineeKey};
use veldboek_core::record::{Container, Lang, Scalar, Write};
use veldboek_core::rules::RuleBroken;

use super::book::Book;
use super::context::Context;
use crate::args::{ImportCommand, ImportFile};
use crate::message::{Exit, Problem, Text, system, text};
use crate::render::{Output, Table};
use crate::tables::{self, TableError};

/// So many dossiers become durable together.
const GROUP: usize = 500;

/// What an import did, or would do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Imported {
    /// Rows in the file.
    pub(crate) rows: usize,
    /// Rows that change something.
    pub(crate) changed_rows: usize,
    /// Rows that say what the import before said.
    pub(crate) unchanged_rows: usize,
    /// Dossiers that are new.
    pub(crate) new_dossiers: usize,
    /// Dossiers that existed and change.
    pub(crate) changed_dossiers: usize,
    /// Cells that a person edited since.
    pub(crate) conflicts: usize,
    /// Rows that are not imported.
    pub(crate) rejected: Vec<Rejected>,
    /// Remarks.
    pub(crate) notes: Vec<Note>,
    /// Columns that were left out.
    pub(crate) ignored: Vec<String>,
    /// The encoding that was recognised.
    pub(crate) encoding: Option<&'static str>,
}

/// `import`
pub(super) fn import(context: &Context<'_>, command: ImportCommand) -> Result<Output, Problem> {
    let (kind, file) = match command {
        ImportCommand::Participants(file) => (FileKind::Participants, file),
        ImportCommand::Leavers(file) => (FileKind::Leavers, file),
        ImportCommand::Trainings(file) => (FileKind::Trainings, file),
        ImportCommand::Placements(file) => (FileKind::Placements, file),
        ImportCommand::Register(file) => {
            let bytes = read(&file.file)?;
            let mut book = context.book()?;
            let imported = register(&mut book, &bytes, file.dry_run)?;
            return Ok(output(context, "register", &file.file, &imported, file.dry_run));
        }
    };
    let bytes = read(&file.file)?;
    let mut book = context.book()?;
    let imported = rows(&mut book, kind, &bytes, &file)?;
    Ok(output(context, kind.name(), &file.file, &imported, file.dry_run))
}

fn read(file: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(file).map_err(|error| Problem::File(file.to_owned(), system(&error)))
}

/// Imports a file of rows.
pub(crate) fn rows(book: &mut Book, kind: FileKind, bytes: &[u8], options: &ImportFile) -> Result<Imported, Problem> {
    book.may_write()?;
    let sheet = tables::read_csv(bytes, kind, options.ignore_columns)?;
    let register = book.inner.register()?;
    let organisation = options.organisation.clone().or(book.inner.identity().organisation);
    let mut salt = [0; 16];
    book.rng.fill_bytes(&mut salt);
    let setting =
        Setting { organisation: organisation.as_deref().unwrap_or_default(), today: book.today(), register: &register, salt };
    let wanted = import::trainees(&sheet.rows, setting);
    if organisation.is_none() && wanted.iter().any(|(organisation, _)| organisation.is_empty()) {
        return Err(Problem::Usage(
            text!(
                "bij welke organisatie deze dossiers horen, staat niet in het bestand en is hier niet bekend",
                "to which organisation these dossiers belong is not in the file and not known here"
            ),
            text!("noem haar met --organisation CODE", "name it with --organisation CODE"),
        ));
    }
    let mut existing: BTreeMap<TraineeKey, Existing> = BTreeMap::new();
    for (document, dossier) in book.inner.dossiers()? {
        let trainee = &dossier.trainee;
        let key = (trainee.organisation.clone().unwrap_or_default(), trainee.reference.clone().unwrap_or_default());
        let newer = existing.get(&key).is_none_or(|known| document < known.document);
        if wanted.contains(&key) && newer {
            let content = book.inner.content(document)?;
            existing.insert(key, Existing { document, content });
        }
    }
    let plan = import::plan(kind, &sheet.rows, &existing, setting);
    let ImportPlan { trainees, rows, changed_rows, unchanged_rows, proposals, rejected, notes } = plan;
    if trainees.iter().any(|trainee| !trainee.grants.is_empty()) {
        book.may_assign()?;
    }
    let new_dossiers = trainees.iter().filter(|trainee| trainee.document.is_none()).count();
    let imported = Imported {
        rows: rows + sheet.rejected.len(),
        changed_rows,
        unchanged_rows,
        new_dossiers,
        changed_dossiers: trainees.len() - new_dossiers,
        conflicts: proposals,
        rejected: sheet.rejected.into_iter().chain(rejected).collect(),
        notes,
        ignored: sheet.ignored,
        encoding: Some(sheet.encoding),
    };
    if !options.dry_run {
        let mut jobs = Vec::new();
        for trainee in trainees {
            let mut writes = trainee.writes;
            let target = match trainee.document {
                Some(document) => Target::Existing(document),
                None => {
                    let id = TraineeId::fresh(book.moment.at, &mut book.rng);
                    let value = Scalar::Bytes(id.as_bytes().to_vec());
                    writes.push(Write { container: Container::Trainee, entry: String::new(), key: "id".to_owned(), value });
                    Target::New
                }
            };
            let grants = trainee.grants.into_iter().map(|grant| (grant.person, grant.from, None)).collect();
            jobs.push(Job::new(target, writes).granting(grants));
        }
        while !jobs.is_empty() {
            let rest = jobs.split_off(jobs.len().min(GROUP));
            book.perform_all(jobs)?;
            jobs = rest;
        }
    }
    Ok(imported)
}

/// Imports a register file.
pub(crate) fn register(book: &mut Book, bytes: &[u8], dry_run: bool) -> Result<Imported, Problem> {
    book.may_write()?;
    if !book.coordinating() {
        return Err(RuleBroken::CoordinatorOnly.into());
    }
    let file = tables::read_register(bytes)?;
    let document = book.inner.register_document()?;
    let content = book.inner.content(document)?;
    let RegisterPlan { writes, rows, changed_rows, unchanged_rows, proposals, rejected, notes } =
        register_file::plan(&file.rows, &content, book.today());
    if !dry_run && !writes.is_empty() {
        book.inner.perform(document, writes, book.moment, &mut book.rng)?;
    }
    Ok(Imported { rows, changed_rows, unchanged_rows, conflicts: proposals, rejected, notes, ..Imported::default() })
}

fn output(context: &Context<'_>, kind: &str, file: &Path, imported: &Imported, dry_run: bool) -> Output {
    let lang = context.lang;
    let value = json!({
        "file": file.display().to_string(),
        "kind": kind,
        "dry_run": dry_run,
        "rows": imported.rows,
        "changed_rows": imported.changed_rows,
        "unchanged_rows": imported.unchanged_rows,
        "rejected_rows": imported.rejected.len(),
        "new_dossiers": imported.new_dossiers,
        "changed_dossiers": imported.changed_dossiers,
        "conflicts": imported.conflicts,
        "ignored_columns": imported.ignored,
        "encoding": imported.encoding,
        "rejected": imported.rejected.iter().map(|row| json!({
            "line": row.line,
            "column": row.column,
            "reason": row.reason.show(lang),
            "value": row.value,
        })).collect::<Vec<_>>(),
        "notes": imported.notes.iter().map(|note| json!({
            "kind": note.kind,
            "lines": note.lines,
            "column": note.column,
            "value": note.value,
            "message": note.reason.show(lang),
        })).collect::<Vec<Value>>(),
    });
    let mut rows = vec![
        (context.say("bestand", "file"), file.display().to_string()),
        (context.say("regels", "rows"), imported.rows.to_string()),
        (context.say("gewijzigd", "changed"), imported.changed_rows.to_string()),
        (context.say("ongewijzigd", "unchanged"), imported.unchanged_rows.to_string()),
        (context.say("geweigerd", "rejected"), imported.rejected.len().to_string()),
    ];
    for (nl, en, count) in [
        ("nieuwe dossiers", "new dossiers", imported.new_dossiers),
        ("gewijzigde dossiers", "changed dossiers", imported.changed_dossiers),
        ("te kiezen", "to settle", imported.conflicts),
    ] {
        if count > 0 {
            rows.push((context.say(nl, en), count.to_string()));
        }
    }
    let mut output = Output::new(value, Table::sheet(rows));
    if !imported.rejected.is_empty() {
        let mut table = context
            .headings(&["Regel|Line", "Kolom|Column", "Waarde|Value", "Waarom|Why"])
            .titled(context.say("Niet ingelezen", "Not imported"));
        for row in &imported.rejected {
            table.row([
                row.line.to_string(),
                row.column.clone().unwrap_or_default(),
                row.value.clone().unwrap_or_default(),
                row.reason.show(lang).to_owned(),
            ]);
        }
        output = output.and(table);
    }
    if !imported.notes.is_empty() {
        let mut table = context
            .headings(&["Regels|Lines", "Kolom|Column", "Waarde|Value", "Let op|Note"])
            .titled(context.say("Let op", "Note"));
        for note in &imported.notes {
            table.row([
                lines(note, lang),
                note.column.clone().unwrap_or_default(),
                note.value.clone().unwrap_or_default(),
                note.reason.show(lang).to_owned(),
            ]);
        }
        output = output.and(table);
    }
    if dry_run {
        output = output.note(text!(
            "niets geschreven; herhaal zonder --dry-run om het bestand in te lezen",
            "nothing was written; repeat without --dry-run to import the file"
        ));
    }
    if imported.notes.iter().any(|note| note.kind == NoteKind::Unlisted) {
        output = output.note(text!(
            "voeg namen die het register mist toe met `veldboek programme|school|employer|funding add`",
            "add names that the register lacks with `veldboek programme|school|employer|funding add`"
        ));
    }
    let attention = imported.conflicts > 0 || !imported.rejected.is_empty();
    if imported.conflicts > 0 {
        output = output.note(super::conflicts::resolve_hint());
    }
    if attention { output.exit(Exit::Attention) } else { output }
}

/// The lines of a remark, the first ones.
fn lines(note: &Note, lang: Lang) -> String {
    let shown = note.lines.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (note.lines.len().saturating_sub(5), lang) {
        (0, _) => shown,
        (more, Lang::Nl) => format!("{shown} en {more} andere"),
        (more, Lang::En) => format!("{shown} and {more} others"),
    }
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Self {
        let reason = error.reason();
        let halves = |text: &str| match text.split_once("; ") {
            Some((what, next)) => (what.to_owned(), next.to_owned()),
            None => (text.to_owned(), String::new()),
        };
        let ((nl, nl_next), (en, en_next)) = (halves(&reason.nl), halves(&reason.en));
        let next = match nl_next.is_empty() {
            true => text!("herstel het bestand en lees het opnieuw in", "mend the file and import it again"),
            false => Text::new(nl_next, en_next),
        };
        Problem::Rule(Text::new(nl, en), next)
    }
}
