//! What goes wrong in practice: each time a clear message with the next step, the right exit status, nothing lost, and no
//! word that only a programmer understands.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_tests::process::{Person, Town, number, rows, text};

const BSN: &str = "111222333";
/// Nine digits that pass the same test, behind a country code.
const PHONE: &str = "+31 123456782";

/// A coach who works alone, with one dossier and one visit.
fn alone() -> (TempDir, Person) {
    let folder = tempdir().unwrap();
    let anna = Person::at(folder.path().join("anna"));
    anna.does(&["init", "--coach", "anna", "--organisation", "werkpartners", "--region", "gooi"]);
    anna.does(&["programme", "add", "kans", "--name", "Kans op werk"]);
    dossier(&anna);
    log(&anna, "Wat er al stond").ends(0);
    (folder, anna)
}

fn dossier(person: &Person) {
    person.does(&["trainee", "add", "--reference", "WF-1", "--given-name", "Sanne"]);
    person.does(&["trajectory", "open", "WF-1", "--programme", "kans", "--referral-date", "2025-01-10"]);
    person.does(&["trajectory", "agree", "WF-1", "--on", "2025-02-01"]);
}

fn log(person: &Person, summary: &str) -> veldboek_tests::process::Ran {
    let words = ["--started-at", "2025-03-03 09:30", "--duration", "45", "--party", "TRAINEE", "--summary", summary];
    person.run(&[["visit", "log", "WF-1"].as_slice(), &words].concat())
}

/// What was there is there, and nothing else.
#[track_caller]
fn nothing_lost(person: &Person) {
    assert_eq!(person.summaries(), ["Wat er al stond"]);
    assert!(person.does(&["verify"])["whole"].as_bool().unwrap());
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_store_that_is_not_there_or_cannot_be_read_is_named_with_what_to_do() {
    let (folder, anna) = alone();
    let nobody = Person::at(folder.path().join("nobody"));
    nobody.run(&["status"]).ends(1).advises().says("veldboek init");
    assert!(!nobody.store.exists(), "a question leaves no store behind");
    anna.run(&["init", "--coach", "anna"]).ends(1).advises();

    let file = Person::at(write(folder.path(), "file", b"geen map"));
    for words in [["status"].as_slice(), &["init", "--coach", "anna"]] {
        file.run(words).ends(1).advises().says("file");
    }
    assert_eq!(fs::read(&file.store).unwrap(), b"geen map");

    // Its key is missing, is another one, is cut short.
    let key = anna.store.join("wrapping.key");
    let kept = fs::read(&key).unwrap();
    for wrong in [None, Some(vec![7; 32]), Some(kept[..10].to_vec()), Some(Vec::new())] {
        match &wrong {
            None => fs::remove_file(&key).unwrap(),
            Some(bytes) => fs::write(&key, bytes).unwrap(),
        }
        // One that is not 32 bytes long is damaged; without the one that belongs here the store is locked.
        let status = if wrong.is_some_and(|bytes| bytes.len() != 32) { 6 } else { 5 };
        for words in [["status"].as_slice(), &["visit", "list"], &["sync"], &["verify"]] {
            anna.run(words).ends(status).advises().says("wrapping.key");
        }
        log(&anna, "Mag niet half worden opgeslagen").ends(status).advises();
    }
    fs::write(&key, &kept).unwrap();
    nothing_lost(&anna);

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| fs::set_permissions(&anna.store, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o000);
        // The owner of the machine may read everything.
        if fs::read_dir(&anna.store).is_err() {
            anna.run(&["status"]).ends(1).advises();
        }
        mode(0o700);
        nothing_lost(&anna);
    }
}

#[test]
fn a_store_that_another_program_keeps_locked_can_be_read_and_says_why_it_cannot_be_written() {
    let (_folder, anna) = alone();
    let disk = RealDisk::open(&anna.store).unwrap();
    let held = disk.lock().unwrap();
    assert_eq!(anna.summaries(), ["Wat er al stond"], "reading waits for nobody");
    log(&anna, "Terwijl een ander vasthoudt").ends(1).advises().says("another program");
    drop(held);
    nothing_lost(&anna);
}

#[test]
fn damage_has_an_exit_status_of_its_own_and_nothing_is_thrown_away() {
    let (_folder, anna) = alone();
    let journal = anna.store.join("journal/00000001.vbj");
    let whole = fs::read(&journal).unwrap();
    let mut bytes = whole.clone();
    bytes[140] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    for words in [["status"].as_slice(), &["visit", "list"]] {
        anna.run(words).ends(6).advises();
    }
    anna.run(&["verify"]).ends(6);
    log(&anna, "Op een beschadigd veldboek").ends(6).advises();
    assert_eq!(fs::read(&journal).unwrap(), bytes, "what is damaged is left as it is");

    // A cache may be anything at all.
    fs::write(&journal, &whole).unwrap();
    let cache = anna.store.join("cache");
    let _ = fs::remove_dir_all(&cache);
    fs::write(&cache, b"geen cache").unwrap();
    nothing_lost(&anna);
}

