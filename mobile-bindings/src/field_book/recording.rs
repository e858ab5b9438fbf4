//! What a coach records: visits, dossiers, placements, who coaches.

use veldboek_core::field_book::{Job, Reading, Target};
use veldboek_core::rules::{By, Declaration, Plan, RuleBroken, Warning};
use veldboek_core::statement::Handover;
use veldboek_core::trainee::Trainee;

use super::*;
use crate::given::{NewAssignment, NewDossier, NewPlacement, NewVisit, Planned, PlannedFor, declared, edited};

#[uniffi::export]
impl FieldBook {
    /// Records a visit; durable on this device when this returns. One that was planned is recorded as it was read: what a
    /// colleague changed in the plan meanwhile stands beside it, in `conflicts`.
    pub fn log_visit(&self, visit: NewVisit) -> Answered<LoggedVisit> {
        self.turn(|turn| {
            // A visit that was made is kept, also when the last day of access has passed.
            let (document, late) = turn.book.find_to_record(visit.dossier.trim())?;
            let dossier = turn.book.dossier(document)?;
            let declaration = declared(visit.not_a_bsn);
            let planned = visit.planned.as_ref().map(Planned::read).transpose()?;
            let (draft, agreements) = visit.draft()?;
            let (id, remarks) = match planned {
                None => {
                    let plan = turn.plan(declaration, |by| dossier.log_visit(by, None, draft, agreements))?;
                    match late {
                        true => {
                            let remarks = remarks(&plan.warnings, turn.lang);
                            let job = Job::new(Target::Existing(document), plan.writes).late();
                            turn.book.perform_all(vec![job], turn.moment, &mut turn.rng)?;
                            (plan.id, remarks)
                        }
                        false => turn.perform(document, plan)?,
                    }
                }
                Some((visit, read_at)) => {
                    let reading = turn.reading(document, &read_at)?;
                    let plan = turn.plan_as_read(&reading, &dossier, declaration, |dossier, by| {
                        dossier.log_visit(by, Some(visit), draft.clone(), agreements.clone())
                    })?;
                    let job = Job::new(Target::Existing(document), plan.writes);
                    let job = if late { job.late() } else { job };
                    turn.book.perform_as_read(&reading, job, turn.moment, &mut turn.rng)?;
                    (plan.id, remarks(&plan.warnings, turn.lang))
                }
            };
            let saved = turn.book.saved(document, &id)?.into();
            let (visit, dossier) = (id.to_string(), document.to_string());
            Ok(LoggedVisit { visit, dossier, saved, waits: late, remarks })
        })
    }

    /// Plans a visit.
    pub fn plan_visit(&self, visit: PlannedFor) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&visit.dossier)?;
            let draft = visit.draft()?;
            let plan = turn.plan(Declaration::Nothing, |by| dossier.plan_visit(by, draft))?;
            turn.change(document, plan)
        })
    }

    /// Begins a dossier, with its first trajectory when a programme is named. Works offline: whoever begins it has access.
    pub fn add_dossier(&self, dossier: NewDossier) -> Answered<SavedChange> {
        self.turn(|turn| {
            let declaration = declared(dossier.not_a_bsn);
            let (trainee, trajectory) = dossier.draft(turn.book.identity().organisation)?;
            turn.free(&trainee)?;
            let empty = Dossier::default();
            let plan = turn.plan(declaration, |by| {
                let mut plan = empty.add_trainee(by, trainee)?;
                if let Some(trajectory) = trajectory {
                    let more = empty.open_trajectory(by, trajectory)?;
                    plan.writes.extend(more.writes);
                    plan.warnings.extend(more.warnings);
                }
                Ok(plan)
            })?;
            let document = turn.book.found(plan.writes, turn.moment, &mut turn.rng)?;
            let (id, read_at) = (document.to_string(), Some(turn.read_at(document)?));
            Ok(SavedChange { dossier: id.clone(), id, remarks: remarks(&plan.warnings, turn.lang), read_at })
        })
    }

    /// Adds a placement.
    pub fn add_placement(&self, placement: NewPlacement) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&placement.dossier)?;
            let declaration = declared(placement.not_a_bsn);
            let draft = placement.draft()?;
            let plan = turn.plan(declaration, |by| dossier.add_placement(by, draft))?;
            turn.change(document, plan)
        })
    }

    /// Says who coaches, and gives that person access for the same days. The one before ends, as far as it was known when the
    /// dossier was read; whom a colleague assigned meanwhile stands beside it, in `conflicts`.
    pub fn assign(&self, assignment: NewAssignment) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&assignment.dossier)?;
            let draft = assignment.draft(turn.moment.today())?;
            let grant = draft.coach.clone().map(|coach| (coach, draft.from.unwrap_or(turn.moment.today()), draft.to));
            let reading = turn.reading(document, &assignment.read_at)?;
            let plan = turn
                .plan_as_read(&reading, &dossier, Declaration::Nothing, |dossier, by| dossier.assign_coach(by, draft.clone()))?;
            let job = Job::new(Target::Existing(document), plan.writes).granting(grant.into_iter().collect());
            let job = job.deciding(Handover::Assignment, plan.id);
            turn.change_as_read(&reading, plan.id, job, &plan.warnings)
        })
    }

    /// Changes what is known of the trainee: fields by their names (`municipality`, `contact_phone` …), each with its new
    /// value as a person writes it; an empty text empties the field. `read_at` came with the dossier that the form was filled
    /// from: a field that reads as it did then is not changed, and what a colleague wrote in one that is stands beside it, in
    /// `conflicts`.
    pub fn edit_trainee(
        &self,
        dossier: String,
        fields: HashMap<String, String>,
        read_at: Vec<u8>,
        not_a_bsn: bool,
    ) -> Answered<SavedChange> {
        self.turn(|turn| {
            let (document, _) = turn.find(&dossier)?;
            let reading = turn.reading(document, &read_at)?;
            let read = turn.book.dossier_as_read(&reading)?;
            let draft = edited(&read.trainee, &fields)?;
            let plan = turn.plan(declared(not_a_bsn), |by| read.edit_trainee(by, draft))?;
            let job = Job::new(Target::Existing(document), plan.writes);
            turn.change_as_read(&reading, document, job, &plan.warnings)
        })
    }
}

