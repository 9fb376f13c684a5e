//! The lock file: the shapes of the resources as they were locked, against which the derive compares.
//!
//! Whoever changes the fields of a struct whose content is stored has to raise the version; the file remembers what
//! the fields were. Without a file in the crate or its workspace nothing is compared.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use serde_json::Value;
use syn::Type;

use crate::ast::Resource;
use crate::errors::Errors;

/// Its name.
const FILE: &str = "specstar.lock.json";

/// What a type was when it was locked.
struct Locked {
    schema: Option<String>,
    /// The versions it could read then.
    older: Vec<Option<String>>,
    /// Names and types of its fields.
    fields: Vec<(String, String)>,
}

/// `off` keeps the derive from comparing: who changes a shape has to build the program once to lock the new one.
const SWITCH: &str = "SPECSTAR_LOCK";

/// Where the file is, when there is one and it is asked.
fn path() -> Option<PathBuf> {
    if std::env::var_os(SWITCH).is_some_and(|value| value == "off") {
        return None;
    }
    file()
}

fn file() -> Option<PathBuf> {
    nearest(Path::new(&std::env::var_os("CARGO_MANIFEST_DIR")?))
}

/// The types of a program can stand in other crates of its workspace, and one file knows them all: it is looked for in
/// the folder of the crate, and in those around it up to the root of the workspace.
fn nearest(folder: &Path) -> Option<PathBuf> {
    let own = folder.join(FILE);
    if own.is_file() {
        return Some(own);
    }
    let is_root = |folder: &&Path| {
        std::fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.lines().any(|line| line.trim_start().starts_with("[workspace")))
    };
    let root = folder.ancestors().find(is_root)?;
    let mut around = folder.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    around.find_map(|folder| Some(folder.join(FILE)).filter(|path| path.is_file()))
}

/// Has the compiler compile the type again when the file has changed, or the switch.
pub(crate) fn dependency() -> Option<TokenStream> {
    let path = file()?;
    let path = path.to_str()?;
    Some(quote!(
        const _: &[u8] = ::core::include_bytes!(#path);
        const _: ::core::option::Option<&str> = ::core::option_env!(#SWITCH);
    ))
}

/// Compares the struct with the file.
pub(crate) fn check(resource: &Resource, errors: &mut Errors) {
    let Some(path) = path() else { return };
    match read(&path, &resource.name()) {
        Ok(Some(locked)) => compare(resource, &locked, errors),
        // The type is newer than the file.
        Ok(None) => {}
        Err(reason) => errors.at(&resource.ident, format_args!("{FILE} cannot be read: {reason}")),
    }
}

fn read(path: &Path, name: &str) -> Result<Option<Locked>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let file: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if file["format"] != 1 {
        return Err(format!("its format is {}, this version knows 1", file["format"]));
    }
    let Some(entry) = file["resources"].get(name) else { return Ok(None) };
    locked(entry).map(Some).ok_or_else(|| format!("the entry of `{name}` is not complete"))
}

fn locked(entry: &Value) -> Option<Locked> {
    let version = |value: &Value| value.as_str().map(str::to_owned);
    let field = |value: &Value| Some((version(&value["name"])?, version(&value["type"])?));
    Some(Locked {
        schema: version(entry.get("schema")?),
        older: entry["older"].as_array()?.iter().map(version).collect(),
        fields: entry["fields"].as_array()?.iter().map(field).collect::<Option<_>>()?,
    })
}

fn compare(resource: &Resource, locked: &Locked, errors: &mut Errors) {
    let schema = resource.options.schema.0.as_ref();
    let version = schema.map(syn::LitStr::value);
    if version == locked.schema {
        return same_version(resource, locked, errors);
    }
    let known = resource.ways().iter().any(|way| way.from == locked.schema);
    let place: &dyn ToTokens = schema.map_or(&resource.ident, |literal| literal);
    let was = shown(locked.schema.as_deref());
    if locked.older.contains(&version) {
        let version = shown(version.as_deref());
        errors.at(&place, format_args!("schema {version} is older than the locked {was}"));
    } else if !known {
        errors.at(
            &place,
            format_args!("content of the locked schema {was} could not be read: add `migrate({was} => …)`"),
        );
    }
}

fn same_version(resource: &Resource, locked: &Locked, errors: &mut Errors) {
    let now: Vec<(String, String)> =
        resource.stored().map(|field| (field.wire.clone(), written(&field.ty))).collect();
    let without = |these: &[(String, String)], those: &[(String, String)]| -> Vec<String> {
        let there = |name: &str| those.iter().any(|(other, _)| other == name);
        these.iter().map(|(name, _)| name.clone()).filter(|name| !there(name)).collect()
    };
    let changed = |(name, ty): &&(String, String)| {
        locked.fields.iter().any(|(other, before)| other == name && before != ty)
    };
    let changed: Vec<String> = now.iter().filter(changed).map(|(name, _)| name.clone()).collect();
    let parts: Vec<String> = [
        ("added", without(&now, &locked.fields)),
        ("removed", without(&locked.fields, &now)),
        ("changed", changed),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(what, names)| format!("{what}: {}", names.join(", ")))
    .collect();
    if parts.is_empty() {
        return;
    }
    let (name, version) = (&resource.ident, locked.schema.as_deref().unwrap_or("none"));
    errors.at(
        name,
        format_args!(
            "`{name}` differs from the locked schema {version} ({}). Raise `schema` and add \
             `migrate({} => …)`, or run `{SWITCH}=off cargo run -- lock --accept`",
            parts.join("; "),
            shown(locked.schema.as_deref()),
        ),
    );
}

fn shown(version: Option<&str>) -> String {
    version.map_or_else(|| "none".to_owned(), |version| format!("{version:?}"))
}

/// A type as it is written, without the blanks that mean nothing.
pub(crate) fn written(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    let is_word = |letter: Option<&char>| letter.is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (at, letter) in letters.iter().enumerate() {
        let between_words = at > 0 && is_word(letters.get(at - 1)) && is_word(letters.get(at + 1));
        if !letter.is_whitespace() || between_words {
            out.push(*letter);
        }
        if *letter == ',' || *letter == ';' {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_workspace_is_found_from_its_crates() {
        let folder = std::env::temp_dir().join(format!("specstar-lock-{}", std::process::id()));
        let (root, krate) = (folder.join("root"), folder.join("root/crates/models"));
        std::fs::create_dir_all(&krate).expect("folders");
        let write = |path: PathBuf, text: &str| std::fs::write(path, text).expect("it is written");
        write(folder.join(FILE), "{}");
        write(krate.join("Cargo.toml"), "[package]\nname = \"models\"\n");
        assert_eq!(nearest(&krate), None, "without a workspace only the crate counts");
        write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"crates/*\"]\n");
        assert_eq!(nearest(&krate), None, "what is around the workspace does not count");
        write(root.join(FILE), "{}");
        assert_eq!(nearest(&krate), Some(root.join(FILE)));
        write(krate.join(FILE), "{}");
        assert_eq!(nearest(&krate), Some(krate.join(FILE)), "its own comes first");
        std::fs::remove_dir_all(folder).expect("it is removed");
    }

    #[test]
    fn types_are_written_without_idle_blanks() {
        for text in ["String", "Option<Ref<Team>>", "[f32; 3]", "HashMap<String, Vec<u8>>", "&'static str"] {
            let ty: Type = syn::parse_str(text).expect("a type");
            assert_eq!(written(&ty), text);
        }
    }
}
