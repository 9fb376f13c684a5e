//! Answers to requests that may come again.

#[cfg(feature = "sqlite")]
use sea_query::{ColumnDef, Index, Table};
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};

use super::{Dialect, column, hole, insert_into, is_bound, name};
use crate::change::{Answer, RequestKey, Response};
use crate::datetime::Timestamp;
use crate::store::StoreError;
use crate::store::layout::{ANSWER_COLUMNS, ANSWER_TABLE};

/// The statements of answers.
#[derive(Debug)]
pub(crate) struct AnswerTexts {
    /// [`ANSWER_COLUMNS`]; inserts nothing where there is one of that key.
    pub(crate) keep: String,
    /// [`ANSWER_COLUMNS`] of a bound `key`.
    pub(crate) find: String,
    /// Forgets those that were given before a bound instant: the oldest ones, and at most a bound number.
    pub(crate) forget: String,
}

impl AnswerTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>() -> Self {
        let mut keep = insert_into(ANSWER_TABLE, ANSWER_COLUMNS);
        keep.on_conflict(OnConflict::new().do_nothing().to_owned());
        let mut find = Query::select();
        find.columns(ANSWER_COLUMNS.map(name)).from(name(ANSWER_TABLE)).and_where(is_bound("key"));
        let mut old = Query::select();
        old.column(name("key"))
            .from(name(ANSWER_TABLE))
            .and_where(column("at").lt(hole()))
            .order_by(name("at"), Order::Asc)
            .limit(0);
        let mut forget = Query::delete();
        forget.from_table(name(ANSWER_TABLE)).and_where(Expr::col(name("key")).in_subquery(old));
        Self {
            keep: keep.build(D::default()).0,
            find: find.build(D::default()).0,
            forget: forget.build(D::default()).0,
        }
    }
}

/// The table, and the index by which the oldest are found.
#[cfg(feature = "sqlite")]
pub(super) fn tables<D: Dialect>() -> [String; 2] {
    let mut table = Table::create();
    table.table(name(ANSWER_TABLE)).if_not_exists();
    for text in ANSWER_COLUMNS {
        let mut column = ColumnDef::new(name(text));
        match text {
            "key" => column.text().not_null().primary_key(),
            "status" | "at" => column.big_integer().not_null(),
            _ => column.text().not_null(),
        };
        table.col(&mut column);
    }
    let index = Index::create()
        .name(format!("{ANSWER_TABLE}/at"))
        .if_not_exists()
        .table(name(ANSWER_TABLE))
        .col(name("at"))
        .take();
    [table.to_string(D::default()), index.to_string(D::default())]
}

/// The headers of an answer as they are stored.
pub(crate) fn stored_headers(answer: &Answer) -> Result<String, StoreError> {
    serde_json::to_string(&answer.response.headers).map_err(|error| StoreError::Internal(error.to_string()))
}

/// A row of [`ANSWER_COLUMNS`].
pub(crate) fn answer(
    (key, fingerprint): (String, String),
    (status, headers, body): (i64, &str, String),
    at: i64,
) -> Result<Answer, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("the answer of request {key}"));
    let response = Response {
        status: u16::try_from(status).map_err(|_| corrupt())?,
        headers: serde_json::from_str(headers).map_err(|_| corrupt())?,
        body,
    };
    Ok(Answer { request: RequestKey { key, fingerprint }, response, at: Timestamp(at) })
}
