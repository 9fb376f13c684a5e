//! Typed handles of what queries can name: `User::COLUMNS.age`, `User::META.created_time`.
//!
//! What can be asked of a column has the name it has on the wire; `gt`, `ge`, `lt` and `le` are Rust's. What
//! does not fit the type of the field does not compile.

use std::fmt;
use std::marker::PhantomData;

mod meta;
mod rank;

pub use meta::MetaColumns;

use crate::index_key::operand::list;
use crate::index_key::{IndexField, Operand};
use crate::qb::{self, Period, Question, Unit};
use crate::query::{Field, Literal, MetaField, Operator, Quantifier};
use crate::resource::Resource;
use crate::select::{
    Bound, Condition, Elements, HasText, IsDateTime, IsList, IsText, Length, Measured, Order, Ordered,
    PartOf, Text,
};

/// One field of the resource `R` that queries can name; its Rust type is `T`.
///
/// ```
/// # use specstar_runtime::descriptor::{Identity, IndexDescriptor, ResourceDescriptor};
/// # use specstar_runtime::resource::{Resource, ResourceEntry};
/// # use specstar_runtime::column::Column;
/// # struct User;
/// # impl Resource for User {
/// #     const ID: Identity = Identity::new("user", "doc::User", "User");
/// #     const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
/// #         indexes: &[
/// #             IndexDescriptor::of::<u32>("age", &["age"]),
/// #             IndexDescriptor::of::<Option<String>>("name", &["name"]),
/// #             IndexDescriptor::of::<Vec<String>>("tags", &["tags"]),
/// #         ],
/// #         ..ResourceDescriptor::named(Self::ID)
/// #     };
/// #     const ENTRY: ResourceEntry = ResourceEntry::rejected(Self::DESCRIPTOR);
/// # }
/// # struct Columns { age: Column<User, u32>, name: Column<User, Option<String>>, tags: Column<User, Vec<String>> }
/// # impl User {
/// #     const COLUMNS: Columns = Columns { age: Column::new(0), name: Column::new(1), tags: Column::new(2) };
/// # }
/// # fn shown(query: impl std::fmt::Display) -> String { query.to_string() }
/// let user = User::COLUMNS;
/// assert_eq!(shown(user.age.between(18, 30)), r#"QB["age"].gte(18) & QB["age"].lte(30)"#);
/// assert_eq!(shown(user.age.in_([1, 2, 3])), r#"QB["age"].in_([1, 2, 3])"#);
/// assert_eq!(shown(user.name.istarts_with("an")), r#"QB["name"].istarts_with("an")"#);
/// assert_eq!(shown(!user.name.is_null()), r#"~QB["name"].is_null(True)"#);
/// assert_eq!(shown(user.tags.contains("a")), r#"QB["tags"].contains("a")"#);
/// assert_eq!(shown(user.tags.eq(["a", "b"])), r#"QB["tags"].eq(["a", "b"])"#);
/// assert_eq!(shown(user.tags.any().ends_with("x")), r#"QB["tags"].any().ends_with("x")"#);
/// assert_eq!(shown(user.tags.length().gt(2)), r#"QB["tags"].length().gt(2)"#);
/// assert_eq!(shown(User::META.created_time.last_n_days(7)), "QB.created_time().last_n_days(7)");
/// ```
pub struct Column<R, T> {
    field: Field,
    types: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Column<R, T> {
    /// The handle of the index at that position; the derive counts.
    #[doc(hidden)]
    pub const fn new(index: usize) -> Self {
        Self { field: Field::Index(index), types: PhantomData }
    }

    const fn meta(field: MetaField) -> Self {
        Self { field: Field::Meta(field), types: PhantomData }
    }

    /// Metadata, or a position in the descriptor's indexes.
    pub const fn field(&self) -> Field {
        self.field
    }
}

impl<R: Resource, T> Column<R, T> {
    /// The name queries use.
    pub fn key(&self) -> &'static str {
        match self.field {
            Field::Meta(field) => field.as_str(),
            Field::Index(at) => R::DESCRIPTOR.indexes[at].key,
        }
    }
}

