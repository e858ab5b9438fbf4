//! A change with the signature of the device that made it: what is stored, sent and forwarded, byte for byte.

use std::ops::Range;

use minicbor::encode::Encoder;

use crate::cbor::{self, FormatError};
use crate::chunk::{ACTOR_LEN, BadChunk, ChangeHash, ChangeHeader};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, DocumentId};
use crate::keys::{BadSignature, DeviceKeys, PublicKeys, Signature};

/// What a signature over a change begins with.
pub const PURPOSE: &str = "veldboek/change/1";
pub use crate::limits::MAX_ENVELOPE;

/// Why an envelope is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEnvelope {
    /// The envelope itself cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The change within cannot be read.
    #[error(transparent)]
    Chunk(#[from] BadChunk),
    /// There is no signature in it.
    #[error("the change is not signed; send it again from the device that made it")]
    Unsigned,
    /// The change's actor is not a device of this system with a session, or not the device that signs: record the work again here.
    #[error("the change was not made under the name of the device that signs it; record it again on that device")]
    Actor,
}

/// A change in its envelope. Its signature has not been checked until [`verify`](Self::verify) was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedChange {
    bytes: Vec<u8>,
    document: DocumentId,
    chunk: Range<usize>,
    header: ChangeHeader,
    signer: DeviceId,
    signature: Signature,
}

impl SignedChange {
    /// Signs a change that this device made.
    ///
    /// # Errors
    /// [`BadEnvelope::Actor`] when the change has another actor; [`BadEnvelope::Chunk`] when it is beyond a limit.
    pub fn sign(document: DocumentId, chunk: &[u8], keys: &DeviceKeys) -> Result<Self, BadEnvelope> {
        let signer = signer(&ChangeHeader::parse(chunk)?)?;
        if signer != keys.device() {
            return Err(BadEnvelope::Actor);
        }
        let signature = keys.sign(PURPOSE, &[document.as_bytes(), chunk]);
        Self::decode(&assemble(document, chunk, &signature))
    }

    /// Reads an envelope and the header of its change; keys that a newer version added are skipped (and kept in the bytes).
    ///
    /// # Errors
    /// [`BadEnvelope`] when either cannot be read.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadEnvelope> {
        let (document, chunk, signature) = parts(bytes)?;
        let header = ChangeHeader::parse(cbor::at(bytes, &chunk))?;
        let signer = signer(&header)?;
        Ok(Self { bytes: bytes.to_vec(), document, chunk, header, signer, signature })
    }

    /// The envelope as it is stored and forwarded.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The document that it belongs to.
    pub const fn document(&self) -> DocumentId {
        self.document
    }

    /// The change as Automerge made it.
    pub fn chunk(&self) -> &[u8] {
        cbor::at(&self.bytes, &self.chunk)
    }

    /// The name of the change within its document.
    pub const fn hash(&self) -> ChangeHash {
        self.header.hash
    }

    /// What the change says of itself.
    pub const fn header(&self) -> &ChangeHeader {
        &self.header
    }

    /// When its device says it was made, to the second.
    pub const fn made_at(&self) -> Timestamp {
        Timestamp::from_millis(self.header.time.saturating_mul(1000))
    }

    /// The device that is named as its maker.
    pub const fn signer(&self) -> DeviceId {
        self.signer
    }

    /// The signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks that the keys are the signer's and that they signed exactly this change for this document.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise.
    pub fn verify(&self, keys: &PublicKeys) -> Result<(), BadSignature> {
        if keys.device() != self.signer {
            return Err(BadSignature);
        }
        keys.verify(PURPOSE, &[self.document.as_bytes(), self.chunk()], &self.signature)
    }

    /// Whether the signature is by these keys, whoever the change says made it.
    pub(crate) fn is_signed_by(&self, keys: &PublicKeys) -> bool {
        keys.verify(PURPOSE, &[self.document.as_bytes(), self.chunk()], &self.signature).is_ok()
    }
}

/// The device whose actor made the change.
fn signer(header: &ChangeHeader) -> Result<DeviceId, BadEnvelope> {
    if header.actor.len() != ACTOR_LEN {
        return Err(BadEnvelope::Actor);
    }
    header.actor.get(..16).and_then(DeviceId::from_slice).ok_or(BadEnvelope::Actor)
}

fn assemble(document: DocumentId, chunk: &[u8], signature: &Signature) -> Vec<u8> {
    struct Parts<'a>(DocumentId, &'a [u8], &'a Signature);
    impl<C> minicbor::Encode<C> for Parts<'_> {
        fn encode<W: minicbor::encode::Write>(
            &self,
            e: &mut Encoder<W>,
            _: &mut C,
        ) -> Result<(), minicbor::encode::Error<W::Error>> {
            e.map(3)?.u8(0)?.bytes(self.0.as_bytes())?.u8(1)?.bytes(self.1)?.u8(2)?.bytes(self.2.as_bytes())?.ok()
        }
    }
    cbor::to_vec(Parts(document, chunk, signature))
}

