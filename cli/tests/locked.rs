//! A laptop in a bag on a train: its field book is locked, and what a thief can do with it is count down to nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod field;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const RIGHT: &str = "kas fiets dinsdag touw";
const OTHER: &str = "kano maandag verf zolder";
const REFERENCE: &str = "WF-XYLOFOON";
const NAME: &str = "Quirinus";
const TEXT: &str = "Vandaag voor het eerst zelf de heftruck gereden";

/// Anna's laptop: her field book, and the directory that her session leaves in memory.
struct Laptop {
    home: tempfile::TempDir,
    store: PathBuf,
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Laptop {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("run")).unwrap();
        private(&home.path().join("run"));
        let store = home.path().join("book");
        Self { home, store }
    }

    fn store(&self) -> PathBuf {
        self.store.clone()
    }

    fn passphrase(&self, text: &str) -> PathBuf {
        let file = self.home.path().join(format!("{}.txt", text.replace(' ', "-")));
        std::fs::write(&file, format!("{text}\n")).unwrap();
        file
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veldboek"));
        command.args(words).arg("--store").arg(self.store()).args(["--lang", "en", "--format", "json"]);
        command.env("XDG_RUNTIME_DIR", self.home.path().join("run"));
        command.env_remove("VELDBOEK_STORE").env_remove("VELDBOEK_PASSPHRASE_FILE").stdin(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        let output = self.command(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// With a passphrase from a file.
    fn with(&self, passphrase: &str, words: &[&str]) -> Ran {
        let file = self.passphrase(passphrase);
        self.run(&[words, &["--passphrase-file", file.to_str().unwrap()]].concat())
    }

    fn begin(&self) {
        self.with(RIGHT, &["init", "--coach", "anna", "--organisation", "werkpartners"]).done();
        self.with(RIGHT, &["trainee", "add", "--reference", REFERENCE, "--given-name", NAME]).done();
    }

    /// Lets so much time pass for whoever tries: the tries lie that much further back.
    fn pass(&self, minutes: i64) {
        let file = self.store().join("tries");
        let mut bytes = std::fs::read(&file).unwrap();
        for record in bytes.chunks_exact_mut(20) {
            let at = i64::from_le_bytes(record[8..16].try_into().unwrap()) - minutes * 60_000;
            record[8..16].copy_from_slice(&at.to_le_bytes());
            let crc = crc32(&record[..16]);
            record[16..].copy_from_slice(&crc.to_le_bytes());
        }
        std::fs::write(file, bytes).unwrap();
    }
}

impl Ran {
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        assert!(!self.err.contains(RIGHT) && !self.err.contains("panicked"), "{}", self.err);
        self
    }

    #[track_caller]
    fn done(self) -> Value {
        serde_json::from_str(&self.ends(0).out).unwrap()
    }

    #[track_caller]
    fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "not said: {words}\n{}", self.err);
        self
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}

#[cfg(unix)]
fn private(dir: &Path) {
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path) {}

/// Every file below a directory: its name and its bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push((entry.path().display().to_string(), std::fs::read(entry.path()).unwrap())),
        }
    }
    found
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}

#[test]
fn a_locked_field_book_opens_with_its_passphrase_only_and_tells_what_to_do() {
    let anna = Laptop::new();
    anna.begin();
    assert!(!anna.store().join("wrapping.key").exists());
    for words in [&["status"][..], &["whoami"], &["trainee", "list"], &["verify"], &["sync"]] {
        anna.run(words).ends(5).says("this field book is locked").says("veldboek unlock");
    }
    let told = anna.with(RIGHT, &["status"]).done();
    assert_eq!(told["lock"]["state"], "PASSPHRASE");
    assert_eq!(anna.with(RIGHT, &["whoami"]).done()["lock"]["unlocked_until"], Value::Null);
    anna.with("kas fiets dinsdag trui", &["status"]).ends(5).says("the passphrase is wrong").says("9 tries are left");
    anna.with(RIGHT, &["verify"]).done();
    // Right again: the count begins anew.
    anna.with("kas fiets dinsdag trui", &["status"]).ends(5).says("9 tries are left");
}

