//! The server as an administrator meets it: a process that prints, logs, is asked things beside it, and is stopped or killed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod town;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tempfile::{TempDir, tempdir};
use town::{Device, LIMIT, http};
use veldboek_core::keys::DeviceKeys;
use veldboek_core::wire::{EnrolAnswer, EnrolRequest, Request};

const NAME: &str = "Anna Veldhuizen";
const LABEL: &str = "telefoon met een barst";

/// A server in a process of its own.
struct Process {
    child: Child,
    address: String,
    printed: Vec<String>,
    log: PathBuf,
}

impl Process {
    fn start(folder: &Path, fault: Option<&str>) -> Self {
        let log = folder.join("log");
        let file = fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut command = binary(folder, &["serve", "--listen", "127.0.0.1:0", "--region", "gooi"]);
        if let Some(fault) = fault {
            command.env("VELDBOEK_FAULT", fault);
        }
        let mut child = command.env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut printed = Vec::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the server says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
            printed.push(line);
        };
        Self { child, address, printed, log }
    }

    /// The code after these words in what was printed.
    fn code(&self) -> Option<String> {
        let line = self.printed.iter().find(|line| line.contains("administrator's code"))?;
        line.split_whitespace().nth(2).map(str::to_owned)
    }

    fn terminate(mut self) -> i32 {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        self.child.wait().unwrap().code().expect("ended by itself")
    }

    async fn enrol(&self, code: &str) -> Device {
        let keys = DeviceKeys::generate(&mut UnwrapErr(SysRng));
        let request = EnrolRequest::new(code, &keys, LABEL, Some("gooi")).encode();
        let reply = http(&self.address, "POST", "/v1/enrol", &[], &request).await;
        assert_eq!(reply.status, 200, "{:?}", reply.error());
        let answer = EnrolAnswer::decode(&reply.body, LIMIT).unwrap();
        Device { keys, server: answer.server, nonce: answer.nonce.parse().unwrap() }
    }

    async fn sync(&self, device: &mut Device, unsynced: u32) -> u16 {
        let body = Request { unsynced, changes: vec![b"no change".to_vec()], ..Request::default() }.encode();
        let reply = http(&self.address, "POST", "/v1/sync", &device.signed("POST", "/v1/sync", &body), &body).await;
        device.nonce = reply.nonce().unwrap_or_default();
        reply.status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veldboek-server"));
    command
        .args(words)
        .arg("--store")
        .arg(folder.join("store"))
        .env("LANG", "en_GB.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("VELDBOEK_FAULT")
        .env_remove("RUST_LOG");
    command
}

fn run(folder: &TempDir, words: &[&str]) -> Output {
    binary(folder.path(), words).output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn invite(folder: &TempDir) -> String {
    let words =
        ["invite", "--person", "anna", "--name", NAME, "--role", "coach", "--organisation", "werkpartners", "--format", "json"];
    json(&run(folder, &words))["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_start_prints_a_code_and_hides_the_keys() {
    let folder = tempdir().unwrap();
    let server = Process::start(folder.path(), None);
    let code = server.code().expect("a code for the administrator");
    server.enrol(&code).await;
    let store = folder.path().join("store");
    let escrow = fs::read_to_string(store.join("escrow.key")).unwrap();
    assert!(escrow.contains("safe") && escrow.contains("veldboek-server-key-1 "));
    #[cfg(unix)]
    for name in ["escrow.key", "wrapping.key", "nonces"] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(store.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(server.terminate(), 0);

    let server = Process::start(folder.path(), None);
    assert_eq!(server.code(), None, "somebody is enrolled");
}

#[tokio::test]
async fn administrative_commands_work_beside_the_server_and_without_it() {
    let folder = tempdir().unwrap();
    let server = Process::start(folder.path(), None);
    let mut anna = server.enrol(&invite(&folder)).await;
    assert_eq!(server.sync(&mut anna, 3).await, 200);

    let id = anna.keys.device().to_string();
    let people = json(&run(&folder, &["people", "list", "--format", "json"]));
    assert_eq!((people[0]["person"].as_str(), people[0]["devices"].as_u64()), (Some("anna"), Some(1)));
    let devices = json(&run(&folder, &["device", "list", "--format", "json"]));
    assert_eq!((devices[0]["device"].as_str(), devices[0]["unsynced"].as_u64()), (Some(id.as_str()), Some(3)));
    let device = json(&run(&folder, &["device", "show", &id[..8], "--format", "json"]));
    assert_eq!((device["label"].as_str(), device["role"]["code"].as_str()), (Some(LABEL), Some("COACH")));
    let sheet = run(&folder, &["device", "show", &id[..8], "--format", "csv"]);
    let sheet = String::from_utf8(sheet.stdout).unwrap();
    let [columns, cells] = sheet.lines().collect::<Vec<_>>()[..] else { panic!("{sheet}") };
    assert!(
        columns
            .starts_with("device,person,name,role_code,role_label,organisation,label,enrolled,last_contact,unsynced,lock_code")
    );
    // A spreadsheet would take an id that begins with a dash for a formula.
    assert!(cells.trim_start_matches('\'').starts_with(&format!("{id},anna,{NAME},COACH,")), "{cells}");
    let sheet = String::from_utf8(run(&folder, &["device", "list", "--format", "csv"]).stdout).unwrap();
    assert_eq!(sheet.lines().count(), 2, "{sheet}");
    let table = run(&folder, &["device", "list"]);
    assert!(String::from_utf8(table.stdout).unwrap().contains("anna"));

    let verified = json(&run(&folder, &["verify", "--format", "json"]));
    assert_eq!(verified["whole"].as_bool(), Some(true));
    let head = verified["head"].as_str().unwrap().to_owned();
    assert_eq!(server.terminate(), 0);
    invite(&folder);
    let later = json(&run(&folder, &["verify", "--head", &head, "--format", "json"]));
    assert_eq!(later["noted_head_seq"], verified["seq"]);
    assert_ne!(later["head"], verified["head"]);
}

#[test]
fn what_cannot_be_done_says_what_to_do_and_ends_with_its_status() {
    let folder = tempdir().unwrap();
    let ends = |words: &[&str], status: i32, says: &str| {
        let output = run(&folder, words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{words:?}: {said}");
        assert!(said.contains(says) && !said.contains("panicked"), "{words:?}: {said}");
    };
    ends(&["people", "list"], 1, "make one with `veldboek-server serve`");
    assert!(!folder.path().join("store").exists(), "a question leaves no store behind");
    ends(&["serve", "--lissen", "x"], 2, "--listen");
    ends(&["serve", "--listen", "nowhere:port"], 1, "choose another with --listen");
    let config = folder.path().join("server.toml");
    fs::write(&config, "regoin = 'gooi'").unwrap();
    ends(&["serve", "--config", config.to_str().unwrap()], 2, "did you mean 'region'?");
    ends(&["serve", "--config", "/does/not/exist"], 1, "check --config");

    let server = Process::start(folder.path(), None);
    ends(&["serve", "--listen", "127.0.0.1:0"], 1, "another server already serves");
    assert_eq!(server.terminate(), 0);
    ends(&["serve", "--listen", "127.0.0.1:0", "--region", "other"], 1, "belongs to region 'gooi'");
    ends(&["verify", "--head", &"ab".repeat(32)], 6, "is not in this chain");
    ends(&["verify", "--head", "abc"], 2, "64 hexadecimal digits");
    ends(&["device", "show", "zzzz"], 1, "`device list` shows them");
    let conflicting = ["invite", "--person", "Anna!", "--name", "A", "--role", "coach", "--organisation", "x"];
    ends(&conflicting, 2, "a-z");

    // In the middle: at the very end, damage cannot be told from a write that was cut off, and only a noted head finds it.
    invite(&folder);
    let journal = folder.path().join("store/journal/00000001.vbj");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[140] ^= 1;
    fs::write(&journal, bytes).unwrap();
    ends(&["verify"], 6, "damaged");
    ends(&["people", "list"], 6, "Copy the whole store");
    ends(&["serve", "--listen", "127.0.0.1:0"], 6, "Copy the whole store");
    fs::write(folder.path().join("store/wrapping.key"), [7; 32]).unwrap();
    ends(&["people", "list"], 5, "wrapping.key");
}

#[test]
fn an_administrator_is_spoken_to_in_dutch_unless_the_machine_speaks_english() {
    let folder = tempdir().unwrap();
    let says = |words: &[&str], locale: &str| {
        let output = binary(folder.path(), words).env("LANG", locale).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(says(&["people", "list"], "C.UTF-8").contains("fout: in "));
    assert!(says(&["people", "list"], "en_US.UTF-8").contains("error: there is no"));
    assert!(says(&["people", "list", "--lang", "nl"], "en_US.UTF-8").contains("fout: in "));
    assert_eq!(Process::start(folder.path(), None).terminate(), 0);
    assert!(says(&["people", "list"], "").contains("organisatie"));
    assert!(says(&["verify", "--lang", "en"], "").ends_with("whole\n"));
}

/// See `docs/logging.md`.
#[tokio::test]
async fn nothing_that_was_sent_is_in_the_log() {
    let folder = tempdir().unwrap();
    let server = Process::start(folder.path(), None);
    let code = invite(&folder);
    let mut anna = server.enrol(&code).await;
    let first_nonce = anna.nonce.to_string();
    let id = anna.keys.device().to_string();
    assert_eq!(server.sync(&mut anna, 1).await, 200);
    let path = format!("/v1/devices/{id}");
    http(&server.address, "GET", &path, &anna.signed("GET", &path, b""), b"").await;
    http(&server.address, "POST", "/v1/geheim-pad", &[("x-secret", "geheim-kop".to_owned())], b"geheim-lichaam").await;
    let secrets = [
        code.clone(),
        code.replace('-', ""),
        server.code().unwrap(),
        first_nonce,
        anna.nonce.to_string(),
        id.clone(),
        "anna".into(),
        NAME.into(),
        LABEL.into(),
        "werkpartners".into(),
        "geheim".into(),
        "no change".into(),
        "127.0.0.1".into(),
    ];
    let log = server.log.clone();
    assert_eq!(server.terminate(), 0);
    let log = fs::read_to_string(log).unwrap();
    for secret in secrets {
        assert!(!log.contains(&secret), "'{secret}' is in the log:\n{log}");
    }
    assert!(log.contains(&id[..6]) && log.contains("/v1/devices/{id}"), "the search works:\n{log}");
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn a_server_that_dies_at_a_named_point_has_kept_what_it_acknowledged_and_serves_again() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    for (fault, kept) in [("body-half-read", false), ("before-commit", true), ("durable-unacknowledged", true)] {
        let folder = tempdir().unwrap();
        let server = Process::start(folder.path(), None);
        let mut anna = server.enrol(&invite(&folder)).await;
        assert_eq!(server.sync(&mut anna, 1).await, 200);
        assert_eq!(server.terminate(), 0);

        let mut server = Process::start(folder.path(), Some(fault));
        let body = Request { unsynced: 2, ..Request::default() }.encode();
        let mut stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
        let headers: String =
            anna.signed("POST", "/v1/sync", &body).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("POST /v1/sync HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        let (first, second) = body.split_at(body.len() / 2 + 1);
        stream.write_all(first).await.unwrap();
        if fault != "body-half-read" {
            stream.write_all(second).await.unwrap();
        }
        let reached = format!("fault reached: {fault}");
        while !fs::read_to_string(&server.log).unwrap().contains(&reached) {
            tokio::task::yield_now().await;
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{fault}: nobody was told anything");
        drop(server);

        // What a killed process wrote without syncing is still with the system; only a power cut would lose it.
        let devices = json(&run(&folder, &["device", "list", "--format", "json"]));
        assert_eq!(devices[0]["unsynced"].as_u64(), Some(if kept { 2 } else { 1 }), "{fault}");
        let server = Process::start(folder.path(), None);
        assert_eq!(server.sync(&mut anna, 2).await, 401, "{fault}: the nonce was used up, and the file of nonces knows it");
        assert_eq!(server.sync(&mut anna, 2).await, 200, "{fault}");
        assert_eq!(json(&run(&folder, &["verify", "--format", "json"]))["whole"].as_bool(), Some(true), "{fault}");
    }
}
