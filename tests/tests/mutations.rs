//! Ten thousand mutations of valid pushes, each signed with the attacker's own valid key. Whatever they are: no panic
//! escapes, the gate says the same in whatever order it meets them, and a document that took one in can be saved, loaded, and
//! merged with what an honest coach wrote meanwhile.
//!
//! `VELDBOEK_SEED` plays a run again, `VELDBOEK_MUTATIONS` makes it longer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::collections::BTreeMap;

use veldboek_core::admission::{Candidate, Judgement, judge};
use veldboek_core::clock::Timestamp;
use veldboek_core::document::Document;
use veldboek_core::ids::{DeviceId, DocumentId};
use veldboek_core::journal::Position;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::ledger::Ledger;
use veldboek_core::record::{Code, Container, Scalar, Write};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::wire::{Request, Verdict};
use veldboek_tests::attacks::forge::{Maker, Story};
use veldboek_tests::attacks::mutate::{Known, mutation};
use veldboek_tests::{Dice, Field};

const SEED: u64 = 20_250_304;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A dossier with all that it has, as the gate knows it.
struct Stage {
    ledger: Ledger,
    document: Document,
    id: DocumentId,
    keys: Vec<DeviceKeys>,
}

impl Stage {
    fn of(story: &Story, changes: &[Vec<u8>], keys: &[DeviceKeys]) -> Self {
        let mut ledger = Ledger::default();
        for (number, envelope) in changes.iter().enumerate() {
            ledger.add_change(&Candidate::read(envelope).unwrap(), number as u64 + 1, Position { segment: 0, offset: 0 });
        }
        Self { ledger, document: story.doc.clone(), id: story.document, keys: keys.to_vec() }
    }

    fn judge(&self, candidate: &Candidate) -> (Judgement, Document) {
        let known = |device: &DeviceId| self.keys.iter().map(DeviceKeys::public).find(|keys| keys.device() == *device);
        let facts = self.ledger.documents.get(&self.id);
        let (mut judgements, after) = judge(facts, &self.document, &[candidate], &known).expect("the document is sound");
        (judgements.remove(0), after)
    }
}

/// What the attacker and an honest coach have in a dossier, and the honest pushes that are mutated.
fn stage(dice: &mut Dice) -> (Maker, Stage, Stage, Vec<u8>, Known, Vec<Vec<u8>>) {
    let at = Timestamp::from_millis(1_740_988_800_000);
    let of = |number: u8, person: &str| Maker {
        keys: DeviceKeys::from_bytes(&[number; 64]),
        person: person.into(),
        organisation: "school-1".into(),
        at,
    };
    let (attacker, honest) = (of(1, "mallory"), of(2, "anna"));
    let keys = [attacker.keys.clone(), honest.keys.clone()];
    let mut known = Known::default();
    let mut story = attacker.opens(dice);
    let mut changes = vec![attacker.signed(story.document, &story.first)];
    known.learn(&story.first);
    let mut theirs = story.clone();
    theirs.actor = honest.session(dice);
    let keep =
        |maker: &Maker, story: &mut Story, other: &mut Story, chunk: Vec<u8>, changes: &mut Vec<Vec<u8>>, known: &mut Known| {
            other.doc.apply([chunk.as_slice()]).unwrap();
            known.learn(&chunk);
            changes.push(maker.signed(story.document, &chunk));
        };
    for number in 0..4 {
        let chunk = story.visit(&attacker, &format!("Bezoek {number}"));
        keep(&attacker, &mut story, &mut theirs, chunk, &mut changes, &mut known);
        let chunk = theirs.visit(&honest, &format!("Ook bezoek {number}"));
        keep(&honest, &mut theirs, &mut story, chunk, &mut changes, &mut known);
    }
    // Apart they write the same cell, so that there is a conflict to settle.
    let (mine, other) = (story.edit(&attacker, "gn", "Sanna"), theirs.edit(&honest, "gn", "Susan"));
    keep(&attacker, &mut story, &mut theirs, mine, &mut changes, &mut known);
    keep(&honest, &mut theirs, &mut story, other, &mut changes, &mut known);
    assert_eq!(story.doc.heads(), theirs.doc.heads());

    let flat = |entry: &str, key: &str| Write {
        container: Container::Imports,
        entry: entry.into(),
        key: key.into(),
        value: Scalar::Text("rij 1".into()),
    };
    let mut honest_pushes = Vec::new();
    for kind in 0..6 {
        let mut next = story.clone();
        honest_pushes.push(match kind {
            0 => next.visit(&attacker, "Een nieuw bezoek"),
            1 => next.edit(&attacker, "gn", "Sander"),
            // Settled by the value that is read, and by the other.
            2 => next.edit(&attacker, "gn", "Susan"),
            3 => next.edit(&attacker, "gn", "Sanna"),
            4 => next.edit(&attacker, "fi", "S"),
            _ => next.write(&[flat("rij", "naam"), flat("rij", "plaats"), flat("rij-2", "naam")], at),
        });
    }
    let base = Stage::of(&story, &changes, &keys);
    let mut meanwhile = theirs.clone();
    let edit = [meanwhile.visit(&honest, "Meanwhile"), meanwhile.edit(&honest, "gn", "Sarah")];
    changes.extend(edit.iter().map(|chunk| honest.signed(story.document, chunk)));
    let ahead = Stage::of(&meanwhile, &changes, &keys);
    let edits = edit.concat();
    (attacker, base, ahead, edits, known, honest_pushes)
}

