//! One resource, its parts, and its history.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::resources;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn returns_chooses_sections_of_one_and_of_many() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let whole = ann.get(&note).await.ok();
    for (returns, expected) in [
        ("data", vec!["data"]),
        ("meta", vec!["meta"]),
        ("revision_info", vec!["revision_info"]),
        ("revision-info", vec!["revision_info"]),
        ("meta, data", vec!["data", "meta"]),
        ("data,revision_info,meta", vec!["data", "meta", "revision_info"]),
        ("data,data", vec!["data"]),
        ("", vec!["data", "meta", "revision_info"]),
    ] {
        for path in [note.clone(), format!("{note}/full")] {
            let one = ann.get(&path).query(&[("returns", returns)]).await.ok();
            assert_eq!(keys(&one), expected, "{returns}");
            for key in &expected {
                assert_eq!(one[key], whole[key]);
            }
        }
        for path in ["/note", "/note/full"] {
            let many = ann.get(path).query(&[("returns", returns)]).await.ok();
            assert_eq!((keys(&many[0]), &many[0][expected[0]]), (expected.clone(), &whole[expected[0]]));
        }
    }
    for (returns, section) in [
        ("only-data", "data"),
        ("only-meta", "meta"),
        ("only-revision_info", "revision_info"),
        ("only-revision-info", "revision_info"),
    ] {
        assert_eq!(ann.get(&note).query(&[("returns", returns)]).await.ok(), whole[section]);
        assert_eq!(ann.get("/note").query(&[("returns", returns)]).await.ok(), json!([whole[section]]));
    }
    for returns in ["zzz", "data,zzz", "only-zzz", "only-data,meta", "data,only-meta", ",", "DATA"] {
        for path in [note.as_str(), "/note"] {
            ann.get(path).query(&[("returns", returns)]).await.refused(422, "returns");
        }
    }
}

#[tokio::test]
async fn the_aliases_are_sections_and_say_that_they_are_old() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let whole = ann.get(&note).await.is(200);
    assert_eq!(whole.header("deprecation"), None);
    let whole = whole.json();
    for (alias, section) in [("data", "data"), ("meta", "meta"), ("revision-info", "revision_info")] {
        let one = ann.get(&format!("{note}/{alias}")).await.is(200);
        assert_eq!(one.json(), whole[section]);
        assert!(one.header("deprecation").is_some_and(|date| date.starts_with('@')), "{one}");
        let many = ann.get(&format!("/note/{alias}")).await.is(200);
        assert_eq!(many.json(), json!([whole[section]]));
        assert_eq!((many.header("x-has-more"), many.header("deprecation").is_some()), (None, true));
    }
    assert_eq!(ann.get(&format!("{note}/full")).await.ok(), whole);
    assert_eq!(ann.get("/note/full").await.ok(), json!([whole]));
}

#[tokio::test]
async fn partial_selects_fields_of_every_section() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let body =
        json!({"title": "a", "tags": ["x", "y", "z"], "place": {"city": "Rome", "zip": "1"}, "text": "t"});
    let note = ann.created("note", body).await;
    let select = |path: String, partial: &'static [&'static str]| {
        let pairs: Vec<_> = partial.iter().map(|path| ("partial", *path)).collect();
        ann.get(&path).query(&pairs)
    };
    let data = |partial: &'static [&'static str]| select(format!("{note}/data"), partial);
    assert_eq!(data(&["/title"]).await.ok(), json!({"title": "a"}));
    assert_eq!(data(&["title", "place/city"]).await.ok(), json!({"title": "a", "place": {"city": "Rome"}}));
    assert_eq!(data(&["/tags/1"]).await.ok(), json!({"tags": ["y"]}));
    assert_eq!(data(&["/tags/-1"]).await.ok(), json!({"tags": ["z"]}));
    assert_eq!(data(&["/tags/0:2"]).await.ok(), json!({"tags": ["x", "y"]}));
    assert_eq!(data(&["/tags/-"]).await.ok(), json!({"tags": ["x", "y", "z"]}));
    assert_eq!(data(&["/nope", "/title,text"]).await.ok(), json!({}));
    let bracketed = ann.get(&format!("{note}/data")).query(&[("partial[]", "/text")]).await.ok();
    assert_eq!(bracketed, json!({"text": "t"}));
    let mixed = select(note.clone(), &["/title", "meta/total_revision_count", "info/status"]).await.ok();
    assert_eq!(mixed["data"], json!({"title": "a"}));
    assert_eq!(mixed["meta"], json!({"total_revision_count": 1}));
    assert_eq!(mixed["revision_info"], json!({"status": "stable"}));
    let part = select(note.clone(), &["meta/is_deleted"]).await.ok();
    assert_eq!((&part["meta"], &part["data"]["text"]), (&json!({"is_deleted": false}), &json!("t")));
    assert_eq!(select(format!("{note}/meta"), &["created_by"]).await.ok(), json!({"created_by": "ann"}));
    assert_eq!(select(format!("{note}/revision-info"), &["status"]).await.ok(), json!({"status": "stable"}));
    let page = select("/note".to_owned(), &["/title"]).query(&[("returns", "data")]).await.ok();
    assert_eq!(page, json!([{"data": {"title": "a"}}]));
    let history = select(format!("{note}/revision-list"), &["status", "meta/is_deleted"]).await.ok();
    assert_eq!(history["revisions"], json!([{"status": "stable"}]));
    assert_eq!(history["meta"], json!({"is_deleted": false}));
}

