//! Counting: what one trajectory adds to the rows of its programmes, and the figures of a row.

use serde::Serialize;

use crate::clock::{Day, Period};
use crate::codes::ClosingReason;
use crate::dossier::Dossier;
use crate::ids::TrajectoryId;
use crate::report::facts::{Success, training_completed};
use crate::report::percent::rate;
use crate::trajectory::Trajectory;

/// What was counted in the period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Trajectories whose agreement was signed.
    pub started: u64,
    /// Trajectories whose first completed training ended.
    pub training_completed: u64,
    /// Trajectories whose first placement that counts began; absent across different definitions.
    pub placed: Option<u64>,
    /// Persons.
    pub started_persons: u64,
    /// Persons.
    pub training_completed_persons: u64,
    /// Persons; absent across different definitions.
    pub placed_persons: Option<u64>,
    /// Intakes that did not lead to a start.
    pub not_started_intakes: u64,
    /// Training completed as a percentage of started.
    pub training_completed_percent: Option<String>,
    /// Placed as a percentage of started.
    pub placed_percent: Option<String>,
    /// Placed as a percentage of training completed.
    pub placed_percent_of_completed: Option<String>,
}

/// A count of trajectories, and of the persons in them. Persons come one after another.
#[derive(Default, Clone, Copy)]
pub(super) struct Count {
    pub(super) trajectories: u64,
    pub(super) persons: u64,
    last: Option<usize>,
}

impl Count {
    fn add(&mut self, person: usize) {
        self.trajectories += 1;
        if self.last != Some(person) {
            self.persons += 1;
            self.last = Some(person);
        }
    }
}

/// What one trajectory adds to each of its rows.
pub(super) struct Facts {
    started: Option<Day>,
    trained: Option<Day>,
    placed: Option<Day>,
    not_started: Option<Day>,
}

impl Facts {
    pub(super) fn of(dossier: &Dossier, id: TrajectoryId, trajectory: &Trajectory, success: Success, last: Day) -> Self {
        let no_inflow =
            trajectory.closing_reason == Some(ClosingReason::NoInflow) && trajectory.end_date.is_none_or(|day| day <= last);
        Self {
            started: trajectory.agreement_date,
            trained: training_completed(dossier, id),
            placed: success.placed(dossier, id, trajectory).map(|placed| placed.day),
            not_started: trajectory.intake_date.filter(|_| no_inflow),
        }
    }
}

/// What one row counts: in the period, and from the beginning up to the day of judgement.
#[derive(Default, Clone, Copy)]
pub(super) struct Tally {
    started: Count,
    trained: Count,
    placed: Count,
    not_started: Count,
    pub(super) started_so_far: Count,
    pub(super) trained_so_far: Count,
    pub(super) placed_so_far: Count,
}

impl Tally {
    pub(super) fn add(&mut self, facts: &Facts, person: usize, period: Period, last: Day) {
        let add = |day: Option<Day>, in_period: &mut Count, so_far: Option<&mut Count>| {
            let Some(day) = day.filter(|day| *day <= last) else { return };
            if let Some(so_far) = so_far {
                so_far.add(person);
            }
            if period.from <= day {
                in_period.add(person);
            }
        };
        add(facts.started, &mut self.started, Some(&mut self.started_so_far));
        add(facts.trained, &mut self.trained, Some(&mut self.trained_so_far));
        add(facts.placed, &mut self.placed, Some(&mut self.placed_so_far));
        add(facts.not_started, &mut self.not_started, None);
    }

    pub(super) fn nothing(&self) -> bool {
        self.started_so_far.trajectories + self.trained_so_far.trajectories + self.placed_so_far.trajectories == 0
    }

    pub(super) fn figures(&self, one_definition: bool) -> Figures {
        let (started, trained) = (self.started.trajectories, self.trained.trajectories);
        let placed = one_definition.then_some(self.placed.trajectories);
        Figures {
            started,
            training_completed: trained,
            placed,
            started_persons: self.started.persons,
            training_completed_persons: self.trained.persons,
            placed_persons: one_definition.then_some(self.placed.persons),
            not_started_intakes: self.not_started.trajectories,
            training_completed_percent: rate(trained, started),
            placed_percent: placed.and_then(|placed| rate(placed, started)),
            placed_percent_of_completed: placed.and_then(|placed| rate(placed, trained)),
        }
    }
}
