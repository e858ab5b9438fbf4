//! How often somebody may ask, and who is not listened to for a while.
//!
//! A device is told apart by its signature, so its account can only be run up by itself. Whoever has no good signature has an
//! account by where the request comes from ([`Origin`]), so that one who floods us delays none of the others; and because a
//! stranger has as many addresses as he likes, and behind a proxy that was not named all look alike, all strangers together
//! have one too. So that they can shut out nobody with either, what is right passes always: a code that fits enrols, however
//! many wrong ones came before. Only what is wrong is answered "later" instead of "why", which also tells a guesser nothing
//! any more.
//!
//! The accounts live in memory, so many at most; a lock-out is written in the journal, so that restarting the server lifts none.
//! Where a stranger came from is written nowhere: after a restart the lock-out of one holds for all of them.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use veldboek_core::clock::Timestamp;
use veldboek_core::ids::DeviceId;

use crate::config::Limits;
use crate::error::Failure;
use crate::origin::{Origin, Whose};

/// One request, in the unit in which accounts are kept: a thousand, so that small rates run off in whole numbers.
const ONE: i64 = 1000;
/// Accounts beyond this many are looked through for those that ran off. Only enrolled devices have one; of strangers there
/// never are more.
const MANY: usize = 4096;
/// So often at most, in milliseconds: somebody with many addresses must not make it work.
const SWEEP: i64 = 1000;
/// How many origins' worth of wrong requests all strangers together may make.
const MANY_ORIGINS: i64 = 10;
const MINUTE: i64 = 60_000;
/// The time in which wrong requests are counted.
const WRONG_WITHIN: i64 = 10 * MINUTE;

/// The accounts of all who ask.
pub struct Pace {
    book: Mutex<Book>,
    requests: Rate,
    anonymous: Rate,
    origin: Rate,
    wrong: Rate,
    wrong_together: Rate,
    lockout: i64,
}

#[derive(Default)]
struct Book {
    devices: HashMap<DeviceId, Account>,
    origins: HashMap<Ipv6Addr, Account>,
    swept: Timestamp,
    /// Of all strangers together, and of those of whom it is not known where they are.
    strangers: Account,
    /// Wrong requests from known origins.
    together: Level,
    /// Until when strangers stay locked out after a restart.
    written_until: Option<Timestamp>,
}

#[derive(Default)]
struct Account {
    requests: Level,
    /// With a nonce that was used or never was: maybe the device, maybe somebody who repeats what it once sent.
    stale: Level,
    wrong: Level,
    locked_until: Option<Timestamp>,
}

/// So many at once, running off within this many milliseconds.
#[derive(Clone, Copy)]
struct Rate {
    most: i64,
    within: i64,
}

/// How much of a rate is used up.
#[derive(Default, Clone, Copy)]
struct Level {
    used: i64,
    at: Timestamp,
}

impl Level {
    /// What is left of it now.
    fn run_off(&mut self, rate: Rate, now: Timestamp) {
        let passed = (now.as_millis() - self.at.as_millis()).clamp(0, rate.within);
        self.used = (self.used - passed * rate.most * ONE / rate.within).max(0);
        self.at = now;
    }

    /// One more; the milliseconds to wait when that is one too many, which then does not count.
    fn add(&mut self, rate: Rate, now: Timestamp) -> Result<(), i64> {
        self.run_off(rate, now);
        let over = self.used + ONE - rate.most * ONE;
        if over > 0 {
            return Err(over * rate.within / (rate.most * ONE));
        }
        self.used += ONE;
        Ok(())
    }
}

impl Account {
    fn locked(&self, now: Timestamp) -> Option<i64> {
        self.locked_until.filter(|until| now < *until).map(|until| until.as_millis() - now.as_millis())
    }

    fn is_idle(&mut self, pace: (Rate, Rate), now: Timestamp) -> bool {
        self.requests.run_off(pace.0, now);
        self.stale.run_off(pace.0, now);
        self.wrong.run_off(pace.1, now);
        self.requests.used == 0 && self.stale.used == 0 && self.wrong.used == 0 && self.locked(now).is_none()
    }
}

impl Book {
    /// The account of an origin; none where it is not known, or when there are too many.
    fn origin(&mut self, origin: Origin, pace: &Pace, now: Timestamp) -> Option<&mut Account> {
        let Origin::Network(network) = origin else { return None };
        if self.origins.len() >= MANY && !self.origins.contains_key(&network) {
            let passed = now.as_millis().saturating_sub(self.swept.as_millis());
            if (0..SWEEP).contains(&passed) {
                return None;
            }
            self.swept = now;
            self.origins.retain(|_, account| !account.is_idle((pace.origin, pace.wrong), now));
            if self.origins.len() >= MANY {
                return None;
            }
        }
        Some(self.origins.entry(network).or_default())
    }
}

