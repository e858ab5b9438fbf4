//! Withdrawing an entry for good: the dossier is written anew without it, in another document, and the old one is erased.
//!
//! The person sees the new dossier at once. The old document stays here, out of sight and unsent, until the server says that it
//! is erased: what others wrote in it meanwhile is brought over first. A colleague's device does the same with what it had not
//! sent yet.

use std::collections::{BTreeMap, BTreeSet};

use super::erasing::NotWithdrawn;
use super::*;
use crate::notes::Access;
use crate::refounding::{self, Plan, bring, cells, is_exact, is_left_out, plan};
use crate::statement::{Erasure, MAX_FOUNDING, MAX_HEADS, MAX_WITHDRAWN, Refounding};
use crate::wire::Reason;

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
        let under_way = |begun: &crate::ledger::Begun| {
            let one = &begun.refounding;
            let founded_here = begun.device == own && one.new == old && self.ledger.documents.contains_key(&one.old);
            // Somebody else's, which the server has taken in: it comes to its end, and a second one would be refused.
            founded_here || (one.old == old && one.founding.is_some() && self.is_taken_in(&begun.statement))
        };
        if self.ledger.erasures.open_refoundings().any(under_way) {
            return Err(FieldBookError::Withdrawing);
        }
        let here = self.document(old)?;
        let content = here.content()?;
        let asked: BTreeSet<EntryId> = entries.iter().copied().collect();
        let coordinates =
            identity.role == Some(Role::Coordinator) && identity.organisation.as_ref() == Some(&opening.organisation);
        if !coordinates && !refounding::wrote_all(&here, &asked, &person)? {
            return Err(FieldBookError::NotAllowed(Forbidden::Withdraw));
        }
        // What hangs on them goes too, by name: others must know what was left out.
        let mut withdrawn = asked.clone();
        for (container, entries) in &content {
            let gone = entries.iter().filter(|(entry, cells)| is_left_out(*container, entry, cells, &asked));
            withdrawn.extend(gone.filter_map(|(entry, _)| entry.parse::<EntryId>().ok()));
        }
        if withdrawn.len() > MAX_WITHDRAWN {
            return Err(Unsavable::TooManyEntries.into());
        }
        let new = DocumentId::fresh(moment.at, rng);
        let again = Opening { document: new, person: person.clone(), at: moment.at, replaces: Some(old), ..opening };
        // What the server has is written anew just as it stands, so that it can be held against it. What is only here follows
        // as work of this device.
        let sent = self.at_server(&old);
        let before = self.as_of(old, &sent)?;
        let device = self.keyring.device_keys().device();
        let chunks = write_anew(&before, &withdrawn, device, moment, rng)?;
        let mut founded = Document::found(DocumentKind::Dossier)?;
        founded.apply(chunks.iter().map(Vec::as_slice))?;
        let facts = self.ledger.documents.get(&old);
        let heads = facts.map(|facts| facts.heads_among(|change| sent.contains(&change.hash))).unwrap_or_default();
        if chunks.len() > MAX_FOUNDING || heads.len() > MAX_HEADS || !is_exact(&before, &founded, &withdrawn)? {
            return Err(Unsavable::NotAnew.into());
        }
        let mut changes = Vec::new();
        let mut founding = Vec::new();
        for chunk in chunks {
            let change = sign(new, &chunk, self.keyring.device_keys())?;
            founding.push(change.hash());
            changes.push((Kind::Change, Some(new), change.bytes().to_vec()));
        }
        founding.sort_unstable();
        let actor = actor(&*self.disk, &self.keyring, rng)?;
        for part in parts(only_here(&here, &founded, &withdrawn)?) {
            let writes = with_declaration(&part).into_owned();
            let Some(chunk) = founded.write(&writes, &actor, moment.at)? else { continue };
            let change = sign(new, &chunk, self.keyring.device_keys())?;
            let note = Operation::new(new, change.hash(), moment.at, &writes, None);
            changes.push((Kind::Change, Some(new), change.bytes().to_vec()));
            changes.push((Kind::Operation, Some(new), note.encode()));
        }
        let reason = reason.map(str::to_owned);
        let (withdrawn, heads, founding) = (withdrawn.into_iter().collect(), Some(heads), Some(founding));
        let refounding = Refounding { old, new, by: person, at: moment.at, withdrawn, reason, heads, founding };
        let keys = self.keyring.device_keys();
        let mut records = vec![stated(&Statement::Opening(again), keys)?, stated(&Statement::Refounding(refounding), keys)?];
        records.extend(changes);
        self.keyring.add_document_keys(&*self.disk, &[new], rng)?;
        self.append(records, rng)?;
        // Without a server nobody else has it.
        if identity.server.is_none() {
            self.wipe_alone(old, rng)?;
        }
        Ok(new)
    }

    /// The changes of a document that the server has or had, with all that they follow.
    fn at_server(&self, document: &DocumentId) -> HashSet<ChangeHash> {
        let Some(facts) = self.ledger.documents.get(document) else { return HashSet::new() };
        let sent = facts.live().filter(|change| change.acknowledged.is_some() || change.former);
        facts.up_to(sent.map(|change| change.hash))
    }

    /// Whether the server has taken in a statement.
    pub(super) fn is_taken_in(&self, statement: &ChangeHash) -> bool {
        self.ledger.statements.get(statement).is_some_and(|facts| facts.acknowledged.is_some())
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
        let filled =
            |id: &DocumentId| ledger.documents.get(id).is_some_and(|facts| !facts.closed && facts.live().next().is_some());
        if ledger.is_erased(document) {
            return true;
        }
        // On the device that did it the new one is the dossier at once; elsewhere when the server has erased the old one.
        if self.own_refounding(document).is_some_and(|one| filled(&one.new)) {
            return true;
        }
        let opening = ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        let Some(old) = opening.and_then(|(opening, _)| opening.replaces) else { return false };
        let mine = self.own_refounding(&old).is_some_and(|one| one.new == *document);
        !mine && !ledger.is_erased(&old) && filled(&old)
    }

    /// Whether a document only waits here for the server to erase it: it is not sent any more, for it holds what was withdrawn.
    pub(super) fn is_left(&self, document: &DocumentId) -> bool {
        self.own_refounding(document).is_some()
    }

    /// How this device founded a document's dossier anew, if it did.
    fn own_refounding(&self, old: &DocumentId) -> Option<&Refounding> {
        let own = self.keyring.device_keys().device();
        self.ledger.erasures.refounding_by(&own, old).map(|begun| &begun.refounding)
    }

    /// Whether somebody else's withdrawal from the same dossier reached the server before this device's: the dossier goes on in
    /// theirs.
    pub(super) fn is_overtaken(&self, erasure: &Erasure) -> bool {
        let mine = self.own_refounding(&erasure.document).map(|one| one.new);
        mine.is_some_and(|mine| erasure.replaced_by.is_some_and(|theirs| theirs != mine))
    }

    /// What was withdrawn from a dossier, in whichever of its documents: by others, and by this device although it was overtaken.
    pub(super) fn withdrawn_from(&self, document: DocumentId) -> BTreeSet<EntryId> {
        let own = self.keyring.device_keys().device();
        let erasures = &self.ledger.erasures;
        let mine = erasures.refoundings().filter(|begun| begun.device == own).map(|begun| &begun.refounding);
        let mine = mine.map(|one| (one.old, one.new, &one.withdrawn));
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
    /// it is performed on what stands there. `why` is what the server said of each document just now.
    pub(super) fn undo_refused_withdrawals(
        &mut self,
        why: &[(DocumentId, Reason)],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Wiped>, FieldBookError> {
        let person = self.identity().person;
        // Its opening was refused, or what was to be written anew there.
        let begins = |hash: &ChangeHash, document: &DocumentId| {
            let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
            opening.is_some_and(|(_, first)| first == hash)
        };
        let goes_on_there = |document: &DocumentId| self.ledger.erasures.leading_to(document).next().is_some();
        let refused = self.ledger.statements.iter().filter(|(_, facts)| facts.refused);
        let refused: BTreeSet<DocumentId> = refused
            .filter_map(|(hash, facts)| Some((hash, facts.kind, facts.document?)))
            .filter(|(hash, kind, document)| match kind {
                2 => begins(hash, document),
                11 => !goes_on_there(document),
                _ => false,
            })
            .map(|(.., document)| document)
            .collect();
        let replaced = |new: &DocumentId| self.ledger.documents.get(new)?.opening.as_ref()?.0.replaces;
        let refused: BTreeMap<DocumentId, DocumentId> = refused.iter().filter_map(|new| Some((*new, replaced(new)?))).collect();
        let mut undone = Vec::new();
        for (new, old) in &refused {
            let new = *new;
            let opening = self.ledger.documents.get(&new).and_then(|facts| facts.opening.as_ref());
            let mine = opening.is_some_and(|(opening, _)| Some(&opening.person) == person.as_ref());
            let goes_on = |old: &DocumentId| self.ledger.erasures.successor(old).unwrap_or(*old);
            let mut into = goes_on(old);
            // What was copied from another refused one goes back to where that was copied from.
            for _ in 0..refused.len() {
                into = refused.get(&into).map_or(into, &goes_on);
            }
            // Where the dossier goes on by the server's word it stays; of what is erased everywhere the copy is wiped as one.
            if into == new || self.ledger.is_erased(&into) {
                continue;
            }
            let reference = self.reference_of(new);
            let performed = self.perform_elsewhere(new, into, &BTreeSet::new(), true, rng)?;
            if let Some(key) = self.keyring.document_key(new) {
                self.keyring.destroy(&*self.disk, &[key], rng)?;
            }
            self.ledger.forget(&new);
            self.drop_from_memory(&new);
            self.resend.retain(|(of, _)| *of != new);
            self.healing.retain(|of| *of != new);
            // Another process that has this field book open is not to write in it either.
            self.append(vec![(Kind::Closed, None, Access { document: new, person: None }.encode())], rng)?;
            if mine {
                let said = why.iter().find(|(document, _)| *document == new).map(|(_, reason)| *reason);
                let not_withdrawn = Some(NotWithdrawn::Refused(said));
                let replaced_by = Some(into);
                undone.push(Wiped { document: new, reference, unsent: 0, performed, to_record: 0, replaced_by, not_withdrawn });
            }
        }
        Ok(undone)
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
    let Plan { agreed, rows, under } = plan(&cells(before, withdrawn)?);
    // A row of numbers of its own for each, so that none of them continues another or what this device writes later.
    let mut row = || {
        let mut session = [0; 8];
        rng.fill_bytes(&mut session);
        [device.as_bytes().as_slice(), &session].concat()
    };
    let mut chunks = Vec::new();
    let mut document = Document::found(DocumentKind::Dossier)?;
    let actor = row();
    for part in parts(agreed) {
        chunks.extend(document.write(&with_declaration(&part), &actor, moment.at)?);
    }
    // Of concurrent values the one of the greatest actor is read first: the same one as before.
    let mut actors: Vec<Vec<u8>> = rows.iter().map(|_| row()).collect();
    actors.sort_unstable_by(|one, other| other.cmp(one));
    for ((row, under), actor) in rows.iter().zip(&under).zip(actors) {
        let mut beside = document.clone();
        for writes in [under, row] {
            chunks.extend(beside.write(&with_declaration(writes), &actor, moment.at)?);
        }
    }
    Ok(chunks)
}

/// What a document holds and the one that was founded anew does not: what the server does not have yet.
fn only_here(here: &Document, founded: &Document, withdrawn: &BTreeSet<EntryId>) -> Result<Vec<Write>, FieldBookError> {
    let written = cells(founded, &BTreeSet::new())?;
    let mut writes = Vec::new();
    for (place, values) in cells(here, withdrawn)? {
        let same = |known: &Vec<Scalar>| known.len() == values.len() && values.iter().all(|value| known.contains(value));
        let empty = values.as_slice() == [Scalar::Null] && !written.contains_key(&place);
        if empty || written.get(&place).is_some_and(same) {
            continue;
        }
        let only = values.len() == 1;
        let values: Vec<Scalar> = values.into_iter().filter(|value| only || *value != Scalar::Null).collect();
        let Some((first, others)) = values.split_first() else { continue };
        let (container, entry, key) = place.clone();
        writes.push(Write { container, entry, key, value: first.clone() });
        writes.extend(others.iter().flat_map(|value| bring(&place, value, std::slice::from_ref(first), &[], "")));
    }
    Ok(writes)
}

/// Writes in parts that each fit in one change.
pub(super) fn parts(writes: Vec<Write>) -> Vec<Vec<Write>> {
    let mut parts = Vec::new();
    let (mut part, mut bytes) = (Vec::new(), 0);
    for write in writes {
        bytes += size(&write.value) + write.entry.len() + 16;
        part.push(write);
        if part.len() >= WRITES || bytes >= BYTES {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

fn size(value: &Scalar) -> usize {
    match value {
        Scalar::Text(text) => text.len(),
        Scalar::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}
