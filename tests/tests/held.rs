//! After an old backup was put back the server does not know who was revoked since, or what was erased. Whoever comes by first
//! may be a thief. So it gives nothing and believes nobody but its own signature, until its administrator says so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::clock::Day;
use veldboek_core::field_book::{Next, RecordBook};
use veldboek_core::ids::{DocumentId, TraineeId};
use veldboek_core::journal::Kind;
use veldboek_core::record::Record;
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, ErasureOrder, Region, RegionError, Unfit, Work};
use veldboek_core::trainee::Trainee;
use veldboek_core::wire::{InviteRequest, Reason, RevokeRequest, VERSION, Verdict};
use veldboek_tests::{Backup, Device, Field};

/// Two coordinators and a coach. The backup is older than what happened to the dossiers and devices since.
struct Town {
    field: Field,
    carla: Device,
    conny: Device,
    anna: Device,
    kept: DocumentId,
    gone: DocumentId,
    old: Backup,
}

fn dossier(field: &mut Field, carla: &mut Device, reference: &str) -> DocumentId {
    let trainee = Trainee {
        id: Some(TraineeId::fresh(field.clock.0, &mut field.dice)),
        reference: Some(reference.into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let document = carla.book.found(trainee.create(""), field.clock.now(), &mut field.dice).unwrap();
    let from: Day = "2025-01-01".parse().unwrap();
    carla.book.grant(document, ("anna".into(), from, None), field.clock.now(), &mut field.dice).unwrap();
    document
}

fn revoke(field: &mut Field, device: &Device, accept_unsent: bool) {
    let device = device.book.identity().device;
    field.server(Work::Revoke(None, RevokeRequest { version: VERSION, device, reason: None, accept_unsent })).unwrap();
}

impl Town {
    fn new(seed: u64) -> Self {
        let mut field = Field::new(seed);
        let mut carla = field.enrolled("carla", Role::Coordinator);
        let mut conny = field.enrolled("conny", Role::Coordinator);
        let mut anna = field.enrolled("anna", Role::Coach);
        let kept = dossier(&mut field, &mut carla, "WF-2025-0001");
        let gone = dossier(&mut field, &mut carla, "WF-2025-0002");
        field.sync(&mut carla);
        field.sync(&mut anna);
        field.visit(&mut carla, kept, "Vertrouwelijk");
        field.visit(&mut carla, gone, "Hiervan blijft niets");
        field.sync(&mut carla);
        field.sync(&mut conny);
        // Anna's phone has not fetched these visits.
        let old = field.backup();
        carla.book.ask_erasure(gone, false, field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut carla);
        field.erasures(ErasureOrder::Confirm(gone));
        revoke(&mut field, &anna, false);
        revoke(&mut field, &carla, false);
        field.sync(&mut conny);
        field.clock.pass_minutes(60);
        Self { field, carla, conny, anna, kept, gone, old }
    }
}

fn is_held<T: std::fmt::Debug>(outcome: &Result<T, RegionError>) -> bool {
    matches!(outcome, Err(RegionError::Unfit(Unfit::Held)))
}

#[test]
fn a_stolen_phone_that_comes_by_first_is_given_nothing() {
    // Without the precaution it would be: the backup knows nothing of the revocation, nor of the erasure.
    let Town { mut field, mut anna, old, gone, .. } = Town::new(71);
    field.restore(&old, &old);
    field.sync(&mut anna);
    assert_eq!(anna.summaries(gone), ["Hiervan blijft niets"]);

    let Town { mut field, mut conny, mut anna, old, kept, gone, .. } = Town::new(71);
    field.put_back(&old, &old);
    for restarted in [false, true] {
        if restarted {
            field.restart_server();
        }
        assert!(field.region.is_held());
        let (outcome, line) = field.sync(&mut anna);
        assert!(outcome.held && !outcome.again && line.round_trips <= 2, "{outcome:?}");
        assert_eq!((outcome.received, outcome.closed, outcome.wiped.len()), (0, 0, 0));
        assert_eq!((anna.summaries(kept), anna.summaries(gone)), (vec![], vec![]));
    }
    // Nor by asking for what it lacks, or by naming what it knows.
    let (mut request, _) = anna.book.request(None).unwrap();
    request.have.push(veldboek_core::wire::Hashes { document: kept, hashes: Vec::new() });
    request.contacts_since = Some(veldboek_core::clock::Timestamp::from_millis(0));
    let answer = field.answer_to(&anna, request);
    assert!(answer.items.is_empty() && answer.contacts.is_empty() && answer.news.is_none() && answer.heads.is_empty());
    // What it writes is not believed either.
    field.visit(&mut anna, kept, "Van de dief");
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.accepted, outcome.deferred, outcome.again), (0, 1, false));

    // Conny brings back what the server signed; what is hers alone stays with her until it is open.
    field.visit(&mut conny, kept, "Conny, onderweg");
    let (outcome, _) = field.sync(&mut conny);
    assert!(outcome.held && !outcome.again);
    assert_eq!((outcome.record_book, outcome.received, outcome.deferred), (RecordBook::Restored, 0, 1));
    assert!(outcome.refused.is_empty());
    let who = anna.book.identity().device;
    let (request, _) = anna.book.request(None).unwrap();
    assert!(matches!(field.server(Work::Exchange(who, request.into())), Err(RegionError::NotWelcome)));
    assert_eq!(field.keyring().document_key(gone), None);

    field.reopen();
    field.reopen();
    assert!(!field.region.is_held());
    let (outcome, _) = field.sync(&mut conny);
    assert_eq!((outcome.held, outcome.accepted, outcome.refused.len()), (false, 1, 0));
    assert_eq!(conny.book.status().unwrap().unsynced, 0);
    let mut fresh = field.enrolled("conny", Role::Coordinator);
    field.sync(&mut fresh);
    assert_eq!(fresh.summaries(kept), ["Conny, onderweg", "Vertrouwelijk"]);
    assert!(field.region.verify().unwrap().is_whole());
    let disk = field.server_disk();
    assert!(Region::contradictions(&disk, &field.keyring()).unwrap().is_empty());
    // It stays open.
    field.restart_server();
    assert!(!field.region.is_held());
}

