//! The columns of the files: one table of English and Dutch names, what each must look like, and where it goes.

use crate::codes::*;
use crate::outflow::Enrolment;
use crate::placement::Placement;
use crate::record::{FieldInfo, Record, choices};
use crate::trainee::Trainee;
use crate::trajectory::{Training, Trajectory};

use super::{FileKind, Reason};

/// The kinds of record of a dossier that a row can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// The person.
    Trainee,
    /// The period at a school.
    Enrolment,
    /// The trajectory of the row.
    Trajectory,
    /// The training of the row.
    Training,
    /// The placement of the row.
    Placement,
}

impl Room {
    /// The letter before the remembered cells of this kind of record. Part of the format.
    pub(super) const fn letter(self) -> char {
        match self {
            Room::Trainee => 'p',
            Room::Enrolment => 'e',
            Room::Trajectory => 't',
            Room::Training => 'c',
            Room::Placement => 'w',
        }
    }

    /// The field with this name in code.
    pub(super) fn field(self, name: &str) -> Option<&'static FieldInfo> {
        let fields = match self {
            Room::Trainee => Trainee::fields(),
            Room::Enrolment => Enrolment::fields(),
            Room::Trajectory => Trajectory::fields(),
            Room::Training => Training::fields(),
            Room::Placement => Placement::fields(),
        };
        fields.iter().find(|field| field.name == name)
    }
}

/// What the register may know a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Listed {
    Programme,
    School,
    Employer,
    Funding,
}

/// What a cell must look like.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Free text of at most so many characters.
    Text(usize),
    /// Text of the given number of characters at least and at most.
    Sized(usize, usize),
    /// A day.
    Day,
    /// One of these codes or their labels.
    Code(fn() -> String),
    /// Several codes, separated by `|`.
    Codes(fn() -> String),
    /// A number of hours.
    Hours,
    /// Cluster 3 or 4.
    Cluster,
    /// CBS code or a known name.
    Municipality,
    /// A name that the register may know.
    Name(Listed),
}

impl Shape {
    /// Whether a cell without any digit cannot be meant for this column, but may be a person's name that slid into it.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Shape::Day | Shape::Hours | Shape::Cluster)
    }

    /// Why a cell was not understood.
    pub(super) fn expected(self) -> Reason {
        match self {
            Shape::Text(most) => Reason::new(format!("langer dan {most} tekens"), format!("longer than {most} characters")),
            Shape::Sized(least, most) => Reason::new(
                format!("moet {least} tot {most} tekens lang zijn"),
                format!("must be {least} to {most} characters long"),
            ),
            Shape::Day => Reason::new(
                "geen datum die bestaat; schrijf 2025-03-31 of 31-3-2025",
                "not a date that exists; write 2025-03-31 or 31-3-2025",
            ),
            Shape::Code(list) | Shape::Codes(list) => {
                let list = list();
                Reason::new(format!("onbekende code; kies uit: {list}"), format!("unknown code; choose from: {list}"))
            }
            Shape::Hours => Reason::new(
                "geen aantal uren per week, zoals 32 of 7,5 (meer dan 0, hoogstens 168)",
                "not a number of hours per week like 32 or 7.5 (above 0, at most 168)",
            ),
            Shape::Cluster => Reason::new("cluster is 3 of 4", "a cluster is 3 or 4"),
            Shape::Municipality => Reason::new(
                "geen gemeentecode van het CBS, zoals GM0392",
                "not a municipality code of Statistics Netherlands, like GM0392",
            ),
            Shape::Name(_) => Reason::new("langer dan 120 tekens", "longer than 120 characters"),
        }
    }
}

/// One column of a file.
pub struct Column {
    /// The English name, as in the contract.
    pub name: &'static str,
    /// Dutch names; the first is the one in messages.
    pub dutch: &'static [&'static str],
    /// Whether a file without it cannot be imported; then its cells may not be empty either.
    pub required: bool,
    pub(super) shape: Shape,
    pub(super) goes: &'static [(Room, &'static str)],
}

const fn column(
    name: &'static str,
    dutch: &'static [&'static str],
    shape: Shape,
    goes: &'static [(Room, &'static str)],
) -> Column {
    Column { name, dutch, required: false, shape, goes }
}

const fn required(
    name: &'static str,
    dutch: &'static [&'static str],
    shape: Shape,
    goes: &'static [(Room, &'static str)],
) -> Column {
    Column { name, dutch, required: true, shape, goes }
}

use Room::{Enrolment as E, Placement as W, Trainee as P, Training as C, Trajectory as T};
use Shape::{Day, Sized, Text};

const NAME: Shape = Shape::Name(Listed::School);

