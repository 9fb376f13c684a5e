//! Hooks of one resource type.

use std::future::{Future, ready};
use std::marker::PhantomData;

use futures_util::future::BoxFuture;

use super::{Hook, HookContext};
use crate::change::ChangeKind;
use crate::error::{Error, Result};
use crate::resource::payload::Payload;

/// Hooks of the resources of type `R`. Implement what is needed; the rest does nothing.
///
/// ```
/// use specstar_runtime::error::{Error, Result};
/// use specstar_runtime::hook::{HookContext, Hooks};
///
/// struct Page { title: String, locked: bool }
/// struct House;
///
/// impl Hooks<Page> for House {
///     async fn before_create(&self, _: &mut HookContext<'_>, new: &mut Page) -> Result<()> {
///         new.title = new.title.trim().to_owned();
///         Ok(())
///     }
///
///     async fn before_delete(&self, _: &mut HookContext<'_>, page: &Page) -> Result<()> {
///         if page.locked { Err(Error::Conflict("the page is locked".into())) } else { Ok(()) }
///     }
/// }
/// ```
pub trait Hooks<R>: Send + Sync + 'static {
    /// Before a create.
    fn before_create(
        &self,
        context: &mut HookContext<'_>,
        new: &mut R,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, new);
        ready(Ok(()))
    }

    /// Before new content, as a new revision or in place; see [`HookContext::kind`].
    fn before_update(
        &self,
        context: &mut HookContext<'_>,
        old: &R,
        new: &mut R,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, old, new);
        ready(Ok(()))
    }

    /// Before another revision becomes the current one.
    fn before_switch(
        &self,
        context: &mut HookContext<'_>,
        old: &R,
        new: &R,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, old, new);
        ready(Ok(()))
    }

    /// Before a soft delete or a permanent one; see [`HookContext::kind`].
    fn before_delete(
        &self,
        context: &mut HookContext<'_>,
        current: &R,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, current);
        ready(Ok(()))
    }

    /// Before the end of a soft delete.
    fn before_restore(
        &self,
        context: &mut HookContext<'_>,
        current: &R,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, current);
        ready(Ok(()))
    }

    /// After any change; `old` is missing after a create, `new` after a delete, a restore and a permanent delete.
    fn after(
        &self,
        context: &HookContext<'_>,
        old: Option<&R>,
        new: Option<&R>,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (context, old, new);
        ready(Ok(()))
    }
}

/// Typed hooks where content is JSON.
pub(crate) struct Typed<R, H> {
    hooks: H,
    resource: PhantomData<fn() -> R>,
}

impl<R, H> Typed<R, H> {
    pub(crate) fn new(hooks: H) -> Self {
        Self { hooks, resource: PhantomData }
    }
}

fn decode<R: Payload>(content: Option<&[u8]>) -> Result<Option<R>> {
    Ok(content.map(R::decode).transpose()?)
}

impl<R: Payload + Send + Sync, H: Hooks<R>> Hook for Typed<R, H> {
    fn before<'a>(
        &'a self,
        context: &'a mut HookContext<'_>,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let (old, new): (Option<R>, Option<R>) = (decode(old)?, decode(new)?);
            match (context.kind, old, new) {
                (ChangeKind::Created, _, Some(mut new)) => {
                    let given = new.encode()?;
                    self.hooks.before_create(context, &mut new).await?;
                    return Ok(Some(new.encode()?).filter(|wanted| *wanted != given));
                }
                (ChangeKind::Updated | ChangeKind::Modified, Some(old), Some(mut new)) => {
                    // Compared as it is encoded now: what is stored can be older than the type.
                    let given = new.encode()?;
                    self.hooks.before_update(context, &old, &mut new).await?;
                    return Ok(Some(new.encode()?).filter(|wanted| *wanted != given));
                }
                (ChangeKind::Switched, Some(old), Some(new)) => {
                    self.hooks.before_switch(context, &old, &new).await?;
                }
                (ChangeKind::Deleted | ChangeKind::Purged, Some(old), _) => {
                    self.hooks.before_delete(context, &old).await?;
                }
                (ChangeKind::Restored, Some(old), _) => self.hooks.before_restore(context, &old).await?,
                (ChangeKind::Pruned | ChangeKind::Migrated | ChangeKind::Imported, ..) => {}
                (kind, ..) => return Err(Error::internal(format!("a hook lacks the content of {kind:?}"))),
            }
            Ok(None)
        })
    }

    fn after<'a>(
        &'a self,
        context: &'a HookContext<'_>,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (old, new): (Option<R>, Option<R>) = (decode(old)?, decode(new)?);
            self.hooks.after(context, old.as_ref(), new.as_ref()).await
        })
    }
}