impl Turn<'_> {
    /// Whether the reference is free in its organisation, as far as this device knows.
    fn free(&mut self, draft: &Trainee) -> Tried<()> {
        let taken = self.book.dossiers()?.into_iter().any(|(_, dossier)| {
            let (one, wanted) = (&dossier.trainee.reference, &draft.reference);
            let same = one.as_ref().zip(wanted.as_ref()).is_some_and(|(one, wanted)| one.eq_ignore_ascii_case(wanted));
            same && dossier.trainee.organisation == draft.organisation
        });
        if !taken {
            return Ok(());
        }
        let reason = match self.lang {
            Lang::Nl => "er is al een dossier met deze referentie; kies een andere",
            Lang::En => "there is a dossier with this reference already; choose another",
        };
        Err(FieldBookError::bad("reference", reason).into())
    }

    /// Plans an operation as this person, now.
    fn plan<Id>(
        &mut self,
        declaration: Declaration,
        operation: impl FnOnce(&mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Tried<Plan<Id>> {
        let person = self.person()?;
        let coordinates = matches!(self.book.identity().role, Some(Role::Coordinator));
        let mut by = By::new(&person, self.moment, &mut self.rng).coordinating(coordinates).declaring(declaration);
        operation(&mut by).map_err(|broken| FieldBookError::rule(&broken, self.lang).into())
    }

    /// Plans an operation on a dossier as it was read. What is refused as it is now is refused too, and told.
    fn plan_as_read<Id>(
        &mut self,
        reading: &Reading,
        now: &Dossier,
        declaration: Declaration,
        operation: impl Fn(&Dossier, &mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Tried<Plan<Id>> {
        let _refused_now = self.plan(declaration, |by| operation(now, by))?;
        let read = self.book.dossier_as_read(reading)?;
        self.plan(declaration, |by| operation(&read, by))
    }

    /// Writes such a plan as one change, beside what came in since.
    fn change_as_read(&mut self, reading: &Reading, id: impl ToString, job: Job, warnings: &[Warning]) -> Tried<SavedChange> {
        let now = self.book.perform_as_read(reading, job, self.moment, &mut self.rng)?;
        let (dossier, remarks) = (reading.document().to_string(), remarks(warnings, self.lang));
        Ok(SavedChange { dossier, id: id.to_string(), remarks, read_at: Some(now.encode()) })
    }

    /// Writes a plan as one change.
    fn perform<Id>(&mut self, document: DocumentId, plan: Plan<Id>) -> Tried<(Id, Vec<Remark>)> {
        if !plan.writes.is_empty() {
            self.book.perform(document, plan.writes, self.moment, &mut self.rng)?;
        }
        Ok((plan.id, remarks(&plan.warnings, self.lang)))
    }

    fn change<Id: ToString>(&mut self, document: DocumentId, plan: Plan<Id>) -> Tried<SavedChange> {
        let (id, remarks) = self.perform(document, plan)?;
        Ok(SavedChange { dossier: document.to_string(), id: id.to_string(), remarks, read_at: None })
    }
}
