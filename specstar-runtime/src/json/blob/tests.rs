use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::Serialize;

use super::*;
use crate::binary::Blob;
use crate::json::{capture, to_canonical};

fn blob(bytes: &str) -> Blob {
    Blob::from_bytes(bytes.to_owned(), None)
}

#[derive(Serialize)]
#[serde(untagged)]
enum Untagged {
    File(Blob),
    Text(&'static str),
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Tagged {
    File(Blob),
}

#[derive(Serialize)]
enum Named {
    File { at: Blob },
    Pair(Blob, Option<Blob>),
}

#[derive(Serialize)]
struct Inner {
    file: Blob,
}

#[derive(Serialize)]
struct Everywhere {
    plain: Blob,
    none: Option<Blob>,
    list: Vec<Option<Blob>>,
    map: HashMap<&'static str, Vec<Blob>>,
    untagged: Vec<Untagged>,
    tagged: Tagged,
    named: Vec<Named>,
    boxed: Box<Inner>,
    #[serde(flatten)]
    flat: Inner,
    tuple: (u8, Blob),
}

fn everywhere() -> Everywhere {
    Everywhere {
        plain: blob("plain"),
        none: None,
        list: vec![Some(blob("list")), None, Some(Blob::stored("f"))],
        map: HashMap::from([
            ("z", vec![blob("z1"), blob("z2")]),
            ("a", vec![]),
            ("m", vec![blob("m")]),
            ("b", vec![blob("b")]),
        ]),
        untagged: vec![Untagged::Text("x"), Untagged::File(blob("untagged"))],
        tagged: Tagged::File(blob("tagged")),
        named: vec![Named::File { at: blob("named") }, Named::Pair(blob("pair"), None)],
        boxed: Box::new(Inner { file: blob("boxed") }),
        flat: Inner { file: blob("flat") },
        tuple: (7, blob("tuple")),
    }
}

/// What the text says of each blob, with the bytes that were taken out of it.
fn found(canonical: &Canonical) -> Vec<(String, Option<String>)> {
    let text = |range: &Range<usize>| String::from_utf8(canonical.text[range.clone()].to_vec()).unwrap();
    let data = |data: &Vec<u8>| String::from_utf8(data.clone()).unwrap();
    canonical.blobs.iter().map(|blob| (text(&blob.range), blob.data.as_ref().map(data))).collect()
}

#[test]
fn blobs_are_found_wherever_they_are_in_the_order_of_the_text() {
    let canonical = capture(&everywhere()).unwrap();
    let found = found(&canonical);
    let data: Vec<_> = found.iter().map(|(_, data)| data.as_deref().unwrap_or("-")).collect();
    let expected = [
        "flat", "plain", "list", "-", "b", "m", "z1", "z2", "untagged", "tagged", "named", "pair", "boxed",
        "tuple",
    ];
    let mut sorted = (data.clone(), expected.to_vec());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1);
    assert!(canonical.blobs.is_sorted_by_key(|blob| blob.range.start));
    let at = |name: &str| data.iter().position(|data| *data == name).unwrap();
    assert!(at("b") < at("m") && at("m") < at("z1") && at("z1") < at("z2"), "maps are sorted: {data:?}");
    for (text, data) in &found {
        let expected = match data.as_deref() {
            None => r#"{"file_id":"f"}"#,
            Some("tagged") => r#"{"type":"File"}"#,
            Some(_) => "{}",
        };
        assert_eq!(text, expected);
    }
    assert!(!String::from_utf8(canonical.text).unwrap().contains("data"));
}

#[test]
fn without_looking_for_blobs_their_bytes_are_part_of_the_text() {
    let text = String::from_utf8(to_canonical(&blob("hello")).unwrap()).unwrap();
    assert_eq!(text, r#"{"data":"aGVsbG8="}"#);
}

#[test]
fn a_blob_that_is_flattened_is_refused_instead_of_lost() {
    #[derive(Serialize)]
    struct Flat {
        title: &'static str,
        #[serde(flatten)]
        file: Blob,
    }
    for file in [blob("x"), Blob::stored("f")] {
        let error = capture(&Flat { title: "t", file }).unwrap_err();
        assert!(error.message.contains("cannot be flattened"), "{error}");
    }
}

#[test]
fn what_is_said_of_blobs_is_replaced_where_they_stand() {
    let canonical = capture(&everywhere()).unwrap();
    let mut places = blob_places(&canonical).unwrap();
    for (at, place) in places.iter_mut().enumerate() {
        place.members = BlobMembers {
            file_id: Some(format!("f{at}")),
            size: Some(at as u64),
            content_type: Some("a\"b".into()),
        };
    }
    let text = rewrite_blobs(&canonical.text, &mut places).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(value["tagged"]["type"], "File");
    for (at, place) in places.iter().enumerate() {
        let blob: serde_json::Value = serde_json::from_slice(&text[place.range.clone()]).unwrap();
        assert_eq!(blob["file_id"], format!("f{at}"));
        assert_eq!(blob["content_type"], "a\"b");
    }
    // As it stands, it is what the type itself would write.
    assert_eq!(rewrite_blobs(&text, &mut places).unwrap(), text);
}

#[test]
fn members_for_the_bytes_are_put_back_where_they_were_taken_out() {
    let files = [Blob::from_bytes("a", "x/y"), Blob::stored("f"), blob("b"), Blob::default()];
    let canonical = capture(&files).unwrap();
    let expected = br#"[{"content_type":"x/y","data":""},{"file_id":"f"},{"data":""},{}]"#;
    assert_eq!(&*with_data_members(&canonical), expected);
}

proptest! {
    #[test]
    fn the_order_of_a_map_does_not_show(
        entries in prop::collection::vec((".{0,3}", prop::collection::vec("[a-c]{0,2}", 0..4)), 0..20)
    ) {
        let sorted: BTreeMap<String, BTreeMap<String, Vec<Blob>>> = entries
            .iter()
            .map(|(key, data)| (key.clone(), BTreeMap::from([(key.clone(), data.iter().map(|text| blob(text)).collect())])))
            .collect();
        let hashed: HashMap<_, HashMap<_, _>> =
            sorted.clone().into_iter().map(|(key, value)| (key, value.into_iter().collect())).collect();
        prop_assert_eq!(capture(&hashed).unwrap(), capture(&sorted).unwrap());
    }
}
