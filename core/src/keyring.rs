//! The keys of one store: the device's own, the store's, and one per document.
//!
//! They lie apart from the journal, in one small sealed file of which only the newest generation is kept: a key that was
//! destroyed is gone from every backup made of journals, and what it sealed with it. The file `keyring.<generation>` is
//! written whole and made durable before the one before it is removed; the newest whole one counts.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rand_core::CryptoRng;

use crate::disk::{Disk, DiskError, Held, read_all};
use crate::ids::{DocumentId, KeyId};
use crate::keys::DeviceKeys;
use crate::words::Words;

mod beside;
mod format;
mod generations;
mod guard;
mod key;
mod lock;
mod passphrase;
#[cfg(test)]
mod tests;
mod tries;
mod wrapping;

pub use beside::Beside;
use format::{Opened, Outside, Ring, Unreadable};
use generations::{ReplaceError, file_name, generations, newest, not_this_one, of_newest, remove_older, replace};
pub use guard::{
    NewLock, Standing, UnlockError, destroy_all, lock_state, made_since_exchange, may_try, standing, unlock, unlock_with,
};
pub use key::Key;
pub(crate) use key::NONCE;
use lock::Lock;
pub use lock::{Cause, Cost, Destroyed, Keystore, KeystoreError, LockState};
pub use passphrase::{LEAST_CHARACTERS, Passphrase, WeakPassphrase};
pub use tries::{FREE_TRIES, MOST_TRIES};
use wrapping::WRAPPING_FILE;
pub use wrapping::{WrappingKey, WrappingSource};

/// The keys could not be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is no keyring, so there is no field book here.
    #[error("there is no keyring in this store; set the field book up first, or point at the directory where it is")]
    None,
    /// There is one already, and making another would lose every key in it.
    #[error("this store has a keyring already; open it instead of setting it up again")]
    Exists,
    /// No wrapping key.
    #[error("the file 'wrapping.key' is missing, so the keyring cannot be opened; put it back from where it was moved to")]
    NoWrappingKey,
    /// Another wrapping key than the one that sealed it.
    #[error("the wrapping key does not fit this keyring; put back the 'wrapping.key' or master key that belongs to this store")]
    WrongKey,
    /// It was changed or spoiled.
    #[error("the keyring '{name}' is damaged ({what}); copy the store, then put back the keyring from the newest backup")]
    Damaged {
        /// The file.
        name: String,
        /// What is wrong with it.
        what: Words,
    },
    /// A later program wrote it.
    #[error("the keyring was written by a newer Veldboek (format {version}); install the newest version on this device")]
    Newer {
        /// Its format.
        version: u64,
    },
    /// The keys were destroyed on purpose.
    #[error("the keys of this field book were destroyed at {}, so it can never be read again; enrol again in a new one: what the server has comes back", .0.at)]
    Destroyed(Destroyed),
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// What the keyring knows of a key.
pub(crate) enum Found {
    Key(Arc<Key>),
    /// It was destroyed on purpose: what it sealed is gone.
    Destroyed,
    /// This keyring never held it; a newer one may.
    Unknown,
}

/// The keys of an open store. Several threads may use it; other processes may replace the file meanwhile.
pub struct Keyring {
    wrapping: RwLock<WrappingKey>,
    source: Option<Arc<dyn WrappingSource>>,
    device: DeviceKeys,
    ring: RwLock<Arc<Ring>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.ring();
        write!(f, "Keyring(generation {}, {} keys)", ring.generation, ring.keys.len())
    }
}

impl Keyring {
    /// Whether this store has a keyring, readable or not.
    pub fn exists(disk: &dyn Disk) -> Result<bool, KeyringError> {
        Ok(!generations(disk)?.is_empty())
    }

    /// Makes the keyring of a new store, with a new device in it.
    pub fn create(disk: &dyn Disk, wrapping: &WrappingKey, rng: &mut dyn CryptoRng) -> Result<Self, KeyringError> {
        Self::create_with(disk, wrapping, Lock::Elsewhere, rng)
    }

