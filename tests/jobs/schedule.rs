//! Jobs that run again, and jobs that types have by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use specstar::job::{Enqueue, JobStatus};
use specstar::worker::JobContext;

use crate::common::{TestApp, eventually};
use crate::models::{EmailJob, Sweep, What, document, mail, quick, reaches, working};
use crate::resources;

#[tokio::test]
async fn a_periodic_job_runs_as_often_as_it_should_with_a_revision_per_run() {
    let app = TestApp::with(resources(), working).await;
    let jobs = app.app().jobs::<EmailJob>();
    let job = Enqueue::new(mail("a", What::Send)).every(Duration::from_secs(1)).max_runs(2);
    let id = jobs.enqueue(job).await.expect("a job");
    // How it waits is seen of one that waits for long.
    let job = Enqueue::new(mail("b", What::Send)).every(Duration::from_hours(1)).max_runs(2);
    let hourly = jobs.enqueue(job).await.expect("a job");
    eventually("it has run once", || async { document(&app, &hourly).await.periodic_runs == 1 }).await;
    let waiting = document(&app, &hourly).await;
    assert_eq!((waiting.status, waiting.artifact.is_some()), (JobStatus::Pending, true));
    assert_eq!(jobs.progress(&hourly).await.expect("a row").phase.as_str(), "scheduled");
    let done = reaches(&app, &id, JobStatus::Completed).await;
    assert_eq!(done.periodic_runs, 2);
    assert_eq!(jobs.get(&id).await.expect("a job").head.rev_count, 3);
}

#[cfg(feature = "cron")]
#[tokio::test]
async fn a_job_runs_at_the_times_of_a_cron_expression() {
    let app = TestApp::with(resources(), working).await;
    let jobs = app.app().jobs::<EmailJob>();
    let id = jobs
        .enqueue(Enqueue::new(mail("a", What::Send)).cron("* * * * * *").max_runs(2))
        .await
        .expect("a job");
    assert_eq!(reaches(&app, &id, JobStatus::Completed).await.periodic_runs, 2);
    let wrong = jobs.enqueue(Enqueue::new(mail("a", What::Send)).cron("every day")).await;
    assert!(wrong.expect_err("no expression").to_string().contains("`every day` is not a cron expression"));
}

#[tokio::test]
async fn a_type_has_one_job_by_itself_however_many_processes_start() {
    let runs = Arc::new(AtomicUsize::new(0));
    let sweeping = |builder: specstar::app::SpecStarBuilder| {
        let runs = Arc::clone(&runs);
        let handler = move |_: JobContext<Sweep>| {
            let runs = Arc::clone(&runs);
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        };
        builder.job(handler).workers(quick())
    };
    let first = TestApp::with(resources(), sweeping).await;
    let second = TestApp::on(first.folder(), resources(), sweeping).await;
    eventually("it has run twice", || async { runs.load(Ordering::SeqCst) >= 2 }).await;
    let page = second.user("ann").get("/sweep").await.ok();
    assert_eq!(page.as_array().map(Vec::len), Some(1));
    assert_eq!(page[0]["meta"]["resource_id"], "sweep:periodic");
}

#[tokio::test]
async fn times_that_are_none_keep_an_application_from_starting() {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Resource)]
    #[job(cron = "61 * * * *")]
    struct Never {
        #[serde(default)]
        a: bool,
    }

    let built =
        SpecStar::builder().sqlite_temporary().open_access().resources(resources![Never]).build().await;
    let error = built.expect_err("no such minute").to_string();
    assert!(error.contains("`never`: `61 * * * *` is not a cron expression"), "{error}");
}
