//! The files of the demo, imported and reported, give the published figures; so do their rows, counted by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use veldboek_core::clock::{Day, Period, SchoolYear};
use veldboek_core::dossier::Dossier;
use veldboek_core::ids::{DocumentId, TraineeId};
use veldboek_core::import::{Existing, FileKind, ImportPlan, Setting, TraineeKey, plan, register, trainees};
use veldboek_core::record::{Code, Container, Content, Lang, Scalar, Write};
use veldboek_core::register::Register;
use veldboek_core::report::{Completeness, View, budget, monitor, outflow};

use super::compare::{self, Comparison, Verdict};
use super::{File, FileContent, Region, region};
use crate::tables::{read_csv, read_register};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn apply(content: &mut Content, writes: &[Write]) {
    for write in writes {
        let entry = content.entry(write.container).or_default().entry(write.entry.clone()).or_default();
        entry.insert(write.key.clone(), write.value.clone());
    }
}

/// A coordinator's field book, without documents.
struct Book {
    region: Region,
    register: Content,
    dossiers: BTreeMap<TraineeKey, Existing>,
    imports: u8,
}

impl Book {
    fn of(name: &str) -> Self {
        let region = region(name).unwrap();
        let files = region.files.clone();
        let mut book = Self { region, register: Content::new(), dossiers: BTreeMap::new(), imports: 0 };
        for file in &files {
            assert!(book.import(file) > 0, "{}", file.name);
        }
        book
    }

    /// Imports a file and says how many cells it wrote.
    fn import(&mut self, file: &File) -> usize {
        match file.content {
            FileContent::Register => {
                let rows = read_register(&file.bytes).unwrap().rows;
                let plan = register::plan(&rows, &self.register, self.region.today);
                assert_eq!(plan.rejected, [], "{}", file.name);
                assert_eq!(plan.notes, [], "{}", file.name);
                apply(&mut self.register, &plan.writes);
                plan.writes.len()
            }
            FileContent::Rows(kind) => {
                let plan = self.rows(kind, &file.bytes);
                assert_eq!(plan.rejected, [], "{}", file.name);
                assert_eq!(plan.notes, [], "{}", file.name);
                plan.trainees.iter().map(|trainee| trainee.writes.len()).sum()
            }
        }
    }

    fn rows(&mut self, kind: FileKind, bytes: &[u8]) -> ImportPlan {
        self.imports += 1;
        let sheet = read_csv(bytes, kind, false).unwrap();
        assert_eq!(sheet.rejected, []);
        let register = Register::read(&self.register);
        let setting = Setting {
            organisation: self.region.organisation,
            today: self.region.today,
            register: &register,
            salt: [self.imports; 16],
        };
        let wanted = trainees(&sheet.rows, setting);
        let existing: BTreeMap<_, _> = self
            .dossiers
            .iter()
            .filter(|(key, _)| wanted.contains(key))
            .map(|(key, known)| (key.clone(), known.clone()))
            .collect();
        let plan = plan(kind, &sheet.rows, &existing, setting);
        for trainee in &plan.trainees {
            let key = (trainee.organisation.clone(), trainee.reference.clone());
            let document = DocumentId::derived("test", trainee.reference.as_bytes());
            let known = self.dossiers.entry(key).or_insert_with(|| {
                let id = TraineeId::derived("test", trainee.reference.as_bytes());
                let write = Write {
                    container: Container::Trainee,
                    entry: String::new(),
                    key: "id".into(),
                    value: Scalar::Bytes(id.as_bytes().to_vec()),
                };
                let mut content = Content::new();
                apply(&mut content, &[write]);
                Existing { document, content }
            });
            apply(&mut known.content, &trainee.writes);
        }
        plan
    }

    fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        let dossiers: Vec<(DocumentId, Arc<Dossier>)> =
            self.dossiers.values().map(|known| (known.document, Arc::new(Dossier::read(&known.content)))).collect();
        let (register, completeness) = (Register::read(&self.register), Completeness::default());
        let today = self.region.today;
        look(&View {
            dossiers: &dossiers,
            register: &register,
            as_of: today,
            known_on: today,
            lang: Lang::Nl,
            completeness: &completeness,
        })
    }

    fn outflow(&self, school_type: &str, school_year: &str) -> Value {
        let school_year: SchoolYear = school_year.parse().unwrap();
        let school_type = Code::from_code(school_type);
        let parameters = outflow::Parameters { school_year, school_type, school: None };
        self.view(|view| serde_json::to_value(outflow::report(view, &parameters).unwrap()).unwrap())
    }

    fn monitor(&self, period: Period, programme: Option<&str>) -> Value {
        let parameters = monitor::Parameters { period, programme: programme.map(str::to_owned) };
        self.view(|view| serde_json::to_value(monitor::report(view, &parameters).unwrap()).unwrap())
    }
}

fn only_these(comparison: &Comparison, expected: (usize, usize, usize, usize)) {
    let count = |verdict| comparison.count(verdict);
    let found = (count(Verdict::Equal), count(Verdict::Misprint), count(Verdict::Ambiguous), count(Verdict::Differs));
    let odd: Vec<_> = comparison.cells.iter().filter(|cell| cell.verdict != Verdict::Equal).collect();
    assert_eq!(found, expected, "{}: {odd:#?}", comparison.name);
}

