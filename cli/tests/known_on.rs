//! Figures as they were known: what is recorded late changes today's figures, and none that were known before.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use std::sync::Arc;

use field::Person;
use getrandom::SysRng;
use jiff::civil::DateTime;
use rand_core::UnwrapErr;
use serde_json::Value;
use veldboek::Exit;
use veldboek_core::cache::NoCache;
use veldboek_core::clock::{LocalTime, Moment, Timestamp};
use veldboek_core::codes::{OutflowDestination, PartySpoken, SchoolType, VisitStatus};
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::field_book::FieldBook;
use veldboek_core::ids::{EnrolmentId, VisitId};
use veldboek_core::keyring::WrappingKey;
use veldboek_core::outflow::Enrolment;
use veldboek_core::record::{Record, Write};
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;

/// Jasmijn's field book, with a hand on its clock.
struct Past {
    book: FieldBook,
    rng: UnwrapErr<SysRng>,
}

impl Past {
    fn of(person: &Person) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&person.dir).unwrap());
        let key = WrappingKey::read(&*disk).unwrap();
        Self { book: FieldBook::open(disk, Arc::new(NoCache), &key).unwrap(), rng: UnwrapErr(SysRng) }
    }

    /// Records something at a moment on the clock on the wall in the Netherlands.
    fn records(&mut self, at: &str, writes: Vec<Write>) {
        let wall: DateTime = at.parse().unwrap();
        let instant = wall.in_tz("Europe/Amsterdam").unwrap().timestamp();
        let moment = Moment { at: Timestamp::from_millis(instant.as_millisecond()), local: LocalTime::new(wall) };
        match self.book.dossiers().unwrap().first() {
            Some((document, _)) => self.book.perform(*document, writes, moment, &mut self.rng).unwrap(),
            None => drop(self.book.found(writes, moment, &mut self.rng).unwrap()),
        }
    }
}

fn visit(started_at: &str, minutes: i64) -> Visit {
    Visit {
        coach: Some("jasmijn".into()),
        started_at: Some(started_at.parse().unwrap()),
        duration_min: Some(minutes),
        status: Some(VisitStatus::Done),
        parties: [PartySpoken::Trainee].into(),
        ..Visit::default()
    }
}

/// Jasmijn notes what she does the same week, but for one visit and where the pupil went: those come in June.
fn jasmijn(dir: &std::path::Path) -> Person {
    let jasmijn = Person { dir: dir.join("jasmijn") };
    jasmijn.ok(&["init", "--region", "proefregio", "--organisation", "wf", "--coach", "jasmijn"]);
    let mut past = Past::of(&jasmijn);
    let id = |number: u8| VisitId::from_bytes([number; 16]).to_string();
    let school = EnrolmentId::from_bytes([9; 16]).to_string();
    let at_school = Enrolment {
        school: Some("Tender College".into()),
        school_type: Some(SchoolType::Pro),
        from: Some("2020-08-01".parse().unwrap()),
        ..Enrolment::default()
    };
    let mut began = Trainee { reference: Some("LL-1".into()), organisation: Some("wf".into()), ..Trainee::default() }.create("");
    began.extend(at_school.create(&school));
    past.records("2025-03-03T09:00", began);
    past.records("2025-03-05T16:00", visit("2025-03-04 10:00", 40).create(&id(1)));
    // Half an hour past midnight here, and still the day before in London.
    past.records("2025-06-02T00:30", visit("2025-03-20 10:00", 25).create(&id(2)));
    let left = Enrolment {
        left_on: Some("2025-02-28".parse().unwrap()),
        destination: Some(OutflowDestination::Work),
        ..at_school.clone()
    };
    past.records("2025-06-02T00:31", left.edit(&at_school, &school));
    jasmijn
}

fn report(person: &Person, name: &[&str], days: &[&str]) -> Value {
    person.json(&[&["report"], name, days].concat())
}

const OUTFLOW: [&str; 5] = ["outflow", "--school-type", "PRO", "--school-year", "2024-2025"];

