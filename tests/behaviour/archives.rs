//! Archives: what leaves comes back as it was, and what is not whole or would break a rule leaves nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use specstar::access::{Action, Decision, Principal, Scope, access_fn};
use specstar::backup::{Backup, ExportOptions, ImportOptions, OnDuplicate};
use specstar::prelude::*;

use crate::common::talk::Answer;
use crate::common::{TestApp, User, database};
use crate::resources;

const OCTETS: &str = "application/octet-stream";

async fn export(user: &User, path: &str) -> Vec<u8> {
    user.get(path).await.is(200).bytes().to_vec()
}

async fn import(user: &User, path: &str, archive: &[u8]) -> Answer {
    user.ask("POST", path).body(OCTETS, archive.to_vec()).await
}

/// Everything of a resource that a client can see, but what counts the changes of the head.
async fn everything(app: &TestApp, path: &str) -> Vec<Value> {
    let root = app.user("root");
    let query = "include_deleted=true";
    let mut all = vec![root.get(&format!("{path}?{query}")).await.ok()];
    let list = root.get(&format!("{path}/revision-list?{query}&limit=100")).await.ok();
    for revision in list["revisions"].as_array().expect("a list") {
        let id = revision["revision_id"].as_str().expect("an id");
        all.push(root.get(&format!("{path}?{query}&revision_id={id}")).await.ok());
    }
    all.push(list);
    all
}

/// A resource whose history has a branch, a draft, a deleted one, and one that refers.
async fn fill(app: &TestApp) -> Vec<String> {
    let ann = app.user("ann").at("2024-05-01T12:00:00.5Z");
    let root = app.user("root").at("2025-01-01T00:00:00Z");
    let branched = ann.created("note", json!({"title": "first", "tags": ["a", "b"], "rank": 3})).await;
    root.put(&branched, json!({"title": "second"})).await.ok();
    root.ask("POST", &format!("{branched}/switch/1")).await.ok();
    root.put(&branched, json!({"title": "third", "place": {"city": "Bern"}})).await.ok();
    let gone = ann.created("note", json!({"title": "gone"})).await;
    root.delete(&gone).await.ok();
    let draft = ann.created("plan", json!({"goal": "draft"})).await;
    let account = ann.created("account", json!({"email": "Ann@x"})).await;
    let id = branched.trim_start_matches("/note/");
    let remark = ann.created("remark", json!({"note": id, "text": "to the first"})).await;
    vec![branched, gone, draft, account, remark]
}

#[tokio::test]
async fn everything_comes_back_as_it_was_in_both_formats() {
    for format in ["ssbak", "acbak"] {
        let app = TestApp::new(resources()).await;
        let paths = fill(&app).await;
        let mut before = Vec::new();
        for path in &paths {
            before.push(everything(&app, path).await);
        }
        let answer = app.user("root").get(&format!("/_backup/export?format={format}")).await;
        let disposition = format!("attachment; filename=\"backup.{format}\"");
        assert_eq!(answer.header("content-disposition"), Some(disposition));
        assert_eq!(answer.header("content-type").as_deref(), Some(OCTETS));
        let archive = answer.is(200).bytes().to_vec();
        let other = TestApp::new(resources()).await;
        let report = import(&other.user("root"), "/_backup/import", &archive).await.ok();
        assert_eq!(report["models"]["note"]["resources"]["created"], 2, "{report}");
        assert_eq!(report["models"]["note"]["revisions"], 4, "{report}");
        for (path, before) in paths.iter().zip(before) {
            assert_eq!(everything(&other, path).await, before, "{path} in {format}");
        }
        // The next revision gets the next number, and the indexes answer.
        let root = other.user("root");
        let next = root.put(&paths[0], json!({"title": "fourth"})).await.ok();
        assert!(next["revision_id"].as_str().expect("an id").ends_with(":4"), "{next}");
        let found = root.get("/note?qb=QB['title'].eq('fourth')").await.ok();
        assert_eq!(found.as_array().map(Vec::len), Some(1));
        root.post("/account", json!({"email": "ann@X"})).await.is(409);
        root.delete(&paths[0]).await.ok();
        root.get(&paths[4]).await.is(404);
    }
}

