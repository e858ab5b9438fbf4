//! Two corrections of one visit, made apart: both are shown with who said so and when, until somebody settles it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::codes::{PartySpoken, VisitStatus};
use veldboek_core::field_book::{Conflict, ConflictKind};
use veldboek_core::ids::{DocumentId, VisitId};
use veldboek_core::record::{Lang, Record, Scalar};
use veldboek_core::rules::{By, RuleBroken};
use veldboek_core::statement::Role;
use veldboek_core::visit::{Correction, Visit};
use veldboek_tests::{Device, Field};

struct Story {
    field: Field,
    corine: Device,
    anna: Device,
    dossier: DocumentId,
    visit: VisitId,
}

fn minutes(minutes: i64) -> Correction {
    Correction { duration_min: Some(minutes), ..Correction::default() }
}

impl Story {
    /// Anna recorded a visit of an hour, and Corine has it too.
    fn begin(seed: u64) -> Self {
        let mut field = Field::new(seed);
        let mut corine = field.enrolled("corine", Role::Coordinator);
        let mut anna = field.enrolled("anna", Role::Coach);
        let dossier = field.dossier(&mut anna, "WF-2025-0001");
        let visit = VisitId::fresh(field.clock.0, &mut field.dice);
        let recorded = Visit {
            coach: Some("anna".into()),
            status: Some(VisitStatus::Done),
            started_at: Some("2025-03-03 08:30".parse().unwrap()),
            duration_min: Some(60),
            parties: [PartySpoken::Trainee].into(),
            summary: Some("Goed gewerkt in de kas".into()),
            finalised_at: Some(field.clock.0),
            ..Visit::default()
        };
        anna.book.perform(dossier, recorded.create(&visit.to_string()), field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut anna);
        field.sync(&mut corine);
        Self { field, corine, anna, dossier, visit }
    }

    fn correct(&mut self, corine: bool, draft: Correction) {
        let (device, person) = if corine { (&mut self.corine, "corine") } else { (&mut self.anna, "anna") };
        let dossier = device.book.dossier(self.dossier).unwrap();
        let moment = self.field.clock.now();
        let mut by = By::new(person, moment, &mut self.field.dice).coordinating(corine);
        let plan = dossier.correct_visit(&mut by, self.visit, draft).unwrap();
        device.book.perform(self.dossier, plan.writes, moment, &mut self.field.dice).unwrap();
    }

    fn meet(&mut self) {
        for _ in 0..2 {
            self.field.sync(&mut self.anna);
            self.field.sync(&mut self.corine);
        }
    }

    /// What both devices read and list: the same.
    fn read(&mut self) -> (Visit, Vec<Conflict>) {
        let seen = [&mut self.anna, &mut self.corine].map(|device| {
            device.restart();
            let visit = device.book.dossier(self.dossier).unwrap().effective_visit(self.visit).unwrap();
            (visit, device.book.conflicts().unwrap())
        });
        assert_eq!(seen[0], seen[1]);
        let [seen, _] = seen;
        seen
    }
}

