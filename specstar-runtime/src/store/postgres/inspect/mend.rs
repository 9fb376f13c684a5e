//! Writing index values anew.

use sea_orm::DatabaseTransaction;

use super::super::db::{Fault, execute, quoted, row as one, run, values};
use super::super::migrate::write_rows;
use super::super::model::Model;
use super::super::row::Columns;
use super::super::value::column_value;
use super::compare::{has_value, list_kind};
use crate::json::fitting_index_row;
use crate::store::inspect::{Unmended, WrongRow};

/// Computes the values of a row from its document as it is now.
pub(super) async fn row(
    on: &DatabaseTransaction,
    model: &Model,
    wrong: &WrongRow,
) -> Result<Option<Unmended>, Fault> {
    let layout = &model.layout;
    let head = quoted(&layout.head_table);
    let sql = format!("SELECT resource_id, data FROM {head} WHERE pk = $1 FOR NO KEY UPDATE");
    let found = one(on, sql, values![wrong.pk]).await?;
    let found = match &found {
        Some(found) => {
            let columns = Columns::of(found)?;
            let index = fitting_index_row(layout.descriptor, columns.text(1)?.as_bytes());
            Some((columns.get::<String>(0)?, index))
        }
        None => None,
    };
    let index = found.as_ref().map(|(_, index)| index.clone()).unwrap_or_default();
    for (field, value) in &wrong.extra {
        if has_value(layout, &index, *field, value) {
            continue;
        }
        let Some(kind) = list_kind(value) else { continue };
        let sql = format!(
            "DELETE FROM {} WHERE pk = $1 AND field = $2 AND {} = $3",
            quoted(&layout.list_table),
            kind.list_column()
        );
        execute(on, sql, values![wrong.pk, *field, column_value(value, kind)]).await?;
    }
    let Some((resource_id, index)) = found else { return Ok(None) };
    let every: Vec<usize> = (0..layout.indexes.len()).collect();
    run(on, "SAVEPOINT mend").await?;
    match write_rows(on, model, &[(wrong.pk, index)], &every).await.map_err(Fault::from) {
        Ok(()) => {
            run(on, "RELEASE SAVEPOINT mend").await?;
            Ok(None)
        }
        Err(Fault::Duplicate(error)) => {
            run(on, "ROLLBACK TO SAVEPOINT mend; RELEASE SAVEPOINT mend").await?;
            let reason =
                format!("its value is taken by another live resource ({error}): change one of the two");
            Ok(Some(Unmended { resource_id, reason }))
        }
        Err(fault) => Err(fault),
    }
}
