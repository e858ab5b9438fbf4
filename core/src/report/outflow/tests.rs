//! The published outflow of the pro and vso schools of Zuid-Kennemerland and IJmond, and what a coordinator would try next.

use super::*;
use crate::codes::SchoolType::{Mbo, Pro, Vso};
use crate::ids::{DocumentId, EnrolmentId};
use crate::organisation::School;
use crate::report::sample::{Chance, Field, day};

/// The ten published counts with their percentages, in the order of the table, and the total.
type Published = (SchoolType, &'static str, [(u64, &'static str); 10], u64, &'static str);

const PUBLISHED: [Published; 3] = [
    (
        Pro,
        "2016-2017",
        [
            (33, "25.00"),
            (1, "0.76"),
            (8, "6.06"),
            (69, "52.27"),
            (9, "6.82"),
            (2, "1.52"),
            (2, "1.52"),
            (5, "3.79"),
            (2, "1.52"),
            (1, "0.76"),
        ],
        132,
        "97.66",
    ),
    (
        Pro,
        "2017-2018",
        [
            (28, "22.22"),
            (2, "1.59"),
            (6, "4.76"),
            (66, "52.38"),
            (4, "3.17"),
            (5, "3.97"),
            (7, "5.56"),
            (7, "5.56"),
            (1, "0.79"),
            (0, "0.00"),
        ],
        126,
        "99.12",
    ),
    (
        Vso,
        "2016-2017",
        [
            (15, "10.34"),
            (2, "1.38"),
            (1, "0.69"),
            (37, "25.52"),
            // Printed as 11,75 by the source: 17 of 145 is 11.72.
            (17, "11.72"),
            (8, "5.52"),
            (20, "13.79"),
            (21, "14.48"),
            (18, "12.41"),
            (6, "4.14"),
        ],
        145,
        "79.49",
    ),
];

fn region() -> Field {
    let mut field = Field::default();
    for (school_type, year, cells, ..) in &PUBLISHED {
        let period = year.parse::<SchoolYear>().unwrap().period();
        for (index, (count, _)) in cells.iter().enumerate() {
            for nth in 0..*count {
                // The first and last day of the school year belong to it.
                let on = [period.from, period.to, period.from.plus_days(200)][nth as usize % 3];
                field.left(*school_type, &on.to_string(), OutflowDestination::ALL[index]);
            }
        }
    }
    field
}

fn of(field: &Field, school_type: SchoolType, year: &str) -> Outflow {
    let parameters = Parameters { school_year: year.parse().unwrap(), school_type: Some(school_type), school: None };
    report(&field.view("2024-01-01"), &parameters).unwrap()
}

#[test]
fn every_published_cell_comes_out() {
    let field = region();
    for (school_type, year, cells, total, success_rate) in &PUBLISHED {
        let outflow = of(&field, *school_type, year);
        assert_eq!(outflow.rows.len(), 10, "the published tables have ten rows");
        for (row, (count, percent)) in outflow.rows.iter().zip(cells) {
            assert_eq!((row.count, row.percent.as_str()), (*count, *percent), "{year} {}", row.label);
        }
        assert_eq!((outflow.total.count, outflow.total.percent.as_str()), (*total, "100.00"));
        assert_eq!(outflow.success_rate.as_deref(), Some(*success_rate));
    }
    let second = of(&field, Pro, "2017-2018");
    assert_eq!((second.rows[0].previous_year_count, second.rows[0].previous_year_percent.as_str()), (33, "25.00"));
    assert_eq!(second.total.previous_year_count, 132);
    assert_eq!(second.previous_year_success_rate.as_deref(), Some("97.66"));
}

