//! Archives of the reference, as it wrote them.

use std::io::Cursor;

use base64::Engine;

use super::{Reader, Writer, pack};
use crate::backup::{ArchiveError, ArchiveReader, ArchiveResult, Archived, Entry, Fault, HashState};
use crate::datetime::Timestamp;
use crate::descriptor::{Identity, IndexDescriptor, IndexKind, ResourceDescriptor};
use crate::meta::{Head, Revision};

const LIMIT: u64 = 1 << 20;

/// Written by SpecStar 0.12.3: one `gadget` with one revision of schema version `v1`.
const GADGET: &str = "AAAAGYKhdKxIZWFkZXJSZWNvcmSndmVyc2lvbgIAAAAmgqF0sE1vZGVsU3RhcnRSZWNvcmSqbW9kZWxfbmFtZaZnYWRnZXQAAAFQgqF0qk1ldGFSZWNvcmSkZGF0YcUBOo+zY3VycmVudF9yZXZpc2lvbl9pZK5nYWRnZXQ6bWlnLTE6MatyZXNvdXJjZV9pZKxnYWRnZXQ6bWlnLTGuc2NoZW1hX3ZlcnNpb26idjG0dG90YWxfcmV2aXNpb25fY291bnQBrGNyZWF0ZWRfdGltZdb/Y7DNAKx1cGRhdGVkX3RpbWXW/2OwzQCqY3JlYXRlZF9ieaNvbGSqdXBkYXRlZF9ieaNvbGSqaXNfZGVsZXRlZMKsaW5kZXhlZF9kYXRhgqRuYW1lpW9sZGllpHNpemUHqnJldl9zdGF0dXOmc3RhYmxlrnJldl9jcmVhdGVkX2J5o29sZK5yZXZfdXBkYXRlZF9ieaNvbGSwcmV2X2NyZWF0ZWRfdGltZdb/Y7DNALByZXZfdXBkYXRlZF90aW1l1v9jsM0AAAABU4KhdK5SZXZpc2lvblJlY29yZKRkYXRhxQE5gqRpbmZvi6N1aWTZJDExMTExMTExLTIyMjItMzMzMy00NDQ0LTU1NTU1NTU1NTU1NatyZXNvdXJjZV9pZKxnYWRnZXQ6bWlnLTGrcmV2aXNpb25faWSuZ2FkZ2V0Om1pZy0xOjGycGFyZW50X3JldmlzaW9uX2lkwK5zY2hlbWFfdmVyc2lvbqJ2MalkYXRhX2hhc2jZKXh4aDNfMTI4OjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwpnN0YXR1c6ZzdGFibGWsY3JlYXRlZF90aW1l1v9jsM0ArHVwZGF0ZWRfdGltZdb/Y7DNAKpjcmVhdGVkX2J5o29sZKp1cGRhdGVkX2J5o29sZKhyYXdfZGF0YcQceyJuYW1lIjogIm9sZGllIiwgInNpemUiOiA3fQAAACSCoXSuTW9kZWxFbmRSZWNvcmSqbW9kZWxfbmFtZaZnYWRnZXQAAAANgaF0qUVvZlJlY29yZA==";

const INDEXES: &[IndexDescriptor] = &[
    IndexDescriptor::new("name", &["name"], IndexKind::Text),
    IndexDescriptor::new("size", &["size"], IndexKind::Integer),
];

static DESCRIPTOR: ResourceDescriptor = ResourceDescriptor {
    indexes: INDEXES,
    ..ResourceDescriptor::named(Identity::new("gadget", "test::Gadget", "Gadget"))
};

fn gadget() -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(GADGET).expect("base64")
}

fn read(archive: &[u8]) -> ArchiveResult<Vec<Entry>> {
    let mut reader = Reader::new(Cursor::new(archive), LIMIT)?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next()? {
        entries.push(entry);
    }
    Ok(entries)
}

fn resource(entries: &[Entry]) -> &Archived {
    let found = entries.iter().find_map(|entry| match entry {
        Entry::Resource(resource) => Some(&**resource),
        _ => None,
    });
    found.expect("there is a resource")
}

/// Where each frame begins, and the end.
fn frames(archive: &[u8]) -> Vec<usize> {
    let (mut at, mut all) = (0, vec![0]);
    while at < archive.len() {
        let length = u32::from_be_bytes(archive[at..at + 4].try_into().expect("four bytes"));
        at += 4 + usize::try_from(length).expect("it fits");
        all.push(at);
    }
    all
}

