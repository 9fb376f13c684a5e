//! Archives that are whole are read as they were written; no other one is read to its end.

use std::io::Cursor;

use uuid::Uuid;

use super::chunk::{HEADER, Kind, Packer};
use super::{MAGIC, Manifest, ManifestModel, Reader, Writer};
use crate::backup::{ArchiveError, ArchiveReader, ArchiveResult, Entry, Fault};
use crate::datetime::Timestamp;
use crate::meta::{DataHash, Head, Revision, RevisionStatus, Stamp};
use crate::store::JobPlace;

const LIMIT: u64 = 1 << 20;

fn stamp(time: i64) -> Stamp {
    Stamp { time: Timestamp(time), by: "ann".into() }
}

fn revision(seq: i64, text: &str) -> Revision {
    let data = format!("{{\"text\":\"{text}\"}}").into_bytes();
    Revision {
        seq,
        uid: Uuid::from_u128(u128::try_from(seq).expect("positive")),
        parent_seq: (seq > 1).then(|| seq - 1),
        schema_version: Some("v1".into()),
        parent_schema_version: None,
        status: RevisionStatus::Draft,
        data_hash: DataHash::of(&data),
        created: stamp(seq),
        updated: stamp(seq + 1),
        data,
        outdated: None,
    }
}

fn head(id: &str, current: i64, rev_count: i64) -> Head {
    Head {
        pk: 7,
        resource_id: id.into(),
        rev_count,
        version: 9,
        created: stamp(1),
        updated: stamp(5),
        is_deleted: id == "gone",
        revision: revision(current, "current"),
    }
}

fn manifest(models: &[&str]) -> Manifest {
    let model = |name: &&str| ManifestModel { name: (*name).into(), schema_version: None };
    Manifest {
        format: 0,
        tool: "test".into(),
        created: String::new(),
        models: models.iter().map(model).collect(),
        token: "0-0".into(),
        base: None,
        blobs: true,
        filtered: false,
    }
}

/// Two types, a history with a switch, a purge, and a file of two parts.
fn archive() -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, manifest(&["note", "plan"])).expect("it begins");
    writer.begin_model("note").expect("a model");
    writer
        .resource(&head("one", 2, 3), &[revision(1, "first"), revision(3, "third")], None)
        .expect("a resource");
    writer.resource(&head("gone", 1, 1), &[], None).expect("a resource");
    let file: Vec<u8> = (0..5_000_000_u32).map(|number| (number >> 3).to_le_bytes()[0]).collect();
    let file_id = format!("b3-{}", blake3::hash(&file).to_hex());
    writer.begin_blob(&file_id, file.len() as u64, "text/plain").expect("a file");
    writer.blob_data(&file).expect("its data");
    writer.end_blob().expect("its end");
    writer.end_model().expect("its end");
    writer.begin_model("plan").expect("a model");
    writer.purged("was").expect("a purge");
    writer.end_model().expect("its end");
    writer.finish().expect("the end");
    out
}

fn read(archive: &[u8]) -> ArchiveResult<Vec<Entry>> {
    let mut reader = Reader::new(Cursor::new(archive), LIMIT)?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next()? {
        entries.push(entry);
    }
    Ok(entries)
}

/// Where each chunk begins.
fn chunks(archive: &[u8]) -> Vec<usize> {
    let (mut at, mut all) = (MAGIC.len(), Vec::new());
    while at < archive.len() {
        all.push(at);
        let length = u64::from_le_bytes(archive[at + 4..at + 12].try_into().expect("eight bytes"));
        at += HEADER + usize::try_from(length).expect("it fits");
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
fn an_archive_is_read_as_it_was_written() {
    let entries = read(&archive()).expect("it is whole");
    let resources: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Resource(resource) => Some(resource),
            _ => None,
        })
        .collect();
    let one = resources[0];
    let seqs: Vec<i64> = one.revisions.iter().map(|revision| revision.revision.seq).collect();
    assert_eq!((one.resource_id.as_str(), one.current, &seqs[..]), ("one", 2, &[1, 2, 3][..]));
    assert_eq!(one.revisions[0].revision, revision(1, "first"));
    assert_eq!(one.version, 9);
    assert!(resources[1].is_deleted);
    let bytes: usize =
        entries.iter().map(|entry| if let Entry::BlobData(data) = entry { data.len() } else { 0 }).sum();
    assert_eq!(bytes, 5_000_000);
    assert!(
        entries.iter().any(|entry| matches!(entry, Entry::Purged { resource_id } if resource_id == "was"))
    );
}

