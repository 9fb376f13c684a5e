//! Which types can be indexed, and which can be unique. The derive asks these traits, so that a type
//! alias counts as what it stands for, and so that the compiler points at the type of the field.

use std::borrow::Cow;

use crate::datetime::DateTime;
use crate::descriptor::IndexKind;
use crate::json::IndexValue;

pub mod family;
pub(crate) mod operand;

pub use family::Family;
pub use operand::Operand;

/// One scalar that can be indexed: text, numbers, `bool`, UUIDs, date-times, ids, and enums of unit
/// variants with `#[derive(IndexKey)]`.
///
/// The value must agree with the JSON form of the type, because index columns are read from JSON.
///
/// ```
/// use specstar_runtime::index_key::IndexKey;
/// use specstar_runtime::json::IndexValue;
/// assert_eq!(7_u8.to_index_value(), IndexValue::Integer(7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scalar that can be indexed",
    label = "not text, a number, a bool, a UUID, a date-time, an id or a string enum",
    note = "for an enum of unit variants add `#[derive(IndexKey)]`"
)]
pub trait IndexKey {
    /// How queries compare it, as a type.
    type Family: Family;

    /// The same as a value.
    const KIND: IndexKind = <Self::Family as Family>::KIND;

    /// The value as the index keeps it.
    fn to_index_value(&self) -> IndexValue;
}

/// A field that can be `#[indexed]`: a scalar, a list of scalars, or an `Option` of either.
//
// Implemented for each scalar and not for all of them at once: where two impls could apply, the compiler
// names neither, and the message about list elements would be lost.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be indexed; index one value with `path = \"…\"`",
    label = "not a scalar or a list of scalars",
    note = "for an enum of unit variants add `#[derive(IndexKey)]`"
)]
pub trait IndexField {
    /// The scalar, or the element of the list.
    type Scalar: IndexKey;
    /// A list.
    const LIST: bool = false;
    /// An `Option`.
    const NULLABLE: bool = false;
}

/// What a list holds when the list can be indexed.
#[diagnostic::on_unimplemented(
    message = "list elements must be scalars to be indexed",
    label = "`{Self}` is not a scalar"
)]
pub trait ListElement: IndexKey {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> ListElement for T {}

impl<T: ListElement> IndexField for Vec<T> {
    type Scalar = T;
    const LIST: bool = true;
}

impl<T: IndexField> IndexField for Option<T> {
    type Scalar = T::Scalar;
    const LIST: bool = T::LIST;
    const NULLABLE: bool = true;
}

/// A field that can be `#[unique]`: a scalar or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be unique; unique needs a scalar",
    label = "not a scalar",
    note = "for one value per element make the element a resource of its own"
)]
pub trait UniqueField {
    /// The scalar.
    type Value: IndexKey;
    /// [`Exact`], [`Approximate`] or [`TwoValued`].
    type Equality;
    /// An `Option`.
    const NULLABLE: bool = false;
}

impl<T: UniqueField> UniqueField for Option<T> {
    type Value = T::Value;
    type Equality = T::Equality;
    const NULLABLE: bool = true;
}

/// Equal values are the same value.
#[derive(Clone, Copy, Debug)]
pub enum Exact {}

/// Floats: two results of one calculation may differ.
#[derive(Clone, Copy, Debug)]
pub enum Approximate {}

/// `bool`: unique only on purpose.
#[derive(Clone, Copy, Debug)]
pub enum TwoValued {}

/// An equality two programs agree on.
#[diagnostic::on_unimplemented(
    message = "`{Scalar}` cannot be unique: floats have no reliable equality; use an integer or a decimal",
    label = "a float"
)]
pub trait Reliable<Scalar> {}

impl<Scalar> Reliable<Scalar> for Exact {}
impl<Scalar> Reliable<Scalar> for TwoValued {}

/// More than two values, so that uniqueness says something.
#[diagnostic::on_unimplemented(
    message = "a unique bool allows at most two rows; write `#[unique(allow_bool)]` if this is meant",
    label = "only two values"
)]
pub trait ManyValued<Scalar> {}

impl<Scalar> ManyValued<Scalar> for Exact {}
impl<Scalar> ManyValued<Scalar> for Approximate {}

/// Text, where `case` has a meaning.
#[diagnostic::on_unimplemented(
    message = "`case` applies to text fields only",
    label = "`{Self}` is not text"
)]
pub trait TextField {}

impl TextField for String {}
impl TextField for Box<str> {}
impl TextField for Cow<'static, str> {}
impl TextField for Option<String> {}
impl TextField for Option<Box<str>> {}
impl TextField for Option<Cow<'static, str>> {}

/// A field that can be `#[trigram]`.
#[diagnostic::on_unimplemented(
    message = "trigram search needs text or a list of text",
    label = "`{Self}` is neither"
)]
pub trait TrigramField: IndexField {}

impl TrigramField for String {}
impl TrigramField for Box<str> {}
impl TrigramField for Cow<'static, str> {}
impl TrigramField for Vec<String> {}
impl TrigramField for Vec<Box<str>> {}
impl TrigramField for Vec<Cow<'static, str>> {}
impl<T: TrigramField> TrigramField for Option<T> {}

