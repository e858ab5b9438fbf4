//! What the journal says, folded: who is certified, which changes each document has, what the server has acknowledged.
//!
//! Everything that decides something is folded from the journal and nothing else; a cache may only save work. Server
//! and devices fold the same records here; what only one of them keeps is handed back to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::admission;
use crate::chunk::ChangeHash;
use crate::clock::{Day, Timestamp};
use crate::envelope::SignedChange;
use crate::ids::*;
use crate::journal::{Kind, Payload, Position, Record};
use crate::notes::{
    Access, Acknowledged, CursorNote, DayNote, HeadNote, NotAdmitted, Operation, SetAside, Setup, UnreadableNote,
};
use crate::record::Code;
use crate::statement::{
    Certificate, Decision, DocumentKind, ErasureRequest, Grant, GrantEnd, MAX_ENDED, Opening, SignedStatement, Statement,
    StatementId,
};
use crate::wire::Reason;

mod erasures;
mod leaving;

pub use erasures::{Begun, Erasures};
pub use leaving::{Aside, aside_key};

/// The journal holds a record that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A note of a newer version.
    #[error(transparent)]
    Note(#[from] UnreadableNote),
    /// A stored change or statement that does not decode.
    #[error("record {0} of the journal holds something unreadable ({1}); run `verify`, and keep the folder as it is")]
    Record(u64, String),
}

/// One change, as far as deciding about others needs it.
#[derive(Debug, Clone)]
pub struct ChangeFacts {
    /// Its name within the document.
    pub hash: ChangeHash,
    /// Number in this journal; on the server also its number in the feed.
    pub number: u64,
    /// Where its envelope is.
    pub position: Position,
    /// The actor that made it.
    pub actor: Vec<u8>,
    /// Its number in the actor's own row.
    pub seq: u64,
    /// The highest operation number in it.
    pub max_op: u64,
    /// The changes it follows.
    pub deps: Vec<ChangeHash>,
    /// The server's number for it, once the server has it.
    pub acknowledged: Option<u64>,
    /// A life of the server before this one had it.
    pub former: bool,
    /// Where the server's signed word is that it had it.
    pub receipt: Option<Position>,
    /// Waits at the server for a coordinator, with the reason's code.
    pub quarantined: Option<Reason>,
    /// Where the operation behind it is, when it was made here.
    pub operation: Option<Position>,
}

/// What is known of one document.
#[derive(Debug, Clone)]
pub struct DocumentFacts {
    /// Dossier or register.
    pub kind: DocumentKind,
    /// How the dossier began, and where the signed opening is.
    pub opening: Option<(Opening, ChangeHash)>,
    /// Openings of the same document that came later, and mean nothing unless the server says that it has one of them and not
    /// the first.
    later_openings: Vec<(Opening, ChangeHash)>,
    /// Closed to this device.
    pub closed: bool,
    /// Grants in journal order, with the hash of their statement.
    pub grants: Vec<(ChangeHash, Grant)>,
    /// Ends of grants in journal order, with the hash of their statement.
    pub grant_ends: Vec<(ChangeHash, GrantEnd)>,
    /// The last that was said about erasing it: asked, or taken back.
    pub erasure_asked: Option<ErasureRequest>,
    /// Changes in journal order, dropped ones included.
    pub changes: Vec<ChangeFacts>,
    /// How many operations its changes have.
    pub operations: u64,
    by_hash: HashMap<ChangeHash, usize>,
    /// What coordinators decided about work that waited, with the hash of their statement.
    pub decisions: Vec<(ChangeHash, Decision)>,
    /// Refused by the server, or rebuilt because they leant on a refused one.
    dropped: HashSet<ChangeHash>,
}

impl DocumentFacts {
    fn new(kind: DocumentKind) -> Self {
        Self {
            kind,
            opening: None,
            later_openings: Vec::new(),
            closed: false,
            grants: Vec::new(),
            grant_ends: Vec::new(),
            erasure_asked: None,
            decisions: Vec::new(),
            changes: Vec::new(),
            operations: 0,
            by_hash: HashMap::new(),
            dropped: HashSet::new(),
        }
    }

