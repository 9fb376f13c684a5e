//! Sections of a resource as JSON, written by concatenation: the stored payload is copied as it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::datetime::Timestamp;
use crate::descriptor::{OnDecodeError, ResourceDescriptor};
use crate::json::{self, Sections as Selections};
use crate::meta::{HeadRef, Problem, RevisionRef};
use crate::repository::Model;
use crate::schema;

use super::sections::Sections;

/// What of a resource an answer shows.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) descriptor: &'static ResourceDescriptor,
    pub(crate) sections: Sections,
    pub(crate) selections: Selections,
    /// What stands in the place of content that cannot be read.
    pub(crate) on_decode_error: OnDecodeError,
}

impl View {
    /// These sections of resources of a type.
    pub(crate) fn of(model: &Model, sections: Sections, selections: Selections) -> Self {
        let on_decode_error = model.settings.on_decode_error;
        Self { descriptor: model.descriptor(), sections, selections, on_decode_error }
    }

    /// Appends the answer for one resource; `revision` is the one that was asked for.
    pub(crate) fn write(&self, out: &mut Vec<u8>, head: &HeadRef<'_>, revision: &RevisionRef<'_>) {
        if self.sections.bare && !self.marks(revision) {
            return self.write_sections(out, head, revision, |_, _| {});
        }
        let mut first = true;
        out.push(b'{');
        self.write_sections(out, head, revision, |out, name| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            out.extend_from_slice(name);
        });
        out.push(b'}');
    }

    fn write_sections(
        &self,
        out: &mut Vec<u8>,
        head: &HeadRef<'_>,
        revision: &RevisionRef<'_>,
        mut open: impl FnMut(&mut Vec<u8>, &[u8]),
    ) {
        match revision.problem() {
            _ if !self.sections.data => {}
            None => {
                open(out, b"\"data\":");
                match &self.selections.data {
                    None => out.extend_from_slice(revision.data),
                    Some(selection) => selection.apply(revision.data, out),
                }
            }
            Some(problem) if self.on_decode_error == OnDecodeError::Raw => {
                open(out, b"\"data\":");
                write_raw(out, problem, revision.stored_data());
            }
            Some(problem) => {
                open(out, b"\"error\":");
                write_undecodable(out, head.resource_id, revision, problem);
            }
        }
        if self.sections.revision_info {
            open(out, b"\"revision_info\":");
            self.write_info(out, head.resource_id, revision);
        }
        if self.sections.meta {
            open(out, b"\"meta\":");
            self.write_meta(out, head);
        }
    }

    /// Whether an `error` stands in the place of the data.
    fn marks(&self, revision: &RevisionRef<'_>) -> bool {
        self.sections.data && revision.problem().is_some() && self.on_decode_error != OnDecodeError::Raw
    }

    /// Appends the revision info, or the selected part of it.
    pub(crate) fn write_info(&self, out: &mut Vec<u8>, resource_id: &str, revision: &RevisionRef<'_>) {
        match &self.selections.info {
            None => write_revision_info(out, resource_id, revision),
            Some(selection) => {
                let mut whole = Vec::with_capacity(512);
                write_revision_info(&mut whole, resource_id, revision);
                selection.apply(&whole, out);
            }
        }
    }

    /// Appends the metadata, or the selected part of it.
    pub(crate) fn write_meta(&self, out: &mut Vec<u8>, head: &HeadRef<'_>) {
        match &self.selections.meta {
            None => write_resource_meta(out, self.descriptor, head),
            Some(selection) => {
                let mut whole = Vec::with_capacity(768);
                write_resource_meta(&mut whole, self.descriptor, head);
                selection.apply(&whole, out);
            }
        }
    }
}

