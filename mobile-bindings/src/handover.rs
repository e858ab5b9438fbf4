//! Dossiers that change hands, as an app shows them.

use veldboek_core::clock::Day;
use veldboek_core::field_book::{AccessItem, Ended, HandoverNote};
use veldboek_core::record::Code as _;
use veldboek_core::statement::Handover;

use crate::codes::Lang;
use crate::field_book::FieldBook;
use crate::trouble::Answered;

/// A note that whoever coached before left for this person: to read before the first visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HandoverMessage {
    /// Id of the dossier.
    pub dossier: String,
    /// What people call it.
    pub reference: Option<String>,
    /// This person's first day.
    pub from: Option<String>,
    /// The last day, for a cover.
    pub until: Option<String>,
    /// Codes of who coached before.
    pub before: Vec<String>,
    /// Why it changed hands.
    pub reason: Option<String>,
    /// The note.
    pub note: String,
}

/// A dossier whose last day of access has passed, as far as this device can tell by itself. It is in no list any more. A visit
/// that was made can still be logged, by its id: it waits for a coordinator.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EndedAccess {
    /// Id of the dossier.
    pub dossier: String,
    /// What people call it.
    pub reference: Option<String>,
    /// The last day of access.
    pub last_day: String,
}

/// What kind of decision about access it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AccessKind {
    /// Whoever began the dossier has access.
    Opened,
    /// Access was given.
    Granted,
    /// Access was ended.
    Ended,
    /// Work that waited was let in.
    WorkAccepted,
    /// Work that waited was refused.
    WorkRefused,
}

/// One decision about who may see a dossier, or about work that waited.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AccessLine {
    /// What kind of decision.
    pub kind: AccessKind,
    /// When it was made.
    pub at: String,
    /// Code of who made it.
    pub by: String,
    /// Of what it was part, for a person to read: an assignment, a transfer, a warm handover, a cover.
    pub part_of: Option<String>,
    /// Code of whose access it is.
    pub person: Option<String>,
    /// First day.
    pub from: Option<String>,
    /// Last day.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The note for the successor.
    pub note: Option<String>,
}

fn day(day: Option<Day>) -> Option<String> {
    day.map(|day| day.to_string())
}

impl From<HandoverNote> for HandoverMessage {
    fn from(note: HandoverNote) -> Self {
        Self {
            dossier: note.document.to_string(),
            reference: note.called,
            from: day(note.from),
            until: day(note.until),
            before: note.before,
            reason: note.reason,
            note: note.note,
        }
    }
}

impl From<Ended> for EndedAccess {
    fn from(ended: Ended) -> Self {
        Self { dossier: ended.document.to_string(), reference: ended.called, last_day: ended.last.to_string() }
    }
}

impl AccessLine {
    fn new(item: AccessItem, lang: Lang) -> Self {
        let at = item.at().to_string();
        let part_of = |decision: Option<Handover>| decision.map(|decision| decision.label(lang).to_owned());
        let blank = Self {
            kind: AccessKind::Opened,
            at,
            by: String::new(),
            part_of: None,
            person: None,
            from: None,
            until: None,
            reason: None,
            note: None,
        };
        match item {
            AccessItem::Opened { person, .. } => Self { by: person.clone(), person: Some(person), ..blank },
            AccessItem::Granted { grant, reason, note } => Self {
                kind: AccessKind::Granted,
                by: grant.by,
                part_of: part_of(grant.decision),
                person: Some(grant.person),
                from: Some(grant.from.to_string()),
                until: day(grant.until),
                reason,
                note,
                ..blank
            },
            AccessItem::Ended { end, reason } => Self {
                kind: AccessKind::Ended,
                by: end.by,
                part_of: part_of(end.decision),
                person: Some(end.person),
                until: Some(end.on.plus_days(-1).to_string()),
                reason,
                ..blank
            },
            AccessItem::Decided(decision) => Self {
                kind: if decision.accepted { AccessKind::WorkAccepted } else { AccessKind::WorkRefused },
                by: decision.by,
                reason: decision.reason,
                ..blank
            },
        }
    }
}

#[uniffi::export]
impl FieldBook {
    /// Notes that were left for this person, in dossiers that they have not visited since.
    pub fn handovers(&self) -> Answered<Vec<HandoverMessage>> {
        self.turn(|turn| {
            let today = turn.moment.today();
            Ok(turn.book.handover_notes(today)?.into_iter().map(Into::into).collect())
        })
    }

    /// Dossiers whose last day of access has passed while there was no connection.
    pub fn ended(&self) -> Answered<Vec<EndedAccess>> {
        self.turn(|turn| Ok(turn.book.ended()?.into_iter().map(Into::into).collect()))
    }

    /// Who could see a dossier from when, until when and why, and who decided it, oldest first.
    pub fn access_history(&self, dossier: String) -> Answered<Vec<AccessLine>> {
        self.turn(|turn| {
            let document = turn.book.find(dossier.trim())?;
            let lang = turn.lang;
            Ok(turn.book.access_history(document)?.into_iter().map(|item| AccessLine::new(item, lang)).collect())
        })
    }
}
