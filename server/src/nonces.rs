//! Nonces: what makes a signed request count once.
//!
//! Every answer gives the device a nonce for its next request. The last two that were given and not yet used are good: two
//! programs may use one store (a visit is logged while a sync runs), and an answer may get lost. A nonce is used up by the
//! first request that carries it with a good signature; whoever sends the same bytes again is refused and told one that
//! is good, which costs an honest client one more round trip and a replaying one everything: it cannot sign with it, and what the
//! device holds stays good.
//!
//! They live in memory, with a copy in one small file, so that restarting the server (an upgrade, a crash) does not
//! cost every phone a round trip. It is sealed: which devices there are is nobody's business. The file is never synced to disk: it survives the process, not the machine.
//! Therefore it names the boot of the machine it was written under, and under any other boot it is not believed: after a power
//! cut it could call a nonce unused that was used. It is no part of a backup.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use getrandom::SysRng;
use rand_core::{Rng, UnwrapErr};
use veldboek_core::ids::DeviceId;
use veldboek_core::keyring::Beside;

/// As in [`veldboek_core::request_signature::Nonce`].
const LEN: usize = 9;
/// What a slot says: device 16, two nonces of 9 (all zero: none).
const CONTENT: usize = 16 + 2 * LEN;
/// One slot of the file: its content, sealed, the rest to spare. One write, never across two pages, so a killed process leaves it old
/// or new.
const SLOT: usize = 128;
const _: () = assert!(CONTENT + Beside::ADDS <= SLOT);
const MAGIC: &[u8; 4] = b"VBN2";

type Nonce = [u8; LEN];

/// The nonces that are out.
pub struct Nonces(Mutex<Book>);

#[derive(Default)]
struct Book {
    devices: HashMap<DeviceId, Entry>,
    file: Option<(File, Beside)>,
}

struct Entry {
    slot: u64,
    /// Older first.
    out: [Option<Nonce>; 2],
}

impl Nonces {
    /// In memory only.
    pub fn in_memory() -> Self {
        Self(Mutex::new(Book::default()))
    }

