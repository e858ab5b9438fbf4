//! What lies apart and is sent from there: own work that waited in a former life of the server and whose dossier has left, and
//! work of others that came in a file and that only the server, and a coordinator, can say anything about.

use std::collections::{BTreeMap, BTreeSet};

use super::syncing::{SyncError, not_admitted};
use super::*;
use crate::admission::Candidate;
use crate::ledger::{Aside, aside_key};
use crate::limits::{MAX_WAITING_BYTES, MAX_WAITING_CHANGES};
use crate::notes::SetAside;
use crate::record::{Code as _, Entry};
use crate::refounding::{cells, is_left_out};
use crate::wire::{Reason, Why};

/// How much of others' work this device carries. As much as the server lets wait of one device: what is beyond could come in no
/// sooner, and the file has it.
#[derive(Default)]
pub(super) struct Load {
    bytes: HashMap<DeviceId, usize>,
    changes: HashMap<(DocumentId, DeviceId), usize>,
}

impl Load {
    fn add(&mut self, document: DocumentId, signer: DeviceId, size: usize) {
        let bytes = self.bytes.entry(signer).or_default();
        *bytes = bytes.saturating_add(size);
        *self.changes.entry((document, signer)).or_default() += 1;
    }

    /// Counts one more change; false when there is no room for it.
    pub(super) fn take(&mut self, change: &SignedChange) -> bool {
        let (document, signer, size) = (change.document(), change.signer(), change.bytes().len());
        let bytes = self.bytes.get(&signer).copied().unwrap_or_default();
        let changes = self.changes.get(&(document, signer)).copied().unwrap_or_default();
        let fits = bytes.saturating_add(size) <= MAX_WAITING_BYTES && changes < MAX_WAITING_CHANGES;
        if fits {
            self.add(document, signer, size);
        }
        fits
    }
}

/// Changes that others follow: as a dependency, or as later ones of the same actor.
#[derive(Default)]
pub(super) struct Before {
    hashes: HashSet<ChangeHash>,
    actors: HashSet<Vec<u8>>,
}

impl Before {
    pub(super) fn add(&mut self, change: &SignedChange) {
        self.hashes.insert(change.hash());
        self.actors.insert(change.header().actor.clone());
    }

    pub(super) fn comes_before(&self, change: &SignedChange) -> bool {
        let header = change.header();
        self.actors.contains(&header.actor) || header.deps.iter().any(|dep| self.hashes.contains(dep))
    }
}

impl FieldBook {
    /// How much of others' work this device carries.
    pub(super) fn load(&self) -> Load {
        let mut load = Load::default();
        for aside in self.ledger.aside.values().filter(|aside| aside.carried) {
            if let Some((signer, size)) = aside.of {
                load.add(aside.document, signer, size);
            }
        }
        load
    }

    /// Whether the person of this device took somebody else's change off the list: it is not carried once more.
    pub(super) fn is_dismissed(&self, hash: &ChangeHash) -> bool {
        self.ledger.replaced.get(hash) == Some(hash)
    }

    /// Work of others that came in a file and that the server has not taken, in the order in which it came.
    pub fn not_taken(&self) -> Vec<(DocumentId, ChangeHash)> {
        let mut carried: Vec<_> = self.aside_to_send().filter(|(_, aside)| aside.carried).collect();
        carried.sort_unstable_by_key(|(_, aside)| aside.number);
        carried.into_iter().map(|(hash, aside)| (aside.document, *hash)).collect()
    }

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

