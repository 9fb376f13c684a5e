//! What each operation does with a [`Call`].

pub(crate) mod action;
mod archive;
mod blob;
mod feed;
mod history;
mod job;
mod lifecycle;
mod list;
pub(crate) mod migrate;
mod read;
mod reference;
mod revision;
mod selection;
mod write;

use axum::body::Body;
use axum::http::Response;
use futures_util::future::BoxFuture;

use super::call::{Call, Inbound};
use super::route::Operation;
use crate::error::Result;
use crate::repository::{Model, Outcome};

/// Runs the operation of the call's route. Each operation is boxed for itself: one future that could hold
/// any of them has the size of the largest, and a read would carry the state of a batch delete around.
pub(crate) fn run<'a>(call: &'a Call<'a>, body: Body) -> BoxFuture<'a, Result<Response<Body>>> {
    match call.route.operation {
        Operation::List
        | Operation::ListFull
        | Operation::ListData
        | Operation::ListMeta
        | Operation::ListRevisionInfo => Box::pin(list::list(call)),
        Operation::Count => Box::pin(list::count(call)),
        Operation::BatchDelete | Operation::BatchRestore => Box::pin(list::change_all(call)),
        Operation::Create => Box::pin(write::create(call, body)),
        Operation::Replace => Box::pin(write::replace(call, body)),
        Operation::Patch => Box::pin(write::patch(call, body)),
        Operation::Read
        | Operation::ReadFull
        | Operation::ReadData
        | Operation::ReadMeta
        | Operation::ReadRevisionInfo => Box::pin(read::read(call)),
        Operation::RevisionList => Box::pin(history::revision_list(call)),
        Operation::Delete | Operation::DeletePermanently | Operation::Restore | Operation::Switch => {
            Box::pin(lifecycle::change(call))
        }
        Operation::Undo => Box::pin(revision::undo(call)),
        Operation::Diff => Box::pin(revision::diff(call)),
        Operation::Referrers => Box::pin(reference::referrers(call)),
        Operation::Changes | Operation::ResourceChanges => Box::pin(feed::changes(call)),
        Operation::TestMigration | Operation::ExecuteMigration => Box::pin(migrate::many(call)),
        Operation::MigrateOne | Operation::RollbackMigration => Box::pin(migrate::one(call)),
        Operation::ReadResourceBlob => Box::pin(blob::read_of_resource(call)),
        Operation::RerunJob => Box::pin(job::rerun(call)),
        Operation::CancelJob => Box::pin(job::cancel(call)),
        Operation::JobLogs => Box::pin(job::logs(call)),
        Operation::JobProgress => Box::pin(job::progress(call)),
        Operation::Export => Box::pin(archive::export(call)),
        Operation::Import => Box::pin(archive::import(call, body)),
        Operation::Relationships
        | Operation::AllChanges
        | Operation::JobQueues
        | Operation::JobHealth
        | Operation::ExportAll
        | Operation::ImportAll
        | Operation::UploadBlob
        | Operation::ReadBlob
        | Operation::BeginUpload
        | Operation::ReadUpload
        | Operation::PutUploadContent
        | Operation::FinalizeUpload
        | Operation::AbortUpload => run_global(call, body),
    }
}

/// How the outcome of an operation is answered.
pub(crate) fn outcome(model: &Model, outcome: &Outcome<'_>) -> Response<Vec<u8>> {
    match outcome {
        Outcome::Written(written) => write::whole_answer(written),
        Outcome::Rerun(written) => write::whole_info(written),
        Outcome::One(head) => lifecycle::meta(model, head),
        Outcome::Many(heads) => list::metas(model, heads),
    }
}

/// The same for a route that belongs to no resource type.
pub(crate) fn run_global<'a>(inbound: &'a Inbound<'a>, body: Body) -> BoxFuture<'a, Result<Response<Body>>> {
    match inbound.route.operation {
        Operation::Relationships => Box::pin(std::future::ready(reference::relationships(inbound))),
        Operation::AllChanges => Box::pin(feed::all_changes(inbound)),
        Operation::JobQueues => Box::pin(job::queues(inbound)),
        Operation::JobHealth => Box::pin(job::health(inbound)),
        Operation::ExportAll => Box::pin(archive::export_all(inbound)),
        Operation::ImportAll => Box::pin(archive::import_all(inbound, body)),
        _ => blob::run(inbound, body),
    }
}
