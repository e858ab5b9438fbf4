//! From one coach to the next: transfers, warm handovers, covers, and the note for the successor.

use super::Dossier;
use crate::clock::{Day, Timestamp};
use crate::codes::*;
use crate::ids::EntryId;
use crate::record::Record as _;
use crate::rules::{By, Plan, RuleBroken, Warning, checks};
use crate::statement::Handover;
use crate::trajectory::Assignment;

/// How many days before its first day a note is shown to the successor.
const DAYS_BEFORE: i64 = 14;

/// One coach hands a dossier over to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Code of the successor.
    pub to: String,
    /// The successor's first day; without one: today.
    pub on: Option<Day>,
    /// Code of whoever hands over; without one: the primary coach.
    pub from: Option<String>,
    /// A warm handover: until this day whoever hands over keeps access, for a visit together.
    pub together_until: Option<Day>,
    /// Why.
    pub reason: Option<String>,
    /// For the successor to read.
    pub note: Option<String>,
}

/// Somebody fills in for the primary coach for some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// Code of whoever fills in.
    pub coach: String,
    /// First day; without one: today.
    pub from: Option<Day>,
    /// Last day.
    pub until: Option<Day>,
    /// Why.
    pub reason: Option<String>,
    /// To read for whoever fills in.
    pub note: Option<String>,
}

/// What a transfer or cover comes to: the assignment, and who gets and loses access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The new assignment.
    pub assignment: EntryId,
    /// What it was.
    pub decision: Handover,
    /// Who gets access, from when, until when.
    pub grant: (String, Day, Option<Day>),
    /// Who loses it: the first day without.
    pub ends: Vec<(String, Day)>,
}

impl Dossier {
    /// Hands the dossier over: the successor coaches from a day on, and whoever coached before loses access that day, or after
    /// a warm handover. While somebody fills in, whom they fill in for hands over too; nobody who handed over resumes later.
    ///
    /// # Errors
    /// When nobody coaches who could hand over, it is the same person, or the days are out of order.
    pub fn transfer(&self, by: &mut By<'_>, transfer: Transfer) -> Result<Plan<HandedOver>, RuleBroken> {
        let on = transfer.on.unwrap_or(by.today());
        let before: Vec<String> = match &transfer.from {
            Some(coach) => vec![coach.clone()],
            None => self.primary_coaches_on(on).into_iter().chain(self.covered_on(on)).collect(),
        };
        let before: Vec<String> = before.into_iter().filter(|coach| *coach != transfer.to).collect();
        if before.is_empty() {
            return Err(RuleBroken::NobodyToHandOver { successor: transfer.to });
        }
        checks::order::<Assignment>(("from", Some(on)), ("to", transfer.together_until))?;
        let mut writes = Vec::new();
        let mut warnings = Vec::new();
        // Whoever hands over does not come back: not after a cover, and not as was planned before.
        let mut standing = self.clone();
        let mut later: Vec<&Assignment> = Vec::new();
        for (id, one) in &self.assignments {
            let Some((coach, from)) = one.coach.as_ref().zip(one.from.filter(|from| *from > on)) else { continue };
            if before.contains(coach) && !one.is_void() {
                let gone = Assignment { withdrawn: Some(true), ..one.clone() };
                writes.extend(gone.edit(one, &id.to_string()));
                warnings.push(Warning::WithdrawsAssignment { coach: coach.clone(), from });
                standing.assignments.insert(*id, gone);
                later.push(one);
            }
        }
        let draft = Assignment {
            coach: Some(transfer.to.clone()),
            role: Some(AssignmentRole::Primary),
            from: Some(on),
            reason: transfer.reason.clone(),
            handover_note: transfer.note,
            ..Assignment::default()
        };
        let mut plan = standing.assign_coach(by, draft)?;
        // Where somebody fills in later, the successor resumes after it in their place.
        let until = plan.warnings.iter().find_map(|warning| match warning {
            Warning::PlannedSuccessor { from, .. } => Some(*from),
            _ => None,
        });
        let resumes = later.into_iter().filter(|one| one.role == Some(AssignmentRole::Primary));
        for one in resumes.filter(|one| until.is_some_and(|until| one.from >= Some(until))) {
            let (coach, reason) = (Some(transfer.to.clone()), transfer.reason.clone());
            let resumed = Assignment { coach, reason, handover_note: None, ..one.clone() };
            plan.writes.extend(resumed.create(&EntryId::fresh(by.moment.at, by.rng).to_string()));
        }
        plan.writes.extend(writes);
        plan.warnings.extend(warnings);
        // Whoever hands over as a second coach, or in so many words, leaves altogether.
        for (id, one) in &self.assignments {
            let leaves = one.coach.as_ref().is_some_and(|coach| before.contains(coach)) && one.holds_on(on);
            if leaves && one.role != Some(AssignmentRole::Primary) && one.from.is_none_or(|from| from < on) {
                plan.writes.extend(self.end_assignment(*id, on.plus_days(-1))?.writes);
            }
        }
        let last = transfer.together_until.unwrap_or(on.plus_days(-1));
        let decision = if transfer.together_until.is_some() { Handover::WarmHandover } else { Handover::Transfer };
        let handed = HandedOver {
            assignment: plan.id,
            decision,
            grant: (transfer.to, on, None),
            ends: before.into_iter().map(|coach| (coach, last.plus_days(1))).collect(),
        };
        Ok(Plan { id: handed, writes: plan.writes, warnings: plan.warnings })
    }

