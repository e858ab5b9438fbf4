//! Changes: what one just saved, what the history tells, and what the server did not take in.

use veldboek_core::field_book::{HistoryItem, show_cell};
use veldboek_core::record::Write;
use veldboek_core::rules::Warning;

use super::{SavedState, text};
use crate::codes::Lang;

/// Something that was made or changed.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SavedChange {
    /// Id of the dossier.
    pub dossier: String,
    /// Id of what was made; of the dossier when it is about the whole.
    pub id: String,
    /// What is unusual about it.
    pub remarks: Vec<Remark>,
    /// For a form that stays open: what the person has seen now, their own change included. Absent where something new was
    /// made in a dossier: what came with the form goes on to hold.
    pub read_at: Option<Vec<u8>>,
}

/// A record that was saved on this device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LoggedVisit {
    /// Id of the visit.
    pub visit: String,
    /// Id of its dossier.
    pub dossier: String,
    /// Where it is safe.
    pub saved: SavedState,
    /// The last day of access has passed: it will wait for a coordinator.
    pub waits: bool,
    /// What is unusual about it.
    pub remarks: Vec<Remark>,
}

/// Something that is unusual without being wrong: done, and worth another look.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Remark {
    /// Number of the rule, if it has one.
    pub rule: Option<String>,
    /// For the person.
    pub text: String,
}

/// Remarks for the person.
pub(crate) fn remarks(warnings: &[Warning], lang: Lang) -> Vec<Remark> {
    warnings.iter().map(|one| Remark { rule: text(one.rule()), text: one.message(lang) }).collect()
}

/// One change in the history of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HistoryLine {
    /// When, by the clock of its device.
    pub at: String,
    /// Code of the person.
    pub person: Option<String>,
    /// Id of the device.
    pub device: String,
    /// What it wrote.
    pub fields: Vec<WrittenField>,
    /// Where it is safe.
    pub saved: SavedState,
}

impl HistoryLine {
    /// A change, for a person to read.
    pub(crate) fn new(item: HistoryItem, lang: Lang) -> Self {
        Self {
            at: item.at.to_string(),
            person: item.person,
            device: item.device.to_string(),
            fields: written(&item.writes, lang),
            saved: item.saved.into(),
        }
    }
}

/// A change of this device that the server did not take in.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NotAccepted {
    /// Id of the dossier.
    pub dossier: String,
    /// Waits for a coordinator, and stands in the dossier until then if that is still here; else it was refused and is no part of
    /// it any more.
    pub waits: bool,
    /// The reason's stable code.
    pub code: String,
    /// The reason, for a person to read.
    pub reason: String,
    /// What the coordinator or the server said in words.
    pub details: Option<String>,
    /// What people call the dossier; it may have left this device.
    pub reference: Option<String>,
    /// What it wrote: for writing it down again when it was refused.
    pub fields: Vec<WrittenField>,
}

/// One cell that a change wrote.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WrittenField {
    /// The field, for a person to read.
    pub field: String,
    /// The value, for a person to read.
    pub value: String,
}

/// What writes say, for the person.
pub(crate) fn written(writes: &[Write], lang: Lang) -> Vec<WrittenField> {
    let shown = writes.iter().map(|write| show_cell(write.container, &write.key, &write.value, lang));
    shown.map(|(field, value)| WrittenField { field, value }).collect()
}
