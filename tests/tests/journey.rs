//! The whole journey by hand, in separate processes: a server, a coordinator and two coaches, each with a store; work
//! done while the server is down; and afterwards the same on every device, with what only a person can decide laid before one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use serde_json::Value;
use veldboek_tests::process::{Halt, Person, Town, number, rows, text};

const DOSSIERS: usize = 3;

fn reference(number: usize) -> String {
    format!("WF-2025-{number:04}")
}

/// A coordinator prepares the year: the register, the dossiers, and who coaches them.
fn prepared(town: &Town) {
    let Town { carla, anna, bram, .. } = town;
    carla.does(&["programme", "add", "KANS", "--name", "Kans op werk", "--success-definition", "WORK_OR_EDUCATION"]);
    for (coach, name) in [("anna", "Anna Veldhuizen"), ("bram", "Bram Pietersen")] {
        carla.does(&["coach", "add", coach, "--display-name", name]);
    }
    let file = town.folder().join("participants.csv");
    let mut csv =
        "reference;given_name;birth_date;municipality;programme;referral_date;intake_date;agreement_date\r\n".to_owned();
    for n in 1..=DOSSIERS {
        csv += &format!("{};Sanne;3-5-2006;GM0392;KANS;10-1-2025;20-1-2025;1-2-2025\r\n", reference(n));
    }
    std::fs::write(&file, csv).unwrap();
    let imported = carla.does(&["import", "participants", file.to_str().unwrap()]);
    assert_eq!(number(&imported, "new_dossiers") as usize, DOSSIERS);
    for n in 1..=DOSSIERS {
        carla.does(&["assign", &reference(n), "anna", "--from", "2025-02-01"]);
        carla.does(&["assign", &reference(n), "bram", "--from", "2025-02-01", "--role", "SUPPORT"]);
    }
    one_round_trip(carla);
    for coach in [anna, bram] {
        let synced = one_round_trip(coach);
        assert!(number(&synced, "received") > 0);
        assert_eq!(rows(&coach.does(&["trainee", "list"])).len(), DOSSIERS);
    }
}

fn log(person: &Person, dossier: usize, summary: &str) -> Value {
    person.does(&[
        "visit",
        "log",
        &reference(dossier),
        "--started-at",
        "2025-03-03 09:30",
        "--duration",
        "45",
        "--party",
        "TRAINEE",
        "--summary",
        summary,
    ])
}

#[track_caller]
fn one_round_trip(person: &Person) -> Value {
    let synced = person.does(&["sync"]);
    assert_eq!(number(&synced, "round_trips"), 1, "{synced}");
    assert_eq!(synced["up_to_date"], true, "{synced}");
    synced
}

