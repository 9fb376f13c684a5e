//! Serving, describing, and what the arguments can be.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::app::{application, run, run_as, with_notes};
use super::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("without_a_command_it_serves_until_it_is_told_to_stop", serves),
        trial("a_server_that_stops_says_so_while_it_still_answers", drains),
        trial("the_document_needs_no_database_and_can_be_checked", document),
        trial("the_routes_are_those_of_the_document", routes),
        trial("wrong_arguments_end_with_2_and_help_with_0", arguments),
        trial("what_cannot_start_ends_with_3_and_says_why", cannot_start),
        trial("the_database_can_be_named", database),
    ]
}

/// A server, and where its document is.
fn started(variant: &str, folder: &Path) -> (Child, String) {
    let mut server = application(variant, folder, &[])
        .env("SPECSTAR_ADDR", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let url = lines.find_map(|line| line.strip_prefix("OpenAPI").map(|url| url.trim().to_owned())).unwrap();
    (server, url)
}

fn serves() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, url) = started("open", folder.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let status = runtime.block_on(async { reqwest::get(url).await.unwrap().status() });
    assert_eq!(status, 200);
    let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

fn drains() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, url) = started("draining", folder.path());
    let url = url.strip_suffix("/openapi.json").unwrap();
    let told = Instant::now();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ready = async || reqwest::get(format!("{url}/ready")).await.unwrap();
        assert_eq!(ready().await.status(), 200);
        let sent = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
        assert!(sent.success());
        // The signal is noticed a moment later.
        let stopping = loop {
            let answer = ready().await;
            if answer.status() == 503 {
                break answer.text().await.unwrap();
            }
            assert!(told.elapsed() < Duration::from_secs(5), "nobody is told that it stops");
        };
        let stopping: serde_json::Value = serde_json::from_str(&stopping).unwrap();
        assert_eq!(stopping["checks"], serde_json::json!({"serving": "stopping", "store": "ok"}));
        let note = reqwest::Client::new().post(format!("{url}/note")).body(r#"{"title": "late"}"#);
        let note = note.header("content-type", "application/json").send().await.unwrap();
        assert_eq!(note.status(), 200);
        assert_eq!(reqwest::get(format!("{url}/health")).await.unwrap().status(), 200);
    });
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(told.elapsed() >= Duration::from_secs(6), "it did not wait");
}

fn document() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), &["openapi"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert_eq!(printed.json()["openapi"], "3.1.0");
    assert_eq!(run(folder.path(), &["openapi", "--output", "openapi.json"]).code, 0);
    assert_eq!(std::fs::read_to_string(folder.path().join("openapi.json")).unwrap(), printed.stdout);
    assert_eq!(run(folder.path(), &["openapi", "--check", "openapi.json"]).code, 0);
    std::fs::write(folder.path().join("openapi.json"), "{}").unwrap();
    assert_eq!(run(folder.path(), &["openapi", "--check", "openapi.json"]).code, 1);
    assert_eq!(run(folder.path(), &["openapi", "--check", "missing.json"]).code, 3);
    assert!(!folder.path().join("app.db").exists());
}

fn routes() {
    let folder = tempfile::tempdir().unwrap();
    let listed = run(folder.path(), &["routes"]);
    assert!(listed.stdout.lines().any(|line| line.starts_with("POST ") && line.contains(" /note ")));
    let routes = run(folder.path(), &["routes", "--json"]).json();
    assert_eq!(routes["routes"].as_array().unwrap().len(), listed.stdout.lines().count());
}

fn arguments() {
    let folder = tempfile::tempdir().unwrap();
    let misspelt = run(folder.path(), &["rooutes"]);
    assert_eq!(misspelt.code, 2);
    assert!(misspelt.stderr.contains("routes"), "{}", misspelt.stderr);
    let help = run(folder.path(), &["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("doctor"));
}

fn cannot_start() {
    let folder = tempfile::tempdir().unwrap();
    let broken = run_as("broken", folder.path(), &["routes", "--json"]);
    assert_eq!(broken.code, 3);
    assert!(broken.stderr.contains("page size"), "{}", broken.stderr);
    assert_eq!(broken.json()["ok"], false);
    let elsewhere = run(folder.path(), &["reindex", "--database-url", "mongo:x"]);
    assert_eq!(elsewhere.code, 3);
    assert!(elsewhere.stderr.contains("mongo:x"), "{}", elsewhere.stderr);
}

fn database() {
    let (notes, folder) = (with_notes(), tempfile::tempdir().unwrap());
    let url = format!("sqlite:{}", notes.path().join("app.db").display());
    let report = run(folder.path(), &["reindex", "--json", "--database-url", &url]).json();
    assert_eq!(report["models"][0]["rows"], 3);
    assert!(!folder.path().join("app.db").exists());
}
