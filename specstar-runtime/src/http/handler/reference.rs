//! Who refers to whom.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::Serialize;

use crate::descriptor::{ReferenceDescriptor, ReferenceKind};
use crate::error::{Error, Result};
use crate::http::call::{Call, Inbound};
use crate::http::reply;
use crate::http::route::parameters as p;
use crate::repository::Referrers;

/// `GET …/referrers`.
pub(super) async fn referrers(call: &Call<'_>) -> Result<Response<Body>> {
    let settings = &call.state.settings;
    let limit = call.query.integer(&p::LIMIT, settings.page_size, 1..=settings.max_page_size)?;
    let offset = call.query.integer(&p::OFFSET, 0, 0..=i64::MAX as u64)?;
    let (service, id) = (call.service(), call.resource_id());
    let (groups, has_more) = service.referrers(call.model, id, limit, offset, &call.caller).await?;
    let shown = |group: &Referrers| Group {
        source: group.source,
        source_field: group.reference.field,
        ref_type: ref_type(group.reference),
        on_delete: group.reference.on_delete.as_str(),
        resource_ids: group.resource_ids.clone(),
    };
    let groups: Vec<Group> = groups.iter().map(shown).collect();
    let body = serde_json::to_vec(&groups).map_err(Error::internal)?;
    let mut response = reply::json(StatusCode::OK, body);
    reply::set(&mut response, reply::HAS_MORE, if has_more { "true" } else { "false" });
    Ok(response)
}

/// `GET /_relationships`.
pub(super) fn relationships(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    let shown = |(source, reference): (&'static str, &ReferenceDescriptor)| Relationship {
        source,
        source_field: reference.field,
        target: reference.target.name,
        ref_type: ref_type(reference),
        on_delete: reference.on_delete.as_str(),
        nullable: reference.nullable,
    };
    let all: Vec<Relationship> = inbound.service().relationships().map(shown).collect();
    let body = serde_json::to_vec(&all).map_err(Error::internal)?;
    Ok(reply::json(StatusCode::OK, body))
}

/// Those that refer to a resource through one field.
#[derive(Serialize)]
struct Group {
    source: &'static str,
    source_field: &'static str,
    ref_type: &'static str,
    on_delete: &'static str,
    resource_ids: Vec<String>,
}

/// A declared reference.
#[derive(Serialize)]
struct Relationship {
    source: &'static str,
    source_field: &'static str,
    target: &'static str,
    ref_type: &'static str,
    on_delete: &'static str,
    nullable: bool,
}

fn ref_type(reference: &ReferenceDescriptor) -> &'static str {
    match reference.kind {
        ReferenceKind::ResourceId => "resource_id",
        ReferenceKind::RevisionId => "revision_id",
    }
}
