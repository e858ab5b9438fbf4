//! No answer holds more than a client reads, however much there is and whatever is asked; what does not fit comes with the next.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::{HashMap, HashSet};

use veldboek_core::chunk::ChangeHash;
use veldboek_core::ids::{DeviceId, DocumentId, Epoch};
use veldboek_core::statement::{Revocation, Role, SignedStatement, Statement};
use veldboek_core::sync::feed::{Feed, Line, Reader, What};
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::wire::{
    Answer, Cursor, EnrolAnswer, Hashes, InviteRequest, Item, ItemKind, MAX_BODY, MAX_ITEMS, Request, VERSION,
};
use veldboek_tests::{Device, Field};

fn hash(number: u64) -> ChangeHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    ChangeHash::from_bytes(bytes)
}

fn document(number: u64) -> DocumentId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

/// The answers with which a reader comes to the end of a feed whose lines weigh this, each read back as from the line.
fn read(feed: &Feed, reader: &Reader, weight: usize) -> Vec<Answer> {
    let mut place = Cursor { epoch: Epoch::from_bytes([1; 16]), position: 0, backfill: None };
    let mut answers = Vec::new();
    loop {
        let page = feed.page(reader, place, &HashSet::new(), 4 << 20, &mut |_| weight);
        let item = |line: &Line| Item { seq: line.number, kind: ItemKind::Statement, bytes: vec![7; 60] };
        let answer = Answer { items: page.lines.iter().map(item).collect(), closed: page.closed, ..Answer::default() };
        answers.push(Answer::decode(&answer.encode(), MAX_BODY).expect("a client reads it"));
        assert!(answers.len() < 100, "it comes to an end");
        if !page.more {
            return answers;
        }
        place = page.place;
    }
}

#[test]
fn thirty_thousand_small_lines_are_read_to_the_end() {
    let mut feed = Feed::default();
    for number in 1..=30_000 {
        feed.push(Line { number, what: What::Public(hash(number)) });
    }
    let anna = Reader { person: "anna".into(), organisation: None, content: true };
    let answers = read(&feed, &anna, 72);
    let numbers: Vec<u64> = answers.iter().flat_map(|answer| answer.items.iter().map(|item| item.seq)).collect();
    assert_eq!(numbers, (1..=30_000).collect::<Vec<u64>>());
    // What heals comes besides.
    assert!(answers.iter().all(|answer| answer.items.len() + 1_024 <= MAX_ITEMS));
}

#[test]
fn a_large_dossier_that_opens_late_comes_in_parts_too() {
    let mut feed = Feed::default();
    for number in 1..=25_000 {
        feed.push(Line { number, what: What::Change(document(1), hash(number)) });
    }
    feed.push(Line { number: 25_001, what: What::Opened(document(1), "anna".into()) });
    let anna = Reader { person: "anna".into(), organisation: None, content: true };
    let answers = read(&feed, &anna, 72);
    let numbers: Vec<u64> = answers.iter().flat_map(|answer| answer.items.iter().map(|item| item.seq)).collect();
    assert_eq!(numbers, (1..=25_000).collect::<Vec<u64>>());
}

#[test]
fn thirty_thousand_dossiers_are_closed_to_the_last() {
    let mut feed = Feed::default();
    for number in 1..=30_000 {
        feed.push(Line { number: 2 * number, what: What::Opened(document(number), "anna".into()) });
        feed.push(Line { number: 2 * number + 1, what: What::Closed(document(number), "anna".into()) });
    }
    let anna = Reader { person: "anna".into(), organisation: None, content: true };
    let answers = read(&feed, &anna, 72);
    let closed: HashSet<DocumentId> = answers.iter().flat_map(|answer| answer.closed.iter().copied()).collect();
    assert_eq!(closed.len(), 30_000);
}

/// What a device asks that is up to date.
fn up_to_date(device: &mut Device) -> Request {
    device.book.request(None).unwrap().0
}

#[test]
fn who_names_one_dossier_again_and_again_is_given_each_change_once() {
    let mut field = Field::new(701);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    for day in 0..9 {
        field.visit(&mut anna, dossier, &format!("Dag {day}"));
    }
    field.sync(&mut anna);
    let have = vec![Hashes { document: dossier, hashes: Vec::new() }; 5_000];
    let request = Request { have, ..up_to_date(&mut anna) };
    let answer = field.answer_to(&anna, request);
    let mut times: HashMap<u64, usize> = HashMap::new();
    answer.items.iter().for_each(|item| *times.entry(item.seq).or_default() += 1);
    assert_eq!((times.len(), times.values().max()), (10, Some(&1)));
    // And what it says to have and the server lacks, it hears once.
    let have = vec![Hashes { document: dossier, hashes: vec![hash(1)] }; 5_000];
    let request = Request { have, ..up_to_date(&mut anna) };
    let answer = field.answer_to(&anna, request);
    assert_eq!(answer.missing, [Hashes { document: dossier, hashes: vec![hash(1)] }]);
}

