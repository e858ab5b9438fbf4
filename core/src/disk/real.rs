//! The disk of this computer: plain files in one directory, readable by their owner only.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Action, Disk, DiskError, Held, check_name, is_name};

/// The file whose lock is the store's.
const LOCK: &str = "lock";
/// Who waits holds this one, so that a busy holder of the other cannot take it again before those who waited.
const NEXT: &str = "lock-next";
const PAUSE: Duration = Duration::from_millis(1);
/// Together some fifteen seconds: the lock is held for the time of one commit, so longer means that something hangs.
const PAUSES: u32 = 14_000;

/// A directory as a disk.
pub struct RealDisk {
    dir: PathBuf,
    /// Files whose name in the directory is known to be durable.
    named: Mutex<BTreeSet<String>>,
}

impl RealDisk {
    /// Opens a directory as a disk, making it (0700) when it is not there.
    pub fn open(dir: &Path) -> Result<Self, DiskError> {
        let shown = dir.display().to_string();
        let failed = |error: std::io::Error| DiskError::from_io(Action::Open, &shown, &error);
        if !dir.is_dir() {
            make_dir(dir).map_err(failed)?;
            if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_dir(parent).map_err(failed)?;
            }
        }
        // Ask now whether it can be read: a person should hear that before typing a visit.
        fs::read_dir(dir).map_err(failed)?;
        Ok(Self { dir: dir.to_owned(), named: Mutex::default() })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn path(&self, name: &str) -> Result<PathBuf, DiskError> {
        check_name(name)?;
        Ok(self.dir.join(name))
    }

    fn sync_names(&self, name: &str) -> std::io::Result<()> {
        if let Some((folder, _)) = name.split_once('/') {
            sync_dir(&self.dir.join(folder))?;
        }
        sync_dir(&self.dir)
    }

    fn list_folder(&self, folder: Option<&str>, names: &mut Vec<String>) -> std::io::Result<()> {
        let dir = folder.map_or_else(|| self.dir.clone(), |folder| self.dir.join(folder));
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let Ok(file) = entry.file_name().into_string() else { continue };
            if !is_name(&file) || (folder.is_none() && (file == LOCK || file == NEXT)) {
                continue;
            }
            // Another process may have removed it meanwhile; then it is not there.
            let Ok(kind) = entry.file_type() else { continue };
            match folder {
                Some(folder) if kind.is_file() => names.push(format!("{folder}/{file}")),
                None if kind.is_file() => names.push(file),
                None if kind.is_dir() => self.list_folder(Some(&file), names)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Disk for RealDisk {
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.path(name)?;
        let failed = |error: std::io::Error| DiskError::from_io(Action::Append, name, &error);
        let mut file = match private(OpenOptions::new().append(true).create(true)).open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && name.contains('/') => {
                make_dir(path.parent().unwrap_or(&self.dir)).map_err(failed)?;
                private(OpenOptions::new().append(true).create(true)).open(&path)
            }
            opened => opened,
        }
        .map_err(failed)?;
        file.write_all(bytes).map_err(failed)
    }

    fn sync(&self, name: &str) -> Result<(), DiskError> {
        let path = self.path(name)?;
        let failed = |error: std::io::Error| DiskError::from_io(Action::Sync, name, &error);
        OpenOptions::new().append(true).open(path).and_then(|file| file.sync_data()).map_err(failed)?;
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if !named.contains(name) {
            self.sync_names(name).map_err(failed)?;
            named.insert(name.to_owned());
        }
        Ok(())
    }

    fn read(&self, name: &str, offset: u64, most: usize) -> Result<Vec<u8>, DiskError> {
        let path = self.path(name)?;
        let failed = |error: std::io::Error| DiskError::from_io(Action::Read, name, &error);
        let mut file = File::open(path).map_err(failed)?;
        let left = file.metadata().map_err(failed)?.len().saturating_sub(offset);
        let most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::with_capacity(most);
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        file.take(most as u64).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    fn len(&self, name: &str) -> Result<Option<u64>, DiskError> {
        match fs::metadata(self.path(name)?) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DiskError::from_io(Action::Read, name, &error)),
        }
    }

