//! What is unusual without being wrong: the operation is done, and the person is told.

use super::FieldName;
use crate::clock::Day;
use crate::ids::{PlacementId, VisitId};
use crate::placement::Hours;
use crate::record::{Lang, Value};

/// Something that a person may want to look at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// V01: a step of the process has no date.
    StepSkipped {
        /// The step that was skipped.
        skipped: FieldName,
        /// The step that was taken.
        done: FieldName,
    },
    /// V07: paid placements at the same time add up to more than 40 hours a week.
    PaidHoursOverlap {
        /// The hours together.
        total: Hours,
        /// One of the other placements.
        other: PlacementId,
    },
    /// V08: a step-up job is meant to last six months.
    LongStepUpJob,
    /// V09: a trial placement is meant to last two months.
    LongTrial,
    /// V14: the coach was elsewhere at that time.
    OverlappingVisit {
        /// The other visit.
        other: VisitId,
    },
    /// V15: the visit lies outside the placement or trajectory.
    OutsidePeriod {
        /// The day of the visit.
        day: Day,
    },
    /// V16: the same coach recorded a visit within 15 minutes of this one.
    PossibleDuplicate {
        /// The other visit.
        other: VisitId,
    },
    /// V18: medical words.
    MedicalWords {
        /// In which field.
        field: FieldName,
        /// The words.
        words: Vec<String>,
    },
    /// V24: headcounts are taken on 1 October.
    UnusualReferenceDate {
        /// The day that was given.
        day: Day,
    },
    /// V27: the age is unusual for such a trainee.
    UnusualAge {
        /// Age at this moment.
        age: i64,
        /// The youngest that is usual.
        least: i64,
        /// The oldest that is usual.
        most: i64,
    },
    /// More hours per week than a full working week.
    ManyHours {
        /// The hours.
        hours: Hours,
    },
    /// The code does not look like one of the school register.
    UnusualBrin {
        /// What was given.
        brin: String,
    },
    /// The visit was written down long after it happened.
    RecordedLate {
        /// How many days.
        days: i64,
    },
    /// Fields that a complete record has.
    ToComplete {
        /// Which.
        fields: Vec<FieldName>,
    },
    /// A cancelled visit says who cancelled.
    CancelledByWhom,
    /// Placements of a trajectory that is closed are still open.
    PlacementsStillOpen {
        /// How many.
        count: usize,
    },
    /// The assignment of another coach ends through this one.
    EndsAssignment {
        /// Who coached.
        coach: String,
        /// Their last day.
        last_day: Day,
    },
    /// The assignment of another coach, who would have begun on this day, never holds.
    WithdrawsAssignment {
        /// Who would have coached.
        coach: String,
        /// From when.
        from: Day,
    },
    /// The assignment of another coach is interrupted through this one: they resume afterwards.
    InterruptsAssignment {
        /// Who coaches before and after.
        coach: String,
        /// The first day on which they do not.
        from: Day,
        /// The day on which they resume.
        resumes: Day,
    },
    /// Another coach takes over later, as was planned before.
    PlannedSuccessor {
        /// Who.
        coach: String,
        /// From when.
        from: Day,
    },
    /// The trainee goes to another school in the same period.
    TwoSchools,
    /// The register lacks this code; it is kept as text.
    NotInRegister {
        /// The code or name.
        name: String,
    },
}

