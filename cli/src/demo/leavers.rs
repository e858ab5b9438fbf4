//! Pupils who left: one invented person for each one counted in the published outflow tables.

use veldboek_core::clock::{Day, SchoolYear};

use super::people::{Dice, GIVEN_NAMES};
use super::published::{self, number, text};
use super::write_csv;

const HEADER: &[&str] = &[
    "reference",
    "given_name",
    "birth_date",
    "municipality",
    "school",
    "school_type",
    "cluster",
    "outflow_profile",
    "left_on",
    "destination",
    "income_situation",
];

const PRO: &[(&str, &str)] =
    &[("Tender College", ""), ("Kennemer Praktijkschool", ""), ("Praktijkcollege De Schakel", ""), ("Oost Ter Hout", "")];
const VSO: &[(&str, &str)] = &[("Heliomare College", "3"), ("Het Molenduin", "4"), ("Prof. Dr. Gunningschool VSO", "4")];

const MUNICIPALITIES: &[&str] = &["GM0375", "GM0377", "GM0392", "GM0396", "GM0397", "GM0453", "GM0473"];

/// The file of one published table.
pub(super) fn file(school_type: &str, school_year: &str, seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let period = school_year.parse::<SchoolYear>().ok().map(SchoolYear::period);
    let lines = published::outflow();
    for line in lines.iter().filter(|line| {
        text(line, "school_type") == school_type
            && text(line, "school_year") == school_year
            && text(line, "destination_code") != "TOTAL"
    }) {
        for _ in 0..number(line, "count").unwrap_or_default() {
            if let Some(period) = period {
                rows.push(pupil(&mut dice, school_type, text(line, "destination_code"), period.from, period.to));
            }
        }
    }
    dice.shuffle(&mut rows);
    let prefix = format!("{}{}", &school_type[..1], school_year.get(7..).unwrap_or_default());
    for (number, row) in rows.iter_mut().enumerate() {
        row[0] = format!("{prefix}-{:04}", number + 1);
    }
    write_csv(HEADER, &rows)
}

fn pupil(dice: &mut Dice, school_type: &str, destination: &str, from: Day, to: Day) -> Vec<String> {
    let schools = if school_type == "PRO" { PRO } else { VSO };
    let index = usize::try_from(dice.between(0, schools.len() as i64 - 1)).unwrap_or_default();
    let (school, cluster) = schools.get(index).copied().unwrap_or_default();
    // Most leave in the last weeks of the school year, some in between.
    let left_on =
        if dice.happens(80) { dice.day(to.plus_days(-40), to.plus_days(-10)) } else { dice.day(from.plus_days(14), to) };
    let born = left_on.plus_months(-12 * dice.between(16, 19)).plus_days(-dice.between(1, 360));
    let profile = match (school_type, destination) {
        ("PRO", _) => "",
        (_, "WORK" | "SHELTERED_WORK" | "WORK_LEARN_BBL") => "LABOUR",
        (_, "DAY_ACTIVITY") => "DAY_ACTIVITY",
        (_, "LEARN_BOL" | "VMBO" | "OTHER_PRO" | "OTHER_VSO") => "FURTHER_EDUCATION",
        _ => "UNKNOWN",
    };
    let income = match destination {
        "WORK" | "WORK_LEARN_BBL" => "WORK_ONLY",
        "SHELTERED_WORK" => "WORK_AND_BENEFIT",
        "LEARN_BOL" | "VMBO" | "OTHER_PRO" | "OTHER_VSO" => "EDUCATION",
        "DAY_ACTIVITY" => "BENEFIT_ONLY",
        "NONE" => "NEITHER",
        _ => "UNKNOWN",
    };
    vec![
        String::new(),
        dice.pick(GIVEN_NAMES).to_owned(),
        born.to_string(),
        dice.pick(MUNICIPALITIES).to_owned(),
        school.to_owned(),
        school_type.to_owned(),
        cluster.to_owned(),
        profile.to_owned(),
        left_on.to_string(),
        destination.to_owned(),
        income.to_owned(),
    ]
}
