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
use crate::journal::{Appended, Journal, JournalError, Kind, NewRecord, Payload, Position, Record};
use crate::keyring::{Keyring, KeyringError, WrappingKey};
use crate::keys::{DeviceKeys, PublicKeys};
use crate::ledger::{Ledger, LedgerError};
use crate::notes::{Operation, Setup, UnreadableNote};
use crate::record::{Container, Scalar, Write};
use crate::shelf::Shelf;
use crate::statement::{DocumentKind, Grant, GrantEnd, Handover, Opening, Role, SignedStatement, Statement};

mod as_read;
mod bundling;
mod conflicts;
mod corrections;
pub(crate) mod erasing;
mod handover;
mod heads;
mod known;
mod lease;
mod mending;
mod reading;
mod revoked;
mod syncing;
mod unseen;
mod withdrawing;

pub use as_read::Reading;
pub use bundling::{ExchangeError, Merged};
pub use conflicts::{Conflict, ConflictKind, ConflictVersion};
pub use corrections::CorrectedField;
pub use erasing::{NotWithdrawn, Wiped};
pub use handover::{AccessItem, Ended, HandoverNote, ReadWaiting, Waiting};
pub use heads::RecordBook;
pub use lease::LEASE_DAYS;
pub use reading::{HistoryItem, Saved, Status, field_of, fields_of, show_cell};
pub use revoked::{Delivered, Next, Revoked};
pub use syncing::{Outcome, Sent, SyncError};

/// Name of the file with the random half of this device's actor id. It is not part of a backup: a phone restored from
/// one finds it missing and begins a new row of changes instead of forking its own.
const SESSION: &str = "session";

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
    /// What was written does not fit the formats: too large, or a name that is none.
    #[error("this cannot be saved: {0}")]
    Unfit(String),
    /// A conflict is not settled by a value that it does not have.
    #[error("this is none of the values to choose from; show the conflicts again")]
    NotAChoice,
    /// Two dossiers under one reference are not settled by choosing.
    #[error("there is nothing to choose: two dossiers have the same reference; give one of the two another")]
    TwoOfOneName,
    /// The withdrawal before this one is not done yet.
    #[error(
        "something was withdrawn from this dossier a moment ago and is not erased yet; synchronise first, then withdraw this"
    )]
    Withdrawing,
    /// The person's role does not allow it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// The person or organisation must be known first.
    #[error("this field book does not know whose it is")]
    Nobody,
}

impl From<UnreadableNote> for FieldBookError {
    fn from(error: UnreadableNote) -> Self {
        Self::Ledger(error.into())
    }
}

/// Whose field book it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// This device.
    pub device: DeviceId,
    /// Code of the person.
    pub person: Option<String>,
    /// What colleagues call the person.
    pub display_name: Option<String>,
    /// The role, once enrolled.
    pub role: Option<Role>,
    /// Code of the organisation of new dossiers.
    pub organisation: Option<String>,
    /// The region.
    pub region: String,
    /// The server, once enrolled.
    pub server: Option<ServerIdentity>,
}

/// The server this device is enrolled at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerIdentity {
    /// Its name.
    pub id: ServerId,
    /// Its public keys.
    pub keys: PublicKeys,
    /// Where it is.
    pub url: String,
}

/// Which document a job writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One that exists.
    Existing(DocumentId),
    /// A dossier founded for this job.
    New,
}

/// Writes that belong together in one change.
#[derive(Debug, Clone)]
pub struct Job {
    /// Where.
    pub target: Target,
    /// What.
    pub writes: Vec<Write>,
    /// People who get access to the document with it: code, from, until.
    pub grants: Vec<(String, Day, Option<Day>)>,
    /// People whose access ends with it: code, first day without.
    pub ends: Vec<(String, Day)>,
    /// The decision that grants and ends are part of, and the assignment that it made.
    pub decision: Option<(Handover, EntryId)>,
    /// Written though the last day of access has passed: it will wait for a coordinator.
    pub late: bool,
}

impl Job {
    /// Writes in a document, nothing about access.
    pub const fn new(target: Target, writes: Vec<Write>) -> Self {
        Self { target, writes, grants: Vec::new(), ends: Vec::new(), decision: None, late: false }
    }

