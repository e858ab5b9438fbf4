//! The program is killed on its way through an exchange; afterwards every visit is there once.
//!
//! Run with `--features faults`, which lets the child processes die at named points. Each death is proven by the line that
//! the process leaves on standard error; each point is reached five times.

mod field;

use std::process::{Command, Output};

use field::{Person, Town};

const TIMES: usize = 5;

/// `sync` in a process of its own, told where to die.
fn sync_until(person: &Person, point: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_veldboek"))
        .args(["--store", person.dir.to_str().unwrap(), "--lang", "nl", "sync"])
        .env("VELDBOEK_FAULT", point)
        .output()
        .unwrap()
}

fn died_at(person: &Person, point: &str) {
    let output = sync_until(person, point);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && err.contains(&format!("fault reached: {point}")), "{point}: {output:?}");
}

#[test]
fn a_killed_sync_loses_no_visit_and_doubles_none() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::open(dir.path());
    let [marit, anna, bram] = town.people(dir.path());
    let mut expected = Vec::new();
    for point in ["body-half-sent", "answer-received", "page-half-applied"] {
        for time in 0..TIMES {
            let hour = 8 + time;
            // Anna has something to send, and something to receive.
            let (mine, theirs) = (format!("anna, {point} {time}"), format!("bram, {point} {time}"));
            anna.log(&format!("2025-03-31 {hour:02}:00"), &mine);
            bram.log(&format!("2025-04-01 {hour:02}:00"), &theirs);
            bram.ok(&["sync"]);
            expected.extend([mine, theirs]);

            died_at(&anna, point);
            let status = anna.json(&["status"]);
            assert_eq!(status["unsynced"], 1, "{point} {time}: the outbox is emptied by acknowledgement only");
            anna.ok(&["sync"]);
            let status = anna.json(&["status"]);
            assert_eq!(status["unsynced"], 0, "{point} {time}");
            anna.ok(&["verify"]);
        }
    }
    expected.sort();
    for person in [&marit, &anna, &bram] {
        person.ok(&["sync"]);
        assert_eq!(person.texts(), expected, "{person:?}");
        assert_eq!(person.json(&["conflicts"])["rows"].as_array().unwrap().len(), 0);
    }
}
