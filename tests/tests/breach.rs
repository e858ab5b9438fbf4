//! A device is gone, and within 72 hours somebody has to say which dossiers were on it. What `device show` names is never less than
//! that: not after an erasure that the device did not hear of, not after a restore, and not after its work was refused.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::ids::DocumentId;
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, ErasureOrder, Work};
use veldboek_tests::{Device, Field};

fn cast(seed: u64) -> (Field, Device, Device) {
    let mut field = Field::new(seed);
    let carla = field.enrolled("carla", Role::Coordinator);
    let anna = field.enrolled("anna", Role::Coach);
    (field, carla, anna)
}

fn guided_by(field: &mut Field, carla: &mut Device, reference: &str, coach: &str) -> DocumentId {
    let dossier = field.dossier(carla, reference);
    let grant = (coach.into(), "2025-01-01".parse().unwrap(), None);
    carla.book.grant(dossier, grant, field.clock.now(), &mut field.dice).unwrap();
    field.sync(carla);
    dossier
}

/// The dossiers that the basis of a breach notice names for a device.
fn shown(field: &mut Field, device: &Device) -> Vec<DocumentId> {
    let device = device.book.identity().device;
    let Done::Devices(mut found) = field.server(Work::Devices(None, Some(device))).unwrap() else { unreachable!() };
    found.remove(0).documents
}

#[test]
fn a_dossier_that_was_erased_stays_on_the_list_until_the_device_says_that_it_wiped_it() {
    let (mut field, mut carla, mut anna) = cast(71);
    let dossier = guided_by(&mut field, &mut carla, "WF-2025-0001", "anna");
    field.sync(&mut anna);
    carla.book.ask_erasure(dossier, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.erasures(ErasureOrder::Confirm(dossier));
    field.sync(&mut carla);
    assert_eq!(shown(&mut field, &anna), [dossier], "it lies in a drawer with all of it");
    field.sync(&mut anna);
    field.sync(&mut anna);
    assert_eq!(shown(&mut field, &anna), []);
    assert_eq!(shown(&mut field, &carla), []);
}

#[test]
fn a_device_of_which_the_restored_server_knows_no_contact_may_hold_all_that_was_open_to_it() {
    let (mut field, mut carla, _) = cast(72);
    let backup = field.backup();
    field.clock.pass_minutes(60);
    let mut bram = field.enrolled("bram", Role::Coach);
    let dossier = guided_by(&mut field, &mut carla, "WF-2025-0002", "bram");
    field.sync(&mut bram);
    field.sync(&mut carla);
    field.clock.pass_minutes(60);
    field.restore(&backup, &backup);
    // Carla brings back what the server lost, Bram's certificate too. His phone was stolen meanwhile.
    field.sync(&mut carla);
    field.sync(&mut carla);
    assert_eq!(shown(&mut field, &bram), [dossier]);
    // Of a device that enrolled since then it is known that it never was in contact.
    field.clock.pass_minutes(60);
    let fresh = field.enrolled("bram", Role::Coach);
    assert_eq!(shown(&mut field, &fresh), []);
}

#[test]
fn work_that_was_refused_is_still_on_the_device_that_wrote_it() {
    let (mut field, mut carla, mut anna) = cast(73);
    let dossier = guided_by(&mut field, &mut carla, "WF-2025-0003", "bram");
    // Anna has no access there; what she writes waits.
    field.visit(&mut anna, dossier, "In het dossier van een ander");
    field.sync(&mut anna);
    assert_eq!(shown(&mut field, &anna), [dossier]);
    field.sync(&mut carla);
    let who = carla.book.identity().device;
    let Done::Quarantine(list) = field.server(Work::Quarantine(who, 0)).unwrap() else { unreachable!() };
    let waiting = carla.book.read_waiting(&list.changes).unwrap();
    let decision = (dossier, waiting.iter().map(|one| one.hash).collect(), Vec::new(), false);
    carla.book.decide(decision, Some("ander dossier".into()), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    assert_eq!(field.server_waiting(&carla), 0);
    field.sync(&mut anna);
    assert_eq!(shown(&mut field, &anna), [dossier], "refused, and kept there to be read");
}
