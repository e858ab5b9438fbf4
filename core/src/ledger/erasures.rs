//! What is known of dossiers that were erased, and of those that go on in another document.

use std::collections::BTreeMap;

use super::*;
use crate::statement::{Erasure, ErasureReceipt, Opening, Refounding};

/// How often one dossier is founded anew at most, for following it to where it is now.
const MOST_STEPS: usize = 1_000;

/// A dossier that was founded anew.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The device that did it.
    pub device: DeviceId,
    /// How.
    pub refounding: Refounding,
    /// The statement that says so.
    pub statement: ChangeHash,
}

/// Tombstones: they hold names without meaning, and nothing else of what was erased.
#[derive(Debug, Default)]
pub struct Erasures {
    erased: BTreeMap<DocumentId, Erasure>,
    marks: BTreeMap<TraineeMark, DocumentId>,
    receipts: BTreeMap<DocumentId, BTreeMap<DeviceId, ErasureReceipt>>,
    /// By old document, in the order in which they came.
    refoundings: BTreeMap<DocumentId, Vec<Begun>>,
}

impl Erasures {
    /// The erasure of a document, if it was erased.
    pub fn of(&self, document: &DocumentId) -> Option<&Erasure> {
        self.erased.get(document)
    }

    /// Every erasure, by document.
    pub fn all(&self) -> impl Iterator<Item = &Erasure> {
        self.erased.values()
    }

    /// Whether the trainee's dossier was erased, in whichever document.
    pub fn is_marked(&self, trainee: &TraineeId) -> bool {
        self.marks.contains_key(&trainee.mark())
    }

    /// What devices say of the erasure of a document.
    pub fn receipts(&self, document: &DocumentId) -> impl Iterator<Item = (&DeviceId, &ErasureReceipt)> {
        self.receipts.get(document).into_iter().flatten()
    }

    /// What a device says of the erasure of a document.
    pub fn receipt_of(&self, document: &DocumentId, device: &DeviceId) -> Option<&ErasureReceipt> {
        self.receipts.get(document)?.get(device)
    }

    /// The first re-founding of this document's dossier. The server takes in none but those that hold; on a device one that it
    /// did itself may not.
    pub fn refounding(&self, old: &DocumentId) -> Option<&Begun> {
        self.refoundings.get(old)?.first()
    }

    /// How a device founded this document's dossier anew.
    pub fn refounding_by(&self, device: &DeviceId, old: &DocumentId) -> Option<&Begun> {
        self.refoundings.get(old)?.iter().find(|begun| begun.device == *device)
    }

    /// Every re-founding.
    pub fn refoundings(&self) -> impl Iterator<Item = &Begun> {
        self.refoundings.values().flatten()
    }

    /// The re-foundings that led to a document.
    pub fn leading_to<'a>(&'a self, new: &'a DocumentId) -> impl Iterator<Item = &'a Refounding> {
        self.refoundings().map(|begun| &begun.refounding).filter(move |one| one.new == *new)
    }

    /// Re-foundings whose old document is still there.
    pub fn open_refoundings(&self) -> impl Iterator<Item = &Begun> {
        self.refoundings().filter(|begun| !self.erased.contains_key(&begun.refounding.old))
    }

    /// The erasure of what an opening begins a copy of, if it does: of the same trainee's dossier, or of a document whose dossier
    /// does not go on in this one.
    pub fn copied_by(&self, opening: &Opening) -> Option<&Erasure> {
        let marked = opening.trainee.filter(|_| !self.marks.is_empty()).and_then(|trainee| self.marks.get(&trainee.mark()));
        let of_trainee = marked.filter(|document| **document != opening.document).and_then(|document| self.erased.get(document));
        let elsewhere = |one: &&Erasure| one.replaced_by != Some(opening.document);
        of_trainee.or_else(|| self.erased.get(&opening.replaces?).filter(elsewhere))
    }

    /// Where the dossier of an erased document went on, if it did.
    pub fn successor(&self, document: &DocumentId) -> Option<DocumentId> {
        let mut found = None;
        let mut at = *document;
        for _ in 0..MOST_STEPS {
            let Some(next) = self.erased.get(&at).and_then(|erasure| erasure.replaced_by) else { break };
            found = Some(next);
            at = next;
        }
        found.filter(|last| last != document)
    }

