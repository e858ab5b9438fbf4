//! The single writer's time is everybody's: one device, whatever it touches and however often, takes a bounded part of it.
//! What is beyond is sent again later, so that much honest work takes a few exchanges more and all of it comes in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::admission::Step;
use veldboek_core::chunk::{ChangeHash, ChangeHeader};
use veldboek_core::document::Document;
use veldboek_core::ids::{DocumentId, EntryId};
use veldboek_core::limits::{CHANGE_WEIGHT, DOCUMENT_WEIGHT, MAX_EFFORT, MAX_PUSHED_OPERATIONS, MAX_TOUCHED_OPERATIONS};
use veldboek_core::record::{Container, Scalar, Write};
use veldboek_core::statement::{DocumentKind, Grant, Opening, Refounding, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::wire::Request;
use veldboek_tests::attacks::Told;
use veldboek_tests::attacks::forge::{Maker, Story};
use veldboek_tests::{Device, Field};

const LATER: Told = Told::Deferred(Some(Step::Quota));

fn maker(field: &Field, device: &Device, person: &str) -> Maker {
    Maker { keys: device.book.device_keys().clone(), person: person.into(), organisation: "school-1".into(), at: field.clock.0 }
}

fn pushed(field: &mut Field, by: &Maker, statements: &[Vec<u8>], changes: &[Vec<u8>]) -> Vec<Told> {
    let request = Request { statements: statements.to_vec(), changes: changes.to_vec(), page: Some(1), ..Request::default() };
    let Done::Exchanged(answer) = field.server(Work::Exchange(by.keys.device(), request.into())).expect("a welcome device")
    else {
        unreachable!()
    };
    answer.verdicts.iter().map(Told::from).collect()
}

fn count(told: &[Told], wanted: &Told) -> usize {
    told.iter().filter(|one| *one == wanted).count()
}

#[test]
fn a_push_over_a_thousand_dossiers_comes_in_by_parts() {
    let mut field = Field::new(91);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let mut dice = field.dice.clone();
    let stories: Vec<Story> = (0..1_000).map(|_| mallory.opens(&mut dice)).collect();
    let openings: Vec<Vec<u8>> = stories.iter().map(|story| story.opening.clone()).collect();
    assert_eq!(count(&pushed(&mut field, &mallory, &openings, &[]), &Told::Accepted), 1_000);
    let changes: Vec<Vec<u8>> = stories.iter().map(|story| mallory.signed(story.document, &story.first)).collect();
    let most = usize::try_from(MAX_TOUCHED_OPERATIONS / DOCUMENT_WEIGHT).unwrap();
    assert!(most < 1_000);

    let before = field.region.gate_passes();
    let told = pushed(&mut field, &mallory, &[], &changes);
    assert_eq!((count(&told, &Told::Accepted), count(&told, &LATER)), (most, 1_000 - most));
    assert_eq!(field.region.gate_passes() - before, most as u64);
    // In the order in which they were sent, so that whoever sends them in order of need gets that.
    assert!(told[..most].iter().all(|told| *told == Told::Accepted));
    // What is known costs nothing; the rest comes in with the next.
    assert_eq!(count(&pushed(&mut field, &mallory, &[], &changes), &Told::Accepted), 1_000);
    assert_eq!(field.region.gate_passes() - before, 1_000);
}

#[test]
fn a_push_of_very_many_small_changes_comes_in_by_parts() {
    let mut field = Field::new(92);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let mut story = mallory.opens(&mut field.dice.clone());
    let most = usize::try_from(MAX_PUSHED_OPERATIONS / CHANGE_WEIGHT).unwrap();
    let mut changes = vec![mallory.signed(story.document, &story.first)];
    for number in 0..most + 9 {
        let edit = story.edit(&mallory, "gn", &format!("Sanne {number}"));
        changes.push(mallory.signed(story.document, &edit));
    }
    let told = pushed(&mut field, &mallory, std::slice::from_ref(&story.opening), &changes);
    let told = &told[1..];
    assert_eq!(count(told, &Told::Accepted) + count(told, &LATER), changes.len());
    assert!((most - 1..=most).contains(&count(told, &Told::Accepted)), "{}", count(told, &Told::Accepted));
    assert_eq!(count(&pushed(&mut field, &mallory, &[], &changes[most - 1..]), &Told::Accepted), changes.len() - most + 1);
}

/// A dossier that is nearly as large as one may be.
fn large(field: &mut Field, by: &Maker) -> Story {
    let mut story = by.opens(&mut field.dice.clone());
    field.dice.roll();
    let first = by.signed(story.document, &story.first);
    assert_eq!(count(&pushed(field, by, std::slice::from_ref(&story.opening), &[first]), &Told::Accepted), 2);
    let mut parts = story.repeated(19_000, by.at);
    for _ in 0..10 {
        let chunk = parts.chunk();
        assert_eq!(pushed(field, by, &[], &[by.signed(story.document, &chunk)]), [Told::Accepted]);
        story.doc.apply([chunk.as_slice()]).unwrap();
        parts.deps = vec![*ChangeHeader::parse(&chunk).unwrap().hash.as_bytes()];
        parts.seq += 1;
        parts.start_op += 19_000;
    }
    story
}

#[test]
fn a_device_that_touches_large_dossiers_again_and_again_waits_and_nobody_else_does() {
    let mut field = Field::new(93);
    let (device, other) = (field.enrolled("mallory", Role::Coach), field.enrolled("anna", Role::Coach));
    let (mallory, anna) = (maker(&field, &device, "mallory"), maker(&field, &other, "anna"));
    let story = large(&mut field, &mallory);
    field.clock.pass_minutes(5);
    let mut taken = 0;
    let mut edits = story.clone();
    let told = loop {
        let edit = edits.edit(&mallory, "gn", &format!("Sanne {taken}"));
        let told = pushed(&mut field, &mallory, &[], &[mallory.signed(story.document, &edit)]).remove(0);
        if told != Told::Accepted {
            break (told, edit);
        }
        taken += 1;
        assert!(taken < 100, "without end");
    };
    assert_eq!(told.0, LATER);
    assert_eq!(taken, usize::try_from(MAX_EFFORT / (190_000 + DOCUMENT_WEIGHT)).unwrap() + 1);
    // Anna's exchange is her own.
    let story_of_anna = anna.opens(&mut field.dice.clone());
    let first = anna.signed(story_of_anna.document, &story_of_anna.first);
    let hers = pushed(&mut field, &anna, std::slice::from_ref(&story_of_anna.opening), &[first]);
    assert_eq!(hers, [Told::Accepted, Told::Accepted]);
    // Putting the clock back helps nobody; a few minutes do.
    field.clock.pass_minutes(-60);
    assert_eq!(pushed(&mut field, &mallory, &[], &[mallory.signed(story.document, &told.1)]), [LATER]);
    field.clock.pass_minutes(3);
    assert_eq!(pushed(&mut field, &mallory, &[], &[mallory.signed(story.document, &told.1)]), [Told::Accepted]);
}

#[test]
fn letting_in_what_waits_is_work_too() {
    let mut field = Field::new(94);
    let (device, corine) = (field.enrolled("mallory", Role::Coach), field.enrolled("corine", Role::Coordinator));
    let (mallory, corine) = (maker(&field, &device, "mallory"), maker(&field, &corine, "corine"));
    let mut grants = Vec::new();
    let mut waiting = Vec::new();
    for _ in 0..9 {
        let story = corine.opens(&mut field.dice.clone());
        field.dice.roll();
        let first = corine.signed(story.document, &story.first);
        pushed(&mut field, &corine, std::slice::from_ref(&story.opening), &[first]);
        let mut theirs = story.clone();
        theirs.actor = mallory.session(&mut field.dice);
        let mut parts = theirs.repeated(19_000, mallory.at);
        for _ in 0..3 {
            let chunk = parts.chunk();
            parts.deps = vec![*ChangeHeader::parse(&chunk).unwrap().hash.as_bytes()];
            parts.seq += 1;
            parts.start_op += 19_000;
            let signed = mallory.signed(story.document, &chunk);
            assert!(matches!(pushed(&mut field, &mallory, &[], std::slice::from_ref(&signed))[..], [Told::Quarantined(_)]));
            waiting.push(signed);
            field.clock.pass_minutes(1);
        }
        let grant = Grant {
            id: EntryId::fresh(corine.at, &mut field.dice),
            document: story.document,
            person: "mallory".into(),
            from: field.clock.now().today(),
            until: None,
            note: None,
            by: "corine".into(),
            at: corine.at,
            decision: None,
        };
        grants.push(SignedStatement::sign(&Statement::Grant(grant), &corine.keys).unwrap().bytes().to_vec());
    }
    // Seven times 57,000 operations wait where one exchange may look at them.
    let told = pushed(&mut field, &corine, &grants, &[]);
    let fit = usize::try_from(MAX_TOUCHED_OPERATIONS / 57_000).unwrap() - 1;
    assert!((fit..=fit + 1).contains(&count(&told, &Told::Accepted)), "{told:?}");
    assert_eq!(count(&told, &Told::Accepted) + count(&told, &LATER), 9);
    assert_eq!(count(&pushed(&mut field, &corine, &grants, &[]), &Told::Accepted), 9);
    for change in waiting {
        assert_eq!(pushed(&mut field, &mallory, &[], &[change]), [Told::Accepted]);
    }
}

#[test]
fn a_laptop_with_four_hundred_dossiers_and_the_caseloads_of_all_coaches_brings_everything_back() {
    let mut field = Field::new(95);
    let mut corine = field.enrolled("corine", Role::Coordinator);
    let mut coaches: Vec<Device> =
        ["anna", "bram", "chantal", "daan", "esra", "fatima"].iter().map(|name| field.enrolled(name, Role::Coach)).collect();
    let mut fresh = field.enrolled("corine", Role::Coordinator);
    let old = field.backup();
    let mut all = Vec::new();
    for number in 0..400 {
        let dossier = field.dossier(&mut corine, &format!("C-{number}"));
        field.visit(&mut corine, dossier, "Intake");
        all.push(dossier);
    }
    for (index, coach) in coaches.iter_mut().enumerate() {
        for number in 0..90 {
            let dossier = field.dossier(coach, &format!("K-{index}-{number}"));
            field.visit(coach, dossier, "Op de werkplek");
            all.push(dossier);
        }
        field.sync(coach);
    }
    field.sync(&mut corine);
    assert_eq!(corine.book.status().unwrap().unsynced, 0);
    // The server is lost with all of it, and so are the phones.
    drop(coaches);
    field.restore(&old, &old);
    let (outcome, line) = field.sync(&mut corine);
    assert_eq!((outcome.refused.len(), outcome.quarantined, outcome.unusable), (0, 0, 0));
    assert_eq!((corine.book.status().unwrap().unsynced, outcome.again), (0, false));
    assert!(line.round_trips > 2, "{line:?}");
    field.sync(&mut fresh);
    for dossier in all {
        assert_eq!(fresh.summaries(dossier).len(), 1);
    }
}

#[test]
fn work_that_waits_for_a_coordinator_is_sent_on_at_once_when_it_was_too_much_at_a_time() {
    let mut field = Field::new(96);
    let mut bram = field.enrolled("bram", Role::Coach);
    let dossiers: Vec<_> = (0..3).map(|number| field.dossier(&mut bram, &format!("B-{number}"))).collect();
    field.sync(&mut bram);
    // His access to all three has ended; on the train he wrote more in them than one exchange holds.
    let corine = field.enrolled("corine", Role::Coordinator);
    let corine = maker(&field, &corine, "corine");
    for dossier in &dossiers {
        let end = veldboek_core::statement::GrantEnd {
            document: *dossier,
            person: "bram".into(),
            on: field.clock.now().today(),
            by: "corine".into(),
            at: corine.at,
            reason: None,
            decision: None,
            successor: None,
            ends: None,
        };
        let end = SignedStatement::sign(&Statement::GrantEnd(end), &corine.keys).unwrap().bytes().to_vec();
        assert_eq!(pushed(&mut field, &corine, &[end], &[]), [Told::Accepted]);
    }
    field.clock.pass_minutes(30 * 24 * 60);
    // Four times 6,000 operations in each.
    for number in 0..12 {
        let cell = |cell| Write {
            container: Container::Imports,
            entry: format!("rij-{number}"),
            key: format!("k{cell}"),
            value: Scalar::Text("x".into()),
        };
        let writes = (0..6_000).map(cell).collect();
        bram.book.perform(dossiers[number % 3], writes, field.clock.now(), &mut field.dice).unwrap();
    }
    let (outcome, line) = field.sync(&mut bram);
    assert!(line.round_trips > 1, "{line:?}");
    assert_eq!((outcome.quarantined, bram.book.status().unwrap().unsynced), (12, 0), "{outcome:?}");
}

#[test]
fn a_server_whose_clock_runs_behind_writes_the_time_no_oftener() {
    let mut field = Field::new(97);
    let device = field.enrolled("anna", Role::Coach);
    let anna = maker(&field, &device, "anna");
    let mut story = anna.opens(&mut field.dice.clone());
    let first = anna.signed(story.document, &story.first);
    pushed(&mut field, &anna, std::slice::from_ref(&story.opening), &[first]);
    let mut visit = |field: &mut Field| {
        let visit = story.visit(&anna, "Bezoek");
        assert_eq!(pushed(field, &anna, &[], &[anna.signed(story.document, &visit)]), [Told::Accepted]);
        field.region.verify().unwrap().records
    };
    field.clock.pass_minutes(2);
    let before = visit(&mut field);
    field.clock.pass_minutes(-60);
    let records: Vec<u64> = (0..20).map(|_| visit(&mut field)).collect();
    assert_eq!(records.last().copied(), Some(before + 20), "a record for each visit and none for the time");
    // Once it is past the latest time that it told, it tells it again.
    field.clock.pass_minutes(61);
    let told = visit(&mut field);
    assert_eq!(told, before + 22);
    assert_eq!(visit(&mut field), told + 1);
}

/// Mallory's dossier with a visit that he withdraws, and the document in which he writes it anew.
struct Anew {
    old: Story,
    new: Story,
    withdrawn: EntryId,
    heads: Vec<ChangeHash>,
}

impl Anew {
    fn new(field: &mut Field, mallory: &Maker) -> Self {
        let mut old = mallory.opens(&mut field.dice);
        let visit = old.visit(mallory, "Niet hier");
        let mut id = [0; 16];
        id[..8].copy_from_slice(&old.actor[16..]);
        id[8..].copy_from_slice(&1_u64.to_be_bytes());
        let heads = vec![ChangeHeader::parse(&visit).unwrap().hash];
        let changes = [&old.first, &visit].map(|chunk| mallory.signed(old.document, chunk));
        assert_eq!(count(&pushed(field, mallory, std::slice::from_ref(&old.opening), &changes), &Told::Accepted), 3);
        let mut new = mallory.opens(&mut field.dice);
        new.doc = Document::found(DocumentKind::Dossier).unwrap();
        let begun = SignedStatement::decode(&old.opening).unwrap();
        let Statement::Opening(begun) = begun.statement() else { unreachable!() };
        let opening = Opening { document: new.document, replaces: Some(old.document), ..begun.clone() };
        new.opening = SignedStatement::sign(&Statement::Opening(opening), &mallory.keys).unwrap().bytes().to_vec();
        // What stood in it before the visit.
        let first = old.doc.edits().unwrap().remove(0).writes;
        new.first = new.write(&first, mallory.at);
        Self { old, new, withdrawn: EntryId::from_bytes(id), heads }
    }

    /// The statement that the dossier goes on with these changes.
    fn said(&self, mallory: &Maker, founding: &[ChangeHash], number: i64) -> Vec<u8> {
        let mut founding = founding.to_vec();
        founding.sort_unstable();
        let one = Refounding {
            old: self.old.document,
            new: self.new.document,
            by: "mallory".into(),
            at: veldboek_core::clock::Timestamp::from_millis(mallory.at.as_millis() + number),
            withdrawn: vec![self.withdrawn],
            reason: None,
            heads: Some(self.heads.clone()),
            founding: Some(founding),
        };
        SignedStatement::sign(&Statement::Refounding(one), &mallory.keys).unwrap().bytes().to_vec()
    }
}

#[test]
fn what_is_written_anew_wrongly_is_not_read_for_every_statement_about_it() {
    let mut field = Field::new(98);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let anew = Anew::new(&mut field, &mallory);
    // As much as a document may hold, and not what stood in the old one.
    let mut story = anew.new.clone();
    let mut chunks = vec![story.first.clone(), story.edit(&mallory, "gn", "Wie anders")];
    let mut parts = story.repeated(19_000, mallory.at);
    for _ in 0..10 {
        let chunk = parts.chunk();
        parts.deps = vec![*ChangeHeader::parse(&chunk).unwrap().hash.as_bytes()];
        parts.seq += 1;
        parts.start_op += 19_000;
        chunks.push(chunk);
    }
    story.document = anew.new.document;
    let founding: Vec<ChangeHash> = chunks.iter().map(|chunk| ChangeHeader::parse(chunk).unwrap().hash).collect();
    let first = anew.said(&mallory, &founding, 0);
    let mut told = pushed(&mut field, &mallory, std::slice::from_ref(&story.opening), &[]);
    for chunk in &chunks {
        told.extend(pushed(&mut field, &mallory, std::slice::from_ref(&first), &[mallory.signed(story.document, chunk)]));
    }
    assert_eq!(count(&told, &Told::Accepted), 1 + chunks.len(), "{told:?}");
    field.clock.pass_minutes(5);
    let others: Vec<Vec<u8>> = (1..40).map(|number| anew.said(&mallory, &founding, number)).collect();
    let before = field.region.refounding_looks();
    let told = pushed(&mut field, &mallory, &others, &[]);
    let looks = field.region.refounding_looks() - before;
    assert_eq!((looks, count(&told, &LATER)), (MAX_TOUCHED_OPERATIONS / 190_000, others.len() - 2), "{told:?}");
    // Also again and again.
    for _ in 0..20 {
        pushed(&mut field, &mallory, &others, &[]);
    }
    let looks = field.region.refounding_looks() - before;
    assert!(looks <= MAX_EFFORT / 190_000 + 1, "{looks}");
}

#[test]
fn small_dossiers_that_are_written_anew_are_looked_at_a_few_at_a_time() {
    let mut field = Field::new(99);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let anew = Anew::new(&mut field, &mallory);
    let wrong = anew.new.clone().edit(&mallory, "gn", "Wie anders");
    let founding = [&anew.new.first, &wrong].map(|chunk| ChangeHeader::parse(chunk).unwrap().hash);
    let changes = [&anew.new.first, &wrong].map(|chunk| mallory.signed(anew.new.document, chunk));
    let mut statements = vec![anew.new.opening.clone()];
    statements.extend((0..40).map(|number| anew.said(&mallory, &founding, number)));
    // Once more the same one.
    statements.push(statements[1].clone());
    let before = field.region.refounding_looks();
    let told = pushed(&mut field, &mallory, &statements, &changes);
    assert_eq!(field.region.refounding_looks() - before, 4, "{told:?}");
    assert_eq!((count(&told, &Told::Accepted), count(&told, &LATER)), (3, 37), "{told:?}");
}

#[test]
fn a_dossier_that_goes_on_elsewhere_is_looked_at_when_something_came_in_and_not_when_somebody_speaks_of_it() {
    let mut field = Field::new(100);
    let device = field.enrolled("mallory", Role::Coach);
    let mallory = maker(&field, &device, "mallory");
    let mut anew = Anew::new(&mut field, &mallory);
    // What was written in the old one since is not in the new one: it does not come to its end.
    let since = anew.old.edit(&mallory, "gn", "Sanne B.");
    pushed(&mut field, &mallory, &[], &[mallory.signed(anew.old.document, &since)]);
    let founding = [ChangeHeader::parse(&anew.new.first).unwrap().hash];
    let statements = vec![anew.new.opening.clone(), anew.said(&mallory, &founding, 0)];
    let change = mallory.signed(anew.new.document, &anew.new.first);
    let told = pushed(&mut field, &mallory, &statements, &[change]);
    assert_eq!(count(&told, &Told::Accepted), 3, "{told:?}");
    let before = field.region.refounding_looks();
    let looks = |field: &Field| field.region.refounding_looks() - before;
    let grant = |document: DocumentId| {
        let grant = Grant {
            id: EntryId::from_bytes([7; 16]),
            document,
            person: "bram".into(),
            from: "2025-01-01".parse().unwrap(),
            until: None,
            note: None,
            by: "mallory".into(),
            at: mallory.at,
            decision: None,
        };
        SignedStatement::sign(&Statement::Grant(grant), &mallory.keys).unwrap().bytes().to_vec()
    };
    let spoken = [statements, vec![grant(anew.old.document), grant(anew.new.document)]].concat();
    for _ in 0..10 {
        pushed(&mut field, &mallory, &spoken, &[mallory.signed(anew.old.document, &since)]);
    }
    assert_eq!(looks(&field), 0, "all of it is known, or refused");
    let more = anew.old.edit(&mallory, "gn", "Sanne C.");
    assert_eq!(pushed(&mut field, &mallory, &[], &[mallory.signed(anew.old.document, &more)]), [Told::Accepted]);
    assert_eq!(looks(&field), 1);
}
