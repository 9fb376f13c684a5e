//! Index values as the engine takes them.

use std::borrow::Cow;

use sea_orm::Value;
use serde_json::{Value as Json, json};

use super::db::Values;
use crate::json::{IndexRow, IndexValue};
use crate::meta::{Revision, Stamp};
use crate::store::layout::{IndexPlace, ModelLayout};
use crate::store::values::{folded, scalar};

/// The longest text that stands in a column of an index as it is, in bytes. An entry of an index may not be longer than
/// a third of a page, 2,704 bytes, and a constraint may be over four texts.
pub(super) const LONGEST: usize = 640;

/// How much of a longer one does.
const BEGINNING: usize = LONGEST - 64;

/// A text as it stands in a column of an index. A long one is cut, with a hash of the whole behind: so it is equal to
/// itself only, and stands where it belongs among all that differ in what is left of it.
pub(super) fn column_text(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let mut end = BEGINNING;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}{}", &text[..end], blake3::hash(text.as_bytes()).to_hex()))
}

/// Whether a comparison with this text by order is the same with what stands for a long one.
pub(super) fn is_exact(operand: &str) -> bool {
    // A character may be cut in up to three bytes before the end.
    operand.len() + 3 < BEGINNING && !operand.contains('\0')
}

/// An index value in a column.
pub(super) fn column_value(value: &IndexValue, kind: Kind) -> Value {
    match (value, kind) {
        (IndexValue::Text(text), _) => column_text(text).into_owned().into(),
        (IndexValue::Integer(number), _) => (*number).into(),
        (IndexValue::Float(number), _) => (*number).into(),
        (IndexValue::Null, Kind::Text) => Value::String(None),
        (IndexValue::Null, Kind::Integer) => Value::BigInt(None),
        (IndexValue::Null, Kind::Float) => Value::Double(None),
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Float,
}

impl From<crate::descriptor::IndexKind> for Kind {
    fn from(kind: crate::descriptor::IndexKind) -> Self {
        use crate::descriptor::IndexKind as Of;
        match kind {
            Of::Text => Self::Text,
            Of::Float => Self::Float,
            Of::Integer | Of::Boolean | Of::DateTime => Self::Integer,
        }
    }
}

impl Kind {
    /// The column of the list table.
    pub(super) const fn list_column(self) -> &'static str {
        match self {
            Self::Text => "t",
            Self::Integer => "i",
            Self::Float => "f",
        }
    }

    /// The type of a column.
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Text => "text COLLATE \"C\"",
            Self::Integer => "bigint",
            Self::Float => "double precision",
        }
    }
}

/// A time and a user.
pub(super) fn push_stamp(values: &mut Values, stamp: &Stamp) {
    values.push(stamp.time.0.into());
    values.push(stamp.by.as_str().into());
}

/// In the order of `HEAD_REVISION_COLUMNS`.
pub(super) fn push_revision(values: &mut Values, revision: &Revision) {
    values.push(revision.seq.into());
    values.push(revision.uid.as_bytes().to_vec().into());
    values.push(revision.parent_seq.into());
    values.push(revision.schema_version.clone().into());
    values.push(revision.parent_schema_version.clone().into());
    values.push(revision.status.as_str().into());
    values.push(revision.data_hash.0.to_be_bytes().to_vec().into());
    push_stamp(values, &revision.created);
    push_stamp(values, &revision.updated);
    values.push(payload(revision.stored_data()));
}

/// JSON that this program wrote.
pub(super) fn payload(json: &[u8]) -> Value {
    String::from_utf8_lossy(json).into_owned().into()
}

/// The columns of the chosen indexes, each followed by its folded copy.
pub(super) fn push_columns(
    values: &mut Values,
    layout: &ModelLayout,
    index: &IndexRow,
    chosen: impl Fn(usize) -> bool,
) {
    for (at, place) in layout.indexes.iter().enumerate() {
        let IndexPlace::Column { folded: copy, .. } = place else { continue };
        if !chosen(at) {
            continue;
        }
        let value = scalar(index, at);
        values.push(column_value(value, layout.descriptor.indexes[at].kind.into()));
        if copy.is_some() {
            let copy = folded(value).map_or(IndexValue::Null, IndexValue::Text);
            values.push(column_value(&copy, Kind::Text));
        }
    }
}

/// List values as one JSON text, which `json_to_recordset` takes apart.
pub(super) fn list_json<'a>(values: impl Iterator<Item = (i64, &'a IndexValue)>) -> String {
    let rows: Vec<Json> = values
        .filter_map(|(field, value)| match value {
            // A null element is never looked for by value.
            IndexValue::Null => None,
            IndexValue::Text(text) => Some(json!({"field": field, "t": column_text(text)})),
            IndexValue::Integer(number) => Some(json!({"field": field, "i": number})),
            IndexValue::Float(number) => Some(json!({"field": field, "f": number})),
        })
        .collect();
    Json::Array(rows).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_where_a_character_ends_and_stays_itself() {
        let long = "é".repeat(2000);
        let other = format!("{}e", "é".repeat(1999));
        let (cut, other) = (column_text(&long), column_text(&other));
        assert!(cut.len() <= LONGEST && cut != other);
        assert!(long.starts_with(&cut[..cut.len() - 64]));
        assert_eq!(column_text(&cut), cut, "it is not cut again");
        let limit = "a".repeat(LONGEST);
        assert_eq!(column_text(&limit), limit);
    }

    #[test]
    fn short_texts_compare_with_cut_ones_as_with_the_whole() {
        let long = format!("{}z", "m".repeat(3000));
        for operand in ["a", "m", "mm", "z", ""] {
            assert!(is_exact(operand));
            assert_eq!(operand.cmp(&column_text(&long)), operand.cmp(&long));
        }
        assert!(!is_exact(&"m".repeat(BEGINNING)));
    }
}
