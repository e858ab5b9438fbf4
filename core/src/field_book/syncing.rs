//! The device's half of the exchange: what it sends, and what it makes of the answer.

use std::collections::{BTreeMap, HashSet};

use super::heads::Told;
use super::proving::Proofs;
use super::*;
use crate::admission::{self, Candidate, Judgement};
use crate::ledger::statement_hash;
use crate::notes::{Access, Acknowledged, CursorNote, EpochNote, NotAdmitted, Receipted};
use crate::record::Code;
use crate::statement::{Erasure, ErasureRequest};
use crate::wire::{
    Answer, Contact, EnrolAnswer, EnrolRequest, Hashes, ItemKind, Reason, Receipt, ReceiptLine, Request, StatementLine,
    StatementReceipt, Verdict, Why, heads_digest,
};
use crate::words::Words;

/// How many bytes of changes go in one request; what is left goes in the next.
pub(super) const REQUEST_BYTES: usize = 2 << 20;
/// How often one process compares hash lists for documents whose heads do not agree.
const HEALING_ROUNDS: u32 = 5;

/// Why an answer could not be used. Nothing was lost: everything is sent again at the next exchange.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Not enrolled yet.
    #[error("this device is not enrolled at a server yet; use `enrol` with the code from your coordinator")]
    NotEnrolled,
    /// The answer does not fit the request or is not signed by the server.
    #[error("the server's answer cannot be trusted ({0}); nothing of it was used, and nothing here was lost")]
    Nonsense(Words),
    /// The invitation is for somebody else than whose field book this is.
    #[error(
        "this field book belongs to '{mine}', but the code is for '{theirs}'; ask for a code for '{mine}', or use another --store"
    )]
    SomebodyElse {
        /// Whose book it is.
        mine: String,
        /// For whom the code was made.
        theirs: String,
    },
    /// The field book could not be read or written.
    #[error(transparent)]
    Store(#[from] FieldBookError),
}

macro_rules! store_errors {
    ($($kind:ty),*) => {$(
        impl From<$kind> for SyncError {
            fn from(error: $kind) -> Self {
                Self::Store(error.into())
            }
        }
    )*};
}
store_errors!(JournalError, KeyringError, LedgerError, DocumentError, DiskError, UnreadableNote);

/// What a request carried, to be matched with its answer.
#[derive(Debug, Default)]
pub struct Sent {
    statements: Vec<ChangeHash>,
    changes: Vec<(DocumentId, ChangeHash)>,
    /// The cursor with which was asked.
    cursor: Vec<u8>,
    /// What was told of the server's record book.
    told: Told,
    /// Up to which record it was told what had nothing left to be recorded anew.
    anew: Option<u64>,
}

impl Sent {
    /// A statement that goes with it after all others.
    pub(super) fn and_statement(&mut self, hash: ChangeHash) {
        self.statements.push(hash);
    }

    /// What everything that was sent is called, in the order of its verdicts.
    pub(super) fn names(&self) -> impl Iterator<Item = ChangeHash> + '_ {
        self.statements.iter().copied().chain(self.changes.iter().map(|(_, hash)| *hash))
    }
}

/// What one exchange brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Changes that were sent.
    pub sent: usize,
    /// Changes that the server now has.
    pub accepted: usize,
    /// Changes and statements to send again.
    pub deferred: usize,
    /// Why, and in which document; each reason once for a document.
    pub postponed: Vec<(DocumentId, Reason)>,
    /// Changes that wait for a coordinator.
    pub quarantined: usize,
    /// Changes that the server refused, with the reason.
    pub refused: Vec<(DocumentId, Reason)>,
    /// Changes that came in.
    pub received: usize,
    /// Delivered changes that this version could not use.
    pub unusable: usize,
    /// Dossiers that left this device, because access to them ended.
    pub closed: usize,
    /// Which these are, and what people called them.
    pub closed_dossiers: Vec<(DocumentId, Option<String>)>,
    /// Documents that changed.
    pub touched: Vec<DocumentId>,
    /// Whether another exchange is due at once.
    pub again: bool,
    /// How far the device's clock is from the server's, in milliseconds.
    pub clock_offset: i64,
    /// When other devices were last in contact (coordinators).
    pub contacts: Vec<Contact>,
    /// What became of the server's record book.
    pub record_book: RecordBook,
    /// Dossiers that were wiped here, because they were erased or go on in another document.
    pub wiped: Vec<Wiped>,
    /// Dossiers that came to wait to be erased, or do not any more.
    pub erasures: Vec<ErasureNews>,
    /// Dossiers that the server says are erased, and that are kept here because that does not fit them.
    pub kept: Vec<Kept>,
    /// Changes of this device that waited and are on the server now.
    pub released: usize,
    /// Coordinators: changes of others that came to wait for a decision since the exchange before.
    pub new_to_decide: bool,
    /// The server was put back from a backup and gives nothing until its administrator says so.
    pub held: bool,
    /// Devices that were added in this person's name: the person is to be told, who alone knows whether they are theirs.
    pub own_devices: Vec<OwnDevice>,
}

