//! CSV as it comes: comma or semicolon, quoted fields, English or Dutch column names.

use std::collections::BTreeMap;

use veldboek_core::import::{FileKind, Reason, Rejected, Row, columns};

use super::{Sheet, TableError, decode, nearest, plain};

/// Reads a CSV file of this kind. With `ignore_columns` unknown columns are left out instead of stopping the import.
///
/// # Errors
/// [`TableError`], when the file as a whole cannot be read.
pub fn read_csv(bytes: &[u8], kind: FileKind, ignore_columns: bool) -> Result<Sheet, TableError> {
    let (text, encoding) = decode(bytes)?;
    let (text, skipped) = without_separator_line(&text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator(text)).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut records = reader.records().filter_map(Result::ok);
    let header = records.next().filter(|record| record.iter().any(|cell| !cell.trim().is_empty())).ok_or(TableError::NoHeader)?;
    let mut sheet = Sheet { rows: Vec::new(), rejected: Vec::new(), ignored: Vec::new(), encoding };
    let names = header_names(&header, kind, ignore_columns, &mut sheet.ignored)?;
    for record in records {
        // Spreadsheets leave lines of nothing but separators at the end.
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(0, |position| first_line(text, position)) + skipped;
        let extra = record.iter().skip(names.len()).any(|cell| !cell.trim().is_empty());
        if record.len() < names.len() || extra {
            sheet.rejected.push(ragged(line, record.len(), names.len()));
            continue;
        }
        let cells: BTreeMap<&'static str, String> = names
            .iter()
            .zip(record.iter())
            .filter_map(|(name, cell)| Some(((*name)?, cell.trim().to_owned())))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        sheet.rows.push(Row { line, cells });
    }
    Ok(sheet)
}

/// The line on which a record begins: the reader passes over empty lines without counting them to the record before.
fn first_line(text: &str, position: &csv::Position) -> u64 {
    let at = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let empty = text.as_bytes().get(at..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|byte| **byte == b'\n').count() as u64
}

fn ragged(line: u64, cells: usize, wanted: usize) -> Rejected {
    Rejected {
        line,
        column: None,
        reason: Reason::new(
            format!(
                "deze regel heeft {cells} cellen, de eerste regel heeft er {wanted}; kijk naar scheidingstekens en aanhalingstekens"
            ),
            format!("this line has {cells} cells, the header has {wanted}; look at separators and quotation marks"),
        ),
        value: None,
    }
}

/// Spreadsheets may begin with `sep=;`.
fn without_separator_line(text: &str) -> (&str, u64) {
    match text.split_once('\n') {
        Some((first, rest)) if plain(first.trim_matches('"')).starts_with("sep=") => (rest, 1),
        _ => (text, 0),
    }
}

