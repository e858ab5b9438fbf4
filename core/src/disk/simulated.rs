//! A disk that behaves as badly as disks are allowed to: what was not synced may be forgotten, in part or whole.
//!
//! The model: until [`Disk::sync`] returned, a power cut may keep any beginning of what was appended, with any of its
//! sectors empty; may undo a truncation; and may forget that a file was made. What was synced stays. Damage by a
//! failing disk is another story: [`SimulatedDisk::damage`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::memory::{Turn, part};
use super::{Action, Disk, DiskError, Held, check_name};

const SECTOR: usize = 512;

/// A disk in memory that forgets and fails on command. A clone is a second handle, as a second process would have.
#[derive(Clone, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    turn: Turn,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, File>,
    /// Operations so far that changed something or made it durable.
    operations: u64,
    cut_at: Option<u64>,
    fail_at: Option<u64>,
    off: bool,
}

/// A file as programs see it, and what of it would survive.
#[derive(Default)]
struct File {
    bytes: Vec<u8>,
    /// What the last sync made durable; nothing when the name itself is not.
    durable: Option<Vec<u8>>,
    /// The shortest the file has been since: below that it holds what the last sync made durable.
    shortest: usize,
}

/// Whether the operation goes ahead.
enum Fate {
    Whole,
    /// It stops somewhere in the middle, at a place that this number chooses, and fails like this.
    Part(u64, DiskError),
}

impl SimulatedDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations (append, sync, truncate, remove) were done or tried.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The power goes out during the operation with this number (the first is 1), or never.
    pub fn cut_at(&self, operation: Option<u64>) {
        self.state().cut_at = operation;
    }

    /// The operation with this number fails half-way, as on a full disk; the power stays on.
    pub fn fail_at(&self, operation: Option<u64>) {
        self.state().fail_at = operation;
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// The power was cut and is back: what was not durable is forgotten or torn, as the seed decides. Every third
    /// seed forgets all of it, so that the plainest loss is always among those tried.
    pub fn crash(&self, seed: u64) {
        let mut dice = Dice(seed);
        let mut state = self.state();
        let names: Vec<String> = state.files.keys().cloned().collect();
        for name in names {
            let Some(file) = state.files.remove(&name) else { continue };
            if let Some(bytes) = file.after_power_cut(seed.is_multiple_of(3), &mut dice) {
                let shortest = bytes.len();
                state.files.insert(name, File { durable: Some(bytes.clone()), bytes, shortest });
            }
        }
        state.off = false;
        state.cut_at = None;
        state.fail_at = None;
    }

    /// The program was killed where the power was cut, but the computer stayed on: nothing is forgotten.
    pub fn revive(&self) {
        let mut state = self.state();
        state.off = false;
        state.cut_at = None;
        state.fail_at = None;
    }

    /// Changes bytes behind the store's back, durably, as a failing disk would.
    pub fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let file = state.files.entry(name.to_owned()).or_default();
        change(&mut file.bytes);
        file.settle();
    }
}

impl State {
    fn look(&self, name: &str) -> Result<&File, DiskError> {
        check_name(name)?;
        self.on()?;
        self.files.get(name).ok_or_else(|| DiskError::Missing { name: name.to_owned() })
    }

    fn on(&self) -> Result<(), DiskError> {
        if self.off { Err(DiskError::PowerCut) } else { Ok(()) }
    }

    /// Counts an operation and says how it ends.
    fn begin(&mut self, action: Action, name: &str) -> Result<Fate, DiskError> {
        check_name(name)?;
        self.on()?;
        self.operations += 1;
        let chance = Dice(self.operations).next();
        if self.cut_at == Some(self.operations) {
            self.off = true;
            return Ok(Fate::Part(chance, DiskError::PowerCut));
        }
        if self.fail_at == Some(self.operations) {
            let (name, detail) = (name.to_owned(), "simulated".to_owned());
            return Ok(Fate::Part(chance, DiskError::Full { action, name, detail }));
        }
        Ok(Fate::Whole)
    }
}

impl File {
    fn settle(&mut self) {
        self.durable = Some(self.bytes.clone());
        self.shortest = self.bytes.len();
    }

    fn after_power_cut(self, forget_all: bool, dice: &mut Dice) -> Option<Vec<u8>> {
        let Some(durable) = self.durable else {
            // The name was never made durable: gone, or there with whatever was written through.
            return (!forget_all && dice.below(2) == 0).then(|| tear(self.bytes, 0, dice));
        };
        let shortened = self.shortest < durable.len();
        if forget_all || (shortened && dice.below(2) == 0) {
            return Some(durable);
        }
        Some(tear(self.bytes, self.shortest, dice))
    }
}

