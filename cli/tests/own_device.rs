//! Somebody invites a further device of Anna. Anna hears of it, in words and for programs, in both languages.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use std::path::Path;

use field::{Person, Town};
use serde_json::Value;
use veldboek::Exit;

fn added(town: &Town, marit: &Person, dir: &Path) -> Person {
    let invitation = marit.json(&["invite", "--person", "anna", "--role", "coach", "--organisation", "wf", "--name", "Anna"]);
    let person = Person { dir: dir.to_owned() };
    person.ok(&["enrol", invitation["code"].as_str().unwrap(), "--server", &town.url()]);
    person
}

#[test]
fn a_device_that_was_added_in_ones_name_is_told_in_words_and_to_programs() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    anna.ok(&["sync"]);
    let first = added(&town, &marit, &dir.path().join("eerste"));
    let ran = anna.run(&["--format", "json", "sync"]);
    assert_eq!(ran.exit, Exit::Done, "told, but nothing to decide: {} {}", ran.out, ran.err);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    let told = value["new_devices"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{value}");
    assert_eq!(told[0]["device"], first.json(&["status"])["device"]);
    assert_eq!(anna.json(&["sync"])["new_devices"], Value::Array(Vec::new()));
    for (name, lang, words) in
        [("tweede", "nl", "apparaat bijgekomen op uw naam"), ("derde", "en", "device was added in your name")]
    {
        added(&town, &marit, &dir.path().join(name));
        let ran = anna.run(&["--lang", lang, "sync"]);
        assert_eq!(ran.exit, Exit::Done);
        assert!(ran.out.contains(words) || ran.err.contains(words), "{} {}", ran.out, ran.err);
    }
    assert!(!bram.ok(&["sync"]).err.contains("op uw naam"), "Bram's name is not on it");
    town.stop();
}