fn named(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Valid => "accepted".to_owned(),
        Judgement::Known => "known".to_owned(),
        Judgement::Deferred(why) | Judgement::Refused(why) => why.step.map_or("no step", Code::code).to_owned(),
    }
}

#[test]
fn ten_thousand_mutations_do_no_harm_in_any_order() {
    let (seed, count) = (setting("VELDBOEK_SEED", SEED), setting("VELDBOEK_MUTATIONS", 10_000));
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let (attacker, base, ahead, edits, known, honest) = stage(&mut dice);
    for push in &honest {
        let candidate = Candidate::read(&attacker.signed(base.id, push)).unwrap();
        assert_eq!(base.judge(&candidate).0, Judgement::Valid, "what is mutated is valid");
    }
    let mut steps: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..count {
        let original = &honest[dice.below(honest.len() as u64) as usize];
        let chunk = mutation(original, &known, &mut dice);
        let candidate = match Candidate::read(&attacker.signed(base.id, &chunk)) {
            Ok(candidate) => candidate,
            Err(why) => {
                *steps.entry(why.step.map_or("no step", Code::code).to_owned()).or_default() += 1;
                continue;
            }
        };
        let (judgement, after) = base.judge(&candidate);
        let (later, behind) = ahead.judge(&candidate);
        *steps.entry(named(&judgement)).or_default() += 1;
        // What an honest coach wrote meanwhile, beside it, changes nothing about whether it is valid.
        assert_eq!(judgement, later, "seed {seed}: {chunk:02x?}");
        if judgement != Judgement::Valid {
            assert_eq!(after.heads(), base.document.heads());
            continue;
        }
        let loaded = Document::load(after.kind(), &after.save()).expect("it loads");
        assert_eq!((loaded.heads(), loaded.content().unwrap()), (after.heads(), after.content().unwrap()), "{chunk:02x?}");
        let mut merged = after;
        merged.apply(split(&edits)).expect("an honest edit fits on top");
        assert_eq!(merged.heads(), behind.heads(), "{chunk:02x?}");
        assert_eq!(merged.content().unwrap(), behind.content().unwrap(), "{chunk:02x?}");
        assert_eq!(merged.contested().unwrap(), behind.contested().unwrap(), "{chunk:02x?}");
        assert_eq!(merged.edits().unwrap().len(), behind.edits().unwrap().len(), "{chunk:02x?}");
    }
    let sum = |names: &[&str]| names.iter().filter_map(|name| steps.get(*name)).sum::<u64>();
    let unread = sum(&["ENVELOPE", "CHUNK", "LIMIT", "SCAN", "SIGNER", "ACTOR", "SIGNATURE"]);
    let (decoded, applied) = (count - unread, sum(&["APPLY", "READ_BACK", "accepted"]));
    println!("{count} mutations, {decoded} reached decoding, {applied} applying: {steps:?}");
    // Of ten thousand 3,000 and 500.
    assert!(decoded * 10 >= count * 3, "{decoded} of {count} reached decoding");
    assert!(applied * 20 >= count, "{applied} of {count} reached applying");
    assert!(count < 10_000 || (decoded >= 3_000 && applied >= 500), "{decoded}, {applied}");
}

/// Both edits of the honest coach.
fn split(edits: &[u8]) -> [&[u8]; 2] {
    let second = edits.windows(4).skip(1).position(|four| four == [0x85, 0x6f, 0x4a, 0x83]).expect("two chunks") + 1;
    let (first, second) = edits.split_at(second);
    [first, second]
}

#[test]
fn mutations_among_honest_changes_of_one_push_cost_the_honest_ones_nothing() {
    let seed = setting("VELDBOEK_SEED", SEED);
    println!("seed {seed}");
    let mut field = Field::new(seed);
    let device = field.enrolled("mallory", Role::Coach);
    let mut dice = field.dice.clone();
    let maker = Maker {
        keys: device.book.device_keys().clone(),
        person: "mallory".into(),
        organisation: "school-1".into(),
        at: field.clock.0,
    };
    let mut known = Known::default();
    let (mut statements, mut changes, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..40 {
        let mut story = maker.opens(&mut dice);
        statements.push(story.opening.clone());
        known.learn(&story.first);
        let mut honest = vec![story.first.clone()];
        honest.extend((0..3).map(|visit| story.visit(&maker, &format!("Bezoek {number}.{visit}"))));
        // Under a session of their own, so that nothing honest follows them.
        let mut broken = story.clone();
        broken.actor = maker.session(&mut dice);
        let original = broken.visit(&maker, "Kapot");
        for chunk in honest {
            changes.push(maker.signed(story.document, &chunk));
            expected.push(true);
            for _ in 0..5 {
                changes.push(maker.signed(story.document, &mutation(&original, &known, &mut dice)));
                expected.push(false);
            }
        }
    }
    let request = Request { statements: statements.clone(), changes, ..Request::default() };
    let done = field.server(Work::Exchange(maker.keys.device(), request.into())).expect("an answer");
    let Done::Exchanged(answer) = done else { unreachable!() };
    let verdicts = &answer.verdicts[statements.len()..];
    for (verdict, honest) in verdicts.iter().zip(&expected) {
        assert!(!honest || matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
    }
    let refused = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Accepted { .. })).count();
    println!("{} changes, {refused} not taken in", verdicts.len());
    assert!(refused > 200, "{refused}");
    // The server opens again on what it wrote down.
    field.restart_server();
    assert!(field.region.verify().unwrap().damage.is_empty());
}
