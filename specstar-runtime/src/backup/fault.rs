//! Why an archive cannot be read.

use std::io;

/// What is wrong with an archive, and where.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is not a valid archive.
    #[error("the archive is not valid at byte {at}: {fault}")]
    Invalid {
        /// Where the part begins that is wrong, in bytes from the start.
        at: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// It could not be read or written.
    #[error("the archive could not be read or written: {0}")]
    Io(#[from] io::Error),
}

/// What can be wrong with an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It begins like no format that is known.
    #[error("this is no archive")]
    NotAnArchive,
    /// It is of a version that this program does not read.
    #[error("format version {0} is not supported")]
    Version(u64),
    /// It ends too early.
    #[error("the archive ends in the middle")]
    Truncated,
    /// Something stands behind its end.
    #[error("there is more behind the end of the archive")]
    Trailing,
    /// A part is longer than parts of its kind may be.
    #[error("a part of {found} bytes is longer than {limit} bytes")]
    TooLong {
        /// Its declared length, or how much was read of it.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A checksum does not fit.
    #[error("the checksum of {0} does not fit")]
    Checksum(&'static str),
    /// A part is of a kind that is not known, or says of itself what is not known.
    #[error("unknown {what} {value}")]
    Unknown {
        /// What of it.
        what: &'static str,
        /// Its number.
        value: u64,
    },
    /// A part stands where it cannot stand.
    #[error("{found} cannot stand here")]
    Misplaced {
        /// The part.
        found: &'static str,
    },
    /// A count differs from what there is.
    #[error("{what}: {declared} declared, {found} found")]
    Count {
        /// Of what.
        what: &'static str,
        /// What the archive says.
        declared: u64,
        /// What it has.
        found: u64,
    },
    /// A part cannot be decoded.
    #[error("{0}")]
    Malformed(String),
    /// A resource contradicts itself.
    #[error("resource `{resource_id}`: {problem}")]
    Resource {
        /// Which.
        resource_id: String,
        /// How.
        problem: String,
    },
}

impl Fault {
    /// The error at a position.
    pub(crate) const fn at(self, at: u64) -> ArchiveError {
        ArchiveError::Invalid { at, fault: self }
    }

    pub(super) fn malformed(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Malformed(format!("{what} cannot be decoded: {why}"))
    }

    pub(super) fn resource(resource_id: &str, problem: impl Into<String>) -> Self {
        Self::Resource { resource_id: resource_id.to_owned(), problem: problem.into() }
    }
}

/// The result of reading or writing an archive.
pub type ArchiveResult<T> = Result<T, ArchiveError>;

/// A read that must find all it asks for.
pub(super) fn truncated(error: io::Error, at: u64) -> ArchiveError {
    if error.kind() == io::ErrorKind::UnexpectedEof { Fault::Truncated.at(at) } else { error.into() }
}
