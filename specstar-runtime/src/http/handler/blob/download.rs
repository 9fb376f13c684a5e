//! A file as an answer.

use std::ops::RangeInclusive;

use axum::body::Body;
use axum::http::{HeaderName, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};

use super::content::ANY_TYPE;
use super::is_head;
use super::ranges::{Wanted, wanted};
use crate::binary::is_media_type;
use crate::blob::{Blobs, ByteStream};
use crate::error::{Error, Result};
use crate::http::call::Inbound;
use crate::http::reply;
use crate::http::route::FILE_CACHING;
use crate::store::BlobRecord;

/// Media types that a browser may show as a page of this site: they cannot run anything in its name. Pictures that
/// are documents (`image/svg+xml`) and PDF are not among them.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/x-icon",
    "image/vnd.microsoft.icon",
    "text/plain",
];

/// Nothing that a file says is done in the name of this site, should it be shown nevertheless.
const POLICY: &str = "default-src 'none'; sandbox";

/// Sends a file, or what is wanted of it.
pub(super) async fn send(inbound: &Inbound<'_>, blobs: &Blobs, file: BlobRecord) -> Result<Response<Body>> {
    let content_type = content_type(file.content_type.as_deref());
    // A range is a question of GET alone (RFC 9110, section 14.2).
    let wanted = match wanted(inbound.headers(), &file.file_id, file.size) {
        Wanted::Part(_) | Wanted::Parts(_) | Wanted::Unsatisfiable if is_head(inbound) => Wanted::Whole,
        wanted => wanted,
    };
    let mut response = match wanted {
        Wanted::NotModified => reply::empty(StatusCode::NOT_MODIFIED),
        Wanted::Unsatisfiable => return Ok(unsatisfiable(inbound, &file)),
        Wanted::Whole if is_head(inbound) => sized(Body::empty(), StatusCode::OK, file.size),
        Wanted::Whole => {
            let bytes = blobs.open(&file, None).await?;
            sized(body(inbound, bytes), StatusCode::OK, file.size)
        }
        Wanted::Part(part) => {
            let bytes = blobs.open(&file, Some(*part.start()..part.end() + 1)).await?;
            let length = part.end() - part.start() + 1;
            let mut response = sized(body(inbound, bytes), StatusCode::PARTIAL_CONTENT, length);
            reply::set(&mut response, header::CONTENT_RANGE, &content_range(&part, file.size));
            response
        }
        Wanted::Parts(parts) => several(inbound, blobs, &file, &content_type, parts),
    };
    describe(&mut response, &file, &content_type);
    Ok(response)
}

