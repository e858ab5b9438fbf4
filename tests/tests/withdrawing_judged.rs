//! A dossier that is written anew is held against the old one, cell by cell. Whoever writes other things into it, or never
//! finishes, erases nothing and stands in nobody's way; and what one device began does not depend on it alone.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::chunk::ChangeHash;
use veldboek_core::clock::Timestamp;
use veldboek_core::document::Document;
use veldboek_core::envelope::SignedChange;
use veldboek_core::field_book::{FieldBookError, NotWithdrawn};
use veldboek_core::ids::{DocumentId, EntryId, TraineeId, VisitId};
use veldboek_core::record::{Container, Lang, Record, Scalar, Write};
use veldboek_core::statement::{DocumentKind, Opening, Refounding, Role, SignedStatement, Statement};
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::{Agreement, Visit};
use veldboek_core::wire::{Answer, Reason, Request, RevokeRequest, VERSION, Verdict};
use veldboek_tests::{Device, Field};

struct Town {
    field: Field,
    carla: Device,
    anna: Device,
    bram: Device,
    old: DocumentId,
    trainee: TraineeId,
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
    for coach in ["anna", "bram"] {
        let days = (coach.into(), "2025-01-01".parse().unwrap(), None);
        carla.book.grant(old, days, field.clock.now(), &mut field.dice).unwrap();
    }
    for device in [&mut carla, &mut anna, &mut bram] {
        field.sync(device);
    }
    Town { field, carla, anna, bram, old, trainee }
}

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

fn only(device: &mut Device) -> DocumentId {
    let dossiers = device.book.dossiers().unwrap();
    assert_eq!(dossiers.len(), 1, "one trainee, one dossier");
    dossiers[0].0
}

/// Bram's client is his own: he writes a dossier anew as he likes.
struct Forger {
    new: DocumentId,
    document: Document,
    changes: Vec<SignedChange>,
    rows: u8,
}

impl Forger {
    fn new() -> Self {
        let document = Document::found(DocumentKind::Dossier).unwrap();
        Self { new: DocumentId::from_bytes([0xf0; 16]), document, changes: Vec::new(), rows: 0 }
    }

    /// One change in a row of its own, on what stands in `on`.
    fn write(&mut self, on: &mut Document, device: &Device, writes: &[Write], field: &Field) {
        self.rows += 1;
        let actor = [device.book.identity().device.as_bytes().as_slice(), &[self.rows; 8]].concat();
        let chunk = on.write(writes, &actor, field.clock.0).unwrap().expect("something to write");
        self.document.apply([chunk.as_slice()]).unwrap();
        self.changes.push(SignedChange::sign(self.new, &chunk, device.book.device_keys()).unwrap());
    }

    /// Pushes it as the dossier `old` without `withdrawn`.
    fn push(&self, town: &mut Town, withdrawn: EntryId, heads: Vec<ChangeHash>) -> Answer {
        self.push_as(town, withdrawn, Some(heads))
    }

    fn push_as(&self, town: &mut Town, withdrawn: EntryId, heads: Option<Vec<ChangeHash>>) -> Answer {
        let Town { field, bram, old, trainee, .. } = town;
        let opening = Opening {
            document: self.new,
            kind: DocumentKind::Dossier,
            founding: 1,
            trainee: Some(*trainee),
            organisation: "school-1".into(),
            person: "bram".into(),
            at: field.clock.0,
            replaces: Some(*old),
        };
        let mut founding: Vec<ChangeHash> = self.changes.iter().map(SignedChange::hash).collect();
        founding.sort_unstable();
        let refounding = Refounding {
            old: *old,
            new: self.new,
            by: "bram".into(),
            at: field.clock.0,
            withdrawn: vec![withdrawn],
            reason: None,
            founding: heads.as_ref().map(|_| founding),
            heads,
        };
        let sign = |statement: &Statement| SignedStatement::sign(statement, bram.book.device_keys()).unwrap().bytes().to_vec();
        let statements = vec![sign(&Statement::Opening(opening)), sign(&Statement::Refounding(refounding))];
        let changes = self.changes.iter().map(|change| change.bytes().to_vec()).collect();
        field.answer_to(bram, Request { statements, changes, ..Request::default() })
    }
}

