//! Signed statements: who a device belongs to, who began a dossier, who may see it, what was lost or erased.
//!
//! The bytes of a statement are kept verbatim with their signature, so that they can be checked by everyone for ever, and so
//! that what a newer version added to them survives being forwarded by this one.

use std::fmt;
use std::ops::Range;

use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{self, Encode, Encoder, Write};
use sha2::{Digest, Sha256};

use crate::cbor::{self, FormatError, MAX_NAME, MAX_NOTE};
use crate::chunk::ChangeHash;
use crate::clock::{Day, Timestamp};
use crate::codes;
use crate::ids::{DeviceId, DocumentId, EntryId, TraineeId, TraineeMark};
use crate::keys::{BadSignature, DeviceKeys, PublicKeys, Signature};

mod handover;

pub use handover::{Closing, Decision, Handover, MAX_CLOSED, MAX_DECIDED};

/// What a signature over a statement begins with.
pub const PURPOSE: &str = "veldboek/statement/1";
/// The most grants that one end names.
pub const MAX_ENDED: usize = 600;
/// The most entries that one re-founding leaves out.
pub const MAX_WITHDRAWN: usize = 500;
/// The most changes that write one dossier anew.
pub const MAX_FOUNDING: usize = 512;
/// The most heads that a dossier has when it is written anew: as many as one change can follow.
pub const MAX_HEADS: usize = 64;
pub use crate::limits::MAX_STATEMENT;

codes! {
    /// What a person does in the region.
    Role {
        Coach = "COACH", "Jobcoach", "Job coach";
        Coordinator = "COORDINATOR", "Coördinator", "Coordinator";
        Administrator = "ADMINISTRATOR", "Beheerder", "Administrator";
    }
}

/// Whether the text can be a person's code: 2 to 32 of `a-z`, `0-9` and `-`.
pub fn is_person_code(text: &str) -> bool {
    (2..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// What kind of document an opening begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub enum DocumentKind {
    /// One trainee.
    #[n(0)]
    Dossier,
    /// The region's shared register.
    #[n(1)]
    Register,
}

/// Server: this device with these keys belongs to this person, who does this work.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Certificate {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its public keys, from which the device's id follows.
    #[n(1)]
    pub keys: PublicKeys,
    /// The person's code in the register.
    #[n(2)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// The person's name as others see it.
    #[n(3)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub display_name: String,
    /// What the person does.
    #[n(4)]
    #[cbor(with = "cbor::code")]
    pub role: Role,
    /// The organisation the person works for.
    #[n(5)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub organisation: String,
    /// What the person calls the device.
    #[n(6)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub label: String,
    /// From when.
    #[n(7)]
    pub from: Timestamp,
}

/// Device: a document begins. Whoever opens a dossier holds a grant from that moment.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Opening {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// What kind of document.
    #[n(1)]
    pub kind: DocumentKind,
    /// Which founding change it stands on.
    #[n(2)]
    pub founding: u32,
    /// Whose dossier; none for a register.
    #[n(3)]
    pub trainee: Option<TraineeId>,
    /// The organisation whose coordinators see it.
    #[n(4)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub organisation: String,
    /// Who opens it.
    #[n(5)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// When, by the device's clock.
    #[n(6)]
    pub at: Timestamp,
    /// The document that this one takes the place of: its grants hold here, and nobody gains one by opening this.
    #[n(7)]
    pub replaces: Option<DocumentId>,
}

/// Device or server: a person may read and write a dossier.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Grant {
    /// Its name.
    #[n(0)]
    pub id: EntryId,
    /// The dossier.
    #[n(1)]
    pub document: DocumentId,
    /// Who may.
    #[n(2)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// The first day.
    #[n(3)]
    #[cbor(with = "cbor::day")]
    pub from: Day,
    /// The last day, if it is known.
    #[n(4)]
    #[cbor(with = "cbor::some_day", has_nil)]
    pub until: Option<Day>,
    /// Why: a handover, a holiday.
    #[n(5)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub note: Option<String>,
    /// Who decided it.
    #[n(6)]
    #[cbor(decode_with = "cbor::person")]
    pub by: String,
    /// When, by the clock of whoever signs.
    #[n(7)]
    pub at: Timestamp,
    /// The decision that it is part of.
    #[n(8)]
    #[cbor(with = "cbor::some_code", has_nil)]
    pub decision: Option<Handover>,
}