    /// Adds a change that is (about to be) in the journal.
    pub fn add(&mut self, change: &SignedChange, number: u64, position: Position) {
        let header = change.header();
        let hash = change.hash();
        if let Some(index) = self.by_hash.get(&hash) {
            // Staged before it was written; now its place is known.
            self.changes[*index].position = position;
            return;
        }
        self.operations = self.operations.saturating_add(header.operations);
        self.by_hash.insert(hash, self.changes.len());
        self.changes.push(ChangeFacts {
            hash,
            number,
            position,
            actor: header.actor.clone(),
            seq: header.seq,
            max_op: admission::max_op(header),
            deps: header.deps.clone(),
            acknowledged: None,
            former: false,
            receipt: None,
            quarantined: None,
            operation: None,
        });
    }

    /// The change with this hash, dropped or not.
    pub fn change(&self, hash: &ChangeHash) -> Option<&ChangeFacts> {
        self.by_hash.get(hash).map(|index| &self.changes[*index])
    }

    /// All changes that are here, dropped ones included, in journal order.
    pub fn all(&self) -> impl Iterator<Item = &ChangeFacts> {
        self.changes.iter()
    }

    /// How many changes are here, dropped ones included.
    pub fn changes_len(&self) -> usize {
        self.changes.len()
    }

    /// Unacknowledged changes that count and build on dropped ones.
    pub fn leaning(&self) -> Vec<ChangeHash> {
        if self.dropped.is_empty() {
            return Vec::new();
        }
        let mut gone = self.dropped.clone();
        let mut leaning = Vec::new();
        for change in &self.changes {
            let leans = change.deps.iter().any(|dep| gone.contains(dep)) && change.acknowledged.is_none();
            if leans && gone.insert(change.hash) {
                leaning.push(change.hash);
            }
        }
        leaning
    }

    /// Whether the change is here and counts.
    pub fn has(&self, hash: &ChangeHash) -> bool {
        self.by_hash.contains_key(hash) && !self.dropped.contains(hash)
    }

    /// Whether the change was rebuilt away.
    pub fn is_dropped(&self, hash: &ChangeHash) -> bool {
        self.dropped.contains(hash)
    }

    /// The changes that count, in journal order.
    pub fn live(&self) -> impl Iterator<Item = &ChangeFacts> {
        self.changes.iter().filter(|change| !self.dropped.contains(&change.hash))
    }

    /// The last number in an actor's row, and the change that has it.
    pub fn last_of(&self, actor: &[u8]) -> Option<&ChangeFacts> {
        self.live().filter(|change| change.actor == actor).max_by_key(|change| change.seq)
    }

    /// A digest over the changes that count: the version of everything derived from them.
    pub fn tag(&self) -> [u8; 32] {
        self.tag_of_first(usize::MAX)
    }

    /// The digest over the first `count` changes that count.
    pub fn tag_of_first(&self, count: usize) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for change in self.live().take(count) {
            hasher.update(change.hash.as_bytes());
        }
        hasher.finalize().into()
    }

    /// These changes and everything that they follow.
    pub fn up_to(&self, heads: impl IntoIterator<Item = ChangeHash>) -> HashSet<ChangeHash> {
        let mut known = HashSet::new();
        let mut next: Vec<ChangeHash> = heads.into_iter().collect();
        while let Some(hash) = next.pop() {
            let Some(change) = self.change(&hash) else { continue };
            if known.insert(hash) {
                next.extend(change.deps.iter().copied());
            }
        }
        known
    }

    /// Those of the chosen changes that no other chosen change follows, ascending.
    pub fn heads_among(&self, chosen: impl Fn(&ChangeFacts) -> bool) -> Vec<ChangeHash> {
        let mut heads: std::collections::BTreeSet<ChangeHash> =
            self.live().filter(|change| chosen(change)).map(|c| c.hash).collect();
        for change in self.live().filter(|change| chosen(change)) {
            for dep in &change.deps {
                heads.remove(dep);
            }
        }
        heads.into_iter().collect()
    }
}

/// A statement that this store keeps.
#[derive(Debug, Clone)]
pub struct StatementFacts {
    /// Number in this journal; on the server also its number in the feed.
    pub number: u64,
    /// Where its signed bytes are.
    pub position: Position,
    /// The document it is about.
    pub document: Option<DocumentId>,
    /// The number of its kind.
    pub kind: u32,
    /// The server's number for it, once the server has it.
    pub acknowledged: Option<u64>,
    /// A life of the server before this one had it.
    pub former: bool,
    /// Where the server's signed word is that it had it.
    pub receipt: Option<Position>,
    /// Refused by the server.
    pub refused: bool,
}