#[test]
fn what_is_typed_wrong_is_wrong_usage_with_what_was_meant() {
    let (_folder, anna) = alone();
    anna.run(&["visit", "log", "WF-1", "--sumary", "x"]).ends(2).advises().says("--summary");
    anna.run(&["vist", "list"]).ends(2).advises().says("visit");
    anna.run(&["status", "--frmat", "json"]).ends(2).advises();
    anna.run(&["trainee", "add"]).ends(2).advises().says("--reference");
    anna.run(&["trajectory", "agree", "WF-1", "--on", "2025-02-30"]).ends(2).advises().says("2025-02-30");
    anna.run(&["visit", "log", "WF-1", "--score", "PUNCTUAL=3"]).ends(2).advises().says("ON_TIME");
    anna.run(&["report", "outflow", "--school-type", "HAVO", "--school-year", "2016-2017"]).ends(2).advises();
    anna.run(&["report", "outflow", "--school-type", "PRO", "--school-year", "2016-2018"]).ends(2).advises();
    anna.run(&["trainee", "show", "WF-99"]).ends(1).advises().says("WF-99");
    anna.run(&["conflicts", "resolve", "99", "--choose", "1"]).ends(1).advises();
    anna.run(&["sync"]).ends(5).advises().says("veldboek enrol");
    nothing_lost(&anna);
}

#[test]
fn a_number_that_may_be_a_bsn_is_stopped_and_a_telephone_number_is_not() {
    let (folder, anna) = alone();
    for summary in [
        format!("Zijn BSN is {BSN}"),
        "Nummer 111.222.333 staat op de pas".to_owned(),
        // Nine digits are no telephone number, whatever stands before them.
        format!("Tel. {BSN} gebeld"),
    ] {
        let ran = log(&anna, &summary).ends(1).advises();
        assert!(!ran.err.contains(BSN) && !ran.err.contains("111.222.333"), "it is not repeated: {}", ran.err);
    }
    nothing_lost(&anna);
    anna.run(&["trainee", "edit", "WF-1", "--school-of-origin", &format!("school {BSN}")]).ends(1).advises();
    // Digits that pass the test are none when they are a telephone number, or when the author says so.
    anna.does(&["trainee", "edit", "WF-1", "--contact-phone", PHONE]);
    // A telephone number that is none is stopped where one is asked for, and what stood there stands.
    for wrong in ["06-1234", "niet bekend", "123456789"] {
        anna.run(&["trainee", "edit", "WF-1", "--contact-phone", wrong]).ends(1).advises().says("06-12345678");
        let add = ["trainee", "add", "--reference", "WF-9", "--given-name", "Kees", "--contact-phone", wrong];
        anna.run(&add).ends(1).advises().says("06-12345678");
        anna.run(&["employer", "add", "bakker", "--name", "Bakker", "--phone", wrong]).ends(1).advises().says("06-12345678");
    }
    assert_eq!(anna.does(&["trainee", "show", "WF-1"])["trainee"]["contact_phone"], PHONE);
    log(&anna, &format!("Moeder gebeld op {PHONE}")).ends(0);
    let declared = ["--started-at", "2025-03-04 09:30", "--duration", "5", "--party", "TRAINEE", "--no-bsn", "--summary"];
    anna.does(&[["visit", "log", "WF-1"].as_slice(), &declared, &[&format!("Bestelling {BSN}")]].concat());

    // In files the row is refused and its value masked; the other rows go in.
    let csv = format!(
        "reference,programme,referral_date,given_name,employer,placement_type,placement_start,agreement_date\n\
         WF-2,kans,2025-01-10,Fatima,Bakkerij {BSN},PAID_JOB,2025-03-01,2025-02-01\n\
         WF-3,kans,2025-01-10,Joost,Bakkerij {PHONE},PAID_JOB,2025-03-01,2025-02-01\n\
         {BSN},kans,2025-01-10,Kees,,,,2025-02-01\n"
    );
    let file = write(folder.path(), "bsn.csv", csv.as_bytes());
    let ran = anna.run(&["import", "participants", &file]).ends(3);
    assert!(!ran.out.contains(BSN) && !ran.err.contains(BSN), "{}\n{}", ran.out, ran.err);
    let imported = ran.json();
    assert_eq!(number(&imported, "rejected_rows"), 2, "{imported}");
    assert_eq!(references(&anna), ["WF-1", "WF-3"]);
}

