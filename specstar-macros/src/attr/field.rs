//! The marks of a field.

use proc_macro2::Ident;
use syn::{Attribute, Expr, Lit, LitStr, Type};

use super::grammar::{self, Arg, Once, unexpected};
use super::vector::Vector;
use crate::errors::Errors;
use crate::suggest::did_you_mean;

const UNIQUE: &[(&str, &str)] = &[("case", "case = \"insensitive\""), ("allow_bool", "allow_bool")];
const INDEXED: &[(&str, &str)] = &[("key", "key = \"…\""), ("path", "path = \"a.b\""), ("type", "type = T")];
const REFERENCE: &[(&str, &str)] =
    &[("on_delete", "on_delete = \"…\""), ("revision", "revision"), ("validate", "validate = false")];
const ACTIONS: [&str; 4] = ["dangling", "set_null", "cascade", "restrict"];
const VARIANTS: [&str; 4] = ["Dangling", "SetNull", "Cascade", "Restrict"];

/// Names people reach for, and what they are called here.
const NEAR: &[(&str, &str)] = &[
    ("uniq", "#[unique]"),
    ("index", "#[indexed]"),
    ("sort", "#[indexed]"),
    ("references", "#[reference(...)]"),
    ("fk", "#[reference(...)]"),
    ("foreign_key", "#[reference(...)]"),
    ("read_only", "#[readonly]"),
];
const MARKS: [&str; 7] = ["unique", "indexed", "trigram", "vector", "display_name", "reference", "readonly"];

pub(crate) struct Unique {
    /// The `case` key, when it says `insensitive`.
    pub(crate) ignore_case: Option<Ident>,
    pub(crate) allow_bool: bool,
}

pub(crate) struct Indexed {
    pub(crate) key: Option<LitStr>,
}

/// `#[indexed(path = "a.b", type = T)]`.
pub(crate) struct PathIndex {
    pub(crate) path: LitStr,
    pub(crate) key: Option<LitStr>,
    /// `None` after the error that it is missing.
    pub(crate) ty: Option<Type>,
}

pub(crate) struct Reference {
    pub(crate) target: Option<Type>,
    /// The key, and the variant of the runtime's enum.
    pub(crate) on_delete: Option<(Ident, &'static str)>,
    pub(crate) revision: bool,
    /// The key and its value.
    pub(crate) validate: Option<(Ident, bool)>,
}

impl Reference {
    /// The key of `validate = false`.
    pub(crate) fn unvalidated(&self) -> Option<&Ident> {
        self.validate.as_ref().filter(|(_, validate)| !validate).map(|(key, _)| key)
    }
}

/// Everything said about one field, each with its attribute.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) unique: Once<(Attribute, Unique)>,
    pub(crate) indexed: Once<(Attribute, Indexed)>,
    pub(crate) paths: Vec<PathIndex>,
    pub(crate) display_name: Once<Attribute>,
    pub(crate) reference: Once<(Attribute, Reference)>,
    pub(crate) readonly: Once<Attribute>,
    pub(crate) trigram: Once<Attribute>,
    pub(crate) vector: Once<(Attribute, Vector)>,
    /// Every mark with its name, as they stand.
    pub(crate) given: Vec<(Attribute, String)>,
}

impl Marks {
    pub(crate) fn parse(attrs: &[Attribute], ty: &Type, errors: &mut Errors) -> Self {
        let mut out = Self::default();
        for attr in attrs {
            if let Some(name) = attr.path().get_ident() {
                out.add(attr, &name.to_string(), ty, errors);
            }
        }
        out
    }

    fn add(&mut self, attr: &Attribute, name: &str, ty: &Type, errors: &mut Errors) {
        if MARKS.contains(&name) {
            self.given.push((attr.clone(), name.to_owned()));
        }
        match name {
            "unique" => {
                let unique = unique(attr, errors);
                self.unique.set(attr, name, Some((attr.clone(), unique)), errors);
            }
            "indexed" => self.indexed(attr, ty, errors),
            "trigram" => {
                no_args(attr, name, errors);
                self.trigram.set(attr, name, Some(attr.clone()), errors);
            }
            "vector" => {
                let vector = Vector::parse(attr, errors);
                self.vector.set(attr, name, Some((attr.clone(), vector)), errors);
            }
            "display_name" => {
                no_args(attr, name, errors);
                self.display_name.set(attr, name, Some(attr.clone()), errors);
            }
            "reference" => {
                let reference = reference(attr, errors);
                self.reference.set(attr, name, Some((attr.clone(), reference)), errors);
            }
            "readonly" => {
                no_args(attr, name, errors);
                self.readonly.set(attr, name, Some(attr.clone()), errors);
            }
            "resource" => errors.at(attr, "`#[resource(...)]` belongs on the struct"),
            _ => near_name(attr, name, errors),
        }
    }

    /// The last of the marks with these names, when every name is among them.
    pub(crate) fn last_of(&self, names: [&str; 2]) -> Option<&Attribute> {
        let has = |name: &&str| self.given.iter().any(|(_, given)| given == name);
        if !names.iter().all(has) {
            return None;
        }
        let last = self.given.iter().rfind(|(_, given)| names.contains(&given.as_str()));
        last.map(|(attr, _)| attr)
    }