impl Outcome {
    fn postpone(&mut self, document: DocumentId, reason: Reason) {
        self.deferred += 1;
        if !self.postponed.contains(&(document, reason)) {
            self.postponed.push((document, reason));
        }
    }
}

impl FieldBook {
    /// What to send now. With `contacts_since`, a coordinator also asks when other devices were in contact.
    ///
    /// # Errors
    /// [`SyncError::NotEnrolled`]; store errors.
    pub fn request(&mut self, contacts_since: Option<crate::clock::Timestamp>) -> Result<(Request, Sent), SyncError> {
        // A new life of the server says first what it still has.
        let former = !self.ledger.reading_again;
        self.request_within(contacts_since, REQUEST_BYTES, former)
    }

    /// A request with about so many bytes of changes, so many of receipts, and half of statements; with or without what a former
    /// life of the server had.
    pub(super) fn request_within(
        &mut self,
        contacts_since: Option<crate::clock::Timestamp>,
        bytes: usize,
        former: bool,
    ) -> Result<(Request, Sent), SyncError> {
        let identity = self.identity();
        if identity.server.is_none() {
            return Err(SyncError::NotEnrolled);
        }
        let mut request = Request { contacts_since, lock: Some(self.keyring.lock_state()), ..Request::default() };
        if let Some(cursor) = &self.ledger.cursor {
            request.cursor = cursor.cursor.to_vec();
        }
        let mut sent = Sent { cursor: request.cursor.clone(), ..Sent::default() };
        (request.seen, sent.told) = self.told_head();
        let wiping = self.is_wiping();
        let mut statements: Vec<((u8, u64), ChangeHash, Position)> = self
            .ledger
            .statements
            .iter()
            .filter(|(_, facts)| facts.acknowledged.is_none() && !facts.refused && Self::is_to_send(facts, wiping))
            .map(|(hash, facts)| ((rank(facts.kind), facts.number), *hash, facts.position))
            .collect();
        statements.sort_unstable_by_key(|(place, ..)| *place);
        let mut proofs = Proofs::new(&identity, bytes);
        let mut left = bytes / 2;
        for (_, hash, position) in statements {
            if let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? {
                let facts = self.ledger.statements.get(&hash);
                let receipt = facts.filter(|facts| facts.former && !facts.is_public()).and_then(|facts| facts.receipt);
                if !self.prove_statement(receipt, &mut proofs)? {
                    break;
                }
                left = left.saturating_sub(bytes.len());
                request.statements.push(bytes);
                sent.statements.push(hash);
            }
            if left == 0 {
                break;
            }
        }
        let mut left = bytes;
        let mut changes: Vec<(bool, u64, DocumentId, ChangeHash, Position)> = Vec::new();
        for (document, facts) in self.ledger.documents.iter().filter(|(id, _)| !self.ledger.is_left_behind(id)) {
            let left = self.is_left(document);
            // Of a document that waits to be erased no more than a former life of the server had: it is held against that.
            for change in facts.live().filter(|change| !left || change.former) {
                let again = self.resend.contains(&(*document, change.hash));
                if !former && change.former {
                    continue;
                }
                if (change.acknowledged.is_none() && change.quarantined.is_none()) || again {
                    let deferred = self.deferred.contains(&change.hash);
                    changes.push((deferred, change.number, *document, change.hash, change.position));
                }
            }
        }
        for (hash, aside) in self.aside_to_send().filter(|_| former) {
            changes.push((self.deferred.contains(hash), aside.number, aside.document, *hash, aside.position));
        }
        // What the server deferred a moment ago goes last, so that it holds up nothing new.
        changes.sort_unstable_by_key(|(deferred, number, ..)| (*deferred, *number));
        let waiting = changes.len();
        for (_, _, document, hash, position) in changes {
            if left == 0 {
                break;
            }
            if let Some(bytes) = self.signed_at(&hash, position)? {
                let facts = self.ledger.documents.get(&document).and_then(|facts| facts.change(&hash));
                let receipt = facts.filter(|change| change.former).and_then(|change| change.receipt);
                if !self.prove_change(receipt, &mut proofs)? {
                    break;
                }
                left = left.saturating_sub(bytes.len());
                request.changes.push(bytes);
                sent.changes.push((document, hash));
            }
        }
        (request.receipts, request.statement_receipts) = proofs.into_receipts();
        request.unsynced = u32::try_from(waiting - sent.changes.len()).unwrap_or(u32::MAX);
        request.waiting = self.waiting_hashes();
        (request.replaced, sent.anew) = self.recorded_anew(&sent.changes);
        for document in self.healing.iter().copied() {
            if let Some(facts) = self.ledger.documents.get(&document) {
                let hashes = facts.live().filter(|change| change.acknowledged.is_some()).map(|change| change.hash).collect();
                request.have.push(Hashes { document, hashes });
            }
        }
        Ok((request, sent))
    }

