//! A coordinator's week: who has how much, what is due, and whose phone was not heard.

use super::*;
use crate::codes::*;
use crate::ids::{EntryId, VisitId};
use crate::organisation::Coach;
use crate::report::sample::{Field, day};
use crate::trajectory::{Assignment, Trajectory};
use crate::visit::Correction;

fn region() -> Field {
    let mut field = Field::default();
    for (code, name, to) in [("anna", "Anna", None), ("piet", "Piet", None), ("oud", "Oud", Some(day("2019-12-31")))] {
        let coach = Coach { display_name: Some(name.into()), active_to: to, ..Coach::default() };
        field.register.coaches.insert(code.into(), coach);
    }
    for (coach, regime, ended) in [
        ("anna", Some(CoachingRegime::Intensive), None),
        ("anna", None, None),
        ("anna", Some(CoachingRegime::Light), Some(day("2020-03-31"))),
        ("klaas", Some(CoachingRegime::Light), None),
    ] {
        let mut dossier = field.person();
        let trajectory = Trajectory { referral_date: Some(day("2020-01-01")), end_date: ended, regime, ..Trajectory::default() };
        let id = field.trajectory(&mut dossier, trajectory);
        assign(&mut field, &mut dossier, coach, "2020-01-01", None);
        field.placement(&mut dossier, id, PlacementType::PaidJob, day("2020-04-01"));
        field.keep(dossier);
    }
    field
}

fn assign(field: &mut Field, dossier: &mut Dossier, coach: &str, from: &str, to: Option<&str>) {
    let assignment = Assignment {
        coach: Some(coach.into()),
        role: Some(AssignmentRole::Primary),
        from: Some(day(from)),
        to: to.map(day),
        ..Assignment::default()
    };
    dossier.assignments.insert(EntryId::from_bytes(field.id()), assignment);
}

fn ask(field: &Field, as_of: &str) -> Caseloads {
    report(&field.view(as_of), &Parameters::default())
}

fn row(caseloads: &Caseloads, coach: &str) -> Row {
    caseloads.rows.iter().find(|row| row.coach == coach).unwrap().clone()
}

#[test]
fn everyone_who_coaches_has_a_row() {
    let caseloads = ask(&region(), "2020-04-10");
    let names: Vec<&str> = caseloads.rows.iter().map(|row| row.coach.as_str()).collect();
    assert_eq!(names, ["anna", "klaas", "piet"], "who left has none; who is not in the register has one");
    let anna = row(&caseloads, "anna");
    assert_eq!((anna.open_trajectories, anna.weighted_load), (2, 5), "no regime weighs as MEDIUM");
    assert_eq!(row(&caseloads, "piet").open_trajectories, 0);
    assert_eq!(row(&ask(&region(), "2020-02-01"), "anna").open_trajectories, 3, "as it stood before one ended");
}

#[test]
fn visits_come_due_and_become_overdue() {
    // The first visit is due on 15 April.
    let field = region();
    let counted = |as_of: &str| {
        let anna = row(&ask(&field, as_of), "anna");
        (anna.visits_due_14d, anna.overdue_visits, anna.oldest_overdue_days)
    };
    assert_eq!(counted("2020-03-31"), (0, 0, 0));
    assert_eq!(counted("2020-04-01"), (2, 0, 0));
    assert_eq!(counted("2020-04-22"), (2, 0, 0), "within the week of grace");
    assert_eq!(counted("2020-04-23"), (0, 2, 8));
}

#[test]
fn minutes_are_those_of_visits_done_this_month_as_corrected() {
    let mut field = region();
    let mut dossier = field.person();
    for (on, minutes, status, withdrawn) in [
        ("2020-04-02T10:00", 45, VisitStatus::Done, None),
        ("2020-04-30T10:00", 60, VisitStatus::Done, None),
        ("2020-03-31T10:00", 500, VisitStatus::Done, None),
        ("2020-04-03T10:00", 500, VisitStatus::NoShow, None),
        ("2020-04-04T10:00", 500, VisitStatus::Done, Some("dubbel".to_owned())),
    ] {
        let visit = Visit {
            coach: Some("piet".into()),
            started_at: on.parse().ok(),
            duration_min: Some(minutes),
            travel_min: Some(30),
            status: Some(status),
            withdrawn,
            ..Visit::default()
        };
        let id = VisitId::from_bytes(field.id());
        dossier.visits.insert(id, visit);
        if minutes == 45 {
            let correction = Correction { visit: Some(id), duration_min: Some(50), ..Correction::default() };
            dossier.corrections.insert(EntryId::from_bytes(field.id()), correction);
        }
    }
    field.keep(dossier);
    assert_eq!(row(&ask(&field, "2020-04-29"), "piet").minutes_this_month, 50);
    assert_eq!(row(&ask(&field, "2020-04-30"), "piet").minutes_this_month, 110);
    assert_eq!(row(&ask(&field, "2020-05-01"), "piet").minutes_this_month, 0);
}

