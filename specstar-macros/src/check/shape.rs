//! What can be a resource at all.

use quote::ToTokens;
use syn::{
    Data, DeriveInput, Fields, GenericArgument, GenericParam, LifetimeParam, PathArguments, Type,
    TypeReference,
};

use crate::errors::Errors;

pub(crate) fn check(input: &DeriveInput, errors: &mut Errors) {
    match &input.data {
        Data::Enum(_) => errors.at(
            &input.ident,
            "Resource can only be derived for structs with named fields; wrap the enum in a struct field",
        ),
        Data::Union(_) => errors.at(&input.ident, "Resource cannot be derived for a union"),
        Data::Struct(data) => fields(input, &data.fields, errors),
    }
    generics(input, errors);
}

fn fields(input: &DeriveInput, fields: &Fields, errors: &mut Errors) {
    const UNNAMED: &str = "Resource needs named fields: clients address them by name";
    match fields {
        Fields::Unnamed(fields) => errors.at(fields, UNNAMED),
        Fields::Unit => errors.at(&input.ident, UNNAMED),
        Fields::Named(named) if named.named.is_empty() => {
            errors.at(&input.ident, "a resource needs at least one field");
        }
        // With a lifetime parameter the error stands there.
        Fields::Named(_) if input.generics.lifetimes().next().is_some() => {}
        Fields::Named(named) => {
            for field in &named.named {
                if let Some(reference) = borrowed(&field.ty) {
                    errors.at(&field.ty, owned_instead(reference));
                }
            }
        }
    }
}

fn generics(input: &DeriveInput, errors: &mut Errors) {
    let params = &input.generics.params;
    if let Some(lifetime) = params.iter().find_map(as_lifetime) {
        let message = first_borrowed(&input.data).map_or_else(
            || format!("a resource must own its data: remove `{}`", lifetime.lifetime),
            owned_instead,
        );
        errors.at(&lifetime.lifetime, message);
    }
    if params.iter().any(|param| as_lifetime(param).is_none()) {
        errors.at(
            &input.generics,
            "a resource cannot be generic; declare a concrete struct, e.g. `struct UserJob(Job<User>)`",
        );
    }
}

fn as_lifetime(param: &GenericParam) -> Option<&LifetimeParam> {
    match param {
        GenericParam::Lifetime(lifetime) => Some(lifetime),
        _ => None,
    }
}

fn first_borrowed(data: &Data) -> Option<&TypeReference> {
    let Data::Struct(data) = data else { return None };
    data.fields.iter().find_map(|field| borrowed(&field.ty))
}

/// The first reference in a type.
fn borrowed(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) => Some(reference),
        Type::Array(array) => borrowed(&array.elem),
        Type::Slice(slice) => borrowed(&slice.elem),
        Type::Paren(paren) => borrowed(&paren.elem),
        Type::Group(group) => borrowed(&group.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrowed),
        Type::Path(path) => path.path.segments.iter().find_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => {
                arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::Type(ty) => borrowed(ty),
                    _ => None,
                })
            }
            _ => None,
        }),
        _ => None,
    }
}

fn owned_instead(reference: &TypeReference) -> String {
    let owned = match &*reference.elem {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", type_text(&slice.elem)),
        other => type_text(other),
    };
    format!("a resource must own its data: replace `{}` with `{owned}`", type_text(reference))
}

/// A type as people write it.
pub(crate) fn type_text(ty: &impl ToTokens) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (spaced, tight) in
        [(" < ", "<"), (" <", "<"), ("< ", "<"), (" >", ">"), ("& ", "&"), (" ,", ","), (" :: ", "::")]
    {
        text = text.replace(spaced, tight);
    }
    text
}
