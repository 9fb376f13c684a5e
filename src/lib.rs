//! Versioned REST resources from a struct.
//!
//! `#[derive(Resource)]` on a struct gives a REST resource with history, a typed repository and a place
//! in the OpenAPI document. What the derive writes are constants; the work is done by one engine that is
//! compiled once.
//!
//! ```
//! use specstar::prelude::*;
//!
//! /// A group of people.
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct Team {
//!     #[display_name]
//!     #[unique]
//!     pub name: String,
//! }
//!
//! /// Somebody who can log in.
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct User {
//!     #[unique(case = "insensitive")]
//!     pub email: String,
//!     #[indexed]
//!     pub age: u32,
//!     #[reference(on_delete = "set_null")]
//!     pub team: Option<Ref<Team>>,
//! }
//!
//! let registry = resources![Team, User];
//! assert_eq!(registry.entries().len(), 2);
//! assert_eq!(User::ID.name, "user");
//! assert_eq!(User::COLUMNS.age.key(), "age");
//! ```
//!
//! # `#[resource(...)]` on the struct
//!
//! | key | meaning |
//! | --- | --- |
//! | `name = "people"` | the route; the type name in kebab case when it is not given |
//! | `schema = "v2"` | the version written into new revisions |
//! | `migrate("v1" => UserV1)` | what content of older versions is: see [below](#schema-versions) |
//! | `on_decode_error = "mark"` | what is shown of content that cannot be read: `mark`, `skip`, `error`, `raw` |
//! | `id = "ulid"` | how ids are made: `uuid_v7`, `uuid_v4`, `ulid`, `nanoid`, or the path of a `fn() -> String` |
//! | `default_status = "draft"` | the status of a new revision: `draft` or `stable` |
//! | `unknown_fields = "ignore"` | what happens to fields the struct does not have: `deny` or `ignore` |
//! | `unique("a", "b")` | several fields are unique together; `nulls = "equal"` lets nulls conflict |
//! | `validate = check` | a `fn(&User) -> Result<(), ValidationErrors>` |
//! | `permission = policies::user` | who may do what: a `fn() -> impl AccessControl`, or the word `open` |
//! | `scope = scopes::own` | which resources exist for whom: a `fn(&Principal) -> Scope<User>`, see [`access`] |
//! | `openapi = false` | not in the OpenAPI document, so `ToSchema` is not needed |
//! | `crate = "my::specstar"` | where this crate is, when it has another name |
//!
//! # Attributes of a field
//!
//! | attribute | meaning |
//! | --- | --- |
//! | `#[indexed]` | can be filtered and sorted by; `key = "…"` gives queries another name |
//! | `#[indexed(path = "address.city", type = String)]` | the same for a value inside the field; the path is that of the JSON |
//! | `#[trigram]` | text, or a list of text, that is looked through for similar words: indexed, and more |
//! | `#[vector(dim = 384)]` | numbers that are compared by distance: `Vec<f32>`, `[f32; N]` or [`Embedding`] |
//! | `#[vector(dim = 384, metric = "l2", encoder = "…")]` | the distance it is made for: `cosine`, `l2`, `ip`; what turns text into it |
//! | `#[unique]` | one live resource per value; `case = "insensitive"` for text, `allow_bool` for a `bool` |
//! | `#[reference]` | holds the id of another resource: [`Ref<T>`](Ref) names it, text needs `#[reference(Team)]` |
//! | `#[reference(on_delete = "cascade")]` | what a delete of the target does: `dangling`, `set_null`, `cascade`, `restrict` |
//! | `#[reference(validate = false)]` | may hold an id that nobody has; not with `restrict` |
//! | `#[reference(revision)]` | holds the id of a revision: [`RevisionRef<T>`](RevisionRef) or text |
//! | `#[display_name]` | the text that shows a resource to people |
//! | `#[readonly]` | written by the program only |
//!
//! On SQLite `#[trigram]` has no index of its own: `contains` and `fuzzy` read the column. `fuzzy` works on every
//! indexed text. An array of more than 32 numbers needs a crate for serde to know it, such as `serde_big_array`.
//!
//! Names in JSON are serde's: `rename`, `rename_all`, `alias`, `skip` and `default` are followed. An enum of
//! unit variants can be indexed when it derives [`IndexKey`].
//!
//! # Jobs
//!
//! `#[job]` makes a struct the payload of a job: work that is done later, by this process or another one, and a
//! resource all the same, with history, permissions and routes. Its type is [`Job<EmailJob>`](job::Job).
//!
//! ```
//! use specstar::job::{Enqueue, JobStatus};
//! use specstar::prelude::*;
//! use specstar::worker::{JobContext, JobError};
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! #[job(artifact = Receipt, queue = "mail", max_attempts = 5, backoff = "1s..10m", timeout = "30s")]
//! pub struct EmailJob {
//!     #[indexed]
//!     pub to: String,
//! }
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
//! pub struct Receipt {
//!     pub number: u32,
//! }
//!
//! async fn send(job: JobContext<EmailJob>) -> Result<Receipt, JobError> {
//!     job.info(format!("to {}", job.payload.to));
//!     job.progress(0.5);
//!     if job.payload.to.is_empty() {
//!         return Err(JobError::fatal("nobody to send it to"));
//!     }
//!     Ok(Receipt { number: 1 })
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> specstar::Result<()> {
//! let builder = SpecStar::builder().sqlite_temporary().resources(resources![EmailJob]);
//! let app = builder.job(send).build().await?;
//! let mails = app.jobs::<EmailJob>();
//! let id = mails.enqueue(Enqueue::new(EmailJob { to: "ann".into() }).partition("ann")).await?;
//! while mails.get(&id).await?.data.status != JobStatus::Completed {
//!     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
//! }
//! # app.close().await
//! # }
//! ```
//!
//! | key | meaning |
//! | --- | --- |
//! | `artifact = T` | what a handler gives, `()` when it is not given |
//! | `queue = "mail"` | the queue, whose size a worker is told ([`worker::WorkerOptions`]) |
//! | `max_attempts = 5` | how often it is begun at most (4) |
//! | `backoff = "1s..10m"` | the wait after a failure: it doubles from the first to the last, with jitter |
//! | `timeout = "30s"` | how long an attempt may take |
//! | `priority = 10` | the higher, the earlier |
//! | `every = "10m"`, `cron = "0 3 * * *"` | the type has a job by itself, of the default payload; cron is UTC |
//!
//! A handler may be called again for a job whose process died before its outcome was committed, and only then.
//! A job is made in the commit that causes it by a before-hook ([`hook::HookContext::enqueue`]) or by
//! [`App::changes`](app::App::changes), which collects writes and jobs:
//!
//! ```no_run
//! # use specstar::prelude::*;
//! # #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! # #[job]
//! # pub struct EmailJob { pub to: String }
//! # #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! # pub struct Order { pub code: String }
//! # async fn run(app: &specstar::app::App) -> specstar::Result<()> {
//! let mut changes = app.changes().acting_as("ann");
//! changes.create(&Order { code: "a".into() })?;
//! changes.enqueue(EmailJob { to: "ann".into() })?;
//! changes.commit().await?;
//! # Ok(()) }
//! ```
//!
//! Besides the routes of every resource a job has `POST …/rerun`, `POST …/cancel`, `GET …/logs` and `GET …/progress`;
//! `/_jobs/queues` and `/_jobs/health` show all. Clients write the payload, `max_retries`, `periodic_interval_seconds`,
//! `periodic_max_runs`, `periodic_initial_delay_seconds`, `partition_key` and `idempotency_key`; how far the work is,
//! only the work writes. What a worker writes runs no hooks.
//!
//! # Files
//!
//! A field of the type [`Blob`] is a file. A write brings its bytes (`data`, as base64 in JSON) or the `file_id` of one
//! that is stored; the resource has the id, the size and the media type. Bytes are kept once however many resources
//! name them, in a folder beside the database or wherever [`blob::BlobStorage`] says, for as long as some revision
//! names them.
//!
//! ```
//! use specstar::prelude::*;
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct Letter {
//!     pub subject: String,
//!     #[serde(default)]
//!     pub scans: Vec<Blob>,
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> specstar::Result<()> {
//! let app = SpecStar::builder().sqlite_temporary().resources(resources![Letter]).build().await?;
//! let letters = app.repository::<Letter>();
//! let scans = vec![Blob::from_bytes("hello", "text/plain")];
//! let written = letters.create(&Letter { subject: "a".into(), scans }).await?;
//! let letter = letters.get(&written.resource_id).await?.data;
//! assert_eq!(letter.scans[0].size(), Some(5));
//! # app.close().await
//! # }
//! ```
//!
//! # Running it
//!
//! `/health` and `/ready` say how the process is, every answer has an `X-Request-Id`, every request is a span of
//! `tracing` with the names of OpenTelemetry, and a slow query is a warning with its plan. What is to be chosen stands
//! in the builder: [`metrics`](app::SpecStarBuilder::metrics) for Prometheus,
//! [`slow_queries`](app::SpecStarBuilder::slow_queries), [`drain_time`](app::SpecStarBuilder::drain_time).
//!
//! # Custom actions
//!
//! A function, `async` or not, can stand behind a route of its own. A *create action* makes a resource,
//! `POST /character/import-url`; an *update action* makes new content for one from what it is,
//! `POST /character/{resource_id}/level-up`. Both give `Result<Character>`, or `Result<Option<Character>>` where
//! `None` writes nothing; what they give is checked and stored as every other write is, and `resources!` names them.
//!
//! ```
//! use specstar::prelude::*;
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct Character {
//!     pub name: String,
//!     pub level: u32,
//! }
//!
//! #[derive(Deserialize, ToSchema)]
//! pub struct Import {
//!     pub url: String,
//! }
//!
//! #[derive(Deserialize, utoipa::IntoParams)]
//! pub struct By {
//!     /// How many levels.
//!     pub by: u32,
//! }
//!
//! /// Imports a character from a page.
//! #[create_action(Character, path = "import-url", label = "Import from URL")]
//! async fn import_url(cx: ActionContext, body: Json<Import>) -> specstar::Result<Character> {
//!     Ok(Character { name: format!("{} for {}", body.0.url, cx.principal().name()), level: 1 })
//! }
//!
//! #[update_action(Character)]
//! async fn level_up(existing: Existing<Character>, query: Query<By>) -> specstar::Result<Character> {
//!     Ok(Character { level: existing.data.level + query.0.by, ..existing.data })
//! }
//!
//! let registry = resources![Character; actions(import_url, level_up)];
//! assert_eq!(registry.actions()[1].label, "Level up");
//! ```
//!
//! | key | meaning |
//! | --- | --- |
//! | `path = "grant/{skill}"` | behind the type or the resource; the name of the function with `-` when it is not given |
//! | `label = "…"` | what people see; the name of the function in words when it is not given |
//! | `mode = "modify"` | of an update action: rewrites a draft in place; `update` makes a revision |
//! | `mode = "job"` | it runs as a [job](#jobs): `202` with `job_resource_name`, `job_resource_id`, `redirect_url`; `resources![…; actions(…); jobs]`. Rules, scopes and `If-Match` are asked at once and again when it runs, of who called; clients do not write the documents of these jobs |
//! | `mode = "background"` | it runs in the process behind its answer, `202`; errors are in the log |
//!
//! | argument | what it is |
//! | --- | --- |
//! | [`Existing<R>`](action::Existing) | the resource as it was read; in an update action |
//! | [`Json<T>`](action::Json) | the body; `T` derives `Deserialize` and `ToSchema` |
//! | [`Query<T>`](action::Query) | the parameters of the query; `T` derives `Deserialize` and `IntoParams` |
//! | [`Path<T>`](action::Path) | the parameters of `path`: a struct, or the only value |
//! | [`ActionContext`](action::ActionContext) | who calls, when, and repositories that write in the name of the caller |
//!
//! The result of an update action is stored only if the resource still is what `existing` says; when somebody else was
//! faster, the function is called again with what it is then. No change is lost, `If-Match` and
//! `expected_revision_id` work as on `PUT`, and a function that does something outside should be able to do it twice.
//!
//! Beside the function stands a type of its name, which `actions(…)` means. It lives where types and modules do, so an
//! action cannot be called as a type or a module beside it. With one function in a file of its name, write
//! `actions(level_up::level_up)`: a `pub use level_up::level_up` next to `mod level_up` is two things of one name.
//!
//! It is asked whether the caller may create, update or modify. An action that no list names is registered with
//! [`action`](app::SpecStarBuilder::action) of the builder.
//!
//! # Schema versions
//!
//! A struct whose fields change gets another `schema`, and says what content of the versions before is: for each the
//! type that it had, which only has to derive `Deserialize`. A step converts it to the type of the version behind it,
//! the last one to the struct itself, with `impl From`, or [`MigrateFrom`] where it can fail.
//!
//! ```
//! use specstar::prelude::*;
//! use specstar::{MigrateError, MigrateFrom};
//!
//! #[derive(Deserialize)]
//! struct UserV1 {
//!     name: String,
//! }
//!
//! #[derive(Deserialize)]
//! struct UserV2 {
//!     name: String,
//!     age: String,
//! }
//!
//! impl From<UserV1> for UserV2 {
//!     fn from(old: UserV1) -> Self {
//!         Self { name: old.name, age: "0".into() }
//!     }
//! }
//!
//! impl MigrateFrom<UserV2> for User {
//!     fn migrate_from(old: UserV2) -> Result<Self, MigrateError> {
//!         let age = old.age.parse().map_err(|_| format!("`{}` is not an age", old.age))?;
//!         Ok(Self { name: old.name, age })
//!     }
//! }
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! #[resource(schema = "v3", migrate("v1" => UserV1, "v2" => UserV2))]
//! pub struct User {
//!     pub name: String,
//!     #[indexed]
//!     pub age: u32,
//! }
//! ```
//!
//! | step | meaning |
//! | --- | --- |
//! | `"v1" => UserV1` | to the version of the next step, behind the last one to `schema` |
//! | `"v1" -> "v3" => UserV1` | to that version |
//! | `"v1" => same` | nothing but the version changed: the content is read as the type of the version it leads to |
//! | `none => UserV0` | from content of before there was a `schema` |
//! | `plus("v1" -> "v3" => UserV1)` | a chain beside the first: the way with the fewest steps is taken, of equal ones the first |
//!
//! Older content is converted when it is read, everywhere; nothing is written, answers keep its `schema_version`, and
//! filters see the values it is stored with. A write stores the new version. `POST /user/migrate/execute` writes all
//! that is left, in batches while the server answers, and `/migrate/test` tries it; a program calls
//! [`migrate`](repository::Repository::migrate) of a repository. What a revision was before is kept until it is pruned,
//! its content is replaced in place, or [`forget_originals`](repository::Repository::forget_originals) and `migrate
//! --forget-originals` let go of it, and `/migrate/rollback/{resource_id}` brings it back. A file that a step makes of
//! older content has its id at once, and can be downloaded when the resource was written or migrated.
//!
//! Content that no step leads from, or that a step fails on, stands in lists with an `error` in the place of its data,
//! and a read of it is 422; [`on_decode_error`](app::SpecStarBuilder::on_decode_error) has other choices. A program
//! does not start on data that was served at a version it does not know.
//!
//! With a file `specstar.lock.json` beside the `Cargo.toml` of the crate or at the root of its workspace, which the
//! command `lock --accept` and [`lock::shapes`](schema::lock::shapes) make, fields that are changed without another
//! `schema` are a compile error.
//!
//! # Texts with a vector
//!
//! A field of type [`Embedding`] holds a text and the vector of its meaning. The server makes the vector with the
//! encoder the field names, when the resource is written and only when the text is new; a query may give a text
//! where a vector is meant.
//!
//! ```no_run
//! use specstar::prelude::*;
//! use specstar::vector::encoder_fn;
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct Article {
//!     #[trigram]
//!     pub title: String,
//!     #[vector(dim = 2, metric = "cosine", encoder = "vowels")]
//!     pub summary: Embedding,
//! }
//!
//! # async fn run() -> specstar::Result<()> {
//! let vowels = encoder_fn("vowels", |text| async move {
//!     Ok(['a', 'e'].map(|vowel| text.matches(vowel).count() as f32).to_vec())
//! });
//! let app = SpecStar::builder()
//!     .resources(resources![Article])
//!     .sqlite("data/app.db")
//!     .vector_encoder("vowels", vowels)
//!     .build()
//!     .await?;
//! # Ok(()) }
//! ```
//!
//! # Queries in Rust
//!
//! Every indexed field has a typed handle in `User::COLUMNS`, and the metadata in `User::META`. Their methods make
//! a [`Condition`], which becomes a [`Select`] with an order and a page; a
//! [`Repository`](repository::Repository) lists, counts, streams, deletes or restores what it selects. [`qb!`] says
//! the same in the language of clients. An unindexed field, an operand of another type and a question that makes
//! no sense for the type are compile errors.
//!
//! ```
//! use specstar::prelude::*;
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct User {
//!     #[indexed]
//!     pub age: u32,
//!     #[indexed]
//!     pub tags: Vec<String>,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> specstar::Result<()> {
//! # let folder = tempfile::tempdir().expect("a folder");
//! # let builder = SpecStar::builder().sqlite(folder.path().join("app.db")).open_access();
//! # let app = builder.resources(resources![User]).build().await?;
//! let users = UserRepository::of(&app);
//! for age in 15..25 {
//!     users.create(&User { age, tags: vec!["new".into()] }).await?;
//! }
//!
//! let adults = User::COLUMNS.age.ge(18);
//! let tagged = User::COLUMNS.tags.any().starts_with("n") | User::META.created_by.eq("ann");
//! let page = users.list((adults.clone() & tagged).order_by(User::COLUMNS.age.desc()).limit(3)).await?;
//! let ages: Vec<u32> = page.items.iter().map(|user| user.data.age).collect();
//! assert_eq!(ages, [24, 23, 22]);
//! assert!(page.next.is_some(), "the cursor of the next page");
//! assert_eq!(users.count(adults).await?, 7);
//!
//! let least = 20;
//! let youngest = users.first(qb!(User: (QB["age"] >= least).sort("age"))).await?;
//! assert_eq!(youngest.expect("there are some").data.age, 20);
//! # app.close().await
//! # }
//! ```

pub use specstar_macros::{IndexKey, Resource, create_action, update_action};
pub use specstar_runtime::binary::Blob;
pub use specstar_runtime::datetime::DateTime;
pub use specstar_runtime::index_key::IndexKey;
pub use specstar_runtime::reference::{Ref, RevisionRef};
pub use specstar_runtime::registry::Registry;
pub use specstar_runtime::resource::{MigrateError, MigrateFrom, Resource, ValidationErrors};
pub use specstar_runtime::vector::Embedding;

/// The runtime crate, whole: what has no shorter path here is there.
pub use specstar_runtime as runtime;
#[cfg(feature = "nats")]
pub use specstar_runtime::async_nats;
#[cfg(feature = "cli")]
pub use specstar_runtime::cli;
pub use specstar_runtime::error::{Error, Result};
#[cfg(feature = "postgres")]
pub use specstar_runtime::sea_orm;
pub use specstar_runtime::select::{Condition, Order, Select};
pub use specstar_runtime::{
    access, acl, action, api_key, app, backup, binary, blob, change, clock, column, datetime, descriptor,
    error, event, hook, http, id, index_key, job, json, meta, qb, query, registry, repository, resource,
    schema, select, store, timeline, vector, worker,
};

/// The resource types of a program, checked against one another when it is compiled: two of one name, or
/// a reference to a type that is not in the list, do not build.
///
/// ```compile_fail
/// use specstar::prelude::*;
///
/// #[derive(Serialize, Deserialize, ToSchema, Resource)]
/// struct Zone { name: String }
///
/// #[derive(Serialize, Deserialize, ToSchema, Resource)]
/// struct Hero {
///     #[reference]
///     zone: Ref<Zone>,
/// }
///
/// let registry = resources![Hero]; // `Hero::zone` refers to `Zone`, which is not registered
/// ```
///
/// Behind the types stand the custom actions on them, and before them the option to deny what no rule allows; then
/// each type needs a `permission`, and a type that everybody may use says `permission = open`:
///
/// ```
/// use specstar::prelude::*;
///
/// #[derive(Serialize, Deserialize, ToSchema, Resource)]
/// #[resource(permission = open)]
/// struct Zone { name: String }
///
/// #[create_action(Zone)]
/// async fn discover() -> specstar::Result<Zone> {
///     Ok(Zone { name: "new".into() })
/// }
///
/// let registry = resources![deny_by_default; Zone; actions(discover)];
/// assert!(registry.denies_by_default());
/// ```
#[macro_export]
macro_rules! resources {
    ($($types:tt)*) => {
        $crate::__private::resources_impl! { $crate; $($types)* }
    };
}

/// A query in the language of the wire, checked by the compiler: a name that is not indexed, an operand of
/// another type and a method that does not fit do not build.
///
/// First the resource type, then the expression. Rust values go in by their name or path, or as an expression
/// in braces; they are taken by value, so lend what is still needed: `{ &name }`. The result is a
/// [`Select`]: give it to a [`Repository`](repository::Repository).
///
/// ```
/// use specstar::prelude::*;
///
/// #[derive(Serialize, Deserialize, ToSchema, Resource)]
/// struct User {
///     #[indexed]
///     age: u32,
///     #[indexed]
///     tags: Vec<String>,
/// }
///
/// let least = 18;
/// let adults = qb!(User: (QB["age"] >= least) & QB["tags"].contains("a"));
/// assert_eq!(adults, User::COLUMNS.age.ge(18).and(User::COLUMNS.tags.contains("a")).into());
/// let page = qb!(User: (20 <= QB["age"] < 30).sort("-age", QB.created_time().asc()).page(2, size=50));
/// assert_eq!(
///     page.to_string(),
///     r#"(QB["age"].gte(20) & QB["age"].lt(30)).sort(QB["age"].desc(), QB.created_time().asc()).limit(50).offset(50)"#
/// );
/// ```
///
/// It is the language clients use in the parameter `qb`, with the names of the Rust fields and of the metadata,
/// and a few differences that types bring: an enum is compared with its variant, a date-time with
/// `dt.datetime(…)`, `dt.date(…)` or a Rust value and not with text, and nothing is compared with `None`.
///
/// ```compile_fail
/// # use specstar::prelude::*;
/// # #[derive(Serialize, Deserialize, ToSchema, Resource)]
/// # struct User { #[indexed] age: u32 }
/// let adults = qb!(User: QB["age"] >= "18"); // a `u32` field cannot be ordered against `&str`
/// ```
#[macro_export]
macro_rules! qb {
    ($($expression:tt)*) => {
        $crate::__private::qb_impl! { $crate; $($expression)* }
    };
}

/// What a program with resources needs: the derives and their traits, references, and the builder.
pub mod prelude {
    pub use serde::{Deserialize, Serialize};
    pub use specstar_runtime::app::{SpecStar, SpecStarBuilder};
    pub use utoipa::ToSchema;

    pub use specstar_runtime::action::{ActionContext, Existing, Json, Query};

    pub use crate::{
        Blob, DateTime, Embedding, IndexKey, Ref, Resource, RevisionRef, create_action, qb, resources,
        update_action,
    };
}

/// What expansions name. Not for programs: it changes with the derive.
#[doc(hidden)]
pub mod __private {
    pub use specstar_macros::{qb_impl, resources_impl};
    pub use specstar_runtime::access::{Policy, open, permission, scope_of as scope};
    pub use specstar_runtime::action::{
        Action, ActionCall, ActionEntry, ActionKind, ActionRuns, Argument, ArgumentEntry, AsyncAction,
        Outcome, boxed, require_arguments,
    };
    pub use specstar_runtime::app::App;
    pub use specstar_runtime::column::Column;
    pub use specstar_runtime::datetime::Timestamp;
    pub use specstar_runtime::descriptor::OnDecodeError;
    pub use specstar_runtime::descriptor::{
        Backoff, FieldDescriptor, IdGenerator, Identity, IndexDescriptor, IndexKind, JobDescriptor, Metric,
        OnDelete, ReferenceDescriptor, ResourceDescriptor, UniqueDescriptor, UnknownFields, VectorDescriptor,
    };
    pub use specstar_runtime::index_key::{
        Exact, IndexField, IndexKey, Operand, UniqueField, family::Text, require_display_name,
        require_omittable, require_text, require_trigram, text_value,
    };
    pub use specstar_runtime::job::{
        FIELDS as JOB_FIELDS, INDEXES as JOB_INDEXES, Job, JobPayload, JobStatus, default_payload,
        job_schemas, prepare_job, prepare_job_validated,
    };
    pub use specstar_runtime::json::IndexValue;
    pub use specstar_runtime::lookup::FindUnique;
    pub use specstar_runtime::meta::RevisionStatus;
    pub use specstar_runtime::qb::{Period, Unit};
    pub use specstar_runtime::query::Operator;
    pub use specstar_runtime::reference::require_set_null;
    pub use specstar_runtime::registry::check::{Problem, problems, report, require_dim};
    pub use specstar_runtime::registry::{Registry, require_action, require_free};
    pub use specstar_runtime::repository::{Mode, Repository};
    pub use specstar_runtime::resource::migrate::{migrated, migrated_validated, newer, older};
    pub use specstar_runtime::resource::payload::{prepare, prepare_validated};
    pub use specstar_runtime::resource::schema::{no_schemas, schemas};
    pub use specstar_runtime::resource::{Registered, Resource, ResourceEntry};
    pub use specstar_runtime::select::{Condition, condition, now_and, select, today_and};
}

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
