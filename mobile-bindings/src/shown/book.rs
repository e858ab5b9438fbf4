//! The field book itself: whose it is, what is only here, and what waits for a person.

use veldboek_core::field_book::{Identity as CoreIdentity, Status};

use super::text;
use crate::codes::Role;
use crate::exchange::count;

/// Whose field book it is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Identity {
    /// Id of this device.
    pub device: String,
    /// Code of the person, once enrolled.
    pub person: Option<String>,
    /// What colleagues call the person.
    pub display_name: Option<String>,
    /// What the person may do.
    pub role: Option<Role>,
    /// Code of the organisation.
    pub organisation: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Address of the server, as it was given at enrolment.
    pub server_url: Option<String>,
}

impl From<CoreIdentity> for Identity {
    fn from(identity: CoreIdentity) -> Self {
        Self {
            device: identity.device.to_string(),
            person: identity.person,
            display_name: identity.display_name,
            role: identity.role,
            organisation: identity.organisation,
            region: Some(identity.region).filter(|region| !region.is_empty()),
            server_url: identity.server.map(|server| server.url),
        }
    }
}

/// What is only here, and what waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BookStatus {
    /// Dossiers on this device.
    pub dossiers: u32,
    /// Changes on this device.
    pub changes: u32,
    /// Changes that the server does not have.
    pub unsynced: u32,
    /// Last contact with the server.
    pub last_sync: Option<String>,
    /// Conflicts to settle.
    pub conflicts: u32,
    /// Changes that wait for a coordinator.
    pub quarantined: u32,
    /// Changes of others that wait for this coordinator, by the last contact.
    pub to_decide: u32,
    /// Changes that the server refused.
    pub refused: u32,
    /// The server's record book was changed, cut or quietly put back: warn, until the person says that they know of it.
    pub contradicted: bool,
    /// Files with what a writer that was cut off (battery empty, app ended) did not finish. It was never reported as saved,
    /// and what was saved is still there: ask the person to check their last entry and to enter it again if it is missing,
    /// then call `told_set_aside`.
    pub set_aside: Vec<String>,
}

impl From<Status> for BookStatus {
    fn from(status: Status) -> Self {
        Self {
            dossiers: count(status.dossiers),
            changes: count(status.changes),
            unsynced: count(status.unsynced),
            last_sync: text(status.last_sync),
            conflicts: count(status.conflicts),
            quarantined: count(status.quarantined),
            to_decide: count(status.to_decide),
            refused: count(status.refused),
            contradicted: status.contradicted.is_some(),
            set_aside: status.set_aside,
        }
    }
}
