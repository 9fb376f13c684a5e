//! What is not given up too soon, not tried for ever, and not too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserializer, Serializer, de};
use serde_json::json;
use specstar::error::Error;
use specstar::job::{Enqueue, Job, JobStatus};
use specstar::prelude::*;
use specstar::worker::JobContext;

use crate::common::{TestApp, eventually};
use crate::models::{EmailJob, What, mail, quick};
use crate::resources;

/// Work that has little time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job(timeout = "100ms", max_attempts = 2, backoff = "1ms..1ms")]
struct Hasty {
    seconds: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_waits_for_nothing_keeps_its_job_until_it_returns() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, seen) = (Arc::clone(&now), Arc::clone(&most));
    let handler = move |job: JobContext<Hasty>| {
        let (running, seen) = (Arc::clone(&running), Arc::clone(&seen));
        async move {
            seen.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if job.attempt() == 1 {
                std::thread::sleep(Duration::from_secs(job.payload.seconds));
            }
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    };
    let app = TestApp::with(resources![Hasty], |builder| builder.job(handler).workers(quick())).await;
    let jobs = app.app().jobs::<Hasty>();
    // Longer than a worker waits before it says that this is a fault, and than a lease holds that nobody renews.
    let id = jobs.enqueue(Hasty { seconds: 9 }).await.expect("a job");
    eventually("it is over", || async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        jobs.get(&id).await.expect("a job").data.status == JobStatus::Completed
    })
    .await;
    // It was done at last: what it gave is taken, and it did not run beside itself.
    assert_eq!(most.load(Ordering::SeqCst), 1);
    assert!(jobs.progress(&id).await.expect("a row").runs <= 2);
}

/// What it writes it does not read.
#[derive(Clone, Debug, ToSchema)]
struct Odd(u32);

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer)?;
        Err(de::Error::custom("nobody reads this"))
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job(artifact = Odd)]
struct Riddle {
    #[serde(default)]
    hard: bool,
}

#[tokio::test]
async fn an_outcome_that_cannot_be_read_fails_the_job_with_the_reason() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let handler = move |_: JobContext<Riddle>| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(Odd(1)) }
    };
    let app = TestApp::with(resources![Riddle], |builder| builder.job(handler).workers(quick())).await;
    let jobs = app.app().jobs::<Riddle>();
    let id = jobs.enqueue(Riddle { hard: true }).await.expect("a job");
    eventually("it is over", || async {
        jobs.get(&id).await.expect("a job that can be read").data.status == JobStatus::Failed
    })
    .await;
    let done = jobs.get(&id).await.expect("a job").data;
    let reason = done.errmsg.expect("a reason");
    assert!(reason.starts_with("what the job made cannot be stored: nobody reads this"), "{reason}");
    assert_eq!((runs.load(Ordering::SeqCst), done.retries), (1, 0));
}

#[tokio::test]
async fn one_key_twice_in_one_commit_is_one_job() {
    let app = TestApp::new(resources()).await;
    let once = |to: &str| Enqueue::new(mail(to, What::Send)).once("k");
    let mut changes = app.app().changes();
    changes.enqueue(once("a")).expect("a job");
    changes.enqueue(once("a")).expect("the same");
    let limit = Duration::from_secs(5);
    let committed =
        tokio::time::timeout(limit, changes.commit()).await.expect("it ends").expect("it commits");
    assert_eq!(committed.jobs[0], committed.jobs[1]);
    let mut changes = app.app().changes();
    changes.enqueue(Enqueue::new(mail("a", What::Send)).once("l")).expect("a job");
    changes.enqueue(Enqueue::new(mail("b", What::Send)).once("l")).expect("another one");
    let refused = tokio::time::timeout(limit, changes.commit()).await.expect("it ends");
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    // Also when one of them is written as a document.
    let mut changes = app.app().changes();
    let mut job = Job::new(mail("a", What::Send));
    job.idempotency_key = Some("m".into());
    let id = changes.create(&job).expect("a job");
    changes.enqueue(Enqueue::new(mail("a", What::Send)).once("m")).expect("the same");
    let committed =
        tokio::time::timeout(limit, changes.commit()).await.expect("it ends").expect("it commits");
    assert_eq!(committed.jobs, [id]);
    let page = app.user("ann").get("/email-job").await.ok();
    assert_eq!(page.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn keys_of_jobs_have_at_most_255_bytes() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let (longest, longer) = ("k".repeat(255), "ü".repeat(128));
    for field in ["partition_key", "idempotency_key"] {
        ann.post("/email-job", json!({"payload": {"to": "a"}, field: longest})).await.ok();
        let asked = ann.post("/email-job", json!({"payload": {"to": "a"}, field: longer}));
        asked.await.refused(422, &format!("{field} must have at most 255 bytes"));
    }
    let jobs = app.app().jobs::<EmailJob>();
    let refused = jobs.enqueue(Enqueue::new(mail("a", What::Send)).once(longer.clone())).await;
    assert!(matches!(refused, Err(Error::Validation(_))), "{refused:?}");
}
