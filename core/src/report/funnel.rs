//! The funnel (R11): what became of the trajectories that were referred in a period.
//!
//! Every started trajectory is in exactly one of placed, reported back, stopped early, closed otherwise and running; a
//! placed trajectory counts as placed, however it ended.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::{Placed, Programmes, closed_on, folded, placements_of, trainings_of};
use super::percent::{rate, shown_or_dash};
use super::{Head, Heading, Remark, ReportError, Tabular, View, headings};
use crate::clock::{Day, Period};
use crate::codes::{ClosingReason, GoalDirection, Sector, SuccessDefinition, TargetGroup};
use crate::dossier::Dossier;
use crate::ids::TrajectoryId;
use crate::record::{Code, Lang};
use crate::trajectory::Trajectory;

/// What to count.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Referred in this period (when the referral date is missing: the intake, else the agreement).
    pub cohort: Period,
    /// A row per what.
    pub by: Option<By>,
    /// Only this programme (code or name) and its parts.
    pub programme: Option<String>,
}

/// What the rows stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The trainee's target groups; who is in several stands in several rows.
    TargetGroup,
    /// Towards work, education or day activity.
    GoalDirection,
    /// The sector of the placement that counts, else of the latest placement, else of the latest training.
    Sector,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Funnel {
    /// What the report says of itself.
    #[serde(flatten)]
    pub head: Head,
    /// First day of the cohort.
    pub cohort_from: Day,
    /// Last day of the cohort.
    pub cohort_to: Day,
    /// What the rows stand for.
    pub by: Option<By>,
    /// Only this programme and its parts.
    pub programme: Option<String>,
    /// What counted as placed, in one or more ways.
    pub success_definitions: Vec<SuccessDefinition>,
    /// One row, or one per group that occurs.
    pub rows: Vec<Row>,
    /// Every trajectory once.
    pub total: Row,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its code; `TOTAL` for all; absent for those without one.
    pub group: Option<&'static str>,
    /// Its label.
    pub label: &'static str,
    /// How many.
    #[serde(flatten)]
    pub steps: Steps,
    /// The same in percent: intake, no inflow and started of referred; the rest of started.
    pub percent: Percent,
}

/// Trajectories per step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Steps {
    /// In the cohort.
    pub referred: u64,
    /// Had an intake.
    pub intake: u64,
    /// Closed as no inflow, never started.
    pub no_inflow: u64,
    /// Signed an agreement.
    pub started: u64,
    /// Started, and placed by the programme's definition.
    pub placed: u64,
    /// Started, not placed, reported back to who referred.
    pub reported_back: u64,
    /// Started, not placed, stopped early.
    pub stopped_early: u64,
    /// Started, not placed, closed for another reason.
    pub other_closed: u64,
    /// Started, not placed, not closed.
    pub running: u64,
}

/// The steps in percent; absent where there is nothing to be a part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Percent {
    /// Of referred.
    pub intake: Option<String>,
    /// Of referred.
    pub no_inflow: Option<String>,
    /// Of referred.
    pub started: Option<String>,
    /// Of started.
    pub placed: Option<String>,
    /// Of started.
    pub reported_back: Option<String>,
    /// Of started.
    pub stopped_early: Option<String>,
    /// Of started.
    pub other_closed: Option<String>,
    /// Of started.
    pub running: Option<String>,
}

impl Steps {
    fn of(trajectory: &Trajectory, closed: Option<Option<ClosingReason>>, placed: bool, as_of: Day) -> Self {
        let by_now = |day: Option<Day>| day.is_some_and(|day| day <= as_of);
        let mut steps = Self { referred: 1, intake: u64::from(by_now(trajectory.intake_date)), ..Self::default() };
        if !by_now(trajectory.agreement_date) {
            steps.no_inflow = u64::from(closed == Some(Some(ClosingReason::NoInflow)));
            return steps;
        }
        steps.started = 1;
        *match closed {
            _ if placed => &mut steps.placed,
            None => &mut steps.running,
            Some(Some(ClosingReason::ReportedBack)) => &mut steps.reported_back,
            Some(Some(ClosingReason::StoppedEarly)) => &mut steps.stopped_early,
            Some(_) => &mut steps.other_closed,
        } = 1;
        steps
    }

    fn add(&mut self, more: &Self) {
        self.referred += more.referred;
        self.intake += more.intake;
        self.no_inflow += more.no_inflow;
        self.started += more.started;
        self.placed += more.placed;
        self.reported_back += more.reported_back;
        self.stopped_early += more.stopped_early;
        self.other_closed += more.other_closed;
        self.running += more.running;
    }

