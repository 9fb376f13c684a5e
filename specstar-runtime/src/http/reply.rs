//! Answers.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::error::Error;

/// `X-Has-More`: is there a further page.
pub(crate) const HAS_MORE: HeaderName = HeaderName::from_static("x-has-more");
/// `X-Next-Cursor`: where the next page begins, as the parameter `cursor` takes it.
pub(crate) const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
/// `X-Next-Since`: where the next page of a feed begins, as the parameter `since` takes it.
pub(crate) const NEXT_SINCE: HeaderName = HeaderName::from_static("x-next-since");
/// `X-Total-Count`: how many match, paging aside.
pub(crate) const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");
/// `X-Unchanged`: a write found nothing to change.
pub(crate) const UNCHANGED: HeaderName = HeaderName::from_static("x-unchanged");
/// `Deprecation` (RFC 9745).
pub(crate) const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    of_json(status, body.into())
}

/// A JSON answer that was written whole.
pub(crate) fn whole(body: Vec<u8>) -> Response<Vec<u8>> {
    of_json(StatusCode::OK, body)
}

fn of_json<B>(status: StatusCode, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Sets a header whose value this program made; a resource id that cannot stand in a header (RFC 9110
/// allows visible ASCII and obs-text) leaves it out.
pub(crate) fn set<B>(response: &mut Response<B>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(name, value);
    }
}

/// Sets `ETag`, in quotes.
pub(crate) fn set_etag<B>(response: &mut Response<B>, tag: &str) {
    set(response, header::ETAG, &format!("\"{tag}\""));
}

/// The body for an error.
pub(crate) fn error_text(error: &Error, structured: bool) -> String {
    let detail = if structured { error.structured_detail() } else { error.detail() };
    serde_json::json!({ "detail": detail }).to_string()
}

/// The answer for an error, as its row of the table says.
pub(crate) fn error(error: &Error, structured: bool) -> Response<Body> {
    let status = StatusCode::from_u16(error.kind().row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, error_text(error, structured).into_bytes());
    if let Error::Unavailable { retry_after, .. } = error.root() {
        set(&mut response, header::RETRY_AFTER, &retry_after.to_string());
    }
    if let Some(challenge) = challenge(error) {
        set(&mut response, header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What a 401 asks for (RFC 6750 section 3).
fn challenge(error: &Error) -> Option<&'static str> {
    match error {
        Error::Unauthenticated => Some("Bearer"),
        Error::InvalidToken => Some(r#"Bearer error="invalid_token""#),
        Error::TokenExpired => Some(r#"Bearer error="invalid_token", error_description="token expired""#),
        _ => None,
    }
}
