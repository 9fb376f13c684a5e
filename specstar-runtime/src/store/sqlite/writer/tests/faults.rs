//! The engine fails at each step of a set.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::super::tests::fixture::{
    POST, USER, USUAL, live, mark_post, new_post, revision, stamp, unreferenced,
};
use super::{Writer, commit_sets, creation, writer};
use crate::change::{
    Answer, CascadeMember, Change, ChangeKind, ChangeSet, Existing, HeadUpdate, NewEvent, Removal,
    RequestKey, Response,
};
use crate::json::index_row;
use crate::meta::{Head, Stamp};

const ANN: &str = r#"{"name":"ann","age":1,"tags":["a","b"]}"#;
const BOB: &str = r#"{"name":"bob","age":2,"tags":["b","c"]}"#;

fn of(pk: i64, version: i64) -> Existing {
    Existing { model: USER, pk, resource_id: format!("user:{pk}"), version }
}

fn member(id: &str, version: i64) -> CascadeMember {
    let pk = id.bytes().map(i64::from).sum();
    CascadeMember { model: POST, pk, resource_id: id.to_owned(), version }
}

fn mark(pk: i64, version: i64, is_deleted: bool, cascade: Vec<CascadeMember>) -> HeadUpdate {
    let index = index_row(&USUAL, b"{}").unwrap();
    HeadUpdate {
        job: None,
        of: of(pk, version),
        kind: if is_deleted { ChangeKind::Deleted } else { ChangeKind::Restored },
        seq: 1,
        updated: stamp(50),
        at: None,
        previous: crate::change::Previous::Leave,
        is_deleted: Some(is_deleted),
        cascade,
        archive: false,
        take: None,
        revision: None,
        rev_count: None,
        blobs: None,
        index_before: index.clone(),
        index_after: index,
    }
}

fn replace(pk: i64, version: i64, before: &str, after: &str) -> HeadUpdate {
    let seq = version + 1;
    HeadUpdate {
        kind: ChangeKind::Updated,
        seq,
        is_deleted: None,
        archive: true,
        revision: Some(revision(seq, Some(version), after)),
        rev_count: Some(seq),
        blobs: None,
        index_before: index_row(&USUAL, before.as_bytes()).unwrap(),
        index_after: index_row(&USUAL, after.as_bytes()).unwrap(),
        ..mark(pk, version, false, vec![])
    }
}

fn removal(pk: i64, version: i64) -> Removal {
    Removal { of: of(pk, version), seq: version, at: stamp(60) }
}

