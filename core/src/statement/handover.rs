//! What is stated when a dossier changes hands: which decision a grant is part of, what was decided about work that waited,
//! and that somebody's access is over.

use minicbor::bytes::ByteVec;

use crate::cbor::{self, MAX_NOTE};
use crate::chunk::ChangeHash;
use crate::clock::Timestamp;
use crate::codes;
use crate::ids::DocumentId;

/// The most changes that one decision names.
pub const MAX_DECIDED: usize = 400;
/// The most dossiers that one closing names.
pub const MAX_CLOSED: usize = 800;

codes! {
    /// The decision that a grant, or the end of one, is part of.
    Handover {
        Assignment = "ASSIGNMENT", "Toewijzing", "Assignment";
        Transfer = "TRANSFER", "Overdracht", "Transfer";
        WarmHandover = "WARM_HANDOVER", "Warme overdracht", "Warm handover";
        Cover = "COVER", "Vervanging", "Cover";
    }
}

/// Coordinator: what waited may come in, or not.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Decision {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// The changes that were looked at and decided on.
    #[n(1)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DECIDED>")]
    pub changes: Vec<ChangeHash>,
    /// Whether they come in.
    #[n(2)]
    pub accepted: bool,
    /// Who decided it.
    #[n(3)]
    #[cbor(decode_with = "cbor::person")]
    pub by: String,
    /// When, by the clock of whoever signs.
    #[n(4)]
    pub at: Timestamp,
    /// Why, for the author to read.
    #[n(5)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub reason: Option<String>,
    /// Changes that build on refused ones and so cannot come in as they are: their author's device performs them again.
    #[n(6)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DECIDED>", skip_if = "Vec::is_empty")]
    pub leaning: Vec<ChangeHash>,
}

/// Server: a person's access to these dossiers is over, and their devices drop them.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Closing {
    /// Whose.
    #[n(0)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// Which dossiers.
    #[n(1)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_CLOSED>")]
    pub documents: Vec<DocumentId>,
    /// When the server says so.
    #[n(2)]
    pub at: Timestamp,
    /// The cursor of the request that it answers: it is good for that answer, whatever the server's clock says.
    #[n(3)]
    pub asked: Option<ByteVec>,
}
