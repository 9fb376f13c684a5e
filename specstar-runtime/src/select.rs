//! Queries of a program, with types: what columns can be asked, conditions, and selections with an order and
//! a page. They hold the trees of [`qb`], so that a typed query and an expression of a client are checked
//! alike and end in the same predicate.

mod condition;
mod fits;
mod parts;
mod rank;
#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;

pub use condition::Condition;
pub use fits::{Bound, HasText, IsDateTime, IsList, IsText, Measured, Ordered, PartOf, Text};
pub use parts::{Elements, Length, Order};
pub use rank::{Distance, Similarity, VectorOperand};

use crate::datetime::Timestamp;
use crate::qb;
use crate::resource::Resource;

/// Which resources of type `R`, in which order, and which page of them.
///
/// Soft-deleted resources are left out unless the condition asks for `is_deleted`. Without a limit it is
/// every match. Without an order it is the order of creation. A selection prints as the expression a client
/// would send.
///
/// ```
/// # use specstar_runtime::{descriptor::{Identity, ResourceDescriptor}, resource::{Resource, ResourceEntry}};
/// # struct User;
/// # impl Resource for User {
/// #     const ID: Identity = Identity::new("user", "doc::User", "User");
/// #     const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor::named(Self::ID);
/// #     const ENTRY: ResourceEntry = ResourceEntry::rejected(Self::DESCRIPTOR);
/// # }
/// let page = User::META.created_time.today().order_by(User::META.updated_time.desc()).limit(20).offset(40);
/// assert_eq!(
///     page.to_string(),
///     "QB.created_time().today().sort(QB.updated_time().desc()).limit(20).offset(40)"
/// );
/// ```
#[must_use = "a selection does nothing until it is given to a repository"]
pub struct Select<R> {
    query: qb::Query,
    cursor: Option<String>,
    resource: PhantomData<fn() -> R>,
}

impl<R> Select<R> {
    /// Every live resource.
    pub fn all() -> Self {
        qb::Query::default().into()
    }

    /// In this order; a later call adds to it.
    pub fn order_by(mut self, order: impl Into<Order<R>>) -> Self {
        self.query.sorts.push(order.into().into_sort());
        self
    }

    /// At most this many.
    pub fn limit(mut self, limit: u64) -> Self {
        self.query.limit = Some(limit);
        self
    }

    /// Without the first ones.
    pub fn offset(mut self, offset: u64) -> Self {
        self.query.offset = Some(offset);
        self
    }

    /// The page of that number, from 1; 0 is taken for 1.
    pub fn page(self, page: u64, size: u64) -> Self {
        self.offset(page.saturating_sub(1).saturating_mul(size)).limit(size)
    }

    /// Behind the page that ended with this cursor, under the same condition and order.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// The selection without its type and its cursor.
    pub fn query(&self) -> &qb::Query {
        &self.query
    }

    pub(crate) fn into_parts(self) -> (qb::Query, Option<String>) {
        (self.query, self.cursor)
    }
}

impl<R> From<Condition<R>> for Select<R> {
    fn from(condition: Condition<R>) -> Self {
        qb::Query::new(condition.into_tree()).into()
    }
}

/// What a client wrote; whether it fits the type is seen when it is run.
impl<R> From<qb::Query> for Select<R> {
    fn from(query: qb::Query) -> Self {
        Self { query, cursor: None, resource: PhantomData }
    }
}

impl<R> Clone for Select<R> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone(), cursor: self.cursor.clone(), resource: PhantomData }
    }
}

impl<R> PartialEq for Select<R> {
    fn eq(&self, other: &Self) -> bool {
        self.query == other.query && self.cursor == other.cursor
    }
}

/// As an expression of the query language, which has no cursors.
impl<R> fmt::Display for Select<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.query.fmt(f)
    }
}

impl<R> fmt::Debug for Select<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("query", &format_args!("{}", self.query))
            .field("cursor", &self.cursor)
            .finish()
    }
}

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// `dt.datetime.today()` of `qb!`, moved by that many microseconds.
#[doc(hidden)]
pub fn now_and(micros: i64) -> Timestamp {
    Timestamp(Timestamp::now().0.saturating_add(micros))
}

/// `dt.date.today()` of `qb!`, moved by that many microseconds.
#[doc(hidden)]
pub fn today_and(micros: i64) -> Timestamp {
    Timestamp((Timestamp::now().0.div_euclid(DAY) * DAY).saturating_add(micros))
}

/// What `qb!` begins with; it asks for a resource at the place of the type.
#[doc(hidden)]
pub fn select<R: Resource>(condition: Condition<R>) -> Select<R> {
    condition.into()
}

/// Where `qb!` has a Rust value that must be a condition.
#[doc(hidden)]
pub fn condition<R>(condition: Condition<R>) -> Condition<R> {
    condition
}
