//! The open field book of this device, with the clock and the randomness that its operations ask for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use veldboek_core::cache::{Cache, NoCache, SledCache};
use veldboek_core::clock::{Day, Moment};
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::field_book::{FieldBook, Job, Target};
use veldboek_core::ids::DocumentId;
use veldboek_core::keyring::{Cost, Keyring, NewLock, Passphrase, WrappingKey};
use veldboek_core::notes::Setup;
use veldboek_core::rules::{By, Declaration, Plan, RuleBroken, Warning};
use veldboek_core::statement::Role;

use super::keys::Access;
use crate::args::TextCheck;
use crate::message::{Problem, text};
use crate::{clock, paths};

/// The system's randomness.
pub(crate) type Randomness = UnwrapErr<SysRng>;

/// The system's randomness.
pub(crate) fn randomness() -> Randomness {
    UnwrapErr(SysRng)
}

/// A field book in a directory.
pub(crate) struct Book {
    /// The field book itself.
    pub(crate) inner: FieldBook,
    /// Its directory.
    pub(crate) dir: PathBuf,
    /// The moment of this command.
    pub(crate) moment: Moment,
    /// For ids, keys and nonces.
    pub(crate) rng: Randomness,
    /// Wiped by this command: nothing of it can be used any more.
    pub(crate) gone: bool,
}

impl Book {
    /// Whether there is a field book in the directory.
    pub(crate) fn exists(dir: &Path) -> Result<bool, Problem> {
        if !dir.is_dir() {
            return Ok(false);
        }
        Ok(FieldBook::exists(&RealDisk::open(dir)?)?)
    }

