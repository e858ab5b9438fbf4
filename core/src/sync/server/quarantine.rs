//! Honest work that came without a right: it waits, what leans on it waits with it, and all of it is let in together.
//!
//! What waits has passed the gate already: it is valid, and only its authority is in doubt. A coordinator of the
//! organisation decides with a signed statement; a grant that comes later decides as well.

use super::admitting::holds_bsn;
use super::batch::SoFar;
use super::*;
use crate::wire::{MAX_WAITING_PAGE, Unfounded, WaitingChange};

mod leaning;

use leaning::Kept;

/// What waits, and what was decided about what waited; folded from the journal.
#[derive(Default)]
pub(super) struct Quarantine {
    /// In the order in which they came.
    by_document: HashMap<DocumentId, Vec<Item>>,
    reasons: HashMap<ChangeHash, Reason>,
    /// How many changes of an actor wait in a document.
    actors: HashMap<(DocumentId, Vec<u8>), usize>,
    /// How many bytes of a device wait.
    bytes: HashMap<DeviceId, usize>,
    /// How much of a device waits in a document.
    load: HashMap<(DocumentId, DeviceId), Load>,
    /// Accepted, by document, and let in as soon as what they lean on is. Of a former life also what has not come back yet.
    accepted: HashMap<ChangeHash, DocumentId>,
    refused: HashMap<ChangeHash, Refusal>,
    /// What was refused and what leant on it, by document, in the order in which it came.
    kept: HashMap<DocumentId, Vec<Kept>>,
}

/// How much waits in one document.
#[derive(Default, Clone, Copy)]
struct Load {
    changes: usize,
    operations: u64,
}

/// A change that waits.
pub(super) struct Item {
    /// Number of its record.
    pub(super) number: u64,
    /// Kept as it was examined: the gate looks at it again with everything that comes to wait behind it.
    pub(super) change: Candidate,
    pub(super) reason: Reason,
    pub(super) arrived: Timestamp,
    pub(super) sender: Option<DeviceId>,
}

/// A change that was refused after it had waited.
struct Refusal {
    document: DocumentId,
    /// The statement that says so.
    decision: ChangeHash,
    /// It was not looked at itself, but leant on one that was refused.
    leaning: bool,
    /// Who made it, and who brought it. Unknown when it waited in a former life only: then whoever can name it is told.
    concerns: Option<Vec<DeviceId>>,
    reason: Option<String>,
}

impl Quarantine {
    pub(super) fn add(&mut self, number: u64, change: SignedChange, note: &NotAdmitted) {
        let reason = Reason::from_code(&note.reason).unwrap_or(Reason::Other);
        if !self.reasons.contains_key(&change.hash())
            && let Some(decision) = self.unfounded(&change)
        {
            // It came after the refusal of what it builds on.
            let concerns = Some(std::iter::once(change.signer()).chain(note.sender).collect());
            let document = change.document();
            self.refused.insert(change.hash(), Refusal { document, decision, leaning: true, concerns, reason: None });
            self.keep(Item { number, change: change.into(), reason, arrived: note.at, sender: note.sender }, true);
            return;
        }
        let items = self.by_document.entry(change.document()).or_default();
        if self.reasons.insert(change.hash(), reason).is_some() {
            // It still waits, for another reason; or the record is read again.
            items.iter_mut().filter(|item| item.change.hash() == change.hash()).for_each(|item| item.reason = reason);
            return;
        }
        *self.actors.entry((change.document(), change.header().actor.clone())).or_default() += 1;
        *self.bytes.entry(change.signer()).or_default() += change.bytes().len();
        let load = self.load.entry((change.document(), change.signer())).or_default();
        load.changes += 1;
        load.operations = load.operations.saturating_add(change.header().operations);
        items.push(Item { number, change: change.into(), reason, arrived: note.at, sender: note.sender });
    }

    /// A change that was admitted waits no more.
    pub(super) fn admitted(&mut self, change: &SignedChange) {
        self.remove(&change.document(), &change.hash());
        self.accepted.remove(&change.hash());
        self.drop_kept(&change.document(), &change.hash());
    }

