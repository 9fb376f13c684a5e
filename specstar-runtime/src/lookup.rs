//! The future of a derived `find_by_…`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use crate::error::Error;
use crate::query::Literal;
use crate::repository::{Repository, Stored};
use crate::resource::{Resource, payload::Payload};

/// The live resource that has a unique value, or `None`. One type for every unique field, because an
/// `async fn` per field is compiled per field.
#[must_use = "futures do nothing unless you `.await` them"]
pub struct FindUnique<'a, R>(BoxFuture<'a, Result<Option<Stored<R>>, Error>>);

impl<'a, R: Resource + Payload> FindUnique<'a, R> {
    /// Looks the values up under the unique constraint at that position.
    pub fn new<const N: usize>(repository: &'a Repository<R>, unique: usize, values: [Literal; N]) -> Self {
        let values = values.into_iter().map(Literal::into_index_value).collect();
        Self(repository.find_unique(unique, values))
    }
}

impl<R> Future for FindUnique<'_, R> {
    type Output = Result<Option<Stored<R>>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R> fmt::Debug for FindUnique<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FindUnique").finish_non_exhaustive()
    }
}
