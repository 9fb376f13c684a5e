//! The expansions of representative structs, checked in so that a change of them is seen.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p specstar-macros` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let source = read(&folder.join(format!("{name}.rs")));
    let expanded = expand(&source);
    let file = folder.join(format!("{name}.expanded.rs"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &expanded).expect("the snapshot can be written");
    }
    assert_eq!(read(&file), expanded, "{name}: run again with UPDATE_SNAPSHOTS=1 when this is meant");
}

/// Expands the derives of every struct and enum in a file, and the attribute of every function.
fn expand(source: &str) -> String {
    let source = syn::parse_file(source).expect("the source parses");
    let mut expanded = proc_macro2::TokenStream::new();
    for item in source.items {
        expanded.extend(match item {
            syn::Item::Struct(item) => crate::resource::derive(quote::quote!(#item)),
            syn::Item::Fn(item) => action(item),
            syn::Item::Enum(item) => crate::index_key::derive(quote::quote!(#item)),
            other => quote::quote!(#other),
        });
    }
    prettyplease::unparse(&syn::parse2(expanded).expect("the expansion parses"))
}

fn action(mut item: syn::ItemFn) -> proc_macro2::TokenStream {
    let at =
        item.attrs.iter().position(|attr| attr.path().segments[0].ident.to_string().ends_with("_action"));
    let attr = item.attrs.remove(at.expect("an action"));
    let updates = attr.path().is_ident("update_action");
    let kind = if updates { crate::action::Kind::Update } else { crate::action::Kind::Create };
    let options = attr.meta.require_list().expect("options").tokens.clone();
    crate::action::attribute(kind, options, &quote::quote!(#item))
}

fn read(file: &PathBuf) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

#[test]
fn the_smallest_resource() {
    check("minimal");
}

#[test]
fn one_of_each_attribute() {
    check("everything");
}

#[test]
fn a_failed_derive() {
    check("failed");
}

#[test]
fn actions() {
    check("actions");
}

#[test]
fn older_schema_versions() {
    check("migrating");
}

#[test]
fn payloads_of_jobs() {
    check("jobs");
}
