//! When each device was last in contact: exact in memory, written down so seldom that watching devices do not fill the disk.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::ids::DeviceId;
use crate::notes::ContactNote;

/// A contact is written down again when this much time passed, in milliseconds.
pub const CONTACT_EVERY: i64 = 10 * 60 * 1000;
/// No device has a contact written down twice in this time, in milliseconds, whatever it tells: otherwise one in the wrong
/// hands, also a revoked one, could fill the disk.
pub const CONTACT_SOONEST: i64 = 60 * 1000;

/// As often at the most on a server that waits, after it was put back, for its administrator: who came by since is what that
/// person goes by. In milliseconds.
pub const CONTACT_HELD: i64 = 10 * 1000;

/// The contacts that a server knows of.
#[derive(Debug, Default)]
pub struct Contacts {
    heard: BTreeMap<DeviceId, ContactNote>,
    /// What the journal says, and so what is known after the process was killed.
    noted: BTreeMap<DeviceId, ContactNote>,
}

impl Contacts {
    /// Takes in a note of the journal.
    pub fn take(&mut self, note: ContactNote) {
        if self.heard.get(&note.device).is_none_or(|heard| heard.at <= note.at) {
            self.heard.insert(note.device, note.clone());
        }
        self.noted.insert(note.device, note);
    }

    /// A device was in contact. Gives the note to write down now, if any: what stays behind on a device and how it is
    /// locked is written soon, a time only after a period.
    /// On a server that is held the first contact since it was put back is written at once.
    pub fn hear(&mut self, note: ContactNote, held_since: Option<Timestamp>) -> Option<ContactNote> {
        self.heard.insert(note.device, note.clone());
        let last = self.noted.get(&note.device);
        let due = |last: &ContactNote| {
            let passed = note.at.as_millis() - last.at.as_millis();
            if let Some(since) = held_since {
                return last.at < since || passed >= CONTACT_HELD;
            }
            let differs = last.unsynced != note.unsynced || last.lock != note.lock;
            passed >= if differs { CONTACT_SOONEST } else { CONTACT_EVERY }
        };
        last.is_none_or(due).then_some(note)
    }

    /// What was heard and is not written down yet.
    pub fn unwritten(&self) -> Vec<ContactNote> {
        self.heard.values().filter(|note| self.noted.get(&note.device) != Some(note)).cloned().collect()
    }

    /// The contact of a device.
    pub fn of(&self, device: &DeviceId) -> Option<&ContactNote> {
        self.heard.get(device)
    }

    /// The contacts later than a moment.
    pub fn since(&self, since: Timestamp) -> impl Iterator<Item = &ContactNote> {
        self.heard.values().filter(move |note| note.at > since)
    }

    /// Keeps what was heard when everything else is folded anew.
    pub fn remember(&mut self, before: Self) {
        for (device, note) in before.heard {
            if self.heard.get(&device).is_none_or(|known| known.at < note.at) {
                self.heard.insert(device, note);
            }
        }
    }
}
