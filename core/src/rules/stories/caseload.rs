//! When a visit is due, and what a coach finds on the list.

use super::*;
use crate::caseload::caseload;
use crate::programme::Programme;
use crate::record::Record;
use crate::trajectory::Assignment;

fn under_anna() -> (Story, TrajectoryId) {
    let (mut story, id) = Story::with_wim();
    let draft = Assignment { trajectory: Some(id), coach: text("anna"), from: Some(day("2025-01-20")), ..Assignment::default() };
    story.coach("carla", |dossier, by| dossier.assign_coach(by, draft)).unwrap();
    (story, id)
}

fn due(story: &Story, on: &str) -> Vec<(String, i64)> {
    story.dossier.due_visits(day(on), &story.register).into_iter().map(|one| (one.due.to_string(), one.days_overdue)).collect()
}

#[test]
fn the_first_visit_is_due_after_two_weeks_and_the_next_six_weeks_after_a_visit() {
    let (mut story, _) = under_anna();
    let placement = story.placed("2025-02-03");
    assert_eq!(due(&story, "2025-02-03"), [("2025-02-17".to_owned(), 0)]);
    assert_eq!(due(&story, "2025-02-24"), [("2025-02-17".to_owned(), 0)], "a week of grace");
    assert_eq!(due(&story, "2025-02-25"), [("2025-02-17".to_owned(), 8)]);
    story.visited("anna", "2025-02-20 10:00");
    assert_eq!(due(&story, "2025-02-25"), [("2025-04-03".to_owned(), 0)]);
    assert_eq!(due(&story, "2025-02-19"), [("2025-02-17".to_owned(), 0)], "as it stood on that day");
    story.coach("anna", |dossier, by| dossier.end_placement(by, placement, day("2025-03-14"), None, None)).unwrap();
    assert_eq!(due(&story, "2025-03-15"), []);
}

#[test]
fn a_message_and_a_no_show_are_no_visit_and_a_call_only_where_the_programme_says_so() {
    let (mut story, _) = under_anna();
    story.placed("2025-02-03");
    let log = |story: &mut Story, draft: Visit| {
        story.coach("anna", |dossier, by| dossier.log_visit(by, None, draft, Vec::new())).unwrap()
    };
    log(&mut story, Visit { mode: Some(ContactMode::Message), ..visit("2025-02-10 10:00") });
    log(&mut story, Visit { status: Some(VisitStatus::NoShow), ..visit("2025-02-11 10:00") });
    log(&mut story, Visit { mode: Some(ContactMode::Phone), ..visit("2025-02-12 10:00") });
    assert_eq!(due(&story, "2025-02-14"), [("2025-02-17".to_owned(), 0)]);
    let talent =
        Programme { name: text("Talent"), phone_counts: Some(true), visit_interval_days: Some(28), ..Programme::default() };
    story.region("carla", |register, by| register.add_programme(by, "talent", talent)).unwrap();
    assert_eq!(due(&story, "2025-02-14"), [("2025-03-12".to_owned(), 0)]);
}

#[test]
fn a_withdrawn_visit_makes_the_visit_due_again() {
    let (mut story, _) = under_anna();
    story.placed("2025-02-03");
    let id = story.visited("anna", "2025-03-20 10:00");
    assert_eq!(due(&story, "2025-03-31"), [("2025-05-01".to_owned(), 0)]);
    // As it was marked before a recorded visit that is withdrawn went for good.
    let mark = |dossier: &Dossier| {
        let before = &dossier.visits[&id];
        let marked = Visit { withdrawn: Some("Verkeerd dossier".into()), ..before.clone() };
        Plan { id: (), writes: marked.edit(before, &id.to_string()), warnings: Vec::new() }
    };
    story.coach("anna", |dossier, _| Ok(mark(dossier))).unwrap();
    assert_eq!(due(&story, "2025-03-31"), [("2025-02-17".to_owned(), 42)]);
}

#[test]
fn annas_list_shows_what_she_has_to_do_and_nobody_elses() {
    let (mut story, _) = under_anna();
    story.placed("2025-02-03");
    let first = Visit { next_visit_on: Some(day("2025-04-08")), ..visit("2025-02-18 10:00") };
    story.coach("anna", |dossier, by| dossier.log_visit(by, None, first, vec![agreement("Rooster vragen")])).unwrap();
    for on in ["2025-03-31", "2025-05-20"] {
        let plan = Visit { planned_on: Some(day(on)), ..Visit::default() };
        story.coach("anna", |dossier, by| dossier.plan_visit(by, plan)).unwrap();
    }
    let document = DocumentId::from_bytes([1; 16]);
    let list = |story: &Story, coach: &str, on: &str| caseload(coach, day(on), [(document, &story.dossier)], &story.register);

    let anna = list(&story, "anna", "2025-03-31");
    assert_eq!((anna.open_trajectories, anna.weighted_load), (1, 2));
    assert_eq!(anna.today.iter().map(|row| row.on).collect::<Vec<_>>(), [day("2025-03-31")]);
    assert_eq!(anna.today[0].who.reference.as_deref(), Some("WF-2025-0142"));
    assert_eq!(anna.today[0].place.as_ref().and_then(|place| place.employer.as_deref()), Some("Tuincentrum De Linde"));
    assert_eq!(
        anna.due.iter().map(|row| (row.due, row.planned_on)).collect::<Vec<_>>(),
        [(day("2025-04-01"), Some(day("2025-03-31")))]
    );
    assert!(anna.overdue.is_empty());
    assert_eq!(anna.agreements.iter().map(|row| (row.text.as_str(), row.late)).collect::<Vec<_>>(), [("Rooster vragen", false)]);

    let later = list(&story, "anna", "2025-04-10");
    assert_eq!(later.overdue.iter().map(|row| row.days_overdue).collect::<Vec<_>>(), [9]);
    assert!(later.agreements[0].late);
    assert_eq!(later.today.len(), 1, "nothing was recorded of the visit of 31 March");

    let bram = list(&story, "bram", "2025-03-31");
    assert!(bram.today.is_empty() && bram.due.is_empty() && bram.agreements.is_empty() && bram.open_trajectories == 0);
}

#[test]
fn an_agreed_next_day_is_on_the_list_until_something_was_recorded_after_it() {
    let (mut story, _) = under_anna();
    let first = Visit { next_visit_on: Some(day("2025-04-08")), ..visit("2025-03-31 10:00") };
    story.coach("anna", |dossier, by| dossier.log_visit(by, None, first, Vec::new())).unwrap();
    let upcoming = |story: &Story| {
        caseload("anna", day("2025-03-31"), [(DocumentId::default(), &story.dossier)], &story.register).upcoming.len()
    };
    assert_eq!(upcoming(&story), 1);
    story.on("2025-04-07 12:00");
    story.visited("anna", "2025-04-07 11:00");
    assert_eq!(upcoming(&story), 0);
}
