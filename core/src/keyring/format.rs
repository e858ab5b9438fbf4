//! The bytes of the keyring: a CBOR map outside, the keys sealed inside. Keys of a map that this version does not
//! know are kept, so that an older program beside a newer one loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minicbor::{Decoder, Encoder};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::lock::{self, Lock};
use super::{Destroyed, Key, NONCE, WrappingKey};
use crate::ids::{DocumentId, KeyId};
use crate::keys::DeviceKeys;
use crate::words::Words;

const VERSION: u64 = 1;
/// Sealed by 32 bytes that lie elsewhere: in a file, or with whoever hands them in.
const WRAPPED_BY_KEY: u64 = 1;
/// Sealed by a key that lies here, locked with a passphrase.
const WRAPPED_BY_PASSPHRASE: u64 = 2;
/// Sealed by a key that lies here, locked by the platform's keystore.
const WRAPPED_BY_KEYSTORE: u64 = 3;
/// A tombstone: the keys are gone for ever.
const KEYS_DESTROYED: u64 = 4;
const AROUND: &[u8] = b"veldboek/keyring/1\0";

/// A keyring that was opened, and whether older files lie beside it.
pub(super) struct Opened {
    pub ring: Ring,
    pub older: bool,
}

/// Why a file is no keyring for us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It ends too early, or a part of it was never written.
    Torn,
    Spoiled(Words),
    WrongKey,
    Newer(u64),
    Destroyed(Destroyed),
}

/// What can be read of a generation without a key.
pub(super) enum Outside<'a> {
    Keys(Closed<'a>),
    Destroyed(Destroyed),
}

/// The keys of one generation, sealed.
pub(super) struct Closed<'a> {
    pub lock: Lock,
    nonce: [u8; NONCE],
    sealed: &'a [u8],
    mark: [u8; 8],
    unknown: Unknown,
}

impl Closed<'_> {
    /// Whether a part of the sealed bytes was never written.
    pub fn is_torn(&self) -> bool {
        self.sealed.chunks(512).any(|part| part.iter().all(|b| *b == 0))
    }
}

/// Entries of a CBOR map that this version does not know: key and encoded value.
pub(super) type Unknown = Vec<(u64, Vec<u8>)>;

#[derive(Clone)]
pub(super) struct HeldKey {
    pub key: Arc<Key>,
    pub document: Option<DocumentId>,
    unknown: Unknown,
}

/// One generation of the keyring, open.
#[derive(Clone)]
pub(super) struct Ring {
    pub generation: u64,
    /// What locks the key that seals it.
    pub lock: Lock,
    pub device: Arc<Zeroizing<[u8; 64]>>,
    pub store: KeyId,
    pub cache: Key,
    pub keys: BTreeMap<KeyId, HeldKey>,
    pub by_document: BTreeMap<DocumentId, KeyId>,
    pub destroyed: BTreeSet<KeyId>,
    unknown_outside: Unknown,
    unknown_inside: Unknown,
}

impl Ring {
    pub fn new(generation: u64, lock: Lock, device: &DeviceKeys, rng: &mut dyn CryptoRng) -> Self {
        let store = fresh_id(rng);
        let key = HeldKey { key: Arc::new(Key::generate(rng)), document: None, unknown: Unknown::new() };
        Self {
            generation,
            lock,
            device: Arc::new(device.to_bytes()),
            store,
            cache: Key::generate(rng),
            keys: [(store, key)].into(),
            by_document: BTreeMap::new(),
            destroyed: BTreeSet::new(),
            unknown_outside: Unknown::new(),
            unknown_inside: Unknown::new(),
        }
    }

    pub fn add(&mut self, document: DocumentId, rng: &mut dyn CryptoRng) {
        if self.by_document.contains_key(&document) {
            return;
        }
        let id = fresh_id(rng);
        let key = Arc::new(Key::generate(rng));
        self.keys.insert(id, HeldKey { key, document: Some(document), unknown: Unknown::new() });
        self.by_document.insert(document, id);
    }

