//! How long a device may stay unlocked without contact with its server.
//!
//! A lost phone that nobody connects hears of no revocation; it locks itself. When the lease is over nothing is lost and work
//! goes on, but whoever works must show each time that it is them: nothing that was unlocked earlier counts any more, until the
//! next exchange.

use super::FieldBook;
use crate::clock::Timestamp;

/// Days without contact after which a device locks.
pub const LEASE_DAYS: i64 = 30;
const LEASE: i64 = LEASE_DAYS * 86_400_000;
/// How far a clock may have been corrected back since the last contact.
const CORRECTED: i64 = 60 * 60_000;

impl FieldBook {
    /// When this device was last in contact with its server, by its own clock; its enrolment counts. Nothing where there is no server.
    pub fn last_contact(&self) -> Option<Timestamp> {
        let identity = self.identity();
        identity.server.as_ref()?;
        let enrolled = self.ledger.certificates.get(&identity.device).map(|certificate| certificate.from);
        self.ledger.cursor.as_ref().map(|cursor| cursor.at).or(enrolled)
    }

    /// Until when this device may stay unlocked. Nothing where there is no server: then nobody can revoke it either.
    pub fn lease_until(&self) -> Option<Timestamp> {
        self.last_contact().map(|at| at.plus_millis(LEASE))
    }

    /// Whether it has been without contact for too long; a clock that stands before the last contact was turned back, and proves
    /// nothing.
    pub fn lease_is_over(&self, now: Timestamp) -> bool {
        let Some(contact) = self.last_contact() else { return false };
        now >= contact.plus_millis(LEASE) || now < contact.plus_millis(-CORRECTED)
    }
}
