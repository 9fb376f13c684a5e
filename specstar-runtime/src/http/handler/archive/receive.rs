//! An archive on its way in.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::http::call::Inbound;
use crate::http::handler::blob::content::AROUND;
use crate::http::handler::blob::content::pace::paced;

/// Parts that wait for the disk.
const WAITING: usize = 4;

/// Keeps the archive of a request in a temporary file: the raw body, or the part `file` of a form. Without either,
/// `required` says that this is a mistake in the request, else it is an empty archive.
pub(super) async fn archive(inbound: &Inbound<'_>, body: Body, required: bool) -> Result<NamedTempFile> {
    let content_type = inbound.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let limits =
        Limits { bytes: inbound.state.settings.archive_limit, idle: inbound.state.settings.idle_timeout };
    let content_type = content_type.unwrap_or_default();
    if let Ok(boundary) = multer::parse_boundary(content_type) {
        // The reader of forms keeps all that stands before a part.
        let (parts, pace) = paced(body, AROUND);
        let mut form = multer::Multipart::new(parts, boundary);
        while let Some(field) = limits.wait(form.next_field()).await?.map_err(|error| malformed(&error))? {
            if field.name() == Some("file") {
                pace.allow(limits.bytes.saturating_add(AROUND));
                return limits.spool(field).await;
            }
        }
        return Err(missing());
    }
    if required && content_type.is_empty() {
        return Err(missing());
    }
    limits.spool(body.into_data_stream()).await
}

fn missing() -> Error {
    Error::InvalidParameter {
        location: "body",
        name: "file".into(),
        message: "an archive is required: as the body, or as the part `file` of a form".into(),
        input: String::new(),
    }
}

fn malformed(error: &dyn std::error::Error) -> Error {
    Error::BadRequest(format!("the body cannot be read: {error}"))
}

struct Limits {
    bytes: u64,
    idle: Duration,
}

impl Limits {
    /// A client that sends nothing for so long is given up.
    async fn wait<T>(&self, next: impl Future<Output = T>) -> Result<T> {
        let limit = self.idle;
        tokio::time::timeout(limit, next)
            .await
            .map_err(|_| Error::BadRequest(format!("no part of the body came for {} ms", limit.as_millis())))
    }

    async fn spool<E: std::error::Error>(
        &self,
        parts: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<NamedTempFile> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let written = tokio::task::spawn_blocking(move || keep(receiver));
        let pumped = self.pump(parts, &sender).await;
        drop(sender);
        let file = written.await.map_err(Error::internal)?;
        pumped?;
        file.map_err(|error| Error::Unavailable {
            reason: format!("an archive cannot be kept: {error}"),
            retry_after: 30,
        })
    }

    async fn pump<E: std::error::Error>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        sender: &mpsc::Sender<Bytes>,
    ) -> Result<()> {
        let mut parts = std::pin::pin!(body);
        let mut length = 0;
        while let Some(next) = self.wait(parts.next()).await? {
            let bytes = next.map_err(|error| malformed(&error))?;
            length += bytes.len() as u64;
            if length > self.bytes {
                let limit = usize::try_from(self.bytes).unwrap_or(usize::MAX);
                return Err(Error::PayloadTooLarge { limit });
            }
            if sender.send(bytes).await.is_err() {
                // The file could not be written, which its task says.
                return Ok(());
            }
        }
        Ok(())
    }
}

fn keep(mut parts: mpsc::Receiver<Bytes>) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("specstar-archive-").tempfile()?;
    while let Some(part) = parts.blocking_recv() {
        file.write_all(&part)?;
    }
    file.flush()?;
    Ok(file)
}
