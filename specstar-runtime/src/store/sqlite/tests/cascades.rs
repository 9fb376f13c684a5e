//! What deletes took along.

use super::fixture::{Db, POST, POSTS, USER, USUAL, existing, mark_post, removal, set};
use crate::change::{CascadeMember, HeadUpdate, ModelIndex};
use crate::store::{SqliteOptions, SqliteStore, Store};

fn member(model: ModelIndex, id: &str, version: i64) -> CascadeMember {
    let pk = id.bytes().map(i64::from).sum();
    CascadeMember { model, pk, resource_id: id.to_owned(), version }
}

/// Deletes `user:1` together with `post:1` and `user:2`.
async fn delete(db: &Db) {
    let (head, post, other) = (db.head("user:1").await, db.post("post:1").await, db.head("user:2").await);
    let cascade = vec![member(USER, "user:2", other.version + 1), member(POST, "post:1", post.version + 1)];
    let marked = HeadUpdate { is_deleted: Some(true), ..db.touch(&other) };
    let delete = HeadUpdate { is_deleted: Some(true), cascade, ..db.touch(&head) };
    db.store.commit(set([mark_post(&post, true).into(), marked.into(), delete.into()])).await.unwrap();
}

async fn deleted(store: SqliteStore) -> Db {
    let db = Db::with_posts(store).await;
    db.create("user:1", "{}").await.unwrap();
    db.create("user:2", "{}").await.unwrap();
    db.create_post("post:1", r#"{"author":"user:1"}"#).await;
    delete(&db).await;
    db
}

#[tokio::test]
async fn a_delete_remembers_what_it_took_along_until_the_restore() {
    let db = deleted(SqliteStore::temporary().unwrap()).await;
    let pk = db.head("user:1").await.pk;
    let expected = [member(USER, "user:2", 2), member(POST, "post:1", 2)];
    assert_eq!(db.store.cascaded(USER, pk).await.unwrap(), expected);
    assert_eq!(db.store.cascaded(POST, pk).await.unwrap(), [], "the other type with that row number");
    // What it says of one that moved on is told by the version.
    db.set_deleted("user:2", false).await.unwrap();
    assert_eq!(db.head("user:2").await.version, 3);
    assert_eq!(db.store.cascaded(USER, pk).await.unwrap(), expected);

    db.set_deleted("user:1", false).await.unwrap();
    assert_eq!(db.store.cascaded(USER, pk).await.unwrap(), []);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM ss_cascade"), [0]);
    // The next delete begins anew.
    let post = db.post("post:1").await;
    db.store.commit(set([mark_post(&post, false).into()])).await.unwrap();
    delete(&db).await;
    let expected = [member(USER, "user:2", 4), member(POST, "post:1", 4)];
    assert_eq!(db.store.cascaded(USER, pk).await.unwrap(), expected);
}

#[tokio::test]
async fn a_purge_forgets_what_the_delete_took_along() {
    let db = deleted(SqliteStore::temporary().unwrap()).await;
    let head = db.head("user:1").await;
    db.store.commit(set([crate::change::Change::Purge(removal(&head))])).await.unwrap();
    assert_eq!(db.store.cascaded(USER, existing(&head).pk).await.unwrap(), []);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM ss_cascade"), [0]);
}

#[tokio::test]
async fn members_of_types_that_are_gone_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("app.db"));
    let db = deleted(SqliteStore::open(options.clone()).unwrap()).await;
    db.store.close().await.unwrap();
    let db = Db::with(SqliteStore::open(options.clone()).unwrap(), &USUAL).await;
    assert_eq!(db.store.cascaded(USER, 1).await.unwrap(), [member(USER, "user:2", 2)]);
    db.store.close().await.unwrap();
    // In another order, they are the same types.
    let store = SqliteStore::open(options).unwrap();
    store.ensure_layout(&[&POSTS, &USUAL]).await.unwrap();
    let found = store.cascaded(ModelIndex(1), 1).await.unwrap();
    assert_eq!(found, [member(ModelIndex(1), "user:2", 2), member(ModelIndex(0), "post:1", 2)]);
}
