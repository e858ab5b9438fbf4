//! Performing again what had to be rebuilt away through no fault of its own.
//!
//! Three things lead here: a refused change on which later work leant; a change whose number was taken, after a backup was
//! put back; and a register made before this field book joined a region. The operation behind each change is in the
//! journal, so all of it can be done at any time, also after a crash half-way.

use std::collections::HashMap;

use super::*;
use crate::clock::Timestamp;
use crate::notes::SetAside;
use crate::record::Code;
use crate::wire::Reason;

/// An operation that is due.
struct Due {
    number: u64,
    document: DocumentId,
    replaced: ChangeHash,
    operation: Position,
    /// The document to perform it in.
    target: DocumentId,
    /// It was set aside when its dossier left this device.
    apart: bool,
}

impl FieldBook {
    /// Performs again what is due, under a new session and with the same entry ids. Says how many operations that were.
    ///
    /// # Errors
    /// Store errors; what was done before stays done.
    pub fn mend(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<usize, FieldBookError> {
        self.drop_what_leans(moment, rng)?;
        self.finish_closing(rng)?;
        self.finish_erasing(moment, rng)?;
        if self.due().is_empty() {
            return Ok(0);
        }
        let mut writer = self.journal.write()?;
        let mut fold = Fold::new(&mut self.ledger);
        writer.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        // Another process may have done it meanwhile.
        let due = due_in(&self.ledger);
        let count = due.len();
        new_session(&*self.disk, rng)?;
        let actor = actor(&*self.disk, &self.keyring, rng)?;
        writer.add_document_keys(&self.keyring, &due.iter().map(|due| due.target).collect::<Vec<_>>(), rng)?;
        let mut records = Vec::new();
        let mut documents: HashMap<DocumentId, Document> = HashMap::new();
        for due in due {
            let Some(bytes) = bytes_at(&writer, due.operation, &self.keyring)? else { continue };
            let (writes, at) = if due.apart {
                let note = SetAside::decode(&bytes)?;
                (note.writes()?, note.at)
            } else {
                let operation = Operation::decode(&bytes)?;
                (operation.writes()?, operation.at)
            };
            let mut document = match documents.remove(&due.target) {
                Some(document) => document,
                None => as_it_was(&self.ledger, &writer, &self.keyring, &due)?,
            };
            let by = match document.write(&writes, &actor, at)? {
                Some(chunk) => {
                    let change = sign(due.target, &chunk, self.keyring.device_keys())?;
                    let note = Operation::new(due.target, change.hash(), at, &writes, Some(due.replaced));
                    records.push((Kind::Change, Some(due.target), change.bytes().to_vec()));
                    records.push((Kind::Operation, Some(due.target), note.encode()));
                    change.hash()
                }
                None => {
                    // Everything it wrote stands already; remember that nothing is due.
                    let note = Operation::new(due.target, due.replaced, moment.at, &writes, Some(due.replaced));
                    records.push((Kind::Operation, Some(due.target), note.encode()));
                    due.replaced
                }
            };
            if due.apart {
                records.push((Kind::SetAside, None, done_again(&due, by, at)));
            }
            documents.insert(due.target, document);
        }
        let records = to_records(&self.keyring, records);
        let appended = writer.append(&self.keyring, rng, &records)?;
        writer.commit()?;
        self.fold_own(records, &appended)?;
        Ok(count)
    }

    /// What builds on a change that a coordinator refused cannot stand either: it is performed again.
    fn drop_what_leans(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        let mut records = Vec::new();
        for (document, facts) in &self.ledger.documents {
            let leaning = facts.leaning();
            if !leaning.is_empty() {
                let why = Reason::MissingDependencies.into();
                let note = syncing::not_admitted(Some(*document), leaning, &why, moment, true);
                records.push((Kind::Refused, None, note));
            }
        }
        self.append(records, rng)
    }

    fn due(&self) -> Vec<Due> {
        due_in(&self.ledger)
    }
}

/// The note that something that was set aside was performed again. It says nothing about anybody.
fn done_again(due: &Due, by: ChangeHash, at: Timestamp) -> Vec<u8> {
    let note = SetAside {
        document: due.document,
        change: due.replaced,
        at,
        writes: Vec::new().into(),
        called: None,
        reason: Reason::MissingDependencies.code().to_owned(),
        refused: None,
        text: None,
        replaced: Some(by),
        envelope: None,
        carried: None,
    };
    note.encode()
}

fn due_in(ledger: &Ledger) -> Vec<Due> {
    let listed: HashSet<(DocumentId, ChangeHash)> = ledger.refused.iter().map(|item| (item.document, item.hash)).collect();
    let mut due = Vec::new();
    for (document, facts) in &ledger.documents {
        let left_behind = ledger.is_left_behind(document);
        for change in &facts.changes {
            let rebuilt = facts.is_dropped(&change.hash) && !listed.contains(&(*document, change.hash));
            let Some(operation) = change.operation.filter(|_| rebuilt || left_behind) else { continue };
            if ledger.replaced.contains_key(&change.hash) {
                continue;
            }
            let target = ledger.register().filter(|_| left_behind).unwrap_or(*document);
            due.push(Due { number: change.number, document: *document, replaced: change.hash, operation, target, apart: false });
        }
    }
    for (hash, aside) in ledger.aside.iter().filter(|(_, aside)| aside.again) {
        let (document, number, operation) = (aside.document, aside.number, aside.position);
        due.push(Due { number, document, replaced: *hash, operation, target: document, apart: true });
    }
    due.sort_unstable_by_key(|due| due.number);
    due
}

/// The document as the author of a replaced change knew it: what came from others since is left out, so that the change
/// performed again stands beside theirs and differing values are shown, not overwritten.
fn as_it_was(ledger: &Ledger, journal: &dyn ReadAt, keyring: &Keyring, due: &Due) -> Result<Document, FieldBookError> {
    let Some(facts) = ledger.documents.get(&due.target) else { return Ok(Document::found(DocumentKind::Dossier)?) };
    let mut known: HashSet<ChangeHash> = HashSet::new();
    if due.target == due.document {
        let mut next = vec![due.replaced];
        while let Some(hash) = next.pop() {
            if known.insert(hash)
                && let Some(change) = facts.change(&hash)
            {
                next.extend(change.deps.iter().copied());
                // What was performed again in place of an ancestor is an ancestor too, with all it leans on.
                next.extend(ledger.replaced.get(&hash).copied());
            }
        }
    }
    let mut document = Document::found(facts.kind)?;
    let mut chunks = Vec::new();
    for change in facts.live().filter(|change| due.target != due.document || known.contains(&change.hash)) {
        if let Some(bytes) = bytes_at(journal, change.position, keyring)? {
            let change = SignedChange::decode(&bytes).map_err(|error| LedgerError::Record(change.number, error.to_string()))?;
            chunks.push(change.chunk().to_vec());
        }
    }
    if !chunks.is_empty() {
        document.apply(chunks.iter().map(Vec::as_slice))?;
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::NoCache;
    use crate::clock::{LocalTime, Timestamp};
    use crate::disk::MemoryDisk;
    use crate::journal::tests::Chance;
    use crate::notes::NotAdmitted;
    use crate::record::Record as _;
    use crate::trainee::Trainee;
    use crate::wire::Reason;

    #[test]
    fn two_processes_that_see_the_same_work_due_perform_it_again_once() {
        let mut rng = Chance(61);
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        let key = WrappingKey::generate(&mut rng);
        let setup = Setup {
            region: "gooi".into(),
            organisation: Some("wf".into()),
            person: Some("anna".into()),
            display_name: None,
            server_url: None,
            server: None,
            server_keys: None,
        };
        let mut book = FieldBook::create(disk.clone(), Arc::new(NoCache), &key, setup, &mut rng).unwrap();
        let moment =
            Moment { at: Timestamp::from_millis(1_740_988_800_000), local: "2025-03-03 09:00".parse::<LocalTime>().unwrap() };
        let trainee = Trainee { reference: Some("WF-1".into()), ..Trainee::default() };
        let document = book.found(trainee.create(""), moment, &mut rng).unwrap();
        // Its number was taken: it is due to be performed again, and the process ended before it was.
        let hash = book.ledger.documents[&document].changes[0].hash;
        let note = NotAdmitted {
            document: Some(document),
            hashes: vec![hash],
            reason: crate::record::Code::code(Reason::SequenceTaken).to_owned(),
            at: moment.at,
            envelope: None,
            sender: None,
            again: Some(true),
            text: None,
        };
        book.append(vec![(Kind::Refused, None, note.encode())], &mut rng).unwrap();
        let open = || FieldBook::open(disk.clone(), Arc::new(NoCache), &key).unwrap();
        let (mut first, mut second) = (open(), open());
        assert_eq!((first.due().len(), second.due().len()), (1, 1));
        assert_eq!(first.mend(moment, &mut rng).unwrap(), 1);
        assert_eq!(second.mend(moment, &mut rng).unwrap(), 0, "what was due is looked at again under the lock");
        let mut book = open();
        assert_eq!(book.ledger.documents[&document].live().count(), 1);
        assert_eq!(book.dossier(document).unwrap().trainee.reference.as_deref(), Some("WF-1"));
    }
}
