//! How much one device may bring: what is beyond it is not lost, it is to be sent later; and what others bring meanwhile is
//! taken in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use veldboek_core::admission::Step;
use veldboek_core::chunk::ChangeHeader;
use veldboek_core::limits::{MAX_DOCUMENT_OPERATIONS, MAX_GRANTS, MAX_WAITING_BYTES};
use veldboek_core::record::{Code as _, Lang};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::wire::{Reason, Request};
use veldboek_tests::attacks::Told;
use veldboek_tests::attacks::forge::{Maker, Story};
use veldboek_tests::{Device, Field};

fn maker(field: &Field, device: &Device, person: &str) -> Maker {
    Maker { keys: device.book.device_keys().clone(), person: person.into(), organisation: "school-1".into(), at: field.clock.0 }
}

/// What is told of changes that this device pushes.
fn push(field: &mut Field, by: &Maker, statements: &[Vec<u8>], changes: &[Vec<u8>]) -> Vec<Told> {
    let request = Request { statements: statements.to_vec(), changes: changes.to_vec(), page: Some(1), ..Request::default() };
    let Done::Exchanged(answer) = field.server(Work::Exchange(by.keys.device(), request.into())).expect("a welcome device")
    else {
        unreachable!()
    };
    answer.verdicts[statements.len()..].iter().map(Told::from).collect()
}

fn opened(field: &mut Field, by: &Maker) -> Story {
    let story = by.opens(&mut field.dice.clone());
    let first = by.signed(story.document, &story.first);
    assert_eq!(push(field, by, std::slice::from_ref(&story.opening), &[first]), [Told::Accepted]);
    story
}

#[test]
fn a_dossier_cannot_grow_without_end_and_the_others_of_its_coach_are_none_the_worse() {
    let mut field = Field::new(31);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let story = opened(&mut field, &mallory);
    let mut parts = story.repeated(19_000, mallory.at);
    let mut taken = 0;
    let told = loop {
        let chunk = parts.chunk();
        let told = push(&mut field, &mallory, &[], &[mallory.signed(story.document, &chunk)]).remove(0);
        if told != Told::Accepted {
            break told;
        }
        taken += 19_000;
        assert!(taken <= MAX_DOCUMENT_OPERATIONS, "{taken}");
        parts.deps = vec![*ChangeHeader::parse(&chunk).unwrap().hash.as_bytes()];
        parts.seq += 1;
        parts.start_op += 19_000;
    };
    assert_eq!(told, Told::Deferred(Some(Step::Quota)));
    assert!(taken + 19_000 > MAX_DOCUMENT_OPERATIONS - 1_000, "{taken}");
    field.dice.roll();
    opened(&mut field, &mallory);
}

#[test]
fn what_waits_of_one_device_has_an_end_and_a_colleague_has_room_of_their_own() {
    let mut field = Field::new(32);
    let (anna, hostile, bram) =
        (field.enrolled("anna", Role::Coach), field.enrolled("mallory", Role::Coach), field.enrolled("bram", Role::Coach));
    let (anna, mallory, bram) = (maker(&field, &anna, "anna"), maker(&field, &hostile, "mallory"), maker(&field, &bram, "bram"));
    let story = opened(&mut field, &anna);
    let waits = |field: &mut Field, by: &Maker, text: &str| {
        let mut theirs = story.clone();
        theirs.actor = by.session(&mut field.dice);
        let change = by.signed(story.document, &theirs.visit(by, text));
        push(field, by, &[], &[change]).remove(0)
    };
    let large = "lang ".repeat(200_000);
    let fits = MAX_WAITING_BYTES / (large.len() + 2_000);
    for _ in 0..fits {
        assert_eq!(waits(&mut field, &mallory, &large), Told::Quarantined(Some(Step::Grant)));
    }
    assert_eq!(waits(&mut field, &mallory, &large), Told::Deferred(Some(Step::Quota)));
    assert_eq!(waits(&mut field, &bram, "Ingevallen voor Anna"), Told::Quarantined(Some(Step::Grant)));
    // A restart forgets nothing of it.
    field.restart_server();
    assert_eq!(waits(&mut field, &mallory, &large), Told::Deferred(Some(Step::Quota)));
}

#[test]
fn a_restart_of_the_server_gives_nobody_another_days_worth_of_dossiers() {
    let mut field = Field::new(33);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let mut dice = field.dice.clone();
    // Told by their openings alone: as many statements as one exchange looks at.
    let mut open = |field: &mut Field, count: usize| {
        let openings: Vec<Vec<u8>> = (0..count).map(|_| mallory.opens(&mut dice).opening).collect();
        let request = Request { statements: openings, page: Some(1), ..Request::default() };
        let work = Work::Exchange(mallory.keys.device(), request.into());
        let Done::Exchanged(answer) = field.server(work).expect("a welcome device") else { unreachable!() };
        answer.verdicts.iter().filter(|verdict| Told::from(*verdict) == Told::Accepted).count()
    };
    assert_eq!(open(&mut field, 2_000), 2_000);
    field.restart_server();
    assert_eq!(open(&mut field, 2_000), 2_000);
    assert_eq!(open(&mut field, 2_000), 1_000);
    field.restart_server();
    assert_eq!(open(&mut field, 10), 0);
    // Nor does putting the clock back; the next day does.
    field.clock.pass_minutes(-24 * 60);
    assert_eq!(open(&mut field, 10), 0);
    field.clock.pass_minutes(2 * 24 * 60);
    assert_eq!(open(&mut field, 10), 10);
}

#[test]
fn what_the_server_has_no_room_for_is_told_with_its_reason_though_it_is_no_change() {
    let mut field = Field::new(33);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    for _ in 0..=MAX_GRANTS {
        let moment = field.clock.now();
        carla.book.grant(dossier, ("anna".into(), moment.today(), None), moment, &mut field.dice).unwrap();
        field.clock.pass_minutes(1);
    }
    let (outcome, _) = field.sync(&mut carla);
    assert_eq!((outcome.deferred, outcome.postponed), (1, vec![(dossier, Reason::AccessFull)]));
    assert!(!outcome.again, "tomorrow there is no more room than today");
    assert!(!Reason::AccessFull.label(Lang::Nl).contains("morgen"));
}
