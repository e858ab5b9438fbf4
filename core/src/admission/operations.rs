//! Whether each operation of a change is allowed where it stands.
//!
//! What a document may become is fixed with its founding change: root containers stay, entries are made once and stay,
//! their cells hold plain values, and are made empty by a value that says so. So no change can hide what others wrote: it can
//! only stand beside it, or overwrite the single cells whose values it has seen. The rule asks about the changes that this
//! one builds on and about nothing else, so that it comes out the same everywhere.

use std::collections::{BTreeSet, HashMap, HashSet};

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Change, ObjType, ScalarValue};

use super::step::Step;
use crate::chunk::ChangeHash;
use crate::document::{self, Document, Layout, Place, Spot, layout};
use crate::record::Container;
use crate::wire::{Reason, Why};

/// Cells that are written when their entry is made, or empty until somebody fills them once, and then never again. Fixed
/// with format 1; a test holds the tables of the trade to it.
const ONCE: &[(Container, &[&str])] = &[
    (Container::Trainee, &["id", "org"]),
    (Container::Events, &["t", "p", "d", "b", "n"]),
    (Container::Enrolments, &["s"]),
    (Container::Placements, &["t"]),
    (Container::Trainings, &["t"]),
    (Container::Visits, &["t", "c", "a"]),
    (Container::Agreements, &["v"]),
    (Container::Corrections, &["v", "b", "a", "q", "s", "m", "r", "n", "p", "y", "o", "x"]),
    (Container::Assignments, &["t", "c", "r", "f", "n", "h"]),
    (Container::Targets, &["p", "m", "u", "v", "d", "h", "b", "f"]),
    (Container::Observations, &["p", "m", "u", "v", "d", "s"]),
];

/// What a change builds on, within a [`Slice`].
pub(super) struct Past {
    /// Up to which of its changes, by actor, it builds on this slice.
    seqs: HashMap<ActorId, u64>,
    /// Up to which changes it builds on the document; none: on all of it.
    frontier: Option<BTreeSet<ChangeHash>>,
}

/// Changes that are judged together on one document, before it holds any of them.
pub(super) struct Slice<'a> {
    document: &'a Document,
    heads: BTreeSet<ChangeHash>,
    /// What each of its changes builds on, itself included.
    pasts: HashMap<ChangeHash, Past>,
    /// Which change an operation was made by: its actor and number.
    seen: Writings,
    operations: usize,
}

/// An operation, its change's number in its row, and whether it made a map.
type Written = (OpId, u64, bool);

/// What changes wrote.
#[derive(Default)]
struct Writings {
    /// The maps of entries.
    made: HashMap<OpId, (Spot, u64)>,
    /// The operations at each key.
    cells: HashMap<(OpId, String), Vec<Written>>,
    /// By whom an operation was overwritten.
    overwritten: HashMap<OpId, Vec<(ActorId, u64)>>,
}

fn not_allowed() -> Why {
    Why::at(Step::Operation, Reason::OperationNotAllowed)
}

fn missing() -> Why {
    Why::at(Step::Object, Reason::MissingObject)
}

impl<'a> Slice<'a> {
    pub(super) fn on(document: &'a Document) -> Self {
        Self {
            document,
            heads: document.heads().into_iter().collect(),
            pasts: HashMap::new(),
            seen: Writings::default(),
            operations: 0,
        }
    }