fn fault(archive: &[u8]) -> Fault {
    match read(archive) {
        Err(ArchiveError::Invalid { fault, .. }) => fault,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn what_the_reference_wrote_is_read() {
    let entries = read(&gadget()).expect("it is whole");
    let gadget = resource(&entries);
    assert_eq!(gadget.resource_id, "gadget:mig-1");
    assert_eq!(gadget.created.time, Timestamp::parse("2023-01-01T00:00:00Z").expect("a time"));
    let revision = &gadget.revisions[0];
    assert_eq!(revision.revision.data, br#"{"name":"oldie","size":7}"#);
    assert_eq!(revision.revision.schema_version.as_deref(), Some("v1"));
    assert_eq!(revision.hash, HashState::Differs);
}

#[test]
fn what_is_written_is_what_the_reference_writes() {
    let original = gadget();
    let entries = read(&original).expect("it is whole");
    let gadget = resource(&entries).clone();
    let mut revision: Revision = gadget.revisions[0].revision.clone();
    // As the reference had the payload, with white space.
    revision.data = br#"{"name": "oldie", "size": 7}"#.to_vec();
    let head = Head {
        pk: 1,
        resource_id: gadget.resource_id,
        rev_count: gadget.rev_count,
        version: 1,
        created: gadget.created,
        updated: gadget.updated,
        is_deleted: gadget.is_deleted,
        revision,
    };
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out).expect("it begins");
    writer.begin_model("gadget").expect("a model");
    writer.resource(&DESCRIPTOR, &head, &[]).expect("a resource");
    writer.end_model().expect("its end");
    writer.finish().expect("the end");
    assert_eq!(out, original);
}

#[test]
fn files_come_in_parts_behind_the_resources() {
    let file = vec![7; 3 << 20];
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out).expect("it begins");
    writer.begin_model("gadget").expect("a model");
    for (file_id, data) in
        [("legacy", &file[..]), ("b5e9c1ad071b3e7fc779cfaa5e523818", b"hello"), ("empty", b"")]
    {
        let end = writer.begin_blob(file_id, data.len() as u64, "text/plain").expect("a file");
        writer.write(data).expect("its data");
        writer.write(&end).expect("its end");
    }
    writer.end_model().expect("its end");
    writer.finish().expect("the end");
    let entries = read(&out).expect("it is whole");
    let bytes: usize =
        entries.iter().map(|entry| if let Entry::BlobData(data) = entry { data.len() } else { 0 }).sum();
    assert_eq!(bytes, (3 << 20) + 5);
    let types = entries
        .iter()
        .filter(|entry| matches!(entry, Entry::BlobEnd { content_type, .. } if content_type == "text/plain"));
    assert_eq!(types.count(), 3);
    let at = out.windows(5).position(|window| window == b"hello").expect("it is there");
    out[at] = b'j';
    assert_eq!(fault(&out), Fault::Checksum("a file"));
}

#[test]
fn an_archive_that_does_not_end_as_it_should_is_refused() {
    let whole = gadget();
    for at in frames(&whole) {
        for cut in [at, at + 2, at + 9] {
            if cut < whole.len() {
                assert_eq!(fault(&whole[..cut]), Fault::Truncated, "cut at {cut}");
            }
        }
    }
    assert_eq!(fault(&[&whole[..], b"x"].concat()), Fault::Trailing);
    let starts = frames(&whole);
    let end_of_model = &whole[starts[4]..starts[5]];
    let rest = &whole[starts[5]..];
    assert_eq!(read(&[&whole[..starts[4]], end_of_model, rest].concat()).map(|_| ()).ok(), Some(()));
    assert!(matches!(fault(&[&whole[..starts[4]], rest].concat()), Fault::Malformed(_)), "the model is open");
    assert!(matches!(fault(&whole[starts[1]..]), Fault::NotAnArchive), "no header");
}

#[test]
fn lengths_are_not_believed_and_junk_is_refused() {
    let header = &gadget()[..29];
    let long = [header, &[0xff; 4], &[0x82, 0xa1]].concat();
    assert!(matches!(fault(&long), Fault::TooLong { .. } | Fault::Truncated));
    let within = [header, &(1_u32 << 20).to_be_bytes(), &[0x82, 0xa1]].concat();
    assert_eq!(fault(&within), Fault::Truncated);
    for junk in [&b"hello, this is no archive at all"[..], &[0, 0, 0, 1, 0xc1], &[0, 0, 0, 0], b""] {
        assert!(read(junk).is_err(), "{junk:?}");
    }
    let version = [&header[..28], &[3]].concat();
    assert_eq!(fault(&version), Fault::Version(3));
    // A map that says it has four billion members.
    let many = [header, &[0, 0, 0, 5, 0xdf, 0xff, 0xff, 0xff, 0xff]].concat();
    assert!(matches!(fault(&many), Fault::Malformed(_)));
    // Lists in lists.
    let mut deep = header.to_vec();
    deep.extend(100_000_u32.to_be_bytes());
    deep.extend(std::iter::repeat_n(0x91, 100_000));
    assert!(matches!(fault(&deep), Fault::Malformed(_)));
}

#[test]
fn instants_have_three_lengths() {
    for text in [
        "2024-05-01T12:00:00Z",
        "2024-05-01T12:00:00.000001Z",
        "1969-12-31T23:59:59.5Z",
        "2600-01-01T00:00:00Z",
    ] {
        let time = Timestamp::parse(text).expect("a time");
        let mut out = Vec::new();
        pack::instant(&mut out, time);
        let read: super::record::Instant = super::record::decode(&out).expect("it is one");
        assert_eq!(read.0, time, "{text}");
    }
    let mut naive = Vec::new();
    pack::text(&mut naive, "2024-05-01T12:00:00");
    let read: super::record::Instant = super::record::decode(&naive).expect("it is one");
    assert_eq!(Some(read.0), Timestamp::parse("2024-05-01T12:00:00Z"));
}

#[test]
fn a_payload_in_message_pack_becomes_json() {
    let mut out = Vec::new();
    pack::map(&mut out, 3);
    pack::text(&mut out, "name");
    pack::text(&mut out, "x");
    pack::text(&mut out, "numbers");
    pack::json(&mut out, &serde_json::json!([1, -1, -200, 70_000, 1.5, null, true, {"a": "b"}]));
    pack::text(&mut out, "at");
    pack::instant(&mut out, Timestamp::parse("2024-05-01T12:00:00Z").expect("a time"));
    let super::record::Payload(value) = super::record::decode(&out).expect("it is one");
    assert_eq!(
        value,
        serde_json::json!({"name": "x", "numbers": [1, -1, -200, 70_000, 1.5, null, true, {"a": "b"}], "at": "2024-05-01T12:00:00Z"})
    );
}
