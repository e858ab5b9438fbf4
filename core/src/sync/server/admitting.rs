//! Letting in what devices push: authority first, then the admission gate.

use super::batch::SoFar;
use super::*;

/// Where a pushed change goes by authority alone.
enum Place {
    Decided(Verdict),
    Waits(Why),
    Allowed,
}

impl Batch<'_> {
    /// The document that these bytes open, when somebody certified signed them.
    pub(super) fn document_to_open(&self, bytes: &[u8]) -> Option<DocumentId> {
        let signed = SignedStatement::decode(bytes).ok()?;
        let certificate = self.state.ledger.certificates.get(&signed.signer())?;
        match signed.statement() {
            Statement::Opening(opening) if signed.verify(&certificate.keys).is_ok() => Some(opening.document),
            _ => None,
        }
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
            return Ok(match self.take_back(&signed)? {
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
        if signed.verify(&certificate.keys).is_err() {
            return Ok(Verdict::Refused(Why::at(Step::Signature, Reason::BadSignature)));
        }
        // What a revoked device says counts no more, but for the opening of a dossier: that holds nothing, and the work in
        // it can only wait for a coordinator when the dossier is known.
        if self.state.ledger.revoked.contains_key(&signed.signer()) && !matches!(signed.statement(), Statement::Opening(_)) {
            return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::Revoked)));
        }
        let today = self.moment.today();
        let kind = match signed.statement() {
            Statement::Opening(opening) => {
                if opening.person != certificate.person || certificate.role == Role::Administrator {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
                }
                let facts = self.state.ledger.documents.get(&opening.document);
                if Some(opening.document) == self.state.ledger.register() || facts.is_some_and(|facts| facts.opening.is_some()) {
                    return Ok(Verdict::Refused(Why::at(Step::Sequence, Reason::SequenceTaken)));
                }
                if let Err(verdict) = self.may_replace(opening, &signed.signer()) {
                    return Ok(verdict);
                }
                let day = self.moment.at.as_millis() / 86_400_000;
                let opened = self.state.openings_today.entry((certificate.person.clone(), day)).or_default();
                if *opened >= MAX_OPENINGS_A_DAY {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::Quota)));
                }
                *opened += 1;
                if self.erase_copy(opening, &signed.signer())? {
                    return Ok(Verdict::Refused(Reason::Erased.into()));
                }
                self.writer.add_document_keys(self.keyring, &[opening.document], rng)?;
                Kind::Opening
            }
            Statement::Grant(grant) => {
                if self.state.ledger.documents.get(&grant.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)));
                }
                if grant.by != certificate.person || !self.state.coordinates(&certificate, &grant.document) {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
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
                Kind::Grant
            }
            Statement::ErasureRequest(request) => {
                if self.state.ledger.documents.get(&request.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                if request.by != certificate.person || !self.state.coordinates(&certificate, &request.document) {
                    return Ok(Verdict::Refused(Reason::NotAllowed.into()));
                }
                Kind::Erasing
            }
            Statement::ErasureReceipt(receipt) => {
                if !self.state.ledger.is_erased(&receipt.document) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                Kind::Erasing
            }
            Statement::Refounding(refounding) => {
                if let Err(verdict) = self.may_refound(refounding, &signed.signer(), &certificate)? {
                    return Ok(verdict);
                }
                Kind::Erasing
            }
            Statement::Decision(decision) => {
                if let Some(reason) = self.check_decision(decision, &certificate) {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, reason)));
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
            Statement::Opening(opening) => self.open_for(opening.document, &opening.person)?,
            Statement::Grant(grant) if self.state.ledger.holds_grant(&grant.document, &grant.person, today) => {
                self.open_for(grant.document, &grant.person)?;
                self.release(grant.document)?;
            }
            // A grant for days that are past may still let in what was made on them.
            Statement::Grant(grant) => self.release(grant.document)?,
            Statement::GrantEnd(end) if !self.state.ledger.holds_grant(&end.document, &end.person, today) => {
                self.close_for(end.document, &end.person)?;
            }
            Statement::Decision(decision) => self.release(decision.document)?,
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
        let mut verdicts = Vec::new();
        let mut rest = group;
        // In the order in which they came: a later one may lean on one that waits, or the other way round.
        while let Some(((index, change), others)) = rest.split_first() {
            match self.standing(document, change, pending) {
                Place::Decided(verdict) => {
                    verdicts.push((*index, verdict));
                    rest = others;
                }
                Place::Waits(_) => {
                    let next =
                        rest.iter().position(|(_, change)| !matches!(self.standing(document, change, pending), Place::Waits(_)));
                    let (run, others) = rest.split_at(next.unwrap_or(rest.len()));
                    verdicts.extend(self.admit_waiting(caller, document, run, pending)?);
                    rest = others;
                }
                Place::Allowed => {
                    let next =
                        rest.iter().position(|(_, change)| !matches!(self.standing(document, change, pending), Place::Allowed));
                    let (run, others) = rest.split_at(next.unwrap_or(rest.len()));
                    verdicts.extend(self.admit_allowed(caller, document, run, pending, rng)?);
                    rest = others;
                }
            }
        }
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
        let authority = match self.authority(change, self.moment.today()) {
            // By its own signature this server admitted it in a former life: that needs nobody's grant again.
            Err(Verdict::Quarantined(_)) if pending.proven.contains(&(document, hash)) => Ok(()),
            authority => authority,
        };
        match authority {
            // What leans on something that waits, waits with it.
            Ok(()) if self.state.quarantine.holds_up(change) => Place::Waits(Why::at(Step::Waiting, Reason::MissingDependencies)),
            Ok(()) => Place::Allowed,
            Err(Verdict::Quarantined(why)) => Place::Waits(why),
            Err(verdict) => Place::Decided(verdict),
        }
    }

    /// Valid ones wait for a coordinator; what never can come in is refused at once.
    fn admit_waiting(
        &mut self,
        caller: DeviceId,
        document: DocumentId,
        run: &[(usize, &Candidate)],
        pending: &mut Pending,
    ) -> Result<Vec<(usize, Verdict)>, RegionError> {
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
                verdicts.push((*index, Verdict::Deferred(Why::at(Step::Quota, Reason::Quota))));
            }
        }
        let allowed = fitting;
        if allowed.is_empty() {
            return Ok(verdicts);
        }
        if self.keyring.document_key(document).is_none() {
            self.writer.add_document_keys(self.keyring, &[document], rng)?;
        }
        let State { ledger, documents, .. } = &mut *self.state;
        let so_far = SoFar { writer: &self.writer, records: &self.records, first: self.first };
        let standing = load(ledger, &so_far, self.keyring, self.cache, documents, document)?;
        let batch: Vec<&Candidate> = allowed.iter().map(|(_, change)| *change).collect();
        let certificates = &ledger.certificates;
        let (judgements, after) = admission::judge(ledger.documents.get(&document), &standing, &batch, &|device| {
            certificates.get(device).map(|certificate| certificate.keys)
        })?;
        let mut clean = true;
        for ((index, change), judgement) in allowed.iter().zip(judgements) {
            let verdict = match judgement {
                Judgement::Known => Verdict::Accepted { seq: 0 },
                Judgement::Deferred(why) => Verdict::Deferred(why),
                Judgement::Refused(why) => Verdict::Refused(why),
                Judgement::Valid if self.state.quarantine.holds_up(change) => {
                    clean = false;
                    self.wait(caller, change, Why::at(Step::Waiting, Reason::MissingDependencies))?
                }
                Judgement::Valid if holds_bsn(change) && !pending.proven.contains(&(document, change.hash())) => {
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
