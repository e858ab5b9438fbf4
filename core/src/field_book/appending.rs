//! Records into the journal and, as soon as they are durable, into the ledger.

use super::*;
use crate::journal::{Appended, NewRecord, Payload};
use crate::notes::EpochNote;

/// A record before it has its key: what it is, the document it belongs to, its content.
pub(super) type Unsealed = (Kind, Option<DocumentId>, Vec<u8>);

impl FieldBook {
    /// Appends records in one durable group and folds them.
    pub(super) fn append(&mut self, records: Vec<Unsealed>, rng: &mut dyn CryptoRng) -> Result<(), FieldBookError> {
        if records.is_empty() {
            return Ok(());
        }
        let before = self.journal.head().0;
        let mut writer = self.journal.write()?;
        let mut fold = Fold::new(&mut self.ledger);
        writer.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        unseen::remember(&mut self.unseen, &self.ledger, before, writer.head().0);
        let records = to_records(&self.keyring, records);
        let appended = writer.append(&self.keyring, rng, &records)?;
        writer.commit()?;
        self.fold_own(records, &appended)
    }

    /// Folds what this handle itself appended.
    pub(super) fn fold_own(&mut self, records: Vec<NewRecord>, appended: &[Appended]) -> Result<(), FieldBookError> {
        let mut fold = Fold::new(&mut self.ledger);
        for (record, appended) in records.into_iter().zip(appended) {
            fold.take(record.at(*appended));
        }
        fold.result
    }
}

/// Folds records into the ledger, remembering the first trouble.
pub(super) struct Fold<'a> {
    ledger: &'a mut Ledger,
    pub(super) result: Result<(), FieldBookError>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(ledger: &'a mut Ledger) -> Self {
        Self { ledger, result: Ok(()) }
    }

    pub(super) fn take(&mut self, record: Record) {
        if self.result.is_err() {
            return;
        }
        match self.ledger.absorb(record) {
            Ok(Some(Record { kind: Kind::Epoch, payload: Payload::Bytes(bytes), .. })) => match EpochNote::decode(&bytes) {
                Ok(note) => self.ledger.begin_life(note.epoch),
                Err(error) => self.result = Err(LedgerError::from(error).into()),
            },
            Ok(_) => {}
            Err(error) => self.result = Err(error.into()),
        }
    }
}

/// The record of a statement of this device's own making.
pub(super) fn stated(statement: &Statement, keys: &DeviceKeys) -> Result<Unsealed, FieldBookError> {
    let signed = SignedStatement::sign(statement, keys).map_err(Unsavable::from)?;
    statement_record(&signed).ok_or(FieldBookError::Nobody)
}

/// The record of a signed statement: under the key of the document that it belongs to, so that it goes away with it. None
/// for one of a newer version.
pub(super) fn statement_record(signed: &SignedStatement) -> Option<Unsealed> {
    let kind = syncing::kind_of(signed.statement())?;
    Some((kind, signed.statement().document(), signed.bytes().to_vec()))
}

/// Each record under its key: that of its document, else that of the store.
pub(super) fn to_records(keyring: &Keyring, records: Vec<Unsealed>) -> Vec<NewRecord> {
    records
        .into_iter()
        .map(|(kind, document, payload)| {
            let key = document.and_then(|document| keyring.document_key(document)).unwrap_or_else(|| keyring.store_key_id());
            NewRecord { kind, key, payload }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::journal::tests::Chance;
    use crate::record::Lang;

    #[test]
    fn a_grant_that_nobody_would_read_again_says_what_is_wrong_with_it_in_both_languages() {
        let keys = DeviceKeys::generate(&mut Chance(1));
        let from: Day = "2025-03-31".parse().unwrap();
        let at = Timestamp::from_millis(1_743_400_000_000);
        let grant = |person: &str, until: Option<Day>| {
            let by = "anna".to_owned();
            let (id, document) = (EntryId::fresh(at, &mut Chance(2)), DocumentId::from_bytes([1; 16]));
            let person = person.to_owned();
            stated(&Statement::Grant(Grant { id, document, person, from, until, note: None, by, at, decision: None }), &keys)
        };
        assert!(grant("bram", Some(from)).is_ok());
        for refused in [grant(&"b".repeat(300), None), grant("bram", "2025-03-30".parse().ok())] {
            let error = refused.unwrap_err();
            assert!(matches!(error, FieldBookError::Unfit(Unsavable::OutOfBounds(_))), "{error}");
            assert!(error.message(Lang::Nl).starts_with("dit kan niet worden opgeslagen: een code of toelichting is te lang"));
            assert!(error.message(Lang::En).starts_with("this cannot be saved: a code, note or period in it is not one ("));
        }
    }

    #[test]
    fn what_is_too_large_is_to_be_written_in_parts_whether_it_is_a_change_or_a_statement() {
        use crate::cbor::FormatError;
        use crate::chunk::BadChunk;
        use crate::envelope::BadEnvelope;
        let large = FormatError::TooLarge { len: 9, limit: 8 };
        assert_eq!(Unsavable::from(large.clone()), Unsavable::TooLarge);
        assert_eq!(Unsavable::from(BadEnvelope::Format(large)), Unsavable::TooLarge);
        assert_eq!(Unsavable::from(BadEnvelope::Chunk(BadChunk::Limit("operations"))), Unsavable::TooLarge);
        assert_eq!(Unsavable::from(BadEnvelope::Actor), Unsavable::Unreadable(BadEnvelope::Actor));
    }
}
