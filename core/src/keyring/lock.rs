//! What locks the key around a keyring: nothing (it lies elsewhere), a passphrase, or the platform's keystore.
//!
//! The key around the keyring is random and stays the same while dossiers come and go; only it is locked here. So the slow
//! work of a passphrase is done once when a person unlocks, not at every visit, and another passphrase rewrites one small file.

use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::format::{byte_string, bytes, encoded, fixed, map, number, read_map};
use super::{Key, NONCE, Passphrase, WrappingKey};
use crate::clock::Timestamp;
use crate::codes;

const ARGON2ID: u64 = 1;
const AROUND: &[u8] = b"veldboek/passphrase/1\0";
const SALT: usize = 16;

/// How much work it is to try one passphrase. It is stored beside the lock, so that it can grow later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes; they are filled one after the other here.
    pub lanes: u32,
}

impl Cost {
    /// What RFC 9106 recommends where memory is limited: 64 MiB, three passes, four lanes. It takes 0.2 s on a laptop of 2020, and
    /// about a second on a cheap phone; whoever guesses on stolen files needs the same memory for every guess.
    pub const DEVICE: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

    /// More than this is no cost of ours: a spoiled or hostile file must not take all memory of a phone.
    const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 64, lanes: 64 };

    fn is_sane(&self) -> bool {
        self.memory_kib <= Self::MOST.memory_kib && self.passes <= Self::MOST.passes && self.lanes <= Self::MOST.lanes
    }
}

codes! {
    /// What keeps the keys of a device from whoever finds it.
    LockState {
        None = "NONE", "Geen: de sleutel ligt in een bestand", "None: the key lies in a file";
        Passphrase = "PASSPHRASE", "Wachtzin", "Passphrase";
        Keystore = "KEYSTORE", "Sleutelkluis van het apparaat", "Keystore of the device";
    }
}

/// The platform's keystore, as the app hands it in: it locks 32 bytes with a key that never leaves it.
pub trait Keystore: Send + Sync {
    /// Locks the key.
    ///
    /// # Errors
    /// [`KeystoreError`].
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, KeystoreError>;

    /// Unlocks what [`Keystore::wrap`] gave. With `presence` the person must show now that it is them (finger, face, code of the
    /// phone), whatever they showed earlier.
    ///
    /// # Errors
    /// [`KeystoreError`].
    fn unwrap(&self, wrapped: &[u8], presence: bool) -> Result<Zeroizing<Vec<u8>>, KeystoreError>;
}

/// The keystore did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    /// Not now: the phone is locked, or the person did not show who they are.
    #[error("the keystore of this device did not open ({0}); unlock the device, show that it is you, and try again")]
    NotNow(String),
    /// Its key is gone, as after another fingerprint was added or the phone was reset.
    #[error(
        "the keystore of this device no longer has the key of this field book ({0}); enrol again in a new field book: what the \
         server has comes back"
    )]
    Gone(String),
}

/// What locks the key of a generation.
#[derive(Clone)]
pub(super) enum Lock {
    /// Nothing here: the key lies elsewhere.
    Elsewhere,
    Passphrase(ByPassphrase),
    /// As the keystore gave it.
    Keystore(Vec<u8>),
}

impl Lock {
    pub fn state(&self) -> LockState {
        match self {
            Self::Elsewhere => LockState::None,
            Self::Passphrase(_) => LockState::Passphrase,
            Self::Keystore(_) => LockState::Keystore,
        }
    }
}

/// A wrapping key, locked with a passphrase.
#[derive(Clone)]
pub(super) struct ByPassphrase {
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    sealed: Vec<u8>,
}

impl ByPassphrase {
    /// Locks a key. Nothing when the machine does not have the memory that it takes.
    pub fn new(key: &WrappingKey, passphrase: &Passphrase, cost: Cost, rng: &mut dyn CryptoRng) -> Option<Self> {
        let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let sealed = stretched(passphrase, cost, &salt)?.seal(&nonce, &around(cost, &salt), key.as_bytes())?;
        Some(Self { cost, salt, nonce, sealed })
    }

