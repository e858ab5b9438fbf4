//! A note was typed into the wrong dossier. It is withdrawn: the dossier goes on in another document, the one with the note is
//! erased everywhere, and nothing else is lost, whoever was writing in it at that time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::clock::Day;
use veldboek_core::field_book::{ConflictKind, FieldBookError, Job, NotWithdrawn, Target};
use veldboek_core::ids::{DocumentId, EntryId, TraineeId, VisitId};
use veldboek_core::journal::{Journal, Payload};
use veldboek_core::ledger::Ledger;
use veldboek_core::record::{Container, Lang, Record, Scalar, Write};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::ErasureOrder;
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::{Agreement, Visit};
use veldboek_core::wire::Reason;
use veldboek_tests::{Device, Field};

const WRONG: &str = "Dit gaat over een heel ander kind";

struct Town {
    field: Field,
    carla: Device,
    anna: Device,
    bram: Device,
    old: DocumentId,
    trainee: TraineeId,
}

fn always() -> (Day, Option<Day>) {
    ("2025-01-01".parse().unwrap(), None)
}

/// Carla coordinates; Anna and Bram share a dossier, everything synced.
fn town(seed: u64) -> Town {
    let mut field = Field::new(seed);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut bram = field.enrolled("bram", Role::Coach);
    let trainee = TraineeId::fresh(field.clock.0, &mut field.dice);
    let record = Trainee {
        id: Some(trainee),
        reference: Some("WF-2025-0001".into()),
        given_name: Some("Sanne".into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let old = carla.book.found(record.create(""), field.clock.now(), &mut field.dice).unwrap();
    let (from, until) = always();
    for coach in ["anna", "bram"] {
        carla.book.grant(old, (coach.into(), from, until), field.clock.now(), &mut field.dice).unwrap();
    }
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.sync(&mut bram);
    Town { field, carla, anna, bram, old, trainee }
}

/// A visit of a coach; its id.
fn visit(field: &mut Field, device: &mut Device, document: DocumentId, coach: &str, summary: &str) -> EntryId {
    let id = VisitId::fresh(field.clock.0, &mut field.dice);
    let visit = Visit {
        coach: Some(coach.into()),
        summary: Some(summary.into()),
        duration_min: Some(30),
        recorded_at: Some(field.clock.0),
        ..Visit::default()
    };
    device.book.perform(document, visit.create(&id.to_string()), field.clock.now(), &mut field.dice).unwrap();
    EntryId::from_bytes(*id.as_bytes())
}

fn holds(
    device_or_server: (&std::sync::Arc<dyn veldboek_core::disk::Disk>, &veldboek_core::keyring::Keyring),
    text: &str,
) -> usize {
    let (disk, keyring) = device_or_server;
    let mut found = 0;
    let mut journal = Journal::open(disk.clone()).unwrap();
    journal
        .read_new(keyring, &mut |record| {
            if let Payload::Bytes(bytes) = record.payload {
                found += usize::from(bytes.windows(text.len()).any(|part| part == text.as_bytes()));
            }
        })
        .unwrap();
    found
}

fn only(device: &mut Device) -> DocumentId {
    let dossiers = device.book.dossiers().unwrap();
    assert_eq!(dossiers.len(), 1, "one trainee, one dossier");
    dossiers[0].0
}

#[test]
fn a_note_typed_into_the_wrong_dossier_is_gone_and_a_colleagues_offline_work_is_not() {
    let Town { mut field, mut carla, mut anna, mut bram, old, trainee } = town(71);
    visit(&mut field, &mut anna, old, "anna", "Goed gewerkt");
    let wrong = visit(&mut field, &mut anna, old, "anna", WRONG);
    let agreement = Agreement { visit: VisitId::from_slice(wrong.as_bytes()), text: Some(WRONG.into()), ..Agreement::default() };
    let of = EntryId::fresh(field.clock.0, &mut field.dice).to_string();
    anna.book.perform(old, agreement.create(&of), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.sync(&mut carla);
    // Bram writes offline: a visit of his own, a cell of the trainee's, and something to the very note.
    visit(&mut field, &mut bram, old, "bram", "Bram zonder bereik");
    field.edit(&mut bram, old, "gm", "GM0453");
    let minutes = veldboek_core::record::Write {
        container: veldboek_core::record::Container::Visits,
        entry: wrong.to_string(),
        key: "m".into(),
        value: Scalar::Int(99),
    };
    bram.book.perform(old, vec![minutes], field.clock.now(), &mut field.dice).unwrap();

    // Not Bram's to withdraw. Anna does, without a connection, and writes on.
    let refused = bram.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice);
    assert!(matches!(refused, Err(FieldBookError::NotAllowed(_))));
    let new = anna.book.withdraw(old, &[wrong], Some("verkeerd dossier"), field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(only(&mut anna), new);
    assert_eq!(anna.summaries(new), ["Goed gewerkt"]);
    assert!(anna.book.dossier(new).unwrap().agreements.is_empty());
    visit(&mut field, &mut anna, new, "anna", "Daarna");
    anna.restart();
    assert_eq!(only(&mut anna), new);

    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.refused.len(), outcome.quarantined), (0, 0));
    assert_eq!(outcome.wiped.iter().map(|one| (one.document, one.replaced_by)).collect::<Vec<_>>(), [(old, Some(new))]);
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
    assert_eq!(field.keyring().document_key(old), None);
    assert_eq!(holds((field.disk(), &field.keyring()), WRONG), 0);
    assert_eq!(holds((anna.disk(), anna.book.keyring()), WRONG), 0);
    field.restart_server();

    // Bram comes back: his phone performs his own work again in the new document, and forgets the note.
    let (outcome, _) = field.sync(&mut bram);
    assert_eq!((outcome.wiped.len(), outcome.wiped[0].unsent, outcome.refused.len()), (1, 0, 0));
    assert_eq!(bram.book.status().unwrap().unsynced, 0);
    assert_eq!(holds((bram.disk(), bram.book.keyring()), WRONG), 0);
    bram.restart();
    field.sync(&mut anna);
    let (outcome, _) = field.sync(&mut carla);
    assert_eq!(outcome.wiped.len(), 1);
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
        assert_eq!(device.summaries(new), ["Bram zonder bereik", "Daarna", "Goed gewerkt"]);
        let dossier = device.book.dossier(new).unwrap();
        assert_eq!(dossier.trainee.municipality.as_deref(), Some("GM0453"));
        assert_eq!(dossier.trainee.id, Some(trainee));
        assert!(device.book.conflicts().unwrap().is_empty());
        // By any of its names it is found.
        for name in ["WF-2025-0001".to_owned(), old.to_string(), new.to_string(), trainee.to_string()] {
            assert_eq!(device.book.find(&name).unwrap(), new, "{name}");
        }
    }
    // Who recorded what when is still in the record of each visit.
    let dossier = carla.book.dossier(new).unwrap();
    let by: Vec<_> = dossier.visits.values().map(|one| (one.coach.as_deref(), one.recorded_at.is_some())).collect();
    assert!(by.contains(&(Some("anna"), true)) && by.contains(&(Some("bram"), true)));
    // Both coaches still have access, and a fresh device of Bram's gets all of it.
    let mut tablet = field.enrolled("bram", Role::Coach);
    field.sync(&mut tablet);
    assert_eq!(tablet.summaries(new).len(), 3);
    visit(&mut field, &mut bram, new, "bram", "Bram werkt door");
    let (outcome, _) = field.sync(&mut bram);
    assert_eq!((outcome.accepted, outcome.quarantined), (1, 0));
    let listed = field.erasures(ErasureOrder::List);
    assert_eq!((listed.len(), listed[0].replaced_by, listed[0].waiting.len()), (1, Some(new), 0));
    assert!(field.region.verify().unwrap().is_whole());
}

