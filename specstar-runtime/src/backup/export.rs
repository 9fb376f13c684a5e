//! Writing an archive of one moment.

use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::sync::Arc;

use futures_util::TryStreamExt;
use tokio::runtime::Handle;

use super::fault::ArchiveResult;
use super::report::{ArchiveFormat, ExportOptions, ExportReport, Exported, Progress};
use super::ssb::{Manifest, ManifestModel};
use super::{acbak, ssb, token};
use crate::access::RowScope;
use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::query::Predicate;
use crate::repository::{Caller, Model, Service, store_error};
use crate::store::{SnapshotBatch, SnapshotPart, SnapshotReader, SnapshotRequest};

/// An export that is about to be written: the caller may have it, and its moment is fixed.
pub(crate) struct Export {
    service: Arc<Service>,
    models: Vec<Model>,
    snapshot: SnapshotReader,
    options: ExportOptions,
    filtered: bool,
    now: Timestamp,
}

impl Export {
    /// Asks whether the caller may take out these types, and fixes the moment. A predicate narrows what is taken of
    /// each.
    pub(crate) async fn begin(
        service: Arc<Service>,
        options: ExportOptions,
        predicate: Option<Arc<Predicate>>,
        caller: &Caller,
    ) -> Result<Self> {
        let models = wanted(&service, &options.models)?;
        let since = options.since.as_deref().map(|text| {
            let unknown = || Error::BadRequest(format!("`{text}` is no token of an export"));
            token::read(text).ok_or_else(unknown)
        });
        let since = since.transpose()?;
        if since.is_some() && options.format == ArchiveFormat::Acbak {
            return Err(Error::BadRequest("this format has no deltas".into()));
        }
        let mut filtered = predicate.is_some();
        let mut parts = Vec::new();
        for model in &models {
            let scope = service.dumping(model, caller).await?;
            filtered |= !scope.is_all();
            // Nothing tells any more whether what is gone was in the scope, or met the filter.
            let purged = since.is_some() && scope == RowScope::All && predicate.is_none();
            let all = predicate.clone().unwrap_or_else(|| Arc::new(Predicate::everything()));
            parts.push(SnapshotPart { model: model.index, predicate: scope.narrow(all), purged });
        }
        let request = SnapshotRequest { parts, since };
        let snapshot = service.store().snapshot(request).await.map_err(store_error)?;
        if !snapshot.since_is_known {
            return Err(Error::BadRequest("the token is not one of this database".into()));
        }
        Ok(Self { service, models, snapshot, options, filtered, now: caller.now() })
    }

    /// Writes the archive, on a thread that may wait.
    pub(crate) async fn write<W: Write + Send + 'static>(self, writer: W) -> Result<ExportReport> {
        let handle = Handle::current();
        let written = tokio::task::spawn_blocking(move || self.write_here(writer, &handle));
        written.await.map_err(Error::internal)?
    }

    /// Writes the archive on this thread.
    pub(crate) fn write_here<W: Write>(mut self, writer: W, handle: &Handle) -> Result<ExportReport> {
        let token = token::write(self.snapshot.mark);
        let mut out = match self.options.format {
            ArchiveFormat::Acbak => Out::Acbak(Box::new(acbak::Writer::new(writer)?)),
            ArchiveFormat::Ssb => Out::Ssb(Box::new(ssb::Writer::new(writer, self.manifest(&token))?)),
        };
        let mut report = ExportReport { token, ..ExportReport::default() };
        let mut written = HashSet::new();
        let mut next = self.snapshot.batches.blocking_recv();
        for (part, model) in std::mem::take(&mut self.models).iter().enumerate() {
            out.begin_model(model.name())?;
            let mut counts = Exported::default();
            let mut files = BTreeSet::new();
            while let Some(batch) = next {
                let batch = batch.map_err(store_error)?;
                if batch.part != part {
                    next = Some(Ok(batch));
                    break;
                }
                write_batch(&mut out, model, &batch, &mut counts)?;
                files.extend(batch.rows.into_iter().flat_map(|row| row.files));
                next = self.snapshot.batches.blocking_recv();
                self.tell(&out, &report, &counts);
            }
            if !self.options.without_blobs {
                for file_id in files {
                    // Ours has each file once; that of the reference once per type.
                    if out.is_ssb() && !written.insert(file_id.clone()) {
                        continue;
                    }
                    self.write_blob(&mut out, &file_id, handle)?;
                    counts.blobs += 1;
                    self.tell(&out, &report, &counts);
                }
            }
            out.end_model()?;
            report.models.insert(model.name().to_owned(), counts);
        }
        // Without the last batch, which is empty, the reading has ended before its end.
        match next {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(store_error(error)),
            None => return Err(Error::internal("a snapshot ended early")),
        }
        let (bytes, hash) = out.finish()?;
        (report.bytes, report.hash) = (bytes, hash.to_hex().to_string());
        Ok(report)
    }

    fn manifest(&self, token: &str) -> Manifest {
        Manifest {
            format: 0,
            tool: concat!("specstar ", env!("CARGO_PKG_VERSION")).to_owned(),
            created: self.now.to_string(),
            models: self
                .models
                .iter()
                .map(|model| ManifestModel {
                    name: model.name().to_owned(),
                    schema_version: model.descriptor().schema_version.map(str::to_owned),
                })
                .collect(),
            token: token.to_owned(),
            base: self.options.since.clone(),
            blobs: !self.options.without_blobs,
            filtered: self.filtered,
        }
    }

    fn tell<W: Write>(&self, out: &Out<W>, report: &ExportReport, counts: &Exported) {
        if let Some(progress) = &self.options.progress {
            let before: u64 = report.models.values().map(|model| model.resources).sum();
            progress(Progress { bytes: out.written(), resources: before + counts.resources });
        }
    }

    fn write_blob<W: Write>(&self, out: &mut Out<W>, file_id: &str, handle: &Handle) -> Result<()> {
        let blobs = self.service.blobs()?;
        let record = handle.block_on(blobs.find(file_id))?;
        let record = record.ok_or_else(|| Error::internal(format!("the blob `{file_id}` is not stored")))?;
        let mut stream = handle.block_on(blobs.open(&record, None))?;
        let end = out.begin_blob(file_id, record.size, record.content_type.as_deref().unwrap_or_default())?;
        while let Some(bytes) = handle.block_on(stream.try_next())? {
            out.blob_data(&bytes)?;
        }
        Ok(out.end_blob(&end)?)
    }
}

