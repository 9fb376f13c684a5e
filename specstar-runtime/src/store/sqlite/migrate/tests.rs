//! Declared indexes that come, go and change.

use rusqlite::Connection;

use super::super::connection::open_writer;
use super::super::model::Model;
use super::super::registry::{self, Registered};
use super::backfill::Backfill;
use super::{IndexChanges, Plan, change_tables};
use crate::descriptor::{IndexDescriptor, IndexKind, ResourceDescriptor, UniqueDescriptor, VectorDescriptor};
use crate::store::layout::ModelLayout;
use crate::store::sqlite::tests::fixture::{
    AGE, AGE_AS_FLOAT, Db, EMAIL, NAME, TAGS, USER, USUAL, named, unique, user,
};
use crate::store::{
    CommitError, LayoutReport, LogRequest, LogScope, ModelLayoutChange, SqliteOptions, SqliteStore, Store,
    StoreError,
};

static BARE: ResourceDescriptor = user(&[NAME], &[]);
static FLOAT: ResourceDescriptor = user(&[NAME, AGE_AS_FLOAT], &[]);
static INTEGER: ResourceDescriptor = user(&[AGE, NAME], &[]);
static ONLY_TAGS: ResourceDescriptor = user(&[TAGS], &[]);
static UNIQUE_NAME: ResourceDescriptor = user(&[NAME], &[unique(&[0])]);
static UNIQUE_MAIL: ResourceDescriptor =
    user(&[NAME, EMAIL], &[UniqueDescriptor { indexes: &[1], case_insensitive: true, nulls_equal: false }]);

const PLACE: IndexDescriptor = IndexDescriptor {
    list: true,
    nullable: true,
    ..IndexDescriptor::new("place", &["place"], IndexKind::Float)
};
static LISTED: ResourceDescriptor = user(&[PLACE], &[]);
static VECTOR: ResourceDescriptor =
    user(&[IndexDescriptor { vector: Some(VectorDescriptor::new(2)), ..PLACE }], &[]);

/// A file that outlives the stores on it.
struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.0.path().join("app.db"))
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.options()).unwrap()
    }

    /// Starts a program with this declaration, and says what it found.
    async fn start(&self, descriptor: &'static ResourceDescriptor) -> (Db, Vec<ModelLayoutChange>) {
        let store = self.open();
        let report = store.ensure_layout(&[descriptor]).await.unwrap();
        (Db { store, descriptor }, report.models)
    }

    /// A file with that many resources, made by a program with this declaration.
    async fn filled(descriptor: &'static ResourceDescriptor, count: usize) -> Self {
        let file = Self::new();
        let (db, _) = file.start(descriptor).await;
        let creations = (0..count).map(|at| {
            let json =
                format!(r#"{{"name":"n{at}","email":"m{at}@x","age":{at},"tags":["t{}","all"]}}"#, at % 7);
            let set = db.creation(&format!("user:{at}"), &json);
            db.store.commit(set)
        });
        for result in futures_util::future::join_all(creations).await {
            result.unwrap();
        }
        db.store.close().await.unwrap();
        file
    }
}

fn change(added: &[&str], removed: &[&str], rows_backfilled: u64) -> ModelLayoutChange {
    let owned = |keys: &[&str]| keys.iter().map(ToString::to_string).collect();
    ModelLayoutChange {
        model: "user".into(),
        created: false,
        indexes_added: owned(added),
        indexes_removed: owned(removed),
        rows_backfilled,
    }
}

/// The columns and indexes of the head table, which must not depend on how it got there.
fn schema(db: &Db) -> (Vec<String>, Vec<String>) {
    let mut columns = db.query("SELECT name || ' ' || type FROM pragma_table_info('h_user')");
    columns.sort();
    (
        columns,
        db.query("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"),
    )
}

