//! The published monitor of the first quarter of 2023 in both readings of its ambiguous blocks, and what a coordinator
//! would try next.

use std::collections::BTreeSet;

use super::*;
use crate::codes::{PlacementType, TargetMetric, TargetUnit, TrainingResult};
use crate::ids::EntryId;
use crate::programme::Observation;
use crate::record::Code;
use crate::report::Tabular as _;
use crate::report::sample::{Chance, Field, day, period};
use crate::trajectory::Trajectory;

const ZORG: &str = "zorgstart";
const UMBRELLA: &str = "waw";

/// Programme, started, training completed, placed, and the published percentages of started (completed, placed) and of
/// completed (placed).
type Block = (&'static str, u64, u64, u64, [Option<&'static str>; 3]);

const BLOCKS: [Block; 6] = [
    (ZORG, 521, 448, 214, [Some("85.99"), Some("41.07"), Some("47.77")]),
    ("bouw", 13, 8, 4, [Some("61.54"), Some("30.77"), Some("50.00")]),
    ("digitals", 22, 18, 10, [Some("81.82"), Some("45.45"), Some("55.56")]),
    ("basiskok", 21, 12, 6, [Some("57.14"), Some("28.57"), Some("50.00")]),
    ("chauffeur", 20, 19, 19, [Some("95.00"), Some("95.00"), Some("100.00")]),
    ("jongerenspecialist", 115, 0, 65, [Some("0.00"), Some("56.52"), None]),
];

/// People of one programme: so many started, of whom the first so many completed a training and the first so many found a
/// paid job.
fn people(field: &mut Field, programme: &str, started: u64, trained: u64, placed: u64) {
    for nth in 0..started {
        let mut dossier = field.person();
        let agreed = day("2020-02-01").plus_days((nth % 1000) as i64);
        let trajectory = Trajectory {
            programme: Some(programme.to_owned()),
            referral_date: Some(agreed.plus_days(-20)),
            intake_date: Some(agreed.plus_days(-10)),
            agreement_date: Some(agreed),
            ..Trajectory::default()
        };
        let id = field.trajectory(&mut dossier, trajectory);
        if nth < trained {
            field.training(&mut dossier, id, agreed.plus_days(60), TrainingResult::Completed);
            // A second course does not count again.
            field.training(&mut dossier, id, agreed.plus_days(90), TrainingResult::Passed);
        }
        if nth < placed {
            field.placement(&mut dossier, id, PlacementType::InternshipExternal, agreed.plus_days(30));
            field.placement(&mut dossier, id, PlacementType::PaidJob, agreed.plus_days(100));
        }
        field.keep(dossier);
    }
}

fn region() -> Field {
    let mut field = Field::default();
    field.programme(UMBRELLA, None, Some(SuccessDefinition::PaidWork));
    field.register.programmes.get_mut(UMBRELLA).unwrap().from = Some(day("2020-01-01"));
    field.target(UMBRELLA, TargetMetric::Started, TargetUnit::Trajectories, 1200, "2024-12-31");
    field.target(UMBRELLA, TargetMetric::TrainingCompleted, TargetUnit::Trajectories, 800, "2024-12-31");
    field.target(UMBRELLA, TargetMetric::Placed, TargetUnit::Persons, 500, "2024-12-31");
    for (code, started, trained, placed, _) in BLOCKS {
        field.programme(code, Some(UMBRELLA), Some(SuccessDefinition::PaidWork));
        people(&mut field, code, started, trained, placed);
    }
    for closed in ["oud-1", "oud-2", "oud-3"] {
        field.programme(closed, Some(UMBRELLA), Some(SuccessDefinition::PaidWork));
    }
    field
}

/// Reading 1: 48/13 is the total of the category, 34/34/6 the step-up jobs within it.
fn reading_1() -> Field {
    let mut field = region();
    field.programme("ontwikkel", Some(UMBRELLA), Some(SuccessDefinition::PaidWork));
    field.programme("doorstroom", Some("ontwikkel"), Some(SuccessDefinition::PaidWork));
    people(&mut field, "ontwikkel", 14, 0, 7);
    people(&mut field, "doorstroom", 34, 34, 6);
    field
}

