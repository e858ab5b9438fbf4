//! Visits: V13 to V18, corrections, withdrawals and agreements.

use super::*;
use crate::visit::Correction;

#[test]
fn v13_a_visit_that_was_done_says_when_how_long_with_whom_and_what() {
    let (mut story, _) = Story::with_wim();
    let broken = story.coach("anna", |dossier, by| dossier.log_visit(by, None, Visit::default(), Vec::new())).unwrap_err();
    let RuleBroken::VisitIncomplete { missing } = &broken else { panic!("{broken}") };
    let missing: Vec<&str> = missing.iter().map(|field| field.name).collect();
    assert_eq!(missing, ["started_at", "duration_min", "parties", "summary"]);
    assert!(broken.message(Lang::Nl).contains("begonnen om, duur in minuten, gesproken met, verslag"));

    let nobody_there = Visit { status: Some(VisitStatus::NoShow), started_at: Some(at("2025-03-31 14:00")), ..Visit::default() };
    story.coach("anna", |dossier, by| dossier.log_visit(by, None, nobody_there, Vec::new())).unwrap();
}

#[test]
fn anna_logs_a_visit_and_the_dossier_fills_in_the_rest() {
    let (mut story, trajectory) = Story::with_wim();
    let placement = story.placed("2025-02-03");
    let agreed = vec![agreement("Werkschoenen meenemen")];
    let plan = story.coach("anna", |dossier, by| dossier.log_visit(by, None, visit("2025-03-31 13:30"), agreed)).unwrap();
    assert_eq!(plan.warnings, []);
    let logged = &story.dossier.visits[&plan.id];
    assert_eq!((logged.coach.as_deref(), logged.trajectory, logged.placement), (Some("anna"), Some(trajectory), Some(placement)));
    assert_eq!((logged.status, logged.mode), (Some(VisitStatus::Done), Some(ContactMode::OnSite)));
    assert!(logged.is_recorded() && story.dossier.agreements.values().all(|one| one.visit == Some(plan.id)));

    let (id, _) = story.dossier.agreements.first_key_value().unwrap();
    let id = *id;
    assert!(story.coach("anna", |dossier, by| dossier.finish_agreement(by, id, day("2025-04-02"))).is_err(), "not done yet");
    story.coach("anna", |dossier, by| dossier.finish_agreement(by, id, day("2025-03-31"))).unwrap();
    assert_eq!(story.dossier.agreements[&id].done_on, Some(day("2025-03-31")));
}

#[test]
fn numbers_and_dates_of_a_visit_stay_within_bounds() {
    let (mut story, _) = Story::with_wim();
    let good = || visit("2025-03-31 13:30");
    for (draft, wrong) in [
        (Visit { duration_min: Some(0), ..good() }, "duration_min"),
        (Visit { duration_min: Some(481), ..good() }, "duration_min"),
        (Visit { travel_min: Some(241), ..good() }, "travel_min"),
        (Visit { summary: Some("x".repeat(4_001)), ..good() }, "summary"),
        (visit("2025-03-31 14:41"), "started_at"),
        (Visit { next_visit_on: Some(day("2025-03-31")), ..good() }, "next_visit_on"),
    ] {
        let broken = story.coach("anna", |dossier, by| dossier.log_visit(by, None, draft, Vec::new())).unwrap_err();
        let field = match &broken {
            RuleBroken::OutOfRange { field, .. } | RuleBroken::TooLong { field, .. } | RuleBroken::InFuture { field } => {
                field.name
            }
            RuleBroken::DatesOutOfOrder { later, .. } => later.name,
            other => panic!("{other}"),
        };
        assert_eq!(field, wrong);
    }
    // A clock that runs ten minutes ahead is no reason to lose a visit.
    story.visited("anna", "2025-03-31 14:40");
    let late = story.coach("anna", |dossier, by| dossier.log_visit(by, None, visit("2025-03-20 09:00"), Vec::new())).unwrap();
    assert_eq!(late.warnings, [Warning::RecordedLate { days: 11 }]);
}

