//! When the next visit is due: 14 days after a placement starts, then an interval after each visit.

use super::Dossier;
use crate::clock::Day;
use crate::codes::*;
use crate::ids::{PlacementId, TrajectoryId, VisitId};
use crate::register::Register;

/// Days after the start of a placement within which the first visit is due.
pub const FIRST_VISIT_DAYS: i64 = 14;
/// Days between visits when the programme says nothing.
pub const VISIT_INTERVAL_DAYS: i64 = 42;
/// Days after the due date before a visit is overdue.
pub const GRACE_DAYS: i64 = 7;

/// A visit that an open placement needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueVisit {
    /// Of which trajectory.
    pub trajectory: TrajectoryId,
    /// At which placement.
    pub placement: PlacementId,
    /// The primary coach, if there is one.
    pub coach: Option<String>,
    /// The day on which it is due.
    pub due: Day,
    /// The day of the last visit that counted.
    pub last_visit: Option<Day>,
    /// The first visit that is planned from now on.
    pub planned: Option<(VisitId, Day)>,
    /// Days past the due date once the grace is over; 0 when not overdue.
    pub days_overdue: i64,
}

impl DueVisit {
    /// Whether due date and grace have passed.
    pub fn is_overdue(&self) -> bool {
        self.days_overdue > 0
    }
}

impl Dossier {
    /// The visits that the placements open on a day need next, earliest first. As it was known to be then: later visits
    /// are not looked at.
    pub fn due_visits(&self, on: Day, register: &Register) -> Vec<DueVisit> {
        let visits = self.effective_visits();
        let mut due: Vec<DueVisit> = self
            .placements
            .iter()
            .filter_map(|(id, placement)| {
                let (trajectory, start) = (placement.trajectory?, placement.start?);
                let record = self.trajectories.get(&trajectory)?;
                if !placement.open_on(on) || !record.open_on(on) {
                    return None;
                }
                let programme = record.programme.as_deref().unwrap_or_default();
                let phone_counts = register.phone_counts(programme);
                // A visit that names no placement counts for all that were open; one that names another counts for that.
                let of_this = || {
                    visits.iter().filter(|(_, visit)| {
                        visit.trajectory == Some(trajectory) && visit.placement.is_none_or(|other| other == *id)
                    })
                };
                let last_visit = of_this()
                    .filter(|(_, visit)| {
                        visit.is_done() && visit.mode.unwrap_or(ContactMode::OnSite).satisfies_due_visit(phone_counts)
                    })
                    .filter_map(|(_, visit)| visit.day())
                    .filter(|day| start <= *day && *day <= on)
                    .max();
                let planned = of_this()
                    .filter(|(_, visit)| visit.status == Some(VisitStatus::Planned))
                    .filter_map(|(visit_id, visit)| Some((*visit_id, visit.planned_on?)))
                    .filter(|(_, day)| on <= *day)
                    .min_by_key(|(_, day)| *day);
                let due = match last_visit {
                    Some(last) => last.plus_days(register.visit_interval_days(programme)),
                    None => start.plus_days(FIRST_VISIT_DAYS),
                };
                let past = on.days_since(due);
                let days_overdue = if past > GRACE_DAYS { past } else { 0 };
                let coach = self.primary_coach_on(trajectory, on).map(str::to_owned);
                Some(DueVisit { trajectory, placement: *id, coach, due, last_visit, planned, days_overdue })
            })
            .collect();
        due.sort_by_key(|one| (one.due, one.placement));
        due
    }
}
