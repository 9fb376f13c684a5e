//! What clients see of jobs and do with them, without a worker.

use serde_json::json;
use specstar::app::Preset;

use crate::common::TestApp;
use crate::resources;

#[tokio::test]
async fn a_job_is_a_resource_with_defaults() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let made = ann.post("/email-job", json!({"payload": {"to": "a"}})).await.ok();
    let id = made["resource_id"].as_str().expect("an id");
    let read = ann.get(&format!("/email-job/{id}")).await.ok();
    assert_eq!(read["data"]["status"], "pending");
    assert_eq!(read["data"]["artifact"], json!(null));
    assert_eq!(read["meta"]["indexed_data"]["payload.to"], "a");
    let found = ann.get("/email-job?qb=QB['payload.to'].eq('a') %26 QB['status'].eq('pending')").await.ok();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    let progress = ann.get(&format!("/email-job/{id}/progress")).await.ok();
    assert_eq!((&progress["state"], &progress["queue"]), (&json!("pending"), &json!("mail")));
    ann.get(&format!("/email-job/{id}/logs")).await.is(204);
}

#[tokio::test]
async fn clients_write_the_payload_and_not_how_far_the_work_is() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    for field in ["status", "errmsg", "retries", "periodic_runs", "artifact", "last_heartbeat_at"] {
        let mut body = json!({"payload": {"to": "a"}});
        body[field] = if field == "retries" || field == "periodic_runs" { json!(1) } else { json!("x") };
        if field == "status" {
            body[field] = json!("completed");
        }
        ann.post("/email-job", body).await.is(422);
    }
    let made = ann.post("/email-job", json!({"payload": {"to": "a"}, "max_retries": 1})).await.ok();
    let id = made["resource_id"].as_str().expect("an id");
    ann.patch(&format!("/email-job/{id}"), json!({"status": "completed"})).await.is(422);
    ann.patch(&format!("/email-job/{id}"), json!({"payload": {"to": "b"}})).await.ok();
    ann.post("/email-job", json!({"payload": {"to": "a"}, "max_retries": -1})).await.is(422);
    ann.post("/email-job", json!({"payload": {"to": "a"}, "periodic_interval_seconds": 0})).await.is(422);
    ann.post("/email-job", json!({"payload": {"nobody": "a"}})).await.is(422);
}

#[tokio::test]
async fn in_compat_clients_write_everything_and_the_row_follows() {
    let app = TestApp::with(resources(), |builder| builder.preset(Preset::Compat)).await;
    let ann = app.user("ann");
    let made = ann.post("/email-job", json!({"payload": {"to": "a"}})).await.ok();
    let id = made["resource_id"].as_str().expect("an id").to_owned();
    let state = async |expected: &str| {
        let progress = ann.get(&format!("/email-job/{id}/progress")).await.ok();
        assert_eq!(progress["state"], expected);
    };
    for (status, expected) in
        [("processing", "running"), ("failed", "failed"), ("pending", "pending"), ("completed", "done")]
    {
        ann.patch(&format!("/email-job/{id}"), json!({"status": status})).await.ok();
        state(expected).await;
    }
    // Each write is a revision, and going back to one does not go back with the work.
    for back in ["switch/1", "undo/5"] {
        ann.ask("POST", &format!("/email-job/{id}/{back}")).await.ok();
        state("done").await;
        assert_eq!(ann.get(&format!("/email-job/{id}/data")).await.ok()["status"], "completed");
    }
    ann.post(&format!("/email-job/{id}/rerun"), json!({})).await.ok();
    state("pending").await;
}

#[tokio::test]
async fn going_back_in_the_history_of_a_job_does_not_go_back_with_the_work() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let made = ann.post("/email-job", json!({"payload": {"to": "a"}})).await.ok();
    let path = format!("/email-job/{}", made["resource_id"].as_str().expect("an id"));
    ann.patch(&path, json!({"payload": {"to": "b"}})).await.ok();
    ann.ask("POST", &format!("{path}/cancel")).await.is(202);
    let stands = async |to: &str| {
        let data = ann.get(&format!("{path}/data")).await.ok();
        assert_eq!((&data["status"], &data["payload"]["to"]), (&json!("cancelled"), &json!(to)));
        assert_eq!(ann.get(&format!("{path}/progress")).await.ok()["state"], "cancelled");
        let found = ann.get("/email-job?qb=QB['status'].eq('cancelled')").await.ok();
        assert_eq!(found.as_array().map(Vec::len), Some(1));
    };
    ann.ask("POST", &format!("{path}/switch/1")).await.ok();
    stands("a").await;
    ann.ask("POST", &format!("{path}/switch/3")).await.ok();
    stands("b").await;
    ann.ask("POST", &format!("{path}/undo/2")).await.ok();
    stands("a").await;
    ann.ask("POST", &format!("{path}/switch/2")).await.ok();
    stands("b").await;
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_runs_again_on_request() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let made = ann.post("/email-job", json!({"payload": {"to": "a"}})).await.ok();
    let path = format!("/email-job/{}", made["resource_id"].as_str().expect("an id"));
    let cancelled = ann.ask("POST", &format!("{path}/cancel")).await;
    assert_eq!(cancelled.is(202).json()["state"], "cancelled");
    assert_eq!(ann.get(&format!("{path}/data")).await.ok()["status"], "cancelled");
    ann.ask("POST", &format!("{path}/cancel")).await.is(409);
    let again = ann.ask("POST", &format!("{path}/rerun")).await.ok();
    assert!(again["revision_id"].as_str().expect("an id").ends_with(":3"));
    assert_eq!(ann.get(&format!("{path}/progress")).await.ok()["state"], "pending");
    // What is deleted is not worked on until it is back.
    ann.delete(&path).await.ok();
    for route in ["cancel", "rerun"] {
        ann.ask("POST", &format!("{path}/{route}")).await.is(404);
    }
    let queues = ann.get("/_jobs/queues").await.ok();
    assert_eq!((&queues[0]["count"], &queues[0]["due"]), (&json!(1), &json!(0)));
    ann.ask("POST", &format!("{path}/restore")).await.ok();
    assert_eq!(ann.get("/_jobs/queues").await.ok()[0]["due"], 1);
    ann.delete(&format!("{path}/permanently")).await.ok();
    assert_eq!(ann.get("/_jobs/queues").await.ok(), json!([]));
}

#[tokio::test]
async fn a_queue_with_due_jobs_and_no_worker_is_not_healthy() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    assert_eq!(ann.get("/_jobs/health").await.ok()["healthy"], true);
    ann.post("/email-job", json!({"payload": {"to": "a"}})).await.ok();
    let health = ann.get("/_jobs/health").await.ok();
    assert_eq!(health["healthy"], false);
    assert_eq!(health["unserved"], json!([{"queue": "mail", "due": 1}]));
}

#[tokio::test]
async fn types_that_are_no_jobs_have_no_routes_of_jobs() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let made = ann.post("/order", json!({"code": "a"})).await.ok();
    let id = made["resource_id"].as_str().expect("an id");
    for route in ["rerun", "cancel"] {
        ann.ask("POST", &format!("/order/{id}/{route}")).await.is(404);
    }
    for route in ["logs", "progress"] {
        ann.get(&format!("/order/{id}/{route}")).await.is(404);
    }
}
