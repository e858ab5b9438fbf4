//! Somebody has the server's machine to himself for a night, with its keys, and does not want a line of the record book to have
//! been there. He cuts, changes, takes out, swaps, or writes all of it anew; in the morning Anna's phone is in contact.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;

use veldboek_core::disk::{Disk, MemoryDisk};
use veldboek_core::field_book::RecordBook;
use veldboek_core::ids::{DocumentId, Epoch};
use veldboek_core::journal::{Journal, Kind, NewRecord, Payload, Record};
use veldboek_core::notes::EpochNote;
use veldboek_core::statement::Role;
use veldboek_core::sync::server::Region;
use veldboek_core::wire::{Request, Seen};
use veldboek_tests::{Device, Dice, Field};

/// A region in which Anna was in contact, and then again after Carla wrote.
struct Village {
    field: Field,
    anna: Device,
    carla: Device,
    dossier: DocumentId,
}

fn village(seed: u64) -> Village {
    let mut field = Field::new(seed);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let dossier = field.dossier(&mut carla, "WF-2025-0001");
    let from = "2025-01-01".parse().unwrap();
    carla.book.grant(dossier, ("anna".into(), from, None), field.clock.now(), &mut field.dice).unwrap();
    for day in 0..8 {
        field.visit(&mut carla, dossier, &format!("Dag {day}"));
        field.sync(&mut carla);
        field.sync(&mut anna);
        field.clock.pass_minutes(24 * 60);
    }
    assert_eq!(field.sync(&mut anna).0.record_book, RecordBook::GoesOn);
    Village { field, anna, carla, dossier }
}

/// The files of a disk.
fn files(disk: &dyn Disk) -> BTreeMap<String, Vec<u8>> {
    disk.list().unwrap().into_iter().map(|name| (name.clone(), disk.read(&name, 0, usize::MAX).unwrap())).collect()
}

fn disk_of(files: &BTreeMap<String, Vec<u8>>) -> Arc<dyn Disk> {
    let disk = MemoryDisk::default();
    for (name, bytes) in files {
        disk.append(name, bytes).unwrap();
        disk.sync(name).unwrap();
    }
    Arc::new(disk)
}

/// A disk whose journal holds these records, chained anew with the server's own keys, in segments of this size.
fn written_anew(field: &Field, records: Vec<Record>, segment: u64) -> Arc<dyn Disk> {
    let mut kept = files(&*field.server_disk());
    kept.retain(|name, _| !name.starts_with("journal/"));
    let disk = disk_of(&kept);
    let mut journal = Journal::open_with(disk.clone(), segment).unwrap();
    let keyring = field.server_keyring();
    for record in records {
        let Payload::Bytes(payload) = record.payload else { panic!("nothing was erased here") };
        let mut writer = journal.write().unwrap();
        let record = NewRecord { kind: record.kind, key: record.key, payload };
        writer.append(&keyring, &mut Dice::new(record.payload.len() as u64), &[record]).unwrap();
        writer.commit().unwrap();
    }
    disk
}

fn is_whole(field: &Field, disk: &Arc<dyn Disk>) -> bool {
    Journal::verify(&**disk, &field.server_keyring()).is_ok_and(|found| found.is_whole() && found.unfinished == 0)
}

/// The journal passes as whole by itself, and Anna's phone finds it out; the server keeps the evidence.
fn found_by_anna(village: Village, disk: Arc<dyn Disk>) {
    let Village { mut field, mut anna, carla: _, dossier } = village;
    assert!(is_whole(&field, &disk), "by itself nothing is wrong with it");
    let (head, _) = anna.book.server_heads();
    let (number, hash) = head.map(|head| (head.number, head.hash)).unwrap();
    let contained = Journal::verify(&*disk, &field.server_keyring()).unwrap().seq_of(&hash);
    assert_eq!(contained, None, "`verify --head` with what the phone shows finds it too");

    field.server_goes_on_from(disk).unwrap();
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!(outcome.record_book, RecordBook::Contradicted { number });
    let (_, doubts) = anna.book.server_heads();
    assert_eq!(doubts.len(), 1);
    let kept = Region::contradictions(&field.server_disk(), &field.server_keyring()).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].device, kept[0].number, kept[0].hash), (anna.book.identity().device, number, hash));

    // Said once, kept on both sides, and life goes on.
    field.restart_server();
    anna.restart();
    field.visit(&mut anna, dossier, "De dag erna");
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.record_book, outcome.accepted > 0), (RecordBook::GoesOn, true));
    assert_eq!(Region::contradictions(&field.server_disk(), &field.server_keyring()).unwrap().len(), 1);
    assert_eq!(anna.book.server_heads().1.len(), 1);
    // The person is told until they say that they know.
    assert_eq!(anna.book.record_book_to_tell(), RecordBook::Contradicted { number });
    assert_eq!(anna.book.status().unwrap().contradicted, Some(number));
    assert_eq!(anna.book.acknowledge_contradiction(field.clock.now(), &mut field.dice).unwrap(), 1);
    anna.restart();
    assert_eq!((anna.book.record_book_to_tell(), anna.book.server_heads().1.len()), (RecordBook::GoesOn, 1));
}

