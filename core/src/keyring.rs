//! The keys of one store: the device's own, the store's, and one per document.
//!
//! They lie apart from the journal, in one small sealed file of which only the newest generation is kept: a key that was
//! destroyed is gone from every backup made of journals, and what it sealed with it. The file `keyring.<generation>` is
//! written whole and made durable before the one before it is removed; the newest whole one counts.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::disk::{Disk, DiskError, Held, read_all};
use crate::ids::{DocumentId, KeyId};
use crate::keys::DeviceKeys;
use crate::words::Words;

mod format;
mod guard;
mod lock;
mod passphrase;
#[cfg(test)]
mod tests;
mod tries;

use format::{Opened, Outside, Ring, Unreadable};
pub use guard::{
    NewLock, Standing, UnlockError, destroy_all, lock_state, made_since_exchange, may_try, standing, unlock, unlock_with,
};
use lock::Lock;
pub use lock::{Cause, Cost, Destroyed, Keystore, KeystoreError, LockState};
pub use passphrase::{LEAST_CHARACTERS, Passphrase, WeakPassphrase};
pub use tries::{FREE_TRIES, MOST_TRIES};

/// The file in which the wrapping key lies, readable by its owner only.
const WRAPPING_FILE: &str = "wrapping.key";
const PREFIX: &str = "keyring.";
/// The bytes of a nonce.
pub(crate) const NONCE: usize = 24;

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

/// 32 secret bytes for XChaCha20-Poly1305, wiped when dropped and never shown.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The secret bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Another key that follows from this one, for one purpose.
    pub fn derived(&self, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(self.0);
        Self(hash.finalize().into())
    }

    /// Seals a text, bound to `around`; nothing only when it is too long for the cipher (256 GiB).
    pub(crate) fn seal(&self, nonce: &[u8; NONCE], around: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let cipher = XChaCha20Poly1305::new(&self.0.into());
        cipher.encrypt(&(*nonce).into(), Payload { msg: text, aad: around }).ok()
    }

    /// Opens what was sealed with this key and nonce around the same bytes.
    pub(crate) fn open(&self, nonce: &[u8; NONCE], around: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let cipher = XChaCha20Poly1305::new(&self.0.into());
        cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: around }).ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// The key around the keyring. Where it is kept is the platform's business; here it lies in a file of the store.
#[derive(Clone, Debug)]
pub struct WrappingKey(Key);

impl WrappingKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Key::from_bytes(bytes))
    }

    /// A new key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self(Key::generate(rng))
    }

    /// The secret bytes, to hand to a keystore.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The key in this store's file `wrapping.key`.
    pub fn read(disk: &dyn Disk) -> Result<Self, KeyringError> {
        let bytes = match read_all(disk, WRAPPING_FILE) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(DiskError::Missing { .. }) if !Keyring::exists(disk)? => return Err(KeyringError::None),
            Err(DiskError::Missing { .. }) => return Err(KeyringError::NoWrappingKey),
            Err(error) => return Err(error.into()),
        };
        match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(Self::from_bytes(bytes)),
            Err(_) => Err(KeyringError::Damaged {
                name: WRAPPING_FILE.to_owned(),
                what: Words::new("het is niet 32 bytes lang", "it is not 32 bytes long"),
            }),
        }
    }

    /// A new key in this store's file `wrapping.key`, durable; a key that is there already is used.
    pub fn create(disk: &dyn Disk, rng: &mut dyn CryptoRng) -> Result<Self, KeyringError> {
        let _held = disk.lock()?;
        match Self::read(disk) {
            // Half a key that never sealed anything: a start that was cut short.
            Err(KeyringError::Damaged { .. }) if !Keyring::exists(disk)? => disk.remove(WRAPPING_FILE)?,
            Err(KeyringError::None) => {}
            other => return other,
        }
        let key = Self::generate(rng);
        disk.append(WRAPPING_FILE, key.as_bytes())?;
        disk.sync(WRAPPING_FILE)?;
        Ok(key)
    }

    /// What tells one wrapping key from another without telling anything about it.
    fn mark(&self) -> [u8; 8] {
        let mut mark = [0; 8];
        mark.copy_from_slice(&self.0.derived("veldboek/wrapping/1").as_bytes()[..8]);
        mark
    }
}

/// Seals small files that lie beside the journal.
#[derive(Debug)]
pub struct Beside(Key);

impl Beside {
    /// What sealing adds to a content.
    pub const ADDS: usize = NONCE + 16;

    /// Seals a content: a nonce, then the sealed bytes.
    pub fn seal(&self, content: &[u8], rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        Some([nonce.as_slice(), &self.0.seal(&nonce, &[], content)?].concat())
    }

    /// Opens what was sealed.
    pub fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        self.0.open(nonce, &[], sealed).map(Zeroizing::new)
    }
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

