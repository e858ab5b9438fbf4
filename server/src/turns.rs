//! Whose turn it is: how many requests are in hand, in all and of one device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use veldboek_core::ids::DeviceId;

use crate::config::Limits;
use crate::error::Failure;

/// What one device may have in hand at a time: a sync, a second program on the same store, and one that is being given up.
const PER_DEVICE: usize = 4;

/// The turns of all requests.
pub struct Turns {
    all: Semaphore,
    devices: Arc<Mutex<HashMap<DeviceId, usize>>>,
}

/// A turn; it ends when this is dropped.
pub struct Turn<'a> {
    _permit: SemaphorePermit<'a>,
    _device: Option<DeviceTurn>,
}

struct DeviceTurn {
    device: DeviceId,
    devices: Arc<Mutex<HashMap<DeviceId, usize>>>,
}

impl Turns {
    /// As many as the limits say.
    pub fn new(limits: &Limits) -> Self {
        Self { all: Semaphore::new(limits.requests), devices: Arc::default() }
    }

    /// Waits for a turn, for as long as the limits have patience.
    ///
    /// # Errors
    /// [`Failure::Busy`] when there is none.
    pub async fn take(&self, device: Option<DeviceId>, limits: &Limits) -> Result<Turn<'_>, Failure> {
        // The device's own limit comes first, or one device could fill the queue for all.
        let device = device.map(|device| self.of_device(device)).transpose()?;
        match timeout(limits.patience, self.all.acquire()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit, _device: device }),
            _ => Err(Failure::Busy),
        }
    }

    fn of_device(&self, device: DeviceId) -> Result<DeviceTurn, Failure> {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let in_hand = devices.entry(device).or_insert(0);
        if *in_hand >= PER_DEVICE {
            return Err(Failure::Busy);
        }
        *in_hand += 1;
        Ok(DeviceTurn { device, devices: self.devices.clone() })
    }
}

impl Drop for DeviceTurn {
    fn drop(&mut self) {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(in_hand) = devices.get_mut(&self.device) {
            *in_hand -= 1;
            if *in_hand == 0 {
                devices.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_device_cannot_take_every_turn() {
        let limits = Limits::default();
        let turns = Turns::new(&limits);
        let (greedy, other) = (DeviceId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
        let mut held = Vec::new();
        for _ in 0..PER_DEVICE {
            held.push(turns.take(Some(greedy), &limits).await.unwrap());
        }
        assert!(matches!(turns.take(Some(greedy), &limits).await, Err(Failure::Busy)));
        assert!(turns.take(Some(other), &limits).await.is_ok());
        held.pop();
        assert!(turns.take(Some(greedy), &limits).await.is_ok());
    }
}
