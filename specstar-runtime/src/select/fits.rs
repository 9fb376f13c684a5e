//! What can be asked of a field, by its type. The methods of columns ask these traits, so that a question
//! that makes no sense does not compile, and the compiler says why in our words.

use std::borrow::Cow;

use crate::index_key::family::{self, Searchable};
use crate::index_key::{IndexKey, Operand};
use crate::query::Literal;

/// A field whose values have an order: every scalar, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no order",
    label = "a list can neither be ordered nor sorted by",
    note = "ask its elements with `.any()` or `.all()`, or compare its `.length()`"
)]
pub trait Ordered {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Ordered for T {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Ordered for Option<T> {}

/// A value that a field of type `T` can be greater or less than.
#[diagnostic::on_unimplemented(
    message = "a `{T}` field cannot be ordered against `{Self}`",
    label = "expected one value of the type of the field",
    note = "a list has no order: ask its elements with `.any()` or `.all()`, or compare its `.length()`"
)]
pub trait Bound<T> {
    /// The value as a query states it.
    fn into_bound(self) -> Literal;
}

#[diagnostic::do_not_recommend]
impl<T: Ordered, V: Operand<T>> Bound<T> for V {
    fn into_bound(self) -> Literal {
        self.into_literal()
    }
}

/// A field with a text: text, or a number by its digits; or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no text to search",
    label = "text methods apply to text and numbers",
    note = "the elements of a list are asked with `.any()` or `.all()`: `.any().starts_with(\"…\")`"
)]
pub trait HasText {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family: Searchable>> HasText for T {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family: Searchable>> HasText for Option<T> {}

/// A field that is a text, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field is not a text that can be empty or blank",
    label = "not a text",
    note = "use `.is_null()`, `.is_falsy()`, or for a list `.length().eq(0)`"
)]
pub trait IsText {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family = family::Text>> IsText for T {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family = family::Text>> IsText for Option<T> {}

/// A field with a length: a text or a list, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no length",
    label = "only texts and lists have a length"
)]
pub trait Measured {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family = family::Text>> Measured for T {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family = family::Text>> Measured for Option<T> {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Measured for Vec<T> {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> Measured for Option<Vec<T>> {}

/// A date-time field, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field is not a date-time",
    label = "the calendar applies to date-times"
)]
pub trait IsDateTime {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family = family::DateTime>> IsDateTime for T {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey<Family = family::DateTime>> IsDateTime for Option<T> {}

/// A list field of `E`, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no elements",
    label = "`any` and `all` apply to lists"
)]
pub trait IsList<E> {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> IsList<T> for Vec<T> {}

#[diagnostic::do_not_recommend]
impl<T: IndexKey> IsList<T> for Option<Vec<T>> {}

/// What a field of type `T` can contain: a part of its text, or an element of its list.
#[diagnostic::on_unimplemented(
    message = "a `{T}` field cannot contain `{Self}`",
    label = "a text or a number contains text, a list contains its elements"
)]
pub trait PartOf<T> {
    /// The value as a query states it.
    fn into_part(self) -> Literal;
}

#[diagnostic::do_not_recommend]
impl<T: IndexKey, O: Operand<T>> PartOf<Vec<T>> for O {
    fn into_part(self) -> Literal {
        self.into_literal()
    }
}

#[diagnostic::do_not_recommend]
impl<T: IndexKey, O: Operand<T>> PartOf<Option<Vec<T>>> for O {
    fn into_part(self) -> Literal {
        self.into_literal()
    }
}

/// A text to look for, or a pattern.
#[diagnostic::on_unimplemented(message = "text is needed here, not `{Self}`", label = "expected text")]
pub trait Text {
    /// The text itself.
    fn into_text(self) -> String;
}

macro_rules! texts {
    ($($ty:ty, |$text:ident| $owned:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Text for $ty {
            fn into_text(self) -> String {
                let $text = self;
                $owned
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: HasText> PartOf<T> for $ty {
            fn into_part(self) -> Literal {
                Literal::Text(self.into_text())
            }
        }
    )*};
}

texts! {
    &str, |text| text.to_owned();
    String, |text| text;
    &String, |text| text.clone();
    Cow<'_, str>, |text| text.into_owned();
    char, |letter| letter.to_string();
}
