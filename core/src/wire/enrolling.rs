//! Joining a region: who the server is, the code that a coordinator asks for, and the enrolment with it.

use crate::cbor::{self, MAX_NAME};
use crate::clock::Timestamp;
use crate::ids::{Epoch, ServerId};
use crate::keys::{BadSignature, DeviceKeys, PublicKeys, Signature};
use crate::statement::Role;
use crate::wire::{MAX_ITEMS, VERSION};

/// What the proof in an enrolment begins with.
const ENROL: &str = "veldboek/enrol/1";

/// The longest enrolment code, in characters.
const MAX_CODE: usize = 64;

/// `POST /v1/enrol`: a device asks to belong to the person for whom the code was made. It is not a signed request, since the
/// server does not know the keys yet; it proves that the device holds them.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct EnrolRequest {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The one-time code.
    #[n(1)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_CODE>")]
    pub code: String,
    /// The device's public keys.
    #[n(2)]
    pub keys: PublicKeys,
    /// What the person calls the device.
    #[n(3)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub label: String,
    /// The region that the device was set up for, so that a wrong address is noticed.
    #[n(4)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NAME>", nil = "cbor::absent")]
    pub region: Option<String>,
    /// The device's signature over the code and both keys.
    #[n(5)]
    pub proof: Signature,
}

impl EnrolRequest {
    /// The request of a device with these keys.
    pub fn new(code: &str, keys: &DeviceKeys, label: &str, region: Option<&str>) -> Self {
        let public = keys.public();
        Self {
            version: VERSION,
            code: code.to_owned(),
            keys: public,
            label: label.to_owned(),
            region: region.map(str::to_owned),
            proof: keys.sign(ENROL, &[&public.signing, &public.sealing, code.as_bytes()]),
        }
    }

    /// Checks that whoever asks holds the keys.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise.
    pub fn verify(&self) -> Result<(), BadSignature> {
        self.keys.verify(ENROL, &[&self.keys.signing, &self.keys.sealing, self.code.as_bytes()], &self.proof)
    }
}

/// What a device needs to know to take part.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct EnrolAnswer {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The server.
    #[n(1)]
    pub server: ServerId,
    /// The server's public keys; its id follows from them.
    #[n(2)]
    pub keys: PublicKeys,
    /// The region, from which the register's document id follows.
    #[n(3)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub region: String,
    /// This life of the server.
    #[n(4)]
    pub epoch: Epoch,
    /// Signed statements: the device's own certificate, then all others.
    #[n(5)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_ITEMS>",
        skip_if = "Vec::is_empty"
    )]
    pub statements: Vec<Vec<u8>>,
    /// Who the device now belongs to.
    #[n(6)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// What that person does.
    #[n(7)]
    #[cbor(with = "cbor::code")]
    pub role: Role,
    /// The organisation that person works for.
    #[n(8)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub organisation: String,
    /// The nonce for the first signed request, as text.
    #[n(9)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_CODE>")]
    pub nonce: String,
    /// That person's name as others see it.
    #[n(10)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub display_name: String,
}

/// Answer to `GET /v1/server`: which server this is, for a device that is about to enrol. It is not signed; what it says is
/// believed when the answer to the enrolment says the same.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ServerInfo {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The server.
    #[n(1)]
    pub server: ServerId,
    /// The server's public keys; its id follows from them.
    #[n(2)]
    pub keys: PublicKeys,
    /// The region.
    #[n(3)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub region: String,
    /// This life of the server.
    #[n(4)]
    pub epoch: Epoch,
}

/// `POST /v1/invitations`: a coordinator asks for a code.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct InviteRequest {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// For whom.
    #[n(1)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// That person's name as others will see it.
    #[n(2)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub display_name: String,
    /// What that person will do.
    #[n(3)]
    #[cbor(with = "cbor::code")]
    pub role: Role,
    /// The organisation that person works for.
    #[n(4)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub organisation: String,
}

/// The one-time code.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct InviteAnswer {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The code, to be given to that person and nobody else.
    #[n(1)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_CODE>")]
    pub code: String,
    /// Until when it works.
    #[n(2)]
    pub expires: Timestamp,
}
