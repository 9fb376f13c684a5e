//! What `#[reference]` asks of the type of a field.

use super::{Ref, RevisionRef};

/// A field that can hold resource ids: [`Ref`] or text, an `Option` or a list of these.
#[diagnostic::on_unimplemented(
    message = "a reference holds a resource id: use `Ref<…>` or `String`",
    label = "`{Self}` holds no resource id",
    note = "a `RevisionRef<…>` needs `#[reference(revision)]`"
)]
pub trait ReferenceField {
    /// [`Typed`] or [`Untyped`].
    type Link;
    /// What the type itself refers to; the text type where it says nothing.
    type Own;
    /// A list.
    const LIST: bool;
    /// An `Option`.
    const NULLABLE: bool;
}

/// A field that can hold revision ids: [`RevisionRef`] or text, an `Option` or a list of these.
#[diagnostic::on_unimplemented(
    message = "a revision reference holds a revision id: use `RevisionRef<…>` or `String`",
    label = "`{Self}` holds no revision id"
)]
pub trait RevisionField {
    /// [`Typed`] or [`Untyped`].
    type Link;
    /// What the type itself refers to; the text type where it says nothing.
    type Own;
    /// A list.
    const LIST: bool;
    /// An `Option`.
    const NULLABLE: bool;
}

/// The type names its target.
#[derive(Debug)]
pub struct Typed<T>(std::marker::PhantomData<fn() -> T>);

/// Text: the attribute names the target.
#[derive(Clone, Copy, Debug)]
pub enum Untyped {}

/// A link whose target is known from the type.
#[diagnostic::on_unimplemented(
    message = "text does not say what it refers to: write `#[reference(Target)]` or use `Ref<Target>`",
    label = "the target is not known"
)]
pub trait Named {
    /// What it refers to.
    type Target;
}

impl<T> Named for Typed<T> {
    type Target = T;
}

/// The attribute and the type agree on the target.
#[diagnostic::on_unimplemented(
    message = "`#[reference({Attribute})]` on a `Ref<{Own}>`",
    label = "refers to `{Own}`"
)]
pub trait SameTarget<Attribute, Own> {}

impl<T> SameTarget<T, T> for Typed<T> {}
impl<Attribute, Own> SameTarget<Attribute, Own> for Untyped {}

/// A field that can lose its reference: `on_delete = "set_null"`.
#[diagnostic::on_unimplemented(
    message = "`set_null` needs `Option<{Self}>`",
    label = "`{Self}` is never null"
)]
pub trait SetNullField {}

impl<T> SetNullField for Option<T> {}
impl<T> SetNullField for Vec<T> {}

/// Asked with the span of `on_delete`.
#[doc(hidden)]
pub const fn require_set_null<T: SetNullField>() {}

macro_rules! holders {
    ($($field:ident: [$($generics:ident)?] $ty:ty, $link:ty, $own:ty;)*) => {$(
        impl<$($generics)?> $field for $ty {
            type Link = $link;
            type Own = $own;
            const LIST: bool = false;
            const NULLABLE: bool = false;
        }

        impl<$($generics)?> $field for Option<$ty> {
            type Link = $link;
            type Own = $own;
            const LIST: bool = false;
            const NULLABLE: bool = true;
        }

        impl<$($generics)?> $field for Vec<$ty> {
            type Link = $link;
            type Own = $own;
            const LIST: bool = true;
            const NULLABLE: bool = false;
        }

        impl<$($generics)?> $field for Option<Vec<$ty>> {
            type Link = $link;
            type Own = $own;
            const LIST: bool = true;
            const NULLABLE: bool = true;
        }
    )*};
}

holders! {
    ReferenceField: [T] Ref<T>, Typed<T>, T;
    ReferenceField: [] String, Untyped, String;
    RevisionField: [T] RevisionRef<T>, Typed<T>, T;
    RevisionField: [] String, Untyped, String;
}
