//! A device that is told that it was revoked: it checks who says so, hands in what it may, and wipes itself.

use super::*;
use crate::statement::Wiped;
use crate::wipe::{self, Wipe};
use crate::wire::{Answer, Reason, Request, Verdict, kept_by};
use crate::words::Words;

/// The number of revocations among the kinds of statements.
const REVOCATION: u32 = 5;

/// What a revocation asks of this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Since when.
    pub at: crate::clock::Timestamp,
    /// Why, as whoever revoked it said.
    pub reason: Option<String>,
    /// Whether the server still takes what only this device has.
    pub may_deliver: bool,
    /// How many changes that are: no life of the server ever had them.
    pub unsent: usize,
    /// How many changes it would hand in: those, and what a former life of the server had, since the one that answers now may
    /// have lost it.
    pub to_deliver: usize,
}

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// As of any exchange.
    pub outcome: Outcome,
    /// What to do now.
    pub next: Next,
}

/// What a revoked device does after a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There is more to deliver.
    Deliver,
    /// The server cannot take it now: deliver again later, and destroy nothing yet.
    Wait,
    /// Wipe.
    Wipe,
}

impl FieldBook {
    /// Whether this device was revoked, as far as it knows: by the server's refusal, or by a bundle that brought the word.
    pub fn revoked(&self) -> Option<Revoked> {
        let facts = self.ledger.revocations.get(&self.keyring.device_keys().device())?;
        Some(Revoked {
            at: facts.at,
            reason: facts.reason.clone(),
            may_deliver: facts.accept_unsent,
            unsent: self.only_here(),
            to_deliver: self.to_deliver(),
        })
    }

    /// Takes in the revocation that came with the server's refusal; durable when this returns. Nothing is destroyed yet.
    ///
    /// # Errors
    /// [`SyncError::Nonsense`] when it is not the server's word about this device; store errors.
    pub fn take_revocation(&mut self, bytes: &[u8], rng: &mut dyn CryptoRng) -> Result<Revoked, SyncError> {
        let server = self.identity().server.ok_or(SyncError::NotEnrolled)?;
        let signed = SignedStatement::decode(bytes)
            .map_err(|_| SyncError::Nonsense(Words::new("de intrekking is niet te lezen", "its revocation cannot be read")))?;
        let device = self.keyring.device_keys().device();
        match signed.statement() {
            Statement::Revocation(revocation) if revocation.device == device => {}
            _ => {
                return Err(SyncError::Nonsense(Words::new(
                    "de intrekking gaat niet over dit apparaat",
                    "its revocation is not about this device",
                )));
            }
        }
        if signed.verify(&server.keys).is_err() {
            return Err(SyncError::Nonsense(Words::new(
                "de intrekking is niet door de server ondertekend",
                "its revocation is not signed by the server",
            )));
        }
        self.catch_up()?;
        if self.ledger.known_statement(&signed).is_none() {
            self.append(vec![(Kind::Revocation, None, signed.bytes().to_vec())], rng)?;
        }
        self.revoked().ok_or(SyncError::Nonsense(Words::new("de intrekking zegt niets", "its revocation means nothing")))
    }

    /// What a revoked device sends while it may: statements and changes that the server has not seen, and no question. It is not
    /// told what a server that was put back still has, so it brings all that a former life had. The leave
    /// goes with it: such a server may have forgotten that it gave it.
    ///
    /// # Errors
    /// As [`FieldBook::request`].
    pub fn delivery(&mut self) -> Result<(Request, Sent), SyncError> {
        let (mut request, mut sent) = self.request_within(None, syncing::REQUEST_BYTES, true)?;
        if let Some((hash, bytes)) = self.leave()? {
            request.statements.push(bytes);
            sent.and_statement(hash);
        }
        Ok((Request { push_only: true, have: Vec::new(), ..request }, sent))
    }

    /// The server's word that this device may deliver, if it has it.
    fn leave(&self) -> Result<Option<(ChangeHash, Vec<u8>)>, SyncError> {
        let device = self.keyring.device_keys().device();
        if !self.ledger.revocations.get(&device).is_some_and(|facts| facts.accept_unsent) {
            return Ok(None);
        }
        let kept = self
            .ledger
            .statements
            .iter()
            .filter(|(_, facts)| facts.kind == REVOCATION && facts.acknowledged.is_none() && !facts.former);
        for (hash, facts) in kept {
            let Some(bytes) = bytes_at(&self.journal, facts.position, &self.keyring)? else { continue };
            let signed = SignedStatement::decode(&bytes).ok();
            let said = signed.as_ref().map(SignedStatement::statement);
            if matches!(said, Some(Statement::Revocation(one)) if one.device == device && one.accept_unsent) {
                return Ok(Some((*hash, bytes)));
            }
        }
        Ok(None)
    }

