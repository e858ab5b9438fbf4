//! A request with its changes looked at as far as that can be done without the region: beside the single writer, which
//! everybody waits for.

use super::*;

/// The most signers whose keys are looked for; an honest device carries the work of a few colleagues.
const MOST_SIGNERS: usize = 16;

/// A request and what is known of its changes.
#[derive(Debug, Clone)]
pub struct Push {
    pub(super) request: Request,
    pub(super) changes: Vec<Result<Candidate, Why>>,
}

impl From<Request> for Arc<Push> {
    fn from(request: Request) -> Self {
        Arc::new(Push::read(request))
    }
}

impl Push {
    /// Reads the envelopes of a request, within bounds.
    pub fn read(mut request: Request) -> Self {
        // Each envelope is kept once: where it was read.
        let changes = std::mem::take(&mut request.changes).into_iter().map(|bytes| Candidate::read(&bytes)).collect();
        Self { request, changes }
    }

    /// The request, without its changes.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// How many changes it has.
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// The devices that are named as makers of its changes.
    pub fn signers(&self) -> Vec<DeviceId> {
        let mut signers: Vec<DeviceId> = self.changes.iter().flatten().map(|change| change.signer()).collect();
        signers.sort_unstable();
        signers.dedup();
        signers.truncate(MOST_SIGNERS);
        signers
    }

    /// How many operations are to be read for [`examine`](Self::examine).
    pub fn operations(&self) -> u64 {
        self.changes.iter().flatten().map(|change| change.header().operations).fold(0, u64::saturating_add)
    }

    /// Checks signatures and encodings, of as many operations as the server looks at in one exchange.
    pub fn examine(&mut self, bearer: &PublicKeys, keys: &dyn Fn(&DeviceId) -> Option<PublicKeys>) {
        let mut left = MAX_PUSHED_OPERATIONS;
        for change in self.changes.iter_mut().flatten() {
            let Some(rest) = left.checked_sub(effort::share(change)) else { continue };
            left = rest;
            if let Some(signer) = keys(&change.signer()) {
                // What came of it is kept with the change, and is its verdict.
                let _ = change.examine(&signer, Some(bearer));
            }
        }
    }
}