#[tokio::test]
async fn an_overwrite_replaces_the_whole_history_and_moves_the_version_on() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let path = root.created("note", json!({"title": "old", "tags": ["old"]})).await;
    let before = everything(&app, &path).await;
    let archive = export(&root, "/note/export").await;
    let old_tag = root.tag(&path).await;
    root.put(&path, json!({"title": "new", "tags": ["new"]})).await.ok();
    root.put(&path, json!({"title": "newer"})).await.ok();
    let new_tag = root.tag(&path).await;
    let report = import(&root, "/note/import", &archive).await.ok();
    assert_eq!(report["models"]["note"]["resources"]["overwritten"], 1, "{report}");
    assert_eq!(everything(&app, &path).await, before);
    root.get(&format!("{path}?revision_id=3")).await.is(404);
    let tag = root.tag(&path).await;
    assert!(tag != old_tag && tag != new_tag, "{tag}");
    root.put(&path, json!({"title": "x"})).if_match(&new_tag).await.is(412);
    let tags = root.get("/note?qb=QB['tags'].contains('new')").await.ok();
    assert_eq!(tags.as_array().map(Vec::len), Some(0));
    let feed = root.get(&format!("{path}/changes")).await.ok();
    let kinds: Vec<&str> =
        feed.as_array().expect("a list").iter().filter_map(|c| c["kind"].as_str()).collect();
    assert_eq!(kinds, ["created", "updated", "updated", "imported"]);
}

#[tokio::test]
async fn what_exists_is_replaced_kept_or_refused_as_asked() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let old = root.created("note", json!({"title": "old"})).await;
    let archive = export(&root, "/note/export").await;
    root.put(&old, json!({"title": "new"})).await.ok();
    let before = app.picture(&["note"]).await;
    import(&root, "/note/import?on_duplicate=raise_error", &archive).await.refused(409, "already exists");
    import(&root, "/_backup/import?on_duplicate=raise_error", &archive).await.refused(409, "already exists");
    import(&root, "/note/import?on_duplicate=merge", &archive).await.refused(400, "on_duplicate");
    let report = import(&root, "/note/import?on_duplicate=skip", &archive).await.ok();
    assert_eq!(report["models"]["note"]["resources"]["skipped"], 1);
    let report = import(&root, "/note/import?dry_run=true", &archive).await.ok();
    assert_eq!(report["models"]["note"]["resources"]["overwritten"], 1);
    assert_eq!(app.picture(&["note"]).await, before);
    // The archive of another type has nothing for this one.
    let report = import(&root, "/plan/import", &archive).await.ok();
    assert_eq!(report["models"], json!({}));
}

#[tokio::test]
async fn values_that_are_taken_and_references_that_lead_nowhere_refuse_the_whole_archive() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    root.created("account", json!({"email": "a@x"})).await;
    root.created("account", json!({"email": "b@x"})).await;
    let note = root.created("note", json!({"title": "n"})).await;
    root.created("remark", json!({"note": note.trim_start_matches("/note/")})).await;
    let all = export(&root, "/_backup/export?models=account&models=remark").await;
    let other = TestApp::new(resources()).await;
    let there = other.user("root");
    there.created("account", json!({"email": "B@X"})).await;
    let before = other.picture(&["account", "remark"]).await;
    import(&there, "/account/import", &all).await.refused(409, "email");
    import(&there, "/remark/import", &all).await.refused(422, "note");
    import(&there, "/_backup/import", &all).await.is(409);
    assert_eq!(other.picture(&["account", "remark"]).await, before);
    let report = import(&there, "/_backup/import?dry_run=true", &all).await.ok();
    assert_eq!(report["models"]["account"]["resources"]["failed"], 1, "{report}");
    assert_eq!(report["models"]["remark"]["resources"]["failed"], 1, "{report}");
    assert_eq!(report["models"]["account"]["resources"]["created"], 1, "{report}");
    // With what they refer to, they fit.
    let all = export(&root, "/_backup/export?models=remark&models=note").await;
    import(&there, "/_backup/import", &all).await.ok();
}

