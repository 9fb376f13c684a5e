//! The database is away for a while: the server is killed or restarted, or the connections are cut. The process goes
//! on, answers 503 meanwhile, and no answered write is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::common::database::is_postgres;
use crate::common::postgres::{Cluster, blocking, in_schema, run};
use crate::common::process::Process;
use crate::common::{eventually, rounds};
use crate::load::Writer;
use crate::{MOST, WRITERS, start, user, verify};

/// What happens to the database.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// The server ends without finishing anything.
    Killed,
    /// The server cuts the connections, and ends.
    Restarted,
    /// Every connection is cut; the server stays.
    Cut,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answered_write_is_lost_when_the_database_is_away() {
    if !is_postgres() {
        return;
    }
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.expect("it starts");
    let cluster = Arc::new(cluster);
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let server = cluster.url("postgres");
    blocking(run(server.clone(), "CREATE SCHEMA parcels".into())).expect("a schema");
    std::fs::write(folder.path().join("postgres.url"), in_schema(&server, "parcels")).expect("a note");
    let process = start(&folder.path().join("app.db")).await;
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    let mut writers: Vec<Writer> = (0..WRITERS).map(|name| Writer::new(name, random.u64(..))).collect();
    let mut answered = 0;
    for round in 0..rounds("SPECSTAR_CRASH_ROUNDS", 2) {
        for blow in [Blow::Cut, Blow::Restarted, Blow::Killed] {
            let written = Arc::new(AtomicUsize::new(0));
            let over = Arc::new(AtomicBool::new(false));
            let enough = random.usize(1..=MOST);
            let work = writers.into_iter().map(|writer| {
                let (user, written, over) = (user(&process), Arc::clone(&written), Arc::clone(&over));
                tokio::spawn(writer.write_until(user, written, over, round))
            });
            let work: Vec<_> = work.collect();
            eventually("writes are answered", || async { written.load(Ordering::Relaxed) >= enough }).await;
            strike(blow, &cluster, &process, &server).await;
            over.store(true, Ordering::Relaxed);
            writers = Vec::new();
            for done in work {
                writers.push(done.await.expect("a writer gets answers that it knows"));
            }
            answered += written.load(Ordering::Relaxed);
            let user = user(&process);
            eventually("the database is there again", || async {
                user.get("/parcel/count").await.status() == 200
            })
            .await;
            verify::everything(&user, &mut writers).await;
        }
    }
    tokio::task::spawn_blocking(|| process.finish()).await.expect("it ends");
    println!("{answered} answered writes, none lost");
}

async fn strike(blow: Blow, cluster: &Arc<Cluster>, process: &Process, server: &str) {
    let (cluster, server, address) = (Arc::clone(cluster), server.to_owned(), process.said.clone());
    let away = move || {
        // Nobody is told anything but that it is not there.
        let status = blocking(async move {
            crate::common::client().get(format!("{address}/parcel/count")).send().await.map(|answer| answer.status())
        });
        assert_eq!(status.expect("an answer").as_u16(), 503);
    };
    let strike = move || match blow {
        Blow::Killed => cluster.restart("-QUIT", away),
        Blow::Restarted => cluster.restart("-INT", away),
        Blow::Cut => {
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                       WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
            // Again and again, so that connections that were made meanwhile are cut too.
            for _ in 0..200 {
                blocking(run(server.clone(), cut.into())).expect("it cuts");
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
    };
    tokio::task::spawn_blocking(strike).await.expect("it strikes");
}
