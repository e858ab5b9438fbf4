//! Dossiers change hands: the new coach gets all of it, the old one keeps nothing but what is only theirs, and whatever was
//! written before anyone knew is let in, waits, or is refused with its text still readable. Nothing vanishes silently.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::chunk::ChangeHash;
use veldboek_core::clock::Day;
use veldboek_core::document::Document;
use veldboek_core::dossier::Dossier;
use veldboek_core::dossier::handover::{Cover, HandedOver, Transfer};
use veldboek_core::envelope::SignedChange;
use veldboek_core::field_book::{AccessItem, FieldBookError, Job, Next, Outcome, ReadWaiting, Target};
use veldboek_core::ids::{DocumentId, VisitId};
use veldboek_core::journal::{Journal, Payload};
use veldboek_core::record::{Container, Record, Scalar, Write};
use veldboek_core::rules::{By, Plan, RuleBroken};
use veldboek_core::statement::{Decision, DocumentKind, Handover, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::trajectory::Assignment;
use veldboek_core::visit::Visit;
use veldboek_core::wire::{Reason, RevokeRequest, VERSION};
use veldboek_tests::{Device, Field};

#[path = "handover/carried.rs"]
mod carried;
#[path = "handover/clocks.rs"]
mod clocks;
#[path = "handover/joining.rs"]
mod joining;
#[path = "handover/names.rs"]
mod names;
#[path = "handover/refused.rs"]
mod refused;
#[path = "handover/twice.rs"]
mod twice;

const DAY: i64 = 24 * 60;
const CANARY: &str = "kanariepiet";

/// A coordinator and two coaches, and a dossier that anna coaches and has written in.
struct Team {
    field: Field,
    carla: Device,
    anna: Device,
    bram: Device,
    dossier: DocumentId,
}

impl Team {
    fn new(seed: u64) -> Self {
        let mut field = Field::new(seed);
        let mut carla = field.enrolled("carla", Role::Coordinator);
        let anna = field.enrolled("anna", Role::Coach);
        let bram = field.enrolled("bram", Role::Coach);
        let dossier = field.dossier(&mut carla, "WF-2025-0001");
        let mut team = Self { field, carla, anna, bram, dossier };
        team.hand_over(|dossier, by| assign(dossier, by, "anna"));
        team.field.sync(&mut team.carla);
        team.field.sync(&mut team.anna);
        team.field.visit(&mut team.anna, team.dossier, "Anna: eerste bezoek, kanariepiet");
        team.field.sync(&mut team.anna);
        team.field.sync(&mut team.carla);
        team
    }

    /// Carla decides who coaches; both facts in one group, offline.
    fn hand_over(&mut self, how: impl FnOnce(&Dossier, &mut By<'_>) -> Result<Plan<HandedOver>, RuleBroken>) {
        decide_by(&mut self.field, &mut self.carla, "carla", self.dossier, how);
    }

    fn transfer_to_bram(&mut self) {
        self.hand_over(|dossier, by| {
            let note = Some("Sanne praat liever onder het werk; bel niet voor negenen".into());
            dossier.transfer(by, Transfer { to: "bram".into(), reason: Some("Anna stopt".into()), note, ..Transfer::default() })
        });
        self.field.sync(&mut self.carla);
    }

    fn cover_by_bram_until(&mut self, until: &str) {
        let until = Some(day(until));
        self.hand_over(|dossier, by| {
            dossier.cover(by, Cover { coach: "bram".into(), until, reason: Some("verlof".into()), ..Cover::default() })
        });
        self.field.sync(&mut self.carla);
    }

    /// A visit in Anna's dossier, made on her phone by a program that does not stop at a BSN, and merged from a file.
    fn older_program_writes(&mut self, summary: &str) {
        let keys = self.anna.book.device_keys();
        let actor = [keys.device().as_bytes().as_slice(), b"oldphone"].concat();
        let visit = Visit { summary: Some(summary.into()), ..Visit::default() };
        let at = self.field.clock.0;
        let writes = visit.create(&VisitId::fresh(at, &mut self.field.dice).to_string());
        let chunk = Document::found(DocumentKind::Dossier).unwrap().write(&writes, &actor, at).unwrap().unwrap();
        let change = SignedChange::sign(self.dossier, &chunk, keys).unwrap();
        let content = Content { changes: vec![change.bytes().to_vec()], ..Content::default() };
        let bundle = Bundle::seal(&content, "kennemerland", keys.device(), &[keys.public()], &mut self.field.dice).unwrap();
        let merged = self.anna.book.merge_bundle(&bundle, self.field.clock.now(), &mut self.field.dice).unwrap();
        assert_eq!(merged.received, 1);
    }

    /// What waits, as Carla reads it.
    fn waiting(&mut self) -> Vec<ReadWaiting> {
        self.field.sync(&mut self.carla);
        let who = self.carla.book.identity().device;
        let Done::Quarantine(list) = self.field.server(Work::Quarantine(who, 0)).unwrap() else { unreachable!() };
        self.carla.book.read_waiting(&list.changes).unwrap()
    }

    /// Carla accepts or refuses the first that waits, with what leans on it.
    fn decide(&mut self, accepted: bool, reason: Option<&str>) -> Outcome {
        let waiting = self.waiting();
        let (first, rest) = waiting.split_first().unwrap();
        let leaning = rest.iter().map(|one| one.hash).collect::<Vec<_>>();
        let (changes, leaning) = if accepted {
            (std::iter::once(first.hash).chain(leaning).collect(), Vec::new())
        } else {
            (vec![first.hash], leaning)
        };
        let decision = (self.dossier, changes, leaning, accepted);
        self.carla.book.decide(decision, reason.map(str::to_owned), self.field.clock.now(), &mut self.field.dice).unwrap();
        self.field.sync(&mut self.carla).0
    }
}

/// A coordinator decides who coaches and who has access; both facts in one group, offline.
fn decide_by(
    field: &mut Field,
    device: &mut Device,
    person: &str,
    id: DocumentId,
    how: impl FnOnce(&Dossier, &mut By<'_>) -> Result<Plan<HandedOver>, RuleBroken>,
) {
    let moment = field.clock.now();
    let dossier = device.book.dossier(id).unwrap();
    let mut by = By::new(person, moment, &mut field.dice).coordinating(true);
    let plan = how(&dossier, &mut by).unwrap();
    let HandedOver { assignment, decision, grant, ends } = plan.id;
    let job = Job::new(Target::Existing(id), plan.writes).granting(vec![grant]).ending(ends).deciding(decision, assignment);
    device.book.perform_all(vec![job], moment, &mut field.dice).unwrap();
}

/// Assigns a coach, who gets access from today on.
fn assign(dossier: &Dossier, by: &mut By<'_>, coach: &str) -> Result<Plan<HandedOver>, RuleBroken> {
    let plan = dossier.assign_coach(by, Assignment { coach: Some(coach.into()), ..Assignment::default() })?;
    let grant = (coach.into(), by.today(), None);
    let handed = HandedOver { assignment: plan.id, decision: Handover::Assignment, grant, ends: Vec::new() };
    Ok(Plan { id: handed, writes: plan.writes, warnings: plan.warnings })
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Whether any file of a device holds the word, in clear or under a key that the device still has.
fn holds(device: &Device, word: &str) -> bool {
    let disk = device.disk();
    let plain = disk.list().unwrap().into_iter().any(|name| found(&disk.read(&name, 0, usize::MAX).unwrap(), word));
    let mut readable = false;
    let mut journal = Journal::open(disk.clone()).unwrap();
    journal
        .read_new(device.book.keyring(), &mut |record| {
            readable |= matches!(&record.payload, Payload::Bytes(bytes) if found(bytes, word));
        })
        .unwrap();
    plain || readable
}

fn found(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn the_old_coach_syncs_first_and_keeps_nothing_while_the_new_one_gets_it_all() {
    let mut team = Team::new(1);
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: afscheid");
    team.transfer_to_bram();
    assert!(holds(&team.anna, CANARY), "the search finds it as long as it is there");
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.accepted, outcome.quarantined, outcome.closed), (1, 0, 1), "made under the grant, so let in");
    assert!(!holds(&team.anna, CANARY) && !holds(&team.anna, "afscheid"));
    assert!(matches!(team.anna.book.find("WF-2025-0001"), Err(FieldBookError::UnknownDossier(_))));
    assert_eq!(team.anna.book.status().unwrap().unsynced, 0);
    team.anna.restart();
    assert!(!holds(&team.anna, CANARY));

    let (outcome, line) = team.field.sync(&mut team.bram);
    assert_eq!((outcome.unusable, line.round_trips), (0, 1));
    assert_eq!(team.bram.summaries(team.dossier), ["Anna: afscheid", "Anna: eerste bezoek, kanariepiet"]);
    let notes = team.bram.book.handover_notes(team.field.clock.now().today()).unwrap();
    assert_eq!(notes.len(), 1);
    assert_eq!((notes[0].before.as_slice(), notes[0].reason.as_deref()), (["anna".to_owned()].as_slice(), Some("Anna stopt")));
    assert!(notes[0].note.contains("onder het werk"));
}

#[test]
fn the_new_coach_syncs_first_and_the_old_ones_work_still_arrives() {
    let mut team = Team::new(2);
    team.field.visit(&mut team.anna, team.dossier, "Anna: nog zonder verbinding");
    team.field.clock.pass_minutes(2 * DAY);
    team.transfer_to_bram();
    team.field.sync(&mut team.bram);
    assert_eq!(team.bram.summaries(team.dossier).len(), 1);
    team.field.visit(&mut team.bram, team.dossier, "Bram: kennismaking");
    team.field.sync(&mut team.bram);
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.accepted, outcome.closed), (1, 1));
    team.field.sync(&mut team.bram);
    team.field.sync(&mut team.carla);
    for device in [&mut team.bram, &mut team.carla] {
        assert_eq!(device.summaries(team.dossier).len(), 3);
    }
    let visible = team.carla.book.access_history(team.dossier).unwrap();
    assert_eq!(visible.len(), 4, "opened, granted, granted with the transfer, ended with the transfer: {visible:?}");
}

#[test]
fn late_honest_work_comes_in_within_the_grace_and_waits_after_it() {
    for (days, accepted) in [(13, 1), (16, 0)] {
        let mut team = Team::new(3);
        team.field.visit(&mut team.anna, team.dossier, "Anna: gemaakt voor de overdracht");
        team.field.clock.pass_minutes(DAY);
        team.transfer_to_bram();
        // Her phone lies in a drawer.
        team.field.clock.pass_minutes(days * DAY);
        let (outcome, _) = team.field.sync(&mut team.anna);
        assert_eq!((outcome.accepted, outcome.quarantined), (accepted, 1 - accepted), "after {days} days");
        team.field.sync(&mut team.carla);
        assert_eq!(team.carla.summaries(team.dossier).len(), 1 + accepted, "after {days} days");
    }
}

#[test]
fn a_clock_that_lies_helps_no_longer_than_the_grace_and_never_into_the_future() {
    let mut team = Team::new(4);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(20 * DAY);
    // The phone's clock is set back to the days of the grant.
    let today = team.field.clock;
    team.field.clock.pass_minutes(-21 * DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: geantidateerd");
    team.field.clock = today;
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.accepted, outcome.quarantined, outcome.closed), (0, 1, 1));

    let mut team = Team::new(5);
    team.cover_by_bram_until("2025-03-07");
    team.field.sync(&mut team.bram);
    team.hand_over(|dossier, by| {
        let cover = Cover { from: Some(day("2025-05-01")), until: Some(day("2025-05-30")), ..Cover::default() };
        dossier.cover(by, Cover { coach: "bram".into(), ..cover })
    });
    team.field.sync(&mut team.carla);
    team.field.clock.pass_minutes(10 * DAY);
    let today = team.field.clock;
    team.field.clock.pass_minutes(60 * DAY);
    team.field.visit(&mut team.bram, team.dossier, "Bram: uit de toekomst");
    team.field.clock = today;
    assert_eq!(team.field.sync(&mut team.bram).0.quarantined, 1);
}

