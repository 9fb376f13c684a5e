//! What deletes took along.

use sea_query::{ColumnDef, ExprTrait, Index, Query, SelectStatement, Table, TableCreateStatement};

use super::{column, is_bound, name};
use crate::store::layout::{CASCADE_TABLE, ModelLayout};

/// What stands in a row besides the resource that was deleted.
pub(crate) const MEMBER_COLUMNS: [&str; 4] = ["member_model_id", "member_pk", "member_id", "member_version"];

/// Clustered by the resource that was deleted: its members are read and removed together.
pub(super) fn table() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name(CASCADE_TABLE)).if_not_exists();
    for text in ["model_id", "pk"].into_iter().chain(MEMBER_COLUMNS) {
        let mut column = ColumnDef::new(name(text));
        if text == "member_id" {
            column.text()
        } else {
            column.big_integer()
        };
        table.col(column.not_null());
    }
    let mut key = Index::create();
    for text in ["model_id", "pk", "member_model_id", "member_pk"] {
        key.col(name(text));
    }
    table.primary_key(&mut key).extra("WITHOUT ROWID").take()
}

/// [`MEMBER_COLUMNS`] of the members of a bound `pk`.
pub(super) fn members(layout: &ModelLayout) -> SelectStatement {
    Query::select()
        .columns(MEMBER_COLUMNS.map(name))
        .from(name(CASCADE_TABLE))
        .and_where(column("model_id").eq(super::model_id(layout)))
        .and_where(is_bound("pk"))
        .take()
}