impl StatementFacts {
    /// Whether everyone keeps it: certificates, revocations, erasures.
    pub const fn is_public(&self) -> bool {
        matches!(self.kind, 1 | 5 | 6)
    }
}

/// What is known of a revoked device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationFacts {
    /// Number of the first revocation in this journal: what came later, the device cannot have had.
    pub number: u64,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// Whether what the device did not send is still taken, into quarantine.
    pub accept_unsent: bool,
    /// The newest revocation of the device: the SHA-256 of its signed bytes.
    pub newest: ChangeHash,
}

/// A change that the server did not admit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unadmitted {
    /// Its document.
    pub document: DocumentId,
    /// The change.
    pub hash: ChangeHash,
    /// The reason's code.
    pub reason: Reason,
    /// When this device heard.
    pub at: Timestamp,
    /// What was added in words.
    pub text: Option<String>,
}

/// The folded journal.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Certified devices.
    pub certificates: BTreeMap<DeviceId, Certificate>,
    /// Devices that are revoked.
    pub revoked: BTreeMap<DeviceId, Timestamp>,
    /// The same devices, with what else is known.
    pub revocations: BTreeMap<DeviceId, RevocationFacts>,
    /// Every statement by the SHA-256 of its signed bytes.
    pub statements: HashMap<ChangeHash, StatementFacts>,
    /// The same statements by signer and what is stated: in another envelope it says nothing new.
    names: HashMap<StatementId, ChangeHash>,
    /// Documents.
    pub documents: BTreeMap<DocumentId, DocumentFacts>,
    /// Whose field book it is.
    pub setup: Option<Setup>,
    /// The latest time that this device saw: what the server said last, or its own clock showed since.
    pub latest: Option<Timestamp>,
    /// How far the server's feed was read.
    pub cursor: Option<CursorNote>,
    /// The head of the server's chain that was seen last.
    pub head: Option<HeadNote>,
    /// Heads that the server did not have any more.
    pub head_doubts: Vec<HeadNote>,
    /// Of those, the ones that a person knows of, or that a new life of the server explains, by hash.
    pub known_doubts: HashSet<[u8; 32]>,
    /// A new life of the server began, and the person did not hear of it yet.
    pub untold_life: bool,
    /// Of the heads that it did not have any more, the ones that the server was shown, by hash.
    pub shown_heads: HashSet<[u8; 32]>,
    /// Changes that were refused and rebuilt away, in the order in which this device heard.
    pub refused: Vec<Unadmitted>,
    /// Operations performed again, by the change they replace.
    pub replaced: HashMap<ChangeHash, ChangeHash>,
    /// Of those the ones that had nothing left to write, with the number of the record that says so and the document.
    pub nothing_left: HashMap<ChangeHash, (u64, DocumentId)>,
    /// The server began a new life, and what it still has is being read again: what only former lives had waits until then.
    pub reading_again: bool,
    /// Dossiers that were erased, or go on in another document.
    pub erasures: Erasures,
    /// What this device's person wrote in dossiers that left it, until its fate is known.
    pub aside: BTreeMap<ChangeHash, Aside>,
    /// Names of the keys of what was set aside and is set aside no more.
    pub spent: BTreeSet<DocumentId>,
    /// Dossiers of which nobody said to which organisation they belong, with who began them.
    unowned: BTreeMap<DocumentId, DeviceId>,
    /// The register's document, fixed by the region.
    register: Option<DocumentId>,
}

/// Through how many documents that replaced one another access is looked for. An erased one ends the search, so an honest
/// dossier has one or two; openings that replace each other in a ring would have no end.
const MOST_REPLACED: usize = 16;

/// The register document of a region.
pub fn register_document(region: &str) -> DocumentId {
    DocumentId::derived("veldboek/register/1", region.as_bytes())
}

/// The name of the grant that stands, where a dossier goes on in another document, for what its founder had by opening the first
/// one. It follows from what every device knows of that, so that an end can name it before the server has carried it over.
pub fn founders_grant(opened: &DocumentId, person: &str) -> EntryId {
    EntryId::derived("veldboek/founders-grant/1", &[opened.as_bytes().as_slice(), person.as_bytes()].concat())
}

/// The name under which a statement is kept and acknowledged: the SHA-256 of its signed bytes.
pub fn statement_hash(bytes: &[u8]) -> ChangeHash {
    ChangeHash::from_bytes(Sha256::digest(bytes).into())
}

