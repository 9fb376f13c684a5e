//! RFC 3339 out. Six of these stand in every envelope, so it is written digit by digit.

use super::civil::{MICROS_PER_DAY, MICROS_PER_SECOND, date};
use super::payload::Offset;

/// Every pair of decimal digits.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Formatted text on the stack. `-290308-12-21T19:59:05.224192Z` and the longest text with an offset fit.
pub(super) struct Text {
    bytes: [u8; 36],
    length: usize,
}

impl Text {
    pub(super) fn utc(micros: i64) -> Self {
        Self::local(micros, Offset::Utc)
    }

    /// The wall clock, followed by its offset.
    pub(super) fn local(micros: i64, offset: Offset) -> Self {
        let mut text = Self { bytes: [0; 36], length: 0 };
        let (days, of_day) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
        text.date(days);
        text.byte(b'T');
        text.time(of_day / MICROS_PER_SECOND);
        text.fraction(of_day % MICROS_PER_SECOND);
        text.offset(offset);
        text
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn as_str(&self) -> &str {
        // Only ASCII digits and signs are written above; the fallback cannot be reached.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn byte(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    /// Two digits of a number below 100.
    fn pair(&mut self, value: i64) {
        // `rem_euclid` keeps the index inside the table whatever the caller gives.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let at = value.rem_euclid(100) as usize * 2;
        self.bytes[self.length..self.length + 2].copy_from_slice(&PAIRS[at..at + 2]);
        self.length += 2;
    }

    fn date(&mut self, days: i64) {
        let (year, month, day) = date(days);
        if !(0..=9999).contains(&year) {
            // Only a clock gone astray comes here; ISO 8601 writes such years with a sign.
            self.byte(if year < 0 { b'-' } else { b'+' });
            self.pair(year.abs() / 10_000);
        }
        self.pair(year.abs() / 100);
        self.pair(year.abs());
        self.byte(b'-');
        self.pair(i64::from(month));
        self.byte(b'-');
        self.pair(i64::from(day));
    }

    fn time(&mut self, seconds: i64) {
        self.pair(seconds / 3600);
        self.byte(b':');
        self.pair(seconds / 60 % 60);
        self.byte(b':');
        self.pair(seconds % 60);
    }

    fn fraction(&mut self, micros: i64) {
        if micros != 0 {
            self.byte(b'.');
            self.pair(micros / 10_000);
            self.pair(micros / 100);
            self.pair(micros);
        }
    }

    fn offset(&mut self, offset: Offset) {
        match offset {
            Offset::None => {}
            Offset::Utc => self.byte(b'Z'),
            Offset::Minutes(minutes) => {
                let minutes = i64::from(minutes);
                self.byte(if minutes < 0 { b'-' } else { b'+' });
                self.pair(minutes.abs() / 60);
                self.byte(b':');
                self.pair(minutes.abs() % 60);
            }
        }
    }
}
