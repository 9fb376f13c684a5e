//! Lists, counts, and changes of all matches.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::envelope::{self, View};
use crate::http::query_string::invalid;
use crate::http::reply;
use crate::http::route::{Operation, parameters as p};
use crate::http::sections::Sections;
use crate::http::settings::UnknownParameters;
use crate::json::{Section, Sections as Selections};
use crate::meta::{HeadRef, RevisionStatus};
use crate::query::{CompiledFilter, DeletedFilter, StructuredFilter};
use crate::repository::Selection;
use crate::store::Visit;

/// `GET` of a resource type and its section aliases.
pub(super) async fn list(call: &Call<'_>) -> Result<Response<Body>> {
    let view = view(call)?;
    let paged = matches!(call.route.operation, Operation::List | Operation::ListFull);
    let with_total = paged && call.query.boolean(&p::WITH_TOTAL, false)?;
    let selection = selection(call, deleted(call)?)?;
    let predicate = Arc::clone(&selection.predicate);
    let with_data = view.sections.data;
    let rows = Rows::new(view, selection.limit);
    let end = call.service().search(call.model, selection, with_data, &call.caller, rows.visit()).await?;
    let mut response = reply::json(StatusCode::OK, rows.into_body());
    if paged {
        reply::set(&mut response, reply::HAS_MORE, if end.has_more { "true" } else { "false" });
    }
    if with_total {
        let total = call.service().count(call.model, predicate, &call.caller).await?;
        reply::set(&mut response, reply::TOTAL_COUNT, &total.to_string());
    }
    Ok(response)
}

/// `GET …/count`.
pub(super) async fn count(call: &Call<'_>) -> Result<Response<Body>> {
    // Paging has no influence on a count, but what is wrong with it is said all the same.
    let selection = selection(call, deleted(call)?)?;
    let total = call.service().count(call.model, selection.predicate, &call.caller).await?;
    Ok(reply::json(StatusCode::OK, total.to_string().into_bytes()))
}

/// `DELETE` of a resource type, and `POST …/restore`.
pub(super) async fn change_all(call: &Call<'_>) -> Result<Response<Body>> {
    let (service, model) = (call.service(), call.model);
    // The route itself says which state it takes, but a value that is none is not let through.
    deleted(call)?;
    let heads = if call.route.operation == Operation::BatchDelete {
        service.delete_all(model, selection(call, DeletedFilter::Live)?, &call.caller).await?
    } else {
        service.restore_all(model, selection(call, DeletedFilter::Deleted)?, &call.caller).await?
    };
    let mut body = Vec::with_capacity(2 + 768 * heads.len());
    body.push(b'[');
    for (at, head) in heads.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        envelope::write_resource_meta(&mut body, model.descriptor(), &head.as_ref());
    }
    body.push(b']');
    Ok(reply::json(StatusCode::OK, body))
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
    Ok(View { descriptor: call.model.descriptor(), sections, selections })
}

fn deleted(call: &Call<'_>) -> Result<DeletedFilter> {
    let deleted = call.query.boolean(&p::IS_DELETED, false)?;
    Ok(if deleted { DeletedFilter::Deleted } else { DeletedFilter::Live })
}

fn selection(call: &Call<'_>, deleted: DeletedFilter) -> Result<Selection> {
    let settings = &call.state.settings;
    // A batch takes every match unless it is told otherwise; how many one commit may change bounds it.
    let batch = matches!(call.route.operation, Operation::BatchDelete | Operation::BatchRestore);
    let default = if batch { MOST_ROWS } else { settings.page_size };
    let most = if batch { MOST_ROWS } else { settings.max_page_size };
    let limit = call.query.integer(&p::LIMIT, default, 1..=most)?;
    // SQLite and PostgreSQL take a signed 64-bit offset.
    let offset = call.query.integer(&p::OFFSET, 0, 0..=i64::MAX as u64)?;
    let CompiledFilter { predicate, sorts, .. } = filter(call, deleted)?;
    Ok(Selection { predicate: Arc::new(predicate), sorts, limit, offset })
}

