//! Messages cost what they must, tolerate what is newer, and refuse what is too much.

use super::*;
use crate::keys::{BadSignature, DeviceKeys};
use crate::record::{Code, Lang};
use crate::statement::Role;

fn keys(number: u8) -> DeviceKeys {
    DeviceKeys::from_bytes(&[number; 64])
}

fn document(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 16])
}

fn hash(number: u8) -> ChangeHash {
    ChangeHash::from_bytes([number; 32])
}

fn cursor() -> Cursor {
    Cursor { epoch: Epoch::from_bytes([2; 16]), position: 1_234_567, backfill: None }
}

fn full_answer() -> Answer {
    let why = Why { reason: Reason::NoGrant, text: Some("sinds gisteren".into()), step: None };
    Answer {
        verdicts: vec![
            Verdict::Accepted { seq: 17 },
            Verdict::Deferred(Reason::MissingDependencies.into()),
            Verdict::Quarantined(why),
            Verdict::Refused(Reason::TooLarge.into()),
        ],
        items: vec![
            Item { seq: 15, kind: ItemKind::Change, bytes: vec![1; 5] },
            Item { seq: 16, kind: ItemKind::Statement, bytes: vec![2; 5] },
        ],
        closed: vec![document(3)],
        cursor: cursor().encode(),
        more: true,
        heads: vec![Heads { document: document(4), digest: heads_digest(&[hash(1)]) }],
        missing: vec![Hashes { document: document(4), hashes: vec![hash(1), hash(2)] }],
        receipt: Some(Signature::from_bytes([1; 65])),
        time: Timestamp::from_millis(1_740_000_000_000),
        contacts: vec![Contact {
            device: DeviceId::from_bytes([7; 16]),
            person: "anna".into(),
            at: Timestamp::default(),
            unsynced: 3,
        }],
        epoch: Some(Epoch::from_bytes([2; 16])),
        ..Answer::default()
    }
}

fn full_request() -> Request {
    Request {
        cursor: cursor().encode(),
        statements: vec![vec![1; 3]],
        changes: vec![vec![2; 3], vec![3; 3]],
        have: vec![Hashes { document: document(4), hashes: vec![hash(1)] }],
        page: Some(DEFAULT_PAGE),
        unsynced: 4,
        contacts_since: Some(Timestamp::from_millis(5)),
        ..Request::default()
    }
}

#[test]
fn messages_are_read_as_they_were_written() {
    assert_eq!(Request::decode(&full_request().encode(), MAX_BODY), Ok(full_request()));
    assert_eq!(Answer::decode(&full_answer().encode(), MAX_BODY), Ok(full_answer()));
    let empty = Request::default();
    assert_eq!(empty.encode(), [0xa1, 0, 1]);
    assert_eq!(Request::decode(&empty.encode(), MAX_BODY), Ok(empty));
    for reason in Reason::ALL {
        let verdict = Verdict::Refused((*reason).into());
        assert_eq!(cbor::from_slice::<Verdict>(&cbor::to_vec(&verdict), 1_000), Ok(verdict));
    }
}

#[test]
fn nothing_new_costs_sixty_bytes_in_both_directions() {
    let request = Request { cursor: cursor().encode(), ..Request::default() };
    let answer = Answer { time: Timestamp::from_millis(1_740_000_000_000), ..Answer::default() };
    let bytes = request.encode().len() + answer.encode().len();
    assert!(bytes <= 60, "{bytes}");
    // Even where the feed is very long and a document is being caught up on.
    let late = Cursor { position: u64::MAX, backfill: Some(u64::MAX), ..cursor() };
    assert!(late.encode().len() <= MAX_CURSOR);
    assert_eq!(Cursor::decode(&late.encode()), Ok(late));
    assert_eq!(Cursor::decode(&cursor().encode()), Ok(cursor()));
    assert!(Cursor::decode(b"not a cursor").is_err());
}

#[test]
fn acceptance_is_a_bare_number() {
    let answer = Answer { verdicts: vec![Verdict::Accepted { seq: 23 }; 100], ..Answer::default() };
    assert!(answer.encode().len() < 120);
}