    /// With access for these people: code, from, until.
    pub fn granting(self, grants: Vec<(String, Day, Option<Day>)>) -> Self {
        Self { grants, ..self }
    }

    /// With the end of the access of these people: code, first day without.
    pub fn ending(self, ends: Vec<(String, Day)>) -> Self {
        Self { ends, ..self }
    }

    /// Also when the last day of access has passed.
    pub fn late(self) -> Self {
        Self { late: true, ..self }
    }

    /// As part of a decision, which made this assignment.
    pub fn deciding(self, decision: Handover, assignment: EntryId) -> Self {
        Self { decision: Some((decision, assignment)), ..self }
    }
}

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
}

impl FieldBook {
    /// Makes a field book on an empty disk.
    ///
    /// # Errors
    /// [`FieldBookError::Exists`] when there is one already; disk, journal and keyring errors.
    pub fn create(
        disk: Arc<dyn Disk>,
        cache: Arc<dyn Cache>,
        wrapping: &WrappingKey,
        setup: Setup,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, FieldBookError> {
        if crate::wipe::finish(&*disk)?.is_some() {
            return Err(FieldBookError::Wiped);
        }
        if !Self::exists(&*disk)? {
            Keyring::create(&*disk, wrapping, rng)?;
        }
        // Keys without a setup: a phone was switched off while this ran, so it goes on where it stopped.
        let mut book = Self::open(disk, cache, wrapping)?;
        if book.ledger.setup.is_some() {
            return Err(FieldBookError::Exists);
        }
        book.append(vec![(Kind::Setup, None, setup.encode())], rng)?;
        Ok(book)
    }

    /// Whether the disk holds a field book.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn exists(disk: &dyn Disk) -> Result<bool, FieldBookError> {
        let names = disk.list()?;
        let keyring = names.iter().any(|name| name.starts_with("keyring."));
        if !keyring && names.iter().any(|name| name.starts_with("journal/")) {
            return Err(FieldBookError::LostKeyring);
        }
        Ok(keyring)
    }