impl Pace {
    /// Nobody asked yet, but for those who are still locked out.
    pub fn new(limits: &Limits, locked_out: Vec<(Option<DeviceId>, Timestamp)>) -> Self {
        let rate =
            |most: usize, within| Rate { most: i64::try_from(most).unwrap_or(i64::MAX >> 24).clamp(1, i64::MAX >> 24), within };
        let mut book = Book::default();
        for (who, until) in locked_out {
            let account = match who {
                Some(device) => book.devices.entry(device).or_default(),
                None => {
                    book.written_until = Some(until);
                    &mut book.strangers
                }
            };
            account.locked_until = Some(until);
        }
        let wrong = rate(limits.wrong_requests, WRONG_WITHIN);
        Self {
            book: Mutex::new(book),
            requests: rate(limits.device_requests_per_minute, MINUTE),
            anonymous: rate(limits.anonymous_requests_per_minute, MINUTE),
            origin: rate(limits.address_requests_per_minute, MINUTE),
            wrong,
            wrong_together: Rate { most: wrong.most.saturating_mul(MANY_ORIGINS).min(i64::MAX >> 24), ..wrong },
            lockout: i64::try_from(limits.lockout.as_millis()).unwrap_or(i64::MAX >> 24),
        }
    }

    /// A device asks, and has signed that it does.
    ///
    /// # Errors
    /// [`Failure::TooMany`], [`Failure::LockedOut`].
    pub fn ask(&self, device: DeviceId, now: Timestamp) -> Result<(), Failure> {
        let mut book = self.lock();
        if book.devices.len() >= MANY {
            book.devices.retain(|_, account| !account.is_idle((self.requests, self.wrong), now));
        }
        let account = book.devices.entry(device).or_default();
        if let Some(wait) = account.locked(now) {
            return Err(Failure::LockedOut { seconds: seconds(wait) });
        }
        account.requests.add(self.requests, now).map_err(|wait| Failure::TooMany { seconds: seconds(wait) })
    }

    /// What a device once signed comes again. It has an account of its own: nobody who repeats it runs up the device's.
    ///
    /// # Errors
    /// [`Failure::TooMany`].
    pub fn ask_again(&self, device: DeviceId, now: Timestamp) -> Result<(), Failure> {
        let mut book = self.lock();
        let account = book.devices.entry(device).or_default();
        account.stale.add(self.requests, now).map_err(|wait| Failure::TooMany { seconds: seconds(wait) })
    }

    /// Somebody asks who signs nothing.
    ///
    /// # Errors
    /// [`Failure::TooMany`].
    pub fn ask_anonymously(&self, origin: Origin, now: Timestamp) -> Result<(), Failure> {
        let mut book = self.lock();
        let too_many = |wait| Failure::TooMany { seconds: seconds(wait) };
        // One's own first: what is over it is nobody else's loss.
        if let Some(account) = book.origin(origin, self, now) {
            account.requests.add(self.origin, now).map_err(too_many)?;
        }
        book.strangers.requests.add(self.anonymous, now).map_err(too_many)
    }

    /// What somebody asked was wrong: until when that one is locked out, if this was one too many and is to be written down.
    pub fn wrong(&self, who: Whose, now: Timestamp) -> Option<Timestamp> {
        let mut book = self.lock();
        match who {
            Whose::Device(device) => self.wrong_in(book.devices.entry(device).or_default(), now),
            Whose::Stranger(origin) => {
                let Some(account) = book.origin(origin, self, now) else {
                    let until = self.wrong_in(&mut book.strangers, now)?;
                    book.written_until = book.written_until.max(Some(until));
                    return Some(until);
                };
                if account.locked(now).is_some() {
                    return None;
                }
                let one = self.wrong_in(account, now);
                let all = book.together.add(self.wrong_together, now).is_err();
                if all {
                    book.together = Level { used: 0, at: now };
                    book.strangers.locked_until = Some(now.plus_millis(self.lockout));
                }
                if one.is_none() && !all {
                    return None;
                }
                // A little longer than it lasts: it stands for those that follow soon, or somebody with many addresses could
                // fill the journal.
                let until = now.plus_millis(self.lockout);
                if book.written_until.is_some_and(|written| until <= written) {
                    return None;
                }
                book.written_until = Some(until.plus_millis(self.lockout / 10));
                book.written_until
            }
        }
    }

