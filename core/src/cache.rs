//! What can be computed again from the journal, kept at hand: snapshots, read models, look-ups.

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
