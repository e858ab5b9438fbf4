//! What leant on work that was refused: it can never come in as it is, and it is not thrown away. It stays, readable for a
//! coordinator, until its author's device says that it has recorded it anew. A device that is gone never says so.

use super::*;
use crate::wire::{Replaced, Unfounded};

/// A change that is kept after a refusal.
pub(in crate::sync::server) struct Kept {
    item: Item,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Refused itself; kept so that what leans on it can be read.
    Refused,
    /// To be recorded anew by its author's device.
    Leans,
    /// That was done; kept as long as something else in the dossier is not.
    Anew,
}

impl Kept {
    fn hash(&self) -> ChangeHash {
        self.item.change.hash()
    }
}

impl Quarantine {
    fn kept(&self, document: &DocumentId) -> &[Kept] {
        self.kept.get(document).map(Vec::as_slice).unwrap_or_default()
    }

    fn kept_mut(&mut self, document: &DocumentId, hash: &ChangeHash) -> Option<&mut Kept> {
        self.kept.get_mut(document)?.iter_mut().find(|one| one.hash() == *hash)
    }

    /// Whether a change waits to be recorded anew.
    pub(super) fn leans(&self, document: &DocumentId, hash: &ChangeHash) -> bool {
        self.kept(document).iter().any(|one| one.state == State::Leans && one.hash() == *hash)
    }

    /// A change of a document that waits, or is to be recorded anew.
    fn open(&self, document: &DocumentId, hash: &ChangeHash) -> Option<&Item> {
        let leans = self.kept(document).iter().filter(|one| one.state == State::Leans).map(|one| &one.item);
        self.of(document).iter().chain(leans).find(|item| item.change.hash() == *hash)
    }

    /// Of what waits: what follows refused changes, as a dependency or as a later one of the same actor, and what follows that.
    pub(super) fn following<'a>(&self, document: &DocumentId, refused: impl Iterator<Item = &'a ChangeHash>) -> Vec<ChangeHash> {
        let mut gone: HashSet<ChangeHash> = refused.copied().collect();
        let mut rows = Rows::default();
        let kept = self.kept(document).iter().map(|one| &one.item);
        for item in self.of(document).iter().chain(kept).filter(|item| gone.contains(&item.change.hash())) {
            rows.begin(&item.change);
        }
        let mut found = Vec::new();
        for item in self.of(document) {
            let follows = rows.follows(&item.change) || item.change.header().deps.iter().any(|dep| gone.contains(dep));
            if follows && gone.insert(item.change.hash()) {
                rows.begin(&item.change);
                found.push(item.change.hash());
            }
        }
        found
    }

    /// Whether a change builds on one that is kept after a refusal: with which decision it shares its fate. A row is no sign of
    /// that: who goes on writing takes up the numbers of what was refused.
    pub(in crate::sync::server) fn unfounded(&self, change: &SignedChange) -> Option<ChangeHash> {
        let deps = &change.header().deps;
        let ground = self.kept(&change.document()).iter().find(|one| deps.contains(&one.hash()))?;
        self.refused.get(&ground.hash()).map(|refusal| refusal.decision)
    }

    /// Keeps what a decision refused, or what leant on that.
    pub(super) fn keep(&mut self, item: Item, leaning: bool) {
        let state = if leaning { State::Leans } else { State::Refused };
        self.kept.entry(item.change.document()).or_default().push(Kept { item, state });
    }

    /// A coordinator refused one that was kept because it leant on another: nobody waits for it any more.
    pub(super) fn refuse_kept(&mut self, document: &DocumentId, hash: &ChangeHash) -> bool {
        let leant = self.kept_mut(document, hash).filter(|one| one.state == State::Leans);
        leant.map(|one| one.state = State::Refused).is_some()
    }

    /// Its author's device has recorded it anew.
    pub(in crate::sync::server) fn recorded_anew(&mut self, document: &DocumentId, hash: &ChangeHash) {
        if let Some(one) = self.kept_mut(document, hash).filter(|one| one.state == State::Leans) {
            one.state = State::Anew;
        }
        self.sweep(document);
    }

    /// Drops a change that is in the dossier after all, and what nothing leans on any more.
    pub(super) fn drop_kept(&mut self, document: &DocumentId, hash: &ChangeHash) {
        if let Some(kept) = self.kept.get_mut(document) {
            kept.retain(|one| one.hash() != *hash);
            self.sweep(document);
        }
    }

    fn sweep(&mut self, document: &DocumentId) {
        if let Some(kept) = self.kept.get_mut(document)
            && kept.iter().all(|one| one.state != State::Leans)
        {
            // A refused one stays: a device that has not heard of it may still bring what it wrote on top.
            kept.retain(|one| one.state == State::Refused);
            if kept.is_empty() {
                self.kept.remove(document);
            }
        }
    }

    /// What is kept of a document for being recorded anew, with what it leans on, in the order in which it came; nothing when
    /// nothing is.
    pub(super) fn unfounded_in(&self, document: &DocumentId) -> impl Iterator<Item = (&Item, Unfounded)> {
        let kept = self.kept(document);
        let open = kept.iter().any(|one| one.state == State::Leans);
        kept.iter()
            .filter(move |_| open)
            .map(|one| (&one.item, if one.state == State::Leans { Unfounded::Leans } else { Unfounded::Gone }))
    }

    /// The documents in which something is kept after a refusal.
    pub(super) fn kept_documents(&self) -> impl Iterator<Item = &DocumentId> {
        self.kept.keys()
    }

    /// Whether something in a document waits, or is to be recorded anew.
    pub(in crate::sync::server) fn holds_open(&self, document: &DocumentId) -> bool {
        !self.of(document).is_empty() || self.kept(document).iter().any(|one| one.state == State::Leans)
    }

    /// Whether a device has no room for one more change that leans on refused ones.
    pub(super) fn is_full_of_kept(&self, change: &SignedChange) -> bool {
        let own = |one: &&Kept| one.item.change.signer() == change.signer();
        let here = || self.kept(&change.document()).iter().filter(own);
        let bytes: usize = self.kept.values().flatten().filter(own).map(|one| one.item.change.bytes().len()).sum();
        let operations = here().map(|one| one.item.change.header().operations).fold(0, u64::saturating_add);
        bytes.saturating_add(change.bytes().len()) > MAX_WAITING_BYTES
            || here().count() >= MAX_WAITING_CHANGES
            || operations.saturating_add(change.header().operations) > MAX_WAITING_OPERATIONS
    }

    /// The changes that are kept of a document, for judging what follows them.
    pub(in crate::sync::server) fn kept_changes(&self, document: &DocumentId) -> impl Iterator<Item = &Candidate> {
        self.kept(document).iter().map(|one| &one.item.change)
    }
}

