//! A store that counts the reads of its log and fails some of them, over one that does the work.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use specstar::runtime::change::{self, CascadeMember, ChangeSet, ModelIndex};
use specstar::runtime::datetime::Timestamp;
use specstar::runtime::descriptor::ResourceDescriptor;
use specstar::runtime::json::IndexValue;
use specstar::runtime::meta::{Head, Revision};
use specstar::runtime::query::Predicate;
use specstar::runtime::upload::{Upload, UploadChange};
use specstar::store::inspect::{IndexReport, Inspect, LayoutPlan, Told, Unmended, WrongRow};
use specstar::store::{
    Answers, BlobCounts, BlobIndex, BlobKey, BlobOwner, BlobRecord, BlobSweep, Claimed, CommitError, Freshness, Held, JobBeat,
    JobClaim, JobCount, JobLine, JobRow, Jobs, LayoutReport, LogPage, LogRequest, LogScope, NewBlob, Observe, Original, PageEnd,
    Published, Search, SlowQueries, SnapshotReader, SnapshotRequest, Snapshots, Store, StoreError, StoreMetrics, Swept, Timeline, UploadChanged,
    UploadIndex, UploadSweep, VersionCount, Versions, Visit, WorkerRow,
};
use tokio::sync::watch;

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Reads of the log: how many there were, and how many of the next ones fail.
#[derive(Default)]
pub(crate) struct LogReads {
    pub(crate) count: AtomicUsize,
    pub(crate) failures: AtomicUsize,
    /// What happens once, between a look at a resource and the next read of what belongs to it.
    pub(crate) meanwhile: Meanwhile,
    /// What happens once, between a plan and its commit.
    pub(crate) before_commit: Meanwhile,
    /// What happens once, between a commit and the word of it.
    pub(crate) after_commit: Meanwhile,
    /// Whether the store never answers to [`Observe::ping`].
    pub(crate) is_stuck: AtomicBool,
}

/// Something that somebody else does.
#[derive(Default)]
pub(crate) struct Meanwhile(Mutex<Option<BoxFuture<'static, ()>>>);

impl Meanwhile {
    pub(crate) fn is(&self, what: impl Future<Output = ()> + Send + 'static) {
        *self.0.lock().expect("a lock") = Some(Box::pin(what));
    }

    /// Whether it has happened.
    pub(crate) fn is_over(&self) -> bool {
        self.0.lock().expect("a lock").is_none()
    }

    async fn happens(&self) {
        let what = self.0.lock().expect("a lock").take();
        if let Some(what) = what {
            what.await;
        }
    }
}

pub(crate) struct Watched {
    inner: Arc<dyn Store>,
    reads: Arc<LogReads>,
}

/// The store of a folder, and what happens to the reads of its log.
pub(crate) fn watched(folder: &Path) -> (Arc<dyn Store>, Arc<LogReads>) {
    let inner = crate::common::database::store(folder);
    let reads = Arc::new(LogReads::default());
    (Arc::new(Watched { inner, reads: Arc::clone(&reads) }), reads)
}

impl Inspect for Watched {
    fn plan_layout<'a>(&'a self, models: &'a [&'static ResourceDescriptor]) -> Answer<'a, LayoutPlan> {
        self.inner.plan_layout(models)
    }

    fn check_file(&self) -> Answer<'_, Vec<String>> {
        self.inner.check_file()
    }

    fn check_indexes(&self, model: ModelIndex, at_most: usize, progress: Told) -> Answer<'_, IndexReport> {
        self.inner.check_indexes(model, at_most, progress)
    }

    fn mend_indexes(&self, model: ModelIndex, rows: Vec<WrongRow>) -> Answer<'_, Vec<Unmended>> {
        self.inner.mend_indexes(model, rows)
    }

    fn rebuild_indexes(&self, model: ModelIndex) -> Answer<'_, ()> {
        self.inner.rebuild_indexes(model)
    }
}

impl Answers for Watched {
    fn answer<'a>(&'a self, key: &'a str) -> Answer<'a, Option<change::Answer>> {
        self.inner.answer(key)
    }

    fn forget_answers(&self, before: Timestamp, limit: usize) -> Answer<'_, usize> {
        self.inner.forget_answers(before, limit)
    }
}

impl BlobIndex for Watched {
    fn blobs<'a>(&'a self, file_ids: &'a [String]) -> Answer<'a, Vec<Option<BlobRecord>>> {
        self.inner.blobs(file_ids)
    }

