//! The rules of the trade, told as they happen in the field. Anna and Bram coach, Carla coordinates; Wim is a trainee.

#![allow(unused_must_use, reason = "a story performs each plan as it is made, and looks at it only where that is the point")]

mod assignments;
mod caseload;
mod handover;
mod register;
mod trajectories;
mod visits;

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use super::{By, Declaration, Plan, RuleBroken, Warning};
use crate::clock::{Day, LocalTime, Moment, Timestamp};
use crate::codes::*;
use crate::dossier::Dossier;
use crate::ids::*;
use crate::placement::Placement;
use crate::record::{Content, Lang, Write};
use crate::register::Register;
use crate::trainee::Trainee;
use crate::trajectory::Trajectory;
use crate::visit::{Agreement, Visit};

/// Numbers that differ and are the same every time.
struct Counter(u64);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Ok((self.0 ^ (self.0 >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

/// One dossier and one register, with a clock that stands still until it is moved.
struct Story {
    dossier: Dossier,
    register: Register,
    content: Content,
    shared: Content,
    rng: Counter,
    now: LocalTime,
    millis: i64,
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn at(text: &str) -> LocalTime {
    text.parse().unwrap()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

impl Story {
    /// Monday 31 March 2025, half past two in the afternoon, and an empty dossier.
    fn begin() -> Self {
        Story {
            dossier: Dossier::default(),
            register: Register::default(),
            content: Content::new(),
            shared: Content::new(),
            rng: Counter(1),
            now: at("2025-03-31 14:30"),
            millis: 1_743_424_200_000,
        }
    }

    /// The same, with Wim referred on 6 January, intake on the 13th and agreement on the 20th, and Anna as his coach.
    fn with_wim() -> (Self, TrajectoryId) {
        let mut story = Story::begin();
        let wim = Trainee {
            reference: text("WF-2025-0142"),
            given_name: text("Wim"),
            birth_date: Some(day("2006-05-02")),
            municipality: text("GM0392"),
            ..Trainee::default()
        };
        story.coach("anna", |dossier, by| dossier.add_trainee(by, wim)).unwrap();
        let trajectory = Trajectory {
            programme: text("talent"),
            goal_direction: Some(GoalDirection::Work),
            referrer_role: Some(ReferrerRole::YouthDesk),
            referral_date: Some(day("2025-01-06")),
            intake_date: Some(day("2025-01-13")),
            agreement_date: Some(day("2025-01-20")),
            ..Trajectory::default()
        };
        let id = story.coach("anna", |dossier, by| dossier.open_trajectory(by, trajectory)).unwrap().id;
        (story, id)
    }

    /// What a coach does, with what came of it written down.
    fn coach<Id>(
        &mut self,
        person: &str,
        act: impl FnOnce(&Dossier, &mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Result<Plan<Id>, RuleBroken> {
        self.declaring(person, Declaration::Nothing, act)
    }

    fn declaring<Id>(
        &mut self,
        person: &str,
        declared: Declaration,
        act: impl FnOnce(&Dossier, &mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Result<Plan<Id>, RuleBroken> {
        self.millis += 1;
        let moment = Moment { at: Timestamp::from_millis(self.millis), local: self.now };
        let mut by = By::new(person, moment, &mut self.rng).coordinating(person == "carla").declaring(declared);
        let plan = act(&self.dossier, &mut by)?;
        write(&mut self.content, &plan.writes);
        self.dossier = Dossier::read(&self.content);
        Ok(plan)
    }

    /// What somebody does in the register.
    fn region<Id>(
        &mut self,
        person: &str,
        act: impl FnOnce(&Register, &mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Result<Plan<Id>, RuleBroken> {
        self.millis += 1;
        let moment = Moment { at: Timestamp::from_millis(self.millis), local: self.now };
        let mut by = By::new(person, moment, &mut self.rng).coordinating(person == "carla");
        let plan = act(&self.register, &mut by)?;
        write(&mut self.shared, &plan.writes);
        self.register = Register::read(&self.shared);
        Ok(plan)
    }

    fn on(&mut self, time: &str) {
        self.now = at(time);
    }

    /// A placement at the garden centre from a day on.
    fn placed(&mut self, start: &str) -> PlacementId {
        let placement = Placement { start: Some(day(start)), ..job(PlacementType::PaidJob) };
        self.coach("anna", |dossier, by| dossier.add_placement(by, placement)).unwrap().id
    }

    /// A visit by a coach that went well.
    fn visited(&mut self, person: &str, time: &str) -> VisitId {
        let visit = visit(time);
        self.coach(person, |dossier, by| dossier.log_visit(by, None, visit, Vec::new())).unwrap().id
    }
}

fn write(content: &mut Content, writes: &[Write]) {
    for write in writes {
        let entry = content.entry(write.container).or_default().entry(write.entry.clone()).or_default();
        entry.insert(write.key.clone(), write.value.clone());
    }
}

fn job(kind: PlacementType) -> Placement {
    Placement {
        placement_type: Some(kind),
        employer: text("Tuincentrum De Linde"),
        start: Some(day("2025-02-03")),
        hours_per_week: Some(crate::placement::Hours(2_400)),
        ..Placement::default()
    }
}

fn visit(time: &str) -> Visit {
    Visit {
        started_at: Some(at(time)),
        duration_min: Some(45),
        parties: [PartySpoken::Trainee].into(),
        summary: text("Wim snoeit nu zelfstandig en vraagt zelf om nieuw werk."),
        ..Visit::default()
    }
}

fn agreement(what: &str) -> Agreement {
    Agreement { text: text(what), owner: Some(PartySpoken::Trainee), due: Some(day("2025-04-07")), ..Agreement::default() }
}

#[test]
fn every_message_says_something_in_both_languages() {
    let broken = [RuleBroken::NotAgreed, RuleBroken::WhichTrajectory { open: 0 }, RuleBroken::CoordinatorOnly];
    for one in broken {
        assert_ne!(one.message(Lang::Nl), one.message(Lang::En));
    }
    assert_ne!(Warning::LongTrial.message(Lang::Nl), Warning::LongTrial.message(Lang::En));
    assert_eq!(RuleBroken::NotAgreed.rule(), Some("V02"));
}