/// Device or server: a person's grants of a dossier end.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct GrantEnd {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// Whose grants.
    #[n(1)]
    #[cbor(decode_with = "cbor::person")]
    pub person: String,
    /// The first day without access.
    #[n(2)]
    #[cbor(with = "cbor::day")]
    pub on: Day,
    /// Who decided it.
    #[n(3)]
    #[cbor(decode_with = "cbor::person")]
    pub by: String,
    /// When, by the clock of whoever signs.
    #[n(4)]
    pub at: Timestamp,
    /// Why.
    #[n(5)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub reason: Option<String>,
    /// The decision that it is part of.
    #[n(6)]
    #[cbor(with = "cbor::some_code", has_nil)]
    pub decision: Option<Handover>,
    /// The assignment that takes its place, where reason and note are.
    #[n(7)]
    pub successor: Option<EntryId>,
    /// The grants that whoever decided it knew of, and that end by it. What a person has by opening the dossier always does.
    /// Absent in those of an earlier version: they end what was granted before them by the clocks of both.
    #[n(8)]
    #[cbor(decode_with = "cbor::some_set::<Ctx, _, MAX_ENDED>", nil = "cbor::absent")]
    pub ends: Option<Vec<EntryId>>,
}

impl GrantEnd {
    /// Whether this grant ends by it: the same everywhere, whatever the order in which the two come and whatever clocks say.
    pub fn takes(&self, grant: &Grant) -> bool {
        let named = match &self.ends {
            Some(ends) => ends.contains(&grant.id),
            None => self.at >= grant.at,
        };
        named && self.person == grant.person
    }
}

/// Server: a device is no longer trusted.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Revocation {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// From when.
    #[n(1)]
    pub at: Timestamp,
    /// Why: lost, stolen, replaced.
    #[n(2)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub reason: Option<String>,
    /// Whether what only this device has is still taken, into quarantine, before it wipes.
    #[n(3)]
    #[cbor(skip_if = "cbor::is_false")]
    pub accept_unsent: bool,
    /// Who decided it; none when it was done at the server itself.
    #[n(4)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NAME>", nil = "cbor::absent")]
    pub by: Option<String>,
}

/// Device: it was revoked, and has destroyed everything that it held. Signed before the keys go, sent when all of it is gone.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Wiped {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// The revocation that it obeyed: the SHA-256 of its signed bytes.
    #[n(1)]
    pub revocation: ChangeHash,
    /// When, by the device's clock.
    #[n(2)]
    pub at: Timestamp,
    /// How many changes went with it that the server does not have.
    #[n(3)]
    #[cbor(skip_if = "cbor::is_zero")]
    pub lost: u32,
}

/// Server: a dossier is erased and its bytes are not to be kept by anyone.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Erasure {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// From when.
    #[n(1)]
    pub at: Timestamp,
    /// What stays of the trainee's name, so that a copy of the dossier under another document is known too; absent when the
    /// trainee's dossier goes on in another document.
    #[n(2)]
    pub trainee: Option<TraineeMark>,
    /// The document in which the dossier goes on.
    #[n(3)]
    pub replaced_by: Option<DocumentId>,
    /// The entries that did not go along.
    #[n(4)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_WITHDRAWN>", skip_if = "Vec::is_empty")]
    pub withdrawn: Vec<EntryId>,
}

/// Device: the dossier was erased here, with what had not been sent.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ErasureReceipt {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// When, by the device's clock.
    #[n(1)]
    pub at: Timestamp,
    /// How many changes went with it that the server never had.
    #[n(2)]
    pub unsent: u32,
}

