//! The lock file: the shapes of all types as they were when somebody said that they may be stored.
//!
//! It stands beside the `Cargo.toml` of a crate as `specstar.lock.json` and is kept with its code. The derive compares
//! each struct with it and refuses other fields under the same schema version; whoever ships a program compares all of
//! it with [`Lock::drift`].

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::descriptor::{IndexDescriptor, IndexKind, ResourceDescriptor};
use crate::resource::ResourceEntry;

/// Its name.
pub const FILE: &str = "specstar.lock.json";

/// The version of the file itself.
const FORMAT: u32 = 1;

/// The file that the derive compares the types of a crate with: the one in its folder, or the nearest one around it up
/// to the root of the workspace.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let own = folder.join(FILE);
    if own.is_file() {
        return Some(own);
    }
    // The derive looks in the same way, and cannot call this crate.
    let is_root = |folder: &&Path| {
        std::fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.lines().any(|line| line.trim_start().starts_with("[workspace")))
    };
    let root = folder.ancestors().find(is_root)?;
    let mut around = folder.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    around.find_map(|folder| Some(folder.join(FILE)).filter(|path| path.is_file()))
}

/// The shapes of a program's types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    format: u32,
    /// By the name in paths.
    pub resources: BTreeMap<String, Shape>,
}

/// The shape of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The name of the struct.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its schema version.
    pub schema: Option<String>,
    /// The versions whose content it can read.
    pub older: Vec<Option<String>>,
    /// Its stored fields, as declared.
    pub fields: Vec<Field>,
    /// Its indexes, as declared.
    pub indexes: Vec<Index>,
}

/// A stored field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name in JSON.
    pub name: String,
    /// Its type, as written.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The name queries use.
    pub key: String,
    /// Where the value stands, with dots between the names.
    pub path: String,
    /// `text`, `integer`, `float`, `boolean` or `date_time`.
    pub kind: String,
    /// A list of such values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list: bool,
    /// Part of a unique constraint.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
}

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file cannot be read or written.
    #[error("{FILE}: {0}")]
    Io(#[from] io::Error),
    /// It is not what this version writes.
    #[error("{FILE} is not a lock file: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It was written by a later version.
    #[error("{FILE} has format {0}, this version knows {FORMAT}")]
    Format(u32),
}

/// How one type differs from what was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The name in paths.
    pub resource: String,
    /// What differs, in words.
    pub what: Vec<String>,
    /// The fields differ under the same schema version, or the version is an older one: stored content may not fit.
    pub unraised: bool,
}

impl std::fmt::Display for Drift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.resource, self.what.join("; "))
    }
}

/// The shapes of these types; those of the framework itself are left out.
///
/// ```
/// use specstar_runtime::schema::lock::shapes;
/// assert!(shapes(&[]).resources.is_empty());
/// ```
pub fn shapes(entries: &[ResourceEntry]) -> Lock {
    let own = entries.iter().map(|entry| entry.descriptor).filter(|d| !d.id.name.starts_with('_'));
    Lock { format: FORMAT, resources: own.map(|d| (d.id.name.to_owned(), Shape::of(d))).collect() }
}

impl Shape {
    fn of(descriptor: &ResourceDescriptor) -> Self {
        let field = |field: &crate::descriptor::FieldDescriptor| Field {
            name: field.name.to_owned(),
            type_name: field.type_name.to_owned(),
        };
        let unique = |at: usize| descriptor.uniques.iter().any(|unique| unique.indexes.contains(&at));
        let indexes = descriptor.indexes.iter().enumerate();
        Self {
            type_name: descriptor.id.type_name.to_owned(),
            schema: descriptor.schema_version.map(str::to_owned),
            older: descriptor.older_versions.iter().map(|version| version.map(str::to_owned)).collect(),
            fields: descriptor.fields.iter().map(field).collect(),
            indexes: indexes.map(|(at, index)| Index::of(index, unique(at))).collect(),
        }
    }
}

impl Index {
    fn of(index: &IndexDescriptor, unique: bool) -> Self {
        let kind = match index.kind {
            IndexKind::Text => "text",
            IndexKind::Integer => "integer",
            IndexKind::Float => "float",
            IndexKind::Boolean => "boolean",
            IndexKind::DateTime => "date_time",
        };
        let (key, path) = (index.key.to_owned(), index.path.join("."));
        Self { key, path, kind: kind.to_owned(), list: index.list, unique }
    }
}

impl Lock {
    /// The file at that path; `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let lock: Self = serde_json::from_slice(&text)?;
        if lock.format == FORMAT { Ok(Some(lock)) } else { Err(LockError::Format(lock.format)) }
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let new = path.with_extension("json.new");
        std::fs::write(&new, text)?;
        Ok(std::fs::rename(&new, path)?)
    }

    /// How the types are now differs from what is locked, by name. Empty when nothing does.
    pub fn drift(&self, now: &Self) -> Vec<Drift> {
        let mut all = Vec::new();
        for (name, locked) in &self.resources {
            let drift = match now.resources.get(name) {
                Some(shape) => locked.drift(name, shape),
                None => Some(Drift::of(name, "is not registered any more")),
            };
            all.extend(drift);
        }
        let new = now.resources.keys().filter(|name| !self.resources.contains_key(*name));
        all.extend(new.map(|name| Drift::of(name, "is new")));
        all.sort_by(|a, b| a.resource.cmp(&b.resource));
        all
    }
}

