//! The operation columns of a change, scanned by their runs: how many operations, and nothing out of range.

use std::ops::Range;

use super::{BadChunk, Input, MAX_KEY, MAX_OPERATIONS, MAX_PREDECESSORS};
use crate::limits::MAX_KEY_BYTES;

/// What a run of a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Indexes into the change's actors.
    Actor,
    /// Numbers that are not negative.
    Number,
    /// Differences of numbers.
    Delta,
    /// Runs of no and yes, in turn.
    Flags,
    /// Keys.
    Text,
    /// The type and length of a value.
    ValueMeta,
    /// The values themselves, one after the other.
    Values,
    /// How many predecessors an operation has.
    Group,
}

/// The columns that Automerge writes, by specification number, in their order. `bool`: one item for each predecessor.
const COLUMNS: [(u64, Kind, bool); 14] = [
    (1, Kind::Actor, false),      // the object's actor
    (2, Kind::Number, false),     // the object's number
    (17, Kind::Actor, false),     // the element's actor
    (19, Kind::Delta, false),     // the element's number
    (21, Kind::Text, false),      // the key
    (52, Kind::Flags, false),     // insert
    (66, Kind::Number, false),    // action
    (86, Kind::ValueMeta, false), // value
    (87, Kind::Values, false),
    (112, Kind::Group, false), // predecessors
    (113, Kind::Actor, true),
    (115, Kind::Delta, true),
    (148, Kind::Flags, false), // expand
    (165, Kind::Text, false),  // the mark's name
];
const ACTION: u64 = 66;

/// Runs summed up.
#[derive(Default)]
struct Runs {
    /// Items, nulls included.
    items: u64,
    /// The sum of what the items say: predecessors of a group, bytes of values, differences up to here.
    total: i128,
}

/// Reads the columns' table and data up to the chunk's end; the number of operations and where the data stand.
pub(super) fn scan(input: &mut Input<'_>, actors: u64) -> Result<(u64, Range<usize>), BadChunk> {
    let table = input.up_to(COLUMNS.len(), "columns", |input| Ok((input.unsigned()?, input.unsigned()?)))?;
    let start = input.at;
    let mut known = COLUMNS.iter();
    let mut per_operation = Vec::with_capacity(COLUMNS.len());
    let (mut operations, mut values) = (0, 0);
    let (mut predecessors, mut value_bytes) = (0_i128, 0_i128);
    let mut per_predecessor = Vec::with_capacity(2);
    for (number, length) in table {
        // Advancing through the known ones makes order and uniqueness follow.
        let Some((_, kind, of_predecessor)) = known.find(|(candidate, ..)| *candidate == number) else {
            return Err(BadChunk::Malformed("a column that is unknown, compressed or out of order"));
        };
        let length = usize::try_from(length).map_err(|_| BadChunk::Malformed("a column's length"))?;
        let data = input.take(length)?;
        if data.is_empty() {
            return Err(BadChunk::Malformed("an empty column"));
        }
        if *kind == Kind::Values {
            values = data.len() as i128;
            continue;
        }
        let (most, what) = if *of_predecessor { (MAX_PREDECESSORS, "predecessors") } else { (MAX_OPERATIONS, "operations") };
        let runs = runs(&mut Input { bytes: data, at: 0 }, *kind, actors, most, what)?;
        match kind {
            Kind::Group => predecessors = runs.total,
            Kind::ValueMeta => value_bytes = runs.total,
            Kind::Text if runs.total > i128::from(MAX_KEY_BYTES) => return Err(BadChunk::Limit("keys")),
            _ => {}
        }
        if number == ACTION {
            operations = runs.items;
        }
        if *of_predecessor { per_predecessor.push(runs.items) } else { per_operation.push(runs.items) }
    }
    if input.left() > 0 {
        return Err(BadChunk::Malformed("bytes to spare"));
    }
    if predecessors > i128::from(MAX_PREDECESSORS) {
        return Err(BadChunk::Limit("predecessors"));
    }
    // A column of nulls is left out as a whole; one that is there speaks of every operation.
    if per_operation.iter().any(|items| *items != operations)
        || per_predecessor.iter().any(|items| i128::from(*items) != predecessors)
    {
        return Err(BadChunk::Malformed("columns of different lengths"));
    }
    if predecessors > 0 && per_predecessor.len() != 2 {
        return Err(BadChunk::Malformed("predecessors without names"));
    }
    if values != value_bytes {
        return Err(BadChunk::Malformed("values of another length than announced"));
    }
    Ok((operations, start..input.at))
}

fn runs(input: &mut Input<'_>, kind: Kind, actors: u64, most: u64, what: &'static str) -> Result<Runs, BadChunk> {
    let mut runs = Runs::default();
    while input.left() > 0 {
        if kind == Kind::Flags {
            let count = input.unsigned()?;
            // Only the first run, of no, may be empty.
            if count == 0 && input.at > 1 {
                return Err(BadChunk::Malformed("an empty run"));
            }
            runs.add(count, most, what)?;
            continue;
        }
        match input.signed()? {
            0 => {
                let nulls = input.unsigned()?;
                if nulls == 0 {
                    return Err(BadChunk::Malformed("an empty run"));
                }
                runs.add(nulls, most, what)?;
            }
            count @ 1.. => {
                let count = count.unsigned_abs();
                runs.add(count, most, what)?;
                let each = item(input, kind, actors)?;
                runs.sum(each, count, kind)?;
            }
            literal => {
                // One item costs at least a byte of input, so this loop is bounded by the chunk.
                let count = literal.unsigned_abs();
                runs.add(count, most, what)?;
                for _ in 0..count {
                    let each = item(input, kind, actors)?;
                    runs.sum(each, 1, kind)?;
                }
            }
        }
    }
    Ok(runs)
}

impl Runs {
    fn add(&mut self, count: u64, most: u64, what: &'static str) -> Result<(), BadChunk> {
        self.items = self.items.checked_add(count).filter(|items| *items <= most).ok_or(BadChunk::Limit(what))?;
        Ok(())
    }

    /// Cannot overflow: fewer than 2^16 items of fewer than 2^64 each.
    fn sum(&mut self, each: i128, count: u64, kind: Kind) -> Result<(), BadChunk> {
        self.total += each * i128::from(count);
        // Differences add up to numbers of operations; within a run they only rise or only fall, so the ends tell.
        if kind == Kind::Delta && !(0..=i128::from(super::MAX_COUNTER)).contains(&self.total) {
            return Err(BadChunk::Limit("a number"));
        }
        Ok(())
    }
}

/// Reads one item; what it adds to the column's sum.
fn item(input: &mut Input<'_>, kind: Kind, actors: u64) -> Result<i128, BadChunk> {
    match kind {
        Kind::Actor if input.unsigned()? >= actors => Err(BadChunk::Malformed("an actor that it does not name")),
        Kind::Number if input.unsigned()? > super::MAX_COUNTER => Err(BadChunk::Limit("a number")),
        Kind::Actor | Kind::Number => Ok(0),
        Kind::Group => Ok(i128::from(input.unsigned()?)),
        Kind::Delta => Ok(i128::from(input.signed()?)),
        Kind::Text => {
            let text = input.prefixed(MAX_KEY, "a key's length")?;
            std::str::from_utf8(text).map_err(|_| BadChunk::Malformed("a key"))?;
            Ok(text.len() as i128)
        }
        // The low four bits are the type, the others the length.
        Kind::ValueMeta => Ok(i128::from(input.unsigned()? >> 4)),
        Kind::Flags | Kind::Values => Ok(0),
    }
}
