//! Invitations, their one-time codes, and the devices that they make.

use super::*;

/// How long an invitation lives, in milliseconds.
const INVITATION_LIFE: i64 = 10 * 60 * 1000;
/// Wrong codes that void the invitations open at that time.
const WRONG_CODES: usize = 5;

impl Batch<'_> {
    pub(super) fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolAnswer, RegionError> {
        let now = self.moment.at;
        let hash = code_hash(&request.code);
        let device = request.keys.device();
        let invitations = &self.state.invitations;
        // The answer may have been lost: the device that used the code hears it again, and nobody else does.
        let again = invitations.iter().any(|note| note.code_hash.as_slice() == hash && note.used_by == Some(device));
        if again && let Some(certificate) = self.state.live(&device).cloned() {
            return self.welcome(certificate, Vec::new());
        }
        let tried = |open: &Invitation| {
            let since = open.expires.as_millis() - INVITATION_LIFE;
            self.state.wrong_codes.values().filter(|at| at.as_millis() > since).count()
        };
        let mut open =
            invitations.iter().filter(|open| open.used_by.is_none() && now <= open.expires && tried(open) < WRONG_CODES);
        let Some(open) = open.clone().find(|open| open.code_hash.as_slice() == hash).cloned() else {
            // Where no code could be guessed, guessing leaves no trace: a stranger must not be able to fill the disk.
            if open.next().is_some() {
                self.stage_note(Kind::Refused, WrongCode { at: now }.encode())?;
            }
            return Err(RegionError::WrongCode);
        };
        if self.state.ledger.certificates.contains_key(&device) {
            return Err(RegionError::Unfit("this device is enrolled already; use `sync`".into()));
        }
        let role = Role::from_code(&open.role).ok_or(RegionError::WrongCode)?;
        let certificate = Certificate {
            device,
            keys: request.keys,
            person: open.person.clone(),
            display_name: open.display_name.clone(),
            role,
            organisation: open.organisation.clone().unwrap_or_default(),
            label: request.label.clone(),
            from: now,
        };
        let signed = SignedStatement::sign(&Statement::Certificate(certificate.clone()), self.keyring.device_keys())
            .map_err(|error| RegionError::Unfit(error.to_string()))?;
        self.stage_note(Kind::Certificate, signed.bytes().to_vec())?;
        self.stage_note(Kind::Invitation, Invitation { used_by: Some(device), ..open }.encode())?;
        self.welcome(certificate, vec![signed.bytes().to_vec()])
    }

    /// What an enrolled device needs to take part: its own certificate first, then those of colleagues, without which
    /// their changes could not be checked.
    fn welcome(&self, certificate: Certificate, mut statements: Vec<Vec<u8>>) -> Result<EnrolAnswer, RegionError> {
        for facts in self.state.ledger.statements.values().filter(|facts| facts.is_public() && facts.position != NOWHERE) {
            let Some(bytes) = bytes_at(&self.writer, facts.position, self.keyring)? else { continue };
            let own = SignedStatement::decode(&bytes).is_ok_and(
                |signed| matches!(signed.statement(), Statement::Certificate(other) if other.device == certificate.device),
            );
            let place = if own { 0 } else { statements.len() };
            statements.insert(place, bytes);
        }
        let keys = self.keyring.device_keys();
        Ok(EnrolAnswer {
            server: keys.server(),
            keys: keys.public(),
            region: self.state.region.clone(),
            epoch: self.state.epoch,
            statements,
            person: certificate.person,
            role: certificate.role,
            organisation: certificate.organisation,
            nonce: String::new(),
            version: VERSION,
            display_name: certificate.display_name,
        })
    }

    /// An invitation is its own record; only a refused one needs a line.
    pub(super) fn audited_invite(
        &mut self,
        by: Option<DeviceId>,
        request: &InviteRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<InviteAnswer, RegionError> {
        let outcome = self.invite(by, request, rng);
        if matches!(outcome, Err(RegionError::NotAllowed)) {
            let note = AuditNote::new(AuditAction::NotAllowed, by).because(AuditAction::Invited.code());
            self.audit(note.about_person(&request.person))?;
        }
        outcome
    }

    fn invite(
        &mut self,
        by: Option<DeviceId>,
        request: &InviteRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<InviteAnswer, RegionError> {
        if let Some(device) = by {
            let certificate = self.state.live(&device).ok_or(RegionError::NotWelcome)?;
            let allowed = match certificate.role {
                Role::Administrator => true,
                // Only into the organisation that is theirs, and never somebody above them.
                Role::Coordinator => request.role != Role::Administrator && certificate.organisation == request.organisation,
                Role::Coach => false,
            };
            if !allowed {
                return Err(RegionError::NotAllowed);
            }
        }
        // A person code is the key to dossiers: it keeps its role and organisation, whoever invites.
        let open = self.state.invitations.iter().filter(|open| open.expires >= self.moment.at);
        let open = open.map(|open| (open.person.as_str(), open.role.as_str(), open.organisation.as_deref().unwrap_or_default()));
        let certified = self.state.ledger.certificates.values();
        let known = certified.map(|known| (known.person.as_str(), known.role.code(), known.organisation.as_str()));
        let mut others = known.chain(open).filter(|(person, role, organisation)| {
            *person == request.person && (*role != request.role.code() || *organisation != request.organisation)
        });
        if let Some((_, role, organisation)) = others.next() {
            return Err(RegionError::Unfit(format!(
                "'{}' is known as {role} of '{organisation}'; use another code for somebody else, or the same role and organisation",
                request.person
            )));
        }
        let code = invitation_code(rng);
        let expires = self.moment.at.plus_millis(INVITATION_LIFE);
        let note = Invitation {
            code_hash: code_hash(&code).into(),
            person: request.person.clone(),
            display_name: request.display_name.clone(),
            role: request.role.code().to_owned(),
            organisation: Some(request.organisation.clone()),
            expires,
            by,
            used_by: None,
        };
        self.stage_note(Kind::Invitation, note.encode())?;
        Ok(InviteAnswer { version: VERSION, code, expires })
    }
}

/// What is kept of an invitation's code.
fn code_hash(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    Sha256::digest(format!("veldboek/invitation/1\0{plain}").as_bytes()).to_vec()
}

/// Twelve letters and digits that are hard to confuse, in groups: 60 bits for ten minutes and five tries.
fn invitation_code(rng: &mut dyn CryptoRng) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut bytes = [0; 12];
    rng.fill_bytes(&mut bytes);
    let mut code = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    code
}
