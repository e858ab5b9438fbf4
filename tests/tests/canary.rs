//! A word that nobody would write by chance goes into a dossier, and then somebody looks for it: on a phone that was found locked,
//! in the logs, in what programs leave lying about, and, after the dossier was erased, everywhere. Real processes, real files.
//!
//! Each search that finds nothing has its control beside it: the same search where the word must be.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use veldboek_core::cache::{Cache, SledCache};
use veldboek_core::clock::Timestamp;
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::{Journal, Payload};
use veldboek_core::keyring::{self, Keyring, Passphrase, WrappingKey};
use veldboek_tests::process::{Wire, rows, text, tools};
use veldboek_tests::search::{Hit, Search, files};

/// In what a coach wrote.
const CANARY: &str = "Zonnebloempitjes";
/// The trainee's name.
const NAME: &str = "Quirinusje";
/// What the trainee is known by.
const REFERENCE: &str = "WF-XYLOFOON";
const PASSPHRASE: &str = "kas fiets dinsdag touw";
/// Whatever can hold a key in some form is smaller than this; journals and databases are not.
const SMALL: usize = 16 << 10;

/// A machine with a folder for what programs leave behind, one for what they say, and one that lies in memory.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["tmp", "run", "logs", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        #[cfg(unix)]
        fs::set_permissions(folder.path().join("run"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        fs::write(folder.path().join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        Self { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self, name: &str) -> File {
        OpenOptions::new().create(true).append(true).open(self.at("logs").join(name)).unwrap()
    }

    /// A program that says everything it can say.
    fn program(&self, program: &Path, log: &str) -> Command {
        let mut command = Command::new(program);
        command.env("TMPDIR", self.at("tmp")).env("XDG_RUNTIME_DIR", self.at("run")).env("HOME", self.at("home"));
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        for name in ["VELDBOEK_STORE", "VELDBOEK_FAULT", "VELDBOEK_PASSPHRASE_FILE", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stderr(self.log(log));
        command
    }
}

/// The region's server.
struct Server<'a> {
    place: &'a Place,
    child: Child,
    address: SocketAddr,
}

impl<'a> Server<'a> {
    fn start(place: &'a Place) -> Self {
        let mut command = place.program(&tools().server, "server.log");
        command.args(["serve", "--listen", "127.0.0.1:0", "--region", "gooi", "--lang", "en", "--store"]);
        let mut child = command.arg(place.at("server")).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut said = lines.filter_map(|line| Some(line.strip_prefix("listening on http://")?.to_owned()));
        let address = said.next().and_then(|address| address.parse().ok()).expect("it listens");
        Self { place, child, address }
    }

    /// A command of the administrator, beside the server.
    fn command(&self, words: &[&str]) -> Value {
        let mut command = self.place.program(&tools().server, "commands.log");
        let output = command.args(words).args(["--lang", "en", "--format", "json", "--store"]).arg(self.place.at("server"));
        let output = output.output().unwrap();
        assert!(output.status.success(), "{words:?}: see {}", fs::read_to_string(self.place.at("logs/commands.log")).unwrap());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody with a field book.
struct Person<'a> {
    place: &'a Place,
    name: &'static str,
    locked: bool,
}

impl<'a> Person<'a> {
    fn enrolled(server: &Server<'a>, wire: &Wire, name: &'static str, role: &str, locked: bool) -> Self {
        let organisation = ["--organisation", "werkpartners"];
        let invite = [&["invite", "--person", name, "--name", name, "--role", role], organisation.as_slice()].concat();
        let code = text(&server.command(&invite), "code");
        let this = Self { place: server.place, name, locked };
        this.does(&["enrol", &code, "--server", &format!("http://{}", wire.address())]);
        this
    }

    fn store(&self) -> PathBuf {
        self.place.at(self.name)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = self.place.program(&tools().cli, "devices.log");
        command.args(words).arg("--store").arg(self.store()).args(["--lang", "en", "--yes"]);
        if !words.contains(&"--format") {
            command.args(["--format", "json"]);
        }
        if self.locked {
            command.arg("--passphrase-file").arg(self.place.at("passphrase"));
        }
        command.output().unwrap()
    }

    #[track_caller]
    fn does(&self, words: &[&str]) -> Value {
        let output = self.run(words);
        let said = || fs::read_to_string(self.place.at("logs/devices.log")).unwrap();
        assert!(output.status.success(), "{}: {words:?}\n{}", self.name, said());
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// The keys, as whoever knows the passphrase opens them.
    fn keyring(&self) -> (Arc<dyn Disk>, Keyring) {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&self.store()).unwrap());
        let key = match self.locked {
            true => keyring::unlock(&*disk, &Passphrase::typed(PASSPHRASE.to_owned()), Timestamp::default()).unwrap(),
            false => WrappingKey::read(&*disk).unwrap(),
        };
        let keyring = Keyring::open(&*disk, &key).unwrap();
        (disk, keyring)
    }

    /// What whoever has the keys finds.
    fn opened(&self, search: &Search, document: &DocumentId) -> (usize, usize) {
        let (disk, keyring) = self.keyring();
        opened(search, disk, &keyring, &self.store().join("cache"), document)
    }
}

fn server_keyring(place: &Place) -> (Arc<dyn Disk>, Keyring) {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&place.at("server")).unwrap());
    let keyring = Keyring::open(&*disk, &WrappingKey::read(&*disk).unwrap()).unwrap();
    (disk, keyring)
}