    /// A coordinator decided. What does not wait was decided about in a former life of this server, and counts when it comes;
    /// `admitted` says what is in the dossier.
    pub(super) fn decided(&mut self, decision: &Decision, statement: ChangeHash, admitted: &dyn Fn(&ChangeHash) -> bool) {
        if decision.accepted {
            let open = decision.changes.iter().filter(|hash| !admitted(hash));
            self.accepted.extend(open.map(|hash| (*hash, decision.document)));
            return;
        }
        // Also what came in between, which whoever decided had not seen.
        let following = self.following(&decision.document, decision.changes.iter().chain(&decision.leaning));
        let named = decision.changes.iter().map(|hash| (*hash, false));
        let leaning = decision.leaning.iter().copied().chain(following).map(|hash| (hash, true));
        for (hash, leaning) in named.chain(leaning) {
            let item = self.remove(&decision.document, &hash);
            let again = !leaning && self.refuse_kept(&decision.document, &hash);
            if item.is_none() && !again && (admitted(&hash) || self.refused.contains_key(&hash)) {
                continue;
            }
            self.accepted.remove(&hash);
            let concerned = |item: &Item| std::iter::once(item.change.signer()).chain(item.sender).collect();
            let before = self.refused.remove(&hash).and_then(|refusal| refusal.concerns);
            let concerns = item.as_ref().map(concerned).or(before);
            let reason = decision.reason.clone();
            self.refused.insert(hash, Refusal { document: decision.document, decision: statement, leaning, concerns, reason });
            if let Some(item) = item {
                self.keep(item, leaning);
            }
        }
    }

    fn remove(&mut self, document: &DocumentId, hash: &ChangeHash) -> Option<Item> {
        self.reasons.remove(hash)?;
        let items = self.by_document.get_mut(document)?;
        let item = items.remove(items.iter().position(|item| item.change.hash() == *hash)?);
        if items.is_empty() {
            self.by_document.remove(document);
        }
        if let Some(bytes) = self.bytes.get_mut(&item.change.signer()) {
            *bytes = bytes.saturating_sub(item.change.bytes().len());
        }
        let whose = (*document, item.change.signer());
        if let Some(load) = self.load.get_mut(&whose) {
            load.changes = load.changes.saturating_sub(1);
            load.operations = load.operations.saturating_sub(item.change.header().operations);
            if load.changes == 0 {
                self.load.remove(&whose);
            }
        }
        let actor = (*document, item.change.header().actor.clone());
        if let Some(waiting) = self.actors.get_mut(&actor) {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                self.actors.remove(&actor);
            }
        }
        Some(item)
    }

    /// Forgets everything about a document: it was erased.
    pub(super) fn forget(&mut self, document: &DocumentId) {
        let hashes: Vec<ChangeHash> = self.of(document).iter().map(|item| item.change.hash()).collect();
        for hash in hashes {
            self.remove(document, &hash);
        }
        self.accepted.retain(|_, of| of != document);
        self.refused.retain(|_, refusal| refusal.document != *document);
        self.kept.remove(document);
    }

    /// The documents in which something waits that a device made or brought, or was refused: it keeps its text to be read.
    /// Of what waited in a former life only it is not known whose it was: it may be of every device from before this one.
    pub(super) fn documents_of<'a>(&'a self, device: &'a DeviceId, older: bool) -> impl Iterator<Item = DocumentId> + 'a {
        let concerned = move |item: &Item| item.change.signer() == *device || item.sender == Some(*device);
        let waits = self.by_document.iter().filter(move |(_, items)| items.iter().any(concerned)).map(|(document, _)| *document);
        let refused =
            self.refused.values().filter(move |refusal| refusal.concerns.as_ref().map_or(older, |all| all.contains(device)));
        waits.chain(refused.map(|refusal| refusal.document))
    }

    /// Whether a device has no room for one more change that waits: in all, or in its document.
    fn is_full_for(&self, change: &SignedChange) -> bool {
        let load = self.load.get(&(change.document(), change.signer())).copied().unwrap_or_default();
        self.bytes_of(&change.signer()).saturating_add(change.bytes().len()) > MAX_WAITING_BYTES
            || load.changes >= MAX_WAITING_CHANGES
            || load.operations.saturating_add(change.header().operations) > MAX_WAITING_OPERATIONS
    }

    /// Checks the signatures and encodings of what waits in a document, each once.
    fn examine(&mut self, document: &DocumentId, keys: &dyn Fn(&DeviceId) -> Option<PublicKeys>) {
        for item in self.by_document.get_mut(document).into_iter().flatten() {
            if let Some(signer) = keys(&item.change.signer()) {
                // What came of it is kept with the change, and is what the gate says of it.
                let _ = item.change.examine(&signer, None);
            }
        }
    }

    /// Whether a coordinator let a change in that waits, or has not come back yet.
    pub(super) fn is_accepted(&self, hash: &ChangeHash) -> bool {
        self.accepted.contains_key(hash)
    }

    /// Counts what waits as accepted where this server admitted it in a former life; whether something does.
    pub(super) fn let_in(&mut self, document: &DocumentId, proven: &HashSet<(DocumentId, ChangeHash)>) -> bool {
        let waits = self.of(document).iter().map(|item| item.change.hash());
        let proven: Vec<ChangeHash> = waits.filter(|hash| proven.contains(&(*document, *hash))).collect();
        self.accepted.extend(proven.iter().map(|hash| (*hash, *document)));
        !proven.is_empty()
    }

    /// How many bytes of a device wait.
    fn bytes_of(&self, device: &DeviceId) -> usize {
        self.bytes.get(device).copied().unwrap_or_default()
    }

    /// What waits in a document, in the order in which it came.
    pub(super) fn of(&self, document: &DocumentId) -> &[Item] {
        self.by_document.get(document).map(Vec::as_slice).unwrap_or_default()
    }

    /// The verdict on a change that came before: it waits, or was refused.
    pub(super) fn verdict(&self, hash: &ChangeHash) -> Option<Verdict> {
        if let Some(reason) = self.reasons.get(hash) {
            return Some(Verdict::Quarantined(Why::at(Step::Waiting, *reason)));
        }
        self.refused.get(hash).map(|refusal| match refusal.leaning {
            // It is kept here until its author's device has recorded it anew.
            true if self.leans(&refusal.document, hash) => {
                Verdict::Quarantined(Why::at(Step::Waiting, Reason::MissingDependencies))
            }
            // Its author performs it again once the one that it leans on is gone.
            true => Verdict::Deferred(Why::at(Step::Waiting, Reason::MissingDependencies)),
            false => Verdict::Refused(Why { text: refusal.reason.clone(), ..Why::at(Step::Waiting, Reason::NotTaken) }),
        })
    }

    /// Whether a change follows one that waits: as a dependency, or as a later one of the same actor.
    pub(super) fn holds_up(&self, change: &SignedChange) -> bool {
        let waits = |hash: &ChangeHash| self.reasons.contains_key(hash);
        change.header().deps.iter().any(waits) || self.actors.contains_key(&(change.document(), change.header().actor.clone()))
    }
}

