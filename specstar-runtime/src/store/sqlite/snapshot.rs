//! Snapshots: a thread and a connection for each, in one read transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rusqlite::params;
use tokio::sync::{mpsc, oneshot};
use xxhash_rust::xxh3::xxh3_64;

use super::pool::Lease;
use super::{SqliteStore, closed, row, unavailable};
use crate::change::{ChangeKind, Logged, ModelIndex};
use crate::json::fitting_index_row;
use crate::meta::{Head, HeadRef, Revision};
use crate::query::{Position, Row, Truth};
use crate::store::{
    Freshness, JobPlace, LogMark, LogRequest, LogScope, Search, SnapshotBatch, SnapshotPart, SnapshotReader,
    SnapshotRequest, SnapshotRow, Snapshots, StoreError, Visit,
};

/// Batches that wait for the reader of the snapshot.
const WAITING: usize = 2;

/// The bytes of payloads a batch should have.
const BATCH_BYTES: usize = 1 << 20;

/// The most resources of a batch.
const BATCH_ROWS: usize = 500;

/// As many resources are read at first, when nothing is known of their size.
const FIRST_ROWS: usize = 16;

/// Entries of the log that are read at once.
const LOG_ROWS: usize = 1000;

impl Snapshots for SqliteStore {
    fn snapshot(&self, request: SnapshotRequest) -> BoxFuture<'_, Result<SnapshotReader, StoreError>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            lease.keep();
            let (begun, answer) = oneshot::channel();
            let (sender, batches) = mpsc::channel(WAITING);
            std::thread::Builder::new()
                .name("specstar-snapshot".into())
                .spawn(move || run(&lease, &request, begun, &sender))
                .map_err(unavailable)?;
            let (mark, since_is_known) = answer.await.map_err(|_| closed())??;
            Ok(SnapshotReader { mark, since_is_known, batches })
        })
    }

    fn imported<'a>(&'a self, archive: &'a str) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            let lease = self.lease().await?;
            let done = lease.number(&lease.models().imports().done, [archive])?;
            Ok(done.and_then(|done| u64::try_from(done).ok()))
        })
    }
}

type Sender = mpsc::Sender<Result<SnapshotBatch, StoreError>>;

fn run(
    lease: &Lease,
    request: &SnapshotRequest,
    begun: oneshot::Sender<Result<(LogMark, bool), StoreError>>,
    sender: &Sender,
) {
    // Everything is read once: mapped, the whole file would end up in the memory of the process.
    let unmapped = lease.connection().and_then(|connection| {
        connection.execute_batch("PRAGMA mmap_size = 0").map_err(|error| lease.error(error))
    });
    let transaction = match unmapped.and_then(|()| lease.read_transaction()) {
        Ok(transaction) => transaction,
        Err(error) => {
            let _ = begun.send(Err(error));
            return;
        }
    };
    // The first read fixes the moment.
    let start = lease.log_end().and_then(|position| lease.mark(position)).and_then(|mark| {
        let known = request.since.map_or(Ok(true), |since| Ok(lease.mark(since.position)? == since));
        Ok((mark, known?))
    });
    let goes_on = matches!(start, Ok((_, true)));
    if begun.send(start).is_ok() && goes_on {
        let mut snapshot = Snapshot { lease, sender, rows: FIRST_ROWS };
        if let Err(error) = snapshot.parts(request) {
            // Nobody may be there to be told.
            let _ = sender.blocking_send(Err(error));
        }
    }
    if let Err(error) = lease.finish(transaction) {
        tracing::debug!(%error, "a snapshot could not be ended");
    }
}

struct Snapshot<'a> {
    lease: &'a Lease,
    sender: &'a Sender,
    /// How many resources to read next.
    rows: usize,
}

