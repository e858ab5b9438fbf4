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
use veldboek_core::keyring::{Keyring, KeyringError, WrappingKey};
use veldboek_core::sync::server::{Region, Work};
use zeroize::Zeroizing;

use crate::args::{Backup, Restore};
use crate::config::Settings;
use crate::failure::ServerError;
use crate::{setup, time};

/// Written last: a copy without it is not whole.
const MANIFEST: &str = "backup.json";
const KEYRING: &str = "keyring";
/// A copy of the keyring until it is whole: by its name it holds keys, and by its name it is none that counts.
const INCOMING: &str = "keyring.incoming";
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
    /// Newer copies of the keyring that are not whole, and were left where they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub torn_keyrings: Vec<String>,
    /// What was put back.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// Copies the store beside a running server, and checks the copy.
///
/// # Errors
/// [`ServerError`]; what was begun of the copy is then taken away again. Cut short it has no manifest, and nothing takes it for one.
pub fn backup(settings: &Settings, options: &Backup, progress: &mut dyn FnMut(&str)) -> Result<BackedUp, ServerError> {
    let store = setup::existing(settings)?;
    let was_there = options.folder.exists();
    let folder = empty_folder(&options.folder)?;
    copy_into(&folder, store, settings, options, progress).inspect_err(|_| {
        // Nothing was here before this began. A keyring that is kept elsewhere stays: it is the newest there is.
        let _ = fs::remove_dir_all(folder.join("journal"));
        let _ = fs::remove_file(folder.join(MANIFEST));
        if options.keyring.is_none() {
            let _ = fs::remove_dir_all(folder.join(KEYRING));
        }
        if !was_there {
            let _ = fs::remove_dir(&folder);
        }
    })
}

