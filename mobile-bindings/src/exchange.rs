//! The exchange with the server as plain HTTP messages: the app carries them with whatever its platform offers.

use std::collections::HashMap;

use veldboek_core::field_book::{self as core, FieldBook as Book, Outcome, OwnDevice, Wiped};
use veldboek_core::ids::{DocumentId, ServerId};
use veldboek_core::record::{Code, Lang};
use veldboek_core::request_signature::{self, NONCE_HEADER, Nonce};
use veldboek_core::wire::{ErrorAnswer, ErrorCode, FormatError, MAX_BODY};

use crate::revoked::DeviceState;
use crate::shown::Identity;
use crate::trouble::{Answered, FieldBookError};

/// Where devices enrol.
pub(crate) const ENROL_PATH: &str = "/v1/enrol";
/// Where devices exchange.
pub(crate) const SYNC_PATH: &str = "/v1/sync";

const METHOD: &str = "POST";
const TYPE_HEADER: &str = "content-type";
const CBOR: &str = "application/cbor";

/// A request for the app to send, exactly as it is: it is signed.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpRequest {
    /// Which exchange this is; handed back with the answer. Beginning another one makes this one void.
    pub exchange: u64,
    /// The method.
    pub method: String,
    /// The path, to follow the server's address.
    pub path: String,
    /// Headers by name.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What the server answered, whatever the status.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Headers by name, in any case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A dossier that was erased on request, and wiped on this device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ErasedDossier {
    /// Its id.
    pub dossier: String,
    /// What people called it. It is kept nowhere any more.
    pub reference: Option<String>,
    /// How many changes went with it that the server never had.
    pub unsent: u32,
    /// The dossier in which it goes on, when only something in it was withdrawn.
    pub goes_on_in: Option<String>,
    /// What to tell the person.
    pub notice: String,
}

impl ErasedDossier {
    fn new(wiped: &Wiped, lang: Lang) -> Self {
        Self {
            dossier: wiped.document.to_string(),
            reference: wiped.reference.clone(),
            unsent: count(wiped.unsent),
            goes_on_in: wiped.replaced_by.map(|document| document.to_string()),
            notice: wiped.message(lang),
        }
    }
}

/// A device that was added in this person's name.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewDevice {
    /// Its id.
    pub device: String,
    /// What it is called.
    pub label: String,
    /// Since when it may write in this person's name.
    pub since: String,
    /// What to tell the person.
    pub notice: String,
}

impl NewDevice {
    fn new(one: &OwnDevice, lang: Lang) -> Self {
        Self { device: one.device.to_string(), label: one.label.clone(), since: one.since.to_string(), notice: one.message(lang) }
    }
}

/// Work that the server did not take yet, and that is sent again.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Postponed {
    /// The dossier.
    pub dossier: String,
    /// Why, and what to do about it.
    pub notice: String,
}

/// What one exchange brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct SyncOutcome {
    /// Another exchange is due at once.
    pub again: bool,
    /// For the next exchange. Kept by the app across restarts it saves a round trip; without it nothing breaks.
    pub nonce: Option<String>,
    /// Changes that were sent.
    pub sent: u32,
    /// Changes that the server now has.
    pub accepted: u32,
    /// Changes, and what was decided about access, that are sent again next time.
    pub deferred: u32,
    /// Why, once for each dossier and reason: tell the person.
    pub postponed: Vec<Postponed>,
    /// Changes that wait for a coordinator.
    pub quarantined: u32,
    /// Changes that the server refused; see `not_accepted`.
    pub refused: u32,
    /// Changes that came in.
    pub received: u32,
    /// Changes that came in and need a newer version of the app.
    pub unusable: u32,
    /// Dossiers that left this device.
    pub closed: u32,
    /// Changes that waited for a coordinator and were let in.
    pub released: u32,
    /// Dossiers that were erased on request, and are gone from this device too: tell the person.
    pub erased: Vec<ErasedDossier>,
    /// Devices that were added in this person's name: tell the person, who alone knows whether they are theirs.
    pub new_devices: Vec<NewDevice>,
    /// What to tell, and to warn of, about dossiers that the server says are erased and that are kept, because that does not fit
    /// them: the person calls their coordinator.
    pub kept: Vec<String>,
    /// What to tell of dossiers that came to wait to be erased, or do not any more.
    pub erasures: Vec<String>,
    /// Ids of the dossiers that changed, for refreshing what is shown.
    pub touched: Vec<String>,
    /// What became of the server's record book since this phone looked last.
    pub record_book: RecordBook,
    /// Whether this field book can still be used. Anything else is the end of it: see the names.
    pub state: DeviceState,
    /// When it was wiped: how many changes went with it that nobody else has.
    pub lost: u32,
    /// How many milliseconds the phone's clock runs ahead of the server's; warn when it is hours.
    pub clock_ahead_ms: i64,
    /// The server was put back from a backup and gives nothing until its administrator reopens it: try again later.
    pub held: bool,
}

