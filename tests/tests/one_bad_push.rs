//! One push, however it is put together, costs the single writer about as much as any other: everybody waits for it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::admission::Step;
use veldboek_core::clock::Timestamp;
use veldboek_core::ids::{DocumentId, EntryId, TraineeId};
use veldboek_core::limits::{MAX_PUSHED_STATEMENTS, MAX_WAITING_CHANGES};
use veldboek_core::statement::{DocumentKind, ErasureReceipt, ErasureRequest, Grant, Opening, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{Done, ErasureOrder, Work};
use veldboek_core::wire::{Request, Verdict};
use veldboek_tests::attacks::Told;
use veldboek_tests::attacks::forge::{Maker, Story};
use veldboek_tests::{Device, Field};

fn maker(field: &Field, device: &Device, person: &str) -> Maker {
    Maker { keys: device.book.device_keys().clone(), person: person.into(), organisation: "school-1".into(), at: field.clock.0 }
}

/// The verdicts on what this device pushes.
fn pushed(field: &mut Field, by: &Maker, statements: &[Vec<u8>], changes: &[Vec<u8>]) -> Vec<Verdict> {
    let request = Request { statements: statements.to_vec(), changes: changes.to_vec(), page: Some(1), ..Request::default() };
    let Done::Exchanged(answer) = field.server(Work::Exchange(by.keys.device(), request.into())).expect("a welcome device")
    else {
        unreachable!()
    };
    answer.verdicts
}

fn told_all(field: &mut Field, by: &Maker, changes: &[Vec<u8>]) -> Vec<Told> {
    pushed(field, by, &[], changes).iter().map(Told::from).collect()
}

fn opened(field: &mut Field, by: &Maker) -> Story {
    let story = by.opens(&mut field.dice.clone());
    field.dice.roll();
    let first = by.signed(story.document, &story.first);
    let verdicts = pushed(field, by, std::slice::from_ref(&story.opening), &[first]);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })), "{verdicts:?}");
    story
}

/// A story as somebody else goes on with it.
fn continued(field: &mut Field, story: &Story, by: &Maker) -> Story {
    let mut theirs = story.clone();
    theirs.actor = by.session(&mut field.dice);
    theirs
}

#[test]
fn the_gate_looks_once_at_new_changes_between_known_ones() {
    let mut field = Field::new(81);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let mut story = opened(&mut field, &mallory);
    let known = mallory.signed(story.document, &story.first);
    let mut push = Vec::new();
    for number in 0..20 {
        let visit = story.visit(&mallory, &format!("Bezoek {number}"));
        push.push(mallory.signed(story.document, &visit));
        push.push(known.clone());
    }
    let before = field.region.gate_passes();
    assert_eq!(told_all(&mut field, &mallory, &push), vec![Told::Accepted; 40]);
    assert_eq!(field.region.gate_passes() - before, 1);
}

#[test]
fn what_stands_twice_in_a_push_has_one_verdict_and_its_number() {
    let mut field = Field::new(82);
    let (anna, bram) = (field.enrolled("anna", Role::Coach), field.enrolled("bram", Role::Coach));
    let (anna, bram) = (maker(&field, &anna, "anna"), maker(&field, &bram, "bram"));
    let mut story = opened(&mut field, &anna);
    let visit = story.visit(&anna, "Rondleiding");
    let visit = anna.signed(story.document, &visit);
    let verdicts = pushed(&mut field, &anna, &[], &[visit.clone(), visit]);
    assert!(matches!(verdicts[0], Verdict::Accepted { seq } if seq > 0), "{verdicts:?}");
    assert_eq!(verdicts[0], verdicts[1]);
    // What waits is not called admitted because it was sent twice.
    let number = story.visit(&anna, "Bel 111222333");
    let number = anna.signed(story.document, &number);
    let waits = Told::Quarantined(Some(Step::Text));
    let twice = told_all(&mut field, &anna, &[number.clone(), number]);
    assert_eq!(twice[0], waits);
    assert!(matches!(twice[1], Told::Quarantined(_)), "{twice:?}");
    let mut theirs = continued(&mut field, &story, &bram);
    let strange = theirs.visit(&bram, "Ingevallen");
    let strange = bram.signed(story.document, &strange);
    assert!(told_all(&mut field, &bram, &[strange.clone(), strange]).iter().all(|told| matches!(told, Told::Quarantined(_))));
}

#[test]
fn the_gate_looks_twice_when_what_may_come_in_alternates_with_what_waits() {
    let mut field = Field::new(83);
    let (anna, bram) = (field.enrolled("anna", Role::Coach), field.enrolled("bram", Role::Coach));
    let (anna, bram) = (maker(&field, &anna, "anna"), maker(&field, &bram, "bram"));
    let mut story = opened(&mut field, &anna);
    let mut theirs = continued(&mut field, &story, &bram);
    let mut push = Vec::new();
    for number in 0..10 {
        let visit = story.visit(&anna, &format!("Bezoek {number}"));
        push.push(anna.signed(story.document, &visit));
        let visit = theirs.visit(&bram, &format!("Ingevallen {number}"));
        push.push(bram.signed(story.document, &visit));
    }
    // Anna goes on with what Bram wrote: it waits with his.
    let mut both = theirs.clone();
    both.actor = anna.session(&mut field.dice);
    let leaning = both.visit(&anna, "Besproken met Bram");
    push.push(anna.signed(story.document, &leaning));
    let before = field.region.gate_passes();
    let told = told_all(&mut field, &anna, &push);
    assert_eq!(field.region.gate_passes() - before, 2);
    for pair in told[..20].chunks(2) {
        assert_eq!(pair[0], Told::Accepted);
        assert!(matches!(pair[1], Told::Quarantined(_)), "{told:?}");
    }
    assert_eq!(told[20], Told::Quarantined(Some(Step::Waiting)));
}