#[test]
fn keys_and_codes_of_a_newer_version_are_tolerated() {
    let newer = |bytes: Vec<u8>| {
        assert!(bytes[0] < 0xb7);
        [&[bytes[0] + 1], &bytes[1..], &[0x18, 99, 0x82, 1, 0xa1, 0x61, b'x', 0xf6]].concat()
    };
    assert_eq!(Request::decode(&newer(full_request().encode()), MAX_BODY), Ok(full_request()));
    assert_eq!(Answer::decode(&newer(full_answer().encode()), MAX_BODY), Ok(full_answer()));
    let error = ErrorAnswer { text: Some("why".into()), ..ErrorCode::Busy.into() };
    assert_eq!(ErrorAnswer::decode(&newer(error.encode()), MAX_BODY), Ok(error));

    let refused = Verdict::Refused(Why::at(crate::admission::Step::Object, Reason::MissingObject));
    assert_eq!(cbor::from_slice::<Verdict>(&cbor::to_vec(&refused), 100), Ok(refused));
    // {0: 3, 1: "NEW_REASON", 2: "words", 99: 1}
    let verdict = b"\xa4\x00\x03\x01\x6aNEW_REASON\x02\x65words\x18\x63\x01";
    let Verdict::Refused(why) = cbor::from_slice(verdict, 100).unwrap() else { panic!() };
    assert_eq!(why, Why { reason: Reason::Other, text: Some("words".into()), step: None });
    assert!(why.show(Lang::Nl).ends_with("(words)"));
    // {0: 1, 1: "NEW_CODE"}
    assert_eq!(ErrorAnswer::decode(b"\xa2\x00\x01\x01\x68NEW_CODE", 100), Ok(ErrorCode::Other.into()));
}

#[test]
fn a_newer_message_is_called_newer_and_a_damaged_one_damaged() {
    let mut newer = full_request().encode();
    newer[2] = 2;
    assert_eq!(Request::decode(&newer, MAX_BODY), Err(FormatError::Newer(2)));
    let good = full_answer().encode();
    for cut in 0..good.len() {
        assert!(matches!(Answer::decode(&good[..cut], MAX_BODY), Err(FormatError::Malformed(_))), "{cut}");
    }
    assert!(matches!(Answer::decode(&[good.as_slice(), &[0]].concat(), MAX_BODY), Err(FormatError::Malformed(_))));
    assert!(matches!(Request::decode(b"<html>502 Bad Gateway</html>", MAX_BODY), Err(FormatError::Malformed(_))));
    assert!(matches!(Request::decode(&[0xa1, 0, 0], MAX_BODY), Err(FormatError::Malformed(_))));
    assert_eq!(Answer::decode(&good, good.len() - 1), Err(FormatError::TooLarge { len: good.len(), limit: good.len() - 1 }));
}

#[test]
fn lists_and_texts_have_an_end() {
    let many = Answer { closed: vec![document(1); MAX_DOCUMENTS + 1], ..Answer::default() };
    assert!(Answer::decode(&many.encode(), MAX_BODY).is_err());
    let long = Request { cursor: vec![0; MAX_CURSOR + 1], ..Request::default() };
    assert!(Request::decode(&long.encode(), MAX_BODY).is_err());
    // A list that claims to be endless and is not there.
    assert!(Request::decode(&[0xa2, 0, 1, 3, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], MAX_BODY).is_err());
    assert!(Request::decode(&[0xa2, 0, 1, 1, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], MAX_BODY).is_err());
    let loud = ErrorAnswer { text: Some("x".repeat(2_000)), ..ErrorCode::Busy.into() };
    assert!(ErrorAnswer::decode(&loud.encode(), MAX_BODY).is_err());
}

/// Any bytes: an answer or a typed error, never a panic.
#[test]
fn no_bytes_make_it_panic() {
    let mut seed: u64 = 77;
    println!("seed {seed}");
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let originals = [full_request().encode(), full_answer().encode()];
    for _ in 0..30_000 {
        let mut bytes = originals[next() % 2].clone();
        for _ in 0..=next() % 3 {
            let at = next() % bytes.len();
            bytes[at] = next() as u8;
        }
        let _ = (Request::decode(&bytes, MAX_BODY), Answer::decode(&bytes, MAX_BODY), ErrorAnswer::decode(&bytes, MAX_BODY));
    }
}

