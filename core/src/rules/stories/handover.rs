//! Handing over while somebody fills in.

use super::*;
use crate::dossier::handover::{Cover, HandedOver, Transfer};
use crate::trajectory::Assignment;

fn under_anna() -> (Story, TrajectoryId) {
    let (mut story, id) = Story::with_wim();
    let draft = Assignment { trajectory: Some(id), coach: text("anna"), from: Some(day("2025-01-20")), ..Assignment::default() };
    story.coach("carla", |dossier, by| dossier.assign_coach(by, draft)).unwrap();
    (story, id)
}

fn covered(story: &mut Story, coach: &str, from: &str, until: &str) {
    let cover = Cover { coach: coach.to_owned(), from: Some(day(from)), until: Some(day(until)), reason: None, note: None };
    story.coach("carla", |dossier, by| dossier.cover(by, cover)).unwrap();
}

fn transferred(story: &mut Story, to: &str, note: Option<&str>) -> Plan<HandedOver> {
    let transfer = Transfer { to: to.to_owned(), note: note.map(str::to_owned), ..Transfer::default() };
    story.coach("carla", |dossier, by| dossier.transfer(by, transfer)).unwrap()
}

fn primary(story: &Story, id: TrajectoryId, days: &[&str]) -> Vec<String> {
    days.iter().map(|on| story.dossier.primary_coach_on(id, day(on)).unwrap_or("-").to_owned()).collect()
}

fn ends(plan: &Plan<HandedOver>) -> Vec<(&str, String)> {
    plan.id.ends.iter().map(|(coach, on)| (coach.as_str(), on.to_string())).collect()
}

#[test]
fn a_transfer_during_a_cover_brings_nobody_back_who_left() {
    let (mut story, id) = under_anna();
    covered(&mut story, "bram", "2025-03-10", "2025-12-31");
    story.on("2025-12-01 09:00");
    let plan = transferred(&mut story, "chris", None);
    let days = ["2025-03-09", "2025-11-30", "2025-12-01", "2025-12-31", "2026-01-01", "2026-06-01"];
    assert_eq!(primary(&story, id, &days), ["anna", "bram", "chris", "chris", "chris", "chris"]);
    let first = "2025-12-01".to_owned();
    assert_eq!(ends(&plan), [("bram", first.clone()), ("anna", first)], "whom he covered for hands over too");
    assert!(plan.warnings.contains(&Warning::WithdrawsAssignment { coach: "anna".into(), from: day("2026-01-01") }));
    assert_eq!(story.dossier.clashes(), []);
}

#[test]
fn a_transfer_during_a_cover_of_a_cover_takes_it_from_all_three() {
    let (mut story, id) = under_anna();
    covered(&mut story, "bram", "2025-03-10", "2025-12-31");
    covered(&mut story, "dewi", "2025-06-01", "2025-06-15");
    story.on("2025-06-05 09:00");
    let plan = transferred(&mut story, "chris", None);
    assert_eq!(
        primary(&story, id, &["2025-06-04", "2025-06-05", "2025-06-16", "2026-01-01"]),
        ["dewi", "chris", "chris", "chris"]
    );
    assert_eq!(ends(&plan).iter().map(|(coach, _)| *coach).collect::<Vec<_>>(), ["dewi", "bram", "anna"]);
}

#[test]
fn a_cover_that_was_planned_fills_in_for_the_successor() {
    let (mut story, id) = under_anna();
    covered(&mut story, "bram", "2025-04-10", "2025-04-20");
    let plan = transferred(&mut story, "chris", None);
    let days = ["2025-03-30", "2025-03-31", "2025-04-09", "2025-04-10", "2025-04-20", "2025-04-21"];
    assert_eq!(primary(&story, id, &days), ["anna", "chris", "chris", "bram", "bram", "chris"]);
    assert_eq!(ends(&plan), [("anna", "2025-03-31".to_owned())], "bram still fills in");
    assert_eq!(story.dossier.clashes(), []);
}

#[test]
fn whoever_was_planned_to_take_over_later_still_does_after_a_transfer() {
    let (mut story, id) = under_anna();
    let later = Assignment { trajectory: Some(id), coach: text("dewi"), from: Some(day("2025-06-01")), ..Assignment::default() };
    story.coach("carla", |dossier, by| dossier.assign_coach(by, later)).unwrap();
    let plan = transferred(&mut story, "chris", None);
    assert_eq!(primary(&story, id, &["2025-03-31", "2025-05-31", "2025-06-01"]), ["chris", "chris", "dewi"]);
    assert_eq!(ends(&plan), [("anna", "2025-03-31".to_owned())]);
}
