//! A strict reader of Automerge's uncompressed change chunks, ours, for bytes that a peer sent.
//!
//! Automerge believes what a chunk claims: 113 bytes that claim eight million operations cost it half a minute and
//! gigabytes. This reader sees a chunk first. It never allocates by a claimed size, counts the operations from the run
//! lengths of the columns without unrolling them, and takes only what Automerge itself writes today: known columns,
//! uncompressed, in order, none empty, no bytes left over.

use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

mod columns;

pub use crate::limits::{
    ACTOR_LEN, MAX_ACTOR_LEN, MAX_ACTORS, MAX_CHUNK, MAX_COUNTER, MAX_DEPS, MAX_KEY, MAX_MESSAGE, MAX_OPERATIONS,
    MAX_PREDECESSORS,
};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHANGE: u8 = 1;

/// The name of a change: the SHA-256 that Automerge takes of its chunk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct ChangeHash(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    [u8; 32],
);

impl ChangeHash {
    /// The hash with exactly these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash from a slice, if it is 32 bytes long.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }
}

impl From<automerge::ChangeHash> for ChangeHash {
    fn from(hash: automerge::ChangeHash) -> Self {
        Self(hash.0)
    }
}

impl From<ChangeHash> for automerge::ChangeHash {
    fn from(hash: ChangeHash) -> Self {
        Self(hash.0)
    }
}

impl fmt::Display for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ChangeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeHash({})", data_encoding::HEXLOWER.encode(&self.0[..6]))
    }
}

/// Why a chunk is not read. Nobody can send it again in a better shape: the change itself is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadChunk {
    /// Larger, or with more of something, than one change may be: split the work over several changes.
    #[error("the change has {0} beyond the limit; split the work over several changes")]
    Limit(&'static str),
    /// Not a change chunk, or of a type that does not travel.
    #[error("these bytes are not an uncompressed change of a document; send the change as it was made")]
    NotAChange,
    /// The checksum does not fit: damaged on the way.
    #[error("the change is damaged: its checksum does not fit; send it again from the device that made it")]
    Checksum,
    /// Ends too early, has bytes to spare, or says something that cannot be.
    #[error("the change is malformed ({0}); send it again from the device that made it")]
    Malformed(&'static str),
}

/// What a change says of itself, before any operation of it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeHeader {
    /// Its name.
    pub hash: ChangeHash,
    /// Who made it: in our documents a device id followed by a session id.
    pub actor: Vec<u8>,
    /// The how-manieth change of its actor in the document, from 1.
    pub seq: u64,
    /// The number of its first operation: one more than the highest that it builds on.
    pub start_op: u64,
    /// What the device's clock said, in seconds or milliseconds as the writer chose.
    pub time: i64,
    /// A message that the writer added.
    pub message: Option<String>,
    /// The changes it builds on.
    pub deps: Vec<ChangeHash>,
    /// The other actors whose operations it mentions.
    pub other_actors: Vec<Vec<u8>>,
    /// How many operations it has, counted from run lengths.
    pub operations: u64,
    /// Where the data of the operation columns stand in the chunk.
    pub ops_bytes: Range<usize>,
}

