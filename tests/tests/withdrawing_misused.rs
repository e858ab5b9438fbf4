//! Going on in another document is a tool for a mistyped note. It is no way to bring the server down, to destroy what waits for a
//! coordinator, or to have a colleague's dossier wiped.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::clock::Day;
use veldboek_core::ids::{DocumentId, EntryId, TraineeId, VisitId};
use veldboek_core::record::Record;
use veldboek_core::statement::{DocumentKind, Opening, Role, SignedStatement, Statement};
use veldboek_core::sync::server::ErasureOrder;
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;
use veldboek_core::wire::{Request, Verdict};
use veldboek_tests::{Device, Field};

fn opening(field: &Field, device: &Device, document: DocumentId, trainee: TraineeId, replaces: Option<DocumentId>) -> Vec<u8> {
    let opening = Opening {
        document,
        kind: DocumentKind::Dossier,
        founding: 1,
        trainee: Some(trainee),
        organisation: "school-1".into(),
        person: device.book.identity().person.unwrap(),
        at: field.clock.0,
        replaces,
    };
    SignedStatement::sign(&Statement::Opening(opening), device.book.device_keys()).unwrap().bytes().to_vec()
}

fn dossier(field: &mut Field, device: &mut Device, reference: &str) -> (DocumentId, TraineeId) {
    let trainee = TraineeId::fresh(field.clock.0, &mut field.dice);
    let record = Trainee {
        id: Some(trainee),
        reference: Some(reference.into()),
        given_name: Some("Sanne".into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    (device.book.found(record.create(""), field.clock.now(), &mut field.dice).unwrap(), trainee)
}

fn visit(field: &mut Field, device: &mut Device, document: DocumentId, coach: &str, summary: &str) -> EntryId {
    let id = VisitId::fresh(field.clock.0, &mut field.dice);
    let visit = Visit { coach: Some(coach.into()), summary: Some(summary.into()), duration_min: Some(30), ..Visit::default() };
    device.book.perform(document, visit.create(&id.to_string()), field.clock.now(), &mut field.dice).unwrap();
    EntryId::from_bytes(*id.as_bytes())
}

#[test]
fn openings_that_replace_each_other_in_a_ring_stop_nobody() {
    let mut field = Field::new(91);
    let mut anna = field.enrolled("anna", Role::Coach);
    field.sync(&mut anna);
    let trainee = TraineeId::fresh(field.clock.0, &mut field.dice);
    let [a, b] = [0xa1, 0xb2].map(|byte| DocumentId::from_bytes([byte; 16]));
    let statements = vec![opening(&field, &anna, a, trainee, Some(b)), opening(&field, &anna, b, trainee, Some(a))];
    let answer = field.answer_to(&anna, Request { statements, ..Request::default() });
    assert!(matches!(answer.verdicts[0], Verdict::Accepted { .. }), "the control: it replaces what is not known yet");
    assert!(matches!(answer.verdicts[1], Verdict::Refused(_)), "{:?}", answer.verdicts[1]);
    // It goes on working, after a start and on the days that follow.
    field.restart_server();
    field.clock.pass_minutes(2 * 24 * 60);
    let own = field.dossier(&mut anna, "WF-2025-0001");
    field.sync(&mut anna);
    assert_eq!(anna.summaries(own), Vec::<String>::new());
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
}

#[test]
fn a_ring_in_a_ledger_has_an_end() {
    let mut field = Field::new(92);
    let anna = field.enrolled("anna", Role::Coach);
    let trainee = TraineeId::fresh(field.clock.0, &mut field.dice);
    let [a, b] = [0xa1, 0xb2].map(|byte| DocumentId::from_bytes([byte; 16]));
    let mut ledger = veldboek_core::ledger::Ledger::default();
    for (document, replaces) in [(a, b), (b, a)] {
        let bytes = opening(&field, &anna, document, trainee, Some(replaces));
        let signed = SignedStatement::decode(&bytes).unwrap();
        ledger.add_statement(&signed, 1, veldboek_core::journal::Position { segment: 0, offset: 0 });
    }
    let today: Day = field.clock.now().today();
    assert!(!ledger.holds_grant(&a, "anna", today) && !ledger.holds_grant(&b, "bram", today));
}

#[test]
fn what_waits_for_a_coordinator_is_decided_about_before_the_old_document_goes() {
    let mut field = Field::new(93);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut dirk = field.enrolled("dirk", Role::Coach);
    let (old, _) = dossier(&mut field, &mut carla, "WF-2025-0002");
    let today = field.clock.now().today();
    for (coach, until) in [("anna", None), ("dirk", Some(today))] {
        carla.book.grant(old, (coach.into(), today, until), field.clock.now(), &mut field.dice).unwrap();
    }
    for device in [&mut carla, &mut anna, &mut dirk] {
        field.sync(device);
    }
    let wrong = visit(&mut field, &mut anna, old, "anna", "Verkeerd dossier");
    field.sync(&mut anna);
    // Long after his day Dirk's phone delivers a visit, which waits; then the phone falls into the canal.
    field.clock.pass_minutes(40 * 24 * 60);
    visit(&mut field, &mut dirk, old, "dirk", "Het enige afschrift");
    assert_eq!(field.sync(&mut dirk).0.quarantined, 1);
    drop(dirk);

    let new = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    assert!(field.keyring().document_key(old).is_some(), "not while something waits in it");
    assert_eq!(field.server_waiting(&carla), 1);
    assert!(field.erasures(ErasureOrder::List).is_empty());

    // The coordinator lets it in; Anna's phone brings it over, and only then the old document goes.
    carla.book.grant(old, ("dirk".into(), today, None), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.sync(&mut carla);
    assert_eq!(field.keyring().document_key(old), None);
    assert_eq!(carla.summaries(new), ["Het enige afschrift"]);
}

#[test]
fn an_opening_cannot_have_the_dossier_of_somebody_else_wiped() {
    let mut field = Field::new(94);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut eva = field.enrolled("eva", Role::Coach);
    let (old, trainee) = dossier(&mut field, &mut anna, "WF-2025-0003");
    let wrong = visit(&mut field, &mut anna, old, "anna", "Verkeerd dossier");
    for device in [&mut anna, &mut carla, &mut eva] {
        field.sync(device);
    }
    let new = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    assert_eq!(field.keyring().document_key(old), None);
    let before = field.erasures(ErasureOrder::List).len();
    // Eva never had that dossier; the document that she names is a colleague's, which the server does not know yet.
    let victim = field.dossier(&mut carla, "WF-2025-0004");
    let statements = vec![opening(&field, &eva, victim, trainee, Some(old))];
    let answer = field.answer_to(&eva, Request { statements, ..Request::default() });
    assert!(matches!(answer.verdicts[0], Verdict::Refused(_)));
    assert_eq!(field.erasures(ErasureOrder::List).len(), before, "no tombstone");
    field.sync(&mut carla);
    assert_eq!(carla.book.status().unwrap().unsynced, 0);
    assert!(carla.book.dossiers().unwrap().iter().any(|(id, _)| *id == victim));
    assert_ne!(new, victim);
}
