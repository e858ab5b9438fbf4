//! A day of two coaches and a coordinator, command by command: what is printed, and how each command ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use field::{Person, Town};
use veldboek::Exit;

#[test]
fn two_coaches_write_in_one_dossier_without_a_connection() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    town.stop();

    let ran = anna.run(&["sync"]);
    assert_eq!(ran.exit, Exit::NoContact);
    assert!(ran.err.contains("geen contact met de server") && ran.err.contains("tip: uw werk staat veilig"), "{}", ran.err);
    anna.log("2025-03-31 09:00", "Anna was hier");
    bram.log("2025-03-31 13:00", "Bram was hier");
    anna.ok(&["trainee", "edit", "WF-1", "--contact-phone", "0201234567"]);
    bram.ok(&["trainee", "edit", "WF-1", "--contact-phone", "0207654321"]);
    assert_eq!(anna.json(&["visit", "list"])["rows"][0]["saved"], "device");

    town.start();
    let first = anna.json(&["sync"]);
    assert_eq!((&first["round_trips"], &first["sent"], &first["up_to_date"]), (&1.into(), &2.into(), &true.into()));
    assert_eq!(anna.json(&["visit", "list"])["rows"][0]["saved"], "server");
    let ran = bram.run(&["--format", "json", "sync"]);
    assert_eq!(ran.exit, Exit::Attention, "{}", ran.err);
    let second: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let conflict = &second["conflicts"][0];
    assert_eq!(
        (&second["round_trips"], &conflict["field"], &conflict["reference"]),
        (&1.into(), &"contact_phone".into(), &"WF-1".into())
    );
    let mut versions: Vec<(&str, &str)> = conflict["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| (version["by"].as_str().unwrap(), version["value"].as_str().unwrap()))
        .collect();
    versions.sort();
    assert_eq!(versions, [("anna", "0201234567"), ("bram", "0207654321")]);
    assert_eq!(bram.run(&["sync"]).exit, Exit::Done, "this sync brought nothing that needs a person");
    assert_eq!(marit.run(&["sync"]).exit, Exit::Attention);

    // Settled on one device, settled on all.
    let id = conflict["id"].as_str().unwrap();
    marit.ok(&["conflicts", "resolve", id, "--value", "0200000000"]);
    for person in [&marit, &anna, &bram, &marit] {
        person.run(&["sync"]);
    }
    for person in [&marit, &anna, &bram] {
        assert_eq!(person.json(&["conflicts"])["rows"], serde_json::json!([]));
        assert_eq!(person.json(&["trainee", "show", "WF-1"])["trainee"]["contact_phone"], "0200000000");
        assert_eq!(person.texts(), ["Anna was hier", "Bram was hier"]);
    }
    let quiet = anna.json(&["sync"]);
    let bytes = quiet["body_bytes_sent"].as_u64().unwrap() + quiet["body_bytes_received"].as_u64().unwrap();
    assert!(bytes <= 200 && quiet["header_bytes_sent"].as_u64().unwrap() <= 350, "{quiet}");
    town.stop();
}

#[test]
fn work_travels_as_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    town.stop();
    anna.log("2025-03-31 09:00", "Op een stick");
    let file = dir.path().join("anna.bundle");
    let file = file.to_str().unwrap();
    anna.ok(&["bundle", "export", file]);
    let ran = anna.run(&["bundle", "export", file]);
    assert_eq!(ran.exit, Exit::Failed, "a file is not replaced without a word");
    assert!(ran.err.contains("--yes"), "{}", ran.err);
    let merged = marit.json(&["merge", file]);
    assert_eq!((&merged["files"][0]["received"], &merged["files"][0]["touched"][0]), (&1.into(), &"WF-1".into()));
    assert_eq!(marit.texts(), ["Op een stick"]);
    assert_eq!(marit.json(&["merge", file])["files"][0]["known"], 1, "the same file again brings nothing");
    let ran = bram.run(&["merge", file]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("is niet voor dit apparaat gemaakt"), "{}", ran.err);
    std::fs::write(dir.path().join("half.bundle"), &std::fs::read(file).unwrap()[..100]).unwrap();
    let ran = marit.run(&["merge", dir.path().join("half.bundle").to_str().unwrap()]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("geen hele bundel"), "{}", ran.err);
}

