//! An app's life with its field book, as far as it needs no server.

use super::*;

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
    let failed = book.turn(|_| -> Answered<()> { panic!("halfway") });
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
