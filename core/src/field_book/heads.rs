//! The server's record book, as this device knows it: the last head that it was told, and whether the server still has it.

use super::syncing::SyncError;
use super::*;
use crate::notes::HeadNote;
use crate::wire::{Answer, Head, Seen};

/// What a request told of the server's record book.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Told {
    /// Nothing.
    #[default]
    Nothing,
    /// The head that was seen last.
    Last(HeadNote),
    /// One that the server says it does not have, with its own signature.
    Proof(HeadNote),
}

impl Told {
    /// Whether it is evidence.
    pub(super) const fn is_proof(&self) -> bool {
        matches!(self, Self::Proof(_))
    }
}

/// What became of the server's record book since this device looked last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordBook {
    /// It went on.
    #[default]
    GoesOn,
    /// A new life of the server began, from a backup perhaps.
    Restored,
    /// It does not have what this device saw in it: it was cut, rewritten, or replaced by an older copy in silence.
    Contradicted {
        /// The number of the record that this device saw last.
        number: u64,
    },
}

impl RecordBook {
    /// The worse of two.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        match (self, later) {
            (Self::Contradicted { .. }, _) | (Self::Restored, Self::GoesOn) => self,
            _ => later,
        }
    }
}

impl FieldBook {
    /// What to tell of the head that was seen last.
    pub(super) fn told_head(&self) -> (Option<Seen>, Told) {
        if let Some(doubt) = self.ledger.head_doubts.iter().find(|doubt| !self.ledger.shown_heads.contains(&doubt.hash))
            && let Some(signature) = doubt.signature()
        {
            return (Some(Seen::proof(doubt.epoch, doubt.number, &doubt.hash, signature)), Told::Proof(doubt.clone()));
        }
        match &self.ledger.head {
            Some(head) if self.ledger.cursor.as_ref().is_some_and(|cursor| cursor.epoch == head.epoch) => {
                (Some(Seen::brief(head.number, &head.hash)), Told::Last(head.clone()))
            }
            _ => (None, Told::Nothing),
        }
    }

    /// Compares what the server says of its record book with what this device saw, and what is to be kept of it.
    ///
    /// # Errors
    /// [`SyncError::Nonsense`] when the head is not signed by the server.
    pub(super) fn judge_record_book(
        &self,
        told: Told,
        answer: &Answer,
        epoch: Epoch,
        server: &PublicKeys,
        moment: Moment,
    ) -> Result<(RecordBook, Vec<HeadNote>), SyncError> {
        let mut notes = Vec::new();
        let doubted = answer.head.as_ref().is_some_and(|head| head.doubted == Some(true));
        let mut book = RecordBook::GoesOn;
        let another_life = self.ledger.cursor.as_ref().is_some_and(|cursor| cursor.epoch != epoch);
        if another_life {
            book = RecordBook::Restored;
        }
        if let Some(head) = &answer.head {
            head.verify(epoch, server).map_err(|_| {
                SyncError::Nonsense(crate::words::Words::new(
                    "de kop van zijn journaal is niet door de server ondertekend",
                    "the head of its record book is not signed by the server",
                ))
            })?;
            if let Told::Last(last) = &told {
                let behind =
                    last.epoch == epoch && (head.number < last.number || head.number == last.number && head.hash != last.hash);
                if doubted || behind {
                    book = RecordBook::Contradicted { number: last.number };
                    notes.push(HeadNote { state: Some(HeadNote::DOUBTED), ..last.clone() });
                }
            }
            // Another process of this store may have seen a later one meanwhile.
            let newer = self.ledger.head.as_ref().is_none_or(|known| known.epoch != epoch || known.number < head.number);
            if newer || matches!(book, RecordBook::Contradicted { .. }) {
                notes.push(note(epoch, head, moment));
            }
        }
        if let Told::Proof(doubt) = told {
            book = RecordBook::Contradicted { number: doubt.number };
            notes.push(HeadNote { state: Some(HeadNote::SHOWN), ..doubt });
        }
        Ok((book, notes))
    }

    /// What the person is still to be told of the server's record book: of a contradiction until they say that they know of it,
    /// of a new life until [`FieldBook::told_of_new_life`].
    pub fn record_book_to_tell(&self) -> RecordBook {
        match self.contradicted() {
            Some(number) => RecordBook::Contradicted { number },
            None if self.ledger.untold_life => RecordBook::Restored,
            None => RecordBook::GoesOn,
        }
    }

    /// The number of the last record that the server had and does not have any more, as long as nobody said that they know of it
    /// and no new life of the server explains it.
    pub fn contradicted(&self) -> Option<u64> {
        self.standing_doubts().last().map(|doubt| doubt.number)
    }

    fn standing_doubts(&self) -> impl Iterator<Item = &HeadNote> {
        self.ledger.head_doubts.iter().filter(|doubt| !self.ledger.known_doubts.contains(&doubt.hash))
    }

    /// The person knows that the server's record book was changed, cut or put back. The evidence stays.
    ///
    /// # Errors
    /// Journal errors.
    pub fn acknowledge_contradiction(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<usize, FieldBookError> {
        self.catch_up()?;
        let known = |doubt: &HeadNote| HeadNote { state: Some(HeadNote::KNOWN), at: moment.at, ..doubt.clone() };
        let records: Vec<Unsealed> = self.standing_doubts().map(|doubt| (Kind::Head, None, known(doubt).encode())).collect();
        let count = records.len();
        self.append(records, rng)?;
        Ok(count)
    }

    /// The person heard that a new life of the server began.
    ///
    /// # Errors
    /// Journal errors.
    pub fn told_of_new_life(&mut self, moment: Moment, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        let Some(cursor) = self.ledger.cursor.as_ref().filter(|_| self.ledger.untold_life) else { return Ok(()) };
        let state = Some(HeadNote::LIFE_TOLD);
        let signature = Vec::new().into();
        let told = HeadNote { epoch: cursor.epoch, number: 0, hash: [0; 32], signature, at: moment.at, state };
        self.append(vec![(Kind::Head, None, told.encode())], rng)
    }

    /// The head of the server's record book that this device saw last, and those that the server did not have any more.
    pub fn server_heads(&self) -> (Option<&HeadNote>, &[HeadNote]) {
        (self.ledger.head.as_ref(), &self.ledger.head_doubts)
    }
}

fn note(epoch: Epoch, head: &Head, moment: Moment) -> HeadNote {
    let signature = head.signature.as_bytes().to_vec().into();
    HeadNote { epoch, number: head.number, hash: head.hash, signature, at: moment.at, state: None }
}