#[test]
fn bad_input_is_told_with_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = Person { dir: dir.path().join("leeg") };
    let ran = nobody.run(&["status"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""));
    assert!(ran.err.contains("veldboek init"), "{}", ran.err);

    let anna = Person { dir: dir.path().join("anna") };
    anna.ok(&["init", "--region", "proefregio", "--organisation", "wf", "--coach", "anna"]);
    assert_eq!(anna.run(&["init", "--coach", "anna"]).exit, Exit::Failed);
    anna.ok(&["trainee", "add", "--reference", "WF-1"]);
    anna.ok(&["trajectory", "open", "WF-1", "--programme", "zorg", "--referral-date", "6-1-2025"]);
    anna.ok(&["trajectory", "agree", "WF-1", "--on", "2025-02-03"]);

    let cases: &[(&[&str], Exit, &str)] = &[
        (&["visit", "list", "--frm", "2025-01-01"], Exit::Usage, "bedoelt u --from?"),
        (&["visit", "list", "--from", "2025-02-30"], Exit::Usage, "geen bestaande datum"),
        (&["trajectory", "edit", "WF-1", "--goal-direction", "groen"], Exit::Usage, "kies uit: WORK"),
        (&["trainee", "edit", "WF-1"], Exit::Usage, "niets opgegeven"),
        (&["trainee", "show", "WF-9"], Exit::Failed, "trainee list"),
        (&["trainee", "add", "--reference", "wf-1"], Exit::Failed, "er is al een dossier"),
        (&["visit", "log", "WF-1", "--started-at", "2025-03-31 09:00"], Exit::Failed, "duur in minuten"),
        (&["trajectory", "agree", "WF-1", "--on", "2025-01-01"], Exit::Failed, "ligt voor"),
        (&["sync"], Exit::Refused, "veldboek enrol"),
        (&["enrol", "ABCD", "--server", "veldboek.example.nl"], Exit::Usage, "https://"),
        (&["enrol", "ABCD", "--server", "http://127.0.0.1:9"], Exit::NoContact, "luistert niemand"),
        (&["verify", "--head", "abc"], Exit::Usage, "64"),
        (&["conflicts", "resolve", "x", "--choose", "1"], Exit::Failed, "veldboek conflicts"),
        (&["report", "budget", "--funding", "x", "--reference-date", "2025-10-01"], Exit::Failed, "funding list"),
        (&["assign", "WF-1", "zoe"], Exit::Failed, "coach add zoe"),
    ];
    for (line, exit, said) in cases {
        let ran = anna.run(line);
        assert_eq!((ran.exit, ran.out.as_str()), (*exit, ""), "{line:?}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.err.contains("tip:"), "{line:?}: {}", ran.err);
    }

    // Nine digits that could be a BSN; a telephone number is none, and the author may say so.
    let log = |summary: &str, more: &[&str]| {
        let line =
            ["visit", "log", "WF-1", "--started-at", "2025-03-31 09:00", "--duration", "30", "--party", "TRAINEE", "--summary"];
        anna.run(&[&line[..], &[summary], more].concat())
    };
    let ran = log("bel over 123456782", &[]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("--no-bsn"), "{}", ran.err);
    assert_eq!(log("bel 0612345678", &[]).exit, Exit::Done);
    assert_eq!(log("order 123456782", &["--no-bsn"]).exit, Exit::Done);
    let piped = anna.run_with(
        &["visit", "log", "WF-1", "--started-at", "2025-04-01 09:00", "--duration", "30", "--party", "TRAINEE", "--summary", "-"],
        "Uit een pijp\n",
    );
    assert_eq!(piped.exit, Exit::Done, "{}", piped.err);
    assert!(anna.texts().contains(&"Uit een pijp".to_owned()));

    // A spoiled store says so, and nothing is touched.
    let journal = std::fs::read_dir(anna.dir.join("journal")).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&journal).unwrap();
    let mut spoiled = whole.clone();
    let middle = spoiled.len() / 2;
    spoiled[middle] ^= 1;
    std::fs::write(&journal, &spoiled).unwrap();
    for line in [&["status"][..], &["verify"]] {
        let ran = anna.run(line);
        assert_eq!(ran.exit, Exit::Damaged, "{line:?}: {}", ran.err);
        assert!(ran.err.contains("verwijder niets"), "{}", ran.err);
    }
    assert_eq!(std::fs::read(&journal).unwrap(), spoiled);
    std::fs::write(&journal, &whole).unwrap();
    anna.ok(&["verify"]);
    std::fs::remove_file(anna.dir.join("wrapping.key")).unwrap();
    let ran = anna.run(&["status"]);
    assert_eq!(ran.exit, Exit::Refused, "locked");
    assert!(ran.err.contains("wrapping.key"), "{}", ran.err);
}

