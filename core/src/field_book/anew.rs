//! What was recorded anew because it leant on refused work: the server keeps the first one until it hears of the second.

use super::*;
use crate::wire::Replaced;

impl FieldBook {
    /// For the changes of a request: what each of them stands for. Also what had nothing left to be recorded, where this life of
    /// the server has not been told, and up to which record of the journal that goes.
    pub(super) fn recorded_anew(&self, sent: &[(DocumentId, ChangeHash)]) -> (Vec<Replaced>, Option<u64>) {
        let sent: HashMap<ChangeHash, DocumentId> = sent.iter().map(|(document, hash)| (*hash, *document)).collect();
        let told = self.ledger.cursor.as_ref().and_then(|note| note.anew);
        let mut replaced = Vec::new();
        let mut last = None;
        for old in self.ledger.replaced.keys() {
            let new = self.stands_for(*old);
            if let Some(document) = sent.get(&new) {
                replaced.push(Replaced { document: *document, old: *old, new });
            }
            if let Some((number, document)) = self.ledger.nothing_left.get(&new)
                && told.is_none_or(|told| *number > told)
            {
                replaced.push(Replaced { document: *document, old: *old, new: *old });
                last = last.max(Some(*number));
            }
        }
        replaced.sort_unstable_by_key(|one| (one.document, one.old));
        (replaced, last)
    }

    /// What stands for a change that was recorded anew, perhaps more than once.
    fn stands_for(&self, old: ChangeHash) -> ChangeHash {
        let mut at = old;
        for _ in 0..=self.ledger.replaced.len() {
            match self.ledger.replaced.get(&at) {
                Some(next) if *next != at => at = *next,
                _ => break,
            }
        }
        at
    }
}
