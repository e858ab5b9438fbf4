//! The facts of one trajectory that several reports count, each decided in one place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::Day;
use crate::codes::{self, ClosingReason, SuccessDefinition, TrainingResult, TrajectoryPhase};
use crate::dossier::Dossier;
use crate::ids::TrajectoryId;
use crate::placement::Placement;
use crate::programme::Programme;
use crate::register::Register;
use crate::trajectory::{Training, Trajectory};

/// What counts as placed in one programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Success {
    /// The definition.
    pub definition: SuccessDefinition,
    /// Whether sheltered work counts, where the definition leaves that open.
    pub sheltered: bool,
    /// Nobody set it: paid work, the strictest, is assumed.
    pub assumed: bool,
}

/// The moment a trajectory first met its programme's definition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    /// The day.
    pub day: Day,
    /// The placement, unless the definition looks at destinations.
    pub placement: Option<&'a Placement>,
}

impl Success {
    const ASSUMED: Self = Self { definition: SuccessDefinition::PaidWork, sheltered: false, assumed: true };

    fn new(definition: SuccessDefinition, sheltered_counts: Option<bool>) -> Self {
        let sheltered = definition != SuccessDefinition::PaidWork || sheltered_counts.unwrap_or(false);
        Self { definition, sheltered, assumed: false }
    }

    /// Whether both would count the same.
    pub fn agrees(self, other: Self) -> bool {
        self.definition == other.definition && self.sheltered == other.sheltered
    }

    /// When the trajectory first met the definition. Later days are for the caller to leave out.
    pub fn placed<'a>(self, dossier: &'a Dossier, id: TrajectoryId, trajectory: &Trajectory) -> Option<Placed<'a>> {
        if self.definition == SuccessDefinition::SectorCouncil {
            let counts = trajectory.outflow_destination.is_some_and(|one| one.success() == codes::Success::Yes);
            return trajectory.outflow_date.filter(|_| counts).map(|day| Placed { day, placement: None });
        }
        placements_of(dossier, id)
            .filter_map(|placement| Some((placement.start?, placement.placement_type?, placement)))
            .filter(|(_, kind, _)| self.definition.counts(*kind, self.sheltered))
            // Of parallel placements: work before education before day activity.
            .min_by_key(|(day, kind, _)| (*day, kind.rank()))
            .map(|(day, _, placement)| Placed { day, placement: Some(placement) })
    }
}

/// The placements of one trajectory.
pub(super) fn placements_of(dossier: &Dossier, id: TrajectoryId) -> impl Iterator<Item = &Placement> {
    dossier.placements.values().filter(move |placement| placement.trajectory == Some(id))
}

/// The trainings of one trajectory.
pub(super) fn trainings_of(dossier: &Dossier, id: TrajectoryId) -> impl Iterator<Item = &Training> {
    dossier.trainings.values().filter(move |training| training.trajectory == Some(id))
}

/// The day on which a first training of the trajectory was completed.
pub(super) fn training_completed(dossier: &Dossier, id: TrajectoryId) -> Option<Day> {
    trainings_of(dossier, id).filter(|training| completed(training)).filter_map(|training| training.end).min()
}

/// Whether the training came to a good end.
pub(super) fn completed(training: &Training) -> bool {
    matches!(training.result, Some(TrainingResult::Passed | TrainingResult::Completed))
}

/// Why the trajectory is closed on this day, if it is. A reason without a date counts from the start: somebody knew it.
pub(super) fn closed_on(
    dossier: &Dossier,
    id: TrajectoryId,
    trajectory: &Trajectory,
    as_of: Day,
) -> Option<Option<ClosingReason>> {
    let closing_event = || {
        let mut events = dossier.events.values().filter(|event| event.trajectory == Some(id));
        events.any(|event| event.phase == Some(TrajectoryPhase::Closed) && event.on.is_some_and(|day| day <= as_of))
    };
    match (trajectory.end_date, trajectory.closing_reason) {
        (None, None) => closing_event().then_some(None),
        (None, reason) => Some(reason),
        (Some(day), reason) => (day <= as_of).then_some(reason),
    }
}

/// Finds register entries by what people write: the code, or the name when no other entry has it. A file may name a
/// programme before the register lists it.
pub(super) struct Lookup<'a> {
    codes: HashMap<String, Option<&'a str>>,
}

