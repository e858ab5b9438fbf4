//! The rules of a record for one cell that a person types outside the operations: the settlement of a conflict.

use super::{Checked, Declaration, RuleBroken, Warning};
use crate::clock::Moment;
use crate::funding::FundingSource;
use crate::organisation::{Coach, Employer, School};
use crate::outflow::Enrolment;
use crate::placement::Placement;
use crate::programme::{Observation, Programme, Target};
use crate::record::{Container, Entry, Scalar};
use crate::trainee::Trainee;
use crate::trajectory::{Assignment, Event, Training, Trajectory};
use crate::visit::{Agreement, Correction, Visit};

/// Checks a typed value for one cell of the record that stands there.
///
/// # Errors
/// The first rule of the record that the value breaks; what is wrong elsewhere in the record stops nothing.
pub fn check_cell(
    container: Container,
    standing: &Entry,
    key: &str,
    value: &Scalar,
    now: Moment,
    declared: Declaration,
) -> Result<Vec<Warning>, RuleBroken> {
    let check = match container {
        Container::Trainee => check::<Trainee>,
        Container::Trajectories => check::<Trajectory>,
        Container::Events => check::<Event>,
        Container::Enrolments => check::<Enrolment>,
        Container::Placements => check::<Placement>,
        Container::Trainings => check::<Training>,
        Container::Visits => check::<Visit>,
        Container::Agreements => check::<Agreement>,
        Container::Corrections => check::<Correction>,
        Container::Assignments => check::<Assignment>,
        Container::Programmes => check::<Programme>,
        Container::Targets => check::<Target>,
        Container::Observations => check::<Observation>,
        Container::Funding => check::<FundingSource>,
        Container::Schools => check::<School>,
        Container::Employers => check::<Employer>,
        Container::Coaches => check::<Coach>,
        Container::Proposals | Container::Imports => return Ok(Vec::new()),
    };
    let mut before = standing.clone();
    // A value is judged also when it stands there already: it may have come from another device, unjudged. That a value
    // goes away shows only beside what stood.
    if *value != Scalar::Null {
        before.remove(key);
    }
    let mut after = standing.clone();
    after.insert(key.to_owned(), value.clone());
    check(&before, &after, now, declared)
}

fn check<R: Checked>(before: &Entry, after: &Entry, now: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
    let (before, after) = (R::read(before), R::read(after));
    match after.check(&before, now, declared) {
        // Some rules look at the whole record: what broke without this value too is not the value's doing.
        Err(broken) if before.check(&before, now, declared).as_ref() == Err(&broken) => Ok(Vec::new()),
        checked => checked,
    }
}
