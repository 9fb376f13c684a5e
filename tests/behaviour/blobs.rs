//! Files in what is written: their bytes, or the ids of those that are stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::{Value, json};
use specstar::access::{Action, allow};
use specstar::app::SpecStarBuilder;
use specstar::blob::{BlobStorage, Blobs, CollectOptions};
use specstar::datetime::Timestamp;
use specstar::hook::{HookContext, Hooks};
use specstar::prelude::*;
use specstar::store::BlobRecord;
use specstar::{Error, Result};

use crate::common::{TestApp, rounds};

/// `b3-` and BLAKE3 of `hello`.
const HELLO: &str = "b3-ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f";
/// `hello` and `abc` in base64.
const HELLO_64: &str = "aGVsbG8=";
const ABC_64: &str = "YWJj";

/// A picture on paper, or one that is stored.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum Picture {
    Paper { shelf: u32 },
    File(Blob),
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check_album)]
struct Album {
    #[unique]
    title: String,
    #[serde(default)]
    cover: Option<Blob>,
    #[serde(default)]
    pages: Vec<Blob>,
    #[serde(default)]
    by_name: BTreeMap<String, Picture>,
}

fn check_album(album: &Album) -> std::result::Result<(), specstar::resource::ValidationErrors> {
    let tiny = |blob: &Blob| blob.data().is_some_and(|data| data.len() == 1);
    if album.cover.as_ref().is_some_and(tiny) { Err("the cover has one byte".into()) } else { Ok(()) }
}

async fn albums() -> TestApp {
    albums_with(|builder| builder).await
}

/// The program itself stores files here, so that they have no uploader: who may name a file is not what this is about.
async fn albums_with(configure: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder) -> TestApp {
    TestApp::with(resources![Album], |builder| configure(builder.open_blobs(true))).await
}

fn at_once() -> CollectOptions {
    let zero = Duration::ZERO;
    CollectOptions { quarantine_after: zero, remove_after: zero, ..CollectOptions::default() }
}

fn blobs(app: &TestApp) -> &Blobs {
    app.app().blobs().expect("it has a storage")
}

async fn record(app: &TestApp, file_id: &str) -> Option<BlobRecord> {
    blobs(app).find(file_id).await.expect("it can be asked")
}

async fn bytes(app: &TestApp, file_id: &str) -> Vec<u8> {
    let record = record(app, file_id).await.expect("it is stored");
    let stream = blobs(app).open(&record, None).await.expect("it opens");
    stream
        .try_fold(Vec::new(), |mut all, part| async move {
            all.extend(part);
            Ok(all)
        })
        .await
        .expect("it is read")
}

/// How many files there are in the folder of blobs.
fn objects(app: &TestApp) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(&app.folder().path().join("app.db.blobs"))
}

async fn upload(app: &TestApp, bytes: &'static str, content_type: Option<&str>) -> BlobRecord {
    let content_type = content_type.map(str::to_owned);
    blobs(app).store_bytes(bytes.into(), content_type, Timestamp::now()).await.expect("it is stored")
}

#[tokio::test]
async fn the_bytes_of_a_body_are_stored_wherever_they_stand_in_it() {
    let app = albums().await;
    let ann = app.user("ann");
    let body = json!({
        "title": "a",
        "cover": {"data": HELLO_64, "content_type": "text/plain"},
        "pages": [{"data": ABC_64}, {"data": ""}, {}],
        "by_name": {"z": {"data": HELLO_64}, "paper": {"shelf": 5}, "b": {"data": ABC_64, "size": 77}},
    });
    let path = ann.created("album", body).await;
    let data = ann.get(&format!("{path}/data")).await.ok();
    assert_eq!(data["cover"], json!({"file_id": HELLO, "size": 5, "content_type": "text/plain"}));
    assert_eq!(data["by_name"]["z"], json!({"file_id": HELLO, "size": 5}));
    assert_eq!(data["by_name"]["paper"], json!({"shelf": 5}));
    let abc = data["pages"][0]["file_id"].as_str().expect("an id");
    assert_eq!(data["pages"][0], json!({"file_id": abc, "size": 3}));
    assert_eq!(data["pages"][1]["size"], 0);
    assert_eq!(data["pages"][2], json!({}));
    assert_eq!(data["by_name"]["b"], json!({"file_id": abc, "size": 3}), "the size is that of the bytes");
    assert_eq!(bytes(&app, HELLO).await, b"hello");
    assert_eq!(bytes(&app, abc).await, b"abc");
    assert_eq!(objects(&app), 3, "equal bytes are one file");
    assert_eq!(record(&app, HELLO).await.and_then(|file| file.idle_since), None);
}

