//! Work that was done in one document and goes on in another: what others wrote in an old one meanwhile, and what this device
//! had not sent when a dossier went elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::appending::statement_record;
use super::withdrawing::parts;
use super::*;
use crate::ledger::{Begun, founders_grant};
use crate::notes::{Access, SetAside};
use crate::refounding::{Cells, Place, bring, cells, is_left_out, lacking, written};
use crate::statement::{Erasure, ErasureRequest, GrantEnd, MAX_ENDED};

impl FieldBook {
    /// Brings what others wrote in an old document, since its dossier was founded anew, into the new one: where this device did
    /// that; and where it can take the place of the device that did, which may be lost. Whoever brings over the same writes the
    /// same.
    pub(super) fn bring_over_what_came(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        let open: Vec<Begun> = self.ledger.erasures.open_refoundings().filter(|begun| self.brings_over(begun)).cloned().collect();
        for Begun { refounding: one, .. } in open {
            let (old, new) = (self.document(one.old)?, self.document(one.new)?);
            let lacking = lacking(&old, &new, &one.withdrawn.iter().copied().collect(), one.founding.as_deref())?;
            if lacking.is_empty() {
                continue;
            }
            let founding = one.founding.map_or_else(|| self.founding(&one.new), |founding| founding.into_iter().collect());
            let (known, mut present) = (written(&new, &|hash| founding.contains(hash))?, cells(&new, &BTreeSet::new())?);
            let authors: BTreeMap<(Place, Scalar), String> = self.authors(one.old)?;
            let mut writes = Vec::new();
            for (place, value) in lacking {
                let by = authors.get(&(place.clone(), value.clone())).cloned().unwrap_or_default();
                let stands = present.entry(place.clone()).or_default();
                let brought = bring(&place, &value, stands, values(&known, &place), &by);
                // Another one of the same cell goes beside it.
                if brought.iter().any(|write| (write.container, &write.entry, &write.key) == (place.0, &place.1, &place.2)) {
                    *stands = vec![value];
                }
                writes.extend(brought);
            }
            for part in parts(writes) {
                self.perform(one.new, part, moment, rng)?;
            }
        }
        Ok(())
    }

    /// Whether this device brings over what an open re-founding lacks. Another one's it does once the server has taken that in
    /// and all of it is here: for the organisation that it coordinates, and for its own person.
    fn brings_over(&self, begun: &Begun) -> bool {
        let Begun { device, refounding, statement } = begun;
        let documents = &self.ledger.documents;
        let (Some(old), Some(new)) = (documents.get(&refounding.old), documents.get(&refounding.new)) else { return false };
        if old.closed || new.closed {
            return false;
        }
        let identity = self.identity();
        if *device == identity.device {
            return true;
        }
        let (Some(heads), Some(founding)) = (&refounding.heads, &refounding.founding) else { return false };
        let taken_in = self.ledger.statements.get(statement).is_some_and(|facts| facts.acknowledged.is_some());
        let organisation = new.opening.as_ref().map(|(opening, _)| &opening.organisation);
        let coordinates = identity.role == Some(Role::Coordinator) && organisation == identity.organisation.as_ref();
        (coordinates || identity.person.as_ref() == Some(&refounding.by))
            && taken_in
            && !self.ended.contains_key(&refounding.old)
            && !self.ended.contains_key(&refounding.new)
            && heads.iter().all(|head| old.has(head))
            && founding.iter().all(|hash| new.has(hash))
    }

    /// The changes of this device that no person's operation is behind.
    fn founding(&self, id: &DocumentId) -> HashSet<ChangeHash> {
        let own = self.keyring.device_keys().device();
        let is_own = |actor: &[u8]| actor.get(..16) == Some(own.as_bytes().as_slice());
        let changes = self.ledger.documents.get(id).into_iter().flat_map(|facts| facts.live());
        changes.filter(|change| change.operation.is_none() && is_own(&change.actor)).map(|change| change.hash).collect()
    }

    /// Who wrote which value last.
    fn authors(&mut self, document: DocumentId) -> Result<BTreeMap<(Place, Scalar), String>, FieldBookError> {
        let mut authors = BTreeMap::new();
        for edit in self.document(document)?.edits()? {
            let by = self.author(&edit.actor).unwrap_or_default();
            for write in edit.writes {
                authors.insert(((write.container, write.entry, write.key), write.value), by.clone());
            }
        }
        Ok(authors)
    }

    /// Performs what this device had not sent of an erased document again in the one where the dossier goes on, without what
    /// was withdrawn. A value that somebody else wrote meanwhile stands, with this one beside it for a person to choose. Says how
    /// many changes that came to.
    pub(super) fn carry_over(
        &mut self,
        erasure: &Erasure,
        into: DocumentId,
        rng: &mut dyn CryptoRng,
    ) -> Result<usize, FieldBookError> {
        // What stands in the document that this device founded is there already; unless somebody was first, and that one goes too.
        if self.is_left(&erasure.document) && !self.is_overtaken(erasure) {
            return Ok(0);
        }
        let withdrawn = self.withdrawn_from(erasure.document);
        self.perform_elsewhere(erasure.document, into, &withdrawn, false, rng)
    }