/// What can be the display name.
#[diagnostic::on_unimplemented(
    message = "the display name must be `String` or `Option<String>`",
    label = "`{Self}` is not text"
)]
pub trait DisplayNameField {}

impl DisplayNameField for String {}
impl DisplayNameField for Option<String> {}

/// A field a client may leave out.
#[diagnostic::on_unimplemented(
    message = "a read-only field needs a default: clients never send it",
    label = "`{Self}` must be in every body",
    note = "add `#[serde(default)]`"
)]
pub trait Omittable {}

impl<T> Omittable for Option<T> {}

macro_rules! index_keys {
    ($($ty:ty, $kind:ident, $equality:ident, |$value:ident| $index:expr;)*) => {$(
        impl IndexKey for $ty {
            type Family = family::$kind;

            fn to_index_value(&self) -> IndexValue {
                let $value = self;
                $index
            }
        }

        impl IndexField for $ty {
            type Scalar = Self;
        }

        impl UniqueField for $ty {
            type Value = Self;
            type Equality = $equality;
        }
    )*};
}

index_keys! {
    String, Text, Exact, |text| IndexValue::Text(text.clone());
    Box<str>, Text, Exact, |text| IndexValue::Text(text.to_string());
    Cow<'static, str>, Text, Exact, |text| IndexValue::Text(text.to_string());
    char, Text, Exact, |letter| IndexValue::Text(letter.to_string());
    uuid::Uuid, Text, Exact, |id| IndexValue::Text(id.to_string());
    bool, Boolean, TwoValued, |flag| IndexValue::Integer(i64::from(*flag));
    i8, Integer, Exact, |number| IndexValue::Integer(i64::from(*number));
    i16, Integer, Exact, |number| IndexValue::Integer(i64::from(*number));
    i32, Integer, Exact, |number| IndexValue::Integer(i64::from(*number));
    i64, Integer, Exact, |number| IndexValue::Integer(*number);
    u8, Integer, Exact, |number| IndexValue::Integer(i64::from(*number));
    u16, Integer, Exact, |number| IndexValue::Integer(i64::from(*number));
    u32, Integer, Exact, |number| IndexValue::Integer(i64::from(*number));
    u64, Integer, Exact, |number| unsigned(*number);
    isize, Integer, Exact, |number| IndexValue::Integer(*number as i64);
    usize, Integer, Exact, |number| unsigned(*number as u64);
    f32, Float, Approximate, |number| IndexValue::Float(f64::from(*number));
    f64, Float, Approximate, |number| IndexValue::Float(*number);
    DateTime, DateTime, Exact, |at| IndexValue::Integer(at.instant().0);
}

/// An index column is a signed 64-bit integer. A number beyond it is compared as a double, as in JSON.
#[allow(clippy::cast_precision_loss)]
fn unsigned(number: u64) -> IndexValue {
    i64::try_from(number).map_or(IndexValue::Float(number as f64), IndexValue::Integer)
}

/// Nanoseconds since 1970 as the index keeps them: microseconds, rounded as the text of a payload is.
#[cfg(any(feature = "time", feature = "chrono", feature = "jiff"))]
fn rounded(nanoseconds: i128) -> IndexValue {
    // The range of the three types fits; what did not would be an instant no payload can hold.
    i64::try_from((nanoseconds + 500).div_euclid(1_000)).map_or(IndexValue::Null, IndexValue::Integer)
}

#[cfg(feature = "chrono")]
fn chrono_instant<Z: chrono::TimeZone>(at: &chrono::DateTime<Z>) -> IndexValue {
    rounded(i128::from(at.timestamp()) * 1_000_000_000 + i128::from(at.timestamp_subsec_nanos()))
}

#[cfg(feature = "time")]
index_keys! {
    time::OffsetDateTime, DateTime, Exact, |at| rounded(at.unix_timestamp_nanos());
}

#[cfg(feature = "chrono")]
index_keys! {
    chrono::DateTime<chrono::Utc>, DateTime, Exact, |at| chrono_instant(at);
    chrono::DateTime<chrono::FixedOffset>, DateTime, Exact, |at| chrono_instant(at);
}

#[cfg(feature = "jiff")]
index_keys! {
    jiff::Timestamp, DateTime, Exact, |at| rounded(at.as_nanosecond());
}

/// The index value of a variant's name.
#[doc(hidden)]
pub fn text_value(name: &str) -> IndexValue {
    IndexValue::Text(name.to_owned())
}

/// Asked with the span of the `case` key.
#[doc(hidden)]
pub const fn require_text<T: TextField>() {}

/// Asked with the span of the field's type.
#[doc(hidden)]
pub const fn require_trigram<T: TrigramField>() {}

/// Asked with the span of the field's type.
#[doc(hidden)]
pub const fn require_display_name<T: DisplayNameField>() {}

/// Asked with the span of `#[readonly]`, where serde has no default.
#[doc(hidden)]
pub const fn require_omittable<T: Omittable>() {}

#[cfg(test)]
mod tests;
