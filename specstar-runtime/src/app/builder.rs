//! The builder: every choice of an application in one place, checked as a whole.

mod access;
mod blobs;
mod check;
#[cfg(feature = "cli")]
mod examine;
mod jobs;
mod rules;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::access::Access;
use self::blobs::BlobSettings;
#[cfg(feature = "cli")]
pub(crate) use self::examine::Openness;
use self::jobs::JobSettings;
use super::{ApiInfo, App, Preset};
use crate::access::PrincipalExtractor;
use crate::acl;
use crate::action::ActionEntry;
use crate::api_key::ApiKeys;
use crate::blob::Uploads;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::event::{Dispatcher, Subscriber};
use crate::hook::{Hook, HookSet, Hooks, Typed};
use crate::http::{HttpSettings, HttpState};
use crate::registry::Registry;
use crate::repository::{Service, Settings, store_error};
use crate::resource::payload::Payload;
use crate::resource::{Resource, ResourceEntry};
#[cfg(feature = "sqlite")]
use crate::store::SqliteOptions;
use crate::store::Store;
#[cfg(feature = "postgres")]
use crate::store::{PostgresOptions, PostgresStore};
use crate::vector::{Encoders, VectorEncoder};
use crate::worker::Workers;

/// Collects what an application consists of; [`build`](Self::build) checks it as a whole.
///
/// ```no_run
/// # async fn run() -> specstar_runtime::error::Result<()> {
/// use specstar_runtime::app::SpecStar;
/// let app = SpecStar::builder().sqlite("data/app.db").build().await?;
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until it is built or served"]
pub struct SpecStarBuilder {
    entries: Vec<ResourceEntry>,
    actions: Vec<ActionEntry>,
    database: Database,
    rules: Settings,
    wire: HttpSettings,
    info: ApiInfo,
    base_path: String,
    access: Access,
    hooks: HookSet,
    subscribers: Vec<(String, Arc<dyn Subscriber>)>,
    principals: Option<Arc<dyn PrincipalExtractor>>,
    anonymous: bool,
    api_keys: Option<ApiKeys>,
    clock: Arc<dyn Clock>,
    blobs: BlobSettings,
    jobs: JobSettings,
    encoders: Encoders,
    slow_queries: Option<Duration>,
    problems: Vec<String>,
    prepared: bool,
}

/// From when on a statement is told as slow, unless the program says otherwise.
const SLOW: Duration = Duration::from_secs(1);

/// A store, and its file where it has one.
type Opened = (Arc<dyn Store>, Option<PathBuf>);

enum Database {
    None,
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteOptions),
    #[cfg(feature = "sqlite")]
    SqliteTemporary,
    #[cfg(feature = "postgres")]
    Postgres(PostgresOptions),
    Given(Arc<dyn Store>),
}

impl Default for SpecStarBuilder {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            actions: Vec::new(),
            database: Database::None,
            rules: Preset::Standard.rules(),
            wire: Preset::Standard.wire(),
            info: ApiInfo::default(),
            base_path: String::new(),
            access: Access::default(),
            hooks: HookSet::default(),
            subscribers: Vec::new(),
            principals: None,
            anonymous: false,
            api_keys: None,
            clock: Arc::new(SystemClock),
            blobs: BlobSettings::default(),
            jobs: JobSettings::default(),
            encoders: Encoders::default(),
            slow_queries: Some(SLOW),
            problems: Vec::new(),
            prepared: false,
        }
    }
}

impl SpecStarBuilder {
    /// Registers the types of a `resources![…]` list.
    pub fn resources(mut self, registry: Registry) -> Self {
        self.entries.extend_from_slice(registry.entries());
        self.actions.extend_from_slice(registry.actions());
        self.access.deny_by_default |= registry.denies_by_default();
        self
    }

    /// Registers a custom action that no `resources![…]` list names: `.action::<level_up>()`.
    pub fn action<A: crate::action::Action>(mut self) -> Self {
        self.actions.push(A::ACTION);
        self
    }

