//! What an application tells those who run it: whether it lives, whether it is ready, and what it does.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use specstar::prelude::*;

use crate::common::database::is_postgres;
use crate::common::{TestApp, eventually};
use crate::resources;
use crate::watched::watched;

#[tokio::test]
async fn an_application_that_serves_is_alive_and_ready() {
    let app = TestApp::new(resources()).await;
    // Nobody is asked who he is.
    let somebody = app.user("");
    assert_eq!(somebody.get("/health").await.ok(), json!({"status": "ok"}));
    let ready = somebody.get("/ready").await;
    assert_eq!(ready.ok(), json!({"status": "ready"}));
    assert_eq!(ready.header("cache-control").as_deref(), Some("no-store"));
    somebody.post("/ready", json!({})).await.refused(405, "");
    let document = somebody.get("/openapi.json").await.ok();
    assert!(document["paths"].get("/health").is_none() && document["paths"].get("/ready").is_none());
}

#[tokio::test]
async fn the_base_path_does_not_stand_before_health() {
    let app = TestApp::with(resources(), |builder| builder.base_path("/v1")).await;
    let ann = app.user("ann");
    ann.get("/health").await.ok();
    ann.get("/ready").await.ok();
    ann.get("/v1/note").await.ok();
    ann.get("/v1/health").await.refused(404, "");
    let taken = specstar::app::SpecStar::builder().open_access().resources(resources()).base_path("/ready");
    let refused = crate::common::database::on(taken, app.folder().path()).build().await;
    assert!(refused.expect_err("the path is taken").to_string().contains("`ready` is not a base path"));
}

#[tokio::test]
async fn an_application_that_ends_is_not_ready_and_still_alive() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    ann.get("/ready").await.ok();
    app.app().close().await.expect("it closes");
    let answer = ann.get("/ready").await.is(503).json();
    assert_eq!((&answer["status"], &answer["checks"]["serving"]), (&json!("unavailable"), &json!("stopping")));
    assert_eq!(ann.get("/health").await.ok(), json!({"status": "ok"}));
}

#[tokio::test]
async fn a_store_that_never_answers_is_not_ready_within_the_limit() {
    let folder = Arc::new(tempfile::TempDir::new().expect("a temporary folder"));
    crate::common::database::prepare(folder.path());
    let (store, reads) = watched(folder.path());
    let app = TestApp::on(folder, resources(), |builder| builder.store(store)).await;
    let ann = app.user("ann");
    ann.get("/ready").await.ok();
    reads.is_stuck.store(true, Ordering::Relaxed);
    let asked = std::time::Instant::now();
    let answer = ann.get("/ready").await.is(503).json();
    assert_eq!(answer, json!({"status": "unavailable", "checks": {"serving": "ok", "store": "timeout"}}));
    assert!(asked.elapsed().as_secs() < 10, "{:?}", asked.elapsed());
    ann.get("/health").await.ok();
    reads.is_stuck.store(false, Ordering::Relaxed);
    ann.get("/ready").await.ok();
}

#[tokio::test]
async fn a_database_file_that_is_away_is_not_ready_until_it_is_back() {
    if is_postgres() {
        return;
    }
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let aside = app.file().with_extension("aside");
    std::fs::rename(app.file(), &aside).expect("it moves");
    eventually("the loss is noticed", || async { ann.get("/ready").await.status() == 503 }).await;
    let answer = ann.get("/ready").await.is(503);
    assert_eq!(answer.json()["checks"], json!({"serving": "ok", "store": "unavailable"}));
    assert!(!answer.text().contains("app.db"), "{answer}");
    ann.get("/health").await.ok();
    std::fs::rename(&aside, app.file()).expect("it moves back");
    eventually("it is found again", || async { ann.get("/ready").await.status() == 200 }).await;
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request_or_a_new_one() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let longest = "x".repeat(128);
    for id in ["a", "b6f1{x}:/~!", longest.as_str()] {
        for path in ["/note", "/note/nothing", "/nowhere", "/health", "/docs/"] {
            let answer = ann.get(path).header("x-request-id", id).await;
            assert_eq!(answer.header("x-request-id").as_deref(), Some(id), "{answer}");
        }
    }
    let mut seen = std::collections::HashSet::new();
    let too_long = "x".repeat(129);
    for bad in [None, Some(""), Some("a b"), Some("a\tb"), Some("caf\u{e9}"), Some(too_long.as_str())] {
        for path in ["/note", "/nowhere"] {
            let ask = ann.get(path);
            let answer = match bad {
                Some(bad) => ask.header("x-request-id", bad).await,
                None => ask.await,
            };
            let id = answer.header("x-request-id").expect("a new one");
            assert_eq!(id.len(), 36, "{answer}");
            assert!(seen.insert(id), "given twice: {answer}");
        }
    }
    // Which of two is meant, nobody knows.
    let two = ann.get("/note").header("x-request-id", "a").header("x-request-id", "b").await;
    assert_eq!(two.header("x-request-id").expect("a new one").len(), 36, "{two}");
}

