//! The rows of one file, trainee by trainee: which records each row speaks of, and what it changes there.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{Container, Content, Scalar};

use super::cells::{self, Cell, Parsed};
use super::columns::Room;
use super::find;
use super::memory::{Draft, Memory, Outcome, Target, conflict, memory_key};
use super::{
    Existing, FileKind, ImportPlan, Note, NoteKind, Reason, Rejected, Row, Setting, TraineeKey, TraineePlan, WantedGrant,
};
use super::{assign, entry_rules};

pub(super) fn plan(kind: FileKind, rows: &[Row], existing: &BTreeMap<TraineeKey, Existing>, setting: Setting<'_>) -> ImportPlan {
    let mut plan = ImportPlan { rows: rows.len(), ..ImportPlan::default() };
    let mut groups: BTreeMap<TraineeKey, Vec<Parsed>> = BTreeMap::new();
    let mut order: Vec<TraineeKey> = Vec::new();
    for row in rows {
        match cells::parse(kind, row, setting, &mut plan.notes) {
            Ok(parsed) => {
                let key = (parsed.organisation.clone(), parsed.reference.clone());
                let group = groups.entry(key.clone()).or_default();
                if group.is_empty() {
                    order.push(key);
                }
                group.push(parsed);
            }
            Err(rejected) => plan.rejected.push(rejected),
        }
    }
    for key in order {
        let Some(group) = groups.remove(&key) else { continue };
        let (group, repeated) = match agreeing(kind, group) {
            Ok(group) => group,
            Err(rejected) => {
                plan.rejected.extend(rejected);
                continue;
            }
        };
        plan.unchanged_rows += repeated;
        let known = existing.get(&key);
        let work = Work {
            kind,
            setting,
            named: group.iter().filter_map(|row| row.value(Room::Enrolment, "l").cloned()).collect(),
            draft: Draft::new(known.map(|known| known.content.clone()).unwrap_or_default(), kind.name(), setting.today),
            grants: Vec::new(),
            notes: Vec::new(),
            is_new: known.is_none(),
        };
        work.run(&key, known, &group, &mut plan);
    }
    plan.rejected.sort_by_key(|rejected| rejected.line);
    plan.notes = gathered(std::mem::take(&mut plan.notes), &plan.rejected);
    plan
}

/// One remark for all lines that it is about; nothing about rows that were not imported.
fn gathered(notes: Vec<Note>, rejected: &[Rejected]) -> Vec<Note> {
    let refused: BTreeSet<u64> = rejected.iter().map(|rejected| rejected.line).collect();
    let mut gathered: Vec<Note> = Vec::new();
    for mut note in notes {
        note.lines.retain(|line| !refused.contains(line));
        if note.lines.is_empty() {
            continue;
        }
        let same = gathered.iter_mut().find(|known| {
            (known.kind, &known.column, &known.value, &known.reason) == (note.kind, &note.column, &note.value, &note.reason)
        });
        match same {
            Some(known) => known.lines.extend(note.lines),
            None => gathered.push(note),
        }
    }
    gathered.sort_by_key(|note| note.lines.first().copied());
    gathered
}

