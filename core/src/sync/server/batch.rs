//! A batch of requests while the journal is held: what it stages is seen at once by the rest of the batch.

use super::*;

/// A batch while the journal is held.
pub(super) struct Batch<'a> {
    pub(super) state: &'a mut State,
    pub(super) keyring: &'a Keyring,
    pub(super) cache: &'a dyn Cache,
    pub(super) writer: crate::journal::Writer<'a>,
    /// The number of the first record that is staged here.
    pub(super) first: u64,
    pub(super) next: u64,
    pub(super) records: Vec<NewRecord>,
    pub(super) moment: Moment,
    pub(super) grace_days: u32,
}

/// The segment of which staged records are said to be until their group is written; none in a journal has this number.
const STAGED: u32 = 0;

/// Whether a record is staged and not written yet.
pub(super) fn is_staged(position: Position) -> bool {
    position.segment == STAGED
}

/// Where a staged record stands until its group is written.
fn staged(number: u64) -> Position {
    Position { segment: STAGED, offset: number }
}

/// The journal with the staged records of a batch.
pub(super) struct SoFar<'a, 'w> {
    pub(super) writer: &'a crate::journal::Writer<'w>,
    pub(super) records: &'a [NewRecord],
    pub(super) first: u64,
}

impl crate::field_book::ReadAt for SoFar<'_, '_> {
    fn record_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError> {
        let place = position.offset.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.records.get(place)).filter(|_| position.segment == STAGED) {
            Some(record) => Ok(record.clone().at(Appended { seq: position.offset, position, hash: [0; 32] })),
            None => self.writer.read_at(position, keyring),
        }
    }
}

impl<'w> Batch<'w> {
    /// Stages a record and folds it at once, so that the rest of the batch sees it.
    pub(super) fn stage(&mut self, kind: Kind, key: KeyId, payload: Vec<u8>) -> Result<u64, RegionError> {
        let number = self.next;
        self.next += 1;
        let record = NewRecord { kind, key, payload };
        self.state.fold(record.clone().at(Appended { seq: number, position: staged(number), hash: [0; 32] }))?;
        self.records.push(record);
        Ok(number)
    }

    pub(super) fn stage_note(&mut self, kind: Kind, payload: Vec<u8>) -> Result<u64, RegionError> {
        let key = self.keyring.store_key_id();
        self.stage(kind, key, payload)
    }

    /// The bytes of a record, whether it is in the journal or staged here.
    pub(super) fn bytes_of(&self, number: u64, position: Position) -> Result<Option<Vec<u8>>, RegionError> {
        debug_assert!(position.segment != STAGED || position.offset == number, "a staged record stands at its number");
        Ok(bytes_at(&self.so_far(), position, self.keyring)?)
    }

    /// The journal as it is, with what is staged behind it.
    pub(super) fn so_far(&self) -> SoFar<'_, 'w> {
        SoFar { writer: &self.writer, records: &self.records, first: self.first }
    }

    pub(super) fn open_for(&mut self, document: DocumentId, person: &str) -> Result<(), RegionError> {
        if !self.state.feed.is_open(person, &document) {
            let note = Access { document, person: Some(person.to_owned()) };
            self.stage(Kind::Opened, self.key_of(document), note.encode())?;
        }
        Ok(())
    }

    pub(super) fn close_for(&mut self, document: DocumentId, person: &str) -> Result<(), RegionError> {
        if self.state.feed.is_open(person, &document) {
            let note = Access { document, person: Some(person.to_owned()) };
            self.stage(Kind::Closed, self.key_of(document), note.encode())?;
        }
        Ok(())
    }

    /// Dated grants begin and end through records, so that feeds need no clock.
    pub(super) fn open_and_close_what_is_due(&mut self) -> Result<(), RegionError> {
        let today = self.moment.today();
        let changed = std::mem::take(&mut self.state.due);
        let documents: Vec<DocumentId> = match self.state.due_checked == Some(today) {
            true => changed.into_iter().collect(),
            false => self.state.ledger.documents.keys().copied().collect(),
        };
        self.state.due_looks += documents.len() as u64;
        let mut due = Vec::new();
        for document in &documents {
            let Some(facts) = self.state.ledger.documents.get(document) else { continue };
            let founder = facts.opening.as_ref().map(|(opening, _)| opening.person.as_str());
            let people: HashSet<&str> = facts.grants.iter().map(|(_, grant)| grant.person.as_str()).chain(founder).collect();
            for person in people {
                let holds = self.state.ledger.holds_grant(document, person, today);
                if holds != self.state.feed.is_open(person, document) {
                    due.push((*document, person.to_owned(), holds));
                }
            }
        }
        for (document, person, holds) in due {
            if holds {
                self.open_for(document, &person)?;
                self.release(document)?;
            } else {
                self.close_for(document, &person)?;
            }
        }
        self.state.due_checked = Some(today);
        Ok(())
    }
}
