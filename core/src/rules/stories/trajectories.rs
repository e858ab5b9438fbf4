//! From referral to outflow: V01 to V04, V07, V08, V27, and what a dossier needs.

use super::*;
use crate::dossier::enrolments::OutflowOf;
use crate::outflow::Enrolment;
use crate::placement::Hours;
use crate::rules::FieldName;
use crate::trajectory::Training;

#[test]
fn a_dossier_needs_a_reference_of_3_to_20_characters_and_a_real_municipality() {
    let mut story = Story::begin();
    for (reference, municipality, field) in
        [("W1", "GM0392", "reference"), ("WF-2025-0142-AND-MORE", "GM0392", "reference"), ("WF-1", "Haarlem", "municipality")]
    {
        let draft = Trainee { reference: text(reference), municipality: text(municipality), ..Trainee::default() };
        let broken = story.coach("anna", |dossier, by| dossier.add_trainee(by, draft)).unwrap_err();
        assert!(matches!(broken, RuleBroken::Malformed { field: named, .. } if named.name == field), "{broken}");
    }
    let broken = story.coach("anna", |dossier, by| dossier.add_trainee(by, Trainee::default())).unwrap_err();
    assert!(matches!(broken, RuleBroken::Missing { field } if field.name == "reference"));

    let plan = story
        .coach("anna", |dossier, by| dossier.add_trainee(by, Trainee { reference: text("WF-1"), ..Trainee::default() }))
        .unwrap();
    assert!(matches!(&plan.warnings[..], [Warning::ToComplete { fields }] if fields.len() == 3));
    assert_eq!(story.dossier.trainee.id, Some(plan.id));
}

#[test]
fn v27_an_unusual_age_is_asked_about() {
    let mut story = Story::begin();
    let draft = Trainee { reference: text("WF-1"), birth_date: Some(day("1950-01-01")), ..Trainee::default() };
    let plan = story.coach("anna", |dossier, by| dossier.add_trainee(by, draft)).unwrap();
    assert!(plan.warnings.contains(&Warning::UnusualAge { age: 75, least: 16, most: 67 }));
    let pupil =
        Trainee { birth_date: Some(day("2010-04-01")), school_of_origin: text("De Linde"), ..story.dossier.trainee.clone() };
    let plan = story.coach("anna", |dossier, by| dossier.edit_trainee(by, pupil)).unwrap();
    assert_eq!(plan.warnings, [], "fourteen is usual for a pupil");
}

#[test]
fn v01_the_steps_come_in_order_and_a_skipped_one_is_asked_about() {
    let (mut story, id) = Story::with_wim();
    let early = story.coach("anna", |dossier, by| dossier.agree_trajectory(by, id, day("2025-01-10"), None)).unwrap_err();
    assert_eq!(early.rule(), Some("V01"));
    assert!(early.message(Lang::Nl).contains("intakedatum (2025-01-13)"), "{}", early.message(Lang::Nl));

    let before = Placement { start: Some(day("2025-01-15")), ..job(PlacementType::PaidJob) };
    let broken = story.coach("anna", |dossier, by| dossier.add_placement(by, before)).unwrap_err();
    assert_eq!(broken.rule(), Some("V01"));
    story.placed("2025-02-03");
    let broken = story.coach("anna", |dossier, by| dossier.agree_trajectory(by, id, day("2025-02-10"), None)).unwrap_err();
    assert_eq!(broken.rule(), Some("V01"), "an agreement cannot move behind a placement");

    let other = Trajectory { programme: text("doorstroom"), ..Trajectory::default() };
    let other = story.coach("anna", |dossier, by| dossier.open_trajectory(by, other)).unwrap().id;
    let plan = story.coach("anna", |dossier, by| dossier.agree_trajectory(by, other, day("2025-04-01"), None)).unwrap();
    assert!(matches!(&plan.warnings[..], [Warning::StepSkipped { skipped, .. }] if skipped.name == "intake_date"));
}

#[test]
fn an_old_mistake_in_the_dates_does_not_block_other_work() {
    let (mut story, id) = Story::with_wim();
    // An import of years ago brought an intake before the referral.
    story
        .content
        .get_mut(&crate::record::Container::Trajectories)
        .unwrap()
        .get_mut(&id.to_string())
        .unwrap()
        .insert("id".into(), crate::record::Scalar::Text("2024-12-01".into()));
    story.dossier = Dossier::read(&story.content);
    let draft = Trajectory { help_question: text("Werk buiten, liefst met dieren"), ..story.dossier.trajectories[&id].clone() };
    story.coach("anna", |dossier, by| dossier.edit_trajectory(by, id, draft)).unwrap();
    let draft = Trajectory { intake_date: Some(day("2024-12-02")), ..story.dossier.trajectories[&id].clone() };
    assert!(story.coach("anna", |dossier, by| dossier.edit_trajectory(by, id, draft)).is_err());
}

