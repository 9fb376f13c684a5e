//! What a canonical text says of blobs, and how that is replaced.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;

use super::canonical::{Canonical, write_string};
use super::scan::{Damaged, Scanner};

/// What a canonical text says of a blob.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct BlobMembers {
    /// The id of the file.
    #[serde(default)]
    pub file_id: Option<String>,
    /// How many bytes it has.
    #[serde(default)]
    pub size: Option<u64>,
    /// Its media type.
    #[serde(default)]
    pub content_type: Option<String>,
}

/// A blob in a canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobPlace {
    /// Where its object stands.
    pub range: Range<usize>,
    /// What is in it.
    pub members: BlobMembers,
}

/// The blobs of a canonical text, in its order. `None` for ranges that are not those of the text.
pub fn blob_places(canonical: &Canonical) -> Option<Vec<BlobPlace>> {
    let place = |range: &Range<usize>| {
        let members = serde_json::from_slice(canonical.text.get(range.clone())?).ok()?;
        Some(BlobPlace { range: range.clone(), members })
    };
    canonical.blobs.iter().map(|blob| place(&blob.range)).collect()
}

/// The text with what the places say now, which then are those of the new text. `None` for ranges that are not those
/// of the text.
///
/// ```
/// use specstar_runtime::binary::Blob;
/// use specstar_runtime::json::{blob_places, capture, rewrite_blobs};
///
/// let canonical = capture(&[Blob::stored("f")]).unwrap();
/// let mut places = blob_places(&canonical).unwrap();
/// places[0].members.size = Some(5);
/// assert_eq!(rewrite_blobs(&canonical.text, &mut places).unwrap(), br#"[{"file_id":"f","size":5}]"#);
/// ```
pub fn rewrite_blobs(text: &[u8], places: &mut [BlobPlace]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + 128 * places.len());
    let mut at = 0;
    for BlobPlace { range, members } in places {
        out.extend_from_slice(text.get(at..range.start)?);
        let start = out.len();
        write_blob(&mut out, text.get(range.clone())?, members).ok()?;
        at = range.end;
        *range = start..out.len();
    }
    out.extend_from_slice(text.get(at..)?);
    Some(out)
}

/// Members that a blob does not have, such as the tag of an enum around it, stay in front.
fn write_blob(out: &mut Vec<u8>, object: &[u8], members: &BlobMembers) -> Result<(), Damaged> {
    let mut next = Next { out, first: true };
    let mut scanner = Scanner::new(object);
    if !scanner.eat(b'{') {
        return Err(Damaged);
    }
    while let Some(key) = scanner.key()? {
        let value = scanner.value()?;
        if !["file_id", "size", "content_type"].iter().any(|name| key.is(name)) {
            next.member(key.quoted()).extend_from_slice(value);
        }
    }
    if let Some(file_id) = &members.file_id {
        write_string(next.member(b"\"file_id\""), file_id);
    }
    if let Some(size) = members.size {
        next.member(b"\"size\"").extend_from_slice(itoa::Buffer::new().format(size).as_bytes());
    }
    if let Some(content_type) = &members.content_type {
        write_string(next.member(b"\"content_type\""), content_type);
    }
    let Next { out, first } = next;
    out.extend_from_slice(if first { b"{}" } else { b"}" });
    Ok(())
}

struct Next<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Next<'_> {
    /// Writes everything of a member but its value.
    fn member(&mut self, key: &[u8]) -> &mut Vec<u8> {
        self.out.push(if std::mem::take(&mut self.first) { b'{' } else { b',' });
        self.out.extend_from_slice(key);
        self.out.push(b':');
        self.out
    }
}

/// The text with a member for the bytes that were taken out of it: a body that brings bytes names nothing that the
/// type does not know.
pub fn with_data_members(canonical: &Canonical) -> Cow<'_, [u8]> {
    if canonical.blobs.iter().all(|blob| blob.data.is_none()) {
        return Cow::Borrowed(&canonical.text);
    }
    let text = &canonical.text;
    let mut out = Vec::with_capacity(text.len() + 16 * canonical.blobs.len());
    let mut at = 0;
    for blob in canonical.blobs.iter().filter(|blob| blob.data.is_some()) {
        let end = blob.range.end.saturating_sub(1);
        out.extend_from_slice(text.get(at..end).unwrap_or_default());
        let comma: &[u8] = if blob.range.len() > 2 { b"," } else { b"" };
        out.extend_from_slice(comma);
        out.extend_from_slice(b"\"data\":\"\"");
        at = end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
