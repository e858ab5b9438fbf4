//! The published division of EUR 256,800 over seven schools, and what a lead municipality would try next.

use super::*;
use crate::funding::FundingSource;
use crate::report::ReportError;
use crate::report::sample::{Chance, Field, day};

/// School, type, cluster, pupils on 2018-10-01, exact share, published euros.
type Published = (&'static str, SchoolType, Option<i64>, i64, &'static str, i64);

const PUBLISHED: [Published; 7] = [
    ("Tender College", SchoolType::Pro, None, 138, "31250.7937", 31251),
    ("Kennemer Praktijkschool", SchoolType::Pro, None, 190, "43026.4550", 43026),
    ("Praktijkcollege De Schakel", SchoolType::Pro, None, 131, "29665.6085", 29666),
    ("Oost Ter Hout", SchoolType::Pro, None, 241, "54575.6614", 54575),
    ("Heliomare College", SchoolType::Vso, Some(3), 220, "49820.1058", 49820),
    ("Het Molenduin", SchoolType::Vso, Some(4), 120, "27174.6032", 27175),
    ("Prof. Dr. Gunningschool VSO", SchoolType::Vso, Some(4), 94, "21286.7725", 21287),
];

fn region() -> Field {
    let mut field = Field::default();
    let mut codes = Vec::new();
    for (name, school_type, cluster, count, ..) in PUBLISHED {
        let code = name.to_lowercase().replace(' ', "-");
        let school = School {
            name: Some(name.to_owned()),
            school_type: Some(school_type),
            cluster,
            headcounts: [(day("2018-10-01"), count)].into(),
            ..School::default()
        };
        field.register.schools.insert(code.clone(), school);
        codes.push(code);
    }
    let funding = FundingSource {
        name: Some("Impuls Baankansen".into()),
        amount_cents: Some(25_680_000),
        schools: Some(codes.join("|")),
        ..FundingSource::default()
    };
    field.register.funding.insert("impuls".into(), funding);
    field
}

fn of(field: &Field, funding: &str, on: &str) -> Result<Budget, ReportError> {
    report(&field.view("2024-01-01"), &Parameters { funding: funding.into(), reference_date: day(on), in_force_on: None })
}