    /// Opens the field book on a disk.
    ///
    /// # Errors
    /// [`FieldBookError::Missing`]; keyring errors when the key does not fit; journal errors when damage is found.
    pub fn open(disk: Arc<dyn Disk>, cache: Arc<dyn Cache>, wrapping: &WrappingKey) -> Result<Self, FieldBookError> {
        if crate::wipe::finish(&*disk)?.is_some() {
            return Err(FieldBookError::Wiped);
        }
        if !Self::exists(&*disk)? {
            return Err(FieldBookError::Missing);
        }
        let keyring = Keyring::open(&*disk, wrapping)?;
        let journal = Journal::open(disk.clone())?;
        let mut book = Self {
            disk,
            cache,
            journal,
            keyring,
            ledger: Ledger::default(),
            documents: Shelf::default(),
            views: HashMap::new(),
            healing: Vec::new(),
            healing_rounds: 0,
            deferred: HashSet::new(),
            resend: HashSet::new(),
            ended: BTreeMap::new(),
            arriving: HashMap::new(),
            unseen: HashMap::new(),
        };
        book.catch_up()?;
        let mut fold = Fold::new(&mut book.ledger);
        book.journal.set_aside(&book.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        // Nothing was shown before, so nothing was planned on it.
        book.unseen.clear();
        if book.ledger.setup.is_none() && was_used(&book.keyring) {
            return Err(FieldBookError::LostJournal);
        }
        Ok(book)
    }

    /// Takes in what another process appended.
    ///
    /// # Errors
    /// Journal errors when damage is found.
    pub fn catch_up(&mut self) -> Result<(), FieldBookError> {
        self.keyring.refresh(&*self.disk)?;
        let before = self.journal.head().0;
        let mut fold = Fold::new(&mut self.ledger);
        self.journal.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        unseen::remember(&mut self.unseen, &self.ledger, before, self.journal.head().0);
        Ok(())
    }

    /// Uses another cache from now on; a process that waits for the network lends its cache to others.
    pub fn set_cache(&mut self, cache: Arc<dyn Cache>) {
        self.cache = cache;
    }

    /// Whose field book it is.
    pub fn identity(&self) -> Identity {
        let setup = self.ledger.setup.as_ref();
        let device = self.keyring.device_keys().device();
        let certificate = self.ledger.certificates.get(&device);
        let server = setup.and_then(|setup| {
            Some(ServerIdentity { id: setup.server?, keys: setup.server_keys?, url: setup.server_url.clone()? })
        });
        Identity {
            device,
            person: certificate.map(|c| c.person.clone()).or_else(|| setup?.person.clone()),
            display_name: certificate.map(|c| c.display_name.clone()).or_else(|| setup?.display_name.clone()),
            role: certificate.map(|c| c.role),
            organisation: certificate.map(|c| c.organisation.clone()).or_else(|| setup?.organisation.clone()),
            region: setup.map(|setup| setup.region.clone()).unwrap_or_default(),
            server,
        }
    }

    /// The keys of this device, for signing requests.
    pub fn device_keys(&self) -> &DeviceKeys {
        self.keyring.device_keys()
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

    /// Performs writes on one document as one change; durable when this returns.
    ///
    /// # Errors
    /// Document, disk and journal errors; nothing was saved then.
    pub fn perform(
        &mut self,
        document: DocumentId,
        writes: Vec<Write>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        let job = Job::new(Target::Existing(document), writes);
        self.perform_all(vec![job], moment, rng).map(|_| ())
    }

    /// Founds a dossier with these writes; durable when this returns.
    ///
    /// # Errors
    /// As [`FieldBook::perform`].
    pub fn found(&mut self, writes: Vec<Write>, moment: Moment, rng: &mut dyn CryptoRng) -> Result<DocumentId, FieldBookError> {
        let job = Job::new(Target::New, writes);
        let made = self.perform_all(vec![job], moment, rng)?;
        made.first().copied().ok_or(FieldBookError::Nobody)
    }

    /// Performs several jobs in one durable group, each as one change; returns their documents in order.
    ///
    /// # Errors
    /// As [`FieldBook::perform`]; none of the jobs is saved then.
    pub fn perform_all(
        &mut self,
        jobs: Vec<Job>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<DocumentId>, FieldBookError> {
        Ok(self.perform_planned(jobs, None, moment, rng)?.0)
    }

    /// Performs jobs that were planned on what this handle showed last, or on a reading; returns their documents, and the
    /// last change that was made.
    fn perform_planned(
        &mut self,
        jobs: Vec<Job>,
        reading: Option<&Reading>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<DocumentId>, Option<ChangeHash>), FieldBookError> {
        let identity = self.identity();
        let person = identity.person.ok_or(FieldBookError::Nobody)?;
        if self.ledger.revoked.contains_key(&identity.device) {
            return Err(FieldBookError::Revoked);
        }
        let targets: Vec<DocumentId> = jobs
            .iter()
            .map(|job| match job.target {
                Target::Existing(document) => document,
                Target::New => DocumentId::fresh(moment.at, rng),
            })
            .collect();
        let before = self.journal.head().0;
        let mut writer = self.journal.write()?;
        let mut fold = Fold::new(&mut self.ledger);
        writer.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        unseen::remember(&mut self.unseen, &self.ledger, before, writer.head().0);
        if let Some(closed) = targets.iter().find(|id| self.ledger.documents.get(*id).is_some_and(|facts| facts.closed)) {
            return Err(FieldBookError::Closed(*closed));
        }
        if let Some(erased) = targets.iter().find(|id| self.ledger.is_erased(id)) {
            return Err(FieldBookError::Erased(*erased));
        }
        for (job, document) in jobs.iter().zip(&targets) {
            if let Some(last) = self.ended.get(document).filter(|_| !job.late) {
                return Err(FieldBookError::Ended(*document, *last));
            }
        }
        // Refused before anything is written.
        let since = reading.map(|reading| as_read::since(&self.ledger, reading)).transpose()?;
        let actor = actor(&*self.disk, &self.keyring, rng)?;
        writer.add_document_keys(&self.keyring, &targets, rng)?;
        let mut records = Vec::new();
        let mut touched: HashMap<DocumentId, Document> = HashMap::new();
        let mut made = None;
        for (job, document) in jobs.iter().zip(&targets) {
            let store = Some(*document);
            if job.target == Target::New {
                let trainee = trainee_of(&job.writes).unwrap_or_else(|| TraineeId::fresh(moment.at, rng));
                // The organisation that the record names scopes coordinators; without one it is this device's.
                let organisation = organisation_of(&job.writes).or_else(|| identity.organisation.clone());
                let opening = Statement::Opening(Opening {
                    document: *document,
                    kind: DocumentKind::Dossier,
                    founding: 1,
                    trainee: Some(trainee),
                    organisation: organisation.unwrap_or_default(),
                    person: person.clone(),
                    at: moment.at,
                    replaces: None,
                });
                records.push(stated(&opening, self.keyring.device_keys())?);
            }
            for (coach, from, until) in &job.grants {
                // A grant is named after the assignment behind it, so that history tells the two as one decision.
                let id = job.decision.map(|(_, assignment)| assignment);
                let grant = Statement::Grant(Grant {
                    id: id.unwrap_or_else(|| EntryId::fresh(moment.at, rng)),
                    document: *document,
                    person: coach.clone(),
                    from: *from,
                    until: *until,
                    note: None,
                    by: person.clone(),
                    at: moment.at,
                    decision: job.decision.map(|(decision, _)| decision),
                });
                records.push(stated(&grant, self.keyring.device_keys())?);
            }
            for (coach, on) in &job.ends {
                let end = Statement::GrantEnd(GrantEnd {
                    document: *document,
                    person: coach.clone(),
                    on: *on,
                    by: person.clone(),
                    at: moment.at,
                    reason: None,
                    decision: job.decision.map(|(decision, _)| decision),
                    successor: job.decision.map(|(_, assignment)| assignment),
                });
                records.push(stated(&end, self.keyring.device_keys())?);
            }
            let mut doc = match touched.remove(document) {
                Some(doc) => doc,
                None => load(&self.ledger, &writer, &self.keyring, &*self.cache, &mut self.documents, *document)?,
            };
            let writes = with_declaration(&job.writes);
            let unknown = match (&since, self.unseen.get(document)) {
                // Whoever says what they read has seen just that.
                (Some(since), _) => Some(since).filter(|since| !since.is_empty()),
                (None, Some(unseen)) if unseen::overwrites(&doc, unseen, &writes)? => Some(unseen),
                _ => None,
            };
            let chunk = match unknown {
                None => doc.write(&writes, &actor, moment.at)?,
                Some(unseen) => {
                    // Beside the value that the planner did not know, by an actor whose row begins there.
                    new_session(&*self.disk, rng)?;
                    let beside = self::actor(&*self.disk, &self.keyring, rng)?;
                    let mut known = unseen::without(&self.ledger, &writer, &self.keyring, *document, unseen)?;
                    let chunk = known.write(&writes, &beside, moment.at)?;
                    doc.apply(chunk.as_deref())?;
                    chunk
                }
            };
            if let Some(chunk) = chunk {
                let change = sign(*document, &chunk, self.keyring.device_keys())?;
                made = Some(change.hash());
                let operation = Operation::new(*document, change.hash(), moment.at, &writes, None);
                records.push((Kind::Change, store, change.bytes().to_vec()));
                records.push((Kind::Operation, store, operation.encode()));
            }
            touched.insert(*document, doc);
        }
        let records = to_records(&self.keyring, records);
        let appended = writer.append(&self.keyring, rng, &records)?;
        writer.commit()?;
        self.fold_own(records, &appended)?;
        Ok((targets, made))
    }

    /// Gives a person access to a dossier.
    ///
    /// # Errors
    /// As [`FieldBook::perform`].
    pub fn grant(
        &mut self,
        document: DocumentId,
        grant: (String, Day, Option<Day>),
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        let job = Job::new(Target::Existing(document), Vec::new()).granting(vec![grant]);
        self.perform_all(vec![job], moment, rng).map(|_| ())
    }

    /// Appends records in one durable group and folds them.
    fn append(&mut self, records: Vec<Unsealed>, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        if records.is_empty() {
            return Ok(());
        }
        let before = self.journal.head().0;
        let mut writer = self.journal.write()?;
        let mut fold = Fold::new(&mut self.ledger);
        writer.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        unseen::remember(&mut self.unseen, &self.ledger, before, writer.head().0);
        let records = to_records(&self.keyring, records);
        let appended = writer.append(&self.keyring, rng, &records)?;
        writer.commit()?;
        self.fold_own(records, &appended)
    }

    /// Folds what this handle itself appended.
    fn fold_own(&mut self, records: Vec<NewRecord>, appended: &[Appended]) -> Result<(), FieldBookError> {
        let mut fold = Fold::new(&mut self.ledger);
        for (record, appended) in records.into_iter().zip(appended) {
            fold.take(record.at(*appended));
        }
        fold.result
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

/// Folds records into the ledger, remembering the first trouble.
struct Fold<'a> {
    ledger: &'a mut Ledger,
    result: Result<(), FieldBookError>,
}

impl<'a> Fold<'a> {
    fn new(ledger: &'a mut Ledger) -> Self {
        Self { ledger, result: Ok(()) }
    }

    fn take(&mut self, record: Record) {
        if self.result.is_err() {
            return;
        }
        match self.ledger.absorb(record) {
            Ok(Some(rest)) if rest.kind == Kind::Epoch => self.ledger.begin_life(),
            Ok(_) => {}
            Err(error) => self.result = Err(error.into()),
        }
    }
}

/// Where envelopes and notes are read back from: the journal, or the journal while it is being written.
pub(crate) trait ReadAt {
    /// The record at a position.
    ///
    /// # Errors
    /// Journal errors.
    fn record_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError>;
}

impl ReadAt for Journal {
    fn record_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError> {
        self.read_at(position, keyring)
    }
}

impl ReadAt for crate::journal::Writer<'_> {
    fn record_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError> {
        self.read_at(position, keyring)
    }
}

/// The bytes of a record, if its key still exists.
pub(crate) fn bytes_at(journal: &dyn ReadAt, position: Position, keyring: &Keyring) -> Result<Option<Vec<u8>>, JournalError> {
    Ok(match journal.record_at(position, keyring)?.payload {
        Payload::Bytes(bytes) => Some(bytes),
        Payload::Gone => None,
    })
}

/// The document with all changes that count: from the shelf, else from the cache, else from the journal.
pub(crate) fn load(
    ledger: &Ledger,
    journal: &dyn ReadAt,
    keyring: &Keyring,
    cache: &dyn Cache,
    shelf: &mut Shelf,
    id: DocumentId,
) -> Result<Document, FieldBookError> {
    let Some(facts) = ledger.documents.get(&id) else { return Ok(Document::found(DocumentKind::Dossier)?) };
    let tag = facts.tag();
    if let Some(document) = shelf.get(&id, &tag) {
        return Ok(document);
    }
    let key = [b"document/".as_slice(), id.as_bytes()].concat();
    let (mut document, have) = cached(cache, &key, facts).unwrap_or((Document::found(facts.kind)?, 0));
    let mut chunks = Vec::new();
    for change in facts.live().skip(have) {
        if let Some(bytes) = bytes_at(journal, change.position, keyring)? {
            let change = SignedChange::decode(&bytes).map_err(|error| LedgerError::Record(change.number, error.to_string()))?;
            chunks.push(change.chunk().to_vec());
        }
    }
    if !chunks.is_empty() {
        document.apply(chunks.iter().map(Vec::as_slice))?;
        let count = facts.live().count() as u64;
        let snapshot = [count.to_be_bytes().as_slice(), &tag, &document.save()].concat();
        cache.put(&key, &snapshot);
    }
    shelf.put(id, document.clone(), tag);
    Ok(document)
}

/// A snapshot whose changes are the first ones of today's, and their number.
fn cached(cache: &dyn Cache, key: &[u8], facts: &crate::ledger::DocumentFacts) -> Option<(Document, usize)> {
    let snapshot = cache.get(key)?;
    let (count, rest) = snapshot.split_first_chunk::<8>()?;
    let (tag, bytes) = rest.split_first_chunk::<32>()?;
    let count = usize::try_from(u64::from_be_bytes(*count)).ok()?;
    if count > facts.live().count() || facts.tag_of_first(count) != *tag {
        return None;
    }
    Some((Document::load(facts.kind, bytes).ok()?, count))
}

/// Whether a keyring has been replaced since it was made: then something was written under its keys.
pub(crate) fn was_used(keyring: &Keyring) -> bool {
    keyring.generation() > 1
}

/// The actor of this device's changes: the device, and a session that backups do not hold. Asked under the journal's
/// lock, so that two processes never begin two sessions at once.
fn actor(disk: &dyn Disk, keyring: &Keyring, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, FieldBookError> {
    let mut actor = keyring.device_keys().device().as_bytes().to_vec();
    let session = match disk.len(SESSION)? {
        Some(8) => disk.read(SESSION, 0, 8)?,
        _ => new_session(disk, rng)?,
    };
    actor.extend_from_slice(&session);
    Ok(actor)
}

fn new_session(disk: &dyn Disk, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, FieldBookError> {
    let mut session = [0; 8];
    rng.fill_bytes(&mut session);
    if disk.len(SESSION)?.is_some() {
        disk.remove(SESSION)?;
    }
    disk.append(SESSION, &session)?;
    disk.sync(SESSION)?;
    Ok(session.to_vec())
}

/// Digits that pass for a BSN come here only when their author declared at entry that they are none (V17): the declaration
/// goes with the text, so that nobody has to ask again.
fn with_declaration(writes: &[Write]) -> std::borrow::Cow<'_, [Write]> {
    let declared: Vec<Write> = writes
        .iter()
        .filter(|write| matches!(&write.value, Scalar::Text(text) if !crate::text_check::bsn_positions(text).is_empty()))
        .map(|write| Write { key: crate::document::NO_BSN.to_owned(), value: Scalar::Bool(true), ..write.clone() })
        .collect();
    if declared.is_empty() { writes.into() } else { [writes, &declared].concat().into() }
}

/// Signs a change of this device's own making.
fn sign(document: DocumentId, chunk: &[u8], keys: &DeviceKeys) -> Result<SignedChange, FieldBookError> {
    SignedChange::sign(document, chunk, keys).map_err(|error| FieldBookError::Unfit(error.to_string()))
}

/// A record before it has its key: what it is, the document it belongs to, its content.
type Unsealed = (Kind, Option<DocumentId>, Vec<u8>);

/// The record of a statement of this device's own making.
fn stated(statement: &Statement, keys: &DeviceKeys) -> Result<Unsealed, FieldBookError> {
    let signed = SignedStatement::sign(statement, keys).map_err(|error| FieldBookError::Unfit(error.to_string()))?;
    statement_record(&signed).ok_or(FieldBookError::Nobody)
}

/// The record of a signed statement: under the key of the document that it belongs to, so that it goes away with it. None
/// for one of a newer version.
fn statement_record(signed: &SignedStatement) -> Option<Unsealed> {
    let kind = syncing::kind_of(signed.statement())?;
    Some((kind, signed.statement().document(), signed.bytes().to_vec()))
}

fn to_records(keyring: &Keyring, records: Vec<Unsealed>) -> Vec<NewRecord> {
    records
        .into_iter()
        .map(|(kind, document, payload)| {
            let key = document.and_then(|document| keyring.document_key(document)).unwrap_or_else(|| keyring.store_key_id());
            NewRecord { kind, key, payload }
        })
        .collect()
}

fn trainee_of(writes: &[Write]) -> Option<TraineeId> {
    writes.iter().find(|write| write.container == Container::Trainee && write.key == "id").and_then(|write| match &write.value {
        Scalar::Bytes(bytes) => TraineeId::from_slice(bytes),
        _ => None,
    })
}

fn organisation_of(writes: &[Write]) -> Option<String> {
    writes.iter().find(|write| write.container == Container::Trainee && write.key == "org").and_then(|write| match &write.value {
        Scalar::Text(text) => Some(text.clone()),
        _ => None,
    })
}

/// A dossier with its document.
pub type DossierView = (DocumentId, Arc<Dossier>);