#[test]
fn what_a_colleague_sent_before_the_old_document_went_is_brought_over_first() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(72);
    let wrong = visit(&mut field, &mut anna, old, "anna", WRONG);
    field.sync(&mut anna);
    field.sync(&mut bram);
    let new = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    field.edit(&mut anna, new, "gm", "GM0392");
    // Bram's work reaches the server before Anna's phone does.
    visit(&mut field, &mut bram, old, "bram", "Net op tijd");
    field.edit(&mut bram, old, "gm", "GM0453");
    field.sync(&mut bram);
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.sync(&mut carla);
    assert_eq!(field.keyring().document_key(old), None);
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
        assert_eq!(device.summaries(new), ["Net op tijd"]);
        // Both wrote the municipality, not knowing of each other: a person chooses.
        let conflicts = device.book.conflicts().unwrap();
        assert_eq!(conflicts.len(), 1);
        assert!(matches!(conflicts[0].kind, ConflictKind::Proposal(..)));
        let values: Vec<&Scalar> = conflicts[0].versions.iter().map(|version| &version.value).collect();
        assert!(values.contains(&&Scalar::Text("GM0392".into())) && values.contains(&&Scalar::Text("GM0453".into())));
    }
}

#[test]
fn values_that_stand_beside_each_other_still_do_afterwards() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(73);
    let wrong = visit(&mut field, &mut anna, old, "anna", WRONG);
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.edit(&mut anna, old, "gm", "GM0392");
    field.edit(&mut bram, old, "gm", "GM0453");
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.sync(&mut carla);
    let before = carla.book.dossier(old).unwrap().trainee.municipality.clone();
    // The coordinator may withdraw for a coach.
    let new = carla.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.sync(&mut bram);
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
        let conflicts = device.book.conflicts().unwrap();
        assert_eq!(conflicts.len(), 1);
        assert!(matches!(conflicts[0].kind, ConflictKind::Field(..)));
        assert_eq!(conflicts[0].versions.len(), 2);
        assert_eq!(device.book.dossier(new).unwrap().trainee.municipality, before);
    }
}

