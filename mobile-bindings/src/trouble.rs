//! What can go wrong, one variant for each thing that an app does about it.

use veldboek_core::disk::DiskError;
use veldboek_core::field_book::{FieldBookError as StoreError, SyncError};
use veldboek_core::journal::JournalError;
use veldboek_core::keyring::{KeyringError, KeystoreError, UnlockError};
use veldboek_core::ledger::LedgerError;
use veldboek_core::record::{Code as _, Lang, Unreadable};
use veldboek_core::rules::RuleBroken;
use veldboek_core::wire::{ErrorAnswer, ErrorCode};

/// Why a call did nothing. What was saved before stays saved. `reason` is for a person to read, in the language of the
/// field book; what a system or another program said stands in it as it was said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum FieldBookError {
    /// Ask for the code from the coordinator and enrol.
    #[error("not enrolled: {reason}")]
    NotEnrolled {
        /// For a person.
        reason: String,
    },
    /// The server no longer trusts this device: tell the person, and stop syncing.
    #[error("revoked: {reason}")]
    Revoked {
        /// For a person.
        reason: String,
    },
    /// Access to the dossier has ended, or it left this device: take it off the screen and sync. A visit that was made can still
    /// be logged as long as the dossier is among `ended`.
    #[error("access ended: {reason}")]
    AccessEnded {
        /// For a person.
        reason: String,
    },
    /// This device was revoked and everything on it was destroyed. Exchange until `again` is false, so that the server hears;
    /// then delete the directory and the keystore's key.
    #[error("wiped: {reason}")]
    Wiped {
        /// For a person.
        reason: String,
    },
    /// The keystore's key is not the one that this field book was made with: look for the right one. Making a new field
    /// book in another directory and enrolling again brings back what the server has.
    #[error("wrong key: {reason}")]
    WrongKey {
        /// Detail.
        reason: String,
    },
    /// The field book is locked: have the person unlock it (`unlock`, `unlock_with_passphrase`).
    #[error("needs unlock: {reason}")]
    NeedsUnlock {
        /// For a person.
        reason: String,
    },
    /// The passphrase was wrong, or it is too soon to try again: show the reason, and how many tries are left.
    #[error("{reason}")]
    PassphraseRefused {
        /// For a person.
        reason: String,
        /// How many tries are left before the keys are destroyed.
        left: u32,
        /// From when on one may try again, where there is a wait.
        try_again_at: Option<String>,
        /// Changes made here since the last exchange: they would go with the keys. Known from the fifth wrong try on.
        unsynced: Option<u64>,
    },
    /// The keys were destroyed, after ten wrong passphrases or because the server said so. This directory can never be read again:
    /// remove it, make a new field book, and enrol; what the server has comes back.
    #[error("keys destroyed: {reason}")]
    KeysDestroyed {
        /// For a person.
        reason: String,
        /// How many changes had been made since the last exchange, if that was known.
        unsynced: Option<u64>,
    },
    /// The storage does not let us in now (a phone that was not unlocked yet, another process): try again later.
    #[error("locked: {reason}")]
    Locked {
        /// Detail.
        reason: String,
    },
    /// No room is left on the phone: ask the person to free some.
    #[error("no space: {reason}")]
    NoSpace {
        /// Detail.
        reason: String,
    },
    /// The stored bytes are not as they were written: keep the directory as it is, and get help.
    #[error("damaged: {reason}")]
    Damaged {
        /// Detail.
        reason: String,
    },
    /// A newer version wrote this, or answers: ask the person to update the app.
    #[error("update needed: {reason}")]
    UpdateNeeded {
        /// Detail.
        reason: String,
    },
    /// Keep the form open and point at these fields.
    #[error("{reason}")]
    BadInput {
        /// The fields, by their names in this interface; empty when it is about the whole.
        fields: Vec<String>,
        /// For a person.
        reason: String,
    },
    /// The text may hold a BSN: ask the person to take it out, or to declare that it is none (`not_a_bsn`).
    #[error("{reason}")]
    PossibleBsn {
        /// In which field.
        field: String,
        /// For a person.
        reason: String,
    },
    /// There is no such dossier, visit or conflict here (any more): show the list again.
    #[error("not found: {reason}")]
    NotFound {
        /// What was looked for.
        reason: String,
    },
    /// The server cannot help now: try again in a few minutes. Nothing was lost.
    #[error("try later: {reason}")]
    TryLater {
        /// For a person.
        reason: String,
    },
    /// What answered is not the server of this field book: another network (a hotel's sign-in page), or a wrong address.
    /// Nothing of the answer was used, and nothing was lost.
    #[error("not the server: {reason}")]
    NotTheServer {
        /// Detail.
        reason: String,
    },
    /// The server refused: show the reason.
    #[error("{code}: {reason}")]
    Server {
        /// The stable code.
        code: String,
        /// For a person.
        reason: String,
    },
    /// A mistake of the program: report it. The field book opens itself again at the next call.
    #[error("unknown: {reason}")]
    Unknown {
        /// Detail.
        reason: String,
    },
}