/// What stands between the names of the first line, outside quotation marks.
fn separator(text: &str) -> u8 {
    let mut quoted = false;
    let mut count = BTreeMap::from([(b',', 0), (b';', 0), (b'\t', 0)]);
    for byte in text.lines().next().unwrap_or_default().bytes() {
        match byte {
            b'"' => quoted = !quoted,
            _ if !quoted => {
                if let Some(count) = count.get_mut(&byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    count.into_iter().max_by_key(|(byte, count)| (*count, *byte == b',')).map_or(b',', |(byte, _)| byte)
}

fn header_names(
    header: &csv::StringRecord,
    kind: FileKind,
    ignore_columns: bool,
    ignored: &mut Vec<String>,
) -> Result<Vec<Option<&'static str>>, TableError> {
    let mut names: Vec<Option<&'static str>> = Vec::new();
    for cell in header.iter().map(str::trim) {
        let known = columns(kind)
            .iter()
            .find(|column| plain(column.name) == plain(cell) || column.dutch.iter().any(|name| plain(name) == plain(cell)));
        match known {
            Some(column) if names.contains(&Some(column.name)) => return Err(TableError::DoubleColumn { column: column.name }),
            Some(column) => names.push(Some(column.name)),
            // A column without a name is a stray separator; its cells are looked at with the ragged lines.
            None if cell.is_empty() => names.push(None),
            None if ignore_columns => {
                ignored.push(cell.to_owned());
                names.push(None);
            }
            None => {
                let all = columns(kind).iter().flat_map(|column| column.dutch.iter().copied().chain([column.name]));
                return Err(TableError::UnknownColumn { column: cell.to_owned(), suggestion: nearest(cell, all) });
            }
        }
    }
    while names.last() == Some(&None) && header.get(names.len() - 1).is_some_and(|cell| cell.trim().is_empty()) {
        names.pop();
    }
    for column in columns(kind).iter().filter(|column| column.required) {
        if !names.contains(&Some(column.name)) {
            return Err(TableError::MissingColumn { column: column.name, dutch: column.dutch[0] });
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "reference,given_name,school,school_type,left_on,destination\n\
                         ZK-1,Chloë,\"De Schakel, Haarlem\",PRO,2017-07-14,\"Leren (BOL, MBO)\"\n";

    fn rows(bytes: &[u8]) -> Vec<BTreeMap<&'static str, String>> {
        read_csv(bytes, FileKind::Leavers, false).unwrap().rows.into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn one_file_in_every_guise_gives_the_same_rows() {
        let expected = rows(PLAIN.as_bytes());
        assert_eq!(expected[0]["school"], "De Schakel, Haarlem");
        let dutch = "Referentie;Voornaam;School;Schoolsoort;Uitgestroomd op;Bestemming\r\n\
                     ZK-1;Chloë;De Schakel, Haarlem;PRO;2017-07-14;\"Leren (BOL, MBO)\"\r\n;;;;;\r\n";
        let windows = dutch.chars().map(|char| char as u8).collect::<Vec<u8>>();
        let excel = format!("\u{FEFF}sep=;\r\n{dutch}");
        for bytes in [dutch.as_bytes(), &windows, excel.as_bytes(), PLAIN.replace('\n', "\r\n").as_bytes()] {
            assert_eq!(rows(bytes), expected);
        }
    }

    #[test]
    fn an_unknown_column_stops_with_a_suggestion_unless_it_may_be_ignored() {
        let file = PLAIN.replace("given_name", "given name,shoe_size").replace("Chloë", "Chloë,38");
        let error = read_csv(file.as_bytes(), FileKind::Leavers, false).unwrap_err();
        assert_eq!(error, TableError::UnknownColumn { column: "shoe_size".into(), suggestion: None });
        let sheet = read_csv(file.as_bytes(), FileKind::Leavers, true).unwrap();
        assert_eq!((sheet.ignored, sheet.rows.len()), (vec!["shoe_size".to_owned()], 1));
        let mistyped = PLAIN.replace("given_name", "voornamm");
        let error = read_csv(mistyped.as_bytes(), FileKind::Leavers, false).unwrap_err();
        assert!(error.to_string().contains("did you mean 'voornaam'?"), "{error}");
    }

    #[test]
    fn a_missing_or_doubled_column_is_named_in_both_languages() {
        let missing = PLAIN.replace("left_on", "given_name").replacen("given_name,", "", 1);
        let error = read_csv(missing.as_bytes(), FileKind::Leavers, false).unwrap_err();
        assert_eq!(error, TableError::MissingColumn { column: "left_on", dutch: "uitgestroomd op" });
        let double = PLAIN.replace("given_name", "bestemming");
        let error = read_csv(double.as_bytes(), FileKind::Leavers, false).unwrap_err();
        assert_eq!(error, TableError::DoubleColumn { column: "destination" });
        assert_eq!(read_csv(b"", FileKind::Leavers, false).unwrap_err(), TableError::NoHeader);
    }

    #[test]
    fn empty_lines_are_passed_over_and_counted() {
        let file = PLAIN.replace("ZK-1", "\n\nZK-1") + "\r\nZK-2,Jip\n";
        let sheet = read_csv(file.as_bytes(), FileKind::Leavers, false).unwrap();
        assert_eq!((sheet.rows[0].line, sheet.rejected[0].line), (4, 6));
    }

    #[test]
    fn ragged_lines_are_refused_by_line_and_the_others_go_on() {
        let file =
            format!("{PLAIN}ZK-2,Jip\nZK-3,Bo,De Schakel,PRO,2017-07-14,WORK,extra\nZK-4,Noor,De Schakel,PRO,2017-07-14,WORK,\n");
        let sheet = read_csv(file.as_bytes(), FileKind::Leavers, false).unwrap();
        assert_eq!(sheet.rejected.iter().map(|rejected| rejected.line).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(sheet.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5]);
    }
}
