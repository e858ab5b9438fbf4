//! The caseload per coach (R3), for the coordinator's week: how much, what is due, what is overdue, and whose work may
//! still be on a device.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Head, Heading, Remark, Tabular, View, completeness, headings, or_dash};
use crate::caseload::{DAYS_AHEAD, weight};
use crate::clock::{Day, Timestamp};
use crate::dossier::Dossier;
use crate::dossier::assignments::Clash;
use crate::record::Lang;
use crate::visit::Visit;

/// What to count.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// Only this coach.
    pub coach: Option<String>,
    /// What is known of each coach's device, by the coach's code.
    pub contacts: BTreeMap<String, Contact>,
}

/// What is known of a coach's device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contact {
    /// Its last exchange with the server.
    pub last_sync: Option<Timestamp>,
    /// Records on it that no server has: counted for the own device, stated by another.
    pub unsynced_records: Option<u64>,
    /// When that was so.
    pub stated_at: Option<Timestamp>,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Caseloads {
    /// What the report says of itself.
    #[serde(flatten)]
    pub head: Head,
    /// One per coach.
    pub rows: Vec<Row>,
}

/// One coach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Code of the coach.
    pub coach: String,
    /// What colleagues call them.
    pub name: Option<String>,
    /// Open trajectories of which this is the primary coach.
    pub open_trajectories: u64,
    /// The same, each by the weight of its regime; without one it weighs as MEDIUM.
    pub weighted_load: i64,
    /// Visits due within 14 days, or due already and not yet overdue.
    pub visits_due_14d: u64,
    /// Visits more than a week past their due date.
    pub overdue_visits: u64,
    /// Days past the due date of the oldest of those; 0 when there are none.
    pub oldest_overdue_days: i64,
    /// Minutes of visits done in the calendar month of `as_of`, up to that day; without travel.
    pub minutes_this_month: i64,
    /// The last exchange of the coach's device with the server, as far as known.
    #[serde(serialize_with = "completeness::instant")]
    pub last_sync: Option<Timestamp>,
    /// Records that are only on the coach's device; absent when nobody knows.
    pub unsynced_records: Option<u64>,
    /// When that was so.
    #[serde(serialize_with = "completeness::instant")]
    pub unsynced_as_of: Option<Timestamp>,
}

#[derive(Default)]
struct Load {
    open: u64,
    weight: i64,
    due: u64,
    overdue: u64,
    oldest: i64,
    minutes: i64,
}

/// Counts per coach: those who are active in the register, and everyone else who coaches or visited.
pub fn report(view: &View<'_>, parameters: &Parameters) -> Caseloads {
    let on = view.as_of;
    let mut loads: BTreeMap<&str, Load> = BTreeMap::new();
    for (code, coach) in &view.register.coaches {
        if coach.active_from.is_none_or(|day| day <= on) && coach.active_to.is_none_or(|day| on <= day) {
            loads.insert(code, Load::default());
        }
    }
    let (mut without_coach, mut several) = (0, 0);
    for (_, dossier) in view.dossiers {
        for (id, trajectory) in dossier.trajectories.iter().filter(|(_, trajectory)| trajectory.open_on(on)) {
            match dossier.primary_coach_on(*id, on) {
                Some(coach) => {
                    let load = loads.entry(coach).or_default();
                    load.open += 1;
                    load.weight += weight(trajectory);
                }
                None => without_coach += 1,
            }
        }
        if dossier.assignments.len() > 1 {
            let holds = |from: Day, to: Option<Day>| from <= on && to.is_none_or(|to| on <= to);
            several += u64::from(dossier.clashes().iter().any(|Clash::TwoPrimaryCoaches { from, to, .. }| holds(*from, *to)));
        }
        // Finding what is due reads every visit; dossiers without a placement have nothing due.
        if dossier.placements.values().any(|placement| placement.open_on(on)) {
            for due in dossier.due_visits(on, view.register) {
                let Some(coach) = dossier.primary_coach_on(due.trajectory, on) else { continue };
                let load = loads.entry(coach).or_default();
                if due.is_overdue() {
                    load.overdue += 1;
                    load.oldest = load.oldest.max(due.days_overdue);
                } else if due.due <= on.plus_days(DAYS_AHEAD) {
                    load.due += 1;
                }
            }
        }
        for (coach, minutes) in minutes_this_month(dossier, on) {
            let load = loads.entry(coach).or_default();
            // A device may write any number; the report goes on.
            load.minutes = load.minutes.saturating_add(minutes);
        }
    }
    let mut remarks = Vec::new();
    if without_coach > 0 {
        remarks.push(Remark::WithoutCoach(without_coach));
    }
    if several > 0 {
        remarks.push(Remark::SeveralCoaches(several));
    }
    let rows = loads
        .into_iter()
        .filter(|(coach, _)| parameters.coach.as_deref().is_none_or(|wanted| wanted == *coach))
        .map(|(coach, load)| {
            let contact = parameters.contacts.get(coach).copied().unwrap_or_default();
            Row {
                coach: coach.to_owned(),
                name: view.register.coaches.get(coach).and_then(|coach| coach.display_name.clone()),
                open_trajectories: load.open,
                weighted_load: load.weight,
                visits_due_14d: load.due,
                overdue_visits: load.overdue,
                oldest_overdue_days: load.oldest,
                minutes_this_month: load.minutes,
                last_sync: contact.last_sync,
                unsynced_records: contact.unsynced_records,
                unsynced_as_of: contact.stated_at,
            }
        })
        .collect();
    Caseloads { head: view.head(definition(view.lang), remarks), rows }
}