#[test]
fn nobody_gains_access_by_withdrawing_a_note_and_an_old_backup_brings_none_back() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(74);
    // Dirk covers for a day, types a note into the wrong dossier, and withdraws it.
    let mut dirk = field.enrolled("dirk", Role::Coach);
    let today = field.clock.now().today();
    carla.book.grant(old, ("dirk".into(), today, Some(today)), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut dirk);
    let wrong = visit(&mut field, &mut dirk, old, "dirk", WRONG);
    field.sync(&mut dirk);
    field.sync(&mut anna);
    let backup = field.backup();
    let new = dirk.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut dirk);
    field.sync(&mut anna);
    assert_eq!(only(&mut anna), new);
    field.clock.pass_minutes(2 * 24 * 60);
    let (outcome, _) = field.sync(&mut dirk);
    assert_eq!((outcome.closed, dirk.book.status().unwrap().dossiers), (1, 0));

    // The old backup has the note and its key; the first phone that comes by brings word that it is gone.
    field.restore(&backup, &backup);
    field.sync(&mut anna);
    assert_eq!(field.keyring().document_key(old), None);
    assert_eq!(holds((field.disk(), &field.keyring()), WRONG), 0);
    field.sync(&mut bram);
    field.sync(&mut carla);
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
    }
    let mut tablet = field.enrolled("bram", Role::Coach);
    field.sync(&mut tablet);
    assert_eq!(only(&mut tablet), new);
}