    /// Lets somebody fill in until a day; whoever coached before resumes afterwards and keeps access.
    ///
    /// # Errors
    /// Without a last day, or when it comes before the first.
    pub fn cover(&self, by: &mut By<'_>, cover: Cover) -> Result<Plan<HandedOver>, RuleBroken> {
        let from = cover.from.unwrap_or(by.today());
        let Some(until) = cover.until else {
            return Err(RuleBroken::Missing { field: crate::rules::FieldName::of::<Assignment>("to") });
        };
        let draft = Assignment {
            coach: Some(cover.coach.clone()),
            role: Some(AssignmentRole::Primary),
            from: Some(from),
            to: Some(until),
            reason: cover.reason,
            handover_note: cover.note,
            ..Assignment::default()
        };
        let plan = self.assign_coach(by, draft)?;
        let handed = HandedOver {
            assignment: plan.id,
            decision: Handover::Cover,
            grant: (cover.coach, from, Some(until)),
            ends: Vec::new(),
        };
        Ok(Plan { id: handed, writes: plan.writes, warnings: plan.warnings })
    }

    /// Assignments of a coach with a note that is still news: of now or soon, and not visited since. A visit that was recorded
    /// before the decision was made says nothing about it, also when the decision was dated back.
    pub fn handover_to(&self, coach: &str, today: Day) -> Vec<(EntryId, &Assignment)> {
        let visited_since = |from: Day, decided: Option<Timestamp>| {
            let own = |visit: &&crate::visit::Visit| visit.is_done() && visit.coach.as_deref() == Some(coach);
            self.visits.values().filter(own).any(|visit| {
                let recorded = visit.finalised_at.or(visit.recorded_at);
                let after = recorded.zip(decided).is_none_or(|(recorded, decided)| recorded >= decided);
                after && visit.day().is_some_and(|day| day >= from)
            })
        };
        let news = |(id, one): &(&EntryId, &Assignment)| {
            one.coach.as_deref() == Some(coach)
                && one.handover_note.is_some()
                && one.from.is_none_or(|from| from <= today.plus_days(DAYS_BEFORE) && !visited_since(from, id.made_at()))
                && one.to.is_none_or(|to| today <= to)
        };
        self.assignments.iter().filter(news).map(|(id, one)| (*id, one)).collect()
    }

    /// Who coached on the day before an assignment began.
    pub fn coached_before(&self, assignment: &Assignment) -> Vec<String> {
        let Some(day) = assignment.from.map(|from| from.plus_days(-1)) else { return Vec::new() };
        self.primary_coaches_on(day).into_iter().filter(|coach| assignment.coach.as_ref() != Some(coach)).collect()
    }

    /// For whom somebody fills in on a day: who coached until the day before, and resumes the day after. Whoever fills in may be
    /// filled in for too.
    fn covered_on(&self, day: Day) -> Vec<String> {
        let primary = |one: &&Assignment| one.role == Some(AssignmentRole::Primary) && !one.is_void();
        let all: Vec<&Assignment> = self.assignments.values().filter(primary).collect();
        let mut spans: Vec<(Option<Day>, Option<Day>)> =
            all.iter().filter(|one| one.holds_on(day)).map(|one| (one.from, one.to)).collect();
        let mut covered: Vec<String> = Vec::new();
        while let Some((from, to)) = spans.pop() {
            let (Some(from), Some(to)) = (from, to) else { continue };
            for before in all.iter().filter(|one| one.to == Some(from.plus_days(-1))) {
                let resumes = |one: &&&Assignment| {
                    one.from == Some(to.plus_days(1)) && one.coach == before.coach && one.trajectory == before.trajectory
                };
                let (Some(after), Some(coach)) = (all.iter().find(resumes), before.coach.clone()) else { continue };
                if !covered.contains(&coach) {
                    covered.push(coach);
                    spans.push((before.from, after.to));
                }
            }
        }
        covered
    }

    fn primary_coaches_on(&self, day: Day) -> Vec<String> {
        let primary = |one: &&Assignment| one.role == Some(AssignmentRole::Primary) && one.holds_on(day);
        let mut coaches: Vec<String> = self.assignments.values().filter(primary).filter_map(|one| one.coach.clone()).collect();
        coaches.sort();
        coaches.dedup();
        coaches
    }
}
