//! Tables as CSV, for spreadsheets: the same headings as on the screen, tables separated by an empty line.

use std::io::{self, Write};

use super::Table;

pub(super) fn print(tables: &[Table], out: &mut dyn Write) -> io::Result<()> {
    for (number, table) in tables.iter().enumerate() {
        if number > 0 {
            out.write_all(b"\r\n")?;
        }
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(&mut *out);
        if !table.headings.is_empty() {
            writer.write_record(&table.headings)?;
        }
        for row in &table.rows {
            writer.write_record(row.iter().map(|cell| disarmed(cell)))?;
        }
        writer.flush()?;
    }
    Ok(())
}

/// Text that a spreadsheet would take for a formula gets an apostrophe before it: a report is written by people.
fn disarmed(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = cell.replace([',', '.'], "").trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
    if formula && !number { format!("'{cell}") } else { cell.to_owned() }
}
