//! The server's clock: the only place in this crate that asks the system what time it is.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use veldboek_core::clock::{Day, LocalTime, Moment, Timestamp};

/// Summer time in the Netherlands since 1996, for machines without a time zone database.
const AMSTERDAM: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// A clock that is handed in, so that a test can let an hour pass.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Self {
        Self(Arc::new(now))
    }

    /// A clock that says what this says.
    pub fn new(says: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(says))
    }

    /// What it says.
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now().at)
    }
}

/// Now, with the wall clock of the region. Dated grants begin and end at midnight in Amsterdam, whatever zone the virtual
/// machine is set to.
pub fn now() -> Moment {
    at(jiff::Timestamp::now())
}

/// The moment at which a day begins in the region.
pub fn begin_of(day: Day) -> Timestamp {
    let begin = zone().to_timestamp(day.date().to_datetime(jiff::civil::Time::midnight()));
    // Before the year -9999 or after 9999: nothing happened there.
    begin.map_or(Timestamp::from_millis(i64::MAX), |begin| Timestamp::from_millis(begin.as_millisecond()))
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/Amsterdam").or_else(|_| TimeZone::posix(AMSTERDAM)).unwrap_or(TimeZone::UTC)
}

fn at(instant: jiff::Timestamp) -> Moment {
    let zone = zone();
    Moment { at: Timestamp::from_millis(instant.as_millisecond()), local: LocalTime::new(instant.to_zoned(zone).datetime()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_that_ends_today_ends_at_midnight_in_amsterdam() {
        let moment = at("2025-06-30T22:30:00Z".parse().unwrap());
        assert_eq!(moment.today().to_string(), "2025-07-01");
        let moment = at("2025-12-31T22:30:00Z".parse().unwrap());
        assert_eq!(moment.local.to_string(), "2025-12-31T23:30");
    }

    #[test]
    fn a_day_begins_at_midnight_in_amsterdam() {
        assert_eq!(begin_of("2025-07-01".parse().unwrap()).to_string(), "2025-06-30T22:00:00Z");
        assert_eq!(begin_of("2025-12-31".parse().unwrap()).to_string(), "2025-12-30T23:00:00Z");
    }

    #[test]
    fn a_machine_without_zones_has_the_same_summer_time() {
        let zone = TimeZone::posix(AMSTERDAM).unwrap();
        for (instant, local) in
            [("2025-03-30T00:59:00Z", "01:59"), ("2025-03-30T01:00:00Z", "03:00"), ("2025-10-26T01:00:00Z", "02:00")]
        {
            let instant: jiff::Timestamp = instant.parse().unwrap();
            assert_eq!(instant.to_zoned(zone.clone()).strftime("%H:%M").to_string(), local);
        }
    }
}
