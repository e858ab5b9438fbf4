//! When dossiers change hands: what is kept when one leaves, what waits for a coordinator, who decided what, and the end of
//! access that a device can tell by itself.

use std::collections::{BTreeMap, HashSet};

use super::syncing::SyncError;
use super::*;
use crate::admission::{Candidate, Judgement};
use crate::clock::Timestamp;
use crate::ledger::aside_key;
use crate::notes::{Receipted, SetAside};
use crate::record::Code;
use crate::statement::Decision;
use crate::wire::{Hashes, News, Reason, WaitingChange};
use crate::words::Words;

/// How much earlier than the last answer a closing may be dated, in milliseconds: a server's clock is set right at times.
const CLOCK_SLACK: i64 = 10 * 60 * 1000;

/// What this device's person wrote and the server keeps apart until a coordinator decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The dossier; it may have left this device.
    pub document: DocumentId,
    /// What people call the dossier.
    pub called: Option<String>,
    /// The change.
    pub hash: ChangeHash,
    /// Why it waits.
    pub reason: Reason,
    /// When it was written, where that is known.
    pub at: Option<Timestamp>,
    /// What it says, where this device made it.
    pub writes: Vec<Write>,
}

/// A change of somebody else that waits for a decision, as a coordinator reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadWaiting {
    /// The dossier.
    pub document: DocumentId,
    /// The change.
    pub hash: ChangeHash,
    /// Device that made it.
    pub device: DeviceId,
    /// Code of its person.
    pub person: Option<String>,
    /// When its device says it was made.
    pub at: Timestamp,
    /// When it came to the server.
    pub arrived: Timestamp,
    /// Why it waits.
    pub reason: Reason,
    /// Whether its text holds digits that pass for a BSN (V17).
    pub bsn: bool,
    /// Other changes that wait and that it builds on.
    pub leans_on: Vec<ChangeHash>,
    /// What it writes; nothing when this device cannot read it yet.
    pub writes: Option<Vec<Write>>,
}

/// One decision about who may see a dossier, or about work that waited.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessItem {
    /// Whoever opened the dossier has access.
    Opened {
        /// Who.
        person: String,
        /// When, by the device's clock.
        at: Timestamp,
    },
    /// Access was given.
    Granted {
        /// The grant, with the assignment's reason and note where there is one.
        grant: Grant,
        /// Why.
        reason: Option<String>,
        /// The note for the successor.
        note: Option<String>,
    },
    /// Access was ended.
    Ended {
        /// The statement.
        end: GrantEnd,
        /// Why.
        reason: Option<String>,
    },
    /// It was decided about work that waited.
    Decided(Decision),
}

impl AccessItem {
    /// When it was decided, by the clock of whoever did.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Opened { at, .. } => *at,
            Self::Granted { grant, .. } => grant.at,
            Self::Ended { end, .. } => end.at,
            Self::Decided(decision) => decision.at,
        }
    }
}

/// A note that whoever coached before left for the successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverNote {
    /// The dossier.
    pub document: DocumentId,
    /// What people call it.
    pub called: Option<String>,
    /// The assignment that it came with.
    pub assignment: EntryId,
    /// From when the successor coaches.
    pub from: Option<Day>,
    /// Until when, for a cover.
    pub until: Option<Day>,
    /// Who coached before.
    pub before: Vec<String>,
    /// Why it changed hands.
    pub reason: Option<String>,
    /// The note.
    pub note: String,
}

/// A dossier to which this person's access has ended, as far as the device can tell by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The dossier.
    pub document: DocumentId,
    /// What people call it.
    pub called: Option<String>,
    /// The last day.
    pub last: Day,
}

