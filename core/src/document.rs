//! Typed reading and writing of Automerge documents: the only place that knows how records lie in them.
//!
//! A document begins with a founding change that makes its root containers. It is a constant of this program: never
//! signed, stored or sent, so that copies made apart share one root. Records of a dossier are maps of their own, made in
//! the change that makes their entry. Entries with natural keys (the register's, proposals, import memory) lie flat in
//! their container under `entry/field`, so that the same entry made on two devices unites.

use std::collections::{BTreeMap, btree_map};
use std::sync::OnceLock;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, Change, ObjId, ObjType, ReadDoc, ScalarValue, Value, ValueRef, legacy};

use crate::admission::is_written_once;
use crate::chunk::ChangeHash;
use crate::clock::Timestamp;
use crate::record::{Container, Content, Entry, Scalar, Write};
use crate::statement::DocumentKind;

mod places;
mod read;

pub(crate) use places::{Place, Spot};
pub use read::{Contested, Edit, Version};

/// The founding changes of format 1, as hexadecimal.
const FOUNDING_DOSSIER: &str = include_str!("document/founding-dossier-1.hex");
const FOUNDING_REGISTER: &str = include_str!("document/founding-register-1.hex");

impl DocumentKind {
    /// The root containers.
    pub const fn containers(self) -> &'static [Container] {
        match self {
            DocumentKind::Dossier => Container::DOSSIER,
            DocumentKind::Register => Container::REGISTER,
        }
    }

    /// Root containers that the founding change also makes, because none can be added later: their records come with
    /// later versions.
    pub const fn reserved(self) -> &'static [&'static str] {
        match self {
            DocumentKind::Dossier => &[
                "goals",
                "conferences",
                "instruments",
                "wage_values",
                "hours",
                "certificates",
                "aftercare",
                "attempts",
                "consents",
                "attachments",
            ],
            DocumentKind::Register => &["organisations", "budgets", "snapshots", "settings"],
        }
    }

    fn founding_hex(self) -> &'static str {
        match self {
            DocumentKind::Dossier => FOUNDING_DOSSIER,
            DocumentKind::Register => FOUNDING_REGISTER,
        }
    }
}

/// How entries lie in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The container is the entry.
    Single,
    /// A map per entry.
    Nested,
    /// `entry/field` keys in the container itself.
    Flat,
}

pub(crate) const fn layout(container: Container) -> Layout {
    match container {
        Container::Trainee => Layout::Single,
        Container::Trajectories
        | Container::Events
        | Container::Enrolments
        | Container::Placements
        | Container::Trainings
        | Container::Visits
        | Container::Agreements
        | Container::Corrections
        | Container::Assignments => Layout::Nested,
        _ => Layout::Flat,
    }
}

/// A document could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Automerge refused or failed on it; the journal still holds every change.
    #[error("a document could not be processed: {0}; run `verify` to check the store")]
    Automerge(String),
    /// A write names a container that this kind of document has not.
    #[error("a write to '{0}' does not belong in this kind of document")]
    WrongContainer(&'static str),
}

impl From<automerge::AutomergeError> for DocumentError {
    fn from(error: automerge::AutomergeError) -> Self {
        Self::Automerge(error.to_string())
    }
}

/// One Automerge document with its history.
#[derive(Clone)]
pub struct Document {
    kind: DocumentKind,
    doc: Automerge,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({:?}, {} heads)", self.kind, self.doc.get_heads().len())
    }
}

impl Document {
    /// A document that holds its founding change only.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when Automerge no longer reads its own format.
    pub fn found(kind: DocumentKind) -> Result<Self, DocumentError> {
        static DOSSIER: OnceLock<Automerge> = OnceLock::new();
        static REGISTER: OnceLock<Automerge> = OnceLock::new();
        let template = match kind {
            DocumentKind::Dossier => &DOSSIER,
            DocumentKind::Register => &REGISTER,
        };
        if let Some(doc) = template.get() {
            return Ok(Self { kind, doc: doc.clone() });
        }
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(kind.founding_hex().trim().as_bytes())
            .map_err(|error| DocumentError::Automerge(error.to_string()))?;
        let change = Change::from_bytes(bytes).map_err(|error| DocumentError::Automerge(error.to_string()))?;
        let mut doc = Automerge::new();
        doc.apply_changes([change])?;
        Ok(Self { kind, doc: template.get_or_init(|| doc).clone() })
    }