/// What became of the server's record book since this phone looked last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, uniffi::Enum)]
pub enum RecordBook {
    /// It went on.
    #[default]
    GoesOn,
    /// The server began a new life, as after a restored backup: tell the person, who asks whether that was meant.
    Restored,
    /// It does not have any more what this phone saw in it: warn the person, who tells the administrator and the privacy officer.
    Contradicted,
}

impl From<core::RecordBook> for RecordBook {
    fn from(book: core::RecordBook) -> Self {
        match book {
            core::RecordBook::GoesOn => Self::GoesOn,
            core::RecordBook::Restored => Self::Restored,
            core::RecordBook::Contradicted { .. } => Self::Contradicted,
        }
    }
}

/// A device that was enrolled.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Enrolled {
    /// Whose field book it is now.
    pub identity: Identity,
    /// For the first exchange.
    pub nonce: Option<String>,
}

/// How many.
pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl HttpRequest {
    /// A request without a signature.
    pub(crate) fn plain(exchange: u64, path: &str, body: Vec<u8>) -> Self {
        let headers = HashMap::from([(TYPE_HEADER.to_owned(), CBOR.to_owned())]);
        Self { exchange, method: METHOD.to_owned(), path: path.to_owned(), headers, body }
    }

    /// A request signed by this device for its server.
    pub(crate) fn signed(exchange: u64, path: &str, body: Vec<u8>, book: &Book, server: ServerId, nonce: Nonce) -> Self {
        let signature = request_signature::sign(book.device_keys(), METHOD, path, &body, server, nonce);
        let mut request = Self::plain(exchange, path, body);
        request.headers.extend(signature.into_iter().map(|(name, value)| (name.to_owned(), value)));
        request
    }
}

impl HttpAnswer {
    /// The nonce that came with it.
    pub(crate) fn nonce(&self) -> Option<Nonce> {
        let header = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(NONCE_HEADER));
        header.and_then(|(_, value)| value.trim().parse().ok())
    }

    /// Whether the server only asks for a signature over a fresh nonce, which came with it.
    pub(crate) fn is_stale(&self) -> bool {
        self.status == 401
            && self.nonce().is_some()
            && ErrorAnswer::decode(&self.body, MAX_BODY).is_ok_and(|answer| answer.code == ErrorCode::StaleNonce)
    }

    /// The message in it.
    pub(crate) fn read<T>(&self, lang: Lang, decode: impl FnOnce(&[u8], usize) -> Result<T, FormatError>) -> Answered<T> {
        let status = self.status;
        let not_ours = |reason| FieldBookError::NotTheServer { reason };
        if status == 200 {
            return decode(&self.body, MAX_BODY).map_err(|error| match (error, lang) {
                (FormatError::Newer(_), Lang::Nl) => {
                    FieldBookError::UpdateNeeded { reason: "de server heeft een nieuwere versie; werk de app bij".to_owned() }
                }
                (error @ FormatError::Newer(_), Lang::En) => FieldBookError::UpdateNeeded { reason: error.to_string() },
                (_, Lang::Nl) => {
                    not_ours("dit is geen antwoord van Veldboek; kijk of een ander netwerk zich ervoor zet".to_owned())
                }
                (error, Lang::En) => not_ours(format!("the answer is none of Veldboek's: {error}")),
            });
        }
        Err(match ErrorAnswer::decode(&self.body, MAX_BODY) {
            Ok(answer) => FieldBookError::refused(&answer, lang),
            // Between us and the server something is down, or busy.
            Err(_) if matches!(status, 408 | 429 | 500..=599) => {
                let reason = match lang {
                    Lang::Nl => format!("de server is nu niet te bereiken (HTTP {status}); probeer het later opnieuw"),
                    Lang::En => format!("the server cannot be reached now (HTTP {status}); try again later"),
                };
                FieldBookError::TryLater { reason }
            }
            Err(_) => not_ours(match lang {
                Lang::Nl => format!("HTTP {status} zonder uitleg van Veldboek; kijk of het adres klopt"),
                Lang::En => format!("HTTP {status} without Veldboek's explanation; check the address"),
            }),
        })
    }
}

