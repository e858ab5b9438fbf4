//! A key that was promised is there after any power cut; one that was destroyed is nowhere.

use super::generations::PREFIX;
use super::*;
use crate::disk::{MemoryDisk, SimulatedDisk};
use crate::journal::tests::Chance;

const WRAPPING: WrappingKey = WrappingKey::from_bytes([3; 32]);

fn document(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 16])
}

fn files(disk: &dyn Disk) -> Vec<String> {
    disk.list().unwrap().into_iter().filter(|name| name.starts_with(PREFIX)).collect()
}

#[test]
fn keys_are_the_same_after_opening_and_one_file_is_left() {
    let disk = MemoryDisk::default();
    let keyring = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    keyring.add_document_keys(&disk, &[document(1), document(2)], &mut Chance(2)).unwrap();
    let first = keyring.document_key(document(1)).unwrap();
    keyring.add_document_keys(&disk, &[document(1), document(3)], &mut Chance(3)).unwrap();
    let again = Keyring::open(&disk, &WRAPPING).unwrap();
    assert_eq!(again.document_key(document(1)), Some(first));
    for document in [1, 2, 3].map(document) {
        let id = keyring.document_key(document).unwrap();
        assert_eq!(again.document_key(document), Some(id));
        assert_eq!(again.key(id), keyring.key(id));
    }
    assert_eq!(again.store_key_id(), keyring.store_key_id());
    assert_eq!(again.device_keys().device(), keyring.device_keys().device());
    assert_eq!(again.cache_key(), keyring.cache_key());
    assert_eq!(files(&disk), ["keyring.3"]);
    assert_eq!(Keyring::create(&disk, &WRAPPING, &mut Chance(4)).unwrap_err(), KeyringError::Exists);
}

#[test]
fn a_destroyed_key_is_in_no_file_and_the_cache_gets_another() {
    let disk = MemoryDisk::default();
    let keyring = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    keyring.add_document_keys(&disk, &[document(1), document(2)], &mut Chance(2)).unwrap();
    let id = keyring.document_key(document(1)).unwrap();
    let cache = keyring.cache_key();
    keyring.destroy(&disk, &[id, keyring.store_key_id()], &mut Chance(3)).unwrap();
    for keyring in [&keyring, &Keyring::open(&disk, &WRAPPING).unwrap()] {
        assert!(keyring.is_destroyed(id));
        assert_eq!((keyring.key(id), keyring.document_key(document(1))), (None, None));
        assert!(keyring.document_key(document(2)).is_some());
        assert!(keyring.key(keyring.store_key_id()).is_some(), "the store's key is not for destroying");
        assert_ne!(keyring.cache_key(), cache);
    }
    assert_eq!(files(&disk).len(), 1);
}

#[test]
fn what_lies_beside_is_sealed_for_its_own_file() {
    let disk = MemoryDisk::default();
    let keyring = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    let sealed = keyring.seal_beside("contacts", b"anna", &mut Chance(2));
    assert!(!sealed.windows(4).any(|part| part == b"anna"));
    let again = Keyring::open(&disk, &WRAPPING).unwrap();
    assert_eq!(again.open_beside("contacts", &sealed).as_deref().map(Vec::as_slice), Some(b"anna".as_slice()));
    assert_eq!(again.open_beside("nonces", &sealed), None);
    assert_eq!(again.open_beside("contacts", &sealed[..20]), None);
}

#[test]
fn nothing_secret_is_shown() {
    let disk = MemoryDisk::default();
    let key = Key::from_bytes([0xab; 32]);
    let keyring = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    let shown = format!("{key:?} {WRAPPING:?} {keyring:?}");
    assert_eq!(shown, "Key(secret) WrappingKey(Key(secret)) Keyring(generation 1, 1 keys)");
}

