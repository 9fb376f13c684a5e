//! The runtime of `specstar`: everything a derived resource does when the
//! program runs. Applications use the facade crate; this one is its engine room.
//!
//! Lowest layer first, and a lower layer never names a higher one:
//!
//! | module | what lives there |
//! | --- | --- |
//! | [`descriptor`], [`resource`] | what the derive emits: constants, and the trait that carries them |
//! | [`index_key`], [`reference`](mod@reference) | what the types of fields can be: indexed, unique, references |
//! | [`binary`] | fields that are files |
//! | [`vector`] | vector fields, texts with a vector, encoders |
//! | [`json`], [`datetime`] | canonical JSON, decoding, selection; date-times and timestamps |
//! | [`meta`], [`id`], [`error`] | metadata shapes, ids, and the one error enum with its table |
//! | [`query`] | predicates, sort keys, structured filters, cursors |
//! | [`qb`] | the query language |
//! | [`column`](mod@column), [`select`] | queries of a program: handles, conditions, orders and pages with types |
//! | [`change`] | changes as plain data: what is planned and what is committed |
//! | [`timeline`] | the rules of the versioned timeline, pure functions |
//! | [`job`] | jobs: their documents, and what work does to them, pure functions |
//! | [`upload`] | upload sessions, and what may happen to them, pure functions |
//! | [`store`] | the `Store` trait, tables, SQL, and the SQLite adapter |
//! | [`schema`] | schema versions: what becomes of older content, and the lock file |
//! | [`blob`](mod@blob) | the bytes of blobs in an object storage, and their collection |
//! | [`access`], [`clock`] | who may do what; what time it is |
//! | [`repository`] | read, plan, commit, and plan again when stale |
//! | [`lookup`] | the future of a derived `find_by_…` |
//! | [`acl`], [`api_key`] | who may do what, and who is who, as resources |
//! | [`action`] | custom actions: what a function takes and gives, once its types are erased |
//! | [`registry`] | what `resources!` yields, and its checks at compile time |
//! | [`worker`] | who does the work of jobs |
//! | [`http`] | routes, extractors, responses, OpenAPI, documentation page |
//! | [`app`] | the builder and the running application |
//! | `cli` | the command line of an application |

pub mod access;
pub mod acl;
pub mod action;
pub mod api_key;
pub mod app;
pub mod backup;
pub mod binary;
pub mod blob;
pub mod change;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod column;
pub mod datetime;
pub mod descriptor;
pub mod error;
pub mod event;
pub mod hook;
pub mod http;
pub mod id;
pub mod index_key;
pub mod job;
pub mod json;
pub mod lookup;
pub mod meta;
pub mod metric;
pub mod qb;
pub mod query;
pub mod reference;
pub mod registry;
pub mod repository;
pub mod resource;
pub mod schema;
pub mod select;
pub mod store;
pub mod timeline;
pub mod upload;
pub mod vector;
pub mod worker;

// The server of the tests is started by a file that all suites share, which calls the crate by this name.
#[cfg(all(test, feature = "postgres"))]
extern crate self as specstar;

/// The library that connects to NATS, for [`NatsPublisher`](event::NatsPublisher).
#[cfg(feature = "nats")]
pub use async_nats;
/// The library that connects to PostgreSQL, for [`postgres_connection`](app::SpecStarBuilder::postgres_connection).
#[cfg(feature = "postgres")]
pub use sea_orm;
