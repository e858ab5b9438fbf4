//! A dossier that is written anew without some entries: what it must hold, so that nothing else is lost.
//!
//! Automerge keeps every text that was ever written in a document. So a note that does not belong in a dossier leaves it only
//! when the dossier goes on in another document, and the first one is erased.

use std::collections::{BTreeMap, BTreeSet};

use crate::admission;
use crate::chunk::ChangeHash;
use crate::document::{Document, DocumentError, Edit, NO_BSN};
use crate::ids::EntryId;
use crate::record::{Container, Entry, Scalar, Write};

/// How many bytes of an actor name its device.
const DEVICE: usize = 16;

/// A cell's place.
pub type Place = (Container, String, String);

/// The values of cells, the one that is read first.
pub type Cells = BTreeMap<Place, Vec<Scalar>>;

/// Whether an entry goes with the withdrawn ones: it is one, or it belongs to one (what was agreed at a visit, a correction
/// of it, a proposal for it).
pub fn is_left_out(container: Container, entry: &str, cells: &Entry, withdrawn: &BTreeSet<EntryId>) -> bool {
    let names_one = |text: &str| text.parse::<EntryId>().is_ok_and(|id| withdrawn.contains(&id));
    let of_one = |cell: Option<&Scalar>| match cell {
        Some(Scalar::Bytes(bytes)) => EntryId::from_slice(bytes).is_some_and(|id| withdrawn.contains(&id)),
        _ => false,
    };
    match container {
        Container::Agreements | Container::Corrections => names_one(entry) || of_one(cells.get("v")),
        Container::Proposals => entry.split('/').any(names_one),
        _ => names_one(entry),
    }
}

/// Every cell of a document with all of its present values, the one that is read first; what was left out is not among them.
pub fn cells(document: &Document, withdrawn: &BTreeSet<EntryId>) -> Result<Cells, DocumentError> {
    let content = document.content()?;
    let mut cells = Cells::new();
    for (container, entries) in &content {
        for (entry, fields) in entries {
            if is_left_out(*container, entry, fields, withdrawn) {
                continue;
            }
            for (key, value) in fields {
                cells.insert((*container, entry.clone(), key.clone()), vec![value.clone()]);
            }
        }
    }
    for contested in document.contested()? {
        if let Some(values) = cells.get_mut(&(contested.container, contested.entry, contested.key)) {
            *values = contested.versions.into_iter().map(|version| version.value).collect();
        }
    }
    Ok(cells)
}

/// Every value that was ever written in each cell, the first one first, by the changes that are asked for.
pub fn written(document: &Document, by: &dyn Fn(&ChangeHash) -> bool) -> Result<Cells, DocumentError> {
    let mut written = Cells::new();
    for write in document.edits()?.into_iter().filter(|edit| by(&edit.hash)).flat_map(|edit| edit.writes) {
        written.entry((write.container, write.entry, write.key)).or_default().push(write.value);
    }
    Ok(written)
}

