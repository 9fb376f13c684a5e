//! Writes of one resource.

use sea_query::{
    Alias, DeleteStatement, Expr, ExprTrait, OnConflict, Query, SelectStatement, UpdateStatement,
};

use super::cascade::MEMBER_COLUMNS;
use super::ddl::{null_as_empty, null_flag};
use super::{Dialect, blob, column, hole, insert_into, is_bound, is_live, log, model_id, name};
use crate::descriptor::UniqueDescriptor;
use crate::store::layout::{
    CASCADE_TABLE, HEAD_COLUMNS, HEAD_REVISION_COLUMNS, IndexPlace, LOG_AT, ModelLayout, REVISION_COLUMNS,
    REVISION_TABLE,
};

/// The write statements of one resource type, apart from updates, which differ by what they change.
#[derive(Debug)]
pub(crate) struct WriteTexts {
    /// [`HEAD_COLUMNS`], [`LOG_AT`], then the index columns.
    pub(crate) insert: String,
    /// `field`, `value`, `pk`.
    pub(crate) insert_value: String,
    /// `field`, `value`, `pk`.
    pub(crate) delete_value: String,
    /// `pk`: every value of a row, without the help of an index.
    pub(crate) delete_values: String,
    /// `field`: every value of a list index.
    pub(crate) delete_field: String,
    /// `pk`, `version`: copies the current revision of a head into the revision table.
    pub(crate) archive: String,
    /// A superseded revision: `pk`, then `REVISION_COLUMNS`.
    pub(crate) insert_revision: String,
    /// `pk`, `seq`.
    pub(crate) delete_revision: String,
    /// `pk`.
    pub(crate) delete_revisions: String,
    /// `pk`, `version`; returns the payload.
    pub(crate) delete_head: String,
    /// See [`log::insert_next`].
    pub(crate) log: String,
    /// See [`log::set_last`].
    pub(crate) set_last: String,
    /// See [`log::next_version`].
    pub(crate) next_version: String,
    /// The highest row number.
    pub(crate) last_pk: String,
    /// The highest row number that was removed for good.
    pub(crate) last_purged: String,
    /// `pk`: remembers that it was removed for good.
    pub(crate) note_purge: String,
    /// `resource_id`: whether it exists.
    pub(crate) exists: String,
    /// `resource_id`: whether it exists and is not deleted.
    pub(crate) live: String,
    /// For each index, an id (behind its `field`, for a list): whether a live row has it. None for what has no
    /// place.
    pub(crate) refers: Vec<Option<String>>,
    /// The ids of those that refer, by the position of the index.
    pub(crate) referrers: Vec<Option<String>>,
    /// `pk`, then [`MEMBER_COLUMNS`].
    pub(crate) insert_member: String,
    /// `pk`.
    pub(crate) delete_members: String,
    /// See [`blob::name_file`].
    pub(crate) name_file: String,
    /// See [`blob::named_by`].
    pub(crate) named_by: String,
    /// See [`blob::named_by_all`].
    pub(crate) named_by_all: String,
    /// See [`blob::unname`].
    pub(crate) unname: String,
    /// See [`blob::unname_all`].
    pub(crate) unname_all: String,
    /// For each unique constraint: its values, then the `pk` to leave out; returns the holder's id.
    pub(crate) uniques: Vec<String>,
}

impl WriteTexts {
    /// Builds them.
    pub(crate) fn new<D: Dialect>(layout: &ModelLayout) -> Self {
        let uniques = layout.descriptor.uniques.iter();
        Self {
            insert: insert::<D>(layout),
            insert_value: insert_value::<D>(layout),
            delete_value: delete_by(&layout.list_table, &["field", "value", "pk"]).build(D::default()).0,
            delete_values: delete_by(&layout.list_table, &["pk"]).build(D::default()).0,
            delete_field: delete_by(&layout.list_table, &["field"]).build(D::default()).0,
            archive: archive::<D>(layout),
            insert_revision: insert_revision::<D>(layout),
            delete_revision: delete_revisions(layout, &["pk", "seq"]).build(D::default()).0,
            delete_revisions: delete_revisions(layout, &["pk"]).build(D::default()).0,
            delete_head: delete_by(&layout.head_table, &["pk", "version"])
                .returning_col(name("data"))
                .build(D::default())
                .0,
            log: log::insert_next::<D>(layout),
            set_last: log::set_last::<D>(layout),
            next_version: log::next_version::<D>(layout),
            last_pk: last_pk(layout).build(D::default()).0,
            last_purged: super::purged::last(layout).build(D::default()).0,
            note_purge: super::purged::note::<D>(layout),
            exists: exists(layout, &["resource_id"]).build(D::default()).0,
            live: exists(layout, &["resource_id"]).and_where(is_live()).build(D::default()).0,
            refers: layout.indexes.iter().map(|place| refers::<D>(layout, place, false)).collect(),
            referrers: layout.indexes.iter().map(|place| refers::<D>(layout, place, true)).collect(),
            insert_member: insert_member::<D>(layout),
            delete_members: delete_by(CASCADE_TABLE, &["pk"])
                .and_where(column("model_id").eq(model_id(layout)))
                .build(D::default())
                .0,
            name_file: blob::name_file::<D>(layout),
            named_by: blob::named_by::<D>(layout),
            named_by_all: blob::named_by_all::<D>(layout),
            unname: blob::unname::<D>(layout),
            unname_all: blob::unname_all::<D>(layout),
            uniques: uniques.map(|unique| holder(layout, unique).build(D::default()).0).collect(),
        }
    }
}

