//! Each kind of change, and why one is refused.

use super::fixture::{Db, EMAIL, NAME, USER, removal, set, user};
use crate::change::{Change, HeadUpdate, ModelIndex};
use crate::descriptor::{ResourceDescriptor, UniqueDescriptor};
use crate::json::IndexValue;
use crate::meta::Head;
use crate::store::{CommitError, SqliteStore, Store, StoreError};

const ANN: &str = r#"{"name":"ann","email":"Ann@x.org","age":30,"tags":["a","b"]}"#;

#[tokio::test]
async fn a_created_head_is_read_back_as_it_was_given() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    let given = db.new_head("user:1", ANN);
    let expected = Head {
        pk: 1,
        resource_id: "user:1".into(),
        rev_count: 1,
        version: 1,
        created: given.revision.created.clone(),
        updated: given.revision.updated.clone(),
        is_deleted: false,
        revision: given.revision,
    };
    assert_eq!(db.head("user:1").await, expected);
    assert_eq!(db.query::<String>("SELECT value FROM l_user ORDER BY value"), ["a", "b"]);
    assert_eq!(db.query::<String>("SELECT ix_email FROM h_user"), ["Ann@x.org"]);
    assert_eq!(db.query::<String>("SELECT uf_email FROM h_user"), ["ann@x.org"]);
    assert_eq!(db.query::<i64>("SELECT data ->> '$.age' FROM h_user"), [30]);
    assert_eq!(db.store.head(USER, "user:2").await.unwrap(), None);
}

#[tokio::test]
async fn a_replaced_revision_goes_into_history() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    let first = db.head("user:1").await;
    db.replace("user:1", r#"{"name":"ann","email":null,"age":31,"tags":["b","c"]}"#).await.unwrap();

    let head = db.head("user:1").await;
    assert_eq!((head.version, head.rev_count, head.revision.seq), (2, 2, 2));
    assert_eq!(head.created, first.created);
    assert_eq!(db.store.revision(USER, head.pk, 1).await.unwrap(), Some(first.revision.clone()));
    assert_eq!(db.store.revision(USER, head.pk, 2).await.unwrap(), None);
    let history = db.history("user:1").await;
    assert_eq!(history, [crate::meta::Revision { data: vec![], ..first.revision }]);
    assert_eq!(db.query::<String>("SELECT value FROM l_user ORDER BY value"), ["b", "c"]);
    assert_eq!(db.query::<Option<String>>("SELECT uf_email FROM h_user"), [None]);
    assert_eq!(db.query::<i64>("SELECT ix_age FROM h_user"), [31]);
}

#[tokio::test]
async fn a_switch_swaps_the_head_with_a_revision_of_history() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    db.replace("user:1", r#"{"name":"bob","email":null,"age":1,"tags":[]}"#).await.unwrap();
    let head = db.head("user:1").await;
    let back = db.store.revision(USER, head.pk, 1).await.unwrap().unwrap();
    let switch = HeadUpdate {
        take: Some(1),
        rev_count: None,
        revision: Some(back.clone()),
        ..db.replacement(&head, ANN)
    };
    db.store.commit(set([switch.into()])).await.unwrap();

    let switched = db.head("user:1").await;
    assert_eq!((switched.version, switched.rev_count, &switched.revision), (3, 2, &back));
    assert_eq!(db.store.revision(USER, head.pk, 2).await.unwrap(), Some(head.revision));
    assert_eq!(db.store.revision(USER, head.pk, 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_switch_to_a_revision_that_was_pruned_meanwhile_is_stale() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    db.replace("user:1", ANN).await.unwrap();
    let head = db.head("user:1").await;
    let switch = HeadUpdate { take: Some(1), rev_count: None, ..db.replacement(&head, ANN) };
    db.store.commit(set([Change::Prune { of: removal(&head), seqs: vec![1] }])).await.unwrap();
    let result = db.store.commit(set([switch.into()])).await;
    assert!(matches!(result, Err(CommitError::Stale { change: 0 })), "{result:?}");
    assert_eq!(db.head("user:1").await, head);
    assert!(db.history("user:1").await.is_empty());
}

#[tokio::test]
async fn a_modify_writes_in_place() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    let head = db.head("user:1").await;
    let modify = HeadUpdate { archive: false, rev_count: None, ..db.replacement(&head, r#"{"name":"x"}"#) };
    db.store.commit(set([modify.into()])).await.unwrap();
    let head = db.head("user:1").await;
    assert_eq!((head.version, head.rev_count), (2, 1));
    assert!(db.history("user:1").await.is_empty());
    assert!(db.query::<String>("SELECT value FROM l_user").is_empty());
}

#[tokio::test]
async fn a_purge_leaves_nothing_and_its_row_number_is_not_given_again() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    db.replace("user:1", ANN).await.unwrap();
    let head = db.head("user:1").await;
    db.store.commit(set([Change::Purge(removal(&head))])).await.unwrap();
    assert_eq!(db.store.head(USER, "user:1").await.unwrap(), None);
    for table in ["h_user", "l_user", "ss_revision"] {
        assert_eq!(db.query::<i64>(&format!("SELECT count(*) FROM {table}")), [0], "{table}");
    }
    db.create("user:1", ANN).await.unwrap();
    assert!(db.head("user:1").await.pk > head.pk);
}

#[tokio::test]
async fn a_prune_removes_revisions_and_leaves_the_head() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    for _ in 0..3 {
        db.replace("user:1", ANN).await.unwrap();
    }
    let head = db.head("user:1").await;
    db.store.commit(set([Change::Prune { of: removal(&head), seqs: vec![1, 3] }])).await.unwrap();
    let left = db.history("user:1").await;
    assert_eq!(left.iter().map(|revision| revision.seq).collect::<Vec<_>>(), [2]);
    assert_eq!(db.head("user:1").await, head);
}

#[tokio::test]
async fn every_change_of_an_older_version_is_stale() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    let old = db.head("user:1").await;
    db.replace("user:1", ANN).await.unwrap();
    let now = db.head("user:1").await;
    let changes: [Change; 4] = [
        db.replacement(&old, ANN).into(),
        db.touch(&old).into(),
        Change::Purge(removal(&old)),
        Change::Prune { of: removal(&old), seqs: vec![1] },
    ];
    for change in changes {
        let result = db.store.commit(set([change])).await;
        assert!(matches!(result, Err(CommitError::Stale { change: 0 })), "{result:?}");
    }
    assert_eq!(db.head("user:1").await, now);
    assert_eq!(db.history("user:1").await.len(), 1);
}

