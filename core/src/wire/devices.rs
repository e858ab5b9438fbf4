//! What the server knows of devices.

use crate::cbor::{self, MAX_NAME, MAX_NOTE};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, DocumentId};
use crate::keyring::LockState;
use crate::statement::Role;
use crate::wire::{MAX_DOCUMENTS, MAX_ITEMS};

/// What the server knows of a device.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct DeviceInfo {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Whose it is.
    #[n(1)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// What that person does.
    #[n(2)]
    #[cbor(with = "cbor::code")]
    pub role: Role,
    /// What the person calls it.
    #[n(3)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub label: String,
    /// Since when.
    #[n(4)]
    pub enrolled: Timestamp,
    /// The last contact.
    #[n(5)]
    pub last_contact: Option<Timestamp>,
    /// How many changes stayed behind at the last contact.
    #[n(6)]
    pub unsynced: Option<u32>,
    /// For one device: the documents that it could hold, which is what a finder of it could see.
    #[n(7)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DOCUMENTS>", skip_if = "Vec::is_empty")]
    pub documents: Vec<DocumentId>,
    /// Since when it is no longer trusted.
    #[n(8)]
    pub revoked: Option<Timestamp>,
    /// The person's name as others see it.
    #[n(9)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub display_name: String,
    /// The organisation that the person works for.
    #[n(10)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub organisation: String,
    /// How its keys are kept, as it last told.
    #[n(11)]
    #[cbor(with = "super::revoking::lock", has_nil)]
    pub lock: Option<LockState>,
    /// When it said that it has wiped itself, by the server's clock.
    #[n(12)]
    pub wiped: Option<Timestamp>,
    /// Why it was revoked.
    #[n(14)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub reason: Option<String>,
    /// Whether what it did not send is still taken, into quarantine.
    #[n(15)]
    #[cbor(skip_if = "cbor::is_false")]
    pub accept_unsent: bool,
    /// How much it said went with it that nobody else has.
    #[n(16)]
    pub lost: Option<u32>,
}

/// Answer to `GET /v1/devices` (all) and `GET /v1/devices/{id}` (one, with documents).
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct DeviceList {
    /// [`VERSION`](super::VERSION).
    #[n(0)]
    pub version: u32,
    /// The devices.
    #[n(1)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub devices: Vec<DeviceInfo>,
}
