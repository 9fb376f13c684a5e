// The suite, on whichever engine the test target is for.

#[allow(dead_code)] // The other suite uses more of it.
#[path = "../common/mod.rs"]
mod common;

mod blobs;
#[cfg(feature = "postgres")]
mod server;
mod load;
mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::process::Process;
use common::{User, assert_sound, client, eventually, rounds};
use load::Writer;
use specstar::prelude::*;
use specstar::registry::Registry;

/// Clients that write at the same time.
const WRITERS: usize = 8;
/// The most answered writes of a round before the process is killed.
const MOST: usize = 150;

/// What the writers write: its code is unique, and they fight for it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Parcel {
    #[unique]
    pub(crate) code: Option<String>,
    #[indexed]
    pub(crate) weight: i64,
    #[indexed]
    #[serde(default)]
    pub(crate) marks: Vec<String>,
    #[serde(default)]
    pub(crate) content: String,
}

pub(crate) fn resources() -> Registry {
    resources![Parcel, blobs::Letter]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answered_write_is_lost_when_the_process_is_killed() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("app.db");
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    let mut writers: Vec<Writer> = (0..WRITERS).map(|name| Writer::new(name, random.u64(..))).collect();
    let rounds = rounds("SPECSTAR_CRASH_ROUNDS", 3);
    let mut answered = 0;
    for round in 0..rounds {
        let mut process = start(&file).await;
        verify::everything(&user(&process), &mut writers).await;
        assert_sound(&file);
        let written = Arc::new(AtomicUsize::new(0));
        let enough = random.usize(1..=MOST);
        let work = writers.into_iter().map(|writer| {
            let (user, written) = (user(&process), Arc::clone(&written));
            tokio::spawn(writer.write_until_it_dies(user, written, round))
        });
        let work: Vec<_> = work.collect();
        eventually("writes are answered", || async { written.load(Ordering::Relaxed) >= enough }).await;
        process.kill();
        writers = Vec::new();
        for done in work {
            writers.push(done.await.expect("a writer only ends when nobody answers"));
        }
        answered += written.load(Ordering::Relaxed);
    }
    let process = start(&file).await;
    verify::everything(&user(&process), &mut writers).await;
    tokio::task::spawn_blocking(|| process.finish()).await.expect("it ends");
    assert_sound(&file);
    println!("{rounds} kills, {answered} answered writes, none lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stop_under_load_answers_what_was_accepted_and_closes_the_file() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("app.db");
    let process = start(&file).await;
    let written = Arc::new(AtomicUsize::new(0));
    let writers = (0..WRITERS).map(|name| Writer::new(name, name as u64));
    let work: Vec<_> = writers
        .map(|writer| tokio::spawn(writer.write_until_it_dies(user(&process), Arc::clone(&written), 0)))
        .collect();
    eventually("writes are answered", || async { written.load(Ordering::Relaxed) >= MOST }).await;
    tokio::task::spawn_blocking(|| process.terminate()).await.expect("it ends");
    assert!(!folder.path().join("app.db-wal").exists(), "the log is in the file");
    let mut writers = Vec::new();
    for done in work {
        writers.push(done.await.expect("a writer only ends when nobody answers"));
    }
    let process = start(&file).await;
    verify::everything(&user(&process), &mut writers).await;
}

async fn start(file: &std::path::Path) -> Process {
    start_as("server", file).await
}

async fn start_as(part: &'static str, file: &std::path::Path) -> Process {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || Process::start(part, &file)).await.expect("it starts")
}

fn user(process: &Process) -> User {
    User::new(client(), &process.said, "root")
}