#[test]
fn a_job_says_when_it_is_due() {
    let written = |job: &JobPlace| {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, manifest(&["chore"])).expect("it begins");
        writer.begin_model("chore").expect("a model");
        writer.resource(&head("one", 1, 1), &[], Some(job)).expect("a resource");
        writer.end_model().expect("its end");
        writer.finish().expect("the end");
        read(&out)
    };
    let due = JobPlace { run_at: Timestamp(7_000_000), priority: -3, schedule: None, attempt: 2 };
    let entries = written(&due).expect("it is whole");
    let Entry::Resource(resource) = &entries[1] else { panic!("a resource is expected") };
    assert_eq!(resource.job.as_ref(), Some(&due));
    // Whatever a program has, it can take back.
    let never =
        JobPlace { run_at: Timestamp(i64::MAX), schedule: Some("0 0 0 1 1 * 2020".into()), ..due.clone() };
    let entries = written(&never).expect("it is whole");
    let Entry::Resource(resource) = &entries[1] else { panic!("a resource is expected") };
    let last = Timestamp(*Timestamp::WRITABLE.end());
    assert_eq!(resource.job, Some(JobPlace { run_at: last, ..never }));
    for schedule in ["*".repeat(2_000), "\0".into()] {
        let wrong = JobPlace { schedule: Some(schedule), ..due.clone() };
        let fault = written(&wrong).expect_err("it is refused").to_string();
        assert!(fault.contains("schedule"), "{fault}");
    }
}

#[test]
fn a_hash_that_was_kept_is_kept_and_any_other_is_refused() {
    let mut kept = head("one", 1, 1);
    kept.revision.data_hash = DataHash(5);
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, manifest(&["note"])).expect("it begins");
    writer.begin_model("note").expect("a model");
    writer.resource(&kept, &[], None).expect("a resource");
    writer.end_model().expect("its end");
    writer.finish().expect("the end");
    let entries = read(&out).expect("it is whole");
    let Entry::Resource(resource) = &entries[1] else { panic!("a resource is expected") };
    assert_eq!(resource.revisions[0].revision.data_hash, DataHash(5));
}

#[test]
fn no_archive_that_was_cut_is_whole() {
    let whole = archive();
    for length in chunks(&whole).into_iter().flat_map(|at| [at, at + 1, at + HEADER, at + HEADER + 3]) {
        assert_eq!(fault(&whole[..length.min(whole.len() - 1)]), Fault::Truncated, "cut at {length}");
    }
}

#[test]
fn chunks_in_another_order_twice_or_left_out_are_refused() {
    let whole = archive();
    let mut starts = chunks(&whole);
    starts.push(whole.len());
    let parts: Vec<&[u8]> = starts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
    let join = |parts: &[&[u8]]| [&[&MAGIC[..]], parts].concat().concat();
    assert!(read(&join(&parts)).is_ok());
    for at in 0..parts.len() {
        let mut without = parts.clone();
        without.remove(at);
        assert!(read(&join(&without)).is_err(), "without chunk {at}");
        let mut twice = parts.clone();
        twice.insert(at, parts[at]);
        assert!(read(&join(&twice)).is_err(), "chunk {at} twice");
        if at + 1 < parts.len() {
            let mut swapped = parts.clone();
            swapped.swap(at, at + 1);
            assert!(read(&join(&swapped)).is_err(), "chunks {at} and the next swapped");
        }
    }
    assert_eq!(fault(&[&whole[..], b"x"].concat()), Fault::Trailing);
}