static PARTICIPANTS: &[Column] = &[
    column("organisation", &["organisatie"], Text(120), &[]),
    required("reference", &["referentie", "dossiernummer"], Sized(3, 20), &[(P, "reference")]),
    column("trajectory_ref", &["trajectreferentie", "trajectnummer"], Text(60), &[(T, "trajectory_ref")]),
    column("given_name", &["voornaam", "roepnaam"], Text(60), &[(P, "given_name")]),
    column("family_initial", &["achternaamletter", "letter achternaam"], Sized(1, 3), &[(P, "family_initial")]),
    column("birth_date", &["geboortedatum"], Day, &[(P, "birth_date")]),
    column("municipality", &["gemeente", "gemeentecode"], Shape::Municipality, &[(P, "municipality")]),
    column("school", &["school", "school van herkomst"], NAME, &[(P, "school_of_origin"), (E, "school")]),
    column("school_type", &["schoolsoort", "schooltype"], Shape::Code(choices::<SchoolType>), &[(E, "school_type")]),
    column("outflow_profile", &["uitstroomprofiel"], Shape::Code(choices::<OutflowProfile>), &[(P, "outflow_profile")]),
    column("target_groups", &["doelgroepen", "doelgroep"], Shape::Codes(choices::<TargetGroup>), &[(P, "target_groups")]),
    required("programme", &["programma", "project"], Shape::Name(Listed::Programme), &[(T, "programme")]),
    column("goal_direction", &["doelrichting", "toeleiding"], Shape::Code(choices::<GoalDirection>), &[(T, "goal_direction")]),
    column("referrer_role", &["aanmelder", "aangemeld door"], Shape::Code(choices::<ReferrerRole>), &[(T, "referrer_role")]),
    required("referral_date", &["aanmelddatum", "datum aanmelding"], Day, &[(T, "referral_date")]),
    column("intake_date", &["intakedatum", "datum intake"], Day, &[(T, "intake_date")]),
    column("agreement_date", &["datum overeenkomst", "overeenkomstdatum"], Day, &[(T, "agreement_date")]),
    column("coach", &["coach", "jobcoach"], Text(60), &[]),
    column("training_start", &["begin scholing", "start scholing", "begin training"], Day, &[(C, "start")]),
    column("training_end", &["einde scholing", "einde training"], Day, &[(C, "end")]),
    column(
        "training_result",
        &["resultaat scholing", "resultaat training"],
        Shape::Code(choices::<TrainingResult>),
        &[(C, "result")],
    ),
    column("placement_type", &["soort plaatsing"], Shape::Code(choices::<PlacementType>), &[(W, "placement_type")]),
    column("placement_start", &["begin plaatsing", "start plaatsing"], Day, &[(W, "start")]),
    column("placement_end", &["einde plaatsing"], Day, &[(W, "end")]),
    column("placement_end_reason", &["reden einde plaatsing"], Shape::Code(choices::<PlacementEndReason>), &[(W, "end_reason")]),
    column("sector", &["sector", "branche"], Shape::Code(choices::<Sector>), &[(C, "sector"), (W, "sector")]),
    column("employer", &["werkgever"], Shape::Name(Listed::Employer), &[(W, "employer")]),
    column("hours_per_week", &["uren per week"], Shape::Hours, &[(W, "hours_per_week")]),
    column("final_phase_date", &["datum eindfase", "eindfase"], Day, &[]),
    column("closing_reason", &["reden afsluiting"], Shape::Code(choices::<ClosingReason>), &[(T, "closing_reason")]),
    column("end_date", &["einddatum"], Day, &[(T, "end_date")]),
    column(
        "outflow_destination",
        &["uitstroombestemming"],
        Shape::Code(choices::<OutflowDestination>),
        &[(T, "outflow_destination")],
    ),
    column("outflow_date", &["uitstroomdatum", "datum uitstroom"], Day, &[(T, "outflow_date")]),
    column("funding", &["financiering", "financieringsbron"], Shape::Name(Listed::Funding), &[(T, "funding")]),
];

static LEAVERS: &[Column] = &[
    column("organisation", &["organisatie"], Text(120), &[]),
    required("reference", &["referentie", "dossiernummer"], Sized(3, 20), &[(P, "reference")]),
    column("given_name", &["voornaam", "roepnaam"], Text(60), &[(P, "given_name")]),
    column("birth_date", &["geboortedatum"], Day, &[(P, "birth_date")]),
    column("municipality", &["gemeente", "gemeentecode"], Shape::Municipality, &[(P, "municipality")]),
    required("school", &["school"], NAME, &[(E, "school")]),
    required("school_type", &["schoolsoort", "schooltype"], Shape::Code(choices::<SchoolType>), &[(E, "school_type")]),
    column("cluster", &["cluster"], Shape::Cluster, &[(E, "cluster")]),
    column("outflow_profile", &["uitstroomprofiel"], Shape::Code(choices::<OutflowProfile>), &[(E, "outflow_profile")]),
    required("left_on", &["uitgestroomd op", "datum uitstroom", "uitstroomdatum"], Day, &[(E, "left_on")]),
    required(
        "destination",
        &["bestemming", "uitstroombestemming"],
        Shape::Code(choices::<OutflowDestination>),
        &[(E, "destination")],
    ),
    column("income_situation", &["inkomenssituatie"], Shape::Code(choices::<IncomeSituation>), &[(E, "income_situation")]),
];

