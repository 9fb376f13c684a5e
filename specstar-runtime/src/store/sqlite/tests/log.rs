//! The log of changes, and those who read it.

use std::time::Duration;

use rusqlite::Connection;

use super::fixture::{Db, POST, USER, USUAL, mark_post, removal, set, stamp};
use crate::change::{Change, ChangeKind, ChangeSet, HeadUpdate, Logged, ModelIndex, NewEvent};
use crate::store::{LogPage, LogRequest, LogScope, SqliteOptions, SqliteStore, Store};

pub(super) fn event(name: &str) -> NewEvent {
    NewEvent { name: name.to_owned(), body: br#"{"n":1}"#.to_vec(), at: stamp(5) }
}

pub(super) async fn page(db: &Db, of: LogScope, after: i64, limit: usize) -> LogPage {
    db.store.log(LogRequest { after, of, limit }).await.unwrap()
}

/// The whole log in short: position, id or name, and kind.
async fn told(db: &Db) -> Vec<String> {
    let page = page(db, LogScope::Everything, 0, 1000).await;
    page.entries.iter().map(short).collect()
}

fn short(entry: &Logged) -> String {
    match entry {
        Logged::Change(change) => {
            format!("{} {} {}", change.position, change.resource_id, change.kind.as_str())
        }
        Logged::Event(event) => format!("{} {}", event.position, event.name),
    }
}

pub(super) fn positions(page: &LogPage) -> Vec<i64> {
    page.entries.iter().map(Logged::position).collect()
}

/// Kind, position, sequence number, version, time.
fn numbers(entry: &Logged) -> (ChangeKind, i64, i64, i64, i64) {
    let Logged::Change(change) = entry else { panic!("{entry:?}") };
    assert_eq!((change.model, change.pk, &*change.resource_id, &*change.at.by), (USER, 1, "user:1", "ann"));
    (change.kind, change.position, change.seq, change.version, change.at.time.0)
}

#[tokio::test]
async fn every_kind_of_change_is_logged_with_what_it_led_to() {
    let db = Db::new().await;
    db.create("user:1", "{}").await.unwrap();
    db.replace("user:1", r#"{"age":1}"#).await.unwrap();
    let head = db.head("user:1").await;
    let modify = HeadUpdate {
        archive: false,
        rev_count: None,
        kind: ChangeKind::Modified,
        seq: 2,
        ..db.replacement(&head, "{}")
    };
    db.store.commit(set([modify.into()])).await.unwrap();
    let head = db.head("user:1").await;
    let back = db.store.revision(USER, head.pk, 1).await.unwrap();
    let switch = HeadUpdate {
        kind: ChangeKind::Switched,
        seq: 1,
        take: Some(1),
        rev_count: None,
        revision: back,
        ..db.replacement(&head, "{}")
    };
    db.store.commit(set([switch.into()])).await.unwrap();
    db.set_deleted("user:1", true).await.unwrap();
    db.set_deleted("user:1", false).await.unwrap();
    let head = db.head("user:1").await;
    db.store.commit(set([Change::Prune { of: removal(&head), seqs: vec![2] }])).await.unwrap();
    db.store.commit(set([Change::Purge(removal(&head))])).await.unwrap();

    let page = page(&db, LogScope::Everything, 0, 100).await;
    let expected = [
        (ChangeKind::Created, 1, 1, 1, 10),
        (ChangeKind::Updated, 2, 2, 2, 99),
        (ChangeKind::Modified, 3, 2, 3, 99),
        (ChangeKind::Switched, 4, 1, 4, 99),
        (ChangeKind::Deleted, 5, 1, 5, 99),
        (ChangeKind::Restored, 6, 1, 6, 99),
        (ChangeKind::Pruned, 7, 1, 6, 77),
        (ChangeKind::Purged, 8, 1, 7, 77),
    ];
    assert_eq!(page.entries.iter().map(numbers).collect::<Vec<_>>(), expected);
    assert_eq!((page.end, page.has_more, db.store.log_end().await.unwrap()), (8, false, 8));
}

#[tokio::test]
async fn events_stand_behind_the_changes_of_their_set() {
    let db = Db::new().await;
    let create = |id| Change::Create(Box::new(db.new_head(id, "{}")));
    let changes = vec![create("user:1"), create("user:2")];
    let events = vec![event("paid"), event("sent")];
    db.store.commit(ChangeSet { changes, events, ..ChangeSet::default() }).await.unwrap();
    db.store.commit(ChangeSet { events: vec![event("alone")], ..ChangeSet::default() }).await.unwrap();
    let expected = ["1 user:1 created", "2 user:2 created", "3 paid", "4 sent", "5 alone"];
    assert_eq!(told(&db).await, expected);
    let page = page(&db, LogScope::Everything, 2, 1).await;
    let Logged::Event(found) = &page.entries[0] else { panic!("{page:?}") };
    let NewEvent { name, body, at } = event("paid");
    assert_eq!((&found.name, &found.body, &found.at), (&name, &body, &at));
}

#[tokio::test]
async fn what_fails_is_not_logged() {
    let db = Db::new().await;
    db.create("user:1", "{}").await.unwrap();
    db.create("user:1", "{}").await.unwrap_err();
    let create = |id| Change::Create(Box::new(db.new_head(id, "{}")));
    let failing = ChangeSet { events: vec![event("never")], ..set([create("user:2"), create("user:1")]) };
    db.store.commit(failing).await.unwrap_err();
    db.create("user:3", "{}").await.unwrap();
    assert_eq!(told(&db).await, ["1 user:1 created", "2 user:3 created"]);
}

#[tokio::test]
async fn a_page_tells_where_the_next_one_begins() {
    let db = Db::new().await;
    assert_eq!(page(&db, LogScope::Everything, 0, 5).await, LogPage::default());
    for at in 1..=5 {
        db.create(&format!("user:{at}"), "{}").await.unwrap();
    }
    for (after, limit, expected, end, has_more) in [
        (0, 2, vec![1, 2], 2, true),
        (2, 2, vec![3, 4], 4, true),
        (4, 2, vec![5], 5, false),
        (0, 5, vec![1, 2, 3, 4, 5], 5, false),
        (5, 2, vec![], 5, false),
        (9, 2, vec![], 9, false),
        (1, 0, vec![], 1, true),
        (0, usize::MAX, vec![1, 2, 3, 4, 5], 5, false),
    ] {
        let page = page(&db, LogScope::Everything, after, limit).await;
        assert_eq!((positions(&page), page.end, page.has_more), (expected, end, has_more), "{after} {limit}");
    }
}

#[tokio::test]
async fn a_scope_has_its_own_entries_and_advances_with_the_others() {
    let db = Db::with_posts(SqliteStore::temporary().unwrap()).await;
    db.create("user:1", "{}").await.unwrap();
    db.create_post("post:1", "{}").await;
    db.create("user:2", "{}").await.unwrap();
    db.set_deleted("user:1", true).await.unwrap();
    db.store.commit(set([mark_post(&db.post("post:1").await, true).into()])).await.unwrap();
    db.store.commit(ChangeSet { events: vec![event("said")], ..ChangeSet::default() }).await.unwrap();

    let of = |id: &str, pk| LogScope::Resource { model: USER, pk, resource_id: id.to_owned() };
    for (scope, expected) in [
        (LogScope::Model(USER), vec![1, 3, 4]),
        (LogScope::Model(POST), vec![2, 5]),
        (of("user:1", 1), vec![1, 4]),
        (of("user:2", 2), vec![3]),
        (of("user:before", 2), vec![]),
    ] {
        let all = page(&db, scope.clone(), 0, 100).await;
        assert_eq!((positions(&all), all.end, all.has_more), (expected.clone(), 6, false), "{scope:?}");
        let first = page(&db, scope.clone(), 0, 1).await;
        let end = if expected.len() > 1 { expected[0] } else { 6 };
        assert_eq!((first.end, first.has_more), (end, expected.len() > 1), "{scope:?}");
    }
    let result = db.store.log(LogRequest { after: 0, of: LogScope::Model(ModelIndex(7)), limit: 1 }).await;
    assert!(result.is_err());
}

#[tokio::test]
async fn entries_of_types_that_are_gone_are_left_out_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("app.db"));
    let db = Db::with_posts(SqliteStore::open(options.clone()).unwrap()).await;
    db.create("user:1", "{}").await.unwrap();
    db.create_post("post:1", "{}").await;
    db.create_post("post:2", "{}").await;
    db.create("user:2", "{}").await.unwrap();
    db.store.close().await.unwrap();
    let db = Db::with(SqliteStore::open(options).unwrap(), &USUAL).await;
    assert_eq!(told(&db).await, ["1 user:1 created", "4 user:2 created"]);
    let page = page(&db, LogScope::Everything, 1, 2).await;
    assert_eq!((positions(&page), page.end, page.has_more), (vec![], 3, true));
    assert_eq!(*db.store.watch_log().borrow(), 4, "known from the start");
    db.create("user:3", "{}").await.unwrap();
    assert_eq!(db.store.log_end().await.unwrap(), 5);
}

