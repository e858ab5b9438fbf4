//! When a dossier leaves a device, and what is kept of it: never anything that is only here.

use super::*;

/// What a person wrote in a dossier that left this device, and that the server has not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The dossier.
    pub document: DocumentId,
    /// Number of the note in this journal.
    pub number: u64,
    /// Where the note with the writes is.
    pub position: Position,
    /// What people call the dossier.
    pub called: Option<String>,
    /// Why it was not admitted.
    pub reason: Reason,
    /// It waits for a coordinator; else it was refused, or is to be performed again.
    pub waits: bool,
    /// It leant on something that was refused, and is to be performed again.
    pub again: bool,
    /// This life of the server does not know it, and the note holds what was signed: it is to be sent.
    pub send: bool,
    /// Whether the note holds what was signed.
    pub signed: bool,
    /// It is somebody else's, and only carried to the server.
    pub carried: bool,
    /// Whose it is and how many bytes it has, as it was signed.
    pub of: Option<(DeviceId, usize)>,
}

/// The name under which the keyring keeps the key of a change that was set aside: each its own, so that each goes when its
/// fate is known.
pub fn aside_key(document: &DocumentId, change: &ChangeHash) -> DocumentId {
    DocumentId::derived("veldboek/aside/1", &[document.as_bytes().as_slice(), change.as_bytes()].concat())
}

impl Ledger {
    /// Whether the fate of a change of this document is known, or what it says is kept apart: the document may leave.
    fn is_safe(&self, facts: &DocumentFacts, change: &ChangeFacts) -> bool {
        let kept = change.operation.is_none() || self.aside.contains_key(&change.hash);
        match (change.acknowledged, facts.is_dropped(&change.hash)) {
            (Some(_), _) => true,
            (None, false) => change.quarantined.is_some() && kept,
            (None, true) => kept || self.replaced.contains_key(&change.hash),
        }
    }

    /// The changes of a closed document whose text has to be kept apart before it can leave; `None` when something in it is
    /// only here, or nothing in it is left.
    pub fn to_set_aside(&self, document: &DocumentId) -> Option<Vec<&ChangeFacts>> {
        let facts = self.documents.get(document).filter(|facts| facts.closed && !facts.changes.is_empty())?;
        let mut apart = Vec::new();
        for change in facts.changes.iter().filter(|change| !self.is_safe(facts, change)) {
            let refused = self.refused.iter().any(|item| item.hash == change.hash);
            let judged = if facts.is_dropped(&change.hash) { refused } else { change.quarantined.is_some() };
            if !judged {
                return None;
            }
            apart.push(change);
        }
        Some(apart)
    }

    /// Forgets every closed document of which nothing is only here.
    pub fn leave_what_is_done(&mut self) {
        let closed = self.documents.iter().filter(|(_, facts)| facts.closed && !facts.changes.is_empty());
        let closed: Vec<DocumentId> = closed.map(|(document, _)| *document).collect();
        for document in closed {
            self.leave_if_done(&document);
        }
    }

    /// Forgets the changes of a closed document, and what was stated about it, once nothing of it is only here.
    pub(super) fn leave_if_done(&mut self, document: &DocumentId) {
        let Some(facts) = self.documents.get(document).filter(|facts| facts.closed) else { return };
        let unsent = |facts: &StatementFacts| facts.acknowledged.is_none() && !facts.refused;
        let all_stated = !self.statements.values().any(|facts| facts.document == Some(*document) && unsent(facts));
        if !all_stated || !facts.changes.iter().all(|change| self.is_safe(facts, change)) {
            return;
        }
        if let Some(facts) = self.documents.get_mut(document) {
            facts.changes.clear();
            facts.operations = 0;
            facts.by_hash.clear();
            facts.dropped.clear();
        }
        self.forget_statements(document);
    }

    /// A change is on the server, or was performed again: nothing of it is kept apart any more.
    pub(super) fn forget_aside(&mut self, hash: &ChangeHash) {
        if let Some(aside) = self.aside.remove(hash) {
            self.spent.insert(aside_key(&aside.document, hash));
        }
    }

    /// The names of the keys of everything that is set aside of a document.
    pub fn aside_keys(&self, document: &DocumentId) -> Vec<DocumentId> {
        let of = self.aside.iter().filter(|(_, aside)| aside.document == *document);
        of.map(|(hash, _)| aside_key(document, hash)).collect()
    }

