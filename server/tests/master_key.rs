//! The key around the server's keyring: where it may lie, and what is said when it is not there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use veldboek_server::config::{self, Settings};
use veldboek_server::run::Server;

/// A machine with a server that is down; its configuration, and what systemd would hand in.
struct Machine(TempDir);

impl Machine {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.toml"), format!("store = 'store'\nregion = 'gooi'\n{config}")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn settings(&self) -> Settings {
        config::load(Some(&self.path("server.toml"))).unwrap()
    }

    /// The first start, and the end of it.
    fn founded(self) -> Self {
        assert!(Server::open(self.settings()).unwrap().first_start().is_some());
        self
    }

    fn run_with(&self, credentials: Option<&Path>, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veldboek-server"));
        command.args(words).args(["--lang", "en", "--config"]).arg(self.path("server.toml"));
        command.env_remove("CREDENTIALS_DIRECTORY");
        if let Some(credentials) = credentials {
            command.env("CREDENTIALS_DIRECTORY", credentials);
        }
        command.output().unwrap()
    }

    #[track_caller]
    fn ends(&self, code: i32, words: &[&str]) -> String {
        let output = self.run_with(None, words);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        said
    }
}

#[test]
fn a_key_that_the_configuration_names_is_made_at_the_first_start_and_lies_nowhere_else() {
    let machine = Machine::new("master_key = 'master.key'").founded();
    assert!(machine.path("master.key").exists());
    assert!(!machine.path("store/wrapping.key").exists());
    machine.ends(0, &["people", "list"]);
    let kept = std::fs::read(machine.path("master.key")).unwrap();
    std::fs::remove_file(machine.path("master.key")).unwrap();
    assert!(machine.ends(5, &["people", "list"]).contains("check master_key in the configuration"));
    std::fs::write(machine.path("master.key"), "0b".repeat(32)).unwrap();
    assert!(machine.ends(5, &["people", "list"]).contains("does not fit this store"));
    std::fs::write(machine.path("master.key"), "correct horse").unwrap();
    assert!(machine.ends(5, &["people", "list"]).contains("64 hexadecimal digits"));
    std::fs::write(machine.path("elsewhere"), kept).unwrap();
    let elsewhere = machine.path("elsewhere");
    machine.ends(0, &["people", "list", "--master-key", elsewhere.to_str().unwrap()]);
}

#[test]
fn rotated_the_new_key_opens_everything_and_the_old_one_nothing() {
    let machine = Machine::new("").founded();
    let old = std::fs::read(machine.path("store/wrapping.key")).unwrap();
    let invite = ["invite", "--person", "anna", "--name", "Anna", "--role", "coach", "--organisation", "wf"];
    machine.ends(0, &invite);
    let new = machine.path("first.key");
    let said = machine.ends(0, &["key", "rotate", "--new", new.to_str().unwrap()]);
    assert!(said.contains("master_key = "), "{said}");
    assert!(!machine.path("store/wrapping.key").exists());
    // Nobody edited the configuration yet, and it works.
    machine.ends(0, &["verify"]);
    machine.ends(0, &invite);
    assert!(machine.ends(1, &["key", "rotate", "--new", new.to_str().unwrap()]).contains("in use already"));
    // The old key, put back by somebody who kept it, opens nothing.
    std::fs::rename(&new, machine.path("hidden")).unwrap();
    std::fs::write(machine.path("store/wrapping.key"), old).unwrap();
    machine.ends(5, &["people", "list"]);
    std::fs::rename(machine.path("hidden"), &new).unwrap();
    std::fs::remove_file(machine.path("store/wrapping.key")).unwrap();
    // And once more, to a key that exists already.
    let second = machine.path("second.key");
    std::fs::write(&second, "ab".repeat(32)).unwrap();
    machine.ends(0, &["key", "rotate", "--new", second.to_str().unwrap()]);
    std::fs::remove_file(&new).unwrap();
    machine.ends(0, &["verify"]);
    // With the note gone, the configuration is what counts.
    std::fs::remove_file(machine.path("store/master-key.path")).unwrap();
    machine.ends(5, &["verify"]);
    std::fs::write(machine.path("server.toml"), "store = 'store'\nmaster_key = 'second.key'").unwrap();
    machine.ends(0, &["verify"]);
}

