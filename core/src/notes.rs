//! What a store writes in its journal besides signed bytes: small CBOR maps with integer keys.
//!
//! Changes are stored as their envelopes, statements as they were signed; these notes are about them. They never leave
//! the store, save where `docs/formats.md` says so.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::chunk::ChangeHash;
use crate::clock::Timestamp;
use crate::ids::*;
use crate::keys::{PublicKeys, Signature};
use crate::record::Write;

/// A note could not be read; the journal holds something this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a note in the journal could not be read ({0}); use the version of Veldboek that wrote it")]
pub struct UnreadableNote(pub String);

macro_rules! notes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $key:literal $field:ident: $kind:ty;)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Encode, Decode)]
        #[cbor(map)]
        pub struct $name {
            $($(#[$field_doc])* #[n($key)] pub $field: $kind,)*
        }

        impl $name {
            /// The payload of its journal record.
            pub fn encode(&self) -> Vec<u8> {
                // Writing to a vector cannot fail.
                minicbor::to_vec(self).unwrap_or_default()
            }

            /// From the payload of a journal record.
            ///
            /// # Errors
            /// [`UnreadableNote`] when it is not this kind of note.
            pub fn decode(bytes: &[u8]) -> Result<Self, UnreadableNote> {
                crate::cbor::from_slice(bytes, usize::MAX).map_err(|error| UnreadableNote(error.to_string()))
            }
        }
    )*};
}