impl State {
    /// How many changes wait for a coordinator, and the number of the newest.
    pub(super) fn to_decide(&self, certificate: &Certificate) -> Option<(u32, u64)> {
        let mine = self.quarantine.by_document.iter().filter(|(document, _)| self.decides(certificate, document));
        let waits = mine.flat_map(|(_, items)| items).map(|item| item.number);
        // A revoked device records nothing anew: what leant on refused work is a person's to look at.
        let kept = self.quarantine.kept_documents().filter(|document| self.decides(certificate, document));
        let leans = kept.flat_map(|document| self.quarantine.unfounded_in(document)).filter_map(|(item, state)| {
            let revoked = self.ledger.revocations.get(&item.change.signer()).filter(|_| state == Unfounded::Leans)?;
            Some(item.number.max(revoked.number))
        });
        let (count, newest) =
            waits.chain(leans).fold((0_u32, 0), |(count, newest), number| (count.saturating_add(1), number.max(newest)));
        (count > 0).then_some((count, newest))
    }

    /// What became of changes that a device says wait: admitted ones with their numbers, and statements that refuse.
    pub(super) fn outcome_of(&self, caller: &DeviceId, waiting: &[Hashes]) -> (Vec<ReceiptLine>, Vec<ChangeHash>) {
        let Some(mine) = self.live(caller).map(|certificate| certificate.person.as_str()) else { return Default::default() };
        let concerns = |device: &DeviceId| {
            device == caller || self.ledger.certificates.get(device).is_some_and(|certificate| certificate.person == mine)
        };
        let (mut admitted, mut decisions) = (Vec::new(), Vec::new());
        'waiting: for Hashes { document, hashes } in waiting {
            let facts = self.ledger.documents.get(document);
            for hash in hashes {
                if admitted.len() + decisions.len() >= MAX_OUTCOMES {
                    break 'waiting;
                }
                if let Some(change) = facts.and_then(|facts| facts.change(hash)) {
                    admitted.push(ReceiptLine { seq: change.number, document: *document, hash: *hash });
                } else if let Some(refusal) = self.quarantine.refused.get(hash)
                    && refusal.concerns.as_ref().is_none_or(|devices| devices.iter().any(concerns))
                    && !decisions.contains(&refusal.decision)
                {
                    decisions.push(refusal.decision);
                }
            }
        }
        (admitted, decisions)
    }
}

