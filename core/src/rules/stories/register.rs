//! The region's register: V22 to V24, and codes that name one thing.

use super::*;
use crate::funding::FundingSource;
use crate::organisation::{Employer, School, slug};
use crate::programme::{Observation, Programme, Target};

fn programme(name: &str) -> Programme {
    Programme { name: text(name), success_definition: Some(SuccessDefinition::PaidWork), ..Programme::default() }
}

#[test]
fn only_a_coordinator_keeps_the_register_and_a_code_is_given_once() {
    let mut story = Story::begin();
    let broken = story.region("anna", |register, by| register.add_programme(by, "talent", programme("Talent"))).unwrap_err();
    assert_eq!(broken, RuleBroken::CoordinatorOnly);
    story.region("carla", |register, by| register.add_programme(by, "talent", programme("Talent"))).unwrap();
    let broken = story.region("carla", |register, by| register.add_programme(by, "talent", programme("Talent"))).unwrap_err();
    assert_eq!(broken, RuleBroken::Exists { code: "talent".into() });
    let broken = story.region("carla", |register, by| register.edit_programme(by, "talant", programme("Talent"))).unwrap_err();
    assert_eq!(broken, RuleBroken::Unknown { name: "talant".into() });
}

#[test]
fn a_programme_is_no_part_of_itself_and_inherits_from_its_umbrella() {
    let mut story = Story::begin();
    let umbrella = Programme { visit_interval_days: Some(28), ..programme("Werken aan Werk") };
    story.region("carla", |register, by| register.add_programme(by, "waw", umbrella)).unwrap();
    let part = Programme { part_of: text("waw"), ..programme("Talent") };
    story.region("carla", |register, by| register.add_programme(by, "talent", part)).unwrap();
    assert_eq!((story.register.visit_interval_days("talent"), story.register.visit_interval_days("other")), (28, 42));
    let circle = Programme { part_of: text("talent"), ..programme("Werken aan Werk") };
    let broken = story.region("carla", |register, by| register.edit_programme(by, "waw", circle)).unwrap_err();
    assert_eq!(broken, RuleBroken::PartOfItself);
}

#[test]
fn v22_a_target_says_how_many_by_when_and_how_it_is_measured() {
    let mut story = Story::begin();
    let target = Target {
        programme: text("waw"),
        metric: Some(TargetMetric::Placed),
        unit: Some(TargetUnit::Persons),
        value: Some(500),
        due: Some(day("2023-12-31")),
        method: text("Geteld in Veldboek"),
        ..Target::default()
    };
    let vague = Target { value: Some(0), method: text(" "), ..target.clone() };
    let broken = story.region("carla", |register, by| register.add_target(by, vague)).unwrap_err();
    assert!(matches!(&broken, RuleBroken::TargetIncomplete { missing } if missing.len() == 2), "{broken}");
    let plan = story.region("carla", |register, by| register.add_target(by, target)).unwrap();
    assert_eq!(plan.warnings, [Warning::NotInRegister { name: "waw".into() }]);
    let figure =
        Observation { programme: text("waw"), metric: text("werkgevers bereikt"), value: Some(12), ..Observation::default() };
    assert!(
        story.region("carla", |register, by| register.add_observation(by, figure)).is_err(),
        "a figure has a source and a day"
    );
}

#[test]
fn v23_the_rows_of_a_budget_add_up() {
    let funding = FundingSource { amount_cents: Some(25_680_000), schools: text("02VP | 14AB|"), ..FundingSource::default() };
    assert_eq!(funding.check_allocation(&[25_000_000, 680_000]), Ok(()));
    assert_eq!(funding.check_allocation(&[25_000_000]).unwrap_err().rule(), Some("V23"));
    assert_eq!(funding.school_codes().collect::<Vec<_>>(), ["02VP", "14AB"]);
}

#[test]
fn a_telephone_number_that_is_none_is_stopped_at_entry_for_trainees_and_employers() {
    let (mut story, _) = Story::with_wim();
    for phone in ["niet bekend", "06-1234567", "123456789"] {
        let edited = Trainee { contact_phone: text(phone), ..story.dossier.trainee.clone() };
        let broken = story.coach("anna", |dossier, by| dossier.edit_trainee(by, edited)).unwrap_err();
        assert!(broken.message(Lang::Nl).contains("06-12345678"), "{broken}");
        let anew = Trainee { reference: text("WF-2025-0143"), contact_phone: text(phone), ..Trainee::default() };
        assert!(story.coach("anna", |dossier, by| dossier.add_trainee(by, anew)).is_err(), "{phone}");
        let employer = Employer { name: text("Tuincentrum De Linde"), phone: text(phone), ..Employer::default() };
        assert!(story.region("carla", |register, by| register.add_employer(by, "linde", employer)).is_err(), "{phone}");
    }
    let edited = Trainee { contact_phone: text("+31 6 12345678"), ..story.dossier.trainee.clone() };
    story.coach("anna", |dossier, by| dossier.edit_trainee(by, edited)).unwrap();
    let emptied = Trainee { contact_phone: None, ..story.dossier.trainee.clone() };
    story.coach("anna", |dossier, by| dossier.edit_trainee(by, emptied)).unwrap();
}

#[test]
fn v24_pupils_are_counted_on_the_first_of_october() {
    let mut story = Story::begin();
    let school = School { name: text("De Linde"), school_type: Some(SchoolType::Pro), brin: text("linde"), ..School::default() };
    let plan = story.region("carla", |register, by| register.add_school(by, "linde", school)).unwrap();
    assert_eq!(plan.warnings, [Warning::UnusualBrin { brin: "linde".into() }]);
    let counts = [(day("2017-10-01"), 210), (day("2018-09-30"), 200)].into();
    let plan = story.region("carla", |register, by| register.add_headcounts(by, "linde", &counts)).unwrap();
    assert_eq!(plan.warnings, [Warning::UnusualReferenceDate { day: day("2018-09-30") }]);
    let negative = [(day("2019-10-01"), -1)].into();
    assert!(story.region("carla", |register, by| register.add_headcounts(by, "linde", &negative)).is_err());
}

#[test]
fn a_kvk_number_has_eight_digits_and_names_one_employer() {
    let mut story = Story::begin();
    let employer = |kvk: &str| Employer { name: text("Tuincentrum De Linde"), kvk: text(kvk), ..Employer::default() };
    let code = slug("Tuincentrum De Linde");
    assert_eq!(code, "tuincentrum-de-linde");
    assert!(story.region("carla", |register, by| register.add_employer(by, &code, employer("1234567"))).is_err());
    story.region("carla", |register, by| register.add_employer(by, &code, employer("12345678"))).unwrap();
    let broken = story.region("carla", |register, by| register.add_employer(by, "linde-2", employer("12345678"))).unwrap_err();
    assert!(matches!(broken, RuleBroken::Taken { by, .. } if by == code));
}
