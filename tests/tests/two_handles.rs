//! Two processes on one store: what one plans on an older reading, the other's news in between is not overwritten by.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::field_book::{Job, Target};
use veldboek_core::ids::DocumentId;
use veldboek_core::record::{Container, Scalar, Write};
use veldboek_core::statement::Role;
use veldboek_tests::{Device, Field};

fn cell(key: &str, value: &str) -> Write {
    Write { container: Container::Trainee, entry: String::new(), key: key.into(), value: Scalar::Text(value.into()) }
}

fn job(document: DocumentId, writes: Vec<Write>) -> Job {
    Job::new(Target::Existing(document), writes)
}

/// Corine's laptop, with an import that has read two dossiers, and Anna's edits of both on the server.
fn import_under_way(field: &mut Field) -> (Device, Device, [DocumentId; 2]) {
    let mut corine = field.enrolled("corine", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossiers = ["WF-2025-0001", "WF-2025-0002"].map(|reference| field.dossier(&mut corine, reference));
    let from = field.clock.now().today();
    for dossier in dossiers {
        corine.book.grant(dossier, ("anna".into(), from, None), field.clock.now(), &mut field.dice).unwrap();
    }
    field.sync(&mut corine);
    field.sync(&mut anna);
    corine.book.dossiers().unwrap();
    for dossier in dossiers {
        field.edit(&mut anna, dossier, "gm", "GM0392");
    }
    field.sync(&mut anna);
    (corine, anna, dossiers)
}

#[test]
fn a_plan_made_before_anothers_sync_stands_beside_what_came_in_and_overwrites_nothing() {
    let mut field = Field::new(91);
    let (mut corine, mut anna, dossiers) = import_under_way(&mut field);
    // The sync of another process brings Anna's values in between.
    let mut sync = corine.second_process();
    assert_eq!(field.sync(&mut sync).0.received, 2);

    // The import goes on in two groups; the second one too was planned before the sync.
    let now = field.clock.now();
    for dossier in dossiers {
        let writes = vec![cell("gm", "GM0453"), cell("gn", "Fatima")];
        corine.book.perform_all(vec![job(dossier, writes)], now, &mut field.dice).unwrap();
    }
    for _ in 0..2 {
        for device in [&mut corine, &mut anna, &mut sync] {
            field.sync(device);
            device.restart();
        }
    }
    for device in [&mut corine, &mut anna, &mut sync] {
        let conflicts = device.book.conflicts().unwrap();
        assert_eq!(conflicts.len(), 2, "one in each dossier: {conflicts:?}");
        for conflict in &conflicts {
            let mut told: Vec<(&str, String)> =
                conflict.versions.iter().map(|one| (one.by.as_str(), format!("{:?}", one.value))).collect();
            told.sort();
            assert_eq!(told, [("anna", "Text(\"GM0392\")".to_owned()), ("corine", "Text(\"GM0453\")".to_owned())]);
        }
        for dossier in dossiers {
            assert_eq!(device.book.dossier(dossier).unwrap().trainee.given_name.as_deref(), Some("Fatima"));
        }
        assert!(device.book.verify().unwrap().is_whole());
        assert_eq!(device.book.status().unwrap().unsynced, 0);
    }
}

#[test]
fn who_has_seen_a_value_may_replace_it_and_equal_values_are_no_conflict() {
    let mut field = Field::new(92);
    let (mut corine, _, [first, second]) = import_under_way(&mut field);
    let mut sync = corine.second_process();
    field.sync(&mut sync);
    let now = field.clock.now();
    // The same value was planned.
    corine.book.perform(first, vec![cell("gm", "GM0392")], now, &mut field.dice).unwrap();
    // Read again, so what came in was seen.
    assert_eq!(corine.book.dossier(second).unwrap().trainee.municipality.as_deref(), Some("GM0392"));
    corine.book.perform(second, vec![cell("gm", "GM0453")], now, &mut field.dice).unwrap();
    assert_eq!(corine.book.conflicts().unwrap(), []);
    assert_eq!(corine.book.dossier(second).unwrap().trainee.municipality.as_deref(), Some("GM0453"));
    assert_eq!(field.sync(&mut corine).0.accepted, 1);
}

#[test]
fn what_two_processes_of_one_device_write_apart_is_shown_too_and_the_rows_of_changes_go_on() {
    let mut field = Field::new(93);
    let mut corine = field.enrolled("corine", Role::Coordinator);
    let dossier = field.dossier(&mut corine, "WF-2025-0001");
    let mut other = corine.second_process();
    corine.book.dossiers().unwrap();
    field.edit(&mut other, dossier, "gm", "GM0392");
    let now = field.clock.now();
    // Twice in a row without a look in between, and once more on a field that nobody else touched.
    for value in ["GM0453", "GM0363"] {
        corine.book.perform(dossier, vec![cell("gm", value)], now, &mut field.dice).unwrap();
    }
    corine.book.perform(dossier, vec![cell("gn", "Fatima")], now, &mut field.dice).unwrap();
    field.edit(&mut other, dossier, "fi", "B");
    let conflicts = other.book.conflicts().unwrap();
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    let mut values: Vec<String> = conflict.versions.iter().map(|one| format!("{:?}", one.value)).collect();
    values.sort();
    assert_eq!(values, ["Text(\"GM0363\")", "Text(\"GM0392\")"]);
    let (outcome, _) = field.sync(&mut other);
    assert_eq!((outcome.accepted, outcome.refused.len(), outcome.quarantined), (6, 0, 0));
}
