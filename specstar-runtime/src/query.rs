//! What a search may ask: predicates over indexed fields and metadata, sort keys, and the structured
//! filters of the wire. Nothing here knows SQL.
//!
//! A condition starts as a name, an [`Operator`] and a [`Literal`] of any type. A [`Target`] checks the
//! three against what the resource declares and gives a [`Predicate`]: operands of the field's own type,
//! nothing left that could fail. A predicate is evaluated by a store or, on one row, by
//! [`Predicate::eval`]; both follow the three-valued logic of [`Truth`].

pub mod check;
pub mod cursor;
mod distance;
pub mod error;
pub mod eval;
pub mod field;
pub mod filter;
pub mod instant;
pub mod limit;
pub mod literal;
mod number;
pub mod pattern;
pub mod predicate;
mod sort;
mod trigram;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub(crate) use check::nearest;
pub use check::{Checker, Operator, Quantifier, Scope, Target, UnindexedPolicy};
pub use distance::{Distance, Origin, Within};
pub(crate) use distance::{distances, has_texts};
pub use error::{Blame, ConditionError, QueryError};
pub use eval::Row;
pub use field::{Field, MetaField, Shape};
pub use filter::{CompiledFilter, DeletedFilter, StructuredFilter};
pub use instant::parse_instant;
pub use literal::Literal;
pub use number::float_text;
pub use pattern::Pattern;
pub use predicate::{Comparison, ElementTest, Fuzzy, Leaf, Operand, Predicate, Size, Test, Truth, ValueTest};
pub use sort::{Measure, Position, Ranking, SortBy, SortKey, ties_descend};
pub use trigram::{TrigramSet, word_similarity};
