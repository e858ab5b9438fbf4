//! Clocks that disagree: two coordinators' laptops, a server that is set right, a phone that is set back.

use super::*;

/// A second coordinator and a third coach.
fn with_marit_and_chris(seed: u64) -> (Team, Device, Device) {
    let mut team = Team::new(seed);
    let mut marit = team.field.enrolled("marit", Role::Coordinator);
    let chris = team.field.enrolled("chris", Role::Coach);
    team.field.sync(&mut marit);
    (team, marit, chris)
}

fn to(coach: &str, from: &str) -> Transfer {
    Transfer { to: coach.into(), from: Some(from.into()), ..Transfer::default() }
}

#[test]
fn an_end_takes_the_grant_that_its_maker_saw_though_a_laptop_that_runs_ahead_had_dated_it_later() {
    let (mut team, mut marit, mut chris) = with_marit_and_chris(31);
    let now = team.field.clock;
    team.field.clock.pass_minutes(120);
    team.hand_over(|dossier, by| assign(dossier, by, "bram"));
    team.field.clock = now;
    team.field.sync(&mut team.carla);
    team.field.sync(&mut team.bram);
    assert_eq!(team.bram.summaries(team.dossier).len(), 1);

    team.field.clock.pass_minutes(30);
    team.field.sync(&mut marit);
    decide_by(&mut team.field, &mut marit, "marit", team.dossier, |dossier, by| dossier.transfer(by, to("chris", "bram")));
    team.field.sync(&mut marit);
    assert_eq!(team.field.sync(&mut team.bram).0.closed, 1, "it is over for bram");
    assert!(matches!(team.bram.book.find("WF-2025-0001"), Err(FieldBookError::UnknownDossier(_))));
    team.field.sync(&mut chris);
    assert_eq!(chris.summaries(team.dossier).len(), 1);
    // The same day after day, and for a server that folds its journal anew.
    team.field.clock.pass_minutes(2 * DAY);
    team.field.restart_server();
    team.field.sync(&mut team.bram);
    assert!(team.bram.book.dossiers().unwrap().is_empty());
}

#[test]
fn whoever_is_assigned_again_has_access_though_the_laptop_that_ended_it_ran_ahead() {
    let (mut team, mut marit, mut chris) = with_marit_and_chris(32);
    team.hand_over(|dossier, by| assign(dossier, by, "bram"));
    team.field.sync(&mut team.carla);
    team.field.sync(&mut marit);
    team.field.sync(&mut team.bram);
    let now = team.field.clock;
    team.field.clock.pass_minutes(120);
    decide_by(&mut team.field, &mut marit, "marit", team.dossier, |dossier, by| dossier.transfer(by, to("chris", "bram")));
    team.field.clock = now;
    team.field.sync(&mut marit);
    team.field.sync(&mut team.bram);
    assert!(team.bram.book.dossiers().unwrap().is_empty());

    team.field.clock.pass_minutes(30);
    team.field.sync(&mut team.carla);
    team.hand_over(|dossier, by| assign(dossier, by, "bram"));
    team.field.sync(&mut team.carla);
    team.field.sync(&mut team.bram);
    assert_eq!(team.bram.summaries(team.dossier).len(), 1, "carla knew of the end and decided again");
    team.bram.book.look_at_the_day(team.field.clock.now(), &mut team.field.dice);
    assert_eq!(team.bram.book.dossiers().unwrap().len(), 1);
    team.field.sync(&mut chris);
    assert_eq!(chris.summaries(team.dossier).len(), 1);
}

#[test]
fn an_end_takes_nothing_from_a_grant_that_its_maker_did_not_know_of_in_whichever_order_the_two_arrive() {
    for carla_first in [true, false] {
        let (mut team, mut marit, _) = with_marit_and_chris(33);
        team.hand_over(|dossier, by| assign(dossier, by, "bram"));
        team.field.sync(&mut team.carla);
        team.field.sync(&mut marit);
        // Both without a connection: the one ends what bram has, the other gives it to him once more.
        team.field.clock.pass_minutes(60);
        let today = team.field.clock.now().today();
        let access = ("bram".to_owned(), today, Some(today.plus_days(60)));
        team.carla.book.grant(team.dossier, access, team.field.clock.now(), &mut team.field.dice).unwrap();
        team.field.clock.pass_minutes(60);
        decide_by(&mut team.field, &mut marit, "marit", team.dossier, |dossier, by| dossier.transfer(by, to("chris", "bram")));
        if carla_first {
            team.field.sync(&mut team.carla);
            team.field.sync(&mut marit);
        } else {
            team.field.sync(&mut marit);
            team.field.sync(&mut team.carla);
        }
        team.field.sync(&mut team.bram);
        assert_eq!(team.bram.summaries(team.dossier).len(), 1, "carla first: {carla_first}");
        // Seen by now, and so ended by whoever decides about it.
        team.field.sync(&mut marit);
        decide_by(&mut team.field, &mut marit, "marit", team.dossier, |dossier, by| {
            let plan = dossier.transfer(by, to("chris", "anna"))?;
            let ends = vec![("bram".to_owned(), by.today())];
            Ok(Plan { id: HandedOver { ends, ..plan.id }, ..plan })
        });
        team.field.sync(&mut marit);
        team.field.sync(&mut team.bram);
        assert!(team.bram.book.dossiers().unwrap().is_empty());
    }
}

