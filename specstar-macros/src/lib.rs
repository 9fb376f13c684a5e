//! The derive macros of specstar: parse → check → expand.
//!
//! Use them through the facade crate, which documents each attribute.

use proc_macro::TokenStream;

mod action;
mod ast;
mod attr;
mod case;
mod check;
mod errors;
mod expand;
mod fallback;
mod index_key;
mod lock;
mod migration;
mod plan;
mod qb;
mod registry;
mod resource;
#[cfg(test)]
mod snapshots;
mod suggest;

/// Makes a struct a versioned REST resource. The attributes are listed on the page of the facade crate.
//
// Near names are registered so that they answer "did you mean"; the compiler's own error for an
// unknown attribute names nothing.
#[proc_macro_derive(
    Resource,
    attributes(
        resource,
        job,
        unique,
        indexed,
        trigram,
        vector,
        display_name,
        reference,
        readonly,
        uniq,
        index,
        sort,
        references,
        fk,
        foreign_key,
        read_only
    )
)]
pub fn derive_resource(input: TokenStream) -> TokenStream {
    resource::derive(input.into()).into()
}

/// Lets an enum of unit variants be indexed: by the text serde writes for it.
#[proc_macro_derive(IndexKey, attributes(index_key))]
pub fn derive_index_key(input: TokenStream) -> TokenStream {
    index_key::derive(input.into()).into()
}

/// Makes a function an action that creates resources. The page of the facade crate says how.
///
/// A type of the same name, of no values, comes to stand beside the function: `resources![…; actions(import_url)]`
/// names that. Types and modules share their names, so with one function in a file `import_url.rs`, it is
/// `actions(import_url::import_url)`; `pub use import_url::import_url` beside `mod import_url` does not compile.
#[proc_macro_attribute]
pub fn create_action(attr: TokenStream, item: TokenStream) -> TokenStream {
    action::attribute(action::Kind::Create, attr.into(), &item.into()).into()
}

/// Makes a function an action that gives a resource new content. The page of the facade crate says how.
///
/// A type of the same name, of no values, comes to stand beside the function: `resources![…; actions(level_up)]` names
/// that. Types and modules share their names, so with one function in a file `level_up.rs`, it is
/// `actions(level_up::level_up)`; `pub use level_up::level_up` beside `mod level_up` does not compile.
#[proc_macro_attribute]
pub fn update_action(attr: TokenStream, item: TokenStream) -> TokenStream {
    action::attribute(action::Kind::Update, attr.into(), &item.into()).into()
}

/// The inner side of `resources![…]`: the path of the runtime, then the types.
#[doc(hidden)]
#[proc_macro]
pub fn resources_impl(input: TokenStream) -> TokenStream {
    registry::expand(input.into()).into()
}

/// The inner side of `qb!(…)`: the path of the runtime, then the resource type and an expression.
#[doc(hidden)]
#[proc_macro]
pub fn qb_impl(input: TokenStream) -> TokenStream {
    qb::expand(input.into()).into()
}