/// Device: a coordinator asks that a dossier be erased, or takes that back. Server: it will not be.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ErasureRequest {
    /// The dossier.
    #[n(0)]
    pub document: DocumentId,
    /// Who asks or takes back.
    #[n(1)]
    #[cbor(decode_with = "cbor::person")]
    pub by: String,
    /// When, by the clock of whoever signs.
    #[n(2)]
    pub at: Timestamp,
    /// Taken back or refused, instead of asked.
    #[n(3)]
    pub withdrawn: Option<bool>,
}

/// Device: a dossier was written anew in another document, without these entries; the old one is to be erased.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Refounding {
    /// The document that is to go.
    #[n(0)]
    pub old: DocumentId,
    /// The document that stays.
    #[n(1)]
    pub new: DocumentId,
    /// Who did it.
    #[n(2)]
    #[cbor(decode_with = "cbor::person")]
    pub by: String,
    /// When, by the device's clock.
    #[n(3)]
    pub at: Timestamp,
    /// The entries that were left out.
    #[n(4)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_WITHDRAWN>", skip_if = "Vec::is_empty")]
    pub withdrawn: Vec<EntryId>,
    /// Why.
    #[n(5)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub reason: Option<String>,
    /// The heads of the old document as it is written anew; absent when an earlier version did it.
    #[n(6)]
    #[cbor(decode_with = "cbor::some_set::<Ctx, _, MAX_HEADS>", nil = "cbor::absent")]
    pub heads: Option<Vec<ChangeHash>>,
    /// The changes that write it anew: they hold exactly what the old document holds at these heads, without the entries.
    #[n(7)]
    #[cbor(decode_with = "cbor::some_set::<Ctx, _, MAX_FOUNDING>", nil = "cbor::absent")]
    pub founding: Option<Vec<ChangeHash>>,
}

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Kind 1: a device belongs to a person.
    Certificate(Certificate),
    /// Kind 2: a document begins.
    Opening(Opening),
    /// Kind 3: a person may see a dossier.
    Grant(Grant),
    /// Kind 4: a person's grants of a dossier end.
    GrantEnd(GrantEnd),
    /// Kind 5: a device is no longer trusted.
    Revocation(Revocation),
    /// Kind 6: a dossier is erased.
    Erasure(Erasure),
    /// Kind 7: a revoked device has wiped itself.
    Wiped(Wiped),
    /// Kind 8: a dossier was erased on a device.
    ErasureReceipt(ErasureReceipt),
    /// Kind 10: a dossier should be erased.
    ErasureRequest(ErasureRequest),
    /// Kind 11: a dossier goes on in another document.
    Refounding(Refounding),
    /// Kind 9: what waited may come in, or not.
    Decision(Decision),
    /// Kind 14: somebody's access is over.
    Closing(Closing),
    /// A kind that a newer version knows. It is kept and forwarded, and means nothing here.
    Newer(u32),
}

impl Statement {
    /// The number of its kind.
    pub const fn kind(&self) -> u32 {
        match self {
            Self::Certificate(_) => 1,
            Self::Opening(_) => 2,
            Self::Grant(_) => 3,
            Self::GrantEnd(_) => 4,
            Self::Revocation(_) => 5,
            Self::Erasure(_) => 6,
            Self::Wiped(_) => 7,
            Self::ErasureReceipt(_) => 8,
            Self::ErasureRequest(_) => 10,
            Self::Refounding(_) => 11,
            Self::Decision(_) => 9,
            Self::Closing(_) => 14,
            Self::Newer(kind) => *kind,
        }
    }

