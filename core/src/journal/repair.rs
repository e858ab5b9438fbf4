//! What a writer that was cut off left behind: moved to a side file, never deleted.

use super::walk::segment_name;
use super::{JournalError, Position};
use crate::disk::{Disk, read_all};

/// Bytes that were no whole record and were set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Where they were.
    pub position: Position,
    /// How many.
    pub bytes: u64,
    /// The side file that holds them now.
    pub moved_to: String,
}

/// The folder of the side files.
pub(super) const TORN: &str = "torn/";

/// Moves everything from `position` to the end of its segment, the last one, to a side file. Only under the lock.
pub(super) fn set_aside(disk: &dyn Disk, position: Position) -> Result<Repair, JournalError> {
    let segment = segment_name(position.segment);
    let bytes = disk.read(&segment, position.offset, usize::MAX)?;
    let name = side_file(disk, position, &bytes)?;
    // Durable there before it goes here.
    disk.sync(&name)?;
    disk.truncate(&segment, position.offset)?;
    disk.sync(&segment)?;
    Ok(Repair { position, bytes: bytes.len() as u64, moved_to: name })
}

/// A side file with these bytes; the one that an earlier try left, if that was cut off itself.
fn side_file(disk: &dyn Disk, position: Position, bytes: &[u8]) -> Result<String, JournalError> {
    for count in 1u32.. {
        let name = format!("{TORN}{:08}-{}.{count}", position.segment, position.offset);
        match disk.len(&name)? {
            None => {
                disk.append(&name, bytes)?;
                return Ok(name);
            }
            Some(len) if len == bytes.len() as u64 && read_all(disk, &name)? == bytes => return Ok(name),
            Some(_) => {}
        }
    }
    Err(JournalError::Unsure)
}
