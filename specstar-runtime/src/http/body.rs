//! Bodies of requests.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::repository::PatchDocument;

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<http_body_util::LengthLimitError>().is_some() => {
            Err(Error::PayloadTooLarge { limit })
        }
        Err(_) => Err(Error::BadRequest("the body ended before it was complete".into())),
    }
}

/// The media type of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MediaType {
    Json,
    JsonPatch,
    MergePatch,
    Other,
}

fn media_type(headers: &HeaderMap) -> MediaType {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json-patch+json" => MediaType::JsonPatch,
        "application/merge-patch+json" => MediaType::MergePatch,
        "application/json" => MediaType::Json,
        other if other.contains('/') && other.ends_with("+json") => MediaType::Json,
        _ => MediaType::Other,
    }
}

/// Fails with 415 unless a body that is there is declared as JSON.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<()> {
    match media_type(headers) {
        MediaType::Other => Err(Error::UnsupportedMediaType { expected: "application/json" }),
        _ => Ok(()),
    }
}

/// The patch in a body, by its media type; under plain JSON an array is a JSON Patch, an object a merge patch.
pub(crate) fn patch(headers: &HeaderMap, body: &[u8]) -> Result<PatchDocument> {
    if body.is_empty() {
        return Err(Error::MissingBody);
    }
    let media_type = media_type(headers);
    if media_type == MediaType::Other {
        return Err(Error::UnsupportedMediaType {
            expected: "application/json, application/json-patch+json or application/merge-patch+json",
        });
    }
    let document: Value = serde_json::from_slice(body).map_err(|error| malformed(body, &error))?;
    match (media_type, &document) {
        (MediaType::MergePatch, _) => PatchDocument::from_merge(document),
        (MediaType::JsonPatch, _) | (_, Value::Array(_)) => PatchDocument::from_operations(document),
        (_, Value::Object(members)) if members.contains_key("op") && members.contains_key("path") => {
            Err(Error::Validation(
                "a single operation is not a patch: send an array of operations, or the media type \
                 application/merge-patch+json for a merge patch with the keys op and path"
                    .into(),
            ))
        }
        (_, Value::Object(_)) => PatchDocument::from_merge(document),
        _ => Err(Error::InvalidPatch("a patch is an array of operations or an object".into())),
    }
}

fn malformed(body: &[u8], error: &serde_json::Error) -> Error {
    let lines = body.split(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let offset = lines.map(|line| line.len() + 1).sum::<usize>() + error.column().saturating_sub(1);
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
    Error::MalformedJson { offset, message }
}
