//! Handing over while somebody fills in, and what goes along: appointments and the note.

use super::*;
use crate::caseload::caseload;
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

#[test]
fn an_appointment_is_on_the_list_of_whoever_coaches_on_its_day() {
    let (mut story, _) = under_anna();
    let made = Visit { next_visit_on: Some(day("2025-04-08")), ..visit("2025-03-31 10:00") };
    story.coach("anna", |dossier, by| dossier.log_visit(by, None, made, Vec::new())).unwrap();
    let list = |story: &Story, coach: &str| {
        let list = caseload(coach, day("2025-03-31"), [(DocumentId::default(), &story.dossier)], &story.register);
        let rows = list.upcoming.into_iter();
        rows.map(|row| (row.on.to_string(), row.planned_by.unwrap_or_default())).collect::<Vec<_>>()
    };
    let of_anna = |on: &str| (on.to_owned(), "anna".to_owned());
    assert_eq!((list(&story, "anna"), list(&story, "bram")), (vec![("2025-04-08".to_owned(), String::new())], vec![]));
    // Bram fills in on the day that she had agreed, and not on the one that she plans for after it.
    covered(&mut story, "bram", "2025-04-07", "2025-04-09");
    assert_eq!(list(&story, "bram"), [of_anna("2025-04-08")]);
    let plan = Visit { planned_on: Some(day("2025-04-11")), ..Visit::default() };
    story.coach("anna", |dossier, by| dossier.plan_visit(by, plan)).unwrap();
    assert_eq!(list(&story, "bram"), []);
    transferred(&mut story, "chris", None);
    assert_eq!(list(&story, "chris"), [of_anna("2025-04-11")]);
}

#[test]
fn a_note_with_a_transfer_dated_back_is_read_until_a_visit_is_recorded_after_it() {
    let (mut story, _) = under_anna();
    story.visited("chris", "2025-03-26 10:00");
    let note = Some("Wim praat liever onder het werk");
    let transfer =
        Transfer { to: "chris".into(), on: Some(day("2025-03-24")), note: note.map(str::to_owned), ..Transfer::default() };
    story.coach("carla", |dossier, by| dossier.transfer(by, transfer)).unwrap();
    assert_eq!(story.dossier.handover_to("chris", day("2025-03-31")).len(), 1, "he was there before anybody wrote it");
    story.visited("chris", "2025-03-31 11:00");
    assert_eq!(story.dossier.handover_to("chris", day("2025-03-31")), []);
}
