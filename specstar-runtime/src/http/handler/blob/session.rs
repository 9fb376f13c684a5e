//! Upload sessions.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use super::content::content;
use super::{Binary, authorize, limits, uploads};
use crate::binary::is_media_type;
use crate::blob::{Announced, Uploads};
use crate::descriptor::UnknownFields;
use crate::error::{Error, Result};
use crate::http::call::Inbound;
use crate::http::route::parameters as p;
use crate::http::{body as media, reply};
use crate::resource::ValidationErrors;
use crate::upload::rules::MOST_PARTS;
use crate::upload::{Checksum, Upload, UploadMethod};

/// What is known of a file before it comes, by name.
const ANNOUNCED: [&str; 5] = ["content_type", "size", "total_parts", "checksum", "upload_method"];

/// The longest name of a request, in bytes.
const LONGEST: usize = 255;

/// A session as it is shown.
#[derive(Serialize)]
struct Shown<'a> {
    upload_id: &'a str,
    file_id: &'a str,
    status: &'static str,
    upload_method: &'static str,
    upload_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    size: Option<u64>,
    uploaded_size: u64,
    total_parts: Option<u32>,
    parts_received: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    expires_at: Option<String>,
}

/// `POST /blobs/upload-sessions`.
pub(super) async fn begin(inbound: &Inbound<'_>, body: Body) -> Result<Response<Body>> {
    let uploads = uploads(inbound)?;
    authorize(inbound).await?;
    let announced = announced(inbound, body).await?;
    let upload = uploads.begin(announced, inbound.caller.principal().name(), inbound.caller.now()).await?;
    show(inbound, uploads, &upload).await
}

/// `GET /blobs/upload-sessions/{upload_id}`.
pub(super) async fn read(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let uploads = uploads(inbound)?;
    authorize(inbound).await?;
    let upload = uploads.find(inbound.path_value(&p::UPLOAD_ID), owner(inbound)).await?;
    show(inbound, uploads, &upload).await
}

/// `PUT …/{upload_id}/content`.
pub(super) async fn put(inbound: &Inbound<'_>, body: Body) -> Result<Response<Body>> {
    let uploads = uploads(inbound)?;
    authorize(inbound).await?;
    let number = part_number(inbound)?;
    let content = content(inbound.headers(), body, limits(inbound, uploads.blobs())).await?;
    let (upload_id, now) = (inbound.path_value(&p::UPLOAD_ID), inbound.caller.now());
    let upload = uploads.put_part(upload_id, owner(inbound), number, content.bytes, now).await?;
    show(inbound, uploads, &upload).await
}

/// `POST …/{upload_id}/finalize`.
pub(super) async fn finalize(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let uploads = uploads(inbound)?;
    authorize(inbound).await?;
    let (upload_id, key) = (inbound.path_value(&p::UPLOAD_ID), idempotency_key(inbound)?);
    let (upload, file) = uploads.finalize(upload_id, owner(inbound), key, inbound.caller.now()).await?;
    let content_type = upload.content_type.as_deref();
    Binary { file_id: &file.file_id, size: file.size, content_type }.reply()
}

