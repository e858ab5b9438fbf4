//! When other devices were last in contact, as the server told a coordinator. It is a sealed note beside the store, not a
//! record: losing it costs nothing but asking again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use veldboek_core::clock::Timestamp;
use veldboek_core::wire::Contact;

use super::book::Book;

const FILE: &str = "contacts";
/// As it lay there before it was sealed.
const IN_CLEAR: &str = "contacts.json";

/// What is known of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Code of its person.
    pub(super) person: String,
    /// Its last contact.
    pub(super) at: Timestamp,
    /// How many changes stayed behind on it.
    pub(super) unsynced: u32,
}

/// What is known, by device.
pub(super) fn all(book: &Book) -> BTreeMap<String, Known> {
    let sealed = std::fs::read(book.dir.join(FILE)).unwrap_or_default();
    let opened = book.inner.keyring().open_beside(FILE, &sealed);
    opened.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The newest contact that is known; what came later is asked for.
pub(super) fn newest(book: &Book) -> Timestamp {
    all(book).values().map(|known| known.at).max().unwrap_or_default()
}

/// Adds what the server told.
pub(super) fn keep(book: &mut Book, told: &[Contact]) {
    let _ = std::fs::remove_file(book.dir.join(IN_CLEAR));
    if told.is_empty() {
        return;
    }
    let mut known = all(book);
    for contact in told {
        let entry = Known { person: contact.person.clone(), at: contact.at, unsynced: contact.unsynced };
        known.insert(contact.device.to_string(), entry);
    }
    if let Ok(bytes) = serde_json::to_vec(&known) {
        let sealed = book.inner.keyring().seal_beside(FILE, &bytes, &mut book.rng);
        let _ = std::fs::write(book.dir.join(FILE), sealed);
    }
}
