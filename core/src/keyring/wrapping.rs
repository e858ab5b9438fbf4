//! The key around the keyring, and where it may lie.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Key, Keyring, KeyringError};
use crate::disk::{Disk, DiskError, read_all};
use crate::words::Words;

/// The file in which the wrapping key lies, readable by its owner only.
pub(super) const WRAPPING_FILE: &str = "wrapping.key";

/// The key around the keyring. Where it is kept is the platform's business; here it lies in a file of the store.
#[derive(Clone, Debug)]
pub struct WrappingKey(pub(super) Key);

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
    pub(super) fn mark(&self) -> [u8; 8] {
        let mut mark = [0; 8];
        mark.copy_from_slice(&self.0.derived("veldboek/wrapping/1").as_bytes()[..8]);
        mark
    }
}

/// Where to look for the key around a keyring that no longer opens with the one in hand, because it was given another beside a
/// running server.
pub trait WrappingSource: Send + Sync {
    /// The keys that may be it, the likeliest first.
    fn keys(&self) -> Vec<WrappingKey>;
}
