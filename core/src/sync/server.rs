//! The server's half of the exchange, and the authority: who may write what, in the order of its journal.
//!
//! A batch of requests is handled while the journal is held, appended as one group and synced once; only then does
//! anyone hear that something is accepted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::admission::{self, Judgement};
use crate::cache::Cache;
use crate::chunk::ChangeHash;
use crate::clock::{Day, Moment, Timestamp};
use crate::disk::{Disk, DiskError};
use crate::document::DocumentError;
use crate::envelope::SignedChange;
use crate::field_book::{FieldBookError, bytes_at, load};
use crate::ids::*;
use crate::journal::{Appended, Journal, JournalError, Kind, NewRecord, Payload, Position, Record};
use crate::keyring::{Keyring, KeyringError, WrappingKey};
use crate::keys::PublicKeys;
use crate::ledger::{Ledger, LedgerError, statement_hash};
use crate::notes::{Access, ContactNote, EpochNote, Invitation, NotAdmitted, WrongCode};
use crate::record::Code;
use crate::shelf::Shelf;
use crate::statement::{Certificate, Role, SignedStatement, Statement};
use crate::sync::feed::{Feed, Line, Reader, What};
use crate::text_check;
use crate::wire::{
    Answer, Contact, Cursor, DEFAULT_PAGE, DeviceInfo, EnrolAnswer, EnrolRequest, Hashes, Heads, InviteAnswer, InviteRequest,
    Item, ItemKind, Reason, Receipt, ReceiptLine, Request, VERSION, Verdict, heads_digest,
};

/// How long an invitation lives, in milliseconds.
const INVITATION_LIFE: i64 = 10 * 60 * 1000;
/// Wrong codes that void the invitations open at that time.
const WRONG_CODES: usize = 5;
/// How many dossiers one person may open in a day.
const OPENINGS_A_DAY: usize = 5_000;
/// What a change that heals is taken to weigh, in bytes: more than nearly all do.
const HEALING_WEIGHT: usize = 4 << 10;
/// A contact is written down again when this much time passed, in milliseconds.
const CONTACT_EVERY: i64 = 10 * 60 * 1000;
/// Where a staged record stands until its group is written.
const NOWHERE: Position = Position { segment: 0, offset: 0 };
/// The largest page in bytes, and the one when the device asks for none: a whole caseload in one round trip.
const PAGE: usize = DEFAULT_PAGE as usize;

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
    /// The role does not allow it.
    #[error("only a coordinator or an administrator may do this")]
    NotAllowed,
    /// What was asked cannot be.
    #[error("{0}")]
    Unfit(String),
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
    Exchange(DeviceId, Request),
    /// A new device enrols.
    Enrol(EnrolRequest),
    /// Somebody invites: a device, or the administrator at the machine itself.
    Invite(Option<DeviceId>, InviteRequest),
    /// Somebody asks for the devices: all, or one with its documents.
    Devices(Option<DeviceId>, Option<DeviceId>),
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
}

/// How a device stands with the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its public keys.
    pub keys: PublicKeys,
    /// Code of its person.
    pub person: String,
    /// The person's role.
    pub role: Role,
    /// Revoked: nothing is answered.
    pub revoked: bool,
}

/// The server of one region.
pub struct Region {
    disk: Arc<dyn Disk>,
    cache: Arc<dyn Cache>,
    keyring: Keyring,
    journal: Journal,
    state: State,
}

/// What is folded from the journal.
#[derive(Default)]
struct State {
    ledger: Ledger,
    feed: Feed,
    region: String,
    epoch: Epoch,
    invitations: Vec<Invitation>,
    /// By record: a record is folded when it is staged and again when it is read.
    wrong_codes: BTreeMap<u64, Timestamp>,
    contacts: BTreeMap<DeviceId, ContactNote>,
    quarantined: HashMap<ChangeHash, Reason>,
    /// The envelopes that wait, by document, in the order in which they came.
    waiting: HashMap<DocumentId, Vec<Vec<u8>>>,
    /// How many changes of an actor wait in a document.
    waiting_actors: HashMap<(DocumentId, Vec<u8>), usize>,
    openings_today: HashMap<(String, i64), usize>,
    documents: Shelf,
    /// The day for which dated grants were looked at; none when a grant came since.
    due_checked: Option<Day>,
    trouble: Option<RegionError>,
}

/// A batch while the journal is held.
struct Batch<'a> {
    state: &'a mut State,
    keyring: &'a Keyring,
    cache: &'a dyn Cache,
    writer: crate::journal::Writer<'a>,
    next: u64,
    records: Vec<NewRecord>,
    moment: Moment,
}

