//! The machine's administrator gives the server another master key while coaches work; and whoever carries off the server's disk
//! finds no name on it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use veldboek_tests::process::{Town, number, rows, text, tools};

const REFERENCE: &str = "WF-XYLOFOON";
const NAME: &str = "Quirinus";
const TEXT: &str = "Vandaag voor het eerst zelf de heftruck gereden";

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A dossier of Carla's that Anna coaches, with a visit in it, on the server.
fn work(town: &Town, reference: &str) {
    town.carla.does(&["sync"]);
    town.carla.does(&["trainee", "add", "--reference", reference, "--given-name", NAME]);
    town.carla.does(&["trajectory", "open", reference, "--programme", "KANS", "--referral-date", "2025-01-10"]);
    town.carla.does(&["assign", reference, "anna"]);
    town.carla.does(&["sync"]);
    town.anna.does(&["sync"]);
    let visit = ["--started-at", "2025-03-03 14:05", "--duration", "45", "--party", "TRAINEE", "--summary", TEXT];
    town.anna.does(&[&["visit", "log", reference], &visit[..]].concat());
    let synced = town.anna.does(&["sync"]);
    assert_eq!(synced["up_to_date"], true, "{synced}");
}

#[test]
fn the_master_key_is_rotated_under_a_running_server_and_nobody_notices() {
    let mut town = Town::found();
    work(&town, "WF-1");
    let store = town.server_store();
    let old = std::fs::read(store.join("wrapping.key")).unwrap();
    let (new, kept) = (town.folder().join("master.key"), town.folder().join("old.key"));
    std::fs::write(&kept, old).unwrap();
    let command = |words: &[&str]| {
        let mut command = Command::new(&tools().server);
        command.args(words).arg("--store").arg(&store).output().unwrap()
    };
    let done = command(&["key", "rotate", "--new", new.to_str().unwrap(), "--format", "json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // The same process goes on: it reads what was there, and the keys of new dossiers are sealed with the new key.
    work(&town, "WF-2");
    assert_eq!(rows(&town.anna.does(&["trainee", "list"])).len(), 2);
    town.stop_server();
    town.start_server(None);
    work(&town, "WF-3");
    assert_eq!(number(&town.carla.does(&["status"]), "dossiers"), 3);
    town.stop_server();
    // What was carried off with the old key is worth nothing now.
    std::fs::remove_file(&new).unwrap();
    let refused = command(&["people", "list", "--master-key", kept.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(5), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn no_name_and_no_reference_is_in_any_file_of_a_server_or_of_a_device_whose_keys_are_elsewhere() {
    let mut town = Town::found();
    work(&town, REFERENCE);
    town.carla.does(&["report", "caseload"]);
    town.stop_server();
    // The search finds what is there: with their keys both give it out.
    let list = town.anna.does(&["visit", "list"]);
    assert_eq!(text(&rows(&list)[0], "summary"), TEXT);
    let stores = [town.server_store(), town.anna.store.clone(), town.carla.store.clone()];
    let mut searched = 0;
    for path in stores.iter().flat_map(|store| files(store)) {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for word in [REFERENCE, NAME, TEXT, "heftruck", "Veldhuizen", "Carla de Groot", "werkpartners"] {
            assert!(!bytes.windows(word.len()).any(|part| part == word.as_bytes()), "'{word}' in {}", path.display());
            assert!(!name.contains(word), "'{word}' in the name {name}");
        }
        searched += bytes.len();
    }
    assert!(searched > 10_000, "{searched}");
}
