//! One trainee's dossier as people see it: every record of it, read from a document's content.

pub mod assignments;
pub mod due;
pub mod enrolments;
pub mod handover;
mod placements;
mod trainees;
mod trajectories;
mod visits;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::*;
use crate::outflow::Enrolment;
use crate::placement::Placement;
use crate::record::{Content, Record};
use crate::trainee::Trainee;
use crate::trajectory::{Assignment, Event, Training, Trajectory};
use crate::visit::{Agreement, Correction, Visit};

/// Everything known of one trainee.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Dossier {
    /// The person.
    pub trainee: Trainee,
    /// Trajectories.
    pub trajectories: BTreeMap<TrajectoryId, Trajectory>,
    /// Dated phase events.
    pub events: BTreeMap<EntryId, Event>,
    /// School enrolments.
    pub enrolments: BTreeMap<EnrolmentId, Enrolment>,
    /// Placements.
    pub placements: BTreeMap<PlacementId, Placement>,
    /// Trainings.
    pub trainings: BTreeMap<TrainingId, Training>,
    /// Visits as they were written; see [`crate::visit`] for how corrections are read over them.
    pub visits: BTreeMap<VisitId, Visit>,
    /// Action points.
    pub agreements: BTreeMap<AgreementId, Agreement>,
    /// Corrections of finalised visits.
    pub corrections: BTreeMap<EntryId, Correction>,
    /// Who coaches.
    pub assignments: BTreeMap<EntryId, Assignment>,
}

impl Dossier {
    /// Reads a dossier from a document's content. Entries whose key is not an id are left out.
    pub fn read(content: &Content) -> Self {
        Self {
            trainee: entries::<String, Trainee>(content).remove("").unwrap_or_default(),
            trajectories: entries(content),
            events: entries(content),
            enrolments: entries(content),
            placements: entries(content),
            trainings: entries(content),
            visits: entries(content),
            agreements: entries(content),
            corrections: entries(content),
            assignments: entries(content),
        }
    }
}

/// The entries of one kind of record, by id or natural code.
pub(crate) fn entries<K: FromStr + Ord, R: Record>(content: &Content) -> BTreeMap<K, R> {
    content
        .get(&R::CONTAINER)
        .into_iter()
        .flatten()
        .filter_map(|(key, entry)| Some((key.parse().ok()?, R::read(entry))))
        .collect()
}
