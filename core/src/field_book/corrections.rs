//! Corrections of one visit that contradict each other: made apart, of the same field, to different values.
//!
//! A correction that was made knowing an earlier one replaces it. Of two whose authors did not know of each other, the one
//! recorded last is read, and both are shown until a person says what it should be: with one more correction, which knows both.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::clock::Timestamp;
use crate::codes::PartySpoken;
use crate::document::{Edit, NO_BSN};
use crate::ledger::DocumentFacts;
use crate::record::{Code as _, Content, Entry, Lang, Merge, Record, Value as _};
use crate::visit::Correction;

/// A field of a visit that was corrected to different values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectedField {
    /// The visit.
    pub visit: VisitId,
    /// The day of the visit, as it reads now.
    pub day: Option<Day>,
    /// The full key of the field in a correction; of a set, the key of the whole set.
    pub key: String,
}

impl CorrectedField {
    /// What was corrected, for a person to read.
    pub(super) fn label(&self, lang: Lang) -> String {
        let field = show_cell(Container::Corrections, &self.key, &Scalar::Null, lang).0;
        let day = self.day.map(|day| day.to_string()).unwrap_or_else(|| self.visit.to_string());
        match lang {
            Lang::Nl => format!("correctie van het bezoek van {day}: {field}"),
            Lang::En => format!("correction of the visit of {day}: {field}"),
        }
    }

    /// One more correction with this value, recorded after all others, so that it is the one that is read.
    pub(super) fn settle(
        &self,
        dossier: &Dossier,
        value: &Scalar,
        person: &str,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Vec<Write> {
        let mut cells = Correction {
            visit: Some(self.visit),
            by: Some(person.to_owned()),
            recorded_at: Some(dossier.next_correction_at(self.visit, moment.at)),
            ..Correction::default()
        }
        .cells();
        match value {
            Scalar::Text(members) if is_set(&self.key) => {
                cells.extend(members.split('|').map(|member| (format!("{}:{member}", self.key), Scalar::Bool(true))));
            }
            value => {
                cells.insert(self.key.clone(), value.clone());
            }
        }
        let entry = EntryId::fresh(moment.at, rng).to_string();
        cells
            .into_iter()
            .map(|(key, value)| Write { container: Container::Corrections, entry: entry.clone(), key, value })
            .collect()
    }
}

/// A corrected value for a person to read.
pub(super) fn show_corrected(key: &str, value: &Scalar, lang: Lang) -> String {
    match value {
        Scalar::Text(members) if is_set(key) => {
            let label = |code: &str| PartySpoken::from_code(code).map_or(code.to_owned(), |party| party.show(lang));
            members.split('|').map(label).collect::<Vec<_>>().join(", ")
        }
        value => show_cell(Container::Corrections, key, value, lang).1,
    }
}

/// A set is corrected as a whole.
fn is_set(key: &str) -> bool {
    field_of(Container::Corrections, key).is_some_and(|(field, _)| field.merge == Merge::Set)
}

/// What a correction says, by field: a single value, one of a map, or a whole set as its members.
fn corrected(entry: &Entry) -> BTreeMap<String, Scalar> {
    let mut values = BTreeMap::new();
    let mut sets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in entry {
        let about_itself = ["v", "b", "a", "q", NO_BSN].contains(&key.as_str());
        match key.split_once(':') {
            Some((set, member)) if is_set(set) => {
                if *value == Scalar::Bool(true) {
                    sets.entry(set).or_default().push(member);
                }
            }
            _ if about_itself || *value == Scalar::Null => {}
            _ => {
                values.insert(key.clone(), value.clone());
            }
        }
    }
    values.extend(sets.into_iter().map(|(set, members)| (set.to_owned(), Scalar::Text(members.join("|")))));
    values
}

/// The corrections by visit and field: entry and value.
fn by_field(content: &Content) -> BTreeMap<(VisitId, String), Vec<(String, Scalar)>> {
    let mut fields: BTreeMap<(VisitId, String), Vec<(String, Scalar)>> = BTreeMap::new();
    for (entry, cells) in content.get(&Container::Corrections).into_iter().flatten() {
        let Some(visit) = cells.get("v").and_then(VisitId::from_scalar) else { continue };
        for (key, value) in corrected(cells) {
            fields.entry((visit, key)).or_default().push((entry.clone(), value));
        }
    }
    fields.retain(|_, values| values.windows(2).any(|pair| pair[0].1 != pair[1].1));
    fields
}

/// How many fields were corrected to more than one value, knowingly or not: only then the history has to be asked.
pub(super) fn corrected_twice(content: &Content) -> usize {
    by_field(content).len()
}

/// A value with the actor who wrote it and when.
type Told = (Scalar, Vec<u8>, Timestamp);

/// The fields with corrections of which none knew the other, the value that is read now first.
pub(super) fn contradictions(
    content: &Content,
    edits: &[Edit],
    facts: &DocumentFacts,
    dossier: &Dossier,
) -> Vec<(CorrectedField, Vec<Told>)> {
    let mut made: HashMap<&str, &Edit> = HashMap::new();
    for edit in edits {
        for write in edit.writes.iter().filter(|write| write.container == Container::Corrections) {
            made.insert(&write.entry, edit);
        }
    }
    let mut found = Vec::new();
    for ((visit, key), values) in by_field(content) {
        let Some(now) = dossier.effective_visit(visit).filter(|visit| visit.withdrawn.is_none()) else { continue };
        let known: Vec<(&String, &Scalar, &Edit)> =
            values.iter().filter_map(|(entry, value)| Some((entry, value, *made.get(entry.as_str())?))).collect();
        let mut replaced: BTreeSet<ChangeHash> = BTreeSet::new();
        for (_, _, edit) in &known {
            replaced.extend(ancestors(facts, &edit.hash));
        }
        let mut standing: Vec<_> = known.into_iter().filter(|(_, _, edit)| !replaced.contains(&edit.hash)).collect();
        let recorded = |entry: &str| {
            let id: Option<EntryId> = entry.parse().ok();
            (id.and_then(|id| dossier.corrections.get(&id)?.recorded_at), id)
        };
        standing.sort_by_key(|(entry, ..)| std::cmp::Reverse(recorded(entry)));
        let mut told: Vec<Told> = Vec::new();
        for (_, value, edit) in standing {
            if told.iter().all(|(known, ..)| known != value) {
                told.push((value.clone(), edit.actor.clone(), edit.at));
            }
        }
        if told.len() > 1 {
            found.push((CorrectedField { visit, day: now.day(), key }, told));
        }
    }
    found
}

/// Everything that a change follows.
fn ancestors(facts: &DocumentFacts, change: &ChangeHash) -> HashSet<ChangeHash> {
    let deps = |hash: &ChangeHash| facts.change(hash).map(|change| change.deps.as_slice()).unwrap_or_default();
    let mut known: HashSet<ChangeHash> = HashSet::new();
    let mut next: Vec<ChangeHash> = deps(change).to_vec();
    while let Some(hash) = next.pop() {
        if known.insert(hash) {
            next.extend_from_slice(deps(&hash));
        }
    }
    known
}
