//! Canonical JSON in and out: encoding, decoding with error paths, index extraction, selection.
//!
//! A payload is stored as the text [`to_canonical`] writes, and most of the runtime works on that text
//! instead of the type: index values, `indexed_data` and partial answers are read from it by the names
//! in the descriptor. So one copy of this code serves every resource.

mod blob;
mod canonical;
mod decode;
mod index;
mod path;
mod scan;
mod select;
mod walk;

pub use blob::{BlobMembers, BlobPlace, blob_places, rewrite_blobs, with_data_members};
pub use canonical::{Canonical, CapturedBlob, capture, to_canonical, write_string};
pub use decode::{decode, decode_canonical};
pub(crate) use index::fold;
#[cfg(feature = "postgres")]
pub(crate) use index::whole_index_row;
pub use index::{check_vectors, fitting_index_row, index_row, write_indexed_data};
pub(crate) use path::{Pointers, path_at as path_of};
pub use select::{Section, Sections, SelectError, Selection};
pub use walk::{Unknown, refuse_other_forms, unknown_fields, unknown_fields_confirmed};

/// A body that does not fit its type.
///
/// ```
/// use specstar_runtime::json::{DecodeErrorKind, decode};
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Item { qty: u32 }
///
/// let error = decode::<Item>(br#"{"qty": "3"}"#).unwrap_err();
/// assert_eq!(error.path, "$.qty");
/// assert_eq!(error.kind, DecodeErrorKind::Data);
/// assert_eq!(error.to_string(), r#"invalid type: string "3", expected u32 - at `$.qty`"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} - at `{path}`")]
pub struct DecodeError {
    /// Where, as a JSON path such as `$.tags[1]`.
    pub path: String,
    /// What was found and expected.
    pub message: String,
    /// Whether it was JSON at all.
    pub kind: DecodeErrorKind,
}

/// How a body failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// The text is not JSON.
    Syntax {
        /// The byte at which it stops being JSON.
        offset: usize,
    },
    /// It is JSON, and does not fit the type.
    Data,
}

impl DecodeError {
    /// A value that does not fit, at a path such as `$.tags[1]`.
    pub fn data(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), kind: DecodeErrorKind::Data }
    }

    /// Text that is not JSON from this byte on.
    pub fn syntax(offset: usize, message: impl Into<String>) -> Self {
        Self { path: "$".to_owned(), message: message.into(), kind: DecodeErrorKind::Syntax { offset } }
    }
}

/// One value of an index, as a store binds it.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexValue {
    /// `null`, or no value at that path.
    Null,
    /// Text.
    Text(String),
    /// An integer, a boolean as 0 or 1, or a date-time as microseconds since 1970 in UTC.
    Integer(i64),
    /// A double.
    Float(f64),
}

/// All index values of one payload, in the order of the descriptor's indexes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexRow {
    /// A scalar's value, or the distinct values of a list.
    pub entries: Vec<IndexEntry>,
}

/// The value of one index.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexEntry {
    /// A scalar.
    Scalar(IndexValue),
    /// The distinct elements of a list in order of first occurrence, or all numbers of a vector; `None` for a
    /// null list.
    List(Option<Vec<IndexValue>>),
}
