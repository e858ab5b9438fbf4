//! A field book: everything one device keeps, and what a person can do with it.
//!
//! Writing goes one way: typed operation, one change, signed, in the journal, durable; only then does the caller hear
//! that it is saved. Two processes may hold the same book: each takes in what the other appended before it writes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rand_core::CryptoRng;

use crate::cache::Cache;
use crate::chunk::ChangeHash;
use crate::clock::{Day, Moment};
use crate::disk::{Disk, DiskError};
use crate::document::{Document, DocumentError};
use crate::dossier::Dossier;
use crate::envelope::SignedChange;
use crate::ids::*;
use crate::journal::{Journal, JournalError, Kind, Position, Record};
use crate::keyring::{Keyring, KeyringError, WrappingKey};
use crate::keys::{DeviceKeys, PublicKeys};
use crate::ledger::{Ledger, LedgerError};
use crate::notes::{Operation, Setup, UnreadableNote};
use crate::record::{Container, Scalar, Write};
use crate::shelf::Shelf;
use crate::statement::{DocumentKind, Grant, GrantEnd, Opening, Role, SignedStatement, Statement};

mod access;
mod anew;
mod apart;
mod appending;
mod as_read;
mod asked;
mod bundling;
mod carrying;
mod conflicts;
mod corrections;
pub(crate) mod erasing;
mod error;
mod fields;
mod handover;
mod heads;
mod history;
mod identity;
mod job;
mod known;
mod lease;
mod leaving;
mod loading;
mod mending;
mod noting;
mod opening;
mod own_devices;
mod performing;
mod proving;
mod reading;
mod revoked;
mod session;
mod status;
mod syncing;
mod unseen;
mod waiting;
mod withdrawing;

pub use access::{AccessItem, Ended};
pub use as_read::Reading;
pub use asked::{Asking, ErasureNews};
pub use bundling::{ExchangeError, Merged};
pub use conflicts::{Conflict, ConflictKind, ConflictVersion};
pub use corrections::CorrectedField;
pub use erasing::{Kept, NotWithdrawn, Wiped};
pub use error::{FieldBookError, Forbidden, Unsavable};
pub use fields::{field_of, fields_of, show_cell};
pub use handover::HandoverNote;
pub use heads::RecordBook;
pub use history::HistoryItem;
pub use identity::{Identity, ServerIdentity};
pub use job::{Job, Target};
pub use lease::LEASE_DAYS;
pub(crate) use loading::{ReadAt, bytes_at, load};
pub(crate) use opening::was_used;
pub use own_devices::OwnDevice;
pub use reading::DossierView;
pub use revoked::{Delivered, Next, Revoked};
pub use status::{Saved, Status};
pub use syncing::{Outcome, Sent, SyncError};
pub use waiting::{ReadWaiting, Waiting};

use appending::{Fold, Unsealed, stated, statement_record, to_records};
use performing::{sign, with_declaration};
use session::{actor, new_session};

/// The field book of one device.
pub struct FieldBook {
    disk: Arc<dyn Disk>,
    cache: Arc<dyn Cache>,
    journal: Journal,
    keyring: Keyring,
    ledger: Ledger,
    documents: Shelf,
    views: HashMap<DocumentId, reading::View>,
    /// Documents whose heads did not agree with the server's: the next request lists what is here.
    healing: Vec<DocumentId>,
    /// How often this process asked for healing; a mismatch that does not heal must not keep a line busy for ever.
    healing_rounds: u32,
    /// Changes that the server deferred since this process began: they wait behind what is new.
    deferred: HashSet<ChangeHash>,
    /// Changes that the server turned out to lack.
    resend: HashSet<(DocumentId, ChangeHash)>,
    /// What another process brought in and this handle did not show yet.
    unseen: unseen::Unseen,
    /// Dossiers of which the last day of access has passed, by the last look at the day.
    ended: BTreeMap<DocumentId, Day>,
    /// Keys from certificates that came in the answer that is being taken in.
    arriving: HashMap<DeviceId, PublicKeys>,
    /// When this process last wrote down an exchange.
    noted: Option<crate::clock::Timestamp>,
}

impl FieldBook {
    /// Uses another cache from now on; a process that waits for the network lends its cache to others.
    pub fn set_cache(&mut self, cache: Arc<dyn Cache>) {
        self.cache = cache;
    }

    /// The keyring, for caches.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The register's document.
    ///
    /// # Errors
    /// [`FieldBookError::Nobody`] when the book was never set up.
    pub fn register_document(&self) -> Result<DocumentId, FieldBookError> {
        self.ledger.register().ok_or(FieldBookError::Nobody)
    }

    /// Remembers that the person has heard of what was set aside; see [`Status::set_aside`].
    ///
    /// # Errors
    /// Disk errors.
    pub fn told(&self, set_aside: &[String]) -> Result<(), FieldBookError> {
        Ok(Journal::told(&*self.disk, set_aside)?)
    }

    /// Checks every record of the journal.
    ///
    /// # Errors
    /// Disk errors; damage is part of the answer.
    pub fn verify(&self) -> Result<crate::journal::Verification, FieldBookError> {
        Ok(Journal::verify(&*self.disk, &self.keyring)?)
    }
}
