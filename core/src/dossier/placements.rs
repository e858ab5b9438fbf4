//! Placements and trainings: where a trainee learns and works.

use super::Dossier;
use crate::clock::Day;
use crate::codes::*;
use crate::ids::{PlacementId, TrainingId};
use crate::placement::{Hours, Placement};
use crate::record::Record;
use crate::rules::{By, Checked, FieldName, Plan, RuleBroken, Warning, checks};
use crate::trajectory::{Training, Trajectory};

/// A full working week, in hundredths of an hour.
const FULL_WEEK: Hours = Hours(4_000);

impl Dossier {
    /// A placement by id.
    ///
    /// # Errors
    /// When the dossier has none with this id.
    pub fn placement(&self, id: PlacementId) -> Result<&Placement, RuleBroken> {
        self.placements.get(&id).ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })
    }

    /// Adds a placement. Without a trajectory it belongs to the only open one.
    ///
    /// # Errors
    /// The rule that the draft breaks.
    pub fn add_placement(&self, by: &mut By<'_>, mut draft: Placement) -> Result<Plan<PlacementId>, RuleBroken> {
        let Some(start) = draft.start else { return Err(RuleBroken::Missing { field: FieldName::of::<Placement>("start") }) };
        let Some(kind) = draft.placement_type else {
            return Err(RuleBroken::Missing { field: FieldName::of::<Placement>("placement_type") });
        };
        let trajectory = self.meant_trajectory(draft.trajectory, start)?;
        draft.trajectory = Some(trajectory);
        let mut warnings = draft.check(&Placement::default(), by.moment, by.declared)?;
        warnings.extend(self.fits_trajectory(&draft)?);
        warnings.extend(self.paid_hours(None, &draft));
        let absent = [
            ("employer", checks::blank(&draft.employer) && kind != PlacementType::Education),
            ("hours_per_week", draft.hours_per_week.is_none() && kind.paid()),
        ];
        checks::to_complete::<Placement>(&absent, &mut warnings);
        let id = PlacementId::fresh(by.moment.at, by.rng);
        Ok(Plan { id, writes: draft.create(&id.to_string()), warnings })
    }

    /// Changes a placement; `draft` is the whole record as it should become.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn edit_placement(&self, by: &mut By<'_>, id: PlacementId, mut draft: Placement) -> Result<Plan, RuleBroken> {
        let before = self.placement(id)?;
        draft.trajectory = before.trajectory;
        if let Some(next) = draft.next_placement {
            self.placement(next)?;
        }
        let mut warnings = draft.check(before, by.moment, by.declared)?;
        if draft.start != before.start {
            warnings.extend(self.fits_trajectory(&draft)?);
        }
        warnings.extend(self.paid_hours(Some(id), &draft));
        Ok(Plan { id: (), writes: draft.edit(before, &id.to_string()), warnings })
    }

    /// Ends a placement, with the placement that it became if there is one.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn end_placement(
        &self,
        by: &mut By<'_>,
        id: PlacementId,
        on: Day,
        reason: Option<PlacementEndReason>,
        next: Option<PlacementId>,
    ) -> Result<Plan, RuleBroken> {
        let before = self.placement(id)?;
        if let Some(on) = before.end {
            return Err(RuleBroken::Ended { on });
        }
        let mut draft = before.clone();
        draft.end = Some(on);
        draft.end_reason = reason;
        draft.next_placement = next.or(draft.next_placement);
        let mut plan = self.edit_placement(by, id, draft)?;
        checks::to_complete::<Placement>(&[("end_reason", reason.is_none())], &mut plan.warnings);
        Ok(plan)
    }

    /// Adds a training. Without a trajectory it belongs to the only open one; without a result it is running.
    ///
    /// # Errors
    /// The rule that the draft breaks.
    pub fn add_training(&self, by: &mut By<'_>, mut draft: Training) -> Result<Plan<TrainingId>, RuleBroken> {
        checks::needed::<Training>("course", &draft.course)?;
        let start = draft.start.unwrap_or(by.today());
        draft.start = Some(start);
        draft.trajectory = Some(self.meant_trajectory(draft.trajectory, start)?);
        draft.result.get_or_insert(TrainingResult::Running);
        let warnings = draft.check(&Training::default(), by.moment, by.declared)?;
        let id = TrainingId::fresh(by.moment.at, by.rng);
        Ok(Plan { id, writes: draft.create(&id.to_string()), warnings })
    }

    /// Changes a training; `draft` is the whole record as it should become.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn edit_training(&self, by: &mut By<'_>, id: TrainingId, mut draft: Training) -> Result<Plan, RuleBroken> {
        let before = self.training(id)?;
        draft.trajectory = before.trajectory;
        let warnings = draft.check(before, by.moment, by.declared)?;
        Ok(Plan { id: (), writes: draft.edit(before, &id.to_string()), warnings })
    }

    /// Ends a training with its result.
    ///
    /// # Errors
    /// The rule that the change breaks; a training that ended is mended with an edit.
    pub fn end_training(&self, by: &mut By<'_>, id: TrainingId, on: Day, result: TrainingResult) -> Result<Plan, RuleBroken> {
        let before = self.training(id)?;
        if let (Some(on), Some(ended)) = (before.end, before.result)
            && ended != TrainingResult::Running
        {
            return Err(RuleBroken::Ended { on });
        }
        self.edit_training(by, id, Training { end: Some(on), result: Some(result), ..before.clone() })
    }

    fn training(&self, id: TrainingId) -> Result<&Training, RuleBroken> {
        self.trainings.get(&id).ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })
    }

    /// V01 for the last step: the agreement comes before the placement; a warning when there is none yet.
    fn fits_trajectory(&self, placement: &Placement) -> Result<Option<Warning>, RuleBroken> {
        let Some(trajectory) = placement.trajectory.and_then(|id| self.trajectories.get(&id)) else { return Ok(None) };
        let (Some(start), done) = (placement.start, FieldName { name: "placement_start", label_nl: "begin plaatsing" }) else {
            return Ok(None);
        };
        let steps = [
            ("referral_date", trajectory.referral_date),
            ("intake_date", trajectory.intake_date),
            ("agreement_date", trajectory.agreement_date),
        ];
        for (name, day) in steps {
            if let Some(earlier_day) = day.filter(|day| start < *day) {
                let earlier = FieldName::of::<Trajectory>(name);
                return Err(RuleBroken::DatesOutOfOrder { earlier, earlier_day, later: done, later_day: start });
            }
        }
        let skipped = FieldName::of::<Trajectory>("agreement_date");
        Ok(trajectory.agreement_date.is_none().then_some(Warning::StepSkipped { skipped, done }))
    }

    /// V07: paid placements at the same time, together above a full week.
    fn paid_hours(&self, own: Option<PlacementId>, placement: &Placement) -> Option<Warning> {
        let (Some(start), Some(hours), true) = (placement.start, placement.hours_per_week, placement.is_paid()) else {
            return None;
        };
        let others: Vec<_> = self
            .placements
            .iter()
            .filter(|(id, other)| Some(**id) != own && other.is_paid() && other.hours_per_week.is_some())
            .collect();
        // The sum can only be highest on a day on which one of them starts.
        let days = others.iter().filter_map(|(_, other)| other.start).chain([start]).filter(|day| placement.open_on(*day));
        days.filter_map(|day| {
            let at_once: Vec<_> = others.iter().filter(|(_, other)| other.open_on(day)).collect();
            let others = at_once.iter().filter_map(|(_, other)| other.hours_per_week);
            let total = Hours(others.fold(hours.0, |total, other| total.saturating_add(other.0)));
            let (other, _) = at_once.first()?;
            (total > FULL_WEEK).then_some((total, **other))
        })
        .max()
        .map(|(total, other)| Warning::PaidHoursOverlap { total, other })
    }
}