/// The only conflict that a person sees, with each value beside who wrote it.
fn versions(list: &Value) -> Vec<(String, String)> {
    let rows = rows(list);
    assert_eq!(rows.len(), 1, "{list}");
    assert_eq!(text(&rows[0], "field"), "municipality");
    assert_eq!(text(&rows[0], "reference"), reference(1));
    let mut versions: Vec<_> = rows[0]["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| (text(version, "by_name"), text(version, "value")))
        .collect();
    versions.sort();
    versions
}

#[test]
fn what_two_coaches_wrote_without_a_server_is_on_every_device_and_a_conflict_is_settled_once() {
    let mut town = Town::found();
    prepared(&town);
    let unsynced = |person: &Person| number(&person.does(&["status"]), "unsynced");
    assert_eq!(unsynced(&town.anna), 0);

    town.stop_server();
    log(&town.anna, 1, "Anna: goed gewerkt in de kas, één plant gebroken");
    log(&town.bram, 1, "Bram: te laat, wekker afgesproken");
    log(&town.bram, 2, "Bram: kennismaking met de chef");
    town.anna.does(&["trainee", "edit", &reference(1), "--municipality", "GM0453"]);
    town.bram.does(&["trainee", "edit", &reference(1), "--municipality", "GM0375"]);
    town.bram.does(&["trainee", "edit", &reference(1), "--given-name", "Sanna"]);
    let down = town.anna.run(&["sync"]).ends(4).advises();
    assert!(down.err.contains("safe on this device"), "{}", down.err);
    assert_eq!((unsynced(&town.anna), unsynced(&town.bram)), (2, 4));
    for visit in rows(&town.anna.does(&["visit", "list"])) {
        assert_eq!(text(visit, "saved"), "device");
    }

    town.start_server(None);
    let synced = one_round_trip(&town.anna);
    assert_eq!((number(&synced, "sent"), number(&synced, "accepted"), number(&synced, "received")), (2, 2, 0));
    // What needs a person is told to whoever's exchange brought it together.
    let synced = town.bram.run(&["sync"]).ends(3).json();
    assert_eq!(number(&synced, "round_trips"), 1, "{synced}");
    assert_eq!((number(&synced, "accepted"), number(&synced, "received")), (4, 2));
    let both = vec![("Anna Veldhuizen".into(), "GM0453".into()), ("Bram Pietersen".into(), "GM0375".into())];
    assert_eq!(versions(&serde_json::json!({ "rows": synced["conflicts"] })), both);
    for person in [&town.anna, &town.carla] {
        let synced = person.run(&["sync"]).ends(3).json();
        assert_eq!(number(&synced, "round_trips"), 1, "{synced}");
    }
    let texts = [
        "Anna: goed gewerkt in de kas, één plant gebroken",
        "Bram: kennismaking met de chef",
        "Bram: te laat, wekker afgesproken",
    ];
    for person in [&town.anna, &town.bram, &town.carla] {
        assert_eq!(person.summaries(), texts);
        assert_eq!(versions(&person.does(&["conflicts"])), both);
        assert_eq!(text(&rows(&person.does(&["trainee", "list"]))[0], "given_name"), "Sanna", "the other field merged");
        assert_eq!(unsynced(person), 0);
    }
    for visit in rows(&town.bram.does(&["visit", "list"])) {
        assert_eq!(text(visit, "saved"), "server");
    }

    // Settled on one device, settled on all.
    let conflicts = town.carla.does(&["conflicts"]);
    let conflict = &rows(&conflicts)[0];
    let chosen = conflict["versions"].as_array().unwrap().iter().find(|version| text(version, "by") == "bram").unwrap();
    town.carla.does(&["conflicts", "resolve", &text(conflict, "id"), "--choose", &number(chosen, "number").to_string()]);
    for person in [&town.carla, &town.anna, &town.bram] {
        one_round_trip(person);
        assert!(rows(&person.does(&["conflicts"])).is_empty());
        let trainees = person.does(&["trainee", "list"]);
        assert_eq!(text(&rows(&trainees)[0], "municipality"), "GM0375");
        assert!(person.does(&["verify"])["whole"].as_bool().unwrap());
    }
    // Nothing is left to say, and saying so costs one exchange each.
    town.wire.carried();
    for person in [&town.carla, &town.anna, &town.bram] {
        one_round_trip(person);
    }
    assert_eq!(town.wire.carried().len(), 3);
}

#[test]
fn a_visit_is_logged_while_a_sync_of_the_same_store_waits_for_the_server() {
    let town = Town::found();
    prepared(&town);
    log(&town.anna, 1, "Vóór het uitwisselen");
    for (halt, dossier, summary) in
        [(Halt::BeforeQuestion, 1, "Terwijl de vraag onderweg was"), (Halt::BeforeAnswer, 2, "Terwijl het antwoord onderweg was")]
    {
        let held = town.wire.hold(halt);
        let mut sync = town.anna.start(&["sync"], None);
        held.wait();
        // The other process neither waits for the network nor for the first one.
        let saved = log(&town.anna, dossier, summary);
        assert_eq!(text(&saved, "saved"), "device");
        assert!(sync.runs(), "it was still waiting");
        assert!(town.anna.summaries().contains(&summary.to_owned()));
        held.go_on();
        let synced = sync.finish().ends(0).json();
        assert_eq!(synced["up_to_date"], true, "what came in between went along: {synced}");
    }
    town.carla.does(&["sync"]);
    let texts = ["Terwijl de vraag onderweg was", "Terwijl het antwoord onderweg was", "Vóór het uitwisselen"];
    for person in [&town.anna, &town.carla] {
        assert_eq!(person.summaries(), texts);
        assert!(person.does(&["verify"])["whole"].as_bool().unwrap());
    }
}
