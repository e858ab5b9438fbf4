//! Reports: the core counts, this hands it what it looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use veldboek_core::clock::{Day, LocalTime, Period, Timestamp};
use veldboek_core::field_book::DossierView;
use veldboek_core::record::Lang;
use veldboek_core::register::Register;
use veldboek_core::report::{Completeness, LastContact, ReportError, Tabular, View, budget, caseload, funnel, monitor, outflow};

use super::book::Book;
use super::contacts;
use super::context::Context;
use crate::args::*;
use crate::clock;
use crate::message::{Problem, Text, halves, text};
use crate::render::{Output, Table};

/// A device that was heard of within this many days is current.
const CURRENT_DAYS: i64 = 7;

/// `report`
pub(super) fn report(context: &Context<'_>, book: &mut Book, command: ReportCommand) -> Result<Output, Problem> {
    let AsOf { as_of, known_on } = command.as_of();
    let today = book.today();
    let (dossiers, register) = match known_on {
        Some(day) if day > today => return Err(not_known_yet(day, today)),
        Some(day) if day < today => as_known_on(book, day)?,
        _ => (book.inner.dossiers()?, book.inner.register()?),
    };
    let known_on = known_on.unwrap_or(today);
    let completeness = completeness(book, &dossiers)?;
    let view = View {
        dossiers: &dossiers,
        register: &register,
        as_of: as_of.unwrap_or(known_on),
        known_on,
        lang: context.lang,
        completeness: &completeness,
    };
    match command {
        ReportCommand::Outflow(one) => {
            let parameters =
                outflow::Parameters { school_year: one.school_year, school_type: Some(one.school_type), school: None };
            Ok(output(&outflow::report(&view, &parameters)?, context.lang))
        }
        ReportCommand::Monitor(one) => {
            let parameters = monitor::Parameters { period: Period { from: one.from, to: one.to }, programme: one.programme };
            Ok(output(&monitor::report(&view, &parameters)?, context.lang))
        }
        ReportCommand::Funnel(one) => {
            let by = one.by.map(|by| match by {
                FunnelBy::TargetGroup => funnel::By::TargetGroup,
                FunnelBy::GoalDirection => funnel::By::GoalDirection,
                FunnelBy::Sector => funnel::By::Sector,
            });
            let cohort = Period { from: one.cohort_from, to: one.cohort_to };
            let parameters = funnel::Parameters { cohort, by, programme: one.programme };
            Ok(output(&funnel::report(&view, &parameters)?, context.lang))
        }
        ReportCommand::Budget(one) => {
            let parameters = budget::Parameters { funding: one.funding, reference_date: one.reference_date, in_force_on: as_of };
            Ok(output(&budget::report(&view, &parameters)?, context.lang))
        }
        ReportCommand::Caseload(_) => {
            let parameters = caseload::Parameters { coach: None, contacts: by_coach(book, known_on)? };
            Ok(output(&caseload::report(&view, &parameters), context.lang))
        }
    }
}

/// Dossiers and register as they were known at the end of a day on the wall clock in the Netherlands.
fn as_known_on(book: &mut Book, day: Day) -> Result<(Vec<DossierView>, Arc<Register>), Problem> {
    let midnight = LocalTime::new(day.plus_days(1).date().at(0, 0, 0, 0));
    let end = clock::instant(midnight).unwrap_or(Timestamp::from_millis(i64::MAX));
    Ok((book.inner.dossiers_known_before(end)?, Arc::new(book.inner.register_known_before(end)?)))
}

fn not_known_yet(day: Day, today: Day) -> Problem {
    Problem::Usage(
        text!(
            "wat op {day} bekend zal zijn, weet niemand: het is vandaag {today}",
            "nobody knows what will be known on {day}: today is {today}"
        ),
        text!(
            "kies voor --known-on vandaag of eerder; voor de stand op een dag is er --as-of",
            "choose today or earlier for --known-on; --as-of is for how things stand on a day"
        ),
    )
}

/// A report as data and as a table.
pub(crate) fn output<R: Tabular + Serialize>(report: &R, lang: Lang) -> Output {
    let value = serde_json::to_value(report).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    Output::new(value, table(report, lang))
}

