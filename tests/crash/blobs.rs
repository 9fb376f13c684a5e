//! Files under kill: what an answered write names can be read, and nothing else is left once it is collected. The
//! server collects all the time, and waits for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use specstar::app::SpecStar;
use specstar::blob::{BlobIds, CollectOptions, Digest};
use specstar::prelude::*;

use crate::common::{User, assert_sound, database, eventually, rounds};
use crate::{start_as, user};

const WRITERS: usize = 6;
/// The most answered writes of a round before the process is killed.
const MOST: usize = 80;

/// Its bytes beside it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Letter {
    #[serde(default)]
    scan: Option<Blob>,
}

/// One client with letters of its own.
struct Writer {
    name: usize,
    next: usize,
    random: fastrand::Rng,
    /// What the scan of each letter is, as far as that was answered.
    known: BTreeMap<String, Vec<u8>>,
    /// A write that nobody answered, and what it would have made of the letter.
    unanswered: Option<(String, Option<Vec<u8>>)>,
}

enum Step {
    Inline,
    Uploaded,
    Session,
    Read(String),
    Purge(String),
}

impl Writer {
    async fn write_until_it_dies(mut self, user: User, written: Arc<AtomicUsize>) -> Self {
        loop {
            let some = self.known.keys().nth(self.random.usize(0..self.known.len().max(1))).cloned();
            let step = match (self.random.u8(0..7), some) {
                (0 | 1, Some(id)) => Step::Purge(id),
                (2, Some(id)) => Step::Read(id),
                (3, _) => Step::Uploaded,
                (4, _) => Step::Session,
                _ => Step::Inline,
            };
            if self.take(step, &user).await.is_err() {
                return self;
            }
            written.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// `Err` when nobody answers any more.
    async fn take(&mut self, step: Step, user: &User) -> Result<(), ()> {
        let (id, bytes, scan) = match step {
            Step::Purge(id) => {
                self.unanswered = Some((id.clone(), None));
                let done =
                    user.delete(&format!("/letter/{id}/permanently")).try_send().await.map_err(drop)?;
                done.ok();
                self.unanswered = None;
                self.known.remove(&id);
                return Ok(());
            }
            Step::Read(id) => {
                let file = BlobIds::Blake3.id(&Digest::of(&self.known[&id]));
                let read = user.get(&format!("/letter/{id}/blobs/{file}")).try_send().await.map_err(drop)?;
                assert_eq!(read.is(200).bytes(), self.known[&id], "{id}");
                return Ok(());
            }
            Step::Session => {
                let bytes = self.content();
                let file = in_parts(&bytes, user).await?;
                (self.next_id(), bytes, json!({"file_id": file}))
            }
            Step::Inline => {
                let bytes = self.content();
                let scan = json!({"data": base64(&bytes)});
                (self.next_id(), bytes, scan)
            }
            Step::Uploaded => {
                let bytes = self.content();
                let sent = user.ask("POST", "/blobs/upload");
                let sent = sent.body("multipart/form-data; boundary=x", form(&bytes)).try_send().await;
                let file = sent.map_err(drop)?.ok();
                (self.next_id(), bytes, json!({"file_id": file["file_id"]}))
            }
        };
        self.unanswered = Some((id.clone(), Some(bytes.clone())));
        let body = json!({"scan": scan});
        let ask = user.put(&format!("/letter/{id}"), body).if_none_match("*");
        let answer = ask.try_send().await.map_err(drop)?;
        self.unanswered = None;
        match answer.status() {
            200 => drop(self.known.insert(id, bytes)),
            // The collection took the uploaded file before it was named.
            400 if scan.get("data").is_none() => {}
            _ => panic!("\n{answer}\n"),
        }
        Ok(())
    }

    fn next_id(&mut self) -> String {
        self.next += 1;
        format!("letter-{}-{}", self.name, self.next)
    }

    /// Few small ones, which writers share, and some that take several parts.
    fn content(&mut self) -> Vec<u8> {
        match self.random.u8(0..8) {
            0 => self.random.u8(..).to_string().repeat(400_000).into_bytes(),
            1..4 => format!("{}-{}", self.name, self.random.u32(..)).into_bytes(),
            _ => format!("shared {}", self.random.u8(0..3)).into_bytes(),
        }
    }

    /// Every letter has the scan it was given.
    async fn check(&mut self, user: &User) {
        if let Some((id, after)) = self.unanswered.take() {
            let found = user.get(&format!("/letter/{id}/data")).await.status() == 200;
            match after {
                Some(bytes) if found => drop(self.known.insert(id, bytes)),
                Some(_) => {}
                None if found => assert!(self.known.contains_key(&id), "{id} came back"),
                None => drop(self.known.remove(&id)),
            }
        }
        for (id, bytes) in &self.known {
            let scan = user.get(&format!("/letter/{id}/data")).await.ok()["scan"].clone();
            assert_eq!(scan["file_id"], BlobIds::Blake3.id(&Digest::of(bytes)), "{id}");
            let file = scan["file_id"].as_str().expect("an id");
            let read = user.get(&format!("/letter/{id}/blobs/{file}")).await.is(200);
            assert_eq!(read.bytes(), bytes, "{id}");
        }
    }
}

/// Uploads a file in two parts, and gives its id. `Err` when nobody answers any more.
async fn in_parts(bytes: &[u8], user: &User) -> Result<Value, ()> {
    let begin = user.post("/blobs/upload-sessions", json!({"size": bytes.len(), "total_parts": 2}));
    let session = begin.try_send().await.map_err(drop)?.ok();
    let session = format!("/blobs/upload-sessions/{}", session["upload_id"].as_str().expect("an id"));
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for (number, part) in [(2, second), (1, first)] {
        let put = user.ask("PUT", &format!("{session}/content?part_number={number}"));
        let put = put.body("multipart/form-data; boundary=x", form(part)).try_send().await;
        put.map_err(drop)?.ok();
    }
    let file = user.ask("POST", &format!("{session}/finalize")).try_send().await.map_err(drop)?.ok();
    Ok(file["file_id"].clone())
}

fn base64(bytes: &[u8]) -> Value {
    serde_json::to_value(Blob::from_bytes(bytes.to_vec(), None)).expect("it is JSON")["data"].clone()
}

fn form(bytes: &[u8]) -> Vec<u8> {
    let head = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    [head, bytes, b"\r\n--x--\r\n"].concat()
}

/// Collects what the kill left, while nobody writes, and compares the folder with the rows.
async fn nothing_is_left(file: &Path) {
    let zero = Duration::ZERO;
    let options = CollectOptions {
        quarantine_after: zero,
        remove_after: zero,
        unfinished_after: zero,
        ..CollectOptions::default()
    };
    let builder = SpecStar::builder().open_access().blob_collection(None);
    let folder = file.parent().expect("a folder");
    let builder = database::on(builder.resources(crate::resources()), folder);
    let app = builder.build().await.expect("it builds");
    app.collect_blobs(&options).await.expect("it collects");
    app.close().await.expect("it closes");

    let named = "SELECT key, file_id FROM ss_blob b WHERE EXISTS (SELECT 1 FROM ss_blob_ref r WHERE r.file_id = b.file_id)";
    let rows = database::rows(folder, named).into_iter();
    let expected: BTreeMap<PathBuf, String> = rows
        .map(|row| {
            let [key, id] = row.try_into().expect("two columns");
            (key.into(), id)
        })
        .collect();
    for (what, sql) in [
        ("files that nobody names", "SELECT count(*) FROM ss_blob WHERE idle_since IS NOT NULL"),
        ("keys of no file", "SELECT count(*) FROM ss_blob_key"),
        (
            "names of no file",
            "SELECT count(*) FROM ss_blob_ref WHERE file_id NOT IN (SELECT file_id FROM ss_blob)",
        ),
    ] {
        assert_eq!(database::row(folder, sql), ["0"], "{what}");
    }
    // What was uploaded in parts waits for its session to be finished, or to expire.
    let waiting = "SELECT key FROM ss_upload_part WHERE key IS NOT NULL";
    let mut known: BTreeSet<PathBuf> =
        database::rows(folder, waiting).concat().into_iter().map(PathBuf::from).collect();
    known.extend(expected.keys().cloned());
    let folder = file.with_extension("db.blobs");
    let found = files(&folder, &folder);
    assert_eq!(found, known, "the folder has what the rows name, and nothing else");
    for (key, file_id) in expected {
        let bytes = std::fs::read(folder.join(key)).expect("it is read");
        assert_eq!(BlobIds::Blake3.id(&Digest::of(&bytes)), file_id);
    }
}

fn files(folder: &Path, root: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, root));
        } else {
            found.insert(path.strip_prefix(root).expect("it is below").to_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_named_file_is_lost_and_no_other_one_stays_when_the_process_is_killed() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("app.db");
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    let new = |name| {
        let random = fastrand::Rng::with_seed(random.u64(..));
        Writer { name, next: 0, random, known: BTreeMap::new(), unanswered: None }
    };
    let mut writers: Vec<Writer> = (0..WRITERS).map(new).collect();
    let rounds = rounds("SPECSTAR_CRASH_ROUNDS", 3);
    let mut answered = 0;
    for _ in 0..rounds {
        let mut process = start_as("greedy server", &file).await;
        for writer in &mut writers {
            writer.check(&user(&process)).await;
        }
        let written = Arc::new(AtomicUsize::new(0));
        let enough = random.usize(1..=MOST);
        let work: Vec<_> = writers
            .into_iter()
            .map(|writer| tokio::spawn(writer.write_until_it_dies(user(&process), Arc::clone(&written))))
            .collect();
        eventually("writes are answered", || async { written.load(Ordering::Relaxed) >= enough }).await;
        process.kill();
        writers = Vec::new();
        for done in work {
            writers.push(done.await.expect("a writer only ends when nobody answers"));
        }
        answered += written.load(Ordering::Relaxed);
        nothing_is_left(&file).await;
        assert_sound(&file);
    }
    let process = start_as("greedy server", &file).await;
    let mut known = 0;
    for writer in &mut writers {
        writer.check(&user(&process)).await;
        known += writer.known.len();
    }
    tokio::task::spawn_blocking(|| process.finish()).await.expect("it ends");
    println!("{rounds} kills, {answered} answered steps, {known} letters, no file lost");
}