impl Batch<'_> {
    /// Whether a change may come in now: by the rights of today, or because it was made in time.
    pub(super) fn authority(&self, change: &SignedChange, arrived: Day) -> Result<(), Verdict> {
        match self.state.may_write(&change.signer(), &change.document(), self.moment.today()) {
            Err(Verdict::Quarantined(why))
                if why.reason == Reason::NoGrant && self.state.made_in_time(change, self.moment, arrived, self.grace_days) =>
            {
                Ok(())
            }
            standing => standing,
        }
    }

    /// The gate's word on changes that would wait: they may lean on others that do.
    pub(super) fn judge_waiting(&mut self, document: DocumentId, changes: &[&Candidate]) -> Result<Vec<Judgement>, RegionError> {
        let State { ledger, documents, quarantine, gate_passes, .. } = &mut *self.state;
        let so_far = SoFar { writer: &self.writer, records: &self.records, first: self.first };
        let standing = load(ledger, &so_far, self.keyring, self.cache, documents, document)?;
        let keys = |device: &DeviceId| ledger.certificates.get(device).map(|certificate| certificate.keys);
        quarantine.examine(&document, &keys);
        *gate_passes += 1;
        let waiting = quarantine.of(&document).iter().map(|item| &item.change);
        // What was refused is looked at for the sake of what follows it, and for nothing else.
        let unfounded = changes.iter().any(|change| quarantine.unfounded(change).is_some());
        let kept = quarantine.kept_changes(&document).filter(|_| unfounded);
        let batch: Vec<&Candidate> = kept.chain(waiting).chain(changes.iter().copied()).collect();
        let (mut judgements, _) = admission::judge(ledger.documents.get(&document), &standing, &batch, &keys)?;
        Ok(judgements.split_off(batch.len() - changes.len()))
    }

    /// Lets in what a decision or a grant allows by now, in the order in which it came; what leant on it comes with it.
    pub(super) fn release(&mut self, document: DocumentId) -> Result<(), RegionError> {
        let eligible = |item: &&Item| {
            let hash = item.change.hash();
            // What only leant on something had the right to come in when it came.
            let allowed = item.reason == Reason::MissingDependencies
                || self.authority(&item.change, self.moment.day_of(item.arrived)).is_ok();
            self.state.quarantine.is_accepted(&hash) || (allowed && !holds_bsn(&item.change))
        };
        let eligible: HashSet<ChangeHash> =
            self.state.quarantine.of(&document).iter().filter(eligible).map(|item| item.change.hash()).collect();
        if eligible.is_empty() {
            return Ok(());
        }
        let State { ledger, documents, quarantine, gate_passes, .. } = &mut *self.state;
        let so_far = SoFar { writer: &self.writer, records: &self.records, first: self.first };
        let standing = load(ledger, &so_far, self.keyring, self.cache, documents, document)?;
        let keys = |device: &DeviceId| ledger.certificates.get(device).map(|certificate| certificate.keys);
        quarantine.examine(&document, &keys);
        *gate_passes += 1;
        let waiting = quarantine.of(&document).iter().map(|item| &item.change);
        let batch: Vec<&Candidate> = waiting.filter(|change| eligible.contains(&change.hash())).collect();
        let (judgements, _) = admission::judge(ledger.documents.get(&document), &standing, &batch, &keys)?;
        let valid = batch.iter().zip(judgements).filter(|(_, judgement)| *judgement == Judgement::Valid);
        let valid: Vec<Vec<u8>> = valid.map(|(change, _)| change.bytes().to_vec()).collect();
        for bytes in valid {
            self.stage(Kind::Change, self.key_of(document), bytes)?;
        }
        self.name_own_reasons(document)
    }

    /// What leant on others and no longer does, but may not come in for a reason of its own, waits for that from now on.
    fn name_own_reasons(&mut self, document: DocumentId) -> Result<(), RegionError> {
        let has = |hash: &ChangeHash| self.state.ledger.documents.get(&document).is_some_and(|facts| facts.has(hash));
        let items = self.state.quarantine.of(&document).iter();
        let free: Vec<(Candidate, Option<DeviceId>)> = items
            .filter(|item| item.reason == Reason::MissingDependencies && item.change.header().deps.iter().all(has))
            .filter(|item| holds_bsn(&item.change))
            .map(|item| (item.change.clone(), item.sender))
            .collect();
        for (change, sender) in free {
            self.quarantine(sender, &change, Reason::BsnInText)?;
        }
        Ok(())
    }

    /// Keeps a change apart for a coordinator, if its maker has room for more.
    pub(super) fn wait(&mut self, sender: DeviceId, change: &SignedChange, why: Why) -> Result<Verdict, RegionError> {
        let quarantine = &self.state.quarantine;
        let full = match quarantine.unfounded(change) {
            Some(_) => quarantine.is_full_of_kept(change),
            None => quarantine.is_full_for(change),
        };
        if full {
            return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::QuarantineFull)));
        }
        self.quarantine(Some(sender), change, why.reason)?;
        Ok(Verdict::Quarantined(why))
    }

    pub(super) fn quarantine(
        &mut self,
        sender: Option<DeviceId>,
        change: &SignedChange,
        reason: Reason,
    ) -> Result<(), RegionError> {
        let note = NotAdmitted {
            document: Some(change.document()),
            hashes: vec![change.hash()],
            reason: reason.code().to_owned(),
            at: self.moment.at,
            envelope: Some(change.bytes().to_vec().into()),
            sender,
            again: None,
            text: None,
        };
        self.stage(Kind::Quarantined, self.key_of(change.document()), note.encode())?;
        Ok(())
    }

    /// Why a decision is not taken; nothing when it is. Everything it names must wait.
    pub(super) fn check_decision(&self, decision: &Decision, certificate: &Certificate) -> Option<Reason> {
        if decision.by != certificate.person || !self.state.decides(certificate, &decision.document) {
            return Some(Reason::NotAllowed);
        }
        let items = self.state.quarantine.of(&decision.document);
        let waits = |hash: &ChangeHash| items.iter().any(|item| item.change.hash() == *hash);
        let refused = |hash: &ChangeHash| self.state.quarantine.refused.contains_key(hash);
        let mut named = decision.changes.iter().chain(&decision.leaning);
        // A long tail of leaning changes takes several decisions, each about the same first one.
        let leans = |hash: &ChangeHash| !decision.accepted && self.state.quarantine.leans(&decision.document, hash);
        let open = named.clone().any(waits) || decision.changes.iter().any(leans);
        (!open || named.any(|hash| !waits(hash) && (decision.accepted || !refused(hash)))).then_some(Reason::Decided)
    }

    /// What waits in the organisation of a coordinator, after a number.
    pub(super) fn quarantined_after(&self, by: DeviceId, after: u64) -> Result<QuarantineList, RegionError> {
        let certificate = self.state.live(&by).ok_or(RegionError::NotWelcome)?;
        if certificate.role != Role::Coordinator {
            return Err(RegionError::NotAllowed);
        }
        let quarantine = &self.state.quarantine;
        let decides = |document: &DocumentId| self.state.decides(certificate, document);
        let waits = quarantine.by_document.iter().filter(|(document, _)| decides(document)).flat_map(|(_, items)| items);
        let kept = quarantine.kept_documents().filter(|document| decides(document));
        let kept = kept.flat_map(|document| quarantine.unfounded_in(document)).map(|(item, state)| (item, Some(state)));
        let mut items: Vec<(&Item, Option<Unfounded>)> = waits.map(|item| (item, None)).chain(kept).collect();
        items.retain(|(item, _)| item.number > after);
        items.sort_unstable_by_key(|(item, _)| item.number);
        let mut list = QuarantineList::default();
        let mut left = MAX_WAITING_PAGE;
        for (item, unfounded) in items {
            let weight = item.change.bytes().len() + 64;
            if weight > left && !list.changes.is_empty() {
                list.more = true;
                break;
            }
            left = left.saturating_sub(weight);
            list.changes.push(WaitingChange {
                number: item.number,
                envelope: item.change.bytes().to_vec(),
                reason: item.reason.code().to_owned(),
                arrived: item.arrived,
                sender: item.sender,
                unfounded,
            });
        }
        Ok(list)
    }
}
