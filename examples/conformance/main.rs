//! The server the conformance corpus is replayed against: its models, its users, its clock.
//!
//! `SPECSTAR_ADDR` (default `127.0.0.1:8000`) and `SPECSTAR_DATABASE_URL` (default a fresh temporary SQLite
//! database; `sqlite:PATH`, or `postgres://…` with the feature `postgres`) say where. Files are in the folder
//! `SPECSTAR_BLOB_DIR`, which several processes on one database can share; without it beside the SQLite database, or
//! in a fresh temporary folder. Two headers stand for what a real application gets from its
//! authentication and its clock: `X-User` and `X-Now`.

mod models;

use specstar::access::{Action, Decision, Principal, access_fn, principal_fn};
use specstar::app::Preset;
use specstar::blob::BlobStorage;
use specstar::clock::{Clock, SystemClock, clock_fn};
use specstar::datetime::Timestamp;
use specstar::error::Error;
use specstar::prelude::*;

#[tokio::main]
async fn main() -> specstar::Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let address = std::env::var("SPECSTAR_ADDR").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let builder = match std::env::var("SPECSTAR_DATABASE_URL") {
        Ok(url) => SpecStar::builder().database_url(&url),
        Err(_) => SpecStar::builder().sqlite_temporary(),
    };
    let in_file = std::env::var("SPECSTAR_DATABASE_URL").is_ok_and(|url| url.starts_with("sqlite:"));
    let fresh =
        tempfile::TempDir::new().map_err(|error| Error::CannotStart { problems: vec![error.to_string()] })?;
    let builder = match std::env::var_os("SPECSTAR_BLOB_DIR") {
        Some(folder) => builder.blobs(BlobStorage::folder(folder)),
        None if in_file => builder,
        None => builder.blobs(BlobStorage::folder(fresh.path())),
    };
    builder
        .resources(models::all())
        .preset(Preset::Compat)
        .migration_routes(true)
        .principal(principal_fn(|request| {
            let name = request.headers.get("x-user").and_then(|value| value.to_str().ok()).unwrap_or("");
            Ok(if name.is_empty() { Principal::Anonymous } else { Principal::user(name) })
        }))
        .clock(clock_fn(|request| {
            let Some(value) = request.and_then(|request| request.headers.get("x-now")) else {
                return SystemClock.now(request);
            };
            let now = value.to_str().ok().and_then(Timestamp::parse);
            now.ok_or_else(|| Error::BadRequest("X-Now is not an ISO 8601 time".into()))
        }))
        .scope(models::own_inbox)
        .access(access_fn(|request| {
            if request.model.id.name != "secret" || may(request.principal.name(), request.action) {
                Decision::Allow
            } else {
                Decision::Deny
            }
        }))
        .serve(address)
        .await
}

/// What the users of the corpus may do with a `secret`.
fn may(user: &str, action: Action) -> bool {
    let reader = Action::READ | Action::READ_BLOB | Action::SEARCH_RESOURCES;
    let allowed = match user {
        "root" => Action::FULL,
        "reader" => reader,
        "writer" => reader | Action::WRITE,
        "metaonly" => Action::GET_META | Action::SEARCH_RESOURCES,
        _ => Action::empty(),
    };
    allowed.contains(action)
}
