//! Expressions on the routes that search: what stands beside them, pages, deleted resources, batches.

use serde_json::{Value, json};

use crate::common::{TestApp, User};
use crate::resources;

/// Six notes, `a` to `f`, ranked 1 to 6.
async fn notes() -> (TestApp, User) {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for (rank, title) in (1..).zip(["a", "b", "c", "d", "e", "f"]) {
        let tags = if rank % 2 == 0 { json!(["even"]) } else { json!(["odd"]) };
        ann.created("note", json!({"title": title, "rank": rank, "tags": tags})).await;
    }
    (app, ann)
}

fn titles(list: &Value) -> String {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item["data"]["title"].as_str().expect("a title")).collect()
}

async fn found(user: &User, query: &[(&str, &str)]) -> String {
    titles(&user.get("/note").query(query).await.ok())
}

#[tokio::test]
async fn the_page_of_the_url_takes_the_place_of_both_values_of_the_expression() {
    let (_app, ann) = notes().await;
    let qb = "QB.all().sort('title').limit(2).offset(1)";
    assert_eq!(found(&ann, &[("qb", qb)]).await, "bc");
    assert_eq!(found(&ann, &[("qb", qb), ("limit", "3")]).await, "abc");
    assert_eq!(found(&ann, &[("qb", qb), ("offset", "4")]).await, "ef");
    // The default is what a client that says nothing asks for.
    assert_eq!(found(&ann, &[("qb", qb), ("limit", "50"), ("offset", "0")]).await, "bc");
    assert_eq!(found(&ann, &[("qb", "QB.all().limit(0)")]).await, "");
    let refused = ann.get("/note").query(&[("qb", "QB.all().limit(1001)")]).await.is(400).json();
    let detail = refused["detail"].as_str().expect("text");
    assert!(
        detail.starts_with("Invalid QB expression: column 16: the limit is at most 1000 here, found 1001")
    );
}

#[tokio::test]
async fn every_other_filter_beside_it_is_named() {
    let (_app, ann) = notes().await;
    let query = [
        ("is_deleted", "false"),
        ("rev_statuses", "stable"),
        ("created_time_start", ""),
        ("sorts", "[]"),
        ("conditions", "[]"),
        ("qb", "QB["),
    ];
    for path in ["/note", "/note/count", "/note/data", "/note/full"] {
        let refused = ann.get(path).query(&query).await.is(422).json();
        assert_eq!(
            refused["detail"],
            "Cannot use 'qb' parameter together with: conditions, sorts, created_time_start, rev_statuses, \
             is_deleted. Please use either 'qb' or the individual query parameters. In QB mode, include metadata \
             filters directly in the QB expression."
        );
    }
    // Empty texts are absent, and an empty expression is none.
    assert_eq!(found(&ann, &[("qb", "QB['rank'] == 3"), ("sorts", ""), ("conditions", "")]).await, "c");
    assert_eq!(found(&ann, &[("qb", ""), ("is_deleted", "false"), ("limit", "2")]).await, "ab");
    ann.get("/note").query(&[("qb", " ")]).await.is(400);
    // The last one counts, and shaping the answer is no filter.
    assert_eq!(found(&ann, &[("qb", "QB["), ("qb", "QB['rank'] == 3"), ("returns", "data")]).await, "c");
    // What a parameter cannot be is found first.
    ann.get("/note").query(&[("qb", "QB["), ("limit", "0")]).await.is(422);
}

