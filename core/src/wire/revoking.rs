//! What is said when a device is lost: to revoke it, what it may still deliver, and how its keys are kept.

use crate::cbor::{self, MAX_NOTE};
use crate::chunk::ChangeHash;
use crate::clock::Timestamp;
use crate::ids::DeviceId;
use crate::keyring::LockState;
use crate::keys::{BadSignature, DeviceKeys, PublicKeys, Signature};

/// What a signature over what a server keeps begins with.
const KEPT: &str = "veldboek/kept/1";

impl LockState {
    /// Its number on the line and in the journal; 0 is unknown.
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 1,
            Self::Passphrase => 2,
            Self::Keystore => 3,
        }
    }

    /// The state with this number; one of a newer version is unknown here.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::None),
            2 => Some(Self::Passphrase),
            3 => Some(Self::Keystore),
            _ => None,
        }
    }
}

/// How keys are kept, as its number.
pub(super) mod lock {
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{self, Encoder, Write};

    use super::LockState;

    pub(in crate::wire) fn decode<Ctx>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Option<LockState>, Error> {
        Ok(u8::try_from(d.u64()?).ok().and_then(LockState::from_number))
    }

    pub(in crate::wire) fn encode<Ctx, W: Write>(
        state: &Option<LockState>,
        e: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u8(state.map_or(0, LockState::number))?.ok()
    }

    pub(in crate::wire) fn nil() -> Option<Option<LockState>> {
        Some(None)
    }

    pub(in crate::wire) fn is_nil(state: &Option<LockState>) -> bool {
        state.is_none()
    }
}

/// `POST /v1/revocations`: a device is no longer to be trusted; or, said again, what it did not send is to be taken after all.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct RevokeRequest {
    /// [`VERSION`](crate::wire::VERSION).
    #[n(0)]
    pub version: u32,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// Why: lost, stolen, replaced.
    #[n(2)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub reason: Option<String>,
    /// Whether what only this device has is still taken, into quarantine. Administrators only.
    #[n(3)]
    #[cbor(skip_if = "cbor::is_false")]
    pub accept_unsent: bool,
}

/// It is revoked, and what that means for what was not sent.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct RevokeAnswer {
    /// [`VERSION`](crate::wire::VERSION).
    #[n(0)]
    pub version: u32,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// Since when it is revoked.
    #[n(2)]
    pub at: Timestamp,
    /// Its last contact.
    #[n(3)]
    pub last_contact: Option<Timestamp>,
    /// How many changes stayed behind on it then.
    #[n(4)]
    pub unsynced: Option<u32>,
    /// Whether what it did not send is taken.
    #[n(5)]
    #[cbor(skip_if = "cbor::is_false")]
    pub accept_unsent: bool,
}

/// The server signs what it keeps, admitted or in quarantine, of what a device delivered that will wipe itself next.
pub fn sign_kept(device: DeviceId, hashes: &[ChangeHash], keys: &DeviceKeys) -> Signature {
    keys.sign(KEPT, &[device.as_bytes(), &listed(hashes)])
}

/// Checks that the server signed that it keeps exactly these statements and changes of the device.
///
/// # Errors
/// [`BadSignature`] otherwise: nothing may be destroyed because of this answer.
pub fn kept_by(server: &PublicKeys, device: DeviceId, hashes: &[ChangeHash], signature: &Signature) -> Result<(), BadSignature> {
    server.verify(KEPT, &[device.as_bytes(), &listed(hashes)], signature)
}

/// The hashes as they are signed: sorted, each once.
fn listed(hashes: &[ChangeHash]) -> Vec<u8> {
    let mut sorted = hashes.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.iter().flat_map(|hash| *hash.as_bytes()).collect()
}