#[tokio::test]
async fn who_is_told_of_an_entry_can_read_it() {
    let db = Db::new().await;
    let mut watch = db.store.watch_log();
    assert_eq!(*watch.borrow_and_update(), 0);
    let path = db.store.path().to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let mut seen = 0;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        while seen < 200 {
            runtime.block_on(watch.changed()).unwrap();
            let end = *watch.borrow_and_update();
            assert!(end > seen);
            let fresh = Connection::open(&path).unwrap();
            let last: i64 =
                fresh.query_row("SELECT max(position) FROM ss_change", [], |row| row.get(0)).unwrap();
            assert!(last >= end, "{last} of {end}");
            seen = end;
        }
    });
    let create = async |at: usize| {
        db.create(&format!("user:{at}"), "{}").await.unwrap();
        let end = *db.store.watch_log().borrow();
        assert!(end > 0 && db.store.log_end().await.unwrap() >= end);
    };
    futures_util::future::join_all((0..200).map(create)).await;
    assert_eq!(*db.store.watch_log().borrow(), 200, "told before the answer");
    reading.await.unwrap();
    let mut watch = db.store.watch_log();
    db.store.close().await.unwrap();
    while watch.changed().await.is_ok() {}
}

#[tokio::test]
async fn positions_of_two_processes_are_one_sequence_and_both_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(SqliteOptions::new(folder.path().join("app.db"))).unwrap();
    let ours = Db::with(open(), &USUAL).await;
    let theirs = Db::with(open(), &USUAL).await;
    for at in 0..10 {
        ours.create(&format!("ours:{at}"), "{}").await.unwrap();
        theirs.create(&format!("theirs:{at}"), "{}").await.unwrap();
        assert_eq!(*theirs.store.watch_log().borrow(), 2 * at + 2);
    }
    let told = told(&ours).await;
    assert_eq!(told.len(), 20);
    assert_eq!((&*told[0], &*told[19]), ("1 ours:0 created", "20 theirs:9 created"));
    // Without a write of ours. A subscriber that writes all the time does not keep it from the others.
    let mut watch = ours.store.watch_log();
    let acknowledging = async {
        loop {
            ours.store.acknowledge("busy", 1).await.unwrap();
        }
    };
    let waiting = tokio::time::timeout(Duration::from_secs(10), watch.wait_for(|end| *end == 20));
    tokio::select! {
        () = acknowledging => {}
        end = waiting => assert_eq!(*end.unwrap().unwrap(), 20),
    }
    theirs.create("theirs:10", "{}").await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), watch.wait_for(|end| *end == 21)).await.unwrap().unwrap();
}

