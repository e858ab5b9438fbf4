//! A dossier is erased: at the server, on every device that comes into contact, and for ever. What stays are tombstones that
//! say nothing; what was in backups without the newest keyring is noise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::clock::Day;
use veldboek_core::disk::Disk;
use veldboek_core::field_book::FieldBookError;
use veldboek_core::ids::{DocumentId, TraineeId};
use veldboek_core::journal::{Journal, Kind, Payload};
use veldboek_core::keyring::Keyring;
use veldboek_core::keys::DeviceKeys;
use veldboek_core::record::Record;
use veldboek_core::statement::{DocumentKind, Erasure, Opening, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{ErasureOrder, RegionError, Work};
use veldboek_core::trainee::Trainee;
use veldboek_core::wire::{Reason, Verdict};
use veldboek_tests::{Device, Field};

fn days() -> (Day, Option<Day>) {
    ("2025-01-01".parse().unwrap(), None)
}

/// A coordinator with a dossier that a coach has too, everything synced.
fn school(seed: u64) -> (Field, Device, Device, DocumentId) {
    let mut field = Field::new(seed);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let trainee = Trainee {
        id: Some(TraineeId::fresh(field.clock.0, &mut field.dice)),
        reference: Some("WF-2025-0001".into()),
        given_name: Some("Sanne".into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let dossier = carla.book.found(trainee.create(""), field.clock.now(), &mut field.dice).unwrap();
    let (from, until) = days();
    carla.book.grant(dossier, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.visit(&mut anna, dossier, "Sanne vertelde over thuis");
    field.sync(&mut anna);
    field.sync(&mut carla);
    (field, carla, anna, dossier)
}

/// What a store's journal holds that its keys still open, by kind; and how many records are gone.
fn readable(disk: &Arc<dyn Disk>, keyring: &Keyring) -> (Vec<(Kind, Vec<u8>)>, usize) {
    let (mut open, mut gone) = (Vec::new(), 0);
    let mut journal = Journal::open(disk.clone()).unwrap();
    journal
        .read_new(keyring, &mut |record| match record.payload {
            Payload::Bytes(bytes) => open.push((record.kind, bytes)),
            Payload::Gone => gone += 1,
        })
        .unwrap();
    (open, gone)
}

fn holds(records: &[(Kind, Vec<u8>)], needle: &[u8]) -> Vec<Kind> {
    records.iter().filter(|(_, bytes)| bytes.windows(needle.len()).any(|part| part == needle)).map(|(kind, _)| *kind).collect()
}

#[test]
fn a_dossier_is_erased_while_a_device_is_away_for_weeks() {
    let (mut field, mut carla, mut anna, dossier) = school(51);
    let trainee = carla.book.dossier(dossier).unwrap().trainee.clone();
    let beheer = field.enrolled("beheer", Role::Administrator);
    let by_beheer = Some(beheer.book.identity().device);
    // Anna goes away; what she writes stays on her phone.
    field.visit(&mut anna, dossier, "Nooit verstuurd");

    // A coach cannot ask, and nobody confirms what was not asked.
    let asked = anna.book.ask_erasure(dossier, false, field.clock.now(), &mut field.dice);
    assert!(matches!(asked, Err(FieldBookError::NotAllowed(_))));
    assert!(matches!(field.server(Work::Erasures(by_beheer, ErasureOrder::Confirm(dossier))), Err(RegionError::Unfit(_))));

    carla.book.ask_erasure(dossier, false, field.clock.now(), &mut field.dice).unwrap();
    assert!(carla.book.erasure_asked(&dossier).is_some());
    field.sync(&mut carla);
    field.restart_server();
    let pending = field.erasures(ErasureOrder::List);
    assert_eq!((pending.len(), pending[0].document, pending[0].erased_at), (1, dossier, None));
    assert_eq!(pending[0].asked_by.as_deref(), Some("carla"));
    // Who asks does not confirm.
    let by_carla = Some(carla.book.identity().device);
    assert!(matches!(field.server(Work::Erasures(by_carla, ErasureOrder::Confirm(dossier))), Err(RegionError::NotAllowed)));
    assert_eq!(carla.summaries(dossier).len(), 1, "as long as nobody confirmed, nothing is gone");

    let before = readable(field.disk(), &field.keyring());
    field.server(Work::Erasures(by_beheer, ErasureOrder::Confirm(dossier))).unwrap();
    // At the server: the key is gone, and with it every record of the dossier; the chain still holds.
    assert_eq!(field.keyring().document_key(dossier), None);
    let (open, gone) = readable(field.disk(), &field.keyring());
    assert!(gone >= 4 && holds(&before.0, b"Sanne").len() >= 2, "{gone}");
    let reference = trainee.reference.unwrap();
    for needle in [b"Sanne".as_slice(), reference.as_bytes(), trainee.id.unwrap().as_bytes()] {
        assert_eq!(holds(&open, needle), [], "{needle:?}");
    }
    // Of the people around it no more than that a tombstone exists: it names the document and nothing else.
    let named = holds(&open, dossier.as_bytes()).into_iter().filter(|kind| *kind != Kind::Audit);
    assert_eq!(named.collect::<Vec<_>>(), [Kind::ErasureNote, Kind::Erasure]);
    assert!(field.region.verify().unwrap().is_whole());
    field.restart_server();
    assert!(field.region.verify().unwrap().is_whole());

    // The coordinator's laptop wipes at its next contact and says so; the list shows who has not.
    let (outcome, _) = field.sync(&mut carla);
    assert_eq!(outcome.wiped.len(), 1);
    assert_eq!((outcome.wiped[0].reference.as_deref(), outcome.wiped[0].unsent), (Some("WF-2025-0001"), 0));
    assert!(matches!(carla.book.dossier(dossier), Err(FieldBookError::UnknownDossier(_))));
    let listed = field.erasures(ErasureOrder::List);
    assert_eq!((listed.len(), listed[0].confirmed), (1, 1));
    assert_eq!(listed[0].waiting.iter().map(|one| one.person.as_str()).collect::<Vec<_>>(), ["anna"]);
    assert!(listed[0].waiting[0].last_contact.is_some());

    // Three weeks later Anna is back: her phone wipes, what she had not sent too, and she is told.
    field.clock.pass_minutes(3 * 7 * 24 * 60);
    anna.restart();
    assert_eq!(anna.summaries(dossier).len(), 2);
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.wiped.len(), outcome.wiped[0].unsent, outcome.refused.len()), (1, 1, 0));
    assert!(anna.book.find("WF-2025-0001").is_err());
    let written = anna.book.perform(dossier, Vec::new(), field.clock.now(), &mut field.dice);
    assert!(matches!(written, Err(FieldBookError::Erased(_))));
    let (open, gone) = readable(anna.disk(), anna.book.keyring());
    assert!(gone > 0);
    for needle in [b"Sanne".as_slice(), b"Nooit verstuurd", reference.as_bytes()] {
        assert_eq!(holds(&open, needle), [], "{needle:?}");
    }
    anna.restart();
    assert_eq!(anna.book.status().unwrap().dossiers, 0);
    assert!(anna.book.verify().unwrap().is_whole());
    let listed = field.erasures(ErasureOrder::List);
    assert_eq!((listed[0].confirmed, listed[0].waiting.len(), listed[0].unsent), (2, 0, 1));
    let (outcome, line) = field.sync(&mut anna);
    assert_eq!((outcome.wiped.len(), line.round_trips), (0, 1));
}

#[test]
fn a_request_that_is_taken_back_or_refused_erases_nothing() {
    let (mut field, mut carla, mut anna, dossier) = school(52);
    carla.book.ask_erasure(dossier, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    assert!(anna.book.erasure_asked(&dossier).is_some(), "the coach sees that it is coming");
    field.clock.pass_minutes(1);
    carla.book.ask_erasure(dossier, true, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    assert_eq!(field.erasures(ErasureOrder::List), []);
    field.clock.pass_minutes(1);
    carla.book.ask_erasure(dossier, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.clock.pass_minutes(1);
    field.erasures(ErasureOrder::Refuse(dossier));
    field.sync(&mut carla);
    field.sync(&mut anna);
    for device in [&carla, &anna] {
        assert!(device.book.erasure_asked(&dossier).is_none());
    }
    assert_eq!(anna.summaries(dossier).len(), 1);
}

fn erase(field: &mut Field, carla: &mut Device, dossier: DocumentId) {
    carla.book.ask_erasure(dossier, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(carla);
    field.erasures(ErasureOrder::Confirm(dossier));
    field.sync(carla);
}

#[test]
fn nothing_brings_an_erased_dossier_back() {
    let (mut field, mut carla, mut anna, dossier) = school(53);
    let trainee = carla.book.dossier(dossier).unwrap().trainee.clone();
    // A copy of everything, from before: its statements and changes are pushed as they are.
    let mut old = anna.copy();
    field.visit(&mut old, dossier, "Van een kopie");
    let (late, _) = old.book.request(None).unwrap();
    erase(&mut field, &mut carla, dossier);
    field.sync(&mut anna);
    let answer = field.answer_to(&old, late);
    assert_eq!(answer.verdicts, [Verdict::Refused(Reason::Erased.into())]);
    // The same trainee in a document of another name gets a tombstone too.
    let again = old.book.found(trainee.create(""), field.clock.now(), &mut field.dice).unwrap();
    field.restart_server();
    let (outcome, _) = field.sync(&mut old);
    let mut wiped: Vec<DocumentId> = outcome.wiped.iter().map(|one| one.document).collect();
    wiped.sort();
    let mut both = vec![dossier, again];
    both.sort();
    assert_eq!(wiped, both);
    assert_eq!((old.book.status().unwrap().dossiers, old.book.status().unwrap().unsynced), (0, 0));
    let (open, _) = readable(field.disk(), &field.keyring());
    assert_eq!(holds(&open, trainee.id.unwrap().as_bytes()), []);

    // A forged opening puts no tombstone on somebody else's dossier.
    let other = field.dossier(&mut carla, "WF-2025-0002");
    field.sync(&mut carla);
    assert_eq!(carla.book.status().unwrap().dossiers, 1);
    let forged = Statement::Opening(Opening {
        document: other,
        kind: DocumentKind::Dossier,
        founding: 1,
        trainee: trainee.id,
        organisation: "school-1".into(),
        person: "anna".into(),
        at: field.clock.0,
        replaces: None,
    });
    let (mut request, _) = anna.book.request(None).unwrap();
    request.statements.push(SignedStatement::sign(&forged, &DeviceKeys::from_bytes(&[3; 64])).unwrap().bytes().to_vec());
    request.statements.push(SignedStatement::sign(&forged, anna.book.device_keys()).unwrap().bytes().to_vec());
    let answer = field.answer_to(&anna, request);
    assert!(answer.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Refused(_))), "{:?}", answer.verdicts);
    field.sync(&mut carla);
    assert_eq!(carla.book.status().unwrap().dossiers, 1);
}

#[test]
fn a_phone_restored_from_its_own_backup_forks_nothing_and_wipes_what_was_erased_meanwhile() {
    let (mut field, mut carla, mut anna, dossier) = school(54);
    let other = field.dossier(&mut anna, "WF-2025-0002");
    field.sync(&mut anna);
    let mut restored = anna.backup();
    // After the backup Anna works on, and a dossier is erased.
    field.visit(&mut anna, other, "Na de back-up");
    field.sync(&mut anna);
    erase(&mut field, &mut carla, dossier);
    field.sync(&mut anna);
    drop(anna);

    assert!(restored.book.find("WF-2025-0001").is_ok(), "the backup still has it");
    field.visit(&mut restored, other, "Op de teruggezette telefoon");
    let (outcome, _) = field.sync(&mut restored);
    assert_eq!((outcome.wiped.len(), outcome.refused.len(), outcome.unusable), (1, 0, 0));
    assert!(restored.book.find("WF-2025-0001").is_err());
    assert_eq!(restored.summaries(other), ["Na de back-up", "Op de teruggezette telefoon"]);
    assert_eq!(restored.book.status().unwrap().unsynced, 0);
    field.sync(&mut carla);
    assert_eq!(carla.summaries(other), ["Na de back-up", "Op de teruggezette telefoon"]);
    assert_eq!(field.erasures(ErasureOrder::List)[0].waiting, []);
}

#[test]
fn word_of_an_erasure_travels_in_a_bundle_too_and_by_nobody_elses_hand() {
    let (mut field, mut carla, mut anna, dossier) = school(56);
    erase(&mut field, &mut carla, dossier);
    let other = field.dossier(&mut carla, "WF-2025-0002");
    let (from, until) = days();
    carla.book.grant(other, ("anna".into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    let (bundle, _) = carla.book.export_bundle(true, &["anna".into()], field.clock.now(), &mut field.dice).unwrap();
    // Anna has no line for weeks; a colleague comes by with a stick.
    let merged = anna.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(merged.wiped.iter().map(|one| one.document).collect::<Vec<_>>(), [dossier]);
    assert_eq!(anna.book.keyring().document_key(dossier), None);
    assert!(anna.book.find("WF-2025-0001").is_err() && anna.book.find("WF-2025-0002").is_ok());
    // Her receipt goes with her next contact.
    assert_eq!(field.erasures(ErasureOrder::List)[0].waiting.len(), 1);
    field.sync(&mut anna);
    assert_eq!(field.erasures(ErasureOrder::List)[0].waiting, []);

    // The same word by a device, even a coordinator's, wipes nothing.
    let (_, mut carla, mut bram, dossier) = school(57);
    let forged = Statement::Erasure(Erasure {
        document: dossier,
        at: field.clock.0,
        trainee: None,
        replaced_by: None,
        withdrawn: Vec::new(),
    });
    let content = Content {
        statements: vec![SignedStatement::sign(&forged, carla.book.device_keys()).unwrap().bytes().to_vec()],
        changes: Vec::new(),
        receipts: Vec::new(),
    };
    let recipients = [bram.book.device_keys().public()];
    let region = bram.book.identity().region;
    let sender = carla.book.identity().device;
    let bundle = Bundle::seal(&content, &region, sender, &recipients, &mut field.dice).unwrap();
    let merged = bram.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap();
    assert!(merged.wiped.is_empty());
    assert_eq!(bram.summaries(dossier).len(), 1);
    assert_eq!(carla.summaries(dossier).len(), 1);
}

#[test]
fn a_crash_between_the_word_and_the_key_is_made_good() {
    let (mut field, mut carla, mut anna, dossier) = school(55);
    carla.book.ask_erasure(dossier, false, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.erasures(ErasureOrder::Confirm(dossier));
    // The keyring of before comes back, as after a crash before it was replaced: at the server ...
    let twin = anna.copy();
    field.sync(&mut anna);
    // ... and on a device: the journal says erased, the key is still here.
    let journal = "journal/00000001.vbj";
    let bytes = anna.disk().read(journal, 0, usize::MAX).unwrap();
    let known = twin.disk().len(journal).unwrap().unwrap() as usize;
    twin.disk().append(journal, &bytes[known..]).unwrap();
    twin.disk().sync(journal).unwrap();
    let mut twin = twin;
    twin.restart();
    assert!(twin.book.keyring().document_key(dossier).is_some());
    assert!(twin.book.find("WF-2025-0001").is_err(), "out of sight at once");
    twin.book.mend(field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(twin.book.keyring().document_key(dossier), None);
}
