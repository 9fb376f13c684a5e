//! A database with the tables of the fixture, and the same rows in memory.

use std::cmp::Ordering;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, ToSql, params_from_iter};
use sea_query::SqliteQueryBuilder;
use serde_json::Value;
use uuid::Uuid;

use crate::change::ModelIndex;
use crate::datetime::Timestamp;
use crate::json::{IndexEntry, IndexValue};
use crate::meta::{DataHash, HeadRef, RevisionRef, RevisionStatus};
use crate::query::fixture::{SPECIMEN, entries};
use crate::query::{Literal, Operator, Predicate, Row, Scope, SortKey, Target, Truth, ties_descend};
use crate::store::layout::{IndexPlace, ModelLayout};
use crate::store::sql::ddl;
use crate::store::sql::search::{
    Access, BindValue, Paths, Segment, Statement, Window, count_sql, functions, page_sql,
};
use crate::store::{Freshness, Search};

pub(super) struct Bench {
    pub(super) connection: Connection,
    pub(super) model: ModelLayout,
    pub(super) rows: Vec<Stored>,
}

/// What stands in one head.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) pk: i64,
    pub(crate) resource_id: String,
    pub(crate) rev_count: i64,
    pub(crate) rev_seq: i64,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) by: String,
    pub(crate) deleted: bool,
    pub(crate) schema: Option<String>,
    pub(crate) draft: bool,
    pub(crate) json: String,
    pub(crate) values: Vec<IndexEntry>,
}

impl Stored {
    pub(crate) fn new(pk: i64, data: &Value) -> Self {
        Self {
            pk,
            resource_id: format!("specimen:{pk}"),
            rev_count: pk % 3 + 1,
            rev_seq: pk % 2 + 1,
            created: pk * 1_000,
            updated: pk * 1_000 + pk % 4,
            by: ["ann", "bob", "Éva"][usize::try_from(pk % 3).expect("small")].to_owned(),
            deleted: pk % 5 == 0,
            schema: (pk % 2 == 0).then(|| "v2".to_owned()),
            draft: pk % 4 == 0,
            json: data.to_string(),
            values: entries(data),
        }
    }

    pub(crate) fn row(&self) -> Row<'_> {
        Row { head: self.head(), values: &self.values }
    }

    pub(crate) fn head(&self) -> HeadRef<'_> {
        HeadRef {
            pk: self.pk,
            resource_id: &self.resource_id,
            rev_count: self.rev_count,
            version: 1,
            created_time: Timestamp(self.created),
            created_by: &self.by,
            updated_time: Timestamp(self.updated),
            updated_by: &self.by,
            is_deleted: self.deleted,
            revision: RevisionRef {
                seq: self.rev_seq,
                uid: Uuid::nil(),
                parent_seq: None,
                schema_version: self.schema.as_deref(),
                parent_schema_version: None,
                status: if self.draft { RevisionStatus::Draft } else { RevisionStatus::Stable },
                data_hash: DataHash(0),
                created_time: Timestamp(self.created),
                created_by: &self.by,
                updated_time: Timestamp(self.updated),
                updated_by: &self.by,
                data: self.json.as_bytes(),
                outdated: None,
            },
        }
    }
}

impl Bench {
    pub(super) fn new(rows: Vec<Stored>) -> Self {
        let connection = Connection::open_in_memory().expect("a database");
        functions::register(&connection).expect("functions");
        let model = ModelLayout::new(&SPECIMEN, 1, |key| {
            let at = SPECIMEN.indexes.iter().position(|index| index.key == key);
            at.expect("declared") as i64 + 100
        });
        let tables = ddl::model_tables::<SqliteQueryBuilder>(&model).into_iter();
        let indexes = ddl::model_indexes::<SqliteQueryBuilder>(&model).into_iter().map(|index| index.sql);
        for statement in tables.chain(indexes) {
            connection.execute_batch(&statement).expect("tables");
        }
        let bench = Self { connection, model, rows };
        for row in &bench.rows {
            bench.insert(row);
        }
        bench
    }

    pub(super) fn of_data(data: &[Value]) -> Self {
        Self::new(data.iter().zip(1..).map(|(data, pk)| Stored::new(pk, data)).collect())
    }