    /// A dossier goes on in another document. What lies here of the old one and is performed by nobody in the new one goes along, to
    /// be read, recorded anew and taken off the list by whoever it is here: work that was carried and never reached the server, and
    /// what was refused. What was withdrawn is not among it, nor what stands in the new one already. Says how much of it had been
    /// carried.
    pub(super) fn move_apart(
        &mut self,
        old: DocumentId,
        into: DocumentId,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<usize, FieldBookError> {
        let carried = self.carried(old)?;
        let refused = self.refused()?.into_iter().filter(|(item, _)| item.document == old);
        let refused: Vec<_> = refused.collect();
        if carried.is_empty() && refused.is_empty() {
            return Ok(0);
        }
        let withdrawn = self.withdrawn_from(old);
        let present = cells(&self.document(into)?, &BTreeSet::new())?;
        let called = self.called(into).or_else(|| self.reference_of(old));
        let mut said: BTreeMap<(Container, String), Entry> = BTreeMap::new();
        let mut left = |writes: Vec<Write>| -> Vec<Write> {
            for write in &writes {
                let entry = said.entry((write.container, write.entry.clone())).or_default();
                entry.insert(write.key.clone(), write.value.clone());
            }
            let gone = |write: &Write| {
                let fields = said.get(&(write.container, write.entry.clone()));
                fields.is_some_and(|fields| is_left_out(write.container, &write.entry, fields, &withdrawn))
            };
            let writes: Vec<Write> = writes.into_iter().filter(|write| !gone(write)).collect();
            let stands = |write: &Write| {
                let values = present.get(&(write.container, write.entry.clone(), write.key.clone()));
                values.is_some_and(|values| values.contains(&write.value))
            };
            if writes.iter().all(stands) { Vec::new() } else { writes }
        };
        let mut notes = Vec::new();
        for (item, writes) in refused {
            let writes = left(writes);
            if !writes.is_empty() {
                let carried = self.ledger.aside.get(&item.hash).is_some_and(|aside| aside.carried);
                notes.push(((item.hash, item.at), writes, item.reason, (item.at, item.text), carried));
            }
        }
        let before = notes.len();
        for (hash, at, writes) in carried {
            let writes = left(writes);
            if !writes.is_empty() {
                notes.push(((hash, at), writes, Reason::GoesOn, (moment.at, None), true));
            }
        }
        let count = notes.len() - before;
        let names: Vec<DocumentId> = notes.iter().map(|((hash, _), ..)| aside_key(&into, hash)).collect();
        self.keyring.add_document_keys(&*self.disk, &names, rng)?;
        let mut records = Vec::new();
        for (((change, at), writes, reason, (refused, text), carried), key) in notes.into_iter().zip(names) {
            let note = SetAside {
                document: into,
                change,
                at,
                writes: Operation::new(into, change, at, &writes, None).writes,
                called: called.clone(),
                reason: reason.code().to_owned(),
                refused: Some(refused),
                text,
                replaced: None,
                envelope: None,
                carried: carried.then_some(true),
            };
            records.push((Kind::SetAside, Some(key), note.encode()));
        }
        self.append(records, rng)?;
        Ok(count)
    }

    /// What is carried of a document and the server has not had: each with when it was made and what it says.
    fn carried(
        &mut self,
        document: DocumentId,
    ) -> Result<Vec<(ChangeHash, crate::clock::Timestamp, Vec<Write>)>, FieldBookError> {
        let carried = self.ledger.aside.iter().filter(|(_, one)| one.document == document && one.carried && one.send);
        let mut carried: Vec<(u64, ChangeHash, Position)> =
            carried.map(|(hash, one)| (one.number, *hash, one.position)).collect();
        carried.sort_unstable_by_key(|(number, ..)| *number);
        let (mut found, mut chunks) = (Vec::new(), Vec::new());
        for (number, hash, position) in carried {
            let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? else { continue };
            let note = SetAside::decode(&bytes)?;
            let Some(envelope) = note.envelope else { continue };
            let change = SignedChange::decode(&envelope).map_err(|error| LedgerError::Record(number, error.to_string()))?;
            chunks.push(change.chunk().to_vec());
            found.push((hash, note.at, Vec::new()));
        }
        if found.is_empty() {
            return Ok(found);
        }
        for edit in self.document(document)?.edits_with(&chunks)? {
            if let Some((.., writes)) = found.iter_mut().find(|(hash, ..)| *hash == edit.hash) {
                *writes = edit.writes;
            }
        }
        Ok(found)
    }
}