#[test]
fn a_dossier_that_no_server_ever_saw_forgets_the_note_at_once() {
    let mut field = Field::new(75);
    let mut eva = field.device(Some("eva"), std::sync::Arc::new(veldboek_core::disk::MemoryDisk::default()));
    let old = field.dossier(&mut eva, "WF-2025-0009");
    let wrong = visit(&mut field, &mut eva, old, "eva", WRONG);
    visit(&mut field, &mut eva, old, "eva", "Blijft");
    let new = eva.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(only(&mut eva), new);
    assert_eq!(holds((eva.disk(), eva.book.keyring()), WRONG), 0);
    eva.restart();
    assert_eq!(eva.summaries(new), ["Blijft"]);

    // Written while enrolled and never sent: the server only hears of the new one.
    let mut anna = field.enrolled("anna", Role::Coach);
    let old = field.dossier(&mut anna, "WF-2025-0010");
    let wrong = visit(&mut field, &mut anna, old, "anna", WRONG);
    let new = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.refused.len(), outcome.quarantined, only(&mut anna)), (0, 0, new));
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
    assert_eq!(holds((field.disk(), &field.keyring()), WRONG), 0);
    assert_eq!(holds((anna.disk(), anna.book.keyring()), WRONG), 0);
    visit(&mut field, &mut anna, new, "anna", "Verder");
    assert_eq!(field.sync(&mut anna).0.accepted, 1);
}

#[test]
fn work_that_waits_because_access_ended_waits_in_the_new_document_too() {
    let Town { mut field, mut carla, mut anna, bram, old, .. } = town(76);
    drop(bram);
    let mut dirk = field.enrolled("dirk", Role::Coach);
    let today = field.clock.now().today();
    carla.book.grant(old, ("dirk".into(), today, Some(today)), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut dirk);
    let wrong = visit(&mut field, &mut anna, old, "anna", WRONG);
    field.sync(&mut anna);
    // Long after his day Dirk writes something down after all, without a connection; meanwhile Anna withdraws her note.
    field.clock.pass_minutes(40 * 24 * 60);
    visit(&mut field, &mut dirk, old, "dirk", "Nagekomen");
    let new = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    field.sync(&mut carla);
    let (outcome, _) = field.sync(&mut dirk);
    assert_eq!((outcome.refused.len(), dirk.book.status().unwrap().dossiers), (0, 0));
    assert_eq!(dirk.book.waiting().unwrap().len(), 1, "it waits for the coordinator, and is not lost");
    // The coordinator gives him a day again: what waits is let in.
    let today = field.clock.now().today();
    carla.book.grant(new, ("dirk".into(), today, Some(today)), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut carla);
    assert_eq!(carla.summaries(new), ["Nagekomen"]);
    field.sync(&mut dirk);
    assert_eq!(only(&mut dirk), new);
    assert_eq!(holds((dirk.disk(), dirk.book.keyring()), WRONG), 0);
}

/// The minutes of a visit are changed.
fn minutes(field: &mut Field, device: &mut Device, document: DocumentId, visit: EntryId, minutes: i64) {
    let write = Write { container: Container::Visits, entry: visit.to_string(), key: "m".into(), value: Scalar::Int(minutes) };
    device.book.perform(document, vec![write], field.clock.now(), &mut field.dice).unwrap();
}