#[test]
fn no_single_byte_can_be_changed() {
    let rounds: usize =
        std::env::var("ARCHIVE_FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, manifest(&["note"])).expect("it begins");
    writer.begin_model("note").expect("a model");
    for number in 0..20 {
        writer
            .resource(&head(&format!("n{number}"), 2, 2), &[revision(1, "first")], None)
            .expect("a resource");
    }
    writer.begin_blob("legacy", 5, "").expect("a file");
    writer.blob_data(b"hello").expect("its data");
    writer.end_blob().expect("its end");
    writer.end_model().expect("its end");
    writer.finish().expect("the end");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..rounds {
        let mut broken = out.clone();
        let at = usize::try_from(random() % out.len() as u64).expect("it fits");
        let change = u8::try_from(random() % 255 + 1).expect("a byte");
        broken[at] ^= change;
        assert!(read(&broken).is_err(), "byte {at} changed by {change:02x}");
    }
}

/// A chunk with a valid checksum.
fn chunk(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut packer = Packer::new().expect("a packer");
    let (header, stored) = packer.pack(kind, payload).expect("it packs");
    [&header[..], stored].concat()
}

fn begun(rest: &[Vec<u8>]) -> Vec<u8> {
    let manifest = serde_json::to_vec(&Manifest { format: 1, ..manifest(&["note"]) }).expect("JSON");
    [MAGIC.to_vec(), chunk(Kind::Manifest, &manifest), rest.concat()].concat()
}

#[test]
fn what_a_length_says_takes_no_memory_and_bombs_are_refused() {
    let mut lies = begun(&[chunk(Kind::ModelBegin, b"{\"name\":\"note\"}")]);
    let at = lies.len();
    lies.extend(chunk(Kind::Rows, b"{}\n"));
    lies[at + 4..at + 12].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(fault(&lies), Fault::TooLong { .. }));
    lies[at + 4..at + 12].copy_from_slice(&(60_u64 << 20).to_le_bytes());
    assert_eq!(fault(&lies), Fault::Truncated);
    let bomb = chunk(Kind::ModelBegin, &vec![b' '; 64 << 20]);
    assert!(bomb.len() < 64 << 10);
    assert!(matches!(fault(&begun(&[bomb])), Fault::TooLong { .. }));
    // Many chunks that are small by themselves.
    let line = format!(
        "{{\"revision\":{{\"seq\":1,\"uid\":\"{}\",\"parent\":null,\"schema\":null,\"parent_schema\":null,\
        \"draft\":false,\"kept_hash\":\"xxh3_128:{:032x}\",\"created\":[0,\"\"],\"updated\":[0,\"\"],\
        \"data\":{{\"x\":\"{}\"}}}}}}\n",
        Uuid::nil(),
        1,
        "y".repeat(200_000)
    );
    let resource = b"{\"resource\":{\"id\":\"a\",\"rev_count\":99,\"version\":1,\"created\":[0,\"\"],\"updated\":[0,\"\"],\
        \"is_deleted\":false,\"current\":1,\"revisions\":99}}\n";
    let mut rest = vec![chunk(Kind::ModelBegin, b"{\"name\":\"note\"}"), chunk(Kind::Rows, resource)];
    rest.extend(std::iter::repeat_with(|| chunk(Kind::Rows, line.as_bytes())).take(20));
    assert!(matches!(fault(&begun(&rest)), Fault::TooLong { .. }));
}

#[test]
fn names_that_could_be_paths_are_refused() {
    for name in ["../etc", "a/b", "", ".hidden", "a\\b", "a\u{0}"] {
        let model = ManifestModel { name: name.into(), schema_version: None };
        let hostile = Manifest { format: 1, models: vec![model], ..manifest(&[]) };
        let payload = serde_json::to_vec(&hostile).expect("JSON");
        let archive = [MAGIC.to_vec(), chunk(Kind::Manifest, &payload)].concat();
        assert!(matches!(fault(&archive), Fault::Malformed(_)), "{name:?}");
    }
    for file_id in ["../../etc/passwd", "a/b", "", "b3-..", "C:x"] {
        let begin = serde_json::json!({"file_id": file_id, "size": 1, "content_type": ""}).to_string();
        let rest =
            [chunk(Kind::ModelBegin, b"{\"name\":\"note\"}"), chunk(Kind::BlobBegin, begin.as_bytes())];
        assert!(matches!(fault(&begun(&rest)), Fault::Malformed(_)), "{file_id:?}");
    }
}

