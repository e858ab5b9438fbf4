//! Dossiers change hands at the keyboard: who decides, who reads what, what waits and what was decided about it. A real
//! server; Marit coordinates, Anna hands over to Dewi, and Bram is the second coach.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod field;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use field::{Person, Ran, Town};
use serde_json::Value;
use veldboek::Exit;
use veldboek_core::cache::{Cache, SledCache};
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::{Journal, Payload};
use veldboek_core::keyring::{Keyring, WrappingKey};

const CANARY: &str = "kanariepiet";

fn rows(list: &Value) -> &Vec<Value> {
    list["rows"].as_array().unwrap()
}

fn ends(ran: &Ran, exit: Exit) {
    assert_eq!(ran.exit, exit, "{} {}", ran.out, ran.err);
}

fn json_of(person: &Person, exit: Exit, arguments: &[&str]) -> Value {
    let line: Vec<&str> = ["--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
    let ran = person.run(&line);
    ends(&ran, exit);
    serde_json::from_str(&ran.out).unwrap()
}

/// A day this many days from today, as Marit's clock has it.
fn day(person: &Person, days: i64) -> String {
    let today: veldboek_core::clock::Day = person.json(&["caseload"])["as_of"].as_str().unwrap().parse().unwrap();
    today.plus_days(days).to_string()
}

/// What of a field book can be read with the keys that are in it: journal and cache; and every file as it lies there.
fn readable(person: &Person, document: DocumentId) -> Vec<Vec<u8>> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&person.dir).unwrap());
    let keyring = Keyring::open(&*disk, &WrappingKey::read(&*disk).unwrap()).unwrap();
    let mut found = Vec::new();
    Journal::open(disk)
        .unwrap()
        .read_new(&keyring, &mut |record| match record.payload {
            Payload::Bytes(bytes) => found.push(bytes),
            Payload::Gone => {}
        })
        .unwrap();
    let cache = SledCache::open(&person.dir.join("cache"), &keyring.cache_key()).expect("a cache that opens with these keys");
    let names = (1..=9).map(|shape| format!("view/{shape}/")).chain(["document/".to_owned()]);
    found.extend(names.filter_map(|name| cache.get(&[name.as_bytes(), document.as_bytes()].concat())));
    drop(cache);
    files(&person.dir, &mut found);
    found
}

fn files(dir: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(std::fs::read(&path).unwrap()),
        }
    }
}

fn holds(person: &Person, document: DocumentId, word: &str) -> bool {
    readable(person, document).iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

#[test]
fn a_transfer_takes_the_dossier_from_one_coach_to_the_next_with_a_note_and_a_visible_history() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    let dewi = town.join(&marit, dir.path(), "dewi", "coach");
    marit.ok(&["sync"]);
    anna.log("2025-03-03 09:00", CANARY);
    anna.ok(&["sync"]);
    let document: DocumentId = anna.json(&["history", "WF-1"])["document"].as_str().unwrap().parse().unwrap();
    assert!(holds(&anna, document, CANARY), "the search finds it as long as it is there");

    // Only a coordinator decides; there must be somebody to hand over; and a BSN is no note.
    let ran = anna.run(&["transfer", "WF-1", "dewi"]);
    ends(&ran, Exit::Failed);
    assert!(ran.err.contains("alleen een coördinator"), "{}", ran.err);
    let ran = marit.run(&["transfer", "WF-1", "anna"]);
    ends(&ran, Exit::Failed);
    assert!(ran.err.contains("niemand anders begeleidt"), "{}", ran.err);
    let ran = marit.run(&["transfer", "WF-1", "dewi", "--note", "zijn nummer is 123456782"]);
    ends(&ran, Exit::Failed);
    assert!(ran.err.contains("BSN"), "{}", ran.err);

    let ran = marit.run(&["cover", "WF-1", "anna", "--until", &day(&marit, 5)]);
    ends(&ran, Exit::Failed);
    assert!(ran.err.contains("al de eerste coach"), "{}", ran.err);

    // Offline too: it goes with the next exchange.
    let note = "Sam praat liever onder het werk";
    let done = marit.json(&["transfer", "WF-1", "dewi", "--reason", "Anna gaat minder werken", "--note", note]);
    assert_eq!((&done["decision"], &done["ends"][0]["coach"]), (&"TRANSFER".into(), &"anna".into()), "{done}");
    marit.ok(&["sync"]);

    let synced = dewi.json(&["sync"]);
    assert_eq!(synced["handovers"][0]["note"], note, "{synced}");
    assert_eq!(dewi.texts(), [CANARY]);
    let caseload = dewi.json(&["caseload"]);
    let handed = rows(&caseload).iter().find(|row| row["kind"] == "handover").unwrap();
    assert_eq!((&handed["note"], &handed["reason"]), (&note.into(), &"Anna gaat minder werken".into()));
    assert_eq!(dewi.json(&["sync"])["handovers"], Value::Array(Vec::new()), "it is news once");

    let synced = anna.json(&["sync"]);
    assert_eq!(synced["closed"], 1, "{synced}");
    assert_eq!(
        (&synced["closed_dossiers"][0]["reference"], &synced["closed_dossiers"][0]["why"]),
        (&"WF-1".into(), &"ACCESS_ENDED".into())
    );
    let tablet = Person { dir: dir.path().join("tablet") };
    let code = marit.json(&["invite", "--person", "anna", "--role", "coach", "--organisation", "wf"])["code"].clone();
    tablet.ok(&["enrol", code.as_str().unwrap(), "--server", &town.url()]);
    assert_eq!(tablet.json(&["sync"])["closed"], 0, "what was never on it did not leave it");
    assert!(!holds(&anna, document, CANARY), "and gone from the disk after it");
    assert!(rows(&anna.json(&["trainee", "list"])).is_empty());
    assert_eq!(rows(&bram.json(&["trainee", "list"])).len(), 1, "the second coach stays");

    // Once she has been there herself it is news no more.
    dewi.log(&format!("{} 00:01", day(&dewi, 0)), "kennisgemaakt");
    assert!(rows(&dewi.json(&["caseload"])).iter().all(|row| row["kind"] != "handover"));

    let history = marit.json(&["history", "WF-1"]);
    let access = history["access"].as_array().unwrap();
    let transfers: Vec<&Value> = access.iter().filter(|row| row["decision"] == "TRANSFER").collect();
    assert_eq!(transfers.len(), 2, "{access:?}");
    for row in transfers {
        assert_eq!((&row["by"], &row["reason"]), (&"marit".into(), &"Anna gaat minder werken".into()), "{row}");
    }
    assert!(marit.ok(&["history", "WF-1"]).out.contains(note));
}