#[test]
fn what_waited_is_accepted_with_all_that_leans_on_it_and_its_author_hears_it_without_the_dossier() {
    let mut team = Team::new(6);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(DAY);
    for text in ["Anna: nog een keer langs", "Anna: en nog iets", "Anna: en dat ook"] {
        team.field.visit(&mut team.anna, team.dossier, text);
    }
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.quarantined, outcome.closed), (3, 1));
    // The dossier is gone, her own words are not.
    assert!(!holds(&team.anna, CANARY));
    team.anna.restart();
    let waiting = team.anna.book.waiting().unwrap();
    assert_eq!((waiting.len(), waiting[0].called.as_deref()), (3, Some("WF-2025-0001")));
    assert_eq!(team.anna.book.status().unwrap().quarantined, 3);
    assert!(holds(&team.anna, "nog een keer langs"));

    assert!(team.field.sync(&mut team.carla).0.new_to_decide);
    assert_eq!(team.carla.book.status().unwrap().to_decide, 3);
    let read = team.waiting();
    assert_eq!(read.len(), 3);
    assert_eq!((read[0].person.as_deref(), read[0].reason), (Some("anna"), Reason::NoGrant));
    let said = format!("{:?}", read[0].writes.as_ref().unwrap());
    assert!(said.contains("nog een keer langs"), "{said}");
    assert_eq!(read[2].leans_on.len(), 1);
    team.field.restart_server();
    let outcome = team.decide(true, Some("gezien met Anna"));
    assert_eq!(outcome.received, 3, "the answer to the decision brings what it let in");
    assert_eq!(team.carla.book.status().unwrap().to_decide, 0);
    team.field.sync(&mut team.bram);
    assert_eq!(team.bram.summaries(team.dossier).len(), 4);

    team.field.restart_server();
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.released, outcome.received, outcome.refused.len()), (3, 0, 0));
    assert!(team.anna.book.waiting().unwrap().is_empty());
    // It is safe on the server, so nothing of it is left here.
    assert!(!holds(&team.anna, "nog een keer langs"));
    let items = format!("{:?}", team.carla.book.access_history(team.dossier).unwrap());
    assert!(items.contains("gezien met Anna"), "{items}");
}

