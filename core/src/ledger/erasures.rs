//! What is known of dossiers that were erased, and of those that go on in another document.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::statement::{Erasure, ErasureReceipt, Refounding};

/// How often one dossier is founded anew at most, for following it to where it is now.
const MOST_STEPS: usize = 1_000;

/// Tombstones: they hold names without meaning, and nothing else of what was erased.
#[derive(Debug, Default)]
pub struct Erasures {
    erased: BTreeMap<DocumentId, Erasure>,
    marks: BTreeSet<TraineeMark>,
    receipts: BTreeMap<DocumentId, BTreeMap<DeviceId, ErasureReceipt>>,
    refoundings: BTreeMap<DocumentId, (DeviceId, Refounding)>,
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
        self.marks.contains(&trainee.mark())
    }

    /// What devices say of the erasure of a document.
    pub fn receipts(&self, document: &DocumentId) -> impl Iterator<Item = (&DeviceId, &ErasureReceipt)> {
        self.receipts.get(document).into_iter().flatten()
    }

    /// What a device says of the erasure of a document.
    pub fn receipt_of(&self, document: &DocumentId, device: &DeviceId) -> Option<&ErasureReceipt> {
        self.receipts.get(document)?.get(device)
    }

    /// The device that founded this document's dossier anew, and how; whether it may is the server's to say.
    pub fn refounding(&self, old: &DocumentId) -> Option<&(DeviceId, Refounding)> {
        self.refoundings.get(old)
    }

    /// Every re-founding, with the device that did it.
    pub fn refoundings(&self) -> impl Iterator<Item = &(DeviceId, Refounding)> {
        self.refoundings.values()
    }

    /// The re-foundings that led to a document.
    pub fn leading_to<'a>(&'a self, new: &'a DocumentId) -> impl Iterator<Item = &'a Refounding> {
        self.refoundings.values().map(|(_, one)| one).filter(move |one| one.new == *new)
    }

    /// Re-foundings whose old document is still there.
    pub fn open_refoundings(&self) -> impl Iterator<Item = &(DeviceId, Refounding)> {
        self.refoundings.values().filter(|(_, refounding)| !self.erased.contains_key(&refounding.old))
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
                self.marks.extend(erasure.trainee);
                // The first one counts: a later one would only confuse where the dossier went on.
                self.erased.entry(erasure.document).or_insert_with(|| erasure.clone());
            }
            Statement::ErasureReceipt(receipt) => {
                self.receipts.entry(receipt.document).or_default().insert(signed.signer(), receipt.clone());
            }
            Statement::Refounding(refounding) => {
                self.refoundings.entry(refounding.old).or_insert_with(|| (signed.signer(), refounding.clone()));
            }
            _ => {}
        }
    }

    pub(super) fn forget(&mut self, document: &DocumentId) {
        // How it came to be goes with it; that something was withdrawn stays with the document in which it goes on.
        self.forget_refounding(document);
    }

    pub(super) fn forget_refounding(&mut self, new: &DocumentId) {
        self.refoundings.retain(|_, (_, refounding)| refounding.new != *new);
    }
}

impl Ledger {
    /// Whether a document was erased: nothing of it is taken in or given out any more.
    pub fn is_erased(&self, document: &DocumentId) -> bool {
        self.erasures.of(document).is_some()
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
            facts.grants.clear();
            facts.grant_ends.clear();
            facts.decisions.clear();
            facts.erasure_asked = None;
        }
    }
}
