//! The privacy officer asks the administrator for everything about one dossier, and gets it as lines that another program reads:
//! real processes, the server running all the time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;

use serde_json::Value;
use veldboek_tests::process::{Server, Town, number, rows, text};

/// The value of this key in each line.
fn each<'a>(lines: &'a [Value], key: &str) -> Vec<&'a str> {
    lines.iter().map(|line| line[key].as_str().unwrap_or_default()).collect()
}

/// A dossier that Carla began and Anna may see, with a visit that Anna wrote; its id.
fn dossier(town: &Town) -> String {
    town.carla.does(&["trainee", "add", "--reference", "WF-2025-0101", "--given-name", "Zebedeus"]);
    let referred = ["--programme", "kans", "--referral-date", "2025-01-10"];
    town.carla.does(&[&["trajectory", "open", "WF-2025-0101"], referred.as_slice()].concat());
    town.carla.does(&["assign", "WF-2025-0101", "anna", "--yes"]);
    town.carla.does(&["sync"]);
    town.anna.does(&["sync"]);
    let day =
        ["--started-at", "2025-03-31 14:05", "--duration", "45", "--party", "TRAINEE", "--summary", "Zebedeus kwam op tijd."];
    town.anna.does(&[&["visit", "log", "WF-2025-0101"], day.as_slice()].concat());
    town.anna.does(&["sync"]);
    town.carla.does(&["sync"]);
    text(&rows(&town.carla.does(&["trainee", "list"]))[0], "document")
}

#[test]
fn one_dossier_one_person_one_device_and_one_kind_are_found() {
    let town = Town::found();
    let document = dossier(&town);
    let store = town.server_store();

    let about = Server::audit(&store, &["--document", &document]);
    let whole = Server::audit(&store, &[]);
    let story: Vec<(&str, &str)> = each(&about, "action").into_iter().zip(each(&about, "person")).collect();
    assert_eq!(
        story,
        [
            ("DOSSIER_BEGUN", "carla"),
            ("ACCESS_OPENED", ""),
            ("GRANTED", "carla"),
            ("ACCESS_OPENED", ""),
            ("WRITTEN", "carla"),
            ("WRITTEN", "carla"),
            ("WRITTEN", "carla"),
            ("READ", "anna"),
            ("WRITTEN", "anna"),
            ("READ", "carla"),
            ("AUDIT_SEARCHED", ""),
        ]
    );
    assert_eq!(each(&about, "about_person")[2..4], ["anna", "anna"]);
    assert!(about.iter().all(|line| line["number"].as_u64() <= whole.last().unwrap()["number"].as_u64()));

    // When: a write has the device's time and the server's, at most a minute before.
    let at = |line: &Value, key: &str| -> i64 {
        let instant: jiff::Timestamp = line[key].as_str().expect("a time").parse().expect("a time");
        instant.as_second()
    };
    for line in about.iter().filter(|line| line["action"] == "WRITTEN") {
        assert!((at(line, "made_at") - at(line, "at")).abs() < 600, "{line}");
    }

    // From which device.
    let device = each(&about, "device")[8].to_owned();
    let shown: Value =
        serde_json::from_slice(&Server::command(&store, &["device", "show", &device, "--format", "json"]).stdout).unwrap();
    assert_eq!(text(&shown, "person"), "anna");
    let of_device = Server::audit(&store, &["--device", &device[..9]]);
    assert_eq!(each(&of_device, "action"), ["ENROLLED", "READ", "WRITTEN", "DEVICE_SHOWN"]);

    let of_person = Server::audit(&store, &["--person", "anna", "--action", "READ"]);
    assert_eq!((of_person.len(), &of_person[0]["documents"][0]), (1, &Value::from(document.clone())));
    assert_eq!(Server::audit(&store, &["--action", "READ", "--to", "2020-01-01"]), Vec::<Value>::new());
    assert_eq!(Server::audit(&store, &["--action", "READ", "--from", "2020-01-01"]).len(), 2);
    let who_searched = Server::audit(&store, &["--action", "AUDIT_SEARCHED"]);
    assert_eq!((who_searched.len(), text(&who_searched[0], "label").as_str()), (7, "Audit searched"));

    // Nobody's name, no reference, no word of a visit.
    let everything = Server::command(&store, &["audit", "--format", "json"]).stdout;
    let everything = String::from_utf8(everything).unwrap();
    for word in ["Zebedeus", "WF-2025-0101", "op tijd"] {
        assert!(!everything.contains(word), "{word}");
    }
}

