//! Work that waits for a coordinator: what this person wrote, what a coordinator reads and decides, and the news of it.

use std::collections::{BTreeMap, HashSet};

use super::syncing::SyncError;
use super::*;
use crate::admission::{Candidate, Judgement};
use crate::clock::Timestamp;
use crate::ledger::aside_key;
use crate::notes::SetAside;
use crate::record::Code;
use crate::statement::Decision;
use crate::wire::{Hashes, News, Reason, Unfounded, WaitingChange};
use crate::words::Words;

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
    /// Other changes that are listed and that it builds on.
    pub leans_on: Vec<ChangeHash>,
    /// It builds on a refused one and can never come in as it is: its author's device records it anew, if it still can.
    pub unfounded: bool,
    /// What it writes; nothing when this device cannot read it yet.
    pub writes: Option<Vec<Write>>,
}

impl FieldBook {
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
        for (hash, aside) in self.ledger.aside.iter().filter(|(_, one)| (one.waits || one.again) && !one.carried) {
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
            let gone = |item: &WaitingChange| item.unfounded == Some(Unfounded::Gone);
            let names: HashSet<ChangeHash> =
                items.iter().filter(|(_, item)| !gone(item)).map(|(change, _)| change.hash()).collect();
            let mut last_of: HashMap<&[u8], ChangeHash> = HashMap::new();
            // What was refused is looked at for the sake of what builds on it.
            for ((change, item), judgement) in items.iter().zip(judgements).filter(|((_, item), _)| !gone(item)) {
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
                        unfounded: item.unfounded.is_some(),
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

    /// Takes a refused change off the list, for whoever has read or rewritten it, or one of somebody else that came in a file and
    /// that the server has not taken; durable when this returns. What was kept apart of it goes: its key is destroyed. Of a dossier
    /// that is still here the text stays sealed with that, out of sight, until the dossier leaves or is erased. False when no such
    /// change is called so.
    ///
    /// # Errors
    /// Store errors.
    pub fn dismiss(&mut self, change: &ChangeHash, moment: Moment, rng: &mut dyn CryptoRng) -> Result<bool, FieldBookError> {
        self.catch_up()?;
        let refused = self.ledger.refused.iter().find(|item| item.hash == *change).map(|item| (item.document, item.reason));
        let carried = || self.ledger.aside.get(change).filter(|aside| aside.carried && aside.send);
        let Some((document, why)) = refused.or_else(|| carried().map(|aside| (aside.document, aside.reason))) else {
            return Ok(false);
        };
        let note = SetAside {
            document,
            change: *change,
            at: moment.at,
            writes: Vec::new().into(),
            called: None,
            reason: why.code().to_owned(),
            refused: None,
            text: None,
            replaced: Some(*change),
            envelope: None,
            carried: None,
        };
        self.append(vec![(Kind::SetAside, None, note.encode())], rng)?;
        self.finish_closing(rng)?;
        Ok(true)
    }

    /// Whether the server has a statement of this device.
    pub fn was_taken(&self, statement: &ChangeHash) -> bool {
        self.ledger.statements.get(statement).is_some_and(|facts| facts.acknowledged.is_some())
    }

    /// Whether a change is in its dossier here, by the word of the server.
    pub fn is_in(&self, document: &DocumentId, change: &ChangeHash) -> bool {
        let facts = self.ledger.documents.get(document).and_then(|facts| facts.change(change));
        facts.is_some_and(|facts| facts.acknowledged.is_some())
    }

    /// Whether a device was revoked, as far as this one knows: then it records nothing anew.
    pub fn is_revoked(&self, device: &DeviceId) -> bool {
        self.ledger.revoked.contains_key(device)
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
            if self.ledger.known_statement(&signed).is_none() {
                // Beside the text that it is about, and gone when that is.
                let mut named = decision.changes.iter().chain(&decision.leaning);
                let apart = named.find(|hash| self.ledger.aside.get(*hash).is_some_and(|aside| !aside.carried));
                let key = apart.map_or(decision.document, |hash| aside_key(&decision.document, hash));
                self.keyring.add_document_keys(&*self.disk, &[key], rng)?;
                records.push((Kind::Decision, Some(key), bytes.clone()));
            }
        }
        Ok(())
    }
}
