//! What is to be written: jobs, each of which becomes one change, with the statements that go before it.

use super::*;
use crate::clock::Timestamp;
use crate::statement::Handover;

/// Which document a job writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One that exists.
    Existing(DocumentId),
    /// A dossier founded for this job.
    New,
}

/// Writes that belong together in one change.
#[derive(Debug, Clone)]
pub struct Job {
    /// Where.
    pub target: Target,
    /// What.
    pub writes: Vec<Write>,
    /// People who get access to the document with it: code, from, until.
    pub grants: Vec<(String, Day, Option<Day>)>,
    /// People whose access ends with it: code, first day without.
    pub ends: Vec<(String, Day)>,
    /// The decision that grants and ends are part of, and the assignment that it made.
    pub decision: Option<(Handover, EntryId)>,
    /// Written though the last day of access has passed: it will wait for a coordinator.
    pub late: bool,
}

impl Job {
    /// Writes in a document, nothing about access.
    pub const fn new(target: Target, writes: Vec<Write>) -> Self {
        Self { target, writes, grants: Vec::new(), ends: Vec::new(), decision: None, late: false }
    }

    /// With access for these people: code, from, until.
    pub fn granting(self, grants: Vec<(String, Day, Option<Day>)>) -> Self {
        Self { grants, ..self }
    }

    /// With the end of the access of these people: code, first day without.
    pub fn ending(self, ends: Vec<(String, Day)>) -> Self {
        Self { ends, ..self }
    }

    /// Also when the last day of access has passed.
    pub fn late(self) -> Self {
        Self { late: true, ..self }
    }

    /// As part of a decision, which made this assignment.
    pub fn deciding(self, decision: Handover, assignment: EntryId) -> Self {
        Self { decision: Some((decision, assignment)), ..self }
    }

    /// The opening, grants and ends of access that go with it. The organisation is that of this device; an end names the
    /// grants of the person that are known.
    pub(super) fn statements(
        &self,
        document: DocumentId,
        person: &str,
        organisation: Option<&str>,
        known: &dyn Fn(&str, Day) -> Vec<EntryId>,
        at: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Vec<Statement> {
        let mut statements = Vec::new();
        if self.target == Target::New {
            let trainee = trainee_of(&self.writes).unwrap_or_else(|| TraineeId::fresh(at, rng));
            // The organisation that the record names scopes coordinators; without one it is this device's.
            let organisation = organisation_of(&self.writes).or_else(|| organisation.map(str::to_owned));
            statements.push(Statement::Opening(Opening {
                document,
                kind: DocumentKind::Dossier,
                founding: 1,
                trainee: Some(trainee),
                organisation: organisation.unwrap_or_default(),
                person: person.to_owned(),
                at,
                replaces: None,
            }));
        }
        let decision = self.decision.map(|(decision, _)| decision);
        let assignment = self.decision.map(|(_, assignment)| assignment);
        for (coach, from, until) in &self.grants {
            statements.push(Statement::Grant(Grant {
                // A grant is named after the assignment behind it, so that history tells the two as one decision.
                id: assignment.unwrap_or_else(|| EntryId::fresh(at, rng)),
                document,
                person: coach.clone(),
                from: *from,
                until: *until,
                note: None,
                by: person.to_owned(),
                at,
                decision,
            }));
        }
        for (coach, on) in &self.ends {
            statements.push(Statement::GrantEnd(GrantEnd {
                document,
                person: coach.clone(),
                on: *on,
                by: person.to_owned(),
                at,
                reason: None,
                decision,
                successor: assignment,
                ends: Some(known(coach, *on)),
            }));
        }
        statements
    }
}

fn trainee_of(writes: &[Write]) -> Option<TraineeId> {
    writes.iter().find(|write| write.container == Container::Trainee && write.key == "id").and_then(|write| match &write.value {
        Scalar::Bytes(bytes) => TraineeId::from_slice(bytes),
        _ => None,
    })
}

fn organisation_of(writes: &[Write]) -> Option<String> {
    writes.iter().find(|write| write.container == Container::Trainee && write.key == "org").and_then(|write| match &write.value {
        Scalar::Text(text) => Some(text.clone()),
        _ => None,
    })
}
