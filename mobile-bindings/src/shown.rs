//! What an app shows: plain records, read from the core's.

use std::collections::{HashMap, HashSet};

use veldboek_core::caseload::{AgreementRow, Caseload, DueRow, Place, PlannedRow, Who};
use veldboek_core::clock::Day;
use veldboek_core::dossier::Dossier;
use veldboek_core::field_book::{Conflict, ConflictKind, HistoryItem, Identity as CoreIdentity, Saved, Status, show_cell};
use veldboek_core::ids::{DocumentId, PlacementId, TrajectoryId, VisitId};
use veldboek_core::placement::Placement;
use veldboek_core::record::{Container, Write};
use veldboek_core::register::Register;
use veldboek_core::rules::Warning;
use veldboek_core::trajectory::Trajectory;
use veldboek_core::visit::{Agreement, Visit};

use crate::codes::*;
use crate::exchange::count;
use crate::trouble::Answered;

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

/// Where a record is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SavedState {
    /// On this device only.
    Device,
    /// On the server too.
    Server,
}

/// Something that is unusual without being wrong: done, and worth another look.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Remark {
    /// Number of the rule, if it has one.
    pub rule: Option<String>,
    /// For the person.
    pub text: String,
}

/// A record that was saved on this device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LoggedVisit {
    /// Id of the visit.
    pub visit: String,
    /// Id of its dossier.
    pub dossier: String,
    /// Where it is safe.
    pub saved: SavedState,
    /// The last day of access has passed: it will wait for a coordinator.
    pub waits: bool,
    /// What is unusual about it.
    pub remarks: Vec<Remark>,
}

/// Something that was made or changed.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SavedChange {
    /// Id of the dossier.
    pub dossier: String,
    /// Id of what was made; of the dossier when it is about the whole.
    pub id: String,
    /// What is unusual about it.
    pub remarks: Vec<Remark>,
    /// For a form that stays open: what the person has seen now, their own change included. Absent where something new was
    /// made in a dossier: what came with the form goes on to hold.
    pub read_at: Option<Vec<u8>>,
}

/// Whose dossier a line is about.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DossierName {
    /// Id of the dossier.
    pub id: String,
    /// What people call it.
    pub reference: Option<String>,
    /// First name.
    pub given_name: Option<String>,
}

/// Where a visit goes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitPlace {
    /// Id of the placement.
    pub placement: String,
    /// The employer.
    pub employer: Option<String>,
    /// The address.
    pub location: Option<String>,
    /// First name of the colleague who guides the trainee.
    pub supervisor: Option<String>,
}

/// A visit that was planned, or agreed as the next.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlannedVisit {
    /// Whose dossier.
    pub dossier: DossierName,
    /// Id of the planned visit, or of the visit at which this day was agreed.
    pub visit: String,
    /// Whether it is a planned visit; hand it in with the visit that was made. Else only its day was agreed.
    pub planned: bool,
    /// The day.
    pub day: String,
    /// Id of the trajectory.
    pub trajectory: Option<String>,
    /// What kind of visit.
    pub visit_type: Option<VisitType>,
    /// Where.
    pub place: Option<VisitPlace>,
    /// What was seen with it, for an edit to hand back; of no meaning to the app.
    pub read_at: Vec<u8>,
}

/// A visit that a placement needs.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DueVisit {
    /// Whose dossier.
    pub dossier: DossierName,
    /// Id of the trajectory.
    pub trajectory: String,
    /// Where.
    pub place: VisitPlace,
    /// The day on which it is due.
    pub due: String,
    /// The day of the last visit that counted.
    pub last_visit: Option<String>,
    /// The day for which one is planned.
    pub planned_on: Option<String>,
    /// Days past the due day, once a week of grace is over.
    pub days_overdue: u32,
}

