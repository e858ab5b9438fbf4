//! A laptop is stolen, a passphrase forgotten, the power cut in the middle: who may try how often, and what is left then.

use zeroize::Zeroizing;

use super::*;
use crate::disk::{MemoryDisk, SimulatedDisk};
use crate::ids::DocumentId;
use crate::journal::tests::Chance;
use crate::keyring::generations::PREFIX;

/// What a test can afford; the cost of a device is tried once.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
const MINUTE: i64 = 60_000;

fn right() -> Passphrase {
    Passphrase::new("kas fiets dinsdag touw".to_owned()).unwrap()
}

fn wrong() -> Passphrase {
    Passphrase::typed("kas fiets dinsdag trui".to_owned())
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_740_988_800_000 + minutes * MINUTE)
}

fn document() -> DocumentId {
    DocumentId::from_bytes([1; 16])
}

fn locked(disk: &dyn Disk) -> (Keyring, WrappingKey) {
    let made = Keyring::create_under(disk, NewLock::Passphrase(&right(), CHEAP), &mut Chance(1)).unwrap();
    made.0.add_document_keys(disk, &[document()], &mut Chance(2)).unwrap();
    made
}

/// Wrong passphrases, each as soon as it is allowed; the moment of the last.
fn guess(disk: &dyn Disk, times: u32, mut now: i64) -> i64 {
    for _ in 0..times {
        loop {
            match unlock(disk, &wrong(), at(now)) {
                Err(UnlockError::TooSoon { .. }) => now += 1,
                Err(UnlockError::Wrong { .. } | UnlockError::Keyring(KeyringError::Destroyed(_))) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    now
}

#[test]
fn anna_unlocks_with_her_passphrase_and_every_dossier_opens() {
    let disk = MemoryDisk::default();
    let made = Keyring::create_under(&disk, NewLock::Passphrase(&right(), Cost::DEVICE), &mut Chance(1)).unwrap().0;
    made.add_document_keys(&disk, &[document()], &mut Chance(2)).unwrap();
    assert_eq!(lock_state(&disk), Ok(LockState::Passphrase));
    let key = unlock(&disk, &right(), at(0)).unwrap();
    let opened = Keyring::open(&disk, &key).unwrap();
    assert_eq!(opened.document_key(document()), made.document_key(document()));
    assert_eq!(disk.list().unwrap(), ["keyring.2"], "no count is left of a try that was right");
    // No key but the one behind the passphrase opens it.
    assert_eq!(Keyring::open(&disk, &WrappingKey::from_bytes([0; 32])).unwrap_err(), KeyringError::WrongKey);
}

#[test]
fn whoever_stole_the_laptop_gets_ten_guesses_and_then_there_is_nothing_to_guess() {
    let disk = MemoryDisk::default();
    let (_, key) = locked(&disk);
    let mut lefts = Vec::new();
    let mut now = 0;
    for number in 1..MOST_TRIES {
        match unlock(&disk, &wrong(), at(now)) {
            Err(UnlockError::Wrong { left, until, unsynced }) => {
                lefts.push(left);
                // The first ones are typing mistakes; then comes the wait, and the warning that work goes too.
                assert_eq!((until.is_some(), unsynced.is_some()), (number >= 5, number >= 5), "try {number}");
                if let Some(until) = until {
                    let too_soon = unlock(&disk, &right(), until.plus_millis(-1)).unwrap_err();
                    assert_eq!(too_soon, UnlockError::TooSoon { until, left, unsynced: Some(0) }, "not even the right one");
                    now = (until.as_millis() - at(0).as_millis()) / MINUTE;
                }
            }
            other => panic!("try {number}: {other:?}"),
        }
    }
    assert_eq!(lefts, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(now, 1 + 5 + 15 + 60 + 240);
    let gone = unlock(&disk, &wrong(), at(now)).unwrap_err();
    let expected = Destroyed { at: at(now), cause: Cause::WrongTries, unsynced: Some(0) };
    assert_eq!(gone, UnlockError::Keyring(KeyringError::Destroyed(expected)));
    // It stays so: for the right passphrase, for the key itself, and for whoever begins anew in this folder.
    for _ in 0..2 {
        assert_eq!(unlock(&disk, &right(), at(90_000)).unwrap_err(), UnlockError::Keyring(KeyringError::Destroyed(expected)));
        assert_eq!(Keyring::open(&disk, &key).unwrap_err(), KeyringError::Destroyed(expected));
        assert_eq!(Keyring::create(&disk, &key, &mut Chance(9)).unwrap_err(), KeyringError::Destroyed(expected));
        assert_eq!(lock_state(&disk), Err(KeyringError::Destroyed(expected)));
    }
    assert_eq!(disk.list().unwrap(), ["keyring.3"]);
}

#[test]
fn the_wait_survives_a_restart_and_a_clock_that_is_turned_back_only_makes_it_longer() {
    let disk = MemoryDisk::default();
    locked(&disk);
    let now = guess(&disk, 7, 0);
    assert_eq!(standing(&disk).unwrap(), Standing { wrong: 7, left: 3, until: Some(at(now + 15)) });
    // A year back: fifteen minutes from there, and not a moment less.
    let back = now - 365 * 24 * 60;
    for _ in 0..2 {
        match unlock(&disk, &right(), at(back)).unwrap_err() {
            UnlockError::TooSoon { until, left: 3, .. } => assert_eq!(until, at(back + 15)),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(unlock(&disk, &right(), at(back + 14)), Err(UnlockError::TooSoon { .. })));
    // She hears it before she types, and asking costs nothing.
    assert!(matches!(may_try(&disk, at(back + 14)), Err(UnlockError::TooSoon { left: 3, .. })));
    assert_eq!(may_try(&disk, at(back + 15)).unwrap().left, 3);
    // Anna herself, whose clock was wrong, does not wait a year.
    unlock(&disk, &right(), at(back + 15)).unwrap();
    assert_eq!(standing(&disk).unwrap(), Standing { wrong: 0, left: 10, until: None });
}

#[test]
fn another_passphrase_makes_the_old_one_and_the_old_key_worthless() {
    let disk = MemoryDisk::default();
    let (keyring, old) = locked(&disk);
    let id = keyring.document_key(document());
    let other = Passphrase::new("kano maandag verf zolder".to_owned()).unwrap();
    let new = keyring.relock(&disk, NewLock::Passphrase(&other, CHEAP), &mut Chance(5)).unwrap();
    assert!(matches!(unlock(&disk, &right(), at(0)), Err(UnlockError::Wrong { left: 9, .. })));
    assert_eq!(unlock(&disk, &other, at(0)).unwrap().as_bytes(), new.as_bytes());
    assert_eq!(Keyring::open(&disk, &old).unwrap_err(), KeyringError::WrongKey);
    assert_eq!(Keyring::open(&disk, &new).unwrap().document_key(document()), id);
    // The process that changed it goes on under the new one.
    keyring.add_document_keys(&disk, &[DocumentId::from_bytes([2; 16])], &mut Chance(6)).unwrap();
    Keyring::open(&disk, &new).unwrap();
    assert_eq!(disk.list().unwrap().len(), 1);
}

#[test]
fn a_store_whose_key_lay_in_a_file_is_locked_and_the_file_is_gone() {
    let disk = MemoryDisk::default();
    let old = WrappingKey::create(&disk, &mut Chance(1)).unwrap();
    let keyring = Keyring::create(&disk, &old, &mut Chance(2)).unwrap();
    assert_eq!((lock_state(&disk), keyring.lock_state()), (Ok(LockState::None), LockState::None));
    assert_eq!(unlock(&disk, &right(), at(0)).unwrap_err(), UnlockError::NoPassphrase);
    keyring.relock(&disk, NewLock::Passphrase(&right(), CHEAP), &mut Chance(3)).unwrap();
    assert_eq!(disk.list().unwrap(), ["keyring.2"]);
    assert_eq!(Keyring::open(&disk, &old).unwrap_err(), KeyringError::WrongKey);
    let key = unlock(&disk, &right(), at(0)).unwrap();
    assert_eq!(Keyring::open(&disk, &key).unwrap().device_keys().device(), keyring.device_keys().device());
}

#[test]
fn a_lock_that_was_spoiled_costs_nobody_a_try() {
    let disk = MemoryDisk::default();
    let (_, right_key) = locked(&disk);
    let bytes = read_all(&disk, "keyring.2").unwrap();
    let mut spoiled_locks = 0;
    for byte in 0..bytes.len() {
        let disk = MemoryDisk::default();
        let mut bytes = bytes.clone();
        bytes[byte] ^= 0x11;
        disk.append("keyring.2", &bytes).unwrap();
        match unlock(&disk, &right(), at(0)) {
            // What was spoiled is sealed under the key, or the key's mark.
            Ok(key) => assert_eq!(key.as_bytes(), right_key.as_bytes()),
            Err(UnlockError::Keyring(KeyringError::Damaged { .. } | KeyringError::Newer { .. })) => spoiled_locks += 1,
            other => panic!("byte {byte}: {other:?}"),
        }
        assert_eq!(standing(&disk).unwrap().wrong, 0, "byte {byte}");
    }
    assert!(spoiled_locks > 130, "{spoiled_locks}");
}

#[test]
fn work_that_would_be_lost_is_counted_without_a_key() {
    use crate::journal::{Kind, NewRecord};
    let disk = Arc::new(MemoryDisk::default());
    let (keyring, _) = locked(&*disk);
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut write = |kinds: &[Kind]| {
        let mut writer = journal.write().unwrap();
        let key = keyring.store_key_id();
        let records: Vec<_> = kinds.iter().map(|kind| NewRecord { kind: *kind, key, payload: vec![1] }).collect();
        writer.append(&keyring, &mut Chance(7), &records).unwrap();
        writer.commit().unwrap();
    };
    write(&[Kind::Setup, Kind::Change, Kind::Operation, Kind::Change, Kind::Operation]);
    assert_eq!(made_since_exchange(&*disk), Some(2));
    write(&[Kind::Acknowledged, Kind::Cursor, Kind::Change, Kind::Operation]);
    let now = guess(&*disk, 9, 0);
    assert!(matches!(unlock(&*disk, &wrong(), at(now)), Err(UnlockError::TooSoon { unsynced: Some(1), left: 1, .. })));
    guess(&*disk, 1, now);
    let Err(KeyringError::Destroyed(told)) = lock_state(&*disk) else { panic!("still there") };
    assert_eq!(told.unsynced, Some(1));
}

/// A keystore as a phone has it, with a finger to lay on it.
struct Phone {
    present: std::sync::atomic::AtomicBool,
}

impl Keystore for Phone {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, KeystoreError> {
        Ok(key.iter().map(|byte| byte ^ 0x5a).collect())
    }
    fn unwrap(&self, wrapped: &[u8], presence: bool) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
        if presence && !self.present.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(KeystoreError::NotNow("no finger".to_owned()));
        }
        Ok(Zeroizing::new(wrapped.iter().map(|byte| byte ^ 0x5a).collect()))
    }
}

#[test]
fn a_keystore_opens_what_it_locked_and_asks_who_is_there_when_told_to() {
    let disk = MemoryDisk::default();
    let phone = Phone { present: false.into() };
    let (keyring, key) = Keyring::create_under(&disk, NewLock::Keystore(&phone), &mut Chance(1)).unwrap();
    assert_eq!(lock_state(&disk), Ok(LockState::Keystore));
    assert_eq!(unlock_with(&disk, &phone, false).unwrap().as_bytes(), key.as_bytes());
    assert!(matches!(unlock_with(&disk, &phone, true), Err(UnlockError::Keystore(KeystoreError::NotNow(_)))));
    phone.present.store(true, std::sync::atomic::Ordering::SeqCst);
    let again = Keyring::open(&disk, &unlock_with(&disk, &phone, true).unwrap()).unwrap();
    assert_eq!(again.device_keys().device(), keyring.device_keys().device());
    assert!(!read_all(&disk, "keyring.1").unwrap().windows(8).any(|part| part == &key.as_bytes()[..8]), "the key lies nowhere");
}

/// One more try on a disk after a power cut, until the keys are unlocked or gone; how many were looked at.
fn guesses_that_were_answered(disk: &SimulatedDisk) -> u32 {
    let mut now = 0;
    let mut answered = 0;
    loop {
        match unlock(disk, &wrong(), at(now)) {
            Err(UnlockError::TooSoon { .. }) => now += 1,
            Err(UnlockError::Wrong { .. }) => answered += 1,
            Err(UnlockError::Keyring(KeyringError::Destroyed(_))) => return answered + 1,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn pulling_the_plug_gives_no_guess_for_nothing_and_destroys_nothing_before_its_time() {
    let whole = SimulatedDisk::default();
    locked(&whole);
    let before = whole.operations();
    guess(&whole, 10, 0);
    for operation in before + 1..=whole.operations() {
        for seed in 0..9 {
            let disk = SimulatedDisk::default();
            let (_, key) = locked(&disk);
            disk.cut_at(Some(operation));
            let mut now = 0;
            let mut answered = 0;
            loop {
                match unlock(&disk, &wrong(), at(now)) {
                    Err(UnlockError::TooSoon { .. }) => now += 1,
                    Err(UnlockError::Wrong { .. }) => answered += 1,
                    Ok(_) => panic!("a wrong passphrase was right"),
                    Err(_) => break,
                }
            }
            if seed == 0 {
                disk.revive()
            } else {
                disk.crash(seed)
            }
            let what = format!("cut at {operation}, seed {seed}, {answered} answered");
            match lock_state(&disk) {
                // Every answer was counted; what is left until the end is at most what ten tries leave.
                Ok(LockState::Passphrase) => {
                    assert!(standing(&disk).unwrap().wrong >= answered, "{what}");
                    Keyring::open(&disk, &key).unwrap();
                    let more = guesses_that_were_answered(&disk);
                    assert!(answered + more <= 11, "{what}, then {more}");
                    assert!(answered + more >= 9, "{what}, then {more}");
                }
                Err(KeyringError::Destroyed(_)) => {
                    assert!(answered >= 9, "{what}");
                }
                other => panic!("{what}: {other:?}"),
            }
            assert!(matches!(Keyring::open(&disk, &key), Err(KeyringError::Destroyed(_))), "{what}");
            let keyrings = disk.list().unwrap().into_iter().filter(|name| name.starts_with(PREFIX)).count();
            assert_eq!(keyrings, 1, "{what}");
        }
    }
}

#[test]
fn a_right_last_try_that_the_power_cut_is_not_taken_for_a_wrong_one() {
    let whole = SimulatedDisk::default();
    locked(&whole);
    let now = guess(&whole, 9, 0) + 240;
    let before = whole.operations();
    unlock(&whole, &right(), at(now)).unwrap();
    for operation in before + 1..=whole.operations() {
        for seed in 0..6 {
            let disk = SimulatedDisk::default();
            locked(&disk);
            let mut now = guess(&disk, 9, 0) + 240;
            disk.cut_at(Some(operation));
            unlock(&disk, &right(), at(now)).unwrap_err();
            disk.crash(seed);
            while let Err(error) = unlock(&disk, &right(), at(now)) {
                assert!(matches!(error, UnlockError::TooSoon { .. }), "cut at {operation}, seed {seed}: {error}");
                now += 1;
            }
        }
    }
}

#[test]
fn a_power_cut_while_a_lock_is_set_leaves_the_old_one_or_the_new_one() {
    let convert = |disk: &SimulatedDisk| -> Result<(), UnlockError> {
        let old = WrappingKey::read(disk)?;
        let keyring = Keyring::open(disk, &old)?;
        keyring.relock(disk, NewLock::Passphrase(&right(), CHEAP), &mut Chance(3)).map(|_| ())
    };
    let set_up = || {
        let disk = SimulatedDisk::default();
        let old = WrappingKey::create(&disk, &mut Chance(1)).unwrap();
        let keyring = Keyring::create(&disk, &old, &mut Chance(2)).unwrap();
        keyring.add_document_keys(&disk, &[document()], &mut Chance(4)).unwrap();
        (disk, keyring.document_key(document()))
    };
    let (whole, _) = set_up();
    let before = whole.operations();
    convert(&whole).unwrap();
    let mut halves = [0, 0];
    for operation in before + 1..=whole.operations() {
        for seed in 0..12 {
            let (disk, id) = set_up();
            disk.cut_at(Some(operation));
            assert!(convert(&disk).is_err());
            if seed == 0 {
                disk.revive()
            } else {
                disk.crash(seed)
            }
            let what = format!("cut at {operation}, seed {seed}");
            let key = match lock_state(&disk).unwrap() {
                LockState::None => WrappingKey::read(&disk).unwrap(),
                _ => unlock(&disk, &right(), at(0)).unwrap(),
            };
            halves[usize::from(lock_state(&disk) == Ok(LockState::Passphrase))] += 1;
            // The unlocked store may forget what was not durable once more, and still opens.
            disk.crash(seed + 1);
            assert_eq!(Keyring::open(&disk, &key).unwrap().document_key(document()), id, "{what}");
        }
    }
    assert!(halves.iter().all(|count| *count > 0), "{halves:?}");
}

/// Where the running server finds its key; the last one first.
struct Files(Vec<WrappingKey>);

impl WrappingSource for Files {
    fn keys(&self) -> Vec<WrappingKey> {
        self.0.clone()
    }
}

#[test]
fn the_servers_key_is_rotated_under_its_feet_and_no_power_cut_leaves_it_without() {
    let (old, new) = (WrappingKey::from_bytes([3; 32]), WrappingKey::from_bytes([4; 32]));
    let set_up = || {
        let disk = SimulatedDisk::default();
        let mut running = Keyring::create(&disk, &old, &mut Chance(1)).unwrap();
        running.add_document_keys(&disk, &[document()], &mut Chance(2)).unwrap();
        running.set_source(Arc::new(Files(vec![old.clone(), new.clone()])));
        (disk, running)
    };
    let rotate = |disk: &SimulatedDisk| -> Result<(), UnlockError> {
        let beside = Keyring::open(disk, &old)?;
        beside.relock(disk, NewLock::Elsewhere(&new), &mut Chance(3)).map(|_| ())
    };
    let (whole, running) = set_up();
    let before = whole.operations();
    rotate(&whole).unwrap();
    let after = whole.operations();
    assert_eq!(Keyring::open(&whole, &old).unwrap_err(), KeyringError::WrongKey, "the old key opens nothing");
    // The server goes on, and what it adds is sealed with the new key.
    running.add_document_keys(&whole, &[DocumentId::from_bytes([9; 16])], &mut Chance(5)).unwrap();
    assert!(Keyring::open(&whole, &new).unwrap().document_key(DocumentId::from_bytes([9; 16])).is_some());
    let mut by = [0, 0];
    for operation in before + 1..=after {
        for seed in 0..12 {
            let (disk, running) = set_up();
            disk.cut_at(Some(operation));
            assert!(rotate(&disk).is_err(), "operation {operation} was not reached");
            if seed == 0 {
                disk.revive()
            } else {
                disk.crash(seed)
            }
            let what = format!("cut at {operation}, seed {seed}");
            let (opened, which) = match Keyring::open(&disk, &new) {
                Ok(opened) => (opened, 1),
                Err(_) => (Keyring::open(&disk, &old).unwrap_or_else(|error| panic!("{what}: {error}")), 0),
            };
            by[which] += 1;
            assert_eq!(opened.document_key(document()), running.document_key(document()), "{what}");
            running.add_document_keys(&disk, &[DocumentId::from_bytes([9; 16])], &mut Chance(6)).unwrap();
            // Begun again it is done, whichever key was left.
            opened.relock(&disk, NewLock::Elsewhere(&new), &mut Chance(7)).unwrap();
            assert_eq!(Keyring::open(&disk, &old).unwrap_err(), KeyringError::WrongKey, "{what}");
        }
    }
    assert!(by.iter().all(|count| *count > 0), "{by:?}");
}

#[test]
fn without_a_place_to_look_another_key_is_an_error_and_nothing_is_written_under_the_old_one() {
    let disk = MemoryDisk::default();
    let running = Keyring::create(&disk, &WrappingKey::from_bytes([3; 32]), &mut Chance(1)).unwrap();
    let beside = Keyring::open(&disk, &WrappingKey::from_bytes([3; 32])).unwrap();
    beside.relock(&disk, NewLock::Elsewhere(&WrappingKey::from_bytes([4; 32])), &mut Chance(2)).unwrap();
    assert_eq!(running.add_document_keys(&disk, &[document()], &mut Chance(3)).unwrap_err(), KeyringError::WrongKey);
    assert_eq!(disk.list().unwrap(), ["keyring.2"]);
}

#[test]
fn a_phone_short_of_memory_counts_nothing_against_its_owner() {
    let disk = MemoryDisk::default();
    locked(&disk);
    let now = guess(&disk, 4, 0);
    let wrong_before = standing(&disk).unwrap();
    for minute in 0..30 {
        // As `unlock` does when the memory of one try is not to be had.
        let mut tries = allowed(&disk, at(now + minute)).unwrap();
        let before = tries;
        tries.begin(&disk, at(now + minute)).unwrap();
        tries.take_back(&disk, before).unwrap();
    }
    assert_eq!(standing(&disk), Ok(wrong_before));
    assert!(unlock(&disk, &right(), at(now + 31)).is_ok());
}
