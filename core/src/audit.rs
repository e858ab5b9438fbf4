//! What the auditor reads: who did what, when, and from which device.
//!
//! A line names people by their code and dossiers by their id, never a trainee. What the journal says anyway (a change, a
//! statement, an invitation) is not written a second time: the auditor's view reads it from those records. Lines of their own
//! have only what leaves no other trace: reading, being refused, and what an administrator does.

use minicbor::{Decode, Encode};

use crate::cbor::{self, MAX_NAME};
use crate::clock::Timestamp;
use crate::codes;
use crate::ids::{DeviceId, DocumentId};
use crate::notes::UnreadableNote;
use crate::record::Code;

mod view;

pub use view::{AuditFilter, AuditLine, AuditView};

/// The most documents that one line names; a page of an answer never holds more.
const MAX_DOCUMENTS: usize = 50_000;

codes! {
    /// What was done, as the auditor searches for it.
    AuditAction {
        Read = "READ", "Inhoud gelezen", "Content read";
        Written = "WRITTEN", "Geschreven", "Written";
        DossierBegun = "DOSSIER_BEGUN", "Dossier begonnen", "Dossier begun";
        Granted = "GRANTED", "Toegang gegeven", "Access granted";
        GrantEnded = "GRANT_ENDED", "Toegang ingetrokken", "Access withdrawn";
        AccessOpened = "ACCESS_OPENED", "Toegang ingegaan", "Access began";
        AccessClosed = "ACCESS_CLOSED", "Toegang afgelopen", "Access ran out";
        Refused = "REFUSED", "Geweigerd", "Refused";
        Quarantined = "QUARANTINED", "In quarantaine", "Quarantined";
        QuarantineListed = "QUARANTINE_LISTED", "Quarantaine bekeken", "Quarantine listed";
        QuarantineDecided = "QUARANTINE_DECIDED", "Over quarantaine besloten", "Quarantine decided";
        QuarantineAccepted = "QUARANTINE_ACCEPTED", "Quarantaine aanvaard", "Quarantine accepted";
        QuarantineRefused = "QUARANTINE_REFUSED", "Quarantaine afgewezen", "Quarantine refused";
        Invited = "INVITED", "Uitgenodigd", "Invited";
        Enrolled = "ENROLLED", "Aangemeld", "Enrolled";
        Revoked = "REVOKED", "Apparaat ingetrokken", "Device revoked";
        DeliveryAllowed = "DELIVERY_ALLOWED", "Naleveren toegestaan", "Late delivery allowed";
        Wiped = "WIPED", "Apparaat gewist", "Device wiped";
        DevicesListed = "DEVICES_LISTED", "Apparaten bekeken", "Devices listed";
        DeviceShown = "DEVICE_SHOWN", "Apparaat bekeken", "Device shown";
        PeopleListed = "PEOPLE_LISTED", "Personen bekeken", "People listed";
        ErasureAsked = "ERASURE_ASKED", "Wissen gevraagd", "Erasure asked";
        ErasureWithdrawn = "ERASURE_WITHDRAWN", "Wissen gaat niet door", "Erasure called off";
        ErasuresListed = "ERASURES_LISTED", "Wissen bekeken", "Erasures listed";
        Erased = "ERASED", "Gewist", "Erased";
        ErasedHere = "ERASED_HERE", "Gewist op apparaat", "Erased on a device";
        Refounded = "REFOUNDED", "Dossier herbouwd zonder tekst", "Dossier made anew without a text";
        Exported = "EXPORTED", "Geëxporteerd", "Exported";
        BackedUp = "BACKED_UP", "Reservekopie gemaakt", "Backed up";
        Restored = "RESTORED", "Reservekopie teruggezet", "Restored";
        KeysRotated = "KEYS_ROTATED", "Sleutels opnieuw verpakt", "Keys wrapped anew";
        NotAllowed = "NOT_ALLOWED", "Niet toegestaan", "Not allowed";
        AuthenticationFailed = "AUTHENTICATION_FAILED", "Aanmelding mislukt", "Authentication failed";
        LockedOut = "LOCKED_OUT", "Tijdelijk buitengesloten", "Locked out for a while";
        WrongCode = "WRONG_CODE", "Verkeerde code", "Wrong code";
        AuditSearched = "AUDIT_SEARCHED", "Verslag geraadpleegd", "Audit searched";
        ChainContradicted = "CHAIN_CONTRADICTED", "Keten weersproken", "Chain contradicted";
        Reopened = "REOPENED", "Na terugzetten vrijgegeven", "Reopened after a restore";
        LifeBegan = "LIFE_BEGAN", "Nieuw leven van de server", "A life of the server began";
        Contact = "CONTACT", "Contact", "Contact";
        Other = "OTHER", "Overig", "Other";
    }
}