/// What stands in Anna's book, as writes.
fn standing(device: &mut Device, dossier: DocumentId) -> Vec<Write> {
    let history = device.book.history(dossier).unwrap();
    history.into_iter().flat_map(|item| item.writes).collect()
}

fn without(writes: Vec<Write>, withdrawn: EntryId) -> Vec<Write> {
    writes.into_iter().filter(|write| write.entry != withdrawn.to_string()).collect()
}

fn heads(device: &mut Device, dossier: DocumentId) -> Vec<ChangeHash> {
    let history = device.book.history(dossier).unwrap();
    history.last().map(|item| item.hash).into_iter().collect()
}

/// Anna's visit and Bram's, everybody has both.
fn two_visits(town: &mut Town) -> (EntryId, EntryId) {
    let Town { field, carla, anna, bram, old, .. } = town;
    let annas = visit(field, anna, *old, "anna", "Anna was er");
    field.sync(anna);
    field.sync(bram);
    let brams = visit(field, bram, *old, "bram", "Niet hier");
    for device in [&mut *bram, carla, anna] {
        field.sync(device);
    }
    (annas, brams)
}

/// The re-founding is refused for what it holds.
fn is_refused(answer: &Answer) {
    assert!(matches!(&answer.verdicts[1], Verdict::Refused(why) if why.reason == Reason::NotTheSame), "{:?}", answer.verdicts);
}

fn nothing_happened(town: &mut Town, annas: EntryId) {
    let Town { field, carla, anna, bram, old, .. } = town;
    assert!(field.keyring().document_key(*old).is_some(), "the old document stays");
    for device in [anna, carla, bram] {
        field.sync(device);
        assert_eq!(only(device), *old);
        assert_eq!(device.summaries(*old), ["Anna was er", "Niet hier"]);
        let of = VisitId::from_slice(annas.as_bytes()).unwrap();
        assert_eq!(device.book.dossier(*old).unwrap().visits[&of].coach.as_deref(), Some("anna"));
    }
}

fn cell(visit: EntryId, key: &str, value: Scalar) -> Write {
    Write { container: Container::Visits, entry: visit.to_string(), key: key.into(), value }
}

#[test]
fn whoever_founds_a_dossier_anew_cannot_write_over_what_a_colleague_wrote() {
    let mut town = town(301);
    let (annas, brams) = two_visits(&mut town);
    let mut forger = Forger::new();
    let mut on = Document::found(DocumentKind::Dossier).unwrap();
    let (true_ones, heads) = (without(standing(&mut town.bram, town.old), brams), heads(&mut town.bram, town.old));
    forger.write(&mut on, &town.bram, &true_ones, &town.field);
    // Everything was written in it once, and then Anna's text is another.
    forger.write(&mut on, &town.bram, &[cell(annas, "s", Scalar::Text("Anna was er niet".into()))], &town.field);
    is_refused(&forger.push(&mut town, brams, heads));
    nothing_happened(&mut town, annas);
}

#[test]
fn whoever_writes_just_what_stood_there_is_taken_at_their_word() {
    let mut town = town(300);
    let (_, brams) = two_visits(&mut town);
    let mut forger = Forger::new();
    let mut on = Document::found(DocumentKind::Dossier).unwrap();
    let (true_ones, heads) = (without(standing(&mut town.bram, town.old), brams), heads(&mut town.bram, town.old));
    forger.write(&mut on, &town.bram, &true_ones, &town.field);
    let answer = forger.push(&mut town, brams, heads);
    assert!(answer.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })), "{:?}", answer.verdicts);
    assert_eq!(town.field.keyring().document_key(town.old), None);
    town.field.sync(&mut town.carla);
    assert_eq!(town.carla.summaries(forger.new), ["Anna was er"]);
}

