//! Checking the whole chain, going on after damage so that a person hears of all of it at once.

use std::collections::BTreeMap;

use super::repair::TORN;
use super::walk::{Tail, Walk, check_segments, first_record_from, header_at};
use super::{Damage, Hash, JournalError, Kind, Payload, record};
use crate::disk::Disk;
use crate::ids::KeyId;
use crate::keyring::Keyring;
use crate::words::Words;

/// What a check of the whole journal found.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// How many records are whole.
    pub records: u64,
    /// How many of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// How many have their key destroyed.
    pub gone: u64,
    /// Records whose key the keyring never held, with the key.
    pub without_key: Vec<(u64, KeyId)>,
    /// Where the chain is broken.
    pub damage: Vec<Damage>,
    /// Bytes after the last whole record, being written or left by a writer that was cut off.
    pub unfinished: u64,
    /// Side files with what was left by writers that were cut off.
    pub set_aside: Vec<String>,
    /// Number and hash of the last whole record.
    pub head: (u64, Hash),
    hashes: Vec<(u64, Hash)>,
}

impl Verification {
    /// Whether every record is there and can be opened, or was erased on purpose.
    pub fn is_whole(&self) -> bool {
        self.damage.is_empty() && self.without_key.is_empty()
    }

    /// The number of the record with this hash: a head that was noted earlier must still be in the chain.
    pub fn seq_of(&self, hash: &Hash) -> Option<u64> {
        if *hash == [0; 32] {
            return Some(0);
        }
        self.hashes.iter().find(|(_, known)| known == hash).map(|(seq, _)| *seq)
    }
}

pub(super) fn verify(disk: &dyn Disk, keyring: &Keyring) -> Result<Verification, JournalError> {
    let set_aside = disk.list()?.into_iter().filter(|name| name.starts_with(TORN)).collect();
    let mut found = Verification { set_aside, ..Verification::default() };
    let mut walk = Walk::default();
    if let Err(error) = check_segments(disk) {
        let damage = damage_of(error)?;
        // A missing file in between is met again on the way; only a missing first one has to be stepped over here.
        if damage.position.segment == 1 && !resume(disk, &mut walk, damage, &mut found)? {
            return Ok(found);
        }
    }
    loop {
        let walked = walk.forward(disk, &mut |seen| {
            match record(disk, keyring, &seen) {
                Ok(record) => {
                    *found.kinds.entry(record.kind).or_default() += 1;
                    found.gone += u64::from(record.payload == Payload::Gone);
                }
                Err(JournalError::KeyMissing { seq, key }) => found.without_key.push((seq, key)),
                Err(JournalError::Damaged(damage)) => found.damage.push(*damage),
                Err(error) => return Err(error),
            }
            found.records += 1;
            found.head = (seen.header.seq, seen.hash);
            found.hashes.push(found.head);
            Ok(())
        });
        let damage = match walked {
            Ok(tail) => {
                if let Tail::Torn(bytes) = tail {
                    found.unfinished = bytes;
                }
                // Where a file is missing the walk ends early.
                match first_record_from(disk, walk.segment + 1)? {
                    None => return Ok(found),
                    resumes => {
                        let position = super::Position { segment: walk.segment + 1, offset: 0 };
                        Damage {
                            seq: walk.seq + 1,
                            position,
                            what: Words::new("het bestand ontbreekt", "the file is missing"),
                            resumes,
                        }
                    }
                }
            }
            Err(error) => damage_of(error)?,
        };
        if !resume(disk, &mut walk, damage, &mut found)? {
            return Ok(found);
        }
    }
}

fn damage_of(error: JournalError) -> Result<Damage, JournalError> {
    match error {
        JournalError::Damaged(damage) => Ok(*damage),
        error => Err(error),
    }
}

/// Notes the damage and steps over it; whether there is anything behind it.
fn resume(disk: &dyn Disk, walk: &mut Walk, damage: Damage, found: &mut Verification) -> Result<bool, JournalError> {
    let resumes = damage.resumes;
    found.damage.push(damage);
    let Some((_, position)) = resumes else { return Ok(false) };
    let Some(header) = header_at(disk, position)? else { return Ok(false) };
    *walk = Walk { segment: position.segment, offset: position.offset, seq: header.seq.wrapping_sub(1), hash: header.before };
    Ok(true)
}
