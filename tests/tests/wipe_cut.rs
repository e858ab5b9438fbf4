//! A revoked phone wipes itself, and somebody pulls the battery: wherever that happens, either nothing was destroyed yet, or no key is
//! left and the wipe goes on at the next start, until one small signed file is all there is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use veldboek_core::bundle::Bundle;
use veldboek_core::cache::NoCache;
use veldboek_core::disk::{Change, Disk, DiskError, MemoryDisk, Watch, WatchedDisk};
use veldboek_core::field_book::{FieldBook, FieldBookError};
use veldboek_core::ids::DocumentId;
use veldboek_core::keyring::{Keyring, WrappingKey};
use veldboek_core::statement::{Role, SignedStatement, Statement};
use veldboek_core::sync::server::Work;
use veldboek_core::wipe;
use veldboek_core::wire::{RevokeRequest, VERSION};
use veldboek_tests::Field;

/// The power goes out after so many changes to a disk.
struct Cut {
    left: AtomicUsize,
}

impl Cut {
    fn after(changes: usize, disk: &Arc<dyn Disk>) -> Arc<dyn Disk> {
        Arc::new(WatchedDisk::new(disk.clone(), Self { left: AtomicUsize::new(changes) }))
    }
}

impl Watch for Cut {
    fn before(&self, disk: &dyn Disk, name: &str, change: Change<'_>) -> Result<(), DiskError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            return Ok(());
        }
        if let Change::Append(bytes) = change {
            // Half of what was on its way.
            let _ = disk.append(name, &bytes[..bytes.len() / 2]);
        }
        Err(DiskError::PowerCut)
    }
}

/// A revoked phone with work of its own, as its disk is when it hears.
struct Phone {
    disk: Arc<dyn Disk>,
    key: WrappingKey,
    dossier: DocumentId,
    field: Field,
}

fn phone() -> Phone {
    let mut field = Field::new(71);
    let key = WrappingKey::generate(&mut field.dice);
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let mut anna = field.device_under(key.clone(), None, disk.clone());
    let mut carla = field.enrolled("carla", Role::Coordinator);
    field.enrol(&mut anna, "anna", Role::Coach);
    field.sync(&mut carla);
    field.sync(&mut anna);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    field.sync(&mut anna);
    field.visit(&mut anna, dossier, "Alleen hier");
    // A bundle that she kept beside her field book, one of somebody else, and a file that has nothing to do with it.
    let (bundle, _) = anna.book.export_bundle(true, &[], field.clock.now(), &mut field.dice).unwrap();
    let (theirs, _) = {
        field.dossier(&mut carla, "WF-2025-0002");
        field.enrolled("cas", Role::Coordinator);
        field.sync(&mut carla);
        carla.book.export_bundle(true, &[], field.clock.now(), &mut field.dice).unwrap()
    };
    for (name, bytes) in [("anna.bundle", &bundle[..]), ("carla.bundle", &theirs), ("boodschappen.txt", b"melk")] {
        disk.append(name, bytes).and_then(|()| disk.sync(name)).unwrap();
    }
    assert_eq!(Bundle::decode(&bundle).unwrap().sender(), anna.book.identity().device);
    let device = anna.book.identity().device;
    let request = RevokeRequest { version: VERSION, device, reason: Some("gestolen".into()), accept_unsent: false };
    field.server(Work::Revoke(None, request)).unwrap();
    let word = field.region.revocation(&device).unwrap().unwrap();
    let revoked = anna.book.take_revocation(&word, &mut field.dice).unwrap();
    assert_eq!((revoked.unsent, revoked.may_deliver), (1, false));
    Phone { disk, key, dossier, field }
}

impl Phone {
    /// The same disk again.
    fn copy(&self) -> Arc<dyn Disk> {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        for name in self.disk.list().unwrap() {
            let bytes = self.disk.read(&name, 0, usize::MAX).unwrap();
            disk.append(&name, &bytes).and_then(|()| disk.sync(&name)).unwrap();
        }
        disk
    }