#[tokio::test]
async fn another_file_does_not_take_the_end_back() {
    let folder = tempfile::tempdir().unwrap();
    let db =
        Db::with(SqliteStore::open(SqliteOptions::new(folder.path().join("app.db"))).unwrap(), &USUAL).await;
    for at in 0..3 {
        db.create(&format!("user:{at}"), "{}").await.unwrap();
    }
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("PRAGMA application_id = 5").unwrap();
    std::fs::rename(&other, db.store.path()).unwrap();
    db.create("user:9", "{}").await.unwrap();
    assert_eq!(told(&db).await, ["4 user:9 created"]);
    assert_eq!((*db.store.watch_log().borrow(), db.store.log_end().await.unwrap()), (4, 4));
}

#[tokio::test]
async fn an_acknowledgement_is_kept_and_never_lowered() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("app.db"));
    let db = Db::with(SqliteStore::open(options.clone()).unwrap(), &USUAL).await;
    assert_eq!(db.store.acknowledged("mail").await.unwrap(), None);
    for (position, kept) in [(3, 3), (2, 3), (7, 7), (7, 7)] {
        db.store.acknowledge("mail", position).await.unwrap();
        assert_eq!(db.store.acknowledged("mail").await.unwrap(), Some(kept));
    }
    db.store.acknowledge("other", 0).await.unwrap();
    db.store.close().await.unwrap();
    assert!(db.store.acknowledge("mail", 9).await.is_err());
    let db = Db::with(SqliteStore::open(options).unwrap(), &USUAL).await;
    assert_eq!(db.store.acknowledged("mail").await.unwrap(), Some(7));
    assert_eq!(db.store.acknowledged("other").await.unwrap(), Some(0));
    assert_eq!(db.store.log_end().await.unwrap(), 0, "it is no entry of the log");
}

#[tokio::test]
async fn a_log_that_was_asked_for_before_there_was_one_is_read_later() {
    let store = SqliteStore::temporary().unwrap();
    assert!(store.log_end().await.is_err());
    assert_eq!(*store.watch_log().borrow(), 0);
    let db = Db::with(store, &USUAL).await;
    assert_eq!(db.store.log_end().await.unwrap(), 0);
    db.create("user:1", "{}").await.unwrap();
    assert_eq!(told(&db).await, ["1 user:1 created"]);
}

#[tokio::test]
async fn a_file_from_before_the_log_is_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("app.db"));
    let db = Db::with(SqliteStore::open(options.clone()).unwrap(), &USUAL).await;
    db.create("user:1", "{}").await.unwrap();
    db.store.close().await.unwrap();
    let tables = "DROP TABLE ss_change; DROP TABLE ss_cascade; DROP TABLE ss_subscriber";
    Connection::open(&options.path).unwrap().execute_batch(tables).unwrap();
    let db = Db::with(SqliteStore::open(options).unwrap(), &USUAL).await;
    db.replace("user:1", "{}").await.unwrap();
    assert_eq!(told(&db).await, ["1 user:1 updated"]);
    assert_eq!(db.store.cascaded(USER, 1).await.unwrap(), []);
    db.store.acknowledge("mail", 1).await.unwrap();
}