impl Ledger {
    /// Says which document is the register; every other one is a dossier.
    pub fn set_region(&mut self, region: &str) {
        let document = register_document(region);
        self.register = Some(document);
        self.documents.entry(document).or_insert_with(|| DocumentFacts::new(DocumentKind::Register)).kind =
            DocumentKind::Register;
    }

    /// The register's document.
    pub fn register(&self) -> Option<DocumentId> {
        self.register
    }

    /// Takes in one record. What is not common to server and devices comes back.
    ///
    /// # Errors
    /// [`LedgerError`] when a record cannot be read.
    pub fn absorb(&mut self, record: Record) -> Result<Option<Record>, LedgerError> {
        let Payload::Bytes(bytes) = &record.payload else { return Ok(None) };
        let unreadable = |error: &dyn std::fmt::Display| LedgerError::Record(record.seq, error.to_string());
        match record.kind {
            Kind::Change => {
                let change = SignedChange::decode(bytes).map_err(|error| unreadable(&error))?;
                self.add_change(&change, record.seq, record.position);
            }
            Kind::Certificate
            | Kind::Opening
            | Kind::Grant
            | Kind::Revocation
            | Kind::Erasure
            | Kind::Erasing
            | Kind::Decision => {
                let statement = SignedStatement::decode(bytes).map_err(|error| unreadable(&error))?;
                self.add_statement(&statement, record.seq, record.position);
            }
            Kind::Operation => {
                let operation = Operation::decode(bytes)?;
                self.saw(operation.at);
                if let Some(replaced) = operation.replaces {
                    self.replaced.insert(replaced, operation.change);
                    if replaced == operation.change {
                        self.nothing_left.insert(replaced, (record.seq, operation.document));
                    }
                    self.forget_aside(&replaced);
                }
                if let Some(facts) = self.documents.get_mut(&operation.document)
                    && let Some(index) = facts.by_hash.get(&operation.change)
                {
                    facts.changes[*index].operation = Some(record.position);
                }
            }
            Kind::Acknowledged => {
                let note = Acknowledged::decode(bytes)?;
                let receipt = note.signature.is_some().then_some(record.position);
                let stated = note.stated.is_some().then_some(record.position);
                for entry in &note.entries {
                    let receipt = if entry.document.is_some() { receipt } else { stated };
                    self.acknowledge(entry.document, &entry.hash, entry.seq, receipt);
                }
                for document in note.entries.iter().filter_map(|entry| entry.document) {
                    self.leave_if_done(&document);
                }
            }
            Kind::SetAside => {
                let note = SetAside::decode(bytes)?;
                let document = note.document;
                self.set_aside(note, record.seq, record.position);
                self.leave_if_done(&document);
            }
            Kind::Cursor => {
                let note = CursorNote::decode(bytes)?;
                self.reading_again &= note.end != Some(true);
                // The server knows what day it is: a clock that was wrong before is not held against anyone.
                self.latest = note.server_time.or(self.latest);
                self.cursor = Some(note);
            }
            Kind::Day => self.saw(DayNote::decode(bytes)?.at),
            Kind::Head => {
                let note = HeadNote::decode(bytes)?;
                match note.state {
                    None => self.head = Some(note),
                    Some(HeadNote::SHOWN) => {
                        self.shown_heads.insert(note.hash);
                    }
                    Some(HeadNote::KNOWN) => {
                        self.known_doubts.insert(note.hash);
                    }
                    Some(HeadNote::LIFE_TOLD) => self.untold_life = false,
                    Some(_) => self.head_doubts.push(note),
                }
            }
            Kind::Setup => {
                let setup = Setup::decode(bytes)?;
                let before = self.setup.as_ref().and_then(|setup| setup.server);
                if before.is_some() && before != setup.server {
                    self.forget_server();
                }
                self.set_region(&setup.region);
                self.setup = Some(setup);
            }
            Kind::Refused | Kind::Quarantined => {
                let note = NotAdmitted::decode(bytes)?;
                if note.envelope.is_some() || note.sender.is_some() {
                    return Ok(Some(record));
                }
                self.add_unadmitted(&note, record.kind == Kind::Quarantined);
            }
            Kind::Opened | Kind::Closed => {
                let note = Access::decode(bytes)?;
                if note.person.is_some() {
                    return Ok(Some(record));
                }
                // Also where nothing else of it is left to read: what is performed again there is not to open it.
                if !self.is_erased(&note.document) {
                    self.facts(note.document).closed = record.kind == Kind::Closed;
                }
                self.leave_if_done(&note.document);
            }
            _ => return Ok(Some(record)),
        }
        Ok(None)
    }

