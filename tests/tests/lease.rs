//! A laptop that nobody connects: after thirty days it locks by itself, and only an exchange ends that.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use veldboek_core::field_book::LEASE_DAYS;
use veldboek_core::statement::Role;
use veldboek_tests::Field;

const DAY: i64 = 24 * 60;

#[test]
fn without_contact_for_a_month_a_device_locks_until_the_next_exchange() {
    let mut field = Field::new(91);
    let mut anna = field.enrolled("anna", Role::Coach);
    // Enrolling is contact too.
    let enrolled = anna.book.last_contact().unwrap();
    field.clock.pass_minutes(LEASE_DAYS * DAY - 1);
    assert!(!anna.book.lease_is_over(field.clock.now().at));
    field.clock.pass_minutes(1);
    assert!(anna.book.lease_is_over(field.clock.now().at));
    assert_eq!(anna.book.lease_until(), Some(enrolled.plus_millis(LEASE_DAYS * DAY * 60_000)));
    // It counts from what is on the disk, not from when the program was started.
    anna.restart();
    assert!(anna.book.lease_is_over(field.clock.now().at));
    // Nothing new in either direction is contact as well.
    field.sync(&mut anna);
    let contact = field.clock.now().at;
    assert_eq!(anna.book.last_contact(), Some(contact));
    assert!(!anna.book.lease_is_over(contact));
    // A clock that is turned back to before that does not make the lease longer; a corrected one does no harm.
    assert!(!anna.book.lease_is_over(contact.plus_millis(-10 * 60_000)));
    assert!(anna.book.lease_is_over(contact.plus_millis(-20 * DAY * 60_000)));
}

#[test]
fn a_field_book_without_a_server_has_no_lease() {
    let mut field = Field::new(92);
    let alone = field.device_in("gooi", Some("anna"));
    field.clock.pass_minutes(400 * DAY);
    assert_eq!(alone.book.lease_until(), None);
    assert!(!alone.book.lease_is_over(field.clock.now().at));
}

#[test]
fn a_device_that_asks_all_day_does_not_fill_its_own_disk() {
    let mut field = Field::new(93);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    field.sync(&mut anna);
    let size = |device: &veldboek_tests::Device| {
        let names = device.disk().list().unwrap().into_iter().filter(|name| name.starts_with("journal/"));
        names.map(|name| device.disk().len(&name).unwrap().unwrap()).sum::<u64>()
    };
    let before = size(&anna);
    for _ in 0..100 {
        field.clock.pass_minutes(1);
        // The server's record book goes on with what others do.
        field.dossier(&mut carla, "WF-2025-0001");
        field.sync(&mut carla);
        field.sync(&mut anna);
        assert_eq!(anna.book.last_contact(), Some(field.clock.0), "what it knows itself is exact");
    }
    assert!(size(&anna) - before < 3_000, "{} bytes in a hundred exchanges", size(&anna) - before);
    // After a restart it is at most an hour behind, and the lease ends no later for it.
    let known = anna.book.last_contact().unwrap();
    anna.restart();
    let noted = anna.book.last_contact().unwrap();
    assert!(noted <= known && noted >= known.plus_millis(-60 * 60_000), "{noted:?} {known:?}");
    // What is news is written at once.
    let dossier = field.dossier(&mut carla, "WF-2025-0002");
    carla.book.grant(dossier, ("anna".into(), field.clock.now().today(), None), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.clock.pass_minutes(1);
    field.sync(&mut anna);
    anna.restart();
    assert_eq!(anna.book.last_contact(), Some(field.clock.0));
    assert_eq!(field.sync(&mut anna).0.received, 0, "it knows how far it read");
}