#[tokio::test]
async fn unique_values_can_change_places() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let one = root.created("account", json!({"email": "a@x"})).await;
    let two = root.created("account", json!({"email": "b@x"})).await;
    let archive = export(&root, "/account/export").await;
    for (path, email) in [(&one, "c@x"), (&two, "a@x"), (&one, "b@x")] {
        root.put(path, json!({"email": email})).await.ok();
    }
    import(&root, "/account/import", &archive).await.ok();
    assert_eq!(root.get(&format!("{one}/data")).await.ok()["email"], "a@x");
    assert_eq!(root.get(&format!("{two}/data")).await.ok()["email"], "b@x");
}

#[tokio::test]
async fn archives_that_are_cut_changed_or_nothing_of_the_kind_load_nothing() {
    let app = TestApp::new(resources()).await;
    fill(&app).await;
    let other = TestApp::new(resources()).await;
    let before = other.picture(&["note", "plan", "account", "remark"]).await;
    let there = other.user("root");
    for format in ["ssbak", "acbak"] {
        let whole = export(&app.user("root"), &format!("/_backup/export?format={format}")).await;
        for length in (0..whole.len()).step_by(whole.len() / 20) {
            import(&there, "/_backup/import", &whole[..length]).await.refused(400, "at byte");
        }
        import(&there, "/_backup/import", &[&whole[..], b"more"].concat())
            .await
            .refused(400, "behind the end");
    }
    let whole = export(&app.user("root"), "/_backup/export").await;
    for at in (0..whole.len()).step_by(whole.len() / 30) {
        let mut broken = whole.clone();
        broken[at] ^= 0x10;
        import(&there, "/_backup/import", &broken).await.refused(400, "at byte");
    }
    for junk in [&b"junk"[..], b"{\"a\": 1}", &[0; 64]] {
        import(&there, "/_backup/import", junk).await.refused(400, "no archive");
        import(&there, "/note/import", junk).await.refused(400, "no archive");
    }
    there.ask("POST", "/_backup/import").await.is(422);
    assert_eq!(other.picture(&["note", "plan", "account", "remark"]).await, before);
}

#[tokio::test]
async fn the_payload_of_an_archive_must_fit_its_type() {
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(name = "note")]
    struct Other {
        title: i64,
    }
    let app = TestApp::new(resources![Other]).await;
    app.user("root").created("note", json!({"title": 5})).await;
    let archive = export(&app.user("root"), "/note/export").await;
    let other = TestApp::new(resources()).await;
    let refused = import(&other.user("root"), "/note/import", &archive).await;
    refused.refused(400, "$.title");
    assert_eq!(other.user("root").get("/note/count").await.ok(), 0);
}

#[tokio::test]
async fn a_form_carries_an_archive_too() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let path = root.created("note", json!({"title": "n"})).await;
    let archive = export(&root, "/note/export").await;
    root.delete(&format!("{path}/permanently")).await.ok();
    let mut form = b"--xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n\
        --xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
        .to_vec();
    form.extend(&archive);
    form.extend(b"\r\n--xx--\r\n");
    let multipart = "multipart/form-data; boundary=xx";
    root.ask("POST", "/_backup/import").body(multipart, form).await.ok();
    root.get(&path).await.ok();
    let empty = b"--xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--xx--\r\n".to_vec();
    root.ask("POST", "/_backup/import").body(multipart, empty).await.refused(422, "file");
}

#[tokio::test]
async fn an_export_takes_what_its_filter_selects_and_without_one_also_the_deleted() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    root.created("note", json!({"title": "a"})).await;
    root.created("note", json!({"title": "b"})).await;
    let gone = root.created("note", json!({"title": "a"})).await;
    root.delete(&gone).await.ok();
    for (query, resources) in [
        ("", 3),
        ("?qb=QB['title'].eq('a')", 1),
        ("?is_deleted=true", 1),
        ("?created_bys=nobody", 0),
        ("?data_conditions=[{\"field_path\":\"title\",\"operator\":\"eq\",\"value\":\"a\"}]", 2),
    ] {
        let archive = export(&root, &format!("/note/export{query}")).await;
        let report = import(&root, "/note/import?dry_run=true", &archive).await.ok();
        assert_eq!(report["models"]["note"]["resources"]["total"], resources, "{query}");
    }
    root.get("/note/export?qb=QB[").await.is(400);
    root.get("/note/export?qb=QB.all().limit(1)").await.refused(400, "pages");
    root.get("/note/export?limit=1").await.is(422);
    root.get("/note/export?format=zip").await.is(422);
    root.get("/_backup/export?models=nope").await.refused(400, "nope");
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Paper {
    #[indexed]
    owner: String,
}

