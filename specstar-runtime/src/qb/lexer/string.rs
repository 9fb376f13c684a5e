//! String literals, as Python 3.11 writes them.

use super::super::error::{Fault, Problem};
use super::super::limit;
use super::super::span::Span;
use super::{Lexer, TokenKind};

impl Lexer<'_> {
    /// One part, from its quote on; a prefix stands between `start` and the quote.
    pub(super) fn string(&mut self, start: usize) -> Result<TokenKind, Fault> {
        let raw = self.source[start..self.at].eq_ignore_ascii_case("r");
        let quote = &self.rest()[..1];
        let triple = quote.repeat(3);
        let long = self.rest().starts_with(&triple);
        let end = if long { triple.as_str() } else { quote };
        self.at += end.len();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(end) {
                self.at += end.len();
                break;
            }
            let Some(character) = rest.chars().next().filter(|first| long || !matches!(first, '\n' | '\r'))
            else {
                return Err(Problem::StringEnd.at(Span::new(start, start + 1)));
            };
            if character == '\\' {
                self.escape(raw, &mut text)?;
            } else {
                self.plain(character, &mut text)?;
            }
        }
        if text.chars().count() > limit::TEXT_CHARACTERS {
            return Err(Problem::TextTooLong.at(Span::new(start, self.at)));
        }
        Ok(TokenKind::Text(text))
    }

    /// A source has one kind of line end, as in Python: CR LF and CR are read as LF.
    fn plain(&mut self, character: char, text: &mut String) -> Result<(), Fault> {
        let start = self.at;
        self.at += if self.rest().starts_with("\r\n") { 2 } else { character.len_utf8() };
        match character {
            '\0' => return Err(Problem::TextWithNull.at(Span::new(start, self.at))),
            '\r' => text.push('\n'),
            other => text.push(other),
        }
        Ok(())
    }

    fn escape(&mut self, raw: bool, text: &mut String) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        let Some(kind) = self.rest().chars().next() else { return Ok(()) };
        if raw {
            // Nothing is translated, but a quote behind a backslash does not end the string.
            text.push('\\');
            return self.plain(kind, text);
        }
        if matches!(kind, '\n' | '\r') {
            self.at += if self.rest().starts_with("\r\n") { 2 } else { 1 };
            return Ok(());
        }
        self.at += kind.len_utf8();
        let located = |lexer: &Self, problem: Problem| problem.at(Span::new(start, lexer.at));
        let code = match kind {
            'x' => self.hexadecimal(2),
            'u' => self.hexadecimal(4),
            'U' => self.hexadecimal(8),
            '0'..='7' => self.octal(kind),
            'N' => Err(Problem::Escape("\\N{...} is not supported; write \\u or \\U with the code point")),
            '\0' => Err(Problem::TextWithNull),
            other => {
                push_named(other, text);
                return Ok(());
            }
        };
        let code = code.map_err(|problem| located(self, problem))?;
        match char::from_u32(code) {
            Some('\0') => Err(located(self, Problem::TextWithNull)),
            Some(character) => {
                text.push(character);
                Ok(())
            }
            None if code > 0x10_ffff => {
                Err(located(self, Problem::Escape("the last code point is \\U0010FFFF")))
            }
            None => Err(located(self, Problem::Escape("a surrogate is no character"))),
        }
    }

    fn hexadecimal(&mut self, length: usize) -> Result<u32, Problem> {
        let digits =
            self.rest().get(..length).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(digits) = digits else {
            return Err(Problem::Escape("\\x wants 2, \\u 4 and \\U 8 hexadecimal digits"));
        };
        self.at += length;
        // At most eight digits, so it fits.
        Ok(u32::from_str_radix(digits, 16).unwrap_or(u32::MAX))
    }

    /// Up to three digits.
    fn octal(&mut self, first: char) -> Result<u32, Problem> {
        let mut code = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.rest().chars().next().and_then(|next| next.to_digit(8)) else { break };
            code = code * 8 + digit;
            self.at += 1;
        }
        if code > 0o377 { Err(Problem::Escape("the last octal escape is \\377")) } else { Ok(code) }
    }
}

/// The escapes of one letter; an unknown one keeps its backslash.
fn push_named(kind: char, text: &mut String) {
    let named = match kind {
        '\\' | '\'' | '"' => kind,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        other => {
            text.push('\\');
            other
        }
    };
    text.push(named);
}
