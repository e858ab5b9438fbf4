//! The figures that the regions published, as this repository keeps them.

use std::collections::BTreeMap;

const OUTFLOW: &str = include_str!("../../assets/published_outflow.csv");
const BUDGET: &str = include_str!("../../assets/published_budget_allocation.csv");
const MONITOR: &str = include_str!("../../assets/published_monitor_q1_2023.csv");

/// One line of a published table, by column.
pub(super) type Line = BTreeMap<String, String>;

fn lines(csv: &str) -> Vec<Line> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    reader
        .records()
        .filter_map(Result::ok)
        .map(|record| header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect())
        .collect()
}

/// The outflow tables.
pub(super) fn outflow() -> Vec<Line> {
    lines(OUTFLOW)
}

/// The budget table.
pub(super) fn budget() -> Vec<Line> {
    lines(BUDGET)
}

/// The blocks of the monitor and its targets; lines that were derived later are left out.
pub(super) fn monitor() -> Vec<Line> {
    lines(MONITOR).into_iter().filter(|line| !text(line, "project").starts_with("LINEAR")).collect()
}

/// A cell, or nothing.
pub(super) fn text<'a>(line: &'a Line, column: &str) -> &'a str {
    line.get(column).map_or("", String::as_str)
}

/// A cell as a number.
pub(super) fn number(line: &Line, column: &str) -> Option<i64> {
    text(line, column).parse().ok()
}
