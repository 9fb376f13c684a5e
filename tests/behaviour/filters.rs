//! Lists, counts, filters and sorts, on what the recorded cases leave out.

use serde_json::{Value, json};

use crate::common::{TestApp, User};
use crate::resources;

async fn sample() -> TestApp {
    let app = TestApp::new(resources()).await;
    for (at, body) in [
        json!({"title": "alpha", "rank": 1, "score": 0.5, "tags": ["x", "y"], "place": {"city": "Rome"}}),
        json!({"title": "Beta", "rank": null, "score": 2, "tags": [], "due": "2024-05-01T02:00:00+02:00"}),
        json!({"title": "gamma", "rank": -3, "score": -1e300, "tags": ["y"], "due": "2024-05-01T00:00:01Z"}),
        json!({"title": "δέλτα%_", "rank": 7, "tags": ["X"], "place": {"city": "Roma", "zip": "1"}}),
    ]
    .into_iter()
    .enumerate()
    {
        let now = format!("2024-05-01T00:00:0{at}Z");
        app.user(["ann", "bob"][at % 2]).at(&now).created("note", body).await;
    }
    app
}

async fn titles(user: &User, query: &[(&str, &str)]) -> Vec<String> {
    let page = user.get("/note?returns=only-data").query(query).await.ok();
    let title = |data: &Value| data["title"].as_str().expect("a title").to_owned();
    page.as_array().expect("a list").iter().map(title).collect()
}

async fn found(user: &User, field: &str, operator: &str, value: Value) -> Vec<String> {
    let conditions = json!([{"field_path": field, "operator": operator, "value": value}]).to_string();
    let query = [("conditions", conditions.as_str())];
    let found = titles(user, &query).await;
    let count = user.get("/note/count").query(&query).await.ok();
    assert_eq!(count, found.len(), "count and list agree about {conditions}");
    found
}

#[tokio::test]
async fn list_and_count_agree_about_every_operator() {
    let app = sample().await;
    let ann = app.user("ann");
    assert_eq!(found(&ann, "rank", "gt", json!(0)).await, ["alpha", "δέλτα%_"]);
    assert_eq!(found(&ann, "rank", "ne", json!(1)).await, ["gamma", "δέλτα%_"], "null is unknown");
    assert_eq!(found(&ann, "rank", "is_null", json!(true)).await, ["Beta"]);
    assert_eq!(found(&ann, "rank", "not_in", json!([1, 7])).await, ["gamma"]);
    assert_eq!(found(&ann, "title", "contains", json!("%_")).await, ["δέλτα%_"]);
    assert_eq!(found(&ann, "title", "contains", json!("A")).await, Vec::<String>::new());
    assert_eq!(found(&ann, "title", "starts_with", json!("δέ")).await, ["δέλτα%_"]);
    assert_eq!(found(&ann, "title", "ends_with", json!("a")).await, ["alpha", "Beta", "gamma"]);
    assert_eq!(found(&ann, "title", "regex", json!("^.{4,5}$")).await, ["alpha", "Beta", "gamma"]);
    assert_eq!(found(&ann, "tags", "contains", json!("x")).await, ["alpha"]);
    assert_eq!(found(&ann, "tags", "contains_any", json!(["X", "y"])).await, ["alpha", "gamma", "δέλτα%_"]);
    assert_eq!(found(&ann, "place.city", "starts_with", json!("Rom")).await, ["alpha", "δέλτα%_"]);
    assert_eq!(found(&ann, "place.city", "isna", json!(true)).await, ["Beta", "gamma"]);
    assert_eq!(found(&ann, "due", "eq", json!("2024-05-01T00:00:00Z")).await, ["Beta"], "the instant counts");
    assert_eq!(found(&ann, "score", "lte", json!(-1e300)).await, ["gamma"]);
    assert_eq!(found(&ann, "created_by", "eq", json!("bob")).await, ["Beta", "δέλτα%_"]);
    assert_eq!(found(&ann, "total_revision_count", "gte", json!(1)).await.len(), 4);
    assert_eq!(found(&ann, "created_time", "lt", json!("2024-05-01T00:00:01Z")).await, ["alpha"]);
}