    fn saw(&mut self, at: Timestamp) {
        self.latest = self.latest.max(Some(at));
    }

    /// Another server knows nothing of what the one before acknowledged.
    fn forget_server(&mut self) {
        self.cursor = None;
        self.head = None;
        self.untold_life = false;
        self.known_doubts.extend(self.head_doubts.iter().map(|doubt| doubt.hash));
        for facts in self.documents.values_mut() {
            for change in &mut facts.changes {
                change.acknowledged = None;
                change.quarantined = None;
            }
        }
        for statement in self.statements.values_mut() {
            statement.acknowledged = None;
            statement.refused = false;
        }
    }

    /// The server was put back from a backup: what it had may be gone. Its new life acknowledges anew what it still has; the
    /// rest is sent again.
    pub fn begin_life(&mut self, epoch: Epoch) {
        self.reading_again = true;
        // One that only lost its end begins no life, and says so by beginning none.
        if self.cursor.as_ref().is_some_and(|cursor| cursor.epoch != epoch) {
            self.untold_life = true;
            // What it lacked before is lacking because an older copy was put back.
            self.known_doubts.extend(self.head_doubts.iter().map(|doubt| doubt.hash));
        }
        self.send_aside_again();
        for change in self.documents.values_mut().flat_map(|facts| facts.changes.iter_mut()) {
            change.former |= change.acknowledged.take().is_some();
            change.quarantined = None;
        }
        for statement in self.statements.values_mut() {
            statement.former |= statement.acknowledged.take().is_some();
        }
    }

    /// Whether a document is a register of a region that this field book left behind when it joined another.
    pub fn is_left_behind(&self, document: &DocumentId) -> bool {
        self.register != Some(*document) && self.documents.get(document).is_some_and(|facts| facts.kind == DocumentKind::Register)
    }

    fn facts(&mut self, document: DocumentId) -> &mut DocumentFacts {
        let kind = if self.register == Some(document) { DocumentKind::Register } else { DocumentKind::Dossier };
        self.documents.entry(document).or_insert_with(|| DocumentFacts::new(kind))
    }

    /// Adds a change that is (about to be) in the journal.
    pub fn add_change(&mut self, change: &SignedChange, number: u64, position: Position) {
        if self.is_erased(&change.document()) {
            return;
        }
        self.facts(change.document()).add(change, number, position);
    }

    /// A statement that is kept here, in this envelope or another: the name under which it is, and what is known of it.
    pub fn known_statement(&self, signed: &SignedStatement) -> Option<(ChangeHash, &StatementFacts)> {
        let name = *self.names.get(&signed.id())?;
        Some((name, self.statements.get(&name)?))
    }

    /// Drops the statements about a document.
    fn drop_statements(&mut self, document: &DocumentId) {
        self.statements.retain(|_, facts| facts.document != Some(*document));
        let statements = &self.statements;
        self.names.retain(|_, name| statements.contains_key(name));
    }