#[test]
fn each_thing_that_can_be_wrong_has_its_own_message() {
    let disk = MemoryDisk::default();
    assert_eq!(Keyring::open(&disk, &WRAPPING).unwrap_err(), KeyringError::None);
    assert_eq!(WrappingKey::read(&disk).unwrap_err(), KeyringError::None);
    let wrapping = WrappingKey::create(&disk, &mut Chance(8)).unwrap();
    assert_eq!(WrappingKey::create(&disk, &mut Chance(9)).unwrap().as_bytes(), wrapping.as_bytes());
    Keyring::create(&disk, &wrapping, &mut Chance(1)).unwrap();
    assert_eq!(Keyring::open(&disk, &WRAPPING).unwrap_err(), KeyringError::WrongKey);
    Keyring::open(&disk, &WrappingKey::read(&disk).unwrap()).unwrap();
    disk.remove("wrapping.key").unwrap();
    assert_eq!(WrappingKey::read(&disk).unwrap_err(), KeyringError::NoWrappingKey);
}

#[test]
fn a_spoiled_keyring_is_never_taken_for_another() {
    let disk = MemoryDisk::default();
    let keyring = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    keyring.add_document_keys(&disk, &[document(1)], &mut Chance(2)).unwrap();
    let bytes = read_all(&disk, "keyring.2").unwrap();
    for at in 0..bytes.len() {
        for flip in [1, 0x80] {
            let disk = MemoryDisk::default();
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            disk.append("keyring.2", &bytes).unwrap();
            // The mark of the wrapping key is outside the seal; with it spoiled the keys are still the right ones.
            if let Ok(opened) = Keyring::open(&disk, &WRAPPING) {
                assert!(at > bytes.len() - 10, "byte {at}");
                assert_eq!(opened.document_key(document(1)), keyring.document_key(document(1)));
            }
        }
        let disk = MemoryDisk::default();
        disk.append("keyring.2", &bytes[..at]).unwrap();
        let error = Keyring::open(&disk, &WRAPPING).unwrap_err();
        assert!(matches!(error, KeyringError::Damaged { .. }), "cut at {at}: {error}");
    }
    // A whole file under another number is not that number's keyring.
    let disk = MemoryDisk::default();
    disk.append("keyring.9", &bytes).unwrap();
    assert!(matches!(Keyring::open(&disk, &WRAPPING), Err(KeyringError::Damaged { .. })));
}

/// A newer program added something to every map; an older one adds a key and keeps it all.
#[test]
fn what_a_newer_program_wrote_is_kept() {
    let disk = MemoryDisk::default();
    let keyring = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    let mut ring = Ring::clone(&keyring.ring());
    ring.generation = 2;
    ring.add_unknown(9, &[0x63, b'n', b'e', b'w']);
    disk.append("keyring.2", &ring.seal(&WRAPPING, &mut Chance(2)).unwrap()).unwrap();
    let older = Keyring::open(&disk, &WRAPPING).unwrap();
    older.add_document_keys(&disk, &[document(1)], &mut Chance(3)).unwrap();
    let again = Keyring::open(&disk, &WRAPPING).unwrap();
    assert_eq!(again.ring().count_unknown(9), 3);
}

#[test]
fn two_processes_add_keys_and_neither_loses_the_others() {
    let disk = MemoryDisk::default();
    let one = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    let two = Keyring::open(&disk, &WRAPPING).unwrap();
    one.add_document_keys(&disk, &[document(1)], &mut Chance(2)).unwrap();
    two.add_document_keys(&disk, &[document(2)], &mut Chance(3)).unwrap();
    one.refresh(&disk).unwrap();
    for number in [1, 2] {
        assert!(one.document_key(document(number)).is_some());
        assert_eq!(one.document_key(document(number)), two.document_key(document(number)));
    }
    one.add_document_keys(&disk, &[document(2)], &mut Chance(4)).unwrap();
    assert_eq!(files(&disk), ["keyring.3"]);
}

/// What was promised until the disk stopped.
#[derive(Default)]
struct Promised {
    wrapping: bool,
    created: bool,
    kept: Vec<(DocumentId, KeyId)>,
    destroyed: Vec<KeyId>,
}

