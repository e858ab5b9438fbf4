//! Files in: what the rows of a file mean for the dossiers and the register, worked out before anything is written.
//!
//! A plan is a pure function of the rows, what is known already and the register. Each imported row leaves a *memory* in
//! the document: a short hash of every cell that it put there. With it the same file again changes nothing, a changed row
//! changes only the cells that changed, and a cell that a person edited since is not overwritten but proposed.
//!
//! The way of a file: `cells` reads the text of each column ([`columns()`] says where it goes), rows that disagree about
//! one trainee are set aside, `dossiers` finds the records each row speaks of and checks the rules of entry, `memory`
//! decides per cell. [`register`] does the same for the region's register.

mod assign;
mod cells;
mod columns;
mod dossiers;
mod entry_rules;
mod find;
mod memory;
mod names;
pub mod register;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::clock::Day;
use crate::ids::{DocumentId, EntryId};
use crate::record::{Content, Lang, Write};
use crate::register::Register;

pub use columns::{Column, columns};
pub use names::slug;

/// What a CSV file lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// One row per trajectory.
    Participants,
    /// One row per school enrolment that ended.
    Leavers,
    /// One row per training.
    Trainings,
    /// One row per placement.
    Placements,
}

impl FileKind {
    /// All kinds.
    pub const ALL: &'static [FileKind] = &[FileKind::Participants, FileKind::Leavers, FileKind::Trainings, FileKind::Placements];

    /// The name in the command and in what an import leaves behind.
    pub const fn name(self) -> &'static str {
        match self {
            FileKind::Participants => "participants",
            FileKind::Leavers => "leavers",
            FileKind::Trainings => "trainings",
            FileKind::Placements => "placements",
        }
    }
}

/// One row of a file, by canonical column name. Empty cells may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// The line in the file, counted from 1.
    pub line: u64,
    /// The texts as they stand in the file.
    pub cells: BTreeMap<&'static str, String>,
}

/// Something to tell a person, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// Dutch.
    pub nl: String,
    /// English.
    pub en: String,
}

impl Reason {
    /// In both languages.
    pub fn new(nl: impl Into<String>, en: impl Into<String>) -> Self {
        Self { nl: nl.into(), en: en.into() }
    }

    /// For people who read this language.
    pub fn show(&self, lang: Lang) -> &str {
        match lang {
            Lang::Nl => &self.nl,
            Lang::En => &self.en,
        }
    }
}

/// A row that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The line in the file.
    pub line: u64,
    /// The canonical name of the column at fault, if one is.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub reason: Reason,
    /// What stands in the cell; names and possible BSNs are masked.
    pub value: Option<String>,
}

/// What kind of remark a [`Note`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The register lacks this programme, school, employer or funding source; kept as text.
    Unlisted,
    /// The register lacks this coach; imported unassigned.
    UnknownCoach,
    /// The coach is assigned as soon as there is an agreement date.
    NotYetAssigned,
    /// A person wrote another value: recorded as a proposal, not overwritten. A person should look.
    Conflict,
    /// Imported, but worth a look.
    Warning,
}

/// A remark about rows that were imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What kind of remark.
    pub kind: NoteKind,
    /// The lines it is about.
    pub lines: BTreeSet<u64>,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// The name or value, if it helps.
    pub value: Option<String>,
    /// What to know.
    pub reason: Reason,
}

/// Access that a coach needs because the file assigns them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedGrant {
    /// Code of the coach.
    pub person: String,
    /// First day.
    pub from: Day,
}

/// What the file means for one trainee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraineePlan {
    /// The organisation that scopes the dossier.
    pub organisation: String,
    /// What people call the dossier.
    pub reference: String,
    /// The dossier, or `None` when it is to be founded. The writes of a new dossier hold everything but the trainee's id.
    pub document: Option<DocumentId>,
    /// What to write, as one change.
    pub writes: Vec<Write>,
    /// Who needs access from when.
    pub grants: Vec<WantedGrant>,
}

/// What a file means, for all trainees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportPlan {
    /// Trainees for whom something changes; others are left out.
    pub trainees: Vec<TraineePlan>,
    /// Rows in the file.
    pub rows: usize,
    /// Rows that change something.
    pub changed_rows: usize,
    /// Rows that say what the import before said.
    pub unchanged_rows: usize,
    /// New proposals: cells that a person edited since.
    pub proposals: usize,
    /// Rows that are not imported.
    pub rejected: Vec<Rejected>,
    /// Remarks.
    pub notes: Vec<Note>,
}

impl ImportPlan {
    /// Whether something needs a person: exit status 3.
    pub fn needs_a_person(&self) -> bool {
        self.proposals > 0 || !self.rejected.is_empty()
    }
}

/// A dossier that exists already.
#[derive(Debug, Clone)]
pub struct Existing {
    /// The document. With several for one reference (which is a conflict of its own) the smallest id is taken.
    pub document: DocumentId,
    /// Its content.
    pub content: Content,
}

/// Organisation and reference: what names a trainee in files.
pub type TraineeKey = (String, String);

/// What an import needs to know beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Organisation of rows that name none: the device's.
    pub organisation: &'a str,
    /// The day of the import.
    pub today: Day,
    /// What the region shares.
    pub register: &'a Register,
    /// Fresh random bytes, from which the ids of new entries are made.
    pub salt: [u8; 16],
}

impl Setting<'_> {
    /// A fresh id for what a row brings. Within one import the same row always gets the same.
    fn fresh(&self, what: &str, name: &str) -> [u8; 16] {
        let bytes = [self.salt.as_slice(), name.as_bytes()].concat();
        *EntryId::derived(&format!("veldboek/import/{what}/1"), &bytes).as_bytes()
    }
}

/// The trainees that a file names, so that the caller can look up their dossiers.
pub fn trainees(rows: &[Row], setting: Setting<'_>) -> BTreeSet<TraineeKey> {
    rows.iter().filter_map(|row| cells::trainee(row, setting)).collect()
}

/// Works out what a file means. Nothing is written.
pub fn plan(kind: FileKind, rows: &[Row], existing: &BTreeMap<TraineeKey, Existing>, setting: Setting<'_>) -> ImportPlan {
    dossiers::plan(kind, rows, existing, setting)
}