#[test]
fn a_server_whose_clock_is_set_right_closes_dossiers_as_before() {
    let mut team = Team::new(34);
    let right = team.field.clock;
    team.field.clock.pass_minutes(3 * 60);
    team.field.sync(&mut team.anna);
    team.field.clock = right;
    team.field.clock.pass_minutes(5);
    team.transfer_to_bram();
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!(outcome.closed, 1);
    assert!(!holds(&team.anna, CANARY));
}

#[test]
fn a_closing_of_an_earlier_exchange_closes_nothing_that_was_opened_since() {
    let mut team = Team::new(35);
    team.transfer_to_bram();
    let (request, _) = team.anna.book.request(None).unwrap();
    let old = team.field.answer_to(&team.anna, request);
    assert_eq!(old.closed, [team.dossier]);
    team.field.sync(&mut team.anna);
    team.field.sync(&mut team.carla);
    team.hand_over(|dossier, by| assign(dossier, by, "anna"));
    team.field.sync(&mut team.carla);
    team.field.sync(&mut team.anna);
    assert_eq!(team.anna.summaries(team.dossier).len(), 1);
    // Whoever kept the server's word of a minute ago shows it again.
    let (request, sent) = team.anna.book.request(None).unwrap();
    let mut answer = team.field.answer_to(&team.anna, request);
    (answer.closed, answer.news) = (old.closed, old.news);
    let told = team.anna.book.answer(sent, answer, team.field.clock.now(), &mut team.field.dice);
    assert!(told.is_err_and(|why| why.to_string().contains("without the server's signature")));
    assert_eq!(team.anna.summaries(team.dossier).len(), 1);
}

#[test]
fn a_phone_that_was_set_back_shows_no_cover_that_it_once_saw_to_be_over() {
    let mut team = Team::new(36);
    team.cover_by_bram_until("2025-03-07");
    team.field.sync(&mut team.bram);
    let before = team.field.clock;
    team.field.clock.pass_minutes(6 * DAY);
    // It was only looked at; nothing was written.
    team.bram.book.look_at_the_day(team.field.clock.now(), &mut team.field.dice);
    assert!(team.bram.book.dossiers().unwrap().is_empty());
    for _ in 0..2 {
        team.bram.restart();
        team.bram.book.look_at_the_day(before.now(), &mut team.field.dice);
        assert!(team.bram.book.dossiers().unwrap().is_empty(), "set back, and opened again");
    }
    // A clock that was wrong once is not held against anyone: the server knows what day it is.
    team.field.clock = before;
    team.field.sync(&mut team.bram);
    team.bram.book.look_at_the_day(before.now(), &mut team.field.dice);
    assert_eq!(team.bram.book.dossiers().unwrap().len(), 1);
}

#[test]
fn a_phone_whose_clock_is_set_right_shows_its_dossiers_after_the_next_exchange_though_that_brings_nothing() {
    let mut team = Team::new(37);
    team.cover_by_bram_until("2025-03-07");
    // The app is open all the time, and exchanges every few minutes.
    team.field.sync(&mut team.bram);
    assert_eq!(team.bram.book.dossiers().unwrap().len(), 1);
    let right = team.field.clock;
    team.field.clock.pass_minutes(365 * DAY);
    team.bram.book.look_at_the_day(team.field.clock.now(), &mut team.field.dice);
    assert!(team.bram.book.dossiers().unwrap().is_empty());
    team.field.clock = right;
    team.field.clock.pass_minutes(13);
    team.bram.book.look_at_the_day(team.field.clock.now(), &mut team.field.dice);
    assert!(team.bram.book.dossiers().unwrap().is_empty(), "set back, until the server says what day it is");
    for opened_again in [false, true] {
        team.field.sync(&mut team.bram);
        team.bram.book.look_at_the_day(team.field.clock.now(), &mut team.field.dice);
        assert_eq!(team.bram.book.dossiers().unwrap().len(), 1, "opened again: {opened_again}");
        team.bram.restart();
    }
}
