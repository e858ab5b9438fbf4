//! The heads that devices saw: each must still be a record of the chain.
//!
//! Every record's hash covers all before it, so whoever changes the record book, or cuts off its end, must lose the heads that
//! are out in the field: cutting leaves no such number, rewriting another hash under it. The server's own signature on
//! a head keeps a device from accusing it of one that it never told.

use super::*;
use crate::wire::Seen;

/// From one remembered place in the journal to the next, in records.
const EVERY: u64 = 16;

/// Where the records of the chain are, so that one can be found by its number.
#[derive(Debug, Default)]
pub(super) struct Chain {
    marks: Vec<(u64, Position)>,
    /// Every life of the server that this journal tells, and the number of the record with which it began.
    lives: Vec<(Epoch, u64)>,
    /// Heads that were shown to be missing, by the devices that saw them.
    contradicted: HashSet<(DeviceId, u64, [u8; 32])>,
}

impl Chain {
    /// A record has its place.
    pub(super) fn passes(&mut self, number: u64, position: Position) {
        if !super::batch::is_staged(position) && self.marks.last().is_none_or(|(last, _)| number >= last + EVERY) {
            self.marks.push((number, position));
        }
    }

    /// A life of the server begins: what was missed in the life before is settled.
    pub(super) fn life_begins(&mut self, epoch: Epoch, number: u64) {
        if self.lives.last().is_none_or(|(last, _)| *last != epoch) {
            self.lives.push((epoch, number));
        }
        self.contradicted.clear();
    }

    /// Whether a head that was told in a life of the server must be in this journal. A backup that was put back has another
    /// future, and says so by a new life: what was told in a life holds below the beginning of the one after it. Of a life that
    /// is not in this journal nobody knows where it began; it shares what was before the first restore.
    fn binds(&self, life: Epoch, number: u64) -> bool {
        let next = match self.lives.iter().rposition(|(epoch, _)| *epoch == life) {
            Some(at) if at + 1 == self.lives.len() => return true,
            Some(at) => at + 1,
            None => 1,
        };
        self.lives.get(next).is_some_and(|(_, began)| number < *began)
    }

    /// A head was shown to be missing.
    pub(super) fn is_contradicted(&mut self, note: &ContradictedNote) {
        self.contradicted.insert((note.device, note.number, note.hash));
    }

    /// From where on to look for a record.
    fn mark_before(&self, number: u64) -> Option<Position> {
        let after = self.marks.partition_point(|(mark, _)| *mark <= number);
        Some(self.marks.get(after.checked_sub(1)?)?.1)
    }
}

/// Whether a device is to hear of the chain's head.
#[derive(Debug, Default)]
pub(super) struct News {
    /// What it told.
    pub(super) seen: Option<Seen>,
    /// That is not in the chain.
    pub(super) doubted: bool,
}

impl News {
    /// The head as it is told, if it is.
    pub(super) fn of(&self, head: &Head) -> Option<Head> {
        let known = self.seen.as_ref().is_some_and(|seen| seen.is(head.number, &head.hash));
        (self.doubted || !known).then(|| Head { doubted: self.doubted.then_some(true), ..head.clone() })
    }
}

impl Batch<'_> {
    /// Whether a device saw a head that is not in the chain (any more). With the server's own signature on it, it is kept as
    /// evidence, once.
    pub(super) fn doubts(&mut self, caller: DeviceId, seen: &Seen, cursor: Option<Epoch>) -> Result<bool, RegionError> {
        let hash = match self.state.chain.mark_before(seen.number) {
            Some(mark) => self.writer.hash_of(mark, seen.number)?,
            None => None,
        };
        if hash.is_some_and(|hash| seen.is(seen.number, &hash)) {
            return Ok(false);
        }
        let Some(life) = seen.epoch.or(cursor) else { return Ok(false) };
        if !self.state.chain.binds(life, seen.number) {
            return Ok(false);
        }
        if let Some((epoch, Head { number, hash, signature, .. })) = seen.evidence(&self.keyring.device_keys().public())
            && !self.state.chain.contradicted.contains(&(caller, number, hash))
        {
            let signature = signature.as_bytes().to_vec().into();
            let note = ContradictedNote { device: caller, at: self.moment.at, epoch, number, hash, signature };
            self.stage_note(Kind::Contradicted, note.encode())?;
        }
        Ok(true)
    }
}

impl Region {
    /// The heads that devices were told in this life of the server and that are not in the chain: it was cut, rewritten, or
    /// replaced by an older copy. Empty when all is well.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn contradictions(disk: &Arc<dyn Disk>, keyring: &Keyring) -> Result<Vec<ContradictedNote>, RegionError> {
        let mut found = Vec::new();
        let mut trouble = None;
        Journal::open(disk.clone())?.read_new(keyring, &mut |record| match (record.kind, &record.payload) {
            (Kind::Epoch, Payload::Bytes(bytes)) => match EpochNote::decode(bytes) {
                Ok(note) if note.held == Some(false) => {}
                Ok(_) => found.clear(),
                Err(error) => trouble = Some(error),
            },
            (Kind::Contradicted, Payload::Bytes(bytes)) => match ContradictedNote::decode(bytes) {
                Ok(note) => found.push(note),
                Err(error) => trouble = Some(error),
            },
            _ => {}
        })?;
        trouble.map_or(Ok(found), |error| Err(error.into()))
    }
}
