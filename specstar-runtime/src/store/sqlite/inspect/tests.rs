use std::sync::{Arc, Mutex};

use super::super::tests::fixture::{AGE, Db, EMAIL, NAME, USER, USUAL, named, unique, user};
use super::*;
use crate::descriptor::ResourceDescriptor;
use crate::store::{SqliteOptions, Store};

fn quiet() -> Told {
    Box::new(|_| {})
}

async fn filled() -> Db {
    let db = Db::new().await;
    for at in 0..5 {
        let json = format!(r#"{{"name":"N{at}","email":"E{at}@x","age":{at},"tags":["a","t{at}"]}}"#);
        db.create(&format!("user:{at}"), &json).await.unwrap();
    }
    db.create("user:float", r#"{"name":null,"email":null,"age":null,"tags":[]}"#).await.unwrap();
    db
}

fn change(db: &Db, sql: &str) {
    let connection = rusqlite::Connection::open(db.store.path()).unwrap();
    connection.execute_batch(sql).unwrap();
}

async fn report(db: &Db) -> IndexReport {
    db.store.check_indexes(USER, 10, quiet()).await.unwrap()
}

#[tokio::test]
async fn values_that_are_those_of_the_documents_pass() {
    let db = filled().await;
    db.replace("user:1", r#"{"name":"M","email":"m@x","age":7,"tags":["t1","z"]}"#).await.unwrap();
    db.set_deleted("user:2", true).await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tells = Arc::clone(&told);
    let progress: Told = Box::new(move |rows| tells.lock().unwrap().push(rows));
    let report = db.store.check_indexes(USER, 10, progress).await.unwrap();
    assert_eq!(report, IndexReport { rows: 6, differing: 0, wrong: vec![] });
    assert_eq!(*told.lock().unwrap(), [6]);
}

#[tokio::test]
async fn wrong_values_are_named_and_mended() {
    let db = filled().await;
    change(
        &db,
        "UPDATE h_user SET ix_age = 99 WHERE resource_id = 'user:3';
         DELETE FROM l_user WHERE value = 't4';
         INSERT INTO l_user (field, value, pk) SELECT field, 'ghost', pk FROM l_user WHERE value = 't2';
         INSERT INTO l_user (field, value, pk) SELECT field, 'orphan', 4711 FROM l_user WHERE value = 't2';",
    );
    let found = report(&db).await;
    let named: Vec<_> =
        found.wrong.iter().map(|row| (row.resource_id.as_deref(), row.keys.join(","))).collect();
    let expected = [
        (Some("user:3"), "age".to_owned()),
        (Some("user:4"), "tags".to_owned()),
        (Some("user:2"), "tags".to_owned()),
        (None, "tags".to_owned()),
    ];
    assert_eq!(named, expected);
    assert_eq!(found.differing, 4);
    assert_eq!(db.store.mend_indexes(USER, found.wrong).await.unwrap(), []);
    assert_eq!(report(&db).await.differing, 0);
    assert_eq!(db.query::<i64>("SELECT ix_age FROM h_user WHERE resource_id = 'user:3'"), [3]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [10]);
}

#[tokio::test]
async fn no_more_are_named_than_wanted_and_all_are_counted() {
    let db = filled().await;
    change(&db, "UPDATE h_user SET ix_age = 99");
    let found = db.store.check_indexes(USER, 2, quiet()).await.unwrap();
    assert_eq!((found.differing, found.wrong.len()), (6, 2));
}

#[tokio::test]
async fn a_value_that_another_resource_has_is_reported_and_the_rest_mended() {
    let db = filled().await;
    let lie = "UPDATE h_user SET data = replace(data, 'N1', 'N0'), ix_age = 50 WHERE resource_id = 'user:1';
               UPDATE h_user SET ix_age = 50 WHERE resource_id = 'user:2';";
    change(&db, lie);
    let found = report(&db).await;
    let unmended = db.store.mend_indexes(USER, found.wrong).await.unwrap();
    assert_eq!(unmended.iter().map(|row| row.resource_id.as_str()).collect::<Vec<_>>(), ["user:1"]);
    assert!(unmended[0].reason.contains("taken"), "{unmended:?}");
    assert_eq!(report(&db).await.differing, 1, "the other one is mended");
}

#[tokio::test]
async fn a_plan_says_what_the_next_start_does_and_changes_nothing() {
    static WITHOUT: ResourceDescriptor = user(&[NAME, EMAIL], &[unique(&[0])]);
    static WITH: ResourceDescriptor = user(&[NAME, AGE], &[unique(&[0]), unique(&[1])]);
    static OTHER: ResourceDescriptor = named("other", &[], &[]);
    let folder = tempfile::tempdir().unwrap();
    let open = || crate::store::SqliteStore::open(SqliteOptions::new(folder.path().join("a.db"))).unwrap();
    let db = Db::with(open(), &WITHOUT).await;
    db.create("user:1", r#"{"name":"a","email":"e","age":4}"#).await.unwrap();
    db.create("user:2", r#"{"name":"b","email":"f","age":4}"#).await.unwrap();
    db.store.close().await.unwrap();
    let store = open();
    let plan = store.plan_layout(&[&WITH, &OTHER]).await.unwrap();
    let again = store.plan_layout(&[&WITH, &OTHER]).await.unwrap();
    assert_eq!(plan, again);
    let [user, other] = &plan.report.models[..] else { panic!("{plan:?}") };
    assert_eq!(
        (user.indexes_added.join(","), user.indexes_removed.join(",")),
        ("age".into(), "email".into())
    );
    assert_eq!(user.rows_backfilled, 2);
    assert!(other.created);
    assert_eq!(plan.problems.len(), 1, "age is not unique: {plan:?}");
    assert_eq!(store.plan_layout(&[&WITHOUT]).await.unwrap(), LayoutPlan::default());
}

#[tokio::test]
async fn a_sound_file_has_no_faults_and_its_indexes_can_be_rebuilt() {
    let db = filled().await;
    assert_eq!(db.store.check_file().await.unwrap(), Vec::<String>::new());
    db.store.rebuild_indexes(USER).await.unwrap();
    assert_eq!(report(&db).await.differing, 0);
    assert_eq!(USUAL.indexes.len(), 4);
}
