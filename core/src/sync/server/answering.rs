//! The answer to an exchange, made when everything that it promises is staged, and given when that is durable.

use super::*;
use crate::keys::Signature;
use crate::wire::{StatementLine, StatementReceipt};

/// An exchange that waits for its group to be durable.
pub(super) struct Pending {
    pub(super) caller: DeviceId,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) receipted: Vec<(u64, Option<DocumentId>, ChangeHash)>,
    pub(super) sent: HashSet<ChangeHash>,
    /// Documents in which a statement of this exchange may let in what waits.
    pub(super) releases: BTreeSet<DocumentId>,
    /// Dossiers that begin here and were counted as such when their keys were made.
    pub(super) counted: HashSet<DocumentId>,
    /// For how many dossiers a key was made by itself.
    pub(super) late_keys: usize,
    /// What this exchange may still cost.
    pub(super) effort: effort::Effort,
    /// What is written anew in this exchange.
    pub(super) anew: refounding::Anew,
    pub(super) touched: Vec<DocumentId>,
    pub(super) missing: Vec<Hashes>,
    pub(super) healing: Vec<(DocumentId, ChangeHash, u64)>,
    pub(super) from: Cursor,
    /// The cursor as the device sent it.
    pub(super) asked: Vec<u8>,
    pub(super) foreign_epoch: bool,
    /// The device knew another life of this server: before it is given anything it brings back what this one may have lost.
    pub(super) returns: bool,
    /// What this server admitted in a former life, by its own signature.
    pub(super) proven: HashSet<(DocumentId, ChangeHash)>,
    /// The same of statements.
    pub(super) stated: HashSet<ChangeHash>,
    /// Whose signature on a statement was checked, and what came of it.
    pub(super) signed: HashMap<ChangeHash, bool>,
    /// How many signatures the writer itself checked for this exchange.
    pub(super) checked: u64,
    pub(super) page: usize,
    pub(super) contacts_since: Option<Timestamp>,
    /// What the device hears of the chain.
    pub(super) news: chain::News,
    /// Changes that the device says wait.
    pub(super) waiting: Vec<Hashes>,
    /// Nothing of the feed goes into the answer.
    pub(super) push_only: bool,
    /// What a device that only delivers may believe to be kept here.
    pub(super) kept: Vec<ChangeHash>,
}

impl Pending {
    /// Whether these keys, those of the signer that it names, signed a statement. Most were looked at before the writer.
    pub(super) fn is_signed(&mut self, signed: &SignedStatement, keys: &PublicKeys) -> bool {
        let checked = &mut self.checked;
        *self.signed.entry(statement_hash(signed.bytes())).or_insert_with(|| {
            *checked += 1;
            signed.verify(keys).is_ok()
        })
    }

    /// Notes, of what was delivered, what is admitted or waits: the device destroys its copy because of it.
    pub(super) fn keeps(&mut self, statements: &[Vec<u8>], changes: &[Result<Candidate, Why>]) {
        let kept = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { .. } | Verdict::Quarantined(_));
        let names = statements.iter().map(|bytes| Some(statement_hash(bytes)));
        let names = names.chain(changes.iter().map(|change| change.as_ref().ok().map(|change| change.hash())));
        self.kept = names.zip(&self.verdicts).filter(|(_, verdict)| kept(verdict)).filter_map(|(name, _)| name).collect();
    }
}

