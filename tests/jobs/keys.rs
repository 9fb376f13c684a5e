//! Many jobs of few keys, and everything that may take one out of the way of the others.

use std::time::{Duration, Instant};

use serde_json::json;
use specstar::job::Enqueue;
use specstar::prelude::*;

use crate::common::{TestApp, User, database, eventually, headers_decide};
use crate::models::{EmailJob, What, mail, working};
use crate::resources;

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Does something to a job; whether it could be done depends on what others do meanwhile.
async fn disturb(user: &User, id: &str, random: &mut fastrand::Rng) {
    let path = format!("/email-job/{id}");
    let answer = match random.u32(..8) {
        0 => user.ask("POST", &format!("{path}/cancel")).await,
        1 => user.ask("POST", &format!("{path}/rerun")).await,
        2 => user.delete(&format!("{path}/permanently")).await,
        3 => user.patch(&path, json!({ "partition_key": KEYS[random.usize(..3)] })).await,
        4 => user.patch(&path, json!({"partition_key": null})).await,
        5 => user.patch(&path, json!({"payload": {"to": "else"}})).await,
        _ => {
            user.delete(&path).await;
            tokio::time::sleep(Duration::from_millis(random.u64(..30))).await;
            user.ask("POST", &format!("{path}/restore")).await
        }
    };
    assert!(answer.status() < 500, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_job_is_left_behind_whatever_is_done_to_the_others_of_its_key() {
    let app = TestApp::with(resources(), working).await;
    // On a server, other processes take jobs as well.
    let mut apps = vec![];
    if database::is_postgres() {
        for _ in 0..2 {
            let builder = headers_decide(SpecStar::builder().open_access()).resources(resources());
            let more = working(database::on(builder, app.folder().path()));
            apps.push(more.build().await.expect("another one"));
        }
    }
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    let work = (0..4).map(|_| {
        let (jobs, user, mut random) = (app.app().jobs::<EmailJob>(), app.user("ann"), random.fork());
        tokio::spawn(async move {
            let mut made = Vec::new();
            for _ in 0..60 {
                let what = if random.u32(..8) == 0 { What::Fail(1) } else { What::Send };
                let job = Enqueue::new(mail("a", what)).partition(KEYS[random.usize(..3)]);
                let job = job.priority(random.i16(..3)).delay(Duration::from_millis(random.u64(..40)));
                made.push(jobs.enqueue(job).await.expect("a job"));
                if random.bool() {
                    let id = &made[random.usize(..made.len())];
                    disturb(&user, id, &mut random).await;
                }
            }
        })
    });
    for done in futures_util::future::join_all(work).await {
        done.expect("it is disturbed");
    }
    let limit = Instant::now() + Duration::from_mins(3);
    let waiting =
        "SELECT count(*) FROM ss_job WHERE NOT held AND state NOT IN ('done', 'failed', 'cancelled')";
    let folder = app.folder();
    while database::row(folder.path(), waiting) != ["0"] {
        let rows = "SELECT pk, partition_key, state FROM ss_job \
                    WHERE state NOT IN ('done', 'failed', 'cancelled') ORDER BY job_pk";
        assert!(Instant::now() < limit, "left behind: {:?}", database::rows(folder.path(), rows));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(database::row(folder.path(), "SELECT count(*) FROM ss_job WHERE behind"), ["0"]);
    for app in apps {
        app.close().await.expect("it closes");
    }
}

#[tokio::test]
async fn a_database_from_before_the_mark_of_those_behind_others_gets_it() {
    let app = TestApp::new(resources()).await;
    let jobs = app.app().jobs::<EmailJob>();
    for to in ["a", "b"] {
        jobs.enqueue(Enqueue::new(mail(to, What::Send)).partition("k")).await.expect("a job");
    }
    let folder = app.stop().await;
    for index in ["jx_next", "jx_soon", "jx_first", "jx_behind"] {
        database::execute(folder.path(), &format!("DROP INDEX {index}"));
    }
    database::execute(folder.path(), "ALTER TABLE ss_job DROP COLUMN behind");
    database::execute(folder.path(), "CREATE INDEX jx_due ON ss_job (queue, run_at)");
    let app = TestApp::on(folder, resources(), working).await;
    let user = app.user("ann");
    eventually("both are done", || async {
        user.get("/email-job/count?qb=QB['status'].eq('completed')").await.ok() == 2
    })
    .await;
}

#[tokio::test]
async fn a_job_that_a_client_says_is_worked_on_is_in_the_way_of_the_others() {
    let app = TestApp::compat(resources()).await;
    let (jobs, user) = (app.app().jobs::<EmailJob>(), app.user("ann"));
    let mut paths = Vec::new();
    for to in ["a", "b", "c"] {
        let id = jobs.enqueue(Enqueue::new(mail(to, What::Send)).partition("k")).await.expect("a job");
        paths.push(format!("/email-job/{id}"));
    }
    let status = async |path: &str, status: &str| user.patch(path, json!({ "status": status })).await.ok();
    let folder = app.folder();
    let waiting = || {
        let sql = "SELECT CASE WHEN behind THEN 'behind' ELSE 'free' END FROM ss_job WHERE state = 'pending' ORDER BY job_pk";
        database::rows(folder.path(), sql).concat()
    };
    // On a server it is a claim that finds out who is behind whom.
    database::execute(
        folder.path(),
        "UPDATE ss_job SET behind = (job_pk > (SELECT MIN(job_pk) FROM ss_job))",
    );
    assert_eq!(waiting(), ["free", "behind", "behind"]);
    status(&paths[1], "processing").await;
    assert_eq!(waiting(), ["free", "behind"]);
    status(&paths[0], "completed").await;
    status(&paths[1], "completed").await;
    assert_eq!(waiting(), ["free"]);
}
