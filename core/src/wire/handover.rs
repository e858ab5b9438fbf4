//! What a device hears about dossiers that change hands and work that waits for a coordinator.

use crate::cbor;
use crate::clock::Timestamp;
use crate::ids::DeviceId;
use crate::wire::{MAX_DOCUMENTS, MAX_ITEMS, ReceiptLine, VERSION};

/// How many bytes of waiting work the server lists in one answer at most.
pub const MAX_WAITING_PAGE: usize = 4 << 20;

/// What an answer says besides the feed, to whoever it concerns. The device may no longer see the dossiers it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct News {
    /// Statements of the server for all that the answer closes: a device destroys nothing without.
    #[n(0)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_DOCUMENTS>",
        skip_if = "Vec::is_empty"
    )]
    pub closings: Vec<Vec<u8>>,
    /// Decisions of coordinators about changes that the request says wait.
    #[n(1)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_ITEMS>",
        skip_if = "Vec::is_empty"
    )]
    pub decisions: Vec<Vec<u8>>,
    /// Changes that the request says wait and that the server has let in; the receipt covers them.
    #[n(2)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub admitted: Vec<ReceiptLine>,
    /// Coordinators: how many changes wait for a decision of their organisation.
    #[n(3)]
    pub to_decide: Option<u32>,
    /// Coordinators: the number of the last one that came.
    #[n(4)]
    pub newest: Option<u64>,
}

/// A change that waits, as a coordinator reads it.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct WaitingChange {
    /// Its number at the server.
    #[n(0)]
    pub number: u64,
    /// The envelope.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub envelope: Vec<u8>,
    /// Code of the reason why it waits.
    #[n(2)]
    #[cbor(decode_with = "cbor::text::<Ctx, { cbor::MAX_NAME }>")]
    pub reason: String,
    /// When it arrived.
    #[n(3)]
    pub arrived: Timestamp,
    /// The device that brought it.
    #[n(4)]
    pub sender: Option<DeviceId>,
}

/// Answer to `GET /v1/quarantine` and `GET /v1/quarantine/{after}`: what waits in the caller's organisation, in the order in
/// which it came.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct QuarantineList {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// What waits.
    #[n(1)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub changes: Vec<WaitingChange>,
    /// Whether there is more after the last one.
    #[n(2)]
    #[cbor(skip_if = "std::ops::Not::not")]
    pub more: bool,
}

impl Default for QuarantineList {
    fn default() -> Self {
        Self { version: VERSION, changes: Vec::new(), more: false }
    }
}
