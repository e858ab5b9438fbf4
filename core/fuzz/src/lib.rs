//! Every decoder of bytes that somebody else may have written, by the name of its vectors in `docs/formats.md`.
//!
//! What a decoder promises: an answer to any bytes, no panic, no memory by a claimed size; and what it takes, it writes again
//! so that it reads as the same. The fuzz targets and the test `core/tests/corpus.rs` run these very functions.

use std::sync::{Arc, OnceLock};

use veldboek_core::admission::{Candidate, judge};
use veldboek_core::audit::AuditNote;
use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::chunk::{ChangeHeader, MAX_OPERATIONS};
use veldboek_core::disk::{Disk, MemoryDisk};
use veldboek_core::document::Document;
use veldboek_core::envelope::SignedChange;
use veldboek_core::ids::{DeviceId, DocumentId};
use veldboek_core::journal::Journal;
use veldboek_core::keyring::{self, Keyring, WrappingKey};
use veldboek_core::keys::DeviceKeys;
use veldboek_core::notes::SetAside;
use veldboek_core::request_signature::RequestSignature;
use veldboek_core::statement::{DocumentKind, SignedStatement};
use veldboek_core::wire::*;

/// Reads bytes, and holds itself to what it promises.
pub type Decoder = fn(&[u8]);

/// The key around the keyring in the vectors.
const WRAPPING: [u8; 32] = [0x77; 32];

macro_rules! message {
    ($kind:ty) => {
        |bytes| {
            if let Ok(read) = <$kind>::decode(bytes, MAX_BODY) {
                assert_eq!(<$kind>::decode(&read.encode(), usize::MAX).as_ref(), Ok(&read));
            }
        }
    };
}

/// By name. A vector belongs to the decoder whose name its own begins with.
pub const DECODERS: &[(&str, Decoder)] = &[
    ("answer", message!(Answer)),
    ("audit", audit),
    ("bundle", bundle),
    ("chunk", chunk),
    ("content", content),
    ("cursor", cursor),
    ("device-list", message!(DeviceList)),
    ("enrol-answer", message!(EnrolAnswer)),
    ("enrol-request", message!(EnrolRequest)),
    ("envelope", envelope),
    ("erasure-decision", message!(ErasureDecision)),
    ("erasure-list", message!(ErasureList)),
    ("error", message!(ErrorAnswer)),
    ("gate", gate),
    ("headers", headers),
    ("invite-answer", message!(InviteAnswer)),
    ("invite-request", message!(InviteRequest)),
    ("journal", journal),
    ("keyring", keyring),
    ("quarantine-list", message!(QuarantineList)),
    ("receipt", message!(Receipt)),
    ("request", message!(Request)),
    ("revoke-answer", message!(RevokeAnswer)),
    ("revoke-request", message!(RevokeRequest)),
    ("server-info", message!(ServerInfo)),
    ("set-aside", set_aside),
    ("statement", statement),
    ("statement-receipt", message!(StatementReceipt)),
    ("tries", tries),
];

/// Runs one decoder.
pub fn run(name: &str, bytes: &[u8]) {
    let found = DECODERS.iter().find(|(known, _)| *known == name);
    assert!(found.is_some(), "no decoder is called {name}");
    found.into_iter().for_each(|(_, decode)| decode(bytes));
}

/// A chunk of these bytes as its body, with the right length and checksum: without them nothing behind would be tried.
pub fn framed(body: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut hashed = vec![1];
    let mut length = body.len();
    while length >= 0x80 {
        hashed.push(length as u8 | 0x80);
        length >>= 7;
    }
    hashed.push(length as u8);
    hashed.extend(body);
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83];
    chunk.extend(&Sha256::digest(&hashed)[..4]);
    chunk.extend(hashed);
    chunk
}

fn chunk(body: &[u8]) {
    for bytes in [body, &framed(body)] {
        if let Ok(header) = ChangeHeader::parse(bytes) {
            assert!(header.operations <= MAX_OPERATIONS && bytes.get(header.ops_bytes).is_some());
        }
    }
}

fn envelope(bytes: &[u8]) {
    if let Ok(change) = SignedChange::decode(bytes) {
        assert_eq!(change.bytes(), bytes);
        assert!(Candidate::read(bytes).is_ok());
    }
}

