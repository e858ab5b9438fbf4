//! What devices bring back to a server that was restored from a backup: statements that the server itself once signed.
//!
//! Whoever carries them, they are the server's own word. Erasures come first, so that nothing of an erased dossier is let in
//! or given out again.

use super::*;

impl Region {
    /// Begins a new life after the store was put back from a backup: every device's place in the feed is void, and each brings
    /// back what this server may have lost. Who was revoked since the backup, and what was erased, this server does not know: it
    /// gives nothing, and believes nobody but itself, until an administrator says so ([`Work::Reopen`]).
    ///
    /// # Errors
    /// Store errors.
    pub fn begin_life(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<Epoch, RegionError> {
        let epoch = Epoch::fresh(moment.at, rng);
        let mut writer = self.journal.write()?;
        let state = &mut self.state;
        writer.read_new(&self.keyring, &mut |record| state.take(record))?;
        let note = EpochNote { epoch, at: moment.at, region: None, held: Some(true) };
        let record = NewRecord { kind: Kind::Epoch, key: self.keyring.store_key_id(), payload: note.encode() };
        let appended = writer.append(&self.keyring, rng, std::slice::from_ref(&record))?;
        writer.commit()?;
        for at in appended {
            self.state.fold(record.clone().at(at))?;
        }
        Ok(epoch)
    }

    /// Whether this server was put back from a backup and waits for its administrator.
    pub const fn is_held(&self) -> bool {
        self.state.held
    }

    /// When this life of the server began.
    pub const fn life_began(&self) -> Timestamp {
        self.state.life_began
    }
}

impl Batch<'_> {
    /// Whether a statement names this server as its signer.
    pub(super) fn is_own(&self, signed: &SignedStatement) -> bool {
        signed.signer().as_bytes() == self.keyring.device_keys().server().as_bytes()
    }

    /// An administrator says that the revocations and erasures since the backup are here: from now on this life gives too.
    pub(super) fn reopen(&mut self) -> Result<(), RegionError> {
        if self.state.held {
            let note = EpochNote { epoch: self.state.epoch, at: self.moment.at, region: None, held: Some(false) };
            self.stage_note(Kind::Epoch, note.encode())?;
        }
        Ok(())
    }

    /// Takes back a statement of this server's own that its journal does not hold.
    pub(super) fn take_back(
        &mut self,
        signed: &SignedStatement,
        pending: &mut Pending,
    ) -> Result<Result<u64, Verdict>, RegionError> {
        if !pending.is_signed(signed, &self.keyring.device_keys().public()) {
            return Ok(Err(Verdict::Refused(Reason::BadSignature.into())));
        }
        if let Some(seq) = self.kept(signed) {
            return Ok(Ok(seq));
        }
        let bytes = signed.bytes().to_vec();
        let today = self.moment.today();
        let staged = match signed.statement() {
            Statement::Erasure(erasure) => {
                if !self.state.erasure_notes.contains_key(&erasure.document) {
                    self.note_erasure(erasure.document, None, None)?;
                }
                self.stage_note(Kind::Erasure, bytes)?
            }
            Statement::Revocation(_) => self.stage_note(Kind::Revocation, bytes)?,
            Statement::Certificate(certificate) => {
                let known = self.state.ledger.certificates.get(&certificate.device);
                if known.is_some_and(|known| known.from >= certificate.from) {
                    // An older one of a device that has a newer.
                    return Ok(Err(Verdict::Refused(Reason::SequenceTaken.into())));
                }
                self.stage_note(Kind::Certificate, bytes)?
            }
            Statement::Grant(_) | Statement::GrantEnd(_) | Statement::ErasureRequest(_) => {
                let document = signed.statement().document().unwrap_or_default();
                if self.state.ledger.documents.get(&document).is_none_or(|facts| facts.opening.is_none()) {
                    return Ok(Err(Verdict::Deferred(Reason::MissingDependencies.into())));
                }
                let kind = if matches!(signed.statement(), Statement::ErasureRequest(_)) { Kind::Erasing } else { Kind::Grant };
                let number = self.stage(kind, self.key_of(document), bytes)?;
                match signed.statement() {
                    Statement::Grant(grant) if self.state.ledger.holds_grant(&document, &grant.person, today) => {
                        self.open_for(document, &grant.person)?;
                        self.release(document)?;
                    }
                    // At once: whoever asks in the same batch is not to be given what the grant before it opened.
                    Statement::GrantEnd(end) if !self.state.ledger.holds_grant(&document, &end.person, today) => {
                        self.close_for(document, &end.person)?;
                    }
                    _ => {}
                }
                number
            }
            _ => return Ok(Err(Verdict::Refused(Reason::NoGrant.into()))),
        };
        Ok(Ok(staged))
    }
}
