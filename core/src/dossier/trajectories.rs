//! Trajectories: opening, agreeing, events, closing; and the phase that follows from them.

use super::Dossier;
use crate::clock::Day;
use crate::codes::*;
use crate::ids::{EntryId, TrajectoryId};
use crate::record::Record;
use crate::rules::{By, Checked, FieldName, Plan, RuleBroken, Warning, checks};
use crate::trajectory::{Event, Trajectory};

impl Dossier {
    /// A trajectory by id.
    ///
    /// # Errors
    /// When the dossier has none with this id.
    pub fn trajectory(&self, id: TrajectoryId) -> Result<&Trajectory, RuleBroken> {
        self.trajectories.get(&id).ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })
    }

    /// The trajectory that is meant: the one that is named, else the only one open on the day.
    ///
    /// # Errors
    /// When the named one does not exist, or none is named and not exactly one is open.
    pub fn meant_trajectory(&self, named: Option<TrajectoryId>, day: Day) -> Result<TrajectoryId, RuleBroken> {
        if let Some(id) = named {
            return self.trajectory(id).map(|_| id);
        }
        let open: Vec<TrajectoryId> =
            self.trajectories.iter().filter(|(_, trajectory)| trajectory.open_on(day)).map(|(id, _)| *id).collect();
        match (open.as_slice(), self.trajectories.len()) {
            ([only], _) => Ok(*only),
            // A visit of before the referral, or of after the end, belongs to the only trajectory there is.
            ([], 1) => self.trajectories.keys().next().copied().ok_or(RuleBroken::WhichTrajectory { open: 0 }),
            (several, _) => Err(RuleBroken::WhichTrajectory { open: several.len() }),
        }
    }

    /// Opens a trajectory. The referral date is today when the draft has none.
    ///
    /// # Errors
    /// The rule that the draft breaks.
    pub fn open_trajectory(&self, by: &mut By<'_>, mut draft: Trajectory) -> Result<Plan<TrajectoryId>, RuleBroken> {
        checks::needed::<Trajectory>("programme", &draft.programme)?;
        if let Some(previous) = draft.previous_trajectory {
            self.trajectory(previous)?;
        }
        if draft.referral_date.is_none() {
            // Of the dates that are known, the referral cannot come after the first.
            let known = [draft.intake_date, draft.agreement_date].into_iter().flatten().min();
            draft.referral_date = Some(known.map_or(by.today(), |known| known.min(by.today())));
        }
        let mut warnings = draft.check(&Trajectory::default(), by.moment, by.declared)?;
        let absent = [("goal_direction", draft.goal_direction.is_none()), ("referrer_role", draft.referrer_role.is_none())];
        checks::to_complete::<Trajectory>(&absent, &mut warnings);
        let id = TrajectoryId::fresh(by.moment.at, by.rng);
        Ok(Plan { id, writes: draft.create(&id.to_string()), warnings })
    }

    /// Changes a trajectory; `draft` is the whole record as it should become.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn edit_trajectory(&self, by: &mut By<'_>, id: TrajectoryId, draft: Trajectory) -> Result<Plan, RuleBroken> {
        let before = self.trajectory(id)?;
        checks::needed::<Trajectory>("programme", &draft.programme)?;
        if let Some(previous) = draft.previous_trajectory {
            self.trajectory(previous)?;
        }
        let warnings = draft.check(before, by.moment, by.declared)?;
        if draft.agreement_date != before.agreement_date {
            self.agreed_before_placements(id, draft.agreement_date)?;
        }
        Ok(Plan { id: (), writes: draft.edit(before, &id.to_string()), warnings })
    }

    /// Records the signing of the agreement, which starts the trajectory, and the intake if its day is given.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn agree_trajectory(&self, by: &mut By<'_>, id: TrajectoryId, on: Day, intake: Option<Day>) -> Result<Plan, RuleBroken> {
        let mut draft = self.trajectory(id)?.clone();
        draft.agreement_date = Some(on);
        draft.intake_date = intake.or(draft.intake_date);
        self.edit_trajectory(by, id, draft)
    }

    /// Adds a dated phase event. An intake or agreement gives the trajectory its date too, when it has none.
    ///
    /// # Errors
    /// V02 for a phase that only a started trajectory can have; closing is done with [`Dossier::close_trajectory`].
    pub fn add_event(
        &self,
        by: &mut By<'_>,
        id: TrajectoryId,
        phase: TrajectoryPhase,
        on: Day,
        note: Option<String>,
    ) -> Result<Plan<EntryId>, RuleBroken> {
        let before = self.trajectory(id)?;
        let mut after = before.clone();
        match phase {
            TrajectoryPhase::IntakeDone if before.intake_date.is_none() => after.intake_date = Some(on),
            TrajectoryPhase::Agreed if before.agreement_date.is_none() => after.agreement_date = Some(on),
            TrajectoryPhase::Closed => {
                return Err(RuleBroken::ClosingIncomplete { missing: FieldName::of::<Trajectory>("closing_reason") });
            }
            _ => {}
        }
        if phase.needs_agreement() && !after.started_by(on) {
            return Err(RuleBroken::NotAgreed);
        }
        if let Some(end) = before.end_date.filter(|end| *end < on) {
            return Err(RuleBroken::Ended { on: end });
        }
        let event = Event { trajectory: Some(id), phase: Some(phase), on: Some(on), by: Some(by.person.to_owned()), note };
        let mut warnings = event.check(&Event::default(), by.moment, by.declared)?;
        warnings.extend(after.check(before, by.moment, by.declared)?);
        let entry = EntryId::fresh(by.moment.at, by.rng);
        let mut writes = event.create(&entry.to_string());
        writes.extend(after.edit(before, &id.to_string()));
        Ok(Plan { id: entry, writes, warnings })
    }

    /// Closes a trajectory, with where the trainee went if that is known.
    ///
    /// # Errors
    /// The rule that the change breaks: `GOAL_REACHED` needs a destination.
    pub fn close_trajectory(
        &self,
        by: &mut By<'_>,
        id: TrajectoryId,
        on: Day,
        reason: ClosingReason,
        outflow: Option<(OutflowDestination, Day)>,
    ) -> Result<Plan, RuleBroken> {
        let before = self.trajectory(id)?;
        if let Some(on) = before.end_date {
            return Err(RuleBroken::Ended { on });
        }
        let mut draft = before.clone();
        draft.end_date = Some(on);
        draft.closing_reason = Some(reason);
        if let Some((destination, day)) = outflow {
            draft.outflow_destination = Some(destination);
            draft.outflow_date = Some(day);
        }
        let mut plan = self.edit_trajectory(by, id, draft)?;
        let count =
            self.placements.values().filter(|placement| placement.trajectory == Some(id) && placement.open_on(on)).count();
        if count > 0 {
            plan.warnings.push(Warning::PlacementsStillOpen { count });
        }
        Ok(plan)
    }

    /// The phase of a trajectory on a day: what began last, by dates and events; nothing before the referral.
    ///
    /// Of several on one day the later step of the process counts, an event over a date, and the last event of the list.
    /// What closed stays closed.
    pub fn phase_on(&self, id: TrajectoryId, day: Day) -> Option<TrajectoryPhase> {
        use TrajectoryPhase as Phase;
        let trajectory = self.trajectories.get(&id)?;
        let events: Vec<(Day, Phase)> = self
            .events
            .values()
            .filter(|event| event.trajectory == Some(id))
            .filter_map(|event| Some((event.on?, event.phase?)))
            .filter(|(on, _)| *on <= day)
            .collect();
        let ended = trajectory.end_date.is_some_and(|end| end <= day);
        if ended || events.iter().any(|(_, phase)| *phase == Phase::Closed) {
            return Some(Phase::Closed);
        }
        let mut dated: Vec<(Day, Phase)> = [
            (trajectory.referral_date, Phase::Referred),
            (trajectory.intake_date, Phase::IntakeDone),
            (trajectory.agreement_date, Phase::Agreed),
        ]
        .into_iter()
        .filter_map(|(on, phase)| Some((on?, phase)))
        .collect();
        let of_this = |of: Option<TrajectoryId>| of == Some(id);
        dated.extend(
            self.assignments
                .values()
                .filter(|one| of_this(one.trajectory) && !one.is_void())
                .filter_map(|one| Some((one.from?, Phase::Assigned))),
        );
        dated.extend(
            self.trainings.values().filter(|one| of_this(one.trajectory)).filter_map(|one| Some((one.start?, Phase::Training))),
        );
        dated.extend(
            self.placements.values().filter(|one| of_this(one.trajectory)).filter_map(|one| Some((one.start?, one.phase()))),
        );
        // A later coach does not take a placed trainee back to the beginning.
        let assigned_first = dated.iter().filter(|(_, phase)| *phase == Phase::Assigned).map(|(on, _)| *on).min();
        dated.retain(|(on, phase)| *on <= day && (*phase != Phase::Assigned || Some(*on) == assigned_first));
        dated.sort_by_key(|(_, phase)| *phase);
        dated.extend(events);
        // `max_by_key` takes the last of equals: the later step, the later event.
        dated.into_iter().max_by_key(|(on, _)| *on).map(|(_, phase)| phase)
    }

    /// V01 across records: no placement of the trajectory starts before its agreement.
    fn agreed_before_placements(&self, id: TrajectoryId, agreement: Option<Day>) -> Result<(), RuleBroken> {
        let first =
            self.placements.values().filter(|placement| placement.trajectory == Some(id)).filter_map(|one| one.start).min();
        match (agreement, first) {
            (Some(agreement), Some(start)) if start < agreement => Err(RuleBroken::DatesOutOfOrder {
                earlier: FieldName::of::<Trajectory>("agreement_date"),
                earlier_day: agreement,
                later: FieldName { name: "placement_start", label_nl: "begin plaatsing" },
                later_day: start,
            }),
            _ => Ok(()),
        }
    }
}
