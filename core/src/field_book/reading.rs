//! Reading dossiers and the register: read models, kept as long as the document behind them is the same, and finding one.

use std::collections::BTreeMap;

use super::conflicts::{corrected_twice, open_proposals};
use super::*;
use crate::register::Register;

/// A dossier with its document.
pub type DossierView = (DocumentId, Arc<Dossier>);

/// Where read models lie in the cache. The number changes with whatever is read or counted in them.
pub(super) const VIEW_KEY: &[u8] = b"view/4/";

/// A read model with the version of the document that it was read from.
pub(super) struct View {
    tag: [u8; 32],
    content: Viewed,
    contested: u32,
}

#[derive(Clone)]
pub(super) enum Viewed {
    Dossier(Arc<Dossier>),
    Register(Arc<Register>),
}

impl FieldBook {
    /// Every dossier on this device.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn dossiers(&mut self) -> Result<Vec<DossierView>, FieldBookError> {
        let ids: Vec<DocumentId> = self.dossier_ids().collect();
        let mut dossiers = Vec::with_capacity(ids.len());
        for id in ids {
            dossiers.push((id, self.dossier(id)?));
        }
        Ok(dossiers)
    }

    pub(super) fn dossier_ids(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.ledger
            .documents
            .iter()
            .filter(|(_, facts)| facts.kind == DocumentKind::Dossier && !facts.closed && facts.live().next().is_some())
            .filter(|(id, _)| !self.is_hidden(id))
            .map(|(id, _)| *id)
            .filter(|id| !self.ended.contains_key(id))
    }

    /// One dossier.
    ///
    /// # Errors
    /// [`FieldBookError::UnknownDossier`]; document and journal errors.
    pub fn dossier(&mut self, document: DocumentId) -> Result<Arc<Dossier>, FieldBookError> {
        match self.view(document)?.content {
            Viewed::Dossier(dossier) => Ok(dossier),
            Viewed::Register(_) => Err(FieldBookError::UnknownDossier(document.to_string())),
        }
    }

    /// The register of the region.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn register(&mut self) -> Result<Arc<Register>, FieldBookError> {
        let document = self.register_document()?;
        match self.view(document)?.content {
            Viewed::Register(register) => Ok(register),
            Viewed::Dossier(_) => Err(FieldBookError::UnknownDossier(document.to_string())),
        }
    }

    pub(super) fn view(&mut self, id: DocumentId) -> Result<ViewRef, FieldBookError> {
        let Some(facts) = self.ledger.documents.get(&id) else { return Err(FieldBookError::UnknownDossier(id.to_string())) };
        let tag = facts.tag();
        self.unseen.remove(&id);
        if let Some(view) = self.views.get(&id).filter(|view| view.tag == tag) {
            return Ok(ViewRef { content: view.content.clone(), contested: view.contested });
        }
        let key = [VIEW_KEY, id.as_bytes()].concat();
        let view = match cached_view(&*self.cache, &key, facts.kind, tag) {
            Some(view) => view,
            None => {
                let document = self.document(id)?;
                let content = document.content()?;
                let waiting = document.contested()?.len() + open_proposals(&content).len() + corrected_twice(&content);
                let contested = u32::try_from(waiting).unwrap_or(u32::MAX);
                let (content, bytes) = match document.kind() {
                    DocumentKind::Dossier => {
                        let dossier = Dossier::read(&content);
                        let bytes = postcard::to_stdvec(&dossier);
                        (Viewed::Dossier(Arc::new(dossier)), bytes)
                    }
                    DocumentKind::Register => {
                        let register = Register::read(&content);
                        let bytes = postcard::to_stdvec(&register);
                        (Viewed::Register(Arc::new(register)), bytes)
                    }
                };
                if let Ok(bytes) = bytes {
                    self.cache.put(&key, &[tag.as_slice(), &contested.to_be_bytes(), &bytes].concat());
                }
                View { tag, content, contested }
            }
        };
        let answer = ViewRef { content: view.content.clone(), contested: view.contested };
        self.views.insert(id, view);
        Ok(answer)
    }

    pub(super) fn document(&mut self, id: DocumentId) -> Result<Document, FieldBookError> {
        load(&self.ledger, &self.journal, &self.keyring, &*self.cache, &mut self.documents, id)
    }

    /// The dossier that people call by this reference, or by its document's or trainee's id.
    ///
    /// # Errors
    /// [`FieldBookError::UnknownDossier`], [`FieldBookError::Ambiguous`]; document and journal errors.
    pub fn find(&mut self, name: &str) -> Result<DocumentId, FieldBookError> {
        let mut found = Vec::new();
        // The id of a document that was founded anew leads to where the dossier is now.
        let goes_on = name.parse().ok().and_then(|id| self.ledger.erasures.successor(&id));
        for (id, dossier) in self.dossiers()? {
            let trainee = &dossier.trainee;
            let is_it = trainee.reference.as_deref().is_some_and(|reference| reference.eq_ignore_ascii_case(name))
                || id.to_string() == name
                || goes_on == Some(id)
                || trainee.id.is_some_and(|id| id.to_string() == name);
            if is_it {
                found.push(id);
            }
        }
        match found.as_slice() {
            [] => match self.find_ended(name)? {
                Some(Ended { document, last, .. }) => Err(FieldBookError::Ended(document, last)),
                None => Err(FieldBookError::UnknownDossier(name.to_owned())),
            },
            [only] => Ok(*only),
            several => {
                let ids = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                Err(FieldBookError::Ambiguous(name.to_owned(), ids))
            }
        }
    }

    /// What people call a dossier, if it is here.
    pub(super) fn called(&mut self, document: DocumentId) -> Option<String> {
        self.dossier(document).ok().and_then(|dossier| dossier.trainee.reference.clone())
    }

    /// People this device knows to exist: code and name, from certificates and the register.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn people(&mut self) -> Result<BTreeMap<String, String>, FieldBookError> {
        let mut people: BTreeMap<String, String> =
            self.ledger.certificates.values().map(|c| (c.person.clone(), c.display_name.clone())).collect();
        for (code, coach) in &self.register()?.coaches {
            people.insert(code.clone(), coach.display_name.clone().unwrap_or_else(|| code.clone()));
        }
        Ok(people)
    }

    /// The trusted devices of the region that carry dossiers, each with the code of its person: all but administrators'.
    pub fn devices(&self) -> Vec<(DeviceId, String)> {
        let carries = |device: &DeviceId| !self.ledger.revoked.contains_key(device);
        let live = self.ledger.certificates.iter().filter(|(device, one)| carries(device) && one.role != Role::Administrator);
        live.map(|(device, certificate)| (*device, certificate.person.clone())).collect()
    }

    /// A document as any Automerge library opens it.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn export_document(&mut self, document: DocumentId) -> Result<Vec<u8>, FieldBookError> {
        Ok(self.document(document)?.export())
    }

    /// Whether the present content of a document holds this cell value; for callers that merge forms.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn content(&mut self, document: DocumentId) -> Result<crate::record::Content, FieldBookError> {
        let content = self.document(document)?.content()?;
        self.unseen.remove(&document);
        Ok(content)
    }
}

pub(super) struct ViewRef {
    pub(super) content: Viewed,
    pub(super) contested: u32,
}

fn cached_view(cache: &dyn Cache, key: &[u8], kind: DocumentKind, tag: [u8; 32]) -> Option<View> {
    let bytes = cache.get(key)?;
    let (at, rest) = bytes.split_first_chunk::<32>()?;
    let (contested, rest) = rest.split_first_chunk::<4>()?;
    if *at != tag {
        return None;
    }
    let content = match kind {
        DocumentKind::Dossier => Viewed::Dossier(Arc::new(postcard::from_bytes(rest).ok()?)),
        DocumentKind::Register => Viewed::Register(Arc::new(postcard::from_bytes(rest).ok()?)),
    };
    Some(View { tag, content, contested: u32::from_be_bytes(*contested) })
}
