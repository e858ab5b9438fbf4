//! An entry that was made twice, in cells that are written once: nobody is asked to choose what cannot be chosen.

use super::*;
use veldboek_core::clock::LocalTime;
use veldboek_core::codes::VisitStatus;
use veldboek_core::import::register::{self, RegisterRow, Section};
use veldboek_core::record::Lang;

fn row(section: Section, cells: &[(&'static str, &str)]) -> RegisterRow {
    RegisterRow { section, line: 1, cells: cells.iter().map(|(name, text)| (*name, (*text).to_owned())).collect() }
}

/// Imports the region's targets of this year: twelve hundred were promised before, and now more.
fn import(team: &mut Field, device: &mut Device, rows: &[RegisterRow]) -> usize {
    let moment = team.clock.now();
    let document = device.book.register_document().unwrap();
    let content = device.book.content(document).unwrap();
    let plan = register::plan(rows, &content, moment.today());
    assert!(plan.rejected.is_empty(), "{:?}", plan.rejected);
    let count = plan.writes.len();
    if count > 0 {
        device.book.perform(document, plan.writes, moment, &mut team.dice).unwrap();
    }
    count
}

#[test]
fn one_targets_file_that_two_coordinators_import_on_different_days_leaves_nothing_that_cannot_be_settled() {
    let mut team = Team::new(61);
    let mut marit = team.field.enrolled("marit", Role::Coordinator);
    let target = |value: &'static str| {
        row(
            Section::Targets,
            &[
                ("programme", "waw"),
                ("metric", "STARTED"),
                ("unit", "PERSONS"),
                ("value", value),
                ("due", "2025-12-31"),
                ("method", "telling"),
            ],
        )
    };
    let programme = row(Section::Programmes, &[("code", "waw"), ("name", "Werken aan werk")]);
    import(&mut team.field, &mut team.carla, &[programme, target("1200")]);
    team.field.sync(&mut team.carla);
    team.field.sync(&mut marit);
    // The new file comes by mail; each imports it, without a connection.
    let first = team.field.clock.now().today();
    assert!(import(&mut team.field, &mut marit, &[target("1300")]) > 0);
    team.field.clock.pass_minutes(2 * DAY);
    assert!(import(&mut team.field, &mut team.carla, &[target("1300")]) > 0);
    for _ in 0..2 {
        team.field.sync(&mut team.carla);
        team.field.sync(&mut marit);
    }
    // Both days stand; whoever chooses settles it for everybody.
    let moment = team.field.clock.now();
    for conflict in marit.book.conflicts().unwrap() {
        assert!(conflict.is_open());
        let value = Scalar::Text(first.to_string());
        let writes = marit.book.settle(&conflict, value, moment, &mut team.field.dice).unwrap();
        marit.book.perform(conflict.document, writes, moment, &mut team.field.dice).unwrap();
        let outcome = team.field.sync(&mut marit).0;
        assert_eq!((outcome.accepted, outcome.refused.len()), (1, 0));
    }
    team.field.sync(&mut team.carla);
    for device in [&mut team.carla, &mut marit] {
        assert_eq!(device.book.conflicts().unwrap(), []);
        let from: Vec<_> = device.book.register().unwrap().targets.values().map(|one| (one.value, one.valid_from)).collect();
        assert_eq!(from.len(), 2);
        assert!(from.contains(&(Some(1300), Some(first))), "{from:?}");
    }
}

#[test]
fn two_who_record_one_planned_visit_are_asked_to_choose_only_what_can_be_chosen() {
    let mut team = Team::new(62);
    let moment = team.field.clock.now();
    let planned = VisitId::fresh(moment.at, &mut team.field.dice);
    let plan = Visit { status: Some(VisitStatus::Planned), planned_on: Some(day("2025-03-04")), ..Visit::default() };
    team.anna.book.perform(team.dossier, plan.create(&planned.to_string()), moment, &mut team.field.dice).unwrap();
    team.field.sync(&mut team.anna);
    team.transfer_to_bram();
    team.field.sync(&mut team.bram);
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit hoort hier niet");
    let records = |device: &mut Device, coach: &str, field: &mut Field| {
        field.clock.pass_minutes(1);
        let moment = field.clock.now();
        let made = Visit {
            status: Some(VisitStatus::Done),
            started_at: Some("2025-03-04 08:00".parse::<LocalTime>().unwrap()),
            duration_min: Some(30),
            coach: Some(coach.into()),
            recorded_at: Some(moment.at),
            summary: Some(format!("{coach}: het geplande bezoek")),
            ..plan.clone()
        };
        device.book.perform(team.dossier, made.edit(&plan, &planned.to_string()), moment, &mut field.dice).unwrap();
    };
    records(&mut team.anna, "anna", &mut team.field);
    records(&mut team.bram, "bram", &mut team.field);
    team.field.sync(&mut team.bram);
    team.field.sync(&mut team.anna);
    team.decide(false, None);
    team.field.sync(&mut team.anna);
    team.decide(true, None);
    team.field.sync(&mut team.bram);

    // Nobody chose at what second it was recorded; who came is shown, and stays.
    let all = team.bram.book.conflicts().unwrap();
    let of = |open: bool| all.iter().filter(|one| one.is_open() == open).map(|one| one.field(Lang::Nl)).collect::<Vec<_>>();
    assert_eq!((of(true), of(false)), (vec!["verslag".to_owned()], vec!["coach".to_owned()]));
    assert_eq!(team.bram.book.status().unwrap().conflicts, 1);
    let moment = team.field.clock.now();
    for conflict in &all {
        let value = conflict.versions[1].value.clone();
        let settled = team.bram.book.settle(conflict, value, moment, &mut team.field.dice);
        if conflict.is_open() {
            team.bram.book.perform(team.dossier, settled.unwrap(), moment, &mut team.field.dice).unwrap();
        } else {
            assert!(matches!(settled, Err(FieldBookError::WrittenOnce)));
            let said: Vec<&str> = conflict.versions.iter().map(|one| one.by.as_str()).collect();
            assert!(said.contains(&"anna") && said.contains(&"bram"), "{said:?}");
        }
    }
    let outcome = team.field.sync(&mut team.bram).0;
    assert_eq!((outcome.accepted, outcome.refused.len()), (1, 0));
    team.field.sync(&mut team.carla);
    let read: Vec<_> = [&mut team.bram, &mut team.carla]
        .map(|device| {
            assert_eq!(device.book.status().unwrap().conflicts, 0);
            let visit = device.book.dossier(team.dossier).unwrap().visits[&planned].clone();
            (visit.coach, visit.recorded_at, visit.summary)
        })
        .into();
    assert_eq!(read[0], read[1], "the same for everybody");
}
