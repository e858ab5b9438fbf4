//! The same attacks in a bundle: Anna's phone merges, without any connection, a file that a hostile device made for her. It
//! passes the same gate, with the certificates that the phone holds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::collections::BTreeSet;

use veldboek_core::admission::Step;
use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::clock::Day;
use veldboek_core::field_book::Merged;
use veldboek_core::ids::EntryId;
use veldboek_core::limits::MAX_WAITING_CHANGES;
use veldboek_core::statement::{Grant, GrantEnd, Role, SignedStatement, Statement};
use veldboek_tests::attacks::forge::Maker;
use veldboek_tests::attacks::pushes::cases;
use veldboek_tests::attacks::{Row, Told};
use veldboek_tests::{Device, Field};

/// A bundle of this device for that one, made without asking anybody's program.
fn merge(field: &mut Field, from: &Maker, into: &mut Device, statements: &[Vec<u8>], changes: &[Vec<u8>]) -> Merged {
    let content = Content { statements: statements.to_vec(), changes: changes.to_vec(), receipts: Vec::new() };
    let keys = into.book.device_keys().public();
    let file = Bundle::seal(&content, "kennemerland", from.keys.device(), &[keys], &mut field.dice).unwrap();
    into.book.merge_bundle(&file, field.clock.now(), &mut field.dice).unwrap()
}

/// What was told of everything that did not come in; of what did, that it did.
fn told(merged: &Merged) -> Vec<Told> {
    let refused = merged.refused.iter().map(|(_, why)| Told::Refused(why.step));
    let deferred = merged.deferred.iter().map(|(_, why)| Told::Deferred(why.step));
    let told: Vec<Told> = refused.chain(deferred).collect();
    if told.is_empty() { vec![Told::Accepted; merged.received] } else { told }
}

fn maker(field: &Field, device: &Device, person: &str) -> Maker {
    Maker { keys: device.book.device_keys().clone(), person: person.into(), organisation: "school-1".into(), at: field.clock.0 }
}

/// Anna, who merges; the hostile device; a coordinator; all know each other's certificates.
fn people(field: &mut Field) -> (Device, Maker, Maker) {
    let hostile = field.enrolled("mallory", Role::Coach);
    let coordinator = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    field.sync(&mut anna);
    (anna, maker(field, &hostile, "mallory"), maker(field, &coordinator, "carla"))
}

#[test]
fn what_is_refused_over_http_is_refused_in_a_bundle_at_the_same_step() {
    let mut field = Field::new(16);
    let (mut anna, hostile, _) = people(&mut field);
    let victim = anna.book.device_keys().device();
    let mut numbers = BTreeSet::new();
    for case in cases(&hostile, victim, &mut field.dice.clone()).into_iter().filter(|case| case.merges) {
        let ready = merge(&mut field, &hostile, &mut anna, &case.statements, &case.before);
        assert_eq!((ready.received, ready.refused.len(), ready.waiting), (case.before.len(), 0, 0), "{}: {ready:?}", case.name);
        let came = told(&merge(&mut field, &hostile, &mut anna, &[], &case.faulty));
        assert_eq!(came.len(), case.looked_at, "{}", case.name);
        let control = told(&merge(&mut field, &hostile, &mut anna, &[], &case.control));
        assert_eq!(control.len(), case.control.len(), "{}", case.name);
        let row = Row { number: case.number, name: case.name, expected: case.expected, came, control };
        println!("{row}");
        assert!(row.passed(), "{row}");
        // Once more is nothing new.
        let again = merge(&mut field, &hostile, &mut anna, &case.statements, &case.control);
        assert_eq!((again.received, again.known), (0, case.control.len()), "{}", case.name);
        numbers.insert(row.number);
    }
    assert_eq!(numbers, (1..=13).collect());
}

#[test]
fn a_bundle_lets_nobody_into_a_dossier_without_grant() {
    let mut field = Field::new(17);
    let (mut anna, hostile, carla) = people(&mut field);
    let of_anna = maker(&field, &anna, "anna");
    let mut story = of_anna.opens(&mut field.dice);
    let first = of_anna.signed(story.document, &story.first);
    let ready = merge(&mut field, &of_anna, &mut anna, std::slice::from_ref(&story.opening), &[first]);
    assert_eq!(ready.received, 1, "{ready:?}");
    story.actor = hostile.session(&mut field.dice);
    let push = [hostile.signed(story.document, &story.visit(&hostile, "In het dossier van een ander"))];
    let came = merge(&mut field, &hostile, &mut anna, &[], &push);
    assert_eq!(told(&came), [Told::Refused(Some(Step::Grant))]);
    let grant = |by: &Maker, field: &mut Field| {
        let grant = Grant {
            id: EntryId::fresh(field.clock.0, &mut field.dice),
            document: story.document,
            person: "mallory".into(),
            from: "2025-03-01".parse::<Day>().unwrap(),
            until: None,
            note: None,
            by: by.person.clone(),
            at: field.clock.0,
            decision: None,
        };
        SignedStatement::sign(&Statement::Grant(grant), &by.keys).unwrap().bytes().to_vec()
    };
    // Nobody grants themselves anything.
    let own = grant(&hostile, &mut field);
    assert_eq!(told(&merge(&mut field, &hostile, &mut anna, &[own], &push)), [Told::Refused(Some(Step::Grant))]);
    let given = grant(&carla, &mut field);
    assert_eq!(told(&merge(&mut field, &hostile, &mut anna, &[given], &push)), [Told::Accepted]);
}