#[tokio::test]
async fn a_batch_changes_what_the_expression_finds_or_nothing() {
    let (app, ann) = notes().await;
    let before = app.picture(&["note"]).await;
    for (qb, status) in [
        ("QB['rank'].gt('x')", 400),
        ("QB['nowhere'] == 1", 400),
        ("QB['rank'", 400),
        ("QB.is_deleted() == True", 200),
        ("QB.all().limit(0)", 200),
    ] {
        ann.delete("/note").query(&[("qb", qb)]).await.is(status);
    }
    ann.delete("/note").query(&[("qb", "QB.all()"), ("is_deleted", "true")]).await.is(422);
    // What the route asks for and its opposite at once match nothing, whatever index answers the rest.
    for rest in
        ["(QB['rank'] > 0)", "QB['tags'].contains('even')", "QB['title'].starts_with('a')", "QB.all()"]
    {
        let qb = format!("(QB.is_deleted() == True) & {rest}");
        let deleted = ann.delete("/note").query(&[("qb", &qb)]).await.ok();
        assert_eq!(deleted, json!([]), "{qb}");
        let qb = format!("(QB.is_deleted() == False) & (QB.is_deleted() == True) & {rest}");
        assert_eq!(found(&ann, &[("qb", &qb)]).await, "", "{qb}");
        assert_eq!(ann.get("/note/count").query(&[("qb", &qb)]).await.ok(), 0, "{qb}");
    }
    assert_eq!(app.picture(&["note"]).await, before);

    let gone =
        ann.delete("/note").query(&[("qb", "QB['tags'].contains('even').sort('-rank').limit(2)")]).await.ok();
    assert_eq!(gone.as_array().expect("a list").len(), 2);
    assert_eq!(found(&ann, &[("qb", "QB.all()")]).await, "abce");
    assert_eq!(found(&ann, &[("qb", "QB.is_deleted() == True")]).await, "df");
    assert_eq!(found(&ann, &[("qb", "QB.is_deleted().in_([True, False])")]).await, "abcdef");
    assert_eq!(found(&ann, &[("qb", "~(QB['is_deleted'] == True)")]).await, "abce");
    ann.post("/note/restore?qb=QB%5B'rank'%5D%3E5", json!(null)).await.ok();
    assert_eq!(found(&ann, &[("qb", "QB.all()")]).await, "abcef");
}

#[tokio::test]
async fn a_field_without_an_index_is_refused_with_the_ones_there_are() {
    let (_app, ann) = notes().await;
    let refused = ann.get("/note").query(&[("qb", "QB['rnak'] == 3")]).await.is(400).json();
    assert_eq!(
        refused["detail"],
        "field 'rnak' is not indexed; indexed fields: title, rank, score, tags, due, place.city; did you mean 'rank'?"
    );
    // A sort key that is none has no effect.
    assert_eq!(found(&ann, &[("qb", "QB.all().sort('nowhere', '-rank').limit(2)")]).await, "fe");
}

#[tokio::test]
async fn structured_errors_say_where() {
    let app = TestApp::with(resources(), |builder| builder.structured_errors(true)).await;
    let refused = app.user("ann").get("/note").query(&[("qb", "QB['rank'] > 'x'")]).await.is(400).json();
    let detail = &refused["detail"];
    assert_eq!(
        (&detail["code"], &detail["column"], &detail["length"]),
        (&json!("BAD_REQUEST"), &json!(14), &json!(3))
    );
    let refused =
        app.user("ann").get("/note").query(&[("qb", "QB.all()"), ("sorts", "[]")]).await.is(422).json();
    assert_eq!(refused["detail"]["code"], "VALIDATION_ERROR");
}

#[tokio::test]
async fn the_calendar_is_that_of_the_server_unless_the_expression_says() {
    let app = TestApp::with(resources(), |builder| builder.utc_offset(8 * 3600)).await;
    let late = app.user("ann").at("2024-05-01T15:59:59Z");
    late.created("note", json!({"title": "a"})).await;
    let next = app.user("ann").at("2024-05-01T16:00:00Z");
    next.created("note", json!({"title": "b"})).await;
    for (qb, expected) in [
        ("QB.created_time().today()", "b"),
        ("QB.created_time().yesterday()", "a"),
        ("QB.created_time().today(0)", "ab"),
        ("QB.created_time().last_n_days(1)", "b"),
        ("QB.created_time().last_n_days(2)", "ab"),
        ("QB.created_time().this_week()", "ab"),
        ("QB.created_time().this_week(week_start=3)", "b"),
        ("QB.created_time().this_month(dt.UTC)", "ab"),
        ("QB.created_time() >= dt.date.today()", "ab"),
    ] {
        assert_eq!(found(&next, &[("qb", qb)]).await, expected, "{qb}");
    }
}

