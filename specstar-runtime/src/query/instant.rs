//! Date-times as text: ISO 8601 in the form the wire accepts.

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

use crate::datetime::Timestamp;

/// The instant an ISO 8601 text means: `YYYY-MM-DD`, or with `T` or a blank and `HH:MM[:SS[.f{1,6}]]`, and
/// an optional `Z` or `±HH[:MM]`. Without an offset it is UTC; a date is its midnight.
///
/// ```
/// use specstar_runtime::{datetime::Timestamp, query::parse_instant};
/// assert_eq!(parse_instant("1970-01-01 01:00+01:00"), Some(Timestamp(0)));
/// assert_eq!(parse_instant("1970-01-01T00:00:00.5"), Some(Timestamp(500_000)));
/// assert_eq!(parse_instant("1970-13-01"), None);
/// ```
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let mut scan = Scan { rest: text.as_bytes() };
    let date = scan.date()?;
    let (time, offset) = match scan.next() {
        None => (Time::MIDNIGHT, UtcOffset::UTC),
        Some(b'T' | b' ') => (scan.time()?, scan.offset()?),
        Some(_) => return None,
    };
    if !scan.rest.is_empty() {
        return None;
    }
    let instant = PrimitiveDateTime::new(date, time).assume_offset(offset);
    i64::try_from(instant.unix_timestamp_nanos() / 1000).ok().map(Timestamp)
}

/// What is left of the text.
struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    fn date(&mut self) -> Option<Date> {
        let year = self.digits(4)?;
        let month = self.after(b'-')?.digits(2)?;
        let day = self.after(b'-')?.digits(2)?;
        // The calendar of the wire begins with year 1.
        let year = i32::try_from(year).ok().filter(|&year| year > 0)?;
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()
    }

    fn time(&mut self) -> Option<Time> {
        let hour = u8::try_from(self.digits(2)?).ok()?;
        let minute = u8::try_from(self.after(b':')?.digits(2)?).ok()?;
        let mut second = 0;
        let mut micro = 0;
        if self.take(b':') {
            second = u8::try_from(self.digits(2)?).ok()?;
            if self.take(b'.') {
                micro = self.fraction()?;
            }
        }
        Time::from_hms_micro(hour, minute, second, micro).ok()
    }

    fn fraction(&mut self) -> Option<u32> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=6).contains(&length) {
            return None;
        }
        let missing = u32::try_from(6 - length).ok()?;
        Some(self.digits(length)? * 10_u32.pow(missing))
    }

    fn offset(&mut self) -> Option<UtcOffset> {
        let sign = match self.next() {
            None | Some(b'Z') => return Some(UtcOffset::UTC),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        let hours = i8::try_from(self.digits(2)?).ok()?;
        let minutes = if self.take(b':') { i8::try_from(self.digits(2)?).ok()? } else { 0 };
        if hours > 23 || minutes > 59 {
            return None;
        }
        UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        digits
            .iter()
            .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
    }

    fn after(&mut self, wanted: u8) -> Option<&mut Self> {
        (self.next()? == wanted).then_some(self)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.rest.first() == Some(&wanted);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::parse_instant;
    use crate::datetime::Timestamp;

    #[test]
    fn every_form_of_one_instant() {
        for text in [
            "2024-01-01",
            "2024-01-01T00:00",
            "2024-01-01 00:00:00",
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00.000000+00:00",
            "2024-01-01T08:00:00+08",
            "2023-12-31T18:30-05:30",
        ] {
            assert_eq!(parse_instant(text), Some(Timestamp(1_704_067_200_000_000)), "{text}");
        }
        assert_eq!(parse_instant("1969-12-31T23:59:59.999999"), Some(Timestamp(-1)));
        assert_eq!(parse_instant("1970-01-01T00:00:00.25Z"), Some(Timestamp(250_000)));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "yesterday",
            "2024",
            "2024-1-1",
            "2024-02-30",
            "0000-01-01",
            "2024-01-01Z",
            "2024-01-01T",
            "2024-01-01T24:00",
            "2024-01-01T00",
            "2024-01-01t00:00",
            "2024-01-01T00:00:60",
            "2024-01-01T00:00:00.",
            "2024-01-01T00:00:00.1234567",
            "2024-01-01T00:00+0800",
            "2024-01-01T00:00+24:00",
            "2024-01-01T00:00+01:60",
            "2024-01-01T00:00z",
            "2024-01-01T00:00Z ",
            " 2024-01-01",
            "２０２４-01-01",
        ] {
            assert_eq!(parse_instant(text), None, "{text:?}");
        }
    }
}
