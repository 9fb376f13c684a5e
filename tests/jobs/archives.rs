//! Jobs that leave for an archive, and come out of one.

use std::time::Duration;

use serde_json::json;
use specstar::datetime::Timestamp;
use specstar::job::{Enqueue, JobStatus};

use crate::common::{TestApp, User, database};
use crate::models::{EmailJob, What, document, mail, reaches, working};
use crate::resources;

async fn export(user: &User) -> Vec<u8> {
    user.get("/email-job/export").await.is(200).bytes().to_vec()
}

fn import(user: &User, archive: &[u8]) -> crate::common::talk::Ask {
    user.ask("POST", "/email-job/import").body("application/octet-stream", archive.to_vec())
}

#[tokio::test]
async fn a_job_that_was_worked_on_waits_where_it_is_imported() {
    let app = TestApp::with(resources(), working).await;
    let ann = app.user("ann");
    let id = app.app().jobs::<EmailJob>().enqueue(mail("a", What::Wait)).await.expect("a job");
    reaches(&app, &id, JobStatus::Processing).await;
    let archive = export(&ann).await;
    import(&ann, &archive).await.refused(409, "is being worked on");
    let checked = ann.ask("POST", "/email-job/import?dry_run=true");
    let checked = checked.body("application/octet-stream", archive.clone()).await.ok();
    assert_eq!(checked["models"]["email-job"]["resources"]["failed"], 1, "{checked}");
    let problem = checked["models"]["email-job"]["errors"][0].as_str();
    assert!(problem.is_some_and(|text| text.contains("is being worked on")), "{checked}");
    assert_eq!(document(&app, &id).await.status, JobStatus::Processing);
    let other = TestApp::new(resources()).await;
    import(&other.user("ann"), &archive).await.ok();
    assert_eq!(document(&other, &id).await.status, JobStatus::Pending);
    let found = other.user("ann").get("/email-job?qb=QB['status'].eq('pending')").await.ok();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    let row = other.app().jobs::<EmailJob>().progress(&id).await.expect("a row");
    assert_eq!(row.phase.as_str(), "pending");
    app.app().jobs::<EmailJob>().cancel(&id).await.expect("it runs");
    reaches(&app, &id, JobStatus::Cancelled).await;
}

#[tokio::test]
async fn imported_jobs_keep_their_keys_and_their_times() {
    let app = TestApp::new(resources()).await;
    let (jobs, ann) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    let once = || Enqueue::new(mail("a", What::Send)).once("k");
    let keyed = jobs.enqueue(once().delay(Duration::from_secs(500)).priority(7)).await.expect("a job");
    let body = json!({"payload": {"to": "b"}, "periodic_initial_delay_seconds": 1000});
    let made = ann.post("/email-job", body).await.ok();
    let later = made["resource_id"].as_str().expect("an id").to_owned();
    let archive = export(&ann).await;
    let before = [jobs.progress(&keyed).await.expect("a row"), jobs.progress(&later).await.expect("a row")];
    import(&ann, &archive).await.ok();
    let after = [jobs.progress(&keyed).await.expect("a row"), jobs.progress(&later).await.expect("a row")];
    for (before, after) in before.iter().zip(&after) {
        let of = |row: &specstar::store::JobRow| (row.phase, row.run_at, row.priority, row.schedule.clone());
        assert_eq!(of(before), of(after));
    }
    assert_eq!(jobs.enqueue(once()).await.expect("the same"), keyed);
    let other = TestApp::new(resources()).await;
    import(&other.user("ann"), &archive).await.ok();
    let jobs = other.app().jobs::<EmailJob>();
    assert_eq!(jobs.enqueue(once()).await.expect("the same"), keyed);
    for (before, id) in before.iter().zip([&keyed, &later]) {
        let row = jobs.progress(id).await.expect("a row");
        assert_eq!(
            (row.phase.as_str(), row.run_at, row.priority),
            ("scheduled", before.run_at, before.priority)
        );
    }
}

#[cfg(feature = "cron")]
#[tokio::test]
async fn a_job_comes_out_of_an_archive_with_its_schedule() {
    let app = TestApp::new(resources()).await;
    let (jobs, ann) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    let id = jobs.enqueue(Enqueue::new(mail("a", What::Send)).cron("0 3 * * *")).await.expect("a job");
    let before = jobs.progress(&id).await.expect("a row");
    import(&ann, &export(&ann).await).await.ok();
    let after = jobs.progress(&id).await.expect("a row");
    assert_eq!((after.schedule.as_deref(), after.run_at), (Some("0 3 * * *"), before.run_at));
    let other = TestApp::new(resources()).await;
    import(&other.user("ann"), &export(&ann).await).await.ok();
    let there = other.app().jobs::<EmailJob>().progress(&id).await.expect("a row");
    assert_eq!((there.schedule.as_deref(), there.run_at), (Some("0 3 * * *"), before.run_at));
}

#[tokio::test]
async fn a_job_that_is_tried_again_comes_out_of_an_archive_before_the_later_ones_of_its_key() {
    let app = TestApp::new(resources()).await;
    let (jobs, ann) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    let job = |to: &str| Enqueue::new(mail(to, What::Send)).partition("k");
    let first = jobs.enqueue(job("a")).await.expect("a job");
    jobs.enqueue(job("b")).await.expect("a job");
    // As it stands when its first attempt has failed.
    let later = Timestamp::now().0 + 3_600_000_000;
    let failed = format!(
        "UPDATE ss_job SET state = 'retrying', attempt = 1, run_at = {later} WHERE resource_id = '{first}'"
    );
    database::execute(app.folder().path(), &failed);
    let archive = export(&ann).await;
    let other = TestApp::with(resources(), working).await;
    import(&other.user("ann"), &archive).await.ok();
    let row = other.app().jobs::<EmailJob>().progress(&first).await.expect("a row");
    assert_eq!((row.phase.as_str(), row.attempt, row.run_at), ("retrying", 1, Timestamp(later)));
    // Nothing overtakes it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let done = other.user("ann").get("/email-job/count?qb=QB['status'].eq('completed')").await.ok();
    assert_eq!(done, 0);
}
