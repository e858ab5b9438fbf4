//! What directors, councils and funders read. Figures are computed from dossiers and register, never typed: each
//! report is a function from a [`View`] and its parameters to data, and that data says what it counted, as of which
//! day, and how complete it is.
//!
//! A report is true on `as_of`: facts dated later do not count yet (a placement that starts later, a school left later,
//! a closing). Serialised, it is the JSON that scripts rely on; [`Tabular`] gives the same as rows for people. Nothing
//! in here makes text tables, and nothing copies a dossier: each report passes once over what it is lent.

pub mod budget;
pub mod caseload;
pub mod completeness;
mod facts;
pub mod funnel;
pub mod monitor;
pub mod outflow;
pub mod percent;

#[cfg(test)]
mod sample;

use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use completeness::{Completeness, LastContact};

use crate::clock::Day;
use crate::dossier::Dossier;
use crate::ids::DocumentId;
use crate::record::Lang;
use crate::register::Register;

/// Everything a report looks at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The dossiers that can be read here.
    pub dossiers: &'a [(DocumentId, Arc<Dossier>)],
    /// The region's register.
    pub register: &'a Register,
    /// The day on which the report must be true.
    pub as_of: Day,
    /// The day whose knowledge it is: what was recorded later was not seen.
    pub known_on: Day,
    /// Language of labels and remarks.
    pub lang: Lang,
    /// What could be seen, and what not.
    pub completeness: &'a Completeness,
}

impl<'a> View<'a> {
    /// The dossiers in the order of their persons: two dossiers of one trainee stand beside each other, so that a pass
    /// counts persons without remembering them.
    fn people(&self) -> Vec<(&'a [u8; 16], &'a Dossier)> {
        let mut people: Vec<_> = self
            .dossiers
            .iter()
            .map(|(document, dossier)| {
                (dossier.trainee.id.as_ref().map_or(document.as_bytes(), |trainee| trainee.as_bytes()), dossier.as_ref())
            })
            .collect();
        people.sort_by_key(|(person, _)| *person);
        people
    }

    fn head(&self, definition: String, remarks: Vec<Remark>) -> Head {
        Head {
            definition,
            as_of: self.as_of,
            known_on: self.known_on,
            completeness: Completeness { dossiers: self.dossiers.len() as u64, ..self.completeness.clone() },
            remarks: Remarks { list: remarks, lang: self.lang },
        }
    }
}

/// What every report says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Head {
    /// What is counted, and how.
    pub definition: String,
    /// True on this day.
    pub as_of: Day,
    /// As known on this day.
    pub known_on: Day,
    /// How complete it is.
    pub completeness: Completeness,
    /// What a reader should know of these figures in particular.
    pub remarks: Remarks,
}

impl Head {
    fn notes(&self, definition: String, lang: Lang) -> Vec<String> {
        let day = match lang {
            Lang::Nl => format!("Stand op {}, zoals bekend op {}.", self.as_of, self.known_on),
            Lang::En => format!("As of {}, as known on {}.", self.as_of, self.known_on),
        };
        let mut notes = vec![definition, day];
        notes.extend(self.completeness.sentences(lang));
        notes.extend(self.remarks.list.iter().map(|remark| remark.text(lang)));
        notes
    }
}

/// The remarks of a report; texts in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Remarks {
    /// In the order in which they were found.
    pub list: Vec<Remark>,
    lang: Lang,
}

impl Serialize for Remarks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.list.iter().map(|remark| remark.text(self.lang)))
    }
}

/// Something a reader should know before believing a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Pupils who left without a destination; they are not in the table.
    LeftWithoutDestination(u64),
    /// Pupils who left a school of unknown type; they are not in a table of one type.
    LeftWithoutSchoolType(u64),
    /// Placed is not added up: the parts of this programme (or all rows) mean different things by it.
    MixedDefinitions(Option<String>),
    /// Programmes without a success definition were counted as paid work.
    AssumedDefinition(Vec<String>),
    /// Programmes that trajectories name and the register lacks.
    Unlisted(Vec<String>),
    /// Trajectories without a programme.
    WithoutProgramme(u64),
    /// Parts of an umbrella programme for which there are no figures.
    WithoutFigures(String, Vec<String>),
    /// Trainings that were completed without an end date, and so cannot be counted in a period.
    CompletedWithoutEnd(u64),
    /// A target cannot be judged: its programme has no first day.
    NoFirstDay(String),
    /// A person may stand in more than one row.
    RowsOverlap,
    /// Headcounts are normally those of 1 October (V24).
    NotFirstOfOctober(Day),
    /// Open trajectories without a primary coach.
    WithoutCoach(u64),
    /// Dossiers with more than one primary coach on one day (V06).
    SeveralCoaches(u64),
}