#[test]
fn whoever_founds_a_dossier_anew_cannot_blank_what_a_colleague_wrote() {
    let mut town = town(302);
    let (annas, brams) = two_visits(&mut town);
    let mut forger = Forger::new();
    let mut on = Document::found(DocumentKind::Dossier).unwrap();
    let (true_ones, heads) = (without(standing(&mut town.bram, town.old), brams), heads(&mut town.bram, town.old));
    forger.write(&mut on, &town.bram, &true_ones, &town.field);
    forger.write(&mut on, &town.bram, &[cell(annas, "m", Scalar::Null)], &town.field);
    is_refused(&forger.push(&mut town, brams, heads));
    nothing_happened(&mut town, annas);
}

#[test]
fn two_founding_rows_are_no_way_round_what_is_written_once() {
    let mut town = town(303);
    let (annas, brams) = two_visits(&mut town);
    let mut forger = Forger::new();
    let (true_ones, heads) = (without(standing(&mut town.bram, town.old), brams), heads(&mut town.bram, town.old));
    // The same visit is made twice, beside each other: by Anna, and by somebody else, whose row is read first.
    for coach in ["anna", "dirk"] {
        let row: Vec<Write> = true_ones
            .iter()
            .cloned()
            .map(|write| match (write.container, write.key.as_str()) {
                (Container::Visits, "c") => cell(annas, "c", Scalar::Text(coach.into())),
                _ => write,
            })
            .collect();
        forger.write(&mut Document::found(DocumentKind::Dossier).unwrap(), &town.bram, &row, &town.field);
    }
    is_refused(&forger.push(&mut town, brams, heads));
    nothing_happened(&mut town, annas);
}

#[test]
fn a_withdrawal_that_was_begun_and_never_filled_stands_in_nobodys_way() {
    let mut town = town(304);
    let (annas, brams) = two_visits(&mut town);
    let forger = Forger::new();
    let heads = heads(&mut town.bram, town.old);
    let answer = forger.push(&mut town, brams, heads);
    assert!(matches!(answer.verdicts[0], Verdict::Accepted { .. }), "the control: it is begun");
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town;
    let new = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!(outcome.refused, []);
    assert_eq!(field.keyring().document_key(old), None);
    for device in [&mut bram, &mut carla] {
        field.sync(device);
    }
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
        assert_eq!(device.summaries(new), ["Niet hier"]);
    }
}

#[test]
fn what_a_lost_phone_began_is_finished_by_the_coordinator_and_the_work_in_it_is_not_lost() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(305);
    let annas = visit(&mut field, &mut anna, old, "anna", "Verkeerd dossier");
    let brams = visit(&mut field, &mut bram, old, "bram", "Ook niet hier");
    for device in [&mut anna, &mut bram, &mut carla] {
        field.sync(device);
    }
    field.sync(&mut anna);
    // Anna withdraws and writes on; Carla wrote something meanwhile that Anna's phone should bring over. It is all at the
    // server when the phone falls into the canal.
    let new = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    visit(&mut field, &mut anna, new, "anna", "Daarna, en verstuurd");
    field.edit(&mut carla, old, "gm", "GM0392");
    let (request, _) = carla.book.request(None).unwrap();
    field.answer_to(&carla, request);
    let (request, _) = anna.book.request(None).unwrap();
    let answer = field.answer_to(&anna, request);
    assert!(answer.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })), "{:?}", answer.verdicts);
    let phone = anna.book.identity().device;
    let revoke = RevokeRequest { version: VERSION, device: phone, reason: Some("in de gracht".into()), accept_unsent: false };
    let Done::Revoked(_) = field.server(Work::Revoke(None, revoke)).unwrap() else { unreachable!() };
    drop(anna);
    // Bram withdraws something too, and writes on.
    let copy = bram.book.withdraw(old, &[brams], None, field.clock.now(), &mut field.dice).unwrap();
    visit(&mut field, &mut bram, copy, "bram", "Bram werkt door");
    for _ in 0..2 {
        field.sync(&mut bram);
        field.sync(&mut carla);
    }
    let mut phone = field.enrolled("anna", Role::Coach);
    field.sync(&mut phone);
    field.sync(&mut bram);
    assert_eq!(field.keyring().document_key(old), None, "it came to its end");
    for device in [&mut phone, &mut bram, &mut carla] {
        let dossier = only(device);
        let summaries = device.summaries(dossier);
        assert!(summaries.contains(&"Daarna, en verstuurd".to_owned()), "{summaries:?}");
        assert!(summaries.contains(&"Bram werkt door".to_owned()), "{summaries:?}");
        assert!(!summaries.contains(&"Verkeerd dossier".to_owned()), "{summaries:?}");
        assert_eq!(device.book.dossier(dossier).unwrap().trainee.municipality.as_deref(), Some("GM0392"));
        assert!(device.book.conflicts().unwrap().is_empty());
    }
}

