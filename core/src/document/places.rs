//! Where an operation stands: what the admission gate asks a document about the places that a change writes to.

use std::collections::BTreeSet;

use automerge::legacy::OpId;
use automerge::{Prop, ROOT};

use super::*;

/// A root container, as far as this version knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// One whose records this version reads.
    Known(Container),
    /// One whose records come with later versions.
    Reserved,
}

/// What an operation writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A root container itself.
    Container(Spot),
    /// The map of one entry.
    Entry(Spot),
}

/// The actor of the founding changes.
const FOUNDER: [u8; 24] = [0; 24];

impl DocumentKind {
    /// The root container that this operation of the founding change made.
    pub(crate) fn container_made_by(self, op: &OpId) -> Option<Spot> {
        if op.1.to_bytes() != FOUNDER {
            return None;
        }
        // The founding change makes them in this order, from operation 1.
        let index = usize::try_from(op.0).ok()?.checked_sub(1)?;
        match self.containers().get(index) {
            Some(container) => Some(Spot::Known(*container)),
            None => (index < self.containers().len() + self.reserved().len()).then_some(Spot::Reserved),
        }
    }
}

impl Document {
    /// The container in which this operation made the map of an entry, as the changes up to the frontier know it (none:
    /// all changes).
    pub(crate) fn entry_made_by(&self, op: &OpId, frontier: Option<&BTreeSet<ChangeHash>>) -> Option<Spot> {
        let object = exid(op);
        if self.doc.object_type(&object).ok()? != ObjType::Map {
            return None;
        }
        let parent = self.doc.parents(&object).ok()?.next()?;
        let (ObjId::Id(counter, actor, _), Prop::Map(key)) = (&parent.obj, &parent.prop) else { return None };
        let container = OpId(*counter, actor.clone());
        let spot = self.kind.container_made_by(&container)?;
        let standing = self.standing(&container, key, frontier).ok()?;
        standing.iter().any(|(made, _)| made == op).then_some(spot)
    }

    /// The operations whose values stand at a key, as the changes up to the frontier know it, and whether each made a map.
    pub(crate) fn standing(
        &self,
        object: &OpId,
        key: &str,
        frontier: Option<&BTreeSet<ChangeHash>>,
    ) -> Result<Vec<(OpId, bool)>, DocumentError> {
        quietly(|| {
            let object = exid(object);
            let found = match frontier {
                None => self.doc.get_all(&object, key)?,
                Some(frontier) => {
                    let heads: Vec<automerge::ChangeHash> = frontier.iter().map(|hash| (*hash).into()).collect();
                    self.doc.get_all_at(&object, key, &heads)?
                }
            };
            let named = found.into_iter().filter_map(|(value, id)| match id {
                ObjId::Id(counter, actor, _) => Some((OpId(counter, actor), matches!(value, Value::Object(_)))),
                ObjId::Root => None,
            });
            Ok(named.collect())
        })
    }

    /// A copy with these changes. `heads` is what it must come to; the copy must also be saved and read back to the same.
    ///
    /// # Errors
    /// At which of the two steps it failed.
    pub(crate) fn tried(&self, changes: Vec<Change>, heads: &BTreeSet<ChangeHash>) -> Result<Self, crate::admission::Step> {
        let mut copy = self.doc.clone();
        let applied = quietly(move || {
            copy.apply_changes(changes)?;
            Ok(copy)
        });
        let copy = match applied {
            Ok(doc) => Self { kind: self.kind, doc },
            Err(_) => return Err(crate::admission::Step::Apply),
        };
        if !copy.heads().iter().eq(heads.iter()) || copy.doc.get(ROOT, "").is_err() {
            return Err(crate::admission::Step::Apply);
        }
        if copy.reads_back() { Ok(copy) } else { Err(crate::admission::Step::ReadBack) }
    }
}

fn exid(op: &OpId) -> ObjId {
    ObjId::Id(op.0, op.1.clone(), 0)
}
