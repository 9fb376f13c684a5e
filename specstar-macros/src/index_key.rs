//! `#[derive(IndexKey)]` on an enum of unit variants.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, Path, Variant};

use crate::attr::grammar::{self, Arg, unexpected};
use crate::attr::serde::{Container, Item};
use crate::errors::Errors;

const KEYS: &[(&str, &str)] = &[("crate", "crate = \"…\"")];

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::default();
    let private = private(&input.attrs, &mut errors);
    let variants = variants(&input, &mut errors);
    match errors.finish() {
        Ok(()) => implementation(&input, &private, &variants),
        // The stub is text without variants, so that the fields of this type show no error of their own.
        Err(messages) => {
            let stub = implementation(&input, &private, &[]);
            quote!(#messages #stub)
        }
    }
}

fn private(attrs: &[Attribute], errors: &mut Errors) -> TokenStream {
    let mut krate = quote!(::specstar);
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("index_key")) {
        for arg in grammar::args(attr, errors) {
            match &arg {
                Arg::Pair(key, value) if key == "crate" => {
                    let path = grammar::string(key, value, errors)
                        .and_then(|text| errors.keep(text.parse_with(Path::parse_mod_style)));
                    krate = path.map_or(krate, ToTokens::into_token_stream);
                }
                _ => unexpected(&arg, KEYS, errors),
            }
        }
    }
    quote!(#krate::__private)
}

fn variants(input: &DeriveInput, errors: &mut Errors) -> Vec<(Ident, String)> {
    let container = Container::parse(&input.attrs, errors);
    for key in &container.form {
        errors.at(
            key,
            format_args!("`#[serde({key})]` changes the JSON form: an index key is the name of its variant"),
        );
    }
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "an index key cannot be generic");
    }
    let Data::Enum(data) = &input.data else {
        errors.at(&input.ident, "IndexKey can only be derived for enums of unit variants");
        return Vec::new();
    };
    data.variants.iter().filter_map(|variant| named(variant, &container, errors)).collect()
}

fn named(variant: &Variant, container: &Container, errors: &mut Errors) -> Option<(Ident, String)> {
    if !matches!(variant.fields, Fields::Unit) {
        errors.at(
            variant,
            format_args!("`{}` holds data: an index key is the name of its variant", variant.ident),
        );
        return None;
    }
    let item = Item::parse(&variant.attrs, errors);
    let plain = variant.ident.unraw().to_string();
    let name = match (&item.rename, container.rename_all) {
        (Some(rename), _) => rename.value(),
        (None, Some(case)) => case.variant(&plain),
        (None, None) => plain,
    };
    Some((variant.ident.clone(), name))
}

/// For `enum Level { Low, Mid }`:
///
/// ```text
/// impl IndexKey for Level {
///     type Family = Text;
///     fn to_index_value(&self) -> IndexValue { text_value(match self { Self::Low => "Low", Self::Mid => "Mid" }) }
/// }
/// impl IndexField for Level { type Scalar = Self; }
/// impl UniqueField for Level { type Value = Self; type Equality = Exact; }
/// ```
fn implementation(input: &DeriveInput, private: &TokenStream, variants: &[(Ident, String)]) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let (idents, names): (Vec<_>, Vec<_>) = variants.iter().map(|(ident, name)| (ident, name)).unzip();
    let text =
        if variants.is_empty() { quote!("") } else { quote!(match self { #(Self::#idents => #names),* }) };
    quote! {
        const _: () = {
            use #private as __specstar;
            #[automatically_derived]
            impl #impl_generics __specstar::IndexKey for #ident #ty_generics #where_clause {
                type Family = __specstar::Text;
                fn to_index_value(&self) -> __specstar::IndexValue {
                    __specstar::text_value(#text)
                }
            }
            #[automatically_derived]
            impl #impl_generics __specstar::IndexField for #ident #ty_generics #where_clause {
                type Scalar = Self;
            }
            #[automatically_derived]
            impl #impl_generics __specstar::UniqueField for #ident #ty_generics #where_clause {
                type Value = Self;
                type Equality = __specstar::Exact;
            }
        };
    }
}
