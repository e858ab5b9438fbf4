//! The privacy officer asks who looked into a dossier, and who tried to. Anna and Bram coach, Carla coordinates, Piet
//! administers; what each of them does is in the server's record book before they hear the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::audit::AuditNote;
use veldboek_core::clock::Day;
use veldboek_core::ids::DocumentId;
use veldboek_core::journal::{Kind, Payload};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{RegionError, Work};
use veldboek_core::wire::{InviteRequest, Request, VERSION};
use veldboek_tests::{Device, Field};

fn days() -> (Day, Option<Day>) {
    ("2025-01-01".parse().unwrap(), None)
}

/// The lines of their own in the server's journal.
fn notes(field: &Field) -> Vec<AuditNote> {
    let lines = field.records().into_iter().filter(|record| record.kind == Kind::Audit);
    lines
        .map(|record| match record.payload {
            Payload::Bytes(bytes) => AuditNote::decode(&bytes).unwrap(),
            Payload::Gone => panic!("a line lost its key"),
        })
        .collect()
}

/// Action, person, documents, count and reason of the lines since `from`.
#[allow(clippy::type_complexity, reason = "a line, as a test compares it")]
fn since(field: &Field, from: usize) -> Vec<(String, Option<String>, Vec<DocumentId>, Option<u64>, Option<String>)> {
    let lines = notes(field).into_iter().skip(from);
    lines.map(|note| (note.action, note.person, note.documents, note.count, note.reason)).collect()
}

fn id(device: &Device) -> veldboek_core::ids::DeviceId {
    device.book.identity().device
}

#[test]
fn who_was_given_content_stands_in_one_line_and_nothing_new_leaves_none() {
    let mut field = Field::new(80);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let first = field.dossier(&mut carla, "WF-2025-0001");
    let second = field.dossier(&mut carla, "WF-2025-0002");
    for dossier in [first, second] {
        let (from, until) = days();
        carla.book.grant(dossier, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
        field.visit(&mut carla, dossier, "Kennisgemaakt");
    }
    field.sync(&mut carla);
    assert_eq!(notes(&field), [], "pushing reads nothing; the changes themselves say what was written");

    field.sync(&mut anna);
    let read = notes(&field);
    assert_eq!(read.len(), 1, "{read:?}");
    assert_eq!((read[0].action.as_str(), read[0].person.as_deref()), ("READ", Some("anna")));
    assert_eq!((read[0].device, read[0].at), (Some(id(&anna)), field.clock.0));
    let mut both = vec![first, second];
    both.sort_unstable();
    assert_eq!((read[0].documents.clone(), read[0].count), (both, Some(4)));

    let records = field.records().len();
    for _ in 0..20 {
        field.sync(&mut anna);
        field.sync(&mut carla);
    }
    assert_eq!(field.records().len(), records, "twenty times nothing new");
}

#[test]
fn what_was_read_in_the_batch_in_which_it_was_written_is_delivered_and_noted() {
    let mut field = Field::new(81);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    let (from, until) = days();
    carla.book.grant(dossier, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.visit(&mut carla, dossier, "In dezelfde tel");
    let before = notes(&field).len();
    let (pushed, _) = carla.book.request(None).unwrap();
    let (asked, sent) = anna.book.request(None).unwrap();
    let works = vec![Work::Exchange(id(&carla), pushed.into()), Work::Exchange(id(&anna), asked.into())];
    let mut done = field.region.run(works, field.clock.now(), &mut field.dice).unwrap();
    let Ok(veldboek_core::sync::server::Done::Exchanged(answer)) = done.remove(1) else { panic!("an answer") };
    anna.book.answer(sent, *answer, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(anna.summaries(dossier), ["In dezelfde tel"]);
    assert_eq!(since(&field, before), [("READ".into(), Some("anna".into()), vec![dossier], Some(1), None)]);
}

#[test]
fn who_asks_for_devices_or_oversteps_is_noted_and_keeping_on_does_not_fill_the_disk() {
    let mut field = Field::new(82);
    let anna = field.enrolled("anna", Role::Coach);
    let piet = field.enrolled("piet", Role::Administrator);
    field.server(Work::Devices(Some(id(&piet)), None)).unwrap();
    field.server(Work::Devices(None, Some(id(&anna)))).unwrap();
    let seen = notes(&field);
    assert_eq!((seen[0].action.as_str(), seen[0].person.as_deref()), ("DEVICES_LISTED", Some("piet")));
    assert_eq!((seen[1].action.as_str(), seen[1].device, seen[1].about_device), ("DEVICE_SHOWN", None, Some(id(&anna))));

    let before = notes(&field).len();
    let climb = InviteRequest {
        version: VERSION,
        person: "anna-2".into(),
        display_name: "Anna".into(),
        role: Role::Administrator,
        organisation: String::new(),
    };
    for _ in 0..500 {
        let refused = field.server(Work::Devices(Some(id(&anna)), None));
        assert!(matches!(refused, Err(RegionError::NotAllowed)));
        let refused = field.server(Work::Invite(Some(id(&anna)), climb.clone()));
        assert!(matches!(refused, Err(RegionError::NotAllowed)));
    }
    let who = || Some("anna".to_owned());
    let line = |times: u64, what: &str| ("NOT_ALLOWED".to_owned(), who(), vec![], Some(times), Some(what.to_owned()));
    assert_eq!(since(&field, before), [line(1, "DEVICES_LISTED"), line(1, "INVITED")]);

    // A restart of the server forgets what was counted, not that a line was written.
    field.restart_server();
    field.server(Work::Devices(Some(id(&anna)), None)).unwrap_err();
    assert_eq!(since(&field, before).len(), 2);
    field.clock.pass_minutes(10);
    field.server(Work::Devices(Some(id(&anna)), None)).unwrap_err();
    assert_eq!(since(&field, before)[2], line(2, "DEVICES_LISTED"));
}

#[test]
fn what_was_pushed_in_vain_is_noted_once_with_its_reason() {
    let mut field = Field::new(83);
    let anna = field.enrolled("anna", Role::Coach);
    let before = notes(&field).len();
    let request = Request { changes: vec![b"no change".to_vec(); 40], ..Request::default() };
    for _ in 0..30 {
        field.answer_to(&anna, request.clone());
    }
    let once = [("REFUSED".to_owned(), Some("anna".to_owned()), vec![], Some(40), Some("MALFORMED".to_owned()))];
    assert_eq!(since(&field, before), once);
    field.clock.pass_minutes(11);
    field.answer_to(&anna, request);
    assert_eq!(since(&field, before)[1].3, Some(30 * 40));
}

#[test]
fn a_revoked_phone_that_keeps_asking_is_one_line_and_a_count_that_outlives_the_server() {
    let mut field = Field::new(84);
    let anna = field.enrolled("anna", Role::Coach);
    let revoke = veldboek_core::wire::RevokeRequest {
        version: VERSION,
        device: id(&anna),
        reason: Some("telefoon verloren".into()),
        accept_unsent: false,
    };
    field.server(Work::Revoke(None, revoke)).unwrap();
    let before = notes(&field).len();
    for _ in 0..7 {
        field.server(Work::Exchange(id(&anna), Request::default().into())).unwrap_err();
    }
    let line = |times| ("AUTHENTICATION_FAILED".into(), Some("anna".into()), vec![], Some(times), Some("REVOKED".into()));
    assert_eq!(since(&field, before), [line(1)]);
    // The server stops.
    field.region.note_contacts(&mut field.dice).unwrap();
    assert_eq!(since(&field, before), [line(1), line(6)]);
}
