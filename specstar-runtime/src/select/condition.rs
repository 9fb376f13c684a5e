//! Conditions on the fields of one resource type.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::{Order, Select};
use crate::qb;
use crate::query::{Literal, MetaField, Operator};

/// Which resources of type `R` are wanted: made by the methods of [columns](crate::column::Column).
///
/// Conditions are joined with [`and`](Self::and) and [`or`](Self::or), or with `&` and `|`, and turned around
/// with `!`. As on the wire, a comparison with null is neither true nor false, and its opposite is neither
/// too. A condition prints as the expression a client would send.
///
/// ```
/// # use specstar_runtime::{descriptor::{Identity, ResourceDescriptor}, resource::{Resource, ResourceEntry}};
/// # struct User;
/// # impl Resource for User {
/// #     const ID: Identity = Identity::new("user", "doc::User", "User");
/// #     const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor::named(Self::ID);
/// #     const ENTRY: ResourceEntry = ResourceEntry::rejected(Self::DESCRIPTOR);
/// # }
/// let mine = User::META.created_by.eq("ann") | User::META.updated_by.eq("ann");
/// let wanted = mine.and(!User::META.rev_status.eq("draft"));
/// assert_eq!(
///     wanted.to_string(),
///     r#"(QB.created_by().eq("ann") | QB.updated_by().eq("ann")) & ~QB.rev_status().eq("draft")"#
/// );
/// ```
#[must_use = "a condition does nothing until it is given to a repository"]
pub struct Condition<R> {
    tree: qb::Condition,
    resource: PhantomData<fn() -> R>,
}

impl<R> Condition<R> {
    pub(crate) fn new(tree: qb::Condition) -> Self {
        Self { tree, resource: PhantomData }
    }

    /// Every resource that meets all of them; of none, the condition that restricts nothing, as `QB.all()`. It is
    /// left out wherever it is joined with another one: `all([]) | c` is `c`.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().reduce(Self::and).unwrap_or_else(|| Self::new(qb::Condition::All))
    }

    /// Every resource that meets some of them; no resource when there are none.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().reduce(Self::or).unwrap_or_else(Self::nothing)
    }

    /// No id is one of none.
    fn nothing() -> Self {
        let nothing = Literal::List(Vec::new());
        Self::new(qb::Condition::is(MetaField::ResourceId.as_str(), Operator::In, nothing))
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self::new(self.tree.and(other.tree))
    }

    /// Either, or both. A side that restricts nothing is left out: see [`Condition::all`].
    pub fn or(self, other: Self) -> Self {
        Self::new(self.tree.or(other.tree))
    }

    /// In this order; a later call adds to it.
    pub fn order_by(self, order: impl Into<Order<R>>) -> Select<R> {
        Select::from(self).order_by(order)
    }

    /// At most this many.
    pub fn limit(self, limit: u64) -> Select<R> {
        Select::from(self).limit(limit)
    }

    /// Without the first ones.
    pub fn offset(self, offset: u64) -> Select<R> {
        Select::from(self).offset(offset)
    }

    /// The page of that number, from 1.
    pub fn page(self, page: u64, size: u64) -> Select<R> {
        Select::from(self).page(page, size)
    }

    /// The condition without its type.
    pub fn tree(&self) -> &qb::Condition {
        &self.tree
    }

    /// The condition without its type.
    pub fn into_tree(self) -> qb::Condition {
        self.tree
    }
}

impl<R> BitAnd for Condition<R> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl<R> BitOr for Condition<R> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl<R> Not for Condition<R> {
    type Output = Self;

    /// What is unknown stays unknown, so that this does not find nulls.
    fn not(self) -> Self {
        self.tree.negated().map_or_else(Self::nothing, Self::new)
    }
}

impl<R> Clone for Condition<R> {
    fn clone(&self) -> Self {
        Self::new(self.tree.clone())
    }
}

impl<R> PartialEq for Condition<R> {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

/// As an expression of the query language.
impl<R> fmt::Display for Condition<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.fmt(f)
    }
}

impl<R> fmt::Debug for Condition<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({self})")
    }
}