/// Reading 2: 48/13 are the step-up jobs, 34/34/6 the trainings, side by side.
fn reading_2() -> Field {
    let mut field = region();
    field.programme("doorstroom", Some(UMBRELLA), Some(SuccessDefinition::PaidWork));
    field.programme("trainingen", Some(UMBRELLA), Some(SuccessDefinition::PaidWork));
    people(&mut field, "doorstroom", 48, 0, 13);
    people(&mut field, "trainingen", 34, 34, 6);
    field
}

fn ask(field: &Field, from: &str, to: &str, programme: Option<&str>) -> Monitor {
    let parameters = Parameters { period: period(from, to), programme: programme.map(str::to_owned) };
    report(&field.view("2026-06-01"), &parameters).unwrap()
}

fn published(field: &Field) -> Monitor {
    ask(field, "2020-01-01", "2023-03-31", None)
}

fn row<'a>(monitor: &'a Monitor, programme: &str) -> &'a Row {
    monitor.rows.iter().find(|row| row.programme.as_deref() == Some(programme)).unwrap()
}

fn counts(monitor: &Monitor, programme: &str) -> (u64, u64, Option<u64>) {
    let figures = &row(monitor, programme).figures;
    (figures.started, figures.training_completed, figures.placed)
}

#[test]
fn every_published_block_comes_out_in_both_readings() {
    for field in [reading_1(), reading_2()] {
        let monitor = published(&field);
        for (code, started, trained, placed, percents) in BLOCKS {
            let row = row(&monitor, code);
            assert_eq!(counts(&monitor, code), (started, trained, Some(placed)), "{code}");
            let figures = &row.figures;
            assert_eq!(
                [&figures.training_completed_percent, &figures.placed_percent, &figures.placed_percent_of_completed]
                    .map(Option::as_deref),
                percents,
                "{code}"
            );
            assert!(row.targets.is_empty() && row.part_of.as_deref() == Some(UMBRELLA) && row.depth == 1);
        }
    }
    let first = published(&reading_1());
    assert_eq!(counts(&first, "ontwikkel"), (48, 34, Some(13)));
    assert_eq!(counts(&first, "doorstroom"), (34, 34, Some(6)));
    assert_eq!(row(&first, "ontwikkel").figures.placed_percent.as_deref(), Some("27.08"));
    assert_eq!(row(&first, "doorstroom").figures.placed_percent.as_deref(), Some("17.65"));
    assert_eq!(row(&first, "doorstroom").figures.training_completed_percent.as_deref(), Some("100.00"));
    assert_eq!(row(&first, "doorstroom").depth, 2);
    assert_eq!(counts(&first, UMBRELLA), (521 + 13 + 22 + 21 + 20 + 115 + 48, 539, Some(331)));

    let second = published(&reading_2());
    assert_eq!(counts(&second, "doorstroom"), (48, 0, Some(13)));
    assert_eq!(counts(&second, "trainingen"), (34, 34, Some(6)));
    assert_eq!(row(&second, "trainingen").figures.placed_percent_of_completed.as_deref(), Some("17.65"));
    assert_eq!(counts(&second, UMBRELLA), (521 + 13 + 22 + 21 + 20 + 115 + 48 + 34, 539, Some(337)));
}

#[test]
fn pace_is_judged_under_the_umbrella_only() {
    for field in [reading_1(), reading_2()] {
        let monitor = published(&field);
        assert_eq!(monitor.judged_on, day("2023-03-31"));
        let umbrella = row(&monitor, UMBRELLA);
        let targets: Vec<_> = umbrella.targets.iter().map(|target| (target.value, target.to_date, target.pace)).collect();
        // 1,186 of 1,827 days: by quarters (13 of 20) it would be 780, 520 and 325.
        let on = Some(Pace::On);
        assert_eq!(targets, [(1200, Some(779), on), (800, Some(519), on), (500, Some(325), on)]);
        assert_eq!(umbrella.targets[1].realised, Some(539));
        assert_eq!(umbrella.targets[1].percent.as_deref(), Some("67.38"));
        assert_eq!(umbrella.without_figures, ["oud-1", "oud-2", "oud-3"]);
        assert!(
            monitor.head.remarks.list.iter().any(|remark| matches!(remark, Remark::WithoutFigures(_, parts) if parts.len() == 3))
        );
    }
    // A project's own target is shown, but not judged.
    let mut field = reading_2();
    field.target("bouw", TargetMetric::Started, TargetUnit::Trajectories, 20, "2023-12-31");
    let monitor = published(&field);
    let target = &row(&monitor, "bouw").targets[0];
    assert_eq!((target.realised, target.percent.as_deref(), target.to_date, target.pace), (Some(13), Some("65.00"), None, None));
}

