//! Files: upload, download, upload sessions.

pub(super) mod content;
mod download;
mod ranges;
mod session;

use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use futures_util::future::BoxFuture;
use serde::Serialize;

use self::content::{ANY_TYPE, Limits, content};
use super::super::call::{Call, Inbound};
use crate::blob::{Blobs, Uploads};
use crate::error::{Error, Result};
use crate::http::reply;
use crate::http::route::{Operation, parameters as p};

/// The routes of files that belong to no resource type.
pub(super) fn run<'a>(inbound: &'a Inbound<'a>, body: Body) -> BoxFuture<'a, Result<Response<Body>>> {
    match inbound.route.operation {
        Operation::UploadBlob => Box::pin(upload(inbound, body)),
        Operation::BeginUpload => Box::pin(session::begin(inbound, body)),
        Operation::ReadUpload => Box::pin(session::read(inbound)),
        Operation::PutUploadContent => Box::pin(session::put(inbound, body)),
        Operation::FinalizeUpload => Box::pin(session::finalize(inbound)),
        Operation::AbortUpload => Box::pin(session::abort(inbound)),
        _ => Box::pin(read(inbound)),
    }
}

/// What a field of a resource says of a file.
#[derive(Serialize)]
struct Binary<'a> {
    file_id: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
}

impl Binary<'_> {
    fn reply(&self) -> Result<Response<Body>> {
        Ok(reply::json(StatusCode::OK, serde_json::to_vec(self).map_err(Error::internal)?))
    }
}

/// `POST /blobs/upload`.
async fn upload(inbound: &Inbound<'_>, body: Body) -> Result<Response<Body>> {
    let uploads = uploads(inbound)?;
    authorize(inbound).await?;
    let content = content(inbound.headers(), body, limits(inbound, uploads.blobs())).await?;
    let content_type = content.content_type.unwrap_or_else(|| ANY_TYPE.to_owned());
    let (limit, now) = (uploads.blobs().limit(), inbound.caller.now());
    let stored = uploads.blobs().store_stream(content.bytes, Some(content_type.clone()), limit, now).await?;
    inbound.service().note_uploader(&stored.file_id, &inbound.caller).await?;
    Binary { file_id: &stored.file_id, size: stored.size, content_type: Some(&content_type) }.reply()
}

/// `GET /blobs/{file_id}`.
async fn read(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let blobs = uploads(inbound)?.blobs();
    let file_id = inbound.path_value(&p::FILE_ID);
    let file = if inbound.service().settings().open_blobs {
        let found = blobs.find(file_id).await?;
        found.ok_or_else(|| Error::BlobNotFound { file_id: file_id.to_owned() })?
    } else {
        inbound.service().blob(blobs, file_id, &inbound.caller).await?
    };
    download::send(inbound, blobs, file).await
}

/// `GET /{m}/{id}/blobs/{file_id}`.
pub(super) async fn read_of_resource(call: &Call<'_>) -> Result<Response<Body>> {
    let blobs = call.service().blobs()?;
    let file_id = call.path_value(&p::FILE_ID);
    let file = call.service().blob_of(call.model, call.resource_id(), file_id, &call.caller).await?;
    download::send(call, blobs, file).await
}

/// The upload sessions, and the files, of the application.
fn uploads<'a>(inbound: &Inbound<'a>) -> Result<&'a Uploads> {
    inbound.state.uploads.as_ref().ok_or(Error::UploadsNotImplemented)
}

/// Fails with 403 for those who may not upload.
async fn authorize(inbound: &Inbound<'_>) -> Result<()> {
    if inbound.service().settings().open_blobs {
        return Ok(());
    }
    inbound.service().authorize_upload(&inbound.caller).await
}

fn limits(inbound: &Inbound<'_>, blobs: &Blobs) -> Limits {
    let settings = &inbound.state.settings;
    Limits { size: blobs.limit(), idle: settings.idle_timeout, raw: settings.raw_uploads }
}

fn is_head(inbound: &Inbound<'_>) -> bool {
    inbound.parts().method == Method::HEAD
}
