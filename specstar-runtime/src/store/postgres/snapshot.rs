//! Snapshots: a task and a connection for each, in one read transaction.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::BoxFuture;
use sea_orm::DatabaseTransaction;
use tokio::sync::{mpsc, oneshot};
use xxhash_rust::xxh3::xxh3_64;

use super::PostgresStore;
use super::db::{one_moment, quoted, row, rows, store_error, values};
use super::job::job_row;
use super::log;
use super::model::{Model, Models};
use super::row::Columns;
use super::search::{Condition, Cursor, holds};
use super::session::Session;
use crate::change::{ChangeKind, Logged, ModelIndex};
use crate::meta::Head;
use crate::store::layout::BLOB_REF_TABLE;
use crate::store::sql::job::COLUMNS;
use crate::store::{
    JobPlace, LogMark, LogRequest, LogScope, SnapshotBatch, SnapshotPart, SnapshotReader, SnapshotRequest,
    SnapshotRow, Snapshots, StoreError,
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

impl Snapshots for PostgresStore {
    fn snapshot(&self, request: SnapshotRequest) -> BoxFuture<'_, Result<SnapshotReader, StoreError>> {
        Box::pin(async move {
            super::follow::settle(&self.shared).await;
            let (session, models) = (self.session().await?, self.models());
            let (begun, answer) = oneshot::channel();
            let (sender, batches) = mpsc::channel(WAITING);
            tokio::spawn(async move {
                run(&session, &models, &request, begun, &sender).await;
                session.close().await;
            });
            let ended = |_| StoreError::Unavailable("the snapshot ended early".into());
            let (mark, since_is_known) = answer.await.map_err(ended)??;
            Ok(SnapshotReader { mark, since_is_known, batches })
        })
    }

    fn imported<'a>(&'a self, archive: &'a str) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            let models = self.models();
            let found = self.row(&models.imports().done, values![archive]).await?;
            let done = found.as_ref().map(|found| Columns::of(found)?.integer(0)).transpose()?;
            Ok(done.and_then(|done| u64::try_from(done).ok()))
        })
    }
}

type Sender = mpsc::Sender<Result<SnapshotBatch, StoreError>>;

async fn run(
    session: &Session,
    models: &Models,
    request: &SnapshotRequest,
    begun: oneshot::Sender<Result<(LogMark, bool), StoreError>>,
    sender: &Sender,
) {
    let transaction = match one_moment(session.db(), 0).await {
        Ok(transaction) => transaction,
        Err(error) => {
            let _ = begun.send(Err(store_error(error)));
            return;
        }
    };
    let mut snapshot = Snapshot { on: &transaction, models, sender, rows: FIRST_ROWS };
    let start = snapshot.start(request).await;
    let goes_on = matches!(start, Ok((_, true)));
    if begun.send(start).is_ok()
        && goes_on
        && let Err(error) = snapshot.parts(request).await
    {
        // Nobody may be there to be told.
        let _ = sender.send(Err(error)).await;
    }
    let _ = transaction.rollback().await;
}

struct Snapshot<'a> {
    on: &'a DatabaseTransaction,
    models: &'a Models,
    sender: &'a Sender,
    /// How many resources to read next.
    rows: usize,
}

