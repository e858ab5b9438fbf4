//! Data as CSV, for spreadsheets and scripts: what the JSON says, one line per item, under the same names.
//!
//! - The items are those of the list that the command is about (`rows`; `files` of `merge`, `rejected` of `import`,
//!   `reports` of `demo`); a command about one thing gives one line. What the JSON says beside the list stands behind the
//!   items, repeated on each line; where an item has a column of that name, `report_` is put before it.
//! - A thing within a thing becomes columns `thing_part`. A map whose keys are codes or days becomes `KEY=value` pairs.
//!   Lists and pairs are joined with `|`; in a list of things each part is such a column, in the same order. A `|` or `\` in
//!   a member has a `\` before it.
//! - Comma, UTF-8, CRLF, quotes where needed (RFC 4180); what is absent is empty. A text that a spreadsheet would take for
//!   a formula has an apostrophe before it.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use serde_json::{Map, Value};

/// The lists that commands are about.
const LISTS: [&str; 4] = ["rows", "files", "rejected", "reports"];
/// What people look for first.
const FIRST: [&str; 3] = ["reference", "id", "code"];

/// Prints the data; `columns` are those of a list that happens to be empty.
pub(super) fn print(value: &Value, columns: &[String], out: &mut dyn Write) -> io::Result<()> {
    let (items, whole) = parts(value);
    let mut sheet = Sheet::default();
    for column in columns {
        sheet.column(column);
    }
    for item in &items {
        sheet.add(flattened(item));
    }
    let whole: Vec<(String, Cell)> = flattened(&Value::Object(whole))
        .cells
        .into_iter()
        .map(|(name, cell)| if sheet.places.contains_key(&name) { (format!("report_{name}"), cell) } else { (name, cell) })
        .collect();
    // A report says what it counted and when also when it counted nothing.
    if items.is_empty() && value.get("definition").is_some() {
        sheet.lines.push(HashMap::new());
    }
    sheet.write(&whole, out)
}

/// The items, and what is said beside them.
fn parts(value: &Value) -> (Vec<Value>, Map<String, Value>) {
    let Value::Object(map) = value else {
        let items = match value {
            Value::Array(items) => items.clone(),
            other => vec![other.clone()],
        };
        return (items, Map::new());
    };
    match LISTS.into_iter().find(|name| map.get(*name).is_some_and(Value::is_array)) {
        Some(list) => {
            let mut whole = map.clone();
            let items = match whole.remove(list) {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            };
            (items, whole)
        }
        None => (vec![value.clone()], Map::new()),
    }
}

/// The text of a cell.
#[derive(Debug, Clone, Default)]
struct Cell {
    text: String,
    /// A number or a truth value: never a formula.
    plain: bool,
    /// An empty list or map, whose parts are columns of their own elsewhere.
    hollow: bool,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// As it is written: text that a spreadsheet would take for a formula gets an apostrophe before it, because people
    /// write it. Whoever reads it back takes one apostrophe away before any of these characters.
    fn written(&self) -> String {
        let formula = self.text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']);
        if formula && !self.plain && !is_decimal(&self.text) { format!("'{}", self.text) } else { self.text.clone() }
    }
}

/// Whether it is a number as the JSON writes them, percentages included.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let bare = text.strip_prefix('-').unwrap_or(text);
    bare.split_once('.').map_or_else(|| digits(bare), |(whole, rest)| digits(whole) && digits(rest))
}

/// The cells of one item by the names of their columns, in order, and the names of what was taken apart.
#[derive(Debug, Default)]
struct Flat {
    cells: Vec<(String, Cell)>,
    apart: HashSet<String>,
}

fn flattened(value: &Value) -> Flat {
    let mut flat = Flat::default();
    flatten(value, "", &mut flat);
    flat
}

