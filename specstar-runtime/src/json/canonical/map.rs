//! Maps, whose entries come in any order and are written in one.

use std::cmp::Ordering;
use std::ops::Range;

use serde::ser::{self, Serialize, Serializer as _};

use super::{CapturedBlob, Done, EncodeError, Writer};
use crate::json::scan::Text;

/// An open map. Its entries are written as they come and put in order at the end, which costs nothing
/// for a `BTreeMap` of text.
pub(super) struct SortedMap<'a> {
    writer: &'a mut Writer,
    start: usize,
    entries: Vec<Entry>,
}

/// Where an entry stands in the output; its key starts the range and is a JSON string.
struct Entry {
    key: Range<usize>,
    end: usize,
}

impl<'a> SortedMap<'a> {
    pub(super) fn new(writer: &'a mut Writer) -> Self {
        Self { start: writer.out.len(), writer, entries: Vec::new() }
    }
}

impl ser::SerializeMap for SortedMap<'_> {
    type Ok = ();
    type Error = EncodeError;

    /// `serde_json` decides what can be a key: its map serializer writes `{` and the key, and the brace
    /// becomes the comma of every entry but the first.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        let at = self.writer.out.len();
        self.writer.json().serialize_map(Some(1))?.serialize_key(key)?;
        if at > self.start {
            self.writer.out[at] = b',';
        }
        let key = at + 1..self.writer.out.len();
        self.entries.push(Entry { end: key.end, key });
        self.writer.out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut *self.writer)?;
        if let Some(entry) = self.entries.last_mut() {
            entry.end = self.writer.out.len();
        }
        Ok(())
    }

    fn end(self) -> Done {
        let Self { writer, start, entries } = self;
        if entries.is_empty() {
            writer.out.push(b'{');
        } else if !entries.is_sorted_by(|a, b| a.compare(b, &writer.out).is_le()) {
            reorder(writer, start, entries);
        }
        writer.out.push(b'}');
        Ok(())
    }
}

impl Entry {
    /// By the text of the key, not by its escapes: the order other implementations hash.
    fn compare(&self, other: &Self, out: &[u8]) -> Ordering {
        Text::of(&out[self.key.clone()]).compare(&Text::of(&out[other.key.clone()]))
    }
}

fn reorder(writer: &mut Writer, start: usize, mut entries: Vec<Entry>) {
    let out = &mut writer.out;
    let unsorted = out.split_off(start);
    let mut moved = Vec::new();
    for entry in &mut entries {
        entry.key = entry.key.start - start..entry.key.end - start;
        entry.end -= start;
    }
    entries.sort_by(|a, b| a.compare(b, &unsorted));
    for (at, entry) in entries.iter().enumerate() {
        out.push(if at == 0 { b'{' } else { b',' });
        moved.push(Moved { from: start + entry.key.start, to: out.len() });
        out.extend_from_slice(&unsorted[entry.key.start..entry.end]);
    }
    if let Some(blobs) = &mut writer.blobs {
        move_blobs(blobs, start, moved);
    }
}

/// Where an entry stood, and stands now.
struct Moved {
    from: usize,
    to: usize,
}

/// The blobs in the entries go with them, and stay in the order of the text.
fn move_blobs(blobs: &mut [CapturedBlob], start: usize, mut moved: Vec<Moved>) {
    let first = blobs.partition_point(|blob| blob.range.start < start);
    let blobs = &mut blobs[first..];
    if blobs.is_empty() {
        return;
    }
    moved.sort_unstable_by_key(|entry| entry.from);
    for CapturedBlob { range, .. } in &mut *blobs {
        // The entry that begins last before it holds it.
        let entry = moved.partition_point(|entry| entry.from <= range.start).checked_sub(1);
        if let Some(Moved { from, to }) = entry.map(|at| &moved[at]) {
            *range = range.start - from + to..range.end - from + to;
        }
    }
    blobs.sort_unstable_by_key(|blob| blob.range.start);
}
