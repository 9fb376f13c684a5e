//! Differences between revisions, and undo.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::write::answer;
use crate::error::Result;
use crate::http::call::Call;
use crate::http::reply;
use crate::http::route::parameters as p;
use crate::repository::ReplaceOptions;

/// `GET …/diff`.
pub(super) async fn diff(call: &Call<'_>) -> Result<Response<Body>> {
    let pair = (call.query.text(&p::FROM), call.query.text(&p::TO));
    let include_deleted = call.query.boolean(&p::INCLUDE_DELETED, false)?;
    let (service, id) = (call.service(), call.resource_id());
    let patch = service.diff(call.model, id, pair, include_deleted, &call.caller).await?;
    Ok(reply::json(StatusCode::OK, patch))
}

/// `POST …/undo/{revision_id}`.
pub(super) async fn undo(call: &Call<'_>) -> Result<Response<Body>> {
    let options = ReplaceOptions { preconditions: call.preconditions()?, ..ReplaceOptions::default() };
    let revision = call.path_value(&p::REVISION_SELECTOR);
    let (service, id) = (call.service(), call.resource_id());
    let written = service.undo(call.model, id, revision, options, &call.caller).await?;
    Ok(answer(&written))
}
