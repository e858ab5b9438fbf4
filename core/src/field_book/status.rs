//! What is safe where, and what the server did not take in.

use std::collections::HashSet;

use super::*;
use crate::clock::Timestamp;
use crate::ledger::Unadmitted;
use crate::notes::SetAside;

/// Where a record is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// On this device only.
    Device,
    /// On the server too.
    Server,
}

impl Saved {
    /// `device` or `server`.
    pub const fn name(self) -> &'static str {
        match self {
            Saved::Device => "device",
            Saved::Server => "server",
        }
    }
}

/// What is only here, and what waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Dossiers on this device.
    pub dossiers: usize,
    /// Changes on this device.
    pub changes: usize,
    /// Changes that the server does not have. Those of a former life do not count before the present one told what it has.
    pub unsynced: usize,
    /// Last contact with the server.
    pub last_sync: Option<Timestamp>,
    /// Conflicts to settle.
    pub conflicts: usize,
    /// Changes of this device that wait for a coordinator.
    pub quarantined: usize,
    /// Changes of others that waited for this coordinator at the last contact.
    pub to_decide: usize,
    /// Changes of this device that the server refused.
    pub refused: usize,
    /// The number of the last record that the server's record book does not have any more, until a person says that they know.
    pub contradicted: Option<u64>,
    /// Side files with what a writer that was cut off left unfinished, until the person has heard of them.
    pub set_aside: Vec<String>,
}

impl FieldBook {
    /// What is only here, and what waits for a person.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn status(&mut self) -> Result<Status, FieldBookError> {
        let conflicts = self.conflicts()?.iter().filter(|conflict| conflict.is_open()).count();
        // Also of closed dossiers: what is only here is not to be forgotten because it is out of sight.
        let documents = self.ledger.documents.iter().filter(|(id, _)| !self.ledger.is_left_behind(id) && !self.is_left(id));
        let (mut changes, mut unsynced, mut quarantined) = (0, 0, 0);
        for (_, facts) in documents {
            for change in facts.live() {
                changes += 1;
                match (&change.quarantined, change.acknowledged) {
                    (Some(_), None) => quarantined += 1,
                    // What a former life of the server had is not known to be gone before this life told what it has.
                    (None, None) if change.former && self.ledger.reading_again => {}
                    (None, None) => unsynced += 1,
                    _ => {}
                }
            }
        }
        let here =
            |hash: &ChangeHash, document: &DocumentId| self.ledger.documents.get(document).is_some_and(|facts| facts.has(hash));
        unsynced += self.aside_to_send().count();
        let waits = |one: &crate::ledger::Aside| one.waits && !one.send && !one.carried;
        quarantined += self.ledger.aside.iter().filter(|(hash, one)| waits(one) && !here(hash, &one.document)).count();
        Ok(Status {
            dossiers: self.dossier_ids().count(),
            changes,
            unsynced,
            last_sync: self.ledger.cursor.as_ref().map(|cursor| cursor.at),
            conflicts,
            quarantined,
            to_decide: self.ledger.cursor.as_ref().and_then(|note| note.to_decide).map_or(0, |count| count as usize),
            refused: self.ledger.refused.len(),
            contradicted: self.contradicted(),
            set_aside: Journal::untold(&*self.disk)?,
        })
    }

    /// The entries of a document that the server does not have whole.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn unsaved(&mut self, document: DocumentId) -> Result<HashSet<(Container, String)>, FieldBookError> {
        let Some(facts) = self.ledger.documents.get(&document) else { return Ok(HashSet::new()) };
        let open: HashSet<ChangeHash> =
            facts.live().filter(|change| change.acknowledged.is_none()).map(|change| change.hash).collect();
        if open.is_empty() {
            return Ok(HashSet::new());
        }
        let edits = self.document(document)?.edits()?;
        Ok(edits
            .into_iter()
            .filter(|edit| open.contains(&edit.hash))
            .flat_map(|edit| edit.writes.into_iter().map(|write| (write.container, write.entry)))
            .collect())
    }

    /// Where a visit is safe.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn saved(&mut self, document: DocumentId, visit: &VisitId) -> Result<Saved, FieldBookError> {
        let unsaved = self.unsaved(document)?.contains(&(Container::Visits, visit.to_string()));
        Ok(if unsaved { Saved::Device } else { Saved::Server })
    }

    /// What the server refused, with the reason and, where the operation is known, what it wrote.
    ///
    /// # Errors
    /// Journal errors.
    pub fn refused(&mut self) -> Result<Vec<(Unadmitted, Vec<Write>)>, FieldBookError> {
        let mut refused = Vec::new();
        for item in self.ledger.refused.clone() {
            let operation = self.ledger.documents.get(&item.document).and_then(|facts| facts.change(&item.hash)?.operation);
            let aside = self.ledger.aside.get(&item.hash).map(|aside| aside.position);
            let here = match operation {
                Some(position) => bytes_at(&self.journal, position, &self.keyring)?,
                None => None,
            };
            let apart = match aside {
                Some(position) => bytes_at(&self.journal, position, &self.keyring)?,
                None => None,
            };
            let writes = match (here, apart) {
                (Some(bytes), _) => Operation::decode(&bytes)?.writes()?,
                (None, Some(bytes)) => SetAside::decode(&bytes)?.writes()?,
                (None, None) => self.said_by(item.document, &item.hash)?,
            };
            refused.push((item, writes));
        }
        Ok(refused)
    }

    /// What a change says that is here but does not count, made by another hand.
    fn said_by(&self, document: DocumentId, hash: &ChangeHash) -> Result<Vec<Write>, FieldBookError> {
        let Some(facts) = self.ledger.documents.get(&document).filter(|facts| facts.change(hash).is_some()) else {
            return Ok(Vec::new());
        };
        let mut whole = Document::found(facts.kind)?;
        let mut chunks = Vec::new();
        for change in facts.all() {
            if let Some(bytes) = bytes_at(&self.journal, change.position, &self.keyring)? {
                let change = SignedChange::decode(&bytes).map_err(|why| LedgerError::Record(change.number, why.to_string()))?;
                chunks.push(change.chunk().to_vec());
            }
        }
        whole.apply(chunks.iter().map(Vec::as_slice))?;
        Ok(whole.edits()?.into_iter().find(|edit| edit.hash == *hash).map(|edit| edit.writes).unwrap_or_default())
    }

    /// What people call the dossier of something that the server did not take in; it may have left this device.
    pub fn called_of(&mut self, document: DocumentId) -> Option<String> {
        let apart = self.ledger.aside.values().find(|aside| aside.document == document).and_then(|aside| aside.called.clone());
        apart.or_else(|| self.called(document))
    }
}
