//! Lines for the auditor, in the same group as what they are about: durable before anyone hears the answer.

use super::*;
use crate::audit::{AuditAction, AuditNote};

/// The same line about somebody who keeps trying is written once in this time, in milliseconds.
const SAME_LINE_EVERY: i64 = 10 * 60 * 1000;
/// How many documents a line about refusals names at most.
const REFUSED_DOCUMENTS: usize = 100;

/// What makes two lines about attempts the same: who, what, why.
type Attempt = (Option<DeviceId>, String, Option<String>);

/// Attempts that were written lately, and how often each happened again since.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<Attempt, Held>);

#[derive(Debug)]
struct Held {
    /// When the line was written last.
    written: Timestamp,
    /// How often it happened since.
    times: u64,
    /// The last of these.
    latest: Option<AuditNote>,
}

impl Attempts {
    /// A line was written.
    pub(super) fn take(&mut self, note: &AuditNote) {
        if note.known_action().is_some_and(AuditAction::is_bounded) {
            self.0.insert(key(note), Held { written: note.at, times: 0, latest: None });
        }
    }

    /// Whether this line is written now, with how often it happened since the last one; it is counted if not.
    fn due(&mut self, note: &AuditNote, now: Timestamp) -> Option<u64> {
        let times = note.count.unwrap_or(1);
        let Some(held) = self.0.get_mut(&key(note)) else { return Some(times) };
        held.times = held.times.saturating_add(times);
        held.latest = Some(note.clone());
        let waited = now.as_millis().saturating_sub(held.written.as_millis());
        // A clock that was put back must not silence the auditor.
        (!(0..SAME_LINE_EVERY).contains(&waited)).then_some(held.times)
    }

    /// The lines about what was only counted, for a server that looks after itself from time to time, or stops.
    pub(super) fn unwritten(&self) -> Vec<AuditNote> {
        let held = self.0.values().filter(|held| held.times > 0);
        held.filter_map(|held| Some(held.latest.clone()?.count(held.times))).collect()
    }

    /// Keeps what was counted when everything else is folded anew.
    pub(super) fn remember(&mut self, before: Self) {
        self.0.extend(before.0.into_iter().filter(|(_, held)| held.times > 0));
    }
}

fn key(note: &AuditNote) -> Attempt {
    (note.device, note.action.clone(), note.reason.clone())
}

impl Batch<'_> {
    /// Writes a line for the auditor, with the time and the device's person filled in. Of what somebody without rights can
    /// cause at will, the same line is written once in ten minutes.
    pub(super) fn audit(&mut self, mut note: AuditNote) -> Result<(), RegionError> {
        note.at = self.moment.at;
        if let (Some(device), None) = (&note.device, &note.person) {
            note.person = self.state.ledger.certificates.get(device).map(|certificate| certificate.person.clone());
        }
        if note.known_action().is_some_and(AuditAction::is_bounded) {
            let Some(times) = self.state.attempts.due(&note, self.moment.at) else { return Ok(()) };
            note.count = Some(times);
        }
        self.stage_note(Kind::Audit, note.encode())?;
        Ok(())
    }

    /// Passes an outcome on, with the line about it: what was done, or that it was not allowed.
    pub(super) fn audited<T>(&mut self, note: AuditNote, outcome: Result<T, RegionError>) -> Result<T, RegionError> {
        match &outcome {
            Ok(_) => self.audit(note)?,
            Err(RegionError::NotAllowed) => {
                let action = note.action.clone();
                self.audit(AuditNote { action: AuditAction::NotAllowed.code().to_owned(), ..note }.because(&action))?;
            }
            Err(_) => {}
        }
        outcome
    }

    /// A device that was revoked still asks.
    pub(super) fn audit_unwelcome(&mut self, caller: DeviceId) -> Result<(), RegionError> {
        if !self.state.ledger.certificates.contains_key(&caller) {
            return Ok(());
        }
        self.audit(AuditNote::new(AuditAction::AuthenticationFailed, Some(caller)).because("REVOKED"))
    }

    /// What waits holds content: whoever is given it has read it.
    pub(super) fn audited_quarantine(&mut self, by: DeviceId, after: u64) -> Result<QuarantineList, RegionError> {
        let outcome = self.quarantined_after(by, after);
        let waiting = outcome.as_ref().map(|list| list.changes.as_slice()).unwrap_or_default();
        if outcome.is_ok() && waiting.is_empty() {
            return outcome;
        }
        let documents = waiting.iter().filter_map(|one| SignedChange::decode(&one.envelope).ok()).map(|one| one.document());
        let note = AuditNote::new(AuditAction::QuarantineListed, Some(by)).on(documents).count(waiting.len() as u64);
        self.audited(note, outcome)
    }

    /// What a device pushed in vain: one line for each reason.
    pub(super) fn audit_refusals(
        &mut self,
        caller: DeviceId,
        request: &Request,
        changes: &[Result<Candidate, Why>],
        verdicts: &[Verdict],
    ) -> Result<(), RegionError> {
        let mut refused: BTreeMap<&'static str, (u64, BTreeSet<DocumentId>)> = BTreeMap::new();
        let pushed = request.statements.iter().map(|bytes| SignedStatement::decode(bytes).ok()?.statement().document());
        let pushed = pushed.chain(changes.iter().map(|change| Some(change.as_ref().ok()?.document())));
        for (verdict, document) in verdicts.iter().zip(pushed) {
            let Verdict::Refused(why) = verdict else { continue };
            let (count, documents) = refused.entry(why.reason.code()).or_default();
            *count += 1;
            // Names that the sender made up tell nothing.
            let known = document.filter(|document| self.state.ledger.documents.contains_key(document));
            if documents.len() < REFUSED_DOCUMENTS {
                documents.extend(known);
            }
        }
        for (reason, (count, documents)) in refused {
            self.audit(AuditNote::new(AuditAction::Refused, Some(caller)).on(documents).count(count).because(reason))?;
        }
        Ok(())
    }
}
