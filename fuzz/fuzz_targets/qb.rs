//! From the characters of an expression to the rows of a statement: `cargo fuzz run qb`.
//!
//! Whatever the expression is, the server answers 200 or 400, what was accepted prints as an expression that
//! means the same, and the count is that of the list.

#![no_main]

use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use libfuzzer_sys::{Corpus, fuzz_target};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use specstar::app::Preset;
use specstar::datetime::Timestamp;
use specstar::prelude::*;
use specstar::qb::{self, Context, Problem};
use specstar::query::UnindexedPolicy;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Item {
    #[indexed]
    name: String,
    #[indexed]
    age: i64,
    #[indexed]
    score: Option<f64>,
    #[indexed]
    active: bool,
    #[indexed]
    due: Option<DateTime>,
    #[indexed]
    tags: Option<Vec<String>>,
    #[indexed]
    nums: Vec<i64>,
}

const ROWS: [&str; 4] = [
    r#"{"name": "Ann", "age": 30, "score": 1.5, "active": true, "due": "2024-01-01T00:00:00Z", "tags": ["a", "b"], "nums": [1, 2]}"#,
    r#"{"name": "", "age": 0, "score": null, "active": false, "due": null, "tags": null, "nums": []}"#,
    r#"{"name": "é%_\\", "age": -1, "score": 0.0, "active": true, "due": "1969-12-31T23:59:59Z", "tags": [], "nums": [1]}"#,
    r#"{"name": "ann 30", "age": 9007199254740993, "score": 30.0, "active": false, "due": "2999-12-31T00:00:00Z", "tags": ["a", "a"], "nums": [-1]}"#,
];

static SERVER: LazyLock<(Runtime, Router)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let router = runtime.block_on(async {
        let builder = SpecStar::builder().preset(Preset::Compat).sqlite_temporary().open_access();
        let app = builder.resources(resources![Item]).build().await.expect("an application");
        for row in ROWS {
            let request = Request::post("/item").header("content-type", "application/json").body(Body::from(row));
            let answer = app.router().oneshot(request.expect("a request")).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
        }
        app.router()
    });
    (runtime, router)
});

fn ask(path: &str) -> (StatusCode, serde_json::Value) {
    let (runtime, router) = &*SERVER;
    runtime.block_on(async {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = router.clone().oneshot(request).await.expect("an answer");
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    })
}

fuzz_target!(|source: &str| -> Corpus {
    let encoded = utf8_percent_encode(source, NON_ALPHANUMERIC).to_string();
    // Longer ones are no URL.
    if source.is_empty() || encoded.len() > 60_000 {
        return Corpus::Reject;
    }
    let (status, list) = ask(&format!("/item?returns=only-meta&qb={encoded}"));
    let context = Context { unindexed: UnindexedPolicy::Warn, ..Context::at(Timestamp::now()) };
    let query = qb::parse_at(source, context.now);
    let checked = query.as_ref().ok().and_then(|query| query.check(Item::DESCRIPTOR, &context).ok());
    let (Ok(query), Some(checked)) = (query, checked) else {
        assert_eq!(status, StatusCode::BAD_REQUEST, "{list}");
        return Corpus::Keep;
    };
    assert_eq!(status, StatusCode::OK, "{list}");
    let printed = query.to_string();
    let again = match qb::parse_at(&printed, context.now) {
        Ok(again) => again,
        // Printed, an expression can be longer and have more brackets.
        Err(error)
            if matches!(error.problem(), Problem::TooLong | Problem::TooDeep | Problem::TooManyTokens) =>
        {
            return Corpus::Keep;
        }
        Err(error) => panic!("{printed}: {error}"),
    };
    let again = again.check(Item::DESCRIPTOR, &context).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(again.predicate, checked.predicate, "{printed}");
    assert_eq!(again.sorts, checked.sorts, "{printed}");
    if query.limit.is_none() && query.offset.is_none() {
        let (_, count) = ask(&format!("/item/count?qb={encoded}"));
        assert_eq!(list.as_array().map(Vec::len), count.as_u64().map(|count| count as usize));
    }
    Corpus::Keep
});
