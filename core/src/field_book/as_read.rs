//! An edit of a dossier as the person read it.
//!
//! A form stays open on a screen while an exchange brings in a colleague's value. What the person then saves was written
//! without knowing of it, so it is made as just that: on the dossier as it read when the form was filled. Where both wrote,
//! both stand until a person chooses, exactly as when the two had been on two devices without a connection.

use super::*;
use crate::ledger::DocumentFacts;
use crate::wire::Hashes;

/// What a person saw of a dossier: the changes that nothing follows, which stand for all that they build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading(Hashes);

impl Reading {
    /// The dossier that was read.
    pub fn document(&self) -> DocumentId {
        self.0.document
    }

    /// As bytes, for a caller to hand back later.
    pub fn encode(&self) -> Vec<u8> {
        crate::cbor::to_vec(&self.0)
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// [`FieldBookError::StaleReading`] when they are not what [`Reading::encode`] gave.
    pub fn decode(bytes: &[u8]) -> Result<Self, FieldBookError> {
        crate::cbor::from_slice(bytes, crate::limits::MAX_BODY).map(Self).map_err(|_| FieldBookError::StaleReading)
    }
}

impl FieldBook {
    /// What whoever reads this document now has seen of it. Asked together with what is shown of it.
    ///
    /// # Errors
    /// [`FieldBookError::UnknownDossier`].
    pub fn reading(&self, document: DocumentId) -> Result<Reading, FieldBookError> {
        let facts = self.ledger.documents.get(&document);
        let facts = facts.ok_or_else(|| FieldBookError::UnknownDossier(document.to_string()))?;
        Ok(Reading(Hashes { document, hashes: facts.heads_among(|_| true) }))
    }

    /// A dossier as it was read: without what came in since.
    ///
    /// # Errors
    /// [`FieldBookError::StaleReading`], [`FieldBookError::UnknownDossier`]; document and journal errors.
    pub fn dossier_as_read(&mut self, reading: &Reading) -> Result<Arc<Dossier>, FieldBookError> {
        let id = reading.document();
        let since = since(&self.ledger, reading)?;
        if since.is_empty() {
            return self.dossier(id);
        }
        let document = unseen::without(&self.ledger, &self.journal, &self.keyring, id, &since)?;
        Ok(Arc::new(Dossier::read(&document.content()?)))
    }

    /// Performs what was planned on a dossier as it was read, beside what came in since; durable when this returns.
    /// Hands back what the person has seen now: what they read, and their own writes.
    ///
    /// # Errors
    /// [`FieldBookError::StaleReading`]; as [`FieldBook::perform_all`]. Nothing was saved then.
    pub fn perform_as_read(
        &mut self,
        reading: &Reading,
        job: Job,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Reading, FieldBookError> {
        let document = reading.document();
        let job = Job { target: Target::Existing(document), ..job };
        let (_, made) = self.perform_planned(vec![job], Some(reading), moment, rng)?;
        Ok(made.map_or_else(|| reading.clone(), |change| Reading(Hashes { document, hashes: vec![change] })))
    }
}

/// What came into the document since it was read.
pub(super) fn since(ledger: &Ledger, reading: &Reading) -> Result<HashSet<ChangeHash>, FieldBookError> {
    let document = reading.document();
    let facts = ledger.documents.get(&document);
    let facts = facts.ok_or_else(|| FieldBookError::UnknownDossier(document.to_string()))?;
    // Something that was read and does not count any more, as after a refusal: what else was on the screen with it cannot
    // be told.
    if !reading.0.hashes.iter().all(|head| facts.has(head)) {
        return Err(FieldBookError::StaleReading);
    }
    let seen = seen(facts, &reading.0.hashes);
    Ok(facts.live().map(|change| change.hash).filter(|hash| !seen.contains(hash)).collect())
}

/// These changes and everything that they follow.
fn seen(facts: &DocumentFacts, heads: &[ChangeHash]) -> HashSet<ChangeHash> {
    let mut seen = HashSet::new();
    let mut next = heads.to_vec();
    while let Some(hash) = next.pop() {
        if seen.insert(hash) {
            next.extend(facts.change(&hash).into_iter().flat_map(|change| &change.deps));
        }
    }
    seen
}