/// Keeps `safe` bytes and some beginning of the rest, in which sectors may be empty.
fn tear(mut bytes: Vec<u8>, safe: usize, dice: &mut Dice) -> Vec<u8> {
    let fresh = bytes.len().saturating_sub(safe);
    let keep = if dice.below(3) == 0 { fresh } else { dice.below(fresh as u64 + 1) as usize };
    bytes.truncate(safe + keep);
    if dice.below(2) == 0 {
        for start in (safe / SECTOR * SECTOR..bytes.len()).step_by(SECTOR) {
            if dice.below(3) == 0 {
                let end = (start + SECTOR).min(bytes.len());
                bytes[start.max(safe)..end].fill(0);
            }
        }
    }
    bytes
}

impl Disk for SimulatedDisk {
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut state = self.state();
        let fate = state.begin(Action::Append, name)?;
        let file = state.files.entry(name.to_owned()).or_default();
        match fate {
            Fate::Whole => file.bytes.extend_from_slice(bytes),
            Fate::Part(chance, error) => {
                let some = chance as usize % (bytes.len() + 1);
                file.bytes.extend_from_slice(&bytes[..some]);
                return Err(error);
            }
        }
        Ok(())
    }

    fn sync(&self, name: &str) -> Result<(), DiskError> {
        let mut state = self.state();
        state.look(name)?;
        match state.begin(Action::Sync, name)? {
            Fate::Whole => {
                if let Some(file) = state.files.get_mut(name) {
                    file.settle();
                }
                Ok(())
            }
            Fate::Part(_, error) => Err(error),
        }
    }

    fn read(&self, name: &str, offset: u64, most: usize) -> Result<Vec<u8>, DiskError> {
        Ok(part(&self.state().look(name)?.bytes, offset, most).to_vec())
    }

    fn len(&self, name: &str) -> Result<Option<u64>, DiskError> {
        match self.state().look(name) {
            Ok(file) => Ok(Some(file.bytes.len() as u64)),
            Err(DiskError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn truncate(&self, name: &str, len: u64) -> Result<(), DiskError> {
        let mut state = self.state();
        state.look(name)?;
        let fate = state.begin(Action::Truncate, name)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let done = match &fate {
            Fate::Whole => true,
            Fate::Part(chance, _) => chance % 2 == 0,
        };
        if let Some(file) = state.files.get_mut(name).filter(|_| done) {
            file.bytes.truncate(len);
            file.shortest = file.shortest.min(len);
        }
        match fate {
            Fate::Whole => Ok(()),
            Fate::Part(_, error) => Err(error),
        }
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let state = self.state();
        state.on()?;
        Ok(state.files.keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        let mut state = self.state();
        match state.begin(Action::Remove, name)? {
            Fate::Whole => {
                state.files.remove(name);
                Ok(())
            }
            Fate::Part(chance, error) => {
                if chance % 2 == 0 {
                    state.files.remove(name);
                }
                Err(error)
            }
        }
    }

    fn lock(&self) -> Result<Box<dyn Held>, DiskError> {
        let held = self.turn.take()?;
        self.state().on()?;
        Ok(held)
    }
}

/// Chance that a seed repeats exactly (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::conformance;

    #[test]
    fn the_simulated_disk_conforms_while_nothing_goes_wrong() {
        conformance::conforms(&|| {
            let disk = SimulatedDisk::default();
            (Arc::new(disk.clone()), Arc::new(disk))
        });
    }

    #[test]
    fn a_power_cut_takes_only_what_was_not_synced() {
        let mut forgot = 0;
        let mut tore = 0;
        for seed in 0..60 {
            let disk = SimulatedDisk::default();
            disk.append("log", &[1; 2000]).unwrap();
            disk.sync("log").unwrap();
            disk.append("log", &[2; 2000]).unwrap();
            disk.append("new", b"never synced").unwrap();
            disk.crash(seed);
            let bytes = disk.read("log", 0, 9999).unwrap();
            assert_eq!(bytes[..2000], [1; 2000], "seed {seed}");
            forgot += u32::from(bytes.len() == 2000);
            tore += u32::from(bytes.len() > 2000 && bytes[2000..].contains(&0));
        }
        assert!(forgot > 10 && tore > 5, "forgot {forgot}, tore {tore}");
    }

    #[test]
    fn a_truncation_may_be_undone_until_it_is_synced() {
        let lengths: std::collections::BTreeSet<u64> = (0..20)
            .map(|seed| {
                let disk = SimulatedDisk::default();
                disk.append("log", b"0123456789").unwrap();
                disk.sync("log").unwrap();
                disk.truncate("log", 4).unwrap();
                disk.crash(seed);
                disk.len("log").unwrap().unwrap()
            })
            .collect();
        assert_eq!(lengths, [4, 10].into());
    }

    #[test]
    fn the_power_goes_at_the_operation_that_was_named_and_stays_off() {
        let disk = SimulatedDisk::default();
        disk.cut_at(Some(2));
        disk.append("log", b"whole").unwrap();
        assert_eq!(disk.sync("log"), Err(DiskError::PowerCut));
        assert_eq!(disk.append("log", b"more"), Err(DiskError::PowerCut));
        assert!(matches!(disk.lock(), Err(DiskError::PowerCut)));
        disk.revive();
        assert_eq!(disk.read("log", 0, 99).unwrap(), b"whole");
    }
}
