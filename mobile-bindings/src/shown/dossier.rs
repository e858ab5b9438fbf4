//! A dossier: its line in the list, and the whole with its trajectories and placements.

use veldboek_core::clock::Day;
use veldboek_core::dossier::Dossier;
use veldboek_core::ids::{DocumentId, PlacementId, TrajectoryId};
use veldboek_core::placement::Placement;
use veldboek_core::register::Register;
use veldboek_core::trajectory::Trajectory;

use super::{SavedState, text};
use crate::codes::{GoalDirection, PlacementType, TrajectoryPhase};

/// A dossier in the list of dossiers.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DossierLine {
    /// Id of the dossier.
    pub id: String,
    /// What people call it.
    pub reference: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Initial of the family name.
    pub family_initial: Option<String>,
    /// How far the latest open trajectory is.
    pub phase: Option<TrajectoryPhase>,
    /// Code of its first coach.
    pub coach: Option<String>,
    /// Day of the last visit.
    pub last_visit: Option<String>,
    /// Whether anything in it is only on this device.
    pub saved: SavedState,
    /// Whether it waits to be erased: then show that, for what is not sent goes with it.
    pub erasure_asked: Option<ErasureAsked>,
    /// What was seen with it, for an edit to hand back; of no meaning to the app.
    pub read_at: Vec<u8>,
}

impl DossierLine {
    /// A dossier as it is today.
    pub(crate) fn new(document: DocumentId, dossier: &Dossier, today: Day, only_here: bool, read_at: Vec<u8>) -> Self {
        let open = dossier.trajectories.iter().filter(|(_, one)| one.open_on(today));
        let latest = open.max_by_key(|(id, one)| (one.referral_date, **id)).map(|(id, _)| *id);
        let done = dossier.effective_visits().into_iter().filter(|(_, visit)| visit.is_done());
        Self {
            id: document.to_string(),
            reference: dossier.trainee.reference.clone(),
            given_name: dossier.trainee.given_name.clone(),
            family_initial: dossier.trainee.family_initial.clone(),
            phase: latest.and_then(|id| dossier.phase_on(id, today)),
            coach: latest.and_then(|id| dossier.primary_coach_on(id, today)).map(str::to_owned),
            last_visit: text(done.filter_map(|(_, visit)| visit.day()).max()),
            saved: SavedState::of(only_here),
            erasure_asked: None,
            read_at,
        }
    }
}

/// Somebody asked that a dossier be erased; an administrator decides.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ErasureAsked {
    /// Code of the coordinator who asked.
    pub by: String,
    /// When.
    pub at: String,
}

/// One dossier.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DossierDetail {
    /// As in the list.
    pub line: DossierLine,
    /// Day of birth.
    pub birth_date: Option<String>,
    /// CBS code of the municipality.
    pub municipality: Option<String>,
    /// School of origin.
    pub school_of_origin: Option<String>,
    /// Telephone number of the trainee.
    pub contact_phone: Option<String>,
    /// Its trajectories.
    pub trajectories: Vec<TrajectoryDetail>,
    /// Its placements.
    pub placements: Vec<PlacementDetail>,
}

impl DossierDetail {
    /// A dossier as it is today, with the names that the register knows.
    pub(crate) fn new(line: DossierLine, dossier: &Dossier, register: &Register, today: Day) -> Self {
        let trainee = &dossier.trainee;
        Self {
            line,
            birth_date: text(trainee.birth_date),
            municipality: trainee.municipality.clone(),
            school_of_origin: trainee.school_of_origin.clone(),
            contact_phone: trainee.contact_phone.clone(),
            trajectories: dossier
                .trajectories
                .iter()
                .map(|(id, one)| TrajectoryDetail::new(*id, one, dossier, register, today))
                .collect(),
            placements: dossier.placements.iter().map(|(id, one)| PlacementDetail::new(*id, one, register)).collect(),
        }
    }
}

/// A trajectory in a dossier.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TrajectoryDetail {
    /// Id.
    pub id: String,
    /// Name of the programme.
    pub programme: Option<String>,
    /// Where it leads.
    pub goal_direction: Option<GoalDirection>,
    /// How far it is today.
    pub phase: Option<TrajectoryPhase>,
    /// Code of the first coach today.
    pub coach: Option<String>,
    /// Day of the referral.
    pub referral_date: Option<String>,
    /// Day of the agreement.
    pub agreement_date: Option<String>,
    /// Last day.
    pub end_date: Option<String>,
}

impl TrajectoryDetail {
    fn new(id: TrajectoryId, one: &Trajectory, dossier: &Dossier, register: &Register, today: Day) -> Self {
        let listed = one.programme.as_deref().and_then(|code| register.programmes.get(code)?.name.clone());
        Self {
            id: id.to_string(),
            programme: listed.or_else(|| one.programme.clone()),
            goal_direction: one.goal_direction,
            phase: dossier.phase_on(id, today),
            coach: dossier.primary_coach_on(id, today).map(str::to_owned),
            referral_date: text(one.referral_date),
            agreement_date: text(one.agreement_date),
            end_date: text(one.end_date),
        }
    }
}

/// A placement in a dossier.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlacementDetail {
    /// Id.
    pub id: String,
    /// Id of its trajectory.
    pub trajectory: Option<String>,
    /// What kind of placement.
    pub placement_type: Option<PlacementType>,
    /// The employer.
    pub employer: Option<String>,
    /// Name of the job.
    pub function_title: Option<String>,
    /// First day.
    pub start: Option<String>,
    /// Last day as agreed.
    pub planned_end: Option<String>,
    /// Last day as it turned out.
    pub end: Option<String>,
    /// The colleague who guides the trainee.
    pub supervisor: Option<String>,
    /// The address.
    pub location: Option<String>,
}

impl PlacementDetail {
    fn new(id: PlacementId, one: &Placement, register: &Register) -> Self {
        let listed = one.employer.as_deref().and_then(|code| register.employers.get(code)?.name.clone());
        Self {
            id: id.to_string(),
            trajectory: text(one.trajectory),
            placement_type: one.placement_type,
            employer: listed.or_else(|| one.employer.clone()),
            function_title: one.function_title.clone(),
            start: text(one.start),
            planned_end: text(one.planned_end),
            end: text(one.end),
            supervisor: one.supervisor_first_name.clone(),
            location: one.location.clone(),
        }
    }
}