/// In how many records of the journal, and in how many values of the cache, somebody with the keys finds the word.
fn opened(search: &Search, disk: Arc<dyn Disk>, keyring: &Keyring, cache: &Path, document: &DocumentId) -> (usize, usize) {
    let mut records = 0;
    let mut take = |payload| {
        if let Payload::Bytes(bytes) = payload {
            records += usize::from(search.within(&bytes).is_some());
        }
    };
    Journal::open(disk).unwrap().read_new(keyring, &mut |record| take(record.payload)).unwrap();
    let cache = SledCache::open(cache, &keyring.cache_key()).expect("nobody else has it");
    let names = [b"document/".as_slice(), b"view/1/"].map(|kind| [kind, document.as_bytes()].concat());
    let values = names.iter().filter_map(|name| cache.get(name));
    (records, values.filter(|value| search.within(value).is_some()).count())
}

/// Whether a key that opens this store lies in these folders: in 32 bytes of any small file, or in what its letters stand for.
fn opens(store: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
    let disk = RealDisk::open(store).unwrap();
    let fits = |bytes: &[u8]| {
        let windows = bytes.windows(32).map(|window| WrappingKey::from_bytes(window.try_into().unwrap()));
        windows.into_iter().any(|key| Keyring::open(&disk, &key).is_ok())
    };
    let small = folders.iter().flat_map(|folder| files(folder)).filter(|file| !file.ends_with("lock"));
    small.into_iter().find(|file| {
        let bytes = fs::read(file).unwrap();
        let letters: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let decoded = [data_encoding::HEXLOWER_PERMISSIVE, data_encoding::BASE64URL_NOPAD, data_encoding::BASE64]
            .into_iter()
            .filter_map(|form| form.decode(&letters).ok());
        bytes.len() <= SMALL && (fits(&bytes) || decoded.into_iter().any(|bytes| fits(&bytes)))
    })
}

/// Carla's dossier, which Anna (her laptop has a passphrase) and Bram have too, with the canary in a visit of Anna's.
fn write_it(server: &Server<'_>) -> DocumentId {
    let place = server.place;
    let carla = Person { place, name: "carla", locked: false };
    let anna = Person { place, name: "anna", locked: true };
    let bram = Person { place, name: "bram", locked: false };
    carla.does(&["trainee", "add", "--reference", REFERENCE, "--given-name", NAME]);
    carla.does(&["trajectory", "open", REFERENCE, "--programme", "KANS", "--referral-date", "2025-01-10"]);
    carla.does(&["assign", REFERENCE, "anna"]);
    carla.does(&["sync"]);
    anna.does(&["sync"]);
    // Long, and with much of the same, so that Automerge compresses it.
    let summary = format!("{}{CANARY}. {}", "Vandaag ging het goed. ".repeat(12), "Morgen gaat het beter. ".repeat(12));
    let visit = ["--started-at", "2025-03-31 14:05", "--duration", "45", "--party", "TRAINEE", "--summary", &summary];
    anna.does(&[&["visit", "log", REFERENCE], visit.as_slice()].concat());
    anna.does(&["sync"]);
    // Commands that fail with a word of the dossier in their hands, and others that read it.
    anna.run(&["visit", "log", REFERENCE, "--summary", CANARY]);
    anna.run(&["trainee", "add", "--reference", REFERENCE, "--given-name", CANARY, "--birth-date", "31-2-2001"]);
    for words in [["visit", "list"], ["report", "caseload"], ["history", REFERENCE], ["trainee", "list"]] {
        anna.does(words.as_slice());
    }
    carla.does(&["assign", REFERENCE, "bram"]);
    for person in [&carla, &bram, &anna, &carla] {
        person.does(&["sync"]);
        person.does(&["visit", "list"]);
    }
    text(&rows(&carla.does(&["trainee", "list"]))[0], "document").parse().unwrap()
}

