//! The truth: everything that must survive, keys excepted, in one append-only chain of records.
//!
//! Records lie in segment files `journal/00000001.vbj`, each a clear header and a payload that is sealed under the key
//! of its document or of the store. Every header holds the hash of the one before, so nothing can be changed or taken
//! out unnoticed. Several processes may use one journal: reading needs no lock, appending holds it for one commit.
//! `Ok` from [`Writer::commit`] means durable, for what was appended and for all that was read before it.

use std::sync::Arc;

use crate::disk::Disk;
use crate::ids::KeyId;
use crate::keyring::{Found, Keyring};
use crate::words::Words;

mod error;
mod header;
mod repair;
#[cfg(test)]
pub(crate) mod tests;
mod verify;
mod walk;
mod writer;

pub use error::{Damage, JournalError};
pub use header::Kind;
pub(crate) use header::crc32;
pub use repair::Repair;
pub use verify::Verification;
use walk::{Found as Seen, Tail, Walk};
pub use writer::Writer;

/// The hash of a record: SHA-256 over its header.
pub type Hash = [u8; 32];

/// A new segment is begun when the last one has grown to this.
const SEGMENT: u64 = 8 << 20;
/// What fits in one record.
pub const RECORD_LIMIT: usize = 16 << 20;
/// What sealing adds to a payload.
const TAG: usize = 16;

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
        Ok(Writer::new(self, held, walk))
    }

    /// How many operations were performed here since the last exchange with the server. Headers are in clear, so it can be
    /// told of a store that is locked.
    pub fn made_since_exchange(disk: &dyn Disk) -> Result<u64, JournalError> {
        walk::check_segments(disk)?;
        let mut made = 0;
        Walk::default().forward(disk, &mut |seen| {
            match Kind::from_code(seen.header.kind) {
                Some(Kind::Operation) => made += 1,
                Some(Kind::Cursor) => made = 0,
                _ => {}
            }
            Ok(())
        })?;
        Ok(made)
    }

    /// Side files with what writers that were cut off left behind and of which nobody has heard yet.
    pub fn untold(disk: &dyn Disk) -> Result<Vec<String>, JournalError> {
        repair::untold(disk)
    }

    /// Remembers that a person has heard of these side files.
    pub fn told(disk: &dyn Disk, names: &[String]) -> Result<(), JournalError> {
        repair::told(disk, names)
    }

    /// Sets aside what a writer that was cut off left behind the last whole record, if there is anything and nobody is
    /// writing: so that whoever opens the store next hears of it, also to read only. A disk that cannot be written now is
    /// left as it is.
    pub fn set_aside(&mut self, keyring: &Keyring, each: &mut dyn FnMut(Record)) -> Result<(), JournalError> {
        if self.unread == 0 {
            return Ok(());
        }
        let read = self.write().and_then(|mut writer| writer.read_new(keyring, each));
        match read {
            Err(JournalError::Disk(_)) => Ok(()),
            read => read,
        }
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
                        what: Words::new("het zegel is verbroken", "its seal is broken"),
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
