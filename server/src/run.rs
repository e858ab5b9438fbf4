//! A server from its first to its last moment, with the listener and the end handed in.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use veldboek_core::keyring::Beside;
use veldboek_core::sync::contacts::CONTACT_EVERY;

use crate::app::{App, Identity};
use crate::config::Settings;
use crate::engine::Engine;
use crate::failure::ServerError;
use crate::listen;
use crate::nonces::Nonces;
use crate::pace::Pace;
use crate::router::router;
use crate::setup::{self, FirstStart, Store};
use crate::writer::Writer;

/// A server whose store is open and that serves nobody yet.
pub struct Server {
    store: Store,
    identity: Identity,
    settings: Settings,
}

impl Server {
    /// Opens the store, making it at the first start.
    ///
    /// # Errors
    /// [`ServerError`] says what is in the way.
    pub fn open(settings: Settings) -> Result<Self, ServerError> {
        let store = setup::open(&settings)?;
        let (server, keys, region, epoch) = store.region.identity();
        Ok(Self { store, identity: Identity { server, keys, region, epoch }, settings })
    }

    /// What the administrator of a server without people must know.
    pub fn first_start(&self) -> Option<&FirstStart> {
        self.store.first_start.as_ref()
    }

    /// Which server this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Serves until `shutdown` is ready, then finishes what is in hand.
    ///
    /// # Errors
    /// The server cannot begin, or its writer ended.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let Self { store: Store { region, serving, .. }, identity, settings } = self;
        let nonces = region.beside("nonces").map(|seal| (settings.store.join("nonces"), seal));
        let outcome = serve(Box::new(region), identity, nonces, settings, listener, shutdown).await;
        // Held until the last answer is out.
        drop(serving);
        outcome
    }
}

/// Serves any engine; nonces are kept in this file, or only in memory.
///
/// # Errors
/// The server cannot begin, or its writer ended.
pub async fn serve(
    engine: Box<dyn Engine>,
    identity: Identity,
    nonces: Option<(PathBuf, Beside)>,
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    let nonces = nonces.map_or_else(Nonces::in_memory, |(path, seal)| Nonces::open(&path, seal));
    let pace = Pace::new(&settings.limits, engine.locked_out());
    let (writer, thread) = Writer::start(engine, settings.clock.clone()).map_err(ServerError::System)?;
    let every = Duration::from_millis(CONTACT_EVERY.unsigned_abs());
    let notes = tokio::spawn(Writer::note_contacts(writer.downgrade(), every));
    let app = Arc::new(App::new(writer, nonces, pace, &settings, identity));
    let (stop, stopping) = oneshot::channel();
    let attempts = tokio::spawn(note_attempts(Arc::downgrade(&app), every, stopping));
    tracing::info!("serving");
    listen::serve(listener, router(app.clone()), &settings.limits, shutdown).await;
    notes.abort();
    drop(stop);
    // Not in the middle: what it has taken to write down would be lost.
    let _ = attempts.await;
    app.note_attempts().await;
    drop(app);
    // With the last request the last way to the writer is gone; it finishes its queue and ends.
    let ended = tokio::task::spawn_blocking(move || thread.join()).await;
    tracing::info!("stopped");
    match ended {
        Ok(Ok(())) => Ok(()),
        _ => Err(ServerError::WriterEnded),
    }
}

/// What strangers tried in vain is written down on a period, for as long as there is somebody to serve.
async fn note_attempts(app: Weak<App>, every: Duration, mut stopping: oneshot::Receiver<()>) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = &mut stopping => return,
        }
        let Some(app) = app.upgrade() else { return };
        app.note_attempts().await;
    }
}

/// Opens the store and serves until `shutdown` is ready.
///
/// # Errors
/// [`ServerError`] says what is in the way.
pub async fn run(listener: TcpListener, settings: Settings, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
    Server::open(settings)?.run(listener, shutdown).await
}