#[test]
fn v14_v15_v16_times_that_do_not_fit_are_asked_about() {
    let (mut story, _) = Story::with_wim();
    let first = story.visited("anna", "2025-03-31 13:00");
    let mut warnings = |time: &str| {
        let draft = visit(time);
        story.coach("anna", |dossier, by| dossier.log_visit(by, None, draft, Vec::new())).unwrap().warnings
    };
    assert_eq!(warnings("2025-03-31 13:10"), [Warning::PossibleDuplicate { other: first }]);
    assert!(warnings("2025-03-31 13:40").contains(&Warning::OverlappingVisit { other: first }));
    assert_eq!(
        warnings("2025-01-02 10:00"),
        [Warning::RecordedLate { days: 88 }, Warning::OutsidePeriod { day: day("2025-01-02") }]
    );
    // Bram was there at the same time, which is another visit.
    let plan = story.coach("bram", |dossier, by| dossier.log_visit(by, None, visit("2025-03-31 13:00"), Vec::new())).unwrap();
    assert_eq!(plan.warnings, []);
    assert_eq!(story.dossier.possible_duplicates().len(), 1);
}

#[test]
fn v17_a_possible_bsn_is_stopped_until_the_author_says_that_it_is_none() {
    let (mut story, _) = Story::with_wim();
    let draft = || Visit { summary: text("Pas van Wim: 123456782. Bellen op 06-12345678."), ..visit("2025-03-31 13:30") };
    let broken = story.coach("anna", |dossier, by| dossier.log_visit(by, None, draft(), Vec::new())).unwrap_err();
    let RuleBroken::PossibleBsn { field, positions } = &broken else { panic!("{broken}") };
    let positions: Vec<_> = positions.iter().map(|range| (range.start, range.end)).collect();
    assert_eq!((field.name, positions), ("summary", vec![(13, 22)]));
    assert!(!broken.message(Lang::Nl).contains("123456782"), "a message is no place for it either");
    story.declaring("anna", Declaration::NotABsn, |dossier, by| dossier.log_visit(by, None, draft(), Vec::new())).unwrap();

    let agreed = vec![agreement("Bel 111222333")];
    let broken = story.coach("anna", |dossier, by| dossier.log_visit(by, None, visit("2025-03-31 12:00"), agreed)).unwrap_err();
    assert!(matches!(broken, RuleBroken::PossibleBsn { field, .. } if field.name == "text"));
}

#[test]
fn v18_medical_words_are_pointed_out() {
    let (mut story, _) = Story::with_wim();
    let draft = Visit { summary: text("Wim vertelt over zijn medicatie."), ..visit("2025-03-31 13:30") };
    let plan = story.coach("anna", |dossier, by| dossier.log_visit(by, None, draft, Vec::new())).unwrap();
    assert!(matches!(&plan.warnings[..], [Warning::MedicalWords { words, .. }] if words == &["medicatie"]));
}