/// A page and the cursor of the next one.
async fn page(user: &User, query: &[(&str, &str)]) -> (String, Option<String>) {
    let answer = user.get("/note").query(query).await.is(200);
    let cursor = answer.header("x-next-cursor");
    assert_eq!(answer.header("x-has-more").as_deref() == Some("true"), cursor.is_some());
    (titles(&answer.json()), cursor)
}

#[tokio::test]
async fn a_cursor_continues_behind_its_page_whatever_is_written_meanwhile() {
    let (_app, ann) = notes().await;
    let qb = ("qb", "QB['rank'].is_not_null().sort('-rank')");
    let (first, cursor) = page(&ann, &[qb, ("limit", "2")]).await;
    assert_eq!(first, "fe");
    let cursor = cursor.expect("there is more");
    // One before the place, one behind it, and the last row of the page is gone.
    ann.created("note", json!({"title": "x", "rank": 9})).await;
    ann.created("note", json!({"title": "y", "rank": 0})).await;
    ann.delete("/note").query(&[("qb", "QB['rank'] == 5")]).await.ok();
    let (second, cursor) = page(&ann, &[qb, ("limit", "3"), ("cursor", &cursor)]).await;
    assert_eq!(second, "dcb");
    let (third, end) = page(&ann, &[qb, ("limit", "9"), ("cursor", &cursor.expect("there is more"))]).await;
    assert_eq!((third.as_str(), end), ("ay", None));
}

#[tokio::test]
async fn pages_by_cursor_are_the_list_without_an_expression_too() {
    let (_app, ann) = notes().await;
    let sorts = ("sorts", r#"[{"type": "data", "field_path": "place.city", "direction": "-"}]"#);
    let mut cursor = None;
    let mut joined = String::new();
    loop {
        let mut query = vec![sorts, ("limit", "2"), ("returns", "data")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let (titles, next) = page(&ann, &query).await;
        joined.push_str(&titles);
        if next.is_none() {
            break;
        }
        cursor = next;
    }
    assert_eq!(joined, found(&ann, &[sorts]).await);
}

#[tokio::test]
async fn the_offset_of_an_expression_counts_for_the_first_page() {
    let (_app, ann) = notes().await;
    let qb = ("qb", "QB.all().sort('title').limit(2).offset(1)");
    let (first, cursor) = page(&ann, &[qb]).await;
    let (second, _) = page(&ann, &[qb, ("cursor", &cursor.expect("there is more"))]).await;
    assert_eq!(first + &second, "bcde");
}

#[tokio::test]
async fn a_cursor_of_something_else_is_refused() {
    let (_app, ann) = notes().await;
    let qb = ("qb", "QB.all().sort('title')");
    let (_, cursor) = page(&ann, &[qb, ("limit", "2")]).await;
    let cursor = cursor.expect("there is more");
    for other in [("qb", "QB.all().sort('-title')"), ("qb", ""), ("sorts", "[]"), ("is_deleted", "true")] {
        let refused = ann.get("/note").query(&[other, ("cursor", &cursor)]).await.is(400).json();
        assert_eq!(refused["detail"], "Invalid cursor: it is a cursor of another query");
    }
    for text in ["x", "====", "AAAA", &cursor[1..], &format!("{cursor}AA"), "\u{e9}", &"A".repeat(5000)] {
        ann.get("/note").query(&[qb, ("cursor", text)]).await.is(400);
    }
    ann.get("/note").query(&[qb, ("cursor", &cursor), ("offset", "0")]).await.is(422);
    assert_eq!(page(&ann, &[qb, ("cursor", ""), ("limit", "1")]).await.0, "a");
    // Only lists have pages.
    ann.get("/note/count").query(&[("cursor", &cursor)]).await.is(422);
}