#[test]
fn what_lacks_is_brought_over_by_whoever_has_both_and_twice_the_same_is_no_conflict() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(306);
    let mut laptop = field.enrolled("carla", Role::Coordinator);
    let annas = visit(&mut field, &mut anna, old, "anna", "Verkeerd dossier");
    for device in [&mut anna, &mut bram, &mut carla, &mut laptop] {
        field.sync(device);
    }
    let new = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    let brams = visit(&mut field, &mut bram, old, "bram", "Net op tijd");
    field.sync(&mut bram);
    // Anna's phone delivers, and is switched off before it hears the answer.
    let (request, _) = anna.book.request(None).unwrap();
    field.answer_to(&anna, request);
    assert!(field.keyring().document_key(old).is_some(), "it lacks what Bram wrote");
    // Both of Carla's devices hear of it, and neither has heard of the other when it brings that over.
    for device in [&mut carla, &mut laptop] {
        let (request, sent) = device.book.request(None).unwrap();
        let answer = field.answer_to(device, request);
        device.book.answer(sent, answer, field.clock.now(), &mut field.dice).unwrap();
    }
    field.sync(&mut carla);
    assert_eq!(field.keyring().document_key(old), None, "Anna's phone was not needed");
    field.sync(&mut bram);
    let minutes = cell(brams, "m", Scalar::Int(50));
    bram.book.perform(new, vec![minutes], field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut bram);
    for device in [&mut laptop, &mut carla, &mut anna, &mut bram] {
        field.sync(device);
    }
    let of = VisitId::from_slice(brams.as_bytes()).unwrap();
    for device in [&mut laptop, &mut carla, &mut anna, &mut bram] {
        assert_eq!(only(device), new);
        assert_eq!(device.summaries(new), ["Net op tijd"]);
        assert_eq!(device.book.dossier(new).unwrap().visits[&of].duration_min, Some(50));
        assert!(device.book.conflicts().unwrap().is_empty());
    }
}

