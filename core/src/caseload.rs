//! What a coach has to do: today's visits, those that are due or overdue, and agreements that are still open.
//!
//! The list of the command line and of the phone's first screen. Plain data, computed from dossiers at hand.

use std::ops::Deref;

use serde::Serialize;

use crate::clock::Day;
use crate::codes::*;
use crate::dossier::Dossier;
use crate::dossier::due::DueVisit;
use crate::ids::*;
use crate::register::Register;
use crate::trajectory::Trajectory;

/// How many days ahead a visit is listed.
pub const DAYS_AHEAD: i64 = 14;

/// A coach's work on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caseload {
    /// Code of the coach.
    pub coach: String,
    /// The day it is about.
    pub as_of: Day,
    /// Open trajectories of which this is the primary coach.
    pub open_trajectories: usize,
    /// The same, each by the weight of its coaching regime.
    pub weighted_load: i64,
    /// Visits planned for the day, and those planned earlier of which nothing was recorded.
    pub today: Vec<PlannedRow>,
    /// Visits planned within 14 days after it.
    pub upcoming: Vec<PlannedRow>,
    /// Visits due within 14 days, or due and within the grace of a week.
    pub due: Vec<DueRow>,
    /// Visits that are overdue, the oldest first.
    pub overdue: Vec<DueRow>,
    /// Agreements that are not done, the earliest first.
    pub agreements: Vec<AgreementRow>,
}

/// Whose dossier a row is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Who {
    /// The dossier's document.
    pub document: DocumentId,
    /// What people call the dossier.
    pub reference: Option<String>,
    /// First name.
    pub given_name: Option<String>,
}

/// Where a visit goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The placement.
    pub placement: PlacementId,
    /// The employer's name, or what the dossier calls it.
    pub employer: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// First name of the colleague who guides the trainee.
    pub supervisor: Option<String>,
}

/// A planned visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedRow {
    /// Whose dossier.
    #[serde(flatten)]
    pub who: Who,
    /// Of which trajectory.
    pub trajectory: Option<TrajectoryId>,
    /// The planned visit, or the one at which this day was agreed as the next.
    pub visit: VisitId,
    /// Whether it is a planned visit; else only its day was agreed.
    pub planned: bool,
    /// The day.
    pub on: Day,
    /// What kind of visit.
    pub visit_type: Option<VisitType>,
    /// Where.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// Who planned or agreed it, when that is somebody else.
    pub planned_by: Option<String>,
}

/// A visit that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueRow {
    /// Whose dossier.
    #[serde(flatten)]
    pub who: Who,
    /// Of which trajectory.
    pub trajectory: TrajectoryId,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The day on which it is due.
    pub due: Day,
    /// The day of the last visit that counted.
    pub last_visit: Option<Day>,
    /// The day for which a visit is planned, if any.
    pub planned_on: Option<Day>,
    /// Days past the due date; 0 until the grace of a week is over.
    pub days_overdue: i64,
}

/// An action point that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgreementRow {
    /// Whose dossier.
    #[serde(flatten)]
    pub who: Who,
    /// The action point.
    pub agreement: AgreementId,
    /// At which visit it was agreed.
    pub visit: VisitId,
    /// What was agreed.
    pub text: String,
    /// Who will do it.
    pub owner: Option<PartySpoken>,
    /// By when.
    pub due: Option<Day>,
    /// Whether that day has passed.
    pub late: bool,
}

/// The caseload of a coach on a day, from the dossiers at hand. Due visits belong to the primary coach; a planned visit to
/// the coach who planned it, and when that one does not coach on its day to the primary coach then; agreements to the primary coach and to the coach of the visit.
pub fn caseload<D: Deref<Target = Dossier>>(
    coach: &str,
    on: Day,
    dossiers: impl IntoIterator<Item = (DocumentId, D)>,
    register: &Register,
) -> Caseload {
    let mut caseload = Caseload {
        coach: coach.to_owned(),
        as_of: on,
        open_trajectories: 0,
        weighted_load: 0,
        today: Vec::new(),
        upcoming: Vec::new(),
        due: Vec::new(),
        overdue: Vec::new(),
        agreements: Vec::new(),
    };
    for (document, dossier) in dossiers {
        caseload.add(document, &dossier, register);
    }
    caseload.today.sort_by(|a, b| (a.on, &a.who.reference, a.visit).cmp(&(b.on, &b.who.reference, b.visit)));
    caseload.upcoming.sort_by(|a, b| (a.on, &a.who.reference, a.visit).cmp(&(b.on, &b.who.reference, b.visit)));
    for list in [&mut caseload.due, &mut caseload.overdue] {
        list.sort_by(|a, b| (a.due, &a.who.reference, a.place.placement).cmp(&(b.due, &b.who.reference, b.place.placement)));
    }
    let agreed = |row: &AgreementRow| (row.due.is_none(), row.due, row.who.reference.clone(), row.agreement);
    caseload.agreements.sort_by_key(agreed);
    caseload
}

