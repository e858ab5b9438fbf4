//! Invitations, their one-time codes, and the devices that they make.

use super::authority::works_for;
use super::invitations::INVITATION_LIFE;
use super::*;
use crate::wire::KnownAs;

/// Wrong secrets for one invitation that void it, and no other.
const WRONG_CODES: usize = 5;
/// Letters of a code that name its invitation; they are no secret.
const SELECTOR: usize = 5;
/// Letters of a code that are secret.
const SECRET: usize = 10;
/// Letters and digits that are hard to confuse.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

impl Batch<'_> {
    pub(super) fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolAnswer, RegionError> {
        let now = self.moment.at;
        let device = request.keys.device();
        let (selector, hash) = read_code(&request.code).ok_or(RegionError::WrongCode)?;
        let Some((open, tried)) = self.state.invitations.find(&selector).map(|(open, tried)| (open.clone(), tried)) else {
            // Nothing is kept of a name that nobody has: a stranger must not be able to fill the disk, nor to spoil the
            // codes of others by guessing.
            return Err(RegionError::WrongCode);
        };
        let fits = open.code_hash.as_slice() == hash;
        if open.used_by.is_some() {
            // The answer may have been lost: the device that used the code hears it again, and nobody else does.
            let again = self.state.live(&device).cloned().filter(|_| fits && open.used_by == Some(device));
            return again.map_or(Err(RegionError::WrongCode), |certificate| self.welcome(certificate, Vec::new()));
        }
        if now > open.expires || tried >= WRONG_CODES {
            // Only whoever has the code learns that there was one.
            return Err(if fits { RegionError::ExpiredCode } else { RegionError::WrongCode });
        }
        if !fits {
            self.stage_note(Kind::Refused, WrongCode { at: now, selector: Some(selector) }.encode())?;
            return Err(RegionError::WrongCode);
        }
        if self.state.ledger.certificates.contains_key(&device) {
            return Err(Unfit::EnrolledAlready.into());
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
            .map_err(Unfit::from)?;
        self.stage_note(Kind::Certificate, signed.bytes().to_vec())?;
        self.stage_note(Kind::Invitation, Invitation { used_by: Some(device), ..open }.encode())?;
        self.welcome(certificate, vec![signed.bytes().to_vec()])
    }

    /// What an enrolled device needs to take part: its own certificate first, then those of colleagues, without which
    /// their changes could not be checked.
    fn welcome(&self, certificate: Certificate, mut statements: Vec<Vec<u8>>) -> Result<EnrolAnswer, RegionError> {
        let known = self.state.ledger.statements.values();
        let known = known.filter(|facts| facts.is_public() && !super::batch::is_staged(facts.position));
        let own = self.state.certified.get(&certificate.device).copied();
        // All of them come with the feed as well; here only as many as an answer holds.
        let mut known: Vec<(bool, u64, Position)> =
            known.map(|facts| (Some(facts.number) != own, facts.number, facts.position)).collect();
        known.sort_unstable();
        let mut left = MAX_ENROL_BYTES;
        for (_, _, position) in known.into_iter().take(MAX_ENROL_STATEMENTS) {
            let Some(bytes) = bytes_at(&self.writer, position, self.keyring)? else { continue };
            let Some(rest) = left.checked_sub(bytes.len()) else { break };
            left = rest;
            statements.push(bytes);
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
                Role::Coordinator => {
                    let theirs = request.organisation.is_empty() || works_for(certificate, &request.organisation);
                    request.role != Role::Administrator && theirs
                }
                Role::Coach => false,
            };
            if !allowed {
                return Err(RegionError::NotAllowed);
            }
        }
        if request.role != Role::Administrator && request.organisation.trim().is_empty() {
            return Err(Unfit::NoOrganisation.into());
        }
        // Whoever is at the machine has other means to fill it.
        let theirs = self.state.invitations.open(self.moment.at).filter(|open| by.is_some() && open.by == by);
        if theirs.count() >= MAX_OPEN_INVITATIONS {
            return Err(Unfit::TooManyInvitations.into());
        }
        // A person code is the key to dossiers: it keeps its role and organisation, whoever invites.
        let open = self.state.invitations.open(self.moment.at);
        let open = open.map(|open| (open.person.as_str(), open.role.as_str(), open.organisation.as_deref().unwrap_or_default()));
        let certified = self.state.ledger.certificates.values();
        let known = certified.map(|known| (known.person.as_str(), known.role.code(), known.organisation.as_str()));
        // Whoever was once invited without an organisation is given one by an administrator: no coordinator takes a colleague
        // of nobody's for their own.
        let decider = by.and_then(|device| self.state.live(&device));
        let gives_one = decider.is_none_or(|decider| decider.role == Role::Administrator);
        let mut others = known.chain(open).filter(|(person, role, organisation)| {
            let same = *organisation == request.organisation || (organisation.is_empty() && gives_one);
            *person == request.person && (*role != request.role.code() || !same)
        });
        if let Some((_, role, organisation)) = others.next() {
            let role = Role::from_code(role).unwrap_or(Role::Coach);
            let known = KnownAs { person: request.person.clone(), role, organisation: organisation.to_owned() };
            return Err(Unfit::KnownOtherwise(known).into());
        }
        drop(others);
        let (code, selector) = loop {
            let code = invitation_code(rng);
            let selector = letters(&code).chars().take(SELECTOR).collect::<String>();
            if self.state.invitations.find(&selector).is_none() {
                break (code, selector);
            }
        };
        let expires = self.moment.at.plus_millis(INVITATION_LIFE);
        let note = Invitation {
            code_hash: code_hash(&letters(&code)).into(),
            person: request.person.clone(),
            display_name: request.display_name.clone(),
            role: request.role.code().to_owned(),
            organisation: Some(request.organisation.clone()),
            expires,
            by,
            used_by: None,
            selector: Some(selector),
        };
        self.stage_note(Kind::Invitation, note.encode())?;
        Ok(InviteAnswer { version: VERSION, code, expires })
    }
}

/// A code as it counts: people type small letters, spaces and other dashes.
fn letters(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The name of the invitation and the hash of the code, if it has the shape of one.
fn read_code(code: &str) -> Option<(String, Vec<u8>)> {
    let letters = letters(code);
    let selector = letters.get(..SELECTOR)?.to_owned();
    (letters.len() == SELECTOR + SECRET).then(|| (selector, code_hash(&letters)))
}

/// What is kept of a code.
fn code_hash(letters: &str) -> Vec<u8> {
    Sha256::digest(format!("veldboek/invitation/1\0{letters}").as_bytes()).to_vec()
}

/// Three groups of five: the first names the invitation, the others are 50 secret bits for ten minutes and five tries.
fn invitation_code(rng: &mut dyn CryptoRng) -> String {
    let mut bytes = [0; SELECTOR + SECRET];
    rng.fill_bytes(&mut bytes);
    let mut code = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % SELECTOR == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    code
}
