//! Targets in the monitor: how far, and for an umbrella programme whether that is on course.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tally::{Count, Tally};
use crate::clock::Day;
use crate::codes::{TargetMetric, TargetUnit};
use crate::ids::EntryId;
use crate::programme::{Programme, Target};
use crate::record::{Code, Lang};
use crate::report::View;
use crate::report::facts::{Programmes, folded};
use crate::report::percent::{decimal, shown_or_dash};

/// Whether a programme is on course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Pace {
    /// More than 5 percent above the linear target.
    Ahead,
    /// Within 5 percent of it.
    On,
    /// More than 5 percent below it.
    Behind,
}

impl Pace {
    /// For a person to read.
    pub fn label(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Pace::Ahead, Lang::Nl) => "voor op schema",
            (Pace::On, Lang::Nl) => "op koers",
            (Pace::Behind, Lang::Nl) => "achter op schema",
            (Pace::Ahead, Lang::En) => "ahead",
            (Pace::On, Lang::En) => "on course",
            (Pace::Behind, Lang::En) => "behind",
        }
    }
}

/// One target, in the version that holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetRow {
    /// What is counted.
    pub metric: TargetMetric,
    /// The metric's label.
    pub metric_label: &'static str,
    /// Trajectories or persons.
    pub unit: TargetUnit,
    /// The unit's label.
    pub unit_label: &'static str,
    /// How many.
    pub value: i64,
    /// By when.
    pub due: Option<Day>,
    /// The value at the beginning.
    pub baseline: Option<i64>,
    /// How it is measured.
    pub method: Option<String>,
    /// The target in proportion to the days elapsed, half-up; for an umbrella programme only.
    pub to_date: Option<i64>,
    /// How many so far; absent when it cannot be counted.
    pub realised: Option<i64>,
    /// Realised as a percentage of the target.
    pub percent: Option<String>,
    /// Realised beside the target to date; for an umbrella programme only.
    pub pace: Option<Pace>,
    /// The pace's label.
    pub pace_label: Option<&'static str>,
}

impl TargetRow {
    /// For a person to read.
    pub(super) fn sentence(&self, name: &str, on: Day, lang: Lang) -> String {
        let nl = lang == Lang::Nl;
        let unit = self.unit.label(lang).to_lowercase();
        let by = self.due.map(|due| format!(" {} {due}", if nl { "per" } else { "by" })).unwrap_or_default();
        let goal = format!(
            "{name}, {}: {} {} {unit}{by}",
            self.metric.label(lang).to_lowercase(),
            if nl { "doel" } else { "target" },
            self.value
        );
        let Some(realised) = self.realised else {
            return format!(
                "{goal}; {}.",
                if nl { "gerealiseerd niet te tellen" } else { "what was realised cannot be counted" }
            );
        };
        let mut said = format!(
            "{goal}; {} {realised} ({}%)",
            if nl { "gerealiseerd" } else { "realised" },
            shown_or_dash(self.percent.as_ref(), lang)
        );
        if let (Some(to_date), Some(pace)) = (self.to_date, self.pace) {
            let until = if nl { "doel t/m" } else { "target up to" };
            said.push_str(&format!("; {until} {on}: {to_date}; {}", pace.label(lang)));
        }
        said + "."
    }
}

/// What a row's targets are judged by.
pub(super) struct Judged<'a> {
    pub code: &'a str,
    pub programme: Option<&'a Programme>,
    /// Not part of another programme: only there pace is judged.
    pub top: bool,
    pub tally: &'a Tally,
    pub one_definition: bool,
    pub on: Day,
}

/// The programme's targets: per metric and unit the version that holds on that day.
pub(super) fn rows(view: &View<'_>, programmes: &Programmes<'_>, judged: &Judged<'_>) -> Vec<TargetRow> {
    let mut versions: BTreeMap<(TargetMetric, TargetUnit, String), (&EntryId, &Target)> = BTreeMap::new();
    for (id, target) in &view.register.targets {
        let of_programme = target.programme.as_deref().and_then(|text| programmes.find(text)) == Some(judged.code);
        let (Some(metric), true) = (target.metric, of_programme) else { continue };
        if target.value.is_none() || target.valid_from.is_some_and(|day| day > judged.on) {
            continue;
        }
        // Observed figures differ in what they measure, so each of those is a target of its own.
        let what =
            if metric == TargetMetric::Observed { folded(target.method.as_deref().unwrap_or_default()) } else { String::new() };
        let version = versions.entry((metric, unit(target), what)).or_insert((id, target));
        if (target.valid_from, id) > (version.1.valid_from, version.0) {
            *version = (id, target);
        }
    }
    versions.into_values().map(|(_, target)| row(view, programmes, judged, target)).collect()
}