    /// Adds a statement that is (about to be) in the journal.
    pub fn add_statement(&mut self, signed: &SignedStatement, number: u64, position: Position) {
        let hash = statement_hash(signed.bytes());
        if let Some(known) = self.statements.get_mut(&hash) {
            known.position = position;
            return;
        }
        if self.known_statement(signed).is_some() {
            return;
        }
        if signed.statement().document().is_some_and(|document| self.is_erased(&document)) {
            return;
        }
        let document = match signed.statement() {
            Statement::Certificate(certificate) => {
                self.certificates.insert(certificate.device, certificate.clone());
                self.own(certificate);
                None
            }
            Statement::Opening(opening) => {
                let organisation = self.organisation_of(opening, &signed.signer());
                if organisation.is_empty() {
                    self.unowned.insert(opening.document, signed.signer());
                }
                let facts = self.facts(opening.document);
                // The first opening counts; a second one of the same document is kept but means nothing.
                if facts.opening.is_none() {
                    facts.opening = Some((Opening { organisation, ..opening.clone() }, hash));
                } else {
                    facts.later_openings.push((Opening { organisation, ..opening.clone() }, hash));
                }
                Some(opening.document)
            }
            Statement::Grant(grant) => {
                let facts = self.facts(grant.document);
                facts.grants.push((hash, grant.clone()));
                Some(grant.document)
            }
            Statement::GrantEnd(end) => {
                let facts = self.facts(end.document);
                facts.grant_ends.push((hash, end.clone()));
                Some(end.document)
            }
            Statement::Revocation(revocation) => {
                let since = *self.revoked.entry(revocation.device).or_insert(revocation.at);
                let facts = self.revocations.entry(revocation.device).or_insert_with(|| RevocationFacts {
                    number,
                    at: since,
                    reason: None,
                    accept_unsent: false,
                    newest: hash,
                });
                // A later one adds what was decided since; it never makes the device trusted again.
                facts.newest = hash;
                facts.accept_unsent |= revocation.accept_unsent;
                facts.reason = revocation.reason.clone().or(facts.reason.take());
                None
            }
            Statement::ErasureRequest(request) => {
                let facts = self.facts(request.document);
                if facts.erasure_asked.as_ref().is_none_or(|known| known.at <= request.at) {
                    facts.erasure_asked = Some(request.clone());
                }
                Some(request.document)
            }
            Statement::Erasure(_) | Statement::ErasureReceipt(_) | Statement::Refounding(_) => {
                if let Statement::Refounding(refounding) = signed.statement()
                    && let Some(begun) = self.erasures.refounding(&refounding.old)
                    && begun.refounding.founding.is_none()
                    && self.revoked.contains_key(&begun.device)
                    && !self.is_erased(&refounding.old)
                {
                    // What an earlier version began on a phone that was lost is never finished, and must not stand in the way
                    // of who does.
                    let abandoned = begun.refounding.new;
                    self.erasures.forget_refounding(&abandoned);
                }
                self.erasures.add(signed);
                signed.statement().document()
            }
            Statement::Decision(decision) => {
                self.facts(decision.document).decisions.push((hash, decision.clone()));
                self.decide(decision);
                Some(decision.document)
            }
            // The server keeps what devices say of themselves by device; a closing is acted on and not kept.
            Statement::Closing(_) | Statement::Wiped(_) | Statement::Newer(_) => None,
        };
        let kind = signed.statement().kind();
        let facts =
            StatementFacts { number, position, document, kind, acknowledged: None, former: false, receipt: None, refused: false };
        self.statements.insert(hash, facts);
        self.names.insert(signed.id(), hash);
    }

    /// The organisation to which a dossier belongs: the one that its opening names, else that of whoever signed it. A dossier
    /// that was begun before its coach joined names none.
    pub fn organisation_of(&self, opening: &Opening, signer: &DeviceId) -> String {
        let named = Some(&opening.organisation).filter(|named| !named.is_empty());
        let theirs = || self.certificates.get(signer).map(|certificate| &certificate.organisation);
        named.or_else(theirs).cloned().unwrap_or_default()
    }

    /// What a device began before it was anybody's belongs to the organisation of its person.
    fn own(&mut self, certificate: &Certificate) {
        let unowned = std::mem::take(&mut self.unowned);
        for (document, signer) in unowned {
            if signer != certificate.device {
                self.unowned.insert(document, signer);
            } else if let Some((opening, _)) = self.documents.get_mut(&document).and_then(|facts| facts.opening.as_mut())
                && opening.organisation.is_empty()
            {
                opening.organisation.clone_from(&certificate.organisation);
            }
        }
    }

    fn acknowledge(&mut self, document: Option<DocumentId>, hash: &ChangeHash, seq: u64, receipt: Option<Position>) {
        match document {
            Some(document) => {
                // What was set aside or refused is on the server after all: nothing is left to say about it.
                self.forget_aside(hash);
                self.refused.retain(|item| item.hash != *hash);
                let Some(facts) = self.documents.get_mut(&document) else { return };
                if let Some(index) = facts.by_hash.get(hash) {
                    facts.changes[*index].acknowledged = Some(seq);
                    facts.changes[*index].former = false;
                    facts.changes[*index].receipt = receipt.or(facts.changes[*index].receipt);
                    facts.changes[*index].quarantined = None;
                    // The server has it after all, so it counts.
                    facts.dropped.remove(hash);
                }
            }
            None => {
                let Some(facts) = self.statements.get_mut(hash) else { return };
                facts.acknowledged = Some(seq);
                facts.former = false;
                facts.receipt = receipt.or(facts.receipt);
                if let (2, Some(document)) = (facts.kind, facts.document) {
                    self.settle_opening(&document, hash);
                }
            }
        }
    }