#[test]
fn a_short_period_is_judged_by_everything_so_far() {
    let monitor = ask(&reading_2(), "2023-01-01", "2023-03-31", None);
    let umbrella = row(&monitor, UMBRELLA);
    assert_eq!(umbrella.figures.started, 0, "nobody started in this quarter");
    assert_eq!((umbrella.targets[0].realised, umbrella.targets[0].pace), (Some(794), Some(Pace::On)));
}

#[test]
fn a_target_is_judged_in_the_version_that_held() {
    let mut field = reading_2();
    field.register.targets.clear();
    field.target(UMBRELLA, TargetMetric::Started, TargetUnit::Trajectories, 1200, "2023-12-31");
    field.target_from(UMBRELLA, TargetMetric::Started, TargetUnit::Trajectories, 1200, "2024-12-31", Some("2022-11-01"));
    let judged = |to: &str| {
        let monitor = ask(&field, "2020-01-01", to, Some(UMBRELLA));
        let targets = &row(&monitor, UMBRELLA).targets;
        assert_eq!(targets.len(), 1);
        (targets[0].due, targets[0].to_date, targets[0].pace)
    };
    assert_eq!(judged("2022-10-31").0, Some(day("2023-12-31")));
    assert_eq!(judged("2023-03-31"), (Some(day("2024-12-31")), Some(779), Some(Pace::On)));
    assert_eq!(judged("2025-06-30"), (Some(day("2024-12-31")), Some(1200), Some(Pace::Behind)), "it does not grow after its day");
    assert_eq!(judged("2020-12-31").2, Some(Pace::Ahead));
}

#[test]
fn pace_turns_beyond_five_percent_exactly() {
    let mut field = Field::default();
    field.programme("p", None, Some(SuccessDefinition::PaidWork));
    field.register.programmes.get_mut("p").unwrap().from = Some(day("2021-01-01"));
    people(&mut field, "p", 105, 0, 0);
    let pace = |field: &Field| row(&ask(field, "2019-01-01", "2021-12-31", None), "p").targets[0].pace;
    // On the last day the whole target is due.
    for (value, expected) in [(100, Pace::On), (99, Pace::Ahead), (110, Pace::On), (111, Pace::Behind)] {
        field.register.targets.clear();
        field.target("p", TargetMetric::Started, TargetUnit::Trajectories, value, "2021-12-31");
        assert_eq!(pace(&field), Some(expected), "105 of {value}");
    }
    field.register.programmes.get_mut("p").unwrap().from = None;
    let monitor = ask(&field, "2019-01-01", "2021-12-31", None);
    assert_eq!(row(&monitor, "p").targets[0].pace, None);
    assert!(monitor.head.remarks.list.contains(&Remark::NoFirstDay("Programma p".into())));
}

#[test]
fn an_observed_figure_is_the_latest_that_was_seen() {
    let mut field = Field::default();
    field.programme("p", None, None);
    field.target("p", TargetMetric::Observed, TargetUnit::Persons, 1000, "2022-12-31");
    for (on, value) in [("2021-06-30", 400), ("2022-06-30", 669), ("2023-06-30", 900)] {
        let observation = Observation {
            programme: Some("p".into()),
            metric: Some("benaderd".into()),
            value: Some(value),
            on: Some(day(on)),
            ..Observation::default()
        };
        let id = EntryId::from_bytes(field.id());
        field.register.observations.insert(id, observation);
    }
    let monitor = ask(&field, "2020-01-01", "2022-12-31", None);
    assert_eq!(row(&monitor, "p").targets[0].realised, Some(669));
}

