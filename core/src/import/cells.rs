//! From the texts of a row to values: every cell is read or refused, nothing is guessed and nothing is dropped.

use std::collections::BTreeMap;

use crate::clock::Day;
use crate::placement::Hours;
use crate::record::{Scalar, Value};
use crate::register::Register;
use crate::text_check;

use super::columns::{Column, Listed, Room, Shape, columns, is_name};
use super::names;
use super::{FileKind, Note, NoteKind, Reason, Rejected, Row, Setting, TraineeKey};

/// One value that a row brings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    /// The column it came from.
    pub(super) column: &'static str,
    /// The full key in the record.
    pub(super) key: String,
    /// The value.
    pub(super) value: Scalar,
    /// The text of the file, where the value is the register's code for it.
    pub(super) raw: Option<(Listed, String)>,
}

/// A row that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parsed {
    pub(super) line: u64,
    pub(super) organisation: String,
    pub(super) reference: String,
    pub(super) rooms: BTreeMap<Room, Vec<Cell>>,
    /// Keys of the set fields that the row lists: members that it no longer lists are taken out.
    pub(super) sets: Vec<(Room, &'static str)>,
    /// What names the trajectory in trainings and placements, and the coach: columns that are no field of their own.
    pub(super) programme: Option<String>,
    /// The programme as the file spells it.
    pub(super) programme_text: Option<String>,
    pub(super) trajectory_ref: Option<String>,
    pub(super) referral_date: Option<Day>,
    pub(super) coach: Option<String>,
    pub(super) final_phase: Option<Day>,
}

impl Parsed {
    /// The value for a field, if the row has one.
    pub(super) fn value(&self, room: Room, key: &str) -> Option<&Scalar> {
        self.rooms.get(&room)?.iter().find(|cell| cell.key == key).map(|cell| &cell.value)
    }

    /// Everything but the place in the file, to see whether two rows say the same.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        Self { line: 0, ..self.clone() } == Self { line: 0, ..other.clone() }
    }
}

/// Who the row is about.
pub(super) fn trainee(row: &Row, setting: Setting<'_>) -> Option<TraineeKey> {
    let reference = text(row, "reference")?;
    let organisation = text(row, "organisation").unwrap_or(setting.organisation);
    Some((names::organisation(organisation, setting.register), reference.to_owned()))
}

fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.cells.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
}

/// Reads a row, or says which cell cannot be read. Remarks are added to `notes`.
pub(super) fn parse(kind: FileKind, row: &Row, setting: Setting<'_>, notes: &mut Vec<Note>) -> Result<Parsed, Rejected> {
    let missing = |column: &Column| Rejected {
        line: row.line,
        column: Some(column.name.to_owned()),
        reason: Reason::new(
            format!("verplicht veld '{}' is leeg", column.dutch[0]),
            format!("required field '{}' is empty", column.name),
        ),
        value: None,
    };
    for column in columns(kind) {
        match text(row, column.name) {
            None if column.required => return Err(missing(column)),
            Some(cell) if !text_check::bsn_positions(cell).is_empty() => {
                let hidden = text_check::masked(cell).replace(char::is_control, " ");
                return Err(Rejected {
                    line: row.line,
                    column: Some(column.name.to_owned()),
                    reason: Reason::new(
                        "hier staat mogelijk een BSN; haal het uit het bestand (een veldboek bewaart geen BSN)",
                        "this may be a BSN; take it out of the file (a field book keeps no BSN)",
                    ),
                    value: Some(if is_name(column.name) { names::mask_name(cell) } else { hidden }),
                });
            }
            Some(cell) if cell.chars().any(char::is_control) => {
                return Err(Rejected {
                    line: row.line,
                    column: Some(column.name.to_owned()),
                    reason: Reason::new(
                        "regeleinde of stuurteken in de cel; is een aanhalingsteken niet gesloten? Dan horen de regels eronder erbij",
                        "line break or control character in the cell; is a quotation mark not closed? Then the lines below belong to it",
                    ),
                    value: None,
                });
            }
            _ => {}
        }
    }
    let (organisation, reference) = trainee(row, setting).ok_or_else(|| missing(&columns(kind)[1]))?;
    let mut parsed = Parsed {
        line: row.line,
        organisation,
        reference,
        rooms: BTreeMap::new(),
        sets: Vec::new(),
        programme: None,
        programme_text: None,
        trajectory_ref: None,
        referral_date: None,
        coach: None,
        final_phase: None,
    };
    let mut remarks = Vec::new();
    for column in columns(kind) {
        if let Some(cell) = text(row, column.name) {
            read_cell(column, cell, &mut parsed, setting.register, &mut remarks)
                .map_err(|reason| refused(row.line, column, cell, reason))?;
        }
    }
    if kind == FileKind::Participants {
        fill_rooms(&mut parsed, &mut remarks);
    }
    notes.extend(remarks);
    Ok(parsed)
}

fn refused(line: u64, column: &Column, cell: &str, reason: Reason) -> Rejected {
    let slid_in = column.shape.is_numeric() && !cell.bytes().any(|b| b.is_ascii_digit());
    let value = if is_name(column.name) || slid_in { names::mask_name(cell) } else { text_check::masked(cell) };
    Rejected { line, column: Some(column.name.to_owned()), reason, value: Some(value) }
}

