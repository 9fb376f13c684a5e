//! What a rule is about, and whom.

use std::fmt;

use crate::access::Principal;

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    /// Every type that is not reserved.
    Any,
    /// Every resource of a type.
    Model(String),
    /// One resource.
    Resource { model: String, id: String },
}

impl Object {
    /// Reads `*`, `note`, `note/ID` or an id that begins with `note:`. Names of types have neither `/` nor `:`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let end = text.find(['/', ':']).unwrap_or(text.len());
        let (model, rest) = text.split_at(end);
        if model.is_empty() || model.contains(|c: char| c == '*' || c.is_whitespace() || c.is_control()) {
            return None;
        }
        let model = model.to_owned();
        match rest.as_bytes() {
            [] => Some(Self::Model(model)),
            [_] => None,
            [b'/', ..] => Some(Self::Resource { model, id: rest[1..].to_owned() }),
            _ => Some(Self::Resource { model, id: text.to_owned() }),
        }
    }

    /// Whether a question about this type, and perhaps this resource of it, is about this object.
    pub(super) fn covers(&self, model: &str, resource_id: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Model(own) => own == model,
            Self::Resource { model: own, id } => own == model && resource_id == Some(id),
        }
    }
}

/// What can stand in for people: `user:NAME`, `role:NAME`, and `*`. Nobody known is no user.
pub(super) fn is_subject(text: &str, everybody: bool) -> bool {
    if is_nobody(text) {
        return false;
    }
    let named = |prefix: &str| text.strip_prefix(prefix).is_some_and(|name| !name.trim().is_empty());
    named("user:") || named("role:") || (everybody && text == "*")
}

/// Whether somebody meant those nobody knows: rows about them say `*`.
pub(super) fn is_nobody(subject: &str) -> bool {
    subject.strip_prefix("user:").is_some_and(|name| name.trim() == Principal::ANONYMOUS)
}

/// The subject that is a user.
pub(super) fn user(name: &str) -> String {
    subject("user", name)
}

/// The subject that is a role.
pub(super) fn role(name: &str) -> String {
    subject("role", name)
}

fn subject(kind: impl fmt::Display, name: &str) -> String {
    format!("{kind}:{name}")
}
