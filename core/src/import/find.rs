//! Which records a row speaks of: those that its memory leads to, those that say the same, or new ones.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::clock::{Day, SchoolYear};
use crate::ids::*;
use crate::outflow::Enrolment;
use crate::placement::Placement;
use crate::record::{Container, Record, Scalar, Value};
use crate::register::Register;
use crate::trajectory::{Training, Trajectory};

use super::cells::Parsed;
use super::columns::{Listed, Room};
use super::dossiers::{Places, Work, container, reject};
use super::memory::{Memory, memory_key};
use super::names::{code_of, same, slug};
use super::{FileKind, NoteKind, Reason, Rejected};

/// The record that a row is about.
pub(super) struct Main {
    pub(super) entry: String,
    /// The trajectory that it is or belongs to.
    pub(super) trajectory: Option<String>,
    /// The memory entry that is to lead to it, when none does yet.
    pub(super) alias: Option<String>,
}

/// The text of a value, or nothing.
pub(super) fn text(value: Option<&Scalar>) -> String {
    value.and_then(String::from_scalar).unwrap_or_default()
}

/// Whether two rows of one trainee are about the same trajectory, enrolment, training or placement.
pub(super) fn names_the_same(kind: FileKind, one: &Parsed, other: &Parsed) -> bool {
    let trajectory = |row: &Parsed| {
        let date = row.referral_date.filter(|_| row.trajectory_ref.is_none());
        (row.programme.clone().map(|programme| programme.to_lowercase()), row.trajectory_ref.clone(), date)
    };
    let cells = |row: &Parsed, room: Room, keys: [&str; 2]| keys.map(|key| row.value(room, key).cloned());
    match kind {
        FileKind::Participants => trajectory(one) == trajectory(other),
        FileKind::Leavers => cells(one, Room::Enrolment, ["s", "l"]) == cells(other, Room::Enrolment, ["s", "l"]),
        FileKind::Trainings => {
            trajectory(one) == trajectory(other)
                && cells(one, Room::Training, ["c", "f"]) == cells(other, Room::Training, ["c", "f"])
        }
        FileKind::Placements => {
            trajectory(one) == trajectory(other)
                && cells(one, Room::Placement, ["ty", "st"]) == cells(other, Room::Placement, ["ty", "st"])
        }
    }
}

/// Whether a stored name and a wanted one stand for the same thing in the register, or are the same text.
fn stands_for(listed: Listed, stored: Option<&String>, wanted: &str, register: &Register) -> bool {
    stored.is_some_and(|stored| same(stored, wanted) || code_of(listed, stored, register).is_some_and(|code| same(&code, wanted)))
}

/// What the row's trajectory is called in this file; the file's own spelling, so that a register that learns the programme
/// later does not rename it.
fn trajectory_name(row: &Parsed) -> String {
    let key = match (&row.trajectory_ref, row.referral_date) {
        (Some(reference), _) => format!("r{reference}"),
        (None, Some(day)) => format!("d{day}"),
        (None, None) => String::new(),
    };
    format!("{}\0{}\0{}\0{key}", row.organisation, row.reference, slug(row.programme_text.as_deref().unwrap_or_default()))
}