fn index_column_names(layout: &ModelLayout) -> impl Iterator<Item = &str> {
    layout
        .indexes
        .iter()
        .flat_map(|place| match place {
            IndexPlace::Column { name, folded } => [Some(name.as_str()), folded.as_deref()],
            IndexPlace::List { .. } | IndexPlace::Document => [None, None],
        })
        .flatten()
}

fn insert<D: Dialect>(layout: &ModelLayout) -> String {
    let columns = HEAD_COLUMNS.into_iter().chain([LOG_AT]).chain(index_column_names(layout));
    insert_into(&layout.head_table, columns).build(D::default()).0
}

/// A value that is there already stays: two elements of a list can be equal to the engine and not to
/// the one that wrote them (`0.0` and `-0.0`).
fn insert_value<D: Dialect>(layout: &ModelLayout) -> String {
    insert_into(&layout.list_table, ["field", "value", "pk"])
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .build(D::default())
        .0
}

fn delete_by(table: &str, keys: &[&str]) -> DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(name(table));
    for key in keys {
        delete.and_where(is_bound(key));
    }
    delete
}

fn delete_revisions(layout: &ModelLayout, keys: &[&str]) -> DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(name(REVISION_TABLE)).and_where(column("model_id").eq(model_id(layout)));
    for key in keys {
        delete.and_where(is_bound(key));
    }
    delete
}

/// The payload moves inside the database and never crosses into the program.
fn archive<D: Dialect>(layout: &ModelLayout) -> String {
    let select = Query::select()
        .expr(model_id(layout))
        .column(name("pk"))
        .columns(HEAD_REVISION_COLUMNS.map(Alias::new))
        .from(name(&layout.head_table))
        .and_where(is_bound("pk"))
        .and_where(is_bound("version"))
        .take();
    let mut insert = Query::insert();
    insert
        .into_table(name(REVISION_TABLE))
        .columns(["model_id", "pk"].into_iter().chain(REVISION_COLUMNS).map(name));
    // `select_from` only refuses when the numbers of columns differ, which they do not.
    let _ = insert.select_from(select);
    insert.build(D::default()).0
}

fn insert_revision<D: Dialect>(layout: &ModelLayout) -> String {
    let holes = std::iter::repeat_with(hole).take(1 + REVISION_COLUMNS.len());
    Query::insert()
        .into_table(name(REVISION_TABLE))
        .columns(["model_id", "pk"].into_iter().chain(REVISION_COLUMNS).map(name))
        // As many values as columns.
        .values_panic(std::iter::once(model_id(layout)).chain(holes))
        .build(D::default())
        .0
}

fn exists(layout: &ModelLayout, keys: &[&str]) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Expr::cust("1")).from(name(&layout.head_table));
    for key in keys {
        select.and_where(is_bound(key));
    }
    select
}

/// The engine does not reorder a cross join: the few rows that have the value are looked at, and no others.
fn refers<D: Dialect>(layout: &ModelLayout, place: &IndexPlace, named: bool) -> Option<String> {
    let mut select = Query::select();
    if named {
        select.column((name(&layout.head_table), name("resource_id")));
    } else {
        // The index alone answers it.
        select.expr(Expr::cust("1"));
    }
    match place {
        IndexPlace::Column { name: text, .. } => {
            select.from(name(&layout.head_table)).and_where(is_bound(text));
        }
        IndexPlace::List { .. } => {
            let [of_list, of_head] =
                [&layout.list_table, &layout.head_table].map(|table| Expr::col((name(table), name("pk"))));
            select
                .from(name(&layout.list_table))
                .cross_join(name(&layout.head_table))
                .and_where(is_bound("field"))
                .and_where(is_bound("value"))
                .and_where(of_head.eq(of_list));
        }
        IndexPlace::Document => return None,
    }
    Some(select.and_where(is_live()).build(D::default()).0)
}