    /// With a sealed copy in this file, as far as the file works: without it restarts cost every device one more round trip, no more.
    pub fn open(path: &Path, seal: Beside) -> Self {
        match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
            Ok(boot) => Self::open_under(path, boot.trim(), seal),
            Err(_) => Self::in_memory(),
        }
    }

    fn open_under(path: &Path, boot: &str, seal: Beside) -> Self {
        let book = Book::read(path, boot, seal).unwrap_or_else(|error| {
            tracing::warn!(%error, "the file of nonces cannot be used; after a restart every device needs one more round trip");
            Book::default()
        });
        Self(Mutex::new(book))
    }

    /// Uses up a nonce, and gives a fresh one in its place; nothing if it was not out. In one step, so that between the two
    /// nobody takes the place.
    pub fn exchange(&self, device: DeviceId, nonce: &str, rng: &mut dyn Rng) -> Option<String> {
        let nonce = decode(nonce)?;
        let mut book = self.lock();
        let entry = book.devices.get_mut(&device)?;
        let place = entry.out.iter().position(|out| *out == Some(nonce))?;
        let fresh = fresh(rng);
        entry.out = match (place, entry.out) {
            (0, [_, newer @ Some(_)]) => [newer, Some(fresh)],
            (_, [older, _]) => [older.filter(|_| place == 1), Some(fresh)],
        };
        book.write(device);
        Some(encode(&fresh))
    }

    /// A nonce for a device that signed something long ago, maybe: whoever repeats the bytes of an old request gets here too.
    /// So it pushes out none that the device holds; when there is no room the newest that is out is told again.
    pub fn again(&self, device: DeviceId, rng: &mut dyn Rng) -> String {
        let mut book = self.lock();
        match book.devices.get(&device).map(|entry| entry.out) {
            Some([Some(_), Some(newest)]) => encode(&newest),
            _ => book.issue(device, rng),
        }
    }

    /// A fresh nonce for a device that has just enrolled.
    pub fn issue(&self, device: DeviceId, rng: &mut dyn Rng) -> String {
        self.lock().issue(device, rng)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // A panic while the lock was held leaves at worst a nonce that nobody knows.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn issue(&mut self, device: DeviceId, rng: &mut dyn Rng) -> String {
        let fresh = fresh(rng);
        let slot = self.devices.len() as u64;
        let entry = self.devices.entry(device).or_insert(Entry { slot, out: [None, None] });
        entry.out = match entry.out {
            [older, None] => [older, Some(fresh)],
            [_, newer] => [newer, Some(fresh)],
        };
        self.write(device);
        encode(&fresh)
    }

    fn read(path: &Path, boot: &str, seal: Beside) -> std::io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut header = [0; SLOT];
        header[..4].copy_from_slice(MAGIC);
        let name = boot.as_bytes();
        let len = name.len().min(SLOT - 4);
        header[4..4 + len].copy_from_slice(&name[..len]);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if !bytes.starts_with(&header) {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header)?;
            return Ok(Self { devices: HashMap::new(), file: Some((file, seal)) });
        }
        let mut devices = HashMap::new();
        for (slot, bytes) in bytes[SLOT..].chunks_exact(SLOT).enumerate() {
            let opened = seal.open(&bytes[..CONTENT + Beside::ADDS]);
            let Some((bytes, device)) = opened.and_then(|bytes| DeviceId::from_slice(&bytes[..16]).map(|device| (bytes, device)))
            else {
                // Not written by this server, or spoiled: then none of it is believed.
                file.set_len(SLOT as u64)?;
                return Ok(Self { devices: HashMap::new(), file: Some((file, seal)) });
            };
            let nonce = |from: usize| -> Option<Nonce> {
                bytes[from..from + LEN].try_into().ok().filter(|nonce: &Nonce| nonce.iter().any(|byte| *byte != 0))
            };
            devices.insert(device, Entry { slot: slot as u64, out: [nonce(16), nonce(16 + LEN)] });
        }
        Ok(Self { devices, file: Some((file, seal)) })
    }

    fn write(&mut self, device: DeviceId) {
        let (Some((file, seal)), Some(entry)) = (&mut self.file, self.devices.get(&device)) else { return };
        let mut bytes = [0; CONTENT];
        bytes[..16].copy_from_slice(device.as_bytes());
        for (place, nonce) in entry.out.iter().enumerate() {
            bytes[16 + place * LEN..16 + (place + 1) * LEN].copy_from_slice(&nonce.unwrap_or_default());
        }
        let mut slot = seal.seal(&bytes, &mut UnwrapErr(SysRng)).unwrap_or_default();
        slot.resize(SLOT, 0);
        let written = file.seek(SeekFrom::Start((entry.slot + 1) * SLOT as u64)).and_then(|_| file.write_all(&slot));
        if let Err(error) = written {
            // A file that misses a use must not be believed later.
            let emptied = file.set_len(0);
            tracing::warn!(%error, emptied = emptied.is_ok(), "the file of nonces can no longer be written");
            self.file = None;
        }
    }
}

fn fresh(rng: &mut dyn Rng) -> Nonce {
    let mut fresh = [0; LEN];
    rng.fill_bytes(&mut fresh);
    fresh
}

fn encode(nonce: &Nonce) -> String {
    data_encoding::BASE64URL_NOPAD.encode(nonce)
}

