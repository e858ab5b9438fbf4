//! Reading a document: its content, the values a person should settle, and who wrote what.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::*;
use crate::admission;

/// One of several values that concurrent edits left in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The value.
    pub value: Scalar,
    /// The actor that wrote it.
    pub actor: Vec<u8>,
    /// When its device says it was written, to the second.
    pub at: Timestamp,
}

/// A cell that holds different values at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    /// Where.
    pub container: Container,
    /// The entry's key.
    pub entry: String,
    /// The full field key.
    pub key: String,
    /// The values, the one that is read at present first.
    pub versions: Vec<Version>,
    /// It is written once, and each value stands alone where it does: none can be chosen over another.
    pub fixed: bool,
}

/// One change, as the writes it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The change.
    pub hash: ChangeHash,
    /// The actor that made it.
    pub actor: Vec<u8>,
    /// When its device says it was made, to the second.
    pub at: Timestamp,
    /// What it wrote.
    pub writes: Vec<Write>,
    /// The entries that it made.
    pub made: Vec<(Container, String)>,
}

/// Which part of a document was known at an instant.
enum Known {
    Nothing,
    Everything,
    Until(Vec<automerge::ChangeHash>),
}

impl Document {
    /// The winning value of every cell.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when the library fails on the document.
    pub fn content(&self) -> Result<Content, DocumentError> {
        self.content_of(None)
    }

    /// The winning value of every cell as it was known before an instant; nothing when nobody had recorded anything yet.
    ///
    /// What counts is the time in each change: when its device says that it was recorded, not when it arrived here. A change
    /// that follows one recorded later counts from that later time on, so that whatever still arrives never takes away
    /// what was known.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when the library fails on the document.
    pub fn content_known_before(&self, instant: Timestamp) -> Result<Option<Content>, DocumentError> {
        match quietly(|| Ok(self.heads_known_before(instant)))? {
            Known::Nothing => Ok(None),
            Known::Everything => self.content_of(None).map(Some),
            Known::Until(heads) => self.content_of(Some(&heads)).map(Some),
        }
    }

    fn heads_known_before(&self, instant: Timestamp) -> Known {
        let mut known: HashSet<automerge::ChangeHash> = HashSet::new();
        let mut heads: BTreeSet<automerge::ChangeHash> = BTreeSet::new();
        let (mut written, mut all) = (false, true);
        // Each change comes after those it depends on.
        for change in self.doc.get_changes_meta(&[]) {
            let founding = change.deps.is_empty();
            let recorded = Timestamp::from_millis(change.timestamp.saturating_mul(1000));
            if (founding || recorded < instant) && change.deps.iter().all(|dep| known.contains(dep)) {
                for dep in &change.deps {
                    heads.remove(dep);
                }
                known.insert(change.hash);
                heads.insert(change.hash);
                written |= !founding;
            } else {
                all = false;
            }
        }
        match (written, all) {
            (false, _) => Known::Nothing,
            (true, true) => Known::Everything,
            (true, false) => Known::Until(heads.into_iter().collect()),
        }
    }

    fn content_of(&self, at: Option<&[automerge::ChangeHash]>) -> Result<Content, DocumentError> {
        quietly(|| {
            let mut content = Content::new();
            self.visit_cells(at, &mut |container, entry, key, value, _| {
                let entries = content.entry(container).or_default();
                match entries.get_mut(entry) {
                    Some(cells) => {
                        cells.entry(key.to_owned()).or_insert(value);
                    }
                    None => {
                        entries.insert(entry.to_owned(), Entry::from([(key.to_owned(), value)]));
                    }
                }
                Ok(())
            })?;
            Ok(content)
        })
    }

