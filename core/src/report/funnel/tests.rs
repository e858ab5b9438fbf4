//! What became of a cohort: the 60/32/8 of the transition organisations, and every trajectory in exactly one place.

use super::*;
use crate::codes::PlacementType;
use crate::codes::TrajectoryPhase;
use crate::ids::PlacementId;
use crate::ids::{EntryId, TrainingId};
use crate::placement::Placement;
use crate::report::sample::{Chance, Field, day, period};
use crate::trajectory::{Event, Training};

fn ask(field: &Field, as_of: &str, by: Option<By>) -> Funnel {
    let parameters = Parameters { cohort: period("2020-01-01", "2020-12-31"), by, programme: None };
    report(&field.view(as_of), &parameters).unwrap()
}

fn referred() -> Trajectory {
    Trajectory {
        programme: Some("p".into()),
        referral_date: Some(day("2020-02-01")),
        intake_date: Some(day("2020-02-15")),
        ..Trajectory::default()
    }
}

fn started() -> Trajectory {
    Trajectory { agreement_date: Some(day("2020-03-01")), ..referred() }
}

fn closed(reason: ClosingReason) -> Trajectory {
    Trajectory { end_date: Some(day("2020-09-01")), closing_reason: Some(reason), ..started() }
}

fn add(field: &mut Field, trajectory: Trajectory, job: Option<&str>) {
    let mut dossier = field.person();
    let id = field.trajectory(&mut dossier, trajectory);
    if let Some(start) = job {
        field.placement(&mut dossier, id, PlacementType::PaidJob, day(start));
    }
    field.keep(dossier);
}

fn cohort() -> Field {
    let mut field = Field::default();
    field.programme("p", None, Some(SuccessDefinition::PaidWork));
    for nth in 0..60 {
        // Placed is placed, however it ended.
        let trajectory = if nth < 10 { closed(ClosingReason::StoppedEarly) } else { started() };
        add(&mut field, trajectory, Some("2020-06-01"));
    }
    for _ in 0..32 {
        add(&mut field, started(), None);
    }
    for _ in 0..8 {
        add(&mut field, closed(ClosingReason::ReportedBack), None);
    }
    for _ in 0..3 {
        let trajectory = Trajectory { agreement_date: None, ..closed(ClosingReason::NoInflow) };
        add(&mut field, trajectory, None);
    }
    add(&mut field, Trajectory { intake_date: None, ..referred() }, None);
    add(&mut field, Trajectory { referral_date: Some(day("2021-01-01")), ..started() }, None);
    field
}

#[test]
fn sixty_thirty_two_and_eight_of_a_hundred_started() {
    let funnel = ask(&cohort(), "2024-01-01", None);
    assert_eq!(funnel.rows.len(), 1);
    let expected = Steps {
        referred: 104,
        intake: 103,
        no_inflow: 3,
        started: 100,
        placed: 60,
        reported_back: 8,
        stopped_early: 0,
        other_closed: 0,
        running: 32,
    };
    assert_eq!(funnel.rows[0].steps, expected);
    let percent = &funnel.rows[0].percent;
    assert_eq!(percent.placed.as_deref(), Some("60.00"));
    assert_eq!(percent.running.as_deref(), Some("32.00"));
    assert_eq!(percent.reported_back.as_deref(), Some("8.00"));
    assert_eq!(percent.started.as_deref(), Some("96.15"));
}

#[test]
fn what_came_later_does_not_count_yet() {
    let field = cohort();
    let steps = |as_of: &str| ask(&field, as_of, None).rows[0].steps;
    assert_eq!(steps("2020-01-31").referred, 0);
    let february = steps("2020-02-20");
    assert_eq!((february.referred, february.intake, february.started, february.no_inflow), (104, 103, 0, 0));
    let may = steps("2020-05-31");
    assert_eq!((may.started, may.placed, may.running), (100, 0, 100));
    let summer = steps("2020-08-31");
    assert_eq!((summer.placed, summer.reported_back, summer.running, summer.no_inflow), (60, 0, 40, 0));
}

#[test]
fn every_reason_has_its_place() {
    use ClosingReason::*;
    let mut field = Field::default();
    for reason in [GoalReached, ReportedBack, StoppedEarly, NoInflow, Transferred, Moved, Deceased, WithdrawnConsent] {
        add(&mut field, closed(reason), None);
    }
    // Closed by an event only, and a reason without a date.
    let mut dossier = field.person();
    let id = field.trajectory(&mut dossier, started());
    let event =
        Event { trajectory: Some(id), phase: Some(TrajectoryPhase::Closed), on: Some(day("2020-07-01")), ..Event::default() };
    dossier.events.insert(EntryId::from_bytes(field.id()), event);
    field.keep(dossier);
    add(&mut field, Trajectory { end_date: None, ..closed(ReportedBack) }, None);
    let steps = ask(&field, "2024-01-01", None).rows[0].steps;
    assert_eq!((steps.started, steps.reported_back, steps.stopped_early, steps.other_closed, steps.running), (10, 2, 1, 7, 0));
}

