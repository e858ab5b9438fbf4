//! The caseload as a calendar file (iCalendar, RFC 5545), for the calendar that a coach looks at anyway.
//!
//! Calendars are shared and synchronised with services elsewhere, so a visit is in it under the reference of its dossier
//! alone: no names, no employer, no address, no coach. The same visit has the same UID in every file, so that importing a
//! newer file moves what was there; what is no longer to happen is in it as cancelled.

use std::collections::BTreeSet;

use icalendar::{Calendar, Class, Component, Event, EventStatus, Property};
use veldboek_core::caseload::{DueRow, PlannedRow, Who};
use veldboek_core::clock::{Day, Timestamp};
use veldboek_core::codes::VisitStatus;
use veldboek_core::dossier::Dossier;
use veldboek_core::ids::{DocumentId, PlacementId, VisitId};
use veldboek_core::record::Lang;

/// What a calendar knows of one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    uid: String,
    what: &'static str,
    of: String,
    on: Day,
    cancelled: bool,
    /// Whether it is past the day on which it should have been.
    pub(super) overdue: bool,
}

fn visit_uid(visit: VisitId) -> String {
    format!("visit-{visit}@veldboek")
}

/// The next visit at a placement: one entry that moves along.
fn due_uid(placement: PlacementId) -> String {
    format!("due-{placement}@veldboek")
}

fn of(who: &Who) -> String {
    who.reference.clone().unwrap_or_else(|| who.document.to_string())
}

/// A visit on a day, planned or agreed as the next one.
pub(super) fn planned(row: &PlannedRow, lang: Lang) -> Entry {
    let what = match (row.planned, lang) {
        (true, Lang::Nl) => "Bezoek gepland",
        (true, Lang::En) => "Visit planned",
        (false, Lang::Nl) => "Bezoek afgesproken",
        (false, Lang::En) => "Visit agreed",
    };
    // A visit that was logged and the next one that was agreed there carry one id.
    let uid = if row.planned { visit_uid(row.visit) } else { format!("next-{}", visit_uid(row.visit)) };
    Entry { uid, what, of: of(&row.who), on: row.on, cancelled: false, overdue: false }
}

/// A visit that is due. Overdue it stands on today; once a day is planned for it, that entry takes its place.
pub(super) fn due(row: &DueRow, today: Day, lang: Lang) -> Entry {
    let overdue = row.days_overdue > 0;
    let what = match (overdue, lang) {
        (true, Lang::Nl) => "Bezoek te laat",
        (true, Lang::En) => "Visit overdue",
        (false, Lang::Nl) => "Bezoek nodig",
        (false, Lang::En) => "Visit due",
    };
    let on = if overdue { today } else { row.due };
    Entry { uid: due_uid(row.place.placement), what, of: of(&row.who), on, cancelled: row.planned_on.is_some(), overdue }
}

/// The planned visits from today on that these coaches will not make after all.
pub(super) fn called_off(document: DocumentId, dossier: &Dossier, coaches: &[String], today: Day, lang: Lang) -> Vec<Entry> {
    let reference = dossier.trainee.reference.clone().unwrap_or_else(|| document.to_string());
    let off =
        dossier.visits.iter().filter(|(_, visit)| visit.withdrawn.is_some() || visit.status == Some(VisitStatus::Cancelled));
    off.filter(|(_, visit)| visit.coach.as_ref().is_some_and(|coach| coaches.contains(coach)))
        .filter_map(|(id, visit)| Some((*id, visit.planned_on.filter(|day| *day >= today)?)))
        .map(|(id, on)| Entry {
            uid: visit_uid(id),
            what: if lang == Lang::Nl { "Bezoek vervalt" } else { "Visit called off" },
            of: reference.clone(),
            on,
            cancelled: true,
            overdue: false,
        })
        .collect()
}

/// The file. `now` is when it was made: calendars keep the newest.
pub(super) fn file(entries: &[Entry], now: Timestamp, lang: Lang) -> String {
    let stamp = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    let minutes = u32::try_from(now.as_millis() / 60_000).unwrap_or_default();
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Veldboek//veldboek//NL"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("METHOD", "PUBLISH"));
    calendar.name(if lang == Lang::Nl { "Bezoeken (Veldboek)" } else { "Visits (Veldboek)" });
    let mut told = BTreeSet::new();
    // An appointment of one coach that falls to another is on both lists, and is one visit.
    for entry in entries.iter().filter(|entry| told.insert(&entry.uid)) {
        let mut event = Event::new();
        event.uid(&entry.uid).summary(&format!("{}: {}", entry.what, entry.of)).class(Class::Private).sequence(minutes);
        event.add_property("DTSTAMP", &stamp).add_property("TRANSP", "TRANSPARENT");
        event.append_property(whole_day("DTSTART", entry.on)).append_property(whole_day("DTEND", entry.on.plus_days(1)));
        event.status(if entry.cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed });
        calendar.push(event.done());
    }
    calendar.done().to_string()
}

