//! What an import remembers of a row, and what it therefore may write.
//!
//! In the container `imports` each imported row has two entries, each keyed by a short hash. One, of what the row names,
//! leads to the record (its cell `t`); so that a row finds its record whatever people change there. The other, of the kind
//! of file and that record, has a cell `m` that holds, for every cell that the row brought, four bytes of a hash of its
//! value, and the ids of the training, placement, enrolment and assignment that the row made.
//!
//! Ids are fresh, never derived from what the row names: entries of a dossier are maps, and two devices that made one
//! map each under the same key would hide the work in one of them.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use crate::clock::Day;
use crate::record::{Container, Content, Entry, Scalar, Write};

use super::{Note, NoteKind, Reason};

const MEMORY: &str = "m";
const LEADS_TO: &str = "t";

/// A short hash of anything: enough to tell that a value changed, not to find the value back.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

type Mark = [u8; 4];

fn mark(value: &Scalar) -> Mark {
    let (kind, bytes) = match value {
        Scalar::Null => (b"0", Vec::new()),
        Scalar::Bool(value) => (b"b", vec![u8::from(*value)]),
        Scalar::Int(value) => (b"i", value.to_le_bytes().to_vec()),
        Scalar::Text(text) => (b"t", text.as_bytes().to_vec()),
        Scalar::Bytes(bytes) => (b"y", bytes.clone()),
        Scalar::Time(value) => (b"c", value.to_le_bytes().to_vec()),
    };
    let full = hash(&[kind, &bytes]);
    [full[0], full[1], full[2], full[3]]
}

/// The key of the memory of something: 22 characters.
pub(super) fn memory_key(kind: &str, of: &str) -> String {
    BASE64URL_NOPAD.encode(&hash(&[b"veldboek/import/1", kind.as_bytes(), of.as_bytes()])[..16])
}

/// What the last import of one row put in each cell, by room letter and full key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Memory(BTreeMap<String, Vec<u8>>);

impl Memory {
    /// Key and value, each after its length in one byte; and so on. What cannot be read is forgotten: then a difference
    /// becomes a proposal, never an overwrite.
    fn decode(mut bytes: &[u8]) -> Self {
        fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
            let (len, rest) = bytes.split_first()?;
            let (part, rest) = rest.split_at_checked(usize::from(*len))?;
            *bytes = rest;
            Some(part)
        }
        let mut known = BTreeMap::new();
        while let (Some(key), Some(value)) = (part(&mut bytes), part(&mut bytes)) {
            if let Ok(key) = std::str::from_utf8(key) {
                known.insert(key.to_owned(), value.to_vec());
            }
        }
        Self(known)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in &self.0 {
            // Keys are a letter, a field key and at most a code or day; values are 4 or 16 bytes.
            if let (Ok(key_len), Ok(len)) = (u8::try_from(key.len()), u8::try_from(value.len())) {
                bytes.push(key_len);
                bytes.extend_from_slice(key.as_bytes());
                bytes.push(len);
                bytes.extend_from_slice(value);
            }
        }
        bytes
    }

    fn mark(&self, key: &str) -> Option<Mark> {
        self.0.get(key)?.as_slice().try_into().ok()
    }

    /// The entry that this row made or found for a part of what it says.
    pub(super) fn entry(&self, part: &str) -> Option<String> {
        self.0.get(part).filter(|id| id.len() == 16).map(|id| BASE64URL_NOPAD.encode(id))
    }

    /// Remembers such an entry.
    pub(super) fn set_entry(&mut self, part: &str, entry: &str) {
        if let Ok(id) = BASE64URL_NOPAD.decode(entry.as_bytes()) {
            self.0.insert(part.to_owned(), id);
        }
    }

    /// Whether the last import of this row brought this very value.
    pub(super) fn is(&self, key: &str, value: &Scalar) -> bool {
        self.mark(key) == Some(mark(value))
    }

    /// Remembers a value that is no cell of a record.
    pub(super) fn set(&mut self, key: &str, value: &Scalar) {
        self.0.insert(key.to_owned(), mark(value).to_vec());
    }

    /// The remembered keys that begin so.
    pub(super) fn keys(&self, begin: &str) -> Vec<String> {
        self.0.range(begin.to_owned()..).map(|(key, _)| key.clone()).take_while(|key| key.starts_with(begin)).collect()
    }
}

/// What became of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It said what the last import said, or what stands there.
    Same,
    /// It is written.
    Written,
    /// A person wrote something else: it is proposed.
    Proposed,
}

/// Where a cell goes and what it brings.
pub(super) struct Target<'a> {
    pub(super) container: Container,
    pub(super) entry: &'a str,
    /// The full field key.
    pub(super) key: &'a str,
    pub(super) value: &'a Scalar,
    /// The key in the memory.
    pub(super) memory: String,
    /// Whether this other value means the same: the text for which the register now has a code.
    pub(super) same_as: Option<&'a Scalar>,
}

/// One document while a file is imported into it: its content with what was written so far.
pub(super) struct Draft {
    pub(super) content: Content,
    pub(super) writes: Vec<Write>,
    pub(super) proposals: usize,
    /// How often something was put that did not stand there yet.
    pub(super) puts: usize,
    source: String,
}

