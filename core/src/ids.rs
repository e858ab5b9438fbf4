//! Names of things: 16 random (or derived) bytes each, a type per kind so that none is taken for another.
//!
//! In text an id is 22 characters of unpadded URL-safe base64; in CBOR and in Automerge it is its 16 bytes.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use rand_core::Rng;
use sha2::{Digest, Sha256};

/// The text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an id: 22 letters, digits, '-' or '_' were expected")]
pub struct NotAnId(pub String);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, minicbor::Encode, minicbor::Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] #[cbor(with = "minicbor::bytes")] [u8; 16]);

        impl $name {
            /// The id with exactly these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// A fresh id, time-ordered as UUID version 7: 48 bits of milliseconds, the rest random.
            pub fn fresh(now: crate::clock::Timestamp, rng: &mut dyn Rng) -> Self {
                let mut bytes = [0; 16];
                rng.fill_bytes(&mut bytes);
                bytes[..6].copy_from_slice(&now.as_millis().max(0).to_be_bytes()[2..]);
                bytes[6] = (bytes[6] & 0x0f) | 0x70;
                bytes[8] = (bytes[8] & 0x3f) | 0x80;
                Self(bytes)
            }

            /// When it was made, of one that was made [`fresh`](Self::fresh).
            pub fn made_at(&self) -> Option<crate::clock::Timestamp> {
                let [a, b, c, d, e, f, version, _, variant, ..] = self.0;
                let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
                (version >> 4 == 7 && variant >> 6 == 2).then(|| crate::clock::Timestamp::from_millis(millis))
            }

            /// The id that follows from public bytes: the first half of a SHA-256 over a purpose and the bytes.
            pub fn derived(purpose: &str, bytes: &[u8]) -> Self {
                let mut hash = Sha256::new();
                hash.update(purpose.as_bytes());
                hash.update([0]);
                hash.update(bytes);
                let mut id = [0; 16];
                id.copy_from_slice(&hash.finalize()[..16]);
                Self(id)
            }

            /// The 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// The id from a slice, if it is 16 bytes long.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Some(Self(bytes.try_into().ok()?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                BASE64URL_NOPAD
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| Self::from_slice(&bytes))
                    .ok_or_else(|| NotAnId(text.to_owned()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One Automerge document: a dossier, or the region's register.
    DocumentId;
    /// One device: the first half of the SHA-256 of its public signing key, so that a key proves its own name.
    DeviceId;
    /// One server, named like a device after its public key.
    ServerId;
    /// One life of a server; a restored server begins a new one.
    Epoch;
    /// A key in the keyring: the document it belongs to, or the store's own.
    KeyId;
    /// A trainee, independent of the document that holds the dossier at the moment.
    TraineeId;
    /// What is kept of the name of a trainee whose dossier was erased: it says nothing, and a copy that comes back is known by it.
    TraineeMark;
    /// A trajectory of a trainee in one programme.
    TrajectoryId;
    /// A period in which a trainee goes to one school.
    EnrolmentId;
    /// A place at an employer or school.
    PlacementId;
    /// A course that a trainee follows within a trajectory.
    TrainingId;
    /// A planned or recorded visit.
    VisitId;
    /// An action point agreed at a visit.
    AgreementId;
    /// A dated fact in an append-only list: a phase event, a coach assignment, a correction.
    EntryId;
}

impl TraineeId {
    /// What stays of this name when the dossier is erased.
    pub fn mark(&self) -> TraineeMark {
        TraineeMark::derived("veldboek/erased/1", &self.0)
    }
}