impl<R, T> Clone for Column<R, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, T> Copy for Column<R, T> {}

impl<R: Resource, T> fmt::Debug for Column<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Column").field(&self.key()).finish()
    }
}

/// Equality, membership and nulls: of every field.
impl<R: Resource, T> Column<R, T> {
    fn is(self, operator: Operator, operand: impl Into<Literal>) -> Condition<R> {
        Condition::new(qb::Condition::is(self.key(), operator, operand))
    }

    fn asks(self, question: Question) -> Condition<R> {
        Condition::new(qb::Condition::test(self.key(), question))
    }

    /// Equal to a value; a list has to have the same elements in the same order. No null is.
    pub fn eq(self, value: impl Operand<T>) -> Condition<R> {
        self.is(Operator::Eq, value.into_literal())
    }

    /// Not equal to a value. No null is that either.
    pub fn ne(self, value: impl Operand<T>) -> Condition<R> {
        self.is(Operator::Ne, value.into_literal())
    }

    /// Equal to one of these.
    pub fn in_(self, values: impl IntoIterator<Item: Operand<T>>) -> Condition<R> {
        self.is(Operator::In, list(values))
    }

    /// Equal to none of these. No null is that.
    pub fn not_in(self, values: impl IntoIterator<Item: Operand<T>>) -> Condition<R> {
        self.is(Operator::NotIn, list(values))
    }

    /// A list that has one of these, or a scalar that is one of them.
    pub fn contains_any(self, values: impl IntoIterator<Item: Operand<T::Scalar>>) -> Condition<R>
    where
        T: IndexField,
    {
        self.is(Operator::ContainsAny, list(values))
    }

    /// Null.
    pub fn is_null(self) -> Condition<R> {
        self.is(Operator::IsNull, true)
    }

    /// Not null.
    pub fn is_not_null(self) -> Condition<R> {
        self.is(Operator::IsNull, false)
    }

    /// `is_null`, `exists` or `isna` with its flag, as the wire has them.
    #[doc(hidden)]
    pub fn null_check(self, operator: Operator, expected: bool) -> Condition<R> {
        self.is(operator, expected)
    }

    /// `true`.
    pub fn is_true(self) -> Condition<R>
    where
        bool: Operand<T>,
    {
        self.is(Operator::Eq, true)
    }

    /// `false`.
    pub fn is_false(self) -> Condition<R>
    where
        bool: Operand<T>,
    {
        self.is(Operator::Eq, false)
    }

    /// Not null and none of `false`, `0`, `""` and the empty list.
    pub fn is_truthy(self) -> Condition<R> {
        self.asks(Question::Truthy)
    }

    /// Null, or one of `false`, `0`, `""` and the empty list.
    pub fn is_falsy(self) -> Condition<R> {
        !self.is_truthy()
    }
}

/// Order: of every scalar.
impl<R: Resource, T> Column<R, T> {
    /// Greater than a value.
    pub fn gt(self, value: impl Bound<T>) -> Condition<R> {
        self.is(Operator::Gt, value.into_bound())
    }

    /// Greater than a value, or equal to it.
    pub fn ge(self, value: impl Bound<T>) -> Condition<R> {
        self.is(Operator::Gte, value.into_bound())
    }

    /// Less than a value.
    pub fn lt(self, value: impl Bound<T>) -> Condition<R> {
        self.is(Operator::Lt, value.into_bound())
    }

    /// Less than a value, or equal to it.
    pub fn le(self, value: impl Bound<T>) -> Condition<R> {
        self.is(Operator::Lte, value.into_bound())
    }

    /// From the first to the second value, both included.
    pub fn between(self, least: impl Bound<T>, most: impl Bound<T>) -> Condition<R> {
        self.ge(least).and(self.le(most))
    }

    /// The least first; nulls before them.
    pub fn asc(self) -> Order<R>
    where
        T: Ordered,
    {
        Order::new(self.key(), false)
    }