#[test]
fn a_cohort_is_split_by_what_is_asked() {
    let mut field = Field::default();
    field.programme("p", None, Some(SuccessDefinition::WorkOrEducation));
    for (groups, direction, sector) in [
        (vec![TargetGroup::Vsv, TargetGroup::Pro], Some(GoalDirection::Work), Some(Sector::Care)),
        (vec![TargetGroup::Vsv], Some(GoalDirection::Education), Some(Sector::Tech)),
        (vec![], None, None),
    ] {
        let mut dossier = field.person();
        dossier.trainee.target_groups = groups.into_iter().collect();
        let id = field.trajectory(&mut dossier, Trajectory { goal_direction: direction, ..started() });
        // An internship in another sector, and a course and a job on one day: work goes before education.
        for (kind, start, sector) in [
            (PlacementType::InternshipExternal, "2020-04-01", Some(Sector::Green)),
            (PlacementType::Education, "2020-05-01", Some(Sector::Other)),
            (PlacementType::PaidJob, "2020-05-01", sector),
        ] {
            let placement = Placement {
                trajectory: Some(id),
                placement_type: Some(kind),
                start: Some(day(start)),
                sector: sector.filter(|_| !groups_empty(&dossier)),
                ..Placement::default()
            };
            dossier.placements.insert(PlacementId::from_bytes(field.id()), placement);
        }
        field.keep(dossier);
    }
    let mut dossier = field.person();
    let id = field.trajectory(&mut dossier, started());
    let training =
        Training { trajectory: Some(id), sector: Some(Sector::Energy), start: Some(day("2020-04-01")), ..Training::default() };
    dossier.trainings.insert(TrainingId::from_bytes(field.id()), training);
    field.keep(dossier);

    let groups = |by| -> Vec<(Option<&str>, u64)> {
        ask(&field, "2024-01-01", Some(by)).rows.iter().map(|row| (row.group, row.steps.referred)).collect()
    };
    assert_eq!(groups(By::TargetGroup), [(Some("PRO"), 1), (Some("VSV"), 2), (None, 2)]);
    assert_eq!(groups(By::GoalDirection), [(Some("WORK"), 1), (Some("EDUCATION"), 1), (None, 2)]);
    assert_eq!(groups(By::Sector), [(Some("CARE"), 1), (Some("TECH"), 1), (Some("ENERGY"), 1), (None, 1)]);
    let funnel = ask(&field, "2024-01-01", Some(By::TargetGroup));
    assert_eq!((funnel.total.steps.referred, funnel.total.steps.placed), (4, 3));
    assert_eq!(funnel.head.remarks.list, [Remark::RowsOverlap]);
}

fn groups_empty(dossier: &Dossier) -> bool {
    dossier.trainee.target_groups.is_empty()
}

#[test]
fn nobody_referred_gives_no_percentages_and_no_panic() {
    for by in [None, Some(By::Sector), Some(By::TargetGroup), Some(By::GoalDirection)] {
        let funnel = ask(&Field::default(), "2024-01-01", by);
        assert_eq!(funnel.total.steps, Steps::default());
        assert_eq!(funnel.total.percent.placed, None);
        assert_eq!(funnel.rows.len(), usize::from(by.is_none()));
        assert!(funnel.rows(Lang::Nl).iter().all(|row| row.len() == funnel.headings(Lang::Nl).len()));
    }
}

#[test]
fn a_programme_comes_with_its_parts_and_different_meanings_are_said() {
    let mut field = cohort();
    field.programme("q", Some("p"), Some(SuccessDefinition::WorkEducationDay));
    add(&mut field, Trajectory { programme: Some("q".into()), ..started() }, None);
    add(&mut field, Trajectory { programme: Some("Iets anders".into()), ..started() }, None);
    let count = |programme: &str| {
        let parameters = Parameters { cohort: period("2020-01-01", "2020-12-31"), by: None, programme: Some(programme.into()) };
        report(&field.view("2024-01-01"), &parameters).map(|funnel| funnel.total.steps.referred)
    };
    assert_eq!((count("p"), count("q"), count("iets anders")), (Ok(105), Ok(1), Ok(1)));
    assert_eq!(count("niets"), Err(ReportError::UnknownProgramme("niets".into())));
    let funnel = ask(&field, "2024-01-01", None);
    assert_eq!(funnel.success_definitions, [SuccessDefinition::PaidWork, SuccessDefinition::WorkEducationDay]);
    assert_eq!(funnel.head.remarks.list, [Remark::MixedDefinitions(None)]);
}