#[test]
fn a_planned_visit_is_moved_and_then_done() {
    let (mut story, _) = Story::with_wim();
    let plan = Visit { planned_on: Some(day("2025-03-28")), visit_type: Some(VisitType::WorkplaceVisit), ..Visit::default() };
    let id = story.coach("anna", |dossier, by| dossier.plan_visit(by, plan)).unwrap().id;
    let broken = story.coach("bram", |dossier, by| dossier.move_visit(by, id, day("2025-03-31"))).unwrap_err();
    assert_eq!(broken, RuleBroken::NotYourVisit { coach: "anna".into() });
    story.coach("anna", |dossier, by| dossier.move_visit(by, id, day("2025-03-31"))).unwrap();
    let done = story.coach("anna", |dossier, by| dossier.log_visit(by, Some(id), visit("2025-03-31 13:30"), Vec::new())).unwrap();
    assert_eq!((done.id, story.dossier.visits.len()), (id, 1));
    let visit_now = &story.dossier.visits[&id];
    assert_eq!((visit_now.visit_type, visit_now.planned_on), (Some(VisitType::WorkplaceVisit), Some(day("2025-03-31"))));
    // Written once and never again: what was made with the plan is not written anew.
    assert!(done.writes.iter().all(|write| !matches!(write.key.as_str(), "t" | "c" | "a")));
    assert_eq!(
        story.coach("anna", |dossier, by| dossier.move_visit(by, id, day("2025-04-02"))).unwrap_err(),
        RuleBroken::VisitRecorded
    );
    let twice = story.coach("anna", |dossier, by| dossier.log_visit(by, Some(id), visit("2025-03-31 13:30"), Vec::new()));
    assert_eq!(twice.unwrap_err(), RuleBroken::VisitRecorded);
}

#[test]
fn bram_takes_over_a_planned_visit_and_it_becomes_his() {
    let (mut story, _) = Story::with_wim();
    let plan = Visit { planned_on: Some(day("2025-03-31")), ..Visit::default() };
    let planned = story.coach("anna", |dossier, by| dossier.plan_visit(by, plan)).unwrap().id;
    let done =
        story.coach("bram", |dossier, by| dossier.log_visit(by, Some(planned), visit("2025-03-31 13:30"), Vec::new())).unwrap();
    assert_ne!(done.id, planned);
    assert_eq!(story.dossier.visits[&done.id].coach.as_deref(), Some("bram"));
    assert_eq!(story.dossier.visits[&planned].status, Some(VisitStatus::Cancelled));
}

#[test]
fn a_recorded_visit_is_corrected_and_never_overwritten() {
    let (mut story, _) = Story::with_wim();
    let id = story.visited("anna", "2025-03-31 13:30");
    let longer = || Correction { duration_min: Some(60), reason: text("Verkeerd geteld"), ..Correction::default() };
    let broken = story.coach("bram", |dossier, by| dossier.correct_visit(by, id, longer())).unwrap_err();
    assert_eq!(broken, RuleBroken::NotYourVisit { coach: "anna".into() });
    story.coach("anna", |dossier, by| dossier.correct_visit(by, id, longer())).unwrap();
    assert_eq!(
        story.coach("anna", |dossier, by| dossier.correct_visit(by, id, longer())).unwrap_err(),
        RuleBroken::NothingToCorrect
    );
    let too_long = Correction { duration_min: Some(500), ..Correction::default() };
    assert!(matches!(
        story.coach("anna", |dossier, by| dossier.correct_visit(by, id, too_long)),
        Err(RuleBroken::OutOfRange { .. })
    ));
    let scored = Correction { scores: [(Competence::Pace, Score::Three)].into(), ..Correction::default() };
    story.coach("carla", |dossier, by| dossier.correct_visit(by, id, scored)).unwrap();

    let read = story.dossier.effective_visit(id).unwrap();
    assert_eq!((read.duration_min, read.scores.len()), (Some(60), 1));
    assert_eq!(story.dossier.visits[&id].duration_min, Some(45), "what was written first stands");
    assert_eq!(story.dossier.corrections_of(id).len(), 2);
}

#[test]
fn of_two_corrections_made_apart_the_last_is_read_and_both_are_kept() {
    let (mut story, _) = Story::with_wim();
    let id = story.visited("anna", "2025-03-31 13:30");
    let apart = story.dossier.clone();
    for (person, minutes) in [("carla", 50), ("anna", 55)] {
        let draft = Correction { duration_min: Some(minutes), ..Correction::default() };
        story.coach(person, |_, by| apart.correct_visit(by, id, draft)).unwrap();
    }
    assert_eq!(story.dossier.effective_visit(id).unwrap().duration_min, Some(55));
    assert_eq!(story.dossier.corrections.len(), 2);
}

