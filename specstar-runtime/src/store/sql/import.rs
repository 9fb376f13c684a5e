//! How far imports of archives are.

use sea_query::{ColumnDef, OnConflict, Query, Table, TableCreateStatement};

use super::{Dialect, insert_into, is_bound, name};
use crate::store::layout::IMPORT_TABLE;

/// The statements of checkpoints.
#[derive(Debug)]
pub(crate) struct ImportTexts {
    /// `archive`, `done`.
    pub(crate) note: String,
    /// `archive`.
    pub(crate) forget: String,
    /// `done` of a bound `archive`.
    pub(crate) done: String,
}

impl ImportTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>() -> Self {
        let mut note = insert_into(IMPORT_TABLE, ["archive", "done"]);
        note.on_conflict(OnConflict::column(name("archive")).update_column(name("done")).to_owned());
        let mut forget = Query::delete();
        forget.from_table(name(IMPORT_TABLE)).and_where(is_bound("archive"));
        let mut done = Query::select();
        done.column(name("done")).from(name(IMPORT_TABLE)).and_where(is_bound("archive"));
        Self {
            note: note.build(D::default()).0,
            forget: forget.build(D::default()).0,
            done: done.build(D::default()).0,
        }
    }
}

/// One row per import that has begun to store and is not done.
pub(super) fn table() -> TableCreateStatement {
    Table::create()
        .table(name(IMPORT_TABLE))
        .if_not_exists()
        .col(ColumnDef::new(name("archive")).text().not_null().primary_key())
        .col(ColumnDef::new(name("done")).big_integer().not_null())
        .take()
}
