//! A dossier that is written anew without some entries: what it must hold, so that nothing else is lost.
//!
//! Automerge keeps every text that was ever written in a document. So a note that does not belong in a dossier leaves it only
//! when the dossier goes on in another document, and the first one is erased.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, DocumentError};
use crate::ids::EntryId;
use crate::record::{Container, Content, Entry, Scalar, Write};

/// A cell's place.
pub type Place = (Container, String, String);

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
pub fn cells(document: &Document, withdrawn: &BTreeSet<EntryId>) -> Result<BTreeMap<Place, Vec<Scalar>>, DocumentError> {
    let content = document.content()?;
    let mut cells: BTreeMap<Place, Vec<Scalar>> = BTreeMap::new();
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

/// Every value that was ever written in each cell, the first one first.
pub fn written(document: &Document) -> Result<BTreeMap<Place, Vec<Scalar>>, DocumentError> {
    let mut written: BTreeMap<Place, Vec<Scalar>> = BTreeMap::new();
    for write in document.edits()?.into_iter().flat_map(|edit| edit.writes) {
        written.entry((write.container, write.entry, write.key)).or_default().push(write.value);
    }
    Ok(written)
}

/// Whether a person wrote all of these entries: the visits that they made, what was agreed at them, and what corrects them.
/// Entries that are not there say nothing against it.
pub fn wrote_all(content: &Content, withdrawn: &BTreeSet<EntryId>, person: &str) -> bool {
    let by = |cells: &Entry, key: &str| matches!(cells.get(key), Some(Scalar::Text(by)) if by == person);
    let hangs_on_one = |cells: &Entry| match cells.get("v") {
        Some(Scalar::Bytes(bytes)) => EntryId::from_slice(bytes).is_some_and(|id| withdrawn.contains(&id)),
        _ => false,
    };
    content.iter().all(|(container, entries)| {
        let named = entries.iter().filter(|(entry, _)| entry.parse::<EntryId>().is_ok_and(|id| withdrawn.contains(&id)));
        named.into_iter().all(|(_, cells)| match container {
            Container::Visits => by(cells, "c"),
            Container::Corrections => by(cells, "b") || hangs_on_one(cells),
            Container::Agreements => hangs_on_one(cells),
            _ => false,
        })
    })
}

/// Where the proposal of another value for a cell stands.
fn proposal(place: &Place) -> String {
    let (container, entry, key) = place;
    format!("{}/{entry}/{key}", container.key())
}

/// What the old document holds and the new one never held, neither in its place nor as a proposal: place and value.
pub fn lacking(old: &Document, new: &Document, withdrawn: &BTreeSet<EntryId>) -> Result<Vec<(Place, Scalar)>, DocumentError> {
    let known = written(new)?;
    let mut lacking = Vec::new();
    for (place, values) in cells(old, withdrawn)? {
        let here = known.get(&place).map(Vec::as_slice).unwrap_or_default();
        let proposed = known.get(&(Container::Proposals, proposal(&place), "v".to_owned()));
        let proposed = proposed.map(Vec::as_slice).unwrap_or_default();
        for value in values {
            // Emptied and never filled is the same to whoever reads it.
            let empty = value == Scalar::Null && here.is_empty();
            if !empty && !here.contains(&value) && !proposed.contains(&value) {
                lacking.push((place.clone(), value));
            }
        }
    }
    Ok(lacking)
}

/// The writes that bring a value into a document: in its place when nobody wrote another one there meanwhile, else as a
/// proposal beside it, for a person to choose.
pub fn bring(place: &Place, value: &Scalar, present: Option<&Scalar>, known: Option<&Scalar>, by: &str) -> Vec<Write> {
    let (container, entry, key) = place.clone();
    if present.is_none_or(|present| present == value || Some(present) == known) {
        return vec![Write { container, entry, key, value: value.clone() }];
    }
    let cell =
        |key: &str, value: Scalar| Write { container: Container::Proposals, entry: proposal(place), key: key.into(), value };
    vec![cell("v", value.clone()), cell("w", Scalar::Text(by.to_owned())), cell("s", Scalar::Bool(false))]
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
        assert_eq!(lacking(&old, &new, &none).unwrap().len(), 3);
        new.write(&visit(1, "x").1, &ANNA, Timestamp::default()).unwrap();
        new.write(&edit(45), &ANNA, Timestamp::default()).unwrap();
        let left = lacking(&old, &new, &none).unwrap();
        assert_eq!(left.iter().map(|(_, value)| value).collect::<Vec<_>>(), [&Scalar::Int(60)]);
        let (place, value) = &left[0];
        // Somebody wrote another value there since it was founded anew: it becomes a proposal.
        new.write(&bring(place, value, Some(&Scalar::Int(45)), Some(&Scalar::Int(30)), "bram"), &ANNA, Timestamp::default())
            .unwrap();
        assert_eq!(lacking(&old, &new, &none).unwrap(), []);
        assert_eq!(bring(place, value, Some(&Scalar::Int(30)), Some(&Scalar::Int(30)), "bram").len(), 1);
    }
}
