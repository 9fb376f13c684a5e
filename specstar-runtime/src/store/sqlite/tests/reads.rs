//! Pages, counts, limits, and what the engine does for a read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_query::SqliteQueryBuilder;

use super::super::connection::Reader;
use super::super::model::Model;
use super::fixture::{Db, USER, USUAL, everything};
use crate::json::IndexValue;
use crate::query::{Position, Predicate};
use crate::store::layout::ModelLayout;
use crate::store::sql::log::LogTexts;
use crate::store::{Freshness, PageEnd, SqliteOptions, SqliteStore, Store, StoreError};

#[tokio::test]
async fn a_page_says_whether_there_is_more() {
    let db = Db::new().await;
    for id in ["user:1", "user:2", "user:3"] {
        db.create(id, "{}").await.unwrap();
    }
    let last = |pk| Some(Position { values: vec![], pk });
    let page = |ids: &[&str], has_more, last| {
        (ids.iter().map(ToString::to_string).collect(), PageEnd { has_more, last })
    };
    assert_eq!(db.page(0, 2).await.unwrap(), page(&["user:1", "user:2"], true, last(2)));
    assert_eq!(db.page(1, 2).await.unwrap(), page(&["user:2", "user:3"], false, None));
    assert_eq!(db.page(0, 0).await.unwrap(), page(&[], true, None));
    assert_eq!(db.page(9, 9).await.unwrap(), page(&[], false, None));
    assert_eq!(db.store.count(USER, Arc::new(Predicate::And(vec![])), Freshness::Current).await.unwrap(), 3);
}