/// Each has their own; only some may dump or load.
async fn guarded() -> TestApp {
    TestApp::with(resources![Paper, crate::models::Plan], |builder| {
        builder
            .scope(|principal: &Principal| match principal.name() {
                "root" => Scope::All,
                name => Paper::COLUMNS.owner.eq(name).into(),
            })
            .access(access_fn(|request| {
                let backup = Action::DUMP | Action::LOAD;
                match request.principal.name() {
                    "eve" if backup.contains(request.action) => Decision::Deny,
                    "pat" if request.model.id.name == "plan" => Decision::Deny,
                    _ => Decision::Allow,
                }
            }))
    })
    .await
}

#[tokio::test]
async fn nobody_exports_or_imports_without_the_permission_on_each_type() {
    let app = guarded().await;
    let root = app.user("root");
    root.created("paper", json!({"owner": "pat"})).await;
    let all = export(&root, "/_backup/export").await;
    let (eve, pat) = (app.user("eve"), app.user("pat"));
    let before = app.picture(&["paper", "plan"]).await;
    eve.get("/paper/export").await.refused(403, "dump");
    eve.get("/_backup/export").await.refused(403, "dump");
    import(&eve, "/paper/import", &all).await.refused(403, "load");
    import(&eve, "/_backup/import", &all).await.refused(403, "load");
    pat.get("/_backup/export").await.refused(403, "dump");
    import(&pat, "/_backup/import", &all).await.refused(403, "load");
    assert_eq!(app.picture(&["paper", "plan"]).await, before);
    pat.get("/_backup/export?models=paper").await.is(200);
}

#[tokio::test]
async fn what_is_out_of_scope_is_neither_exported_nor_replaced_nor_made() {
    let app = guarded().await;
    let root = app.user("root");
    let own = root.created("paper", json!({"owner": "ann"})).await;
    let hidden = root.created("paper", json!({"owner": "secretly-bob"})).await;
    let all = export(&root, "/paper/export").await;
    let ann = app.user("ann");
    for path in ["/paper/export", "/_backup/export?models=paper", "/paper/export?qb=QB['owner'].ne('x')"] {
        for format in ["ssbak", "acbak"] {
            let separator = if path.contains('?') { '&' } else { '?' };
            let archive = export(&ann, &format!("{path}{separator}format={format}")).await;
            let report = import(&root, "/paper/import?dry_run=true", &archive).await.ok();
            assert_eq!(report["models"]["paper"]["resources"]["total"], 1, "{path}");
            assert!(!archive.windows(12).any(|window| window == b"secretly-bob"));
        }
    }
    let before = app.picture(&["paper"]).await;
    import(&ann, "/paper/import", &all).await.is(403);
    assert_eq!(app.picture(&["paper"]).await, before);
    root.delete(&format!("{hidden}/permanently")).await.ok();
    import(&ann, "/paper/import", &all).await.is(403);
    root.get(&hidden).await.is(404);
    root.get(&own).await.is(200);
}

#[tokio::test]
async fn an_export_shows_one_moment_while_others_write() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    // Each pair of notes has the same rank, changed by one request after the other.
    let first = root.created("note", json!({"title": "first", "rank": 0})).await;
    for number in 0..300 {
        root.created("note", json!({"title": format!("filler {number}"), "text": "x".repeat(2_000)})).await;
    }
    let last = root.created("note", json!({"title": "last", "rank": 0})).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (root, stop, first, last) = (root.clone(), Arc::clone(&stop), first.clone(), last.clone());
        tokio::spawn(async move {
            let mut rank = 0;
            while !stop.load(Ordering::Relaxed) {
                rank += 1;
                root.patch(&first, json!({"rank": rank})).await.ok();
                root.patch(&last, json!({"rank": rank})).await.ok();
            }
            rank
        })
    };
    for _ in 0..5 {
        let archive = export(&root, "/note/export").await;
        let other = TestApp::new(resources()).await;
        import(&other.user("root"), "/note/import", &archive).await.ok();
        let rank = |path: &str| {
            let read = other.user("root").get(&format!("{path}/data"));
            async move { read.await.ok()["rank"].as_i64().expect("a rank") }
        };
        let (first, last) = (rank(&first).await, rank(&last).await);
        assert!(first == last || first == last + 1, "{first} and {last} were never there together");
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.await.expect("the writer") > 0);
}

