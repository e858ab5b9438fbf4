//! A device that is lost: revoked at once, heard once more where that was allowed, and told to wipe itself.

use super::authority::works_for;
use super::*;

impl Region {
    /// The newest signed revocation of a device, which its refusal carries.
    ///
    /// # Errors
    /// Store errors.
    pub fn revocation(&self, device: &DeviceId) -> Result<Option<Vec<u8>>, RegionError> {
        let newest = self.state.ledger.revocations.get(device).map(|facts| facts.newest);
        match newest.and_then(|hash| self.state.ledger.statements.get(&hash)) {
            Some(facts) => Ok(bytes_at(&self.journal, facts.position, &self.keyring)?),
            None => Ok(None),
        }
    }

    /// Who is not listened to, and until when.
    pub fn locked_out(&self) -> impl Iterator<Item = (Option<DeviceId>, Timestamp)> + '_ {
        self.state.locked_out.iter().map(|(who, until)| (*who, *until))
    }
}

impl State {
    /// Whether a revoked device may still deliver, without an answer that holds anything. Also after it said that it wiped itself:
    /// a copy of it that was put back has the same leave, wipes itself as soon as it delivered, and never would otherwise.
    pub(super) fn may_deliver(&self, device: &DeviceId) -> bool {
        self.ledger.revocations.get(device).is_some_and(|facts| facts.accept_unsent)
    }
}

impl Batch<'_> {
    /// A server that was put back from a backup may have lost the leave that it gave: the device brings its own word back.
    pub(super) fn take_back_leave(&mut self, caller: &DeviceId, statements: &[Vec<u8>]) -> Result<(), RegionError> {
        if !self.state.ledger.revoked.contains_key(caller) || self.state.may_deliver(caller) {
            return Ok(());
        }
        let signed = statements.iter().take(MAX_PUSHED_STATEMENTS).filter_map(|bytes| SignedStatement::decode(bytes).ok());
        // In the envelope in which it was signed, as everything else that is let in.
        let signed = signed.filter(SignedStatement::is_as_signed);
        let leave = |signed: &SignedStatement| match signed.statement() {
            Statement::Revocation(revocation) => revocation.device == *caller && revocation.accept_unsent,
            _ => false,
        };
        let own = self.keyring.device_keys().public();
        if let Some(signed) = signed.into_iter().find(|signed| leave(signed) && self.is_own(signed))
            && signed.verify(&own).is_ok()
        {
            self.stage_note(Kind::Revocation, signed.bytes().to_vec())?;
        }
        Ok(())
    }

    pub(super) fn audited_revoke(&mut self, by: Option<DeviceId>, request: &RevokeRequest) -> Result<RevokeAnswer, RegionError> {
        let outcome = self.revoke(by, request);
        if matches!(outcome, Err(RegionError::NotAllowed)) {
            let note = AuditNote::new(AuditAction::NotAllowed, by).because(AuditAction::Revoked.code());
            self.audit(note.about_device(request.device))?;
        }
        outcome
    }

    fn revoke(&mut self, by: Option<DeviceId>, request: &RevokeRequest) -> Result<RevokeAnswer, RegionError> {
        let decider = match by {
            Some(device) => Some(self.state.live(&device).ok_or(RegionError::NotWelcome)?.clone()),
            None => None,
        };
        let target = self.state.ledger.certificates.get(&request.device).cloned();
        if let Some(decider) = &decider {
            let theirs = |target: &Certificate| {
                target.role != Role::Administrator && works_for(decider, &target.organisation) && !request.accept_unsent
            };
            match decider.role {
                Role::Administrator => {}
                Role::Coordinator if target.as_ref().is_none_or(theirs) => {}
                _ => return Err(RegionError::NotAllowed),
            }
        }
        if target.is_none() {
            return Err(RegionError::NoSuchDevice);
        }
        if by == Some(request.device) {
            return Err(Unfit::OwnDevice.into());
        }
        let known = self.state.ledger.revocations.get(&request.device);
        if request.accept_unsent && self.state.wiped.contains_key(&request.device) {
            return Err(Unfit::AlreadyWiped.into());
        }
        // Said again it stands as it did; only the leave to deliver is added later.
        if known.is_none_or(|known| request.accept_unsent && !known.accept_unsent) {
            let revocation = Revocation {
                device: request.device,
                at: self.moment.at,
                reason: request.reason.clone().or_else(|| known.and_then(|known| known.reason.clone())),
                accept_unsent: request.accept_unsent,
                by: decider.map(|decider| decider.person),
            };
            let signed =
                SignedStatement::sign(&Statement::Revocation(revocation), self.keyring.device_keys()).map_err(Unfit::from)?;
            self.stage_note(Kind::Revocation, signed.bytes().to_vec())?;
        }
        let contact = self.state.contacts.of(&request.device);
        let facts = self.state.ledger.revocations.get(&request.device).ok_or(RegionError::NoSuchDevice)?;
        Ok(RevokeAnswer {
            version: VERSION,
            device: request.device,
            at: facts.at,
            last_contact: contact.map(|note| note.at),
            unsynced: contact.map(|note| note.unsynced),
            accept_unsent: facts.accept_unsent,
        })
    }

    /// Takes down that a revoked device has wiped itself. Said twice, it is heard once.
    pub(super) fn take_wiped(&mut self, bytes: &[u8]) -> Result<(), RegionError> {
        let unfit = |why| RegionError::from(Unfit::NotItsWord(why));
        let signed = SignedStatement::decode(bytes).map_err(|_| unfit("this is no signed statement"))?;
        let Statement::Wiped(wiped) = signed.statement() else {
            return Err(unfit("this is not what a device says when it has wiped itself"));
        };
        let certificate = self.state.ledger.certificates.get(&wiped.device).ok_or(RegionError::NotWelcome)?;
        if signed.verify(&certificate.keys).is_err() || signed.signer() != wiped.device {
            return Err(unfit("the device did not sign this"));
        }
        let obeyed = self.state.ledger.statements.contains_key(&wiped.revocation);
        if !obeyed || !self.state.ledger.revocations.contains_key(&wiped.device) {
            return Err(unfit("this device was not told to wipe itself"));
        }
        if !self.state.wiped.contains_key(&wiped.device) {
            let note = WipedNote { at: self.moment.at, statement: bytes.to_vec().into() };
            self.stage_note(Kind::Wiped, note.encode())?;
        }
        Ok(())
    }

    pub(super) fn lock_out(&mut self, device: Option<DeviceId>, until: Timestamp) -> Result<(), RegionError> {
        self.stage_note(Kind::LockOut, LockOut { device, at: self.moment.at, until }.encode())?;
        Ok(())
    }
}
