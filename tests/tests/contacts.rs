//! When a device was last in contact: right to the moment for whoever asks the server, kept when it stops, and told to
//! coordinators and administrators only.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::clock::Timestamp;
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, RegionError, Work};
use veldboek_core::wire::{Contact, Request, RevokeRequest, VERSION};
use veldboek_tests::{Device, Field};

/// What `device list` shows for a device.
fn listed(field: &mut Field, asks: &Device, of: &Device) -> Option<Timestamp> {
    let (asks, of) = (asks.book.identity().device, of.book.identity().device);
    let Done::Devices(devices) = field.server(Work::Devices(Some(asks), None)).unwrap() else { unreachable!() };
    devices.iter().find(|info| info.device == of).unwrap().last_contact
}

/// What a device is told when it asks for contacts in an exchange.
fn told(field: &mut Field, asks: &mut Device) -> Vec<Contact> {
    let (request, _) = asks.book.request(Some(Timestamp::from_millis(0))).unwrap();
    field.answer_to(asks, request).contacts
}

#[test]
fn the_last_contact_is_right_to_the_moment_and_outlives_a_server_that_stops() {
    let mut field = Field::new(71);
    let mut corine = field.enrolled("corine", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    field.sync(&mut anna);
    let first = field.clock.0;
    field.clock.pass_minutes(3);
    field.sync(&mut anna);
    let last = field.clock.0;
    field.clock.pass_minutes(3);
    assert_eq!(listed(&mut field, &corine, &anna), Some(last));
    let contacts = told(&mut field, &mut corine);
    assert_eq!(contacts.iter().find(|contact| contact.person == "anna").unwrap().at, last);

    // A batch that failed makes the server fold its journal anew; what it heard it still knows.
    field.region.reopen().unwrap();
    assert_eq!(listed(&mut field, &corine, &anna), Some(last));

    // Stopped as it should be.
    field.region.note_contacts(&mut field.dice).unwrap();
    field.restart_server();
    assert_eq!(listed(&mut field, &corine, &anna), Some(last));

    // Killed: what the last period wrote is left, and never something later than the truth.
    field.sync(&mut anna);
    field.restart_server();
    assert_eq!(listed(&mut field, &corine, &anna), Some(last));
    assert!(last > first);
}

#[test]
fn contacts_that_are_heard_often_are_written_seldom() {
    let mut field = Field::new(72);
    let mut anna = field.enrolled("anna", Role::Coach);
    field.sync(&mut anna);
    let records = field.region.verify().unwrap().records;
    for _ in 0..9 {
        field.clock.pass_minutes(1);
        field.sync(&mut anna);
    }
    assert_eq!(field.region.verify().unwrap().records, records);
    field.region.note_contacts(&mut field.dice).unwrap();
    assert_eq!(field.region.verify().unwrap().records, records + 1);
    // Nothing heard since: nothing to write.
    field.region.note_contacts(&mut field.dice).unwrap();
    assert_eq!(field.region.verify().unwrap().records, records + 1);
}

#[test]
fn contact_times_go_to_coordinators_and_administrators_only() {
    let mut field = Field::new(73);
    let mut beheer = field.enrolled("beheer", Role::Administrator);
    let mut corine = field.enrolled("corine", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    field.sync(&mut bram);
    for asks in [&mut beheer, &mut corine] {
        assert!(told(&mut field, asks).iter().any(|contact| contact.person == "bram"));
        assert_eq!(listed(&mut field, asks, &bram), Some(field.clock.0));
    }
    assert_eq!(told(&mut field, &mut anna), []);
    let asked = field.server(Work::Devices(Some(anna.book.identity().device), None));
    assert!(matches!(asked, Err(RegionError::NotAllowed)), "{asked:?}");
}

/// A device says how much it has not synced.
fn says(field: &mut Field, device: &Device, unsynced: u32) -> Result<Done, RegionError> {
    let request = Request { unsynced, ..Request::default() };
    field.server(Work::Exchange(device.book.identity().device, request.into()))
}

#[test]
fn a_device_that_tells_something_new_all_the_time_is_written_down_once_a_minute() {
    let mut field = Field::new(74);
    let corine = field.enrolled("corine", Role::Coordinator);
    let anna = field.enrolled("anna", Role::Coach);
    says(&mut field, &anna, 1).unwrap();
    let records = field.region.verify().unwrap().records;
    for unsynced in 2..50 {
        says(&mut field, &anna, unsynced).unwrap();
    }
    assert_eq!(field.region.verify().unwrap().records, records);
    field.clock.pass_minutes(1);
    says(&mut field, &anna, 50).unwrap();
    says(&mut field, &anna, 51).unwrap();
    assert_eq!(field.region.verify().unwrap().records, records + 1);
    // What was told last is known, and is written down when the server stops.
    field.region.note_contacts(&mut field.dice).unwrap();
    field.restart_server();
    let Done::Devices(devices) = field.server(Work::Devices(Some(corine.book.identity().device), None)).unwrap() else {
        unreachable!()
    };
    assert_eq!(devices.iter().find(|info| info.device == anna.book.identity().device).unwrap().unsynced, Some(51));
}

#[test]
fn a_revoked_device_does_not_fill_the_journal() {
    let mut field = Field::new(75);
    let anna = field.enrolled("anna", Role::Coach);
    let revoke = RevokeRequest { version: VERSION, device: anna.book.identity().device, reason: None, accept_unsent: false };
    field.server(Work::Revoke(None, revoke)).unwrap();
    for unsynced in 0..30 {
        assert!(says(&mut field, &anna, unsynced).is_err());
    }
    let records = field.region.verify().unwrap().records;
    for unsynced in 30..90 {
        assert!(says(&mut field, &anna, unsynced).is_err());
    }
    assert_eq!(field.region.verify().unwrap().records, records);
}
