//! The word that a dossier is erased makes every device destroy it. So nobody has it said of a dossier that is not theirs, and no
//! device believes it of a dossier that it does not fit.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::ids::{DocumentId, TraineeId};
use veldboek_core::keys::DeviceKeys;
use veldboek_core::record::{Lang, Record};
use veldboek_core::statement::{DocumentKind, Erasure, Opening, Role, SignedStatement, Statement};
use veldboek_core::sync::server::ErasureOrder;
use veldboek_core::trainee::Trainee;
use veldboek_core::wire::{Reason, Request, Verdict};
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

/// A dossier of Carla's that these coaches have too.
fn dossier(field: &mut Field, carla: &mut Device, reference: &str, coaches: &[&str]) -> (DocumentId, TraineeId) {
    let trainee = TraineeId::fresh(field.clock.0, &mut field.dice);
    let record = Trainee {
        id: Some(trainee),
        reference: Some(reference.into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let document = carla.book.found(record.create(""), field.clock.now(), &mut field.dice).unwrap();
    for coach in coaches {
        let days = ((*coach).into(), "2025-01-01".parse().unwrap(), None);
        carla.book.grant(document, days, field.clock.now(), &mut field.dice).unwrap();
    }
    field.sync(carla);
    (document, trainee)
}

#[test]
fn whoever_once_held_an_erased_dossier_has_no_other_one_wiped_by_naming_it() {
    let mut field = Field::new(401);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut eva = field.enrolled("eva", Role::Coach);
    let (gone, trainee) = dossier(&mut field, &mut carla, "WF-2025-0001", &["eva"]);
    field.sync(&mut eva);
    carla.book.ask_erasure(gone, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.erasures(ErasureOrder::Confirm(gone));
    for device in [&mut carla, &mut eva] {
        field.sync(device);
    }
    let backup = field.backup();
    let (victim, _) = dossier(&mut field, &mut carla, "WF-2025-0002", &["anna", "eva"]);
    field.sync(&mut anna);
    field.visit(&mut anna, victim, "Anna was er");
    field.sync(&mut anna);
    field.sync(&mut carla);

    // The server is put back from before that dossier. Eva is there first, and says that it is a copy of the erased one.
    field.restore(&backup, &backup);
    let before = field.erasures(ErasureOrder::List).len();
    let statements = vec![opening(&field, &eva, victim, trainee, None)];
    let answer = field.answer_to(&eva, Request { statements, ..Request::default() });
    assert!(matches!(&answer.verdicts[0], Verdict::Refused(why) if why.reason == Reason::Erased), "{:?}", answer.verdicts);
    assert_eq!(field.erasures(ErasureOrder::List).len(), before, "no tombstone");
    for turn in 0..3 {
        let device = if turn == 1 { &mut anna } else { &mut carla };
        let (outcome, _) = field.sync(device);
        assert!(outcome.wiped.is_empty());
        assert_eq!(device.summaries(victim), ["Anna was er"]);
        assert_eq!(device.book.status().unwrap().unsynced, 0);
    }
}

#[test]
fn an_order_that_does_not_fit_the_dossier_is_not_obeyed_and_the_person_hears_whom_to_call() {
    let mut field = Field::new(402);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let (first, _) = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna"]);
    let (second, _) = dossier(&mut field, &mut carla, "WF-2025-0002", &["anna"]);
    let (third, right) = dossier(&mut field, &mut carla, "WF-2025-0003", &["anna"]);
    field.sync(&mut anna);
    for document in [first, second, third] {
        field.visit(&mut anna, document, "Anna was er");
    }
    field.sync(&mut anna);
    field.sync(&mut carla);
    // Words of the server's own hand: of another trainee; of a copy that this is not; and, the control, of this very trainee.
    let other = TraineeId::fresh(field.clock.0, &mut field.dice);
    let word = |document, trainee: Option<TraineeId>, replaced_by| Erasure {
        document,
        at: field.clock.0,
        trainee: trainee.map(|trainee| trainee.mark()),
        replaced_by,
        withdrawn: Vec::new(),
    };
    let words = [word(first, Some(other), None), word(second, None, Some(first)), word(third, Some(right), None)];
    let keys = DeviceKeys::from_bytes(&field.region.escrow());
    let statements: Vec<Vec<u8>> =
        words.map(|word| SignedStatement::sign(&Statement::Erasure(word), &keys).unwrap().bytes().to_vec()).to_vec();

    // With a bundle ...
    let content = Content { statements: statements.clone(), changes: Vec::new(), receipts: Vec::new() };
    let (region, sender) = (anna.book.identity().region, carla.book.identity().device);
    let bundle = Bundle::seal(&content, &region, sender, &[anna.book.device_keys().public()], &mut field.dice).unwrap();
    let merged = anna.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(merged.wiped.iter().map(|one| one.document).collect::<Vec<_>>(), [third]);
    assert_eq!(merged.kept.iter().map(|one| one.document).collect::<Vec<_>>(), [first, second]);
    assert_eq!(anna.summaries(first), ["Anna was er"]);

    // ... and by the server.
    let answer = field.answer_to(&anna, Request { statements, ..Request::default() });
    assert!(answer.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })), "{:?}", answer.verdicts);
    let (outcome, _) = field.sync(&mut carla);
    assert_eq!(outcome.wiped.iter().map(|one| one.document).collect::<Vec<_>>(), [third]);
    let kept: Vec<_> = outcome.kept.iter().map(|one| (one.document, one.reference.as_deref())).collect();
    assert_eq!(kept, [(first, Some("WF-2025-0001")), (second, Some("WF-2025-0002"))]);
    let (dutch, english) = (outcome.kept[0].message(Lang::Nl), outcome.kept[0].message(Lang::En));
    assert!(dutch.contains("past niet bij dit dossier") && dutch.contains("Bel uw coördinator"), "{dutch}");
    assert!(english.contains("does not fit this dossier") && english.contains("Call your coordinator"), "{english}");
    field.sync(&mut anna);
    for device in [&mut anna, &mut carla] {
        device.restart();
        field.sync(device);
        for document in [first, second] {
            assert_eq!(device.summaries(document), ["Anna was er"]);
            assert!(device.book.keyring().document_key(document).is_some());
        }
        assert_eq!(device.book.keyring().document_key(third), None);
    }
}