#[test]
fn a_refused_change_with_ten_later_edits_on_top_of_it_is_the_only_one_lost_from_the_dossier() {
    let mut team = Team::new(7);
    // Her access is not in doubt; one text is.
    team.older_program_writes("Anna: nummer 123456782 genoteerd");
    for number in 1..=10 {
        team.field.visit(&mut team.anna, team.dossier, &format!("Anna: later bezoek {number}"));
    }
    assert_eq!(team.field.sync(&mut team.anna).0.quarantined, 11);
    assert_eq!(team.anna.summaries(team.dossier).len(), 12, "until it is decided she sees all of it");
    let read = team.waiting();
    assert_eq!((read.len(), read[0].reason, read[0].bsn), (11, Reason::BsnInText, true));
    team.decide(false, Some("haal het nummer weg"));
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!(outcome.refused.len(), 1);
    team.anna.restart();
    assert_eq!(team.anna.summaries(team.dossier).len(), 11, "ten and the first visit");
    let refused = team.anna.book.refused().unwrap();
    assert_eq!((refused.len(), refused[0].0.text.as_deref()), (1, Some("haal het nummer weg")));
    assert!(format!("{:?}", refused[0].1).contains("123456782"), "its text stays readable");
    for device in [&mut team.carla, &mut team.anna] {
        team.field.sync(device);
        assert_eq!(device.summaries(team.dossier).len(), 11);
        assert_eq!(device.book.status().unwrap().quarantined, 0);
    }
}

