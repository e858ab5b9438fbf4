//! Two coaches and a coordinator share one dossier through a server: what one writes offline reaches the others whole,
//! one field written by two at once is shown with both values, and a line without news costs almost nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::clock::Day;
use veldboek_core::statement::Role;
use veldboek_core::wire::Reason;
use veldboek_tests::Field;

fn days() -> (Day, Option<Day>) {
    ("2025-01-01".parse().unwrap(), None)
}

#[test]
fn visits_of_two_coaches_reach_everyone_and_a_conflict_is_settled_once() {
    let mut field = Field::new(1);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    let (from, until) = days();
    for coach in ["anna", "bram"] {
        carla.book.grant(dossier, (coach.into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    }
    let (outcome, line) = field.sync(&mut carla);
    assert_eq!((outcome.accepted, line.round_trips), (1, 1));
    for coach in [&mut anna, &mut bram] {
        let (outcome, line) = field.sync(coach);
        assert_eq!((outcome.received, line.round_trips), (1, 1));
    }

    // No connection: both visit, and both note another municipality.
    field.visit(&mut anna, dossier, "Anna: goed gewerkt in de kas");
    field.edit(&mut anna, dossier, "gm", "GM0392");
    field.visit(&mut bram, dossier, "Bram: te laat, afspraak gemaakt");
    field.edit(&mut bram, dossier, "gm", "GM0453");
    anna.restart();
    bram.restart();
    field.restart_server();
    assert_eq!(anna.book.status().unwrap().unsynced, 2);

    assert_eq!(field.sync(&mut anna).0.accepted, 2);
    let (outcome, line) = field.sync(&mut bram);
    assert_eq!((outcome.accepted, outcome.received, line.round_trips), (2, 2, 1));
    field.sync(&mut anna);
    field.sync(&mut carla);
    let both = vec!["Anna: goed gewerkt in de kas".to_owned(), "Bram: te laat, afspraak gemaakt".to_owned()];
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(device.summaries(dossier), both);
        let conflicts = device.book.conflicts().unwrap();
        assert_eq!(conflicts.len(), 1);
        let mut by: Vec<&str> = conflicts[0].versions.iter().map(|version| version.by.as_str()).collect();
        by.sort_unstable();
        assert_eq!(by, ["anna", "bram"]);
        assert_eq!(device.book.status().unwrap().unsynced, 0);
    }

    let conflict = carla.book.conflicts().unwrap().remove(0);
    let chosen = conflict.versions.iter().find(|version| version.by == "bram").unwrap().value.clone();
    let writes = carla.book.settle(&conflict, chosen, field.clock.now(), &mut field.dice).unwrap();
    carla.book.perform(dossier, writes, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    for coach in [&mut anna, &mut bram] {
        field.sync(coach);
        assert!(coach.book.conflicts().unwrap().is_empty());
        assert_eq!(coach.book.dossier(dossier).unwrap().trainee.municipality.as_deref(), Some("GM0453"));
    }
}

#[test]
fn nothing_new_costs_almost_nothing_and_one_visit_costs_its_own_size() {
    let mut field = Field::new(2);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossiers: Vec<_> = (0..40).map(|n| field.dossier(&mut anna, &format!("WF-2025-{n:04}"))).collect();
    for n in 0..100 {
        for dossier in dossiers.iter().take(3) {
            field.visit(&mut anna, *dossier, &format!("Bezoek {n}"));
        }
    }
    field.sync(&mut anna);
    let (outcome, line) = field.sync(&mut anna);
    assert!(!outcome.again);
    assert_eq!(line.round_trips, 1);
    assert!(line.up + line.down <= 200, "{line:?}");
    let text: String =
        "Sanne kwam op tijd, pakte de gieter en ging zonder vragen aan het werk. ".chars().cycle().take(300).collect();
    field.visit(&mut anna, dossiers[1], &text);
    let (outcome, line) = field.sync(&mut anna);
    assert_eq!((outcome.accepted, line.round_trips), (1, 1));
    assert!(line.up + line.down <= 1_500, "{line:?}");
}

#[test]
fn a_coach_without_grant_waits_for_the_coordinator_and_loses_nothing() {
    let mut field = Field::new(3);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    let (from, _) = days();
    let until = Some(field.clock.now().today());
    carla.book.grant(dossier, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.clock.pass_minutes(2 * 24 * 60);
    field.visit(&mut anna, dossier, "Na afloop nog langs geweest");
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.quarantined, outcome.closed), (1, 1));
    // Out of sight, but not gone: nobody else has it yet.
    anna.restart();
    assert!(anna.book.dossiers().unwrap().is_empty());
    assert_eq!(anna.book.status().unwrap().quarantined, 1);

    // With a new grant it is let in, and what she writes on top of it too.
    let from = field.clock.now().today();
    carla.book.grant(dossier, ("anna".into(), from, None), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    assert_eq!(anna.summaries(dossier), ["Na afloop nog langs geweest"]);
    field.visit(&mut anna, dossier, "En weer op bezoek");
    assert_eq!(field.sync(&mut anna).0.accepted, 1);
    field.sync(&mut carla);
    assert_eq!(carla.summaries(dossier), ["En weer op bezoek", "Na afloop nog langs geweest"]);
    assert_eq!(anna.book.status().unwrap().quarantined, 0);
}

#[test]
fn a_visit_logged_while_the_answer_that_closes_its_dossier_is_on_its_way_stays() {
    let mut field = Field::new(9);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    let (from, _) = days();
    let until = Some(field.clock.now().today());
    carla.book.grant(dossier, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.clock.pass_minutes(2 * 24 * 60);
    let (request, sent) = anna.book.request(None).unwrap();
    let mut other = anna.second_process();
    field.visit(&mut other, dossier, "Tijdens de uitwisseling");
    let answer = field.answer_to(&anna, request);
    let outcome = anna.book.answer(sent, answer, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(outcome.closed, 1);
    anna.restart();
    assert_eq!(anna.book.status().unwrap().unsynced, 1);
    // It still goes to the server, where it waits for the coordinator.
    assert_eq!(field.sync(&mut anna).0.quarantined, 1);
}

#[test]
fn later_work_waits_with_what_waits_and_is_not_deferred_for_ever() {
    let mut field = Field::new(10);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    let (from, _) = days();
    let until = Some(field.clock.now().today());
    carla.book.grant(dossier, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.clock.pass_minutes(2 * 24 * 60);
    let mut other = anna.second_process();
    field.visit(&mut anna, dossier, "Eerste na afloop");
    field.visit(&mut other, dossier, "Tweede na afloop");
    let (outcome, line) = field.sync(&mut other);
    assert_eq!((outcome.quarantined, outcome.deferred, line.round_trips), (2, 0, 1));
}

#[test]
fn a_register_made_before_joining_a_region_is_performed_again_in_it() {
    let mut field = Field::new(11);
    let mut carla = field.device_in("thuis", Some("carla"));
    let register = carla.book.register_document().unwrap();
    let write = veldboek_core::record::Write {
        container: veldboek_core::record::Container::Schools,
        entry: "a".into(),
        key: "n".into(),
        value: veldboek_core::record::Scalar::Text("School A".into()),
    };
    carla.book.perform(register, vec![write], field.clock.now(), &mut field.dice).unwrap();
    field.enrol(&mut carla, "carla", Role::Coordinator);
    assert_ne!(carla.book.register_document().unwrap(), register);
    field.sync(&mut carla);
    assert_eq!(carla.book.register().unwrap().schools["a"].name.as_deref(), Some("School A"));
    assert_eq!(carla.book.status().unwrap().unsynced, 0);
    let mut anna = field.enrolled("anna", Role::Coach);
    field.sync(&mut anna);
    assert_eq!(anna.book.register().unwrap().schools.len(), 1);
}

#[test]
fn what_is_performed_again_stands_beside_a_colleagues_value_and_does_not_overwrite_it() {
    let mut field = Field::new(12);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    field.sync(&mut anna);
    field.sync(&mut carla);
    let mut restored = anna.copy();
    field.visit(&mut anna, dossier, "Na de back-up");
    field.sync(&mut anna);
    field.edit(&mut restored, dossier, "gm", "GM0453");
    field.edit(&mut carla, dossier, "gm", "GM0392");
    field.sync(&mut carla);
    field.sync(&mut restored);
    field.sync(&mut carla);
    for device in [&mut restored, &mut carla] {
        let conflicts = device.book.conflicts().unwrap();
        assert_eq!(conflicts.len(), 1);
        assert_eq!(conflicts[0].versions.len(), 2);
    }
}

#[test]
fn a_coach_may_not_write_the_register_and_what_was_refused_is_listed() {
    let mut field = Field::new(4);
    let mut anna = field.enrolled("anna", Role::Coach);
    let register = anna.book.register_document().unwrap();
    let write = |code: &str| veldboek_core::record::Write {
        container: veldboek_core::record::Container::Schools,
        entry: code.into(),
        key: "n".into(),
        value: veldboek_core::record::Scalar::Text("School".into()),
    };
    anna.book.perform(register, vec![write("a")], field.clock.now(), &mut field.dice).unwrap();
    let (outcome, line) = field.sync(&mut anna);
    // Nobody will decide about it: it needs another role.
    assert_eq!(outcome.refused, [(register, Reason::NotAllowed)]);
    assert!(line.round_trips < 5);
    assert_eq!(anna.book.refused().unwrap().len(), 1);
    assert!(anna.book.register().unwrap().schools.is_empty());
    anna.restart();
    assert_eq!(anna.book.status().unwrap().refused, 1);
}

#[test]
fn a_bundle_carries_a_coachs_work_past_a_dead_line() {
    let mut field = Field::new(5);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    // Both meet the server once, so that they know each other's hand.
    field.sync(&mut carla);
    field.sync(&mut anna);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    field.visit(&mut anna, dossier, "Op de boerderij, geen bereik");
    let (bundle, count) = anna.book.export_bundle(false, &[], field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(count, 2);
    let merged = carla.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!((merged.received, merged.waiting, merged.refused.len()), (2, 0, 0));
    let again = carla.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!((again.received, again.known), (0, 2));
    assert_eq!(carla.summaries(dossier), ["Op de boerderij, geen bereik"]);

    // The coordinator carries it to the server; the coach's own delivery later changes nothing.
    assert_eq!(field.sync(&mut carla).0.accepted, 2);
    assert_eq!(field.sync(&mut anna).0.accepted, 2);
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
    assert_eq!(carla.summaries(dossier), anna.summaries(dossier));
    let mut spoiled = bundle.clone();
    let middle = spoiled.len() / 2;
    spoiled[middle] ^= 1;
    assert!(carla.book.merge_bundle(&spoiled, field.clock.now(), &mut field.dice).is_err());
}

#[test]
fn a_phone_restored_from_its_backup_does_not_fork_its_own_history() {
    let mut field = Field::new(6);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    field.sync(&mut anna);
    let backup = anna.copy();
    field.visit(&mut anna, dossier, "Na de back-up geschreven en verstuurd");
    field.sync(&mut anna);
    // The copy has the session file too: a backup that took everything.
    let mut restored = backup;
    field.visit(&mut restored, dossier, "Op de teruggezette telefoon");
    let (outcome, _) = field.sync(&mut restored);
    assert_eq!(outcome.refused, []);
    field.sync(&mut restored);
    field.sync(&mut carla);
    let both = ["Na de back-up geschreven en verstuurd", "Op de teruggezette telefoon"];
    assert_eq!(restored.summaries(dossier), both);
    assert_eq!(carla.summaries(dossier), both);
    assert_eq!(restored.book.status().unwrap().unsynced, 0);
}

#[test]
fn what_leant_on_a_refused_change_is_kept_and_only_that_one_is_listed() {
    let mut field = Field::new(7);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let register = anna.book.register_document().unwrap();
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    field.sync(&mut carla);
    let name = |code: &str, text: &str| veldboek_core::record::Write {
        container: veldboek_core::record::Container::Schools,
        entry: code.into(),
        key: "n".into(),
        value: veldboek_core::record::Scalar::Text(text.into()),
    };
    // A coach who may not write the register does so ten times; all of it is refused, one by one, and listed.
    for n in 0..3 {
        anna.book.perform(register, vec![name("a", &format!("School {n}"))], field.clock.now(), &mut field.dice).unwrap();
    }
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!(outcome.refused.len(), 3);
    assert_eq!(anna.book.refused().unwrap().iter().filter(|(_, writes)| writes.len() == 1).count(), 3);
    let _ = dossier;
}

#[test]
fn a_declared_number_is_no_bsn_and_travels_with_its_declaration() {
    let mut field = Field::new(8);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    field.visit(&mut anna, dossier, "Ordernummer 111222333 ligt klaar");
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.accepted, outcome.quarantined), (2, 0));
}
