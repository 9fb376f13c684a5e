//! Optimistic concurrency: entity tags and what they guard.

use serde_json::json;

use crate::common::{TestApp, User};
use crate::resources;

#[tokio::test]
async fn a_read_sends_a_tag_that_answers_304_until_anything_changes() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    for path in ["", "/full", "/data", "/meta", "/revision-info"] {
        let path = format!("{note}{path}");
        let tag = ann.tag(&path).await;
        let answer = ann.get(&path).if_none_match(&tag).await.is(304);
        assert_eq!((answer.text().as_str(), answer.header("etag")), ("", Some(tag.clone())));
        ann.get(&path).if_none_match(&format!("W/{tag}")).await.is(304);
        ann.get(&path).if_none_match(&format!("\"other\", {tag}")).await.is(304);
        ann.get(&path).if_none_match("*").await.is(304);
        ann.get(&path).if_none_match("\"other\"").await.is(200);
    }
    let tag = ann.tag(&note).await;
    ann.delete(&note).await.ok();
    ann.get(&note).if_none_match(&tag).await.is(404);
    ann.post(&format!("{note}/restore"), json!({})).await.ok();
    let restored = ann.get(&note).if_none_match(&tag).await.is(200);
    assert_ne!(restored.header("etag"), Some(tag), "the metadata changed, so the tag did");
}

#[tokio::test]
async fn a_read_of_an_older_revision_has_a_tag_of_its_own() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    ann.put(&note, json!({"title": "b"})).await.ok();
    let id = note.trim_start_matches("/note/");
    let old = format!("{note}?revision_id={id}:1");
    let (now, then) = (ann.tag(&note).await, ann.tag(&old).await);
    assert_ne!(now, then);
    ann.get(&old).if_none_match(&then).await.is(304);
    ann.get(&old).if_none_match(&now).await.is(200);
    ann.put(&note, json!({"title": "c"})).if_match(&then).await.is(412);
}

/// The forms in which a client may say what it has seen, for a resource that is as it was.
async fn known(user: &User, path: &str) -> Vec<String> {
    let read = user.tag(path).await;
    let (data, _) = read.rsplit_once('+').expect("a read adds the version");
    let (revision, _) = data.split_once('@').expect("a tag has a hash");
    let bare = read.trim_matches('"').to_owned();
    vec![
        format!("{revision}\""),
        format!("{data}\""),
        read.clone(),
        bare,
        format!("\"x\", {read}"),
        format!("\"x\",{read} , \"y\""),
        "*".to_owned(),
    ]
}

/// The forms that never match.
async fn unknown(user: &User, path: &str) -> Vec<String> {
    let read = user.tag(path).await;
    let (data, version) = read.trim_matches('"').rsplit_once('+').expect("a read adds the version");
    let other = version.parse::<i64>().expect("a number") + 1;
    vec![
        "\"stale\"".to_owned(),
        format!("W/{read}"),
        format!("\"{data}+{other}\""),
        format!("\"{data}+\""),
        format!("\"{data}0\""),
        "\"a\", \"b\"".to_owned(),
        "\"\"".to_owned(),
        "\"*\"".to_owned(),
        path.trim_start_matches("/note/").to_owned(),
    ]
}

#[tokio::test]
async fn every_write_of_a_resource_honours_if_match() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    ann.put(&note, json!({"title": "b"})).await.ok();
    let writes = |round: usize| {
        [
            ann.put(&note, json!({"title": format!("put {round}")})),
            ann.patch(&note, json!({"title": format!("patch {round}")})),
            ann.ask("PUT", &format!("{note}?mode=modify&change_status={}", ["draft", "stable"][round % 2])),
            ann.post(&format!("{note}/switch/{}", 1 + round % 2), json!({})),
            ann.delete(&note),
            ann.post(&format!("{note}/restore"), json!({})),
            ann.delete(&format!("{note}/permanently")),
        ]
    };
    for form in unknown(&ann, &note).await {
        let before = app.picture(&["note"]).await;
        for write in writes(0) {
            let refused = write.if_match(&form).await.refused(412, "Precondition failed");
            assert_eq!(refused.detail()["code"], "PRECONDITION_FAILED");
        }
        assert_eq!(app.picture(&["note"]).await, before, "{form}");
    }
    for form in 0..known(&ann, &note).await.len() {
        for (at, write) in writes(form).into_iter().take(5).enumerate() {
            let forms = known(&ann, &note).await;
            write.if_match(&forms[form]).await.is(200);
            // The last of the five was the delete.
            if at == 4 {
                ann.post(&format!("{note}/restore"), json!({})).if_match("*").await.ok();
            }
        }
    }
    let tag = ann.tag(&note).await;
    ann.delete(&format!("{note}/permanently")).if_match(&tag).await.ok();
}