#[test]
fn the_founders_device_is_told_when_the_server_will_not_have_it_and_goes_on_in_the_old_one() {
    let Town { mut field, mut carla, mut anna, old, .. } = town(307);
    let annas = visit(&mut field, &mut anna, old, "anna", "Verkeerd dossier");
    field.sync(&mut anna);
    visit(&mut field, &mut anna, old, "anna", "Nog niet verstuurd");
    let new = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    visit(&mut field, &mut anna, new, "anna", "Daarna");
    assert_eq!(anna.summaries(new), ["Daarna", "Nog niet verstuurd"]);
    // A fault on the way: the statement leaves one change out that writes the dossier anew.
    let (mut request, sent) = anna.book.request(None).unwrap();
    for bytes in &mut request.statements {
        let signed = SignedStatement::decode(bytes).unwrap();
        let Statement::Refounding(mut refounding) = signed.statement().clone() else { continue };
        refounding.founding = Some(Vec::new());
        *bytes = SignedStatement::sign(&Statement::Refounding(refounding), anna.book.device_keys()).unwrap().bytes().to_vec();
    }
    let answer = field.answer_to(&anna, request);
    let refused = |verdict: &&Verdict| matches!(verdict, Verdict::Refused(why) if why.reason == Reason::NotTheSame);
    assert_eq!(answer.verdicts.iter().filter(refused).count(), 1, "{:?}", answer.verdicts);
    let outcome = anna.book.answer(sent, answer, field.clock.now(), &mut field.dice).unwrap();
    let told = outcome.wiped.iter().find(|one| one.document == new).unwrap();
    assert_eq!((told.replaced_by, told.not_withdrawn), (Some(old), Some(NotWithdrawn::Refused(Some(Reason::NotTheSame)))));
    assert!(told.message(Lang::Nl).contains("de server weigerde haar"));
    anna.restart();
    field.sync(&mut anna);
    assert_eq!(anna.book.status().unwrap().unsynced, 0);
    field.sync(&mut carla);
    for device in [&mut anna, &mut carla] {
        assert_eq!(only(device), old);
        assert_eq!(device.summaries(old), ["Daarna", "Nog niet verstuurd", "Verkeerd dossier"]);
        assert!(device.book.conflicts().unwrap().is_empty());
    }
    // She does it again, and now it is gone.
    let again = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    field.sync(&mut carla);
    assert_eq!((only(&mut carla), field.keyring().document_key(old)), (again, None));
    assert_eq!(carla.summaries(again), ["Daarna", "Nog niet verstuurd"]);
}

#[test]
fn what_an_earlier_version_began_is_refused_with_what_to_do() {
    let mut town = town(308);
    let (annas, brams) = two_visits(&mut town);
    let mut forger = Forger::new();
    let mut on = Document::found(DocumentKind::Dossier).unwrap();
    let true_ones = without(standing(&mut town.bram, town.old), brams);
    forger.write(&mut on, &town.bram, &true_ones, &town.field);
    let answer = forger.push_as(&mut town, brams, None);
    for verdict in &answer.verdicts[..2] {
        assert!(matches!(verdict, Verdict::Refused(why) if why.reason == Reason::WithdrawAnew), "{verdict:?}");
    }
    nothing_happened(&mut town, annas);
}

#[test]
fn what_one_emptied_and_another_changed_and_what_is_disputed_altogether_is_written_anew_as_it_stood() {
    let Town { mut field, mut carla, mut anna, mut bram, old, .. } = town(309);
    let annas = visit(&mut field, &mut anna, old, "anna", "Verkeerd dossier");
    field.edit(&mut anna, old, "gm", "GM0001");
    let agreement = EntryId::fresh(field.clock.0, &mut field.dice).to_string();
    let agreed = |text: &str| Write {
        container: Container::Agreements,
        entry: agreement.clone(),
        key: "t".into(),
        value: Scalar::Text(text.into()),
    };
    anna.book.perform(old, vec![agreed("Bellen")], field.clock.now(), &mut field.dice).unwrap();
    for device in [&mut anna, &mut bram, &mut carla] {
        field.sync(device);
    }
    // Of this agreement nothing else is known than a text, which both change; and the municipality that Anna changes Bram empties.
    let emptied = Write { container: Container::Trainee, entry: String::new(), key: "gm".into(), value: Scalar::Null };
    field.edit(&mut anna, old, "gm", "GM0392");
    anna.book.perform(old, vec![agreed("Mailen")], field.clock.now(), &mut field.dice).unwrap();
    bram.book.perform(old, vec![emptied, agreed("Langsgaan")], field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut anna);
    field.sync(&mut bram);
    field.sync(&mut anna);
    assert_eq!(anna.book.conflicts().unwrap().len(), 2, "the control");
    let new = anna.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice).unwrap();
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!((outcome.refused, field.keyring().document_key(old)), (Vec::new(), None));
    field.sync(&mut bram);
    field.sync(&mut carla);
    for device in [&mut anna, &mut bram, &mut carla] {
        assert_eq!(only(device), new);
        let conflicts = device.book.conflicts().unwrap();
        let mut values: Vec<Scalar> = conflicts.into_iter().flat_map(|one| one.versions).map(|one| one.value).collect();
        values.sort();
        let texts = ["GM0392", "Langsgaan", "Mailen"].map(|text| Scalar::Text(text.into()));
        assert_eq!(values, [&[Scalar::Null], texts.as_slice()].concat());
    }
}