#[test]
fn a_warm_handover_leaves_both_access_until_its_last_day() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, _] = town.people(dir.path());
    let dewi = town.join(&marit, dir.path(), "dewi", "coach");
    marit.ok(&["sync"]);
    let last = day(&marit, 7);
    let done = marit.json(&["transfer", "WF-1", "dewi", "--together-until", &last]);
    assert_eq!((&done["decision"], &done["ends"][0]["last_day"]), (&"WARM_HANDOVER".into(), &last.clone().into()));
    marit.ok(&["sync"]);
    dewi.ok(&["sync"]);
    assert_eq!(anna.json(&["sync"])["closed"], 0);
    anna.log(&format!("{} 00:01", day(&anna, 0)), "samen op bezoek");
    assert_eq!(anna.json(&["sync"])["accepted"], 1);
    dewi.ok(&["sync"]);
    assert_eq!(dewi.texts(), ["samen op bezoek"]);
}

/// Dewi covers for Anna; her last day passes while she is without a connection, and she visits three times after it.
fn after_the_cover(dir: &Path) -> (Town, [Person; 3]) {
    let mut town = Town::open(dir);
    let [marit, anna, _] = town.people(dir);
    let dewi = town.join(&marit, dir, "dewi", "coach");
    marit.ok(&["sync"]);
    // For the server it is six days ago: the cover still holds.
    town.days_behind.store(6, Ordering::SeqCst);
    let (from, until) = (day(&marit, -8), day(&marit, -4));
    marit.ok(&["cover", "WF-1", "dewi", "--from", &from, "--until", &until, "--reason", "verlof"]);
    marit.ok(&["sync"]);
    dewi.run(&["sync"]);
    for text in ["nog een laatste keer", "en dat bleek nodig", "een week later"] {
        let line = ["visit", "log", "WF-1", "--started-at", "2025-03-04 09:00", "--duration", "30", "--party", "TRAINEE"];
        ends(&dewi.run(&[line.as_slice(), &["--summary", text]].concat()), Exit::Attention);
    }
    // The days pass for the server too.
    town.stop();
    town.days_behind.store(0, Ordering::SeqCst);
    town.start();
    (town, [marit, anna, dewi])
}

