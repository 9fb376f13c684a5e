//! From registered types and settings to a running application.

mod answers;
mod blobs;
mod builder;
mod info;
mod jobs;
mod preset;
mod serve;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tokio::task::JoinHandle;

#[cfg(feature = "cli")]
pub(crate) use builder::Openness;
pub use builder::SpecStarBuilder;
pub use info::ApiInfo;
pub use jobs::Jobs;
pub use preset::Preset;

use crate::api_key::ApiKeys;
use crate::backup::Backup;
use crate::error::Result;
use crate::http::{self, HttpState};
use crate::repository::{Repository, Service, store_error};
use crate::resource::Resource;
use crate::store::LayoutReport;
use crate::worker::Workers;

/// Where an application starts: [`SpecStar::builder`].
#[derive(Clone, Copy, Debug)]
pub struct SpecStar;

impl SpecStar {
    /// A builder with the product's defaults.
    pub fn builder() -> SpecStarBuilder {
        SpecStarBuilder::default()
    }
}

/// An application that is ready: its store is open, its layout fits, its document is written. Clones share it.
#[derive(Clone)]
pub struct App {
    state: Arc<HttpState>,
    layout: Arc<LayoutReport>,
    dispatchers: Arc<Mutex<Vec<JoinHandle<()>>>>,
    api_keys: Option<ApiKeys>,
    workers: Arc<Mutex<Option<Workers>>>,
}

impl App {
    /// The routes, to serve or to nest into a larger application.
    pub fn router(&self) -> Router {
        let router = http::router(Arc::clone(&self.state));
        #[cfg(feature = "docs-ui")]
        let router = router.merge(http::docs::router());
        let router = if self.state.base_path.is_empty() {
            router
        } else {
            let router = http::refuse_the_rest(router, &self.state);
            Router::new().nest(&self.state.base_path, router)
        };
        let router = router.merge(http::health_routes(&self.state)).merge(http::metrics_routes(&self.state));
        let observe = http::Observe { metrics: self.state.metrics.clone() };
        // Done once here, the layer need not be put around each route again for every connection.
        http::refuse_the_rest(router, &self.state).layer(observe).with_state(())
    }

    /// The OpenAPI document as it is served at `/openapi.json`.
    pub fn openapi(&self) -> &[u8] {
        &self.state.openapi
    }

    /// The resources of one type, for the program itself: nobody asks what it may do, and what it writes is
    /// recorded as `anonymous` unless [`Repository::acting_as`] says otherwise.
    ///
    /// # Panics
    ///
    /// When the type was not registered: a mistake of the program that no request can cause.
    pub fn repository<R: Resource>(&self) -> Repository<R> {
        Repository::of(self)
    }

    /// The path everything is below; empty when there is none.
    pub fn base_path(&self) -> &str {
        &self.state.base_path
    }

    /// The API keys, to issue and to revoke them.
    ///
    /// # Panics
    ///
    /// When the builder was given none: a mistake of the program that no request can cause.
    pub fn api_keys(&self) -> &ApiKeys {
        let Some(keys) = &self.api_keys else {
            panic!("the application has no API keys: call api_keys(…)")
        };
        keys
    }

    /// Exports and imports of everything that is stored.
    pub fn backup(&self) -> Backup {
        Backup::new(Arc::clone(self.service()), Arc::clone(&self.state.clock))
    }

    /// What happened to the tables at start.
    pub fn layout(&self) -> &LayoutReport {
        &self.layout
    }

    /// Ends the streams of changes, waits for the jobs that run and gives back those that do not end in time, lets subscribers finish the entry they work on for up to five seconds, finishes
    /// the writes that were accepted and closes the store.
    pub async fn close(&self) -> Result<()> {
        self.end_streams();
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(workers) = workers {
            workers.end().await;
        }
        let dispatchers =
            std::mem::take(&mut *self.dispatchers.lock().unwrap_or_else(PoisonError::into_inner));
        for dispatcher in dispatchers {
            if let Err(error) = dispatcher.await {
                tracing::error!(%error, "a subscriber ended badly");
            }
        }
        self.service().store().close().await.map_err(store_error)
    }

    /// Streams never end by themselves, and a server waits for the answers it has begun.
    pub(crate) fn end_streams(&self) {
        self.drain();
        self.state.stopping.send_replace(true);
    }

    /// From now on `/ready` says that nothing new is to be sent here.
    pub(crate) fn drain(&self) {
        self.state.draining.store(true, Ordering::Relaxed);
    }

    /// The program itself, now.
    #[cfg(feature = "cli")]
    pub(crate) fn program(&self) -> Result<crate::repository::Caller> {
        let now = self.state.clock.now(None)?;
        Ok(crate::repository::Caller::program(crate::access::Principal::Anonymous, now))
    }

    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.state.service
    }
}

impl<R: Resource> Repository<R> {
    /// The resources of this type in an application.
    ///
    /// # Panics
    ///
    /// When the type was not registered: a mistake of the program that no request can cause.
    pub fn of(app: &App) -> Self {
        let utc_offset = app.state.settings.utc_offset;
        let repository = Self::new(Arc::clone(app.service()), Arc::clone(&app.state.clock), utc_offset);
        let Some(repository) = repository else { panic!("`{}` is not registered", R::ID.path) };
        repository
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("models", &self.service().models().len()).finish_non_exhaustive()
    }
}
