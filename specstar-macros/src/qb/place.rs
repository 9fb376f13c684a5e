//! Where something stands: from one token to another, since stable compilers do not join spans.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};

#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) start: Span,
    end: Span,
}

impl Place {
    pub(super) const fn of(span: Span) -> Self {
        Self { start: span, end: span }
    }

    pub(super) const fn between(start: Span, end: Span) -> Self {
        Self { start, end }
    }

    pub(super) const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// An error that underlines everything from the first token to the last.
    pub(super) fn error(self, message: impl std::fmt::Display) -> syn::Error {
        let token = |span| TokenTree::from(Ident::new("_", span));
        syn::Error::new_spanned(TokenStream::from_iter([token(self.start), token(self.end)]), message)
    }
}