/// What each done visit of the month counts for, as it reads after its corrections.
fn minutes_this_month(dossier: &Dossier, on: Day) -> impl Iterator<Item = (&str, i64)> {
    let this_month = move |visit: &Visit| {
        let day = visit.day().filter(|day| visit.is_done() && *day <= on);
        day.is_some_and(|day| (day.year(), day.date().month()) == (on.year(), on.date().month()))
    };
    dossier.visits.iter().filter_map(move |(id, visit)| {
        let corrected = dossier.corrections.values().any(|correction| correction.visit == Some(*id));
        let minutes = if corrected {
            let visit = dossier.effective_visit(*id)?;
            this_month(&visit).then_some(visit.duration_min)?
        } else {
            this_month(visit).then_some(visit.duration_min)?
        };
        Some((visit.coach.as_deref()?, minutes?))
    })
}

fn definition(lang: Lang) -> String {
    match lang {
        Lang::Nl => "Caseload: lopende trajecten van deze eerste coach; gewicht: licht 1, midden 2 (ook zonder regime), intensief 3. \
                     Een bezoek hoort 14 dagen na het begin van een plaatsing en daarna met het interval van het programma (anders \
                     42 dagen); na een week is het achterstallig."
            .to_owned(),
        Lang::En => "Caseload: open trajectories of this primary coach; weight: light 1, medium 2 (also without a regime), \
                     intensive 3. A visit is due 14 days after a placement starts and then at the programme's interval (else 42 \
                     days); after a week it is overdue."
            .to_owned(),
    }
}

impl Tabular for Caseloads {
    fn title(&self, lang: Lang) -> String {
        match lang {
            Lang::Nl => format!("Caseload per coach op {}", self.head.as_of),
            Lang::En => format!("Caseload per coach on {}", self.head.as_of),
        }
    }

    fn headings(&self, lang: Lang) -> Vec<Heading> {
        headings(
            lang,
            &[
                ("Coach", "Coach", false),
                ("Lopend", "Open", true),
                ("Gewicht", "Weight", true),
                ("Bezoek binnen 14 dagen", "Visits within 14 days", true),
                ("Achterstallig", "Overdue", true),
                ("Oudste (dagen)", "Oldest (days)", true),
                ("Minuten deze maand", "Minutes this month", true),
                ("Laatste sync", "Last sync", false),
                ("Nog op apparaat", "Still on device", true),
            ],
        )
    }

    fn rows(&self, _: Lang) -> Vec<Vec<String>> {
        let row = |row: &Row| {
            let unsynced = row.unsynced_records.map(|count| match row.unsynced_as_of {
                Some(at) => format!("{count} ({at})"),
                None => count.to_string(),
            });
            vec![
                row.name.as_ref().map_or_else(|| row.coach.clone(), |name| format!("{name} ({})", row.coach)),
                row.open_trajectories.to_string(),
                row.weighted_load.to_string(),
                row.visits_due_14d.to_string(),
                row.overdue_visits.to_string(),
                row.oldest_overdue_days.to_string(),
                row.minutes_this_month.to_string(),
                or_dash(row.last_sync),
                or_dash(unsynced),
            ]
        };
        self.rows.iter().map(row).collect()
    }

    fn notes(&self, lang: Lang) -> Vec<String> {
        self.head.notes(definition(lang), lang)
    }
}

#[cfg(test)]
mod tests;