impl Snapshot<'_> {
    fn parts(&mut self, request: &SnapshotRequest) -> Result<(), StoreError> {
        for (at, part) in request.parts.iter().enumerate() {
            let goes_on = match request.since {
                None => self.all(at, part)?,
                Some(since) => self.changed(at, part, since)?,
            };
            if !goes_on {
                return Ok(());
            }
        }
        self.send(SnapshotBatch { part: request.parts.len(), ..SnapshotBatch::default() });
        Ok(())
    }

    /// Hands a batch over; `false` when nobody wants it any more.
    fn send(&self, batch: SnapshotBatch) -> bool {
        self.sender.blocking_send(Ok(batch)).is_ok()
    }

    fn all(&mut self, at: usize, part: &SnapshotPart) -> Result<bool, StoreError> {
        let mut after = None;
        loop {
            let heads = self.page(part, after.take())?;
            let Some(last) = heads.last().map(|head| head.pk) else { return Ok(true) };
            let mut batch = SnapshotBatch { part: at, ..SnapshotBatch::default() };
            let (mut bytes, mut sent) = (0, 0);
            let read = heads.len();
            for head in heads {
                let row = self.row(part.model, head)?;
                bytes += weight(&row);
                batch.rows.push(row);
                // A history may be much longer than its head.
                if bytes - sent >= BATCH_BYTES {
                    sent = bytes;
                    let full = SnapshotBatch { part: at, ..SnapshotBatch::default() };
                    if !self.send(std::mem::replace(&mut batch, full)) {
                        return Ok(false);
                    }
                }
            }
            // Payloads of a type are mostly of one size.
            self.rows = (BATCH_BYTES * read / bytes.max(1)).clamp(1, BATCH_ROWS);
            if !batch.rows.is_empty() && !self.send(batch) {
                return Ok(false);
            }
            after = Some(Position { values: Vec::new(), pk: last });
        }
    }

    fn page(&self, part: &SnapshotPart, after: Option<Position>) -> Result<Vec<Head>, StoreError> {
        let search = Search {
            model: part.model,
            predicate: Arc::clone(&part.predicate),
            sorts: Vec::new(),
            after,
            limit: self.rows as u64,
            offset: 0,
            freshness: Freshness::Current,
        };
        let (found, heads) = std::sync::mpsc::channel();
        let mut visit: Visit = Box::new(move |head: HeadRef<'_>| {
            // The other end is there until this one is dropped.
            let _ = found.send(head.to_owned());
        });
        self.lease.search(&search, &mut visit)?;
        drop(visit);
        Ok(heads.into_iter().collect())
    }

    fn row(&self, model: ModelIndex, head: Head) -> Result<SnapshotRow, StoreError> {
        // One that has a single number has a single revision.
        let older = if head.rev_count > 1 { self.lease.revisions(model, head.pk)? } else { Vec::new() };
        let files = self.lease.files(model, head.pk)?;
        let job = self.job(model, head.pk)?;
        Ok(SnapshotRow { head, older, files, job })
    }

    fn job(&self, model: ModelIndex, pk: i64) -> Result<Option<JobPlace>, StoreError> {
        let layout = &self.lease.models().get(model)?.layout;
        if layout.descriptor.job.is_none() {
            return Ok(None);
        }
        let row = self.lease.job_rows(|texts| &texts.job, params![layout.model_id, pk])?.pop();
        Ok(row.map(JobPlace::from))
    }

    fn changed(&self, at: usize, part: &SnapshotPart, since: LogMark) -> Result<bool, StoreError> {
        let descriptor = self.lease.models().get(part.model)?.layout.descriptor;
        let new = |at| SnapshotBatch { part: at, ..SnapshotBatch::default() };
        let (mut batch, mut bytes) = (new(at), 0);
        for resource_id in self.changed_ids(part.model, since)? {
            match self.lease.head(part.model, &resource_id)? {
                Some(head) => {
                    let values = fitting_index_row(descriptor, &head.revision.data);
                    let row = Row { head: head.as_ref(), values: &values.entries };
                    if part.predicate.eval(&row) != Truth::True {
                        continue;
                    }
                    let row = self.row(part.model, head)?;
                    bytes += weight(&row);
                    batch.rows.push(row);
                }
                None if part.purged => batch.purged.push(resource_id),
                None => {}
            }
            if bytes >= BATCH_BYTES || batch.rows.len() + batch.purged.len() >= BATCH_ROWS {
                bytes = 0;
                if !self.send(std::mem::replace(&mut batch, new(at))) {
                    return Ok(false);
                }
            }
        }
        Ok(batch.rows.len() + batch.purged.len() == 0 || self.send(batch))
    }

    /// Which resources have entries behind the mark.
    fn changed_ids(&self, model: ModelIndex, since: LogMark) -> Result<BTreeSet<String>, StoreError> {
        let mut ids = BTreeSet::new();
        let mut after = since.position;
        loop {
            let of = LogScope::Model(model);
            let page = self.lease.log(&LogRequest { after, of, limit: LOG_ROWS })?;
            for entry in page.entries {
                if let Logged::Change(change) = entry {
                    ids.insert(change.resource_id);
                }
            }
            if !page.has_more {
                return Ok(ids);
            }
            after = page.end;
        }
    }
}

fn weight(row: &SnapshotRow) -> usize {
    row.older.iter().chain([&row.head.revision]).map(|revision| revision.data.len() + 256).sum()
}

impl Lease {
    /// The mark of a position; one that the log does not have is like no other.
    fn mark(&self, position: i64) -> Result<LogMark, StoreError> {
        if position <= 0 {
            return Ok(LogMark { position: 0, fingerprint: 0 });
        }
        let request = LogRequest { after: position - 1, of: LogScope::Everything, limit: 1 };
        let entry = self.log(&request)?.entries.into_iter().next();
        let text = match entry.filter(|entry| entry.position() == position) {
            Some(Logged::Change(change)) => {
                let gone = u8::from(change.kind == ChangeKind::Purged);
                format!(
                    "{} {} {gone} {} {}",
                    change.resource_id, change.version, change.at.time.0, change.at.by
                )
            }
            Some(Logged::Event(event)) => format!("{} {} {}", event.name, event.at.time.0, event.at.by),
            None => String::new(),
        };
        Ok(LogMark { position, fingerprint: xxh3_64(text.as_bytes()) })
    }

    fn files(&self, model: ModelIndex, pk: i64) -> Result<Vec<String>, StoreError> {
        let mut statement = self.prepare(&self.models().get(model)?.writes.named_by_all)?;
        let rows = statement.query_map(params![pk], |row| row.get(0)).map_err(|error| self.error(error))?;
        rows.collect::<Result<_, _>>().map_err(|error| self.error(error))
    }

    /// The superseded revisions with their payloads, by ascending number.
    fn revisions(&self, model: ModelIndex, pk: i64) -> Result<Vec<Revision>, StoreError> {
        let mut statement = self.prepare(&self.models().get(model)?.reads.revisions)?;
        let mut rows = statement.query(params![pk]).map_err(|error| self.error(error))?;
        let mut revisions = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.error(error))? {
            revisions.push(row::revision(row)?.to_owned());
        }
        Ok(revisions)
    }
}