    fn stage_blob(&self, key: String, now: Timestamp) -> Answer<'_, ()> {
        self.inner.stage_blob(key, now)
    }

    fn publish_blob(&self, blob: NewBlob) -> Answer<'_, Published> {
        self.inner.publish_blob(blob)
    }

    fn touch_blob(
        &self,
        file_id: String,
        content_type: Option<String>,
        now: Timestamp,
    ) -> Answer<'_, Option<BlobRecord>> {
        self.inner.touch_blob(file_id, content_type, now)
    }

    fn doom_keys(&self, keys: Vec<String>) -> Answer<'_, ()> {
        self.inner.doom_keys(keys)
    }

    fn blob_owners<'a>(
        &'a self,
        file_id: &'a str,
        after: Option<BlobOwner>,
        limit: usize,
    ) -> Answer<'a, Vec<BlobOwner>> {
        self.inner.blob_owners(file_id, after, limit)
    }

    fn owns_blob<'a>(&'a self, model: ModelIndex, pk: i64, file_id: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            self.reads.meanwhile.happens().await;
            self.inner.owns_blob(model, pk, file_id).await
        })
    }

    fn sweep_blobs(&self, sweep: BlobSweep) -> Answer<'_, Swept> {
        self.inner.sweep_blobs(sweep)
    }

    fn postpone_keys(&self, keys: Vec<String>, now: Timestamp) -> Answer<'_, ()> {
        self.inner.postpone_keys(keys, now)
    }

    fn forget_keys(&self, keys: Vec<String>) -> Answer<'_, ()> {
        self.inner.forget_keys(keys)
    }

    fn blob_counts(&self) -> Answer<'_, BlobCounts> {
        self.inner.blob_counts()
    }

    fn blob_page(&self, after: Option<String>, limit: usize) -> Answer<'_, Vec<BlobRecord>> {
        self.inner.blob_page(after, limit)
    }

    fn blob_keys(&self, after: Option<String>, limit: usize) -> Answer<'_, Vec<BlobKey>> {
        self.inner.blob_keys(after, limit)
    }
}

impl Jobs for Watched {
    fn claim_jobs(&self, claim: JobClaim) -> Answer<'_, Claimed> {
        self.inner.claim_jobs(claim)
    }

    fn free_stranded_jobs(&self, now: Timestamp) -> Answer<'_, u64> {
        self.inner.free_stranded_jobs(now)
    }

    fn beat(&self, beat: JobBeat) -> Answer<'_, Vec<Held>> {
        self.inner.beat(beat)
    }

    fn forget_worker<'a>(&'a self, worker: &'a str) -> Answer<'a, ()> {
        self.inner.forget_worker(worker)
    }

    fn expired_jobs(&self, now: Timestamp, limit: usize) -> Answer<'_, Vec<JobRow>> {
        self.inner.expired_jobs(now, limit)
    }

    fn ask_to_stop(&self, model: ModelIndex, pk: i64) -> Answer<'_, bool> {
        self.inner.ask_to_stop(model, pk)
    }

    fn reschedule_job(
        &self,
        model: ModelIndex,
        pk: i64,
        schedule: Option<String>,
        times: (Timestamp, Timestamp),
    ) -> Answer<'_, ()> {
        self.inner.reschedule_job(model, pk, schedule, times)
    }

    fn job(&self, model: ModelIndex, pk: i64) -> Answer<'_, Option<JobRow>> {
        Box::pin(async move {
            self.reads.meanwhile.happens().await;
            self.inner.job(model, pk).await
        })
    }

    fn job_of_key<'a>(&'a self, model: ModelIndex, key: &'a str) -> Answer<'a, Option<String>> {
        self.inner.job_of_key(model, key)
    }

    fn next_due<'a>(&'a self, queue: &'a str, models: &'a [ModelIndex]) -> Answer<'a, Option<Timestamp>> {
        self.inner.next_due(queue, models)
    }

    fn job_log(&self, model: ModelIndex, pk: i64, run: Option<u32>) -> Answer<'_, Vec<JobLine>> {
        self.inner.job_log(model, pk, run)
    }

    fn job_counts(&self, now: Timestamp) -> Answer<'_, Vec<JobCount>> {
        self.inner.job_counts(now)
    }

    fn running_jobs(&self, limit: usize) -> Answer<'_, Vec<JobRow>> {
        self.inner.running_jobs(limit)
    }

    fn workers(&self) -> Answer<'_, Vec<WorkerRow>> {
        self.inner.workers()
    }
}

impl Observe for Watched {
    fn ping(&self) -> Answer<'_, ()> {
        if self.reads.is_stuck.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        self.inner.ping()
    }

    fn slow_queries(&self) -> &SlowQueries {
        self.inner.slow_queries()
    }

    fn metrics(&self) -> &StoreMetrics {
        self.inner.metrics()
    }

    fn waiting_writes(&self) -> usize {
        self.inner.waiting_writes()
    }
}

