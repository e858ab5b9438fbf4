//! Conflicts as the person at the keyboard meets them: what may be typed, what an id stands for, what a sync tells.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use field::{Person, Ran, Town};
use serde_json::Value;
use veldboek::Exit;

/// The only conflict about a field.
fn about(person: &Person, field: &str) -> Value {
    let all = person.json(&["conflicts"]);
    let found: Vec<&Value> = all["rows"].as_array().unwrap().iter().filter(|row| row["field"] == field).collect();
    assert_eq!(found.len(), 1, "{all}");
    found[0].clone()
}

fn id(conflict: &Value) -> &str {
    conflict["id"].as_str().unwrap()
}

fn values(conflict: &Value) -> Vec<String> {
    let mut values: Vec<String> =
        conflict["versions"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect();
    values.sort();
    values
}

fn refused(ran: &Ran, said: &str) {
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{}", ran.err);
    assert!(ran.err.contains(said) && ran.err.contains("tip:"), "{}", ran.err);
}

#[test]
fn a_typed_settlement_keeps_the_rules_of_the_field() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    for (person, phone, initial) in [(&anna, "0201234567", "A"), (&bram, "0207654321", "B")] {
        let school = format!("school {initial}");
        let fields = ["--contact-phone", phone, "--family-initial", initial, "--school-of-origin", &school];
        person.ok(&[["trainee", "edit", "WF-1"].as_slice(), &fields].concat());
        person.run(&["sync"]);
    }
    marit.run(&["sync"]);
    let (phone, initial) = (about(&marit, "contact_phone"), about(&marit, "family_initial"));
    let school = about(&marit, "school_of_origin");

    refused(&marit.run(&["conflicts", "resolve", id(&school), "--value", "school 123456782"]), "--no-bsn");
    refused(&marit.run(&["conflicts", "resolve", id(&phone), "--value", "020-12"]), "06-12345678");
    refused(&marit.run(&["conflicts", "resolve", id(&initial), "--value", "Bakker"]), "B.");
    assert_eq!(marit.json(&["conflicts"])["rows"].as_array().unwrap().len(), 3, "nothing was written");

    marit.ok(&["conflicts", "resolve", id(&school), "--value", "school 123456782", "--no-bsn"]);
    marit.ok(&["conflicts", "resolve", id(&phone), "--value", "020-1234567"]);
    marit.ok(&["conflicts", "resolve", id(&initial), "--value", "C"]);
    assert_eq!(marit.json(&["conflicts"])["rows"], serde_json::json!([]));
    let ran = marit.run(&["conflicts", "resolve", "x", "--choose", "1", "--no-bsn"]);
    assert_eq!(ran.exit, Exit::Usage, "what is chosen was entered elsewhere: {}", ran.err);
}

#[test]
fn an_id_stands_for_the_values_that_were_seen() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    marit.ok(&["trainee", "edit", "WF-1", "--contact-phone", "0200000003"]);
    for (person, phone) in [(&anna, "0200000001"), (&bram, "0200000002")] {
        person.ok(&["trainee", "edit", "WF-1", "--contact-phone", phone]);
        person.run(&["sync"]);
    }
    let seen = about(&bram, "contact_phone");
    assert_eq!(values(&seen), ["0200000001", "0200000002"]);

    // A third value comes in: that is news, and the choice that was seen is not the choice that is there.
    marit.run(&["sync"]);
    let ran = bram.run(&["sync"]);
    assert_eq!(ran.exit, Exit::Attention, "{}", ran.err);
    refused(&bram.run(&["conflicts", "resolve", id(&seen), "--choose", "2"]), "veldboek conflicts");
    let now = about(&bram, "contact_phone");
    assert_eq!(values(&now), ["0200000001", "0200000002", "0200000003"]);
    assert_eq!(id(&now), id(&about(&marit, "contact_phone")), "the same values have the same id everywhere");
    bram.ok(&["conflicts", "resolve", id(&now), "--choose", "2"]);
    assert_eq!(bram.json(&["conflicts"])["rows"], serde_json::json!([]));
}

#[test]
fn who_may_not_do_it_hears_so_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, _] = town.people(dir.path());
    marit.ok(&["coach", "add", "marit", "--display-name", "Marit"]);
    marit.ok(&["sync"]);
    anna.ok(&["sync"]);
    refused(&anna.run(&["assign", "WF-1", "bram", "--role", "SUPPORT"]), "coördinator");
    let file = dir.path().join("deelnemers.csv");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "reference,programme,referral_date,agreement_date,coach\r\nWF-2,zorg,2025-01-06,2025-02-03,marit\r\n")
        .unwrap();
    refused(&anna.run(&["import", "participants", path]), "coördinator");
    assert_eq!(anna.json(&["trainee", "list"])["rows"].as_array().unwrap().len(), 1, "nothing was written");
    assert_eq!(anna.json(&["status"])["unsynced"], 0);
    marit.ok(&["assign", "WF-1", "marit", "--role", "SUPPORT"]);

    // An administrator looks after people and devices, not after trainees.
    let admin = Person { dir: dir.path().join("beheer") };
    refused(&admin.run(&["trainee", "add", "--reference", "WF-3"]), "beheerder");
    refused(&admin.run(&["import", "participants", path]), "beheerder");
    assert_eq!(admin.json(&["status"])["unsynced"], 0);
}

#[test]
fn an_exchange_that_is_cut_short_tells_what_came_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    // Anna's laptop is put back as it was this morning, so that her next visit has a number that the server knows already:
    // the first page says so, and a second one is needed.
    anna.log("2025-03-28 09:00", "Gisteren");
    anna.ok(&["sync"]);
    let restored = Person { dir: dir.path().join("anna-restored") };
    copy(&anna.dir, &restored.dir);
    anna.log("2025-03-31 09:00", "In de ochtend");
    anna.ok(&["sync"]);
    for (person, phone) in [(&marit, "0201234567"), (&bram, "0207654321")] {
        person.ok(&["trainee", "edit", "WF-1", "--contact-phone", phone]);
        person.run(&["sync"]);
    }
    restored.log("2025-03-31 13:00", "In de middag");

    let wire = town.behind_a_wire_for_one_page();
    let ran = restored.run(&["--format", "json", "sync"]);
    wire.join().unwrap();
    assert_eq!(ran.exit, Exit::NoContact, "{} {}", ran.out, ran.err);
    assert!(ran.err.contains("geen contact met de server") && ran.err.contains("tip:"), "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&told["conflicts"][0]["field"], &told["up_to_date"]), (&"contact_phone".into(), &false.into()));
    assert_eq!(told["interrupted"], true);
    town.stop();
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