/// The answer of every call.
pub(crate) type Answered<T> = Result<T, FieldBookError>;

impl FieldBookError {
    /// Something that was given cannot be read.
    pub(crate) fn bad(field: &str, reason: impl ToString) -> Self {
        Self::BadInput { fields: vec![field.to_owned()], reason: reason.to_string() }
    }

    /// Nobody enrolled this device.
    pub(crate) fn not_enrolled(lang: Lang) -> Self {
        let reason = match lang {
            Lang::Nl => "dit apparaat is nog niet aangemeld; vraag de coördinator om een code",
            Lang::En => "this device is not enrolled yet; ask the coordinator for a code",
        };
        Self::NotEnrolled { reason: reason.to_owned() }
    }

    /// It is locked.
    pub(crate) fn needs_unlock(lang: Lang) -> Self {
        let reason = match lang {
            Lang::Nl => "het veldboek is op slot; laat zien dat u het bent",
            Lang::En => "the field book is locked; show that it is you",
        };
        Self::NeedsUnlock { reason: reason.to_owned() }
    }

    /// It stays locked.
    pub(crate) fn unlock(error: &UnlockError, lang: Lang) -> Self {
        let stake = |left: u32, unsynced: Option<u64>| match (lang, unsynced) {
            (Lang::Nl, Some(1..)) => {
                format!("nog {left} pogingen; daarna gaan de sleutels verloren, en wat de server nog niet heeft")
            }
            (Lang::En, Some(1..)) => format!("{left} tries are left; then the keys are lost, and what the server does not have"),
            (Lang::Nl, _) => format!("nog {left} pogingen; daarna gaan de sleutels verloren"),
            (Lang::En, _) => format!("{left} tries are left; then the keys are lost"),
        };
        let (what, left, until, unsynced) = match error {
            UnlockError::Wrong { left, until, unsynced } => {
                let what = if lang == Lang::Nl { "de wachtzin is onjuist" } else { "the passphrase is wrong" };
                (what, *left, *until, *unsynced)
            }
            UnlockError::TooSoon { until, left, unsynced } => {
                let what = if lang == Lang::Nl { "wacht even met de volgende poging" } else { "wait before the next try" };
                (what, *left, Some(*until), *unsynced)
            }
            UnlockError::Keyring(error) => return Self::keyring(error, lang),
            UnlockError::NoPassphrase => return Self::WrongKey { reason: error.message(lang) },
            UnlockError::NoMemory => return Self::TryLater { reason: error.message(lang) },
            UnlockError::Keystore(KeystoreError::NotNow(_)) => return Self::needs_unlock(lang),
            UnlockError::Keystore(KeystoreError::Gone(_)) => return Self::WrongKey { reason: error.message(lang) },
        };
        let reason = format!("{what}; {}", stake(left, unsynced));
        Self::PassphraseRefused { reason, left, try_again_at: until.map(|at| at.to_string()), unsynced }
    }

    /// A rule of the trade, told to a person.
    pub(crate) fn rule(broken: &RuleBroken, lang: Lang) -> Self {
        let reason = broken.message(lang);
        let fields = match broken {
            RuleBroken::PossibleBsn { field, .. } => return Self::PossibleBsn { field: field.name.to_owned(), reason },
            RuleBroken::Unknown { .. } => return Self::NotFound { reason },
            RuleBroken::DatesOutOfOrder { earlier, later, .. } => vec![earlier.name, later.name],
            RuleBroken::OutflowIncomplete { missing } | RuleBroken::ClosingIncomplete { missing } => vec![missing.name],
            RuleBroken::VisitIncomplete { missing } | RuleBroken::TargetIncomplete { missing } => {
                missing.iter().map(|field| field.name).collect()
            }
            RuleBroken::Missing { field }
            | RuleBroken::OutOfRange { field, .. }
            | RuleBroken::Malformed { field, .. }
            | RuleBroken::TooLong { field, .. }
            | RuleBroken::InFuture { field }
            | RuleBroken::Taken { field, .. } => vec![field.name],
            RuleBroken::WhichTrajectory { .. } => vec!["trajectory"],
            _ => Vec::new(),
        };
        Self::BadInput { fields: fields.into_iter().map(str::to_owned).collect(), reason }
    }

    /// An answer of the server that is no success.
    pub(crate) fn refused(answer: &ErrorAnswer, lang: Lang) -> Self {
        let reason = answer.message(lang);
        match answer.code {
            ErrorCode::UnknownDevice => Self::NotEnrolled { reason },
            ErrorCode::Revoked => Self::Revoked { reason },
            ErrorCode::Busy | ErrorCode::Unavailable | ErrorCode::TooMany | ErrorCode::LockedOut => Self::TryLater { reason },
            ErrorCode::WrongServer => Self::NotTheServer { reason },
            ErrorCode::WrongCode | ErrorCode::ExpiredCode => Self::bad("code", reason),
            code => Self::Server { code: code.code().to_owned(), reason },
        }
    }

