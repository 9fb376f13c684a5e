//! Operators and punctuation of the language in a stream of Rust tokens.

use proc_macro2::{Ident, Punct, Span};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::ParseStream;

use super::place::Place;

macro_rules! symbols {
    ($($name:ident $text:literal [$($token:tt)*],)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Symbol { $($name),* }

        impl Symbol {
            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }

        /// The symbol that comes next; longer ones stand first in the table.
        pub(super) fn peek(input: ParseStream<'_>) -> Option<Symbol> {
            $(if input.peek(Token![$($token)*]) { return Some(Symbol::$name); })*
            None
        }
    };
}

symbols! {
    Equal "==" [==], NotEqual "!=" [!=], LessEqual "<=" [<=], GreaterEqual ">=" [>=],
    ShiftLeft "<<" [<<], ShiftRight ">>" [>>], AndAnd "&&" [&&], OrOr "||" [||],
    Less "<" [<], Greater ">" [>], Pipe "|" [|], Ampersand "&" [&], Plus "+" [+], Minus "-" [-],
    Star "*" [*], Slash "/" [/], Percent "%" [%], Tilde "~" [~], Dot "." [.], Comma "," [,], Assign "=" [=],
    Bang "!" [!], Caret "^" [^], At "@" [@], Semicolon ";" [;],
}

impl Symbol {
    /// How tightly a binary operator binds; comparisons are looser than all of them.
    pub(super) const fn precedence(self) -> Option<u8> {
        match self {
            Self::Pipe => Some(1),
            Self::Ampersand => Some(2),
            Self::ShiftLeft | Self::ShiftRight => Some(3),
            Self::Plus | Self::Minus => Some(4),
            Self::Star | Self::Slash | Self::Percent => Some(5),
            _ => None,
        }
    }

    pub(super) const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual
        )
    }

    /// What to write instead of an operator the language does not have.
    const fn instead(self) -> Option<&'static str> {
        Some(match self {
            Self::AndAnd => "use '&' with each side in parentheses",
            Self::OrOr => "use '|' with each side in parentheses",
            Self::Bang => "use '~'",
            Self::Caret => "use '&', '|' and '~'",
            Self::Assign => "use '=='",
            Self::At => "only + - * / % are",
            Self::Semicolon => "write one expression",
            _ => return None,
        })
    }
}

/// Takes the tokens of a symbol.
pub(super) fn take(input: ParseStream<'_>, symbol: Symbol) -> syn::Result<Place> {
    let mut place: Option<Place> = None;
    for _ in symbol.as_str().chars() {
        let part = Place::of(input.parse::<Punct>()?.span());
        place = Some(place.map_or(part, |whole| whole.to(part)));
    }
    Ok(place.unwrap_or_else(|| Place::of(input.span())))
}

/// Takes a symbol if it is the next one.
pub(super) fn eat(input: ParseStream<'_>, symbol: Symbol) -> syn::Result<bool> {
    let found = peek(input) == Some(symbol);
    if found {
        take(input, symbol)?;
    }
    Ok(found)
}

/// The words of Python that are operators, each with what to write instead.
pub(super) fn keyword(name: &str) -> Option<&'static str> {
    Some(match name {
        "and" => "use '&' with each side in parentheses",
        "or" => "use '|' with each side in parentheses",
        "not" => "use '~'",
        "in" => "use .in_([...]) or '<<'",
        "is" => "use .is_null() or '=='",
        "if" | "else" | "lambda" | "await" | "yield" | "for" => "write one expression of conditions",
        _ => return None,
    })
}

/// The name that comes next, keywords of Rust included.
pub(super) fn peek_name(input: ParseStream<'_>) -> Option<Ident> {
    input.peek(Ident::peek_any).then(|| input.fork().call(Ident::parse_any).ok()).flatten()
}

/// The next token cannot stand here.
pub(super) fn unexpected(input: ParseStream<'_>, expected: &str) -> syn::Error {
    if input.is_empty() {
        return syn::Error::new(input.span(), format_args!("unexpected end, {expected}"));
    }
    if let Some(symbol) = peek(input) {
        let fork = input.fork();
        let place = take(&fork, symbol).unwrap_or_else(|_| Place::of(input.span()));
        return place.error(match symbol.instead() {
            Some(instead) => format!("'{}' is not supported; {instead}", symbol.as_str()),
            None => format!("unexpected '{}', {expected}", symbol.as_str()),
        });
    }
    if let Some(name) = peek_name(input) {
        return Place::of(name.span()).error(match keyword(&name.to_string()) {
            Some(instead) => format!("'{name}' is not supported; {instead}"),
            None => format!("unexpected '{name}', {expected}"),
        });
    }
    let found = if input.peek(syn::LitStr) {
        "string"
    } else if input.peek(syn::Lit) {
        "number"
    } else {
        "token"
    };
    syn::Error::new(first_span(input), format_args!("unexpected {found}, {expected}"))
}

fn first_span(input: ParseStream<'_>) -> Span {
    input.cursor().token_tree().map_or_else(|| input.span(), |(tree, _)| tree.span())
}