#[test]
fn a_refused_change_of_a_coach_who_lost_the_dossier_is_kept_readable_and_the_rest_comes_back_for_a_decision() {
    let mut team = Team::new(8);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit hoort hier niet");
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit wel");
    team.field.sync(&mut team.anna);
    team.decide(false, Some("ander dossier"));
    assert_eq!(team.field.server_waiting(&team.carla), 0);
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.refused.len(), outcome.quarantined), (1, 1), "the other was performed again, and waits");
    for _ in 0..2 {
        team.anna.restart();
        let refused = team.anna.book.refused().unwrap();
        assert_eq!((refused.len(), refused[0].0.reason), (1, Reason::NotTaken));
        assert!(format!("{:?}", refused[0].1).contains("hoort hier niet"));
        let waiting = team.anna.book.waiting().unwrap();
        assert!(waiting.len() == 1 && format!("{:?}", waiting[0].writes).contains("dit wel"), "{waiting:?}");
        assert_eq!(team.field.sync(&mut team.anna).0.sent, 0);
    }
    let read = team.waiting();
    assert_eq!(read.len(), 1);
    team.decide(true, None);
    assert_eq!(team.carla.summaries(team.dossier), ["Anna: dit wel", "Anna: eerste bezoek, kanariepiet"]);
    assert_eq!(team.field.sync(&mut team.anna).0.released, 1);
    assert!(!holds(&team.anna, CANARY) && holds(&team.anna, "hoort hier niet"));
}