#[test]
fn a_copy_goes_with_the_dossier_that_is_erased_on_the_server_too() {
    let mut field = Field::new(403);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let (old, trainee) = dossier(&mut field, &mut carla, "WF-2025-0001", &["anna"]);
    field.sync(&mut anna);
    // Anna's phone begins to write it anew and gets no further; then the whole dossier is erased.
    let copy = DocumentId::from_bytes([0xc0; 16]);
    let statements = vec![opening(&field, &anna, copy, trainee, Some(old))];
    let answer = field.answer_to(&anna, Request { statements, ..Request::default() });
    assert!(matches!(answer.verdicts[0], Verdict::Accepted { .. }));
    assert!(field.keyring().document_key(copy).is_some());
    field.sync(&mut anna);
    field.sync(&mut carla);
    carla.book.ask_erasure(old, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.erasures(ErasureOrder::Confirm(old));
    for document in [old, copy] {
        assert_eq!(field.keyring().document_key(document), None);
    }
    assert_eq!(field.erasures(ErasureOrder::List).iter().map(|one| one.document).collect::<Vec<_>>(), [old], "one tombstone");
    field.restart_server();
    for device in [&mut anna, &mut carla] {
        field.sync(device);
        device.restart();
        assert_eq!(device.book.status().unwrap().unsynced, 0);
        for document in [old, copy] {
            assert_eq!(device.book.keyring().document_key(document), None);
        }
    }
    assert_eq!(field.erasures(ErasureOrder::List)[0].waiting, []);
}

#[test]
fn a_dossier_in_somebody_elses_name_takes_no_other_with_it_when_it_is_erased() {
    let mut field = Field::new(404);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut eva = field.enrolled("eva", Role::Coach);
    let (real, trainee) = dossier(&mut field, &mut carla, "WF-2025-0001", &["eva"]);
    field.sync(&mut eva);
    field.visit(&mut eva, real, "Eva was er");
    // Eva opens another one for the same trainee's id, and has it erased as a mistake.
    let record = Trainee {
        id: Some(trainee),
        reference: Some("PROEF".into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let junk = eva.book.found(record.create(""), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut eva);
    field.sync(&mut carla);
    carla.book.ask_erasure(junk, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.erasures(ErasureOrder::Confirm(junk));
    assert_eq!(field.keyring().document_key(junk), None);
    for device in [&mut carla, &mut eva] {
        let (outcome, _) = field.sync(device);
        assert_eq!(outcome.wiped.iter().map(|one| one.document).collect::<Vec<_>>(), [junk]);
        assert_eq!(device.summaries(real), ["Eva was er"]);
    }
    assert!(field.keyring().document_key(real).is_some());
}
