//! A visit to a trainee at the placement, and what was agreed there.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::{Day, LocalTime, Moment, Timestamp};
use crate::codes::*;
use crate::ids::*;
use crate::record;
use crate::rules::{Checked, Declaration, FieldName, RuleBroken, Warning, checks};

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
        /// Who cancelled, for a cancelled visit.
        Register cancelled_by: Option<PartySpoken> = "b", "afgezegd door";
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
        /// At which placement, corrected.
        Once placement: Option<PlacementId> = "p", "plaatsing";
        /// What kind of visit, corrected.
        Once visit_type: Option<VisitType> = "y", "soort bezoek";
        /// On site, by phone …, corrected.
        Once mode: Option<ContactMode> = "o", "contactvorm";
        /// Who was spoken to, corrected: the whole set, when there is one.
        Set parties: BTreeSet<PartySpoken> = "w", "gesproken met";
        /// Next visit, corrected.
        Once next_visit_on: Option<Day> = "x", "volgend bezoek";
    }
}

/// Minutes that a device's clock may run ahead before a visit counts as lying in the future.
const AHEAD_MIN: i64 = 10;
/// Days after which writing a visit down is late.
const LATE_DAYS: i64 = 7;

impl Visit {
    /// The day of the visit: when it began, else when it is planned.
    pub fn day(&self) -> Option<Day> {
        self.started_at.map(LocalTime::day).or(self.planned_on)
    }

    /// Whether it was done and not withdrawn.
    pub fn is_done(&self) -> bool {
        self.status == Some(VisitStatus::Done) && self.withdrawn.is_none()
    }

    /// Whether it was recorded, whatever came of it; only a correction changes what is read then.
    pub fn is_recorded(&self) -> bool {
        self.finalised_at.is_some() || !matches!(self.status, None | Some(VisitStatus::Planned))
    }

    /// Reads a correction over this visit: what it says replaces, what it leaves out stands.
    pub fn apply(&mut self, correction: &Correction) {
        fn over<T: Clone>(field: &mut Option<T>, corrected: &Option<T>) {
            if let Some(corrected) = corrected {
                *field = Some(corrected.clone());
            }
        }
        over(&mut self.started_at, &correction.started_at);
        over(&mut self.duration_min, &correction.duration_min);
        over(&mut self.travel_min, &correction.travel_min);
        over(&mut self.summary, &correction.summary);
        over(&mut self.placement, &correction.placement);
        over(&mut self.visit_type, &correction.visit_type);
        over(&mut self.mode, &correction.mode);
        over(&mut self.next_visit_on, &correction.next_visit_on);
        self.scores.extend(&correction.scores);
        if !correction.parties.is_empty() {
            self.parties = correction.parties.clone();
        }
    }
}

impl Checked for Visit {
    fn check(&self, before: &Self, now: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let field = FieldName::of::<Self>;
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        let happened = matches!(self.status, Some(VisitStatus::Done | VisitStatus::NoShow));
        if self.status == Some(VisitStatus::Done) {
            let missing = checks::absent::<Self>(&[
                ("started_at", self.started_at.is_none()),
                ("duration_min", self.duration_min.is_none()),
                ("parties", self.parties.is_empty()),
                ("summary", checks::blank(&self.summary)),
            ]);
            if !missing.is_empty() {
                return Err(RuleBroken::VisitIncomplete { missing });
            }
        }
        if self.status == Some(VisitStatus::NoShow) && self.day().is_none() {
            return Err(RuleBroken::VisitIncomplete { missing: vec![field("started_at")] });
        }
        if self.status == Some(VisitStatus::Planned) && self.planned_on.is_none() {
            return Err(RuleBroken::Missing { field: field("planned_on") });
        }
        checks::range::<Self>("duration_min", self.duration_min, 1, Some(480))?;
        checks::range::<Self>("travel_min", self.travel_min, 0, Some(240))?;
        if let Some(start) = self.started_at.filter(|_| happened) {
            if start.minutes_since(now.local) > AHEAD_MIN {
                return Err(RuleBroken::InFuture { field: field("started_at") });
            }
            let days = now.today().days_since(start.day());
            if days > LATE_DAYS && self.started_at != before.started_at {
                warnings.push(Warning::RecordedLate { days });
            }
        }
        if let (Some(next), Some(day)) = (self.next_visit_on, self.day())
            && next <= day
        {
            let (earlier, later) = (field("started_at"), field("next_visit_on"));
            return Err(RuleBroken::DatesOutOfOrder { earlier, earlier_day: day, later, later_day: next });
        }
        if self.status == Some(VisitStatus::Cancelled) && self.cancelled_by.is_none() {
            warnings.push(Warning::CancelledByWhom);
        }
        Ok(warnings)
    }
}

impl Checked for Agreement {
    fn check(&self, before: &Self, now: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::needed::<Self>("text", &self.text)?;
        checks::texts(before, self, declared, &mut warnings)?;
        if self.done_on != before.done_on && self.done_on.is_some_and(|done| done > now.today()) {
            return Err(RuleBroken::InFuture { field: FieldName::of::<Self>("done_on") });
        }
        Ok(warnings)
    }
}

impl Checked for Correction {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        Ok(warnings)
    }
}
