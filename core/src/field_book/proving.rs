//! The server's own signed words about what is sent again, so that a server that was put back needs nobody's right a second time.
//!
//! A receipt is about everything of one answer and holds only as a whole, so it can be large. What it is about goes in the same
//! request; where there is no room for the one, the other waits for the next.

use std::collections::HashSet;

use super::syncing::SyncError;
use super::*;
use crate::keys::Signature;
use crate::limits::MAX_PUSHED_RECEIPTS;
use crate::notes::Acknowledged;
use crate::wire::{Receipt, ReceiptLine, StatementLine, StatementReceipt};

/// The receipts of one request.
pub(super) struct Proofs {
    server: Option<PublicKeys>,
    changes: Pile,
    statements: Pile,
}

/// Receipts of one kind.
struct Pile {
    left: usize,
    /// Where the notes are that were looked at.
    seen: HashSet<Position>,
    receipts: Vec<Vec<u8>>,
}

impl Pile {
    fn new(left: usize) -> Self {
        Self { left, seen: HashSet::new(), receipts: Vec::new() }
    }

    /// Adds a receipt, if there is room; the first one always fits.
    fn add(&mut self, position: Position, receipt: Option<Vec<u8>>) -> bool {
        let Some(bytes) = receipt else { return self.seen.insert(position) };
        let full = bytes.len() > self.left || self.receipts.len() >= MAX_PUSHED_RECEIPTS;
        if full && !self.receipts.is_empty() {
            return false;
        }
        self.left = self.left.saturating_sub(bytes.len());
        self.receipts.push(bytes);
        self.seen.insert(position)
    }
}

impl Proofs {
    /// None yet; those of changes take this many bytes, those of statements half.
    pub(super) fn new(identity: &Identity, bytes: usize) -> Self {
        let server = identity.server.as_ref().map(|server| server.keys);
        Self { server, changes: Pile::new(bytes), statements: Pile::new(bytes / 2) }
    }

    /// Of changes, and of statements.
    pub(super) fn into_receipts(self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        (self.changes.receipts, self.statements.receipts)
    }
}

impl FieldBook {
    /// Adds the receipt of a change that is sent again, if it has one; false when it is to go with a later request.
    pub(super) fn prove_change(&self, receipt: Option<Position>, proofs: &mut Proofs) -> Result<bool, SyncError> {
        let (Some(position), Some(server)) = (receipt, proofs.server) else { return Ok(true) };
        if proofs.changes.seen.contains(&position) {
            return Ok(true);
        }
        let receipt = self.note_at(position)?.and_then(|note| {
            let lines = note.entries.iter();
            let lines = lines
                .filter_map(|entry| Some(ReceiptLine { seq: entry.seq, document: entry.document?, hash: entry.hash }))
                .collect();
            let signature = Signature::from_slice(note.signature.as_deref()?)?;
            let receipt = Receipt::assemble(note.epoch, lines, signature);
            // An older program noted less than the server signed, at times.
            receipt.verify(&server).is_ok().then(|| receipt.encode())
        });
        Ok(proofs.changes.add(position, receipt))
    }

    /// The same of a statement.
    pub(super) fn prove_statement(&self, receipt: Option<Position>, proofs: &mut Proofs) -> Result<bool, SyncError> {
        let (Some(position), Some(server)) = (receipt, proofs.server) else { return Ok(true) };
        if proofs.statements.seen.contains(&position) {
            return Ok(true);
        }
        let receipt = self.note_at(position)?.and_then(|note| {
            let lines = note.entries.iter().filter(|entry| entry.document.is_none());
            let lines = lines.map(|entry| StatementLine { seq: entry.seq, hash: entry.hash }).collect();
            let signature = Signature::from_slice(note.stated.as_deref()?)?;
            let receipt = StatementReceipt::assemble(note.epoch, lines, signature);
            receipt.verify(&server).is_ok().then(|| receipt.encode())
        });
        Ok(proofs.statements.add(position, receipt))
    }