    fn insert(&self, row: &Stored) {
        let mut columns = vec![
            ("pk".to_owned(), SqlValue::Integer(row.pk)),
            ("resource_id".to_owned(), SqlValue::Text(row.resource_id.clone())),
            ("rev_count".to_owned(), SqlValue::Integer(row.rev_count)),
            ("version".to_owned(), SqlValue::Integer(1)),
            ("is_deleted".to_owned(), SqlValue::Integer(row.deleted.into())),
            ("rev_seq".to_owned(), SqlValue::Integer(row.rev_seq)),
            ("schema_version".to_owned(), row.schema.clone().map_or(SqlValue::Null, SqlValue::Text)),
            ("rev_status".to_owned(), SqlValue::Text(if row.draft { "draft" } else { "stable" }.to_owned())),
            ("rev_uid".to_owned(), SqlValue::Blob(vec![0; 16])),
            ("data_hash".to_owned(), SqlValue::Blob(vec![0; 16])),
            ("data".to_owned(), SqlValue::Text(row.json.clone())),
        ];
        for name in ["created_at", "rev_created_at"] {
            columns.push((name.to_owned(), SqlValue::Integer(row.created)));
        }
        for name in ["updated_at", "rev_updated_at"] {
            columns.push((name.to_owned(), SqlValue::Integer(row.updated)));
        }
        for name in ["created_by", "updated_by", "rev_created_by", "rev_updated_by"] {
            columns.push((name.to_owned(), SqlValue::Text(row.by.clone())));
        }
        for (place, entry) in self.model.indexes.iter().zip(&row.values) {
            match (place, entry) {
                (IndexPlace::Column { name, .. }, IndexEntry::Scalar(value)) => {
                    columns.push((name.clone(), sql_value(value)));
                }
                (IndexPlace::List { field }, IndexEntry::List(Some(items))) => {
                    for item in items {
                        self.insert_item(*field, item, row.pk);
                    }
                }
                _ => {}
            }
        }
        let names: Vec<_> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let places = vec!["?"; names.len()].join(", ");
        let sql = format!("INSERT INTO \"h_specimen\" ({}) VALUES ({places})", names.join(", "));
        let values = params_from_iter(columns.iter().map(|(_, value)| value));
        self.connection.execute(&sql, values).expect("insert");
    }

    fn insert_item(&self, field: i64, item: &IndexValue, pk: i64) {
        let sql = "INSERT OR IGNORE INTO \"l_specimen\" VALUES (?, ?, ?)";
        self.connection.execute(sql, (field, sql_value(item), pk)).expect("insert");
    }

    /// The row numbers on a page, the same on every way to it.
    pub(super) fn page(&self, predicate: &Predicate, sorts: &[SortKey], limit: u64, offset: u64) -> Vec<i64> {
        let window = Window { rows: limit, offset };
        let mut pages = self.page_ways(predicate, sorts).into_iter().map(|access| {
            let text = self.page_text(predicate, sorts, window, access);
            (self.numbers(&text), text.sql)
        });
        let (first, _) = pages.next().expect("a way");
        for (other, sql) in pages {
            assert_eq!(other, first, "{predicate:#?}\n{sql}");
        }
        first
    }

    pub(super) fn all(&self, predicate: &Predicate) -> Vec<i64> {
        self.page(predicate, &[], 4_294_967_295, 0)
    }

    /// The number of matches, the same on every way to it.
    pub(super) fn count(&self, predicate: &Predicate) -> i64 {
        let mut counts = self.count_ways(predicate).into_iter().map(|access| {
            let text = self.count_text(predicate, access);
            (self.numbers(&text)[0], text.sql)
        });
        let (first, _) = counts.next().expect("a way");
        for (other, sql) in counts {
            assert_eq!(other, first, "{predicate:#?}\n{sql}");
        }
        first
    }

    fn paths(&self, predicate: &Predicate, sorts: &[SortKey]) -> Paths {
        Paths::of_page(&self.model, predicate, sorts, &Segment::default())
    }

    pub(super) fn page_ways(&self, predicate: &Predicate, sorts: &[SortKey]) -> Vec<Access> {
        let paths = self.paths(predicate, sorts);
        let order = (paths.only().is_none() && paths.has_order()).then_some(Access::Order);
        let indexes = (0..paths.candidates()).map(Access::Index);
        let mut ways: Vec<_> = paths.only().into_iter().chain(order).chain(indexes).collect();
        ways.dedup();
        ways
    }

    pub(super) fn count_ways(&self, predicate: &Predicate) -> Vec<Access> {
        let paths = Paths::of_count(&self.model, predicate);
        let mut ways: Vec<_> =
            paths.only().into_iter().chain((0..paths.candidates()).map(Access::Index)).collect();
        ways.dedup();
        ways
    }

    pub(super) fn page_text(
        &self,
        predicate: &Predicate,
        sorts: &[SortKey],
        window: Window,
        access: Access,
    ) -> Statement {
        let search = Search {
            model: ModelIndex(0),
            predicate: Arc::new(predicate.clone()),
            sorts: sorts.to_vec(),
            after: None,
            limit: window.rows,
            offset: window.offset,
            freshness: Freshness::Current,
        };
        let paths = self.paths(predicate, sorts);
        page_sql(&self.model, &search, &Segment::default(), (&paths, access), window).expect("a statement")
    }

    pub(super) fn count_text(&self, predicate: &Predicate, access: Access) -> Statement {
        let paths = Paths::of_count(&self.model, predicate);
        count_sql(&self.model, predicate, (&paths, access)).expect("a statement")
    }