#[test]
fn a_credential_of_systemd_is_found_without_a_word_in_the_configuration() {
    let machine = Machine::new("").founded();
    std::fs::create_dir(machine.path("credentials")).unwrap();
    let credential = machine.path("credentials/veldboek-master-key");
    machine.ends(0, &["key", "rotate", "--new", credential.to_str().unwrap()]);
    std::fs::remove_file(machine.path("store/master-key.path")).unwrap();
    machine.ends(5, &["people", "list"]);
    assert!(machine.run_with(Some(&machine.path("credentials")), &["people", "list"]).status.success());
}

#[test]
fn a_rotation_that_cannot_write_the_new_key_changes_nothing() {
    let machine = Machine::new("").founded();
    let nowhere = machine.path("no/such/folder/key");
    assert!(machine.ends(5, &["key", "rotate", "--new", nowhere.to_str().unwrap()]).contains("cannot use the new master key"));
    let bad = machine.path("bad");
    std::fs::write(&bad, "hunter2").unwrap();
    machine.ends(5, &["key", "rotate", "--new", bad.to_str().unwrap()]);
    machine.ends(0, &["verify"]);
    assert!(machine.path("store/wrapping.key").exists());
}

#[test]
fn a_key_in_the_store_is_warned_about_however_it_is_named() {
    let machine = Machine::new("").founded();
    let outside = machine.path("outside.key");
    assert!(!machine.ends(0, &["key", "rotate", "--new", outside.to_str().unwrap()]).contains("in the store itself"));
    let inside = machine.path("store/cache/../inside.key");
    let said = machine.ends(0, &["key", "rotate", "--new", inside.to_str().unwrap()]);
    assert!(said.contains("lies in the store itself"), "{said}");
    // At every start as well, whoever names it.
    let config = "store = 'store'\nmaster_key = 'store/inside.key'";
    std::fs::write(machine.path("server.toml"), config).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_veldboek-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(machine.path("server.toml"))
        .env_remove("CREDENTIALS_DIRECTORY")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let listens = BufReader::new(server.stdout.take().unwrap()).lines().any(|line| line.unwrap().starts_with("listening on "));
    server.kill().unwrap();
    let said = server.wait_with_output().unwrap().stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(listens && said.contains("the master key lies in the store itself"), "{said}");
}

#[test]
fn what_is_wrong_is_told_in_the_readers_language_and_to_whoever_runs_a_server() {
    let machine = Machine::new("").founded();
    let dutch = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veldboek-server"));
        command.args(words).args(["--lang", "nl", "--config"]).arg(machine.path("server.toml"));
        let output = command.env_remove("CREDENTIALS_DIRECTORY").output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), said)
    };
    for (words, told) in [
        (["audit", "--from", "2026-13-01"], "geen bestaande datum"),
        (["audit", "--document", "xx"], "22 letters"),
        (["verify", "--head", &"ab".repeat(32)], "geen regel is beschadigd"),
    ] {
        let (code, said) = dutch(&words);
        assert!(said.contains(told) && matches!(code, Some(2 | 6)), "{code:?}: {said}");
        let foreign = veldboek_server::help::foreign_words(&said, veldboek_core::record::Lang::Nl);
        assert_eq!(foreign, [""; 0], "{said}");
        assert!(!said.lines().any(|line| line == "heel"), "{said}");
    }
    let nowhere = machine.path("no/key");
    let (code, said) = dutch(&["key", "rotate", "--new", nowhere.to_str().unwrap()]);
    assert!(code == Some(5) && said.contains("nieuwe hoofdsleutel") && !said.contains("master_key"), "{said}");

    // A byte of the first record is another one.
    let segment = machine.path("store/journal/00000001.vbj");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let copy = machine.path("copy");
    for words in [&["verify"][..], &["people", "list"], &["backup", copy.to_str().unwrap()]] {
        let (code, said) = dutch(words);
        assert!(code == Some(6) && said.contains("beschadigd") && said.contains("reservekopie"), "{code:?}: {said}");
        assert!(!said.contains("dit apparaat") && !said.contains("journal is"), "{said}");
    }
    assert!(!copy.exists(), "nothing is left that could be taken for a backup");
}
