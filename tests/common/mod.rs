//! What the suites share: a real application behind a real socket, and a way to talk to it.

pub(crate) mod database;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod talk;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use specstar::access::{Principal, principal_fn};
use specstar::app::{App, Preset, SpecStar, SpecStarBuilder};
use specstar::clock::{Clock, SystemClock, clock_fn};
use specstar::datetime::Timestamp;
use specstar::registry::Registry;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) use talk::User;

/// An application that is served on a port of its own, over a database file of its own.
pub(crate) struct TestApp {
    app: App,
    base: String,
    client: reqwest::Client,
    server: JoinHandle<()>,
    folder: Arc<TempDir>,
}

impl TestApp {
    /// With the product's defaults.
    pub(crate) async fn new(resources: Registry) -> Self {
        Self::with(resources, |builder| builder).await
    }

    /// With the compatibility preset.
    pub(crate) async fn compat(resources: Registry) -> Self {
        Self::with(resources, |builder| builder.preset(Preset::Compat)).await
    }

    /// With settings of its own.
    pub(crate) async fn with(
        resources: Registry,
        configure: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder,
    ) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::on(Arc::new(folder), resources, configure).await
    }

    /// On the database file of this folder, which an earlier application may have left there.
    pub(crate) async fn on(
        folder: Arc<TempDir>,
        resources: Registry,
        configure: impl FnOnce(SpecStarBuilder) -> SpecStarBuilder,
    ) -> Self {
        let builder = headers_decide(SpecStar::builder().open_access()).resources(resources);
        let builder = database::on(builder, folder.path());
        let app = configure(builder).build().await.expect("the application builds");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound port"));
        let clone = app.clone();
        let server = tokio::spawn(async move { clone.serve(listener).await.expect("it serves") });
        Self { app, base, client: client(), server, folder }
    }

    /// Finishes every write and gives the folder of the file back, for another start.
    pub(crate) async fn stop(self) -> Arc<TempDir> {
        self.app.close().await.expect("it closes");
        self.server.abort();
        Arc::clone(&self.folder)
    }

    /// The application itself.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The folder of its database file, for a second application on the same file.
    pub(crate) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// Its database file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    /// Where it listens, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Somebody who talks to it.
    pub(crate) fn user(&self, name: &str) -> User {
        User::new(self.client.clone(), &self.base, name)
    }

    /// What somebody reads at these paths, to tell whether something has changed.
    pub(crate) async fn picture_as(&self, user: &str, paths: &[&str]) -> Vec<String> {
        let mut picture = Vec::new();
        for path in paths {
            let read = self.user(user).get(path).await;
            picture.push(read.text());
            read.ok();
        }
        picture
    }

    /// Everything a client can see of these resource types, to tell whether something has changed.
    pub(crate) async fn picture(&self, models: &[&str]) -> Vec<String> {
        let observer = self.user("root");
        let mut picture = Vec::new();
        for model in models {
            for deleted in ["false", "true"] {
                let query = [("is_deleted", deleted), ("limit", "1000"), ("with_total", "true")];
                let page = observer.get(&format!("/{model}")).query(&query).await;
                picture.push(format!("{model}, deleted={deleted}: {}", page.text()));
                page.ok();
            }
        }
        picture
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.abort();
        // Some tests have more applications than a server has connections.
        if database::is_postgres()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let app = self.app.clone();
            runtime.spawn(async move { app.close().await });
        }
    }
}

/// `X-User` says who asks and `X-Now` when, as an authentication and a clock would.
pub(crate) fn headers_decide(builder: SpecStarBuilder) -> SpecStarBuilder {
    let principal = principal_fn(|request| {
        let name = request.headers.get("x-user").and_then(|value| value.to_str().ok());
        Ok(name.map_or(Principal::Anonymous, Principal::user))
    });
    let clock = clock_fn(|request| {
        let now = request.and_then(|request| request.headers.get("x-now"));
        match now.and_then(|value| value.to_str().ok()).and_then(Timestamp::parse) {
            Some(now) => Ok(now),
            None => SystemClock.now(request),
        }
    });
    builder.principal(principal).clock(clock)
}

/// A client that shows redirects and gives up on a server that hangs.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .build()
        .expect("a client")
}

/// How often the suites that repeat themselves do so.
pub(crate) fn rounds(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
        Err(_) => default,
    }
}

/// Asks again until `done` says so, for at most 30 seconds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !done().await {
        assert!(Instant::now() < limit, "waited 30 s in vain: {what}");
        // What is waited for needs the processor as well.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Fails unless the file is a sound database. A server looks after its files itself.
pub(crate) fn assert_sound(file: &Path) {
    if database::is_postgres() {
        return;
    }
    let connection = rusqlite::Connection::open(file).expect("the file opens");
    let report: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("the check runs");
    assert_eq!(report, "ok", "integrity of {}", file.display());
}
