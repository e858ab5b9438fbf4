//! A server's journal as the auditor reads it: every record that says who did something, in the words of one line.

use std::collections::HashMap;

use super::{AuditAction, AuditNote};
use crate::clock::Timestamp;
use crate::envelope::SignedChange;
use crate::ids::{DeviceId, DocumentId};
use crate::journal::{Kind, Payload, Record};
use crate::notes::{
    Access, ContactNote, ContradictedNote, EpochNote, ErasureNote, Invitation, LockOut, NotAdmitted, UnreadableNote, WipedNote,
    WrongCode,
};
use crate::record::Code;
use crate::statement::{SignedStatement, Statement};

/// One line: what the auditor sees, searches and exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// The number of its record, which fixes the order of everything.
    pub number: u64,
    /// When, by the server's clock. Of what a device signed, the last time that the journal tells before it: at most a minute
    /// earlier.
    pub at: Timestamp,
    /// When, by the clock of the device that signed it.
    pub made_at: Option<Timestamp>,
    /// The code of what was done.
    pub action: String,
    /// From which device; none at the server itself.
    pub device: Option<DeviceId>,
    /// The code of the device's person.
    pub person: Option<String>,
    /// About which documents.
    pub documents: Vec<DocumentId>,
    /// About which person.
    pub about_person: Option<String>,
    /// About which device.
    pub about_device: Option<DeviceId>,
    /// How many.
    pub count: Option<u64>,
    /// A code that says why or how.
    pub reason: Option<String>,
    /// Its content was erased with its dossier: that there was something is all that is left.
    pub erased: bool,
}

/// Reads a journal from its first record on. It keeps who has which device, and nothing else.
#[derive(Debug, Default)]
pub struct AuditView {
    people: HashMap<DeviceId, String>,
    /// The server's time that was told last.
    clock: Timestamp,
    /// What was told of an erasure that follows.
    erasing: Option<ErasureNote>,
}

