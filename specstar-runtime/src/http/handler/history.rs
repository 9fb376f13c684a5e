//! The history of one resource.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::datetime::{Timestamp, parse_iso_micros};
use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::envelope::View;
use crate::http::reply;
use crate::http::route::{Parameter, parameters as p};
use crate::http::sections::Sections;
use crate::json::Section;
use crate::timeline::{Direction, HistoryPage, HistoryRequest};

/// `GET …/revision-list`.
pub(super) async fn revision_list(call: &Call<'_>) -> Result<Response<Body>> {
    let request = request(call)?;
    let include_deleted = call.query.boolean(&p::INCLUDE_DELETED, false)?;
    let selections = call.selections(Section::Info)?;
    let view = View::of(call.model, Sections::ALL, selections);
    let (head, page) = call
        .service()
        .revisions(call.model, call.resource_id(), &request, include_deleted, &call.caller)
        .await?;
    let mut body = Vec::with_capacity(1024 + 512 * page.revisions.len());
    body.extend_from_slice(b"{\"meta\":");
    view.write_meta(&mut body, &head.as_ref());
    write_page(&mut body, &view, &head.resource_id, &page);
    Ok(reply::json(StatusCode::OK, body))
}

fn write_page(body: &mut Vec<u8>, view: &View, resource_id: &str, page: &HistoryPage) {
    body.extend_from_slice(b",\"revisions\":[");
    for (at, revision) in page.revisions.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        view.write_info(body, resource_id, &revision.as_ref());
    }
    body.extend_from_slice(b"],\"total\":");
    body.extend_from_slice(itoa::Buffer::new().format(page.total).as_bytes());
    body.extend_from_slice(b",\"has_more\":");
    body.extend_from_slice(if page.has_more { b"true}" } else { b"false}" });
}

fn request(call: &Call<'_>) -> Result<HistoryRequest> {
    Ok(HistoryRequest {
        direction: match call.query.last(&p::REVISION_SORT) {
            None | Some("-created_time") => Direction::Descending,
            Some("created_time") => Direction::Ascending,
            Some(_) => return Err(Error::BadRequest("Invalid sort".into())),
        },
        created_from: time(call, &p::REVISION_TIME_START)?,
        created_to: time(call, &p::REVISION_TIME_END)?,
        from_revision_id: call.query.text(&p::FROM_REVISION_ID).map(str::to_owned),
        chain_only: call.query.boolean(&p::CHAIN_ONLY, false)?,
        offset: number(call, &p::REVISION_OFFSET, 0, 0)?,
        limit: number(call, &p::REVISION_LIMIT, 10, 1)?,
    })
}

/// This route refuses numbers out of range with 400, not with the 422 of the others.
fn number(call: &Call<'_>, parameter: &Parameter, default: usize, least: usize) -> Result<usize> {
    let Some(text) = call.query.last(parameter) else { return Ok(default) };
    match text.trim().parse::<usize>() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(Error::BadRequest(format!("{}: expected an integer of at least {least}", parameter.name))),
    }
}

fn time(call: &Call<'_>, parameter: &Parameter) -> Result<Option<Timestamp>> {
    let Some(text) = call.query.text(parameter) else { return Ok(None) };
    match parse_iso_micros(text) {
        Some(micros) => Ok(Some(Timestamp(micros))),
        None => Err(Error::BadRequest(format!("{}: expected an ISO 8601 date-time", parameter.name))),
    }
}