/// The whole gate: a chunk with this body, in the name of a device that signs it, on a document that was just founded.
fn gate(body: &[u8]) {
    static KEYS: OnceLock<DeviceKeys> = OnceLock::new();
    let keys = KEYS.get_or_init(|| DeviceKeys::from_bytes(&[7; 64]));
    let Ok(header) = ChangeHeader::parse(&framed(body)) else { return };
    if header.actor.len() < 16 {
        return;
    }
    let mut body = body.to_vec();
    let at = body.windows(header.actor.len()).position(|window| window == header.actor);
    if let Some(actor) = at.and_then(|at| body.get_mut(at..at + 16)) {
        actor.copy_from_slice(keys.device().as_bytes());
    }
    let document = DocumentId::from_bytes([5; 16]);
    let Ok(change) = SignedChange::sign(document, &framed(&body), keys) else { return };
    let Ok(standing) = Document::found(DocumentKind::Dossier) else { return };
    let known = |device: &DeviceId| (*device == keys.device()).then(|| keys.public());
    let judged = judge(None, &standing, &[&Candidate::from(change)], &known);
    let Ok((_, after)) = judged else { return };
    let again = Document::load(DocumentKind::Dossier, &after.save());
    assert_eq!(again.map(|again| again.heads()).ok(), Some(after.heads()));
    assert!(after.content().is_ok() && after.edits().is_ok());
}

fn statement(bytes: &[u8]) {
    if let Ok(signed) = SignedStatement::decode(bytes) {
        assert_eq!(signed.bytes(), bytes);
    }
}

fn cursor(bytes: &[u8]) {
    if let Ok(read) = Cursor::decode(bytes) {
        assert_eq!(Cursor::decode(&read.encode()), Ok(read));
    }
}

fn audit(bytes: &[u8]) {
    if let Ok(read) = AuditNote::decode(bytes) {
        assert_eq!(AuditNote::decode(&read.encode()).ok(), Some(read));
    }
}

fn set_aside(bytes: &[u8]) {
    if let Ok(read) = SetAside::decode(bytes) {
        let _ = read.writes();
        assert_eq!(SetAside::decode(&read.encode()).ok(), Some(read));
    }
}

fn bundle(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::decode(bytes) {
        let _ = bundle.open(bundle.region(), &DeviceKeys::from_bytes(&[7; 64]));
    }
}

/// What is sealed in a bundle, as whoever made the bundle may have written it.
fn content(bytes: &[u8]) {
    if let Ok(read) = minicbor::decode::<Content>(bytes) {
        let again = minicbor::to_vec(&read).ok();
        assert_eq!(again.and_then(|again| minicbor::decode::<Content>(&again).ok()), Some(read));
    }
}

/// Three headers, one on each line.
fn headers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().map(|line| line.split_once(": ").map_or(line, |(_, value)| value));
    let mut next = || lines.next().unwrap_or_default();
    if let Ok(signature) = RequestSignature::parse(next(), next(), next()) {
        let _ = (signature.verify_body(bytes), signature.device(), signature.nonce());
    }
}

fn store(files: &[(&str, &[u8])]) -> Arc<MemoryDisk> {
    let disk = MemoryDisk::default();
    for (name, bytes) in files {
        // Memory takes everything.
        let _ = disk.append(name, bytes);
    }
    Arc::new(disk)
}

fn keyring(bytes: &[u8]) {
    let disk = store(&[("keyring.2", bytes)]);
    let _ = Keyring::open(&*disk, &WrappingKey::from_bytes(WRAPPING));
    let _ = keyring::standing(&*disk);
}

fn tries(bytes: &[u8]) {
    let _ = keyring::standing(&*store(&[("tries", bytes)]));
}

fn journal(bytes: &[u8]) {
    static KEYRING: OnceLock<Option<Keyring>> = OnceLock::new();
    let keyring = KEYRING.get_or_init(|| {
        let disk = store(&[("keyring.2", include_bytes!("../../tests/fixtures/format-1/keyring.bin"))]);
        Keyring::open(&*disk, &WrappingKey::from_bytes(WRAPPING)).ok()
    });
    let Some(keyring) = keyring else { return };
    let disk = store(&[("journal/00000001.vbj", bytes)]);
    let _ = Journal::verify(&*disk, keyring);
    if let Ok(mut journal) = Journal::open(disk.clone()) {
        let _ = journal.read_new(keyring, &mut |_| {});
    }
}
