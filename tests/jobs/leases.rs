//! Leases, as a store keeps them.

use std::sync::Arc;
use std::time::Duration;

use specstar::datetime::Timestamp;
use specstar::job::{Enqueue, Job};
use specstar::prelude::*;
use specstar::runtime::change::{Change, ChangeSet, JobGuard, JobMove, ModelIndex};
use specstar::runtime::job::{Next, Phase};
use specstar::runtime::json::fitting_index_row;
use specstar::runtime::meta::DataHash;
use specstar::runtime::timeline::{Context, Payload, rework};
use specstar::store::{ClaimedJob, CommitError, Held, JobBeat, JobClaim, JobSign, Store};

use crate::common::{TestApp, database};
use crate::models::{EmailJob, Order, Sweep, What, mail};
use crate::resources;

const MODEL: ModelIndex = ModelIndex(1);

/// A store with this job, which nobody works on.
async fn store(job: Enqueue<EmailJob>) -> (Arc<dyn Store>, Arc<tempfile::TempDir>) {
    let app = TestApp::with(resources(), SpecStarBuilder::without_workers).await;
    app.app().jobs::<EmailJob>().enqueue(job).await.expect("a job");
    let folder = app.stop().await;
    let store = database::store(folder.path());
    let types = [Order::DESCRIPTOR, Job::<EmailJob>::DESCRIPTOR, Job::<Sweep>::DESCRIPTOR];
    store.ensure_layout(&types).await.expect("tables");
    (store, folder)
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn claim(token: &str, lease: i64) -> JobClaim {
    let now = now();
    JobClaim {
        queue: "mail".into(),
        models: vec![MODEL],
        now,
        until: Timestamp(now.0 + lease),
        worker: "w".into(),
        tokens: vec![token.into()],
    }
}

async fn begun(store: &dyn Store, token: &str, lease: i64) -> ClaimedJob {
    store.claim_jobs(claim(token, lease)).await.expect("a claim").jobs.pop().expect("a job")
}

async fn beat(store: &dyn Store, job: &ClaimedJob, lease: i64) -> Held {
    let now = now();
    let sign = JobSign {
        model: MODEL,
        pk: job.row.pk,
        token: job.lease.token.clone(),
        run: 1,
        progress: None,
        lines: Vec::new(),
    };
    let beat = JobBeat {
        worker: "w".into(),
        queues: ",mail,".into(),
        now,
        until: Timestamp(now.0 + lease),
        jobs: vec![sign],
    };
    store.beat(beat).await.expect("a beat")[0]
}

/// Moves a job under a guard.
async fn moved(
    store: &dyn Store,
    job: &ClaimedJob,
    guard: JobGuard,
    phase: Phase,
) -> Result<(), CommitError> {
    let head = store.head(MODEL, &job.head.resource_id).await.expect("a read").expect("a head");
    let descriptor = Job::<EmailJob>::DESCRIPTOR;
    let index = fitting_index_row(descriptor, &head.revision.data);
    let payload = Payload {
        hash: DataHash::of(&head.revision.data),
        index: index.clone(),
        blobs: Vec::new(),
        schema_version: None,
        data: head.revision.data.clone(),
    };
    let to = Next { phase, run_at: now(), attempt: 1 };
    let context = Context { now: now(), user: "w".into() };
    let update =
        rework(MODEL, &head, index, payload, JobMove { guard, to, lease: None, asked: None }, &context);
    store.commit(ChangeSet::from(vec![Change::Update(Box::new(update))])).await
}

fn over(token: &str) -> JobGuard {
    JobGuard::Over { token: Some(token.to_owned()), now: now() }
}

const HOUR: i64 = 3_600_000_000;

async fn expired(store: &dyn Store) -> usize {
    store.expired_jobs(now(), 10).await.expect("a read").len()
}

#[tokio::test]
async fn a_lease_that_was_renewed_since_it_was_looked_at_is_not_taken_over() {
    let (store, _folder) = store(Enqueue::new(mail("a", What::Send))).await;
    let job = begun(&*store, "t", 1).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(expired(&*store).await, 1);
    assert_eq!(beat(&*store, &job, HOUR).await, Held::Yes);
    let taken = moved(&*store, &job, over("t"), Phase::Pending).await;
    assert!(matches!(taken, Err(CommitError::LeaseLost { .. })), "{taken:?}");
    assert_eq!(expired(&*store).await, 0);
    assert_eq!(beat(&*store, &job, 1).await, Held::Yes);
    tokio::time::sleep(Duration::from_millis(5)).await;
    moved(&*store, &job, over("t"), Phase::Pending).await.expect("it is over");
    // Who had it renews nothing and writes nothing any more, also when somebody else has it.
    for next in [false, true] {
        if next {
            begun(&*store, "u", HOUR).await;
        }
        assert_eq!(beat(&*store, &job, HOUR).await, Held::No);
        let late = moved(&*store, &job, JobGuard::Held("t".into()), Phase::Done).await;
        assert!(matches!(late, Err(CommitError::LeaseLost { .. })), "{late:?}");
    }
    store.close().await.expect("it closes");
}

#[tokio::test]
async fn a_job_that_is_to_stop_is_only_moved_to_where_it_is_over() {
    let (store, _folder) = store(Enqueue::new(mail("a", What::Send))).await;
    let job = begun(&*store, "t", HOUR).await;
    assert!(store.ask_to_stop(MODEL, job.row.pk).await.expect("an answer"));
    for phase in [Phase::Pending, Phase::Scheduled, Phase::Retrying] {
        let lost = moved(&*store, &job, JobGuard::Held("t".into()), phase).await;
        assert!(matches!(lost, Err(CommitError::LeaseLost { .. })), "{lost:?}");
    }
    moved(&*store, &job, JobGuard::Held("t".into()), Phase::Cancelled).await.expect("it is over");
    store.close().await.expect("it closes");
}

/// On SQLite one writer does everything, one after the other.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_waits_for_nobody_who_writes_the_document() {
    use sea_orm::{ConnectionTrait, Database, TransactionTrait};
    use specstar::sea_orm;

    if !database::is_postgres() {
        return;
    }
    let (store, folder) = store(Enqueue::new(mail("a", What::Send))).await;
    let other = Database::connect(crate::common::postgres::url(folder.path())).await.expect("a connection");
    let writes = other.begin().await.expect("a transaction");
    let hold = "SELECT 1 FROM \"h_email-job\" FOR UPDATE";
    writes.execute_unprepared(hold).await.expect("it is held");
    let claimed = tokio::time::timeout(Duration::from_secs(3), store.claim_jobs(claim("t", HOUR))).await;
    assert!(claimed.expect("it does not wait").expect("a claim").jobs.is_empty());
    // And it holds no row that the writer needs.
    writes.execute_unprepared("SET lock_timeout = '2s'; UPDATE ss_job SET priority = 1").await.expect("free");
    writes.commit().await.expect("it is committed");
    begun(&*store, "t", HOUR).await;
    store.close().await.expect("it closes");
}

