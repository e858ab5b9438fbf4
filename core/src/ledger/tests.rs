//! What is kept is known by who signed it and what it says.

use super::*;
use crate::ids::EntryId;
use crate::keys::DeviceKeys;

#[test]
fn a_statement_in_another_envelope_counts_once_and_comes_again_after_it_was_dropped() {
    let document = DocumentId::from_bytes([5; 16]);
    let grant = Grant {
        id: EntryId::from_bytes([4; 16]),
        document,
        person: "bram".into(),
        from: "2025-01-01".parse().unwrap(),
        until: None,
        note: None,
        by: "carla".into(),
        at: Timestamp::default(),
        decision: None,
    };
    let signed = SignedStatement::sign(&Statement::Grant(grant), &DeviceKeys::from_bytes(&[1; 64])).unwrap();
    let other = [&[0xa4], &signed.bytes()[1..], &[0x18, 99, 0xf6]].concat();
    let other = SignedStatement::decode(&other).unwrap();
    assert!(signed.is_as_signed() && !other.is_as_signed());

    let mut ledger = Ledger::default();
    let place = |offset| Position { segment: 1, offset };
    ledger.add_statement(&signed, 1, place(1));
    ledger.add_statement(&other, 2, place(2));
    let name = statement_hash(signed.bytes());
    let known = ledger.known_statement(&other).map(|(name, facts)| (name, facts.number));
    assert_eq!((known, ledger.statements.len()), (Some((name, 1)), 1));
    assert_eq!(ledger.documents[&document].grants.len(), 1);

    ledger.forget_statements(&document);
    assert!(ledger.known_statement(&signed).is_none());
    ledger.add_statement(&other, 3, place(3));
    assert_eq!((ledger.statements.len(), ledger.documents[&document].grants.len()), (1, 1));
}
