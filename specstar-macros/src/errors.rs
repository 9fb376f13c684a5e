//! Collects errors, so that one build shows all of them.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Must be drained with [`Errors::finish`]; dropping it undrained is a bug of this crate.
#[derive(Default)]
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    drained: bool,
}

impl Errors {
    /// At the place of these tokens, first to last.
    pub(crate) fn at(&mut self, tokens: &impl ToTokens, message: impl std::fmt::Display) {
        self.found.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    /// Keeps the value of a result and collects its error.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// `Ok` when nothing was found, else every error as `compile_error!`.
    pub(crate) fn finish(mut self) -> Result<(), TokenStream> {
        self.drained = true;
        if self.found.is_empty() {
            return Ok(());
        }
        Err(self.found.iter().map(syn::Error::to_compile_error).collect())
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        assert!(self.drained || std::thread::panicking(), "errors were collected but not shown");
    }
}
