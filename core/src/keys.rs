//! The keys of a device (or server), and what they sign.
//!
//! A device proves its name: its id is the first half of the SHA-256 of its public signing key.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, Serializable};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::ids::{DeviceId, ServerId};

/// The first byte of a signature by Ed25519. Phones whose hardware keeps keys know only P-256; it will be another number.
pub const ED25519: u8 = 1;

/// The signature is not of these bytes by this key: the bytes were changed, or somebody else signed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the signature does not fit: these bytes were changed on the way, or were not signed by the named device; fetch them again from where they came"
)]
pub struct BadSignature;

/// A signature with the byte that names its algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Signature(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    [u8; 65],
);

impl Signature {
    /// A signature as it was stored or sent.
    pub const fn from_bytes(bytes: [u8; 65]) -> Self {
        Self(bytes)
    }

    /// The algorithm byte and the 64 bytes of the signature.
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// From a slice, if it is 65 bytes long.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// Without the algorithm byte, if the algorithm is Ed25519.
    pub fn ed25519(&self) -> Option<[u8; 64]> {
        let (algorithm, rest) = self.0.split_first()?;
        if *algorithm != ED25519 { None } else { rest.try_into().ok() }
    }

    /// An Ed25519 signature's 64 bytes with their algorithm byte.
    pub fn from_ed25519(signature: &[u8; 64]) -> Self {
        let mut bytes = [ED25519; 65];
        bytes[1..].copy_from_slice(signature);
        Self(bytes)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", data_encoding::HEXLOWER.encode(&self.0[..5]))
    }
}

/// Both public keys of a device or server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct PublicKeys {
    /// Ed25519: checks what the device signs.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub signing: [u8; 32],
    /// X25519: bundles for the device are sealed to it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub sealing: [u8; 32],
}

impl PublicKeys {
    /// The id of the device with these keys.
    pub fn device(&self) -> DeviceId {
        DeviceId::from_bytes(self.name())
    }

    /// The id of the server with these keys.
    pub fn server(&self) -> ServerId {
        ServerId::from_bytes(self.name())
    }

    fn name(&self) -> [u8; 16] {
        let mut name = [0; 16];
        name.copy_from_slice(&Sha256::digest(self.signing)[..16]);
        name
    }

    /// Checks a signature that [`DeviceKeys::sign`] made for the same purpose over the same parts.
    ///
    /// # Errors
    /// [`BadSignature`] also for an unknown algorithm and for a key that is no point of the curve.
    pub fn verify(&self, purpose: &str, parts: &[&[u8]], signature: &Signature) -> Result<(), BadSignature> {
        self.verify_raw(&signed_bytes(purpose, parts), &signature.ed25519().ok_or(BadSignature)?)
    }

    /// Checks an Ed25519 signature over exactly these bytes. Strict: weak keys and second encodings are refused.
    pub(crate) fn verify_raw(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.signing).map_err(|_| BadSignature)?;
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeys({})", self.device())
    }
}

/// The secret keys of a device (or server): one to sign with, one to open bundles with. Wiped from memory when dropped.
#[derive(Clone)]
pub struct DeviceKeys {
    signing: SigningKey,
    sealing: Zeroizing<[u8; 32]>,
    public: PublicKeys,
}

impl DeviceKeys {
    /// New keys.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut secrets = Zeroizing::new([0; 64]);
        rng.fill_bytes(secrets.as_mut_slice());
        Self::from_bytes(&secrets)
    }

    /// The keys that [`to_bytes`](Self::to_bytes) wrote. Any 64 bytes are keys.
    pub fn from_bytes(secrets: &[u8; 64]) -> Self {
        let mut signing = Zeroizing::new([0; 32]);
        let mut sealing = Zeroizing::new([0; 32]);
        signing.copy_from_slice(&secrets[..32]);
        sealing.copy_from_slice(&secrets[32..]);
        let signing = SigningKey::from_bytes(&signing);
        let public = PublicKeys { signing: signing.verifying_key().to_bytes(), sealing: sealing_public(&sealing) };
        Self { signing, sealing, public }
    }

    /// The 64 secret bytes, for the keyring only: the Ed25519 seed and the X25519 secret.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        let mut secrets = Zeroizing::new([0; 64]);
        secrets[..32].copy_from_slice(self.signing.as_bytes());
        secrets[32..].copy_from_slice(self.sealing.as_slice());
        secrets
    }

    /// The id of the device.
    pub fn device(&self) -> DeviceId {
        self.public.device()
    }

    /// The id, when these are a server's keys.
    pub fn server(&self) -> ServerId {
        self.public.server()
    }

    /// What others may know.
    pub const fn public(&self) -> PublicKeys {
        self.public
    }

    /// Signs `purpose`, a zero byte and the parts, one after the other. The purpose ("veldboek/change/1") keeps a signature
    /// of one kind from being passed off as another.
    pub fn sign(&self, purpose: &str, parts: &[&[u8]]) -> Signature {
        Signature::from_ed25519(&self.sign_raw(&signed_bytes(purpose, parts)))
    }

    pub(crate) fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    pub(crate) fn sealing_secret(&self) -> &[u8; 32] {
        &self.sealing
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKeys({}, secrets not shown)", self.device())
    }
}

