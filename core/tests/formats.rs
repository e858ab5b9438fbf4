//! The formats as `docs/formats.md` promises them: every vector there is read, checked field by field, written again to the
//! same bytes, and read with a key that a newer version added. The files of `fixtures/format-1` are the same formats as they
//! were first written, for every later version to prove that it still reads them.
//!
//! As long as format 1 has not been released, `cargo test -p veldboek-core --test formats -- --ignored` writes both anew.

#![allow(clippy::unwrap_used, reason = "a vector that does not decode fails its test where it stands")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use veldboek_core::audit::AuditNote;
use veldboek_core::bundle::{Bundle, BundleError};
use veldboek_core::disk::{Disk, MemoryDisk};
use veldboek_core::envelope::SignedChange;
use veldboek_core::journal::{Journal, Kind, Payload};
use veldboek_core::keyring::{self, Cause, Destroyed, Keyring, KeyringError, LockState, NewLock, UnlockError, WrappingKey};
use veldboek_core::notes::SetAside;
use veldboek_core::request_signature::{RequestSignature, header_bytes};
use veldboek_core::statement::SignedStatement;
use veldboek_core::wire::*;

#[path = "formats/samples.rs"]
mod samples;

use samples::*;

fn documentation() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1")
}

/// The blocks of the documentation that are fenced as ```` ```hex NAME ````.
fn documented() -> BTreeMap<String, Vec<u8>> {
    let text = std::fs::read_to_string(documentation()).unwrap();
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("```hex ") {
            let digits: String = lines.by_ref().take_while(|line| *line != "```").collect();
            let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(found.insert(name.to_owned(), bytes).is_none(), "{name} stands twice");
        }
    }
    found
}

/// The files of the first format.
fn fixed() -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            found.insert(name, std::fs::read(path).unwrap());
        }
    }
    found
}

/// Adds `99: "new"` to a map of fewer than 23 entries, as a newer version might.
fn with_unknown_key(map: &[u8]) -> Vec<u8> {
    assert!((0xa0..0xb7).contains(&map[0]), "no small map: {:02x}", map[0]);
    [&[map[0] + 1], &map[1..], b"\x18\x63\x63new"].concat()
}

/// A message: reads as `expected`, is written again to the same bytes, and tolerates an unknown key.
macro_rules! message {
    ($bytes:expr, $kind:ty, $expected:expr) => {{
        let expected: $kind = $expected;
        assert_eq!(<$kind>::decode($bytes, MAX_BODY).unwrap(), expected);
        assert_eq!(expected.encode(), $bytes);
        assert_eq!(<$kind>::decode(&with_unknown_key($bytes), MAX_BODY).unwrap(), expected);
    }};
}

fn check_statement(name: &str, bytes: &[u8]) {
    let (statement, keys) = statements().remove(name).unwrap();
    let signed = SignedStatement::decode(bytes).unwrap();
    assert_eq!(signed.statement(), &statement);
    assert_eq!(signed.signer(), keys.device());
    signed.verify(&keys.public()).unwrap();
    assert_eq!(SignedStatement::sign(&statement, &keys).unwrap().bytes(), bytes);
    let newer = with_unknown_key(bytes);
    let forwarded = SignedStatement::decode(&newer).unwrap();
    assert_eq!(forwarded.bytes(), newer, "an unknown key survives being forwarded");
    assert_eq!(forwarded.id(), signed.id());
    forwarded.verify(&keys.public()).unwrap();
}

fn check_envelope(bytes: &[u8]) {
    let change = SignedChange::decode(bytes).unwrap();
    assert_eq!(change.document(), document());
    assert_eq!(change.signer(), anna().device());
    assert_eq!(change.chunk(), chunk());
    let header = change.header();
    assert_eq!(header.actor, actor());
    assert_eq!((header.seq, header.start_op, header.operations), (1, 1, 2));
    assert_eq!(header.time, TIME);
    change.verify(&anna().public()).unwrap();
    assert_eq!(SignedChange::sign(document(), change.chunk(), &anna()).unwrap().bytes(), bytes);
    let newer = with_unknown_key(bytes);
    let forwarded = SignedChange::decode(&newer).unwrap();
    assert_eq!(forwarded.bytes(), newer, "an unknown key survives being forwarded");
    forwarded.verify(&anna().public()).unwrap();
    // The change is one that Automerge reads.
    let mut document = automerge::AutoCommit::new();
    document.apply_changes([automerge::Change::from_bytes(change.chunk().to_vec()).unwrap()]).unwrap();
    assert_eq!(document.get_heads(), [change.hash().into()]);
}

