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
