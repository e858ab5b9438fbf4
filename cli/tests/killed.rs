//! The program is killed on its way through an exchange; afterwards every visit is there once.
//!
//! Run with `--features faults`, which lets the child processes stand still at named points. Each point is proven reached by the
//! line that the process leaves on standard error, five times each; then it is killed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use field::{Person, Town};

const TIMES: usize = 5;

/// `sync` in a process of its own that stands still at a point, and `kill -9` there.
fn died_at(person: &Person, point: &str) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_veldboek"))
        .args(["--store", person.dir.to_str().unwrap(), "--lang", "nl", "sync"])
        .env("VELDBOEK_FAULT", point)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let reached = said.take_while(|line| *line != format!("fault reached: {point}")).collect::<Vec<_>>();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "{point}: it did not stand still: {reached:?}");
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
