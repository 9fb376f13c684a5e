//! Archives over HTTP: written while they are sent, and kept in a file while they are received.

mod receive;
mod send;

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::sync::OwnedSemaphorePermit;

use super::selection::selection;
use crate::backup::{
    self, ArchiveFormat, Export, ExportOptions, ImportOptions, ImportReport, Imported, OnDuplicate,
};
use crate::error::{Error, Result};
use crate::http::call::{Call, Inbound};
use crate::http::query_string::invalid;
use crate::http::reply;
use crate::http::route::parameters as p;
use crate::query::DeletedFilter;
use crate::repository::Model;

/// `GET /{m}/export`.
pub(super) async fn export(call: &Call<'_>) -> Result<Response<Body>> {
    let options = ExportOptions { models: vec![call.model.name().to_owned()], ..export_options(call)? };
    let narrowed = call.query.text(&p::QB).is_some() || call.query.has(&p::IS_DELETED);
    let state = if narrowed { None } else { Some(DeletedFilter::Any) };
    let selected = selection(call, state)?.selection;
    if selected.offset != 0 || selected.limit < crate::repository::Selection::MOST_ROWS {
        return Err(Error::BadRequest("an export has no pages: leave limit and offset out".into()));
    }
    let name = format!("{}.{}", call.model.name(), options.format.extension());
    let filter =
        Some(selected.predicate).filter(|predicate| **predicate != crate::query::Predicate::everything());
    respond(call, options, filter, &name).await
}

/// `GET /_backup/export`.
pub(super) async fn export_all(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let models = inbound.query.all(&p::ARCHIVE_MODELS).into_iter().map(str::to_owned).collect();
    let options = ExportOptions { models, ..export_options(inbound)? };
    let name = format!("backup.{}", options.format.extension());
    respond(inbound, options, None, &name).await
}

fn export_options(inbound: &Inbound<'_>) -> Result<ExportOptions> {
    let format = match inbound.query.text(&p::ARCHIVE_FORMAT) {
        None => inbound.state.settings.archive_format,
        Some("ssbak") => ArchiveFormat::Ssb,
        Some("acbak") => ArchiveFormat::Acbak,
        Some(other) => return Err(invalid(&p::ARCHIVE_FORMAT, "expected ssbak or acbak", other)),
    };
    let since = inbound.query.text(&p::ARCHIVE_SINCE).map(str::to_owned);
    Ok(ExportOptions { format, since, ..ExportOptions::default() })
}

async fn respond(
    inbound: &Inbound<'_>,
    options: ExportOptions,
    filter: Option<Arc<crate::query::Predicate>>,
    name: &str,
) -> Result<Response<Body>> {
    let permit = permit(inbound)?;
    let service = Arc::clone(&inbound.state.service);
    let export = Export::begin(service, options, filter, &inbound.caller).await?;
    let mut response = Response::new(send::body(export, inbound.state.settings.idle_timeout, permit));
    let octets = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, octets);
    reply::set(&mut response, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    Ok(response)
}

/// Each archive takes a thread for a while, so only a few are at work at once.
fn permit(inbound: &Inbound<'_>) -> Result<OwnedSemaphorePermit> {
    Arc::clone(&inbound.state.settings.archives).try_acquire_owned().map_err(|_| Error::Unavailable {
        reason: "too many archives are written or read".into(),
        retry_after: 10,
    })
}

/// `POST /{m}/import`.
pub(super) async fn import(call: &Call<'_>, body: Body) -> Result<Response<Body>> {
    let options = import_options(call)?;
    call.service().loading(call.model, &call.caller).await?;
    let report = run(call, options, Some(call.model), body).await?;
    let model = report.models.get(call.model.name()).cloned().unwrap_or_default();
    let reference = call.state.settings.archive_format == ArchiveFormat::Acbak;
    answer(&if reference { counts(&model) } else { json!(report) })
}

/// `POST /_backup/import`.
pub(super) async fn import_all(inbound: &Inbound<'_>, body: Body) -> Result<Response<Body>> {
    let options = import_options(inbound)?;
    some_loading(inbound).await?;
    let report = run(inbound, options, None, body).await?;
    let reference = inbound.state.settings.archive_format == ArchiveFormat::Acbak;
    answer(&if reference {
        report.models.iter().map(|(name, model)| (name.clone(), counts(model))).collect::<Value>()
    } else {
        json!(report)
    })
}

/// Which types an archive has is only known when it was received: who may import none is refused before.
async fn some_loading(inbound: &Inbound<'_>) -> Result<()> {
    let mut refused = None;
    for model in inbound.service().models() {
        match inbound.service().loading(model, &inbound.caller).await {
            Ok(()) => return Ok(()),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    refused.map_or(Ok(()), Err)
}

fn import_options(inbound: &Inbound<'_>) -> Result<ImportOptions> {
    let on_duplicate = match inbound.query.text(&p::ON_DUPLICATE) {
        None => OnDuplicate::Overwrite,
        Some(text) => OnDuplicate::parse(text).ok_or_else(|| {
            Error::BadRequest("`on_duplicate` must be overwrite, skip or raise_error".to_owned())
        })?,
    };
    let dry_run = inbound.query.boolean(&p::DRY_RUN, false)?;
    let resume = inbound.query.boolean(&p::RESUME, false)?;
    Ok(ImportOptions { on_duplicate, dry_run, resume, ..ImportOptions::default() })
}

async fn run(
    inbound: &Inbound<'_>,
    options: ImportOptions,
    only: Option<&Model>,
    body: Body,
) -> Result<ImportReport> {
    let permit = permit(inbound)?;
    let file = receive::archive(inbound, body, only.is_none()).await?;
    let service = Arc::clone(&inbound.state.service);
    let kept = Kept { file, _permit: permit };
    backup::import(service, kept, options, only.map(|model| model.index), inbound.caller.clone()).await
}

/// An archive, for as long as something is done with it: a client that goes away does not end an import.
struct Kept {
    file: NamedTempFile,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<Path> for Kept {
    fn as_ref(&self) -> &Path {
        self.file.path()
    }
}

/// As the reference counts.
fn counts(model: &Imported) -> Value {
    let counts = &model.resources;
    json!({"loaded": counts.created + counts.overwritten, "skipped": counts.skipped, "total": counts.total})
}

fn answer(report: &Value) -> Result<Response<Body>> {
    let body = serde_json::to_vec(report).map_err(Error::internal)?;
    Ok(reply::json(StatusCode::OK, body))
}
