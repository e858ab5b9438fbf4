//! What a device and a server say to each other, one request and one answer at a time.
//!
//! Everything is a CBOR map with integer keys; what is empty or absent is not written, so that having nothing to say costs a
//! few bytes. Unknown keys are skipped. Statements and changes travel as the signed bytes they are stored as.

use crate::cbor;
pub use crate::cbor::FormatError;
use crate::chunk::ChangeHash;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, DocumentId, Epoch};
use crate::keyring::LockState;
use crate::keys::Signature;

mod cursor;
mod devices;
mod enrolling;
mod erasing;
mod handover;
mod head;
mod receipt;
mod refusal;
mod revoking;
mod verdict;

pub use cursor::Cursor;
pub use devices::{DeviceInfo, DeviceList};
pub use enrolling::{EnrolAnswer, EnrolRequest, InviteAnswer, InviteRequest, ServerInfo};
pub use erasing::{ErasureDecision, ErasureInfo, ErasureList, ErasureWaiting};
pub use handover::{MAX_WAITING_PAGE, News, QuarantineList, Replaced, Unfounded, WaitingChange};
pub use head::{Head, Seen};
pub use receipt::{Receipt, ReceiptLine, StatementLine, StatementReceipt, heads_digest};
pub use refusal::{ErrorAnswer, ErrorCode, KnownAs};
pub use revoking::{RevokeAnswer, RevokeRequest, kept_by, sign_kept};
pub use verdict::{Reason, Verdict, Why};

/// The version of request and answer that this program speaks.
pub const VERSION: u32 = 1;
pub use crate::limits::{MAX_BODY, MAX_CURSOR, MAX_DOCUMENTS, MAX_HASHES, MAX_ITEMS};
/// The page that a device asks for when it has no reason to ask for another, in bytes.
pub const DEFAULT_PAGE: u32 = 4 << 20;

/// Gives a message its bytes and back.
macro_rules! messages {
    ($($name:ty),+ $(,)?) => {$(
        impl $name {
            /// The body of the message.
            pub fn encode(&self) -> Vec<u8> {
                $crate::cbor::to_vec(self)
            }

            /// Reads a body of at most `limit` bytes.
            ///
            /// # Errors
            /// [`FormatError`](crate::cbor::FormatError) when it is larger, damaged, or of a newer version.
            pub fn decode(bytes: &[u8], limit: usize) -> Result<Self, $crate::cbor::FormatError> {
                $crate::wire::check_version(bytes, limit)?;
                $crate::cbor::from_slice(bytes, limit)
            }
        }
    )+};
}
pub(crate) use messages;

/// Looks at key 0 before the rest, so that a newer message is called newer and not damaged.
pub(crate) fn check_version(bytes: &[u8], limit: usize) -> Result<(), FormatError> {
    if bytes.len() > limit {
        return Err(FormatError::TooLarge { len: bytes.len(), limit });
    }
    let mut d = minicbor::Decoder::new(bytes);
    match d.map()? {
        Some(1..) if d.u64()? == 0 => match d.u32()? {
            VERSION => Ok(()),
            0 => Err(FormatError::malformed("version 0")),
            newer => Err(FormatError::Newer(newer)),
        },
        _ => Err(FormatError::malformed("a message begins with its version")),
    }
}

messages!(
    Request,
    Answer,
    EnrolRequest,
    EnrolAnswer,
    InviteRequest,
    InviteAnswer,
    DeviceList,
    QuarantineList,
    ErasureDecision,
    ErasureList,
    ErrorAnswer,
    RevokeAnswer,
    RevokeRequest,
    ServerInfo
);

/// A digest of a document's heads, as a device will hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Heads {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// See [`heads_digest`].
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub digest: [u8; 8],
}

/// Changes of one document by name.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Hashes {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The changes.
    #[n(1)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_HASHES>")]
    pub hashes: Vec<ChangeHash>,
}