fn check_bundle(bytes: &[u8]) {
    let bundle = Bundle::decode(bytes).unwrap();
    assert_eq!((bundle.region(), bundle.sender()), (REGION, anna().device()));
    assert_eq!(bundle.recipients().collect::<Vec<_>>(), [carla().device(), server().device()]);
    for keys in [carla(), server()] {
        assert_eq!(bundle.open(REGION, &keys).unwrap(), bundle_content());
    }
    assert_eq!(bundle.open(REGION, &anna()), Err(BundleError::NotForThisDevice { sender: anna().device() }));
    assert_eq!(seal_bundle(), bytes);
    // The number of entries is sealed in, so an addition by anyone but the maker is noticed.
    let added = Bundle::decode(&with_unknown_key(bytes)).unwrap();
    assert_eq!(added.open(REGION, &carla()), Err(BundleError::Changed { sender: anna().device() }));
}

/// A store in memory with these files.
fn store(files: &[(&str, &[u8])]) -> Arc<MemoryDisk> {
    let disk = MemoryDisk::default();
    for (name, bytes) in files {
        disk.append(name, bytes).unwrap();
    }
    Arc::new(disk)
}

fn check_keyring(bytes: &[u8]) {
    let disk = store(&[("keyring.2", bytes)]);
    let keyring = Keyring::open(&*disk, &WrappingKey::from_bytes(WRAPPING)).unwrap();
    let made = make_store();
    assert_eq!(keyring.device_keys().public(), made.keyring.device_keys().public());
    assert_eq!(keyring.store_key_id(), made.keyring.store_key_id());
    let key = keyring.document_key(document()).unwrap();
    assert_eq!(Some(key), made.keyring.document_key(document()));
    assert_eq!(keyring.key(key).unwrap().as_bytes(), made.keyring.key(key).unwrap().as_bytes());
    assert_eq!(made.file("keyring.2"), bytes);

    // An unknown key outside is kept when the keyring is replaced.
    let disk = store(&[("keyring.2", &with_unknown_key(bytes))]);
    let keyring = Keyring::open(&*disk, &WrappingKey::from_bytes(WRAPPING)).unwrap();
    keyring.add_document_keys(&*disk, &[samples::other_document()], &mut Counting(1)).unwrap();
    let replaced = disk.read("keyring.3", 0, usize::MAX).unwrap();
    assert!(replaced.ends_with(b"\x18\x63\x63new"));
    assert!(Keyring::open(&*disk, &WrappingKey::from_bytes(WRAPPING)).unwrap().document_key(document()).is_some());
}

fn check_lock(bytes: &[u8], state: LockState) {
    let disk = store(&[("keyring.1", bytes)]);
    assert_eq!(keyring::lock_state(&*disk), Ok(state));
    let (key, made) = match state {
        LockState::Keystore => (keyring::unlock_with(&*disk, &Mirror, true), locked_store(NewLock::Keystore(&Mirror))),
        _ => (keyring::unlock(&*disk, &passphrase(), at(5)), under_passphrase()),
    };
    let opened = Keyring::open(&*disk, &key.unwrap()).unwrap();
    assert_eq!(opened.device_keys().public(), made.keyring.device_keys().public());
    assert_eq!(made.file("keyring.1"), bytes);
    // Another key does not open it, and what a newer version added to it is kept.
    assert_eq!(Keyring::open(&*disk, &WrappingKey::from_bytes(WRAPPING)).unwrap_err(), KeyringError::WrongKey);
    let disk = store(&[("keyring.1", &with_unknown_key(bytes))]);
    assert_eq!(keyring::lock_state(&*disk), Ok(state));
}

fn check_tombstone(bytes: &[u8]) {
    let told = Destroyed { at: at(9), cause: Cause::WrongTries, unsynced: Some(0) };
    for bytes in [bytes, &with_unknown_key(bytes)] {
        let disk = store(&[("keyring.2", bytes)]);
        assert_eq!(keyring::lock_state(&*disk), Err(KeyringError::Destroyed(told)));
    }
    assert_eq!(without_keys().file("keyring.2"), bytes);
}

fn check_tries(bytes: &[u8], keyring: &[u8]) {
    let disk = store(&[("keyring.1", keyring), ("tries", bytes)]);
    assert_eq!(keyring::standing(&*disk).unwrap().wrong, 2);
    assert_eq!(tried_twice().file("tries"), bytes);
    // A record that is not whole was never looked at; one more is counted where it belongs.
    disk.append("tries", b"VBT1\x01").unwrap();
    let third = keyring::unlock(&*disk, &veldboek_core::keyring::Passphrase::typed("welkom02".into()), at(3)).unwrap_err();
    assert_eq!(third, UnlockError::Wrong { left: 7, until: None, unsynced: None });
}

