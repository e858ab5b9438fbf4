//! Who coaches, from when to when: assigning, and finding out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Dossier;
use crate::clock::Day;
use crate::codes::*;
use crate::ids::{EntryId, TrajectoryId};
use crate::record::{Lang, Record, Write};
use crate::rules::{By, Checked, Plan, RuleBroken, Warning, checks};
use crate::trajectory::Assignment;

/// Facts of a dossier that cannot both hold, as two devices may bring them together. Nothing is refused and nothing lost: a
/// person settles it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "clash")]
pub enum Clash {
    /// V06: two primary coaches on one day of an open trajectory.
    TwoPrimaryCoaches {
        /// Of which trajectory; absent when they coach the dossier as a whole.
        trajectory: Option<TrajectoryId>,
        /// The first day on which both coach.
        from: Day,
        /// The last such day, if one is known.
        to: Option<Day>,
        /// The assignments with their coaches, in the order of the list.
        holders: Vec<(EntryId, String)>,
    },
}

impl Clash {
    /// What clashes and what to do next.
    pub fn message(&self, lang: Lang) -> String {
        let Self::TwoPrimaryCoaches { from, holders, .. } = self;
        let coaches = holders.iter().map(|(_, coach)| coach.as_str()).collect::<Vec<_>>();
        match lang {
            Lang::Nl => {
                format!("vanaf {from} is meer dan een eerste coach aangewezen: {}; kies wie het is", coaches.join(" en "))
            }
            Lang::En => {
                format!("from {from} more than one primary coach is assigned: {}; choose who it is", coaches.join(" and "))
            }
        }
    }
}

impl Dossier {
    /// Assigns a coach from a day on. A primary coach takes over: the assignment of the one before ends the day before, and one
    /// that would begin on that same day is withdrawn, so that no assignment ends before it begins.
    ///
    /// With a last day the one before resumes afterwards (a cover during an absence). Someone who was planned to take over
    /// later still does. Without a trajectory the assignment is for the dossier as a whole and takes over every trajectory.
    ///
    /// # Errors
    /// When the coach or first day is absent, or the last day comes before the first.
    pub fn assign_coach(&self, by: &mut By<'_>, mut draft: Assignment) -> Result<Plan<EntryId>, RuleBroken> {
        checks::needed::<Assignment>("coach", &draft.coach)?;
        if let Some(trajectory) = draft.trajectory {
            let trajectory = self.trajectory(trajectory)?;
            if let (Some(end), Some(from)) = (trajectory.end_date, draft.from)
                && end < from
            {
                return Err(RuleBroken::Ended { on: end });
            }
        }
        let from = *draft.from.get_or_insert(by.today());
        let mut warnings = draft.check(&Assignment::default(), by.moment, by.declared)?;
        let role = *draft.role.get_or_insert(AssignmentRole::Primary);
        let mut writes: Vec<Write> = Vec::new();

        let same = |one: &Assignment| one.coach == draft.coach && one.role == Some(role) && one.trajectory == draft.trajectory;
        let rivals: Vec<(EntryId, &Assignment)> = self
            .assignments
            .iter()
            .filter(|(_, one)| one.role == Some(AssignmentRole::Primary) && role == AssignmentRole::Primary)
            .filter(|(_, one)| draft.trajectory.is_none() || one.trajectory == draft.trajectory)
            .filter(|(_, one)| !one.is_void())
            .map(|(id, one)| (*id, one))
            .collect();
        let already = self.assignments.iter().find(|(_, one)| same(one) && one.holds_on(from) && one.to == draft.to);
        if let Some((id, _)) = already.filter(|_| rivals.iter().all(|(_, one)| same(one) || !one.holds_on(from))) {
            return Ok(Plan { id: *id, writes, warnings });
        }

        let next = rivals
            .iter()
            .filter_map(|(_, one)| Some((one.from.filter(|start| *start > from)?, *one)))
            .filter(|(start, _)| draft.to.is_none_or(|to| to >= *start))
            .min_by_key(|(start, _)| *start);
        if let Some((start, successor)) = next {
            draft.to = Some(start.plus_days(-1));
            warnings.push(Warning::PlannedSuccessor { coach: successor.coach.clone().unwrap_or_default(), from: start });
        }

        // Per trajectory (or the whole) the latest of those who held it is the one to resume.
        let held = || rivals.iter().filter(|(_, one)| one.holds_on(from));
        let mut resumes: BTreeMap<Option<TrajectoryId>, (EntryId, &Assignment)> = BTreeMap::new();
        for (id, before) in held().filter(|(_, one)| draft.to.is_some_and(|last| one.to.is_none_or(|to| to > last))) {
            let known = resumes.entry(before.trajectory).or_insert((*id, before));
            if before.from >= known.1.from {
                *known = (*id, before);
            }
        }
        for (id, before) in held() {
            let ended = before.until(from);
            writes.extend(ended.edit(before, &id.to_string()));
            if before.coach != draft.coach {
                let coach = before.coach.clone().unwrap_or_default();
                let resumed = resumes.get(&before.trajectory).filter(|(again, _)| again == id).and(draft.to);
                warnings.push(match resumed {
                    Some(last) => Warning::InterruptsAssignment { coach, from, resumes: last.plus_days(1) },
                    None if ended.is_void() => Warning::WithdrawsAssignment { coach, from },
                    None => Warning::EndsAssignment { coach, last_day: from.plus_days(-1) },
                });
            }
        }
        let id = EntryId::fresh(by.moment.at, by.rng);
        writes.extend(draft.create(&id.to_string()));
        for (_, before) in resumes.into_values() {
            let resumed = Assignment { from: draft.to.map(|last| last.plus_days(1)), ..before.clone() };
            writes.extend(resumed.create(&EntryId::fresh(by.moment.at, by.rng).to_string()));
        }
        Ok(Plan { id, writes, warnings })
    }

