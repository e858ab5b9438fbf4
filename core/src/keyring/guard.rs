//! Opening the lock of a keyring, guessing at it, changing it, and destroying what it guards.

use super::lock::ByPassphrase;
use super::tries::{self, Tries};
use super::*;
use crate::clock::Timestamp;
use crate::journal::Journal;

/// The keys stay locked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// No passphrase locks this keyring.
    #[error("this field book is not locked with a passphrase; it is opened without one")]
    NoPassphrase,
    /// After wrong tries there is a wait.
    #[error(
        "too many wrong passphrases; the next try is possible from {until}, and {left} are left before the keys are destroyed"
    )]
    TooSoon {
        /// From when on one may try again.
        until: Timestamp,
        /// How many tries are left.
        left: u32,
        /// Changes made since the last exchange: they would go too.
        unsynced: Option<u64>,
    },
    /// A wrong passphrase.
    #[error("the passphrase is wrong; try again, {left} tries are left before the keys are destroyed")]
    Wrong {
        /// How many tries are left.
        left: u32,
        /// From when on one may try again, where there is a wait.
        until: Option<Timestamp>,
        /// Changes made since the last exchange, from the fifth wrong try on: they would go too.
        unsynced: Option<u64>,
    },
    /// The machine has not the memory that one try takes.
    #[error("there is not enough free memory to try a passphrase; close other programs and try again")]
    NoMemory,
    /// The platform's keystore did not open.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The keyring cannot be read, or its keys were destroyed.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl From<DiskError> for UnlockError {
    fn from(error: DiskError) -> Self {
        Self::Keyring(error.into())
    }
}

/// What is to lock a keyring from now on.
#[derive(Clone, Copy)]
pub enum NewLock<'a> {
    /// A passphrase, and how much work one try is to be.
    Passphrase(&'a Passphrase, Cost),
    /// The platform's keystore.
    Keystore(&'a dyn Keystore),
    /// Nothing here: whoever calls keeps this key.
    Elsewhere(&'a WrappingKey),
}

impl NewLock<'_> {
    /// A fresh key under this lock.
    fn make(self, rng: &mut dyn CryptoRng) -> Result<(WrappingKey, Lock), UnlockError> {
        if let Self::Elsewhere(key) = self {
            return Ok((key.clone(), Lock::Elsewhere));
        }
        let key = WrappingKey::generate(rng);
        let lock = match self {
            Self::Passphrase(passphrase, cost) => {
                Lock::Passphrase(ByPassphrase::new(&key, passphrase, cost, rng).ok_or(UnlockError::NoMemory)?)
            }
            Self::Keystore(keystore) => Lock::Keystore(keystore.wrap(key.as_bytes())?),
            Self::Elsewhere(_) => Lock::Elsewhere,
        };
        Ok((key, lock))
    }
}

/// How the tries stand, for whoever is about to type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Wrong tries since the keys were last unlocked.
    pub wrong: u32,
    /// How many are left.
    pub left: u32,
    /// From when on one may try again, where there is a wait.
    pub until: Option<Timestamp>,
}

/// What locks the keyring of a store; needs no key.
///
/// # Errors
/// [`KeyringError::None`]; [`KeyringError::Destroyed`]; trouble with the file.
pub fn lock_state(disk: &dyn Disk) -> Result<LockState, KeyringError> {
    Ok(newest_lock(disk)?.1.state())
}

/// How the tries stand; needs no key.
///
/// # Errors
/// The disk's.
pub fn standing(disk: &dyn Disk) -> Result<Standing, KeyringError> {
    let tries = Tries::read(disk)?;
    Ok(Standing { wrong: tries.count, left: tries.left(), until: tries.not_before() })
}

/// How many changes were made here since the last exchange with the server, if the journal can tell; needs no key.
pub fn made_since_exchange(disk: &dyn Disk) -> Option<u64> {
    Journal::made_since_exchange(disk).ok()
}

/// Tries a passphrase. The key that comes back opens the keyring, until another lock is set.
///
/// # Errors
/// [`UnlockError`]. With the tenth wrong one the keys are gone: [`KeyringError::Destroyed`].
pub fn unlock(disk: &dyn Disk, passphrase: &Passphrase, now: Timestamp) -> Result<WrappingKey, UnlockError> {
    // Held until it is known what came of it: two who try at once would each be counted for one.
    let _held = disk.lock()?;
    let (name, lock) = match newest_lock(disk) {
        Ok((name, Lock::Passphrase(lock))) => (name, lock),
        Ok(_) => return Err(UnlockError::NoPassphrase),
        Err(error) => return Err(error.into()),
    };
    let mut tries = allowed(disk, now)?;
    let before = tries;
    tries.begin(disk, now)?;
    let Some(tried) = lock.unlock(passphrase) else {
        // A phone that is short of memory must not count its owner's own passphrase against the keys.
        tries.take_back(disk, before)?;
        return Err(UnlockError::NoMemory);
    };
    if let Some(key) = tried {
        tries::forget(disk)?;
        // Left by a conversion that was cut short: it should not lie about, but is needed until the lock is durable.
        disk.sync(&name)?;
        disk.remove(WRAPPING_FILE)?;
        return Ok(key);
    }
    tries.wrong(disk, now)?;
    if tries.are_spent() {
        return Err(destroy_spent(disk, now));
    }
    let unsynced = if tries.count >= tries::FREE_TRIES { made_since_exchange(disk) } else { None };
    Err(UnlockError::Wrong { left: tries.left(), until: tries.not_before(), unsynced })
}

