//! `(Character, path = "level-up", label = "Level up", mode = "update")`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Expr, LitStr, Path, Type};

use super::Kind;
use crate::attr::grammar::{self, Arg, Once, unexpected};
use crate::errors::Errors;
use crate::suggest::did_you_mean;

const KEYS: &[(&str, &str)] = &[
    ("path", "path = \"…\""),
    ("label", "label = \"…\""),
    ("mode", "mode = \"job\""),
    ("crate", "crate = \"…\""),
];
const UPDATE_KEYS: &[(&str, &str)] = &[
    ("path", "path = \"…\""),
    ("label", "label = \"…\""),
    ("mode", "mode = \"modify\""),
    ("crate", "crate = \"…\""),
];
/// What a create action can be, and an update action besides.
const MODES: [&str; 4] = ["job", "background", "update", "modify"];
const CREATE_MODES: &[&str] = MODES.split_at(2).0;

pub(super) struct Options {
    pub(super) resource: Type,
    /// An expression: the kind of the runtime.
    pub(super) kind: TokenStream,
    /// As written, or made of the name of the function and with its span.
    pub(super) path: LitStr,
    pub(super) label: String,
    pub(super) runs: Runs,
    krate: Option<Path>,
}

/// When the action runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    InRequest,
    InBackground,
    AsJob,
}

#[derive(Default)]
struct Given {
    resource: Once<Type>,
    path: Once<LitStr>,
    label: Once<LitStr>,
    /// Its position in [`MODES`].
    mode: Once<usize>,
    krate: Once<Path>,
}

impl Options {
    /// `None` after the error that the resource is missing.
    pub(super) fn parse(
        kind: Kind,
        attr: TokenStream,
        function: &Ident,
        errors: &mut Errors,
    ) -> Option<Self> {
        let mut given = Given::default();
        for arg in errors.keep(grammar::parse_args(attr)).unwrap_or_default() {
            given.add(kind, &arg, errors);
        }
        let name = function.unraw().to_string();
        let path = given.path.0.unwrap_or_else(|| LitStr::new(&name.replace('_', "-"), function.span()));
        check_path(&path, errors);
        let label = given.label.0.map_or_else(|| in_words(&name), |label| label.value());
        let Some(resource) = given.resource.0 else {
            let message = "name the resource first: `#[create_action(User)]`, `#[update_action(User)]`";
            errors.push(syn::Error::new(Span::call_site(), message));
            return None;
        };
        let kind = match (kind, given.mode.0) {
            (Kind::Create, _) => quote!(__specstar::ActionKind::Create),
            (Kind::Update, Some(3)) => quote!(__specstar::ActionKind::Update(__specstar::Mode::Modify)),
            (Kind::Update, _) => quote!(__specstar::ActionKind::Update(__specstar::Mode::Update)),
        };
        let runs = match given.mode.0 {
            Some(0) => Runs::AsJob,
            Some(1) => Runs::InBackground,
            _ => Runs::InRequest,
        };
        Some(Self { resource, kind, path, label, runs, krate: given.krate.0 })
    }

    /// The path of the items the expansion names.
    pub(super) fn private(&self) -> TokenStream {
        self.krate.as_ref().map_or_else(|| quote!(::specstar::__private), |path| quote!(#path::__private))
    }
}

impl Given {
    fn add(&mut self, kind: Kind, arg: &Arg, errors: &mut Errors) {
        let known = if kind == Kind::Create { KEYS } else { UPDATE_KEYS };
        match arg {
            Arg::Flag(name) if name.to_string().starts_with(char::is_uppercase) => {
                self.resource.set(name, "the resource", Some(syn::parse_quote!(#name)), errors);
            }
            Arg::Type(ty) => self.resource.set(ty, "the resource", Some(ty.clone()), errors),
            Arg::Pair(key, value) if key == "path" => {
                let text = grammar::string(key, value, errors);
                self.path.set(key, "path", text, errors);
            }
            Arg::Pair(key, value) if key == "label" => {
                let text = grammar::string(key, value, errors);
                if text.as_ref().is_some_and(|text| text.value().trim().is_empty()) {
                    errors.at(value, "a label is what people see: it cannot be empty");
                }
                self.label.set(key, "label", text, errors);
            }
            Arg::Pair(key, value) if key == "mode" => {
                let mode = mode(kind, key, value, errors);
                self.mode.set(key, "mode", mode, errors);
            }
            Arg::Pair(key, value) if key == "crate" => {
                let path = grammar::string(key, value, errors)
                    .and_then(|text| errors.keep(text.parse_with(Path::parse_mod_style)));
                self.krate.set(key, "crate", path, errors);
            }
            _ => unexpected(arg, known, errors),
        }
    }
}

fn mode(kind: Kind, key: &Ident, value: &Expr, errors: &mut Errors) -> Option<usize> {
    let text = grammar::string(key, value, errors)?;
    let given = text.value();
    let known = if kind == Kind::Create { CREATE_MODES } else { &MODES };
    let position = known.iter().position(|mode| *mode == given);
    if position.is_none() {
        let hint = did_you_mean(&given, known.iter().copied());
        errors.at(&text, format_args!("unknown mode `{given}`{hint} ({})", known.join(", ")));
    }
    position
}

/// `level_up` → `Level up`.
fn in_words(name: &str) -> String {
    let words = name.replace('_', " ");
    let words = words.trim();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Segments of a path as they stand in an address, and parameters in braces behind the first.
fn check_path(path: &LitStr, errors: &mut Errors) {
    let text = path.value();
    let mut parameters: Vec<&str> = Vec::new();
    for (at, segment) in text.split('/').enumerate() {
        let parameter = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        match parameter {
            Some(_) if at == 0 => {
                errors.at(path, "the path of an action begins with a name: ids stand where it does");
            }
            Some("resource_id") => {
                errors.at(path, "`{resource_id}` stands before the path of an action already");
            }
            Some(name) if parameters.contains(&name) => {
                errors.at(path, format_args!("`{{{name}}}` stands twice in the path"));
            }
            Some(name) if is_name(name) => parameters.push(name),
            None if is_segment(segment) => {}
            _ => {
                let message = "is not the path of an action: use letters, digits, `-` and `_`, and `{name}` for a \
                               parameter, with `/` between them";
                errors.at(path, format_args!("`{text}` {message}"));
                return;
            }
        }
    }
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty()
        && segment.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
}

fn is_name(name: &str) -> bool {
    is_segment(name) && !name.contains('-') && !name.starts_with(|first: char| first.is_ascii_digit())
}
