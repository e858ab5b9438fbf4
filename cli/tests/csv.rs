//! `--format csv`: the data under the names of the JSON, for a spreadsheet and for a script.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use std::collections::BTreeMap;

use field::Person;
use veldboek::Exit;

/// The lines of a command's CSV, by column. Every line has all columns, and no column is there twice.
fn lines(person: &Person, arguments: &[&str]) -> (Vec<String>, Vec<BTreeMap<String, String>>) {
    let ran = person.run(&[&["--format", "csv"], arguments].concat());
    assert!(matches!(ran.exit, Exit::Done | Exit::Attention), "{arguments:?}: {}", ran.err);
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(ran.out.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert!(!header.is_empty(), "{arguments:?}: no header");
    for name in &header {
        let snake = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(snake && header.iter().filter(|other| *other == name).count() == 1, "{arguments:?}: {name}");
    }
    let lines = reader.records().map(|record| header.iter().cloned().zip(record.unwrap().iter().map(str::to_owned)).collect());
    (header.clone(), lines.collect())
}

fn noor(dir: &std::path::Path) -> Person {
    let noor = Person { dir: dir.join("noor") };
    noor.ok(&["init", "--region", "proefregio", "--organisation", "wf", "--coach", "noor"]);
    noor
}

fn filled(dir: &std::path::Path) -> Person {
    let noor = noor(dir);
    noor.ok(&["coach", "add", "noor", "--display-name", "Noor, van 'Oost'"]);
    noor.ok(&[
        "programme",
        "add",
        "zorg",
        "--name",
        "Talent naar de zorg",
        "--success-definition",
        "PAID_WORK",
        "--from",
        "2025-01-01",
    ]);
    let target =
        ["--programme", "zorg", "--metric", "STARTED", "--unit", "TRAJECTORIES", "--value", "100", "--due", "2025-12-31"];
    noor.ok(&[&["target", "add"], &target[..], &["--method", "Raadsbesluit"]].concat());
    noor.ok(&["school", "add", "tender", "--name", "Tender College", "--type", "PRO", "--headcount", "2024-10-01=138"]);
    noor.ok(&["funding", "add", "impuls", "--kind", "ESF", "--amount-cents", "1000000", "--schools", "tender"]);
    noor.ok(&["trainee", "add", "--reference", "WF-1", "--given-name", "=Sam"]);
    noor.ok(&["trajectory", "open", "WF-1", "--programme", "zorg", "--referral-date", "2025-01-06"]);
    noor.ok(&["trajectory", "agree", "WF-1", "--on", "2025-02-03"]);
    noor.ok(&["assign", "WF-1", "noor"]);
    noor.ok(&["placement", "add", "WF-1", "--type", "PAID_JOB", "--start", "2025-02-10", "--hours-per-week", "22,5"]);
    let visit = ["visit", "log", "WF-1", "--started-at", "2025-03-31 09:00", "--duration", "30", "--party", "TRAINEE"];
    let told = ["--party", "EMPLOYER", "--score", "ON_TIME=4", "--summary=-5 \"goed\", zei hij\nen ging"];
    let agreed = ["--agreement", "bellen | mailen", "--agreement", "rooster", "--agreement-due", "2025-04-07"];
    noor.ok(&[&visit[..], &told, &agreed].concat());
    noor
}

#[test]
fn every_list_is_a_csv_also_when_it_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 15] = [
        &["trainee", "list"],
        &["trajectory", "list"],
        &["placement", "list"],
        &["training", "list"],
        &["visit", "list"],
        &["agreement", "list"],
        &["caseload"],
        &["conflicts"],
        &["programme", "list"],
        &["target", "list"],
        &["observation", "list"],
        &["funding", "list"],
        &["school", "list"],
        &["employer", "list"],
        &["report", "caseload"],
    ];
    let empty = noor(dir.path());
    let headers: Vec<Vec<String>> = commands
        .iter()
        .map(|command| {
            let (header, lines) = lines(&empty, command);
            let of_the_whole = usize::from(command[0] == "report");
            assert_eq!(lines.len(), of_the_whole, "{command:?}");
            header
        })
        .collect();
    let full = tempfile::tempdir().unwrap();
    let noor = filled(full.path());
    for (command, before) in commands.iter().zip(headers) {
        let (header, lines) = lines(&noor, command);
        let json = noor.json(command);
        assert_eq!(lines.len(), json["rows"].as_array().unwrap().len(), "{command:?}");
        let lost: Vec<&String> =
            before.iter().filter(|name| !header.contains(name) && *name != "agreements" && *name != "coaches").collect();
        assert!(lost.is_empty(), "{command:?}: an empty list promised {lost:?}");
    }
    for one in [&["status"][..], &["whoami"], &["verify"], &["trainee", "show", "WF-1"], &["trajectory", "show", "WF-1"]] {
        assert_eq!(lines(&noor, one).1.len(), 1, "{one:?}");
    }
    assert!(lines(&noor, &["history", "WF-1"]).1.len() > 3);
}