    fn wrong_in(&self, account: &mut Account, now: Timestamp) -> Option<Timestamp> {
        if account.locked(now).is_some() || account.wrong.add(self.wrong, now).is_ok() {
            return None;
        }
        let until = now.plus_millis(self.lockout);
        account.locked_until = Some(until);
        account.wrong = Level { used: 0, at: now };
        Some(until)
    }

    /// What a stranger hears whose request is wrong: the reason, or while that one, or all of them, are locked out only to come
    /// back later.
    pub fn to_stranger(&self, origin: Origin, why: Failure, now: Timestamp) -> Failure {
        let mut book = self.lock();
        let own = book.origin(origin, self, now).and_then(|account| account.locked(now));
        match own.max(book.strangers.locked(now)) {
            Some(wait) => Failure::TooMany { seconds: seconds(wait) },
            None => why,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // A panic while the lock was held leaves at worst one request uncounted.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole seconds, and at least one: a client that waits so long is not too early.
fn seconds(millis: i64) -> u32 {
    u32::try_from(millis.div_euclid(1000) + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> Limits {
        Limits {
            device_requests_per_minute: 3,
            anonymous_requests_per_minute: 2,
            wrong_requests: 2,
            lockout: Duration::from_secs(900),
            ..Limits::default()
        }
    }

    fn device(name: u8) -> DeviceId {
        DeviceId::from_bytes([name; 16])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_740_988_800_000 + seconds * 1000)
    }

    #[test]
    fn a_device_that_asks_too_often_waits_and_nobody_else_does() {
        let pace = Pace::new(&limits(), Vec::new());
        for _ in 0..3 {
            assert_eq!(pace.ask(device(1), at(0)), Ok(()));
        }
        let Err(Failure::TooMany { seconds }) = pace.ask(device(1), at(0)) else { panic!("a fourth request was let in") };
        assert_eq!(pace.ask(device(2), at(0)), Ok(()));
        // Whoever waits as long as was said is let in, and not for longer than the rate allows.
        assert_eq!(pace.ask(device(1), at(seconds.into())), Ok(()));
        assert!(pace.ask(device(1), at(seconds.into())).is_err());
        for _ in 0..3 {
            assert_eq!(pace.ask(device(1), at(300)), Ok(()));
        }
    }

    #[test]
    fn wrong_requests_lock_out_whoever_makes_them_for_a_while() {
        let pace = Pace::new(&limits(), Vec::new());
        assert_eq!(pace.wrong(Whose::Device(device(1)), at(0)), None);
        assert_eq!(pace.wrong(Whose::Device(device(1)), at(1)), None);
        assert_eq!(pace.ask(device(1), at(2)), Ok(()));
        let until = pace.wrong(Whose::Device(device(1)), at(2)).expect("a third is one too many");
        assert_eq!(until, at(902));
        assert_eq!(pace.ask(device(1), at(901)), Err(Failure::LockedOut { seconds: 2 }));
        assert_eq!(pace.ask(device(2), at(901)), Ok(()));
        assert_eq!(pace.wrong(Whose::Device(device(1)), at(901)), None, "and it is written down once");
        assert_eq!(pace.ask(device(1), at(902)), Ok(()));
    }

    #[test]
    fn a_few_mistakes_a_day_lock_out_nobody() {
        let pace = Pace::new(&limits(), Vec::new());
        for hour in 0..24 {
            assert_eq!(pace.wrong(Whose::Device(device(1)), at(hour * 3600)), None);
            assert_eq!(pace.wrong(Whose::Device(device(1)), at(hour * 3600 + 1)), None);
        }
    }

    #[test]
    fn strangers_hear_less_when_too_much_was_wrong_and_a_restart_changes_nothing() {
        let pace = Pace::new(&limits(), Vec::new());
        let why = || Failure::WrongCode;
        assert_eq!(pace.to_stranger(Origin::Unknown, why(), at(0)), why());
        for second in 0..2 {
            assert_eq!(pace.wrong(Whose::Stranger(Origin::Unknown), at(second)), None);
        }
        let until = pace.wrong(Whose::Stranger(Origin::Unknown), at(2)).expect("one too many");
        assert_eq!(pace.to_stranger(Origin::Unknown, why(), at(3)), Failure::TooMany { seconds: 900 });
        assert_eq!(pace.ask(device(1), at(3)), Ok(()), "devices are no strangers");
        let restarted = Pace::new(&limits(), vec![(None, until), (Some(device(2)), until)]);
        assert!(matches!(restarted.to_stranger(Origin::Unknown, why(), at(4)), Failure::TooMany { .. }));
        assert!(matches!(restarted.ask(device(2), at(4)), Err(Failure::LockedOut { .. })));
        assert_eq!(restarted.to_stranger(Origin::Unknown, why(), until), why());
    }

    #[test]
    fn a_clock_that_is_set_back_gives_and_takes_nothing() {
        let pace = Pace::new(&limits(), Vec::new());
        for _ in 0..3 {
            assert_eq!(pace.ask(device(1), at(1000)), Ok(()));
        }
        assert!(pace.ask(device(1), at(0)).is_err());
        assert!(pace.ask(device(1), at(1)).is_err());
        assert_eq!(pace.ask(device(1), at(60)), Ok(()));
    }

    fn from(address: u8) -> Origin {
        Origin::from(std::net::IpAddr::from([192, 0, 2, address]))
    }

    #[test]
    fn a_stranger_who_floods_the_server_delays_only_those_at_the_same_address() {
        let limits = Limits { address_requests_per_minute: 2, anonymous_requests_per_minute: 100, ..limits() };
        let pace = Pace::new(&limits, Vec::new());
        let let_in = (0..1000).filter(|_| pace.ask_anonymously(from(1), at(0)).is_ok()).count();
        assert_eq!(let_in, 2);
        assert_eq!(pace.ask_anonymously(from(2), at(0)), Ok(()));
        // Somebody with many addresses has no more than all together have, and not without end.
        let let_in = (3..=255).filter(|address| pace.ask_anonymously(from(*address), at(0)).is_ok()).count();
        assert_eq!(let_in, 97);
    }

    #[test]
    fn whoever_guesses_hears_no_reasons_any_more_and_a_neighbour_does() {
        let limits = Limits { wrong_requests: 2, ..limits() };
        let pace = Pace::new(&limits, Vec::new());
        let why = || Failure::WrongCode;
        assert_eq!((0..3).filter_map(|_| pace.wrong(Whose::Stranger(from(1)), at(0))).count(), 1);
        assert!(matches!(pace.to_stranger(from(1), why(), at(1)), Failure::TooMany { .. }));
        assert_eq!(pace.to_stranger(from(2), why(), at(1)), why());
        assert_eq!(pace.to_stranger(Origin::Unknown, why(), at(1)), why());
        // While it is locked out it counts for nobody.
        assert_eq!((0..1000).filter_map(|_| pace.wrong(Whose::Stranger(from(1)), at(1))).count(), 0);
        assert_eq!(pace.to_stranger(from(2), why(), at(1)), why());
        assert_eq!(pace.to_stranger(from(1), why(), at(901)), why());
    }

    #[test]
    fn guessing_from_many_addresses_is_guessing_and_does_not_fill_the_journal() {
        let pace = Pace::new(&limits(), Vec::new());
        let mut written = Vec::new();
        for address in 0..=255 {
            for _ in 0..4 {
                written.extend(pace.wrong(Whose::Stranger(from(address)), at(i64::from(address))));
            }
        }
        // 256 lock-outs in 255 seconds, of 900 seconds each.
        assert!((1..=4).contains(&written.len()), "{}", written.len());
        let why = || Failure::WrongCode;
        assert!(matches!(pace.to_stranger(Origin::Unknown, why(), at(256)), Failure::TooMany { .. }));
        // A restart lifts none of them, although it is written nowhere whose they were.
        let last = *written.iter().max().unwrap();
        assert!(last >= at(255 + 900));
        let restarted = Pace::new(&limits(), vec![(None, last)]);
        assert!(matches!(restarted.to_stranger(from(255), why(), at(255 + 899)), Failure::TooMany { .. }));
    }

    #[test]
    fn strangers_with_ever_other_addresses_take_a_bounded_memory() {
        let pace = Pace::new(&Limits { anonymous_requests_per_minute: 1_000_000, ..limits() }, Vec::new());
        for number in 0..3 * MANY as u32 {
            let origin = Origin::from(std::net::IpAddr::from(number.to_be_bytes()));
            assert_eq!(pace.ask_anonymously(origin, at(0)), Ok(()));
        }
        assert_eq!(pace.lock().origins.len(), MANY);
        // Those that ran off make room.
        assert_eq!(pace.ask_anonymously(Origin::from(std::net::IpAddr::from([255, 1, 1, 1])), at(120)), Ok(()));
        assert_eq!(pace.lock().origins.len(), 1);
    }
}