impl Batch<'_> {
    /// The answer, with the line for the auditor about what it delivers. Nobody may see it before the batch is durable.
    pub(super) fn answer(&mut self, pending: Pending) -> Result<Answer, RegionError> {
        let caller = pending.caller;
        let answer = self.compose(pending)?;
        let read: Vec<DocumentId> = answer.items.iter().filter_map(content_of).collect();
        if !read.is_empty() {
            let count = read.len() as u64;
            self.audit(AuditNote::new(AuditAction::Read, Some(caller)).on(read).count(count))?;
        }
        Ok(answer)
    }

    fn compose(&self, pending: Pending) -> Result<Answer, RegionError> {
        let state = &*self.state;
        if pending.push_only {
            return Ok(self.answer_to_delivery(pending));
        }
        let reader = state.reader(&pending.caller).ok_or(RegionError::NotWelcome)?;
        let mut bodies: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut trouble = None;
        let mut weigh = |line: &Line| match self.body(line) {
            Ok(Some(bytes)) => {
                let weight = bytes.len() + 12;
                bodies.insert(line.number, bytes);
                weight
            }
            Ok(None) => 0,
            Err(error) => {
                trouble = Some(error);
                0
            }
        };
        let held = state.held;
        let page = match pending.returns || held {
            true => Page { lines: Vec::new(), closed: Vec::new(), place: pending.from, more: !held },
            false => state.feed.page(&reader, pending.from, &pending.sent, pending.page, &mut weigh),
        };
        if let Some(error) = trouble {
            return Err(error);
        }
        let mut items = Vec::new();
        let mut receipted = pending.receipted;
        let mut touched = pending.touched;
        for line in &page.lines {
            // A payload whose key is gone was erased; its line means nothing any more.
            let Some(bytes) = bodies.remove(&line.number) else { continue };
            let (kind, document, hash) = match &line.what {
                What::Change(document, hash) => (ItemKind::Change, Some(*document), *hash),
                What::About(document, hash) => (ItemKind::Statement, Some(*document), *hash),
                What::Public(hash) => (ItemKind::Statement, None, *hash),
                What::Opened(..) | What::Closed(..) => continue,
            };
            if kind == ItemKind::Change {
                receipted.push((line.number, document, hash));
                touched.extend(document);
            } else {
                receipted.push((line.number, None, hash));
            }
            items.push(Item { seq: line.number, kind, bytes });
        }
        let mut left = MAX_HEALING_BYTES;
        for (document, hash, number) in pending.healing {
            let change = state.ledger.documents.get(&document).and_then(|facts| facts.change(&hash));
            let Some(change) = change else { continue };
            if let Some(bytes) = self.bytes_of(change.number, change.position)? {
                // The heads will not agree yet, and the rest follows.
                if bytes.len() > left && left < MAX_HEALING_BYTES {
                    break;
                }
                left = left.saturating_sub(bytes.len());
                receipted.push((number, Some(document), hash));
                items.push(Item { seq: number, kind: ItemKind::Change, bytes });
            }
        }
        touched.sort();
        touched.dedup();
        let heads = if page.more || held {
            Vec::new()
        } else {
            touched
                .iter()
                .filter(|document| state.feed.shows(&reader, document))
                .filter_map(|document| {
                    let heads = state.ledger.documents.get(document)?.heads_among(|_| true);
                    Some(Heads { document: *document, digest: heads_digest(&heads) })
                })
                .take(MAX_DOCUMENTS)
                .collect()
        };
        let told =
            if held { None } else { self.told(&pending.caller, &pending.asked, &pending.waiting, &page.closed, page.more)? };
        let admitted = told.iter().flat_map(|news| news.admitted.iter().copied());
        let (receipt, statement_receipt) = self.receipts(receipted, admitted);
        let contacts = pending.contacts_since.filter(|_| !held);
        Ok(Answer {
            verdicts: pending.verdicts,
            items,
            closed: page.closed,
            cursor: if page.place == pending.from && !pending.foreign_epoch { Vec::new() } else { page.place.encode() },
            more: page.more,
            heads,
            missing: pending.missing,
            receipt,
            statement_receipt,
            held,
            time: self.moment.at,
            contacts: contacts.map(|since| state.contacts_since(since, &pending.caller)).unwrap_or_default(),
            epoch: pending.foreign_epoch.then_some(state.epoch),
            news: told,
            ..Answer::default()
        })
    }

    /// Verdicts and signatures, and no byte of content: the device may be in the hands of a stranger.
    fn answer_to_delivery(&self, pending: Pending) -> Answer {
        let keys = self.keyring.device_keys();
        let (receipt, statement_receipt) = self.receipts(pending.receipted, std::iter::empty());
        Answer {
            verdicts: pending.verdicts,
            receipt,
            statement_receipt,
            held: self.state.held,
            time: self.moment.at,
            epoch: pending.foreign_epoch.then_some(self.state.epoch),
            kept: Some(sign_kept(pending.caller, &pending.kept, keys)),
            ..Answer::default()
        }
    }

    /// The signatures over the changes and over the statements that an answer takes and gives.
    fn receipts(
        &self,
        receipted: Vec<(u64, Option<DocumentId>, ChangeHash)>,
        admitted: impl Iterator<Item = ReceiptLine>,
    ) -> (Option<Signature>, Option<Signature>) {
        let mut changes: Vec<ReceiptLine> = admitted.collect();
        let mut statements: Vec<StatementLine> = Vec::new();
        for (seq, document, hash) in receipted {
            match document {
                Some(document) => changes.push(ReceiptLine { seq, document, hash }),
                None => statements.push(StatementLine { seq, hash }),
            }
        }
        changes.sort_unstable();
        changes.dedup();
        statements.sort_unstable();
        statements.dedup();
        let (epoch, keys) = (self.state.epoch, self.keyring.device_keys());
        (
            (!changes.is_empty()).then(|| Receipt::sign(epoch, changes, keys).signature),
            (!statements.is_empty()).then(|| StatementReceipt::sign(epoch, statements, keys).signature),
        )
    }

    fn body(&self, line: &Line) -> Result<Option<Vec<u8>>, RegionError> {
        let ledger = &self.state.ledger;
        let position = match &line.what {
            What::Change(document, hash) => {
                ledger.documents.get(document).and_then(|facts| facts.change(hash)).map(|change| change.position)
            }
            What::About(_, hash) | What::Public(hash) => ledger.statements.get(hash).map(|facts| facts.position),
            What::Opened(..) | What::Closed(..) => None,
        };
        match position {
            Some(position) => self.bytes_of(line.number, position),
            None => Ok(None),
        }
    }

    /// What the caller is told besides the feed, if there is anything.
    fn told(
        &self,
        caller: &DeviceId,
        asked: &[u8],
        waiting: &[Hashes],
        closed: &[DocumentId],
        more: bool,
    ) -> Result<Option<News>, RegionError> {
        let state = &*self.state;
        let Some(certificate) = state.live(caller) else { return Ok(None) };
        let mut news = News::default();
        for documents in closed.chunks(MAX_CLOSED) {
            let closing = Closing {
                person: certificate.person.clone(),
                documents: documents.to_vec(),
                at: self.moment.at,
                asked: Some(asked.to_vec().into()),
            };
            let signed = SignedStatement::sign(&Statement::Closing(closing), self.keyring.device_keys()).map_err(Unfit::from)?;
            news.closings.push(signed.bytes().to_vec());
        }
        let (admitted, decisions) = state.outcome_of(caller, waiting);
        news.admitted = admitted;
        let mut left = MAX_OUTCOME_BYTES;
        for hash in decisions {
            let Some(facts) = state.ledger.statements.get(&hash) else { continue };
            let Some(bytes) = self.bytes_of(facts.number, facts.position)? else { continue };
            // The device asks again for what it did not hear.
            let Some(rest) = left.checked_sub(bytes.len()) else { break };
            left = rest;
            news.decisions.push(bytes);
        }
        if !more && let Some((count, newest)) = state.to_decide(certificate) {
            (news.to_decide, news.newest) = (Some(count), Some(newest));
        }
        Ok((news != News::default()).then_some(news))
    }
}

/// The document of which an item carries content.
fn content_of(item: &Item) -> Option<DocumentId> {
    match item.kind {
        ItemKind::Change => SignedChange::decode(&item.bytes).ok().map(|change| change.document()),
        ItemKind::Statement => None,
    }
}

impl State {
    fn contacts_since(&self, since: Timestamp, caller: &DeviceId) -> Vec<Contact> {
        self.contacts
            .since(since)
            .filter(|note| note.device != *caller)
            .filter_map(|note| {
                let person = self.ledger.certificates.get(&note.device)?.person.clone();
                Some(Contact { device: note.device, person, at: note.at, unsynced: note.unsynced })
            })
            .take(MAX_ITEMS)
            .collect()
    }
}
