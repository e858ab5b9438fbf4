//! Where a device stands in the server's feed. A device keeps and returns it without looking inside.

use crate::cbor::{self, FormatError};
use crate::ids::Epoch;
use crate::wire::MAX_CURSOR;

/// The server's content of a cursor: an array, since no other program reads it and every request carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Cursor {
    /// The life of the server that gave it. In another one it is void.
    #[n(0)]
    pub epoch: Epoch,
    /// Everything up to this number of the feed was delivered.
    #[n(1)]
    pub position: u64,
    /// While a document that opened right after `position` is caught up on: how far its earlier changes were delivered.
    #[n(2)]
    pub backfill: Option<u64>,
}

impl Cursor {
    /// The opaque bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// What the server gave earlier.
    ///
    /// # Errors
    /// [`FormatError`] when it is no cursor; the server then treats the device as new.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        cbor::from_slice(bytes, MAX_CURSOR)
    }
}
