//! The cache on disk, in sled: quick, and trusted with nothing.
//!
//! What was measured about sled 0.34 decides how it is used: segments of 8 MiB and values of at most 32 KiB, for smaller
//! segments and larger values did not survive power cuts; never `flush_async`, which locks up; every call under
//! `catch_unwind`, for damage makes it panic; and a checksum over every value, for it lost records without a word.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use sha2::{Digest, Sha256};
use sled::Db;

use super::Cache;
use crate::keyring::{Key, NONCE};
use crate::quiet;

const SEGMENT: usize = 8 << 20;
const MEMORY: u64 = 64 << 20;
/// With nonce and seal a piece stays below 32 KiB.
const PIECE: usize = 32 * 1024 - 64;
/// Before the first piece: the length of the whole value, and its SHA-256.
const PREFACE: usize = 4 + 32;
/// Larger values are not worth keeping.
const VALUE_LIMIT: usize = 128 << 20;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(1);
const PAUSES: u32 = 200;
/// The entry that tells whether the cache was made with this key; no name is hashed to it by accident.
const CHECK: &[u8] = b"veldboek/cache/check/1";

/// A cache in a directory of its own. One process has it at a time, until it is dropped.
pub struct SledCache {
    dir: PathBuf,
    names: Key,
    values: Key,
    nonces: Key,
    /// Nothing once it turned out to be broken.
    db: RwLock<Option<Db>>,
}

/// Why there is no database.
enum Closed {
    /// Another process has it, or this one may not have it: leave it alone.
    Taken,
    Broken,
}

impl SledCache {
    /// Opens the cache, or makes it anew when it is broken or belongs to another key. Nothing when another process has
    /// it, or the disk does not allow it: go on without.
    pub fn open(dir: &Path, key: &Key) -> Option<Self> {
        let mut cache = Self {
            dir: dir.to_owned(),
            names: key.derived("veldboek/cache/names/1"),
            values: key.derived("veldboek/cache/values/1"),
            nonces: key.derived("veldboek/cache/nonces/1"),
            db: RwLock::new(None),
        };
        let db = match open_db(dir) {
            Ok(db) => db,
            Err(Closed::Taken) => return None,
            Err(Closed::Broken) => {
                set_aside(dir)?;
                open_db(dir).ok()?
            }
        };
        let empty = quiet::catch(|| db.is_empty()).unwrap_or(false);
        cache.db = RwLock::new(Some(db));
        if !empty && cache.get(CHECK).is_none() {
            // Sealed with a key that was destroyed since: it can only be thrown away.
            cache.clear();
        } else if empty {
            cache.put(CHECK, b"");
        }
        let usable = cache.db.read().unwrap_or_else(PoisonError::into_inner).is_some();
        usable.then_some(cache)
    }

    /// Lets go of the directory now, so that another process can have it.
    pub fn close(self) {}

    /// Works on the database. An error or panic means that it is broken: from then on everything is a miss.
    fn with<T>(&self, work: impl FnOnce(&Db) -> sled::Result<T>) -> Option<T> {
        {
            let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
            let db = db.as_ref()?;
            if let Some(Ok(done)) = quiet::catch(|| work(db)) {
                return Some(done);
            }
        }
        if let Some(broken) = self.db.write().unwrap_or_else(PoisonError::into_inner).take() {
            close_db(broken, &self.dir);
            set_aside(&self.dir);
        }
        None
    }

    /// A name tells nothing to who reads the files.
    fn hashed(&self, name: &[u8]) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.names.as_bytes());
        hash.update(Sha256::digest(name));
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        id
    }

    /// The nonce follows from what is sealed, so that no randomness is needed and none is used twice for different things.
    fn seal(&self, entry: &[u8; 20], piece: &[u8]) -> Option<Vec<u8>> {
        let mut hash = Sha256::new();
        hash.update(self.nonces.as_bytes());
        hash.update(entry);
        hash.update(piece);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&hash.finalize()[..NONCE]);
        let sealed = self.values.seal(&nonce, entry, piece)?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    fn open_piece(&self, entry: &[u8; 20], stored: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = stored.split_at_checked(NONCE)?;
        self.values.open(nonce.try_into().ok()?, entry, sealed)
    }

    fn piece(&self, name: &[u8; 16], index: u32) -> Option<Vec<u8>> {
        let entry = entry(name, index);
        let stored = self.with(|db| db.get(entry))??;
        self.open_piece(&entry, &stored)
    }
}