#[test]
fn what_leant_on_a_refused_visit_stays_to_be_read_until_its_author_has_recorded_it_anew() {
    let mut team = Team::new(13);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit hoort hier niet");
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit wel");
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit ook");
    team.field.sync(&mut team.anna);
    team.decide(false, Some("ander dossier"));
    for _ in 0..2 {
        // Nobody decides about them: her phone records them anew.
        let kept = team.waiting();
        assert_eq!((kept.len(), team.field.server_waiting(&team.carla)), (2, 0));
        assert!(kept.iter().all(|one| one.unfounded), "{kept:?}");
        let said = format!("{:?}", kept[1].writes.as_ref().unwrap());
        assert!(said.contains("dit ook"), "{said}");
        assert_eq!(team.carla.book.status().unwrap().to_decide, 0);
        team.field.restart_server();
    }
    // She hears it, and the line is cut before the server gets what she recorded anew.
    let (request, sent) = team.anna.book.request(None).unwrap();
    let answer = team.field.answer_to(&team.anna, request);
    team.anna.book.answer(sent, answer, team.field.clock.now(), &mut team.field.dice).unwrap();
    team.anna.restart();
    let (request, _) = team.anna.book.request(None).unwrap();
    assert_eq!((request.changes.len(), team.waiting().len()), (2, 2), "what she has not brought stays where it was");
    // The answer to the next one never arrives: it is told again.
    team.field.answer_to(&team.anna, request);
    team.field.restart_server();
    assert_eq!(team.field.sync(&mut team.anna).0.quarantined, 2);
    let read = team.waiting();
    assert!(read.len() == 2 && read.iter().all(|one| !one.unfounded), "{read:?}");
    team.decide(true, None);
    assert_eq!(team.field.sync(&mut team.anna).0.released, 2);
    assert_eq!(team.carla.summaries(team.dossier), ["Anna: dit ook", "Anna: dit wel", "Anna: eerste bezoek, kanariepiet"]);
    assert!(team.waiting().is_empty());
}

#[test]
fn what_leant_on_a_refused_visit_is_for_the_coordinator_when_the_phone_never_comes_back() {
    let mut team = Team::new(14);
    team.older_program_writes("Anna: nummer 123456782 genoteerd");
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit wel");
    team.field.sync(&mut team.anna);
    team.field.visit(&mut team.anna, team.dossier, "Anna: nog niet verstuurd");
    team.decide(false, None);
    // She has heard nothing of it when the phone is lost; what it had is still delivered.
    let device = team.anna.book.identity().device;
    let revoke = RevokeRequest { version: VERSION, device, reason: None, accept_unsent: true };
    team.field.server(Work::Revoke(None, revoke)).unwrap();
    let word = team.field.region.revocation(&device).unwrap().unwrap();
    team.anna.book.take_revocation(&word, &mut team.field.dice).unwrap();
    let (request, sent) = team.anna.book.delivery().unwrap();
    let answer = team.field.answer_to(&team.anna, request);
    let moment = team.field.clock.now();
    let delivered = team.anna.book.delivered(sent, answer, moment, &mut team.field.dice).unwrap();
    assert_eq!((delivered.outcome.quarantined, delivered.next), (1, Next::Wipe));
    drop(std::mem::replace(&mut team.anna, team.field.enrolled("anna", Role::Coach)));

    assert!(team.field.sync(&mut team.carla).0.new_to_decide, "nobody but she can do anything about it now");
    team.field.restart_server();
    let kept = team.waiting();
    assert_eq!((kept.len(), team.carla.book.status().unwrap().to_decide), (2, 2));
    let said = format!("{kept:?}");
    assert!(said.contains("dit wel") && said.contains("nog niet verstuurd") && !said.contains("123456782"), "{said}");
    assert!(team.carla.book.is_revoked(&kept[0].device));
    // It cannot come in as it is.
    let decision = (team.dossier, vec![kept[0].hash], Vec::new(), true);
    let stated = team.carla.book.decide(decision, None, moment, &mut team.field.dice).unwrap();
    team.field.sync(&mut team.carla);
    assert!(team.carla.book.was_refused(&stated));
    // When she has taken over what it says she closes it, one by one.
    for (index, one) in kept.iter().enumerate() {
        let decision = (team.dossier, vec![one.hash], Vec::new(), false);
        team.carla.book.decide(decision, Some("overgenomen".into()), moment, &mut team.field.dice).unwrap();
        team.field.sync(&mut team.carla);
        assert_eq!(team.waiting().len(), 1 - index);
    }
    assert_eq!(team.carla.book.status().unwrap().to_decide, 0);
}

