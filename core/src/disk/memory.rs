//! A disk that is gone when the program ends: for tests, and for a field book that is only tried out.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Disk, DiskError, Held, check_name};

/// As long as on a real disk.
const PATIENCE: Duration = Duration::from_secs(15);

/// Files in memory. A clone is a second handle on the same disk, as a second process would have.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    turn: Turn,
}

impl MemoryDisk {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes bytes behind the store's back, as damage would.
    pub fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.files().entry(name.to_owned()).or_default());
    }
}

impl Disk for MemoryDisk {
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        check_name(name)?;
        self.files().entry(name.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&self, name: &str) -> Result<(), DiskError> {
        check_name(name)?;
        if self.files().contains_key(name) { Ok(()) } else { Err(DiskError::Missing { name: name.to_owned() }) }
    }

    fn read(&self, name: &str, offset: u64, most: usize) -> Result<Vec<u8>, DiskError> {
        check_name(name)?;
        let files = self.files();
        let bytes = files.get(name).ok_or_else(|| DiskError::Missing { name: name.to_owned() })?;
        Ok(part(bytes, offset, most).to_vec())
    }

    fn len(&self, name: &str) -> Result<Option<u64>, DiskError> {
        check_name(name)?;
        Ok(self.files().get(name).map(|bytes| bytes.len() as u64))
    }

    fn truncate(&self, name: &str, len: u64) -> Result<(), DiskError> {
        check_name(name)?;
        let mut files = self.files();
        let bytes = files.get_mut(name).ok_or_else(|| DiskError::Missing { name: name.to_owned() })?;
        bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(())
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        Ok(self.files().keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        check_name(name)?;
        self.files().remove(name);
        Ok(())
    }

    fn lock(&self) -> Result<Box<dyn Held>, DiskError> {
        self.turn.take()
    }
}

/// At most `most` bytes from `offset`.
pub(super) fn part(bytes: &[u8], offset: u64, most: usize) -> &[u8] {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    &bytes[from..from.saturating_add(most).min(bytes.len())]
}

/// The lock of a disk in memory: one holder, the others wait.
#[derive(Clone, Default)]
pub(super) struct Turn {
    state: Arc<(Mutex<bool>, Condvar)>,
}

impl Turn {
    pub(super) fn take(&self) -> Result<Box<dyn Held>, DiskError> {
        let (taken, freed) = &*self.state;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            // Where there is one thread only, waiting for oneself would never end.
            if cfg!(target_family = "wasm") {
                return Err(DiskError::Locked);
            }
            let (again, waited) = freed.wait_timeout(taken, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            if *again && waited.timed_out() {
                return Err(DiskError::Locked);
            }
            taken = again;
        }
        *taken = true;
        Ok(Box::new(Taken { turn: self.clone() }))
    }
}

struct Taken {
    turn: Turn,
}

impl Held for Taken {}

impl Drop for Taken {
    fn drop(&mut self) {
        let (taken, freed) = &*self.turn.state;
        *taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        freed.notify_one();
    }
}