    /// When it was made, by the clock of whoever signed it.
    pub const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Certificate(Certificate { from: at, .. })
            | Self::Opening(Opening { at, .. })
            | Self::Grant(Grant { at, .. })
            | Self::GrantEnd(GrantEnd { at, .. })
            | Self::Revocation(Revocation { at, .. })
            | Self::Erasure(Erasure { at, .. })
            | Self::Wiped(Wiped { at, .. })
            | Self::ErasureReceipt(ErasureReceipt { at, .. })
            | Self::ErasureRequest(ErasureRequest { at, .. })
            | Self::Refounding(Refounding { at, .. })
            | Self::Decision(Decision { at, .. })
            | Self::Closing(Closing { at, .. }) => Some(*at),
            Self::Newer(_) => None,
        }
    }

    /// Whether the time that it says is one of which a day can be told; one of a newer version says none that is known here.
    pub fn is_of_a_day(&self) -> bool {
        self.at().is_none_or(Timestamp::has_a_day)
    }

    /// The document it belongs to, if it belongs to one: it is kept under that document's key, goes to who sees the document,
    /// and goes away with it. An erasure and its receipts outlive the document.
    pub const fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Opening(Opening { document, .. })
            | Self::Grant(Grant { document, .. })
            | Self::GrantEnd(GrantEnd { document, .. })
            | Self::Decision(Decision { document, .. })
            | Self::ErasureRequest(ErasureRequest { document, .. })
            | Self::Refounding(Refounding { new: document, .. }) => Some(*document),
            Self::Certificate(_)
            | Self::Revocation(_)
            | Self::Erasure(_)
            | Self::Wiped(_)
            | Self::ErasureReceipt(_)
            | Self::Closing(_)
            | Self::Newer(_) => None,
        }
    }
}

impl<C> Encode<C> for Statement {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(2)?.u8(0)?.u32(self.kind())?.u8(1)?;
        match self {
            Self::Certificate(body) => body.encode(e, ctx),
            Self::Opening(body) => body.encode(e, ctx),
            Self::Grant(body) => body.encode(e, ctx),
            Self::GrantEnd(body) => body.encode(e, ctx),
            Self::Revocation(body) => body.encode(e, ctx),
            Self::Erasure(body) => body.encode(e, ctx),
            Self::Wiped(body) => body.encode(e, ctx),
            Self::ErasureReceipt(body) => body.encode(e, ctx),
            Self::ErasureRequest(body) => body.encode(e, ctx),
            Self::Refounding(body) => body.encode(e, ctx),
            Self::Decision(body) => body.encode(e, ctx),
            Self::Closing(body) => body.encode(e, ctx),
            Self::Newer(_) => e.map(0)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Statement {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, Error> {
        let length = d.map()?.ok_or_else(|| Error::message("a map of definite length was expected"))?;
        let (mut before, mut kind, mut statement) = (None, None, None);
        for _ in 0..length {
            let key = d.u64()?;
            if before.replace(key).is_some_and(|before| before >= key) {
                return Err(Error::message("keys out of order"));
            }
            match (key, kind) {
                (0, _) => kind = Some(d.u32()?),
                (1, Some(kind)) => {
                    statement = Some(match kind {
                        1 => Self::Certificate(Certificate::decode(d, ctx)?),
                        2 => Self::Opening(Opening::decode(d, ctx)?),
                        3 => Self::Grant(Grant::decode(d, ctx)?),
                        4 => Self::GrantEnd(GrantEnd::decode(d, ctx)?),
                        5 => Self::Revocation(Revocation::decode(d, ctx)?),
                        6 => Self::Erasure(Erasure::decode(d, ctx)?),
                        7 => Self::Wiped(Wiped::decode(d, ctx)?),
                        8 => Self::ErasureReceipt(ErasureReceipt::decode(d, ctx)?),
                        10 => Self::ErasureRequest(ErasureRequest::decode(d, ctx)?),
                        11 => Self::Refounding(Refounding::decode(d, ctx)?),
                        9 => Self::Decision(Decision::decode(d, ctx)?),
                        14 => Self::Closing(Closing::decode(d, ctx)?),
                        newer => {
                            d.skip()?;
                            Self::Newer(newer)
                        }
                    });
                }
                _ => d.skip()?,
            }
        }
        let statement = statement.ok_or_else(|| Error::message("a statement needs a kind and a body"))?;
        match &statement {
            Self::Certificate(body) if body.keys.device() != body.device => Err(Error::message("the keys are not the device's")),
            Self::Opening(body) if (body.kind == DocumentKind::Dossier) != body.trainee.is_some() => {
                Err(Error::message("a dossier has a trainee and a register has none"))
            }
            Self::Grant(body) if body.until.is_some_and(|until| until < body.from) => {
                Err(Error::message("a grant ends before it begins"))
            }
            Self::Refounding(body) if body.old == body.new => Err(Error::message("a document does not replace itself")),
            Self::Refounding(body) if body.heads.is_some() != body.founding.is_some() => {
                Err(Error::message("what was written anew goes with what it was written from"))
            }
            Self::Opening(body) if body.replaces == Some(body.document) => {
                Err(Error::message("a document does not replace itself"))
            }
            Self::Decision(body) if body.changes.is_empty() => Err(Error::message("a decision is about something")),
            _ => Ok(statement),
        }
    }
}

/// The name of a statement: the first half of the SHA-256 of its signer and bytes, so that copies of one are known as one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId([u8; 16]);

impl StatementId {
    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatementId({self})")
    }
}

/// A statement with its signature. The signature has not been checked until [`verify`](Self::verify) was called, and whether
/// the signer may state this is not decided here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    bytes: Vec<u8>,
    stated: Range<usize>,
    statement: Statement,
    signer: DeviceId,
    signature: Signature,
}