fn copy_into(
    folder: &Path,
    (disk, wrapping): (Arc<dyn Disk>, WrappingKey),
    settings: &Settings,
    options: &Backup,
    progress: &mut dyn FnMut(&str),
) -> Result<BackedUp, ServerError> {
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
    let copied: Arc<dyn Disk> = Arc::new(RealDisk::open(folder)?);
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
    sync_folder(folder)?;
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
    // Where no master key is set up, the key lies in the store, and was put in its place before this.
    let wrapping = store.join(WRAPPING);
    if wrapping.is_file() {
        let bytes = fs::read(&wrapping).map_err(failed(&wrapping))?;
        write_private(&aside.join(WRAPPING), &bytes)?;
    }
    let there = Settings { store: aside.clone(), ..settings.clone() };
    let torn_keyrings = put_keyring_back(&keyring_folder, &there)?;
    sync_folder(&aside)?;

    progress("verify");
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
    let store = store.display().to_string();
    Ok(Restored { store, epoch: epoch.to_string(), held: true, erased: found.gone, torn_keyrings, manifest })
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

/// The keyrings in a folder, the newest first.
fn keyrings(disk: &dyn Disk) -> Result<Vec<(u64, String)>, ServerError> {
    let names = disk.list()?.into_iter();
    let mut found: Vec<(u64, String)> =
        names.filter_map(|name| Some((name.strip_prefix("keyring.")?.parse().ok()?, name))).collect();
    found.sort_by(|one, other| other.cmp(one));
    Ok(found)
}

/// A keyring as it was while its store was held still.
struct TakenKeyring {
    generation: u64,
    name: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl TakenKeyring {
    /// The store is held only while the newest is read: a medium that hangs must not hold up the server that writes there.
    fn of(disk: &dyn Disk) -> Result<Option<Self>, ServerError> {
        let _held = disk.lock()?;
        let Some((generation, name)) = keyrings(disk)?.into_iter().next() else { return Ok(None) };
        let bytes = whole(disk, &name)?;
        Ok(Some(Self { generation, name, bytes }))
    }

    /// Puts it in place of those before it, which go when it is durable and not a moment earlier: whenever this is cut off, the
    /// folder holds a keyring that is whole.
    fn keep(&self, folder: &Path) -> Result<(), ServerError> {
        let kept = RealDisk::open(folder)?;
        match keyrings(&kept)?.first() {
            Some((there, _)) if *there > self.generation => {
                return Err(ServerError::NewerKeyring { folder: folder.to_owned() });
            }
            _ => {}
        }
        if kept.len(&self.name)?.is_none() || whole(&kept, &self.name)? != self.bytes {
            // What is left of an attempt that was cut off.
            kept.remove(INCOMING)?;
            write_private(&folder.join(INCOMING), &self.bytes)?;
            let place = folder.join(&self.name);
            fs::rename(folder.join(INCOMING), &place).map_err(failed(&place))?;
        }
        kept.sync(&self.name)?;
        for older in kept.list()?.into_iter().filter(|other| other.starts_with("keyring.") && *other != self.name) {
            kept.remove(&older)?;
        }
        Ok(())
    }
}

/// Copies the newest keyring, and removes older copies of it once the new one is durable.
fn copy_keyring(disk: &dyn Disk, folder: &Path) -> Result<u64, ServerError> {
    make_private(folder)?;
    let Some(taken) = TakenKeyring::of(disk)? else { return Err(ServerError::NoBackup { folder: folder.to_owned() }) };
    taken.keep(folder)?;
    Ok(taken.generation)
}

/// Puts the newest keyring of a folder that is whole into a store; the names of newer ones that are not.
fn put_keyring_back(folder: &Path, into: &Settings) -> Result<Vec<String>, ServerError> {
    let keys = RealDisk::open(folder)?;
    let mut torn = Vec::new();
    for (_, name) in keyrings(&keys)? {
        write_private(&into.store.join(&name), &whole(&keys, &name)?)?;
        match setup::existing(into) {
            Ok(_) => return Ok(torn),
            Err(ServerError::Keyring(KeyringError::Damaged { .. })) => {
                RealDisk::open(&into.store)?.remove(&name)?;
                torn.push(name);
            }
            Err(error) => return Err(error),
        }
    }
    match torn.first() {
        Some(_) => Err(ServerError::Damaged),
        None => Err(ServerError::NoBackup { folder: folder.to_owned() }),
    }
}

/// A small file with keys in it.
fn whole(disk: &dyn Disk, name: &str) -> Result<Zeroizing<Vec<u8>>, ServerError> {
    let length = disk.len(name)?.unwrap_or(0);
    Ok(Zeroizing::new(disk.read(name, 0, usize::try_from(length).unwrap_or(usize::MAX))?))
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tempfile::tempdir;
    use veldboek_core::disk::{Action, DiskError, Held, MemoryDisk};
    use veldboek_core::keyring::WrappingKey;

    use super::*;

    /// A store whose disk can stop being read.
    struct Failing(MemoryDisk, AtomicBool);

    impl Disk for Failing {
        fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
            self.0.append(name, bytes)
        }

        fn sync(&self, name: &str) -> Result<(), DiskError> {
            self.0.sync(name)
        }

        fn read(&self, name: &str, offset: u64, most: usize) -> Result<Vec<u8>, DiskError> {
            match self.1.load(Ordering::SeqCst) {
                true => Err(DiskError::Failed { action: Action::Read, name: name.into(), detail: "pulled out".into() }),
                false => self.0.read(name, offset, most),
            }
        }

        fn len(&self, name: &str) -> Result<Option<u64>, DiskError> {
            self.0.len(name)
        }

        fn truncate(&self, name: &str, len: u64) -> Result<(), DiskError> {
            self.0.truncate(name, len)
        }

        fn list(&self) -> Result<Vec<String>, DiskError> {
            self.0.list()
        }

        fn remove(&self, name: &str) -> Result<(), DiskError> {
            self.0.remove(name)
        }

        fn lock(&self) -> Result<Box<dyn Held>, DiskError> {
            self.0.lock()
        }
    }

    #[test]
    fn a_backup_that_is_cut_off_leaves_the_keyring_that_was_kept() {
        let mut rng = UnwrapErr(SysRng);
        let wrapping = WrappingKey::generate(&mut rng);
        let store = Failing(MemoryDisk::default(), AtomicBool::new(false));
        Keyring::create(&store, &wrapping, &mut rng).unwrap();
        let folder = tempdir().unwrap();
        let kept = folder.path().join("keys");
        copy_keyring(&store, &kept).unwrap();
        let opens = || Keyring::open(&RealDisk::open(&kept).unwrap(), &wrapping).map(|keyring| keyring.generation());
        assert_eq!(opens(), Ok(1));
        // The same generation once more, and the disk fails.
        store.1.store(true, Ordering::SeqCst);
        assert!(copy_keyring(&store, &kept).is_err());
        assert_eq!(opens(), Ok(1), "the copy that was there is there still");
        // Cut off in the middle of writing: what was begun is no keyring, and goes with the next attempt.
        store.1.store(false, Ordering::SeqCst);
        fs::write(kept.join(INCOMING), b"half of it").unwrap();
        assert_eq!(opens(), Ok(1));
        // The generation that is there was torn by hand: it is written anew, aside first.
        fs::write(kept.join("keyring.1"), b"half of it").unwrap();
        copy_keyring(&store, &kept).unwrap();
        assert_eq!(opens(), Ok(1));
        let left = RealDisk::open(&kept).unwrap().list().unwrap();
        assert_eq!(left, ["keyring.1"]);
    }

    #[test]
    fn the_store_is_free_while_the_copy_is_written() {
        let mut rng = UnwrapErr(SysRng);
        let store = MemoryDisk::default();
        Keyring::create(&store, &WrappingKey::generate(&mut rng), &mut rng).unwrap();
        let taken = TakenKeyring::of(&store).unwrap().unwrap();
        let folder = tempdir().unwrap();
        // Not reentrant: this would wait for ever if the store were still held.
        let _held = store.lock().unwrap();
        taken.keep(folder.path()).unwrap();
    }
}