#[tokio::test]
async fn filters_meet_and_pages_join() {
    let app = sample().await;
    let ann = app.user("ann");
    let query =
        [("created_bys", "bob"), ("created_bys", "eve"), ("created_time_start", "2024-05-01T00:00:02")];
    assert_eq!(titles(&ann, &query).await, ["δέλτα%_"]);
    assert_eq!(titles(&ann, &[("rev_statuses", "draft")]).await, Vec::<String>::new());
    assert_eq!(titles(&ann, &[("rev_statuses", "draft"), ("rev_statuses", "stable")]).await.len(), 4);
    let sorts = json!([{"type": "data", "field_path": "rank", "direction": "+"}]).to_string();
    let sorted = ["Beta", "gamma", "alpha", "δέλτα%_"];
    assert_eq!(titles(&ann, &[("sorts", &sorts)]).await, sorted, "nulls first");
    let down = sorts.replace('+', "-");
    assert_eq!(titles(&ann, &[("sorts", &down)]).await, ["δέλτα%_", "alpha", "gamma", "Beta"]);
    let mut joined = Vec::new();
    for page in 0..3 {
        let offset = (2 * page).to_string();
        joined.extend(titles(&ann, &[("sorts", &sorts), ("limit", "2"), ("offset", &offset)]).await);
    }
    assert_eq!(joined, sorted);
    assert_eq!(titles(&ann, &[]).await, ["alpha", "Beta", "gamma", "δέλτα%_"], "in the order of creation");
    let end = ann.get("/note?limit=4&with_total=1").await.is(200);
    assert_eq!(
        (end.header("x-has-more"), end.header("x-total-count")),
        (Some("false".into()), Some("4".into()))
    );
    let more = ann.get("/note?limit=3").await.is(200);
    assert_eq!((more.header("x-has-more"), more.header("x-total-count")), (Some("true".into()), None));
    assert_eq!(titles(&ann, &[("limit", "1"), ("limit", "2")]).await.len(), 2, "the last one counts");
}

#[tokio::test]
async fn filters_follow_what_changes() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a", "tags": ["x"], "rank": 1})).await;
    ann.put(&note, json!({"title": "b", "tags": ["y"]})).await.ok();
    assert_eq!(found(&ann, "tags", "contains", json!("x")).await, Vec::<String>::new());
    assert_eq!(found(&ann, "tags", "contains", json!("y")).await, ["b"]);
    assert_eq!(found(&ann, "rank", "is_null", json!(true)).await, ["b"]);
    ann.ask("POST", &format!("{note}/switch/1")).await.ok();
    assert_eq!(found(&ann, "tags", "contains", json!("x")).await, ["a"]);
    assert_eq!(found(&ann, "rank", "eq", json!(1)).await, ["a"]);
    ann.delete(&note).await.ok();
    assert_eq!(found(&ann, "rank", "eq", json!(1)).await, Vec::<String>::new());
    assert_eq!(titles(&ann, &[("is_deleted", "yes")]).await, ["a"]);
    ann.delete(&format!("{note}/permanently")).await.ok();
    assert_eq!(titles(&ann, &[("is_deleted", "1")]).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused_by_name() {
    let app = sample().await;
    let ann = app.user("ann");
    let condition = |field: &str, operator: &str, value: Value| {
        ("conditions", json!([{"field_path": field, "operator": operator, "value": value}]).to_string())
    };
    for ((name, value), status, says) in [
        (condition("rank", "gt", json!("x")), 400, "rank"),
        (condition("due", "contains", json!("x")), 400, "due"),
        (condition("title", "regex", json!("(")), 400, "unclosed group"),
        (condition("title", "like", json!("x")), 400, "like"),
        (condition("title", "in", json!("x")), 400, "wants a list"),
        (condition("tags", "starts_with", json!("x")), 400, "tags"),
        (condition("nope", "eq", json!(1)), 400, "nope"),
        (condition("due", "gt", json!("soon")), 400, "due"),
        (("conditions", "{".into()), 400, "conditions"),
        (("conditions", "{}".into()), 400, "conditions"),
        (("conditions", "null".into()), 400, "conditions"),
        (("conditions", "[1]".into()), 400, "conditions"),
        (("data_conditions", r#"[{"field_path": "rank"}]"#.into()), 400, "operator"),
        (
            ("data_conditions", r#"[{"field_path": "created_by", "operator": "eq", "value": 1}]"#.into()),
            400,
            "created_by",
        ),
        (("sorts", "x".into()), 400, "sorts"),
        (("sorts", r#"[{"type": "meta", "key": "zzz", "direction": "+"}]"#.into()), 400, "zzz"),
        (("sorts", r#"[{"type": "data", "field_path": "title", "direction": "up"}]"#.into()), 400, "up"),
        (("sorts", r#"[{"type": "data", "field_path": "tags", "direction": "+"}]"#.into()), 400, "tags"),
        (("created_time_start", "noon".into()), 400, "created_time_start"),
        (("rev_updated_time_end", "2024".into()), 400, "rev_updated_time_end"),
        (("rev_statuses", "final".into()), 422, "rev_statuses"),
        (("limit", "0".into()), 422, "limit"),
        (("limit", "-1".into()), 422, "limit"),
        (("limit", String::new()), 422, "limit"),
        (("limit", "1e2".into()), 422, "limit"),
        (("limit", "18446744073709551616".into()), 422, "limit"),
        (("offset", "-1".into()), 422, "offset"),
        (("offset", "9223372036854775808".into()), 422, "offset"),
        (("is_deleted", "both".into()), 422, "is_deleted"),
        (("with_total", String::new()), 422, "with_total"),
    ] {
        ann.get("/note").query(&[(name, &value)]).await.refused(status, says);
    }
    assert_eq!(ann.get("/note?offset=9223372036854775807").await.ok(), json!([]));
}