#[test]
fn what_came_too_late_waits_is_read_and_is_let_in_or_refused_and_its_author_hears_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_town, [marit, anna, dewi]) = after_the_cover(dir.path());
    let synced = json_of(&dewi, Exit::Attention, &["sync"]);
    assert_eq!((&synced["quarantined"], &synced["closed"]), (&3.into(), &1.into()), "{synced}");
    assert_eq!(dewi.json(&["status"])["quarantined"], 3);
    let own = dewi.json(&["quarantine"]);
    assert_eq!((rows(&own).len(), &rows(&own)[0]["reference"]), (3, &"WF-1".into()), "{own}");
    let ran = dewi.run(&["quarantine", "accept", rows(&own)[0]["id"].as_str().unwrap()]);
    ends(&ran, Exit::Failed);
    assert!(ran.err.contains("alleen een coördinator"), "{}", ran.err);

    // It is news to Marit once.
    let synced = json_of(&marit, Exit::Attention, &["sync"]);
    assert_eq!(synced["to_decide"], 3, "{synced}");
    marit.ok(&["sync"]);
    assert_eq!(marit.json(&["status"])["to_decide"], 3);
    let list = marit.json(&["quarantine", "list"]);
    let said = |row: &Value| row["what"].as_str().unwrap().to_owned();
    assert!(said(&rows(&list)[0]).contains("nog een laatste keer"), "{list}");
    assert_eq!((&rows(&list)[0]["by"], &rows(&list)[0]["reason"]), (&"dewi".into(), &"NO_GRANT".into()));
    let table = marit.ok(&["quarantine"]);
    assert!(table.out.contains("geen toegang toen het werd gemaakt"), "{}", table.out);
    let ids: Vec<&str> = rows(&list).iter().map(|row| row["id"].as_str().unwrap()).collect();

    // What leans on something that waits is not decided about alone.
    let ran = marit.run(&["quarantine", "accept", ids[1]]);
    ends(&ran, Exit::Failed);
    assert!(ran.err.contains(ids[0]), "{}", ran.err);
    let decided = marit.json(&["quarantine", "refuse", ids[0], "--reason", "was al besproken"]);
    assert_eq!((&decided["decision"], decided["with"].as_array().unwrap().len()), (&"REFUSED".into(), 2), "{decided}");
    let ran = marit.run(&["quarantine", "refuse", ids[0], "--reason", "nog eens"]);
    ends(&ran, Exit::Failed);

    // Dewi hears why, keeps her text, and the other two come back without it.
    let synced = json_of(&dewi, Exit::Attention, &["sync"]);
    assert_eq!((&synced["refused"], &synced["quarantined"]), (&1.into(), &2.into()), "{synced}");
    let status = dewi.ok(&["status"]).out;
    assert!(status.contains("was al besproken") && status.contains("nog een laatste keer"), "{status}");
    let list = json_of(&marit, Exit::Done, &["quarantine", "list"]);
    let ids: Vec<&str> = rows(&list).iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{list}");
    let accepted = marit.json(&["quarantine", "accept", ids[0], "--reason", "klopt"]);
    assert_eq!((&accepted["received"], &accepted["left"]), (&2.into(), &0.into()), "{accepted}");
    let synced = dewi.json(&["sync"]);
    assert_eq!((&synced["released"], &dewi.json(&["status"])["quarantined"]), (&2.into(), &0.into()), "{synced}");
    anna.ok(&["sync"]);
    assert_eq!(anna.texts(), ["een week later", "en dat bleek nodig"]);
    let access = marit.json(&["history", "WF-1"])["access"].to_string();
    assert!(access.contains("was al besproken") && access.contains("klopt"), "{access}");

    // She has read it, and takes it off the list: that is for her alone to do, and shows it a last time.
    let items = dewi.json(&["status"])["refused_items"].clone();
    let id = items[0]["id"].as_str().unwrap();
    assert!(items[0]["what"].as_str().unwrap().contains("nog een laatste keer"), "{items}");
    ends(&marit.run(&["quarantine", "dismiss", id]), Exit::Failed);
    let done = dewi.json(&["quarantine", "dismiss", id]);
    assert_eq!(done["left"], 0, "{done}");
    assert!(done["what"].as_str().unwrap().contains("nog een laatste keer"), "{done}");
    let status = dewi.ok(&["status"]).out;
    assert!(!status.contains("was al besproken") && !status.contains("nog een laatste keer"), "{status}");
    ends(&dewi.run(&["quarantine", "dismiss", id]), Exit::Failed);
}

