//! The truth: everything that must survive, keys excepted, in one append-only chain of records.
//!
//! Records lie in segment files `journal/00000001.vbj`, each a clear header and a payload that is sealed under the key
//! of its document or of the store. Every header holds the hash of the one before, so nothing can be changed or taken
//! out unnoticed. Several processes may use one journal: reading needs no lock, appending holds it for one commit.
//! `Ok` from [`Writer::commit`] means durable, for what was appended and for all that was read before it.

use std::sync::Arc;

use rand_core::CryptoRng;

use crate::disk::{Disk, DiskError, Held};
use crate::ids::{DocumentId, KeyId};
use crate::keyring::{Found, Key, Keyring, KeyringError, NONCE};

mod header;
mod repair;
#[cfg(test)]
mod tests;
mod verify;
mod walk;

use header::Header;
pub use header::Kind;
pub use repair::Repair;
pub use verify::Verification;
use walk::{Found as Seen, Tail, Walk, segment_name};

/// The hash of a record: SHA-256 over its header.
pub type Hash = [u8; 32];

/// A new segment is begun when the last one has grown to this.
const SEGMENT: u64 = 8 << 20;
/// What fits in one record.
pub const RECORD_LIMIT: usize = 16 << 20;
/// What sealing adds to a payload.
const TAG: usize = 16;

/// The journal could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Bytes that were durable once are not as they were written.
    #[error("{0}")]
    Damaged(Box<Damage>),
    /// A later program wrote it.
    #[error("record {seq} was written by a newer Veldboek ({what}); install the newest version on this device")]
    Newer {
        /// The record.
        seq: u64,
        /// What is unknown here.
        what: String,
    },
    /// The record is sealed under a key that the keyring never held.
    #[error("the key of record {seq} is not in the keyring: the keyring is older than the journal; put back the newest one")]
    KeyMissing {
        /// The record.
        seq: u64,
        /// The key.
        key: KeyId,
    },
    /// The key for a new record is not there.
    #[error("there is no key {key} to seal the record with: it was destroyed, or not yet added to the keyring")]
    NoKey {
        /// The key.
        key: KeyId,
    },
    /// More than fits in one record.
    #[error("a record of {bytes} bytes is too large, {RECORD_LIMIT} is the most; split what is to be kept")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Records of another process were not read yet; appending before that would be deciding without knowing.
    #[error("the journal has grown since it was read; read what is new before appending")]
    Behind,
    /// The journal ends before the place that was read already.
    #[error("the journal is shorter than it was: another program took back or replaced part of it; open the store again")]
    Rewound,
    /// There is no such record.
    #[error("there is no record at segment {segment}, byte {offset}; the place belongs to another journal, read it again", segment = .0.segment, offset = .0.offset)]
    NoRecord(Position),
    /// Writing failed, and so did taking back what was half written.
    #[error("the disk failed while writing and what was half written could not be taken back; open the store again")]
    Unsure,
    /// The keyring failed.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// A place where the chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal is damaged at record {seq} ('{}', byte {}: {what}); nothing was changed. Copy the whole store to another \
     disk first, then run 'verify' to see what is affected, and put back a backup or enrol this device again",
    segment_name(.position.segment), .position.offset
)]
pub struct Damage {
    /// The number the record there should have.
    pub seq: u64,
    /// Where it should begin.
    pub position: Position,
    /// What is wrong.
    pub what: &'static str,
    /// The number of the next record that can be read, and where it begins.
    pub resumes: Option<(u64, Position)>,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the segment file.
    pub segment: u32,
    /// Bytes from its beginning.
    pub offset: u64,
}

/// A record to append.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// What it is.
    pub kind: Kind,
    /// The key it is sealed under; all zero: in clear.
    pub key: KeyId,
    /// Its content.
    pub payload: Vec<u8>,
}

impl NewRecord {
    /// The record that this became, for folding it without reading it back.
    pub fn at(self, appended: Appended) -> Record {
        Record {
            seq: appended.seq,
            kind: self.kind,
            key: self.key,
            position: appended.position,
            hash: appended.hash,
            payload: Payload::Bytes(self.payload),
        }
    }