    /// The server has this opening of a document: it counts before one that a bundle brought, which the server never had.
    fn settle_opening(&mut self, document: &DocumentId, hash: &ChangeHash) {
        let Some(facts) = self.documents.get_mut(document) else { return };
        let Some(place) = facts.later_openings.iter().position(|(_, later)| later == hash) else { return };
        let had = |name: &ChangeHash| self.statements.get(name).is_some_and(|facts| facts.acknowledged.is_some() || facts.former);
        if facts.opening.as_ref().is_none_or(|(_, first)| !had(first)) {
            let counts = facts.later_openings.swap_remove(place);
            facts.later_openings.extend(facts.opening.replace(counts));
        }
    }

    fn add_unadmitted(&mut self, note: &NotAdmitted, quarantined: bool) {
        let reason = Reason::from_code(&note.reason).unwrap_or(Reason::Other);
        let Some(document) = note.document else {
            for hash in &note.hashes {
                let Some(statement) = self.statements.get_mut(hash) else { continue };
                statement.refused = true;
                let kind = statement.kind;
                let Some(document) = statement.document else { continue };
                // The dossier does not go on there after all. Of others' words about it that are refused it does not depend.
                let begins = |(_, first): &(Opening, ChangeHash)| first == hash;
                let began = self.documents.get(&document).and_then(|facts| facts.opening.as_ref()).is_some_and(begins);
                match kind {
                    2 if began => self.erasures.forget_refounding(&document),
                    11 => self.erasures.forget_statement(hash),
                    _ => {}
                }
                if let Some(facts) = self.documents.get_mut(&document) {
                    facts.grants.retain(|(grant, _)| grant != hash);
                    facts.grant_ends.retain(|(end, _)| end != hash);
                }
                self.undecide(&document, hash);
            }
            return;
        };
        self.judge_aside(document, note, quarantined);
        let Some(facts) = self.documents.get_mut(&document) else { return };
        if quarantined {
            for hash in &note.hashes {
                if let Some(index) = facts.by_hash.get(hash) {
                    facts.changes[*index].quarantined = Some(reason);
                }
            }
        } else {
            facts.dropped.extend(note.hashes.iter().copied());
            let listed = |hash: &ChangeHash| self.refused.iter().any(|item| item.hash == *hash);
            if let (Some(first), false) = (note.hashes.first().filter(|first| !listed(first)), note.again == Some(true)) {
                let text = note.text.clone();
                self.refused.push(Unadmitted { document, hash: *first, reason, at: note.at, text });
            }
        }
    }

    /// Whether an opening comes back to its own document through those that it replaces, or goes through too many.
    pub fn replaces_in_a_ring(&self, opening: &Opening) -> bool {
        let mut next = opening.replaces;
        for _ in 0..MOST_REPLACED {
            match next {
                None => return false,
                Some(old) if old == opening.document => return true,
                Some(old) => {
                    let facts = self.documents.get(&old);
                    next = facts.and_then(|facts| facts.opening.as_ref()).and_then(|(opening, _)| opening.replaces);
                }
            }
        }
        true
    }

    /// Whether a document takes the place of another one, by the openings in between.
    pub fn takes_place_of(&self, document: &DocumentId, old: &DocumentId) -> bool {
        let before = |id: &DocumentId| self.documents.get(id)?.opening.as_ref()?.0.replaces;
        std::iter::successors(before(document), before).take(MOST_REPLACED).any(|one| one == *old)
    }

    /// Whether a person may work in a document on a day by its signed statements, the founder's own included.
    pub fn holds_grant(&self, document: &DocumentId, person: &str, on: Day) -> bool {
        self.granted_until(document, person, on).is_some()
    }

    /// The last day of the grants under which a person may work in a document on a day; `Some(None)` when no end is known,
    /// `None` without a grant.
    pub fn granted_until(&self, document: &DocumentId, person: &str, on: Day) -> Option<Option<Day>> {
        self.granted_until_by(document, person, on, &|end| end.on.plus_days(-1))
    }

