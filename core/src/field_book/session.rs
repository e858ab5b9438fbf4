//! The actor of this device's changes, which no other row of changes has.

use super::*;

/// Name of the file with the random half of this device's actor id. It is not part of a backup: a phone restored from
/// one finds it missing and begins a new row of changes instead of forking its own.
const SESSION: &str = "session";

/// The actor of this device's changes: the device, and a session that backups do not hold. Asked under the journal's
/// lock, so that two processes never begin two sessions at once.
pub(super) fn actor(disk: &dyn Disk, keyring: &Keyring, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, FieldBookError> {
    let mut actor = keyring.device_keys().device().as_bytes().to_vec();
    let session = match disk.len(SESSION)? {
        Some(8) => disk.read(SESSION, 0, 8)?,
        _ => new_session(disk, rng)?,
    };
    actor.extend_from_slice(&session);
    Ok(actor)
}

/// Begins a new row of changes.
pub(super) fn new_session(disk: &dyn Disk, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, FieldBookError> {
    let mut session = [0; 8];
    rng.fill_bytes(&mut session);
    if disk.len(SESSION)?.is_some() {
        disk.remove(SESSION)?;
    }
    disk.append(SESSION, &session)?;
    disk.sync(SESSION)?;
    Ok(session.to_vec())
}
