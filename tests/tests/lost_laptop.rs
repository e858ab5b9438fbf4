//! A laptop that is stolen, with the real programs: the coordinator revokes it from her own, and at its next contact nothing is left
//! on it, whatever is done to it in between.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use veldboek_core::chunk::ChangeHash;
use veldboek_core::envelope::SignedChange;
use veldboek_core::ids::EntryId;
use veldboek_core::statement::{Decision, Grant, GrantEnd, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::wire::{Replaced, Request, RevokeRequest, Unfounded, VERSION, Verdict};
use veldboek_tests::Field;
use veldboek_tests::attacks::forge::{Maker, Story};
use veldboek_tests::process::{Halt, Person, Town, number, rows, text, tools};

const DOSSIER: &str = "WF-2025-0001";

/// Anna guides a dossier of Carla's organisation.
fn prepared() -> Town {
    let town = Town::found();
    let Town { carla, anna, .. } = &town;
    carla.does(&["programme", "add", "KANS", "--name", "Kans op werk"]);
    carla.does(&["coach", "add", "anna", "--display-name", "Anna Veldhuizen"]);
    carla.does(&["trainee", "add", "--reference", DOSSIER, "--given-name", "Sanne"]);
    carla.does(&["trajectory", "open", DOSSIER, "--programme", "KANS", "--referral-date", "2025-01-10"]);
    carla.does(&["trajectory", "agree", DOSSIER, "--on", "2025-02-01"]);
    carla.does(&["assign", DOSSIER, "anna"]);
    carla.does(&["sync"]);
    anna.does(&["sync"]);
    town
}

fn log(person: &Person, summary: &str) {
    let words = ["--started-at", "2025-03-03 09:30", "--duration", "45", "--party", "TRAINEE", "--summary", summary];
    person.does(&[["visit", "log", DOSSIER].as_slice(), &words].concat());
}

/// The device of a person who has one.
fn device_of(carla: &Person, person: &str) -> String {
    let list = carla.does(&["device", "list"]);
    let row = rows(&list).iter().find(|row| text(row, "person") == person).expect("a device").clone();
    text(&row, "device")
}

/// A command at the server's machine.
fn at_the_machine(town: &Town, words: &[&str]) -> Value {
    let output = Command::new(&tools().server)
        .args(words)
        .args(["--format", "json", "--lang", "en", "--store"])
        .arg(town.server_store())
        .output()
        .expect("the server's own commands run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn files(store: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(store).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_stolen_laptop_is_revoked_wipes_itself_and_the_coordinator_sees_what_was_on_it() {
    let town = prepared();
    log(&town.anna, "Alleen op de laptop");
    let device = device_of(&town.carla, "anna");
    town.carla.run(&["device", "revoke", &device, "--reason", "laptop gestolen"]).ends(1).says("not confirmed");
    town.carla.run(&["device", "revoke", &device, "--reason", "x", "--accept-unsent", "--yes"]).ends(5).says("administrator");
    town.anna.run(&["device", "list"]).ends(5);
    let revoked = town.carla.does(&["device", "revoke", &device[..8], "--reason", "laptop gestolen", "--yes"]);
    assert_eq!((text(&revoked, "device"), revoked["accept_unsent"].clone()), (device.clone(), false.into()));

    // Offline it knows nothing of it; at the first contact, whatever that is for, it is the end.
    town.anna.run(&["sync"]).ends(5).says("everything on it was destroyed").says("1 changes that were only here are lost");
    assert_eq!(files(&town.anna.store), ["lock", "lock-next", "wiped", "wiped-told"]);
    for words in [&["trainee", "list"][..], &["status"], &["visit", "list"], &["sync"]] {
        town.anna.run(words).ends(5).says("this device was revoked").says("veldboek enrol");
    }

    let shown = town.carla.does(&["device", "show", &device]);
    assert_eq!(shown["references"], serde_json::json!([DOSSIER]));
    assert_eq!(
        (text(&shown, "reason"), text(&shown, "lock"), number(&shown, "lost")),
        ("laptop gestolen".into(), "NONE".into(), 1)
    );
    assert!(!text(&shown, "wiped").is_empty() && !text(&shown, "last_contact").is_empty());
    let csv = town.carla.run(&["device", "show", &device, "--format", "csv"]).ends(0).out;
    let table = town.carla.run(&["device", "show", &device, "--format", "table"]).ends(0).out;
    for wanted in [DOSSIER, "laptop gestolen"] {
        assert!(csv.contains(wanted) && table.contains(wanted), "{csv}\n{table}");
    }
    // The administrator at the machine sees which documents, and no reference.
    let shown = at_the_machine(&town, &["device", "show", &device]);
    assert_eq!(shown["documents"].as_array().unwrap().len(), 1);
    assert!(!shown.to_string().contains(DOSSIER));

    // A new beginning in the same place: what the server has comes back.
    let server = town.server.as_ref().unwrap();
    town.anna.enrols(&server.invite("anna", "Anna Veldhuizen", "coach"), town.wire.address());
    town.anna.does(&["sync"]);
    assert_eq!(rows(&town.anna.does(&["trainee", "list"])).len(), 1);
    assert_ne!(device_of(&town.carla, "anna"), "");
}

#[test]
fn with_leave_the_unsent_work_is_delivered_first() {
    let town = prepared();
    log(&town.anna, "In de kelder geschreven");
    let device = device_of(&town.carla, "anna");
    at_the_machine(&town, &["device", "revoke", &device, "--reason", "verloren"]);
    let allowed = at_the_machine(&town, &["device", "allow-unsent", &device]);
    assert_eq!((allowed["accept_unsent"].clone(), number(&allowed, "documents")), (true.into(), 1));
    // The line is cut while the work goes up: nothing is destroyed, and nothing can be looked at any more.
    let told = town.wire.hold(Halt::BeforeAnswer);
    let mut sync = town.anna.start(&["sync"], None);
    told.wait();
    let delivery = {
        told.go_on();
        town.wire.hold(Halt::BeforeAnswer)
    };
    delivery.wait();
    assert!(sync.runs());
    drop(delivery);
    sync.finish().ends(4);
    town.anna.run(&["visit", "list"]).ends(5).says("this device was revoked").says("veldboek sync");
    assert!(files(&town.anna.store).contains(&"journal".to_owned()));

    town.anna.run(&["sync"]).ends(5).says("wait for the coordinator now");
    assert_eq!(files(&town.anna.store), ["lock", "lock-next", "wiped", "wiped-told"]);
    town.carla.run(&["sync"]).ends(3).says("waits for your decision");
    assert_eq!(town.carla.summaries(), Vec::<String>::new(), "it waits, and nobody reads it unasked");
    assert_eq!(number(&town.carla.does(&["device", "show", &device]), "lost"), 0);
    // The coordinator looks at it, knows it for Anna's, and lets it in.
    let waiting = town.carla.run(&["quarantine", "list"]).json();
    let id = text(&rows(&waiting)[0], "id");
    town.carla.run(&["quarantine", "accept", &id, "--yes"]).ends(0);
    town.carla.does(&["sync"]);
    assert_eq!(town.carla.summaries(), ["In de kelder geschreven"]);
}

#[test]
fn refusing_one_delivered_visit_of_a_laptop_that_is_gone_costs_no_other() {
    let town = prepared();
    let (carla, anna) = (&town.carla, &town.anna);
    for summary in ["Verkeerd dossier", "In de kelder geschreven"] {
        log(anna, summary);
    }
    let device = device_of(carla, "anna");
    at_the_machine(&town, &["device", "revoke", &device, "--reason", "verloren"]);
    at_the_machine(&town, &["device", "allow-unsent", &device]);
    // The first contact tells it; what it had is handed in, and it is empty.
    anna.run(&["sync"]).ends(5);
    assert_eq!(files(&anna.store), ["lock", "lock-next", "wiped", "wiped-told"]);
    carla.run(&["sync"]).ends(3);
    let list = carla.does(&["quarantine", "list"]);
    let ids: Vec<String> = rows(&list).iter().map(|row| text(row, "id")).collect();
    assert_eq!(ids.len(), 2, "{list}");

    // No device is left that could record the second one anew.
    let refuse = ["quarantine", "refuse", &ids[0], "--reason", "ander dossier"];
    carla.run(&refuse).ends(1).says("will not record them anew").says("quarantine accept").says("visit withdraw").says("--all");
    let list = carla.does(&["quarantine", "list"]);
    assert_eq!(rows(&list).len(), 2, "{list}");
    assert!(text(&rows(&list)[1], "what").contains("In de kelder geschreven"), "{list}");
    let accepted = carla.does(&["quarantine", "accept", &ids[0]]);
    assert_eq!((number(&accepted, "received"), accepted["not_in"].as_array().map(Vec::len)), (2, Some(0)), "{accepted}");
    assert_eq!(carla.summaries(), ["In de kelder geschreven", "Verkeerd dossier"]);
}

#[test]
fn a_file_that_was_made_before_the_laptop_was_lost_is_all_that_is_left_and_still_comes_in() {
    let town = prepared();
    let (carla, anna) = (&town.carla, &town.anna);
    for summary in ["Op de stick gezet", "En dit ook"] {
        log(anna, summary);
    }
    let file = town.folder().join("anna.bundle");
    let file = file.to_str().expect("a name in letters");
    anna.does(&["bundle", "export", file]);
    carla.does(&["device", "revoke", &device_of(carla, "anna"), "--reason", "gestolen", "--yes"]);
    carla.does(&["sync"]);
    let merged = carla.run(&["merge", file]).ends(3).says("wait there for a decision").json();
    assert_eq!((number(&merged["files"][0], "carried"), number(&merged["files"][0], "received")), (2, 0), "{merged}");
    std::fs::remove_file(file).expect("the stick is lost too");
    assert_eq!(carla.summaries(), Vec::<String>::new());
    let synced = carla.run(&["sync"]).ends(3).json();
    assert_eq!((number(&synced, "quarantined"), number(&synced, "to_decide")), (2, 2), "{synced}");
    let id = text(&rows(&carla.does(&["quarantine", "list"]))[0], "id");
    let accepted = carla.does(&["quarantine", "accept", &id]);
    assert_eq!((number(&accepted, "left"), accepted["not_in"].as_array().map(Vec::len)), (0, Some(0)), "{accepted}");
    assert_eq!(carla.summaries(), ["En dit ook", "Op de stick gezet"]);
}

#[test]
fn a_wipe_that_was_killed_before_it_was_told_is_told_at_the_next_start() {
    let mut town = prepared();
    let device = device_of(&town.carla, "anna");
    town.carla.does(&["device", "revoke", &device, "--reason", "gestolen", "--yes"]);
    let mut sync = town.anna.start(&["sync"], Some("wiped-untold"));
    sync.reached("wiped-untold");
    sync.kill();
    let left = files(&town.anna.store);
    assert!(!left.iter().any(|name| name.starts_with("keyring") || name == "wrapping.key"), "{left:?}");
    assert_eq!(files(&town.anna.store.join("journal")), Vec::<String>::new());
    assert_eq!(town.carla.does(&["device", "show", &device])["wiped"], Value::Null);
    // Without a server it stays wiped, and untold.
    town.stop_server();
    town.anna.run(&["status"]).ends(5).says("the server does not know that yet");
    town.start_server(None);
    town.anna.run(&["status"]).ends(5).says("this device was revoked");
    assert!(!text(&town.carla.does(&["device", "show", &device]), "wiped").is_empty());
    assert_eq!(files(&town.anna.store), ["lock", "lock-next", "wiped", "wiped-told"]);
}

/// Anna wrote two visits that waited; Carla refused the first, and the second is kept for what it says.
struct Kept {
    field: Field,
    carla: Maker,
    anna: Maker,
    /// The dossier, as Anna's phone had it before these visits.
    story: Story,
    /// What the server keeps.
    leaning: ChangeHash,
    /// What is in the dossier of Anna's, and of Carla's.
    admitted: [ChangeHash; 2],
}

fn hash(change: &[u8]) -> ChangeHash {
    SignedChange::decode(change).unwrap().hash()
}

impl Kept {
    /// Anna's phone is lost, and may deliver what was on it; or she has it, and coaches the dossier no more.
    fn new(seed: u64, lost: bool) -> Self {
        let mut field = Field::new(seed);
        let (carla, anna) = (field.enrolled("carla", Role::Coordinator), field.enrolled("anna", Role::Coach));
        let maker = |device: &veldboek_tests::Device, person: &str, field: &Field| Maker {
            keys: device.book.device_keys().clone(),
            person: person.into(),
            organisation: "school-1".into(),
            at: field.clock.0,
        };
        let (carla, mut anna) = (maker(&carla, "carla", &field), maker(&anna, "anna", &field));
        let mut story = carla.opens(&mut field.dice);
        let (document, today) = (story.document, field.clock.now().today());
        let sign = |statement: Statement| SignedStatement::sign(&statement, &carla.keys).unwrap().bytes().to_vec();
        let grant = Grant {
            id: EntryId::fresh(carla.at, &mut field.dice),
            document,
            person: "anna".into(),
            from: today,
            until: None,
            note: None,
            by: "carla".into(),
            at: carla.at,
            decision: None,
        };
        let first = carla.signed(document, &story.first);
        let statements = vec![story.opening.clone(), sign(Statement::Grant(grant))];
        let mut kept = Self {
            field,
            carla: carla.clone(),
            anna: anna.clone(),
            story: story.clone(),
            leaning: hash(&first),
            admitted: [hash(&first); 2],
        };
        kept.push(&carla, Request { statements, changes: vec![first], ..Request::default() });
        story.actor = anna.session(&mut kept.field.dice);
        let own = anna.signed(document, &story.visit(&anna, "Op kantoor"));
        kept.admitted[0] = hash(&own);
        let told = kept.push(&anna, Request { changes: vec![own], ..Request::default() });
        assert!(matches!(told[..], [Verdict::Accepted { .. }]), "{told:?}");
        kept.story = story.clone();
        if lost {
            let order = RevokeRequest { version: VERSION, device: anna.keys.device(), reason: None, accept_unsent: true };
            kept.field.server(Work::Revoke(None, order)).unwrap();
        } else {
            let end = GrantEnd {
                document,
                person: "anna".into(),
                on: today,
                by: "carla".into(),
                at: carla.at,
                reason: None,
                decision: None,
                successor: None,
                ends: None,
            };
            kept.push(&carla, Request { statements: vec![sign(Statement::GrantEnd(end))], ..Request::default() });
            kept.field.clock.pass_minutes(30 * 24 * 60);
            anna.at = kept.field.clock.0;
            kept.anna = anna.clone();
        }
        let changes = ["Verkeerd dossier", "In de kelder"].map(|text| anna.signed(document, &story.visit(&anna, text)));
        let (refused, leaning) = (hash(&changes[0]), hash(&changes[1]));
        let told = kept.push(&anna, Request { push_only: lost, changes: changes.to_vec(), ..Request::default() });
        assert!(told.iter().all(|one| matches!(one, Verdict::Quarantined(_))), "{told:?}");
        let decision = Decision {
            document,
            changes: vec![refused],
            accepted: false,
            by: "carla".into(),
            at: carla.at,
            reason: None,
            leaning: vec![leaning],
        };
        kept.push(&carla, Request { statements: vec![sign(Statement::Decision(decision))], ..Request::default() });
        kept.leaning = leaning;
        assert!(kept.is_there());
        kept
    }

    fn push(&mut self, by: &Maker, request: Request) -> Vec<Verdict> {
        let Done::Exchanged(answer) = self.field.server(Work::Exchange(by.keys.device(), request.into())).unwrap() else {
            unreachable!()
        };
        answer.verdicts
    }

    /// Anna's device says that something stands for what is kept.
    fn says(&mut self, new: ChangeHash, push_only: bool, changes: Vec<Vec<u8>>) -> Vec<Verdict> {
        let replaced = vec![Replaced { document: self.story.document, old: self.leaning, new }];
        let anna = self.anna.clone();
        self.push(&anna, Request { push_only, replaced, changes, ..Request::default() })
    }

    /// A visit that builds on nothing that waited.
    fn another(&mut self, text: &str) -> Vec<u8> {
        let mut story = self.story.clone();
        story.actor = self.anna.session(&mut self.field.dice);
        self.anna.signed(story.document, &story.visit(&self.anna, text))
    }

    /// Whether a coordinator can still read what is kept.
    fn is_there(&mut self) -> bool {
        let Done::Quarantine(list) = self.field.server(Work::Quarantine(self.carla.keys.device(), 0)).unwrap() else {
            unreachable!()
        };
        list.changes.iter().any(|one| one.unfounded == Some(Unfounded::Leans) && hash(&one.envelope) == self.leaning)
    }
}

#[test]
fn whoever_has_the_lost_phone_cannot_have_the_server_throw_away_what_it_keeps() {
    let mut kept = Kept::new(81, true);
    for new in [kept.leaning, kept.admitted[0], kept.admitted[1]] {
        kept.says(new, true, Vec::new());
        assert!(kept.is_there(), "nothing stands for it");
    }
    let earlier = kept.another("Iets anders");
    let anna = kept.anna.clone();
    kept.push(&anna, Request { push_only: true, changes: vec![earlier.clone()], ..Request::default() });
    kept.says(hash(&earlier), true, vec![earlier]);
    assert!(kept.is_there(), "it waited before");
    // What it brings for it now a coordinator reads instead.
    let anew = kept.another("In de kelder");
    let told = kept.says(hash(&anew), true, vec![anew]);
    assert!(matches!(told[..], [Verdict::Quarantined(_)]), "{told:?}");
    assert!(!kept.is_there());
}

#[test]
fn a_server_that_was_put_back_throws_nothing_away_on_the_word_of_a_phone() {
    let mut kept = Kept::new(82, false);
    let old = kept.field.backup();
    kept.field.put_back(&old, &old);
    for new in [kept.leaning, kept.admitted[0]] {
        kept.says(new, false, Vec::new());
    }
    kept.field.reopen();
    assert!(kept.is_there(), "it may have been revoked since");
    kept.says(kept.admitted[1], false, Vec::new());
    assert!(kept.is_there(), "somebody else's work does not stand for hers");
    kept.says(kept.admitted[0], false, Vec::new());
    assert!(!kept.is_there());
}