    pub(super) fn set_aside(&mut self, note: SetAside, number: u64, position: Position) {
        let reason = Reason::from_code(&note.reason).unwrap_or(Reason::Other);
        let (document, hash) = (note.document, note.change);
        if let Some(by) = note.replaced {
            self.forget_aside(&hash);
            // By itself: its author has read that it was refused, and is done with it.
            self.refused.retain(|item| item.hash != hash);
            self.replaced.insert(hash, by);
            return;
        }
        if let Some(at) = note.refused {
            match self.refused.iter_mut().find(|item| item.hash == hash) {
                Some(item) => item.document = document,
                None => self.refused.push(Unadmitted { document, hash, reason, at, text: note.text }),
            }
        }
        // It went along to where the dossier goes on.
        if self.aside.get(&hash).is_some_and(|aside| aside.document != document) {
            self.forget_aside(&hash);
        }
        let waits = note.refused.is_none();
        let (signed, carried) = (note.envelope.is_some(), note.carried == Some(true));
        let send = carried && waits;
        let change = note.envelope.as_ref().and_then(|envelope| SignedChange::decode(envelope).ok());
        let of = change.map(|change| (change.signer(), change.bytes().len()));
        let (called, again) = (note.called, false);
        let aside = Aside { document, number, position, called, reason, waits, again, send, signed, carried, of };
        self.aside.insert(hash, aside);
    }

    /// A new life of the server may know nothing of what waited in the one before.
    pub(super) fn send_aside_again(&mut self) {
        for aside in self.aside.values_mut() {
            aside.send = aside.waits && aside.signed;
        }
    }

    /// The server's word on what was set aside or is carried: it waits there, or was refused.
    pub(super) fn judge_aside(&mut self, document: DocumentId, note: &NotAdmitted, quarantined: bool) {
        let reason = Reason::from_code(&note.reason).unwrap_or(Reason::Other);
        for (index, hash) in note.hashes.iter().enumerate() {
            let Some(aside) = self.aside.get_mut(hash).filter(|aside| aside.document == document) else { continue };
            aside.send = false;
            if quarantined {
                aside.reason = reason;
            } else if aside.carried {
                self.forget_aside(hash);
            } else {
                aside.waits = false;
                aside.again = index > 0 || note.again == Some(true);
                if !aside.again && self.refused.iter().all(|item| item.hash != *hash) {
                    let text = note.text.clone();
                    self.refused.push(Unadmitted { document, hash: *hash, reason, at: note.at, text });
                }
            }
        }
    }

    /// A coordinator decided. What was accepted counts once the server says that it has it; what was refused counts no more,
    /// and what leant on it is performed again.
    pub(super) fn decide(&mut self, decision: &Decision) {
        if decision.accepted {
            return;
        }
        let refused = decision.changes.iter().map(|hash| (hash, false));
        for (hash, again) in refused.chain(decision.leaning.iter().map(|hash| (hash, true))) {
            let facts = self.documents.get_mut(&decision.document);
            let here = facts.is_some_and(|facts| {
                let known = facts.change(hash).is_some_and(|change| change.acknowledged.is_none());
                known && facts.dropped.insert(*hash)
            });
            if self.aside.get(hash).is_some_and(|aside| aside.carried) {
                // Whoever decided has read it; what leant on it the server keeps.
                self.forget_aside(hash);
                continue;
            }
            let aside = self.aside.get_mut(hash).map(|aside| {
                (aside.waits, aside.send) = (false, false);
                aside.again = again;
            });
            // Also of others' work that this device only carried: it goes from the dossier, and is not to vanish unsaid.
            if (here || aside.is_some()) && !again && self.refused.iter().all(|item| item.hash != *hash) {
                self.refused.push(Unadmitted {
                    document: decision.document,
                    hash: *hash,
                    reason: Reason::NotTaken,
                    at: decision.at,
                    text: decision.reason.clone(),
                });
            }
        }
    }

    /// A decision was not taken after all: what it alone had refused counts again, or waits.
    pub(super) fn undecide(&mut self, document: &DocumentId, statement: &ChangeHash) {
        let Some(facts) = self.documents.get_mut(document) else { return };
        let Some(place) = facts.decisions.iter().position(|(hash, _)| hash == statement) else { return };
        let (_, decision) = facts.decisions.remove(place);
        if decision.accepted {
            return;
        }
        let refused_too = |hash: &ChangeHash| {
            let names = |other: &Decision| !other.accepted && (other.changes.contains(hash) || other.leaning.contains(hash));
            facts.decisions.iter().any(|(_, other)| names(other))
        };
        let named = decision.changes.iter().chain(&decision.leaning);
        let freed: Vec<ChangeHash> = named.filter(|hash| !refused_too(hash)).copied().collect();
        for hash in freed {
            facts.dropped.remove(&hash);
            self.refused.retain(|item| item.hash != hash || item.reason != Reason::NotTaken);
            if let Some(aside) = self.aside.get_mut(&hash) {
                (aside.waits, aside.again) = (true, false);
            }
        }
    }
}
