//! The key of an unlocked field book, between two commands.
//!
//! It lies in the session directory of the system (`XDG_RUNTIME_DIR`): memory that belongs to one user, is emptied when that user
//! logs out, and is not on the disk. Every process of that user, and root, can read it: that is the price of typing the passphrase
//! once a day instead of at every visit, and why it ends by itself. A system that has no such directory keeps nothing, and the
//! passphrase is asked each time.

use std::path::{Path, PathBuf};

use veldboek_core::clock::Timestamp;
#[cfg(any(target_os = "linux", test))]
use veldboek_core::ids::DocumentId;
use veldboek_core::keyring::WrappingKey;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"VBU1";
/// Magic, key, from, until, last seen.
const HEAD: usize = 4 + 32 + 3 * 8;
/// Where the last of them begins.
const SEEN_AT: u64 = (HEAD - 8) as u64;
/// How far a clock may be corrected back without ending it.
const CORRECTED: i64 = 5 * 60_000;
/// When the time that was seen last is written down again.
const SEEN: i64 = 60_000;

/// Where the keys of unlocked field books lie.
#[derive(Debug, Clone)]
pub(crate) struct Unlocked {
    file: PathBuf,
    boot: String,
}

impl Unlocked {
    /// The place for a field book; nothing where the system has none that is private and forgets.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(store: &Path) -> Option<Self> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Self::within(Path::new(&std::env::var_os("XDG_RUNTIME_DIR")?), store, boot.trim())
    }

    /// The place for a field book; nothing where the system has none that is private and forgets.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn of(_store: &Path) -> Option<Self> {
        None
    }

    #[cfg(any(target_os = "linux", test))]
    fn within(runtime: &Path, store: &Path, boot: &str) -> Option<Self> {
        let store = store.canonicalize().ok()?;
        if !is_private(runtime, &store) {
            return None;
        }
        // The name of the file says nothing about whose field book it is.
        let name = DocumentId::derived("veldboek/unlocked/1", store.as_os_str().as_encoded_bytes());
        Some(Self { file: runtime.join(format!("veldboek-{name}")), boot: boot.to_owned() })
    }

    /// Keeps a key; whether that worked.
    pub(crate) fn keep(&self, key: &WrappingKey, from: Timestamp, until: Timestamp) -> bool {
        self.forget();
        self.write(key, from, until, from).is_some()
    }

    /// Forgets the key.
    pub(crate) fn forget(&self) {
        if let Ok(metadata) = std::fs::symlink_metadata(&self.file) {
            if metadata.is_file() {
                let zeros = vec![0; usize::try_from(metadata.len()).unwrap_or(HEAD)];
                let _ = std::fs::write(&self.file, zeros);
            }
            let _ = std::fs::remove_file(&self.file);
        }
    }

    /// The key and until when, if it may still be used at this moment; one that may not is forgotten.
    pub(crate) fn key(&self, now: Timestamp) -> Option<(WrappingKey, Timestamp)> {
        if !is_plain(&self.file)? {
            self.forget();
            return None;
        }
        let bytes = Zeroizing::new(std::fs::read(&self.file).ok()?);
        let Some((key, from, until, seen)) = self.read(&bytes) else {
            self.forget();
            return None;
        };
        if now < from.plus_millis(-CORRECTED) || now < seen.plus_millis(-CORRECTED) || now >= until {
            self.forget();
            return None;
        }
        if now.as_millis() - seen.as_millis() > SEEN {
            self.note_seen(now);
        }
        Some((key, until))
    }

    fn read(&self, bytes: &[u8]) -> Option<(WrappingKey, Timestamp, Timestamp, Timestamp)> {
        let (head, boot) = bytes.split_at_checked(HEAD)?;
        if !head.starts_with(MAGIC) || boot != self.boot.as_bytes() {
            return None;
        }
        let key = Zeroizing::new(<[u8; 32]>::try_from(&head[4..36]).ok()?);
        let time = |from: usize| Some(Timestamp::from_millis(i64::from_le_bytes(head[from..from + 8].try_into().ok()?)));
        Some((WrappingKey::from_bytes(*key), time(36)?, time(44)?, time(52)?))
    }

    /// Notes when it was used last, in the file that is there and in no other: `lock` may have taken it away a moment ago.
    fn note_seen(&self, now: Timestamp) {
        use std::io::{Seek, SeekFrom, Write};
        let Ok(mut file) = std::fs::File::options().write(true).open(&self.file) else { return };
        let seen = now.as_millis().to_le_bytes();
        // Eight bytes in place: whoever reads it at this moment sees the time before or this one.
        let _ = file.seek(SeekFrom::Start(SEEN_AT)).and_then(|_| file.write_all(&seen));
    }

    fn write(&self, key: &WrappingKey, from: Timestamp, until: Timestamp, seen: Timestamp) -> Option<()> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD + self.boot.len()));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(key.as_bytes());
        for time in [from, until, seen] {
            bytes.extend_from_slice(&time.as_millis().to_le_bytes());
        }
        bytes.extend_from_slice(self.boot.as_bytes());
        // Put in place at once: another command may read it at this moment.
        let fresh = self.file.with_extension(std::process::id().to_string());
        let mut options = std::fs::File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh).ok()?;
        let written = std::io::Write::write_all(&mut file, &bytes).and_then(|()| std::fs::rename(&fresh, &self.file));
        if written.is_err() {
            let _ = std::fs::remove_file(&fresh);
        }
        written.ok()
    }
}