    pub(super) fn add(&mut self, signed: &SignedStatement) {
        match signed.statement() {
            Statement::Erasure(erasure) => {
                if let Some(mark) = erasure.trainee {
                    self.marks.entry(mark).or_insert(erasure.document);
                }
                // The first one counts: a later one would only confuse where the dossier went on.
                self.erased.entry(erasure.document).or_insert_with(|| erasure.clone());
            }
            Statement::ErasureReceipt(receipt) => {
                self.receipts.entry(receipt.document).or_default().insert(signed.signer(), receipt.clone());
            }
            Statement::Refounding(refounding) => {
                let statement = statement_hash(signed.bytes());
                let begun = Begun { device: signed.signer(), refounding: refounding.clone(), statement };
                self.refoundings.entry(refounding.old).or_default().push(begun);
            }
            _ => {}
        }
    }

    pub(super) fn forget(&mut self, document: &DocumentId) {
        // How it came to be goes with it; that something was withdrawn stays with the document in which it goes on.
        self.forget_refounding(document);
    }

    pub(super) fn forget_refounding(&mut self, new: &DocumentId) {
        self.forget_those(|begun| begun.refounding.new == *new);
    }

    /// Forgets the re-founding that one statement is about.
    pub(super) fn forget_statement(&mut self, statement: &ChangeHash) {
        self.forget_those(|begun| begun.statement == *statement);
    }

    fn forget_those(&mut self, those: impl Fn(&Begun) -> bool) {
        self.refoundings.retain(|_, begun| {
            begun.retain(|begun| !those(begun));
            !begun.is_empty()
        });
    }
}

impl Ledger {
    /// Whether a document was erased, or is a copy of what was: nothing of it is taken in or given out any more.
    pub fn is_erased(&self, document: &DocumentId) -> bool {
        self.erasures.of(document).is_some() || self.copy_of(document).is_some()
    }

    /// The erasure of what a document here is a copy of, by its own opening: nobody signs a tombstone for a copy.
    pub fn copy_of(&self, document: &DocumentId) -> Option<&Erasure> {
        let (opening, _) = self.documents.get(document)?.opening.as_ref()?;
        self.erasures.copied_by(opening)
    }

    /// The documents here that are copies of what was erased, and have no tombstone of their own.
    pub fn copies(&self) -> impl Iterator<Item = (DocumentId, &Erasure)> {
        let bare = self.documents.keys().filter(|document| self.erasures.of(document).is_none());
        bare.filter_map(|document| Some((*document, self.copy_of(document)?)))
    }

    /// Whether an erasure contradicts what the opening of the document says here: it is of another trainee, or says that the
    /// dossier goes on in a document that is not its own. With erasures that come with it.
    pub fn contradicts(&self, erasure: &Erasure, beside: &[&Erasure]) -> bool {
        let opening = self.documents.get(&erasure.document).and_then(|facts| facts.opening.as_ref());
        let Some((opening, _)) = opening else { return false };
        if let Some(mark) = erasure.trainee {
            return opening.trainee.map(|trainee| trainee.mark()) != Some(mark);
        }
        let Some(goes_on) = erasure.replaced_by.filter(|_| erasure.withdrawn.is_empty()) else { return false };
        // Of a copy it is said that it goes on where the dossier does that it was a copy of.
        let after = |old: &DocumentId| {
            let known = self.erasures.of(old).or_else(|| beside.iter().copied().find(|one| one.document == *old));
            known.and_then(|one| one.replaced_by)
        };
        let mut at = opening.replaces;
        for _ in 0..MOST_STEPS {
            match at.and_then(|old| after(&old)) {
                None => return true,
                Some(next) if next == goes_on => return false,
                next => at = next,
            }
        }
        true
    }

    /// Drops everything that is known of a document; what it was called stays where it is a tombstone.
    pub fn forget(&mut self, document: &DocumentId) {
        self.documents.remove(document);
        self.drop_statements(document);
        self.refused.retain(|item| item.document != *document);
        self.aside.retain(|_, aside| aside.document != *document);
        self.erasures.forget(document);
    }

    /// Drops the statements about a document that left this device; they come again if it does.
    pub(super) fn forget_statements(&mut self, document: &DocumentId) {
        self.drop_statements(document);
        if let Some(facts) = self.documents.get_mut(document) {
            facts.opening = None;
            facts.later_openings.clear();
            facts.grants.clear();
            facts.grant_ends.clear();
            facts.decisions.clear();
            facts.erasure_asked = None;
        }
    }
}