    /// Destroys document keys; whether there was any of them. The store's own key is not for destroying.
    pub fn destroy(&mut self, keys: &[KeyId], rng: &mut dyn CryptoRng) -> bool {
        let mut any = false;
        for id in keys.iter().filter(|id| **id != self.store) {
            if let Some(held) = self.keys.remove(id) {
                if let Some(document) = held.document {
                    self.by_document.remove(&document);
                }
                self.destroyed.insert(*id);
                any = true;
            }
        }
        if any {
            self.cache = Key::generate(rng);
        }
        any
    }

    /// The file of this generation; nothing only when it would be too long for the cipher.
    pub fn seal(&self, wrapping: &WrappingKey, rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let inside = self.encode_inside();
        let sealed = wrapping.0.seal(&nonce, &around(self.generation), &inside)?;
        let mut entries = self.unknown_outside.clone();
        entries.push((0, encoded(|e| drop(e.u64(VERSION)))));
        entries.push((1, encoded(|e| drop(e.u64(self.generation)))));
        let kind = match &self.lock {
            Lock::Elsewhere => WRAPPED_BY_KEY,
            Lock::Passphrase(lock) => {
                entries.push((6, lock.encode()));
                WRAPPED_BY_PASSPHRASE
            }
            Lock::Keystore(wrapped) => {
                entries.push((7, bytes(wrapped)));
                WRAPPED_BY_KEYSTORE
            }
        };
        entries.push((2, encoded(|e| drop(e.u64(kind)))));
        entries.push((3, bytes(&nonce)));
        entries.push((4, bytes(&sealed)));
        entries.push((5, bytes(&wrapping.mark())));
        Some(map(entries))
    }

    fn encode_inside(&self) -> Zeroizing<Vec<u8>> {
        let keys: Vec<Zeroizing<Vec<u8>>> = self
            .keys
            .iter()
            .map(|(id, held)| {
                let mut entries = held.unknown.clone();
                entries.push((0, bytes(id.as_bytes())));
                entries.push((1, bytes(held.key.as_bytes())));
                if let Some(document) = held.document {
                    entries.push((2, bytes(document.as_bytes())));
                }
                Zeroizing::new(map(entries))
            })
            .collect();
        let destroyed: Vec<Vec<u8>> = self.destroyed.iter().map(|id| bytes(id.as_bytes())).collect();
        let mut entries = self.unknown_inside.clone();
        entries.push((0, bytes(self.device.as_slice())));
        entries.push((1, bytes(self.store.as_bytes())));
        entries.push((2, bytes(self.cache.as_bytes())));
        entries.push((3, array(&keys)));
        entries.push((4, array(&destroyed)));
        Zeroizing::new(map(entries))
    }

    /// Opens the file of this generation.
    pub fn open(file: &[u8], generation: u64, wrapping: &WrappingKey) -> Result<Self, Unreadable> {
        let closed = match read_outside(file, generation)? {
            Outside::Keys(closed) => closed,
            Outside::Destroyed(destroyed) => return Err(Unreadable::Destroyed(destroyed)),
        };
        let inside = wrapping.0.open(&closed.nonce, &around(generation), closed.sealed).map(Zeroizing::new);
        let Some(inside) = inside else {
            return Err(match closed.mark == wrapping.mark() {
                true if closed.is_torn() => Unreadable::Torn,
                true => Unreadable::Spoiled(Words::new("het zegel is verbroken", "its seal is broken")),
                false => Unreadable::WrongKey,
            });
        };
        let Closed { lock, unknown, .. } = closed;
        Self::decode_inside(&inside, generation, lock, unknown)
            .ok_or(Unreadable::Spoiled(Words::new("de inhoud wordt niet begrepen", "its content is not understood")))
    }