fn live(disk: &SimulatedDisk) -> Result<Promised, (Promised, KeyringError)> {
    let mut promised = Promised::default();
    macro_rules! attempt {
        ($work:expr) => {
            match $work {
                Ok(done) => done,
                Err(error) => return Err((promised, error)),
            }
        };
    }
    let wrapping = attempt!(WrappingKey::create(disk, &mut Chance(7)));
    promised.wrapping = true;
    let keyring = attempt!(Keyring::create(disk, &wrapping, &mut Chance(1)));
    promised.created = true;
    for number in 1..5 {
        attempt!(keyring.add_document_keys(disk, &[document(number)], &mut Chance(number.into())));
        promised.kept.push((document(number), keyring.document_key(document(number)).unwrap()));
        if number % 2 == 0 {
            // From here on it may be gone.
            let (_, id) = promised.kept.remove(0);
            attempt!(keyring.destroy(disk, &[id], &mut Chance(50 + u64::from(number))));
            promised.destroyed.push(id);
        }
    }
    Ok(promised)
}

fn check(disk: &SimulatedDisk, promised: &Promised, what: &str) {
    let wrapping = match WrappingKey::create(disk, &mut Chance(8)) {
        Ok(wrapping) => wrapping,
        Err(error) => panic!("{what}: {error}"),
    };
    assert!(!promised.wrapping || wrapping.as_bytes() == WrappingKey::read(disk).unwrap().as_bytes());
    let keyring = match Keyring::open(disk, &wrapping) {
        Ok(keyring) => keyring,
        // Setting up that was cut short is begun again.
        Err(_) if !promised.created => {
            Keyring::create(disk, &wrapping, &mut Chance(9)).unwrap_or_else(|error| panic!("{what}: {error}"))
        }
        Err(error) => panic!("{what}: {error}"),
    };
    for (document, id) in &promised.kept {
        assert_eq!(keyring.document_key(*document), Some(*id), "{what}");
    }
    for id in &promised.destroyed {
        assert!(keyring.is_destroyed(*id) && keyring.key(*id).is_none(), "{what}");
    }
    keyring.add_document_keys(disk, &[document(30)], &mut Chance(10)).unwrap();
    assert_eq!(files(disk).len(), 1, "{what}");
}

#[test]
fn a_power_cut_or_a_kill_at_any_operation_leaves_a_keyring_with_all_that_was_promised() {
    let whole = SimulatedDisk::default();
    let promised = live(&whole).map_err(|(_, error)| error).unwrap();
    assert_eq!((promised.kept.len(), promised.destroyed.len()), (2, 2));
    let operations = whole.operations();
    check(&whole, &promised, "no cut");
    for operation in 1..=operations {
        for seed in 0..24 {
            let disk = SimulatedDisk::default();
            disk.cut_at(Some(operation));
            let Err((promised, _)) = live(&disk) else { panic!("operation {operation} was not reached") };
            if seed == 0 {
                disk.revive();
            } else {
                disk.crash(seed);
            }
            check(&disk, &promised, &format!("cut at {operation}, seed {seed}"));
        }
    }
}

#[test]
fn a_disk_that_fails_once_leaves_a_keyring_that_works() {
    let whole = SimulatedDisk::default();
    assert!(live(&whole).is_ok());
    for operation in 1..=whole.operations() {
        for seed in 0..6 {
            let disk = SimulatedDisk::default();
            disk.fail_at(Some(operation));
            let promised = live(&disk).unwrap_or_else(|(promised, _)| promised);
            disk.crash(seed);
            check(&disk, &promised, &format!("failed at {operation}, seed {seed}"));
        }
    }
}

#[test]
fn what_was_wiped_beside_us_is_not_written_back() {
    let disk = MemoryDisk::default();
    let one = Keyring::create(&disk, &WRAPPING, &mut Chance(1)).unwrap();
    let other = Keyring::open(&disk, &WRAPPING).unwrap();
    one.add_document_keys(&disk, &[document(1)], &mut Chance(2)).unwrap();
    // One process wipes the store: no file of the keyring is left.
    for name in files(&disk) {
        disk.remove(&name).unwrap();
    }
    for keyring in [&one, &other] {
        assert_eq!(keyring.refresh(&disk), Err(KeyringError::None));
        assert_eq!(keyring.add_document_keys(&disk, &[document(2)], &mut Chance(3)), Err(KeyringError::None));
        assert_eq!(keyring.destroy(&disk, &[keyring.store_key_id()], &mut Chance(4)), Err(KeyringError::None));
    }
    assert_eq!(files(&disk), [""; 0]);
}
