//! What an import decides: which files may be named, what goes before what comes, and what of an archive may not fit.

use serde_json::json;
use specstar::backup::{Backup, ExportOptions, ImportOptions, OnDuplicate};
use specstar::prelude::*;
use specstar::runtime::blob::{BlobIds, Digest};
use specstar::runtime::datetime::Timestamp;

use crate::common::talk::Answer;
use crate::common::{TestApp, User};
use crate::models::Account;
use crate::resources;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Album {
    #[serde(default)]
    cover: Option<Blob>,
    #[serde(default)]
    pages: Vec<Blob>,
}

async fn export(user: &User, path: &str) -> Vec<u8> {
    user.get(path).await.is(200).bytes().to_vec()
}

async fn import(user: &User, path: &str, archive: &[u8]) -> Answer {
    user.ask("POST", path).body("application/octet-stream", archive.to_vec()).await
}

/// Writes an archive of the program to a file.
async fn backup(app: &TestApp, options: ExportOptions) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let writer = file.reopen().expect("it opens");
    let report = app.app().backup().export(writer, options).await.expect("it is written");
    (file, report.token)
}

fn overwrite() -> ImportOptions {
    ImportOptions { on_duplicate: OnDuplicate::Overwrite, ..ImportOptions::default() }
}

async fn album(app: &TestApp, cover: &str, pages: Vec<String>) -> String {
    let blob = |text: String| Blob::from_bytes(text.into_bytes(), "text/plain");
    let album = Album { cover: Some(blob(cover.into())), pages: pages.into_iter().map(blob).collect() };
    let made = app.app().repository::<Album>().create(&album).await.expect("it is created");
    format!("/album/{}", made.resource_id)
}

fn looks_random(id: &str) -> bool {
    id.as_bytes()[12] == b'4' && matches!(id.as_bytes()[16], b'8' | b'9' | b'a' | b'b')
}

#[tokio::test]
async fn a_client_may_name_every_file_that_an_archive_brings_and_send_it_again() {
    let app = TestApp::compat(resources![Album]).await;
    let path = album(&app, "cover", (0..300).map(|number| format!("page {number}")).collect()).await;
    let data = app.user("root").get(&format!("{path}/data")).await.ok();
    let ids = data["pages"].as_array().expect("a list").iter().filter_map(|page| page["file_id"].as_str());
    assert!(ids.filter(|id| looks_random(id)).count() > 0, "no id is like a random one");
    for format in ["ssbak", "acbak"] {
        let archive = export(&app.user("root"), &format!("/_backup/export?format={format}")).await;
        let other = TestApp::new(resources![Album]).await;
        let ann = other.user("ann");
        import(&ann, "/_backup/import", &archive).await.ok();
        assert_eq!(ann.get(&format!("{path}/data")).await.ok()["pages"], data["pages"]);
        import(&ann, "/_backup/import", &archive).await.ok();
    }
}

/// An archive with a file whose id looks like a random one, and whose bytes are not those of the id.
async fn planted() -> (String, String, Vec<u8>) {
    let named =
        |number: &u32| looks_random(&BlobIds::Xxh3.id(&Digest::of(format!("real {number}").as_bytes())));
    let real = format!("real {}", (0..10_000).find(named).expect("there is one"));
    let app = TestApp::compat(resources![Album]).await;
    let path = album(&app, &real, vec![]).await;
    let mut archive = export(&app.user("root"), "/_backup/export").await;
    let found = archive.windows(real.len()).position(|window| window == real.as_bytes());
    archive[found.expect("it is there")] = b'R';
    (real, path, archive)
}

