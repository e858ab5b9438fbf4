//! The one place that prints what commands return: as a table, as JSON, or as CSV.

mod csv;
mod json;
mod table;

use std::io;

use serde_json::Value;
use veldboek_core::record::Lang;

use crate::message::{Exit, Problem, Text};

/// How data is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    #[default]
    Table,
    /// JSON for programs.
    Json,
    /// CSV for spreadsheets and programs: the data under the names of the JSON.
    Csv,
}

/// What a command found or did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// For programs.
    pub(crate) value: Value,
    /// For people.
    pub(crate) tables: Vec<Table>,
    /// The columns that an item has in any case, for an empty list in a spreadsheet.
    pub(crate) columns: Vec<String>,
    /// Hints for standard error.
    pub(crate) notes: Vec<Text>,
    /// How it ended.
    pub(crate) exit: Exit,
    /// What stopped it half-way: told after what was done, and how it ended.
    pub(crate) problem: Option<Problem>,
    /// Whether it is JSON whatever the format: data to keep, not to look at.
    pub(crate) raw: bool,
}

impl Output {
    /// Data with the table that shows it.
    pub(crate) fn new(value: Value, table: Table) -> Self {
        Self { value, tables: vec![table], columns: Vec::new(), notes: Vec::new(), exit: Exit::Done, problem: None, raw: false }
    }

    /// Data to keep, as JSON in any format.
    pub(crate) fn raw(value: Value) -> Self {
        Self { value, tables: Vec::new(), columns: Vec::new(), notes: Vec::new(), exit: Exit::Done, problem: None, raw: true }
    }

    /// Another table behind it.
    pub(crate) fn and(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// A hint.
    pub(crate) fn note(mut self, note: Text) -> Self {
        self.notes.push(note);
        self
    }

    /// The columns of an item, also when there is none.
    pub(crate) fn columns<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Another ending than "done".
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

/// Columns with headings, rows, and remarks below.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table {
    /// What it shows.
    pub(crate) title: Option<String>,
    /// Headings; empty for a list of names and values.
    pub(crate) headings: Vec<String>,
    /// Cells.
    pub(crate) rows: Vec<Vec<String>>,
    /// Which columns hold numbers; absent: see what is in them.
    pub(crate) numeric: Option<Vec<bool>>,
    /// Remarks below it: the definition, the as-of date, how complete it is.
    pub(crate) notes: Vec<String>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<H: Into<String>>(headings: impl IntoIterator<Item = H>) -> Self {
        Self { headings: headings.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// A list of names and values: one thing, shown whole.
    pub(crate) fn sheet(rows: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { rows: rows.into_iter().map(|(name, value)| vec![name, value]).collect(), ..Self::default() }
    }

    /// With a title.
    pub(crate) fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Another row.
    pub(crate) fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

/// Prints the data in the wanted format.
pub(crate) fn print(output: &Output, format: Format, lang: Lang, width: Option<u16>, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        _ if output.raw => json::print(&output.value, out),
        Format::Table => table::print(&output.tables, lang, width, out),
        Format::Json => json::print(&output.value, out),
        Format::Csv => csv::print(&output.value, &output.columns, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Output {
        let mut table = Table::new(["Bestemming", "Aantal", "Percentage"]).titled("Uitstroom 2016-2017");
        table.row(["Arbeid", "26", "35,62"]);
        table.row(["Leren (BOL, MBO)", "9", "12,33"]);
        table.row(["=SOM(A1)", "-5", ""]);
        table.notes.push("Volledig: 3 van 3 apparaten".into());
        Output::new(serde_json::json!({"rows": [{"destination": "WORK", "count": 26}]}), table)
    }

    fn printed(format: Format) -> String {
        let mut out = Vec::new();
        print(&sample(), format, Lang::Nl, Some(80), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_has_numbers_on_the_right_and_its_remarks_below() {
        let expected = "\
Uitstroom 2016-2017
┌──────────────────┬────────┬────────────┐
│ Bestemming       ┆ Aantal ┆ Percentage │
╞══════════════════╪════════╪════════════╡
│ Arbeid           ┆     26 ┆      35,62 │
│ Leren (BOL, MBO) ┆      9 ┆      12,33 │
│ =SOM(A1)         ┆     -5 ┆            │
└──────────────────┴────────┴────────────┘
Volledig: 3 van 3 apparaten
";
        assert_eq!(printed(Format::Table), expected);
    }

    #[test]
    fn json_is_the_data_itself() {
        assert_eq!(
            printed(Format::Json),
            "{\n  \"rows\": [\n    {\n      \"destination\": \"WORK\",\n      \"count\": 26\n    }\n  ]\n}\n"
        );
    }

    #[test]
    fn csv_is_the_data_too_not_the_table() {
        assert_eq!(printed(Format::Csv), "destination,count\r\nWORK,26\r\n");
    }

    #[test]
    fn an_empty_list_says_so() {
        let mut out = Vec::new();
        let empty = Output::new(serde_json::json!([]), Table::new(["Referentie"]));
        print(&empty, Format::Table, Lang::Nl, None, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "(niets)\n");
    }
}
