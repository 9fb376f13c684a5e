//! Who may read and upload files.

use super::blob::media_type_in;
use super::service::store_error;
use super::{Caller, Model, Service};
use crate::access::{AccessRequest, Action, BLOBS, RowScope, authorize};
use crate::blob::Blobs;
use crate::change::ModelIndex;
use crate::error::{Error, ErrorKind, Result};
use crate::meta::Head;
use crate::store::{BlobOwner, BlobRecord};

/// Resources that are looked at together, to find one that the caller may read.
const OWNERS: usize = 100;

/// The most resources of a type that are judged, to find one that the caller may read. Who may read none of so many
/// reads the file through the resource that names it.
const JUDGED: usize = 1_000;

/// The most that are judged for all the files that a document names, and the fewest for each of them.
const JUDGED_TOGETHER: usize = 10_000;
const JUDGED_AT_LEAST: usize = 10;

/// The resources of one type that name a file.
struct OwnersOfType {
    model: ModelIndex,
    /// Those that exist for the caller.
    scope: RowScope,
    /// How many more are judged.
    left: usize,
}

impl OwnersOfType {
    fn is_done(&self) -> bool {
        self.left == 0 || self.scope == RowScope::None
    }
}

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
        let mut head = self.visible(model, resource_id, false, &gate).await?;
        let found = self.blobs()?.find(file_id).await?;
        let named = loop {
            let named = self.store.owns_blob(model.index, head.pk, file_id).await.map_err(store_error)?;
            if self.since(&mut head, false, &gate).await?.leaves(named) {
                break named;
            }
        };
        let mut found = found.filter(|_| named).ok_or_else(|| not_found(file_id))?;
        if let Some(content_type) = media_type_in(&head.revision.data, file_id) {
            found.content_type = Some(content_type);
        }
        Ok(found)
    }

    /// A file, for those who may read the files of a live resource that names it, and for who has uploaded it.
    ///
    /// For others it is 404, whether it is there or not, or 403 when they may read no files at all. Of the resources
    /// of a type that name it the first 1,000 are looked at; a file that more name is read through one of them
    /// ([`blob_of`](Self::blob_of)).
    pub async fn blob(&self, blobs: &Blobs, file_id: &str, caller: &Caller) -> Result<BlobRecord> {
        let found = blobs.find(file_id).await?;
        if let Some(found) = found
            && (self.reads_as_owner(file_id, JUDGED, caller).await?
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

    /// Fails with 400, as for files that are not there, unless the caller has uploaded these files or may read them, or
    /// the resource names them already: an id alone must not open a file, and a resource that names it does.
    pub(super) async fn authorize_naming(
        &self,
        model: &Model,
        file_ids: &[&String],
        current: Option<&Head>,
        caller: &Caller,
    ) -> Result<()> {
        if caller.is_trusted() || self.settings.open_blobs {
            return Ok(());
        }
        let judged = JUDGED_TOGETHER / file_ids.len().max(1);
        let judged = judged.clamp(JUDGED_AT_LEAST, JUDGED);
        let mut missing = Vec::new();
        for &file_id in file_ids {
            if let Some(head) = current
                && self.store.owns_blob(model.index, head.pk, file_id).await.map_err(store_error)?
            {
                continue;
            }
            // Who may upload may name what he has uploaded, also where he may read none of it.
            if !self.has_uploaded(file_id, caller).await?
                && !self.reads_as_owner(file_id, judged, caller).await?
            {
                missing.push(file_id.clone());
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Error::BlobsMissing { file_ids: missing }) }
    }

    /// Whether the caller has uploaded a file, or may read one of the first resources that name it.
    pub(crate) async fn reads_file(&self, file_id: &str, caller: &Caller) -> Result<bool> {
        Ok(self.has_uploaded(file_id, caller).await? || self.reads_as_owner(file_id, JUDGED, caller).await?)
    }

    /// Whether some revision of a resource names a file.
    pub(crate) async fn names_file(&self, model: &Model, resource_id: &str, file_id: &str) -> Result<bool> {
        match self.find(model, resource_id).await? {
            None => Ok(false),
            Some(head) => self.store.owns_blob(model.index, head.pk, file_id).await.map_err(store_error),
        }
    }

    /// Fails with 403 unless the caller may upload files.
    pub async fn authorize_upload(&self, caller: &Caller) -> Result<()> {
        if caller.is_trusted() {
            return Ok(());
        }
        authorize(&*self.access, about_files(caller, Action::WRITE_BLOB)).await
    }

    /// Notes that the caller has uploaded a file: they may name it, and those who may read files at all read it.
    ///
    /// Nothing is noted of somebody anonymous where others are known or have to be: it would be noted of everybody
    /// else who is anonymous. They bring the bytes of a file within the resource that names it.
    pub async fn note_uploader(&self, file_id: &str, caller: &Caller) -> Result<()> {
        if !self.is_somebody(caller) {
            return Ok(());
        }
        self.store.note_uploader(file_id, caller.principal().name()).await.map_err(store_error)
    }

    /// Whether the caller may read one of the first `judged` resources of a type that name the file.
    async fn reads_as_owner(&self, file_id: &str, judged: usize, caller: &Caller) -> Result<bool> {
        let (mut after, mut of_type) = (None, None::<OwnersOfType>);
        loop {
            let owners = self.store.blob_owners(file_id, after, OWNERS).await.map_err(store_error)?;
            let Some(last) = owners.last() else { return Ok(false) };
            let mut seen = None;
            for owner in &owners {
                // Further revisions of a resource have nothing to add.
                if seen.replace((owner.model, owner.pk)) == Some((owner.model, owner.pk)) {
                    continue;
                }
                let of_type = match &mut of_type {
                    Some(same) if same.model == owner.model => same,
                    other => {
                        let scope = self.scope(self.model_at(owner.model), caller).await?;
                        other.insert(OwnersOfType { model: owner.model, scope, left: judged })
                    }
                };
                if of_type.is_done() {
                    continue;
                }
                of_type.left -= 1;
                if self.reads(owner, &of_type.scope, caller).await? {
                    return Ok(true);
                }
            }
            let done = of_type.as_ref().is_some_and(OwnersOfType::is_done);
            let pk = if done { i64::MAX } else { last.pk };
            after = Some(BlobOwner { pk, seq: i64::MAX, ..last.clone() });
        }
    }

    async fn reads(&self, owner: &BlobOwner, scope: &RowScope, caller: &Caller) -> Result<bool> {
        let model = self.model_at(owner.model);
        let read = async {
            let (id, actions) = (Some(&*owner.resource_id), [Action::READ_BLOB]);
            // Which refusal comes first does not matter here, so rules that look at no row spare reading it.
            let gate = self.gate_within(model, caller, RowScope::All, id, None, &actions).await?;
            self.visible(model, &owner.resource_id, false, &gate.within(scope.clone())).await
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
        self.has_uploaded(file_id, caller).await
    }

    async fn has_uploaded(&self, file_id: &str, caller: &Caller) -> Result<bool> {
        if !self.is_somebody(caller) {
            return Ok(false);
        }
        self.store.is_uploader(file_id, caller.principal().name()).await.map_err(store_error)
    }

    /// Whether the caller can be told from others, or need not be.
    fn is_somebody(&self, caller: &Caller) -> bool {
        self.settings.anonymous_uploaders || !caller.principal().is_anonymous()
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