fn check_journal(bytes: &[u8], keyring: &[u8]) {
    let disk = store(&[("keyring.2", keyring), (SEGMENT, bytes)]);
    let keyring = Keyring::open(&*disk, &WrappingKey::from_bytes(WRAPPING)).unwrap();
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut records = Vec::new();
    journal.read_new(&keyring, &mut |record| records.push(record)).unwrap();
    let [audit, change] = records.try_into().unwrap();
    assert_eq!((audit.seq, audit.kind, audit.payload), (1, Kind::Audit, Payload::Bytes(AUDIT.to_vec())));
    assert_eq!((change.seq, change.kind), (2, Kind::Change));
    assert_eq!(Some(change.key), keyring.document_key(document()));
    assert_eq!(change.payload, Payload::Bytes(envelope()));
    assert_eq!(make_store().file(SEGMENT), bytes);
    assert!(Journal::verify(&*disk, &keyring).unwrap().is_whole());
    // Flipping any bit is noticed.
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 4;
        let disk = store(&[(SEGMENT, &changed)]);
        let whole = Journal::verify(&*disk, &keyring).is_ok_and(|found| found.is_whole() && found.records == 2);
        assert!(!whole, "byte {at}");
    }
}

/// Checks bytes that were written as the first format.
fn check(name: &str, all: &BTreeMap<String, Vec<u8>>) {
    let bytes = all.get(name).unwrap_or_else(|| panic!("{name} is missing")).as_slice();
    match name {
        "statement-receipt" => {
            message!(bytes, StatementReceipt, statement_receipt());
            let receipt = StatementReceipt::decode(bytes, MAX_BODY).unwrap();
            receipt.verify(&server().public()).unwrap();
            // The same lines say nothing about changes.
            let lines = receipt.lines.iter().map(|line| ReceiptLine { seq: line.seq, document: document(), hash: line.hash });
            let changes = Receipt::assemble(receipt.epoch, lines.collect(), receipt.signature);
            changes.verify(&server().public()).unwrap_err();
            let one = ReceiptLine { seq: 18, document: document(), hash: hash() };
            let of_changes = Receipt::sign(epoch(), vec![one], &server());
            let lines = vec![StatementLine { seq: one.seq, hash: one.hash }];
            StatementReceipt::assemble(epoch(), lines, of_changes.signature).verify(&server().public()).unwrap_err();
        }
        "request-returning" => message!(bytes, Request, request_returning()),
        "answer-held" => message!(bytes, Answer, answer_held()),
        _ if name.starts_with("statement-") => check_statement(name, bytes),
        "envelope" => check_envelope(bytes),
        "receipt" => {
            message!(bytes, Receipt, receipt());
            Receipt::decode(bytes, MAX_BODY).unwrap().verify(&server().public()).unwrap();
        }
        "cursor" => {
            assert_eq!(Cursor::decode(bytes).unwrap(), cursor());
            assert_eq!(cursor().encode(), bytes);
        }
        "request" => {
            message!(bytes, Request, request());
            let seen = Request::decode(bytes, MAX_BODY).unwrap().seen.unwrap();
            assert_eq!(seen.evidence(&server().public()).map(|(_, head)| head), Some(head()));
            assert_eq!(seen.evidence(&anna().public()), None);
        }
        "request-nothing-new" => message!(bytes, Request, request_nothing_new()),
        "answer" => message!(bytes, Answer, answer()),
        "answer-refused" => message!(bytes, Answer, answer_refused()),
        "answer-nothing-new" => message!(bytes, Answer, answer_nothing_new()),
        "request-waiting" => message!(bytes, Request, request_waiting()),
        "answer-handover" => message!(bytes, Answer, answer_handover()),
        "quarantine-list" => message!(bytes, QuarantineList, quarantine_list()),
        "server-info" => message!(bytes, ServerInfo, server_info()),
        "enrol-request" => {
            message!(bytes, EnrolRequest, enrol_request());
            enrol_request().verify().unwrap();
        }
        "enrol-answer" => message!(bytes, EnrolAnswer, enrol_answer()),
        "invite-request" => message!(bytes, InviteRequest, invite_request()),
        "invite-answer" => message!(bytes, InviteAnswer, invite_answer()),
        "device-list" => message!(bytes, DeviceList, device_list()),
        "erasure-list" => message!(bytes, ErasureList, erasure_list()),
        "erasure-decision" => message!(bytes, ErasureDecision, erasure_decision()),
        "error" => message!(bytes, ErrorAnswer, error_answer()),
        "device-list-wiped" => message!(bytes, DeviceList, device_list_wiped()),
        "revoke-request" => message!(bytes, RevokeRequest, revoke_request()),
        "revoke-answer" => message!(bytes, RevokeAnswer, revoke_answer()),
        "request-delivery" => message!(bytes, Request, request_delivery()),
        "answer-delivery" => {
            message!(bytes, Answer, answer_delivery());
            let kept = SignedChange::decode(&envelope()).unwrap().hash();
            kept_by(&server().public(), anna().device(), &[kept], &answer_delivery().kept.unwrap()).unwrap();
        }
        "error-revoked" => message!(bytes, ErrorAnswer, error_revoked()),
        "error-too-many" => message!(bytes, ErrorAnswer, error_too_many()),
        "error-known" => message!(bytes, ErrorAnswer, error_known()),
        "bundle" => check_bundle(bytes),
        "keyring" => check_keyring(bytes),
        "keyring-passphrase" => check_lock(bytes, LockState::Passphrase),
        "keyring-keystore" => check_lock(bytes, LockState::Keystore),
        "keyring-destroyed" => check_tombstone(bytes),
        "tries" => check_tries(bytes, &all["keyring-passphrase"]),
        "journal" => check_journal(bytes, &all["keyring"]),
        "set-aside" => {
            assert_eq!(SetAside::decode(bytes).unwrap(), set_aside());
            assert_eq!(set_aside().encode(), bytes);
            assert_eq!(SetAside::decode(&with_unknown_key(bytes)).unwrap(), set_aside());
        }
        "audit" => {
            assert_eq!(AuditNote::decode(bytes).unwrap(), audit_note());
            assert_eq!(audit_note().encode(), bytes);
            assert_eq!(AuditNote::decode(&with_unknown_key(bytes)).unwrap(), audit_note());
        }
        other => panic!("nothing checks '{other}'"),
    }
}