#[test]
fn the_last_lines_are_cut_off() {
    for cut in [1, 2, 9] {
        let village = village(900 + cut as u64);
        let mut records = village.field.records();
        records.truncate(records.len() - cut);
        // As a file that is cut where a record begins.
        let disk = written_anew(&village.field, records, u64::MAX);
        let whole = files(&*village.field.server_disk())["journal/00000001.vbj"].len();
        assert!(disk.len("journal/00000001.vbj").unwrap().unwrap() < whole as u64);
        let mut all = files(&*village.field.server_disk());
        let kept = disk.len("journal/00000001.vbj").unwrap().unwrap() as usize;
        all.get_mut("journal/00000001.vbj").unwrap().truncate(kept);
        found_by_anna(village, disk_of(&all));
    }
}

#[test]
fn a_line_about_reading_is_left_out_and_all_that_follows_is_chained_anew() {
    let village = village(910);
    let mut records = village.field.records();
    let line = records.iter().position(|record| record.kind == Kind::Audit).expect("Anna read");
    records.remove(line);
    let disk = written_anew(&village.field, records, u64::MAX);
    found_by_anna(village, disk);
}

#[test]
fn everything_is_written_anew_with_as_many_lines_and_other_words() {
    let village = village(911);
    let mut records = village.field.records();
    let line = records.iter().rposition(|record| record.kind == Kind::Contact).expect("somebody was in contact");
    let Payload::Bytes(bytes) = &mut records[line].payload else { panic!("a contact") };
    *bytes.last_mut().unwrap() ^= 1;
    let disk = written_anew(&village.field, records, u64::MAX);
    found_by_anna(village, disk);
}

#[test]
fn two_lines_are_swapped_and_chained_anew() {
    let village = village(912);
    let mut records = village.field.records();
    let visits: Vec<usize> = (0..records.len()).filter(|at| records[*at].kind == Kind::Audit).collect();
    records.swap(visits[1], visits[3]);
    let disk = written_anew(&village.field, records, u64::MAX);
    found_by_anna(village, disk);
}

#[test]
fn an_older_copy_is_put_back_in_silence() {
    let mut village = village(913);
    let copy = files(&*village.field.server_disk());
    let Village { field, anna, carla, dossier } = &mut village;
    field.visit(carla, *dossier, "Na de kopie");
    field.sync(carla);
    field.sync(anna);
    found_by_anna(village, disk_of(&copy));
}

#[test]
fn any_changed_byte_is_found_by_the_server_itself() {
    let village = village(914);
    let all = files(&*village.field.server_disk());
    let journal = &all["journal/00000001.vbj"];
    for at in (0..journal.len()).step_by(211).chain([journal.len() - 1]) {
        let mut changed = all.clone();
        changed.get_mut("journal/00000001.vbj").unwrap()[at] ^= 0x20;
        let disk = disk_of(&changed);
        let hash = village.field.records().last().unwrap().hash;
        let found = Journal::verify(&*disk, &village.field.server_keyring()).unwrap();
        // At the very end it may look like a write that was cut off: then the head is missing.
        let noticed = !found.is_whole() || found.seq_of(&hash).is_none();
        assert!(noticed, "byte {at} of {}", journal.len());
    }
}

#[test]
fn a_segment_is_taken_out_of_the_middle_or_two_lines_change_places() {
    let village = village(915);
    let records = village.field.records();
    let count = records.len();
    let disk = written_anew(&village.field, records, 2_000);
    let segments: Vec<String> = files(&*disk).into_keys().filter(|name| name.starts_with("journal/")).collect();
    assert!(segments.len() > 4, "{segments:?}");
    assert!(is_whole(&village.field, &disk));
    for gone in &segments[..segments.len() - 1] {
        let mut rest = files(&*disk);
        rest.remove(gone);
        assert!(!is_whole(&village.field, &disk_of(&rest)), "{gone}");
    }

    let all = files(&*village.field.server_disk());
    let journal = &all["journal/00000001.vbj"];
    let starts: Vec<usize> = (0..journal.len() - 4).filter(|at| &journal[*at..at + 4] == b"VBJ1").collect();
    assert_eq!(starts.len(), count);
    let (one, two, end) = (starts[5], starts[6], starts[7]);
    let swapped = [&journal[..one], &journal[two..end], &journal[one..two], &journal[end..]].concat();
    let mut changed = all.clone();
    changed.insert("journal/00000001.vbj".into(), swapped);
    assert!(!is_whole(&village.field, &disk_of(&changed)));
}

