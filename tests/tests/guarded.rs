//! What the exchange keeps to, each told once: who a bundle is for, what an invitation may change, where a feed is read from,
//! and what another server is known to have.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use veldboek_core::disk::MemoryDisk;
use veldboek_core::field_book::ExchangeError;
use veldboek_core::ids::DeviceId;
use veldboek_core::journal::{Journal, Kind, NewRecord};
use veldboek_core::record::Lang;
use veldboek_core::statement::{Certificate, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{Done, RegionError, Unfit, Work};
use veldboek_core::wire::{Cursor, InviteRequest, Request, RevokeRequest, VERSION};
use veldboek_tests::{Device, Field};

fn invitation(person: &str, role: Role, organisation: &str) -> InviteRequest {
    InviteRequest {
        version: VERSION,
        person: person.into(),
        display_name: person.into(),
        role,
        organisation: organisation.into(),
    }
}

fn export(field: &mut Field, device: &mut Device, everything: bool, people: &[&str]) -> Result<Vec<u8>, ExchangeError> {
    let people: Vec<String> = people.iter().map(|one| (*one).to_owned()).collect();
    device.book.export_bundle(everything, &people, field.clock.now(), &mut field.dice).map(|(bytes, _)| bytes)
}

#[test]
fn a_bundle_is_sealed_only_to_who_may_see_all_of_it_and_its_grants_follow_the_servers_rule() {
    let mut field = Field::new(61);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    let mut beheer = field.enrolled("beheer", Role::Administrator);
    for device in [&mut carla, &mut anna, &mut bram, &mut beheer] {
        field.sync(device);
    }
    let shared = field.dossier(&mut anna, "WF-2025-0001");
    field.dossier(&mut anna, "WF-2025-0002");

    // Bram may see neither, an administrator none ever; who is not named and may not see it gets nothing to open.
    let refused = export(&mut field, &mut anna, false, &["bram"]);
    assert!(matches!(&refused, Err(ExchangeError::NoAccess(person, 2)) if person == "bram"), "{:?}", refused.err());
    let refused = export(&mut field, &mut anna, false, &["beheer"]);
    assert!(matches!(refused, Err(ExchangeError::NoAccess(..))));
    let bundle = export(&mut field, &mut anna, false, &[]).unwrap();
    for device in [&mut bram, &mut beheer] {
        assert!(device.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).is_err());
    }

    // A coach's word gives nobody access: neither at the coordinator who merges it, nor at the server.
    let from = field.clock.now().today();
    anna.book.grant(shared, ("bram".into(), from, None), field.clock.now(), &mut field.dice).unwrap();
    let bundle = export(&mut field, &mut anna, false, &[]).unwrap();
    assert_eq!(carla.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap().received, 2);
    let refused = export(&mut field, &mut carla, true, &["bram"]);
    assert!(matches!(&refused, Err(ExchangeError::NoAccess(person, 2)) if person == "bram"), "{:?}", refused.err());
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.sync(&mut bram);
    assert!(bram.book.dossiers().unwrap().is_empty());

    // With one dossier still closed to him he gets none of it; the coordinator's word counts.
    carla.book.grant(shared, ("bram".into(), from, None), field.clock.now(), &mut field.dice).unwrap();
    let refused = export(&mut field, &mut carla, true, &["bram"]);
    assert!(matches!(&refused, Err(ExchangeError::NoAccess(person, 1)) if person == "bram"), "{:?}", refused.err());
}

#[test]
fn an_invitation_keeps_a_persons_role_and_organisation() {
    let mut field = Field::new(62);
    field.enrolled("anna", Role::Coach);
    let mut ask = |person: &str, role, organisation: &str| {
        field.server(Work::Invite(None, invitation(person, role, organisation))).map(|done| matches!(done, Done::Invited(_)))
    };
    for (role, organisation) in [(Role::Coordinator, "school-1"), (Role::Administrator, "school-1"), (Role::Coach, "school-2")] {
        let refused = ask("anna", role, organisation);
        assert!(
            matches!(&refused, Err(RegionError::Unfit(Unfit::KnownOtherwise(known))) if known.organisation == "school-1"),
            "{refused:?}"
        );
    }
    assert!(ask("anna", Role::Coach, "school-1").unwrap());
    // An invitation that nobody used yet binds as well.
    assert!(ask("bram", Role::Coach, "school-1").unwrap());
    assert!(matches!(ask("bram", Role::Coordinator, "school-1"), Err(RegionError::Unfit(Unfit::KnownOtherwise(_)))));
}

#[test]
fn a_cursor_past_the_end_of_the_feed_reads_anew() {
    let mut field = Field::new(63);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    field.dossier(&mut carla, "WF-2025-0001");
    field.sync(&mut carla);
    let whole = field.answer_to(&carla, Request::default());
    assert!(!whole.items.is_empty());
    let end = Cursor::decode(&whole.cursor).unwrap();
    let at_end = field.answer_to(&carla, Request { cursor: whole.cursor.clone(), ..Request::default() });
    assert!(at_end.items.is_empty() && at_end.epoch.is_none());
    // A server that was put back from a copy has given out places that it no longer has.
    let past = Cursor { position: end.position + 1000, ..end };
    let returned = field.answer_to(&carla, Request { cursor: past.encode(), ..Request::default() });
    // First the device brings back what such a server lacks, erasures above all; nothing is given to it before that.
    assert_eq!((returned.items.len(), returned.more, returned.epoch), (0, true, Some(end.epoch)));
    let anew = field.answer_to(&carla, Request { cursor: returned.cursor, ..Request::default() });
    assert_eq!(anew.items, whole.items);
}

