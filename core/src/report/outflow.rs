//! Outflow of schools (R2): where the pupils went who left in a school year.
//!
//! A pupil who left twice in one year counts once, with the latest leaving; the type and the school are those of that
//! enrolment, so that the tables of types and of schools add up to the region.

use serde::Serialize;

use super::facts::{Lookup, folded};
use super::percent::{percent, rate, shown, shown_or_dash};
use super::{Head, Heading, Remark, ReportError, Tabular, View, headings};
use crate::clock::{Day, SchoolYear};
use crate::codes::{OutflowDestination, SchoolType, Success};
use crate::dossier::Dossier;
use crate::outflow::Enrolment;
use crate::record::{Code, Lang};

/// What to count.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Left in this school year, 1 August to 31 July.
    pub school_year: SchoolYear,
    /// Left this type of school.
    pub school_type: Option<SchoolType>,
    /// Left this school: its code or name.
    pub school: Option<String>,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outflow {
    /// What the report says of itself.
    #[serde(flatten)]
    pub head: Head,
    /// Of this type of school only.
    pub school_type: Option<SchoolType>,
    /// Its label.
    pub school_type_label: Option<&'static str>,
    /// `2016-2017`.
    pub school_year: String,
    /// The year before, for comparison.
    pub previous_school_year: String,
    /// Of this school only: its code, or its name when the register lacks it.
    pub school: Option<String>,
    /// One per destination.
    pub rows: Vec<Row>,
    /// Everyone who left.
    pub total: Total,
    /// Success / (success + not success); excluded destinations left out.
    pub success_rate: Option<String>,
    /// The same in the year before.
    pub previous_year_success_rate: Option<String>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its code.
    pub destination: OutflowDestination,
    /// Its label.
    pub label: &'static str,
    /// Persons.
    pub count: u64,
    /// Of everyone who left.
    pub percent: String,
    /// Persons in the year before.
    pub previous_year_count: u64,
    /// Of everyone who left then.
    pub previous_year_percent: String,
}

/// Everyone who left. The percentage is printed, not summed: rounded cells need not add up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Total {
    /// Persons.
    pub count: u64,
    /// `100.00`, unless nobody left.
    pub percent: String,
    /// Persons in the year before.
    pub previous_year_count: u64,
    /// `100.00`, unless nobody left then.
    pub previous_year_percent: String,
}

/// One school year as it is counted.
#[derive(Default, Clone, Copy)]
struct Year {
    counts: [u64; OutflowDestination::ALL.len()],
}

impl Year {
    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn success_rate(&self) -> Option<String> {
        let of = |wanted| {
            let with = OutflowDestination::ALL.iter().zip(&self.counts).filter(|(code, _)| code.success() == wanted);
            with.map(|(_, count)| count).sum::<u64>()
        };
        let success = of(Success::Yes);
        rate(success, success + of(Success::No))
    }
}

/// Counts who left.
///
/// # Errors
/// When nothing in register or dossiers is called like the school.
pub fn report(view: &View<'_>, parameters: &Parameters) -> Result<Outflow, ReportError> {
    let schools = Lookup::new(view.register.schools.iter().map(|(code, school)| (code, school.name.as_ref())));
    let named = |text: &str| schools.find(text).map_or_else(|| folded(text), str::to_owned);
    let wanted = parameters.school.as_deref().map(named);
    let mut known = parameters.school.as_deref().is_none_or(|school| schools.find(school).is_some());
    let periods = [parameters.school_year.period(), parameters.school_year.previous().period()];
    let mut years = [Year::default(); 2];
    let (mut without_destination, mut without_type) = (0, 0);

    for group in view.people().chunk_by(|one, other| one.0 == other.0) {
        for (index, period) in periods.iter().enumerate() {
            let Some(enrolment) = latest_left(group, |day| period.contains(day) && day <= view.as_of) else { continue };
            if let Some(wanted) = &wanted {
                let theirs = enrolment.school.as_deref().map(named);
                if theirs.as_ref() != Some(wanted) {
                    continue;
                }
                known = true;
            }
            let listed = || view.register.schools.get(schools.find(enrolment.school.as_deref()?)?)?.school_type;
            let school_type = enrolment.school_type.or_else(listed);
            if parameters.school_type.is_some() && parameters.school_type != school_type {
                without_type += u64::from(index == 0 && school_type.is_none());
                continue;
            }
            match enrolment.destination {
                Some(destination) => years[index].counts[position(destination)] += 1,
                None => without_destination += u64::from(index == 0),
            }
        }
    }
    if let (Some(school), false) = (&parameters.school, known || names(view, &named, wanted.as_deref())) {
        return Err(ReportError::UnknownSchool(school.clone()));
    }

    let mut remarks = Vec::new();
    if without_destination > 0 {
        remarks.push(Remark::LeftWithoutDestination(without_destination));
    }
    if without_type > 0 {
        remarks.push(Remark::LeftWithoutSchoolType(without_type));
    }
    let [year, previous] = years;
    let (total, previous_total) = (year.total(), previous.total());
    let rows = OutflowDestination::ALL
        .iter()
        .enumerate()
        .filter(|(index, destination)| destination.in_published_tables() || year.counts[*index] + previous.counts[*index] > 0)
        .map(|(index, destination)| Row {
            destination: *destination,
            label: destination.label(view.lang),
            count: year.counts[index],
            percent: percent(year.counts[index], total),
            previous_year_count: previous.counts[index],
            previous_year_percent: percent(previous.counts[index], previous_total),
        })
        .collect();
    Ok(Outflow {
        head: view.head(definition(view.lang), remarks),
        school_type: parameters.school_type,
        school_type_label: parameters.school_type.map(|school_type| school_type.label(view.lang)),
        school_year: parameters.school_year.to_string(),
        previous_school_year: parameters.school_year.previous().to_string(),
        school: parameters.school.as_deref().map(|school| schools.find(school).unwrap_or(school).to_owned()),
        rows,
        total: Total {
            count: total,
            percent: percent(total, total),
            previous_year_count: previous_total,
            previous_year_percent: percent(previous_total, previous_total),
        },
        success_rate: year.success_rate(),
        previous_year_success_rate: previous.success_rate(),
    })
}

