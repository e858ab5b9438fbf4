//! The gate's stories: what honest devices write passes, wherever and in whatever order it meets.

use super::*;
use crate::clock::Timestamp;
use crate::envelope::SignedChange;
use crate::ids::DocumentId;
use crate::journal::Position;
use crate::keys::DeviceKeys;
use crate::ledger::Ledger;
use crate::record::{Container, Record, Scalar, Write};
use crate::visit::Visit;

const NOWHERE: Position = Position { segment: 0, offset: 0 };

fn keys(number: u8) -> DeviceKeys {
    DeviceKeys::from_bytes(&[number; 64])
}

fn actor(number: u8) -> Vec<u8> {
    [keys(number).device().as_bytes().as_slice(), &[9; 8]].concat()
}

fn document() -> DocumentId {
    DocumentId::from_bytes([5; 16])
}

/// Writes on a device's copy; the signed change.
fn write(on: &mut Document, by: u8, writes: &[Write]) -> Candidate {
    let chunk = on.write(writes, &actor(by), Timestamp::from_millis(1_740_988_800_000)).unwrap().unwrap();
    SignedChange::sign(document(), &chunk, &keys(by)).unwrap().into()
}

fn found() -> Document {
    Document::found(DocumentKind::Dossier).unwrap()
}

fn visit(entry: &str) -> Vec<Write> {
    Visit { summary: Some("In de kelder".into()), coach: Some("anna".into()), duration_min: Some(30), ..Visit::default() }
        .create(entry)
}

fn minutes(minutes: i64) -> [Write; 1] {
    [Write { container: Container::Visits, entry: "v1".into(), key: "m".into(), value: Scalar::Int(minutes) }]
}

/// A server of one document.
#[derive(Default)]
struct Gate {
    ledger: Ledger,
    document: Option<Document>,
}

impl Gate {
    fn judge(&mut self, batch: &[&Candidate]) -> Vec<Judgement> {
        let known = |device: &DeviceId| (0..10).map(|number| keys(number).public()).find(|keys| keys.device() == *device);
        let standing = self.document.take().unwrap_or_else(found);
        let (judgements, after) = judge(self.ledger.documents.get(&document()), &standing, batch, &known).unwrap();
        for (change, judgement) in batch.iter().zip(&judgements) {
            if *judgement == Judgement::Valid {
                self.ledger.add_change(change, 1, NOWHERE);
            }
        }
        self.document = Some(after);
        judgements
    }

    #[track_caller]
    fn takes(&mut self, batch: &[&Candidate]) {
        assert_eq!(self.judge(batch), vec![Judgement::Valid; batch.len()]);
    }
}

fn apply(on: &mut Document, changes: &[&Candidate]) {
    on.apply(changes.iter().map(|change| change.chunk())).unwrap();
}

#[test]
fn two_coaches_apart_and_whoever_settles_their_conflict_pass_in_any_order() {
    let mut anna = found();
    let first = write(&mut anna, 1, &visit("v1"));
    let (mut bram, mut carla) = (found(), found());
    apply(&mut bram, &[&first]);
    let (by_anna, by_bram) = (write(&mut anna, 1, &minutes(45)), write(&mut bram, 2, &minutes(60)));
    let later = write(&mut bram, 2, &minutes(70));
    apply(&mut carla, &[&first, &by_anna, &by_bram, &later]);
    let settled = write(&mut carla, 3, &minutes(70));
    let all = [&first, &by_anna, &by_bram, &later, &settled];

    Gate::default().takes(&all);
    let mut one_by_one = Gate::default();
    all.iter().for_each(|change| one_by_one.takes(&[*change]));
    let mut bram_first = Gate::default();
    bram_first.takes(&[&first, &by_bram, &later]);
    bram_first.takes(&[&by_anna]);
    bram_first.takes(&[&settled]);
    assert_eq!(bram_first.document.unwrap().heads(), one_by_one.document.unwrap().heads());
}