#[test]
fn a_stolen_laptop_of_a_coordinator_decides_nothing_before_its_revocation_is_back() {
    let Town { mut field, mut carla, mut conny, old, kept, .. } = Town::new(72);
    field.put_back(&old, &old);
    let who = carla.book.identity().device;
    let invite = InviteRequest {
        version: VERSION,
        person: "dief".into(),
        display_name: "Dief".into(),
        role: Role::Coach,
        organisation: "school-1".into(),
    };
    assert!(is_held(&field.server(Work::Invite(Some(who), invite.clone()))));
    assert!(is_held(&field.server(Work::Devices(Some(who), None))));
    assert!(is_held(&field.server(Work::Quarantine(who, 0))));
    assert!(is_held(&field.server(Work::Erasures(Some(who), ErasureOrder::List))));
    let device = conny.book.identity().device;
    let revoke = RevokeRequest { version: VERSION, device, reason: None, accept_unsent: false };
    assert!(is_held(&field.server(Work::Revoke(Some(who), revoke))));
    let from: Day = "2025-01-01".parse().unwrap();
    let dossier = field.dossier(&mut carla, "WF-DIEF");
    carla.book.grant(kept, ("dief".into(), from, None), field.clock.now(), &mut field.dice).unwrap();
    let (request, _) = carla.book.request(None).unwrap();
    let answer = field.answer_to(&carla, request);
    assert_eq!(
        answer.verdicts.iter().filter(|one| matches!(one, Verdict::Deferred(why) if why.reason == Reason::Held)).count(),
        3
    );
    assert_eq!(field.keyring().document_key(dossier), None, "no key is made for what is not let in");
    // The administrator at the machine can do all of it.
    field.server(Work::Invite(None, invite)).unwrap();
    field.server(Work::Devices(None, None)).unwrap();

    field.sync(&mut conny);
    field.reopen();
    let (request, _) = carla.book.request(None).unwrap();
    assert!(matches!(field.server(Work::Exchange(who, request.into())), Err(RegionError::NotWelcome)));
    let mut thief = field.enrolled("dief", Role::Coach);
    field.sync(&mut thief);
    assert_eq!(thief.book.status().unwrap().dossiers, 0);
}

