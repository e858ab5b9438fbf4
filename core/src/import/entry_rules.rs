//! The rules of entry that a row must keep: the order of dates (V01), what comes together (V03, V04).

use crate::clock::Day;
use crate::codes::ClosingReason;
use crate::outflow::Enrolment;
use crate::placement::Placement;
use crate::record::{Entry, Record};
use crate::trainee::Trainee;
use crate::trajectory::{Training, Trajectory};

use super::cells::Parsed;
use super::columns::Room;
use super::dossiers::{Places, Work, container, reject};
use super::{FileKind, NoteKind, Reason, Rejected};

/// The record as the row would have it: what the dossier says, with the cells of the row over it.
fn meant<R: Record>(work: &Work<'_>, row: &Parsed, places: &Places, room: Room) -> R {
    let known = places.get(&room).and_then(|entry| work.draft.entry(container(room), entry));
    let mut entry: Entry = known.cloned().unwrap_or_default();
    for cell in row.rooms.get(&room).into_iter().flatten() {
        entry.insert(cell.key.clone(), cell.value.clone());
    }
    R::read(&entry)
}

/// Refuses a row that breaks a rule of entry; remarks on what is merely odd.
pub(super) fn check(work: &mut Work<'_>, row: &Parsed, places: &Places) -> Result<(), Rejected> {
    let trajectory: Trajectory = meant(work, row, places, Room::Trajectory);
    let training: Training = meant(work, row, places, Room::Training);
    let placement: Placement = meant(work, row, places, Room::Placement);
    let trainee: Trainee = meant(work, row, places, Room::Trainee);
    let enrolment: Enrolment = meant(work, row, places, Room::Enrolment);

    let today = work.setting.today;
    let born = ("birth_date", trainee.birth_date);
    in_order(row, &[born, ("today", Some(today))])?;
    match work.kind {
        FileKind::Participants => {
            let dates = [
                born,
                ("referral_date", trajectory.referral_date),
                ("intake_date", trajectory.intake_date),
                ("agreement_date", trajectory.agreement_date),
            ];
            in_order(row, &with(&dates, ("placement_start", placement.start)))?;
            in_order(row, &with(&dates[1..], ("end_date", trajectory.end_date)))?;
            in_order(row, &[("training_start", training.start), ("training_end", training.end)])?;
            in_order(row, &[("placement_start", placement.start), ("placement_end", placement.end)])?;
            in_order(row, &[dates[1], ("outflow_date", trajectory.outflow_date)])?;
            together(row, &trajectory)?;
            if trajectory.closing_reason.is_some() && trajectory.end_date.is_none() {
                work.note(
                    NoteKind::Warning,
                    row,
                    "end_date",
                    None,
                    "aan te vullen: er is een reden van afsluiting maar geen einddatum",
                    "to complete: there is a closing reason but no end date",
                );
            }
            if trajectory.agreement_date.is_none() && (placement.start.is_some() || training.start.is_some()) {
                work.note(
                    NoteKind::Warning,
                    row,
                    "agreement_date",
                    None,
                    "aan te vullen: scholing of plaatsing zonder datum overeenkomst; het traject telt niet als gestart",
                    "to complete: training or placement without an agreement date; the trajectory does not count as started",
                );
            }
        }
        FileKind::Leavers => in_order(row, &[born, ("left_on", enrolment.left_on)])?,
        FileKind::Trainings => in_order(row, &[("start", training.start), ("end", training.end)])?,
        FileKind::Placements => {
            in_order(row, &[("agreement_date", trajectory.agreement_date), ("start", placement.start), ("end", placement.end)])?;
            in_order(row, &[("start", placement.start), ("planned_end", placement.planned_end)])?;
        }
    }
    Ok(())
}

fn with<'a>(dates: &[(&'a str, Option<Day>)], last: (&'a str, Option<Day>)) -> Vec<(&'a str, Option<Day>)> {
    dates.iter().copied().chain([last]).collect()
}

/// V01: each known date is not before the one known before it.
fn in_order(row: &Parsed, dates: &[(&str, Option<Day>)]) -> Result<(), Rejected> {
    let known: Vec<(&str, Day)> = dates.iter().filter_map(|(name, day)| Some((*name, (*day)?))).collect();
    for pair in known.windows(2) {
        if let [(first, earlier), (second, later)] = pair
            && later < earlier
        {
            if *second == "today" {
                let reason = Reason::new("ligt in de toekomst", "lies in the future");
                return Err(Rejected { value: Some(earlier.to_string()), ..reject(row, Some(first), reason) });
            }
            let reason = Reason::new(
                format!("ligt voor '{first}' ({earlier}); de volgorde klopt niet"),
                format!("is before '{first}' ({earlier}); the order is wrong"),
            );
            return Err(Rejected { value: Some(later.to_string()), ..reject(row, Some(second), reason) });
        }
    }
    Ok(())
}

/// V03 and V04: destination and its date, an end and its reason, a goal reached and where to.
fn together(row: &Parsed, trajectory: &Trajectory) -> Result<(), Rejected> {
    let needs = |column: &str, nl: &str, en: &str| Err(reject(row, Some(column), Reason::new(nl, en)));
    match (trajectory.outflow_destination, trajectory.outflow_date) {
        (Some(_), None) => {
            return needs("outflow_date", "ontbreekt bij de uitstroombestemming", "is missing beside the outflow destination");
        }
        (None, Some(_)) => {
            return needs("outflow_destination", "ontbreekt bij de uitstroomdatum", "is missing beside the outflow date");
        }
        _ => {}
    }
    if trajectory.end_date.is_some() && trajectory.closing_reason.is_none() {
        return needs("closing_reason", "ontbreekt bij de einddatum", "is missing beside the end date");
    }
    if trajectory.closing_reason == Some(ClosingReason::GoalReached) && trajectory.outflow_destination.is_none() {
        return needs(
            "outflow_destination",
            "ontbreekt: doel bereikt vraagt om een uitstroombestemming",
            "is missing: goal reached asks for an outflow destination",
        );
    }
    Ok(())
}