#[test]
fn corrections_made_apart_to_different_values_are_a_conflict_that_one_more_correction_settles() {
    let mut story = Story::begin(81);
    story.correct(true, minutes(50));
    story.field.clock.pass_minutes(5);
    story.correct(false, minutes(40));
    let corrected_at = story.field.clock.0;
    story.meet();
    let (visit, conflicts) = story.read();
    assert_eq!(visit.duration_min, Some(40), "until it is settled the one recorded last is read");
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    let ConflictKind::Correction(corrected) = &conflict.kind else { panic!("{conflict:?}") };
    assert_eq!((corrected.visit, corrected.key.as_str()), (story.visit, "m"));
    assert_eq!(conflict.field(Lang::Nl), "correctie van het bezoek van 2025-03-03: duur in minuten");
    let told: Vec<_> = conflict.versions.iter().map(|one| (one.value.clone(), one.by.as_str(), one.at.is_some())).collect();
    assert_eq!(told, [(Scalar::Int(40), "anna", true), (Scalar::Int(50), "corine", true)]);
    assert_eq!(conflict.versions[0].at.unwrap().as_millis() / 1000, corrected_at.as_millis() / 1000);
    assert_eq!(story.corine.book.status().unwrap().conflicts, 1);

    // Corine's clock runs an hour behind; what she chooses is read all the same.
    story.field.clock.pass_minutes(-60);
    let now = story.field.clock.now();
    let writes = story.corine.book.settle(conflict, Scalar::Int(50), now, &mut story.field.dice).unwrap();
    story.corine.book.perform(story.dossier, writes, now, &mut story.field.dice).unwrap();
    story.meet();
    let (visit, conflicts) = story.read();
    assert_eq!((visit.duration_min, conflicts), (Some(50), Vec::new()));
    assert_eq!(story.anna.book.dossier(story.dossier).unwrap().corrections_of(story.visit).len(), 3, "nothing was thrown away");
}

#[test]
fn who_knew_the_correction_before_replaces_it_also_with_a_clock_that_runs_behind() {
    let mut story = Story::begin(82);
    story.correct(true, minutes(50));
    story.meet();
    story.field.clock.pass_minutes(-20);
    story.correct(false, minutes(40));
    story.meet();
    let (visit, conflicts) = story.read();
    assert_eq!((visit.duration_min, conflicts), (Some(40), Vec::new()));
}

#[test]
fn other_fields_and_equal_values_are_no_conflict_and_a_set_is_one_value() {
    let mut story = Story::begin(83);
    let parties = |parties: &[PartySpoken]| Correction { parties: parties.iter().copied().collect(), ..Correction::default() };
    story.correct(true, Correction { travel_min: Some(10), ..minutes(50) });
    story.correct(false, Correction { summary: Some("Te laat, daarna goed".into()), ..minutes(50) });
    story.meet();
    assert_eq!(story.read().1, []);

    story.correct(true, parties(&[PartySpoken::Trainee, PartySpoken::Parent]));
    story.field.clock.pass_minutes(1);
    story.correct(false, parties(&[PartySpoken::Parent]));
    story.meet();
    let (visit, conflicts) = story.read();
    assert_eq!(visit.parties, [PartySpoken::Parent].into());
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    let both = conflict.versions.iter().find(|one| one.by == "corine").unwrap().value.clone();
    let now = story.field.clock.now();
    let writes = story.anna.book.settle(conflict, both, now, &mut story.field.dice).unwrap();
    story.anna.book.perform(story.dossier, writes, now, &mut story.field.dice).unwrap();
    story.meet();
    let (visit, conflicts) = story.read();
    assert_eq!((visit.parties, conflicts), ([PartySpoken::Trainee, PartySpoken::Parent].into(), Vec::new()));
}

#[test]
fn two_who_settle_at_once_to_different_values_are_asked_again() {
    let mut story = Story::begin(84);
    story.correct(true, minutes(50));
    story.correct(false, minutes(40));
    story.meet();
    let (_, conflicts) = story.read();
    let now = story.field.clock.now();
    for (device, value) in [(&mut story.anna, 40), (&mut story.corine, 50)] {
        let writes = device.book.settle(&conflicts[0], Scalar::Int(value), now, &mut story.field.dice).unwrap();
        device.book.perform(story.dossier, writes, now, &mut story.field.dice).unwrap();
        assert_eq!(device.book.conflicts().unwrap(), []);
    }
    story.meet();
    assert_eq!(story.read().1.len(), 1);
    let nothing = story.anna.book.dossier(story.dossier).unwrap().correct_visit(
        &mut By::new("anna", now, &mut story.field.dice),
        story.visit,
        Correction::default(),
    );
    assert_eq!(nothing.unwrap_err(), RuleBroken::NothingToCorrect);
}
