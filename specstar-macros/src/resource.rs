//! `#[derive(Resource)]`, from tokens to tokens.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::ast::Resource;
use crate::errors::Errors;
use crate::plan::Plan;
use crate::{check, expand, fallback};

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(input) {
        Ok(input) => derive_parsed(&input),
        Err(error) => error.to_compile_error(),
    }
}

fn derive_parsed(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let resource = Resource::parse(input, &mut errors);
    let plan = Plan::of(&resource);
    check::all(&resource, &plan, &mut errors);
    match errors.finish() {
        Ok(()) => expand::resource(&resource, &plan),
        Err(messages) => fallback::resource(input, &resource, &messages),
    }
}
