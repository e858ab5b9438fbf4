//! Erasing: a coordinator asks, an administrator confirms; then the key goes, and a tombstone without content stays.

use super::authority::works_for;
use super::*;
use crate::field_book::erasing::forget_cached;
use crate::statement::{Erasure, ErasureRequest, Opening};
use crate::wire::{ErasureInfo, ErasureWaiting};

/// Who decides at the machine itself, in what the server signs.
const AT_THE_MACHINE: &str = "beheer";

/// What is to be done about erasures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureOrder {
    /// List them: asked for, and done.
    List,
    /// Erase a dossier for which a coordinator asked.
    Confirm(DocumentId),
    /// Do not.
    Refuse(DocumentId),
}

impl State {
    /// Takes an erased document out of everything that was folded. What other rooms keep of a document goes here too.
    pub(super) fn wipe(&mut self, document: DocumentId) {
        self.ledger.forget(&document);
        self.feed.forget(&document);
        self.documents.remove(&document);
        self.quarantine.forget(&document);
        self.to_erase.push(document);
    }

    /// The people who could have a dossier: whoever may or might see it, or once could.
    fn could_see(&self, document: &DocumentId) -> HashSet<String> {
        let mut people = self.feed.people_of(document);
        if let Some(facts) = self.ledger.documents.get(document) {
            people.extend(facts.grants.iter().map(|(_, grant)| grant.person.clone()));
            people.extend(facts.opening.iter().map(|(opening, _)| opening.person.clone()));
        }
        people
    }

    /// The devices that could have a dossier.
    pub(super) fn could_hold(&self, document: &DocumentId) -> Vec<DeviceId> {
        let people = self.could_see(document);
        let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        let organisation = opening.map(|(opening, _)| opening.organisation.clone());
        let could = |certificate: &Certificate| match &organisation {
            _ if certificate.role == Role::Administrator => false,
            Some(organisation) => {
                people.contains(&certificate.person)
                    || (certificate.role == Role::Coordinator && works_for(certificate, organisation))
            }
            // Of a dossier that this life of the server never knew, anyone could.
            None => true,
        };
        let certificates = self.ledger.certificates.iter();
        certificates.filter(|(_, certificate)| could(certificate)).map(|(device, _)| *device).collect()
    }
}