#[tokio::test]
async fn the_program_sees_the_id_that_is_answered() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let principal = specstar::access::principal_fn(move |request| {
        noted.lock().expect("no panic").push(request.headers["x-request-id"].clone());
        Ok(specstar::access::Principal::Anonymous)
    });
    let app = TestApp::with(resources(), |builder| builder.principal(principal)).await;
    let answered = app.user("ann").get("/note").await.header("x-request-id").expect("an id");
    assert!(seen.lock().expect("no panic").iter().any(|id| id == answered.as_str()));
}

#[tokio::test]
async fn a_request_is_a_span_with_the_names_of_opentelemetry() {
    recorded::start();
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let note = ann.created("note", json!({"title": "a"})).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ann.get(&note).header("x-request-id", "spans-1").header("traceparent", parent).await.ok();
    ann.get("/nowhere?secret=1").header("x-request-id", "spans-2").header("traceparent", "rubbish").await.is(404);
    let span = recorded::span("spans-1");
    assert_eq!(span["http.request.method"], "GET");
    assert_eq!(span["http.route"], "/note/{resource_id}");
    assert_eq!(span["otel.name"], "GET /note/{resource_id}");
    assert_eq!((&span["otel.kind"], &span["url.path"]), (&json!("server"), &json!(note)));
    assert_eq!((&span["http.response.status_code"], &span["traceparent"]), (&json!(200), &json!(parent)));
    let span = recorded::span("spans-2");
    assert_eq!((&span["otel.name"], &span["url.path"]), (&json!("GET"), &json!("/nowhere")));
    assert_eq!(span["http.response.status_code"], 404);
    assert_eq!((span.get("http.route"), span.get("traceparent")), (None, None));
}

/// The value of a line of the metrics.
fn metric(text: &str, line: &str) -> Option<f64> {
    let value = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '))?;
    Some(value.parse().expect("a number"))
}

/// The requests that were counted so.
fn requests(text: &str, method: &str, route: &str, status: u16) -> Option<f64> {
    let labels = format!(
        r#"http_request_method="{method}",http_route="{route}",http_response_status_code="{status}""#
    );
    metric(text, &format!("http_server_request_duration_seconds_count{{{labels}}}"))
}

