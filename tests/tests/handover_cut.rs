//! The power goes at every single disk operation of a phone while a dossier leaves it, and again while it hears what was
//! decided about its work. What its coach wrote is on the server, waits, or stands readable on the phone: never nowhere.
//! And once it is over, nothing of the dossier is left.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use veldboek_core::disk::{Disk, SimulatedDisk};
use veldboek_core::field_book::{Job, Target};
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::{Journal, Payload};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, Work};
use veldboek_tests::{Device, Field};

const REFUSED: &str = "hoort hier niet";
const KEPT: &str = "telt wel mee";
const CANARY: &str = "kanariepiet";

struct Story {
    field: Field,
    carla: Device,
    anna: Device,
    dossier: DocumentId,
    disk: SimulatedDisk,
}

impl Story {
    /// Anna had a grant; it ended, and she wrote twice after it, the second on top of the first.
    fn begin(seed: u64) -> Self {
        let disk = SimulatedDisk::default();
        let mut field = Field::new(seed);
        let mut carla = field.enrolled("carla", Role::Coordinator);
        let mut anna = field.device(None, Arc::new(disk.clone()));
        field.enrol(&mut anna, "anna", Role::Coach);
        let dossier = field.dossier(&mut carla, "WF-2025-0001");
        field.visit(&mut carla, dossier, CANARY);
        let today = field.clock.now().today();
        carla.book.grant(dossier, ("anna".into(), today, None), field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut carla);
        field.sync(&mut anna);
        field.clock.pass_minutes(24 * 60);
        let job = Job::new(Target::Existing(dossier), Vec::new()).ending(vec![("anna".into(), today.plus_days(1))]);
        carla.book.perform_all(vec![job], field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut carla);
        field.clock.pass_minutes(24 * 60);
        field.visit(&mut anna, dossier, REFUSED);
        field.visit(&mut anna, dossier, KEPT);
        Self { field, carla, anna, dossier, disk }
    }

    /// Anna exchanges, with the power going at one operation; says whether it did.
    fn exchange_with_a_cut(&mut self, at: u64, seed: u64) -> bool {
        self.disk.cut_at(Some(self.disk.operations() + at));
        for _ in 0..4 {
            let Ok((request, sent)) = self.anna.book.request(None) else { break };
            let who = self.anna.book.identity().device;
            let Ok(Done::Exchanged(answer)) = self.field.server(Work::Exchange(who, request.into())) else { unreachable!() };
            let now = self.field.clock.now();
            match self.anna.book.answer(sent, *answer, now, &mut self.field.dice) {
                Ok(outcome) if outcome.again => {}
                _ => break,
            }
        }
        let cut = self.disk.is_off();
        if cut {
            self.disk.crash(seed);
            self.disk.revive();
        }
        self.disk.cut_at(None);
        self.anna.restart();
        cut
    }

    /// Everything that is known of Anna's own words: waiting, refused, or still unsent in the dossier.
    fn told(&mut self) -> String {
        let waiting = self.anna.book.waiting().unwrap();
        let refused = self.anna.book.refused().unwrap();
        format!("{waiting:?} {refused:?} {:?}", self.anna.book.dossier(self.dossier).ok())
    }

    fn decide(&mut self, accepted: bool) {
        self.field.sync(&mut self.carla);
        let who = self.carla.book.identity().device;
        let Done::Quarantine(list) = self.field.server(Work::Quarantine(who, 0)).unwrap() else { unreachable!() };
        let read = self.carla.book.read_waiting(&list.changes).unwrap();
        let (first, rest) = read.split_first().unwrap();
        let leaning = rest.iter().map(|one| one.hash).collect();
        let decision = (self.dossier, vec![first.hash], leaning, accepted);
        self.carla.book.decide(decision, None, self.field.clock.now(), &mut self.field.dice).unwrap();
        self.field.sync(&mut self.carla);
    }

    fn holds(&self, word: &str) -> bool {
        let found = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let mut readable = false;
        let mut journal = Journal::open(disk).unwrap();
        let keyring = self.anna.book.keyring();
        journal
            .read_new(keyring, &mut |record| readable |= matches!(&record.payload, Payload::Bytes(bytes) if found(bytes)))
            .unwrap();
        readable
    }

    fn finish(&mut self, story: &str) {
        self.field.sync(&mut self.anna);
        assert!(!self.holds(CANARY), "{story}");
        let told = self.told();
        assert!(told.contains(REFUSED) && told.contains(KEPT), "{story}: {told}");
        assert!(self.anna.book.verify().unwrap().is_whole(), "{story}");
    }
}

#[test]
fn a_dossier_leaves_while_the_power_goes() {
    let mut cuts = 0;
    for at in 1.. {
        let seed = 1000 + at;
        let mut story = Story::begin(seed);
        let cut = story.exchange_with_a_cut(at, seed);
        let told = story.told();
        assert!(told.contains(REFUSED) && told.contains(KEPT), "operation {at}: {told}");
        story.finish(&format!("operation {at}, seed {seed}"));
        if !cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 10, "{cuts} operations were cut");
}

#[test]
fn a_refusal_arrives_while_the_power_goes() {
    let mut cuts = 0;
    for at in 1.. {
        let seed = 2000 + at;
        let mut story = Story::begin(seed);
        story.field.sync(&mut story.anna);
        story.decide(false);
        let cut = story.exchange_with_a_cut(at, seed);
        let told = story.told();
        assert!(told.contains(REFUSED) && told.contains(KEPT), "operation {at}: {told}");
        story.finish(&format!("operation {at}, seed {seed}"));
        // The other one was performed again, and is let in on its own.
        story.decide(true);
        assert_eq!(story.carla.summaries(story.dossier), [CANARY, KEPT], "operation {at}");
        story.field.sync(&mut story.anna);
        assert!(story.anna.book.waiting().unwrap().is_empty(), "operation {at}");
        let refused = story.anna.book.refused().unwrap();
        assert!(refused.len() == 1 && format!("{refused:?}").contains(REFUSED), "operation {at}: {refused:?}");
        assert!(!story.holds(KEPT) && !story.holds(CANARY), "operation {at}");
        if !cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 10, "{cuts} operations were cut");
}
