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

/// The names of the side files of which a person has heard, one a line.
const SHOWN: &str = "torn-shown";

/// Side files of which nobody has heard yet.
pub(super) fn untold(disk: &dyn Disk) -> Result<Vec<String>, JournalError> {
    let mut names: Vec<String> = disk.list()?.into_iter().filter(|name| name.starts_with(TORN)).collect();
    if !names.is_empty() && disk.len(SHOWN)?.is_some() {
        let shown = read_all(disk, SHOWN)?;
        let shown: Vec<&[u8]> = shown.split(|byte| *byte == b'\n').collect();
        names.retain(|name| !shown.contains(&name.as_bytes()));
    }
    Ok(names)
}

/// Remembers that a person has heard of these. A line that was cut off is told once more.
pub(super) fn told(disk: &dyn Disk, names: &[String]) -> Result<(), JournalError> {
    let fresh: Vec<String> = untold(disk)?.into_iter().filter(|name| names.contains(name)).collect();
    if !fresh.is_empty() {
        disk.append(SHOWN, format!("\n{}\n", fresh.join("\n")).as_bytes())?;
        disk.sync(SHOWN)?;
    }
    Ok(())
}

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
