//! The programme monitor (R1): started, training completed and placed per programme, and whether an umbrella programme
//! is on course for its targets.
//!
//! A row of a programme with parts includes those parts, at any depth; so rows are not meant to be added up. Placed is
//! counted by each programme's own definition of success and never added up across different ones. Targets are judged
//! from the beginning of the programme up to the last day of the report, whatever the period of the other columns.

mod table;
mod tally;
mod target;

use std::collections::HashMap;

use serde::Serialize;

use super::facts::{Programmes, Success, completed, folded, trainings_of};
use super::{Head, Remark, ReportError, View};
use crate::clock::{Day, Period};
use crate::codes::{ProgrammeCategory, ProgrammeStatus, SuccessDefinition};
use crate::record::{Code, Lang};
use table::definition;
pub use tally::Figures;
use tally::{Facts, Tally};
pub use target::{Pace, TargetRow};

/// What to count.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// What happened in this period.
    pub period: Period,
    /// Only this programme (code or name) and its parts.
    pub programme: Option<String>,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Monitor {
    /// What the report says of itself.
    #[serde(flatten)]
    pub head: Head,
    /// First day of the period.
    pub from: Day,
    /// Last day of the period.
    pub to: Day,
    /// The day on which targets are judged: the last of the period, or `as_of` when that comes first.
    pub judged_on: Day,
    /// Each programme before its parts; then what the register lacks.
    pub rows: Vec<Row>,
    /// Everything in the rows once: persons and trajectories of parts are not counted again.
    pub total: Total,
}

/// One programme with its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its code; the text that trajectories name when the register lacks it; absent for trajectories without one.
    pub programme: Option<String>,
    /// What people call it.
    pub name: String,
    /// Category of the monitor.
    pub category: Option<ProgrammeCategory>,
    /// The category's label.
    pub category_label: Option<&'static str>,
    /// Where it stands.
    pub status: Option<ProgrammeStatus>,
    /// The status's label.
    pub status_label: Option<&'static str>,
    /// Code of the programme that it is a part of.
    pub part_of: Option<String>,
    /// How many programmes it lies within, as far as they are listed.
    pub depth: usize,
    /// Codes of its parts, at any depth; their figures are included.
    pub parts: Vec<String>,
    /// The register lacks it.
    pub unlisted: bool,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// What counts as placed.
    pub success_definition: SuccessDefinition,
    /// The definition's label.
    pub success_definition_label: &'static str,
    /// Whether sheltered work counts as placed.
    pub sheltered_counts: bool,
    /// Nobody set a definition; paid work is assumed.
    pub success_definition_assumed: bool,
    /// Its targets, in the version that holds on `judged_on`.
    pub targets: Vec<TargetRow>,
    /// Parts without any figure so far.
    pub without_figures: Vec<String>,
}

/// All rows together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Total {
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// What counts as placed, when all rows agree.
    pub success_definition: Option<SuccessDefinition>,
}

/// A row while it is being counted.
struct Node<'a> {
    /// Code, or text of an unlisted programme; none for trajectories without one.
    key: Option<&'a str>,
    listed: bool,
    depth: usize,
    success: Success,
    /// Itself and the rows that include it.
    within: Vec<usize>,
    /// Trajectories of its own that existed on the last day.
    known: u64,
    tally: Tally,
}

/// Counts per programme.
///
/// # Errors
/// When the period is empty, or nothing in register or dossiers is called like the programme.
pub fn report(view: &View<'_>, parameters: &Parameters) -> Result<Monitor, ReportError> {
    let period = parameters.period;
    if period.from > period.to {
        return Err(ReportError::EmptyPeriod(period.from, period.to));
    }
    let last = period.to.min(view.as_of);
    let programmes = Programmes::of(view.register);
    let mut nodes = listed(&programmes);
    let wanted = parameters.programme.as_deref().map(|text| programmes.find(text).map_or_else(|| folded(text), str::to_owned));
    let mut unlisted: HashMap<String, usize> = HashMap::new();
    let in_register: HashMap<&str, usize> =
        nodes.iter().enumerate().filter_map(|(index, node)| Some((node.key?, index))).collect();
    let mut total = Tally::default();
    let mut completed_without_end = 0;

    for (person, group) in view.people().chunk_by(|one, other| one.0 == other.0).enumerate() {
        for (id, trajectory, dossier) in group
            .iter()
            .flat_map(|(_, dossier)| dossier.trajectories.iter().map(move |(id, trajectory)| (*id, trajectory, *dossier)))
        {
            let text = trajectory.programme.as_deref().map(str::trim).filter(|text| !text.is_empty());
            let index = match text.and_then(|text| programmes.find(text)) {
                Some(code) => in_register[code],
                None => *unlisted.entry(text.map(folded).unwrap_or_default()).or_insert_with(|| {
                    let index = nodes.len();
                    let success = programmes.unlisted_success();
                    nodes.push(Node {
                        key: text,
                        listed: false,
                        depth: 0,
                        success,
                        within: vec![index],
                        known: 0,
                        tally: Tally::default(),
                    });
                    index
                }),
            };
            if !in_scope(&nodes, index, wanted.as_deref()) {
                continue;
            }
            let facts = Facts::of(dossier, id, trajectory, nodes[index].success, last);
            completed_without_end +=
                trainings_of(dossier, id).filter(|training| completed(training) && training.end.is_none()).count();
            total.add(&facts, person, period, last);
            let first = [trajectory.referral_date, trajectory.intake_date, trajectory.agreement_date].into_iter().flatten().min();
            nodes[index].known += u64::from(first.is_none_or(|day| day <= last));
            for place in 0..nodes[index].within.len() {
                let row = nodes[index].within[place];
                nodes[row].tally.add(&facts, person, period, last);
            }
        }
    }
    let exists = |row: &usize| nodes[*row].listed || nodes[*row].known > 0 || !nodes[*row].tally.nothing();
    let shown: Vec<usize> =
        in_reading_order(&nodes).into_iter().filter(|row| in_scope(&nodes, *row, wanted.as_deref())).filter(exists).collect();
    if let (Some(programme), true) = (&parameters.programme, shown.is_empty()) {
        return Err(ReportError::UnknownProgramme(programme.clone()));
    }

    let mut remarks = Vec::new();
    let rows: Vec<Row> = shown.iter().map(|row| make_row(view, &programmes, &nodes, *row, last, &mut remarks)).collect();
    let names =
        |wanted: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).map(|row| row.name.clone()).collect::<Vec<_>>();
    let assumed = names(&|row| row.success_definition_assumed && row.programme.is_some());
    if !assumed.is_empty() {
        remarks.push(Remark::AssumedDefinition(assumed));
    }
    let not_listed = names(&|row| row.unlisted && row.programme.is_some());
    if !not_listed.is_empty() {
        remarks.push(Remark::Unlisted(not_listed));
    }
    if completed_without_end > 0 {
        remarks.push(Remark::CompletedWithoutEnd(completed_without_end as u64));
    }
    let one_definition = shown.windows(2).all(|pair| nodes[pair[0]].success.agrees(nodes[pair[1]].success));
    if !one_definition {
        remarks.push(Remark::MixedDefinitions(None));
    }
    let definition_of_all = shown.first().filter(|_| one_definition).map(|row| nodes[*row].success.definition);
    Ok(Monitor {
        head: view.head(definition(view.lang), remarks),
        from: period.from,
        to: period.to,
        judged_on: last,
        rows,
        total: Total { figures: total.figures(one_definition), success_definition: definition_of_all },
    })
}

