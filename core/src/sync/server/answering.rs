//! The answer to an exchange, made once everything that it promises is durable.

use super::*;

/// An exchange that waits for its group to be durable.
pub(super) struct Pending {
    pub(super) caller: DeviceId,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) receipted: Vec<(u64, Option<DocumentId>, ChangeHash)>,
    pub(super) sent: HashSet<ChangeHash>,
    pub(super) touched: Vec<DocumentId>,
    pub(super) missing: Vec<Hashes>,
    pub(super) healing: Vec<(DocumentId, ChangeHash, u64)>,
    pub(super) from: Cursor,
    pub(super) foreign_epoch: bool,
    pub(super) page: usize,
    pub(super) contacts_since: Option<Timestamp>,
}

impl Region {
    pub(super) fn answer(&self, pending: Pending, moment: Moment) -> Result<Answer, RegionError> {
        let state = &self.state;
        let reader = state.reader(&pending.caller).ok_or(RegionError::NotWelcome)?;
        let mut bodies: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut trouble = None;
        let mut weigh = |line: &Line| match state.body(line, &self.journal, &self.keyring) {
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
        let page = state.feed.page(&reader, pending.from, &pending.sent, pending.page, &mut weigh);
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
        for (document, hash, number) in pending.healing {
            let position =
                state.ledger.documents.get(&document).and_then(|facts| facts.change(&hash)).map(|change| change.position);
            let Some(position) = position else { continue };
            if let Some(bytes) = bytes_at(&self.journal, position, &self.keyring)? {
                receipted.push((number, Some(document), hash));
                items.push(Item { seq: number, kind: ItemKind::Change, bytes });
            }
        }
        touched.sort();
        touched.dedup();
        let heads = if page.more {
            Vec::new()
        } else {
            touched
                .iter()
                .filter(|document| state.feed.shows(&reader, document))
                .filter_map(|document| {
                    let heads = state.ledger.documents.get(document)?.heads_among(|_| true);
                    Some(Heads { document: *document, digest: heads_digest(&heads) })
                })
                .collect()
        };
        let mut lines: Vec<ReceiptLine> = receipted
            .into_iter()
            .filter_map(|(seq, document, hash)| Some(ReceiptLine { seq, document: document?, hash }))
            .collect();
        lines.sort_unstable();
        lines.dedup();
        let receipt = (!lines.is_empty()).then(|| Receipt::sign(state.epoch, lines, self.keyring.device_keys()).signature);
        Ok(Answer {
            version: VERSION,
            verdicts: pending.verdicts,
            items,
            closed: page.closed,
            cursor: if page.place == pending.from && !pending.foreign_epoch { Vec::new() } else { page.place.encode() },
            more: page.more,
            heads,
            missing: pending.missing,
            receipt,
            time: moment.at,
            contacts: pending.contacts_since.map(|since| state.contacts_since(since, &pending.caller)).unwrap_or_default(),
            epoch: pending.foreign_epoch.then_some(state.epoch),
        })
    }
}

impl State {
    fn body(&self, line: &Line, journal: &Journal, keyring: &Keyring) -> Result<Option<Vec<u8>>, RegionError> {
        let position = match &line.what {
            What::Change(document, hash) => {
                self.ledger.documents.get(document).and_then(|facts| facts.change(hash)).map(|change| change.position)
            }
            What::About(_, hash) | What::Public(hash) => self.ledger.statements.get(hash).map(|facts| facts.position),
            What::Opened(..) | What::Closed(..) => None,
        };
        Ok(match position {
            Some(position) => bytes_at(journal, position, keyring)?,
            None => None,
        })
    }

    fn contacts_since(&self, since: Timestamp, caller: &DeviceId) -> Vec<Contact> {
        self.contacts
            .since(since)
            .filter(|note| note.device != *caller)
            .filter_map(|note| {
                let person = self.ledger.certificates.get(&note.device)?.person.clone();
                Some(Contact { device: note.device, person, at: note.at, unsynced: note.unsynced })
            })
            .collect()
    }
}
