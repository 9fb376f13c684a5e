//! The feed of changes, page by page or as a stream.

mod stream;

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::change::LoggedChange;
use crate::error::{Error, Result};
use crate::http::call::{Call, Inbound};
use crate::http::reply;
use crate::http::route::{Operation, parameters as p};
use crate::id;
use crate::repository::{FeedOf, FeedPage, Service, store_error};

/// `GET …/changes` of a resource or of a type.
pub(super) async fn changes(call: &Call<'_>) -> Result<Response<Body>> {
    let model = call.model.index;
    let of = match call.route.operation {
        Operation::ResourceChanges => FeedOf::Resource(model, call.resource_id().to_owned()),
        _ => FeedOf::Model(model),
    };
    feed(call, of).await
}

/// `GET /_changes`.
pub(super) async fn all_changes(inbound: &Inbound<'_>) -> Result<Response<Body>> {
    feed(inbound, FeedOf::Everything).await
}

async fn feed(inbound: &Inbound<'_>, of: FeedOf) -> Result<Response<Body>> {
    let settings = &inbound.state.settings;
    let limit = inbound.query.integer(&p::LIMIT, settings.page_size, 1..=settings.max_page_size)?;
    // A page of a list may be unlimited in compatible applications; the log has no end.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(PAGE);
    let since = since(inbound)?;
    if wants_stream(inbound) {
        return stream::respond(inbound, of, since, limit).await;
    }
    let page = first_page(inbound, &of, since, limit).await?;
    let changes: Vec<Shown> = page.changes.iter().map(|change| shown(inbound.service(), change)).collect();
    let body = serde_json::to_vec(&changes).map_err(Error::internal)?;
    let mut response = reply::json(StatusCode::OK, body);
    reply::set(&mut response, reply::HAS_MORE, if page.has_more { "true" } else { "false" });
    reply::set(&mut response, reply::NEXT_SINCE, &page.next.to_string());
    Ok(response)
}

/// The most entries that are read at once.
const PAGE: usize = 1_000;

/// The page a request begins with.
async fn first_page(inbound: &Inbound<'_>, of: &FeedOf, since: i64, limit: usize) -> Result<FeedPage> {
    let page = inbound.service().feed(of, since, limit, &inbound.caller).await?;
    if page.changes.is_empty() && !page.has_more && since > 0 {
        let end = inbound.service().store().log_end().await.map_err(store_error)?;
        // A place this log has not reached was given by another database. What happens here until it is reached
        // would be passed over in silence.
        if since > end {
            let message =
                format!("this log ends at {end}: the place is one of another database, so begin without it");
            return Err(misplaced(inbound, &message));
        }
    }
    Ok(page)
}

/// 422 for the place to begin at, wherever it was said.
fn misplaced(inbound: &Inbound<'_>, message: &str) -> Error {
    let header = last_event_id(inbound).map(|last| String::from_utf8_lossy(last.as_bytes()));
    let query = || inbound.query.text(&p::SINCE).unwrap_or_default().to_owned();
    Error::InvalidParameter {
        location: if header.is_some() { "header" } else { "query" },
        name: if header.is_some() { p::LAST_EVENT_ID.name } else { p::SINCE.name }.to_owned(),
        message: message.to_owned(),
        input: header.map_or_else(query, Cow::into_owned).chars().take(40).collect(),
    }
}

fn last_event_id<'a>(inbound: &Inbound<'a>) -> Option<&'a HeaderValue> {
    inbound.headers().get("last-event-id").filter(|last| !last.is_empty())
}

/// Where to begin: a browser that comes back says it in a header.
fn since(inbound: &Inbound<'_>) -> Result<i64> {
    let since = inbound.query.integer(&p::SINCE, 0, 0..=i64::MAX as u64)?;
    if let Some(last) = last_event_id(inbound) {
        let number = last.to_str().ok().and_then(|text| text.parse().ok()).filter(|number| *number >= 0);
        return number.ok_or_else(|| misplaced(inbound, "expected the id of an event of this stream"));
    }
    i64::try_from(since).map_err(Error::internal)
}

fn wants_stream(inbound: &Inbound<'_>) -> bool {
    let accepted = inbound.headers().get_all(header::ACCEPT);
    accepted.iter().any(|line| line.to_str().is_ok_and(|line| line.contains("text/event-stream")))
}

/// A change as it is sent.
#[derive(Serialize)]
struct Shown<'a> {
    position: i64,
    kind: &'static str,
    resource: &'static str,
    resource_id: &'a str,
    revision_id: String,
    version: i64,
    time: String,
    by: &'a str,
}

fn shown<'a>(service: &Service, change: &'a LoggedChange) -> Shown<'a> {
    Shown {
        position: change.position,
        kind: change.kind.as_str(),
        resource: service.model_at(change.model).name(),
        resource_id: &change.resource_id,
        revision_id: id::revision_id(&change.resource_id, change.seq),
        version: change.version,
        time: change.at.time.to_string(),
        by: &change.at.by,
    }
}

/// What is sent of a page, and the position it ends at.
struct Sent {
    changes: Vec<(i64, String)>,
    next: i64,
    has_more: bool,
}

impl Sent {
    fn of(service: &Service, page: &FeedPage) -> Result<Self> {
        let mut changes = Vec::with_capacity(page.changes.len());
        for change in &page.changes {
            let text = serde_json::to_string(&shown(service, change)).map_err(Error::internal)?;
            changes.push((change.position, text));
        }
        Ok(Self { changes, next: page.next, has_more: page.has_more })
    }
}