#[test]
fn v02_nobody_is_in_training_before_the_agreement() {
    let mut story = Story::begin();
    let draft = Trajectory { programme: text("talent"), referral_date: Some(day("2025-03-03")), ..Trajectory::default() };
    let id = story.coach("anna", |dossier, by| dossier.open_trajectory(by, draft)).unwrap().id;
    let event = |phase, on: &str| {
        let on = day(on);
        move |dossier: &Dossier, by: &mut By<'_>| dossier.add_event(by, id, phase, on, None)
    };
    assert_eq!(story.coach("anna", event(TrajectoryPhase::Training, "2025-03-20")).unwrap_err(), RuleBroken::NotAgreed);
    story.coach("anna", event(TrajectoryPhase::IntakeDone, "2025-03-10")).unwrap();
    story.coach("anna", event(TrajectoryPhase::Agreed, "2025-03-17")).unwrap();
    assert_eq!(story.dossier.trajectories[&id].agreement_date, Some(day("2025-03-17")));
    story.coach("anna", event(TrajectoryPhase::Training, "2025-03-20")).unwrap();
    assert_eq!(story.dossier.phase_on(id, day("2025-03-02")), None);
    for (on, phase) in [
        ("2025-03-03", TrajectoryPhase::Referred),
        ("2025-03-12", TrajectoryPhase::IntakeDone),
        ("2025-03-19", TrajectoryPhase::Agreed),
        ("2025-03-31", TrajectoryPhase::Training),
    ] {
        assert_eq!(story.dossier.phase_on(id, day(on)), Some(phase), "{on}");
    }
}

#[test]
fn the_phase_follows_the_latest_date_and_on_one_day_the_last_event() {
    let (mut story, id) = Story::with_wim();
    story.placed("2025-02-03");
    assert_eq!(story.dossier.phase_on(id, day("2025-03-01")), Some(TrajectoryPhase::Placed));
    for phase in [TrajectoryPhase::FinalPhase, TrajectoryPhase::Paused] {
        story.coach("anna", |dossier, by| dossier.add_event(by, id, phase, day("2025-03-10"), None)).unwrap();
    }
    assert_eq!(story.dossier.phase_on(id, day("2025-03-31")), Some(TrajectoryPhase::Paused));
    // Bram takes over, which puts nobody back to the beginning.
    let bram = crate::trajectory::Assignment { trajectory: Some(id), coach: text("bram"), ..Default::default() };
    story.coach("anna", |dossier, by| dossier.assign_coach(by, bram)).unwrap();
    let plan =
        story.coach("anna", |dossier, by| dossier.close_trajectory(by, id, day("2025-03-31"), ClosingReason::StoppedEarly, None));
    assert!(plan.unwrap().warnings.contains(&Warning::PlacementsStillOpen { count: 1 }));
    assert_eq!(story.dossier.phase_on(id, day("2025-06-01")), Some(TrajectoryPhase::Closed));
    let late = story.coach("anna", |dossier, by| dossier.add_event(by, id, TrajectoryPhase::Placed, day("2025-04-02"), None));
    assert_eq!(late.unwrap_err(), RuleBroken::Ended { on: day("2025-03-31") });
}

#[test]
fn v03_and_v04_an_end_says_why_and_a_goal_says_where_to() {
    let (mut story, id) = Story::with_wim();
    let half = Trajectory { outflow_destination: Some(OutflowDestination::Work), ..story.dossier.trajectories[&id].clone() };
    let broken = story.coach("anna", |dossier, by| dossier.edit_trajectory(by, id, half)).unwrap_err();
    assert_eq!(broken, RuleBroken::OutflowIncomplete { missing: FieldName { name: "outflow_date", label_nl: "uitstroomdatum" } });
    let ended = Trajectory { end_date: Some(day("2025-03-31")), ..story.dossier.trajectories[&id].clone() };
    let broken = story.coach("anna", |dossier, by| dossier.edit_trajectory(by, id, ended)).unwrap_err();
    assert_eq!(broken.rule(), Some("V04"));
    let close = |outflow| {
        move |dossier: &Dossier, by: &mut By<'_>| {
            dossier.close_trajectory(by, id, day("2025-03-31"), ClosingReason::GoalReached, outflow)
        }
    };
    assert_eq!(story.coach("anna", close(None)).unwrap_err(), RuleBroken::GoalWithoutDestination);
    story.coach("anna", close(Some((OutflowDestination::Work, day("2025-03-28"))))).unwrap();
    assert_eq!(story.coach("anna", close(None)).unwrap_err(), RuleBroken::Ended { on: day("2025-03-31") });
}

