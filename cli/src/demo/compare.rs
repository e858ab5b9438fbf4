//! Each published cell beside the computed one, from the JSON of the reports.

use serde_json::{Value, json};

use super::published::{self, number, text};

/// How a published cell and the computed one compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are equal.
    Equal,
    /// The published figure does not follow from its own table: known, and the computed one is right.
    Misprint,
    /// The source can be read in two ways; the computed one is equal in both.
    Ambiguous,
    /// They differ, and nobody knows why.
    Differs,
}

/// One published cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The row of the published table.
    pub row: String,
    /// Its column.
    pub column: &'static str,
    /// As published.
    pub published: String,
    /// As computed; for a cell with two readings one after the other. `-` when the report has no such figure.
    pub computed: Vec<String>,
    /// How they compare.
    pub verdict: Verdict,
}

/// One published table beside the computed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Which table.
    pub name: String,
    /// Cell by cell, in the order of the table.
    pub cells: Vec<Cell>,
}

impl Comparison {
    /// How many cells have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == verdict).count()
    }

    /// As in the demo's JSON: name, cells, equal, misprints, ambiguous, differs.
    pub fn to_json(&self) -> Value {
        let list = |verdict: Verdict| -> Vec<Value> {
            self.cells
                .iter()
                .filter(|cell| cell.verdict == verdict)
                .map(|cell| json!({"row": cell.row, "column": cell.column, "published": cell.published, "computed": cell.computed}))
                .collect()
        };
        json!({
            "name": self.name,
            "cells": self.cells.len(),
            "equal": self.count(Verdict::Equal),
            "misprints": list(Verdict::Misprint),
            "ambiguous": list(Verdict::Ambiguous),
            "differs": list(Verdict::Differs),
        })
    }

    fn add(&mut self, row: &str, column: &'static str, published: String, computed: Option<String>) {
        let computed = computed.unwrap_or_else(|| "-".to_owned());
        let verdict = if computed == published { Verdict::Equal } else { Verdict::Differs };
        self.cells.push(Cell { row: row.to_owned(), column, published, computed: vec![computed], verdict });
    }
}

/// The last line of the demo: `N published cells compared: E equal, 1 misprint, A ambiguous; M changes, 0 lost`. Cells that
/// differ are named only when there are any.
pub fn last_line(comparisons: &[Comparison], changes: usize, lost: usize) -> String {
    let count = |verdict| comparisons.iter().map(|comparison| comparison.count(verdict)).sum::<usize>();
    let cells: usize = comparisons.iter().map(|comparison| comparison.cells.len()).sum();
    let (misprints, differs) = (count(Verdict::Misprint), count(Verdict::Differs));
    let plural = if misprints == 1 { "" } else { "s" };
    let differing = if differs == 0 { String::new() } else { format!(", {differs} differ") };
    format!(
        "{cells} published cells compared: {} equal, {misprints} misprint{plural}, {} ambiguous{differing}; {changes} changes, {lost} lost",
        count(Verdict::Equal),
        count(Verdict::Ambiguous)
    )
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn row_where<'a>(report: &'a Value, key: &str, wanted: &str) -> Option<&'a Value> {
    report.get("rows")?.as_array()?.iter().find(|row| row.get(key).and_then(Value::as_str) == Some(wanted))
}

/// The outflow table of the report's school type and school year.
pub fn outflow(report: &Value) -> Comparison {
    let of = |key: &str| report.get(key).and_then(Value::as_str).unwrap_or_default();
    let (school_type, school_year) = (of("school_type"), of("school_year"));
    let mut comparison = Comparison { name: format!("outflow {school_type} {school_year}"), cells: Vec::new() };
    let lines = published::outflow();
    for line in lines.iter().filter(|line| text(line, "school_type") == school_type && text(line, "school_year") == school_year) {
        let destination = text(line, "destination_code");
        let row = if destination == "TOTAL" { report.get("total") } else { row_where(report, "destination", destination) };
        let cell = |key: &str| row.and_then(|row| row.get(key)).and_then(shown);
        comparison.add(text(line, "destination_nl"), "count", text(line, "count").to_owned(), cell("count"));
        comparison.add(text(line, "destination_nl"), "percent", text(line, "published_percent").to_owned(), cell("percent"));
        if let Some(last) = comparison.cells.last_mut()
            && text(line, "flag") == "PUBLISHED_DIFFERS"
            && last.computed == [text(line, "recomputed_percent")]
        {
            last.verdict = Verdict::Misprint;
        }
    }
    comparison
}

