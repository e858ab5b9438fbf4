//! What can go wrong with a field book.

use super::*;
use crate::cbor::FormatError;
use crate::chunk::BadChunk;
use crate::envelope::BadEnvelope;

/// What went wrong with a field book.
#[derive(Debug, thiserror::Error)]
pub enum FieldBookError {
    /// There is no field book here.
    #[error("there is no field book here yet")]
    Missing,
    /// There is one already.
    #[error("there is a field book here already")]
    Exists,
    /// There was one; its device was revoked, and it wiped itself.
    #[error("this device was revoked, and everything on it was destroyed; ask your coordinator for a code, and enrol again")]
    Wiped,
    /// This device was revoked: nothing can be written, and the next contact wipes it.
    #[error("this device was revoked; ask your coordinator, and enrol again when it has wiped itself (`sync`)")]
    Revoked,
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The keys could not be opened.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The journal holds what this version cannot read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A document could not be processed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// No dossier is known under this reference.
    #[error("no dossier is known as '{0}'")]
    UnknownDossier(String),
    /// The dossier left this device: somebody else guides the trainee now.
    #[error("dossier {0} is no longer on this device, because access to it ended; ask your coordinator if that is a mistake")]
    Closed(DocumentId),
    /// The dossier was erased on request.
    #[error(
        "dossier {0} was erased on request and nothing can be written in it any more; ask your coordinator if that is a mistake"
    )]
    Erased(DocumentId),
    /// The last day of access has passed: what was recorded is kept, and the server has the word.
    #[error(
        "your access to dossier {0} ended after {1}; sync if it was extended, or ask your coordinator. A visit can still be logged: it waits for the coordinator"
    )]
    Ended(DocumentId, Day),
    /// What was read is not known here any more, so what is written on it cannot be set beside what came in.
    #[error("the dossier changed in a way that what was on the screen cannot be told from it any more; show it again")]
    StaleReading,
    /// Several dossiers carry this reference.
    #[error("several dossiers are known as '{0}'; name one by its id: {1}")]
    Ambiguous(String, String),
    /// The keys are here and the journal they belong to is not.
    #[error(
        "the journal of this field book is missing, while its keys say that there was one; put the folder 'journal' back from a backup, and change nothing else"
    )]
    LostJournal,
    /// The journal is here and its keys are not.
    #[error(
        "the file 'keyring' of this field book is missing, while its journal is here; put it back from a backup, and change nothing else"
    )]
    LostKeyring,
    /// What was written does not fit the formats.
    #[error("this cannot be saved: {0}")]
    Unfit(#[from] Unsavable),
    /// A conflict is not settled by a value that it does not have.
    #[error("this is none of the values to choose from; show the conflicts again")]
    NotAChoice,
    /// Two dossiers under one reference are not settled by choosing.
    #[error("there is nothing to choose: two dossiers have the same reference; give one of the two another")]
    TwoOfOneName,
    /// A field that is written once is not settled by choosing.
    #[error("there is nothing to choose: this is written once, and both values stand for good; the first one shown is read")]
    WrittenOnce,
    /// The withdrawal before this one is not done yet.
    #[error(
        "something was withdrawn from this dossier a moment ago and is not erased yet; synchronise first, then withdraw this"
    )]
    Withdrawing,
    /// Who this person is does not allow it.
    #[error("{0}")]
    NotAllowed(Forbidden),
    /// The person or organisation must be known first.
    #[error("this field book does not know whose it is")]
    Nobody,
}

impl From<UnreadableNote> for FieldBookError {
    fn from(error: UnreadableNote) -> Self {
        Self::Ledger(error.into())
    }
}

/// What somebody may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Asking that a dossier be erased.
    #[error("only a coordinator of the dossier's organisation asks for its erasure")]
    AskErasure,
    /// Withdrawing an entry.
    #[error("only whoever wrote an entry, or a coordinator of the organisation, withdraws it")]
    Withdraw,
}

/// Why something cannot be saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsavable {
    /// More than fits in one change or one statement.
    #[error("it is too large; write it in parts")]
    TooLarge,
    /// So many entries at once that one statement cannot name them.
    #[error("so many entries at once; withdraw them in parts")]
    TooManyEntries,
    /// A dossier of which no copy can be made that differs in what is withdrawn only.
    #[error("a dossier that cannot be written anew; ask your administrator")]
    NotAnew,
    /// A statement that nobody would read again, as when a code or note is too long, or access ends before it begins.
    #[error("a code, note or period in it is not one ({0}); correct it")]
    OutOfBounds(FormatError),
    /// A change that nobody would read again: a mistake of the program.
    #[error("the program made a change that cannot be read again ({0}); report this")]
    Unreadable(BadEnvelope),
}

impl From<FormatError> for Unsavable {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::TooLarge { .. } => Self::TooLarge,
            other => Self::OutOfBounds(other),
        }
    }
}

impl From<BadEnvelope> for Unsavable {
    fn from(error: BadEnvelope) -> Self {
        match error {
            BadEnvelope::Chunk(BadChunk::Limit(_)) | BadEnvelope::Format(FormatError::TooLarge { .. }) => Self::TooLarge,
            other => Self::Unreadable(other),
        }
    }
}