fn parts(bytes: &[u8]) -> Result<(DocumentId, Range<usize>, Signature), BadEnvelope> {
    let fields = cbor::fields(bytes, MAX_ENVELOPE)?;
    let part = |key| cbor::content(bytes, fields.get(&key));
    let document = DocumentId::from_slice(cbor::at(bytes, &part(0)?))
        .ok_or_else(|| FormatError::malformed("a part of the envelope has the wrong length"))?;
    let chunk = part(1)?;
    let signature = match fields.get(&2) {
        Some(range) => Signature::from_slice(cbor::at(bytes, &cbor::content(bytes, Some(range))?)),
        None => None,
    };
    Ok((document, chunk, signature.ok_or(BadEnvelope::Unsigned)?))
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable;
    use automerge::{ActorId, AutoCommit, ROOT};

    use super::*;

    fn keys(number: u8) -> DeviceKeys {
        DeviceKeys::from_bytes(&[number; 64])
    }

    fn document() -> DocumentId {
        DocumentId::from_bytes([5; 16])
    }

    fn chunk(actor: &[u8]) -> Vec<u8> {
        let mut document = AutoCommit::new().with_actor(ActorId::from(actor));
        document.put(ROOT, "note", "In de kelder, zonder bereik").unwrap();
        document.commit();
        document.get_changes(&[]).remove(0).raw_bytes().to_vec()
    }

    fn actor(keys: &DeviceKeys) -> Vec<u8> {
        [keys.device().as_bytes().as_slice(), &[9; 8]].concat()
    }

    fn signed() -> SignedChange {
        SignedChange::sign(document(), &chunk(&actor(&keys(7))), &keys(7)).unwrap()
    }

    #[test]
    fn a_change_is_its_makers_in_its_document() {
        let change = SignedChange::decode(signed().bytes()).unwrap();
        assert_eq!(change, signed());
        assert_eq!((change.document(), change.signer()), (document(), keys(7).device()));
        assert_eq!(change.chunk(), chunk(&actor(&keys(7))));
        assert_eq!(change.verify(&keys(7).public()), Ok(()));
        assert_eq!(change.verify(&keys(8).public()), Err(BadSignature));
    }

    #[test]
    fn it_cannot_be_moved_to_another_document() {
        let bytes = signed().bytes().to_vec();
        let at = bytes.windows(16).position(|window| window == [5; 16]).unwrap();
        let mut moved = bytes.clone();
        moved[at] = 6;
        let moved = SignedChange::decode(&moved).unwrap();
        assert_ne!(moved.document(), document());
        assert_eq!(moved.verify(&keys(7).public()), Err(BadSignature));
        let mut forged = bytes;
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(SignedChange::decode(&forged).unwrap().verify(&keys(7).public()), Err(BadSignature));
    }

    #[test]
    fn a_device_signs_under_its_own_name_with_a_session() {
        for actor in [actor(&keys(8)), keys(7).device().as_bytes().to_vec(), vec![1; 32]] {
            assert_eq!(SignedChange::sign(document(), &chunk(&actor), &keys(7)), Err(BadEnvelope::Actor));
        }
        assert_eq!(SignedChange::sign(document(), b"no chunk", &keys(7)), Err(BadEnvelope::Chunk(BadChunk::NotAChange)));
    }

    #[test]
    fn an_envelope_is_a_map_of_three_parts_and_what_a_newer_version_adds() {
        let bytes = signed().bytes().to_vec();
        let newer = [&[0xa4], &bytes[1..], &[0x18, 99, 0x63, b'n', b'e', b'w']].concat();
        let change = SignedChange::decode(&newer).unwrap();
        assert_eq!(change.bytes(), newer);
        assert_eq!(change.verify(&keys(7).public()), Ok(()));

        let format = |bytes: &[u8]| assert!(matches!(SignedChange::decode(bytes), Err(BadEnvelope::Format(_))), "{bytes:02x?}");
        format(&[]);
        format(&[0xa0]);
        format(&bytes[..bytes.len() - 1]);
        format(&[&bytes[..], &[0]].concat());
        format(&[&[0xa4], &bytes[1..], &[2, 0x40]].concat());
        format(&[&[0xbf], &bytes[1..], &[0xff]].concat());
        format(&[&[0xa3, 0, 0x41, 5], &bytes[19..]].concat());
        format(&vec![0; MAX_ENVELOPE + 1]);
    }
}