    fn numbers(&self, statement: &Statement) -> Vec<i64> {
        let mut prepared = self.connection.prepare(&statement.sql).expect("valid SQL");
        let rows = prepared.query_map(params_from_iter(&statement.values), |row| row.get(0));
        let numbers = rows.and_then(Iterator::collect);
        numbers.unwrap_or_else(|error| panic!("{error}: {}", statement.sql))
    }

    /// The plan of a page on each way, one line per step, and its text.
    pub(super) fn page_plans(&self, predicate: &Predicate, sorts: &[SortKey]) -> Vec<(Access, String)> {
        let window = Window { rows: 21, offset: 0 };
        let text = |access| self.page_text(predicate, sorts, window, access);
        self.page_ways(predicate, sorts)
            .into_iter()
            .map(|access| (access, self.plan(&text(access))))
            .collect()
    }

    /// The plan of a count on each way, one line per step, and its text.
    pub(super) fn count_plans(&self, predicate: &Predicate) -> Vec<(Access, String)> {
        let text = |access| self.count_text(predicate, access);
        self.count_ways(predicate).into_iter().map(|access| (access, self.plan(&text(access)))).collect()
    }

    fn plan(&self, statement: &Statement) -> String {
        let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let mut prepared = self.connection.prepare(&sql).expect("valid SQL");
        let lines = prepared.query_map(params_from_iter(&statement.values), |row| row.get::<_, String>(3));
        let lines: Vec<String> = lines.and_then(Iterator::collect).expect("a plan");
        format!("{}\n{}", lines.join("\n"), statement.sql)
    }

    /// What the rows in memory say.
    pub(super) fn expected(&self, predicate: &Predicate) -> Vec<i64> {
        let holds = |row: &&Stored| predicate.eval(&row.row()) == Truth::True;
        self.rows.iter().filter(holds).map(|row| row.pk).collect()
    }

    /// The engine and the memory agree on an order.
    pub(super) fn orders(&self, sorts: &[SortKey]) {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by(|a, b| compare(sorts, a, b));
        let expected: Vec<i64> = rows.into_iter().map(|row| row.pk).collect();
        assert_eq!(self.page(&Predicate::everything(), sorts, 1_000, 0), expected, "{sorts:#?}");
    }

    /// The engine and the memory agree on a predicate and on its negation.
    pub(super) fn agrees(&self, predicate: &Predicate) {
        for predicate in [predicate.clone(), !predicate.clone()] {
            // One state, the other, both at once, which no row is in, and either.
            for states in [&[false][..], &[true], &[false, true], &[]] {
                let states = states.iter().map(|deleted| Predicate::is_deleted(*deleted));
                let predicate = Predicate::all(states.chain([predicate.clone()]));
                let expected = self.expected(&predicate);
                assert_eq!(self.all(&predicate), expected, "{predicate:#?}");
                assert_eq!(self.count(&predicate), expected.len() as i64, "{predicate:#?}");
                let second: Vec<i64> = expected.iter().copied().skip(1).take(2).collect();
                assert_eq!(self.page(&predicate, &[], 2, 1), second, "{predicate:#?}");
            }
            let expected = self.expected(&predicate);
            assert_eq!(self.all(&predicate), expected, "{predicate:#?}");
            assert_eq!(self.count(&predicate), expected.len() as i64, "{predicate:#?}");
        }
    }
}

/// How two rows stand under these keys, and in the order of creation.
pub(crate) fn compare(sorts: &[SortKey], a: &Stored, b: &Stored) -> Ordering {
    let turn = |order: Ordering, descending| if descending { order.reverse() } else { order };
    let keys =
        sorts.iter().map(|sort| turn(smaller(&sort.value(&a.row()), &sort.value(&b.row())), sort.descending));
    let ties = ties_descend(sorts);
    keys.chain([turn(a.pk.cmp(&b.pk), ties)]).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn smaller(a: &IndexValue, b: &IndexValue) -> Ordering {
    match (a, b) {
        (IndexValue::Integer(a), IndexValue::Integer(b)) => a.cmp(b),
        (IndexValue::Text(a), IndexValue::Text(b)) => a.cmp(b),
        (IndexValue::Float(a), IndexValue::Float(b)) => a.partial_cmp(b).expect("finite"),
        _ => (*a != IndexValue::Null).cmp(&(*b != IndexValue::Null)),
    }
}

/// A condition that has to be accepted.
pub(super) fn on(name: &str, operator: Operator, literal: impl Into<Literal>) -> Predicate {
    let target = Target::find(&SPECIMEN, name, Scope::Everything);
    target.condition(operator, &literal.into()).expect("a valid condition")
}

fn sql_value(value: &IndexValue) -> SqlValue {
    match value {
        IndexValue::Null => SqlValue::Null,
        IndexValue::Integer(value) => SqlValue::Integer(*value),
        IndexValue::Float(value) => SqlValue::Real(*value),
        IndexValue::Text(value) => SqlValue::Text(value.clone()),
    }
}

impl ToSql for BindValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Integer(value) => value.to_sql(),
            Self::Float(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::Blob(value) => value.to_sql(),
        }
    }
}