#[test]
fn persons_count_once_and_trajectories_each() {
    let mut field = Field::default();
    field.programme("u", None, Some(SuccessDefinition::PaidWork));
    field.programme("a", Some("u"), None);
    field.programme("b", Some("u"), None);
    let mut dossier = field.person();
    let mut second = dossier.clone();
    for (nth, programme) in ["a", "b", "b"].into_iter().enumerate() {
        let dossier = if nth == 0 { &mut dossier } else { &mut second };
        let trajectory =
            Trajectory { programme: Some(programme.into()), agreement_date: Some(day("2020-05-01")), ..Trajectory::default() };
        field.trajectory(dossier, trajectory);
    }
    field.keep(dossier);
    people(&mut field, "a", 3, 0, 0);
    field.keep(second);
    let monitor = ask(&field, "2020-01-01", "2020-12-31", None);
    let figures = |code: &str| (row(&monitor, code).figures.started, row(&monitor, code).figures.started_persons);
    assert_eq!((figures("a"), figures("b"), figures("u")), ((4, 4), (2, 1), (6, 4)));
    assert_eq!((monitor.total.figures.started, monitor.total.figures.started_persons), (6, 4));
    assert_eq!(monitor.total.success_definition, Some(SuccessDefinition::PaidWork), "parts follow their umbrella");
}

#[test]
fn placed_is_never_added_up_across_definitions() {
    let mut field = region();
    field.programme("opleiding", Some(UMBRELLA), Some(SuccessDefinition::WorkOrEducation));
    let monitor = published(&field);
    assert_eq!(row(&monitor, UMBRELLA).figures.placed, None);
    assert_eq!(row(&monitor, UMBRELLA).figures.placed_persons, None);
    assert_eq!(row(&monitor, UMBRELLA).figures.started, 712);
    assert_eq!(monitor.total.figures.placed, None);
    assert_eq!(row(&monitor, ZORG).figures.placed, Some(214));
    let placed = row(&monitor, UMBRELLA).targets.iter().find(|target| target.metric == TargetMetric::Placed).unwrap();
    assert_eq!((placed.realised, placed.pace), (None, None));
    let json = serde_json::to_value(&monitor).unwrap();
    assert!(json["rows"][0]["placed"].is_null());
    assert!(monitor.head.remarks.list.contains(&Remark::MixedDefinitions(Some("Programma waw".into()))));
}

#[test]
fn each_definition_counts_its_own_places() {
    let kinds = |definition, sheltered: Option<bool>| -> Vec<&str> {
        let mut field = Field::default();
        field.programme("p", None, Some(definition));
        field.register.programmes.get_mut("p").unwrap().sheltered_counts = sheltered;
        let counted = |kind: &PlacementType| {
            let register = field.register.clone();
            let mut field = Field::default();
            field.register = register;
            let mut dossier = field.person();
            let id = field.trajectory(&mut dossier, Trajectory { programme: Some("p".into()), ..Trajectory::default() });
            field.placement(&mut dossier, id, *kind, day("2020-05-01"));
            field.keep(dossier);
            row(&ask(&field, "2020-01-01", "2020-12-31", None), "p").figures.placed == Some(1)
        };
        PlacementType::ALL.iter().filter(|kind| counted(kind)).map(|kind| kind.code()).collect()
    };
    let paid = ["PAID_JOB", "LEARNING_JOB", "SECONDMENT"];
    assert_eq!(kinds(SuccessDefinition::PaidWork, None), paid);
    assert_eq!(kinds(SuccessDefinition::PaidWork, Some(true)), ["PAID_JOB", "LEARNING_JOB", "SHELTERED", "SECONDMENT"]);
    let education = ["PAID_JOB", "LEARNING_JOB", "SHELTERED", "SECONDMENT", "EDUCATION"];
    assert_eq!(kinds(SuccessDefinition::WorkOrEducation, None), education);
    let day = ["WORK_EXPERIENCE", "PAID_JOB", "LEARNING_JOB", "SHELTERED", "SECONDMENT", "EDUCATION", "DAY_ACTIVITY"];
    assert_eq!(kinds(SuccessDefinition::WorkEducationDay, None), day);
    assert!(kinds(SuccessDefinition::SectorCouncil, None).is_empty());
}

#[test]
fn the_sector_council_counts_destinations() {
    use crate::codes::OutflowDestination::{LearnBol, OtherPro, Work};
    let mut field = Field::default();
    field.programme("p", None, Some(SuccessDefinition::SectorCouncil));
    for (destination, on) in [(Work, "2020-05-01"), (LearnBol, "2020-06-01"), (OtherPro, "2020-06-01"), (Work, "2021-06-01")] {
        let mut dossier = field.person();
        let trajectory = Trajectory {
            programme: Some("p".into()),
            outflow_destination: Some(destination),
            outflow_date: Some(day(on)),
            ..Trajectory::default()
        };
        field.trajectory(&mut dossier, trajectory);
        field.keep(dossier);
    }
    assert_eq!(row(&ask(&field, "2020-01-01", "2020-12-31", None), "p").figures.placed, Some(2));
}