impl Cache for SledCache {
    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        let name = self.hashed(name);
        let first = self.piece(&name, 0)?;
        let (preface, rest) = first.split_at_checked(PREFACE)?;
        let (length, checksum) = preface.split_at_checked(4)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        if length > VALUE_LIMIT {
            return None;
        }
        let mut value = rest.to_vec();
        let mut index = 1;
        while value.len() < length {
            let piece = self.piece(&name, index)?;
            if piece.is_empty() {
                return None;
            }
            value.extend_from_slice(&piece);
            index += 1;
        }
        // A piece may be one of an older value: then the whole is none.
        (value.len() == length && Sha256::digest(&value).as_slice() == checksum).then_some(value)
    }

    fn put(&self, name: &[u8], value: &[u8]) {
        if value.len() > VALUE_LIMIT {
            return self.remove(name);
        }
        let name = self.hashed(name);
        let mut whole = Vec::with_capacity(PREFACE + value.len());
        whole.extend_from_slice(&(value.len() as u32).to_le_bytes());
        whole.extend_from_slice(&Sha256::digest(value));
        whole.extend_from_slice(value);
        let mut batch = sled::Batch::default();
        let mut count = 0;
        for piece in whole.chunks(PIECE) {
            let entry = entry(&name, count);
            let Some(sealed) = self.seal(&entry, piece) else { return };
            batch.insert(&entry, sealed);
            count += 1;
        }
        self.with(|db| {
            remove_from(db, &name, count, &mut batch)?;
            db.apply_batch(batch)
        });
    }

    fn remove(&self, name: &[u8]) {
        let name = self.hashed(name);
        self.with(|db| {
            let mut batch = sled::Batch::default();
            remove_from(db, &name, 0, &mut batch)?;
            db.apply_batch(batch)
        });
    }

    fn clear(&self) {
        {
            let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(db) = db.take() {
                close_db(db, &self.dir);
            }
            // The files go, not only the entries: sled keeps old values until it needs their room.
            let _ = std::fs::remove_dir_all(&self.dir);
            let _ = std::fs::remove_dir_all(aside(&self.dir));
            *db = open_db(&self.dir).ok();
        }
        self.put(CHECK, b"");
    }
}

impl Drop for SledCache {
    fn drop(&mut self) {
        if let Some(db) = self.db.write().unwrap_or_else(PoisonError::into_inner).take()
            && !close_db(db, &self.dir)
        {
            set_aside(&self.dir);
        }
    }
}

fn entry(name: &[u8; 16], index: u32) -> [u8; 20] {
    let mut entry = [0; 20];
    entry[..16].copy_from_slice(name);
    entry[16..].copy_from_slice(&index.to_be_bytes());
    entry
}

/// Adds to the batch the removal of the pieces from this one on.
fn remove_from(db: &Db, name: &[u8; 16], index: u32, batch: &mut sled::Batch) -> sled::Result<()> {
    for entry in db.range(entry(name, index)..=entry(name, u32::MAX)).keys() {
        batch.remove(entry?);
    }
    Ok(())
}

fn open_db(dir: &Path) -> Result<Db, Closed> {
    let opened = quiet::catch(|| {
        // No thread that flushes every half second: what is lost is computed again.
        sled::Config::new().path(dir).segment_size(SEGMENT).cache_capacity(MEMORY).flush_every_ms(None).open()
    });
    match opened {
        Some(Ok(db)) => Ok(db),
        Some(Err(sled::Error::Io(error))) => {
            use std::io::ErrorKind;
            // sled tells a lock that is held by its message only.
            let taken = error.to_string().contains("could not acquire lock");
            let refused = matches!(
                error.kind(),
                ErrorKind::PermissionDenied | ErrorKind::StorageFull | ErrorKind::ReadOnlyFilesystem | ErrorKind::QuotaExceeded
            );
            Err(if taken || refused { Closed::Taken } else { Closed::Broken })
        }
        _ => Err(Closed::Broken),
    }
}

/// Closing writes what is in memory and may panic; whether it did not. After a panic the lock may be held until this
/// process ends, so the directory is of no use any more.
fn close_db(db: Db, dir: &Path) -> bool {
    if quiet::catch(|| drop(db)).is_none() {
        return false;
    }
    // sled's own threads may hold the file a moment longer. Whoever comes next, in this process too, should get it.
    for _ in 0..PAUSES {
        match std::fs::File::open(dir.join("db")).map(|file| file.try_lock()) {
            Ok(Err(std::fs::TryLockError::WouldBlock)) => std::thread::sleep(PAUSE),
            _ => break,
        }
    }
    true
}

fn aside(dir: &Path) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(".broken");
    name.into()
}

/// Keeps the last broken cache, for whoever wants to know what happened; nothing when it cannot be moved.
fn set_aside(dir: &Path) -> Option<()> {
    let aside = aside(dir);
    let _ = std::fs::remove_dir_all(&aside);
    let _ = std::fs::remove_file(&aside);
    std::fs::rename(dir, aside).ok()
}