/// The re-founding is refused for who asks it.
fn is_not_allowed(answer: &Answer) {
    assert!(matches!(&answer.verdicts[1], Verdict::Refused(why) if why.reason == Reason::NotAllowed), "{:?}", answer.verdicts);
}

/// Bram writes entries of the same name before he has Anna's, in his own, so that his are read first.
fn twinned(town: &mut Town, twin: Vec<Write>) -> EntryId {
    let Town { field, carla, anna, bram, old, .. } = town;
    field.sync(anna);
    let brams = visit(field, bram, *old, "bram", "Niet hier");
    bram.book.perform(*old, twin, field.clock.now(), &mut field.dice).unwrap();
    field.sync(bram);
    field.edit(bram, *old, "gm", "GM0392");
    for device in [bram, anna, carla] {
        field.sync(device);
    }
    brams
}

fn is_still_there(town: &mut Town, text: &str) {
    assert!(town.field.keyring().document_key(town.old).is_some(), "the old document stays");
    for device in [&mut town.carla, &mut town.anna] {
        town.field.sync(device);
        assert_eq!(only(device), town.old);
        assert!(standing(device, town.old).iter().any(|write| write.value == Scalar::Text(text.into())));
    }
}

#[test]
fn a_visit_that_two_coaches_made_is_not_withdrawn_by_the_one_who_is_read_first() {
    let mut town = town(310);
    let annas = visit(&mut town.field, &mut town.anna, town.old, "anna", "Anna was er");
    let twin = Visit { coach: Some("bram".into()), summary: Some("Bram was er".into()), ..Visit::default() };
    twinned(&mut town, twin.create(&annas.to_string()));
    let of = VisitId::from_slice(annas.as_bytes()).unwrap();
    assert_eq!(town.carla.book.dossier(town.old).unwrap().visits[&of].coach.as_deref(), Some("bram"), "the control");

    let mut forger = Forger::new();
    let mut on = Document::found(DocumentKind::Dossier).unwrap();
    let (true_ones, heads) = (without(standing(&mut town.bram, town.old), annas), heads(&mut town.bram, town.old));
    forger.write(&mut on, &town.bram, &true_ones, &town.field);
    is_not_allowed(&forger.push(&mut town, annas, heads));
    is_still_there(&mut town, "Anna was er");
    let Town { mut field, mut bram, old, .. } = town;
    let refused = bram.book.withdraw(old, &[annas], None, field.clock.now(), &mut field.dice);
    assert!(matches!(refused, Err(FieldBookError::NotAllowed(_))), "{refused:?}");
}

#[test]
fn a_visit_in_which_nobody_is_named_is_not_of_whoever_puts_their_name_in_it() {
    let mut town = town(313);
    let annas = VisitId::fresh(town.field.clock.0, &mut town.field.dice);
    let nameless = Visit { summary: Some("Anna was er".into()), ..Visit::default() };
    let Town { field, anna, bram, old, .. } = &mut town;
    anna.book.perform(*old, nameless.create(&annas.to_string()), field.clock.now(), &mut field.dice).unwrap();
    field.sync(anna);
    field.sync(bram);
    let annas = EntryId::from_bytes(*annas.as_bytes());
    twinned(&mut town, vec![cell(annas, "c", Scalar::Text("bram".into()))]);

    let mut forger = Forger::new();
    let mut on = Document::found(DocumentKind::Dossier).unwrap();
    let (true_ones, heads) = (without(standing(&mut town.bram, town.old), annas), heads(&mut town.bram, town.old));
    forger.write(&mut on, &town.bram, &true_ones, &town.field);
    is_not_allowed(&forger.push(&mut town, annas, heads));
    is_still_there(&mut town, "Anna was er");
}