#[tokio::test]
async fn a_revision_is_read_by_its_id() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    ann.put(&note, json!({"title": "b"})).await.ok();
    let id = note.trim_start_matches("/note/");
    for alias in ["", "/data", "/revision-info", "/full"] {
        let path = format!("{note}{alias}");
        for wrong in [
            format!("{id}:3"),
            format!("{id}:0"),
            format!("{id}:01"),
            format!("{id}:x"),
            "note:other:1".into(),
        ] {
            ann.get(&path).query(&[("revision_id", &wrong)]).await.refused(404, "not found");
        }
        ann.get(&path).query(&[("revision_id", &format!("{id}:99999999999999999999"))]).await.is(404);
    }
    assert_eq!(ann.get(&format!("{note}/data?revision_id={id}:1")).await.ok()["title"], "a");
    assert_eq!(ann.get(&format!("{note}/data?revision_id=")).await.ok()["title"], "b");
}

#[tokio::test]
async fn a_deleted_resource_is_read_only_on_request() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let id = note.trim_start_matches("/note/");
    ann.delete(&note).await.ok();
    for alias in ["", "/data", "/meta", "/revision-info", "/full", "/revision-list"] {
        ann.get(&format!("{note}{alias}")).await.refused(404, "is deleted");
    }
    for alias in ["", "/data", "/meta", "/full", "/revision-list"] {
        ann.get(&format!("{note}{alias}?include_deleted=true")).await.ok();
        ann.get(&format!("{note}{alias}?include_deleted=perhaps")).await.refused(422, "include_deleted");
    }
    ann.get(&format!("{note}?revision_id={id}:1")).await.refused(404, "is deleted");
    ann.get(&format!("{note}?revision_id={id}:1&include_deleted=yes")).await.ok();
}

#[tokio::test]
async fn history_is_paged_sorted_and_bounded() {
    let app = TestApp::new(resources()).await;
    let note = app.user("ann").at("2024-05-01T00:00:01Z").created("note", json!({"title": "1"})).await;
    for n in 2..=12 {
        let now = format!("2024-05-01T00:00:{n:02}Z");
        app.user("ann").at(&now).put(&note, json!({"title": n.to_string()})).await.ok();
    }
    let history = |query: &str| app.user("ann").get(&format!("{note}/revision-list?{query}"));
    let numbers = |page: &Value| -> Vec<i64> {
        let revisions = page["revisions"].as_array().expect("a list").iter();
        let number = |id: &Value| id.as_str().and_then(|id| id.rsplit(':').next()?.parse().ok());
        revisions.map(|info| number(&info["revision_id"]).expect("a number")).collect()
    };
    let page = history("").await.ok();
    assert_eq!(numbers(&page), (3..=12).rev().collect::<Vec<_>>());
    assert_eq!((&page["total"], &page["has_more"]), (&json!(12), &json!(true)));
    assert_eq!(page["meta"]["total_revision_count"], 12);
    let page = history("limit=5&offset=10").await.ok();
    assert_eq!((numbers(&page), &page["has_more"]), (vec![2, 1], &json!(false)));
    assert_eq!(numbers(&history("sort=created_time&limit=3").await.ok()), [1, 2, 3]);
    let bounded = "created_time_start=2024-05-01T00:00:03Z&created_time_end=2024-05-01T00:00:05";
    assert_eq!(numbers(&history(bounded).await.ok()), [5, 4, 3]);
    let id = note.trim_start_matches("/note/");
    assert_eq!(numbers(&history(&format!("from_revision_id={id}:2")).await.ok()), [2, 1]);
    history(&format!("from_revision_id={id}:40")).await.is(404);
    let huge = u64::MAX;
    assert_eq!(history(&format!("limit={huge}&offset={huge}")).await.ok()["revisions"], json!([]));
    assert_eq!(numbers(&history(&format!("limit={huge}&offset=11")).await.ok()), [1]);
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=1.5", "offset"),
        ("sort=updated_time", "sort"),
        ("created_time_start=yesterday", "created_time_start"),
        ("created_time_end=2024-13-01T00:00:00Z", "created_time_end"),
    ] {
        history(query).await.refused(400, name);
    }
    history("chain_only=2").await.refused(422, "chain_only");
}

#[tokio::test]
async fn a_chain_follows_parents_through_a_switch() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "1"})).await;
    for title in ["2", "3"] {
        ann.put(&note, json!({"title": title})).await.ok();
    }
    ann.post(&format!("{note}/switch/1"), json!({})).await.ok();
    ann.put(&note, json!({"title": "4"})).await.ok();
    let chain = ann.get(&format!("{note}/revision-list?chain_only=true&partial=revision_id")).await.ok();
    let id = note.trim_start_matches("/note/");
    assert_eq!(
        chain["revisions"],
        json!([{"revision_id": format!("{id}:4")}, {"revision_id": format!("{id}:1")}])
    );
    assert_eq!(chain["total"], 2);
}
