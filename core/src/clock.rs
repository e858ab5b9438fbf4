//! Time as the field book uses it. Nobody in the core asks a clock: callers hand in a [`Moment`].

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// The text is not a date (or time) that exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a date that exists; write it as 2025-03-31 or 31-3-2025")]
pub struct NotADay(pub String);

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] i64);

impl Timestamp {
    /// The instant this many milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whether a day can be told of it: it is in one of the years 1970 to 9999.
    pub fn has_a_day(self) -> bool {
        self.0 >= 0 && jiff::Timestamp::from_millisecond(self.0).is_ok()
    }

    /// The same instant, this many milliseconds later.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    /// ISO 8601 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{}", instant.strftime("%Y-%m-%dT%H:%M:%SZ")),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// What the caller's clock says at one moment: the instant, and the wall clock where the person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant, for ordering and expiry.
    pub at: Timestamp,
    /// The wall clock, for dates that people speak of.
    pub local: LocalTime,
}

impl Moment {
    /// Today, where the person stands.
    pub fn today(&self) -> Day {
        self.local.day()
    }

    /// The day of another instant on this wall clock, as it is set now: across a change of summer time it may be an hour off.
    pub fn day_of(&self, at: Timestamp) -> Day {
        let later = at.as_millis().saturating_sub(self.at.as_millis());
        let time = self.local.datetime().saturating_add(jiff::SignedDuration::from_millis(later));
        Day::from_date(time.date())
    }
}

/// A calendar day without a time zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day, if it exists.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        Date::new(year, month, day).ok().map(Self)
    }

    /// The underlying calendar date.
    pub const fn date(self) -> Date {
        self.0
    }

    /// The day of a calendar date.
    pub const fn from_date(date: Date) -> Self {
        Self(date)
    }

    /// The calendar year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// Whole days from `earlier` to `self`; negative when `self` comes first.
    pub fn days_since(self, earlier: Day) -> i64 {
        self.0.since(earlier.0).map_or(0, |span| i64::from(span.get_days()))
    }

    /// The day this many days later (or earlier, when negative); stays within the calendar.
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().try_days(days).unwrap_or_default()))
    }

    /// The same day of the month this many months later, clamped to the end of that month.
    pub fn plus_months(self, months: i64) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().try_months(months).unwrap_or_default()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = NotADay;

    /// `YYYY-MM-DD` or `d-m-yyyy`.
    fn from_str(text: &str) -> Result<Self, NotADay> {
        let wrong = || NotADay(text.to_owned());
        let parts: Vec<&str> = text.trim().split('-').collect();
        let [first, month, last] = parts.as_slice() else { return Err(wrong()) };
        let digits = |part: &str, most: usize| !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
        let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
        if year.len() != 4 || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(wrong());
        }
        let number = |part: &str| part.parse::<i16>().map_err(|_| wrong());
        let small = |part: &str| part.parse::<i8>().map_err(|_| wrong());
        Day::new(number(year)?, small(month)?, small(day)?).ok_or_else(wrong)
    }
}

/// Serde as the ISO text, so that read models and JSON show the same.
impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A wall-clock time to the minute, without a time zone: when a visit began, as the coach would say it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(DateTime);

impl LocalTime {
    /// The wall clock at a civil date and time; seconds are dropped.
    pub fn new(datetime: DateTime) -> Self {
        Self(datetime.with().second(0).subsec_nanosecond(0).build().unwrap_or(datetime))
    }

    /// The day.
    pub fn day(self) -> Day {
        Day(self.0.date())
    }

    /// The civil date and time.
    pub const fn datetime(self) -> DateTime {
        self.0
    }

    /// Whole minutes from `earlier` to `self`; negative when `self` comes first.
    pub fn minutes_since(self, earlier: LocalTime) -> i64 {
        self.0.duration_since(earlier.0).as_mins()
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M"))
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LocalTime {
    type Err = NotADay;

    /// A day (see [`Day`]) and a time, `14:05`, with a space or `T` between.
    fn from_str(text: &str) -> Result<Self, NotADay> {
        let wrong = || NotADay(text.to_owned());
        let (day, time) = text.trim().split_once(['T', ' ']).ok_or_else(wrong)?;
        let day: Day = day.parse().map_err(|_| wrong())?;
        let (hour, minute) = time.trim().split_once(':').ok_or_else(wrong)?;
        let time = jiff::civil::Time::new(hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?, 0, 0)
            .map_err(|_| wrong())?;
        Ok(Self(day.0.to_datetime(time)))
    }
}

impl Serialize for LocalTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A Dutch school year: 1 August to 31 July, written `2016-2017`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchoolYear(i16);

impl SchoolYear {
    /// The school year in which a day falls.
    pub fn of(day: Day) -> Self {
        Self(if day.0.month() >= 8 { day.year() } else { day.year() - 1 })
    }

    /// 1 August to 31 July.
    pub fn period(self) -> Period {
        let day = |year, month, day| Day(jiff::civil::date(year, month, day));
        Period { from: day(self.0, 8, 1), to: day(self.0 + 1, 7, 31) }
    }

    /// The school year before.
    pub fn previous(self) -> Self {
        Self(self.0 - 1)
    }
}

impl fmt::Display for SchoolYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.0 + 1)
    }
}

impl FromStr for SchoolYear {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let wrong = || NotADay(text.to_owned());
        let (first, second) = text.split_once(['-', '/']).ok_or_else(wrong)?;
        let first: i16 = first.parse().map_err(|_| wrong())?;
        let second: i16 = second.parse().map_err(|_| wrong())?;
        if !(1900..=2200).contains(&first) || second != first + 1 {
            return Err(wrong());
        }
        Ok(Self(first))
    }
}

/// From one day to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

impl Period {
    /// Whether the day lies in the period.
    pub fn contains(&self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_both_notations_and_must_exist() {
        let day: Day = "2017-03-31".parse().unwrap();
        assert_eq!(day, "31-3-2017".parse().unwrap());
        for wrong in ["2017-02-30", "31-2-2017", "31-3-17", "", "2017-3", "1-2-3-4", "a-b-2017"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_school_year_ends_on_31_july() {
        let year: SchoolYear = "2016-2017".parse().unwrap();
        assert_eq!(SchoolYear::of("2017-07-31".parse().unwrap()), year);
        assert_ne!(SchoolYear::of("2017-08-01".parse().unwrap()), year);
        assert!("2016-2018".parse::<SchoolYear>().is_err());
    }

    #[test]
    fn months_are_clamped_to_their_end() {
        let day: Day = "2025-01-31".parse().unwrap();
        assert_eq!(day.plus_months(1).to_string(), "2025-02-28");
        assert_eq!(day.plus_days(31).days_since(day), 31);
    }
}
