//! Data as CSV, for spreadsheets and scripts: what the JSON says, one line for each item.
//!
//! A thing within a thing becomes columns `thing_part`; lists are joined with `|`, and of a list of things each part is such
//! a column. What is absent is empty. A text that a spreadsheet would take for a formula has an apostrophe before it. The
//! commands of a device's own program write theirs in the same way.

use std::io::{self, Write};

use serde_json::Value;

/// Prints the data: a list line by line, anything else as one line.
pub fn print(value: &Value, out: impl Write) -> io::Result<()> {
    let one = std::slice::from_ref(value);
    let items: Vec<Vec<(String, String)>> = value.as_array().map_or(one, Vec::as_slice).iter().map(flattened).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in items.iter().flatten() {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    if columns.is_empty() {
        return Ok(());
    }
    let mut sheet = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
    sheet.write_record(&columns)?;
    for item in &items {
        let cell = |name: &&str| item.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.as_str());
        sheet.write_record(columns.iter().map(cell))?;
    }
    sheet.flush()
}

fn flattened(item: &Value) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    flatten(item, "", &mut cells);
    cells
}

fn flatten(value: &Value, name: &str, cells: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let below = if name.is_empty() { key.clone() } else { format!("{name}_{key}") };
                flatten(value, &below, cells);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let parts: Vec<Vec<(String, String)>> = items.iter().map(flattened).collect();
            for (part, _) in parts.first().into_iter().flatten() {
                let of = |item: &Vec<(String, String)>| {
                    item.iter().find(|(known, _)| known == part).map(|(_, text)| member(text)).unwrap_or_default()
                };
                let texts: Vec<String> = parts.iter().map(of).collect();
                cells.push((format!("{name}_{part}"), texts.join("|")));
            }
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(|item| member(&plain(item))).collect();
            cells.push((name.to_owned(), guarded(texts.join("|"))));
        }
        Value::String(text) => cells.push((name.to_owned(), guarded(text.clone()))),
        other => cells.push((name.to_owned(), plain(other))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One of several in a cell.
fn member(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|")
}

fn guarded(text: String) -> String {
    let formula = text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(value: &Value) -> String {
        let mut out = Vec::new();
        print(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_is_a_line_for_each_and_a_thing_within_it_columns() {
        let devices = json!([
            { "device": "-abc", "role": { "code": "COACH", "label": "jobcoach" }, "lost": null, "label": "telefoon, groen" },
            { "device": "def", "role": { "code": "COACH", "label": "jobcoach" }, "lost": 3, "label": "=1+1", "documents": ["-a", "b|c"] },
        ]);
        assert_eq!(
            printed(&devices),
            "device,role_code,role_label,lost,label,documents\r\n\
             '-abc,COACH,jobcoach,,\"telefoon, groen\",\r\n\
             def,COACH,jobcoach,3,'=1+1,'-a|b\\|c\r\n"
        );
        assert_eq!(
            printed(&json!({ "code": "X", "waiting": [{ "device": "a" }, { "device": "b" }] })),
            "code,waiting_device\r\nX,a|b\r\n"
        );
        assert_eq!(printed(&json!([])), "");
    }
}