/// A live post as it is stored.
fn post() -> Head {
    let revision = revision(1, None, r#"{"author":"user:2","readers":["user:2","user:1"]}"#);
    let nobody = Stamp { time: crate::datetime::Timestamp(0), by: String::new() };
    Head {
        pk: 1,
        resource_id: "post:1".into(),
        rev_count: 1,
        version: 1,
        created: nobody.clone(),
        updated: nobody,
        is_deleted: false,
        revision,
    }
}

/// Users 1 with a name and tags, 2 with a post, 3 deleted with a cascade, 4 with history, 5.
fn fill(writer: &mut Writer) {
    let creations = (1..=5).map(|at| creation(&format!("user:{at}"), if at == 1 { ANN } else { "{}" }));
    let text = String::from_utf8(post().revision.data).unwrap();
    let created = ChangeSet::from(vec![Change::Create(Box::new(new_post("post:1", &text)))]);
    let deleted = ChangeSet::from(vec![mark(3, 1, true, vec![member("post:9", 1)]).into()]);
    let replaced = ChangeSet::from(vec![replace(4, 1, "{}", "{}").into()]);
    for result in commit_sets(writer, creations.chain([created, deleted, replaced])) {
        result.unwrap();
    }
}

/// Of everything something.
fn full_set() -> ChangeSet {
    let Change::Create(new) = creation("user:9", BOB).changes.remove(0) else { unreachable!() };
    let event = |name: &str| NewEvent { name: name.into(), body: b"{}".to_vec(), at: stamp(70) };
    ChangeSet {
        changes: vec![
            replace(1, 1, ANN, r#"{"name":"eve","age":1,"tags":["b","c"]}"#).into(),
            Change::Create(new),
            mark_post(&post(), true).into(),
            mark(2, 1, true, vec![member("post:1", 2), member("post:2", 7)]).into(),
            mark(3, 2, false, vec![]).into(),
            Change::Prune { of: removal(4, 2), seqs: vec![1] },
            Change::Purge(removal(5, 1)),
        ],
        requirements: vec![
            live(USER, "user:1"),
            live(POST, "post:1"),
            unreferenced(0, "user:2"),
            unreferenced(1, "user:2"),
        ],
        checkpoint: None,
        events: vec![event("paid"), event("sent")],
        answer: Some(Box::new(Answer {
            request: RequestKey { key: "key".into(), fingerprint: "print".into() },
            response: Response {
                status: 200,
                headers: vec![("etag".into(), "\"e\"".into())],
                body: "{}".into(),
            },
            at: stamp(70).time,
        })),
    }
}

const TABLES: [&str; 9] = [
    "h_user",
    "l_user",
    "h_post",
    "l_post",
    "ss_revision",
    "ss_cascade",
    "ss_change",
    "ss_subscriber",
    "ss_answer",
];

/// Every row of every table, as another process sees it.
fn rows(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut all = Vec::new();
    for table in TABLES {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let is_number: Vec<_> = statement.column_names().into_iter().map(|name| name == "pk").collect();
        let found = statement.query_map([], |row| {
            let columns = is_number.iter().enumerate();
            columns.map(|(at, is_number)| value(row.get(at)?, *is_number)).collect::<Result<Vec<_>, _>>()
        });
        all.extend(found.unwrap().map(|row| format!("{table} {:?}", row.unwrap())));
    }
    all
}

/// The number of a row that was taken back is not given again, so that the row made last has any.
#[allow(clippy::unnecessary_wraps)] // used in a chain
fn value(value: Value, is_number: bool) -> rusqlite::Result<Value> {
    Ok(match value {
        Value::Integer(number) if is_number => Value::Integer(number.min(6)),
        value => value,
    })
}

/// From this engine step on everything fails, or only this one; a commit that has begun goes through, because
/// it could not be told whether it did. Says whether it came so far.
fn fail_at(writer: &Writer, step: usize, lasting: bool) -> Arc<AtomicBool> {
    let connection = writer.open.as_ref().unwrap();
    let (steps, committing) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let failed = Arc::new(AtomicBool::new(false));
    let (begun, fired) = (Arc::clone(&committing), Arc::clone(&failed));
    let begins = move || {
        begun.store(true, Ordering::SeqCst);
        false
    };
    connection.commit_hook(Some(begins)).unwrap();
    let fails = move || {
        let now = steps.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = !committing.load(Ordering::SeqCst) && (now == step || (lasting && now > step));
        fired.fetch_or(fails, Ordering::SeqCst);
        fails
    };
    connection.progress_handler(1, Some(fails)).unwrap();
    failed
}

/// The engine as it is. A writer that gave its connection up has none to be freed.
fn heal(writer: &mut Writer) {
    if let Some(connection) = &writer.open {
        connection.progress_handler(0, None::<fn() -> bool>).unwrap();
        connection.commit_hook(None::<fn() -> bool>).unwrap();
    }
    writer.ready().unwrap();
}

/// The set was applied once and whole.
fn assert_applied(writer: &Writer, path: &Path, end: i64) {
    let clean = tempfile::tempdir().unwrap();
    let mut other = super::writer(&clean);
    fill(&mut other);
    commit_sets(&mut other, [full_set()]).remove(0).unwrap();
    assert_eq!(rows(path), rows(&clean.path().join("app.db")));
    assert_eq!(*writer.log_end().borrow(), end + 9, "one entry per change and message");
}

#[test]
fn a_set_that_is_interrupted_at_any_step_leaves_nothing_and_can_be_applied_then() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, path) = (writer(&folder), folder.path().join("app.db"));
    fill(&mut writer);
    let (before, end) = (rows(&path), *writer.log_end().borrow());
    for step in 1.. {
        fail_at(&writer, step, true);
        let result = commit_sets(&mut writer, [full_set()]).remove(0);
        heal(&mut writer);
        if result.is_ok() {
            assert!(step > 500, "only {step} steps");
            break;
        }
        assert_eq!(rows(&path), before, "step {step}: {result:?}");
        assert_eq!(*writer.log_end().borrow(), end, "step {step}");
    }
    assert_applied(&writer, &path, end);
}

/// A statement that only reads can be interrupted without an end of the transaction: the group runs again, and
/// goes through. All steps in turn would take minutes; a prime number of them meets all parts of the statements.
#[test]
fn a_set_that_is_interrupted_once_is_applied_whole_or_not_at_all() {
    for step in (1..).step_by(53) {
        let folder = tempfile::tempdir().unwrap();
        let (mut writer, path) = (writer(&folder), folder.path().join("app.db"));
        fill(&mut writer);
        let (before, end) = (rows(&path), *writer.log_end().borrow());
        let failed = fail_at(&writer, step, false);
        let result = commit_sets(&mut writer, [full_set()]).remove(0);
        heal(&mut writer);
        if result.is_err() {
            assert_eq!(rows(&path), before, "step {step}: {result:?}");
            commit_sets(&mut writer, [full_set()]).remove(0).unwrap();
        }
        assert_applied(&writer, &path, end);
        if !failed.load(Ordering::SeqCst) {
            assert!(step > 500, "only {step} steps");
            break;
        }
    }
}
