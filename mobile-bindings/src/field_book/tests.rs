//! An app's life with its field book, as far as it needs no server.

use super::*;
use crate::HttpAnswer;

fn open(directory: &Path, key: u8) -> Answered<Arc<FieldBook>> {
    FieldBook::open(directory.display().to_string(), vec![key; 32], Lang::En)
}

#[test]
fn a_book_is_made_once_and_opened_by_its_own_key_only() {
    let directory = tempfile::tempdir().unwrap();
    let device = open(directory.path(), 7).unwrap().identity().unwrap().device;
    let again = open(directory.path(), 7).unwrap().identity().unwrap();
    assert_eq!((again.device, again.person, again.region), (device, None, None));
    assert!(matches!(open(directory.path(), 8), Err(FieldBookError::WrongKey { .. })));
    let short = FieldBook::open(directory.path().display().to_string(), vec![7; 31], Lang::En);
    assert!(matches!(short, Err(FieldBookError::BadInput { fields, .. }) if fields == ["key"]));
}

#[test]
fn a_book_whose_making_was_cut_short_is_finished_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(directory.path()).unwrap();
    let key = WrappingKey::from_bytes([7; 32]);
    veldboek_core::keyring::Keyring::create(&disk, &key, &mut platform::randomness()).unwrap();
    let book = open(directory.path(), 7).unwrap();
    assert_eq!(book.status().unwrap().changes, 0);
    assert!(matches!(book.today(), Err(FieldBookError::NotEnrolled { .. })));
    assert_eq!(open(directory.path(), 7).unwrap().identity().unwrap(), book.identity().unwrap());
}

#[test]
fn a_panic_is_one_failed_call_and_the_next_one_works() {
    let directory = tempfile::tempdir().unwrap();
    let book = open(directory.path(), 7).unwrap();
    let identity = book.identity().unwrap();
    let failed = book.turn(|_| -> Tried<()> { panic!("halfway") });
    assert_eq!(failed, Err(FieldBookError::Unknown { reason: "halfway".into() }));
    assert!(book.held.lock().unwrap().book.is_none());
    assert_eq!(book.identity().unwrap(), identity);
    assert!(book.held.lock().unwrap().book.is_some());
}

#[test]
fn a_refused_form_leaves_the_book_open_and_an_answer_to_nothing_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let book = open(directory.path(), 7).unwrap();
    assert!(matches!(book.visits("WF-2025-0001".into()), Err(FieldBookError::NotFound { .. })));
    assert!(matches!(book.sync_begin(None), Err(FieldBookError::NotEnrolled { .. })));
    let answer = HttpAnswer { status: 200, headers: HashMap::new(), body: Vec::new() };
    assert!(matches!(book.sync_finish(1, answer), Err(FieldBookError::BadInput { .. })));
    assert!(book.held.lock().unwrap().book.is_some());
}

#[test]
fn a_directory_that_cannot_be_made_is_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, b"no directory").unwrap();
    assert!(open(&file.join("book"), 7).is_err());
}

/// A phone's keystore: it turns every bit around, and knows whether a finger lies on it.
struct Phone {
    finger: std::sync::atomic::AtomicBool,
    asked: Mutex<Vec<bool>>,
}

impl Phone {
    fn new() -> Arc<Self> {
        Arc::new(Self { finger: true.into(), asked: Mutex::default() })
    }
}

impl Keystore for Phone {
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, KeystoreError> {
        Ok(key.iter().map(|byte| !byte).collect())
    }
    fn unwrap(&self, wrapped: Vec<u8>, presence: bool) -> Result<Vec<u8>, KeystoreError> {
        self.asked.lock().unwrap().push(presence);
        if presence && !self.finger.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(KeystoreError::NotNow { reason: "no finger".into() });
        }
        Ok(wrapped.iter().map(|byte| !byte).collect())
    }
}

