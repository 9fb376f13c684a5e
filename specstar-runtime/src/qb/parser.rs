//! Tokens to a tree, by precedence climbing. Every construct of the language is listed here; nothing of the
//! host language can be reached.
//!
//! A bracket, a unary operator and an argument list each go one level deeper, at most
//! [`NESTING`](crate::query::limit::NESTING); chains of operators and methods are loops.

mod argument;
mod arithmetic;
mod comparison;
mod condition;
mod date;
mod logic;
mod method;
mod primary;
mod value;

use super::error::{Fault, Problem};
use super::lexer::{Lexer, Symbol, Token, TokenKind};
use super::limit;
use super::span::Span;
use super::tree::Query;
use crate::datetime::Timestamp;
pub(super) use method::METHODS;
use value::{Item, Value};

/// Reads one expression.
pub(super) struct Parser<'s> {
    source: &'s str,
    lexer: Lexer<'s>,
    /// The next token.
    token: Token,
    /// The end of the one before it.
    last: Span,
    depth: usize,
    /// Questions so far.
    tests: usize,
    /// What `today()` of a date means.
    now: Timestamp,
    /// Brackets that are open, with where.
    open: Vec<(Symbol, Span)>,
    /// The comparison whose right side is being read.
    comparing: Option<Symbol>,
}

type Parsed<T> = Result<T, Fault>;

/// The whole source as one query.
pub(super) fn parse(source: &str, now: Timestamp) -> Parsed<Query> {
    let mut lexer = Lexer::new(source);
    let token = lexer.next()?;
    let last = token.span;
    let mut parser =
        Parser { source, lexer, token, last, depth: 0, tests: 0, now, open: Vec::new(), comparing: None };
    parser.skip_lines()?;
    let item = parser.expression()?;
    let line_end = parser.token.kind == TokenKind::LineEnd;
    parser.skip_lines()?;
    if parser.token.kind != TokenKind::End {
        let expected =
            if line_end { "lines join inside brackets only" } else { "the expression should end here" };
        return Err(parser.unexpected(expected));
    }
    parser.query(item)
}

impl<'s> Parser<'s> {
    fn bump(&mut self) -> Parsed<Token> {
        let next = self.lexer.next()?;
        let token = std::mem::replace(&mut self.token, next);
        self.last = token.span;
        Ok(token)
    }

    fn text(&self, span: Span) -> &'s str {
        &self.source[span.range()]
    }

    fn skip_lines(&mut self) -> Parsed<()> {
        while self.token.kind == TokenKind::LineEnd {
            self.bump()?;
        }
        Ok(())
    }

    fn is(&self, symbol: Symbol) -> bool {
        self.token.kind == TokenKind::Symbol(symbol)
    }

    /// Takes a symbol if it is the next token.
    fn eat(&mut self, symbol: Symbol) -> Parsed<bool> {
        let found = self.is(symbol);
        if found {
            self.bump()?;
        }
        Ok(found)
    }

    /// Takes an opening bracket and goes one level deeper.
    fn open(&mut self) -> Parsed<Span> {
        let span = self.token.span;
        let TokenKind::Symbol(symbol) = self.token.kind else {
            return Err(self.unexpected("a bracket is expected"));
        };
        self.deeper(span)?;
        self.open.push((symbol, span));
        self.bump()?;
        Ok(span)
    }

    /// Takes the closing bracket.
    fn close(&mut self, symbol: Symbol, expected: &'static str) -> Parsed<Span> {
        if !self.is(symbol) {
            return Err(self.unexpected(expected));
        }
        self.open.pop();
        self.depth -= 1;
        Ok(self.bump()?.span)
    }

    fn deeper(&mut self, span: Span) -> Parsed<()> {
        self.depth += 1;
        if self.depth > limit::NESTING { Err(Problem::TooDeep.at(span)) } else { Ok(()) }
    }

    /// The next token cannot stand here. At the end of the source the reason is a bracket that is still open,
    /// if one is.
    fn unexpected(&self, expected: impl Into<String>) -> Fault {
        let found = match (&self.token.kind, self.open.last()) {
            (TokenKind::End, Some((symbol, span))) => return Problem::Unclosed(symbol.as_str()).at(*span),
            (TokenKind::End, None) => "end".to_owned(),
            (TokenKind::LineEnd, _) => "end of the line".to_owned(),
            (TokenKind::Name, _) => return self.unexpected_name(expected.into()),
            (TokenKind::Text(_), _) => "string".to_owned(),
            (TokenKind::Integer(_) | TokenKind::Float(_), _) => "number".to_owned(),
            (TokenKind::Symbol(Symbol::Assign), _) => {
                return not_supported("=", "use '=='").at(self.token.span);
            }
            (TokenKind::Symbol(symbol), _) => format!("'{}'", symbol.as_str()),
        };
        Problem::Unexpected { found, expected: expected.into() }.at(self.token.span)
    }

    fn unexpected_name(&self, expected: String) -> Fault {
        let name = self.text(self.token.span);
        let problem = keyword(name).unwrap_or_else(|| {
            let found = crate::query::error::Quoted(name).to_string();
            Problem::Unexpected { found, expected }
        });
        problem.at(self.token.span)
    }

    /// What a whole expression may be.
    fn query(&mut self, item: Item) -> Parsed<Query> {
        match item.value {
            Value::Field(field) => Ok(field.into_query(&mut self.tests, item.span)?),
            Value::Condition(query) => Ok(*query),
            other => Err(Problem::NoCondition(other.describe()).at(item.span)),
        }
    }
}

fn not_supported(what: &str, instead: &'static str) -> Problem {
    Problem::NotSupported { what: what.to_owned(), instead }
}

/// The words of Python that are no names, each with what to write instead.
fn keyword(name: &str) -> Option<Problem> {
    let instead = match name {
        "and" => "use '&' with each side in parentheses",
        "or" => "use '|' with each side in parentheses",
        "not" => "use '~'",
        "in" => "use .in_([...]) or '<<'",
        "is" => "use .is_null() or '=='",
        "if" | "else" | "lambda" | "await" | "yield" | "for" | "async" | "import" | "from" | "assert"
        | "del" | "return" | "raise" | "global" | "nonlocal" | "pass" | "break" | "continue" | "class"
        | "def" | "with" | "while" | "try" | "except" | "finally" | "elif" | "as" => {
            "write one expression of conditions"
        }
        _ => return None,
    };
    Some(not_supported(name, instead))
}