    fn percent(&self) -> Percent {
        Percent {
            intake: rate(self.intake, self.referred),
            no_inflow: rate(self.no_inflow, self.referred),
            started: rate(self.started, self.referred),
            placed: rate(self.placed, self.started),
            reported_back: rate(self.reported_back, self.started),
            stopped_early: rate(self.stopped_early, self.started),
            other_closed: rate(self.other_closed, self.started),
            running: rate(self.running, self.started),
        }
    }

    fn row(self, group: Option<&'static str>, label: &'static str) -> Row {
        Row { group, label, percent: self.percent(), steps: self }
    }
}

/// Counts what became of the cohort.
///
/// # Errors
/// When the cohort's period is empty, or nothing in register or dossiers is called like the programme.
pub fn report(view: &View<'_>, parameters: &Parameters) -> Result<Funnel, ReportError> {
    let cohort = parameters.cohort;
    if cohort.from > cohort.to {
        return Err(ReportError::EmptyPeriod(cohort.from, cohort.to));
    }
    let programmes = Programmes::of(view.register);
    let definitions: BTreeMap<&str, _> =
        view.register.programmes.keys().map(|code| (code.as_str(), programmes.success(code))).collect();
    let wanted = parameters.programme.as_deref().map(|text| (programmes.find(text), folded(text)));
    let mut known = wanted.as_ref().is_none_or(|(code, _)| code.is_some());
    let mut groups: BTreeMap<Option<usize>, Steps> = BTreeMap::new();
    let mut total = Steps::default();
    let mut used = Vec::new();

    for (_, dossier) in view.dossiers {
        for (id, trajectory) in &dossier.trajectories {
            let text = trajectory.programme.as_deref();
            let code = text.and_then(|text| programmes.find(text));
            if let Some((wanted, name)) = &wanted {
                let meant = match (wanted, code) {
                    (Some(wanted), Some(code)) => programmes.line(code).contains(wanted),
                    (None, None) => text.map(folded).as_ref() == Some(name),
                    _ => false,
                };
                if !meant {
                    continue;
                }
                known = true;
            }
            let first = trajectory.referral_date.or(trajectory.intake_date).or(trajectory.agreement_date);
            if !first.is_some_and(|day| cohort.contains(day) && day <= view.as_of) {
                continue;
            }
            let success = code.and_then(|code| definitions.get(code).copied()).unwrap_or_else(|| programmes.unlisted_success());
            if !used.contains(&success) {
                used.push(success);
            }
            let placed = success.placed(dossier, *id, trajectory).filter(|placed| placed.day <= view.as_of);
            let steps = Steps::of(trajectory, closed_on(dossier, *id, trajectory, view.as_of), placed.is_some(), view.as_of);
            total.add(&steps);
            let mut add = |group: Option<usize>| groups.entry(group).or_default().add(&steps);
            match parameters.by {
                None => {}
                Some(By::GoalDirection) => add(trajectory.goal_direction.map(|code| code as usize)),
                Some(By::Sector) => add(sector(dossier, *id, placed, view.as_of).map(|code| code as usize)),
                Some(By::TargetGroup) if dossier.trainee.target_groups.is_empty() => add(None),
                Some(By::TargetGroup) => dossier.trainee.target_groups.iter().for_each(|code| add(Some(*code as usize))),
            }
        }
    }
    if let (Some(programme), false) = (&parameters.programme, known) {
        return Err(ReportError::UnknownProgramme(programme.clone()));
    }

    let all = total.row(Some("TOTAL"), if view.lang == Lang::Nl { "Totaal" } else { "Total" });
    let unknown = groups.remove(&None);
    let mut rows: Vec<Row> = groups
        .into_iter()
        .filter_map(|(group, steps)| {
            let (code, label) = name(parameters.by?, group?, view.lang)?;
            Some(steps.row(Some(code), label))
        })
        .collect();
    rows.extend(unknown.map(|steps| steps.row(None, if view.lang == Lang::Nl { "Niet ingevuld" } else { "Not filled in" })));
    if parameters.by.is_none() {
        rows.push(all.clone());
    }
    let mut remarks = Vec::new();
    if used.windows(2).any(|pair| !pair[0].agrees(pair[1])) {
        remarks.push(Remark::MixedDefinitions(None));
    }
    if parameters.by == Some(By::TargetGroup) {
        remarks.push(Remark::RowsOverlap);
    }
    let mut success_definitions: Vec<_> = used.iter().map(|success| success.definition).collect();
    success_definitions.sort_unstable();
    success_definitions.dedup();
    Ok(Funnel {
        head: view.head(definition(view.lang), remarks),
        cohort_from: cohort.from,
        cohort_to: cohort.to,
        by: parameters.by,
        programme: wanted.map(|(code, _)| code).and_then(|code| code.map(str::to_owned).or_else(|| parameters.programme.clone())),
        success_definitions,
        rows,
        total: all,
    })
}