    fn indexed(&mut self, attr: &Attribute, ty: &Type, errors: &mut Errors) {
        let (mut key, mut path, mut of) = (Once::default(), Once::default(), Once::default());
        let mut path_key = None;
        let mut type_key = None;
        for arg in grammar::args(attr, errors) {
            match &arg {
                Arg::Pair(name, value) if name == "key" => {
                    let text = grammar::string(name, value, errors);
                    key.set(name, "key", text, errors);
                }
                Arg::Pair(name, value) if name == "path" => {
                    let text = grammar::string(name, value, errors);
                    path.set(name, "path", text, errors);
                    path_key = Some(name.clone());
                }
                Arg::Typed(name, ty) => {
                    of.set(name, "type", Some(ty.clone()), errors);
                    type_key = Some(name.clone());
                }
                _ => unexpected(&arg, INDEXED, errors),
            }
        }
        match (path_key, path.0) {
            (None, _) => {
                if let Some(name) = type_key {
                    errors.at(&name, "`type` says what stands at a `path`: add `path = \"…\"`");
                }
                let indexed = Indexed { key: key.0 };
                self.indexed.set(attr, "indexed", Some((attr.clone(), indexed)), errors);
            }
            (Some(name), path) => {
                if type_key.is_none() {
                    let inside = crate::check::shape::type_text(ty);
                    errors.at(
                        &name,
                        format_args!("a path needs `type = …`: the derive cannot see into `{inside}`"),
                    );
                }
                self.paths.extend(path.map(|path| PathIndex { path, key: key.0, ty: of.0 }));
            }
        }
    }
}

fn unique(attr: &Attribute, errors: &mut Errors) -> Unique {
    let (mut case, mut allow_bool) = (Once::default(), Once::default());
    for arg in grammar::args(attr, errors) {
        match &arg {
            Arg::Pair(key, value) if key == "case" => {
                let word = grammar::word(key, value, &["sensitive", "insensitive"], errors);
                case.set(key, "case", word.map(|at| (at == 1, key.clone())), errors);
            }
            Arg::Flag(key) if key == "allow_bool" => allow_bool.set(key, "allow_bool", Some(()), errors),
            _ => unexpected(&arg, UNIQUE, errors),
        }
    }
    Unique {
        ignore_case: case.0.filter(|(ignore, _)| *ignore).map(|(_, key)| key),
        allow_bool: allow_bool.0.is_some(),
    }
}

fn reference(attr: &Attribute, errors: &mut Errors) -> Reference {
    let (mut target, mut on_delete, mut revision) = (Once::default(), Once::default(), Once::default());
    let mut validate = Once::default();
    for arg in grammar::args(attr, errors) {
        match &arg {
            Arg::Pair(key, value) if key == "on_delete" => {
                let action = action(key, value, errors).map(|action| (key.clone(), action));
                on_delete.set(key, "on_delete", action, errors);
            }
            Arg::Pair(key, value) if key == "validate" => {
                let flag = grammar::boolean(key, value, errors).map(|flag| (key.clone(), flag.value));
                validate.set(key, "validate", flag, errors);
            }
            Arg::Flag(key) if key == "revision" => revision.set(key, "revision", Some(()), errors),
            Arg::Flag(key) if looks_like_key(key) => unexpected(&arg, REFERENCE, errors),
            Arg::Flag(name) => {
                let ty = syn::parse_quote!(#name);
                target.set(name, "the target", Some(ty), errors);
            }
            Arg::Type(ty) => target.set(ty, "the target", Some(ty.clone()), errors),
            Arg::Literal(Lit::Str(route)) => errors.at(route, by_type(&route.value())),
            _ => unexpected(&arg, REFERENCE, errors),
        }
    }
    Reference {
        target: target.0,
        on_delete: on_delete.0,
        revision: revision.0.is_some(),
        validate: validate.0,
    }
}

/// Types start with a capital; `revison` is a slip of the pen.
fn looks_like_key(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_lowercase)
}

fn by_type(route: &str) -> String {
    let words = route.split(|letter: char| !letter.is_alphanumeric());
    let name: String = words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect();
    let name = if name.is_empty() { "Target" } else { &name };
    format!("name the type, not the route: `#[reference({name})]`")
}

fn action(key: &Ident, value: &Expr, errors: &mut Errors) -> Option<&'static str> {
    let text = grammar::string(key, value, errors)?;
    let given = text.value();
    let position = ACTIONS.iter().position(|action| *action == given);
    if position.is_none() {
        let hint = did_you_mean(&given, ACTIONS);
        let list = ACTIONS.join(", ");
        errors.at(&text, format_args!("unknown action `{given}`{hint} ({list})"));
    }
    position.map(|at| VARIANTS[at])
}

fn no_args(attr: &Attribute, name: &str, errors: &mut Errors) {
    if !matches!(attr.meta, syn::Meta::Path(_)) {
        errors.at(attr, format_args!("`#[{name}]` takes no arguments"));
    }
}

fn near_name(attr: &Attribute, name: &str, errors: &mut Errors) {
    if let Some((_, meant)) = NEAR.iter().find(|(near, _)| *near == name) {
        errors.at(attr, format_args!("did you mean `{meant}`?"));
    }
}

/// Marks stand on fields: reports those on the struct itself.
pub(crate) fn misplaced(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs {
        let name = grammar::name(attr.path());
        if name == "unique" {
            errors.at(attr, "`#[unique]` belongs on a field; for several fields write `#[resource(unique(\"a\", \"b\"))]`");
        } else if MARKS.contains(&name.as_str()) {
            errors.at(attr, format_args!("`#[{name}]` belongs on a field"));
        }
    }
}