#[tokio::test]
async fn a_delta_brings_a_copy_up_to_date() {
    let app = TestApp::new(resources()).await;
    let root = app.user("root");
    let kept = root.created("note", json!({"title": "kept"})).await;
    let changed = root.created("note", json!({"title": "old"})).await;
    let removed = root.created("note", json!({"title": "removed"})).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let write = |name: &str| std::fs::File::create(file(name)).expect("a file");
    let base =
        app.app().backup().export(write("base"), ExportOptions::default()).await.expect("it is written");
    root.put(&changed, json!({"title": "new"})).await.ok();
    root.delete(&format!("{removed}/permanently")).await.ok();
    let made = root.created("note", json!({"title": "made"})).await;
    let since = ExportOptions { since: Some(base.token.clone()), ..ExportOptions::default() };
    let delta = app.app().backup().export(write("delta"), since).await.expect("it is written");
    assert_eq!((delta.models["note"].resources, delta.models["note"].purged), (2, 1));
    let copy = TestApp::new(resources()).await;
    let backup = copy.app().backup().acting_as(Principal::user("operator"));
    backup.import(file("base"), ImportOptions::default()).await.expect("it is imported");
    assert!(backup.import(file("delta"), ImportOptions::default()).await.is_err(), "a delta overwrites");
    let options = ImportOptions { on_duplicate: OnDuplicate::Overwrite, ..ImportOptions::default() };
    let report = backup.import(file("delta"), options).await.expect("it is imported");
    assert_eq!(report.models["note"].purged, 1);
    for path in [&kept, &changed, &made] {
        assert_eq!(everything(&copy, path).await, everything(&app, path).await, "{path}");
    }
    copy.user("root").get(&removed).await.is(404);
    // Of another database nothing is known.
    let since = ExportOptions { since: Some(base.token), ..ExportOptions::default() };
    assert!(copy.app().backup().export(write("wrong"), since).await.is_err());
    app.user("root").get("/_backup/export?since=nonsense").await.is(400);
}