#[test]
fn only_the_first_place_that_counts_decides() {
    let mut field = Field::default();
    field.programme("p", None, Some(SuccessDefinition::PaidWork));
    let mut dossier = field.person();
    let trajectory = Trajectory { programme: Some("p".into()), agreement_date: Some(day("2020-01-10")), ..Trajectory::default() };
    let id = field.trajectory(&mut dossier, trajectory);
    field.placement(&mut dossier, id, PlacementType::Trial, day("2020-02-01"));
    field.placement(&mut dossier, id, PlacementType::PaidJob, day("2020-12-31"));
    field.placement(&mut dossier, id, PlacementType::PaidJob, day("2021-03-01"));
    field.keep(dossier);
    let placed = |from: &str, to: &str| row(&ask(&field, from, to, None), "p").figures.placed;
    assert_eq!(placed("2020-01-01", "2020-12-31"), Some(1), "the last day belongs to the period");
    assert_eq!(placed("2021-01-01", "2021-12-31"), Some(0), "a second job is no second placing");
    let parameters = Parameters { period: period("2020-01-01", "2020-12-31"), programme: None };
    let before = report(&field.view("2020-12-30"), &parameters).unwrap();
    assert_eq!(row(&before, "p").figures.placed, Some(0), "as it stood the day before, it had not begun");
    assert_eq!(before.judged_on, day("2020-12-30"));
}

#[test]
fn what_the_register_lacks_is_counted_under_its_own_name() {
    let mut field = Field::default();
    field.programme("p", None, Some(SuccessDefinition::WorkEducationDay));
    people(&mut field, "Programma P", 2, 0, 0);
    people(&mut field, "Horeca Start", 3, 1, 2);
    people(&mut field, " horeca start", 1, 0, 0);
    let mut dossier = field.person();
    field.trajectory(&mut dossier, Trajectory { referral_date: Some(day("2020-05-01")), ..Trajectory::default() });
    field.keep(dossier);
    let monitor = ask(&field, "2020-01-01", "2020-12-31", None);
    assert_eq!(counts(&monitor, "p").0, 2, "a name that the register knows is that programme");
    let unlisted: Vec<_> = monitor.rows.iter().filter(|row| row.unlisted).collect();
    assert_eq!(unlisted.len(), 2);
    assert_eq!((unlisted[0].programme.as_deref(), unlisted[0].name.as_str()), (None, "(geen programma)"));
    assert_eq!((unlisted[1].figures.started, unlisted[1].figures.placed), (4, Some(2)));
    assert!(monitor.head.remarks.list.contains(&Remark::WithoutProgramme(1)));
    assert_eq!(ask(&field, "2020-01-01", "2020-12-31", Some("horeca start")).rows.len(), 1);
    let parameters = Parameters { period: period("2020-01-01", "2020-12-31"), programme: Some("horeka".into()) };
    assert_eq!(report(&field.view("2026-01-01"), &parameters), Err(ReportError::UnknownProgramme("horeka".into())));
    let parameters = Parameters { period: period("2020-12-31", "2020-01-01"), programme: None };
    assert!(matches!(report(&field.view("2026-01-01"), &parameters), Err(ReportError::EmptyPeriod(..))));
}

#[test]
fn a_programme_asked_for_comes_with_its_parts() {
    let field = reading_1();
    let codes = |programme| -> Vec<String> {
        let monitor = ask(&field, "2020-01-01", "2023-03-31", Some(programme));
        monitor.rows.iter().filter_map(|row| row.programme.clone()).collect()
    };
    assert_eq!(codes("ontwikkel"), ["ontwikkel", "doorstroom"]);
    assert_eq!(codes(UMBRELLA).len(), 12);
    assert_eq!(codes("Programma bouw"), ["bouw"]);
    let monitor = ask(&field, "2020-01-01", "2023-03-31", Some("ontwikkel"));
    assert_eq!((monitor.total.figures.started, monitor.total.figures.placed), (48, Some(13)));
}