#[test]
fn a_planned_visit_that_is_withdrawn_is_marked_and_a_recorded_one_goes_for_good() {
    let (mut story, _) = Story::with_wim();
    let recorded = story.visited("anna", "2025-03-31 13:30");
    let blank = story.coach("anna", |dossier, by| dossier.withdraw_visit(by, recorded, " "));
    assert!(matches!(blank, Err(RuleBroken::Missing { .. })));
    let theirs = story.coach("bram", |dossier, by| dossier.withdraw_visit(by, recorded, "Verkeerd dossier"));
    assert!(matches!(theirs, Err(RuleBroken::NotYourVisit { .. })));
    let plan = story.coach("anna", |dossier, by| dossier.withdraw_visit(by, recorded, "Verkeerd dossier")).unwrap();
    assert!(plan.id && plan.writes.is_empty(), "nothing is written in the dossier that is to go");
    let planned = Visit { planned_on: Some("2025-04-30".parse().unwrap()), ..Visit::default() };
    let id = story.coach("anna", |dossier, by| dossier.plan_visit(by, planned)).unwrap().id;
    let plan = story.coach("anna", |dossier, by| dossier.withdraw_visit(by, id, "Ziek")).unwrap();
    assert!(!plan.id);
    assert_eq!(story.dossier.effective_visits().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [recorded]);
    let again = story.coach("anna", |dossier, by| dossier.correct_visit(by, id, Correction::default()));
    assert_eq!(again.unwrap_err(), RuleBroken::VisitWithdrawn);
}

#[test]
fn with_two_open_trajectories_the_coach_says_which() {
    let (mut story, id) = Story::with_wim();
    let second = Trajectory { programme: text("doorstroom"), ..Trajectory::default() };
    story.coach("anna", |dossier, by| dossier.open_trajectory(by, second)).unwrap();
    let broken =
        story.coach("anna", |dossier, by| dossier.log_visit(by, None, visit("2025-03-31 13:30"), Vec::new())).unwrap_err();
    assert_eq!(broken, RuleBroken::WhichTrajectory { open: 2 });
    let named = Visit { trajectory: Some(id), ..visit("2025-03-31 13:30") };
    story.coach("anna", |dossier, by| dossier.log_visit(by, None, named, Vec::new())).unwrap();
    let unknown = Visit { trajectory: Some(TrajectoryId::default()), ..visit("2025-03-31 13:30") };
    let broken = story.coach("anna", |dossier, by| dossier.log_visit(by, None, unknown, Vec::new())).unwrap_err();
    assert!(matches!(broken, RuleBroken::Unknown { .. }), "a name that is wrong is never guessed at");
}

#[test]
fn a_placement_says_which_trajectory_and_a_coach_logs_no_visit_of_another() {
    let (mut story, id) = Story::with_wim();
    let placement = story.placed("2025-02-03");
    let second = Trajectory { programme: text("doorstroom"), ..Trajectory::default() };
    let second = story.coach("anna", |dossier, by| dossier.open_trajectory(by, second)).unwrap().id;
    let there = Visit { placement: Some(placement), ..visit("2025-03-31 13:30") };
    let logged = story.coach("anna", |dossier, by| dossier.log_visit(by, None, there.clone(), Vec::new())).unwrap().id;
    assert_eq!(story.dossier.visits[&logged].trajectory, Some(id));
    let elsewhere = Visit { trajectory: Some(second), ..there.clone() };
    assert!(story.coach("anna", |dossier, by| dossier.log_visit(by, None, elsewhere, Vec::new())).is_err());
    let brams = Visit { coach: text("bram"), ..there };
    let broken = story.coach("anna", |dossier, by| dossier.log_visit(by, None, brams, Vec::new())).unwrap_err();
    assert_eq!(broken, RuleBroken::NotYourVisit { coach: "bram".into() });
}