#[test]
fn what_a_colleague_agreed_does_not_go_with_a_visit_that_it_was_hung_on_afterwards() {
    let mut town = town(311);
    let annas = visit(&mut town.field, &mut town.anna, town.old, "anna", "Anna was er");
    let agreement = EntryId::fresh(town.field.clock.0, &mut town.field.dice);
    let agreed = |visit: EntryId, text: &str| {
        let visit = VisitId::from_slice(visit.as_bytes());
        Agreement { visit, text: Some(text.into()), ..Agreement::default() }.create(&agreement.to_string())
    };
    let Town { field, anna, old, .. } = &mut town;
    anna.book.perform(*old, agreed(annas, "Elke week bellen"), field.clock.now(), &mut field.dice).unwrap();
    // It hangs on another visit of Bram's by his word, which is read first.
    let hook = visit(&mut town.field, &mut town.bram, town.old, "bram", "Haak");
    twinned(&mut town, agreed(hook, "Niets afgesproken"));

    let mut forger = Forger::new();
    let mut on = Document::found(DocumentKind::Dossier).unwrap();
    let (all, heads) = (standing(&mut town.bram, town.old), heads(&mut town.bram, town.old));
    let true_ones = without(without(all, hook), agreement);
    forger.write(&mut on, &town.bram, &true_ones, &town.field);
    is_not_allowed(&forger.push(&mut town, hook, heads));
    is_still_there(&mut town, "Elke week bellen");
    let Town { mut field, mut bram, old, .. } = town;
    let refused = bram.book.withdraw(old, &[hook], None, field.clock.now(), &mut field.dice);
    assert!(matches!(refused, Err(FieldBookError::NotAllowed(_))), "{refused:?}");
}

#[test]
fn a_dossier_that_is_said_to_have_begun_before_any_calendar_is_not_let_in_and_holds_up_nobodys_withdrawal() {
    let Town { mut field, mut carla, bram, .. } = town(312);
    for at in [-220_000_000_000_000, i64::MAX] {
        let document = DocumentId::fresh(field.clock.0, &mut field.dice);
        let opening = Opening {
            document,
            kind: DocumentKind::Dossier,
            founding: 1,
            trainee: Some(TraineeId::fresh(field.clock.0, &mut field.dice)),
            organisation: "school-1".into(),
            person: "bram".into(),
            at: Timestamp::from_millis(at),
            replaces: None,
        };
        let signed = SignedStatement::sign(&Statement::Opening(opening), bram.book.device_keys()).unwrap();
        let mut doc = Document::found(DocumentKind::Dossier).unwrap();
        let actor = [bram.book.identity().device.as_bytes().as_slice(), &[9; 8]].concat();
        let id = EntryId::fresh(field.clock.0, &mut field.dice);
        let visit = Visit { coach: Some("bram".into()), summary: Some("Weg ermee".into()), ..Visit::default() };
        let record = Trainee { given_name: Some("Tim".into()), ..Trainee::default() };
        let writes = [record.create(""), visit.create(&id.to_string())].concat();
        let chunk = doc.write(&writes, &actor, field.clock.0).unwrap().unwrap();
        let change = SignedChange::sign(document, &chunk, bram.book.device_keys()).unwrap();
        let (statements, changes) = (vec![signed.bytes().to_vec()], vec![change.bytes().to_vec()]);
        let answer = field.answer_to(&bram, Request { statements, changes, ..Request::default() });
        field.sync(&mut carla);
        if carla.book.dossiers().unwrap().iter().any(|(known, ..)| *known == document) {
            carla.book.withdraw(document, &[id], None, field.clock.now(), &mut field.dice).unwrap();
            field.sync(&mut carla);
        }
        assert!(matches!(&answer.verdicts[0], Verdict::Refused(why) if why.reason == Reason::Malformed), "{answer:?}");
    }
}