/// Whether a passphrase may be tried at this moment; whoever has to wait should hear that before typing.
///
/// # Errors
/// [`UnlockError::TooSoon`]; the keys are gone.
pub fn may_try(disk: &dyn Disk, now: Timestamp) -> Result<Standing, UnlockError> {
    let _held = disk.lock()?;
    newest_lock(disk)?;
    let tries = allowed(disk, now)?;
    Ok(Standing { wrong: tries.count, left: tries.left(), until: tries.not_before() })
}

/// The tries so far, if another is allowed now.
fn allowed(disk: &dyn Disk, now: Timestamp) -> Result<Tries, UnlockError> {
    let mut tries = Tries::read(disk)?;
    if tries.are_spent() {
        // The power went out before the keys were destroyed.
        return Err(destroy_spent(disk, now));
    }
    match tries.too_soon(disk, now)? {
        Some(until) => Err(UnlockError::TooSoon { until, left: tries.left(), unsynced: made_since_exchange(disk) }),
        None => Ok(tries),
    }
}

/// Has the platform's keystore open the lock.
///
/// # Errors
/// [`UnlockError`].
pub fn unlock_with(disk: &dyn Disk, keystore: &dyn Keystore, presence: bool) -> Result<WrappingKey, UnlockError> {
    let (_, Lock::Keystore(wrapped)) = newest_lock(disk)? else { return Err(UnlockError::NoPassphrase) };
    let bytes = keystore.unwrap(&wrapped, presence)?;
    match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Ok(WrappingKey::from_bytes(bytes)),
        Err(_) => Err(KeyringError::WrongKey.into()),
    }
}

fn destroy_spent(disk: &dyn Disk, now: Timestamp) -> UnlockError {
    match destroy_all_under(disk, Cause::WrongTries, now) {
        Ok(destroyed) => KeyringError::Destroyed(destroyed).into(),
        Err(error) => error.into(),
    }
}

/// Destroys every key of a store for ever; needs none of them. What was sealed with them is gone, in copies of the journal too.
///
/// # Errors
/// The disk's; asked again it goes on where it stopped.
pub fn destroy_all(disk: &dyn Disk, cause: Cause, now: Timestamp) -> Result<Destroyed, KeyringError> {
    let _held = disk.lock()?;
    destroy_all_under(disk, cause, now)
}

fn destroy_all_under(disk: &dyn Disk, cause: Cause, now: Timestamp) -> Result<Destroyed, KeyringError> {
    let highest = generations(disk)?.last().map_or(0, |(generation, _)| *generation);
    let (destroyed, tombstone) = match newest_lock(disk) {
        Err(KeyringError::None) => return Err(KeyringError::None),
        // Begun before, and cut short.
        Err(KeyringError::Destroyed(before)) => (before, highest),
        _ => {
            let destroyed = Destroyed { at: now, cause, unsynced: made_since_exchange(disk) };
            disk.append(&file_name(highest + 1), &format::tombstone(highest + 1, &destroyed))?;
            (destroyed, highest + 1)
        }
    };
    // The tombstone first: a store without any keyring would be taken for an incomplete copy.
    disk.sync(&file_name(tombstone))?;
    remove_older(disk, tombstone)?;
    disk.remove(WRAPPING_FILE)?;
    tries::forget(disk)?;
    Ok(destroyed)
}

/// The newest whole generation and its lock.
fn newest_lock(disk: &dyn Disk) -> Result<(String, Lock), KeyringError> {
    of_newest(disk, |generations| {
        let mut problem = None;
        for (generation, name) in generations.iter().rev() {
            let unreadable = match format::read_outside(&read_all(disk, name)?, *generation) {
                Ok(Outside::Keys(closed)) if closed.is_torn() => Unreadable::Torn,
                Ok(Outside::Keys(closed)) => return Ok((name.clone(), closed.lock)),
                Ok(Outside::Destroyed(destroyed)) => Unreadable::Destroyed(destroyed),
                Err(unreadable) => unreadable,
            };
            not_this_one(unreadable, name, &mut problem)?;
        }
        Err(problem.unwrap_or(KeyringError::None))
    })
}

#[cfg(test)]
mod tests;

impl Keyring {
    /// Makes the keyring of a new store under a lock, with a new device in it; the key that opens it comes with it.
    ///
    /// # Errors
    /// [`KeyringError::Exists`]; the lock's or the disk's trouble.
    pub fn create_under(disk: &dyn Disk, lock: NewLock<'_>, rng: &mut dyn CryptoRng) -> Result<(Self, WrappingKey), UnlockError> {
        let (key, lock) = lock.make(rng)?;
        let keyring = Self::create_with(disk, &key, lock, rng)?;
        Ok((keyring, key))
    }

    /// Puts another lock around the keys, under a fresh key (save [`NewLock::Elsewhere`]): the one before opens nothing any more,
    /// wherever it was kept. The new key comes back.
    ///
    /// # Errors
    /// The lock's or the disk's trouble; what locked the keys before does so still, unless only removing it failed.
    pub fn relock(&self, disk: &dyn Disk, lock: NewLock<'_>, rng: &mut dyn CryptoRng) -> Result<WrappingKey, UnlockError> {
        let (key, lock) = lock.make(rng)?;
        let _held = disk.lock()?;
        self.refresh(disk)?;
        let here = matches!(lock, Lock::Elsewhere);
        let mut ring = Ring::clone(&self.ring());
        ring.lock = lock;
        self.replace_under(disk, ring, &key, rng, true)?;
        if !here {
            disk.remove(WRAPPING_FILE)?;
        }
        tries::forget(disk)?;
        Ok(key)
    }

    /// What locks it.
    pub fn lock_state(&self) -> LockState {
        self.ring().lock.state()
    }
}
