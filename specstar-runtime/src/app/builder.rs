//! The builder: every choice of an application in one place, checked as a whole.

use std::env;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{ApiInfo, App, Preset};
use crate::access::{AccessControl, Anonymous, Policies, Principal, PrincipalExtractor, Scope};
use crate::clock::{Clock, SystemClock};
use crate::descriptor::{IdGenerator, UnknownFields};
use crate::error::{Error, Result};
use crate::event::{Dispatcher, Subscriber};
use crate::hook::{Hook, HookSet, Hooks, Typed};
use crate::http::openapi::{self, DocumentInput};
use crate::http::{HttpSettings, HttpState, Sections, UnknownParameters};
use crate::meta::RevisionStatus;
use crate::query::UnindexedPolicy;
use crate::registry::Registry;
use crate::repository::{Service, Settings, store_error};
use crate::resource::payload::Payload;
use crate::resource::{Resource, ResourceEntry};
use crate::store::Store;
use crate::vector::{Encoders, VectorEncoder};

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
    database: Database,
    rules: Settings,
    wire: HttpSettings,
    info: ApiInfo,
    base_path: String,
    policies: Policies,
    hooks: HookSet,
    subscribers: Vec<(String, Arc<dyn Subscriber>)>,
    open_access: bool,
    principals: Arc<dyn PrincipalExtractor>,
    clock: Arc<dyn Clock>,
    encoders: Encoders,
    problems: Vec<String>,
}

enum Database {
    None,
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "sqlite")]
    SqliteTemporary,
    Given(Arc<dyn Store>),
}

impl Default for SpecStarBuilder {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            database: Database::None,
            rules: Preset::Standard.rules(),
            wire: Preset::Standard.wire(),
            info: ApiInfo::default(),
            base_path: String::new(),
            policies: Policies::default(),
            hooks: HookSet::default(),
            subscribers: Vec::new(),
            open_access: false,
            principals: Arc::new(Anonymous),
            clock: Arc::new(SystemClock),
            encoders: Encoders::default(),
            problems: Vec::new(),
        }
    }
}

impl SpecStarBuilder {
    /// Registers the types of a `resources![…]` list.
    pub fn resources(mut self, registry: Registry) -> Self {
        self.entries.extend_from_slice(registry.entries());
        self
    }