    /// A document from a snapshot that this store made itself with [`Document::save`].
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when the bytes are not such a snapshot.
    pub fn load(kind: DocumentKind, snapshot: &[u8]) -> Result<Self, DocumentError> {
        quietly(|| Automerge::load_unverified_heads(snapshot).map(|doc| Self { kind, doc }).map_err(Into::into))
    }

    /// A snapshot to load from later. Not compressed: caches are encrypted and small documents gain nothing.
    pub fn save(&self) -> Vec<u8> {
        self.doc.save_nocompress()
    }

    /// The document as any Automerge library opens it.
    pub fn export(&self) -> Vec<u8> {
        self.doc.save()
    }

    /// Whether a copy loaded from a fresh snapshot has the same heads.
    pub fn reads_back(&self) -> bool {
        quietly(|| {
            let copy = Automerge::load(&self.doc.save_nocompress())?;
            Ok(copy.get_heads() == self.doc.get_heads())
        })
        .unwrap_or(false)
    }

    /// The kind.
    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The changes that no other change follows, in ascending order. A founded document has its founding change.
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<ChangeHash> = self.doc.get_heads().iter().map(|hash| ChangeHash::from_bytes(hash.0)).collect();
        heads.sort();
        heads
    }

    /// Applies changes that already passed admission, in any order.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`] when Automerge refuses one or panics on one; the document is then as it was.
    pub fn apply<'a>(&mut self, chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<(), DocumentError> {
        let mut copy = self.doc.clone();
        let chunks: Vec<&[u8]> = chunks.into_iter().collect();
        let applied = quietly(move || {
            let changes = chunks
                .into_iter()
                .map(|chunk| Change::from_bytes(chunk.to_vec()).map_err(|error| DocumentError::Automerge(error.to_string())))
                .collect::<Result<Vec<_>, _>>()?;
            copy.apply_changes(changes)?;
            Ok(copy)
        })?;
        self.doc = applied;
        Ok(())
    }

    /// Performs writes as one change of this actor. Cells that already hold their value alone are left out; when
    /// nothing remains there is no change.
    ///
    /// # Errors
    /// [`DocumentError::WrongContainer`]; [`DocumentError::Automerge`]. The document is then as it was.
    pub fn write(&mut self, writes: &[Write], actor: &[u8], at: Timestamp) -> Result<Option<Vec<u8>>, DocumentError> {
        let mut copy = self.doc.clone();
        copy.set_actor(ActorId::from(actor));
        let mut containers = BTreeMap::new();
        for container in self.kind.containers() {
            if let Some((Value::Object(ObjType::Map), id)) = copy.get(automerge::ROOT, container.key())? {
                containers.insert(*container, id);
            }
        }
        let mut transaction = copy.transaction();
        let mut entries: BTreeMap<(Container, &str), Vec<ObjId>> = BTreeMap::new();
        for write in writes {
            let container = containers.get(&write.container).ok_or(DocumentError::WrongContainer(write.container.key()))?.clone();
            match layout(write.container) {
                Layout::Single => put_if_new(&mut transaction, &[container], &write.key, &write.value, false)?,
                Layout::Flat => {
                    let key = format!("{}/{}", write.entry, write.key);
                    put_if_new(&mut transaction, &[container], &key, &write.value, false)?;
                }
                Layout::Nested => {
                    let place = (write.container, write.entry.as_str());
                    let objects = match entries.entry(place) {
                        btree_map::Entry::Occupied(known) => known.into_mut(),
                        btree_map::Entry::Vacant(new) => new.insert(entry_objects(&mut transaction, &container, &write.entry)?),
                    };
                    let once = objects.len() > 1 && is_written_once(write.container, &write.key);
                    put_if_new(&mut transaction, objects, &write.key, &write.value, once)?;
                }
            }
        }
        if transaction.pending_ops() == 0 {
            transaction.rollback();
            return Ok(None);
        }
        transaction.commit_with(CommitOptions::default().with_time(at.as_millis() / 1000));
        let change = copy.get_last_local_change().ok_or_else(|| DocumentError::Automerge("no change was made".into()))?;
        self.doc = copy;
        Ok(Some(change.raw_bytes().to_vec()))
    }
}

