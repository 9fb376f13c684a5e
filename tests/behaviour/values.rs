//! Texts and numbers that other systems stumble over: kept exactly, or refused.

use serde_json::json;

use crate::common::TestApp;
use crate::hostile::SQL;
use crate::resources;

#[tokio::test]
async fn any_text_is_stored_and_found_as_it_is() {
    let app = TestApp::new(resources()).await;
    let mut texts: Vec<String> = SQL.map(str::to_owned).into();
    texts.extend(
        [
            "\u{1}\u{7f}\u{85}\u{200b}\u{feff}\u{202e}",
            "\u{10ffff}\u{e000}",
            "\r\n\t\"\\/",
            "%",
            "_",
            "*?[a-z]",
            "é",
            "e\u{301}",
            "ß",
            "İ",
            "\u{d7ff}",
            "",
            " ",
            "null",
            "🦀",
        ]
        .map(str::to_owned),
    );
    for text in &texts {
        let user = app.user("ann");
        let body = json!({"title": text, "tags": [text, "other"], "place": {"city": text}, "text": text});
        let note = user.created("note", body).await;
        let data = user.get(&format!("{note}/data")).await.ok();
        assert_eq!(
            (&data["title"], &data["tags"][0], &data["text"]),
            (&json!(text), &json!(text), &json!(text))
        );
    }
    for text in &texts {
        for (field, operator, value) in [
            ("title", "eq", json!(text)),
            ("title", "in", json!([text])),
            ("tags", "contains", json!(text)),
            ("tags", "contains_any", json!([text])),
            ("place.city", "eq", json!(text)),
        ] {
            let conditions = json!([{"field_path": field, "operator": operator, "value": value}]).to_string();
            let query = [("conditions", conditions.as_str()), ("returns", "only-data")];
            let found = app.user("ann").get("/note").query(&query).await.ok();
            assert_eq!(found.as_array().map(Vec::len), Some(1), "{operator} {text:?}: {found}");
            assert_eq!(found[0]["title"], json!(text));
        }
        for operator in ["contains", "starts_with", "ends_with"] {
            let conditions =
                json!([{"field_path": "title", "operator": operator, "value": text}]).to_string();
            let found = app.user("ann").get("/note/count").query(&[("conditions", &conditions)]).await.ok();
            let expected = texts
                .iter()
                .filter(|title| match operator {
                    "contains" => title.contains(text.as_str()),
                    "starts_with" => title.starts_with(text.as_str()),
                    _ => title.ends_with(text.as_str()),
                })
                .count();
            assert_eq!(found, expected, "{operator} {text:?}");
        }
    }
}

#[tokio::test]
async fn nul_is_refused_where_it_would_be_compared_and_kept_elsewhere() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a", "text": "a\0b"})).await;
    assert_eq!(ann.get(&format!("{note}/data")).await.ok()["text"], "a\0b");
    let before = app.picture(&["note", "account"]).await;
    for (path, body, place) in [
        ("/note", json!({"title": "a\0"}), "$.title"),
        ("/note", json!({"title": "a", "tags": ["x", "\0"]}), "$.tags"),
        ("/note", json!({"title": "a", "place": {"city": "\0a"}}), "$.place.city"),
        ("/account", json!({"email": "a\0"}), "$.email"),
    ] {
        ann.post(path, body).await.refused(422, place);
    }
    ann.patch(&note, json!({"title": "\0"})).await.refused(422, "$.title");
    for (field, operator) in
        [("title", "eq"), ("title", "ne"), ("title", "contains"), ("tags", "contains"), ("title", "regex")]
    {
        for text in ["\0", "a\0", "a\0b"] {
            let conditions = json!([{"field_path": field, "operator": operator, "value": text}]).to_string();
            let found = ann.get("/note/count").query(&[("conditions", &conditions)]).await;
            if found.status() == 200 {
                assert_eq!(found.json(), usize::from(operator == "ne"), "{found}");
            } else {
                found.refused(400, field);
            }
        }
    }
    ann.get("/note?created_bys=ann%00").await.ok();
    assert_eq!(ann.get("/note/count?created_bys=ann%00").await.ok(), 0);
    assert_eq!(app.picture(&["note", "account"]).await, before);
}

#[tokio::test]
async fn texts_that_look_alike_are_unique_apart() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for text in ["a", "a ", " a", "a\u{200b}", "\u{301}a"] {
        ann.created("account", json!({"email": text, "handle": text})).await;
        ann.post("/account", json!({"email": text})).await.refused(409, "email");
        ann.post("/account", json!({"email": format!("other {text}"), "handle": text}))
            .await
            .refused(409, "handle");
    }
    assert_eq!(ann.get("/account/count").await.ok(), 5);
}

#[tokio::test]
async fn numbers_at_the_edge_are_kept_or_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for rank in [i64::MIN, -1, 0, i64::MAX] {
        let note = ann.created("note", json!({"title": "a", "rank": rank})).await;
        assert_eq!(ann.get(&format!("{note}/data")).await.ok()["rank"], rank);
        let conditions = json!([{"field_path": "rank", "operator": "eq", "value": rank}]).to_string();
        assert_eq!(ann.get("/note/count").query(&[("conditions", &conditions)]).await.ok(), 1, "{rank}");
    }
    let body = |number: &str| format!(r#"{{"title": "a", "rank": {number}}}"#);
    for number in ["9223372036854775808", "-9223372036854775809", "1e3", &"9".repeat(1000), "-0.0"] {
        let answer = ann.ask("POST", "/note").body("application/json", body(number)).await;
        answer.is(422).detail();
    }
    for number in ["0.1", "1e-320", "1.7976931348623157e308", "-0.0", "123456789.123456789"] {
        let body = format!(r#"{{"title": "f", "score": {number}}}"#);
        let info = ann.ask("POST", "/note").body("application/json", body).await.ok();
        let id = info["resource_id"].as_str().expect("an id");
        let stored = ann.get(&format!("/note/{id}/data")).await.ok()["score"].as_f64().expect("a number");
        assert_eq!(stored.to_bits(), number.parse::<f64>().expect("a number").to_bits(), "{number}");
    }
}