impl Remark {
    /// For a person to read.
    pub fn text(&self, lang: Lang) -> String {
        let nl = lang == Lang::Nl;
        match self {
            Remark::LeftWithoutDestination(count) if nl => {
                format!("{count} uitgestroomd zonder bestemming: niet meegeteld. Vul de bestemming aan met veldboek outflow set.")
            }
            Remark::LeftWithoutDestination(count) => {
                format!("{count} left without a destination: not counted. Complete them with veldboek outflow set.")
            }
            Remark::LeftWithoutSchoolType(count) if nl => format!("{count} uitgestroomd van een school zonder schoolsoort."),
            Remark::LeftWithoutSchoolType(count) => format!("{count} left a school without a school type."),
            Remark::MixedDefinitions(Some(name)) if nl => {
                format!("{name}: geen totaal geplaatst, want de onderdelen verstaan er verschillende dingen onder.")
            }
            Remark::MixedDefinitions(Some(name)) => {
                format!("{name}: no total of placed, because its parts define it differently.")
            }
            Remark::MixedDefinitions(None) if nl => {
                "Geplaatst telt hier per programma iets anders; kies één programma met --programme.".to_owned()
            }
            Remark::MixedDefinitions(None) => {
                "Placed means different things per programme here; choose one programme with --programme.".to_owned()
            }
            Remark::AssumedDefinition(names) if nl => {
                format!("Zonder succesdefinitie, geteld als betaald werk: {}.", names.join(", "))
            }
            Remark::AssumedDefinition(names) => {
                format!("Without a success definition, counted as paid work: {}.", names.join(", "))
            }
            Remark::Unlisted(names) if nl => format!("Niet in het register: {}.", names.join(", ")),
            Remark::Unlisted(names) => format!("Not in the register: {}.", names.join(", ")),
            Remark::WithoutProgramme(count) if nl => format!("{count} trajecten zonder programma."),
            Remark::WithoutProgramme(count) => format!("{count} trajectories without a programme."),
            Remark::WithoutFigures(name, parts) if nl => format!("{name}: geen cijfers van {}.", parts.join(", ")),
            Remark::WithoutFigures(name, parts) => format!("{name}: no figures of {}.", parts.join(", ")),
            Remark::CompletedWithoutEnd(count) if nl => format!("{count} afgeronde scholingen zonder einddatum: niet meegeteld."),
            Remark::CompletedWithoutEnd(count) => format!("{count} completed trainings without an end date: not counted."),
            Remark::NoFirstDay(name) if nl => {
                format!("{name}: niet te zeggen of het op koers ligt, want de begindatum ontbreekt.")
            }
            Remark::NoFirstDay(name) => format!("{name}: its pace cannot be judged, because its first day is missing."),
            Remark::RowsOverlap if nl => "Een traject kan in meer dan één rij staan.".to_owned(),
            Remark::RowsOverlap => "A trajectory may stand in more than one row.".to_owned(),
            Remark::NotFirstOfOctober(day) if nl => {
                format!("Peildatum {day} is niet 1 oktober; klopt dat volgens de financier?")
            }
            Remark::NotFirstOfOctober(day) => format!("Reference date {day} is not 1 October; does the funder say so?"),
            Remark::WithoutCoach(count) if nl => format!("{count} lopende trajecten zonder eerste coach."),
            Remark::WithoutCoach(count) => format!("{count} open trajectories without a primary coach."),
            Remark::SeveralCoaches(count) if nl => {
                format!(
                    "{count} dossiers met meer dan één eerste coach: geteld bij wie het laatst begon. Kies met veldboek conflicts."
                )
            }
            Remark::SeveralCoaches(count) => {
                format!(
                    "{count} dossiers with more than one primary coach: counted for who began last. Choose with veldboek conflicts."
                )
            }
        }
    }
}

/// One column's heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// What stands above the column.
    pub text: String,
    /// Numbers are aligned right.
    pub numeric: bool,
}

/// A report as a table for people; how it is drawn is the caller's business.
pub trait Tabular {
    /// What stands above the table.
    fn title(&self, lang: Lang) -> String;
    /// One per column.
    fn headings(&self, lang: Lang) -> Vec<Heading>;
    /// The cells, as many per row as there are headings.
    fn rows(&self, lang: Lang) -> Vec<Vec<String>>;
    /// What stands below the table: definition, day, completeness, remarks.
    fn notes(&self, lang: Lang) -> Vec<String>;
}

/// Headings from (Dutch, English, numeric).
fn headings(lang: Lang, columns: &[(&str, &str, bool)]) -> Vec<Heading> {
    columns
        .iter()
        .map(|&(nl, en, numeric)| Heading { text: if lang == Lang::Nl { nl } else { en }.to_owned(), numeric })
        .collect()
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Why a report cannot be made. Each message says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Neither the register nor a trajectory knows the programme.
    #[error("programme '{0}' is not in the register and no trajectory names it; `veldboek programme list` shows the codes")]
    UnknownProgramme(String),
    /// Neither the register nor an enrolment knows the school.
    #[error("school '{0}' is not in the register and no enrolment names it; `veldboek school list` shows the codes")]
    UnknownSchool(String),
    /// The first day comes after the last.
    #[error("the period runs from {0} to {1}: the first day comes after the last; swap them")]
    EmptyPeriod(Day, Day),
    /// The budget cannot be divided.
    #[error(transparent)]
    Budget(#[from] budget::BudgetError),
}

impl ReportError {
    /// For a person to read: what is the matter and, after a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::UnknownProgramme(text)) => format!(
                "programma '{text}' staat niet in het register en geen traject noemt het; `veldboek programme list` toont de codes"
            ),
            (Lang::Nl, Self::UnknownSchool(text)) => format!(
                "school '{text}' staat niet in het register en geen inschrijving noemt haar; `veldboek school list` toont de codes"
            ),
            (Lang::Nl, Self::EmptyPeriod(from, to)) => {
                format!("de periode loopt van {from} tot en met {to}: de eerste dag komt na de laatste; wissel ze om")
            }
            (Lang::Nl, Self::Budget(error)) => error.message(lang),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_texts_in_json_in_the_language_of_the_view() {
        let remarks = Remarks { list: vec![Remark::WithoutProgramme(2)], lang: Lang::Nl };
        assert_eq!(serde_json::to_string(&remarks).unwrap(), r#"["2 trajecten zonder programma."]"#);
    }
}
