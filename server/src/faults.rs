//! Named points at which a test ends the process with `kill -9`, to prove that nothing acknowledged is lost.
//!
//! Compiled in only with the feature `faults`; a server as it is delivered has no way to be told to stand still. The points
//! lie on the way of one request, in this order.

/// Half of a request's body has been read.
pub const BODY_HALF_READ: &str = "body-half-read";
/// A batch was handled and its records are written, but nothing is durable yet.
pub const BEFORE_COMMIT: &str = "before-commit";
/// The batch is durable, nobody has been told.
pub const DURABLE_UNACKNOWLEDGED: &str = "durable-unacknowledged";

#[cfg(feature = "faults")]
pub use real::{Onlooker, arm, point};

#[cfg(feature = "faults")]
mod real {
    use std::sync::atomic::{AtomicBool, Ordering};

    use veldboek_core::disk::{Change, Disk, DiskError, Watch};

    static ARMED: AtomicBool = AtomicBool::new(false);
    static WRITTEN: AtomicBool = AtomicBool::new(false);

    /// Stands still here for ever if `VELDBOEK_FAULT` names this point: what ends the process is the test's own signal.
    #[allow(clippy::print_stderr, reason = "the test waits for this line as the proof that the point was reached")]
    pub fn point(name: &str) {
        if std::env::var_os("VELDBOEK_FAULT").is_some_and(|wanted| wanted == name) {
            eprintln!("fault reached: {name}");
            loop {
                std::thread::park();
            }
        }
    }

    /// While this is held, making durable what was written meanwhile is the point [`super::BEFORE_COMMIT`]: in a batch, not at
    /// the start.
    pub fn arm() -> Armed {
        WRITTEN.store(false, Ordering::SeqCst);
        ARMED.store(true, Ordering::SeqCst);
        Armed
    }

    /// See [`arm`].
    pub struct Armed;

    impl Drop for Armed {
        fn drop(&mut self) {
            ARMED.store(false, Ordering::SeqCst);
        }
    }

    /// Who looks on at the disk: the point [`super::BEFORE_COMMIT`] lies in front of the `sync` that makes a batch durable.
    pub struct Onlooker;

    impl Watch for Onlooker {
        fn before(&self, _: &dyn Disk, _: &str, change: Change<'_>) -> Result<(), DiskError> {
            match change {
                Change::Append(_) => WRITTEN.store(true, Ordering::SeqCst),
                Change::Sync if ARMED.load(Ordering::SeqCst) && WRITTEN.load(Ordering::SeqCst) => point(super::BEFORE_COMMIT),
                _ => {}
            }
            Ok(())
        }
    }
}

/// Nothing: the feature `faults` is off.
#[cfg(not(feature = "faults"))]
pub fn point(_name: &str) {}

/// Nothing: the feature `faults` is off.
#[cfg(not(feature = "faults"))]
pub fn arm() -> Armed {
    Armed
}

/// See [`arm`].
#[cfg(not(feature = "faults"))]
pub struct Armed;