fn signed_bytes(purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::with_capacity(purpose.len() + 1 + parts.iter().map(|part| part.len()).sum::<usize>());
    message.extend_from_slice(purpose.as_bytes());
    message.push(0);
    for part in parts {
        message.extend_from_slice(part);
    }
    message
}

fn sealing_public(secret: &[u8; 32]) -> [u8; 32] {
    // Only a wrong length is refused, and 32 is right.
    let Ok(secret) = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret) else {
        unreachable!("an X25519 secret is any 32 bytes")
    };
    let mut public = [0; 32];
    public.copy_from_slice(&X25519HkdfSha256::sk_to_pk(&secret).to_bytes());
    public
}

/// Randomness that is none, for tests that compare bytes.
#[cfg(test)]
pub(crate) mod tests_support {
    use std::convert::Infallible;

    use rand_core::{TryCryptoRng, TryRng};

    /// Counts.
    pub(crate) struct Counting(pub(crate) u64);

    impl TryRng for Counting {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(self.try_next_u64()? as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            self.0 = self.0.wrapping_add(1);
            Ok(self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            for chunk in bytes.chunks_mut(8) {
                let next = self.try_next_u64()?.to_le_bytes();
                chunk.copy_from_slice(&next[..chunk.len()]);
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Counting {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_purpose_bytes_and_key_only() {
        let anna = DeviceKeys::from_bytes(&[7; 64]);
        let bram = DeviceKeys::from_bytes(&[8; 64]);
        let signature = anna.sign("veldboek/test/1", &[b"half", b"whole"]);
        assert_eq!(anna.public().verify("veldboek/test/1", &[b"halfwhole"], &signature), Ok(()));
        assert_eq!(anna.public().verify("veldboek/test/2", &[b"half", b"whole"], &signature), Err(BadSignature));
        assert_eq!(anna.public().verify("veldboek/test/1", &[b"half", b"whold"], &signature), Err(BadSignature));
        assert_eq!(bram.public().verify("veldboek/test/1", &[b"half", b"whole"], &signature), Err(BadSignature));
        let mut other_algorithm = *signature.as_bytes();
        other_algorithm[0] = 2;
        let other_algorithm = Signature::from_bytes(other_algorithm);
        assert_eq!(anna.public().verify("veldboek/test/1", &[b"half", b"whole"], &other_algorithm), Err(BadSignature));
    }

    #[test]
    fn keys_survive_storage_and_stay_out_of_messages() {
        let anna = DeviceKeys::from_bytes(&[7; 64]);
        let again = DeviceKeys::from_bytes(&anna.to_bytes());
        assert_eq!(again.public(), anna.public());
        assert_eq!(again.device().as_bytes(), &Sha256::digest(anna.public().signing)[..16]);
        let shown = format!("{anna:?}");
        assert!(!shown.contains("0707") && !shown.contains("7, 7"), "{shown}");
    }

    #[test]
    fn a_key_that_is_no_point_or_weak_verifies_nothing() {
        let anna = DeviceKeys::from_bytes(&[7; 64]);
        let signature = anna.sign("p", &[b"x"]);
        for signing in [[0; 32], [0xff; 32], [2; 32]] {
            let keys = PublicKeys { signing, sealing: [0; 32] };
            assert_eq!(keys.verify("p", &[b"x"], &signature), Err(BadSignature));
        }
    }
}