/// The maps of an entry, the winning one first: one, unless it was made twice.
fn entry_objects(transaction: &mut Transaction<'_>, container: &ObjId, entry: &str) -> Result<Vec<ObjId>, DocumentError> {
    let standing = transaction.get_all(container, entry)?;
    let maps = standing.into_iter().rev().filter(|(value, _)| matches!(value, Value::Object(ObjType::Map)));
    let maps: Vec<ObjId> = maps.map(|(_, id)| id).collect();
    Ok(if maps.is_empty() { vec![transaction.put_object(container, entry, ObjType::Map)?] } else { maps })
}

/// Writes a value where another one stands; in an entry that was made twice in both, so that it is settled. Where none has
/// any, it is written in the first. What is written `once` and has one value in a map stays as it is there: the gate takes in no
/// other.
fn put_if_new(
    transaction: &mut Transaction<'_>,
    objects: &[ObjId],
    key: &str,
    value: &Scalar,
    once: bool,
) -> Result<(), DocumentError> {
    let value = to_automerge(value);
    let mut stood = false;
    for object in objects {
        let standing = transaction.get_all(object, key)?;
        let same = matches!(standing.as_slice(), [(Value::Scalar(only), _)] if **only == value);
        let empty = standing.is_empty();
        stood |= !empty;
        let settled = once && standing.len() == 1;
        if !(same || empty || settled) {
            transaction.put(object, key, value.clone())?;
        }
    }
    match objects.first() {
        Some(first) if !stood && value != ScalarValue::Null => Ok(transaction.put(first, key, value)?),
        _ => Ok(()),
    }
}

fn to_automerge(scalar: &Scalar) -> ScalarValue {
    match scalar {
        Scalar::Null => ScalarValue::Null,
        Scalar::Bool(value) => ScalarValue::Boolean(*value),
        Scalar::Int(value) => ScalarValue::Int(*value),
        Scalar::Text(text) => ScalarValue::Str(text.as_str().into()),
        Scalar::Bytes(bytes) => ScalarValue::Bytes(bytes.clone()),
        Scalar::Time(millis) => ScalarValue::Timestamp(*millis),
    }
}

/// The field beside a text in which its author declares that digits in it are no BSN (V17).
pub const NO_BSN: &str = "nobsn";

/// The texts that a change writes and whether their author declares that no BSN is among them; nothing when the change
/// cannot be read.
pub fn texts_in(chunk: &[u8]) -> (Vec<String>, bool) {
    let chunk = chunk.to_vec();
    quietly(move || {
        let change = Change::from_bytes(chunk).map_err(|error| DocumentError::Automerge(error.to_string()))?;
        let (mut texts, mut declared) = (Vec::new(), false);
        for op in change.decode().operations {
            match op.primitive_value() {
                Some(ScalarValue::Str(text)) => texts.push(text.to_string()),
                Some(ScalarValue::Boolean(true)) => {
                    let legacy::Key::Map(key) = &op.key else { continue };
                    declared |= key.rsplit('/').next() == Some(NO_BSN);
                }
                _ => {}
            }
        }
        Ok((texts, declared))
    })
    .unwrap_or_default()
}

