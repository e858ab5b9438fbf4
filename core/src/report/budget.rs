//! Budget allocation (R8): a funder's amount over schools by headcount on a reference date.
//!
//! Each share is rounded half-up to whole euros; what is then too much or too little goes to the school with the
//! largest headcount, of equal ones the first listed. Largest-remainder would be fairer and does not give the published
//! figures.

use serde::Serialize;

use super::facts::Lookup;
use super::percent::{decimal, euros, percent, shown};
use super::{Head, Heading, Remark, ReportError, Tabular, View, headings, or_dash};
use crate::clock::Day;
use crate::codes::SchoolType;
use crate::organisation::School;
use crate::record::{Code, Lang};

/// What to divide.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Code (or name) of the funding source.
    pub funding: String,
    /// The day of the headcounts.
    pub reference_date: Day,
    /// The day on which the amount must be in force; without it: whatever its period is, as for next year's budget.
    pub in_force_on: Option<Day>,
}

/// Why the amount cannot be divided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// The register lacks the funding source.
    #[error("funding source '{0}' is not in the register; `veldboek funding list` shows the codes")]
    UnknownFunding(String),
    /// Its period does not hold the day that was asked for.
    #[error(
        "funding source '{funding}' is in force {}, so it has no amount on {day}; choose a day of that period for --as-of, or correct \
         its period with `veldboek funding edit {funding}`",
        period(*from, *to, Lang::En)
    )]
    NotInForce {
        /// The funding source.
        funding: String,
        /// Its first day.
        from: Option<Day>,
        /// Its last day.
        to: Option<Day>,
        /// The day that was asked for.
        day: Day,
    },
    /// The headcounts are of a day that has yet to come.
    #[error(
        "the reference date {reference_date} comes after {as_of}, the day on which the report must be true; choose an earlier \
         --reference-date or a later --as-of"
    )]
    NotCountedYet {
        /// The day of the headcounts.
        reference_date: Day,
        /// The day of the report.
        as_of: Day,
    },
    /// It has no amount.
    #[error("funding source '{0}' has no amount above 0; set it with `veldboek funding edit {0} --amount-cents N`")]
    NoAmount(String),
    /// Nobody shares in it.
    #[error("funding source '{0}' names no schools; name those that share it with `veldboek funding edit {0} --schools A|B`")]
    NoSchools(String),
    /// It names schools that the register lacks.
    #[error("not in the register: {}; add them with `veldboek school add`, or correct funding source '{funding}'", schools.join(", "))]
    UnknownSchools {
        /// The funding source.
        funding: String,
        /// The names that were not found.
        schools: Vec<String>,
    },
    /// A school is named twice and would be paid twice.
    #[error(
        "funding source '{funding}' names school '{school}' twice; remove one with `veldboek funding edit {funding} --schools A|B`"
    )]
    SchoolTwice {
        /// The funding source.
        funding: String,
        /// Code of the school.
        school: String,
    },
    /// Schools without a headcount on that day.
    #[error(
        "no headcount on {date} for: {}; add it with `veldboek school edit CODE --headcount {date}=N` or `veldboek import register FILE`, or choose \
         another --reference-date",
        schools.join(", ")
    )]
    MissingHeadcount {
        /// The reference date.
        date: Day,
        /// Codes of the schools.
        schools: Vec<String>,
    },
    /// A headcount below zero.
    #[error(
        "school '{school}' has {count} pupils on {date}, which cannot be; correct it with `veldboek school edit {school} --headcount {date}=N`"
    )]
    NegativeHeadcount {
        /// Code of the school.
        school: String,
        /// The reference date.
        date: Day,
        /// What the register says.
        count: i64,
    },
    /// All schools are empty.
    #[error("none of the schools had a pupil on {0}, so there is no key to divide by; choose another --reference-date")]
    NobodyThere(Day),
    /// The amount is beyond any budget.
    #[error(
        "the amount of funding source '{0}' is too large to divide; correct it with `veldboek funding edit {0} --amount-cents N`"
    )]
    TooLarge(String),
}

