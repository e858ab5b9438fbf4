//! The note that whoever coached before leaves for the successor.

use super::*;

/// A note that whoever coached before left for the successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverNote {
    /// The dossier.
    pub document: DocumentId,
    /// What people call it.
    pub called: Option<String>,
    /// The assignment that it came with.
    pub assignment: EntryId,
    /// From when the successor coaches.
    pub from: Option<Day>,
    /// Until when, for a cover.
    pub until: Option<Day>,
    /// Who coached before.
    pub before: Vec<String>,
    /// Why it changed hands.
    pub reason: Option<String>,
    /// The note.
    pub note: String,
}

impl FieldBook {
    /// The notes that were left for this person, in dossiers that changed hands and that they have not visited since.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn handover_notes(&mut self, today: Day) -> Result<Vec<HandoverNote>, FieldBookError> {
        let Some(person) = self.identity().person else { return Ok(Vec::new()) };
        let mut notes = Vec::new();
        for (document, dossier) in self.dossiers()? {
            notes.extend(dossier.handover_to(&person, today).into_iter().map(|(assignment, one)| HandoverNote {
                document,
                called: dossier.trainee.reference.clone(),
                assignment,
                from: one.from,
                until: one.to,
                before: dossier.coached_before(one),
                reason: one.reason.clone(),
                note: one.handover_note.clone().unwrap_or_default(),
            }));
        }
        Ok(notes)
    }
}
