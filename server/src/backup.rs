//! A whole, plain copy of the store beside a running server, and putting one back.
//!
//! A copy has two parts. The journal may be kept for as long as anyone likes: without its keys it is noise. Of the keyring only
//! the newest is to be kept, so that what was erased is erased in every older copy of the journal too. The key around the
//! keyring is in neither.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use serde::{Deserialize, Serialize};
use veldboek_core::audit::{AuditAction, AuditNote};
use veldboek_core::cache::NoCache;
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::journal::Journal;
use veldboek_core::keyring::Keyring;
use veldboek_core::sync::server::{Region, Work};

use crate::args::{Backup, Restore};
use crate::config::Settings;
use crate::failure::ServerError;
use crate::{setup, time};

/// Written last: a copy without it is not whole.
const MANIFEST: &str = "backup.json";
const KEYRING: &str = "keyring";
const WRAPPING: &str = "wrapping.key";
/// What is copied at a time.
const BLOCK: usize = 4 << 20;

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of this file.
    pub format: u32,
    /// The server.
    pub server: String,
    /// When the copy was made.
    pub taken_at: String,
    /// Whole records.
    pub records: u64,
    /// The number of the last one.
    pub head_seq: u64,
    /// The head of the chain.
    pub head: String,
    /// The generation of the keyring that was copied with it.
    pub keyring_generation: u64,
}

/// What `backup` did.
#[derive(Debug, Serialize)]
pub struct BackedUp {
    /// The folder of the journal's copy.
    pub folder: String,
    /// The folder of the keyring's copy.
    pub keyring: String,
    /// Segments of the journal.
    pub segments: usize,
    /// Bytes in them.
    pub bytes: u64,
    /// Records that were erased on purpose.
    pub erased: u64,
    /// What the copy holds.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// What `restore` did.
#[derive(Debug, Serialize)]
pub struct Restored {
    /// The store.
    pub store: String,
    /// The new life of the server.
    pub epoch: String,
    /// It gives nothing until it is reopened.
    pub held: bool,
    /// Records that cannot be read any more, because their key was destroyed since.
    pub erased: u64,
    /// What was put back.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// Copies the store beside a running server, and checks the copy.
///
/// # Errors
/// [`ServerError`]; a copy that was begun is then left without its manifest, and nothing takes it for one.
pub fn backup(settings: &Settings, options: &Backup, progress: &mut dyn FnMut(&str)) -> Result<BackedUp, ServerError> {
    let (disk, wrapping) = setup::existing(settings)?;
    let folder = empty_folder(&options.folder)?;
    // Segments only grow, so all that has to be held still is the moment in which their lengths are read.
    let segments = {
        let _held = disk.lock()?;
        let names = disk.list()?.into_iter().filter(|name| name.starts_with("journal/"));
        names.map(|name| Ok((disk.len(&name)?.unwrap_or(0), name))).collect::<Result<Vec<(u64, String)>, ServerError>>()?
    };
    make_private(&folder.join("journal"))?;
    for (index, (length, name)) in segments.iter().enumerate() {
        progress(&format!("{} / {}  {name}  {} MiB", index + 1, segments.len(), length >> 20));
        copy(&*disk, name, *length, &folder.join(name))?;
    }
    sync_folder(&folder.join("journal"))?;
    // After the journal: a newer keyring opens everything that an older one does, or knows that it was destroyed.
    let keyring_folder = options.keyring.clone().unwrap_or_else(|| folder.join(KEYRING));
    let generation = copy_keyring(&*disk, &keyring_folder)?;
    progress("verify");
    let copied: Arc<dyn Disk> = Arc::new(RealDisk::open(&folder)?);
    let keyring = Keyring::open(&RealDisk::open(&keyring_folder)?, &wrapping)?;
    let found = Journal::verify(&*copied, &keyring)?;
    if !found.is_whole() {
        return Err(ServerError::Damaged);
    }
    let manifest = Manifest {
        format: 1,
        server: keyring.device_keys().server().to_string(),
        taken_at: time::now().at.to_string(),
        records: found.records,
        head_seq: found.head.0,
        head: data_encoding::HEXLOWER.encode(&found.head.1),
        keyring_generation: generation,
    };
    let text = serde_json::to_string_pretty(&manifest).unwrap_or_default();
    write_private(&folder.join(MANIFEST), text.as_bytes())?;
    sync_folder(&folder)?;
    let mut region = setup::open_beside(settings)?;
    setup::do_one(&mut region, Work::Audit(AuditNote::new(AuditAction::BackedUp, None)), time::now())?;
    Ok(BackedUp {
        folder: folder.display().to_string(),
        keyring: keyring_folder.display().to_string(),
        segments: segments.len(),
        bytes: segments.iter().map(|(length, _)| length).sum(),
        erased: found.gone,
        manifest,
    })
}

/// Puts a copy back where no store is, checks it, and begins a new life of the server.
///
/// # Errors
/// [`ServerError`]; the place of the store is then as it was.
pub fn restore(settings: &Settings, options: &Restore, progress: &mut dyn FnMut(&str)) -> Result<Restored, ServerError> {
    let manifest = manifest(&options.folder)?;
    let store = &settings.store;
    free_for_store(store)?;
    // Beside the store first: what does not prove whole never stands where a server would serve it.
    let mut aside = store.as_os_str().to_owned();
    aside.push(".restoring");
    let aside = PathBuf::from(aside);
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(failed(&aside))?;
    }
    make_private(&aside)?;
    make_private(&aside.join("journal"))?;
    let from = RealDisk::open(&options.folder)?;
    let segments: Vec<String> = from.list()?.into_iter().filter(|name| name.starts_with("journal/")).collect();
    for (index, name) in segments.iter().enumerate() {
        let length = from.len(name)?.unwrap_or(0);
        progress(&format!("{} / {}  {name}  {} MiB", index + 1, segments.len(), length >> 20));
        copy(&from, name, length, &aside.join(name))?;
    }
    let keyring_folder = options.keyring.clone().unwrap_or_else(|| options.folder.join(KEYRING));
    let keys = RealDisk::open(&keyring_folder)?;
    let Some((_, name)) = newest_keyring(&keys)? else { return Err(ServerError::NoBackup { folder: keyring_folder }) };
    copy(&keys, &name, keys.len(&name)?.unwrap_or(0), &aside.join(&name))?;
    // Where no master key is set up, the key lies in the store, and was put in its place before this.
    let wrapping = store.join(WRAPPING);
    if wrapping.is_file() {
        let bytes = fs::read(&wrapping).map_err(failed(&wrapping))?;
        write_private(&aside.join(WRAPPING), &bytes)?;
    }
    sync_folder(&aside)?;

