//! The statements of a resource type and of the log.
//!
//! A change of one resource is one statement, with everything that belongs to it: so the usual write takes one round
//! trip, and is a transaction of its own.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use sea_query::PostgresQueryBuilder;

use super::db::quoted;
use super::ddl::{MARK, STATE_TABLE, equal_nulls, sequence};
use super::value::Kind;
use crate::descriptor::UniqueDescriptor;
use crate::store::layout::{
    CASCADE_TABLE, HEAD_COLUMNS, HEAD_REVISION_COLUMNS, IndexPlace, LOG_AT, LOG_COLUMNS, LOG_TABLE,
    ModelLayout, REVISION_COLUMNS, REVISION_TABLE, SUBSCRIBER_TABLE,
};
use crate::store::sql::blob;
use crate::store::sql::cascade::MEMBER_COLUMNS;

/// Who gives the entries of the log to a subscriber, and until when.
pub(super) const LEADER_TABLE: &str = "ss_leader";

/// The clock of the server, in microseconds.
const NOW: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)";

/// Bits of a position that count the entries of one transaction.
pub(super) const ENTRY_BITS: u32 = 16;

/// Update texts kept per resource type. More shapes than that write all index columns, so that a type with many of them
/// cannot fill the memory.
const SHAPES: usize = 256;

/// The values of a list table in one JSON text.
const LIST_VALUES: &str = "AS u(field bigint, t text COLLATE \"C\", i bigint, f double precision)";

/// Where the log ends for a reader: entries of transactions that were running when its snapshot was taken, and of
/// later ones, stand at this position or behind it. All before are there, or never will be.
pub(super) fn horizon() -> String {
    format!(
        "((SELECT base FROM {STATE_TABLE}) + (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << {ENTRY_BITS}))"
    )
}

/// The position of an entry of the transaction at hand. Transactions are numbered in the order in which they first
/// write; one that was planned on what another one committed begins behind that, and has the higher number. The engine
/// does not know that the table has one row, and would prepare for thousands.
fn position(entry: &str) -> String {
    format!(
        "SELECT base + ((pg_current_xact_id()::text::bigint << {ENTRY_BITS}) | {entry}::bigint) AS position \
         FROM {STATE_TABLE} LIMIT 1"
    )
}

/// Numbers the places of a text.
#[derive(Default)]
struct Places(usize);

impl Places {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("${}", self.0)
    }

    fn many(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next()).collect()
    }
}