/// What a device sends to `POST /v1/sync`.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Request {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The cursor of the last answer, as it was given; empty at first contact.
    #[n(1)]
    #[cbor(encode_with = "minicbor::bytes::encode", decode_with = "cbor::bytes::<Ctx, MAX_CURSOR>", skip_if = "Vec::is_empty")]
    pub cursor: Vec<u8>,
    /// Signed statements that the server has not acknowledged. They count before the changes.
    #[n(2)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_ITEMS>",
        skip_if = "Vec::is_empty"
    )]
    pub statements: Vec<Vec<u8>>,
    /// Envelopes that the server has not acknowledged, each after those that it builds on.
    #[n(3)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_ITEMS>",
        skip_if = "Vec::is_empty"
    )]
    pub changes: Vec<Vec<u8>>,
    // 4 is not used.
    /// All changes of documents whose heads did not match, for healing.
    #[n(5)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DOCUMENTS>", skip_if = "Vec::is_empty")]
    pub have: Vec<Hashes>,
    /// How many bytes of items the device wants at most; see [`DEFAULT_PAGE`].
    #[n(6)]
    pub page: Option<u32>,
    /// How many changes of the device stay behind after this request.
    #[n(7)]
    #[cbor(skip_if = "cbor::is_zero")]
    pub unsynced: u32,
    /// Coordinators: the contacts of all devices since then are wanted.
    #[n(8)]
    pub contacts_since: Option<Timestamp>,
    /// The head of the server's chain that the device saw last.
    #[n(11)]
    pub seen: Option<Seen>,
    /// Receipts of a former life of the server, about changes in this request: what it admitted once needs no grant now.
    #[n(9)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_ITEMS>",
        skip_if = "Vec::is_empty"
    )]
    pub receipts: Vec<Vec<u8>>,
    /// How the device's keys are kept.
    #[n(10)]
    #[cbor(with = "revoking::lock", has_nil)]
    pub lock: Option<LockState>,
    /// Only to deliver: nothing of the feed is wanted. A revoked device is heard in no other way, where that was allowed.
    #[n(12)]
    #[cbor(skip_if = "cbor::is_false")]
    pub push_only: bool,
    /// Changes of the device that wait for a coordinator: it wants to hear what was decided.
    #[n(14)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DOCUMENTS>", skip_if = "Vec::is_empty")]
    pub waiting: Vec<Hashes>,
    /// Receipts of a former life of the server, about statements in this request: what it admitted once it does not judge again.
    #[n(16)]
    #[cbor(
        encode_with = "cbor::encode_byte_lists",
        decode_with = "cbor::byte_lists::<Ctx, MAX_ITEMS>",
        skip_if = "Vec::is_empty"
    )]
    pub statement_receipts: Vec<Vec<u8>>,
    /// Changes that waited and leant on refused ones, and that the device recorded anew in this request.
    #[n(18)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            version: VERSION,
            cursor: Vec::new(),
            statements: Vec::new(),
            changes: Vec::new(),
            have: Vec::new(),
            page: None,
            unsynced: 0,
            contacts_since: None,
            receipts: Vec::new(),
            seen: None,
            lock: None,
            push_only: false,
            waiting: Vec::new(),
            statement_receipts: Vec::new(),
            replaced: Vec::new(),
        }
    }
}

/// What an item of the feed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub enum ItemKind {
    /// An envelope.
    #[n(0)]
    Change,
    /// A signed statement.
    #[n(1)]
    Statement,
}

/// Something the caseload gained.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Item {
    /// Its number in the feed.
    #[n(0)]
    pub seq: u64,
    /// What the bytes are.
    #[n(1)]
    pub kind: ItemKind,
    /// The signed bytes.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// When a device was last in contact, and what it said it still keeps.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Contact {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Whose it is.
    #[n(1)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// When, by the server's clock.
    #[n(2)]
    pub at: Timestamp,
    /// How many changes stayed behind.
    #[n(3)]
    pub unsynced: u32,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Answer {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// One for each pushed statement, then one for each pushed change, in the order of the request.
    #[n(1)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, { 2 * MAX_ITEMS }>", skip_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// What the caseload gained past the cursor, in feed order; what the device pushed itself is not among it.
    #[n(2)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Documents that the device may no longer hold.
    #[n(3)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DOCUMENTS>", skip_if = "Vec::is_empty")]
    pub closed: Vec<DocumentId>,
    /// The new cursor; absent when the one of the request stands.
    #[n(4)]
    #[cbor(encode_with = "minicbor::bytes::encode", decode_with = "cbor::bytes::<Ctx, MAX_CURSOR>", skip_if = "Vec::is_empty")]
    pub cursor: Vec<u8>,
    /// Whether there is more past the cursor.
    #[n(5)]
    #[cbor(skip_if = "cbor::is_false")]
    pub more: bool,
    /// On the last page: the server's heads of every document that this answer touched. Where the device's accepted part
    /// has others, it lists what it has next time. (Only the device can compare: it alone knows what the page added.)
    #[n(6)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DOCUMENTS>", skip_if = "Vec::is_empty")]
    pub heads: Vec<Heads>,
    /// Changes that the device listed and the server lacks: the device sends them again.
    #[n(7)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DOCUMENTS>", skip_if = "Vec::is_empty")]
    pub missing: Vec<Hashes>,
    /// The server's signature over the changes that this answer accepts or delivers; see [`Receipt`].
    #[n(8)]
    pub receipt: Option<Signature>,
    /// The server's clock, so that a device whose clock is wrong can say so.
    #[n(9)]
    pub time: Timestamp,
    /// Contacts that the request asked for.
    #[n(10)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_ITEMS>", skip_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    /// This life of the server, when the request's cursor names none or another.
    #[n(11)]
    pub epoch: Option<Epoch>,
    /// To a request that only delivers: the server's signature over what it keeps of it; see [`kept_by`].
    #[n(12)]
    pub kept: Option<Signature>,
    /// What changed hands or was decided.
    #[n(13)]
    pub news: Option<News>,
    /// The head of the server's chain, when it is not the one that the device saw last.
    #[n(15)]
    pub head: Option<Head>,
    /// The server's signature over the statements that this answer accepts or delivers; see [`StatementReceipt`].
    #[n(16)]
    pub statement_receipt: Option<Signature>,
    /// The server was put back from a backup and waits for its administrator: until then it takes back what it signed once, and
    /// gives nothing.
    #[n(17)]
    #[cbor(skip_if = "cbor::is_false")]
    pub held: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            version: VERSION,
            verdicts: Vec::new(),
            items: Vec::new(),
            closed: Vec::new(),
            cursor: Vec::new(),
            more: false,
            heads: Vec::new(),
            missing: Vec::new(),
            receipt: None,
            time: Timestamp::default(),
            contacts: Vec::new(),
            epoch: None,
            kept: None,
            head: None,
            news: None,
            statement_receipt: None,
            held: false,
        }
    }
}

#[cfg(test)]
mod tests;
