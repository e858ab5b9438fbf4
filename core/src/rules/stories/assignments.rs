//! V06: one primary coach on each day, and what a merge can make of it.

use super::*;
use crate::dossier::assignments::Clash;
use crate::trajectory::Assignment;

fn assign(story: &mut Story, trajectory: TrajectoryId, coach: &str, from: &str, to: Option<&str>) -> Plan<EntryId> {
    let draft = Assignment {
        trajectory: Some(trajectory),
        coach: text(coach),
        from: Some(day(from)),
        to: to.map(day),
        ..Assignment::default()
    };
    story.coach("carla", |dossier, by| dossier.assign_coach(by, draft)).unwrap()
}

fn primary(story: &Story, id: TrajectoryId, days: &[&str]) -> Vec<String> {
    days.iter().map(|on| story.dossier.primary_coach_on(id, day(on)).unwrap_or("-").to_owned()).collect()
}

#[test]
fn a_new_primary_coach_ends_the_one_before() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    let plan = assign(&mut story, id, "bram", "2025-03-10", None);
    assert_eq!(plan.warnings, [Warning::EndsAssignment { coach: "anna".into(), last_day: day("2025-03-09") }]);
    assert_eq!(primary(&story, id, &["2025-01-19", "2025-01-20", "2025-03-09", "2025-03-10"]), ["-", "anna", "anna", "bram"]);
    assert!(story.dossier.coached_by("bram", day("2025-03-31")) && !story.dossier.coached_by("anna", day("2025-03-31")));
    assert!(assign(&mut story, id, "bram", "2025-03-31", None).writes.is_empty(), "bram is his coach already");
    assert_eq!(story.dossier.clashes(), []);
}

#[test]
fn bram_covers_for_two_weeks_and_anna_resumes() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    assign(&mut story, id, "bram", "2025-03-03", Some("2025-03-16"));
    assert_eq!(primary(&story, id, &["2025-03-02", "2025-03-03", "2025-03-16", "2025-03-17"]), ["anna", "bram", "bram", "anna"]);
    assert_eq!(story.dossier.clashes(), []);
}

#[test]
fn a_successor_that_was_planned_still_takes_over() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    assign(&mut story, id, "bram", "2025-06-01", None);
    let plan = assign(&mut story, id, "dewi", "2025-04-01", None);
    assert!(plan.warnings.contains(&Warning::PlannedSuccessor { coach: "bram".into(), from: day("2025-06-01") }));
    assert_eq!(primary(&story, id, &["2025-03-31", "2025-05-31", "2025-06-01"]), ["anna", "dewi", "bram"]);
    assert_eq!(story.dossier.clashes(), []);
}

#[test]
fn an_assignment_to_the_whole_dossier_takes_over_every_trajectory() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    let whole = Assignment { coach: text("bram"), from: Some(day("2025-03-10")), ..Assignment::default() };
    story.coach("carla", |dossier, by| dossier.assign_coach(by, whole)).unwrap();
    assert_eq!(primary(&story, id, &["2025-03-09", "2025-03-10"]), ["anna", "bram"]);
}

#[test]
fn a_second_coach_replaces_nobody() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    let second =
        Assignment { trajectory: Some(id), coach: text("bram"), role: Some(AssignmentRole::Support), ..Assignment::default() };
    story.coach("carla", |dossier, by| dossier.assign_coach(by, second)).unwrap();
    assert_eq!(primary(&story, id, &["2025-03-31"]), ["anna"]);
    assert!(story.dossier.coached_by("bram", day("2025-03-31")));
}

#[test]
fn v06_two_devices_assign_apart_and_the_merge_shows_it_until_somebody_chooses() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    let apart = story.dossier.clone();
    for (coach, from) in [("bram", "2025-03-12"), ("dewi", "2025-03-12")] {
        let draft = Assignment { trajectory: Some(id), coach: text(coach), from: Some(day(from)), ..Assignment::default() };
        story.coach("carla", |_, by| apart.assign_coach(by, draft)).unwrap();
    }
    let clashes = story.dossier.clashes();
    let [clash @ Clash::TwoPrimaryCoaches { trajectory, from, to: None, holders }] = &clashes[..] else { panic!("{clashes:?}") };
    assert_eq!((*trajectory, *from), (Some(id), day("2025-03-12")));
    let coaches: Vec<&str> = holders.iter().map(|(_, coach)| coach.as_str()).collect();
    assert_eq!(coaches, ["bram", "dewi"]);
    assert!(clash.message(Lang::Nl).contains("bram en dewi"));

    let keep = holders[0].0;
    story.coach("carla", |dossier, _| dossier.settle(clash, keep)).unwrap();
    ranges_are_valid(&story);
    assert_eq!(story.dossier.clashes(), []);
    assert_eq!(primary(&story, id, &["2025-03-31"]), ["bram"]);
}

#[test]
fn two_coaches_of_a_closed_trajectory_do_not_clash_after_its_end() {
    let (mut story, id) = Story::with_wim();
    let apart = story.dossier.clone();
    for coach in ["anna", "bram"] {
        let draft =
            Assignment { trajectory: Some(id), coach: text(coach), from: Some(day("2025-03-20")), ..Assignment::default() };
        story.coach("carla", |_, by| apart.assign_coach(by, draft)).unwrap();
    }
    assert_eq!(story.dossier.clashes().len(), 1);
    story.coach("carla", |dossier, by| dossier.close_trajectory(by, id, day("2025-03-14"), ClosingReason::Moved, None)).unwrap();
    assert_eq!(story.dossier.clashes(), []);
}

