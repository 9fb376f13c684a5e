//! The chain through the entries of one resource.

use std::time::Duration;

use rusqlite::Connection;

use super::fixture::{Db, POST, USER, USUAL, mark_post, removal, set};
use super::log::{event, page, positions};
use crate::change::{Change, ChangeKind, ChangeSet, HeadUpdate, Logged, ModelIndex};
use crate::meta::Head;
use crate::store::{LogPage, LogRequest, LogScope, SqliteOptions, SqliteStore, Store, StoreError};

fn of(model: ModelIndex, head: &Head) -> LogScope {
    LogScope::Resource { model, pk: head.pk, resource_id: head.resource_id.clone() }
}

async fn of_user(db: &Db, id: &str) -> LogScope {
    of(USER, &db.head(id).await)
}

/// The positions of every entry of a user.
async fn chain(db: &Db, id: &str) -> Vec<i64> {
    positions(&page(db, of_user(db, id).await, 0, 1000).await)
}

/// The page as the whole log has it.
async fn expected(db: &Db, scope: &LogScope, after: i64, limit: usize) -> LogPage {
    let LogScope::Resource { model, pk, resource_id } = scope else { panic!("{scope:?}") };
    let mut all = page(db, LogScope::Everything, 0, 1000).await;
    let is_wanted = |entry: &Logged| match entry {
        Logged::Change(change) => {
            (change.model, change.pk, &change.resource_id) == (*model, *pk, resource_id)
                && change.position > after
        }
        Logged::Event(_) => false,
    };
    all.entries.retain(is_wanted);
    let has_more = all.entries.len() > limit;
    all.entries.truncate(limit);
    let last = all.entries.last().map_or(after, Logged::position);
    LogPage { end: if has_more { last } else { all.end.max(after) }, has_more, ..all }
}

async fn commit(db: &Db, changes: impl IntoIterator<Item = Change>) {
    db.store.commit(set(changes)).await.unwrap();
}