fn read_cell(column: &Column, cell: &str, parsed: &mut Parsed, register: &Register, notes: &mut Vec<Note>) -> Result<(), Reason> {
    let mut raw = None;
    let canonical = match column.shape {
        Shape::Text(most) if cell.chars().count() > most => return Err(column.shape.expected()),
        Shape::Sized(least, most) if !(least..=most).contains(&cell.chars().count()) => return Err(column.shape.expected()),
        Shape::Text(_) | Shape::Sized(..) | Shape::Code(_) | Shape::Codes(_) => cell.to_owned(),
        Shape::Day => cell.parse::<Day>().map_err(|_| column.shape.expected())?.to_string(),
        Shape::Hours => {
            let hours = Hours::parse(cell).map_err(|_| column.shape.expected())?;
            if !(1..=16_800).contains(&hours.0) {
                return Err(column.shape.expected());
            }
            if hours.0 > 4_000 {
                notes.push(Note {
                    kind: NoteKind::Warning,
                    lines: [parsed.line].into(),
                    column: Some(column.name.to_owned()),
                    value: Some(cell.to_owned()),
                    reason: Reason::new("meer dan 40 uur per week", "more than 40 hours per week"),
                });
            }
            cell.to_owned()
        }
        Shape::Cluster if !matches!(cell, "3" | "4") => return Err(column.shape.expected()),
        Shape::Cluster => cell.to_owned(),
        Shape::Municipality => names::municipality(cell).ok_or_else(|| column.shape.expected())?,
        Shape::Name(_) if cell.chars().count() > 120 => return Err(column.shape.expected()),
        Shape::Name(listed) => {
            raw = Some((listed, cell.to_owned()));
            names::code_of(listed, cell, register).unwrap_or_else(|| {
                notes.push(unlisted(listed, column.name, cell, parsed.line));
                cell.to_owned()
            })
        }
    };
    match column.name {
        "coach" => parsed.coach = Some(canonical.clone()),
        "final_phase_date" => parsed.final_phase = canonical.parse().ok(),
        "programme" => {
            parsed.programme = Some(canonical.clone());
            parsed.programme_text = Some(cell.to_owned());
        }
        "trajectory_ref" => parsed.trajectory_ref = Some(canonical.clone()),
        "referral_date" => parsed.referral_date = canonical.parse().ok(),
        _ => {}
    }
    for (room, name) in column.goes {
        let Some(field) = room.field(name) else { continue };
        let values = (field.parse)(&canonical).map_err(|_| column.shape.expected())?;
        if matches!(column.shape, Shape::Codes(_)) {
            parsed.sets.push((*room, field.key));
        }
        let cells = parsed.rooms.entry(*room).or_default();
        for (suffix, value) in values {
            cells.push(Cell { column: column.name, key: format!("{}{suffix}", field.key), value, raw: raw.clone() });
        }
    }
    Ok(())
}

fn unlisted(listed: Listed, column: &str, value: &str, line: u64) -> Note {
    let (nl, en) = match listed {
        Listed::Programme => ("programma", "programme"),
        Listed::School => ("school", "school"),
        Listed::Employer => ("werkgever", "employer"),
        Listed::Funding => ("financieringsbron", "funding source"),
    };
    Note {
        kind: NoteKind::Unlisted,
        lines: [line].into(),
        column: Some(column.to_owned()),
        value: Some(text_check::masked(value)),
        reason: Reason::new(
            format!("{nl} staat niet in het register; als tekst bewaard"),
            format!("{en} is not in the register; kept as text"),
        ),
    }
}

/// A participants row speaks of a training, placement or enrolment only when one of its own columns is filled: the columns
/// that it shares with another record (sector, school) do not make one.
fn fill_rooms(parsed: &mut Parsed, notes: &mut Vec<Note>) {
    let had_sector = parsed.rooms.values().flatten().any(|cell| cell.column == "sector");
    let mut drop_unless = |room: Room, shared: &str| -> bool {
        let own = parsed.rooms.get(&room).is_some_and(|cells| cells.iter().any(|cell| cell.column != shared));
        if !own {
            parsed.rooms.remove(&room);
        }
        own
    };
    let sector = drop_unless(Room::Training, "sector") | drop_unless(Room::Placement, "sector");
    let line = parsed.line;
    let mut warn = |column: &str, nl: &str, en: &str| {
        notes.push(Note {
            kind: NoteKind::Warning,
            lines: [line].into(),
            column: Some(column.to_owned()),
            value: None,
            reason: Reason::new(nl, en),
        });
    };
    if had_sector && !sector {
        warn(
            "sector",
            "niet overgenomen: een sector hoort bij een scholing of plaatsing, en die heeft deze rij niet",
            "not kept: a sector belongs to a training or placement, and this row has neither",
        );
    }
    let school = parsed.value(Room::Enrolment, "s").is_some();
    let school_type = parsed.value(Room::Enrolment, "t").is_some();
    if !(school && school_type) {
        parsed.rooms.remove(&Room::Enrolment);
        if school_type {
            warn(
                "school_type",
                "niet overgenomen: een schoolsoort hoort bij een school, en die staat niet in deze rij",
                "not kept: a school type belongs to a school, and this row has none",
            );
        }
    }
}
