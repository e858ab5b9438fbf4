//! The cache on disk only saves work: deleting it, damaging it or having it locked by another process changes no answer.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use veldboek_core::cache::{Cache, NoCache, SledCache};
use veldboek_core::disk::RealDisk;
use veldboek_core::field_book::{FieldBook, Status};
use veldboek_core::ids::DocumentId;
use veldboek_core::keyring::WrappingKey;
use veldboek_core::statement::Role;
use veldboek_tests::Field;

fn answers(book: &mut FieldBook, dossier: DocumentId) -> (Status, Vec<String>, usize) {
    let texts = book.dossier(dossier).unwrap().visits.values().filter_map(|visit| visit.summary.clone()).collect();
    (book.status().unwrap(), texts, book.conflicts().unwrap().len())
}

#[test]
fn without_sled_or_with_a_spoiled_one_the_answers_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut field = Field::new(1);
    let disk = Arc::new(RealDisk::open(folder.path()).unwrap());
    let key = WrappingKey::create(&*disk, &mut field.dice).unwrap();
    let mut anna = field.device_under(key.clone(), None, disk.clone());
    field.enrol(&mut anna, "anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    for n in 0..5 {
        field.visit(&mut anna, dossier, &format!("bezoek {n}"));
    }
    field.sync(&mut anna);
    field.visit(&mut anna, dossier, "alleen hier");
    let sled = folder.path().join("cache");
    let cached = |book: &FieldBook| SledCache::open(&sled, &book.keyring().cache_key());

    let open = || FieldBook::open(disk.clone(), Arc::new(NoCache), &key).unwrap();
    let expected = answers(&mut open(), dossier);
    assert_eq!(expected.0.unsynced, 1);
    let mut book = open();
    let cache: Arc<dyn Cache> = Arc::new(cached(&book).unwrap());
    book.set_cache(cache);
    assert_eq!(answers(&mut book, dossier), expected, "while it fills");
    // A second process cannot have it, and answers all the same.
    assert!(cached(&book).is_none());
    drop(book);

    let mut book = open();
    book.set_cache(Arc::new(cached(&book).unwrap()));
    assert_eq!(answers(&mut book, dossier), expected, "from the cache");
    drop(book);

    for file in std::fs::read_dir(&sled).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.iter_mut().skip(64).step_by(97).for_each(|byte| *byte ^= 0x55);
            std::fs::write(&path, bytes).unwrap();
        }
    }
    let mut book = open();
    if let Some(cache) = cached(&book) {
        book.set_cache(Arc::new(cache));
    }
    assert_eq!(answers(&mut book, dossier), expected, "from a spoiled cache");
    drop(book);

    std::fs::remove_dir_all(&sled).unwrap();
    assert_eq!(answers(&mut open(), dossier), expected, "without one");
}
