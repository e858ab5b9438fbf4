//! Erasures: which were asked for or done, who has not confirmed them, and the decision.

use crate::cbor::{self, MAX_NAME};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, DocumentId};
use crate::wire::MAX_ITEMS;

/// A device that could hold an erased dossier and has not said that it wiped it.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ErasureWaiting {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Whose it is.
    #[n(1)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub person: String,
    /// What the person calls it.
    #[n(2)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub label: String,
    /// Its last contact.
    #[n(3)]
    pub last_contact: Option<Timestamp>,
    /// No longer trusted, so that it will hear nothing any more.
    #[n(4)]
    pub revoked: bool,
}

/// An erasure: asked for, or done.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ErasureInfo {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// Code of who asked.
    #[n(1)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NAME>", nil = "cbor::absent")]
    pub asked_by: Option<String>,
    /// When it was asked, while it waits to be confirmed.
    #[n(2)]
    pub asked_at: Option<Timestamp>,
    /// Since when it is erased.
    #[n(3)]
    pub erased_at: Option<Timestamp>,
    /// The document in which the dossier goes on, when only an entry was withdrawn.
    #[n(4)]
    pub replaced_by: Option<DocumentId>,
    /// How many of the devices that could hold it said that they wiped it.
    #[n(5)]
    pub confirmed: u32,
    /// How many changes went with it on those devices that the server never had.
    #[n(6)]
    pub unsent: u32,
    /// The devices that have not said so yet.
    #[n(7)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub waiting: Vec<ErasureWaiting>,
}

/// Answer to `GET /v1/erasures`.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ErasureList {
    /// [`VERSION`](super::VERSION).
    #[n(0)]
    pub version: u32,
    /// The erasures.
    #[n(1)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub erasures: Vec<ErasureInfo>,
}

/// `POST /v1/erasures`: an administrator decides.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ErasureDecision {
    /// [`VERSION`](super::VERSION).
    #[n(0)]
    pub version: u32,
    /// The dossier.
    #[n(1)]
    pub document: DocumentId,
    /// Erase it, or leave it.
    #[n(2)]
    pub confirm: bool,
}
