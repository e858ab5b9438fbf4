//! Making a field book and opening it, and taking in what another process appended since.

use super::*;

impl FieldBook {
    /// Makes a field book on an empty disk.
    ///
    /// # Errors
    /// [`FieldBookError::Exists`] when there is one already; disk, journal and keyring errors.
    pub fn create(
        disk: Arc<dyn Disk>,
        cache: Arc<dyn Cache>,
        wrapping: &WrappingKey,
        setup: Setup,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, FieldBookError> {
        if crate::wipe::finish(&*disk)?.is_some() {
            return Err(FieldBookError::Wiped);
        }
        if !Self::exists(&*disk)? {
            Keyring::create(&*disk, wrapping, rng)?;
        }
        // Keys without a setup: a phone was switched off while this ran, so it goes on where it stopped.
        let mut book = Self::open(disk, cache, wrapping)?;
        if book.ledger.setup.is_some() {
            return Err(FieldBookError::Exists);
        }
        book.append(vec![(Kind::Setup, None, setup.encode())], rng)?;
        Ok(book)
    }

    /// Whether the disk holds a field book.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn exists(disk: &dyn Disk) -> Result<bool, FieldBookError> {
        let names = disk.list()?;
        let keyring = names.iter().any(|name| name.starts_with("keyring."));
        if !keyring && names.iter().any(|name| name.starts_with("journal/")) {
            return Err(FieldBookError::LostKeyring);
        }
        Ok(keyring)
    }

    /// Opens the field book on a disk.
    ///
    /// # Errors
    /// [`FieldBookError::Missing`]; keyring errors when the key does not fit; journal errors when damage is found.
    pub fn open(disk: Arc<dyn Disk>, cache: Arc<dyn Cache>, wrapping: &WrappingKey) -> Result<Self, FieldBookError> {
        if crate::wipe::finish(&*disk)?.is_some() {
            return Err(FieldBookError::Wiped);
        }
        if !Self::exists(&*disk)? {
            return Err(FieldBookError::Missing);
        }
        let keyring = Keyring::open(&*disk, wrapping)?;
        let journal = Journal::open(disk.clone())?;
        let mut book = Self {
            disk,
            cache,
            journal,
            keyring,
            ledger: Ledger::default(),
            documents: Shelf::default(),
            views: HashMap::new(),
            healing: Vec::new(),
            healing_rounds: 0,
            deferred: HashSet::new(),
            resend: HashSet::new(),
            ended: BTreeMap::new(),
            arriving: HashMap::new(),
            noted: None,
            unseen: HashMap::new(),
        };
        book.catch_up()?;
        let mut fold = Fold::new(&mut book.ledger);
        book.journal.set_aside(&book.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        // Nothing was shown before, so nothing was planned on it.
        book.unseen.clear();
        if book.ledger.setup.is_none() && was_used(&book.keyring) {
            return Err(FieldBookError::LostJournal);
        }
        Ok(book)
    }

    /// Takes in what another process appended.
    ///
    /// # Errors
    /// Journal errors when damage is found.
    pub fn catch_up(&mut self) -> Result<(), FieldBookError> {
        self.keyring.refresh(&*self.disk)?;
        let before = self.journal.head().0;
        let mut fold = Fold::new(&mut self.ledger);
        self.journal.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        unseen::remember(&mut self.unseen, &self.ledger, before, self.journal.head().0);
        Ok(())
    }
}

/// Whether a keyring has been replaced since it was made: then something was written under its keys.
pub(crate) fn was_used(keyring: &Keyring) -> bool {
    keyring.generation() > 1
}
