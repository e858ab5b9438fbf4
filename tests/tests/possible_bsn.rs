//! A number in a text that may be a citizen service number (V17). The program stops it where it is typed; what an older one let
//! through waits at the server, is accepted by a coordinator who knows what it is, or refused: then it stands nowhere but with its
//! author, until they are done with it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use veldboek_core::bundle::{Bundle, Content};
use veldboek_core::chunk::ChangeHash;
use veldboek_core::clock::Day;
use veldboek_core::document::Document;
use veldboek_core::envelope::SignedChange;
use veldboek_core::field_book::{FieldBookError, ReadWaiting};
use veldboek_core::ids::{DocumentId, VisitId};
use veldboek_core::journal::{Journal, Payload};
use veldboek_core::record::Record;
use veldboek_core::statement::{DocumentKind, Role};
use veldboek_core::sync::server::{Done, Work};
use veldboek_core::visit::Visit;
use veldboek_core::wire::Reason;
use veldboek_tests::{Device, Field};

/// Nine digits that pass the eleven-test.
const NUMBER: &str = "123456782";

/// Carla coordinates; Anna and Bram both coach in one dossier.
struct Team {
    field: Field,
    carla: Device,
    anna: Device,
    bram: Device,
    dossier: DocumentId,
}

impl Team {
    fn new(seed: u64) -> Self {
        let mut field = Field::new(seed);
        let mut carla = field.enrolled("carla", Role::Coordinator);
        let (mut anna, mut bram) = (field.enrolled("anna", Role::Coach), field.enrolled("bram", Role::Coach));
        let dossier = field.dossier(&mut carla, "WF-2025-0001");
        let from: Day = "2025-01-01".parse().unwrap();
        for coach in ["anna", "bram"] {
            carla.book.grant(dossier, (coach.into(), from, None), field.clock.now(), &mut field.dice).unwrap();
        }
        for device in [&mut carla, &mut anna, &mut bram] {
            field.sync(device);
        }
        Self { field, carla, anna, bram, dossier }
    }

    /// Anna types it into a program that does not stop her, and merges that from a file.
    fn anna_types(&mut self, summary: &str) {
        let keys = self.anna.book.device_keys();
        let session = format!("{:08}", self.field.dice.below(100_000_000));
        let actor = [keys.device().as_bytes().as_slice(), session.as_bytes()].concat();
        let visit = Visit { summary: Some(summary.into()), ..Visit::default() };
        let at = self.field.clock.0;
        let writes = visit.create(&VisitId::fresh(at, &mut self.field.dice).to_string());
        let chunk = Document::found(DocumentKind::Dossier).unwrap().write(&writes, &actor, at).unwrap().unwrap();
        let change = SignedChange::sign(self.dossier, &chunk, keys).unwrap();
        let content = Content { changes: vec![change.bytes().to_vec()], ..Content::default() };
        let bundle = Bundle::seal(&content, "kennemerland", keys.device(), &[keys.public()], &mut self.field.dice).unwrap();
        self.anna.book.merge_bundle(&bundle, self.field.clock.now(), &mut self.field.dice).unwrap();
    }

    /// What waits, as Carla reads it.
    fn waiting(&mut self) -> Vec<ReadWaiting> {
        self.field.sync(&mut self.carla);
        let who = self.carla.book.identity().device;
        let Done::Quarantine(list) = self.field.server(Work::Quarantine(who, 0)).unwrap() else { unreachable!() };
        self.carla.book.read_waiting(&list.changes).unwrap()
    }

    fn decide(&mut self, change: ChangeHash, accepted: bool, reason: &str) {
        let decision = (self.dossier, vec![change], Vec::new(), accepted);
        let moment = self.field.clock.now();
        self.carla.book.decide(decision, Some(reason.into()), moment, &mut self.field.dice).unwrap();
        self.field.sync(&mut self.carla);
    }

    /// What each of them reads in the dossier, after an exchange.
    fn read_by_all(&mut self) -> [Vec<String>; 3] {
        let Self { field, carla, anna, bram, dossier } = self;
        field.sync(anna);
        [carla, anna, bram].map(|device| {
            field.sync(device);
            device.summaries(*dossier)
        })
    }
}

/// Whether a device can read a word anywhere in its journal.
fn can_read(device: &Device, word: &str) -> bool {
    let mut found = false;
    Journal::open(device.disk().clone())
        .unwrap()
        .read_new(device.book.keyring(), &mut |record| {
            if let Payload::Bytes(bytes) = &record.payload {
                found |= bytes.windows(word.len()).any(|window| window == word.as_bytes());
            }
        })
        .unwrap();
    found
}

