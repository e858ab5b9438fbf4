//! What people see of a field book: dossiers, the register, what is saved where, what a person should settle.

use std::collections::{BTreeMap, HashSet};

use crate::record::{FieldInfo, Lang, Record as _};

use super::conflicts::{corrected_twice, open_proposals};
use super::*;
use crate::clock::Timestamp;
use crate::register::Register;

/// A dossier with its document.
pub type DossierView = (DocumentId, Arc<Dossier>);

/// Where read models lie in the cache. The number changes with whatever is read or counted in them.
pub(super) const VIEW_KEY: &[u8] = b"view/3/";

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
    /// Changes that the server does not have.
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
    /// Side files with what a writer that was cut off left unfinished, until the person has heard of them.
    pub set_aside: Vec<String>,
}

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

/// The fields of the records in a container.
pub fn fields_of(container: Container) -> &'static [FieldInfo] {
    use crate::{funding::*, organisation::*, outflow::*, placement::*, programme::*, trainee::*, trajectory::*, visit::*};
    match container {
        Container::Trainee => Trainee::fields(),
        Container::Trajectories => Trajectory::fields(),
        Container::Events => Event::fields(),
        Container::Enrolments => Enrolment::fields(),
        Container::Placements => Placement::fields(),
        Container::Trainings => Training::fields(),
        Container::Visits => Visit::fields(),
        Container::Agreements => Agreement::fields(),
        Container::Corrections => Correction::fields(),
        Container::Assignments => Assignment::fields(),
        Container::Programmes => Programme::fields(),
        Container::Targets => Target::fields(),
        Container::Observations => Observation::fields(),
        Container::Funding => FundingSource::fields(),
        Container::Schools => School::fields(),
        Container::Employers => Employer::fields(),
        Container::Coaches => Coach::fields(),
        Container::Proposals | Container::Imports => &[],
    }
}

/// The field of a full key (`k:ON_TIME` is a cell of the field `k`), with the member.
pub fn field_of(container: Container, key: &str) -> Option<(&'static FieldInfo, Option<&str>)> {
    let (field, member) = key.split_once(':').map_or((key, None), |(field, member)| (field, Some(member)));
    fields_of(container).iter().find(|info| info.key == field).map(|info| (info, member))
}

/// A cell's field and value for a person to read.
pub fn show_cell(container: Container, key: &str, value: &Scalar, lang: Lang) -> (String, String) {
    match field_of(container, key) {
        Some((info, member)) => {
            let label = info.label(lang);
            let label = member.map_or(label.clone(), |member| format!("{label} {member}"));
            (label, (info.show)(value, lang))
        }
        None => (key.to_owned(), format!("{value:?}")),
    }
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

    /// What is only here, and what waits for a person.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn status(&mut self) -> Result<Status, FieldBookError> {
        let conflicts = self.conflicts()?.len();
        // Also of closed dossiers: what is only here is not to be forgotten because it is out of sight.
        let documents = self.ledger.documents.iter().filter(|(id, _)| !self.ledger.is_left_behind(id) && !self.is_left(id));
        let (mut changes, mut unsynced, mut quarantined) = (0, 0, 0);
        for (_, facts) in documents {
            for change in facts.live() {
                changes += 1;
                match (&change.quarantined, change.acknowledged) {
                    (Some(_), None) => quarantined += 1,
                    (None, None) => unsynced += 1,
                    _ => {}
                }
            }
        }
        let here =
            |hash: &ChangeHash, document: &DocumentId| self.ledger.documents.get(document).is_some_and(|facts| facts.has(hash));
        quarantined += self.ledger.aside.iter().filter(|(hash, one)| one.waits && !here(hash, &one.document)).count();
        Ok(Status {
            dossiers: self.dossier_ids().count(),
            changes,
            unsynced,
            last_sync: self.ledger.cursor.as_ref().map(|cursor| cursor.at),
            conflicts,
            quarantined,
            to_decide: self.ledger.cursor.as_ref().and_then(|note| note.to_decide).map_or(0, |count| count as usize),
            refused: self.ledger.refused.len(),
            set_aside: Journal::untold(&*self.disk)?,
        })
    }

    /// What the server refused, with the reason and, where the operation is known, what it wrote.
    ///
    /// # Errors
    /// Journal errors.
    pub fn refused(&mut self) -> Result<Vec<(crate::ledger::Unadmitted, Vec<Write>)>, FieldBookError> {
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
                (None, Some(bytes)) => crate::notes::SetAside::decode(&bytes)?.writes()?,
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
        apart.or_else(|| self.dossier(document).ok()?.trainee.reference.clone())
    }

    /// Code of the person behind an actor.
    pub fn author(&self, actor: &[u8]) -> Option<String> {
        let device = DeviceId::from_slice(actor.get(..16)?)?;
        if let Some(certificate) = self.ledger.certificates.get(&device) {
            return Some(certificate.person.clone());
        }
        if device == self.keyring.device_keys().device() { self.identity().person } else { None }
    }

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
