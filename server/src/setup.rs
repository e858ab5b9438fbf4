//! Opening the store: the first start makes it, every later one finds it as it was.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use getrandom::SysRng;
use rand_core::UnwrapErr;
use veldboek_core::cache::{Cache, NoCache, SledCache};
use veldboek_core::clock::{Moment, Timestamp};
use veldboek_core::disk::{Disk, DiskError, RealDisk};
use veldboek_core::journal::Journal;
use veldboek_core::keyring::{Keyring, WrappingKey};
use veldboek_core::statement::Role;
use veldboek_core::sync::server::{Done, Region, Work};
use veldboek_core::wire::{InviteAnswer, InviteRequest, VERSION};

use crate::config::{DEFAULT_REGION, Settings};
use crate::failure::ServerError;
use crate::master_key::{self, MasterKey};
use crate::time;

/// The copy of the server's key, until somebody moves it to a safe.
const ESCROW: &str = "escrow.key";
/// Locked by the process that serves this store.
const SERVING: &str = "serving";
/// The person for whom the first code is made.
const FIRST_PERSON: &str = "beheer";

/// What the administrator of a server without people must know.
#[derive(Debug, Clone)]
pub struct FirstStart {
    /// A one-time enrolment code for an administrator.
    pub code: String,
    /// Until when it works.
    pub expires: Timestamp,
    /// Where the copy of the server's key is.
    pub escrow: PathBuf,
}

/// The store of a running server.
pub struct Store {
    /// The region in it.
    pub region: Region,
    /// Present as long as nobody has enrolled.
    pub first_start: Option<FirstStart>,
    /// Held for as long as this process serves the store.
    pub serving: File,
}

/// Opens the store of this server, making it first if there is none.
///
/// # Errors
/// [`ServerError`] says what is in the way.
pub fn open(settings: &Settings) -> Result<Store, ServerError> {
    let disk = disk(&settings.store)?;
    let serving = serving(&settings.store)?;
    let mut rng = UnwrapErr(SysRng);
    let places = MasterKey::of(settings);
    if !Keyring::exists(&*disk)? {
        let region = settings.region.as_deref().unwrap_or(DEFAULT_REGION);
        let wrapping = places.for_new_store(&*disk, &mut rng)?;
        Region::create(disk.clone(), Arc::new(NoCache), &wrapping, region, time::now(), &mut rng)?;
        tracing::info!("a new store was made");
    }
    let (wrapping, place) = places.find(&*disk)?;
    master_key::warn(&place, &settings.store);
    let cache = cache(&settings.store, &Keyring::open(&*disk, &wrapping)?);
    let mut region = Region::open(disk.clone(), cache, &wrapping)?;
    region.set_key_source(Arc::new(places));
    region.set_grace_days(settings.grace_days);
    let (_, _, name, _) = region.identity();
    if name.is_empty() {
        return Err(ServerError::CutShort { store: settings.store.clone() });
    }
    if let Some(asked) = settings.region.as_ref().filter(|asked| **asked != name) {
        return Err(ServerError::OtherRegion { store: settings.store.clone(), is: name, asked: asked.clone() });
    }
    if region.is_held() {
        tracing::warn!(
            "this store was put back from a backup: it takes back what it signed once, and gives nothing, until \
             `veldboek-server reopen` says that the revocations since the backup are here"
        );
    }
    let set_aside = Journal::untold(&*disk)?.len();
    if set_aside > 0 {
        tracing::warn!(
            files = set_aside,
            "a writer of this store was cut off earlier; what it left unfinished was acknowledged to nobody and is set aside in \
             'torn'; devices send it again. Run `veldboek-server verify` to check the store and to end this message"
        );
    }
    let first_start = if region.has_people() { None } else { Some(first_start(&mut region, &*disk, &settings.store)?) };
    Ok(Store { region, first_start, serving })
}

/// Opens the store beside a running server, for an administrative command. The journal's own lock keeps the two apart, and the
/// server takes in what was appended before its next batch; so there is no socket, and it works while the server is down.
/// The cache stays with the server.
///
/// # Errors
/// [`ServerError`] says what is in the way.
pub fn open_beside(settings: &Settings) -> Result<Region, ServerError> {
    let (disk, wrapping) = existing(settings)?;
    Ok(Region::open(disk, Arc::new(NoCache), &wrapping)?)
}

