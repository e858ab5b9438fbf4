//! The region's register from a file: programmes, targets, observations, funding sources, schools, employers, coaches.

mod sections;

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Day;
use crate::ids::EntryId;
use crate::record::{Content, Lang, Scalar, Value, Write};
use crate::register::Register;
use crate::text_check;

pub use sections::{Key, Section};

use super::columns::Listed;
use super::memory::{self, Draft, Outcome, memory_key};
use super::{Note, NoteKind, Reason, Rejected, names};

/// One entry of the file: texts by the contract's key. Lists are joined by `|`, headcounts are `2018-10-01=241|…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRow {
    /// What it is.
    pub section: Section,
    /// The line in the file.
    pub line: u64,
    /// What it says.
    pub cells: BTreeMap<&'static str, String>,
}

/// What a register file means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegisterPlan {
    /// What to write in the register, as one change.
    pub writes: Vec<Write>,
    /// Entries in the file.
    pub rows: usize,
    /// Entries that change something.
    pub changed_rows: usize,
    /// Entries that say what the import before said.
    pub unchanged_rows: usize,
    /// New proposals: cells that a person edited since.
    pub proposals: usize,
    /// Entries that are not imported.
    pub rejected: Vec<Rejected>,
    /// Remarks.
    pub notes: Vec<Note>,
}

impl RegisterPlan {
    /// Whether something needs a person: exit status 3.
    pub fn needs_a_person(&self) -> bool {
        self.proposals > 0 || !self.rejected.is_empty()
    }
}

struct Ready<'a> {
    row: &'a RegisterRow,
    entry: String,
    cells: Vec<(&'static str, String, Scalar)>,
}

/// Works out what a register file means for the register as it stands in `content`. Nothing is written.
pub fn plan(rows: &[RegisterRow], content: &Content, today: Day) -> RegisterPlan {
    let mut plan = RegisterPlan { rows: rows.len(), ..RegisterPlan::default() };
    let known = Register::read(content);
    let named = Named::collect(rows, &known);
    let mut ready: Vec<Ready<'_>> = Vec::new();
    let mut disputed: BTreeSet<(Section, String)> = BTreeSet::new();
    for row in rows {
        match prepare(row, &known, &named, &mut plan.notes) {
            Ok(new) => match ready.iter().find(|other| other.row.section == row.section && other.entry == new.entry) {
                Some(other) if other.cells == new.cells => plan.unchanged_rows += 1,
                Some(_) => {
                    disputed.insert((row.section, new.entry.clone()));
                    ready.push(new);
                }
                None => ready.push(new),
            },
            Err(rejected) => plan.rejected.push(rejected),
        }
    }
    let mut draft = Draft::new(content.clone(), "register", today);
    for entry in ready {
        if disputed.contains(&(entry.row.section, entry.entry.clone())) {
            plan.rejected.push(Rejected {
                line: entry.row.line,
                column: None,
                reason: Reason::new(
                    format!("'{}' staat twee keer in het bestand met verschillende inhoud; laat er één staan", entry.entry),
                    format!("'{}' stands in the file twice with different content; leave one of them", entry.entry),
                ),
                value: None,
            });
            continue;
        }
        let before = draft.puts;
        take(&entry, &mut draft, &known, today, &mut plan.notes);
        if draft.puts == before {
            plan.unchanged_rows += 1;
        } else {
            plan.changed_rows += 1;
        }
    }
    plan.proposals = draft.proposals;
    plan.writes = draft.writes;
    plan.rejected.sort_by_key(|rejected| rejected.line);
    plan
}

fn take(ready: &Ready<'_>, draft: &mut Draft, known: &Register, today: Day, notes: &mut Vec<Note>) {
    let (section, entry) = (ready.row.section, &ready.entry);
    let is_new = draft.entry(section.container(), entry).is_none();
    let append_only = matches!(section, Section::Targets | Section::Observations);
    if append_only && !is_new {
        return;
    }
    let key = memory_key("register", &format!("{}/{entry}", section.container().key()));
    let mut memory = draft.memory(&key);
    for (column, key, value) in &ready.cells {
        let target = memory::Target { container: section.container(), entry, key, value, memory: key.clone(), same_as: None };
        if draft.take(&target, &mut memory, &[], false) == Outcome::Proposed {
            notes.push(memory::conflict(ready.row.line, column));
        }
    }
    if append_only {
        // Its key follows from what it says: there is nothing to remember.
        supersede(section, ready, draft, known, today);
    } else {
        draft.remember(&key, &memory);
    }
}

/// A promise that differs from one made before holds from now on, unless the file says from when.
fn supersede(section: Section, ready: &Ready<'_>, draft: &mut Draft, known: &Register, today: Day) {
    if section != Section::Targets || ready.cells.iter().any(|(name, ..)| *name == "valid_from") {
        return;
    }
    let text = |key: &str| ready.cells.iter().find(|(_, full, _)| full == key).and_then(|(.., value)| String::from_scalar(value));
    let earlier = known.targets.values().any(|target| {
        target.programme == text("p")
            && target.metric.map(|metric| metric.to_scalar()) == text("m").map(Scalar::Text)
            && target.unit.map(|unit| unit.to_scalar()) == text("u").map(Scalar::Text)
    });
    if earlier {
        draft.put(section.container(), &ready.entry, "f", today.to_scalar());
    }
}