#[test]
fn large_changes_that_heal_fit_in_an_answer() {
    let mut field = Field::new(702);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    for day in 0..8 {
        field.visit(&mut anna, dossier, &format!("Dag {day}: {}", "lang ".repeat(180_000)));
        field.sync(&mut anna);
    }
    let mut have = Hashes { document: dossier, hashes: Vec::new() };
    let mut rounds = 0;
    // Names are short; what they stand for is large. It comes in rounds.
    while have.hashes.len() < 9 {
        let request = Request { have: vec![have.clone()], ..up_to_date(&mut anna) };
        let answer = field.answer_to(&anna, request);
        let body = answer.encode();
        assert!(body.len() < MAX_BODY / 2, "{}", body.len());
        let answer = Answer::decode(&body, MAX_BODY).expect("a client reads it");
        assert!(!answer.items.is_empty(), "each round brings something");
        for item in answer.items {
            have.hashes.push(veldboek_core::envelope::SignedChange::decode(&item.bytes).unwrap().hash());
        }
        rounds += 1;
    }
    assert!(rounds > 3, "{rounds}");
}

#[test]
fn a_new_device_is_given_a_part_of_what_everybody_has_and_reads_the_rest() {
    let mut field = Field::new(703);
    let anna = field.enrolled("anna", Role::Coach);
    // The server itself revoked very many.
    let keyring = field.server_keyring();
    let revocations = (0..3_000_u64).map(|number| {
        let mut device = [0; 16];
        device[..8].copy_from_slice(&number.to_be_bytes());
        let at = field.clock.0;
        let revocation = Revocation { device: DeviceId::from_bytes(device), at, reason: None, accept_unsent: false, by: None };
        SignedStatement::sign(&Statement::Revocation(revocation), keyring.device_keys()).unwrap().bytes().to_vec()
    });
    let revocations: Vec<Vec<u8>> = revocations.collect();
    for statements in revocations.chunks(1_500) {
        field.answer_to(&anna, Request { statements: statements.to_vec(), page: Some(1), ..Request::default() });
    }
    let invite = InviteRequest {
        version: VERSION,
        person: "bram".into(),
        display_name: "Bram".into(),
        role: Role::Coach,
        organisation: "school-1".into(),
    };
    let Done::Invited(invited) = field.server(Work::Invite(None, invite)).unwrap() else { unreachable!() };
    let mut bram = field.device(None, std::sync::Arc::new(veldboek_core::disk::MemoryDisk::default()));
    let asks = bram.book.enrol_request(&invited.code, "telefoon");
    // The answer may be lost: then it is asked for again, and the same holds.
    for _ in 0..2 {
        let Done::Enrolled(answer) = field.server(Work::Enrol(asks.clone())).unwrap() else { unreachable!() };
        assert!(answer.statements.len() <= 1_001, "{}", answer.statements.len());
        let answer = EnrolAnswer::decode(&answer.encode(), MAX_BODY).unwrap();
        let first = SignedStatement::decode(&answer.statements[0]).unwrap();
        let own = bram.book.identity().device;
        assert!(matches!(first.statement(), Statement::Certificate(certificate) if certificate.device == own));
        bram.book.enrolled(&answer, "http://127.0.0.1:1", field.clock.now(), &mut field.dice).unwrap();
    }
    field.sync(&mut bram);
    let dossier = field.dossier(&mut bram, "WF-2025-0001");
    field.visit(&mut bram, dossier, "Begonnen");
    assert_eq!(field.sync(&mut bram).0.accepted, 2);
    let kept = field.answer_to(&bram, Request::default()).items.len();
    assert!(kept >= 3_002, "the feed has all of them: {kept}");
}

fn invite(field: &mut Field, by: &Device, number: usize) -> bool {
    let invite = InviteRequest {
        version: VERSION,
        person: format!("coach-{number}"),
        display_name: "Coach".into(),
        role: Role::Coach,
        organisation: "school-1".into(),
    };
    field.server(Work::Invite(Some(by.book.identity().device), invite)).is_ok()
}

#[test]
fn a_coordinator_has_two_hundred_codes_open_at_a_time_and_a_colleague_has_as_many() {
    let mut field = Field::new(704);
    let (carla, corine) = (field.enrolled("carla", Role::Coordinator), field.enrolled("corine", Role::Coordinator));
    let given = (0..300).filter(|number| invite(&mut field, &carla, *number)).count();
    assert_eq!(given, 200);
    assert!(invite(&mut field, &corine, 300));
    field.restart_server();
    assert!(!invite(&mut field, &carla, 301), "a restart forgets none");
    field.clock.pass_minutes(11);
    assert!(invite(&mut field, &carla, 302), "they expire");
}
