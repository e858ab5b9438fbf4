//! Schools, and where trainees go: leaving a school is one fact, leaving a programme another.

use super::Dossier;
use crate::clock::Day;
use crate::codes::*;
use crate::ids::{EnrolmentId, TrajectoryId};
use crate::outflow::Enrolment;
use crate::record::Record;
use crate::rules::{By, Checked, Plan, RuleBroken, Warning, checks};

/// What an outflow is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutflowOf {
    /// Leaving a school.
    School(EnrolmentId),
    /// Leaving a programme.
    Programme(TrajectoryId),
}

impl Dossier {
    /// Enrols the trainee at a school.
    ///
    /// # Errors
    /// When the trainee is at that school already, or the draft breaks a rule.
    pub fn add_enrolment(&self, by: &mut By<'_>, draft: Enrolment) -> Result<Plan<EnrolmentId>, RuleBroken> {
        checks::needed::<Enrolment>("school", &draft.school)?;
        let mut warnings = draft.check(&Enrolment::default(), by.moment, by.declared)?;
        // An enrolment whose period is not known at all is compared by what is known: its day of leaving.
        let taken = self.enrolments.values().find(|other| other.school == draft.school && other.overlaps(&draft));
        if let Some(other) = taken {
            return Err(RuleBroken::AlreadyEnrolled { school: other.school.clone().unwrap_or_default() });
        }
        if self.enrolments.values().any(|other| other.overlaps(&draft)) {
            warnings.push(Warning::TwoSchools);
        }
        checks::to_complete::<Enrolment>(&[("school_type", draft.school_type.is_none())], &mut warnings);
        let id = EnrolmentId::fresh(by.moment.at, by.rng);
        Ok(Plan { id, writes: draft.create(&id.to_string()), warnings })
    }

    /// Changes an enrolment; `draft` is the whole record as it should become.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn edit_enrolment(&self, by: &mut By<'_>, id: EnrolmentId, mut draft: Enrolment) -> Result<Plan, RuleBroken> {
        let before = self.enrolments.get(&id).ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })?;
        draft.school = before.school.clone();
        let warnings = draft.check(before, by.moment, by.declared)?;
        Ok(Plan { id: (), writes: draft.edit(before, &id.to_string()), warnings })
    }

    /// Records where the trainee went after a school or a programme, and on which day. Income is kept for schools only,
    /// where it is an axis of its own.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn set_outflow(
        &self,
        by: &mut By<'_>,
        of: OutflowOf,
        destination: OutflowDestination,
        on: Day,
        income: Option<IncomeSituation>,
    ) -> Result<Plan, RuleBroken> {
        match of {
            OutflowOf::School(id) => {
                let mut draft = self.enrolments.get(&id).cloned().ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })?;
                draft.destination = Some(destination);
                draft.left_on = Some(on);
                draft.income_situation = income.or(draft.income_situation);
                self.edit_enrolment(by, id, draft)
            }
            OutflowOf::Programme(id) => {
                let mut draft = self.trajectory(id)?.clone();
                draft.outflow_destination = Some(destination);
                draft.outflow_date = Some(on);
                self.edit_trajectory(by, id, draft)
            }
        }
    }

    /// The enrolment that a person means who names none: the only one that has not ended.
    pub fn open_enrolment(&self) -> Option<EnrolmentId> {
        let open: Vec<EnrolmentId> = self.enrolments.iter().filter(|(_, one)| one.left_on.is_none()).map(|(id, _)| *id).collect();
        if let [only] = open.as_slice() { Some(*only) } else { None }
    }
}