    /// The cells that hold different values at once.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when the library fails on the document.
    pub fn contested(&self) -> Result<Vec<Contested>, DocumentError> {
        quietly(|| {
            let mut cells = Vec::new();
            self.visit_cells(None, &mut |container, entry, key, _, differs| {
                // What two imports remember is nothing for a person to choose from.
                if let Some((objects, place)) = differs.filter(|_| container != Container::Imports) {
                    cells.push((container, entry.to_owned(), key.to_owned(), objects.to_vec(), place.to_owned()));
                }
                Ok(())
            })?;
            let mut contested = Vec::new();
            for (container, entry, key, objects, place) in cells {
                let mut versions: Vec<Version> = Vec::new();
                let mut fixed = objects.len() > 1 && admission::is_written_once(container, &key);
                for object in &objects {
                    let standing = self.doc.get_all(object, place.as_str())?;
                    fixed &= standing.len() < 2;
                    // Automerge lists the winner last.
                    for (value, id) in standing.into_iter().rev() {
                        let Some(value) = from_value(&value) else { continue };
                        if versions.iter().all(|version| version.value != value) {
                            let actor = match &id {
                                ObjId::Id(_, actor, _) => actor.to_bytes().to_vec(),
                                ObjId::Root => Vec::new(),
                            };
                            versions.push(Version { value, actor, at: self.written_at(&id) });
                        }
                    }
                }
                if versions.len() > 1 && !(fixed && admission::is_recording_time(container, &key)) {
                    contested.push(Contested { container, entry, key, versions, fixed });
                }
            }
            Ok(contested)
        })
    }

    /// Every change but the founding one, in an order in which each follows what it depends on.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when the library fails on the document.
    pub fn edits(&self) -> Result<Vec<Edit>, DocumentError> {
        self.edits_with(&[])
    }

    /// The same, with changes that are not in the document behind them, as far as it can be told what they write.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when one cannot be read, or the library fails on the document.
    pub fn edits_with(&self, others: &[Vec<u8>]) -> Result<Vec<Edit>, DocumentError> {
        quietly(|| {
            let read = |chunk: &Vec<u8>| Change::from_bytes(chunk.clone());
            let others = others.iter().map(read).collect::<Result<Vec<Change>, _>>();
            let others = others.map_err(|error| DocumentError::Automerge(error.to_string()))?;
            let mut places: HashMap<(u64, Vec<u8>), (Container, Option<String>)> = HashMap::new();
            for container in self.kind.containers() {
                if let Some((Value::Object(_), ObjId::Id(counter, actor, _))) = self.doc.get(automerge::ROOT, container.key())? {
                    places.insert((counter, actor.to_bytes().to_vec()), (*container, None));
                }
            }
            let mut edits = Vec::new();
            for change in self.doc.get_changes(&[]).into_iter().chain(others) {
                let (mut writes, mut made) = (Vec::new(), Vec::new());
                for (index, op) in change.decode().operations.iter().enumerate() {
                    let (legacy::ObjectId::Id(object), legacy::Key::Map(key)) = (&op.obj, &op.key) else { continue };
                    let Some((container, entry)) = places.get(&(object.counter(), object.actor().to_bytes().to_vec())).cloned()
                    else {
                        continue;
                    };
                    match (&op.action, layout(container), entry) {
                        (legacy::OpType::Make(ObjType::Map), Layout::Nested, None) => {
                            let counter = change.start_op().get() + index as u64;
                            made.push((container, key.to_string()));
                            places.insert((counter, change.actor_id().to_bytes().to_vec()), (container, Some(key.to_string())));
                        }
                        (legacy::OpType::Put(value), layout, entry) => {
                            let Some(value) = from_scalar(value) else { continue };
                            let (entry, key) = match (layout, entry) {
                                (Layout::Flat, _) => match key.rsplit_once('/') {
                                    Some((entry, key)) => (entry.to_owned(), key.to_owned()),
                                    None => continue,
                                },
                                (_, entry) => (entry.unwrap_or_default(), key.to_string()),
                            };
                            let write = Write { container, entry, key, value };
                            // In an entry that was made twice one value is written in both.
                            if writes.last() != Some(&write) {
                                writes.push(write);
                            }
                        }
                        _ => {}
                    }
                }
                if change.deps().is_empty() {
                    continue;
                }
                edits.push(Edit {
                    hash: ChangeHash::from_bytes(change.hash().0),
                    actor: change.actor_id().to_bytes().to_vec(),
                    at: Timestamp::from_millis(change.timestamp().saturating_mul(1000)),
                    writes,
                    made,
                });
            }
            Ok(edits)
        })
    }

    fn written_at(&self, id: &ObjId) -> Timestamp {
        self.doc
            .hash_for_opid(id)
            .and_then(|hash| self.doc.get_change_meta_by_hash(&hash))
            .map_or(Timestamp::default(), |meta| Timestamp::from_millis(meta.timestamp.saturating_mul(1000)))
    }