#[test]
fn a_visit_that_comes_between_the_look_and_the_refusal_is_neither_stuck_nor_doubled() {
    let mut team = Team::new(15);
    team.older_program_writes("Anna: nummer 123456782 genoteerd");
    team.field.visit(&mut team.anna, team.dossier, "Anna: dit wel");
    team.field.sync(&mut team.anna);
    let seen = team.waiting();
    let decision = (team.dossier, vec![seen[0].hash], vec![seen[1].hash], false);
    let moment = team.field.clock.now();
    team.carla.book.decide(decision, Some("haal het nummer weg".into()), moment, &mut team.field.dice).unwrap();
    // Before her decision arrives Anna brings one more.
    team.field.visit(&mut team.anna, team.dossier, "Anna: later");
    team.field.sync(&mut team.anna);
    team.field.sync(&mut team.carla);
    assert_eq!(team.field.server_waiting(&team.carla), 0);
    team.field.restart_server();
    team.field.sync(&mut team.anna);
    assert_eq!(team.waiting(), [], "each is in the dossier, and once");
    assert!(team.anna.book.waiting().unwrap().is_empty());
    assert_eq!(team.carla.summaries(team.dossier), ["Anna: dit wel", "Anna: eerste bezoek, kanariepiet", "Anna: later"]);
}

#[test]
fn a_grant_that_comes_later_lets_in_what_waited_but_never_what_was_refused() {
    let mut team = Team::new(9);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: geweigerd");
    team.field.sync(&mut team.anna);
    team.decide(false, None);
    team.field.sync(&mut team.anna);
    let again = team.anna.book.status().unwrap();
    assert_eq!((again.quarantined, again.refused), (0, 1));
    let moment = team.field.clock.now();
    team.carla.book.grant(team.dossier, ("anna".into(), moment.today(), None), moment, &mut team.field.dice).unwrap();
    team.field.sync(&mut team.carla);
    team.field.sync(&mut team.anna);
    assert_eq!(team.anna.summaries(team.dossier), ["Anna: eerste bezoek, kanariepiet"]);
    assert_eq!(team.anna.book.status().unwrap().refused, 1, "the refusal is still told");
}

#[test]
fn a_cover_that_expires_offline_closes_by_itself_and_loses_no_visit() {
    let mut team = Team::new(10);
    team.cover_by_bram_until("2025-03-07");
    team.field.sync(&mut team.bram);
    team.field.sync(&mut team.anna);
    assert_eq!(team.anna.summaries(team.dossier).len(), 1, "anna keeps access");
    team.field.clock.pass_minutes(3 * DAY);
    team.field.visit(&mut team.bram, team.dossier, "Bram: op tijd");
    team.field.clock.pass_minutes(4 * DAY);
    // No connection since; the last day has passed.
    let moment = team.field.clock.now();
    team.bram.book.look_at_the_day(moment, &mut team.field.dice);
    assert!(matches!(team.bram.book.find("WF-2025-0001"), Err(FieldBookError::Ended(_, last)) if last == day("2025-03-07")));
    assert!(team.bram.book.dossiers().unwrap().is_empty());
    let value = Scalar::Text("GM0392".into());
    let write = Write { container: Container::Trainee, entry: String::new(), key: "gm".into(), value };
    let stopped = team.bram.book.perform(team.dossier, vec![write], moment, &mut team.field.dice);
    assert!(matches!(stopped, Err(FieldBookError::Ended(..))));
    // A visit that was made is a visit that is kept.
    let visit = Visit { summary: Some("Bram: te laat".into()), ..Visit::default() };
    let writes = visit.create(&VisitId::fresh(moment.at, &mut team.field.dice).to_string());
    let job = Job::new(Target::Existing(team.dossier), writes).late();
    team.bram.book.perform_all(vec![job], moment, &mut team.field.dice).unwrap();
    // A clock that is set back opens nothing again, and destroys nothing either.
    team.bram.restart();
    let mut set_back = team.field.clock;
    set_back.pass_minutes(-5 * DAY);
    team.bram.book.look_at_the_day(set_back.now(), &mut team.field.dice);
    assert!(matches!(team.bram.book.find("WF-2025-0001"), Err(FieldBookError::Ended(..))));
    assert!(holds(&team.bram, CANARY));

    let (outcome, _) = team.field.sync(&mut team.bram);
    assert_eq!((outcome.accepted, outcome.quarantined, outcome.closed), (1, 1, 1), "on time is in, late waits");
    assert!(!holds(&team.bram, CANARY) && !holds(&team.bram, "op tijd") && holds(&team.bram, "te laat"));
    team.decide(true, None);
    assert_eq!(team.field.sync(&mut team.bram).0.released, 1);
    assert_eq!(team.carla.summaries(team.dossier).len(), 3);
}

