//! The field as these tests know it: a server in this process, and field books in directories.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use veldboek::{Console, Exit};
use veldboek_core::clock::{LocalTime, Moment};
use veldboek_server::config::Settings;
use veldboek_server::run::Server;
use veldboek_server::time::Clock;

/// A real server on a loopback port.
pub struct Town {
    store: PathBuf,
    address: SocketAddr,
    code: Option<String>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    /// How many days the server's clock is behind everyone else's: what is over for them is not for the server.
    pub days_behind: Arc<AtomicI64>,
}

impl Town {
    /// A server with a store of its own.
    pub fn open(dir: &Path) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut town = Self { store: dir.join("server"), address, code: None, running: None, days_behind: Arc::default() };
        town.start();
        town
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn start(&mut self) {
        let mut settings = Settings::for_store(&self.store);
        settings.region = Some("proefregio".into());
        let behind = self.days_behind.clone();
        settings.clock = Clock::new(move || {
            let (now, days) = (veldboek_server::time::now(), behind.load(Ordering::SeqCst));
            let local = now.local.datetime().saturating_sub(jiff::SignedDuration::from_hours(24 * days));
            Moment { at: now.at.plus_millis(-days * 24 * 3_600_000), local: LocalTime::new(local) }
        });
        let server = Server::open(settings).unwrap();
        self.code = self.code.take().or(server.first_start().map(|first| first.code.clone()));
        let (stop, stopped) = oneshot::channel();
        let (report, bound) = mpsc::channel();
        let wanted = self.address;
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(async move {
                let listener = TcpListener::bind(wanted).await.unwrap();
                report.send(listener.local_addr().unwrap()).unwrap();
                let shutdown = async {
                    let _ = stopped.await;
                };
                server.run(listener, shutdown).await.unwrap();
            });
        });
        self.address = bound.recv().unwrap();
        self.running = Some((stop, thread));
    }

    pub fn stop(&mut self) {
        let (stop, thread) = self.running.take().unwrap();
        let _ = stop.send(());
        thread.join().unwrap();
    }

    /// Puts a wire at the address that people know, which is cut as soon as it has carried one whole page of an exchange.
    pub fn behind_a_wire_for_one_page(&mut self) -> JoinHandle<()> {
        self.stop();
        let known = std::mem::replace(&mut self.address, SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = std::net::TcpListener::bind(known).unwrap();
        self.start();
        let server = self.address;
        std::thread::spawn(move || {
            loop {
                let (device, _) = listener.accept().unwrap();
                let server = std::net::TcpStream::connect(server).unwrap();
                let (mut questions, mut answers) = (BufReader::new(&device), BufReader::new(&server));
                while let Some(question) = message(&mut questions) {
                    (&server).write_all(&question).unwrap();
                    let Some(answer) = message(&mut answers) else { break };
                    (&device).write_all(&answer).unwrap();
                    if question.starts_with(b"POST /v1/sync ") && answer.starts_with(b"HTTP/1.1 200 ") {
                        return;
                    }
                }
            }
        })
    }

    /// Somebody whom another invites, with a field book in `dir`.
    pub fn join(&self, by: &Person, dir: &Path, code: &str, role: &str) -> Person {
        let invitation = by.json(&["invite", "--person", code, "--role", role, "--organisation", "wf", "--name", code]);
        let person = Person { dir: dir.join(code) };
        person.ok(&["enrol", invitation["code"].as_str().unwrap(), "--server", &self.url()]);
        person
    }

    /// A coordinator `marit` and coaches `anna` and `bram`, each with a field book in `dir`; a dossier `WF-1` that both coach.
    pub fn people(&self, dir: &Path) -> [Person; 3] {
        let admin = Person { dir: dir.join("beheer") };
        admin.ok(&["enrol", self.code.as_ref().unwrap(), "--server", &self.url()]);
        let join = |by: &Person, code: &str, role: &str| self.join(by, dir, code, role);
        let marit = join(&admin, "marit", "coordinator");
        let (anna, bram) = (join(&marit, "anna", "coach"), join(&marit, "bram", "coach"));
        marit.ok(&["sync"]);
        marit.ok(&["programme", "add", "zorg", "--name", "Talent naar de zorg", "--success-definition", "PAID_WORK"]);
        marit.ok(&["trainee", "add", "--reference", "WF-1", "--given-name", "Sam"]);
        marit.ok(&["trajectory", "open", "WF-1", "--programme", "zorg", "--referral-date", "2025-01-06"]);
        marit.ok(&["trajectory", "agree", "WF-1", "--on", "2025-02-03"]);
        marit.ok(&["assign", "WF-1", "anna"]);
        marit.ok(&["assign", "WF-1", "bram", "--role", "SUPPORT"]);
        for person in [&marit, &anna, &bram] {
            person.ok(&["sync"]);
        }
        [marit, anna, bram]
    }
}

/// A whole HTTP message of known length.
fn message(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let (mut whole, mut length) = (Vec::new(), 0);
    loop {
        let begin = whole.len();
        if from.read_until(b'\n', &mut whole).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&whole[begin..]).trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let head = whole.len();
    whole.resize(head + length, 0);
    from.read_exact(&mut whole[head..]).ok()?;
    Some(whole)
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

/// Someone with a field book.
#[derive(Debug)]
pub struct Person {
    pub dir: PathBuf,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Person {
    /// Runs a command in this process, in Dutch.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command with something on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let store = self.dir.to_str().unwrap();
        let lang = if arguments.contains(&"--lang") { &[][..] } else { &["--lang", "nl"] };
        let line = [&["veldboek", "--store", store], lang, arguments].concat();
        let (out, err) = (Shared::default(), Shared::default());
        let mut console = Console::with(out.clone(), err.clone(), std::io::Cursor::new(input.as_bytes().to_vec()));
        let exit = veldboek::run(line.into_iter().map(OsString::from), &mut console);
        Ran { exit, out: out.text(), err: err.text() }
    }

    /// Runs a command that must be done.
    pub fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.exit, Exit::Done, "{arguments:?}: {} {}", ran.out, ran.err);
        ran
    }

    /// The data of a command that must be done.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let line: Vec<&str> = ["--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
        serde_json::from_str(&self.ok(&line).out).unwrap()
    }

    /// Logs a visit to WF-1.
    pub fn log(&self, started_at: &str, summary: &str) -> Ran {
        let line =
            ["visit", "log", "WF-1", "--started-at", started_at, "--duration", "30", "--party", "TRAINEE", "--summary", summary];
        self.ok(&line)
    }

    /// The texts of all visits.
    pub fn texts(&self) -> Vec<String> {
        let list = self.json(&["visit", "list"]);
        let mut texts: Vec<String> =
            list["rows"].as_array().unwrap().iter().map(|row| row["summary"].as_str().unwrap().to_owned()).collect();
        texts.sort();
        texts
    }
}