/// Runs what may panic inside Automerge and turns a panic into an error. Its message goes nowhere: it may quote data.
pub(crate) fn quietly<T>(work: impl FnOnce() -> Result<T, DocumentError>) -> Result<T, DocumentError> {
    crate::quiet::catch(work).unwrap_or_else(|| Err(DocumentError::Automerge("the library failed on it".into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::visit::Visit;

    const ANNA: [u8; 24] = [1; 24];
    const BRAM: [u8; 24] = [2; 24];

    fn make_founding(kind: DocumentKind) -> String {
        let mut doc = Automerge::new().with_actor(ActorId::from(&[0u8; 24]));
        let mut transaction = doc.transaction();
        for key in kind.containers().iter().map(|container| container.key()).chain(kind.reserved().iter().copied()) {
            transaction.put_object(automerge::ROOT, key, ObjType::Map).unwrap();
        }
        transaction.commit_with(CommitOptions::default().with_time(0));
        data_encoding::HEXLOWER.encode(doc.get_last_local_change().unwrap().raw_bytes())
    }

    #[test]
    fn the_founding_changes_are_constants_byte_for_byte() {
        for kind in [DocumentKind::Dossier, DocumentKind::Register] {
            assert_eq!(make_founding(kind), kind.founding_hex().trim(), "{kind:?}");
        }
    }

    fn visit(summary: &str) -> Vec<Write> {
        let visit = Visit { summary: Some(summary.into()), duration_min: Some(30), ..Visit::default() };
        visit.create("v1")
    }

    #[test]
    fn in_an_entry_that_was_made_twice_the_value_that_was_written_last_is_read() {
        for (first, second) in [(ANNA, BRAM), (BRAM, ANNA)] {
            let mut one = Document::found(DocumentKind::Dossier).unwrap();
            one.write(&visit("Eerste dag"), &first, Timestamp::from_millis(0)).unwrap().unwrap();
            let edit = [Write { container: Container::Visits, entry: "v1".into(), key: "m".into(), value: Scalar::Int(45) }];
            one.write(&edit, &[3; 24], Timestamp::from_millis(1000)).unwrap().unwrap();
            // Another device performed the same again, and did not know of the edit.
            let mut other = Document::found(DocumentKind::Dossier).unwrap();
            let again = other.write(&visit("Eerste dag"), &second, Timestamp::from_millis(0)).unwrap().unwrap();
            one.apply([again.as_slice()]).unwrap();
            let content = one.content().unwrap();
            assert_eq!(content[&Container::Visits]["v1"]["m"], Scalar::Int(45));
            assert!(one.contested().unwrap().is_empty());
        }
    }

    #[test]
    fn visits_of_two_coaches_unite_and_one_field_in_conflict_keeps_both_values() {
        let mut anna = Document::found(DocumentKind::Dossier).unwrap();
        let first = anna.write(&visit("Eerste dag"), &ANNA, Timestamp::from_millis(0)).unwrap().unwrap();
        let mut bram = Document::found(DocumentKind::Dossier).unwrap();
        bram.apply([first.as_slice()]).unwrap();
        let edit =
            |minutes| [Write { container: Container::Visits, entry: "v1".into(), key: "m".into(), value: Scalar::Int(minutes) }];
        let by_anna = anna.write(&edit(45), &ANNA, Timestamp::from_millis(1000)).unwrap().unwrap();
        let by_bram = bram.write(&edit(60), &BRAM, Timestamp::from_millis(1000)).unwrap().unwrap();
        anna.apply([by_bram.as_slice()]).unwrap();
        bram.apply([by_anna.as_slice()]).unwrap();
        assert_eq!(anna.heads(), bram.heads());
        assert_eq!(anna.content().unwrap(), bram.content().unwrap());
        let contested = anna.contested().unwrap();
        assert_eq!(contested.len(), 1);
        let values: Vec<_> = contested[0].versions.iter().map(|version| (version.actor[0], version.value.clone())).collect();
        assert!(values.contains(&(1, Scalar::Int(45))) && values.contains(&(2, Scalar::Int(60))), "{values:?}");

        let settled = bram.write(&edit(45), &BRAM, Timestamp::from_millis(2000)).unwrap().unwrap();
        anna.apply([settled.as_slice()]).unwrap();
        assert!(anna.contested().unwrap().is_empty());
    }

    fn apart(writes: &[Write]) -> (Document, Document) {
        let mut anna = Document::found(DocumentKind::Dossier).unwrap();
        let first = anna.write(&visit("Gepland"), &ANNA, Timestamp::default()).unwrap().unwrap();
        let mut bram = Document::found(DocumentKind::Dossier).unwrap();
        let second = bram.write(writes, &BRAM, Timestamp::from_millis(1000)).unwrap().unwrap();
        anna.apply([second.as_slice()]).unwrap();
        bram.apply([first.as_slice()]).unwrap();
        (anna, bram)
    }

    fn cell(key: &str, value: Scalar) -> Write {
        Write { container: Container::Visits, entry: "v1".into(), key: key.into(), value }
    }

    #[test]
    fn an_entry_made_twice_shows_where_the_two_differ_until_somebody_chooses() {
        for chosen in ["Gepland", "Geweest"].map(|text| Scalar::Text(text.into())) {
            let made =
                [cell("n", Scalar::Text("Geweest".into())), cell("m", Scalar::Int(30)), cell("s", Scalar::Text("DONE".into()))];
            let (mut anna, mut bram) = apart(&made);
            let contested = anna.contested().unwrap();
            assert_eq!(contested, bram.contested().unwrap(), "the same for everybody");
            let [one] = contested.as_slice() else { panic!("{contested:?}") };
            assert_eq!((one.entry.as_str(), one.key.as_str(), one.versions.len()), ("v1", "n", 2));
            let content = anna.content().unwrap();
            let read = &content[&Container::Visits]["v1"];
            assert_eq!(
                (&read["n"], &read["s"]),
                (&one.versions[0].value, &Scalar::Text("DONE".into())),
                "what only one has is read"
            );

            let settled = bram.write(&[cell("n", chosen.clone())], &BRAM, Timestamp::from_millis(2000)).unwrap().unwrap();
            anna.apply([settled.as_slice()]).unwrap();
            for document in [&mut anna, &mut bram] {
                assert_eq!(document.contested().unwrap(), [], "{chosen:?}");
                assert_eq!(document.content().unwrap()[&Container::Visits]["v1"]["n"], chosen);
                assert!(document.write(&[cell("n", chosen.clone())], &ANNA, Timestamp::default()).unwrap().is_none());
            }
            // What stands in both since is edited in both, also where only one of them had it.
            let later = anna.write(&[cell("n", Scalar::Null), cell("s", Scalar::Null)], &ANNA, Timestamp::from_millis(3000));
            bram.apply([later.unwrap().unwrap().as_slice()]).unwrap();
            assert_eq!((bram.contested().unwrap(), anna.heads()), (Vec::new(), bram.heads()));
            let cells = &bram.content().unwrap()[&Container::Visits]["v1"];
            assert_eq!((&cells["n"], &cells["s"]), (&Scalar::Null, &Scalar::Null));
            // Told once in the history.
            let edits = bram.edits().unwrap();
            assert_eq!(edits.last().unwrap().writes.len(), 2, "{edits:?}");
        }
    }

    #[test]
    fn an_entry_made_twice_and_settled_apart_is_settled_once_more_and_then_for_good() {
        let made = [cell("n", Scalar::Text("Geweest".into()))];
        let (mut anna, mut bram) = apart(&made);
        let chooses = |text: &str| [cell("n", Scalar::Text(text.into()))];
        let first = anna.write(&chooses("Geweest"), &ANNA, Timestamp::default()).unwrap().unwrap();
        let second = bram.write(&chooses("Gepland"), &BRAM, Timestamp::default()).unwrap().unwrap();
        anna.apply([second.as_slice()]).unwrap();
        bram.apply([first.as_slice()]).unwrap();
        assert_eq!(anna.contested().unwrap().len(), 1);
        assert_eq!(anna.contested().unwrap(), bram.contested().unwrap());
        let last = anna.write(&chooses("Geweest"), &ANNA, Timestamp::default()).unwrap().unwrap();
        bram.apply([last.as_slice()]).unwrap();
        assert_eq!((anna.contested().unwrap(), bram.contested().unwrap()), (Vec::new(), Vec::new()));
        assert_eq!(anna.content().unwrap(), bram.content().unwrap());
    }

    #[test]
    fn the_same_programme_made_twice_unites() {
        let name = |text: &str, key: &str| Write {
            container: Container::Programmes,
            entry: "waw".into(),
            key: key.into(),
            value: Scalar::Text(text.into()),
        };
        let mut anna = Document::found(DocumentKind::Register).unwrap();
        let mut bram = Document::found(DocumentKind::Register).unwrap();
        anna.write(&[name("Werken aan Werk", "n")], &ANNA, Timestamp::default()).unwrap();
        let change =
            bram.write(&[name("Werken aan Werk", "n"), name("RUNNING", "s")], &BRAM, Timestamp::default()).unwrap().unwrap();
        anna.apply([change.as_slice()]).unwrap();
        assert!(anna.contested().unwrap().is_empty(), "equal values are no conflict");
        assert_eq!(anna.content().unwrap()[&Container::Programmes]["waw"].len(), 2);
    }

    #[test]
    fn writing_what_already_stands_is_no_change() {
        let mut doc = Document::found(DocumentKind::Dossier).unwrap();
        assert!(doc.write(&visit("x"), &ANNA, Timestamp::default()).unwrap().is_some());
        assert!(doc.write(&visit("x"), &ANNA, Timestamp::default()).unwrap().is_none());
    }

    #[test]
    fn what_was_known_on_an_earlier_day_stays_what_it_was() {
        let edit = |minutes| {
            let key = "m".to_owned();
            [Write { container: Container::Visits, entry: "v1".into(), key, value: Scalar::Int(minutes) }]
        };
        let minutes = |doc: &Document, before: i64| {
            let content = doc.content_known_before(Timestamp::from_millis(before)).unwrap()?;
            Some(content[&Container::Visits]["v1"]["m"].clone())
        };
        let at = Timestamp::from_millis;
        let mut anna = Document::found(DocumentKind::Dossier).unwrap();
        assert_eq!(minutes(&anna, 1_000_000), None, "the founding change is nobody's knowledge");
        let first = anna.write(&visit("Eerste dag"), &ANNA, at(10_000)).unwrap().unwrap();
        let mut bram = Document::found(DocumentKind::Dossier).unwrap();
        bram.apply([first.as_slice()]).unwrap();
        anna.write(&edit(45), &ANNA, at(20_000)).unwrap();
        // Bram wrote earlier than Anna's correction, and his phone came by last.
        let late = bram.write(&edit(60), &BRAM, at(15_000)).unwrap().unwrap();
        let before = [minutes(&anna, 10_000), minutes(&anna, 10_001), minutes(&anna, 20_001)];
        assert_eq!(before, [None, Some(Scalar::Int(30)), Some(Scalar::Int(45))]);
        anna.apply([late.as_slice()]).unwrap();
        assert_eq!(minutes(&anna, 15_000), Some(Scalar::Int(30)));
        assert_eq!(minutes(&anna, 15_001), Some(Scalar::Int(60)));
        assert_eq!(anna.content_known_before(at(20_001)).unwrap(), Some(anna.content().unwrap()));

        // Somebody whose clock is behind builds on both: that was known no earlier than what it follows.
        anna.write(&edit(90), &BRAM, at(5_000)).unwrap();
        assert_eq!(minutes(&anna, 5_001), None);
        assert_eq!(minutes(&anna, 15_001), Some(Scalar::Int(60)));
        assert_eq!(minutes(&anna, 20_001), Some(Scalar::Int(90)));
    }

    #[test]
    fn history_names_every_edit() {
        let mut doc = Document::found(DocumentKind::Dossier).unwrap();
        doc.write(&visit("x"), &ANNA, Timestamp::from_millis(5000)).unwrap();
        let edits = doc.edits().unwrap();
        assert_eq!(edits.len(), 1);
        assert_eq!(edits[0].at, Timestamp::from_millis(5000));
        assert!(
            edits[0]
                .writes
                .iter()
                .any(|write| write.entry == "v1" && write.key == "n" && write.value == Scalar::Text("x".into()))
        );
    }
}