/// Each kind of change of `user:1`, between changes of others.
async fn busy() -> Db {
    let db = Db::with_posts(SqliteStore::temporary().unwrap()).await;
    db.create("user:1", "{}").await.unwrap();
    db.create("user:2", "{}").await.unwrap();
    db.replace("user:1", r#"{"age":1}"#).await.unwrap();
    db.create_post("post:1", "{}").await;
    let modified = HeadUpdate {
        archive: false,
        rev_count: None,
        kind: ChangeKind::Modified,
        seq: 2,
        ..db.replacement(&db.head("user:1").await, r#"{"age":2}"#)
    };
    commit(&db, [modified.into()]).await;
    let events = vec![event("said"), event("told")];
    let spoken = ChangeSet { events, ..set([mark_post(&db.post("post:1").await, true).into()]) };
    db.store.commit(spoken).await.unwrap();
    let head = db.head("user:1").await;
    let switched = HeadUpdate {
        kind: ChangeKind::Switched,
        seq: 1,
        take: Some(1),
        rev_count: None,
        revision: db.store.revision(USER, head.pk, 1).await.unwrap(),
        ..db.replacement(&head, "{}")
    };
    commit(&db, [switched.into()]).await;
    db.replace("user:2", r#"{"age":3}"#).await.unwrap();
    db.set_deleted("user:1", true).await.unwrap();
    db.set_deleted("user:1", false).await.unwrap();
    let prune = Change::Prune { of: removal(&db.head("user:1").await), seqs: vec![2] };
    commit(&db, [prune, db.touch(&db.head("user:2").await).into()]).await;
    db.replace("user:1", r#"{"age":4}"#).await.unwrap();
    db
}

#[tokio::test]
async fn a_page_of_a_resource_has_what_the_whole_log_has_of_it() {
    let db = busy().await;
    let end = db.store.log_end().await.unwrap();
    assert_eq!(chain(&db, "user:1").await, [1, 3, 5, 9, 11, 12, 13, 15]);
    let scopes =
        [of_user(&db, "user:1").await, of_user(&db, "user:2").await, of(POST, &db.post("post:1").await)];
    for scope in scopes {
        for after in -1..end + 2 {
            for limit in (0..10).chain([usize::MAX]) {
                let found = page(&db, scope.clone(), after, limit).await;
                assert_eq!(found, expected(&db, &scope, after, limit).await, "{scope:?} {after} {limit}");
            }
        }
    }
}

#[tokio::test]
async fn a_prune_hides_no_entry_from_what_was_planned_before_it() {
    let db = Db::new().await;
    db.create("user:1", "{}").await.unwrap();
    db.create("user:2", "{}").await.unwrap();
    db.replace("user:1", "{}").await.unwrap();
    let head = db.head("user:1").await;
    let prune = || Change::Prune { of: removal(&head), seqs: vec![1] };
    commit(&db, [prune()]).await;
    commit(&db, [prune(), prune()]).await;
    assert_eq!(db.head("user:1").await, head);
    commit(&db, [db.replacement(&head, "{}").into()]).await;
    assert_eq!(chain(&db, "user:1").await, [1, 3, 4, 5, 6, 7]);
    let stale = db.store.commit(set([prune()])).await;
    assert!(matches!(stale, Err(crate::store::CommitError::Stale { change: 0 })), "{stale:?}");
    assert_eq!((chain(&db, "user:1").await.len(), chain(&db, "user:2").await), (6, vec![2]));
}

#[tokio::test]
async fn changes_of_one_resource_in_one_set_are_all_in_its_chain() {
    let db = Db::new().await;
    db.create("user:1", "{}").await.unwrap();
    let head = db.head("user:1").await;
    let first = db.touch(&head);
    let second = db.touch(&Head { version: 2, ..head.clone() });
    commit(&db, [first.into(), Change::Create(Box::new(db.new_head("user:2", "{}"))), second.into()]).await;
    assert_eq!(chain(&db, "user:1").await, [1, 2, 4]);
}

#[tokio::test]
async fn a_new_resource_under_the_same_id_has_nothing_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("app.db"));
    let db = Db::with(SqliteStore::open(options.clone()).unwrap(), &USUAL).await;
    let purge = async |db: &Db| {
        let head = db.head("user:1").await;
        commit(db, [Change::Purge(removal(&head))]).await;
        head
    };
    db.create("user:1", "{}").await.unwrap();
    db.replace("user:1", "{}").await.unwrap();
    let first = purge(&db).await;
    assert_eq!(page(&db, of(USER, &first), 1, 9).await, LogPage { end: 3, ..LogPage::default() });
    db.create("user:1", "{}").await.unwrap();
    db.set_deleted("user:1", true).await.unwrap();
    assert_eq!(chain(&db, "user:1").await, [4, 5]);
    assert_eq!(positions(&page(&db, of(USER, &first), 0, 9).await), [] as [i64; 0]);
    purge(&db).await;
    db.store.close().await.unwrap();

    // No number of a row is given again, whoever looks for the next one.
    let db = Db::with(SqliteStore::open(options).unwrap(), &USUAL).await;
    db.create("user:1", "{}").await.unwrap();
    assert_eq!(db.head("user:1").await.pk, first.pk + 2);
    assert_eq!(chain(&db, "user:1").await, [7]);
    let all = page(&db, LogScope::Model(USER), 0, 99).await;
    assert_eq!(positions(&all), [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn two_stores_on_one_file_and_a_restart_keep_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(SqliteOptions::new(folder.path().join("app.db"))).unwrap();
    let ours = Db::with(open(), &USUAL).await;
    let theirs = Db::with(open(), &USUAL).await;
    ours.create("user:1", "{}").await.unwrap();
    theirs.create("user:2", "{}").await.unwrap();
    for _ in 0..5 {
        ours.replace("user:1", "{}").await.unwrap();
        theirs.replace("user:1", "{}").await.unwrap();
        theirs.replace("user:2", "{}").await.unwrap();
    }
    let both = [[1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16].to_vec(), [2, 5, 8, 11, 14, 17].to_vec()];
    for db in [&ours, &theirs] {
        assert_eq!([chain(db, "user:1").await, chain(db, "user:2").await], both);
    }
    ours.store.close().await.unwrap();
    theirs.store.close().await.unwrap();
    let db = Db::with(open(), &USUAL).await;
    db.replace("user:2", "{}").await.unwrap();
    assert_eq!(chain(&db, "user:1").await, both[0]);
    assert_eq!(chain(&db, "user:2").await, [2, 5, 8, 11, 14, 17, 18]);
}

/// Some fall out of a group that is committed without them, and what they had logged with them.
#[tokio::test]
async fn sets_that_fail_leave_the_chains_of_the_others_whole() {
    let db = Db::new().await;
    for at in 0..30 {
        db.create(&format!("user:{at}"), "{}").await.unwrap();
    }
    for _ in 0..3 {
        let mut sets = Vec::new();
        for at in 0..30 {
            let update = db.replacement(&db.head(&format!("user:{at}")).await, "{}").into();
            let taken = Change::Create(Box::new(db.new_head("user:0", "{}")));
            sets.push(if at % 3 == 1 { set([update, taken]) } else { set([update]) });
        }
        let results = futures_util::future::join_all(sets.into_iter().map(|set| db.store.commit(set))).await;
        for (at, result) in results.iter().enumerate() {
            assert_eq!(result.is_err(), at % 3 == 1, "{at}: {result:?}");
        }
    }
    let all = page(&db, LogScope::Everything, 0, 1000).await;
    assert_eq!(positions(&all), (1..=90).collect::<Vec<_>>());
    for at in 0..30 {
        let scope = of_user(&db, &format!("user:{at}")).await;
        let found = page(&db, scope.clone(), 0, 100).await;
        assert_eq!(found.entries.len(), if at % 3 == 1 { 1 } else { 4 });
        assert_eq!(found, expected(&db, &scope, 0, 100).await);
    }
}

#[tokio::test]
async fn a_long_chain_is_read_within_the_time_limit_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let open = |limit| {
        let options = SqliteOptions::new(folder.path().join("app.db"));
        SqliteStore::open(SqliteOptions { statement_timeout: limit, ..options }).unwrap()
    };
    let db = Db::with(open(Duration::from_mins(1)), &USUAL).await;
    db.create("user:1", "{}").await.unwrap();
    let many = "WITH n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
         INSERT INTO ss_change (position, model_id, pk, resource_id, kind, seq, version, at, by, prev)
         SELECT i, 1, 1, 'user:1', 2, 1, 1, 5, 'ann', i - 1 FROM n;
         UPDATE h_user SET log_at = 100000";
    Connection::open(db.store.path()).unwrap().execute_batch(many).unwrap();
    let scope = of_user(&db, "user:1").await;
    let first = page(&db, scope.clone(), 0, 3).await;
    assert_eq!((positions(&first), first.end, first.has_more), (vec![1, 2, 3], 3, true));
    let last = page(&db, scope.clone(), 99_998, 3).await;
    assert_eq!((positions(&last), last.has_more), (vec![99_999, 100_000], false));

    let hasty = Db::with(open(Duration::from_millis(1)), &USUAL).await;
    let result = hasty.store.log(LogRequest { after: 0, of: scope, limit: 3 }).await;
    assert!(matches!(result, Err(StoreError::Timeout)), "{result:?}");
}

#[tokio::test]
async fn a_chain_that_does_not_lead_back_is_an_error() {
    let db = Db::new().await;
    db.create("user:1", "{}").await.unwrap();
    db.replace("user:1", "{}").await.unwrap();
    let file = Connection::open(db.store.path()).unwrap();
    let of = of_user(&db, "user:1").await;
    file.execute_batch("UPDATE ss_change SET prev = 2 WHERE position = 1").unwrap();
    let result = db.store.log(LogRequest { after: 0, of: of.clone(), limit: 3 }).await;
    assert!(matches!(result, Err(StoreError::Corrupt(_))), "{result:?}");
    // Entries that somebody removed end it.
    file.execute_batch("DELETE FROM ss_change WHERE position = 1").unwrap();
    for limit in [1, 9] {
        let found = page(&db, of.clone(), 0, limit).await;
        assert_eq!((positions(&found), found.has_more), (vec![2], false));
    }
}