/// A report as a table.
pub(crate) fn table<R: Tabular>(report: &R, lang: Lang) -> Table {
    let headings = report.headings(lang);
    Table {
        title: Some(report.title(lang)),
        numeric: Some(headings.iter().map(|heading| heading.numeric).collect()),
        headings: headings.into_iter().map(|heading| heading.text).collect(),
        rows: report.rows(lang),
        notes: report.notes(lang),
    }
}

/// What was known of the coaches' devices on a day, the own one counted here. Only the latest contact is kept: of a day before
/// it nothing is known.
fn by_coach(book: &mut Book, known_on: Day) -> Result<BTreeMap<String, caseload::Contact>, Problem> {
    let mut contacts: BTreeMap<String, caseload::Contact> = BTreeMap::new();
    for known in contacts::all(book).into_values() {
        let one = contacts.entry(known.person).or_default();
        // Someone with two devices: the latest contact, and what stayed behind on either.
        one.last_sync = one.last_sync.max(Some(known.at));
        one.unsynced_records = Some(one.unsynced_records.unwrap_or(0) + u64::from(known.unsynced));
        one.stated_at = one.stated_at.max(Some(known.at));
    }
    let status = book.inner.status()?;
    if let Some(person) = book.inner.identity().person {
        let own = caseload::Contact {
            last_sync: status.last_sync,
            unsynced_records: Some(status.unsynced as u64),
            stated_at: Some(book.moment.at),
        };
        contacts.insert(person, own);
    }
    contacts.retain(|_, one| one.stated_at.and_then(clock::local).is_none_or(|stated| stated.day() <= known_on));
    Ok(contacts)
}

/// How complete a report made here is: an enrolled coordinator knows of other devices, anyone else of the own one.
pub(crate) fn completeness(book: &mut Book, dossiers: &[DossierView]) -> Result<Completeness, Problem> {
    let status = book.inner.status()?;
    let own = book.inner.identity();
    let mut devices: BTreeMap<String, (String, Option<Timestamp>, u32)> = BTreeMap::new();
    for (device, person) in book.inner.devices() {
        devices.insert(device.to_string(), (person, None, 0));
    }
    for (device, known) in contacts::all(book) {
        if let Some(entry) = devices.get_mut(&device) {
            *entry = (known.person, Some(known.at), known.unsynced);
        }
    }
    if let Some(entry) = devices.get_mut(&own.device.to_string()) {
        let unsynced = u32::try_from(status.unsynced).unwrap_or(u32::MAX);
        *entry = (own.person.clone().unwrap_or_default(), status.last_sync, unsynced);
    }
    let oldest = book.moment.at.plus_millis(-CURRENT_DAYS * 24 * 3_600_000);
    let current = |at: Option<Timestamp>, unsynced: u32| unsynced == 0 && at.is_some_and(|at| at >= oldest);
    let last_contact: Vec<LastContact> = devices
        .values()
        .filter(|(_, at, unsynced)| !current(*at, *unsynced))
        .map(|(person, at, _)| LastContact { coach: person.clone(), at: *at })
        .collect();
    Ok(Completeness {
        dossiers: 0,
        devices_total: devices.len() as u64,
        devices_current: (devices.len() - last_contact.len()) as u64,
        last_contact,
        unsynced_here: status.unsynced as u64,
        conflicts_open: status.conflicts as u64,
        quarantined: status.quarantined as u64,
        rows_to_complete: to_complete(dossiers),
    })
}

/// Dossiers that lack something every trainee has.
fn to_complete(dossiers: &[DossierView]) -> u64 {
    let lacking = dossiers.iter().filter(|(_, dossier)| {
        let trainee = &dossier.trainee;
        trainee.given_name.is_none() || trainee.birth_date.is_none() || trainee.municipality.is_none()
    });
    lacking.count() as u64
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        let ((nl, nl_next), (en, en_next)) = (halves(&error.message(Lang::Nl)), halves(&error.message(Lang::En)));
        Problem::Rule(Text::new(nl, en), Text::new(nl_next, en_next))
    }
}