#[tokio::test]
async fn if_match_on_what_does_not_exist_is_404_and_on_a_deleted_one_too() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.put("/note/none", json!({"title": "a"})).if_match("*").await.is(404);
    ann.delete("/note/none").if_match("*").await.is(404);
    let note = ann.created("note", json!({"title": "a"})).await;
    ann.delete(&note).await.ok();
    ann.put(&note, json!({"title": "b"})).if_match("*").await.is(404);
    ann.delete(&note).if_match("\"stale\"").await.is(404);
    ann.post(&format!("{note}/restore"), json!({})).if_match("\"stale\"").await.is(412);
    ann.get(&note).await.is(404);
}

#[tokio::test]
async fn the_parameter_and_the_header_must_agree() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let (tag, before) = (ann.tag(&note).await, app.picture(&["note"]).await);
    let id = note.trim_start_matches("/note/");
    let (right, wrong) =
        (format!("{note}?expected_revision_id={id}:1"), format!("{note}?expected_revision_id={id}:9"));
    ann.put(&right, json!({"title": "b"})).if_match(&tag).await.refused(400, "expected_revision_id");
    ann.put(&wrong, json!({"title": "b"})).await.is(412);
    ann.patch(&wrong, json!({"title": "b"})).await.is(412);
    ann.put(&wrong, json!({"title": "a"})).await.is(412);
    ann.ask("PUT", &format!("{wrong}&mode=modify&change_status=draft")).await.is(412);
    assert_eq!(app.picture(&["note"]).await, before);
    ann.put(&right, json!({"title": "b"})).if_match(&format!("\"{id}:1\"")).await.ok();
}

#[tokio::test]
async fn a_failed_precondition_says_what_is_there() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let id = note.trim_start_matches("/note/");
    let stale = format!("{id}:7");
    let detail =
        ann.put(&note, json!({"title": "b"})).if_match(&format!("\"{stale}\"")).await.is(412).detail();
    assert_eq!(detail["expected_revision_id"], stale.as_str());
    assert_eq!(detail["actual_revision_id"], format!("{id}:1"));
}

#[tokio::test]
async fn a_precondition_speaks_before_a_patch_that_no_longer_fits() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a", "tags": ["x"]})).await;
    let tag = ann.tag(&note).await;
    ann.put(&note, json!({"title": "a"})).await.ok();
    let remove = json!([{"op": "remove", "path": "/tags/0"}]);
    ann.patch(&note, remove.clone()).if_match(&tag).await.is(412);
    ann.patch(&note, remove).await.refused(400, "patch");
}

#[tokio::test]
async fn a_rewrite_in_place_is_seen_by_a_tag_and_not_by_a_revision_id() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let plan = ann.created("plan", json!({"goal": "a"})).await;
    let written = ann.put(&format!("{plan}?mode=modify"), json!({"goal": "b"})).await.is(200);
    let (tag, revision) = (written.header("etag").expect("a tag"), written.json()["revision_id"].clone());
    ann.put(&format!("{plan}?mode=modify"), json!({"goal": "c"})).if_match(&tag).await.ok();
    ann.put(&format!("{plan}?mode=modify"), json!({"goal": "d"})).if_match(&tag).await.is(412);
    let revision = format!("\"{}\"", revision.as_str().expect("an id"));
    ann.put(&format!("{plan}?mode=modify"), json!({"goal": "e"})).if_match(&revision).await.ok();
}

#[tokio::test]
async fn ids_that_cannot_stand_in_a_tag_are_escaped_in_it() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let path = "/note/%22q%22%20%C3%A9%2C%20x";
    ann.put(path, json!({"title": "a"})).if_none_match("*").await.ok();
    let tag = ann.tag(path).await;
    assert!(tag.is_ascii() && !tag.contains(' '), "{tag}");
    ann.get(path).if_none_match(&tag).await.is(304);
    ann.put(path, json!({"title": "b"})).if_match("\"%22q%22:1\"").await.is(412);
    let written = ann.put(path, json!({"title": "b"})).if_match(&tag).await.is(200);
    ann.delete(path).if_match(&written.header("etag").expect("a tag")).await.ok();
}
