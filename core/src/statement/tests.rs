//! Statements hold for ever, whoever carries them, and say nothing that their readers would not take.

use super::*;

fn keys(number: u8) -> DeviceKeys {
    DeviceKeys::from_bytes(&[number; 64])
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn certificate() -> Certificate {
    Certificate {
        device: keys(7).device(),
        keys: keys(7).public(),
        person: "anna".into(),
        display_name: "Anna de Wit".into(),
        role: Role::Coach,
        organisation: "pro-west".into(),
        label: "telefoon van Anna".into(),
        from: Timestamp::from_millis(1_740_000_000_000),
    }
}

fn opening() -> Opening {
    Opening {
        document: DocumentId::from_bytes([5; 16]),
        kind: DocumentKind::Dossier,
        founding: 1,
        trainee: Some(TraineeId::from_bytes([6; 16])),
        organisation: "pro-west".into(),
        person: "anna".into(),
        at: Timestamp::from_millis(1_740_000_000_001),
        replaces: None,
    }
}

fn grant() -> Grant {
    Grant {
        id: EntryId::from_bytes([4; 16]),
        document: DocumentId::from_bytes([5; 16]),
        person: "bram-2".into(),
        from: day("2025-03-31"),
        until: Some(day("2025-04-30")),
        note: Some("vakantie van Anna".into()),
        by: "carla".into(),
        at: Timestamp::from_millis(1_740_000_000_002),
        decision: Some(Handover::Cover),
    }
}

fn erasure(document: DocumentId) -> Erasure {
    Erasure { document, at: Timestamp::default(), trainee: None, replaced_by: None, withdrawn: Vec::new() }
}

fn every_kind() -> Vec<Statement> {
    let end = GrantEnd {
        document: DocumentId::from_bytes([5; 16]),
        person: "bram-2".into(),
        on: day("2025-04-15"),
        by: "carla".into(),
        at: Timestamp::from_millis(1_740_000_000_003),
        reason: None,
        decision: None,
        successor: None,
        ends: None,
    };
    let revocation = Revocation {
        device: keys(7).device(),
        at: Timestamp::default(),
        reason: Some("verloren".into()),
        accept_unsent: false,
        by: None,
    };
    let wiped = Wiped {
        device: keys(7).device(),
        revocation: ChangeHash::from_bytes([9; 32]),
        at: Timestamp::from_millis(1_740_000_000_004),
        lost: 0,
    };
    vec![
        Statement::Certificate(certificate()),
        Statement::Opening(opening()),
        Statement::Opening(Opening { kind: DocumentKind::Register, trainee: None, ..opening() }),
        Statement::Grant(grant()),
        Statement::Grant(Grant { until: None, note: None, ..grant() }),
        Statement::GrantEnd(end.clone()),
        Statement::GrantEnd(GrantEnd { reason: Some("overgedragen".into()), ..end }),
        Statement::Revocation(revocation.clone()),
        Statement::Revocation(Revocation { accept_unsent: true, by: Some("carla".into()), ..revocation }),
        Statement::Wiped(wiped.clone()),
        Statement::Wiped(Wiped { lost: 3, ..wiped }),
        Statement::Erasure(erasure(DocumentId::from_bytes([5; 16]))),
        Statement::ErasureReceipt(ErasureReceipt {
            document: DocumentId::from_bytes([5; 16]),
            at: Timestamp::default(),
            unsent: 2,
        }),
        Statement::ErasureRequest(ErasureRequest {
            document: DocumentId::from_bytes([5; 16]),
            by: "carla".into(),
            at: Timestamp::default(),
            withdrawn: Some(true),
        }),
        Statement::Refounding(Refounding {
            old: DocumentId::from_bytes([5; 16]),
            new: DocumentId::from_bytes([6; 16]),
            by: "anna".into(),
            at: Timestamp::default(),
            withdrawn: vec![EntryId::from_bytes([3; 16])],
            reason: Some("verkeerd dossier".into()),
            heads: None,
            founding: None,
        }),
    ]
}

#[test]
fn every_kind_is_read_as_it_was_signed() {
    for statement in every_kind() {
        let signed = SignedStatement::sign(&statement, &keys(1)).unwrap();
        assert_eq!(signed.statement(), &statement);
        let again = SignedStatement::decode(signed.bytes()).unwrap();
        assert_eq!(again, signed);
        assert_eq!(again.id(), signed.id());
        assert_eq!(again.signer(), keys(1).device());
        assert_eq!(again.signer().as_bytes(), keys(1).server().as_bytes());
        assert_eq!(again.verify(&keys(1).public()), Ok(()));
        assert_eq!(again.verify(&keys(2).public()), Err(BadSignature));
        assert!(again.bytes().len() < 400, "{}", again.bytes().len());
    }
}

#[test]
fn a_changed_statement_or_signer_is_noticed() {
    let signed = SignedStatement::sign(&Statement::Grant(grant()), &keys(1)).unwrap();
    let at = signed.bytes().windows(6).position(|window| window == b"bram-2").unwrap();
    let mut changed = signed.bytes().to_vec();
    changed[at + 5] = b'3';
    let changed = SignedStatement::decode(&changed).unwrap();
    assert_ne!(changed.id(), signed.id());
    assert_eq!(changed.verify(&keys(1).public()), Err(BadSignature));
    let bytes = signed.bytes();
    let claimed = [&bytes[..bytes.len() - 86], &[1, 0x50], keys(2).device().as_bytes(), &bytes[bytes.len() - 68..]].concat();
    let claimed = SignedStatement::decode(&claimed).unwrap();
    assert_eq!(claimed.signer(), keys(2).device());
    assert_eq!(claimed.verify(&keys(2).public()), Err(BadSignature));
}

#[test]
fn what_readers_would_not_take_is_not_signed() {
    let refused = |statement: Statement| assert!(SignedStatement::sign(&statement, &keys(1)).is_err(), "{statement:?}");
    for person in ["", "a", "Anna", "anna de wit", "anna_b", "ánna", &"a".repeat(33)] {
        refused(Statement::Certificate(Certificate { person: person.into(), ..certificate() }));
        refused(Statement::Opening(Opening { person: person.into(), ..opening() }));
        refused(Statement::Grant(Grant { person: person.into(), ..grant() }));
        refused(Statement::Grant(Grant { by: person.into(), ..grant() }));
    }
    for name in ["x".repeat(MAX_NAME + 1), "Anna\u{1b}[31m".into(), "nul\0".into()] {
        refused(Statement::Certificate(Certificate { display_name: name.clone(), ..certificate() }));
        refused(Statement::Certificate(Certificate { label: name.clone(), ..certificate() }));
        refused(Statement::Opening(Opening { organisation: name, ..opening() }));
    }
    assert!(
        SignedStatement::sign(
            &Statement::Certificate(Certificate { display_name: "é".repeat(MAX_NAME), ..certificate() }),
            &keys(1)
        )
        .is_ok()
    );
    refused(Statement::Grant(Grant { note: Some("x".repeat(MAX_NOTE + 1)), ..grant() }));
    refused(Statement::Grant(Grant { until: Some(day("2025-03-30")), ..grant() }));
    refused(Statement::Certificate(Certificate { device: keys(8).device(), ..certificate() }));
    refused(Statement::Opening(Opening { trainee: None, ..opening() }));
    refused(Statement::Opening(Opening { kind: DocumentKind::Register, ..opening() }));
}

/// A signed statement over any bytes, as a newer or a broken program would make it.
fn signed_over(stated: &[u8]) -> Vec<u8> {
    let signature = keys(1).sign(PURPOSE, &[stated]);
    cbor::to_vec(Signed { stated: stated.to_vec().into(), signer: keys(1).device(), signature })
}

#[test]
fn what_a_newer_version_adds_is_kept_and_forwarded() {
    let stated = cbor::to_vec(Statement::Erasure(erasure(DocumentId::from_bytes([5; 16]))));
    // {0: 6, 1: {0: document, 1: at, 99: "new"}, 99: "new"}
    let added =
        [&[0xa3], &stated[1..4], &[0xa3], &stated[5..], &[0x18, 99, 0x63, b'n', b'e', b'w', 0x18, 99, 0x63, b'n', b'e', b'w']]
            .concat();
    let signed = SignedStatement::decode(&signed_over(&added)).unwrap();
    assert!(matches!(signed.statement(), Statement::Erasure(_)));
    assert_eq!(signed.bytes(), signed_over(&added));
    assert_eq!(signed.verify(&keys(1).public()), Ok(()));

    let outside = [&[0xa4], &signed_over(&stated)[1..], &[0x18, 99, 0xf6]].concat();
    assert_eq!(SignedStatement::decode(&outside).unwrap().verify(&keys(1).public()), Ok(()));

    let kind = SignedStatement::decode(&signed_over(&[0xa2, 0, 0x18, 77, 1, 0x81, 1])).unwrap();
    assert_eq!(kind.statement(), &Statement::Newer(77));
    assert_eq!(kind.verify(&keys(1).public()), Ok(()));
}

#[test]
fn damaged_statements_are_refused() {
    let good = cbor::to_vec(Statement::Grant(grant()));
    for stated in [
        &[][..],
        &[0xa0],
        &[0xa1, 0, 3],
        &[0xa2, 1, 0xa0, 0, 3],
        &[0xa2, 0, 6, 1, 0xa0],
        &good[..good.len() - 1],
        &[good.as_slice(), &[0]].concat(),
    ] {
        assert!(SignedStatement::decode(&signed_over(stated)).is_err(), "{stated:02x?}");
    }
    let text = String::from_utf8_lossy(&good).into_owned();
    assert!(text.contains("2025-03-31"));
    for wrong in [&b"2025-3-311"[..], b"31-03-2025", b"2025-02-30"] {
        let at = good.windows(10).position(|window| window == b"2025-03-31").unwrap();
        let mut stated = good.clone();
        stated[at..at + 10].copy_from_slice(wrong);
        assert!(SignedStatement::decode(&signed_over(&stated)).is_err(), "{}", String::from_utf8_lossy(wrong));
    }
    let signed = signed_over(&good);
    for cut in 0..signed.len() {
        assert!(SignedStatement::decode(&signed[..cut]).is_err());
    }
    assert!(matches!(SignedStatement::decode(&vec![0; MAX_STATEMENT + 1]), Err(FormatError::TooLarge { .. })));
}

#[test]
fn a_statement_that_says_something_twice_in_its_body_is_none() {
    let stated = cbor::to_vec(Statement::Opening(opening()));
    // {0: kind, 1: {0: document, ...}}: the body's last key again, with another value.
    assert_eq!((stated[0], stated[1], stated[2], stated[3]), (0xa2, 0, 2, 1));
    let mut twice = stated.clone();
    twice[4] += 1;
    twice.extend([6, 0x1a, 0, 0, 0, 1]);
    let signed = |stated: &[u8]| {
        let signature = keys(7).sign(super::PURPOSE, &[stated]);
        let mut bytes = Vec::new();
        let mut e = Encoder::new(&mut bytes);
        e.map(3).unwrap().u8(0).unwrap();
        let start = e.writer().len();
        e.bytes(stated).unwrap().u8(1).unwrap().bytes(keys(7).device().as_bytes()).unwrap();
        e.u8(2).unwrap().bytes(signature.as_bytes()).unwrap();
        assert!(start > 0);
        bytes
    };
    assert!(SignedStatement::decode(&signed(&stated)).is_ok(), "{:?}", SignedStatement::decode(&signed(&stated)));
    assert!(SignedStatement::decode(&signed(&twice)).is_err());
}
