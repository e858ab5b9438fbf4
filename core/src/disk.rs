//! The few things the store asks of a disk, handed in so that a test can tear it and a browser can bring its own.
//!
//! Nothing is durable before [`Disk::sync`] returned for its file. [`Disk::remove`] is durable by itself: what was
//! erased must not come back with the power.

use std::fmt;

#[cfg(test)]
pub mod conformance;
mod memory;
#[cfg(not(target_family = "wasm"))]
mod real;
mod simulated;
mod watched;

pub use memory::MemoryDisk;
#[cfg(not(target_family = "wasm"))]
pub use real::RealDisk;
pub use simulated::SimulatedDisk;
pub use watched::{Change, Watch, WatchedDisk};

/// What a disk was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Making or opening the store's directory.
    Open,
    /// Writing at the end of a file.
    Append,
    /// Making a file durable.
    Sync,
    /// Reading.
    Read,
    /// Cutting a file short.
    Truncate,
    /// Listing the files.
    List,
    /// Removing a file.
    Remove,
    /// Taking the store's lock.
    Lock,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Open => "open",
            Action::Append => "write to",
            Action::Sync => "make durable",
            Action::Read => "read",
            Action::Truncate => "shorten",
            Action::List => "list",
            Action::Remove => "remove",
            Action::Lock => "lock",
        })
    }
}

/// The disk did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// There is no such file.
    #[error("there is no file '{name}' in the store; check that this is the right directory")]
    Missing {
        /// The file.
        name: String,
    },
    /// A name that no store file has; the caller is wrong, not the disk.
    #[error("'{name}' is not a name for a file in the store: at most one folder, letters, digits, '.', '-' and '_'")]
    BadName {
        /// The name.
        name: String,
    },
    /// Another program keeps the lock.
    #[error("the store is in use by another program that does not let go of it; close that program and try again")]
    Locked,
    /// The owner of this process may not do that.
    #[error("no permission to {action} '{name}' ({detail}); use the account that owns the store, or give this one access")]
    Denied {
        /// What was tried.
        action: Action,
        /// The file.
        name: String,
        /// What the system said.
        detail: String,
    },
    /// No room is left.
    #[error("no room on the disk to {action} '{name}' ({detail}); free some space and try again: nothing that was saved is lost")]
    Full {
        /// What was tried.
        action: Action,
        /// The file.
        name: String,
        /// What the system said.
        detail: String,
    },
    /// Anything else that the system reports.
    #[error(
        "the disk could not {action} '{name}' ({detail}); try again, and copy the store to another disk if it keeps happening"
    )]
    Failed {
        /// What was tried.
        action: Action,
        /// The file.
        name: String,
        /// What the system said.
        detail: String,
    },
    /// The simulated power is off.
    #[error("the power of the simulated disk is off; restart it with crash(seed) or revive()")]
    PowerCut,
}

impl DiskError {
    /// The error of the operating system, told apart by what a person can do about it.
    pub(crate) fn from_io(action: Action, name: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let (name, detail) = (name.to_owned(), error.to_string());
        match error.kind() {
            ErrorKind::NotFound => DiskError::Missing { name },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => DiskError::Denied { action, name, detail },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                DiskError::Full { action, name, detail }
            }
            _ => DiskError::Failed { action, name, detail },
        }
    }
}

/// Proof that this process holds the store's lock; dropping it lets go.
pub trait Held: Send {}

/// A flat set of append-only files, with at most one level of folders: `journal/00000001.vbj`.
pub trait Disk: Send + Sync {
    /// Writes at the end of a file, making it when it is new. On an error part of the bytes may be there.
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes everything in the file durable, its name in the directory included.
    fn sync(&self, name: &str) -> Result<(), DiskError>;

    /// At most `most` bytes from `offset`; fewer only where the file ends.
    fn read(&self, name: &str, offset: u64, most: usize) -> Result<Vec<u8>, DiskError>;

    /// The length of a file, or nothing when there is no such file.
    fn len(&self, name: &str) -> Result<Option<u64>, DiskError>;

    /// Cuts a file short; durable after [`Disk::sync`]. A length at or past the end changes nothing.
    fn truncate(&self, name: &str, len: u64) -> Result<(), DiskError>;

    /// The names of all files, in order.
    fn list(&self) -> Result<Vec<String>, DiskError>;

    /// Removes a file, durably; no error when there is none.
    fn remove(&self, name: &str) -> Result<(), DiskError>;

    /// Waits for the lock between all who use this store, other processes included. Not reentrant.
    fn lock(&self) -> Result<Box<dyn Held>, DiskError>;
}

/// Whether a name may be used: one optional folder, and nothing that a path could be tricked with.
pub(crate) fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    match name.split_once('/') {
        Some((folder, file)) => part(folder) && part(file),
        None => part(name),
    }
}

/// The same as an error.
pub(crate) fn check_name(name: &str) -> Result<(), DiskError> {
    if is_name(name) { Ok(()) } else { Err(DiskError::BadName { name: name.to_owned() }) }
}

/// The whole file.
pub(crate) fn read_all(disk: &dyn Disk, name: &str) -> Result<Vec<u8>, DiskError> {
    let len = disk.len(name)?.ok_or_else(|| DiskError::Missing { name: name.to_owned() })?;
    disk.read(name, 0, usize::try_from(len).unwrap_or(usize::MAX))
}
