//! Sealing bytes so that only the named devices can open them: one content key, wrapped for each device (HPKE, RFC 9180).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::ids::DeviceId;
use crate::keys::{DeviceKeys, PublicKeys};

/// What HPKE binds the wrapping to.
const INFO: &[u8] = b"veldboek/bundle/1";

/// The bytes cannot be opened with this key: they were changed, or sealed for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes cannot be opened: they were changed on the way; copy the file again from where it was made")]
pub struct CannotOpen;

/// A key that is used for one content only.
pub type ContentKey = Zeroizing<[u8; 32]>;

/// A content key, wrapped for one device.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Wrapped {
    /// Which device can unwrap it.
    #[n(0)]
    pub device: DeviceId,
    /// The encapsulated key of HPKE.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub encapsulated: [u8; 32],
    /// The content key and its tag.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub key: [u8; 48],
}

/// A fresh content key.
pub fn content_key(rng: &mut dyn CryptoRng) -> ContentKey {
    let mut key = Zeroizing::new([0; 32]);
    rng.fill_bytes(key.as_mut_slice());
    key
}

/// Wraps a content key for a device; `None` when the device's sealing key is none that HPKE takes.
pub fn wrap(key: &ContentKey, to: &PublicKeys, mut rng: &mut dyn CryptoRng) -> Option<Wrapped> {
    let device = to.device();
    let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&to.sealing).ok()?;
    let (encapsulated, wrapped) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        INFO,
        key.as_slice(),
        device.as_bytes(),
        &mut rng,
    )
    .ok()?;
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&encapsulated.to_bytes());
    Some(Wrapped { device, encapsulated: bytes, key: wrapped.try_into().ok()? })
}

/// Unwraps a content key that was wrapped for this device.
///
/// # Errors
/// [`CannotOpen`] when it was wrapped for another or changed.
pub fn unwrap(wrapped: &Wrapped, keys: &DeviceKeys) -> Result<ContentKey, CannotOpen> {
    let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(keys.sealing_secret()).map_err(|_| CannotOpen)?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&wrapped.encapsulated).map_err(|_| CannotOpen)?;
    let opened = Zeroizing::new(
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            INFO,
            &wrapped.key,
            keys.device().as_bytes(),
        )
        .map_err(|_| CannotOpen)?,
    );
    let mut key = Zeroizing::new([0; 32]);
    if opened.len() != key.len() {
        return Err(CannotOpen);
    }
    key.copy_from_slice(&opened);
    Ok(key)
}

/// Encrypts a content under its key; `clear` is what stands beside it unencrypted and may not be changed either.
pub fn seal(key: &ContentKey, nonce: &[u8; 24], clear: &[u8], content: &[u8]) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new((&**key).into());
    match cipher.encrypt(&XNonce::from(*nonce), Payload { msg: content, aad: clear }) {
        Ok(sealed) => sealed,
        // The cipher's only limit is 256 GiB.
        Err(_) => unreachable!("a content is held in memory"),
    }
}

/// Decrypts what [`seal`] encrypted.
///
/// # Errors
/// [`CannotOpen`] when anything was changed.
pub fn open(key: &ContentKey, nonce: &[u8; 24], clear: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
    let cipher = XChaCha20Poly1305::new((&**key).into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: clear }).map(Zeroizing::new).map_err(|_| CannotOpen)
}