fn decode(text: &str) -> Option<Nonce> {
    let nonce: Nonce = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()?;
    // All zero means "none" in the file.
    (nonce != [0; LEN]).then_some(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl rand_core::TryRng for Counting {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(1)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(1)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            self.0 += 1;
            bytes.fill(self.0);
            Ok(())
        }
    }

    /// The keys of a server's store.
    struct Keys(veldboek_core::keyring::Keyring);

    impl Keys {
        fn new() -> Self {
            use veldboek_core::keyring::{Keyring, WrappingKey};
            let disk = veldboek_core::disk::MemoryDisk::default();
            Self(Keyring::create(&disk, &WrappingKey::from_bytes([1; 32]), &mut UnwrapErr(SysRng)).unwrap())
        }

        fn open(&self, path: &Path, boot: &str) -> Nonces {
            Nonces::open_under(path, boot, self.0.beside("nonces").unwrap())
        }
    }

    impl Nonces {
        fn take(&self, device: DeviceId, nonce: &str) -> bool {
            self.exchange(device, nonce, &mut Counting(100)).is_some()
        }
    }

    #[test]
    fn whoever_repeats_an_old_request_pushes_out_nothing_that_the_device_holds() {
        let (nonces, mut rng) = (Nonces::in_memory(), Counting(0));
        let mut held = nonces.issue(device(1), &mut rng);
        for _ in 0..4 {
            let told: Vec<String> = (0..5).map(|_| nonces.again(device(1), &mut rng)).collect();
            assert!(told[1..].iter().all(|again| *again == told[0]), "{told:?}");
            held = nonces.exchange(device(1), &held, &mut rng).expect("what the device holds is good");
        }
        // Two programs that share a store and lost theirs get one each.
        let (one, other) = (nonces.again(device(2), &mut rng), nonces.again(device(2), &mut rng));
        assert_ne!(one, other);
        assert!(nonces.exchange(device(2), &other, &mut rng).is_some());
        assert!(nonces.exchange(device(2), &one, &mut rng).is_some());
    }

    fn device(name: u8) -> DeviceId {
        DeviceId::from_bytes([name; 16])
    }

    #[test]
    fn a_nonce_counts_once_and_only_for_its_device() {
        let (nonces, mut rng) = (Nonces::in_memory(), Counting(0));
        let nonce = nonces.issue(device(1), &mut rng);
        nonces.issue(device(2), &mut rng);
        assert!(!nonces.take(device(2), &nonce));
        assert!(nonces.take(device(1), &nonce));
        assert!(!nonces.take(device(1), &nonce));
        assert!(!nonces.take(device(3), &nonce));
        assert!(!nonces.take(device(1), "no nonce"));
    }

    #[test]
    fn the_last_two_stay_good_for_an_answer_that_got_lost() {
        let (nonces, mut rng) = (Nonces::in_memory(), Counting(0));
        let given: Vec<String> = (0..3).map(|_| nonces.issue(device(1), &mut rng)).collect();
        assert!(!nonces.take(device(1), &given[0]));
        let next = nonces.exchange(device(1), &given[1], &mut rng).expect("the one before the last is good");
        assert!(nonces.take(device(1), &given[2]));
        assert!(nonces.take(device(1), &next));
    }

    #[test]
    fn a_restarted_server_knows_what_is_out_and_what_was_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let (keys, mut rng) = (Keys::new(), Counting(0));
        let before = keys.open(&path, "boot one");
        let used = before.issue(device(1), &mut rng);
        let unused = before.issue(device(1), &mut rng);
        let other = before.issue(device(2), &mut rng);
        assert!(before.take(device(1), &used));
        drop(before);
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(16).any(|part| part == device(2).as_bytes()), "no device is named in clear");
        let after = keys.open(&path, "boot one");
        assert!(!after.take(device(1), &used));
        assert!(after.take(device(1), &unused));
        assert!(after.take(device(2), &other));
        // Under other keys it says nothing, and is begun anew.
        let other = after.issue(device(2), &mut rng);
        let foreign = Keys::new().open(&path, "boot one");
        assert!(!foreign.take(device(2), &other));
    }

    #[test]
    fn after_a_power_cut_the_file_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let keys = Keys::new();
        let nonce = keys.open(&path, "boot one").issue(device(1), &mut Counting(0));
        assert!(!keys.open(&path, "boot two").take(device(1), &nonce));
        assert!(!keys.open(&path, "boot one").take(device(1), &nonce), "and stays unbelieved");
    }

    #[test]
    fn a_file_that_cannot_be_used_costs_a_round_trip_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let nonces = Keys::new().open(folder.path(), "boot one");
        let nonce = nonces.issue(device(1), &mut Counting(0));
        assert!(nonces.take(device(1), &nonce));
    }
}
