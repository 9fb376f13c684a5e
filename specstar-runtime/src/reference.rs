//! Fields that point to another resource.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::index_key::{Exact, IndexField, IndexKey, UniqueField, family};
use crate::json::IndexValue;
use crate::resource::schema::inline_scalar;

mod field;

#[doc(hidden)]
pub use field::require_set_null;
pub use field::{Named, ReferenceField, RevisionField, SameTarget, SetNullField, Typed, Untyped};

macro_rules! id_of {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<T> {
            id: String,
            // A reference owns no `T`: it is `Send`, `Sync` and covariant whatever `T` is.
            target: PhantomData<fn() -> T>,
        }

        impl<T> $name<T> {
            /// Wraps an id; whether it exists is asked when the referring resource is written.
            pub fn new(id: impl Into<String>) -> Self {
                Self { id: id.into(), target: PhantomData }
            }

            /// The id.
            pub fn as_str(&self) -> &str {
                &self.id
            }

            /// The id, owned.
            pub fn into_string(self) -> String {
                self.id
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self::new(self.id.clone())
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.id).finish()
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.id)
            }
        }

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.id == other.id
            }
        }

        impl<T> Eq for $name<T> {}

        impl<T> PartialEq<str> for $name<T> {
            fn eq(&self, other: &str) -> bool {
                self.id == other
            }
        }

        impl<T> PartialEq<&str> for $name<T> {
            fn eq(&self, other: &&str) -> bool {
                self.id == *other
            }
        }

        impl<T> PartialOrd for $name<T> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl<T> Ord for $name<T> {
            fn cmp(&self, other: &Self) -> Ordering {
                self.id.cmp(&other.id)
            }
        }

        impl<T> Hash for $name<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.id.hash(state);
            }
        }

        impl<T> AsRef<str> for $name<T> {
            fn as_ref(&self) -> &str {
                &self.id
            }
        }

        impl<T> From<String> for $name<T> {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }

        impl<T> From<&str> for $name<T> {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl<T> From<$name<T>> for String {
            fn from(reference: $name<T>) -> Self {
                reference.id
            }
        }

        impl<T> Serialize for $name<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.id)
            }
        }

        impl<'de, T> Deserialize<'de> for $name<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }

        impl<T> IndexKey for $name<T> {
            type Family = family::Text;

            fn to_index_value(&self) -> IndexValue {
                IndexValue::Text(self.id.clone())
            }
        }

        impl<T> IndexField for $name<T> {
            type Scalar = Self;
        }

        impl<T> UniqueField for $name<T> {
            type Value = Self;
            type Equality = Exact;
        }

        // `PartialSchema` is blanket over this hidden trait, and so are the schemas of `Option` and
        // `Vec` in a user's own derive: nothing else makes `Option<Ref<T>>` a field there.
        impl<T> utoipa::__dev::ComposeSchema for $name<T> {
            fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                inline_scalar(ObjectBuilder::new().schema_type(Type::String))
            }
        }

        impl<T> utoipa::ToSchema for $name<T> {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    };
}

id_of! {
    /// The id of a `T`; plain text in JSON.
    ///
    /// ```
    /// use specstar_runtime::reference::Ref;
    /// struct Team;
    /// let team: Ref<Team> = serde_json::from_str(r#""team:1""#)?;
    /// assert_eq!(team, "team:1");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Ref
}

id_of! {
    /// The id of one revision of a `T`, or of a `T` for its latest revision; plain text in JSON.
    ///
    /// ```
    /// use specstar_runtime::reference::RevisionRef;
    /// struct Page;
    /// assert_eq!(RevisionRef::<Page>::new("page:1:3").to_string(), "page:1:3");
    /// ```
    RevisionRef
}

#[cfg(test)]
mod tests;
