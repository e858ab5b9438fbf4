//! What the vectors hold: fixed keys, fixed time, invented people.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, ROOT};
use rand_core::{TryCryptoRng, TryRng};
use veldboek_core::admission::Step;
use veldboek_core::audit::{AuditAction, AuditNote};
use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::chunk::ChangeHash;
use veldboek_core::clock::Timestamp;
use veldboek_core::disk::{Disk, MemoryDisk};
use veldboek_core::envelope::SignedChange;
use veldboek_core::ids::{DocumentId, EntryId, Epoch, TraineeId};
use veldboek_core::journal::{Journal, Kind, NewRecord};
use veldboek_core::keyring::{self, Cause, Cost, Keyring, Keystore, KeystoreError, LockState, NewLock, Passphrase, WrappingKey};
use veldboek_core::keys::DeviceKeys;
use veldboek_core::ledger::statement_hash;
use veldboek_core::notes::SetAside;
use veldboek_core::request_signature::{self, Nonce};
use veldboek_core::statement::*;
use veldboek_core::wire::*;

pub const REGION: &str = "ijmond";
pub const TIME: i64 = 1_740_000_000_000;
pub const WRAPPING: [u8; 32] = [0x77; 32];
pub const SEGMENT: &str = "journal/00000001.vbj";
pub const AUDIT: &[u8] = b"a line for the auditor";

