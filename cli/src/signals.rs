//! When the person or the system wants a command that goes on by itself to stop.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// What the exit status of a shell says of a command that was interrupted.
const INTERRUPTED: i32 = 130;

#[derive(Debug, Default)]
struct Wish {
    asked: Mutex<bool>,
    changed: Condvar,
}

/// Whether somebody asked to stop (Ctrl-C, or the system's way to end a program). Asked twice, the program ends at once; the
/// store can take that at any moment.
#[derive(Debug, Clone)]
pub(crate) struct Stop(Arc<Wish>);

impl Stop {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Self(Arc::default());
        let wish = stop.0.clone();
        let (report, listening) = mpsc::channel();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(report.send(Err(error))),
            };
            runtime.block_on(async {
                let mut signals = match Signals::new() {
                    Ok(signals) => signals,
                    Err(error) => return drop(report.send(Err(error))),
                };
                let _ = report.send(Ok(()));
                signals.next().await;
                *wish.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
                wish.changed.notify_all();
                signals.next().await;
                std::process::exit(INTERRUPTED);
            });
        })?;
        listening.recv().unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))?;
        Ok(stop)
    }

    /// Whether somebody asked already.
    pub(crate) fn asked(&self) -> bool {
        *self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits this long, or until somebody asks; whether somebody did.
    pub(crate) fn within(&self, time: Duration) -> bool {
        let asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.changed.wait_timeout_while(asked, time, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    async fn next(&mut self) {
        let _ = self.0.recv().await;
    }
}
