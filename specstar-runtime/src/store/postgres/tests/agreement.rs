//! For any rows and any condition, the store finds what the evaluation in memory finds, in the order that it has there.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::Value;

use super::super::db::{quoted, run};
use super::super::{PostgresOptions, PostgresStore};
use super::server;
use crate::change::{Change, ChangeSet, Import, ModelIndex};
use crate::json::IndexRow;
use crate::meta::{HeadRef, Stamp};
use crate::query::fixture::SPECIMEN;
use crate::query::{Position, Predicate, SortKey, Truth};
use crate::store::sql::search::tests::agreement::{condition, data, predicate, sort, within};
use crate::store::sql::search::tests::bench::{Stored, compare};
use crate::store::{Freshness, PageEnd, Search, Store};

const MODEL: ModelIndex = ModelIndex(0);

struct Bench {
    store: PostgresStore,
    rows: Vec<Stored>,
}

impl Bench {
    async fn new(url: &str) -> Self {
        let statement_timeout = std::time::Duration::from_secs(30);
        let options = PostgresOptions { max_connections: 3, statement_timeout, ..PostgresOptions::new(url) };
        let store = PostgresStore::open(options).expect("it opens");
        store.ensure_layout(&[&SPECIMEN]).await.expect("tables");
        Self { store, rows: Vec::new() }
    }

    /// These rows in the place of all others.
    async fn fill(&mut self, rows: Vec<Stored>) {
        let models = self.store.models();
        let layout = &models.get(MODEL).expect("it is registered").layout;
        let sql = format!(
            "DELETE FROM {}; DELETE FROM {}; ALTER SEQUENCE {} RESTART",
            quoted(&layout.head_table),
            quoted(&layout.list_table),
            quoted(&super::super::ddl::sequence(layout))
        );
        run(&self.store.shared.db, &sql).await.expect("it is empty");
        let at = Stamp { time: crate::datetime::Timestamp(1), by: "ann".into() };
        let changes = rows.iter().map(|row| {
            Change::Import(Box::new(Import {
                model: MODEL,
                replaces: None,
                head: row.head().to_owned(),
                older: Vec::new(),
                index: IndexRow { entries: row.values.clone() },
                blobs: Vec::new(),
                job: None,
                at: at.clone(),
            }))
        });
        self.store.commit(ChangeSet::from(changes.collect::<Vec<_>>())).await.expect("it is committed");
        self.rows = rows;
    }

    async fn page(
        &self,
        predicate: &Predicate,
        sorts: &[SortKey],
        after: Option<Position>,
        limit: u64,
        offset: u64,
    ) -> (Vec<i64>, PageEnd) {
        let (sorts, predicate) = (sorts.to_vec(), Arc::new(predicate.clone()));
        let search =
            Search { model: MODEL, predicate, sorts, after, limit, offset, freshness: Freshness::Current };
        let found = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&found);
        let visit = move |head: HeadRef<'_>| seen.lock().unwrap().push(head.pk);
        let end = self.store.search(search, Box::new(visit)).await.expect("it is found");
        let found = found.lock().unwrap().clone();
        (found, end)
    }

    fn expected(&self, predicate: &Predicate) -> Vec<i64> {
        let holds = |row: &&Stored| predicate.eval(&row.row()) == Truth::True;
        self.rows.iter().filter(holds).map(|row| row.pk).collect()
    }

    async fn agrees(&self, predicate: &Predicate) {
        for predicate in [predicate.clone(), !predicate.clone()] {
            for live in [None, Some(Predicate::is_deleted(false)), Some(Predicate::is_deleted(true))] {
                let predicate = Predicate::all(live.into_iter().chain([predicate.clone()]));
                let expected = self.expected(&predicate);
                let (all, _) = self.page(&predicate, &[], None, 1_000, 0).await;
                assert_eq!(all, expected, "{predicate:#?}");
                let count = self
                    .store
                    .count(MODEL, Arc::new(predicate.clone()), Freshness::Current)
                    .await
                    .expect("a count");
                assert_eq!(count, expected.len() as u64, "{predicate:#?}");
                let second: Vec<i64> = expected.iter().copied().skip(1).take(2).collect();
                assert_eq!(self.page(&predicate, &[], None, 2, 1).await.0, second, "{predicate:#?}");
            }
        }
    }

    /// Pages of two, each behind the last row of the one before, are the whole order.
    async fn orders(&self, sorts: &[SortKey], predicate: &Predicate) {
        let mut rows: Vec<_> =
            self.rows.iter().filter(|row| predicate.eval(&row.row()) == Truth::True).collect();
        rows.sort_by(|a, b| compare(sorts, a, b));
        let expected: Vec<i64> = rows.into_iter().map(|row| row.pk).collect();
        assert_eq!(self.page(predicate, sorts, None, 1_000, 0).await.0, expected, "{sorts:#?}");
        let (mut joined, mut after) = (Vec::new(), None);
        loop {
            let (page, end) = self.page(predicate, sorts, after, 2, 0).await;
            joined.extend(page);
            if !end.has_more {
                break;
            }
            let last = end.last.expect("a position");
            // No page begins behind a distance that is no number.
            if !last.fits(sorts, &SPECIMEN) {
                return;
            }
            after = Some(last);
        }
        assert_eq!(joined, expected, "{sorts:#?} {predicate:#?}");
    }
}

/// The runtime refuses a U+0000 in an indexed text, and a date-time that is not RFC 3339, before the store sees them.
fn storable(data: &Value) -> Value {
    let text = data.to_string().replace("\\u0000", "\\u0001");
    let text = text.replace("00.000001\"", "00.000001Z\"").replace("31 23:59\"", "31T23:59:00Z\"");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_store_agrees_with_memory() {
    let cluster = std::env::var("SPECSTAR_TEST_POSTGRES").is_err().then(server::Cluster::start);
    let url = cluster.as_ref().map_or_else(
        || std::env::var("SPECSTAR_TEST_POSTGRES").expect("it is set"),
        |cluster| cluster.url("postgres"),
    );
    let schema = format!("agreement_{}", std::process::id());
    server::blocking(server::run(url.clone(), format!("CREATE SCHEMA {schema}"))).expect("a schema");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bench = runtime.block_on(Bench::new(&server::in_schema(&url, &schema)));
    let bench = Mutex::new(bench);
    let cases = (
        prop::collection::vec(data(), 1..12),
        prop::collection::vec(condition(), 40),
        prop::collection::vec(predicate(), 10),
        prop::collection::vec(within(), 5),
        prop::collection::vec((prop::collection::vec(sort(), 1..3), predicate()), 10),
    );
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((rows, conditions, predicates, distances, orders) in cases)| {
        let mut bench = bench.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        runtime.block_on(async {
            let rows = rows.iter().zip(1..).map(|(data, pk)| Stored::new(pk, &storable(data))).collect();
            bench.fill(rows).await;
            for predicate in conditions.iter().chain(&predicates).chain(&distances) {
                bench.agrees(predicate).await;
            }
            for (sorts, predicate) in &orders {
                bench.orders(sorts, &Predicate::everything()).await;
                bench.orders(sorts, predicate).await;
            }
        });
    });
    let bench = bench.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    runtime.block_on(bench.store.close()).expect("it closes");
}