#[test]
fn a_backup_that_was_put_back_openly_is_a_notice_and_no_accusation() {
    let mut village = village(916);
    let backup = files(&*village.field.server_disk());
    {
        let Village { field, anna, carla, dossier } = &mut village;
        field.visit(carla, *dossier, "Na de reservekopie");
        field.sync(carla);
        field.sync(anna);
    }
    let Village { mut field, mut anna, .. } = village;
    field.server_goes_on_from(with_new_life(&field, disk_of(&backup))).unwrap();
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!(outcome.record_book, RecordBook::Restored);
    assert_eq!(anna.book.server_heads().1, []);
    assert_eq!(Region::contradictions(&field.server_disk(), &field.server_keyring()).unwrap(), []);
    assert_eq!(field.sync(&mut anna).0.record_book, RecordBook::GoesOn);
    // Whichever command heard it: it is to be told until the person was told.
    anna.restart();
    assert_eq!(anna.book.record_book_to_tell(), RecordBook::Restored);
    anna.book.told_of_new_life(field.clock.now(), &mut field.dice).unwrap();
    anna.restart();
    assert_eq!(anna.book.record_book_to_tell(), RecordBook::GoesOn);
}

#[test]
fn a_new_life_explains_what_was_missing_before_it() {
    let mut village = village(923);
    let copy = files(&*village.field.server_disk());
    {
        let Village { field, anna, carla, dossier } = &mut village;
        field.visit(carla, *dossier, "Na de kopie");
        field.sync(carla);
        field.sync(anna);
    }
    let Village { mut field, mut anna, .. } = village;
    field.server_goes_on_from(disk_of(&copy)).unwrap();
    field.sync(&mut anna);
    assert!(matches!(anna.book.record_book_to_tell(), RecordBook::Contradicted { .. }));
    let again = with_new_life(&field, disk_of(&files(&*field.server_disk())));
    field.server_goes_on_from(again).unwrap();
    field.sync(&mut anna);
    assert_eq!((anna.book.record_book_to_tell(), anna.book.contradicted()), (RecordBook::Restored, None));
    assert_eq!(anna.book.server_heads().1.len(), 1, "the evidence stays");
}

/// Anna saw the first life to its end; a backup from before that was put back, and later, before she was in contact again, a
/// backup of the second life. What she saw lies below where the third began, and beyond where the second did.
fn restored_twice(seed: u64) -> (Field, Device) {
    let mut village = village(seed);
    let backup = files(&*village.field.server_disk());
    {
        let Village { field, anna, carla, dossier } = &mut village;
        field.visit(carla, *dossier, "Na de reservekopie");
        field.sync(carla);
        field.sync(anna);
        field.server_goes_on_from(with_life(field, disk_of(&backup), 9)).unwrap();
        for day in 0..8 {
            field.visit(carla, *dossier, &format!("Dag {day} van het tweede leven"));
            field.sync(carla);
            field.clock.pass_minutes(24 * 60);
        }
    }
    let Village { mut field, anna, .. } = village;
    let seen = anna.book.server_heads().0.unwrap().number;
    assert!(seen < field.records().len() as u64, "the second life went further than she saw");
    let second = disk_of(&files(&*field.server_disk()));
    field.server_goes_on_from(with_life(&field, second, 10)).unwrap();
    (field, anna)
}

#[test]
fn two_restores_are_no_accusation_either() {
    let (mut field, mut anna) = restored_twice(921);
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!(outcome.record_book, RecordBook::Restored);
    assert_eq!(anna.book.server_heads().1, []);
    assert_eq!(Region::contradictions(&field.server_disk(), &field.server_keyring()).unwrap(), []);
    assert_eq!(field.sync(&mut anna).0.record_book, RecordBook::GoesOn);
}

