//! The field as it is on a Tuesday: real processes, real stores in temporary folders, real HTTP over a wire that a test can
//! measure, hold and cut. Every process belongs to a handle that ends it, also when a test fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test says by failing that it could not go on"
)]

mod tools;
mod wire;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

pub use tools::{Tools, tools};
pub use wire::{Exchange, Halt, Halted, Wire};

/// How long a test waits for something that happens at once, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a process writes on standard error, line by line, as it comes.
struct Said {
    lines: Receiver<String>,
    heard: Vec<String>,
    reader: Option<JoinHandle<()>>,
}

impl Said {
    fn by(child: &mut Child) -> Self {
        let stderr = child.stderr.take().expect("a pipe");
        let (send, lines) = channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let _ = send.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self { lines, heard: Vec::new(), reader: Some(reader) }
    }

    fn wait_for(&mut self, wanted: &str) {
        while !self.heard.iter().any(|line| line == wanted) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.heard.push(line),
                Err(_) => panic!("'{wanted}' was never said; said was:\n{}", self.heard.join("\n")),
            }
        }
    }

    /// Waits for a line with these words behind those that were heard when this was last asked.
    fn wait_for_next(&mut self, words: &str) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.heard.push(line);
                    if self.heard.last().is_some_and(|line| line.contains(words)) {
                        return;
                    }
                }
                Err(_) => panic!("'{words}' was not said any more; said was:\n{}", self.heard.join("\n")),
            }
        }
    }

    /// Everything, once the process has ended.
    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.heard.extend(self.lines.try_iter());
        self.heard.join("\n")
    }
}

/// A region's server in a process of its own.
pub struct Server {
    child: Child,
    address: SocketAddr,
    store: PathBuf,
    said: Said,
}

impl Server {
    /// Starts it on a store, and waits until it listens.
    pub fn start(store: &Path) -> Self {
        Self::start_with(store, None)
    }

    /// Starts it so that it will stand still at a named point.
    pub fn start_with(store: &Path, fault: Option<&str>) -> Self {
        let mut command = Command::new(&tools().server);
        command.arg("serve");
        if let Some(fault) = fault {
            command.env("VELDBOEK_FAULT", fault);
        } else {
            command.env_remove("VELDBOEK_FAULT");
        }
        Self::begin(command, store)
    }

    fn begin(mut command: Command, store: &Path) -> Self {
        command.args(["--listen", "127.0.0.1:0", "--region", "gooi", "--store"]).arg(store);
        command.env_remove("RUST_LOG").stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut said = Said::by(&mut child);
        let mut printed = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        let address = loop {
            line.clear();
            if printed.read_line(&mut line).unwrap_or(0) == 0 {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the server did not come to listen:\n{}", said.all());
            }
            if let Some(address) = line.trim_end().strip_prefix("listening on http://") {
                break address.parse().expect("an address");
            }
        };
        Self { child, address, store: store.to_owned(), said }
    }