    /// The key, if this is its passphrase; the outer nothing when the machine does not have the memory to try.
    pub fn unlock(&self, passphrase: &Passphrase) -> Option<Option<WrappingKey>> {
        let opened = stretched(passphrase, self.cost, &self.salt)?
            .open(&self.nonce, &around(self.cost, &self.salt), &self.sealed)
            .map(Zeroizing::new);
        Some(opened.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).map(WrappingKey::from_bytes))
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut entries = self.entries();
        entries.push((7, bytes(&self.check())));
        map(entries)
    }

    fn entries(&self) -> Vec<(u64, Vec<u8>)> {
        let Cost { memory_kib, passes, lanes } = self.cost;
        vec![
            (0, encoded(|e| drop(e.u64(ARGON2ID)))),
            (1, encoded(|e| drop(e.u32(memory_kib)))),
            (2, encoded(|e| drop(e.u32(passes)))),
            (3, encoded(|e| drop(e.u32(lanes)))),
            (4, bytes(&self.salt)),
            (5, bytes(&self.nonce)),
            (6, bytes(&self.sealed)),
        ]
    }

    /// Tells a lock that was spoiled from a wrong passphrase.
    fn check(&self) -> [u8; 8] {
        let mut check = [0; 8];
        check.copy_from_slice(&Sha256::digest(map(self.entries()))[..8]);
        check
    }

    /// The lock; an error when it is one but not as it was written.
    pub fn decode(value: &[u8]) -> Option<Result<Self, ()>> {
        let mut entries = read_map(value)?;
        let small = |value: &[u8]| number(value).and_then(|number| u32::try_from(number).ok());
        let kind = entries.remove(&0).and_then(number)?;
        let cost = Cost {
            memory_kib: entries.remove(&1).and_then(small)?,
            passes: entries.remove(&2).and_then(small)?,
            lanes: entries.remove(&3).and_then(small)?,
        };
        let lock = Self {
            cost,
            salt: entries.remove(&4).and_then(fixed)?,
            nonce: entries.remove(&5).and_then(fixed)?,
            sealed: entries.remove(&6).and_then(byte_string)?.to_vec(),
        };
        let check: [u8; 8] = entries.remove(&7).and_then(fixed)?;
        Some(if kind == ARGON2ID && cost.is_sane() && check == lock.check() { Ok(lock) } else { Err(()) })
    }
}

/// Nothing when the cost is none, or the memory is not there.
fn stretched(passphrase: &Passphrase, cost: Cost, salt: &[u8; SALT]) -> Option<Key> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .ok()?;
    Some(Key::from_bytes(*key))
}

/// What the seal is bound to: a cheaper cost cannot be slipped in.
fn around(cost: Cost, salt: &[u8; SALT]) -> Vec<u8> {
    let numbers = [cost.memory_kib, cost.passes, cost.lanes].map(u32::to_be_bytes).concat();
    [AROUND, &numbers, salt].concat()
}

/// Why a keyring has no keys any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Too many wrong passphrases.
    WrongTries,
    /// The server said so.
    Wiped,
    /// Something that this version does not know.
    Other,
}

/// What a tombstone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destroyed {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// How many changes had been made since the last exchange, if that was known.
    pub unsynced: Option<u64>,
}

impl Destroyed {
    pub(super) fn encode(&self) -> Vec<u8> {
        let cause = match self.cause {
            Cause::WrongTries => 1,
            Cause::Wiped => 2,
            Cause::Other => 0,
        };
        let mut entries = vec![(0, encoded(|e| drop(e.i64(self.at.as_millis())))), (1, encoded(|e| drop(e.u64(cause))))];
        if let Some(unsynced) = self.unsynced {
            entries.push((2, encoded(|e| drop(e.u64(unsynced)))));
        }
        map(entries)
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let mut entries = read_map(value)?;
        let at = minicbor::Decoder::new(entries.remove(&0)?).i64().ok()?;
        let cause = match entries.remove(&1).and_then(number)? {
            1 => Cause::WrongTries,
            2 => Cause::Wiped,
            _ => Cause::Other,
        };
        Some(Self { at: Timestamp::from_millis(at), cause, unsynced: entries.remove(&2).and_then(number) })
    }
}