    /// A record that everybody may read who has the file: audit lines and the like.
    pub fn clear(kind: Kind, payload: Vec<u8>) -> Self {
        Self { kind, key: KeyId::default(), payload }
    }
}

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// As it was written.
    Bytes(Vec<u8>),
    /// Its key was destroyed: erased for ever, while the chain still proves that there was a record.
    Gone,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number; the first is 1.
    pub seq: u64,
    /// What it is.
    pub kind: Kind,
    /// The key it is sealed under; all zero: in clear.
    pub key: KeyId,
    /// Where it lies.
    pub position: Position,
    /// Its hash.
    pub hash: Hash,
    /// Its content.
    pub payload: Payload,
}

/// A record that is on its way to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its number.
    pub seq: u64,
    /// Where it will lie once [`Writer::commit`] is done.
    pub position: Position,
    /// Its hash.
    pub hash: Hash,
}

/// One process's view of the journal: how far it has read.
pub struct Journal {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    walk: Walk,
    /// Whether something that was read may not be durable: its writer may have been killed before it synced.
    unsynced: bool,
    unread: u64,
    unsure: bool,
    repairs: Vec<Repair>,
}

impl Journal {
    /// Opens the journal of a store, empty or not. Nothing is read yet.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self, JournalError> {
        Self::open_with(disk, SEGMENT)
    }

    /// The same with segments of another size, for tests.
    pub fn open_with(disk: Arc<dyn Disk>, segment_bytes: u64) -> Result<Self, JournalError> {
        walk::check_segments(&*disk)?;
        let walk = Walk::default();
        Ok(Self { disk, segment_bytes, walk, unsynced: true, unread: 0, unsure: false, repairs: Vec::new() })
    }

    /// Reads what was appended since the last time, by this process's writer excepted. Takes no lock: a record that
    /// another process is writing at this moment is left for the next time.
    pub fn read_new(&mut self, keyring: &Keyring, each: &mut dyn FnMut(Record)) -> Result<(), JournalError> {
        match self.advance(keyring, each)? {
            Tail::Clean => self.unread = 0,
            Tail::Torn(bytes) => self.unread = bytes,
        }
        Ok(())
    }

    fn advance(&mut self, keyring: &Keyring, each: &mut dyn FnMut(Record)) -> Result<Tail, JournalError> {
        let disk = self.disk.clone();
        let unsynced = &mut self.unsynced;
        self.walk.forward(&*disk, &mut |seen| {
            let record = record(&*disk, keyring, &seen)?;
            *unsynced = true;
            each(record);
            Ok(())
        })
    }

    /// The record at a place that was handed out earlier.
    pub fn read_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError> {
        let seen = walk::read_one(&*self.disk, position)?;
        record(&*self.disk, keyring, &seen.borrow())
    }

    /// The number and hash of the last record that was read or committed; 0 and zeros in an empty journal.
    pub fn head(&self) -> (u64, Hash) {
        (self.walk.seq, self.walk.hash)
    }

    /// What this handle set aside while opening the journal for writing. A person should hear of each.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Bytes after the last whole record when it was last read: another process is writing them, or was cut off.
    pub fn unread(&self) -> u64 {
        self.unread
    }

    /// Takes the lock between all processes that use the store, for one commit.
    pub fn write(&mut self) -> Result<Writer<'_>, JournalError> {
        if self.unsure {
            return Err(JournalError::Unsure);
        }
        let held = self.disk.lock()?;
        let walk = self.walk.clone();
        Ok(Writer { journal: self, held, walk, chunks: Vec::new(), place: 0 })
    }

    /// Reads the whole chain again from the disk and checks every record.
    pub fn verify(disk: &dyn Disk, keyring: &Keyring) -> Result<Verification, JournalError> {
        verify::verify(disk, keyring)
    }
}