#[test]
fn a_visit_in_a_spreadsheet_is_what_the_json_says() {
    let dir = tempfile::tempdir().unwrap();
    let noor = filled(dir.path());
    let (header, visits) = lines(&noor, &["visit", "list"]);
    assert_eq!(header[..2], ["reference", "id"], "what people look for comes first");
    let visit = &visits[0];
    let cell = |name: &str| visit[name].as_str();
    assert_eq!((cell("status"), cell("status_label")), ("DONE", "Uitgevoerd"));
    assert_eq!((cell("day"), cell("started_at"), cell("duration_min")), ("2025-03-31", "2025-03-31T09:00", "30"));
    assert_eq!((cell("parties"), cell("scores")), ("TRAINEE|EMPLOYER", "ON_TIME=4"));
    assert_eq!(cell("summary"), "'-5 \"goed\", zei hij\nen ging", "no formula for a spreadsheet");
    // Agreements made in one visit stand in the order of their ids, their parts beside each other.
    let (texts, due) = (cell("agreements_text"), cell("agreements_due"));
    let expected = [(r"bellen \| mailen|rooster", "2025-04-07|"), (r"rooster|bellen \| mailen", "|2025-04-07")];
    assert!(expected.contains(&(texts, due)), "{texts} {due}");
    assert_eq!(cell("saved"), "device");
    assert_eq!(lines(&noor, &["placement", "list"]).1[0]["hours_per_week"], "22.5");
    assert_eq!(lines(&noor, &["trainee", "list"]).1[0]["given_name"], "'=Sam");
}

#[test]
fn a_report_in_a_spreadsheet_says_what_it_counted_and_when() {
    let dir = tempfile::tempdir().unwrap();
    let noor = filled(dir.path());
    let (_, rows) = lines(&noor, &["report", "budget", "--funding", "impuls", "--reference-date", "2024-10-01"]);
    let row = &rows[0];
    assert_eq!((row["type"].as_str(), row["headcount"].as_str(), row["allocated_cents"].as_str()), ("PRO", "138", "1000000"));
    assert_eq!((row["share_percent"].as_str(), row["residual"].as_str()), ("100.00", "false"));
    let (header, rows) = lines(&noor, &["report", "outflow", "--school-type", "PRO", "--school-year", "2024-2025"]);
    assert_eq!(rows.len(), 10, "the ten destinations");
    assert_eq!(header[..4], ["destination", "label", "count", "percent"]);
    for column in ["definition", "as_of", "known_on", "completeness_dossiers", "completeness_devices_total", "total_count"] {
        assert!(!rows[0][column].is_empty() && rows.iter().all(|row| row[column] == rows[0][column]), "{column}");
    }
    let (_, monitor) = lines(&noor, &["report", "monitor", "--from", "2025-01-01", "--to", "2025-12-31"]);
    assert_eq!((monitor[0]["targets_metric"].as_str(), monitor[0]["targets_value"].as_str()), ("STARTED", "100"));
}

#[test]
fn what_an_import_refused_is_a_line_to_mend() {
    let dir = tempfile::tempdir().unwrap();
    let noor = filled(dir.path());
    let file = dir.path().join("leavers.csv");
    let rows = "reference,school,school_type,left_on,destination\nP-1,Tender,PRO,2017-07-01,WORK\nP-2,Tender,PRO,2017-02-30,WORK\n\
                P-3,Tender,PRO,2017-07-01,=1\n";
    std::fs::write(&file, rows).unwrap();
    let (_, refused) = lines(&noor, &["import", "leavers", file.to_str().unwrap()]);
    let told: Vec<(&str, &str)> = refused.iter().map(|row| (row["line"].as_str(), row["column"].as_str())).collect();
    assert_eq!(told, [("3", "left_on"), ("4", "destination")]);
    assert_eq!((refused[1]["value"].as_str(), refused[0]["rows"].as_str()), ("'=1", "3"));
}
