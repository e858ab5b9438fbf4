//! Wrong passphrases, counted so that neither a restart, nor a power cut, nor a clock that is turned back gives anyone more of them.
//!
//! The file `tries` is readable without a key and says nothing but numbers and times. A try is written down, durably, before it
//! is looked at, and what came of it before anyone hears.

use crate::clock::Timestamp;
use crate::disk::{Disk, DiskError, read_all};
use crate::journal::crc32;

/// The file.
pub(super) const FILE: &str = "tries";
/// From this try on there is a wait after it, and a warning.
pub const FREE_TRIES: u32 = 5;
/// With this many wrong ones the keys are destroyed.
pub const MOST_TRIES: u32 = 10;
const MAGIC: &[u8; 4] = b"VBT1";
const RECORD: usize = 20;
const MINUTE: i64 = 60_000;

/// How long one waits after this many wrong tries, in milliseconds.
fn wait_after(count: u32) -> i64 {
    match count {
        ..FREE_TRIES => 0,
        5 => MINUTE,
        6 => 5 * MINUTE,
        7 => 15 * MINUTE,
        8 => 60 * MINUTE,
        _ => 240 * MINUTE,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// A try began.
    Begun = 1,
    /// It was wrong.
    Wrong = 2,
    /// The clock stood before the last try: the wait begins again.
    Again = 3,
}

/// What was tried since the keys were last unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tries {
    /// Tries that were wrong, the one that was never finished included.
    pub count: u32,
    /// Whether the last one was never finished: the power went out, or the program was killed.
    pub unfinished: bool,
    /// From when the wait counts.
    since: Timestamp,
}

impl Tries {
    pub fn read(disk: &dyn Disk) -> Result<Self, DiskError> {
        let bytes = match read_all(disk, FILE) {
            Ok(bytes) => bytes,
            Err(DiskError::Missing { .. }) => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let mut tries = Self::default();
        // A record that is not whole was never durable, so what it is about was never looked at.
        for record in bytes.chunks_exact(RECORD) {
            let Some((entry, count, at)) = decode(record) else { continue };
            tries = Self { count, unfinished: entry == Entry::Begun || (entry == Entry::Again && tries.unfinished), since: at };
        }
        Ok(tries)
    }

    /// Until when nothing may be tried.
    pub fn not_before(&self) -> Option<Timestamp> {
        let wait = wait_after(self.count);
        (wait > 0).then(|| self.since.plus_millis(wait))
    }

    /// How many tries are left.
    pub fn left(&self) -> u32 {
        MOST_TRIES.saturating_sub(self.count)
    }

    /// Whether there are none left. A last try that was never finished may have been right, so it does not count as the last,
    /// once.
    pub fn are_spent(&self) -> bool {
        self.count > MOST_TRIES || (self.count == MOST_TRIES && !self.unfinished)
    }

    /// Until when this moment is too soon. A clock that stands before the last try makes the wait begin again from where it
    /// stands.
    pub fn too_soon(&mut self, disk: &dyn Disk, now: Timestamp) -> Result<Option<Timestamp>, DiskError> {
        let Some(until) = self.not_before() else { return Ok(None) };
        if now < self.since {
            self.note(disk, Entry::Again, self.count, now)?;
            return Ok(self.not_before());
        }
        Ok((now < until).then_some(until))
    }

    /// Counts a try that is about to be made.
    pub fn begin(&mut self, disk: &dyn Disk, now: Timestamp) -> Result<(), DiskError> {
        self.note(disk, Entry::Begun, self.count + 1, now)
    }

    /// The try could not be made: nothing was looked at, so all stands as it did before.
    pub fn take_back(&mut self, disk: &dyn Disk, before: Self) -> Result<(), DiskError> {
        let entry = if before.unfinished { Entry::Begun } else { Entry::Wrong };
        self.note(disk, entry, before.count, before.since)
    }

    /// The try was wrong.
    pub fn wrong(&mut self, disk: &dyn Disk, now: Timestamp) -> Result<(), DiskError> {
        self.note(disk, Entry::Wrong, self.count, now)
    }

    fn note(&mut self, disk: &dyn Disk, entry: Entry, count: u32, at: Timestamp) -> Result<(), DiskError> {
        // What a power cut left of a record would put all that follow out of step.
        let len = disk.len(FILE)?.unwrap_or(0);
        if !len.is_multiple_of(RECORD as u64) {
            disk.truncate(FILE, len - len % RECORD as u64)?;
        }
        disk.append(FILE, &encode(entry, count, at))?;
        disk.sync(FILE)?;
        *self = Self { count, unfinished: entry == Entry::Begun || (entry == Entry::Again && self.unfinished), since: at };
        Ok(())
    }
}

/// The keys were unlocked: everything is forgotten.
pub(super) fn forget(disk: &dyn Disk) -> Result<(), DiskError> {
    if disk.len(FILE)?.is_some() { disk.remove(FILE) } else { Ok(()) }
}

fn encode(entry: Entry, count: u32, at: Timestamp) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..4].copy_from_slice(MAGIC);
    record[4] = entry as u8;
    record[5] = u8::try_from(count).unwrap_or(u8::MAX);
    record[8..16].copy_from_slice(&at.as_millis().to_le_bytes());
    let crc = crc32(&record[..16]);
    record[16..].copy_from_slice(&crc.to_le_bytes());
    record
}

fn decode(record: &[u8]) -> Option<(Entry, u32, Timestamp)> {
    let (content, crc) = record.split_at_checked(16)?;
    if !content.starts_with(MAGIC) || crc32(content).to_le_bytes() != crc {
        return None;
    }
    let entry = match content[4] {
        1 => Entry::Begun,
        2 => Entry::Wrong,
        3 => Entry::Again,
        _ => return None,
    };
    let at = i64::from_le_bytes(content[8..].try_into().ok()?);
    Some((entry, content[5].into(), Timestamp::from_millis(at)))
}
