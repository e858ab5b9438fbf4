//! Whoever may invite can invite a further device of a coach, and write in the coach's name with it. The coach is told by every
//! device that was there before.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::field_book::OwnDevice;
use veldboek_core::record::Lang;
use veldboek_core::statement::Role;
use veldboek_tests::{Device, Field};

fn told(field: &mut Field, device: &mut Device) -> Vec<OwnDevice> {
    field.clock.pass_minutes(1);
    field.sync(device).0.own_devices
}

#[test]
fn a_device_that_somebody_added_in_ones_name_is_told_on_every_device_that_was_there_before() {
    let mut field = Field::new(81);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut phone = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    field.clock.pass_minutes(1);
    let mut laptop = field.enrolled("anna", Role::Coach);
    let id = |device: &Device| device.book.identity().device;
    assert_eq!(told(&mut field, &mut laptop), [], "the phone is no news to whoever enrolled the laptop");
    let on_phone = told(&mut field, &mut phone);
    assert_eq!(on_phone.iter().map(|one| one.device).collect::<Vec<_>>(), [id(&laptop)]);
    assert_eq!(told(&mut field, &mut phone), [], "once is enough");

    // Somebody invites "anna" and keeps the code.
    let third = field.enrolled("anna", Role::Coach);
    for device in [&mut phone, &mut laptop] {
        let told = told(&mut field, device);
        assert_eq!(told.iter().map(|one| one.device).collect::<Vec<_>>(), [id(&third)]);
        assert_eq!((told[0].label.as_str(), told[0].since <= field.clock.0), ("test", true));
        assert!(told[0].message(Lang::Nl).starts_with("er is een apparaat bijgekomen op uw naam: test"));
        assert!(told[0].message(Lang::En).starts_with("a device was added in your name: test"));
    }
    for other in [&mut carla, &mut bram] {
        assert_eq!(told(&mut field, other), [], "others have their own devices to look after");
    }
}

#[test]
fn a_bundle_that_brings_word_of_it_tells_too() {
    let mut field = Field::new(82);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut phone = field.enrolled("anna", Role::Coach);
    field.sync(&mut carla);
    field.sync(&mut phone);
    field.clock.pass_minutes(1);
    let added = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    let grant = ("anna".into(), "2025-01-01".parse().unwrap(), None);
    carla.book.grant(dossier, grant, field.clock.now(), &mut field.dice).unwrap();
    field.visit(&mut carla, dossier, "Kennismaking");
    field.sync(&mut carla);
    let (bundle, _) = carla.book.export_bundle(true, &["anna".into()], field.clock.now(), &mut field.dice).unwrap();
    let merged = phone.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap();
    let told_of: Vec<_> = merged.own_devices.iter().map(|one| one.device).collect();
    assert_eq!(told_of, [added.book.identity().device]);
    assert_eq!(told(&mut field, &mut phone), []);
}