/// An exchange that waits for its group to be durable.
struct Pending {
    caller: DeviceId,
    verdicts: Vec<Verdict>,
    receipted: Vec<(u64, Option<DocumentId>, ChangeHash)>,
    sent: HashSet<ChangeHash>,
    touched: Vec<DocumentId>,
    missing: Vec<Hashes>,
    healing: Vec<(DocumentId, ChangeHash, u64)>,
    from: Cursor,
    foreign_epoch: bool,
    page: usize,
    contacts_since: Option<Timestamp>,
}

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
        let note = EpochNote { epoch: Epoch::fresh(moment.at, rng), at: moment.at, region: Some(region.to_owned()) };
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
        let mut this = Self { disk, cache, keyring, journal, state: State::default() };
        this.catch_up()?;
        if this.state.region.is_empty() && crate::field_book::was_used(&this.keyring) {
            return Err(FieldBookError::LostJournal.into());
        }
        Ok(this)
    }

    /// Forgets what is in memory and folds the journal anew: after a failed batch.
    ///
    /// # Errors
    /// Store errors.
    pub fn reopen(&mut self) -> Result<(), RegionError> {
        self.journal = Journal::open(self.disk.clone())?;
        self.state = State::default();
        self.catch_up()
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

    /// The server's name, public keys, region and present life.
    pub fn identity(&self) -> (ServerId, PublicKeys, String, Epoch) {
        let keys = self.keyring.device_keys();
        (keys.server(), keys.public(), self.state.region.clone(), self.state.epoch)
    }

    /// The server's secret keys, for the escrow copy.
    pub fn escrow(&self) -> zeroize::Zeroizing<[u8; 64]> {
        self.keyring.device_keys().to_bytes()
    }

    /// How every enrolled device stands.
    pub fn standings(&self) -> impl Iterator<Item = (DeviceId, Standing)> + '_ {
        self.state.ledger.certificates.iter().map(|(device, certificate)| (*device, self.state.standing(device, certificate)))
    }

    /// How one device stands; `None` when it never enrolled.
    pub fn standing(&self, device: &DeviceId) -> Option<Standing> {
        self.state.ledger.certificates.get(device).map(|certificate| self.state.standing(device, certificate))
    }

    /// Whether anyone ever enrolled; a server without people invites its administrator.
    pub fn has_people(&self) -> bool {
        !self.state.ledger.certificates.is_empty()
    }

    /// The people: code, name, role, organisation, number of live devices.
    pub fn people(&self) -> Vec<(String, String, Role, String, usize)> {
        let mut people: BTreeMap<String, (String, Role, String, usize)> = BTreeMap::new();
        for (device, certificate) in &self.state.ledger.certificates {
            let live = usize::from(!self.state.ledger.revoked.contains_key(device));
            let entry = people
                .entry(certificate.person.clone())
                .or_insert_with(|| (certificate.display_name.clone(), certificate.role, certificate.organisation.clone(), 0));
            entry.3 += live;
        }
        people.into_iter().map(|(person, (name, role, organisation, live))| (person, name, role, organisation, live)).collect()
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
        self.keyring.refresh(&*self.disk)?;
        let mut writer = self.journal.write()?;
        let state = &mut self.state;
        writer.read_new(&self.keyring, &mut |record| state.take(record))?;
        state.trouble.take().map_or(Ok(()), Err)?;
        let next = writer.head().0 + 1;
        let mut batch = Batch {
            state: &mut self.state,
            keyring: &self.keyring,
            cache: &*self.cache,
            writer,
            next,
            records: Vec::new(),
            moment,
        };
        batch.open_and_close_what_is_due()?;
        let mut waiting = Vec::with_capacity(works.len());
        for work in works {
            waiting.push(match work {
                Work::Exchange(caller, request) => match batch.exchange(caller, request, rng) {
                    Ok(pending) => Waiting::Exchange(Box::new(pending)),
                    Err(error @ RegionError::Store(_)) => return Err(error),
                    Err(error) => Waiting::Done(Err(error)),
                },
                Work::Enrol(request) => Waiting::Done(batch.enrol(&request).map(|answer| Done::Enrolled(Box::new(answer)))),
                Work::Invite(by, request) => Waiting::Done(batch.invite(by, &request, rng).map(Done::Invited)),
                Work::Devices(by, one) => Waiting::Done(batch.devices(by, one).map(Done::Devices)),
            });
        }
        let Batch { mut writer, records, .. } = batch;
        if !records.is_empty() {
            let appended = writer.append(&self.keyring, rng, &records)?;
            writer.commit()?;
            // Folding them again gives the staged ones their place in the journal.
            for (record, appended) in records.into_iter().zip(appended).filter(|(record, _)| is_fed(record.kind)) {
                self.state.fold(record.at(appended))?;
            }
        }
        waiting
            .into_iter()
            .map(|waiting| match waiting {
                Waiting::Done(outcome) => Ok(outcome),
                Waiting::Exchange(pending) => Ok(Ok(Done::Exchanged(Box::new(self.answer(*pending, moment)?)))),
            })
            .collect()
    }

    fn answer(&self, pending: Pending, moment: Moment) -> Result<Answer, RegionError> {
        let state = &self.state;
        let reader = state.reader(&pending.caller).ok_or(RegionError::NotWelcome)?;
        let mut bodies: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut trouble = None;
        let mut weigh = |line: &Line| match state.body(line, &self.journal, &self.keyring) {
            Ok(Some(bytes)) => {
                let weight = bytes.len() + 12;
                bodies.insert(line.number, bytes);
                weight
            }
            Ok(None) => 0,
            Err(error) => {
                trouble = Some(error);
                0
            }
        };
        let page = state.feed.page(&reader, pending.from, &pending.sent, pending.page, &mut weigh);
        if let Some(error) = trouble {
            return Err(error);
        }
        let mut items = Vec::new();
        let mut receipted = pending.receipted;
        let mut touched = pending.touched;
        for line in &page.lines {
            // A payload whose key is gone was erased; its line means nothing any more.
            let Some(bytes) = bodies.remove(&line.number) else { continue };
            let (kind, document, hash) = match &line.what {
                What::Change(document, hash) => (ItemKind::Change, Some(*document), *hash),
                What::About(document, hash) => (ItemKind::Statement, Some(*document), *hash),
                What::Public(hash) => (ItemKind::Statement, None, *hash),
                What::Opened(..) | What::Closed(..) => continue,
            };
            if kind == ItemKind::Change {
                receipted.push((line.number, document, hash));
                touched.extend(document);
            } else {
                receipted.push((line.number, None, hash));
            }
            items.push(Item { seq: line.number, kind, bytes });
        }
        for (document, hash, number) in pending.healing {
            let position =
                state.ledger.documents.get(&document).and_then(|facts| facts.change(&hash)).map(|change| change.position);
            let Some(position) = position else { continue };
            if let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? {
                receipted.push((number, Some(document), hash));
                items.push(Item { seq: number, kind: ItemKind::Change, bytes });
            }
        }
        touched.sort();
        touched.dedup();
        let heads = if page.more {
            Vec::new()
        } else {
            touched
                .iter()
                .filter(|document| state.feed.shows(&reader, document))
                .filter_map(|document| {
                    let heads = state.ledger.documents.get(document)?.heads_among(|_| true);
                    Some(Heads { document: *document, digest: heads_digest(&heads) })
                })
                .collect()
        };
        let mut lines: Vec<ReceiptLine> = receipted
            .into_iter()
            .filter_map(|(seq, document, hash)| Some(ReceiptLine { seq, document: document?, hash }))
            .collect();
        lines.sort_unstable();
        lines.dedup();
        let receipt = (!lines.is_empty()).then(|| Receipt::sign(state.epoch, lines, self.keyring.device_keys()).signature);
        Ok(Answer {
            version: VERSION,
            verdicts: pending.verdicts,
            items,
            closed: page.closed,
            cursor: if page.place == pending.from && !pending.foreign_epoch { Vec::new() } else { page.place.encode() },
            more: page.more,
            heads,
            missing: pending.missing,
            receipt,
            time: moment.at,
            contacts: pending.contacts_since.map(|since| state.contacts_since(since, &pending.caller)).unwrap_or_default(),
            epoch: pending.foreign_epoch.then_some(state.epoch),
        })
    }
}