#[tokio::test]
async fn a_new_type_is_created_once() {
    let file = File::new();
    let (db, report) = file.start(&USUAL).await;
    assert_eq!(
        report,
        [ModelLayoutChange { created: true, ..change(&["name", "email", "age", "tags"], &[], 0) }]
    );
    db.store.close().await.unwrap();
    let (db, report) = file.start(&USUAL).await;
    assert_eq!(report, []);
    assert_eq!(db.store.ensure_layout(&[&USUAL]).await.unwrap(), LayoutReport::default());
}

#[tokio::test]
async fn added_indexes_are_filled_from_the_payloads() {
    let file = File::filled(&BARE, 1203).await;
    let (db, report) = file.start(&USUAL).await;
    assert_eq!(report, [change(&["email", "age", "tags"], &[], 1203)]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM h_user WHERE ix_age = data ->> '$.age'"), [1203]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM h_user WHERE uf_email = ix_email"), [1203]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [2406]);
    let fresh = Db::new().await;
    assert_eq!(schema(&db), schema(&fresh));
    assert!(matches!(
        db.create("new", r#"{"email":"M7@X"}"#).await,
        Err(CommitError::Unique { unique: 1, .. })
    ));
    db.replace("user:7", r#"{"tags":["z"]}"#).await.unwrap();
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [2405]);
}