/// An action point that is not done.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OpenAgreement {
    /// Whose dossier.
    pub dossier: DossierName,
    /// Id of the action point.
    pub agreement: String,
    /// Id of the visit at which it was agreed.
    pub visit: String,
    /// What was agreed.
    pub text: String,
    /// Who will do it.
    pub owner: Option<PartySpoken>,
    /// By which day.
    pub due: Option<String>,
    /// Whether that day has passed.
    pub late: bool,
}

/// The first screen: what this coach has to do.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TodayList {
    /// Today.
    pub day: String,
    /// Code of the coach.
    pub coach: String,
    /// Visits planned for today, and those planned earlier of which nothing was recorded.
    pub today: Vec<PlannedVisit>,
    /// Visits planned for the next 14 days.
    pub upcoming: Vec<PlannedVisit>,
    /// Visits that are due within 14 days.
    pub due: Vec<DueVisit>,
    /// Visits that are overdue, the oldest first.
    pub overdue: Vec<DueVisit>,
    /// Action points that are not done.
    pub agreements: Vec<OpenAgreement>,
}

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
    /// What was seen with it, for an edit to hand back; of no meaning to the app.
    pub read_at: Vec<u8>,
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

/// An action point of a visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AgreementDetail {
    /// Id.
    pub id: String,
    /// What was agreed.
    pub text: Option<String>,
    /// Who will do it.
    pub owner: Option<PartySpoken>,
    /// By which day.
    pub due: Option<String>,
    /// When it was done.
    pub done_on: Option<String>,
}

/// A visit as it reads now, corrections included.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitDetail {
    /// Id.
    pub id: String,
    /// Code of the coach.
    pub coach: Option<String>,
    /// The day of the visit, or for which it is planned.
    pub day: Option<String>,
    /// When it began.
    pub started_at: Option<String>,
    /// Minutes.
    pub duration_min: Option<u32>,
    /// Minutes of travel.
    pub travel_min: Option<u32>,
    /// Id of the trajectory.
    pub trajectory: Option<String>,
    /// Id of the placement.
    pub placement: Option<String>,
    /// What kind of visit.
    pub visit_type: Option<VisitType>,
    /// How.
    pub mode: Option<ContactMode>,
    /// What became of it.
    pub status: Option<VisitStatus>,
    /// Who was spoken to.
    pub parties: Vec<PartySpoken>,
    /// What happened.
    pub summary: Option<String>,
    /// Scores by competence.
    pub scores: HashMap<Competence, Score>,
    /// The day of the next visit.
    pub next_visit_on: Option<String>,
    /// What was agreed.
    pub agreements: Vec<AgreementDetail>,
    /// Whether a correction was recorded.
    pub corrected: bool,
    /// Where it is safe.
    pub saved: SavedState,
    /// What was seen with it, for an edit to hand back; of no meaning to the app.
    pub read_at: Vec<u8>,
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
    /// Files with what a writer that was cut off (battery empty, app ended) did not finish. It was never reported as saved,
    /// and what was saved is still there: ask the person to check their last entry and to enter it again if it is missing,
    /// then call `told_set_aside`.
    pub set_aside: Vec<String>,
}

/// What kind of conflict it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ConflictNature {
    /// One field was edited to different values at once.
    Field,
    /// An import brought another value than a person wrote.
    Import,
    /// A visit was corrected to different values at once.
    Correction,
    /// Two dossiers carry one reference: one of them gets another.
    DuplicateReference,
    /// More than one first coach; a coordinator chooses one.
    TwoCoaches,
}

/// One value in a conflict.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictChoice {
    /// Hand this in to choose it.
    pub index: u32,
    /// The value, for a person to read.
    pub value: String,
    /// Code of the person who wrote it.
    pub by: String,
    /// When.
    pub at: Option<String>,
    /// The file that it came from, when that person imported it.
    pub source: Option<String>,
}

/// Something that a person should settle.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictDetail {
    /// Names it.
    pub id: String,
    /// Id of the dossier (or register).
    pub dossier: String,
    /// What people call the dossier.
    pub reference: Option<String>,
    /// What kind.
    pub nature: ConflictNature,
    /// The field, or what clashes, for a person to read.
    pub field: String,
    /// The values, each with who wrote it when. With `DUPLICATE_REFERENCE` they are the ids of the two dossiers, to edit one of;
    /// otherwise they are to choose from.
    pub choices: Vec<ConflictChoice>,
}

