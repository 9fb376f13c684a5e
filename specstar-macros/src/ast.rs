//! The struct as we understand it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, LitStr, Meta, Type, Visibility};

use crate::attr::field::{self, Marks};
use crate::attr::job::Job;
use crate::attr::resource::Options;
use crate::attr::serde::{Container, Item};
use crate::case::kebab;
use crate::check::shape;
use crate::errors::Errors;
use crate::migration::{self, Way};

pub(crate) struct Resource {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// An expression: the text of the doc comment.
    pub(crate) docs: Option<TokenStream>,
    pub(crate) options: Options,
    /// It is the payload of a job.
    pub(crate) job: Option<Job>,
    pub(crate) container: Container,
    /// Empty when the shape is wrong.
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) default: Option<Expr>,
    pub(crate) serde: Item,
    pub(crate) marks: Marks,
    /// Its name in JSON.
    pub(crate) wire: String,
}

impl Resource {
    pub(crate) fn parse(input: &DeriveInput, errors: &mut Errors) -> Self {
        shape::check(input, errors);
        field::misplaced(&input.attrs, errors);
        let options = Options::parse(&input.attrs, errors);
        let job = Job::parse(&input.attrs, errors);
        let container = Container::parse(&input.attrs, errors);
        let fields = named(&input.data).map(|field| Field::parse(field, &container, errors)).collect();
        Self {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            docs: docs(&input.attrs),
            options,
            job,
            container,
            fields,
        }
    }

    /// The route name: given, or made of the type name.
    pub(crate) fn name(&self) -> String {
        match &self.options.name.0 {
            Some(name) => name.value(),
            None => kebab(&self.ident.unraw().to_string()),
        }
    }

    /// The ways from older schema versions.
    pub(crate) fn ways(&self) -> Vec<Way<'_>> {
        match (&self.options.migrate.0, &self.options.schema.0) {
            (Some(migrate), Some(schema)) => migration::ways(migrate, &schema.value()),
            _ => Vec::new(),
        }
    }

    /// The fields that stand in JSON.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_stored())
    }
}

impl Field {
    fn parse(field: &syn::Field, container: &Container, errors: &mut Errors) -> Self {
        // Only named fields are parsed.
        let ident =
            field.ident.clone().unwrap_or_else(|| Ident::new("_unnamed", proc_macro2::Span::call_site()));
        let serde = Item::parse(&field.attrs, errors);
        let wire = wire_name(&ident, serde.rename.as_ref(), container);
        Self {
            marks: Marks::parse(&field.attrs, &field.ty, errors),
            vis: field.vis.clone(),
            ty: field.ty.clone(),
            default: field.default.as_ref().map(|(_, value)| value.clone()),
            ident,
            serde,
            wire,
        }
    }

    pub(crate) fn is_stored(&self) -> bool {
        !self.serde.skipped && self.serde.flatten.is_none()
    }

    /// The name without `r#`, for identifiers made of it.
    pub(crate) fn plain_name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The tokens that gave the name in JSON.
    pub(crate) fn name_tokens(&self) -> &dyn ToTokens {
        match &self.serde.rename {
            Some(rename) => rename,
            None => &self.ident,
        }
    }
}

fn named(data: &Data) -> impl Iterator<Item = &syn::Field> {
    let fields = match data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(fields.named.iter()),
            _ => None,
        },
        _ => None,
    };
    fields.into_iter().flatten()
}

fn wire_name(ident: &Ident, rename: Option<&LitStr>, container: &Container) -> String {
    let plain = ident.unraw().to_string();
    match (rename, container.rename_all) {
        (Some(rename), _) => rename.value(),
        (None, Some(case)) => case.field(&plain),
        (None, None) => plain,
    }
}

/// The doc comment as one expression; `#[doc = include_str!(…)]` is kept as it is.
pub(crate) fn docs(attrs: &[Attribute]) -> Option<TokenStream> {
    let values: Vec<&Expr> = attrs
        .iter()
        .filter(|attr| attr.path().is_ident("doc"))
        .filter_map(|attr| match &attr.meta {
            Meta::NameValue(pair) => Some(&pair.value),
            _ => None,
        })
        .collect();
    let lines: Option<Vec<String>> = values.iter().map(|value| line(value)).collect();
    match lines {
        _ if values.is_empty() => None,
        Some(lines) => {
            let text = lines.join("\n");
            let text = text.trim();
            Some(quote!(#text))
        }
        None => Some(quote!(::core::concat!(#(#values, "\n"),*))),
    }
}

fn line(value: &Expr) -> Option<String> {
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value else { return None };
    let text = text.value();
    Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
}