/// The rows of one trainee without literal repetitions, or why they cannot all be true.
fn agreeing(kind: FileKind, rows: Vec<Parsed>) -> Result<(Vec<Parsed>, usize), Vec<Rejected>> {
    let mut said: BTreeMap<(Room, String, String), (&Scalar, u64)> = BTreeMap::new();
    let mut dispute = None;
    for row in &rows {
        for (room, cells) in &row.rooms {
            // What describes the person must agree in all rows; what describes a school, in all rows about that school.
            let about = match room {
                Room::Trainee => String::new(),
                Room::Enrolment if kind == FileKind::Participants => find::text(row.value(Room::Enrolment, "s")),
                _ => continue,
            };
            for cell in cells.iter().filter(|cell| !cell.key.contains(':')) {
                let first = said.entry((*room, about.clone(), cell.key.clone())).or_insert((&cell.value, row.line));
                if *first.0 != cell.value {
                    dispute = dispute.or(Some((cell.column, first.1, row.line)));
                }
            }
        }
    }
    if let Some((column, one, other)) = dispute {
        let reason = Reason::new(
            format!("regels over één deelnemer spreken elkaar tegen ('{column}' op regel {one} en {other}); maak ze gelijk"),
            format!("rows about one trainee disagree ('{column}' in lines {one} and {other}); make them agree"),
        );
        return Err(rows.iter().map(|row| reject(row, Some(column), reason.clone())).collect());
    }
    let mut kept: Vec<Parsed> = Vec::new();
    let mut repeated = 0;
    let mut disputed: BTreeSet<u64> = BTreeSet::new();
    for row in rows {
        match kept.iter().find(|known| find::names_the_same(kind, known, &row)) {
            Some(known) if known.says_the_same(&row) => repeated += 1,
            Some(known) => {
                disputed.extend([known.line, row.line]);
                kept.push(row);
            }
            None => kept.push(row),
        }
    }
    if disputed.is_empty() {
        return Ok((kept, repeated));
    }
    let lines = disputed.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let reason = Reason::new(
        format!("de regels {lines} gaan over hetzelfde en zeggen iets anders; laat er één staan"),
        format!("lines {lines} are about the same thing and say something different; leave one of them"),
    );
    Err(kept.iter().map(|row| reject(row, None, reason.clone())).collect())
}

pub(super) fn reject(row: &Parsed, column: Option<&str>, reason: Reason) -> Rejected {
    Rejected { line: row.line, column: column.map(str::to_owned), reason, value: None }
}

/// One trainee's part of an import.
pub(super) struct Work<'a> {
    pub(super) kind: FileKind,
    pub(super) setting: Setting<'a>,
    /// The last days at school that this file names for the trainee.
    pub(super) named: Vec<Scalar>,
    pub(super) draft: Draft,
    pub(super) grants: Vec<WantedGrant>,
    pub(super) notes: Vec<Note>,
    pub(super) is_new: bool,
}

/// The records that a row speaks of, by entry key.
pub(super) type Places = BTreeMap<Room, String>;