    /// Ends an assignment without a successor.
    ///
    /// # Errors
    /// When there is no such assignment, or it ended already.
    pub fn end_assignment(&self, id: EntryId, on: Day) -> Result<Plan, RuleBroken> {
        let before = self.assignments.get(&id).ok_or_else(|| RuleBroken::Unknown { name: id.to_string() })?;
        if before.is_void() {
            return Err(RuleBroken::Ended { on: before.from.unwrap_or(on) });
        }
        if let Some(to) = before.to.filter(|to| *to <= on) {
            return Err(RuleBroken::Ended { on: to });
        }
        checks::order::<Assignment>(("from", before.from), ("to", Some(on)))?;
        let ended = Assignment { to: Some(on), ..before.clone() };
        Ok(Plan { id: (), writes: ended.edit(before, &id.to_string()), warnings: Vec::new() })
    }

    /// The primary coach of a trajectory on a day. An assignment to the trajectory comes before one to the whole dossier; while
    /// two clash, the one that began last counts.
    pub fn primary_coach_on(&self, trajectory: TrajectoryId, day: Day) -> Option<&str> {
        let holders = self.primary_holders(trajectory, day);
        holders.into_iter().max_by_key(|(id, one)| (one.from, *id)).and_then(|(_, one)| one.coach.as_deref())
    }

    /// Whether a person is the primary coach on a day: of this trajectory, or without one of the dossier as a whole or any open
    /// trajectory in it.
    pub fn is_primary_on(&self, person: &str, trajectory: Option<TrajectoryId>, day: Day) -> bool {
        let of = |id: TrajectoryId| self.primary_coach_on(id, day) == Some(person);
        let whole = |one: &Assignment| one.trajectory.is_none() && one.role == Some(AssignmentRole::Primary);
        match trajectory {
            Some(id) => of(id),
            None => {
                let mut open = self.trajectories.iter().filter(|(_, one)| one.open_on(day));
                open.any(|(id, _)| of(*id))
                    || self
                        .assignments
                        .values()
                        .any(|one| whole(one) && one.coach.as_deref() == Some(person) && one.holds_on(day))
            }
        }
    }

    /// Whether a person coaches any open trajectory of this dossier on a day, as first or second coach.
    pub fn coached_by(&self, person: &str, day: Day) -> bool {
        self.assignments.values().any(|one| {
            let open = match one.trajectory {
                Some(id) => self.trajectories.get(&id).is_some_and(|trajectory| trajectory.open_on(day)),
                None => true,
            };
            open && one.coach.as_deref() == Some(person) && one.holds_on(day)
        })
    }

    /// What a merge brought together that cannot both hold.
    pub fn clashes(&self) -> Vec<Clash> {
        let mut found: BTreeMap<Vec<EntryId>, Clash> = BTreeMap::new();
        for (trajectory, record) in &self.trajectories {
            let starts = self.assignments.values().filter_map(|one| one.from).chain(record.referral_date);
            let ends = self.assignments.values().filter_map(|one| one.to).map(|to| to.plus_days(1));
            let mut days: Vec<Day> = starts.chain(ends).filter(|day| record.open_on(*day)).collect();
            days.sort();
            for day in days {
                let holders = self.primary_holders(*trajectory, day);
                let differ = holders.iter().any(|(_, one)| one.coach != holders[0].1.coach);
                if !differ {
                    continue;
                }
                let last = holders.iter().filter_map(|(_, one)| one.to).chain(record.end_date).min();
                found.entry(holders.iter().map(|(id, _)| *id).collect()).or_insert_with(|| Clash::TwoPrimaryCoaches {
                    trajectory: holders[0].1.trajectory,
                    from: day,
                    to: last,
                    holders: holders.iter().map(|(id, one)| (*id, one.coach.clone().unwrap_or_default())).collect(),
                });
            }
        }
        found.into_values().collect()
    }

    /// Settles a clash: the chosen assignment stands, the others end the day before both began to hold, or never held.
    ///
    /// # Errors
    /// When the chosen one is no part of the clash.
    pub fn settle(&self, clash: &Clash, keep: EntryId) -> Result<Plan, RuleBroken> {
        let Clash::TwoPrimaryCoaches { from, holders, .. } = clash;
        let chosen = holders.iter().find(|(id, _)| *id == keep).ok_or_else(|| RuleBroken::Unknown { name: keep.to_string() })?;
        let mut writes = Vec::new();
        for (id, coach) in holders {
            let Some(before) = self.assignments.get(id).filter(|_| *coach != chosen.1) else { continue };
            writes.extend(before.until(*from).edit(before, &id.to_string()));
        }
        Ok(Plan { id: (), writes, warnings: Vec::new() })
    }

    fn primary_holders(&self, trajectory: TrajectoryId, day: Day) -> Vec<(EntryId, &Assignment)> {
        let holding = |of: Option<TrajectoryId>| -> Vec<(EntryId, &Assignment)> {
            self.assignments
                .iter()
                .filter(|(_, one)| one.role == Some(AssignmentRole::Primary) && one.trajectory == of && one.holds_on(day))
                .map(|(id, one)| (*id, one))
                .collect()
        };
        let own = holding(Some(trajectory));
        if own.is_empty() { holding(None) } else { own }
    }
}