impl BudgetError {
    /// For a person to read: what is the matter and, after a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, error) => error.to_string(),
            (Lang::Nl, Self::UnknownFunding(code)) => {
                format!("financiering '{code}' staat niet in het register; `veldboek funding list` toont de codes")
            }
            (Lang::Nl, Self::NotInForce { funding, from, to, day }) => format!(
                "financiering '{funding}' loopt {}, en heeft dus geen bedrag op {day}; kies voor --as-of een dag in die periode, of \
                 verbeter de periode met `veldboek funding edit {funding}`",
                period(*from, *to, Lang::Nl)
            ),
            (Lang::Nl, Self::NotCountedYet { reference_date, as_of }) => format!(
                "de teldatum {reference_date} ligt na {as_of}, de dag waarop het rapport moet kloppen; kies een eerdere \
                 --reference-date of een latere --as-of"
            ),
            (Lang::Nl, Self::NoAmount(code)) => {
                format!(
                    "financiering '{code}' heeft geen bedrag boven 0; vul het in met `veldboek funding edit {code} --amount-cents N`"
                )
            }
            (Lang::Nl, Self::NoSchools(code)) => format!(
                "financiering '{code}' noemt geen scholen; noem wie erin delen met `veldboek funding edit {code} --schools A|B`"
            ),
            (Lang::Nl, Self::UnknownSchools { funding, schools }) => format!(
                "niet in het register: {}; voeg ze toe met `veldboek school add`, of verbeter financiering '{funding}'",
                schools.join(", ")
            ),
            (Lang::Nl, Self::SchoolTwice { funding, school }) => format!(
                "financiering '{funding}' noemt school '{school}' twee keer; haal er een weg met `veldboek funding edit {funding} \
                 --schools A|B`"
            ),
            (Lang::Nl, Self::MissingHeadcount { date, schools }) => format!(
                "geen leerlingaantal op {date} van: {}; vul het aan met `veldboek school edit CODE --headcount {date}=N` of \
                 `veldboek import register FILE`, of kies een andere --reference-date",
                schools.join(", ")
            ),
            (Lang::Nl, Self::NegativeHeadcount { school, date, count }) => format!(
                "school '{school}' heeft {count} leerlingen op {date}, en dat kan niet; verbeter het met `veldboek school edit \
                 {school} --headcount {date}=N`"
            ),
            (Lang::Nl, Self::NobodyThere(date)) => format!(
                "geen van de scholen had een leerling op {date}, dus er is niets om naar te verdelen; kies een andere --reference-date"
            ),
            (Lang::Nl, Self::TooLarge(code)) => format!(
                "het bedrag van financiering '{code}' is te groot om te verdelen; verbeter het met `veldboek funding edit {code} \
                 --amount-cents N`"
            ),
        }
    }
}

