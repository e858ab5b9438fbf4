//! Where the key around the keyring lies, and putting another in its place.
//!
//! It may be a file that the configuration names, a credential that systemd hands in, or, for a first try, `wrapping.key` beside
//! the store. A rotation also notes in the store where the new one is, so that a server that runs meanwhile, and one whose
//! configuration was not edited yet, finds it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use getrandom::SysRng;
use rand_core::{CryptoRng, UnwrapErr};
use veldboek_core::disk::{Disk, RealDisk};
use veldboek_core::keyring::{Keyring, KeyringError, NewLock, UnlockError, WrappingKey, WrappingSource};
use veldboek_core::words::Words;
use zeroize::Zeroizing;

use crate::config::{self, Settings};
use crate::failure::ServerError;

/// The name of the credential.
pub const CREDENTIAL: &str = "veldboek-master-key";
/// The variable with the folder of credentials, set by systemd.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// The file in the store with the places to which the key was rotated, the last one last.
const NOTE: &str = "master-key.path";
/// The file beside the store's others.
const BESIDE: &str = "wrapping.key";
/// More than this is no key.
const LONGEST: u64 = 1024;

/// Where a key lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file that the configuration or an option names.
    Named(PathBuf),
    /// A credential of systemd.
    Credential(PathBuf),
    /// A file to which it was rotated, and which nothing else names yet.
    Rotated(PathBuf),
    /// In the store itself.
    Beside,
}

impl Place {
    /// As it is shown.
    pub fn shown(&self) -> String {
        match self {
            Self::Named(path) | Self::Credential(path) | Self::Rotated(path) => path.display().to_string(),
            Self::Beside => BESIDE.to_owned(),
        }
    }
}

/// The places of the key of one store.
#[derive(Debug, Clone)]
pub struct MasterKey {
    store: PathBuf,
    config: Option<PathBuf>,
    named: Option<PathBuf>,
}

impl MasterKey {
    /// The places that these settings allow.
    pub fn of(settings: &Settings) -> Self {
        Self { store: settings.store.clone(), config: settings.file.clone(), named: settings.master_key.clone() }
    }

    /// Where to look, the likeliest place first. The configuration is read again: it may have been edited since.
    fn places(&self, disk: &dyn Disk) -> Vec<Place> {
        let mut places = Vec::new();
        let edited = self.config.as_deref().and_then(|file| config::load(Some(file)).ok()?.master_key);
        places.extend(self.named.iter().chain(&edited).cloned().map(Place::Named));
        places.extend(credential().map(Place::Credential));
        places.extend(noted(disk).into_iter().rev().map(Place::Rotated));
        places.push(Place::Beside);
        places
    }