#[test]
fn a_cover_that_expired_without_a_connection_closes_by_itself_and_still_takes_a_visit() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::open(dir.path());
    let [marit, anna, _] = town.people(dir.path());
    let dewi = town.join(&marit, dir.path(), "dewi", "coach");
    marit.ok(&["sync"]);
    // For the server it is six days ago: the cover still holds, and Dewi gets the dossier.
    town.days_behind.store(6, Ordering::SeqCst);
    let (from, until) = (day(&marit, -8), day(&marit, -4));
    marit.ok(&["cover", "WF-1", "dewi", "--from", &from, "--until", &until, "--reason", "verlof"]);
    marit.ok(&["sync"]);
    dewi.run(&["sync"]);
    // Dewi's own clock knows that it is over, and nobody has told her.
    let ran = dewi.run(&["trainee", "show", "WF-1"]);
    ends(&ran, Exit::Failed);
    assert!(ran.err.contains(&until) && ran.err.contains("visit log"), "{}", ran.err);
    assert!(dewi.ok(&["caseload"]).err.contains(&until));
    ends(&dewi.run(&["visit", "plan", "WF-1", "--planned-on", &day(&dewi, 3)]), Exit::Failed);
    let line = ["visit", "log", "WF-1", "--started-at", "2025-03-04 09:00", "--duration", "30", "--party", "TRAINEE"];
    let ran = dewi.run(&[line.as_slice(), &["--summary", "toch gegaan"]].concat());
    ends(&ran, Exit::Attention);
    assert!(ran.err.contains("wacht"), "{}", ran.err);
    // The days pass for the server too.
    town.stop();
    town.days_behind.store(0, Ordering::SeqCst);
    town.start();
    let synced = json_of(&dewi, Exit::Attention, &["sync"]);
    assert_eq!((&synced["quarantined"], &synced["closed"]), (&1.into(), &1.into()), "{synced}");
    json_of(&marit, Exit::Attention, &["sync"]);
    let list = marit.json(&["quarantine"]);
    marit.ok(&["quarantine", "accept", rows(&list)[0]["id"].as_str().unwrap()]);
    anna.ok(&["sync"]);
    assert_eq!(anna.texts(), ["toch gegaan"]);
    assert_eq!(dewi.json(&["sync"])["released"], 1);
}

#[test]
fn an_export_about_a_trainee_holds_what_others_wrote_and_what_waits_or_says_that_it_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut town, [marit, _, dewi]) = after_the_cover(dir.path());
    json_of(&dewi, Exit::Attention, &["sync"]);
    json_of(&marit, Exit::Attention, &["sync"]);
    let export = ["export", "--trainee", "WF-1"];
    let whole = marit.json(&export);
    let waiting = whole["quarantined"].as_array().unwrap();
    assert_eq!((waiting.len(), &whole["quarantined_complete"]), (3, &true.into()), "{whole}");
    assert_eq!(waiting[0]["by"], "dewi");
    assert!(waiting[0]["writes"].to_string().contains("nog een laatste keer"), "{whole}");
    // Without the server the file says so, and the screen too.
    town.stop();
    let file = dir.path().join("inzage.json");
    let ran = marit.ok(&[export.as_slice(), &["--output", file.to_str().unwrap()]].concat());
    assert!(ran.err.contains("wachten er 3 wijzigingen"), "{}", ran.err);
    let whole: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!((&whole["quarantined_complete"], &whole["quarantined_last_told"]), (&false.into(), &3.into()), "{whole}");
    assert!(whole["quarantined"].as_array().unwrap().is_empty());
}

#[test]
fn who_began_a_dossier_before_joining_is_seen_by_the_coordinator_or_hears_that_it_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, ..] = town.people(dir.path());
    for (code, organisation) in [("dewi", None), ("els", Some("school-1"))] {
        let person = Person { dir: dir.path().join(code) };
        let named = organisation.map(|organisation| ["--organisation", organisation]);
        person.ok(&[&["init", "--coach", code], named.as_ref().map(|named| named.as_slice()).unwrap_or_default()].concat());
        person.ok(&["trainee", "add", "--reference", &format!("{code}-1"), "--given-name", "Kim"]);
        let invitation = marit.json(&["invite", "--person", code, "--role", "coach", "--organisation", "wf", "--name", code]);
        let enrolled = person.ok(&["enrol", invitation["code"].as_str().unwrap(), "--server", &town.url()]);
        assert_eq!(enrolled.err.contains("horen bij 'school-1'"), organisation.is_some(), "{}", enrolled.err);
        person.ok(&["sync"]);
    }
    marit.ok(&["sync"]);
    let list = marit.json(&["trainee", "list"]);
    let seen: Vec<&str> = rows(&list).iter().map(|row| row["reference"].as_str().unwrap()).collect();
    assert!(seen.contains(&"dewi-1") && !seen.contains(&"els-1"), "{seen:?}");
}