/// A period that may be open on either side, in words.
fn period(from: Option<Day>, to: Option<Day>, lang: Lang) -> String {
    let (since, until) = if lang == Lang::Nl { ("vanaf", "tot en met") } else { ("from", "up to and including") };
    let parts = [from.map(|day| format!("{since} {day}")), to.map(|day| format!("{until} {day}"))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Budget {
    /// What the report says of itself.
    #[serde(flatten)]
    pub head: Head,
    /// Code of the funding source.
    pub funding: String,
    /// Its name.
    pub funding_name: Option<String>,
    /// The day of the headcounts.
    pub reference_date: Day,
    /// One per school, in the order of the funding source.
    pub rows: Vec<Row>,
    /// Pupils of all schools.
    pub total_headcount: u64,
    /// The amount; the rows add up to it (V23).
    pub total_cents: i64,
    /// What rounding left, and the largest school took.
    pub residual_cents: i64,
}

/// One school.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its place in the table, from 1.
    pub nr: usize,
    /// Its name, as in the table that directors know; its code when it has none.
    pub school: String,
    /// Its code.
    pub school_code: String,
    /// Its type.
    #[serde(rename = "type")]
    pub school_type: Option<SchoolType>,
    /// The type's label.
    pub type_label: Option<&'static str>,
    /// Cluster of a vso school.
    pub cluster: Option<i64>,
    /// Pupils on the reference date.
    pub headcount: u64,
    /// Of all pupils.
    pub share_percent: String,
    /// The share in euros before rounding, to four decimals.
    pub exact_share: String,
    /// What it gets.
    pub allocated_cents: i64,
    /// Whether it took what rounding left.
    pub residual: bool,
}

/// Divides the amount.
///
/// # Errors
/// [`BudgetError`] says what the register lacks.
pub fn report(view: &View<'_>, parameters: &Parameters) -> Result<Budget, ReportError> {
    let sources = Lookup::new(view.register.funding.iter().map(|(code, source)| (code, source.name.as_ref())));
    let found = sources.find(&parameters.funding).and_then(|code| Some((code, view.register.funding.get(code)?)));
    let (funding, source) = found.ok_or_else(|| BudgetError::UnknownFunding(parameters.funding.clone()))?;
    let funding = funding.to_owned();
    if parameters.reference_date > view.as_of {
        return Err(BudgetError::NotCountedYet { reference_date: parameters.reference_date, as_of: view.as_of }.into());
    }
    let (from, to) = (source.from, source.to);
    let misses = |day: Day| from.is_some_and(|from| day < from) || to.is_some_and(|to| to < day);
    if let Some(day) = parameters.in_force_on.filter(|day| misses(*day)) {
        return Err(BudgetError::NotInForce { funding, from, to, day }.into());
    }
    let amount = source.amount_cents.filter(|cents| *cents > 0).ok_or_else(|| BudgetError::NoAmount(funding.clone()))?;
    let schools = schools_of(view, &funding, source.schools.as_deref().unwrap_or_default())?;
    let headcounts = headcounts(&schools, parameters.reference_date)?;
    let shares = allocate(amount, &headcounts).ok_or_else(|| BudgetError::TooLarge(funding.clone()))?;
    let total: u64 = headcounts.iter().sum();

    let rows = schools
        .iter()
        .zip(&headcounts)
        .zip(&shares.cents)
        .enumerate()
        .map(|(index, (((code, school), headcount), cents))| Row {
            nr: index + 1,
            school: school.name.clone().unwrap_or_else(|| (*code).to_owned()),
            school_code: (*code).to_owned(),
            school_type: school.school_type,
            type_label: school.school_type.map(|school_type| school_type.label(view.lang)),
            cluster: school.cluster,
            headcount: *headcount,
            share_percent: percent(*headcount, total),
            exact_share: decimal(i128::from(amount) * i128::from(*headcount), 100 * i128::from(total), 4),
            allocated_cents: *cents,
            residual: shares.residual != 0 && index == shares.largest,
        })
        .collect();
    let date = parameters.reference_date.date();
    let usual = date.month() == 10 && date.day() == 1;
    let remarks = if usual { Vec::new() } else { vec![Remark::NotFirstOfOctober(parameters.reference_date)] };
    Ok(Budget {
        head: view.head(definition(view.lang), remarks),
        funding_name: source.name.clone(),
        funding,
        reference_date: parameters.reference_date,
        rows,
        total_headcount: total,
        total_cents: amount,
        residual_cents: shares.residual,
    })
}

fn schools_of<'a>(view: &View<'a>, funding: &str, listed: &str) -> Result<Vec<(&'a str, &'a School)>, BudgetError> {
    let lookup = Lookup::new(view.register.schools.iter().map(|(code, school)| (code, school.name.as_ref())));
    let (mut schools, mut unknown) = (Vec::new(), Vec::new());
    for text in listed.split('|').map(str::trim).filter(|text| !text.is_empty()) {
        match lookup.find(text).and_then(|code| Some((code, view.register.schools.get(code)?))) {
            Some((code, _)) if schools.iter().any(|(known, _)| *known == code) => {
                return Err(BudgetError::SchoolTwice { funding: funding.to_owned(), school: code.to_owned() });
            }
            Some(found) => schools.push(found),
            None => unknown.push(text.to_owned()),
        }
    }
    match (unknown.is_empty(), schools.is_empty()) {
        (false, _) => Err(BudgetError::UnknownSchools { funding: funding.to_owned(), schools: unknown }),
        (true, true) => Err(BudgetError::NoSchools(funding.to_owned())),
        (true, false) => Ok(schools),
    }
}