/// The disk of a store that exists, with the key of its keyring.
///
/// # Errors
/// [`RegionError::Missing`](veldboek_core::sync::server::RegionError::Missing) when there is no store here.
pub fn existing(settings: &Settings) -> Result<(Arc<dyn Disk>, WrappingKey), ServerError> {
    let disk = existing_disk(settings)?;
    let (wrapping, _) = MasterKey::of(settings).find(&*disk)?;
    Ok((disk, wrapping))
}

/// The disk of a store that exists.
///
/// # Errors
/// [`ServerError::NoStore`] when there is none here.
pub fn existing_disk(settings: &Settings) -> Result<Arc<dyn Disk>, ServerError> {
    // Opening a disk makes its folder; asking about a store that is not there should leave no trace.
    if !settings.store.is_dir() {
        return Err(ServerError::NoStore { store: settings.store.clone() });
    }
    let disk = disk(&settings.store)?;
    if !Keyring::exists(&*disk)? {
        return Err(ServerError::NoStore { store: settings.store.clone() });
    }
    Ok(disk)
}

fn disk(store: &Path) -> Result<Arc<dyn Disk>, ServerError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(store)?);
    #[cfg(feature = "faults")]
    let disk: Arc<dyn Disk> = Arc::new(veldboek_core::disk::WatchedDisk::new(disk, crate::faults::Onlooker));
    Ok(disk)
}

fn cache(store: &Path, keyring: &Keyring) -> Arc<dyn Cache> {
    match SledCache::open(&store.join("cache"), &keyring.cache_key()) {
        Some(cache) => Arc::new(cache),
        None => {
            tracing::warn!("the cache cannot be used; everything is computed from the journal");
            Arc::new(NoCache)
        }
    }
}

/// Two servers on one store would each hand out nonces that the other does not know.
fn serving(store: &Path) -> Result<File, ServerError> {
    let path = store.join(SERVING);
    let failed = |source| ServerError::File { path: path.clone(), source };
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServerError::AlreadyServing { store: store.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn first_start(region: &mut Region, disk: &dyn Disk, store: &Path) -> Result<FirstStart, ServerError> {
    write_escrow(region, disk)?;
    let request = InviteRequest {
        version: VERSION,
        person: FIRST_PERSON.to_owned(),
        display_name: "Beheerder".to_owned(),
        role: Role::Administrator,
        organisation: String::new(),
    };
    let InviteAnswer { code, expires, .. } = invite(region, request)?;
    Ok(FirstStart { code, expires, escrow: store.join(ESCROW) })
}

/// Makes an invitation in the name of whoever administers the machine.
///
/// # Errors
/// What the region refuses, or the store's trouble.
pub fn invite(region: &mut Region, request: InviteRequest) -> Result<InviteAnswer, ServerError> {
    match do_one(region, Work::Invite(None, request), time::now())? {
        Done::Invited(answer) => Ok(answer),
        _ => Err(ServerError::WriterEnded),
    }
}

/// One piece of work for the region, by whoever administers the machine.
///
/// # Errors
/// What the region refuses, or the store's trouble.
pub fn do_one(region: &mut Region, work: Work, moment: Moment) -> Result<Done, ServerError> {
    let mut outcomes = region.run(vec![work], moment, &mut UnwrapErr(SysRng))?;
    match outcomes.pop() {
        Some(outcome) => Ok(outcome?),
        None => Err(ServerError::WriterEnded),
    }
}

fn write_escrow(region: &Region, disk: &dyn Disk) -> Result<(), DiskError> {
    let (server, _, name, _) = region.identity();
    let key = BASE64URL_NOPAD.encode(&*region.escrow());
    let text = format!(
        "Veldboek: the secret key of the server of region {name} (server {server}).\n\
         \n\
         Print this, or copy it to a stick; lay that in a safe; then remove this file from the machine.\n\
         It is the only way to give a rebuilt server the name that the devices trust.\n\
         Whoever has it can pretend to be this server.\n\
         \n\
         veldboek-server-key-1 {key}\n"
    );
    // A copy that was cut short is written again; one that is whole stays as it is.
    if disk.len(ESCROW)? == Some(text.len() as u64) {
        return Ok(());
    }
    disk.remove(ESCROW)?;
    disk.append(ESCROW, text.as_bytes())?;
    disk.sync(ESCROW)
}