    /// States anew, where a dossier goes on, what this device's person decided about access to the erased document and about its
    /// erasure, and the server does not have: the same grants under the same names, and the same ends.
    pub(super) fn state_anew(
        &mut self,
        old: DocumentId,
        into: DocumentId,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        let own = self.keyring.device_keys().device();
        let mut unsent: Vec<(u64, Position)> = Vec::new();
        for facts in self.ledger.statements.values() {
            let unheard = facts.acknowledged.is_none() && !facts.former && !facts.refused;
            if facts.document == Some(old) && unheard {
                unsent.push((facts.number, facts.position));
            }
        }
        unsent.sort_unstable_by_key(|(number, _)| *number);
        let mut records = Vec::new();
        for (_, position) in unsent {
            let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? else { continue };
            let Some(signed) = SignedStatement::decode(&bytes).ok().filter(|signed| signed.signer() == own) else { continue };
            let again = match signed.statement() {
                Statement::Grant(grant) => Statement::Grant(Grant { document: into, ..grant.clone() }),
                Statement::GrantEnd(end) => {
                    let ends = Some(self.ended_by(end, old, into));
                    Statement::GrantEnd(GrantEnd { document: into, ends, ..end.clone() })
                }
                Statement::ErasureRequest(request) => {
                    Statement::ErasureRequest(ErasureRequest { document: into, ..request.clone() })
                }
                _ => continue,
            };
            let signed = SignedStatement::sign(&again, self.keyring.device_keys()).map_err(Unsavable::from)?;
            // A crash before the old document went may have left it half done.
            if self.ledger.known_statement(&signed).is_none() {
                records.extend(statement_record(&signed));
            }
        }
        if records.is_empty() {
            return Ok(());
        }
        self.keyring.add_document_keys(&*self.disk, &[into], rng)?;
        self.append(records, rng)
    }

    /// The grants that end, where a dossier goes on, by an end that was decided in the old document: those that it took there,
    /// and what the person had by opening that. Not what somebody granted since, of which whoever decided it knew nothing.
    fn ended_by(&self, end: &GrantEnd, old: DocumentId, into: DocumentId) -> Vec<EntryId> {
        let grants = |id: &DocumentId| self.ledger.documents.get(id).map(|facts| facts.grants.as_slice()).unwrap_or_default();
        let taken = grants(&old).iter().filter(|(_, grant)| end.takes(grant)).map(|(_, grant)| grant.id);
        // An earlier version of the server carries what a founder has over under a name that does not follow from anything.
        let founded = |grant: &Grant| grant.person == end.person && grant.by == end.person;
        let carried = grants(&into).iter().filter(|(_, grant)| founded(grant)).map(|(_, grant)| grant.id);
        let opening = self.ledger.documents.get(&old).and_then(|facts| facts.opening.as_ref());
        let opened = opening.filter(|(opening, _)| opening.person == end.person && opening.replaces.is_none());
        let opened = opened.map(|_| founders_grant(&old, &end.person));
        let mut ends: Vec<EntryId> = end.ends.iter().flatten().copied().chain(opened).chain(carried).chain(taken).collect();
        ends.sort_unstable();
        ends.dedup();
        ends.truncate(MAX_ENDED);
        ends
    }

