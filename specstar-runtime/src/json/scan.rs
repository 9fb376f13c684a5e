//! A cursor over JSON text that somebody else has checked: stored payloads, and bodies that were decoded.
//!
//! It trusts the grammar and never the length: damaged text gives [`Damaged`], not a panic.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The text ends or changes where JSON cannot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damaged;

/// A string in JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    quoted: &'a [u8],
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    fn new(quoted: &'a [u8], escaped: bool) -> Self {
        let raw = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        Self { quoted, raw, escaped }
    }

    /// A string with its quotes.
    pub(super) fn of(quoted: &'a [u8]) -> Self {
        Self::new(quoted, quoted.contains(&b'\\'))
    }

    /// Between the quotes, escapes as they stand.
    pub(super) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// With quotes and escapes.
    pub(super) fn quoted(&self) -> &'a [u8] {
        self.quoted
    }

    pub(super) fn is(&self, name: &str) -> bool {
        if self.escaped { self.decode().is_ok_and(|text| text == name) } else { self.raw == name.as_bytes() }
    }

    /// Without quotes and escapes.
    pub(super) fn decode(&self) -> Result<Cow<'a, str>, Damaged> {
        if self.escaped {
            serde_json::from_slice(self.quoted).map(Cow::Owned).map_err(|_| Damaged)
        } else {
            std::str::from_utf8(self.raw).map(Cow::Borrowed).map_err(|_| Damaged)
        }
    }

    /// The order of the decoded texts, by code point.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        if self.escaped || other.escaped {
            let text = |text: &Self| text.decode().map(Cow::into_owned).unwrap_or_default();
            return text(self).cmp(&text(other));
        }
        self.raw.cmp(other.raw)
    }
}

/// A position in JSON text.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next byte after white space, not consumed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Steps over a byte if it is the next one.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Steps to the next key of an open object, past its colon; `None` after the closing brace.
    pub(super) fn key(&mut self) -> Result<Option<Text<'a>>, Damaged> {
        self.eat(b',');
        if self.eat(b'}') {
            return Ok(None);
        }
        let key = self.string()?;
        if self.eat(b':') { Ok(Some(key)) } else { Err(Damaged) }
    }

    /// Steps to the next element of an open array; `false` after the closing bracket.
    pub(super) fn element(&mut self) -> Result<bool, Damaged> {
        self.eat(b',');
        if self.eat(b']') {
            return Ok(false);
        }
        if self.peek().is_some() { Ok(true) } else { Err(Damaged) }
    }

    /// Steps over a string.
    pub(super) fn string(&mut self) -> Result<Text<'a>, Damaged> {
        if self.peek() != Some(b'"') {
            return Err(Damaged);
        }
        let start = self.at;
        self.at += 1;
        let escaped = self.skip_string()?;
        Ok(Text::new(&self.text[start..self.at], escaped))
    }

    /// Steps over a value and returns its text.
    pub(super) fn value(&mut self) -> Result<&'a [u8], Damaged> {
        let first = self.peek().ok_or(Damaged)?;
        let start = self.at;
        match first {
            b'"' => {
                self.at += 1;
                self.skip_string()?;
            }
            b'{' | b'[' => self.skip_container()?,
            _ => self.skip_scalar()?,
        }
        Ok(&self.text[start..self.at])
    }

    /// From behind an opening quote to behind the closing one; whether there was an escape.
    fn skip_string(&mut self) -> Result<bool, Damaged> {
        let mut escaped = false;
        loop {
            self.at += plain_length(self.text.get(self.at..).unwrap_or_default());
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(_) => {
                    escaped = true;
                    self.at += 2;
                }
                None => {
                    self.at = self.text.len();
                    return Err(Damaged);
                }
            }
        }
    }

    /// Counts brackets instead of recursing: damaged or hostile text may nest as deep as it is long.
    fn skip_container(&mut self) -> Result<(), Damaged> {
        let mut depth = 0_usize;
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        Err(Damaged)
    }

    fn skip_scalar(&mut self) -> Result<(), Damaged> {
        let start = self.at;
        while let Some(&byte) = self.text.get(self.at) {
            if matches!(byte, b',' | b'}' | b']' | b':' | b'"' | b' ' | b'\n' | b'\r' | b'\t') {
                break;
            }
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Damaged) }
    }
}

/// One in every byte of a word.
const LOW: u64 = 0x0101_0101_0101_0101;
/// The highest bit of every byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks the bytes of a word that are a quote or a backslash; the lowest mark is always exact.
///
/// Such a byte is zero after the exclusive or, and only a zero borrows into its highest bit.
fn quotes(word: u64) -> u64 {
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    zeros(word ^ (LOW * u64::from(b'"'))) | zeros(word ^ (LOW * u64::from(b'\\')))
}

/// Whether a JSON string can hold the text as it is.
pub(super) fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    let mut hits = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let controls = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        hits |= quotes(word) | controls;
    }
    hits == 0 && rest.iter().all(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\'))
}

/// How many bytes stand before the first quote or backslash, eight at a time.
fn plain_length(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let hits = quotes(u64::from_le_bytes(*word));
        if hits != 0 {
            return at * 8 + hits.trailing_zeros() as usize / 8;
        }
    }
    let tail = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
    words.len() * 8 + tail.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_length_stops_at_the_first_quote_or_backslash() {
        for length in 0..40 {
            let mut text = vec![b'a'; length];
            assert_eq!(plain_length(&text), length);
            for at in 0..length {
                text[at] = if at % 2 == 0 { b'"' } else { b'\\' };
                assert_eq!(plain_length(&text), at);
                text[at] = 0xff;
            }
        }
    }

    #[test]
    fn plain_text_is_what_serde_json_does_not_escape() {
        for byte in 0..=0x7f {
            for length in 1..20 {
                for at in 0..length {
                    let mut text = vec![b'a'; length];
                    text[at] = byte;
                    let json = serde_json::to_vec(std::str::from_utf8(&text).unwrap()).unwrap();
                    assert_eq!(is_plain(&text), json.len() == length + 2, "{byte} at {at} of {length}");
                }
            }
        }
        assert!(is_plain("Größe, 大きさ, размер 😀".as_bytes()));
    }

    #[test]
    fn values_are_taken_whole() {
        for value in ["1", "-1.5e3", "null", r#""a\"]""#, r#"{"a":[1,{"b":"}"}]}"#, "[]"] {
            let text = format!(" {value} ,");
            assert_eq!(Scanner::new(text.as_bytes()).value(), Ok(value.as_bytes()));
        }
    }

    #[test]
    fn every_cut_of_a_text_is_survived() {
        let text = br#"{"a":[1,{"b\\":"\""}],"c":null}"#;
        for cut in 0..text.len() {
            assert_eq!(Scanner::new(&text[..cut]).value(), Err(Damaged), "{cut}");
        }
        assert_eq!(Scanner::new(br#""\"#).value(), Err(Damaged));
        assert_eq!(Scanner::new(b"]").value(), Err(Damaged));
    }
}