    /// Keeps everything in an SQLite file, made with its folders when it is not there.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Database::Sqlite(path.into());
        self
    }

    /// Keeps everything in an SQLite file of a fresh temporary folder, removed when the application ends.
    #[cfg(feature = "sqlite")]
    pub fn sqlite_temporary(mut self) -> Self {
        self.database = Database::SqliteTemporary;
        self
    }

    /// Keeps everything in the database of a URL: `sqlite:PATH`.
    pub fn database_url(mut self, url: &str) -> Self {
        match url.split_once(':') {
            #[cfg(feature = "sqlite")]
            Some(("sqlite", path)) if !path.is_empty() => {
                self.database = Database::Sqlite(path.strip_prefix("//").unwrap_or(path).into());
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
        self
    }

    /// What the OpenAPI document says of the application.
    pub fn info(mut self, info: ApiInfo) -> Self {
        self.info = info;
        self
    }

    /// Puts everything below a path such as `/v1`.
    pub fn base_path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.base_path = if path.is_empty() { String::new() } else { format!("/{path}") };
        if path.contains(['{', '}', '?', '#', '%']) || path.contains("//") {
            self.problems.push(format!("`{path}` is not a base path: use plain segments such as /v1"));
        }
        self
    }

    /// Adds a rule for every resource: see [`Policies`] for how rules work together. Without any rule everything is
    /// allowed, and the log says so at start.
    pub fn access(mut self, control: impl AccessControl) -> Self {
        self.policies.add(Arc::new(control));
        self
    }

    /// Adds a rule for the resources of one type.
    pub fn access_for<R: Resource>(mut self, control: impl AccessControl) -> Self {
        self.policies.add_for(R::ID.path_hash, Arc::new(control));
        self
    }

    /// Refuses what no rule allows, also where a type has no rule at all (allowed).
    pub fn deny_by_default(mut self, denied: bool) -> Self {
        self.policies.set_deny_by_default(denied);
        self
    }

    /// Which resources of one type exist for whom; the attribute `scope` says the same.
    pub fn scope<R: Resource>(
        mut self,
        scope: impl Fn(&Principal) -> Scope<R> + Send + Sync + 'static,
    ) -> Self {
        let erased = move |principal: &Principal, now| scope(principal).erase(now);
        self.policies.add_scope(R::ID.path_hash, Arc::new(erased));
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

    /// States that everything is meant to be allowed, so that the log need not warn.
    pub fn open_access(mut self) -> Self {
        self.open_access = true;
        self
    }

    /// Who makes a request. Without it everybody is anonymous.
    pub fn principal(mut self, extractor: impl PrincipalExtractor) -> Self {
        self.principals = Arc::new(extractor);
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

    /// Status of new revisions where the type does not say (stable).
    pub fn default_status(mut self, status: RevisionStatus) -> Self {
        self.rules.default_status = status;
        self
    }

    /// How ids are made where the type does not say (UUID v7).
    pub fn id_generator(mut self, generator: IdGenerator) -> Self {
        self.rules.id_generator = generator;
        self
    }

    /// What happens to unknown fields of a body where the type does not say (denied).
    pub fn unknown_fields(mut self, policy: UnknownFields) -> Self {
        self.rules.unknown_fields = policy;
        self
    }

    /// Whether a stable revision may be rewritten by a request that makes it a draft (no).
    pub fn rewrite_stable_as_draft(mut self, allowed: bool) -> Self {
        self.rules.rewrite_stable_as_draft = allowed;
        self
    }

    /// The most resources one request changes (10,000).
    pub fn max_changes(mut self, most: usize) -> Self {
        self.rules.max_changes = most;
        self
    }

    /// Whether a write is refused when a resource it newly refers to is missing or deleted (yes).
    pub fn validate_references(mut self, validated: bool) -> Self {
        self.rules.validate_references = validated;
        self
    }

    /// Whether a permanent delete follows references as a soft delete does, or ignores them (follows).
    pub fn purge_follows_references(mut self, followed: bool) -> Self {
        self.rules.purge_follows_references = followed;
        self
    }

    /// Whether a restore also restores what the delete took along, where a request does not say (yes).
    pub fn restore_cascades(mut self, cascades: bool) -> Self {
        self.rules.restore_cascades = cascades;
        self
    }

    /// Whether a write that would leave a resource outside of its writer's scope is refused (yes).
    pub fn scope_of_writes(mut self, checked: bool) -> Self {
        self.rules.scope_of_writes = checked;
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

    /// How long a write is planned again while others are faster (10 s).
    pub fn write_deadline(mut self, limit: Duration) -> Self {
        self.rules.write_deadline = limit;
        self
    }

    /// What happens to query parameters a route does not have (refused).
    pub fn unknown_parameters(mut self, policy: UnknownParameters) -> Self {
        self.wire.unknown_parameters = policy;
        self
    }

    /// What happens to filters on fields without an index (refused).
    pub fn unindexed(mut self, policy: UnindexedPolicy) -> Self {
        self.wire.unindexed = policy;
        self
    }

    /// Seconds east of UTC of the calendar that `today()` and its like mean in an expression that does not say
    /// (0).
    pub fn utc_offset(mut self, seconds: i32) -> Self {
        self.wire.utc_offset = seconds;
        if seconds.unsigned_abs() >= 86_400 {
            self.problems.push(format!("{seconds} seconds is no offset from UTC: it is less than a day"));
        }
        self
    }

    /// Rows of a list without `limit` (50), and the most a request may ask for (1,000).
    pub fn page_size(mut self, default: u64, most: u64) -> Self {
        (self.wire.page_size, self.wire.max_page_size) = (default, most);
        self
    }

    /// The longest request body, in bytes (2 MiB).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.wire.body_limit = bytes;
        self
    }

    /// How long a request may take before it is answered with 503 (30 s).
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.wire.request_timeout = limit;
        self
    }

    /// What a read answers without `returns`, in the words of that parameter (`data,revision_info,meta`).
    pub fn default_returns(mut self, returns: &str) -> Self {
        match Sections::parse(returns) {
            Ok(sections) => self.wire.default_returns = sections,
            Err(error) => self.problems.push(error.to_string()),
        }
        self
    }

    /// Whether `HEAD` is answered wherever `GET` is, and `OPTIONS` with `Allow` (yes).
    pub fn head_and_options(mut self, answered: bool) -> Self {
        self.wire.head_and_options = answered;
        self
    }

    /// Whether every error is an object with `message` and `code` (no).
    pub fn structured_errors(mut self, structured: bool) -> Self {
        self.wire.structured_errors = structured;
        self
    }

    /// Opens the store, fits its tables to the types and writes the OpenAPI document.
    pub async fn build(mut self) -> Result<App> {
        self.read_environment();
        self.check();
        let document = self.document();
        let store = self.open();
        let (Some(document), Some(store), true) = (document, store, self.problems.is_empty()) else {
            return Err(Error::CannotStart { problems: self.problems });
        };
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
        let mut policies = self.policies;
        for entry in &self.entries {
            policies.add_policy(entry.descriptor.id.path_hash, entry.policy);
        }
        if !self.open_access {
            for model in self.entries.iter().map(|entry| entry.descriptor) {
                if policies.is_open(model) {
                    let model = model.id.name;
                    tracing::warn!(
                        model,
                        "no rule: everybody may do everything (open_access() says it is meant)"
                    );
                }
            }
        }
        let access = Arc::new(policies);
        let service =
            Arc::new(Service::new(store, access, &self.entries, self.rules, self.encoders, self.hooks));
        let state = HttpState {
            service,
            settings: self.wire,
            principals: self.principals,
            clock: self.clock,
            base_path: self.base_path,
            openapi: document.into(),
            stopping: tokio::sync::watch::Sender::new(false),
        };
        let state = Arc::new(state);
        // All places are noted before anything can be written.
        let mut dispatchers = Vec::new();
        for (name, subscriber) in self.subscribers {
            let (service, stopping) = (Arc::clone(&state.service), state.stopping.subscribe());
            let dispatcher =
                Dispatcher::new(name, subscriber, service, stopping).await.map_err(store_error)?;
            dispatchers.push(dispatcher);
        }
        let dispatchers = dispatchers.into_iter().map(|dispatcher| tokio::spawn(dispatcher.run())).collect();
        Ok(App { state, layout: Arc::new(layout), dispatchers: Arc::new(Mutex::new(dispatchers)) })
    }

    /// `SPECSTAR_DEFAULT_QUERY_LIMIT`, and its older name, set the page size and raise its maximum.
    fn read_environment(&mut self) {
        let value = env::var("SPECSTAR_DEFAULT_QUERY_LIMIT")
            .or_else(|_| env::var("AUTOCRUD_DEFAULT_QUERY_LIMIT"))
            .unwrap_or_default();
        if value.trim().is_empty() {
            return;
        }
        if let Ok(limit @ 1..) = value.trim().parse::<u64>() {
            self.wire.page_size = limit;
            self.wire.max_page_size = self.wire.max_page_size.max(limit);
        } else {
            tracing::warn!(value, "SPECSTAR_DEFAULT_QUERY_LIMIT is not a positive integer: ignored");
        }
    }

    fn check(&mut self) {
        let wire = &self.wire;
        if wire.page_size == 0 || wire.page_size > wire.max_page_size {
            self.problems.push(format!(
                "the page size is {}, it must be from 1 to the maximum of {}",
                wire.page_size, wire.max_page_size
            ));
        }
        self.check_encoders();
        // `resources!` finds these at compile time; two lists registered one after the other are only seen here.
        for (at, entry) in self.entries.iter().enumerate() {
            let id = entry.descriptor.id;
            if let Some(other) = self.entries[..at].iter().find(|e| e.descriptor.id.name_hash == id.name_hash)
            {
                self.problems.push(format!(
                    "duplicate resource name `{}`: used by `{}` and `{}`",
                    id.name, other.descriptor.id.path, id.path
                ));
            }
            for reference in entry.descriptor.references {
                let target = reference.target;
                if !self.entries.iter().any(|e| e.descriptor.id.path_hash == target.path_hash) {
                    self.problems.push(format!(
                        "`{}.{}` refers to `{}`, which is not registered",
                        id.name, reference.field, target.path
                    ));
                }
            }
        }
    }

    /// A name stands for one way to encode: vectors of another one cannot be compared with those stored.
    fn check_encoders(&mut self) {
        for (name, own) in self.encoders.names().filter(|(name, own)| name != own) {
            self.problems.push(format!("the encoder registered as `{name}` has the id `{own}`"));
        }
        for descriptor in self.entries.iter().map(|entry| entry.descriptor) {
            for index in descriptor.indexes {
                if let Some(encoder) = index.vector.and_then(|vector| vector.encoder)
                    && self.encoders.get(encoder).is_none()
                {
                    self.problems.push(format!(
                        "`{}.{}` needs the encoder `{encoder}`: register it with vector_encoder(\"{encoder}\", …)",
                        descriptor.id.name, index.key
                    ));
                }
            }
        }
    }

    /// Writes the document; what does not fit together in it is a problem of the application.
    fn document(&mut self) -> Option<String> {
        let mut input = DocumentInput::new("", "");
        input.info = self.info.to_info();
        input.base_path.clone_from(&self.base_path);
        input.resources.clone_from(&self.entries);
        input.default_page_size = self.wire.page_size;
        input.maximum_page_size = self.wire.max_page_size;
        input.unknown_fields = self.rules.unknown_fields;
        input.structured_errors = self.wire.structured_errors;
        match openapi::document(&input) {
            Ok(document) => Some(document.to_json()),
            Err(error) => {
                self.problems.push(format!("the OpenAPI document: {error}"));
                None
            }
        }
    }

    fn open(&mut self) -> Option<Arc<dyn Store>> {
        if !self.problems.is_empty() {
            return None;
        }
        let opened = match &self.database {
            Database::None => Err("no database: call sqlite(…), database_url(…) or store(…)".to_owned()),
            Database::Given(store) => Ok(Arc::clone(store)),
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => open_sqlite(crate::store::SqliteOptions::new(path)),
            #[cfg(feature = "sqlite")]
            Database::SqliteTemporary => crate::store::SqliteStore::temporary()
                .map(|store| Arc::new(store) as Arc<dyn Store>)
                .map_err(|error| format!("the database: {error}")),
        };
        opened.map_err(|problem| self.problems.push(problem)).ok()
    }
}

#[cfg(feature = "sqlite")]
fn open_sqlite(options: crate::store::SqliteOptions) -> Result<Arc<dyn Store>, String> {
    match crate::store::SqliteStore::open(options) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(format!("the database: {error}")),
    }
}
