//! The register as a TOML file: lists of tables, one per kind of entry.
//!
//! ```toml
//! [[schools]]
//! name = "De Schakel"
//! type = "PRO"
//! headcounts = { 2016-10-01 = 142, 2017-10-01 = 130 }
//! ```

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use veldboek_core::import::register::{RegisterRow, Section};

use super::{TableError, decode, nearest, plain};

/// What a register file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterFile {
    /// Its entries, in the order of the contract's sections.
    pub rows: Vec<RegisterRow>,
}

/// Reads a register file.
///
/// # Errors
/// [`TableError`]: no TOML, an unknown table or key, or one of the wrong form.
pub fn read_register(bytes: &[u8]) -> Result<RegisterFile, TableError> {
    let (text, _) = decode(bytes)?;
    let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count() as u64;
    let file = DeTable::parse(&text).map_err(|error| TableError::Toml {
        line: error.span().map_or(1, |span| line(span.start)),
        message: error.message().to_owned(),
    })?;
    let mut rows = Vec::new();
    for (name, value) in file.get_ref() {
        let at = line(name.span().start);
        let section = Section::ALL
            .iter()
            .find(|section| section.names().iter().any(|known| plain(known) == plain(name.get_ref())))
            .ok_or_else(|| TableError::UnknownKey {
                line: at,
                key: name.get_ref().to_string(),
                suggestion: nearest(name.get_ref(), Section::ALL.iter().flat_map(|section| section.names().iter().copied())),
            })?;
        let wrong = || TableError::WrongForm {
            line: at,
            key: name.get_ref().to_string(),
            write: "[[…]] met onder elke kop één ding / with one entry under each heading",
        };
        for entry in value.get_ref().as_array().ok_or_else(wrong)?.iter() {
            rows.push(read_entry(*section, entry, &line)?);
        }
    }
    rows.sort_by_key(|row| (row.section, row.line));
    Ok(RegisterFile { rows })
}

fn read_entry(section: Section, entry: &Spanned<DeValue<'_>>, line: &impl Fn(usize) -> u64) -> Result<RegisterRow, TableError> {
    let at = line(entry.span().start);
    let wrong = || TableError::WrongForm { line: at, key: section.names()[0].to_owned(), write: "[[…]]" };
    let table = entry.get_ref().as_table().ok_or_else(wrong)?;
    let mut row = RegisterRow { section, line: at, cells: Default::default() };
    for (name, value) in table {
        let line_of_key = line(name.span().start);
        let known = section.keys().iter().find(|key| {
            plain(key.name) == plain(name.get_ref()) || key.aliases.iter().any(|alias| plain(alias) == plain(name.get_ref()))
        });
        let Some(key) = known else {
            let all = section.keys().iter().flat_map(|key| key.aliases.iter().copied().chain([key.name]));
            return Err(TableError::UnknownKey {
                line: line_of_key,
                key: name.get_ref().to_string(),
                suggestion: nearest(name.get_ref(), all),
            });
        };
        let text = text_of(value.get_ref()).ok_or_else(|| TableError::WrongForm {
            line: line_of_key,
            key: name.get_ref().to_string(),
            write: "een tekst, getal, datum, lijst of { dag = aantal } / a text, number, date, list or { day = count }",
        })?;
        row.cells.insert(key.name, text);
    }
    Ok(row)
}

/// A value as the text that a field is read from: lists joined by `|`, tables as `name=value|…`.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(digits.trim_start_matches('+'), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Datetime(moment) => Some(moment.to_string()),
        DeValue::Array(list) => {
            let parts: Option<Vec<String>> = list.iter().map(|part| text_of(part.get_ref())).collect();
            parts.map(|parts| parts.join("|"))
        }
        DeValue::Table(table) => {
            let parts: Option<Vec<String>> =
                table.iter().map(|(name, value)| Some(format!("{}={}", name.get_ref(), text_of(value.get_ref())?))).collect();
            parts.map(|parts| parts.join("|"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[[programmes]]
code = "waw"
name = "Werken aan Werk"
to = 2024-12-31

[[funding]]
code = "impuls"
kind = "IMPULS"
amount_cents = 25_680_000
schools = ["De Schakel", "Heliomare College"]

[[schools]]
name = "De Schakel"
type = "PRO"
[schools.headcounts]
2016-10-01 = 142
"2017-10-01" = 130
"#;

    #[test]
    fn entries_are_read_with_their_lines() {
        let rows = read_register(FILE.as_bytes()).unwrap().rows;
        let at: Vec<_> = rows.iter().map(|row| (row.section, row.line)).collect();
        assert_eq!(at, [(Section::Programmes, 2), (Section::Funding, 7), (Section::Schools, 13)]);
        assert_eq!(rows[0].cells["to"], "2024-12-31");
        assert_eq!(
            (rows[1].cells["amount_cents"].as_str(), rows[1].cells["schools"].as_str()),
            ("25680000", "De Schakel|Heliomare College")
        );
        assert_eq!(rows[2].cells["headcounts"], "2016-10-01=142|2017-10-01=130");
    }

    #[test]
    fn what_the_register_does_not_have_is_an_error_with_a_suggestion() {
        let error = read_register(FILE.replace("code = \"waw\"", "codes = \"waw\"").as_bytes()).unwrap_err();
        assert_eq!(error, TableError::UnknownKey { line: 3, key: "codes".into(), suggestion: Some("code".into()) });
        let error = read_register(FILE.replace("[[programmes]]", "[[programs]]").as_bytes()).unwrap_err();
        assert!(error.to_string().contains("programmes") || error.to_string().contains("programmas"), "{error}");
        let error = read_register(FILE.replace("[[programmes]]", "[programmes]").as_bytes()).unwrap_err();
        assert!(matches!(error, TableError::WrongForm { line: 2, .. }), "{error}");
        let error = read_register(FILE.replace("= \"waw\"", "= waw").as_bytes()).unwrap_err();
        assert!(matches!(error, TableError::Toml { line: 3, .. }), "{error}");
    }
}
