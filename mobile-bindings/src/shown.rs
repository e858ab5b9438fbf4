//! What an app shows: plain records, read from the core's.

use veldboek_core::field_book::Saved;
use veldboek_core::ids::DocumentId;

use crate::trouble::Tried;

mod book;
mod change;
mod conflict;
mod dossier;
mod today;
mod visit;

pub use book::{BookStatus, Identity};
pub use change::{HistoryLine, LoggedVisit, NotAccepted, Remark, SavedChange, WrittenField};
pub(crate) use change::{remarks, written};
pub use conflict::{ConflictChoice, ConflictDetail, ConflictNature};
pub use dossier::{DossierDetail, DossierLine, ErasureAsked, PlacementDetail, TrajectoryDetail};
pub use today::{DossierName, DueVisit, OpenAgreement, PlannedVisit, TodayList, VisitPlace};
pub use visit::{AgreementDetail, VisitDetail};

/// Where a record is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SavedState {
    /// On this device only.
    Device,
    /// On the server too.
    Server,
}

impl From<Saved> for SavedState {
    fn from(saved: Saved) -> Self {
        match saved {
            Saved::Device => Self::Device,
            Saved::Server => Self::Server,
        }
    }
}

impl SavedState {
    /// The state of what is only here, or not.
    pub(crate) fn of(only_here: bool) -> Self {
        if only_here { Self::Device } else { Self::Server }
    }
}

/// What is seen of a dossier by whoever is shown it now.
pub(crate) type ReadAt<'a> = dyn Fn(DocumentId) -> Tried<Vec<u8>> + 'a;

/// Text of something that may be absent.
fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}