fn flatten(value: &Value, name: &str, flat: &mut Flat) {
    let cell = match value {
        Value::Null => Cell::default(),
        Value::Bool(_) | Value::Number(_) => Cell { text: value.to_string(), plain: true, hollow: false },
        Value::String(text) => Cell::text(text.clone()),
        Value::Object(map) if map.is_empty() => {
            if name.is_empty() {
                return;
            }
            Cell { hollow: true, ..Cell::default() }
        }
        Value::Array(items) if items.is_empty() => Cell { hollow: true, ..Cell::default() },
        Value::Object(map) if !map.keys().all(|key| is_name(key)) => {
            let pairs = map.iter().map(|(key, value)| member(&format!("{key}={}", joined(value))));
            Cell::text(pairs.collect::<Vec<_>>().join("|"))
        }
        Value::Object(map) => {
            flat.apart.insert(name.to_owned());
            for (key, value) in map {
                flatten(value, &below(name, key), flat);
            }
            return;
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            flat.apart.insert(name.to_owned());
            for (part, texts) in side_by_side(items) {
                let texts: Vec<String> = texts.iter().map(|text| member(text)).collect();
                flat.cells.push((below(name, &part), Cell::text(texts.join("|"))));
            }
            return;
        }
        Value::Array(_) => Cell::text(joined(value)),
    };
    flat.cells.push((if name.is_empty() { "value" } else { name }.to_owned(), cell));
}

/// The parts of a list of things: each part of all things, in the order of the things.
fn side_by_side(items: &[Value]) -> Vec<(String, Vec<String>)> {
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    for (number, item) in items.iter().enumerate() {
        for (name, cell) in flattened(item).cells {
            let at = parts.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                parts.push((name, Vec::new()));
                parts.len() - 1
            });
            if let Some((_, texts)) = parts.get_mut(at) {
                texts.resize(number, String::new());
                texts.push(cell.text);
            }
        }
    }
    for (_, texts) in &mut parts {
        texts.resize(items.len(), String::new());
    }
    parts
}

/// A value within one cell.
fn joined(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(|item| member(&joined(item))).collect::<Vec<_>>().join("|"),
        other => other.to_string(),
    }
}

/// A member of a list, so that it can be told from the next.
fn member(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|")
}

fn below(name: &str, part: &str) -> String {
    if name.is_empty() { part.to_owned() } else { format!("{name}_{part}") }
}