    /// Performs what this device did in a document, and the server does not have, in another one; or `all` that it did. Says how
    /// many changes that came to.
    pub(super) fn perform_elsewhere(
        &mut self,
        old: DocumentId,
        into: DocumentId,
        withdrawn: &BTreeSet<EntryId>,
        all: bool,
        rng: &mut dyn CryptoRng,
    ) -> Result<usize, FieldBookError> {
        let by = self.identity().person.unwrap_or_default();
        let unsent = self.to_carry(&old, all)?;
        if unsent.is_empty() {
            return Ok(0);
        }
        let facts = self.ledger.documents.get(&old);
        let changes = facts.into_iter().flat_map(|facts| facts.live());
        let sent = changes.filter(|change| !all && change.acknowledged.is_some()).map(|one| one.hash);
        // Of a document that was founded here, what stood in it from the beginning.
        let before: HashSet<ChangeHash> = sent.chain(self.founding(&old)).collect();
        let known = cells(&self.as_of(old, &before)?, withdrawn)?;
        let mut writer = self.journal.write()?;
        let mut fold = Fold::new(&mut self.ledger);
        writer.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        writer.add_document_keys(&self.keyring, &[into], rng)?;
        let actor = actor(&*self.disk, &self.keyring, rng)?;
        let mut new = load(&self.ledger, &writer, &self.keyring, &*self.cache, &mut self.documents, into)?;
        let mut carried: BTreeSet<Place> = BTreeSet::new();
        let mut records = Vec::new();
        let mut count = 0;
        for (replaced, performed, at) in unsent {
            let mut entries: BTreeMap<(Container, String), crate::record::Entry> = BTreeMap::new();
            for write in performed {
                entries.entry((write.container, write.entry)).or_default().insert(write.key, write.value);
            }
            let present = cells(&new, &BTreeSet::new())?;
            let mut writes = Vec::new();
            for ((container, entry), fields) in entries {
                if is_left_out(container, &entry, &fields, withdrawn) {
                    continue;
                }
                for (key, value) in fields {
                    let place = (container, entry.clone(), key);
                    let stands = if carried.contains(&place) { &[] } else { values(&present, &place) };
                    writes.extend(bring(&place, &value, stands, values(&known, &place), &by));
                    carried.insert(place);
                }
            }
            let writes = with_declaration(&writes).into_owned();
            match new.write(&writes, &actor, at)? {
                Some(chunk) => {
                    count += 1;
                    let change = sign(into, &chunk, self.keyring.device_keys())?;
                    let note = Operation::new(into, change.hash(), at, &writes, Some(replaced));
                    records.push((Kind::Change, Some(into), change.bytes().to_vec()));
                    records.push((Kind::Operation, Some(into), note.encode()));
                }
                None => {
                    // It was withdrawn, or stands already: remember that nothing is due, and nothing of what it said.
                    let note = Operation::new(into, replaced, at, &[], Some(replaced));
                    records.push((Kind::Operation, Some(into), note.encode()));
                }
            }
        }
        // Whoever has no access there does not see it either: what is carried over is delivered, and waits for a coordinator.
        if self.ledger.documents.get(&into).is_none_or(|facts| facts.opening.is_none()) {
            records.push((Kind::Closed, None, Access { document: into, person: None }.encode()));
        }
        let records = to_records(&self.keyring, records);
        let appended = writer.append(&self.keyring, rng, &records)?;
        writer.commit()?;
        self.fold_own(records, &appended)?;
        Ok(count)
    }

    /// What this device did in a document and the server does not have, with what was set aside when the document left.
    fn to_carry(
        &self,
        document: &DocumentId,
        all: bool,
    ) -> Result<Vec<(ChangeHash, Vec<Write>, crate::clock::Timestamp)>, FieldBookError> {
        let mut unsent: Vec<(u64, ChangeHash, Vec<Write>, crate::clock::Timestamp)> = Vec::new();
        let open = |hash: &ChangeHash| !self.ledger.replaced.contains_key(hash);
        let changes = self.ledger.documents.get(document).into_iter().flat_map(|facts| facts.live());
        for change in changes.filter(|change| (all || change.acknowledged.is_none()) && open(&change.hash)) {
            let Some(position) = change.operation else { continue };
            let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? else { continue };
            let operation = Operation::decode(&bytes)?;
            unsent.push((change.number, change.hash, operation.writes()?, operation.at));
        }
        for (hash, aside) in
            self.ledger.aside.iter().filter(|(hash, aside)| aside.document == *document && !aside.carried && open(hash))
        {
            if !(aside.waits || aside.again) || unsent.iter().any(|(_, known, ..)| known == hash) {
                continue;
            }
            let Some(bytes) = bytes_at(&self.journal, aside.position, &self.keyring)? else { continue };
            let note = SetAside::decode(&bytes)?;
            unsent.push((aside.number, *hash, note.writes()?, note.at));
        }
        unsent.sort_by_key(|(number, ..)| *number);
        Ok(unsent.into_iter().map(|(_, hash, writes, at)| (hash, writes, at)).collect())
    }

    /// A document with some of its changes only.
    pub(super) fn as_of(&self, id: DocumentId, chosen: &HashSet<ChangeHash>) -> Result<Document, FieldBookError> {
        let mut document = Document::found(DocumentKind::Dossier)?;
        let Some(facts) = self.ledger.documents.get(&id) else { return Ok(document) };
        let mut chunks = Vec::new();
        for change in facts.live().filter(|change| chosen.contains(&change.hash)) {
            if let Some(bytes) = bytes_at(&self.journal, change.position, &self.keyring)? {
                let change =
                    SignedChange::decode(&bytes).map_err(|error| LedgerError::Record(change.number, error.to_string()))?;
                chunks.push(change.chunk().to_vec());
            }
        }
        document.apply(chunks.iter().map(Vec::as_slice))?;
        Ok(document)
    }
}

/// The values of a cell, if it has any.
fn values<'a>(cells: &'a Cells, place: &Place) -> &'a [Scalar] {
    cells.get(place).map(Vec::as_slice).unwrap_or_default()
}