#[tokio::test]
async fn a_file_that_is_named_must_be_stored_and_what_is_not_said_of_it_is_filled_in() {
    let app = albums().await;
    let ann = app.user("ann");
    upload(&app, "hello", Some("text/plain")).await;
    let cases = [
        (json!({"file_id": HELLO}), json!({"file_id": HELLO, "size": 5, "content_type": "text/plain"})),
        (
            json!({"content_type": "a/b", "file_id": HELLO}),
            json!({"file_id": HELLO, "size": 5, "content_type": "a/b"}),
        ),
        (
            json!({"file_id": HELLO, "size": 9}),
            json!({"file_id": HELLO, "size": 9, "content_type": "text/plain"}),
        ),
        (json!({"content_type": "a/b"}), json!({"content_type": "a/b"})),
    ];
    for (at, (sent, stored)) in cases.into_iter().enumerate() {
        let path = ann.created("album", json!({"title": format!("t{at}"), "cover": sent})).await;
        assert_eq!(ann.get(&format!("{path}/data")).await.ok()["cover"], stored);
    }
    let before = app.picture(&["album"]).await;
    for cover in [
        json!({"file_id": "nope"}),
        json!({"file_id": "nope", "size": 1, "content_type": "a/b"}),
        json!({"file_id": ""}),
    ] {
        let refused = ann.post("/album", json!({"title": "x", "cover": cover})).await;
        let file_id = format!("'{}'", cover["file_id"].as_str().expect("an id"));
        refused.refused(400, &file_id);
    }
    let id = ann.get("/album?returns=only-meta").await.ok()[0]["resource_id"].clone();
    let path = format!("/album/{}", id.as_str().expect("an id"));
    ann.put(&path, json!({"title": "x", "cover": {"file_id": "nope"}})).await.refused(400, "'nope'");
    ann.patch(&path, json!({"pages": [{"file_id": "p"}, {"file_id": "q"}]})).await.refused(400, "'p', 'q'");
    assert_eq!(app.picture(&["album"]).await, before);
}

#[tokio::test]
async fn bytes_with_an_id_must_be_those_of_the_id_and_base64_must_be_base64() {
    let app = albums().await;
    let ann = app.user("ann");
    let both = |file_id: &str| json!({"title": "a", "pages": [{"data": HELLO_64, "file_id": file_id}]});
    ann.post("/album", both("other")).await.refused(422, "`$.pages[0]`");
    ann.post("/album", json!({"title": "a", "cover": {"data": "!!!"}})).await.refused(422, "`$.cover.data`");
    ann.post("/album", json!({"title": "a", "pages": [{}, {"data": "YWJ"}]}))
        .await
        .refused(422, "`$.pages[1].data`");
    ann.post("/album", json!({"title": "a", "cover": [HELLO]})).await.refused(422, "$.cover");
    ann.post("/album", json!({"title": "a", "cover": {"size": -1}})).await.refused(422, "`$.cover.size`");
    assert_eq!(objects(&app), 0);
    ann.post("/album", both(HELLO)).await.ok();
    assert_eq!(bytes(&app, HELLO).await, b"hello");
}

#[tokio::test]
async fn names_that_a_blob_does_not_have_are_refused_and_those_of_its_bytes_are_not() {
    let app = albums().await;
    let ann = app.user("ann");
    let pages: Vec<Value> = (0..40).map(|_| json!({"data": ABC_64, "content_type": "a/b"})).collect();
    ann.post("/album", json!({"title": "a", "pages": pages})).await.ok();
    let mut pages = pages;
    pages[39]["dato"] = "x".into();
    ann.post("/album", json!({"title": "b", "pages": pages})).await.refused(422, "$.pages[39].dato");
    let compat = TestApp::compat(resources![Album]).await;
    let path = compat.user("ann").created("album", json!({"title": "b", "pages": pages})).await;
    let read = compat.user("ann").get(&format!("{path}/data")).await.ok();
    assert_eq!(
        read["pages"][39],
        json!({"file_id": "06b05ab6733a618578af5f94892f3950", "size": 3, "content_type": "a/b"})
    );
}

