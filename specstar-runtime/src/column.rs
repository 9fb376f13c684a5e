//! Typed handles of indexed fields: `User::COLUMNS.age`.

use std::fmt;
use std::marker::PhantomData;

use crate::descriptor::IndexDescriptor;
use crate::resource::Resource;

/// One indexed field of the resource `R`, whose Rust type is `T`.
pub struct Column<R, T> {
    index: usize,
    field: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Column<R, T> {
    /// The handle of the index at that position; the derive counts.
    #[doc(hidden)]
    pub const fn new(index: usize) -> Self {
        Self { index, field: PhantomData }
    }

    /// Position in the descriptor's indexes.
    pub const fn index(&self) -> usize {
        self.index
    }
}

impl<R: Resource, T> Column<R, T> {
    /// What the index is.
    pub fn descriptor(&self) -> &'static IndexDescriptor {
        &R::DESCRIPTOR.indexes[self.index]
    }

    /// The name queries use.
    pub fn key(&self) -> &'static str {
        self.descriptor().key
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