    /// The key that opens the keyring, and where it was.
    ///
    /// # Errors
    /// No place has it; what was in the way there.
    pub fn find(&self, disk: &dyn Disk) -> Result<(WrappingKey, Place), ServerError> {
        let (mut problem, mut another) = (None, None);
        for place in self.places(disk) {
            let key = match self.read(disk, &place) {
                Ok(key) => key,
                Err(error) => {
                    // A key that is simply not there is somewhere else, unless somebody said that it is there.
                    if matches!(place, Place::Named(_) | Place::Credential(_)) || !is_missing(&error) {
                        problem.get_or_insert(error);
                    }
                    continue;
                }
            };
            match Keyring::open(disk, &key) {
                Ok(_) => return Ok((key, place)),
                Err(KeyringError::WrongKey) => {
                    another.get_or_insert(place);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(match (another, problem) {
            (Some(Place::Beside) | None, Some(problem)) => problem,
            (Some(Place::Beside), None) => KeyringError::WrongKey.into(),
            (Some(place), _) => ServerError::OtherMasterKey { place: place.shown() },
            (None, None) => KeyringError::NoWrappingKey.into(),
        })
    }

    /// The key for a store that is about to be made; made itself where it may be.
    ///
    /// # Errors
    /// The place that is named cannot be read or written.
    pub fn for_new_store(&self, disk: &dyn Disk, rng: &mut dyn CryptoRng) -> Result<WrappingKey, ServerError> {
        match (&self.named, credential()) {
            (Some(file), _) => read_or_make(file, rng),
            (None, Some(file)) => read(&file),
            (None, None) => Ok(WrappingKey::create(disk, rng)?),
        }
    }

    fn read(&self, disk: &dyn Disk, place: &Place) -> Result<WrappingKey, ServerError> {
        match place {
            Place::Named(file) | Place::Credential(file) | Place::Rotated(file) => read(file),
            Place::Beside => Ok(WrappingKey::read(disk)?),
        }
    }
}

impl WrappingSource for MasterKey {
    fn keys(&self) -> Vec<WrappingKey> {
        let Ok(disk) = RealDisk::open(&self.store) else { return Vec::new() };
        self.places(&disk).iter().filter_map(|place| self.read(&disk, place).ok()).collect()
    }
}

/// Whether a file lies in the folder of the store, by whatever way it is named: whoever copies the store has it.
pub fn lies_in(store: &Path, file: &Path) -> bool {
    match (store.canonicalize(), file.canonicalize()) {
        (Ok(store), Ok(file)) => file.starts_with(store),
        _ => false,
    }
}

/// What a rotation did.
#[derive(Debug)]
pub struct Rotated {
    /// Where the key lies from now on.
    pub now: PathBuf,
    /// Where the one before was; nothing of the store opens with it any more.
    pub before: Place,
}

/// Puts the key in a file around the keyring; the file is made when it is not there. Only the keyring is written anew. Beside a
/// running server, which looks for the key again. Cut short anywhere, the store opens with the old key or the new one, and the
/// server knows both places.
///
/// # Errors
/// [`ServerError`].
pub fn rotate(disk: &Arc<dyn Disk>, places: &MasterKey, new: &Path) -> Result<Rotated, ServerError> {
    let mut rng = UnwrapErr(SysRng);
    let (key, before) = places.find(&**disk)?;
    let keyring = Keyring::open(&**disk, &key)?;
    let fresh = read_or_make(new, &mut rng).map_err(|error| match error {
        ServerError::MasterKey { path, source } => ServerError::NewMasterKey { path, source },
        other => other,
    })?;
    if fresh.as_bytes() == key.as_bytes() {
        return Err(ServerError::SameMasterKey { place: new.to_path_buf() });
    }
    let now = new.canonicalize().map_err(|source| unusable(new, source))?;
    // Where the new key is must be known before it is needed.
    disk.append(NOTE, format!("\n{}\n", now.display()).as_bytes())?;
    disk.sync(NOTE)?;
    keyring.relock(&**disk, NewLock::Elsewhere(&fresh), &mut rng).map_err(|error| match error {
        UnlockError::Keyring(error) => ServerError::Keyring(error),
        other => ServerError::Keyring(KeyringError::Damaged { name: "keyring".to_owned(), what: text_of(&other) }),
    })?;
    if before == Place::Beside {
        disk.remove(BESIDE)?;
    }
    Ok(Rotated { now, before })
}

/// Setting a key that lies elsewhere meets no passphrase and no keystore.
fn text_of(_: &UnlockError) -> Words {
    Words::new("zij konden niet worden verzegeld", "it could not be sealed")
}

fn credential() -> Option<PathBuf> {
    let file = PathBuf::from(std::env::var_os(CREDENTIALS)?).join(CREDENTIAL);
    file.exists().then_some(file)
}

/// The places in the note, as far as they were written whole.
fn noted(disk: &dyn Disk) -> Vec<PathBuf> {
    let bytes = disk.len(NOTE).ok().flatten().and_then(|len| disk.read(NOTE, 0, usize::try_from(len).ok()?).ok());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty()).map(PathBuf::from).collect()
}

fn is_missing(error: &ServerError) -> bool {
    match error {
        ServerError::MasterKey { source, .. } => source.kind() == ErrorKind::NotFound,
        ServerError::Keyring(error) => matches!(error, KeyringError::NoWrappingKey | KeyringError::None),
        _ => false,
    }
}

fn unusable(file: &Path, source: std::io::Error) -> ServerError {
    ServerError::MasterKey { path: file.to_path_buf(), source }
}

/// 32 bytes, as they are or as 64 hexadecimal digits.
fn read(file: &Path) -> Result<WrappingKey, ServerError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
    File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)).map_err(|source| unusable(file, source))?;
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() == key.len() {
        key.copy_from_slice(&bytes);
    } else {
        let digits = bytes.trim_ascii();
        let whole = digits.len() == 64 && data_encoding::HEXLOWER_PERMISSIVE.decode_mut(digits, key.as_mut_slice()).is_ok();
        if !whole {
            return Err(ServerError::NotAMasterKey { path: file.to_path_buf() });
        }
    }
    Ok(WrappingKey::from_bytes(*key))
}