#[tokio::test]
async fn what_is_refused_or_changes_nothing_stores_no_bytes() {
    let rule = allow(Action::FULL).to_users(["ann"]);
    let app = TestApp::with(resources![Album], |builder| builder.access(rule)).await;
    let ann = app.user("ann");
    let body = json!({"title": "a", "cover": {"data": HELLO_64}});
    app.user("bob").post("/album", body.clone()).await.is(403);
    ann.post("/album", json!({"title": "a", "cover": {"data": "AA=="}})).await.refused(422, "one byte");
    ann.post("/album", json!({"title": "a", "cover": {"data": HELLO_64}, "x": 1})).await.is(422);
    ann.put("/album/a", body.clone()).await.is(404);
    assert_eq!(objects(&app), 0);

    let path = ann.created("album", body.clone()).await;
    let other = json!({"title": "a", "cover": {"data": ABC_64}});
    app.user("bob").put(&path, other.clone()).await.is(403);
    ann.put(&path, other.clone()).if_match("\"album:x:9\"").await.is(412);
    ann.put(&path, other).if_none_match("*").await.is(412);
    ann.patch(&path, json!({"cover": {"data": "AA=="}})).await.refused(422, "one byte");
    assert_eq!(objects(&app), 1);
    let again = ann.put(&path, body).await;
    assert_eq!(again.header("x-unchanged").as_deref(), Some("true"), "{again}");
    assert_eq!(ann.get(&format!("{path}/meta")).await.ok()["total_revision_count"], 1);
}

#[tokio::test]
async fn each_revision_keeps_its_files_until_it_is_gone() {
    let app = albums().await;
    let ann = app.user("ann");
    let path = ann.created("album", json!({"title": "a", "cover": {"data": HELLO_64}})).await;
    ann.patch(&path, json!({"cover": {"data": ABC_64}})).await.ok();
    let operations = json!([{"op": "add", "path": "/pages/0", "value": {"data": "eHl6"}}]);
    ann.patch(&path, operations).header("content-type", "application/json-patch+json").await.ok();
    ann.patch(&path, json!({"cover": null, "pages": []})).await.ok();
    let everything = app.app().collect_blobs(&at_once()).await.expect("it collects");
    assert_eq!((everything.removed, objects(&app)), (0, 3), "revisions of any age count");

    // Back and forth, no bytes are sent again.
    ann.ask("POST", &format!("{path}/switch/1")).await.ok();
    assert_eq!(ann.get(&format!("{path}/data")).await.ok()["cover"]["file_id"], HELLO);
    ann.ask("POST", &format!("{path}/switch/4")).await.ok();
    ann.delete(&path).await.ok();
    ann.ask("POST", &format!("{path}/restore")).await.ok();
    let id = path.trim_start_matches("/album/");
    app.app().repository::<Album>().undo(id, "4").await.expect("it is taken back");
    let data = ann.get(&format!("{path}/data")).await.ok();
    assert_eq!((data["pages"][0]["size"].as_i64(), data["cover"]["size"].as_i64()), (Some(3), Some(3)));

    let albums = app.app().repository::<Album>();
    albums.prune(id, specstar::timeline::Keep::Last(1)).await.expect("it is pruned");
    let collected = app.app().collect_blobs(&at_once()).await.expect("it collects");
    assert_eq!((collected.removed, objects(&app)), (1, 2), "only the first revision had `hello`");
    assert_eq!(record(&app, HELLO).await, None);
    ann.delete(&format!("{path}/permanently")).await.ok();
    app.app().collect_blobs(&at_once()).await.expect("it collects");
    assert_eq!(objects(&app), 0);
}