impl Draft {
    /// A draft over what is there. `source` is what proposals name as their origin.
    pub(super) fn new(content: Content, kind: &str, today: Day) -> Self {
        Self { content, writes: Vec::new(), proposals: 0, puts: 0, source: format!("{kind} {today}") }
    }

    pub(super) fn entry(&self, container: Container, entry: &str) -> Option<&Entry> {
        self.content.get(&container)?.get(entry)
    }

    pub(super) fn value(&self, container: Container, entry: &str, key: &str) -> Option<&Scalar> {
        self.entry(container, entry)?.get(key).filter(|value| **value != Scalar::Null)
    }

    /// Writes a cell unless it stands there already.
    pub(super) fn put(&mut self, container: Container, entry: &str, key: &str, value: Scalar) -> bool {
        let cells = self.content.entry(container).or_default().entry(entry.to_owned()).or_default();
        if cells.get(key) == Some(&value) {
            return false;
        }
        cells.insert(key.to_owned(), value.clone());
        self.puts += 1;
        // The last word counts when two rows of a file speak of one cell: one write per cell and change.
        self.writes.retain(|write| !(write.container == container && write.entry == entry && write.key == key));
        self.writes.push(Write { container, entry: entry.to_owned(), key: key.to_owned(), value });
        true
    }

    pub(super) fn memory(&self, key: &str) -> Memory {
        match self.value(Container::Imports, key, MEMORY) {
            Some(Scalar::Bytes(bytes)) => Memory::decode(bytes),
            _ => Memory::default(),
        }
    }

    pub(super) fn remember(&mut self, key: &str, memory: &Memory) -> bool {
        !memory.0.is_empty() && self.put(Container::Imports, key, MEMORY, Scalar::Bytes(memory.encode()))
    }

    /// The entry that a row's name was found to lead to.
    pub(super) fn leads_to(&self, key: &str) -> Option<String> {
        match self.value(Container::Imports, key, LEADS_TO) {
            Some(Scalar::Bytes(id)) => Some(BASE64URL_NOPAD.encode(id)),
            _ => None,
        }
    }

    pub(super) fn lead_to(&mut self, key: &str, entry: &str) {
        if let Ok(id) = BASE64URL_NOPAD.decode(entry.as_bytes()) {
            self.put(Container::Imports, key, LEADS_TO, Scalar::Bytes(id));
        }
    }

    /// Takes one cell of the file in. `others`: what other files put into this record, which is no person's work either.
    /// `once`: the field may not change after the entry is made.
    pub(super) fn take(&mut self, target: &Target<'_>, memory: &mut Memory, others: &[Memory], once: bool) -> Outcome {
        let new = mark(target.value);
        let before = memory.mark(&target.memory);
        if before == Some(new) || (before.is_some() && before == target.same_as.map(mark)) {
            return Outcome::Same;
        }
        let current = self.value(target.container, target.entry, target.key).cloned();
        // Leaving out a member is the same as never having had it.
        let absent = current.is_none() && *target.value == Scalar::Bool(false);
        let outcome = match &current {
            _ if absent => Outcome::Same,
            Some(current) if current == target.value || Some(current) == target.same_as => Outcome::Same,
            Some(_) if once => Outcome::Same,
            Some(current) if before == Some(mark(current)) => Outcome::Written,
            Some(current) if others.iter().any(|other| other.is(&target.memory, current)) => Outcome::Written,
            None if before.is_none() => Outcome::Written,
            _ => Outcome::Proposed,
        };
        let proposal = format!("{}/{}/{}", target.container.key(), target.entry, target.key);
        match outcome {
            Outcome::Written => {
                self.put(target.container, target.entry, target.key, target.value.clone());
            }
            Outcome::Proposed => {
                self.put(Container::Proposals, &proposal, "v", target.value.clone());
                self.put(Container::Proposals, &proposal, "w", Scalar::Text(self.source.clone()));
                self.put(Container::Proposals, &proposal, "s", Scalar::Bool(false));
                self.proposals += 1;
            }
            Outcome::Same => {}
        }
        if outcome != Outcome::Proposed && self.value(Container::Proposals, &proposal, "s") == Some(&Scalar::Bool(false)) {
            // The file now says what the person wrote: there is nothing left to choose.
            self.put(Container::Proposals, &proposal, "s", Scalar::Bool(true));
        }
        memory.0.insert(target.memory.clone(), new.to_vec());
        outcome
    }
}

/// The remark that goes with a proposal.
pub(super) fn conflict(line: u64, column: &str) -> Note {
    Note {
        kind: NoteKind::Conflict,
        lines: [line].into(),
        column: Some(column.to_owned()),
        value: None,
        reason: Reason::new(
            "een mens schreef hier iets anders; de waarde uit het bestand staat bij 'conflicts' en is niet overgenomen",
            "a person wrote something else here; the value of the file waits in 'conflicts' and was not taken over",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_reads_back_and_damage_only_forgets() {
        let memory = Memory(BTreeMap::from([("@w".to_owned(), vec![7; 16]), ("tpr".to_owned(), vec![9; 4])]));
        let bytes = memory.encode();
        assert_eq!(Memory::decode(&bytes), memory);
        for cut in 0..bytes.len() {
            assert!(Memory::decode(&bytes[..cut]).0.len() < 2);
        }
    }
}