#[test]
fn a_device_drops_nothing_on_an_unsigned_word_or_that_of_another() {
    let mut team = Team::new(11);
    let (request, sent) = team.anna.book.request(None).unwrap();
    let mut answer = team.field.answer_to(&team.anna, request);
    answer.closed = vec![team.dossier];
    let moment = team.field.clock.now();
    let told = team.anna.book.answer(sent, answer, moment, &mut team.field.dice);
    assert!(told.is_err_and(|why| why.to_string().contains("without the server's signature")));
    assert_eq!(team.anna.summaries(team.dossier).len(), 1);
}

#[test]
fn a_file_carries_what_was_made_before_the_transfer_and_decides_nothing() {
    let mut team = Team::new(12);
    team.field.visit(&mut team.anna, team.dossier, "Anna: gemaakt voor de overdracht");
    let moment = team.field.clock.now();
    let (bundle, _) = team.anna.book.export_bundle(false, &[], moment, &mut team.field.dice).unwrap();
    team.field.clock.pass_minutes(DAY);
    team.transfer_to_bram();
    let merged = team.carla.book.merge_bundle(&bundle, team.field.clock.now(), &mut team.field.dice).unwrap();
    assert_eq!((merged.received, merged.refused.len()), (1, 0));
    assert_eq!(team.field.sync(&mut team.carla).0.accepted, 1, "it came in time, whoever carried it");

    // A decision in a file is nobody's business: it counts once the server has it.
    let keys = team.bram.book.device_keys();
    let decision = Decision {
        document: team.dossier,
        changes: vec![ChangeHash::from_bytes([7; 32])],
        accepted: false,
        by: "bram".into(),
        at: team.field.clock.0,
        reason: None,
        leaning: Vec::new(),
    };
    let signed = SignedStatement::sign(&Statement::Decision(decision), keys).unwrap();
    let content = Content { statements: vec![signed.bytes().to_vec()], ..Content::default() };
    let to = [team.carla.book.device_keys().public()];
    let bundle = Bundle::seal(&content, "kennemerland", keys.device(), &to, &mut team.field.dice).unwrap();
    team.carla.book.merge_bundle(&bundle, team.field.clock.now(), &mut team.field.dice).unwrap();
    let items = team.carla.book.access_history(team.dossier).unwrap();
    assert!(items.iter().all(|item| !matches!(item, AccessItem::Decided(_))));
}

/// Anna's phone is gone, and the server knows it.
fn revoked(team: &mut Team) {
    let device = team.anna.book.identity().device;
    let revoke = RevokeRequest { version: VERSION, device, reason: None, accept_unsent: false };
    team.field.server(Work::Revoke(None, revoke)).unwrap();
    team.field.sync(&mut team.carla);
}

#[test]
fn a_file_of_a_phone_that_was_revoked_since_is_carried_to_the_server_and_waits_for_a_decision() {
    let mut team = Team::new(16);
    team.field.visit(&mut team.anna, team.dossier, "Anna: alleen op de stick");
    team.field.visit(&mut team.anna, team.dossier, "Anna: en dit ook");
    let moment = team.field.clock.now();
    let (file, _) = team.anna.book.export_bundle(false, &[], moment, &mut team.field.dice).unwrap();
    revoked(&mut team);
    let merged = team.carla.book.merge_bundle(&file, moment, &mut team.field.dice).unwrap();
    assert_eq!((merged.received, merged.refused.len(), merged.carried), (0, 0, 2), "{merged:?}");
    let again = team.carla.book.merge_bundle(&file, moment, &mut team.field.dice).unwrap();
    assert_eq!((again.known, again.carried), (2, 0));
    // The file is lost now, and her laptop is restarted before there is a connection.
    team.carla.restart();
    assert_eq!(team.carla.summaries(team.dossier).len(), 1, "nothing of it counts");
    let outcome = team.field.sync(&mut team.carla).0;
    assert_eq!((outcome.quarantined, team.field.server_waiting(&team.carla)), (2, 2));
    let status = team.carla.book.status().unwrap();
    assert_eq!((status.quarantined, status.to_decide, status.unsynced), (0, 2, 0), "it is not her own work");
    assert!(team.carla.book.waiting().unwrap().is_empty());
    assert!(format!("{:?}", team.waiting()).contains("alleen op de stick"));
    team.decide(true, None);
    team.field.sync(&mut team.carla);
    let all = ["Anna: alleen op de stick", "Anna: eerste bezoek, kanariepiet", "Anna: en dit ook"];
    assert_eq!(team.carla.summaries(team.dossier), all);
    assert_eq!(team.field.sync(&mut team.carla).0.sent, 0);
}