/// Whether a key is the name of a field, not a code or a day.
fn is_name(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Lines under columns.
#[derive(Debug, Default)]
struct Sheet {
    columns: Vec<String>,
    places: HashMap<String, usize>,
    lines: Vec<HashMap<usize, Cell>>,
    apart: HashSet<String>,
}

impl Sheet {
    fn column(&mut self, name: &str) -> usize {
        match self.places.get(name) {
            Some(place) => *place,
            None => {
                self.columns.push(name.to_owned());
                self.places.insert(name.to_owned(), self.columns.len() - 1);
                self.columns.len() - 1
            }
        }
    }

    fn add(&mut self, flat: Flat) {
        let line = flat.cells.into_iter().map(|(name, cell)| (self.column(&name), cell)).collect();
        self.lines.push(line);
        self.apart.extend(flat.apart);
    }

    /// The columns to show. What was an empty list in one item and stands in parts in another is in the parts only.
    fn order(&self) -> Vec<usize> {
        let hollow = |place: usize| self.lines.iter().all(|line| line.get(&place).is_none_or(|cell| cell.hollow));
        let shown = |(place, name): (usize, &String)| (!(self.apart.contains(name) && hollow(place))).then_some(place);
        let mut order: Vec<usize> = self.columns.iter().enumerate().filter_map(shown).collect();
        let rank = |place: &usize| FIRST.iter().position(|first| self.columns.get(*place).is_some_and(|name| name == first));
        order.sort_by_key(|place| rank(place).unwrap_or(FIRST.len()));
        order
    }

    fn write(&self, whole: &[(String, Cell)], out: &mut dyn Write) -> io::Result<()> {
        let order = self.order();
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        let names = order.iter().filter_map(|place| self.columns.get(*place));
        let header: Vec<&String> = names.chain(whole.iter().map(|(name, _)| name)).collect();
        if header.is_empty() {
            return Ok(());
        }
        writer.write_record(header)?;
        for line in &self.lines {
            let own = order.iter().map(|place| line.get(place).map(Cell::written).unwrap_or_default());
            writer.write_record(own.chain(whole.iter().map(|(_, cell)| cell.written())))?;
        }
        writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(value: &Value) -> String {
        let mut out = Vec::new();
        print(value, &[], &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report_keeps_what_it_says_of_itself_on_every_line() {
        let report = json!({
            "definition": "Leerlingen, geteld",
            "as_of": "2017-10-01",
            "completeness": {"dossiers": 73, "last_contact": [{"coach": "anna", "at": null}, {"coach": "bram", "at": "2017-09-30"}]},
            "remarks": [],
            "rows": [
                {"destination": "WORK", "label": "Arbeid", "count": 26, "percent": "35.62"},
                {"destination": "NONE", "label": "Geen", "count": -1, "percent": null},
            ],
            "total": {"count": 73, "percent": "100.00"},
        });
        let expected = "destination,label,count,percent,definition,as_of,completeness_dossiers,completeness_last_contact_coach,\
                        completeness_last_contact_at,remarks,total_count,total_percent\r\n\
                        WORK,Arbeid,26,35.62,\"Leerlingen, geteld\",2017-10-01,73,anna|bram,|2017-09-30,,73,100.00\r\n\
                        NONE,Geen,-1,,\"Leerlingen, geteld\",2017-10-01,73,anna|bram,|2017-09-30,,73,100.00\r\n";
        assert_eq!(printed(&report), expected);
        let nothing = json!({"definition": "Leerlingen", "rows": [], "as_of": "2017-10-01"});
        assert_eq!(printed(&nothing), "definition,as_of\r\nLeerlingen,2017-10-01\r\n");
    }

    #[test]
    fn lists_codes_and_things_within_things_have_one_form() {
        let list = json!({"as_of": "2025-01-01", "rows": [
            {"status": "DONE", "parties": ["TRAINEE", "EMPLOYER"], "scores": {"ON_TIME": 3, "TASK": 2}, "agreements": [], "id": "a"},
            {"status": "DONE", "parties": [], "scores": {}, "as_of": "2024-12-31", "id": "b",
             "agreements": [{"text": "bel | mail", "due": null}, {"text": "C:\\x", "owner": "COACH", "due": "2025-02-01"}]},
        ]});
        let expected = "id,status,parties,scores,as_of,agreements_text,agreements_due,agreements_owner,report_as_of\r\n\
                        a,DONE,TRAINEE|EMPLOYER,ON_TIME=3|TASK=2,,,,,2025-01-01\r\n\
                        b,DONE,,,2024-12-31,bel \\| mail|C:\\\\x,|2025-02-01,|COACH,2025-01-01\r\n";
        assert_eq!(printed(&list), expected);
    }

    #[test]
    fn what_people_write_is_no_formula_and_stays_one_cell() {
        let list = json!({"rows": [
            {"text": "=SOM(A1)"}, {"text": "+31612345678"}, {"text": "-5.00"}, {"text": "@a"}, {"text": "'=1"},
            {"text": "'s morgens"}, {"text": "\"Ja\", zei ze,\nen ging"}, {"text": -7},
        ]});
        let text = printed(&list);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let cells: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
        let expected = ["'=SOM(A1)", "'+31612345678", "-5.00", "'@a", "''=1", "'s morgens", "\"Ja\", zei ze,\nen ging", "-7"];
        assert_eq!(cells, expected);
    }

    #[test]
    fn one_thing_is_one_line_and_an_empty_list_has_its_columns() {
        assert_eq!(printed(&json!({"device": "x", "unsynced": 3, "last_sync": null})), "device,unsynced,last_sync\r\nx,3,\r\n");
        let mut out = Vec::new();
        print(&json!({"rows": []}), &["reference".to_owned(), "day".to_owned()], &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "reference,day\r\n");
    }
}
