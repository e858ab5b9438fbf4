//! Withdrawing an entry for good: the dossier is written anew without it, in another document, and the old one is erased.
//!
//! The person sees the new dossier at once. The old document stays here, out of sight and unsent, until the server says that it
//! is erased: what others wrote in it meanwhile is brought over first. A colleague's device does the same with what it had not
//! sent yet.

use std::collections::{BTreeMap, BTreeSet};

use super::erasing::NotWithdrawn;
use super::*;
use crate::notes::{Access, SetAside};
use crate::refounding::{self, Place, bring, cells, is_left_out, lacking};
use crate::statement::{Erasure, Refounding};

/// The most that goes in one change when a dossier is written anew.
const WRITES: usize = 3_000;
const BYTES: usize = 200 << 10;

impl FieldBook {
    /// What was withdrawn from a dossier: when, by whom and why.
    pub fn withdrawals(&self, document: &DocumentId) -> Vec<Refounding> {
        self.ledger.erasures.leading_to(document).cloned().collect()
    }

    /// Founds a dossier anew without these entries and what hangs on them; durable when this returns. The old document is
    /// erased, here and everywhere, when the server has it all.
    ///
    /// # Errors
    /// [`FieldBookError::Withdrawing`] while the withdrawal before is not done; [`FieldBookError::NotAllowed`] when the person neither wrote all of the entries nor coordinates the organisation;
    /// document, disk and journal errors.
    pub fn withdraw(
        &mut self,
        old: DocumentId,
        entries: &[EntryId],
        reason: Option<&str>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<DocumentId, FieldBookError> {
        self.catch_up()?;
        let identity = self.identity();
        let person = identity.person.ok_or(FieldBookError::Nobody)?;
        let facts = self.ledger.documents.get(&old).filter(|_| !self.is_hidden(&old));
        let Some((opening, _)) = facts.and_then(|facts| facts.opening.clone()) else {
            return Err(FieldBookError::UnknownDossier(old.to_string()));
        };
        if facts.is_some_and(|facts| facts.closed) {
            return Err(FieldBookError::Closed(old));
        }
        // The first document is erased when the second stands whole at the server; one that is left before it does would keep
        // the first there for good.
        let own = self.keyring.device_keys().device();
        let founded_here = |device: &DeviceId, one: &Refounding| *device == own && one.new == old;
        let under_way =
            |(device, one): &(DeviceId, Refounding)| founded_here(device, one) && self.ledger.documents.contains_key(&one.old);
        if self.ledger.erasures.open_refoundings().any(under_way) {
            return Err(FieldBookError::Withdrawing);
        }
        let before = self.document(old)?;
        let content = before.content()?;
        let asked: BTreeSet<EntryId> = entries.iter().copied().collect();
        let coordinates =
            identity.role == Some(Role::Coordinator) && identity.organisation.as_ref() == Some(&opening.organisation);
        if !coordinates && !refounding::wrote_all(&content, &asked, &person) {
            return Err(FieldBookError::NotAllowed(
                "only its own author, or a coordinator of the organisation, withdraws an entry",
            ));
        }
        // What hangs on them goes too, by name: others must know what was left out.
        let mut withdrawn = asked.clone();
        for (container, entries) in &content {
            let gone = entries.iter().filter(|(entry, cells)| is_left_out(*container, entry, cells, &asked));
            withdrawn.extend(gone.filter_map(|(entry, _)| entry.parse::<EntryId>().ok()));
        }
        if withdrawn.len() > crate::statement::MAX_WITHDRAWN {
            return Err(FieldBookError::Unfit("so many entries at once; withdraw them in parts".into()));
        }
        let new = DocumentId::fresh(moment.at, rng);
        let again = Opening { document: new, person: person.clone(), at: moment.at, replaces: Some(old), ..opening };
        let reason = reason.map(str::to_owned);
        let withdrawn_ids = withdrawn.iter().copied().collect();
        let refounding = Refounding { old, new, by: person, at: moment.at, withdrawn: withdrawn_ids, reason };
        let keys = self.keyring.device_keys();
        let mut records = vec![stated(&Statement::Opening(again), keys)?, stated(&Statement::Refounding(refounding), keys)?];
        let chunks = write_anew(&before, &withdrawn, keys.device(), moment, rng)?;
        for chunk in chunks {
            let change = sign(new, &chunk, self.keyring.device_keys())?;
            records.push((Kind::Change, Some(new), change.bytes().to_vec()));
        }
        self.keyring.add_document_keys(&*self.disk, &[new], rng)?;
        self.append(records, rng)?;
        // Without a server nobody else has it.
        if identity.server.is_none() {
            self.wipe_alone(old, rng)?;
        }
        Ok(new)
    }

    /// A field book that no server knows erases what it founded anew by itself.
    fn wipe_alone(&mut self, old: DocumentId, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        if let Some(key) = self.keyring.document_key(old) {
            self.keyring.destroy(&*self.disk, &[key], rng)?;
        }
        self.ledger.forget(&old);
        self.drop_from_memory(&old);
        Ok(())
    }

    /// Whether a document is out of sight: it was erased, or the dossier stands in another document.
    pub(super) fn is_hidden(&self, document: &DocumentId) -> bool {
        let ledger = &self.ledger;
        let own = self.keyring.device_keys().device();
        let filled =
            |id: &DocumentId| ledger.documents.get(id).is_some_and(|facts| !facts.closed && facts.live().next().is_some());
        if ledger.is_erased(document) {
            return true;
        }
        // On the device that did it the new one is the dossier at once; elsewhere when the server has erased the old one.
        if ledger.erasures.refounding(document).is_some_and(|(device, one)| *device == own && filled(&one.new)) {
            return true;
        }
        let opening = ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        let Some(old) = opening.and_then(|(opening, _)| opening.replaces) else { return false };
        let mine = ledger.erasures.refounding(&old).is_some_and(|(device, one)| *device == own && one.new == *document);
        !mine && !ledger.is_erased(&old) && filled(&old)
    }

    /// Whether a document only waits here for the server to erase it: it is not sent any more, for it holds what was withdrawn.
    pub(super) fn is_left(&self, document: &DocumentId) -> bool {
        self.own_refounding(document).is_some()
    }

    /// How this device founded a document's dossier anew, if it did.
    fn own_refounding(&self, old: &DocumentId) -> Option<&Refounding> {
        let own = self.keyring.device_keys().device();
        self.ledger.erasures.refounding(old).filter(|(device, _)| *device == own).map(|(_, one)| one)
    }

    /// Whether somebody else's withdrawal from the same dossier reached the server before this device's: the dossier goes on in
    /// theirs.
    pub(super) fn is_overtaken(&self, erasure: &Erasure) -> bool {
        let mine = self.own_refounding(&erasure.document).map(|one| one.new);
        mine.is_some_and(|mine| erasure.replaced_by.is_some_and(|theirs| theirs != mine))
    }

    /// What was withdrawn from a dossier, in whichever of its documents: by others, and by this device although it was overtaken.
    fn withdrawn_from(&self, document: DocumentId) -> BTreeSet<EntryId> {
        let own = self.keyring.device_keys().device();
        let erasures = &self.ledger.erasures;
        let mine = erasures.refoundings().filter(|(device, _)| *device == own).map(|(_, one)| (one.old, one.new, &one.withdrawn));
        let others = erasures.all().filter_map(|one| Some((one.document, one.replaced_by?, &one.withdrawn)));
        let steps: Vec<_> = mine.chain(others).collect();
        let mut documents = BTreeSet::from([document]);
        loop {
            let before = documents.len();
            for (old, new, _) in &steps {
                if documents.contains(old) || documents.contains(new) {
                    documents.extend([*old, *new]);
                }
            }
            if documents.len() == before {
                break;
            }
        }
        steps.iter().filter(|(old, ..)| documents.contains(old)).flat_map(|(.., gone)| gone.iter().copied()).collect()
    }

    /// Takes back what the server refused to let go on in another document: what was done there since is performed again in the
    /// old one, to be judged like everything else, and the copy leaves this device. Before the old one is closed here, so that
    /// it is performed on what stands there.
    pub(super) fn undo_refused_withdrawals(&mut self, rng: &mut dyn CryptoRng) -> Result<Vec<Wiped>, FieldBookError> {
        let is_refused = |hash: &ChangeHash| self.ledger.statements.get(hash).is_some_and(|facts| facts.refused);
        let openings = self.ledger.documents.values().filter_map(|facts| facts.opening.as_ref());
        let refused = openings.filter(|(_, hash)| is_refused(hash));
        let refused: Vec<(DocumentId, DocumentId)> =
            refused.filter_map(|(opening, _)| Some((opening.document, opening.replaces?))).collect();
        let mut undone = Vec::new();
        for (new, old) in refused {
            let into = self.ledger.erasures.successor(&old).unwrap_or(old);
            // Of what is erased everywhere this one gets an erasure of its own.
            if into == new || self.ledger.is_erased(&into) {
                continue;
            }
            let reference = self.reference_of(new);
            self.perform_elsewhere(new, into, &BTreeSet::new(), rng)?;
            if let Some(key) = self.keyring.document_key(new) {
                self.keyring.destroy(&*self.disk, &[key], rng)?;
            }
            self.ledger.forget(&new);
            self.drop_from_memory(&new);
            self.resend.retain(|(of, _)| *of != new);
            self.healing.retain(|of| *of != new);
            // Another process that has this field book open is not to write in it either.
            self.append(vec![(Kind::Closed, None, Access { document: new, person: None }.encode())], rng)?;
            let not_withdrawn = Some(NotWithdrawn::Refused);
            undone.push(Wiped { document: new, reference, unsent: 0, replaced_by: Some(into), not_withdrawn });
        }
        Ok(undone)
    }

    /// Brings what others wrote in an old document, after this device founded the dossier anew, into the new one.
    pub(super) fn bring_over_what_came(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        let own = self.keyring.device_keys().device();
        let open: Vec<Refounding> =
            self.ledger.erasures.open_refoundings().filter(|(device, _)| *device == own).map(|(_, one)| one.clone()).collect();
        for one in open {
            if !self.ledger.documents.contains_key(&one.old) {
                continue;
            }
            let (old, new) = (self.document(one.old)?, self.document(one.new)?);
            let lacking = lacking(&old, &new, &one.withdrawn.iter().copied().collect())?;
            if lacking.is_empty() {
                continue;
            }
            let (known, present) = (self.as_founded(&new, one.new)?, cells(&new, &BTreeSet::new())?);
            let authors: BTreeMap<(Place, Scalar), String> = self.authors(one.old)?;
            let mut writes = Vec::new();
            for (place, value) in lacking {
                let by = authors.get(&(place.clone(), value.clone())).cloned().unwrap_or_default();
                let present = present.get(&place).and_then(|values| values.first());
                writes.extend(bring(&place, &value, present, known.get(&place), &by));
            }
            self.perform(one.new, writes, moment, rng)?;
        }
        Ok(())
    }

    /// What this device wrote when it founded a dossier anew: the changes of its own that no person's operation is behind.
    fn as_founded(&self, new: &Document, id: DocumentId) -> Result<BTreeMap<Place, Scalar>, FieldBookError> {
        let founding = self.founding(&id);
        let edits = new.edits()?.into_iter().filter(|edit| founding.contains(&edit.hash));
        let writes = edits.flat_map(|edit| edit.writes);
        Ok(writes.map(|write| ((write.container, write.entry, write.key), write.value)).collect())
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
    /// was withdrawn. A value that somebody else wrote meanwhile stands, with this one beside it for a person to choose.
    pub(super) fn carry_over(
        &mut self,
        erasure: &Erasure,
        into: DocumentId,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        // What stands in the document that this device founded is there already; unless somebody was first, and that one goes too.
        if self.is_left(&erasure.document) && !self.is_overtaken(erasure) {
            return Ok(());
        }
        let withdrawn = self.withdrawn_from(erasure.document);
        self.perform_elsewhere(erasure.document, into, &withdrawn, rng)
    }

    /// Performs what this device did in a document, and the server does not have, in another one.
    fn perform_elsewhere(
        &mut self,
        old: DocumentId,
        into: DocumentId,
        withdrawn: &BTreeSet<EntryId>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        let by = self.identity().person.unwrap_or_default();
        let unsent = self.to_carry(&old)?;
        if unsent.is_empty() {
            return Ok(());
        }
        let facts = self.ledger.documents.get(&old);
        let changes = facts.into_iter().flat_map(|facts| facts.live());
        let sent = changes.filter(|change| change.acknowledged.is_some()).map(|one| one.hash);
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
                    let stands = present.get(&place).and_then(|values| values.first()).filter(|_| !carried.contains(&place));
                    let knew = known.get(&place).and_then(|values| values.first());
                    writes.extend(bring(&place, &value, stands, knew, &by));
                    carried.insert(place);
                }
            }
            let writes = with_declaration(&writes).into_owned();
            match new.write(&writes, &actor, at)? {
                Some(chunk) => {
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
        self.fold_own(records, &appended)
    }

    /// What this device did in a document and the server does not have, with what was set aside when the document left.
    fn to_carry(&self, document: &DocumentId) -> Result<Vec<(ChangeHash, Vec<Write>, crate::clock::Timestamp)>, FieldBookError> {
        let mut unsent: Vec<(u64, ChangeHash, Vec<Write>, crate::clock::Timestamp)> = Vec::new();
        let open = |hash: &ChangeHash| !self.ledger.replaced.contains_key(hash);
        let changes = self.ledger.documents.get(document).into_iter().flat_map(|facts| facts.live());
        for change in changes.filter(|change| change.acknowledged.is_none() && open(&change.hash)) {
            let Some(position) = change.operation else { continue };
            let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? else { continue };
            let operation = Operation::decode(&bytes)?;
            unsent.push((change.number, change.hash, operation.writes()?, operation.at));
        }
        for (hash, aside) in self.ledger.aside.iter().filter(|(hash, aside)| aside.document == *document && open(hash)) {
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
    fn as_of(&self, id: DocumentId, chosen: &HashSet<ChangeHash>) -> Result<Document, FieldBookError> {
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

/// The changes that write a dossier anew: what nobody disputes first, then each of the values that stand beside one another, as
/// changes that do not know of each other, so that they still do.
fn write_anew(
    before: &Document,
    withdrawn: &BTreeSet<EntryId>,
    device: DeviceId,
    moment: Moment,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<Vec<u8>>, FieldBookError> {
    let cells = cells(before, withdrawn)?;
    let (mut agreed, mut versions): (Vec<Write>, Vec<Vec<Write>>) = (Vec::new(), Vec::new());
    let undisputed: BTreeSet<(Container, &String)> =
        cells.iter().filter(|(_, values)| values.len() == 1).map(|((container, entry, _), _)| (*container, entry)).collect();
    for (place, values) in &cells {
        let (container, entry, key) = place;
        let write =
            |value: &Scalar| Write { container: *container, entry: entry.clone(), key: key.clone(), value: value.clone() };
        let Some((first, others)) = values.split_first() else { continue };
        // Of an entry that is disputed altogether nothing would be there for the values to meet in.
        if others.is_empty() || !undisputed.contains(&(*container, entry)) {
            agreed.push(write(first));
            agreed.extend(others.iter().flat_map(|value| bring(place, value, Some(first), None, "")));
            continue;
        }
        versions.resize_with(versions.len().max(values.len()), Vec::new);
        for (version, value) in versions.iter_mut().zip(values) {
            version.push(write(value));
        }
    }
    // A row of numbers of its own for each, so that none of them continues another or what this device writes later.
    let mut row = || {
        let mut session = [0; 8];
        rng.fill_bytes(&mut session);
        [device.as_bytes().as_slice(), &session].concat()
    };
    let mut chunks = Vec::new();
    let mut document = Document::found(DocumentKind::Dossier)?;
    let actor = row();
    let (mut part, mut bytes) = (Vec::new(), 0);
    for write in agreed {
        bytes += size(&write.value) + write.entry.len() + 16;
        part.push(write);
        if part.len() >= WRITES || bytes >= BYTES {
            chunks.extend(document.write(&with_declaration(&part), &actor, moment.at)?);
            part.clear();
            bytes = 0;
        }
    }
    chunks.extend(document.write(&with_declaration(&part), &actor, moment.at)?);
    // Of concurrent values the one of the greatest actor is read first: the same one as before.
    let mut rows: Vec<Vec<u8>> = versions.iter().map(|_| row()).collect();
    rows.sort_unstable_by(|one, other| other.cmp(one));
    for (version, actor) in versions.iter().zip(rows) {
        let mut beside = document.clone();
        chunks.extend(beside.write(&with_declaration(version), &actor, moment.at)?);
    }
    Ok(chunks)
}

fn size(value: &Scalar) -> usize {
    match value {
        Scalar::Text(text) => text.len(),
        Scalar::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}
