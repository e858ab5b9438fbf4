//! `sync --watch` in a process of its own: it takes along what others log in the same store, waits for a server that stays
//! away, and ends when it is asked to.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use veldboek_tests::process::{Halt, Person, Server, Town, number, rows, text};

const DOSSIER: &str = "WF-2025-0001";
const WATCH: [&str; 4] = ["sync", "--watch", "--interval", "1"];

fn prepared() -> Town {
    let town = Town::found();
    let Town { carla, anna, .. } = &town;
    carla.does(&["coach", "add", "anna", "--display-name", "Anna Veldhuizen"]);
    carla.does(&["trainee", "add", "--reference", DOSSIER, "--given-name", "Sanne"]);
    carla.does(&["trajectory", "open", DOSSIER, "--programme", "KANS", "--referral-date", "2025-01-10"]);
    carla.does(&["trajectory", "agree", DOSSIER, "--on", "2025-02-01"]);
    carla.does(&["assign", DOSSIER, "anna"]);
    for person in [carla, anna] {
        person.does(&["sync"]);
    }
    town
}

fn log(person: &Person, summary: &str) {
    let words = ["--started-at", "2025-03-03 09:30", "--duration", "45", "--party", "TRAINEE", "--summary", summary];
    person.does(&[["visit", "log", DOSSIER].as_slice(), &words].concat());
}

#[test]
fn what_others_log_in_the_store_goes_along_also_after_the_server_was_away() {
    let mut town = prepared();
    let mut watch = town.anna.start(&WATCH, None);
    watch.says_next("sent 0, received 0");
    log(&town.anna, "Terwijl er gewacht werd");
    watch.says_next("sent 1, received 0");

    // While an exchange hangs on the wire, nobody waits for it.
    let held = town.wire.hold(Halt::BeforeAnswer);
    held.wait();
    log(&town.anna, "Terwijl het antwoord onderweg was");
    held.go_on();
    watch.says_next("sent 1, received 0");

    town.stop_server();
    watch.says_next("again in ");
    log(&town.anna, "Zonder server");
    log(&town.anna, "Nog steeds zonder server");
    assert!(watch.runs());
    town.start_server(None);
    watch.says_next("sent 2, received 0");
    town.carla.does(&["sync"]);
    town.carla.does(&["trainee", "edit", DOSSIER, "--municipality", "GM0453"]);
    town.carla.does(&["sync"]);
    watch.says_next("sent 0, received 1");

    watch.interrupt();
    let told = watch.finish().ends(0).json();
    assert_eq!((number(&told, "accepted"), number(&told, "received")), (4, 1), "{told}");
    assert_eq!((&told["up_to_date"], &told["interrupted"]), (&true.into(), &false.into()), "{told}");
    assert!(number(&told, "exchanges") >= 5, "{told}");
    let texts = ["Nog steeds zonder server", "Terwijl er gewacht werd", "Terwijl het antwoord onderweg was", "Zonder server"];
    for person in [&town.anna, &town.carla] {
        assert_eq!(person.summaries(), texts);
        assert!(person.does(&["verify"])["whole"].as_bool().unwrap());
    }
}

#[test]
fn it_ends_with_what_its_exchanges_came_to() {
    let mut town = prepared();
    // One field in conflict, which this watch brings in.
    town.carla.does(&["trainee", "edit", DOSSIER, "--municipality", "GM0453"]);
    town.carla.does(&["sync"]);
    town.anna.does(&["trainee", "edit", DOSSIER, "--municipality", "GM0375"]);
    let mut watch = town.anna.start(&WATCH, None);
    watch.says_next("to settle 1");
    watch.interrupt();
    let told = watch.finish().ends(3).json();
    assert_eq!(told["conflicts"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(rows(&town.anna.does(&["conflicts"])).len(), 1);

    // No contact at the end.
    let mut watch = town.anna.start(&WATCH, None);
    watch.says_next("sent 0, received 0");
    town.stop_server();
    watch.says_next("again in ");
    watch.interrupt();
    watch.finish().ends(4).advises();
    let mut watch = town.anna.start(&WATCH, None);
    watch.says_next("again in ");
    watch.interrupt();
    watch.finish().ends(4).advises();

    // What waiting does not mend is not waited for.
    let alone = Person::at(town.folder().join("dora"));
    alone.does(&["init", "--coach", "dora", "--organisation", "werkpartners", "--region", "gooi"]);
    alone.run(&WATCH).ends(5).advises();
    alone.run(&["sync", "--interval", "5"]).ends(2).advises();
    alone.run(&["sync", "--watch", "--interval", "0"]).ends(2).advises();
}

#[test]
fn a_coordinator_who_watches_hears_of_waiting_work_when_it_comes() {
    let town = prepared();
    log(&town.anna, "Alleen op de laptop");
    let list = town.carla.does(&["device", "list"]);
    let row = rows(&list).iter().find(|row| text(row, "person") == "anna").expect("a device");
    for words in [
        &["device", "revoke", &text(row, "device"), "--reason", "verloren"][..],
        &["device", "allow-unsent", &text(row, "device")],
    ] {
        assert!(Server::command(&town.server_store(), words).status.success());
    }
    let mut watch = town.carla.start(&WATCH, None);
    watch.says_next("sent 0, received");
    town.anna.run(&["sync"]).ends(5);
    watch.says_next("waiting for your decision 1 (veldboek quarantine list)");
    assert!(watch.runs());
    watch.interrupt();
    watch.finish().ends(3);
}
