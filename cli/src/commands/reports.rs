//! Reports: the core counts, this hands it what it looks at.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use veldboek_core::clock::{Period, Timestamp};
use veldboek_core::record::Lang;
use veldboek_core::report::{Completeness, LastContact, ReportError, Tabular, View, budget, caseload, funnel, monitor, outflow};

use super::book::Book;
use super::contacts;
use super::context::Context;
use crate::args::*;
use crate::message::{Problem, Text};
use crate::render::{Output, Table};

/// A device that was heard of within this many days is current.
const CURRENT_DAYS: i64 = 7;

/// `report`
pub(super) fn report(context: &Context<'_>, book: &mut Book, command: ReportCommand) -> Result<Output, Problem> {
    let today = book.today();
    let dossiers = book.inner.dossiers()?;
    let register = book.inner.register()?;
    let completeness = completeness(book)?;
    let as_of = match &command {
        ReportCommand::Outflow(one) => one.as_of.as_of,
        ReportCommand::Monitor(one) => one.as_of.as_of,
        ReportCommand::Funnel(one) => one.as_of.as_of,
        ReportCommand::Caseload(one) => one.as_of.as_of,
        ReportCommand::Budget(_) => None,
    };
    let view = View {
        dossiers: &dossiers,
        register: &register,
        as_of: as_of.unwrap_or(today),
        known_on: today,
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
            let parameters = budget::Parameters { funding: one.funding, reference_date: one.reference_date };
            Ok(output(&budget::report(&view, &parameters)?, context.lang))
        }
        ReportCommand::Caseload(_) => {
            let parameters = caseload::Parameters { coach: None, contacts: by_coach(book)? };
            Ok(output(&caseload::report(&view, &parameters), context.lang))
        }
    }
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

/// What is known of the coaches' devices, the own one counted here.
fn by_coach(book: &mut Book) -> Result<BTreeMap<String, caseload::Contact>, Problem> {
    let mut contacts: BTreeMap<String, caseload::Contact> = BTreeMap::new();
    for known in contacts::all(&book.dir).into_values() {
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
    Ok(contacts)
}

/// How complete a report made here is: an enrolled coordinator knows of other devices, anyone else of the own one.
pub(crate) fn completeness(book: &mut Book) -> Result<Completeness, Problem> {
    let status = book.inner.status()?;
    let own = book.inner.identity();
    let mut devices: BTreeMap<String, (String, Option<Timestamp>, u32)> = BTreeMap::new();
    for (device, person) in book.inner.devices() {
        devices.insert(device.to_string(), (person, None, 0));
    }
    for (device, known) in contacts::all(&book.dir) {
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
        rows_to_complete: to_complete(book)?,
    })
}

/// Dossiers that lack something every trainee has.
fn to_complete(book: &mut Book) -> Result<u64, Problem> {
    let dossiers = book.inner.dossiers()?;
    let lacking = dossiers.iter().filter(|(_, dossier)| {
        let trainee = &dossier.trainee;
        trainee.given_name.is_none() || trainee.birth_date.is_none() || trainee.municipality.is_none()
    });
    Ok(lacking.count() as u64)
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        let text = error.to_string();
        let (what, next) = text.split_once("; ").unwrap_or((&text, ""));
        Problem::Rule(Text::same(what), Text::same(next))
    }
}
