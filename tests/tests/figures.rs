//! Figures that hold: the files that the demo leaves, imported by hand into an empty field book, give the published cells;
//! one changed row changes exactly the cells it should; and whoever counts the same files with SQL finds the same, also for
//! cohorts and definitions of success that nobody published.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params_from_iter};
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use veldboek::demo::compare::{self, Comparison, Verdict};
use veldboek::demo::{File, FileContent, Region, region};
use veldboek_tests::Dice;
use veldboek_tests::process::{Person, number, rows, text};

const SEED: u64 = 2023;

/// A coordinator with an empty field book, and the files of a region beside it.
struct Desk {
    folder: TempDir,
    region: Region,
    person: Person,
    as_of: String,
}

impl Desk {
    fn of(name: &str) -> Self {
        let (folder, region) = (tempdir().unwrap(), region(name).unwrap());
        let person = Person::at(folder.path().join("store"));
        let who = region.coordinator;
        person.does(&["init", "--coach", who.code, "--name", who.name, "--organisation", region.organisation, "--region", name]);
        let as_of = region.today.to_string();
        for file in region.files.iter().chain(&region.variants) {
            fs::write(folder.path().join(file.name), &file.bytes).unwrap();
        }
        Self { folder, region, person, as_of }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Imports a file in which nothing is wrong.
    #[track_caller]
    fn import(&self, file: &File) -> Value {
        let kind = match file.content {
            FileContent::Register => "register",
            FileContent::Rows(kind) => kind.name(),
        };
        let imported = self.person.does(&["import", kind, self.path(file.name).to_str().unwrap()]);
        assert_eq!(number(&imported, "rejected_rows"), 0, "{imported:#}");
        imported
    }

    fn import_all(&self) {
        for file in &self.region.files {
            assert!(number(&self.import(file), "changed_rows") > 0, "{}", file.name);
        }
    }

    fn file(&self, name: &str) -> File {
        self.region.files.iter().chain(&self.region.variants).find(|file| file.name == name).unwrap().clone()
    }

    fn report(&self, words: &[&str]) -> Value {
        self.person.does(&[["report"].as_slice(), words].concat())
    }

    fn outflow(&self, school_type: &str, school_year: &str) -> Value {
        self.report(&["outflow", "--school-type", school_type, "--school-year", school_year, "--as-of", &self.as_of])
    }

    fn monitor(&self, from: &str, to: &str) -> Value {
        self.report(&["monitor", "--from", from, "--to", to, "--as-of", &self.as_of])
    }

    fn changes(&self) -> u64 {
        number(&self.person.does(&["status"]), "changes")
    }
}

/// Every cell is the published one, but for those that are known to be otherwise.
#[track_caller]
fn as_published(comparison: &Comparison, (equal, misprints, ambiguous): (usize, usize, usize)) {
    let count = |verdict| comparison.count(verdict);
    let differs: Vec<_> = comparison.cells.iter().filter(|cell| cell.verdict == Verdict::Differs).collect();
    assert!(differs.is_empty(), "{}: {differs:#?}", comparison.name);
    let found = (count(Verdict::Equal), count(Verdict::Misprint), count(Verdict::Ambiguous));
    assert_eq!(found, (equal, misprints, ambiguous), "{}", comparison.name);
}

/// A CSV file as header and rows.
struct Sheet {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { header, rows }
    }

    fn write(&self, path: &Path) {
        let mut writer = csv::Writer::from_path(path).unwrap();
        writer.write_record(&self.header).unwrap();
        self.rows.iter().for_each(|row| writer.write_record(row).unwrap());
        writer.flush().unwrap();
    }

    fn column(&self, name: &str) -> usize {
        self.header.iter().position(|column| column == name).unwrap()
    }

