//! What a field book must survive: another process, a cut-off writer, a power cut at any moment, a spoiled byte.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use super::*;
use crate::disk::{DiskError, MemoryDisk, SimulatedDisk};
use crate::ids::DocumentId;
use crate::keyring::WrappingKey;

mod damage;
mod power;
mod processes;

/// Randomness that a test can repeat. Not for secrets.
pub(crate) struct Chance(pub u64);

impl TryRng for Chance {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.try_next_u64()? as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Ok(z ^ (z >> 29))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(8) {
            let random = self.try_next_u64()?.to_le_bytes();
            part.copy_from_slice(&random[..part.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Chance {}

const WRAPPING: WrappingKey = WrappingKey::from_bytes([3; 32]);
/// Small segments, so that a short story begins several.
const SMALL: u64 = 2000;

fn document(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 16])
}

fn keyring_on(disk: &dyn Disk) -> Keyring {
    let keyring = Keyring::create(disk, &WRAPPING, &mut Chance(1)).unwrap();
    keyring.add_document_keys(disk, &[document(1), document(2)], &mut Chance(2)).unwrap();
    keyring
}

/// A record with a text, sealed under the key of a document, or of the store.
fn note(keyring: &Keyring, of: Option<u8>, text: &str) -> NewRecord {
    let key = of.map_or(keyring.store_key_id(), |number| keyring.document_key(document(number)).unwrap());
    NewRecord { kind: Kind::Change, key, payload: text.as_bytes().to_vec() }
}

fn text(record: &Record) -> String {
    match &record.payload {
        Payload::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Payload::Gone => "gone".to_owned(),
    }
}

/// One commit, with whatever others appended read before it.
fn commit(journal: &mut Journal, keyring: &Keyring, rng: &mut Chance, texts: &[&str]) -> Result<Vec<Appended>, JournalError> {
    let mut writer = journal.write()?;
    writer.read_new(keyring, &mut |_| {})?;
    let records: Vec<NewRecord> = texts.iter().map(|text| note(keyring, Some(1), text)).collect();
    let appended = writer.append(keyring, rng, &records)?;
    writer.commit()?;
    Ok(appended)
}

/// Everything in the journal, read for writing: what was cut off is set aside.
fn read_to_write(disk: &Arc<dyn Disk>, keyring: &Keyring) -> Result<(Journal, Vec<Record>), JournalError> {
    let mut journal = Journal::open_with(disk.clone(), SMALL)?;
    let mut records = Vec::new();
    let mut writer = journal.write()?;
    writer.read_new(keyring, &mut |record| records.push(record))?;
    writer.commit()?;
    Ok((journal, records))
}

#[test]
fn what_was_committed_is_read_again_by_whoever_opens_the_store() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut journal = Journal::open(disk.clone()).unwrap();
    assert_eq!(journal.head(), (0, [0; 32]));
    let mut writer = journal.write().unwrap();
    let records = [
        NewRecord::clear(Kind::Audit, b"anna enrolled a phone".to_vec()),
        note(&keyring, Some(1), "visited the kitchen"),
        note(&keyring, None, ""),
    ];
    let appended = writer.append(&keyring, &mut Chance(5), &records).unwrap();
    writer.commit().unwrap();
    assert_eq!(appended.iter().map(|one| one.seq).collect::<Vec<_>>(), [1, 2, 3]);

    let keyring = Keyring::open(&*disk, &WRAPPING).unwrap();
    let mut again = Journal::open(disk.clone()).unwrap();
    let mut read = Vec::new();
    again.read_new(&keyring, &mut |record| read.push(record)).unwrap();
    assert_eq!(read, records.into_iter().zip(&appended).map(|(record, at)| record.at(*at)).collect::<Vec<_>>());
    assert_eq!(again.head(), journal.head());
    assert_eq!(again.head(), (3, appended[2].hash));
    for record in &read {
        assert_eq!(again.read_at(record.position, &keyring).unwrap(), *record);
    }
    again.read_new(&keyring, &mut |_| panic!("nothing is new")).unwrap();
    let stored = crate::disk::read_all(&*disk, "journal/00000001.vbj").unwrap();
    assert!(stored.windows(5).any(|part| part == b"phone"), "the audit line can be read without a key");
    assert!(!stored.windows(7).any(|part| part == b"kitchen"), "the note cannot");
}

#[test]
fn a_writer_that_is_dropped_appends_nothing_and_lets_go() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut writer = journal.write().unwrap();
    writer.append(&keyring, &mut Chance(5), &[note(&keyring, None, "thought better of it")]).unwrap();
    drop(writer);
    commit(&mut journal, &keyring, &mut Chance(6), &["kept"]).unwrap();
    let (_, records) = read_to_write(&disk, &keyring).unwrap();
    assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["kept"]);
}

