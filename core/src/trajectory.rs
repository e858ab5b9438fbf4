//! A trajectory: the guided path of one trainee in one programme, from referral to outflow.

use crate::clock::{Day, Moment};
use crate::codes::*;
use crate::ids::*;
use crate::record;
use crate::rules::{Checked, Declaration, FieldName, RuleBroken, Warning, checks};

record! {
    /// One trajectory. Its phase is derived from dates and events, never typed.
    Trajectory in Trajectories {
        /// Code of the programme in the register, or its name as text when the register lacks it.
        Register programme: Option<String> = "pr", "programma";
        /// The key of the partner system.
        Register trajectory_ref: Option<String> = "tr", "trajectreferentie";
        /// Towards work, education or day activity.
        Register goal_direction: Option<GoalDirection> = "gd", "doelrichting";
        /// The trajectory that this one continues after fall-out.
        Register previous_trajectory: Option<TrajectoryId> = "pt", "vorig traject";
        /// First registration.
        Register referral_date: Option<Day> = "rd", "aanmelddatum";
        /// Who referred.
        Register referrer_role: Option<ReferrerRole> = "rr", "aanmelder";
        /// Intake conversation; not before the referral.
        Register intake_date: Option<Day> = "id", "intakedatum";
        /// Signing of the agreement: the start of the trajectory.
        Register agreement_date: Option<Day> = "ad", "datum overeenkomst";
        /// Last day; comes with `closing_reason`.
        Register end_date: Option<Day> = "ed", "einddatum";
        /// Why it ended.
        Register closing_reason: Option<ClosingReason> = "cr", "reden afsluiting";
        /// Where the trainee went; comes with `outflow_date`.
        Register outflow_destination: Option<OutflowDestination> = "od", "uitstroombestemming";
        /// When; starts the aftercare window of 24 months.
        Register outflow_date: Option<Day> = "of", "uitstroomdatum";
        /// Code of the funding source in the register, or its name as text.
        Register funding: Option<String> = "fu", "financiering";
        /// What the person asks for.
        Register help_question: Option<String> = "hq", "hulpvraag";
        /// Intensity of the coaching; without one the caseload weighs it as MEDIUM.
        Register regime: Option<CoachingRegime> = "rg", "begeleidingsregime";
    }
}

record! {
    /// A dated phase event. An append-only list: events are added, never changed.
    Event in Events {
        /// Of which trajectory.
        Once trajectory: Option<TrajectoryId> = "t", "traject";
        /// The phase that begins.
        Once phase: Option<TrajectoryPhase> = "p", "fase";
        /// From which day.
        Once on: Option<Day> = "d", "datum";
        /// Code of the coach who recorded it.
        Once by: Option<String> = "b", "door";
        /// A remark.
        Once note: Option<String> = "n", "opmerking";
    }
}

record! {
    /// Who coaches, from when to when. A fact of the dossier, apart from who has access.
    Assignment in Assignments {
        /// Of which trajectory; absent: of the dossier as a whole.
        Once trajectory: Option<TrajectoryId> = "t", "traject";
        /// Code of the coach.
        Once coach: Option<String> = "c", "coach";
        /// First or second coach.
        Once role: Option<AssignmentRole> = "r", "rol";
        /// First day.
        Once from: Option<Day> = "f", "vanaf";
        /// Last day, when it ended or is meant to end.
        Register to: Option<Day> = "e", "tot en met";
        /// Why.
        Once reason: Option<String> = "n", "reden";
        /// It never held: another coach was named on the day on which it would have begun.
        Register withdrawn: Option<bool> = "w", "vervallen";
        /// What the coach before leaves for the successor to know.
        Once handover_note: Option<String> = "h", "overdrachtsbericht";
    }
}

record! {
    /// A course, internal or with a provider, within a trajectory.
    Training in Trainings {
        /// Of which trajectory.
        Once trajectory: Option<TrajectoryId> = "t", "traject";
        /// What is taught.
        Register course: Option<String> = "c", "cursus";
        /// Who teaches.
        Register provider: Option<String> = "p", "aanbieder";
        /// For which sector.
        Register sector: Option<Sector> = "s", "sector";
        /// First day.
        Register start: Option<Day> = "f", "begin";
        /// Last day.
        Register end: Option<Day> = "e", "einde";
        /// How it ended.
        Register result: Option<TrainingResult> = "r", "resultaat";
    }
}

