//! Files, and which revisions name them.

use std::sync::Arc;

use super::fixture::{Db, POST, USER, new_post, removal, set};
use crate::change::{Change, HeadUpdate};
use crate::datetime::Timestamp;
use crate::meta::{Head, RevisionStatus};
use crate::store::{
    BlobIndex, BlobOwner, BlobRecord, BlobSweep, CommitError, NewBlob, Published, SqliteOptions, SqliteStore,
    Store, Swept,
};

const DAY: i64 = 86_400_000_000;

fn blob(file_id: &str, key: &str, now: i64) -> NewBlob {
    NewBlob {
        file_id: file_id.into(),
        key: key.into(),
        size: 3,
        content_type: Some("text/plain".into()),
        replaces: None,
        now: Timestamp(now),
    }
}

impl Db {
    async fn upload(&self, file_id: &str, key: &str, now: i64) -> Published {
        self.store.stage_blob(key.into(), Timestamp(now)).await.unwrap();
        self.store.publish_blob(blob(file_id, key, now)).await.unwrap()
    }

    async fn file(&self, file_id: &str) -> Option<BlobRecord> {
        self.store.blobs(&[file_id.to_owned()]).await.unwrap().remove(0)
    }

    async fn create_naming(&self, id: &str, file_ids: &[&str]) -> Result<(), CommitError> {
        let blobs = file_ids.iter().map(ToString::to_string).collect();
        let new = crate::change::NewHead { blobs, ..self.new_head(id, "{}") };
        self.store.commit(set([Change::Create(Box::new(new))])).await
    }

    /// An update with other content that names these files.
    async fn update_naming(&self, id: &str, json: &str, file_ids: &[&str]) -> Result<(), CommitError> {
        let update = self.replacement(&self.head(id).await, json);
        let blobs = Some(file_ids.iter().map(ToString::to_string).collect());
        self.store.commit(set([HeadUpdate { blobs, ..update }.into()])).await
    }

    async fn sweep(&self, now: i64, age: i64) -> Swept {
        let before = Timestamp(now - age);
        let sweep = BlobSweep {
            now: Timestamp(now),
            quarantine_before: before,
            remove_before: before,
            stage_before: before,
            limit: 10,
        };
        self.store.sweep_blobs(sweep).await.unwrap()
    }

    async fn owners(&self, file_id: &str) -> Vec<(usize, String, i64)> {
        let owners = self.store.blob_owners(file_id, None, 100).await.unwrap();
        owners.into_iter().map(|owner| (owner.model.0, owner.resource_id, owner.seq)).collect()
    }
}

