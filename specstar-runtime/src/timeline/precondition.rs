//! What a client expects of the resource it changes.

use crate::error::{Error, Result};
use crate::id::{CurrentTag, EntityTag, Precondition, revision_id};
use crate::meta::{Head, HeadRef, RevisionRef};

/// The preconditions of a write (RFC 9110 section 13, and `expected_revision_id`).
#[derive(serde::Serialize, serde::Deserialize, Clone, Debug, Default)]
pub struct Preconditions {
    if_match: Option<Precondition>,
    expected: Option<EntityTag>,
}

impl Preconditions {
    /// From the `If-Match` header and the `expected_revision_id` parameter, which must not disagree.
    pub fn new(if_match: Option<Precondition>, expected: Option<&str>) -> Result<Self> {
        let expected = expected.map(EntityTag::strong);
        if let (Some(header), Some(expected)) = (&if_match, &expected)
            && *header != Precondition::Any
            && *header != Precondition::Tags(vec![expected.clone()])
        {
            return Err(Error::BadRequest(
                "If-Match and expected_revision_id differ: give one of them, or the same value in both"
                    .into(),
            ));
        }
        Ok(Self { if_match, expected })
    }

    /// Nothing is expected.
    pub fn none() -> Self {
        Self::default()
    }

    /// A revision id or an entity tag must be the current one.
    pub fn revision(expected: &str) -> Self {
        Self { if_match: None, expected: Some(EntityTag::strong(expected)) }
    }

    /// Fails unless the head is as expected.
    pub fn check(&self, head: &Head) -> Result<()> {
        let borrowed = head.as_ref();
        let current = tag(&borrowed, &borrowed.revision);
        if let Some(header) = &self.if_match
            && !header.matches(&current)
        {
            return Err(failed(&current, &shown(header)));
        }
        match &self.expected {
            Some(expected) if !expected.matches(&current) => Err(failed(&current, &expected.text)),
            _ => Ok(()),
        }
    }
}

/// What the entity tag of a revision of a resource is made of.
pub fn tag<'a>(head: &HeadRef<'a>, revision: &RevisionRef<'_>) -> CurrentTag<'a> {
    CurrentTag {
        resource_id: head.resource_id,
        seq: revision.seq,
        data_hash: revision.data_hash,
        version: head.version,
    }
}

fn shown(header: &Precondition) -> String {
    match header {
        Precondition::Any => "*".to_owned(),
        Precondition::Tags(tags) => {
            let texts: Vec<String> = tags
                .iter()
                .map(|tag| if tag.weak { format!("W/{}", tag.text) } else { tag.text.clone() })
                .collect();
            texts.join(", ")
        }
    }
}

/// Shows the current state in the form in which it was expected.
fn failed(current: &CurrentTag<'_>, expected: &str) -> Error {
    let actual = if expected.contains("@xxh3_128:") {
        current.of_data()
    } else {
        revision_id(current.resource_id, current.seq)
    };
    Error::PreconditionFailed {
        resource_id: current.resource_id.to_owned(),
        expected: expected.to_owned(),
        actual,
    }
}