fn unit(target: &Target) -> TargetUnit {
    target.unit.unwrap_or(TargetUnit::Trajectories)
}

fn row(view: &View<'_>, programmes: &Programmes<'_>, judged: &Judged<'_>, target: &Target) -> TargetRow {
    let metric = target.metric.unwrap_or(TargetMetric::Observed);
    let (unit, value) = (unit(target), target.value.unwrap_or_default());
    let count = |count: &Count| match unit {
        TargetUnit::Trajectories => count.trajectories as i64,
        TargetUnit::Persons => count.persons as i64,
    };
    let realised = match metric {
        TargetMetric::Started => Some(count(&judged.tally.started_so_far)),
        TargetMetric::TrainingCompleted => Some(count(&judged.tally.trained_so_far)),
        TargetMetric::Placed => judged.one_definition.then(|| count(&judged.tally.placed_so_far)),
        TargetMetric::Observed => observed(view, programmes, judged, target),
    };
    let linear = linear(judged, target);
    let pace = linear.zip(realised).map(|(linear, realised)| linear.pace(realised));
    TargetRow {
        metric,
        metric_label: metric.label(view.lang),
        unit,
        unit_label: unit.label(view.lang),
        value,
        due: target.due,
        baseline: target.baseline,
        method: target.method.clone(),
        to_date: linear.map(Linear::rounded),
        realised,
        percent: realised.filter(|_| value > 0).map(|realised| decimal(100 * i128::from(realised), i128::from(value), 2)),
        pace,
        pace_label: pace.map(|pace| pace.label(view.lang)),
    }
}

/// The latest observation of what the target measures: the one whose name is the target's method, or the only kind there is.
fn observed(view: &View<'_>, programmes: &Programmes<'_>, judged: &Judged<'_>, target: &Target) -> Option<i64> {
    let of_programme: Vec<_> = view
        .register
        .observations
        .iter()
        .filter(|(_, seen)| seen.programme.as_deref().and_then(|text| programmes.find(text)) == Some(judged.code))
        .filter(|(_, seen)| seen.on.is_none_or(|day| day <= judged.on))
        .filter_map(|(id, seen)| Some((folded(seen.metric.as_deref()?), seen.on, id, seen.value?)))
        .collect();
    let method = folded(target.method.as_deref().unwrap_or_default());
    let named =
        |what: &str| of_programme.iter().filter(|seen| seen.0 == what).max_by_key(|seen| (seen.1, seen.2)).map(|seen| seen.3);
    named(&method).or_else(|| {
        let first = &of_programme.first()?.0;
        of_programme.iter().all(|seen| seen.0 == *first).then(|| named(first)).flatten()
    })
}

/// The target to date as a fraction, so that pace is judged before rounding.
#[derive(Clone, Copy)]
struct Linear {
    numerator: i128,
    days: i128,
}

impl Linear {
    fn rounded(self) -> i64 {
        i64::try_from((2 * self.numerator + self.days) / (2 * self.days)).unwrap_or(i64::MAX)
    }

    fn pace(self, realised: i64) -> Pace {
        let realised = i128::from(realised) * self.days * 100;
        if realised > self.numerator * 105 {
            Pace::Ahead
        } else if realised < self.numerator * 95 {
            Pace::Behind
        } else {
            Pace::On
        }
    }
}

/// Value x elapsed days / total days, both counted with their first and last day.
fn linear(judged: &Judged<'_>, target: &Target) -> Option<Linear> {
    let (from, due, value) = (judged.programme?.from?, target.due?, target.value?);
    let days = due.days_since(from) + 1;
    let elapsed = (judged.on.days_since(from) + 1).min(days);
    (judged.top && elapsed > 0).then(|| Linear { numerator: i128::from(value) * i128::from(elapsed), days: i128::from(days) })
}