    /// Whether the field book in memory may no longer be what is on the disk.
    pub(crate) fn unsettles(&self) -> bool {
        matches!(
            self,
            Self::Unknown { .. } | Self::Damaged { .. } | Self::Locked { .. } | Self::NoSpace { .. } | Self::WrongKey { .. }
        )
    }
}

/// Trouble on its way to the app, before it is told in the language of the field book.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Told already.
    Told(FieldBookError),
    /// What was given for this field cannot be read.
    Unreadable(String, Unreadable),
    /// The core did not do it.
    Store(StoreError),
    /// The exchange came to nothing.
    Sync(SyncError),
}

/// What is done within a call.
pub(crate) type Tried<T> = Result<T, Trouble>;

impl Trouble {
    /// For the app, in the language of its person.
    pub(crate) fn told(self, lang: Lang) -> FieldBookError {
        match self {
            Self::Told(error) => error,
            Self::Unreadable(field, why) => FieldBookError::bad(&field, why.message(lang)),
            Self::Store(error) => FieldBookError::store(&error, lang),
            Self::Sync(error) => FieldBookError::sync(&error, lang),
        }
    }
}

macro_rules! troubles {
    ($($kind:ty => $how:expr;)*) => {$(
        impl From<$kind> for Trouble {
            fn from(error: $kind) -> Self {
                $how(error)
            }
        }
    )*};
}
troubles! {
    FieldBookError => Trouble::Told;
    StoreError => Trouble::Store;
    SyncError => Trouble::Sync;
    DiskError => |error| Trouble::Store(StoreError::Disk(error));
    KeyringError => |error| Trouble::Store(StoreError::Keyring(error));
}

impl FieldBookError {
    fn disk(error: &DiskError, lang: Lang) -> Self {
        let reason = error.message(lang);
        match error {
            DiskError::Full { .. } => Self::NoSpace { reason },
            DiskError::Locked | DiskError::Denied { .. } => Self::Locked { reason },
            DiskError::Missing { .. } | DiskError::BadName { .. } | DiskError::Failed { .. } | DiskError::PowerCut => {
                Self::Unknown { reason }
            }
        }
    }

    fn keyring(error: &KeyringError, lang: Lang) -> Self {
        let reason = error.message(lang);
        match error {
            KeyringError::WrongKey => Self::WrongKey { reason },
            KeyringError::Destroyed(destroyed) => Self::KeysDestroyed { reason, unsynced: destroyed.unsynced },
            KeyringError::Damaged { .. } => Self::Damaged { reason },
            KeyringError::Newer { .. } => Self::UpdateNeeded { reason },
            KeyringError::Disk(error) => Self::disk(error, lang),
            _ => Self::Unknown { reason },
        }
    }

    fn journal(error: &JournalError, lang: Lang) -> Self {
        let reason = error.message(lang);
        match error {
            JournalError::Damaged(_) | JournalError::KeyMissing { .. } => Self::Damaged { reason },
            JournalError::Newer { .. } => Self::UpdateNeeded { reason },
            JournalError::TooLarge { .. } => Self::BadInput { fields: Vec::new(), reason },
            JournalError::Keyring(error) => Self::keyring(error, lang),
            JournalError::Disk(error) => Self::disk(error, lang),
            _ => Self::Unknown { reason },
        }
    }

    /// What the store did not do.
    pub(crate) fn store(error: &StoreError, lang: Lang) -> Self {
        let reason = error.message(lang);
        match error {
            StoreError::Disk(error) => Self::disk(error, lang),
            StoreError::Journal(error) => Self::journal(error, lang),
            StoreError::Keyring(error) => Self::keyring(error, lang),
            StoreError::Ledger(LedgerError::Note(_)) => Self::UpdateNeeded { reason },
            StoreError::Ledger(LedgerError::Record(..)) | StoreError::Document(_) => Self::Damaged { reason },
            StoreError::Ended(..) | StoreError::Closed(_) => Self::AccessEnded { reason },
            StoreError::UnknownDossier(_) | StoreError::StaleReading => Self::NotFound { reason },
            StoreError::Ambiguous(..) => Self::bad("dossier", reason),
            StoreError::Unfit(_)
            | StoreError::NotAChoice
            | StoreError::TwoOfOneName
            | StoreError::WrittenOnce
            | StoreError::Withdrawing => Self::BadInput { fields: Vec::new(), reason },
            StoreError::Nobody => Self::NotEnrolled { reason },
            StoreError::Revoked => Self::Revoked { reason },
            StoreError::Wiped => Self::Wiped { reason },
            _ => Self::Unknown { reason },
        }
    }

    /// What an exchange came to.
    fn sync(error: &SyncError, lang: Lang) -> Self {
        let reason = error.message(lang);
        match error {
            SyncError::NotEnrolled => Self::not_enrolled(lang),
            SyncError::Nonsense(_) => Self::NotTheServer { reason },
            SyncError::SomebodyElse { .. } => Self::bad("code", reason),
            SyncError::Store(error) => Self::store(error, lang),
        }
    }
}

#[cfg(test)]
mod tests;