#[test]
fn every_vector_of_the_documentation_is_read_and_written() {
    let documented = documented();
    assert_eq!(documented.keys().collect::<Vec<_>>(), samples::all().keys().collect::<Vec<_>>());
    for (name, bytes) in samples::all() {
        assert!(documented[&name] == bytes, "{name}: documented and written differ");
        check(&name, &documented);
    }
}

#[test]
fn every_file_of_the_first_format_is_read() {
    let fixed = fixed();
    assert!(fixed.len() >= samples::all().len());
    for name in fixed.keys() {
        check(name, &fixed);
    }
}

#[test]
fn the_documented_request_headers_are_what_a_device_sends() {
    let text = std::fs::read_to_string(documentation()).unwrap();
    let block = text.split("```http request-signature\n").nth(1).unwrap().split("```").next().unwrap();
    let lines: BTreeMap<&str, &str> = block.lines().skip(1).filter_map(|line| line.split_once(": ")).collect();
    let headers = request_headers();
    for (name, value) in &headers {
        assert_eq!(lines[name], value);
    }
    let signature = RequestSignature::parse(lines["content-digest"], lines["signature-input"], lines["signature"]).unwrap();
    assert_eq!((signature.device(), signature.server()), (anna().device(), server().server()));
    let body = request_nothing_new().encode();
    signature.verify(&anna().public(), "POST", "/v1/sync", &body, server().server()).unwrap();
    assert!(header_bytes(lines.iter().map(|(name, value)| (*name, *value))) <= 350);
}

#[test]
fn nothing_new_takes_few_bytes_of_body_and_a_signed_head_of_the_record_book_fits_in() {
    let (request, answer) = (request_nothing_new().encode().len(), answer_nothing_new().encode().len());
    assert!(request + answer <= 70, "{request} + {answer}");
    // Others wrote meanwhile: nothing of it is for this device, but the record book went on.
    let answer = Answer { head: Some(head()), ..answer_nothing_new() }.encode().len();
    assert!(request + answer <= 200, "{request} + {answer}");
}

/// Rewrites the vectors in the documentation and the fixtures. Not after a release: then a difference is a new format.
#[test]
#[ignore = "writes files; for a change of a format that was never released"]
fn write_vectors_anew() {
    let text = std::fs::read_to_string(documentation()).unwrap();
    let all = samples::all();
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if let Some(name) = line.strip_prefix("```hex ") {
            for part in all[name].chunks(48) {
                out.push_str(&data_encoding::HEXLOWER.encode(part));
                out.push('\n');
            }
            out.push_str("```\n");
            lines.by_ref().find(|line| *line == "```");
        } else if line == "```http request-signature" {
            out.push_str("POST /v1/sync HTTP/1.1\n");
            for (name, value) in request_headers() {
                out.push_str(&format!("{name}: {value}\n"));
            }
            out.push_str("```\n");
            lines.by_ref().find(|line| *line == "```");
        }
    }
    std::fs::write(documentation(), out).unwrap();
    std::fs::create_dir_all(fixtures()).unwrap();
    for (name, bytes) in all {
        std::fs::write(fixtures().join(format!("{name}.bin")), bytes).unwrap();
    }
}
