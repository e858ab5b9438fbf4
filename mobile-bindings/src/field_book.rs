//! The object that an app holds: one field book in one directory.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use veldboek_core::cache::{NoCache, SledCache};
use veldboek_core::clock::Timestamp;
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::dossier::Dossier;
use veldboek_core::field_book::{FieldBook as Book, FieldBookError as StoreError};
use veldboek_core::ids::DocumentId;
use veldboek_core::keyring::{KeyringError, WrappingKey};
use veldboek_core::notes::Setup;
use veldboek_core::record::Code as _;
use veldboek_core::request_signature::Nonce;
use veldboek_core::wipe::Wipe;
use veldboek_core::words::Words;
use zeroize::Zeroizing;

use crate::codes::{Lang, Role};
use crate::platform;
use crate::revoked;
use crate::shown::*;
use crate::trouble::{Answered, FieldBookError, Tried, Trouble};

/// One field book. Calls wait for each other and never for a network; make them off the screen's thread. What a call saved
/// is durable when it returns, and stays so when the app is killed.
#[derive(uniffi::Object)]
pub struct FieldBook {
    directory: PathBuf,
    lang: Lang,
    held: Mutex<Held>,
}

/// What is in memory.
struct Held {
    /// What opens it.
    opener: Opener,
    /// The key around its keys; absent while it is locked.
    key: Option<WrappingKey>,
    /// When the person last showed who they are.
    shown: Option<Timestamp>,
    /// The open book; absent after trouble, until the next call opens it again from the disk.
    book: Option<Book>,
    /// For the next exchange.
    nonce: Option<Nonce>,
    /// The exchange that waits for its answer.
    pending: Option<Pending>,
    exchanges: u64,
    stale: u32,
}

#[uniffi::export]
impl FieldBook {
    /// Opens the field book in a directory, which belongs to it alone; makes one when there is none. The key is 32 random
    /// bytes that the app guards itself: make it once, and hand in the same one every time. Better: `open_with_keystore`.
    #[uniffi::constructor]
    pub fn open(directory: String, key: Vec<u8>, language: Lang) -> Answered<Arc<Self>> {
        let key = Zeroizing::new(key);
        let bytes = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| {
            let why = Words::new("de sleutel moet 32 bytes lang zijn", "the key must be 32 bytes long");
            FieldBookError::bad("key", why.say(language))
        })?;
        let bytes = Zeroizing::new(bytes);
        let held = Held::new(Opener::Key, Some(WrappingKey::from_bytes(*bytes)));
        let book = Self { directory: PathBuf::from(directory), lang: language, held: Mutex::new(held) };
        book.begun(|book| book.contact(|_| Ok(())))
    }
}

impl FieldBook {
    /// Opens it, unless it was wiped: then it is only there for the server to hear of that.
    fn begun(self, open: impl FnOnce(&Self) -> Answered<()>) -> Answered<Arc<Self>> {
        match self.wiped()? {
            // The server has not heard yet: exchanges still work.
            Some(wipe) if !wipe.told => {}
            Some(wipe) => return Err(FieldBookError::wiped(wipe.lost, self.lang)),
            None => open(&self)?,
        }
        Ok(Arc::new(self))
    }

    /// What is left of it when it was wiped.
    fn wiped(&self) -> Answered<Option<Wipe>> {
        self.tell(revoked::wiped(&self.directory))
    }

    /// The disk under it, for what needs no open book.
    fn disk(&self) -> Answered<RealDisk> {
        self.tell(RealDisk::open(&self.directory))
    }

    /// Trouble outside a call, in the language of the field book.
    fn tell<T>(&self, done: Result<T, impl Into<Trouble>>) -> Answered<T> {
        done.map_err(|trouble| trouble.into().told(self.lang))
    }

    /// One call: the book as the disk has it now. The book is out of the lock meanwhile, so that after a panic, or trouble
    /// that may have left memory and disk apart, the next call opens it again.
    pub(crate) fn turn<T>(&self, work: impl FnOnce(&mut Turn<'_>) -> Tried<T>) -> Answered<T> {
        self.contact(|turn| match turn.book.revoked() {
            Some(_) => Err(FieldBookError::only_exchanges(turn.lang).into()),
            None => work(turn),
        })
    }

    /// The same for what a revoked phone may still do.
    fn contact<T>(&self, work: impl FnOnce(&mut Turn<'_>) -> Tried<T>) -> Answered<T> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slot = held.book.take();
        let mut gone = false;
        let Held { opener, key, shown, nonce, pending, exchanges, stale, .. } = &mut *held;
        let key = key.as_ref().ok_or_else(|| FieldBookError::needs_unlock(self.lang))?;
        let done = catch_unwind(AssertUnwindSafe(|| {
            let book = match &mut slot {
                Some(book) => book,
                None => slot.insert(open_book(&self.directory, key)?),
            };
            book.catch_up()?;
            let (moment, mut rng) = (platform::now(), platform::randomness());
            if Held::must_show(opener, *shown, book, moment.at) {
                return Err(Trouble::Told(FieldBookError::needs_unlock(self.lang)));
            }
            book.look_at_the_day(moment, &mut rng);
            let gone = &mut gone;
            work(&mut Turn {
                book,
                directory: &self.directory,
                gone,
                nonce,
                pending,
                exchanges,
                stale,
                moment,
                rng,
                lang: self.lang,
            })
        }));
        let done = match done {
            Ok(done) => self.tell(done),
            Err(panic) => Err(FieldBookError::Unknown { reason: told(&*panic) }),
        };
        if matches!(done, Err(FieldBookError::Wiped { .. })) {
            let lost = self.wiped()?.map_or(0, |wipe| wipe.lost);
            return Err(FieldBookError::wiped(lost, self.lang));
        }
        if matches!(done, Err(FieldBookError::NeedsUnlock { .. })) {
            held.lock();
        } else if !gone && !done.as_ref().is_err_and(FieldBookError::unsettles) {
            held.book = slot;
        }
        done
    }
}

/// Opens the book in a directory, or makes it there.
fn open_book(directory: &Path, key: &WrappingKey) -> Result<Book, StoreError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory)?);
    let open = || Book::open(disk.clone(), Arc::new(NoCache), key);
    // A book whose making was cut short has keys but does not know yet that it is one.
    let known = if Book::exists(&*disk)? { Some(open()?).filter(|book| book.register_document().is_ok()) } else { None };
    let mut book = match known {
        Some(book) => book,
        None => match Book::create(disk.clone(), Arc::new(NoCache), key, nobodys(), &mut platform::randomness()) {
            // Another process of the app made it at this moment.
            Err(StoreError::Exists | StoreError::Keyring(KeyringError::Exists)) => open()?,
            made => made?,
        },
    };
    // Another process may have the cache; the book does without then.
    if let Some(cache) = SledCache::open(&directory.join("cache"), &book.keyring().cache_key()) {
        book.set_cache(Arc::new(cache));
    }
    Ok(book)
}

/// Until it is enrolled, a phone's field book is nobody's.
fn nobodys() -> Setup {
    Setup {
        region: String::new(),
        organisation: None,
        person: None,
        display_name: None,
        server_url: None,
        server: None,
        server_keys: None,
    }
}

/// What a panic said.
fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "the program stopped halfway".to_owned())
}

mod exchanging;
mod locking;
mod looking;
#[cfg(test)]
mod open_forms;
mod recording;
mod settling;
#[cfg(test)]
mod tests;
mod turn;

use exchanging::Pending;
use locking::Opener;
pub use locking::{Keystore, KeystoreError, LockStatus};
pub(crate) use turn::Turn;