impl SyncOutcome {
    /// What an exchange brought, with the nonce for the next.
    pub(crate) fn new(outcome: &Outcome, nonce: Option<Nonce>, lang: Lang) -> Self {
        Self {
            again: outcome.again,
            nonce: nonce.map(|nonce| nonce.to_string()),
            sent: count(outcome.sent),
            accepted: count(outcome.accepted),
            deferred: count(outcome.deferred),
            postponed: outcome
                .postponed
                .iter()
                .map(|(document, reason)| Postponed { dossier: document.to_string(), notice: reason.label(lang).to_owned() })
                .collect(),
            quarantined: count(outcome.quarantined),
            refused: count(outcome.refused.len()),
            received: count(outcome.received),
            unusable: count(outcome.unusable),
            closed: count(outcome.closed),
            released: count(outcome.released),
            erased: outcome.wiped.iter().map(|wiped| ErasedDossier::new(wiped, lang)).collect(),
            new_devices: outcome.own_devices.iter().map(|one| NewDevice::new(one, lang)).collect(),
            kept: outcome.kept.iter().map(|kept| kept.message(lang)).collect(),
            erasures: outcome.erasures.iter().map(|one| one.message(lang)).collect(),
            touched: outcome.touched.iter().map(DocumentId::to_string).collect(),
            record_book: outcome.record_book.into(),
            state: DeviceState::Usable,
            lost: 0,
            clock_ahead_ms: outcome.clock_offset,
            held: outcome.held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use veldboek_core::wire::Answer;

    fn answer(status: u16, body: Vec<u8>) -> HttpAnswer {
        HttpAnswer { status, headers: HashMap::from([("Veldboek-Nonce".to_owned(), "AwMDAwMDAwMD".to_owned())]), body }
    }

    #[test]
    fn a_device_that_was_added_in_ones_name_is_told_in_the_language_of_the_person() {
        let device = veldboek_core::ids::DeviceId::from_bytes([7; 16]);
        let since = veldboek_core::clock::Timestamp::from_millis(1_740_988_800_000);
        let added = OwnDevice { device, label: "tablet".into(), since };
        let outcome = Outcome { own_devices: vec![added], ..Outcome::default() };
        for (lang, words) in [
            (Lang::Nl, "er is een apparaat bijgekomen op uw naam: tablet"),
            (Lang::En, "a device was added in your name: tablet"),
        ] {
            let told = SyncOutcome::new(&outcome, None, lang).new_devices;
            assert_eq!((told.len(), told[0].device.clone(), told[0].label.as_str()), (1, device.to_string(), "tablet"));
            assert!(told[0].notice.starts_with(words) && told[0].notice.contains("2025-03-03"), "{}", told[0].notice);
        }
        assert_eq!(SyncOutcome::new(&Outcome::default(), None, Lang::Nl).new_devices, []);
    }

    #[test]
    fn a_sign_in_page_is_not_the_server_and_a_broken_proxy_is_tried_later() {
        let page = answer(200, b"<html>Welkom bij Hotel Duinzicht</html>".to_vec());
        assert!(matches!(page.read(Lang::Nl, Answer::decode), Err(FieldBookError::NotTheServer { .. })));
        let proxy = answer(502, b"Bad Gateway".to_vec());
        assert!(matches!(proxy.read(Lang::Nl, Answer::decode), Err(FieldBookError::TryLater { .. })));
        let missing = answer(404, Vec::new());
        assert!(matches!(missing.read(Lang::Nl, Answer::decode), Err(FieldBookError::NotTheServer { .. })));
    }

    #[test]
    fn a_stale_nonce_brings_a_fresh_one_in_a_header_of_any_case() {
        let stale = answer(401, ErrorAnswer::from(ErrorCode::StaleNonce).encode());
        assert!(stale.is_stale());
        assert_eq!(stale.nonce().map(|nonce| nonce.to_string()).as_deref(), Some("AwMDAwMDAwMD"));
        assert!(!answer(401, ErrorAnswer::from(ErrorCode::UnknownDevice).encode()).is_stale());
        assert!(!answer(401, b"Unauthorized".to_vec()).is_stale());
    }
}
