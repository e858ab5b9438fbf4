//! A further device in one's own name. Whoever may invite can have one, and would write as this person: the person is the one
//! who knows whether it is theirs.

use std::collections::BTreeSet;

use super::*;
use crate::clock::Timestamp;
use crate::record::Lang;
use crate::statement::Certificate;

/// A device of this person that this device did not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDevice {
    /// Its name.
    pub device: DeviceId,
    /// What it is called.
    pub label: String,
    /// Since when it may write in this person's name.
    pub since: Timestamp,
}

impl OwnDevice {
    /// What to tell the person.
    pub fn message(&self, lang: Lang) -> String {
        let Self { device, label, since } = self;
        let since = since.to_string();
        let day = since.get(..10).unwrap_or(&since);
        let called = if label.is_empty() { device.to_string() } else { label.clone() };
        match lang {
            Lang::Nl => format!(
                "er is een apparaat bijgekomen op uw naam: {called} (sinds {day}); is dat niet van u, bel dan uw coördinator en uw \
                 beheerder: het kan in uw naam schrijven"
            ),
            Lang::En => format!(
                "a device was added in your name: {called} (since {day}); if it is not yours, call your coordinator and your \
                 administrator: it can write in your name"
            ),
        }
    }
}

impl FieldBook {
    /// Every device of which this one knows, to be compared with what is known later.
    pub(super) fn known_devices(&self) -> BTreeSet<DeviceId> {
        self.ledger.certificates.keys().copied().collect()
    }

    /// The devices that were added in this person's name after this one, and were not known before.
    pub(super) fn own_devices_but(&self, known: &BTreeSet<DeviceId>) -> Vec<OwnDevice> {
        let certificates = &self.ledger.certificates;
        let Some(mine) = certificates.get(&self.keyring.device_keys().device()) else { return Vec::new() };
        // Those that were there before it are not news to whoever enrolled it.
        let added = |one: &&Certificate| one.person == mine.person && one.from > mine.from && !known.contains(&one.device);
        let told = |one: &Certificate| OwnDevice { device: one.device, label: one.label.clone(), since: one.from };
        certificates.values().filter(added).map(told).collect()
    }
}
