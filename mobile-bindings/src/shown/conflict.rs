//! What a person should settle, with the values to choose from.

use veldboek_core::field_book::{Conflict, ConflictKind};

use super::text;
use crate::codes::Lang;

/// Something that a person should settle.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictDetail {
    /// Names it.
    pub id: String,
    /// Id of the dossier (or register).
    pub dossier: String,
    /// What people call the dossier.
    pub reference: Option<String>,
    /// What kind.
    pub nature: ConflictNature,
    /// The field, or what clashes, for a person to read.
    pub field: String,
    /// The values, each with who wrote it when. With `DUPLICATE_REFERENCE` they are the ids of the two dossiers, to edit one of;
    /// otherwise they are to choose from.
    pub choices: Vec<ConflictChoice>,
}

impl ConflictDetail {
    /// A conflict, for a person to read.
    pub(crate) fn new(conflict: &Conflict, lang: Lang) -> Self {
        let nature = match &conflict.kind {
            ConflictKind::Field(..) => ConflictNature::Field,
            ConflictKind::WrittenOnce(..) => ConflictNature::WrittenOnce,
            ConflictKind::Proposal(..) => ConflictNature::Import,
            ConflictKind::Correction(_) => ConflictNature::Correction,
            ConflictKind::DuplicateReference(_) => ConflictNature::DuplicateReference,
            ConflictKind::Clash(_) => ConflictNature::TwoCoaches,
        };
        let choices = conflict.versions.iter().zip(0..).map(|(version, index)| ConflictChoice {
            index,
            value: conflict.show(version, lang),
            by: version.by.clone(),
            at: text(version.at),
            source: version.source.clone(),
        });
        Self {
            id: conflict.id.clone(),
            dossier: conflict.document.to_string(),
            reference: conflict.reference.clone(),
            nature,
            field: conflict.field(lang),
            choices: choices.collect(),
        }
    }
}

/// What kind of conflict it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ConflictNature {
    /// One field was edited to different values at once.
    Field,
    /// A field that is written once was filled apart with different values: to be shown, nothing can be chosen.
    WrittenOnce,
    /// An import brought another value than a person wrote.
    Import,
    /// A visit was corrected to different values at once.
    Correction,
    /// Two dossiers carry one reference: one of them gets another.
    DuplicateReference,
    /// More than one first coach; a coordinator chooses one.
    TwoCoaches,
}

/// One value in a conflict.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictChoice {
    /// Hand this in to choose it.
    pub index: u32,
    /// The value, for a person to read.
    pub value: String,
    /// Code of the person who wrote it.
    pub by: String,
    /// When.
    pub at: Option<String>,
    /// The file that it came from, when that person imported it.
    pub source: Option<String>,
}