impl Snapshot<'_> {
    /// The first read fixes the moment.
    async fn start(&self, request: &SnapshotRequest) -> Result<(LogMark, bool), StoreError> {
        let mark = self.mark(log::end(self.on, self.models).await?).await?;
        let known = match request.since {
            None => true,
            Some(since) => self.mark(since.position).await? == since,
        };
        Ok((mark, known))
    }

    async fn parts(&mut self, request: &SnapshotRequest) -> Result<(), StoreError> {
        for (at, part) in request.parts.iter().enumerate() {
            let goes_on = match request.since {
                None => self.all(at, part).await?,
                Some(since) => self.changed(at, part, since).await?,
            };
            if !goes_on {
                return Ok(());
            }
        }
        self.send(SnapshotBatch { part: request.parts.len(), ..SnapshotBatch::default() }).await;
        Ok(())
    }

    /// Hands a batch over; `false` when nobody wants it any more.
    async fn send(&self, batch: SnapshotBatch) -> bool {
        self.sender.send(Ok(batch)).await.is_ok()
    }

    async fn all(&mut self, at: usize, part: &SnapshotPart) -> Result<bool, StoreError> {
        let models = self.models;
        let model = models.get(part.model)?;
        let condition = Condition::of(&model.layout, &part.predicate);
        let sql = format!(
            "SELECT {} FROM {} h WHERE {} ORDER BY h.pk",
            model.texts.head_columns,
            quoted(&model.layout.head_table),
            condition.sql
        );
        let mut cursor = Cursor::open(self.on, "heads", &sql, condition.values, None).await?;
        loop {
            cursor.batch = self.rows;
            let Some(found) = cursor.next().await? else { break };
            let mut heads = Vec::with_capacity(found.len());
            for row in &found {
                let head = Columns::of(row)?.head()?;
                if condition.is_exact || holds(model, &part.predicate, head) {
                    heads.push(head.to_owned());
                }
            }
            let read = found.len();
            drop(found);
            let mut files = self.files(model, &heads).await?;
            let mut jobs = self.jobs(model, &heads).await?;
            let mut batch = SnapshotBatch { part: at, ..SnapshotBatch::default() };
            let (mut bytes, mut sent) = (0, 0);
            for head in heads {
                let files = files.remove(&head.pk).unwrap_or_default();
                let job = jobs.remove(&head.pk);
                let row = self.row(model, head, files, job).await?;
                bytes += weight(&row);
                batch.rows.push(row);
                // A history may be much longer than its head.
                if bytes - sent >= BATCH_BYTES {
                    sent = bytes;
                    let full = SnapshotBatch { part: at, ..SnapshotBatch::default() };
                    if !self.send(std::mem::replace(&mut batch, full)).await {
                        return Ok(false);
                    }
                }
            }
            // Payloads of a type are mostly of one size.
            self.rows = (BATCH_BYTES * read / bytes.max(1)).clamp(1, BATCH_ROWS);
            if !batch.rows.is_empty() && !self.send(batch).await {
                return Ok(false);
            }
        }
        cursor.close().await?;
        Ok(true)
    }

    async fn row(
        &self,
        model: &Model,
        head: Head,
        files: Vec<String>,
        job: Option<JobPlace>,
    ) -> Result<SnapshotRow, StoreError> {
        let mut older = Vec::new();
        // One that has a single number has a single revision.
        if head.rev_count > 1 {
            let sql = model.texts.revisions.as_str();
            for row in rows(self.on, sql, values![head.pk]).await.map_err(store_error)? {
                older.push(Columns::of(&row)?.revision()?.to_owned());
            }
        }
        Ok(SnapshotRow { head, older, files, job })
    }

    /// When these jobs are due, by row number.
    async fn jobs(&self, model: &Model, heads: &[Head]) -> Result<HashMap<i64, JobPlace>, StoreError> {
        if model.layout.descriptor.job.is_none() {
            return Ok(HashMap::new());
        }
        let pks: Vec<i64> = heads.iter().map(|head| head.pk).collect();
        let id = model.layout.model_id;
        let sql = format!("SELECT {COLUMNS} FROM ss_job WHERE model_id = {id} AND pk = ANY($1)");
        let mut jobs = HashMap::with_capacity(heads.len());
        for found in rows(self.on, sql, values![pks]).await.map_err(store_error)? {
            let row = job_row(Columns::of(&found)?, self.models)?;
            jobs.insert(row.pk, row.into());
        }
        Ok(jobs)
    }

    /// The files that revisions of these resources name.
    async fn files(&self, model: &Model, heads: &[Head]) -> Result<HashMap<i64, Vec<String>>, StoreError> {
        let pks: Vec<i64> = heads.iter().map(|head| head.pk).collect();
        let sql = format!(
            "SELECT DISTINCT pk, file_id FROM {BLOB_REF_TABLE} WHERE model_id = {} AND pk = ANY($1) \
             ORDER BY pk, file_id",
            model.layout.model_id
        );
        let mut files: HashMap<i64, Vec<String>> = HashMap::new();
        for row in rows(self.on, sql, values![pks]).await.map_err(store_error)? {
            let columns = Columns::of(&row)?;
            files.entry(columns.integer(0)?).or_default().push(columns.get(1)?);
        }
        Ok(files)
    }

    async fn changed(&mut self, at: usize, part: &SnapshotPart, since: LogMark) -> Result<bool, StoreError> {
        let models = self.models;
        let model = models.get(part.model)?;
        let new = |at| SnapshotBatch { part: at, ..SnapshotBatch::default() };
        let (mut batch, mut bytes) = (new(at), 0);
        for resource_id in self.changed_ids(part.model, since).await? {
            let sql = model.texts.head.as_str();
            let found = row(self.on, sql, values![resource_id.as_str()]).await.map_err(store_error)?;
            match &found {
                Some(found) => {
                    let head = Columns::of(found)?.head()?;
                    if !holds(model, &part.predicate, head) {
                        continue;
                    }
                    let head = head.to_owned();
                    let mut files = self.files(model, std::slice::from_ref(&head)).await?;
                    let files = files.remove(&head.pk).unwrap_or_default();
                    let job = self.jobs(model, std::slice::from_ref(&head)).await?.remove(&head.pk);
                    let row = self.row(model, head, files, job).await?;
                    bytes += weight(&row);
                    batch.rows.push(row);
                }
                None if part.purged => batch.purged.push(resource_id),
                None => {}
            }
            if bytes >= BATCH_BYTES || batch.rows.len() + batch.purged.len() >= BATCH_ROWS {
                bytes = 0;
                if !self.send(std::mem::replace(&mut batch, new(at))).await {
                    return Ok(false);
                }
            }
        }
        Ok(batch.rows.len() + batch.purged.len() == 0 || self.send(batch).await)
    }

    /// Which resources have entries behind the mark.
    async fn changed_ids(&self, model: ModelIndex, since: LogMark) -> Result<BTreeSet<String>, StoreError> {
        let mut ids = BTreeSet::new();
        let mut after = since.position;
        loop {
            let of = LogScope::Model(model);
            let page = log::page(self.on, self.models, &LogRequest { after, of, limit: LOG_ROWS }).await?;
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

    /// The mark of a position; one that the log does not have is like no other.
    async fn mark(&self, position: i64) -> Result<LogMark, StoreError> {
        if position <= 0 {
            return Ok(LogMark { position: 0, fingerprint: 0 });
        }
        let sql = self.models.log().entry.as_str();
        let found = row(self.on, sql, values![position]).await.map_err(store_error)?;
        let entry = match &found {
            Some(found) => Columns::of(found)?.logged(self.models)?.1,
            None => None,
        };
        let text = match entry {
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
}

fn weight(row: &SnapshotRow) -> usize {
    row.older.iter().chain([&row.head.revision]).map(|revision| revision.data.len() + 256).sum()
}