/// What every answer about a file says.
fn describe(response: &mut Response<Body>, file: &BlobRecord, content_type: &str) {
    reply::set_etag(response, &file.file_id);
    reply::set(response, header::CACHE_CONTROL, FILE_CACHING);
    if response.status() == StatusCode::NOT_MODIFIED {
        return;
    }
    reply::set(response, header::ACCEPT_RANGES, "bytes");
    reply::set(response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    reply::set(response, header::CONTENT_SECURITY_POLICY, POLICY);
    if !is_shown(content_type) {
        reply::set(response, header::CONTENT_DISPOSITION, "attachment");
    }
    if !response.headers().contains_key(header::CONTENT_TYPE) {
        reply::set(response, header::CONTENT_TYPE, content_type);
    }
}

/// The declared type, if it can stand in a header; texts are UTF-8 where they do not say.
fn content_type(declared: Option<&str>) -> String {
    let declared = declared.map(str::trim).filter(|text| is_media_type(text)).unwrap_or(ANY_TYPE);
    let lower = declared.to_ascii_lowercase();
    if lower.starts_with("text/") && !lower.contains("charset=") {
        return format!("{declared}; charset=utf-8");
    }
    declared.to_owned()
}

fn is_shown(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    SHOWN.contains(&&*essence) || essence.starts_with("audio/") || essence.starts_with("video/")
}

fn sized(body: Body, status: StatusCode, length: u64) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// The storage may not keep a client waiting for ever.
fn body(inbound: &Inbound<'_>, bytes: ByteStream) -> Body {
    let idle = inbound.state.settings.idle_timeout;
    Body::from_stream(stream::try_unfold(bytes, move |mut bytes| async move {
        let next = tokio::time::timeout(idle, bytes.try_next()).await;
        let next = next.unwrap_or_else(|_| Err(Error::internal("the object storage does not go on")))?;
        Ok::<_, Error>(next.map(|piece| (piece, bytes)))
    }))
}

fn content_range(part: &RangeInclusive<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", part.start(), part.end())
}

/// 416, with the size that there is (RFC 9110, section 15.5.17).
fn unsatisfiable(inbound: &Inbound<'_>, file: &BlobRecord) -> Response<Body> {
    let error = Error::RangeNotSatisfiable { size: file.size };
    let mut response = reply::error(&error, inbound.state.settings.structured_errors);
    reply::set(&mut response, header::CONTENT_RANGE, &format!("bytes */{}", file.size));
    reply::set(&mut response, HeaderName::from_static("accept-ranges"), "bytes");
    response
}

/// Several parts of a file in one body (RFC 9110, section 14.6). Each is opened when it is its turn.
fn several(
    inbound: &Inbound<'_>,
    blobs: &Blobs,
    file: &BlobRecord,
    content_type: &str,
    parts: Vec<RangeInclusive<u64>>,
) -> Response<Body> {
    let boundary = uuid::Uuid::new_v4().simple().to_string();
    let end = format!("\r\n--{boundary}--\r\n");
    let heads: Vec<String> = parts
        .iter()
        .map(|part| {
            let range = content_range(part, file.size);
            format!("\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {range}\r\n\r\n")
        })
        .collect();
    let framing = heads.iter().map(String::len).sum::<usize>() + end.len();
    let length = framing as u64 + parts.iter().map(|part| part.end() - part.start() + 1).sum::<u64>();
    let pieces = stream::iter(heads.into_iter().zip(parts)).then({
        let (blobs, file) = (blobs.clone(), file.clone());
        move |(head, part)| {
            let (blobs, file) = (blobs.clone(), file.clone());
            async move {
                let bytes = blobs.open(&file, Some(*part.start()..part.end() + 1)).await?;
                Ok::<_, Error>(stream::once(async { Ok(Bytes::from(head)) }).chain(bytes))
            }
        }
    });
    let pieces = pieces.try_flatten().chain(stream::once(async { Ok(Bytes::from(end)) })).boxed();
    let mut response = sized(body(inbound, pieces), StatusCode::PARTIAL_CONTENT, length);
    let multipart = format!("multipart/byteranges; boundary={boundary}");
    reply::set(&mut response, header::CONTENT_TYPE, &multipart);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_can_run_something_are_not_shown() {
        for shown in ["image/png", "IMAGE/JPEG", "text/plain; charset=utf-8", "video/mp4", "audio/ogg"] {
            assert!(is_shown(shown), "{shown}");
        }
        for saved in [
            "text/html",
            "image/svg+xml",
            "application/pdf",
            "application/xhtml+xml",
            "text/xml",
            "application/octet-stream",
            "image/png, text/html",
            "",
        ] {
            assert!(!is_shown(saved), "{saved}");
        }
    }

    #[test]
    fn types_that_are_none_are_sent_as_bytes() {
        assert_eq!(content_type(Some("text/csv")), "text/csv; charset=utf-8");
        assert_eq!(content_type(Some("text/plain; charset=latin1")), "text/plain; charset=latin1");
        assert_eq!(content_type(Some("a/b")), "a/b");
        let long = format!("a/{}", "b".repeat(254));
        for none in [None, Some(""), Some("png"), Some("text/html\r\nX: y"), Some("a/\u{0}"), Some(&long)] {
            assert_eq!(content_type(none), ANY_TYPE, "{none:?}");
        }
    }
}