/// The codes and names that the file or the register knows, so that entries may refer to each other in any order.
struct Named {
    programmes: Vec<(String, String)>,
    schools: Vec<(String, String)>,
}

impl Named {
    fn collect(rows: &[RegisterRow], known: &Register) -> Self {
        let mut programmes: Vec<(String, String)> =
            known.programmes.iter().map(|(code, programme)| (code.clone(), programme.name.clone().unwrap_or_default())).collect();
        let mut schools: Vec<(String, String)> =
            known.schools.iter().map(|(code, school)| (code.clone(), school.name.clone().unwrap_or_default())).collect();
        let name = |row: &RegisterRow| row.cells.get("name").map(|name| name.trim().to_owned()).unwrap_or_default();
        for row in rows {
            match row.section {
                Section::Programmes => programmes.push((entry_key(row, known, &[]), name(row))),
                Section::Schools => schools.push((entry_key(row, known, &[]), name(row))),
                _ => {}
            }
        }
        Self { programmes, schools }
    }

    fn school(&self, text: &str) -> Option<&String> {
        Self::code(&self.schools, text)
    }

    fn programme(&self, text: &str) -> Option<&String> {
        Self::code(&self.programmes, text)
    }

    fn code<'a>(known: &'a [(String, String)], text: &str) -> Option<&'a String> {
        let by_code = known.iter().find(|(code, _)| names::same(code, text));
        by_code.or_else(|| known.iter().find(|(_, name)| names::same(name, text))).map(|(code, _)| code)
    }
}

/// The key of the entry: its code, its BRIN or KvK number, else a slug of its name; a name that the register knows keeps
/// the key that it has. Promises and observations are named by all they say.
fn entry_key(row: &RegisterRow, known: &Register, cells: &[(&'static str, String, Scalar)]) -> String {
    let text = |key: &str| row.cells.get(key).map(|text| text.trim()).filter(|text| !text.is_empty());
    let or_slug = |number: Option<&str>, listed: Listed| {
        let name = text("name").unwrap_or_default();
        text("code")
            .map(str::to_owned)
            .or_else(|| names::code_of(listed, name, known))
            .or_else(|| number.map(|number| names::code_of(listed, number, known).unwrap_or_else(|| number.to_owned())))
            .unwrap_or_else(|| names::slug(name))
    };
    match row.section {
        Section::Programmes | Section::Funding | Section::Coaches => text("code").unwrap_or_default().to_owned(),
        Section::Schools => or_slug(text("brin"), Listed::School),
        Section::Employers => or_slug(text("kvk"), Listed::Employer),
        Section::Targets | Section::Observations => {
            let said: String = cells.iter().map(|(_, key, value)| format!("{key}={value:?}\0")).collect();
            EntryId::derived(&format!("veldboek/import/{}/1", row.section.container().key()), said.as_bytes()).to_string()
        }
    }
}

fn prepare<'a>(row: &'a RegisterRow, known: &Register, named: &Named, notes: &mut Vec<Note>) -> Result<Ready<'a>, Rejected> {
    let reject = |column: &str, value: Option<&str>, nl: String, en: String| Rejected {
        line: row.line,
        column: Some(column.to_owned()),
        reason: Reason::new(nl, en),
        value: value.map(text_check::masked),
    };
    let mut texts: BTreeMap<&str, String> =
        row.cells.iter().map(|(key, text)| (*key, text.trim().to_owned())).filter(|(_, text)| !text.is_empty()).collect();
    // "VSO 3" is how the regions write a vso school of cluster 3.
    if let Some((kind, cluster)) = texts.get("type").and_then(|text| text.split_once(' '))
        && matches!(cluster, "3" | "4")
    {
        let (kind, cluster) = (kind.to_owned(), cluster.to_owned());
        texts.insert("type", kind);
        texts.entry("cluster").or_insert(cluster);
    }
    let mut cells = Vec::new();
    for key in row.section.keys() {
        let Some(text) = texts.get(key.name) else {
            if key.required {
                return Err(reject(
                    key.name,
                    None,
                    format!("verplicht veld '{}' ontbreekt", key.name),
                    format!("required field '{}' is missing", key.name),
                ));
            }
            continue;
        };
        if key.name != "phone" && key.name != "kvk" && !text_check::bsn_positions(text).is_empty() {
            return Err(reject(
                key.name,
                Some(text),
                "hier staat mogelijk een BSN; haal het uit het bestand".to_owned(),
                "this may be a BSN; take it out of the file".to_owned(),
            ));
        }
        let Some(field) = key.field.and_then(|name| row.section.field(name)) else { continue };
        let text = &resolve(row, key.name, text, named, notes);
        check(row.section, key.name, text).map_err(|(nl, en)| reject(key.name, Some(text), nl.to_owned(), en.to_owned()))?;
        let values = (field.parse)(text).map_err(|error| {
            let plain = |lang| {
                let message = error.message(lang);
                message.strip_prefix(&format!("'{text}' ")).unwrap_or(message).to_owned()
            };
            reject(key.name, Some(text), plain(Lang::Nl), plain(Lang::En))
        })?;
        if key.name == "headcounts" {
            remark_on_days(row, &values, notes);
        }
        cells.extend(values.into_iter().map(|(suffix, value)| (key.name, format!("{}{suffix}", field.key), value)));
    }
    let day = |keys: [&str; 2]| keys.iter().find_map(|key| texts.get(key)).and_then(|text| text.parse::<Day>().ok());
    if let (Some(from), Some(to)) = (day(["from", "active_from"]), day(["to", "active_to"]))
        && to < from
    {
        return Err(reject("to", None, format!("ligt voor 'from' ({from})"), format!("is before 'from' ({from})")));
    }
    let entry = entry_key(row, known, &cells);
    if row.section == Section::Programmes && texts.get("part_of").is_some_and(|umbrella| names::same(umbrella, &entry)) {
        return Err(reject(
            "part_of",
            None,
            "een programma is geen onderdeel van zichzelf".to_owned(),
            "a programme is no part of itself".to_owned(),
        ));
    }
    if entry.is_empty() || entry.contains(['|', '/']) || entry.chars().count() > 60 {
        return Err(reject(
            "code",
            Some(&entry),
            "een code heeft 1 tot 60 tekens, zonder '|' of '/'".to_owned(),
            "a code has 1 to 60 characters, without '|' or '/'".to_owned(),
        ));
    }
    Ok(Ready { row, entry, cells })
}