    /// Visits every cell with its winning value, now or as it was at these heads; one that holds different values also with
    /// the objects that hold them and the key there.
    fn visit_cells(&self, at: Option<&[automerge::ChangeHash]>, visit: &mut Visit<'_>) -> Result<(), DocumentError> {
        let range = |object: &ObjId| match at {
            None => self.doc.map_range(object, ..),
            Some(heads) => self.doc.map_range_at(object, .., heads),
        };
        let mut written: Option<Written> = None;
        for container in self.kind.containers() {
            let Some((Value::Object(ObjType::Map), id)) = self.doc.get(automerge::ROOT, container.key())? else { continue };
            match layout(*container) {
                Layout::Single | Layout::Flat => {
                    for item in range(&id) {
                        let Some(value) = from_ref(&item.value) else { continue };
                        let (entry, key) = match layout(*container) {
                            Layout::Flat => match item.key.rsplit_once('/') {
                                Some(parts) => parts,
                                None => continue,
                            },
                            _ => ("", &*item.key),
                        };
                        let differs = item.conflict.then_some((std::slice::from_ref(&id), &*item.key));
                        visit(*container, entry, key, value, differs)?;
                    }
                }
                Layout::Nested => {
                    for entry in range(&id) {
                        if !matches!(entry.value, ValueRef::Object(ObjType::Map)) {
                            continue;
                        }
                        let mut objects = vec![entry.id()];
                        if entry.conflict {
                            let made = match at {
                                None => self.doc.get_all(&id, &*entry.key)?,
                                Some(heads) => self.doc.get_all_at(&id, &*entry.key, heads)?,
                            };
                            objects.extend(made.into_iter().rev().skip(1).map(|(_, other)| other));
                        }
                        let [object] = objects.as_slice() else {
                            self.visit_united((*container, &entry.key), &objects, at, &mut written, visit)?;
                            continue;
                        };
                        for item in range(object) {
                            let Some(value) = from_ref(&item.value) else { continue };
                            let differs = item.conflict.then_some((std::slice::from_ref(object), &*item.key));
                            visit(*container, &entry.key, &item.key, value, differs)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// An entry that was made twice (a change performed again without the document) is read as one: of each cell the value that
    /// was written last, in whichever of the two. Different values are for a person to choose from, save one that was written
    /// over in the other: the same was performed again by who did not know of the edit.
    fn visit_united(
        &self,
        (container, entry): (Container, &str),
        objects: &[ObjId],
        at: Option<&[automerge::ChangeHash]>,
        written: &mut Option<Written>,
        visit: &mut Visit<'_>,
    ) -> Result<(), DocumentError> {
        let mut united: BTreeMap<String, Vec<Cell<'_>>> = BTreeMap::new();
        for object in objects {
            let items = match at {
                None => self.doc.map_range(object, ..),
                Some(heads) => self.doc.map_range_at(object, .., heads),
            };
            for item in items {
                let Some(value) = from_ref(&item.value) else { continue };
                let cell = Cell { object, order: written_order(&item.id()), value, conflict: item.conflict };
                united.entry(item.key.to_string()).or_default().push(cell);
            }
        }
        for (key, mut cells) in united {
            cells.sort_by(|one, other| other.order.cmp(&one.order));
            if cells.iter().any(|cell| cell.value != cells[0].value) {
                let written = written.get_or_insert_with(|| self.written(at));
                let over = |cell: &Cell<'_>| {
                    let stands = |other: &ObjId| cells.iter().any(|one| one.object == other && one.value == cell.value);
                    let others = objects.iter().filter(|other| *other != cell.object && !stands(other));
                    others
                        .map(|other| (written_order(other), key.clone()))
                        .any(|place| written.get(&place).is_some_and(|values| values.contains(&cell.value)))
                };
                let news: Vec<bool> = cells.iter().map(|cell| !over(cell)).collect();
                if news.contains(&true) {
                    let mut news = news.into_iter();
                    cells.retain(|_| news.next() == Some(true));
                }
            }
            let Some(read) = cells.first().map(|cell| cell.value.clone()) else { continue };
            let differs = cells.iter().any(|cell| cell.conflict || cell.value != read);
            let holding: Vec<ObjId> = cells.iter().map(|cell| cell.object.clone()).collect();
            visit(container, entry, &key, read, differs.then_some((holding.as_slice(), key.as_str())))?;
        }
        Ok(())
    }

    /// Every value that was ever written in a map, now or as it was known at these heads.
    fn written(&self, at: Option<&[automerge::ChangeHash]>) -> Written {
        let changes = self.doc.get_changes(&[]);
        let mut known: HashSet<automerge::ChangeHash> = at.into_iter().flatten().copied().collect();
        if at.is_some() {
            // Each change comes after those it depends on.
            for change in changes.iter().rev() {
                if known.contains(&change.hash()) {
                    known.extend(change.deps());
                }
            }
        }
        let mut written = Written::new();
        for change in changes.iter().filter(|change| at.is_none() || known.contains(&change.hash())) {
            for op in change.decode().operations {
                let (legacy::ObjectId::Id(object), legacy::Key::Map(key), legacy::OpType::Put(value)) =
                    (&op.obj, &op.key, &op.action)
                else {
                    continue;
                };
                let Some(value) = from_scalar(value) else { continue };
                let place = ((object.counter(), object.actor().to_bytes().to_vec()), key.to_string());
                written.entry(place).or_default().push(value);
            }
        }
        written
    }
}

/// A cell of one of the maps of an entry that was made twice.
struct Cell<'a> {
    object: &'a ObjId,
    order: (u64, Vec<u8>),
    value: Scalar,
    conflict: bool,
}

/// The values that were written at a key of a map.
type Written = HashMap<((u64, Vec<u8>), String), Vec<Scalar>>;

/// Where an operation stands in the order in which all devices see them.
fn written_order(id: &ObjId) -> (u64, Vec<u8>) {
    match id {
        ObjId::Id(counter, actor, _) => (*counter, actor.to_bytes().to_vec()),
        ObjId::Root => (0, Vec::new()),
    }
}

/// What is done with each cell: its container, entry and key, its winning value, and where it holds others.
type Visit<'v> = dyn FnMut(Container, &str, &str, Scalar, Option<Differs<'_>>) -> Result<(), DocumentError> + 'v;

/// The objects in which a cell holds different values, that of the winning one first, and its key there.
type Differs<'a> = (&'a [ObjId], &'a str);

fn from_ref(value: &ValueRef<'_>) -> Option<Scalar> {
    use automerge::ScalarValueRef as Ref;
    match value {
        ValueRef::Object(_) => None,
        ValueRef::Scalar(scalar) => match scalar {
            Ref::Bytes(bytes) => Some(Scalar::Bytes(bytes.to_vec())),
            Ref::Str(text) => Some(Scalar::Text(text.to_string())),
            Ref::Int(value) => Some(Scalar::Int(*value)),
            Ref::Uint(value) => i64::try_from(*value).ok().map(Scalar::Int),
            Ref::Timestamp(millis) => Some(Scalar::Time(*millis)),
            Ref::Boolean(value) => Some(Scalar::Bool(*value)),
            Ref::Null => Some(Scalar::Null),
            Ref::F64(_) | Ref::Counter(_) | Ref::Unknown { .. } => None,
        },
    }
}

fn from_value(value: &Value<'_>) -> Option<Scalar> {
    match value {
        Value::Object(_) => None,
        Value::Scalar(scalar) => from_scalar(scalar),
    }
}

fn from_scalar(scalar: &ScalarValue) -> Option<Scalar> {
    match scalar {
        ScalarValue::Bytes(bytes) => Some(Scalar::Bytes(bytes.clone())),
        ScalarValue::Str(text) => Some(Scalar::Text(text.to_string())),
        ScalarValue::Int(value) => Some(Scalar::Int(*value)),
        ScalarValue::Uint(value) => i64::try_from(*value).ok().map(Scalar::Int),
        ScalarValue::Timestamp(millis) => Some(Scalar::Time(*millis)),
        ScalarValue::Boolean(value) => Some(Scalar::Bool(*value)),
        ScalarValue::Null => Some(Scalar::Null),
        ScalarValue::F64(_) | ScalarValue::Counter(_) | ScalarValue::Unknown { .. } => None,
    }
}
