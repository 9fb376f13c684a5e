//! Instants of the server's own metadata, and date-times of payloads.

mod civil;
mod format;
mod parse;
mod payload;

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use civil::MICROS_PER_SECOND;
use format::Text;
pub use payload::DateTime;

/// Text that is not a date-time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date-time such as 2024-01-02T03:04:05Z")]
pub struct ParseError;

/// An instant of metadata: microseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use specstar_runtime::datetime::Timestamp;
///
/// let time = Timestamp::parse("2024-05-01T02:00:00.25+02:00").unwrap();
/// assert_eq!(time.to_string(), "2024-05-01T00:00:00.250000Z");
/// assert_eq!(Timestamp::from_utc(2024, 5, 1, 0, 0, 0, 250_000), Some(time));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// What can be written as RFC 3339: the years 1 to 9999.
    pub(crate) const WRITABLE: std::ops::RangeInclusive<i64> =
        -62_135_596_800_000_000..=253_402_300_799_999_999;

    /// The present. A clock before 1970 or beyond the range of microseconds is read as its nearest end.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The instant of a calendar time in UTC; `None` when a part is out of its range. Years are 1 to 9999.
    pub fn from_utc(
        year: i32,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        micros: u32,
    ) -> Option<Self> {
        let days = civil::days(year, month, day)?;
        if micros > 999_999 {
            return None;
        }
        civil::join(days, [hour, minute, second], micros).map(Self)
    }

    /// Reads a time of a query or a header: as [`parse_iso_micros`], with fractions of any length.
    pub fn parse(text: &str) -> Option<Self> {
        parse::parse(text.as_bytes(), parse::QUERY).map(|parsed| Self(parsed.instant()))
    }

    /// Appends RFC 3339 text in UTC: six fractional digits, or none when they are zero.
    pub fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(Text::utc(self.0).as_bytes());
    }
}

/// RFC 3339 in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Text::utc(self.0).as_str())
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text).ok_or(ParseError)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl From<time::OffsetDateTime> for Timestamp {
    /// Rounds down to microseconds.
    fn from(time: time::OffsetDateTime) -> Self {
        let micros = i64::from(time.microsecond());
        Self(time.unix_timestamp() * MICROS_PER_SECOND + micros)
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Text::utc(self.0).as_str())
    }
}

/// Reads an ISO 8601 text as microseconds since 1970 in UTC: `YYYY-MM-DD`, or with `T` or a blank and
/// `HH:MM[:SS[.f]]` (up to six fractional digits), and with an optional `Z` or `±HH[:MM]`.
///
/// A missing time is midnight, a missing offset is UTC. Years are 1 to 9999.
///
/// ```
/// use specstar_runtime::datetime::parse_iso_micros;
///
/// assert_eq!(parse_iso_micros("1970-01-02"), Some(86_400_000_000));
/// assert_eq!(parse_iso_micros("1970-01-01 01:00:00.5+01"), Some(500_000));
/// assert_eq!(parse_iso_micros("12:00"), None);
/// ```
pub fn parse_iso_micros(text: &str) -> Option<i64> {
    parse::parse(text.as_bytes(), parse::ISO).map(parse::Parsed::instant)
}

#[cfg(test)]
mod tests;