impl<'a> Lookup<'a> {
    /// Over entries with their names.
    pub fn new(entries: impl Iterator<Item = (&'a String, Option<&'a String>)> + Clone) -> Self {
        let mut codes = HashMap::new();
        for (code, name) in entries.clone() {
            let Some(name) = name else { continue };
            codes.entry(folded(name)).and_modify(|known| *known = None).or_insert(Some(code.as_str()));
        }
        for (code, _) in entries {
            codes.insert(folded(code), Some(code.as_str()));
        }
        Self { codes }
    }

    /// The code of the entry that this text means.
    pub fn find(&self, text: &str) -> Option<&'a str> {
        self.codes.get(&folded(text)).copied().flatten()
    }
}

/// Text as two spellings of one name share it.
pub(super) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The register's programmes as reports walk through them.
pub(super) struct Programmes<'a> {
    register: &'a Register,
    lookup: Lookup<'a>,
    parents: BTreeMap<&'a str, &'a str>,
}

impl<'a> Programmes<'a> {
    /// Of this register.
    pub fn of(register: &'a Register) -> Self {
        let lookup = Lookup::new(register.programmes.iter().map(|(code, programme)| (code, programme.name.as_ref())));
        let parents = register
            .programmes
            .iter()
            .filter_map(|(code, programme)| Some((code.as_str(), lookup.find(programme.part_of.as_deref()?)?)))
            .filter(|(code, parent)| code != parent)
            .collect();
        Self { register, lookup, parents }
    }

    /// The code of the programme that a trajectory names.
    pub fn find(&self, text: &str) -> Option<&'a str> {
        match self.register.programmes.get_key_value(text) {
            Some((code, _)) => Some(code),
            None => self.lookup.find(text),
        }
    }

    /// The programme of which this is a part, if the register lists it.
    pub fn parent(&self, code: &str) -> Option<&'a str> {
        self.parents.get(code).copied()
    }

    /// The programme itself and those it is a part of, nearest first. Two that are part of each other end the walk.
    pub fn line(&self, code: &'a str) -> Vec<&'a str> {
        let mut line = vec![code];
        while let Some(parent) = line.last().and_then(|code| self.parent(code)) {
            if line.contains(&parent) {
                break;
            }
            line.push(parent);
        }
        line
    }

    /// Every programme, each before its parts, by code within a level; with its depth.
    pub fn in_order(&self) -> Vec<(&'a str, usize)> {
        let mut parts: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        for (code, parent) in &self.parents {
            parts.entry(parent).or_default().push(code);
        }
        let all = || self.register.programmes.keys().map(String::as_str);
        // Roots first; what is left after them is part of itself by way of others and starts with its first code.
        let starts = all().filter(|code| self.parent(code).is_none()).chain(all());
        let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
        for start in starts {
            let mut waiting = vec![(start, 0)];
            while let Some((code, depth)) = waiting.pop() {
                if seen.insert(code) {
                    order.push((code, depth));
                    waiting.extend(parts.get(code).into_iter().flatten().rev().map(|part| (*part, depth + 1)));
                }
            }
        }
        order
    }

    /// What counts as placed in this programme: its own setting, else that of the programme it is a part of, else the
    /// one its parts share.
    pub fn success(&self, code: &'a str) -> Success {
        let line = self.line(code);
        let setting = |code: &&'a str| self.get(code);
        let sheltered = line.iter().filter_map(setting).find_map(|programme| programme.sheltered_counts);
        let own =
            |code: &str| Some(Success::new(self.get(code)?.success_definition?, self.get(code)?.sheltered_counts.or(sheltered)));
        if let Some(success) = line.iter().find_map(|code| own(code)) {
            return Success::new(success.definition, sheltered);
        }
        let mut shared = None;
        for part in self.parents.keys().filter(|part| self.line(part).contains(&code)) {
            match (own(part), shared) {
                (Some(success), None) => shared = Some(success),
                (Some(success), Some(other)) if !success.agrees(other) => return Success::ASSUMED,
                _ => {}
            }
        }
        shared.unwrap_or(Success::ASSUMED)
    }

    /// What counts as placed in a programme that the register lacks.
    pub fn unlisted_success(&self) -> Success {
        Success::ASSUMED
    }

    /// The programme's record.
    pub fn get(&self, code: &str) -> Option<&'a Programme> {
        self.register.programmes.get(code)
    }
}
