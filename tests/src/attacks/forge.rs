//! A forger's workshop: changes as an honest device makes them, and the same taken apart, altered, put together again with
//! the right length, checksum and signature.

use std::collections::BTreeMap;

use automerge::{ActorId, AutoCommit, ROOT, ReadDoc, ScalarValue};
use rand_core::CryptoRng;
use veldboek_core::chunk::ChangeHeader;
use veldboek_core::clock::Timestamp;
use veldboek_core::document::Document;
use veldboek_core::envelope::PURPOSE;
use veldboek_core::ids::{DocumentId, TraineeId, VisitId};
use veldboek_core::keys::{DeviceKeys, Signature};
use veldboek_core::record::{Container, Record, Scalar, Write};
use veldboek_core::statement::{DocumentKind, Opening, SignedStatement, Statement};
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;

/// The actor of the founding changes, which made the containers.
pub const FOUNDER: [u8; 24] = [0; 24];

/// A change taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The changes it builds on.
    pub deps: Vec<[u8; 32]>,
    /// Its actor.
    pub actor: Vec<u8>,
    /// Its number in the actor's row.
    pub seq: u64,
    /// The number of its first operation.
    pub start_op: u64,
    /// When it was made.
    pub time: i64,
    /// The other actors that it mentions.
    pub others: Vec<Vec<u8>>,
    /// Its columns.
    pub columns: BTreeMap<u64, Vec<u8>>,
}

impl Parts {
    /// Takes a valid chunk apart.
    pub fn of(chunk: &[u8]) -> Self {
        let header = ChangeHeader::parse(chunk).expect("a valid chunk");
        // The table of columns ends where the data begin; it is read backwards from the sizes that must add up.
        let data = &chunk[header.ops_bytes.clone()];
        let table = (0..header.ops_bytes.start)
            .rev()
            .find_map(|at| table(&chunk[at..header.ops_bytes.start], data.len()))
            .expect("a table of columns");
        let mut columns = BTreeMap::new();
        let mut from = 0;
        for (number, length) in table {
            columns.insert(number, data[from..from + length].to_vec());
            from += length;
        }
        let parts = Self {
            deps: header.deps.iter().map(|dep| *dep.as_bytes()).collect(),
            actor: header.actor,
            seq: header.seq,
            start_op: header.start_op,
            time: header.time,
            others: header.other_actors,
            columns,
        };
        assert_eq!(parts.chunk(), chunk, "what is taken apart can be put together again");
        parts
    }

    /// The chunk of these parts, whatever they are.
    pub fn chunk(&self) -> Vec<u8> {
        chunk(1, &self.body())
    }

    /// The body of the chunk.
    pub fn body(&self) -> Vec<u8> {
        let mut body = leb(self.deps.len() as u64);
        body.extend(self.deps.iter().flatten());
        prefixed(&mut body, &self.actor);
        body.extend(leb(self.seq));
        body.extend(leb(self.start_op));
        body.extend(sleb(self.time));
        body.push(0);
        body.extend(leb(self.others.len() as u64));
        for actor in &self.others {
            prefixed(&mut body, actor);
        }
        body.extend(leb(self.columns.len() as u64));
        for (number, data) in &self.columns {
            body.extend(leb(*number));
            body.extend(leb(data.len() as u64));
        }
        body.extend(self.columns.values().flatten());
        body
    }
}

/// A table of columns that takes exactly these bytes and names exactly so much data.
fn table(bytes: &[u8], data: usize) -> Option<Vec<(u64, usize)>> {
    let mut at = 0;
    let mut number = || {
        let (mut result, mut shift) = (0u64, 0);
        loop {
            let byte = *bytes.get(at)?;
            at += 1;
            result |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(result);
            }
        }
    };
    let count = number()?;
    if !(1..=14).contains(&count) {
        return None;
    }
    let mut found: Vec<(u64, usize)> = Vec::new();
    for _ in 0..count {
        found.push((number()?, number()? as usize));
    }
    let ordered = found.windows(2).all(|pair| pair[0].0 < pair[1].0);
    (ordered && at == bytes.len() && found.iter().map(|(_, length)| length).sum::<usize>() == data).then_some(found)
}

/// A body in a chunk of any kind, with the right length and checksum.
pub fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut hashed = vec![kind];
    hashed.extend(leb(body.len() as u64));
    hashed.extend(body);
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83];
    chunk.extend(&Sha256::digest(&hashed)[..4]);
    chunk.extend(hashed);
    chunk
}

fn prefixed(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend(leb(bytes.len() as u64));
    into.extend(bytes);
}

/// An unsigned number as chunks have them.
pub fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A signed number as chunks have them.
pub fn sleb(mut number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = number as u8 & 0x7f;
        number >>= 7;
        let done = (number == 0 && byte & 0x40 == 0) || (number == -1 && byte & 0x40 != 0);
        bytes.push(if done { byte } else { byte | 0x80 });
        if done {
            return bytes;
        }
    }
}