fn headcounts(schools: &[(&str, &School)], date: Day) -> Result<Vec<u64>, BudgetError> {
    let (mut counts, mut missing) = (Vec::new(), Vec::new());
    for (code, school) in schools {
        match school.headcounts.get(&date) {
            None => missing.push((*code).to_owned()),
            Some(&count) => counts.push(u64::try_from(count).map_err(|_| BudgetError::NegativeHeadcount {
                school: (*code).to_owned(),
                date,
                count,
            })?),
        }
    }
    if !missing.is_empty() {
        return Err(BudgetError::MissingHeadcount { date, schools: missing });
    }
    if counts.iter().all(|count| *count == 0) {
        return Err(BudgetError::NobodyThere(date));
    }
    Ok(counts)
}

struct Shares {
    cents: Vec<i64>,
    residual: i64,
    largest: usize,
}

/// Whole euros half-up, the residual on the first of the largest. `None` when a share leaves the range of cents.
fn allocate(amount_cents: i64, headcounts: &[u64]) -> Option<Shares> {
    let amount = i128::from(amount_cents);
    let total: i128 = headcounts.iter().map(|count| i128::from(*count)).sum();
    let mut cents = Vec::with_capacity(headcounts.len());
    for count in headcounts {
        let twice = amount.checked_mul(i128::from(*count))?.checked_mul(2)?;
        cents.push(i64::try_from((twice + 100 * total) / (200 * total) * 100).ok()?);
    }
    let residual = i64::try_from(amount - cents.iter().map(|share| i128::from(*share)).sum::<i128>()).ok()?;
    let largest = headcounts.iter().enumerate().rev().max_by_key(|(_, count)| **count)?.0;
    cents[largest] = cents[largest].checked_add(residual)?;
    Some(Shares { cents, residual, largest })
}

fn definition(lang: Lang) -> String {
    match lang {
        Lang::Nl => {
            "Verdeling naar leerlingaantal op de peildatum: elk deel rekenkundig afgerond op hele euro's; het verschil met \
                     het bedrag komt bij de school met de meeste leerlingen (bij gelijke aantallen de eerste)."
                .to_owned()
        }
        Lang::En => "Divided by headcount on the reference date: each share rounded half-up to whole euros; the difference with \
                     the amount goes to the school with most pupils (of equal ones the first)."
            .to_owned(),
    }
}

impl Tabular for Budget {
    fn title(&self, lang: Lang) -> String {
        let name = self.funding_name.as_ref().unwrap_or(&self.funding);
        match lang {
            Lang::Nl => format!("Verdeling {name}, peildatum {}", self.reference_date),
            Lang::En => format!("Allocation of {name}, reference date {}", self.reference_date),
        }
    }

    fn headings(&self, lang: Lang) -> Vec<Heading> {
        headings(
            lang,
            &[
                ("Nr", "No", true),
                ("School", "School", false),
                ("Soort", "Type", false),
                ("Leerlingen", "Pupils", true),
                ("%", "%", true),
                ("Exact deel (€)", "Exact share (€)", true),
                ("Toegekend (€)", "Allocated (€)", true),
                ("Restant (€)", "Residual (€)", true),
            ],
        )
    }

    fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                let kind = [row.school_type.map(|kind| kind.code().to_owned()), row.cluster.map(|cluster| cluster.to_string())];
                vec![
                    row.nr.to_string(),
                    row.school.clone(),
                    or_dash(kind.into_iter().flatten().reduce(|kind, cluster| format!("{kind} {cluster}"))),
                    row.headcount.to_string(),
                    shown(&row.share_percent, lang),
                    shown(&row.exact_share, lang),
                    euros(row.allocated_cents, lang),
                    if row.residual { euros(self.residual_cents, lang) } else { String::new() },
                ]
            })
            .collect();
        let total = euros(self.total_cents, lang);
        rows.push(vec![
            String::new(),
            if lang == Lang::Nl { "Totaal" } else { "Total" }.to_owned(),
            String::new(),
            self.total_headcount.to_string(),
            shown("100.00", lang),
            shown(&decimal(i128::from(self.total_cents), 100, 4), lang),
            total,
            String::new(),
        ]);
        rows
    }

    fn notes(&self, lang: Lang) -> Vec<String> {
        self.head.notes(definition(lang), lang)
    }
}

#[cfg(test)]
mod tests;