#[tokio::test]
async fn a_file_whose_bytes_prove_nothing_comes_in_and_out_but_stands_for_no_others() {
    let (real, path, archive) = planted().await;
    let app = TestApp::new(resources![Album]).await;
    let ann = app.user("ann");
    import(&ann, "/_backup/import", &archive).await.ok();
    import(&ann, "/_backup/import", &archive).await.ok();
    // Our own format takes it too.
    let (file, _) = backup(&app, ExportOptions::default()).await;
    Backup::verify(file.path().to_owned()).await.expect("it is whole");
    let compat = TestApp::compat(resources![Album]).await;
    compat.app().backup().import(file.path(), overwrite()).await.expect("it is imported");
    compat.user("root").get(&path).await.ok();
    // Nobody's upload becomes these bytes.
    let blobs = compat.app().blobs().expect("it has a storage");
    let refused = blobs.store_bytes(real.clone().into(), None, Timestamp::now()).await;
    assert!(refused.expect_err("other bytes").to_string().contains("another file"), "{real}");
    let refused = blobs
        .store_stream(
            futures_util::stream::iter([Ok::<_, specstar::Error>(real.clone().into())]),
            None,
            100,
            Timestamp::now(),
        )
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_file_of_somebody_else_cannot_be_named_by_its_id() {
    let (real, path, archive) = planted().await;
    let app = TestApp::with(resources![Album], |builder| {
        builder.blob_ids(BlobIds::Xxh3).access(specstar::access::access_fn(|request| {
            match request.principal.name() {
                "eve" if request.action == specstar::access::Action::READ_BLOB => {
                    specstar::access::Decision::Deny
                }
                _ => specstar::access::Decision::Allow,
            }
        }))
    })
    .await;
    album(&app, &real, vec![]).await;
    import(&app.user("eve"), "/_backup/import", &archive).await.refused(400, "names the file");
    app.user("root").get(&path).await.is(404);
}

#[tokio::test]
async fn a_history_that_does_not_fit_its_type_any_more_comes_back() {
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(name = "thing")]
    struct Before {
        title: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dropped: Option<i64>,
    }
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(name = "thing")]
    struct After {
        title: String,
        #[indexed]
        size: i64,
    }
    let app = TestApp::new(resources![Before]).await;
    let root = app.user("root");
    let path = root.created("thing", json!({"title": "a"})).await;
    root.put(&path, json!({"title": "b", "size": 5, "dropped": 7})).await.ok();
    let fits = export(&root, "/thing/export").await;
    let other = TestApp::new(resources![After]).await;
    import(&other.user("ann"), "/thing/import", &fits).await.ok();
    let list = other.user("ann").get(&format!("{path}/revision-list")).await.ok();
    assert_eq!(list["revisions"].as_array().map(Vec::len), Some(2), "{list}");
    let found = other.user("ann").get("/thing?qb=QB['size'].eq(5)").await.ok();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    // What is in force has to fit, unless it is the program's own backup.
    let misfit = root.created("thing", json!({"title": "c"})).await;
    let misfits = export(&root, "/thing/export").await;
    let other = TestApp::new(resources![After]).await;
    import(&other.user("ann"), "/thing/import", &misfits).await.refused(400, "size");
    let (file, _) = backup(&app, ExportOptions::default()).await;
    other.app().backup().import(file.path(), overwrite()).await.expect("it is imported");
    assert_eq!(other.user("ann").get("/thing/count").await.ok(), 2);
    other.user("ann").get(&format!("{misfit}/meta")).await.ok();
}

#[tokio::test]
async fn an_alias_does_not_get_around_a_unique_value() {
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(name = "member")]
    struct Before {
        mail: String,
    }
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(name = "member")]
    struct After {
        #[unique]
        #[serde(alias = "mail")]
        email: String,
    }
    let app = TestApp::new(resources![Before]).await;
    let path = app.user("root").created("member", json!({"mail": "a@x"})).await;
    let archive = export(&app.user("root"), "/member/export").await;
    let other = TestApp::new(resources![After]).await;
    let root = other.user("root");
    import(&root, "/member/import", &archive).await.ok();
    assert_eq!(root.get(&format!("{path}/data")).await.ok(), json!({"email": "a@x"}));
    root.post("/member", json!({"email": "a@x"})).await.is(409);
}

/// Makes accounts that are too large for one commit.
async fn many(app: &TestApp) -> Vec<String> {
    let mut paths = Vec::new();
    for number in 0..900 {
        let handle = Some("x".repeat(20_000) + &number.to_string());
        let account = Account { email: format!("{number}@x"), handle, visits: 0 };
        let made = app.app().repository::<Account>().create(&account).await.expect("it is created");
        paths.push(format!("/account/{}", made.resource_id));
    }
    paths
}

#[tokio::test]
async fn what_a_delta_removes_gives_its_unique_values_up() {
    for large in [false, true] {
        let app = TestApp::new(resources()).await;
        let root = app.user("root");
        let gone = root.created("account", json!({"email": "wanted@x"})).await;
        let (base, token) = backup(&app, ExportOptions::default()).await;
        root.delete(&format!("{gone}/permanently")).await.ok();
        let heir = root.created("account", json!({"email": "wanted@x"})).await;
        if large {
            many(&app).await;
        }
        let since = ExportOptions { since: Some(token), ..ExportOptions::default() };
        let (delta, _) = backup(&app, since).await;
        let copy = TestApp::new(resources()).await;
        let backup = copy.app().backup();
        backup.import(base.path(), overwrite()).await.expect("it is imported");
        let report = backup.import(delta.path(), overwrite()).await.expect("it is imported");
        assert_eq!(report.models["account"].purged, 1);
        copy.user("root").get(&gone).await.is(404);
        assert_eq!(copy.user("root").get(&format!("{heir}/data")).await.ok()["email"], "wanted@x");
    }
}

