//! The server's signatures over what it took and gave: proof, for a rebuilt server, that a change or a statement was admitted
//! once. Each kind has its own purpose and its own lines, so that a line of the one is never read as one of the other.

use sha2::{Digest, Sha256};

use crate::cbor;
use crate::chunk::ChangeHash;
use crate::ids::{DocumentId, Epoch};
use crate::keys::{BadSignature, DeviceKeys, PublicKeys, Signature};
use crate::wire::{MAX_ITEMS, VERSION, messages};

/// What a signature over a receipt begins with.
const PURPOSE: &str = "veldboek/receipt/1";
/// What a signature over a receipt of statements begins with.
const STATEMENTS: &str = "veldboek/statement-receipt/1";

/// One admitted change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
pub struct ReceiptLine {
    /// Its number in the feed.
    #[n(0)]
    pub seq: u64,
    /// Its document.
    #[n(1)]
    pub document: DocumentId,
    /// Its name.
    #[n(2)]
    pub hash: ChangeHash,
}

/// A receipt as a device keeps it. In an answer only the signature travels: the device knows the rest from the verdicts and
/// the items.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Receipt {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The life of the server in which the numbers count.
    #[n(1)]
    pub epoch: Epoch,
    /// The changes that the answer accepted or delivered, by number.
    #[n(2)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, { 2 * MAX_ITEMS }>")]
    pub lines: Vec<ReceiptLine>,
    /// The server's signature.
    #[n(3)]
    pub signature: Signature,
}

/// One admitted statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
pub struct StatementLine {
    /// Its number in the feed.
    #[n(0)]
    pub seq: u64,
    /// The SHA-256 of its signed bytes.
    #[n(1)]
    pub hash: ChangeHash,
}

/// The same for statements: signed apart from changes.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct StatementReceipt {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The life of the server in which the numbers count.
    #[n(1)]
    pub epoch: Epoch,
    /// The statements that the answer accepted or delivered, by number.
    #[n(2)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, { 2 * MAX_ITEMS }>")]
    pub lines: Vec<StatementLine>,
    /// The server's signature.
    #[n(3)]
    pub signature: Signature,
}

messages!(Receipt, StatementReceipt);

impl StatementReceipt {
    /// The server signs what it accepted and delivers; the lines are put in order of number first.
    pub fn sign(epoch: Epoch, mut lines: Vec<StatementLine>, keys: &DeviceKeys) -> Self {
        lines.sort_unstable();
        let signature = keys.sign(STATEMENTS, &[epoch.as_bytes(), &signed_statements(&lines)]);
        Self { version: VERSION, epoch, lines, signature }
    }

    /// The device puts together what an answer accepted and delivered with the answer's signature.
    pub fn assemble(epoch: Epoch, mut lines: Vec<StatementLine>, signature: Signature) -> Self {
        lines.sort_unstable();
        Self { version: VERSION, epoch, lines, signature }
    }

    /// Checks that the server signed exactly these lines.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise: the answer was changed on the way.
    pub fn verify(&self, server: &PublicKeys) -> Result<(), BadSignature> {
        server.verify(STATEMENTS, &[self.epoch.as_bytes(), &signed_statements(&self.lines)], &self.signature)
    }
}

/// The lines as they are signed: number (8 bytes, big end first), hash.
fn signed_statements(lines: &[StatementLine]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(lines.len() * 40);
    for line in lines {
        bytes.extend_from_slice(&line.seq.to_be_bytes());
        bytes.extend_from_slice(line.hash.as_bytes());
    }
    bytes
}

impl Receipt {
    /// The server signs what it accepted and delivers; the lines are put in order of number first.
    pub fn sign(epoch: Epoch, mut lines: Vec<ReceiptLine>, keys: &DeviceKeys) -> Self {
        lines.sort_unstable();
        let signature = keys.sign(PURPOSE, &[epoch.as_bytes(), &signed_lines(&lines)]);
        Self { version: VERSION, epoch, lines, signature }
    }

    /// The device puts together what an answer accepted and delivered with the answer's signature.
    pub fn assemble(epoch: Epoch, mut lines: Vec<ReceiptLine>, signature: Signature) -> Self {
        lines.sort_unstable();
        Self { version: VERSION, epoch, lines, signature }
    }

    /// Checks that the server signed exactly these lines.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise: the answer was changed on the way.
    pub fn verify(&self, server: &PublicKeys) -> Result<(), BadSignature> {
        server.verify(PURPOSE, &[self.epoch.as_bytes(), &signed_lines(&self.lines)], &self.signature)
    }
}

/// The lines as they are signed: number (8 bytes, big end first), document, hash.
fn signed_lines(lines: &[ReceiptLine]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(lines.len() * 56);
    for line in lines {
        bytes.extend_from_slice(&line.seq.to_be_bytes());
        bytes.extend_from_slice(line.document.as_bytes());
        bytes.extend_from_slice(line.hash.as_bytes());
    }
    bytes
}

/// Eight bytes that two holders of a document compare: the beginning of the SHA-256 over its heads, sorted.
pub fn heads_digest(heads: &[ChangeHash]) -> [u8; 8] {
    let mut sorted = heads.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hash = Sha256::new();
    hash.update(b"veldboek/heads/1\0");
    for head in &sorted {
        hash.update(head.as_bytes());
    }
    let mut digest = [0; 8];
    digest.copy_from_slice(&hash.finalize()[..8]);
    digest
}