    fn open(&self, disk: &Arc<dyn Disk>) -> Result<FieldBook, FieldBookError> {
        FieldBook::open(disk.clone(), Arc::new(NoCache), &self.key)
    }
}

/// What is left of a phone that has wiped itself: its word, and what was never its own.
const LEFT: [&str; 3] = ["boodschappen.txt", "carla.bundle", "wiped"];

#[test]
fn wherever_the_power_goes_out_nothing_is_half_destroyed_for_long() {
    let phone = phone();
    let (mut untouched, mut cut_short, mut changes) = (0, 0, 0);
    loop {
        let disk = phone.copy();
        let mut book = phone.open(&Cut::after(changes, &disk)).unwrap();
        let wiped = book.wipe(phone.field.clock.now());
        drop(book);
        if let Ok(wipe) = wiped {
            assert_eq!((wipe.lost, wipe.told), (1, false));
            assert_eq!(disk.list().unwrap(), LEFT);
            break;
        }
        let names = disk.list().unwrap();
        if phone.disk.list().unwrap().iter().any(|name| !names.contains(name)) {
            // As soon as anything is missing no key is left.
            assert!(Keyring::open(&*disk, &phone.key).is_err(), "after {changes} changes: {names:?}");
        }
        match phone.open(&disk) {
            Ok(mut book) => {
                untouched += 1;
                assert_eq!(book.dossier(phone.dossier).unwrap().visits.len(), 1, "after {changes} changes");
                // The server says it again, and this time it works.
                book.wipe(phone.field.clock.now()).unwrap();
            }
            Err(FieldBookError::Wiped) => cut_short += 1,
            Err(other) => panic!("after {changes} changes: {other}"),
        }
        assert_eq!(disk.list().unwrap(), LEFT, "after {changes} changes");
        let wipe = wipe::found(&*disk).unwrap().unwrap();
        let signed = SignedStatement::decode(&wipe.statement).unwrap();
        assert!(matches!(signed.statement(), Statement::Wiped(wiped) if wiped.lost == 1));
        changes += 1;
    }
    // The marker is three changes; the rest destroys.
    assert!(untouched >= 2 && cut_short >= 5, "{untouched} untouched, {cut_short} cut short");
}

#[test]
fn a_second_cut_while_it_goes_on_changes_nothing() {
    let phone = phone();
    for first in 3..8 {
        for second in 0..4 {
            let disk = phone.copy();
            let mut book = phone.open(&Cut::after(first, &disk)).unwrap();
            assert!(book.wipe(phone.field.clock.now()).is_err(), "{first} changes are too few");
            drop(book);
            let _ = phone.open(&Cut::after(second, &disk));
            match phone.open(&disk) {
                Err(FieldBookError::Wiped) => {}
                Ok(mut book) => drop(book.wipe(phone.field.clock.now()).unwrap()),
                Err(other) => panic!("{first}, {second}: {other}"),
            }
            assert_eq!(disk.list().unwrap(), LEFT, "{first}, {second}");
        }
    }
}

#[test]
fn a_wiped_place_takes_a_new_field_book_once_the_server_knows() {
    let mut phone = phone();
    let disk = phone.copy();
    phone.open(&disk).unwrap().wipe(phone.field.clock.now()).unwrap();
    wipe::told(&*disk).unwrap();
    assert!(wipe::found(&*disk).unwrap().unwrap().told);
    wipe::forget(&*disk).unwrap();
    assert_eq!(disk.list().unwrap(), LEFT[..2]);
    let key = WrappingKey::generate(&mut phone.field.dice);
    let mut fresh = phone.field.device_under(key, None, disk);
    phone.field.enrol(&mut fresh, "anna", Role::Coach);
    phone.field.sync(&mut fresh);
    assert_eq!(fresh.book.dossiers().unwrap().len(), 1, "what the server has comes back");
}
