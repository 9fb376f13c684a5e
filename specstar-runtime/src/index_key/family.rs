//! The kinds of index as types, so that the compiler can tell what a field can be asked.

use crate::descriptor::IndexKind;

/// How the values of a scalar are compared.
pub trait Family {
    /// The same as a value.
    const KIND: IndexKind;
}

/// A family whose values have a text that can be searched: text, and numbers by their digits.
pub trait Searchable: Family {}

macro_rules! families {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl Family for $name {
            const KIND: IndexKind = IndexKind::$name;
        }
    )*};
}

families! {
    /// Text, by code points.
    Text,
    /// Integers.
    Integer,
    /// Floats.
    Float,
    /// `false` and `true`.
    Boolean,
    /// Instants.
    DateTime,
}

impl Searchable for Text {}
impl Searchable for Integer {}
impl Searchable for Float {}