notes! {
    /// Whose field book it is, in which region; written at `init` and again at enrolment.
    Setup {
        /// The region, which names the register document.
        0 region: String;
        /// Code of the organisation that new dossiers belong to.
        1 organisation: Option<String>;
        /// Code of the person.
        2 person: Option<String>;
        /// What colleagues call the person.
        3 display_name: Option<String>;
        /// Where the server is, once enrolled.
        4 server_url: Option<String>;
        /// The server, once enrolled.
        5 server: Option<ServerId>;
        /// The server's public keys (signing, sealing), once enrolled.
        6 server_keys: Option<PublicKeys>;
    }

    /// The operation behind a change of this device: performed again when the change must be rebuilt away.
    Operation {
        /// The change.
        0 change: ChangeHash;
        /// When it was performed.
        1 at: Timestamp;
        /// The writes, encoded as in [`Operation::writes`].
        2 writes: ByteVec;
        /// The change that this one replaces, when it was performed again.
        3 replaces: Option<ChangeHash>;
        /// The document.
        4 document: DocumentId;
    }

    /// The server has these, and says under which number of its feed.
    Acknowledged {
        /// The life of the server that says so.
        0 epoch: Epoch;
        /// What it has.
        1 entries: Vec<Receipted>;
        /// The server's signature over the list, as [`crate::wire::Receipt`] carries it.
        2 signature: Option<ByteVec>;
        /// The server's signature over those of the list that are statements, as [`crate::wire::StatementReceipt`] carries it.
        3 stated: Option<ByteVec>;
    }

    /// One line of a receipt.
    Receipted {
        /// Number in the server's feed.
        0 seq: u64;
        /// The document; absent for a statement.
        1 document: Option<DocumentId>;
        /// Hash of the change, or of the statement's bytes.
        2 hash: ChangeHash;
    }

    /// How far this device has read the server's feed.
    CursorNote {
        /// The life of the server.
        0 epoch: Epoch;
        /// As the server gave it.
        1 cursor: ByteVec;
        /// When.
        2 at: Timestamp;
        /// The server's clock at that moment.
        3 server_time: Option<Timestamp>;
        /// Whether there was nothing more to read.
        4 end: Option<bool>;
        /// Coordinators: how many changes of others waited for a decision.
        5 to_decide: Option<u32>;
        /// Coordinators: the server's number of the newest of them.
        6 newest: Option<u64>;
        /// Up to which record of this journal the server was told what had nothing left to be recorded anew.
        7 anew: Option<u64>;
    }

    /// This device saw by its own clock that access to a dossier was over.
    DayNote {
        /// When.
        0 at: Timestamp;
    }

    /// The server did not admit a change (or statement): refused and rebuilt away, or quarantined and waiting.
    NotAdmitted {
        /// The document; absent for a statement.
        0 document: Option<DocumentId>;
        /// The changes it concerns: the one that was named first, then those that leant on it.
        1 hashes: Vec<ChangeHash>;
        /// The reason's code.
        2 reason: String;
        /// When.
        3 at: Timestamp;
        /// On the server: the envelope that waits.
        4 envelope: Option<ByteVec>;
        /// On the server: the device that sent it.
        5 sender: Option<DeviceId>;
        /// The change that was named is performed again too (its number was taken), not listed as refused.
        6 again: Option<bool>;
        /// What the server or a coordinator added in words.
        7 text: Option<String>;
    }

    /// A document opened for, or closed to, a person (server) or this device.
    Access {
        /// The document.
        0 document: DocumentId;
        /// The person; absent on a device.
        1 person: Option<String>;
    }

    /// What this device's person wrote and the server had not admitted when the dossier left the device: kept apart, under a
    /// key of its own, until a coordinator decides, and as long as it is refused.
    SetAside {
        /// The dossier.
        0 document: DocumentId;
        /// The change.
        1 change: ChangeHash;
        /// When it was performed.
        2 at: Timestamp;
        /// The writes, encoded as in [`Operation::writes`].
        3 writes: ByteVec;
        /// What people call the dossier.
        4 called: Option<String>;
        /// Code of the reason why it was not admitted.
        5 reason: String;
        /// When this device heard that it was refused; absent: it waits.
        6 refused: Option<Timestamp>;
        /// What was added in words.
        7 text: Option<String>;
        /// The change by which it was performed again, or the change itself when its author has read that it was refused: then it
        /// is kept apart no more.
        8 replaced: Option<ChangeHash>;
        /// The signed envelope, to be sent to a server that was put back from a backup and knows nothing of it.
        9 envelope: Option<ByteVec>;
        /// It is somebody else's, came in a file, and counts nowhere: this device only carries it to the server.
        10 carried: Option<bool>;
    }

    /// A life of the server begins.
    EpochNote {
        /// Its name.
        0 epoch: Epoch;
        /// When.
        1 at: Timestamp;
        /// The region, in the first note.
        2 region: Option<String>;
        /// On the server: whether this life gives nothing yet, after a backup was put back; said again, of the same life, when it
        /// does.
        3 held: Option<bool>;
    }

    /// Somebody may enrol a device with a code.
    Invitation {
        /// SHA-256 over a fixed prefix and the code; the code itself is not kept.
        0 code_hash: ByteVec;
        /// Code of the person.
        1 person: String;
        /// What colleagues call the person.
        2 display_name: String;
        /// The role's code.
        3 role: String;
        /// Code of the organisation.
        4 organisation: Option<String>;
        /// Until when.
        5 expires: Timestamp;
        /// Who invited; absent: the administrator at the server.
        6 by: Option<DeviceId>;
        /// The device that used it, in the note that says so.
        7 used_by: Option<DeviceId>;
        /// The part of the code that names the invitation and is no secret.
        8 selector: Option<String>;
    }

    /// A wrong code was tried with the name of an invitation; a few of these void that one.
    WrongCode {
        /// When.
        0 at: Timestamp;
        /// The invitation's name; absent in notes from before invitations had one.
        1 selector: Option<String>;
    }

    /// A revoked device said that it has wiped itself.
    WipedNote {
        /// When the server heard.
        0 at: Timestamp;
        /// What the device signed.
        1 statement: ByteVec;
    }

    /// A device, or everyone who is not known yet, asked wrongly too often and is not listened to for a while.
    LockOut {
        /// The device; absent: everyone without a good signature.
        0 device: Option<DeviceId>;
        /// Since when.
        1 at: Timestamp;
        /// Until when.
        2 until: Timestamp;
    }

    /// A device showed, with the server's own signature, a head that is not in the chain.
    ContradictedNote {
        /// The device.
        0 device: DeviceId;
        /// When.
        1 at: Timestamp;
        /// The life of the server in which the head was told.
        2 epoch: Epoch;
        /// The number of the record.
        3 number: u64;
        /// Its hash as it was told.
        #[cbor(with = "minicbor::bytes")]
        4 hash: [u8; 32];
        /// The server's signature, as in [`crate::wire::Head`].
        5 signature: ByteVec;
    }

    /// A head of the server's chain that this device was told.
    HeadNote {
        /// The life of the server.
        0 epoch: Epoch;
        /// The number of the record.
        1 number: u64;
        /// Its hash.
        #[cbor(with = "minicbor::bytes")]
        2 hash: [u8; 32];
        /// The server's signature, as in [`crate::wire::Head`].
        3 signature: ByteVec;
        /// When.
        4 at: Timestamp;
        /// Absent: as it was told. Else [`HeadNote::DOUBTED`], [`HeadNote::SHOWN`], [`HeadNote::KNOWN`] or [`HeadNote::LIFE_TOLD`].
        5 state: Option<u8>;
    }

    /// A dossier was erased: where it could have been, so that its wiping can be followed. It holds nothing about the trainee.
    ErasureNote {
        /// The document.
        0 document: DocumentId;
        /// The devices that could hold it.
        1 devices: Vec<DeviceId>;
        /// The device that asked.
        2 asked_by: Option<DeviceId>;
        /// The device that confirmed; absent: the administrator at the server, or a server before this one.
        3 confirmed_by: Option<DeviceId>;
        /// When.
        4 at: Timestamp;
    }

    /// A device was in contact.
    ContactNote {
        /// The device.
        0 device: DeviceId;
        /// When.
        1 at: Timestamp;
        /// How many changes stayed behind on it.
        2 unsynced: u32;
        /// How its keys are kept, as it told: the number of a [`crate::keyring::LockState`].
        3 lock: Option<u8>;
        /// How far it had read the feed when it came: what was closed after that, it could still hold.
        4 position: Option<u64>;
    }
}

