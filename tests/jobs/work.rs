//! What workers make of jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use specstar::job::{Enqueue, JobStatus};
use specstar::worker::{JobContext, JobError, WorkerOptions};

use crate::common::{TestApp, database, eventually};
use crate::models::{EmailJob, Receipt, What, document, mail, quick, reaches, send, working};
use crate::resources;

#[tokio::test]
async fn a_job_that_is_made_over_http_is_done() {
    let app = TestApp::with(resources(), working).await;
    let ann = app.user("ann");
    let made = ann.post("/email-job", json!({"payload": {"to": "a"}})).await.ok();
    let id = made["resource_id"].as_str().expect("an id");
    let done = reaches(&app, id, JobStatus::Completed).await;
    let receipt = done.artifact.expect("an artifact");
    assert_eq!((receipt.to.as_str(), receipt.attempt), ("a", 1));
    assert!(done.last_heartbeat_at.is_some());
    let history = ann.get(&format!("/email-job/{id}/revision-list")).await.ok();
    assert_eq!(
        history["total"].as_u64().or(history["revisions"].as_array().map(|all| all.len() as u64)),
        Some(2)
    );
    let log = ann.get(&format!("/email-job/{id}/logs")).await;
    assert!(log.is(200).text().ends_with("INFO attempt 1\n"), "{log}");
    let found = ann.get("/email-job?qb=QB['status'].eq('completed')").await.ok();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_failure_is_tried_again_as_often_as_it_may() {
    let app = TestApp::with(resources(), working).await;
    let jobs = app.app().jobs::<EmailJob>();
    let works = jobs.enqueue(mail("a", What::Fail(2))).await.expect("a job");
    let fails = jobs.enqueue(mail("b", What::Fail(9))).await.expect("a job");
    let fatal = jobs.enqueue(mail("c", What::Fatal)).await.expect("a job");
    let panics = jobs.enqueue(Enqueue::new(mail("d", What::Panic)).max_attempts(2)).await.expect("a job");
    let done = reaches(&app, &works, JobStatus::Completed).await;
    assert_eq!((done.retries, done.errmsg), (2, None));
    let done = reaches(&app, &fails, JobStatus::Failed).await;
    assert_eq!((done.retries, done.errmsg.as_deref()), (2, Some("the server is busy")));
    let done = reaches(&app, &fatal, JobStatus::Failed).await;
    assert_eq!((done.retries, done.errmsg.as_deref()), (0, Some("there is no such address")));
    let done = reaches(&app, &panics, JobStatus::Failed).await;
    assert_eq!((done.retries, done.errmsg.as_deref()), (1, Some("it panicked: at the disco")));
    // Each run has a log of its own.
    let log = jobs.log(&fails, Some(2)).await.expect("a log");
    assert_eq!(log.iter().map(|line| &*line.text).collect::<Vec<_>>(), ["attempt 2", "the server is busy"]);
    // A dead letter is run again, with all its attempts.
    jobs.rerun(&fails).await.expect("it is over");
    reaches(&app, &fails, JobStatus::Failed).await;
    assert_eq!(jobs.progress(&fails).await.expect("a row").runs, 6);
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_given_up() {
    let app = TestApp::with(resources(), working).await;
    let jobs = app.app().jobs::<EmailJob>();
    let id = jobs.enqueue(Enqueue::new(mail("a", What::Hang)).max_attempts(1)).await.expect("a job");
    let done = reaches(&app, &id, JobStatus::Failed).await;
    assert_eq!(done.errmsg.as_deref(), Some("it took longer than 12s"));
}

#[tokio::test]
async fn a_running_job_is_asked_to_stop_and_then_stopped() {
    let app = TestApp::with(resources(), working).await;
    let (jobs, ann) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    for what in [What::Wait, What::Hang] {
        let id = jobs.enqueue(mail("a", what)).await.expect("a job");
        reaches(&app, &id, JobStatus::Processing).await;
        let asked = ann.ask("POST", &format!("/email-job/{id}/cancel")).await;
        assert_eq!(asked.is(202).json()["cancel_requested"], true);
        reaches(&app, &id, JobStatus::Cancelled).await;
    }
}

#[tokio::test]
async fn progress_is_seen_while_a_job_runs_and_makes_no_revision() {
    let app = TestApp::with(resources(), working).await;
    let (jobs, ann) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    let id = jobs.enqueue(mail("a", What::Wait)).await.expect("a job");
    let path = format!("/email-job/{id}/progress");
    eventually("the progress is told", || async { ann.get(&path).await.ok()["progress"] == 0.5 }).await;
    let progress = ann.get(&path).await.ok();
    assert_eq!((&progress["note"], &progress["state"]), (&json!("waiting"), &json!("running")));
    let health = ann.get("/_jobs/health").await.ok();
    assert_eq!(health["running"][0]["resource_id"], json!(id));
    assert_eq!(
        (health["healthy"].as_bool(), health["workers"].as_array().map(Vec::len)),
        (Some(true), Some(1))
    );
    assert_eq!(jobs.get(&id).await.expect("a job").head.rev_count, 1);
    jobs.cancel(&id).await.expect("it runs");
    reaches(&app, &id, JobStatus::Cancelled).await;
}

/// Remembers the most jobs of one key, and of all, at the same time, and the order of each key.
#[derive(Default)]
struct Watch {
    now: AtomicUsize,
    most: AtomicUsize,
    seen: std::sync::Mutex<Vec<String>>,
}

fn watching(watch: &Arc<Watch>) -> impl specstar::worker::JobHandler<EmailJob> {
    let watch = Arc::clone(watch);
    move |job: JobContext<EmailJob>| {
        let watch = Arc::clone(&watch);
        async move {
            let now = watch.now.fetch_add(1, Ordering::SeqCst) + 1;
            watch.most.fetch_max(now, Ordering::SeqCst);
            watch.seen.lock().expect("not poisoned").push(job.payload.to.clone());
            tokio::time::sleep(Duration::from_millis(5)).await;
            watch.now.fetch_sub(1, Ordering::SeqCst);
            let fails = matches!(job.payload.what, What::Fail(times) if job.attempt() <= times);
            if fails {
                return Err(JobError::retry("again"));
            }
            Ok(Receipt { to: job.payload.to.clone(), attempt: job.attempt() })
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jobs_of_one_key_run_one_by_one_in_their_order_across_failures() {
    let watch = Arc::new(Watch::default());
    let app =
        TestApp::with(resources(), |builder| builder.job(watching(&watch)).workers(quick().queue("mail", 8)))
            .await;
    let jobs = app.app().jobs::<EmailJob>();
    let mut last = String::new();
    for at in 0..12 {
        let what = if at % 4 == 1 { What::Fail(1) } else { What::Send };
        // A higher priority does not overtake within a key.
        let job = Enqueue::new(mail(&format!("{at:02}"), what)).partition("k").priority(at);
        last = jobs.enqueue(job).await.expect("a job");
    }
    reaches(&app, &last, JobStatus::Completed).await;
    assert_eq!(watch.most.load(Ordering::SeqCst), 1);
    let seen = watch.seen.lock().expect("not poisoned").clone();
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.len(), 15);
}

#[tokio::test]
async fn the_more_important_job_is_begun_first_of_those_that_are_due() {
    let watch = Arc::new(Watch::default());
    let app =
        TestApp::with(resources(), |builder| builder.job(watching(&watch)).workers(quick().queue("mail", 1)))
            .await;
    let mut changes = app.app().changes();
    for (name, priority, hours) in [("low", 0, 0), ("late", 9, 1), ("high", 5, 0), ("mid", 3, 0)] {
        let delay = Duration::from_hours(hours);
        changes.enqueue(Enqueue::new(mail(name, What::Send)).priority(priority).delay(delay)).expect("a job");
    }
    let committed = changes.commit().await.expect("they commit");
    reaches(&app, &committed.jobs[0], JobStatus::Completed).await;
    assert_eq!(*watch.seen.lock().expect("not poisoned"), ["high", "mid", "low"]);
}

#[tokio::test]
async fn a_delayed_job_is_begun_when_it_is_due() {
    let app = TestApp::with(resources(), working).await;
    let (asked, delay) = (Instant::now(), Duration::from_secs(1));
    let job = Enqueue::new(mail("late", What::Send)).delay(delay);
    let id = app.app().jobs::<EmailJob>().enqueue(job).await.expect("a job");
    reaches(&app, &id, JobStatus::Completed).await;
    assert!(asked.elapsed() >= delay, "it was done after {:?}", asked.elapsed());
}

#[tokio::test]
async fn an_application_that_ends_gives_back_what_does_not_end_in_time() {
    let app = TestApp::with(resources(), working).await;
    let jobs = app.app().jobs::<EmailJob>();
    let id = jobs.enqueue(mail("a", What::Hang)).await.expect("a job");
    reaches(&app, &id, JobStatus::Processing).await;
    let folder = app.stop().await;
    let app = TestApp::on(folder, resources(), |builder| builder.job(send).without_workers()).await;
    let row = app.app().jobs::<EmailJob>().progress(&id).await.expect("a row");
    assert_eq!((row.phase.as_str(), row.attempt, row.runs, row.lease), ("pending", 0, 1, None));
    assert_eq!(document(&app, &id).await.status, JobStatus::Pending);
    assert_eq!(app.user("ann").get("/_jobs/health").await.ok()["workers"], json!([]));
}

#[tokio::test]
async fn what_a_client_ends_is_not_overwritten_by_its_worker() {
    let app =
        TestApp::with(resources(), |builder| working(builder).preset(specstar::app::Preset::Compat)).await;
    let (jobs, ann) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    let id = jobs.enqueue(mail("a", What::Wait)).await.expect("a job");
    reaches(&app, &id, JobStatus::Processing).await;
    ann.patch(&format!("/email-job/{id}"), json!({"status": "completed", "errmsg": "by hand"})).await.ok();
    let before = jobs.get(&id).await.expect("a job").head.version;
    eventually("the worker lets go", || async {
        ann.get("/_jobs/health").await.ok()["running"] == json!([])
    })
    .await;
    // Longer than until the next sign of life, with which the worker hears of it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = jobs.get(&id).await.expect("a job");
    assert_eq!((after.head.version, after.data.errmsg.as_deref()), (before, Some("by hand")));
}

#[tokio::test]
async fn a_payload_can_be_changed_while_a_job_runs() {
    let app = TestApp::with(resources(), working).await;
    let (jobs, ann) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    let id = jobs.enqueue(mail("a", What::Wait)).await.expect("a job");
    reaches(&app, &id, JobStatus::Processing).await;
    ann.patch(&format!("/email-job/{id}"), json!({"payload": {"to": "b"}})).await.ok();
    jobs.cancel(&id).await.expect("it runs");
    let done = reaches(&app, &id, JobStatus::Cancelled).await;
    assert_eq!(done.payload.to, "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_worth_of_workers_never_begin_one_job_twice() {
    let watch = Arc::new(Watch::default());
    let options = || WorkerOptions { lease: Duration::from_secs(20), ..quick() }.queue("mail", 4);
    let first = TestApp::with(resources(), |builder| builder.job(watching(&watch)).workers(options())).await;
    let second =
        TestApp::on(first.folder(), resources(), |builder| builder.job(watching(&watch)).workers(options()))
            .await;
    let mut changes = first.app().changes();
    for at in 0..120 {
        changes.enqueue(mail(&format!("{at:03}"), What::Send)).expect("a job");
    }
    let committed = changes.commit().await.expect("they commit");
    for id in &committed.jobs {
        reaches(&second, id, JobStatus::Completed).await;
    }
    let mut seen = watch.seen.lock().expect("not poisoned").clone();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), watch.seen.lock().expect("not poisoned").len()), (120, 120));
}

/// Fails when it is told to, and not before.
fn told_to_fail(told: &Arc<tokio::sync::Notify>) -> impl specstar::worker::JobHandler<EmailJob> {
    let told = Arc::clone(told);
    move |_: JobContext<EmailJob>| {
        let told = Arc::clone(&told);
        async move {
            told.notified().await;
            Err(JobError::retry("told to"))
        }
    }
}

#[tokio::test]
async fn a_cancel_that_was_accepted_holds_whatever_the_run_comes_to() {
    let told = Arc::new(tokio::sync::Notify::new());
    // The next sign of life is far.
    let options = || WorkerOptions { lease: Duration::from_mins(1), ..quick() };
    let app = TestApp::with(resources(), |builder| builder.job(told_to_fail(&told)).workers(options())).await;
    let jobs = app.app().jobs::<EmailJob>();
    let fails = jobs.enqueue(mail("a", What::Send)).await.expect("a job");
    reaches(&app, &fails, JobStatus::Processing).await;
    assert!(jobs.cancel(&fails).await.expect("it runs").cancel_requested);
    told.notify_one();
    assert_eq!(reaches(&app, &fails, JobStatus::Cancelled).await.retries, 0);
    let every = Enqueue::new(mail("b", What::Send)).every(Duration::from_secs(1)).max_attempts(1);
    let again = jobs.enqueue(every).await.expect("a job");
    reaches(&app, &again, JobStatus::Processing).await;
    jobs.cancel(&again).await.expect("it runs");
    told.notify_one();
    reaches(&app, &again, JobStatus::Cancelled).await;
    // The application ends before its worker has heard of it.
    let given_back = jobs.enqueue(mail("c", What::Send)).await.expect("a job");
    reaches(&app, &given_back, JobStatus::Processing).await;
    jobs.cancel(&given_back).await.expect("it runs");
    drop(jobs);
    let folder = app.stop().await;
    let app = TestApp::on(folder, resources(), |builder| builder.job(send).without_workers()).await;
    assert_eq!(document(&app, &given_back).await.status, JobStatus::Cancelled);
}

#[tokio::test]
async fn a_job_that_is_said_to_be_worked_on_by_nobody_is_taken_over() {
    let app =
        TestApp::with(resources(), |builder| working(builder).preset(specstar::app::Preset::Compat)).await;
    let later = Enqueue::new(mail("a", What::Send)).delay(Duration::from_hours(1));
    let id = app.app().jobs::<EmailJob>().enqueue(later).await.expect("a job");
    app.user("ann").patch(&format!("/email-job/{id}"), json!({"status": "processing"})).await.ok();
    assert_eq!(reaches(&app, &id, JobStatus::Completed).await.retries, 1);
}

#[tokio::test]
async fn a_key_that_is_changed_while_a_worker_is_at_it_holds_from_then_on() {
    let app = TestApp::with(resources(), working).await;
    let jobs = app.app().jobs::<EmailJob>();
    let id = jobs.enqueue(Enqueue::new(mail("a", What::Wait)).partition("a")).await.expect("a job");
    reaches(&app, &id, JobStatus::Processing).await;
    let (ann, path) = (app.user("ann"), format!("/email-job/{id}"));
    ann.patch(&path, json!({"partition_key": "b"})).await.ok();
    ann.ask("POST", &format!("{path}/cancel")).await.is(202);
    let over = reaches(&app, &id, JobStatus::Cancelled).await;
    assert_eq!(over.partition_key.as_deref(), Some("b"));
    let row = crate::common::database::row(app.folder().path(), "SELECT partition_key FROM ss_job");
    assert_eq!(row, ["b"]);
}

#[tokio::test]
async fn nothing_is_left_of_a_job_that_is_removed_while_it_runs() {
    let app = TestApp::with(resources(), working).await;
    let ann = app.user("ann");
    let id = app.app().jobs::<EmailJob>().enqueue(mail("a", What::Wait)).await.expect("a job");
    reaches(&app, &id, JobStatus::Processing).await;
    ann.delete(&format!("/email-job/{id}/permanently")).await.ok();
    // Another one is worked on behind it, so that its worker has said everything.
    let next = app.app().jobs::<EmailJob>().enqueue(mail("b", What::Send)).await.expect("a job");
    reaches(&app, &next, JobStatus::Completed).await;
    let folder = app.stop().await;
    let count = |table: &str| database::row(folder.path(), &format!("SELECT count(*) FROM {table}"));
    assert_eq!(count("ss_job"), ["1"]);
    assert_eq!(count("ss_job_log"), ["1"], "the line of the other one");
}
