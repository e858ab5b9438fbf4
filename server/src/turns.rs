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
/// Bodies from this size on are large: what is in memory at one time must not depend on how many devices send much.
const LARGE: u64 = 512 * 1024;
/// How many large bodies are in hand at a time.
const LARGE_BODIES: usize = 4;

/// The turns of all requests.
pub struct Turns {
    all: Semaphore,
    devices: Count,
    large: Semaphore,
    large_of: Count,
}

/// How many of something each device has in hand.
type Count = Arc<Mutex<HashMap<DeviceId, usize>>>;

/// A turn; it ends when this is dropped.
pub struct Turn<'a> {
    _permit: SemaphorePermit<'a>,
    _device: Option<DeviceTurn>,
}

struct DeviceTurn {
    device: DeviceId,
    devices: Count,
}

impl Turns {
    /// As many as the limits say.
    pub fn new(limits: &Limits) -> Self {
        Self {
            all: Semaphore::new(limits.requests),
            devices: Arc::default(),
            large: Semaphore::new(LARGE_BODIES),
            large_of: Arc::default(),
        }
    }

    /// Waits for a turn, for as long as the limits have patience.
    ///
    /// # Errors
    /// [`Failure::Busy`] when there is none.
    pub async fn take(&self, device: Option<DeviceId>, limits: &Limits) -> Result<Turn<'_>, Failure> {
        // The device's own limit comes first, or one device could fill the queue for all.
        let device = device.map(|device| of_device(&self.devices, device, PER_DEVICE)).transpose()?;
        waited(&self.all, device, limits).await
    }

    /// Waits until there is room for a body that may have this many bytes; small ones always find it.
    ///
    /// # Errors
    /// [`Failure::Busy`] when there is none.
    pub async fn room(&self, device: DeviceId, bytes: u64, limits: &Limits) -> Result<Option<Turn<'_>>, Failure> {
        if bytes < LARGE {
            return Ok(None);
        }
        let device = of_device(&self.large_of, device, 1)?;
        waited(&self.large, Some(device), limits).await.map(Some)
    }
}

async fn waited<'a>(turns: &'a Semaphore, device: Option<DeviceTurn>, limits: &Limits) -> Result<Turn<'a>, Failure> {
    match timeout(limits.patience, turns.acquire()).await {
        Ok(Ok(permit)) => Ok(Turn { _permit: permit, _device: device }),
        _ => Err(Failure::Busy),
    }
}

fn of_device(devices: &Count, device: DeviceId, most: usize) -> Result<DeviceTurn, Failure> {
    let mut count = devices.lock().unwrap_or_else(PoisonError::into_inner);
    let in_hand = count.entry(device).or_insert(0);
    if *in_hand >= most {
        return Err(Failure::Busy);
    }
    *in_hand += 1;
    Ok(DeviceTurn { device, devices: devices.clone() })
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

    #[tokio::test]
    async fn large_bodies_come_few_at_a_time_and_one_of_each_device() {
        let limits = Limits { patience: std::time::Duration::from_millis(10), ..Limits::default() };
        let turns = Turns::new(&limits);
        let device = |name: u8| DeviceId::from_bytes([name; 16]);
        let first = turns.room(device(1), 1 << 20, &limits).await.unwrap();
        assert!(first.is_some());
        assert!(matches!(turns.room(device(1), 1 << 20, &limits).await, Err(Failure::Busy)));
        assert!(turns.room(device(1), 1_000, &limits).await.unwrap().is_none());
        let mut held = vec![first];
        for name in 2..=4 {
            held.push(turns.room(device(name), u64::MAX, &limits).await.unwrap());
        }
        assert!(matches!(turns.room(device(5), 1 << 20, &limits).await, Err(Failure::Busy)));
        held.pop();
        assert!(turns.room(device(5), 1 << 20, &limits).await.is_ok());
    }
}
