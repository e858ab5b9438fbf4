//! Locked and unlocked: by the platform's keystore, which the app hands in, or by a passphrase.

use veldboek_core::clock::Timestamp;
use veldboek_core::field_book::FieldBook as Book;
use veldboek_core::keyring::{self, Cost, Keyring, KeyringError, NewLock, Passphrase, UnlockError};

use super::*;

/// How long a person who showed who they are may go on when the lease is over.
const SHOWN_FOR: i64 = 15 * 60_000;

/// The platform's keystore: Keychain with the Secure Enclave, or the Android Keystore. It locks 32 bytes with a key of its own that
/// never leaves it. Calls come from the thread that called the field book.
#[uniffi::export(with_foreign)]
pub trait Keystore: Send + Sync {
    /// Locks the key. What comes back is kept in the field book.
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, KeystoreError>;

    /// Unlocks what `wrap` gave. With `presence` the person must show now that it is them (finger, face, the phone's code),
    /// whatever they showed earlier: use a key that asks for it, or ask first.
    fn unwrap(&self, wrapped: Vec<u8>, presence: bool) -> Result<Vec<u8>, KeystoreError>;
}

/// The keystore did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeystoreError {
    /// Not now: the phone is locked, or the person did not show who they are.
    #[error("not now: {reason}")]
    NotNow {
        /// Detail.
        reason: String,
    },
    /// The keystore's key is gone, as after the phone was reset.
    #[error("gone: {reason}")]
    Gone {
        /// Detail.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeystoreError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::NotNow { reason: error.reason }
    }
}

/// The app's keystore as the core knows one.
struct Handed<'a>(&'a dyn Keystore);

impl keyring::Keystore for Handed<'_> {
    fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>, keyring::KeystoreError> {
        self.0.wrap(key.to_vec()).map_err(Into::into)
    }
    fn unwrap(&self, wrapped: &[u8], presence: bool) -> Result<Zeroizing<Vec<u8>>, keyring::KeystoreError> {
        self.0.unwrap(wrapped.to_vec(), presence).map(Zeroizing::new).map_err(Into::into)
    }
}

impl From<KeystoreError> for keyring::KeystoreError {
    fn from(error: KeystoreError) -> Self {
        match error {
            KeystoreError::NotNow { reason } => Self::NotNow(reason),
            KeystoreError::Gone { reason } => Self::Gone(reason),
        }
    }
}

/// What opens the field book.
pub(super) enum Opener {
    /// A key that the app hands in each time; its lock is the app's business.
    Key,
    Keystore(Arc<dyn Keystore>),
    Passphrase,
}

/// How a field book is locked, and how the tries stand; can be asked while it is locked.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LockStatus {
    /// `NONE` (the app keeps the key), `PASSPHRASE` or `KEYSTORE`.
    pub kind: String,
    /// Whether it is open now.
    pub unlocked: bool,
    /// Wrong passphrases since it was last unlocked.
    pub wrong_tries: u32,
    /// How many are left before the keys are destroyed. Show it from the fifth wrong one on.
    pub tries_left: u32,
    /// From when on one may try again, where there is a wait.
    pub try_again_at: Option<String>,
    /// Changes made here since the last exchange: they would go with the keys.
    pub unsynced: Option<u64>,
}

#[uniffi::export]
impl FieldBook {
    /// Opens the field book in a directory with the platform's keystore; makes one when there is none. This is what an app should
    /// use: the key around the keys lies nowhere but in the keystore's hands.
    #[uniffi::constructor]
    pub fn open_with_keystore(directory: String, keystore: Arc<dyn Keystore>, language: Lang) -> Answered<Arc<Self>> {
        Self::closed(directory, Opener::Keystore(keystore.clone()), language).begun(|book| {
            let disk = book.disk()?;
            if book.tell(Book::exists(&disk))? {
                return book.unlock_asking_if_needed();
            }
            let lock = NewLock::Keystore(&Handed(&*keystore));
            match Keyring::create_under(&disk, lock, &mut platform::randomness()) {
                Ok((_, key)) => book.open_now(key, None),
                // Another process of the app made it at this moment.
                Err(UnlockError::Keyring(KeyringError::Exists)) => book.unlock_asking_if_needed(),
                Err(error) => Err(FieldBookError::unlock(&error, language)),
            }
        })
    }

    /// Opens the field book in a directory with a passphrase; makes one when there is none. Take it where there is no keystore.
    #[uniffi::constructor]
    pub fn open_with_passphrase(directory: String, passphrase: String, language: Lang) -> Answered<Arc<Self>> {
        Self::closed(directory, Opener::Passphrase, language).begun(|book| {
            let disk = book.disk()?;
            if book.tell(Book::exists(&disk))? {
                return book.unlock_with_passphrase(passphrase);
            }
            let passphrase = strong(passphrase, language)?;
            let lock = NewLock::Passphrase(&passphrase, Cost::DEVICE);
            let (_, key) = Keyring::create_under(&disk, lock, &mut platform::randomness())
                .map_err(|error| FieldBookError::unlock(&error, language))?;
            book.open_now(key, Some(platform::now().at))
        })
    }

    /// Locks: nothing of the field book stays in memory, and every call fails with `NeedsUnlock` until it is unlocked. Call it when
    /// the app goes to the background for long.
    pub fn lock(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.lock();
    }

