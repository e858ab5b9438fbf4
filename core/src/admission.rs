//! The admission gate: is a change valid? A pure function of the change and its ancestors, the same on every device and
//! for ever.
//!
//! Cheap checks come first; Automerge sees a change only when everything about it that can be known from its header and
//! a bounded scan is right, and its effect is tried on a copy. Who may write where is not decided here: authority is the
//! server's, in the order of its journal ([`crate::sync::server`]). `docs/gate.md` lists the steps.

use std::collections::{BTreeSet, HashMap, HashSet};

use automerge::Change;

use crate::chunk::{ChangeHash, ChangeHeader};
use crate::document::{Document, DocumentError};
use crate::ids::DeviceId;
use crate::keys::PublicKeys;
use crate::ledger::DocumentFacts;
use crate::limits::MAX_OPERATIONS;
use crate::statement::DocumentKind;
use crate::wire::{Reason, Why};

mod candidate;
mod operations;
mod step;

pub use candidate::Candidate;
use operations::Slice;
pub(crate) use operations::{is_recording_time, is_written_once};
pub use step::Step;

/// How many changes are tried on one copy: what a change builds on is remembered for each.
const MOST_AT_ONCE: usize = 512;
/// How often one of many may fail inside Automerge before the others are sent back: none of ours ever does.
const MOST_FAILURES: usize = 4;

/// The gate's word on one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// New and valid.
    Valid,
    /// Already here.
    Known,
    /// May become valid when something else arrives.
    Deferred(Why),
    /// Never valid.
    Refused(Why),
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
    batch: &[&Candidate],
    keys: &dyn Fn(&DeviceId) -> Option<PublicKeys>,
) -> Result<(Vec<Judgement>, Document), DocumentError> {
    let mut rows = Rows::of(facts, Founding::of(document.kind())?);
    let mut judgements: Vec<Judgement> = Vec::with_capacity(batch.len());
    let mut standing = document.clone();
    while judgements.len() < batch.len() {
        let mut slice = Slice::on(&standing);
        let mut tries: Vec<Try> = Vec::new();
        while let Some(candidate) = batch.get(judgements.len())
            && slice.has_room_for(candidate)
        {
            let judgement = match rows.check(candidate, keys, &mut slice) {
                Ok(None) => Judgement::Known,
                Ok(Some(change)) => {
                    let before = rows.add(candidate.header());
                    tries.push(Try { index: judgements.len(), change, before });
                    Judgement::Valid
                }
                Err(judgement) => judgement,
            };
            judgements.push(judgement);
        }
        let mut failing = Failing::default();
        standing = failing.apply(standing, &tries);
        // Backwards, so that a row ends where its last admitted change stands.
        for one in tries.iter().rev() {
            if let Some(judgement) = failing.found.remove(&one.index) {
                judgements[one.index] = judgement;
                rows.take_back(batch[one.index].header(), one.before);
            }
        }
    }
    Ok((judgements, standing))
}

/// A change that is valid as far as it can be known without applying it.
struct Try {
    index: usize,
    change: Change,
    /// Where its actor's row ended before.
    before: Option<(u64, u64)>,
}

/// What fails inside Automerge although everything about it was right, and what leans on it.
#[derive(Default)]
struct Failing {
    found: HashMap<usize, Judgement>,
    hashes: HashSet<ChangeHash>,
    actors: HashSet<Vec<u8>>,
    count: usize,
}

impl Failing {
    /// All at once; when that fails, by halves, so that only the one that fails is refused.
    fn apply(&mut self, document: Document, tries: &[Try]) -> Document {
        let mut chosen: Vec<&Try> = Vec::new();
        for one in tries {
            if self.leans(&one.change) {
                self.add(one, Judgement::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)));
            } else if self.count >= MOST_FAILURES {
                self.add(one, Judgement::Deferred(Why::at(Step::Apply, Reason::Busy)));
            } else {
                chosen.push(one);
            }
        }
        if chosen.is_empty() {
            return document;
        }
        let mut heads: BTreeSet<ChangeHash> = document.heads().into_iter().collect();
        for one in &chosen {
            for dep in one.change.deps() {
                heads.remove(&ChangeHash::from(*dep));
            }
            heads.insert(one.change.hash().into());
        }
        match document.tried(chosen.iter().map(|one| one.change.clone()).collect(), &heads) {
            Ok(after) => after,
            Err(step) if tries.len() == 1 => {
                self.count += 1;
                self.add(&tries[0], Judgement::Refused(Why::at(step, Reason::Malformed)));
                document
            }
            Err(_) => {
                let (first, second) = tries.split_at(tries.len() / 2);
                let document = self.apply(document, first);
                self.apply(document, second)
            }
        }
    }

    fn leans(&self, change: &Change) -> bool {
        let after = |hash: &automerge::ChangeHash| self.hashes.contains(&ChangeHash::from(*hash));
        self.actors.contains(change.actor_id().to_bytes()) || change.deps().iter().any(after)
    }

    fn add(&mut self, one: &Try, judgement: Judgement) {
        self.hashes.insert(one.change.hash().into());
        self.actors.insert(one.change.actor_id().to_bytes().to_vec());
        self.found.insert(one.index, judgement);
    }
}

