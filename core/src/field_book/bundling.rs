//! The exchange as a file: what a bundle brings passes the same gate as what the server brings, and stays provisional
//! until the server has it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::admission::Judgement;
use crate::bundle::{Bundle, Content};
use crate::ledger::statement_hash;
use crate::wire::Reason;

pub use crate::bundle::BundleError;

/// Why a bundle was not made or not merged. Nothing was lost.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Certificates come with enrolment; without them nobody's hand can be told.
    #[error("bundles are for enrolled devices, which know whose signature is whose; use `enrol` first")]
    NotEnrolled,
    /// Nobody is known by this code.
    #[error("nobody is known as '{0}'; `coach list` shows the codes, and `sync` brings new ones")]
    UnknownPerson(String),
    /// The file cannot be made or opened.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The field book could not be read or written.
    #[error(transparent)]
    Store(#[from] FieldBookError),
}

impl From<JournalError> for ExchangeError {
    fn from(error: JournalError) -> Self {
        Self::Store(error.into())
    }
}

/// What a merge brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// Changes that came in.
    pub received: usize,
    /// Changes that were here already.
    pub known: usize,
    /// Changes that build on others that are not here yet: merge or sync those, then merge this file again.
    pub waiting: usize,
    /// Changes that were not taken in, with the reason.
    pub refused: Vec<(DocumentId, Reason)>,
    /// Documents that changed.
    pub touched: Vec<DocumentId>,
}

impl FieldBook {
    /// A bundle of what the server does not have, or with `everything` of all that is here, sealed to the coordinators of
    /// this organisation, to this person's other devices and to the people named.
    ///
    /// # Errors
    /// [`ExchangeError::NotEnrolled`], [`ExchangeError::UnknownPerson`], [`BundleError::NoRecipients`]; store errors.
    pub fn export_bundle(
        &mut self,
        everything: bool,
        people: &[String],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<u8>, usize), ExchangeError> {
        let identity = self.identity();
        if identity.server.is_none() {
            return Err(ExchangeError::NotEnrolled);
        }
        for person in people {
            if self.ledger.certificates.values().all(|certificate| certificate.person != *person) {
                return Err(ExchangeError::UnknownPerson(person.clone()));
            }
        }
        let recipients: Vec<PublicKeys> = self
            .ledger
            .certificates
            .values()
            .filter(|certificate| certificate.device != identity.device && !self.ledger.revoked.contains_key(&certificate.device))
            .filter(|certificate| {
                let coordinates =
                    certificate.role == Role::Coordinator && Some(&certificate.organisation) == identity.organisation.as_ref();
                coordinates || Some(&certificate.person) == identity.person.as_ref() || people.contains(&certificate.person)
            })
            .map(|certificate| certificate.keys)
            .collect();
        let mut chosen: Vec<(u64, Position)> = Vec::new();
        let mut documents: BTreeSet<DocumentId> = BTreeSet::new();
        for (document, facts) in self.ledger.documents.iter().filter(|(_, facts)| !facts.closed) {
            for change in facts.live().filter(|change| everything || change.acknowledged.is_none()) {
                chosen.push((change.number, change.position));
                documents.insert(*document);
            }
        }
        let mut statements: Vec<(u64, Position)> = self
            .ledger
            .statements
            .values()
            .filter(|facts| facts.document.is_none_or(|document| documents.contains(&document)))
            .map(|facts| (facts.number, facts.position))
            .collect();
        let mut content = Content::default();
        for (positions, into) in [(&mut statements, &mut content.statements), (&mut chosen, &mut content.changes)] {
            positions.sort_unstable();
            for (_, position) in positions {
                into.extend(bytes_at(&self.journal, *position, &self.keyring)?);
            }
        }
        let count = content.changes.len();
        let bundle = Bundle::seal(&content, &identity.region, identity.device, &recipients, rng)?;
        Ok((bundle, count))
    }