/// Where to look for the key around a keyring that no longer opens with the one in hand, because it was given another beside a
/// running server.
pub trait WrappingSource: Send + Sync {
    /// The keys that may be it, the likeliest first.
    fn keys(&self) -> Vec<WrappingKey>;
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
    pub fn refresh(&self, disk: &dyn Disk) -> Result<(), KeyringError> {
        let newest_file = generations(disk)?.last().map(|(generation, _)| *generation);
        if newest_file.is_none_or(|generation| generation <= self.ring().generation) {
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

    /// What seals a small file of this name that lies beside the journal and may be lost.
    pub fn beside(&self, file: &str) -> Option<Beside> {
        let key = self.key(self.store_key_id())?;
        Some(Beside(key.derived(&format!("veldboek/beside/1/{file}"))))
    }

    /// Seals the content of a small file that lies beside the journal and may be lost.
    pub fn seal_beside(&self, file: &str, content: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
        self.beside(file).and_then(|beside| beside.seal(content, rng)).unwrap_or_default()
    }

    /// Opens what [`Keyring::seal_beside`] sealed for the file of this name.
    pub fn open_beside(&self, file: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.beside(file)?.open(sealed)
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

/// How far a replacement came.
enum ReplaceError {
    /// The new file is not there.
    NotWritten(KeyringError),
    /// It is, but an older one is too.
    OlderLeft(KeyringError),
}

impl From<ReplaceError> for KeyringError {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::NotWritten(error) | ReplaceError::OlderLeft(error) => error,
        }
    }
}

/// Writes a generation, makes it durable and removes those before it. `strict`: an older one that stays is an error.
fn replace(
    disk: &dyn Disk,
    ring: &Ring,
    wrapping: &WrappingKey,
    rng: &mut dyn CryptoRng,
    strict: bool,
) -> Result<(), ReplaceError> {
    let name = file_name(ring.generation);
    // The file before goes away for this one, so it had better open.
    let sealed = ring.seal(wrapping, rng).filter(|bytes| Ring::open(bytes, ring.generation, wrapping).is_ok());
    let Some(bytes) = sealed else {
        return Err(ReplaceError::NotWritten(KeyringError::Damaged {
            name,
            what: Words::new("zij konden niet worden verzegeld", "it could not be sealed"),
        }));
    };
    if let Err(error) = disk.append(&name, &bytes).and_then(|()| disk.sync(&name)) {
        // The caller will hear that it was not written, so it must not come to count later.
        let _ = disk.remove(&name);
        return Err(ReplaceError::NotWritten(error.into()));
    }
    match remove_older(disk, ring.generation) {
        Err(error) if strict => Err(ReplaceError::OlderLeft(error)),
        // One that is left is removed with the next replacement, or at the next start.
        _ => Ok(()),
    }
}

fn remove_older(disk: &dyn Disk, newest: u64) -> Result<(), KeyringError> {
    for (generation, name) in generations(disk)? {
        if generation < newest {
            disk.remove(&name)?;
        }
    }
    Ok(())
}

fn file_name(generation: u64) -> String {
    format!("{PREFIX}{generation}")
}

/// The generations on the disk, oldest first.
fn generations(disk: &dyn Disk) -> Result<Vec<(u64, String)>, DiskError> {
    let mut found: Vec<(u64, String)> = disk
        .list()?
        .into_iter()
        .filter_map(|name| {
            let generation = name.strip_prefix(PREFIX)?.parse::<u64>().ok()?;
            (file_name(generation) == name).then_some((generation, name))
        })
        .collect();
    found.sort();
    Ok(found)
}

/// The newest whole keyring.
fn newest(disk: &dyn Disk, wrapping: &WrappingKey) -> Result<Opened, KeyringError> {
    of_newest(disk, |generations| open_newest(disk, generations, wrapping))
}

/// Looks at the generations, the newest last. Another process may put a newer one in their place while this looks, and blank
/// those before it: what was read then means nothing.
fn of_newest<T>(disk: &dyn Disk, look: impl Fn(&[(u64, String)]) -> Result<T, KeyringError>) -> Result<T, KeyringError> {
    loop {
        let before = generations(disk)?;
        match look(&before) {
            Err(_) if generations(disk)? != before => {}
            seen => return seen,
        }
    }
}

fn open_newest(disk: &dyn Disk, generations: &[(u64, String)], wrapping: &WrappingKey) -> Result<Opened, KeyringError> {
    let mut problem = None;
    for (index, (generation, name)) in generations.iter().enumerate().rev() {
        match Ring::open(&read_all(disk, name)?, *generation, wrapping) {
            Ok(ring) => {
                // Its writer may have been killed before it was durable; what is sealed from here on must not
                // depend on a key that a power cut takes. A store on a read-only disk is read all the same.
                let _ = disk.sync(name);
                return Ok(Opened { ring, older: index > 0 });
            }
            Err(unreadable) => not_this_one(unreadable, name, &mut problem)?,
        }
    }
    Err(problem.unwrap_or(KeyringError::None))
}

/// Whether to look at the generation before: the newest may be half-written by another process, or never have become whole.
fn not_this_one(unreadable: Unreadable, name: &str, problem: &mut Option<KeyringError>) -> Result<(), KeyringError> {
    let what = match unreadable {
        Unreadable::Newer(version) => return Err(KeyringError::Newer { version }),
        Unreadable::WrongKey => return Err(KeyringError::WrongKey),
        Unreadable::Destroyed(destroyed) => return Err(KeyringError::Destroyed(destroyed)),
        Unreadable::Torn => Words::new("zij zijn niet volledig", "it is incomplete"),
        Unreadable::Spoiled(what) => what,
    };
    problem.get_or_insert(KeyringError::Damaged { name: name.to_owned(), what });
    Ok(())
}
