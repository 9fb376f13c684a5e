//! Characters to tokens, one at a time, so that the first error of an expression is the one that is reported.

mod number;
mod string;

use super::error::{Fault, Problem};
use super::limit;
use super::span::Span;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// What a token is. The text of a name is read from the source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Name,
    /// At most 2^63, which only a unary minus can use.
    Integer(u64),
    Float(f64),
    Text(String),
    Symbol(Symbol),
    /// A line feed outside brackets.
    LineEnd,
    End,
}

macro_rules! symbols {
    ($($name:ident $text:literal),* $(,)?) => {
        /// Operators and punctuation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Symbol { $($name),* }

        impl Symbol {
            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }

        /// Longer ones first.
        const SYMBOLS: &[(&str, Symbol)] = &[$(($text, Symbol::$name)),*];
    };
}

symbols! {
    Equal "==", NotEqual "!=", LessEqual "<=", GreaterEqual ">=", ShiftLeft "<<", ShiftRight ">>",
    Less "<", Greater ">", Pipe "|", Ampersand "&", Plus "+", Minus "-", Star "*", Slash "/", Percent "%",
    Tilde "~", Dot ".", Comma ",", Assign "=", ParenOpen "(", ParenClose ")", BracketOpen "[", BracketClose "]",
}

/// What other languages, and Python, write and this one does not have; longer ones first.
const FOREIGN: &[(&str, &str)] = &[
    ("...", "it is no value"),
    ("===", "use '=='"),
    ("<=>", "use one comparison"),
    ("**", "only + - * / % are"),
    ("//", "only + - * / % are"),
    ("&&", "use '&' with each side in parentheses"),
    ("||", "use '|' with each side in parentheses"),
    ("<>", "use '!='"),
    (":=", "use '=='"),
    ("->", "it has no meaning here"),
    ("!", "use '~'"),
    ("^", "use '&', '|' and '~'"),
    ("@", "only + - * / % are"),
    (":", "there are no slices, lambdas and dictionaries"),
    (";", "write one expression"),
    ("{", "write a list, [...]"),
    ("}", "write a list, [...]"),
    ("\\", "a line continues inside brackets only"),
];

/// Reads tokens from a source.
pub(super) struct Lexer<'s> {
    source: &'s str,
    at: usize,
    /// Open brackets: inside, a line feed is a blank.
    open: usize,
    tokens: usize,
}

impl<'s> Lexer<'s> {
    pub(super) const fn new(source: &'s str) -> Self {
        Self { source, at: 0, open: 0, tokens: 0 }
    }

    /// The next token; [`TokenKind::End`] again and again at the end.
    pub(super) fn next(&mut self) -> Result<Token, Fault> {
        self.skip_blanks();
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(self.token(start, TokenKind::End)) };
        self.tokens += 1;
        if self.tokens > limit::TOKENS {
            return Err(Problem::TooManyTokens.at(Span::new(start, start)));
        }
        let kind = match first {
            '\n' => {
                self.at += 1;
                TokenKind::LineEnd
            }
            '\r' if self.rest().starts_with("\r\n") => {
                self.at += 2;
                TokenKind::LineEnd
            }
            '"' | '\'' => self.string(start)?,
            '0'..='9' => self.number()?,
            '.' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number()?,
            'a'..='z' | 'A'..='Z' | '_' => self.name_or_string(start)?,
            _ => self.symbol(first)?,
        };
        Ok(self.token(start, kind))
    }

    fn token(&self, start: usize, kind: TokenKind) -> Token {
        Token { kind, span: Span::new(start, self.at) }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    /// Advances over the characters that pass, and gives them.
    fn take_while(&mut self, pass: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let length = rest.find(|character| !pass(character)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(|character| matches!(character, ' ' | '\t' | '\u{c}'));
            let rest = self.rest();
            if rest.starts_with('#') {
                self.take_while(|character| character != '\n');
            } else if self.open > 0 && rest.starts_with('\n') {
                self.at += 1;
            } else if self.open > 0 && rest.starts_with("\r\n") {
                self.at += 2;
            } else {
                return;
            }
        }
    }

    fn name_or_string(&mut self, start: usize) -> Result<TokenKind, Fault> {
        let name = self.take_while(|character| character.is_ascii_alphanumeric() || character == '_');
        if self.rest().starts_with(['"', '\'']) {
            return match name {
                "r" | "R" | "u" | "U" => self.string(start),
                _ => Err(Problem::StringPrefix(name.to_owned()).at(Span::new(start, self.at))),
            };
        }
        Ok(TokenKind::Name)
    }

    fn symbol(&mut self, first: char) -> Result<TokenKind, Fault> {
        let start = self.at;
        let (length, symbol) = match alone(first) {
            Some(symbol) => (1, symbol),
            None => longest(self.rest(), first).map_err(|(length, problem)| {
                // The place is that of the characters that are no symbol.
                problem.at(Span::new(start, start + length))
            })?,
        };
        self.at += length;
        match symbol {
            Symbol::ParenOpen | Symbol::BracketOpen => self.open += 1,
            Symbol::ParenClose | Symbol::BracketClose => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        Ok(TokenKind::Symbol(symbol))
    }
}

/// The characters no longer symbol begins with, which are most of an expression.
const fn alone(first: char) -> Option<Symbol> {
    Some(match first {
        '(' => Symbol::ParenOpen,
        ')' => Symbol::ParenClose,
        '[' => Symbol::BracketOpen,
        ']' => Symbol::BracketClose,
        ',' => Symbol::Comma,
        '~' => Symbol::Tilde,
        '+' => Symbol::Plus,
        '%' => Symbol::Percent,
        _ => return None,
    })
}

/// The longest symbol a text begins with, and its length; else how much of the text is none, and what to write
/// instead.
fn longest(text: &str, first: char) -> Result<(usize, Symbol), (usize, Problem)> {
    let known = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol));
    let foreign = FOREIGN.iter().find(|(symbol, _)| text.starts_with(symbol));
    match (known, foreign) {
        (Some((symbol, found)), None) => Ok((symbol.len(), *found)),
        (Some((symbol, found)), Some((other, _))) if symbol.len() >= other.len() => {
            Ok((symbol.len(), *found))
        }
        (_, Some((what, instead))) => {
            Err((what.len(), Problem::NotSupported { what: (*what).to_owned(), instead }))
        }
        (None, None) => Err((first.len_utf8(), Problem::Character(first))),
    }
}