/// The budget table: the headcounts of each day, and the amounts by those of the last one. `reports` are budget reports of
/// the three reference dates.
pub fn budget(reports: &[Value]) -> Comparison {
    let mut comparison = Comparison { name: "budget".to_owned(), cells: Vec::new() };
    let on = |date: &str| reports.iter().find(|report| report.get("reference_date").and_then(Value::as_str) == Some(date));
    const DAYS: [(&str, &str); 3] =
        [("headcount_2016_10_01", "2016-10-01"), ("headcount_2017_10_01", "2017-10-01"), ("headcount_2018_10_01", "2018-10-01")];
    let euros = |value: &Value| {
        value.as_i64().map(|cents| if cents % 100 == 0 { (cents / 100).to_string() } else { format!("{cents} cents") })
    };
    for line in published::budget() {
        let school = text(&line, "school");
        let total = school == "TOTAL";
        for (column, date) in DAYS {
            let report = on(date);
            let headcount = |row: &Value| row.get("headcount").and_then(Value::as_i64);
            let computed = if total {
                let rows = report.and_then(|report| report.get("rows")).and_then(Value::as_array);
                rows.map(|rows| rows.iter().filter_map(headcount).sum::<i64>())
            } else {
                report.and_then(|report| row_where(report, "school", school)).and_then(headcount)
            };
            comparison.add(school, column, text(&line, column).to_owned(), computed.map(|count| count.to_string()));
        }
        let report = on(DAYS[2].1);
        let amount = if total {
            report.and_then(|report| report.get("total_cents"))
        } else {
            report.and_then(|report| row_where(report, "school", school)).and_then(|row| row.get("allocated_cents"))
        };
        comparison.add(school, "budget_published_eur", text(&line, "budget_published_eur").to_owned(), amount.and_then(euros));
    }
    comparison
}

/// The programmes that a published block may stand for: one, or one per reading.
fn programmes(block: &str) -> &'static [&'static str] {
    match block {
        "ZorgStart en WijkLeerbedrijf" => &["zorgstart"],
        "Bouw & Techniek Start" => &["bouw-techniek-start"],
        "The Young Digitals" => &["young-digitals"],
        "Horecatraject Basiskok" => &["basiskok"],
        "Chauffeur Leerlingenvervoer" => &["leerlingenvervoer"],
        "Jongerenspecialist (RBL)" => &["jongerenspecialist"],
        "Ontwikkeltrajecten block A (48/13)" => &["ontwikkeltrajecten-lezing-1", "doorstroombanen"],
        "Ontwikkeltrajecten block B (34/34/6)" => &["doorstroombanen-lezing-1", "trainingen"],
        _ => &[],
    }
}

/// The blocks of the programme monitor and the targets of the umbrella programme. `report` is the monitor of the whole
/// period without a choice of programme.
pub fn monitor(report: &Value, umbrella: &str) -> Comparison {
    const COLUMNS: [(&str, &str); 6] = [
        ("started", "started"),
        ("training_completed", "training_completed"),
        ("placed", "placed"),
        ("training_completed_percent_of_started", "training_completed_percent"),
        ("placed_percent_of_started", "placed_percent"),
        ("placed_percent_of_completed", "placed_percent_of_completed"),
    ];
    let mut comparison = Comparison { name: "monitor".to_owned(), cells: Vec::new() };
    for line in published::monitor() {
        let block = text(&line, "project");
        if text(&line, "category") == "TARGET" {
            targets(&mut comparison, &line, report, umbrella);
            continue;
        }
        for (column, key) in COLUMNS.into_iter().filter(|(column, _)| !text(&line, column).is_empty()) {
            let published = text(&line, column).to_owned();
            let computed: Vec<String> = programmes(block)
                .iter()
                .map(|code| row_where(report, "programme", code).and_then(|row| row.get(key)).and_then(shown))
                .map(|computed| computed.unwrap_or_else(|| "-".to_owned()))
                .collect();
            let equal = !computed.is_empty() && computed.iter().all(|computed| *computed == published);
            let verdict = match (equal, computed.len()) {
                (true, 1) => Verdict::Equal,
                (true, _) => Verdict::Ambiguous,
                (false, _) => Verdict::Differs,
            };
            comparison.cells.push(Cell { row: block.to_owned(), column, published, computed, verdict });
        }
    }
    comparison
}

fn targets(comparison: &mut Comparison, line: &published::Line, report: &Value, umbrella: &str) {
    let row = row_where(report, "programme", umbrella);
    let targets = row.and_then(|row| row.get("targets")).and_then(Value::as_array);
    for (column, metric) in [("started", "STARTED"), ("training_completed", "TRAINING_COMPLETED"), ("placed", "PLACED")] {
        let target = targets
            .and_then(|targets| targets.iter().find(|target| target.get("metric").and_then(Value::as_str) == Some(metric)));
        let value = target.and_then(|target| target.get("value")).and_then(shown);
        let published = number(line, column).map(|number| number.to_string()).unwrap_or_default();
        comparison.add(text(line, "project"), column, published, value);
    }
}