    /// Takes in the answer to a delivery, and says what to do now.
    ///
    /// # Errors
    /// [`SyncError::Nonsense`] when it is not signed by the server: nothing is destroyed because of it. Store errors.
    pub fn delivered(
        &mut self,
        sent: Sent,
        answer: Answer,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Delivered, SyncError> {
        let server = self.identity().server.ok_or(SyncError::NotEnrolled)?;
        let names: Vec<ChangeHash> = sent.names().collect();
        let kept: Vec<ChangeHash> = names
            .iter()
            .zip(&answer.verdicts)
            .filter(|(_, verdict)| matches!(verdict, Verdict::Accepted { .. } | Verdict::Quarantined(_)))
            .map(|(name, _)| *name)
            .collect();
        let signature = answer
            .kept
            .ok_or(SyncError::Nonsense(Words::new("het ondertekent niet wat het bewaart", "it does not sign what it keeps")))?;
        kept_by(&server.keys, self.keyring.device_keys().device(), &kept, &signature).map_err(|_| {
            SyncError::Nonsense(Words::new(
                "wat het bewaart is niet door de server ondertekend",
                "what it keeps is not signed by the server",
            ))
        })?;
        if !answer.items.is_empty() || !answer.closed.is_empty() {
            return Err(SyncError::Nonsense(Words::new(
                "het brengt wat een ingetrokken apparaat niet mag hebben",
                "it brings what a revoked device may not have",
            )));
        }
        let busy = |verdict: &Verdict| matches!(verdict, Verdict::Deferred(why) if why.reason.is_about_room() || matches!(why.reason, Reason::Busy | Reason::Held));
        let wait = answer.verdicts.iter().any(busy);
        // That a dossier was erased is said again each time, and moves nothing: this device is not given the word for it.
        let moved = |verdict: &Verdict| match verdict {
            Verdict::Accepted { .. } | Verdict::Quarantined(_) => true,
            Verdict::Refused(why) => why.reason != Reason::Erased,
            Verdict::Deferred(_) => false,
        };
        let judged = answer.verdicts.iter().any(moved);
        let outcome = self.answer(sent, answer, moment, rng)?;
        let next = match self.to_deliver() {
            0 => Next::Wipe,
            _ if wait => Next::Wait,
            // What was deferred may have waited for what came with it; when nothing moves any more, it never will be taken.
            _ if judged => Next::Deliver,
            _ => Next::Wipe,
        };
        Ok(Delivered { outcome, next })
    }

    /// Destroys everything that this store holds, keys first. What was not sent goes with it. The store cannot be used any more;
    /// what is returned is for the server, and for the person.
    ///
    /// # Errors
    /// [`SyncError::NotEnrolled`], [`SyncError::Nonsense`] when this device was not revoked; disk errors: then the wipe goes on
    /// at the next start.
    pub fn wipe(&mut self, moment: Moment) -> Result<Wipe, SyncError> {
        let server = self.identity().server.ok_or(SyncError::NotEnrolled)?;
        self.catch_up()?;
        let keys = self.keyring.device_keys();
        let facts = self.ledger.revocations.get(&keys.device());
        let facts = facts
            .ok_or(SyncError::Nonsense(Words::new("dit apparaat is niet ingetrokken", "this device was not revoked")))?
            .clone();
        let lost = u32::try_from(self.only_here()).unwrap_or(u32::MAX);
        let wiped = Wiped { device: keys.device(), revocation: facts.newest, at: moment.at, lost };
        let signed =
            SignedStatement::sign(&Statement::Wiped(wiped), keys).map_err(|error| FieldBookError::Unfit(error.into()))?;
        wipe::begin(&*self.disk, &server.url, signed.bytes(), facts.at)?;
        // Nothing of it stays in memory either.
        self.documents = Shelf::default();
        self.views.clear();
        self.cache = Arc::new(crate::cache::NoCache);
        wipe::finish(&*self.disk)?.ok_or(SyncError::Nonsense(Words::new(
            "de verklaring dat het zich wiste bleef niet op de schijf staan",
            "the word that it wiped itself did not stay on the disk",
        )))
    }

    /// Changes that neither the server nor its quarantine has, as far as this device knows.
    fn to_deliver(&self) -> usize {
        self.open_items(|_| true)
    }

    /// Of those, the ones that no life of the server ever took in.
    fn only_here(&self) -> usize {
        self.open_items(|change| !change.former)
    }

    fn open_items(&self, counts: impl Fn(&crate::ledger::ChangeFacts) -> bool) -> usize {
        let open = |change: &&crate::ledger::ChangeFacts| {
            change.acknowledged.is_none() && change.quarantined.is_none() && counts(change)
        };
        let documents = self.ledger.documents.iter().filter(|(id, _)| !self.ledger.is_left_behind(id));
        documents.map(|(_, facts)| facts.live().filter(open).count()).sum::<usize>() + self.aside_to_send().count()
    }
}
