//! A decision that the server refused was not taken, on the device that made it either.

use super::*;
use veldboek_core::clock::LocalTime;
use veldboek_core::codes::VisitStatus;
use veldboek_core::disk::MemoryDisk;

#[test]
fn a_coach_whose_transfer_was_refused_still_sees_her_own_dossier() {
    let mut field = Field::new(41);
    let mut anna = field.device(Some("anna"), std::sync::Arc::new(MemoryDisk::default()));
    let dossier = field.dossier(&mut anna, "WF-2025-0007");
    // Before she joined nobody said that this is not hers to decide.
    decide_by(&mut field, &mut anna, "anna", dossier, |dossier, by| assign(dossier, by, "anna"));
    decide_by(&mut field, &mut anna, "anna", dossier, |dossier, by| {
        dossier.transfer(by, Transfer { to: "bram".into(), ..Transfer::default() })
    });
    field.enrol(&mut anna, "anna", Role::Coach);
    field.sync(&mut anna);
    for _ in 0..2 {
        anna.book.look_at_the_day(field.clock.now(), &mut field.dice);
        assert_eq!(anna.book.dossiers().unwrap().len(), 1, "the server knows nothing of a transfer");
        assert!(anna.book.find("WF-2025-0007").is_ok());
        let items = anna.book.access_history(dossier).unwrap();
        assert!(items.iter().all(|item| matches!(item, AccessItem::Opened { .. })), "{items:?}");
        anna.restart();
    }
}

#[test]
fn of_two_coordinators_who_decide_differently_the_second_reads_what_was_done() {
    let mut team = Team::new(42);
    let mut marit = team.field.enrolled("marit", Role::Coordinator);
    team.field.sync(&mut marit);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: nog een keer langs");
    team.field.sync(&mut team.anna);
    team.field.sync(&mut marit);
    let hash = team.waiting()[0].hash;
    let moment = team.field.clock.now();
    let refusal = (team.dossier, vec![hash], Vec::new(), false);
    marit.book.decide(refusal, Some("van marit".into()), moment, &mut team.field.dice).unwrap();
    assert!(format!("{:?}", marit.book.access_history(team.dossier).unwrap()).contains("van marit"));
    team.decide(true, Some("van carla"));
    let (outcome, _) = team.field.sync(&mut marit);
    assert_eq!(outcome.refused.len(), 1, "somebody else decided first: {:?}", outcome.refused);
    for _ in 0..2 {
        let items = format!("{:?}", marit.book.access_history(team.dossier).unwrap());
        assert!(items.contains("van carla") && !items.contains("van marit"), "{items}");
        assert_eq!(marit.summaries(team.dossier).len(), 2);
        assert!(marit.book.refused().unwrap().is_empty());
        marit.restart();
    }
}

#[test]
fn a_planned_visit_that_was_made_and_performed_again_without_the_dossier_does_not_read_as_planned() {
    let mut team = Team::new(43);
    let moment = team.field.clock.now();
    let planned = VisitId::fresh(moment.at, &mut team.field.dice);
    let plan = Visit { status: Some(VisitStatus::Planned), planned_on: Some(day("2025-03-04")), ..Visit::default() };
    team.anna.book.perform(team.dossier, plan.create(&planned.to_string()), moment, &mut team.field.dice).unwrap();
    team.field.sync(&mut team.anna);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit hoort hier niet");
    let moment = team.field.clock.now();
    let made = Visit {
        status: Some(VisitStatus::Done),
        started_at: Some("2025-03-04 08:00".parse::<LocalTime>().unwrap()),
        duration_min: Some(30),
        summary: Some("Anna: het geplande bezoek".into()),
        ..plan.clone()
    };
    team.anna.book.perform(team.dossier, made.edit(&plan, &planned.to_string()), moment, &mut team.field.dice).unwrap();
    assert_eq!(team.field.sync(&mut team.anna).0.quarantined, 2);
    team.decide(false, Some("ander dossier"));
    assert_eq!(team.field.sync(&mut team.anna).0.quarantined, 1, "the planned one comes back by itself");
    team.decide(true, None);
    team.field.sync(&mut team.bram);

    let shown = |device: &mut Device| {
        let status = device.book.dossier(team.dossier).unwrap().visits[&planned].status;
        let conflicts = device.book.conflicts().unwrap();
        (status, conflicts.into_iter().map(|one| one.id).collect::<Vec<_>>())
    };
    let of_bram = shown(&mut team.bram);
    assert_eq!(of_bram, shown(&mut team.carla), "the same for everybody");
    assert!(of_bram.0 == Some(VisitStatus::Done) || !of_bram.1.is_empty(), "{of_bram:?}");
    assert_eq!(team.bram.summaries(team.dossier).len(), 2);
    // And once a person chose, it stays chosen.
    let moment = team.field.clock.now();
    for conflict in team.bram.book.conflicts().unwrap() {
        let done = conflict.versions.iter().find(|version| version.value == Scalar::Text("DONE".into())).unwrap();
        let writes = team.bram.book.settle(&conflict, done.value.clone(), moment, &mut team.field.dice).unwrap();
        team.bram.book.perform(team.dossier, writes, moment, &mut team.field.dice).unwrap();
    }
    assert_eq!(team.field.sync(&mut team.bram).0.accepted, 1);
    team.field.sync(&mut team.carla);
    assert_eq!(shown(&mut team.carla), (Some(VisitStatus::Done), Vec::new()));
}