/// Randomness that counts, so that sealed bytes are the same every time.
pub struct Counting(pub u64);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.try_next_u64()? as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(1);
        Ok(self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let next = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

pub fn server() -> DeviceKeys {
    DeviceKeys::from_bytes(&[1; 64])
}

/// A coach's phone.
pub fn anna() -> DeviceKeys {
    DeviceKeys::from_bytes(&[7; 64])
}

/// A coordinator's laptop.
pub fn carla() -> DeviceKeys {
    DeviceKeys::from_bytes(&[8; 64])
}

pub fn document() -> DocumentId {
    DocumentId::from_bytes([5; 16])
}

pub fn other_document() -> DocumentId {
    DocumentId::from_bytes([6; 16])
}

pub fn epoch() -> Epoch {
    Epoch::from_bytes([2; 16])
}

pub fn at(later: i64) -> Timestamp {
    Timestamp::from_millis(TIME + later)
}

pub fn actor() -> Vec<u8> {
    [anna().device().as_bytes().as_slice(), &[9; 8]].concat()
}

pub fn chunk() -> Vec<u8> {
    let mut document = AutoCommit::new().with_actor(ActorId::from(actor()));
    document.put(ROOT, "note", "In de kelder, zonder bereik").unwrap();
    document.put(ROOT, "minutes", 45_i64).unwrap();
    document.commit_with(CommitOptions::default().with_time(TIME));
    document.get_changes(&[]).remove(0).raw_bytes().to_vec()
}

pub fn envelope() -> Vec<u8> {
    SignedChange::sign(document(), &chunk(), &anna()).unwrap().bytes().to_vec()
}

pub fn hash() -> ChangeHash {
    SignedChange::decode(&envelope()).unwrap().hash()
}

fn certificate() -> Certificate {
    Certificate {
        device: anna().device(),
        keys: anna().public(),
        person: "anna".into(),
        display_name: "Anna de Wit".into(),
        role: Role::Coach,
        organisation: "pro-west".into(),
        label: "telefoon van Anna".into(),
        from: at(0),
    }
}

/// Every kind of statement, with who signs it.
pub fn statements() -> BTreeMap<&'static str, (Statement, DeviceKeys)> {
    let day = |text: &str| text.parse().unwrap();
    let opening = Opening {
        document: document(),
        kind: DocumentKind::Dossier,
        founding: 1,
        trainee: Some(TraineeId::from_bytes([4; 16])),
        organisation: "pro-west".into(),
        person: "anna".into(),
        at: at(1),
        replaces: None,
    };
    let grant = Grant {
        id: EntryId::from_bytes([3; 16]),
        document: document(),
        person: "bram".into(),
        from: day("2025-03-31"),
        until: Some(day("2025-04-30")),
        note: Some("vakantie van Anna".into()),
        by: "carla".into(),
        at: at(2),
        decision: None,
    };
    let end = GrantEnd {
        document: document(),
        person: "bram".into(),
        on: day("2025-04-15"),
        by: "carla".into(),
        at: at(3),
        reason: Some("Anna is terug".into()),
        decision: None,
        successor: None,
        ends: None,
    };
    let withdrawn = vec![EntryId::from_bytes([3; 16])];
    let again = Opening { document: other_document(), replaces: Some(document()), ..opening.clone() };
    let erasure = Erasure { document: document(), at: at(5), trainee: None, replaced_by: None, withdrawn: Vec::new() };
    let whole = Erasure { trainee: Some(TraineeId::from_bytes([4; 16]).mark()), ..erasure.clone() };
    let goes_on = Erasure { replaced_by: Some(other_document()), withdrawn: withdrawn.clone(), ..erasure.clone() };
    let receipt = ErasureReceipt { document: document(), at: at(9), unsent: 2 };
    let request = ErasureRequest { document: document(), by: "carla".into(), at: at(10), withdrawn: None };
    let handed = Grant { until: None, note: None, decision: Some(Handover::WarmHandover), ..grant.clone() };
    let over = GrantEnd {
        person: "anna".into(),
        reason: None,
        decision: Some(Handover::WarmHandover),
        successor: Some(handed.id),
        ..end.clone()
    };
    let named = GrantEnd { ends: Some(vec![handed.id, EntryId::from_bytes([7; 16])]), ..over.clone() };
    let decision = Decision {
        document: document(),
        changes: vec![hash()],
        accepted: false,
        by: "carla".into(),
        at: at(9),
        reason: Some("hoort in een ander dossier".into()),
        leaning: vec![ChangeHash::from_bytes([9; 32])],
    };
    let closing = Closing { person: "anna".into(), documents: vec![document(), other_document()], at: at(10), asked: None };
    let answering = Closing { asked: Some(cursor().encode().into()), ..closing.clone() };
    let refounding = Refounding {
        old: document(),
        new: other_document(),
        by: "anna".into(),
        at: at(11),
        withdrawn,
        reason: Some("verkeerd dossier".into()),
        heads: None,
        founding: None,
    };
    let founded = ChangeHash::from_bytes([0x0c; 32]);
    let exact = Refounding { heads: Some(vec![hash()]), founding: Some(vec![founded]), ..refounding.clone() };
    let revocation = Revocation {
        device: anna().device(),
        at: at(4),
        reason: Some("telefoon verloren".into()),
        accept_unsent: false,
        by: None,
    };
    let unsent = Revocation { at: at(9), accept_unsent: true, by: Some("beheer".into()), ..revocation.clone() };
    let wiped = Wiped { device: anna().device(), revocation: ChangeHash::from_bytes([9; 32]), at: at(10), lost: 2 };
    BTreeMap::from([
        ("statement-certificate", (Statement::Certificate(certificate()), server())),
        ("statement-opening", (Statement::Opening(opening), anna())),
        ("statement-grant", (Statement::Grant(grant), carla())),
        ("statement-grant-end", (Statement::GrantEnd(end), carla())),
        ("statement-revocation", (Statement::Revocation(revocation), server())),
        ("statement-revocation-unsent", (Statement::Revocation(unsent), server())),
        ("statement-wiped", (Statement::Wiped(wiped), anna())),
        ("statement-erasure", (Statement::Erasure(erasure), server())),
        ("statement-opening-again", (Statement::Opening(again), anna())),
        ("statement-erasure-whole", (Statement::Erasure(whole), server())),
        ("statement-erasure-goes-on", (Statement::Erasure(goes_on), server())),
        ("statement-erasure-receipt", (Statement::ErasureReceipt(receipt), anna())),
        ("statement-erasure-request", (Statement::ErasureRequest(request), carla())),
        ("statement-refounding", (Statement::Refounding(refounding), anna())),
        ("statement-refounding-exact", (Statement::Refounding(exact), anna())),
        ("statement-handover-grant", (Statement::Grant(handed), carla())),
        ("statement-handover-end", (Statement::GrantEnd(over), carla())),
        ("statement-handover-end-named", (Statement::GrantEnd(named), carla())),
        ("statement-decision", (Statement::Decision(decision), carla())),
        ("statement-closing", (Statement::Closing(closing), server())),
        ("statement-closing-asked", (Statement::Closing(answering), server())),
    ])
}

