//! The file in the body of a request, read as it comes: memory does not grow with it.

pub(in crate::http::handler) mod pace;

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use multer::{Field, Multipart};

use self::pace::{Fault, Pace, paced};
use crate::binary::is_media_type;
use crate::error::{Error, Result};

/// The part of a form that has the file.
const FILE: &str = "file";

/// Bytes of a form that are no file: what stands between the boundaries besides it.
pub(in crate::http::handler) const AROUND: u64 = 64 * 1024;

/// The media type of a file that comes without one.
pub(super) const ANY_TYPE: &str = "application/octet-stream";

/// How a file may come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most bytes of a file.
    pub(super) size: u64,
    /// The longest time without any of them.
    pub(super) idle: Duration,
    /// The body may be the file itself, without a form around it.
    pub(super) raw: bool,
}

/// A file that is still to be read.
pub(super) struct Content {
    /// Its declared media type, where that is one.
    pub(super) content_type: Option<String>,
    /// Its bytes. It fails where the body does, and where what stands around the file is not a form with one file.
    pub(super) bytes: BoxStream<'static, Result<Bytes>>,
}

/// Finds the file: the part `file` of a form, or the body itself.
pub(super) async fn content(headers: &HeaderMap, body: Body, limits: Limits) -> Result<Content> {
    refuse_declared(headers, limits)?;
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if let Some(boundary) = declared.and_then(|text| multer::parse_boundary(text).ok()) {
        return form(body, boundary, limits).await;
    }
    match declared.map(essence) {
        Some(essence) if essence == "multipart/form-data" => Err(refused("the form has no boundary")),
        Some(essence) if !limits.raw || essence == "application/x-www-form-urlencoded" => {
            Err(refused("a form (multipart/form-data) with a part `file` is expected"))
        }
        // A file may be empty, and may come without a media type; with neither, nobody sent one.
        None if !limits.raw || body.is_end_stream() => {
            Err(refused("a form (multipart/form-data) with a part `file` is expected"))
        }
        _ => Ok(raw(body, declared.filter(|text| is_media_type(text)).map(str::to_owned), limits)),
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A body that says itself that it is too long need not be read.
fn refuse_declared(headers: &HeaderMap, limits: Limits) -> Result<()> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length = declared.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    if length > limits.size.saturating_add(AROUND) { Err(too_large(limits)) } else { Ok(()) }
}

/// The body is the file.
fn raw(body: Body, content_type: Option<String>, limits: Limits) -> Content {
    let (bytes, _) = paced(body, u64::MAX);
    let state = (bytes, limits.size);
    let bytes = stream::try_unfold(state, move |(mut bytes, mut left)| async move {
        let Some(chunk) = in_time(limits, bytes.next()).await?.transpose().map_err(broken)? else {
            return Ok(None);
        };
        left = left.checked_sub(chunk.len() as u64).ok_or_else(|| too_large(limits))?;
        Ok(Some((chunk, (bytes, left))))
    });
    Content { content_type, bytes: bytes.boxed() }
}

/// The file is a part of a form.
async fn form(body: Body, boundary: String, limits: Limits) -> Result<Content> {
    let (bytes, pace) = paced(body, AROUND);
    let mut form = Form { parts: Multipart::new(bytes, boundary), pace, left: limits.size, limits };
    let Some(file) = form.file().await? else { return Err(refused("the form has no part `file`")) };
    let content_type = file.content_type().map(ToString::to_string).filter(|text| is_media_type(text));
    form.pace.allow(limits.size.saturating_add(AROUND));
    let bytes = stream::try_unfold((form, Some(file)), |(mut form, file)| async move {
        let Some(mut file) = file else { return Ok(None) };
        if let Some(chunk) = form.chunk(&mut file).await? {
            return Ok(Some((chunk, (form, Some(file)))));
        }
        drop(file);
        form.end().await?;
        Ok(None)
    });
    Ok(Content { content_type, bytes: bytes.boxed() })
}

/// A form that is being read.
struct Form {
    parts: Multipart<'static>,
    pace: Pace,
    /// How much longer the file may be.
    left: u64,
    limits: Limits,
}

impl Form {
    /// The next part with the name of the file; others are passed over.
    async fn file(&mut self) -> Result<Option<Field<'static>>> {
        loop {
            let next = in_time(self.limits, self.parts.next_field()).await?;
            match next.map_err(|error| self.malformed(error))? {
                Some(part) if part.name() == Some(FILE) => return Ok(Some(part)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    async fn chunk(&mut self, file: &mut Field<'static>) -> Result<Option<Bytes>> {
        let chunk = in_time(self.limits, file.chunk()).await?.map_err(|error| self.malformed(error))?;
        let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
        self.left = self.left.checked_sub(length).ok_or_else(|| too_large(self.limits))?;
        Ok(chunk)
    }

    /// Behind the file: the form must be complete and have no other file.
    async fn end(&mut self) -> Result<()> {
        self.pace.allow(AROUND);
        match self.file().await? {
            None => Ok(()),
            Some(_) => Err(refused("the form has several parts `file`: send one file at a time")),
        }
    }

    fn malformed(&self, error: multer::Error) -> Error {
        let multer::Error::StreamReadFailed(cause) = error else {
            return refused(&format!("the form cannot be read: {error}"));
        };
        match cause.downcast_ref::<Fault>() {
            Some(Fault::TooMuch) if self.pace.was_generous() => too_large(self.limits),
            Some(fault) => broken(*fault),
            None => broken(Fault::Broken),
        }
    }
}

/// A body that makes no progress is given up; how long it takes as a whole does not matter.
async fn in_time<T>(limits: Limits, step: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(limits.idle, step).await.map_err(|_| {
        Error::BadRequest(format!("nothing of the body came for {} ms", limits.idle.as_millis()))
    })
}

fn broken(fault: Fault) -> Error {
    match fault {
        Fault::Broken => Error::BadRequest("the body ended before it was complete".into()),
        Fault::TooMuch => refused(&format!("more than {AROUND} bytes of the form are not the part `file`")),
    }
}

fn too_large(limits: Limits) -> Error {
    Error::PayloadTooLarge { limit: usize::try_from(limits.size).unwrap_or(usize::MAX) }
}

fn refused(message: &str) -> Error {
    Error::InvalidParameter {
        location: "body",
        name: FILE.to_owned(),
        message: message.to_owned(),
        input: String::new(),
    }
}

#[cfg(test)]
mod tests;