    /// Takes in the answer to a request: durable when this returns.
    ///
    /// # Errors
    /// [`SyncError::Nonsense`] when the answer is not the server's or does not fit; store errors.
    pub fn answer(
        &mut self,
        mut sent: Sent,
        answer: Answer,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Outcome, SyncError> {
        let server = self.identity().server.ok_or(SyncError::NotEnrolled)?;
        self.catch_up()?;
        let devices_before = self.known_devices();
        let asked_before = self.standing_erasures();
        let epoch = match (answer.epoch, &self.ledger.cursor) {
            (Some(epoch), _) => epoch,
            (None, Some(cursor)) => cursor.epoch,
            (None, None) => {
                return Err(SyncError::Nonsense(Words::new(
                    "het zegt niet uit welk leven van de server het komt",
                    "it does not say which life of the server it is from",
                )));
            }
        };
        if answer.verdicts.len() != sent.statements.len() + sent.changes.len() {
            return Err(SyncError::Nonsense(Words::new(
                "het geeft niet over alles wat verstuurd is een oordeel",
                "it does not have a verdict for everything that was sent",
            )));
        }
        let (statement_verdicts, change_verdicts) = answer.verdicts.split_at(sent.statements.len());
        let incoming = Incoming::read(&answer)?;
        let news = answer.news.clone().unwrap_or_default();
        let entries = receipted(epoch, &sent, &incoming, &answer, &server.keys)?;

        let mut outcome = Outcome {
            sent: sent.changes.len(),
            clock_offset: moment.at.as_millis() - answer.time.as_millis(),
            contacts: answer.contacts.clone(),
            held: answer.held,
            ..Outcome::default()
        };
        let mut records: Vec<Unsealed> = Vec::new();
        let mut refusals: Vec<Unsealed> = Vec::new();
        // A revoked device is given no new place, and hears of the same new life with every delivery.
        let heard = |note: &CursorNote| self.revoked().is_some() && note.epoch == epoch;
        if answer.epoch.is_some() && self.ledger.cursor.as_ref().is_some_and(|note| !heard(note)) {
            // First of all: whatever was acknowledged before this may be lost.
            records.push((Kind::Epoch, None, EpochNote { epoch, at: moment.at, region: None, held: None }.encode()));
        }

        let settled = |verdicts: &[Verdict]| verdicts.iter().any(|verdict| !matches!(verdict, Verdict::Deferred(_)));
        let taken = settled(statement_verdicts);
        for (hash, verdict) in sent.statements.iter().zip(statement_verdicts) {
            if let Verdict::Deferred(why) = verdict {
                let document = self.ledger.statements.get(hash).and_then(|facts| facts.document).unwrap_or_default();
                outcome.postpone(document, why.reason);
            }
            match verdict {
                // It was too much at one time: sent at once, as long as each time something is settled.
                Verdict::Deferred(why) if why.reason == Reason::Busy && taken => {}
                Verdict::Accepted { .. } => {}
                // The server's own word about the erasure comes with the feed.
                Verdict::Refused(why) if why.reason == Reason::Erased => {}
                Verdict::Refused(why) => {
                    let document = self.ledger.statements.get(hash).and_then(|facts| facts.document);
                    outcome.refused.push((document.unwrap_or_default(), why.reason));
                    refusals.push((Kind::Refused, None, not_admitted(None, vec![*hash], why, moment, false)));
                }
                // Sent again at the next exchange.
                Verdict::Deferred(_) | Verdict::Quarantined(_) => {
                    self.deferred.insert(*hash);
                }
            }
        }
        let mut refused = Vec::new();
        let mut over = Vec::new();
        for ((document, hash), verdict) in sent.changes.iter().zip(change_verdicts) {
            match verdict {
                Verdict::Accepted { .. } => outcome.accepted += 1,
                Verdict::Deferred(why) => {
                    outcome.postpone(*document, why.reason);
                    if why.reason == Reason::Busy {
                        over.push(*hash);
                    } else {
                        self.deferred.insert(*hash);
                    }
                }
                Verdict::Quarantined(why) => {
                    outcome.quarantined += 1;
                    records.push((Kind::Quarantined, None, not_admitted(Some(*document), vec![*hash], why, moment, false)));
                }
                // Nothing is rebuilt or dropped before the server's signed word is here: it may say where the work goes on.
                Verdict::Refused(why) if why.reason == Reason::Erased => {
                    self.deferred.insert(*hash);
                }
                Verdict::Refused(why) => refused.push((*document, *hash, why.clone())),
            }
        }
        // What was too much at one time is sent at once, as long as each time something is settled.
        if !settled(change_verdicts) {
            self.deferred.extend(over);
        }
        let misfits = self.take_statements(&incoming, &server.keys, &mut records, rng)?;
        outcome.kept = misfits.into_iter().map(|document| self.kept(document)).collect();
        self.take_changes(&incoming, &mut records, &mut outcome, rng)?;
        let listed: HashSet<ChangeHash> = self.ledger.refused.iter().map(|item| item.hash).collect();
        self.take_news(&news, &mut records, rng)?;
        self.check_closings(&sent.cursor, &answer.closed, &news, &server.keys)?;
        for document in &answer.closed {
            records.push((Kind::Closed, None, Access { document: *document, person: None }.encode()));
            // What was never here did not leave.
            if self.ledger.documents.get(document).is_some_and(|facts| !facts.closed && facts.live().next().is_some()) {
                outcome.closed += 1;
                outcome.closed_dossiers.push((*document, self.reference_of(*document)));
            }
        }
        let heard_decisions = records.iter().any(|(kind, ..)| *kind == Kind::Decision);
        outcome.released = entries.iter().filter(|entry| self.waits(entry)).count();
        if !entries.is_empty() {
            let bytes = |signature: crate::keys::Signature| signature.as_bytes().to_vec().into();
            let (signature, stated) = (answer.receipt.map(bytes), answer.statement_receipt.map(bytes));
            records.push((Kind::Acknowledged, None, Acknowledged { epoch, entries, signature, stated }.encode()));
        }
        let cursor = match (answer.cursor.is_empty(), &self.ledger.cursor) {
            (true, Some(cursor)) => cursor.cursor.to_vec(),
            _ => answer.cursor.clone(),
        };
        let told = std::mem::take(&mut sent.told);
        let (record_book, heads) = self.judge_record_book(told, &answer, epoch, &server.keys, moment)?;
        outcome.record_book = record_book;
        // Numbers of a former life of the server say nothing.
        let before = self.ledger.cursor.as_ref().filter(|note| note.epoch == epoch);
        // One that is held throws nothing away on anybody's word.
        let anew = sent.anew.filter(|_| !answer.held).max(before.and_then(|note| note.anew));
        let (known, waiting) = (before.and_then(|note| note.newest), before.and_then(|note| note.to_decide));
        outcome.new_to_decide = news.newest.is_some_and(|newest| known.is_none_or(|known| newest > known));
        // Pages before the last say nothing about what waits.
        let (to_decide, newest) =
            if answer.more || answer.held { (waiting, known) } else { (news.to_decide, news.newest.max(known)) };
        let server_time = Some(answer.time);
        // One that is held has not said what it still has.
        let end = Some(!answer.more && !answer.held);
        let note = CursorNote { epoch, cursor: cursor.into(), at: moment.at, server_time, end, to_decide, newest, anew };
        if records.is_empty() && refusals.is_empty() && self.only_time_passed(&note, &heads) {
            self.remember_only(note, heads);
        } else {
            records.extend(heads.iter().map(|head| (Kind::Head, None, head.encode())));
            records.push((Kind::Cursor, None, note.encode()));
            self.noted = Some(moment.at);
        }
        // Before anything closes: what was done in a copy that the server refused goes back to where it was copied from.
        self.append(refusals, rng)?;
        outcome.wiped = self.undo_refused_withdrawals(&outcome.refused, rng)?;
        self.append(records, rng)?;
        outcome.own_devices = self.own_devices_but(&devices_before);
        // The server's own word is that it will not be; a coordinator's is that it need not.
        let refused_there = |ended: &ErasureRequest| {
            incoming.statements.iter().any(|(_, signed)| {
                signed.signer().as_bytes() == server.keys.server().as_bytes()
                    && matches!(signed.statement(), Statement::ErasureRequest(one) if one == ended)
            })
        };
        outcome.erasures = self.erasure_news(&asked_before, &refused_there);
        if heard_decisions {
            let news = self.ledger.refused.iter().filter(|item| !listed.contains(&item.hash));
            outcome.refused.extend(news.map(|item| (item.document, item.reason)));
        }
        self.finish_closing(rng)?;
        if !answer.more {
            self.bring_over_what_came(moment, rng)?;
        }
        outcome.wiped.extend(self.finish_erasing(moment, rng)?);
        self.resend.clear();
        self.healing.clear();
        if outcome.received > 0 {
            self.deferred.clear();
        }
        for Hashes { document, hashes } in &answer.missing {
            self.resend.extend(hashes.iter().map(|hash| (*document, *hash)));
        }
        outcome.touched.extend(sent.changes.iter().map(|(document, _)| *document));
        outcome.touched.sort_unstable();
        outcome.touched.dedup();
        for (document, hash, why) in refused {
            if self.rebuild_without(document, hash, &why, moment, rng)? {
                outcome.refused.push((document, why.reason));
            }
            outcome.again = true;
        }
        // Also what a crash after an earlier answer left undone.
        self.mend(moment, rng)?;
        self.finish_closing(rng)?;
        if !answer.more && self.healing_rounds < HEALING_ROUNDS {
            for heads in &answer.heads {
                let mine =
                    self.ledger.documents.get(&heads.document).map(|facts| facts.heads_among(|c| c.acknowledged.is_some()));
                if mine.is_some_and(|mine| heads_digest(&mine) != heads.digest) {
                    self.healing.push(heads.document);
                }
            }
        }
        self.healing_rounds += u32::from(!self.healing.is_empty());
        // The server is shown its own signature on what it does not have any more.
        outcome.again |= self.told_head().1.is_proof();
        // The receipts of what was wiped are waited for.
        outcome.again |= !outcome.wiped.is_empty();
        outcome.again |= answer.more || !self.healing.is_empty() || !self.resend.is_empty() || self.unsent() > 0;
        Ok(outcome)
    }

    /// Whether what the server now has is a change of this device that waited.
    fn waits(&self, entry: &Receipted) -> bool {
        let facts = entry.document.and_then(|document| self.ledger.documents.get(&document)?.change(&entry.hash));
        facts.is_some_and(|change| change.quarantined.is_some() && change.operation.is_some() && change.acknowledged.is_none())
            || self.ledger.aside.get(&entry.hash).is_some_and(|aside| !aside.carried)
    }

    /// How many changes and statements of this device the server has not looked at yet.
    fn unsent(&self) -> usize {
        let open = |id: &DocumentId, facts: &crate::ledger::DocumentFacts| {
            let left = self.is_left(id);
            let unjudged = |change: &&crate::ledger::ChangeFacts| {
                !(self.ledger.reading_again && change.former)
                    && (!left || change.former)
                    && change.acknowledged.is_none()
                    && change.quarantined.is_none()
                    && !self.deferred.contains(&change.hash)
            };
            facts.live().filter(unjudged).count()
        };
        let documents = self.ledger.documents.iter().filter(|(id, _)| !self.ledger.is_left_behind(id));
        let wiping = self.is_wiping();
        let statements = self.ledger.statements.iter().filter(|(hash, facts)| {
            let open = facts.acknowledged.is_none() && !facts.refused && !self.deferred.contains(hash);
            open && Self::is_to_send(facts, wiping)
        });
        let aside = self.aside_to_send().filter(|(hash, _)| !self.ledger.reading_again && !self.deferred.contains(*hash));
        documents.map(|(id, facts)| open(id, facts)).sum::<usize>() + statements.count() + aside.count()
    }

    fn take_statements(
        &mut self,
        incoming: &Incoming,
        server: &PublicKeys,
        records: &mut Vec<Unsealed>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<DocumentId>, SyncError> {
        let mut misfits = Vec::new();
        let erasures: Vec<&Erasure> = incoming.statements.iter().filter_map(|(_, signed)| erasure_in(signed)).collect();
        let about = |signed: &SignedStatement| signed.statement().document().filter(|id| !self.ledger.is_erased(id));
        let documents: Vec<DocumentId> = incoming.statements.iter().filter_map(|(_, signed)| about(signed)).collect();
        self.keyring.add_document_keys(&*self.disk, &documents, rng)?;
        let mut opened: HashSet<DocumentId> = HashSet::new();
        let mut here = HashSet::new();
        let mut certified: HashMap<DeviceId, PublicKeys> = HashMap::new();
        for (_, signed) in &incoming.statements {
            // A kind that this version does not know is left for a newer one, which reads the feed again.
            let Some(record) = statement_record(signed) else { continue };
            let signer = signed.signer();
            let keys = match signed.statement() {
                Statement::Certificate(_) | Statement::Revocation(_) | Statement::Erasure(_) | Statement::Closing(_) => {
                    Some(*server)
                }
                Statement::Wiped(_) | Statement::Newer(_) => None,
                // Grants that were carried over to another document are the server's.
                _ if signer.as_bytes() == server.server().as_bytes() => Some(*server),
                _ => certified.get(&signer).copied().or_else(|| self.ledger.certificates.get(&signer).map(|c| c.keys)),
            };
            let signed_by = if keys.is_some_and(|keys| signed.verify(&keys).is_ok()) { keys } else { None };
            if signed_by.is_none() {
                return Err(SyncError::Nonsense(Words::new(
                    "het brengt een verklaring die geen bekende heeft ondertekend",
                    "it delivers a statement that nobody known signed",
                )));
            }
            if let Statement::Certificate(certificate) = signed.statement() {
                certified.insert(certificate.device, certificate.keys);
            }
            let document = signed.statement().document();
            if document.is_some_and(|document| self.ledger.is_erased(&document)) {
                continue;
            }
            // Nobody has a dossier erased by a word about another one.
            if let Some(erasure) = erasure_in(signed).filter(|erasure| self.ledger.contradicts(erasure, &erasures)) {
                misfits.push(erasure.document);
                continue;
            }
            // A dossier that left this device comes back.
            if let Some(document) = document.filter(|id| self.ledger.documents.get(id).is_some_and(|facts| facts.closed))
                && opened.insert(document)
            {
                records.push((Kind::Opened, None, Access { document, person: None }.encode()));
            }
            // Whatever its envelope is: it is kept once.
            if self.ledger.known_statement(signed).is_none() && here.insert(signed.id()) {
                records.push(record);
            }
        }
        // Certificates must be known before changes are judged; they are appended with everything else.
        self.arriving = certified;
        Ok(misfits)
    }

    fn take_changes(
        &mut self,
        incoming: &Incoming,
        records: &mut Vec<Unsealed>,
        outcome: &mut Outcome,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), SyncError> {
        let mut by_document: BTreeMap<DocumentId, Vec<&(u64, Candidate)>> = BTreeMap::new();
        // What was erased is not taken in again, whoever still has it.
        for change in incoming.changes.iter().filter(|(_, change)| !self.ledger.is_erased(&change.document())) {
            by_document.entry(change.1.document()).or_default().push(change);
        }
        let documents: Vec<DocumentId> = by_document.keys().copied().collect();
        self.keyring.add_document_keys(&*self.disk, &documents, rng)?;
        for (document, group) in by_document {
            if self.ledger.documents.get(&document).is_some_and(|facts| facts.closed) {
                records.push((Kind::Opened, None, Access { document, person: None }.encode()));
            }
            let batch: Vec<&Candidate> = group.iter().map(|(_, change)| change).collect();
            let (judgements, _) = self.judge(document, &batch)?;
            for ((_, change), judgement) in group.into_iter().zip(judgements) {
                match judgement {
                    Judgement::Valid => {
                        outcome.received += 1;
                        records.push((Kind::Change, Some(document), change.bytes().to_vec()));
                    }
                    Judgement::Known => {}
                    Judgement::Deferred(_) | Judgement::Refused(_) => outcome.unusable += 1,
                }
            }
            outcome.touched.push(document);
        }
        Ok(())
    }

    /// The gate's word on changes of one document, as this device knows it.
    pub(super) fn judge(
        &mut self,
        document: DocumentId,
        batch: &[&Candidate],
    ) -> Result<(Vec<Judgement>, Document), FieldBookError> {
        let standing = self.document(document)?;
        let own = self.keyring.device_keys().public();
        let (certificates, arriving) = (&self.ledger.certificates, &self.arriving);
        let keys = |device: &DeviceId| {
            if *device == own.device() {
                return Some(own);
            }
            arriving.get(device).copied().or_else(|| certificates.get(device).map(|certificate| certificate.keys))
        };
        Ok(admission::judge(self.ledger.documents.get(&document), &standing, batch, &keys)?)
    }

    /// Rebuilds a document without a refused change: what leant on it is performed again under a new session, with the
    /// same entry ids. A change whose number was merely taken (a phone restored from a backup) is performed again too.
    /// Says whether the change is listed as refused.
    fn rebuild_without(
        &mut self,
        document: DocumentId,
        hash: ChangeHash,
        why: &Why,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<bool, SyncError> {
        let Some(facts) = self.ledger.documents.get(&document).filter(|facts| facts.has(&hash)) else {
            return self.refuse_aside(document, hash, why, moment, rng);
        };
        let mut gone: HashSet<ChangeHash> = HashSet::from([hash]);
        let mut hashes = vec![hash];
        for change in facts.live() {
            if !gone.contains(&change.hash) && change.deps.iter().any(|dep| gone.contains(dep)) && change.acknowledged.is_none() {
                gone.insert(change.hash);
                hashes.push(change.hash);
            }
        }
        let again = matches!(why.reason, Reason::SequenceTaken | Reason::WrongStart)
            && facts.change(&hash).is_some_and(|c| c.operation.is_some());
        let note = not_admitted(Some(document), hashes, why, moment, again);
        self.append(vec![(Kind::Refused, None, note)], rng)?;
        self.documents.remove(&document);
        self.mend(moment, rng)?;
        Ok(!again)
    }

    /// The request that enrols this device with a code.
    pub fn enrol_request(&self, code: &str, label: &str) -> EnrolRequest {
        EnrolRequest::new(code, self.keyring.device_keys(), label, None)
    }

    /// Takes in the answer to an enrolment. A register that was made under another region's name is performed again in
    /// the server's.
    ///
    /// # Errors
    /// [`SyncError::Nonsense`], [`SyncError::SomebodyElse`]; store errors.
    pub fn enrolled(
        &mut self,
        answer: &EnrolAnswer,
        url: &str,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), SyncError> {
        if answer.keys.server() != answer.server {
            return Err(SyncError::Nonsense(Words::new(
                "de sleutels zijn niet die van de server",
                "its keys are not the server's",
            )));
        }
        let identity = self.identity();
        if let Some(mine) = identity.person.filter(|mine| *mine != answer.person) {
            return Err(SyncError::SomebodyElse { mine, theirs: answer.person.clone() });
        }
        let mut records = Vec::new();
        let mut own = false;
        for bytes in &answer.statements {
            let signed = SignedStatement::decode(bytes).map_err(|_| {
                SyncError::Nonsense(Words::new("een certificaat is niet te lezen", "a certificate cannot be read"))
            })?;
            if signed.verify(&answer.keys).is_err() {
                return Err(SyncError::Nonsense(Words::new(
                    "een certificaat is niet door de server ondertekend",
                    "a certificate is not signed by the server",
                )));
            }
            if let Statement::Certificate(certificate) = signed.statement() {
                own |= certificate.device == identity.device && certificate.keys == self.keyring.device_keys().public();
            }
            // One that does not fit a dossier here comes again with the feed, and is told then.
            if erasure_in(&signed).is_some_and(|erasure| self.ledger.contradicts(erasure, &[])) {
                continue;
            }
            if let Some(record) = statement_record(&signed)
                && self.ledger.known_statement(&signed).is_none()
            {
                records.push(record);
            }
        }
        if !own {
            return Err(SyncError::Nonsense(Words::new("dit apparaat staat er niet in", "it does not certify this device")));
        }
        let setup = Setup {
            region: answer.region.clone(),
            organisation: Some(answer.organisation.clone()),
            person: Some(answer.person.clone()),
            display_name: Some(answer.display_name.clone()),
            server_url: Some(url.to_owned()),
            server: Some(answer.server),
            server_keys: Some(answer.keys),
        };
        records.push((Kind::Setup, None, setup.encode()));
        self.append(records, rng)?;
        // A register made under another region's name is performed again in this one, also after a crash right here.
        self.mend(moment, rng)?;
        Ok(())
    }
}

/// The journal's kind for a statement; none for one of a newer version.
pub(super) fn kind_of(statement: &Statement) -> Option<Kind> {
    Some(match statement {
        Statement::Certificate(_) => Kind::Certificate,
        Statement::Opening(_) => Kind::Opening,
        Statement::Grant(_) | Statement::GrantEnd(_) => Kind::Grant,
        Statement::Revocation(_) => Kind::Revocation,
        Statement::Erasure(_) => Kind::Erasure,
        Statement::ErasureReceipt(_) | Statement::ErasureRequest(_) | Statement::Refounding(_) => Kind::Erasing,
        Statement::Decision(_) => Kind::Decision,
        // A closing is acted on when it comes, and not kept.
        Statement::Closing(_) | Statement::Wiped(_) | Statement::Newer(_) => return None,
    })
}

/// The erasure that a statement is, if it is one.
pub(super) fn erasure_in(signed: &SignedStatement) -> Option<&Erasure> {
    match signed.statement() {
        Statement::Erasure(erasure) => Some(erasure),
        _ => None,
    }
}

/// In which order statements are sent: what was erased or revoked first, so that a server put back from a backup gives out
/// nothing of it; then who is who; then the rest, as it was made.
const fn rank(kind: u32) -> u8 {
    match kind {
        5 | 6 => 0,
        1 => 1,
        _ => 2,
    }
}

pub(super) fn not_admitted(
    document: Option<DocumentId>,
    hashes: Vec<ChangeHash>,
    why: &Why,
    moment: Moment,
    again: bool,
) -> Vec<u8> {
    let note = NotAdmitted {
        document,
        hashes,
        reason: why.reason.code().to_owned(),
        at: moment.at,
        envelope: None,
        sender: None,
        again: again.then_some(true),
        text: why.text.clone(),
    };
    note.encode()
}

/// The items of an answer, decoded.
struct Incoming {
    statements: Vec<(u64, SignedStatement)>,
    changes: Vec<(u64, Candidate)>,
}

impl Incoming {
    fn read(answer: &Answer) -> Result<Self, SyncError> {
        let mut incoming = Self { statements: Vec::new(), changes: Vec::new() };
        for item in &answer.items {
            match item.kind {
                ItemKind::Change => {
                    let change = Candidate::read(&item.bytes).map_err(|_| {
                        SyncError::Nonsense(Words::new("een wijziging is niet te lezen", "a change cannot be read"))
                    })?;
                    incoming.changes.push((item.seq, change));
                }
                ItemKind::Statement => {
                    let signed = SignedStatement::decode(&item.bytes).map_err(|_| {
                        SyncError::Nonsense(Words::new("een verklaring is niet te lezen", "a statement cannot be read"))
                    })?;
                    incoming.statements.push((item.seq, signed));
                }
            }
        }
        Ok(incoming)
    }
}

/// What an answer takes and gives, as the server signed it: all of it, also what this device cannot use, because a receipt
/// holds only as a whole.
fn receipted(
    epoch: Epoch,
    sent: &Sent,
    incoming: &Incoming,
    answer: &Answer,
    server: &PublicKeys,
) -> Result<Vec<Receipted>, SyncError> {
    let (statement_verdicts, change_verdicts) = answer.verdicts.split_at(sent.statements.len());
    let seq_of = |verdict: &Verdict| match verdict {
        Verdict::Accepted { seq } => Some(*seq),
        _ => None,
    };
    let accepted = sent.changes.iter().zip(change_verdicts);
    let accepted = accepted
        .filter_map(|((document, hash), verdict)| Some(ReceiptLine { seq: seq_of(verdict)?, document: *document, hash: *hash }));
    let delivered =
        incoming.changes.iter().map(|(seq, change)| ReceiptLine { seq: *seq, document: change.document(), hash: change.hash() });
    let admitted = answer.news.iter().flat_map(|news| news.admitted.iter().copied());
    let mut changes: Vec<ReceiptLine> = accepted.chain(delivered).chain(admitted).collect();
    changes.sort_unstable();
    changes.dedup();
    let taken = sent.statements.iter().zip(statement_verdicts);
    let taken = taken.filter_map(|(hash, verdict)| Some(StatementLine { seq: seq_of(verdict)?, hash: *hash }));
    let given = incoming.statements.iter();
    let given = given.map(|(seq, signed)| StatementLine { seq: *seq, hash: statement_hash(signed.bytes()) });
    let mut statements: Vec<StatementLine> = taken.chain(given).collect();
    statements.sort_unstable();
    statements.dedup();

    let of_statements = statements.iter().map(|line| Receipted { seq: line.seq, document: None, hash: line.hash });
    let of_changes = changes.iter().map(|line| Receipted { seq: line.seq, document: Some(line.document), hash: line.hash });
    let entries: Vec<Receipted> = of_statements.chain(of_changes).collect();
    let missing = || SyncError::Nonsense(Words::new("het ontvangstbewijs ontbreekt", "it has no receipt"));
    let forged = |_| {
        SyncError::Nonsense(Words::new(
            "het ontvangstbewijs is niet door de server ondertekend",
            "its receipt is not signed by the server",
        ))
    };
    if !changes.is_empty() || answer.receipt.is_some() {
        let signature = answer.receipt.ok_or_else(missing)?;
        Receipt::assemble(epoch, changes, signature).verify(server).map_err(forged)?;
    }
    if !statements.is_empty() || answer.statement_receipt.is_some() {
        let signature = answer.statement_receipt.ok_or_else(missing)?;
        StatementReceipt::assemble(epoch, statements, signature).verify(server).map_err(forged)?;
    }
    Ok(entries)
}
