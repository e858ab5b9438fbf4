//! A dossier waits to be erased: whoever has access sees it coming, and hears what became of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use field::{Person, Town};
use serde_json::Value;

#[test]
fn everyone_with_access_sees_that_an_erasure_waits_and_hears_that_it_was_refused() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    let beheer = Person { dir: dir.path().join("beheer") };
    anna.log("2025-03-03 09:00", "kennisgemaakt");
    assert!(anna.json(&["trainee", "show", "WF-1"])["erasure_asked"].is_null());

    marit.ok(&["trainee", "erase", "WF-1", "--yes"]);
    let document = marit.json(&["trainee", "show", "WF-1"])["document"].as_str().unwrap().to_owned();
    assert_eq!(marit.json(&["sync"])["erasures"], Value::Array(Vec::new()), "she knows what she asked");
    let ran = anna.ok(&["sync"]);
    assert!(ran.err.contains("marit vroeg om dossier WF-1 te wissen"), "{}", ran.err);
    let told = bram.json(&["sync"]);
    assert_eq!((&told["erasures"][0]["what"], &told["erasures"][0]["by"]), (&"ASKED".into(), &"marit".into()), "{told}");
    assert_eq!(anna.json(&["sync"])["erasures"], Value::Array(Vec::new()), "it is news once");

    for person in [&marit, &anna] {
        for (command, list) in
            [(vec!["trainee", "show", "WF-1"], false), (vec!["trainee", "list"], true), (vec!["history", "WF-1"], false)]
        {
            let value = person.json(&command);
            let one = if list { &value["rows"][0] } else { &value };
            assert_eq!(one["erasure_asked"]["by"], "marit", "{command:?}: {value}");
            assert!(one["erasure_asked"]["at"].is_string());
        }
        assert!(person.ok(&["trainee", "list"]).out.contains("WF-1 (wissen gevraagd)"));
        assert!(person.ok(&["trainee", "show", "WF-1"]).err.contains("marit vroeg op"));
        assert!(person.ok(&["history", "WF-1"]).err.contains("om dit dossier te wissen"));
    }
    let day = anna.json(&["caseload"])["as_of"].as_str().unwrap().to_owned();
    anna.ok(&["visit", "plan", "WF-1", "--planned-on", &day]);
    let caseload = anna.json(&["caseload"]);
    assert_eq!(caseload["rows"][0]["erasure_asked"]["by"], "marit", "{caseload}");
    assert!(anna.ok(&["caseload"]).out.contains("WF-1 (wissen gevraagd)"));

    beheer.ok(&["trainee", "erase", "--refuse", &document]);
    let ran = marit.ok(&["sync"]);
    assert!(ran.err.contains("het verzoek om dossier WF-1 te wissen is geweigerd door"), "{}", ran.err);
    let told = anna.json(&["sync"]);
    assert_eq!(told["erasures"][0]["what"], "REFUSED", "{told}");
    assert!(anna.json(&["trainee", "show", "WF-1"])["erasure_asked"].is_null());

    marit.ok(&["trainee", "erase", "WF-1", "--yes"]);
    marit.ok(&["sync"]);
    anna.ok(&["sync"]);
    marit.ok(&["trainee", "erase", "WF-1", "--take-back"]);
    marit.ok(&["sync"]);
    assert_eq!(anna.json(&["sync"])["erasures"][0]["what"], "TAKEN_BACK");
    assert!(bram.json(&["sync"])["erasures"].as_array().unwrap().iter().all(|one| one["what"] != "ASKED"), "it is over");
}