    /// Unlocks with the keystore. With `presence` the person shows that it is them; needed once the device was without contact for 30
    /// days, when a call fails with `NeedsUnlock`.
    pub fn unlock(&self, presence: bool) -> Answered<()> {
        let keystore = match &self.held.lock().unwrap_or_else(PoisonError::into_inner).opener {
            Opener::Keystore(keystore) => keystore.clone(),
            _ => {
                let why = Words::new("dit veldboek zit niet in een sleutelkluis", "this field book is not locked by a keystore");
                return Err(FieldBookError::bad("presence", why.say(self.lang)));
            }
        };
        let disk = self.disk()?;
        let key = keyring::unlock_with(&disk, &Handed(&*keystore), presence)
            .map_err(|error| FieldBookError::unlock(&error, self.lang))?;
        self.open_now(key, presence.then(|| platform::now().at))
    }

    /// Unlocks with the passphrase. A wrong one is counted; after the fifth there is a wait, and the tenth destroys the keys, and
    /// with them what the server does not have.
    pub fn unlock_with_passphrase(&self, passphrase: String) -> Answered<()> {
        let disk = self.disk()?;
        let now = platform::now().at;
        let key = keyring::unlock(&disk, &Passphrase::typed(passphrase), now)
            .map_err(|error| FieldBookError::unlock(&error, self.lang))?;
        self.open_now(key, Some(now))
    }

    /// Locks with this passphrase from now on, under a fresh key. Where there is a passphrase already, it must be given too.
    pub fn set_passphrase(&self, current: Option<String>, new: String) -> Answered<()> {
        let new = strong(new, self.lang)?;
        let disk = self.disk()?;
        if self.tell(keyring::lock_state(&disk))? == keyring::LockState::Passphrase {
            let current = Passphrase::typed(current.unwrap_or_default());
            keyring::unlock(&disk, &current, platform::now().at).map_err(|error| FieldBookError::unlock(&error, self.lang))?;
        }
        self.relock(Opener::Passphrase, NewLock::Passphrase(&new, Cost::DEVICE))
    }

    /// Locks with this keystore from now on, under a fresh key; a field book that was opened with a key of the app's own is moved to
    /// the keystore this way.
    pub fn set_keystore(&self, keystore: Arc<dyn Keystore>) -> Answered<()> {
        self.relock(Opener::Keystore(keystore.clone()), NewLock::Keystore(&Handed(&*keystore)))
    }

    /// How it is locked; can be asked while it is.
    pub fn lock_status(&self) -> Answered<LockStatus> {
        let disk = self.disk()?;
        let (kind, tries) = (self.tell(keyring::lock_state(&disk))?, self.tell(keyring::standing(&disk))?);
        Ok(LockStatus {
            kind: kind.code().to_owned(),
            unlocked: self.held.lock().unwrap_or_else(PoisonError::into_inner).key.is_some(),
            wrong_tries: tries.wrong,
            tries_left: tries.left,
            try_again_at: tries.until.map(|at| at.to_string()),
            unsynced: keyring::made_since_exchange(&disk),
        })
    }
}

impl FieldBook {
    fn closed(directory: String, opener: Opener, lang: Lang) -> Self {
        Self { directory: PathBuf::from(directory), lang, held: Mutex::new(Held::new(opener, None)) }
    }

    /// Without asking who is there, unless the lease is over or the keystore wants it.
    fn unlock_asking_if_needed(&self) -> Answered<()> {
        match self.unlock(false) {
            Err(FieldBookError::NeedsUnlock { .. }) => self.unlock(true),
            unlocked => unlocked,
        }
    }

    /// Opens with a key that was just unlocked.
    fn open_now(&self, key: WrappingKey, shown: Option<Timestamp>) -> Answered<()> {
        {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.key = Some(key);
            held.shown = shown.or(held.shown);
        }
        self.contact(|_| Ok(()))
    }

    fn relock(&self, opener: Opener, lock: NewLock<'_>) -> Answered<()> {
        let disk = self.disk()?;
        let lang = self.lang;
        let key = self.turn(|turn| {
            let relocked = turn.book.keyring().relock(&disk, lock, &mut turn.rng);
            relocked.map_err(|error| FieldBookError::unlock(&error, lang).into())
        })?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.opener = opener;
        held.key = Some(key);
        held.shown = Some(platform::now().at);
        Ok(())
    }
}

impl Held {
    pub(super) fn new(opener: Opener, key: Option<WrappingKey>) -> Self {
        Self { opener, key, shown: None, book: None, nonce: None, pending: None, exchanges: 0, stale: 0 }
    }

    pub(super) fn lock(&mut self) {
        self.key = None;
        self.shown = None;
        self.book = None;
        self.pending = None;
    }

    /// Whether the lease is over and nobody showed lately who is there. A key that the app hands in is its own to guard.
    pub(super) fn must_show(opener: &Opener, shown: Option<Timestamp>, book: &Book, now: Timestamp) -> bool {
        if matches!(opener, Opener::Key) || !book.lease_is_over(now) {
            return false;
        }
        !shown.is_some_and(|shown| shown <= now && now < shown.plus_millis(SHOWN_FOR))
    }
}

fn strong(passphrase: String, lang: Lang) -> Answered<Passphrase> {
    Passphrase::new(passphrase).map_err(|weak| FieldBookError::bad("passphrase", weak.message(lang)))
}