#[test]
fn a_keystore_locks_and_unlocks_and_nothing_works_in_between() {
    let directory = tempfile::tempdir().unwrap();
    let (path, phone) = (directory.path().display().to_string(), Phone::new());
    let book = FieldBook::open_with_keystore(path.clone(), phone.clone(), Lang::En).unwrap();
    let device = book.identity().unwrap().device;
    let status = book.lock_status().unwrap();
    assert_eq!((status.kind.as_str(), status.unlocked, status.wrong_tries), ("KEYSTORE", true, 0));
    assert!(!directory.path().join("wrapping.key").exists());
    book.lock();
    assert!(!book.lock_status().unwrap().unlocked);
    assert!(matches!(book.identity(), Err(FieldBookError::NeedsUnlock { .. })));
    phone.finger.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(matches!(book.unlock(true), Err(FieldBookError::NeedsUnlock { .. })));
    assert!(matches!(book.identity(), Err(FieldBookError::NeedsUnlock { .. })));
    book.unlock(false).unwrap();
    assert_eq!(book.identity().unwrap().device, device);
    assert_eq!(*phone.asked.lock().unwrap(), [true, false]);
    // Another start of the app; another key or another keystore does not open it.
    let again = FieldBook::open_with_keystore(path.clone(), phone, Lang::En).unwrap();
    assert_eq!(again.identity().unwrap().device, device);
    assert!(matches!(open(directory.path(), 7), Err(FieldBookError::WrongKey { .. })));
    assert!(matches!(FieldBook::open_with_passphrase(path, "x".into(), Lang::En), Err(FieldBookError::WrongKey { .. })));
}

#[test]
fn a_book_under_the_apps_own_key_moves_to_the_keystore() {
    let directory = tempfile::tempdir().unwrap();
    let book = open(directory.path(), 7).unwrap();
    let device = book.identity().unwrap().device;
    let phone = Phone::new();
    book.set_keystore(phone.clone()).unwrap();
    book.lock();
    book.unlock(false).unwrap();
    assert_eq!(book.identity().unwrap().device, device);
    assert!(matches!(open(directory.path(), 7), Err(FieldBookError::WrongKey { .. })));
}

#[test]
fn wrong_passphrases_are_counted_and_told_apart_from_everything_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display().to_string();
    let with = |passphrase: &str| FieldBook::open_with_passphrase(path.clone(), passphrase.to_owned(), Lang::En);
    assert!(matches!(with("kort"), Err(FieldBookError::BadInput { fields, .. }) if fields == ["passphrase"]));
    let book = with("kas fiets dinsdag touw").unwrap();
    let device = book.identity().unwrap().device;
    let weak = book.set_passphrase(Some("kas fiets dinsdag touw".into()), "kort".into());
    assert!(matches!(weak, Err(FieldBookError::BadInput { .. })));
    assert!(matches!(
        book.set_passphrase(None, "kano maandag verf zolder".into()),
        Err(FieldBookError::PassphraseRefused { left: 9, .. })
    ));
    book.set_passphrase(Some("kas fiets dinsdag touw".into()), "kano maandag verf zolder".into()).unwrap();
    book.lock();
    for expected in [9, 8, 7, 6, 5] {
        match book.unlock_with_passphrase("kas fiets dinsdag touw".into()) {
            Err(FieldBookError::PassphraseRefused { left, try_again_at, unsynced, .. }) => {
                assert_eq!((left, try_again_at.is_some(), unsynced), (expected, expected == 5, (expected == 5).then_some(0)));
            }
            other => panic!("{other:?}"),
        }
    }
    // Now it is too soon, also for the right one; another start of the app changes nothing.
    assert!(matches!(with("kano maandag verf zolder"), Err(FieldBookError::PassphraseRefused { left: 5, .. })));
    let status = book.lock_status().unwrap();
    assert_eq!((status.kind.as_str(), status.unlocked, status.wrong_tries, status.tries_left), ("PASSPHRASE", false, 5, 5));
    assert!(status.try_again_at.is_some());
    // When the wait is over the right one opens it.
    std::fs::remove_file(directory.path().join("tries")).unwrap();
    book.unlock_with_passphrase("kano maandag verf zolder".into()).unwrap();
    assert_eq!(book.identity().unwrap().device, device);
    // Destroyed, from within or by the server, is destroyed for good.
    let disk = RealDisk::open(directory.path()).unwrap();
    veldboek_core::keyring::destroy_all(&disk, veldboek_core::keyring::Cause::Wiped, platform::now().at).unwrap();
    assert!(matches!(book.identity(), Err(FieldBookError::KeysDestroyed { .. })));
    assert!(matches!(with("kano maandag verf zolder"), Err(FieldBookError::KeysDestroyed { unsynced: Some(0), .. })));
}

