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
        person.ok(&["trainee", "edit", "WF-1", "--contact-phone", phone, "--family-initial", initial]);
        person.run(&["sync"]);
    }
    marit.run(&["sync"]);
    let (phone, initial) = (about(&marit, "contact_phone"), about(&marit, "family_initial"));

    refused(&marit.run(&["conflicts", "resolve", id(&phone), "--value", "123456782"]), "--no-bsn");
    refused(&marit.run(&["conflicts", "resolve", id(&initial), "--value", "Bakker"]), "B.");
    assert_eq!(marit.json(&["conflicts"])["rows"].as_array().unwrap().len(), 2, "nothing was written");

    marit.ok(&["conflicts", "resolve", id(&phone), "--value", "123456782", "--no-bsn"]);
    marit.ok(&["conflicts", "resolve", id(&initial), "--value", "C"]);
    assert_eq!(marit.json(&["conflicts"])["rows"], serde_json::json!([]));
    let ran = marit.run(&["conflicts", "resolve", "x", "--choose", "1", "--no-bsn"]);
    assert_eq!(ran.exit, Exit::Usage, "what is chosen was entered elsewhere: {}", ran.err);
}