    /// Keeps everything in an SQLite file, made with its folders when it is not there.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(self, path: impl Into<PathBuf>) -> Self {
        self.sqlite_with(SqliteOptions::new(path))
    }

    /// Keeps everything in an SQLite file that is opened in this way, with the files beside it.
    ///
    /// ```
    /// use specstar_runtime::app::SpecStar;
    /// use specstar_runtime::store::SqliteOptions;
    /// let options = SqliteOptions { reader_threads: 4, ..SqliteOptions::new("data/app.db") };
    /// let builder = SpecStar::builder().sqlite_with(options);
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn sqlite_with(mut self, options: SqliteOptions) -> Self {
        self.database = Database::Sqlite(options);
        self
    }

    /// Keeps everything in an SQLite file of a fresh temporary folder, removed when the application ends.
    #[cfg(feature = "sqlite")]
    pub fn sqlite_temporary(mut self) -> Self {
        self.database = Database::SqliteTemporary;
        self
    }

    /// Keeps everything in a PostgreSQL database: `postgres://user:password@host/name`. Blobs are kept only where
    /// [`blobs`](Self::blobs) says; all processes on one database need the same place.
    #[cfg(feature = "postgres")]
    pub fn postgres(self, url: impl Into<String>) -> Self {
        self.postgres_with(PostgresOptions::new(url))
    }

    /// Keeps everything in a PostgreSQL database that is opened in this way.
    ///
    /// ```
    /// use specstar_runtime::app::SpecStar;
    /// use specstar_runtime::store::PostgresOptions;
    /// let options = PostgresOptions { max_connections: 8, ..PostgresOptions::new("postgres://app@db/app") };
    /// let builder = SpecStar::builder().postgres_with(options);
    /// ```
    #[cfg(feature = "postgres")]
    pub fn postgres_with(mut self, options: PostgresOptions) -> Self {
        self.database = Database::Postgres(options);
        self
    }

    /// Keeps everything in the PostgreSQL database of a connection that the program has, and goes on having.
    #[cfg(feature = "postgres")]
    pub fn postgres_connection(mut self, connection: sea_orm::DatabaseConnection) -> Self {
        match PostgresStore::on(connection, PostgresOptions::new("")) {
            Ok(store) => self.database = Database::Given(Arc::new(store)),
            Err(error) => self.problems.push(format!("the database: {error}")),
        }
        self
    }

    /// Keeps everything in the database of a URL: `sqlite:PATH`, or `postgres://…` where the feature `postgres` is on.
    pub fn database_url(mut self, url: &str) -> Self {
        match url.split_once(':') {
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                self.database = Database::Postgres(PostgresOptions::new(url));
            }
            #[cfg(feature = "sqlite")]
            Some(("sqlite", path)) if !path.is_empty() => {
                self.database = Database::Sqlite(SqliteOptions::new(path.strip_prefix("//").unwrap_or(path)));
            }
            // What stands behind the scheme may have a password in it.
            #[cfg(not(feature = "postgres"))]
            Some(("postgres" | "postgresql", _)) => {
                self.problems
                    .push("this build does not know PostgreSQL: switch the feature `postgres` on".into());
            }
            _ => self.problems.push(format!("`{url}` is not a database URL this build knows (sqlite:PATH)")),
        }
        self
    }

    /// Keeps everything in this store.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.database = Database::Given(store);
        self
    }

    /// Starts from a set of settings. Call it before the settings that differ from it.
    pub fn preset(mut self, preset: Preset) -> Self {
        self.rules = preset.rules();
        self.wire = preset.wire();
        (self.blobs.ids, self.blobs.uploads) = (preset.blob_ids(), preset.uploads());
        self
    }

    /// From when on a statement of a search or a count is slow (1 s): it is told as a warning of the target
    /// `specstar::slow_query`, with its duration and its plan, and never with its values. `None` tells none.
    pub fn slow_queries(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.slow_queries = limit.into();
        self
    }

    /// What the OpenAPI document says of the application.
    pub fn info(mut self, info: ApiInfo) -> Self {
        self.info = info;
        self
    }

    /// Puts everything below a path such as `/v1`, but for `/health`, `/ready` and `/metrics`.
    pub fn base_path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.base_path = if path.is_empty() { String::new() } else { format!("/{path}") };
        if path.contains(['{', '}', '?', '#', '%'])
            || path.contains("//")
            || ["health", "ready", "metrics"].contains(&path)
        {
            self.problems.push(format!("`{path}` is not a base path: use plain segments such as /v1"));
        }
        self
    }

    /// Adds hooks of the resources of one type.
    pub fn hooks<R: Resource + Payload + Send + Sync>(mut self, hooks: impl Hooks<R>) -> Self {
        self.hooks.add_for(R::ID.path_hash, Arc::new(Typed::<R, _>::new(hooks)));
        self
    }

    /// Adds a hook of every resource.
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.hooks.add(Arc::new(hook));
        self
    }

    /// What time it is. Without it the machine's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What makes the vectors of texts for the fields that declare `encoder = "…"`. Its own
    /// [`id`](VectorEncoder::id) is that name.
    pub fn vector_encoder(mut self, name: &str, encoder: impl VectorEncoder) -> Self {
        self.encoders.register(name, encoder);
        self
    }

    /// Tells a subscriber of every change; see [`event`](crate::event). The name is that under which the database
    /// remembers how far it has come.
    pub fn subscribe(mut self, name: impl Into<String>, subscriber: impl Subscriber) -> Self {
        let name = name.into();
        if self.subscribers.iter().any(|(other, _)| *other == name) {
            self.problems.push(format!("two subscribers are called `{name}`"));
        }
        self.subscribers.push((name, Arc::new(subscriber)));
        self
    }

    /// Opens the store, fits its tables to the types and writes the OpenAPI document.
    pub async fn build(mut self) -> Result<App> {
        self.prepare();
        let principals = self.principals();
        let document = self.document(principals.security());
        let store = self.open();
        let (Some(document), Some((store, database)), true) = (document, store, self.problems.is_empty())
        else {
            return Err(Error::CannotStart { problems: self.problems });
        };
        store.slow_queries().set_limit(self.slow_queries);
        let descriptors: Vec<_> = self.entries.iter().map(|entry| entry.descriptor).collect();
        let layout = match store.ensure_layout(&descriptors).await {
            Ok(layout) => layout,
            Err(error) => {
                return Err(Error::CannotStart { problems: vec![format!("the database: {error}")] });
            }
        };
        for change in &layout.models {
            tracing::info!(?change, "tables adapted");
        }
        self.rules.request_timeout = self.wire.request_timeout;
        self.rules.after_hook_wait = self.rules.after_hook_wait.min(self.wire.request_timeout / 2);
        let policies = self.policies();
        self.warn_of_open(&policies);
        self.rules.anonymous_uploaders = !principals.knows_somebody() || policies.is_wholly_open();
        let access = Arc::new(policies);
        let blobs = self.blobs.open(&store, database);
        let mut service =
            Service::new(store, access, &self.entries, self.rules, self.encoders, self.hooks, blobs);
        for action in self.actions.iter().filter(|action| action.kind.creates()) {
            service.reserve(action.resource.path_hash, action.path.split('/').next().unwrap_or_default());
        }
        let service = Arc::new(service);
        if let Some(acl) = &self.access.acl
            && !acl.bind(acl::Source::of(&service, Arc::clone(&self.clock)))
        {
            return Err(belongs_elsewhere("Acl"));
        }
        if let Some(keys) = &self.api_keys
            && !keys.bind(&service, Arc::clone(&self.clock))
        {
            return Err(belongs_elsewhere("ApiKeys"));
        }
        let settings = self.blobs.uploads;
        let uploads = service
            .blobs()
            .ok()
            .map(|blobs| Uploads::new(Arc::clone(service.store()), blobs.clone(), settings));
        let state = HttpState {
            service,
            uploads,
            metrics: self.wire.metrics.then(Arc::default),
            settings: self.wire,
            principals,
            clock: self.clock,
            base_path: self.base_path,
            openapi: document.into(),
            stopping: tokio::sync::watch::Sender::new(false),
            draining: std::sync::atomic::AtomicBool::new(false),
            actions: self.actions,
        };
        let state = Arc::new(state);
        if self.access.acl.is_some() {
            tokio::spawn(acl::follow(Arc::downgrade(&state.service), state.stopping.subscribe()));
        }
        if let (Some(uploads), Some(every)) = (&state.uploads, self.blobs.every) {
            let (clock, stopping) = (Arc::clone(&state.clock), state.stopping.subscribe());
            tokio::spawn(super::blobs::collect(uploads.clone(), clock, every, self.blobs.options, stopping));
        }
        let (service, clock) = (Arc::clone(&state.service), Arc::clone(&state.clock));
        let (age, stopping) = (state.settings.idempotency_retention, state.stopping.subscribe());
        tokio::spawn(super::answers::forget(service, clock, age, stopping));
        // All places are noted before anything can be written.
        let mut dispatchers = Vec::new();
        for (name, subscriber) in self.subscribers {
            let (service, stopping) = (Arc::clone(&state.service), state.stopping.subscribe());
            let dispatcher =
                Dispatcher::new(name, subscriber, service, stopping).await.map_err(store_error)?;
            dispatchers.push(dispatcher);
        }
        let workers = if self.jobs.handlers.is_empty() || self.jobs.idle {
            None
        } else {
            let (service, clock) = (Arc::clone(&state.service), Arc::clone(&state.clock));
            let time = (clock, state.settings.utc_offset);
            let stopping = state.stopping.subscribe();
            Some(Workers::start(service, time, self.jobs.handlers, self.jobs.options, stopping).await?)
        };
        let dispatchers = dispatchers.into_iter().map(|dispatcher| tokio::spawn(dispatcher.run())).collect();
        Ok(App {
            state,
            layout: Arc::new(layout),
            dispatchers: Arc::new(Mutex::new(dispatchers)),
            api_keys: self.api_keys,
            workers: Arc::new(Mutex::new(workers)),
        })
    }

    /// Reads the environment and checks everything that needs no database, once.
    fn prepare(&mut self) {
        if self.prepared {
            return;
        }
        self.prepared = true;
        self.read_environment();
        self.register_built_in();
        self.register_async_actions();
        self.check();
    }

    /// The store, and its file.
    fn open(&mut self) -> Option<Opened> {
        if !self.problems.is_empty() {
            return None;
        }
        let opened = match &self.database {
            Database::None => Err("no database: call sqlite(…), database_url(…) or store(…)".to_owned()),
            Database::Given(store) => Ok((Arc::clone(store), None)),
            #[cfg(feature = "sqlite")]
            Database::Sqlite(options) => opened_sqlite(crate::store::SqliteStore::open(options.clone())),
            #[cfg(feature = "sqlite")]
            Database::SqliteTemporary => opened_sqlite(crate::store::SqliteStore::temporary()),
            #[cfg(feature = "postgres")]
            Database::Postgres(options) => match PostgresStore::open(options.clone()) {
                Ok(store) => Ok((Arc::new(store) as Arc<dyn Store>, None)),
                Err(error) => Err(format!("the database: {error}")),
            },
        };
        opened.map_err(|problem| self.problems.push(problem)).ok()
    }
}

fn belongs_elsewhere(what: &str) -> Error {
    Error::CannotStart {
        problems: vec![format!("the {what} belongs to another application: make a new one")],
    }
}

#[cfg(feature = "sqlite")]
fn opened_sqlite(
    opened: Result<crate::store::SqliteStore, crate::store::StoreError>,
) -> Result<Opened, String> {
    let store = opened.map_err(|error| format!("the database: {error}"))?;
    let path = store.path().to_owned();
    Ok((Arc::new(store), Some(path)))
}
