//! Migrations: of one resource, and of many as a stream of lines or over a WebSocket.

mod lines;
mod socket;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use futures_util::stream;

use self::lines::Lines;
pub(crate) use self::socket::socket;
use super::selection::selection;
use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::reply;
use crate::http::route::{Operation, parameters as p};
use crate::repository::{MigrateOptions, MigrateProgress, MigrateRequest, Migration, Revisions};

/// `POST …/migrate/single/{resource_id}` and `…/rollback/{resource_id}`.
pub(super) async fn one(call: &Call<'_>) -> Result<Response<Body>> {
    let (service, resource_id) = (call.service(), call.resource_id());
    let revision = call.query.text(&p::MIGRATE_REVISION);
    let progress = if call.route.operation == Operation::RollbackMigration {
        service.take_back_migration(call.model, resource_id, revision, &call.caller).await?
    } else {
        let request = MigrateRequest {
            revision: revision.map(str::to_owned),
            write_back: call.query.boolean(&p::WRITE_BACK, true)?,
        };
        service.migrate_one(call.model, resource_id, &request, &call.caller).await?
    };
    answer(&progress)
}

fn answer(progress: &MigrateProgress) -> Result<Response<Body>> {
    let body = serde_json::to_vec(progress).map_err(Error::internal)?;
    Ok(reply::json(StatusCode::OK, body))
}

/// `POST …/migrate/test` and `…/execute`. What is wrong with the request is said before the stream begins.
pub(super) async fn many(call: &Call<'_>) -> Result<Response<Body>> {
    let lines = Lines::new(call.state, begin(call).await?);
    let body = stream::unfold(lines, |mut lines| async move {
        let text = lines.next().await?;
        Some((Ok::<_, std::convert::Infallible>(text), lines))
    });
    let mut response = Response::new(Body::from_stream(body));
    reply::set(&mut response, header::CONTENT_TYPE, "application/jsonl+json");
    // Proxies that gather an answer before they hand it on would hold the lines back.
    reply::set(&mut response, header::HeaderName::from_static("x-accel-buffering"), "no");
    Ok(response)
}

/// The migration that a request asks for.
async fn begin(call: &Call<'_>) -> Result<Migration> {
    let selection = selection(call, None)?.selection;
    let revisions = match call.query.text(&p::MIGRATE_REVISION) {
        None => Revisions::Current,
        Some("all") => Revisions::All,
        Some(revision_id) => Revisions::One(revision_id.to_owned()),
    };
    let dry_run = call.route.operation == Operation::TestMigration;
    let options = MigrateOptions { dry_run, revisions, ..MigrateOptions::default() };
    call.state.service.migrate(call.model, selection, options, &call.caller).await
}