    /// Changes one cell of the first row of which this is true.
    fn change(&mut self, wanted: impl Fn(&dyn Fn(&str) -> String) -> bool, column: &str, value: &str) {
        let header = self.header.clone();
        let row = self.rows.iter_mut().find(|row| {
            let cell = |name: &str| row[header.iter().position(|column| column == name).unwrap()].clone();
            wanted(&cell)
        });
        let at = header.iter().position(|name| name == column).unwrap();
        row.unwrap()[at] = value.to_owned();
    }

    /// The rows as a table of texts.
    fn into_sql(self, sql: &Connection, table: &str) {
        let columns: Vec<String> = self.header.iter().map(|name| format!("\"{name}\" text")).collect();
        sql.execute(&format!("create table if not exists {table} ({})", columns.join(", ")), []).unwrap();
        let marks = vec!["?"; columns.len()].join(", ");
        sql.execute_batch("begin").unwrap();
        for row in self.rows {
            sql.execute(&format!("insert into {table} values ({marks})"), params_from_iter(row)).unwrap();
        }
        sql.execute_batch("commit").unwrap();
    }
}

/// The cells of a report by name, without what it says of itself.
fn cells(report: &Value) -> BTreeMap<String, Value> {
    fn walk(value: &Value, path: &str, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}"), into)),
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    let name = ["destination", "programme", "metric"].iter().find_map(|key| value[*key].as_str());
                    walk(value, &format!("{path}/{}", name.map_or(index.to_string(), str::to_owned)), into);
                }
            }
            cell => {
                into.insert(path.to_owned(), cell.clone());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(report, "", &mut all);
    all.retain(|path, _| !path.starts_with("/completeness"));
    all
}

/// The names of cells that are not what they were.
fn changed(before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (cells(before), cells(after));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    after.iter().filter(|(path, value)| before[*path] != **value).map(|(path, _)| path.clone()).collect()
}