impl State {
    fn take(&mut self, record: Record) {
        if self.trouble.is_some() {
            return;
        }
        if let Err(error) = self.fold(record) {
            self.trouble = Some(error);
        }
    }

    fn fold(&mut self, record: Record) -> Result<(), RegionError> {
        let number = record.seq;
        if number <= self.feed.end() && matches!(record.kind, Kind::Opened | Kind::Closed) {
            return Ok(());
        }
        if record.kind == Kind::Grant {
            self.due_checked = None;
        }
        let line = match (&record.payload, record.kind) {
            // A server refuses codes and nothing else: changes are refused to the device and leave no record here.
            (Payload::Bytes(bytes), Kind::Refused) => {
                self.wrong_codes.insert(number, WrongCode::decode(bytes)?.at);
                return Ok(());
            }
            (Payload::Bytes(bytes), Kind::Change) => {
                let change = SignedChange::decode(bytes).map_err(|error| LedgerError::Record(number, error.to_string()))?;
                self.no_longer_waits(&change);
                Some(What::Change(change.document(), change.hash()))
            }
            (Payload::Bytes(bytes), Kind::Opening | Kind::Grant | Kind::Certificate | Kind::Revocation | Kind::Erasure) => {
                let signed = SignedStatement::decode(bytes).map_err(|error| LedgerError::Record(number, error.to_string()))?;
                if let Statement::Opening(opening) = signed.statement() {
                    self.feed.opened_by(opening.document, &opening.organisation, number);
                }
                let hash = statement_hash(bytes);
                Some(signed.statement().document().map_or(What::Public(hash), |document| What::About(document, hash)))
            }
            (Payload::Bytes(bytes), Kind::Opened | Kind::Closed) => {
                let access = Access::decode(bytes)?;
                access.person.map(|person| match record.kind {
                    Kind::Opened => What::Opened(access.document, person),
                    _ => What::Closed(access.document, person),
                })
            }
            _ => None,
        };
        if let Some(what) = line
            && number > self.feed.end()
        {
            self.feed.push(Line { number, what });
        }
        let Some(rest) = self.ledger.absorb(record)? else { return Ok(()) };
        let Payload::Bytes(bytes) = &rest.payload else { return Ok(()) };
        match rest.kind {
            Kind::Epoch => {
                let note = EpochNote::decode(bytes)?;
                self.epoch = note.epoch;
                if let Some(region) = note.region {
                    self.ledger.set_region(&region);
                    self.region = region;
                    self.feed.set_register(self.ledger.register().unwrap_or_default());
                }
            }
            Kind::Invitation => {
                let note = Invitation::decode(bytes)?;
                self.invitations.retain(|open| open.code_hash != note.code_hash);
                self.invitations.push(note);
            }
            Kind::Contact => {
                let note = ContactNote::decode(bytes)?;
                self.contacts.insert(note.device, note);
            }
            Kind::Quarantined => {
                let note = NotAdmitted::decode(bytes)?;
                let Some(envelope) = note.envelope else { return Ok(()) };
                let change = SignedChange::decode(&envelope).map_err(|error| LedgerError::Record(number, error.to_string()))?;
                let reason = Reason::from_code(&note.reason).unwrap_or(Reason::Other);
                if self.quarantined.insert(change.hash(), reason).is_none() {
                    let actor = (change.document(), change.header().actor.clone());
                    *self.waiting_actors.entry(actor).or_default() += 1;
                    self.waiting.entry(change.document()).or_default().push(envelope.to_vec());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A change that was admitted waits no more.
    fn no_longer_waits(&mut self, change: &SignedChange) {
        if self.quarantined.remove(&change.hash()).is_some() {
            let actor = (change.document(), change.header().actor.clone());
            if let Some(waiting) = self.waiting_actors.get_mut(&actor) {
                *waiting = waiting.saturating_sub(1);
            }
            if let Some(waiting) = self.waiting.get_mut(&change.document()) {
                waiting.retain(|envelope| envelope.as_slice() != change.bytes());
            }
        }
    }

    fn standing(&self, device: &DeviceId, certificate: &Certificate) -> Standing {
        Standing {
            keys: certificate.keys,
            person: certificate.person.clone(),
            role: certificate.role,
            revoked: self.ledger.revoked.contains_key(device),
        }
    }

    fn live(&self, device: &DeviceId) -> Option<&Certificate> {
        self.ledger.certificates.get(device).filter(|_| !self.ledger.revoked.contains_key(device))
    }

    fn reader(&self, device: &DeviceId) -> Option<Reader> {
        let certificate = self.live(device)?;
        Some(Reader {
            person: certificate.person.clone(),
            organisation: (certificate.role == Role::Coordinator).then(|| certificate.organisation.clone()),
            content: certificate.role != Role::Administrator,
        })
    }

    fn body(&self, line: &Line, journal: &Journal, keyring: &Keyring) -> Result<Option<Vec<u8>>, RegionError> {
        let position = match &line.what {
            What::Change(document, hash) => {
                self.ledger.documents.get(document).and_then(|facts| facts.change(hash)).map(|change| change.position)
            }
            What::About(_, hash) | What::Public(hash) => self.ledger.statements.get(hash).map(|facts| facts.position),
            What::Opened(..) | What::Closed(..) => None,
        };
        Ok(match position {
            Some(position) => bytes_at(journal, position, keyring)?,
            None => None,
        })
    }

    fn contacts_since(&self, since: Timestamp, caller: &DeviceId) -> Vec<Contact> {
        self.contacts
            .values()
            .filter(|note| note.at > since && note.device != *caller)
            .filter_map(|note| {
                let person = self.ledger.certificates.get(&note.device)?.person.clone();
                Some(Contact { device: note.device, person, at: note.at, unsynced: note.unsynced })
            })
            .collect()
    }

    /// Whether a device's person may write in a document.
    fn may_write(&self, signer: &DeviceId, document: &DocumentId, today: Day) -> Result<(), Verdict> {
        let Some(certificate) = self.ledger.certificates.get(signer) else {
            return Err(Verdict::Refused(Reason::UnknownSigner.into()));
        };
        if Some(*document) == self.ledger.register() {
            let allowed = certificate.role == Role::Coordinator;
            return if allowed { Ok(()) } else { Err(Verdict::Refused(Reason::NoGrant.into())) };
        }
        let Some((opening, _)) = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref()) else {
            return Err(Verdict::Deferred(Reason::MissingDependencies.into()));
        };
        let coordinates = certificate.role == Role::Coordinator && certificate.organisation == opening.organisation;
        if coordinates || self.ledger.holds_grant(document, &certificate.person, today) {
            Ok(())
        } else {
            Err(Verdict::Quarantined(Reason::NoGrant.into()))
        }
    }
}

impl Batch<'_> {
    /// Stages a record and folds it at once, so that the rest of the batch sees it.
    fn stage(&mut self, kind: Kind, key: KeyId, payload: Vec<u8>) -> Result<u64, RegionError> {
        let number = self.next;
        self.next += 1;
        let record = NewRecord { kind, key, payload };
        self.state.fold(record.clone().at(Appended { seq: number, position: NOWHERE, hash: [0; 32] }))?;
        self.records.push(record);
        Ok(number)
    }

    fn stage_note(&mut self, kind: Kind, payload: Vec<u8>) -> Result<u64, RegionError> {
        let key = self.keyring.store_key_id();
        self.stage(kind, key, payload)
    }

    fn open_for(&mut self, document: DocumentId, person: &str) -> Result<(), RegionError> {
        if !self.state.feed.is_open(person, &document) {
            let note = Access { document, person: Some(person.to_owned()) };
            self.stage_note(Kind::Opened, note.encode())?;
        }
        Ok(())
    }

    /// Dated grants begin and end through records, so that feeds need no clock.
    fn open_and_close_what_is_due(&mut self) -> Result<(), RegionError> {
        let today = self.moment.today();
        if self.state.due_checked == Some(today) {
            return Ok(());
        }
        let mut due = Vec::new();
        for (document, facts) in &self.state.ledger.documents {
            let founder = facts.opening.as_ref().map(|(opening, _)| opening.person.as_str());
            let people: HashSet<&str> = facts.grants.iter().map(|(_, grant)| grant.person.as_str()).chain(founder).collect();
            for person in people {
                let holds = self.state.ledger.holds_grant(document, person, today);
                if holds != self.state.feed.is_open(person, document) {
                    due.push((*document, person.to_owned(), holds));
                }
            }
        }
        for (document, person, holds) in due {
            if holds {
                self.open_for(document, &person)?;
            } else {
                let note = Access { document, person: Some(person) };
                self.stage_note(Kind::Closed, note.encode())?;
            }
        }
        self.state.due_checked = Some(today);
        Ok(())
    }

    fn exchange(&mut self, caller: DeviceId, request: Request, rng: &mut dyn CryptoRng) -> Result<Pending, RegionError> {
        let Some(certificate) = self.state.live(&caller) else { return Err(RegionError::NotWelcome) };
        let coordinates = certificate.role != Role::Coach;
        let cursor = Cursor::decode(&request.cursor).ok();
        // One past the end was given by a server that has lost its newest lines: it reads from the beginning again.
        let from = cursor.filter(|place| place.epoch == self.state.epoch && place.position <= self.state.feed.end());
        let foreign_epoch = from.is_none();
        let mut pending = Pending {
            caller,
            verdicts: Vec::new(),
            receipted: Vec::new(),
            sent: HashSet::new(),
            touched: Vec::new(),
            missing: Vec::new(),
            healing: Vec::new(),
            from: from.unwrap_or(Cursor { epoch: self.state.epoch, position: 0, backfill: None }),
            foreign_epoch,
            page: request.page.map_or(PAGE, |limit| (limit as usize).clamp(1, PAGE)),
            contacts_since: request.contacts_since.filter(|_| coordinates),
        };
        // One replacement of the keyring for all dossiers that begin here, not one for each.
        let beginning: Vec<DocumentId> = request.statements.iter().filter_map(|bytes| self.document_to_open(bytes)).collect();
        self.writer.add_document_keys(self.keyring, &beginning, rng)?;
        for bytes in &request.statements {
            let verdict = self.admit_statement(bytes, &mut pending, rng)?;
            pending.verdicts.push(verdict);
        }
        let changes: Vec<Result<SignedChange, _>> = request.changes.iter().map(|bytes| SignedChange::decode(bytes)).collect();
        let mut verdicts: Vec<Option<Verdict>> =
            changes.iter().map(|change| change.as_ref().err().map(|_| Verdict::Refused(Reason::Malformed.into()))).collect();
        let mut by_document: BTreeMap<DocumentId, Vec<usize>> = BTreeMap::new();
        for (index, change) in changes.iter().enumerate() {
            if let Ok(change) = change {
                by_document.entry(change.document()).or_default().push(index);
            }
        }
        for (document, indexes) in by_document {
            let group: Vec<(usize, &SignedChange)> =
                indexes.iter().filter_map(|index| Some((*index, changes[*index].as_ref().ok()?))).collect();
            for (index, verdict) in self.admit_changes(caller, document, &group, &mut pending, rng)? {
                verdicts[index] = Some(verdict);
            }
            pending.touched.push(document);
        }
        pending.verdicts.extend(verdicts.into_iter().map(|verdict| verdict.unwrap_or(Verdict::Deferred(Reason::Busy.into()))));
        self.heal(&request, &mut pending);
        let behind = |verdict: &&Verdict| matches!(verdict, Verdict::Deferred(_) | Verdict::Quarantined(_));
        let behind = u32::try_from(pending.verdicts.iter().filter(behind).count()).unwrap_or(u32::MAX);
        self.note_contact(caller, request.unsynced.saturating_add(behind))?;
        Ok(pending)
    }

    /// The document that these bytes open, when somebody certified signed them.
    fn document_to_open(&self, bytes: &[u8]) -> Option<DocumentId> {
        let signed = SignedStatement::decode(bytes).ok()?;
        let certificate = self.state.ledger.certificates.get(&signed.signer())?;
        match signed.statement() {
            Statement::Opening(opening) if signed.verify(&certificate.keys).is_ok() => Some(opening.document),
            _ => None,
        }
    }

    /// Compares hash lists for documents whose heads did not agree.
    fn heal(&self, request: &Request, pending: &mut Pending) {
        let Some(reader) = self.state.reader(&pending.caller) else { return };
        let mut left = pending.page;
        for Hashes { document, hashes } in &request.have {
            let Some(facts) = self.state.ledger.documents.get(document) else { continue };
            if !self.state.feed.shows(&reader, document) {
                continue;
            }
            let theirs: HashSet<&ChangeHash> = hashes.iter().collect();
            let lacking: Vec<ChangeHash> = hashes.iter().filter(|hash| !facts.has(hash)).copied().collect();
            if !lacking.is_empty() {
                pending.missing.push(Hashes { document: *document, hashes: lacking });
            }
            // As much as fits in a page; the heads will not agree yet, and the rest follows.
            for change in facts.live().filter(|change| !theirs.contains(&change.hash)) {
                left = left.saturating_sub(HEALING_WEIGHT);
                if left > 0 {
                    pending.healing.push((*document, change.hash, change.number));
                }
            }
        }
    }

    fn note_contact(&mut self, device: DeviceId, unsynced: u32) -> Result<(), RegionError> {
        let at = self.moment.at;
        let last = self.state.contacts.get(&device);
        if last.is_none_or(|note| note.unsynced != unsynced || at.as_millis() - note.at.as_millis() >= CONTACT_EVERY) {
            self.stage_note(Kind::Contact, ContactNote { device, at, unsynced }.encode())?;
        }
        Ok(())
    }

    fn admit_statement(&mut self, bytes: &[u8], pending: &mut Pending, rng: &mut dyn CryptoRng) -> Result<Verdict, RegionError> {
        let Ok(signed) = SignedStatement::decode(bytes) else { return Ok(Verdict::Refused(Reason::Malformed.into())) };
        let hash = statement_hash(signed.bytes());
        if let Some(known) = self.state.ledger.statements.get(&hash) {
            pending.receipted.push((known.number, None, hash));
            pending.sent.insert(hash);
            return Ok(Verdict::Accepted { seq: known.number });
        }
        let Some(certificate) = self.state.ledger.certificates.get(&signed.signer()).cloned() else {
            return Ok(Verdict::Refused(Reason::UnknownSigner.into()));
        };
        if signed.verify(&certificate.keys).is_err() {
            return Ok(Verdict::Refused(Reason::BadSignature.into()));
        }
        let today = self.moment.today();
        let coordinates = |this: &Self, document: &DocumentId| {
            let opening = this.state.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
            opening.is_some_and(|(opening, _)| {
                certificate.role == Role::Coordinator && certificate.organisation == opening.organisation
            })
        };
        let kind = match signed.statement() {
            Statement::Opening(opening) => {
                if opening.person != certificate.person || certificate.role == Role::Administrator {
                    return Ok(Verdict::Refused(Reason::NoGrant.into()));
                }
                let facts = self.state.ledger.documents.get(&opening.document);
                if Some(opening.document) == self.state.ledger.register() || facts.is_some_and(|facts| facts.opening.is_some()) {
                    return Ok(Verdict::Refused(Reason::SequenceTaken.into()));
                }
                let day = self.moment.at.as_millis() / 86_400_000;
                let opened = self.state.openings_today.entry((certificate.person.clone(), day)).or_default();
                if *opened >= OPENINGS_A_DAY {
                    return Ok(Verdict::Deferred(Reason::Quota.into()));
                }
                *opened += 1;
                self.writer.add_document_keys(self.keyring, &[opening.document], rng)?;
                Kind::Opening
            }
            Statement::Grant(grant) => {
                if self.state.ledger.documents.get(&grant.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                if grant.by != certificate.person || !coordinates(self, &grant.document) {
                    return Ok(Verdict::Refused(Reason::NoGrant.into()));
                }
                Kind::Grant
            }
            Statement::GrantEnd(end) => {
                if end.by != certificate.person || !coordinates(self, &end.document) {
                    return Ok(Verdict::Refused(Reason::NoGrant.into()));
                }
                Kind::Grant
            }
            // Only this server certifies, revokes and erases, and it knows its own statements.
            Statement::Certificate(_) | Statement::Revocation(_) | Statement::Erasure(_) | Statement::Newer(_) => {
                return Ok(Verdict::Refused(Reason::NoGrant.into()));
            }
        };
        let seq = self.stage_note(kind, signed.bytes().to_vec())?;
        match signed.statement() {
            Statement::Opening(opening) => self.open_for(opening.document, &opening.person)?,
            Statement::Grant(grant) if self.state.ledger.holds_grant(&grant.document, &grant.person, today) => {
                self.open_for(grant.document, &grant.person)?;
                self.release(grant.document)?;
            }
            _ => {}
        }
        pending.receipted.push((seq, None, hash));
        pending.sent.insert(hash);
        Ok(Verdict::Accepted { seq })
    }

    fn admit_changes(
        &mut self,
        caller: DeviceId,
        document: DocumentId,
        group: &[(usize, &SignedChange)],
        pending: &mut Pending,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<(usize, Verdict)>, RegionError> {
        let today = self.moment.today();
        let mut verdicts = Vec::new();
        let mut allowed: Vec<(usize, &SignedChange)> = Vec::new();
        for (index, change) in group {
            let known = self.state.ledger.documents.get(&document).and_then(|facts| facts.change(&change.hash()));
            if let Some(known) = known {
                pending.receipted.push((known.number, Some(document), change.hash()));
                pending.sent.insert(change.hash());
                verdicts.push((*index, Verdict::Accepted { seq: known.number }));
            } else if let Some(reason) = self.state.quarantined.get(&change.hash()) {
                verdicts.push((*index, Verdict::Quarantined((*reason).into())));
            } else {
                let standing = match self.state.may_write(&change.signer(), &document, today) {
                    // What leans on something that waits, waits with it.
                    Ok(()) if self.leans_on_quarantine(change) => Err(Verdict::Quarantined(Reason::MissingDependencies.into())),
                    standing => standing,
                };
                match standing {
                    Ok(()) => allowed.push((*index, change)),
                    Err(Verdict::Quarantined(why)) => {
                        // Only what is truly the signer's waits for a coordinator.
                        let keys = self.state.ledger.certificates.get(&change.signer()).map(|certificate| certificate.keys);
                        if keys.is_none_or(|keys| change.verify(&keys).is_err()) {
                            verdicts.push((*index, Verdict::Refused(Reason::BadSignature.into())));
                        } else {
                            self.quarantine(caller, change, why.reason)?;
                            verdicts.push((*index, Verdict::Quarantined(why)));
                        }
                    }
                    Err(verdict) => verdicts.push((*index, verdict)),
                }
            }
        }
        if allowed.is_empty() {
            return Ok(verdicts);
        }
        if self.keyring.document_key(document).is_none() {
            self.writer.add_document_keys(self.keyring, &[document], rng)?;
        }
        let State { ledger, documents, .. } = &mut *self.state;
        let standing = load(ledger, &self.writer, self.keyring, self.cache, documents, document)?;
        let batch: Vec<&SignedChange> = allowed.iter().map(|(_, change)| *change).collect();
        let certificates = &ledger.certificates;
        let (judgements, after) = admission::judge(ledger.documents.get(&document), &standing, &batch, &|device| {
            certificates.get(device).map(|certificate| certificate.keys)
        })?;
        let mut clean = true;
        for ((index, change), judgement) in allowed.iter().zip(judgements) {
            let verdict = match judgement {
                Judgement::Known => Verdict::Accepted { seq: 0 },
                Judgement::Deferred(reason) => Verdict::Deferred(reason.into()),
                Judgement::Refused(reason) => Verdict::Refused(reason.into()),
                Judgement::Valid if self.leans_on_quarantine(change) => {
                    self.quarantine(caller, change, Reason::MissingDependencies)?;
                    clean = false;
                    Verdict::Quarantined(Reason::MissingDependencies.into())
                }
                Judgement::Valid if holds_bsn(change) => {
                    self.quarantine(caller, change, Reason::BsnInText)?;
                    clean = false;
                    Verdict::Quarantined(Reason::BsnInText.into())
                }
                Judgement::Valid => {
                    let key = self.keyring.document_key(document).unwrap_or_else(|| self.keyring.store_key_id());
                    let seq = self.stage(Kind::Change, key, change.bytes().to_vec())?;
                    pending.receipted.push((seq, Some(document), change.hash()));
                    pending.sent.insert(change.hash());
                    Verdict::Accepted { seq }
                }
            };
            verdicts.push((*index, verdict));
        }
        if clean && let Some(facts) = self.state.ledger.documents.get(&document) {
            self.state.documents.put(document, after, facts.tag());
        }
        Ok(verdicts)
    }

    /// Whether it follows a change that waits: as a dependency, or as a later one of the same actor.
    fn leans_on_quarantine(&self, change: &SignedChange) -> bool {
        let waits = |hash: &ChangeHash| self.state.quarantined.contains_key(hash);
        let actor = (change.document(), change.header().actor.clone());
        change.header().deps.iter().any(waits) || self.state.waiting_actors.get(&actor).is_some_and(|waiting| *waiting > 0)
    }

    /// Lets in what waited for a grant that is there now, in the order in which it came.
    fn release(&mut self, document: DocumentId) -> Result<(), RegionError> {
        let today = self.moment.today();
        let waiting: Vec<SignedChange> = self
            .state
            .waiting
            .get(&document)
            .into_iter()
            .flatten()
            .filter_map(|envelope| SignedChange::decode(envelope).ok())
            .filter(|change| self.state.may_write(&change.signer(), &document, today).is_ok() && !holds_bsn(change))
            .collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let State { ledger, documents, .. } = &mut *self.state;
        let standing = load(ledger, &self.writer, self.keyring, self.cache, documents, document)?;
        let batch: Vec<&SignedChange> = waiting.iter().collect();
        let certificates = &ledger.certificates;
        let (judgements, _) = admission::judge(ledger.documents.get(&document), &standing, &batch, &|device| {
            certificates.get(device).map(|certificate| certificate.keys)
        })?;
        for (change, judgement) in batch.iter().zip(judgements) {
            if judgement == Judgement::Valid {
                let key = self.keyring.document_key(document).unwrap_or_else(|| self.keyring.store_key_id());
                self.stage(Kind::Change, key, change.bytes().to_vec())?;
            }
        }
        Ok(())
    }

    fn quarantine(&mut self, sender: DeviceId, change: &SignedChange, reason: Reason) -> Result<(), RegionError> {
        let note = NotAdmitted {
            document: Some(change.document()),
            hashes: vec![change.hash()],
            reason: reason.code().to_owned(),
            at: self.moment.at,
            envelope: Some(change.bytes().to_vec().into()),
            sender: Some(sender),
            again: None,
        };
        let key = self.keyring.document_key(change.document()).unwrap_or_else(|| self.keyring.store_key_id());
        self.stage(Kind::Quarantined, key, note.encode())?;
        Ok(())
    }

    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolAnswer, RegionError> {
        let now = self.moment.at;
        let hash = code_hash(&request.code);
        let device = request.keys.device();
        let invitations = &self.state.invitations;
        // The answer may have been lost: the device that used the code hears it again, and nobody else does.
        let again = invitations.iter().any(|note| note.code_hash.as_slice() == hash && note.used_by == Some(device));
        if again && let Some(certificate) = self.state.live(&device).cloned() {
            return self.welcome(certificate, Vec::new());
        }
        let tried = |open: &Invitation| {
            let since = open.expires.as_millis() - INVITATION_LIFE;
            self.state.wrong_codes.values().filter(|at| at.as_millis() > since).count()
        };
        let mut open =
            invitations.iter().filter(|open| open.used_by.is_none() && now <= open.expires && tried(open) < WRONG_CODES);
        let Some(open) = open.clone().find(|open| open.code_hash.as_slice() == hash).cloned() else {
            // Where no code could be guessed, guessing leaves no trace: a stranger must not be able to fill the disk.
            if open.next().is_some() {
                self.stage_note(Kind::Refused, WrongCode { at: now }.encode())?;
            }
            return Err(RegionError::WrongCode);
        };
        if self.state.ledger.certificates.contains_key(&device) {
            return Err(RegionError::Unfit("this device is enrolled already; use `sync`".into()));
        }
        let role = Role::from_code(&open.role).ok_or(RegionError::WrongCode)?;
        let certificate = Certificate {
            device,
            keys: request.keys,
            person: open.person.clone(),
            display_name: open.display_name.clone(),
            role,
            organisation: open.organisation.clone().unwrap_or_default(),
            label: request.label.clone(),
            from: now,
        };
        let signed = SignedStatement::sign(&Statement::Certificate(certificate.clone()), self.keyring.device_keys())
            .map_err(|error| RegionError::Unfit(error.to_string()))?;
        self.stage_note(Kind::Certificate, signed.bytes().to_vec())?;
        self.stage_note(Kind::Invitation, Invitation { used_by: Some(device), ..open }.encode())?;
        self.welcome(certificate, vec![signed.bytes().to_vec()])
    }

    /// What an enrolled device needs to take part: its own certificate first, then those of colleagues, without which
    /// their changes could not be checked.
    fn welcome(&self, certificate: Certificate, mut statements: Vec<Vec<u8>>) -> Result<EnrolAnswer, RegionError> {
        for facts in self.state.ledger.statements.values().filter(|facts| facts.document.is_none() && facts.position != NOWHERE) {
            let Some(bytes) = bytes_at(&self.writer, facts.position, self.keyring)? else { continue };
            let own = SignedStatement::decode(&bytes).is_ok_and(
                |signed| matches!(signed.statement(), Statement::Certificate(other) if other.device == certificate.device),
            );
            let place = if own { 0 } else { statements.len() };
            statements.insert(place, bytes);
        }
        let keys = self.keyring.device_keys();
        Ok(EnrolAnswer {
            server: keys.server(),
            keys: keys.public(),
            region: self.state.region.clone(),
            epoch: self.state.epoch,
            statements,
            person: certificate.person,
            role: certificate.role,
            organisation: certificate.organisation,
            nonce: String::new(),
            version: VERSION,
            display_name: certificate.display_name,
        })
    }

    fn invite(
        &mut self,
        by: Option<DeviceId>,
        request: &InviteRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<InviteAnswer, RegionError> {
        if let Some(device) = by {
            let certificate = self.state.live(&device).ok_or(RegionError::NotWelcome)?;
            let allowed = match certificate.role {
                Role::Administrator => true,
                // Only into the organisation that is theirs, and never somebody above them.
                Role::Coordinator => request.role != Role::Administrator && certificate.organisation == request.organisation,
                Role::Coach => false,
            };
            if !allowed {
                return Err(RegionError::NotAllowed);
            }
        }
        // A person code is the key to dossiers: it keeps its role and organisation, whoever invites.
        let open = self.state.invitations.iter().filter(|open| open.expires >= self.moment.at);
        let open = open.map(|open| (open.person.as_str(), open.role.as_str(), open.organisation.as_deref().unwrap_or_default()));
        let certified = self.state.ledger.certificates.values();
        let known = certified.map(|known| (known.person.as_str(), known.role.code(), known.organisation.as_str()));
        let mut others = known.chain(open).filter(|(person, role, organisation)| {
            *person == request.person && (*role != request.role.code() || *organisation != request.organisation)
        });
        if let Some((_, role, organisation)) = others.next() {
            return Err(RegionError::Unfit(format!(
                "'{}' is known as {role} of '{organisation}'; use another code for somebody else, or the same role and organisation",
                request.person
            )));
        }
        let code = invitation_code(rng);
        let expires = self.moment.at.plus_millis(INVITATION_LIFE);
        let note = Invitation {
            code_hash: code_hash(&code).into(),
            person: request.person.clone(),
            display_name: request.display_name.clone(),
            role: request.role.code().to_owned(),
            organisation: Some(request.organisation.clone()),
            expires,
            by,
            used_by: None,
        };
        self.stage_note(Kind::Invitation, note.encode())?;
        Ok(InviteAnswer { version: VERSION, code, expires })
    }

    fn devices(&self, by: Option<DeviceId>, one: Option<DeviceId>) -> Result<Vec<DeviceInfo>, RegionError> {
        if let Some(device) = by {
            let certificate = self.state.live(&device).ok_or(RegionError::NotWelcome)?;
            if certificate.role == Role::Coach {
                return Err(RegionError::NotAllowed);
            }
        }
        let mut devices = Vec::new();
        for (device, certificate) in &self.state.ledger.certificates {
            if one.is_some_and(|wanted| wanted != *device) {
                continue;
            }
            let contact = self.state.contacts.get(device);
            let documents = match (one, self.state.reader(device)) {
                (Some(_), Some(reader)) => self.state.feed.visible(&reader),
                _ => Vec::new(),
            };
            devices.push(DeviceInfo {
                device: *device,
                person: certificate.person.clone(),
                role: certificate.role,
                label: certificate.label.clone(),
                enrolled: certificate.from,
                last_contact: contact.map(|note| note.at),
                unsynced: contact.map(|note| note.unsynced),
                revoked: self.state.ledger.revoked.get(device).copied(),
                display_name: certificate.display_name.clone(),
                organisation: certificate.organisation.clone(),
                documents,
            });
        }
        if one.is_some() && devices.is_empty() {
            return Err(RegionError::Unfit("no device has this id; `device list` shows them".into()));
        }
        Ok(devices)
    }
}

/// Kinds whose records are sent to devices, so that their place must be known.
fn is_fed(kind: Kind) -> bool {
    matches!(kind, Kind::Change | Kind::Opening | Kind::Grant | Kind::Certificate | Kind::Revocation | Kind::Erasure)
}

/// Whether a text in the change holds digits that pass for a BSN, and its author does not declare that they are none (V17).
fn holds_bsn(change: &SignedChange) -> bool {
    let (texts, declared) = crate::document::texts_in(change.chunk());
    !declared && texts.iter().any(|text| !text_check::bsn_positions(text).is_empty())
}

/// What is kept of an invitation's code.
fn code_hash(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    Sha256::digest(format!("veldboek/invitation/1\0{plain}").as_bytes()).to_vec()
}

/// Twelve letters and digits that are hard to confuse, in groups: 60 bits for ten minutes and five tries.
fn invitation_code(rng: &mut dyn CryptoRng) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut bytes = [0; 12];
    rng.fill_bytes(&mut bytes);
    let mut code = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    code
}