/// A status that no revision can have matches nothing; it is refused where unknown parameters are.
fn statuses<'c>(call: &'c Call<'_>) -> Result<Vec<&'c str>> {
    let statuses = call.query.all(&p::REV_STATUSES);
    let strict = call.state.settings.unknown_parameters == UnknownParameters::Refuse;
    let unknown = |text: &&&str| !text.is_empty() && RevisionStatus::parse(text).is_none();
    match statuses.iter().find(unknown) {
        Some(text) if strict => Err(invalid(&p::REV_STATUSES, "expected draft or stable", text)),
        _ => Ok(statuses),
    }
}

fn filter(call: &Call<'_>, deleted: DeletedFilter) -> Result<CompiledFilter> {
    let query = &call.query;
    let filter = StructuredFilter {
        conditions: query.text(&p::CONDITIONS),
        data_conditions: query.text(&p::DATA_CONDITIONS),
        sorts: query.text(&p::SORTS),
        created_time_start: query.text(&p::CREATED_TIME_START),
        created_time_end: query.text(&p::CREATED_TIME_END),
        updated_time_start: query.text(&p::UPDATED_TIME_START),
        updated_time_end: query.text(&p::UPDATED_TIME_END),
        rev_created_time_start: query.text(&p::REV_CREATED_TIME_START),
        rev_created_time_end: query.text(&p::REV_CREATED_TIME_END),
        rev_updated_time_start: query.text(&p::REV_UPDATED_TIME_START),
        rev_updated_time_end: query.text(&p::REV_UPDATED_TIME_END),
        created_bys: query.all(&p::CREATED_BYS),
        updated_bys: query.all(&p::UPDATED_BYS),
        rev_created_bys: query.all(&p::REV_CREATED_BYS),
        rev_updated_bys: query.all(&p::REV_UPDATED_BYS),
        rev_statuses: statuses(call)?,
        is_deleted: deleted,
    };
    let compiled = filter
        .compile(call.model.descriptor(), call.state.settings.unindexed)
        .map_err(|error| Error::InvalidQuery(error.to_string()))?;
    if !compiled.unindexed.is_empty() {
        tracing::warn!(
            model = call.model.name(),
            fields = compiled.unindexed.join(", "),
            "a filter names fields without an index, which match nothing"
        );
    }
    Ok(compiled)
}

/// One row more than this is asked for, and databases take a signed 64-bit limit.
const MOST_ROWS: u64 = i64::MAX as u64 - 1;

/// What a row of a list usually takes, in bytes, and for how many rows room is made beforehand.
const ROW: usize = 1_500;
const MOST_RESERVED: usize = 50;

/// The JSON array of a list, written row by row on whatever thread the store reads on.
struct Rows {
    view: View,
    body: Arc<Mutex<Vec<u8>>>,
}

impl Rows {
    fn new(view: View, rows: u64) -> Self {
        let mut body =
            Vec::with_capacity(usize::try_from(rows).unwrap_or(usize::MAX).min(MOST_RESERVED) * ROW);
        body.push(b'[');
        Self { view, body: Arc::new(Mutex::new(body)) }
    }

    fn visit(&self) -> Visit {
        let (view, body) = (self.view.clone(), Arc::clone(&self.body));
        Box::new(move |head: HeadRef<'_>| {
            let mut out = body.lock().unwrap_or_else(PoisonError::into_inner);
            if out.len() > 1 {
                out.push(b',');
            }
            view.write(&mut out, &head, &head.revision);
        })
    }

    fn into_body(self) -> Vec<u8> {
        let mut body = std::mem::take(&mut *self.body.lock().unwrap_or_else(PoisonError::into_inner));
        body.push(b']');
        body
    }
}
