//! The server's half of the exchange, and the authority: who may write what, in the order of its journal.
//!
//! A batch of requests is handled while the journal is held, appended as one group and synced once; only then does
//! anyone hear that something is accepted.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::admission::{self, Candidate, Judgement, Step};
use crate::audit::{AuditAction, AuditNote};
use crate::cache::Cache;
use crate::chunk::ChangeHash;
use crate::clock::{Day, Moment, Timestamp};
use crate::disk::{Disk, DiskError};
use crate::document::DocumentError;
use crate::envelope::SignedChange;
use crate::field_book::{FieldBookError, bytes_at, load};
use crate::ids::*;
use crate::journal::{Appended, Journal, JournalError, Kind, NewRecord, Payload, Position, Record};
use crate::keyring::{Beside, Keyring, KeyringError, LockState, WrappingKey, WrappingSource};
use crate::keys::PublicKeys;
use crate::ledger::{Ledger, LedgerError, statement_hash};
use crate::limits::*;
use crate::notes::{
    Access, ContactNote, ContradictedNote, EpochNote, ErasureNote, Invitation, LockOut, NotAdmitted, WipedNote, WrongCode,
};
use crate::record::Code;
use crate::shelf::Shelf;
use crate::statement::{Certificate, Closing, Decision, GrantEnd, MAX_CLOSED, Revocation, Role, SignedStatement, Statement};
use crate::sync::contacts::Contacts;
use crate::sync::feed::{Feed, Line, Page, Reader, What};
use crate::text_check;
use crate::wire::{
    Answer, Contact, Cursor, DEFAULT_PAGE, DeviceInfo, EnrolAnswer, EnrolRequest, ErasureInfo, Hashes, Head, Heads, InviteAnswer,
    InviteRequest, Item, ItemKind, News, QuarantineList, Reason, Receipt, ReceiptLine, Request, RevokeAnswer, RevokeRequest,
    VERSION, Verdict, Why, heads_digest, sign_kept,
};

mod admitting;
mod answering;
mod auditing;
mod authority;
mod batch;
mod chain;
mod devices;
mod effort;
mod enrolling;
mod erasing;
mod exchange;
mod invitations;
mod push;
mod quarantine;
mod refounding;
mod returning;
mod revoking;
mod state;
mod unfit;

use answering::Pending;
use batch::Batch;
pub use devices::Standing;
pub use erasing::ErasureOrder;
use invitations::Invitations;
pub use push::Push;
use quarantine::Quarantine;
use state::State;
pub use unfit::Unfit;

/// What went wrong at the server.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// There is no region here.
    #[error("there is no server store here yet; `serve` makes one at its first start")]
    Missing,
    /// There is one already.
    #[error("there is a server store here already")]
    Exists,
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] FieldBookError),
    /// The device is not enrolled or revoked.
    #[error("this device is not (or no longer) enrolled; ask your coordinator for a code")]
    NotWelcome,
    /// The code is wrong, used or too old.
    #[error("this code is not valid (any more); ask your coordinator for a new one")]
    WrongCode,
    /// The code is right, but too old, or others were tried for it too often.
    #[error("this code has expired, or was entered wrongly too often; ask your coordinator for a new one")]
    ExpiredCode,
    /// No device has this id.
    #[error("no device has this id; `device list` shows them")]
    NoSuchDevice,
    /// The role does not allow it.
    #[error("only a coordinator or an administrator may do this")]
    NotAllowed,
    /// What was asked cannot be.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

macro_rules! store_errors {
    ($($kind:ty),*) => {$(
        impl From<$kind> for RegionError {
            fn from(error: $kind) -> Self {
                Self::Store(error.into())
            }
        }
    )*};
}
store_errors!(DiskError, JournalError, KeyringError, LedgerError, DocumentError, crate::notes::UnreadableNote);