impl ChangeHeader {
    /// Reads a chunk to its last byte. Anything that this accepts is within every limit above.
    ///
    /// # Errors
    /// [`BadChunk`] for everything else; never a panic.
    pub fn parse(chunk: &[u8]) -> Result<Self, BadChunk> {
        if chunk.len() > MAX_CHUNK {
            return Err(BadChunk::Limit("bytes"));
        }
        let mut input = Input { bytes: chunk, at: 0 };
        if input.take(4).map_err(|_| BadChunk::NotAChange)? != MAGIC {
            return Err(BadChunk::NotAChange);
        }
        let checksum = input.take(4)?;
        if input.take(1)? != [CHANGE] {
            return Err(BadChunk::NotAChange);
        }
        let hashed_from = input.at - 1;
        let length = input.unsigned()?;
        if length != input.left() as u64 {
            return Err(BadChunk::Malformed("its length"));
        }
        // Type, length and body stand next to each other, exactly as Automerge hashes them.
        let hash = ChangeHash(Sha256::digest(chunk.get(hashed_from..).unwrap_or_default()).into());
        if hash.0[..4] != *checksum {
            return Err(BadChunk::Checksum);
        }

        let deps = input.up_to(MAX_DEPS, "dependencies", |input| {
            ChangeHash::from_slice(input.take(32)?).ok_or(BadChunk::Malformed("a dependency"))
        })?;
        if deps.iter().enumerate().any(|(i, dep)| deps[..i].contains(dep)) {
            return Err(BadChunk::Malformed("a dependency twice"));
        }
        let actor = input.actor()?;
        let seq = input.unsigned()?;
        let start_op = input.unsigned()?;
        if seq == 0 || start_op == 0 {
            return Err(BadChunk::Malformed("a number that starts at 1"));
        }
        let time = input.signed()?;
        let message = input.prefixed(MAX_MESSAGE, "message")?;
        let message = std::str::from_utf8(message).map_err(|_| BadChunk::Malformed("its message"))?;
        let message = (!message.is_empty()).then(|| message.to_owned());
        let other_actors = input.up_to(MAX_ACTORS, "actors", Input::actor)?;
        if other_actors.iter().enumerate().any(|(i, other)| *other == actor || other_actors[..i].contains(other)) {
            return Err(BadChunk::Malformed("an actor twice"));
        }
        let (operations, ops_bytes) = columns::scan(&mut input, other_actors.len() as u64 + 1)?;
        if start_op.checked_add(operations).is_none_or(|end| end > MAX_COUNTER) {
            return Err(BadChunk::Limit("operation numbers"));
        }
        Ok(Self { hash, actor, seq, start_op, time, message, deps, other_actors, operations, ops_bytes })
    }
}

/// What is still to be read of a chunk.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], BadChunk> {
        let end = self.at.checked_add(count).ok_or(BadChunk::Malformed("a length"))?;
        let taken = self.bytes.get(self.at..end).ok_or(BadChunk::Malformed("it ends too early"))?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, BadChunk> {
        self.take(1)?.first().copied().ok_or(BadChunk::Malformed("it ends too early"))
    }

    /// LEB128, shortest form only, so that one number has one encoding.
    fn unsigned(&mut self) -> Result<u64, BadChunk> {
        let mut result = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            result |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    break;
                }
                return Ok(result);
            }
        }
        Err(BadChunk::Malformed("a number"))
    }

    /// Signed LEB128, shortest form only.
    fn signed(&mut self) -> Result<i64, BadChunk> {
        let mut result = 0i64;
        let mut before = 0u8;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            // The tenth byte carries one bit, the sign, repeated.
            if shift == 63 && !matches!(byte, 0 | 0x7f) {
                break;
            }
            result |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let overlong = (byte == 0 && before & 0x40 == 0) || (byte == 0x7f && before & 0x40 != 0);
                if shift > 0 && overlong {
                    break;
                }
                if shift < 57 && byte & 0x40 != 0 {
                    result |= -1 << (shift + 7);
                }
                return Ok(result);
            }
            before = byte;
        }
        Err(BadChunk::Malformed("a number"))
    }

    fn prefixed(&mut self, most: usize, what: &'static str) -> Result<&'a [u8], BadChunk> {
        let length = self.unsigned()?;
        match usize::try_from(length) {
            Ok(length) if length <= most => self.take(length),
            _ => Err(BadChunk::Limit(what)),
        }
    }

    fn actor(&mut self) -> Result<Vec<u8>, BadChunk> {
        self.prefixed(MAX_ACTOR_LEN, "an actor's length").map(<[u8]>::to_vec)
    }

    fn up_to<T>(
        &mut self,
        most: usize,
        what: &'static str,
        mut read: impl FnMut(&mut Self) -> Result<T, BadChunk>,
    ) -> Result<Vec<T>, BadChunk> {
        let count = self.unsigned()?;
        if count > most as u64 {
            return Err(BadChunk::Limit(what));
        }
        (0..count).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
mod tests;
