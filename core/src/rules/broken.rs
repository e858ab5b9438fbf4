//! Rules that stop an operation, each with what to do next.

use std::fmt;
use std::ops::Range;

use super::FieldName;
use crate::clock::Day;
use crate::record::Lang;

/// A rule of the trade that the operation would break. Nothing was written; the caller keeps the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleBroken {
    /// V01: dates stand in the wrong order.
    DatesOutOfOrder {
        /// The field that should come first.
        earlier: FieldName,
        /// Its day.
        earlier_day: Day,
        /// The field that should come second.
        later: FieldName,
        /// Its day.
        later_day: Day,
    },
    /// V02: a trajectory starts with its agreement.
    NotAgreed,
    /// V03: destination and date of an outflow come together.
    OutflowIncomplete {
        /// The field that is absent.
        missing: FieldName,
    },
    /// V04: a closed trajectory has a reason, and a reason belongs to a closed one.
    ClosingIncomplete {
        /// The field that is absent.
        missing: FieldName,
    },
    /// V04: the goal was reached, but where did the trainee go?
    GoalWithoutDestination,
    /// V13: a visit that was done says when, how long, with whom and what happened.
    VisitIncomplete {
        /// The fields that are absent.
        missing: Vec<FieldName>,
    },
    /// V17: the text holds nine digits that could be a BSN.
    PossibleBsn {
        /// In which field.
        field: FieldName,
        /// Where in that field, in bytes.
        positions: Vec<Range<usize>>,
    },
    /// V22: a target says how many, by when and how it is measured.
    TargetIncomplete {
        /// The fields that are absent or not above zero.
        missing: Vec<FieldName>,
    },
    /// V23: the rows of a budget add up to its amount.
    AllocationDiffers {
        /// The amount, in cents.
        amount_cents: i64,
        /// What the rows add up to, in cents.
        allocated_cents: i64,
    },
    /// A field that this operation needs is absent.
    Missing {
        /// Which.
        field: FieldName,
    },
    /// A number lies outside its bounds.
    OutOfRange {
        /// Which field.
        field: FieldName,
        /// The lowest value that is allowed.
        least: i64,
        /// The highest, if there is one.
        most: Option<i64>,
    },
    /// A text does not have the form that is asked.
    Malformed {
        /// Which field.
        field: FieldName,
        /// What it should look like.
        example: &'static str,
    },
    /// A text is too long.
    TooLong {
        /// Which field.
        field: FieldName,
        /// How many characters fit.
        most: usize,
        /// How many there are.
        length: usize,
    },
    /// A fact cannot lie ahead.
    InFuture {
        /// Which field.
        field: FieldName,
    },
    /// The dossier (or register) has no such record.
    Unknown {
        /// What was looked for.
        name: String,
    },
    /// The register has this code already.
    Exists {
        /// The code.
        code: String,
    },
    /// A number that identifies somebody stands at somebody else.
    Taken {
        /// Which field.
        field: FieldName,
        /// The code that has it.
        by: String,
    },
    /// The dossier has no open trajectory, or more than one, and none was named.
    WhichTrajectory {
        /// How many are open.
        open: usize,
    },
    /// The trainee goes to this school already.
    AlreadyEnrolled {
        /// The school.
        school: String,
    },
    /// The visit was recorded: only a correction changes what is read.
    VisitRecorded,
    /// The visit is only planned: it can be moved or recorded, not corrected.
    VisitNotRecorded,
    /// The visit was withdrawn.
    VisitWithdrawn,
    /// Somebody else's visit.
    NotYourVisit {
        /// Whose.
        coach: String,
    },
    /// It has ended already.
    Ended {
        /// On which day.
        on: Day,
    },
    /// The correction says nothing that differs.
    NothingToCorrect,
    /// The part is a part of itself.
    PartOfItself,
    /// Only a coordinator does this.
    CoordinatorOnly,
    /// Nobody else coaches who could hand the dossier over.
    NobodyToHandOver {
        /// Who would get it.
        successor: String,
    },
}