/// One piece of work for the server.
#[derive(Debug)]
pub enum Work {
    /// A device exchanges.
    Exchange(DeviceId, Arc<Push>),
    /// A new device enrols.
    Enrol(EnrolRequest),
    /// Somebody invites: a device, or the administrator at the machine itself.
    Invite(Option<DeviceId>, InviteRequest),
    /// Somebody asks for the devices: all, or one with its documents.
    Devices(Option<DeviceId>, Option<DeviceId>),
    /// A line for the auditor about what happened outside the region: a stranger at the door, a command at the machine.
    Audit(AuditNote),
    /// Somebody revokes a device: from a device, or the administrator at the machine itself.
    Revoke(Option<DeviceId>, RevokeRequest),
    /// A revoked device says, signed, that it has wiped itself.
    Wiped(Vec<u8>),
    /// A device, or everyone without a good signature, is not listened to until then.
    LockOut(Option<DeviceId>, Timestamp),
    /// Somebody lists or decides about erasures: a device, or the administrator at the machine itself.
    Erasures(Option<DeviceId>, ErasureOrder),
    /// A coordinator asks what waits after a number.
    Quarantine(DeviceId, u64),
    /// The administrator at the machine says that a server that was put back from a backup may give again.
    Reopen,
}

impl Work {
    /// The device that wants to see or decide something with its rights, beside an exchange.
    const fn asked_by(&self) -> Option<DeviceId> {
        match self {
            Self::Invite(by, _) | Self::Devices(by, _) | Self::Revoke(by, _) | Self::Erasures(by, _) => *by,
            Self::Quarantine(by, _) => Some(*by),
            _ => None,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub enum Done {
    /// Of an exchange.
    Exchanged(Box<Answer>),
    /// Of an enrolment; the nonce is the caller's to fill in.
    Enrolled(Box<EnrolAnswer>),
    /// Of an invitation.
    Invited(InviteAnswer),
    /// Of a question about devices.
    Devices(Vec<DeviceInfo>),
    /// Of a revocation.
    Revoked(RevokeAnswer),
    /// Of what is only written down.
    Noted,
    /// Of an erasure.
    Erasures(Vec<ErasureInfo>),
    /// Of a question about what waits.
    Quarantine(QuarantineList),
}

/// The server of one region.
pub struct Region {
    disk: Arc<dyn Disk>,
    cache: Arc<dyn Cache>,
    keyring: Keyring,
    journal: Journal,
    state: State,
    grace_days: u32,
}

/// For how many days after its end work under a grant still comes in, when the server is not told otherwise.
pub const GRACE_DAYS: u32 = 14;

enum Waiting {
    Exchange(Box<Pending>),
    Done(Result<Done, RegionError>),
}

impl Region {
    /// Founds a region on an empty disk.
    ///
    /// # Errors
    /// [`RegionError::Exists`]; store errors.
    pub fn create(
        disk: Arc<dyn Disk>,
        cache: Arc<dyn Cache>,
        wrapping: &WrappingKey,
        region: &str,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, RegionError> {
        if crate::field_book::FieldBook::exists(&*disk)? {
            return Err(RegionError::Exists);
        }
        Keyring::create(&*disk, wrapping, rng)?;
        let mut this = Self::open(disk, cache, wrapping)?;
        let note = EpochNote { epoch: Epoch::fresh(moment.at, rng), at: moment.at, region: Some(region.to_owned()), held: None };
        let mut writer = this.journal.write()?;
        writer.read_new(&this.keyring, &mut |_| {})?;
        let record = NewRecord { kind: Kind::Epoch, key: this.keyring.store_key_id(), payload: note.encode() };
        writer.append(&this.keyring, rng, &[record])?;
        writer.commit()?;
        let Self { disk, cache, .. } = this;
        Self::open(disk, cache, wrapping)
    }

    /// Opens the region on a disk.
    ///
    /// # Errors
    /// [`RegionError::Missing`]; store errors.
    pub fn open(disk: Arc<dyn Disk>, cache: Arc<dyn Cache>, wrapping: &WrappingKey) -> Result<Self, RegionError> {
        if !crate::field_book::FieldBook::exists(&*disk)? {
            return Err(RegionError::Missing);
        }
        let keyring = Keyring::open(&*disk, wrapping)?;
        let journal = Journal::open(disk.clone())?;
        let mut this = Self { disk, cache, keyring, journal, state: State::default(), grace_days: GRACE_DAYS };
        this.catch_up()?;
        let state = &mut this.state;
        this.journal.set_aside(&this.keyring, &mut |record| state.take(record))?;
        this.state.trouble.take().map_or(Ok(()), Err)?;
        if this.state.region.is_empty() && crate::field_book::was_used(&this.keyring) {
            return Err(FieldBookError::LostJournal.into());
        }
        this.state.look_again();
        Ok(this)
    }

    /// Says where to look for the key around the keyring when it was given another one beside this process.
    pub fn set_key_source(&mut self, source: Arc<dyn WrappingSource>) {
        self.keyring.set_source(source);
    }

    /// What seals a small file beside the journal.
    pub fn beside(&self, file: &str) -> Option<Beside> {
        self.keyring.beside(file)
    }

    /// For how many days after its end work that was done under a grant still comes in by itself.
    pub fn set_grace_days(&mut self, days: u32) {
        self.grace_days = days;
    }

    /// Forgets what is in memory and folds the journal anew: after a failed batch.
    ///
    /// # Errors
    /// Store errors.
    pub fn reopen(&mut self) -> Result<(), RegionError> {
        self.journal = Journal::open(self.disk.clone())?;
        let State { contacts, attempts, .. } = std::mem::take(&mut self.state);
        self.catch_up()?;
        self.state.contacts.remember(contacts);
        self.state.attempts.remember(attempts);
        self.state.look_again();
        Ok(())
    }

    /// Takes in what administrative commands appended beside the running server.
    ///
    /// # Errors
    /// Store errors.
    pub fn catch_up(&mut self) -> Result<(), RegionError> {
        self.keyring.refresh(&*self.disk)?;
        let state = &mut self.state;
        self.journal.read_new(&self.keyring, &mut |record| state.take(record))?;
        self.state.trouble.take().map_or(Ok(()), Err)
    }

    /// How often the gate looked at a document since this region was opened or folded anew: each time is work of the single
    /// writer, as large as the document.
    pub const fn gate_passes(&self) -> u64 {
        self.state.gate_passes
    }

    /// How often a document was held against the one in which its dossier is written anew since then: both are read whole.
    pub const fn refounding_looks(&self) -> u64 {
        self.state.refounding_looks
    }

    /// How many signatures of statements and receipts were checked in here since then: those that [`Push::examine`] did not.
    pub const fn signatures_checked(&self) -> u64 {
        self.state.signatures_checked
    }

    /// How many changes were looked at for healing since then.
    pub const fn healing_looks(&self) -> u64 {
        self.state.healing_looks
    }

    /// How many documents were looked at for access that begins or ends since then.
    pub const fn due_looks(&self) -> u64 {
        self.state.due_looks
    }

    /// The server's name, public keys, region and present life.
    pub fn identity(&self) -> (ServerId, PublicKeys, String, Epoch) {
        let keys = self.keyring.device_keys();
        (keys.server(), keys.public(), self.state.region.clone(), self.state.epoch)
    }

    /// The server's secret keys, for the escrow copy.
    pub fn escrow(&self) -> zeroize::Zeroizing<[u8; 64]> {
        self.keyring.device_keys().to_bytes()
    }

    /// Checks every record of the journal.
    ///
    /// # Errors
    /// Disk errors; damage is part of the answer.
    pub fn verify(&self) -> Result<crate::journal::Verification, RegionError> {
        Ok(Journal::verify(&*self.disk, &self.keyring)?)
    }

    /// Handles a batch: all of it becomes durable together, then each work has its outcome. After an error nothing of
    /// the batch is promised to anyone, and [`Region::reopen`] is due.
    ///
    /// # Errors
    /// Store errors.
    pub fn run(
        &mut self,
        works: Vec<Work>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Result<Done, RegionError>>, RegionError> {
        self.finish_erasing(rng)?;
        self.keyring.refresh(&*self.disk)?;
        let mut writer = self.journal.write()?;
        let state = &mut self.state;
        writer.read_new(&self.keyring, &mut |record| state.take(record))?;
        state.trouble.take().map_or(Ok(()), Err)?;
        let first = writer.head().0 + 1;
        let mut batch = Batch {
            state: &mut self.state,
            keyring: &self.keyring,
            cache: &*self.cache,
            writer,
            first,
            next: first,
            records: Vec::new(),
            moment,
            grace_days: self.grace_days,
        };
        batch.open_and_close_what_is_due()?;
        let mut waiting = Vec::with_capacity(works.len());
        for work in works {
            // It may have been revoked since the backup.
            if batch.state.held && work.asked_by().is_some_and(|device| batch.state.live(&device).is_some()) {
                waiting.push(Waiting::Done(Err(Unfit::Held.into())));
                continue;
            }
            waiting.push(match work {
                Work::Exchange(caller, push) => match batch.exchange(caller, &push, rng) {
                    Ok(pending) => Waiting::Exchange(Box::new(pending)),
                    Err(error @ RegionError::Store(_)) => return Err(error),
                    Err(RegionError::NotWelcome) => {
                        batch.audit_unwelcome(caller)?;
                        Waiting::Done(Err(RegionError::NotWelcome))
                    }
                    Err(error) => Waiting::Done(Err(error)),
                },
                Work::Enrol(request) => Waiting::Done(batch.enrol(&request).map(|answer| Done::Enrolled(Box::new(answer)))),
                Work::Invite(by, request) => Waiting::Done(batch.audited_invite(by, &request, rng).map(Done::Invited)),
                Work::Quarantine(by, after) => Waiting::Done(batch.audited_quarantine(by, after).map(Done::Quarantine)),
                Work::Devices(by, one) => {
                    let outcome = batch.devices(by, one);
                    let action = if one.is_some() { AuditAction::DeviceShown } else { AuditAction::DevicesListed };
                    let note = AuditNote { about_device: one, ..AuditNote::new(action, by) };
                    Waiting::Done(batch.audited(note, outcome).map(Done::Devices))
                }
                Work::Revoke(by, request) => Waiting::Done(batch.audited_revoke(by, &request).map(Done::Revoked)),
                Work::Wiped(statement) => Waiting::Done(batch.take_wiped(&statement).map(|()| Done::Noted)),
                Work::LockOut(who, until) => Waiting::Done(batch.lock_out(who, until).map(|()| Done::Noted)),
                Work::Erasures(by, order) => {
                    let mut outcome = batch.erasures(by, order);
                    // What is done is in the journal as such; who looked, or tried in vain, is not.
                    let listed = matches!(order, ErasureOrder::List);
                    if listed || matches!(outcome, Err(RegionError::NotAllowed)) {
                        let action = if listed { AuditAction::ErasuresListed } else { AuditAction::Erased };
                        outcome = batch.audited(AuditNote::new(action, by), outcome);
                    }
                    Waiting::Done(outcome.map(Done::Erasures))
                }
                Work::Reopen => Waiting::Done(batch.reopen().map(|()| Done::Noted)),
                Work::Audit(note) => Waiting::Done(batch.audit(note).map(|()| Done::Noted)),
            });
        }
        // Everything that is to be admitted is staged; the answers show all of it, and what they show is written down.
        let mut done = Vec::with_capacity(waiting.len());
        for waiting in waiting {
            done.push(match waiting {
                Waiting::Done(outcome) => (outcome, None),
                Waiting::Exchange(mut pending) => {
                    let news = std::mem::take(&mut pending.news);
                    match batch.answer(*pending) {
                        Ok(answer) => (Ok(Done::Exchanged(Box::new(answer))), Some(news)),
                        Err(error @ RegionError::Store(_)) => return Err(error),
                        Err(error) => (Err(error), None),
                    }
                }
            });
        }
        let Batch { mut writer, records, .. } = batch;
        let appended = writer.append(&self.keyring, rng, &records)?;
        let (number, hash) = writer.head();
        // Also with nothing of its own to write: what was read is relied upon, and its head told.
        writer.commit()?;
        for appended in &appended {
            self.state.chain.passes(appended.seq, appended.position);
        }
        // Folding them again gives the staged ones their place in the journal.
        for (record, appended) in records.into_iter().zip(appended).filter(|(record, _)| is_fed(record.kind)) {
            self.state.fold(record.at(appended))?;
        }
        if done.iter().any(|(_, news)| news.is_some()) {
            let head = Head::sign(self.state.epoch, number, hash, self.keyring.device_keys());
            for (outcome, news) in &mut done {
                if let (Ok(Done::Exchanged(answer)), Some(news)) = (outcome, news) {
                    answer.head = news.of(&head);
                }
            }
        }
        self.finish_erasing(rng)?;
        Ok(done.into_iter().map(|(outcome, _)| outcome).collect())
    }
}

/// Kinds whose records are sent to devices, so that their place must be known.
fn is_fed(kind: Kind) -> bool {
    kind == Kind::Change || is_statement(kind)
}

/// Kinds whose records are signed statements that devices keep.
fn is_statement(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, Opening | Grant | Certificate | Revocation | Erasure | Erasing | Decision)
}
