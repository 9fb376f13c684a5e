//! Who may read and upload files.

use super::blob::media_type_in;
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::{AccessRequest, Action, BLOBS, authorize};
use crate::blob::Blobs;
use crate::error::{Error, ErrorKind, Result};
use crate::meta::Head;
use crate::store::{BlobOwner, BlobRecord};

/// Resources that are looked at together, to find one that the caller may read.
const OWNERS: usize = 100;

impl Service {
    /// A file that a revision of a resource names, for those who may read the files of the resource. It has the media
    /// type that the resource says it has.
    pub async fn blob_of(
        &self,
        model: &Model,
        resource_id: &str,
        file_id: &str,
        caller: &Caller,
    ) -> Result<BlobRecord> {
        let gate = self.gate(model, caller, Some(resource_id), &[Action::READ_BLOB]).await?;
        let head = self.visible(model, resource_id, false, &gate).await?;
        let found = self.blobs()?.find(file_id).await?;
        let named = self.store.owns_blob(model.index, head.pk, file_id).await.map_err(store_error)?;
        let mut found = found.filter(|_| named).ok_or_else(|| not_found(file_id))?;
        if let Some(content_type) = media_type_in(&head.revision.data, file_id) {
            found.content_type = Some(content_type);
        }
        Ok(found)
    }

    /// A file, for those who may read the files of a live resource that names it, and for who has uploaded it.
    ///
    /// For others it is 404, whether it is there or not, or 403 when they may read no files at all.
    pub async fn blob(&self, blobs: &Blobs, file_id: &str, caller: &Caller) -> Result<BlobRecord> {
        let found = blobs.find(file_id).await?;
        if let Some(found) = found
            && (self.reads_as_owner(file_id, caller).await?
                || self.reads_as_uploader(file_id, caller).await?)
        {
            return Ok(found);
        }
        Err(if self.reads_none(caller).await? {
            denied(caller, Action::READ_BLOB)
        } else {
            not_found(file_id)
        })
    }

    /// Fails with 400, as for files that are not there, unless the caller may read these files, or the resource names
    /// them already: an id alone must not open a file, and a resource that names it does.
    pub(super) async fn authorize_naming(
        &self,
        model: &Model,
        file_ids: impl Iterator<Item = &String>,
        current: Option<&Head>,
        caller: &Caller,
    ) -> Result<()> {
        if caller.is_trusted() || self.settings.open_blobs {
            return Ok(());
        }
        let mut missing = Vec::new();
        for file_id in file_ids {
            if let Some(head) = current
                && self.store.owns_blob(model.index, head.pk, file_id).await.map_err(store_error)?
            {
                continue;
            }
            if !self.reads_as_uploader(file_id, caller).await?
                && !self.reads_as_owner(file_id, caller).await?
            {
                missing.push(file_id.clone());
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Error::BlobsMissing { file_ids: missing }) }
    }

    /// Fails with 403 unless the caller may upload files.
    pub async fn authorize_upload(&self, caller: &Caller) -> Result<()> {
        if caller.is_trusted() {
            return Ok(());
        }
        authorize(&*self.access, about_files(caller, Action::WRITE_BLOB)).await
    }

    /// Notes that the caller has uploaded a file, which makes it readable for them.
    pub async fn note_uploader(&self, file_id: &str, caller: &Caller) -> Result<()> {
        self.store.note_uploader(file_id, caller.principal().name()).await.map_err(store_error)
    }

    /// Whether the caller may read a resource that names the file.
    async fn reads_as_owner(&self, file_id: &str, caller: &Caller) -> Result<bool> {
        let mut after = None;
        loop {
            let owners = self.store.blob_owners(file_id, after, OWNERS).await.map_err(store_error)?;
            let Some(last) = owners.last() else { return Ok(false) };
            // Further revisions of the last resource have nothing to add.
            let next = BlobOwner { seq: i64::MAX, ..last.clone() };
            let mut seen = None;
            for owner in &owners {
                if seen.replace((owner.model, owner.pk)) != Some((owner.model, owner.pk))
                    && self.reads(owner, caller).await?
                {
                    return Ok(true);
                }
            }
            after = Some(next);
        }
    }

    async fn reads(&self, owner: &BlobOwner, caller: &Caller) -> Result<bool> {
        let model = self.model_at(owner.model);
        let read = async {
            let gate = self.gate(model, caller, Some(&owner.resource_id), &[Action::READ_BLOB]).await?;
            self.visible(model, &owner.resource_id, false, &gate).await
        };
        match read.await {
            // A row number tells one resource from a later one of the same id.
            Ok(head) => Ok(head.pk == owner.pk),
            Err(error) if is_refusal(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn reads_as_uploader(&self, file_id: &str, caller: &Caller) -> Result<bool> {
        if caller.is_trusted() {
            return Ok(true);
        }
        match authorize(&*self.access, about_files(caller, Action::READ_BLOB)).await {
            Ok(()) => {}
            Err(error) if is_refusal(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
        self.store.is_uploader(file_id, caller.principal().name()).await.map_err(store_error)
    }

    /// Whether the rules deny the caller the files of every type, whatever the resource is.
    async fn reads_none(&self, caller: &Caller) -> Result<bool> {
        for model in self.models() {
            if !self.access.needs(model.descriptor(), Action::READ_BLOB).is_empty() {
                return Ok(false);
            }
            match self.gate(model, caller, None, &[Action::READ_BLOB]).await {
                Ok(_) => return Ok(false),
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
        match authorize(&*self.access, about_files(caller, Action::READ_BLOB)).await {
            Ok(()) => Ok(false),
            Err(error) if is_refusal(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

fn about_files(caller: &Caller, action: Action) -> AccessRequest<'_> {
    AccessRequest {
        principal: caller.principal(),
        action,
        custom: None,
        model: &BLOBS,
        resource_id: None,
        current: None,
        input: None,
        status: None,
        now: caller.now(),
    }
}

/// Refused for what the caller is, and not because something does not work.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound | ErrorKind::Deleted)
}

fn denied(caller: &Caller, action: Action) -> Error {
    Error::PermissionDenied {
        user: caller.principal().name().to_owned(),
        action: action.name().to_owned(),
        model: BLOBS.id.name.to_owned(),
    }
}

fn not_found(file_id: &str) -> Error {
    Error::BlobNotFound { file_id: file_id.to_owned() }
}
