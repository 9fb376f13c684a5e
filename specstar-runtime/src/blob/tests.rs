//! Bytes in a real folder, rows in a real file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::memory::InMemory;
use tokio::sync::Notify;

use super::*;
use crate::store::{BlobIndex, SqliteStore};

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

fn at_once() -> CollectOptions {
    let zero = Duration::ZERO;
    CollectOptions {
        quarantine_after: zero,
        remove_after: zero,
        unfinished_after: zero,
        ..CollectOptions::default()
    }
}

struct Fixture {
    blobs: Blobs,
    store: Arc<SqliteStore>,
    folder: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let storage = BlobStorage::folder(folder.path().join("blobs"));
    let store = Arc::new(SqliteStore::temporary().unwrap());
    store.ensure_layout(&[]).await.unwrap();
    let blobs = Blobs::new(Arc::clone(&store) as Arc<dyn Store>, storage, BlobIds::default(), 10 << 20);
    Fixture { blobs, store, folder }
}

impl Fixture {
    /// Every file in the folder, those of unfinished uploads included.
    fn objects(&self) -> usize {
        files_in(self.folder.path())
    }
}

fn files_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

fn parts(bytes: &[u8], size: usize) -> impl Stream<Item = Result<Bytes>> + Send + use<> {
    let parts: Vec<_> = bytes.chunks(size).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    stream::iter(parts)
}