#[test]
fn the_keys_are_those_that_scripts_were_promised() {
    let json = serde_json::to_value(ask(&cohort(), "2024-01-01", None)).unwrap();
    for key in ["definition", "as_of", "known_on", "completeness", "rows"] {
        assert!(!json[key].is_null(), "{key}");
    }
    let row = &json["rows"][0];
    for key in [
        "group",
        "referred",
        "intake",
        "no_inflow",
        "started",
        "placed",
        "reported_back",
        "stopped_early",
        "other_closed",
        "running",
    ] {
        assert!(!row[key].is_null(), "{key}");
    }
    assert_eq!((&row["percent"]["placed"], &row["percent"]["stopped_early"]), (&"60.00".into(), &"0.00".into()));
    let by = serde_json::to_value(ask(&cohort(), "2024-01-01", Some(By::GoalDirection))).unwrap();
    assert_eq!(by["by"], "goal-direction");
}

#[test]
fn any_cohort_agrees_with_a_naive_recount_and_adds_up() {
    for seed in 0..80 {
        let mut chance = Chance(seed);
        let mut field = Field::default();
        field.programme("p", None, Some(chance.one_of(SuccessDefinition::ALL)));
        for _ in 0..chance.below(80) {
            let mut dossier = field.person();
            dossier.trainee.target_groups = (0..chance.below(3)).filter_map(|_| chance.code()).collect();
            let trajectory = Trajectory {
                programme: Some("p".into()),
                referral_date: chance.day(),
                intake_date: chance.day(),
                agreement_date: chance.day(),
                end_date: chance.day(),
                closing_reason: chance.code(),
                outflow_destination: chance.code(),
                outflow_date: chance.day(),
                goal_direction: chance.code(),
                ..Trajectory::default()
            };
            let id = field.trajectory(&mut dossier, trajectory);
            if let (Some(kind), Some(start)) = (chance.code(), chance.day()) {
                field.placement(&mut dossier, id, kind, start);
            }
            field.keep(dossier);
        }
        let from = day("2016-01-01").plus_days(chance.below(900) as i64);
        let cohort = Period { from, to: from.plus_days(chance.below(500) as i64) };
        let as_of = day("2017-01-01").plus_days(chance.below(1100) as i64);
        let view = field.view("2024-01-01");
        let view = View { as_of, ..view };
        let mut naive = Steps::default();
        let success = field.register.programmes["p"].success_definition.unwrap();
        for (_, dossier) in &field.dossiers {
            let trajectory = dossier.trajectories.values().next().unwrap();
            let by_now = |on: Option<Day>| on.is_some_and(|on| on <= as_of);
            let first = trajectory.referral_date.or(trajectory.intake_date).or(trajectory.agreement_date);
            if !by_now(first) || !first.is_some_and(|on| cohort.from <= on && on <= cohort.to) {
                continue;
            }
            naive.referred += 1;
            naive.intake += u64::from(by_now(trajectory.intake_date));
            let ended = match trajectory.end_date {
                Some(on) => on <= as_of,
                None => trajectory.closing_reason.is_some(),
            };
            let placed = match success {
                SuccessDefinition::SectorCouncil => {
                    by_now(trajectory.outflow_date)
                        && trajectory.outflow_destination.is_some_and(|one| one.success() == crate::codes::Success::Yes)
                }
                _ => {
                    dossier.placements.values().any(|one| success.counts(one.placement_type.unwrap(), false) && by_now(one.start))
                }
            };
            match (by_now(trajectory.agreement_date), placed, ended, trajectory.closing_reason) {
                (false, _, true, Some(ClosingReason::NoInflow)) => naive.no_inflow += 1,
                (false, ..) => {}
                (true, true, ..) => naive.placed += 1,
                (true, false, false, _) => naive.running += 1,
                (true, false, true, Some(ClosingReason::ReportedBack)) => naive.reported_back += 1,
                (true, false, true, Some(ClosingReason::StoppedEarly)) => naive.stopped_early += 1,
                (true, false, true, _) => naive.other_closed += 1,
            }
            naive.started += u64::from(by_now(trajectory.agreement_date));
        }
        for by in [None, Some(By::TargetGroup), Some(By::GoalDirection), Some(By::Sector)] {
            let funnel = report(&view, &Parameters { cohort, by, programme: None }).unwrap();
            assert_eq!(funnel.total.steps, naive, "seed {seed}");
            for row in funnel.rows.iter().chain([&funnel.total]) {
                let steps = row.steps;
                let sum = steps.placed + steps.reported_back + steps.stopped_early + steps.other_closed + steps.running;
                assert_eq!(sum, steps.started, "seed {seed}, {}", row.label);
            }
            if by != Some(By::TargetGroup) {
                assert_eq!(funnel.rows.iter().map(|row| row.steps.started).sum::<u64>(), naive.started, "seed {seed}");
            }
        }
    }
}