impl SignedStatement {
    /// Signs a statement with the keys of a device or of the server.
    ///
    /// # Errors
    /// [`FormatError`] when the statement is not one that would be read again: a code or name out of bounds, keys that are
    /// not the device's, a grant that ends before it begins.
    pub fn sign(statement: &Statement, keys: &DeviceKeys) -> Result<Self, FormatError> {
        let stated = cbor::to_vec(statement);
        let signature = keys.sign(PURPOSE, &[&stated]);
        let signed = Signed { stated: stated.into(), signer: keys.device(), signature };
        Self::decode(&cbor::to_vec(&signed))
    }

    /// Reads a signed statement; keys that a newer version added are skipped (and kept in the bytes).
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be read.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let fields = cbor::fields(bytes, MAX_STATEMENT)?;
        let part = |key| cbor::content(bytes, fields.get(&key));
        let stated = part(0)?;
        let statement = cbor::from_slice(cbor::at(bytes, &stated), MAX_STATEMENT)?;
        let signer = DeviceId::from_slice(cbor::at(bytes, &part(1)?));
        let signature = Signature::from_slice(cbor::at(bytes, &part(2)?));
        let (Some(signer), Some(signature)) = (signer, signature) else {
            return Err(FormatError::malformed("a part of the statement has the wrong length"));
        };
        Ok(Self { bytes: bytes.to_vec(), stated, statement, signer, signature })
    }

    /// The signed statement as it is stored and forwarded.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its name.
    pub fn id(&self) -> StatementId {
        let mut hash = Sha256::new();
        hash.update(self.signer.as_bytes());
        hash.update(self.stated());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        StatementId(id)
    }

    /// Whether the envelope has the one encoding that [`sign`](Self::sign) gives it. The signature does not cover the envelope:
    /// whoever passes a statement on could otherwise make any number of others of it, all signed rightly.
    pub fn is_as_signed(&self) -> bool {
        let (signer, signature) = (self.signer, self.signature);
        cbor::to_vec(Signed { stated: self.stated().to_vec().into(), signer, signature }) == self.bytes
    }

    /// What is stated.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Who is named as its signer. A server's id has the same shape: compare with [`ServerId::as_bytes`](crate::ids::ServerId).
    pub const fn signer(&self) -> DeviceId {
        self.signer
    }

    fn stated(&self) -> &[u8] {
        cbor::at(&self.bytes, &self.stated)
    }

    /// Checks that the keys are the signer's and that they signed exactly this statement.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise.
    pub fn verify(&self, keys: &PublicKeys) -> Result<(), BadSignature> {
        if keys.device() != self.signer {
            return Err(BadSignature);
        }
        keys.verify(PURPOSE, &[self.stated()], &self.signature)
    }
}

#[derive(minicbor::Encode)]
#[cbor(map)]
struct Signed {
    #[n(0)]
    stated: minicbor::bytes::ByteVec,
    #[n(1)]
    signer: DeviceId,
    #[n(2)]
    signature: Signature,
}

#[cfg(test)]
mod tests;
