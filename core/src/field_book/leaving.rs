//! When a dossier leaves this device: on the server's signed word only, and with what waits kept apart first.

use std::collections::HashSet;

use super::syncing::SyncError;
use super::*;
use crate::ledger::aside_key;
use crate::notes::SetAside;
use crate::record::Code as _;
use crate::wire::{News, Reason};
use crate::words::Words;

/// How much earlier than the last answer a closing of an earlier version may be dated, in milliseconds: it does not say which
/// request it answers.
const CLOCK_SLACK: i64 = 10 * 60 * 1000;

impl FieldBook {
    /// A dossier is dropped on the server's signed word only.
    pub(super) fn check_closings(
        &self,
        asked: &[u8],
        closed: &[DocumentId],
        news: &News,
        server: &PublicKeys,
    ) -> Result<(), SyncError> {
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
            // Not one of an earlier answer: what it closed may have been opened since.
            let of_now = match &closing.asked {
                Some(cursor) => cursor.as_slice() == asked,
                None => closing.at >= last.plus_millis(-CLOCK_SLACK),
            };
            let mine = Some(&closing.person) == person.as_ref() && of_now;
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
            let found: Vec<(ChangeHash, Option<Reason>, Option<Position>, Position)> =
                changes.into_iter().map(|one| (one.hash, one.quarantined, one.operation, one.position)).collect();
            let called = self.called(document);
            let names: Vec<DocumentId> = found.iter().map(|(change, ..)| aside_key(&document, change)).collect();
            self.keyring.add_document_keys(&*self.disk, &names, rng)?;
            let mut records = Vec::new();
            for (change, quarantined, operation, position) in found {
                let envelope = bytes_at(&self.journal, position, &self.keyring)?;
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
                    envelope: envelope.map(Into::into),
                    carried: None,
                };
                records.push((Kind::SetAside, Some(aside_key(&document, &change)), note.encode()));
            }
            self.append(records, rng)?;
        }
        Ok(())
    }
}
