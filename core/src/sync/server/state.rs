//! What the server knows: folded from its journal, record by record.

use super::*;

/// What is folded from the journal.
#[derive(Default)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) feed: Feed,
    pub(super) region: String,
    pub(super) epoch: Epoch,
    /// This life began with a backup, and waits for an administrator.
    pub(super) held: bool,
    /// When this life began.
    pub(super) life_began: Timestamp,
    pub(super) invitations: Invitations,
    pub(super) contacts: Contacts,
    /// The number of each device's certificate: what lay before it was never sent to the device.
    pub(super) certified: BTreeMap<DeviceId, u64>,
    /// What revoked devices said when they wiped themselves, and when they did.
    pub(super) wiped: BTreeMap<DeviceId, (Timestamp, u32)>,
    /// Who is not listened to, until when; nobody's device stands for everyone without a good signature.
    pub(super) locked_out: BTreeMap<Option<DeviceId>, Timestamp>,
    pub(super) quarantine: Quarantine,
    pub(super) openings: Openings,
    /// How many statements of a kind were made today about a document; the day counts from 1970.
    pub(super) stated_today: (i64, HashMap<(DocumentId, u32), usize>),
    pub(super) documents: Shelf,
    /// What devices cost the writer lately.
    pub(super) efforts: effort::Efforts,
    /// Re-foundings, by their statements, that may have come to their end and were too much to look at then.
    pub(super) unlooked: BTreeSet<ChangeHash>,
    /// How often the gate looked at a document.
    pub(super) gate_passes: u64,
    /// How often a document was held against the one in which its dossier is written anew.
    pub(super) refounding_looks: u64,
    /// How many signatures of statements and receipts the writer checked.
    pub(super) signatures_checked: u64,
    /// How many changes were looked at for healing.
    pub(super) healing_looks: u64,
    /// Where erased dossiers could have been.
    pub(super) erasure_notes: BTreeMap<DocumentId, ErasureNote>,
    /// The numbers of the receipts of devices that wiped something.
    pub(super) receipts: HashMap<(DocumentId, DeviceId), u64>,
    /// The devices that asked for an erasure that is not decided.
    pub(super) erasure_askers: BTreeMap<DocumentId, DeviceId>,
    /// Erased, while their keys may still be here.
    pub(super) to_erase: Vec<DocumentId>,
    /// The day for which dated grants were looked at.
    pub(super) due_checked: Option<Day>,
    /// The documents with a grant, or an end of one, that came since.
    pub(super) due: BTreeSet<DocumentId>,
    /// How many documents were looked at for that.
    pub(super) due_looks: u64,
    pub(super) trouble: Option<RegionError>,
    /// Where the records are, for finding the heads that devices saw.
    pub(super) chain: chain::Chain,
    /// Lines about attempts that were written lately.
    pub(super) attempts: auditing::Attempts,
    /// The server's time as a reader of the journal has it here.
    pub(super) last_time: Timestamp,
}

/// How many dossiers each person opened on the last day of which the journal tells.
#[derive(Debug, Default)]
pub(super) struct Openings {
    day: i64,
    by: HashMap<String, usize>,
}

impl Openings {
    fn add(&mut self, person: &str, at: Timestamp) {
        if day(at) > self.day {
            *self = Self { day: day(at), by: HashMap::new() };
        }
        *self.by.entry(person.to_owned()).or_default() += 1;
    }

    /// One that was counted comes back after a restore: it was opened on another day. What is folded anew does not tell, and
    /// counts it until the day is over.
    pub(super) fn take_back(&mut self, person: &str) {
        if let Some(opened) = self.by.get_mut(person) {
            *opened = opened.saturating_sub(1);
        }
    }

    /// How many it were on this day; on one before, if the clock was put back, they count still.
    pub(super) fn of(&self, person: &str, now: Timestamp) -> usize {
        if day(now) > self.day { 0 } else { self.by.get(person).copied().unwrap_or_default() }
    }
}

fn day(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(86_400_000)
}

impl State {
    pub(super) fn take(&mut self, record: Record) {
        if self.trouble.is_some() {
            return;
        }
        if let Err(error) = self.fold(record) {
            self.trouble = Some(error);
        }
    }

