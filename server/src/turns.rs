//! Whose turn it is: how many requests are in hand, in all and of one device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use veldboek_core::ids::DeviceId;

use crate::config::Limits;
use crate::error::Failure;
use crate::origin::{Origin, Whose};

/// What one device may have in hand at a time: a sync, a second program on the same store, and one that is being given up.
const PER_DEVICE: usize = 4;
/// Of all turns, one in so many is the most that those have in hand who sign nothing: they may be slow, and they are many.
const OF_STRANGERS: usize = 4;
/// Bodies from this size on are large: what is in memory at one time must not depend on how many devices send much.
const LARGE: u64 = 512 * 1024;
/// How many large bodies are in hand at a time.
const LARGE_BODIES: usize = 4;

/// The turns of all requests.
pub struct Turns {
    all: Semaphore,
    strangers: Semaphore,
    each: Count,
    large: Semaphore,
    large_of: Count,
}

/// How many of something each has in hand.
type Count = Arc<Mutex<HashMap<Whose, usize>>>;

/// A turn; it ends when this is dropped.
pub struct Turn<'a> {
    _permit: SemaphorePermit<'a>,
    _stranger: Option<SemaphorePermit<'a>>,
    _own: Option<OwnTurn>,
}

struct OwnTurn {
    whose: Whose,
    count: Count,
}

impl Turns {
    /// As many as the limits say.
    pub fn new(limits: &Limits) -> Self {
        Self {
            all: Semaphore::new(limits.requests),
            strangers: Semaphore::new((limits.requests / OF_STRANGERS).max(1)),
            each: Arc::default(),
            large: Semaphore::new(LARGE_BODIES),
            large_of: Arc::default(),
        }
    }

    /// Waits for a turn, for as long as the limits have patience.
    ///
    /// # Errors
    /// [`Failure::Busy`] when there is none.
    pub async fn take(&self, device: DeviceId, limits: &Limits) -> Result<Turn<'_>, Failure> {
        // The device's own limit comes first, or one device could fill the queue for all.
        let own = of(&self.each, Whose::Device(device), PER_DEVICE)?;
        waited(&self.all, Some(own), limits).await
    }

    /// Waits for a turn of somebody who signs nothing. Most turns are kept for devices.
    ///
    /// # Errors
    /// [`Failure::Busy`] when there is none.
    pub async fn take_unsigned(&self, origin: Origin, limits: &Limits) -> Result<Turn<'_>, Failure> {
        let own = match origin {
            Origin::Network(_) => Some(of(&self.each, Whose::Stranger(origin), PER_DEVICE)?),
            Origin::Unknown => None,
        };
        let stranger = waited(&self.strangers, own, limits).await?;
        let turn = waited(&self.all, stranger._own, limits).await?;
        Ok(Turn { _stranger: Some(stranger._permit), ..turn })
    }

    /// Waits until there is room for a body that may have this many bytes; small ones always find it.
    ///
    /// # Errors
    /// [`Failure::Busy`] when there is none.
    pub async fn room(&self, device: DeviceId, bytes: u64, limits: &Limits) -> Result<Option<Turn<'_>>, Failure> {
        if bytes < LARGE {
            return Ok(None);
        }
        let own = of(&self.large_of, Whose::Device(device), 1)?;
        waited(&self.large, Some(own), limits).await.map(Some)
    }
}

async fn waited<'a>(turns: &'a Semaphore, own: Option<OwnTurn>, limits: &Limits) -> Result<Turn<'a>, Failure> {
    match timeout(limits.patience, turns.acquire()).await {
        Ok(Ok(permit)) => Ok(Turn { _permit: permit, _stranger: None, _own: own }),
        _ => Err(Failure::Busy),
    }
}

fn of(each: &Count, whose: Whose, most: usize) -> Result<OwnTurn, Failure> {
    let mut count = each.lock().unwrap_or_else(PoisonError::into_inner);
    let in_hand = count.entry(whose).or_insert(0);
    if *in_hand >= most {
        return Err(Failure::Busy);
    }
    *in_hand += 1;
    Ok(OwnTurn { whose, count: each.clone() })
}

impl Drop for OwnTurn {
    fn drop(&mut self) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(in_hand) = count.get_mut(&self.whose) {
            *in_hand -= 1;
            if *in_hand == 0 {
                count.remove(&self.whose);
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
            held.push(turns.take(greedy, &limits).await.unwrap());
        }
        assert!(matches!(turns.take(greedy, &limits).await, Err(Failure::Busy)));
        assert!(turns.take(other, &limits).await.is_ok());
        held.pop();
        assert!(turns.take(greedy, &limits).await.is_ok());
    }

    #[tokio::test]
    async fn those_who_sign_nothing_never_have_all_turns() {
        let limits = Limits { requests: 16, patience: std::time::Duration::from_millis(10), ..Limits::default() };
        let turns = Turns::new(&limits);
        let from = |address: u8| Origin::from(std::net::IpAddr::from([192, 0, 2, address]));
        let mut held = Vec::new();
        for _ in 0..PER_DEVICE {
            held.push(turns.take_unsigned(from(1), &limits).await.unwrap());
        }
        assert!(matches!(turns.take_unsigned(from(1), &limits).await, Err(Failure::Busy)), "not from one address");
        assert!(matches!(turns.take_unsigned(from(2), &limits).await, Err(Failure::Busy)), "nor from several");
        assert!(turns.take(DeviceId::from_bytes([1; 16]), &limits).await.is_ok(), "a device has its turn");
        held.pop();
        assert!(turns.take_unsigned(from(2), &limits).await.is_ok());
        held.clear();
        assert_eq!((turns.all.available_permits(), turns.strangers.available_permits()), (16, 4));
        assert!(turns.each.lock().unwrap().is_empty());
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
