//! Where the rules come from.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use tokio::sync::watch;

use super::{AclRule, RoleMember};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::repository::{Repository, Service};
use crate::resource::Resource;
use crate::resource::payload::Payload;
use crate::select::Select;
use crate::store::{LogRequest, LogScope, StoreError};

type Rows = (Vec<AclRule>, Vec<RoleMember>);

/// Where the rules come from, and how to tell that they may have changed.
pub struct Source {
    load: Box<dyn Fn() -> BoxFuture<'static, Result<Rows>> + Send + Sync>,
    changes: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Source {
    /// Rules that `load` reads. `changes` is another number after each change of them, from before the change is
    /// answered on; it may be another one more often.
    pub fn new<L, Answer>(load: L, changes: impl Fn() -> u64 + Send + Sync + 'static) -> Self
    where
        L: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<Rows>> + Send + 'static,
    {
        Self { load: Box::new(move || load().boxed()), changes: Box::new(changes) }
    }

    /// The rules of an application. It holds on to nothing: the service owns the access control.
    pub(crate) fn of(service: &Arc<Service>, clock: Arc<dyn Clock>) -> Self {
        let service = Arc::downgrade(service);
        let changed = Weak::clone(&service);
        let load = move || read(Weak::clone(&service), Arc::clone(&clock));
        let counted = move || {
            let models = changed.upgrade().map(|service| {
                let of = |name| service.model(name).map_or(0, |model| service.changes_of(model));
                of(AclRule::ID.name) + of(RoleMember::ID.name)
            });
            models.unwrap_or_default()
        };
        Self::new(load, counted)
    }

    pub(super) fn changes(&self) -> u64 {
        (self.changes)()
    }

    pub(super) fn load(&self) -> BoxFuture<'static, Result<Rows>> {
        (self.load)()
    }
}

/// How often it is looked for rules that another process has written.
const FOREIGN: Duration = Duration::from_millis(500);

/// Notes what other processes change of the rules, until the application ends.
pub(crate) async fn follow(service: Weak<Service>, mut stopping: watch::Receiver<bool>) {
    let Some(mut log) = service.upgrade().map(|service| service.store().watch_log()) else { return };
    let mut after = *log.borrow_and_update();
    let mut behind = false;
    loop {
        let changed = tokio::select! {
            // What could not be read is tried again, whether or not something is written meanwhile.
            () = std::future::ready(()), if behind => true,
            changed = log.changed() => changed.is_ok(),
            _ = stopping.wait_for(|stopping| *stopping) => false,
        };
        let over = !changed || *stopping.borrow();
        let Some(service) = service.upgrade().filter(|_| !over) else { return };
        match noted(&service, after).await {
            Ok(end) => (after, behind) = (end, false),
            Err(error) => {
                tracing::warn!(%error, "it is not known whether the rules have changed");
                behind = true;
            }
        }
        drop(service);
        // One look for everything that was written meanwhile.
        tokio::time::sleep(FOREIGN).await;
    }
}

/// Notes that rules have changed when the log has something of them; gives the end of what was looked at.
async fn noted(service: &Service, after: i64) -> Result<i64, StoreError> {
    let mut end = i64::MAX;
    for name in [AclRule::ID.name, RoleMember::ID.name] {
        let Some(model) = service.model(name) else { continue };
        let mut after = after;
        loop {
            let request = LogRequest { after, of: LogScope::Model(model.index), limit: 1_000 };
            let page = service.store().log(request).await?;
            if !page.entries.is_empty() {
                service.note_change(model);
            }
            after = page.end;
            if !page.has_more {
                break;
            }
        }
        end = end.min(after);
    }
    Ok(end)
}

async fn read(service: Weak<Service>, clock: Arc<dyn Clock>) -> Result<Rows> {
    let Some(service) = service.upgrade() else {
        return Err(Error::Unavailable { reason: "the application is gone".into(), retry_after: 1 });
    };
    Ok((all(&service, &clock).await?, all(&service, &clock).await?))
}

async fn all<R: Resource + Payload>(service: &Arc<Service>, clock: &Arc<dyn Clock>) -> Result<Vec<R>> {
    let repository = Repository::<R>::new(Arc::clone(service), Arc::clone(clock), 0);
    let Some(repository) = repository else {
        return Err(Error::internal(format_args!("`{}` is not registered", R::ID.name)));
    };
    let page = repository.list(Select::all()).await?;
    Ok(page.items.into_iter().map(|stored| stored.data).collect())
}
