//! What can be computed again from the journal, kept at hand: snapshots, read models, look-ups.
//!
//! A cache may forget at any moment. It never fails: what cannot be read is a miss, what cannot be kept is not kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(feature = "sled")]
mod sled_cache;
#[cfg(test)]
mod tests;

#[cfg(feature = "sled")]
pub use sled_cache::SledCache;

/// A place that may remember.
pub trait Cache: Send + Sync {
    /// What was put under this name, whole; or nothing, which proves nothing.
    fn get(&self, name: &[u8]) -> Option<Vec<u8>>;

    /// Remembers a value, in place of an earlier one, if it can.
    fn put(&self, name: &[u8], value: &[u8]);

    /// Forgets a value.
    fn remove(&self, name: &[u8]);

    /// Forgets everything.
    fn clear(&self);
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl Cache for NoCache {
    fn get(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, _: &[u8], _: &[u8]) {}

    fn remove(&self, _: &[u8]) {}

    fn clear(&self) {}
}

/// Remembers until the program ends.
#[derive(Default)]
pub struct MemoryCache {
    values: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryCache {
    fn values(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<u8>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache for MemoryCache {
    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.values().get(name).cloned()
    }

    fn put(&self, name: &[u8], value: &[u8]) {
        self.values().insert(name.to_vec(), value.to_vec());
    }

    fn remove(&self, name: &[u8]) {
        self.values().remove(name);
    }

    fn clear(&self) {
        self.values().clear();
    }
}
