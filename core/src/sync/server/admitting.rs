//! Letting in what devices push: authority first, then the admission gate.

use super::*;

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
        let coordinates = |this: &Self, document: &DocumentId| {
            let opening = this.state.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
            opening.is_some_and(|(opening, _)| {
                certificate.role == Role::Coordinator && certificate.organisation == opening.organisation
            })
        };
        let kind = match signed.statement() {
            Statement::Opening(opening) => {
                if opening.person != certificate.person || certificate.role == Role::Administrator {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
                }
                let facts = self.state.ledger.documents.get(&opening.document);
                if Some(opening.document) == self.state.ledger.register() || facts.is_some_and(|facts| facts.opening.is_some()) {
                    return Ok(Verdict::Refused(Why::at(Step::Sequence, Reason::SequenceTaken)));
                }
                if self.erase_copy(opening)? {
                    return Ok(Verdict::Refused(Reason::Erased.into()));
                }
                let day = self.moment.at.as_millis() / 86_400_000;
                let opened = self.state.openings_today.entry((certificate.person.clone(), day)).or_default();
                if *opened >= MAX_OPENINGS_A_DAY {
                    return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::Quota)));
                }
                *opened += 1;
                self.writer.add_document_keys(self.keyring, &[opening.document], rng)?;
                Kind::Opening
            }
            Statement::Grant(grant) => {
                if self.state.ledger.documents.get(&grant.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)));
                }
                if grant.by != certificate.person || !coordinates(self, &grant.document) {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
                }
                Kind::Grant
            }
            Statement::GrantEnd(end) => {
                if self.state.ledger.documents.get(&end.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                if end.by != certificate.person || !coordinates(self, &end.document) {
                    return Ok(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant)));
                }
                Kind::Grant
            }
            Statement::ErasureRequest(request) => {
                if self.state.ledger.documents.get(&request.document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Verdict::Deferred(Reason::MissingDependencies.into()));
                }
                if request.by != certificate.person || !coordinates(self, &request.document) {
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
            Statement::Refounding(_) => return Ok(Verdict::Refused(Reason::NotAllowed.into())),
            // Only this server certifies, revokes and erases, and it knows its own statements.
            Statement::Certificate(_)
            | Statement::Revocation(_)
            | Statement::Erasure(_)
            | Statement::Wiped(_)
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
        let today = self.moment.today();
        if self.state.ledger.is_erased(&document) {
            return Ok(group.iter().map(|(index, _)| (*index, Verdict::Refused(Reason::Erased.into()))).collect());
        }
        let mut verdicts = Vec::new();
        let mut allowed: Vec<(usize, &Candidate)> = Vec::new();
        for (index, change) in group {
            let known = self.state.ledger.documents.get(&document).and_then(|facts| facts.change(&change.hash()));
            if let Some(known) = known {
                pending.receipted.push((known.number, Some(document), change.hash()));
                pending.sent.insert(change.hash());
                verdicts.push((*index, Verdict::Accepted { seq: known.number }));
            } else if let Some(reason) = self.state.quarantined.get(&change.hash()) {
                verdicts.push((*index, Verdict::Quarantined(Why::at(Step::Waiting, *reason))));
            } else {
                let standing = match self.state.may_write(&change.signer(), &document, today) {
                    // By its own signature this server admitted it in a former life: that needs nobody's grant again.
                    Err(Verdict::Quarantined(_)) if pending.proven.contains(&(document, change.hash())) => Ok(()),
                    standing => standing,
                };
                let standing = match standing {
                    // What leans on something that waits, waits with it.
                    Ok(()) if self.leans_on_quarantine(change) => {
                        Err(Verdict::Quarantined(Why::at(Step::Waiting, Reason::MissingDependencies)))
                    }
                    standing => standing,
                };
                match standing {
                    Ok(()) => allowed.push((*index, change)),
                    Err(Verdict::Quarantined(why)) => {
                        // Only what is truly the signer's, and can be read, waits for a coordinator.
                        let keys = self.state.ledger.certificates.get(&change.signer()).map(|certificate| certificate.keys);
                        let examined =
                            keys.ok_or(Why::at(Step::Signer, Reason::UnknownSigner)).and_then(|keys| change.change(&keys));
                        if let Err(why) = examined {
                            verdicts.push((*index, Verdict::Refused(why)));
                        } else {
                            verdicts.push((*index, self.wait(caller, change, why)?));
                        }
                    }
                    Err(verdict) => verdicts.push((*index, verdict)),
                }
            }
        }
        let mut operations = self.state.ledger.documents.get(&document).map_or(0, |facts| facts.operations);
        allowed.retain(|(index, change)| {
            let more = operations.saturating_add(change.header().operations);
            let fits = more <= MAX_DOCUMENT_OPERATIONS;
            if fits {
                operations = more;
            } else {
                verdicts.push((*index, Verdict::Deferred(Why::at(Step::Quota, Reason::Quota))));
            }
            fits
        });
        if allowed.is_empty() {
            return Ok(verdicts);
        }
        if self.keyring.document_key(document).is_none() {
            self.writer.add_document_keys(self.keyring, &[document], rng)?;
        }
        let State { ledger, documents, .. } = &mut *self.state;
        let standing = load(ledger, &self.writer, self.keyring, self.cache, documents, document)?;
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
                Judgement::Valid if self.leans_on_quarantine(change) => {
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
