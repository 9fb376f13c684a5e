//! A rule as a resource.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ActionSet;
use super::object::{Object, is_nobody, is_subject};
use crate::access::{Action, Policy};
use crate::descriptor::{FieldDescriptor, Identity, IndexDescriptor, IndexKind, ResourceDescriptor};
use crate::resource::payload::prepare_validated;
use crate::resource::schema::schemas;
use crate::resource::{Resource, ResourceEntry, ValidationErrors};

/// Who may, or may not, do what.
///
/// A rule about one resource says nothing about lists of its type, with one exception: one that denies somebody to
/// search or read it takes it out of everything there is for them. See the [module](crate::acl).
///
/// ```
/// use specstar_runtime::access::Action;
/// use specstar_runtime::acl::AclRule;
///
/// let rule = AclRule::allow("role:editor", "note", Action::READ | Action::UPDATE);
/// # let _ = rule;
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AclRule {
    /// Whom: `user:NAME`, `role:NAME`, or `*` for everybody.
    #[schema(example = "user:ann")]
    pub subject: String,
    /// With what: a resource type, one resource as `TYPE/ID` or by an id that begins with `TYPE:`, or `*`.
    #[schema(example = "*")]
    pub object: String,
    /// Which actions: the sum of their numbers, or a list of names.
    #[serde(alias = "action")]
    pub actions: ActionSet,
    /// Whether they are allowed.
    #[serde(default)]
    pub effect: Effect,
    /// Which rule comes first, where rules are asked in order; small numbers first.
    #[serde(default)]
    pub order: i64,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Yes.
    #[default]
    Allow,
    /// No.
    Deny,
}

impl AclRule {
    /// The subject may do this with the object.
    pub fn allow(subject: impl Into<String>, object: impl Into<String>, actions: Action) -> Self {
        Self {
            subject: subject.into(),
            object: object.into(),
            actions: ActionSet(actions),
            effect: Effect::Allow,
            order: 0,
        }
    }

    /// The subject may not do this with the object.
    pub fn deny(subject: impl Into<String>, object: impl Into<String>, actions: Action) -> Self {
        Self { effect: Effect::Deny, ..Self::allow(subject, object, actions) }
    }

    /// The same rule at another place in the order.
    #[must_use]
    pub fn at(self, order: i64) -> Self {
        Self { order, ..self }
    }

    fn check(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        if is_nobody(&self.subject) {
            errors.push("$.subject", "nobody known is no user: a rule for everybody has the subject `*`");
        } else if !is_subject(&self.subject, true) {
            errors.push("$.subject", "a subject is `user:NAME`, `role:NAME` or `*`");
        }
        if Object::parse(&self.object).is_none() {
            errors.push(
                "$.object",
                "an object is a resource type, `TYPE/ID`, an id that begins with `TYPE:`, or `*`",
            );
        }
        if self.actions.0.is_empty() {
            errors.push("$.actions", "a rule is about at least one action");
        }
        errors.into_result()
    }
}

// Compile errors list types of the program, not this one.
#[diagnostic::do_not_recommend]
impl Resource for AclRule {
    const ID: Identity = Identity::new("_acl", "specstar::AclRule", "AclRule");
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        docs: "Who may, or may not, do what.",
        fields: &[
            FieldDescriptor::new("subject"),
            FieldDescriptor::new("object"),
            FieldDescriptor { aliases: &["action"], ..FieldDescriptor::new("actions") },
            FieldDescriptor::new("effect"),
            FieldDescriptor::new("order"),
        ],
        indexes: &[
            IndexDescriptor::new("subject", &["subject"], IndexKind::Text),
            IndexDescriptor::new("object", &["object"], IndexKind::Text),
            IndexDescriptor::new("actions", &["actions"], IndexKind::Integer),
            IndexDescriptor::new("effect", &["effect"], IndexKind::Text),
            IndexDescriptor::new("order", &["order"], IndexKind::Integer),
        ],
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
