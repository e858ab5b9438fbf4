//! Records as JSON for programs and as names and values for people, from the fields they declare.

use serde::Serialize;
use serde_json::{Map, Value, json};
use veldboek_core::codes::{Competence, PartySpoken, TargetGroup};
use veldboek_core::record::{Code, FieldInfo, Lang, Record, Scalar};

use crate::render::Table;

/// The fields of a record by their English names; a code comes with its label beside it. What is absent is null, and so is
/// its label.
pub(super) fn json<R: Record + Serialize>(record: &R, lang: Lang) -> Map<String, Value> {
    let whole = match serde_json::to_value(record) {
        Ok(Value::Object(whole)) => whole,
        _ => Map::new(),
    };
    let cells = record.cells();
    let mut map = Map::new();
    for info in R::fields() {
        let value = whole.get(info.name).cloned().unwrap_or(Value::Null);
        let label = label(info, cells.get(info.key), &value, lang);
        let value = match (info.name, cells.get(info.key)) {
            (_, Some(scalar @ Scalar::Time(_))) => json!((info.show)(scalar, lang)),
            ("hours_per_week", Some(Scalar::Int(hundredths))) => hours(*hundredths),
            _ => value,
        };
        map.insert(info.name.to_owned(), value);
        if let Some(label) = label {
            map.insert(format!("{}_label", info.name), label);
        }
    }
    map
}

/// The names under which [`json`] gives the fields, with further ones before and behind them.
pub(super) fn columns<R: Record + Serialize>(before: &[&str], behind: &[&str]) -> Vec<String> {
    let own = json(&R::default(), Lang::Nl);
    let names = before.iter().map(|name| (*name).to_owned()).chain(own.keys().cloned());
    names.chain(behind.iter().map(|name| (*name).to_owned())).collect()
}

fn hours(hundredths: i64) -> Value {
    if hundredths % 100 == 0 { json!(hundredths / 100) } else { json!(hundredths as f64 / 100.0) }
}

/// The label beside a code; of a set, the labels; of a map, those of its members.
fn label(info: &FieldInfo, cell: Option<&Scalar>, value: &Value, lang: Lang) -> Option<Value> {
    match (cell, value) {
        (Some(scalar @ Scalar::Text(_)), _) if is_code(info) => Some(json!((info.show)(scalar, lang))),
        (None, Value::Null) if is_code(info) => Some(Value::Null),
        (_, Value::Array(codes)) => {
            Some(codes.iter().filter_map(Value::as_str).map(|code| json!(member(info.name, code, lang))).collect())
        }
        (_, Value::Object(members)) if info.name == "scores" => {
            Some(Value::Object(members.keys().map(|code| (code.clone(), json!(member(info.name, code, lang)))).collect()))
        }
        _ => None,
    }
}

/// Whether a field takes codes: it says which when it is given another.
fn is_code(info: &FieldInfo) -> bool {
    (info.parse)("?").is_err_and(|error| error.message(Lang::En).contains("choose from: "))
}

/// The label of a member of a set or map.
pub(super) fn member(field: &str, code: &str, lang: Lang) -> String {
    let label = match field {
        "target_groups" => TargetGroup::from_code(code).map(|code| code.label(lang)),
        "parties" => PartySpoken::from_code(code).map(|code| code.label(lang)),
        "scores" => Competence::from_code(code).map(|code| code.label(lang)),
        _ => None,
    };
    label.unwrap_or(code).to_owned()
}

/// The filled fields of a record, named and shown for people.
pub(super) fn sheet<R: Record>(record: &R, lang: Lang) -> Vec<(String, String)> {
    let cells = record.cells();
    let mut rows = Vec::new();
    for info in R::fields() {
        let mut shown = Vec::new();
        if let Some(scalar) = cells.get(info.key) {
            shown.push((info.show)(scalar, lang));
        }
        for (key, scalar) in cells.range(format!("{}:", info.key)..format!("{};", info.key)) {
            let code = key.split_once(':').map_or("", |(_, code)| code);
            let name = member(info.name, code, lang);
            shown.push(match scalar {
                Scalar::Bool(true) => name,
                other => format!("{name}: {}", (info.show)(other, lang)),
            });
        }
        if !shown.is_empty() {
            rows.push((info.label(lang), shown.join("; ")));
        }
    }
    rows
}

/// A table of records with a column for each field that any of them fills.
pub(super) fn table<R: Record>(key: &str, records: &[(String, &R)], lang: Lang) -> Table {
    let mut used: Vec<usize> = Vec::new();
    let fields = R::fields();
    for (index, info) in fields.iter().enumerate() {
        // What the records hang on is plain from where the table stands.
        if matches!(info.name, "trajectory" | "visit") {
            continue;
        }
        let filled = records
            .iter()
            .any(|(_, record)| record.cells().keys().any(|cell| cell == info.key || cell.starts_with(&format!("{}:", info.key))));
        if filled {
            used.push(index);
        }
    }
    let labels = used.iter().filter_map(|index| fields.get(*index)).map(|info| info.label(lang));
    let mut table = Table::new(std::iter::once(key.to_owned()).chain(labels));
    for (name, record) in records {
        let sheet: std::collections::BTreeMap<String, String> = sheet(*record, lang).into_iter().collect();
        let cells = used
            .iter()
            .filter_map(|index| fields.get(*index))
            .map(|info| sheet.get(&info.label(lang)).cloned().unwrap_or_default());
        table.row(std::iter::once(name.clone()).chain(cells));
    }
    table
}