#[tokio::test]
async fn a_draft_that_is_rewritten_lets_its_old_file_go() {
    let app = albums().await;
    let ann = app.user("ann");
    let body = |data: &str| json!({"title": "a", "cover": {"data": data}});
    let path = ann.created("album", body(HELLO_64)).await;
    ann.ask("PUT", &format!("{path}?mode=modify&change_status=draft")).await.ok();
    ann.put(&format!("{path}?mode=modify"), body(ABC_64)).await.ok();
    assert_eq!(ann.get(&format!("{path}/meta")).await.ok()["total_revision_count"], 1);
    assert!(record(&app, HELLO).await.and_then(|file| file.idle_since).is_some());
    app.app().collect_blobs(&at_once()).await.expect("it collects");
    assert_eq!(objects(&app), 1);
}

#[tokio::test]
async fn what_a_revision_says_of_a_file_does_not_change_with_what_others_say_of_it() {
    let app = albums().await;
    let ann = app.user("ann");
    let path = ann.created("album", json!({"title": "a", "cover": {"data": HELLO_64}})).await;
    upload(&app, "hello", Some("text/html")).await;
    ann.patch(&path, json!({"title": "b"})).await.ok();
    assert_eq!(ann.get(&format!("{path}/data")).await.ok()["cover"], json!({"file_id": HELLO, "size": 5}));
    let whole = json!({"title": "c", "cover": {"file_id": HELLO, "size": 5}});
    ann.put(&path, whole.clone()).await.ok();
    assert_eq!(ann.get(&format!("{path}/data")).await.ok()["cover"], whole["cover"]);
}

#[tokio::test]
async fn a_patch_that_puts_another_file_in_a_place_takes_nothing_over_from_the_old_one() {
    let app = albums().await;
    let ann = app.user("ann");
    let abc = upload(&app, "abc", Some("a/b")).await.file_id;
    let (first, second) = (json!({"data": HELLO_64, "content_type": "text/plain"}), json!({"data": ""}));
    let body = json!({"title": "a", "cover": first, "pages": [second, first]});
    let path = ann.created("album", body).await;
    ann.patch(&path, json!({"cover": {"file_id": abc}})).await.ok();
    let operations = json!([{"op": "replace", "path": "/pages/1/file_id", "value": abc}]);
    ann.patch(&path, operations).header("content-type", "application/json-patch+json").await.ok();
    let read = ann.get(&format!("{path}/data")).await.ok();
    let expected = json!({"file_id": abc, "size": 3, "content_type": "a/b"});
    assert_eq!((&read["cover"], &read["pages"][1]), (&expected, &expected));
    ann.patch(&path, json!({"cover": {"file_id": HELLO, "content_type": "x/y"}})).await.ok();
    let read = ann.get(&format!("{path}/data")).await.ok();
    assert_eq!(read["cover"], json!({"file_id": HELLO, "size": 5, "content_type": "x/y"}));
    // Its own id is in the way of nothing, another one is.
    ann.patch(&path, json!({"cover": {"data": HELLO_64, "file_id": abc}})).await.refused(422, "`$.cover`");
    ann.patch(&path, json!({"cover": {"data": ABC_64}})).await.ok();
    let read = ann.get(&format!("{path}/data")).await.ok();
    assert_eq!(read["cover"], json!({"file_id": abc, "size": 3, "content_type": "x/y"}));
}

#[tokio::test]
async fn a_document_has_at_most_a_thousand_blobs() {
    let app = albums().await;
    let ann = app.user("ann");
    let abc = upload(&app, "abc", None).await.file_id;
    let album =
        |title: &str, pages: usize| json!({"title": title, "pages": vec![json!({"file_id": abc}); pages]});
    let path = ann.created("album", album("a", 1_000)).await;
    assert_eq!(ann.get(&format!("{path}/data")).await.ok()["pages"][999]["size"], 3);
    // What was said of a file is kept, wherever it is named.
    ann.put(&path, album("a", 999)).await.ok();
    let refused = ann.post("/album", album("b", 1_001)).await;
    refused.refused(422, "at most 1000 blobs, and this one has 1001");
    let operations = json!([{"op": "add", "path": "/cover", "value": {"file_id": abc}},
        {"op": "add", "path": "/pages/-", "value": {"file_id": abc}}]);
    ann.patch(&path, operations)
        .header("content-type", "application/json-patch+json")
        .await
        .refused(422, "at most 1000 blobs");
    assert_eq!(ann.get("/album/count").await.ok(), json!(1));
}