#[test]
fn as_much_waits_of_a_device_in_a_dossier_as_is_bounded_and_is_let_in_with_one_look() {
    let mut field = Field::new(84);
    let (anna, bram) = (field.enrolled("anna", Role::Coach), field.enrolled("bram", Role::Coach));
    let (anna, bram) = (maker(&field, &anna, "anna"), maker(&field, &bram, "bram"));
    let story = opened(&mut field, &anna);
    let mut theirs = continued(&mut field, &story, &bram);
    let push: Vec<Vec<u8>> = (0..MAX_WAITING_CHANGES + 3)
        .map(|number| {
            let edit = theirs.edit(&bram, "given_name", &format!("Sanne {number}"));
            bram.signed(story.document, &edit)
        })
        .collect();
    let told = told_all(&mut field, &bram, &push);
    let waiting = told.iter().filter(|told| matches!(told, Told::Quarantined(_))).count();
    assert_eq!(waiting, MAX_WAITING_CHANGES);
    assert!(told[MAX_WAITING_CHANGES..].iter().all(|told| matches!(told, Told::Deferred(_))), "{:?}", &told[waiting..]);

    // However many grants come at once, what waits is looked at once, and comes in.
    let corine = field.enrolled("corine", Role::Coordinator);
    let corine = maker(&field, &corine, "corine");
    let today = field.clock.now().today();
    let grants: Vec<Vec<u8>> = (0..5)
        .map(|_| {
            let grant = Grant {
                id: EntryId::fresh(corine.at, &mut field.dice),
                document: story.document,
                person: "bram".into(),
                from: today,
                until: None,
                note: None,
                by: "corine".into(),
                at: corine.at,
                decision: None,
            };
            SignedStatement::sign(&Statement::Grant(grant), &corine.keys).unwrap().bytes().to_vec()
        })
        .collect();
    let before = field.region.gate_passes();
    let verdicts = pushed(&mut field, &corine, &grants, &[]);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })), "{verdicts:?}");
    assert_eq!(field.region.gate_passes() - before, 1);
    assert!(told_all(&mut field, &bram, &push[..MAX_WAITING_CHANGES]).iter().all(|told| *told == Told::Accepted));
}

fn opening(by: &Maker, field: &mut Field, person: &str) -> (DocumentId, Vec<u8>) {
    let document = DocumentId::fresh(by.at, &mut field.dice);
    let opening = Opening {
        document,
        kind: DocumentKind::Dossier,
        founding: 1,
        trainee: Some(TraineeId::fresh(by.at, &mut field.dice)),
        organisation: by.organisation.clone(),
        person: person.into(),
        at: by.at,
        replaces: None,
    };
    (document, SignedStatement::sign(&Statement::Opening(opening), &by.keys).unwrap().bytes().to_vec())
}

#[test]
fn only_a_dossier_that_is_let_in_gets_a_key() {
    let mut field = Field::new(85);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let (own, good) = opening(&mallory, &mut field, "mallory");
    let (foreign, bad) = opening(&mallory, &mut field, "anna");
    let verdicts = pushed(&mut field, &mallory, &[bad, good], &[]);
    assert!(matches!(verdicts[..], [Verdict::Refused(_), Verdict::Accepted { .. }]), "{verdicts:?}");
    let keyring = field.server_keyring();
    assert!(keyring.document_key(own).is_some());
    assert!(keyring.document_key(foreign).is_none());
}

#[test]
fn statements_beyond_what_is_looked_at_are_to_be_sent_again() {
    let mut field = Field::new(86);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let (document, last) = opening(&mallory, &mut field, "mallory");
    let mut statements = vec![vec![1, 2, 3]; MAX_PUSHED_STATEMENTS];
    statements.push(last.clone());
    let verdicts = pushed(&mut field, &mallory, &statements, &[]);
    assert_eq!(Told::from(verdicts.last().unwrap()), Told::Deferred(Some(Step::Quota)));
    assert!(field.server_keyring().document_key(document).is_none());
    assert!(matches!(pushed(&mut field, &mallory, &[last], &[])[..], [Verdict::Accepted { .. }]));
}

#[test]
fn a_device_confirms_an_erasure_once() {
    let mut field = Field::new(87);
    let corine = field.enrolled("corine", Role::Coordinator);
    let corine = maker(&field, &corine, "corine");
    let story = opened(&mut field, &corine);
    let sign = |statement: Statement| SignedStatement::sign(&statement, &corine.keys).unwrap().bytes().to_vec();
    let asked = ErasureRequest { document: story.document, by: "corine".into(), at: corine.at, withdrawn: None };
    let verdicts = pushed(&mut field, &corine, &[sign(Statement::ErasureRequest(asked))], &[]);
    assert!(matches!(verdicts[..], [Verdict::Accepted { .. }]), "{verdicts:?}");
    field.erasures(ErasureOrder::Confirm(story.document));
    let receipt = |millis: i64| {
        let at = Timestamp::from_millis(corine.at.as_millis() + millis);
        sign(Statement::ErasureReceipt(ErasureReceipt { document: story.document, at, unsent: 0 }))
    };
    let first = pushed(&mut field, &corine, &[receipt(1)], &[]);
    let records = field.region.verify().unwrap().records;
    for millis in 2..9 {
        assert_eq!(pushed(&mut field, &corine, &[receipt(millis)], &[]), first);
    }
    assert_eq!(field.region.verify().unwrap().records, records);
    // Nor after a restart.
    field.restart_server();
    assert_eq!(pushed(&mut field, &corine, &[receipt(9)], &[]), first);
}