impl HeadNote {
    /// The server says that this head is not in its chain.
    pub const DOUBTED: u8 = 1;
    /// And it was shown its own signature on it.
    pub const SHOWN: u8 = 2;
    /// A person said that they know of it.
    pub const KNOWN: u8 = 3;
    /// The person heard that a new life of the server began, with whatever head there was.
    pub const LIFE_TOLD: u8 = 4;

    /// The server's signature.
    pub fn signature(&self) -> Option<Signature> {
        Signature::from_slice(&self.signature)
    }
}

impl SetAside {
    /// What it writes.
    ///
    /// # Errors
    /// [`UnreadableNote`] when a newer version wrote it in another way.
    pub fn writes(&self) -> Result<Vec<Write>, UnreadableNote> {
        minicbor_serde::from_slice(&self.writes).map_err(|error| UnreadableNote(error.to_string()))
    }
}

impl Operation {
    /// The operation of a change.
    pub fn new(document: DocumentId, change: ChangeHash, at: Timestamp, writes: &[Write], replaces: Option<ChangeHash>) -> Self {
        let writes = minicbor_serde::to_vec(writes).unwrap_or_default();
        Self { change, at, writes: writes.into(), replaces, document }
    }

    /// What it writes.
    ///
    /// # Errors
    /// [`UnreadableNote`] when a newer version wrote it in another way.
    pub fn writes(&self) -> Result<Vec<Write>, UnreadableNote> {
        minicbor_serde::from_slice(&self.writes).map_err(|error| UnreadableNote(error.to_string()))
    }
}