impl FieldBook {
    /// Looks at the day: a dossier of which the last day of access has passed is out of sight from now on, also without a
    /// connection. Nothing is destroyed by a clock, which may be wrong: that waits for the server's word.
    pub fn look_at_the_day(&mut self, moment: Moment) {
        self.ended.clear();
        let identity = self.identity();
        let (Some(person), Some(Role::Coach)) = (identity.person, identity.role) else { return };
        // A clock that is set back does not open anything again.
        let told = self.ledger.cursor.as_ref().and_then(|note| note.server_time).map(|at| moment.day_of(at));
        let today = told.map_or(moment.today(), |told| told.max(moment.today()));
        for (document, facts) in &self.ledger.documents {
            if facts.kind == DocumentKind::Dossier && !facts.closed && !self.ledger.holds_grant(document, &person, today) {
                // Without any statement about this person nothing is known, and the server has the word.
                self.ended.extend(self.ledger.last_day_before(document, &person, today).map(|last| (*document, last)));
            }
        }
    }

    /// The dossiers to which access has ended though the server has not said so yet.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn ended(&mut self) -> Result<Vec<Ended>, FieldBookError> {
        let ended: Vec<(DocumentId, Day)> = self.ended.iter().map(|(document, last)| (*document, *last)).collect();
        let mut found = Vec::new();
        for (document, last) in ended {
            found.push(Ended { document, called: self.called(document), last });
        }
        Ok(found)
    }

    /// The ended dossier that people call by this reference, or by its id.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn find_ended(&mut self, name: &str) -> Result<Option<Ended>, FieldBookError> {
        let is_it = |one: &Ended| {
            one.called.as_deref().is_some_and(|called| called.eq_ignore_ascii_case(name)) || one.document.to_string() == name
        };
        Ok(self.ended()?.into_iter().find(is_it))
    }

    /// What people call a dossier, if it is here.
    fn called(&mut self, document: DocumentId) -> Option<String> {
        self.dossier(document).ok().and_then(|dossier| dossier.trainee.reference.clone())
    }

    /// The notes that were left for this person, in dossiers that changed hands and that they have not visited since.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn handover_notes(&mut self, today: Day) -> Result<Vec<HandoverNote>, FieldBookError> {
        let Some(person) = self.identity().person else { return Ok(Vec::new()) };
        let mut notes = Vec::new();
        for (document, dossier) in self.dossiers()? {
            notes.extend(dossier.handover_to(&person, today).into_iter().map(|(assignment, one)| HandoverNote {
                document,
                called: dossier.trainee.reference.clone(),
                assignment,
                from: one.from,
                until: one.to,
                before: dossier.coached_before(one),
                reason: one.reason.clone(),
                note: one.handover_note.clone().unwrap_or_default(),
            }));
        }
        Ok(notes)
    }

    /// Who was given access and lost it, and what was decided about work that waited: by whom, from when, until when and why,
    /// oldest first.
    ///
    /// # Errors
    /// [`FieldBookError::UnknownDossier`]; document and journal errors.
    pub fn access_history(&mut self, document: DocumentId) -> Result<Vec<AccessItem>, FieldBookError> {
        let dossier = self.dossier(document)?;
        let Some(facts) = self.ledger.documents.get(&document) else { return Ok(Vec::new()) };
        let mut items: Vec<AccessItem> = Vec::new();
        items.extend(
            facts.opening.as_ref().map(|(opening, _)| AccessItem::Opened { person: opening.person.clone(), at: opening.at }),
        );
        for (_, grant) in &facts.grants {
            let assignment = dossier.assignments.get(&grant.id);
            items.push(AccessItem::Granted {
                grant: grant.clone(),
                reason: assignment.and_then(|one| one.reason.clone()).or_else(|| grant.note.clone()),
                note: assignment.and_then(|one| one.handover_note.clone()),
            });
        }
        for end in &facts.grant_ends {
            let assignment = end.successor.and_then(|id| dossier.assignments.get(&id));
            let reason = assignment.and_then(|one| one.reason.clone()).or_else(|| end.reason.clone());
            items.push(AccessItem::Ended { end: end.clone(), reason });
        }
        items.extend(facts.decisions.iter().cloned().map(AccessItem::Decided));
        items.sort_by_key(AccessItem::at);
        Ok(items)
    }

    /// What this device's person wrote and the server keeps apart, also in dossiers that left this device.
    ///
    /// # Errors
    /// Journal errors.
    pub fn waiting(&mut self) -> Result<Vec<Waiting>, FieldBookError> {
        let mut found = Vec::new();
        let mut here: Vec<(DocumentId, ChangeHash, Reason, Option<Position>)> = Vec::new();
        for (document, facts) in &self.ledger.documents {
            for change in facts.live().filter(|change| change.acknowledged.is_none()) {
                here.extend(change.quarantined.map(|reason| (*document, change.hash, reason, change.operation)));
            }
        }
        for (document, hash, reason, operation) in here {
            let operation = match operation {
                Some(position) => bytes_at(&self.journal, position, &self.keyring)?,
                None => None,
            };
            let operation = operation.map(|bytes| Operation::decode(&bytes)).transpose()?;
            let writes = operation.as_ref().map(Operation::writes).transpose()?.unwrap_or_default();
            let called = self.called(document);
            found.push(Waiting { document, called, hash, reason, at: operation.map(|one| one.at), writes });
        }
        // What is to be performed again counts too, until it is.
        for (hash, aside) in self.ledger.aside.iter().filter(|(_, aside)| aside.waits || aside.again) {
            // Still in its document too, as long as something else there is not on the server yet.
            if found.iter().any(|one| one.hash == *hash) {
                continue;
            }
            let Some(bytes) = bytes_at(&self.journal, aside.position, &self.keyring)? else { continue };
            let note = SetAside::decode(&bytes)?;
            found.push(Waiting {
                document: aside.document,
                called: aside.called.clone(),
                hash: *hash,
                reason: aside.reason,
                at: Some(note.at),
                writes: note.writes()?,
            });
        }
        Ok(found)
    }

    /// Names of the changes that wait, for asking what became of them.
    pub(super) fn waiting_hashes(&self) -> Vec<Hashes> {
        let mut waiting: BTreeMap<DocumentId, Vec<ChangeHash>> = BTreeMap::new();
        for (document, facts) in &self.ledger.documents {
            let open = |change: &&crate::ledger::ChangeFacts| change.quarantined.is_some() && change.acknowledged.is_none();
            let hashes: Vec<ChangeHash> = facts.live().filter(open).map(|change| change.hash).collect();
            if !hashes.is_empty() {
                waiting.insert(*document, hashes);
            }
        }
        for (hash, aside) in self.ledger.aside.iter().filter(|(_, aside)| aside.waits) {
            let hashes = waiting.entry(aside.document).or_default();
            if !hashes.contains(hash) {
                hashes.push(*hash);
            }
        }
        waiting.into_iter().map(|(document, hashes)| Hashes { document, hashes }).collect()
    }

    /// Reads what others wrote and what waits for a coordinator. Their bytes pass the gate here too, on a copy of the dossier,
    /// before anything looks inside them.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn read_waiting(&mut self, list: &[WaitingChange]) -> Result<Vec<ReadWaiting>, FieldBookError> {
        let mut by_document: BTreeMap<DocumentId, Vec<(Candidate, &WaitingChange)>> = BTreeMap::new();
        for item in list {
            if let Ok(change) = Candidate::read(&item.envelope) {
                by_document.entry(change.document()).or_default().push((change, item));
            }
        }
        let mut found = Vec::new();
        for (document, items) in by_document {
            let batch: Vec<&Candidate> = items.iter().map(|(change, _)| change).collect();
            let (judgements, after) = self.judge(document, &batch)?;
            let mut said: HashMap<ChangeHash, Vec<Write>> =
                after.edits()?.into_iter().map(|edit| (edit.hash, edit.writes)).collect();
            let names: HashSet<ChangeHash> = batch.iter().map(|change| change.hash()).collect();
            let mut last_of: HashMap<&[u8], ChangeHash> = HashMap::new();
            for ((change, item), judgement) in items.iter().zip(judgements) {
                let header = change.header();
                let mut leans_on: Vec<ChangeHash> = header.deps.iter().filter(|dep| names.contains(*dep)).copied().collect();
                if let Some(before) = last_of.insert(&header.actor, change.hash())
                    && !leans_on.contains(&before)
                {
                    leans_on.push(before);
                }
                let readable = matches!(judgement, Judgement::Valid | Judgement::Known);
                let (texts, declared) = if readable { crate::document::texts_in(change.chunk()) } else { Default::default() };
                found.push((
                    item.number,
                    ReadWaiting {
                        document,
                        hash: change.hash(),
                        device: change.signer(),
                        person: self.author(&header.actor),
                        at: change.made_at(),
                        arrived: item.arrived,
                        reason: Reason::from_code(&item.reason).unwrap_or(Reason::Other),
                        bsn: !declared && texts.iter().any(|text| !crate::text_check::bsn_positions(text).is_empty()),
                        leans_on,
                        writes: said.remove(&change.hash()).filter(|_| readable),
                    },
                ));
            }
        }
        found.sort_by_key(|(number, _)| *number);
        Ok(found.into_iter().map(|(_, one)| one).collect())
    }

    /// Decides, as a coordinator, about changes that wait: a signed statement, durable when this returns, that goes with the
    /// next exchange. `leaning` are changes that build on refused ones.
    ///
    /// # Errors
    /// [`FieldBookError::Nobody`], [`FieldBookError::Unfit`]; store errors.
    pub fn decide(
        &mut self,
        decision: (DocumentId, Vec<ChangeHash>, Vec<ChangeHash>, bool),
        reason: Option<String>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<ChangeHash, FieldBookError> {
        let (document, changes, leaning, accepted) = decision;
        let by = self.identity().person.ok_or(FieldBookError::Nobody)?;
        let decision = Decision { document, changes, accepted, by, at: moment.at, reason, leaning };
        let record = stated(&Statement::Decision(decision), self.keyring.device_keys())?;
        let name = crate::ledger::statement_hash(&record.2);
        self.append(vec![record], rng)?;
        Ok(name)
    }

    /// Whether the server did not take a statement of this device.
    pub fn was_refused(&self, statement: &ChangeHash) -> bool {
        self.ledger.statements.get(statement).is_some_and(|facts| facts.refused)
    }

    /// Takes in what the server says about this person's own work: statements of coordinators, and what was let in.
    pub(super) fn take_news(
        &mut self,
        news: &News,
        records: &mut Vec<Unsealed>,
        entries: &mut Vec<Receipted>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), SyncError> {
        for bytes in &news.decisions {
            let nonsense = || {
                SyncError::Nonsense(Words::new(
                    "het brengt een besluit dat geen coördinator heeft ondertekend",
                    "it delivers a decision that no coordinator signed",
                ))
            };
            let signed = SignedStatement::decode(bytes).map_err(|_| nonsense())?;
            let Statement::Decision(decision) = signed.statement() else { return Err(nonsense()) };
            let keys = self.arriving.get(&signed.signer()).copied();
            let signer = self.ledger.certificates.get(&signed.signer());
            let keys = keys.or_else(|| signer.filter(|one| one.role == Role::Coordinator).map(|one| one.keys));
            if keys.is_none_or(|keys| signed.verify(&keys).is_err()) {
                return Err(nonsense());
            }
            if !self.ledger.statements.contains_key(&crate::ledger::statement_hash(bytes)) {
                // Beside the text that it is about, and gone when that is.
                let mut named = decision.changes.iter().chain(&decision.leaning);
                let apart = named.find(|hash| self.ledger.aside.contains_key(*hash));
                let key = apart.map_or(decision.document, |hash| aside_key(&decision.document, hash));
                self.keyring.add_document_keys(&*self.disk, &[key], rng)?;
                records.push((Kind::Decision, Some(key), bytes.clone()));
            }
        }
        let admitted = news.admitted.iter();
        entries.extend(admitted.map(|line| Receipted { seq: line.seq, document: Some(line.document), hash: line.hash }));
        Ok(())
    }

    /// A dossier is dropped on the server's signed word only.
    pub(super) fn check_closings(&self, closed: &[DocumentId], news: &News, server: &PublicKeys) -> Result<(), SyncError> {
        if closed.is_empty() {
            return Ok(());
        }
        let nonsense = || {
            SyncError::Nonsense(Words::new(
                "het sluit dossiers zonder de handtekening van de server daarvoor",
                "it closes dossiers without the server's signature for it",
            ))
        };
        let person = self.identity().person;
        let last = self.ledger.cursor.as_ref().and_then(|note| note.server_time).unwrap_or_default();
        let mut stated: HashSet<DocumentId> = HashSet::new();
        for bytes in &news.closings {
            let signed = SignedStatement::decode(bytes).map_err(|_| nonsense())?;
            let Statement::Closing(closing) = signed.statement() else { return Err(nonsense()) };
            let mine = Some(&closing.person) == person.as_ref() && closing.at >= last.plus_millis(-CLOCK_SLACK);
            if !mine || signed.verify(server).is_err() {
                return Err(nonsense());
            }
            stated.extend(&closing.documents);
        }
        if closed.iter().all(|document| stated.contains(document)) { Ok(()) } else { Err(nonsense()) }
    }

    /// Destroys the keys of closed dossiers that hold nothing that is only here; also of those for which a crash came in
    /// between. Until then such a dossier is out of sight, and its work is still sent. What waits for a coordinator, or was
    /// refused, is kept apart first, readable for its author.
    pub(super) fn finish_closing(&mut self, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        self.set_aside_what_waits(rng)?;
        self.ledger.leave_what_is_done();
        let gone = |facts: &crate::ledger::DocumentFacts| facts.closed && facts.changes_len() == 0 && facts.opening.is_none();
        let closed = self.ledger.documents.iter().filter(|(_, facts)| gone(facts));
        let left: Vec<DocumentId> = closed.map(|(document, _)| *document).collect();
        let spent: Vec<DocumentId> = self.ledger.spent.iter().copied().collect();
        let names = left.iter().chain(&spent);
        let keys: Vec<KeyId> = names.filter_map(|name| self.keyring.document_key(*name)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.keyring.destroy(&*self.disk, &keys, rng)?;
        for document in left {
            self.drop_from_memory(&document);
        }
        Ok(())
    }

    /// Writes down apart, under a key of its own, what would go with the dossiers that leave.
    fn set_aside_what_waits(&mut self, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        let closed: Vec<DocumentId> =
            self.ledger.documents.iter().filter(|(_, facts)| facts.closed).map(|(document, _)| *document).collect();
        for document in closed {
            let Some(changes) = self.ledger.to_set_aside(&document).filter(|changes| !changes.is_empty()) else { continue };
            let found: Vec<(ChangeHash, Option<Reason>, Option<Position>)> =
                changes.into_iter().map(|change| (change.hash, change.quarantined, change.operation)).collect();
            let called = self.called(document);
            let names: Vec<DocumentId> = found.iter().map(|(change, ..)| aside_key(&document, change)).collect();
            self.keyring.add_document_keys(&*self.disk, &names, rng)?;
            let mut records = Vec::new();
            for (change, quarantined, operation) in found {
                let Some(position) = operation else { continue };
                let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? else { continue };
                let operation = Operation::decode(&bytes)?;
                let refused = self.ledger.refused.iter().find(|item| item.hash == change);
                let reason = refused.map(|item| item.reason).or(quarantined).unwrap_or(Reason::Other);
                let note = SetAside {
                    document,
                    change,
                    at: operation.at,
                    writes: operation.writes,
                    called: called.clone(),
                    reason: reason.code().to_owned(),
                    refused: refused.map(|item| item.at),
                    text: refused.and_then(|item| item.text.clone()),
                    replaced: None,
                };
                records.push((Kind::SetAside, Some(aside_key(&document, &change)), note.encode()));
            }
            self.append(records, rng)?;
        }
        Ok(())
    }
}