#[test]
fn a_weak_passphrase_is_refused_and_without_anyone_to_ask_the_keys_lie_in_a_file_with_a_warning() {
    let anna = Laptop::new();
    anna.with("welkom01", &["init", "--coach", "anna"]).ends(1).says("too short").says("four words");
    assert!(!anna.store().join("keyring.1").exists());
    anna.run(&["init", "--coach", "anna"]).ends(0).says("lie unprotected").says("veldboek passphrase set");
    assert_eq!(anna.run(&["status"]).done()["lock"]["state"], "NONE");
    let bram = Laptop::new();
    bram.run(&["init", "--coach", "bram", "--no-passphrase"]).ends(0).says("lie unprotected");
    let carla = Laptop::new();
    carla.with(RIGHT, &["init", "--no-passphrase"]).ends(2);
}

#[cfg(target_os = "linux")]
#[test]
fn unlocked_in_the_morning_it_asks_nothing_until_it_is_locked() {
    let anna = Laptop::new();
    anna.begin();
    anna.run(&["unlock"]).ends(5);
    let told = anna.with(RIGHT, &["unlock", "--hours", "4"]).done();
    assert!(told["lock"]["unlocked_until"].is_string(), "{told}");
    let list = anna.run(&["trainee", "list"]).ends(0);
    assert!(list.out.contains(REFERENCE));
    assert!(anna.run(&["whoami"]).done()["lock"]["unlocked_until"].is_string());
    let kept = files(&anna.home.path().join("run"));
    assert_eq!(kept.len(), 1);
    anna.run(&["lock"]).ends(0);
    assert!(files(&anna.home.path().join("run")).is_empty(), "nothing is left in the session's directory");
    anna.run(&["trainee", "list"]).ends(5);
    // A session that others could read is none.
    anna.with(RIGHT, &["unlock"]).done();
    std::fs::set_permissions(anna.home.path().join("run"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    anna.run(&["trainee", "list"]).ends(5);
    anna.with(RIGHT, &["unlock"]).ends(0).says("XDG_RUNTIME_DIR");
}

#[test]
fn another_passphrase_shuts_out_the_old_one_and_whoever_had_it_unlocked() {
    let anna = Laptop::new();
    anna.begin();
    anna.with(RIGHT, &["unlock"]).done();
    let new = anna.passphrase(OTHER);
    let new = new.to_str().unwrap();
    // Unlocked is not enough: whoever finds it so must not be able to shut her out.
    anna.run(&["passphrase", "set", "--new-passphrase-file", new]).ends(5);
    anna.with("kas fiets dinsdag trui", &["passphrase", "set", "--new-passphrase-file", new]).ends(5);
    anna.with(RIGHT, &["passphrase", "set"]).ends(2).says("--new-passphrase-file");
    let weak = anna.passphrase("kort");
    anna.with(RIGHT, &["passphrase", "set", "--new-passphrase-file", weak.to_str().unwrap()]).ends(1).says("too short");
    anna.with(RIGHT, &["passphrase", "set", "--new-passphrase-file", new]).done();
    anna.run(&["status"]).ends(5);
    anna.with(RIGHT, &["status"]).ends(5).says("wrong");
    let list = anna.with(OTHER, &["trainee", "list"]).ends(0);
    assert!(list.out.contains(REFERENCE));
}

#[test]
fn a_field_book_from_before_there_were_passphrases_is_locked_with_everything_in_it() {
    for command in [&["lock"][..], &["passphrase", "set"]] {
        let anna = Laptop::new();
        anna.run(&["init", "--coach", "anna", "--no-passphrase"]).ends(0);
        anna.run(&["trainee", "add", "--reference", REFERENCE]).ends(0);
        let old = std::fs::read(anna.store().join("wrapping.key")).unwrap();
        anna.run(command).ends(2).says("--new-passphrase-file");
        anna.with(RIGHT, command).done();
        assert!(!anna.store().join("wrapping.key").exists());
        anna.run(&["status"]).ends(5);
        assert!(anna.with(RIGHT, &["trainee", "list"]).ends(0).out.contains(REFERENCE));
        // The old key, kept by somebody, opens nothing.
        std::fs::write(anna.store().join("wrapping.key"), old).unwrap();
        anna.run(&["status"]).ends(5).says("this field book is locked");
        anna.with(RIGHT, &["status"]).done();
        assert!(!anna.store().join("wrapping.key").exists());
    }
}

#[test]
fn the_laptop_is_stolen_and_ten_guesses_later_there_is_nothing_left_to_guess() {
    let anna = Laptop::new();
    anna.begin();
    let mut guesses = 0;
    let mut guess = |minutes: i64| {
        if minutes > 0 {
            anna.pass(minutes);
        }
        guesses += 1;
        anna.with(&format!("wachtwoord {guesses}"), &["status"]).ends(5)
    };
    for left in [9, 8, 7, 6] {
        guess(0).says(&format!("{left} tries are left"));
    }
    // From here on it says what is at stake, and waits; also for Anna, and after a restart.
    guess(0).says("the next try is possible from").says("5 tries are left").says("1 changes made after the last exchange");
    anna.with(RIGHT, &["status"]).ends(5).says("too many wrong passphrases").says("5 tries are left");
    for (minutes, left) in [(1, 4), (5, 3), (15, 2), (60, 1)] {
        anna.with(RIGHT, &["status"]).ends(5).says("too many wrong passphrases");
        guess(minutes).says(&format!("{left} tries are left"));
    }
    anna.with(RIGHT, &["status"]).ends(5).says("too many");
    guess(240).says("destroyed").says("ten wrong passphrases").says("1 changes made after the last exchange are lost");
    // Every later command says what happened and what to do.
    for words in [&["status"][..], &["unlock"], &["lock"], &["trainee", "list"], &["init", "--coach", "anna"], &["verify"]] {
        anna.with(RIGHT, words).ends(5).says("destroyed").says("veldboek enrol CODE --server URL --store");
    }
    // Neither the right passphrase nor anything on the disk brings it back.
    let left: Vec<String> = files(&anna.store()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(left.iter().filter(|name| name.contains("keyring.")).count(), 1, "{left:?}");
    assert!(!left.iter().any(|name| name.ends_with("tries")), "{left:?}");
}

#[test]
fn no_name_and_no_reference_is_in_any_file_of_a_locked_field_book() {
    let anna = Laptop::new();
    anna.begin();
    anna.with(RIGHT, &["trajectory", "open", REFERENCE, "--programme", "Zilvervos", "--referral-date", "2025-01-06"]).ends(0);
    let visit = [
        "visit",
        "log",
        REFERENCE,
        "--started-at",
        "2025-03-03 14:05",
        "--duration",
        "45",
        "--party",
        "TRAINEE",
        "--summary",
        TEXT,
    ];
    anna.with(RIGHT, &visit).ends(0);
    // Snapshots and read models are made, also by a reader.
    anna.with(RIGHT, &["trainee", "show", REFERENCE]).done();
    anna.with(RIGHT, &["unlock"]).done();
    anna.run(&["caseload"]).ends(0);
    anna.run(&["lock"]).ends(0);
    let found = files(anna.home.path());
    assert!(found.iter().any(|(name, _)| name.contains("cache")), "there is a cache to search");
    for (name, bytes) in &found {
        if name.ends_with(".txt") {
            continue;
        }
        for word in [REFERENCE, NAME, TEXT, "Zilvervos", "werkpartners", RIGHT] {
            assert!(!contains(bytes, word), "{word} in {name}");
            assert!(!name.contains(word), "{word} in the name {name}");
        }
    }
    // The search finds what is there: unlocked, everything comes out.
    let exported = anna.with(RIGHT, &["export"]).ends(0).out;
    for word in [REFERENCE, NAME, TEXT, "Zilvervos", "werkpartners"] {
        assert!(contains(exported.as_bytes(), word), "{word}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_watch_that_runs_for_hours_ends_when_the_field_book_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let town = field::Town::open(dir.path());
    let [_, anna, _] = town.people(dir.path());
    let laptop = Laptop { store: anna.dir.clone(), ..Laptop::new() };
    laptop.with(RIGHT, &["lock"]).done();
    let told = laptop.with(RIGHT, &["unlock"]).done();
    assert!(told["lock"]["lease_until"].is_string(), "an enrolled device has a lease: {told}");
    let mut watch = laptop.command(&["sync", "--watch", "--interval", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(watch.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("sent 0, received 0")), "it is at it");
    laptop.run(&["lock"]).done();
    let rest: Vec<String> = said.collect();
    assert_eq!(watch.wait().unwrap().code(), Some(5), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("was locked")), "{rest:?}");
}
