//! The date-time of a payload field: it comes back as it was sent.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

use super::civil::{self, MICROS_PER_SECOND};
use super::format::Text;
use super::parse::{PAYLOAD, Parsed, parse};
use super::{ParseError, Timestamp};

/// A date-time field of a resource: RFC 3339, kept with the offset it was sent with.
///
/// UTC is written with `Z`, another offset stays, and a value without an offset stays without one. A
/// fraction is written with six digits or, when it is zero, not at all; more digits are rounded on the way
/// in. `T` or a blank separates date and time; a bare date or a number is refused. Years are 1 to 9999.
///
/// Where an instant is needed (indexes, queries, sorting), a value without an offset is UTC. Two values
/// are equal when they are written alike; their order is by instant, then by offset. Compare
/// [`instant`](Self::instant)s to ask whether two values mean the same moment.
///
/// ```
/// use specstar_runtime::datetime::DateTime;
///
/// let sent: DateTime = "2024-01-02 03:04:05.1234567+02:00".parse()?;
/// assert_eq!(sent.to_string(), "2024-01-02T03:04:05.123457+02:00");
/// assert_eq!(sent.instant().to_string(), "2024-01-02T01:04:05.123457Z");
/// # Ok::<(), specstar_runtime::datetime::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime(Parsed);

/// How a wall clock relates to UTC. Zero minutes are always `Utc`, so that equal values compare equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Offset {
    None,
    Utc,
    Minutes(i16),
}

impl Offset {
    pub(super) fn from_minutes(minutes: i16) -> Self {
        if minutes == 0 { Self::Utc } else { Self::Minutes(minutes) }
    }

    pub(super) fn minutes(self) -> i16 {
        match self {
            Self::None | Self::Utc => 0,
            Self::Minutes(minutes) => minutes,
        }
    }
}

impl DateTime {
    /// The present in UTC.
    pub fn now() -> Self {
        Self(Parsed { local: Timestamp::now().0, offset: Offset::Utc })
    }

    /// Reads RFC 3339 text, with or without an offset.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text.as_bytes(), PAYLOAD).map(Self)
    }

    /// The moment it means; without an offset it is read as UTC.
    pub fn instant(self) -> Timestamp {
        Timestamp(self.0.instant())
    }

    /// The offset from UTC in minutes; `None` when it was sent without one.
    pub fn offset_minutes(self) -> Option<i16> {
        (self.0.offset != Offset::None).then(|| self.0.offset.minutes())
    }

    fn text(self) -> Text {
        Text::local(self.0.local, self.0.offset)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DateTime {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text).ok_or(ParseError)
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |time: &Self| (time.instant(), time.0.offset);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// In UTC. Refuses years outside 1 to 9999.
impl TryFrom<Timestamp> for DateTime {
    type Error = ParseError;

    fn try_from(time: Timestamp) -> Result<Self, ParseError> {
        checked(time.0, Offset::Utc)
    }
}

/// Keeps the offset and rounds to microseconds. Refuses years outside 1 to 9999, and offsets with seconds,
/// which RFC 3339 cannot write.
impl TryFrom<OffsetDateTime> for DateTime {
    type Error = ParseError;

    fn try_from(time: OffsetDateTime) -> Result<Self, ParseError> {
        if time.offset().seconds_past_minute() != 0 {
            return Err(ParseError);
        }
        let offset = Offset::from_minutes(time.offset().whole_minutes());
        checked(local_micros(PrimitiveDateTime::new(time.date(), time.time())), offset)
    }
}

/// Without an offset; rounded to microseconds. Refuses years outside 1 to 9999.
impl TryFrom<PrimitiveDateTime> for DateTime {
    type Error = ParseError;

    fn try_from(time: PrimitiveDateTime) -> Result<Self, ParseError> {
        checked(local_micros(time), Offset::None)
    }
}

fn local_micros(time: PrimitiveDateTime) -> i64 {
    let utc = time.assume_utc();
    let micros = (i64::from(utc.nanosecond()) + 500) / 1_000;
    utc.unix_timestamp() * MICROS_PER_SECOND + micros
}

fn checked(local: i64, offset: Offset) -> Result<DateTime, ParseError> {
    if (civil::START..civil::END).contains(&local) {
        Ok(DateTime(Parsed { local, offset }))
    } else {
        Err(ParseError)
    }
}

/// Without an offset, the value is read as UTC.
impl From<DateTime> for OffsetDateTime {
    fn from(time: DateTime) -> Self {
        // Every constructor keeps the wall clock inside the years 1 to 9999, which `time` can hold.
        let epoch = PrimitiveDateTime::new(Self::UNIX_EPOCH.date(), Self::UNIX_EPOCH.time());
        let local = epoch + time::Duration::microseconds(time.0.local);
        local.assume_offset(utc_offset(time.0.offset))
    }
}

fn utc_offset(offset: Offset) -> UtcOffset {
    let minutes = offset.minutes();
    // Offsets are parsed below 24 hours, or come from a `UtcOffset`; the fallback cannot be reached.
    UtcOffset::from_whole_seconds(i32::from(minutes) * 60).unwrap_or(UtcOffset::UTC)
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = DateTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 date-time")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime, E> {
        DateTime::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// A string of format `date-time`.
///
/// `PartialSchema` would be the documented trait, but utoipa's derive also asks for this one as soon as
/// the field stands in an `Option` or a `Vec`.
impl utoipa::__dev::ComposeSchema for DateTime {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for DateTime {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DateTime")
    }
}