/// `POST …/{upload_id}/abort`.
pub(super) async fn abort(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let uploads = uploads(inbound)?;
    authorize(inbound).await?;
    uploads.abort(inbound.path_value(&p::UPLOAD_ID), owner(inbound), inbound.caller.now()).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// Whose sessions exist for the caller; `None` for everybody's.
fn owner<'a>(inbound: &'a Inbound<'_>) -> Option<&'a str> {
    (!inbound.service().settings().open_blobs).then(|| inbound.caller.principal().name())
}

async fn show(inbound: &Inbound<'_>, uploads: &Uploads, upload: &Upload) -> Result<Response<Body>> {
    let now = inbound.caller.now();
    let upload_url = match upload.method {
        UploadMethod::SinglePut => uploads.signed_address(upload, now).await?.unwrap_or_default(),
        UploadMethod::Proxy => {
            format!("{}/blobs/upload-sessions/{}/content", inbound.state.base_path, upload.upload_id)
        }
    };
    let shown = Shown {
        upload_id: &upload.upload_id,
        file_id: upload.file.as_ref().map_or("", |file| &file.file_id),
        status: upload.state_at(now).as_str(),
        upload_method: upload.method.as_str(),
        upload_url,
        content_type: upload.content_type.as_deref(),
        size: upload.size,
        uploaded_size: upload.uploaded_size(),
        total_parts: upload.total_parts,
        parts_received: upload.parts.iter().map(|part| part.number).collect(),
        checksum: upload.checksum.map(|checksum| checksum.to_string()),
        expires_at: upload.expires_at.map(|end| end.to_string()),
    };
    Ok(reply::json(StatusCode::OK, serde_json::to_vec(&shown).map_err(Error::internal)?))
}

fn part_number(inbound: &Inbound<'_>) -> Result<u32> {
    if !inbound.query.has(&p::PART_NUMBER) {
        return Err(crate::http::query_string::invalid(&p::PART_NUMBER, "it is required", ""));
    }
    let number = inbound.query.integer(&p::PART_NUMBER, 1, 1..=u64::from(MOST_PARTS))?;
    u32::try_from(number).map_err(Error::internal)
}

fn idempotency_key<'a>(inbound: &Inbound<'a>) -> Result<Option<&'a str>> {
    let name = p::IDEMPOTENCY_KEY.name;
    let Some(value) = inbound.headers().get(name) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= LONGEST => Ok(Some(key)),
        _ => Err(Error::InvalidParameter {
            location: "header",
            name: name.to_owned(),
            message: format!("expected visible ASCII of at most {LONGEST} bytes"),
            input: String::new(),
        }),
    }
}

/// The body of a new session: an object, which may be empty.
async fn announced(inbound: &Inbound<'_>, body: Body) -> Result<Announced> {
    let bytes = inbound.read(body).await?;
    if bytes.is_empty() {
        return Err(Error::MissingBody);
    }
    media::require_json(inbound.headers())?;
    let members: Map<String, Value> = crate::json::decode(&bytes)?;
    if inbound.service().settings().unknown_fields == UnknownFields::Deny {
        refuse_unknown(&members)?;
    }
    let fields = Fields(&members);
    Ok(Announced {
        content_type: fields.read("content_type", "a media type such as image/png", |value| {
            value.as_str().filter(|text| is_media_type(text)).map(str::to_owned)
        })?,
        size: fields.read("size", "a number of bytes", |value| {
            value.as_u64().filter(|size| i64::try_from(*size).is_ok())
        })?,
        total_parts: fields.read("total_parts", "an integer from 1 to 10000", |value| {
            let parts = u32::try_from(value.as_u64()?).ok()?;
            (1..=MOST_PARTS).contains(&parts).then_some(parts)
        })?,
        checksum: fields.read("checksum", "`sha256:` or `blake3:` and 64 hexadecimal digits", |value| {
            Checksum::parse(value.as_str()?).ok()
        })?,
        method: fields
            .read("upload_method", "proxy or single_put", |value| UploadMethod::parse(value.as_str()?))?,
    })
}

fn refuse_unknown(members: &Map<String, Value>) -> Result<()> {
    match members.keys().find(|name| !ANNOUNCED.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::UnknownField {
            path: "$".to_owned(),
            name: name.chars().take(40).collect(),
            suggestion: crate::http::route::nearest(name, ANNOUNCED.into_iter()).map(str::to_owned),
        }),
    }
}

/// The members of the body.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    /// A member that may be missing or null.
    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| {
            let mut errors = ValidationErrors::new();
            errors.push(format!("$.{name}"), format!("expected {expected}"));
            Error::Validation(errors)
        })
    }
}