impl Slice<'_> {
    /// Whether one more may be tried together with those that are in it.
    fn has_room_for(&self, candidate: &Candidate) -> bool {
        let (operations, changes) = self.len();
        let more = usize::try_from(candidate.header().operations).unwrap_or(usize::MAX);
        changes == 0 || (changes < MOST_AT_ONCE && operations.saturating_add(more) <= MAX_OPERATIONS as usize)
    }
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

/// What is known, and what of this batch was found valid so far: the changes by name, and the row of each actor.
struct Rows<'a> {
    facts: Option<&'a DocumentFacts>,
    founding: Founding,
    new: HashMap<ChangeHash, u64>,
    last: HashMap<Vec<u8>, (u64, u64)>,
}

impl<'a> Rows<'a> {
    fn of(facts: Option<&'a DocumentFacts>, founding: Founding) -> Self {
        let mut last: HashMap<Vec<u8>, (u64, u64)> = HashMap::new();
        for change in facts.into_iter().flat_map(DocumentFacts::live) {
            match last.get_mut(&change.actor) {
                Some(row) => *row = (*row).max((change.seq, change.max_op)),
                None => {
                    last.insert(change.actor.clone(), (change.seq, change.max_op));
                }
            }
        }
        Self { facts, founding, new: HashMap::new(), last }
    }

    fn max_op_of(&self, hash: &ChangeHash) -> Option<u64> {
        if *hash == self.founding.hash {
            return Some(self.founding.max_op);
        }
        self.new.get(hash).copied().or_else(|| {
            let facts = self.facts?;
            facts.has(hash).then(|| facts.change(hash).map(|change| change.max_op)).flatten()
        })
    }

    /// Everything that can be known of a change without applying it; nothing when it is known already.
    fn check(
        &self,
        candidate: &Candidate,
        keys: &dyn Fn(&DeviceId) -> Option<PublicKeys>,
        slice: &mut Slice<'_>,
    ) -> Result<Option<Change>, Judgement> {
        let refused = |step, reason| Judgement::Refused(Why::at(step, reason));
        let (header, hash) = (candidate.header(), candidate.hash());
        if self.new.contains_key(&hash) || self.facts.is_some_and(|facts| facts.has(&hash)) {
            return Ok(None);
        }
        let signer = keys(&candidate.signer()).ok_or_else(|| refused(Step::Signer, Reason::UnknownSigner))?;
        let change = candidate.change(&signer).map_err(Judgement::Refused)?;
        if header.deps.is_empty() {
            return Err(refused(Step::Dependencies, Reason::Malformed));
        }
        let mut highest = 0;
        for dep in &header.deps {
            match self.max_op_of(dep) {
                Some(max_op) => highest = highest.max(max_op),
                None => return Err(Judgement::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies))),
            }
        }
        let (last_seq, last_op) = self.last.get(&header.actor).copied().unwrap_or((0, 0));
        if header.seq <= last_seq {
            return Err(refused(Step::Sequence, Reason::SequenceTaken));
        }
        if header.seq > last_seq + 1 {
            return Err(Judgement::Deferred(Why::at(Step::Sequence, Reason::SequenceGap)));
        }
        if header.start_op != highest + 1 || header.start_op <= last_op {
            return Err(refused(Step::Start, Reason::WrongStart));
        }
        let past = slice.past(&header.deps);
        slice.permit(&change, past).map_err(Judgement::Refused)?;
        Ok(Some(change))
    }

    fn add(&mut self, header: &ChangeHeader) -> Option<(u64, u64)> {
        self.new.insert(header.hash, max_op(header));
        self.last.insert(header.actor.clone(), (header.seq, max_op(header)))
    }

    fn take_back(&mut self, header: &ChangeHeader, before: Option<(u64, u64)>) {
        self.new.remove(&header.hash);
        match before {
            Some(before) => self.last.insert(header.actor.clone(), before),
            None => self.last.remove(&header.actor),
        };
    }
}

#[cfg(test)]
mod tests;