/// Opens the payload of a record that was found whole.
fn record(disk: &dyn Disk, keyring: &Keyring, seen: &Seen<'_>) -> Result<Record, JournalError> {
    let header = seen.header;
    let Some(kind) = Kind::from_code(header.kind) else {
        return Err(JournalError::Newer { seq: header.seq, what: format!("record kind {}", header.kind) });
    };
    if header.flags != 0 {
        return Err(JournalError::Newer { seq: header.seq, what: format!("flags {:#x}", header.flags) });
    }
    let payload = if header.key == KeyId::default() {
        Payload::Bytes(seen.stored.to_vec())
    } else {
        match find_key(disk, keyring, header.key)? {
            Found::Destroyed => Payload::Gone,
            Found::Unknown => return Err(JournalError::KeyMissing { seq: header.seq, key: header.key }),
            Found::Key(key) => match key.open(&header.nonce, &header.around(), seen.stored) {
                Some(bytes) => Payload::Bytes(bytes),
                None => {
                    return Err(JournalError::Damaged(Box::new(Damage {
                        seq: header.seq,
                        position: seen.position,
                        what: "its seal is broken",
                        resumes: None,
                    })));
                }
            },
        }
    };
    Ok(Record { seq: header.seq, kind, key: header.key, position: seen.position, hash: seen.hash, payload })
}

/// Another process may have added the key after this one read the keyring.
fn find_key(disk: &dyn Disk, keyring: &Keyring, id: KeyId) -> Result<Found, JournalError> {
    match keyring.find(id) {
        Found::Unknown => {
            keyring.refresh(disk)?;
            Ok(keyring.find(id))
        }
        found => Ok(found),
    }
}

/// The bytes of one segment that wait for the commit.
struct Chunk {
    segment: u32,
    /// Where they will begin.
    offset: u64,
    bytes: Vec<u8>,
}

/// The right to append, held until [`Writer::commit`]; dropping it instead appends nothing. Never keep it while waiting
/// for a network or a person: others wait for it.
pub struct Writer<'a> {
    journal: &'a mut Journal,
    held: Box<dyn Held>,
    /// Where the journal will end after the commit.
    walk: Walk,
    chunks: Vec<Chunk>,
    /// The place of the next record within the commit.
    place: u16,
}

