//! Processes of their own: this test binary, started again to play a part.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use specstar::app::{SpecStar, SpecStarBuilder};
use specstar::blob::CollectOptions;
use specstar::registry::Registry;

/// The parts, by the name that is passed in this variable.
const PART: &str = "SPECSTAR_TEST_PART";
const FILE: &str = "SPECSTAR_TEST_FILE";
/// What stands before the line that says that the process is ready.
const READY: &str = "ready: ";

/// A process that is killed when the test ends, however it ends.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Stays open, because the process ends with a fault when it cannot say that it has passed.
    _stdout: Lines<BufReader<ChildStdout>>,
    /// What it said when it was ready.
    pub(crate) said: String,
}

impl Process {
    /// Starts a part and waits until it says that it is ready.
    pub(crate) fn start(part: &str, file: &Path) -> Self {
        super::database::prepare(file.parent().expect("a folder"));
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "common::process::plays_a_part_when_started_again", "--nocapture"])
            .env(PART, part)
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the process starts");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = |line: String| line.split_once(READY).map(|(_, said)| said.to_owned());
        let said = stdout.by_ref().map_while(Result::ok).find_map(ready);
        let Some(said) = said else { panic!("{part} ended early: {:?}", child.wait()) };
        Self { child, stdin, _stdout: stdout, said }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without a warning.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop as a service manager does, and waits until it has.
    pub(crate) fn terminate(mut self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("the command runs");
        assert!(sent.success(), "the signal is sent");
        assert!(self.child.wait().expect("it ends").success(), "the process failed");
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn finish(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().expect("it ends").success(), "the process failed");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test of its own: without a part to play it passes at once.
#[test]
fn plays_a_part_when_started_again() {
    let (Ok(part), Some(file)) = (std::env::var(PART), std::env::var_os(FILE)) else { return };
    match part.as_str() {
        "server" => serve(Path::new(&file), crate::resources(), |builder| builder),
        "greedy server" => serve(Path::new(&file), crate::resources(), |builder| {
            let options = CollectOptions {
                quarantine_after: Duration::ZERO,
                remove_after: Duration::ZERO,
                ..CollectOptions::default()
            };
            builder.blob_collection(Some(Duration::from_millis(5))).blob_collection_options(options)
        }),
        "exclusive lock" => lock(Path::new(&file), "BEGIN EXCLUSIVE"),
        other => panic!("no such part: {other}"),
    }
}

fn ready(said: &str) {
    println!("{READY}{said}");
    std::io::stdout().flush().expect("the parent listens");
}

/// Until the parent closes the pipe, or is gone.
fn wait_for_the_end() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a pipe");
}

fn serve(
    file: &Path,
    resources: Registry,
    configure: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder + Send + 'static,
) {
    let log = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(log).with_writer(std::io::stderr).try_init();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let builder = super::headers_decide(SpecStar::builder().open_access()).resources(resources);
        let builder = configure(super::database::on(builder, file.parent().expect("a folder")));
        let app = builder.build().await.expect("it builds");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        ready(&format!("http://{}", listener.local_addr().expect("bound")));
        let end = tokio::task::spawn_blocking(wait_for_the_end);
        tokio::select! {
            served = app.serve(listener) => served.expect("it serves"),
            ended = end => ended.expect("it waits"),
        }
        app.close().await.expect("it closes");
    });
    // The pipe may still be open, and reading from it cannot be interrupted.
    runtime.shutdown_background();
}

fn lock(file: &Path, statement: &str) {
    let connection = rusqlite::Connection::open(file).expect("the file opens");
    connection.busy_timeout(Duration::from_secs(10)).expect("a setting");
    connection.execute_batch(statement).expect("the lock is free");
    ready(statement);
    wait_for_the_end();
    connection.execute_batch("ROLLBACK").expect("the lock is given back");
}