#[test]
fn of_two_withdrawals_at_the_same_time_the_later_one_costs_nobody_what_was_not_sent_yet() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(77);
    let annas = visit(&mut field, &mut anna, old, "anna", WRONG);
    let brams = visit(&mut field, &mut bram, old, "bram", "Ook niet hier");
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.sync(&mut anna);
    // Without a connection Bram writes a visit, withdraws an older one, and writes on.
    let unsent = visit(&mut field, &mut bram, old, "bram", "Nog niet verstuurd");
    field.edit(&mut bram, old, "gm", "GM0453");
    let copy = bram.book.withdraw(old, &[brams], None, field.clock.now(), &mut field.dice).unwrap();
    minutes(&mut field, &mut bram, copy, unsent, 45);
    minutes(&mut field, &mut bram, copy, annas, 99);
    visit(&mut field, &mut bram, copy, "bram", "Daarna geschreven");
    // Anna withdrew something too, and is first.
    let new = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);

    let (outcome, _) = field.sync(&mut bram);
    assert_eq!((outcome.refused.len(), outcome.quarantined), (0, 0));
    assert_eq!(bram.book.status().unwrap().unsynced, 0);
    // What he withdrew is still there, and he hears so.
    let told = outcome.wiped.iter().find(|one| one.document == old).unwrap();
    assert_eq!((told.replaced_by, told.not_withdrawn), (Some(new), Some(NotWithdrawn::Overtaken)));
    assert!(told.message(Lang::Nl).contains("trek het opnieuw in"), "{}", told.message(Lang::Nl));
    assert!(outcome.wiped.iter().any(|one| one.document == copy && one.replaced_by == Some(new)));
    for gone in [old, copy] {
        assert_eq!(bram.book.keyring().document_key(gone), None);
    }
    bram.restart();
    field.sync(&mut anna);
    field.sync(&mut carla);
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
        assert_eq!(device.summaries(new), ["Daarna geschreven", "Nog niet verstuurd", "Ook niet hier"]);
        let dossier = device.book.dossier(new).unwrap();
        assert_eq!(dossier.trainee.municipality.as_deref(), Some("GM0453"));
        let of = VisitId::from_slice(unsent.as_bytes()).unwrap();
        assert_eq!(dossier.visits[&of].duration_min, Some(45));
        assert_eq!(dossier.visits.len(), 3, "nothing brings back what Anna withdrew");
        assert!(device.book.conflicts().unwrap().is_empty());
        assert_eq!(holds((device.disk(), device.book.keyring()), WRONG), 0);
    }
    // He does it again, and now it is gone.
    let again = bram.book.withdraw(new, &[brams], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut bram);
    field.sync(&mut carla);
    assert_eq!(only(&mut carla), again);
    assert_eq!(carla.summaries(again), ["Daarna geschreven", "Nog niet verstuurd"]);
}

#[test]
fn a_coach_whose_dossier_went_to_another_while_withdrawing_keeps_no_copy_and_loses_no_visit() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(78);
    let wrong = visit(&mut field, &mut anna, old, "anna", WRONG);
    field.sync(&mut anna);
    // Without a connection: a visit, the withdrawal, and then another visit.
    let before = visit(&mut field, &mut anna, old, "anna", "Voor het intrekken");
    let copy = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    visit(&mut field, &mut anna, copy, "anna", "Na het intrekken");
    minutes(&mut field, &mut anna, copy, before, 45);
    field.clock.pass_minutes(10);
    // Meanwhile the dossier is Bram's alone.
    let today = field.clock.now().today();
    let job = Job::new(Target::Existing(old), Vec::new()).ending(vec![("anna".into(), today)]);
    carla.book.perform_all(vec![job], field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);

    let (outcome, _) = field.sync(&mut anna);
    let told = outcome.wiped.iter().find(|one| one.document == copy).unwrap();
    assert_eq!(
        (told.replaced_by, told.not_withdrawn, told.unsent),
        (Some(old), Some(NotWithdrawn::Refused(Some(Reason::NoGrant))), 0)
    );
    assert_eq!(told.reference.as_deref(), Some("WF-2025-0001"));
    assert!(told.message(Lang::Nl).contains("de server weigerde haar"), "{}", told.message(Lang::Nl));
    anna.restart();
    field.sync(&mut anna);
    assert_eq!(anna.book.dossiers().unwrap().len(), 0, "it is hers no more");
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
    for gone in [old, copy] {
        assert_eq!(anna.book.keyring().document_key(gone), None);
    }
    assert_eq!(holds((anna.disk(), anna.book.keyring()), "Na het intrekken"), 0);
    field.sync(&mut bram);
    field.sync(&mut carla);
    for device in [&mut bram, &mut carla] {
        assert_eq!(only(device), old);
        assert_eq!(device.summaries(old), [WRONG, "Na het intrekken", "Voor het intrekken"]);
        let of = VisitId::from_slice(before.as_bytes()).unwrap();
        assert_eq!(device.book.dossier(old).unwrap().visits[&of].duration_min, Some(45));
        assert!(device.book.conflicts().unwrap().is_empty());
    }
}