#[test]
fn programmes_that_are_part_of_each_other_end_nothing() {
    let mut field = Field::default();
    field.programme("a", Some("b"), None);
    field.programme("b", Some("a"), None);
    field.programme("c", Some("c"), None);
    field.programme("d", Some("nergens"), None);
    people(&mut field, "a", 2, 0, 0);
    let monitor = ask(&field, "2020-01-01", "2020-12-31", None);
    assert_eq!(monitor.rows.len(), 4);
    assert_eq!(monitor.total.figures.started, 2);
    assert_eq!((counts(&monitor, "a").0, counts(&monitor, "b").0), (2, 2));
}

#[test]
fn the_keys_are_those_that_scripts_were_promised() {
    let json = serde_json::to_value(published(&reading_2())).unwrap();
    for key in ["definition", "as_of", "known_on", "completeness", "rows"] {
        assert!(!json[key].is_null(), "{key}");
    }
    let umbrella = &json["rows"][0];
    for key in [
        "programme",
        "name",
        "started",
        "training_completed",
        "placed",
        "started_persons",
        "training_completed_persons",
        "placed_persons",
        "success_definition",
        "targets",
    ] {
        assert!(!umbrella[key].is_null(), "{key}");
    }
    assert!(umbrella.as_object().unwrap().contains_key("category"));
    for key in ["metric", "unit", "value", "to_date", "realised", "percent", "pace"] {
        assert!(!umbrella["targets"][0][key].is_null(), "{key}");
    }
    assert_eq!((&umbrella["targets"][2]["unit"], &umbrella["targets"][2]["pace"]), (&"PERSONS".into(), &"ON".into()));
    assert_eq!(umbrella["success_definition"], "PAID_WORK");
}

#[test]
fn a_table_for_people_shows_parts_under_their_umbrella() {
    let monitor = published(&reading_1());
    let rows = monitor.rows(Lang::Nl);
    assert!(rows.iter().all(|row| row.len() == monitor.headings(Lang::Nl).len()));
    assert_eq!(rows[0][0], "Programma waw");
    let zorg = rows.iter().find(|row| row[0] == "  Programma zorgstart").unwrap();
    assert_eq!(zorg[2..], ["521", "521", "448", "448", "214", "214", "41,07", "Bemiddeld naar werk"]);
    let notes = monitor.notes(Lang::Nl).join("\n");
    assert!(notes.contains("gerealiseerd 539 (67,38%); doel t/m 2023-03-31: 519; op koers."), "{notes}");
    assert!(notes.contains("geen cijfers van oud-1, oud-2, oud-3"), "{notes}");
}

/// A second way to the same figures: per programme, from its definition, without any of the above.
fn naive(field: &Field, programmes: &BTreeSet<String>, period: Period, as_of: Day) -> ([u64; 3], [u64; 3]) {
    let inside = |on: Option<Day>| on.is_some_and(|on| period.from <= on && on <= period.to && on <= as_of);
    let mut trajectories = [0; 3];
    let mut persons = [0; 3];
    for (_, dossier) in &field.dossiers {
        let mut hit = [false; 3];
        for (id, trajectory) in &dossier.trajectories {
            let Some(code) = trajectory.programme.as_ref().filter(|code| programmes.contains(*code)) else { continue };
            let programme = &field.register.programmes[code];
            let trained = dossier
                .trainings
                .values()
                .filter(|one| one.trajectory == Some(*id))
                .filter(|one| one.result == Some(TrainingResult::Passed) || one.result == Some(TrainingResult::Completed))
                .filter_map(|one| one.end)
                .min();
            let counting: &[&str] = match programme.success_definition.unwrap() {
                SuccessDefinition::PaidWork if programme.sheltered_counts == Some(true) => {
                    &["PAID_JOB", "LEARNING_JOB", "SECONDMENT", "SHELTERED"]
                }
                SuccessDefinition::PaidWork => &["PAID_JOB", "LEARNING_JOB", "SECONDMENT"],
                SuccessDefinition::WorkOrEducation => &["PAID_JOB", "LEARNING_JOB", "SECONDMENT", "SHELTERED", "EDUCATION"],
                SuccessDefinition::WorkEducationDay => {
                    &["PAID_JOB", "LEARNING_JOB", "SECONDMENT", "SHELTERED", "EDUCATION", "DAY_ACTIVITY", "WORK_EXPERIENCE"]
                }
                SuccessDefinition::SectorCouncil => &[],
            };
            let success = ["WORK", "SHELTERED_WORK", "WORK_LEARN_BBL", "LEARN_BOL", "VMBO", "DAY_ACTIVITY", "TRAINING_PATH"];
            let placed = if programme.success_definition == Some(SuccessDefinition::SectorCouncil) {
                trajectory.outflow_destination.filter(|one| success.contains(&one.code())).and(trajectory.outflow_date)
            } else {
                dossier
                    .placements
                    .values()
                    .filter(|one| one.trajectory == Some(*id))
                    .filter(|one| one.placement_type.is_some_and(|kind| counting.contains(&kind.code())))
                    .filter_map(|one| one.start)
                    .min()
            };
            for (index, on) in [trajectory.agreement_date, trained, placed].into_iter().enumerate() {
                trajectories[index] += u64::from(inside(on));
                hit[index] |= inside(on);
            }
        }
        for index in 0..3 {
            persons[index] += u64::from(hit[index]);
        }
    }
    (trajectories, persons)
}