#[test]
fn what_is_entered_late_changes_the_figures_of_today_and_not_those_of_then() {
    let dir = tempfile::tempdir().unwrap();
    let jasmijn = jasmijn(dir.path());
    let minutes = |days: &[&str]| {
        let report = report(&jasmijn, &["caseload"], days);
        report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["coach"] == "jasmijn")
            .map(|row| row["minutes_this_month"].clone())
    };
    assert_eq!(minutes(&["--as-of", "2025-03-31", "--known-on", "2025-03-31"]), Some(40.into()));
    assert_eq!(minutes(&["--as-of", "2025-03-31"]), Some(65.into()), "the same day, as known now");
    assert_eq!(minutes(&["--known-on", "2025-03-31"]), Some(40.into()), "as it was printed on that day");
    assert_eq!(minutes(&["--as-of", "2025-03-31", "--known-on", "2025-06-01"]), Some(40.into()));
    assert_eq!(minutes(&["--as-of", "2025-03-31", "--known-on", "2025-06-02"]), Some(65.into()));
    assert_eq!(minutes(&["--as-of", "2025-03-10", "--known-on", "2025-06-02"]), Some(40.into()), "both senses together");

    let left = |days: &[&str]| report(&jasmijn, &OUTFLOW, days)["total"]["count"].clone();
    assert_eq!(left(&["--as-of", "2025-07-31", "--known-on", "2025-03-31"]), 0);
    assert_eq!(left(&["--as-of", "2025-07-31", "--known-on", "2025-06-02"]), 1);
    assert_eq!(left(&[]), 1);
    assert_eq!(left(&["--as-of", "2025-02-27"]), 0, "known now, and not yet so on that day");

    let before = report(&jasmijn, &OUTFLOW, &["--known-on", "2025-03-02"]);
    assert_eq!(before["completeness"]["dossiers"], 0, "nobody had begun a dossier");
}

#[test]
fn every_report_says_as_known_on_which_day_and_none_knows_the_future() {
    let dir = tempfile::tempdir().unwrap();
    let jasmijn = jasmijn(dir.path());
    jasmijn.ok(&["school", "add", "tender", "--name", "Tender College", "--type", "PRO", "--headcount", "2024-10-01=138"]);
    let amount = ["--kind", "ESF", "--amount-cents", "1000000", "--schools", "tender", "--from", "2025-01-01"];
    jasmijn.ok(&[&["funding", "add", "impuls"], &amount[..]].concat());
    let reports: [&[&str]; 5] = [
        &OUTFLOW,
        &["monitor", "--from", "2025-01-01", "--to", "2025-12-31"],
        &["funnel", "--cohort-from", "2025-01-01", "--cohort-to", "2025-12-31"],
        &["budget", "--funding", "impuls", "--reference-date", "2024-10-01"],
        &["caseload"],
    ];
    let today = report(&jasmijn, &["caseload"], &[])["known_on"].as_str().unwrap().to_owned();
    for name in reports {
        let now = report(&jasmijn, name, &[]);
        assert_eq!((&now["as_of"], &now["known_on"]), (&today.as_str().into(), &today.as_str().into()), "{name:?}");
        let line: Vec<&str> = [&["report"], name, &["--known-on", "2999-01-01"]].concat();
        let ran = jasmijn.run(&line);
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""), "{name:?}");
        assert!(ran.err.contains("--as-of"), "{}", ran.err);
        if name[0] != "budget" {
            let then = report(&jasmijn, name, &["--known-on", "2025-04-01", "--as-of", "2025-05-01"]);
            assert_eq!((&then["as_of"], &then["known_on"]), (&"2025-05-01".into(), &"2025-04-01".into()), "{name:?}");
        }
    }
    // The register was filled today: nobody knew of this money in April.
    let budget = ["report", "budget", "--funding", "impuls", "--reference-date", "2024-10-01"];
    let ran = jasmijn.run(&[&budget[..], &["--known-on", "2025-04-01"]].concat());
    assert_eq!(ran.exit, Exit::Failed, "{}", ran.out);
    assert!(ran.err.contains("financiering 'impuls' staat niet in het register"), "{}", ran.err);
    // The day on which it must be true is asked of the amount and of the pupils.
    let on = |day: &str| jasmijn.run(&[&budget[..], &["--as-of", day]].concat());
    assert_eq!(on("2025-02-01").exit, Exit::Done);
    let early = on("2024-12-31");
    assert_eq!(early.exit, Exit::Failed);
    assert!(early.err.contains("loopt vanaf 2025-01-01"), "{}", early.err);
    assert!(on("2024-09-30").err.contains("ligt na 2024-09-30"), "{}", on("2024-09-30").err);
}