#[test]
fn enrolling_at_another_server_forgets_what_the_one_before_acknowledged() {
    let mut field = Field::new(64);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut anna, "WF-2025-0001");
    field.visit(&mut anna, dossier, "Bij de eerste server bevestigd");
    field.sync(&mut anna);
    assert_eq!(anna.book.status().unwrap().unsynced, 0);

    let mut other = Field::new(65);
    other.enrol(&mut anna, "anna", Role::Coach);
    anna.restart();
    let status = anna.book.status().unwrap();
    assert_eq!((status.unsynced, status.last_sync), (2, None));
    assert_eq!(other.sync(&mut anna).0.accepted, 2);
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
    assert_eq!(anna.summaries(dossier), ["Bij de eerste server bevestigd"]);
}

#[test]
fn who_coaches_or_coordinates_is_invited_into_an_organisation() {
    let mut field = Field::new(66);
    let beheer = field.enrolled("beheer", Role::Administrator);
    let carla = field.enrolled("carla", Role::Coordinator);
    let (by_beheer, by_carla) = (Some(beheer.book.identity().device), Some(carla.book.identity().device));
    for by in [None, by_beheer, by_carla] {
        for (role, organisation) in [(Role::Coach, ""), (Role::Coordinator, ""), (Role::Coach, " ")] {
            let refused = field.server(Work::Invite(by, invitation("quint", role, organisation)));
            let told = matches!(&refused, Err(RegionError::Unfit(Unfit::NoOrganisation)));
            assert!(told || (by == by_carla && organisation == " "), "{refused:?}");
            assert!(refused.is_err());
        }
    }
    let said = Unfit::NoOrganisation.message(Lang::Nl);
    assert!(said.contains("organisatie") && said.contains("--organisation"), "{said}");
    field.server(Work::Invite(by_beheer, invitation("bea", Role::Administrator, ""))).unwrap();
}

/// A device of somebody who was invited without an organisation, as servers once did.
fn of_nobodys(field: &mut Field, person: &str, role: Role) -> DeviceId {
    let device = field.device(Some(person), Arc::new(MemoryDisk::default()));
    let keyring = field.keyring();
    let certificate = Certificate {
        device: device.book.device_keys().device(),
        keys: device.book.device_keys().public(),
        person: person.into(),
        display_name: person.into(),
        role,
        organisation: String::new(),
        label: "test".into(),
        from: field.clock.0,
    };
    let signed = SignedStatement::sign(&Statement::Certificate(certificate.clone()), keyring.device_keys()).unwrap();
    let record = NewRecord { kind: Kind::Certificate, key: keyring.store_key_id(), payload: signed.bytes().to_vec() };
    let mut journal = Journal::open(field.server_disk()).unwrap();
    let mut writer = journal.write().unwrap();
    writer.read_new(&keyring, &mut |_| {}).unwrap();
    writer.append(&keyring, &mut field.dice, &[record]).unwrap();
    writer.commit().unwrap();
    certificate.device
}

#[test]
fn whoever_has_no_organisation_has_none_in_common_with_anybody_and_may_be_given_one() {
    let mut field = Field::new(67);
    let beheer = field.enrolled("beheer", Role::Administrator).book.identity().device;
    let administrator = of_nobodys(&mut field, "bea", Role::Administrator);
    let colleague = of_nobodys(&mut field, "piet", Role::Coach);
    let quint = of_nobodys(&mut field, "quint", Role::Coordinator);
    let carla = field.enrolled("carla", Role::Coordinator).book.identity().device;
    for (by, sees) in [(quint, 0), (carla, 1), (beheer, 5)] {
        let Done::Devices(devices) = field.server(Work::Devices(Some(by), None)).unwrap() else { unreachable!() };
        assert_eq!(devices.len(), sees);
    }
    for device in [administrator, colleague, carla] {
        let request = RevokeRequest { version: VERSION, device, reason: None, accept_unsent: false };
        let refused = field.server(Work::Revoke(Some(quint), request));
        assert!(matches!(refused, Err(RegionError::NotAllowed)), "{refused:?}");
    }

    // No coordinator takes such a colleague for their own; an administrator gives them an organisation, in the role they have.
    let ask = |field: &mut Field, by, role, organisation| {
        field.server(Work::Invite(by, invitation("piet", role, organisation))).map(|done| matches!(done, Done::Invited(_)))
    };
    let otherwise = |refused: Result<bool, RegionError>| {
        assert!(matches!(&refused, Err(RegionError::Unfit(Unfit::KnownOtherwise(_)))), "{refused:?}");
    };
    otherwise(ask(&mut field, Some(carla), Role::Coach, "school-1"));
    otherwise(ask(&mut field, Some(beheer), Role::Coordinator, "school-1"));
    assert!(ask(&mut field, Some(beheer), Role::Coach, "school-1").unwrap());
    otherwise(ask(&mut field, None, Role::Coach, "school-2"));
    let mut piet = field.enrolled("piet", Role::Coach);
    field.sync(&mut piet);
    assert_eq!(piet.book.identity().organisation.as_deref(), Some("school-1"));
    let people = field.region.people();
    let (.., organisation, live) = people.iter().find(|(person, ..)| person == "piet").unwrap();
    assert_eq!((organisation.as_str(), *live), ("school-1", 2));
}
