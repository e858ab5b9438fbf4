//! The end of a field book whose device was revoked: keys first, then everything else, and a signed word about it.
//!
//! One small file, `wiped`, is made durable before anything is destroyed. It holds what the device signed while it still had a key,
//! and where to send it. As long as it is there, opening the field book destroys what is left instead: a wipe that a crash, a
//! dead battery or a pulled plug cut short goes on at the next start, and nothing of the store can be used in between.

use crate::bundle::{Bundle, MAX_BUNDLE};
use crate::cbor::{self, FormatError};
use crate::clock::Timestamp;
use crate::disk::{Disk, DiskError, read_all};
use crate::ids::DeviceId;
use crate::keyring::{self, Cause, KeyringError};
use crate::statement::{MAX_STATEMENT, SignedStatement, Statement};

/// What was signed, and where it goes.
const MARKER: &str = "wiped";
/// There once the server has heard.
const TOLD: &str = "wiped-told";
/// The largest marker, in bytes.
const MAX_MARKER: usize = MAX_STATEMENT + 4096;
/// The longest address of a server, in characters.
const MAX_URL: usize = 2_000;
/// What the keyring leaves when its keys are gone begins like this.
const KEYRING: &str = "keyring.";
/// Files of a field book, and of the programs around it; nothing else is touched, for the folder may hold more than a store.
const FILES: [&str; 7] = ["wrapping.key", "tries", "session", "nonce", "contacts", "contacts.json", "torn-shown"];
/// Folders of a field book.
const FOLDERS: [&str; 4] = ["journal", "torn", "cache", "cache.broken"];

/// A field book that was wiped, or is being wiped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wipe {
    /// Where the server is.
    pub server_url: String,
    /// What the device signed, to be sent to `POST /v1/wiped` as it is.
    pub statement: Vec<u8>,
    /// Since when the device was revoked.
    pub revoked: Timestamp,
    /// How much was destroyed that nobody else has.
    pub lost: u32,
    /// Whether the server has heard.
    pub told: bool,
}

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Marker {
    #[n(0)]
    version: u32,
    #[n(1)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_URL>")]
    server_url: String,
    #[n(2)]
    #[cbor(encode_with = "minicbor::bytes::encode", decode_with = "cbor::bytes::<Ctx, MAX_STATEMENT>")]
    statement: Vec<u8>,
    #[n(3)]
    revoked: Timestamp,
}

/// What the disk says about a wipe; nothing when there was none.
///
/// # Errors
/// Disk errors.
pub fn found(disk: &dyn Disk) -> Result<Option<Wipe>, DiskError> {
    if disk.len(MARKER)?.is_none() {
        return Ok(None);
    }
    // One that was cut short came before anything was destroyed: the server will say it again.
    let Ok(marker) = read_marker(&read_all(disk, MARKER)?) else { return Ok(None) };
    let Some((_, lost)) = signed_by(&marker.statement) else { return Ok(None) };
    let told = disk.len(TOLD)?.is_some();
    let Marker { server_url, statement, revoked, .. } = marker;
    Ok(Some(Wipe { server_url, statement, revoked, lost, told }))
}

fn read_marker(bytes: &[u8]) -> Result<Marker, FormatError> {
    cbor::from_slice(bytes, MAX_MARKER)
}

fn signed_by(statement: &[u8]) -> Option<(DeviceId, u32)> {
    match SignedStatement::decode(statement).ok()?.statement() {
        Statement::Wiped(wiped) => Some((wiped.device, wiped.lost)),
        _ => None,
    }
}

/// Makes durable that this store is to be wiped. From here on there is no way back.
///
/// # Errors
/// Disk errors; nothing is destroyed then.
pub(crate) fn begin(disk: &dyn Disk, server_url: &str, statement: &[u8], revoked: Timestamp) -> Result<(), DiskError> {
    let _held = disk.lock()?;
    // A first try may have been cut short in the middle of writing.
    disk.remove(MARKER)?;
    let marker = Marker { version: 1, server_url: server_url.to_owned(), statement: statement.to_vec(), revoked };
    disk.append(MARKER, &cbor::to_vec(marker))?;
    disk.sync(MARKER)
}

/// Destroys what is left of a store that is to be wiped; does nothing to any other. May be called again and again.
///
/// # Errors
/// Disk errors: what is left is destroyed at the next call.
pub fn finish(disk: &dyn Disk) -> Result<Option<Wipe>, DiskError> {
    let Some(wipe) = found(disk)? else { return Ok(None) };
    match keyring::destroy_all(disk, Cause::Wiped, wipe.revoked) {
        Ok(_) | Err(KeyringError::None) => {}
        Err(KeyringError::Disk(error)) => return Err(error),
        // A keyring that cannot be read holds no key for anybody; it goes with the rest.
        Err(_) => {}
    }
    let _held = disk.lock()?;
    let device = signed_by(&wipe.statement).map(|(device, _)| device);
    // What is left of the keyring goes last: a store without one would be taken for damaged, with it for wiped.
    let (keyring, rest): (Vec<String>, Vec<String>) = disk.list()?.into_iter().partition(|name| name.starts_with(KEYRING));
    for name in rest.into_iter().chain(keyring) {
        let folder = name.split_once('/').map(|(folder, _)| folder);
        let ours =
            FILES.contains(&name.as_str()) || name.starts_with(KEYRING) || folder.is_some_and(|folder| FOLDERS.contains(&folder));
        if ours || (name != MARKER && name != TOLD && is_bundle_of(disk, &name, device)) {
            disk.remove(&name)?;
        }
    }
    Ok(Some(wipe))
}

/// Whether a file in the store is a bundle that this device made.
fn is_bundle_of(disk: &dyn Disk, name: &str, device: Option<DeviceId>) -> bool {
    let short = disk.len(name).is_ok_and(|len| len.is_some_and(|len| len <= MAX_BUNDLE as u64));
    short && read_all(disk, name).is_ok_and(|bytes| Bundle::decode(&bytes).is_ok_and(|bundle| Some(bundle.sender()) == device))
}

/// Notes that the server has heard.
///
/// # Errors
/// Disk errors: it is told again then, which changes nothing.
pub fn told(disk: &dyn Disk) -> Result<(), DiskError> {
    if disk.len(TOLD)?.is_none() {
        disk.append(TOLD, b"1")?;
        disk.sync(TOLD)?;
    }
    Ok(())
}

/// Makes room for a new field book where one was wiped, and the server knows.
///
/// # Errors
/// Disk errors.
pub fn forget(disk: &dyn Disk) -> Result<(), DiskError> {
    finish(disk)?;
    disk.remove(MARKER)?;
    disk.remove(TOLD)
}
