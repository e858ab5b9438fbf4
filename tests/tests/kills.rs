//! `kill -9` of either process at named points of an exchange, five times each. The point is proven reached before the
//! signal is sent; afterwards every visit is there once, compared by its text on the device of somebody who was not near.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use veldboek_tests::process::{Halt, Person, Server, Town, number, rows};

const TIMES: usize = 5;
const DOSSIER: &str = "WF-2025-0001";

/// Anna and Carla share a dossier; Bram has it too and is the one who looks.
fn prepared() -> Town {
    let town = Town::found();
    let Town { carla, anna, bram, .. } = &town;
    carla.does(&["programme", "add", "KANS", "--name", "Kans op werk"]);
    for coach in ["anna", "bram"] {
        carla.does(&["coach", "add", coach, "--display-name", coach]);
    }
    carla.does(&["trainee", "add", "--reference", DOSSIER, "--given-name", "Sanne"]);
    carla.does(&["trajectory", "open", DOSSIER, "--programme", "KANS", "--referral-date", "2025-01-10"]);
    carla.does(&["trajectory", "agree", DOSSIER, "--on", "2025-02-01"]);
    carla.does(&["assign", DOSSIER, "anna"]);
    carla.does(&["assign", DOSSIER, "bram", "--role", "SUPPORT"]);
    for person in [carla, anna, bram] {
        person.does(&["sync"]);
    }
    town
}

fn log(person: &Person, summary: &str) {
    let words = ["--started-at", "2025-03-03 09:30", "--duration", "45", "--party", "TRAINEE", "--summary", summary];
    person.does(&[["visit", "log", DOSSIER].as_slice(), &words].concat());
}

/// What the one says who was never near: each text once, and the server's store and this one whole.
fn everything_is_there_once(town: &Town, who: &[&Person], texts: &[String]) {
    let mut texts = texts.to_vec();
    texts.sort();
    for person in who.iter().copied().chain([&town.bram]) {
        let synced = person.does(&["sync"]);
        assert_eq!(synced["up_to_date"], true, "{synced}");
        assert_eq!(person.summaries(), texts);
        assert_eq!(number(&person.does(&["status"]), "unsynced"), 0);
        assert!(person.does(&["verify"])["whole"].as_bool().unwrap());
        assert!(rows(&person.does(&["conflicts"])).is_empty());
    }
    assert!(Server::is_whole(&town.server_store()));
}

#[test]
fn the_device_is_killed_when_half_a_body_was_sent() {
    let town = prepared();
    let mut texts = Vec::new();
    for time in 0..TIMES {
        texts.push(format!("Half verstuurd {time}: é, ö en €"));
        log(&town.anna, &texts[time]);
        let half = town.wire.hold(Halt::HalfQuestion);
        let sync = town.anna.start(&["sync"], None);
        let question = half.wait();
        assert!(question.body_up > 100, "there was something to send: {question:?}");
        sync.kill();
        drop(half);
        assert_eq!(number(&town.anna.does(&["status"]), "unsynced"), time as u64 % 2 + 1);
        // Every other time the next visit is written before anything is sent again.
        if time % 2 == 1 {
            town.anna.does(&["sync"]);
        }
    }
    everything_is_there_once(&town, &[&town.anna], &texts);
}

#[test]
fn the_server_is_killed_when_it_received_half_a_body() {
    let mut town = prepared();
    let mut texts = Vec::new();
    for time in 0..TIMES {
        town.stop_server();
        town.start_server(Some("body-half-read"));
        texts.push(format!("Half ontvangen {time}"));
        log(&town.anna, &texts[time]);
        let half = town.wire.hold(Halt::HalfQuestion);
        let sync = town.anna.start(&["sync"], None);
        half.wait();
        town.server.as_mut().unwrap().reached("body-half-read");
        town.kill_server();
        drop(half);
        sync.finish().ends(4).advises();
        assert_eq!(number(&town.anna.does(&["status"]), "unsynced"), 1);
        town.start_server(None);
        town.anna.does(&["sync"]);
    }
    everything_is_there_once(&town, &[&town.anna], &texts);
}

#[test]
fn the_server_is_killed_around_the_moment_that_makes_a_batch_durable() {
    let mut town = prepared();
    let mut texts = Vec::new();
    for point in ["before-commit", "durable-unacknowledged"] {
        for time in 0..TIMES {
            town.stop_server();
            town.start_server(Some(point));
            texts.push(format!("{point} {time}"));
            log(&town.anna, texts.last().unwrap());
            let sync = town.anna.start(&["sync"], None);
            town.server.as_mut().unwrap().reached(point);
            town.kill_server();
            sync.finish().ends(4).advises();
            assert_eq!(number(&town.anna.does(&["status"]), "unsynced"), 1, "nobody told the device that it is safe");
            town.start_server(None);
            let synced = town.anna.does(&["sync"]);
            assert_eq!((number(&synced, "sent"), number(&synced, "accepted")), (1, 1), "{synced}");
        }
    }
    everything_is_there_once(&town, &[&town.anna], &texts);
}

#[test]
fn the_device_is_killed_with_the_acknowledgement_in_hand_and_the_outbox_full() {
    let town = prepared();
    let mut texts = Vec::new();
    for time in 0..TIMES {
        texts.push(format!("Bevestigd maar niet genoteerd {time}"));
        log(&town.anna, &texts[time]);
        town.wire.carried();
        let mut sync = town.anna.start(&["sync"], Some("answer-received"));
        sync.reached("answer-received");
        sync.kill();
        let carried = town.wire.carried();
        assert_eq!(carried.last().unwrap().status, 200, "the server had acknowledged: {carried:?}");
        assert_eq!(number(&town.anna.does(&["status"]), "unsynced"), 1);
        let synced = town.anna.does(&["sync"]);
        assert_eq!((number(&synced, "sent"), number(&synced, "accepted"), number(&synced, "received")), (1, 1, 0), "{synced}");
    }
    everything_is_there_once(&town, &[&town.anna], &texts);
}

#[test]
fn the_device_is_killed_with_half_a_page_in_its_journal() {
    let town = prepared();
    let mut texts = Vec::new();
    for time in 0..TIMES {
        for n in 0..3 {
            texts.push(format!("Van Carla {time}.{n}"));
            log(&town.carla, texts.last().unwrap());
        }
        town.carla.does(&["sync"]);
        texts.push(format!("Van Anna zelf {time}"));
        log(&town.anna, texts.last().unwrap());
        let mut sync = town.anna.start(&["sync"], Some("page-half-applied"));
        sync.reached("page-half-applied");
        sync.kill();
        // Some of Carla's visits are here, without the word of the server that it has them: until the next exchange they
        // count as if they were only here. Anna's own was never called safe.
        let arrived = number(&town.anna.does(&["status"]), "unsynced") - 1;
        assert!((1..=3).contains(&arrived), "{arrived}");
        let synced = town.anna.does(&["sync"]);
        assert_eq!((number(&synced, "accepted"), number(&synced, "received")), (1 + arrived, 3 - arrived), "{synced}");
    }
    everything_is_there_once(&town, &[&town.anna, &town.carla], &texts);
}