#[test]
fn what_was_told_before_the_first_of_two_restores_still_binds() {
    let mut village = village(922);
    let seen = village.anna.copy();
    {
        let Village { field, anna, carla, dossier } = &mut village;
        field.visit(carla, *dossier, "Daarna");
        field.sync(carla);
        field.sync(anna);
    }
    let Village { mut field, .. } = village;
    let mut anna = seen;
    let mut records = field.records();
    let line = records.iter().position(|record| record.kind == Kind::Audit).expect("Anna read");
    records.remove(line);
    let once = with_life(&field, written_anew(&field, records, u64::MAX), 9);
    let twice = with_life(&field, once, 10);
    field.server_goes_on_from(twice).unwrap();
    let (outcome, _) = field.sync(&mut anna);
    assert!(matches!(outcome.record_book, RecordBook::Contradicted { .. }), "{outcome:?}");
    assert_eq!(Region::contradictions(&field.server_disk(), &field.server_keyring()).unwrap().len(), 1);
}

#[test]
fn a_rewritten_past_is_found_also_under_the_flag_of_a_restore() {
    let village = village(917);
    let mut records = village.field.records();
    let line = records.iter().position(|record| record.kind == Kind::Audit).expect("Anna read");
    records.remove(line);
    // As many lines as Anna saw, so that her head is from before the new life.
    let filler = records.last().unwrap().clone();
    records.extend([filler.clone(), filler]);
    let disk = with_new_life(&village.field, written_anew(&village.field, records, u64::MAX));
    let Village { mut field, mut anna, .. } = village;
    field.server_goes_on_from(disk).unwrap();
    let (outcome, _) = field.sync(&mut anna);
    assert!(matches!(outcome.record_book, RecordBook::Contradicted { .. }), "{outcome:?}");
    assert_eq!(Region::contradictions(&field.server_disk(), &field.server_keyring()).unwrap().len(), 1);
}

#[test]
fn a_device_cannot_accuse_the_server_of_a_head_that_it_never_told() {
    let Village { mut field, anna, .. } = village(918);
    let (cursor, told) = {
        let mut copy = anna.copy();
        let (request, _) = copy.book.request(None).unwrap();
        (request.cursor, request.seen.unwrap())
    };
    let lie = |seen: Seen| Request { cursor: cursor.clone(), seen: Some(seen), ..Request::default() };
    let before = field.records().len();
    let (_, _, _, epoch) = field.region.identity();
    let forged = anna.book.device_keys().sign("veldboek/head/1", &[epoch.as_bytes(), &7_u64.to_be_bytes(), &[7; 32]]);
    for seen in [
        Seen::brief(7, &[7; 32]),
        Seen { number: u64::MAX, ..told.clone() },
        Seen { hash: Vec::new(), ..told.clone() },
        Seen::proof(epoch, 7, &[7; 32], forged),
    ] {
        let answer = field.answer_to(&anna, lie(seen));
        assert_eq!(answer.head.map(|head| head.doubted), Some(Some(true)), "it hears the truth");
    }
    assert_eq!(field.records().len(), before, "and nothing of it is kept");
    assert_eq!(Region::contradictions(&field.server_disk(), &field.server_keyring()).unwrap(), []);
}

#[test]
fn two_programs_on_one_phone_do_not_raise_a_false_alarm() {
    let Village { mut field, mut anna, mut carla, dossier } = village(919);
    let mut second = anna.second_process();
    field.visit(&mut carla, dossier, "Nieuws");
    let (request, sent) = anna.book.request(None).unwrap();
    let late = field.answer_to(&anna, request);
    field.sync(&mut carla);
    assert_eq!(field.sync(&mut second).0.record_book, RecordBook::GoesOn);
    let newest = second.book.server_heads().0.unwrap().number;
    // The answer that was on its way all the time knows an older head.
    let outcome = anna.book.answer(sent, late, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(outcome.record_book, RecordBook::GoesOn);
    assert_eq!(anna.book.server_heads().0.unwrap().number, newest);
}

/// Appends what `restore` appends: a new life.
fn with_new_life(field: &Field, disk: Arc<dyn Disk>) -> Arc<dyn Disk> {
    with_life(field, disk, 9)
}

fn with_life(field: &Field, disk: Arc<dyn Disk>, life: u8) -> Arc<dyn Disk> {
    let keyring = field.server_keyring();
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut writer = journal.write().unwrap();
    writer.read_new(&keyring, &mut |_| {}).unwrap();
    let note = EpochNote { epoch: Epoch::from_bytes([life; 16]), at: field.clock.0, region: None, held: None };
    let record = NewRecord { kind: Kind::Epoch, key: keyring.store_key_id(), payload: note.encode() };
    writer.append(&keyring, &mut Dice::new(9), &[record]).unwrap();
    writer.commit().unwrap();
    disk
}