#[test]
fn a_phone_that_may_still_deliver_waits_for_a_held_server_and_wipes_nothing() {
    let Town { mut field, mut conny, mut anna, old, kept, .. } = Town::new(73);
    revoke(&mut field, &anna, true);
    field.sync(&mut conny);
    field.visit(&mut anna, kept, "Alleen hier");
    let revocation = field.region.revocation(&anna.book.identity().device).unwrap().unwrap();
    anna.book.take_revocation(&revocation, &mut field.dice).unwrap();
    field.put_back(&old, &old);
    field.sync(&mut conny);
    let deliver = |field: &mut Field, anna: &mut Device| {
        let (request, sent) = anna.book.delivery().unwrap();
        let answer = field.answer_to(anna, request);
        anna.book.delivered(sent, answer, field.clock.now(), &mut field.dice).unwrap()
    };
    let delivered = deliver(&mut field, &mut anna);
    assert_eq!((delivered.next, delivered.outcome.deferred), (Next::Wait, 1));
    field.reopen();
    let delivered = deliver(&mut field, &mut anna);
    assert_eq!((delivered.next, delivered.outcome.quarantined), (Next::Deliver, 1));
    // What is left is of the dossier that was erased: nobody takes it, and nothing waits for that.
    assert_eq!(deliver(&mut field, &mut anna).next, Next::Wipe);
}

#[test]
fn who_came_by_since_the_backup_is_written_down_at_once() {
    let Town { mut field, mut carla, mut conny, mut anna, old, .. } = Town::new(74);
    field.clock.pass_minutes(-59);
    field.put_back(&old, &old);
    // Within the time in which a server that is open would write nothing.
    field.clock.pass_minutes(1);
    let heard = |field: &mut Field| {
        let Done::Devices(devices) = field.server(Work::Devices(None, None)).unwrap() else { unreachable!() };
        let since = field.region.life_began();
        devices.iter().filter(|device| device.last_contact.is_some_and(|at| at > since)).count()
    };
    // Conny last: she brings back that the others are revoked.
    for device in [&mut carla, &mut anna, &mut conny] {
        field.sync(device);
    }
    field.restart_server();
    assert_eq!(heard(&mut field), 3, "also for whoever reads the store beside the server");
    // Once more, later: the list is to tell that too.
    field.clock.pass_minutes(1);
    field.sync(&mut conny);
    field.restart_server();
    let Done::Devices(devices) = field.server(Work::Devices(None, None)).unwrap() else { unreachable!() };
    let now = field.clock.0;
    assert!(devices.iter().any(|device| device.person == "conny" && device.last_contact == Some(now)));
    // Not at every turn: no device fills the disk.
    let before = field.records().len();
    for _ in 0..20 {
        field.sync(&mut conny);
    }
    assert_eq!(field.records().iter().skip(before).filter(|record| record.kind == Kind::Contact).count(), 0);
}

#[test]
fn a_revoked_phone_tells_no_loss_of_what_the_server_had_before() {
    let mut field = Field::new(75);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut bram = field.enrolled("bram", Role::Coach);
    let dossier = field.dossier(&mut bram, "WF-2025-0001");
    for visit in ["Een", "Twee", "Drie"] {
        field.visit(&mut bram, dossier, visit);
    }
    field.sync(&mut bram);
    field.sync(&mut carla);
    let old = field.backup();
    revoke(&mut field, &bram, false);
    field.sync(&mut carla);
    field.clock.pass_minutes(60);
    field.put_back(&old, &old);
    // The thief comes by first, and Bram wrote two more.
    field.visit(&mut bram, dossier, "Vier");
    field.visit(&mut bram, dossier, "Vijf");
    assert!(field.sync(&mut bram).0.held);
    assert_eq!(bram.book.status().unwrap().unsynced, 2, "the rest is on the server");
    field.sync(&mut carla);
    field.reopen();
    field.sync(&mut carla);
    let device = bram.book.identity().device;
    let word = field.region.revocation(&device).unwrap().unwrap();
    let revoked = bram.book.take_revocation(&word, &mut field.dice).unwrap();
    assert_eq!((revoked.unsent, revoked.to_deliver), (2, 6));
    let wipe = bram.book.wipe(field.clock.now()).unwrap();
    assert_eq!(wipe.lost, 2);
    field.server(Work::Wiped(wipe.statement)).unwrap();
    let Done::Devices(devices) = field.server(Work::Devices(None, Some(device))).unwrap() else { unreachable!() };
    assert_eq!(devices[0].lost, Some(2));
}