fn insert_member<D: Dialect>(layout: &ModelLayout) -> String {
    let holes = std::iter::repeat_with(hole).take(1 + MEMBER_COLUMNS.len());
    Query::insert()
        .into_table(name(CASCADE_TABLE))
        .columns(["model_id", "pk"].into_iter().chain(MEMBER_COLUMNS).map(name))
        // As many values as columns.
        .values_panic(std::iter::once(model_id(layout)).chain(holes))
        .build(D::default())
        .0
}

fn last_pk(layout: &ModelLayout) -> SelectStatement {
    Query::select().expr(column("pk").max()).from(name(&layout.head_table)).take()
}

fn holder(layout: &ModelLayout, unique: &UniqueDescriptor) -> SelectStatement {
    let mut select = Query::select();
    select.column(name("resource_id")).from(name(&layout.head_table)).and_where(is_live());
    for text in layout.unique_columns(unique) {
        if unique.nulls_equal {
            select.and_where(null_flag(text).eq(hole())).and_where(null_as_empty(text).eq(hole()));
        } else {
            select.and_where(is_bound(text));
        }
    }
    select.and_where(column("pk").ne(hole())).take()
}

/// Which parts of a head an update writes, besides `updated_at`, `updated_by`, `log_at` and `version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct UpdateShape {
    /// `is_deleted`.
    pub(crate) is_deleted: bool,
    /// The columns of the current revision.
    pub(crate) revision: bool,
    /// `rev_count`.
    pub(crate) rev_count: bool,
    /// One bit per index of the descriptor, set where a scalar changed. Beyond 64 indexes, and for
    /// the rare mixtures, every bit is set.
    pub(crate) indexes: u64,
}

impl UpdateShape {
    /// Whether the columns of this index are written.
    pub(crate) fn writes(self, index: usize) -> bool {
        self.indexes == u64::MAX || (index < 64 && self.indexes & (1 << index) != 0)
    }

    /// Marks an index as changed.
    pub(crate) fn mark(&mut self, index: usize) {
        self.indexes |= if index < 64 { 1 << index } else { u64::MAX };
    }
}

/// `UPDATE` of a head. Bound: `updated_at`, `updated_by`, `log_at`, `is_deleted`, the revision columns,
/// `rev_count`, the index columns (each where the shape has it), then `pk` and `version`.
pub(crate) fn update<D: Dialect>(layout: &ModelLayout, shape: UpdateShape) -> String {
    let mut update = Query::update();
    update.table(name(&layout.head_table));
    for text in update_columns(layout, shape) {
        update.value(name(text), hole());
    }
    next_version(&mut update).and_where(is_bound("pk")).and_where(is_bound("version")).build(D::default()).0
}

fn update_columns(layout: &ModelLayout, shape: UpdateShape) -> Vec<&str> {
    let mut columns = vec!["updated_at", "updated_by", LOG_AT];
    if shape.is_deleted {
        columns.push("is_deleted");
    }
    if shape.revision {
        columns.extend(HEAD_REVISION_COLUMNS);
    }
    if shape.rev_count {
        columns.push("rev_count");
    }
    for (at, place) in layout.indexes.iter().enumerate() {
        if let IndexPlace::Column { name, folded } = place
            && shape.writes(at)
        {
            columns.push(name);
            columns.extend(folded.as_deref());
        }
    }
    columns
}

/// The engine counts, so that no value has to be bound for it.
fn next_version(update: &mut UpdateStatement) -> &mut UpdateStatement {
    update.value(name("version"), Expr::cust("version + 1"))
}

/// `UPDATE` of the columns of some indexes, for a back-fill. Bound: the columns, then `pk`.
pub(crate) fn backfill<D: Dialect>(layout: &ModelLayout, indexes: &[usize]) -> Option<String> {
    let mut update = Query::update();
    update.table(name(&layout.head_table));
    let mut any = false;
    for &at in indexes {
        if let IndexPlace::Column { name: column, folded } = &layout.indexes[at] {
            any = true;
            update.value(name(column), hole());
            if let Some(folded) = folded {
                update.value(name(folded), hole());
            }
        }
    }
    any.then(|| update.and_where(is_bound("pk")).build(D::default()).0)
}