impl Warning {
    /// The rule's number in the domain's table, if it has one.
    pub fn rule(&self) -> Option<&'static str> {
        Some(match self {
            Self::StepSkipped { .. } => "V01",
            Self::PaidHoursOverlap { .. } => "V07",
            Self::LongStepUpJob => "V08",
            Self::LongTrial => "V09",
            Self::OverlappingVisit { .. } => "V14",
            Self::OutsidePeriod { .. } => "V15",
            Self::PossibleDuplicate { .. } => "V16",
            Self::MedicalWords { .. } => "V18",
            Self::UnusualReferenceDate { .. } => "V24",
            Self::UnusualAge { .. } => "V27",
            _ => return None,
        })
    }

    /// What is unusual and what could be done.
    pub fn message(&self, lang: Lang) -> String {
        let say = |nl: String, en: String| if lang == Lang::Nl { nl } else { en };
        match self {
            Self::StepSkipped { skipped, done } => {
                let (skipped, done) = (skipped.label(lang), done.label(lang));
                say(
                    format!("'{done}' is bekend en '{skipped}' niet; vul die aan"),
                    format!("there is a '{done}' and no '{skipped}'; add it"),
                )
            }
            Self::PaidHoursOverlap { total, .. } => {
                let total = total.show(lang);
                say(
                    format!("samen met een andere betaalde plaatsing is dit {total} uur per week; klopt dat?"),
                    format!("with another paid placement this makes {total} hours a week; is that right?"),
                )
            }
            Self::LongStepUpJob => say(
                "een doorstroombaan duurt zes maanden; deze duurt langer".into(),
                "a step-up job lasts six months; this one lasts longer".into(),
            ),
            Self::LongTrial => say(
                "een proefplaatsing duurt ten hoogste twee maanden, met reden zes; controleer de einddatum".into(),
                "a trial placement lasts two months at most, six with a reason; check its end".into(),
            ),
            Self::OverlappingVisit { .. } => say(
                "op die tijd staat er al een ander bezoek van deze coach; controleer begin en duur".into(),
                "this coach has another visit at that time; check start and duration".into(),
            ),
            Self::OutsidePeriod { day } => say(
                format!("{day} ligt buiten de plaatsing of het traject; controleer de datum"),
                format!("{day} lies outside the placement or trajectory; check the date"),
            ),
            Self::PossibleDuplicate { .. } => say(
                "dit bezoek lijkt al vastgelegd (zelfde coach, zelfde tijd); trek er zo nodig een in (visit withdraw)".into(),
                "this visit seems to be recorded already (same coach, same time); withdraw one if so (visit withdraw)".into(),
            ),
            Self::MedicalWords { field, words } => {
                let (field, words) = (field.label(lang), words.join(", "));
                say(
                    format!("'{field}' noemt {words}; schrijf geen medische gegevens op, alleen wat dit voor het werk betekent"),
                    format!("'{field}' mentions {words}; write no medical facts, only what they mean for the work"),
                )
            }
            Self::UnusualReferenceDate { day } => say(
                format!("leerlingen worden geteld op 1 oktober, niet op {day}; klopt dit voor deze financier?"),
                format!("pupils are counted on 1 October, not on {day}; is that right for this funder?"),
            ),
            Self::UnusualAge { age, least, most } => say(
                format!("de deelnemer is {age} jaar; gebruikelijk is {least} tot en met {most}; controleer de geboortedatum"),
                format!("the trainee is {age} years old; usual is {least} to {most}; check the date of birth"),
            ),
            Self::ManyHours { hours } => {
                let hours = hours.show(lang);
                say(
                    format!("{hours} uur per week is meer dan een volle werkweek; klopt dat?"),
                    format!("{hours} hours a week is more than a full working week; is that right?"),
                )
            }
            Self::UnusualBrin { brin } => say(
                format!("'{brin}' lijkt geen BRIN-code (zoals 02VP of 02VP01)"),
                format!("'{brin}' does not look like a BRIN code (such as 02VP or 02VP01)"),
            ),
            Self::RecordedLate { days } => say(
                format!("dit bezoek is {days} dagen geleden; controleer de datum"),
                format!("this visit was {days} days ago; check the date"),
            ),
            Self::ToComplete { fields } => {
                let fields = fields.iter().map(|field| field.label(lang)).collect::<Vec<_>>().join(", ");
                say(format!("nog aan te vullen: {fields}"), format!("still to complete: {fields}"))
            }
            Self::CancelledByWhom => say("wie zegde af? vul dat aan".into(), "who cancelled? add that".into()),
            Self::PlacementsStillOpen { count } => say(
                format!("het traject is afgesloten met {count} open plaatsing(en); leg het einde daarvan vast als dat er is"),
                format!("the trajectory is closed with {count} open placement(s); record their end if there is one"),
            ),
            Self::EndsAssignment { coach, last_day } => say(
                format!("{coach} is eerste coach tot en met {last_day}"),
                format!("{coach} is primary coach until {last_day}"),
            ),
            Self::WithdrawsAssignment { coach, from } => say(
                format!("de toewijzing van {coach} vanaf {from} vervalt"),
                format!("the assignment of {coach} from {from} is withdrawn"),
            ),
            Self::InterruptsAssignment { coach, from, resumes } => say(
                format!("{coach} begeleidt niet vanaf {from}, en hervat op {resumes}"),
                format!("{coach} does not coach from {from} on, and resumes on {resumes}"),
            ),
            Self::PlannedSuccessor { coach, from } => say(
                format!("zoals eerder vastgelegd neemt {coach} het over op {from}"),
                format!("as recorded earlier, {coach} takes over on {from}"),
            ),
            Self::TwoSchools => say(
                "de deelnemer staat in deze periode ook op een andere school ingeschreven; klopt dat?".into(),
                "the trainee is enrolled at another school in this period as well; is that right?".into(),
            ),
            Self::NotInRegister { name } => say(
                format!("'{name}' staat niet in het register en blijft als tekst staan"),
                format!("'{name}' is not in the register and is kept as text"),
            ),
        }
    }
}
