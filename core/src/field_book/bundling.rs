//! The exchange as a file: what a bundle brings passes the same gate as what the server brings, and stays provisional
//! until the server has it.

use std::collections::{BTreeMap, BTreeSet};

use super::apart::Before;
use super::syncing::erasure_in;
use super::*;
use crate::admission::{Candidate, Judgement, Step};
use crate::bundle::{Bundle, Content};
use crate::refounding::wrote_all;
use crate::statement::{Certificate, Erasure, Refounding};
use crate::wire::{Reason, Why};

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
    /// Somebody named may not see everything that would be in it.
    #[error("'{0}' has no access to {1} of the dossiers that would be in this bundle; assign them first, or leave '{0}' out")]
    NoAccess(String, usize),
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
    /// Changes that count only when a coordinator decides so: they go to the server with the next exchange, and wait there.
    pub carried: usize,
    /// Changes like these for which there is no room, because as many wait of their device already: the file is to be kept.
    pub no_room: usize,
    /// Changes that were not taken in, with the reason and the step of the gate that gave it.
    pub refused: Vec<(DocumentId, Why)>,
    /// Why others wait.
    pub deferred: Vec<(DocumentId, Why)>,
    /// Documents that changed.
    pub touched: Vec<DocumentId>,
    /// Dossiers that were wiped here, because the bundle brings word that they were erased or go on in another document.
    pub wiped: Vec<Wiped>,
    /// Devices that were added in this person's name, of which the bundle brings word.
    pub own_devices: Vec<OwnDevice>,
    /// Dossiers that the server says are erased, and that are kept here because that does not fit them.
    pub kept: Vec<Kept>,
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
        moment: Moment,
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
        let mut chosen: Vec<(u64, Position)> = Vec::new();
        let mut documents: BTreeSet<DocumentId> = BTreeSet::new();
        let here = |id: &DocumentId, facts: &crate::ledger::DocumentFacts| !facts.closed && !self.is_hidden(id);
        for (document, facts) in self.ledger.documents.iter().filter(|(id, facts)| here(id, facts)) {
            for change in facts.live().filter(|change| everything || change.acknowledged.is_none()) {
                chosen.push((change.number, change.position));
                documents.insert(*document);
            }
        }
        let recipients = self.recipients(people, &documents, moment)?;
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

    /// The devices that a bundle of these documents is sealed to: nobody who may not see all of them.
    fn recipients(
        &self,
        people: &[String],
        documents: &BTreeSet<DocumentId>,
        moment: Moment,
    ) -> Result<Vec<PublicKeys>, ExchangeError> {
        let identity = self.identity();
        let mut recipients = Vec::new();
        for certificate in self.ledger.certificates.values() {
            if certificate.device == identity.device || self.ledger.revoked.contains_key(&certificate.device) {
                continue;
            }
            let named = people.contains(&certificate.person);
            let coordinates = certificate.role == Role::Coordinator;
            if !named && !coordinates && Some(&certificate.person) != identity.person.as_ref() {
                continue;
            }
            let hidden = documents.iter().filter(|document| !self.may_read(certificate, document, moment)).count();
            match (hidden, named) {
                (0, _) => recipients.push(certificate.keys),
                (_, true) => return Err(ExchangeError::NoAccess(certificate.person.clone(), hidden)),
                (_, false) => {}
            }
        }
        Ok(recipients)
    }

    /// Whether, as far as this device knows, a person may see a document.
    fn may_read(&self, certificate: &Certificate, document: &DocumentId, moment: Moment) -> bool {
        if certificate.role == Role::Administrator {
            return false;
        }
        let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        self.ledger.register() == Some(*document)
            || opening.is_some_and(|(opening, _)| {
                certificate.role == Role::Coordinator && certificate.organisation == opening.organisation
            })
            || self.ledger.holds_grant(document, &certificate.person, moment.today())
    }

    /// Takes in a bundle: everything in it passes the gate, and is durable when this returns.
    ///
    /// # Errors
    /// [`ExchangeError::NotEnrolled`]; [`BundleError`] when it is not for this device or not whole; store errors.
    pub fn merge_bundle(&mut self, bytes: &[u8], moment: Moment, rng: &mut dyn CryptoRng) -> Result<Merged, ExchangeError> {
        let identity = self.identity();
        let Some(server) = identity.server else { return Err(ExchangeError::NotEnrolled) };
        let bundle = Bundle::decode(bytes)?;
        let content = bundle.open(&identity.region, self.keyring.device_keys())?;
        self.catch_up()?;
        let devices_before = self.known_devices();
        let misfits = self.merge_statements(&content, &server.keys, moment, rng)?;
        let own_devices = self.own_devices_but(&devices_before);
        let kept = misfits.into_iter().map(|document| self.kept(document)).collect();
        let mut merged = Merged { own_devices, kept, ..Merged::default() };
        let due = self.is_erasing_due();
        let mut by_document: BTreeMap<DocumentId, Vec<Candidate>> = BTreeMap::new();
        for bytes in &content.changes {
            match Candidate::read(bytes) {
                Ok(change) if self.ledger.is_erased(&change.document()) => {
                    merged.refused.push((change.document(), Reason::Erased.into()));
                }
                Ok(change) => by_document.entry(change.document()).or_default().push(change),
                Err(why) => merged.refused.push((DocumentId::default(), why)),
            }
        }
        let documents: Vec<DocumentId> = by_document.keys().copied().collect();
        self.keyring.add_document_keys(&*self.disk, &documents, rng).map_err(FieldBookError::from)?;
        let mut records = Vec::new();
        let mut load = self.load();
        let keys = |device: &DeviceId| self.ledger.certificates.get(device).map(|certificate| certificate.keys);
        let bearer = keys(&bundle.sender());
        for (document, changes) in &mut by_document {
            changes.retain_mut(|change| {
                let Some(signer) = keys(&change.signer()) else { return true };
                let examined = change.examine(&signer, bearer.as_ref());
                examined.map_err(|why| merged.refused.push((*document, why))).is_ok()
            });
        }
        for (document, changes) in by_document {
            let mut allowed = Vec::new();
            let mut carried: Vec<(&Candidate, Why)> = Vec::new();
            let mut uncounted = Before::default();
            for change in &changes {
                let hash = change.hash();
                let carries = self.ledger.aside.get(&hash).is_some_and(|aside| aside.carried);
                if carries
                    || self.is_dismissed(&hash)
                    || self.ledger.documents.get(&document).is_some_and(|facts| facts.has(&hash))
                {
                    merged.known += 1;
                    continue;
                }
                let why = match self.may_have_written(change, moment) {
                    // What follows it goes the same way.
                    Ok(()) if uncounted.comes_before(change) => Some(Reason::MissingDependencies.into()),
                    Err(why) if self.may_carry(&document, &why) => Some(why),
                    Ok(()) => {
                        allowed.push(change);
                        None
                    }
                    Err(why) if why.reason == Reason::UnknownDocument => {
                        merged.waiting += 1;
                        merged.deferred.push((document, why));
                        None
                    }
                    Err(why) => {
                        merged.refused.push((document, why));
                        None
                    }
                };
                if let Some(why) = why {
                    uncounted.add(change);
                    match load.take(change) {
                        true => carried.push((change, why)),
                        false => merged.no_room += 1,
                    }
                }
            }
            if allowed.is_empty() && carried.is_empty() {
                continue;
            }
            let batch: Vec<&Candidate> = allowed.iter().copied().chain(carried.iter().map(|(change, _)| *change)).collect();
            let (mut judgements, _) = self.judge(document, &batch)?;
            let of_carried = judgements.split_off(allowed.len());
            let mut kept = Vec::new();
            for ((change, why), judgement) in carried.into_iter().zip(of_carried) {
                match judgement {
                    // What it builds on may be on the server.
                    Judgement::Valid | Judgement::Deferred(_) => kept.push((change, why)),
                    Judgement::Known => merged.known += 1,
                    Judgement::Refused(why) => merged.refused.push((document, why)),
                }
            }
            merged.carried += kept.len();
            self.carry(&kept, rng)?;
            if allowed.is_empty() {
                continue;
            }
            for (change, judgement) in allowed.iter().zip(judgements) {
                match judgement {
                    Judgement::Valid => {
                        merged.received += 1;
                        records.push((Kind::Change, Some(document), change.bytes().to_vec()));
                    }
                    Judgement::Known => merged.known += 1,
                    Judgement::Deferred(why) => {
                        merged.waiting += 1;
                        merged.deferred.push((document, why));
                    }
                    Judgement::Refused(why) => merged.refused.push((document, why)),
                }
            }
            merged.touched.push(document);
        }
        self.append(records, rng)?;
        if due {
            merged.wiped = self.finish_erasing(moment, rng)?;
        }
        Ok(merged)
    }

    /// Statements first: they say whose signature counts, and where.
    fn merge_statements(
        &mut self,
        content: &Content,
        server: &PublicKeys,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<DocumentId>, ExchangeError> {
        let mut records = Vec::new();
        let mut openings: BTreeMap<DocumentId, Opening> = BTreeMap::new();
        let mut certificates = self.ledger.certificates.clone();
        let mut here = HashSet::new();
        let mut misfits = Vec::new();
        self.arriving.clear();
        let statements: Vec<SignedStatement> =
            content.statements.iter().filter_map(|bytes| SignedStatement::decode(bytes).ok()).collect();
        let erasures = || statements.iter().filter_map(erasure_in);
        for signed in &statements {
            // What the server would not take in this envelope is not taken on the way to it either.
            let signer = signed.signer();
            let fits =
                signed.is_as_signed() && (signer.as_bytes() == server.server().as_bytes() || signed.statement().is_of_a_day());
            let new = fits && self.ledger.known_statement(signed).is_none();
            let Some(record) = statement_record(signed).filter(|_| new) else { continue };
            if record.1.is_some_and(|document| self.ledger.is_erased(&document)) {
                continue;
            }
            let by_server = signer.as_bytes() == server.server().as_bytes();
            let keys = match record.0 {
                Kind::Certificate | Kind::Revocation | Kind::Erasure => Some(*server),
                _ if by_server => Some(*server),
                _ => self.arriving.get(&signer).copied().or_else(|| self.ledger.certificates.get(&signer).map(|c| c.keys)),
            };
            if keys.is_none_or(|keys| signed.verify(&keys).is_err()) {
                continue;
            }
            let vouched = |one: &&Erasure| {
                let of = statements.iter().find(|signed| erasure_in(signed) == Some(*one));
                of.is_some_and(|signed| signed.verify(server).is_ok())
            };
            if let Some(erasure) = erasure_in(signed)
                && self.ledger.contradicts(erasure, &erasures().filter(vouched).collect::<Vec<_>>())
            {
                misfits.push(erasure.document);
                continue;
            }
            // The server's rule: who opens does so in their own name; who grants coordinates the organisation; who founds a
            // dossier anew wrote what is left out.
            let by = certificates.get(&signer).filter(|_| !self.ledger.revoked.contains_key(&signer)).cloned();
            let refounds = match (signed.statement(), &by) {
                (Statement::Refounding(refounding), Some(by)) => self.may_refound(refounding, by, &openings, moment)?,
                _ => false,
            };
            let by = certificates.get(&signer);
            let organisation_of = |document: &DocumentId| {
                let known = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
                let opening = known.map(|(opening, _)| opening).or_else(|| openings.get(document));
                opening.map(|opening| opening.organisation.clone())
            };
            let coordinates = |document: &DocumentId, person: &str| {
                by.is_some_and(|by| {
                    by.person == person
                        && by.role == Role::Coordinator
                        && organisation_of(document).as_deref() == Some(by.organisation.as_str())
                })
            };
            let allowed = match signed.statement() {
                Statement::Opening(opening) => by.is_some_and(|by| {
                    by.person == opening.person && by.role != Role::Administrator && self.may_replace(opening, by, moment)
                }),
                // What the server itself decided needs nobody's leave.
                _ if by_server => true,
                Statement::Grant(grant) => coordinates(&grant.document, &grant.by),
                Statement::GrantEnd(end) => coordinates(&end.document, &end.by),
                Statement::ErasureRequest(request) => coordinates(&request.document, &request.by),
                Statement::Refounding(_) => refounds,
                // A decision counts once the server has it, and comes from there.
                Statement::Decision(_) | Statement::Closing(_) => false,
                _ => true,
            };
            if !allowed {
                continue;
            }
            match signed.statement() {
                Statement::Certificate(certificate) => {
                    self.arriving.insert(certificate.device, certificate.keys);
                    certificates.insert(certificate.device, certificate.clone());
                }
                Statement::Opening(opening) => {
                    let theirs = by.filter(|_| opening.organisation.is_empty()).map(|by| &by.organisation);
                    let organisation = theirs.unwrap_or(&opening.organisation).clone();
                    openings.entry(opening.document).or_insert_with(|| Opening { organisation, ..opening.clone() });
                }
                _ => {}
            }
            if here.insert(signed.id()) {
                records.push(record);
            }
        }
        let documents: Vec<DocumentId> = records.iter().filter_map(|(_, document, _)| *document).collect();
        self.keyring.add_document_keys(&*self.disk, &documents, rng).map_err(FieldBookError::from)?;
        self.append(records, rng)?;
        self.arriving.clear();
        Ok(misfits)
    }

    /// Whether, as far as this device knows, an opening may take the place of another document: it is no copy of what was erased,
    /// it is of the same trainee, and by who may write there.
    fn may_replace(&self, opening: &Opening, by: &Certificate, moment: Moment) -> bool {
        let erasures = &self.ledger.erasures;
        // How a document began is known once.
        if self.ledger.documents.get(&opening.document).is_some_and(|facts| facts.opening.is_some()) {
            return false;
        }
        let Some(old) = opening.replaces else { return erasures.copied_by(opening).is_none() };
        if erasures.copied_by(opening).is_some()
            || self.ledger.replaces_in_a_ring(opening)
            || self.is_taken(&old, &opening.document)
        {
            return false;
        }
        let known = self.ledger.documents.get(&old).and_then(|facts| facts.opening.as_ref());
        let same = |before: &Opening| {
            (before.trainee, before.kind, &before.organisation) == (opening.trainee, opening.kind, &opening.organisation)
        };
        known.is_none_or(|(before, _)| same(before) && self.may_write_in(&old, before, by, moment.day_of(opening.at), moment))
    }

    /// Whether, as far as this device knows, a re-founding may be.
    fn may_refound(
        &mut self,
        refounding: &Refounding,
        by: &Certificate,
        openings: &BTreeMap<DocumentId, Opening>,
        moment: Moment,
    ) -> Result<bool, FieldBookError> {
        let (old, new) = (refounding.old, refounding.new);
        let opening = self.ledger.documents.get(&new).and_then(|facts| facts.opening.as_ref()).map(|(opening, _)| opening);
        let begun = opening
            .or_else(|| openings.get(&new))
            .is_some_and(|opening| opening.replaces == Some(old) && opening.person == refounding.by);
        let checkable = refounding.founding.is_some() && !refounding.withdrawn.is_empty();
        if !begun || !checkable || refounding.by != by.person || self.is_taken(&old, &new) {
            return Ok(false);
        }
        let Some((before, _)) = self.ledger.documents.get(&old).and_then(|facts| facts.opening.clone()) else { return Ok(true) };
        if by.role == Role::Coordinator && by.organisation == before.organisation {
            return Ok(true);
        }
        let withdrawn = refounding.withdrawn.iter().copied().collect();
        Ok(self.may_write_in(&old, &before, by, moment.day_of(refounding.at), moment)
            && wrote_all(&self.document(old)?, &withdrawn, &by.person)?)
    }

    /// Whether the server has taken in another re-founding of the dossier in this document.
    fn is_taken(&self, old: &DocumentId, new: &DocumentId) -> bool {
        let others = self.ledger.erasures.open_refoundings().filter(|begun| begun.refounding.old == *old);
        others.filter(|begun| begun.refounding.new != *new).any(|begun| self.is_taken_in(&begun.statement))
    }

    /// Whether somebody coordinates a dossier or has access to it, today or on the day in question.
    fn may_write_in(&self, document: &DocumentId, opening: &Opening, by: &Certificate, day: Day, moment: Moment) -> bool {
        let holds = |day| self.ledger.holds_grant(document, &by.person, day);
        (by.role == Role::Coordinator && by.organisation == opening.organisation)
            || (by.role != Role::Administrator && (holds(moment.today()) || (day <= moment.today() && holds(day))))
    }

    /// Whether this device takes a change that counts nowhere yet to the server, where it waits for a decision: its person
    /// decides about such work.
    fn may_carry(&self, document: &DocumentId, why: &Why) -> bool {
        let identity = self.identity();
        let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        let own = opening.is_some_and(|(opening, _)| identity.organisation.as_deref() == Some(opening.organisation.as_str()));
        matches!(why.reason, Reason::Revoked | Reason::NoGrant)
            && identity.role == Some(Role::Coordinator)
            && (own || self.ledger.register() == Some(*document))
    }

    /// Whether, as far as this device knows, the signer may write there. The server has the last word.
    fn may_have_written(&self, change: &SignedChange, moment: Moment) -> Result<(), Why> {
        let (signer, document) = (&change.signer(), &change.document());
        let Some(certificate) = self.ledger.certificates.get(signer) else {
            return Err(Why::at(Step::Signer, Reason::UnknownSigner));
        };
        // Whoever found the device may have written it. What the server admitted comes from the server.
        if self.ledger.revoked.contains_key(signer) {
            return Err(Why::at(Step::Grant, Reason::Revoked));
        }
        if self.ledger.register() == Some(*document) {
            return if certificate.role == Role::Coordinator { Ok(()) } else { Err(Why::at(Step::Grant, Reason::NotAllowed)) };
        }
        let opening = self.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        let Some((opening, _)) = opening else { return Err(Why::at(Step::Dependencies, Reason::UnknownDocument)) };
        let coordinates = certificate.role == Role::Coordinator && certificate.organisation == opening.organisation;
        // Work from before the end of a grant is carried too: whether it came in time is the server's to say.
        let made = moment.day_of(change.made_at());
        let made_under_grant = made <= moment.today() && self.ledger.holds_grant(document, &certificate.person, made);
        if coordinates || made_under_grant || self.ledger.holds_grant(document, &certificate.person, moment.today()) {
            Ok(())
        } else {
            Err(Why::at(Step::Grant, Reason::NoGrant))
        }
    }
}