fn refused(field: &Field, funding: &str, on: &str) -> BudgetError {
    match of(field, funding, on) {
        Err(ReportError::Budget(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_published_euro_comes_out() {
    let budget = of(&region(), "impuls", "2018-10-01").unwrap();
    for (row, (name, school_type, cluster, count, exact, euros)) in budget.rows.iter().zip(PUBLISHED) {
        assert_eq!((row.school.as_str(), row.school_type, row.cluster), (name, Some(school_type), cluster));
        assert_eq!((row.headcount, row.exact_share.as_str()), (count as u64, exact), "{name}");
        assert_eq!((row.allocated_cents, row.residual), (euros * 100, name == "Oost Ter Hout"), "{name}");
    }
    assert_eq!((budget.total_headcount, budget.total_cents, budget.residual_cents), (1134, 25_680_000, -100));
    assert!(budget.head.remarks.list.is_empty());
}

#[test]
fn the_keys_are_those_that_scripts_were_promised() {
    let json = serde_json::to_value(of(&region(), "Impuls Baankansen", "2018-10-01").unwrap()).unwrap();
    let row = &json["rows"][3];
    assert_eq!((&row["school"], &row["type"]), (&"Oost Ter Hout".into(), &"PRO".into()));
    assert_eq!((&row["headcount"], &row["exact_share"]), (&241.into(), &"54575.6614".into()));
    assert_eq!((&row["allocated_cents"], &row["residual"]), (&5_457_500.into(), &true.into()));
    assert_eq!(json["total_cents"], 25_680_000);
    for key in ["definition", "as_of", "known_on", "completeness"] {
        assert!(!json[key].is_null(), "{key}");
    }
}

#[test]
fn a_table_for_people_shows_the_residual() {
    let budget = of(&region(), "impuls", "2018-10-01").unwrap();
    let rows = budget.rows(Lang::Nl);
    assert_eq!(rows[3], ["4", "Oost Ter Hout", "PRO", "241", "21,25", "54575,6614", "54575,00", "-1,00"]);
    assert_eq!(rows[4][2], "VSO 3");
    assert_eq!(rows[7][6], "256800,00");
    assert!(rows.iter().all(|row| row.len() == budget.headings(Lang::Nl).len()));
}

#[test]
fn another_day_than_1_october_is_divided_with_a_warning() {
    let mut field = region();
    for school in field.register.schools.values_mut() {
        school.headcounts.insert(day("2019-01-15"), 10);
    }
    let budget = of(&field, "impuls", "2019-01-15").unwrap();
    assert_eq!(budget.head.remarks.list, [Remark::NotFirstOfOctober(day("2019-01-15"))]);
    // 256,800 over seven equal schools: 36,686 each is 2 too much; the first listed takes it.
    assert_eq!((budget.rows[0].allocated_cents, budget.rows[0].residual), (3_668_400, true));
    assert!(budget.rows[1..].iter().all(|row| row.allocated_cents == 3_668_600 && !row.residual));
}

#[test]
fn what_the_register_lacks_is_named_with_the_next_step() {
    let mut field = region();
    assert_eq!(refused(&field, "pow", "2018-10-01"), BudgetError::UnknownFunding("pow".into()));
    let missing = refused(&field, "impuls", "2017-10-01");
    for lang in [Lang::Nl, Lang::En] {
        let text = missing.message(lang);
        assert!(text.contains("tender-college") && text.contains("; ") && text.contains("--headcount 2017-10-01=N"), "{text}");
    }
    assert!(missing.to_string().contains("tender-college") && missing.to_string().contains("veldboek school edit"), "{missing}");

    let school = field.register.schools.get_mut("tender-college").unwrap();
    school.headcounts.insert(day("2018-10-01"), -1);
    assert!(matches!(refused(&field, "impuls", "2018-10-01"), BudgetError::NegativeHeadcount { count: -1, .. }));
    for school in field.register.schools.values_mut() {
        school.headcounts.insert(day("2018-10-01"), 0);
    }
    assert_eq!(refused(&field, "impuls", "2018-10-01"), BudgetError::NobodyThere(day("2018-10-01")));

    let funding = field.register.funding.get_mut("impuls").unwrap();
    funding.schools = Some("tender-college | nergens".into());
    assert!(
        matches!(refused(&field, "impuls", "2018-10-01"), BudgetError::UnknownSchools { schools, .. } if schools == ["nergens"])
    );
    let funding = field.register.funding.get_mut("impuls").unwrap();
    funding.schools = Some("tender-college|Tender College".into());
    assert!(matches!(refused(&field, "impuls", "2018-10-01"), BudgetError::SchoolTwice { .. }));
    field.register.funding.get_mut("impuls").unwrap().schools = None;
    assert_eq!(refused(&field, "impuls", "2018-10-01"), BudgetError::NoSchools("impuls".into()));
    field.register.funding.get_mut("impuls").unwrap().amount_cents = Some(0);
    assert_eq!(refused(&field, "impuls", "2018-10-01"), BudgetError::NoAmount("impuls".into()));
}

#[test]
fn the_rows_always_add_up_to_the_amount() {
    for seed in 0..500 {
        let mut chance = Chance(seed);
        let amount = 1 + chance.below(1_000_000_000) as i64;
        let mut counts: Vec<u64> = (0..=chance.below(12)).map(|_| chance.below(40)).collect();
        counts.push(1);
        let shares = allocate(amount, &counts).unwrap();
        assert_eq!(shares.cents.iter().sum::<i64>(), amount, "seed {seed}");
        let total: u64 = counts.iter().sum();
        let largest = counts.iter().position(|count| count == counts.iter().max().unwrap()).unwrap();
        for (index, (count, cents)) in counts.iter().zip(&shares.cents).enumerate() {
            let residual = if index == largest { shares.residual } else { 0 };
            let euros = i128::from(cents - residual) / 100;
            assert_eq!(i64::try_from(euros * 100).unwrap() + residual, *cents, "seed {seed}, school {index}: whole euros");
            // Half-up: at most half a euro above the exact share, and less than half a euro below it.
            let twice = 2 * i128::from(amount) * i128::from(*count);
            let step = 200 * i128::from(total);
            assert!(step * euros <= twice + step / 2 && twice + step / 2 < step * (euros + 1), "seed {seed}, school {index}");
        }
    }
}

#[test]
fn an_amount_is_divided_on_a_day_on_which_it_is_in_force() {
    let mut field = region();
    if let Some(source) = field.register.funding.get_mut("impuls") {
        (source.from, source.to) = (Some(day("2019-01-01")), Some(day("2019-12-31")));
    }
    let on = |as_of: &str| {
        let parameters =
            Parameters { funding: "impuls".into(), reference_date: day("2018-10-01"), in_force_on: Some(day(as_of)) };
        report(&field.view(as_of), &parameters)
    };
    assert_eq!(on("2019-12-31").unwrap().total_cents, 25_680_000);
    for as_of in ["2018-12-31", "2020-01-01"] {
        let Err(ReportError::Budget(error)) = on(as_of) else { panic!("{as_of}") };
        assert!(matches!(error, BudgetError::NotInForce { .. }), "{error}");
        assert!(error.message(Lang::Nl).contains("vanaf 2019-01-01 tot en met 2019-12-31"), "{}", error.message(Lang::Nl));
    }
    // Nobody asked for a day: next year's budget may be divided this year.
    assert_eq!(of(&field, "impuls", "2018-10-01").unwrap().total_cents, 25_680_000);
}

#[test]
fn pupils_of_a_day_to_come_are_not_counted_yet() {
    let field = region();
    let parameters = Parameters { funding: "impuls".into(), reference_date: day("2018-10-01"), in_force_on: None };
    assert_eq!(report(&field.view("2018-10-01"), &parameters).unwrap().total_headcount, 1134);
    let early = report(&field.view("2018-09-30"), &parameters).unwrap_err();
    let expected = BudgetError::NotCountedYet { reference_date: day("2018-10-01"), as_of: day("2018-09-30") };
    assert_eq!(early, ReportError::Budget(expected));
}