/// The clock of a process does not matter for leases where there is one of the server.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn leases_are_counted_by_the_clock_of_the_server() {
    if !database::is_postgres() {
        return;
    }
    let (store, _folder) = store(Enqueue::new(mail("a", What::Send))).await;
    let job = begun(&*store, "t", HOUR).await;
    // Somebody whose clock is a day ahead.
    let tomorrow = Timestamp(now().0 + 24 * HOUR);
    assert!(store.expired_jobs(tomorrow, 10).await.expect("a read").is_empty());
    let guard = JobGuard::Over { token: Some("t".into()), now: tomorrow };
    let taken = moved(&*store, &job, guard, Phase::Pending).await;
    assert!(matches!(taken, Err(CommitError::LeaseLost { .. })), "{taken:?}");
    store.close().await.expect("it closes");
}

#[tokio::test]
async fn jobs_behind_others_that_are_not_there_go_on() {
    let (store, folder) = store(Enqueue::new(mail("a", What::Send)).partition("k")).await;
    let now = now();
    assert_eq!(store.free_stranded_jobs(now).await.expect("a look"), 0);
    let mark = "UPDATE ss_job SET behind = TRUE";
    database::execute(folder.path(), mark);
    // As a program of before would leave it.
    assert_eq!(store.next_due("mail", &[MODEL]).await.expect("a look"), None);
    assert_eq!(store.free_stranded_jobs(now).await.expect("a look"), 1);
    assert!(store.next_due("mail", &[MODEL]).await.expect("a look").is_some());
    store.close().await.expect("it closes");
}