#[test]
fn a_receipt_proves_what_was_admitted_and_nothing_else() {
    let epoch = Epoch::from_bytes([2; 16]);
    let line = |seq, number| ReceiptLine { seq, document: document(number), hash: hash(number) };
    let receipt = Receipt::sign(epoch, vec![line(9, 1), line(7, 2)], &keys(1));
    assert_eq!(receipt.lines, [line(7, 2), line(9, 1)]);
    assert_eq!(Receipt::decode(&receipt.encode(), MAX_BODY), Ok(receipt.clone()));
    assert_eq!(receipt.verify(&keys(1).public()), Ok(()));
    // A device puts the same together from verdicts and items, in whatever order.
    assert_eq!(Receipt::assemble(epoch, vec![line(9, 1), line(7, 2)], receipt.signature), receipt);
    for lines in [vec![line(7, 2)], vec![line(7, 2), line(9, 3)], vec![line(7, 2), line(9, 1), line(10, 1)]] {
        assert_eq!(Receipt::assemble(epoch, lines, receipt.signature).verify(&keys(1).public()), Err(BadSignature));
    }
    let other_life = Receipt { epoch: Epoch::from_bytes([3; 16]), ..receipt.clone() };
    assert_eq!(other_life.verify(&keys(1).public()), Err(BadSignature));
    assert_eq!(receipt.verify(&keys(2).public()), Err(BadSignature));
}

#[test]
fn heads_are_compared_without_regard_to_order() {
    assert_eq!(heads_digest(&[hash(1), hash(2)]), heads_digest(&[hash(2), hash(1), hash(2)]));
    assert_ne!(heads_digest(&[hash(1), hash(2)]), heads_digest(&[hash(1)]));
    assert_ne!(heads_digest(&[]), [0; 8]);
}

#[test]
fn only_whoever_holds_the_keys_can_enrol_with_them() {
    let request = EnrolRequest::new("KOFFIE-7", &keys(7), "telefoon", Some("ijmond"));
    assert_eq!(EnrolRequest::decode(&request.encode(), MAX_BODY), Ok(request.clone()));
    assert_eq!(request.verify(), Ok(()));
    assert_eq!(EnrolRequest { code: "KOFFIE-8".into(), ..request.clone() }.verify(), Err(BadSignature));
    assert_eq!(EnrolRequest { keys: keys(8).public(), ..request }.verify(), Err(BadSignature));
}

#[test]
fn what_coordinators_ask_and_hear_is_read_as_written() {
    let invite = InviteRequest {
        version: VERSION,
        person: "anna".into(),
        display_name: "Anna de Wit".into(),
        role: Role::Coordinator,
        organisation: "pro-west".into(),
    };
    assert_eq!(InviteRequest::decode(&invite.encode(), MAX_BODY), Ok(invite.clone()));
    let wrong = InviteRequest { person: "Anna!".into(), ..invite };
    assert!(InviteRequest::decode(&wrong.encode(), MAX_BODY).is_err());
    let answer = InviteAnswer { version: VERSION, code: "KOFFIE-7".into(), expires: Timestamp::from_millis(9) };
    assert_eq!(InviteAnswer::decode(&answer.encode(), MAX_BODY), Ok(answer));
    let device = DeviceInfo {
        lock: Some(crate::keyring::LockState::Passphrase),
        wiped: None,
        reason: None,
        accept_unsent: false,
        lost: None,
        device: keys(7).device(),
        person: "anna".into(),
        role: Role::Coach,
        label: "telefoon".into(),
        enrolled: Timestamp::from_millis(1),
        last_contact: None,
        unsynced: Some(0),
        documents: vec![document(1)],
        revoked: Some(Timestamp::from_millis(2)),
        display_name: "Anna de Wit".into(),
        organisation: "pro-west".into(),
    };
    let list = DeviceList {
        version: VERSION,
        devices: vec![device.clone(), DeviceInfo { documents: Vec::new(), revoked: None, ..device }],
    };
    assert_eq!(DeviceList::decode(&list.encode(), MAX_BODY), Ok(list));
    let enrolled = EnrolAnswer {
        version: VERSION,
        server: keys(1).server(),
        keys: keys(1).public(),
        region: "ijmond".into(),
        epoch: Epoch::from_bytes([2; 16]),
        statements: vec![vec![1], vec![2]],
        person: "anna".into(),
        role: Role::Coach,
        organisation: "pro-west".into(),
        nonce: "AAAAAAAAAAAA".into(),
        display_name: "Anna de Wit".into(),
    };
    assert_eq!(EnrolAnswer::decode(&enrolled.encode(), MAX_BODY), Ok(enrolled));
}

#[test]
fn every_no_says_in_both_languages_what_to_do() {
    let sentences = Reason::ALL.iter().flat_map(|r| [r.label(Lang::Nl), r.label(Lang::En)]);
    let errors = ErrorCode::ALL.iter().flat_map(|c| [c.label(Lang::Nl), c.label(Lang::En)]);
    for sentence in sentences.chain(errors) {
        assert!(sentence.ends_with('.') && sentence.len() > 40, "{sentence}");
    }
}