#[tokio::test]
async fn bytes_that_are_lost_come_back_with_another_upload() {
    let app = albums().await;
    let ann = app.user("ann");
    let path = ann.created("album", json!({"title": "a", "cover": {"data": HELLO_64}})).await;
    let file = format!("{path}/blobs/{HELLO}");
    let object = |record: BlobRecord| blobs(&app).storage().path().expect("a folder").join(record.key);
    let inline = ann.post("/album", json!({"title": "b", "cover": {"data": HELLO_64}}));
    let form =
        "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhello\r\n--B--\r\n";
    let form = ann.ask("POST", "/blobs/upload").body("multipart/form-data; boundary=B", form);
    for (again, cut) in [(inline, false), (form, true)] {
        let lost = object(record(&app, HELLO).await.expect("it is known"));
        if cut {
            std::fs::write(&lost, "hel").expect("it is cut off");
        } else {
            std::fs::remove_file(&lost).expect("it is removed");
        }
        again.await.ok();
        assert_eq!(ann.get(&file).await.is(200).text(), "hello");
        assert!(!lost.exists(), "what was left of it is removed");
        assert_eq!(objects(&app), 1);
    }
}

#[tokio::test]
async fn an_application_without_a_storage_takes_no_bytes() {
    let app = albums_with(SpecStarBuilder::without_blobs).await;
    let ann = app.user("ann");
    ann.post("/album", json!({"title": "a", "cover": {"data": HELLO_64}}))
        .await
        .refused(400, "no blob storage");
    ann.post("/album", json!({"title": "a", "cover": {"file_id": HELLO}})).await.refused(400, HELLO);
    ann.post("/album", json!({"title": "a", "cover": {}})).await.ok();
    assert!(matches!(app.app().blobs(), Err(Error::NoBlobStorage)));
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_and_nothing_is_written() {
    let app = albums_with(|builder| builder.blob_limit(4)).await;
    let ann = app.user("ann");
    ann.post("/album", json!({"title": "a", "cover": {"data": HELLO_64}})).await.is(413);
    assert_eq!((ann.get("/album/count").await.ok(), objects(&app)), (json!(0), 0));
    ann.post("/album", json!({"title": "a", "cover": {"data": ABC_64}})).await.ok();
}

#[tokio::test]
async fn a_storage_that_fails_fails_the_write_with_503_and_tells_no_path() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), "a file").expect("it is written");
    let storage = BlobStorage::folder(folder.path().join("secret/blobs"));
    let app = albums_with(|builder| builder.blobs(storage)).await;
    let ann = app.user("ann");
    let failed = ann.post("/album", json!({"title": "a", "cover": {"data": HELLO_64}})).await.is(503);
    assert!(failed.header("retry-after").is_some() && !failed.text().contains("secret"), "{failed}");
    assert_eq!(ann.get("/album/count").await.ok(), 0);
    ann.post("/album", json!({"title": "a"})).await.ok();
}

/// Makes the title of every album end in an exclamation mark, and gives one without a cover one.
struct Decorator;

impl Hooks<Album> for Decorator {
    async fn before_create(&self, _: &mut HookContext<'_>, new: &mut Album) -> Result<()> {
        new.title.push('!');
        new.cover.get_or_insert_with(|| Blob::from_bytes("blank", "text/plain"));
        Ok(())
    }
}

#[tokio::test]
async fn hooks_see_files_by_their_ids_and_may_bring_bytes_of_their_own() {
    let app = albums_with(|builder| builder.hooks(Decorator)).await;
    let ann = app.user("ann");
    let path = ann.created("album", json!({"title": "a", "pages": [{"data": HELLO_64}]})).await;
    let data = ann.get(&format!("{path}/data")).await.ok();
    assert_eq!((&data["title"], &data["pages"][0]["file_id"]), (&json!("a!"), &json!(HELLO)));
    assert_eq!(bytes(&app, HELLO).await, b"hello");
    assert_eq!(bytes(&app, data["cover"]["file_id"].as_str().expect("an id")).await, b"blank");
}

