//! What a device hears about dossiers that change hands and work that waits for a coordinator.

use crate::cbor;
use crate::chunk::ChangeHash;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, DocumentId};
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
    /// Why it can never come in as it is, when that is so.
    #[n(5)]
    pub unfounded: Option<Unfounded>,
}

/// Why a change that is listed can never come in as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub enum Unfounded {
    /// It builds on a refused one: it is here until its author's device has recorded it anew.
    #[n(1)]
    Leans,
    /// It was refused itself, or recorded anew: it is here for reading what builds on it.
    #[n(2)]
    Gone,
}

/// A change that leant on a refused one, and what its author's device recorded in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Replaced {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The change that can never come in.
    #[n(1)]
    pub old: ChangeHash,
    /// What stands for it; the same when nothing was left to record.
    #[n(2)]
    pub new: ChangeHash,
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