#[test]
fn any_field_agrees_with_a_naive_recount() {
    for seed in 0..80 {
        let mut chance = Chance(seed);
        let mut field = Field::default();
        let codes = ["a", "b", "c", "d", "e", "f"];
        // Each may be a part of an earlier one, so there are no circles.
        for (index, code) in codes.into_iter().enumerate() {
            let part_of = (index > 0 && chance.below(3) > 0).then(|| codes[chance.below(index as u64) as usize]);
            field.programme(code, part_of, Some(chance.one_of(SuccessDefinition::ALL)));
            field.register.programmes.get_mut(code).unwrap().sheltered_counts = Some(chance.below(2) == 0);
        }
        for _ in 0..chance.below(60) {
            let mut dossier = field.person();
            for _ in 0..chance.below(3) {
                let trajectory = Trajectory {
                    programme: Some(chance.one_of(&codes).to_owned()),
                    referral_date: chance.day(),
                    agreement_date: chance.day(),
                    outflow_destination: chance.code(),
                    outflow_date: chance.day(),
                    ..Trajectory::default()
                };
                let id = field.trajectory(&mut dossier, trajectory);
                for _ in 0..chance.below(4) {
                    if let (Some(kind), Some(start)) = (chance.code(), chance.day()) {
                        field.placement(&mut dossier, id, kind, start);
                    }
                    if let (Some(result), Some(end)) = (chance.code(), chance.day()) {
                        field.training(&mut dossier, id, end, result);
                    }
                }
            }
            field.keep(dossier);
        }
        let from = day("2016-06-01").plus_days(chance.below(700) as i64);
        let period = Period { from, to: from.plus_days(chance.below(800) as i64) };
        let as_of = day("2017-06-01").plus_days(chance.below(900) as i64);
        let monitor = report(&field.view(&as_of.to_string()), &Parameters { period, programme: None }).unwrap();
        for row in &monitor.rows {
            let mut scope: BTreeSet<String> = row.programme.clone().into_iter().collect();
            for _ in codes {
                for (code, programme) in &field.register.programmes {
                    if programme.part_of.as_ref().is_some_and(|parent| scope.contains(parent)) {
                        scope.insert(code.clone());
                    }
                }
            }
            let (trajectories, persons) = naive(&field, &scope, period, as_of);
            let figures = &row.figures;
            let told = format!("seed {seed}, programme {}", row.name);
            assert_eq!([figures.started, figures.training_completed], trajectories[..2], "{told}");
            assert_eq!([figures.started_persons, figures.training_completed_persons], persons[..2], "{told}");
            if let (Some(placed), Some(placed_persons)) = (figures.placed, figures.placed_persons) {
                assert_eq!((placed, placed_persons), (trajectories[2], persons[2]), "{told}");
            }
            let meanings: BTreeSet<_> = scope
                .iter()
                .map(|code| &field.register.programmes[code])
                .map(|one| {
                    let definition = one.success_definition.unwrap();
                    (definition, definition != SuccessDefinition::PaidWork || one.sheltered_counts == Some(true))
                })
                .collect();
            assert_eq!(figures.placed.is_some(), meanings.len() == 1, "{told}");
        }
        let everything = codes.into_iter().map(str::to_owned).collect();
        let (trajectories, persons) = naive(&field, &everything, period, as_of);
        assert_eq!(
            [monitor.total.figures.started, monitor.total.figures.started_persons],
            [trajectories[0], persons[0]],
            "seed {seed}"
        );
    }
}
