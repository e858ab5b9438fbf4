//! Honest work that came without a right: it waits, what leans on it waits with it, and all of it is let in together.

use super::admitting::holds_bsn;
use super::*;

impl Batch<'_> {
    /// Whether it follows a change that waits: as a dependency, or as a later one of the same actor.
    pub(super) fn leans_on_quarantine(&self, change: &SignedChange) -> bool {
        let waits = |hash: &ChangeHash| self.state.quarantined.contains_key(hash);
        let actor = (change.document(), change.header().actor.clone());
        change.header().deps.iter().any(waits) || self.state.waiting_actors.get(&actor).is_some_and(|waiting| *waiting > 0)
    }

    /// Lets in what waited for a grant that is there now, in the order in which it came.
    pub(super) fn release(&mut self, document: DocumentId) -> Result<(), RegionError> {
        let today = self.moment.today();
        let waiting: Vec<Candidate> = self
            .state
            .waiting
            .get(&document)
            .into_iter()
            .flatten()
            .filter_map(|envelope| Candidate::read(envelope).ok())
            .filter(|change| self.state.may_write(&change.signer(), &document, today).is_ok() && !holds_bsn(change))
            .collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let State { ledger, documents, .. } = &mut *self.state;
        let standing = load(ledger, &self.writer, self.keyring, self.cache, documents, document)?;
        let batch: Vec<&Candidate> = waiting.iter().collect();
        let certificates = &ledger.certificates;
        let (judgements, _) = admission::judge(ledger.documents.get(&document), &standing, &batch, &|device| {
            certificates.get(device).map(|certificate| certificate.keys)
        })?;
        for (change, judgement) in batch.iter().zip(judgements) {
            if judgement == Judgement::Valid {
                self.stage(Kind::Change, self.key_of(document), change.bytes().to_vec())?;
            }
        }
        Ok(())
    }

    /// Keeps a change apart for a coordinator, if its maker has room for more.
    pub(super) fn wait(&mut self, sender: DeviceId, change: &SignedChange, why: Why) -> Result<Verdict, RegionError> {
        let waiting = self.state.waiting_bytes.get(&change.signer()).copied().unwrap_or_default();
        if waiting.saturating_add(change.bytes().len()) > MAX_WAITING_BYTES {
            return Ok(Verdict::Deferred(Why::at(Step::Quota, Reason::Quota)));
        }
        self.quarantine(sender, change, why.reason)?;
        Ok(Verdict::Quarantined(why))
    }

    pub(super) fn quarantine(&mut self, sender: DeviceId, change: &SignedChange, reason: Reason) -> Result<(), RegionError> {
        let note = NotAdmitted {
            document: Some(change.document()),
            hashes: vec![change.hash()],
            reason: reason.code().to_owned(),
            at: self.moment.at,
            envelope: Some(change.bytes().to_vec().into()),
            sender: Some(sender),
            again: None,
        };
        self.stage(Kind::Quarantined, self.key_of(change.document()), note.encode())?;
        Ok(())
    }
}