impl AuditView {
    /// The line of the next record, if it says that somebody did something.
    ///
    /// # Errors
    /// [`UnreadableNote`] when the record cannot be read.
    pub fn line(&mut self, record: &Record) -> Result<Option<AuditLine>, UnreadableNote> {
        let Payload::Bytes(bytes) = &record.payload else {
            let action = match record.kind {
                Kind::Change => AuditAction::Written,
                Kind::Quarantined => AuditAction::Quarantined,
                Kind::Opening => AuditAction::DossierBegun,
                Kind::Grant => AuditAction::Granted,
                Kind::Erasing => AuditAction::ErasureAsked,
                Kind::Decision => AuditAction::QuarantineDecided,
                _ => AuditAction::Other,
            };
            return Ok(Some(AuditLine { erased: true, ..self.plain(record.seq, action) }));
        };
        let unreadable = |error: &dyn std::fmt::Display| UnreadableNote(format!("record {}: {error}", record.seq));
        Ok(match record.kind {
            Kind::Audit => Some(self.note(record.seq, AuditNote::decode(bytes)?)),
            Kind::Change => {
                let change = SignedChange::decode(bytes).map_err(|error| unreadable(&error))?;
                Some(AuditLine {
                    // Automerge counts seconds.
                    made_at: Some(Timestamp::from_millis(change.header().time.saturating_mul(1000))),
                    documents: vec![change.document()],
                    ..self.by(record.seq, AuditAction::Written, change.signer())
                })
            }
            Kind::Opening
            | Kind::Certificate
            | Kind::Grant
            | Kind::Revocation
            | Kind::Erasure
            | Kind::Erasing
            | Kind::Decision => {
                let signed = SignedStatement::decode(bytes).map_err(|error| unreadable(&error))?;
                Some(self.statement(record.seq, &signed))
            }
            Kind::Quarantined => {
                let note = NotAdmitted::decode(bytes)?;
                self.clock = note.at;
                let line = match note.sender {
                    Some(sender) => self.by(record.seq, AuditAction::Quarantined, sender),
                    None => self.plain(record.seq, AuditAction::Quarantined),
                };
                let signer =
                    note.envelope.and_then(|envelope| SignedChange::decode(&envelope).ok()).map(|change| change.signer());
                // Who carried it is not always who wrote it.
                let about = signer.filter(|signer| Some(*signer) != line.device);
                Some(AuditLine {
                    documents: note.document.into_iter().collect(),
                    about_person: about.and_then(|device| self.people.get(&device).cloned()),
                    about_device: about,
                    reason: Some(note.reason),
                    ..line
                })
            }
            Kind::Refused => {
                self.clock = WrongCode::decode(bytes)?.at;
                Some(self.plain(record.seq, AuditAction::WrongCode))
            }
            Kind::Opened | Kind::Closed => {
                let note = Access::decode(bytes)?;
                let action = if record.kind == Kind::Opened { AuditAction::AccessOpened } else { AuditAction::AccessClosed };
                Some(AuditLine { documents: vec![note.document], about_person: note.person, ..self.plain(record.seq, action) })
            }
            Kind::Invitation => {
                let note = Invitation::decode(bytes)?;
                // That it was used is told by the certificate before it.
                note.used_by.is_none().then(|| {
                    let line = match note.by {
                        Some(device) => self.by(record.seq, AuditAction::Invited, device),
                        None => self.plain(record.seq, AuditAction::Invited),
                    };
                    AuditLine { about_person: Some(note.person), reason: Some(note.role), ..line }
                })
            }
            Kind::Contact => {
                let note = ContactNote::decode(bytes)?;
                // One that was only heard is written later.
                self.clock = self.clock.max(note.at);
                let line = self.by(record.seq, AuditAction::Contact, note.device);
                Some(AuditLine { at: note.at, count: Some(u64::from(note.unsynced)), ..line })
            }
            Kind::Epoch => {
                let note = EpochNote::decode(bytes)?;
                self.clock = note.at;
                let reopened = note.held == Some(false);
                Some(self.plain(record.seq, if reopened { AuditAction::Reopened } else { AuditAction::LifeBegan }))
            }
            Kind::Contradicted => {
                let note = ContradictedNote::decode(bytes)?;
                self.clock = note.at;
                Some(AuditLine { count: Some(note.number), ..self.by(record.seq, AuditAction::ChainContradicted, note.device) })
            }
            Kind::ErasureNote => {
                let note = ErasureNote::decode(bytes)?;
                self.clock = note.at;
                self.erasing = Some(note);
                None
            }
            Kind::Wiped => {
                let note = WipedNote::decode(bytes)?;
                self.clock = note.at;
                let signed = SignedStatement::decode(&note.statement).map_err(|error| unreadable(&error))?;
                Some(self.statement(record.seq, &signed))
            }
            Kind::LockOut => {
                let note = LockOut::decode(bytes)?;
                self.clock = note.at;
                Some(match note.device {
                    Some(device) => self.by(record.seq, AuditAction::LockedOut, device),
                    None => AuditLine { reason: Some("STRANGERS".to_owned()), ..self.plain(record.seq, AuditAction::LockedOut) },
                })
            }
            Kind::Operation
            | Kind::Accepted
            | Kind::Acknowledged
            | Kind::Cursor
            | Kind::Person
            | Kind::Setup
            | Kind::SetAside
            | Kind::Head
            | Kind::Day => None,
        })
    }

    fn plain(&self, number: u64, action: AuditAction) -> AuditLine {
        AuditLine {
            number,
            at: self.clock,
            made_at: None,
            action: action.code().to_owned(),
            device: None,
            person: None,
            documents: Vec::new(),
            about_person: None,
            about_device: None,
            count: None,
            reason: None,
            erased: false,
        }
    }

    /// Whoever signed what was let in is a certified device, or else the server itself.
    fn by(&self, number: u64, action: AuditAction, device: DeviceId) -> AuditLine {
        let person = self.people.get(&device).cloned();
        AuditLine { device: person.is_some().then_some(device), person, ..self.plain(number, action) }
    }

    fn note(&mut self, number: u64, note: AuditNote) -> AuditLine {
        self.clock = note.at;
        AuditLine {
            number,
            at: note.at,
            made_at: None,
            action: note.action,
            device: note.device,
            person: note.person,
            documents: note.documents,
            about_person: note.about_person,
            about_device: note.about_device,
            count: note.count,
            reason: note.reason,
            erased: false,
        }
    }