/// One cell that a change wrote.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WrittenField {
    /// The field, for a person to read.
    pub field: String,
    /// The value, for a person to read.
    pub value: String,
}

/// One change in the history of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HistoryLine {
    /// When, by the clock of its device.
    pub at: String,
    /// Code of the person.
    pub person: Option<String>,
    /// Id of the device.
    pub device: String,
    /// What it wrote.
    pub fields: Vec<WrittenField>,
    /// Where it is safe.
    pub saved: SavedState,
}

/// A change of this device that the server did not take in.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NotAccepted {
    /// Id of the dossier.
    pub dossier: String,
    /// Waits for a coordinator, and stands in the dossier until then if that is still here; else it was refused and is no part of
    /// it any more.
    pub waits: bool,
    /// The reason's stable code.
    pub code: String,
    /// The reason, for a person to read.
    pub reason: String,
    /// What the coordinator or the server said in words.
    pub details: Option<String>,
    /// What people call the dossier; it may have left this device.
    pub reference: Option<String>,
    /// What it wrote: for writing it down again when it was refused.
    pub fields: Vec<WrittenField>,
}

/// Text of something that may be absent.
fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn minutes(value: Option<i64>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

/// Remarks for the person.
pub(crate) fn remarks(warnings: &[Warning], lang: Lang) -> Vec<Remark> {
    warnings.iter().map(|one| Remark { rule: text(one.rule()), text: one.message(lang) }).collect()
}

/// What writes say, for the person.
pub(crate) fn written(writes: &[Write], lang: Lang) -> Vec<WrittenField> {
    let shown = writes.iter().map(|write| show_cell(write.container, &write.key, &write.value, lang));
    shown.map(|(field, value)| WrittenField { field, value }).collect()
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

impl From<Who> for DossierName {
    fn from(who: Who) -> Self {
        Self { id: who.document.to_string(), reference: who.reference, given_name: who.given_name }
    }
}

impl From<Place> for VisitPlace {
    fn from(place: Place) -> Self {
        let Place { placement, employer, location, supervisor } = place;
        Self { placement: placement.to_string(), employer, location, supervisor }
    }
}

impl PlannedVisit {
    fn new(row: PlannedRow, read_at: &ReadAt<'_>) -> Answered<Self> {
        let read_at = read_at(row.who.document)?;
        Ok(Self {
            dossier: row.who.into(),
            visit: row.visit.to_string(),
            planned: row.planned,
            day: row.on.to_string(),
            trajectory: text(row.trajectory),
            visit_type: row.visit_type,
            place: row.place.map(VisitPlace::from),
            read_at,
        })
    }
}

impl From<DueRow> for DueVisit {
    fn from(row: DueRow) -> Self {
        Self {
            dossier: row.who.into(),
            trajectory: row.trajectory.to_string(),
            place: row.place.into(),
            due: row.due.to_string(),
            last_visit: text(row.last_visit),
            planned_on: text(row.planned_on),
            days_overdue: u32::try_from(row.days_overdue).unwrap_or(0),
        }
    }
}

impl From<AgreementRow> for OpenAgreement {
    fn from(row: AgreementRow) -> Self {
        Self {
            dossier: row.who.into(),
            agreement: row.agreement.to_string(),
            visit: row.visit.to_string(),
            text: row.text,
            owner: row.owner,
            due: text(row.due),
            late: row.late,
        }
    }
}

/// What is seen of a dossier by whoever is shown it now.
pub(crate) type ReadAt<'a> = dyn Fn(DocumentId) -> Answered<Vec<u8>> + 'a;

impl TodayList {
    /// What a coach has to do.
    pub(crate) fn new(caseload: Caseload, read_at: &ReadAt<'_>) -> Answered<Self> {
        let planned =
            |rows: Vec<PlannedRow>| rows.into_iter().map(|row| PlannedVisit::new(row, read_at)).collect::<Answered<_>>();
        Ok(Self {
            day: caseload.as_of.to_string(),
            coach: caseload.coach,
            today: planned(caseload.today)?,
            upcoming: planned(caseload.upcoming)?,
            due: caseload.due.into_iter().map(DueVisit::from).collect(),
            overdue: caseload.overdue.into_iter().map(DueVisit::from).collect(),
            agreements: caseload.agreements.into_iter().map(OpenAgreement::from).collect(),
        })
    }
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
            read_at,
        }
    }
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

impl VisitDetail {
    /// A visit as it reads now. `unsaved` holds the entries of the dossier that are only here.
    pub(crate) fn new(
        id: VisitId,
        visit: Visit,
        dossier: &Dossier,
        unsaved: &HashSet<(Container, String)>,
        read_at: &[u8],
    ) -> Self {
        let only_here = |container: Container, entry: String| unsaved.contains(&(container, entry));
        let agreements = || dossier.agreements.iter().filter(|(_, one)| one.visit == Some(id));
        let corrections = dossier.corrections_of(id);
        let here = only_here(Container::Visits, id.to_string())
            || agreements().any(|(agreement, _)| only_here(Container::Agreements, agreement.to_string()))
            || corrections.iter().any(|(entry, _)| only_here(Container::Corrections, entry.to_string()));
        Self {
            id: id.to_string(),
            day: text(visit.day()),
            coach: visit.coach,
            started_at: text(visit.started_at),
            duration_min: minutes(visit.duration_min),
            travel_min: minutes(visit.travel_min),
            trajectory: text(visit.trajectory),
            placement: text(visit.placement),
            visit_type: visit.visit_type,
            mode: visit.mode,
            status: visit.status,
            parties: visit.parties.into_iter().collect(),
            summary: visit.summary,
            scores: visit.scores.into_iter().collect(),
            next_visit_on: text(visit.next_visit_on),
            agreements: agreements().map(|(id, one)| AgreementDetail::new(id, one)).collect(),
            corrected: !corrections.is_empty(),
            saved: SavedState::of(here),
            read_at: read_at.to_vec(),
        }
    }
}

impl AgreementDetail {
    fn new(id: &veldboek_core::ids::AgreementId, one: &Agreement) -> Self {
        Self { id: id.to_string(), text: one.text.clone(), owner: one.owner, due: text(one.due), done_on: text(one.done_on) }
    }
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
            set_aside: status.set_aside,
        }
    }
}