    /// Starts it under a configuration file with these lines.
    pub fn start_configured(store: &Path, lines: &str) -> Self {
        std::fs::create_dir_all(store).expect("a folder");
        let file = store.with_extension("toml");
        std::fs::write(&file, lines).expect("room for a file");
        let mut command = Command::new(&tools().server);
        command.arg("serve").arg("--config").arg(file);
        Self::begin(command, store)
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A code with which a person enrols a device; made beside the running server, as an administrator does.
    pub fn invite(&self, person: &str, name: &str, role: &str) -> String {
        let output = Command::new(&tools().server)
            .args(["invite", "--person", person, "--name", name, "--role", role, "--organisation", "werkpartners"])
            .args(["--format", "json", "--store"])
            .arg(&self.store)
            .output()
            .expect("the server's own commands run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        value["code"].as_str().expect("a code").to_owned()
    }

    /// Waits until it stands still at the named point.
    pub fn reached(&mut self, fault: &str) {
        self.said.wait_for(&format!("fault reached: {fault}"));
    }

    /// Stops it as a machine that is shut down does, and waits for its end.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(asked.success());
        let status = self.child.wait().expect("an end");
        assert!(status.success(), "the server ended with {status}:\n{}", self.said.all());
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        kill(&mut self.child);
    }

    /// A command of the server's own program on its store, beside the running server or without one.
    pub fn command(store: &Path, words: &[&str]) -> std::process::Output {
        let mut command = Command::new(&tools().server);
        command.args(words).args(["--lang", "en", "--store"]).arg(store).env_remove("RUST_LOG");
        command.output().expect("the server's own commands run")
    }

    /// The record book as the auditor exports it, beside the running server.
    pub fn audit(store: &Path, words: &[&str]) -> Vec<Value> {
        let output = Self::command(store, &[&["audit", "--format", "jsonl"], words].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("text");
        lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object on each line")).collect()
    }

    /// Whether every record of its store, and the chain that binds them, is as it was written.
    pub fn is_whole(store: &Path) -> bool {
        let mut command = Command::new(&tools().server);
        command.args(["verify", "--format", "json", "--store"]).arg(store);
        command.output().expect("the server's own commands run").status.success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kill(child: &mut Child) {
    // `Child::kill` is SIGKILL on Unix: nothing of the process runs any more.
    child.kill().expect("a process that still runs");
    let status = child.wait().expect("an end");
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(status.signal(), Some(9), "it was killed, not done: {status}");
    }
    #[cfg(not(unix))]
    assert!(!status.success());
}

/// A person with a field book on a machine of their own.
pub struct Person {
    /// Where the field book lies.
    pub store: PathBuf,
}

impl Person {
    /// Somebody whose field book will be in this folder.
    pub fn at(store: impl Into<PathBuf>) -> Self {
        Self { store: store.into() }
    }

    /// The command line, in English and as JSON whatever this machine's settings are.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&tools().cli);
        command.args(words);
        command.arg("--store").arg(&self.store).args(["--lang", "en"]);
        if !words.contains(&"--format") {
            command.args(["--format", "json"]);
        }
        command.env_remove("VELDBOEK_STORE").env_remove("VELDBOEK_FAULT").env_remove("RUST_BACKTRACE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Ran {
        self.start(words, None).finish()
    }

    /// Runs a command that must succeed; its JSON.
    pub fn does(&self, words: &[&str]) -> Value {
        self.run(words).ends(0).json()
    }

    /// Starts a command, perhaps so that it will stand still at a named point.
    pub fn start(&self, words: &[&str], fault: Option<&str>) -> Running {
        let mut command = self.command(words);
        if let Some(fault) = fault {
            command.env("VELDBOEK_FAULT", fault);
        }
        let mut child = command.spawn().expect("veldboek starts");
        let said = Said::by(&mut child);
        let mut pipe = child.stdout.take().expect("a pipe");
        let printed = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = pipe.read_to_string(&mut text);
            text
        });
        Running { child, said, printed: Some(printed), what: words.join(" ") }
    }

    /// Enrols with a code at a server.
    pub fn enrols(&self, code: &str, at: SocketAddr) -> Value {
        self.does(&["enrol", code, "--server", &format!("http://{at}")])
    }

    /// The texts of all visits in this field book, sorted, each as often as it is there.
    pub fn summaries(&self) -> Vec<String> {
        let list = self.does(&["visit", "list"]);
        let mut texts: Vec<String> = rows(&list).iter().map(|row| text(row, "summary")).collect();
        texts.sort();
        texts
    }
}

/// A command that was started.
pub struct Running {
    child: Child,
    said: Said,
    printed: Option<JoinHandle<String>>,
    what: String,
}

impl Running {
    /// Waits until it stands still at the named point.
    pub fn reached(&mut self, fault: &str) {
        self.said.wait_for(&format!("fault reached: {fault}"));
    }

