//! Steps that make files of what was text.

use std::sync::Arc;

use serde_json::{Value, json};
use specstar::datetime::Timestamp;
use specstar::repository::{MigrateOptions, Revisions};
use specstar::resources;

use super::{first, start, start_with};
use crate::common::{TestApp, database};

/// As the first program had it.
mod v1 {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    pub(super) struct Shelf {
        #[indexed]
        pub(super) name: String,
    }

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v1")]
    pub(super) struct Scan {
        #[unique]
        pub(super) title: String,
        pub(super) image: String,
        #[serde(default)]
        #[reference(on_delete = "set_null")]
        pub(super) shelf: Option<Ref<Shelf>>,
    }
}

/// The image is a file.
mod v2 {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    pub(super) struct Shelf {
        #[indexed]
        pub(super) name: String,
    }

    impl From<super::v1::Scan> for Scan {
        fn from(old: super::v1::Scan) -> Self {
            let image = Blob::from_bytes(old.image.into_bytes(), Some("text/plain"));
            Self { title: old.title, image, shelf: old.shelf.map(|shelf| Ref::new(shelf.into_string())) }
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v2", migrate("v1" => super::v1::Scan))]
    pub(super) struct Scan {
        #[unique]
        pub(super) title: String,
        pub(super) image: Blob,
        #[serde(default)]
        #[reference(on_delete = "set_null")]
        pub(super) shelf: Option<Ref<Shelf>>,
    }

    #[update_action(Scan)]
    pub(super) async fn rename(existing: Existing<Scan>) -> specstar::Result<Scan> {
        Ok(Scan { title: "renamed".into(), ..existing.data })
    }
}

/// `hello`.
const HELLO: &str = "b3-ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f";

async fn old() -> TestApp {
    let app = first(resources![v1::Shelf, v1::Scan]).await;
    let ann = app.user("ann");
    ann.put("/shelf/s", json!({"name": "s"})).if_none_match("*").await.ok();
    ann.put("/scan/one", json!({"title": "first", "image": "earlier"})).if_none_match("*").await.ok();
    ann.put("/scan/one", json!({"title": "one", "image": "hello", "shelf": "s"})).await.ok();
    app
}

async fn second() -> TestApp {
    start(old().await.stop().await, resources![v2::Shelf, v2::Scan; actions(v2::rename)]).await
}

fn image() -> Value {
    json!({"file_id": HELLO, "size": 5, "content_type": "text/plain"})
}

async fn is_kept(app: &TestApp, what: &str) {
    let ann = app.user("ann");
    let data = ann.get("/scan/one/data").await.ok();
    assert_eq!(data["image"], image(), "after {what}");
    let read = ann.get(&format!("/blobs/{HELLO}")).await.is(200);
    assert_eq!(read.text(), "hello", "after {what}");
}

#[tokio::test]
async fn a_file_that_a_step_makes_has_its_id_before_it_is_stored() {
    let app = second().await;
    let ann = app.user("ann");
    assert_eq!(ann.get("/scan/one/data").await.ok()["image"], image());
    assert_eq!(ann.get("/scan/data").await.ok()[0]["image"], image());
    // Nothing was written yet.
    ann.get(&format!("/blobs/{HELLO}")).await.refused(404, HELLO);
}

#[tokio::test]
async fn a_patch_of_older_content_stores_the_files_that_a_step_makes() {
    let app = second().await;
    app.user("ann").patch("/scan/one", json!({"title": "two"})).await.ok();
    is_kept(&app, "a patch").await;
}

#[tokio::test]
async fn an_undo_stores_the_files_that_a_step_makes_of_an_older_revision() {
    let app = second().await;
    let ann = app.user("ann");
    ann.ask("POST", "/scan/one/undo/2").await.ok();
    let data = ann.get("/scan/one/data").await.ok();
    assert_eq!(data["title"], "first");
    let file_id = data["image"]["file_id"].as_str().expect("an id");
    assert_eq!(ann.get(&format!("/blobs/{file_id}")).await.is(200).text(), "earlier");
}

#[tokio::test]
async fn a_whole_document_that_was_read_can_be_sent_back_before_it_is_migrated() {
    let app = second().await;
    let ann = app.user("ann");
    let mut data = ann.get("/scan/one/data").await.ok();
    data["title"] = json!("two");
    ann.put("/scan/one", data).await.ok();
    is_kept(&app, "a replace").await;
}

#[tokio::test]
async fn actions_modifications_and_deletes_of_targets_store_the_files_too() {
    let app = second().await;
    app.user("ann").ask("POST", "/scan/one/rename").await.ok();
    is_kept(&app, "an action").await;

    let app = second().await;
    app.user("ann").delete("/shelf/s").await.ok();
    assert_eq!(app.user("ann").get("/scan/one/data").await.ok()["shelf"], Value::Null);
    is_kept(&app, "a set_null").await;

    let app = second().await;
    let ann = app.user("ann");
    ann.ask("PUT", "/scan/one?mode=modify&change_status=draft").await.ok();
    ann.patch("/scan/one?mode=modify", json!({"title": "two"})).await.ok();
    is_kept(&app, "a modify").await;
}

#[tokio::test]
async fn a_migration_cannot_be_taken_back_to_what_refers_to_nothing() {
    let app = second().await;
    let ann = app.user("ann");
    ann.ask("POST", "/scan/migrate/single/one").await.ok();
    is_kept(&app, "a migration").await;
    let told = |app: &TestApp| app.user("ann").ask("POST", "/scan/migrate/rollback/one");
    // The content of before, which refers to a shelf that the content of now does not name.
    let changed = r#"{"title":"one","image":"hello","shelf":"gone"}"#;
    database::execute(app.folder().path(), &format!("UPDATE ss_original SET data = '{changed}'"));
    let answer = told(&app).await;
    assert_eq!(answer.status(), 409, "{}", answer.text());
    assert_eq!(ann.get("/scan/one/meta").await.ok()["schema_version"], "v2");
}

#[tokio::test]
async fn content_that_is_replaced_in_place_cannot_come_back() {
    let app = second().await;
    let ann = app.user("ann");
    ann.ask("POST", "/scan/migrate/single/one").await.ok();
    ann.ask("PUT", "/scan/one?mode=modify&change_status=draft").await.ok();
    let before = ann.get("/scan/one/data").await.ok();
    let mut other = before.clone();
    other["title"] = json!("two");
    for data in [other, before] {
        ann.ask("PUT", "/scan/one?mode=modify").json(&data).await.ok();
    }
    // It has the content that the migration made, and the files of what was there before were let go of meanwhile.
    ann.ask("POST", "/scan/migrate/rollback/one").await.refused(409, "changed since");
}

#[tokio::test]
async fn a_file_that_is_too_large_fails_alone() {
    let app = old().await;
    let ann = app.user("ann");
    for (id, image) in [("large", "x".repeat(2_000)), ("small", "tiny".to_owned())] {
        ann.put(&format!("/scan/{id}"), json!({"title": id, "image": image})).if_none_match("*").await.ok();
    }
    let folder: Arc<_> = app.stop().await;
    let app = start_with(folder, resources![v2::Shelf, v2::Scan], |builder| builder.blob_limit(1_000)).await;
    let scans = app.app().repository::<v2::Scan>();
    let migration = scans.migrate(MigrateOptions::default()).await.expect("it begins");
    let summary = migration.finish().await.expect("it goes on");
    assert_eq!((summary.success, summary.failed), (2, 1));
    assert_eq!(summary.errors[0].resource_id, "large");
    is_kept(&app, "a migration beside a large one").await;
}

#[tokio::test]
async fn more_content_than_one_commit_takes_is_migrated_in_several() {
    let app = old().await;
    let ann = app.user("ann");
    let part = "z".repeat(900_000);
    for at in 0..22 {
        let image = format!("{at}{part}");
        ann.put(&format!("/scan/n{at}"), json!({"title": format!("n{at}"), "image": image}))
            .if_none_match("*")
            .await
            .ok();
    }
    for at in 1..21 {
        ann.put("/scan/n0", json!({"title": "n0", "image": format!("{at}{part}")})).await.ok();
    }
    let app = start(app.stop().await, resources![v2::Shelf, v2::Scan]).await;
    let scans = app.app().repository::<v2::Scan>();
    for (dry_run, expected) in [(true, 44), (false, 44)] {
        let options = MigrateOptions { dry_run, revisions: Revisions::All, ..MigrateOptions::default() };
        let mut migration = scans.migrate(options).await.expect("it begins");
        while migration.next().await.expect("it goes on").is_some() {}
        let summary = migration.summary();
        assert_eq!((summary.success, summary.failed), (expected, 0), "{summary:?}");
    }
    let versions = scans.versions().await.expect("it counts");
    assert_eq!(versions.len(), 1, "{versions:?}");
}

#[tokio::test]
async fn what_is_forgotten_cannot_come_back_and_lets_go_of_the_files_only_it_named() {
    let app = second().await;
    let ann = app.user("ann");
    ann.ask("POST", "/scan/migrate/single/one").await.ok();
    // A file that only the content of before named.
    let blobs = app.app().blobs().expect("it has a storage");
    let earlier = blobs.store_bytes("of before".into(), None, Timestamp::now()).await.expect("it is stored");
    let id = &earlier.file_id;
    let name = format!(
        "INSERT INTO ss_blob_ref (model_id, pk, seq, file_id) SELECT model_id, pk, seq, '{id}' FROM ss_original"
    );
    database::execute(app.folder().path(), &name);
    let named = || database::rows(app.folder().path(), "SELECT file_id FROM ss_blob_ref WHERE seq = 2").concat();
    assert_eq!(named().len(), 2);

    let scans = app.app().repository::<v2::Scan>();
    assert_eq!(scans.forget_originals().await.expect("they are forgotten"), 1);
    assert_eq!(named(), [HELLO]);
    is_kept(&app, "forgetting").await;
    ann.ask("POST", "/scan/migrate/rollback/one").await.refused(409, "was not migrated");
    assert_eq!(scans.forget_originals().await.expect("nothing is left"), 0);
}
