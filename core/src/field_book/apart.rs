//! What lies apart and is sent from there: own work that waited in a former life of the server and whose dossier has left, and
//! work of others that came in a file and that only the server, and a coordinator, can say anything about.

use super::syncing::{SyncError, not_admitted};
use super::*;
use crate::admission::Candidate;
use crate::ledger::{Aside, aside_key};
use crate::notes::SetAside;
use crate::record::Code as _;
use crate::wire::{Reason, Why};

impl FieldBook {
    /// What lies apart and is to be sent.
    pub(super) fn aside_to_send(&self) -> impl Iterator<Item = (&ChangeHash, &Aside)> {
        let here =
            |document: &DocumentId, hash: &ChangeHash| self.ledger.documents.get(document).is_some_and(|facts| facts.has(hash));
        self.ledger.aside.iter().filter(move |(hash, one)| one.send && !here(&one.document, hash))
    }

    /// The signed bytes of a change: of its record, or from the note that keeps it apart.
    pub(super) fn signed_at(&self, hash: &ChangeHash, position: Position) -> Result<Option<Vec<u8>>, SyncError> {
        let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? else { return Ok(None) };
        if self.ledger.aside.get(hash).is_none_or(|aside| aside.position != position) {
            return Ok(Some(bytes));
        }
        Ok(SetAside::decode(&bytes)?.envelope.map(|envelope| envelope.to_vec()))
    }

    /// Notes that the server refused what lies apart. Says whether it is listed as refused.
    pub(super) fn refuse_aside(
        &mut self,
        document: DocumentId,
        hash: ChangeHash,
        why: &Why,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<bool, SyncError> {
        let Some(aside) = self.ledger.aside.get(&hash) else { return Ok(false) };
        let again = matches!(why.reason, Reason::SequenceTaken | Reason::WrongStart) && !aside.carried;
        self.append(vec![(Kind::Refused, None, not_admitted(Some(document), vec![hash], why, moment, again))], rng)?;
        self.mend(moment, rng)?;
        Ok(!again)
    }

    /// Keeps work of others apart, so that it goes to the server with the next exchange; durable when this returns. Each has a
    /// key of its own, which goes when its fate is known.
    pub(super) fn carry(&mut self, changes: &[(&Candidate, Why)], rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        let names: Vec<DocumentId> = changes.iter().map(|(one, _)| aside_key(&one.document(), &one.hash())).collect();
        self.keyring.add_document_keys(&*self.disk, &names, rng)?;
        let note = |change: &Candidate, why: &Why| SetAside {
            document: change.document(),
            change: change.hash(),
            at: change.made_at(),
            writes: Vec::new().into(),
            called: None,
            reason: why.reason.code().to_owned(),
            refused: None,
            text: None,
            replaced: None,
            envelope: Some(change.bytes().to_vec().into()),
            carried: Some(true),
        };
        let records = changes.iter().zip(&names).map(|((one, why), key)| (Kind::SetAside, Some(*key), note(one, why).encode()));
        self.append(records.collect(), rng)
    }
}