    fn create_with(disk: &dyn Disk, wrapping: &WrappingKey, lock: Lock, rng: &mut dyn CryptoRng) -> Result<Self, KeyringError> {
        let _held = disk.lock()?;
        let mut first = 1;
        for (generation, name) in generations(disk)? {
            // A setup that was cut short leaves a file that never was whole: nothing was ever sealed with it.
            match Ring::open(&read_all(disk, &name)?, generation, wrapping) {
                Err(Unreadable::Torn) => first = generation + 1,
                Err(Unreadable::Destroyed(destroyed)) => return Err(KeyringError::Destroyed(destroyed)),
                _ => return Err(KeyringError::Exists),
            }
        }
        let device = DeviceKeys::generate(rng);
        let ring = Ring::new(first, lock, &device, rng);
        replace(disk, &ring, wrapping, rng, true)?;
        Ok(Self::around(ring, wrapping, device))
    }

    /// Opens the newest whole keyring of the store. Takes the lock when an older one is left to remove.
    pub fn open(disk: &dyn Disk, wrapping: &WrappingKey) -> Result<Self, KeyringError> {
        let Opened { ring, older } = match newest(disk, wrapping) {
            Err(KeyringError::Destroyed(destroyed)) if generations(disk)?.len() > 1 => {
                // The power went out before everything was gone.
                guard::destroy_all(disk, destroyed.cause, destroyed.at)?;
                return Err(KeyringError::Destroyed(destroyed));
            }
            opened => opened?,
        };
        if older {
            // What was destroyed must not lie about in an older file.
            let _held = disk.lock()?;
            remove_older(disk, newest(disk, wrapping)?.ring.generation)?;
        }
        let device = DeviceKeys::from_bytes(&ring.device);
        Ok(Self::around(ring, wrapping, device))
    }

    fn around(ring: Ring, wrapping: &WrappingKey, device: DeviceKeys) -> Self {
        Self { wrapping: RwLock::new(wrapping.clone()), source: None, device, ring: RwLock::new(Arc::new(ring)) }
    }

    /// Says where to look when the key around the keyring was changed by another process.
    pub fn set_source(&mut self, source: Arc<dyn WrappingSource>) {
        self.source = Some(source);
    }

