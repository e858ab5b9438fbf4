//! What all requests share.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use veldboek_core::ids::{DeviceId, Epoch, ServerId};
use veldboek_core::keys::PublicKeys;

use crate::attempts::Attempts;
use crate::config::{Limits, Settings};
use crate::error::Failure;
use crate::log::Short;
use crate::nonces::Nonces;
use crate::origin::{Origin, Proxies, Whose};
use crate::pace::Pace;
use crate::porch::Porch;
use crate::time::Clock;
use crate::turns::Turns;
use crate::unsigned::Unsigned;
use crate::writer::{Order, Writer};

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
    /// Bodies that nobody signed, until they are there.
    pub unsigned: Unsigned,
    /// Where pushes are looked at before the writer sees them.
    pub porch: Porch,
    /// How often somebody may ask.
    pub pace: Pace,
    /// What strangers tried in vain.
    pub attempts: Attempts,
    /// How much one client may ask.
    pub limits: Limits,
    /// What time it is.
    pub clock: Clock,
    /// Whose word is taken for where a request comes from.
    pub proxies: Proxies,
    /// Which server this is.
    pub identity: Identity,
    /// Keys that were looked up before. A device's name follows from its key, so what is in here can never become wrong; whether
    /// the device is still welcome is asked of the region for each request.
    keys: RwLock<HashMap<DeviceId, PublicKeys>>,
}

impl App {
    /// Nothing known yet.
    pub fn new(writer: Writer, nonces: Nonces, pace: Pace, settings: &Settings, identity: Identity) -> Self {
        let (limits, clock) = (settings.limits.clone(), settings.clock.clone());
        let (turns, porch) = (Turns::new(&limits), Porch::default());
        Self {
            turns,
            unsigned: Unsigned::default(),
            porch,
            writer,
            nonces,
            pace,
            attempts: Attempts::default(),
            limits,
            clock,
            proxies: settings.proxies.clone(),
            identity,
            keys: RwLock::default(),
        }
    }

    /// Notes that what a device, or somebody without a signature, asked was wrong. Whoever is locked out by it stays so when
    /// the server restarts.
    pub fn wrong(&self, who: Whose) {
        if let Some(until) = self.pace.wrong(who, self.clock.now().at) {
            let who = match who {
                Whose::Device(device) => {
                    tracing::warn!(device = %Short(device), "a device is locked out: too many wrong requests");
                    Some(device)
                }
                Whose::Stranger(Origin::Network(_)) => {
                    tracing::warn!("somebody who signs nothing hears no reasons for a while: too many wrong requests");
                    None
                }
                Whose::Stranger(Origin::Unknown) => {
                    tracing::warn!("whoever signs nothing hears no reasons for a while: too many wrong requests");
                    None
                }
            };
            let writer = self.writer.clone();
            // When it cannot be written it counts until the restart.
            tokio::spawn(async move { writer.ask(Order::LockOut(who, until)).await });
        }
    }

    /// Tells the auditor, sooner or later, that somebody asked who did not prove to be anyone.
    pub fn tried(&self, why: &Failure) {
        if let Some(note) = self.attempts.happened(why) {
            let writer = self.writer.clone();
            // Nobody waits for it. When it cannot be written, the store's trouble is in the log.
            tokio::spawn(async move { writer.ask(Order::Audit(note)).await });
        }
    }

    /// Writes down what was only counted.
    pub async fn note_attempts(&self) {
        for note in self.attempts.held() {
            let _ = self.writer.ask(Order::Audit(note)).await;
        }
    }

    /// The answer to somebody without a good signature whose request is wrong.
    pub fn refuse_stranger(&self, origin: Origin, why: Failure) -> Failure {
        self.tried(&why);
        let answer = self.pace.to_stranger(origin, why, self.clock.now().at);
        self.wrong(Whose::Stranger(origin));
        answer
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