/// What an open trajectory weighs in a caseload.
pub fn weight(trajectory: &Trajectory) -> i64 {
    trajectory.regime.unwrap_or(CoachingRegime::Medium).weight()
}

impl Caseload {
    fn add(&mut self, document: DocumentId, dossier: &Dossier, register: &Register) {
        let (coach, on) = (self.coach.clone(), self.as_of);
        let who =
            || Who { document, reference: dossier.trainee.reference.clone(), given_name: dossier.trainee.given_name.clone() };
        let primary = |id: TrajectoryId| dossier.primary_coach_on(id, on) == Some(coach.as_str());
        for (id, trajectory) in dossier.trajectories.iter().filter(|(_, trajectory)| trajectory.open_on(on)) {
            if primary(*id) {
                self.open_trajectories += 1;
                self.weighted_load += weight(trajectory);
            }
        }
        for due in dossier.due_visits(on, register).into_iter().filter(|due| due.coach.as_deref() == Some(&coach)) {
            let list = if due.is_overdue() { &mut self.overdue } else { &mut self.due };
            if let (Some(place), true) = (place(dossier, register, due.placement), due.due <= on.plus_days(DAYS_AHEAD)) {
                list.push(due_row(who(), place, due));
            }
        }
        let visits = dossier.effective_visits();
        for (id, visit) in &visits {
            let planned = visit.status == Some(VisitStatus::Planned);
            let day = if planned { visit.planned_on } else { visit.next_visit_on.filter(|_| visit.is_done()) };
            let Some(day) = day.filter(|day| *day <= on.plus_days(DAYS_AHEAD)) else { continue };
            let planned_by = visit.coach.clone().filter(|planner| *planner != coach);
            let own = visit.coach.is_some() && planned_by.is_none();
            // Handed over, or somebody fills in: the appointment is theirs who coaches on its day.
            let falls_to = |planner: &String| {
                let day = day.max(on);
                !dossier.coached_by(planner, day) && dossier.is_primary_on(&coach, visit.trajectory, day)
            };
            if !own && !planned_by.as_ref().is_some_and(falls_to) {
                continue;
            }
            // A day agreed as the next stands until something was recorded or planned after the visit at which it was agreed.
            let followed = |other: &crate::visit::Visit| {
                other.trajectory == visit.trajectory
                    && other.placement == visit.placement
                    && other.status != Some(VisitStatus::Cancelled)
                    && other.day() > visit.day()
            };
            if !planned && visits.iter().any(|(other, one)| other != id && followed(one)) {
                continue;
            }
            let place = visit.placement.and_then(|id| place(dossier, register, id));
            let row = PlannedRow {
                who: who(),
                trajectory: visit.trajectory,
                visit: *id,
                planned,
                on: day,
                visit_type: visit.visit_type,
                place,
                planned_by,
            };
            if day <= on { self.today.push(row) } else { self.upcoming.push(row) }
        }
        for (id, agreement) in dossier.agreements.iter().filter(|(_, agreement)| agreement.done_on.is_none()) {
            let Some((visit_id, visit)) = visits.iter().find(|(visit, _)| Some(*visit) == agreement.visit) else { continue };
            let own = visit.coach.as_deref() == Some(&coach) || visit.trajectory.is_some_and(primary);
            let Some(text) = agreement.text.clone().filter(|_| own) else { continue };
            let late = agreement.due.is_some_and(|due| due < on);
            self.agreements.push(AgreementRow {
                who: who(),
                agreement: *id,
                visit: *visit_id,
                text,
                owner: agreement.owner,
                due: agreement.due,
                late,
            });
        }
    }
}

fn due_row(who: Who, place: Place, due: DueVisit) -> DueRow {
    DueRow {
        who,
        trajectory: due.trajectory,
        place,
        due: due.due,
        last_visit: due.last_visit,
        planned_on: due.planned.map(|(_, day)| day),
        days_overdue: due.days_overdue,
    }
}

fn place(dossier: &Dossier, register: &Register, id: PlacementId) -> Option<Place> {
    let placement = dossier.placements.get(&id)?;
    let listed = placement.employer.as_deref().and_then(|code| register.employers.get(code));
    Some(Place {
        placement: id,
        employer: listed.and_then(|employer| employer.name.clone()).or_else(|| placement.employer.clone()),
        location: placement.location.clone().or_else(|| listed.and_then(|employer| employer.location.clone())),
        supervisor: placement.supervisor_first_name.clone(),
    })
}