#[tokio::test]
async fn bytes_become_a_file_once_and_again_only_doom_their_key() {
    let db = Db::new().await;
    let Published::Stored(first) = db.upload("f", "k1", 5).await else { panic!("it is new") };
    assert_eq!(first.idle_since, Some(Timestamp(5)));
    let Published::Existing(second) = db.upload("f", "k2", 9).await else { panic!("it is there") };
    let expected = BlobRecord { idle_since: Some(Timestamp(9)), ..first };
    assert_eq!(second, expected);
    assert_eq!(db.file("f").await, Some(expected));
    assert_eq!(db.store.blobs(&["x".into(), "f".into()]).await.unwrap()[0], None);
    let keys = db.store.blob_keys(None, 10).await.unwrap();
    assert_eq!(keys.iter().map(|key| (&*key.key, key.doomed)).collect::<Vec<_>>(), [("k2", true)]);
    db.store.forget_keys(vec!["k2".into()]).await.unwrap();
    assert!(db.store.blob_keys(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn bytes_take_the_place_of_lost_ones_once() {
    let db = Db::new().await;
    db.upload("f", "lost", 5).await;
    for (key, stored) in [("k1", true), ("k2", false)] {
        db.store.stage_blob(key.into(), Timestamp(9)).await.unwrap();
        let blob = NewBlob { replaces: Some("lost".into()), ..blob("f", key, 9) };
        let published = db.store.publish_blob(blob).await.unwrap();
        assert_eq!(matches!(published, Published::Stored(_)), stored, "{published:?}");
    }
    assert_eq!(db.file("f").await.unwrap().key, "k1");
    let keys = db.store.blob_keys(None, 10).await.unwrap();
    let keys: Vec<_> = keys.iter().map(|key| (&*key.key, key.doomed)).collect();
    assert_eq!(keys, [("k2", true), ("lost", true)]);
}

#[tokio::test]
async fn a_key_that_was_given_up_is_not_published_and_stays_known() {
    let db = Db::new().await;
    db.store.stage_blob("k".into(), Timestamp(0)).await.unwrap();
    let swept = db.sweep(DAY, 0).await;
    assert_eq!((swept.expired, &*swept.keys), (1, &["k".to_owned()][..]));
    assert_eq!(db.store.publish_blob(blob("f", "k", DAY)).await.unwrap(), Published::Expired);
    db.store.forget_keys(vec!["k".into()]).await.unwrap();
    // The object was written behind the collection: it has to come again.
    assert_eq!(db.store.publish_blob(blob("f", "k", DAY)).await.unwrap(), Published::Expired);
    assert_eq!(db.sweep(DAY, DAY).await.keys, ["k"]);
    assert_eq!(db.file("f").await, None);
}

#[tokio::test]
async fn staged_keys_are_given_up_only_when_they_are_old_and_staging_again_counts_anew() {
    let db = Db::new().await;
    db.store.stage_blob("old".into(), Timestamp(0)).await.unwrap();
    db.store.stage_blob("kept".into(), Timestamp(0)).await.unwrap();
    db.store.stage_blob("kept".into(), Timestamp(DAY)).await.unwrap();
    assert_eq!(db.sweep(DAY + 1, DAY).await.keys, ["old"]);
    // A key that is staged cannot be forgotten.
    db.store.forget_keys(vec!["kept".into()]).await.unwrap();
    assert!(matches!(db.store.publish_blob(blob("f", "kept", DAY)).await.unwrap(), Published::Stored(_)));
}

#[tokio::test]
async fn a_set_that_names_a_file_that_is_not_stored_changes_nothing() {
    let db = Db::new().await;
    db.upload("f", "k", 0).await;
    let refused = db.create_naming("user:1", &["f", "x", "y"]).await;
    assert!(
        matches!(&refused, Err(CommitError::MissingBlob { file_ids }) if *file_ids == ["x", "y"]),
        "{refused:?}"
    );
    assert_eq!(db.store.head(USER, "user:1").await.unwrap(), None);
    assert!(db.owners("f").await.is_empty());
    assert!(db.file("f").await.unwrap().idle_since.is_some());
}

#[tokio::test]
async fn every_revision_that_names_a_file_keeps_it_and_the_last_one_to_go_releases_it() {
    let db = Db::new().await;
    db.upload("f", "k", 0).await;
    db.create_naming("user:1", &["f"]).await.unwrap();
    db.update_naming("user:1", r#"{"age":2}"#, &["f"]).await.unwrap();
    db.update_naming("user:1", r#"{"age":3}"#, &[]).await.unwrap();
    assert_eq!(db.owners("f").await, [(0, "user:1".to_owned(), 1), (0, "user:1".to_owned(), 2)]);
    assert_eq!(db.file("f").await.unwrap().idle_since, None);
    let after = BlobOwner { model: USER, pk: 1, seq: 1, resource_id: "user:1".into() };
    assert_eq!(db.store.blob_owners("f", Some(after), 1).await.unwrap()[0].seq, 2);
    let head = db.head("user:1").await;
    assert!(db.store.owns_blob(USER, head.pk, "f").await.unwrap());
    assert!(!db.store.owns_blob(POST, head.pk, "f").await.unwrap_or(false));
    assert!(!db.store.owns_blob(USER, head.pk + 1, "f").await.unwrap());

    let prune = |head: &Head, seqs: Vec<i64>| set([Change::Prune { of: removal(head), seqs }]);
    db.store.commit(prune(&head, vec![1])).await.unwrap();
    assert_eq!(db.file("f").await.unwrap().idle_since, None, "revision 2 names it");
    assert_eq!(db.sweep(DAY, 0).await, Swept::default());
    db.store.commit(prune(&head, vec![2])).await.unwrap();
    assert_eq!(db.file("f").await.unwrap().idle_since, Some(removal(&head).at.time));
}

#[tokio::test]
async fn a_revision_that_is_rewritten_in_place_names_its_new_files_only() {
    let db = Db::new().await;
    for file in ["a", "b", "c"] {
        db.upload(file, &format!("k-{file}"), 0).await;
    }
    db.create_naming("user:1", &["a", "b"]).await.unwrap();
    let head = db.head("user:1").await;
    let mut revision = head.revision.clone();
    revision.status = RevisionStatus::Draft;
    let blobs = Some(vec!["b".to_owned(), "c".to_owned()]);
    let modified = HeadUpdate { revision: Some(revision), blobs, ..db.touch(&head) };
    db.store.commit(set([modified.into()])).await.unwrap();
    assert!(db.owners("a").await.is_empty());
    for file in ["b", "c"] {
        assert_eq!(db.owners(file).await, [(0, "user:1".to_owned(), 1)]);
        assert_eq!(db.file(file).await.unwrap().idle_since, None);
    }
    assert_eq!(db.file("a").await.unwrap().idle_since, Some(db.touch(&head).updated.time));
    // A change that does not touch the content leaves them.
    db.set_deleted("user:1", true).await.unwrap();
    assert_eq!(db.owners("b").await.len(), 1);
}

#[tokio::test]
async fn a_purge_releases_the_files_of_all_revisions_unless_another_type_names_them() {
    let db = Db::with_posts(SqliteStore::temporary().unwrap()).await;
    db.upload("mine", "k1", 0).await;
    db.upload("ours", "k2", 0).await;
    db.create_naming("user:1", &["mine"]).await.unwrap();
    db.update_naming("user:1", r#"{"age":2}"#, &["ours"]).await.unwrap();
    let post = crate::change::NewHead { blobs: vec!["ours".into()], ..new_post("post:1", "{}") };
    db.store.commit(set([Change::Create(Box::new(post))])).await.unwrap();
    assert_eq!(db.owners("ours").await, [(0, "user:1".to_owned(), 2), (1, "post:1".to_owned(), 1)]);

    let head = db.head("user:1").await;
    db.store.commit(set([Change::Purge(removal(&head))])).await.unwrap();
    assert_eq!(db.owners("ours").await, [(1, "post:1".to_owned(), 1)]);
    assert_eq!(db.file("ours").await.unwrap().idle_since, None);
    assert!(db.file("mine").await.unwrap().idle_since.is_some());
    assert_eq!(db.query::<i64>("SELECT count(*) FROM ss_blob_ref"), [1]);
}

#[tokio::test]
async fn an_idle_file_goes_through_quarantine_and_both_an_owner_and_an_upload_bring_it_back() {
    let db = Db::new().await;
    for file in ["named", "again", "lost"] {
        db.upload(file, &format!("k-{file}"), 0).await;
    }
    assert_eq!(db.sweep(DAY - 1, DAY).await, Swept::default(), "it is too early");
    let swept = db.sweep(DAY, DAY).await;
    assert_eq!((swept.quarantined, swept.removed), (3, 0));
    assert_eq!(db.file("lost").await.unwrap().quarantined_at, Some(Timestamp(DAY)));
    let counts = db.store.blob_counts().await.unwrap();
    assert_eq!((counts.files, counts.bytes, counts.idle, counts.quarantined), (3, 9, 3, 3));

    db.create_naming("user:1", &["named"]).await.unwrap();
    let touched = db.store.touch_blob("again".into(), None, Timestamp(DAY + 5)).await.unwrap().unwrap();
    assert_eq!((touched.quarantined_at, touched.idle_since), (None, Some(Timestamp(DAY + 5))));
    assert_eq!(db.store.touch_blob("x".into(), None, Timestamp(0)).await.unwrap(), None);

    let swept = db.sweep(2 * DAY, DAY).await;
    assert_eq!((swept.removed, swept.quarantined, &*swept.keys), (1, 0, &["k-lost".to_owned()][..]));
    assert_eq!(db.file("lost").await, None);
    assert_eq!(db.file("named").await.unwrap().quarantined_at, None);
    let files = db.store.blob_page(None, 10).await.unwrap();
    assert_eq!(files.iter().map(|file| &*file.file_id).collect::<Vec<_>>(), ["again", "named"]);
    assert_eq!(db.store.blob_page(Some("again".into()), 10).await.unwrap().len(), 1);
    // Until its object is gone, each step gives the key again.
    assert_eq!(db.sweep(2 * DAY, 2 * DAY).await.keys, ["k-lost"]);
}

#[tokio::test]
async fn a_step_takes_no_more_than_its_limit_and_the_next_one_goes_on() {
    let db = Db::new().await;
    for at in 0..5 {
        db.upload(&format!("f{at}"), &format!("k{at}"), at).await;
    }
    let now = Timestamp(DAY);
    let sweep = BlobSweep { now, quarantine_before: now, remove_before: now, stage_before: now, limit: 2 };
    let mut steps = Vec::new();
    loop {
        let swept = db.store.sweep_blobs(sweep).await.unwrap();
        if swept == Swept::default() {
            break;
        }
        db.store.forget_keys(swept.keys.clone()).await.unwrap();
        steps.push((swept.quarantined, swept.removed));
    }
    assert_eq!(steps, [(2, 0), (2, 2), (1, 2), (0, 1)]);
}

#[tokio::test]
async fn a_file_made_before_blobs_gets_their_tables_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("app.db"));
    let db = Db::with(SqliteStore::open(options.clone()).unwrap(), &super::fixture::USUAL).await;
    db.create("user:1", "{}").await.unwrap();
    db.store.close().await.unwrap();
    let connection = rusqlite::Connection::open(&options.path).unwrap();
    connection.execute_batch("DROP TABLE ss_blob; DROP TABLE ss_blob_ref; DROP TABLE ss_blob_key;").unwrap();
    drop(connection);
    let db = Db::with(SqliteStore::open(options).unwrap(), &super::fixture::USUAL).await;
    db.upload("f", "k", 0).await;
    db.update_naming("user:1", r#"{"age":2}"#, &["f"]).await.unwrap();
    assert_eq!(db.owners("f").await, [(0, "user:1".to_owned(), 2)]);
}

/// Writers of the same content, creates that name it, and a collection that waits for nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_create_is_committed_whose_file_a_collection_removes() {
    let db = Arc::new(Db::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..3 {
        let db = Arc::clone(&db);
        tasks.spawn(async move {
            let mut refused = 0;
            for round in 0..60 {
                db.upload("f", &format!("k-{worker}-{round}"), round).await;
                let id = format!("user:{worker}-{round}");
                match db.create_naming(&id, &["f"]).await {
                    Ok(()) => {
                        assert!(db.file("f").await.is_some(), "{id} names it");
                        let head = db.head(&id).await;
                        assert!(db.store.owns_blob(USER, head.pk, "f").await.unwrap());
                        db.store.commit(set([Change::Purge(removal(&head))])).await.unwrap();
                    }
                    Err(CommitError::MissingBlob { .. }) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            refused
        });
    }
    let sweeper = Arc::clone(&db);
    let sweeps = tokio::spawn(async move {
        let mut removed = 0;
        for _ in 0..400 {
            let swept = sweeper.sweep(DAY, 0).await;
            removed += swept.removed;
            sweeper.store.forget_keys(swept.keys).await.unwrap();
        }
        removed
    });
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert!(sweeps.await.unwrap() > 0, "the collection had something to do");
}
