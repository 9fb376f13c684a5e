//! Many writers at once.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::fixture::{Db, USER, set};
use crate::change::Change;
use crate::store::{CommitError, Freshness, SqliteOptions, SqliteStore, Store, StoreError};

#[tokio::test]
async fn a_set_that_fails_late_does_not_take_its_group_with_it() {
    let db = Db::new().await;
    let sets = (0..60).map(|at| {
        let name = format!(r#"{{"name":"n{at}"}}"#);
        let good = Change::Create(Box::new(db.new_head(&format!("user:{at}"), &name)));
        // Every third set has a second change that violates a constraint after the first was applied.
        let bad = Change::Create(Box::new(db.new_head(&format!("bad:{at}"), &name)));
        set(if at % 3 == 0 { vec![good, bad] } else { vec![good] })
    });
    let results = join_all(sets.map(|set| db.store.commit(set))).await;
    for (at, result) in results.iter().enumerate() {
        let found = db.store.head(USER, &format!("user:{at}")).await.unwrap().is_some();
        if at % 3 == 0 {
            assert!(matches!(result, Err(CommitError::Unique { change: 1, .. })), "{at}: {result:?}");
            assert!(!found, "{at}");
        } else {
            assert!(result.is_ok(), "{at}: {result:?}");
            assert!(found, "{at}");
        }
    }
    let expected = (0..60).filter(|at| at % 3 != 0).count();
    assert_eq!(
        db.store
            .count(USER, Arc::new(crate::query::Predicate::And(vec![])), Freshness::Current)
            .await
            .unwrap(),
        expected as u64
    );
}

#[tokio::test]
async fn of_many_writes_on_one_version_exactly_one_wins() {
    let db = Db::new().await;
    db.create("user:1", "{}").await.unwrap();
    let head = db.head("user:1").await;
    let writes = (0..40).map(|_| db.store.commit(set([db.replacement(&head, "{}").into()])));
    let results = join_all(writes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| matches!(result, Err(CommitError::Stale { .. }))).count(), 39);
    assert_eq!(db.head("user:1").await.version, 2);
}

#[tokio::test]
async fn close_drains_what_was_accepted_and_later_calls_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/app.db");
    let db = Db::with(SqliteStore::open(SqliteOptions::new(&path)).unwrap(), &super::fixture::USUAL).await;
    let ids: Vec<_> = (0..300).map(|at| format!("user:{at}")).collect();
    // The writes are polled first, so that they are in the queue when the store is closed.
    let writes = join_all(ids.iter().map(|id| db.create(id, "{}")));
    let (results, closed) = futures_util::future::join(writes, db.store.close()).await;
    closed.unwrap();
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(db.query::<i64>("SELECT count(*) FROM h_user"), [300]);
    assert!(!path.with_file_name("app.db-wal").exists());

    let refused = db.create("user:x", "{}").await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    assert!(matches!(db.store.head(USER, "user:1").await, Err(StoreError::Unavailable(_))));
    assert!(matches!(db.page(0, 1).await, Err(StoreError::Unavailable(_))));
    db.store.close().await.unwrap();
}

#[tokio::test]
async fn a_write_whose_caller_went_away_is_committed() {
    let db = Db::new().await;
    let mut write = Box::pin(db.create("user:1", "{}"));
    assert!(write.as_mut().now_or_never().is_none());
    drop(write);
    // The queue is served in order, so that this one is answered after the other.
    db.create("user:2", "{}").await.unwrap();
    assert_eq!(db.head("user:1").await.version, 1);
}

#[tokio::test]
async fn a_temporary_store_leaves_no_file() {
    let db = Db::new().await;
    let folder = db.store.path().parent().unwrap().to_owned();
    db.create("user:1", "{}").await.unwrap();
    assert!(folder.exists());
    db.store.close().await.unwrap();
    assert!(!folder.exists());
}
