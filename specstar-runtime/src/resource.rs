//! The trait a derived struct implements, and the one function of it that needs the type.

use crate::access::Policy;
use crate::column::MetaColumns;
use crate::descriptor::{Identity, ResourceDescriptor};
use crate::json::{CapturedBlob, DecodeError};

pub mod migrate;
pub mod payload;
pub mod schema;

pub use migrate::{MigrateError, MigrateFrom, Migration};

/// A struct whose values are stored as versioned resources. Derive it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource: add `#[derive(Resource)]`",
    label = "not a resource"
)]
pub trait Resource: Sized + 'static {
    /// Its names.
    const ID: Identity;
    /// Its fields, indexes and rules.
    const DESCRIPTOR: &'static ResourceDescriptor;
    /// The functions the runtime calls.
    const ENTRY: ResourceEntry;
    /// Typed handles of the metadata, the same for every resource: `User::META.created_time`.
    const META: MetaColumns<Self> = MetaColumns::ALL;
}

/// What `resources![…]` can name: a resource, or the payload of a job.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource: add `#[derive(Resource)]`",
    label = "not a resource"
)]
pub trait Registered {
    /// The functions the runtime calls.
    const ENTRY: ResourceEntry;
}

#[diagnostic::do_not_recommend]
impl<R: Resource> Registered for R {
    const ENTRY: ResourceEntry = <R as Resource>::ENTRY;
}

/// What the runtime keeps of a resource type once the type itself is erased.
#[derive(Clone, Copy)]
pub struct ResourceEntry {
    /// The constants.
    pub descriptor: &'static ResourceDescriptor,
    /// Decodes a JSON body into the type, validates it and writes it back as canonical JSON.
    pub prepare: fn(&[u8]) -> Result<Prepared, DecodeError>,
    /// Adds the OpenAPI schema of the type and of all types inside it.
    pub schemas: fn(&mut SchemaSink),
    /// Who may do what with it.
    pub policy: Policy,
    /// How stored content of older schema versions becomes the type, by the positions of
    /// [`older_versions`](ResourceDescriptor::older_versions).
    pub migrations: &'static [Migration],
}

impl ResourceEntry {
    /// Stands for a struct whose derive failed, so that only the errors of the derive are shown; the
    /// program does not compile, so this is never called.
    #[doc(hidden)]
    pub const fn rejected(descriptor: &'static ResourceDescriptor) -> Self {
        Self {
            descriptor,
            prepare: |_| Err(DecodeError::data("$", "the resource was not derived")),
            schemas: schema::no_schemas,
            policy: Policy::NONE,
            migrations: &[],
        }
    }
}

impl std::fmt::Debug for ResourceEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ResourceEntry").field(&self.descriptor.id.path).finish()
    }
}

/// Schemas by name, as `utoipa` gives them; the type's own one comes first.
pub type SchemaSink = Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>;

/// A payload that fits its type.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Canonical JSON: declared field order, defaults filled in, map keys sorted, no white space. The bytes of blobs
    /// are not part of it.
    pub canonical: Vec<u8>,
    /// The blobs in it, and their bytes.
    pub blobs: Vec<CapturedBlob>,
    /// What the validator of the resource said. It is raised later than a decode error: after
    /// permission, existence and preconditions.
    pub invalid: Option<ValidationErrors>,
}

/// What a validator refuses.
///
/// ```
/// use specstar_runtime::resource::ValidationErrors;
/// fn check(price: f64) -> Result<(), ValidationErrors> {
///     if price < 0.0 { return Err("price must be >= 0".into()); }
///     Ok(())
/// }
/// assert_eq!(check(-1.0).unwrap_err().to_string(), "price must be >= 0");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidationErrors {
    problems: Vec<ValidationProblem>,
}

/// One refused value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationProblem {
    /// Where, as a JSON path such as `$.price`; `$` for the whole resource.
    pub path: String,
    /// What is wrong, for the client.
    pub message: String,
}

impl ValidationErrors {
    /// No problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem at a path such as `$.price`.
    pub fn push(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(ValidationProblem { path: path.into(), message: message.into() });
    }

    /// The problems, in the order they were added.
    pub fn problems(&self) -> &[ValidationProblem] {
        &self.problems
    }

    /// `Ok` when nothing was added, so that a validator can end with it.
    pub fn into_result(self) -> Result<(), Self> {
        if self.problems.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl<T: Into<String>> From<T> for ValidationErrors {
    fn from(message: T) -> Self {
        let mut errors = Self::new();
        errors.push("$", message);
        errors
    }
}

impl std::fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ValidationErrors {}

#[cfg(test)]
mod tests;