async fn read_all(stream: ByteStream) -> Vec<u8> {
    stream
        .try_fold(Vec::new(), |mut all, part| async move {
            all.extend(part);
            Ok(all)
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn what_comes_in_parts_is_stored_as_one_and_read_in_ranges() {
    let f = fixture().await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let record = f.blobs.store_stream(parts(&bytes, 70_001), None, u64::MAX, NOW).await.unwrap();
    assert_eq!(record.size, 3_000_000);
    assert_eq!(record.file_id, format!("b3-{}", blake3::hash(&bytes).to_hex()));
    assert_eq!(read_all(f.blobs.open(&record, None).await.unwrap()).await, bytes);
    for range in [0..1, 5..5, 2_999_999..3_000_000, 100_000..400_000] {
        let wanted = bytes[range.start..range.end].to_vec();
        let range = range.start as u64..range.end as u64;
        assert_eq!(read_all(f.blobs.open(&record, Some(range)).await.unwrap()).await, wanted);
    }
    assert_eq!(f.objects(), 1);
    assert_eq!(f.store.blob_counts().await.unwrap().staged, 0);
}

#[tokio::test]
async fn the_same_bytes_are_one_file_however_they_come() {
    let f = fixture().await;
    let first = f.blobs.store_bytes("hello".into(), Some("text/plain".into()), NOW).await.unwrap();
    let second = f.blobs.store_stream(parts(b"hello", 2), None, 5, NOW).await.unwrap();
    let third = f.blobs.store_bytes("hello".into(), Some("text/html".into()), NOW).await.unwrap();
    assert_eq!((&first.key, &first.key), (&second.key, &third.key));
    assert_eq!(second.content_type.as_deref(), Some("text/plain"), "nothing was said of it");
    assert_eq!(third.content_type.as_deref(), Some("text/html"), "the last one that is given");
    let empty = f.blobs.store_bytes(Bytes::new(), None, NOW).await.unwrap();
    assert_eq!(read_all(f.blobs.open(&empty, None).await.unwrap()).await, b"");
    assert_eq!(f.objects(), 2);
}

#[tokio::test]
async fn too_many_bytes_are_413_and_a_failing_stream_leaves_nothing() {
    let f = fixture().await;
    for size in [6_usize, 2_000_000] {
        let bytes = vec![7; size];
        let limit = size as u64 - 1;
        let refused = f.blobs.store_stream(parts(&bytes, 1000), None, limit, NOW).await;
        assert!(matches!(refused, Err(Error::PayloadTooLarge { .. })), "{refused:?}");
        let broken = parts(&bytes, 1000).chain(stream::iter([Err(Error::MissingBody)]));
        let failed = f.blobs.store_stream(broken, None, u64::MAX, NOW).await;
        assert!(matches!(failed, Err(Error::MissingBody)), "{failed:?}");
    }
    let counts = f.store.blob_counts().await.unwrap();
    assert_eq!((counts.files, counts.staged, counts.doomed), (0, 0, 0));
    assert_eq!(f.objects(), 0);
    let refused = f.blobs.store_bytes(vec![0; (10 << 20) + 1].into(), None, NOW).await;
    assert!(matches!(refused, Err(Error::PayloadTooLarge { limit }) if limit == 10 << 20));
}

#[tokio::test]
async fn an_upload_that_was_cut_off_is_collected_with_its_bytes() {
    let f = fixture().await;
    let taken = Arc::new(Notify::new());
    let told = Arc::clone(&taken);
    // Who asks for more has taken everything before.
    let end = stream::once(async move {
        told.notify_one();
        std::future::pending().await
    });
    let (blobs, endless) = (f.blobs.clone(), parts(&vec![1; 900_000], 100_000).chain(end));
    let upload = tokio::spawn(async move { blobs.store_stream(endless, None, u64::MAX, NOW).await });
    taken.notified().await;
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    // Its file is taken away behind it. As a process that ends leaves it, it is still there under its other name.
    let away = async {
        while f.objects() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), away).await.unwrap();
    let key = f.store.blob_keys(None, 1).await.unwrap().remove(0).key;
    let path = f.blobs.storage().path().unwrap().join(format!("{key}#1"));
    std::fs::write(&path, "the rest").unwrap();
    assert_eq!(f.blobs.collect(&CollectOptions::default(), NOW).await.unwrap(), Collected::default());
    let collected = f.blobs.collect(&at_once(), NOW).await.unwrap();
    assert_eq!((collected.unfinished, collected.objects), (1, 1));
    assert_eq!(f.objects(), 0);
}

#[tokio::test]
async fn a_collection_removes_what_nobody_names_and_a_download_of_it_is_404() {
    let f = fixture().await;
    let record = f.blobs.store_bytes("hello".into(), None, NOW).await.unwrap();
    assert_eq!(f.blobs.collect(&CollectOptions::default(), NOW).await.unwrap(), Collected::default());
    let collected = f.blobs.collect(&at_once(), NOW).await.unwrap();
    let expected = Collected { quarantined: 1, removed: 1, unfinished: 0, objects: 1 };
    assert_eq!(collected, expected);
    assert_eq!(f.objects(), 0);
    let gone = f.blobs.open(&record, None).await.map(|_| ());
    assert!(matches!(gone, Err(Error::BlobNotFound { .. })), "{gone:?}");
    // Who still has the old record reads the bytes that were uploaded again.
    f.blobs.store_bytes("hello".into(), None, NOW).await.unwrap();
    assert_eq!(read_all(f.blobs.open(&record, None).await.unwrap()).await, b"hello");
}

#[tokio::test]
async fn objects_that_cannot_be_deleted_stay_doomed_until_they_can() {
    let f = fixture().await;
    let record = f.blobs.store_bytes("hello".into(), None, NOW).await.unwrap();
    let path = f.blobs.storage().path().unwrap().join(&record.key);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(f.blobs.collect(&at_once(), NOW).await.is_err());
    assert_eq!(f.store.blob_counts().await.unwrap().doomed, 1);
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(f.blobs.collect(&at_once(), NOW).await.unwrap().objects, 1);
    assert_eq!(f.store.blob_counts().await.unwrap().doomed, 0);
}

#[tokio::test]
async fn an_object_that_cannot_be_deleted_keeps_no_other_one() {
    let f = fixture().await;
    let stuck = f.blobs.store_bytes("stuck".into(), None, NOW).await.unwrap();
    let path = f.blobs.storage().path().unwrap().join(&stuck.key);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let later = Timestamp(NOW.0 + 1);
    for text in ["a", "b", "c"] {
        f.blobs.store_bytes(text.into(), None, later).await.unwrap();
    }
    // One at a time, the oldest first.
    let options = CollectOptions { batch: 1, ..at_once() };
    assert!(f.blobs.collect(&options, later).await.is_err());
    let counts = f.store.blob_counts().await.unwrap();
    assert_eq!((f.objects(), counts.files, counts.doomed), (0, 0, 1));
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(f.blobs.collect(&options, later).await.unwrap().objects, 1);
}

#[tokio::test]
async fn bytes_that_are_lost_are_a_fault_of_the_server_and_named_nowhere() {
    let f = fixture().await;
    let record = f.blobs.store_bytes("hello".into(), None, NOW).await.unwrap();
    std::fs::remove_file(f.blobs.storage().path().unwrap().join(&record.key)).unwrap();
    let error = f.blobs.open(&record, None).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Internal { .. }));
    assert!(!error.detail().to_string().contains(&record.key));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let storage = BlobStorage::folder(folder.path().join("file/blobs"));
    let error = storage.put_bytes("a/b", "x".into()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(!error.detail().to_string().contains("file"));
}

#[tokio::test]
async fn any_object_store_serves_below_a_prefix() {
    let inner = Arc::new(InMemory::new());
    let storage = BlobStorage::from_object_store(inner.clone(), "/app/blobs/");
    let bytes: Vec<u8> = vec![3; 6 << 20];
    storage.put_stream("a/b", parts(&bytes, 100_000), u64::MAX).await.unwrap();
    assert_eq!(storage.size("a/b").await.unwrap(), Some(6 << 20));
    let listed: Vec<_> = object_store::ObjectStore::list(&*inner, None).try_collect().await.unwrap();
    assert_eq!(listed[0].location.as_ref(), "app/blobs/a/b");
    let found = storage.get("a/b", Some(1..4)).await.unwrap().unwrap();
    assert_eq!(read_all(found).await, [3; 3]);
    storage.delete("a/b").await.unwrap();
    storage.delete("a/b").await.unwrap();
    assert!(storage.get("a/b", None).await.unwrap().is_none());
    assert_eq!(storage.size("a/b").await.unwrap(), None);
}

/// Each of many rounds uploads the same bytes several times at once while a collection waits for nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_never_answered_without_its_bytes_having_been_there() {
    let f = fixture().await;
    let options = CollectOptions { unfinished_after: Duration::from_hours(1), ..at_once() };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let blobs = f.blobs.clone();
        tasks.spawn(async move {
            for _ in 0..40 {
                let record = blobs.store_stream(parts(b"hello", 2), None, 5, NOW).await.unwrap();
                match blobs.open(&record, None).await {
                    Ok(bytes) => assert_eq!(read_all(bytes).await, b"hello"),
                    Err(Error::BlobNotFound { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
    }
    let blobs = f.blobs.clone();
    tasks.spawn(async move {
        for _ in 0..80 {
            blobs.collect(&options, NOW).await.unwrap();
        }
    });
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    f.blobs.collect(&options, NOW).await.unwrap();
    assert_eq!(f.objects(), 0);
    assert_eq!(f.store.blob_counts().await.unwrap().doomed, 0);
}