    progress("verify");
    let there = Settings { store: aside.clone(), ..settings.clone() };
    let (disk, wrapping_key) = setup::existing(&there)?;
    let keyring = Keyring::open(&*disk, &wrapping_key)?;
    let found = Journal::verify(&*disk, &keyring)?;
    let head = data_encoding::HEXLOWER.decode(manifest.head.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    if !found.is_whole() || head.is_none_or(|head: [u8; 32]| found.seq_of(&head) != Some(manifest.head_seq)) {
        return Err(ServerError::Damaged);
    }
    let mut rng = UnwrapErr(SysRng);
    let mut region = Region::open(disk, Arc::new(NoCache), &wrapping_key)?;
    let epoch = region.begin_life(time::now(), &mut rng)?;
    setup::do_one(&mut region, Work::Audit(AuditNote::new(AuditAction::Restored, None)), time::now())?;
    drop(region);
    if store.exists() {
        // Nothing but the key around the keyring, which was taken along.
        fs::remove_dir_all(store).map_err(failed(store))?;
    }
    fs::rename(&aside, store).map_err(failed(store))?;
    if let Some(parent) = store.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync_folder(parent)?;
    }
    Ok(Restored { store: store.display().to_string(), epoch: epoch.to_string(), held: true, erased: found.gone, manifest })
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> ServerError + '_ {
    move |source| ServerError::File { path: path.to_owned(), source }
}

/// A folder for a copy: new, or empty.
fn empty_folder(folder: &Path) -> Result<PathBuf, ServerError> {
    if folder.exists() && fs::read_dir(folder).map_err(failed(folder))?.next().is_some() {
        return Err(ServerError::NotEmpty { folder: folder.to_owned() });
    }
    make_private(folder)?;
    Ok(folder.to_owned())
}

/// Where a store may be put: nothing is there, or nothing but the key around its keyring.
fn free_for_store(store: &Path) -> Result<(), ServerError> {
    if !store.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(store).map_err(failed(store))? {
        if entry.map_err(failed(store))?.file_name() != WRAPPING {
            return Err(ServerError::StoreThere { store: store.to_owned() });
        }
    }
    Ok(())
}

fn manifest(folder: &Path) -> Result<Manifest, ServerError> {
    let bytes = fs::read(folder.join(MANIFEST)).map_err(|_| ServerError::NoBackup { folder: folder.to_owned() })?;
    match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(manifest) if manifest.format == 1 => Ok(manifest),
        _ => Err(ServerError::NoBackup { folder: folder.to_owned() }),
    }
}

/// The newest generation in a folder.
fn newest_keyring(disk: &dyn Disk) -> Result<Option<(u64, String)>, ServerError> {
    let names = disk.list()?.into_iter();
    Ok(names.filter_map(|name| Some((name.strip_prefix("keyring.")?.parse().ok()?, name))).max())
}

/// Copies the newest keyring, and removes older copies of it once the new one is durable.
fn copy_keyring(disk: &dyn Disk, folder: &Path) -> Result<u64, ServerError> {
    make_private(folder)?;
    let _held = disk.lock()?;
    let Some((generation, name)) = newest_keyring(disk)? else { return Err(ServerError::NoBackup { folder: folder.to_owned() }) };
    let kept = RealDisk::open(folder)?;
    match newest_keyring(&kept)? {
        Some((there, _)) if there > generation => return Err(ServerError::NewerKeyring { folder: folder.to_owned() }),
        Some((there, _)) if there == generation => kept.remove(&name)?,
        _ => {}
    }
    copy(disk, &name, disk.len(&name)?.unwrap_or(0), &folder.join(&name))?;
    sync_folder(folder)?;
    for older in kept.list()?.into_iter().filter(|other| other.starts_with("keyring.") && *other != name) {
        kept.remove(&older)?;
    }
    Ok(generation)
}

fn copy(disk: &dyn Disk, name: &str, length: u64, to: &Path) -> Result<(), ServerError> {
    let mut file = create(to).map_err(failed(to))?;
    let mut offset = 0;
    while offset < length {
        let wanted = usize::try_from(length - offset).unwrap_or(BLOCK).min(BLOCK);
        let bytes = disk.read(name, offset, wanted)?;
        if bytes.is_empty() {
            break;
        }
        file.write_all(&bytes).map_err(failed(to))?;
        offset += bytes.len() as u64;
    }
    file.sync_all().map_err(failed(to))
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), ServerError> {
    let mut file = create(path).map_err(failed(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed(path))
}

/// A new file that only its owner reads; never in place of another.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_private(folder: &Path) -> Result<(), ServerError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed(folder))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), ServerError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

/// Elsewhere a folder cannot be opened, and its entries are made durable with the file.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), ServerError> {
    Ok(())
}