/// Names of schools become codes; what nobody knows is kept and reported.
fn resolve(row: &RegisterRow, key: &str, text: &str, named: &Named, notes: &mut Vec<Note>) -> String {
    let parts: Vec<String> = text
        .split('|')
        .map(str::trim)
        .map(|part| match (row.section, key) {
            (Section::Funding, "schools") => named.school(part).cloned().ok_or(part),
            (Section::Funding, "programmes") | (Section::Programmes, "part_of") | (_, "programme") => {
                named.programme(part).cloned().ok_or(part)
            }
            _ => Ok(part.to_owned()),
        })
        .map(|part| {
            part.unwrap_or_else(|unknown| {
                notes.push(Note {
                    kind: NoteKind::Unlisted,
                    lines: [row.line].into(),
                    column: Some(key.to_owned()),
                    value: Some(unknown.to_owned()),
                    reason: Reason::new("staat niet in het register; als tekst bewaard", "is not in the register; kept as text"),
                });
                unknown.to_owned()
            })
        })
        .collect();
    parts.join("|")
}

type Broken = (&'static str, &'static str);

/// V22, V24 and the shapes that a field alone cannot tell.
fn check(section: Section, key: &str, text: &str) -> Result<(), Broken> {
    let number = text.parse::<i64>().ok();
    match (section, key) {
        (Section::Targets, "value") if number.is_some_and(|value| value <= 0) => {
            Err(("een doel is meer dan 0", "a target is above 0"))
        }
        (Section::Funding, "amount_cents") if number.is_some_and(|value| value < 0) => {
            Err(("een bedrag is niet negatief", "an amount is not negative"))
        }
        (Section::Programmes, "visit_interval_days") if number.is_some_and(|value| value < 1) => {
            Err(("een bezoekinterval is minstens 1 dag", "a visit interval is at least 1 day"))
        }
        (Section::Schools, "cluster") if !matches!(text, "3" | "4") => Err(("cluster is 3 of 4", "a cluster is 3 or 4")),
        (Section::Schools, "headcounts") if text.split('|').any(|part| part.contains("=-")) => {
            Err(("een leerlingaantal is niet negatief", "a headcount is not negative"))
        }
        (Section::Employers, "kvk") if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) => {
            Err(("een KvK-nummer heeft acht cijfers", "a KvK number has eight digits"))
        }
        (Section::Employers, "phone") if !text_check::is_phone(text) => Err((
            "dit is geen telefoonnummer zoals 06-12345678 of +31 6 12345678",
            "this is no telephone number like 06-12345678 or +31 6 12345678",
        )),
        _ => Ok(()),
    }
}

/// V24: schools are counted on 1 October, unless the funder says otherwise.
fn remark_on_days(row: &RegisterRow, values: &[(String, Scalar)], notes: &mut Vec<Note>) {
    for (suffix, _) in values.iter().filter(|(suffix, _)| !suffix.ends_with("-10-01")) {
        notes.push(Note {
            kind: NoteKind::Warning,
            lines: [row.line].into(),
            column: Some("headcounts".to_owned()),
            value: Some(suffix.trim_start_matches(':').to_owned()),
            reason: Reason::new("de peildatum is meestal 1 oktober", "the reference date is usually 1 October"),
        });
    }
}
