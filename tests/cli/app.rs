//! The application, and starting it.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde_json::Value;
use specstar::prelude::*;

/// Somebody's note.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Note {
    #[display_name]
    #[unique]
    title: String,
    #[indexed]
    #[serde(default)]
    tags: Vec<String>,
    #[indexed]
    #[serde(default)]
    stars: i64,
}

/// Work on notes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job(queue = "chores")]
pub(crate) struct Chore {
    what: String,
}

/// The same in a later program.
mod later {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v1", migrate(none => same))]
    pub(super) struct Note {
        #[display_name]
        #[unique]
        title: String,
        #[indexed]
        #[serde(default)]
        tags: Vec<String>,
        #[indexed]
        #[serde(default)]
        stars: i64,
    }
}

/// What the application is like: one word per variant.
const VARIANT: &str = "SPECSTAR_CLI_TEST";

/// Plays the application when this process was started to be one.
pub(crate) fn when_started_again() -> Option<ExitCode> {
    let variant = std::env::var(VARIANT).ok()?;
    let resources = match variant.as_str() {
        "later" => resources![later::Note],
        "jobs" => resources![Note, Chore],
        _ => resources![Note],
    };
    let builder = SpecStar::builder().resources(resources).sqlite("app.db");
    let builder = match variant.as_str() {
        "open" | "later" | "jobs" => builder.open_access(),
        "unsaid" => builder,
        "closed" => builder.deny_by_default(true),
        "draining" => builder.open_access().drain_time(Duration::from_secs(6)),
        "broken" => builder.page_size(0, 0),
        other => panic!("no such variant: {other}"),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    Some(runtime.block_on(specstar::cli::run(builder)))
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// The application of a variant in a folder, ready to be started.
pub(crate) fn application(variant: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command
        .args(arguments)
        .current_dir(folder)
        .env(VARIANT, variant)
        .env_remove("SPECSTAR_DATABASE_URL")
        .env_remove("SPECSTAR_ADDR")
        .stdin(Stdio::null());
    command
}

/// Runs a command of a variant to its end.
#[track_caller]
pub(crate) fn run_as(variant: &str, folder: &Path, arguments: &[&str]) -> Ended {
    let output = application(variant, folder, arguments).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("it ends by itself");
    Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs a command of the application where everything is allowed.
#[track_caller]
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ended {
    run_as("open", folder, arguments)
}

/// A folder with a database of some notes in it.
pub(crate) fn with_notes() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let file = folder.path().join("app.db");
        let builder = SpecStar::builder().resources(resources![Note]).sqlite(file).open_access();
        let app = builder.build().await.expect("it builds");
        let notes = app.repository::<Note>();
        for (title, stars) in [("a", 1), ("b", 2), ("c", 3)] {
            let note = Note { title: title.into(), tags: vec![title.into(), "all".into()], stars };
            notes.create(&note).await.expect("it is created");
        }
        app.close().await.expect("it closes");
    });
    folder
}

/// A folder with a database of two chores in it.
pub(crate) fn with_chores() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let file = folder.path().join("app.db");
        let builder = SpecStar::builder().resources(resources![Note, Chore]).sqlite(file).open_access();
        let app = builder.build().await.expect("it builds");
        for what in ["a", "b"] {
            app.jobs::<Chore>().enqueue(Chore { what: what.into() }).await.expect("a job");
        }
        app.close().await.expect("it closes");
    });
    folder
}

/// Changes the database behind the application's back.
pub(crate) fn tamper(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join("app.db")).expect("it opens");
    connection.execute_batch(sql).expect("it is changed");
}