fn signed(name: &str) -> Vec<u8> {
    let (statement, keys) = statements().remove(name).unwrap();
    SignedStatement::sign(&statement, &keys).unwrap().bytes().to_vec()
}

pub fn receipt() -> Receipt {
    let line = |seq, hash| ReceiptLine { seq, document: document(), hash };
    Receipt::sign(epoch(), vec![line(18, hash()), line(17, ChangeHash::from_bytes([9; 32]))], &server())
}

pub fn statement_receipt() -> StatementReceipt {
    let line = |seq, name| StatementLine { seq, hash: statement_hash(&signed(name)) };
    let lines = vec![line(17, "statement-grant-end"), line(16, "statement-opening")];
    StatementReceipt::sign(epoch(), lines, &server())
}

/// What a device brings back to a server that lost it.
pub fn request_returning() -> Request {
    Request {
        statements: vec![signed("statement-grant-end")],
        statement_receipts: vec![statement_receipt().encode()],
        ..request_nothing_new()
    }
}

pub fn answer_held() -> Answer {
    Answer {
        verdicts: vec![Verdict::Accepted { seq: 17 }, Verdict::Deferred(Reason::Held.into())],
        statement_receipt: Some(statement_receipt().signature),
        held: true,
        ..answer_nothing_new()
    }
}

pub fn cursor() -> Cursor {
    Cursor { epoch: epoch(), position: 16, backfill: Some(3) }
}

/// The head of the server's chain.
pub fn head() -> Head {
    Head::sign(epoch(), 41, [0x41; 32], &server())
}

pub fn request() -> Request {
    Request {
        cursor: cursor().encode(),
        statements: vec![signed("statement-opening")],
        changes: vec![envelope()],
        have: vec![Hashes { document: document(), hashes: vec![hash()] }],
        page: Some(DEFAULT_PAGE),
        unsynced: 2,
        contacts_since: Some(at(-1)),
        receipts: vec![receipt().encode()],
        seen: Some(Seen::proof(epoch(), 41, &[0x41; 32], head().signature)),
        ..Request::default()
    }
}

pub fn request_nothing_new() -> Request {
    let cursor = Cursor { backfill: None, ..cursor() }.encode();
    Request { cursor, seen: Some(Seen::brief(41, &head().hash)), ..Request::default() }
}

pub fn answer() -> Answer {
    let waits = Why { reason: Reason::NoGrant, text: Some("sinds 1 maart".into()), step: None };
    Answer {
        verdicts: vec![
            Verdict::Accepted { seq: 18 },
            Verdict::Deferred(Reason::MissingDependencies.into()),
            Verdict::Quarantined(waits),
            Verdict::Refused(Reason::TooLarge.into()),
        ],
        items: vec![
            Item { seq: 17, kind: ItemKind::Statement, bytes: signed("statement-grant-end") },
            Item { seq: 19, kind: ItemKind::Change, bytes: envelope() },
        ],
        closed: vec![other_document()],
        cursor: Cursor { position: 19, backfill: None, ..cursor() }.encode(),
        more: true,
        heads: vec![Heads { document: document(), digest: heads_digest(&[hash()]) }],
        missing: vec![Hashes { document: document(), hashes: vec![hash()] }],
        receipt: Some(receipt().signature),
        time: at(6),
        contacts: vec![Contact { device: anna().device(), person: "anna".into(), at: at(6), unsynced: 2 }],
        epoch: Some(epoch()),
        head: Some(Head { doubted: Some(true), ..head() }),
        ..Answer::default()
    }
}

pub fn answer_refused() -> Answer {
    let why = Why::at(Step::Object, Reason::MissingObject);
    Answer { verdicts: vec![Verdict::Refused(why)], time: at(7), ..Answer::default() }
}

pub fn answer_nothing_new() -> Answer {
    Answer { time: at(7), ..Answer::default() }
}