impl Writer<'_> {
    /// Reads what others appended. Bytes after the last whole record are what a writer that was killed, or a power cut,
    /// left behind: they are moved to a side file, and listed in [`Journal::repairs`].
    pub fn read_new(&mut self, keyring: &Keyring, each: &mut dyn FnMut(Record)) -> Result<(), JournalError> {
        if !self.chunks.is_empty() {
            return Ok(());
        }
        if let Tail::Torn(_) = self.journal.advance(keyring, each)? {
            let repair = repair::set_aside(&*self.journal.disk, self.journal.walk.position())?;
            self.journal.repairs.push(repair);
        }
        self.journal.unread = 0;
        self.walk = self.journal.walk.clone();
        Ok(())
    }

    /// Seals records and adds them to the commit: all of these, or none on an error.
    pub fn append(
        &mut self,
        keyring: &Keyring,
        rng: &mut dyn CryptoRng,
        records: &[NewRecord],
    ) -> Result<Vec<Appended>, JournalError> {
        if self.chunks.is_empty() {
            self.check_caught_up()?;
        }
        let mut keys: Vec<Option<Arc<Key>>> = Vec::with_capacity(records.len());
        for record in records {
            if record.payload.len() > RECORD_LIMIT {
                return Err(JournalError::TooLarge { bytes: record.payload.len() });
            }
            keys.push(match record.key == KeyId::default() {
                true => None,
                false => match find_key(&*self.journal.disk, keyring, record.key)? {
                    Found::Key(key) => Some(key),
                    _ => return Err(JournalError::NoKey { key: record.key }),
                },
            });
        }
        let mut appended = Vec::with_capacity(records.len());
        for (record, key) in records.iter().zip(keys) {
            appended.push(self.add(record, key.as_deref(), rng)?);
        }
        Ok(appended)
    }

    fn add(&mut self, record: &NewRecord, key: Option<&Key>, rng: &mut dyn CryptoRng) -> Result<Appended, JournalError> {
        let tag = if key.is_some() { TAG } else { 0 };
        let mut header = Header {
            kind: record.kind.code(),
            flags: 0,
            place: self.place,
            seq: self.walk.seq + 1,
            length: (record.payload.len() + tag) as u32,
            key: record.key,
            nonce: [0; NONCE],
            before: self.walk.hash,
            content: [0; 32],
        };
        let stored = match key {
            None => record.payload.clone(),
            Some(key) => {
                rng.fill_bytes(&mut header.nonce);
                key.seal(&header.nonce, &header.around(), &record.payload)
                    .ok_or(JournalError::TooLarge { bytes: record.payload.len() })?
            }
        };
        header.content = header::sha256(&stored);
        if self.walk.offset >= self.journal.segment_bytes {
            self.walk.segment += 1;
            self.walk.offset = 0;
        }
        let position = self.walk.position();
        if self.chunks.last().is_none_or(|chunk| chunk.segment != position.segment) {
            self.chunks.push(Chunk { segment: position.segment, offset: position.offset, bytes: Vec::new() });
        }
        let head = header.encode();
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.bytes.extend_from_slice(&head);
            chunk.bytes.extend_from_slice(&stored);
        }
        let hash = header::sha256(&head);
        self.walk.pass(&header, hash);
        self.place = self.place.saturating_add(1);
        Ok(Appended { seq: header.seq, position, hash })
    }

    fn check_caught_up(&self) -> Result<(), JournalError> {
        let disk = &*self.journal.disk;
        let at = self.journal.walk.position();
        let len = disk.len(&segment_name(at.segment))?.unwrap_or(0);
        if len < at.offset {
            return Err(JournalError::Rewound);
        }
        if len > at.offset || disk.len(&segment_name(at.segment + 1))?.is_some() {
            return Err(JournalError::Behind);
        }
        Ok(())
    }

    /// Writes what was appended and makes it durable, with all that was read before it. On an error nothing of it is
    /// in the journal, unless the error is [`JournalError::Unsure`] or the power went: then it may be.
    pub fn commit(self) -> Result<(), JournalError> {
        let Writer { journal, held, walk, chunks, .. } = self;
        let disk = &*journal.disk;
        let last = segment_name(journal.walk.segment);
        if journal.unsynced && disk.len(&last)?.is_some() {
            // Somebody may rely on what was read, and a record that is durable must never follow one that is not:
            // that could not be told from damage.
            disk.sync(&last)?;
        }
        journal.unsynced = false;
        let mut result = Ok(());
        for chunk in &chunks {
            let name = segment_name(chunk.segment);
            result = disk.append(&name, &chunk.bytes).and_then(|()| disk.sync(&name));
            if result.is_err() {
                break;
            }
        }
        match result {
            Ok(()) => {
                journal.walk = walk;
                drop(held);
                Ok(())
            }
            Err(DiskError::PowerCut) => {
                journal.unsure = true;
                Err(DiskError::PowerCut.into())
            }
            Err(error) => {
                journal.unsynced = true;
                if take_back(disk, &chunks).is_err() {
                    journal.unsure = true;
                    return Err(JournalError::Unsure);
                }
                Err(error.into())
            }
        }
    }

    /// [`Keyring::add_document_keys`] under the lock that this writer holds.
    pub fn add_document_keys(
        &self,
        keyring: &Keyring,
        documents: &[DocumentId],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), JournalError> {
        Ok(keyring.add_document_keys_under(&*self.journal.disk, &*self.held, documents, rng)?)
    }

    /// [`Keyring::destroy`] under the lock that this writer holds.
    pub fn destroy_keys(&self, keyring: &Keyring, keys: &[KeyId], rng: &mut dyn CryptoRng) -> Result<(), JournalError> {
        Ok(keyring.destroy_under(&*self.journal.disk, &*self.held, keys, rng)?)
    }

    /// The record at a place that was handed out earlier; not one of this commit.
    ///
    /// # Errors
    /// As [`Journal::read_at`].
    pub fn read_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError> {
        self.journal.read_at(position, keyring)
    }

    /// The head of the journal as it will be after the commit.
    pub fn head(&self) -> (u64, Hash) {
        (self.walk.seq, self.walk.hash)
    }
}

/// Undoes a commit that failed: its caller is told that nothing was saved, so nothing of it may turn up later. The
/// newest file goes first, so that what is left at any moment is the beginning of the commit.
fn take_back(disk: &dyn Disk, chunks: &[Chunk]) -> Result<(), DiskError> {
    for chunk in chunks.iter().rev() {
        let name = segment_name(chunk.segment);
        match disk.len(&name)? {
            None => {}
            Some(_) if chunk.offset == 0 => disk.remove(&name)?,
            Some(_) => {
                disk.truncate(&name, chunk.offset)?;
                disk.sync(&name)?;
            }
        }
    }
    Ok(())
}