fn read_or_make(file: &Path, rng: &mut dyn CryptoRng) -> Result<WrappingKey, ServerError> {
    match read(file) {
        Err(ServerError::MasterKey { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        other => return other,
    }
    let key = WrappingKey::generate(rng);
    let digits = Zeroizing::new(format!("{}\n", Zeroizing::new(data_encoding::HEXLOWER.encode(key.as_bytes())).as_str()));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |source| unusable(file, source);
    let mut made = options.open(file).map_err(failed)?;
    made.write_all(digits.as_bytes()).and_then(|()| made.sync_all()).map_err(failed)?;
    // Its name must be durable too before anything is sealed with it.
    #[cfg(unix)]
    File::open(file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(key)
}

/// Says in the log what whoever runs this server should change about its key.
pub fn warn(place: &Place, store: &Path) {
    if let Place::Named(path) | Place::Credential(path) | Place::Rotated(path) = place
        && lies_in(store, path)
    {
        tracing::warn!(
            path = %path.display(),
            "the master key lies in the store itself: whoever copies the store can read it. Move it with `veldboek-server key \
             rotate --new FILE`, FILE on another disk or a credential of systemd"
        );
    }
    match place {
        Place::Beside => tracing::warn!(
            "the key around the keyring lies beside it, in wrapping.key: whoever copies the store can read it. Move it with \
             `veldboek-server key rotate --new FILE`, FILE on another disk or a credential of systemd"
        ),
        Place::Rotated(path) => tracing::warn!(
            path = %path.display(),
            "the master key was rotated to this file: set it as master_key in the configuration"
        ),
        Place::Named(path) if others_can_read(path) => {
            tracing::warn!(path = %path.display(), "others than the server's user can read the master key: chmod 600");
        }
        Place::Named(_) | Place::Credential(_) => {}
    }
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_or_64_digits_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let digits = "0b".repeat(32);
        for content in [vec![11; 32], digits.clone().into_bytes(), format!(" {}\r\n", digits.to_uppercase()).into_bytes()] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(read(&file).unwrap().as_bytes(), &[11; 32]);
        }
        for content in
            [&b""[..], &[11; 31], b"correct horse battery staple", "0b".repeat(31).as_bytes(), "zz".repeat(32).as_bytes()]
        {
            std::fs::write(&file, content).unwrap();
            let error = read(&file).unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits"), "{error}");
        }
    }

    #[test]
    fn a_key_that_is_made_is_private_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let made = read_or_make(&file, &mut UnwrapErr(SysRng)).unwrap();
        assert_eq!(read_or_make(&file, &mut UnwrapErr(SysRng)).unwrap().as_bytes(), made.as_bytes());
        assert!(!others_can_read(&file));
    }

    #[test]
    fn a_rotation_that_the_power_cuts_leaves_a_store_that_opens_with_one_of_the_keys() {
        use veldboek_core::disk::SimulatedDisk;
        let folder = tempfile::tempdir().unwrap();
        let places = MasterKey { store: folder.path().join("store"), config: None, named: None };
        let new = folder.path().join("new.key");
        std::fs::write(&new, "ab".repeat(32)).unwrap();
        let set_up = || {
            let simulated = SimulatedDisk::default();
            let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
            let old = WrappingKey::create(&*disk, &mut UnwrapErr(SysRng)).unwrap();
            let device = Keyring::create(&*disk, &old, &mut UnwrapErr(SysRng)).unwrap().device_keys().device();
            (simulated, disk, old, device)
        };
        let (whole, disk, ..) = set_up();
        let before = whole.operations();
        rotate(&disk, &places, &new).unwrap();
        let after = whole.operations();
        assert!(after - before >= 6, "{}", after - before);
        let mut found = [0, 0];
        for operation in before + 1..=after {
            for seed in 0..12 {
                let (simulated, disk, old, device) = set_up();
                simulated.cut_at(Some(operation));
                rotate(&disk, &places, &new).unwrap_err();
                if seed == 0 {
                    simulated.revive();
                } else {
                    simulated.crash(seed);
                }
                let what = format!("cut at {operation}, seed {seed}");
                let (key, place) = places.find(&*disk).unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(Keyring::open(&*disk, &key).unwrap().device_keys().device(), device, "{what}");
                found[usize::from(place != Place::Beside)] += 1;
                // Asked again it is done, or was done already.
                match rotate(&disk, &places, &new) {
                    Ok(_) | Err(ServerError::SameMasterKey { .. }) => {}
                    Err(error) => panic!("{what}: {error}"),
                }
                assert!(matches!(Keyring::open(&*disk, &old), Err(KeyringError::WrongKey)), "{what}");
                assert!(matches!(places.find(&*disk).unwrap().1, Place::Rotated(_)), "{what}");
            }
        }
        assert!(found.iter().all(|count| *count > 0), "{found:?}");
    }
}