/// An envelope, with or without a signature.
pub fn envelope(document: DocumentId, chunk: &[u8], signature: Option<&Signature>) -> Vec<u8> {
    let mut bytes = vec![if signature.is_some() { 0xa3 } else { 0xa2 }, 0];
    let mut part = |key: Option<u8>, content: &[u8]| {
        bytes.extend(key);
        match content.len() {
            length @ ..24 => bytes.push(0x40 | length as u8),
            length @ ..256 => bytes.extend([0x58, length as u8]),
            length @ ..65_536 => bytes.extend([0x59, (length >> 8) as u8, length as u8]),
            length => bytes.extend([0x5a, (length >> 24) as u8, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
        }
        bytes.extend(content);
    };
    part(None, document.as_bytes());
    part(Some(1), chunk);
    if let Some(signature) = signature {
        part(Some(2), signature.as_bytes());
    }
    bytes
}

/// Whoever makes changes: a live device of a person.
#[derive(Clone)]
pub struct Maker {
    /// Its keys.
    pub keys: DeviceKeys,
    /// Code of its person.
    pub person: String,
    /// The person's organisation.
    pub organisation: String,
    /// When everything is made.
    pub at: Timestamp,
}

impl Maker {
    /// Signs a chunk in its own right, whatever it is.
    pub fn signed(&self, document: DocumentId, chunk: &[u8]) -> Vec<u8> {
        envelope(document, chunk, Some(&self.signature(document, chunk)))
    }

    /// Its signature over a chunk.
    pub fn signature(&self, document: DocumentId, chunk: &[u8]) -> Signature {
        self.keys.sign(PURPOSE, &[document.as_bytes(), chunk])
    }

    /// Opens a dossier of its own.
    pub fn opens(&self, rng: &mut dyn CryptoRng) -> Story {
        let document = DocumentId::fresh(self.at, rng);
        let opening = Opening {
            document,
            kind: DocumentKind::Dossier,
            founding: 1,
            trainee: Some(TraineeId::fresh(self.at, rng)),
            organisation: self.organisation.clone(),
            person: self.person.clone(),
            at: self.at,
            replaces: None,
        };
        let opening = SignedStatement::sign(&Statement::Opening(opening), &self.keys).expect("a short statement");
        let found = Document::found(DocumentKind::Dossier).expect("the founding change is a constant");
        let (opening, actor) = (opening.bytes().to_vec(), self.session(rng));
        let mut story = Story { document, opening, first: Vec::new(), doc: found, actor, visits: 0 };
        let trainee = Trainee {
            reference: Some(format!("AV-{}", &document.to_string()[14..20])),
            given_name: Some("Sanne".into()),
            organisation: Some(self.organisation.clone()),
            ..Trainee::default()
        };
        story.first = story.write(&trainee.create(""), self.at);
        story
    }

    /// A fresh actor of this device.
    pub fn session(&self, rng: &mut dyn CryptoRng) -> [u8; 24] {
        let mut actor = [0; 24];
        rng.fill_bytes(&mut actor);
        actor[..16].copy_from_slice(self.keys.device().as_bytes());
        actor
    }
}

/// A dossier as one device has it.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its name.
    pub document: DocumentId,
    /// Its signed opening.
    pub opening: Vec<u8>,
    /// The chunk of its first change.
    pub first: Vec<u8>,
    /// What stands in it.
    pub doc: Document,
    /// The actor that writes.
    pub actor: [u8; 24],
    visits: u64,
}

impl Story {
    /// Performs writes as an honest device does; the chunk.
    pub fn write(&mut self, writes: &[Write], at: Timestamp) -> Vec<u8> {
        self.doc.write(writes, &self.actor, at).expect("a write").expect("something new")
    }

    /// A visit.
    pub fn visit(&mut self, maker: &Maker, summary: &str) -> Vec<u8> {
        self.visits += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.actor[16..]);
        id[8..].copy_from_slice(&self.visits.to_be_bytes());
        let visit = Visit {
            summary: Some(summary.into()),
            duration_min: Some(45),
            coach: Some(maker.person.clone()),
            ..Visit::default()
        };
        self.write(&visit.create(&VisitId::from_bytes(id).to_string()), maker.at)
    }

    /// A cell of the trainee's own record.
    pub fn edit(&mut self, maker: &Maker, key: &str, value: &str) -> Vec<u8> {
        let write =
            Write { container: Container::Trainee, entry: String::new(), key: key.into(), value: Scalar::Text(value.into()) };
        self.write(&[write], maker.at)
    }

    /// Anything that Automerge can do to the document; the chunk of it. The document stays as it was.
    pub fn anything(&self, at: Timestamp, work: impl FnOnce(&mut AutoCommit)) -> Vec<u8> {
        let mut doc = AutoCommit::load(&self.doc.export()).expect("a document").with_actor(ActorId::from(&self.actor));
        work(&mut doc);
        doc.commit_with(automerge::transaction::CommitOptions::default().with_time(at.as_millis() / 1000));
        doc.get_last_local_change().expect("a change").raw_bytes().to_vec()
    }

    /// A root container.
    pub fn container(doc: &AutoCommit, key: &str) -> automerge::ObjId {
        doc.get(ROOT, key).expect("a document").expect("a container").1
    }

    /// So many values at one key of the trainee's record, in so few bytes as a run takes.
    pub fn repeated(&self, count: u64, at: Timestamp) -> Parts {
        let run = |item: &[u8]| [sleb(count as i64), item.to_vec()].concat();
        let one = self.anything(at, |doc| {
            let trainee = Self::container(doc, "trainee");
            automerge::transaction::Transactable::put(doc, &trainee, "zz", ScalarValue::Null).expect("a value");
        });
        let mut parts = Parts::of(&one);
        parts.columns = BTreeMap::from([
            (1, run(&[1])),
            (2, run(&[1])),
            (21, run(b"\x02zz")),
            (52, leb(count)),
            (66, run(&[1])),
            (86, run(&[0])),
            (112, run(&[0])),
        ]);
        parts
    }
}