/// A region whose server last heard of this phone in the spring of 2025.
fn enrolled_long_ago(book: &FieldBook) {
    use veldboek_core::clock::{LocalTime, Moment};
    use veldboek_core::disk::MemoryDisk;
    use veldboek_core::sync::server::{Done, Region, Work};
    use veldboek_core::wire::{EnrolRequest, InviteRequest, MAX_BODY, VERSION};
    let then =
        Moment { at: Timestamp::from_millis(1_740_988_800_000), local: LocalTime::new("2025-03-03T09:00".parse().unwrap()) };
    let mut rng = platform::randomness();
    let key = WrappingKey::from_bytes([1; 32]);
    let disk = Arc::new(MemoryDisk::default());
    let mut region = Region::create(disk, Arc::new(NoCache), &key, "gooi", then, &mut rng).unwrap();
    let invitation = InviteRequest {
        version: VERSION,
        person: "anna".into(),
        display_name: "Anna".into(),
        role: Role::Coach,
        organisation: "werkpartners".into(),
    };
    let mut run = |work| region.run(vec![work], then, &mut rng).unwrap().remove(0).unwrap();
    let Done::Invited(invited) = run(Work::Invite(None, invitation)) else { panic!("no invitation") };
    let request = book.enrol_begin(invited.code, "telefoon".into()).unwrap();
    let Done::Enrolled(answer) = run(Work::Enrol(EnrolRequest::decode(&request.body, MAX_BODY).unwrap())) else {
        panic!("not enrolled")
    };
    let answer = HttpAnswer { status: 200, headers: HashMap::new(), body: answer.encode() };
    book.enrol_finish("https://veldboek.example.nl".into(), answer).unwrap();
}

#[test]
fn a_phone_without_contact_for_a_month_locks_and_opens_for_a_while_for_whoever_shows_who_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let (path, phone) = (directory.path().display().to_string(), Phone::new());
    let book = FieldBook::open_with_keystore(path.clone(), phone.clone(), Lang::En).unwrap();
    enrolled_long_ago(&book);
    assert!(matches!(book.identity(), Err(FieldBookError::NeedsUnlock { .. })));
    assert!(!book.lock_status().unwrap().unlocked);
    // What the keystore gives away without asking is not enough any more.
    assert!(matches!(book.unlock(false), Err(FieldBookError::NeedsUnlock { .. })));
    phone.finger.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(matches!(
        FieldBook::open_with_keystore(path.clone(), phone.clone(), Lang::En),
        Err(FieldBookError::NeedsUnlock { .. })
    ));
    phone.finger.store(true, std::sync::atomic::Ordering::SeqCst);
    book.unlock(true).unwrap();
    assert_eq!(book.identity().unwrap().person.as_deref(), Some("anna"));
    book.today().unwrap();
    // That was a quarter of an hour ago: it must be shown again.
    let later = platform::now().at.plus_millis(-16 * 60_000);
    book.held.lock().unwrap().shown = Some(later);
    assert!(matches!(book.today(), Err(FieldBookError::NeedsUnlock { .. })));
    // A new start asks by itself.
    phone.asked.lock().unwrap().clear();
    let again = FieldBook::open_with_keystore(path, phone.clone(), Lang::En).unwrap();
    assert_eq!(*phone.asked.lock().unwrap(), [false, true]);
    again.today().unwrap();
}
