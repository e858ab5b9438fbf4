//! The lines of the journal, in order, never go back in time.

use super::*;
use crate::journal::{Appended, Kind, NewRecord, Position, Record};
use crate::keys::DeviceKeys;
use crate::notes::ContactNote;
use crate::statement::{Certificate, Erasure, Grant, Revocation, Role, SignedStatement, Statement};

fn keys() -> DeviceKeys {
    DeviceKeys::from_bytes(&[7; 64])
}

fn record(seq: u64, kind: Kind, payload: Vec<u8>) -> Record {
    let position = Position { segment: 1, offset: seq };
    NewRecord::clear(kind, payload).at(Appended { seq, position, hash: [0; 32] })
}

#[test]
fn an_old_statement_that_comes_back_after_a_restore_does_not_turn_back_the_servers_time() {
    let (now, month_ago) = (Timestamp::from_millis(1_740_000_000_000), Timestamp::from_millis(1_737_000_000_000));
    let device = keys().device();
    let certificate = Certificate {
        device,
        keys: keys().public(),
        person: "anna".into(),
        display_name: "Anna".into(),
        role: Role::Coach,
        organisation: "school-1".into(),
        label: "telefoon".into(),
        from: month_ago,
    };
    let revocation = Revocation { device, at: month_ago, reason: None, accept_unsent: false, by: None };
    let document = DocumentId::from_bytes([5; 16]);
    let erasure = Erasure { document, at: month_ago, trainee: None, replaced_by: None, withdrawn: Vec::new() };
    let grant = Grant {
        id: crate::ids::EntryId::from_bytes([4; 16]),
        document,
        person: "bram".into(),
        from: "2025-01-01".parse().unwrap(),
        until: None,
        note: None,
        by: "carla".into(),
        at: month_ago,
        decision: None,
    };
    for (kind, old) in [
        (Kind::Certificate, Statement::Certificate(certificate)),
        (Kind::Revocation, Statement::Revocation(revocation)),
        (Kind::Erasure, Statement::Erasure(erasure)),
    ] {
        let mut view = AuditView::default();
        let sign = |statement: &Statement| SignedStatement::sign(statement, &keys()).unwrap().bytes().to_vec();
        let contact = ContactNote { device, at: now, unsynced: 0, lock: None, position: None };
        view.line(&record(1, Kind::Contact, contact.encode())).unwrap();
        view.line(&record(2, kind, sign(&old))).unwrap();
        let next = view.line(&record(3, Kind::Grant, sign(&Statement::Grant(grant.clone())))).unwrap().unwrap();
        assert_eq!(next.at, now, "after {kind:?}");
    }
}
