//! Jobs that are made with other writes, or not at all.

use serde_json::json;
use specstar::error::{Error, Result};
use specstar::hook::{HookContext, Hooks};
use specstar::job::{Enqueue, Job, JobStatus};

use crate::common::TestApp;
use crate::models::{EmailJob, Order, What, mail, reaches, working};
use crate::resources;

async fn jobs(app: &TestApp) -> usize {
    let page = app.user("root").get("/email-job?limit=1000").await.ok();
    page.as_array().map_or(0, Vec::len)
}

/// Sends a mail with each order.
struct SendMail;

impl Hooks<Order> for SendMail {
    async fn before_create(&self, context: &mut HookContext<'_>, new: &mut Order) -> Result<()> {
        context.enqueue(Enqueue::new(mail(&new.code, What::Send)).once(format!("order-{}", new.code)))
    }
}

#[tokio::test]
async fn a_hook_makes_a_job_with_the_write_that_causes_it() {
    let app = TestApp::with(resources(), |builder| working(builder).hooks(SendMail)).await;
    let ann = app.user("ann");
    ann.post("/order", json!({"code": "a"})).await.ok();
    assert_eq!(jobs(&app).await, 1);
    // The order is refused, and no mail is sent.
    ann.post("/order", json!({"code": "a"})).await.is(409);
    assert_eq!(jobs(&app).await, 1);
    let page = ann.get("/email-job").await.ok();
    let id = page[0]["meta"]["resource_id"].as_str().expect("an id").to_owned();
    assert_eq!(reaches(&app, &id, JobStatus::Completed).await.payload.to, "a");
}

#[tokio::test]
async fn a_program_writes_resources_and_jobs_as_one() {
    let app = TestApp::new(resources()).await;
    let mut changes = app.app().changes().acting_as("ann");
    let id = changes.create(&Order { code: "a".into(), note: String::new() }).expect("an order");
    changes.enqueue(mail("a", What::Send)).expect("a job");
    let committed = changes.commit().await.expect("they commit");
    assert_eq!(committed.written[0].resource_id, id);
    assert_eq!((committed.jobs.len(), jobs(&app).await), (1, 1));
    let mut changes = app.app().changes();
    changes.update(&id, &Order { code: "a".into(), note: "b".into() }).expect("an order");
    changes.create(&Order { code: "a".into(), note: String::new() }).expect("an order");
    changes.enqueue(mail("b", What::Send)).expect("a job");
    assert!(matches!(changes.commit().await, Err(Error::UniqueConflict { .. })));
    let order = app.app().repository::<Order>().get(&id).await.expect("an order");
    assert_eq!((order.data.note.as_str(), jobs(&app).await), ("", 1));
}

#[tokio::test]
async fn there_is_one_job_of_an_idempotency_key() {
    let app = TestApp::new(resources()).await;
    let handle = app.app().jobs::<EmailJob>();
    let first = handle.enqueue(Enqueue::new(mail("a", What::Send)).once("k")).await.expect("a job");
    let second = handle.enqueue(Enqueue::new(mail("a", What::Send)).once("k")).await.expect("the same");
    assert_eq!((&first, jobs(&app).await), (&second, 1));
    let other = handle.enqueue(Enqueue::new(mail("b", What::Send)).once("k")).await;
    assert!(matches!(other, Err(Error::Conflict(_))), "{other:?}");
    let ann = app.user("ann");
    let body = |to: &str| json!({"payload": {"to": to}, "idempotency_key": "k"});
    let again = ann.post("/email-job", body("a")).await;
    assert_eq!(again.ok()["resource_id"], json!(first));
    ann.post("/email-job", body("b")).await.is(409);
    assert_eq!(jobs(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_for_an_idempotency_key_has_one_winner() {
    let app = TestApp::new(resources()).await;
    for round in 0..10 {
        let key = format!("k{round}");
        let asked = (0..8).map(|_| {
            let (handle, key) = (app.app().jobs::<EmailJob>(), key.clone());
            tokio::spawn(async move { handle.enqueue(Enqueue::new(mail("a", What::Send)).once(key)).await })
        });
        let mut ids = Vec::new();
        for asked in asked.collect::<Vec<_>>() {
            ids.push(asked.await.expect("it ends").expect("a job"));
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        assert_eq!(jobs(&app).await, round + 1);
    }
}

#[tokio::test]
async fn a_program_writes_documents_of_jobs_as_of_any_resource() {
    let app = TestApp::new(resources()).await;
    let repository = app.app().repository::<Job<EmailJob>>();
    let mut job = Job::new(mail("a", What::Send));
    job.partition_key = Some("p".into());
    let id = repository.create(&job).await.expect("a job").resource_id;
    let found = repository.list(EmailJob::COLUMNS.partition_key.eq("p")).await.expect("a page");
    assert_eq!(found.items.len(), 1);
    let found = repository.list(EmailJob::COLUMNS.status.eq(JobStatus::Pending)).await.expect("a page");
    assert_eq!(found.items[0].resource_id(), id);
    let found = repository.count(EmailJob::COLUMNS.to.eq("a")).await.expect("a count");
    assert_eq!(found, 1);
}