fn listed<'a>(programmes: &Programmes<'a>) -> Vec<Node<'a>> {
    let order = programmes.in_order();
    let index: HashMap<&str, usize> = order.iter().enumerate().map(|(index, (code, _))| (*code, index)).collect();
    order
        .iter()
        .map(|&(code, depth)| Node {
            key: Some(code),
            listed: true,
            depth,
            success: programmes.success(code),
            within: programmes.line(code).iter().filter_map(|code| index.get(code).copied()).collect(),
            known: 0,
            tally: Tally::default(),
        })
        .collect()
}

/// Whether the row is of the wanted programme or a part of it; an unlisted one is wanted by its text.
fn in_scope(nodes: &[Node<'_>], row: usize, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    nodes[row].within.iter().filter_map(|row| Some((nodes[*row].key?, nodes[*row].listed))).any(|(key, listed)| match listed {
        true => key == wanted,
        false => folded(key) == wanted,
    })
}

/// The listed ones as they are, then the others by name.
fn in_reading_order(nodes: &[Node<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|row| {
        (!nodes[*row].listed, if nodes[*row].listed { None } else { Some(nodes[*row].key.map(folded)) }, *row)
    });
    order
}

fn make_row(
    view: &View<'_>,
    programmes: &Programmes<'_>,
    nodes: &[Node<'_>],
    row: usize,
    last: Day,
    remarks: &mut Vec<Remark>,
) -> Row {
    let node = &nodes[row];
    let code = node.key.filter(|_| node.listed);
    let record = code.and_then(|code| programmes.get(code));
    let none = || if view.lang == Lang::Nl { "(geen programma)" } else { "(no programme)" }.to_owned();
    let name = record.and_then(|record| record.name.clone()).or_else(|| node.key.map(str::to_owned)).unwrap_or_else(none);
    let parts: Vec<&Node<'_>> = nodes
        .iter()
        .enumerate()
        .filter(|(part, node)| *part != row && node.within.contains(&row))
        .map(|(_, node)| node)
        .collect();
    let one_definition = parts.iter().all(|part| part.success.agrees(node.success));
    if !one_definition {
        remarks.push(Remark::MixedDefinitions(Some(name.clone())));
    }
    let keys =
        |parts: &mut dyn Iterator<Item = &&Node<'_>>| parts.filter_map(|part| part.key.map(str::to_owned)).collect::<Vec<_>>();
    let without_figures = keys(&mut parts.iter().filter(|part| part.tally.nothing()));
    let part_of = code.and_then(|code| programmes.parent(code));
    let targets = code.map_or_else(Vec::new, |code| {
        let judged =
            target::Judged { code, programme: record, top: part_of.is_none(), tally: &node.tally, one_definition, on: last };
        target::rows(view, programmes, &judged)
    });
    if !targets.is_empty() && part_of.is_none() {
        if !without_figures.is_empty() {
            remarks.push(Remark::WithoutFigures(name.clone(), without_figures.clone()));
        }
        if record.is_some_and(|record| record.from.is_none()) {
            remarks.push(Remark::NoFirstDay(name.clone()));
        }
    }
    if node.key.is_none() {
        remarks.push(Remark::WithoutProgramme(node.known));
    }
    let category = record.and_then(|record| record.category);
    let status = record.and_then(|record| record.status);
    Row {
        programme: node.key.map(str::to_owned),
        name,
        category,
        category_label: category.map(|category| category.label(view.lang)),
        status,
        status_label: status.map(|status| status.label(view.lang)),
        part_of: part_of.map(str::to_owned),
        depth: node.depth,
        parts: keys(&mut parts.iter()),
        unlisted: !node.listed,
        figures: node.tally.figures(one_definition),
        success_definition: node.success.definition,
        success_definition_label: node.success.definition.label(view.lang),
        sheltered_counts: node.success.sheltered,
        success_definition_assumed: node.success.assumed,
        targets,
        without_figures,
    }
}

#[cfg(test)]
mod tests;