    /// Waits until it says this on standard error, after what it was waited for before.
    pub fn says_next(&mut self, words: &str) {
        self.said.wait_for_next(words);
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let asked = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill");
        assert!(asked.success());
    }

    /// Whether it has not ended yet.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        kill(&mut self.child);
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Ran {
        let out = self.printed.take().expect("finished once").join().expect("a reader");
        let status = self.child.wait().expect("an end");
        Ran { status, out, err: self.said.all(), what: self.what.clone() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that has ended.
#[derive(Debug, Clone)]
pub struct Ran {
    status: ExitStatus,
    /// What it printed: data.
    pub out: String,
    /// What it said beside that: hints and errors.
    pub err: String,
    what: String,
}

impl Ran {
    /// Its exit status; none when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Ended with this status, and without a word that only a programmer understands.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "`{}`\n{}\n{}", self.what, self.out, self.err);
        for word in ["panicked", "RUST_BACKTRACE", "backtrace", "a fault in veldboek itself"] {
            assert!(!self.err.contains(word), "`{}`\n{}", self.what, self.err);
        }
        self
    }

    /// Said this on standard error.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "`{}` does not say '{words}':\n{}\n{}", self.what, self.out, self.err);
        self
    }

    /// An error in words, with what to do next.
    #[track_caller]
    pub fn advises(self) -> Self {
        let line = |start: &str| self.err.lines().find_map(|line| line.strip_prefix(start)).map(str::trim).unwrap_or_default();
        assert!(!line("error:").is_empty() && !line("hint:").is_empty(), "`{}`\n{}", self.what, self.err);
        self
    }

    /// What it printed, as data.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("`{}`: {why}\n{}\n{}", self.what, self.out, self.err))
    }
}

/// The rows of a list.
#[track_caller]
pub fn rows(list: &Value) -> &[Value] {
    list["rows"].as_array().map(Vec::as_slice).unwrap_or_else(|| panic!("no rows in {list}"))
}

/// A text in a row; empty when there is none.
pub fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_owned()
}

/// A number in an answer.
#[track_caller]
pub fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("no number '{key}' in {value}"))
}

/// A server with a wire in front of it, a coordinator, and two coaches: each with a store, all enrolled through the wire.
pub struct Town {
    /// The server; absent while it is down.
    pub server: Option<Server>,
    /// What everyone's address leads to.
    pub wire: Wire,
    /// The coordinator.
    pub carla: Person,
    /// A coach.
    pub anna: Person,
    /// Another coach.
    pub bram: Person,
    folder: TempDir,
}

impl Town {
    /// Everyone enrolled, nothing exchanged yet.
    pub fn found() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start(&folder.path().join("server"));
        let wire = Wire::to(server.address());
        let enrolled = |person: &str, name: &str, role: &str| {
            let one = Person::at(folder.path().join(person));
            one.enrols(&server.invite(person, name, role), wire.address());
            one
        };
        let carla = enrolled("carla", "Carla de Groot", "coordinator");
        let anna = enrolled("anna", "Anna Veldhuizen", "coach");
        let bram = enrolled("bram", "Bram Pietersen", "coach");
        Self { server: Some(server), wire, carla, anna, bram, folder }
    }

    /// A folder for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the server's store lies.
    pub fn server_store(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// The server is shut down; the address leads nowhere.
    pub fn stop_server(&mut self) {
        self.wire.lead_nowhere();
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// `kill -9` of the server; the address leads nowhere.
    pub fn kill_server(&mut self) {
        self.wire.lead_nowhere();
        if let Some(server) = self.server.take() {
            server.kill();
        }
    }

    /// The server is started on its store again, behind the same address.
    pub fn start_server(&mut self, fault: Option<&str>) {
        let server = Server::start_with(&self.server_store(), fault);
        self.wire.lead_to(server.address());
        self.server = Some(server);
    }
}
