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

/// What is told of each value: as shown, who wrote it, whether it is known when, and the file it came from.
fn told(conflict: &Value) -> Vec<(String, String, bool, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let versions = conflict["versions"].as_array().unwrap().iter();
    let mut told: Vec<_> = versions
        .map(|one| (text(&one["shown"]).unwrap(), text(&one["by"]).unwrap(), one["at"].is_string(), text(&one["source"])))
        .collect();
    told.sort();
    told
}

fn of_kind<'a>(conflicts: &'a Value, kind: &str) -> &'a Value {
    conflicts["rows"].as_array().unwrap().iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {conflicts}"))
}

#[test]
fn every_conflict_says_who_wrote_each_value_and_when() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    let invitation =
        marit.json(&["invite", "--person", "chris", "--role", "coordinator", "--organisation", "wf", "--name", "chris"]);
    let chris = Person { dir: dir.path().join("chris") };
    chris.ok(&["enrol", invitation["code"].as_str().unwrap(), "--server", &town.url()]);
    anna.log("2025-03-03 09:30", "Goed gewerkt in de kas");
    anna.ok(&["trainee", "edit", "WF-1", "--municipality", "GM0392"]);
    for person in [&anna, &chris, &marit, &bram] {
        person.ok(&["sync"]);
    }

    // Apart: two coordinators each name a first coach, two people correct one visit, one dossier is made twice.
    marit.ok(&["assign", "WF-1", "marit"]);
    chris.ok(&["assign", "WF-1", "bram"]);
    let visit = anna.json(&["visit", "list"])["rows"][0]["id"].as_str().unwrap().to_owned();
    anna.ok(&["visit", "correct", &visit, "--duration", "40", "--reason", "verkeerd gelezen"]);
    marit.ok(&["visit", "correct", &visit, "--duration", "50", "--reason", "volgens de werkgever"]);
    for person in [&marit, &chris] {
        person.ok(&["trainee", "add", "--reference", "WF-2", "--given-name", "Noor"]);
    }
    // And a file says something else than Anna wrote.
    let file = dir.path().join("lijst.csv");
    std::fs::write(&file, "reference;programme;referral_date;municipality\nWF-1;zorg;2025-01-06;GM0453\n").unwrap();
    assert_eq!(marit.run(&["import", "participants", file.to_str().unwrap()]).exit, Exit::Attention);
    for person in [&anna, &marit, &chris, &bram, &anna, &marit, &chris] {
        person.run(&["sync"]);
    }

    for person in [&marit, &chris] {
        let conflicts = person.json(&["conflicts", "list"]);
        assert_eq!(conflicts["rows"].as_array().unwrap().len(), 4, "{conflicts}");
        let by = |kind| told(of_kind(&conflicts, kind));
        let value = |shown: &str, by: &str| (shown.to_owned(), by.to_owned(), true, None);
        assert_eq!(by("two_primary_coaches"), [value("bram", "chris"), value("marit", "marit")]);
        assert_eq!(by("correction"), [value("40", "anna"), value("50", "marit")]);
        let brought = by("import");
        assert_eq!(brought[0], value("GM0392", "anna"));
        let (shown, author, when, source) = &brought[1];
        assert_eq!((shown.as_str(), author.as_str(), when), ("GM0453", "marit", &true));
        assert!(source.as_deref().unwrap().starts_with("participants"), "{source:?}");
        let mut twice: Vec<String> = by("duplicate_reference").into_iter().map(|(_, author, ..)| author).collect();
        twice.sort();
        assert_eq!(twice, ["chris", "marit"]);
        // People see the same: a line per value with a name and a day.
        let table = person.ok(&["conflicts"]).out;
        for line in table.lines().filter(|line| line.starts_with('│') && !line.contains("Kenmerk")) {
            assert!(["anna", "marit", "chris", "bram"].iter().any(|name| line.contains(name)), "{line}\n{table}");
        }
    }

    // Typed: a correction like any other, and the value that is read already settles it too.
    let conflicts = marit.json(&["conflicts"]);
    refused(&marit.run(&["conflicts", "resolve", id(of_kind(&conflicts, "correction")), "--value", "9999"]), "480");
    marit.ok(&["conflicts", "resolve", id(of_kind(&conflicts, "correction")), "--value", "50"]);
    marit.ok(&["conflicts", "resolve", id(of_kind(&conflicts, "two_primary_coaches")), "--choose", "1"]);
    marit.ok(&["conflicts", "resolve", id(of_kind(&conflicts, "import")), "--choose", "2"]);
    refused(
        &marit.run(&["conflicts", "resolve", id(of_kind(&conflicts, "duplicate_reference")), "--choose", "1"]),
        "trainee edit",
    );
    let left = marit.json(&["conflicts"]);
    assert_eq!(left["rows"].as_array().unwrap().len(), 1, "{left}");
    assert_eq!(marit.json(&["visit", "list"])["rows"][0]["duration_min"], 50);
    assert_eq!(marit.json(&["trainee", "show", "WF-1"])["trainee"]["municipality"], "GM0453");
}