    fn wrapping(&self) -> WrappingKey {
        self.wrapping.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again if another process replaced it.
    ///
    /// # Errors
    /// [`KeyringError::None`] when there is no file any more; what opening it says.
    pub fn refresh(&self, disk: &dyn Disk) -> Result<(), KeyringError> {
        // Another process wiped the store: what is still in memory here must not bring the keys back.
        let newest_file = generations(disk)?.last().map(|(generation, _)| *generation).ok_or(KeyringError::None)?;
        if newest_file <= self.ring().generation {
            return Ok(());
        }
        let ring = match newest(disk, &self.wrapping()) {
            Err(KeyringError::WrongKey) => self.newest_under_another(disk)?,
            opened => opened?.ring,
        };
        let mut current = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.generation > current.generation {
            *current = Arc::new(ring);
        }
        Ok(())
    }

    /// Another process gave the keyring another key; it is where it should be looked for, or we cannot go on.
    fn newest_under_another(&self, disk: &dyn Disk) -> Result<Ring, KeyringError> {
        for key in self.source.iter().flat_map(|source| source.keys()) {
            match newest(disk, &key) {
                Err(KeyringError::WrongKey) => {}
                Err(error) => return Err(error),
                Ok(Opened { ring, .. }) => {
                    *self.wrapping.write().unwrap_or_else(PoisonError::into_inner) = key;
                    return Ok(ring);
                }
            }
        }
        Err(KeyringError::WrongKey)
    }

    /// The keys of this device (or server) itself.
    pub fn device_keys(&self) -> &DeviceKeys {
        &self.device
    }

    /// How often this keyring was replaced, its making included: a store of which only the first is known was never used.
    pub fn generation(&self) -> u64 {
        self.ring().generation
    }

    /// The name of the key for what belongs to no document.
    pub fn store_key_id(&self) -> KeyId {
        self.ring().store
    }

    /// The key of the cache. It is another one after a key was destroyed, so that the cache forgets with the journal.
    pub fn cache_key(&self) -> Key {
        self.ring().cache.clone()
    }

    /// The name of a document's key, if it has one that was not destroyed.
    pub fn document_key(&self, document: DocumentId) -> Option<KeyId> {
        self.ring().by_document.get(&document).copied()
    }

    /// The key with this name.
    pub fn key(&self, id: KeyId) -> Option<Arc<Key>> {
        self.ring().keys.get(&id).map(|held| held.key.clone())
    }

    pub(crate) fn find(&self, id: KeyId) -> Found {
        let ring = self.ring();
        match ring.keys.get(&id) {
            Some(held) => Found::Key(held.key.clone()),
            None if ring.destroyed.contains(&id) => Found::Destroyed,
            None => Found::Unknown,
        }
    }

    /// Whether the key with this name was destroyed.
    pub fn is_destroyed(&self, id: KeyId) -> bool {
        self.ring().destroyed.contains(&id)
    }

    /// Gives every one of these documents a key, durably, in one replacement of the file; those that have one keep it.
    /// Takes the lock: not while a [`crate::journal::Writer`] is open, which has this method too.
    pub fn add_document_keys(
        &self,
        disk: &dyn Disk,
        documents: &[DocumentId],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), KeyringError> {
        if documents.iter().all(|document| self.document_key(*document).is_some()) {
            return Ok(());
        }
        let held = disk.lock()?;
        self.add_document_keys_under(disk, &*held, documents, rng)
    }

    /// The same under a lock that is held already.
    pub fn add_document_keys_under(
        &self,
        disk: &dyn Disk,
        _held: &dyn Held,
        documents: &[DocumentId],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), KeyringError> {
        self.refresh(disk)?;
        let mut ring = Ring::clone(&self.ring());
        let before = ring.keys.len();
        for document in documents {
            ring.add(*document, rng);
        }
        if ring.keys.len() == before { Ok(()) } else { self.replace(disk, ring, rng, false) }
    }

    /// Destroys keys for ever; what they sealed reads as gone from now on, also in older copies of the journal. The
    /// key of the cache is renewed with it. Takes the lock, like [`Keyring::add_document_keys`].
    pub fn destroy(&self, disk: &dyn Disk, keys: &[KeyId], rng: &mut dyn CryptoRng) -> Result<(), KeyringError> {
        let held = disk.lock()?;
        self.destroy_under(disk, &*held, keys, rng)
    }

    /// The same under a lock that is held already.
    pub fn destroy_under(
        &self,
        disk: &dyn Disk,
        _held: &dyn Held,
        keys: &[KeyId],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), KeyringError> {
        self.refresh(disk)?;
        let mut ring = Ring::clone(&self.ring());
        if ring.destroy(keys, rng) {
            self.replace(disk, ring, rng, true)
        } else {
            // Asked again, because removing the older file failed the first time.
            remove_older(disk, ring.generation)
        }
    }

    fn replace(&self, disk: &dyn Disk, ring: Ring, rng: &mut dyn CryptoRng, strict: bool) -> Result<(), KeyringError> {
        let wrapping = self.wrapping();
        self.replace_under(disk, ring, &wrapping, rng, strict)
    }

    /// The same, sealed with this key from now on.
    fn replace_under(
        &self,
        disk: &dyn Disk,
        mut ring: Ring,
        wrapping: &WrappingKey,
        rng: &mut dyn CryptoRng,
        strict: bool,
    ) -> Result<(), KeyringError> {
        let highest = generations(disk)?.last().map_or(0, |(generation, _)| *generation);
        ring.generation = highest.max(ring.generation) + 1;
        let done = replace(disk, &ring, wrapping, rng, strict);
        if !matches!(done, Err(ReplaceError::NotWritten(_))) {
            *self.wrapping.write().unwrap_or_else(PoisonError::into_inner) = wrapping.clone();
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        }
        Ok(done?)
    }
}