pub fn request_waiting() -> Request {
    let replaced = vec![Replaced { document: document(), old: ChangeHash::from_bytes([9; 32]), new: hash() }];
    Request { waiting: vec![Hashes { document: document(), hashes: vec![hash()] }], replaced, ..request_nothing_new() }
}

pub fn answer_handover() -> Answer {
    let news = News {
        closings: vec![signed("statement-closing")],
        decisions: vec![signed("statement-decision")],
        admitted: vec![ReceiptLine { seq: 18, document: document(), hash: hash() }],
        to_decide: Some(2),
        newest: Some(21),
    };
    Answer { closed: vec![document(), other_document()], news: Some(news), ..answer_nothing_new() }
}

pub fn quarantine_list() -> QuarantineList {
    let change = WaitingChange {
        number: 21,
        envelope: envelope(),
        reason: "NO_GRANT".into(),
        arrived: at(6),
        sender: Some(anna().device()),
        unfounded: Some(Unfounded::Leans),
    };
    QuarantineList { changes: vec![change], more: true, ..QuarantineList::default() }
}

pub fn server_info() -> ServerInfo {
    ServerInfo { version: VERSION, server: server().server(), keys: server().public(), region: REGION.into(), epoch: epoch() }
}

pub fn enrol_request() -> EnrolRequest {
    EnrolRequest::new("KOFFIE-7", &anna(), "telefoon van Anna", Some(REGION))
}

fn nonce() -> Nonce {
    "AAECAwQFBgcI".parse().unwrap()
}

pub fn enrol_answer() -> EnrolAnswer {
    EnrolAnswer {
        version: VERSION,
        server: server().server(),
        keys: server().public(),
        region: REGION.into(),
        epoch: epoch(),
        statements: vec![signed("statement-certificate")],
        person: "anna".into(),
        role: Role::Coach,
        organisation: "pro-west".into(),
        nonce: nonce().to_string(),
        display_name: "Anna de Wit".into(),
    }
}

pub fn invite_request() -> InviteRequest {
    InviteRequest {
        version: VERSION,
        person: "anna".into(),
        display_name: "Anna de Wit".into(),
        role: Role::Coach,
        organisation: "pro-west".into(),
    }
}

pub fn invite_answer() -> InviteAnswer {
    InviteAnswer { version: VERSION, code: "KOFFIE-7".into(), expires: at(86_400_000) }
}

pub fn device_list() -> DeviceList {
    let device = DeviceInfo {
        device: anna().device(),
        person: "anna".into(),
        role: Role::Coach,
        label: "telefoon van Anna".into(),
        enrolled: at(0),
        last_contact: Some(at(6)),
        unsynced: Some(2),
        documents: vec![document()],
        revoked: Some(at(8)),
        display_name: "Anna de Wit".into(),
        organisation: "pro-west".into(),
        lock: None,
        wiped: None,
        reason: None,
        accept_unsent: false,
        lost: None,
    };
    DeviceList { version: VERSION, devices: vec![device] }
}

pub fn erasure_list() -> ErasureList {
    let waiting = ErasureWaiting {
        device: anna().device(),
        person: "anna".into(),
        label: "telefoon van Anna".into(),
        last_contact: Some(at(6)),
        revoked: false,
    };
    let asked = ErasureInfo {
        document: document(),
        asked_by: Some("carla".into()),
        asked_at: Some(at(10)),
        erased_at: None,
        replaced_by: None,
        confirmed: 0,
        unsent: 0,
        waiting: vec![waiting],
    };
    let done = ErasureInfo {
        document: other_document(),
        asked_at: None,
        erased_at: Some(at(11)),
        replaced_by: Some(document()),
        confirmed: 3,
        unsent: 2,
        waiting: Vec::new(),
        ..asked.clone()
    };
    ErasureList { version: VERSION, erasures: vec![asked, done] }
}

pub fn erasure_decision() -> ErasureDecision {
    ErasureDecision { version: VERSION, document: document(), confirm: true }
}