/// Whether only the owner of the store can look into the directory.
#[cfg(all(unix, any(target_os = "linux", test)))]
fn is_private(runtime: &Path, store: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(runtime), Ok(store)) = (std::fs::metadata(runtime), std::fs::metadata(store)) else { return false };
    runtime.is_dir() && runtime.mode() & 0o077 == 0 && runtime.uid() == store.uid()
}

#[cfg(all(not(unix), test))]
fn is_private(_: &Path, _: &Path) -> bool {
    true
}

/// Whether it is a file of the owner alone, and no link to another; nothing when it is not there.
fn is_plain(file: &Path) -> Option<bool> {
    let metadata = std::fs::symlink_metadata(file).ok()?;
    #[cfg(unix)]
    let private = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 == 0;
    #[cfg(not(unix))]
    let private = true;
    Some(metadata.is_file() && private)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(1_740_988_800_000 + hours * HOUR)
    }

    #[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    fn home() -> (tempfile::TempDir, Unlocked) {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::create_dir(home.path().join("anna van dijk")).unwrap();
        let unlocked = Unlocked::within(home.path(), &home.path().join("anna van dijk"), "boot one").unwrap();
        (home, unlocked)
    }

    #[test]
    fn a_key_is_kept_for_its_time_and_not_a_moment_longer() {
        let (home, unlocked) = home();
        let key = WrappingKey::from_bytes([7; 32]);
        assert!(unlocked.key(at(0)).is_none());
        assert!(unlocked.keep(&key, at(0), at(8)));
        let (kept, until) = unlocked.key(at(7)).unwrap();
        assert_eq!((kept.as_bytes(), until), (key.as_bytes(), at(8)));
        assert!(unlocked.key(at(8)).is_none());
        // Not even when the clock is turned back to when it was good: it is no longer there.
        assert!(unlocked.key(at(7)).is_none());
        let names: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["anna van dijk"], "only the store is left");
    }

    #[test]
    fn a_clock_turned_back_ends_it() {
        let (_home, unlocked) = home();
        let key = WrappingKey::from_bytes([7; 32]);
        unlocked.keep(&key, at(0), at(8));
        unlocked.key(at(6)).unwrap();
        assert!(unlocked.key(at(1)).is_none(), "six hours had passed already");
        assert!(unlocked.key(at(6)).is_none());
    }

    #[test]
    fn it_is_believed_neither_after_a_restart_nor_when_others_could_have_read_it() {
        let (home, unlocked) = home();
        let key = WrappingKey::from_bytes([7; 32]);
        unlocked.keep(&key, at(0), at(8));
        assert_eq!(std::fs::metadata(&unlocked.file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!unlocked.file.to_str().unwrap().contains("anna"));
        let after = Unlocked::within(home.path(), &home.path().join("anna van dijk"), "boot two").unwrap();
        assert!(after.key(at(1)).is_none());
        assert!(unlocked.key(at(1)).is_none(), "it was removed");
        unlocked.keep(&key, at(0), at(8));
        std::fs::set_permissions(&unlocked.file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(unlocked.key(at(1)).is_none());
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Unlocked::within(home.path(), &home.path().join("anna van dijk"), "boot one").is_none());
    }

    #[test]
    fn whoever_locks_while_a_command_runs_leaves_no_key_behind() {
        let (home, unlocked) = home();
        let key = WrappingKey::from_bytes([7; 32]);
        unlocked.keep(&key, at(0), at(8));
        // A command has read the key, an hour after it was last used; before it notes that, another one locks.
        unlocked.forget();
        unlocked.note_seen(at(1));
        let names: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["anna van dijk"], "only the store is left");
        // Where nobody locked, it is noted, and all the rest stays.
        unlocked.keep(&key, at(0), at(8));
        unlocked.note_seen(at(6));
        assert!(unlocked.key(at(1)).is_none(), "six hours had passed already");
        unlocked.keep(&key, at(0), at(8));
        unlocked.note_seen(at(1));
        let (kept, until) = unlocked.key(at(2)).unwrap();
        assert_eq!((kept.as_bytes(), until), (key.as_bytes(), at(8)));
    }

    #[test]
    fn forgetting_leaves_nothing_to_find() {
        let (home, unlocked) = home();
        unlocked.keep(&WrappingKey::from_bytes([7; 32]), at(0), at(8));
        let kept = home.path().join("kept");
        std::fs::hard_link(&unlocked.file, &kept).unwrap();
        unlocked.forget();
        assert!(!std::fs::read(kept).unwrap().contains(&7));
        assert!(!unlocked.file.exists());
    }
}