impl AuditAction {
    /// Whether somebody without rights can cause it at will. The same line (action, device, reason) is then written once in
    /// ten minutes, with how often it happened, so that nobody can fill the disk with it.
    pub const fn is_bounded(self) -> bool {
        matches!(self, Self::Refused | Self::NotAllowed | Self::AuthenticationFailed)
    }
}

/// A line for the auditor: record kind 15.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuditNote {
    /// When, by the server's clock.
    #[n(0)]
    pub at: Timestamp,
    /// The action's code; text, so that a line of a newer version can still be shown.
    #[n(1)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub action: String,
    /// From which device; absent: at the server itself, or by somebody who is no device of ours.
    #[n(2)]
    pub device: Option<DeviceId>,
    /// The code of the device's person at that moment.
    #[n(3)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NAME>", nil = "cbor::absent")]
    pub person: Option<String>,
    /// The documents it is about.
    #[n(4)]
    #[cbor(decode_with = "cbor::list::<Ctx, _, MAX_DOCUMENTS>", skip_if = "Vec::is_empty")]
    pub documents: Vec<DocumentId>,
    /// The code of the person it is about.
    #[n(5)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NAME>", nil = "cbor::absent")]
    pub about_person: Option<String>,
    /// The device it is about.
    #[n(6)]
    pub about_device: Option<DeviceId>,
    /// How many: changes that were read or refused, lines that were found, times that it happened.
    #[n(7)]
    pub count: Option<u64>,
    /// A code that says why or how; never a text of a person.
    #[n(8)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NAME>", nil = "cbor::absent")]
    pub reason: Option<String>,
}

impl AuditNote {
    /// A line about something that this device did, or that was done at the server itself. Time and person are filled in
    /// when it is written.
    pub fn new(action: AuditAction, device: Option<DeviceId>) -> Self {
        Self {
            at: Timestamp::default(),
            action: action.code().to_owned(),
            device,
            person: None,
            documents: Vec::new(),
            about_person: None,
            about_device: None,
            count: None,
            reason: None,
        }
    }

    /// About these documents.
    #[must_use]
    pub fn on(mut self, documents: impl IntoIterator<Item = DocumentId>) -> Self {
        self.documents.extend(documents);
        self.documents.sort_unstable();
        self.documents.dedup();
        self
    }

    /// About this person.
    #[must_use]
    pub fn about_person(mut self, person: &str) -> Self {
        self.about_person = Some(person.to_owned());
        self
    }

    /// About this device.
    #[must_use]
    pub fn about_device(mut self, device: DeviceId) -> Self {
        self.about_device = Some(device);
        self
    }

    /// So many.
    #[must_use]
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// Why, or how: a code such as that of a [`Reason`](crate::wire::Reason).
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    /// The action, when this version knows it.
    pub fn known_action(&self) -> Option<AuditAction> {
        AuditAction::from_code(&self.action)
    }

    /// The payload of its journal record.
    pub fn encode(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// From the payload of a journal record.
    ///
    /// # Errors
    /// [`UnreadableNote`] when it is no such line.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnreadableNote> {
        cbor::from_slice(bytes, usize::MAX).map_err(|error| UnreadableNote(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