pub fn device_list_wiped() -> DeviceList {
    let mut list = device_list();
    for device in &mut list.devices {
        *device = DeviceInfo {
            lock: Some(LockState::Keystore),
            wiped: Some(at(11)),
            reason: Some("telefoon verloren".into()),
            accept_unsent: true,
            lost: Some(2),
            ..device.clone()
        };
    }
    list
}

pub fn revoke_request() -> RevokeRequest {
    RevokeRequest { version: VERSION, device: anna().device(), reason: Some("telefoon verloren".into()), accept_unsent: true }
}

pub fn revoke_answer() -> RevokeAnswer {
    RevokeAnswer {
        version: VERSION,
        device: anna().device(),
        at: at(4),
        last_contact: Some(at(3)),
        unsynced: Some(2),
        accept_unsent: true,
    }
}

pub fn request_delivery() -> Request {
    Request { changes: vec![envelope()], lock: Some(LockState::Keystore), push_only: true, ..request_nothing_new() }
}

pub fn answer_delivery() -> Answer {
    Answer {
        verdicts: vec![Verdict::Quarantined(Reason::Revoked.into())],
        time: at(7),
        kept: Some(sign_kept(anna().device(), &[hash()], &server())),
        ..Answer::default()
    }
}

pub fn error_revoked() -> ErrorAnswer {
    ErrorAnswer { revocation: signed("statement-revocation-unsent"), ..ErrorCode::Revoked.into() }
}

pub fn error_too_many() -> ErrorAnswer {
    ErrorAnswer { retry_after: Some(30), ..ErrorCode::TooMany.into() }
}

pub fn error_known() -> ErrorAnswer {
    let known = KnownAs { person: "anna".into(), role: Role::Coach, organisation: "school-1".into() };
    ErrorAnswer { known: Some(known), ..ErrorCode::KnownOtherwise.into() }
}

pub fn error_answer() -> ErrorAnswer {
    ErrorAnswer { text: Some("it expired on 2025-03-01".into()), ..ErrorCode::ExpiredCode.into() }
}

pub fn bundle_content() -> Content {
    Content { statements: vec![signed("statement-opening")], changes: vec![envelope()], receipts: vec![receipt().encode()] }
}

pub fn seal_bundle() -> Vec<u8> {
    let recipients = [carla().public(), server().public()];
    Bundle::seal(&bundle_content(), REGION, anna().device(), &recipients, &mut Counting(100)).unwrap()
}

