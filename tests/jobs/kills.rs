//! Workers that are killed at random.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use specstar::app::SpecStar;
use specstar::job::{Enqueue, JobStatus};
use specstar::prelude::*;
use specstar::store::{SqliteOptions, Synchronous};
use specstar::worker::{JobContext, JobError, WorkerOptions};

use crate::common::{assert_sound, rounds};

const FOLDER: &str = "SPECSTAR_TEST_FOLDER";
const WORKERS: usize = 4;
const KEYS: usize = 12;

/// Work that leaves a trace.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job(queue = "trace", max_attempts = 100, backoff = "5ms..20ms")]
struct Trace {
    key: Option<usize>,
    at: usize,
    millis: u64,
    /// Its first attempt does not end before there is the file of this name.
    #[serde(default)]
    gate: Option<String>,
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros()
}

fn builder(folder: &Path) -> SpecStarBuilder {
    // The processes are killed and not the machine: a commit has no need to wait for the disk.
    let file =
        SqliteOptions { synchronous: Synchronous::Normal, ..SqliteOptions::new(folder.join("app.db")) };
    SpecStar::builder().open_access().sqlite_with(file).resources(resources![Trace])
}

fn options() -> WorkerOptions {
    WorkerOptions {
        // Long beside what a commit takes while the other processes, and whatever else this machine does, write.
        lease: Duration::from_secs(20),
        poll: Duration::from_millis(100),
        ..WorkerOptions::default()
    }
    .queue("trace", 4)
}

/// A line per begin and end, in a file of the process: one write each, so that a kill leaves whole lines.
async fn trace(job: JobContext<Trace>, file: PathBuf) -> Result<(), JobError> {
    let line = |what: &str| -> std::io::Result<()> {
        let Trace { key, at, .. } = job.payload;
        let key = key.map_or("-".to_owned(), |key| key.to_string());
        let text = format!("{} {what} {} {key} {at}\n", now(), job.resource_id());
        std::fs::OpenOptions::new().append(true).create(true).open(&file)?.write_all(text.as_bytes())
    };
    line("begin")?;
    if let Some(gate) = job.payload.gate.as_ref().filter(|_| job.attempt() == 1) {
        while !Path::new(gate).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(job.payload.millis)).await;
    line("end")?;
    Ok(())
}

/// Not a test of its own: without a folder it passes at once.
#[test]
fn works_when_started_again() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let file = folder.join(format!("{}.trace", std::process::id()));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let handler = move |job: JobContext<Trace>| trace(job, file.clone());
        let app = builder(&folder).job(handler).workers(options()).build().await.expect("it builds");
        println!("ready");
        // Until the parent closes the pipe.
        let end = tokio::task::spawn_blocking(|| std::io::stdin().lines().next());
        end.await.expect("it waits");
        app.close().await.expect("it closes");
    });
}

struct Worker(Child);

