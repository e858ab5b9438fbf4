//! Reading a document: its content, the values a person should settle, and who wrote what.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::*;

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
            self.visit_cells(at, &mut |container, entry, key, value, _, _| {
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
            self.visit_cells(None, &mut |container, entry, key, _, object, place| {
                // What two imports remember is nothing for a person to choose from.
                if let Some((object, place)) = object.zip(place).filter(|_| container != Container::Imports) {
                    cells.push((container, entry.to_owned(), key.to_owned(), object.clone(), place.to_owned()));
                }
                Ok(())
            })?;
            let mut contested = Vec::new();
            for (container, entry, key, object, place) in cells {
                let mut versions: Vec<Version> = Vec::new();
                // Automerge lists the winner last.
                for (value, id) in self.doc.get_all(&object, place.as_str())?.into_iter().rev() {
                    let Some(value) = from_value(&value) else { continue };
                    if versions.iter().all(|version| version.value != value) {
                        let actor = match &id {
                            ObjId::Id(_, actor, _) => actor.to_bytes().to_vec(),
                            ObjId::Root => Vec::new(),
                        };
                        versions.push(Version { value, actor, at: self.written_at(&id) });
                    }
                }
                if versions.len() > 1 {
                    contested.push(Contested { container, entry, key, versions });
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
        quietly(|| {
            let mut places: HashMap<(u64, Vec<u8>), (Container, Option<String>)> = HashMap::new();
            for container in self.kind.containers() {
                if let Some((Value::Object(_), ObjId::Id(counter, actor, _))) = self.doc.get(automerge::ROOT, container.key())? {
                    places.insert((counter, actor.to_bytes().to_vec()), (*container, None));
                }
            }
            let mut edits = Vec::new();
            for change in self.doc.get_changes(&[]) {
                let mut writes = Vec::new();
                for (index, op) in change.decode().operations.iter().enumerate() {
                    let (legacy::ObjectId::Id(object), legacy::Key::Map(key)) = (&op.obj, &op.key) else { continue };
                    let Some((container, entry)) = places.get(&(object.counter(), object.actor().to_bytes().to_vec())).cloned()
                    else {
                        continue;
                    };
                    match (&op.action, layout(container), entry) {
                        (legacy::OpType::Make(ObjType::Map), Layout::Nested, None) => {
                            let counter = change.start_op().get() + index as u64;
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
                            writes.push(Write { container, entry, key, value });
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

    /// Visits every cell with its winning value, now or as it was at these heads; a contested one also with its object and
    /// key there.
    #[allow(clippy::type_complexity)] // the one callback of the one walk over a document
    fn visit_cells(
        &self,
        at: Option<&[automerge::ChangeHash]>,
        visit: &mut dyn FnMut(Container, &str, &str, Scalar, Option<&ObjId>, Option<&str>) -> Result<(), DocumentError>,
    ) -> Result<(), DocumentError> {
        let range = |object: &ObjId| match at {
            None => self.doc.map_range(object, ..),
            Some(heads) => self.doc.map_range_at(object, .., heads),
        };
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
                        let contested = item.conflict.then_some(&id);
                        visit(*container, entry, key, value, contested, item.conflict.then_some(&*item.key))?;
                    }
                }
                Layout::Nested => {
                    for entry in range(&id) {
                        if !matches!(entry.value, ValueRef::Object(ObjType::Map)) {
                            continue;
                        }
                        // An entry made twice (a change performed again on another device) is read as one: of each cell the value
                        // that was written last comes first, in whichever of the two it was written.
                        let mut objects = vec![entry.id()];
                        if entry.conflict {
                            let made = match at {
                                None => self.doc.get_all(&id, &*entry.key)?,
                                Some(heads) => self.doc.get_all_at(&id, &*entry.key, heads)?,
                            };
                            objects.extend(made.into_iter().rev().skip(1).map(|(_, other)| other));
                        }
                        let mut cells = Vec::new();
                        for object in &objects {
                            for item in range(object) {
                                let Some(value) = from_ref(&item.value) else { continue };
                                cells.push((written_order(&item.id()), object, item.key.to_string(), value, item.conflict));
                            }
                        }
                        if objects.len() > 1 {
                            cells.sort_by(|(one, ..), (other, ..)| other.cmp(one));
                        }
                        for (_, object, key, value, conflict) in cells {
                            visit(*container, &entry.key, &key, value, conflict.then_some(object), conflict.then_some(&*key))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where an operation stands in the order in which all devices see them.
fn written_order(id: &ObjId) -> (u64, Vec<u8>) {
    match id {
        ObjId::Id(counter, actor, _) => (*counter, actor.to_bytes().to_vec()),
        ObjId::Root => (0, Vec::new()),
    }
}

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
