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
pub use real::{FaultyDisk, arm, point};

#[cfg(feature = "faults")]
mod real {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use veldboek_core::disk::{Disk, DiskError, Held};

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

    /// A disk with the point [`super::BEFORE_COMMIT`] in front of the `sync` that makes a batch durable.
    pub struct FaultyDisk(pub Arc<dyn Disk>);

    impl Disk for FaultyDisk {
        fn append(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
            WRITTEN.store(true, Ordering::SeqCst);
            self.0.append(name, bytes)
        }
        fn sync(&self, name: &str) -> Result<(), DiskError> {
            if ARMED.load(Ordering::SeqCst) && WRITTEN.load(Ordering::SeqCst) {
                point(super::BEFORE_COMMIT);
            }
            self.0.sync(name)
        }
        fn read(&self, name: &str, offset: u64, most: usize) -> Result<Vec<u8>, DiskError> {
            self.0.read(name, offset, most)
        }
        fn len(&self, name: &str) -> Result<Option<u64>, DiskError> {
            self.0.len(name)
        }
        fn truncate(&self, name: &str, len: u64) -> Result<(), DiskError> {
            self.0.truncate(name, len)
        }
        fn list(&self) -> Result<Vec<String>, DiskError> {
            self.0.list()
        }
        fn remove(&self, name: &str) -> Result<(), DiskError> {
            self.0.remove(name)
        }
        fn lock(&self) -> Result<Box<dyn Held>, DiskError> {
            self.0.lock()
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
