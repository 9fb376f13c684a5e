//! What a program may pass where the value of a field is expected.

use super::IndexKey;
use crate::json::IndexValue;
use crate::reference::Ref;

/// A value to compare a field of type `T` with: the value itself, a reference to it, and `&str` for
/// text and ids. For an `Option` it is the value inside.
///
/// ```
/// use specstar_runtime::index_key::Operand;
/// use specstar_runtime::json::IndexValue;
/// fn value(operand: impl Operand<String>) -> IndexValue { operand.into_index_value() }
/// assert_eq!(value("ann"), value(String::from("ann")));
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{T}` field cannot be compared with `{Self}`",
    label = "expected `{T}`"
)]
pub trait Operand<T> {
    /// The value as the index keeps it.
    fn into_index_value(self) -> IndexValue;
}

impl<T: IndexKey> Operand<T> for T {
    fn into_index_value(self) -> IndexValue {
        self.to_index_value()
    }
}

impl<T: IndexKey> Operand<T> for &T {
    fn into_index_value(self) -> IndexValue {
        self.to_index_value()
    }
}

impl<T: IndexKey> Operand<Option<T>> for T {
    fn into_index_value(self) -> IndexValue {
        self.to_index_value()
    }
}

impl<T: IndexKey> Operand<Option<T>> for &T {
    fn into_index_value(self) -> IndexValue {
        self.to_index_value()
    }
}

macro_rules! text_operands {
    ($([$($generics:tt)*] $ty:ty),* $(,)?) => {$(
        impl<$($generics)*> Operand<$ty> for &str {
            fn into_index_value(self) -> IndexValue {
                IndexValue::Text(self.to_owned())
            }
        }

        impl<$($generics)*> Operand<Option<$ty>> for &str {
            fn into_index_value(self) -> IndexValue {
                IndexValue::Text(self.to_owned())
            }
        }
    )*};
}

text_operands!([] String, [] Box<str>, [] std::borrow::Cow<'static, str>, [T] Ref<T>);