#[test]
fn the_keys_are_those_that_scripts_were_promised() {
    let json = serde_json::to_value(of(&region(), Pro, "2016-2017")).unwrap();
    for key in ["definition", "as_of", "known_on", "completeness", "school_type", "school_year", "rows", "total", "success_rate"]
    {
        assert!(!json[key].is_null(), "{key}");
    }
    assert_eq!(json["school_type"], "PRO");
    assert_eq!(json["rows"][2]["destination"], "WORK_LEARN_BBL");
    assert_eq!(json["rows"][2]["label"], "Arbeid en leren (BBL)");
    assert_eq!(json["rows"][2]["percent"], "6.06");
    assert_eq!(json["as_of"], "2024-01-01");
    assert_eq!(json["completeness"]["dossiers"], 403);
}

#[test]
fn a_table_for_people_has_a_comma_in_dutch() {
    let outflow = of(&region(), Pro, "2016-2017");
    let rows = outflow.rows(Lang::Nl);
    assert_eq!(rows[0], ["Arbeid", "33", "25,00", "0", "0,00"]);
    assert_eq!(rows[10][..3], ["Totaal", "132", "100,00"]);
    assert!(rows.iter().all(|row| row.len() == outflow.headings(Lang::Nl).len()));
    assert!(outflow.notes(Lang::En).iter().any(|note| note.contains("97.66%")));
}

#[test]
fn who_left_twice_counts_once_with_the_latest() {
    let mut field = Field::default();
    let mut dossier = field.person();
    field.enrolment(&mut dossier, Pro, "2016-09-01", OutflowDestination::OtherVso);
    field.enrolment(&mut dossier, Vso, "2017-06-30", OutflowDestination::Work);
    field.keep(dossier);
    assert_eq!(of(&field, Pro, "2016-2017").total.count, 0);
    assert_eq!(of(&field, Vso, "2016-2017").total.count, 1);
    // As it stood in May they had left the pro school only.
    let parameters = Parameters { school_year: "2016-2017".parse().unwrap(), school_type: Some(Pro), school: None };
    let may = report(&field.view("2017-05-01"), &parameters).unwrap();
    assert_eq!((may.total.count, may.rows[6].count), (1, 1));
    assert_eq!(may.success_rate, None, "only an excluded destination: there is no rate");
}

#[test]
fn two_dossiers_of_one_trainee_are_one_person() {
    let mut field = Field::default();
    let mut first = field.person();
    let mut second = first.clone();
    field.enrolment(&mut first, Pro, "2016-09-01", OutflowDestination::None);
    field.enrolment(&mut second, Pro, "2017-06-30", OutflowDestination::Work);
    field.keep(first);
    field.keep(second);
    assert_eq!(of(&field, Pro, "2016-2017").total.count, 1);
    assert_eq!(of(&field, Pro, "2016-2017").rows[0].count, 1);
}

#[test]
fn what_is_missing_is_said_and_not_counted() {
    let mut field = Field::default();
    field.left(Pro, "2017-06-30", OutflowDestination::TrainingPath);
    let mut dossier = field.person();
    let enrolment = Enrolment { school_type: Some(Pro), left_on: Some(day("2017-06-30")), ..Enrolment::default() };
    dossier.enrolments.insert(EnrolmentId::from_bytes(field.id()), enrolment.clone());
    field.keep(dossier);
    let mut dossier = field.person();
    dossier.enrolments.insert(EnrolmentId::from_bytes(field.id()), Enrolment { school_type: None, ..enrolment });
    field.keep(dossier);
    let outflow = of(&field, Pro, "2016-2017");
    assert_eq!(outflow.total.count, 1);
    assert_eq!(outflow.rows.len(), 11, "a destination outside the published tables is shown once it is used");
    assert_eq!(outflow.head.remarks.list, [Remark::LeftWithoutDestination(1), Remark::LeftWithoutSchoolType(1)]);
}

