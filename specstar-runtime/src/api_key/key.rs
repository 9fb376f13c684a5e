//! A key as a resource.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Policy, Principal};
use crate::datetime::DateTime;
use crate::descriptor::{
    FieldDescriptor, Identity, IndexDescriptor, IndexKind, ResourceDescriptor, UniqueDescriptor,
};
use crate::resource::payload::prepare_validated;
use crate::resource::schema::schemas;
use crate::resource::{Resource, ResourceEntry, ValidationErrors};

/// A secret that stands for a user.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// What it is for, for people.
    #[schema(example = "nightly import")]
    pub name: String,
    /// The user it stands for.
    #[schema(example = "importer")]
    pub user: String,
    /// The roles it gives.
    #[serde(default)]
    pub roles: Vec<String>,
    /// How the key begins; the server makes it.
    #[serde(default)]
    pub prefix: Option<String>,
    /// SHA-256 of its secret, in hex; the server makes it.
    #[serde(default)]
    pub hash: Option<String>,
    /// From when on it counts no more.
    #[serde(default)]
    pub expires_at: Option<DateTime>,
}

impl ApiKey {
    /// The position of the unique constraint on [`prefix`](Self::prefix).
    pub(super) const BY_PREFIX: usize = 0;

    fn check(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        if self.user.trim().is_empty() {
            errors.push("$.user", "a key stands for a user");
        }
        if self.user == Principal::ANONYMOUS {
            errors.push("$.user", "this is the name of nobody: a key stands for a user");
        }
        errors.into_result()
    }
}

// Compile errors list types of the program, not this one.
#[diagnostic::do_not_recommend]
impl Resource for ApiKey {
    const ID: Identity = Identity::new("_api-key", "specstar::ApiKey", "ApiKey");
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        docs: "A secret that stands for a user.",
        fields: &[
            FieldDescriptor::new("name"),
            FieldDescriptor::new("user"),
            FieldDescriptor::new("roles"),
            FieldDescriptor { readonly: true, ..FieldDescriptor::new("prefix") },
            FieldDescriptor { readonly: true, ..FieldDescriptor::new("hash") },
            FieldDescriptor::new("expires_at"),
        ],
        indexes: &[
            IndexDescriptor::unique::<Option<String>>("prefix", &["prefix"]),
            IndexDescriptor::new("name", &["name"], IndexKind::Text),
            IndexDescriptor::new("user", &["user"], IndexKind::Text),
            IndexDescriptor::of::<Vec<String>>("roles", &["roles"]),
            IndexDescriptor::of::<Option<DateTime>>("expires_at", &["expires_at"]),
        ],
        uniques: &[UniqueDescriptor::new(&[0])],
        display_name: Some("name"),
        ..ResourceDescriptor::named(Self::ID)
    };
    const ENTRY: ResourceEntry = ResourceEntry {
        descriptor: Self::DESCRIPTOR,
        prepare: |body| prepare_validated(body, Self::check),
        schemas: schemas::<Self>,
        policy: Policy::NONE,
        migrations: &[],
    };
}
