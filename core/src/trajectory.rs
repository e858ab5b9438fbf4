//! A trajectory: the guided path of one trainee in one programme, from referral to outflow.

use crate::clock::Day;
use crate::codes::*;
use crate::ids::*;
use crate::record;

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