/// Whether a person wrote all that goes with these entries: the visits that they made, what was agreed at them, and what corrects
/// them. By every value that was ever written of who made them, not by the one that is read: anybody with access can make an
/// entry of the same name beside a known one, and be read first, or say afterwards of an entry that nobody's name is in that it
/// is theirs. So whichever device made an entry must itself have said whose it is. Entries that are not there say nothing
/// against it.
pub fn wrote_all(document: &Document, withdrawn: &BTreeSet<EntryId>, person: &str) -> Result<bool, DocumentError> {
    let edits = document.edits()?;
    let device = |edit: &Edit| edit.actor.iter().take(DEVICE).copied().collect::<Vec<u8>>();
    let (mut said, mut makers) = (BTreeMap::<Place, Vec<(Vec<u8>, Scalar)>>::new(), BTreeMap::new());
    for edit in &edits {
        for made in &edit.made {
            makers.entry(made.clone()).or_insert_with(BTreeSet::new).insert(device(edit));
        }
        for Write { container, entry, key, value } in &edit.writes {
            let place = (*container, entry.clone(), key.clone());
            said.entry(place).or_default().push((device(edit), value.clone()));
        }
    }
    let always = |container: Container, entry: &str, key: &str, is: &dyn Fn(&Scalar) -> bool| {
        let Some(values) = said.get(&(container, entry.to_owned(), key.to_owned())) else { return false };
        let mut makers = makers.get(&(container, entry.to_owned())).into_iter().flatten();
        values.iter().all(|(_, value)| is(value)) && makers.all(|maker| values.iter().any(|(by, _)| by == maker))
    };
    let is_theirs = |value: &Scalar| matches!(value, Scalar::Text(by) if by == person);
    let of_one = |value: &Scalar| match value {
        Scalar::Bytes(bytes) => EntryId::from_slice(bytes).is_some_and(|id| withdrawn.contains(&id)),
        _ => false,
    };
    let entries: BTreeSet<(Container, &str)> = said.keys().map(|(container, entry, _)| (*container, entry.as_str())).collect();
    let content = document.content()?;
    let nothing = Entry::new();
    Ok(entries.into_iter().all(|(container, entry)| {
        let cells = content.get(&container).and_then(|entries| entries.get(entry)).unwrap_or(&nothing);
        if !is_left_out(container, entry, cells, withdrawn) {
            return true;
        }
        match container {
            Container::Visits => always(container, entry, "c", &is_theirs),
            Container::Corrections => always(container, entry, "b", &is_theirs) || always(container, entry, "v", &of_one),
            Container::Agreements => always(container, entry, "v", &of_one),
            // Another value for what is left out goes with it.
            Container::Proposals => true,
            _ => false,
        }
    }))
}

/// How a dossier is written anew: what nobody disputes, and then rows that do not know of each other, so that the values in
/// them stand beside each other as they did.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is written first.
    pub agreed: Vec<Write>,
    /// What each row writes.
    pub rows: Vec<Vec<Write>>,
    /// What each row writes before that, for what it then empties: nothing else can be emptied.
    pub under: Vec<Vec<Write>>,
}

/// How these cells are written anew.
pub fn plan(cells: &Cells) -> Plan {
    let undisputed: BTreeSet<(Container, &String)> =
        cells.iter().filter(|(_, values)| values.len() == 1).map(|((container, entry, _), _)| (*container, entry)).collect();
    let mut agreed: BTreeMap<Place, Scalar> = BTreeMap::new();
    let mut plan = Plan::default();
    for (place, values) in cells {
        let (container, entry, key) = place;
        let write =
            |value: &Scalar| Write { container: *container, entry: entry.clone(), key: key.clone(), value: value.clone() };
        let filled = || values.iter().filter(|value| **value != Scalar::Null);
        if let [only] = values.as_slice() {
            agreed.insert(place.clone(), only.clone());
        } else if undisputed.contains(&(*container, entry)) {
            let rows = values.len().max(plan.rows.len());
            plan.rows.resize_with(rows, Vec::new);
            plan.under.resize_with(rows, Vec::new);
            for ((row, under), value) in plan.rows.iter_mut().zip(&mut plan.under).zip(values) {
                row.push(write(value));
                under.extend(filled().next().filter(|_| *value == Scalar::Null).map(write));
            }
        } else if let Some(first) = filled().next() {
            // Of an entry that is disputed altogether nothing would be there for the values to meet in.
            agreed.insert(place.clone(), first.clone());
            let (stands, other) = ((Container::Proposals, proposal(place), "v".to_owned()), filled().nth(1));
            if let Some(other) = other.filter(|_| !cells.contains_key(&stands)) {
                let beside = propose(place, other, "").into_iter();
                agreed.extend(beside.map(|write| ((write.container, write.entry, write.key), write.value)));
            }
        }
    }
    let writes = agreed.into_iter();
    plan.agreed = writes.map(|((container, entry, key), value)| Write { container, entry, key, value }).collect();
    plan
}

