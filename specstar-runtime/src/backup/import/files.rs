//! The files of an archive: which may be named, and how they are stored.

use std::collections::HashSet;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Importer;
use crate::backup::entry::Entry;
use crate::backup::open::Opened;
use crate::backup::survey::{Survey, naming_key};
use crate::change::ModelIndex;
use crate::error::{Error, Result};
use crate::store::{NewBlob, Published};

/// Parts of a file that wait to be stored.
const WAITING: usize = 2;

impl Importer<'_> {
    /// Decides which files of an archive may be named, once: what is stored on the way would change the answer. A
    /// program may name what is stored, and so may whoever could read it. Who cannot has to bring the bytes, and where
    /// an id is no hash of them, the file must be new: else an archive would open files to whoever writes it.
    pub(super) fn allow(&self, survey: &mut Survey) -> Result<()> {
        let is_open = self.caller.is_trusted() || self.service.settings().open_blobs;
        for file_id in &survey.named {
            let brought = survey.files.get(file_id);
            let is_new = || Ok::<_, Error>(!self.is_stored(file_id)?);
            let allowed = match brought {
                Some(proven) if is_open || *proven => true,
                Some(_) if is_new()? => survey.fresh.insert(file_id.clone()),
                None if is_open => !is_new()?,
                _ => self.handle.block_on(self.service.reads_file(file_id, self.caller))?,
            };
            if allowed {
                survey.allowed.insert(file_id.clone());
            }
        }
        Ok(())
    }

    /// Whether an arriving resource may name a file. Only while it is looked at, the store is asked, with `kept` for
    /// the answers.
    pub(super) fn may_name(
        &self,
        file_id: &str,
        (model, resource_id): (ModelIndex, &str),
        survey: &Survey,
        kept: Option<&mut HashSet<u128>>,
    ) -> Result<bool> {
        if survey.allowed.contains(file_id) {
            return Ok(true);
        }
        let key = naming_key(model, resource_id, file_id);
        let Some(kept) = kept else { return Ok(survey.kept.contains(&key)) };
        let names = self.service.names_file(self.model(model), resource_id, file_id);
        let names = self.handle.block_on(names)?;
        if names {
            kept.insert(key);
        }
        Ok(names)
    }

    fn is_stored(&self, file_id: &str) -> Result<bool> {
        match self.service.blobs() {
            Ok(blobs) => Ok(self.handle.block_on(blobs.find(file_id))?.is_some()),
            Err(_) => Ok(false),
        }
    }

    /// Stores the files that are named and not there yet. Those that no revision names in the end are collected.
    pub(super) fn store_files(&self, survey: &mut Survey) -> Result<()> {
        if !survey.files.keys().any(|file_id| survey.named.contains(file_id)) {
            return Ok(());
        }
        let mut stored = HashSet::new();
        let mut opened = Opened::new(self.path, false, self.limit())?;
        let mut current = String::new();
        while let Some(entry) = opened.reader.next()? {
            match entry {
                Entry::Model { name } => current = name,
                Entry::Blob { file_id }
                    if survey.allowed.contains(&file_id) && !stored.contains(&file_id) =>
                {
                    let is_fresh = survey.fresh.contains(&file_id);
                    if !self.store_file(&mut opened, &file_id, is_fresh)? {
                        continue;
                    }
                    stored.insert(file_id);
                    if let Some(counts) = survey.report.get_mut(&current) {
                        counts.blobs += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Stores a file, unless it is there. One that `is_fresh` may only be named because it was not.
    fn store_file(&self, opened: &mut Opened, file_id: &str, is_fresh: bool) -> Result<bool> {
        let taken = || Error::Conflict(format!("a file `{file_id}` was stored meanwhile"));
        let blobs = self.service.blobs()?.clone();
        // What nobody names could be collected before it is named: it counts from now.
        let known = self.service.store().touch_blob(file_id.to_owned(), None, self.caller.now());
        let known = self.handle.block_on(known).map_err(crate::repository::store_error)?;
        // One whose bytes are lost gets them from the archive.
        let replaces = match known {
            Some(record) if self.handle.block_on(blobs.has_bytes(&record))? => {
                return if is_fresh { Err(taken()) } else { Ok(false) };
            }
            other => other.map(|record| record.key),
        };
        let (sender, receiver) = mpsc::channel::<Result<Bytes>>(WAITING);
        let now = self.caller.now();
        let key = self.handle.block_on(blobs.stage(now))?;
        let written = {
            let (blobs, key) = (blobs.clone(), key.clone());
            let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
                receiver.recv().await.map(|part| (part, receiver))
            });
            self.handle.spawn(async move {
                let limit = blobs.limit();
                blobs.storage().put_stream(&key, Box::pin(stream), limit).await
            })
        };
        let read = loop {
            match opened.reader.next() {
                Ok(Some(Entry::BlobData(data))) => {
                    // It is gone when the storage has failed, which it says below.
                    let _ = sender.blocking_send(Ok(data.into()));
                }
                Ok(Some(Entry::BlobEnd { content_type, .. })) => break Ok(content_type),
                Ok(_) => break Err(Error::internal("a file of an archive has no end")),
                Err(error) => break Err(error.into()),
            }
        };
        if read.is_err() {
            let _ = sender.blocking_send(Err(Error::BadRequest("the archive cannot be read".into())));
        }
        drop(sender);
        let digest = self.handle.block_on(written).map_err(Error::internal).flatten();
        let (content_type, digest) = match (read, digest) {
            (Ok(content_type), Ok(digest)) => (content_type, digest),
            (Err(error), _) | (_, Err(error)) => {
                self.handle.block_on(blobs.discard(key));
                return Err(error);
            }
        };
        let content_type = Some(content_type).filter(|text| !text.is_empty());
        let lost = replaces.clone();
        let (file_id, size) = (file_id.to_owned(), digest.size);
        let blob = NewBlob { file_id: file_id.clone(), key: key.clone(), size, content_type, replaces, now };
        let published = self.handle.block_on(self.service.store().publish_blob(blob));
        match published.map_err(crate::repository::store_error)? {
            Published::Stored(_) => {
                if let Some(lost) = lost {
                    self.handle.block_on(blobs.discard(lost));
                }
                // So that it may be named when what comes later fails and all of it is sent again.
                if !self.caller.is_trusted() {
                    self.handle.block_on(self.service.note_uploader(&file_id, self.caller))?;
                }
                Ok(true)
            }
            Published::Existing(_) => {
                self.handle.block_on(blobs.discard(key));
                if is_fresh { Err(taken()) } else { Ok(false) }
            }
            Published::Expired => {
                let reason = "a file took longer than unfinished uploads are kept".to_owned();
                Err(Error::Unavailable { reason, retry_after: 1 })
            }
        }
    }
}
