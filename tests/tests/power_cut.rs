//! The power goes at every single disk operation in turn, on a coach's device and on the server, and what was not
//! synced is forgotten or torn. Afterwards every visit that was called saved is there once, by its text, on the device
//! of a coordinator who was never near; and the journals are whole.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use veldboek_core::disk::SimulatedDisk;
use veldboek_core::ids::{DocumentId, VisitId};
use veldboek_core::record::Record;
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::visit::Visit;
use veldboek_tests::{Device, Field};

const VISITS: usize = 3;

/// Which disk loses its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Device,
    Server,
}

struct Story {
    field: Field,
    anna: Device,
    dossier: DocumentId,
    device_disk: SimulatedDisk,
    server_disk: SimulatedDisk,
    saved: Vec<String>,
}

impl Story {
    fn begin(seed: u64) -> Self {
        let (device_disk, server_disk) = (SimulatedDisk::default(), SimulatedDisk::default());
        let mut field = Field::on(Arc::new(server_disk.clone()), seed);
        let mut anna = field.device(None, Arc::new(device_disk.clone()));
        field.enrol(&mut anna, "anna", Role::Coach);
        let dossier = field.dossier(&mut anna, "WF-2025-0001");
        field.sync(&mut anna);
        Self { field, anna, dossier, device_disk, server_disk, saved: Vec::new() }
    }

    fn disk(&self, victim: Victim) -> &SimulatedDisk {
        match victim {
            Victim::Device => &self.device_disk,
            Victim::Server => &self.server_disk,
        }
    }

    /// Writes a visit. Once it is called saved it must never be lost.
    fn visit(&mut self, text: &str) -> bool {
        let id = VisitId::fresh(self.field.clock.0, &mut self.field.dice).to_string();
        let visit = Visit { summary: Some(text.to_owned()), ..Visit::default() };
        let now = self.field.clock.now();
        let done = self.anna.book.perform(self.dossier, visit.create(&id), now, &mut self.field.dice).is_ok();
        if done {
            self.saved.push(text.to_owned());
        }
        done
    }

    fn exchange(&mut self) -> bool {
        let Ok((request, sent)) = self.anna.book.request(None) else { return false };
        let who = self.anna.book.identity().device;
        let now = self.field.clock.now();
        let Ok(mut done) = self.field.region.run(vec![Work::Exchange(who, request.into())], now, &mut self.field.dice) else {
            return false;
        };
        let Ok(Done::Exchanged(answer)) = done.remove(0) else { return false };
        self.anna.book.answer(sent, *answer, now, &mut self.field.dice).is_ok()
    }

    /// The power comes back, and both programs start again.
    fn recover(&mut self, seed: u64) {
        for disk in [&self.device_disk, &self.server_disk] {
            if disk.is_off() {
                disk.crash(seed);
                disk.revive();
            }
            disk.cut_at(None);
        }
        self.anna.restart();
        self.field.restart_server();
    }

    fn play(&mut self, seed: u64) {
        for n in 0..VISITS {
            let text = format!("bezoek {n}");
            if !self.visit(&text) {
                self.recover(seed);
                // The coach looks whether it is there after all, and writes it again if not.
                if !self.anna.summaries(self.dossier).contains(&text) {
                    assert!(self.visit(&text), "after the cut it must work");
                }
            }
            if !self.exchange() {
                self.recover(seed);
            }
        }
    }

    fn check(&mut self, story: &str) {
        let mut carla = self.field.enrolled("carla", Role::Coordinator);
        let (outcome, _) = self.field.sync(&mut self.anna);
        assert_eq!((outcome.quarantined, outcome.refused.len()), (0, 0), "{story}");
        self.field.sync(&mut carla);
        let mut expected: Vec<String> = (0..VISITS).map(|n| format!("bezoek {n}")).collect();
        expected.sort();
        assert_eq!(carla.summaries(self.dossier), expected, "{story}");
        assert_eq!(self.anna.summaries(self.dossier), expected, "{story}");
        for text in &self.saved {
            assert!(expected.contains(text), "{story}");
        }
        assert_eq!(self.anna.book.status().unwrap().unsynced, 0, "{story}");
        assert!(self.anna.book.verify().unwrap().is_whole(), "{story}");
        assert!(self.field.region.verify().unwrap().is_whole(), "{story}");
    }
}

fn at_every_operation(victim: Victim) {
    let seed = 20_250_303;
    let mut whole = Story::begin(seed);
    let before = whole.disk(victim).operations();
    whole.play(seed);
    let operations = whole.disk(victim).operations() - before;
    whole.check("without a cut");
    assert!(operations >= 6, "{victim:?} did only {operations} operations");
    for cut in 1..=operations {
        for variation in 0..3 {
            let mut story = Story::begin(seed);
            let before = story.disk(victim).operations();
            story.disk(victim).cut_at(Some(before + cut));
            story.play(seed + cut * 10 + variation);
            story.recover(seed);
            story.check(&format!(
                "{victim:?} without power at operation {cut} of {operations}, seed {}",
                seed + cut * 10 + variation
            ));
        }
    }
}

#[test]
fn the_coachs_phone_loses_power_at_every_operation() {
    at_every_operation(Victim::Device);
}

#[test]
fn the_server_loses_power_at_every_operation() {
    at_every_operation(Victim::Server);
}

#[test]
fn deleting_every_cache_changes_no_answer() {
    let mut story = Story::begin(1);
    assert!(story.visit("alleen hier"));
    let before = story.anna.book.status().unwrap();
    story.anna.restart();
    assert_eq!(story.anna.book.status().unwrap(), before);
    assert_eq!(before.unsynced, 1);
}