    /// Statements of devices have the device's time; those of the server its own.
    fn statement(&mut self, number: u64, signed: &SignedStatement) -> AuditLine {
        let signer = signed.signer();
        let documents: Vec<DocumentId> = signed.statement().document().into_iter().collect();
        let line = match signed.statement() {
            Statement::Certificate(body) => {
                // After a restore devices bring back what the server signed long ago: it is let in now.
                self.clock = self.clock.max(body.from);
                self.people.insert(body.device, body.person.clone());
                self.by(number, AuditAction::Enrolled, body.device)
            }
            Statement::Opening(body) => {
                AuditLine { made_at: Some(body.at), ..self.by(number, AuditAction::DossierBegun, signer) }
            }
            Statement::Grant(body) => AuditLine {
                made_at: Some(body.at),
                about_person: Some(body.person.clone()),
                ..self.by(number, AuditAction::Granted, signer)
            },
            Statement::GrantEnd(body) => AuditLine {
                made_at: Some(body.at),
                about_person: Some(body.person.clone()),
                ..self.by(number, AuditAction::GrantEnded, signer)
            },
            Statement::Revocation(body) => {
                self.clock = self.clock.max(body.at);
                let action = if body.accept_unsent { AuditAction::DeliveryAllowed } else { AuditAction::Revoked };
                AuditLine {
                    person: body.by.clone(),
                    about_person: self.people.get(&body.device).cloned(),
                    about_device: Some(body.device),
                    ..self.plain(number, action)
                }
            }
            Statement::Erasure(body) => {
                self.clock = self.clock.max(body.at);
                // The note before it tells who asked and who confirmed.
                let note = self.erasing.take().filter(|note| note.document == body.document);
                let line = match note.as_ref().and_then(|note| note.confirmed_by) {
                    Some(device) => self.by(number, AuditAction::Erased, device),
                    None => self.plain(number, AuditAction::Erased),
                };
                let asked = note.and_then(|note| note.asked_by);
                AuditLine {
                    documents: vec![body.document],
                    about_person: asked.and_then(|device| self.people.get(&device).cloned()),
                    about_device: asked,
                    ..line
                }
            }
            Statement::Decision(body) => {
                let action = if body.accepted { AuditAction::QuarantineAccepted } else { AuditAction::QuarantineRefused };
                AuditLine { made_at: Some(body.at), count: Some(body.changes.len() as u64), ..self.by(number, action, signer) }
            }
            Statement::Closing(body) => AuditLine {
                documents: body.documents.clone(),
                about_person: Some(body.person.clone()),
                ..self.plain(number, AuditAction::AccessClosed)
            },
            Statement::Wiped(body) => AuditLine {
                made_at: Some(body.at),
                count: Some(u64::from(body.lost)),
                ..self.by(number, AuditAction::Wiped, body.device)
            },
            Statement::ErasureReceipt(body) => AuditLine {
                made_at: Some(body.at),
                documents: vec![body.document],
                count: Some(u64::from(body.unsent)),
                ..self.by(number, AuditAction::ErasedHere, signer)
            },
            Statement::ErasureRequest(body) => {
                let action = if body.withdrawn == Some(true) { AuditAction::ErasureWithdrawn } else { AuditAction::ErasureAsked };
                AuditLine { made_at: Some(body.at), ..self.by(number, action, signer) }
            }
            Statement::Refounding(body) => AuditLine {
                made_at: Some(body.at),
                documents: vec![body.old, body.new],
                count: Some(body.withdrawn.len() as u64),
                ..self.by(number, AuditAction::Refounded, signer)
            },
            Statement::Newer(kind) => {
                AuditLine { reason: Some(format!("STATEMENT_{kind}")), ..self.by(number, AuditAction::Other, signer) }
            }
        };
        if line.documents.is_empty() { AuditLine { documents, ..line } } else { line }
    }
}

/// Which lines are wanted; an empty filter wants all but contacts, which say nothing about content.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Done by this person, or about this person.
    pub person: Option<String>,
    /// From a device, or about one, whose id begins like this.
    pub device: Option<String>,
    /// About this document.
    pub document: Option<DocumentId>,
    /// Of this kind.
    pub action: Option<AuditAction>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether a line is wanted.
    pub fn wants(&self, line: &AuditLine) -> bool {
        let action = match self.action {
            Some(action) => line.action == action.code(),
            None => line.action != AuditAction::Contact.code(),
        };
        let person = |wanted: &String| line.person.as_ref() == Some(wanted) || line.about_person.as_ref() == Some(wanted);
        let device = |wanted: &String| {
            [line.device, line.about_device].into_iter().flatten().any(|id| id.to_string().starts_with(wanted.as_str()))
        };
        action
            && self.person.as_ref().is_none_or(person)
            && self.device.as_ref().is_none_or(device)
            && self.document.is_none_or(|document| line.documents.contains(&document))
            && self.from.is_none_or(|from| from <= line.at)
            && self.before.is_none_or(|before| line.at < before)
    }
}