#[test]
fn a_file_is_imported_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let marit = Person { dir: dir.path().join("marit") };
    marit.ok(&["init", "--region", "proefregio", "--organisation", "wf", "--coach", "marit"]);
    let file = dir.path().join("leavers.csv");
    let path = file.to_str().unwrap();
    let head = "reference,given_name,birth_date,municipality,school,school_type,left_on,destination\r\n";
    let rows =
        "P-1,Sam,2001-02-03,GM0392,Tender,PRO,2017-07-01,WORK\r\nP-2,Bo,2001-02-30,GM0392,Tender,PRO,2017-07-01,Arbeid\r\n";
    std::fs::write(&file, format!("{head}{rows}")).unwrap();

    let ran = marit.run(&["--format", "json", "import", "leavers", path, "--dry-run"]);
    assert_eq!(ran.exit, Exit::Attention, "{}", ran.err);
    assert_eq!(marit.json(&["trainee", "list"])["rows"], serde_json::json!([]), "a dry run writes nothing");
    let ran = marit.run(&["--format", "json", "import", "leavers", path]);
    assert_eq!(ran.exit, Exit::Attention);
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&told["rows"], &told["new_dossiers"], &told["rejected"][0]["line"]), (&2.into(), &1.into(), &3.into()));
    let again = marit.run(&["--format", "json", "import", "leavers", path]);
    let told: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&told["unchanged_rows"], &told["changed_rows"]), (&1.into(), &0.into()));
    let report = marit.json(&["report", "outflow", "--school-type", "PRO", "--school-year", "2016-2017"]);
    assert_eq!((&report["total"]["count"], &report["rows"][0]["destination"]), (&1.into(), &"WORK".into()));

    std::fs::write(&file, format!("{head},kleur\r\n{rows}").replace("\r\n,", ",")).unwrap();
    let ran = marit.run(&["import", "leavers", path]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("kleur") && ran.err.contains("--ignore-columns"), "{}", ran.err);
}

