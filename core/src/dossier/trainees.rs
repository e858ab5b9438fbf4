//! The trainee of a dossier: adding and editing.

use super::Dossier;
use crate::ids::TraineeId;
use crate::record::Record;
use crate::rules::{By, Checked, FieldName, Plan, RuleBroken, checks};
use crate::trainee::Trainee;

impl Dossier {
    /// Writes who the dossier is about. Whether the reference is free within the organisation is the caller's to check, who
    /// knows the other dossiers. A dossier whose opening named the trainee keeps that id.
    ///
    /// # Errors
    /// The rule that the draft breaks.
    pub fn add_trainee(&self, by: &mut By<'_>, mut draft: Trainee) -> Result<Plan<TraineeId>, RuleBroken> {
        checks::needed::<Trainee>("reference", &draft.reference)?;
        let id = self.trainee.id.or(draft.id).unwrap_or_else(|| TraineeId::fresh(by.moment.at, by.rng));
        draft.id = Some(id);
        draft.organisation = self.trainee.organisation.clone().or(draft.organisation);
        let mut warnings = draft.check(&self.trainee, by.moment, by.declared)?;
        checks::to_complete::<Trainee>(
            &[
                ("given_name", checks::blank(&draft.given_name)),
                ("birth_date", draft.birth_date.is_none()),
                ("municipality", checks::blank(&draft.municipality)),
            ],
            &mut warnings,
        );
        Ok(Plan { id, writes: draft.edit(&self.trainee, ""), warnings })
    }

    /// Changes what is known of the trainee; `draft` is the whole record as it should become.
    ///
    /// # Errors
    /// The rule that the change breaks.
    pub fn edit_trainee(&self, by: &mut By<'_>, mut draft: Trainee) -> Result<Plan, RuleBroken> {
        if self.trainee.reference.is_some() && checks::blank(&draft.reference) {
            return Err(RuleBroken::Missing { field: FieldName::of::<Trainee>("reference") });
        }
        draft.id = self.trainee.id;
        draft.organisation = self.trainee.organisation.clone();
        let warnings = draft.check(&self.trainee, by.moment, by.declared)?;
        Ok(Plan { id: (), writes: draft.edit(&self.trainee, ""), warnings })
    }
}
