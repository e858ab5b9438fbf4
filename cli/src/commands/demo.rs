//! The demo: the product's whole job on real figures, with the real server on a loopback port. The people are invented.

mod server;
mod story;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::Context;
use crate::args::Demo;
use crate::clock;
use crate::demo::compare::{Comparison, Verdict, last_line};
use crate::demo::{REGIONS, region};
use crate::message::{Exit, Problem, system, text};
use crate::render::{Output, Table};

/// What one region's story came to.
#[derive(Default)]
struct Told {
    /// Changes that the coordinator ends with.
    changes: usize,
    /// Visits that were logged offline and are not there once, word for word.
    lost: usize,
    /// Visits that were logged offline.
    visits_offline: usize,
    /// Conflicts that were settled.
    conflicts_settled: usize,
    /// Published tables beside the computed ones.
    comparisons: Vec<Comparison>,
    /// What was shown on the way.
    tables: Vec<Table>,
}

/// `demo`
pub(super) fn demo(context: &mut Context<'_>, options: &Demo) -> Result<Output, Problem> {
    let elapsed = clock::stopwatch();
    let names: Vec<&str> = match &options.region {
        None => REGIONS.to_vec(),
        Some(name) => vec![name.as_str()],
    };
    let mut regions = Vec::new();
    for name in names {
        let known = REGIONS.join(", ");
        regions.push(region(name).ok_or_else(|| {
            Problem::Usage(
                text!("de demo kent geen regio '{name}'", "the demo has no region '{name}'"),
                text!("kies uit: {known}", "choose from: {known}"),
            )
        })?);
    }
    let mut temporary = None;
    let dir = match &options.keep {
        Some(dir) => kept(dir)?,
        None => {
            let made = tempfile::tempdir().map_err(|error| Problem::File(std::env::temp_dir(), system(&error)))?;
            let dir = made.path().to_owned();
            temporary = Some(made);
            dir
        }
    };
    let mut all = Told::default();
    for region in &regions {
        let told = story::tell(context, region, &dir.join(region.name))?;
        all.changes += told.changes;
        all.lost += told.lost;
        all.visits_offline += told.visits_offline;
        all.conflicts_settled += told.conflicts_settled;
        all.tables.extend(told.tables);
        all.tables.extend(told.comparisons.iter().map(|comparison| beside(context, comparison)));
        all.comparisons.extend(told.comparisons);
    }
    drop(temporary);
    let value = json!({
        "changes": all.changes,
        "lost": all.lost,
        "visits_offline": all.visits_offline,
        "conflicts_settled": all.conflicts_settled,
        "reports": all.comparisons.iter().map(Comparison::to_json).collect::<Vec<_>>(),
        "seconds": (elapsed() * 10.0).round() / 10.0,
    });
    let differing: usize = all.comparisons.iter().map(|comparison| comparison.count(Verdict::Differs)).sum();
    if let Some(last) = all.tables.last_mut() {
        last.notes.push(String::new());
        last.notes.push(last_line(&all.comparisons, all.changes, all.lost));
    }
    let mut tables = all.tables.into_iter();
    let mut output = Output::new(value, tables.next().unwrap_or_default());
    output = tables.fold(output, Output::and);
    if let (Some(dir), Some(region)) = (&options.keep, regions.first()) {
        let store = dir.join(region.name).join(region.coordinator.code).display().to_string();
        output = output.note(text!(
            "kijk verder met `veldboek --store {store} report caseload --as-of {day}`; de ingelezen bestanden staan ernaast in `files`",
            "look further with `veldboek --store {store} report caseload --as-of {day}`; the imported files are beside it in `files`",
            day = region.today
        ));
    }
    Ok(if all.lost == 0 && differing == 0 { output } else { output.exit(Exit::Failed) })
}

/// An empty directory to keep everything in.
fn kept(dir: &Path) -> Result<PathBuf, Problem> {
    let failed = |error: std::io::Error| Problem::File(dir.to_owned(), system(&error));
    std::fs::create_dir_all(dir).map_err(failed)?;
    if std::fs::read_dir(dir).map_err(failed)?.next().is_some() {
        let shown = dir.display().to_string();
        return Err(Problem::Rule(
            text!("de map {shown} is niet leeg", "the directory {shown} is not empty"),
            text!("kies een lege of nieuwe map voor --keep", "choose an empty or new directory for --keep"),
        ));
    }
    dir.canonicalize().map_err(failed)
}

/// A published table beside the computed one.
fn beside(context: &Context<'_>, comparison: &Comparison) -> Table {
    let mut table = context
        .headings(&["Rij|Row", "Kolom|Column", "Gepubliceerd|Published", "Berekend|Computed", "Oordeel|Verdict"])
        .titled(comparison.name.clone());
    for cell in &comparison.cells {
        let verdict = match cell.verdict {
            Verdict::Equal => context.say("gelijk", "equal"),
            Verdict::Misprint => context.say("drukfout in de bron", "misprint in the source"),
            Verdict::Ambiguous => context.say("twee lezingen, beide gelijk", "two readings, both equal"),
            Verdict::Differs => context.say("VERSCHILT", "DIFFERS"),
        };
        table.row([cell.row.clone(), cell.column.to_owned(), cell.published.clone(), cell.computed.join(" / "), verdict]);
    }
    table
}
