//! What all requests share.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use veldboek_core::ids::{DeviceId, Epoch, ServerId};
use veldboek_core::keys::PublicKeys;

use crate::config::Limits;
use crate::error::Failure;
use crate::nonces::Nonces;
use crate::porch::Porch;
use crate::turns::Turns;
use crate::writer::Writer;

/// Which server this is; the same for as long as the process lives.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its name.
    pub server: ServerId,
    /// Its public keys.
    pub keys: PublicKeys,
    /// Its region.
    pub region: String,
    /// This life of the server.
    pub epoch: Epoch,
}

/// What all requests share.
pub struct App {
    /// The way to the region.
    pub writer: Writer,
    /// The nonces that are out.
    pub nonces: Nonces,
    /// Whose turn it is.
    pub turns: Turns,
    /// Where pushes are looked at before the writer sees them.
    pub porch: Porch,
    /// How much one client may ask.
    pub limits: Limits,
    /// Which server this is.
    pub identity: Identity,
    /// Keys that were looked up before. A device's name follows from its key, so what is in here can never become wrong; whether
    /// the device is still welcome is asked of the region for each request.
    keys: RwLock<HashMap<DeviceId, PublicKeys>>,
}

impl App {
    /// Nothing known yet.
    pub fn new(writer: Writer, nonces: Nonces, limits: Limits, identity: Identity) -> Self {
        Self { turns: Turns::new(&limits), porch: Porch::default(), writer, nonces, limits, identity, keys: RwLock::default() }
    }

    /// The public keys of an enrolled device.
    ///
    /// # Errors
    /// [`Failure::UnknownDevice`].
    pub async fn keys_of(&self, device: DeviceId) -> Result<PublicKeys, Failure> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&device).copied();
        if let Some(keys) = known {
            return Ok(keys);
        }
        let standing = self.writer.standing(device).await?.ok_or(Failure::UnknownDevice)?;
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(device, standing.keys);
        Ok(standing.keys)
    }
}
