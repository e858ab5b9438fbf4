//! Documents, read back from the shelf, the cache or the journal.

use super::*;
use crate::journal::{Payload, Writer};
use crate::ledger::DocumentFacts;

/// Where envelopes and notes are read back from: the journal, or the journal while it is being written.
pub(crate) trait ReadAt {
    /// The record at a position.
    ///
    /// # Errors
    /// Journal errors.
    fn record_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError>;
}

impl ReadAt for Journal {
    fn record_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError> {
        self.read_at(position, keyring)
    }
}

impl ReadAt for Writer<'_> {
    fn record_at(&self, position: Position, keyring: &Keyring) -> Result<Record, JournalError> {
        self.read_at(position, keyring)
    }
}

/// The bytes of a record, if its key still exists.
pub(crate) fn bytes_at(journal: &dyn ReadAt, position: Position, keyring: &Keyring) -> Result<Option<Vec<u8>>, JournalError> {
    Ok(match journal.record_at(position, keyring)?.payload {
        Payload::Bytes(bytes) => Some(bytes),
        Payload::Gone => None,
    })
}

/// The document with all changes that count: from the shelf, else from the cache, else from the journal.
pub(crate) fn load(
    ledger: &Ledger,
    journal: &dyn ReadAt,
    keyring: &Keyring,
    cache: &dyn Cache,
    shelf: &mut Shelf,
    id: DocumentId,
) -> Result<Document, FieldBookError> {
    let Some(facts) = ledger.documents.get(&id) else { return Ok(Document::found(DocumentKind::Dossier)?) };
    let tag = facts.tag();
    if let Some(document) = shelf.get(&id, &tag) {
        return Ok(document);
    }
    let key = [b"document/".as_slice(), id.as_bytes()].concat();
    let (mut document, have) = cached(cache, &key, facts).unwrap_or((Document::found(facts.kind)?, 0));
    let mut chunks = Vec::new();
    for change in facts.live().skip(have) {
        if let Some(bytes) = bytes_at(journal, change.position, keyring)? {
            let change = SignedChange::decode(&bytes).map_err(|error| LedgerError::Record(change.number, error.to_string()))?;
            chunks.push(change.chunk().to_vec());
        }
    }
    if !chunks.is_empty() {
        document.apply(chunks.iter().map(Vec::as_slice))?;
        let count = facts.live().count() as u64;
        let snapshot = [count.to_be_bytes().as_slice(), &tag, &document.save()].concat();
        cache.put(&key, &snapshot);
    }
    shelf.put(id, document.clone(), tag);
    Ok(document)
}

/// A snapshot whose changes are the first ones of today's, and their number.
fn cached(cache: &dyn Cache, key: &[u8], facts: &DocumentFacts) -> Option<(Document, usize)> {
    let snapshot = cache.get(key)?;
    let (count, rest) = snapshot.split_first_chunk::<8>()?;
    let (tag, bytes) = rest.split_first_chunk::<32>()?;
    let count = usize::try_from(u64::from_be_bytes(*count)).ok()?;
    if count > facts.live().count() || facts.tag_of_first(count) != *tag {
        return None;
    }
    Some((Document::load(facts.kind, bytes).ok()?, count))
}