/// The values of each cell in no order; without the word of a text's author that no BSN is in it, which goes with the text, and
/// without cells that are only emptied, which read as those that were never filled.
fn as_sets(cells: Cells) -> BTreeMap<Place, BTreeSet<Scalar>> {
    let sets =
        cells.into_iter().filter(|((.., key), _)| key != NO_BSN).map(|(place, values)| (place, values.into_iter().collect()));
    sets.filter(|(_, values): &(Place, BTreeSet<Scalar>)| values.iter().any(|value| *value != Scalar::Null)).collect()
}

/// Whether a document that consists of founding changes alone holds exactly what the other one holds without the withdrawn
/// entries, cell by cell, and never held anything else.
pub fn is_exact(before: &Document, founded: &Document, withdrawn: &BTreeSet<EntryId>) -> Result<bool, DocumentError> {
    let Plan { agreed, rows, .. } = plan(&cells(before, withdrawn)?);
    let mut due = Cells::new();
    for write in agreed.into_iter().chain(rows.into_iter().flatten()) {
        due.entry((write.container, write.entry, write.key)).or_default().push(write.value);
    }
    let (due, held) = (as_sets(due), as_sets(written(founded, &|_| true)?));
    let once_held = held.iter().all(|(place, values)| due.get(place).is_some_and(|due| values.is_subset(due)));
    Ok(once_held && as_sets(cells(founded, &BTreeSet::new())?) == due)
}

/// Where the proposal of another value for a cell stands.
fn proposal(place: &Place) -> String {
    let (container, entry, key) = place;
    format!("{}/{entry}/{key}", container.key())
}

/// The writes that lay a value beside the one that stands in a cell.
fn propose(place: &Place, value: &Scalar, by: &str) -> Vec<Write> {
    let cell =
        |key: &str, value: Scalar| Write { container: Container::Proposals, entry: proposal(place), key: key.into(), value };
    vec![cell("v", value.clone()), cell("w", Scalar::Text(by.to_owned())), cell("s", Scalar::Bool(false))]
}

/// What the old document holds and the new one never held, neither in its place nor as a proposal: place and value. With the
/// changes that wrote it anew, where they are known.
pub fn lacking(
    old: &Document,
    new: &Document,
    withdrawn: &BTreeSet<EntryId>,
    founding: Option<&[ChangeHash]>,
) -> Result<Vec<(Place, Scalar)>, DocumentError> {
    let known = written(new, &|_| true)?;
    let since = match founding {
        Some(founding) => Some(written(new, &|hash| !founding.contains(hash))?),
        None => None,
    };
    let mut lacking = Vec::new();
    for (place, values) in cells(old, withdrawn)? {
        let here = known.get(&place).map(Vec::as_slice).unwrap_or_default();
        let proposed = known.get(&(Container::Proposals, proposal(&place), "v".to_owned()));
        let proposed = proposed.map(Vec::as_slice).unwrap_or_default();
        let beside_others = values.len() > 1;
        for value in values {
            let stood = here.contains(&value) || proposed.contains(&value);
            // Emptied and never filled is the same to whoever reads it, and nobody proposes to empty a cell in which somebody
            // wrote something else since.
            let nothing = || {
                let rewritten =
                    since.as_ref().map_or(here.iter().any(|one| Some(one) != here.first()), |one| one.contains_key(&place));
                value == Scalar::Null && (here.is_empty() || beside_others || rewritten)
            };
            if !stood && !nothing() {
                lacking.push((place.clone(), value));
            }
        }
    }
    Ok(lacking)
}