impl UploadIndex for Watched {
    fn open_upload(&self, upload: Upload) -> Answer<'_, ()> {
        self.inner.open_upload(upload)
    }

    fn upload<'a>(&'a self, upload_id: &'a str) -> Answer<'a, Option<Upload>> {
        self.inner.upload(upload_id)
    }

    fn change_upload(&self, change: UploadChange) -> Answer<'_, UploadChanged> {
        self.inner.change_upload(change)
    }

    fn due_uploads(&self, now: Timestamp, limit: usize) -> Answer<'_, Vec<String>> {
        self.inner.due_uploads(now, limit)
    }

    fn sweep_uploads(&self, sweep: UploadSweep) -> Answer<'_, usize> {
        self.inner.sweep_uploads(sweep)
    }

    fn upload_keys(&self) -> Answer<'_, Vec<String>> {
        self.inner.upload_keys()
    }

    fn note_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str) -> Answer<'a, ()> {
        self.inner.note_uploader(file_id, owner)
    }

    fn is_uploader<'a>(&'a self, file_id: &'a str, owner: &'a str) -> Answer<'a, bool> {
        self.inner.is_uploader(file_id, owner)
    }
}

impl Versions for Watched {
    fn original(&self, model: ModelIndex, pk: i64, seq: i64) -> Answer<'_, Option<Original>> {
        self.inner.original(model, pk, seq)
    }

    fn forget_originals(&self, model: ModelIndex, limit: usize, now: Timestamp) -> Answer<'_, usize> {
        self.inner.forget_originals(model, limit, now)
    }

    fn versions(&self, model: ModelIndex) -> Answer<'_, Vec<VersionCount>> {
        self.inner.versions(model)
    }
}

impl Snapshots for Watched {
    fn snapshot(&self, request: SnapshotRequest) -> Answer<'_, SnapshotReader> {
        self.inner.snapshot(request)
    }

    fn imported<'a>(&'a self, archive: &'a str) -> Answer<'a, Option<u64>> {
        self.inner.imported(archive)
    }
}

impl Store for Watched {
    fn ensure_layout<'a>(&'a self, models: &'a [&'static ResourceDescriptor]) -> Answer<'a, LayoutReport> {
        self.inner.ensure_layout(models)
    }

    fn commit(&self, changes: ChangeSet) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(async move {
            self.reads.before_commit.happens().await;
            let result = self.inner.commit(changes).await;
            self.reads.after_commit.happens().await;
            result
        })
    }

    fn head<'a>(&'a self, model: ModelIndex, resource_id: &'a str) -> Answer<'a, Option<Head>> {
        self.inner.head(model, resource_id)
    }

    fn find_unique<'a>(
        &'a self,
        model: ModelIndex,
        unique: usize,
        values: &'a [IndexValue],
    ) -> Answer<'a, Option<Head>> {
        self.inner.find_unique(model, unique, values)
    }

    fn revision(&self, model: ModelIndex, pk: i64, seq: i64) -> Answer<'_, Option<Revision>> {
        Box::pin(async move {
            self.reads.meanwhile.happens().await;
            self.inner.revision(model, pk, seq).await
        })
    }

    fn timeline<'a>(
        &'a self,
        model: ModelIndex,
        resource_id: &'a str,
    ) -> Answer<'a, Option<Timeline>> {
        self.inner.timeline(model, resource_id)
    }

    fn search(&self, search: Search, visit: Visit) -> Answer<'_, PageEnd> {
        self.inner.search(search, visit)
    }

    fn count(&self, model: ModelIndex, predicate: Arc<Predicate>, freshness: Freshness) -> Answer<'_, u64> {
        self.inner.count(model, predicate, freshness)
    }

    fn cascaded(&self, model: ModelIndex, pk: i64) -> Answer<'_, Vec<CascadeMember>> {
        self.inner.cascaded(model, pk)
    }

    fn log(&self, request: LogRequest) -> Answer<'_, LogPage> {
        self.reads.count.fetch_add(1, Ordering::Relaxed);
        let left = |left: usize| left.checked_sub(1);
        if self.reads.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok() {
            return Box::pin(std::future::ready(Err(StoreError::Unavailable("for a test".into()))));
        }
        Box::pin(async move {
            if matches!(request.of, LogScope::Resource { .. }) {
                self.reads.meanwhile.happens().await;
            }
            self.inner.log(request).await
        })
    }

    fn log_end(&self) -> Answer<'_, i64> {
        self.inner.log_end()
    }

    fn watch_log(&self) -> watch::Receiver<i64> {
        self.inner.watch_log()
    }

    fn subscribe<'a>(&'a self, subscriber: &'a str) -> Answer<'a, ()> {
        self.inner.subscribe(subscriber)
    }

    fn lead<'a>(
        &'a self,
        subscriber: &'a str,
        leader: &'a str,
        length: Duration,
    ) -> Answer<'a, Option<i64>> {
        self.inner.lead(subscriber, leader, length)
    }

    fn resign<'a>(&'a self, subscriber: &'a str, leader: &'a str) -> Answer<'a, ()> {
        self.inner.resign(subscriber, leader)
    }

    fn acknowledge<'a>(&'a self, subscriber: &'a str, position: i64) -> Answer<'a, ()> {
        self.inner.acknowledge(subscriber, position)
    }

    fn acknowledged<'a>(&'a self, subscriber: &'a str) -> Answer<'a, Option<i64>> {
        self.inner.acknowledged(subscriber)
    }

    fn close(&self) -> Answer<'_, ()> {
        self.inner.close()
    }
}