    /// Operations and changes that it holds.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.operations, self.pasts.len())
    }

    /// What a change with these dependencies builds on. They are all known.
    pub(super) fn past(&self, deps: &[ChangeHash]) -> Past {
        let mut past = Past { seqs: HashMap::new(), frontier: Some(BTreeSet::new()) };
        for dep in deps {
            match self.pasts.get(dep) {
                Some(before) => {
                    for (actor, seq) in &before.seqs {
                        let known = past.seqs.entry(actor.clone()).or_default();
                        *known = (*known).max(*seq);
                    }
                    match (&before.frontier, &mut past.frontier) {
                        (Some(theirs), Some(ours)) => ours.extend(theirs),
                        _ => past.frontier = None,
                    }
                }
                None => {
                    if let Some(frontier) = &mut past.frontier {
                        frontier.insert(*dep);
                    }
                }
            }
        }
        past.frontier = past.frontier.filter(|frontier| !self.heads.is_subset(frontier));
        past
    }

    /// Judges every operation of a change, and takes the change into the slice when all are allowed.
    pub(super) fn permit(&mut self, change: &Change, mut past: Past) -> Result<(), Why> {
        let decoded = document::quietly(|| Ok(change.decode())).map_err(|_| Why::at(Step::Encoding, Reason::Malformed))?;
        // A change that does nothing only costs.
        if decoded.operations.is_empty() {
            return Err(not_allowed());
        }
        let (actor, seq) = (change.actor_id().clone(), change.seq());
        let mut draft = Writings::default();
        for (number, op) in (change.start_op().get()..).zip(&decoded.operations) {
            self.allow(op, OpId(number, actor.clone()), seq, &past, &mut draft)?;
        }
        self.operations += decoded.operations.len();
        self.seen.add(draft);
        past.seqs.insert(actor, seq);
        self.pasts.insert(change.hash().into(), past);
        Ok(())
    }

    fn allow(&self, op: &Op, id: OpId, seq: u64, past: &Past, draft: &mut Writings) -> Result<(), Why> {
        let (Key::Map(key), ObjectId::Id(object), false) = (&op.key, &op.obj, op.insert) else { return Err(not_allowed()) };
        let (makes, settles) = match &op.action {
            OpType::Make(ObjType::Map) => (true, false),
            OpType::Put(value) if is_plain(value) => (false, false),
            // How Automerge writes that of several values the one that is read is chosen: the others are deleted.
            OpType::Delete => (false, true),
            _ => return Err(not_allowed()),
        };
        let place = self.place(object, past, draft).ok_or_else(missing)?;
        if makes != makes_an_entry(place, key) || !fits(place, key) {
            return Err(not_allowed());
        }
        let once = is_once(place, key);
        if makes || settles || once || !op.pred.is_empty() {
            let standing = self.standing(object, key, past, draft)?;
            let mut overwrites: HashSet<&OpId> = HashSet::new();
            for pred in op.pred.iter() {
                let known = standing.iter().find(|(standing, _)| standing == pred);
                match known {
                    None => return Err(missing()),
                    Some((_, true)) => return Err(not_allowed()),
                    Some((_, false)) if !overwrites.insert(pred) => return Err(not_allowed()),
                    Some((_, false)) => {}
                }
            }
            if settles {
                // Whatever is settled elsewhere at the same time, the highest value stays: no cell becomes empty.
                let highest = standing.iter().map(|(standing, _)| standing).max_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
                if overwrites.is_empty() || highest.is_none_or(|highest| overwrites.contains(highest)) {
                    return Err(not_allowed());
                }
            } else if makes || once {
                let again = match overwrites.len() {
                    0 => !standing.is_empty(),
                    1 => true,
                    // Two people filled it apart, and one of them (or a third) settles that.
                    _ => makes,
                };
                if again {
                    return Err(not_allowed());
                }
            }
        }
        for pred in op.pred.iter() {
            draft.overwritten.entry(pred.clone()).or_default().push((id.1.clone(), seq));
        }
        if makes && let Place::Container(spot) = place {
            draft.made.insert(id.clone(), (spot, seq));
        }
        if settles {
            return Ok(());
        }
        draft.cells.entry((object.clone(), key.to_string())).or_default().push((id, seq, makes));
        Ok(())
    }

    /// What an object is, as far as a change knows it.
    fn place(&self, object: &OpId, past: &Past, draft: &Writings) -> Option<Place> {
        if let Some(spot) = self.document.kind().container_made_by(object) {
            return Some(Place::Container(spot));
        }
        if let Some((spot, _)) = draft.made.get(object) {
            return Some(Place::Entry(*spot));
        }
        if let Some((spot, seq)) = self.seen.made.get(object) {
            return past.includes(&object.1, *seq).then_some(Place::Entry(*spot));
        }
        self.document.entry_made_by(object, past.frontier.as_ref()).map(Place::Entry)
    }

    /// The operations whose values stand at a key, as far as a change knows.
    fn standing(&self, object: &OpId, key: &str, past: &Past, draft: &Writings) -> Result<Vec<(OpId, bool)>, Why> {
        let made_here = draft.made.contains_key(object) || self.seen.made.contains_key(object);
        let mut standing = if made_here {
            Vec::new()
        } else {
            let asked = self.document.standing(object, key, past.frontier.as_ref());
            asked.map_err(|_| Why::at(Step::Object, Reason::Malformed))?
        };
        let cell = (object.clone(), key.to_owned());
        let known = self.seen.cells.get(&cell).into_iter().flatten().filter(|(id, seq, _)| past.includes(&id.1, *seq));
        standing.extend(known.chain(draft.cells.get(&cell).into_iter().flatten()).map(|(id, _, makes)| (id.clone(), *makes)));
        standing.retain(|(id, _)| {
            let by = self.seen.overwritten.get(id).into_iter().flatten();
            !draft.overwritten.contains_key(id) && !by.into_iter().any(|(actor, seq)| past.includes(actor, *seq))
        });
        Ok(standing)
    }
}

