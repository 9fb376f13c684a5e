//! Four processes on one database, with clients that are told apart by nobody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tempfile::TempDir;

use crate::common::database;
use crate::common::process::Process;
use crate::common::talk::{Answer, User};
use crate::common::{client, rounds};

const PROCESSES: usize = 4;
/// Clients that want the same thing.
const RIVALS: usize = 8;

/// Four servers that all start on a database without a table.
async fn four(folder: &TempDir) -> Vec<Process> {
    database::prepare(folder.path());
    let file = folder.path().join("app.db");
    let starts = (0..PROCESSES).map(|_| {
        let file = file.clone();
        tokio::task::spawn_blocking(move || Process::start("server", &file))
    });
    join_all(starts).await.into_iter().map(|started| started.expect("it starts")).collect()
}

fn users(processes: &[Process]) -> Vec<User> {
    (0..RIVALS).map(|at| User::new(client(), &processes[at % PROCESSES].said, "root")).collect()
}

fn winners(answers: &[Answer], losing: &[u16]) -> usize {
    for answer in answers {
        assert!(answer.status() == 200 || losing.contains(&answer.status()), "\n{answer}\n");
    }
    answers.iter().filter(|answer| answer.status() == 200).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_wins_whichever_process_it_asks() {
    let folder = TempDir::new().expect("a folder");
    let processes = four(&folder).await;
    let users = users(&processes);
    for round in 0..rounds("SPECSTAR_RACE_ROUNDS", 15) {
        let email = format!("{round}@x");
        let posts = users.iter().map(|user| user.post("/account", json!({"email": email})).into_future());
        let answers = join_all(posts).await;
        assert_eq!(winners(&answers, &[409]), 1, "creates of one value");
        let found =
            users[round % RIVALS].get("/account").query(&[("qb", &format!("QB['email'] == '{email}'"))]);
        assert_eq!(found.await.ok().as_array().expect("a list").len(), 1);

        let path = users[0].created("counter", json!({"value": 0})).await;
        let tag = users[1].tag(&path).await;
        let puts = users
            .iter()
            .enumerate()
            .map(|(at, user)| user.put(&path, json!({"value": at + 1})).if_match(&tag).into_future());
        let answers = join_all(puts).await;
        assert_eq!(winners(&answers, &[412]), 1, "writes of one version");
        let meta = users[2].get(&format!("{path}/meta")).await.ok();
        assert_eq!(meta["total_revision_count"], 2, "{meta}");
    }
    // Without a precondition every write counts.
    let path = users[0].created("counter", json!({"value": 0})).await;
    let answers = join_all(users.iter().map(|user| user.put(&path, json!({"value": 1})).into_future())).await;
    let same = answers.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(same, RIVALS, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reference_leads_to_what_another_process_deletes() {
    let folder = TempDir::new().expect("a folder");
    let processes = four(&folder).await;
    let users = users(&processes);
    for _ in 0..rounds("SPECSTAR_RACE_ROUNDS", 15) {
        let owner = users[0].created("owner", json!({"name": "o"})).await;
        let id = owner.trim_start_matches("/owner/").to_owned();
        let (posts, deletes) = users.split_at(RIVALS - 1);
        let posts = posts.iter().map(|user| user.post("/pet", json!({"owner": id})).into_future());
        let (pets, delete) = tokio::join!(join_all(posts), deletes[0].delete(&owner).into_future());
        let made = pets.iter().filter(|answer| answer.status() == 200).count();
        for answer in pets.iter().chain([&delete]) {
            assert!([200, 400, 404, 409, 422].contains(&answer.status()), "\n{answer}\n");
        }
        let is_deleted = delete.status() == 200;
        let query = format!("QB['owner'] == '{id}'");
        let left = users[1].get("/pet/count").query(&[("qb", &query)]).await.ok();
        assert_eq!(left, made, "what was answered is there");
        assert!(!(is_deleted && made > 0), "{made} pets of an owner that is gone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_hears_what_the_others_write_once_and_in_order() {
    let folder = TempDir::new().expect("a folder");
    let processes = four(&folder).await;
    let users = users(&processes);
    let mut stream = client()
        .get(format!("{}/counter/changes", processes[3].said))
        .header("x-user", "root")
        .header("accept", "text/event-stream")
        .send()
        .await
        .expect("an answer");
    let writers = users.iter().enumerate().map(|(at, user)| {
        let user = user.clone();
        async move {
            for value in 0..20 {
                let path = user.created("counter", json!({"value": value})).await;
                user.put(&path, json!({"value": at + 100})).await.ok();
            }
        }
    });
    join_all(writers).await;
    let (mut text, expected) = (String::new(), RIVALS * 20 * 2);
    while text.matches("event: change").count() < expected {
        let chunk = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await;
        let bytes = chunk.expect("it comes").expect("bytes").expect("it goes on");
        text.push_str(std::str::from_utf8(&bytes).expect("text"));
    }
    let mut last = 0;
    let mut versions: BTreeMap<String, i64> = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let change: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let position = change["position"].as_i64().expect("a number");
        assert!(position > last, "{position} behind {last}");
        last = position;
        let version = versions.entry(change["resource_id"].as_str().expect("an id").to_owned()).or_default();
        *version += 1;
        assert_eq!(change["version"], *version, "changes of one resource are in order");
    }
    assert_eq!(versions.len(), RIVALS * 20);
    // Whichever process is asked, the log is the same.
    let pages = users.iter().map(|user| user.get("/counter/changes?limit=1000").into_future());
    let pages = join_all(pages).await;
    for page in &pages {
        assert_eq!(page.text(), pages[0].text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_shared_by_all_processes() {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let processes = four(&folder).await;
    let users = users(&processes);
    let form =
        "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhello\r\n--x--\r\n";
    let posts = users.iter().map(|user| {
        user.ask("POST", "/blobs/upload").body("multipart/form-data; boundary=x", form).into_future()
    });
    let answers = join_all(posts).await;
    assert_eq!(winners(&answers, &[]), RIVALS);
    let id = answers[0].json()["file_id"].clone();
    for (answer, user) in answers.iter().zip(&users) {
        assert_eq!(answer.json()["file_id"], id, "the same bytes are one file");
        let read = user.get(&format!("/blobs/{}", id.as_str().expect("an id"))).await.is(200);
        assert_eq!(read.text(), "hello");
    }
    let held = database::row(folder.path(), "SELECT count(*) FROM ss_blob");
    assert_eq!(held, ["1"]);
}