impl Trajectory {
    /// Whether the trajectory is under way on a day: referred, and not ended before it.
    pub fn open_on(&self, day: Day) -> bool {
        self.referral_date.is_none_or(|referral| referral <= day) && self.end_date.is_none_or(|end| day <= end)
    }

    /// Whether the agreement, which is the start, was signed on or before a day.
    pub fn started_by(&self, day: Day) -> bool {
        self.agreement_date.is_some_and(|agreement| agreement <= day)
    }
}

impl Checked for Trajectory {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        let dates = [
            ("referral_date", self.referral_date, before.referral_date),
            ("intake_date", self.intake_date, before.intake_date),
            ("agreement_date", self.agreement_date, before.agreement_date),
            ("end_date", self.end_date, before.end_date),
        ];
        for (index, earlier) in dates.iter().enumerate() {
            for later in dates.iter().skip(index + 1).filter(|later| earlier.1 != earlier.2 || later.1 != later.2) {
                checks::order::<Self>((earlier.0, earlier.1), (later.0, later.1))?;
            }
        }
        if (self.referral_date, self.outflow_date) != (before.referral_date, before.outflow_date) {
            checks::order::<Self>(("referral_date", self.referral_date), ("outflow_date", self.outflow_date))?;
        }
        let skipped = self.agreement_date.is_some() && self.intake_date.is_none();
        if skipped && (self.agreement_date, self.intake_date) != (before.agreement_date, before.intake_date) {
            let (skipped, done) = (FieldName::of::<Self>("intake_date"), FieldName::of::<Self>("agreement_date"));
            warnings.push(Warning::StepSkipped { skipped, done });
        }
        let outflow = (self.outflow_destination, self.outflow_date);
        if outflow != (before.outflow_destination, before.outflow_date) {
            let missing = match outflow {
                (Some(_), None) => Some("outflow_date"),
                (None, Some(_)) => Some("outflow_destination"),
                _ => None,
            };
            if let Some(missing) = missing {
                return Err(RuleBroken::OutflowIncomplete { missing: FieldName::of::<Self>(missing) });
            }
        }
        let closing = (self.closing_reason, self.end_date);
        if closing != (before.closing_reason, before.end_date) {
            let missing = match closing {
                (Some(_), None) => Some("end_date"),
                (None, Some(_)) => Some("closing_reason"),
                _ => None,
            };
            if let Some(missing) = missing {
                return Err(RuleBroken::ClosingIncomplete { missing: FieldName::of::<Self>(missing) });
            }
        }
        let goal_reached = self.closing_reason == Some(ClosingReason::GoalReached) && self.outflow_destination.is_none();
        if goal_reached && (self.closing_reason != before.closing_reason || before.outflow_destination.is_some()) {
            return Err(RuleBroken::GoalWithoutDestination);
        }
        Ok(warnings)
    }
}

impl Checked for Event {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        Ok(warnings)
    }
}

impl Assignment {
    /// Whether it never holds: it was withdrawn, or a merge made it end before it began.
    pub fn is_void(&self) -> bool {
        self.withdrawn == Some(true) || self.from.zip(self.to).is_some_and(|(from, to)| to < from)
    }

    /// The assignment as it stands when another takes over on a day: it ends the day before, or never held when that would
    /// be before it began.
    #[must_use]
    pub fn until(&self, successor: Day) -> Self {
        match self.from {
            Some(from) if from >= successor => Self { withdrawn: Some(true), ..self.clone() },
            _ => Self { to: Some(successor.plus_days(-1)), ..self.clone() },
        }
    }

    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Day) -> bool {
        !self.is_void() && self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl Checked for Assignment {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        if (self.from, self.to) != (before.from, before.to) {
            checks::order::<Self>(("from", self.from), ("to", self.to))?;
        }
        Ok(warnings)
    }
}

impl Checked for Training {
    fn check(&self, before: &Self, _: Moment, declared: Declaration) -> Result<Vec<Warning>, RuleBroken> {
        let mut warnings = Vec::new();
        checks::texts(before, self, declared, &mut warnings)?;
        if (self.start, self.end) != (before.start, before.end) {
            checks::order::<Self>(("start", self.start), ("end", self.end))?;
        }
        if (self.end, self.result) != (before.end, before.result) {
            let ended = self.result.is_some_and(|result| result != TrainingResult::Running);
            if ended && self.end.is_none() {
                return Err(RuleBroken::Missing { field: FieldName::of::<Self>("end") });
            }
        }
        Ok(warnings)
    }
}
