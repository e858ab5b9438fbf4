//! What everybody waits for is counted: one device cannot make the server look at everything again and again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::ledger::statement_hash;
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, Push, Work};
use veldboek_core::wire::{Hashes, Reason, Request, StatementLine, StatementReceipt, Verdict};
use veldboek_tests::Field;

#[test]
fn a_dossier_that_is_named_twenty_thousand_times_is_looked_at_once() {
    let mut field = Field::new(801);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    for day in 0..9 {
        field.visit(&mut anna, dossier, &format!("Dag {day}"));
    }
    field.sync(&mut anna);
    let ask = |field: &mut Field, anna: &mut veldboek_tests::Device, hashes: Vec<_>, page| {
        let before = field.region.healing_looks();
        let have = vec![Hashes { document: dossier, hashes }; 20_000];
        let (request, _) = anna.book.request(None).unwrap();
        let answer = field.answer_to(anna, Request { have, page, ..request });
        (field.region.healing_looks() - before, answer.items)
    };
    let (looks, items) = ask(&mut field, &mut anna, Vec::new(), None);
    assert_eq!((looks, items.len()), (10, 10));
    let name = |item: &veldboek_core::wire::Item| veldboek_core::envelope::SignedChange::decode(&item.bytes).unwrap().hash();
    let (looks, items) = ask(&mut field, &mut anna, items.iter().map(name).collect(), None);
    assert_eq!((looks, items.len()), (10, 0), "also when nothing is lacking");
    // A small page is full soon, and nothing is looked at that would not fit.
    let (looks, items) = ask(&mut field, &mut anna, Vec::new(), Some(3 * 4_096));
    assert_eq!((looks, items.len()), (3, 3));
}

#[test]
fn a_grant_makes_the_server_look_at_its_own_dossier_only() {
    let mut field = Field::new(802);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let dossiers: Vec<_> = (0..50).map(|number| field.dossier(&mut carla, &format!("WF-2025-{number:04}"))).collect();
    field.sync(&mut carla);
    let before = field.region.due_looks();
    for person in ["anna", "bram", "dirk"] {
        let grant = (person.to_owned(), field.clock.now().today(), None);
        carla.book.grant(dossiers[7], grant, field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut carla);
    }
    let looks = field.region.due_looks() - before;
    assert!(looks <= 3, "{looks}");
    // On another day all of them are looked at: dated grants begin and end.
    field.clock.pass_minutes(24 * 60);
    field.sync(&mut carla);
    assert!(field.region.due_looks() - before >= 51);
}

/// Twenty grants of Carla, signed, and what examines them.
fn grants(field: &mut Field) -> (veldboek_tests::Device, Vec<Vec<u8>>) {
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    field.sync(&mut carla);
    for number in 0..20 {
        let grant = (format!("coach-{number}"), field.clock.now().today(), None);
        carla.book.grant(dossier, grant, field.clock.now(), &mut field.dice).unwrap();
    }
    let statements = carla.book.request(None).unwrap().0.statements;
    assert_eq!(statements.len(), 20);
    (carla, statements)
}

/// An exchange that was looked at before the writer, as the server does: the verdicts, and how many signatures it checked itself.
fn examined(field: &mut Field, by: &veldboek_tests::Device, request: Request) -> (Vec<Verdict>, u64) {
    let (_, server, ..) = field.region.identity();
    let keys = by.book.device_keys().public();
    let mut push = Push::read(request);
    push.examine(&server, &keys, &|device| (*device == keys.device()).then_some(keys));
    let before = field.region.signatures_checked();
    let work = Work::Exchange(keys.device(), std::sync::Arc::new(push));
    let Done::Exchanged(answer) = field.server(work).unwrap() else { unreachable!() };
    (answer.verdicts, field.region.signatures_checked() - before)
}

#[test]
fn signatures_are_checked_before_the_writer_and_a_false_one_is_known_there() {
    let mut field = Field::new(803);
    let (carla, mut statements) = grants(&mut field);
    // A false signature among them: its last byte is another.
    let mut forged = statements.pop().unwrap();
    *forged.last_mut().unwrap() ^= 1;
    statements.push(forged);
    let request = Request { statements, page: Some(1), ..Request::default() };
    let (verdicts, checked) = examined(&mut field, &carla, request.clone());
    assert_eq!(checked, 0);
    assert!(verdicts[..19].iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })));
    assert!(matches!(&verdicts[19], Verdict::Refused(why) if why.reason == Reason::BadSignature));
    // Without it the writer does, and comes to the same.
    let before = field.region.signatures_checked();
    let again = field.answer_to(&carla, request);
    assert!(matches!(&again.verdicts[19], Verdict::Refused(why) if why.reason == Reason::BadSignature));
    assert_eq!(field.region.signatures_checked() - before, 1, "what is known needs none");
}

#[test]
fn receipts_are_looked_at_only_when_they_are_about_what_comes_with_them_and_a_liar_is_not_listened_to_for_long() {
    let mut field = Field::new(804);
    let (carla, statements) = grants(&mut field);
    let (_, _, _, epoch) = field.region.identity();
    let receipt = |number: u64, hash| {
        let lines = vec![StatementLine { seq: number, hash }];
        // Not the server's keys.
        StatementReceipt::sign(epoch, lines, carla.book.device_keys()).encode()
    };
    let beside = |number: u64| receipt(number, statement_hash(&number.to_be_bytes()));
    let about = |number: u64| receipt(number, statement_hash(&statements[0]));
    let ask = |field: &mut Field, statement_receipts: Vec<Vec<u8>>| {
        let before = field.region.signatures_checked();
        let request = Request { statements: vec![statements[0].clone()], statement_receipts, ..Request::default() };
        let answer = field.answer_to(&carla, request);
        assert!(matches!(answer.verdicts[..], [Verdict::Accepted { .. }]));
        field.region.signatures_checked() - before
    };
    assert_eq!(ask(&mut field, (0..1_000).map(beside).collect()), 1, "only the statement's own");
    assert_eq!(ask(&mut field, (0..1_000).map(about).collect()), 16, "the statement is known by now");
}