    /// Takes in a bundle: everything in it passes the gate, and is durable when this returns.
    ///
    /// # Errors
    /// [`ExchangeError::NotEnrolled`]; [`BundleError`] when it is not for this device or not whole; store errors.
    pub fn merge_bundle(&mut self, bytes: &[u8], moment: Moment, rng: &mut dyn CryptoRng) -> Result<Merged, ExchangeError> {
        let identity = self.identity();
        let Some(server) = identity.server else { return Err(ExchangeError::NotEnrolled) };
        let content = Bundle::decode(bytes)?.open(&identity.region, self.keyring.device_keys())?;
        self.catch_up()?;
        self.merge_statements(&content, &server.keys, rng)?;

        let mut merged = Merged::default();
        let mut by_document: BTreeMap<DocumentId, Vec<SignedChange>> = BTreeMap::new();
        for bytes in &content.changes {
            match SignedChange::decode(bytes) {
                Ok(change) => by_document.entry(change.document()).or_default().push(change),
                Err(_) => merged.refused.push((DocumentId::default(), Reason::Malformed)),
            }
        }
        let documents: Vec<DocumentId> = by_document.keys().copied().collect();
        self.keyring.add_document_keys(&*self.disk, &documents, rng).map_err(FieldBookError::from)?;
        let mut records = Vec::new();
        for (document, changes) in by_document {
            let mut allowed = Vec::new();
            for change in &changes {
                match self.may_have_written(&change.signer(), &document, moment) {
                    Ok(()) => allowed.push(change),
                    Err(Reason::UnknownDocument) => merged.waiting += 1,
                    Err(reason) => merged.refused.push((document, reason)),
                }
            }
            if allowed.is_empty() {
                continue;
            }
            let (judgements, _) = self.judge(document, &allowed)?;
            for (change, judgement) in allowed.iter().zip(judgements) {
                match judgement {
                    Judgement::Valid => {
                        merged.received += 1;
                        records.push((Kind::Change, Some(document), change.bytes().to_vec()));
                    }
                    Judgement::Known => merged.known += 1,
                    Judgement::Deferred(_) => merged.waiting += 1,
                    Judgement::Refused(reason) => merged.refused.push((document, reason)),
                }
            }
            merged.touched.push(document);
        }
        self.append(records, rng)?;
        Ok(merged)
    }

    /// Statements first: they say whose signature counts, and where.
    fn merge_statements(&mut self, content: &Content, server: &PublicKeys, rng: &mut dyn CryptoRng) -> Result<(), ExchangeError> {
        let mut records = Vec::new();
        self.arriving.clear();
        for bytes in &content.statements {
            let Ok(signed) = SignedStatement::decode(bytes) else { continue };
            let (signer, known) = (signed.signer(), self.ledger.statements.contains_key(&statement_hash(signed.bytes())));
            let Some(kind) = syncing::kind_of(signed.statement()).filter(|_| !known) else { continue };
            let keys = match kind {
                Kind::Certificate | Kind::Revocation | Kind::Erasure => Some(*server),
                _ => self.arriving.get(&signer).copied().or_else(|| self.ledger.certificates.get(&signer).map(|c| c.keys)),
            };
            if keys.is_none_or(|keys| signed.verify(&keys).is_err()) {
                continue;
            }
            if let Statement::Certificate(certificate) = signed.statement() {
                self.arriving.insert(certificate.device, certificate.keys);
            }
            records.push((kind, None, signed.bytes().to_vec()));
        }
        self.append(records, rng)?;
        self.arriving.clear();
        Ok(())
    }

    /// Whether, as far as this device knows, the signer may write there. The server has the last word.
    fn may_have_written(&self, signer: &DeviceId, document: &DocumentId, moment: Moment) -> Result<(), Reason> {
        let Some(certificate) = self.ledger.certificates.get(signer) else { return Err(Reason::UnknownSigner) };
        if self.ledger.register() == Some(*document) {
            return if certificate.role == Role::Coordinator { Ok(()) } else { Err(Reason::NotAllowed) };
        }
        let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        let Some((opening, _)) = opening else { return Err(Reason::UnknownDocument) };
        let coordinates = certificate.role == Role::Coordinator && certificate.organisation == opening.organisation;
        if coordinates || self.ledger.holds_grant(document, &certificate.person, moment.today()) {
            Ok(())
        } else {
            Err(Reason::NoGrant)
        }
    }
}