fn wanted(service: &Service, names: &[String]) -> Result<Vec<Model>> {
    if names.is_empty() {
        return Ok(service.models().to_vec());
    }
    let mut models: Vec<Model> = Vec::new();
    for name in names {
        let unknown = || Error::BadRequest(format!("there is no model `{name}`"));
        let model = *service.model(name).ok_or_else(unknown)?;
        if models.iter().all(|other| other.index != model.index) {
            models.push(model);
        }
    }
    Ok(models)
}

fn write_batch<W: Write>(
    out: &mut Out<W>,
    model: &Model,
    batch: &SnapshotBatch,
    counts: &mut Exported,
) -> ArchiveResult<()> {
    for row in &batch.rows {
        match out {
            Out::Ssb(out) => out.resource(&row.head, &row.older, row.job.as_ref())?,
            Out::Acbak(out) => out.resource(model.descriptor(), &row.head, &row.older)?,
        }
        counts.resources += 1;
        counts.revisions += row.older.len() as u64 + 1;
    }
    if let Out::Ssb(out) = out {
        for resource_id in &batch.purged {
            out.purged(resource_id)?;
            counts.purged += 1;
        }
    }
    Ok(())
}

enum Out<W> {
    Ssb(Box<ssb::Writer<W>>),
    Acbak(Box<acbak::Writer<W>>),
}

impl<W: Write> Out<W> {
    const fn is_ssb(&self) -> bool {
        matches!(self, Self::Ssb(_))
    }

    const fn written(&self) -> u64 {
        match self {
            Self::Ssb(out) => out.written(),
            Self::Acbak(out) => out.written(),
        }
    }

    fn begin_model(&mut self, name: &str) -> ArchiveResult<()> {
        match self {
            Self::Ssb(out) => out.begin_model(name),
            Self::Acbak(out) => out.begin_model(name),
        }
    }

    /// Gives what has to stand behind the bytes.
    fn begin_blob(&mut self, file_id: &str, size: u64, content_type: &str) -> ArchiveResult<Vec<u8>> {
        match self {
            Self::Ssb(out) => out.begin_blob(file_id, size, content_type).map(|()| Vec::new()),
            Self::Acbak(out) => out.begin_blob(file_id, size, content_type),
        }
    }

    fn blob_data(&mut self, data: &[u8]) -> ArchiveResult<()> {
        match self {
            Self::Ssb(out) => out.blob_data(data),
            Self::Acbak(out) => out.write(data),
        }
    }

    fn end_blob(&mut self, end: &[u8]) -> ArchiveResult<()> {
        match self {
            Self::Ssb(out) => out.end_blob(),
            Self::Acbak(out) => out.write(end),
        }
    }

    fn end_model(&mut self) -> ArchiveResult<()> {
        match self {
            Self::Ssb(out) => out.end_model(),
            Self::Acbak(out) => out.end_model(),
        }
    }

    fn finish(self) -> ArchiveResult<(u64, blake3::Hash)> {
        match self {
            Self::Ssb(out) => out.finish(),
            Self::Acbak(out) => out.finish(),
        }
    }
}