    /// Opens the field book in a directory.
    pub(crate) fn open(dir: &Path, access: &Access) -> Result<Self, Problem> {
        if let Some(problem) = super::revoked::was_wiped(dir)? {
            return Err(problem);
        }
        if !Self::exists(dir)? {
            return Err(Problem::NoStore(dir.to_owned()));
        }
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(dir)?);
        #[cfg(feature = "faults")]
        let disk: Arc<dyn Disk> = Arc::new(veldboek_core::disk::WatchedDisk::new(disk, crate::faults::Onlooker));
        let wrapping = access.key(&*disk, dir, clock::now().at)?;
        Self::on(disk, dir, &wrapping)
    }

    /// Opens the field book in a directory with a key that is known.
    pub(crate) fn open_under(dir: &Path, key: &WrappingKey) -> Result<Self, Problem> {
        Self::on(Arc::new(RealDisk::open(dir)?), dir, key)
    }

    fn on(disk: Arc<dyn Disk>, dir: &Path, wrapping: &WrappingKey) -> Result<Self, Problem> {
        let inner = FieldBook::open(disk, Arc::new(NoCache), wrapping)?;
        let mut book = Self { inner, dir: dir.to_owned(), moment: clock::now(), rng: randomness(), gone: false };
        book.inner.look_at_the_day(book.moment, &mut book.rng);
        book.take_cache();
        Ok(book)
    }

    /// Makes a field book in a directory, its keys locked with a passphrase; without one they lie in a file.
    pub(crate) fn create(dir: &Path, setup: Setup, passphrase: Option<&Passphrase>) -> Result<Self, Problem> {
        if Self::exists(dir)? {
            return Err(Problem::StoreExists(dir.to_owned()));
        }
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(dir)?);
        let mut rng = randomness();
        let wrapping = match passphrase {
            Some(passphrase) => Keyring::create_under(&*disk, NewLock::Passphrase(passphrase, Cost::DEVICE), &mut rng)?.1,
            None => WrappingKey::create(&*disk, &mut rng)?,
        };
        let inner = FieldBook::create(disk, Arc::new(NoCache), &wrapping, setup, &mut rng)?;
        Ok(Self { inner, dir: dir.to_owned(), moment: clock::now(), rng, gone: false })
    }

    /// Uses the cache if no other process does.
    pub(crate) fn take_cache(&mut self) {
        let key = self.inner.keyring().cache_key();
        if let Some(cache) = SledCache::open(&paths::cache(&self.dir), &key) {
            let cache: Arc<dyn Cache> = Arc::new(cache);
            self.inner.set_cache(cache);
        }
    }

    /// Leaves the cache to others, while this process waits for a network.
    pub(crate) fn leave_cache(&mut self) {
        self.inner.set_cache(Arc::new(NoCache));
    }

    /// Today.
    pub(crate) fn today(&self) -> Day {
        self.moment.today()
    }

    /// The code of the person whose field book it is.
    pub(crate) fn person(&self) -> Result<String, Problem> {
        self.inner.identity().person.ok_or(Problem::Nobody)
    }

    /// Whether this person may do what coordinators do: enrolled as one, or alone so far.
    pub(crate) fn coordinating(&self) -> bool {
        let identity = self.inner.identity();
        identity.server.is_none() || identity.role == Some(Role::Coordinator)
    }

    /// Administrators look after people and devices; the server takes nothing that they write in dossiers or register.
    pub(crate) fn may_write(&self) -> Result<(), Problem> {
        let identity = self.inner.identity();
        if identity.server.is_none() || identity.role != Some(Role::Administrator) {
            return Ok(());
        }
        Err(Problem::Rule(
            text!(
                "een beheerder schrijft niet in dossiers en register",
                "an administrator does not write in dossiers or the register"
            ),
            text!(
                "vraag het de coördinator, of nodig uzelf uit als coach of coördinator onder een eigen code, met een ander veldboek \
                 (--store MAP)",
                "ask the coordinator, or invite yourself as a coach or coordinator under a code of its own, with another field book \
                 (--store DIR)"
            ),
        ))
    }

    /// Who coaches is the coordinator's to say; the server takes it from nobody else.
    pub(crate) fn may_assign(&self) -> Result<(), Problem> {
        self.may_write()?;
        if self.coordinating() {
            return Ok(());
        }
        Err(Problem::Rule(
            text!("alleen een coördinator wijst coaches toe", "only a coordinator assigns coaches"),
            text!("vraag het uw coördinator; er is niets geschreven", "ask your coordinator; nothing was written"),
        ))
    }

    /// Plans an operation as this person, now.
    pub(crate) fn plan<Id>(
        &mut self,
        check: Option<TextCheck>,
        operation: impl FnOnce(&mut By<'_>) -> Result<Plan<Id>, RuleBroken>,
    ) -> Result<Plan<Id>, Problem> {
        self.may_write()?;
        let person = self.person()?;
        let coordinating = self.coordinating();
        let declared = if check.is_some_and(|check| check.no_bsn) { Declaration::NotABsn } else { Declaration::Nothing };
        let mut by = By::new(&person, self.moment, &mut self.rng).coordinating(coordinating).declaring(declared);
        Ok(operation(&mut by)?)
    }

    /// Writes a plan as one change; durable when this returns.
    pub(crate) fn perform<Id>(&mut self, document: DocumentId, plan: Plan<Id>) -> Result<(Id, Vec<Warning>), Problem> {
        if !plan.writes.is_empty() {
            self.inner.perform(document, plan.writes, self.moment, &mut self.rng)?;
        }
        Ok((plan.id, plan.warnings))
    }

    /// Writes a plan in a dossier of which the last day of access has passed.
    pub(crate) fn perform_late<Id>(&mut self, document: DocumentId, plan: Plan<Id>) -> Result<(Id, Vec<Warning>), Problem> {
        let job = Job::new(Target::Existing(document), plan.writes).late();
        self.perform_all(vec![job])?;
        Ok((plan.id, plan.warnings))
    }

    /// Performs several jobs in one durable group.
    pub(crate) fn perform_all(&mut self, jobs: Vec<Job>) -> Result<Vec<DocumentId>, Problem> {
        Ok(self.inner.perform_all(jobs, self.moment, &mut self.rng)?)
    }
}
