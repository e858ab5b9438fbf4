//! What can go wrong with a journal, and what to do then.

use super::walk::segment_name;
use super::{Position, RECORD_LIMIT};
use crate::disk::DiskError;
use crate::ids::KeyId;
use crate::keyring::KeyringError;
use crate::words::Words;

/// The journal could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Bytes that were durable once are not as they were written.
    #[error("{0}")]
    Damaged(Box<Damage>),
    /// A later program wrote it.
    #[error("record {seq} was written by a newer Veldboek ({what}); install the newest version on this device")]
    Newer {
        /// The record.
        seq: u64,
        /// What is unknown here.
        what: String,
    },
    /// The record is sealed under a key that the keyring never held.
    #[error("the key of record {seq} is not in the keyring: the keyring is older than the journal; put back the newest one")]
    KeyMissing {
        /// The record.
        seq: u64,
        /// The key.
        key: KeyId,
    },
    /// The key for a new record is not there.
    #[error("there is no key {key} to seal the record with: it was destroyed, or not yet added to the keyring")]
    NoKey {
        /// The key.
        key: KeyId,
    },
    /// More than fits in one record.
    #[error("a record of {bytes} bytes is too large, {RECORD_LIMIT} is the most; split what is to be kept")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Records of another process were not read yet; appending before that would be deciding without knowing.
    #[error("the journal has grown since it was read; read what is new before appending")]
    Behind,
    /// The journal ends before the place that was read already.
    #[error("the journal is shorter than it was: another program took back or replaced part of it; open the store again")]
    Rewound,
    /// There is no such record.
    #[error("there is no record at segment {segment}, byte {offset}; the place belongs to another journal, read it again", segment = .0.segment, offset = .0.offset)]
    NoRecord(Position),
    /// Writing failed, and so did taking back what was half written.
    #[error("the disk failed while writing and what was half written could not be taken back; open the store again")]
    Unsure,
    /// The keyring failed.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// A place where the chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal is damaged at record {seq} ('{}', byte {}: {what}); nothing was changed. Copy the whole store to another \
     disk first, then run 'verify' to see what is affected, and put back a backup or enrol this device again",
    segment_name(.position.segment), .position.offset
)]
pub struct Damage {
    /// The number the record there should have.
    pub seq: u64,
    /// Where it should begin.
    pub position: Position,
    /// What is wrong.
    pub what: Words,
    /// The number of the next record that can be read, and where it begins.
    pub resumes: Option<(u64, Position)>,
}
