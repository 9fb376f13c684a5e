//! What can be sorted by besides fields: similarity, and distance, which can be compared too.

use std::fmt;
use std::marker::PhantomData;

use super::{Condition, Order};
use crate::descriptor::Metric;
use crate::qb::{self, Question, SortTerm};
use crate::query::{Comparison, Literal};
use crate::vector::as_stored;

/// How similar a text is to another one: `User::COLUMNS.bio.similarity("…")`. In an order by itself, what is
/// most similar comes first.
#[must_use = "a similarity does nothing until something is sorted by it"]
pub struct Similarity<R> {
    term: SortTerm,
    resource: PhantomData<fn() -> R>,
}

impl<R> Similarity<R> {
    pub(crate) const fn new(term: SortTerm) -> Self {
        Self { term, resource: PhantomData }
    }

    /// The least similar first.
    pub fn asc(self) -> Order<R> {
        Order::by(self.term, false)
    }

    /// The most similar first.
    pub fn desc(self) -> Order<R> {
        Order::by(self.term, true)
    }
}

/// How far away a vector is from another one: `User::COLUMNS.face.cosine([…])`. In an order by itself, what is
/// nearest comes first.
#[must_use = "a distance does nothing until it is compared or sorted by"]
pub struct Distance<R> {
    key: &'static str,
    metric: Metric,
    vector: Literal,
    resource: PhantomData<fn() -> R>,
}

impl<R> Distance<R> {
    pub(crate) const fn new(key: &'static str, metric: Metric, vector: Literal) -> Self {
        Self { key, metric, vector, resource: PhantomData }
    }

    fn within(self, comparison: Comparison, bound: f64) -> Condition<R> {
        let Self { key, metric, vector, .. } = self;
        Condition::new(qb::Condition::test(key, Question::Within { metric, vector, comparison, bound }))
    }

    /// Nearer than this.
    pub fn lt(self, bound: f64) -> Condition<R> {
        self.within(Comparison::Lt, bound)
    }

    /// As near as this, or nearer.
    pub fn le(self, bound: f64) -> Condition<R> {
        self.within(Comparison::Lte, bound)
    }

    /// Farther than this.
    pub fn gt(self, bound: f64) -> Condition<R> {
        self.within(Comparison::Gt, bound)
    }

    /// As far as this, or farther.
    pub fn ge(self, bound: f64) -> Condition<R> {
        self.within(Comparison::Gte, bound)
    }

    fn order(self, descending: bool) -> Order<R> {
        let Self { key, metric, vector, .. } = self;
        Order::by(SortTerm::Distance { field: key.into(), metric, vector }, descending)
    }

    /// The nearest first.
    pub fn asc(self) -> Order<R> {
        self.order(false)
    }

    /// The farthest first.
    pub fn desc(self) -> Order<R> {
        self.order(true)
    }
}

impl<R> From<Similarity<R>> for Order<R> {
    fn from(similarity: Similarity<R>) -> Self {
        similarity.desc()
    }
}

impl<R> From<Distance<R>> for Order<R> {
    fn from(distance: Distance<R>) -> Self {
        distance.asc()
    }
}

impl<R> fmt::Debug for Similarity<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Similarity").field(&self.term).finish()
    }
}

impl<R> fmt::Debug for Distance<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Distance").field(&self.key).field(&self.metric).field(&self.vector).finish()
    }
}

/// A vector to measure the distance to: an array, a slice or a `Vec` of floats; or a text, where the field has an
/// encoder.
#[diagnostic::on_unimplemented(
    message = "a vector is needed here, not `{Self}`",
    label = "expected numbers such as `[0.5, 1.0]`, or a text for the encoder of the field"
)]
pub trait VectorOperand {
    /// The value as a query states it.
    fn into_vector(self) -> Literal;
}

macro_rules! vectors {
    ($($number:ty, |$value:ident| $float:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl VectorOperand for &[$number] {
            fn into_vector(self) -> Literal {
                Literal::List(self.iter().map(|$value| Literal::Float($float)).collect())
            }
        }

        #[diagnostic::do_not_recommend]
        impl VectorOperand for &Vec<$number> {
            fn into_vector(self) -> Literal {
                self.as_slice().into_vector()
            }
        }

        #[diagnostic::do_not_recommend]
        impl VectorOperand for Vec<$number> {
            fn into_vector(self) -> Literal {
                self.as_slice().into_vector()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<const N: usize> VectorOperand for [$number; N] {
            fn into_vector(self) -> Literal {
                self.as_slice().into_vector()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<const N: usize> VectorOperand for &[$number; N] {
            fn into_vector(self) -> Literal {
                self.as_slice().into_vector()
            }
        }
    )*};
}

vectors! {
    f32, |number| as_stored(*number);
    f64, |number| *number;
}

macro_rules! texts {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl VectorOperand for $ty {
            fn into_vector(self) -> Literal {
                Literal::Text(self.to_owned().into())
            }
        }
    )*};
}

texts!(&str, String, &String);