#[test]
fn leaving_a_school_is_another_fact_than_leaving_a_programme() {
    let (mut story, id) = Story::with_wim();
    let school = Enrolment {
        school: text("02VP"),
        school_type: Some(SchoolType::Pro),
        from: Some(day("2019-08-01")),
        ..Default::default()
    };
    let again = school.clone();
    let enrolment = story.coach("anna", |dossier, by| dossier.add_enrolment(by, school)).unwrap().id;
    let broken = story.coach("anna", |dossier, by| dossier.add_enrolment(by, again.clone())).unwrap_err();
    assert_eq!(broken, RuleBroken::AlreadyEnrolled { school: "02VP".into() });
    let of = OutflowOf::School(enrolment);
    let income = Some(IncomeSituation::WorkOnly);
    story.coach("anna", |dossier, by| dossier.set_outflow(by, of, OutflowDestination::Work, day("2024-07-12"), income)).unwrap();
    assert_eq!(story.dossier.trajectories[&id].outflow_date, None);
    let back = Enrolment { from: Some(day("2024-09-01")), ..again };
    story.coach("anna", |dossier, by| dossier.add_enrolment(by, back)).unwrap();
    let of = OutflowOf::Programme(id);
    story
        .coach("anna", |dossier, by| dossier.set_outflow(by, of, OutflowDestination::LearnBol, day("2025-03-28"), None))
        .unwrap();
    assert_eq!(story.dossier.trajectories[&id].outflow_destination, Some(OutflowDestination::LearnBol));
    assert_eq!(story.dossier.enrolments[&enrolment].destination, Some(OutflowDestination::Work));
}

#[test]
fn v07_v08_hours_and_lengths_that_are_unusual_are_asked_about() {
    let (mut story, _) = Story::with_wim();
    let first = story.placed("2025-02-03");
    let second = Placement { hours_per_week: Some(Hours(2_000)), ..job(PlacementType::LearningJob) };
    let plan = story.coach("anna", |dossier, by| dossier.add_placement(by, second)).unwrap();
    assert_eq!(plan.warnings, [Warning::PaidHoursOverlap { total: Hours(4_400), other: first }]);
    let unpaid = Placement { hours_per_week: Some(Hours(4_050)), ..job(PlacementType::InternshipExternal) };
    let plan = story.coach("anna", |dossier, by| dossier.add_placement(by, unpaid)).unwrap();
    assert_eq!(plan.warnings, [Warning::ManyHours { hours: Hours(4_050) }]);
    let step_up = Placement { planned_end: Some(day("2025-09-01")), ..job(PlacementType::StepUpJob) };
    let plan = story.coach("anna", |dossier, by| dossier.add_placement(by, step_up)).unwrap();
    assert_eq!(plan.warnings, [Warning::LongStepUpJob]);
    let nothing = Placement { hours_per_week: Some(Hours(0)), ..job(PlacementType::PaidJob) };
    assert!(matches!(story.coach("anna", |dossier, by| dossier.add_placement(by, nothing)), Err(RuleBroken::OutOfRange { .. })));
}

#[test]
fn a_placement_and_a_training_end_once_and_not_before_they_begin() {
    let (mut story, _) = Story::with_wim();
    let placement = story.placed("2025-02-03");
    let end = |on: &str| {
        let on = day(on);
        move |dossier: &Dossier, by: &mut By<'_>| {
            dossier.end_placement(by, placement, on, Some(PlacementEndReason::Mismatch), None)
        }
    };
    assert_eq!(story.coach("anna", end("2025-02-01")).unwrap_err().rule(), Some("V01"));
    story.coach("anna", end("2025-03-14")).unwrap();
    assert_eq!(story.coach("anna", end("2025-03-15")).unwrap_err(), RuleBroken::Ended { on: day("2025-03-14") });

    let course = Training { course: text("Heftruck"), start: Some(day("2025-03-03")), ..Training::default() };
    let training = story.coach("anna", |dossier, by| dossier.add_training(by, course)).unwrap().id;
    assert_eq!(story.dossier.trainings[&training].result, Some(TrainingResult::Running));
    story.coach("anna", |dossier, by| dossier.end_training(by, training, day("2025-03-28"), TrainingResult::Passed)).unwrap();
    let twice = story.coach("anna", |dossier, by| dossier.end_training(by, training, day("2025-03-29"), TrainingResult::Stopped));
    assert_eq!(twice.unwrap_err(), RuleBroken::Ended { on: day("2025-03-28") });
}
