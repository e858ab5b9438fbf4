//! Who may see a dossier: what was decided about it, and the end of access that a device can tell by itself.

use super::*;
use crate::clock::Timestamp;
use crate::notes::DayNote;
use crate::statement::Decision;

/// One decision about who may see a dossier, or about work that waited.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessItem {
    /// Whoever opened the dossier has access.
    Opened {
        /// Who.
        person: String,
        /// When, by the device's clock.
        at: Timestamp,
    },
    /// Access was given.
    Granted {
        /// The grant, with the assignment's reason and note where there is one.
        grant: Grant,
        /// Why.
        reason: Option<String>,
        /// The note for the successor.
        note: Option<String>,
    },
    /// Access was ended.
    Ended {
        /// The statement.
        end: GrantEnd,
        /// Why.
        reason: Option<String>,
    },
    /// It was decided about work that waited.
    Decided(Decision),
}

impl AccessItem {
    /// When it was decided, by the clock of whoever did.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Opened { at, .. } => *at,
            Self::Granted { grant, .. } => grant.at,
            Self::Ended { end, .. } => end.at,
            Self::Decided(decision) => decision.at,
        }
    }
}

/// A dossier to which this person's access has ended, as far as the device can tell by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The dossier.
    pub document: DocumentId,
    /// What people call it.
    pub called: Option<String>,
    /// The last day.
    pub last: Day,
}

impl FieldBook {
    /// Looks at the day: a dossier of which the last day of access has passed is out of sight from now on, also without a
    /// connection. Nothing is destroyed by a clock, which may be wrong: that waits for the server's word. What was seen to be
    /// over is remembered, so that a clock which is set back opens nothing again.
    pub fn look_at_the_day(&mut self, moment: Moment, rng: &mut dyn CryptoRng) {
        self.ended.clear();
        let identity = self.identity();
        let (Some(person), Some(Role::Coach)) = (identity.person, identity.role) else { return };
        let seen = self.ledger.latest.map(|at| moment.day_of(at));
        let today = seen.map_or(moment.today(), |seen| seen.max(moment.today()));
        for (document, facts) in &self.ledger.documents {
            if facts.kind == DocumentKind::Dossier && !facts.closed && !self.ledger.holds_grant(document, &person, today) {
                // Without any statement about this person nothing is known, and the server has the word.
                self.ended.extend(self.ledger.last_day_before(document, &person, today).map(|last| (*document, last)));
            }
        }
        if !self.ended.is_empty() && seen.is_none_or(|seen| seen < today) {
            // A disk that is full keeps nobody from reading: it is tried again at the next look.
            let _ = self.append(vec![(Kind::Day, None, DayNote { at: moment.at }.encode())], rng);
        }
    }

    /// The dossiers to which access has ended though the server has not said so yet.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn ended(&mut self) -> Result<Vec<Ended>, FieldBookError> {
        let ended: Vec<(DocumentId, Day)> = self.ended.iter().map(|(document, last)| (*document, *last)).collect();
        let mut found = Vec::new();
        for (document, last) in ended {
            found.push(Ended { document, called: self.called(document), last });
        }
        Ok(found)
    }

    /// The ended dossier that people call by this reference, or by its id.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn find_ended(&mut self, name: &str) -> Result<Option<Ended>, FieldBookError> {
        Ok(self.all_ended(name)?.into_iter().next())
    }

    fn all_ended(&mut self, name: &str) -> Result<Vec<Ended>, FieldBookError> {
        let is_it = |one: &Ended| {
            one.called.as_deref().is_some_and(|called| called.eq_ignore_ascii_case(name)) || one.document.to_string() == name
        };
        Ok(self.ended()?.into_iter().filter(is_it).collect())
    }

    /// The dossier in which a visit that was made is recorded, and whether access to it has ended: one that this person has by
    /// this name comes before one that they had.
    ///
    /// # Errors
    /// [`FieldBookError::UnknownDossier`], [`FieldBookError::Ambiguous`]; document and journal errors.
    pub fn find_to_record(&mut self, name: &str) -> Result<(DocumentId, bool), FieldBookError> {
        match self.find(name) {
            Err(FieldBookError::Ended(document, _)) => {
                let ids: Vec<String> = self.all_ended(name)?.iter().map(|one| one.document.to_string()).collect();
                if ids.len() > 1 {
                    return Err(FieldBookError::Ambiguous(name.to_owned(), ids.join(", ")));
                }
                Ok((document, true))
            }
            found => Ok((found?, false)),
        }
    }

    /// Who was given access and lost it, and what was decided about work that waited: by whom, from when, until when and why,
    /// oldest first.
    ///
    /// # Errors
    /// [`FieldBookError::UnknownDossier`]; document and journal errors.
    pub fn access_history(&mut self, document: DocumentId) -> Result<Vec<AccessItem>, FieldBookError> {
        let dossier = self.dossier(document)?;
        let Some(facts) = self.ledger.documents.get(&document) else { return Ok(Vec::new()) };
        let mut items: Vec<AccessItem> = Vec::new();
        items.extend(
            facts.opening.as_ref().map(|(opening, _)| AccessItem::Opened { person: opening.person.clone(), at: opening.at }),
        );
        for (_, grant) in &facts.grants {
            let assignment = dossier.assignments.get(&grant.id);
            items.push(AccessItem::Granted {
                grant: grant.clone(),
                reason: assignment.and_then(|one| one.reason.clone()).or_else(|| grant.note.clone()),
                note: assignment.and_then(|one| one.handover_note.clone()),
            });
        }
        for (_, end) in &facts.grant_ends {
            let assignment = end.successor.and_then(|id| dossier.assignments.get(&id));
            let reason = assignment.and_then(|one| one.reason.clone()).or_else(|| end.reason.clone());
            items.push(AccessItem::Ended { end: end.clone(), reason });
        }
        items.extend(facts.decisions.iter().map(|(_, decision)| AccessItem::Decided(decision.clone())));
        items.sort_by_key(AccessItem::at);
        Ok(items)
    }
}