impl Past {
    fn includes(&self, actor: &ActorId, seq: u64) -> bool {
        self.seqs.get(actor).is_some_and(|known| *known >= seq)
    }
}

impl Writings {
    fn add(&mut self, other: Self) {
        self.made.extend(other.made);
        for (cell, operations) in other.cells {
            self.cells.entry(cell).or_default().extend(operations);
        }
        for (operation, by) in other.overwritten {
            self.overwritten.entry(operation).or_default().extend(by);
        }
    }
}

/// Values as this system writes them: no counters, no floating point, nothing unknown.
fn is_plain(value: &ScalarValue) -> bool {
    match value {
        ScalarValue::Null
        | ScalarValue::Boolean(_)
        | ScalarValue::Int(_)
        | ScalarValue::Str(_)
        | ScalarValue::Bytes(_)
        | ScalarValue::Timestamp(_) => true,
        ScalarValue::Uint(_) | ScalarValue::F64(_) | ScalarValue::Counter(_) | ScalarValue::Unknown { .. } => false,
    }
}

/// Whether what stands at this key of this place is the map of an entry, and not a value.
fn makes_an_entry(place: Place, key: &str) -> bool {
    match place {
        Place::Entry(_) => false,
        Place::Container(Spot::Known(container)) => layout(container) == Layout::Nested,
        // Either way of laying records is left open to the version that will know them.
        Place::Container(Spot::Reserved) => !key.contains('/'),
    }
}

/// Whether a key can be read where it stands.
fn fits(place: Place, key: &str) -> bool {
    match place {
        Place::Container(Spot::Known(container)) if layout(container) == Layout::Flat => {
            key.rsplit_once('/').is_some_and(|(_, field)| !field.is_empty())
        }
        _ => !key.is_empty(),
    }
}

/// Whether a cell is written once and never again.
pub(crate) fn is_written_once(container: Container, field: &str) -> bool {
    ONCE.iter().any(|(known, fields)| *known == container && fields.contains(&field))
}

/// Whether a cell says when the program recorded something, which is nothing that a person chose.
pub(crate) fn is_recording_time(container: Container, field: &str) -> bool {
    matches!(container, Container::Visits | Container::Corrections) && field == "a"
}

fn is_once(place: Place, key: &str) -> bool {
    let (container, field) = match place {
        Place::Container(Spot::Known(container)) if layout(container) == Layout::Flat => match key.rsplit_once('/') {
            Some((_, field)) => (container, field),
            None => (container, key),
        },
        Place::Container(Spot::Known(container)) | Place::Entry(Spot::Known(container)) => (container, key),
        Place::Container(Spot::Reserved) | Place::Entry(Spot::Reserved) => return false,
    };
    is_written_once(container, field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Merge, Record};

    fn once_of<R: Record>() -> (Container, BTreeSet<&'static str>) {
        (R::CONTAINER, R::fields().iter().filter(|field| field.merge == Merge::Once).map(|field| field.key).collect())
    }

    /// A field that is declared "once" in the tables of the trade but is unknown here would be a promise that only this
    /// version's own screens keep.
    #[test]
    fn the_tables_of_the_trade_and_the_gate_agree_on_what_is_written_once() {
        let tables = [
            once_of::<crate::trainee::Trainee>(),
            once_of::<crate::trajectory::Trajectory>(),
            once_of::<crate::trajectory::Event>(),
            once_of::<crate::outflow::Enrolment>(),
            once_of::<crate::placement::Placement>(),
            once_of::<crate::trajectory::Training>(),
            once_of::<crate::visit::Visit>(),
            once_of::<crate::visit::Agreement>(),
            once_of::<crate::visit::Correction>(),
            once_of::<crate::trajectory::Assignment>(),
            once_of::<crate::programme::Programme>(),
            once_of::<crate::programme::Target>(),
            once_of::<crate::programme::Observation>(),
            once_of::<crate::funding::FundingSource>(),
            once_of::<crate::organisation::School>(),
            once_of::<crate::organisation::Employer>(),
            once_of::<crate::organisation::Coach>(),
        ];
        for (container, fields) in tables {
            let listed = ONCE.iter().find(|(known, _)| *known == container).map(|(_, fields)| *fields).unwrap_or_default();
            assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), fields, "{container:?}");
        }
    }
}
