//! Who is a live device, who reads what, and who may write where: decided in the order of the journal.

use super::*;

impl State {
    pub(super) fn live(&self, device: &DeviceId) -> Option<&Certificate> {
        self.ledger.certificates.get(device).filter(|_| !self.ledger.revoked.contains_key(device))
    }

    pub(super) fn reader(&self, device: &DeviceId) -> Option<Reader> {
        self.live(device).map(reader)
    }

    /// Whether a device's person may write in a document.
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
            return if allowed { Ok(()) } else { Err(Verdict::Refused(Why::at(Step::Grant, Reason::NoGrant))) };
        }
        let Some((opening, _)) = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref()) else {
            return Err(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)));
        };
        // Whatever the change says about its time: it came when its device was no longer trusted. A person decides.
        if revoked {
            return Err(Verdict::Quarantined(Reason::Revoked.into()));
        }
        let coordinates = certificate.role == Role::Coordinator && certificate.organisation == opening.organisation;
        if coordinates || self.ledger.holds_grant(document, &certificate.person, today) {
            Ok(())
        } else {
            Err(Verdict::Quarantined(Why::at(Step::Grant, Reason::NoGrant)))
        }
    }
}

/// What the person of a certificate sees.
pub(super) fn reader(certificate: &Certificate) -> Reader {
    Reader {
        person: certificate.person.clone(),
        organisation: (certificate.role == Role::Coordinator).then(|| certificate.organisation.clone()),
        content: certificate.role != Role::Administrator,
    }
}