#[track_caller]
fn nothing(hits: &[Hit]) {
    assert_eq!(hits, [], "the word was found");
}

#[test]
fn a_locked_phone_that_is_found_tells_nothing_and_no_program_leaves_a_word_behind() {
    let place = Place::new();
    let server = Server::start(&place);
    let wire = Wire::to(server.address);
    let anna = Person::enrolled(&server, &wire, "anna", "coach", true);
    let carla = Person::enrolled(&server, &wire, "carla", "coordinator", false);
    Person::enrolled(&server, &wire, "bram", "coach", false);
    let document = write_it(&server);
    let words = [Search::of(CANARY), Search::of(NAME), Search::of(REFERENCE)];

    // Unlocked, the search finds it: in an export, and in a document that Automerge compressed, where it does not stand as such.
    let exported = anna.run(&["export", REFERENCE]).stdout;
    assert!(words.iter().all(|word| word.plain(&exported).is_some()));
    let file = place.at("dossier.automerge");
    anna.does(&["export", "--document", REFERENCE, file.to_str().unwrap()]);
    let bytes = fs::read(&file).unwrap();
    assert_eq!((words[0].plain(&bytes), words[0].within(&bytes).is_some()), (None, true), "only by inflating it");
    fs::remove_file(&file).unwrap();
    // And with the keys in hand: in the journal, and in sled.
    let (records, values) = anna.opened(&words[0], &document);
    assert!(records >= 2 && values >= 1, "{records} records, {values} values");

    // A bundle on a stick.
    anna.does(&["bundle", "export", place.at("bundle.vbb").to_str().unwrap()]);
    anna.does(&["lock"]);
    carla.does(&["bundle", "export", place.at("carla.vbb").to_str().unwrap(), "--to", "anna"]);
    server.stop();

    let left = [place.at("tmp"), place.at("run"), place.at("home"), place.at("bundle.vbb"), place.at("carla.vbb")];
    for word in &words {
        nothing(&word.under(&anna.store()));
        // The programs that run without a passphrase encrypt as well, and so does the server.
        nothing(&word.under(&carla.store()));
        nothing(&word.under(&place.at("server")));
        left.iter().for_each(|path| nothing(&word.under(path)));
        nothing(&word.under(&place.at("logs/server.log")));
        nothing(&word.under(&place.at("logs/commands.log")));
    }
    // What a coach reads on the screen is no log; it names a dossier as the coach did, and says nothing more of it.
    words[..2].iter().for_each(|word| nothing(&word.under(&place.at("logs/devices.log"))));
    for log in ["server.log", "devices.log"] {
        assert!(fs::metadata(place.at("logs").join(log)).unwrap().len() > 0, "{log}: something was said");
    }
    // No key lies about that opens it. The same search finds that of Carla, who has no passphrase.
    let around = [vec![anna.store()], left[..3].to_vec()].concat();
    assert_eq!(opens(&anna.store(), &around), None);
    assert_eq!(opens(&carla.store(), &[carla.store()]), Some(carla.store().join("wrapping.key")));
    let refused = Person { locked: false, ..anna }.run(&["visit", "list"]);
    assert_eq!(refused.status.code(), Some(5));
    assert!(words.iter().all(|word| word.within(&refused.stdout).is_none()));
}