/// Why content cannot be read, and what is stored.
fn write_raw(out: &mut Vec<u8>, problem: &Problem, stored: &[u8]) {
    out.extend_from_slice(b"{\"decode_error\":");
    json::write_string(out, problem.text());
    if serde_json::from_slice::<serde::de::IgnoredAny>(stored).is_ok() {
        out.extend_from_slice(b",\"data\":");
        out.extend_from_slice(stored);
    } else {
        out.extend_from_slice(b",\"raw_base64\":\"");
        out.extend_from_slice(STANDARD.encode(stored).as_bytes());
        out.push(b'"');
    }
    out.push(b'}');
}

fn write_undecodable(out: &mut Vec<u8>, resource_id: &str, revision: &RevisionRef<'_>, problem: &Problem) {
    let error = schema::undecodable(resource_id, revision, problem);
    out.extend_from_slice(b"{\"code\":");
    json::write_string(out, error.kind().row().code);
    out.extend_from_slice(b",\"message\":");
    json::write_string(out, &error.to_string());
    out.push(b'}');
}

/// Appends a `RevisionInfo`.
pub(crate) fn write_revision_info(out: &mut Vec<u8>, resource_id: &str, revision: &RevisionRef<'_>) {
    let mut uid = [0; uuid::fmt::Hyphenated::LENGTH];
    out.extend_from_slice(b"{\"uid\":\"");
    out.extend_from_slice(revision.uid.hyphenated().encode_lower(&mut uid).as_bytes());
    out.extend_from_slice(b"\"");
    let id = Written::text(out, b",\"resource_id\":", resource_id);
    out.extend_from_slice(b",\"revision_id\":");
    id.with_number(out, revision.seq);
    out.extend_from_slice(b",\"parent_revision_id\":");
    match revision.parent_seq {
        Some(seq) => id.with_number(out, seq),
        None => out.extend_from_slice(b"null"),
    }
    if let Some(version) = revision.parent_schema_version {
        out.extend_from_slice(b",\"parent_schema_version\":");
        json::write_string(out, version);
    }
    out.extend_from_slice(b",\"schema_version\":");
    write_optional(out, revision.schema_version);
    out.extend_from_slice(b",\"data_hash\":\"");
    out.extend_from_slice(&revision.data_hash.text());
    out.extend_from_slice(b"\",\"status\":\"");
    out.extend_from_slice(revision.status.as_str().as_bytes());
    out.push(b'"');
    let time = Written::time(out, b",\"created_time\":", revision.created_time);
    time.time_again(out, b",\"updated_time\":", revision.updated_time);
    let user = Written::text(out, b",\"created_by\":", revision.created_by);
    user.text_again(out, b",\"updated_by\":", revision.updated_by);
    out.push(b'}');
}

/// Appends a `ResourceMeta`.
pub(crate) fn write_resource_meta(
    out: &mut Vec<u8>,
    descriptor: &'static ResourceDescriptor,
    head: &HeadRef<'_>,
) {
    let revision = &head.revision;
    let id = Written::text(out, b"{\"resource_id\":", head.resource_id);
    out.extend_from_slice(b",\"current_revision_id\":");
    id.with_number(out, revision.seq);
    out.extend_from_slice(b",\"schema_version\":");
    write_optional(out, revision.schema_version);
    out.extend_from_slice(b",\"total_revision_count\":");
    out.extend_from_slice(itoa::Buffer::new().format(head.rev_count).as_bytes());
    let time = Written::time(out, b",\"created_time\":", head.created_time);
    time.time_again(out, b",\"updated_time\":", head.updated_time);
    let user = Written::text(out, b",\"created_by\":", head.created_by);
    user.text_again(out, b",\"updated_by\":", head.updated_by);
    out.extend_from_slice(if head.is_deleted { b",\"is_deleted\":true" } else { b",\"is_deleted\":false" });
    out.extend_from_slice(b",\"indexed_data\":");
    json::write_indexed_data(descriptor, revision.stored_data(), out);
    out.extend_from_slice(b",\"rev_status\":\"");
    out.extend_from_slice(revision.status.as_str().as_bytes());
    out.push(b'"');
    user.text_again(out, b",\"rev_created_by\":", revision.created_by);
    user.text_again(out, b",\"rev_updated_by\":", revision.updated_by);
    time.time_again(out, b",\"rev_created_time\":", revision.created_time);
    time.time_again(out, b",\"rev_updated_time\":", revision.updated_time);
    out.push(b'}');
}

