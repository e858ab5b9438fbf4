//! What a participants row says that is no field of its trajectory: who coaches, and when the final phase began.

use std::collections::BTreeMap;

use crate::clock::Day;
use crate::codes::{AssignmentRole, TrajectoryPhase};
use crate::ids::{EntryId, TrajectoryId};
use crate::record::{Container, Record, Scalar, Value};
use crate::trajectory::{Assignment, Event};

use super::cells::Parsed;
use super::dossiers::Work;
use super::memory::{Memory, conflict};
use super::names;
use super::{NoteKind, WantedGrant};

/// Where the memory of a row keeps the assignment that it made.
const ASSIGNMENT: &str = "@a";

/// Assigns the coach of the row from the agreement date, or hands over as of the day of the import. A coach whom a person
/// assigned stays: two first coaches are a conflict that is shown.
pub(super) fn coach(work: &mut Work<'_>, row: &Parsed, trajectory: &str, memory: &mut Memory) {
    let Some(text) = row.coach.as_deref() else { return };
    let Some(coach) = names::coach(text, work.setting.register) else {
        work.note(
            NoteKind::UnknownCoach,
            row,
            "coach",
            Some(text.to_owned()),
            "deze coach staat niet in het register; geïmporteerd zonder coach",
            "the register lacks this coach; imported unassigned",
        );
        return;
    };
    let value = Scalar::Text(coach.clone());
    if memory.is("coach", &value) {
        return;
    }
    let agreed = work.draft.value(Container::Trajectories, trajectory, "ad").and_then(Day::from_scalar);
    let (Some(agreed), Ok(id)) = (agreed, trajectory.parse::<TrajectoryId>()) else {
        work.note(
            NoteKind::NotYetAssigned,
            row,
            "coach",
            None,
            "coach wordt toegewezen zodra er een datum overeenkomst is",
            "the coach is assigned as soon as there is an agreement date",
        );
        return;
    };
    let ours = memory.entry(ASSIGNMENT);
    memory.set("coach", &value);
    let today = work.setting.today;
    let all: BTreeMap<EntryId, Assignment> = crate::dossier::entries(work.content());
    let running: Vec<(&EntryId, &Assignment)> = all
        .iter()
        .filter(|(_, known)| known.trajectory.is_none_or(|of| of == id))
        .filter(|(_, known)| {
            known.role != Some(AssignmentRole::Support) && !known.is_void() && known.to.is_none_or(|to| to >= today)
        })
        .collect();
    if running.iter().any(|(_, known)| known.coach.as_deref() == Some(&coach)) {
        return;
    }
    let from = if running.is_empty() { agreed } else { agreed.max(today) };
    for (entry, known) in &running {
        // An assignment that this row made before ends; one that a person made stays, and the two are shown.
        if ours.as_ref() == Some(&entry.to_string()) && known.to.is_none() {
            for write in known.until(from).edit(known, &entry.to_string()) {
                work.draft.put(write.container, &write.entry, &write.key, write.value);
            }
        } else {
            work.notes.push(conflict(row.line, "coach"));
        }
    }
    let assignment = Assignment {
        trajectory: Some(id),
        coach: Some(coach.clone()),
        role: Some(AssignmentRole::Primary),
        from: Some(from),
        ..Assignment::default()
    };
    let entry = EntryId::from_bytes(work.setting.fresh("assignment", &format!("{id}\0{coach}"))).to_string();
    put_all(work, &assignment, &entry);
    memory.set_entry(ASSIGNMENT, &entry);
    work.grants.push(WantedGrant { person: coach, from });
}

/// The final phase is a dated event; it is added once per day.
pub(super) fn final_phase(work: &mut Work<'_>, row: &Parsed, trajectory: &str) {
    let (Some(day), Ok(id)) = (row.final_phase, trajectory.parse::<TrajectoryId>()) else { return };
    let event = Event { trajectory: Some(id), phase: Some(TrajectoryPhase::FinalPhase), on: Some(day), ..Event::default() };
    let all: BTreeMap<EntryId, Event> = crate::dossier::entries(work.content());
    if all.values().any(|known| (known.trajectory, known.phase, known.on) == (event.trajectory, event.phase, event.on)) {
        return;
    }
    let entry = EntryId::from_bytes(work.setting.fresh("final-phase", &format!("{id}\0{day}")));
    put_all(work, &event, &entry.to_string());
}

fn put_all<R: Record>(work: &mut Work<'_>, record: &R, entry: &str) {
    for write in record.create(entry) {
        work.draft.put(write.container, entry, &write.key, write.value);
    }
}