impl Worker {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "kills::works_when_started_again", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the process starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        assert!(
            lines.by_ref().map_while(Result::ok).any(|line| line.ends_with("ready")),
            "a worker ended early"
        );
        // Somebody has to take what it says afterwards.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A begin of a job, and its end when it came to that.
#[derive(Clone, Debug)]
struct Run {
    process: u32,
    begin: u128,
    end: Option<u128>,
    key: Option<usize>,
    at: usize,
}

/// Every run, by job, in the order of their beginnings.
fn runs(folder: &Path) -> BTreeMap<String, Vec<Run>> {
    let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "trace") {
            continue;
        }
        let process = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        for line in std::fs::read_to_string(&path).expect("text").lines() {
            let [time, what, id, key, at] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let time = time.parse().expect("a time");
            let of = runs.entry(id.to_owned()).or_default();
            if what == "begin" {
                let (process, key) = (process.expect("a number"), key.parse().ok());
                of.push(Run { process, begin: time, end: None, key, at: at.parse().expect("a number") });
            } else {
                let mut open = of.iter_mut().rev();
                let open = open.find(|run| Some(run.process) == process && run.end.is_none());
                open.expect("it began").end = Some(time);
            }
        }
    }
    for of in runs.values_mut() {
        of.sort_by_key(|run| run.begin);
    }
    runs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_are_killed_lose_no_job_and_double_none_that_was_done() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    let kills = rounds("SPECSTAR_JOB_KILLS", 8);
    let app = builder(folder.path()).build().await.expect("it builds");
    let jobs = app.jobs::<Trace>();
    let mut ids = Vec::new();
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| Worker::start(folder.path())).collect();
    let mut killed: HashMap<u32, u128> = HashMap::new();
    let mut next = [0; KEYS];
    for _ in 0..kills {
        let mut changes = app.changes();
        for _ in 0..40 {
            let key = random.bool().then(|| random.usize(..KEYS));
            let at = key.map_or(0, |key| next[key]);
            if let Some(key) = key {
                next[key] += 1;
            }
            let job = Enqueue::new(Trace { key, at, millis: random.u64(..30), gate: None });
            let job = match key {
                Some(key) => job.partition(key.to_string()),
                None => job.priority(random.i16(..3)),
            };
            changes.enqueue(job).expect("a job");
        }
        ids.extend(changes.commit().await.expect("they commit").jobs);
        tokio::time::sleep(Duration::from_millis(random.u64(20..400))).await;
        let at = random.usize(..workers.len());
        let mut worker = workers.swap_remove(at);
        worker.0.kill().expect("it can be killed");
        worker.0.wait().expect("it ends");
        killed.insert(worker.0.id(), now());
        workers.push(Worker::start(folder.path()));
    }
    let limit = Instant::now() + Duration::from_mins(3);
    for id in &ids {
        while jobs.get(id).await.expect("a job").data.status != JobStatus::Completed {
            assert!(Instant::now() < limit, "{id} is not done: {:?}", jobs.progress(id).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let runs = runs(folder.path());
    let mut repeated = 0;
    for id in &ids {
        let of = &runs[id];
        let (last, others) = of.split_last().expect("it ran");
        assert!(last.end.is_some(), "{id} was completed by a run that did not end: {of:?}");
        for run in others {
            repeated += 1;
            let death = killed.get(&run.process);
            let death = death.unwrap_or_else(|| panic!("{id} ran again although its worker lives: {of:?}"));
            assert!(run.begin < *death && last.begin > *death, "{id} ran twice at a time: {of:?}");
        }
        // One revision when it was made, one when it was done.
        assert_eq!(jobs.get(id).await.expect("a job").head.rev_count, 2);
    }
    ordered(&runs);
    let alive: HashSet<u32> = workers.iter().map(|worker| worker.0.id()).collect();
    assert!(alive.iter().all(|id| !killed.contains_key(id)));
    println!("{} jobs, {} workers killed, {repeated} runs repeated", ids.len(), killed.len());
    drop(workers);
    app.close().await.expect("it closes");
    assert_sound(&folder.path().join("app.db"));
}

fn signal(worker: &Worker, signal: &str) {
    let id = worker.0.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().expect("the command runs").success());
}

/// Stops a process where it is, but not in the middle of a write: nobody else could write then.
fn freeze(worker: &Worker, file: &Path) {
    let connection = rusqlite::Connection::open(file).expect("the file opens");
    connection.busy_timeout(Duration::from_millis(100)).expect("a setting");
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        signal(worker, "-STOP");
        // It is told at once, and stops when the system gets to it.
        std::thread::sleep(Duration::from_millis(20));
        if connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            return;
        }
        assert!(Instant::now() < limit, "it writes without an end");
        signal(worker, "-CONT");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_frozen_for_longer_than_its_lease_writes_nothing() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let app = builder(folder.path()).build().await.expect("it builds");
    let jobs = app.jobs::<Trace>();
    let frozen = Worker::start(folder.path());
    // It is frozen in the middle of it, and ends as soon as it goes on: before its next sign of life.
    let gate = folder.path().join("go");
    let work = Trace { key: None, at: 0, millis: 0, gate: Some(gate.display().to_string()) };
    let id = jobs.enqueue(work).await.expect("a job");
    let limit = Instant::now() + Duration::from_mins(2);
    while jobs.get(&id).await.expect("a job").data.status != JobStatus::Processing {
        assert!(Instant::now() < limit, "it does not begin");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    freeze(&frozen, &folder.path().join("app.db"));
    let other = Worker::start(folder.path());
    while jobs.get(&id).await.expect("a job").data.status != JobStatus::Completed {
        assert!(Instant::now() < limit, "nobody takes it over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let done = jobs.get(&id).await.expect("a job");
    std::fs::write(&gate, "").expect("it opens");
    signal(&frozen, "-CONT");
    // It goes on with what it was at, and finds out with its next sign of life, or when it is done.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = jobs.get(&id).await.expect("a job");
    assert_eq!((after.head.version, after.head.rev_count), (done.head.version, 2));
    assert_eq!(after.data.retries, 1);
    drop((frozen, other));
    app.close().await.expect("it closes");
}

/// No job of a key begins before the one before it has ended for good.
fn ordered(runs: &BTreeMap<String, Vec<Run>>) {
    let mut by_key: BTreeMap<usize, Vec<&Run>> = BTreeMap::new();
    for run in runs.values().flatten() {
        if let Some(key) = run.key {
            by_key.entry(key).or_default().push(run);
        }
    }
    for (key, mut of) in by_key {
        of.sort_by_key(|run| run.begin);
        for pair in of.windows(2) {
            let [first, second] = pair else { continue };
            assert!(
                first.at == second.at || first.at + 1 == second.at,
                "key {key}: {first:?} then {second:?}"
            );
            if first.at != second.at {
                let end = first.end.expect("the next one begins when it is done");
                assert!(end <= second.begin, "key {key}: {first:?} overlaps {second:?}");
            }
        }
    }
}