/// From where on the rows of actors have no ground.
#[derive(Default)]
struct Rows(HashMap<Vec<u8>, u64>);

impl Rows {
    fn begin(&mut self, change: &SignedChange) {
        let header = change.header();
        let first = self.0.entry(header.actor.clone()).or_insert(header.seq);
        *first = header.seq.min(*first);
    }

    fn follows(&self, change: &SignedChange) -> bool {
        let header = change.header();
        self.0.get(&header.actor).is_some_and(|first| header.seq > *first)
    }
}

impl Batch<'_> {
    /// A device says that one of its changes that leant on a refused one was recorded anew. It is believed about its own work,
    /// once what stands for it is here, of its own and in the same dossier. What comes from this exchange has numbers from `first`.
    pub(in crate::sync::server) fn take_recorded_anew(
        &mut self,
        by: DeviceId,
        one: &Replaced,
        first: u64,
    ) -> Result<(), RegionError> {
        let Replaced { document, old, new } = one;
        let quarantine = &self.state.quarantine;
        // A server that was put back does not know who was revoked since, and takes nobody's word for throwing something away.
        if self.state.held || !quarantine.leans(document, old) {
            return Ok(());
        }
        let waits = quarantine.open(document, new).filter(|item| item.change.signer() == by);
        let stands = if self.state.ledger.revoked.contains_key(&by) {
            // Whoever holds a lost device brings with it what a coordinator is to read in its place, or nothing changes.
            old != new && waits.is_some_and(|item| item.number >= first)
        } else {
            let admitted = self.state.ledger.documents.get(document).and_then(|facts| facts.change(new));
            // Named by its own name it has nothing left to say.
            old == new || waits.is_some() || admitted.is_some_and(|change| change.actor.starts_with(by.as_bytes().as_slice()))
        };
        let own = quarantine.kept(document).iter().find(|kept| kept.hash() == *old).map(|kept| kept.item.change.signer());
        if !stands || own != Some(by) {
            return Ok(());
        }
        let note = NotAdmitted {
            document: Some(*document),
            hashes: vec![*old],
            reason: Reason::MissingDependencies.code().to_owned(),
            at: self.moment.at,
            envelope: None,
            sender: Some(by),
            again: Some(true),
            text: None,
        };
        self.stage(Kind::Quarantined, self.key_of(*document), note.encode())?;
        Ok(())
    }
}