impl RuleBroken {
    /// The rule's number in the domain's table, if it has one.
    pub fn rule(&self) -> Option<&'static str> {
        Some(match self {
            Self::DatesOutOfOrder { .. } => "V01",
            Self::NotAgreed => "V02",
            Self::OutflowIncomplete { .. } => "V03",
            Self::ClosingIncomplete { .. } | Self::GoalWithoutDestination => "V04",
            Self::VisitIncomplete { .. } => "V13",
            Self::PossibleBsn { .. } => "V17",
            Self::TargetIncomplete { .. } => "V22",
            Self::AllocationDiffers { .. } => "V23",
            _ => return None,
        })
    }

    /// What is wrong and what to do next.
    pub fn message(&self, lang: Lang) -> String {
        let say = |nl: String, en: String| if lang == Lang::Nl { nl } else { en };
        let list = |fields: &[FieldName]| fields.iter().map(|field| field.label(lang)).collect::<Vec<_>>().join(", ");
        match self {
            Self::DatesOutOfOrder { earlier, earlier_day, later, later_day } => {
                let (earlier, later) = (earlier.label(lang), later.label(lang));
                say(
                    format!("{later} ({later_day}) ligt voor {earlier} ({earlier_day}); pas een van beide datums aan"),
                    format!("{later} ({later_day}) lies before {earlier} ({earlier_day}); change one of the two dates"),
                )
            }
            Self::NotAgreed => say(
                "het traject is nog niet gestart: leg eerst de datum van de overeenkomst vast (trajectory agree)".into(),
                "the trajectory has not started: record the date of the agreement first (trajectory agree)".into(),
            ),
            Self::OutflowIncomplete { missing } => say(
                format!("bestemming en datum van een uitstroom horen bij elkaar; vul ook in: {}", missing.label(lang)),
                format!("destination and date of an outflow come together; fill in as well: {}", missing.label(lang)),
            ),
            Self::ClosingIncomplete { missing } => say(
                format!("een afgesloten traject heeft een einddatum en een reden; vul ook in: {}", missing.label(lang)),
                format!("a closed trajectory has an end date and a reason; fill in as well: {}", missing.label(lang)),
            ),
            Self::GoalWithoutDestination => say(
                "'doel bereikt' vraagt een uitstroombestemming met datum; vul die in of kies een andere reden".into(),
                "'goal reached' needs an outflow destination with its date; give them, or choose another reason".into(),
            ),
            Self::VisitIncomplete { missing } => say(
                format!("een uitgevoerd bezoek heeft ook nodig: {}", list(missing)),
                format!("a visit that was done also needs: {}", list(missing)),
            ),
            Self::PossibleBsn { field, positions } => {
                let (field, count) = (field.label(lang), positions.len());
                say(
                    format!(
                        "in '{field}' staat {count} keer een getal dat een BSN kan zijn; haal het weg, of verklaar dat het geen BSN is (--no-bsn)"
                    ),
                    format!(
                        "'{field}' holds {count} number(s) that could be a BSN; take them out, or declare that they are none (--no-bsn)"
                    ),
                )
            }
            Self::TargetIncomplete { missing } => say(
                format!("een doelstelling zegt hoeveel (meer dan 0), wanneer en hoe gemeten; vul in: {}", list(missing)),
                format!("a target says how many (above 0), by when and how it is measured; fill in: {}", list(missing)),
            ),
            Self::AllocationDiffers { amount_cents, allocated_cents } => say(
                format!("de verdeelde bedragen tellen op tot {allocated_cents} cent en niet tot {amount_cents}; herzie de regels"),
                format!("the allocated amounts add up to {allocated_cents} cents, not {amount_cents}; revise the rows"),
            ),
            Self::Missing { field } => {
                let field = field.label(lang);
                say(format!("'{field}' ontbreekt; vul het in"), format!("'{field}' is missing; fill it in"))
            }
            Self::OutOfRange { field, least, most } => {
                let field = field.label(lang);
                match most {
                    Some(most) => say(
                        format!("'{field}' ligt niet tussen {least} en {most}; pas het aan"),
                        format!("'{field}' is not between {least} and {most}; change it"),
                    ),
                    None => say(
                        format!("'{field}' is te klein: het minste is {least}"),
                        format!("'{field}' is too small: the least is {least}"),
                    ),
                }
            }
            Self::Malformed { field, example } => {
                let field = field.label(lang);
                say(format!("'{field}' heeft niet de vorm {example}"), format!("'{field}' does not have the form {example}"))
            }
            Self::TooLong { field, most, length } => {
                let field = field.label(lang);
                say(
                    format!("'{field}' telt {length} tekens en er passen er {most}; kort het in"),
                    format!("'{field}' has {length} characters and {most} fit; shorten it"),
                )
            }
            Self::InFuture { field } => {
                let field = field.label(lang);
                say(
                    format!("'{field}' ligt in de toekomst; plan het, of herstel de datum of de klok van dit apparaat"),
                    format!("'{field}' lies in the future; plan it, or mend the date or the clock of this device"),
                )
            }
            Self::Unknown { name } => say(
                format!("'{name}' bestaat hier niet; kijk met show of list wat er wel is"),
                format!("there is no '{name}' here; see with show or list what there is"),
            ),
            Self::Exists { code } => say(
                format!("'{code}' bestaat al; wijzig het met edit of kies een andere code"),
                format!("'{code}' exists already; change it with edit, or choose another code"),
            ),
            Self::Taken { field, by } => {
                let field = field.label(lang);
                say(
                    format!("'{field}' staat al bij '{by}'; gebruik die, of herstel het nummer"),
                    format!("'{by}' has this '{field}' already; use that one, or mend the number"),
                )
            }
            Self::WhichTrajectory { open: 0 } => say(
                "deze deelnemer heeft geen lopend traject; open er een (trajectory open) of noem een traject".into(),
                "this trainee has no open trajectory; open one (trajectory open), or name a trajectory".into(),
            ),
            Self::WhichTrajectory { open } => say(
                format!("deze deelnemer heeft {open} lopende trajecten; noem er een"),
                format!("this trainee has {open} open trajectories; name one"),
            ),
            Self::AlreadyEnrolled { school } => say(
                format!("de deelnemer is al ingeschreven bij {school}; leg eerst het vertrek vast (outflow set)"),
                format!("the trainee is enrolled at {school} already; record the leaving first (outflow set)"),
            ),
            Self::VisitRecorded => say(
                "dit bezoek is al vastgelegd; herstel het met een correctie (visit correct)".into(),
                "this visit was recorded already; mend it with a correction (visit correct)".into(),
            ),
            Self::VisitNotRecorded => say(
                "dit bezoek is alleen gepland; leg het vast (visit log) of verplaats het (visit move)".into(),
                "this visit is only planned; record it (visit log) or move it (visit move)".into(),
            ),
            Self::VisitWithdrawn => say(
                "dit bezoek is ingetrokken; leg zo nodig een nieuw bezoek vast".into(),
                "this visit was withdrawn; record a new one if there was a visit".into(),
            ),
            Self::NotYourVisit { coach } => say(
                format!("dit is een bezoek van {coach}; alleen {coach} of een coördinator verandert het"),
                format!("this is a visit of {coach}; only {coach} or a coordinator changes it"),
            ),
            Self::Ended { on } => say(
                format!("dit is al geëindigd op {on}; herstel het zo nodig met edit"),
                format!("this ended already on {on}; mend it with edit if that is wrong"),
            ),
            Self::NothingToCorrect => say(
                "de correctie verandert niets; geef aan wat er had moeten staan".into(),
                "the correction changes nothing; say what it should have said".into(),
            ),
            Self::PartOfItself => say(
                "een programma kan geen onderdeel van zichzelf zijn; kies een ander overkoepelend programma".into(),
                "a programme cannot be a part of itself; choose another umbrella programme".into(),
            ),
            Self::NobodyToHandOver { successor } => say(
                format!(
                    "niemand anders begeleidt dit dossier om het over te dragen; wijs {successor} toe (assign), of noem wie \
                     overdraagt (--from)"
                ),
                format!(
                    "nobody else coaches this dossier who could hand it over; assign {successor} (assign), or name who hands \
                     over (--from)"
                ),
            ),
            Self::CoordinatorOnly => say(
                "het register wordt door coördinatoren bijgehouden; vraag het je coördinator, of noem het als tekst in het dossier".into(),
                "coordinators keep the register; ask yours, or name it as text in the dossier".into(),
            ),
        }
    }
}

impl fmt::Display for RuleBroken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Lang::En))
    }
}

impl std::error::Error for RuleBroken {}