impl ConflictDetail {
    /// A conflict, for a person to read.
    pub(crate) fn new(conflict: &Conflict, lang: Lang) -> Self {
        let nature = match &conflict.kind {
            ConflictKind::Field(..) => ConflictNature::Field,
            ConflictKind::Proposal(..) => ConflictNature::Import,
            ConflictKind::Correction(_) => ConflictNature::Correction,
            ConflictKind::DuplicateReference(_) => ConflictNature::DuplicateReference,
            ConflictKind::Clash(_) => ConflictNature::TwoCoaches,
        };
        let choices = conflict.versions.iter().zip(0..).map(|(version, index)| ConflictChoice {
            index,
            value: conflict.show(version, lang),
            by: version.by.clone(),
            at: text(version.at),
            source: version.source.clone(),
        });
        Self {
            id: conflict.id.clone(),
            dossier: conflict.document.to_string(),
            reference: conflict.reference.clone(),
            nature,
            field: conflict.field(lang),
            choices: choices.collect(),
        }
    }
}

impl HistoryLine {
    /// A change, for a person to read.
    pub(crate) fn new(item: HistoryItem, lang: Lang) -> Self {
        Self {
            at: item.at.to_string(),
            person: item.person,
            device: item.device.to_string(),
            fields: written(&item.writes, lang),
            saved: item.saved.into(),
        }
    }
}