#[tokio::test]
async fn a_program_writes_bytes_and_reads_what_is_known_of_them() -> Result<()> {
    let app = albums().await;
    let albums = app.app().repository::<Album>();
    let cover = Some(Blob::from_bytes("hello", "text/plain"));
    let album = Album { title: "a".into(), cover, pages: vec![], by_name: BTreeMap::new() };
    let written = albums.create(&album).await?;
    let mut stored = albums.get(&written.resource_id).await?.data;
    let cover = stored.cover.as_ref().expect("it has one");
    assert_eq!(
        (cover.file_id(), cover.size(), cover.content_type()),
        (Some(HELLO), Some(5), Some("text/plain"))
    );
    assert_eq!(cover.data(), None);
    assert_eq!(bytes(&app, HELLO).await, b"hello");

    stored.pages.push(Blob::stored(HELLO));
    let again = albums.update(&written.resource_id, &stored).await?;
    assert_eq!(again.revision.seq, 2);
    let stored = albums.get(&written.resource_id).await?.data;
    assert_eq!(stored.pages[0], stored.cover.expect("it has one"));
    Ok(())
}

#[tokio::test]
async fn the_document_describes_a_file_as_the_reference_does() {
    let app = albums().await;
    let document = app.user("ann").get("/openapi.json").await.ok();
    let binary = &document["components"]["schemas"]["Binary"];
    let mut names: Vec<&String> = binary["properties"].as_object().expect("properties").keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["content_type", "data", "file_id", "size"]);
    assert_eq!(binary["properties"]["data"]["contentEncoding"], "base64");
    assert!(binary.get("required").is_none());
    assert!(document["components"]["schemas"]["Album"].to_string().contains("#/components/schemas/Binary"));
}

/// Creates with the same bytes, uploads and collections that wait for nothing, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_create_is_answered_whose_file_a_collection_has_removed() {
    let app = Arc::new(albums().await);
    let rounds = rounds("SPECSTAR_BLOB_ROUNDS", 25);
    // A file is only removed in a moment in which none of them names it: on a busy machine that may take more rounds.
    let removed = Arc::new(AtomicUsize::new(0));
    let most = 20 * rounds;
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..3 {
        let (app, removed) = (Arc::clone(&app), Arc::clone(&removed));
        tasks.spawn(async move {
            let ann = app.user("ann");
            let (mut named, mut refused) = (0, 0);
            for round in 0..most {
                if round >= rounds && removed.load(Ordering::Relaxed) > 0 {
                    break;
                }
                let title = format!("{worker}-{round}");
                let inline = round % 2 == 0;
                let cover = if inline { json!({"data": HELLO_64}) } else { json!({"file_id": HELLO}) };
                if !inline {
                    upload(&app, "hello", None).await;
                }
                let answer = ann.post("/album", json!({"title": title, "cover": cover})).await;
                if answer.status() == 400 && !inline {
                    refused += 1;
                    continue;
                }
                let id = answer.ok()["resource_id"].as_str().expect("an id").to_owned();
                assert_eq!(bytes(&app, HELLO).await, b"hello", "{id} names it");
                named += 1;
                ann.delete(&format!("/album/{id}/permanently")).await.ok();
            }
            (named, refused)
        });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let (collector, stopped, count) = (Arc::clone(&app), Arc::clone(&stop), Arc::clone(&removed));
    let collections = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            let collected = collector.app().collect_blobs(&at_once()).await.expect("it collects");
            count.fetch_add(collected.removed, Ordering::Relaxed);
        }
    });
    let mut named = 0;
    while let Some(done) = tasks.join_next().await {
        named += done.expect("it works").0;
    }
    stop.store(true, Ordering::Relaxed);
    collections.await.expect("it works");
    let removed = removed.load(Ordering::Relaxed);
    assert!(named > 0 && removed > 0, "{named} named, {removed} removed");
    app.app().collect_blobs(&at_once()).await.expect("it collects");
    assert_eq!(objects(&app), 0);
}