impl Region {
    /// Destroys the keys of what was erased and empties the cache of it; also after a crash that came in between, and for
    /// what an administrative command erased beside this process.
    ///
    /// # Errors
    /// Store errors.
    pub fn finish_erasing(&mut self, rng: &mut dyn CryptoRng) -> Result<(), RegionError> {
        if self.state.to_erase.is_empty() {
            return Ok(());
        }
        let keys: Vec<KeyId> = self.state.to_erase.iter().filter_map(|document| self.keyring.document_key(*document)).collect();
        if !keys.is_empty() {
            self.keyring.destroy(&*self.disk, &keys, rng)?;
        }
        for document in std::mem::take(&mut self.state.to_erase) {
            forget_cached(&*self.cache, &document);
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// The key under which something of a document is kept: its own, so that it goes away with it.
    pub(super) fn key_of(&self, document: DocumentId) -> KeyId {
        self.keyring.document_key(document).unwrap_or_else(|| self.keyring.store_key_id())
    }

    /// Whether a statement belongs to a document that was erased: then it is not let in.
    pub(super) fn is_of_erased(&self, statement: &Statement) -> bool {
        statement.document().is_some_and(|document| self.state.ledger.is_erased(&document))
    }

    /// Whether an opening begins a copy of what was erased. No tombstone is signed for it: its device knows what it opened, and
    /// wipes it by itself; and a word of the server against a document of which it knows nothing would be anybody's weapon.
    pub(super) fn is_copy(&self, opening: &Opening) -> bool {
        self.state.ledger.erasures.copied_by(opening).is_some()
    }

    /// Signs and stages an erasure. The key is destroyed once this is durable: see [`Region::finish_erasing`].
    pub(super) fn erase(
        &mut self,
        erasure: Erasure,
        asked_by: Option<DeviceId>,
        confirmed_by: Option<DeviceId>,
    ) -> Result<u64, RegionError> {
        let document = erasure.document;
        let signed = SignedStatement::sign(&Statement::Erasure(erasure), self.keyring.device_keys()).map_err(Unfit::from)?;
        self.note_erasure(document, asked_by, confirmed_by)?;
        self.stage_note(Kind::Erasure, signed.bytes().to_vec())
    }

    /// Notes where a dossier could be, before everything that tells it is gone.
    pub(super) fn note_erasure(
        &mut self,
        document: DocumentId,
        asked_by: Option<DeviceId>,
        confirmed_by: Option<DeviceId>,
    ) -> Result<(), RegionError> {
        let devices = self.state.could_hold(&document);
        let note = ErasureNote { document, devices, asked_by, confirmed_by, at: self.moment.at };
        self.stage_note(Kind::ErasureNote, note.encode())?;
        Ok(())
    }

    /// Lists or decides, for a device or for whoever is at the machine.
    pub(super) fn erasures(&mut self, by: Option<DeviceId>, order: ErasureOrder) -> Result<Vec<ErasureInfo>, RegionError> {
        let decider = match by {
            None => None,
            Some(device) => Some(self.state.live(&device).ok_or(RegionError::NotWelcome)?.clone()),
        };
        let decides = decider.as_ref().is_none_or(|one| one.role == Role::Administrator);
        match order {
            ErasureOrder::List => match &decider {
                Some(one) if one.role == Role::Coach => Err(RegionError::NotAllowed),
                _ => Ok(self.list_erasures(decider.as_ref())),
            },
            // Whoever asks does not confirm: it takes two.
            ErasureOrder::Confirm(_) | ErasureOrder::Refuse(_) if !decides => Err(RegionError::NotAllowed),
            ErasureOrder::Confirm(document) => {
                let (_, asked_by) = self.asked(document)?;
                let facts = self.state.ledger.documents.get(&document);
                let trainee = facts.and_then(|facts| facts.opening.as_ref()?.0.trainee);
                // The mark has every other document of the trainee wiped. One that has nothing to do with this document was not
                // asked about: somebody may have opened this one in that trainee's name.
                let trainee = trainee.filter(|trainee| !self.has_another_dossier(trainee, &document)).map(|one| one.mark());
                let erasure = Erasure { document, at: self.moment.at, trainee, replaced_by: None, withdrawn: Vec::new() };
                self.erase(erasure, asked_by, by)?;
                Ok(self.list_erasures(decider.as_ref()).into_iter().filter(|info| info.document == document).collect())
            }
            ErasureOrder::Refuse(document) => {
                self.asked(document)?;
                let by = decider.map_or_else(|| AT_THE_MACHINE.to_owned(), |one| one.person);
                let refused = ErasureRequest { document, by, at: self.moment.at, withdrawn: Some(true) };
                let signed = SignedStatement::sign(&Statement::ErasureRequest(refused), self.keyring.device_keys())
                    .map_err(Unfit::from)?;
                self.stage(Kind::Erasing, self.key_of(document), signed.bytes().to_vec())?;
                Ok(Vec::new())
            }
        }
    }

    /// Whether a trainee has a dossier in a document that neither takes another one's place nor goes on in it.
    fn has_another_dossier(&self, trainee: &TraineeId, document: &DocumentId) -> bool {
        let ledger = &self.state.ledger;
        let others = ledger.documents.iter().filter(|(other, facts)| {
            let of_trainee = facts.opening.as_ref().is_some_and(|(opening, _)| opening.trainee.as_ref() == Some(trainee));
            of_trainee && *other != document && facts.live().next().is_some()
        });
        others.into_iter().any(|(other, _)| !ledger.takes_place_of(other, document) && !ledger.takes_place_of(document, other))
    }

    /// The request that stands for a document, and the device that made it.
    fn asked(&self, document: DocumentId) -> Result<(ErasureRequest, Option<DeviceId>), RegionError> {
        let ledger = &self.state.ledger;
        if ledger.is_erased(&document) {
            return Err(Unfit::ErasedAlready.into());
        }
        let asked = ledger.documents.get(&document).and_then(|facts| facts.erasure_asked.clone());
        match asked.filter(|asked| asked.withdrawn != Some(true)) {
            Some(asked) => {
                let device = self.state.erasure_askers.get(&document).copied();
                Ok((asked, device))
            }
            None => Err(Unfit::NotAsked.into()),
        }
    }

    /// What a coordinator or administrator sees: names of documents, never of trainees.
    fn list_erasures(&self, reader: Option<&Certificate>) -> Vec<ErasureInfo> {
        let state = &*self.state;
        let person_of = |device: &DeviceId| state.ledger.certificates.get(device).map(|one| one.person.clone());
        let organisation_of = |device: &DeviceId| state.ledger.certificates.get(device).map(|one| &one.organisation);
        let mine = |organisation: Option<&String>| match reader {
            Some(one) if one.role == Role::Coordinator => organisation.is_some_and(|theirs| works_for(one, theirs)),
            _ => true,
        };
        let mut list = Vec::new();
        for (document, facts) in &state.ledger.documents {
            let Some(asked) = facts.erasure_asked.as_ref().filter(|asked| asked.withdrawn != Some(true)) else { continue };
            if mine(facts.opening.as_ref().map(|(opening, _)| &opening.organisation)) {
                let waiting = state.could_hold(document);
                list.push(ErasureInfo {
                    document: *document,
                    asked_by: Some(asked.by.clone()),
                    asked_at: Some(asked.at),
                    erased_at: None,
                    replaced_by: None,
                    confirmed: 0,
                    unsent: 0,
                    waiting: waiting.iter().map(|device| self.waiting(device)).collect(),
                });
            }
        }
        for erasure in state.ledger.erasures.all() {
            let note = state.erasure_notes.get(&erasure.document);
            let asker = note.and_then(|note| note.asked_by);
            // One that a device brought back does not say who asked: each coordinator follows it on the devices of their own
            // organisation. It names a document, and nobody.
            let asked_in = asker.as_ref().and_then(organisation_of);
            if asked_in.is_some() && !mine(asked_in) {
                continue;
            }
            let receipts: BTreeMap<&DeviceId, u32> =
                state.ledger.erasures.receipts(&erasure.document).map(|(device, one)| (device, one.unsent)).collect();
            let shown = |device: &&DeviceId| asked_in.is_some() || mine(organisation_of(device));
            let could = note.map(|note| note.devices.as_slice()).unwrap_or_default();
            let could: Vec<&DeviceId> = could.iter().filter(shown).collect();
            // A device that wiped itself has nothing any more, of this either.
            let done = |device: &&DeviceId| receipts.contains_key(device) || state.wiped.contains_key(*device);
            list.push(ErasureInfo {
                document: erasure.document,
                asked_by: asker.as_ref().and_then(person_of),
                asked_at: None,
                erased_at: Some(erasure.at),
                replaced_by: erasure.replaced_by,
                confirmed: u32::try_from(could.iter().filter(|one| done(one)).count()).unwrap_or(u32::MAX),
                unsent: receipts.values().fold(0, |sum: u32, unsent| sum.saturating_add(*unsent)),
                waiting: could.iter().filter(|one| !done(one)).map(|device| self.waiting(device)).collect(),
            });
        }
        list
    }

    fn waiting(&self, device: &DeviceId) -> ErasureWaiting {
        let certificate = self.state.ledger.certificates.get(device);
        ErasureWaiting {
            device: *device,
            person: certificate.map(|one| one.person.clone()).unwrap_or_default(),
            label: certificate.map(|one| one.label.clone()).unwrap_or_default(),
            last_contact: self.state.contacts.of(device).map(|note| note.at),
            revoked: self.state.ledger.revoked.contains_key(device),
        }
    }
}
