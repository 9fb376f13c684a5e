//! Date-times in: one reader, and what each place accepts of ISO 8601.

use super::civil::{MICROS_PER_SECOND, days, join};
use super::payload::Offset;

/// What is accepted beyond RFC 3339 with an optional offset.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// A date alone, times without seconds, offsets without minutes.
    short: bool,
    /// More than six fractional digits, which are rounded.
    long_fraction: bool,
}

/// Field values of payloads.
pub(super) const PAYLOAD: Rules = Rules { short: false, long_fraction: true };
/// Literals of queries.
pub(super) const ISO: Rules = Rules { short: true, long_fraction: false };
/// Times in query parameters and headers.
pub(super) const QUERY: Rules = Rules { short: true, long_fraction: true };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parsed {
    /// The wall clock as if it were UTC.
    pub(super) local: i64,
    pub(super) offset: Offset,
}

impl Parsed {
    /// Microseconds in UTC; without an offset the wall clock is UTC.
    pub(super) fn instant(self) -> i64 {
        self.local - i64::from(self.offset.minutes()) * 60 * MICROS_PER_SECOND
    }
}

pub(super) fn parse(text: &[u8], rules: Rules) -> Option<Parsed> {
    let mut reader = Reader { text };
    let day = reader.date()?;
    let (clock, micros, offset) = match reader.next() {
        None if rules.short => ([0; 3], 0, Offset::None),
        Some(b'T' | b't' | b' ') => {
            let (clock, micros) = reader.time(rules)?;
            (clock, micros, reader.offset(rules)?)
        }
        _ => return None,
    };
    let local = join(day, clock, micros)?;
    reader.text.is_empty().then_some(Parsed { local, offset })
}

struct Reader<'a> {
    text: &'a [u8],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.text.split_first()?;
        self.text = rest;
        Some(*first)
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.text = self.text.strip_prefix(&[byte])?;
        Some(())
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = self.text.first()?.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        self.text = &self.text[1..];
        Some(digit)
    }

    fn pair(&mut self) -> Option<u8> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn date(&mut self) -> Option<i64> {
        let year = i32::from(self.pair()?) * 100 + i32::from(self.pair()?);
        self.eat(b'-')?;
        let month = self.pair()?;
        self.eat(b'-')?;
        days(year, month, self.pair()?)
    }

    fn time(&mut self, rules: Rules) -> Option<([u8; 3], u32)> {
        let hour = self.pair()?;
        self.eat(b':')?;
        let minute = self.pair()?;
        if self.eat(b':').is_none() {
            return rules.short.then_some(([hour, minute, 0], 0));
        }
        let second = self.pair()?;
        let micros = if self.eat(b'.').is_some() { self.fraction(rules)? } else { 0 };
        Some(([hour, minute, second], micros))
    }

    /// Microseconds, rounded half up; the result may be a whole second.
    fn fraction(&mut self, rules: Rules) -> Option<u32> {
        let mut micros = 0;
        let mut count = 0;
        while let Some(digit) = self.digit() {
            match count {
                0..6 => micros = micros * 10 + u32::from(digit),
                _ if !rules.long_fraction => return None,
                6 => micros += u32::from(digit >= 5),
                _ => {}
            }
            count += 1;
        }
        match count {
            0 => None,
            1..6 => Some(micros * 10_u32.pow(6 - count)),
            _ => Some(micros),
        }
    }

    fn offset(&mut self, rules: Rules) -> Option<Offset> {
        let sign = match self.next() {
            None => return Some(Offset::None),
            Some(b'Z' | b'z') => return Some(Offset::Utc),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        let hours = self.pair()?;
        let minutes = match self.eat(b':') {
            Some(()) => self.pair()?,
            None if rules.short => 0,
            None => return None,
        };
        if hours > 23 || minutes > 59 {
            return None;
        }
        Some(Offset::from_minutes(sign * (i16::from(hours) * 60 + i16::from(minutes))))
    }
}
