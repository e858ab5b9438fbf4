//! The admission gate: is a change valid? A pure function of the change and its ancestors, the same on every device.
//!
//! Cheap checks come first; Automerge sees a change only when everything about it that can be known from its header and
//! a bounded scan is right, and then on a copy. Who may write where is not decided here: authority is the server's, in
//! the order of its journal ([`crate::sync::server`]).

use std::collections::HashMap;

use crate::chunk::{ACTOR_LEN, ChangeHash, ChangeHeader};
use crate::document::{Document, DocumentError};
use crate::envelope::SignedChange;
use crate::ids::DeviceId;
use crate::keys::PublicKeys;
use crate::ledger::DocumentFacts;
use crate::statement::DocumentKind;
use crate::wire::Reason;

/// The gate's word on one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// New and valid.
    Valid,
    /// Already here.
    Known,
    /// May become valid when something else arrives.
    Deferred(Reason),
    /// Never valid.
    Refused(Reason),
}

/// The number of the last operation in a change.
pub fn max_op(header: &ChangeHeader) -> u64 {
    header.start_op.saturating_add(header.operations).saturating_sub(1)
}

/// Judges changes of one document, in the order given: a later one may follow an earlier one. `document` is the
/// document as it stands with everything the facts hold; with the valid ones applied it comes back.
///
/// # Errors
/// [`DocumentError`] when the document itself cannot be processed.
pub fn judge(
    facts: Option<&DocumentFacts>,
    document: &Document,
    batch: &[&SignedChange],
    keys: &dyn Fn(&DeviceId) -> Option<PublicKeys>,
) -> Result<(Vec<Judgement>, Document), DocumentError> {
    let founding = Founding::of(document.kind())?;
    let mut accepted = Overlay { facts, founding, new: HashMap::new(), last: HashMap::new() };
    let mut judgements: Vec<Judgement> = batch.iter().map(|change| accepted.check(change, keys)).collect();

    let chosen: Vec<usize> = (0..batch.len()).filter(|index| judgements[*index] == Judgement::Valid).collect();
    let mut copy = document.clone();
    if !applies(&mut copy, chosen.iter().map(|index| batch[*index])) {
        // One of them fails inside Automerge: one by one, so that only it (and what leans on it) is refused.
        copy = document.clone();
        let mut refused: Vec<ChangeHash> = Vec::new();
        for index in chosen {
            let change = batch[index];
            if change.header().deps.iter().any(|dep| refused.contains(dep)) {
                judgements[index] = Judgement::Deferred(Reason::MissingDependencies);
                continue;
            }
            let mut next = copy.clone();
            if applies(&mut next, [change].into_iter()) {
                copy = next;
            } else {
                refused.push(change.hash());
                judgements[index] = Judgement::Refused(Reason::Malformed);
            }
        }
    }
    Ok((judgements, copy))
}

/// Applies changes and checks that what comes of it can be saved and read back.
fn applies<'a>(document: &mut Document, changes: impl Iterator<Item = &'a SignedChange>) -> bool {
    let chunks: Vec<&[u8]> = changes.map(SignedChange::chunk).collect();
    if chunks.is_empty() {
        return true;
    }
    document.apply(chunks).is_ok() && document.reads_back()
}

/// The founding change, which every first change follows.
struct Founding {
    hash: ChangeHash,
    max_op: u64,
}

impl Founding {
    fn of(kind: DocumentKind) -> Result<Self, DocumentError> {
        let heads = Document::found(kind)?.heads();
        let hash = heads.first().copied().ok_or_else(|| DocumentError::Automerge("the founding change is missing".into()))?;
        Ok(Self { hash, max_op: (kind.containers().len() + kind.reserved().len()) as u64 })
    }
}

/// What is known, and what of this batch was found valid so far.
struct Overlay<'a> {
    facts: Option<&'a DocumentFacts>,
    founding: Founding,
    new: HashMap<ChangeHash, u64>,
    last: HashMap<Vec<u8>, (u64, u64)>,
}

impl Overlay<'_> {
    fn max_op_of(&self, hash: &ChangeHash) -> Option<u64> {
        if *hash == self.founding.hash {
            return Some(self.founding.max_op);
        }
        self.new.get(hash).copied().or_else(|| {
            let facts = self.facts?;
            facts.has(hash).then(|| facts.change(hash).map(|change| change.max_op)).flatten()
        })
    }

    fn check(&mut self, change: &SignedChange, keys: &dyn Fn(&DeviceId) -> Option<PublicKeys>) -> Judgement {
        let header = change.header();
        let hash = change.hash();
        if self.new.contains_key(&hash) || self.facts.is_some_and(|facts| facts.has(&hash)) {
            return Judgement::Known;
        }
        let Some(signer) = keys(&change.signer()) else { return Judgement::Refused(Reason::UnknownSigner) };
        if header.actor.len() != ACTOR_LEN || signer.device() != change.signer() {
            return Judgement::Refused(Reason::NotTheSignersActor);
        }
        if change.verify(&signer).is_err() {
            return Judgement::Refused(Reason::BadSignature);
        }
        if header.deps.is_empty() {
            return Judgement::Refused(Reason::Malformed);
        }
        let mut highest = 0;
        for dep in &header.deps {
            match self.max_op_of(dep) {
                Some(max_op) => highest = highest.max(max_op),
                None => return Judgement::Deferred(Reason::MissingDependencies),
            }
        }
        let last = self.last.get(&header.actor).copied().or_else(|| {
            let last = self.facts?.last_of(&header.actor)?;
            Some((last.seq, last.max_op))
        });
        let (last_seq, last_op) = last.unwrap_or((0, 0));
        if header.seq <= last_seq {
            return Judgement::Refused(Reason::SequenceTaken);
        }
        if header.seq > last_seq + 1 {
            return Judgement::Deferred(Reason::SequenceGap);
        }
        if header.start_op != highest + 1 || header.start_op <= last_op {
            return Judgement::Refused(Reason::WrongStart);
        }
        self.new.insert(hash, max_op(header));
        self.last.insert(header.actor.clone(), (header.seq, max_op(header)));
        Judgement::Valid
    }
}
