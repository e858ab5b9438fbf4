//! What the writer needs of the region, so that a test can put one in its place that fails on demand.

use rand_core::CryptoRng;
use veldboek_core::clock::{Moment, Timestamp};
use veldboek_core::ids::DeviceId;
use veldboek_core::sync::server::{Done, Region, RegionError, Standing, Work};

/// A region as the writer uses it.
pub trait Engine: Send {
    /// Handles a batch and makes it durable; see [`Region::run`].
    ///
    /// # Errors
    /// The store failed, and nothing of the batch is promised to anyone.
    fn run(&mut self, works: Vec<Work>, moment: Moment, rng: &mut dyn CryptoRng) -> Outcomes;

    /// How a device stands, with what administrative commands wrote taken in.
    ///
    /// # Errors
    /// The store failed.
    fn standing(&mut self, device: &DeviceId) -> Result<Option<Standing>, RegionError>;

    /// The signed revocation of a device, for its refusal; see [`Region::revocation`].
    ///
    /// # Errors
    /// The store failed.
    fn revocation(&mut self, device: &DeviceId) -> Result<Option<Vec<u8>>, RegionError>;

    /// Who is locked out until when, for a server that starts; see [`Region::locked_out`].
    fn locked_out(&self) -> Vec<(Option<DeviceId>, Timestamp)>;

    /// Forgets what is in memory and begins anew from the store.
    ///
    /// # Errors
    /// The store failed.
    fn reopen(&mut self) -> Result<(), RegionError>;

    /// Writes down the contacts that were only heard; see [`Region::note_contacts`].
    ///
    /// # Errors
    /// The store failed.
    fn note_contacts(&mut self, rng: &mut dyn CryptoRng) -> Result<(), RegionError>;
}

/// What came of a batch: for each work its own outcome, or the store's trouble for all.
pub type Outcomes = Result<Vec<Result<Done, RegionError>>, RegionError>;

impl Engine for Region {
    fn run(&mut self, works: Vec<Work>, moment: Moment, rng: &mut dyn CryptoRng) -> Outcomes {
        Region::run(self, works, moment, rng)
    }

    fn standing(&mut self, device: &DeviceId) -> Result<Option<Standing>, RegionError> {
        self.catch_up()?;
        Ok(Region::standing(self, device))
    }

    fn revocation(&mut self, device: &DeviceId) -> Result<Option<Vec<u8>>, RegionError> {
        Region::revocation(self, device)
    }

    fn locked_out(&self) -> Vec<(Option<DeviceId>, Timestamp)> {
        Region::locked_out(self).collect()
    }

    fn reopen(&mut self) -> Result<(), RegionError> {
        Region::reopen(self)
    }

    fn note_contacts(&mut self, rng: &mut dyn CryptoRng) -> Result<(), RegionError> {
        Region::note_contacts(self, rng)
    }
}
