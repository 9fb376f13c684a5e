//! A membership as a resource.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::object::{is_nobody, is_subject};
use crate::access::Policy;
use crate::descriptor::{
    FieldDescriptor, Identity, IndexDescriptor, IndexKind, ResourceDescriptor, UniqueDescriptor,
};
use crate::resource::payload::prepare_validated;
use crate::resource::schema::schemas;
use crate::resource::{Resource, ResourceEntry, ValidationErrors};

/// Somebody, or everybody of another role, is in a role.
///
/// ```
/// use specstar_runtime::acl::RoleMember;
///
/// let ann = RoleMember::new("user:ann", "editor");
/// let editors = RoleMember::new("role:editor", "reader"); // every editor is a reader
/// # let _ = (ann, editors);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoleMember {
    /// Who: `user:NAME` or `role:NAME`.
    #[schema(example = "user:ann")]
    pub subject: String,
    /// The name of the role.
    #[schema(example = "editor")]
    pub role: String,
}

impl RoleMember {
    /// This subject is in this role.
    pub fn new(subject: impl Into<String>, role: impl Into<String>) -> Self {
        Self { subject: subject.into(), role: role.into() }
    }

    fn check(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        if is_nobody(&self.subject) {
            errors.push("$.subject", "nobody known is no user, and in no role");
        } else if !is_subject(&self.subject, false) {
            errors.push("$.subject", "a member is `user:NAME` or `role:NAME`");
        }
        if self.role.trim().is_empty() || self.role.contains(':') {
            errors.push("$.role", "a role is a name without `:`, as in `editor`");
        }
        errors.into_result()
    }
}

// Compile errors list types of the program, not this one.
#[diagnostic::do_not_recommend]
impl Resource for RoleMember {
    const ID: Identity = Identity::new("_role", "specstar::RoleMember", "RoleMember");
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        docs: "Somebody, or everybody of another role, is in a role.",
        fields: &[FieldDescriptor::new("subject"), FieldDescriptor::new("role")],
        indexes: &[
            IndexDescriptor::new("subject", &["subject"], IndexKind::Text),
            IndexDescriptor::new("role", &["role"], IndexKind::Text),
        ],
        uniques: &[UniqueDescriptor::new(&[0, 1])],
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
