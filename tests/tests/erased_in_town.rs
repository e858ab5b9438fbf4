//! The same with real programs over real HTTP: a note is withdrawn, a person's dossier exported, then erased; the machine burns
//! down, an old backup with its old keys is put back, and the dossier does not come back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use veldboek_tests::process::{Person, Town, number, rows, text, tools};

const WRONG: &str = "Gaat over een heel ander kind";

/// A command of the server's own, beside it or while it is down; its JSON.
fn at_the_machine(store: &Path, words: &[&str]) -> Value {
    let mut command = Command::new(&tools().server);
    command.args(words).args(["--format", "json", "--lang", "en", "--store"]).arg(store);
    let output = command.stdin(Stdio::null()).output().expect("the server's own commands run");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn log(coach: &Person, text: &str, at: &str) -> String {
    let words = ["visit", "log", "WF-2025-0001", "--started-at", at, "--duration", "30", "--party", "TRAINEE"];
    let done = coach.does(&[&words[..], &["--summary", text]].concat());
    self::text(&done, "id")
}

#[test]
fn a_note_is_withdrawn_a_dossier_erased_and_an_old_backup_brings_neither_back() {
    let mut town = Town::found();
    let store = town.server_store();
    town.carla.does(&["sync"]);
    town.carla.does(&["trainee", "add", "--reference", "WF-2025-0001", "--given-name", "Sanne"]);
    town.carla.does(&["trajectory", "open", "WF-2025-0001", "--programme", "zorg", "--referral-date", "2025-01-06"]);
    town.carla.does(&["assign", "WF-2025-0001", "anna", "--from", "2025-01-06"]);
    for person in [&town.carla, &town.anna] {
        person.does(&["sync"]);
    }
    log(&town.anna, "Goed gewerkt in de kas", "2025-03-03 10:00");
    let wrong = log(&town.anna, WRONG, "2025-03-04 10:00");
    for person in [&town.anna, &town.carla] {
        person.does(&["sync"]);
    }
    assert_eq!(town.carla.summaries().len(), 2);

    // The note goes, also from the history; nothing happens without a yes.
    town.anna.run(&["visit", "withdraw", &wrong, "--reason", "verkeerd dossier"]).ends(1).advises();
    town.anna.does(&["--yes", "visit", "withdraw", &wrong, "--reason", "verkeerd dossier"]);
    town.anna.does(&["sync"]);
    town.carla.run(&["sync"]).ends(0).says("something was withdrawn from dossier WF-2025-0001");
    for person in [&town.anna, &town.carla] {
        assert_eq!(person.summaries(), ["Goed gewerkt in de kas"]);
        assert!(!person.run(&["history", "WF-2025-0001"]).ends(0).out.contains(WRONG));
        assert_eq!(rows(&person.does(&["trainee", "list"])).len(), 1);
    }

    // What is kept about her, as she may ask; the file is not replaced without a yes.
    let file = town.folder().join("sanne.json");
    let path = file.to_str().unwrap();
    town.carla.does(&["export", "--trainee", "WF-2025-0001", "--output", path]);
    let whole: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let told = whole.to_string();
    assert!(told.contains("Goed gewerkt in de kas") && told.contains("verkeerd dossier") && !told.contains(WRONG));
    let granted = whole["access"].as_array().unwrap().iter().any(|one| one["what"] == "granted" && one["person"] == "anna");
    assert!(granted, "{}", whole["access"]);
    town.carla.run(&["export", "--trainee", "WF-2025-0001", "--output", path]).ends(1).advises();

    let backup = town.folder().join("backup");
    let made = at_the_machine(&store, &["backup", backup.to_str().unwrap()]);
    assert!(number(&made, "records") > 10);

    // A coordinator asks, an administrator confirms.
    let beheer = Person::at(town.folder().join("ada"));
    let server = town.server.as_ref().unwrap();
    beheer.enrols(&server.invite("ada", "Ada Beheerder", "administrator"), town.wire.address());
    let asked = town.carla.does(&["--yes", "trainee", "erase", "WF-2025-0001"]);
    let document = text(&asked, "document");
    town.carla.does(&["sync"]);
    town.anna.run(&["trainee", "erase", "--confirm", &document, "--yes"]).ends(5).advises();
    let listed = at_the_machine(&store, &["erase", "list"]);
    let pending = listed.as_array().unwrap().iter().find(|one| one["state"] == "asked").unwrap();
    assert_eq!((pending["document"].as_str(), pending["asked_by"].as_str()), (Some(document.as_str()), Some("carla")));
    beheer.does(&["trainee", "erase", "--confirm", &document, "--yes"]);
    let waiting = |listed: &Value| -> Vec<String> {
        let list = listed.as_array().or(listed["rows"].as_array()).unwrap();
        let one = list.iter().find(|one| one["document"] == document.as_str()).unwrap();
        assert_eq!(one["state"], "erased");
        one["waiting"].as_array().unwrap().iter().map(|device| text(device, "person")).collect()
    };
    let mut people = waiting(&at_the_machine(&store, &["erase", "list"]));
    people.sort();
    assert_eq!(people, ["anna", "carla"]);
    for person in [&town.carla, &town.anna] {
        person.run(&["sync"]).ends(0).says("dossier WF-2025-0001 was erased on request");
        assert_eq!(rows(&person.does(&["trainee", "list"])).len(), 0);
        person.run(&["trainee", "show", "WF-2025-0001"]).ends(1).advises();
    }
    assert_eq!(waiting(&town.carla.does(&["trainee", "erase", "--list"])), Vec::<String>::new());
    let verified = at_the_machine(&store, &["verify"]);
    assert!(verified["whole"] == true && number(&verified, "erased") > 5, "{verified}");

    // The machine burns down; what is put back is from before, keyring and all.
    town.stop_server();
    let broken = town.folder().join("broken");
    fs::rename(&store, &broken).unwrap();
    fs::create_dir(&store).unwrap();
    fs::copy(broken.join("wrapping.key"), store.join("wrapping.key")).unwrap();
    at_the_machine(&store, &["restore", backup.to_str().unwrap()]);
    town.start_server(None);
    town.anna.run(&["sync"]).ends(0).says("new life");
    // Another command that asks the server first does not swallow it.
    town.carla.run(&["quarantine", "list"]);
    assert_eq!(town.carla.run(&["sync"]).ends(0).says("new life").json()["record_book"], "restored");
    assert_eq!(town.carla.does(&["sync"])["record_book"], "ok");
    let verified = at_the_machine(&store, &["verify"]);
    assert!(verified["whole"] == true && number(&verified, "erased") > 5, "{verified}");
    assert_eq!(at_the_machine(&store, &["erase", "list"]).as_array().unwrap().len(), 2);
    let tablet = Person::at(town.folder().join("tablet"));
    tablet.enrols(&town.server.as_ref().unwrap().invite("carla", "Carla de Groot", "coordinator"), town.wire.address());
    tablet.does(&["sync"]);
    assert_eq!(rows(&tablet.does(&["trainee", "list"])).len(), 0);
}
