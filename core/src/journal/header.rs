//! The 128 bytes before every payload, readable without a key.

use sha2::{Digest, Sha256};

use super::{Hash, RECORD_LIMIT, TAG};
use crate::ids::KeyId;
use crate::keyring::NONCE;

/// The length of a header.
pub(super) const HEADER: usize = 128;
/// The first bytes of every record; the last of them is the version of the format.
pub(super) const MAGIC: &[u8; 4] = b"VBJ1";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What a record is. The numbers are part of the format for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $name = $code,)*
        }

        impl Kind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// The kind with this number.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Kind::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// A signed opening of a document.
    Opening = 1,
    /// A signed change.
    Change = 2,
    /// The typed operation beside a change of this device.
    Operation = 3,
    /// A change that waits for a coordinator.
    Quarantined = 4,
    /// A verdict: accepted.
    Accepted = 5,
    /// A verdict: refused.
    Refused = 6,
    /// The server has it, durably.
    Acknowledged = 7,
    /// How far this device has read the feed.
    Cursor = 8,
    /// A signed certificate of a device.
    Certificate = 9,
    /// A signed grant, or the end of one.
    Grant = 10,
    /// A document came into a caseload.
    Opened = 11,
    /// A document left a caseload.
    Closed = 12,
    /// A signed revocation of a device.
    Revocation = 13,
    /// A signed erasure of a document.
    Erasure = 14,
    /// A line for the auditor.
    Audit = 15,
    /// A life of the server began.
    Epoch = 16,
    /// A one-time code was given out or used.
    Invitation = 17,
    /// A device was heard of.
    Contact = 18,
    /// A person was added or changed.
    Person = 19,
    /// The store was set up.
    Setup = 20,
    /// A revoked device said, signed, that it has wiped itself.
    Wiped = 21,
    /// Somebody who asked wrongly too often is not listened to for a while.
    LockOut = 22,
    /// A signed decision about a change that waited.
    Decision = 23,
    /// What this device's person wrote in a dossier that left it, until its fate is known.
    SetAside = 24,
    /// A signed step of an erasure: asked for, done on a device, or a dossier that was founded anew.
    Erasing = 25,
    /// Which devices could hold a dossier when it was erased.
    ErasureNote = 26,
    /// Evidence that a head which a device saw is not in the chain.
    Contradicted = 27,
    /// The head of the server's chain that this device saw.
    Head = 28,
    /// A day on which this device saw that somebody's access was over.
    Day = 29,
}

impl Kind {
    /// Its number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// A header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub kind: u8,
    pub flags: u8,
    /// Its place within its commit: 0 for the first. A commit that a power cut tore is told from damage by it.
    pub place: u16,
    pub seq: u64,
    /// Of the payload as stored.
    pub length: u32,
    pub key: KeyId,
    pub nonce: [u8; NONCE],
    /// The hash of the record before.
    pub before: Hash,
    /// SHA-256 of the payload as stored.
    pub content: [u8; 32],
}

impl Header {
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..36].copy_from_slice(&self.around());
        bytes[36..60].copy_from_slice(&self.nonce);
        bytes[60..92].copy_from_slice(&self.before);
        bytes[92..124].copy_from_slice(&self.content);
        let crc = crc32(&bytes[..124]);
        bytes[124..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// What the seal of the payload is bound to: everything about the record that does not follow from the seal.
    pub fn around(&self) -> [u8; 36] {
        let mut bytes = [0; 36];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4] = self.kind;
        bytes[5] = self.flags;
        bytes[6..8].copy_from_slice(&self.place.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.seq.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.length.to_le_bytes());
        bytes[20..36].copy_from_slice(self.key.as_bytes());
        bytes
    }

    /// The header at the beginning of these bytes, if it is whole and its checksum fits.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.get(..HEADER)?.try_into().ok()?;
        if &bytes[..4] != MAGIC || crc32(&bytes[..124]) != u32::from_le_bytes(part(bytes, 124)) {
            return None;
        }
        let length = u32::from_le_bytes(part(bytes, 16));
        (length as usize <= RECORD_LIMIT + TAG).then(|| Self {
            kind: bytes[4],
            flags: bytes[5],
            place: u16::from_le_bytes(part(bytes, 6)),
            seq: u64::from_le_bytes(part(bytes, 8)),
            length,
            key: KeyId::from_bytes(part(bytes, 20)),
            nonce: part(bytes, 36),
            before: part(bytes, 60),
            content: part(bytes, 92),
        })
    }

    /// The number of the first record of its commit; of one that was surely in it, for commits beyond 65,535 records.
    pub fn commit_began(&self) -> u64 {
        self.seq.saturating_sub(u64::from(self.place))
    }
}

fn part<const N: usize>(bytes: &[u8; HEADER], from: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[from..from + N]);
    part
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// CRC-32 as in zip and PNG. It only tells spoiled headers from whole ones; the chain of hashes is what is trusted.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8))
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_header_is_read_as_written_and_no_flipped_bit_passes() {
        let header = Header {
            kind: 2,
            flags: 0,
            place: 3,
            seq: 77,
            length: 300,
            key: KeyId::from_bytes([5; 16]),
            nonce: [6; NONCE],
            before: [7; 32],
            content: [8; 32],
        };
        let bytes = header.encode();
        assert_eq!(Header::parse(&bytes), Some(header));
        for bit in 0..HEADER * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(&bytes), None, "bit {bit}");
        }
    }
}
