//! What everybody waits for is counted: one device cannot make the server look at everything again and again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::statement::Role;
use veldboek_core::wire::{Hashes, Request};
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