fn references(person: &Person) -> Vec<String> {
    let mut references: Vec<String> = rows(&person.does(&["trainee", "list"])).iter().map(|row| text(row, "reference")).collect();
    references.sort();
    references
}

/// The rejected rows: line, column.
fn rejected(imported: &Value) -> Vec<(u64, String)> {
    imported["rejected"].as_array().unwrap().iter().map(|row| (number(row, "line"), text(row, "column"))).collect()
}

#[test]
fn a_file_that_cannot_be_read_as_a_whole_changes_nothing() {
    let (folder, anna) = alone();
    let head = "reference;programme;referral_date;given_name\r\n";
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(format!("{head}WF-2;kans;10-1-2025;Zoë\r\n").encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("utf16.csv", utf16, "UTF-8"),
        ("image.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "UTF-8"),
        ("empty.csv", Vec::new(), "first line"),
        ("missing.csv", b"reference;programme;given_name\r\nWF-2;kans;Zo\r\n".to_vec(), "referral_date"),
        (
            "unknown.csv",
            format!("{},hobby\nWF-2,kans,2025-01-10,Zo,vissen\n", head.trim().replace(';', ",")).into_bytes(),
            "--ignore-columns",
        ),
        ("typo.csv", head.replace("given_name", "gven_name").into_bytes(), "given_name"),
        ("double.csv", b"reference;referentie;programme;referral_date\r\nWF-2;WF-3;kans;10-1-2025\r\n".to_vec(), "reference"),
    ];
    for (name, bytes, says) in cases {
        let file = write(folder.path(), name, &bytes);
        anna.run(&["import", "participants", &file]).ends(1).advises().says(says);
        assert_eq!(references(&anna), ["WF-1"], "{name}");
    }
    let nowhere = folder.path().join("nowhere.csv");
    anna.run(&["import", "participants", nowhere.to_str().unwrap()]).ends(1).advises().says("nowhere.csv");
    let toml = write(folder.path(), "broken.toml", b"[[programmes]]\ncode = \"x\nname = 1");
    anna.run(&["import", "register", &toml]).ends(1).advises().says("line");
    nothing_lost(&anna);
}

#[test]
fn rows_that_are_spoiled_are_refused_by_line_and_the_others_go_in() {
    let (folder, anna) = alone();
    // Windows-1252, semicolons, Dutch names, Dutch dates.
    let lines = "referentie;programma;aanmelddatum;voornaam;gemeente;datum overeenkomst\r\n\
                WF-2;kans;10-1-2025;Zo\u{eb};GM0392;1-2-2025\r\n\
                WF-3;kans;31-2-2025;Bas;GM0392;\r\n\
                WF-4;kans;10-1-2025;Cem;nergens;\r\n\
                ;kans;10-1-2025;Dirk;GM0392;\r\n\
                WF-6;kans;10-1-2025;Els;GM0392;1-1-2024\r\n\
                WF-7;kans;10-1-2025;Fem\r\n\
                WF-8;kans;10-1-2025;Gijs;GM0453;1-2-2025\r\n";
    let bytes: Vec<u8> = lines.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
    let file = write(folder.path(), "spoiled.csv", &bytes);
    let dry = anna.run(&["import", "participants", &file, "--dry-run"]).ends(3).json();
    assert_eq!(references(&anna), ["WF-1"], "a rehearsal changes nothing");
    let imported = anna.run(&["import", "participants", &file]).ends(3).json();
    assert_eq!(rejected(&dry), rejected(&imported));
    let refused: Vec<u64> = rejected(&imported).into_iter().map(|(line, _)| line).collect();
    assert!([3, 4, 5, 7].iter().all(|line| refused.contains(line)), "{imported:#}");
    for row in imported["rejected"].as_array().unwrap() {
        assert!(!text(row, "reason").is_empty());
    }
    assert!(!refused.contains(&2) && !refused.contains(&8));
    let known = references(&anna);
    assert!(known.contains(&"WF-2".to_owned()) && known.contains(&"WF-8".to_owned()), "{known:?}");
    let trainees = anna.does(&["trainee", "list"]);
    let zoe = rows(&trainees).iter().find(|row| row["reference"] == "WF-2").unwrap();
    assert_eq!(text(zoe, "given_name"), "Zoë");
    // Mended and imported again, only what was refused changes anything.
    let again = anna.run(&["import", "participants", &file]).ends(3).json();
    assert_eq!(number(&again, "changed_rows"), 0, "{again:#}");
    nothing_lost(&anna);
}

#[test]
fn a_wrong_code_is_refused_and_the_right_one_still_works() {
    let town = Town::found();
    let server = town.server.as_ref().unwrap();
    let address = format!("http://{}", town.wire.address());
    let new = Person::at(town.folder().join("dora"));
    for code in ["AAAA-BBBB-CCCC", "x", "Ω", ""] {
        let ran = new.run(&["enrol", code, "--server", &address]);
        assert!(matches!(ran.code(), Some(2 | 5)), "'{code}': {ran:?}");
        let code = ran.code().unwrap();
        ran.ends(code).advises();
    }
    let code = server.invite("dora", "Dora Lind", "coach");
    new.run(&["enrol", &code, "--server", "veldboek.example.nl"]).ends(2).advises().says("https://");
    new.enrols(&code, town.wire.address());
    new.run(&["enrol", &code, "--server", &address]).ends(1).advises();
    let other = Person::at(town.folder().join("else"));
    other.run(&["enrol", &code, "--server", &address]).ends(5).advises();

    // A code for somebody else does not make Anna's field book theirs.
    let code = server.invite("esra", "Esra Demir", "coach");
    town.anna.run(&["enrol", &code, "--server", &address, "--yes"]).ends(5).advises().says("enrolled already");
    assert_eq!(text(&town.anna.does(&["whoami"]), "coach"), "anna");
    // What a coach may not do.
    town.anna.run(&["invite", "--person", "frits", "--name", "Frits"]).ends(5).advises();
    town.anna.run(&["device", "list"]).ends(5).advises();
}

#[test]
fn a_server_that_is_down_or_talks_nonsense_costs_nothing_but_patience() {
    let mut town = Town::found();
    town.carla.does(&["programme", "add", "kans", "--name", "Kans op werk"]);
    town.carla.does(&["sync"]);
    town.anna.does(&["sync"]);
    dossier(&town.anna);
    town.wire.carried();
    town.anna.does(&["sync"]);
    let earlier = town.wire.carried().pop().unwrap().answer;
    log(&town.anna, "Wat er al stond").ends(0);

    let body = earlier.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let ok = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/cbor\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let page = b"<html>Log in op de wifi van het caf\xe9</html>";
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n".to_vec();
    let strangers: Vec<(&str, Vec<u8>)> = vec![
        ("hangs up", Vec::new()),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        ("noise", (0..=255).cycle().take(5_000).collect()),
        ("a portal", ok(page)),
        ("a redirect", redirect),
        ("an error page", b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 3\r\n\r\noei".to_vec()),
        ("a proxy", b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\noei".to_vec()),
        ("nothing at all", ok(b"")),
        ("an empty map", ok(&[0xa0])),
        ("deep nesting", ok(&[0x81; 20_000])),
        ("a claim of length", ok(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("half of an answer", ok(&earlier[body..body + (earlier.len() - body) / 2])),
        ("cut off in the middle", earlier[..body + (earlier.len() - body) / 2].to_vec()),
        ("an answer of before", earlier.clone()),
        ("an answer that was tampered with", {
            let mut bytes = earlier.clone();
            let last = bytes.len() - 5;
            bytes[last] ^= 1;
            bytes
        }),
    ];
    for (name, answer) in strangers {
        town.wire.lead_to_stranger(&answer);
        let ran = town.anna.run(&["sync"]);
        assert_eq!(ran.code(), Some(4), "{name}: {ran:?}");
        ran.ends(4).advises();
        assert_eq!(number(&town.anna.does(&["status"]), "unsynced"), 1, "{name}");
        assert_eq!(town.anna.summaries(), ["Wat er al stond"], "{name}");
    }
    town.stop_server();
    town.anna.run(&["sync"]).ends(4).advises();
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let new = Person::at(town.folder().join("new"));
    new.run(&["enrol", "AAAA-BBBB-CCCC", "--server", &format!("http://{dead}")]).ends(4).advises();

    town.start_server(None);
    let synced = town.anna.does(&["sync"]);
    assert_eq!((number(&synced, "accepted"), &synced["up_to_date"]), (1, &Value::Bool(true)), "{synced}");
    nothing_lost(&town.anna);
}

#[test]
fn files_that_are_written_do_not_fall_over_what_is_there() {
    let (folder, anna) = alone();
    let there: PathBuf = folder.path().join("there.bin");
    fs::write(&there, b"van een ander").unwrap();
    let there = there.to_str().unwrap();
    anna.run(&["export", "--document", "WF-1", there]).ends(1).advises();
    anna.run(&["export", "--document", "WF-1", "/does/not/exist/x"]).ends(1).advises();
    assert_eq!(fs::read(there).unwrap(), b"van een ander");
    anna.run(&["merge", there]).ends(1).advises();
    anna.run(&["merge", "/does/not/exist"]).ends(1).advises();
    nothing_lost(&anna);
}