#[test]
fn a_number_that_may_be_a_bsn_waits_and_comes_in_everywhere_when_a_coordinator_knows_what_it_is() {
    let mut team = Team::new(81);
    let text = format!("Machine {NUMBER} is kapot");
    // The program itself would not save it.
    assert!(!veldboek_core::text_check::bsn_positions(&text).is_empty());
    team.anna_types(&text);
    team.field.visit(&mut team.anna, team.dossier, "Zonder nummer");
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.quarantined, outcome.refused.len()), (2, 0), "what was written after it leans on it");
    let status = team.anna.book.status().unwrap();
    assert_eq!((status.quarantined, status.unsynced, status.refused), (2, 0, 0));
    let own = team.anna.book.waiting().unwrap();
    assert_eq!(own[0].reason, Reason::BsnInText);
    assert_eq!(team.anna.summaries(team.dossier).len(), 2, "she sees what she wrote");
    team.field.sync(&mut team.bram);
    assert!(team.bram.summaries(team.dossier).is_empty() && !can_read(&team.bram, NUMBER));

    let waiting = team.waiting();
    assert_eq!(team.carla.book.status().unwrap().to_decide, 2);
    assert_eq!((waiting[0].reason, waiting[0].bsn, waiting[0].person.as_deref()), (Reason::BsnInText, true, Some("anna")));
    assert!(format!("{:?}", waiting[0].writes).contains(NUMBER), "she reads what it says before she decides");
    team.decide(waiting[0].hash, true, "machinenummer");
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!((outcome.released, team.anna.book.status().unwrap().quarantined), (1, 0), "one was made here, one merged");
    for read in team.read_by_all() {
        assert_eq!(read, [text.as_str(), "Zonder nummer"]);
    }
    assert!(team.waiting().is_empty());
}

#[test]
fn a_refused_number_stands_with_its_author_only_until_she_takes_it_off_the_list() {
    let mut team = Team::new(82);
    team.anna_types(&format!("BSN {NUMBER}"));
    team.field.sync(&mut team.anna);
    let waiting = team.waiting();
    team.decide(waiting[0].hash, false, "haal het nummer weg");
    let (outcome, _) = team.field.sync(&mut team.anna);
    assert_eq!(outcome.refused.len(), 1);
    for read in team.read_by_all() {
        assert!(read.is_empty());
    }
    assert!(team.waiting().is_empty());
    assert!(!can_read(&team.carla, NUMBER) && !can_read(&team.bram, NUMBER));
    let refused = team.anna.book.refused().unwrap();
    assert_eq!((refused.len(), refused[0].0.text.as_deref()), (1, Some("haal het nummer weg")));
    assert!(format!("{:?}", refused[0].1).contains(NUMBER));

    // She writes it again without the number, and is done with it.
    team.field.visit(&mut team.anna, team.dossier, "Zonder nummer");
    let hash = refused[0].0.hash;
    let moment = team.field.clock.now();
    assert!(!team.anna.book.dismiss(&ChangeHash::from_bytes([7; 32]), moment, &mut team.field.dice).unwrap());
    assert!(team.anna.book.dismiss(&hash, moment, &mut team.field.dice).unwrap());
    for _ in 0..2 {
        assert!(team.anna.book.refused().unwrap().is_empty());
        assert_eq!(team.anna.book.status().unwrap().refused, 0);
        assert!(!team.anna.book.dismiss(&hash, moment, &mut team.field.dice).unwrap(), "it is done once");
        for read in team.read_by_all() {
            assert_eq!(read, ["Zonder nummer"], "and nothing of it is performed again");
        }
        team.anna.restart();
    }
}

#[test]
fn the_text_of_a_dossier_that_left_goes_for_good_when_its_author_is_done_with_it() {
    let mut team = Team::new(83);
    team.field.visit(&mut team.anna, team.dossier, "Eerste bezoek");
    team.field.sync(&mut team.anna);
    // Weeks after her access ended she delivers something; it is refused.
    let today = team.field.clock.now().today();
    let write = veldboek_core::record::Write {
        container: veldboek_core::record::Container::Trainee,
        entry: String::new(),
        key: "given_name".into(),
        value: veldboek_core::record::Scalar::Text("Sanne".into()),
    };
    let job = veldboek_core::field_book::Job::new(veldboek_core::field_book::Target::Existing(team.dossier), vec![write]);
    let job = job.ending(vec![("anna".into(), today)]);
    team.carla.book.perform_all(vec![job], team.field.clock.now(), &mut team.field.dice).unwrap();
    team.field.sync(&mut team.carla);
    team.field.clock.pass_minutes(30 * 24 * 60);
    team.field.visit(&mut team.anna, team.dossier, "Kanariepiet");
    team.field.sync(&mut team.anna);
    let waiting = team.waiting();
    team.decide(waiting[0].hash, false, "ander dossier");
    team.field.sync(&mut team.anna);
    assert!(matches!(team.anna.book.find("WF-2025-0001"), Err(FieldBookError::UnknownDossier(_))));
    assert!(can_read(&team.anna, "Kanariepiet"), "its text stays readable for its author");
    let refused = team.anna.book.refused().unwrap();
    assert!(refused.len() == 1 && format!("{:?}", refused[0].1).contains("Kanariepiet"));
    let records = |device: &Device| Journal::verify(&**device.disk(), device.book.keyring()).unwrap();
    let before = records(&team.anna);
    assert!(team.anna.book.dismiss(&refused[0].0.hash, team.field.clock.now(), &mut team.field.dice).unwrap());
    let after = records(&team.anna);
    assert!(after.is_whole() && after.records == before.records + 1 && after.gone > before.gone);
    for _ in 0..2 {
        assert!(!can_read(&team.anna, "Kanariepiet"), "now nobody can, and the journal is whole");
        assert!(team.anna.book.refused().unwrap().is_empty() && team.anna.book.waiting().unwrap().is_empty());
        assert_eq!(team.field.sync(&mut team.anna).0.sent, 0);
        team.anna.restart();
    }
}