impl Drift {
    fn of(resource: &str, what: &str) -> Self {
        Self { resource: resource.to_owned(), what: vec![what.to_owned()], unraised: false }
    }
}

impl Shape {
    fn drift(&self, name: &str, now: &Self) -> Option<Drift> {
        let mut what = Vec::new();
        if self.schema != now.schema {
            what.push(format!(
                "schema {} became {}",
                shown(self.schema.as_ref()),
                shown(now.schema.as_ref())
            ));
        }
        let fields = differences(&self.fields, &now.fields, |field| &field.name);
        let others = [
            ("fields", fields.clone()),
            ("indexes", differences(&self.indexes, &now.indexes, |index| &index.key)),
        ];
        for (kind, parts) in others.iter().filter(|(_, parts)| !parts.is_empty()) {
            what.push(format!("{kind} {}", parts.join(", ")));
        }
        if self.type_name != now.type_name {
            what.push(format!("`{}` became `{}`", self.type_name, now.type_name));
        }
        if self.older != now.older && what.is_empty() {
            what.push("other older versions can be read".to_owned());
        }
        let lowered = self.older.contains(&now.schema);
        let unraised = lowered || (self.schema == now.schema && !fields.is_empty());
        (!what.is_empty()).then(|| Drift { resource: name.to_owned(), what, unraised })
    }
}

/// What came, went and changed.
fn differences<T: PartialEq>(before: &[T], after: &[T], name: fn(&T) -> &String) -> Vec<String> {
    let find = |items: &[T], wanted: &String| items.iter().position(|item| name(item) == wanted);
    let mut parts = Vec::new();
    for item in after {
        match find(before, name(item)) {
            None => parts.push(format!("+{}", name(item))),
            Some(at) if before[at] != *item => parts.push(format!("~{}", name(item))),
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|item| find(after, name(item)).is_none());
    parts.extend(gone.map(|item| format!("-{}", name(item))));
    parts
}

fn shown(version: Option<&String>) -> &str {
    version.map_or("none", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(schema: &str, fields: &[(&str, &str)]) -> Shape {
        let field = |(name, ty): &(&str, &str)| Field { name: (*name).into(), type_name: (*ty).into() };
        Shape {
            type_name: "User".into(),
            schema: Some(schema.into()),
            older: vec![Some("v1".into())],
            fields: fields.iter().map(field).collect(),
            indexes: Vec::new(),
        }
    }

    fn lock(shape: Shape) -> Lock {
        Lock { format: FORMAT, resources: BTreeMap::from([("user".to_owned(), shape)]) }
    }

    #[test]
    fn the_file_of_a_workspace_serves_its_crates() {
        let root = tempfile::tempdir().expect("a folder");
        let krate = root.path().join("models");
        std::fs::create_dir(&krate).expect("a folder");
        std::fs::write(root.path().join(FILE), "{}").expect("it is written");
        assert_eq!(find(&krate), None);
        std::fs::write(root.path().join("Cargo.toml"), "[workspace]\n").expect("it is written");
        assert_eq!(find(&krate), Some(root.path().join(FILE)));
        std::fs::write(krate.join(FILE), "{}").expect("it is written");
        assert_eq!(find(&krate), Some(krate.join(FILE)));
    }

    #[test]
    fn a_lock_file_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        assert!(Lock::read(&path).expect("there is none").is_none());
        let written = lock(shape("v2", &[("name", "String")]));
        written.write(&path).expect("it is written");
        assert_eq!(Lock::read(&path).expect("it reads"), Some(written));
        std::fs::write(&path, "{}").expect("it is written");
        assert!(Lock::read(&path).is_err());
    }

    #[test]
    fn other_fields_need_another_version_and_none_may_be_an_older_one() {
        let locked = lock(shape("v2", &[("name", "String"), ("nick", "String")]));
        assert!(locked.drift(&locked).is_empty());
        let other = [("name", "Option<String>"), ("nickname", "String")];
        let drift = locked.drift(&lock(shape("v2", &other)));
        assert_eq!(drift[0].to_string(), "user: fields ~name, +nickname, -nick");
        assert!(drift[0].unraised);
        assert!(!locked.drift(&lock(shape("v3", &other)))[0].unraised);
        assert!(locked.drift(&lock(shape("v1", &other)))[0].unraised);
        let gone = locked.drift(&shapes(&[]));
        assert_eq!(
            (gone[0].to_string().as_str(), gone[0].unraised),
            ("user: is not registered any more", false)
        );
    }
}