impl Work<'_> {
    fn run(mut self, key: &TraineeKey, known: Option<&Existing>, rows: &[Parsed], plan: &mut ImportPlan) {
        for row in rows {
            let before = (self.draft.puts, self.grants.len());
            match self.row(row) {
                Ok(()) if (self.draft.puts, self.grants.len()) == before => plan.unchanged_rows += 1,
                Ok(()) => plan.changed_rows += 1,
                Err(rejected) => plan.rejected.push(rejected),
            }
        }
        plan.notes.append(&mut self.notes);
        plan.proposals += self.draft.proposals;
        if !self.draft.writes.is_empty() || !self.grants.is_empty() {
            plan.trainees.push(TraineePlan {
                organisation: key.0.clone(),
                reference: key.1.clone(),
                document: known.map(|known| known.document),
                writes: self.draft.writes,
                grants: self.grants,
            });
        }
    }

    fn row(&mut self, row: &Parsed) -> Result<(), Rejected> {
        let main = self.main(row)?;
        let memory_key = memory_key(self.kind.name(), &main.entry);
        let mut memory = self.draft.memory(&memory_key);
        let places = self.places(row, &main, &mut memory);
        // What was accepted before and is only repeated is not judged again: people may have changed the rest meanwhile.
        if !repeats(row, &memory) {
            entry_rules::check(self, row, &places)?;
        }
        if let Some(alias) = &main.alias {
            self.draft.lead_to(alias, &main.entry);
        }
        if self.draft.value(Container::Trainee, "", "org").is_none() {
            self.draft.put(Container::Trainee, "", "org", Scalar::Text(row.organisation.clone()));
        }
        for (room, cells) in &row.rooms {
            let Some(entry) = places.get(room) else { continue };
            self.attach(*room, entry, &places);
            let others = self.others(*room, entry, &places);
            for cell in cells {
                self.take(row.line, *room, entry, cell, &mut memory, &others);
            }
        }
        for (room, key) in &row.sets {
            let Some(entry) = places.get(room) else { continue };
            for remembered in memory.keys(&format!("{}{key}:", room.letter())) {
                let member = &remembered[1..];
                if row.value(*room, member).is_none() {
                    let gone = Cell { column: "target_groups", key: member.to_owned(), value: Scalar::Bool(false), raw: None };
                    self.take(row.line, *room, entry, &gone, &mut memory, &[]);
                }
            }
        }
        if let Some(trajectory) = places.get(&Room::Trajectory).filter(|_| self.kind == FileKind::Participants) {
            assign::coach(self, row, trajectory, &mut memory);
            assign::final_phase(self, row, trajectory);
        }
        self.draft.remember(&memory_key, &memory);
        Ok(())
    }

    fn take(&mut self, line: u64, room: Room, entry: &str, cell: &Cell, memory: &mut Memory, others: &[Memory]) {
        let raw = cell.raw.as_ref().map(|(_, text)| Scalar::Text(text.clone()));
        let container = container(room);
        let once = room == Room::Enrolment && cell.key == "s";
        let target = Target {
            container,
            entry,
            key: &cell.key,
            value: &cell.value,
            memory: format!("{}{}", room.letter(), cell.key),
            same_as: raw.as_ref(),
        };
        if self.draft.take(&target, memory, others, once) == Outcome::Proposed {
            self.notes.push(conflict(line, cell.column));
        }
    }

    /// What the other kind of file that may speak of this training or placement put there: a participants row and a row of
    /// its own may complete and correct each other.
    fn others(&self, room: Room, entry: &str, places: &Places) -> Vec<Memory> {
        let own = match (self.kind, room) {
            (FileKind::Participants, Room::Training) => Some(FileKind::Trainings),
            (FileKind::Participants, Room::Placement) => Some(FileKind::Placements),
            (FileKind::Trainings, Room::Training) | (FileKind::Placements, Room::Placement) => None,
            _ => return Vec::new(),
        };
        match (own, places.get(&Room::Trajectory)) {
            (Some(kind), _) => vec![self.draft.memory(&memory_key(kind.name(), entry))],
            (None, Some(trajectory)) => {
                let participants = self.draft.memory(&memory_key(FileKind::Participants.name(), trajectory));
                let same = participants.entry(&format!("@{}", room.letter())).is_some_and(|known| known == entry);
                if same { vec![participants] } else { Vec::new() }
            }
            (None, None) => Vec::new(),
        }
    }

    /// A training or placement names its trajectory from the moment it is made.
    fn attach(&mut self, room: Room, entry: &str, places: &Places) {
        if !matches!(room, Room::Training | Room::Placement) || self.draft.entry(container(room), entry).is_some() {
            return;
        }
        if let Some(id) = places.get(&Room::Trajectory).and_then(|id| id.parse::<crate::ids::TrajectoryId>().ok()) {
            self.draft.put(container(room), entry, "t", Scalar::Bytes(id.as_bytes().to_vec()));
        }
    }

    /// A remark about a row that is imported.
    pub(super) fn note(&mut self, kind: NoteKind, row: &Parsed, column: &str, value: Option<String>, nl: &str, en: &str) {
        self.notes.push(Note {
            kind,
            lines: [row.line].into(),
            column: Some(column.to_owned()),
            value,
            reason: Reason::new(nl, en),
        });
    }

    /// The content with everything that this import wrote so far.
    pub(super) fn content(&self) -> &Content {
        &self.draft.content
    }
}

fn repeats(row: &Parsed, memory: &Memory) -> bool {
    row.rooms.iter().all(|(room, cells)| {
        cells.iter().all(|cell| {
            let key = format!("{}{}", room.letter(), cell.key);
            let raw = cell.raw.as_ref().map(|(_, text)| Scalar::Text(text.clone()));
            memory.is(&key, &cell.value) || raw.is_some_and(|raw| memory.is(&key, &raw))
        })
    })
}

pub(super) const fn container(room: Room) -> Container {
    match room {
        Room::Trainee => Container::Trainee,
        Room::Enrolment => Container::Enrolments,
        Room::Trajectory => Container::Trajectories,
        Room::Training => Container::Trainings,
        Room::Placement => Container::Placements,
    }
}
