//! The only place that asks the system for the time.

use jiff::tz::TimeZone;
use veldboek_core::clock::{LocalTime, Moment, Timestamp};

/// Now, as the instant and as the clock on the wall in the Netherlands.
#[expect(clippy::disallowed_methods, reason = "the one place where the program asks for the time")]
pub(crate) fn now() -> Moment {
    let now = std::time::SystemTime::now();
    let instant = jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Moment { at: Timestamp::from_millis(instant.as_millisecond()), local: on_the_wall(instant) }
}

/// An instant on the clock on the wall in the Netherlands.
pub(crate) fn local(at: Timestamp) -> Option<LocalTime> {
    jiff::Timestamp::from_millisecond(at.as_millis()).ok().map(on_the_wall)
}

/// The instant at which the clock on the wall in the Netherlands says this.
pub(crate) fn instant(local: LocalTime) -> Option<Timestamp> {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap_or(TimeZone::UTC);
    let zoned = local.datetime().to_zoned(zone).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

fn on_the_wall(instant: jiff::Timestamp) -> LocalTime {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap_or(TimeZone::UTC);
    LocalTime::new(instant.to_zoned(zone).datetime())
}

/// Milliseconds since an arbitrary beginning, for measuring how long something took.
#[expect(clippy::disallowed_methods, reason = "a stopwatch, not a date")]
pub(crate) fn stopwatch() -> impl Fn() -> f64 {
    let begun = std::time::Instant::now();
    move || begun.elapsed().as_secs_f64()
}