/// The gate takes any number: rules of the trade are no reason to refuse a change. A hostile device may write this.
#[test]
fn durations_that_no_visit_lasts_do_not_stop_the_report() {
    let mut field = region();
    let mut dossier = field.person();
    for hour in [9, 11] {
        let visit = Visit {
            coach: Some("piet".into()),
            started_at: format!("2020-04-01T{hour:02}:00").parse().ok(),
            duration_min: Some(i64::MAX),
            status: Some(VisitStatus::Done),
            ..Visit::default()
        };
        dossier.visits.insert(VisitId::from_bytes(field.id()), visit);
    }
    field.keep(dossier);
    assert_eq!(row(&ask(&field, "2020-04-29"), "piet").minutes_this_month, i64::MAX);
}

#[test]
fn what_is_only_on_a_phone_is_known_stated_or_unknown() {
    let at = Timestamp::from_millis(1_586_476_800_000);
    let contacts = BTreeMap::from([
        ("anna".to_owned(), Contact { last_sync: Some(at), unsynced_records: Some(3), stated_at: None }),
        ("klaas".to_owned(), Contact { last_sync: Some(at), unsynced_records: Some(1), stated_at: Some(at) }),
    ]);
    let caseloads = report(&region().view("2020-04-10"), &Parameters { coach: None, contacts });
    let json = serde_json::to_value(&caseloads).unwrap();
    assert_eq!(json["rows"][0]["unsynced_records"], 3);
    assert_eq!(json["rows"][0]["last_sync"], "2020-04-10T00:00:00Z");
    assert_eq!(json["rows"][1]["unsynced_as_of"], "2020-04-10T00:00:00Z");
    assert!(json["rows"][2]["unsynced_records"].is_null() && json["rows"][2]["last_sync"].is_null());
    for key in [
        "coach",
        "open_trajectories",
        "weighted_load",
        "visits_due_14d",
        "overdue_visits",
        "oldest_overdue_days",
        "minutes_this_month",
    ] {
        assert!(!json["rows"][0][key].is_null(), "{key}");
    }
    for key in ["definition", "as_of", "known_on", "completeness"] {
        assert!(!json[key].is_null(), "{key}");
    }
    let rows = caseloads.rows(Lang::Nl);
    assert_eq!(rows[1][8], "1 (2020-04-10T00:00:00Z)");
    assert_eq!(rows[0][0], "Anna (anna)");
    assert!(rows.iter().all(|row| row.len() == caseloads.headings(Lang::Nl).len()));
}

#[test]
fn nobody_and_two_at_once_are_said() {
    let mut field = region();
    let mut dossier = field.person();
    field.trajectory(&mut dossier, Trajectory { referral_date: Some(day("2020-01-01")), ..Trajectory::default() });
    let mut clashing = field.person();
    clashing.trajectories.clone_from(&dossier.trajectories);
    field.keep(dossier);
    assign(&mut field, &mut clashing, "anna", "2020-01-01", None);
    assign(&mut field, &mut clashing, "piet", "2020-02-01", None);
    field.keep(clashing);
    let caseloads = ask(&field, "2020-04-10");
    assert_eq!(caseloads.head.remarks.list, [Remark::WithoutCoach(1), Remark::SeveralCoaches(1)]);
    assert_eq!(row(&caseloads, "piet").open_trajectories, 1, "counted for who began last");
    let only = report(&field.view("2020-04-10"), &Parameters { coach: Some("piet".into()), ..Parameters::default() });
    assert_eq!(only.rows.len(), 1);
}
