//! Create, replace, patch.

use axum::body::Body;
use axum::http::{Response, header};

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::query_string::invalid;
use crate::http::route::parameters as p;
use crate::http::{body as media, envelope, reply};
use crate::id::{CurrentTag, Precondition};
use crate::meta::RevisionStatus;
use crate::repository::{Mode, ReplaceOptions, Written};

/// `POST` of a resource type.
pub(super) async fn create(call: &Call<'_>, body: Body) -> Result<Response<Body>> {
    let bytes = call.read(body).await?;
    if bytes.is_empty() {
        return Err(Error::MissingBody);
    }
    media::require_json(call.headers())?;
    let written = call.service().create(call.model, &bytes, None, &call.caller).await?;
    Ok(answer(&written))
}

/// `PUT` of a resource: a replace, or with `If-None-Match: *` a create.
pub(super) async fn replace(call: &Call<'_>, body: Body) -> Result<Response<Body>> {
    let mut options = options(call)?;
    let bytes = call.read(body).await?;
    let given = !bytes.is_empty();
    let create = call.entity_tags(&header::IF_NONE_MATCH) == Some(Precondition::Any);
    if !given && (options.mode == Mode::Update || create) {
        return Err(Error::MissingReplacement);
    }
    if given {
        media::require_json(call.headers())?;
    }
    let (service, id) = (call.service(), call.resource_id());
    options.preconditions = call.preconditions()?;
    let written = if create {
        if call.headers().contains_key(header::IF_MATCH)
            || call.query.text(&p::EXPECTED_REVISION_ID).is_some()
        {
            return Err(Error::BadRequest(
                "If-None-Match: * asks for a new resource, and a new resource has no revision to expect"
                    .into(),
            ));
        }
        service.create_at(call.model, id, &bytes, options.status, &call.caller).await?
    } else {
        service.replace(call.model, id, given.then_some(&*bytes), options, &call.caller).await?
    };
    Ok(answer(&written))
}

/// `PATCH` of a resource.
pub(super) async fn patch(call: &Call<'_>, body: Body) -> Result<Response<Body>> {
    let mut options = options(call)?;
    let bytes = call.read(body).await?;
    let patch = media::patch(call.headers(), &bytes)?;
    options.preconditions = call.preconditions()?;
    let written = call.service().patch(call.model, call.resource_id(), &patch, options, &call.caller).await?;
    Ok(answer(&written))
}

/// `mode` and `change_status`; the preconditions are read after the body.
fn options(call: &Call<'_>) -> Result<ReplaceOptions> {
    let mode = match call.query.last(&p::MODE) {
        None | Some("update") => Mode::Update,
        Some("modify") => Mode::Modify,
        Some(other) => return Err(invalid(&p::MODE, "expected update or modify", other)),
    };
    let status = match call.query.last(&p::CHANGE_STATUS) {
        None => None,
        Some(text) => Some(
            RevisionStatus::parse(text)
                .ok_or_else(|| invalid(&p::CHANGE_STATUS, "expected draft or stable", text))?,
        ),
    };
    if status.is_some() && mode == Mode::Update {
        return Err(Error::BadRequest("change_status is only allowed with mode=modify".into()));
    }
    Ok(ReplaceOptions { mode, status, ..ReplaceOptions::default() })
}

/// The info of the revision, without an entity tag.
pub(super) fn info(written: &Written) -> Response<Body> {
    whole_info(written).map(Body::from)
}

pub(super) fn whole_info(written: &Written) -> Response<Vec<u8>> {
    let mut json = Vec::with_capacity(640);
    envelope::write_revision_info(&mut json, &written.resource_id, &written.revision.as_ref());
    reply::whole(json)
}

pub(super) fn answer(written: &Written) -> Response<Body> {
    whole_answer(written).map(Body::from)
}

/// The info of the revision and its entity tag.
pub(super) fn whole_answer(written: &Written) -> Response<Vec<u8>> {
    let revision = written.revision.as_ref();
    let mut response = whole_info(written);
    let resource_id = &written.resource_id;
    let tag = CurrentTag { resource_id, seq: revision.seq, data_hash: revision.data_hash, version: 0 };
    reply::set_etag(&mut response, &tag.of_data());
    if written.unchanged {
        reply::set(&mut response, reply::UNCHANGED, "true");
    }
    response
}
