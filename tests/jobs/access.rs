//! Who may do what with jobs.

use serde_json::json;
use specstar::access::{Action, Decision, Principal, Scope, access_fn};
use specstar::app::SpecStarBuilder;
use specstar::job::{Job, JobStatus};

use crate::common::TestApp;
use crate::models::{EmailJob, What, mail, reaches, working};
use crate::resources;

/// Everybody has the mails to himself; `root` has all.
fn own(principal: &Principal) -> Scope<Job<EmailJob>> {
    if principal.name() == "root" { Scope::All } else { EmailJob::COLUMNS.to.eq(principal.name()).into() }
}

fn ruled(builder: SpecStarBuilder) -> SpecStarBuilder {
    builder.scope(own).access(access_fn(|request| {
        let reads = Action::READ | Action::SEARCH_RESOURCES;
        let allowed = match request.principal.name() {
            "reader" => reads.contains(request.action),
            "nobody" => false,
            _ => true,
        };
        if allowed { Decision::Allow } else { Decision::Deny }
    }))
}

#[tokio::test]
async fn what_is_out_of_scope_is_not_found_and_what_is_not_allowed_is_refused() {
    let app = TestApp::with(resources(), ruled).await;
    let root = app.user("root");
    let made = root.post("/email-job", json!({"payload": {"to": "reader"}})).await.ok();
    let path = format!("/email-job/{}", made["resource_id"].as_str().expect("an id"));
    let routes = [("POST", "rerun"), ("POST", "cancel"), ("GET", "logs"), ("GET", "progress")];
    for (method, route) in routes {
        let path = format!("{path}/{route}");
        app.user("bob").ask(method, &path).await.is(404);
        let expected = if method == "POST" {
            403
        } else if route == "logs" {
            204
        } else {
            200
        };
        app.user("reader").ask(method, &path).await.is(expected);
    }
    assert_eq!(root.get(&format!("{path}/progress")).await.ok()["state"], "pending");
}

#[tokio::test]
async fn queues_show_the_types_that_are_wholly_open() {
    let app = TestApp::with(resources(), ruled).await;
    let root = app.user("root");
    root.post("/email-job", json!({"payload": {"to": "bob"}})).await.ok();
    root.post("/sweep", json!({"payload": {}})).await.ok();
    let names = async |user: &str| -> Vec<String> {
        let queues = app.user(user).get("/_jobs/queues").await.ok();
        let names = queues.as_array().into_iter().flatten();
        names.map(|count| count["job_resource_name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names("root").await, ["sweep", "email-job"]);
    assert_eq!(names("bob").await, ["sweep"]);
    for route in ["/_jobs/queues", "/_jobs/health"] {
        app.user("nobody").get(route).await.is(403);
    }
}

#[tokio::test]
async fn health_and_keys_tell_only_of_jobs_that_the_caller_may_know_of() {
    use specstar::access::{allow, deny_if};

    // Who may search them all may still be kept from some.
    let secret = deny_if::<Job<EmailJob>>(Action::GET_META, |request, job| {
        job.payload.to == "secret" && request.principal.name() != "root"
    });
    let app = TestApp::with(resources(), |builder| {
        crate::models::working(builder).access(allow(Action::FULL)).access_for::<Job<EmailJob>>(secret)
    })
    .await;
    let (root, ann) = (app.user("root"), app.user("ann"));
    let body = |to: &str| json!({"payload": {"to": to, "what": "wait"}, "idempotency_key": to});
    for to in ["open", "secret"] {
        root.post("/email-job", body(to)).await.ok();
    }
    let running = async |user: &str| {
        let health = app.user(user).get("/_jobs/health").await.ok();
        health["running"].as_array().map_or(0, Vec::len)
    };
    crate::common::eventually("both run", || async { running("root").await == 2 }).await;
    assert_eq!(running("ann").await, 1);
    // Whether the payload is the same is not said of what nobody may know of.
    let same = ann.post("/email-job", body("secret")).await.is(409);
    let other = json!({"payload": {"to": "x"}, "idempotency_key": "secret"});
    let other = ann.post("/email-job", other).await.is(409);
    assert_eq!(same.text(), other.text());
    let other = json!({"payload": {"to": "x"}, "idempotency_key": "open"});
    ann.post("/email-job", other).await.refused(409, "another payload");
}

#[tokio::test]
async fn who_may_not_call_a_job_off_cannot_stop_its_worker_either() {
    use specstar::access::{allow, deny_input_if};

    let kept = deny_input_if::<Job<EmailJob>>(Action::UPDATE, |request, job| {
        job.status == JobStatus::Cancelled && request.principal.name() != "root"
    });
    let app = TestApp::with(resources(), |builder| {
        working(builder.access(allow(Action::FULL)).access_for::<Job<EmailJob>>(kept))
    })
    .await;
    let jobs = app.app().jobs::<EmailJob>();
    let id = jobs.enqueue(mail("a", What::Wait)).await.expect("a job");
    reaches(&app, &id, JobStatus::Processing).await;
    let cancel = format!("/email-job/{id}/cancel");
    app.user("ann").ask("POST", &cancel).await.is(403);
    assert!(!jobs.progress(&id).await.expect("a row").cancel_requested);
    app.user("root").ask("POST", &cancel).await.is(202);
    reaches(&app, &id, JobStatus::Cancelled).await;
}
