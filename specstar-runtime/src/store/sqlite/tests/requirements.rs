//! What must hold of other resources.

use futures_util::future::join_all;

use super::fixture::{Db, POST, USER, existing, live, mark_post, new_post, removal, set, unreferenced};
use crate::change::{Change, ChangeSet, HeadUpdate, Requirement};
use crate::store::{CommitError, SqliteStore, Store, StoreError};

async fn db() -> Db {
    let db = Db::with_posts(SqliteStore::temporary().unwrap()).await;
    for id in ["user:1", "user:2", "user:3"] {
        db.create(id, "{}").await.unwrap();
    }
    db
}

fn post(id: &str, requirements: Vec<Requirement>) -> ChangeSet {
    let changes = vec![Change::Create(Box::new(new_post(id, r#"{"author":"user:1"}"#)))];
    ChangeSet { changes, requirements, ..ChangeSet::default() }
}

#[tokio::test]
async fn every_target_that_is_missing_or_deleted_is_named() {
    let db = db().await;
    db.set_deleted("user:2", true).await.unwrap();
    let wanted = ["user:1", "user:2", "user:3", "user:4"].map(|id| live(USER, id)).to_vec();
    match db.store.commit(post("post:1", wanted)).await {
        Err(CommitError::Missing { requirements }) => assert_eq!(requirements, [1, 3]),
        other => panic!("{other:?}"),
    }
    assert_eq!(db.store.head(POST, "post:1").await.unwrap(), None);
    db.store.commit(post("post:1", vec![live(USER, "user:1"), live(USER, "user:3")])).await.unwrap();
    let result = db.store.commit(post("post:2", vec![live(POST, "user:1")])).await;
    assert!(matches!(result, Err(CommitError::Missing { .. })), "of another type: {result:?}");
}

#[tokio::test]
async fn a_target_must_be_live_before_the_changes() {
    let db = db().await;
    let head = db.head("user:1").await;
    let changes = vec![Change::Purge(removal(&head))];
    let requirements = vec![live(USER, "user:1")];
    db.store.commit(ChangeSet { changes, requirements, ..ChangeSet::default() }).await.unwrap();
    let changes = vec![Change::Create(Box::new(db.new_head("user:9", "{}")))];
    let requirements = vec![live(USER, "user:9")];
    let result = db.store.commit(ChangeSet { changes, requirements, ..ChangeSet::default() }).await;
    assert!(matches!(result, Err(CommitError::Missing { .. })), "{result:?}");
}

/// Deletes the user, unless posts refer to it.
async fn delete(db: &Db, id: &str, others: Vec<Change>) -> Result<(), CommitError> {
    let head = db.head(id).await;
    let delete = HeadUpdate { is_deleted: Some(true), ..db.touch(&head) };
    let changes = others.into_iter().chain([delete.into()]).collect();
    let requirements = vec![live(USER, id), unreferenced(0, id), unreferenced(1, id)];
    db.store.commit(ChangeSet { changes, requirements, ..ChangeSet::default() }).await
}

#[tokio::test]
async fn a_live_reference_holds_its_target_and_a_deleted_one_does_not() {
    let db = db().await;
    db.create_post("post:1", r#"{"author":"user:1","readers":["user:2","user:3"]}"#).await;
    for (id, at) in [("user:1", 1), ("user:2", 2), ("user:3", 2)] {
        match delete(&db, id, vec![]).await {
            Err(CommitError::Referenced { requirement }) => assert_eq!(requirement, at, "{id}"),
            other => panic!("{id}: {other:?}"),
        }
        assert!(!db.head(id).await.is_deleted);
    }
    db.store.commit(set([mark_post(&db.post("post:1").await, true).into()])).await.unwrap();
    delete(&db, "user:1", vec![]).await.unwrap();
    delete(&db, "user:2", vec![]).await.unwrap();
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_post"), [2], "its values are still there");
}

#[tokio::test]
async fn references_that_the_set_removes_do_not_count() {
    let db = db().await;
    db.create_post("post:1", r#"{"author":"user:1","readers":["user:1"]}"#).await;
    let post = db.post("post:1").await;
    delete(&db, "user:1", vec![mark_post(&post, true).into()]).await.unwrap();
    assert!(db.head("user:1").await.is_deleted && db.post("post:1").await.is_deleted);
    // One that the set adds counts.
    let new = Change::Create(Box::new(new_post("post:2", r#"{"readers":["user:2"]}"#)));
    let result = delete(&db, "user:2", vec![new]).await;
    assert!(matches!(result, Err(CommitError::Referenced { requirement: 2 })), "{result:?}");
    assert_eq!(db.store.head(POST, "post:2").await.unwrap(), None);
}

#[tokio::test]
async fn those_that_are_taken_care_of_may_refer_still_and_no_others() {
    let db = db().await;
    db.create_post("post:1", r#"{"author":"user:1","readers":["user:1"]}"#).await;
    let touched = db.head("user:3").await;
    let guarded = |except: &[&str]| {
        let except: Vec<String> = except.iter().map(|id| (*id).to_owned()).collect();
        let guard = |index| Requirement::Unreferenced {
            model: POST,
            index,
            resource_id: "user:1".into(),
            except: except.clone(),
        };
        ChangeSet { requirements: vec![guard(0), guard(1)], ..set([db.touch(&touched).into()]) }
    };
    let result = db.store.commit(guarded(&["post:2"])).await;
    assert!(matches!(result, Err(CommitError::Referenced { requirement: 0 })), "{result:?}");
    // Another one that has come meanwhile, by the list alone.
    db.create_post("post:2", r#"{"readers":["user:1"]}"#).await;
    let result = db.store.commit(guarded(&["post:1"])).await;
    assert!(matches!(result, Err(CommitError::Referenced { requirement: 1 })), "{result:?}");
    assert_eq!(db.head("user:3").await, touched);
    db.store.commit(guarded(&["post:1", "post:2"])).await.unwrap();
}

#[tokio::test]
async fn a_set_whose_requirements_fail_falls_alone() {
    let db = db().await;
    db.create_post("post:1", r#"{"author":"user:3"}"#).await;
    let head = db.head("user:3").await;
    let sets = (0..60).map(|at| match at % 3 {
        0 => post(&format!("new:{at}"), vec![live(USER, "user:1")]),
        1 => post(&format!("new:{at}"), vec![live(USER, "user:x")]),
        // Referenced, which shows after it has changed something.
        _ => ChangeSet { requirements: vec![unreferenced(0, "user:3")], ..set([db.touch(&head).into()]) },
    });
    let results = join_all(sets.map(|set| db.store.commit(set))).await;
    for (at, result) in results.iter().enumerate() {
        match at % 3 {
            0 => assert!(result.is_ok(), "{at}: {result:?}"),
            1 => assert!(matches!(result, Err(CommitError::Missing { .. })), "{at}: {result:?}"),
            _ => assert!(matches!(result, Err(CommitError::Referenced { .. })), "{at}: {result:?}"),
        }
    }
    assert_eq!(db.query::<i64>("SELECT count(*) FROM h_post"), [21]);
    assert_eq!(db.head("user:3").await, head);
    // The log has what was committed, without gaps for what was taken back.
    assert_eq!(db.query::<i64>("SELECT position FROM ss_change ORDER BY 1"), (1..=24).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_fault_of_the_program() {
    let db = db().await;
    for requirement in [unreferenced(7, "user:1"), live(crate::change::ModelIndex(7), "x")] {
        let result = db.store.commit(post("post:1", vec![requirement])).await;
        assert!(matches!(result, Err(CommitError::Store(StoreError::Internal(_)))), "{result:?}");
    }
    let head = db.head("user:1").await;
    assert_eq!(existing(&head).version, 1);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM h_post"), [0]);
}
