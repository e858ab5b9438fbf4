//! A visit to a trainee at the placement, and what was agreed there.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::{Day, LocalTime, Timestamp};
use crate::codes::*;
use crate::ids::*;
use crate::record;

record! {
    /// One visit, planned or recorded.
    Visit in Visits {
        /// Of which trajectory.
        Once trajectory: Option<TrajectoryId> = "t", "traject";
        /// Code of the coach who visits.
        Once coach: Option<String> = "c", "coach";
        /// At which placement; intake, home and aftercare visits have none.
        Register placement: Option<PlacementId> = "p", "plaatsing";
        /// The day it is planned for.
        Register planned_on: Option<Day> = "pd", "gepland op";
        /// When it began, on the coach's wall clock.
        Register started_at: Option<LocalTime> = "s", "begonnen om";
        /// 1 to 480 minutes.
        Register duration_min: Option<i64> = "m", "duur in minuten";
        /// 0 to 240 minutes.
        Register travel_min: Option<i64> = "r", "reistijd in minuten";
        /// What kind of visit.
        Register visit_type: Option<VisitType> = "y", "soort bezoek";
        /// On site, by phone …
        Register mode: Option<ContactMode> = "o", "contactvorm";
        /// Planned, done …
        Register status: Option<VisitStatus> = "x", "status";
        /// Who was spoken to; at least one for a done visit.
        Set parties: BTreeSet<PartySpoken> = "w", "gesproken met";
        /// What happened, at most 4,000 characters.
        Register summary: Option<String> = "n", "verslag";
        /// Scores by competence.
        Map scores: BTreeMap<Competence, Score> = "k", "scores";
        /// Next visit; after the day of this one.
        Register next_visit_on: Option<Day> = "v", "volgend bezoek";
        /// When the coach wrote it down.
        Once recorded_at: Option<Timestamp> = "a", "vastgelegd op";
        /// After this moment only a correction record changes what is read.
        Register finalised_at: Option<Timestamp> = "z", "afgerond op";
        /// Withdrawn: out of lists and figures, with the reason.
        Register withdrawn: Option<String> = "q", "ingetrokken";
    }
}

record! {
    /// An action point agreed at a visit.
    Agreement in Agreements {
        /// At which visit.
        Once visit: Option<VisitId> = "v", "bezoek";
        /// What was agreed.
        Register text: Option<String> = "t", "afspraak";
        /// Who will do it.
        Register owner: Option<PartySpoken> = "o", "wie";
        /// By when.
        Register due: Option<Day> = "d", "uiterlijk";
        /// When it was done.
        Register done_on: Option<Day> = "x", "gedaan op";
    }
}

record! {
    /// What a finalised visit should have said: present fields replace those of the visit.
    Correction in Corrections {
        /// Of which visit.
        Once visit: Option<VisitId> = "v", "bezoek";
        /// Who corrects.
        Once by: Option<String> = "b", "door";
        /// When.
        Once recorded_at: Option<Timestamp> = "a", "vastgelegd op";
        /// Why.
        Once reason: Option<String> = "q", "reden";
        /// When it began, corrected.
        Once started_at: Option<LocalTime> = "s", "begonnen om";
        /// Duration, corrected.
        Once duration_min: Option<i64> = "m", "duur in minuten";
        /// Travel, corrected.
        Once travel_min: Option<i64> = "r", "reistijd in minuten";
        /// Report, corrected.
        Once summary: Option<String> = "n", "verslag";
        /// Scores, corrected; others stand.
        Map scores: BTreeMap<Competence, Score> = "k", "scores";
    }
}
