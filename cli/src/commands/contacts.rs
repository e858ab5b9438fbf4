//! When other devices were last in contact, as the server told a coordinator. It is a note beside the store, not a record:
//! losing it costs nothing but asking again.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use veldboek_core::clock::Timestamp;
use veldboek_core::wire::Contact;

const FILE: &str = "contacts.json";

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
pub(super) fn all(dir: &Path) -> BTreeMap<String, Known> {
    std::fs::read(dir.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The newest contact that is known; what came later is asked for.
pub(super) fn newest(dir: &Path) -> Timestamp {
    all(dir).values().map(|known| known.at).max().unwrap_or_default()
}

/// Adds what the server told.
pub(super) fn keep(dir: &Path, told: &[Contact]) {
    if told.is_empty() {
        return;
    }
    let mut known = all(dir);
    for contact in told {
        let entry = Known { person: contact.person.clone(), at: contact.at, unsynced: contact.unsynced };
        known.insert(contact.device.to_string(), entry);
    }
    if let Ok(bytes) = serde_json::to_vec(&known) {
        let _ = std::fs::write(dir.join(FILE), bytes);
    }
}