    /// The greatest first; nulls after the least.
    pub fn desc(self) -> Order<R>
    where
        T: Ordered,
    {
        Order::new(self.key(), true)
    }
}

/// Text and parts: of texts, of numbers by their digits, and of lists.
impl<R: Resource, T> Column<R, T> {
    /// A text with this inside, or a list with this element.
    pub fn contains(self, part: impl PartOf<T>) -> Condition<R> {
        self.is(Operator::Contains, part.into_part())
    }

    fn text(self, operator: Operator, text: impl Text) -> Condition<R> {
        self.is(operator, text.into_text())
    }

    /// Begins with this.
    pub fn starts_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.text(Operator::StartsWith, text)
    }

    /// Ends with this.
    pub fn ends_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.text(Operator::EndsWith, text)
    }

    /// Has this inside, ignoring case.
    pub fn icontains(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.text(Operator::IContains, text)
    }

    /// Begins with this, ignoring case.
    pub fn istarts_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.text(Operator::IStartsWith, text)
    }

    /// Ends with this, ignoring case.
    pub fn iends_with(self, text: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.text(Operator::IEndsWith, text)
    }

    /// A regular expression is found in it. One that is not valid is an error of the search.
    pub fn regex(self, pattern: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.text(Operator::Regex, pattern)
    }

    /// The whole text is like this: `%` is any text, `_` one character.
    pub fn like(self, pattern: impl Text) -> Condition<R>
    where
        T: HasText,
    {
        self.text(Operator::Like, pattern)
    }

    /// Null or the empty text.
    pub fn is_empty(self) -> Condition<R>
    where
        T: IsText,
    {
        self.asks(Question::Empty)
    }

    /// Null or a text of white space.
    pub fn is_blank(self) -> Condition<R>
    where
        T: IsText,
    {
        self.asks(Question::Blank)
    }

    /// The number of characters of a text, or of elements of a list.
    pub fn length(self) -> Length<R>
    where
        T: Measured,
    {
        Length::new(self.key())
    }

    /// Some element of the list.
    pub fn any<E>(self) -> Elements<R, E>
    where
        T: IsList<E>,
    {
        Elements::new(self.key(), Quantifier::Any)
    }

    /// Every element of the list.
    pub fn all<E>(self) -> Elements<R, E>
    where
        T: IsList<E>,
    {
        Elements::new(self.key(), Quantifier::All)
    }
}

/// The calendar, seen from the moment of the search: of date-times.
impl<R: Resource, T> Column<R, T> {
    /// In a part of a calendar that may be of another time zone than the server's.
    pub fn during(self, period: Period) -> Condition<R>
    where
        T: IsDateTime,
    {
        self.asks(Question::During(period))
    }

    fn within(self, unit: Unit) -> Condition<R> {
        self.asks(Question::During(Period { unit, offset: None }))
    }

    /// On this day.
    pub fn today(self) -> Condition<R>
    where
        T: IsDateTime,
    {
        self.within(Unit::Today)
    }

    /// On the day before.
    pub fn yesterday(self) -> Condition<R>
    where
        T: IsDateTime,
    {
        self.within(Unit::Yesterday)
    }

    /// In the seven days from the last Monday on.
    pub fn this_week(self) -> Condition<R>
    where
        T: IsDateTime,
    {
        self.within(Unit::ThisWeek { start: 0 })
    }

    /// In this month.
    pub fn this_month(self) -> Condition<R>
    where
        T: IsDateTime,
    {
        self.within(Unit::ThisMonth)
    }

    /// In this year.
    pub fn this_year(self) -> Condition<R>
    where
        T: IsDateTime,
    {
        self.within(Unit::ThisYear)
    }

    /// Since the start of the day that many days ago, less one: 1 is today and later.
    pub fn last_n_days(self, days: i64) -> Condition<R>
    where
        T: IsDateTime,
    {
        self.within(Unit::LastDays(days))
    }
}