    fn decode_inside(inside: &[u8], generation: u64, lock: Lock, unknown_outside: Unknown) -> Option<Self> {
        let mut entries = read_map(inside)?;
        let device = Arc::new(Zeroizing::new(fixed(entries.remove(&0)?)?));
        let store = KeyId::from_bytes(fixed(entries.remove(&1)?)?);
        let cache = Key::from_bytes(fixed(entries.remove(&2)?)?);
        let mut keys = BTreeMap::new();
        let mut by_document = BTreeMap::new();
        for entry in read_array(entries.remove(&3)?)? {
            let mut entry = read_map(entry)?;
            let id = KeyId::from_bytes(fixed(entry.remove(&0)?)?);
            let key = Arc::new(Key::from_bytes(fixed(entry.remove(&1)?)?));
            let document = match entry.remove(&2) {
                Some(document) => Some(DocumentId::from_bytes(fixed(document)?)),
                None => None,
            };
            if let Some(document) = document {
                by_document.insert(document, id);
            }
            keys.insert(id, HeldKey { key, document, unknown: owned(entry) });
        }
        let destroyed = read_array(entries.remove(&4)?)?
            .into_iter()
            .map(|id| fixed(id).map(KeyId::from_bytes))
            .collect::<Option<BTreeSet<KeyId>>>()?;
        keys.contains_key(&store).then_some(Self {
            generation,
            lock,
            device,
            store,
            cache,
            keys,
            by_document,
            destroyed,
            unknown_outside,
            unknown_inside: owned(entries),
        })
    }
}

/// Reads what is not sealed of the file of this generation.
pub(super) fn read_outside(file: &[u8], generation: u64) -> Result<Outside<'_>, Unreadable> {
    // A file that ends early or in emptiness was never finished; anything else that is wrong was spoiled later.
    let torn = || {
        if ends_early(file) {
            Unreadable::Torn
        } else {
            Unreadable::Spoiled(Words::new("de buitenkant is stuk", "its outer form is broken"))
        }
    };
    let mut outside = read_map(file).ok_or_else(torn)?;
    let version = outside.remove(&0).and_then(number).ok_or_else(torn)?;
    if version != VERSION {
        return Err(Unreadable::Newer(version));
    }
    if outside.remove(&1).and_then(number) != Some(generation) {
        return Err(Unreadable::Spoiled(Words::new(
            "de generatie is niet die van de naam",
            "its generation is not that of its name",
        )));
    }
    let lock = match outside.remove(&2).and_then(number).ok_or_else(torn)? {
        WRAPPED_BY_KEY => Lock::Elsewhere,
        WRAPPED_BY_PASSPHRASE => {
            let read = outside.remove(&6).and_then(lock::ByPassphrase::decode).ok_or_else(torn)?;
            // A spoiled lock would make every passphrase a wrong one, and wrong ones destroy the keys.
            Lock::Passphrase(read.map_err(|()| Unreadable::Spoiled(Words::new("het slot is stuk", "its lock is broken")))?)
        }
        WRAPPED_BY_KEYSTORE => Lock::Keystore(outside.remove(&7).and_then(byte_string).ok_or_else(torn)?.to_vec()),
        KEYS_DESTROYED => {
            return outside.remove(&8).and_then(Destroyed::decode).map(Outside::Destroyed).ok_or_else(torn);
        }
        _ => return Err(Unreadable::Newer(version)),
    };
    let nonce: [u8; NONCE] = outside.remove(&3).and_then(fixed).ok_or_else(torn)?;
    let sealed = outside.remove(&4).and_then(byte_string).ok_or_else(torn)?;
    let mark: [u8; 8] = outside.remove(&5).and_then(fixed).ok_or_else(torn)?;
    Ok(Outside::Keys(Closed { lock, nonce, sealed, mark, unknown: owned(outside) }))
}

/// The file of a generation that says that the keys are gone.
pub(super) fn tombstone(generation: u64, destroyed: &Destroyed) -> Vec<u8> {
    map(vec![
        (0, encoded(|e| drop(e.u64(VERSION)))),
        (1, encoded(|e| drop(e.u64(generation)))),
        (2, encoded(|e| drop(e.u64(KEYS_DESTROYED)))),
        (8, destroyed.encode()),
    ])
}