fn names(columns: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    columns.into_iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Which parts of a head an update writes, besides `updated_at`, `updated_by`, `log_at` and `version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools)] // each is a part of the text
pub(super) struct Shape {
    pub(super) archive: bool,
    pub(super) is_deleted: bool,
    /// It is deleted: references that are being made to it are waited for.
    pub(super) deletes: bool,
    pub(super) revision: bool,
    pub(super) rev_count: bool,
    pub(super) gone_values: bool,
    pub(super) new_values: bool,
    /// One bit per index of the descriptor, set where a scalar changed. Beyond 64 indexes, and for the rare mixtures,
    /// every bit is set.
    pub(super) indexes: u64,
}

impl Shape {
    /// Whether the columns of this index are written.
    pub(super) fn writes(self, index: usize) -> bool {
        self.indexes == u64::MAX || (index < 64 && self.indexes & (1 << index) != 0)
    }

    /// Marks an index as changed.
    pub(super) fn mark(&mut self, index: usize) {
        self.indexes |= if index < 64 { 1 << index } else { u64::MAX };
    }
}

/// The statements of one resource type.
#[derive(Debug)]
pub(super) struct HeadTexts {
    /// [`HEAD_COLUMNS`] as they are selected.
    pub(super) head_columns: String,
    /// [`HEAD_COLUMNS`] of a bound `resource_id`.
    pub(super) head: String,
    /// [`REVISION_COLUMNS`] of a bound `pk` and `seq`.
    pub(super) revision: String,
    /// [`REVISION_COLUMNS`] of a bound `pk`, by number, with an empty payload.
    pub(super) history: String,
    /// [`REVISION_COLUMNS`] of a bound `pk`, by number.
    pub(super) revisions: String,
    /// The members of the cascade of a bound `pk`.
    pub(super) members: String,
    /// A page of the log: `resource_id`, `pk`, `after`, `limit`.
    pub(super) log: String,
    /// `pk`, `resource_id` and `data` of a number of live rows after a bound `pk`.
    pub(super) live_after: String,
    /// `pk` and `data` of a number of rows after a bound `pk`.
    pub(super) all_after: String,
    /// See [`create`]; by whether there are list values, and an entry in the log.
    create: [String; 4],
    updates: Mutex<HashMap<Shape, Arc<str>>>,
    mark: i32,
    /// The next entry of a head: number of the entry, `pk`, `version`, then `kind`, `seq`, `version`, `at`, `by` of
    /// the entry. Returns the position.
    pub(super) log_next: String,
    /// The position, `pk`, `version`.
    pub(super) set_last: String,
    /// The same, and the head counts as changed.
    pub(super) next_version: String,
    /// `pk`, then [`REVISION_COLUMNS`].
    pub(super) insert_revision: String,
    /// `pk`, `seq`.
    pub(super) delete_revision: String,
    /// `pk`.
    pub(super) delete_revisions: String,
    /// `pk`, `version`.
    pub(super) delete_head: String,
    /// `pk`: every list value of a row.
    pub(super) delete_values: String,
    /// `field`: every value of a list index.
    pub(super) delete_field: String,
    /// The ids among the bound ones whose resources are live, which stay so until the transaction ends.
    pub(super) hold_live: String,
    /// The rows of these numbers stay as they are until the transaction ends.
    pub(super) hold: String,
    /// The same, and nobody can begin to refer to them.
    pub(super) hold_alone: String,
    /// `resource_id`: whether it exists.
    pub(super) exists: String,
    /// For each index, an id: whether a live row has it. None for what has no place.
    pub(super) refers: Vec<Option<String>>,
    /// `pk`, then [`MEMBER_COLUMNS`].
    pub(super) insert_member: String,
    /// `pk`.
    pub(super) delete_members: String,
    /// For each unique constraint: its values, then the `pk` to leave out; returns the holder's id.
    pub(super) uniques: Vec<String>,
    /// The same for the whole head.
    pub(super) holders: Vec<String>,
    pub(super) name_file: String,
    pub(super) named_by: String,
    pub(super) named_by_all: String,
    pub(super) unname: String,
    pub(super) unname_all: String,
    pub(super) owns_blob: String,
    pub(super) resource_of: String,
}

impl HeadTexts {
    /// Builds them.
    #[allow(clippy::too_many_lines)] // a table
    pub(super) fn new(layout: &ModelLayout, mark: i32) -> Self {
        let (head, list) = (quoted(&layout.head_table), quoted(&layout.list_table));
        let id = layout.model_id;
        let head_columns = names(HEAD_COLUMNS);
        let revision_columns = names(REVISION_COLUMNS);
        let described = names(REVISION_COLUMNS.iter().filter(|name| **name != "data"));
        let of_row = format!("FROM {REVISION_TABLE} WHERE model_id = {id} AND pk = $1");
        let uniques = layout.descriptor.uniques.iter();
        Self {
            head: format!("SELECT {head_columns} FROM {head} WHERE resource_id = $1"),
            revision: format!("SELECT {revision_columns} {of_row} AND seq = $2"),
            history: format!("SELECT {described}, '' {of_row} ORDER BY seq"),
            revisions: format!("SELECT {revision_columns} {of_row} ORDER BY seq"),
            members: format!(
                "SELECT {} FROM {CASCADE_TABLE} WHERE model_id = {id} AND pk = $1",
                names(MEMBER_COLUMNS)
            ),
            log: chain(&head),
            live_after: format!(
                "SELECT pk, resource_id, data FROM {head} WHERE pk > $1 AND is_deleted = 0 ORDER BY pk LIMIT $2"
            ),
            all_after: format!("SELECT pk, data FROM {head} WHERE pk > $1 ORDER BY pk LIMIT $2"),
            create: [(false, false), (false, true), (true, false), (true, true)]
                .map(|(values, logged)| create(layout, mark, values, logged)),
            updates: Mutex::default(),
            mark,
            log_next: format!(
                "WITH e AS MATERIALIZED ({}) INSERT INTO {LOG_TABLE} (position, model_id, pk, resource_id, kind, seq, \
                 version, at, by, prev) SELECT e.position, {id}, h.pk, h.resource_id, $4, $5, $6, $7, $8, h.{LOG_AT} \
                 FROM {head} h, e WHERE h.pk = $2 AND h.version = $3 AND h.{LOG_AT} < e.position RETURNING position",
                position("$1")
            ),
            set_last: format!(
                "UPDATE {head} SET {LOG_AT} = $1, {MARK} = {mark} WHERE pk = $2 AND version = $3"
            ),
            next_version: format!(
                "UPDATE {head} SET {LOG_AT} = $1, {MARK} = {mark}, version = version + 1 WHERE pk = $2 AND version = $3"
            ),
            insert_revision: format!(
                "INSERT INTO {REVISION_TABLE} (model_id, pk, {revision_columns}) VALUES ({id}, {})",
                Places::default().many(1 + REVISION_COLUMNS.len()).join(", ")
            ),
            delete_revision: format!(
                "DELETE FROM {REVISION_TABLE} WHERE model_id = {id} AND pk = $1 AND seq = $2"
            ),
            delete_revisions: format!("DELETE FROM {REVISION_TABLE} WHERE model_id = {id} AND pk = $1"),
            delete_head: format!("DELETE FROM {head} WHERE pk = $1 AND version = $2"),
            delete_values: format!("DELETE FROM {list} WHERE pk = $1"),
            delete_field: format!("DELETE FROM {list} WHERE field = $1"),
            hold_live: format!(
                "SELECT resource_id FROM {head} WHERE resource_id = ANY($1) AND is_deleted = 0 ORDER BY pk \
                 FOR KEY SHARE"
            ),
            hold: format!("SELECT 1 FROM {head} WHERE pk = ANY($1) ORDER BY pk FOR NO KEY UPDATE"),
            hold_alone: format!("SELECT 1 FROM {head} WHERE pk = ANY($1) ORDER BY pk FOR UPDATE"),
            exists: format!("SELECT 1 FROM {head} WHERE resource_id = $1"),
            refers: (0..layout.indexes.len()).map(|at| refers(layout, at)).collect(),
            insert_member: format!(
                "INSERT INTO {CASCADE_TABLE} (model_id, pk, {}) VALUES ({id}, $1, $2, $3, $4, $5)",
                names(MEMBER_COLUMNS)
            ),
            delete_members: format!("DELETE FROM {CASCADE_TABLE} WHERE model_id = {id} AND pk = $1"),
            uniques: uniques.clone().map(|unique| holder(layout, unique, "resource_id")).collect(),
            holders: uniques.map(|unique| holder(layout, unique, &head_columns)).collect(),
            name_file: blob::name_file::<PostgresQueryBuilder>(layout),
            named_by: blob::named_by::<PostgresQueryBuilder>(layout),
            named_by_all: blob::named_by_all::<PostgresQueryBuilder>(layout),
            unname: blob::unname::<PostgresQueryBuilder>(layout),
            unname_all: blob::unname_all::<PostgresQueryBuilder>(layout),
            owns_blob: blob::owns::<PostgresQueryBuilder>(layout),
            resource_of: blob::resource_of::<PostgresQueryBuilder>(layout),
            head_columns,
        }
    }

    /// See [`create`].
    pub(super) fn create(&self, values: bool, logged: bool) -> &str {
        &self.create[usize::from(values) * 2 + usize::from(logged)]
    }

    /// The text of a shape, and the shape that it has: all index columns where there are too many shapes.
    pub(super) fn update(&self, layout: &ModelLayout, mut shape: Shape) -> (Arc<str>, Shape) {
        let mut known = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        if shape.indexes != 0 && known.len() >= SHAPES && !known.contains_key(&shape) {
            shape.indexes = u64::MAX;
        }
        let text = known.entry(shape).or_insert_with(|| update(layout, self.mark, shape).into());
        (Arc::clone(text), shape)
    }
}

/// The names of the index columns of the chosen indexes, each followed by its folded copy.
fn index_columns(layout: &ModelLayout, chosen: impl Fn(usize) -> bool) -> Vec<&str> {
    let places = layout.indexes.iter().enumerate().filter(|(at, _)| chosen(*at));
    places
        .flat_map(|(_, place)| match place {
            IndexPlace::Column { name, folded } => [Some(name.as_str()), folded.as_deref()],
            IndexPlace::List { .. } | IndexPlace::Document => [None, None],
        })
        .flatten()
        .collect()
}

/// Inserts a head with its list values, and its entry in the log. Bound: the number of the entry, or a position and
/// no number; the row number, or none; the rest of [`HEAD_COLUMNS`]; the index columns; `kind`, `at` and `by` of the
/// entry; the list values. Returns the row number and the position.
fn create(layout: &ModelLayout, mark: i32, values: bool, logged: bool) -> String {
    let mut places = Places::default();
    let (entry, given, pk) = (places.next(), places.next(), places.next());
    let rest = places.many(HEAD_COLUMNS.len() - 1);
    let index = index_columns(layout, |_| true);
    let index_values = places.many(index.len());
    let (head, list) = (quoted(&layout.head_table), quoted(&layout.list_table));
    let all = names(HEAD_COLUMNS.into_iter().chain([LOG_AT, MARK]).chain(index));
    let mut bound = rest.clone();
    bound.push("e.position".into());
    bound.push(mark.to_string());
    bound.extend(index_values);
    let mut sql = format!(
        "WITH e AS MATERIALIZED (SELECT coalesce({given}::bigint, p.position) AS position FROM ({}) p), \
         h AS (INSERT INTO {head} ({all}) SELECT coalesce({pk}::bigint, nextval('{}')), {} FROM e RETURNING pk)",
        position(&format!("coalesce({entry}::bigint, 0)")),
        quoted(&sequence(layout)).replace('\'', "''"),
        bound.join(", ")
    );
    if logged {
        let (kind, at, by) = (places.next(), places.next(), places.next());
        // `resource_id`, `seq` and `version` stand in the head too.
        let of = |name: &str| {
            let at = HEAD_COLUMNS.iter().position(|column| *column == name).unwrap_or(1);
            rest[at - 1].clone()
        };
        let _ = write!(
            sql,
            ", l AS (INSERT INTO {LOG_TABLE} (position, model_id, pk, resource_id, kind, seq, version, at, by, prev) \
             SELECT e.position, {}, h.pk, {}, {kind}, {}, {}, {at}, {by}, 0 FROM h, e)",
            layout.model_id,
            of("resource_id"),
            of("rev_seq"),
            of("version"),
        );
    }
    if values {
        let json = places.next();
        let _ = write!(
            sql,
            ", v AS (INSERT INTO {list} (field, pk, t, i, f) SELECT u.field, h.pk, u.t, u.i, u.f \
             FROM h, json_to_recordset({json}::json) {LIST_VALUES} ON CONFLICT DO NOTHING)"
        );
    }
    sql.push_str(" SELECT h.pk, e.position FROM h, e");
    sql
}

/// Changes a head, with its entry in the log. Bound: the number of the entry, `pk`, `version`; `kind`, `seq`, `at` and
/// `by` of the entry; `updated_at`, `updated_by`, `is_deleted`, the revision columns, `rev_count`, the index columns
/// (each where the shape has it); the list values that go, and those that come. Returns the position, or nothing when
/// the head has another version.
///
/// The chain of entries must ascend, and a prune leaves the version as it is: a transaction that began before the one
/// that pruned has to be planned again, which `log_at` tells.
fn update(layout: &ModelLayout, mark: i32, shape: Shape) -> String {
    let mut places = Places::default();
    let (entry, pk, version) = (places.next(), places.next(), places.next());
    let (kind, seq, at, by) = (places.next(), places.next(), places.next(), places.next());
    let (head, list) = (quoted(&layout.head_table), quoted(&layout.list_table));
    let id = layout.model_id;
    let (archived, comma) =
        if shape.archive { (names(HEAD_REVISION_COLUMNS), ", ") } else { (String::new(), "") };
    let lock = if shape.deletes { "UPDATE" } else { "NO KEY UPDATE" };
    let mut sql = format!(
        "WITH e AS MATERIALIZED ({}), \
         o AS MATERIALIZED (SELECT pk, resource_id, {LOG_AT}{comma}{archived} FROM {head} WHERE pk = {pk} \
         AND version = {version} AND {LOG_AT} < (SELECT position FROM e) FOR {lock})",
        position(&entry)
    );
    if shape.archive {
        let _ = write!(
            sql,
            ", a AS (INSERT INTO {REVISION_TABLE} (model_id, pk, {}) SELECT {id}, pk, {archived} FROM o)",
            names(REVISION_COLUMNS)
        );
    }
    let _ = write!(
        sql,
        ", l AS (INSERT INTO {LOG_TABLE} (position, model_id, pk, resource_id, kind, seq, version, at, by, prev) \
         SELECT e.position, {id}, o.pk, o.resource_id, {kind}, {seq}, {version} + 1, {at}, {by}, o.{LOG_AT} FROM o, e)"
    );
    let mut columns = vec!["updated_at", "updated_by"];
    if shape.is_deleted {
        columns.push("is_deleted");
    }
    if shape.revision {
        columns.extend(HEAD_REVISION_COLUMNS);
    }
    if shape.rev_count {
        columns.push("rev_count");
    }
    columns.extend(index_columns(layout, |at| shape.writes(at)));
    let set: Vec<String> =
        columns.iter().map(|name| format!("{} = {}", quoted(name), places.next())).collect();
    if shape.gone_values {
        let json = places.next();
        let _ = write!(
            sql,
            ", x AS (DELETE FROM {list} w USING o, json_to_recordset({json}::json) {LIST_VALUES} \
             WHERE w.pk = o.pk AND w.field = u.field AND (w.t = u.t OR w.i = u.i OR w.f = u.f))"
        );
    }
    if shape.new_values {
        let json = places.next();
        let _ = write!(
            sql,
            ", v AS (INSERT INTO {list} (field, pk, t, i, f) SELECT u.field, o.pk, u.t, u.i, u.f \
             FROM o, json_to_recordset({json}::json) {LIST_VALUES} ON CONFLICT DO NOTHING)"
        );
    }
    let _ = write!(
        sql,
        ", n AS (UPDATE {head} h SET {}, {LOG_AT} = e.position, {MARK} = {mark}, version = h.version + 1 FROM o, e \
         WHERE h.pk = o.pk RETURNING e.position) SELECT position FROM n",
        set.join(", ")
    );
    sql
}

fn refers(layout: &ModelLayout, at: usize) -> Option<String> {
    let (head, list) = (quoted(&layout.head_table), quoted(&layout.list_table));
    match &layout.indexes[at] {
        IndexPlace::Column { name, .. } => {
            let column = quoted(name);
            Some(format!(
                "SELECT 1 FROM {head} WHERE {column} = $1 AND is_deleted = 0 AND resource_id <> ALL($2) LIMIT 1"
            ))
        }
        IndexPlace::List { field } => Some(format!(
            "SELECT 1 FROM {list} w JOIN {head} h ON h.pk = w.pk \
             WHERE w.field = {field} AND w.t = $1 AND h.is_deleted = 0 AND h.resource_id <> ALL($2) LIMIT 1"
        )),
        IndexPlace::Document => None,
    }
}

fn holder(layout: &ModelLayout, unique: &UniqueDescriptor, columns: &str) -> String {
    let mut places = Places::default();
    let mut sql = format!("SELECT {columns} FROM {} WHERE is_deleted = 0", quoted(&layout.head_table));
    let kinds = unique.indexes.iter().map(|&at| Kind::from(layout.descriptor.indexes[at].kind));
    for (name, kind) in layout.unique_columns(unique).zip(kinds) {
        if unique.nulls_equal {
            for key in equal_nulls(name, kind) {
                let _ = write!(sql, " AND {key} = {}", places.next());
            }
        } else {
            let _ = write!(sql, " AND {} = {}", quoted(name), places.next());
        }
    }
    let _ = write!(sql, " AND pk <> {}", places.next());
    sql
}

/// A page of the entries of one resource, from the last to the first: a chain, as far as the page goes.
fn chain(head: &str) -> String {
    let columns: Vec<String> = LOG_COLUMNS.iter().map(|name| format!("c.{}", quoted(name))).collect();
    let all: Vec<String> = LOG_COLUMNS.iter().map(|name| format!("l.{}", quoted(name))).collect();
    let all = all.join(", ");
    format!(
        "WITH RECURSIVE c AS (\
         SELECT {all} FROM {LOG_TABLE} l WHERE l.position = \
         (SELECT {LOG_AT} FROM {head} WHERE resource_id = $1 AND pk = $2) AND l.position > $3 \
         UNION ALL SELECT {all} FROM c JOIN {LOG_TABLE} l ON l.position = c.prev \
         WHERE c.prev > $3 AND c.prev < c.position), \
         z AS (SELECT coalesce(max(position), 0) AS last FROM {LOG_TABLE} WHERE position < {horizon}) \
         SELECT {}, z.last FROM z LEFT JOIN c ON c.position <= z.last ORDER BY c.position LIMIT $4",
        columns.join(", "),
        horizon = horizon(),
    )
}

/// The statements of the log.
#[derive(Debug)]
pub(super) struct LogTexts {
    /// [`LOG_COLUMNS`] of a number of entries after a bound position, then the end of the log. Without an entry there
    /// is one row, of nulls and the end.
    pub(super) everything: String,
    /// The same with a `model_id` bound first.
    pub(super) of_model: String,
    /// The end of the log.
    pub(super) last: String,
    /// [`LOG_COLUMNS`] of the entry at a bound position.
    pub(super) entry: String,
    /// The number of the entry, `at`, `by`, `name`, `body`.
    pub(super) insert_event: String,
    /// `name`, `position`: a lower position than the one that is there changes nothing.
    pub(super) acknowledge: String,
    /// A new subscriber, and where it begins.
    pub(super) subscribe: String,
    /// A subscriber, who leads it, and for how long in microseconds; a row for who does.
    pub(super) lead: String,
    /// A subscriber, and who leads it no more.
    pub(super) resign: String,
    /// The position of a bound `name`.
    pub(super) acknowledged: String,
}

impl LogTexts {
    /// Builds them.
    pub(super) fn new() -> Self {
        let columns = names(LOG_COLUMNS);
        let horizon = horizon();
        let last =
            format!("SELECT coalesce(max(position), 0) AS last FROM {LOG_TABLE} WHERE position < {horizon}");
        let page = |of: &str, after: &str, limit: &str| {
            let all: Vec<String> = LOG_COLUMNS.iter().map(|name| format!("c.{}", quoted(name))).collect();
            format!(
                "WITH z AS MATERIALIZED ({last}) SELECT {}, z.last FROM z LEFT JOIN LATERAL (SELECT {columns} \
                 FROM {LOG_TABLE} WHERE {of}position > {after} AND position <= z.last ORDER BY position LIMIT {limit}) c \
                 ON true ORDER BY c.position",
                all.join(", ")
            )
        };
        Self {
            everything: page("", "$1", "$2"),
            of_model: page("model_id = $1 AND ", "$2", "$3"),
            entry: format!("SELECT {columns} FROM {LOG_TABLE} WHERE position = $1 AND position < {horizon}"),
            insert_event: format!(
                "INSERT INTO {LOG_TABLE} (position, at, by, name, body) \
                 SELECT e.position, $2, $3, $4, $5 FROM ({}) e RETURNING position",
                position("$1")
            ),
            acknowledge: format!(
                "INSERT INTO {SUBSCRIBER_TABLE} (name, position) VALUES ($1, $2) ON CONFLICT (name) \
                 DO UPDATE SET position = excluded.position WHERE excluded.position > {SUBSCRIBER_TABLE}.position"
            ),
            subscribe: format!(
                "INSERT INTO {SUBSCRIBER_TABLE} (name, position) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"
            ),
            lead: format!(
                "INSERT INTO {LEADER_TABLE} AS l (name, leader, until) VALUES ($1, $2, {NOW} + $3) \
                 ON CONFLICT (name) DO UPDATE SET leader = excluded.leader, until = excluded.until \
                 WHERE l.leader = excluded.leader OR l.until < {NOW} RETURNING 1"
            ),
            resign: format!("DELETE FROM {LEADER_TABLE} WHERE name = $1 AND leader = $2"),
            acknowledged: format!("SELECT position FROM {SUBSCRIBER_TABLE} WHERE name = $1"),
            last,
        }
    }
}