#[test]
fn assigned_apart_from_different_days_each_clash_is_settled_in_turn() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    let apart = story.dossier.clone();
    for (coach, from) in [("bram", "2025-03-10"), ("dewi", "2025-03-12")] {
        let draft = Assignment { trajectory: Some(id), coach: text(coach), from: Some(day(from)), ..Assignment::default() };
        story.coach("carla", |_, by| apart.assign_coach(by, draft)).unwrap();
    }
    // Anna's last day is the 9th or the 11th, whichever write won: here the 11th, so she and Bram overlap too.
    assert_eq!(story.dossier.clashes().len(), 2);
    while let Some(clash) = story.dossier.clashes().into_iter().next() {
        let Clash::TwoPrimaryCoaches { holders, .. } = &clash;
        let bram = holders.iter().find(|(_, coach)| coach == "bram").map(|(id, _)| *id).unwrap();
        story.coach("carla", |dossier, _| dossier.settle(&clash, bram)).unwrap();
    }
    assert_eq!(primary(&story, id, &["2025-03-09", "2025-03-10", "2025-03-31"]), ["anna", "bram", "bram"]);
}

/// No assignment ends before it begins, whatever was written on which device.
fn ranges_are_valid(story: &Story) {
    for one in story.dossier.assignments.values() {
        assert!(one.from.zip(one.to).is_none_or(|(from, to)| from <= to), "{one:?}");
    }
}

#[test]
fn assigned_twice_on_one_day_the_later_one_stands_and_every_range_is_valid() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-01-20", None);
    assign(&mut story, id, "bram", "2025-03-10", None);
    let plan = assign(&mut story, id, "dewi", "2025-03-10", None);
    assert_eq!(plan.warnings, [Warning::WithdrawsAssignment { coach: "bram".into(), from: day("2025-03-10") }]);
    ranges_are_valid(&story);
    assert_eq!(primary(&story, id, &["2025-03-09", "2025-03-10", "2025-03-31"]), ["anna", "dewi", "dewi"]);
    assert!(!story.dossier.coached_by("bram", day("2025-03-10")));
    assert_eq!(story.dossier.clashes(), []);
    // And back: what was withdrawn once is no rival and stands in nobody's way.
    assign(&mut story, id, "bram", "2025-03-10", None);
    ranges_are_valid(&story);
    assert_eq!(primary(&story, id, &["2025-03-09", "2025-03-10"]), ["anna", "bram"]);
    let withdrawn = story.dossier.assignments.iter().find(|(_, one)| one.is_void()).map(|(id, _)| *id).unwrap();
    assert!(story.dossier.end_assignment(withdrawn, day("2025-04-01")).is_err());
}

#[test]
fn a_cover_from_the_first_day_on_leaves_the_rest_to_whom_it_was_given() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-03-03", None);
    let plan = assign(&mut story, id, "bram", "2025-03-03", Some("2025-03-16"));
    let told: Vec<String> = [Lang::Nl, Lang::En].iter().map(|lang| plan.warnings[0].message(*lang)).collect();
    assert_eq!(
        told,
        [
            "anna begeleidt niet vanaf 2025-03-03, en hervat op 2025-03-17",
            "anna does not coach from 2025-03-03 on, and resumes on 2025-03-17"
        ]
    );
    assert_eq!(plan.warnings.len(), 1);
    ranges_are_valid(&story);
    assert_eq!(primary(&story, id, &["2025-03-03", "2025-03-16", "2025-03-17"]), ["bram", "bram", "anna"]);
    assert_eq!(story.dossier.clashes(), []);
}

#[test]
fn a_cover_in_the_middle_says_that_the_one_before_resumes_and_one_that_outlasts_her_does_not() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-03-03", Some("2025-03-31"));
    let plan = assign(&mut story, id, "bram", "2025-03-10", Some("2025-03-16"));
    let resumes = day("2025-03-17");
    let from = day("2025-03-10");
    assert_eq!(plan.warnings, [Warning::InterruptsAssignment { coach: "anna".into(), from, resumes }]);
    assert_eq!(primary(&story, id, &["2025-03-09", "2025-03-10", "2025-03-17"]), ["anna", "bram", "anna"]);
    let plan = assign(&mut story, id, "dewi", "2025-03-20", Some("2025-04-30"));
    assert_eq!(plan.warnings, [Warning::EndsAssignment { coach: "anna".into(), last_day: day("2025-03-19") }]);
}

#[test]
fn two_devices_replace_the_coach_of_one_day_apart_and_settling_leaves_valid_ranges() {
    let (mut story, id) = Story::with_wim();
    assign(&mut story, id, "anna", "2025-03-12", None);
    let apart = story.dossier.clone();
    for (coach, from) in [("bram", "2025-03-12"), ("dewi", "2025-03-14")] {
        let draft = Assignment { trajectory: Some(id), coach: text(coach), from: Some(day(from)), ..Assignment::default() };
        story.coach("carla", |_, by| apart.assign_coach(by, draft)).unwrap();
    }
    ranges_are_valid(&story);
    // Bram replaced Anna, Dewi was to follow her: from the 14th there are two.
    assert_eq!(primary(&story, id, &["2025-03-12", "2025-03-13"]), ["bram", "bram"]);
    let clashes = story.dossier.clashes();
    let [clash @ Clash::TwoPrimaryCoaches { from, holders, .. }] = &clashes[..] else { panic!("{clashes:?}") };
    assert_eq!(*from, day("2025-03-14"));
    let bram = holders.iter().find(|(_, coach)| coach == "bram").map(|(id, _)| *id).unwrap();
    story.coach("carla", |dossier, _| dossier.settle(clash, bram)).unwrap();
    ranges_are_valid(&story);
    assert_eq!(primary(&story, id, &["2025-03-12", "2025-03-14", "2025-03-31"]), ["bram", "bram", "bram"]);
    assert_eq!(story.dossier.clashes(), []);
}