pub fn request_headers() -> [(&'static str, String); 3] {
    let body = request_nothing_new().encode();
    request_signature::sign(&anna(), "POST", "/v1/sync", &body, server().server(), nonce())
}

/// A store of two records.
pub struct Store {
    disk: Arc<MemoryDisk>,
    pub keyring: Keyring,
}

impl Store {
    pub fn file(&self, name: &str) -> Vec<u8> {
        self.disk.read(name, 0, usize::MAX).unwrap()
    }
}

pub fn make_store() -> Store {
    let disk = Arc::new(MemoryDisk::default());
    let rng = &mut Counting(0);
    let keyring = Keyring::create(&*disk, &WrappingKey::from_bytes(WRAPPING), rng).unwrap();
    keyring.add_document_keys(&*disk, &[document()], rng).unwrap();
    let change = NewRecord { kind: Kind::Change, key: keyring.document_key(document()).unwrap(), payload: envelope() };
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut writer = journal.write().unwrap();
    writer.read_new(&keyring, &mut |_| {}).unwrap();
    writer.append(&keyring, rng, &[NewRecord::clear(Kind::Audit, AUDIT.to_vec()), change]).unwrap();
    writer.commit().unwrap();
    Store { disk, keyring }
}

pub fn passphrase() -> Passphrase {
    Passphrase::new("kas fiets dinsdag touw".to_owned()).unwrap()
}

/// A keystore that turns every bit around.
pub struct Mirror;

impl Keystore for Mirror {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, KeystoreError> {
        Ok(key.iter().map(|byte| !byte).collect())
    }
    fn unwrap(&self, wrapped: &[u8], _presence: bool) -> Result<zeroize::Zeroizing<Vec<u8>>, KeystoreError> {
        Ok(wrapped.iter().map(|byte| !byte).collect::<Vec<u8>>().into())
    }
}

/// A store of keys only, under a lock.
pub fn locked_store(lock: NewLock<'_>) -> Store {
    let disk = Arc::new(MemoryDisk::default());
    let (keyring, _) = Keyring::create_under(&*disk, lock, &mut Counting(60)).unwrap();
    Store { disk, keyring }
}

pub fn under_passphrase() -> Store {
    locked_store(NewLock::Passphrase(&passphrase(), Cost { memory_kib: 64, passes: 1, lanes: 1 }))
}

/// Somebody else tries twice.
pub fn tried_twice() -> Store {
    let store = under_passphrase();
    for number in [1, 2] {
        keyring::unlock(&*store.disk, &Passphrase::typed("welkom01".to_owned()), at(number)).unwrap_err();
    }
    store
}

pub fn without_keys() -> Store {
    let store = under_passphrase();
    keyring::destroy_all(&*store.disk, Cause::WrongTries, at(9)).unwrap();
    store
}

/// What Anna wrote in a dossier that left her phone, and that waits.
pub fn set_aside() -> SetAside {
    SetAside {
        document: document(),
        change: hash(),
        at: at(5),
        writes: vec![0x80].into(),
        called: Some("WF-2025-0001".into()),
        reason: "NO_GRANT".into(),
        refused: None,
        text: None,
        replaced: None,
        envelope: Some(envelope().into()),
        carried: None,
    }
}

/// Every vector by its name in the documentation.
/// Carla's laptop was given two dossiers.
pub fn audit_note() -> AuditNote {
    let note = AuditNote::new(AuditAction::Read, Some(carla().device())).on([other_document(), document()]).count(31);
    AuditNote { at: at(9), person: Some("carla".into()), ..note }
}

pub fn all() -> BTreeMap<String, Vec<u8>> {
    let store = make_store();
    let mut all: BTreeMap<String, Vec<u8>> = statements().keys().map(|name| ((*name).to_owned(), signed(name))).collect();
    let rest: Vec<(&str, Vec<u8>)> = vec![
        ("envelope", envelope()),
        ("receipt", receipt().encode()),
        ("statement-receipt", statement_receipt().encode()),
        ("request-returning", request_returning().encode()),
        ("answer-held", answer_held().encode()),
        ("cursor", cursor().encode()),
        ("request", request().encode()),
        ("request-nothing-new", request_nothing_new().encode()),
        ("answer", answer().encode()),
        ("answer-refused", answer_refused().encode()),
        ("answer-nothing-new", answer_nothing_new().encode()),
        ("request-waiting", request_waiting().encode()),
        ("answer-handover", answer_handover().encode()),
        ("quarantine-list", quarantine_list().encode()),
        ("server-info", server_info().encode()),
        ("enrol-request", enrol_request().encode()),
        ("enrol-answer", enrol_answer().encode()),
        ("invite-request", invite_request().encode()),
        ("invite-answer", invite_answer().encode()),
        ("device-list", device_list().encode()),
        ("erasure-list", erasure_list().encode()),
        ("erasure-decision", erasure_decision().encode()),
        ("error", error_answer().encode()),
        ("device-list-wiped", device_list_wiped().encode()),
        ("revoke-request", revoke_request().encode()),
        ("revoke-answer", revoke_answer().encode()),
        ("request-delivery", request_delivery().encode()),
        ("answer-delivery", answer_delivery().encode()),
        ("error-revoked", error_revoked().encode()),
        ("error-too-many", error_too_many().encode()),
        ("error-known", error_known().encode()),
        ("bundle", seal_bundle()),
        ("keyring", store.file("keyring.2")),
        ("keyring-passphrase", under_passphrase().file("keyring.1")),
        ("keyring-keystore", locked_store(NewLock::Keystore(&Mirror)).file("keyring.1")),
        ("keyring-destroyed", without_keys().file("keyring.2")),
        ("tries", tried_twice().file("tries")),
        ("journal", store.file(SEGMENT)),
        ("audit", audit_note().encode()),
        ("set-aside", set_aside().encode()),
    ];
    all.extend(rest.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
    all
}
