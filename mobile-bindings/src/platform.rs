//! What the core is handed: the time and randomness. Nothing else in this crate asks the phone for either.

use getrandom::SysRng;
use jiff::tz::TimeZone;
use rand_core::UnwrapErr;
use veldboek_core::clock::{LocalTime, Moment, Timestamp};

/// Where the coaches work.
const ZONE: &str = "Europe/Amsterdam";
/// The same zone by its rule, for a system that ships no time zones.
const RULE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// Now, as the instant and as the clock on the wall in the Netherlands.
#[expect(clippy::disallowed_methods, reason = "the one place where the bindings ask for the time")]
pub(crate) fn now() -> Moment {
    moment(jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
}

fn moment(instant: jiff::Timestamp) -> Moment {
    let zone = TimeZone::get(ZONE).or_else(|_| TimeZone::posix(RULE)).unwrap_or(TimeZone::UTC);
    Moment { at: Timestamp::from_millis(instant.as_millisecond()), local: LocalTime::new(instant.to_zoned(zone).datetime()) }
}

/// The system's randomness. Where a system has none a key would be guessable, so it panics instead; the caller's call
/// fails then, and nothing is saved.
pub(crate) fn randomness() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_dutch_in_summer_and_in_winter() {
        for (instant, wall) in [("2025-01-31T23:30:00Z", "2025-02-01T00:30"), ("2025-07-31T22:30:00Z", "2025-08-01T00:30")] {
            assert_eq!(moment(instant.parse().unwrap()).local.to_string(), wall);
        }
    }

    #[test]
    fn the_rule_stands_in_for_a_missing_zone() {
        let rule = TimeZone::posix(RULE).unwrap();
        for (instant, wall) in [("2025-01-31T23:30:00Z", "2025-02-01T00:30:00"), ("2025-07-31T22:30:00Z", "2025-08-01T00:30:00")]
        {
            let instant: jiff::Timestamp = instant.parse().unwrap();
            assert_eq!(instant.to_zoned(rule.clone()).datetime().to_string(), wall);
        }
    }
}
