//! Letting a dossier go on in another document, without what was withdrawn: the grants go along, the old one is erased.
//!
//! Nobody can lose others' work by it: the old document is erased once the new one holds everything else that it holds.

use super::batch::SoFar;
use super::*;
use crate::clock::LocalTime;
use crate::document::Document;
use crate::refounding::{lacking, wrote_all};
use crate::statement::{Erasure, Grant, GrantEnd, Opening, Refounding};

impl Batch<'_> {
    /// Why an opening in the place of another document is not let in: it must be the same trainee's, in the same organisation,
    /// and its signer must be one who may write in the other.
    pub(super) fn may_replace(&self, opening: &Opening, signer: &DeviceId) -> Result<(), Verdict> {
        let Some(old) = opening.replaces else { return Ok(()) };
        let ledger = &self.state.ledger;
        if ledger.replaces_in_a_ring(opening) {
            return Err(Verdict::Refused(Reason::NotAllowed.into()));
        }
        // One at a time: a second copy would be a second dossier of the same trainee. That of a lost phone is waited for no more.
        if let Some((other, going_on)) = ledger.erasures.refounding(&old)
            && !ledger.is_erased(&old)
            && going_on.new != opening.document
            && other != signer
            && !ledger.revoked.contains_key(other)
        {
            return Err(Verdict::Refused(Reason::NotAllowed.into()));
        }
        let facts = ledger.documents.get(&old);
        // One that this server never knew, or erased already, says nothing against it.
        let Some((before, _)) = facts.and_then(|facts| facts.opening.as_ref()) else { return Ok(()) };
        if (before.trainee, before.kind) != (opening.trainee, opening.kind) || before.organisation != opening.organisation {
            return Err(Verdict::Refused(Reason::NotAllowed.into()));
        }
        self.state.may_write(signer, &old, self.moment.today()).map_err(|_| Verdict::Refused(Reason::NoGrant.into()))
    }

    /// Whether a re-founding may be: by who coordinates, or by who wrote all that is left out and still has access.
    pub(super) fn may_refound(
        &mut self,
        refounding: &Refounding,
        signer: &DeviceId,
        certificate: &Certificate,
    ) -> Result<Result<(), Verdict>, RegionError> {
        let new = self.state.ledger.documents.get(&refounding.new).and_then(|facts| facts.opening.as_ref());
        if new.is_none_or(|(opening, _)| opening.replaces != Some(refounding.old)) {
            return Ok(Err(Verdict::Deferred(Reason::MissingDependencies.into())));
        }
        let refused = || Ok(Err(Verdict::Refused(Reason::NotAllowed.into())));
        // Without anything to leave out there is no reason to begin anew, and a copy would only hide who wrote what.
        if refounding.withdrawn.is_empty()
            || refounding.by != certificate.person
            || new.is_none_or(|(opening, _)| opening.person != refounding.by)
        {
            return refused();
        }
        let old = self.state.ledger.documents.get(&refounding.old).and_then(|facts| facts.opening.as_ref());
        let Some((before, _)) = old else { return Ok(Ok(())) };
        if certificate.role == Role::Coordinator && certificate.organisation == before.organisation {
            return Ok(Ok(()));
        }
        if self.state.may_write(signer, &refounding.old, self.moment.today()).is_err() {
            return refused();
        }
        let content = self.document(refounding.old)?.content()?;
        let withdrawn = refounding.withdrawn.iter().copied().collect();
        if wrote_all(&content, &withdrawn, &certificate.person) { Ok(Ok(())) } else { refused() }
    }

    /// A document as it stands, with what this batch staged.
    fn document(&mut self, id: DocumentId) -> Result<Document, RegionError> {
        let State { ledger, documents, .. } = &mut *self.state;
        let so_far = SoFar { writer: &self.writer, records: &self.records, first: self.first };
        Ok(load(ledger, &so_far, self.keyring, self.cache, documents, id)?)
    }

    /// Erases what now stands whole in another document.
    pub(super) fn refound_what_is_due(
        &mut self,
        touched: &HashSet<DocumentId>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), RegionError> {
        // Only what this exchange could have brought nearer: one that never comes to an end is not everybody's burden.
        let near = |one: &Refounding| touched.contains(&one.old) || touched.contains(&one.new);
        let open = self.state.ledger.erasures.open_refoundings().filter(|(_, one)| near(one));
        let open: Vec<(DeviceId, Refounding)> = open.cloned().collect();
        for (signer, refounding) in open {
            let Refounding { old, new, ref withdrawn, .. } = refounding;
            let withdrawn_ids = withdrawn.iter().copied().collect();
            let has_old = self.state.ledger.documents.get(&old).is_some_and(|facts| facts.live().next().is_some());
            let has_new = self.state.ledger.documents.get(&new).is_some_and(|facts| facts.live().next().is_some());
            // What waits for a coordinator may be the only copy there is: it is decided about first.
            if !self.state.quarantine.of(&old).is_empty() {
                continue;
            }
            if has_old {
                if !has_new {
                    continue;
                }
                let (before, after) = (self.document(old)?, self.document(new)?);
                if !lacking(&before, &after, &withdrawn_ids)?.is_empty() {
                    // Somebody wrote in it meanwhile: the device that founded it anew brings that over.
                    continue;
                }
            }
            self.carry_grants(old, new, rng)?;
            let erasure = Erasure {
                document: old,
                at: self.moment.at,
                trainee: None,
                replaced_by: Some(new),
                withdrawn: withdrawn.clone(),
            };
            self.erase(erasure, Some(signer), None)?;
        }
        Ok(())
    }

    /// The grants of the old document, signed anew by the server for the new one.
    fn carry_grants(&mut self, old: DocumentId, new: DocumentId, rng: &mut dyn CryptoRng) -> Result<(), RegionError> {
        let facts = self.state.ledger.documents.get(&old);
        let mut statements: Vec<Statement> = Vec::new();
        let founder = facts.and_then(|facts| facts.opening.as_ref()).map(|(opening, _)| opening.clone());
        // Of a document that never was here the one who opened the new one is the founder.
        let opened = self.state.ledger.documents.get(&new).and_then(|facts| facts.opening.as_ref()).map(|(opening, _)| opening);
        let founder = founder.or_else(|| opened.cloned()).filter(|opening| facts.is_none() || opening.replaces.is_none());
        if let Some(opening) = founder {
            statements.push(Statement::Grant(Grant {
                id: EntryId::fresh(self.moment.at, rng),
                document: new,
                person: opening.person.clone(),
                from: day_of(opening.at),
                until: None,
                note: None,
                by: opening.person,
                at: opening.at,
                decision: None,
            }));
        }
        if let Some(facts) = facts {
            for (_, grant) in &facts.grants {
                // Under the same name, which the end of an earlier one may call its successor.
                statements.push(Statement::Grant(Grant { document: new, ..grant.clone() }));
            }
            statements.extend(facts.grant_ends.iter().map(|end| Statement::GrantEnd(GrantEnd { document: new, ..end.clone() })));
        }
        let people: Vec<String> = statements
            .iter()
            .filter_map(|statement| match statement {
                Statement::Grant(grant) => Some(grant.person.clone()),
                _ => None,
            })
            .collect();
        for statement in statements {
            let signed = SignedStatement::sign(&statement, self.keyring.device_keys()).map_err(Unfit::from)?;
            self.stage(Kind::Grant, self.key_of(new), signed.bytes().to_vec())?;
        }
        for person in people {
            if self.state.ledger.holds_grant(&new, &person, self.moment.today()) {
                self.open_for(new, &person)?;
            }
        }
        Ok(())
    }
}

/// The day of an instant, by universal time.
fn day_of(at: Timestamp) -> Day {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    LocalTime::new(instant.to_zoned(jiff::tz::TimeZone::UTC).datetime()).day()
}
