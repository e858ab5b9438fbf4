//! The field book as it was known on an earlier day, for reports that must give the same figures again.

use super::*;
use crate::clock::Timestamp;
use crate::register::Register;

impl FieldBook {
    /// Every dossier on this device, as it was known before an instant: without what was recorded at or after it, and
    /// without the dossiers in which nothing was recorded yet.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn dossiers_known_before(&mut self, instant: Timestamp) -> Result<Vec<DossierView>, FieldBookError> {
        let ids: Vec<DocumentId> = self.dossier_ids().collect();
        let mut dossiers = Vec::new();
        for id in ids {
            if let Some(content) = self.document(id)?.content_known_before(instant)? {
                dossiers.push((id, Arc::new(Dossier::read(&content))));
            }
        }
        Ok(dossiers)
    }

    /// The register of the region, as it was known before an instant.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn register_known_before(&mut self, instant: Timestamp) -> Result<Register, FieldBookError> {
        let id = self.register_document()?;
        let content = self.document(id)?.content_known_before(instant)?;
        Ok(Register::read(&content.unwrap_or_default()))
    }
}
