//! Visits: planning, moving, recording, correcting, withdrawing; and what was agreed at them.

use super::Dossier;
use crate::clock::{Day, Timestamp};
use crate::codes::*;
use crate::ids::{AgreementId, EntryId, VisitId};
use crate::record::Record;
use crate::rules::{By, Checked, Plan, RuleBroken, Warning, checks};
use crate::visit::{Agreement, Correction, Visit};

impl Dossier {
    /// A visit by id, as it was written first.
    ///
    /// # Errors
    /// When the dossier has none with this id.
    pub fn visit(&self, id: VisitId) -> Result<&Visit, RuleBroken> {
        self.visits.get(&id).ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })
    }

    /// A visit as it reads now: its corrections laid over it in the order in which they were recorded. Of two corrections
    /// that contradict each other the one recorded last is read; both stay in the dossier, and a person settles it.
    pub fn effective_visit(&self, id: VisitId) -> Option<Visit> {
        let mut visit = self.visits.get(&id)?.clone();
        for (_, correction) in self.corrections_of(id) {
            visit.apply(correction);
        }
        Some(visit)
    }

    /// Every visit as it reads now, withdrawn ones left out.
    pub fn effective_visits(&self) -> Vec<(VisitId, Visit)> {
        let mut visits = self.visits.clone();
        let mut corrections: Vec<_> = self.corrections.iter().collect();
        corrections.sort_by_key(|(key, correction)| (correction.recorded_at, **key));
        for (_, correction) in corrections {
            if let Some(visit) = correction.visit.and_then(|id| visits.get_mut(&id)) {
                visit.apply(correction);
            }
        }
        visits.into_iter().filter(|(_, visit)| visit.withdrawn.is_none()).collect()
    }

    /// The corrections of a visit in the order in which they were recorded.
    pub fn corrections_of(&self, id: VisitId) -> Vec<(EntryId, &Correction)> {
        let mut corrections: Vec<_> = self
            .corrections
            .iter()
            .filter(|(_, correction)| correction.visit == Some(id))
            .map(|(key, one)| (*key, one))
            .collect();
        corrections.sort_by_key(|(key, correction)| (correction.recorded_at, *key));
        corrections
    }

    /// When a correction is recorded now: after every one that is known, also when another device's clock ran ahead, so that
    /// what is said last is what is read.
    pub fn next_correction_at(&self, id: VisitId, now: Timestamp) -> Timestamp {
        let latest = self.corrections_of(id).into_iter().filter_map(|(_, one)| one.recorded_at).max();
        latest.map_or(now, |latest| now.max(latest.plus_millis(1)))
    }

    /// Plans a visit. Coach and trajectory are filled in when the draft leaves them out.
    ///
    /// # Errors
    /// The rule that the draft breaks.
    pub fn plan_visit(&self, by: &mut By<'_>, mut draft: Visit) -> Result<Plan<VisitId>, RuleBroken> {
        draft.status = Some(VisitStatus::Planned);
        draft.finalised_at = None;
        draft.started_at = None;
        self.complete(by, &mut draft)?;
        let mut warnings = draft.check(&Visit::default(), by.moment, by.declared)?;
        warnings.extend(self.outside_period(&draft));
        let id = VisitId::fresh(by.moment.at, by.rng);
        Ok(Plan { id, writes: draft.create(&id.to_string()), warnings })
    }

    /// Moves a planned visit to another day.
    ///
    /// # Errors
    /// When the visit is not planned any more, or is somebody else's.
    pub fn move_visit(&self, by: &mut By<'_>, id: VisitId, to: Day) -> Result<Plan, RuleBroken> {
        let before = self.own_visit(by, id)?;
        if before.is_recorded() {
            return Err(RuleBroken::VisitRecorded);
        }
        let draft = Visit { planned_on: Some(to), ..before.clone() };
        let mut warnings = draft.check(before, by.moment, by.declared)?;
        warnings.extend(self.outside_period(&draft));
        Ok(Plan { id: (), writes: draft.edit(before, &id.to_string()), warnings })
    }

    /// Records a visit, with what was agreed there. Left out: coach (the one who acts), trajectory (the only open one),
    /// status (done), mode (on site) and, for a visit at the workplace, the placement (the only open one).
    ///
    /// With `planned` the planned visit becomes this one. A colleague who takes over a planned visit records a visit of
    /// their own, and the planned one is cancelled: whose visit it is, is written once.
    ///
    /// # Errors
    /// The rule that the draft breaks.
    pub fn log_visit(
        &self,
        by: &mut By<'_>,
        planned: Option<VisitId>,
        mut draft: Visit,
        agreements: Vec<Agreement>,
    ) -> Result<Plan<VisitId>, RuleBroken> {
        let planned = planned.map(|id| self.visit(id).map(|visit| (id, visit))).transpose()?;
        if let Some((_, before)) = planned {
            if before.withdrawn.is_some() {
                return Err(RuleBroken::VisitWithdrawn);
            }
            if before.is_recorded() {
                return Err(RuleBroken::VisitRecorded);
            }
            draft.trajectory = before.trajectory;
            draft.planned_on = draft.planned_on.or(before.planned_on);
            draft.placement = draft.placement.or(before.placement);
            draft.visit_type = draft.visit_type.or(before.visit_type);
            draft.mode = draft.mode.or(before.mode);
        }
        draft.status = match draft.status {
            None | Some(VisitStatus::Planned) => Some(VisitStatus::Done),
            other => other,
        };
        draft.finalised_at = Some(by.moment.at);
        draft.withdrawn = None;
        self.complete(by, &mut draft)?;
        if let Some(coach) = draft.coach.clone().filter(|coach| coach != by.person && !by.coordinator) {
            return Err(RuleBroken::NotYourVisit { coach });
        }
        let own_plan = planned.filter(|(_, before)| before.coach == draft.coach);
        let mut warnings = draft.check(own_plan.map_or(&Visit::default(), |(_, before)| before), by.moment, by.declared)?;
        warnings.extend(self.outside_period(&draft));
        warnings.extend(self.same_time(own_plan.map(|(id, _)| id), &draft));

        let (id, mut writes) = match own_plan {
            Some((id, before)) => {
                draft.recorded_at = before.recorded_at;
                (id, draft.edit(before, &id.to_string()))
            }
            None => {
                let id = VisitId::fresh(by.moment.at, by.rng);
                (id, draft.create(&id.to_string()))
            }
        };
        if let (None, Some((replaced, before))) = (own_plan, planned) {
            let cancelled = Visit { status: Some(VisitStatus::Cancelled), finalised_at: Some(by.moment.at), ..before.clone() };
            writes.extend(cancelled.edit(before, &replaced.to_string()));
        }
        for mut agreement in agreements {
            agreement.visit = Some(id);
            warnings.extend(agreement.check(&Agreement::default(), by.moment, by.declared)?);
            writes.extend(agreement.create(&AgreementId::fresh(by.moment.at, by.rng).to_string()));
        }
        Ok(Plan { id, writes, warnings })
    }

    /// Says what a recorded visit should have said. Fields that are left out, or say what is read already, stand.
    ///
    /// # Errors
    /// When the visit is only planned, withdrawn, or somebody else's; or the rule that the corrected visit breaks.
    pub fn correct_visit(&self, by: &mut By<'_>, id: VisitId, draft: Correction) -> Result<Plan<EntryId>, RuleBroken> {
        let stored = self.own_visit(by, id)?;
        if !stored.is_recorded() {
            return Err(RuleBroken::VisitNotRecorded);
        }
        let before = self.effective_visit(id).unwrap_or_else(|| stored.clone());
        let mut after = before.clone();
        after.apply(&draft);
        if after == before {
            return Err(RuleBroken::NothingToCorrect);
        }
        self.record_correction(by, id, (before, after), draft)
    }

    /// Says that a recorded visit reads as it should, which settles two corrections that contradict each other.
    ///
    /// # Errors
    /// As [`Dossier::correct_visit`].
    pub fn confirm_visit(&self, by: &mut By<'_>, id: VisitId, draft: Correction) -> Result<Plan<EntryId>, RuleBroken> {
        let stored = self.own_visit(by, id)?;
        let read = self.effective_visit(id).unwrap_or_else(|| stored.clone());
        self.record_correction(by, id, (read.clone(), read), draft)
    }

    fn record_correction(
        &self,
        by: &mut By<'_>,
        id: VisitId,
        (before, after): (Visit, Visit),
        mut draft: Correction,
    ) -> Result<Plan<EntryId>, RuleBroken> {
        draft.visit = Some(id);
        draft.by = Some(by.person.to_owned());
        draft.recorded_at = Some(self.next_correction_at(id, by.moment.at));
        let mut warnings = draft.check(&Correction::default(), by.moment, by.declared)?;
        warnings.extend(
            after.check(&before, by.moment, by.declared)?.into_iter().filter(|one| !matches!(one, Warning::MedicalWords { .. })),
        );
        warnings.extend(self.outside_period(&after));
        let entry = EntryId::fresh(by.moment.at, by.rng);
        Ok(Plan { id: entry, writes: draft.create(&entry.to_string()), warnings })
    }

    /// Withdraws a visit, with the reason. One that was only planned is marked, so that lists and calendars drop it. One that
    /// was recorded goes for good: the plan says so and writes nothing, for the dossier goes on in another document without
    /// it; see [`crate::field_book::FieldBook::withdraw`].
    ///
    /// # Errors
    /// When there is no reason, or the visit was withdrawn already or is somebody else's.
    pub fn withdraw_visit(&self, by: &mut By<'_>, id: VisitId, reason: &str) -> Result<Plan<bool>, RuleBroken> {
        let before = self.own_visit(by, id)?;
        let draft = Visit { withdrawn: Some(reason.to_owned()), ..before.clone() };
        checks::needed::<Visit>("withdrawn", &draft.withdrawn)?;
        let mut warnings = Vec::new();
        checks::texts(before, &draft, by.declared, &mut warnings)?;
        let hangs_on_it = self.agreements.values().any(|one| one.visit == Some(id)) || !self.corrections_of(id).is_empty();
        let for_good = before.is_recorded() || before.summary.is_some() || hangs_on_it;
        let writes = if for_good { Vec::new() } else { draft.edit(before, &id.to_string()) };
        Ok(Plan { id: for_good, writes, warnings })
    }

    /// Adds an action point to a visit.
    ///
    /// # Errors
    /// When there is no such visit, or the agreement has no text.
    pub fn add_agreement(&self, by: &mut By<'_>, visit: VisitId, mut draft: Agreement) -> Result<Plan<AgreementId>, RuleBroken> {
        self.visit(visit)?;
        draft.visit = Some(visit);
        let warnings = draft.check(&Agreement::default(), by.moment, by.declared)?;
        let id = AgreementId::fresh(by.moment.at, by.rng);
        Ok(Plan { id, writes: draft.create(&id.to_string()), warnings })
    }

    /// Says that an action point was done.
    ///
    /// # Errors
    /// When there is no such action point, or the day lies ahead.
    pub fn finish_agreement(&self, by: &mut By<'_>, id: AgreementId, on: Day) -> Result<Plan, RuleBroken> {
        let before = self.agreements.get(&id).ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })?;
        let draft = Agreement { done_on: Some(on), ..before.clone() };
        let warnings = draft.check(before, by.moment, by.declared)?;
        Ok(Plan { id: (), writes: draft.edit(before, &id.to_string()), warnings })
    }

    /// Fills in what follows from the dossier and from who acts.
    fn complete(&self, by: &mut By<'_>, draft: &mut Visit) -> Result<(), RuleBroken> {
        draft.coach.get_or_insert_with(|| by.person.to_owned());
        let day = draft.day().unwrap_or(by.today());
        let of_placement = draft.placement.map(|id| self.placement(id)).transpose()?.and_then(|placement| placement.trajectory);
        if let (Some(placement), Some(of), Some(named)) = (draft.placement, of_placement, draft.trajectory)
            && of != named
        {
            return Err(RuleBroken::Unknown { name: placement.to_string() });
        }
        let named = draft.trajectory.or(of_placement);
        let meant = match self.meant_trajectory(named, day) {
            // Of before the only trajectory that is open now: it belongs there all the same.
            Err(broken @ RuleBroken::WhichTrajectory { open: 0 }) => {
                self.meant_trajectory(None, by.today()).map_err(|_| broken)?
            }
            other => other?,
        };
        draft.trajectory = Some(meant);
        draft.recorded_at = Some(by.moment.at);
        draft.mode.get_or_insert(ContactMode::OnSite);
        if draft.placement.is_none() && draft.visit_type.is_none_or(VisitType::at_workplace) {
            let open: Vec<_> = self
                .placements
                .iter()
                .filter(|(_, placement)| placement.trajectory == draft.trajectory && placement.open_on(day))
                .collect();
            if let [(only, _)] = open.as_slice() {
                draft.placement = Some(**only);
            }
        }
        Ok(())
    }

    /// A visit that this person may change.
    fn own_visit(&self, by: &By<'_>, id: VisitId) -> Result<&Visit, RuleBroken> {
        let visit = self.visit(id)?;
        if visit.withdrawn.is_some() {
            return Err(RuleBroken::VisitWithdrawn);
        }
        match &visit.coach {
            Some(coach) if coach != by.person && !by.coordinator => Err(RuleBroken::NotYourVisit { coach: coach.clone() }),
            _ => Ok(visit),
        }
    }

    /// V15.
    fn outside_period(&self, visit: &Visit) -> Option<Warning> {
        let day = visit.day()?;
        let trajectory = visit.trajectory.and_then(|id| self.trajectories.get(&id));
        let placement = visit.placement.and_then(|id| self.placements.get(&id));
        // Aftercare comes after the end by its nature.
        let aftercare = visit.visit_type == Some(VisitType::AftercareContact);
        let outside =
            trajectory.is_some_and(|one| !one.open_on(day) && !aftercare) || placement.is_some_and(|one| !one.open_on(day));
        outside.then_some(Warning::OutsidePeriod { day })
    }

    /// V14 and V16, within this dossier.
    fn same_time(&self, own: Option<VisitId>, visit: &Visit) -> Vec<Warning> {
        let Some(start) = visit.started_at else { return Vec::new() };
        let minutes = visit.duration_min.unwrap_or(0);
        self.effective_visits()
            .into_iter()
            .filter(|(id, other)| Some(*id) != own && other.coach == visit.coach && other.is_done())
            .filter_map(|(other, known)| {
                let apart = start.minutes_since(known.started_at?);
                if apart.abs() < 15 {
                    return Some(Warning::PossibleDuplicate { other });
                }
                let overlap = if apart >= 0 { apart < known.duration_min.unwrap_or(0) } else { -apart < minutes };
                overlap.then_some(Warning::OverlappingVisit { other })
            })
            .collect()
    }

    /// V16: pairs of visits of the same coach that began within 15 minutes of each other. Both stay until a person withdraws one.
    pub fn possible_duplicates(&self) -> Vec<(VisitId, VisitId)> {
        let mut done: Vec<_> = self
            .effective_visits()
            .into_iter()
            .filter(|(_, visit)| visit.is_done())
            .filter_map(|(id, visit)| Some((visit.coach?, visit.started_at?, id)))
            .collect();
        done.sort();
        done.windows(2)
            .filter(|pair| pair[0].0 == pair[1].0 && pair[1].1.minutes_since(pair[0].1) < 15)
            .map(|pair| (pair[0].2, pair[1].2))
            .collect()
    }
}