/// Half-up to two decimals.
fn percent(count: i64, total: i64) -> String {
    if total == 0 {
        return "0.00".to_owned();
    }
    let hundredths = (2 * count * 10_000 + total) / (2 * total);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn count(sql: &Connection, query: &str) -> i64 {
    sql.query_row(query, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{error}: {query}"))
}

/// Each destination of a cohort counted with SQL, beside the report.
#[track_caller]
fn counted_outflow(sql: &Connection, report: &Value, school_type: &str, school_year: &str) -> i64 {
    let (first, last) = (&school_year[..4], &school_year[5..]);
    let who = format!(
        "select count(distinct reference) from leavers where school_type = '{school_type}' and left_on between '{first}-08-01' and '{last}-07-31'"
    );
    let total = count(sql, &who);
    assert_eq!(report["total"]["count"].as_i64(), Some(total), "{school_type} {school_year}");
    let mut seen = 0;
    for row in rows(report) {
        let counted = count(sql, &format!("{who} and destination = '{}'", text(row, "destination")));
        assert_eq!(row["count"].as_i64(), Some(counted), "{school_type} {school_year} {row}");
        assert_eq!(text(row, "percent"), percent(counted, total), "{school_type} {school_year} {row}");
        seen += counted;
    }
    assert_eq!(seen, total, "no destination is left out");
    let rate = |list: &str| count(sql, &format!("{who} and destination in ({list})"));
    let success = rate("'WORK', 'SHELTERED_WORK', 'WORK_LEARN_BBL', 'LEARN_BOL', 'VMBO', 'DAY_ACTIVITY', 'TRAINING_PATH'");
    let judged = success + rate("'NONE', 'UNKNOWN'");
    let expected = (judged > 0).then(|| percent(success, judged));
    assert_eq!(report["success_rate"].as_str().map(str::to_owned), expected, "{school_type} {school_year}");
    total
}

#[test]
fn the_leavers_imported_by_hand_give_the_published_outflow_and_budget() {
    let desk = Desk::of("zuid-kennemerland-ijmond");
    desk.import_all();
    let published: Vec<Value> = desk.region.outflow.iter().map(|(kind, year)| desk.outflow(kind, year)).collect();
    for (report, misprints) in published.iter().zip([0, 0, 1]) {
        as_published(&compare::outflow(report), (22 - misprints, misprints, 0));
    }
    let (funding, days) = desk.region.budget.unwrap();
    let budget = |day: &str| desk.report(&["budget", "--funding", funding, "--reference-date", day]);
    let budgets: Vec<Value> = days.iter().map(|day| budget(&day.to_string())).collect();
    as_published(&compare::budget(&budgets), (32, 0, 0));
    let last = budgets.last().unwrap();
    assert_eq!(last["total_cents"], 25_680_000, "to the euro");

    // SQL over the same files finds the same.
    let sql = Connection::open_in_memory().unwrap();
    let files: Vec<File> = desk.region.files.iter().filter(|file| file.name.starts_with("leavers")).cloned().collect();
    for file in &files {
        Sheet::read(&desk.path(file.name)).into_sql(&sql, "leavers");
    }
    for (report, (kind, year)) in published.iter().zip(desk.region.outflow) {
        assert!(counted_outflow(&sql, report, kind, year) > 100);
    }

    // The same file again changes nothing, not even the number of changes.
    let before = desk.changes();
    for file in &desk.region.files {
        let again = desk.import(file);
        assert_eq!(number(&again, "changed_rows"), 0, "{again:#}");
    }
    assert_eq!(desk.changes(), before);

    // One row changed: exactly its cells.
    let name = "leavers-vso-2016-2017.csv";
    let mut sheet = Sheet::read(&desk.path(name));
    sheet.change(|cell| cell("destination") == "WORK", "destination", "NONE");
    sheet.write(&desk.path(name));
    let imported = desk.import(&desk.file(name));
    assert_eq!((number(&imported, "changed_rows"), number(&imported, "new_dossiers")), (1, 0));
    assert_eq!(desk.changes(), before + 1);
    for (before, (kind, year)) in published.iter().zip(desk.region.outflow) {
        let after = desk.outflow(kind, year);
        let expected: &[&str] = match *kind {
            "VSO" => &["/rows/NONE/count", "/rows/NONE/percent", "/rows/WORK/count", "/rows/WORK/percent", "/success_rate"],
            _ => &[],
        };
        assert_eq!(changed(before, &after), expected, "{kind} {year}");
    }
    let after = cells(&desk.outflow("VSO", "2016-2017"));
    assert_eq!((&after["/rows/WORK/count"], &after["/rows/WORK/percent"]), (&Value::from(14), &Value::from("9.66")));
    for (before, day) in budgets.iter().zip(days) {
        assert_eq!(changed(before, &budget(&day.to_string())), [""; 0]);
    }
}

#[test]
fn leavers_of_any_cohort_are_counted_as_sql_counts_them() {
    println!("seed {SEED}");
    let mut dice = Dice::new(SEED);
    let desk = Desk::of("zuid-kennemerland-ijmond");
    desk.import(&desk.file("register.toml"));
    const DESTINATIONS: [&str; 13] = [
        "WORK",
        "SHELTERED_WORK",
        "WORK_LEARN_BBL",
        "LEARN_BOL",
        "VMBO",
        "OTHER_PRO",
        "OTHER_VSO",
        "DAY_ACTIVITY",
        "NONE",
        "UNKNOWN",
        "TRAINING_PATH",
        "MOVED_ABROAD",
        "OTHER",
    ];
    let sql = Connection::open_in_memory().unwrap();
    for name in ["leavers-pro-2016-2017.csv", "leavers-vso-2016-2017.csv"] {
        let mut sheet = Sheet::read(&desk.path(name));
        let (left, destination) = (sheet.column("left_on"), sheet.column("destination"));
        for row in &mut sheet.rows {
            let (year, month, day) = (2014 + dice.below(4), 1 + dice.below(12), 1 + dice.below(28));
            row[left] = format!("{year}-{month:02}-{day:02}");
            row[destination] = DESTINATIONS[dice.below(13) as usize].to_owned();
        }
        // The edges of a school year.
        for (row, day) in sheet.rows.iter_mut().zip(["2015-07-31", "2015-08-01", "2016-07-31", "2016-08-01"]) {
            row[left] = day.to_owned();
        }
        sheet.write(&desk.path(name));
        desk.import(&desk.file(name));
        sheet.into_sql(&sql, "leavers");
    }
    let mut total = 0;
    for first in 2013..=2017 {
        for kind in ["PRO", "VSO"] {
            let year = format!("{first}-{}", first + 1);
            total += counted_outflow(&sql, &desk.outflow(kind, &year), kind, &year);
        }
    }
    assert_eq!(total, count(&sql, "select count(*) from leavers"));
}

/// What each definition counts as placed, in SQL.
const DEFINITIONS: [(&str, &str, &str); 4] = [
    ("PAID_WORK", "placement_type in ('PAID_JOB', 'LEARNING_JOB', 'SECONDMENT')", "placement_start"),
    (
        "WORK_OR_EDUCATION",
        "placement_type in ('PAID_JOB', 'LEARNING_JOB', 'SECONDMENT', 'SHELTERED', 'EDUCATION')",
        "placement_start",
    ),
    (
        "WORK_EDUCATION_DAY",
        "placement_type in ('PAID_JOB', 'LEARNING_JOB', 'SECONDMENT', 'SHELTERED', 'EDUCATION', 'DAY_ACTIVITY', 'WORK_EXPERIENCE')",
        "placement_start",
    ),
    (
        "SECTOR_COUNCIL",
        "outflow_destination in ('WORK', 'SHELTERED_WORK', 'WORK_LEARN_BBL', 'LEARN_BOL', 'VMBO', 'DAY_ACTIVITY', 'TRAINING_PATH')",
        "outflow_date",
    ),
];

/// Each programme's own row counted with SQL, beside the report, under one definition of success for all.
#[track_caller]
fn counted_monitor(sql: &Connection, report: &Value, (from, to): (&str, &str), (definition, placed, on): (&str, &str, &str)) {
    let within = format!("between '{from}' and '{to}'");
    let mut placed_at_all = 0;
    for row in rows(report) {
        assert_eq!(text(row, "success_definition"), definition, "{row}");
        let parts: Vec<String> =
            row["parts"].as_array().unwrap().iter().map(|part| format!("'{}'", part.as_str().unwrap())).collect();
        let programmes = [vec![format!("'{}'", text(row, "programme"))], parts].concat().join(", ");
        for (key, condition) in [
            ("started", format!("agreement_date {within}")),
            ("training_completed", format!("training_result in ('PASSED', 'COMPLETED') and training_end {within}")),
            ("placed", format!("{placed} and {on} {within}")),
        ] {
            let where_ = format!("from participants where programme in ({programmes}) and {condition}");
            let (trajectories, persons) = (
                count(sql, &format!("select count(*) {where_}")),
                count(sql, &format!("select count(distinct reference) {where_}")),
            );
            assert_eq!(row[key].as_i64(), Some(trajectories), "{definition} {from} {to} {key}: {row:#}");
            assert_eq!(row[format!("{key}_persons")].as_i64(), Some(persons), "{definition} {from} {to} {key}: {row:#}");
            if key == "placed" {
                placed_at_all += trajectories;
            }
        }
    }
    assert!(placed_at_all > 0, "{definition} {from} {to}: a comparison of nothing");
}

#[test]
fn the_participants_imported_by_hand_give_the_published_monitor() {
    let desk = Desk::of("gooi-en-vechtstreek");
    desk.import_all();
    let (period, umbrella) = desk.region.monitor.unwrap();
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let before = desk.monitor(&from, &to);
    as_published(&compare::monitor(&before, umbrella), (36, 0, 9));
    for row in rows(&before) {
        let judged = row["targets"].as_array().unwrap().iter().any(|target| target["pace"].is_string());
        assert_eq!(judged, text(row, "programme") == umbrella, "pace only under the umbrella: {row:#}");
    }
    let sql = Connection::open_in_memory().unwrap();
    Sheet::read(&desk.path("participants.csv")).into_sql(&sql, "participants");
    counted_monitor(&sql, &before, (&from, &to), DEFINITIONS[0]);
    for (from, to) in [("2021-01-01", "2021-12-31"), ("2022-10-01", "2022-12-31"), ("2020-05-17", "2022-02-28")] {
        counted_monitor(&sql, &desk.monitor(from, to), (from, to), DEFINITIONS[0]);
    }

    let name = "participants.csv";
    let mut sheet = Sheet::read(&desk.path(name));
    let wanted = |cell: &dyn Fn(&str) -> String| {
        cell("programme") == "zorgstart" && cell("placement_type") == "PAID_JOB" && cell("end_date").is_empty()
    };
    sheet.change(wanted, "placement_type", "INTERNSHIP_EXTERNAL");
    sheet.write(&desk.path(name));
    let imported = desk.import(&desk.file(name));
    assert_eq!((number(&imported, "changed_rows"), number(&imported, "new_dossiers")), (1, 0));
    let after = desk.monitor(&from, &to);
    let mut expected = Vec::new();
    for row in ["/rows/werken-aan-werk", "/rows/zorgstart", "/total"] {
        for cell in ["placed", "placed_percent", "placed_percent_of_completed", "placed_persons"] {
            expected.push(format!("{row}/{cell}"));
        }
    }
    for cell in ["percent", "realised"] {
        expected.push(format!("/rows/werken-aan-werk/targets/PLACED/{cell}"));
    }
    expected.sort();
    assert_eq!(changed(&before, &after), expected);
    let (before, after) = (cells(&before), cells(&after));
    for path in expected.iter().filter(|path| path.ends_with("/placed") || path.ends_with("/realised")) {
        assert_eq!(after[path].as_i64().unwrap(), before[path].as_i64().unwrap() - 1, "{path}");
    }
}

#[test]
fn participants_are_counted_as_sql_counts_them_under_every_definition_of_success() {
    println!("seed {SEED}");
    let mut dice = Dice::new(SEED);
    let desk = Desk::of("gooi-en-vechtstreek");
    let name = "participants.csv";
    let mut sheet = Sheet::read(&desk.path(name));
    sheet.rows.truncate(250);
    let columns = ["placement_type", "training_result", "outflow_destination"].map(|name| sheet.column(name));
    const VALUES: [&[&str]; 3] = [
        &[
            "INTERNSHIP_INTERNAL",
            "INTERNSHIP_EXTERNAL",
            "WORK_EXPERIENCE",
            "STEP_UP_JOB",
            "TRIAL",
            "PAID_JOB",
            "LEARNING_JOB",
            "SHELTERED",
            "SECONDMENT",
            "EDUCATION",
            "DAY_ACTIVITY",
        ],
        &["COMPLETED", "PASSED", "STOPPED"],
        &["WORK", "LEARN_BOL", "DAY_ACTIVITY", "NONE", "UNKNOWN", "OTHER"],
    ];
    for row in &mut sheet.rows {
        for (column, values) in columns.iter().zip(VALUES) {
            if !row[*column].is_empty() && row[*column] != "RUNNING" {
                row[*column] = values[dice.below(values.len() as u64) as usize].to_owned();
            }
        }
    }
    sheet.write(&desk.path(name));
    let register = fs::read_to_string(desk.path("register.toml")).unwrap();
    desk.import_all();
    let sql = Connection::open_in_memory().unwrap();
    sheet.into_sql(&sql, "participants");
    for definition in DEFINITIONS {
        let text = register.replace("success_definition = \"PAID_WORK\"", &format!("success_definition = \"{}\"", definition.0));
        fs::write(desk.path("register.toml"), text).unwrap();
        desk.import(&desk.file("register.toml"));
        for (from, to) in [("2020-01-01", "2023-03-31"), ("2022-01-01", "2022-12-31")] {
            counted_monitor(&sql, &desk.monitor(from, to), (from, to), definition);
        }
    }
}