impl Work<'_> {
    fn records<K: FromStr + Ord, R: Record>(&self) -> BTreeMap<K, R> {
        crate::dossier::entries(self.content())
    }

    fn fresh(&self, room: Room, name: &str) -> String {
        EntryId::from_bytes(self.setting.fresh(container(room).key(), name)).to_string()
    }

    /// The record that the name leads to, or one that says the same; else a new one.
    fn settle(&self, room: Room, name: &str, alike: impl FnOnce(&Self) -> Option<String>) -> Main {
        let there = |entry: &String| self.draft.entry(container(room), entry).is_some();
        let alias = memory_key(container(room).key(), name);
        let main = |entry: String, alias| Main { trajectory: (room == Room::Trajectory).then(|| entry.clone()), entry, alias };
        match self.draft.leads_to(&alias).filter(there) {
            Some(entry) => main(entry, None),
            None => main(alike(self).unwrap_or_else(|| self.fresh(room, name)), Some(alias)),
        }
    }

    /// Finds the record that the row is about.
    pub(super) fn main(&mut self, row: &Parsed) -> Result<Main, Rejected> {
        match self.kind {
            FileKind::Participants => Ok(self.trajectory(row)),
            FileKind::Leavers => Ok(self.enrolment(row)),
            FileKind::Trainings => {
                let trajectory = self.existing_trajectory(row)?;
                let course = text(row.value(Room::Training, "c"));
                let start = text(row.value(Room::Training, "f"));
                let name = format!("{trajectory}\0{}\0{start}", slug(&course));
                let main = self.settle(Room::Training, &name, |work| work.training(&trajectory, row, Some(&course)));
                Ok(Main { trajectory: Some(trajectory), ..main })
            }
            FileKind::Placements => {
                let trajectory = self.existing_trajectory(row)?;
                let (kind, start) = (text(row.value(Room::Placement, "ty")), text(row.value(Room::Placement, "st")));
                let name = format!("{trajectory}\0{kind}\0{start}");
                let main = self.settle(Room::Placement, &name, |work| work.placement(&trajectory, row));
                Ok(Main { trajectory: Some(trajectory), ..main })
            }
        }
    }

    /// Finds every other record that the row speaks of.
    pub(super) fn places(&self, row: &Parsed, main: &Main, memory: &mut Memory) -> Places {
        let mut places = Places::new();
        places.insert(Room::Trainee, String::new());
        if let Some(trajectory) = &main.trajectory {
            places.insert(Room::Trajectory, trajectory.clone());
        }
        match self.kind {
            FileKind::Leavers => {
                places.insert(Room::Enrolment, main.entry.clone());
            }
            FileKind::Trainings => {
                places.insert(Room::Training, main.entry.clone());
            }
            FileKind::Placements => {
                places.insert(Room::Placement, main.entry.clone());
            }
            FileKind::Participants => {
                for room in [Room::Training, Room::Placement, Room::Enrolment] {
                    if !row.rooms.contains_key(&room) {
                        continue;
                    }
                    // A row that names another school speaks of another enrolment.
                    let school = if room == Room::Enrolment { self.school_text(row) } else { String::new() };
                    let part = format!(
                        "@{}{}",
                        room.letter(),
                        if school.is_empty() { String::new() } else { memory_key("school", &school)[..6].to_owned() }
                    );
                    let remembered = memory.entry(&part).filter(|entry| self.draft.entry(container(room), entry).is_some());
                    let entry = remembered
                        .or_else(|| match room {
                            Room::Training => self.training(&main.entry, row, None),
                            Room::Placement => self.placement(&main.entry, row),
                            _ => self.school(row),
                        })
                        .unwrap_or_else(|| match room {
                            // Two trajectories of one trainee speak of the same school.
                            Room::Enrolment => self.fresh(room, &format!("{}\0{}\0{school}", row.organisation, row.reference)),
                            _ => self.fresh(room, &main.entry),
                        });
                    memory.set_entry(&part, &entry);
                    places.insert(room, entry);
                }
            }
        }
        places
    }

    fn trajectory(&self, row: &Parsed) -> Main {
        self.settle(Room::Trajectory, &trajectory_name(row), |work| {
            let programme = row.programme.as_deref()?;
            let all: BTreeMap<TrajectoryId, Trajectory> = work.records();
            let alike: Vec<_> = all
                .iter()
                .filter(|(_, known)| stands_for(Listed::Programme, known.programme.as_ref(), programme, work.setting.register))
                .collect();
            let by_reference =
                alike.iter().find(|(_, known)| row.trajectory_ref.is_some() && known.trajectory_ref == row.trajectory_ref);
            let by_date = || {
                alike.iter().find(|(_, known)| {
                    known.referral_date == row.referral_date && (row.trajectory_ref.is_none() || known.trajectory_ref.is_none())
                })
            };
            by_reference.or_else(by_date).map(|(id, _)| id.to_string())
        })
    }

    /// The trajectory of a training or placement, which must be there already.
    fn existing_trajectory(&self, row: &Parsed) -> Result<String, Rejected> {
        if self.is_new {
            return Err(reject(
                row,
                Some("reference"),
                Reason::new(
                    "er is geen dossier met deze referentie; importeer eerst de deelnemers",
                    "there is no dossier with this reference; import the participants first",
                ),
            ));
        }
        let alias = memory_key(Container::Trajectories.key(), &trajectory_name(row));
        if let Some(known) =
            self.draft.leads_to(&alias).filter(|entry| self.draft.entry(Container::Trajectories, entry).is_some())
        {
            return Ok(known);
        }
        let all: BTreeMap<TrajectoryId, Trajectory> = self.records();
        let mut alike: Vec<(&TrajectoryId, &Trajectory)> = all
            .iter()
            .filter(|(_, known)| {
                row.programme.as_ref().is_none_or(|programme| {
                    stands_for(Listed::Programme, known.programme.as_ref(), programme, self.setting.register)
                })
            })
            .filter(|(_, known)| row.trajectory_ref.is_none() || known.trajectory_ref == row.trajectory_ref)
            .collect();
        if row.trajectory_ref.is_none() && row.referral_date.is_some() {
            alike.retain(|(_, known)| known.referral_date == row.referral_date);
        }
        match alike.as_slice() {
            [(id, _)] => Ok(id.to_string()),
            [] => Err(reject(
                row,
                Some("programme"),
                Reason::new(
                    "dit dossier heeft geen traject met dit programma en deze trajectreferentie of aanmelddatum",
                    "this dossier has no trajectory with this programme and trajectory_ref or referral_date",
                ),
            )),
            _ => Err(reject(
                row,
                Some("trajectory_ref"),
                Reason::new(
                    "dit dossier heeft meer trajecten; noem programma en trajectreferentie of aanmelddatum",
                    "this dossier has several trajectories; give programme and trajectory_ref or referral_date",
                ),
            )),
        }
    }

    fn training(&self, trajectory: &str, row: &Parsed, course: Option<&str>) -> Option<String> {
        let start = row.value(Room::Training, "f").and_then(Day::from_scalar)?;
        let all: BTreeMap<TrainingId, Training> = self.records();
        all.iter()
            .filter(|(_, known)| known.trajectory.is_some_and(|id| id.to_string() == trajectory) && known.start == Some(start))
            .find(|(_, known)| match (course, &known.course) {
                (Some(course), Some(known)) => same(course, known),
                _ => true,
            })
            .map(|(id, _)| id.to_string())
    }

    fn placement(&self, trajectory: &str, row: &Parsed) -> Option<String> {
        let start = row.value(Room::Placement, "st").and_then(Day::from_scalar)?;
        let kind = row.value(Room::Placement, "ty").and_then(crate::codes::PlacementType::from_scalar);
        let all: BTreeMap<PlacementId, Placement> = self.records();
        all.iter()
            .filter(|(_, known)| known.trajectory.is_some_and(|id| id.to_string() == trajectory) && known.start == Some(start))
            .find(|(_, known)| kind.is_none() || known.placement_type.is_none() || known.placement_type == kind)
            .map(|(id, _)| id.to_string())
    }

    fn school_text(&self, row: &Parsed) -> String {
        let cell = row.rooms.get(&Room::Enrolment).into_iter().flatten().find(|cell| cell.key == "s");
        cell.and_then(|cell| cell.raw.as_ref()).map(|(_, text)| slug(text)).unwrap_or_default()
    }

    fn at_school(&self, row: &Parsed) -> Vec<(EnrolmentId, Enrolment)> {
        let school = text(row.value(Room::Enrolment, "s"));
        let all: BTreeMap<EnrolmentId, Enrolment> = self.records();
        all.into_iter()
            .filter(|(_, known)| stands_for(Listed::School, known.school.as_ref(), &school, self.setting.register))
            .collect()
    }

    /// The enrolment that a participant's school stands for: the running one, else the last one there.
    fn school(&self, row: &Parsed) -> Option<String> {
        let known = self.at_school(row);
        let running = known.iter().find(|(_, known)| known.left_on.is_none());
        running.or_else(|| known.iter().max_by_key(|(_, known)| known.left_on)).map(|(id, _)| id.to_string())
    }

    /// The enrolment that ended: one that ended on that day, or that runs, or whose last day is corrected within its school
    /// year. Leaving the same school in another year is another enrolment.
    fn enrolment(&mut self, row: &Parsed) -> Main {
        let left_on = row.value(Room::Enrolment, "l").and_then(Day::from_scalar);
        let name = format!(
            "{}\0{}\0{}\0{}",
            row.organisation,
            row.reference,
            self.school_text(row),
            left_on.map(|day| day.to_string()).unwrap_or_default()
        );
        let known = self.at_school(row);
        let main = self.settle(Room::Enrolment, &name, |work| {
            let same_day = known.iter().find(|(_, known)| known.left_on == left_on);
            let running = || known.iter().find(|(_, known)| known.left_on.is_none());
            let corrected = || {
                known.iter().find(|(id, known)| {
                    let imported = memory_key(work.kind.name(), &id.to_string());
                    known.left_on.zip(left_on).is_some_and(|(before, now)| SchoolYear::of(before) == SchoolYear::of(now))
                        && work.draft.entry(Container::Imports, &imported).is_some()
                        && !known.left_on.is_some_and(|day| work.named.contains(&day.to_scalar()))
                })
            };
            same_day.or_else(running).or_else(corrected).map(|(id, _)| id.to_string())
        });
        if self.draft.entry(Container::Enrolments, &main.entry).is_none()
            && let Some((_, other)) =
                known.iter().find(|(_, known)| known.left_on.is_some_and(|day| !self.named.contains(&day.to_scalar())))
        {
            let before = other.left_on.map(|day| day.to_string());
            self.note(
                NoteKind::Warning,
                row,
                "left_on",
                before,
                "deze leerling verliet deze school volgens een eerdere import al; beide blijven staan",
                "according to an earlier import this pupil had left this school already; both are kept",
            );
        }
        main
    }
}