#[tokio::test]
async fn requests_are_counted_by_method_template_and_status() {
    let app = TestApp::with(resources(), |builder| builder.metrics(true)).await;
    let ann = app.user("ann");
    for title in ["a", "b", "c"] {
        let note = ann.created("note", json!({"title": title})).await;
        ann.get(&note).await.ok();
    }
    ann.get("/note/nothing").await.is(404);
    ann.get("/note/nothing/at/all").await.is(404);
    ann.get("/elsewhere").await.is(404);
    ann.ask("BREW", "/note").await.is(405);
    let answer = app.user("").get("/metrics").await.is(200);
    let text = answer.text();
    assert_eq!(
        answer.header("content-type").as_deref(),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert_eq!(requests(&text, "POST", "/note", 200), Some(3.0), "{text}");
    assert_eq!(requests(&text, "GET", "/note/{resource_id}", 200), Some(3.0), "{text}");
    assert_eq!(requests(&text, "GET", "/note/{resource_id}", 404), Some(1.0), "{text}");
    assert_eq!(requests(&text, "GET", "unmatched", 404), Some(2.0), "{text}");
    assert_eq!(requests(&text, "_OTHER", "/note", 405), Some(1.0), "{text}");
    for raw in ["nothing", "elsewhere", "BREW", "note:"] {
        assert!(!text.contains(raw), "{raw} of a request is in the metrics: {text}");
    }
    let all = r#"le="+Inf",http_request_method="POST",http_route="/note",http_response_status_code="200""#;
    let all = metric(&text, &format!("http_server_request_duration_seconds_bucket{{{all}}}"));
    assert_eq!(all, Some(3.0), "{text}");
    // The request that asks.
    assert_eq!(metric(&text, "http_server_active_requests"), Some(1.0), "{text}");
    assert!(text.contains("\nspecstar_build_info{version=\"") && text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("specstar_jobs"), "there are none: {text}");
}

#[tokio::test]
async fn a_nested_application_is_counted_by_its_whole_template() {
    let app = TestApp::with(resources(), |builder| builder.metrics(true).base_path("/v1")).await;
    let ann = app.user("ann");
    ann.get("/v1/note").await.ok();
    ann.get("/v1/nowhere").await.is(404);
    let text = ann.get("/metrics").header("accept", "text/plain").await.is(200);
    assert_eq!(text.header("content-type").as_deref(), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(requests(&text.text(), "GET", "/v1/note", 200), Some(1.0), "{text}");
    assert_eq!(requests(&text.text(), "GET", "unmatched", 404), Some(1.0), "{text}");
}

#[tokio::test]
async fn metrics_are_told_only_by_programs_that_want_it() {
    let app = TestApp::new(resources()).await;
    app.user("ann").get("/metrics").await.refused(404, "");
}

#[tokio::test]
async fn commits_are_measured() {
    let app = TestApp::with(resources(), |builder| builder.metrics(true)).await;
    let ann = app.user("ann");
    let write = |at: i32| tokio::spawn(ann.post("/note", json!({"title": at.to_string()})).into_future());
    let writes: Vec<_> = if is_postgres() {
        (0..40).map(write).collect()
    } else {
        // Nobody can commit, so that some of them have to wait.
        let other = rusqlite::Connection::open(app.file()).expect("it opens");
        other.execute_batch("BEGIN IMMEDIATE").expect("it is locked");
        let writes = (0..40).map(write).collect();
        for _ in 0..100 {
            let text = ann.get("/metrics").await.is(200).text();
            if metric(&text, "specstar_write_queue_depth").is_some_and(|waiting| waiting >= 2.0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        other.execute_batch("ROLLBACK").expect("it is free");
        writes
    };
    for write in writes {
        write.await.expect("it is answered").ok();
    }
    let text = ann.get("/metrics").await.is(200).text();
    let read = |line: &str| metric(&text, line).unwrap_or_else(|| panic!("{line} is missing: {text}"));
    let (commits, writes) = (read("specstar_commit_batch_size_count"), read("specstar_commit_batch_size_sum"));
    assert!(writes >= 40.0 && commits >= 1.0 && commits <= writes, "{text}");
    let same = |one: f64, other: f64| (one - other).abs() < f64::EPSILON;
    assert!(same(read("specstar_commit_duration_seconds_count"), commits), "{text}");
    assert!(read("specstar_commit_duration_seconds_sum") > 0.0, "{text}");
    assert!(same(read("specstar_write_queue_depth"), 0.0), "{text}");
    if is_postgres() {
        assert!(same(commits, writes), "each is a commit of its own: {text}");
    } else {
        assert!(commits < writes, "none waited for another one: {text}");
    }
}

/// Work that nobody does.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job(queue = "mail")]
struct Letter {
    to: String,
}

#[tokio::test]
async fn jobs_are_counted_by_queue_and_state() {
    let app = TestApp::with(specstar::resources![Letter], |builder| builder.metrics(true)).await;
    let ann = app.user("ann");
    for to in ["a", "b"] {
        ann.created("letter", json!({"payload": {"to": to}})).await;
    }
    let text = ann.get("/metrics").await.is(200).text();
    assert_eq!(metric(&text, r#"specstar_jobs{queue="mail",state="pending"}"#), Some(2.0), "{text}");
}

/// Searches and counts of a secret, and what is told of them.
async fn told_of_slow(app: &TestApp, searches: usize) -> Vec<serde_json::Map<String, serde_json::Value>> {
    recorded::start();
    let ann = app.user("ann");
    ann.created("note", json!({"title": "hunter2"})).await;
    let seen = || recorded::events("specstar::slow_query");
    for _ in 0..searches {
        let found = ann.get("/note").query(&[("qb", r#"QB["title"] == "hunter2""#)]).await.ok();
        assert_eq!(found.as_array().map(Vec::len), Some(1));
    }
    eventually("they are told", || async { seen().iter().filter(|event| is_of_title(event)).count() >= searches })
        .await;
    seen().into_iter().filter(is_of_title).collect()
}

fn is_of_title(event: &serde_json::Map<String, serde_json::Value>) -> bool {
    event["statement"].as_str().is_some_and(|text| text.contains("h_note") && text.contains("title"))
}

#[tokio::test]
async fn a_slow_query_is_told_with_its_plan_once_and_without_values() {
    let app = TestApp::with(resources(), |builder| builder.slow_queries(Duration::ZERO)).await;
    let told = told_of_slow(&app, 3).await;
    let plans: Vec<_> = told.iter().filter_map(|event| event.get("plan")).collect();
    assert_eq!(plans.len(), 1, "{told:?}");
    let plan = plans[0].as_str().expect("a text");
    let word = if is_postgres() { "Scan" } else { "USING INDEX" };
    assert!(plan.contains(word) && plan.contains("h_note"), "{plan}");
    for event in &told {
        assert!(event["micros"].is_u64(), "{event:?}");
        assert!(!format!("{event:?}").contains("hunter2"), "a value is told: {event:?}");
    }
}

/// What the program of these tests is told by `tracing`.
mod recorded {
    use std::fmt::Debug;
    use std::sync::{Mutex, Once, PoisonError};

    use serde_json::{Map, Value};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
    use tracing_subscriber::registry::LookupSpan;
    use tracing_subscriber::util::SubscriberInitExt as _;

    static SPANS: Mutex<Vec<Map<String, Value>>> = Mutex::new(Vec::new());
    static EVENTS: Mutex<Vec<Map<String, Value>>> = Mutex::new(Vec::new());
    static START: Once = Once::new();

    /// Threads of the store tell things, too, so it is one for the whole process.
    pub(super) fn start() {
        let wanted = tracing_subscriber::filter::filter_fn(|metadata| metadata.target().starts_with("specstar::"));
        START.call_once(|| tracing_subscriber::registry().with(Recorder.with_filter(wanted)).init());
    }

    /// The span of the request with this id, once it is over.
    pub(super) fn span(request_id: &str) -> Map<String, Value> {
        let spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
        let found = spans.iter().find(|span| span["request_id"] == request_id);
        found.unwrap_or_else(|| panic!("no span of {request_id}")).clone()
    }

    /// The events of a target so far.
    pub(super) fn events(target: &str) -> Vec<Map<String, Value>> {
        let events = EVENTS.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event["target"] == target).cloned().collect()
    }

    struct Recorder;

    #[derive(Default)]
    struct Fields(Map<String, Value>);

    impl Visit for Fields {
        fn record_str(&mut self, field: &Field, value: &str) {
            self.0.insert(field.name().to_owned(), value.into());
        }

        fn record_u64(&mut self, field: &Field, value: u64) {
            self.0.insert(field.name().to_owned(), value.into());
        }

        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.0.insert(field.name().to_owned(), format!("{value:?}").into());
        }
    }

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
        fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            context.span(id).expect("it is there").extensions_mut().insert(fields);
        }

        fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
            if let Some(fields) = context.span(id).expect("it is there").extensions_mut().get_mut::<Fields>() {
                values.record(fields);
            }
        }

        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            fields.0.insert("target".into(), event.metadata().target().into());
            EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push(fields.0);
        }

        fn on_close(&self, id: Id, context: Context<'_, S>) {
            if let Some(fields) = context.span(&id).expect("it is there").extensions_mut().remove::<Fields>() {
                SPANS.lock().unwrap_or_else(PoisonError::into_inner).push(fields.0);
            }
        }
    }
}
