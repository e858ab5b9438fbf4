//! Programmes, what they promise and what was observed. Part of the region's register, keyed by code.

use crate::clock::Day;
use crate::codes::*;
use crate::record;

record! {
    /// A programme or project, keyed by its code.
    Programme in Programmes {
        /// What people call it.
        Register name: Option<String> = "n", "naam";
        /// Code of the umbrella programme that this one is a part of.
        Register part_of: Option<String> = "p", "onderdeel van";
        /// Line of the regional agenda.
        Register pillar: Option<Pillar> = "i", "pijler";
        /// Category of the monitor.
        Register category: Option<ProgrammeCategory> = "c", "categorie";
        /// Where it stands.
        Register status: Option<ProgrammeStatus> = "s", "status";
        /// Why it stands there.
        Register status_reason: Option<String> = "r", "reden status";
        /// First day.
        Register from: Option<Day> = "f", "vanaf";
        /// Last day; may be extended.
        Register to: Option<Day> = "t", "tot en met";
        /// What counts as placed.
        Register success_definition: Option<SuccessDefinition> = "d", "succesdefinitie";
        /// Days between due visits; 42 when absent.
        Register visit_interval_days: Option<i64> = "v", "bezoekinterval in dagen";
        /// Nature of the activity.
        Register activity_kind: Option<ActivityKind> = "k", "soort activiteit";
        /// Whether sheltered work counts as placed under `PAID_WORK`; no when absent.
        Register sheltered_counts: Option<bool> = "h", "beschut werk telt mee";
        /// Whether a telephone or video call can be the visit that was due; no when absent.
        Register phone_counts: Option<bool> = "m", "telefonisch bezoek telt mee";
        /// Legal basis for keeping dossiers.
        Register legal_basis: Option<String> = "l", "grondslag";
    }
}

record! {
    /// A promise: so many by such a day. Append-only: a new promise is a new entry.
    Target in Targets {
        /// Code of the programme.
        Once programme: Option<String> = "p", "programma";
        /// What is counted.
        Once metric: Option<TargetMetric> = "m", "wat telt";
        /// Trajectories or persons.
        Once unit: Option<TargetUnit> = "u", "eenheid";
        /// How many; above 0.
        Once value: Option<i64> = "v", "doel";
        /// By when.
        Once due: Option<Day> = "d", "uiterlijk";
        /// How it is measured.
        Once method: Option<String> = "h", "meetmethode";
        /// The value at the beginning.
        Once baseline: Option<i64> = "b", "nulmeting";
        /// From when this version of the promise holds; absent: from the start of the programme.
        Once valid_from: Option<Day> = "f", "geldt vanaf";
    }
}

record! {
    /// A figure that is not a count of records, with its source.
    Observation in Observations {
        /// Code of the programme.
        Once programme: Option<String> = "p", "programma";
        /// What was counted, in words.
        Once metric: Option<String> = "m", "wat";
        /// In what unit.
        Once unit: Option<String> = "u", "eenheid";
        /// How many.
        Once value: Option<i64> = "v", "waarde";
        /// On which day.
        Once on: Option<Day> = "d", "op";
        /// Who says so.
        Once source: Option<String> = "s", "bron";
    }
}
