//! Which resources exist for somebody at all.

use std::sync::Arc;

#[cfg(doc)]
use super::Principal;
use crate::datetime::Timestamp;
use crate::error::Result;
use crate::meta::HeadRef;
use crate::qb::Context;
use crate::query::{Predicate, Row, Truth};
use crate::resource::Resource;
use crate::schema::index_as_stored;
use crate::select::{Condition, Select};

/// Which resources of type `R` exist for somebody: the others are neither found, nor read, nor changed.
///
/// ```
/// # use specstar_runtime::{descriptor::{Identity, ResourceDescriptor}, resource::{Resource, ResourceEntry}};
/// # struct Note;
/// # impl Resource for Note {
/// #     const ID: Identity = Identity::new("note", "doc::Note", "Note");
/// #     const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor::named(Self::ID);
/// #     const ENTRY: ResourceEntry = ResourceEntry::rejected(Self::DESCRIPTOR);
/// # }
/// use specstar_runtime::access::{Principal, Scope};
///
/// fn own(principal: &Principal) -> Scope<Note> {
///     match principal {
///         Principal::Anonymous => Scope::None,
///         user if user.name() == "root" => Scope::All,
///         user => Note::META.created_by.eq(user.name()).into(),
///     }
/// }
/// # let _ = own;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a scope does nothing until it is returned"]
pub enum Scope<R> {
    /// Every one.
    All,
    /// None.
    None,
    /// Those that meet a condition.
    Rows(Condition<R>),
}

impl<R> From<Condition<R>> for Scope<R> {
    fn from(condition: Condition<R>) -> Self {
        Self::Rows(condition)
    }
}

impl<R: Resource> Scope<R> {
    /// The scope without its type; `now` is the moment the calendar methods look from.
    pub fn erase(self, now: Timestamp) -> Result<RowScope> {
        let condition = match self {
            Self::All => return Ok(RowScope::All),
            Self::None => return Ok(RowScope::None),
            Self::Rows(condition) => condition,
        };
        let (query, _) = Select::from(condition).into_parts();
        let checked = query.check(R::DESCRIPTOR, &Context::at(now))?;
        Ok(RowScope::Rows(Arc::new(checked.predicate)))
    }
}

/// Which resources of one type exist for somebody.
#[derive(Clone, Debug, PartialEq)]
pub enum RowScope {
    /// Every one.
    All,
    /// None.
    None,
    /// Those that meet a predicate, which says nothing about soft deletion.
    Rows(Arc<Predicate>),
}

impl RowScope {
    /// What both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) | (other, Self::All) => other,
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::Rows(left), Self::Rows(right)) => {
                Self::Rows(Arc::new(left.as_ref().clone() & right.as_ref().clone()))
            }
        }
    }

    /// Whether it holds every resource.
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// A predicate restricted to this scope.
    #[must_use]
    pub fn narrow(&self, predicate: Arc<Predicate>) -> Arc<Predicate> {
        match self {
            Self::All => predicate,
            Self::None => Arc::new(Predicate::any([])),
            Self::Rows(rows) => Arc::new(predicate.as_ref().clone() & rows.as_ref().clone()),
        }
    }

    /// Whether it holds this resource.
    pub fn holds(
        &self,
        descriptor: &'static crate::descriptor::ResourceDescriptor,
        head: &HeadRef<'_>,
    ) -> Result<bool> {
        match self {
            Self::All => Ok(true),
            Self::None => Ok(false),
            Self::Rows(predicate) => {
                // As the store has them, which narrows searches by the same values.
                let values = index_as_stored(descriptor, &head.revision)?;
                let row = Row { head: *head, values: &values.entries };
                Ok(predicate.eval(&row) == Truth::True)
            }
        }
    }
}