#[test]
fn an_erased_dossier_is_in_no_file_of_server_devices_and_backups_any_more() {
    let place = Place::new();
    let server = Server::start(&place);
    let wire = Wire::to(server.address);
    let anna = Person::enrolled(&server, &wire, "anna", "coach", true);
    let carla = Person::enrolled(&server, &wire, "carla", "coordinator", false);
    let bram = Person::enrolled(&server, &wire, "bram", "coach", false);
    let document = write_it(&server);
    let words = [Search::of(CANARY), Search::of(NAME), Search::of(REFERENCE)];
    let (backup, keys) = (place.at("backup"), place.at("keys"));
    server.command(&["backup", backup.to_str().unwrap(), "--keyring", keys.to_str().unwrap()]);
    let old = place.at("old-keys");
    fs::create_dir(&old).unwrap();
    for file in files(&keys) {
        fs::copy(&file, old.join(file.file_name().unwrap())).unwrap();
    }
    for person in [&anna, &carla, &bram] {
        let (records, values) = person.opened(&words[0], &document);
        assert!(records >= 1 && values >= 1, "{}: {records} records, {values} values", person.name);
    }

    carla.does(&["trainee", "erase", REFERENCE]);
    carla.does(&["sync"]);
    server.command(&["erase", "confirm", &document.to_string()]);
    for person in [&carla, &anna] {
        person.run(&["sync"]);
    }
    let waiting = server.command(&["erase", "list"]);
    let names: Vec<String> = rows_of(&waiting).iter().map(|one| text(one, "person")).collect();
    assert_eq!(names, ["bram"], "who was away is on the list");
    server.command(&["backup", place.at("newest").to_str().unwrap(), "--keyring", keys.to_str().unwrap()]);
    server.stop();

    let (disk, keyring) = server_keyring(&place);
    for word in &words {
        assert_eq!(opened(word, disk.clone(), &keyring, &place.at("server/cache"), &document), (0, 0), "the server");
        for person in [&carla, &anna] {
            assert_eq!(person.opened(word, &document), (0, 0), "{}", person.name);
            nothing(&word.under(&person.store()));
        }
        for name in
            ["server", "backup", "newest", "keys", "old-keys", "tmp", "run", "home", "logs/server.log", "logs/commands.log"]
        {
            nothing(&word.under(&place.at(name)));
        }
    }
    // The control: Bram was away, and an old backup with the keyring of its day still opens.
    assert!(bram.opened(&words[0], &document).0 >= 1);
    let wrapping = WrappingKey::read(&*disk).unwrap();
    assert!(in_backup(&words[0], &backup, &old, &wrapping) >= 1);
    // Keyrings of backups expire: only the newest is kept. With it the old backup is noise where the dossier was.
    fs::remove_dir_all(&old).unwrap();
    for word in &words {
        for journal in [&backup, &place.at("newest")] {
            assert_eq!(in_backup(word, journal, &keys, &wrapping), 0);
        }
    }

    // Bram is back.
    let server = Server::start(&place);
    wire.lead_to(server.address);
    bram.run(&["sync"]);
    assert_eq!(rows_of(&server.command(&["erase", "list"])), Vec::<Value>::new(), "everyone confirmed");
    server.stop();
    for word in &words {
        assert_eq!(bram.opened(word, &document), (0, 0));
        nothing(&word.under(&bram.store()));
    }
}

fn rows_of(list: &Value) -> Vec<Value> {
    list[0]["waiting"].as_array().cloned().unwrap_or_default()
}

/// In how many records of a backup the word is found with the keyring that was kept apart.
fn in_backup(search: &Search, backup: &Path, keys: &Path, wrapping: &WrappingKey) -> usize {
    let scratch = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(scratch.path()).unwrap());
    for (folder, wanted) in [(backup, "journal/"), (keys, "keyring.")] {
        for file in files(folder) {
            let name = file.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if name.starts_with(wanted) {
                disk.append(&name, &fs::read(&file).unwrap()).unwrap();
            }
        }
    }
    let keyring = Keyring::open(&*disk, wrapping).expect("a keyring was kept");
    let mut found = 0;
    let mut take = |payload| {
        if let Payload::Bytes(bytes) = payload {
            found += usize::from(search.within(&bytes).is_some());
        }
    };
    Journal::open(disk).unwrap().read_new(&keyring, &mut |record| take(record.payload)).unwrap();
    found
}