#[tokio::test]
async fn values_that_would_move_against_the_order_of_batches_are_refused_before_anything_is_written() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let paths = many(&app).await;
    let (file, _) = backup(&app, ExportOptions::default()).await;
    let (first, last) = (&paths[0], &paths[899]);
    for (path, email) in [(last, "free@x"), (first, "899@x"), (last, "0@x")] {
        root.patch(path, json!({"email": email})).await.ok();
    }
    let refused = app.app().backup().import(file.path(), overwrite()).await.expect_err("it cannot be done");
    for path in [first, last] {
        assert!(refused.to_string().contains(path.trim_start_matches('/')), "{refused}");
    }
    assert_eq!(root.get(&format!("{first}/data")).await.ok()["email"], "899@x");
    // Without the one that has the value, there is room.
    root.patch(last, json!({"email": "free@x"})).await.ok();
    root.patch(first, json!({"email": "0@x"})).await.ok();
    app.app().backup().import(file.path(), overwrite()).await.expect("it is imported");
    assert_eq!(root.get(&format!("{last}/data")).await.ok()["email"], "899@x");
}

#[tokio::test]
async fn what_something_refers_to_is_not_replaced_by_a_deleted_one_and_not_removed() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let note = root.created("note", json!({"title": "n"})).await;
    let copy = TestApp::new(resources()).await;
    let there = copy.user("root");
    let only = || ExportOptions { models: vec!["note".into()], ..ExportOptions::default() };
    let (base, token) = backup(&app, only()).await;
    copy.app().backup().import(base.path(), overwrite()).await.expect("it is imported");
    let remark = there.created("remark", json!({"note": note.trim_start_matches("/note/")})).await;
    root.delete(&note).await.ok();
    let deleted = export(&root, "/note/export").await;
    import(&there, "/note/import", &deleted).await.refused(409, "refers to it");
    let report = import(&there, "/note/import?dry_run=true", &deleted).await.ok();
    assert_eq!(report["models"]["note"]["resources"]["failed"], 1, "{report}");
    root.delete(&format!("{note}/permanently")).await.ok();
    let (delta, _) = backup(&app, ExportOptions { since: Some(token), ..only() }).await;
    let refused = copy.app().backup().import(delta.path(), overwrite()).await.expect_err("it is referred to");
    assert!(refused.to_string().contains("refers to it"), "{refused}");
    there.get(&note).await.ok();
    there.delete(&format!("{remark}/permanently")).await.ok();
    copy.app().backup().import(delta.path(), overwrite()).await.expect("nothing refers to it");
    there.get(&note).await.is(404);
}

#[tokio::test]
async fn what_is_passed_over_does_not_stand_for_a_target_in_batches_either() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let note = root.created("note", json!({"title": "n"})).await;
    let copy = TestApp::new(resources()).await;
    let (base, _) = backup(&app, ExportOptions::default()).await;
    copy.app().backup().import(base.path(), overwrite()).await.expect("it is imported");
    copy.user("root").delete(&note).await.ok();
    let remark = json!({"note": note.trim_start_matches("/note/"), "text": "x".repeat(20_000)});
    for _ in 0..900 {
        root.created("remark", remark.clone()).await;
    }
    let (file, _) = backup(&app, ExportOptions::default()).await;
    let skip = ImportOptions { on_duplicate: OnDuplicate::Skip, ..ImportOptions::default() };
    let refused = copy.app().backup().import(file.path(), skip).await.expect_err("the note is deleted");
    assert!(refused.to_string().contains("note"), "{refused}");
    assert_eq!(copy.user("root").get("/remark/count").await.ok(), 0);
}

#[tokio::test]
async fn what_stands_before_the_archive_in_a_form_is_limited() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    root.created("note", json!({"title": "n", "text": "x".repeat(200_000)})).await;
    let archive = export(&root, "/note/export?format=acbak").await;
    for (before, status) in [(100, 200), (1 << 20, 400)] {
        let mut form = b"--xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n".to_vec();
        form.resize(form.len() + before, b'y');
        form.extend(b"\r\n--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
        form.extend(&archive);
        form.extend(b"\r\n--xx--\r\n");
        let multipart = "multipart/form-data; boundary=xx";
        root.ask("POST", "/_backup/import").body(multipart, form).await.is(status);
    }
}
