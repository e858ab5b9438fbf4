//! A disk of which every change is seen before it is made, so that a test can end the process, or the power, at just that point.

use std::sync::Arc;

use super::{Disk, DiskError, Held};

/// A change to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// These bytes at its end.
    Append(&'a [u8]),
    /// What was written to it becomes durable.
    Sync,
    /// It is cut to this length.
    Truncate(u64),
    /// It goes away.
    Remove,
}

/// Whoever looks on.
pub trait Watch: Send + Sync {
    /// Called before a file of the disk is changed.
    ///
    /// # Errors
    /// What the change then fails with, instead of being made.
    fn before(&self, disk: &dyn Disk, name: &str, change: Change<'_>) -> Result<(), DiskError>;
}

/// A disk, and who looks on.
pub struct WatchedDisk<W> {
    disk: Arc<dyn Disk>,
    watch: W,
}

impl<W: Watch> WatchedDisk<W> {
    /// The disk with somebody who looks on.
    pub const fn new(disk: Arc<dyn Disk>, watch: W) -> Self {
        Self { disk, watch }
    }
}

impl<W: Watch> Disk for WatchedDisk<W> {
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.watch.before(&*self.disk, name, Change::Append(bytes))?;
        self.disk.append(name, bytes)
    }
    fn sync(&self, name: &str) -> Result<(), DiskError> {
        self.watch.before(&*self.disk, name, Change::Sync)?;
        self.disk.sync(name)
    }
    fn read(&self, name: &str, offset: u64, most: usize) -> Result<Vec<u8>, DiskError> {
        self.disk.read(name, offset, most)
    }
    fn len(&self, name: &str) -> Result<Option<u64>, DiskError> {
        self.disk.len(name)
    }
    fn truncate(&self, name: &str, len: u64) -> Result<(), DiskError> {
        self.watch.before(&*self.disk, name, Change::Truncate(len))?;
        self.disk.truncate(name, len)
    }
    fn list(&self) -> Result<Vec<String>, DiskError> {
        self.disk.list()
    }
    fn remove(&self, name: &str) -> Result<(), DiskError> {
        self.watch.before(&*self.disk, name, Change::Remove)?;
        self.disk.remove(name)
    }
    fn lock(&self) -> Result<Box<dyn Held>, DiskError> {
        self.disk.lock()
    }
}
