//! An earlier version let a coach withdraw a second note before the server had heard of the first: the dossier was written anew
//! twice. What such a phone began, and the server took in, comes to its end whole.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::document::Document;
use veldboek_core::envelope::SignedChange;
use veldboek_core::ids::{DocumentId, EntryId, TraineeId, VisitId};
use veldboek_core::journal::{Journal, Kind, NewRecord};
use veldboek_core::record::{Container, Record, Scalar, Write};
use veldboek_core::statement::{DocumentKind, Opening, Refounding, Role, SignedStatement, Statement};
use veldboek_core::sync::server::ErasureOrder;
use veldboek_core::trainee::Trainee;
use veldboek_core::visit::Visit;
use veldboek_core::wire::{Request, Verdict};
use veldboek_tests::{Device, Field};

fn visit(field: &mut Field, device: &mut Device, document: DocumentId, summary: &str) -> EntryId {
    let id = VisitId::fresh(field.clock.0, &mut field.dice);
    let visit = Visit { coach: Some("anna".into()), summary: Some(summary.into()), ..Visit::default() };
    device.book.perform(document, visit.create(&id.to_string()), field.clock.now(), &mut field.dice).unwrap();
    EntryId::from_bytes(*id.as_bytes())
}

#[test]
fn of_two_withdrawals_by_an_earlier_version_both_old_documents_go() {
    let mut field = Field::new(601);
    let mut carla = field.enrolled("carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let trainee = TraineeId::fresh(field.clock.0, &mut field.dice);
    let record = Trainee {
        id: Some(trainee),
        reference: Some("WF-2025-0001".into()),
        organisation: Some("school-1".into()),
        ..Trainee::default()
    };
    let old = carla.book.found(record.create(""), field.clock.now(), &mut field.dice).unwrap();
    let days = ("anna".into(), "2025-01-01".parse().unwrap(), None);
    carla.book.grant(old, days, field.clock.now(), &mut field.dice).unwrap();
    field.sync(&mut carla);
    field.sync(&mut anna);
    let notes = ["Hoort hier niet", "Ook niet"].map(|text| visit(&mut field, &mut anna, old, text));
    visit(&mut field, &mut anna, old, "Blijft");
    field.sync(&mut anna);

    // What Anna's phone stated, as the server took it in: two new documents, the second in the place of the first.
    let [first, second] = [0xf1, 0xf2].map(|byte| DocumentId::from_bytes([byte; 16]));
    let mut statements = Vec::new();
    for (old, new, note) in [(old, first, notes[0]), (first, second, notes[1])] {
        let at = field.clock.0;
        let opening = Opening {
            document: new,
            kind: DocumentKind::Dossier,
            founding: 1,
            trainee: Some(trainee),
            organisation: "school-1".into(),
            person: "anna".into(),
            at,
            replaces: Some(old),
        };
        let refounding =
            Refounding { old, new, by: "anna".into(), at, withdrawn: vec![note], reason: None, heads: None, founding: None };
        statements.push((Kind::Opening, new, Statement::Opening(opening)));
        statements.push((Kind::Erasing, new, Statement::Refounding(refounding)));
    }
    let keyring = field.server_keyring();
    keyring.add_document_keys(&*field.server_disk(), &[first, second], &mut field.dice).unwrap();
    let records: Vec<NewRecord> = statements
        .iter()
        .map(|(kind, document, statement)| {
            let payload = SignedStatement::sign(statement, anna.book.device_keys()).unwrap().bytes().to_vec();
            NewRecord { kind: *kind, key: keyring.document_key(*document).unwrap(), payload }
        })
        .collect();
    let mut journal = Journal::open(field.server_disk()).unwrap();
    let mut writer = journal.write().unwrap();
    writer.read_new(&keyring, &mut |_| {}).unwrap();
    writer.append(&keyring, &mut field.dice, &records).unwrap();
    writer.commit().unwrap();
    field.restart_server();

    // Nothing of the first new document is ever sent. What Carla wrote meanwhile is in none of them.
    let gone = notes.map(|note| note.to_string());
    let history = anna.book.history(old).unwrap().into_iter().flat_map(|item| item.writes);
    let writes: Vec<Write> = history.filter(|write| !gone.contains(&write.entry)).collect();
    field.edit(&mut carla, old, "gm", "GM0392");
    field.sync(&mut carla);
    let mut document = Document::found(DocumentKind::Dossier).unwrap();
    let actor = [anna.book.identity().device.as_bytes().as_slice(), &[9; 8]].concat();
    let mut push = |field: &mut Field, writes: &[Write]| {
        let chunk = document.write(writes, &actor, field.clock.0).unwrap().unwrap();
        let change = SignedChange::sign(second, &chunk, anna.book.device_keys()).unwrap();
        let request = Request { changes: vec![change.bytes().to_vec()], ..Request::default() };
        let answer = field.answer_to(&anna, request);
        assert!(matches!(answer.verdicts[0], Verdict::Accepted { .. }), "{:?}", answer.verdicts);
    };
    push(&mut field, &writes);
    assert!(field.keyring().document_key(old).is_some(), "it lacks what Carla wrote");
    let value = Scalar::Text("GM0392".into());
    push(&mut field, &[Write { container: Container::Trainee, entry: String::new(), key: "gm".into(), value }]);
    for document in [old, first] {
        assert_eq!(field.keyring().document_key(document), None, "{document}");
    }
    field.restart_server();
    let mut goes_on: Vec<_> = field.erasures(ErasureOrder::List).iter().map(|one| (one.document, one.replaced_by)).collect();
    goes_on.sort();
    let mut due = vec![(old, Some(second)), (first, Some(second))];
    due.sort();
    assert_eq!(goes_on, due);
    // Carla's access went along from the very first one, and her work is there.
    let (outcome, _) = field.sync(&mut carla);
    assert!(outcome.wiped.iter().any(|one| (one.document, one.replaced_by) == (old, Some(second))));
    let dossiers = carla.book.dossiers().unwrap();
    assert_eq!(dossiers.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [second]);
    assert_eq!(carla.summaries(second), ["Blijft"]);
    assert_eq!(carla.book.dossier(second).unwrap().trainee.municipality.as_deref(), Some("GM0392"));
}
