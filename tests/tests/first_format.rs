//! A field book written by the first version is read by this one, whatever has changed since: its dossier, its visits,
//! who wrote them, its conflict, and what had not been sent.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use veldboek_core::cache::NoCache;
use veldboek_core::disk::{Disk, MemoryDisk};
use veldboek_core::field_book::{FieldBook, Saved};
use veldboek_core::keyring::WrappingKey;

/// The fixture in memory, so that reading it cannot change it.
fn fixture() -> Arc<MemoryDisk> {
    let disk = Arc::new(MemoryDisk::default());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/format-1");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            disk.append(&name, &std::fs::read(&path).unwrap()).unwrap();
            disk.sync(&name).unwrap();
        }
    }
    disk
}

#[test]
fn a_field_book_of_the_first_format_is_read_whole() {
    let disk = fixture();
    let key = WrappingKey::read(&*disk).unwrap();
    let mut book = FieldBook::open(disk, Arc::new(NoCache), &key).unwrap();
    let identity = book.identity();
    assert_eq!((identity.person.as_deref(), identity.region.as_str()), (Some("carla"), "kennemerland"));
    assert!(identity.server.is_some());
    let status = book.status().unwrap();
    assert_eq!((status.dossiers, status.unsynced, status.conflicts), (1, 1, 1));

    let document = book.find("WF-2025-0142").unwrap();
    let dossier = book.dossier(document).unwrap();
    assert_eq!(dossier.trainee.given_name.as_deref(), Some("Sanne"));
    let mut visits: Vec<_> = dossier.visits.iter().map(|(id, visit)| (visit.summary.clone().unwrap(), *id)).collect();
    visits.sort();
    assert_eq!(visits[0].0, "Nog niet verstuurd: gebeld met de werkgever.");
    assert_eq!(visits[1].0, "Sanne kwam op tijd; de plantjes zijn verpot.");
    assert_eq!(book.saved(document, &visits[0].1).unwrap(), Saved::Device);
    assert_eq!(book.saved(document, &visits[1].1).unwrap(), Saved::Server);

    let conflict = book.conflicts().unwrap().remove(0);
    let mut by: Vec<_> = conflict.versions.iter().map(|version| version.by.clone()).collect();
    by.sort();
    assert_eq!(by, ["anna", "carla"]);
    assert_eq!(book.register().unwrap().programmes["waw"].name.as_deref(), Some("Werken aan Werk"));
    assert!(book.verify().unwrap().is_whole());
}

#[test]
fn a_store_without_its_journal_or_without_its_keys_says_so_and_is_not_begun_anew() {
    use veldboek_core::field_book::FieldBookError;
    for (lost, expected) in [("journal/", "journal"), ("keyring.", "keyring")] {
        let disk = fixture();
        let key = WrappingKey::read(&*disk).unwrap();
        for name in disk.list().unwrap().iter().filter(|name| name.starts_with(lost)) {
            disk.remove(name).unwrap();
        }
        let error = FieldBook::open(disk.clone(), Arc::new(NoCache), &key).err().unwrap();
        match expected {
            "journal" => assert!(matches!(error, FieldBookError::LostJournal)),
            _ => assert!(matches!(error, FieldBookError::LostKeyring)),
        }
        let setup = veldboek_core::notes::Setup {
            region: "kennemerland".into(),
            organisation: None,
            person: Some("carla".into()),
            display_name: None,
            server_url: None,
            server: None,
            server_keys: None,
        };
        let before = disk.list().unwrap();
        let mut dice = veldboek_tests::Dice::new(1);
        assert!(FieldBook::create(disk.clone(), Arc::new(NoCache), &key, setup, &mut dice).is_err());
        assert_eq!(disk.list().unwrap(), before, "nothing is made beside what is left");
    }
}