/// A JSON string that was just written, copied where the same value stands again: most of the times and
/// users of a resource are equal and its id stands in it five times, and escaping and formatting them are a
/// visible part of a list.
struct Written<T> {
    value: T,
    start: usize,
    end: usize,
}

impl<T: PartialEq> Written<T> {
    fn new(out: &mut Vec<u8>, name: &[u8], value: T, write: impl FnOnce(&mut Vec<u8>, &T)) -> Self {
        out.extend_from_slice(name);
        let start = out.len();
        write(out, &value);
        Self { value, start, end: out.len() }
    }

    fn again(&self, out: &mut Vec<u8>, name: &[u8], value: &T, write: impl FnOnce(&mut Vec<u8>, &T)) {
        out.extend_from_slice(name);
        if *value == self.value {
            out.extend_from_within(self.start..self.end);
        } else {
            write(out, value);
        }
    }
}

impl Written<Timestamp> {
    fn time(out: &mut Vec<u8>, name: &[u8], time: Timestamp) -> Self {
        Self::new(out, name, time, write_time)
    }

    fn time_again(&self, out: &mut Vec<u8>, name: &[u8], time: Timestamp) {
        self.again(out, name, &time, write_time);
    }
}

impl<'a> Written<&'a str> {
    fn text(out: &mut Vec<u8>, name: &[u8], text: &'a str) -> Self {
        Self::new(out, name, text, |out, text| json::write_string(out, text))
    }

    fn text_again(&self, out: &mut Vec<u8>, name: &[u8], text: &'a str) {
        self.again(out, name, &text, |out, text| json::write_string(out, text));
    }

    /// The id of a revision is the escaped id of the resource with a number before the closing quote.
    fn with_number(&self, out: &mut Vec<u8>, number: i64) {
        out.extend_from_within(self.start..self.end - 1);
        out.push(b':');
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        out.push(b'"');
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form `Written` calls
fn write_time(out: &mut Vec<u8>, time: &Timestamp) {
    out.push(b'"');
    time.write_to(out);
    out.push(b'"');
}

fn write_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => json::write_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::{DataHash, RevisionStatus};
    use serde_json::{Value, json};

    fn revision() -> RevisionRef<'static> {
        RevisionRef {
            seq: 3,
            uid: uuid::Uuid::nil(),
            parent_seq: Some(1),
            schema_version: Some("v2"),
            parent_schema_version: None,
            status: RevisionStatus::Draft,
            data_hash: DataHash(255),
            created_time: Timestamp(1_500_000),
            created_by: "a\"b",
            updated_time: Timestamp(2_000_000),
            updated_by: "a\"b",
            data: b"{}",
            outdated: None,
        }
    }

    #[test]
    fn a_revision_info_has_every_key_and_escapes_texts() {
        let mut out = Vec::new();
        write_revision_info(&mut out, "x\"y", &revision());
        let value: Value = serde_json::from_slice(&out).expect("it is JSON");
        assert_eq!(
            value,
            json!({
                "uid": "00000000-0000-0000-0000-000000000000",
                "resource_id": "x\"y", "revision_id": "x\"y:3", "parent_revision_id": "x\"y:1",
                "schema_version": "v2", "data_hash": "xxh3_128:000000000000000000000000000000ff",
                "status": "draft", "created_time": "1970-01-01T00:00:01.500000Z",
                "updated_time": "1970-01-01T00:00:02Z", "created_by": "a\"b", "updated_by": "a\"b",
            })
        );
    }
}