fn whole_day(name: &str, day: Day) -> Property {
    Property::new(name, day.date().strftime("%Y%m%d").to_string()).add_parameter("VALUE", "DATE").done()
}

#[cfg(test)]
mod tests {
    use veldboek_core::caseload::Place;
    use veldboek_core::ids::TrajectoryId;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn who(reference: &str) -> Who {
        Who { document: DocumentId::from_bytes([1; 16]), reference: Some(reference.into()), given_name: Some("Sanne".into()) }
    }

    fn place() -> Place {
        let employer = Some("Kwekerij De Tulp".into());
        Place {
            placement: PlacementId::from_bytes([3; 16]),
            employer,
            location: Some("Dorpsstraat 1".into()),
            supervisor: Some("Piet".into()),
        }
    }

    fn planned_row(on: &str) -> PlannedRow {
        PlannedRow {
            who: who("WF-1"),
            trajectory: None,
            visit: VisitId::from_bytes([2; 16]),
            planned: true,
            on: day(on),
            visit_type: None,
            place: Some(place()),
            planned_by: None,
        }
    }

    fn due_row(due: &str, late: i64, planned_on: Option<&str>) -> DueRow {
        DueRow {
            who: who("WF;2, \"x\"\\"),
            trajectory: TrajectoryId::from_bytes([4; 16]),
            place: place(),
            due: day(due),
            last_visit: None,
            planned_on: planned_on.map(day),
            days_overdue: late,
        }
    }

    /// UID, what stands in the calendar, first day, status.
    fn read_back(text: &str) -> Vec<(String, String, String, String)> {
        let calendar: Calendar = text.parse().unwrap();
        let value = |event: &Event, name: &str| event.property_value(name).unwrap_or_default().to_owned();
        calendar
            .events()
            .map(|event| (value(event, "UID"), value(event, "SUMMARY"), value(event, "DTSTART"), value(event, "STATUS")))
            .collect()
    }

    #[test]
    fn a_calendar_knows_the_reference_and_nothing_else_of_a_person() {
        let today = day("2025-03-31");
        let entries = [planned(&planned_row("2025-04-02"), Lang::Nl), due(&due_row("2025-03-10", 21, None), today, Lang::Nl)];
        let text = file(&entries, Timestamp::from_millis(1_743_400_000_000), Lang::Nl);
        for secret in ["Sanne", "Tulp", "Dorpsstraat", "Piet"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        assert!(text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains('\n'), "{text}");
        let read = read_back(&text);
        let expected = ("Bezoek gepland: WF-1", "20250402", "CONFIRMED");
        assert_eq!((read[0].1.as_str(), read[0].2.as_str(), read[0].3.as_str()), expected);
        assert_eq!((read[1].1.as_str(), read[1].2.as_str()), ("Bezoek te laat: WF;2, \"x\"\\", "20250331"), "{text}");
    }

    #[test]
    fn a_newer_file_moves_what_an_older_one_brought() {
        let today = day("2025-03-31");
        let before = [planned(&planned_row("2025-04-02"), Lang::Nl), due(&due_row("2025-04-10", 0, None), today, Lang::Nl)];
        let moved =
            [planned(&planned_row("2025-04-03"), Lang::Nl), due(&due_row("2025-04-10", 0, Some("2025-04-09")), today, Lang::Nl)];
        let before = read_back(&file(&before, Timestamp::from_millis(1_743_400_000_000), Lang::Nl));
        let after = file(&moved, Timestamp::from_millis(1_743_500_000_000), Lang::Nl);
        let sequence = |text: &str| text.parse::<Calendar>().unwrap().events().next().and_then(Component::get_sequence);
        assert!(sequence(&after) > Some(0));
        let after = read_back(&after);
        let uids = |read: &[(String, String, String, String)]| read.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
        assert_eq!(uids(&before), uids(&after), "the same visits");
        assert_eq!((before[0].2.as_str(), after[0].2.as_str()), ("20250402", "20250403"));
        assert_eq!((before[1].3.as_str(), after[1].3.as_str()), ("CONFIRMED", "CANCELLED"), "another entry has its day now");
    }
}