#[tokio::test]
async fn a_program_verifies_reads_progress_and_imports_larger_archives_in_batches() {
    let app = TestApp::new(resources()).await;
    let notes = app.app().repository::<crate::models::Note>();
    let text = "x".repeat(60_000);
    for number in 0..400 {
        let note = crate::models::Note {
            title: format!("{number}"),
            rank: Some(number),
            score: 0.0,
            tags: vec![],
            due: None,
            place: None,
            text: text.clone(),
        };
        notes.create(&note).await.expect("it is created");
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("all");
    let file = std::fs::File::create(&path).expect("a file");
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let progress = Arc::clone(&told);
    let options = ExportOptions {
        progress: Some(Arc::new(move |now| progress.lock().expect("not poisoned").push(now))),
        ..ExportOptions::default()
    };
    let report = app.app().backup().export(file, options).await.expect("it is written");
    assert_eq!(report.bytes, path.metadata().expect("a file").len());
    assert_eq!(told.lock().expect("not poisoned").last().map(|now| now.resources), Some(400));
    let verified = Backup::verify(path.clone()).await.expect("it is whole");
    assert_eq!(verified.models["note"].resources, 400);
    assert_eq!(verified.token, Some(report.token));
    let copy = TestApp::new(resources()).await;
    let report = copy.app().backup().import(&path, ImportOptions::default()).await.expect("it is imported");
    assert_eq!(report.models["note"].resources.created, 400);
    assert_eq!(report.archive_hash, verified.archive_hash);
    assert_eq!(copy.user("root").get("/note/count").await.ok(), 400);
    assert!(Backup::verify(folder.path().join("none")).await.is_err());
}

#[tokio::test]
async fn an_archive_is_not_longer_than_the_application_reads() {
    let app = TestApp::with(resources(), |builder| builder.archive_limit(100)).await;
    let root = app.user("root");
    root.created("note", json!({"title": "n"})).await;
    let archive = export(&root, "/note/export").await;
    import(&root, "/note/import", &archive).await.is(413);
}

#[tokio::test]
async fn archives_are_not_bound_by_the_limits_of_other_requests() {
    let app = TestApp::with(resources(), |builder| builder.body_limit(2_000)).await;
    let root = app.user("root");
    for number in 0..50 {
        root.created("note", json!({"title": format!("{number}-{}", uuid_like(number))})).await;
    }
    let archive = export(&root, "/note/export").await;
    assert!(archive.len() > 2_000);
    import(&root, "/note/import", &archive).await.ok();
}

fn uuid_like(seed: u32) -> String {
    (0..40)
        .map(|at| char::from(b'a' + u8::try_from((seed * 7 + at * at * 31 + at) % 26).expect("small")))
        .collect()
}

#[tokio::test]
async fn the_compatible_application_answers_as_the_reference() {
    let app = TestApp::compat(resources()).await;
    let root = app.user("root");
    let path = root.created("note", json!({"title": "n"})).await;
    let answer = root.get("/note/export").await.is(200);
    assert_eq!(answer.header("content-disposition").as_deref(), Some("attachment; filename=\"note.acbak\""));
    assert!(answer.bytes().starts_with(b"\x00\x00\x00\x19\x82\xa1t\xacHeaderRecord\xa7version\x02"));
    root.delete(&format!("{path}/permanently")).await.ok();
    let report = import(&root, "/note/import", answer.bytes()).await.ok();
    assert_eq!(report, json!({"loaded": 1, "skipped": 0, "total": 1}));
    let report = import(&root, "/_backup/import?on_duplicate=skip", answer.bytes()).await.ok();
    assert_eq!(report, json!({"note": {"loaded": 0, "skipped": 1, "total": 1}}));
    let report = import(&root, "/plan/import", answer.bytes()).await.ok();
    assert_eq!(report, json!({"loaded": 0, "skipped": 0, "total": 0}));
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Album {
    title: String,
    #[serde(default)]
    cover: Option<Blob>,
    #[serde(default)]
    pages: Vec<Blob>,
}

/// How many files there are, and how many of them nobody names.
fn held(app: &TestApp) -> (i64, i64) {
    let count = |sql: &str| database::row(app.folder().path(), sql)[0].parse().expect("a count");
    let idle = "SELECT count(*) FROM ss_blob WHERE file_id NOT IN (SELECT file_id FROM ss_blob_ref)";
    (count("SELECT count(*) FROM ss_blob"), count(idle))
}

/// Makes an album with these files, and gives its path.
async fn album(app: &TestApp, cover: &[u8], pages: &[&[u8]]) -> String {
    let album = Album {
        title: "a".into(),
        cover: Some(Blob::from_bytes(cover.to_vec(), "text/plain")),
        pages: pages.iter().map(|page| Blob::from_bytes(page.to_vec(), "image/png")).collect(),
    };
    let made = app.app().repository::<Album>().create(&album).await.expect("it is created");
    format!("/album/{}", made.resource_id)
}

#[tokio::test]
async fn files_come_along_and_belong_to_the_revisions_that_name_them() {
    let large: Vec<u8> = (0..900_000_u32)
        .map(|number| u8::try_from(number % 1_021 * (number % 37) % 251).expect("small"))
        .collect();
    for format in ["ssbak", "acbak"] {
        let app = TestApp::new(resources![Album]).await;
        let root = app.user("root");
        let path = album(&app, b"hello", &[&large]).await;
        let first = root.get(&format!("{path}/data")).await.ok();
        root.put(&path, json!({"title": "b"})).await.ok();
        let archive = export(&root, &format!("/_backup/export?format={format}")).await;
        let other = TestApp::new(resources![Album]).await;
        let there = other.user("root");
        let report = import(&there, "/_backup/import", &archive).await.ok();
        assert_eq!(report["models"]["album"]["blobs"], 2, "{report}");
        assert_eq!(everything(&other, &path).await, everything(&app, &path).await);
        let files =
            [(&first["cover"], &b"hello"[..], "text/plain"), (&first["pages"][0], &large[..], "image/png")];
        for (file, bytes, content_type) in files {
            let file_id = file["file_id"].as_str().expect("an id");
            let read = there.get(&format!("{path}/blobs/{file_id}")).await.is(200);
            assert_eq!(read.bytes(), bytes);
            assert!(
                read.header("content-type").is_some_and(|found| found.starts_with(content_type)),
                "{read}"
            );
        }
        // They are held by the history alone, and go with it.
        assert_eq!(held(&other), (2, 0), "{format}");
        import(&there, "/_backup/import", &archive).await.ok();
        assert_eq!(held(&other), (2, 0), "{format}");
        there.delete(&format!("{path}/permanently")).await.ok();
        assert_eq!(held(&other), (2, 2), "{format}");
    }
}

#[tokio::test]
async fn an_archive_without_the_files_it_names_is_refused_where_they_are_not_stored() {
    let app = TestApp::new(resources![Album]).await;
    album(&app, b"hello", &[]).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("archive");
    let options = ExportOptions { without_blobs: true, ..ExportOptions::default() };
    let file = std::fs::File::create(&path).expect("a file");
    app.app().backup().export(file, options).await.expect("it is written");
    let overwrite = || ImportOptions { on_duplicate: OnDuplicate::Overwrite, ..ImportOptions::default() };
    app.app().backup().import(&path, overwrite()).await.expect("they are stored here");
    let other = TestApp::new(resources![Album]).await;
    let refused =
        other.app().backup().import(&path, overwrite()).await.expect_err("they are not stored there");
    assert!(refused.to_string().contains("names the file"), "{refused}");
    assert_eq!(other.user("root").get("/album/count").await.ok(), 0);
}

#[tokio::test]
async fn an_import_that_was_cut_off_goes_on_where_it_was() {
    let app = TestApp::new(resources()).await;
    let accounts = app.app().repository::<crate::models::Account>();
    for number in 0..1_200 {
        let handle = Some("x".repeat(20_000) + &number.to_string());
        let account = crate::models::Account { email: format!("{number}@x"), handle, visits: 0 };
        accounts.create(&account).await.expect("it is created");
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("all");
    let file = std::fs::File::create(&path).expect("a file");
    app.app().backup().export(file, ExportOptions::default()).await.expect("it is written");
    let copy = TestApp::new(resources()).await;
    let backup = copy.app().backup();
    // Somebody takes a value while the import is at work: when the third pass has begun, all was looked at.
    let passes = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (seen, user) = (Arc::clone(&passes), copy.app().repository::<crate::models::Account>());
    let handle = tokio::runtime::Handle::current();
    let options = ImportOptions {
        progress: Some(Arc::new(move |now| {
            if now.resources == 1 && seen.fetch_add(1, Ordering::Relaxed) == 2 {
                let thief = crate::models::Account { email: "1100@x".into(), handle: None, visits: 0 };
                handle.block_on(user.create(&thief)).expect("it is free");
            }
        })),
        ..ImportOptions::default()
    };
    let failed = backup.import(&path, options).await.expect_err("a value was taken");
    assert!(failed.to_string().contains("1100@x"), "{failed}");
    let stored: i64 = copy.user("root").get("/account/count").await.ok().as_i64().expect("a number");
    assert!((2..1_200).contains(&stored), "{stored}");
    let specstar::Error::ImportStopped { stored: told, total, .. } = &failed else { panic!("{failed}") };
    assert_eq!(
        (i64::try_from(*told).expect("small"), *total),
        (stored - 1, 1_200),
        "the thief came by itself"
    );
    let thief = copy.user("root").get("/account?qb=QB['email'].eq('1100@x')").await.ok();
    let id = thief[0]["meta"]["resource_id"].as_str().expect("an id").to_owned();
    copy.user("root").delete(&format!("/account/{id}/permanently")).await.ok();
    assert!(backup.import(&path, ImportOptions::default()).await.is_err(), "from the beginning, some exist");
    let options = ImportOptions { resume: true, ..ImportOptions::default() };
    let bytes = std::fs::read(&path).expect("it is there");
    let report = import(&copy.user("root"), "/_backup/import?resume=true", &bytes).await.ok();
    assert_eq!(report["models"]["account"]["resources"]["created"], 1_201 - stored, "{report}");
    assert_eq!(copy.user("root").get("/account/count").await.ok(), 1_200);
    assert!(backup.import(&path, options).await.is_err(), "nothing is left to go on with");
}