#[test]
fn a_file_that_is_not_what_its_id_says_or_of_another_size_is_refused() {
    let file = |id: &str, size: u64, data: &[u8]| {
        let begin = serde_json::json!({"file_id": id, "size": size, "content_type": ""}).to_string();
        begun(&[
            chunk(Kind::ModelBegin, b"{\"name\":\"note\"}"),
            chunk(Kind::BlobBegin, begin.as_bytes()),
            chunk(Kind::BlobData, data),
        ])
    };
    let id = format!("b3-{}", blake3::hash(b"hello").to_hex());
    assert_eq!(fault(&file(&id, 5, b"hullo")), Fault::Checksum("a file"));
    assert!(matches!(fault(&file(&id, 4, b"hello")), Fault::Count { .. }));
    assert_eq!(fault(&file("b5e9c1ad071b3e7fc779cfaa5e523818", 5, b"hullo")), Fault::Checksum("a file"));
}

#[test]
fn resources_that_contradict_themselves_are_refused() {
    let mut other = head("one", 2, 3);
    for (older, head) in [
        (vec![], head("one", 4, 3)),
        (vec![revision(2, "twice")], head("one", 2, 3)),
        (vec![revision(9, "beyond")], head("one", 2, 3)),
        (vec![], Head { resource_id: "a/b".into(), ..head("one", 1, 1) }),
        (vec![], Head { rev_count: 0, ..head("one", 1, 1) }),
        (vec![], Head { rev_count: i64::MAX, ..head("one", 1, 1) }),
        (vec![], Head { version: i64::MAX, ..head("one", 1, 1) }),
        (vec![], Head { updated: stamp(i64::MAX), ..head("one", 1, 1) }),
        (vec![Revision { created: stamp(i64::MIN), ..revision(2, "then") }], head("one", 1, 2)),
        (vec![], {
            other.revision.parent_seq = Some(17);
            other
        }),
    ] {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, manifest(&["note"])).expect("it begins");
        writer.begin_model("note").expect("a model");
        writer.resource(&head, &older, None).expect("a resource");
        writer.end_model().expect("its end");
        writer.finish().expect("the end");
        assert!(matches!(fault(&out), Fault::Resource { .. }), "{head:?}");
    }
}

#[test]
fn an_error_says_where_it_is() {
    let mut broken = archive();
    let at = chunks(&broken)[2];
    broken[at + HEADER + 1] ^= 1;
    let error = read(&broken).expect_err("it is broken").to_string();
    assert_eq!(error, format!("the archive is not valid at byte {at}: the checksum of a chunk does not fit"));
}

#[test]
fn everything_that_a_resource_has_counts_for_its_limit() {
    let long = |text: &str| text.repeat(100_000);
    let schema = |seq| Revision { schema_version: Some(long("v")), ..revision(seq, "x") };
    let user = |seq| Revision { created: Stamp { by: long("u"), ..stamp(1) }, ..revision(seq, "x") };
    for of in [&schema as &dyn Fn(i64) -> Revision, &user] {
        let older: Vec<Revision> = (2..20).map(of).collect();
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, manifest(&["note"])).expect("it begins");
        writer.begin_model("note").expect("a model");
        writer.resource(&head("one", 1, 20), &older, None).expect("a resource");
        writer.end_model().expect("its end");
        writer.finish().expect("the end");
        assert!(matches!(fault(&out), Fault::TooLong { limit: LIMIT, .. }));
    }
}

#[test]
fn a_file_that_is_called_by_a_random_id_is_read_and_proves_nothing() {
    for (id, data, expected) in [
        ("b5e9c1ad071b4e7f879cfaa5e523818f", &b"hullo"[..], false),
        ("b5e9c1ad071b3e7fc779cfaa5e523818", b"hello", true),
        ("legacy", b"hello", false),
    ] {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, manifest(&["note"])).expect("it begins");
        writer.begin_model("note").expect("a model");
        writer.begin_blob(id, data.len() as u64, "").expect("a file");
        writer.blob_data(data).expect("its data");
        writer.end_blob().expect("its end");
        writer.end_model().expect("its end");
        writer.finish().expect("the end");
        let entries = read(&out).expect("it is whole");
        let proven = entries.iter().find_map(|entry| match entry {
            Entry::BlobEnd { proven, .. } => Some(*proven),
            _ => None,
        });
        assert_eq!(proven, Some(expected), "{id}");
    }
}
