//! Letting in what devices push: authority first, then the admission gate.

use super::batch::SoFar;
use super::*;
use crate::statement::Opening;

/// For how many dossiers of one exchange the keyring is replaced once more; an honest device has none or one.
const MOST_LATE_KEYS: usize = 8;

/// Where a pushed change goes by authority alone.
enum Place {
    Decided(Verdict),
    Waits(Why),
    Allowed,
}

/// What of a push is going to wait, for finding what leans on it.
#[derive(Default)]
struct Held<'a> {
    hashes: HashSet<ChangeHash>,
    actors: HashSet<&'a [u8]>,
}

impl<'a> Held<'a> {
    fn add(&mut self, change: &'a SignedChange) {
        self.hashes.insert(change.hash());
        self.actors.insert(&change.header().actor);
    }

    fn holds_up(&self, change: &SignedChange) -> bool {
        let header = change.header();
        self.actors.contains(header.actor.as_slice()) || header.deps.iter().any(|dep| self.hashes.contains(dep))
    }
}

impl Batch<'_> {
    /// The documents that begin with these statements: only what is going to be let in is worth a key, which stays. Each counts
    /// from here on, so that there never are more keys than a person may open dossiers.
    pub(super) fn documents_to_open(&self, statements: &[Vec<u8>], pending: &mut Pending) -> Vec<DocumentId> {
        let mut beginning = Vec::new();
        let mut counted: HashMap<&str, usize> = HashMap::new();
        let mut named = HashSet::new();
        for bytes in statements {
            let Some(signed) = SignedStatement::decode(bytes).ok().filter(SignedStatement::is_as_signed) else { continue };
            let Statement::Opening(opening) = signed.statement() else { continue };
            let proven = pending.stated.contains(&statement_hash(bytes));
            if pending.anew.is_outdated(&opening.document) && !proven {
                continue;
            }
            let Some(certificate) = self.state.ledger.certificates.get(&signed.signer()) else { continue };
            // One in the place of a dossier that is named here as well is judged when that one stands; what belongs to an
            // erased one is not let in.
            let erasures = &self.state.ledger.erasures;
            let later = opening.replaces.is_some_and(|old| named.contains(&old) || erasures.successor(&old).is_some());
            let marked = opening.trainee.is_some_and(|trainee| erasures.is_marked(&trainee));
            let first = named.insert(opening.document);
            let timeless = !proven && !signed.statement().is_of_a_day();
            if later || marked || !first || timeless || self.is_of_erased(signed.statement()) {
                continue;
            }
            let may = if proven { self.may_open_again(opening) } else { self.may_open(opening, &signed.signer(), certificate) };
            if may.is_err() || (self.state.held && !proven) || !pending.is_signed(&signed, &certificate.keys) {
                continue;
            }
            let of_person = counted.entry(certificate.person.as_str()).or_default();
            if proven || self.may_open_more(&certificate.person, *of_person) {
                *of_person += usize::from(!proven);
                beginning.push(opening.document);
            }
        }
        beginning
    }

    /// The number of a statement that is here already, in whichever envelope.
    pub(super) fn kept(&self, signed: &SignedStatement) -> Option<u64> {
        self.state.ledger.known_statement(signed).map(|(_, facts)| facts.number)
    }

    /// Counts one more statement of its kind about a document today; false when that is too many.
    fn count_today(&mut self, document: DocumentId, statement: &Statement, most: usize) -> bool {
        let day = self.moment.at.as_millis() / 86_400_000;
        if self.state.stated_today.0 != day {
            self.state.stated_today = (day, HashMap::new());
        }
        let stated = self.state.stated_today.1.entry((document, statement.kind())).or_default();
        let fits = *stated < most;
        *stated += usize::from(fits);
        fits
    }

    /// Whether a person may open one more dossier today, besides so many that are about to be let in.
    fn may_open_more(&self, person: &str, others: usize) -> bool {
        self.state.openings.of(person, self.moment.at).saturating_add(others) < MAX_OPENINGS_A_DAY
    }

    /// Why an opening, signed by this device, is not let in.
    fn may_open(&self, opening: &Opening, signer: &DeviceId, certificate: &Certificate) -> Result<(), Verdict> {
        if opening.person != certificate.person || certificate.role == Role::Administrator {
            return Err(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
        }
        self.is_free(opening)?;
        self.may_replace(opening, signer)
    }

    /// The same of one that a former life of this server let in.
    fn may_open_again(&self, opening: &Opening) -> Result<(), Verdict> {
        if self.state.ledger.replaces_in_a_ring(opening) {
            return Err(Verdict::Refused(Reason::NotAllowed.into()));
        }
        self.is_free(opening)
    }

    /// Whether no dossier stands where this one begins.
    fn is_free(&self, opening: &Opening) -> Result<(), Verdict> {
        let facts = self.state.ledger.documents.get(&opening.document);
        if Some(opening.document) == self.state.ledger.register() || facts.is_some_and(|facts| facts.opening.is_some()) {
            return Err(Verdict::Refused(Why::at(Step::Sequence, Reason::SequenceTaken)));
        }
        Ok(())
    }

    /// Whether the dossier of a statement is here; the register has no opening.
    fn is_begun(&self, document: &DocumentId) -> Result<(), Verdict> {
        let begun = self.state.ledger.documents.get(document).is_some_and(|facts| facts.opening.is_some());
        if begun || Some(*document) == self.state.ledger.register() {
            return Ok(());
        }
        Err(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)))
    }

    /// Whether there is a key for what begins; if not, one is made, a few times in an exchange.
    fn key_to_open(&mut self, document: DocumentId, pending: &mut Pending, rng: &mut dyn CryptoRng) -> Result<bool, RegionError> {
        if self.keyring.document_key(document).is_some() {
            return Ok(true);
        }
        if pending.late_keys >= MOST_LATE_KEYS {
            return Ok(false);
        }
        pending.late_keys += 1;
        self.writer.add_document_keys(self.keyring, &[document], rng)?;
        Ok(true)
    }

    pub(super) fn admit_statement(
        &mut self,
        bytes: &[u8],
        pending: &mut Pending,
        rng: &mut dyn CryptoRng,
    ) -> Result<Verdict, RegionError> {
        let Ok(signed) = SignedStatement::decode(bytes) else {
            return Ok(Verdict::Refused(Why::at(Step::Envelope, Reason::Malformed)));
        };
        if !signed.is_as_signed() {
            return Ok(Verdict::Refused(Why::at(Step::Envelope, Reason::Malformed)));
        }
        let hash = statement_hash(signed.bytes());
        if let Some(known) = self.state.ledger.statements.get(&hash) {
            pending.receipted.push((known.number, None, hash));
            pending.sent.insert(hash);
            return Ok(Verdict::Accepted { seq: known.number });
        }
        if self.is_of_erased(signed.statement()) {
            return Ok(Verdict::Refused(Reason::Erased.into()));
        }
        if self.is_own(&signed) {
            return Ok(match self.take_back(&signed, pending)? {
                Ok(seq) => {
                    pending.receipted.push((seq, None, hash));
                    pending.sent.insert(hash);
                    Verdict::Accepted { seq }
                }
                Err(verdict) => verdict,
            });
        }
        let Some(certificate) = self.state.ledger.certificates.get(&signed.signer()).cloned() else {
            return Ok(Verdict::Refused(Why::at(Step::Signer, Reason::UnknownSigner)));
        };
        if !pending.is_signed(&signed, &certificate.keys) {
            return Ok(Verdict::Refused(Why::at(Step::Signature, Reason::BadSignature)));
        }
        if let Some(seq) = self.kept(&signed) {
            pending.receipted.push((seq, None, hash));
            return Ok(Verdict::Accepted { seq });
        }
        // By its own signature this server took it in once, in a former life. Whether its signer might was asked then: they may
        // have been revoked since, or coordinate no more.
        let proven = pending.stated.contains(&hash);
        if !proven && !signed.statement().is_of_a_day() {
            return Ok(Verdict::Refused(Why::at(Step::Envelope, Reason::Malformed)));
        }
        if self.state.held && !proven {
            return Ok(Verdict::Deferred(Reason::Held.into()));
        }
        // What a revoked device says counts no more, but for the opening of a dossier: that holds nothing, and the work in
        // it can only wait for a coordinator when the dossier is known.
        let revoked = self.state.ledger.revoked.contains_key(&signed.signer());
        if revoked && !proven && !matches!(signed.statement(), Statement::Opening(_)) {
            return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::Revoked)));
        }
        let today = self.moment.today();
        let kind = match signed.statement() {
            Statement::Opening(opening) => {
                // Its re-founding comes with it and is refused: nothing is to be begun for that.
                if !proven && pending.anew.is_outdated(&opening.document) {
                    return Ok(Verdict::Refused(Why::at(Step::Dependencies, Reason::WithdrawAnew)));
                }
                let may =
                    if proven { self.may_open_again(opening) } else { self.may_open(opening, &signed.signer(), &certificate) };
                if let Err(verdict) = may {
                    return Ok(verdict);
                }
                let counted = pending.counted.remove(&opening.document) || proven;
                if !counted && !self.may_open_more(&certificate.person, pending.counted.len()) {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::Quota)));
                }
                if self.is_copy(opening) {
                    return Ok(Verdict::Refused(Reason::Erased.into()));
                }
                if !self.key_to_open(opening.document, pending, rng)? {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::Busy)));
                }
                Kind::Opening
            }
            Statement::Grant(_)
            | Statement::GrantEnd(_)
            | Statement::ErasureRequest(_)
            | Statement::Refounding(_)
            | Statement::Decision(_)
                if proven =>
            {
                // A re-founding is about the document in which the dossier goes on: the other may be gone.
                let about = match signed.statement() {
                    Statement::Refounding(refounding) => Some(refounding.new),
                    other => other.document(),
                };
                if let Err(verdict) = self.is_begun(&about.unwrap_or_default()) {
                    return Ok(verdict);
                }
                match signed.statement() {
                    Statement::Decision(_) => Kind::Decision,
                    Statement::Grant(_) | Statement::GrantEnd(_) => Kind::Grant,
                    _ => Kind::Erasing,
                }
            }
            Statement::Grant(grant) => {
                if self.state.ledger.documents.get(&grant.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)));
                }
                if grant.by != certificate.person || !self.state.coordinates(&certificate, &grant.document) {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
                }
                if self.state.ledger.documents.get(&grant.document).is_some_and(|facts| facts.grants.len() >= MAX_GRANTS) {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::AccessFull)));
                }
                Kind::Grant
            }
            Statement::GrantEnd(end) => {
                if self.state.ledger.documents.get(&end.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                if end.by != certificate.person || !self.state.coordinates(&certificate, &end.document) {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
                }
                if self.state.ledger.documents.get(&end.document).is_some_and(|facts| facts.grant_ends.len() >= MAX_GRANTS) {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::AccessFull)));
                }
                Kind::Grant
            }
            Statement::ErasureRequest(request) => {
                if self.state.ledger.documents.get(&request.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                if request.by != certificate.person || !self.state.coordinates(&certificate, &request.document) {
                    return Ok(Verdict::Refused(Reason::NotAllowed.into()));
                }
                if !self.count_today(request.document, signed.statement(), MAX_ERASURE_REQUESTS_A_DAY) {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::Quota)));
                }
                Kind::Erasing
            }
            Statement::ErasureReceipt(receipt) => {
                if !self.state.ledger.is_erased(&receipt.document) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                // One of each device: whatever it says of when, it says nothing new.
                if let Some(number) = self.state.receipts.get(&(receipt.document, signed.signer())).copied() {
                    pending.receipted.push((number, None, hash));
                    return Ok(Verdict::Accepted { seq: number });
                }
                Kind::Erasing
            }
            Statement::Refounding(refounding) => {
                if let Err(verdict) = self.may_refound(refounding, &signed, &certificate, pending)? {
                    return Ok(verdict);
                }
                Kind::Erasing
            }
            Statement::Decision(decision) => {
                if let Some(reason) = self.check_decision(decision, &certificate) {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, reason)));
                }
                if !self.count_today(decision.document, signed.statement(), MAX_DECISIONS_A_DAY) {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::Quota)));
                }
                Kind::Decision
            }
            // Only this server certifies, revokes, erases and closes, and it knows its own statements.
            Statement::Certificate(_)
            | Statement::Revocation(_)
            | Statement::Erasure(_)
            | Statement::Wiped(_)
            | Statement::Closing(_)
            | Statement::Newer(_) => {
                return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
            }
        };
        let key = signed.statement().document().map_or(self.keyring.store_key_id(), |document| self.key_of(document));
        let seq = self.stage(kind, key, signed.bytes().to_vec())?;
        match signed.statement() {
            Statement::Opening(opening) => {
                if proven {
                    self.state.openings.take_back(&opening.person);
                }
                self.open_for(opening.document, &opening.person)?;
            }
            Statement::Grant(grant) if self.state.ledger.holds_grant(&grant.document, &grant.person, today) => {
                self.open_for(grant.document, &grant.person)?;
                pending.releases.insert(grant.document);
            }
            // A grant for days that are past may still let in what was made on them.
            Statement::Grant(grant) => {
                pending.releases.insert(grant.document);
            }
            Statement::GrantEnd(end) if !self.state.ledger.holds_grant(&end.document, &end.person, today) => {
                self.close_for(end.document, &end.person)?;
            }
            Statement::Decision(decision) => {
                pending.releases.insert(decision.document);
            }
            _ => {}
        }
        pending.receipted.push((seq, None, hash));
        pending.sent.insert(hash);
        Ok(Verdict::Accepted { seq })
    }

    pub(super) fn admit_changes(
        &mut self,
        caller: DeviceId,
        document: DocumentId,
        group: &[(usize, &Candidate)],
        pending: &mut Pending,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<(usize, Verdict)>, RegionError> {
        if self.state.ledger.is_erased(&document) {
            return Ok(group.iter().map(|(index, _)| (*index, Verdict::Refused(Reason::Erased.into()))).collect());
        }
        // What waited when the backup was made, and was let in after that by this server's own signature, waits no more.
        if self.state.quarantine.let_in(&document, &pending.proven) {
            self.release(document)?;
        }
        let mut verdicts = Vec::new();
        let (mut allowed, mut waiting) = (Vec::new(), Vec::new());
        let mut held = Held::default();
        // The gate looks twice at most, however they are mixed: what is decided needs it no more, and each look takes the
        // whole document, while everybody waits for the writer.
        for (index, change) in group {
            match self.standing(document, change, pending) {
                Place::Decided(verdict) => verdicts.push((*index, verdict)),
                Place::Allowed if !held.holds_up(change) => allowed.push((*index, *change)),
                Place::Allowed | Place::Waits(_) => {
                    held.add(change);
                    waiting.push((*index, *change));
                }
            }
        }
        verdicts.extend(self.admit_allowed(caller, document, &allowed, pending, rng)?);
        // These may lean on what has just come in; nothing that came in leans on them.
        verdicts.extend(self.admit_waiting(caller, document, &waiting, pending)?);
        Ok(verdicts)
    }

    /// Where a change goes by authority alone.
    fn standing(&self, document: DocumentId, change: &SignedChange, pending: &mut Pending) -> Place {
        let hash = change.hash();
        if let Some(known) = self.state.ledger.documents.get(&document).and_then(|facts| facts.change(&hash)) {
            pending.sent.insert(hash);
            pending.receipted.push((known.number, Some(document), hash));
            return Place::Decided(Verdict::Accepted { seq: known.number });
        }
        if let Some(verdict) = self.state.quarantine.verdict(&hash) {
            return Place::Decided(verdict);
        }
        let decided = self.is_decided(change, pending);
        if self.state.held && !decided {
            return Place::Decided(Verdict::Deferred(Reason::Held.into()));
        }
        if self.awaits_founding(document, change, &pending.anew) {
            return Place::Decided(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)));
        }
        let authority = match self.authority(change, self.moment.today()) {
            Err(Verdict::Quarantined(_)) if decided => Ok(()),
            authority => authority,
        };
        match authority {
            // What was refused under it is never here: it waits to be recorded anew, readable.
            Ok(()) | Err(Verdict::Quarantined(_)) if self.state.quarantine.unfounded(change).is_some() => {
                Place::Waits(Why::at(Step::Waiting, Reason::MissingDependencies))
            }
            // What leans on something that waits, waits with it.
            Ok(()) if self.state.quarantine.holds_up(change) => Place::Waits(Why::at(Step::Waiting, Reason::MissingDependencies)),
            Ok(()) => Place::Allowed,
            Err(Verdict::Quarantined(why)) => Place::Waits(why),
            Err(verdict) => Place::Decided(verdict),
        }
    }

    /// Whether it was decided before that a change may come in: this server admitted it in a former life, by its own signature,
    /// or a coordinator's decision of that life has come back before it.
    fn is_decided(&self, change: &SignedChange, pending: &Pending) -> bool {
        pending.proven.contains(&(change.document(), change.hash())) || self.state.quarantine.is_accepted(&change.hash())
    }

    /// Valid ones wait for a coordinator; what never can come in is refused at once.
    fn admit_waiting(
        &mut self,
        caller: DeviceId,
        document: DocumentId,
        run: &[(usize, &Candidate)],
        pending: &mut Pending,
    ) -> Result<Vec<(usize, Verdict)>, RegionError> {
        if run.is_empty() {
            return Ok(Vec::new());
        }
        let changes: Vec<&Candidate> = run.iter().map(|(_, change)| *change).collect();
        let judgements = self.judge_waiting(document, &changes)?;
        let mut verdicts = Vec::new();
        for ((index, change), judgement) in run.iter().zip(judgements) {
            let verdict = match (judgement, self.standing(document, change, pending)) {
                (_, Place::Decided(verdict)) => verdict,
                (Judgement::Refused(why), _) => Verdict::Refused(why),
                (Judgement::Deferred(why), _) => Verdict::Deferred(why),
                (_, Place::Waits(why)) => self.wait(caller, change, why)?,
                (_, Place::Allowed) => Verdict::Deferred(Reason::Busy.into()),
            };
            verdicts.push((*index, verdict));
        }
        Ok(verdicts)
    }

    /// Those that may come in pass the gate, and do.
    fn admit_allowed(
        &mut self,
        caller: DeviceId,
        document: DocumentId,
        allowed: &[(usize, &Candidate)],
        pending: &mut Pending,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<(usize, Verdict)>, RegionError> {
        let mut verdicts = Vec::new();
        let mut operations = self.state.ledger.documents.get(&document).map_or(0, |facts| facts.operations);
        let mut fitting: Vec<(usize, &Candidate)> = Vec::new();
        for (index, change) in allowed {
            let more = operations.saturating_add(change.header().operations);
            if more <= MAX_DOCUMENT_OPERATIONS {
                operations = more;
                fitting.push((*index, change));
            } else {
                verdicts.push((*index, Verdict::Deferred(Why::at(Step::Quota, Reason::DossierFull))));
            }
        }
        let allowed = fitting;
        if allowed.is_empty() {
            return Ok(verdicts);
        }
        if self.keyring.document_key(document).is_none() {
            self.writer.add_document_keys(self.keyring, &[document], rng)?;
        }
        let State { ledger, documents, gate_passes, .. } = &mut *self.state;
        let so_far = SoFar { writer: &self.writer, records: &self.records, first: self.first };
        let standing = load(ledger, &so_far, self.keyring, self.cache, documents, document)?;
        *gate_passes += 1;
        let batch: Vec<&Candidate> = allowed.iter().map(|(_, change)| *change).collect();
        let certificates = &ledger.certificates;
        let (judgements, after) = admission::judge(ledger.documents.get(&document), &standing, &batch, &|device| {
            certificates.get(device).map(|certificate| certificate.keys)
        })?;
        let mut clean = true;
        for ((index, change), judgement) in allowed.iter().zip(judgements) {
            let verdict = match judgement {
                // It stands twice in this push: what became of the first holds for it too.
                Judgement::Known => match self.standing(document, change, pending) {
                    Place::Decided(verdict) => verdict,
                    Place::Waits(_) | Place::Allowed => Verdict::Deferred(Reason::Busy.into()),
                },
                Judgement::Deferred(why) => Verdict::Deferred(why),
                Judgement::Refused(why) => Verdict::Refused(why),
                Judgement::Valid if self.state.quarantine.holds_up(change) => {
                    clean = false;
                    self.wait(caller, change, Why::at(Step::Waiting, Reason::MissingDependencies))?
                }
                Judgement::Valid if holds_bsn(change) && !self.is_decided(change, pending) => {
                    clean = false;
                    self.wait(caller, change, Why::at(Step::Text, Reason::BsnInText))?
                }
                Judgement::Valid => {
                    let seq = self.stage(Kind::Change, self.key_of(document), change.bytes().to_vec())?;
                    pending.receipted.push((seq, Some(document), change.hash()));
                    pending.sent.insert(change.hash());
                    Verdict::Accepted { seq }
                }
            };
            verdicts.push((*index, verdict));
        }
        if clean && let Some(facts) = self.state.ledger.documents.get(&document) {
            self.state.documents.put(document, after, facts.tag());
        }
        Ok(verdicts)
    }
}

/// Whether a text in the change holds digits that pass for a BSN, and its author does not declare that they are none (V17).
pub(super) fn holds_bsn(change: &SignedChange) -> bool {
    let (texts, declared) = crate::document::texts_in(change.chunk());
    !declared && texts.iter().any(|text| !text_check::bsn_positions(text).is_empty())
}
