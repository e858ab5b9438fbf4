//! A stick goes from hand to hand without a server. What it says of dossiers that go on elsewhere is held to the server's rule as
//! far as the device knows it: nobody hides a colleague's dossier or spoils a colleague's withdrawal with it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::ids::{DocumentId, EntryId, TraineeId, VisitId};
use veldboek_core::record::Record;
use veldboek_core::statement::{DocumentKind, Opening, Refounding, Role, SignedStatement, Statement};
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;
use veldboek_tests::{Device, Field};

struct Town {
    field: Field,
    carla: Device,
    anna: Device,
    eva: Device,
    dossier: DocumentId,
    trainee: TraineeId,
}

fn dossier(field: &mut Field, carla: &mut Device, reference: &str, coaches: &[&str]) -> (DocumentId, TraineeId) {
    let trainee = TraineeId::fresh(field.clock.0, &mut field.dice);
    let record = Trainee {
        id: Some(trainee),
        reference: Some(reference.into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let document = carla.book.found(record.create(""), field.clock.now(), &mut field.dice).unwrap();
    for coach in coaches {
        let days = ((*coach).into(), "2025-01-01".parse().unwrap(), None);
        carla.book.grant(document, days, field.clock.now(), &mut field.dice).unwrap();
    }
    (document, trainee)
}

/// Carla coordinates; Anna has a dossier, and so has Eva if she is to.
fn town(seed: u64, coaches: &[&str]) -> Town {
    let mut field = Field::new(seed);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let mut eva = field.enrolled("eva", Role::Coach);
    let (dossier, trainee) = dossier(&mut field, &mut carla, "WF-2025-0001", coaches);
    for device in [&mut carla, &mut anna, &mut eva] {
        field.sync(device);
    }
    Town { field, carla, anna, eva, dossier, trainee }
}

fn visit(field: &mut Field, device: &mut Device, document: DocumentId, coach: &str, summary: &str) -> EntryId {
    let id = VisitId::fresh(field.clock.0, &mut field.dice);
    let visit = Visit { coach: Some(coach.into()), summary: Some(summary.into()), duration_min: Some(30), ..Visit::default() };
    device.book.perform(document, visit.create(&id.to_string()), field.clock.now(), &mut field.dice).unwrap();
    EntryId::from_bytes(*id.as_bytes())
}

fn opening(field: &Field, document: DocumentId, trainee: TraineeId, replaces: DocumentId) -> Statement {
    Statement::Opening(Opening {
        document,
        kind: DocumentKind::Dossier,
        founding: 1,
        trainee: Some(trainee),
        organisation: "school-1".into(),
        person: "eva".into(),
        at: field.clock.0,
        replaces: Some(replaces),
    })
}

/// Eva hands Anna a stick with what she states.
fn hand_over(town: &mut Town, statements: &[Statement]) {
    let Town { field, anna, eva, .. } = town;
    let sign = |statement: &Statement| SignedStatement::sign(statement, eva.book.device_keys()).unwrap().bytes().to_vec();
    let content = Content { statements: statements.iter().map(sign).collect(), changes: Vec::new(), receipts: Vec::new() };
    let (region, sender) = (anna.book.identity().region, eva.book.identity().device);
    let bundle = Bundle::seal(&content, &region, sender, &[anna.book.device_keys().public()], &mut field.dice).unwrap();
    anna.book.merge_bundle(&bundle, field.clock.now(), &mut field.dice).unwrap();
}

/// Carla founds a second dossier, which Anna hears of on Eva's stick first: as one that takes the place of the one that she has.
fn hidden(seed: u64, coaches: &[&str]) {
    let mut town = town(seed, coaches);
    let (second, _) = dossier(&mut town.field, &mut town.carla, "WF-2025-0002", &["anna", "eva"]);
    town.field.sync(&mut town.carla);
    let statement = opening(&town.field, second, town.trainee, town.dossier);
    hand_over(&mut town, &[statement]);
    let Town { mut field, mut anna, dossier, .. } = town;
    let (outcome, _) = field.sync(&mut anna);
    assert!(outcome.wiped.is_empty(), "nothing of Anna's was undone");
    for _ in 0..2 {
        let mut seen: Vec<DocumentId> = anna.book.dossiers().unwrap().into_iter().map(|(id, _)| id).collect();
        seen.sort();
        let mut both = vec![dossier, second];
        both.sort();
        assert_eq!(seen, both);
        anna.restart();
    }
}

#[test]
fn a_bundle_does_not_hide_a_dossier_by_saying_that_it_takes_the_place_of_another() {
    hidden(501, &["anna"]);
}

#[test]
fn what_the_server_says_of_how_a_dossier_began_counts_before_what_a_bundle_said() {
    hidden(502, &["anna", "eva"]);
}

#[test]
fn a_bundle_does_not_spoil_a_colleagues_withdrawal() {
    let mut town = town(503, &["anna"]);
    let wrong = visit(&mut town.field, &mut town.anna, town.dossier, "anna", "Verkeerd dossier");
    town.field.sync(&mut town.anna);
    // Eva has no access to the dossier; she states that she wrote it anew.
    let new = DocumentId::from_bytes([0xe0; 16]);
    let refounding = Statement::Refounding(Refounding {
        old: town.dossier,
        new,
        by: "eva".into(),
        at: town.field.clock.0,
        withdrawn: vec![wrong],
        reason: None,
        heads: Some(Vec::new()),
        founding: Some(Vec::new()),
    });
    let statement = opening(&town.field, new, town.trainee, town.dossier);
    hand_over(&mut town, &[statement, refounding]);
    let Town { mut field, mut carla, mut anna, dossier, .. } = town;
    assert!(anna.book.withdrawals(&new).is_empty());
    let own = anna.book.withdraw(dossier, &[wrong], None, field.clock.now(), &mut field.dice).unwrap();
    let seen: Vec<DocumentId> = anna.book.dossiers().unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(seen, [own], "the note is out of sight at once");
    field.sync(&mut anna);
    field.sync(&mut carla);
    assert_eq!(field.keyring().document_key(dossier), None);
    assert!(carla.summaries(own).is_empty());
}

#[test]
fn what_is_refused_of_a_colleagues_stick_undoes_no_withdrawal_of_ones_own() {
    let mut town = town(504, &["anna", "eva"]);
    let wrong = visit(&mut town.field, &mut town.anna, town.dossier, "anna", "Verkeerd dossier");
    town.field.sync(&mut town.anna);
    let at = town.field.clock.now();
    let own = town.anna.book.withdraw(town.dossier, &[wrong], None, at, &mut town.field.dice).unwrap();
    visit(&mut town.field, &mut town.anna, own, "anna", "Daarna");
    // Eva says that she began that very document; the server would not have it.
    let statement = opening(&town.field, own, town.trainee, town.dossier);
    hand_over(&mut town, &[statement]);
    let Town { mut field, mut carla, mut anna, dossier, .. } = town;
    field.edit(&mut carla, dossier, "gm", "GM0392");
    field.sync(&mut carla);
    let (outcome, _) = field.sync(&mut anna);
    assert_eq!(outcome.refused, []);
    assert_eq!(field.keyring().document_key(dossier), None);
    field.sync(&mut carla);
    for device in [&mut anna, &mut carla] {
        assert_eq!(device.summaries(own), ["Daarna"]);
        assert_eq!(device.book.dossier(own).unwrap().trainee.municipality.as_deref(), Some("GM0392"));
    }
}
