//! Who changed what when.

use super::*;
use crate::clock::Timestamp;

/// One change in the history of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryItem {
    /// The change.
    pub hash: ChangeHash,
    /// When its device says it was made.
    pub at: Timestamp,
    /// Its device.
    pub device: DeviceId,
    /// Code of the person, when the device is certified or this one.
    pub person: Option<String>,
    /// What it wrote.
    pub writes: Vec<Write>,
    /// Whether the server has it.
    pub saved: Saved,
}

impl FieldBook {
    /// Who changed what when, oldest first.
    ///
    /// # Errors
    /// [`FieldBookError::UnknownDossier`]; document and journal errors.
    pub fn history(&mut self, document: DocumentId) -> Result<Vec<HistoryItem>, FieldBookError> {
        let edits = self.document(document)?.edits()?;
        let facts = self.ledger.documents.get(&document);
        Ok(edits
            .into_iter()
            .map(|edit| {
                let acknowledged = facts.and_then(|facts| facts.change(&edit.hash)?.acknowledged);
                HistoryItem {
                    hash: edit.hash,
                    at: edit.at,
                    device: edit.actor.get(..16).and_then(DeviceId::from_slice).unwrap_or_default(),
                    person: self.author(&edit.actor),
                    writes: edit.writes,
                    saved: if acknowledged.is_some() { Saved::Server } else { Saved::Device },
                }
            })
            .collect())
    }

    /// Code of the person behind an actor.
    pub fn author(&self, actor: &[u8]) -> Option<String> {
        let device = DeviceId::from_slice(actor.get(..16)?)?;
        if let Some(certificate) = self.ledger.certificates.get(&device) {
            return Some(certificate.person.clone());
        }
        if device == self.keyring.device_keys().device() { self.identity().person } else { None }
    }
}
