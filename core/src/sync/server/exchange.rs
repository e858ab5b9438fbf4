//! One exchange of a device: everything it sends gets a verdict, and its place in the feed is found.

use super::*;

/// What a change that heals is taken to weigh, in bytes: more than nearly all do.
const HEALING_WEIGHT: usize = 4 << 10;
/// Before something is admitted the journal tells the time, to this many milliseconds: what devices sign has their own clocks.
const TIME_EVERY: i64 = 60 * 1000;
/// The largest page in bytes, and the one when the device asks for none: a whole caseload in one round trip.
const PAGE: usize = DEFAULT_PAGE as usize;

impl Batch<'_> {
    pub(super) fn exchange(&mut self, caller: DeviceId, push: &Push, rng: &mut dyn CryptoRng) -> Result<Pending, RegionError> {
        let Push { request, changes, .. } = push;
        let first = self.next;
        let cursor = Cursor::decode(&request.cursor).ok();
        let doubted = match &request.seen {
            Some(seen) => self.doubts(caller, seen, cursor.map(|cursor| cursor.epoch))?,
            None => false,
        };
        // One past the end was given by a server that has lost its newest lines: it reads from the beginning again.
        let from = cursor.filter(|place| place.epoch == self.state.epoch && place.position <= self.state.feed.end());
        let told = Told { unsynced: request.unsynced, lock: request.lock, position: from.map_or(0, |place| place.position) };
        if request.push_only {
            self.take_back_leave(&caller, &request.statements)?;
        }
        let delivers = request.push_only && self.state.may_deliver(&caller);
        if self.state.live(&caller).is_none() && !delivers {
            if self.state.ledger.revoked.contains_key(&caller) {
                // It is told to wipe itself: that is a contact, and what it wanted to send is what will be lost.
                let unsent = u32::try_from(changes.len()).unwrap_or(u32::MAX);
                self.note_contact(caller, Told { unsynced: told.unsynced.saturating_add(unsent), ..told })?;
            }
            return Err(RegionError::NotWelcome);
        }
        let certificate = self.state.ledger.certificates.get(&caller).ok_or(RegionError::NotWelcome)?;
        let coordinates = certificate.role != Role::Coach && !request.push_only;
        let foreign_epoch = from.is_none();
        let returns = foreign_epoch && cursor.is_some();
        let proofs = push.proofs(&self.keyring.device_keys().public()).into_owned();
        let mut pending = Pending {
            caller,
            verdicts: Vec::new(),
            receipted: Vec::new(),
            sent: HashSet::new(),
            releases: BTreeSet::new(),
            counted: HashSet::new(),
            late_keys: 0,
            effort: effort::Effort::default(),
            anew: self.written_anew(&request.statements),
            touched: Vec::new(),
            missing: Vec::new(),
            healing: Vec::new(),
            from: from.unwrap_or(Cursor { epoch: self.state.epoch, position: 0, backfill: None }),
            asked: request.cursor.clone(),
            foreign_epoch,
            returns,
            proven: proofs.changes,
            stated: proofs.statements,
            signed: push.signed.clone(),
            checked: if push.is_examined() { 0 } else { proofs.checked },
            page: request.page.map_or(PAGE, |limit| (limit as usize).clamp(1, PAGE)),
            contacts_since: request.contacts_since.filter(|_| coordinates),
            news: chain::News { seen: request.seen.clone(), doubted },
            waiting: request.waiting.clone(),
            push_only: request.push_only,
            kept: Vec::new(),
        };
        let passed = self.moment.at.as_millis().saturating_sub(self.state.last_time.as_millis());
        let brings = !request.statements.is_empty() || !changes.is_empty();
        // A clock that runs behind tells nothing: a reader of the journal holds on to the latest time.
        if brings && passed >= TIME_EVERY {
            let note = self.contact(caller, told);
            self.stage_note(Kind::Contact, note.encode())?;
        }
        // One replacement of the keyring for all dossiers that begin here, not one for each.
        let (statements, beyond) = request.statements.split_at(request.statements.len().min(MAX_PUSHED_STATEMENTS));
        let beginning = self.documents_to_open(statements, &mut pending);
        self.writer.add_document_keys(self.keyring, &beginning, rng)?;
        pending.counted.extend(beginning);
        pending.effort = self.state.efforts.of(caller, self.moment.at);
        for (index, bytes) in statements.iter().enumerate() {
            let lets_in = self.state.lets_in(bytes).filter(|document| !pending.releases.contains(document));
            let verdict = match (lets_in, pending.anew.at(index).cloned()) {
                // One of which all is here goes before the changes, or what comes behind it would hold it up for ever.
                (_, Some(one)) if self.state.is_ripe(&one) => {
                    if !self.state.weigh_first(statement_hash(bytes), &one, &mut pending) {
                        pending.anew.leave(index);
                    }
                    busy()
                }
                // Judged by the changes that write the dossier anew, which come with it.
                (_, Some(_)) => Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies)),
                (Some(document), _) if !pending.effort.take(self.state.weight(&document)) => busy(),
                _ => self.admit_statement(bytes, &mut pending, rng)?,
            };
            pending.verdicts.push(verdict);
        }
        pending.verdicts.extend(beyond.iter().map(|_| busy()));
        self.state.signatures_checked += pending.checked;
        // Once for each document, however many statements there are about it.
        for document in std::mem::take(&mut pending.releases) {
            self.release(document)?;
        }
        let mut verdicts: Vec<Option<Verdict>> =
            changes.iter().map(|change| change.as_ref().err().map(|why| Verdict::Refused(why.clone()))).collect();
        let mut by_document: BTreeMap<DocumentId, Vec<usize>> = BTreeMap::new();
        // Applying is the writer's work, and everybody waits for the writer.
        let mut left = MAX_PUSHED_OPERATIONS;
        let mut reached: HashMap<DocumentId, bool> = HashMap::new();
        for (index, change) in changes.iter().enumerate() {
            let Ok(change) = change else { continue };
            let document = change.document();
            let rest = left.checked_sub(effort::share(change));
            // All of a document or nothing: what follows in it leans on what came first.
            let mut reaches = || *reached.entry(document).or_insert_with(|| pending.effort.take(self.state.weight(&document)));
            match rest {
                Some(rest) if self.state.knows(change) || reaches() => {
                    left = rest;
                    by_document.entry(document).or_default().push(index);
                }
                _ => verdicts[index] = Some(busy()),
            }
        }
        let in_group = |indexes: &[usize], chosen: &dyn Fn(&Candidate) -> bool| -> Vec<(usize, &Candidate)> {
            let group = indexes.iter().filter_map(|index| Some((*index, changes[*index].as_ref().ok()?)));
            group.filter(|(_, change)| chosen(change)).collect()
        };
        // First what writes a dossier anew, and whether it does so rightly; what was written in it since comes in only then.
        for (document, indexes) in &by_document {
            let group = in_group(indexes, &|change| pending.anew.is_founding(document, &change.hash()));
            if !group.is_empty() {
                for (index, verdict) in self.admit_changes(caller, *document, &group, &mut pending, rng)? {
                    verdicts[index] = Some(verdict);
                }
            }
        }
        for index in pending.anew.take() {
            if let Some(bytes) = statements.get(index) {
                pending.verdicts[index] = self.admit_statement(bytes, &mut pending, rng)?;
            }
        }
        for (document, indexes) in by_document {
            let group = in_group(&indexes, &|change| !pending.anew.is_founding(&document, &change.hash()));
            if !group.is_empty() {
                for (index, verdict) in self.admit_changes(caller, document, &group, &mut pending, rng)? {
                    verdicts[index] = Some(verdict);
                }
            }
            pending.touched.push(document);
        }
        // Only by what came in now: whoever says again what is known, or what is refused, brings nothing nearer.
        let came = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { seq } if *seq >= first);
        let stated = statements.iter().zip(&pending.verdicts).filter(|(_, verdict)| came(verdict));
        let stated = stated.filter_map(|(bytes, _)| SignedStatement::decode(bytes).ok()?.statement().document());
        let changed = changes.iter().zip(&verdicts).filter(|(_, verdict)| verdict.as_ref().is_some_and(came));
        let changed = changed.filter_map(|(change, _)| Some(change.as_ref().ok()?.document()));
        let mut touched: HashSet<DocumentId> = stated.chain(changed).collect();
        pending.verdicts.extend(verdicts.into_iter().map(|verdict| verdict.unwrap_or(Verdict::Deferred(Reason::Busy.into()))));
        for one in &request.replaced {
            let before = self.next;
            self.take_recorded_anew(caller, one, first)?;
            // Nothing may be left that is waited for.
            touched.extend((self.next > before).then_some(one.document));
        }
        self.refound_what_is_due(&touched, &mut pending)?;
        self.state.efforts.note(caller, &pending.effort, self.moment.at);
        self.audit_refusals(caller, request, changes, &pending.verdicts)?;
        if request.push_only {
            pending.keeps(&request.statements, changes);
        } else if !self.state.held {
            self.heal(request, &mut pending);
        }
        let behind = |verdict: &&Verdict| matches!(verdict, Verdict::Deferred(_) | Verdict::Quarantined(_));
        let behind = u32::try_from(pending.verdicts.iter().filter(behind).count()).unwrap_or(u32::MAX);
        self.note_contact(caller, Told { unsynced: told.unsynced.saturating_add(behind), ..told })?;
        Ok(pending)
    }

    /// Compares hash lists for documents whose heads did not agree.
    fn heal(&mut self, request: &Request, pending: &mut Pending) {
        let Some(reader) = self.state.reader(&pending.caller) else { return };
        let mut left = (pending.page / HEALING_WEIGHT).min(MAX_HEALING);
        let (mut named, mut looks) = (HashSet::new(), 0);
        for Hashes { document, hashes } in &request.have {
            // As much as fits in a page; the heads will not agree yet, and the rest follows.
            if left == 0 {
                break;
            }
            // Once for each document: whoever names one again is given nothing more.
            if !named.insert(*document) {
                continue;
            }
            let Some(facts) = self.state.ledger.documents.get(document) else { continue };
            if !self.state.feed.shows(&reader, document) {
                continue;
            }
            let theirs: HashSet<&ChangeHash> = hashes.iter().collect();
            let lacking: Vec<ChangeHash> = hashes.iter().filter(|hash| !facts.has(hash)).copied().collect();
            if !lacking.is_empty() {
                pending.missing.push(Hashes { document: *document, hashes: lacking });
            }
            for change in facts.live() {
                looks += 1;
                if theirs.contains(&change.hash) {
                    continue;
                }
                pending.healing.push((*document, change.hash, change.number));
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        self.state.healing_looks += looks;
    }

    /// Writes down that a device was in contact, where that says something new. What it did not tell this time stands.
    fn note_contact(&mut self, device: DeviceId, told: Told) -> Result<(), RegionError> {
        let note = self.contact(device, told);
        let held_since = self.state.held.then_some(self.state.life_began);
        if let Some(note) = self.state.contacts.hear(note, held_since) {
            self.stage_note(Kind::Contact, note.encode())?;
        }
        Ok(())
    }

    fn contact(&self, device: DeviceId, told: Told) -> ContactNote {
        let Told { unsynced, lock, position } = told;
        let before = self.state.contacts.of(&device).and_then(|note| note.lock);
        let lock = lock.map(LockState::number).or(before);
        ContactNote { device, at: self.moment.at, unsynced, lock, position: Some(position) }
    }
}

/// To be sent again: the others want their turn.
pub(super) fn busy() -> Verdict {
    Verdict::Deferred(Why::at(Step::Quota, Reason::Busy))
}

/// What a device says of itself with a request.
#[derive(Clone, Copy)]
struct Told {
    unsynced: u32,
    lock: Option<LockState>,
    position: u64,
}