    pub(super) fn fold(&mut self, record: Record) -> Result<(), RegionError> {
        let number = record.seq;
        self.chain.passes(number, record.position);
        if number <= self.feed.end() && matches!(record.kind, Kind::Opened | Kind::Closed) {
            return Ok(());
        }
        let (mut wiped, mut again) = (None, false);
        let line = match (&record.payload, record.kind) {
            // A server refuses codes and nothing else: changes are refused to the device and leave no record here.
            (Payload::Bytes(bytes), Kind::Refused) => {
                if let Some(selector) = WrongCode::decode(bytes)?.selector {
                    self.invitations.was_tried(&selector, number);
                }
                return Ok(());
            }
            (Payload::Bytes(bytes), Kind::Change) => {
                let change = SignedChange::decode(bytes).map_err(|error| LedgerError::Record(number, error.to_string()))?;
                self.quarantine.admitted(&change);
                Some(What::Change(change.document(), change.hash()))
            }
            (Payload::Bytes(bytes), kind) if is_statement(kind) => {
                let signed = SignedStatement::decode(bytes).map_err(|error| LedgerError::Record(number, error.to_string()))?;
                if let Statement::Opening(opening) = signed.statement() {
                    // A staged one is folded again when it is written.
                    if number > self.feed.end() {
                        self.openings.add(&opening.person, self.last_time);
                    }
                    let organisation = self.ledger.organisation_of(opening, &signed.signer());
                    self.feed.opened_by(opening.document, &organisation, number);
                }
                if let Statement::Certificate(certificate) = signed.statement() {
                    self.certified.entry(certificate.device).or_insert(number);
                }
                if let Statement::Grant(_) | Statement::GrantEnd(_) = signed.statement() {
                    self.due.extend(signed.statement().document());
                }
                let hash = statement_hash(bytes);
                // In another envelope it is no line of its own.
                again = self.ledger.known_statement(&signed).is_some_and(|(name, _)| name != hash);
                match signed.statement() {
                    // For the server alone: that a device wiped something.
                    Statement::ErasureReceipt(receipt) => {
                        self.receipts.entry((receipt.document, signed.signer())).or_insert(number);
                        None
                    }
                    Statement::ErasureRequest(request) => {
                        self.erasure_askers.insert(request.document, signed.signer());
                        Some(What::About(request.document, hash))
                    }
                    Statement::Erasure(erasure) => {
                        wiped = Some(erasure.document);
                        Some(What::Public(hash))
                    }
                    Statement::Decision(decision) => {
                        let facts = self.ledger.documents.get(&decision.document);
                        self.quarantine.decided(decision, hash, &|change| facts.is_some_and(|facts| facts.has(change)));
                        Some(What::About(decision.document, hash))
                    }
                    other => Some(other.document().map_or(What::Public(hash), |document| What::About(document, hash))),
                }
            }
            (Payload::Bytes(bytes), Kind::Opened | Kind::Closed) => {
                let access = Access::decode(bytes)?;
                access.person.map(|person| match record.kind {
                    Kind::Opened => What::Opened(access.document, person),
                    _ => What::Closed(access.document, person),
                })
            }
            _ => None,
        };
        if let Some(what) = line.filter(|_| !again)
            && number > self.feed.end()
        {
            self.feed.push(Line { number, what });
        }
        let rest = self.ledger.absorb(record)?;
        if let Some(document) = wiped {
            let copies: Vec<DocumentId> = self.ledger.copies().map(|(copy, _)| copy).collect();
            self.wipe(document);
            for copy in copies {
                self.wipe(copy);
            }
        }
        let Some(rest) = rest else { return Ok(()) };
        let Payload::Bytes(bytes) = &rest.payload else { return Ok(()) };
        match rest.kind {
            Kind::Epoch => {
                let note = EpochNote::decode(bytes)?;
                self.held = note.held == Some(true);
                if note.held != Some(false) {
                    self.chain.life_begins(note.epoch, number);
                    self.epoch = note.epoch;
                    self.life_began = note.at;
                }
                if let Some(region) = note.region {
                    self.ledger.set_region(&region);
                    self.region = region;
                    self.feed.set_register(self.ledger.register().unwrap_or_default());
                }
            }
            Kind::Invitation => {
                self.invitations.take(Invitation::decode(bytes)?);
            }
            Kind::ErasureNote => {
                let note = ErasureNote::decode(bytes)?;
                self.erasure_askers.remove(&note.document);
                self.erasure_notes.insert(note.document, note);
            }
            Kind::Contact => {
                let note = ContactNote::decode(bytes)?;
                // One that was only heard is written later.
                self.last_time = self.last_time.max(note.at);
                self.contacts.take(note);
            }
            Kind::Contradicted => self.chain.is_contradicted(&ContradictedNote::decode(bytes)?),
            Kind::Audit => {
                let note = AuditNote::decode(bytes)?;
                self.last_time = note.at;
                self.attempts.take(&note);
            }
            Kind::Wiped => {
                let note = WipedNote::decode(bytes)?;
                let unreadable = |error: crate::cbor::FormatError| LedgerError::Record(number, error.to_string());
                let signed = SignedStatement::decode(&note.statement).map_err(unreadable)?;
                if let Statement::Wiped(wiped) = signed.statement() {
                    self.wiped.insert(wiped.device, (note.at, wiped.lost));
                }
            }
            Kind::LockOut => {
                let note = LockOut::decode(bytes)?;
                self.locked_out.insert(note.device, note.until);
            }
            Kind::Quarantined => {
                let note = NotAdmitted::decode(bytes)?;
                let Some(envelope) = &note.envelope else {
                    let document = note.document.unwrap_or_default();
                    note.hashes.iter().for_each(|hash| self.quarantine.recorded_anew(&document, hash));
                    return Ok(());
                };
                let change = SignedChange::decode(envelope).map_err(|error| LedgerError::Record(number, error.to_string()))?;
                self.quarantine.add(number, change, &note);
            }
            _ => {}
        }
        Ok(())
    }
}