#[test]
fn the_caseload_goes_into_a_calendar_without_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let anna = Person { dir: dir.path().join("anna") };
    anna.ok(&["init", "--region", "proefregio", "--organisation", "wf", "--coach", "anna"]);
    anna.ok(&["trainee", "add", "--reference", "WF-1", "--given-name", "Sanne"]);
    anna.ok(&["trajectory", "open", "WF-1", "--programme", "zorg", "--referral-date", "2025-01-06"]);
    anna.ok(&["trajectory", "agree", "WF-1", "--on", "2025-02-03"]);
    anna.ok(&["assign", "WF-1", "anna", "--from", "2025-02-03"]);
    anna.ok(&["placement", "add", "WF-1", "--type", "PAID_JOB", "--start", "2025-02-10", "--employer", "Kwekerij De Tulp"]);
    let today = anna.json(&["caseload"])["as_of"].as_str().unwrap().to_owned();
    let visit = anna.json(&["visit", "plan", "WF-1", "--planned-on", &today])["id"].as_str().unwrap().to_owned();
    let path = dir.path().join("agenda.ics");
    let file = path.to_str().unwrap();
    let events = |anna: &Person, more: &[&str]| -> Vec<(String, String, String)> {
        let written = anna.json(&[&["--yes", "caseload", "--ics", file], more].concat());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("Sanne") && !text.contains("Tulp") && !text.contains("anna"), "{text}");
        let calendar: icalendar::Calendar = text.parse().unwrap();
        assert_eq!(written["calendar"]["events"], calendar.events().count());
        let value = |event: &icalendar::Event, name: &str| icalendar::Component::property_value(event, name).unwrap().to_owned();
        calendar.events().map(|event| (value(event, "UID"), value(event, "SUMMARY"), value(event, "STATUS"))).collect()
    };
    let planned = format!("visit-{visit}@veldboek");
    let first = events(&anna, &[]);
    let status = |events: &[(String, String, String)], uid: &str| events.iter().find(|one| one.0 == uid).map(|one| one.2.clone());
    assert_eq!(status(&first, &planned).as_deref(), Some("CONFIRMED"), "{first:?}");
    assert!(first.iter().all(|(_, summary, _)| summary.ends_with(": WF-1")), "{first:?}");
    let due: Vec<&String> = first.iter().map(|one| &one.0).filter(|uid| uid.starts_with("due-")).collect();
    assert_eq!(due.len(), 1, "what should have been there since 2025: {first:?}");
    assert!(events(&anna, &["--overdue"]).iter().all(|one| one.0 != planned));
    // What is called off is in the next file as cancelled, so that the calendar drops it; what is due again stands.
    anna.ok(&["--yes", "visit", "withdraw", &visit, "--reason", "ziek"]);
    let second = events(&anna, &[]);
    assert_eq!(status(&second, &planned).as_deref(), Some("CANCELLED"), "{second:?}");
    assert_eq!(status(&second, due[0]).as_deref(), Some("CONFIRMED"), "{second:?}");
    let ran = anna.run(&["caseload", "--ics", file]);
    assert_eq!(ran.exit, Exit::Failed, "another file is not replaced without a word");
}

#[test]
fn a_value_that_is_none_is_refused_in_the_language_of_the_reader() {
    let dir = tempfile::tempdir().unwrap();
    let anna = Person { dir: dir.path().join("anna") };
    anna.ok(&["init", "--region", "proefregio", "--organisation", "wf", "--coach", "anna"]);
    anna.ok(&["trainee", "add", "--reference", "WF-1"]);
    let register = dir.path().join("register.toml");
    let wrong = "[[programmes]]\ncode = \"zorg\"\nname = \"Zorg\"\nfrom = \"2025-02-30\"\nstatus = \"groen\"\n";
    std::fs::write(&register, wrong).unwrap();
    let register = register.to_str().unwrap();
    let lines: [&[&str]; 9] = [
        &["visit", "list", "--from", "2025-02-30"],
        &["sync", "--watch", "--interval", "0"],
        &["report", "outflow", "--school-type", "groen", "--school-year", "2016-2017"],
        &["report", "outflow", "--school-type", "PRO", "--school-year", "2016"],
        &["report", "monitor", "--from", "2025-02-01", "--to", "2025-01-01"],
        &["report", "monitor", "--from", "2025-01-01", "--to", "2025-02-01", "--programme", "niets"],
        &["trainee", "edit", "WF-1", "--format", "xml"],
        &["import", "register", register],
        &["import", "register", "/bestaat/niet.toml"],
    ];
    for line in lines {
        for (name, lang) in [("nl", veldboek_core::record::Lang::Nl), ("en", veldboek_core::record::Lang::En)] {
            let ran = anna.run(&[&["--lang", name], line].concat());
            assert_ne!(ran.exit, Exit::Done, "{line:?}");
            let said = format!("{}{}", ran.out, ran.err).replace("/bestaat/niet.toml", "").replace("'niets'", "");
            assert_eq!(veldboek_server::help::foreign_words(&said, lang), [""; 0], "{line:?}: {said}");
        }
    }
}
