//! Tables for people.

use std::io::{self, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement};
use veldboek_core::record::Lang;

use super::Table;

pub(super) fn print(tables: &[Table], lang: Lang, width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
    for (number, table) in tables.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        if let Some(title) = &table.title {
            writeln!(out, "{title}")?;
        }
        if table.rows.is_empty() {
            writeln!(out, "{}", if lang == Lang::Nl { "(niets)" } else { "(nothing)" })?;
        } else if table.headings.is_empty() {
            sheet(table, out)?;
        } else {
            writeln!(out, "{}", grid(table, width))?;
        }
        for note in &table.notes {
            writeln!(out, "{note}")?;
        }
    }
    Ok(())
}

/// Names and values, aligned, without a frame.
fn sheet(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let widest = table.rows.iter().filter_map(|row| row.first()).map(|name| name.chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        let mut cells = row.iter();
        let name = cells.next().map_or("", String::as_str);
        let value = cells.map(String::as_str).collect::<Vec<_>>().join("  ");
        let pad = " ".repeat(widest - name.chars().count());
        writeln!(out, "{}", format!("{name}{pad}  {}", value.replace('\n', "\n    ")).trim_end())?;
    }
    Ok(())
}

fn grid(table: &Table, width: Option<u16>) -> comfy_table::Table {
    let mut grid = comfy_table::Table::new();
    grid.load_style(UTF8_FULL_CONDENSED);
    if let Some(width) = width {
        grid.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    let right = table.numeric.clone().unwrap_or_else(|| (0..table.headings.len()).map(|column| numeric(table, column)).collect());
    let aligned = |column: usize, text: &String| {
        let to = if right.get(column).copied().unwrap_or(false) { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(text).set_alignment(to)
    };
    grid.set_header(table.headings.iter().enumerate().map(|(column, text)| aligned(column, text)));
    for row in &table.rows {
        grid.add_row(row.iter().enumerate().map(|(column, text)| aligned(column, text)));
    }
    grid
}

/// Whether a column holds nothing but numbers.
fn numeric(table: &Table, column: usize) -> bool {
    let mut cells =
        table.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty() && *cell != "-").peekable();
    cells.peek().is_some()
        && cells.all(|cell| {
            let bare = cell.trim_start_matches("€ ").trim_start_matches('-').trim_end_matches(['%', ' ']);
            bare.starts_with(|first: char| first.is_ascii_digit())
                && bare.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',')
        })
}
