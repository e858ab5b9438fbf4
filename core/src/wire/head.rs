//! The head of the server's chain, told to devices: signed, so that it is evidence against whoever cuts or rewrites the record
//! book later, also with the server's keys in hand.

use crate::cbor;
use crate::ids::Epoch;
use crate::keys::{BadSignature, DeviceKeys, PublicKeys, Signature};

/// What a signature over a head begins with.
const PURPOSE: &str = "veldboek/head/1";
/// How much of a head's hash a device tells in passing.
const DIGEST: usize = 16;

/// The last record of the server's journal when it answered.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Head {
    /// The record's number.
    #[n(0)]
    pub number: u64,
    /// Its hash, which covers every record before it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub hash: [u8; 32],
    /// The server's signature over the epoch, the number and the hash.
    #[n(2)]
    pub signature: Signature,
    /// The head that the device told is not in the chain. Absent: it is, or none was told.
    #[n(3)]
    pub doubted: Option<bool>,
}

impl Head {
    /// The server signs its head.
    pub fn sign(epoch: Epoch, number: u64, hash: [u8; 32], keys: &DeviceKeys) -> Self {
        let signature = keys.sign(PURPOSE, &[epoch.as_bytes(), &number.to_be_bytes(), &hash]);
        Self { number, hash, signature, doubted: None }
    }

    /// Checks that the server signed this head in this life.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise.
    pub fn verify(&self, epoch: Epoch, server: &PublicKeys) -> Result<(), BadSignature> {
        server.verify(PURPOSE, &[epoch.as_bytes(), &self.number.to_be_bytes(), &self.hash], &self.signature)
    }
}

/// The head that a device saw last, as it tells the server: its number and the beginning of its hash, or, once the server
/// said that it is not in the chain, all of it with the server's own signature.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Seen {
    /// The record's number.
    #[n(0)]
    pub number: u64,
    /// Its hash: 16 bytes of it, or all 32.
    #[n(1)]
    #[cbor(encode_with = "minicbor::bytes::encode", decode_with = "cbor::bytes::<Ctx, 32>")]
    pub hash: Vec<u8>,
    /// The server's signature.
    #[n(2)]
    pub signature: Option<Signature>,
    /// The life of the server in which it was told; absent: that of the request's cursor.
    #[n(3)]
    pub epoch: Option<Epoch>,
}

impl Seen {
    /// In passing.
    pub fn brief(number: u64, hash: &[u8; 32]) -> Self {
        Self { number, hash: hash[..DIGEST].to_vec(), signature: None, epoch: None }
    }

    /// As evidence.
    pub fn proof(epoch: Epoch, number: u64, hash: &[u8; 32], signature: Signature) -> Self {
        Self { number, hash: hash.to_vec(), signature: Some(signature), epoch: Some(epoch) }
    }

    /// Whether it names this record.
    pub fn is(&self, number: u64, hash: &[u8; 32]) -> bool {
        self.number == number && self.hash.len() >= DIGEST && hash.starts_with(&self.hash)
    }

    /// The evidence, if the server itself signed it.
    pub fn evidence(&self, server: &PublicKeys) -> Option<(Epoch, Head)> {
        let hash: [u8; 32] = self.hash.as_slice().try_into().ok()?;
        let head = Head { number: self.number, hash, signature: self.signature?, doubted: None };
        let epoch = self.epoch?;
        head.verify(epoch, server).ok().map(|()| (epoch, head))
    }
}