/// The writes that bring a value into a document: in its place when nobody wrote another one than the known ones there
/// meanwhile, else as a proposal beside it, for a person to choose.
pub fn bring(place: &Place, value: &Scalar, present: &[Scalar], known: &[Scalar], by: &str) -> Vec<Write> {
    let (container, entry, key) = place.clone();
    let untouched = present.iter().all(|one| known.contains(one)) && !admission::is_written_once(container, &key);
    if present.is_empty() || present.first() == Some(value) || untouched {
        return vec![Write { container, entry, key, value: value.clone() }];
    }
    if *value == Scalar::Null { Vec::new() } else { propose(place, value, by) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::VisitId;
    use crate::record::Record;
    use crate::statement::DocumentKind;
    use crate::visit::{Agreement, Visit};

    const ANNA: [u8; 24] = [1; 24];
    const BRAM: [u8; 24] = [2; 24];

    fn visit(number: u8, summary: &str) -> (VisitId, Vec<Write>) {
        let id = VisitId::from_bytes([number; 16]);
        let visit = Visit { summary: Some(summary.into()), duration_min: Some(30), ..Visit::default() };
        (id, visit.create(&id.to_string()))
    }

    #[test]
    fn a_visit_goes_with_what_hangs_on_it_and_nothing_else_does() {
        let mut document = Document::found(DocumentKind::Dossier).unwrap();
        let (kept, first) = visit(1, "Blijft");
        let (gone, second) = visit(2, "Hoort hier niet");
        let agreement = Agreement { visit: Some(gone), text: Some("Ook weg".into()), ..Agreement::default() };
        let other = Agreement { visit: Some(kept), text: Some("Blijft ook".into()), ..Agreement::default() };
        let of = EntryId::from_bytes([3; 16]).to_string();
        let writes = [first, second, agreement.create(&of), other.create(&EntryId::from_bytes([4; 16]).to_string())].concat();
        document.write(&writes, &ANNA, Timestamp::default()).unwrap();
        let withdrawn = BTreeSet::from([EntryId::from_bytes(*gone.as_bytes())]);
        let left = cells(&document, &withdrawn).unwrap();
        let texts: Vec<&Scalar> = left.values().flatten().filter(|value| matches!(value, Scalar::Text(_))).collect();
        assert_eq!(texts, [&Scalar::Text("Blijft".into()), &Scalar::Text("Blijft ook".into())]);
    }

    #[test]
    fn the_new_document_lacks_nothing_once_both_values_of_a_conflict_are_in_it() {
        let edit = |minutes| {
            let entry = VisitId::from_bytes([1; 16]).to_string();
            [Write { container: Container::Visits, entry, key: "m".into(), value: Scalar::Int(minutes) }]
        };
        let mut old = Document::found(DocumentKind::Dossier).unwrap();
        old.write(&visit(1, "x").1, &ANNA, Timestamp::default()).unwrap();
        let mut twin = old.clone();
        let theirs = twin.write(&edit(60), &BRAM, Timestamp::default()).unwrap().unwrap();
        old.write(&edit(45), &ANNA, Timestamp::default()).unwrap();
        old.apply([theirs.as_slice()]).unwrap();

        let mut new = Document::found(DocumentKind::Dossier).unwrap();
        let none = BTreeSet::new();
        assert_eq!(lacking(&old, &new, &none, None).unwrap().len(), 3);
        new.write(&visit(1, "x").1, &ANNA, Timestamp::default()).unwrap();
        new.write(&edit(45), &ANNA, Timestamp::default()).unwrap();
        let left = lacking(&old, &new, &none, None).unwrap();
        assert_eq!(left.iter().map(|(_, value)| value).collect::<Vec<_>>(), [&Scalar::Int(60)]);
        let (place, value) = &left[0];
        // Somebody wrote another value there since it was founded anew: it becomes a proposal.
        let beside = bring(place, value, &[Scalar::Int(45)], &[Scalar::Int(30)], "bram");
        new.write(&beside, &ANNA, Timestamp::default()).unwrap();
        assert_eq!(lacking(&old, &new, &none, None).unwrap(), []);
        assert_eq!(bring(place, value, &[Scalar::Int(30)], &[Scalar::Int(30)], "bram").len(), 1);
        // What is written once is not written over, also where only the founding wrote it.
        let (coach, dirk) = ((place.0, place.1.clone(), "c".to_owned()), Scalar::Text("dirk".into()));
        let anna = [Scalar::Text("anna".into())];
        assert_eq!(bring(&coach, &dirk, &anna, &anna, "bram").len(), 3);
    }
}