#[cfg(test)]
impl Ring {
    /// Adds an entry that no version knows to every map.
    pub fn add_unknown(&mut self, key: u64, value: &[u8]) {
        self.unknown_outside.push((key, value.to_vec()));
        self.unknown_inside.push((key, value.to_vec()));
        for held in self.keys.values_mut() {
            held.unknown.push((key, value.to_vec()));
        }
    }

    /// In how many maps an entry is.
    pub fn count_unknown(&self, key: u64) -> usize {
        let maps = [&self.unknown_outside, &self.unknown_inside].into_iter();
        maps.chain(self.keys.values().map(|held| &held.unknown)).flatten().filter(|(known, _)| *known == key).count()
    }
}

/// A random name; all zero means "in clear" in the journal and is never given.
fn fresh_id(rng: &mut dyn CryptoRng) -> KeyId {
    let mut id = [0; 16];
    while id == [0; 16] {
        rng.fill_bytes(&mut id);
    }
    KeyId::from_bytes(id)
}

/// What the seal is bound to: a sealed part cannot be moved into another generation's file.
fn around(generation: u64) -> Vec<u8> {
    [AROUND, &generation.to_be_bytes()].concat()
}

fn ends_early(file: &[u8]) -> bool {
    let mut decoder = Decoder::new(file);
    file.is_empty()
        || file.chunks(512).any(|part| part.iter().all(|b| *b == 0))
        || matches!(decoder.skip(), Err(error) if error.is_end_of_input())
}

pub(super) fn encoded(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    bytes
}

pub(super) fn bytes(value: &[u8]) -> Vec<u8> {
    // Room at once: a vector that grows leaves copies of a secret behind.
    let mut bytes = Vec::with_capacity(value.len() + 9);
    drop(Encoder::new(&mut bytes).bytes(value));
    bytes
}

pub(super) fn map(mut entries: Unknown) -> Vec<u8> {
    entries.sort();
    let mut bytes = Vec::with_capacity(entries.iter().map(|(_, value)| value.len() + 9).sum::<usize>() + 9);
    drop(Encoder::new(&mut bytes).map(entries.len() as u64));
    for (key, value) in entries {
        drop(Encoder::new(&mut bytes).u64(key));
        bytes.extend_from_slice(&value);
        drop(Zeroizing::new(value));
    }
    bytes
}

fn array<T: AsRef<[u8]>>(items: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(items.iter().map(|item| item.as_ref().len()).sum::<usize>() + 9);
    drop(Encoder::new(&mut bytes).array(items.len() as u64));
    for item in items {
        bytes.extend_from_slice(item.as_ref());
    }
    bytes
}

/// The entries of a definite map that fills the input; a key twice or out of order is no map.
pub(super) fn read_map(input: &[u8]) -> Option<BTreeMap<u64, &[u8]>> {
    let mut decoder = Decoder::new(input);
    let count = decoder.map().ok()??;
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let key = decoder.u64().ok()?;
        if entries.last_key_value().is_some_and(|(before, _)| *before >= key) {
            return None;
        }
        let from = decoder.position();
        decoder.skip().ok()?;
        entries.insert(key, &input[from..decoder.position()]);
    }
    (decoder.position() == input.len()).then_some(entries)
}

fn read_array(input: &[u8]) -> Option<Vec<&[u8]>> {
    let mut decoder = Decoder::new(input);
    let count = decoder.array().ok()??;
    let mut items = Vec::new();
    for _ in 0..count {
        let from = decoder.position();
        decoder.skip().ok()?;
        items.push(&input[from..decoder.position()]);
    }
    Some(items)
}

pub(super) fn number(value: &[u8]) -> Option<u64> {
    Decoder::new(value).u64().ok()
}

pub(super) fn byte_string(value: &[u8]) -> Option<&[u8]> {
    Decoder::new(value).bytes().ok()
}

pub(super) fn fixed<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    byte_string(value)?.try_into().ok()
}

fn owned(entries: BTreeMap<u64, &[u8]>) -> Unknown {
    entries.into_iter().map(|(key, value)| (key, value.to_vec())).collect()
}