#[test]
fn a_school_is_found_by_code_or_name_and_lends_its_type() {
    let mut field = Field::default();
    let school = School { name: Some("Oost ter Hout".into()), school_type: Some(Pro), ..School::default() };
    field.register.schools.insert("oost".into(), school);
    for written in ["oost", "Oost Ter Hout", "De Schakel"] {
        let mut dossier = field.person();
        let enrolment = Enrolment {
            school: Some(written.into()),
            left_on: Some(day("2017-06-30")),
            destination: Some(OutflowDestination::Work),
            ..Enrolment::default()
        };
        dossier.enrolments.insert(EnrolmentId::from_bytes(field.id()), enrolment);
        field.keep(dossier);
    }
    let count = |school: &str, school_type, year: &str| {
        let parameters = Parameters { school_year: year.parse().unwrap(), school_type, school: Some(school.into()) };
        report(&field.view("2024-01-01"), &parameters).map(|outflow| outflow.total.count)
    };
    assert_eq!(count("oost", None, "2016-2017"), Ok(2));
    assert_eq!(count("oost ter hout", Some(Pro), "2016-2017"), Ok(2));
    assert_eq!(count("de schakel", None, "2016-2017"), Ok(1), "a school that the register lacks is found by its name");
    assert_eq!(count("De Schakel", None, "2010-2011"), Ok(0), "a year without leavers is no mistake");
    assert_eq!(count("Schakel", None, "2016-2017"), Err(ReportError::UnknownSchool("Schakel".into())));
}

#[test]
fn an_empty_field_gives_zeros() {
    let outflow = of(&Field::default(), Mbo, "2020-2021");
    assert_eq!((outflow.rows.len(), outflow.total.count, outflow.total.percent.as_str()), (10, 0, "0.00"));
    assert_eq!(outflow.success_rate, None);
}

#[test]
fn any_field_agrees_with_a_naive_recount() {
    for seed in 0..60 {
        let mut chance = Chance(seed);
        let mut field = Field::default();
        for _ in 0..chance.below(80) {
            let mut dossier = field.person();
            for _ in 0..chance.below(4) {
                let enrolment = Enrolment {
                    school_type: Some(chance.one_of(SchoolType::ALL)),
                    left_on: chance.day(),
                    destination: chance.code(),
                    ..Enrolment::default()
                };
                dossier.enrolments.insert(EnrolmentId::from_bytes(field.id()), enrolment);
            }
            field.keep(dossier);
        }
        let as_of = day("2018-03-01").plus_days(chance.below(700) as i64);
        for year in ["2016-2017", "2017-2018", "2018-2019"] {
            for school_type in SchoolType::ALL {
                let outflow = report(
                    &field.view(&as_of.to_string()),
                    &Parameters { school_year: year.parse().unwrap(), school_type: Some(*school_type), school: None },
                )
                .unwrap();
                let first: i16 = year[..4].parse().unwrap();
                let (from, to) = (Day::new(first, 8, 1).unwrap(), Day::new(first + 1, 7, 31).unwrap().min(as_of));
                for row in &outflow.rows {
                    let mut naive = 0;
                    for (_, dossier) in &field.dossiers {
                        let mut ended: Vec<(Day, EnrolmentId)> = dossier
                            .enrolments
                            .iter()
                            .filter_map(|(id, one)| Some((one.left_on?, *id)))
                            .filter(|(left, _)| from <= *left && *left <= to)
                            .collect();
                        ended.sort();
                        if let Some((_, id)) = ended.last() {
                            let last = &dossier.enrolments[id];
                            naive +=
                                u64::from(last.school_type == Some(*school_type) && last.destination == Some(row.destination));
                        }
                    }
                    assert_eq!(row.count, naive, "seed {seed}, {year}, {school_type:?}, {}", row.label);
                }
                assert_eq!(outflow.rows.iter().map(|row| row.count).sum::<u64>(), outflow.total.count, "seed {seed}");
            }
        }
    }
}

#[test]
fn the_order_of_dossiers_changes_nothing() {
    let mut field = region();
    let before = serde_json::to_string(&of(&field, Vso, "2016-2017")).unwrap();
    field.dossiers.reverse();
    for (document, _) in &mut field.dossiers {
        *document = DocumentId::derived("other", document.as_bytes());
    }
    assert_eq!(serde_json::to_string(&of(&field, Vso, "2016-2017")).unwrap(), before);
}
