//! The files of the keyring: written whole under a new number before the one before is removed; the newest whole one counts.

use rand_core::CryptoRng;

use super::format::{Opened, Ring, Unreadable};
use super::{KeyringError, WrappingKey};
use crate::disk::{Disk, DiskError, read_all};
use crate::words::Words;

pub(super) const PREFIX: &str = "keyring.";

/// How far a replacement came.
pub(super) enum ReplaceError {
    /// The new file is not there.
    NotWritten(KeyringError),
    /// It is, but an older one is too.
    OlderLeft(KeyringError),
}

impl From<ReplaceError> for KeyringError {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::NotWritten(error) | ReplaceError::OlderLeft(error) => error,
        }
    }
}

/// Writes a generation, makes it durable and removes those before it. `strict`: an older one that stays is an error.
pub(super) fn replace(
    disk: &dyn Disk,
    ring: &Ring,
    wrapping: &WrappingKey,
    rng: &mut dyn CryptoRng,
    strict: bool,
) -> Result<(), ReplaceError> {
    let name = file_name(ring.generation);
    // The file before goes away for this one, so it had better open.
    let sealed = ring.seal(wrapping, rng).filter(|bytes| Ring::open(bytes, ring.generation, wrapping).is_ok());
    let Some(bytes) = sealed else {
        return Err(ReplaceError::NotWritten(KeyringError::Damaged {
            name,
            what: Words::new("zij konden niet worden verzegeld", "it could not be sealed"),
        }));
    };
    if let Err(error) = disk.append(&name, &bytes).and_then(|()| disk.sync(&name)) {
        // The caller will hear that it was not written, so it must not come to count later.
        let _ = disk.remove(&name);
        return Err(ReplaceError::NotWritten(error.into()));
    }
    match remove_older(disk, ring.generation) {
        Err(error) if strict => Err(ReplaceError::OlderLeft(error)),
        // One that is left is removed with the next replacement, or at the next start.
        _ => Ok(()),
    }
}

pub(super) fn remove_older(disk: &dyn Disk, newest: u64) -> Result<(), KeyringError> {
    for (generation, name) in generations(disk)? {
        if generation < newest {
            disk.remove(&name)?;
        }
    }
    Ok(())
}

pub(super) fn file_name(generation: u64) -> String {
    format!("{PREFIX}{generation}")
}

/// The generations on the disk, oldest first.
pub(super) fn generations(disk: &dyn Disk) -> Result<Vec<(u64, String)>, DiskError> {
    let mut found: Vec<(u64, String)> = disk
        .list()?
        .into_iter()
        .filter_map(|name| {
            let generation = name.strip_prefix(PREFIX)?.parse::<u64>().ok()?;
            (file_name(generation) == name).then_some((generation, name))
        })
        .collect();
    found.sort();
    Ok(found)
}

/// The newest whole keyring.
pub(super) fn newest(disk: &dyn Disk, wrapping: &WrappingKey) -> Result<Opened, KeyringError> {
    of_newest(disk, |generations| open_newest(disk, generations, wrapping))
}

/// Looks at the generations, the newest last. Another process may put a newer one in their place while this looks, and blank
/// those before it: what was read then means nothing.
pub(super) fn of_newest<T>(
    disk: &dyn Disk,
    look: impl Fn(&[(u64, String)]) -> Result<T, KeyringError>,
) -> Result<T, KeyringError> {
    loop {
        let before = generations(disk)?;
        match look(&before) {
            Err(_) if generations(disk)? != before => {}
            seen => return seen,
        }
    }
}

fn open_newest(disk: &dyn Disk, generations: &[(u64, String)], wrapping: &WrappingKey) -> Result<Opened, KeyringError> {
    let mut problem = None;
    for (index, (generation, name)) in generations.iter().enumerate().rev() {
        match Ring::open(&read_all(disk, name)?, *generation, wrapping) {
            Ok(ring) => {
                // Its writer may have been killed before it was durable; what is sealed from here on must not
                // depend on a key that a power cut takes. A store on a read-only disk is read all the same.
                let _ = disk.sync(name);
                return Ok(Opened { ring, older: index > 0 });
            }
            Err(unreadable) => not_this_one(unreadable, name, &mut problem)?,
        }
    }
    Err(problem.unwrap_or(KeyringError::None))
}

/// Whether to look at the generation before: the newest may be half-written by another process, or never have become whole.
pub(super) fn not_this_one(unreadable: Unreadable, name: &str, problem: &mut Option<KeyringError>) -> Result<(), KeyringError> {
    let what = match unreadable {
        Unreadable::Newer(version) => return Err(KeyringError::Newer { version }),
        Unreadable::WrongKey => return Err(KeyringError::WrongKey),
        Unreadable::Destroyed(destroyed) => return Err(KeyringError::Destroyed(destroyed)),
        Unreadable::Torn => Words::new("zij zijn niet volledig", "it is incomplete"),
        Unreadable::Spoiled(what) => what,
    };
    problem.get_or_insert(KeyringError::Damaged { name: name.to_owned(), what });
    Ok(())
}