#[test]
fn a_second_withdrawal_is_refused_while_another_is_under_way_and_its_device_goes_on_in_the_old_dossier() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(79);
    let annas = visit(&mut field, &mut anna, old, "anna", WRONG);
    let brams = visit(&mut field, &mut bram, old, "bram", "Ook niet hier");
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.sync(&mut anna);
    let new = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    // Carla wrote something that Anna's copy lacks, so that Anna's phone has to bring it over first; it is cut off before.
    field.edit(&mut carla, old, "gm", "GM0392");
    field.sync(&mut carla);
    let (request, _) = anna.book.request(None).unwrap();
    field.answer_to(&anna, request);
    visit(&mut field, &mut bram, old, "bram", "Nog niet verstuurd");
    let copy = bram.book.withdraw(old, &[brams], None, field.clock.now(), &mut field.dice).unwrap();
    visit(&mut field, &mut bram, copy, "bram", "Daarna geschreven");
    let (outcome, _) = field.sync(&mut bram);
    let told = outcome.wiped.iter().find(|one| one.document == copy).unwrap();
    assert_eq!((told.replaced_by, told.not_withdrawn), (Some(old), Some(NotWithdrawn::Refused(Some(Reason::NotAllowed)))));
    assert!(told.message(Lang::En).contains("somebody else is withdrawing"), "{}", told.message(Lang::En));
    assert_eq!(only(&mut bram), old);
    assert_eq!(bram.book.status().unwrap().unsynced, 0);
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.sync(&mut carla);
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
        assert_eq!(device.summaries(new), ["Daarna geschreven", "Nog niet verstuurd", "Ook niet hier"]);
        assert!(device.book.conflicts().unwrap().is_empty());
    }
}