#[tokio::test]
async fn an_id_is_given_once() {
    let db = Db::new().await;
    db.create("user:1", ANN).await.unwrap();
    let result = db.create("user:1", ANN).await;
    assert!(
        matches!(&result, Err(CommitError::DuplicateId { change: 0, resource_id }) if resource_id == "user:1"),
        "{result:?}"
    );
}

#[tokio::test]
async fn the_first_violated_constraint_in_declared_order_is_named() {
    let db = Db::new().await;
    db.create("user:1", r#"{"name":"ann","email":"a@x"}"#).await.unwrap();
    db.create("user:2", r#"{"name":"bob","email":"b@x"}"#).await.unwrap();
    match db.create("user:3", r#"{"name":"bob","email":"A@X"}"#).await {
        Err(CommitError::Unique { change: 0, model: USER, unique: 0, values, conflicting_resource_id }) => {
            assert_eq!(values, [IndexValue::Text("bob".into())]);
            assert_eq!(conflicting_resource_id, "user:2");
        }
        other => panic!("{other:?}"),
    }
    match db.replace("user:2", r#"{"name":"bob","email":"A@X"}"#).await {
        Err(CommitError::Unique { unique: 1, values, conflicting_resource_id, .. }) => {
            assert_eq!(values, [IndexValue::Text("A@X".into())]);
            assert_eq!(conflicting_resource_id, "user:1");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(db.head("user:2").await.version, 1);
    assert!(db.history("user:2").await.is_empty());
}

#[tokio::test]
async fn a_deleted_resource_frees_its_values_and_a_restore_needs_them_again() {
    let db = Db::new().await;
    db.create("user:1", r#"{"name":"ann"}"#).await.unwrap();
    db.set_deleted("user:1", true).await.unwrap();
    assert!(db.head("user:1").await.is_deleted);
    db.create("user:2", r#"{"name":"ann"}"#).await.unwrap();
    let result = db.set_deleted("user:1", false).await;
    assert!(
        matches!(&result, Err(CommitError::Unique { conflicting_resource_id, .. }) if conflicting_resource_id == "user:2"),
        "{result:?}"
    );
    db.create("user:3", r#"{"name":null}"#).await.unwrap();
    db.create("user:4", "{}").await.unwrap();
}

static TOGETHER: ResourceDescriptor = user(
    &[NAME, EMAIL],
    &[UniqueDescriptor { indexes: &[0, 1], case_insensitive: false, nulls_equal: true }],
);

#[tokio::test]
async fn nulls_conflict_where_it_is_declared() {
    let db = Db::with(SqliteStore::temporary().unwrap(), &TOGETHER).await;
    db.create("user:1", r#"{"name":"ann","email":null}"#).await.unwrap();
    db.create("user:2", r#"{"name":"ann","email":""}"#).await.unwrap();
    db.create("user:3", r#"{"name":null,"email":null}"#).await.unwrap();
    for (json, holder) in [(r#"{"name":"ann"}"#, "user:1"), ("{}", "user:3")] {
        let result = db.create("user:9", json).await;
        assert!(
            matches!(&result, Err(CommitError::Unique { unique: 0, conflicting_resource_id, .. }) if conflicting_resource_id == holder),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn a_set_is_applied_whole_or_not_at_all() {
    let db = Db::new().await;
    db.create("user:1", r#"{"name":"ann"}"#).await.unwrap();
    let head = db.head("user:1").await;
    let changes = set([
        db.replacement(&head, r#"{"name":"eve"}"#).into(),
        Change::Create(Box::new(db.new_head("user:2", r#"{"name":"bob"}"#))),
        Change::Create(Box::new(db.new_head("user:3", r#"{"name":"bob"}"#))),
    ]);
    match db.store.commit(changes).await {
        Err(CommitError::Unique { change: 2, conflicting_resource_id, .. }) => {
            assert_eq!(conflicting_resource_id, "user:2");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(db.head("user:1").await, head);
    assert_eq!(db.store.head(USER, "user:2").await.unwrap(), None);
}

static BARE: ResourceDescriptor = user(&[], &[]);

#[tokio::test]
async fn a_type_without_indexes_and_an_unknown_type() {
    let db = Db::with(SqliteStore::temporary().unwrap(), &BARE).await;
    db.create("user:1", "{}").await.unwrap();
    db.replace("user:1", r#"{"x":1}"#).await.unwrap();
    let result = db.store.head(ModelIndex(7), "user:1").await;
    assert!(matches!(result, Err(StoreError::Internal(_))), "{result:?}");
}
