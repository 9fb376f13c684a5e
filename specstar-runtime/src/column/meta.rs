//! The metadata every resource has, as columns.

use std::fmt;

use super::Column;
use crate::datetime::DateTime;
use crate::query::MetaField;

macro_rules! meta_columns {
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $field:ident,)*) => {
        /// The metadata every resource has: `User::META`.
        pub struct MetaColumns<R> {
            $($(#[$doc])* pub $name: Column<R, $ty>,)*
        }

        impl<R> MetaColumns<R> {
            pub(crate) const ALL: Self = Self { $($name: Column::meta(MetaField::$field),)* };
        }
    };
}

meta_columns! {
    /// The id.
    resource_id: String = ResourceId,
    /// The id of the current revision.
    current_revision_id: String = CurrentRevisionId,
    /// The schema version the current revision was written with; null without one.
    schema_version: Option<String> = SchemaVersion,
    /// How many revisions were ever made.
    total_revision_count: i64 = TotalRevisionCount,
    /// When it was created.
    created_time: DateTime = CreatedTime,
    /// When it was changed last.
    updated_time: DateTime = UpdatedTime,
    /// Who created it.
    created_by: String = CreatedBy,
    /// Who changed it last.
    updated_by: String = UpdatedBy,
    /// Whether it is soft-deleted. A query that asks this says itself which state it wants.
    is_deleted: bool = IsDeleted,
    /// `draft` or `stable`: the status of the current revision. Nothing is sorted by it.
    rev_status: String = RevStatus,
    /// Who created the current revision. Nothing is sorted by it.
    rev_created_by: String = RevCreatedBy,
    /// Who changed the current revision last. Nothing is sorted by it.
    rev_updated_by: String = RevUpdatedBy,
    /// When the current revision was created.
    rev_created_time: DateTime = RevCreatedTime,
    /// When the current revision was changed last.
    rev_updated_time: DateTime = RevUpdatedTime,
}

impl<R> Clone for MetaColumns<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for MetaColumns<R> {}

impl<R> fmt::Debug for MetaColumns<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetaColumns").finish_non_exhaustive()
    }
}
