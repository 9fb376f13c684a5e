//! Numbers, as Python 3.11 writes them.

use super::super::error::{Fault, Problem};
use super::super::span::Span;
use super::{Lexer, TokenKind};

/// The integer that only a unary minus brings into range.
const LARGEST: u64 = i64::MAX as u64 + 1;

impl Lexer<'_> {
    pub(super) fn number(&mut self) -> Result<TokenKind, Fault> {
        let start = self.at;
        let radix = match self.rest().as_bytes() {
            [b'0', b'x' | b'X', ..] => Some(16),
            [b'0', b'o' | b'O', ..] => Some(8),
            [b'0', b'b' | b'B', ..] => Some(2),
            _ => None,
        };
        let kind = match radix {
            Some(radix) => self.prefixed(radix),
            None => self.decimal(),
        };
        // A letter or digit right behind a number belongs to it: `1j`, `0b12`, `3px`.
        let tail = self.take_while(|character| character.is_alphanumeric() || character == '_');
        let span = Span::new(start, self.at);
        match kind {
            _ if matches!(tail, "j" | "J") => {
                Err(Problem::Number("imaginary numbers are not supported").at(span))
            }
            Ok(kind) if tail.is_empty() => Ok(kind),
            Ok(_) => Err(Problem::Number("a number ends in digits").at(span)),
            Err(problem) => Err(problem.at(span)),
        }
    }

    fn prefixed(&mut self, radix: u32) -> Result<TokenKind, Problem> {
        self.at += 2;
        let digits = self.take_while(|character| character.is_digit(radix) || character == '_');
        // One underscore may stand before each digit, the first one too.
        if !grouped(digits.strip_prefix('_').unwrap_or(digits)) {
            return Err(Problem::Number("digits are missing"));
        }
        integer(digits, radix)
    }

    fn decimal(&mut self) -> Result<TokenKind, Problem> {
        let start = self.at;
        let digit = |character: char| character.is_ascii_digit() || character == '_';
        let whole = self.take_while(digit);
        let (mut fraction, mut power) = ("", "");
        let mut float = false;
        if self.rest().starts_with('.') {
            float = true;
            self.at += 1;
            fraction = self.take_while(digit);
        }
        if let Some(length) = exponent(self.rest()) {
            float = true;
            self.at += length;
            power = self.take_while(digit);
        }
        // Only the exponent must have digits; of the other two parts one has.
        if [whole, fraction, power].iter().any(|part| !part.is_empty() && !grouped(part)) {
            return Err(Problem::Number("an underscore stands between two digits"));
        }
        if float {
            return float_value(&self.source[start..self.at]);
        }
        if whole.starts_with('0') && whole.contains(|character| !matches!(character, '0' | '_')) {
            return Err(Problem::Number("an integer does not begin with 0; an octal one is written 0o10"));
        }
        integer(whole, 10)
    }
}

/// The length of `e`, with a sign, in front of digits.
fn exponent(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(['e', 'E'])?;
    let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    digits.starts_with(|first: char| first.is_ascii_digit()).then_some(text.len() - digits.len())
}

fn grouped(digits: &str) -> bool {
    !digits.is_empty() && !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__")
}

fn integer(digits: &str, radix: u32) -> Result<TokenKind, Problem> {
    let mut value = 0_u64;
    for digit in digits.chars().filter_map(|character| character.to_digit(radix)) {
        let next = value.checked_mul(radix.into()).and_then(|value| value.checked_add(digit.into()));
        value = next.filter(|value| *value <= LARGEST).ok_or(Problem::IntegerRange)?;
    }
    Ok(TokenKind::Integer(value))
}

fn float_value(text: &str) -> Result<TokenKind, Problem> {
    let plain: String = text.chars().filter(|character| *character != '_').collect();
    match plain.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(TokenKind::Float(value)),
        Ok(_) => Err(Problem::FloatRange),
        Err(_) => Err(Problem::Number("digits are missing")),
    }
}
