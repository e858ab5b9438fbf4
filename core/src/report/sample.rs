//! Invented people for the tests of reports: a field of dossiers and a register, in memory.

use std::sync::Arc;

use super::{Completeness, View};
use crate::clock::{Day, Period};
use crate::codes::*;
use crate::dossier::Dossier;
use crate::ids::*;
use crate::outflow::Enrolment;
use crate::placement::Placement;
use crate::programme::{Programme, Target};
use crate::record::Lang;
use crate::register::Register;
use crate::trajectory::{Training, Trajectory};

/// A day from text.
pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A period from text.
pub fn period(from: &str, to: &str) -> Period {
    Period { from: day(from), to: day(to) }
}

/// Dossiers and register being invented.
#[derive(Default)]
pub struct Field {
    pub dossiers: Vec<(DocumentId, Arc<Dossier>)>,
    pub register: Register,
    pub completeness: Completeness,
    last_id: u64,
}

impl Field {
    /// Sixteen bytes that nobody else has; not in the order of their making, as ids of two devices are not.
    pub fn id(&mut self) -> [u8; 16] {
        self.last_id += 1;
        *DocumentId::derived("test", &self.last_id.to_be_bytes()).as_bytes()
    }

    /// Looks at it as of a day.
    pub fn view(&self, as_of: &str) -> View<'_> {
        View {
            dossiers: &self.dossiers,
            register: &self.register,
            as_of: day(as_of),
            known_on: day(as_of),
            lang: Lang::Nl,
            completeness: &self.completeness,
        }
    }

    /// A new person.
    pub fn person(&mut self) -> Dossier {
        let mut dossier = Dossier::default();
        dossier.trainee.id = Some(TraineeId::from_bytes(self.id()));
        dossier
    }

    /// Puts a dossier in the field.
    pub fn keep(&mut self, dossier: Dossier) {
        let document = DocumentId::from_bytes(self.id());
        self.dossiers.push((document, Arc::new(dossier)));
    }

    /// A person who left a school.
    pub fn left(&mut self, school_type: SchoolType, on: &str, destination: OutflowDestination) {
        let mut dossier = self.person();
        self.enrolment(&mut dossier, school_type, on, destination);
        self.keep(dossier);
    }

    /// An enrolment that ended.
    pub fn enrolment(&mut self, dossier: &mut Dossier, school_type: SchoolType, on: &str, destination: OutflowDestination) {
        let enrolment = Enrolment {
            school_type: Some(school_type),
            left_on: Some(day(on)),
            destination: Some(destination),
            ..Enrolment::default()
        };
        dossier.enrolments.insert(EnrolmentId::from_bytes(self.id()), enrolment);
    }

    /// A trajectory of this dossier.
    pub fn trajectory(&mut self, dossier: &mut Dossier, trajectory: Trajectory) -> TrajectoryId {
        let id = TrajectoryId::from_bytes(self.id());
        dossier.trajectories.insert(id, trajectory);
        id
    }

    /// A placement within it.
    pub fn placement(&mut self, dossier: &mut Dossier, trajectory: TrajectoryId, kind: PlacementType, start: Day) {
        let placement =
            Placement { trajectory: Some(trajectory), placement_type: Some(kind), start: Some(start), ..Placement::default() };
        dossier.placements.insert(PlacementId::from_bytes(self.id()), placement);
    }

    /// A training within it.
    pub fn training(&mut self, dossier: &mut Dossier, trajectory: TrajectoryId, end: Day, result: TrainingResult) {
        let training = Training { trajectory: Some(trajectory), end: Some(end), result: Some(result), ..Training::default() };
        dossier.trainings.insert(TrainingId::from_bytes(self.id()), training);
    }

    /// A programme in the register.
    pub fn programme(&mut self, code: &str, part_of: Option<&str>, definition: Option<SuccessDefinition>) {
        let programme = Programme {
            name: Some(format!("Programma {code}")),
            part_of: part_of.map(str::to_owned),
            success_definition: definition,
            ..Programme::default()
        };
        self.register.programmes.insert(code.to_owned(), programme);
    }

    /// A promise in the register.
    pub fn target(&mut self, programme: &str, metric: TargetMetric, unit: TargetUnit, value: i64, due: &str) {
        self.target_from(programme, metric, unit, value, due, None);
    }

    /// A promise that replaces an earlier one from a day on.
    pub fn target_from(
        &mut self,
        programme: &str,
        metric: TargetMetric,
        unit: TargetUnit,
        value: i64,
        due: &str,
        valid_from: Option<&str>,
    ) {
        let target = Target {
            programme: Some(programme.to_owned()),
            metric: Some(metric),
            unit: Some(unit),
            value: Some(value),
            due: Some(day(due)),
            method: Some("telling van dossiers".to_owned()),
            valid_from: valid_from.map(day),
            ..Target::default()
        };
        let id = EntryId::from_bytes(self.id());
        self.register.targets.insert(id, target);
    }
}

/// Reproducible chance (splitmix64); the seed stands in every message.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// A day in 2016 to 2019, or none one time in five.
    pub fn day(&mut self) -> Option<Day> {
        let offset = self.below(4 * 365) as i64;
        (self.below(5) > 0).then(|| day("2016-01-01").plus_days(offset))
    }

    /// A code, or none one time in eight.
    pub fn code<C: crate::record::Code>(&mut self) -> Option<C> {
        (self.below(8) > 0).then(|| self.one_of(C::ALL))
    }
}
