//! Leaving a school, which is another fact than leaving a programme.

use crate::clock::{Day, Moment};
use crate::codes::*;
use crate::record;
use crate::rules::{Checked, Declaration, FieldName, RuleBroken, Warning, checks};

record! {
    /// A period in which a trainee goes to one school, and where they went after it.
    Enrolment in Enrolments {
        /// Code of the school in the register, or its name as text when the register lacks it.
        Once school: Option<String> = "s", "school";
        /// Kind of education at that school.
        Register school_type: Option<SchoolType> = "t", "schoolsoort";
        /// Cluster 3 or 4 of a vso school.
        Register cluster: Option<i64> = "c", "cluster";
        /// First day.
        Register from: Option<Day> = "f", "vanaf";
        /// Last day; comes with `destination`.
        Register left_on: Option<Day> = "l", "uitgestroomd op";
        /// Profile of a vso pupil.
        Register outflow_profile: Option<OutflowProfile> = "p", "uitstroomprofiel";
        /// Where the pupil went.
        Register destination: Option<OutflowDestination> = "d", "bestemming";
        /// Income after leaving, an axis of its own.
        Register income_situation: Option<IncomeSituation> = "i", "inkomenssituatie";
    }
}

impl Enrolment {
    /// Whether both periods share a day, as far as they are known. A first day that is not known is taken to be the last.
    pub fn overlaps(&self, other: &Enrolment) -> bool {
        let start = |one: &Enrolment| one.from.or(one.left_on);
        let begins_in_time = |one: &Enrolment, another: &Enrolment| match (start(one), another.left_on) {
            (Some(from), Some(left)) => from < left || (from == left && one.left_on == another.left_on),
            _ => true,
        };
        begins_in_time(self, other) && begins_in_time(other, self)
    }
}

impl Checked for Enrolment {
    fn check(&self, before: &Self, now: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        if (self.from, self.left_on) != (before.from, before.left_on) {
            checks::order::<Self>(("from", self.from), ("left_on", self.left_on))?;
        }
        if (self.destination, self.left_on) != (before.destination, before.left_on) {
            let missing = match (self.destination, self.left_on) {
                (Some(_), None) => Some("left_on"),
                (None, Some(_)) => Some("destination"),
                _ => None,
            };
            if let Some(missing) = missing {
                return Err(RuleBroken::OutflowIncomplete { missing: FieldName::of::<Self>(missing) });
            }
            if self.left_on.is_some_and(|left| left > now.today().plus_days(366)) {
                return Err(RuleBroken::InFuture { field: FieldName::of::<Self>("left_on") });
            }
        }
        if self.cluster != before.cluster {
            checks::range::<Self>("cluster", self.cluster, 1, Some(4))?;
        }
        Ok(warnings)
    }
}
