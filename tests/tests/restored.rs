//! The server's machine burns down and an older backup is put back. What was erased stays erased, who was revoked stays out, and
//! no visit is lost that any phone still holds: each device brings back what the new life of the server lacks.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::chunk::ChangeHash;
use veldboek_core::clock::Day;
use veldboek_core::envelope::SignedChange;
use veldboek_core::field_book::{Job, Next, RecordBook, Target};
use veldboek_core::ids::{DocumentId, EntryId, Epoch, TraineeId};
use veldboek_core::keys::DeviceKeys;
use veldboek_core::record::{Container, Record, Scalar, Write};
use veldboek_core::statement::{Grant, GrantEnd, Revocation, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{Done, ErasureOrder, RegionError, Work};
use veldboek_core::trainee::Trainee;
use veldboek_core::wire::{
    ItemKind, Reason, Receipt, ReceiptLine, Request, RevokeRequest, StatementLine, StatementReceipt, VERSION, Verdict,
};
use veldboek_tests::{Device, Field};

fn always() -> (Day, Option<Day>) {
    ("2025-01-01".parse().unwrap(), None)
}

fn dossier(field: &mut Field, carla: &mut Device, reference: &str, coaches: &[&str]) -> DocumentId {
    let trainee = Trainee {
        id: Some(TraineeId::fresh(field.clock.0, &mut field.dice)),
        reference: Some(reference.into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let document = carla.book.found(trainee.create(""), field.clock.now(), &mut field.dice).unwrap();
    let (from, until) = always();
    for coach in coaches {
        carla.book.grant(document, ((*coach).into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    }
    field.sync(carla);
    document
}

fn erase(field: &mut Field, carla: &mut Device, document: DocumentId) {
    carla.book.ask_erasure(document, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(carla);
    field.erasures(ErasureOrder::Confirm(document));
    field.sync(carla);
}

#[test]
fn every_visit_that_any_phone_still_holds_comes_back_after_an_old_backup_was_put_back() {
    let mut field = Field::new(61);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let first = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna"]);
    field.sync(&mut anna);
    field.visit(&mut anna, first, "Voor de back-up");
    field.sync(&mut anna);
    let old = field.backup();

    // What came after: a colleague, a dossier of hers, visits of both, and Anna's access to the first one ends.
    let mut bram = field.enrolled("bram", Role::Coach);
    let second = dossier(&mut field, &mut carla, "WF-2025-0002", &["anna", "bram"]);
    field.sync(&mut bram);
    field.sync(&mut anna);
    field.visit(&mut bram, second, "Bram op locatie");
    field.visit(&mut anna, first, "Anna na de back-up");
    field.visit(&mut anna, second, "Anna bij Bram");
    field.sync(&mut bram);
    field.sync(&mut anna);
    field.sync(&mut carla);
    field.sync(&mut bram);
    // Bram's phone never comes back: what he wrote is on the phones of others only.
    drop(bram);

    field.restore(&old, &old);
    field.clock.pass_minutes(60);
    // Offline meanwhile, as always.
    field.visit(&mut anna, first, "Nog niet verstuurd");
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!(outcome.record_book, RecordBook::Restored);
    assert_eq!((outcome.refused.len(), outcome.quarantined), (0, 0));
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
    // A fresh laptop of the coordinator gets all of it from the server alone.
    let mut fresh = field.enrolled("carla", Role::Coordinator);
    field.sync(&mut fresh);
    assert_eq!(fresh.summaries(first), ["Anna na de back-up", "Nog niet verstuurd", "Voor de back-up"]);
    assert_eq!(fresh.summaries(second), ["Anna bij Bram", "Bram op locatie"]);
    let (outcome, _) = field.sync(&mut carla);
    assert_eq!((outcome.refused.len(), outcome.unusable), (0, 0));
    assert_eq!(carla.summaries(first), fresh.summaries(first));
    // Nothing new costs one round trip again.
    for device in [&mut anna, &mut carla, &mut fresh] {
        let (outcome, line) = field.sync(device);
        assert_eq!((outcome.sent, outcome.received, line.round_trips, outcome.again), (0, 0, 1, false));
    }
    assert!(field.region.verify().unwrap().is_whole());
}

#[test]
fn what_was_admitted_once_needs_no_grant_after_a_restore() {
    let mut field = Field::new(62);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    let shared = dossier(&mut field, &mut carla, "WF-2025-0001", &["bram"]);
    let old = field.backup();
    // After the backup Anna is granted access for a while, writes, and is done.
    let today = field.clock.now().today();
    carla.book.grant(shared, ("anna".into(), today, Some(today)), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.visit(&mut anna, shared, "Waarneming door Anna");
    field.sync(&mut anna);
    field.sync(&mut bram);
    assert_eq!(bram.summaries(shared), ["Waarneming door Anna"]);
    drop(anna);
    field.clock.pass_minutes(3 * 24 * 60);
    field.restore(&old, &old);
    // Bram brings it back; her grant has ended, but the server's own receipt says that it was good.
    let (outcome, _) = field.sync(&mut bram);
    assert_eq!((outcome.quarantined, outcome.refused.len()), (0, 0));
    field.sync(&mut carla);
    assert_eq!(carla.summaries(shared), ["Waarneming door Anna"]);
    let mut fresh = field.enrolled("carla", Role::Coordinator);
    field.sync(&mut fresh);
    assert_eq!(fresh.summaries(shared), ["Waarneming door Anna"]);
}

#[test]
fn an_erased_dossier_does_not_come_back_with_an_old_backup_and_the_old_keys() {
    let mut field = Field::new(63);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    let gone = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna", "bram"]);
    let kept = dossier(&mut field, &mut carla, "WF-2025-0002", &["anna"]);
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.visit(&mut anna, gone, "Hiervan blijft niets");
    field.visit(&mut anna, kept, "Dit blijft");
    field.visit(&mut bram, gone, "En hiervan ook niet");
    field.sync(&mut anna);
    field.sync(&mut bram);
    let old = field.backup();
    erase(&mut field, &mut carla, gone);
    field.sync(&mut anna);

    // The whole old backup, keyring and all: for a moment the server has it again.
    field.restore(&old, &old);
    assert!(field.keyring().document_key(gone).is_some());
    // Anna is the first to come by. She is given nothing of it, and brings the server's own word that it is erased.
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.received, outcome.unusable, outcome.refused.len()), (0, 0, 0));
    assert_eq!(field.keyring().document_key(gone), None);
    assert!(anna.book.find("WF-2025-0001").is_err());
    assert_eq!(anna.summaries(kept), ["Dit blijft"]);
    let listed = field.erasures(ErasureOrder::List);
    assert_eq!((listed.len(), listed[0].document), (1, gone));
    // Who asked is not known any more; Carla still follows it on the devices of her organisation, and nobody of another does.
    let by = |field: &mut Field, device: &Device| {
        let reader = Some(device.book.identity().device);
        let Done::Erasures(list) = field.server(Work::Erasures(reader, ErasureOrder::List)).unwrap() else { unreachable!() };
        list
    };
    let seen = by(&mut field, &carla);
    assert_eq!((seen.len(), seen[0].document, seen[0].asked_by.as_deref()), (1, gone, None));
    assert!(seen[0].waiting.iter().any(|one| one.person == "bram"), "{seen:?}");
    // Carla's receipt comes back as well; Bram, who was away all the time, wipes it now.
    field.sync(&mut carla);
    let (outcome, _) = field.sync(&mut bram);
    assert_eq!(outcome.wiped.len(), 1);
    assert_eq!(outcome.wiped[0].unsent, 0, "the server had it all, before it was put back");
    assert_eq!(field.erasures(ErasureOrder::List)[0].waiting, []);
    assert!(field.region.verify().unwrap().is_whole());
}

#[test]
fn with_the_newest_keyring_an_old_journal_is_noise_where_it_was_erased() {
    let mut field = Field::new(64);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let gone = dossier(&mut field, &mut carla, "WF-2025-0001", &[]);
    field.visit(&mut carla, gone, "Hiervan blijft niets");
    field.sync(&mut carla);
    let old = field.backup();
    erase(&mut field, &mut carla, gone);
    let newest = field.backup();
    field.restore(&old, &newest);
    let found = field.region.verify().unwrap();
    assert!(found.is_whole() && found.gone >= 3, "{}", found.gone);
    let mut fresh = field.enrolled("carla", Role::Coordinator);
    let (outcome, _) = field.sync(&mut fresh);
    assert_eq!((outcome.received, fresh.book.status().unwrap().dossiers), (0, 0));
    field.sync(&mut carla);
    assert_eq!(field.erasures(ErasureOrder::List)[0].document, gone);
}

#[test]
fn who_was_revoked_stays_out_once_anyone_else_came_by() {
    let mut field = Field::new(65);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    field.sync(&mut carla);
    field.sync(&mut anna);
    let old = field.backup();
    let who = anna.book.identity().device;
    // The server revoked Anna's phone, and Carla's laptop heard of it.
    let keys = DeviceKeys::from_bytes(&field.region.escrow());
    let revocation =
        Statement::Revocation(Revocation { device: who, at: field.clock.0, reason: None, accept_unsent: false, by: None });
    let (mut request, _) = carla.book.request(None).unwrap();
    request.statements.push(SignedStatement::sign(&revocation, &keys).unwrap().bytes().to_vec());
    let answer = field.answer_to(&carla, request);
    assert!(matches!(answer.verdicts.as_slice(), [Verdict::Accepted { .. }]), "{:?}", answer.verdicts);
    field.sync(&mut carla);

    field.restore(&old, &old);
    field.sync(&mut carla);
    let (request, _) = anna.book.request(None).unwrap();
    assert!(matches!(field.server(Work::Exchange(who, request.into())), Err(RegionError::NotWelcome)));

    // Nobody but the server revokes: the same statement by another hand is no word of its.
    let forged = Statement::Revocation(Revocation {
        device: carla.book.identity().device,
        at: field.clock.0,
        reason: None,
        accept_unsent: false,
        by: None,
    });
    let (mut request, _) = carla.book.request(None).unwrap();
    request.statements.push(SignedStatement::sign(&forged, carla.book.device_keys()).unwrap().bytes().to_vec());
    let answer = field.answer_to(&carla, request);
    assert!(matches!(answer.verdicts.as_slice(), [Verdict::Refused(_)]));
}

/// Revokes a device at the server.
fn revoke(field: &mut Field, device: &Device) {
    let device = device.book.identity().device;
    field.server(Work::Revoke(None, RevokeRequest { version: VERSION, device, reason: None, accept_unsent: false })).unwrap();
}

/// Ends somebody's access from today on.
fn end_access(field: &mut Field, carla: &mut Device, document: DocumentId, person: &str) {
    let today = field.clock.now().today();
    let write = Write {
        container: Container::Trainee,
        entry: String::new(),
        key: "given_name".into(),
        value: Scalar::Text(format!("Zonder {person}")),
    };
    let job = Job::new(Target::Existing(document), vec![write]).ending(vec![(person.into(), today)]);
    carla.book.perform_all(vec![job], field.clock.now(), &mut field.dice).unwrap();
}

/// What waits at the server, by its hash.
fn what_waits(field: &mut Field, coordinator: &Device) -> Vec<ChangeHash> {
    let who = coordinator.book.identity().device;
    let Done::Quarantine(list) = field.server(Work::Quarantine(who, 0)).unwrap() else { unreachable!() };
    list.changes.iter().map(|one| SignedChange::decode(&one.envelope).unwrap().hash()).collect()
}

#[test]
fn who_has_access_is_as_it_was_though_the_laptop_that_decided_it_was_revoked_since() {
    let mut field = Field::new(66);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    let mut dora = field.enrolled("dora", Role::Coach);
    let shared = dossier(&mut field, &mut carla, "WF-2025-0001", &["bram", "dora"]);
    field.sync(&mut bram);
    field.sync(&mut dora);
    let old = field.backup();
    // After the backup Carla gives it to Anna and takes it from Bram; then her laptop is stolen.
    let (from, until) = always();
    carla.book.grant(shared, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    end_access(&mut field, &mut carla, shared, "bram");
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.visit(&mut anna, shared, "Anna is er nu");
    field.sync(&mut anna);
    field.sync(&mut dora);
    revoke(&mut field, &carla);
    drop(carla);
    for device in [&mut anna, &mut bram, &mut dora] {
        field.sync(device);
    }
    assert!(bram.book.find("WF-2025-0001").is_err());

    field.restore(&old, &old);
    // Only Dora, who was told of it and decided nothing, comes by: she brings both back, with the server's own word for it.
    let (outcome, _) = field.sync(&mut dora);
    assert_eq!((outcome.refused, outcome.quarantined, outcome.closed), (vec![], 0, 0));
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.refused, outcome.quarantined, outcome.closed), (vec![], 0, 0));
    assert_eq!(anna.summaries(shared), ["Anna is er nu"]);
    field.visit(&mut anna, shared, "Anna nog eens");
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.accepted, outcome.quarantined), (1, 0));
    let (outcome, _) = field.sync(&mut bram);
    assert_eq!((outcome.received, outcome.refused), (0, vec![]));
    assert!(bram.book.find("WF-2025-0001").is_err());
    let mut fresh = field.enrolled("anna", Role::Coach);
    field.sync(&mut fresh);
    assert_eq!(fresh.summaries(shared), ["Anna is er nu", "Anna nog eens"]);
}

#[test]
fn what_was_decided_about_waiting_work_stays_decided() {
    // Before the work came to the server, and while it waited there.
    for waited in [false, true] {
        let mut field = Field::new(67);
        let mut carla = field.enrolled("carla", Role::Coordinator);
        let mut conny = field.enrolled("conny", Role::Coordinator);
        let mut anna = field.enrolled("anna", Role::Coach);
        let shared = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna"]);
        field.sync(&mut anna);
        field.sync(&mut conny);
        end_access(&mut field, &mut carla, shared, "anna");
        field.sync(&mut carla);
        // Weeks later Anna, who was away all the time, writes twice.
        field.clock.pass_minutes(30 * 24 * 60);
        let mut old = field.backup();
        field.visit(&mut anna, shared, "Goed");
        let (outcome, _) = field.sync(&mut anna);
        assert_eq!(outcome.quarantined, 1);
        let mut anna_on_her_laptop = anna.copy();
        if waited {
            old = field.backup();
        }
        let good = what_waits(&mut field, &carla);
        let decision = (shared, good.clone(), Vec::new(), true);
        carla.book.decide(decision, None, field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut carla);
        field.sync(&mut conny);
        assert_eq!(conny.summaries(shared), ["Goed"]);
        revoke(&mut field, &carla);
        drop(carla);
        field.sync(&mut conny);

        field.restore(&old, &old);
        let (outcome, _) = field.sync(&mut conny);
        assert_eq!((outcome.refused, outcome.quarantined), (vec![], 0), "waited: {waited}");
        assert_eq!(what_waits(&mut field, &conny), [], "waited: {waited}");
        let (outcome, _) = field.sync(&mut anna_on_her_laptop);
        assert_eq!((outcome.refused, outcome.quarantined), (vec![], 0), "waited: {waited}");
        assert_eq!(what_waits(&mut field, &conny), [], "waited: {waited}");
        let mut fresh = field.enrolled("conny", Role::Coordinator);
        field.sync(&mut fresh);
        assert_eq!(fresh.summaries(shared), ["Goed"], "waited: {waited}");
    }
}

#[test]
fn what_was_refused_does_not_wait_anew_after_a_restore() {
    for waited in [false, true] {
        let mut field = Field::new(68);
        let mut carla = field.enrolled("carla", Role::Coordinator);
        let mut conny = field.enrolled("conny", Role::Coordinator);
        let mut anna = field.enrolled("anna", Role::Coach);
        let shared = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna"]);
        field.sync(&mut anna);
        end_access(&mut field, &mut carla, shared, "anna");
        field.sync(&mut carla);
        field.clock.pass_minutes(30 * 24 * 60);
        let mut old = field.backup();
        field.visit(&mut anna, shared, "Niet overnemen");
        field.sync(&mut anna);
        if waited {
            old = field.backup();
        }
        let decision = (shared, what_waits(&mut field, &carla), Vec::new(), false);
        carla.book.decide(decision, Some("dubbel".into()), field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut carla);
        field.sync(&mut conny);

        field.restore(&old, &old);
        let (outcome, _) = field.sync(&mut conny);
        assert_eq!((outcome.refused, outcome.quarantined), (vec![], 0), "waited: {waited}");
        assert_eq!(what_waits(&mut field, &conny), [], "waited: {waited}");
        // Anna has not heard of the decision yet; now she does, and her text stays readable for her.
        field.sync(&mut anna);
        assert_eq!(what_waits(&mut field, &conny), [], "waited: {waited}");
        let refused = anna.book.refused().unwrap();
        assert_eq!(refused.iter().map(|(one, _)| one.reason).collect::<Vec<_>>(), [Reason::NotTaken], "waited: {waited}");
        assert!(!refused[0].1.is_empty());
        assert!(anna.book.waiting().unwrap().is_empty());
        let mut fresh = field.enrolled("conny", Role::Coordinator);
        field.sync(&mut fresh);
        assert_eq!(fresh.summaries(shared), <[&str; 0]>::default());
    }
}

#[test]
fn nobody_but_the_server_vouches_for_what_a_revoked_laptop_decided() {
    let mut field = Field::new(69);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let shared = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna"]);
    field.sync(&mut anna);
    // Carla's stolen laptop gives a friend access; the server never took that in.
    let (from, until) = always();
    carla.book.grant(shared, ("dief".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    let (stolen, _) = carla.book.request(None).unwrap();
    let name = veldboek_core::ledger::statement_hash(&stolen.statements[0]);
    revoke(&mut field, &carla);
    let epoch = field.region.identity().3;
    let server = DeviceKeys::from_bytes(&field.region.escrow());
    let lines = vec![StatementLine { seq: 9, hash: name }];
    let by_another = StatementReceipt::sign(epoch, lines.clone(), anna.book.device_keys()).encode();
    // The server's signature, but over a change that happens to be called like that.
    let of_a_change = Receipt::sign(epoch, vec![ReceiptLine { seq: 9, document: shared, hash: name }], &server);
    let taken_over = StatementReceipt::assemble(epoch, lines.clone(), of_a_change.signature).encode();
    for (receipts, statement_receipts) in
        [(vec![], vec![]), (vec![], vec![by_another]), (vec![], vec![taken_over]), (vec![of_a_change.encode()], vec![])]
    {
        let (mut request, _) = anna.book.request(None).unwrap();
        (request.receipts, request.statement_receipts) = (receipts, statement_receipts);
        request.statements = stolen.statements.clone();
        let answer = field.answer_to(&anna, request);
        let refused = |one: &Verdict| matches!(one, Verdict::Refused(why) if why.reason == Reason::Revoked);
        assert!(answer.verdicts.len() == 1 && refused(&answer.verdicts[0]), "{:?}", answer.verdicts);
    }
    // Had the server signed it, it would be as it was.
    let (mut request, _) = anna.book.request(None).unwrap();
    request.statement_receipts = vec![StatementReceipt::sign(epoch, lines, &server).encode()];
    request.statements = stolen.statements;
    assert!(matches!(field.answer_to(&anna, request).verdicts[..], [Verdict::Accepted { .. }]));
}

/// A revoked phone delivers until it may wipe itself.
fn delivers(field: &mut Field, phone: &mut Device) {
    let who = phone.book.identity().device;
    for _ in 0..10 {
        let (request, sent) = phone.book.delivery().unwrap();
        let Done::Exchanged(answer) = field.server(Work::Exchange(who, request.into())).expect("it has leave") else {
            unreachable!()
        };
        match phone.book.delivered(sent, *answer, field.clock.now(), &mut field.dice).unwrap().next {
            Next::Wipe => return,
            Next::Deliver => {}
            Next::Wait => panic!("the server is not busy"),
        }
    }
    panic!("a delivery that never ends");
}

#[test]
fn a_revoked_phone_delivers_also_to_a_restored_server_that_forgot_its_leave() {
    for knows_the_revocation in [true, false] {
        let mut field = Field::new(67);
        let mut carla = field.enrolled("carla", Role::Coordinator);
        let mut anna = field.enrolled("anna", Role::Coach);
        let first = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna"]);
        field.sync(&mut anna);
        let phone = anna.book.identity().device;
        let revoke = |field: &mut Field, accept_unsent| {
            let order = RevokeRequest { version: VERSION, device: phone, reason: None, accept_unsent };
            field.server(Work::Revoke(None, order)).unwrap();
        };
        let word = |field: &Field| field.region.revocation(&phone).unwrap().unwrap();
        let before = field.backup();
        field.visit(&mut anna, first, "Na de back-up");
        field.sync(&mut anna);
        field.visit(&mut anna, first, "Alleen hier");
        revoke(&mut field, false);
        let plain = field.backup();
        revoke(&mut field, true);
        let leave = word(&field);
        assert!(anna.book.take_revocation(&leave, &mut field.dice).unwrap().may_deliver);
        // What the backup lacks of the journal is gone; the phone is the only one that has it.
        if knows_the_revocation {
            field.restore(&plain, &plain);
            let plain = word(&field);
            assert!(anna.book.take_revocation(&plain, &mut field.dice).unwrap().may_deliver, "leave is not taken back");
        } else {
            field.restore(&before, &before);
        }
        delivers(&mut field, &mut anna);
        assert_eq!(anna.book.wipe(field.clock.now()).unwrap().lost, 0, "nothing that the server could take was destroyed");
        assert!(field.region.standing(&phone).unwrap().revoked);
        field.sync(&mut carla);
        assert_eq!(carla.summaries(first), ["Na de back-up"]);
        assert_eq!(field.server_waiting(&carla), 1);
    }
}

const DAY: i64 = 24 * 60;

/// Anna coached a dossier; her access ended long ago, and her phone does not know it yet.
fn ended(seed: u64) -> (Field, Device, Device, DocumentId) {
    let mut field = Field::new(seed);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let shared = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna", "bram"]);
    field.sync(&mut anna);
    let job = Job::new(Target::Existing(shared), Vec::new()).ending(vec![("anna".into(), field.clock.now().today())]);
    carla.book.perform_all(vec![job], field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.clock.pass_minutes(30 * DAY);
    (field, carla, anna, shared)
}

/// Carla lets in everything that waits; durable on her laptop.
fn accepts(field: &mut Field, carla: &mut Device, document: DocumentId) {
    let Done::Quarantine(list) = field.server(Work::Quarantine(carla.book.identity().device, 0)).unwrap() else { unreachable!() };
    let waiting: Vec<ChangeHash> = list.changes.iter().map(|one| SignedChange::decode(&one.envelope).unwrap().hash()).collect();
    assert!(!waiting.is_empty());
    let decision = (document, waiting, Vec::new(), true);
    carla.book.decide(decision, None, field.clock.now(), &mut field.dice).unwrap();
}

#[test]
fn what_waited_and_was_set_aside_waits_again_at_a_server_that_was_put_back() {
    for decided in [false, true] {
        let (mut field, mut carla, mut anna, shared) = ended(171);
        let old = field.backup();
        field.visit(&mut anna, shared, "Na afloop");
        field.visit(&mut anna, shared, "En nog eens");
        let (outcome, _) = field.sync(&mut anna);
        assert_eq!((outcome.quarantined, outcome.closed), (2, 1));
        if decided {
            // Let in, and lost again before anybody fetched it: the answer never arrived.
            field.sync(&mut carla);
            accepts(&mut field, &mut carla, shared);
            let (request, _) = carla.book.request(None).unwrap();
            field.answer_to(&carla, request);
        }
        anna.restart();
        field.restore(&old, &old);
        let (outcome, _) = field.sync(&mut anna);
        assert_eq!((outcome.quarantined, outcome.refused.len()), (2, 0), "decided: {decided}");
        assert_eq!(field.server_waiting(&carla), 2);
        anna.restart();
        let status = anna.book.status().unwrap();
        assert_eq!((status.quarantined, status.unsynced, field.sync(&mut anna).0.sent), (2, 0, 0));
        let (outcome, _) = field.sync(&mut carla);
        assert_eq!(outcome.new_to_decide, !decided, "what waited in another life is no measure for this one");
        if !decided {
            accepts(&mut field, &mut carla, shared);
            field.sync(&mut carla);
        }
        assert_eq!(carla.summaries(shared), ["En nog eens", "Na afloop"]);
        assert_eq!(field.sync(&mut anna).0.released, 2);
        assert!(anna.book.waiting().unwrap().is_empty());
    }
}

#[test]
fn new_waiting_work_is_told_whatever_its_number_was_in_a_former_life() {
    let (mut field, mut carla, mut anna, shared) = ended(172);
    let mut bram = field.enrolled("bram", Role::Coach);
    let old = field.backup();
    for number in 0..20 {
        field.visit(&mut bram, shared, &format!("Bram {number}"));
        field.sync(&mut bram);
    }
    field.visit(&mut anna, shared, "Na afloop");
    field.sync(&mut anna);
    assert!(field.sync(&mut carla).0.new_to_decide);
    drop(bram);
    field.restore(&old, &old);
    field.sync(&mut anna);
    assert!(field.sync(&mut carla).0.new_to_decide);
    assert!(!field.sync(&mut carla).0.new_to_decide, "once");
}

#[test]
fn what_waited_in_the_backup_and_was_let_in_since_comes_in_by_its_receipt() {
    let (mut field, mut carla, mut anna, shared) = ended(173);
    field.visit(&mut anna, shared, "Na afloop");
    field.visit(&mut anna, shared, "En nog eens");
    field.sync(&mut anna);
    let old = field.backup();
    field.sync(&mut carla);
    accepts(&mut field, &mut carla, shared);
    field.sync(&mut carla);
    drop(anna);
    field.restore(&old, &old);
    assert_eq!(field.server_waiting(&carla), 2);
    // Only the work itself comes back, by a laptop that has the server's word that it was let in.
    let who = carla.book.identity().device;
    let Done::Quarantine(list) = field.server(Work::Quarantine(who, 0)).unwrap() else { unreachable!() };
    let changes: Vec<Vec<u8>> = list.changes.iter().map(|one| one.envelope.clone()).collect();
    let hashes = changes.iter().map(|bytes| SignedChange::decode(bytes).unwrap().hash());
    let lines = (900..).zip(hashes).map(|(seq, hash)| ReceiptLine { seq, document: shared, hash }).collect();
    let keys = DeviceKeys::from_bytes(&field.region.escrow());
    let receipts = vec![Receipt::sign(Epoch::from_bytes([9; 16]), lines, &keys).encode()];
    let answer = field.answer_to(&carla, Request { changes, receipts, ..Request::default() });
    assert!(answer.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })), "{:?}", answer.verdicts);
    assert_eq!(field.server_waiting(&carla), 0);
    field.restart_server();
    let mut fresh = field.enrolled("carla", Role::Coordinator);
    field.sync(&mut fresh);
    assert_eq!(fresh.summaries(shared), ["En nog eens", "Na afloop"]);
}

#[test]
fn access_that_ended_and_is_brought_back_has_ended_for_whoever_comes_by_in_the_same_moment() {
    let mut field = Field::new(70);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let dora = field.enrolled("dora", Role::Coach).book.identity().device;
    let bram = field.enrolled("bram", Role::Coach).book.identity().device;
    let shared = dossier(&mut field, &mut carla, "WF-2025-0001", &["dora"]);
    field.visit(&mut carla, shared, "Niet meer voor Bram");
    field.sync(&mut carla);
    // The server's own words, as it signs them when a dossier goes on elsewhere: Bram had access, and has it no more.
    let (from, until) = always();
    let given = Grant {
        id: EntryId::fresh(field.clock.0, &mut field.dice),
        document: shared,
        person: "bram".into(),
        from,
        until,
        note: None,
        by: "carla".into(),
        at: field.clock.0,
        decision: None,
    };
    let ended = GrantEnd {
        document: shared,
        person: "bram".into(),
        on: field.clock.now().today(),
        by: "carla".into(),
        at: field.clock.0,
        reason: None,
        decision: None,
        successor: None,
        ends: Some(vec![given.id]),
    };
    let server = field.keyring().device_keys().clone();
    let sign = |statement: Statement| SignedStatement::sign(&statement, &server).unwrap().bytes().to_vec();
    let statements = vec![sign(Statement::Grant(given)), sign(Statement::GrantEnd(ended))];
    field.put_back(&field.backup(), &field.backup());
    field.reopen();
    // Two works in one run: Dora brings both back, and Bram's old phone asks what there is.
    let brings = Work::Exchange(dora, Request { statements, ..Request::default() }.into());
    let asks = Work::Exchange(bram, Request::default().into());
    let mut done = field.region.run(vec![brings, asks], field.clock.now(), &mut field.dice).unwrap().into_iter();
    let mut answer = || {
        let Some(Ok(Done::Exchanged(answer))) = done.next() else { panic!("both are welcome") };
        answer
    };
    let taken = answer().verdicts;
    assert!(taken.iter().all(|one| matches!(one, Verdict::Accepted { .. })) && taken.len() == 2, "{taken:?}");
    let given = answer().items;
    assert!(given.iter().all(|item| item.kind != ItemKind::Change), "the whole dossier");
}
