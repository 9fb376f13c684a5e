//! Lists, counts, and changes of all matches.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::lifecycle::cascade;
use super::selection::{Selected, next_cursor, selection};
use crate::descriptor::{OnDecodeError, ResourceDescriptor};
use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::envelope::{self, View};
use crate::http::reply;
use crate::http::route::{Operation, parameters as p};
use crate::http::sections::Sections;
use crate::json::{Section, Sections as Selections};
use crate::meta::{Head, HeadRef, Problem};
use crate::query::DeletedFilter;
use crate::repository::{Model, Selection};
use crate::schema;
use crate::store::{Freshness, Visit};

/// `GET` of a resource type and its section aliases.
pub(super) async fn list(call: &Call<'_>) -> Result<Response<Body>> {
    let view = view(call)?;
    let paged = matches!(call.route.operation, Operation::List | Operation::ListFull);
    let with_total = paged && call.query.boolean(&p::WITH_TOTAL, false)?;
    let Selected { selection, fingerprint } = selection(call, None)?;
    let predicate = Arc::clone(&selection.predicate);
    let with_data = view.sections.data;
    let selection = Selection { freshness: Freshness::MayLag, ..selection };
    let rows = Rows::new(view, selection.limit);
    let end = call.service().search(call.model, selection, with_data, &call.caller, rows.visit()).await?;
    let mut response = reply::json(StatusCode::OK, rows.into_body()?);
    if paged {
        reply::set(&mut response, reply::HAS_MORE, if end.has_more { "true" } else { "false" });
        if let Some(cursor) = end.last.and_then(|position| next_cursor(&position, fingerprint)) {
            reply::set(&mut response, reply::NEXT_CURSOR, &cursor);
        }
    }
    if with_total {
        let total = call.service().count(call.model, predicate, Freshness::MayLag, &call.caller).await?;
        reply::set(&mut response, reply::TOTAL_COUNT, &total.to_string());
    }
    Ok(response)
}

/// `GET …/count`.
pub(super) async fn count(call: &Call<'_>) -> Result<Response<Body>> {
    // Paging has no influence on a count, but what is wrong with it is said all the same.
    let selected = selection(call, None)?;
    let total = call
        .service()
        .count(call.model, selected.selection.predicate, Freshness::MayLag, &call.caller)
        .await?;
    Ok(reply::json(StatusCode::OK, total.to_string().into_bytes()))
}

/// `DELETE` of a resource type, and `POST …/restore`.
pub(super) async fn change_all(call: &Call<'_>) -> Result<Response<Body>> {
    let (service, model) = (call.service(), call.model);
    let heads = if call.route.operation == Operation::BatchDelete {
        service.delete_all(model, selection(call, Some(DeletedFilter::Live))?.selection, &call.caller).await?
    } else {
        let selection = selection(call, Some(DeletedFilter::Deleted))?.selection;
        service.restore_all(model, selection, cascade(call)?, &call.caller).await?
    };
    Ok(metas(model, &heads).map(Body::from))
}

/// The metadata of several resources.
pub(super) fn metas(model: &Model, heads: &[Head]) -> Response<Vec<u8>> {
    let mut body = Vec::with_capacity(2 + 768 * heads.len());
    body.push(b'[');
    for (at, head) in heads.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        envelope::write_resource_meta(&mut body, model.descriptor(), &head.as_ref());
    }
    body.push(b']');
    reply::whole(body)
}

fn view(call: &Call<'_>) -> Result<View> {
    let (sections, default) = match call.route.operation {
        Operation::ListData => (Sections::DATA, Section::Data),
        Operation::ListMeta => (Sections::META, Section::Meta),
        Operation::ListRevisionInfo => (Sections::REVISION_INFO, Section::Info),
        _ => (call.query.text(&p::RETURNS_LIST).map_or(Ok(Sections::ALL), Sections::parse)?, Section::Data),
    };
    // A single section chosen by `only-…` is always whole.
    let whole = sections.bare && matches!(call.route.operation, Operation::List | Operation::ListFull);
    let selections = if whole { Selections::default() } else { call.selections(default)? };
    Ok(View::of(call.model, sections, selections))
}

/// What a row of a list usually takes, in bytes, and for how many rows room is made beforehand.
const ROW: usize = 1_500;
const MOST_RESERVED: usize = 50;

/// The JSON array of a list, written row by row on whatever thread the store reads on.
struct Rows {
    view: View,
    body: Arc<Mutex<Written>>,
}

/// The rows so far; the first that could not be read, where that fails the list.
struct Written {
    text: Vec<u8>,
    failed: Option<Error>,
}

impl Rows {
    fn new(view: View, rows: u64) -> Self {
        let mut body =
            Vec::with_capacity(usize::try_from(rows).unwrap_or(usize::MAX).min(MOST_RESERVED) * ROW);
        body.push(b'[');
        Self { view, body: Arc::new(Mutex::new(Written { text: body, failed: None })) }
    }

    fn visit(&self) -> Visit {
        let (view, body) = (self.view.clone(), Arc::clone(&self.body));
        Box::new(move |head: HeadRef<'_>| {
            let mut body = body.lock().unwrap_or_else(PoisonError::into_inner);
            if let (true, Some(problem)) = (view.sections.data, head.revision.problem()) {
                match view.on_decode_error {
                    OnDecodeError::Skip => return left_out(view.descriptor, &head, problem),
                    OnDecodeError::Error => {
                        let error = || schema::undecodable(head.resource_id, &head.revision, problem);
                        body.failed.get_or_insert_with(error);
                        return;
                    }
                    OnDecodeError::Mark | OnDecodeError::Raw => {}
                }
            }
            if body.text.len() > 1 {
                body.text.push(b',');
            }
            view.write(&mut body.text, &head, &head.revision);
        })
    }

    fn into_body(self) -> Result<Vec<u8>> {
        let mut body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = body.failed.take() {
            return Err(error);
        }
        let mut text = std::mem::take(&mut body.text);
        text.push(b']');
        Ok(text)
    }
}

fn left_out(descriptor: &ResourceDescriptor, head: &HeadRef<'_>, problem: &Problem) {
    let (model, resource_id, problem) = (descriptor.id.name, head.resource_id, problem.text());
    tracing::warn!(model, resource_id, problem, "left out of a list: its stored content cannot be read");
}
