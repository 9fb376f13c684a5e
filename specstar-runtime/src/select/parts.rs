//! What a column leads to: its length, its elements, its order.

use std::fmt;
use std::marker::PhantomData;

use super::Condition;
use super::fits::{HasText, Text};
use crate::index_key::Operand;
use crate::qb::{self, Form, Question, Sort, SortTerm};
use crate::query::{Literal, Operator, Quantifier};

/// The number of characters of a text or of elements of a list: `User::COLUMNS.tags.length()`.
pub struct Length<R> {
    key: &'static str,
    resource: PhantomData<fn() -> R>,
}

impl<R> Length<R> {
    pub(crate) const fn new(key: &'static str) -> Self {
        Self { key, resource: PhantomData }
    }

    fn is(self, operator: Operator, operand: Literal) -> Condition<R> {
        asks(self.key, Form::Length, operator, operand)
    }

    /// Exactly this many.
    pub fn eq(self, count: usize) -> Condition<R> {
        self.is(Operator::Eq, number(count))
    }

    /// Not this many.
    pub fn ne(self, count: usize) -> Condition<R> {
        self.is(Operator::Ne, number(count))
    }

    /// More.
    pub fn gt(self, count: usize) -> Condition<R> {
        self.is(Operator::Gt, number(count))
    }

    /// This many, or more.
    pub fn ge(self, count: usize) -> Condition<R> {
        self.is(Operator::Gte, number(count))
    }

    /// Fewer.
    pub fn lt(self, count: usize) -> Condition<R> {
        self.is(Operator::Lt, number(count))
    }

    /// This many, or fewer.
    pub fn le(self, count: usize) -> Condition<R> {
        self.is(Operator::Lte, number(count))
    }

    /// From the first to the second number, both included.
    pub fn between(self, least: usize, most: usize) -> Condition<R> {
        self.ge(least).and(self.le(most))
    }

    /// One of these.
    pub fn in_(self, counts: impl IntoIterator<Item = usize>) -> Condition<R> {
        self.is(Operator::In, Literal::List(counts.into_iter().map(number).collect()))
    }

    /// None of these.
    pub fn not_in(self, counts: impl IntoIterator<Item = usize>) -> Condition<R> {
        self.is(Operator::NotIn, Literal::List(counts.into_iter().map(number).collect()))
    }
}

/// No list is as long as the largest number.
fn number(count: usize) -> Literal {
    Literal::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

fn asks<R>(key: &'static str, form: Form, operator: Operator, operand: Literal) -> Condition<R> {
    Condition::new(qb::Condition::test(key, Question::Is { form, operator, operand }))
}

/// Some or every element of a list of `T`: `User::COLUMNS.tags.any()`.
///
/// For an empty list, `any()` is false and `all()` is true.
pub struct Elements<R, T> {
    key: &'static str,
    quantifier: Quantifier,
    types: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Elements<R, T> {
    pub(crate) const fn new(key: &'static str, quantifier: Quantifier) -> Self {
        Self { key, quantifier, types: PhantomData }
    }

    fn is(self, operator: Operator, operand: impl Into<Literal>) -> Condition<R> {
        asks(self.key, Form::Elements(self.quantifier), operator, operand.into())
    }

    /// Equal to a value.
    pub fn eq(self, value: impl Operand<T>) -> Condition<R> {
        self.is(Operator::Eq, value.into_literal())
    }

    /// Not equal to a value.
    pub fn ne(self, value: impl Operand<T>) -> Condition<R> {
        self.is(Operator::Ne, value.into_literal())
    }

    /// Has this inside.
    pub fn contains(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.is(Operator::Contains, text.into_text())
    }

    /// Begins with this.
    pub fn starts_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.is(Operator::StartsWith, text.into_text())
    }

    /// Ends with this.
    pub fn ends_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.is(Operator::EndsWith, text.into_text())
    }

    /// A regular expression is found in it.
    pub fn regex(self, pattern: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.is(Operator::Regex, pattern.into_text())
    }

    /// Has this inside, ignoring case.
    pub fn icontains(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.is(Operator::IContains, text.into_text())
    }

    /// Begins with this, ignoring case.
    pub fn istarts_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.is(Operator::IStartsWith, text.into_text())
    }

    /// Ends with this, ignoring case.
    pub fn iends_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.is(Operator::IEndsWith, text.into_text())
    }
}

/// A sort key: `User::COLUMNS.age.desc()`.
#[must_use = "an order does nothing until it is given to a selection"]
pub struct Order<R> {
    sort: Sort,
    resource: PhantomData<fn() -> R>,
}

impl<R> Order<R> {
    pub(crate) fn new(key: &'static str, descending: bool) -> Self {
        Self { sort: Sort::field(key, descending), resource: PhantomData }
    }

    pub(super) fn by(term: SortTerm, descending: bool) -> Self {
        Self { sort: Sort::by(term, descending), resource: PhantomData }
    }

    pub(super) fn into_sort(self) -> Sort {
        self.sort
    }
}

impl<R> Clone for Length<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Length<R> {}

impl<R, T> Clone for Elements<R, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, T> Copy for Elements<R, T> {}

impl<R> Clone for Order<R> {
    fn clone(&self) -> Self {
        Self { sort: self.sort.clone(), resource: PhantomData }
    }
}

impl<R> fmt::Debug for Length<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Length").field(&self.key).finish()
    }
}

impl<R, T> fmt::Debug for Elements<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Elements").field(&self.key).field(&self.quantifier).finish()
    }
}

impl<R> fmt::Debug for Order<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({})", self.sort)
    }
}