/// Each reader keeps its own counts, so that many are asked.
#[tokio::test]
async fn a_count_knows_every_commit_that_was_answered() {
    let db = Db::new().await;
    let live = || Arc::new(Predicate::is_deleted(false));
    let counts = async || {
        let many = (0..6).map(|_| db.store.count(USER, live(), Freshness::Current));
        futures_util::future::try_join_all(many).await.unwrap()
    };
    for made in 1..40 {
        db.create(&format!("user:{made}"), "{}").await.unwrap();
        assert_eq!(counts().await, [made; 6]);
        assert_eq!(counts().await, [made; 6]);
    }
    let other = rusqlite::Connection::open(db.store.path()).unwrap();
    other.execute("UPDATE h_user SET is_deleted = 1 WHERE resource_id = 'user:1'", []).unwrap();
    assert_eq!(counts().await, [38; 6], "of another program");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_count_is_never_older_than_an_answer() {
    let db = Arc::new(Db::new().await);
    let answered = Arc::new(AtomicU64::new(0));
    let counting = (0..3).map(|_| {
        let (db, answered) = (Arc::clone(&db), Arc::clone(&answered));
        tokio::spawn(async move {
            let mut last = 0;
            while last < 100 {
                let before = answered.load(Ordering::SeqCst);
                last = db
                    .store
                    .count(USER, Arc::new(Predicate::is_deleted(false)), Freshness::Current)
                    .await
                    .unwrap();
                assert!(last >= before, "{last} of {before}");
            }
        })
    });
    let counting: Vec<_> = counting.collect();
    for made in 1..=100 {
        db.create(&format!("user:{made}"), "{}").await.unwrap();
        answered.store(made, Ordering::SeqCst);
    }
    for task in counting {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_unique_value_finds_the_live_resource_that_has_it() {
    let db = Db::new().await;
    db.create("user:1", r#"{"name":"ann","email":"Ann@x"}"#).await.unwrap();
    let find = async |unique, value: IndexValue| {
        let found = db.store.find_unique(USER, unique, &[value]).await.unwrap();
        found.map(|head| head.resource_id)
    };
    assert_eq!(find(0, IndexValue::Text("ann".into())).await.as_deref(), Some("user:1"));
    assert_eq!(find(0, IndexValue::Text("ANN".into())).await, None);
    assert_eq!(find(1, IndexValue::Text("aNN@X".into())).await.as_deref(), Some("user:1"));
    assert_eq!(find(0, IndexValue::Null).await, None);
    db.set_deleted("user:1", true).await.unwrap();
    assert_eq!(find(0, IndexValue::Text("ann".into())).await, None);
}

#[tokio::test]
async fn a_panic_in_a_visit_costs_that_search() {
    let db = Db::new().await;
    db.create("user:1", "{}").await.unwrap();
    for _ in 0..4 {
        let result = db.store.search(everything(), Box::new(|_| panic!("a bug"))).await;
        assert!(matches!(result, Err(StoreError::Internal(_))), "{result:?}");
    }
    assert_eq!(db.page(0, 9).await.unwrap().0, ["user:1"]);
}

fn reader(store: &SqliteStore) -> Reader {
    Reader::open(&SqliteOptions::new(store.path())).unwrap()
}

#[tokio::test]
async fn a_statement_ends_at_its_time_limit() {
    let db = Db::new().await;
    let reader = reader(&db.store);
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let started = Instant::now();
    reader.limit(Some(Duration::from_millis(20)));
    let error = reader.connection.query_row(endless, [], |row| row.get::<_, i64>(0)).unwrap_err();
    assert!(matches!(super::super::connection::store_error(error), StoreError::Timeout));
    assert!(started.elapsed() < Duration::from_secs(5));
    reader.limit(None);
    assert_eq!(reader.connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[tokio::test]
async fn patterns_are_matched_by_the_engine() {
    let db = Db::new().await;
    let reader = reader(&db.store);
    let found = |pattern: &str, value: rusqlite::types::Value| -> Option<bool> {
        let sql = "SELECT ss_regex(?, ?)";
        reader.connection.query_row(sql, rusqlite::params![pattern, value], |row| row.get(0)).unwrap()
    };
    assert_eq!(found("^a.c$", "abc".to_owned().into()), Some(true));
    assert_eq!(found("^a.c$", "a\nc".to_owned().into()), Some(false));
    assert_eq!(found("2$", 12.into()), Some(true));
    assert_eq!(found("x", rusqlite::types::Value::Null), None);
    assert!(reader.connection.query_row("SELECT ss_regex('(', 'x')", [], |_| Ok(())).is_err());
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let db = Db::new().await;
    assert!(reader(&db.store).connection.execute("DELETE FROM h_user", []).is_err());
}

fn plan(reader: &Reader, sql: &str) -> String {
    let mut statement = reader.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let holes = vec![1; statement.parameter_count()];
    let rows = statement.query_map(rusqlite::params_from_iter(holes), |row| row.get::<_, String>(3)).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn point_statements_use_indexes() {
    let db = Db::new().await;
    let reader = reader(&db.store);
    let model = Model::new(ModelLayout::new(&USUAL, 1, |_| 3));
    assert_eq!(
        plan(&reader, &model.reads.head),
        "SEARCH h_user USING INDEX sqlite_autoindex_h_user_1 (resource_id=?)"
    );
    assert_eq!(
        plan(&reader, &model.reads.revision),
        "SEARCH ss_revision USING PRIMARY KEY (model_id=? AND pk=? AND seq=?)"
    );
    assert_eq!(
        plan(&reader, &model.reads.history),
        "SEARCH ss_revision USING PRIMARY KEY (model_id=? AND pk=?)"
    );
    assert_eq!(
        plan(&reader, &model.writes.uniques[1]),
        "SEARCH h_user USING INDEX ux_user/uf_email (uf_email=?)"
    );
    assert_eq!(
        plan(&reader, &model.writes.delete_value),
        "SEARCH l_user USING PRIMARY KEY (field=? AND value=? AND pk=?)"
    );
    assert_eq!(plan(&reader, &model.writes.archive), "SEARCH h_user USING INTEGER PRIMARY KEY (rowid=?)");
    assert_eq!(
        plan(&reader, &model.writes.live),
        "SEARCH h_user USING INDEX sqlite_autoindex_h_user_1 (resource_id=?)"
    );
    assert_eq!(
        plan(&reader, model.writes.refers[2].as_ref().unwrap()),
        "SEARCH h_user USING COVERING INDEX h_user/ix_age (ix_age=?)"
    );
    assert_eq!(
        plan(&reader, model.writes.refers[3].as_ref().unwrap()),
        "SEARCH l_user USING PRIMARY KEY (field=? AND value=?); \
         SEARCH h_user USING INTEGER PRIMARY KEY (rowid=?)"
    );
    for sql in [&model.writes.delete_members, &model.reads.members] {
        assert_eq!(plan(&reader, sql), "SEARCH ss_cascade USING PRIMARY KEY (model_id=? AND pk=?)");
    }
}

#[tokio::test]
async fn pages_of_the_log_read_their_rows_only_and_in_order() {
    let db = Db::new().await;
    let reader = reader(&db.store);
    let texts = LogTexts::new::<SqliteQueryBuilder>();
    let model = Model::new(ModelLayout::new(&USUAL, 1, |_| 3));
    assert_eq!(plan(&reader, &texts.everything), "SEARCH ss_change USING INTEGER PRIMARY KEY (rowid>?)");
    assert_eq!(
        plan(&reader, &texts.of_model),
        "SEARCH ss_change USING INDEX ss_change/model (model_id=? AND rowid>?)"
    );
    assert_eq!(plan(&reader, &model.reads.last_logged), "SEARCH h_user USING INTEGER PRIMARY KEY (rowid=?)");
    for text in [&model.writes.log, &model.writes.set_last] {
        assert_eq!(plan(&reader, text), "SEARCH h_user USING INTEGER PRIMARY KEY (rowid=?)");
    }
    for text in [&texts.previous, &texts.entry] {
        assert_eq!(plan(&reader, text), "SEARCH ss_change USING INTEGER PRIMARY KEY (rowid=?)");
    }
    assert_eq!(plan(&reader, &texts.last), "SEARCH ss_change");
    assert_eq!(plan(&reader, &texts.acknowledged), "SEARCH ss_subscriber USING PRIMARY KEY (name=?)");
}