fn sector(dossier: &Dossier, id: TrajectoryId, placed: Option<Placed<'_>>, as_of: Day) -> Option<Sector> {
    let counting = placed.and_then(|placed| placed.placement?.sector);
    let latest_placement = || {
        let begun = placements_of(dossier, id).filter(|placement| placement.start.is_none_or(|day| day <= as_of));
        begun.filter(|placement| placement.sector.is_some()).max_by_key(|placement| placement.start)?.sector
    };
    let latest_training = || {
        let begun = trainings_of(dossier, id).filter(|training| training.start.is_none_or(|day| day <= as_of));
        begun.filter(|training| training.sector.is_some()).max_by_key(|training| training.start)?.sector
    };
    counting.or_else(latest_placement).or_else(latest_training)
}

fn name(by: By, group: usize, lang: Lang) -> Option<(&'static str, &'static str)> {
    fn of<C: Code>(group: usize, lang: Lang) -> Option<(&'static str, &'static str)> {
        C::ALL.get(group).map(|code| (code.code(), code.label(lang)))
    }
    match by {
        By::TargetGroup => of::<TargetGroup>(group, lang),
        By::GoalDirection => of::<GoalDirection>(group, lang),
        By::Sector => of::<Sector>(group, lang),
    }
}

fn definition(lang: Lang) -> String {
    match lang {
        Lang::Nl => {
            "Trechter: trajecten die in de periode zijn aangemeld. Van de gestarte (overeenkomst getekend) is elk geplaatst \
                     volgens de definitie van het programma, anders teruggemeld, voortijdig gestopt, om een andere reden \
                     afgesloten of lopend. Intake, geen instroom en gestart in procenten van aangemeld, de rest van gestart."
                .to_owned()
        }
        Lang::En => "Funnel: trajectories referred in the period. Of those started (agreement signed) each is placed by the \
                     programme's definition, or else reported back, stopped early, closed for another reason or running. \
                     Intake, no inflow and started in percent of referred, the rest of started."
            .to_owned(),
    }
}

impl Tabular for Funnel {
    fn title(&self, lang: Lang) -> String {
        let mut title = match lang {
            Lang::Nl => format!("Trechter, aangemeld {} t/m {}", self.cohort_from, self.cohort_to),
            Lang::En => format!("Funnel, referred {} to {}", self.cohort_from, self.cohort_to),
        };
        if let Some(programme) = &self.programme {
            title.push_str(", ");
            title.push_str(programme);
        }
        title
    }

    fn headings(&self, lang: Lang) -> Vec<Heading> {
        let mut columns = headings(
            lang,
            &[
                ("Groep", "Group", false),
                ("Aangemeld", "Referred", true),
                ("Intake", "Intake", true),
                ("Geen instroom", "No inflow", true),
                ("Gestart", "Started", true),
            ],
        );
        for (nl, en) in [
            ("Geplaatst", "Placed"),
            ("Teruggemeld", "Reported back"),
            ("Gestopt", "Stopped early"),
            ("Anders afgesloten", "Closed otherwise"),
            ("Lopend", "Running"),
        ] {
            columns.extend(headings(lang, &[(nl, en, true), ("%", "%", true)]));
        }
        columns
    }

    fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let total = self.by.map(|_| &self.total);
        self.rows
            .iter()
            .chain(total)
            .map(|row| {
                let (steps, percent) = (&row.steps, &row.percent);
                let label = match (row.group, self.by) {
                    (Some("TOTAL"), _) => if lang == Lang::Nl { "Totaal" } else { "Total" }.to_owned(),
                    _ => row.label.to_owned(),
                };
                let mut cells = vec![label];
                cells.extend([steps.referred, steps.intake, steps.no_inflow, steps.started].map(|count| count.to_string()));
                for (count, percent) in [
                    (steps.placed, &percent.placed),
                    (steps.reported_back, &percent.reported_back),
                    (steps.stopped_early, &percent.stopped_early),
                    (steps.other_closed, &percent.other_closed),
                    (steps.running, &percent.running),
                ] {
                    cells.extend([count.to_string(), shown_or_dash(percent.as_ref(), lang)]);
                }
                cells
            })
            .collect()
    }

    fn notes(&self, lang: Lang) -> Vec<String> {
        let labels: Vec<_> = self.success_definitions.iter().map(|definition| definition.label(lang)).collect();
        let mut notes = Vec::new();
        if !labels.is_empty() {
            notes.push(format!(
                "{}: {}.",
                if lang == Lang::Nl { "Geplaatst telt als" } else { "Placed means" },
                labels.join("; ")
            ));
        }
        notes.extend(self.head.notes(definition(lang), lang));
        notes
    }
}

#[cfg(test)]
mod tests;