#[tokio::test]
async fn heads_from_before_the_log_have_no_entries_until_they_change() {
    for (before, report) in [(&USUAL, vec![]), (&BARE, vec![change(&["email", "age", "tags"], &[], 3)])] {
        let file = File::filled(before, 3).await;
        let old = "ALTER TABLE h_user DROP COLUMN log_at; DELETE FROM ss_change";
        Connection::open(file.options().path).unwrap().execute_batch(old).unwrap();
        let (db, found) = file.start(&USUAL).await;
        assert_eq!(found, report);
        assert_eq!(schema(&db), schema(&Db::new().await));
        assert_eq!(db.query::<i64>("SELECT log_at FROM h_user"), [0, 0, 0]);
        db.replace("user:1", r#"{"name":"new"}"#).await.unwrap();
        db.create("user:3", "{}").await.unwrap();
        db.set_deleted("user:1", true).await.unwrap();
        db.store.close().await.unwrap();

        let (db, found) = file.start(&USUAL).await;
        assert_eq!(found, []);
        for (id, positions) in [("user:0", vec![]), ("user:1", vec![1, 3]), ("user:3", vec![2])] {
            assert_eq!(logged(&db, id).await, positions, "{id}");
        }
        let head = db.head("user:1").await;
        assert_eq!((head.version, head.revision.data), (3, br#"{"name":"new"}"#.to_vec()));
    }
}

/// The positions of what the log has of a resource.
async fn logged(db: &Db, id: &str) -> Vec<i64> {
    let of = LogScope::Resource { model: USER, pk: db.head(id).await.pk, resource_id: id.into() };
    let page = db.store.log(LogRequest { after: 0, of, limit: 9 }).await.unwrap();
    page.entries.iter().map(crate::change::Logged::position).collect()
}

#[tokio::test]
async fn removed_indexes_lose_columns_and_values() {
    let file = File::filled(&USUAL, 3).await;
    let (db, report) = file.start(&BARE).await;
    assert_eq!(report, [change(&[], &["email", "age", "tags"], 0)]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [0]);
    let fresh = Db::with(SqliteStore::temporary().unwrap(), &BARE).await;
    assert_eq!(schema(&db), schema(&fresh));
    db.create("user:x", r#"{"name":"n1"}"#).await.unwrap();
    db.store.close().await.unwrap();

    let (db, report) = file.start(&ONLY_TAGS).await;
    assert_eq!(report, [change(&["tags"], &["name"], 4)]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [6]);
}

#[tokio::test]
async fn a_changed_kind_is_filled_again_and_a_changed_order_is_nothing() {
    let file = File::filled(&FLOAT, 5).await;
    let (db, report) = file.start(&INTEGER).await;
    assert_eq!(report, [change(&["age"], &[], 5)]);
    assert_eq!(db.query::<String>("SELECT DISTINCT typeof(ix_age) FROM h_user"), ["integer"]);
    assert_eq!(db.head("user:4").await.resource_id, "user:4");
    db.replace("user:4", r#"{"name":"x","age":44}"#).await.unwrap();
    assert_eq!(db.query::<i64>("SELECT ix_age FROM h_user WHERE ix_name = 'x'"), [44]);
}

#[tokio::test]
async fn a_list_that_becomes_a_vector_has_no_rows() {
    let file = File::new();
    let (db, _) = file.start(&LISTED).await;
    db.create("user:a", r#"{"place":[1.5,2.5]}"#).await.unwrap();
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [2]);
    db.store.close().await.unwrap();

    let (db, report) = file.start(&VECTOR).await;
    assert_eq!(report, [change(&["place"], &[], 1)]);
    db.create("user:b", r#"{"place":[3.5,4.5]}"#).await.unwrap();
    db.replace("user:b", r#"{"place":[3.5,5.5]}"#).await.unwrap();
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [0]);
    db.store.close().await.unwrap();

    let (db, _) = file.start(&LISTED).await;
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [4]);
}

#[tokio::test]
async fn a_constraint_that_does_not_hold_changes_nothing() {
    let file = File::filled(&BARE, 2).await;
    let (db, _) = file.start(&BARE).await;
    db.create("user:a", r#"{"name":"same","email":"Some@x"}"#).await.unwrap();
    db.create("user:b", r#"{"name":"same","email":"sOME@x"}"#).await.unwrap();
    let before = schema(&db);
    db.store.close().await.unwrap();

    for (descriptor, field, value) in
        [(&UNIQUE_NAME, "`name`", "\"same\""), (&UNIQUE_MAIL, "`email`", "some@x")]
    {
        let store = file.open();
        let Err(StoreError::Layout(message)) = store.ensure_layout(&[descriptor]).await else {
            panic!("the duplicates were not seen");
        };
        for part in [field, value, "user:a", "user:b"] {
            assert!(message.contains(part), "{part} in {message}");
        }
        store.close().await.unwrap();
    }
    let (db, report) = file.start(&BARE).await;
    assert_eq!((report, schema(&db)), (vec![], before));
    db.set_deleted("user:a", true).await.unwrap();
    db.store.close().await.unwrap();
    let (db, report) = file.start(&UNIQUE_NAME).await;
    assert_eq!(report, [change(&[], &[], 0)]);
    assert!(matches!(db.create("user:c", r#"{"name":"same"}"#).await, Err(CommitError::Unique { .. })));
}

/// What a program does until it crashes after the first batch.
fn crash_in_the_middle(file: &File, descriptor: &'static ResourceDescriptor) {
    let connection = open_writer(&file.options(), false).unwrap();
    let Registered { id, layout, .. } = registry::load(&connection, "user").unwrap().unwrap();
    let plan = Plan::new(descriptor, &layout);
    let model = Model::new(ModelLayout::new(descriptor, id, |key| plan.target.field(key)));
    let indexes = IndexChanges::find(&connection, &model.layout, &plan).unwrap();
    change_tables(&connection, &model, &plan, &indexes).unwrap();
    let mut state = plan.target.clone();
    assert_eq!(Backfill::new(&connection, &model, &plan.target).batch(&mut state).unwrap(), 500);
}

#[tokio::test]
async fn an_interrupted_fill_goes_on_where_it_stopped() {
    let file = File::filled(&BARE, 1203).await;
    crash_in_the_middle(&file, &USUAL);
    let (db, report) = file.start(&USUAL).await;
    assert_eq!(report, [change(&["email", "age", "tags"], &[], 703)]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM h_user WHERE ix_age = data ->> '$.age'"), [1203]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [2406]);
    let fresh = Db::new().await;
    assert_eq!(schema(&db), schema(&fresh));
}

#[tokio::test]
async fn an_interrupted_fill_can_be_given_up() {
    let file = File::filled(&BARE, 600).await;
    crash_in_the_middle(&file, &USUAL);
    let (db, report) = file.start(&BARE).await;
    assert_eq!(report, [change(&[], &["email", "age", "tags"], 0)]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM l_user"), [0]);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM ss_model WHERE layout LIKE '%pending%'"), [0]);
}

#[tokio::test]
async fn a_payload_that_cannot_be_read_does_not_stop_the_program() {
    let file = File::filled(&BARE, 2).await;
    let connection = Connection::open(file.options().path).unwrap();
    connection.execute("UPDATE h_user SET data = '{\"name\":' WHERE pk = 1", []).unwrap();
    drop(connection);
    let (db, report) = file.start(&USUAL).await;
    assert_eq!(report, [change(&["email", "age", "tags"], &[], 2)]);
    assert_eq!(db.query::<i64>("SELECT count(ix_age) FROM h_user"), [1]);
}

#[tokio::test]
async fn types_keep_their_numbers_in_any_order_of_registration() {
    static OTHER: ResourceDescriptor = named("other", &[NAME], &[]);
    let file = File::new();
    let store = file.open();
    store.ensure_layout(&[&BARE, &OTHER]).await.unwrap();
    store.close().await.unwrap();
    let store = file.open();
    assert_eq!(store.ensure_layout(&[&OTHER, &BARE]).await.unwrap(), LayoutReport::default());
    let db = Db { store, descriptor: &OTHER };
    assert_eq!(db.query::<String>("SELECT model FROM ss_model ORDER BY model_id"), ["user", "other"]);
}

#[tokio::test]
async fn keys_that_sql_takes_for_one_are_refused() {
    const UPPER: IndexDescriptor = IndexDescriptor { key: "NAME", ..NAME };
    static TWICE: ResourceDescriptor = user(&[NAME, UPPER], &[]);
    let result = SqliteStore::temporary().unwrap().ensure_layout(&[&TWICE]).await;
    assert!(matches!(&result, Err(StoreError::Layout(message)) if message.contains("NAME")), "{result:?}");
}

#[tokio::test]
async fn odd_names_are_quoted() {
    const ODD: IndexDescriptor = IndexDescriptor { key: "a.\"b' c;--", path: &["name"], ..NAME };
    static NAMES: ResourceDescriptor = named("my-\"type", &[ODD, TAGS], &[unique(&[0])]);
    static NONE: ResourceDescriptor = named("my-\"type", &[], &[]);
    let db = Db::with(SqliteStore::temporary().unwrap(), &NAMES).await;
    db.create("1", r#"{"name":"x","tags":["a"]}"#).await.unwrap();
    db.replace("1", r#"{"name":"y","tags":["b"]}"#).await.unwrap();
    assert!(matches!(db.create("2", r#"{"name":"y"}"#).await, Err(CommitError::Unique { .. })));
    assert_eq!(db.store.ensure_layout(&[&NAMES]).await.unwrap(), LayoutReport::default());
    let report = db.store.ensure_layout(&[&NONE]).await.unwrap();
    assert_eq!(report.models[0].indexes_removed, [ODD.key, TAGS.key]);
}

#[tokio::test]
async fn the_file_of_a_later_program_is_left_alone() {
    let file = File::filled(&BARE, 1).await;
    let connection = Connection::open(file.options().path).unwrap();
    connection.execute_batch("PRAGMA user_version = 2").unwrap();
    drop(connection);
    let result = file.open().ensure_layout(&[&BARE]).await;
    assert!(matches!(result, Err(StoreError::Layout(_))), "{result:?}");
}

#[tokio::test]
async fn a_file_without_an_index_of_the_program_gets_it() {
    let file = File::filled(&BARE, 3).await;
    let connection = Connection::open(file.options().path).unwrap();
    connection.execute_batch("DROP INDEX \"ms_user/deleted\"").unwrap();
    drop(connection);
    let (db, report) = file.start(&BARE).await;
    assert_eq!(report, [change(&[], &[], 0)]);
    assert!(schema(&db).1.iter().any(|sql| sql.contains("ms_user/deleted")));
    db.store.close().await.unwrap();
    assert_eq!(file.start(&BARE).await.1, []);
}
