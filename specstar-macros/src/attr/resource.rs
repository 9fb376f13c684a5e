//! `#[resource(...)]` on the struct.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, Expr, ExprLit, ExprPath, Lit, LitStr, Path};

use super::grammar::{self, Arg, Once, unexpected};
use super::migrate::Migrate;
use crate::errors::Errors;
use crate::suggest::did_you_mean;

/// Every key, and how it is written.
const KEYS: &[(&str, &str)] = &[
    ("name", "name = \"…\""),
    ("schema", "schema = \"…\""),
    ("migrate", "migrate(\"v1\" => UserV1)"),
    ("id", "id = \"uuid_v7\""),
    ("default_status", "default_status = \"draft\""),
    ("unknown_fields", "unknown_fields = \"deny\""),
    ("on_decode_error", "on_decode_error = \"mark\""),
    ("unique", "unique(\"a\", \"b\")"),
    ("validate", "validate = path"),
    ("permission", "permission = path"),
    ("scope", "scope = path"),
    ("openapi", "openapi = false"),
    ("crate", "crate = \"…\""),
];
const COMPOSITE_KEYS: &[(&str, &str)] = &[("nulls", "nulls = \"equal\"")];
const GENERATORS: [&str; 4] = ["uuid_v7", "uuid_v4", "ulid", "nanoid"];

/// How ids are made.
pub(crate) enum Generator {
    /// A variant of the runtime's enum.
    Known(&'static str),
    Function(ExprPath),
}

/// `unique("a", "b")`.
pub(crate) struct Composite {
    pub(crate) key: Ident,
    pub(crate) fields: Vec<LitStr>,
    pub(crate) nulls_equal: bool,
}

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Once<LitStr>,
    pub(crate) schema: Once<LitStr>,
    pub(crate) migrate: Once<Migrate>,
    /// Where `migrate` stands.
    pub(crate) migrate_key: Option<Ident>,
    pub(crate) id: Once<Generator>,
    /// `Draft` or `Stable`.
    pub(crate) default_status: Once<&'static str>,
    /// `Deny` or `Ignore`.
    pub(crate) unknown_fields: Once<&'static str>,
    /// A variant of the runtime's enum.
    pub(crate) on_decode_error: Once<&'static str>,
    pub(crate) uniques: Vec<Composite>,
    pub(crate) validate: Once<ExprPath>,
    pub(crate) permission: Once<ExprPath>,
    pub(crate) scope: Once<ExprPath>,
    pub(crate) openapi: Once<bool>,
    pub(crate) krate: Once<Path>,
}

impl Options {
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut out = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("resource")) {
            for arg in grammar::args(attr, errors) {
                out.add(&arg, errors);
            }
        }
        out
    }

    /// The path of the items the expansion names.
    pub(crate) fn private(&self) -> TokenStream {
        let given = self.krate.0.as_ref();
        given.map_or_else(|| quote!(::specstar::__private), |path| quote!(#path::__private))
    }

    fn add(&mut self, arg: &Arg, errors: &mut Errors) {
        match arg {
            Arg::Pair(key, value) => self.pair(arg, key, value, errors),
            Arg::List(key, inner) if key == "unique" => {
                let composite = composite(key, inner.clone(), errors);
                self.uniques.extend(composite);
            }
            Arg::List(key, inner) if key == "migrate" => {
                self.migrate_key = Some(key.clone());
                let migrate = Migrate::parse(key, inner.clone(), errors);
                self.migrate.set(key, "migrate", migrate, errors);
            }
            _ => unexpected(arg, KEYS, errors),
        }
    }

    fn pair(&mut self, arg: &Arg, key: &Ident, value: &Expr, errors: &mut Errors) {
        let name = key.to_string();
        match name.as_str() {
            "name" => {
                let text = grammar::string(key, value, errors);
                self.name.set(key, &name, text, errors);
            }
            "schema" => {
                let text = grammar::string(key, value, errors);
                self.schema.set(key, &name, text, errors);
            }
            "id" => {
                let id = generator(value, errors);
                self.id.set(key, &name, id, errors);
            }
            "default_status" => {
                let word = grammar::word(key, value, &["draft", "stable"], errors);
                self.default_status.set(key, &name, word.map(|at| ["Draft", "Stable"][at]), errors);
            }
            "unknown_fields" => {
                let word = grammar::word(key, value, &["deny", "ignore"], errors);
                self.unknown_fields.set(key, &name, word.map(|at| ["Deny", "Ignore"][at]), errors);
            }
            "on_decode_error" => {
                let word = grammar::word(key, value, &["mark", "skip", "error", "raw"], errors);
                let variant = word.map(|at| ["Mark", "Skip", "Error", "Raw"][at]);
                self.on_decode_error.set(key, &name, variant, errors);
            }
            "validate" => {
                let path = grammar::function(key, value, errors);
                self.validate.set(key, &name, path, errors);
            }
            "permission" => {
                let path = grammar::function(key, value, errors);
                self.permission.set(key, &name, path, errors);
            }
            "scope" => {
                let path = grammar::function(key, value, errors);
                self.scope.set(key, &name, path, errors);
            }
            "openapi" => {
                let flag = grammar::boolean(key, value, errors);
                self.openapi.set(key, &name, flag.map(|flag| flag.value), errors);
            }
            "crate" => {
                let path = grammar::string(key, value, errors)
                    .and_then(|text| errors.keep(text.parse_with(Path::parse_mod_style)));
                self.krate.set(key, &name, path, errors);
            }
            _ => unexpected(arg, KEYS, errors),
        }
    }
}

fn generator(value: &Expr, errors: &mut Errors) -> Option<Generator> {
    match value {
        Expr::Path(path) => Some(Generator::Function(path.clone())),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => known_generator(text, errors),
        _ => {
            errors.at(value, "`id` expects a string literal or the path of a function");
            None
        }
    }
}

fn known_generator(text: &LitStr, errors: &mut Errors) -> Option<Generator> {
    let given = text.value();
    let variant = match given.as_str() {
        "uuid_v7" => "UuidV7",
        "uuid_v4" => "UuidV4",
        "ulid" => "Ulid",
        "nanoid" => "NanoId",
        _ => {
            let hint = did_you_mean(&given, GENERATORS);
            let hint = if hint.is_empty() { format!("; known are {}.", GENERATORS.join(", ")) } else { hint };
            let message = format!("unknown generator `{given}`{hint} A path to a function is accepted");
            errors.at(text, message);
            return None;
        }
    };
    Some(Generator::Known(variant))
}

fn composite(key: &Ident, tokens: TokenStream, errors: &mut Errors) -> Option<Composite> {
    let args = errors.keep(grammar::parse_args(tokens))?;
    let mut out = Composite { key: key.clone(), fields: Vec::new(), nulls_equal: false };
    let mut nulls = Once::default();
    for arg in &args {
        match arg {
            Arg::Literal(Lit::Str(field)) => out.fields.push(field.clone()),
            Arg::Literal(other) => errors.at(other, "`unique` expects field names as string literals"),
            Arg::Pair(key, value) if key == "nulls" => {
                let word = grammar::word(key, value, &["distinct", "equal"], errors);
                nulls.set(key, "nulls", word, errors);
            }
            _ => unexpected(arg, COMPOSITE_KEYS, errors),
        }
    }
    out.nulls_equal = nulls.0 == Some(1);
    Some(out)
}
