//! `/health` and `/ready`: what whoever starts, stops and watches processes asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::get;

use super::reply;
use super::router::HttpState;

/// The longest wait for the store.
const PING_LIMIT: Duration = Duration::from_secs(2);

/// The routes about the process, which no base path stands before. Nobody is asked who he is, and nothing of what is
/// stored is told.
pub(crate) fn routes(state: &Arc<HttpState>) -> Router {
    let state = Arc::clone(state);
    Router::new()
        .route("/health", get(async || uncached(reply::json(StatusCode::OK, r#"{"status":"ok"}"#))))
        .route("/ready", get(async move || uncached(ready(&state).await)))
}

/// Whether requests are to be sent here. There is no check of the tables: an application has its routes when they fit.
async fn ready(state: &HttpState) -> Response<Body> {
    let serving = if state.draining.load(Ordering::Relaxed) { "stopping" } else { "ok" };
    let store = match tokio::time::timeout(PING_LIMIT, state.service.store().ping()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the store does not answer");
            "unavailable"
        }
        Err(_) => {
            tracing::warn!(limit = ?PING_LIMIT, "not ready: the store does not answer in time");
            "timeout"
        }
    };
    if (serving, store) == ("ok", "ok") {
        return reply::json(StatusCode::OK, r#"{"status":"ready"}"#);
    }
    let checks = serde_json::json!({"serving": serving, "store": store});
    let body = serde_json::json!({"status": "unavailable", "checks": checks});
    reply::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
}

/// An answer of a moment ago says nothing.
fn uncached(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