static TRAININGS: &[Column] = &[
    column("organisation", &["organisatie"], Text(120), &[]),
    required("reference", &["referentie", "dossiernummer"], Sized(3, 20), &[]),
    column("programme", &["programma", "project"], Shape::Name(Listed::Programme), &[]),
    column("trajectory_ref", &["trajectreferentie", "trajectnummer"], Text(60), &[]),
    column("referral_date", &["aanmelddatum", "datum aanmelding"], Day, &[]),
    required("course", &["cursus", "opleiding", "training"], Text(120), &[(C, "course")]),
    column("provider", &["aanbieder"], Text(120), &[(C, "provider")]),
    column("sector", &["sector", "branche"], Shape::Code(choices::<Sector>), &[(C, "sector")]),
    required("start", &["begin", "training_start", "begin scholing", "start scholing"], Day, &[(C, "start")]),
    column("end", &["einde", "training_end", "einde scholing"], Day, &[(C, "end")]),
    column(
        "result",
        &["resultaat", "training_result", "resultaat scholing"],
        Shape::Code(choices::<TrainingResult>),
        &[(C, "result")],
    ),
];

static PLACEMENTS: &[Column] = &[
    column("organisation", &["organisatie"], Text(120), &[]),
    required("reference", &["referentie", "dossiernummer"], Sized(3, 20), &[]),
    column("programme", &["programma", "project"], Shape::Name(Listed::Programme), &[]),
    column("trajectory_ref", &["trajectreferentie", "trajectnummer"], Text(60), &[]),
    column("referral_date", &["aanmelddatum", "datum aanmelding"], Day, &[]),
    required(
        "type",
        &["soort plaatsing", "placement_type", "soort"],
        Shape::Code(choices::<PlacementType>),
        &[(W, "placement_type")],
    ),
    column("employer", &["werkgever"], Shape::Name(Listed::Employer), &[(W, "employer")]),
    column("sector", &["sector", "branche"], Shape::Code(choices::<Sector>), &[(W, "sector")]),
    column("function_title", &["functie"], Text(120), &[(W, "function_title")]),
    required("start", &["begin", "placement_start", "begin plaatsing", "start plaatsing"], Day, &[(W, "start")]),
    column("planned_end", &["gepland einde"], Day, &[(W, "planned_end")]),
    column("end", &["einde", "placement_end", "einde plaatsing"], Day, &[(W, "end")]),
    column(
        "end_reason",
        &["reden einde", "placement_end_reason", "reden einde plaatsing"],
        Shape::Code(choices::<PlacementEndReason>),
        &[(W, "end_reason")],
    ),
    column("hours_per_week", &["uren per week"], Shape::Hours, &[(W, "hours_per_week")]),
    column("contract", &["contract"], Shape::Code(choices::<Contract>), &[(W, "contract")]),
    column("supervisor_first_name", &["werkbegeleider"], Text(60), &[(W, "supervisor_first_name")]),
    column("location", &["locatie"], Text(120), &[(W, "location")]),
];

/// The columns of a kind of file, in the order of the contract.
pub fn columns(kind: FileKind) -> &'static [Column] {
    match kind {
        FileKind::Participants => PARTICIPANTS,
        FileKind::Leavers => LEAVERS,
        FileKind::Trainings => TRAININGS,
        FileKind::Placements => PLACEMENTS,
    }
}

/// Columns that hold a person's name: their values never appear in a message.
pub(super) fn is_name(column: &str) -> bool {
    matches!(column, "given_name" | "family_initial" | "supervisor_first_name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_goes_to_a_field_that_exists() {
        for kind in FileKind::ALL {
            for column in columns(*kind) {
                for (room, field) in column.goes {
                    assert!(room.field(field).is_some(), "{} of {kind:?}: no field {field}", column.name);
                }
            }
        }
    }

    #[test]
    fn no_two_columns_of_a_file_share_a_name() {
        for kind in FileKind::ALL {
            let mut seen = std::collections::BTreeSet::new();
            for column in columns(*kind) {
                let names: std::collections::BTreeSet<&str> = column.dutch.iter().copied().chain([column.name]).collect();
                for name in names {
                    assert!(seen.insert(name), "{name} twice in {kind:?}");
                }
            }
        }
    }
}
