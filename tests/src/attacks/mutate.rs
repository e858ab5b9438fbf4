//! Mutations of valid changes that keep what is cheap to check right, so that they get as far as they can: the length, the
//! checksum and the signature always fit.

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Change, ObjType, ScalarValue};

use super::forge::{FOUNDER, Parts};
use crate::Dice;

/// What there is to mention: the operations and keys of a document.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Operations.
    pub operations: Vec<OpId>,
    /// Keys.
    pub keys: Vec<String>,
}

impl Known {
    /// Takes in what a change mentions.
    pub fn learn(&mut self, chunk: &[u8]) {
        let change = Change::from_bytes(chunk.to_vec()).expect("a valid change");
        for (index, op) in change.decode().operations.iter().enumerate() {
            self.operations.push(OpId(change.start_op().get() + index as u64, change.actor_id().clone()));
            if let Key::Map(key) = &op.key {
                self.keys.push(key.to_string());
            }
        }
    }
}

/// A mutation of a valid chunk.
pub fn mutation(original: &[u8], known: &Known, dice: &mut Dice) -> Vec<u8> {
    match dice.below(10) {
        0 => bytes(original, dice),
        1..=3 => columns(original, dice),
        4 => header(original, dice),
        _ => (0..20).find_map(|_| operations(original, known, dice)).unwrap_or_else(|| columns(original, dice)),
    }
}

fn pick<'a, T>(from: &'a [T], dice: &mut Dice) -> Option<&'a T> {
    from.get(dice.below(from.len() as u64) as usize)
}

/// Bytes anywhere in the body.
fn bytes(original: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut body = Parts::of(original).body();
    for _ in 0..=dice.below(3) {
        let at = dice.below(body.len() as u64) as usize;
        match dice.below(3) {
            0 => body[at] = dice.roll() as u8,
            1 => body.insert(at, dice.roll() as u8),
            _ => drop(body.remove(at)),
        }
    }
    super::forge::chunk(1, &body)
}

/// Bytes within one column; its length stays right, and mostly its shape.
fn columns(original: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut parts = Parts::of(original);
    let numbers: Vec<u64> = parts.columns.keys().copied().collect();
    for _ in 0..=dice.below(2) {
        let Some(data) = pick(&numbers, dice).and_then(|number| parts.columns.get_mut(number)) else { continue };
        let at = dice.below(data.len() as u64) as usize;
        match dice.below(8) {
            0..=2 => data[at] ^= 1 << dice.below(6),
            3 | 4 => data[at] = data[at].wrapping_add(1),
            5 => data[at] = data[at].wrapping_sub(1),
            6 => data[at] = dice.roll() as u8,
            _ => {
                let other = dice.below(data.len() as u64) as usize;
                data.swap(at, other);
            }
        }
    }
    parts.chunk()
}

/// What the change says of itself.
fn header(original: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut parts = Parts::of(original);
    match dice.below(8) {
        0 => parts.seq = dice.below(6),
        1 => parts.start_op = dice.below(200),
        2 => parts.start_op = dice.roll(),
        3 => parts.time = dice.roll() as i64,
        4 => parts.deps.iter_mut().flatten().for_each(|byte| *byte = dice.roll() as u8),
        5 => parts.deps.clear(),
        6 => parts.actor[16..].iter_mut().for_each(|byte| *byte = dice.roll() as u8),
        _ => {
            let last = parts.actor.len() - 1;
            let at = dice.below(last as u64) as usize;
            parts.actor[at] = dice.roll() as u8;
        }
    }
    parts.chunk()
}

/// What it does: operations of another kind, at another place, over others; written as Automerge writes it.
fn operations(original: &[u8], known: &Known, dice: &mut Dice) -> Option<Vec<u8>> {
    let mut expanded = Change::from_bytes(original.to_vec()).ok()?.decode();
    for _ in 0..=dice.below(2) {
        let count = expanded.operations.len() as u64;
        let at = dice.below(count) as usize;
        match dice.below(12) {
            0 => drop(expanded.operations.remove(at)),
            1 => {
                let copy = expanded.operations[at].clone();
                expanded.operations.insert(dice.below(count + 1) as usize, copy);
            }
            2 => expanded.operations.swap(at, dice.below(count) as usize),
            3 => expanded.message = Some("m".repeat(dice.below(1_200) as usize)),
            _ => one(&mut expanded.operations[at], known, dice),
        }
        if expanded.operations.is_empty() {
            break;
        }
    }
    // Automerge itself may fail on what no honest program asks of it.
    veldboek_core::quiet::catch(|| Change::from(expanded).raw_bytes().to_vec())
}

fn one(op: &mut Op, known: &Known, dice: &mut Dice) {
    let some = |dice: &mut Dice| match dice.below(8) {
        0 => OpId(dice.below(200), ActorId::from(FOUNDER)),
        1 => OpId(dice.below(40), pick(&known.operations, dice).map_or(ActorId::from(FOUNDER), |known| known.1.clone())),
        _ => pick(&known.operations, dice).cloned().unwrap_or(OpId(1, ActorId::from(FOUNDER))),
    };
    match dice.below(9) {
        0..=2 => op.action = OpType::Put(scalar(dice)),
        3 => op.action = action(dice),
        4 | 5 => {
            op.key = Key::Map(match dice.below(5) {
                0 => "k".repeat(dice.below(1_100) as usize).into(),
                1 => format!("{}/{}", dice.below(9), dice.below(9)).into(),
                _ => pick(&known.keys, dice).map_or("", String::as_str).into(),
            });
        }
        6 => op.obj = if dice.below(6) == 0 { ObjectId::Root } else { ObjectId::Id(some(dice)) },
        7 => op.pred = (0..dice.below(3)).map(|_| some(dice)).collect::<Vec<_>>().into(),
        _ => op.insert = dice.below(4) == 0,
    }
}

fn action(dice: &mut Dice) -> OpType {
    match dice.below(7) {
        0 => OpType::Delete,
        1 => OpType::Increment(dice.roll() as i64),
        2 => OpType::Make(ObjType::List),
        3 => OpType::Make(ObjType::Text),
        4 => OpType::Make(ObjType::Table),
        5 => OpType::MarkEnd(true),
        _ => OpType::Make(ObjType::Map),
    }
}

fn scalar(dice: &mut Dice) -> ScalarValue {
    match dice.below(12) {
        0 => ScalarValue::Null,
        1 => ScalarValue::Boolean(dice.below(2) == 0),
        2 => ScalarValue::Int(dice.roll() as i64),
        3 => ScalarValue::Int(dice.below(100) as i64),
        4 => ScalarValue::Timestamp(dice.roll() as i64),
        5 => ScalarValue::Bytes((0..dice.below(40)).map(|_| dice.roll() as u8).collect()),
        6 => ScalarValue::Uint(dice.roll()),
        7 => ScalarValue::F64(f64::from_bits(dice.roll())),
        8 => ScalarValue::counter(dice.roll() as i64),
        _ => ScalarValue::Str("woord ".repeat(dice.below(60) as usize).into()),
    }
}
