//! How much of the single writer's time one device may take: everybody waits for the writer.
//!
//! What applying costs grows with the documents that are touched, not with what is pushed: the gate looks at all of a
//! document, and at everything that waits in it, for the smallest change. It is counted in operations; what is beyond is
//! deferred, never refused, so that much honest work takes a few exchanges more.

use super::*;

/// A device's account is empty again after this long, in milliseconds.
const WITHIN: i64 = 5 * 60 * 1000;
/// Accounts beyond this many are looked through for empty ones: only enrolled devices have one.
const MANY: usize = 4096;

/// What devices cost lately.
#[derive(Debug, Default)]
pub(super) struct Efforts(HashMap<DeviceId, Spent>);

#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    used: u64,
    at: Timestamp,
}

impl Spent {
    fn run_off(&mut self, now: Timestamp) {
        // A clock that was put back gives nothing.
        let passed = now.as_millis().saturating_sub(self.at.as_millis()).clamp(0, i64::MAX);
        let rest = u128::from(MAX_EFFORT) * u128::from(passed.unsigned_abs()) / u128::from(WITHIN.unsigned_abs());
        self.used = self.used.saturating_sub(u64::try_from(rest).unwrap_or(u64::MAX));
        self.at = now;
    }
}

impl Efforts {
    /// What this device may cause in an exchange that begins now.
    pub(super) fn of(&mut self, device: DeviceId, now: Timestamp) -> Effort {
        if self.0.len() >= MANY {
            self.0.retain(|_, spent| {
                spent.run_off(now);
                spent.used > 0
            });
        }
        let used = self.0.get_mut(&device).map_or(0, |spent| {
            spent.run_off(now);
            spent.used
        });
        Effort { left: MAX_EFFORT.saturating_sub(used).min(MAX_TOUCHED_OPERATIONS), spent: 0 }
    }

    /// Notes what an exchange cost.
    pub(super) fn note(&mut self, device: DeviceId, effort: &Effort, now: Timestamp) {
        if effort.spent > 0 {
            let spent = self.0.entry(device).or_insert(Spent { used: 0, at: now });
            spent.used = spent.used.saturating_add(effort.spent);
        }
    }
}

/// What is left of the writer's time for one exchange.
#[derive(Debug, Default)]
pub(super) struct Effort {
    left: u64,
    spent: u64,
}

impl Effort {
    /// Takes so much; false when that is too much. The first is never too much, however large its document, or it could
    /// never come in; who has nothing left waits.
    pub(super) fn take(&mut self, weight: u64) -> bool {
        let fits = weight <= self.left || (self.spent == 0 && self.left > 0);
        if fits {
            self.left = self.left.saturating_sub(weight);
            self.spent = self.spent.saturating_add(weight);
        }
        fits
    }
}

impl State {
    /// What it costs to look at a document, with everything that waits in it or is kept after a refusal.
    pub(super) fn weight(&self, document: &DocumentId) -> u64 {
        let standing = self.ledger.documents.get(document).map_or(0, |facts| facts.operations);
        let waiting = self.quarantine.of(document).iter().map(|item| &item.change);
        let apart = waiting.chain(self.quarantine.kept_changes(document)).map(|change| change.header().operations);
        apart.fold(DOCUMENT_WEIGHT.saturating_add(standing), u64::saturating_add)
    }

    /// What it costs to hold documents against the one in which their dossier is written anew: each is read besides as it was.
    pub(super) fn weight_anew<'a>(&self, old: impl Iterator<Item = &'a DocumentId>, new: &DocumentId) -> u64 {
        let old = old.map(|document| self.weight(document).saturating_mul(2));
        old.fold(self.weight(new), u64::saturating_add)
    }

    /// The document in which this statement may let in what waits.
    pub(super) fn lets_in(&self, bytes: &[u8]) -> Option<DocumentId> {
        let signed = SignedStatement::decode(bytes).ok()?;
        let document = match signed.statement() {
            Statement::Grant(grant) => grant.document,
            Statement::Decision(decision) => decision.document,
            _ => return None,
        };
        let known = self.ledger.known_statement(&signed).is_some();
        (!known && !self.quarantine.of(&document).is_empty()).then_some(document)
    }

    /// Whether what becomes of a change is known without a look at its document.
    pub(super) fn knows(&self, change: &SignedChange) -> bool {
        let hash = change.hash();
        self.ledger.documents.get(&change.document()).is_some_and(|facts| facts.has(&hash))
            || self.quarantine.verdict(&hash).is_some()
    }
}

/// How much of what one exchange may hold a change is: few operations cost a signature all the same.
pub(super) fn share(change: &Candidate) -> u64 {
    change.header().operations.max(CHANGE_WEIGHT)
}