#[test]
fn every_format_says_the_same_and_a_wrong_question_is_answered_with_the_choices() {
    let town = Town::found();
    dossier(&town);
    let store = town.server_store();
    let lines = Server::audit(&store, &["--action", "WRITTEN"]);
    let run = |words: &[&str]| Server::command(&store, &[&["audit", "--action", "WRITTEN"], words].concat());
    let printed = |words: &[&str]| String::from_utf8(run(words).stdout).unwrap();

    let array: Vec<Value> = serde_json::from_str(&printed(&["--format", "json"])).unwrap();
    assert_eq!(array, lines);
    let sheet = printed(&["--format", "csv"]);
    let mut table = csv::Reader::from_reader(sheet.as_bytes()).into_records();
    let first = table.next().unwrap().unwrap();
    assert_eq!((&first[3], &first[5]), ("WRITTEN", "carla"));
    assert_eq!(table.count() + 1, lines.len());
    let shown = printed(&[]);
    assert_eq!(shown.lines().count(), lines.len() + 1, "{shown}");
    assert!(shown.contains("carla (") && shown.contains("Written"), "{shown}");

    let none: Vec<Value> = serde_json::from_str(&printed(&["--format", "json", "--person", "nobody"])).unwrap();
    assert_eq!(none, Vec::<Value>::new());
    let wrong = Server::command(&store, &["audit", "--action", "PEEKED"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("AUTHENTICATION_FAILED"));
}

#[test]
fn a_cut_journal_is_told_on_both_sides() {
    let mut town = Town::found();
    dossier(&town);
    let store = town.server_store();
    town.anna.does(&["sync"]);
    let seen = town.anna.does(&["verify"]);
    let (record, hash) = (number(&seen["server_head"], "record"), text(&seen["server_head"], "hash"));
    let noted = format!("{record}:{hash}");
    let verify = |words: &[&str]| Server::command(&store, &[&["verify", "--format", "json"], words].concat());
    assert_eq!(verify(&["--head", &noted]).status.code(), Some(0));
    assert_eq!(verify(&["--head", &format!("{}:{hash}", record - 1)]).status.code(), Some(6));

    // At night the last two lines go: who read, and who asked.
    town.stop_server();
    let segment = store.join("journal/00000001.vbj");
    let bytes = fs::read(&segment).unwrap();
    let starts: Vec<usize> = (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == b"VBJ1").collect();
    let keep = starts[usize::try_from(record).unwrap() - 2];
    fs::write(&segment, &bytes[..keep]).unwrap();
    assert_eq!(verify(&[]).status.code(), Some(0), "by itself nothing is wrong with it");
    assert_eq!(verify(&["--head", &noted]).status.code(), Some(6), "with what a phone shows it is found");

    town.start_server(None);
    let synced = town.anna.run(&["sync"]).ends(3).says("record book was changed").json();
    assert_eq!(synced["record_book"], "contradicted");
    let after = verify(&[]);
    assert_eq!(after.status.code(), Some(6));
    let said: Value = serde_json::from_slice(&after.stdout).unwrap();
    assert_eq!((said["whole"].as_bool(), number(&said["contradicted"][0], "number")), (Some(true), record));
    // It is told until somebody says that they know of it; the evidence stays.
    let kept = town.anna.run(&["verify"]).ends(6).json();
    assert_eq!(text(&kept["server_heads_missed"][0], "hash"), hash);
    assert_eq!(town.anna.run(&["sync"]).ends(3).says("record book was changed").json()["record_book"], "contradicted");
    assert_eq!(town.anna.run(&["status"]).ends(0).says("record book was changed").json()["record_book"], "contradicted");
    let kept = town.anna.run(&["verify", "--acknowledge"]).ends(0).json();
    assert_eq!(
        (text(&kept["server_heads_missed"][0], "hash"), &kept["server_heads_missed"][0]["acknowledged"]),
        (hash, &true.into())
    );
    assert_eq!(town.anna.run(&["status"]).ends(0).json()["record_book"], "ok");
    assert_eq!(each(&Server::audit(&store, &["--action", "CHAIN_CONTRADICTED"]), "person"), ["anna"]);
    town.anna.run(&["sync"]).ends(0);
}