#[test]
fn the_outflow_tables_and_the_budget_come_out_to_the_cell() {
    let book = Book::of("zuid-kennemerland-ijmond");
    for ((school_type, school_year), misprints) in book.region.outflow.iter().zip([0, 0, 1]) {
        let comparison = compare::outflow(&book.outflow(school_type, school_year));
        only_these(&comparison, (22 - misprints, misprints, 0, 0));
    }
    let (funding, days) = book.region.budget.unwrap();
    let reports: Vec<Value> = days
        .iter()
        .map(|reference_date| {
            let parameters =
                budget::Parameters { funding: funding.to_owned(), reference_date: *reference_date, in_force_on: None };
            book.view(|view| serde_json::to_value(budget::report(view, &parameters).unwrap()).unwrap())
        })
        .collect();
    only_these(&compare::budget(&reports), (32, 0, 0, 0));
}

#[test]
fn the_monitor_comes_out_in_both_readings_and_pace_under_the_umbrella_only() {
    let mut book = Book::of("gooi-en-vechtstreek");
    let (period, umbrella) = book.region.monitor.unwrap();
    let comparison = compare::monitor(&book.monitor(period, None), umbrella);
    // 5 projects of 6 cells, the youth specialist of 3, 3 targets; blocks A and B of 3 and 6 cells.
    only_these(&comparison, (36, 0, 9, 0));
    let line = compare::last_line(&[comparison], 100, 0);
    assert_eq!(line, "45 published cells compared: 36 equal, 0 misprints, 9 ambiguous; 100 changes, 0 lost");

    let of = |report: &Value, code: &str| {
        report["rows"].as_array().unwrap().iter().find(|row| row["programme"] == code).unwrap().clone()
    };
    let reading_2 = of(&book.monitor(period, Some(umbrella)), umbrella);
    assert_eq!((&reading_2["started"], &reading_2["placed"]), (&Value::from(597 + 82 + 115), &Value::from(253 + 19 + 65)));
    assert!(reading_2["started_persons"].as_u64() < reading_2["started"].as_u64(), "some came back for a second programme");
    assert_eq!(reading_2["targets"].as_array().unwrap().len(), 3, "one version of each target holds");
    assert!(reading_2["targets"][0]["pace"].is_string());

    let variant = book.region.variants[0].clone();
    assert_eq!(book.import(&variant), 6, "three programmes hang elsewhere: three cells, and three memories of them");
    let reading_1 = of(&book.monitor(period, Some(umbrella)), umbrella);
    assert_eq!((&reading_1["started"], &reading_1["placed"]), (&Value::from(597 + 48 + 115), &Value::from(253 + 13 + 65)));
    let register = book.region.files[0].clone();
    assert_eq!(book.import(&register), 6, "and back");
}

#[test]
fn every_file_again_changes_nothing() {
    for name in super::REGIONS {
        let mut book = Book::of(name);
        for file in book.region.files.clone() {
            assert_eq!(book.import(&file), 0, "{name}: {}", file.name);
        }
    }
}

#[test]
fn changing_one_row_changes_exactly_its_cells() {
    let mut book = Book::of("zuid-kennemerland-ijmond");
    let before = book.outflow("VSO", "2016-2017");
    let file = book.region.files.iter().find(|file| file.name == "leavers-vso-2016-2017.csv").unwrap().clone();
    let text = String::from_utf8(file.bytes).unwrap();
    let changed = text.replacen(",VMBO,EDUCATION", ",WORK,EDUCATION", 1);
    assert_ne!(text, changed);
    let plan = book.rows(FileKind::Leavers, changed.as_bytes());
    assert_eq!((plan.changed_rows, plan.trainees.len()), (1, 1));
    let after = book.outflow("VSO", "2016-2017");
    let differing: Vec<&str> = before["rows"]
        .as_array()
        .unwrap()
        .iter()
        .zip(after["rows"].as_array().unwrap())
        .filter(|(before, after)| before["count"] != after["count"])
        .map(|(before, _)| before["destination"].as_str().unwrap())
        .collect();
    assert_eq!(differing, ["WORK", "VMBO"]);
    assert_eq!(after["total"]["count"], 145);
}

#[test]
fn the_people_are_the_same_every_time_and_nobody_twice_by_accident() {
    for name in super::REGIONS {
        let (one, other) = (region(name).unwrap(), region(name).unwrap());
        assert_eq!(one.files, other.files);
        let mut references = BTreeSet::new();
        for file in one.files.iter().filter(|file| file.content == FileContent::Rows(FileKind::Leavers)) {
            for row in read_csv(&file.bytes, FileKind::Leavers, false).unwrap().rows {
                assert!(references.insert(row.cells["reference"].clone()), "{:?}", row.cells["reference"]);
            }
        }
        for file in one.files.iter().filter(|file| file.content == FileContent::Rows(FileKind::Participants)) {
            let rows = read_csv(&file.bytes, FileKind::Participants, false).unwrap().rows;
            let coached = rows.iter().filter(|row| row.cells.contains_key("coach")).count();
            assert!((24..=36).contains(&coached), "{name}: {coached} rows with a coach");
            assert!(rows.iter().all(|row| row.cells.get("birth_date").is_some_and(|born| day(born) < one.today)));
        }
    }
}