#[test]
fn what_a_file_brought_to_the_server_is_brought_again_when_that_was_put_back() {
    let mut team = Team::new(17);
    team.field.visit(&mut team.anna, team.dossier, "Anna: alleen op de stick");
    let moment = team.field.clock.now();
    let (file, _) = team.anna.book.export_bundle(false, &[], moment, &mut team.field.dice).unwrap();
    revoked(&mut team);
    let old = team.field.backup();
    team.carla.book.merge_bundle(&file, moment, &mut team.field.dice).unwrap();
    assert_eq!(team.field.sync(&mut team.carla).0.quarantined, 1);
    team.field.restore(&old, &old);
    assert_eq!((team.field.sync(&mut team.carla).0.quarantined, team.waiting().len()), (1, 1));
    // A coordinator who refuses it has read it: nothing of it stays behind on her laptop.
    assert!(holds(&team.carla, "alleen op de stick"));
    team.decide(false, Some("staat er al in"));
    team.field.sync(&mut team.carla);
    assert!(!holds(&team.carla, "alleen op de stick"));
    let status = team.carla.book.status().unwrap();
    assert_eq!((status.refused, status.to_decide, status.unsynced), (0, 0, 0));
}

#[test]
fn whoever_gets_access_again_after_a_refusal_goes_on_where_they_were() {
    let mut team = Team::new(18);
    team.transfer_to_bram();
    team.field.clock.pass_minutes(DAY);
    team.field.visit(&mut team.anna, team.dossier, "Anna: geweigerd");
    team.field.sync(&mut team.anna);
    team.decide(false, None);
    team.field.sync(&mut team.anna);
    let moment = team.field.clock.now();
    team.carla.book.grant(team.dossier, ("anna".into(), moment.today(), None), moment, &mut team.field.dice).unwrap();
    team.field.sync(&mut team.carla);
    team.field.sync(&mut team.anna);
    // The same session, in the place of the one that was refused and behind it.
    for text in ["Anna: weer bezig", "Anna: en verder"] {
        team.field.visit(&mut team.anna, team.dossier, text);
        let outcome = team.field.sync(&mut team.anna).0;
        assert_eq!((outcome.accepted, outcome.quarantined), (1, 0), "{text}");
    }
    team.field.sync(&mut team.carla);
    assert_eq!(team.carla.summaries(team.dossier).len(), 3);
}

#[test]
fn a_file_with_work_of_somebody_without_access_goes_the_same_way_and_a_coach_is_told_to_keep_it() {
    let mut team = Team::new(19);
    team.transfer_to_bram();
    team.field.sync(&mut team.bram);
    team.field.clock.pass_minutes(30 * DAY);
    // Anna's phone knows nothing of the transfer yet, and never gets a connection again.
    team.field.visit(&mut team.anna, team.dossier, "Anna: na afloop");
    let moment = team.field.clock.now();
    team.field.sync(&mut team.bram);
    let changes = {
        let (request, _) = team.anna.book.request(None).unwrap();
        request.changes
    };
    let content = Content { changes, ..Content::default() };
    let keys = team.anna.book.device_keys();
    let to = [team.carla.book.device_keys().public(), team.bram.book.device_keys().public()];
    let file = Bundle::seal(&content, "kennemerland", keys.device(), &to, &mut team.field.dice).unwrap();
    let merged = team.bram.book.merge_bundle(&file, moment, &mut team.field.dice).unwrap();
    assert_eq!((merged.carried, merged.refused.len(), merged.refused[0].1.reason), (0, 1, Reason::NoGrant));
    let merged = team.carla.book.merge_bundle(&file, moment, &mut team.field.dice).unwrap();
    assert_eq!((merged.carried, merged.refused.len()), (1, 0));
    team.carla.restart();
    assert_eq!(team.field.sync(&mut team.carla).0.quarantined, 1);
    assert_eq!(team.waiting()[0].reason, Reason::NoGrant);
    team.decide(true, None);
    assert_eq!(team.carla.summaries(team.dossier).len(), 2);
}
