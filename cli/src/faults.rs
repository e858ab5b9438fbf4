//! Named points at which a test ends the process with `kill -9`, to prove that nothing saved is lost.
//!
//! Compiled in only with the feature `faults`; a program as it is delivered has no way to be told to stand still.

/// Half of a request's body went out.
#[cfg(feature = "faults")]
pub(crate) const BODY_HALF_SENT: &str = "body-half-sent";
/// The server's answer is here, nothing of it was used: acknowledged, but the outbox is still full.
pub(crate) const ANSWER_RECEIVED: &str = "answer-received";
/// A revoked device has destroyed everything, and nobody knows.
pub(crate) const WIPED_UNTOLD: &str = "wiped-untold";
/// Half of what an answer brings is written.
#[cfg(feature = "faults")]
pub(crate) const PAGE_HALF_APPLIED: &str = "page-half-applied";

#[cfg(feature = "faults")]
pub(crate) use real::{HalfBody, Onlooker, apply, point, wanted};

#[cfg(feature = "faults")]
mod real {
    use std::io::Read;
    use std::sync::atomic::{AtomicBool, Ordering};

    use veldboek_core::disk::{Change, Disk, DiskError, Watch};

    static APPLYING: AtomicBool = AtomicBool::new(false);

    /// Whether `VELDBOEK_FAULT` names this point.
    pub(crate) fn wanted(name: &str) -> bool {
        std::env::var_os("VELDBOEK_FAULT").is_some_and(|wanted| wanted == name)
    }

    /// Stands still here for ever if `VELDBOEK_FAULT` names this point: what ends the process is the test's own signal.
    #[expect(clippy::print_stderr, reason = "the test reads this line as the proof that the point was reached")]
    pub(crate) fn point(name: &str) {
        if wanted(name) {
            eprintln!("fault reached: {name}");
            loop {
                std::thread::park();
            }
        }
    }

    /// Runs what takes in an answer, with the point [`super::PAGE_HALF_APPLIED`] in what it writes.
    pub(crate) fn apply<T>(work: impl FnOnce() -> T) -> T {
        APPLYING.store(true, Ordering::SeqCst);
        let done = work();
        APPLYING.store(false, Ordering::SeqCst);
        done
    }

    /// A body that makes the process stand still when half of it was read.
    pub(crate) struct HalfBody<'a> {
        /// What is left of it.
        pub(crate) rest: &'a [u8],
        /// How long it was.
        pub(crate) length: usize,
    }

    impl Read for HalfBody<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let sent = self.length - self.rest.len();
            let half = self.length / 2;
            if sent >= half {
                point(super::BODY_HALF_SENT);
            }
            let most = if sent < half { half - sent } else { self.rest.len() };
            let count = most.min(into.len());
            let (now, later) = self.rest.split_at(count);
            into[..count].copy_from_slice(now);
            self.rest = later;
            Ok(count)
        }
    }

    /// Who looks on at the disk: makes the process stand still when half of an answer was written to the journal.
    pub(crate) struct Onlooker;

    impl Watch for Onlooker {
        fn before(&self, disk: &dyn Disk, name: &str, change: Change<'_>) -> Result<(), DiskError> {
            let Change::Append(bytes) = change else { return Ok(()) };
            if APPLYING.load(Ordering::SeqCst) && name.starts_with("journal") && wanted(super::PAGE_HALF_APPLIED) {
                disk.append(name, &bytes[..bytes.len() / 2])?;
                point(super::PAGE_HALF_APPLIED);
            }
            Ok(())
        }
    }
}

/// Nothing: the feature `faults` is off.
#[cfg(not(feature = "faults"))]
pub(crate) fn point(_name: &str) {}

/// Just the work: the feature `faults` is off.
#[cfg(not(feature = "faults"))]
pub(crate) fn apply<T>(work: impl FnOnce() -> T) -> T {
    work()
}
