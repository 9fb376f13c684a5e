//! What an error of the object storage means to a caller.

use object_store::Error as StorageError;

use crate::error::Error;

/// Most concern the disk or the network, and a later attempt may succeed; a full disk is one of these, as it is for
/// the database. What no attempt will change is a fault of the configuration. Paths only go to the log.
pub(super) fn storage_error(error: StorageError) -> Error {
    match error {
        StorageError::NotSupported { .. }
        | StorageError::NotImplemented { .. }
        | StorageError::InvalidPath { .. }
        | StorageError::PermissionDenied { .. }
        | StorageError::Unauthenticated { .. }
        | StorageError::UnknownConfigurationKey { .. } => {
            Error::internal(format!("the object storage: {error}"))
        }
        other => {
            tracing::warn!(error = %other, "the object storage is unavailable");
            Error::Unavailable { reason: format!("the object storage: {other}"), retry_after: 1 }
        }
    }
}