#[test]
fn a_second_note_is_withdrawn_once_the_first_is_gone_and_not_before() {
    let Town { mut field, mut carla, mut anna, old, .. } = town(80);
    let one = visit(&mut field, &mut anna, old, "anna", WRONG);
    let two = visit(&mut field, &mut anna, old, "anna", "Ook niet hier");
    field.sync(&mut anna);
    let first = anna.book.withdraw(old, &[one], None, field.clock.now(), &mut field.dice).unwrap();
    // A copy of a copy would leave the first note at the server for ever.
    let early = anna.book.withdraw(first, &[two], None, field.clock.now(), &mut field.dice);
    assert!(matches!(early, Err(FieldBookError::Withdrawing)));
    field.sync(&mut anna);
    let second = anna.book.withdraw(first, &[two], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    field.sync(&mut carla);
    for device in [&mut anna, &mut carla] {
        assert_eq!(only(device), second);
        assert!(device.summaries(second).is_empty());
    }
    for gone in [old, first] {
        assert_eq!(field.keyring().document_key(gone), None);
    }
    // Without a server there is nothing to wait for.
    let mut eva = field.device(Some("eva"), std::sync::Arc::new(veldboek_core::disk::MemoryDisk::default()));
    let old = field.dossier(&mut eva, "WF-2025-0011");
    let notes = [WRONG, "Ook niet hier"].map(|text| visit(&mut field, &mut eva, old, "eva", text));
    let first = eva.book.withdraw(old, &notes[..1], None, field.clock.now(), &mut field.dice).unwrap();
    let second = eva.book.withdraw(first, &notes[1..], None, field.clock.now(), &mut field.dice).unwrap();
    assert_eq!(only(&mut eva), second);
}

/// Anna opens a dossier, in which Carla alone coordinates; everything synced. With what Anna typed into it by mistake.
fn opened_by_anna(seed: u64) -> (Field, Device, Device, Device, DocumentId, EntryId) {
    let mut field = Field::new(seed);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let bram = field.enrolled("bram", Role::Coach);
    let record = Trainee { given_name: Some("Sanne".into()), organisation: Some("school-1".into()), ..Trainee::default() };
    let old = anna.book.found(record.create(""), field.clock.now(), &mut field.dice).unwrap();
    let wrong = visit(&mut field, &mut anna, old, "anna", WRONG);
    field.sync(&mut anna);
    field.sync(&mut carla);
    (field, carla, anna, bram, old, wrong)
}

/// Carla gives Bram the dossier from today on, and it is Anna's no more.
fn hand_to_bram(field: &mut Field, carla: &mut Device, document: DocumentId) {
    let today = field.clock.now().today();
    let job = Job::new(Target::Existing(document), Vec::new());
    let job = job.granting(vec![("bram".into(), today, None)]).ending(vec![("anna".into(), today)]);
    carla.book.perform_all(vec![job], field.clock.now(), &mut field.dice).unwrap();
}

#[test]
fn whoever_opened_the_dossier_loses_it_by_an_end_that_was_made_where_it_goes_on() {
    let (mut field, mut carla, mut anna, mut bram, old, wrong) = opened_by_anna(90);
    // On the train: withdrawn, and transferred at once.
    let new = carla.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    hand_to_bram(&mut field, &mut carla, new);
    field.sync(&mut carla);
    assert_eq!(field.keyring().document_key(old), None);
    let today = field.clock.now().today();
    let mut ledger = Ledger::default();
    for record in field.records() {
        ledger.absorb(record).unwrap();
    }
    assert!(!ledger.holds_grant(&new, "anna", today) && ledger.holds_grant(&new, "bram", today));
    field.sync(&mut anna);
    field.sync(&mut bram);
    assert_eq!(anna.book.dossiers().unwrap().len(), 0, "it is hers no more");
    assert_eq!(anna.book.keyring().document_key(new), None);
    assert_eq!(only(&mut bram), new);
}

#[test]
fn what_a_coordinator_decided_offline_holds_where_the_dossier_went_on_meanwhile() {
    for opened in [true, false] {
        let (mut field, mut carla, mut anna, mut bram, old, wrong) = opened_by_anna(91);
        if !opened {
            // By a grant besides.
            carla.book.grant(old, ("anna".into(), always().0, None), field.clock.now(), &mut field.dice).unwrap();
            field.sync(&mut carla);
        }
        let new = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut anna);
        assert_eq!(field.keyring().document_key(old), None);
        field.clock.pass_minutes(60);
        // Carla has not heard of it on the train.
        hand_to_bram(&mut field, &mut carla, old);
        carla.book.ask_erasure(old, false, field.clock.now(), &mut field.dice).unwrap();
        field.sync(&mut carla);
        carla.restart();
        field.sync(&mut carla);
        assert_eq!(only(&mut carla), new);
        assert!(carla.book.erasure_asked(&new).is_some());
        assert!(field.erasures(ErasureOrder::List).iter().any(|one| one.document == new), "asked for at the server too");
        field.sync(&mut bram);
        assert_eq!(only(&mut bram), new);
        let (outcome, _) = field.sync(&mut anna);
        assert_eq!((outcome.closed, anna.book.dossiers().unwrap().len()), (1, 0), "it is hers no more");
    }
}

#[test]
fn what_a_colleague_granted_since_is_not_ended_by_who_did_not_know_of_it() {
    let (mut field, mut carla, mut anna, mut bram, old, wrong) = opened_by_anna(93);
    let mut dina = field.enrolled("dina", Role::Coordinator);
    let new = anna.book.withdraw(old, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    field.sync(&mut dina);
    dina.book.grant(new, ("anna".into(), always().0, None), field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut dina);
    field.clock.pass_minutes(60);
    hand_to_bram(&mut field, &mut carla, old);
    field.sync(&mut carla);
    for device in [&mut bram, &mut anna] {
        field.sync(device);
        assert_eq!(only(device), new);
    }
}