/// The latest enrolment that ended on such a day. On one day the one that began later wins, then the newer record.
fn latest_left<'a>(group: &[(&[u8; 16], &'a Dossier)], on: impl Fn(Day) -> bool) -> Option<&'a Enrolment> {
    group
        .iter()
        .flat_map(|(_, dossier)| &dossier.enrolments)
        .filter_map(|(id, enrolment)| Some((enrolment.left_on.filter(|day| on(*day))?, enrolment.from, *id, enrolment)))
        .max_by_key(|&(left_on, from, id, _)| (left_on, from, id))
        .map(|(.., enrolment)| enrolment)
}

/// Whether any enrolment at all is of this school: then a year without leavers is a fact and not a typing error.
fn names(view: &View<'_>, named: &impl Fn(&str) -> String, wanted: Option<&str>) -> bool {
    let mut schools = view.dossiers.iter().flat_map(|(_, dossier)| dossier.enrolments.values());
    schools.any(|enrolment| enrolment.school.as_deref().map(named).as_deref() == wanted)
}

fn position(destination: OutflowDestination) -> usize {
    destination as usize
}

fn definition(lang: Lang) -> String {
    match lang {
        Lang::Nl => "Uitstroom: schoolinschrijvingen die in het schooljaar (1 augustus t/m 31 juli) eindigden, naar bestemming; \
                     wie meer dan eens uitstroomde telt één keer, met de laatste. Succesvol: geslaagd / (geslaagd + niet \
                     geslaagd); andere school voor pro of vso, verhuisd naar het buitenland en overig tellen daarin niet mee."
            .to_owned(),
        Lang::En => "Outflow: school enrolments that ended in the school year (1 August to 31 July), by destination; who left \
                     more than once counts once, with the latest. Success rate: success / (success + not success); another \
                     pro or vso school, moved abroad and other are left out of it."
            .to_owned(),
    }
}

impl Tabular for Outflow {
    fn title(&self, lang: Lang) -> String {
        let mut title = match lang {
            Lang::Nl => format!("Uitstroom {}", self.school_year),
            Lang::En => format!("Outflow {}", self.school_year),
        };
        for part in [self.school_type.map(|school_type| school_type.label(lang)), self.school.as_deref()].into_iter().flatten() {
            title.push_str(", ");
            title.push_str(part);
        }
        title
    }

    fn headings(&self, lang: Lang) -> Vec<Heading> {
        let mut columns = headings(
            lang,
            &[("Bestemming", "Destination", false), ("Aantal", "Count", true), ("%", "%", true), ("", "", true), ("", "", true)],
        );
        columns[3].text.clone_from(&self.previous_school_year);
        columns[4].text = format!("% {}", self.previous_school_year);
        columns
    }

    fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let line = |label: &str, count: u64, percent: &str, previous: u64, previous_percent: &str| {
            let (count, previous) = (count.to_string(), previous.to_string());
            vec![label.to_owned(), count, shown(percent, lang), previous, shown(previous_percent, lang)]
        };
        let mut rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                let label = row.destination.label(lang);
                line(label, row.count, &row.percent, row.previous_year_count, &row.previous_year_percent)
            })
            .collect();
        let total = &self.total;
        let label = if lang == Lang::Nl { "Totaal" } else { "Total" };
        rows.push(line(label, total.count, &total.percent, total.previous_year_count, &total.previous_year_percent));
        rows
    }

    fn notes(&self, lang: Lang) -> Vec<String> {
        let (now, before) =
            (shown_or_dash(self.success_rate.as_ref(), lang), shown_or_dash(self.previous_year_success_rate.as_ref(), lang));
        let success = match lang {
            Lang::Nl => format!("Succesvolle plaatsing: {now}% ({}: {before}%).", self.previous_school_year),
            Lang::En => format!("Success rate: {now}% ({}: {before}%).", self.previous_school_year),
        };
        let mut notes = vec![success];
        notes.extend(self.head.notes(definition(lang), lang));
        notes
    }
}

#[cfg(test)]
mod tests;