    fn truncate(&self, name: &str, len: u64) -> Result<(), DiskError> {
        let path = self.path(name)?;
        let failed = |error: std::io::Error| DiskError::from_io(Action::Truncate, name, &error);
        let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > len {
            file.set_len(len).map_err(failed)?;
        }
        Ok(())
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let mut names = Vec::new();
        self.list_folder(None, &mut names)
            .map_err(|error| DiskError::from_io(Action::List, &self.dir.display().to_string(), &error))?;
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        let path = self.path(name)?;
        let failed = |error: std::io::Error| DiskError::from_io(Action::Remove, name, &error);
        self.named.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        if holds_keys(name) {
            blank(&path).map_err(failed)?;
        }
        match fs::remove_file(path) {
            Ok(()) => self.sync_names(name).map_err(failed),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    fn lock(&self) -> Result<Box<dyn Held>, DiskError> {
        let mut pauses = 0;
        let next = take(&self.dir.join(NEXT), &mut pauses)?;
        let held = take(&self.dir.join(LOCK), &mut pauses)?;
        drop(next);
        Ok(Box::new(HeldFile { _file: held }))
    }
}

/// Whether a file of this name holds keys.
fn holds_keys(name: &str) -> bool {
    name == "wrapping.key" || name.starts_with("keyring.")
}

/// Overwrites a file with zeros: what removing leaves on the disk would otherwise be found by whoever searches it. As far as
/// possible: a flash disk, and a file system that copies on writing, may keep what was there.
fn blank(path: &Path) -> std::io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let len = file.metadata()?.len();
    std::io::copy(&mut std::io::repeat(0).take(len), &mut file)?;
    file.sync_data()
}

/// The operating system lets go of the lock when the file is closed, also when the process is killed.
struct HeldFile {
    _file: File,
}

impl Held for HeldFile {}

/// Asks again and again instead of waiting in the system, which would wait for ever for a program that hangs.
fn take(path: &Path, pauses: &mut u32) -> Result<File, DiskError> {
    let failed = |error: std::io::Error| DiskError::from_io(Action::Lock, &path.display().to_string(), &error);
    // A new handle each time: a lock belongs to the handle, and two on one handle would not exclude each other.
    let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if *pauses >= PAUSES => return Err(DiskError::Locked),
            Err(TryLockError::WouldBlock) => {
                *pauses += 1;
                std::thread::sleep(PAUSE);
            }
        }
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere a directory cannot be opened, and its entries are made durable with the file.
#[cfg(not(unix))]
fn sync_dir(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::conformance;

    #[test]
    fn the_real_disk_conforms() {
        let home = tempfile::tempdir().unwrap();
        let count = std::cell::Cell::new(0);
        conformance::conforms(&|| {
            count.set(count.get() + 1);
            let dir = home.path().join(count.get().to_string());
            let open = || Arc::new(RealDisk::open(&dir).unwrap()) as Arc<dyn Disk>;
            (open(), open())
        });
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("field").join("book");
        let disk = RealDisk::open(&dir).unwrap();
        disk.append("journal/00000001.vbj", b"visit").unwrap();
        disk.sync("journal/00000001.vbj").unwrap();
        let _held = disk.lock().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join("journal")), 0o700);
        assert_eq!(mode(&dir.join("journal/00000001.vbj")), 0o600);
        assert_eq!(mode(&dir.join("lock")), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_keys_is_blanked_before_it_goes_and_others_are_left_as_they_were() {
        let home = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(home.path()).unwrap();
        for (name, expected) in [("wrapping.key", [0; 8]), ("keyring.7", [0; 8]), ("session", [9; 8])] {
            disk.append(name, &[9; 8]).unwrap();
            // A second name for the same bytes shows what became of them.
            let kept = home.path().join("kept");
            fs::hard_link(home.path().join(name), &kept).unwrap();
            disk.remove(name).unwrap();
            assert_eq!(fs::read(&kept).unwrap(), expected, "{name}");
            assert!(!home.path().join(name).exists());
            fs::remove_file(kept).unwrap();
        }
        disk.remove("wrapping.key").unwrap();
    }

    #[test]
    fn a_program_that_never_lets_go_is_reported() {
        let home = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(home.path()).unwrap();
        let _held = disk.lock().unwrap();
        let mut pauses = PAUSES - 2;
        assert_eq!(take(&home.path().join(LOCK), &mut pauses).map(|_| ()), Err(DiskError::Locked));
    }

    #[test]
    fn a_directory_that_is_a_file_is_refused_in_words() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("book");
        fs::write(&path, "no directory").unwrap();
        let Err(error) = RealDisk::open(&path) else { panic!("a file was opened as a store") };
        assert!(error.to_string().contains("book"), "{error}");
    }
}
