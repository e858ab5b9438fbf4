//! Bodies that nobody signed, while they come in. They take none of the common turns before they are there as a whole: a stranger
//! who opens connections and then says nothing, or a byte now and then, keeps nobody waiting who is known.
//!
//! Among themselves the oldest goes first, of whoever has most. An honest one is there within a moment; when all places are taken,
//! one is given up for the next, so that those who only hold places do not keep a new coach from enrolling either.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::body;
use crate::config::Limits;
use crate::error::Failure;
use crate::origin::Origin;

/// The places of bodies that are coming in without a signature.
#[derive(Default)]
pub struct Unsigned(Mutex<Coming>);

#[derive(Default)]
struct Coming {
    entered: u64,
    places: VecDeque<Held>,
}

/// A place that is taken; whoever waits for its body hears by its end that it is given up.
struct Held {
    number: u64,
    origin: Origin,
    _until: oneshot::Sender<()>,
}

/// A place; it is free again when this is dropped.
struct Place<'a> {
    unsigned: &'a Unsigned,
    number: u64,
}

impl Unsigned {
    /// The whole body, at most `most` bytes.
    ///
    /// # Errors
    /// Too large, too slow, or the sender went away; busy when its place was needed.
    pub async fn read(&self, origin: Origin, body: Body, most: usize, limits: &Limits) -> Result<Vec<u8>, Failure> {
        let (_place, given_up) = self.enter(origin, limits.unsigned_requests);
        tokio::select! {
            // What is there is taken, also when the place is needed at the same moment.
            biased;
            read = timeout(limits.unsigned, body::read(body, most, limits)) => read.unwrap_or(Err(Failure::TooSlow)),
            _ = given_up => Err(Failure::Busy),
        }
    }

    fn enter(&self, origin: Origin, places: usize) -> (Place<'_>, oneshot::Receiver<()>) {
        let (until, given_up) = oneshot::channel();
        let mut coming = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        coming.entered += 1;
        let number = coming.entered;
        coming.places.push_back(Held { number, origin, _until: until });
        while coming.places.len() > places {
            coming.give_one_up();
        }
        (Place { unsigned: self, number }, given_up)
    }
}

impl Coming {
    fn give_one_up(&mut self) {
        let mut of: HashMap<Origin, usize> = HashMap::new();
        self.places.iter().for_each(|held| *of.entry(held.origin).or_default() += 1);
        let most = of.values().max().copied().unwrap_or_default();
        let oldest = self.places.iter().position(|held| of.get(&held.origin) == Some(&most));
        self.places.remove(oldest.unwrap_or_default());
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut coming = self.unsigned.0.lock().unwrap_or_else(PoisonError::into_inner);
        coming.places.retain(|held| held.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> Origin {
        std::net::IpAddr::from([192, 0, 2, last]).into()
    }

    fn is_given_up(waits: &mut oneshot::Receiver<()>) -> bool {
        waits.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    #[test]
    fn the_oldest_gives_its_place_to_the_newest() {
        let unsigned = Unsigned::default();
        let (first, mut of_first) = unsigned.enter(Origin::Unknown, 2);
        let (_second, mut of_second) = unsigned.enter(Origin::Unknown, 2);
        assert!(!is_given_up(&mut of_first));
        let (third, _of_third) = unsigned.enter(Origin::Unknown, 2);
        assert!(is_given_up(&mut of_first));
        drop((first, third));
        let (_fourth, _of_fourth) = unsigned.enter(Origin::Unknown, 2);
        assert!(!is_given_up(&mut of_second), "there was a free one");
    }

    #[test]
    fn whoever_opens_many_gives_way_before_whoever_opened_one() {
        let unsigned = Unsigned::default();
        let (_honest, mut of_honest) = unsigned.enter(from(1), 3);
        let mut flood: Vec<_> = (0..20).map(|_| unsigned.enter(from(2), 3)).collect();
        assert!(!is_given_up(&mut of_honest));
        assert_eq!(flood.iter_mut().map(|(_, waits)| is_given_up(waits)).filter(|gone| !gone).count(), 2);
    }
}
