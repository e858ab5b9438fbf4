//! Who is a live device, who reads what, and who may write where: decided in the order of the journal.

use super::*;

impl State {
    pub(super) fn live(&self, device: &DeviceId) -> Option<&Certificate> {
        self.ledger.certificates.get(device).filter(|_| !self.ledger.revoked.contains_key(device))
    }

    pub(super) fn reader(&self, device: &DeviceId) -> Option<Reader> {
        self.live(device).map(reader)
    }

    /// Whether a device's person may write in a document now.
    pub(super) fn may_write(&self, signer: &DeviceId, document: &DocumentId, today: Day) -> Result<(), Verdict> {
        let Some(certificate) = self.ledger.certificates.get(signer) else {
            return Err(Verdict::Refused(Why::at(Step::Signer, Reason::UnknownSigner)));
        };
        // Administrators look after devices and people; no grant makes them write.
        if certificate.role == Role::Administrator {
            return Err(Verdict::Refused(Reason::NotAllowed.into()));
        }
        let revoked = self.ledger.revoked.contains_key(signer);
        if revoked && Some(*document) == self.ledger.register() {
            return Err(Verdict::Quarantined(Reason::Revoked.into()));
        }
        if Some(*document) == self.ledger.register() {
            let allowed = certificate.role == Role::Coordinator;
            return if allowed { Ok(()) } else { Err(Verdict::Refused(Why::at(Step::Grant, Reason::NotAllowed))) };
        }
        if self.ledger.documents.get(document).is_none_or(|facts| facts.opening.is_none()) {
            return Err(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)));
        }
        // Whatever the change says about its time: it came when its device was no longer trusted. A person decides.
        if revoked {
            return Err(Verdict::Quarantined(Reason::Revoked.into()));
        }
        if self.coordinates(certificate, document) || self.ledger.holds_grant(document, &certificate.person, today) {
            Ok(())
        } else {
            Err(Verdict::Quarantined(Why::at(Step::Grant, Reason::NoGrant)))
        }
    }

    /// Whether somebody is a coordinator of the organisation of a dossier.
    pub(super) fn coordinates(&self, certificate: &Certificate, document: &DocumentId) -> bool {
        let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        opening.is_some_and(|(opening, _)| certificate.role == Role::Coordinator && works_for(certificate, &opening.organisation))
    }

    /// Whether somebody decides about what waits in a document.
    pub(super) fn decides(&self, certificate: &Certificate, document: &DocumentId) -> bool {
        let register = Some(*document) == self.ledger.register() && certificate.role == Role::Coordinator;
        register || self.coordinates(certificate, document)
    }

    /// Whether a change was made under a grant that has ended since, and comes within the days of grace. When it was made is
    /// what its device says, and a device can lie; so it is believed within the grant's own days only, and the grace, counted
    /// by the server's clock, bounds for how long a lie is of use.
    pub(super) fn made_in_time(&self, change: &SignedChange, moment: Moment, arrived: Day, grace_days: u32) -> bool {
        let Some(certificate) = self.ledger.certificates.get(&change.signer()) else { return false };
        let made = moment.day_of(change.made_at());
        // Before an end was decided nobody could know of it: until then the grant stood, on that very day too.
        let last_day = |end: &GrantEnd| {
            let last = end.on.plus_days(-1);
            if change.made_at() <= end.at { last.max(moment.day_of(end.at)) } else { last }
        };
        match self.ledger.granted_until_by(&change.document(), &certificate.person, made, &last_day) {
            // Nothing was made after it arrived, whatever the device says.
            Some(Some(last)) => made <= arrived && arrived.days_since(last) <= i64::from(grace_days),
            Some(None) => made <= arrived,
            None => false,
        }
    }
}

/// Whether the person of a certificate works for an organisation. Two who were given none have none in common.
pub(super) fn works_for(certificate: &Certificate, organisation: &str) -> bool {
    !organisation.is_empty() && certificate.organisation == organisation
}

/// What the person of a certificate sees.
pub(super) fn reader(certificate: &Certificate) -> Reader {
    Reader {
        person: certificate.person.clone(),
        organisation: Some(&certificate.organisation)
            .filter(|organisation| certificate.role == Role::Coordinator && !organisation.is_empty())
            .cloned(),
        content: certificate.role != Role::Administrator,
    }
}
