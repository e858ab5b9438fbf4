//! Leaving a school, which is another fact than leaving a programme.

use crate::clock::Day;
use crate::codes::*;
use crate::record;

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
