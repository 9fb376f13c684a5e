//! What a condition can look at.

use crate::descriptor::{IndexDescriptor, IndexKind};

/// What a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Metadata.
    Meta(MetaField),
    /// Position in the descriptor's `indexes`.
    Index(usize),
}

/// The metadata that can be filtered. These names shadow data fields of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum MetaField {
    ResourceId,
    CurrentRevisionId,
    SchemaVersion,
    TotalRevisionCount,
    CreatedTime,
    UpdatedTime,
    CreatedBy,
    UpdatedBy,
    IsDeleted,
    RevStatus,
    RevCreatedBy,
    RevUpdatedBy,
    RevCreatedTime,
    RevUpdatedTime,
}

impl MetaField {
    /// Every one of them, in the order documentation lists them.
    pub const ALL: [Self; 14] = [
        Self::ResourceId,
        Self::CurrentRevisionId,
        Self::SchemaVersion,
        Self::TotalRevisionCount,
        Self::CreatedTime,
        Self::UpdatedTime,
        Self::CreatedBy,
        Self::UpdatedBy,
        Self::IsDeleted,
        Self::RevStatus,
        Self::RevCreatedBy,
        Self::RevUpdatedBy,
        Self::RevCreatedTime,
        Self::RevUpdatedTime,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceId => "resource_id",
            Self::CurrentRevisionId => "current_revision_id",
            Self::SchemaVersion => "schema_version",
            Self::TotalRevisionCount => "total_revision_count",
            Self::CreatedTime => "created_time",
            Self::UpdatedTime => "updated_time",
            Self::CreatedBy => "created_by",
            Self::UpdatedBy => "updated_by",
            Self::IsDeleted => "is_deleted",
            Self::RevStatus => "rev_status",
            Self::RevCreatedBy => "rev_created_by",
            Self::RevUpdatedBy => "rev_updated_by",
            Self::RevCreatedTime => "rev_created_time",
            Self::RevUpdatedTime => "rev_updated_time",
        }
    }

    /// The field of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// What its values are.
    pub const fn shape(self) -> Shape {
        let kind = match self {
            Self::TotalRevisionCount => IndexKind::Integer,
            Self::IsDeleted => IndexKind::Boolean,
            Self::CreatedTime | Self::UpdatedTime | Self::RevCreatedTime | Self::RevUpdatedTime => {
                IndexKind::DateTime
            }
            _ => IndexKind::Text,
        };
        // Only an unversioned resource has a null here.
        Shape { kind, list: false, nullable: matches!(self, Self::SchemaVersion) }
    }

    /// Whether results can be sorted by it.
    pub const fn is_sort_key(self) -> bool {
        !matches!(self, Self::RevStatus | Self::RevCreatedBy | Self::RevUpdatedBy)
    }
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The scalar, or each element of the list.
    pub kind: IndexKind,
    /// A list of scalars.
    pub list: bool,
    /// Can be null.
    pub nullable: bool,
}

impl Shape {
    /// The shape of a declared index. A row written before the field existed has a null there, so no
    /// data field is taken to be without nulls.
    pub const fn of(index: &IndexDescriptor) -> Self {
        Self { kind: index.kind, list: index.list, nullable: true }
    }

    /// Its name in messages, with an article.
    pub const fn describe(self) -> &'static str {
        if self.list {
            return "a list";
        }
        match self.kind {
            IndexKind::Text => "a string",
            IndexKind::Integer => "an integer",
            IndexKind::Float => "a float",
            IndexKind::Boolean => "a boolean",
            IndexKind::DateTime => "a date-time",
        }
    }

    /// The same, and of a list what its elements are.
    pub const fn describe_whole(self) -> &'static str {
        match self.kind {
            _ if !self.list => self.describe(),
            IndexKind::Text => "a list of strings",
            IndexKind::Integer => "a list of integers",
            IndexKind::Float => "a list of floats",
            IndexKind::Boolean => "a list of booleans",
            IndexKind::DateTime => "a list of date-times",
        }
    }
}