#[test]
fn a_bundle_brings_nothing_into_a_dossier_that_was_reassigned_when_it_was_made() {
    let mut field = Field::new(18);
    let (mut anna, hostile, carla) = people(&mut field);
    let of_anna = maker(&field, &anna, "anna");
    let mut story = of_anna.opens(&mut field.dice);
    let first = of_anna.signed(story.document, &story.first);
    let grant = Grant {
        id: EntryId::fresh(field.clock.0, &mut field.dice),
        document: story.document,
        person: "mallory".into(),
        from: "2025-02-01".parse::<Day>().unwrap(),
        until: None,
        note: None,
        by: carla.person.clone(),
        at: field.clock.0,
        decision: None,
    };
    let end = GrantEnd {
        document: story.document,
        person: "mallory".into(),
        on: "2025-03-01".parse::<Day>().unwrap(),
        by: carla.person.clone(),
        at: field.clock.0,
        reason: None,
        decision: None,
        successor: None,
        ends: None,
    };
    let signed = |statement| SignedStatement::sign(&statement, &carla.keys).unwrap().bytes().to_vec();
    let statements = [story.opening.clone(), signed(Statement::Grant(grant)), signed(Statement::GrantEnd(end))];
    let ready = merge(&mut field, &of_anna, &mut anna, &statements, &[first]);
    assert_eq!(ready.received, 1, "{ready:?}");
    // Made today, three days after his access ended; and the same visit made while he had it.
    story.actor = hostile.session(&mut field.dice);
    let then = Maker { at: field.clock.0.plus_millis(-20 * 86_400_000), ..hostile.clone() };
    let (now, before) = (story.clone().visit(&hostile, "Niet meer van mij"), story.visit(&then, "Niet meer van mij"));
    let push = [hostile.signed(story.document, &now)];
    assert_eq!(told(&merge(&mut field, &hostile, &mut anna, &[], &push)), [Told::Refused(Some(Step::Grant))]);
    let push = [hostile.signed(story.document, &before)];
    assert_eq!(told(&merge(&mut field, &hostile, &mut anna, &[], &push)), [Told::Accepted]);
}

#[test]
fn a_stick_brings_no_more_to_a_laptop_than_may_wait_of_one_device() {
    let mut field = Field::new(17);
    let hostile = field.enrolled("mallory", Role::Coach);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    field.sync(&mut carla);
    let mallory = maker(&field, &hostile, "mallory");
    // Small changes on top of one that nobody has.
    let mut story = mallory.opens(&mut field.dice);
    let changes: Vec<Vec<u8>> = (0..=MAX_WAITING_CHANGES)
        .map(|number| {
            let chunk = story.edit(&mallory, "gn", &format!("Sanne {number}"));
            mallory.signed(dossier, &chunk)
        })
        .collect();
    let merged = merge(&mut field, &mallory, &mut carla, &[], &changes);
    assert_eq!((merged.carried, merged.refused.len()), (MAX_WAITING_CHANGES, 0));
    assert_eq!(merged.no_room, 1);
    // The server takes none of it, and it does not grow: not with the same file, nor with the next process.
    field.sync(&mut carla);
    carla.restart();
    let again = merge(&mut field, &mallory, &mut carla, &[], &changes);
    assert_eq!((again.known, again.carried, again.no_room), (MAX_WAITING_CHANGES, 0, 1));
    assert_eq!(carla.book.not_taken().len(), MAX_WAITING_CHANGES);
    // Another device has room of its own.
    let other = field.enrolled("bram", Role::Coach);
    field.sync(&mut carla);
    let bram = maker(&field, &other, "bram");
    let mut theirs = bram.opens(&mut field.dice);
    let theirs = bram.signed(dossier, &theirs.edit(&bram, "gn", "Sanne B."));
    assert_eq!(merge(&mut field, &bram, &mut carla, &[], &[theirs]).carried, 1);
    // Whoever has looked at one is done with it, and the next finds its place.
    let (_, first) = carla.book.not_taken()[0];
    assert!(carla.book.dismiss(&first, field.clock.now(), &mut field.dice).unwrap());
    assert!(!carla.book.dismiss(&first, field.clock.now(), &mut field.dice).unwrap());
    for carried in [1, 0] {
        let again = merge(&mut field, &mallory, &mut carla, &[], &changes);
        assert_eq!((again.carried, again.no_room), (carried, 0));
        carla.restart();
    }
}
