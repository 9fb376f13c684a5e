//! What a program may pass where the value of a field is expected.

use std::borrow::Cow;
use std::convert::Infallible;
use std::time::SystemTime;

use super::{IndexKey, family};
use crate::datetime::Timestamp;
use crate::descriptor::IndexKind;
use crate::json::IndexValue;
use crate::query::Literal;
use crate::reference::{Ref, RevisionRef};

/// A value to compare a field of type `T` with: the value itself or a reference to it, `&str` for text and
/// ids, an instant for date-times, an integer for floats, and an array, slice or `Vec` of these for lists.
/// For an `Option` it is the value inside.
///
/// ```
/// use specstar_runtime::index_key::Operand;
/// use specstar_runtime::query::Literal;
/// fn value<T>(operand: impl Operand<T>) -> Literal { operand.into_literal() }
/// assert_eq!(value::<String>("ann"), value::<String>(String::from("ann")));
/// assert_eq!(value::<Vec<u8>>([1, 2]), Literal::List(vec![1.into(), 2.into()]));
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{T}` field cannot be compared with `{Self}`",
    label = "expected `{T}`",
    note = "an optional field is compared with the value inside; nulls are found with `.is_null()`"
)]
pub trait Operand<T> {
    /// The value as a query states it.
    fn into_literal(self) -> Literal;
}

/// The value of a scalar as a query states it.
fn literal<T: IndexKey>(value: &T) -> Literal {
    stated(T::KIND, value.to_index_value())
}

fn stated(kind: IndexKind, value: IndexValue) -> Literal {
    match (kind, value) {
        (_, IndexValue::Null) => Literal::Null,
        (IndexKind::Boolean, IndexValue::Integer(bit)) => Literal::Bool(bit != 0),
        (IndexKind::DateTime, IndexValue::Integer(micros)) => Literal::DateTime(Timestamp(micros)),
        (_, IndexValue::Integer(number)) => Literal::Integer(number),
        (_, IndexValue::Float(number)) => Literal::Float(number),
        (_, IndexValue::Text(text)) => Literal::Text(text),
    }
}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Operand<T> for T {
    fn into_literal(self) -> Literal {
        literal(&self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Operand<T> for &T {
    fn into_literal(self) -> Literal {
        literal(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Operand<Option<T>> for T {
    fn into_literal(self) -> Literal {
        literal(&self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Operand<Option<T>> for &T {
    fn into_literal(self) -> Literal {
        literal(self)
    }
}

/// No value at all, so that an empty list has an element type: `[] as [Infallible; 0]`.
#[diagnostic::do_not_recommend]
impl<T> Operand<T> for Infallible {
    fn into_literal(self) -> Literal {
        match self {}
    }
}

macro_rules! operands {
    ($(for $field:ty: [$($generics:tt)*] $ty:ty, |$value:ident| $literal:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Operand<$field> for $ty {
            fn into_literal(self) -> Literal {
                let $value = self;
                $literal
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Operand<Option<$field>> for $ty {
            fn into_literal(self) -> Literal {
                let $value = self;
                $literal
            }
        }
    )*};
}

operands! {
    for String: [] &str, |text| text.into();
    for String: [] &&str, |text| (*text).into();
    for Box<str>: [] &str, |text| text.into();
    for Cow<'static, str>: [] &str, |text| text.into();
    for Ref<T>: [T] &str, |id| id.into();
    for Ref<T>: [T] String, |id| id.into();
    for Ref<T>: [T] &String, |id| id.as_str().into();
    for RevisionRef<T>: [T] &str, |id| id.into();
    for RevisionRef<T>: [T] String, |id| id.into();
    for RevisionRef<T>: [T] &String, |id| id.as_str().into();
    // Compared by mathematical value, so that nothing is lost.
    for f64: [] i64, |number| number.into();
    for f32: [] i64, |number| number.into();
    // Any instant, whatever type the field has.
    for T: [T: IndexKey<Family = family::DateTime>] Timestamp, |at| at.into();
    for T: [T: IndexKey<Family = family::DateTime>] SystemTime, |at| Timestamp::from(at).into();
    for Vec<T>: [T: IndexKey, O: Operand<T>] Vec<O>, |items| list(items);
    for Vec<T>: [T: IndexKey, O: Operand<T>, const N: usize] [O; N], |items| list(items);
}

macro_rules! borrowed_lists {
    ($([$($n:tt)*] $ty:ty),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a, T: IndexKey, O $($n)*> Operand<Vec<T>> for &'a $ty
        where
            &'a O: Operand<T>,
        {
            fn into_literal(self) -> Literal {
                list(self)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'a, T: IndexKey, O $($n)*> Operand<Option<Vec<T>>> for &'a $ty
        where
            &'a O: Operand<T>,
        {
            fn into_literal(self) -> Literal {
                list(self)
            }
        }
    )*};
}

borrowed_lists!([] [O], [] Vec<O>, [, const N: usize] [O; N]);

/// Several values as a list.
pub(crate) fn list<T, O: Operand<T>>(items: impl IntoIterator<Item = O>) -> Literal {
    Literal::List(items.into_iter().map(Operand::into_literal).collect())
}
