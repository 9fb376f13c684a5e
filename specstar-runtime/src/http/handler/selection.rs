//! Which resources a search is about, in which order, and which page of them: from an expression or from the
//! structured parameters.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::query_string::invalid;
use crate::http::route::{Operation, Parameter, parameters as p};
use crate::http::settings::UnknownParameters;
use crate::meta::RevisionStatus;
use crate::qb::{self, Context};
use crate::query::cursor;
use crate::query::{CompiledFilter, DeletedFilter, Position, StructuredFilter};
use crate::repository::Selection;
use crate::store::Freshness;

/// What excludes an expression when it is not empty.
const CONDITIONS: [&Parameter; 3] = [&p::DATA_CONDITIONS, &p::CONDITIONS, &p::SORTS];
/// What excludes an expression when it is given, in the order messages name it.
const FILTERS: [&Parameter; 14] = [
    &p::CREATED_TIME_START,
    &p::CREATED_TIME_END,
    &p::UPDATED_TIME_START,
    &p::UPDATED_TIME_END,
    &p::CREATED_BYS,
    &p::UPDATED_BYS,
    &p::REV_STATUSES,
    &p::REV_CREATED_BYS,
    &p::REV_UPDATED_BYS,
    &p::REV_CREATED_TIME_START,
    &p::REV_CREATED_TIME_END,
    &p::REV_UPDATED_TIME_START,
    &p::REV_UPDATED_TIME_END,
    &p::IS_DELETED,
];

/// What a request selects.
pub(super) struct Selected {
    pub(super) selection: Selection,
    /// Of the filters and the order: a cursor of one is refused for another.
    pub(super) fingerprint: u64,
}

/// The selection of a request. A route that takes one deletion state only says which.
pub(super) fn selection(call: &Call<'_>, state: Option<DeletedFilter>) -> Result<Selected> {
    let mut selection = filtered(call, state)?;
    let fingerprint = fingerprint(call);
    if let Some(cursor) = call.query.text(&p::CURSOR) {
        if call.query.has(&p::OFFSET) {
            return Err(invalid(&p::CURSOR, "a cursor has its place: leave `offset` out", cursor));
        }
        selection.continue_behind(cursor, fingerprint, call.model.descriptor())?;
    }
    Ok(Selected { selection, fingerprint })
}

/// The cursor of the next page, unless it is too long for a header.
pub(super) fn next_cursor(position: &Position, fingerprint: u64) -> Option<String> {
    const LONGEST: usize = 4096;
    Some(cursor::encode(position, fingerprint)).filter(|text| text.len() <= LONGEST)
}

/// Of the texts, not of what they mean: `today()` is another day tomorrow, and the pages go on.
fn fingerprint(call: &Call<'_>) -> u64 {
    let mut hasher = Xxh3::new();
    let mut add = |text: &str| {
        hasher.update(&text.len().to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(call.model.name());
    for parameter in CONDITIONS.into_iter().chain(FILTERS).chain([&p::QB]) {
        for text in call.query.all(parameter).into_iter().filter(|text| !text.is_empty()) {
            add(parameter.name);
            add(text);
        }
    }
    hasher.digest()
}

fn filtered(call: &Call<'_>, state: Option<DeletedFilter>) -> Result<Selection> {
    let asked = call.query.boolean(&p::IS_DELETED, false)?;
    let page = Page::of(call)?;
    if let Some(expression) = call.query.text(&p::QB) {
        return by_expression(call, expression, state, &page);
    }
    let asked = if asked { DeletedFilter::Deleted } else { DeletedFilter::Live };
    let CompiledFilter { predicate, sorts, unindexed } = filter(call, state.unwrap_or(asked))?;
    log(call, &unindexed);
    Ok(Selection {
        predicate: Arc::new(predicate),
        sorts,
        limit: page.limit,
        offset: page.offset,
        after: None,
        freshness: Freshness::Current,
    })
}

/// The page the parameters ask for.
struct Page {
    limit: u64,
    offset: u64,
    /// Something differs from the defaults.
    chosen: bool,
    most: u64,
}

impl Page {
    fn of(call: &Call<'_>) -> Result<Self> {
        let settings = &call.state.settings;
        // A batch takes every match unless it is told otherwise; how many one commit may change bounds it, or nothing,
        // where there are many commits.
        let batch = matches!(
            call.route.operation,
            Operation::BatchDelete
                | Operation::BatchRestore
                | Operation::Export
                | Operation::TestMigration
                | Operation::ExecuteMigration
        );
        let default = if batch { Selection::MOST_ROWS } else { settings.page_size };
        let most = if batch { Selection::MOST_ROWS } else { settings.max_page_size };
        let limit = call.query.integer(&p::LIMIT, default, 1..=most)?;
        // SQLite and PostgreSQL take a signed 64-bit offset.
        let offset = call.query.integer(&p::OFFSET, 0, 0..=i64::MAX as u64)?;
        Ok(Self { limit, offset, chosen: limit != default || offset != 0, most })
    }
}

fn by_expression(
    call: &Call<'_>,
    expression: &str,
    state: Option<DeletedFilter>,
    page: &Page,
) -> Result<Selection> {
    refuse_filters(call)?;
    let now = call.caller.now();
    let settings = &call.state.settings;
    let query = qb::parse_at(expression, now)?;
    let context = Context { unindexed: settings.unindexed, now, utc_offset: settings.utc_offset };
    let checked = query.check(call.model.descriptor(), &context)?;
    log(call, &checked.unindexed);
    let state = state.unwrap_or_else(|| checked.default_state());
    // Both values of the parameters or both of the expression: the recorded behaviour of the reference.
    let (limit, offset) = if page.chosen {
        (page.limit, page.offset)
    } else {
        // A maximum that only the engine sets is no reason to refuse more.
        if page.most < Selection::MOST_ROWS && call.route.operation != Operation::Count {
            query.check_limit(page.most)?;
        }
        (query.limit.unwrap_or(page.limit).min(Selection::MOST_ROWS), query.offset.unwrap_or(0))
    };
    let predicate = Arc::new(state.predicate() & checked.predicate);
    Ok(Selection {
        predicate,
        sorts: checked.sorts,
        limit,
        offset,
        after: None,
        freshness: Freshness::Current,
    })
}

/// An expression and other filters exclude one another: one of them would be dropped.
fn refuse_filters(call: &Call<'_>) -> Result<()> {
    let conditions = CONDITIONS.into_iter().filter(|parameter| call.query.text(parameter).is_some());
    let filters = FILTERS.into_iter().filter(|parameter| call.query.has(parameter));
    let names: Vec<_> = conditions.chain(filters).map(|parameter| parameter.name).collect();
    if names.is_empty() { Ok(()) } else { Err(Error::ParameterConflict { names }) }
}

fn log(call: &Call<'_>, unindexed: &[String]) {
    if !unindexed.is_empty() {
        tracing::warn!(
            model = call.model.name(),
            fields = unindexed.join(", "),
            "a filter names fields without an index, which match nothing"
        );
    }
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
    filter
        .compile(call.model.descriptor(), call.state.settings.unindexed)
        .map_err(|error| Error::InvalidQuery(error.to_string()))
}