#[test]
fn a_destroyed_key_takes_the_content_and_leaves_the_chain() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut writer = journal.write().unwrap();
    let records = [note(&keyring, Some(1), "erased"), note(&keyring, Some(2), "kept")];
    writer.append(&keyring, &mut Chance(5), &records).unwrap();
    writer.commit().unwrap();

    // Another process still has the old keyring open; it learns of it when it meets the record.
    let other = Keyring::open(&*disk, &WRAPPING).unwrap();
    let key = keyring.document_key(document(1)).unwrap();
    keyring.destroy(&*disk, &[key], &mut Chance(6)).unwrap();
    other.refresh(&*disk).unwrap();
    for keyring in [&keyring, &other, &Keyring::open(&*disk, &WRAPPING).unwrap()] {
        let (_, records) = read_to_write(&disk, keyring).unwrap();
        assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["gone", "kept"]);
        let verification = Journal::verify(&*disk, keyring).unwrap();
        assert!(verification.is_whole());
        assert_eq!((verification.records, verification.gone), (2, 1));
    }
    let mut writer = journal.write().unwrap();
    let late = NewRecord { kind: Kind::Change, key, payload: b"late".to_vec() };
    assert_eq!(writer.append(&keyring, &mut Chance(7), &[late]), Err(JournalError::NoKey { key }));
}

#[test]
fn a_key_that_the_keyring_never_held_is_an_error_and_not_an_erasure() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut journal = Journal::open(disk.clone()).unwrap();
    commit(&mut journal, &keyring, &mut Chance(5), &["sealed under a key that is lost"]).unwrap();
    for name in disk.list().unwrap().iter().filter(|name| name.starts_with("keyring.")) {
        disk.remove(name).unwrap();
    }
    let older = Keyring::create(&*disk, &WRAPPING, &mut Chance(9)).unwrap();
    let mut again = Journal::open(disk.clone()).unwrap();
    let key = keyring.document_key(document(1)).unwrap();
    let error = again.read_new(&older, &mut |_| {}).unwrap_err();
    assert_eq!(error, JournalError::KeyMissing { seq: 1, key });
    let verification = Journal::verify(&*disk, &older).unwrap();
    assert_eq!(verification.without_key, [(1, key)]);
    assert!(!verification.is_whole());
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut writer = journal.write().unwrap();
    let large = NewRecord { kind: Kind::Change, key: keyring.store_key_id(), payload: vec![1; RECORD_LIMIT + 1] };
    let refused = writer.append(&keyring, &mut Chance(1), &[note(&keyring, None, "small"), large.clone()]);
    assert_eq!(refused, Err(JournalError::TooLarge { bytes: RECORD_LIMIT + 1 }));
    let fits = NewRecord { payload: vec![1; RECORD_LIMIT], ..large };
    writer.append(&keyring, &mut Chance(1), &[fits]).unwrap();
    writer.commit().unwrap();
    let (_, records) = read_to_write(&disk, &keyring).unwrap();
    assert_eq!(records.len(), 1);
}

#[test]
fn a_record_of_a_later_version_says_so() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut writer = journal.write().unwrap();
    writer.append(&keyring, &mut Chance(1), &[NewRecord::clear(Kind::Audit, Vec::new())]).unwrap();
    writer.commit().unwrap();
    let mut bytes = crate::disk::read_all(&*disk, "journal/00000001.vbj").unwrap();
    bytes[4] = 200;
    let crc = header::crc32(&bytes[..124]).to_le_bytes();
    bytes[124..128].copy_from_slice(&crc);
    disk.remove("journal/00000001.vbj").unwrap();
    disk.append("journal/00000001.vbj", &bytes).unwrap();
    let error = Journal::open(disk).unwrap().read_new(&keyring, &mut |_| {}).unwrap_err();
    assert!(matches!(error, JournalError::Newer { seq: 1, .. }), "{error}");
}

#[test]
fn a_head_that_was_noted_is_found_again_in_the_grown_chain() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut journal = Journal::open_with(disk.clone(), SMALL).unwrap();
    commit(&mut journal, &keyring, &mut Chance(1), &["one", "two"]).unwrap();
    let (seq, noted) = journal.head();
    for number in 0..50 {
        commit(&mut journal, &keyring, &mut Chance(number), &["more"]).unwrap();
    }
    let verification = Journal::verify(&*disk, &keyring).unwrap();
    assert!(verification.is_whole());
    assert_eq!(verification.head, journal.head());
    assert_eq!(verification.seq_of(&noted), Some(seq));
    assert_eq!(verification.seq_of(&[9; 32]), None);
    assert_eq!(verification.kinds[&Kind::Change], 52);
}