    /// The same, with a last day of one's own for every end.
    pub fn granted_until_by(
        &self,
        document: &DocumentId,
        person: &str,
        on: Day,
        last_day: &dyn Fn(&GrantEnd) -> Day,
    ) -> Option<Option<Day>> {
        self.granted_within(document, person, on, last_day, MOST_REPLACED)
    }

    fn granted_within(
        &self,
        document: &DocumentId,
        person: &str,
        on: Day,
        last_day: &dyn Fn(&GrantEnd) -> Day,
        steps: usize,
    ) -> Option<Option<Day>> {
        let facts = self.documents.get(document)?;
        let ends = |of: Option<&Grant>| {
            let counts = |end: &&GrantEnd| end.person == person && of.is_none_or(|grant| end.takes(grant));
            facts.grant_ends.iter().map(|(_, end)| end).filter(counts).map(last_day).min()
        };
        let grants = facts.grants.iter().filter(|(_, grant)| grant.person == person && grant.from <= on);
        let grants = grants.map(|(_, grant)| grant.until.into_iter().chain(ends(Some(grant))).min());
        let opening = facts.opening.as_ref().map(|(opening, _)| opening);
        // Whoever founds a dossier anew gains nothing by it: the grants of the document before hold, until the server has
        // carried them over.
        let before = opening
            .and_then(|opening| opening.replaces)
            .filter(|old| self.is_erased(old) || self.documents.get(old).is_some_and(|facts| facts.opening.is_some()));
        let founder = match before {
            Some(old) => steps.checked_sub(1).and_then(|left| self.granted_within(&old, person, on, last_day, left)),
            None => opening.filter(|opening| opening.person == person).map(|_| ends(None)),
        };
        // Of several grants the one that lasts longest counts.
        let lasting = grants.chain(founder).filter(|last| last.is_none_or(|last| on <= last));
        lasting.max_by_key(|last| (last.is_none(), *last))
    }

    /// The grants of a person that are known here and would hold on a day, or later: what an end that is decided now names.
    /// Those of the document that this one takes the place of are carried over to it under the same names, and what the person
    /// has by opening that one as a grant whose name follows from it.
    pub fn grants_to_end(&self, document: &DocumentId, person: &str, on: Day) -> Vec<EntryId> {
        let mut found: Vec<EntryId> = Vec::new();
        let mut next = Some(*document);
        for _ in 0..MOST_REPLACED {
            let Some((id, facts)) = next.and_then(|id| Some((id, self.documents.get(&id)?))) else { break };
            let mine = |grant: &&Grant| grant.person == person && grant.until.is_none_or(|until| on <= until);
            for grant in facts.grants.iter().rev().map(|(_, grant)| grant).filter(mine) {
                if !found.contains(&grant.id) && found.len() < MAX_ENDED {
                    found.push(grant.id);
                }
            }
            let opening = facts.opening.as_ref().map(|(opening, _)| opening);
            next = opening.and_then(|opening| opening.replaces);
            // What a person has by opening this very document ends without a name. Of one that never was at the server, whoever
            // opened the one in its place is the founder.
            let began = match next {
                None => Some(id).filter(|id| id != document),
                Some(old) => Some(old).filter(|old| !self.documents.contains_key(old) && !self.is_erased(old)),
            };
            let founded = began.filter(|_| opening.is_some_and(|opening| opening.person == person));
            let carried = founded.map(|began| founders_grant(&began, person));
            found.extend(carried.filter(|id| !found.contains(id) && found.len() < MAX_ENDED));
        }
        found
    }

    /// The last day of a person's access before a day without any; `None` when no statement gave them access before.
    pub fn last_day_before(&self, document: &DocumentId, person: &str, day: Day) -> Option<Day> {
        let facts = self.documents.get(document)?;
        let starts = facts.grants.iter().filter(|(_, grant)| grant.person == person).map(|(_, grant)| grant.from);
        let founded = facts.opening.as_ref().filter(|(opening, _)| opening.person == person);
        // A founder's access begins with the opening: the day before every end of it is one with access.
        let ends = facts.grant_ends.iter().map(|(_, end)| end).filter(|end| founded.is_some() && end.person == person);
        let ends = ends.map(|end| end.on.plus_days(-1));
        starts.chain(ends).filter(|from| *from < day).filter_map(|from| self.granted_until(document, person, from)?).max()
    }
}

#[cfg(test)]
mod tests;