    fn note_at(&self, position: Position) -> Result<Option<Acknowledged>, SyncError> {
        let bytes = bytes_at(&self.journal, position, &self.keyring)?;
        Ok(bytes.map(|bytes| Acknowledged::decode(&bytes)).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::NoCache;
    use crate::clock::{LocalTime, Timestamp};
    use crate::disk::MemoryDisk;
    use crate::journal::tests::Chance;
    use crate::keys::DeviceKeys;
    use crate::limits::MAX_BODY;
    use crate::notes::{EpochNote, Receipted};
    use crate::record::Record as _;
    use crate::visit::Visit;

    /// A phone that had everything acknowledged, in receipts of which most lines are about what is gone from it by now; then
    /// the server was put back. There is room for one receipt in a request, and for many changes.
    #[test]
    fn every_receipt_goes_with_what_it_is_about_however_many_requests_that_takes() {
        let mut rng = Chance(67);
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        let key = WrappingKey::generate(&mut rng);
        let server = DeviceKeys::generate(&mut rng);
        let setup = Setup {
            region: "gooi".into(),
            organisation: Some("wf".into()),
            person: Some("anna".into()),
            display_name: None,
            server_url: Some("http://127.0.0.1:1".into()),
            server: Some(server.server()),
            server_keys: Some(server.public()),
        };
        let mut book = FieldBook::create(disk, Arc::new(NoCache), &key, setup, &mut rng).unwrap();
        let at = Timestamp::from_millis(1_740_988_800_000);
        let moment = Moment { at, local: "2025-03-03 09:00".parse::<LocalTime>().unwrap() };
        let mut document = None;
        for number in 0..12 {
            let visit = Visit { summary: Some(format!("Bezoek {number}")), ..Visit::default() }.create(&format!("v{number}"));
            match document {
                None => document = Some(book.found(visit, moment, &mut rng).unwrap()),
                Some(document) => {
                    book.perform(document, visit, moment, &mut rng).unwrap();
                }
            }
        }
        let (former, now) = (Epoch::from_bytes([1; 16]), Epoch::from_bytes([2; 16]));
        let id = document.unwrap();
        let mut seq = 0;
        let mut next = || {
            seq += 1;
            seq
        };
        let hashes: Vec<ChangeHash> = book.ledger.documents[&id].live().map(|change| change.hash).collect();
        let statements: Vec<ChangeHash> = book.ledger.statements.keys().copied().collect();
        assert_eq!((hashes.len(), statements.len()), (12, 1));
        // Three changes in a receipt, with thirty lines about another document.
        for some in hashes.chunks(3) {
            let other = (0..30).map(|n| (DocumentId::from_bytes([9; 16]), ChangeHash::from_bytes([n; 32])));
            let lines = some.iter().map(|hash| (id, *hash)).chain(other);
            let lines: Vec<ReceiptLine> = lines.map(|(document, hash)| ReceiptLine { seq: next(), document, hash }).collect();
            let entries =
                lines.iter().map(|one| Receipted { seq: one.seq, document: Some(one.document), hash: one.hash }).collect();
            let signature = Receipt::sign(former, lines, &server).signature.as_bytes().to_vec().into();
            let note = Acknowledged { epoch: former, entries, signature: Some(signature), stated: None };
            book.append(vec![(Kind::Acknowledged, None, note.encode())], &mut rng).unwrap();
        }
        // And the opening, with a statement of a kind that this version does not know.
        let hashes_of = [statements[0], ChangeHash::from_bytes([8; 32])];
        let lines: Vec<StatementLine> = hashes_of.iter().map(|hash| StatementLine { seq: next(), hash: *hash }).collect();
        let entries = lines.iter().map(|one| Receipted { seq: one.seq, document: None, hash: one.hash }).collect();
        let stated = StatementReceipt::sign(former, lines, &server).signature.as_bytes().to_vec().into();
        let note = Acknowledged { epoch: former, entries, signature: None, stated: Some(stated) };
        let life = EpochNote { epoch: now, at, region: None, held: None };
        book.append(vec![(Kind::Acknowledged, None, note.encode()), (Kind::Epoch, None, life.encode())], &mut rng).unwrap();
        let mut rounds = 0;
        loop {
            let (request, sent) = book.request_within(None, 2_500, true).unwrap();
            if request.changes.is_empty() && request.statements.is_empty() {
                break;
            }
            rounds += 1;
            assert!(rounds < 20 && request.receipts.iter().map(Vec::len).sum::<usize>() <= 2_500);
            let proven: Vec<ChangeHash> = request
                .receipts
                .iter()
                .flat_map(|bytes| Receipt::decode(bytes, MAX_BODY).unwrap().lines)
                .map(|line| line.hash)
                .collect();
            let stated: Vec<ChangeHash> = request
                .statement_receipts
                .iter()
                .flat_map(|bytes| StatementReceipt::decode(bytes, MAX_BODY).unwrap().lines)
                .map(|line| line.hash)
                .collect();
            let mut entries = Vec::new();
            for change in &request.changes {
                let hash = SignedChange::decode(change).unwrap().hash();
                assert!(proven.contains(&hash), "round {rounds}: a change goes without its receipt");
                entries.push(Receipted { seq: next(), document: Some(id), hash });
            }
            for statement in &request.statements {
                let hash = crate::ledger::statement_hash(statement);
                assert!(stated.contains(&hash), "a statement goes without its receipt");
                entries.push(Receipted { seq: next(), document: None, hash });
            }
            assert_eq!(sent.names().count(), entries.len());
            let note = Acknowledged { epoch: now, entries, signature: None, stated: None };
            book.append(vec![(Kind::Acknowledged, None, note.encode())], &mut rng).unwrap();
        }
        assert_eq!(rounds, 4, "one receipt of {} bytes a round", 33 * 60);
        assert!(book.ledger.documents[&id].live().all(|change| change.acknowledged.is_some()));
    }

    #[test]
    fn a_receipt_that_is_too_large_for_a_request_goes_alone() {
        let place = |offset| Position { segment: 1, offset };
        let mut pile = Pile::new(100);
        assert!(pile.add(place(0), None), "without a receipt nothing is in the way");
        assert!(pile.add(place(1), Some(vec![0; 500])));
        assert!(!pile.add(place(2), Some(vec![0; 1])));
        let mut pile = Pile::new(usize::MAX);
        assert!((0..MAX_PUSHED_RECEIPTS as u64).all(|number| pile.add(place(number), Some(vec![0]))));
        assert!(!pile.add(place(u64::MAX), Some(vec![0])));
    }
}
