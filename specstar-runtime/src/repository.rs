//! The operations of a program: read, plan by the rules of the [timeline](crate::timeline), commit, and plan
//! again when somebody else was faster.
//!
//! [`Service`] does them on erased resources (descriptor and JSON) and is what the HTTP routes call;
//! [`Repository`] is the same with types, for programs.

mod action;
mod answer;
mod archive;
mod archive_job;
mod asked;
mod batch;
mod blob;
mod blob_access;
mod caller;
mod changes;
mod commit;
mod embed;
mod enqueue;
mod feed;
mod gate;
mod hooks;
mod job;
mod lifecycle;
mod migrate;
mod patch;
mod payload;
mod query;
mod queue;
mod read;
mod reference;
mod rows;
mod service;
mod settings;
mod typed;
mod undo;
mod write;

pub use action::Content;
pub(crate) use answer::{Outcome, Repeatable};
pub(crate) use archive::{Arrival, Arriving, Duplicates, Fate, Findings, Parts};
pub(crate) use asked::Asked;
pub use batch::Selection;
pub use caller::Caller;
pub use changes::{Changes, Committed};
pub(crate) use feed::FeedEnd;
pub use feed::{FeedOf, FeedPage};
pub use job::JobHealth;
pub use migrate::{
    MigrateOptions, MigrateOutcome, MigrateProgress, MigrateRequest, MigrateStatus, MigrateSummary,
    Migration, Revisions,
};
pub use patch::PatchDocument;
pub(crate) use payload::decode_error;
pub use query::Page;
pub use read::{ReadOptions, Snapshot};
pub use reference::Referrers;
pub(crate) use service::store_error;
pub use service::{Model, Service};
pub use settings::{ModelSettings, Settings};
pub use typed::{Repository, Stored};
pub use write::{Mode, ReplaceOptions, Written};
