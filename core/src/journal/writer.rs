//! Appending: many records in one commit, under the lock that all processes of a store share.

use std::sync::Arc;

use rand_core::CryptoRng;

use super::header::{self, Header};
use super::repair;
use super::walk::{self, Tail, Walk, segment_name};
use super::{Appended, Hash, Journal, JournalError, NewRecord, Position, RECORD_LIMIT, Record, TAG, find_key};
use crate::disk::{Disk, DiskError, Held};
use crate::ids::{DocumentId, KeyId};
use crate::keyring::{Found, Key, Keyring, NONCE};

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

impl<'a> Writer<'a> {
    pub(super) fn new(journal: &'a mut Journal, held: Box<dyn Held>, walk: Walk) -> Self {
        Self { journal, held, walk, chunks: Vec::new(), place: 0 }
    }

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

    /// The hash of the record with this number as it lies on the disk, looked for from the place of an earlier one.
    ///
    /// # Errors
    /// The disk fails.
    pub fn hash_of(&self, from: Position, seq: u64) -> Result<Option<Hash>, JournalError> {
        Ok(walk::hash_at(&*self.journal.disk, from, seq)?)
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
