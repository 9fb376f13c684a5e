use proptest::prelude::*;

use super::*;
use crate::meta::DataHash;

#[test]
fn ids_are_checked() {
    for id in ["a", "user:0190", "é😀", "a b", "a\"b", "user:bob@x.org", &"x".repeat(255)] {
        assert_eq!(check_resource_id(id), Ok(()), "{id}");
    }
    for blank in ["", " ", "\t", "\u{3000}"] {
        assert_eq!(check_resource_id(blank), Err(IdError::Blank));
    }
    for c in ['/', '\\', '?', '#', '%', '\0', '\n', '\u{7f}', '\u{85}'] {
        assert_eq!(check_resource_id(&format!("a{c}b")), Err(IdError::Forbidden(c)));
    }
    assert_eq!(check_resource_id(" a"), Err(IdError::Untrimmed));
    assert_eq!(check_resource_id("a\u{a0}"), Err(IdError::Untrimmed));
    assert_eq!(check_resource_id(&"é".repeat(128)), Err(IdError::TooLong));
    assert_eq!(IdError::Forbidden('\n').to_string(), r"a resource id must not contain '\n'");
}

#[test]
fn generated_ids_are_valid_and_different() {
    let shapes = [
        (IdGenerator::UuidV7, 36),
        (IdGenerator::UuidV4, 36),
        (IdGenerator::Ulid, 26),
        (IdGenerator::NanoId, 21),
    ];
    for (generator, length) in shapes {
        let (one, two) = (generate(generator, "item"), generate(generator, "item"));
        assert_ne!(one, two);
        assert_eq!(one.strip_prefix("item:").unwrap().len(), length, "{one}");
        assert_eq!(check_resource_id(&one), Ok(()));
    }
    let version = |generator| {
        let id = generate(generator, "item");
        Uuid::parse_str(&id[5..]).unwrap().get_version_num()
    };
    assert_eq!((version(IdGenerator::UuidV7), version(IdGenerator::UuidV4)), (7, 4));
}

#[test]
fn version_7_ids_ascend() {
    let ids: Vec<_> = (0..10_000).map(|_| generate(IdGenerator::UuidV7, "item")).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
}

#[test]
fn revision_ids_are_read_back() {
    for id in ["user:1", "a\"b", "3"] {
        assert_eq!(parse_revision(id, &revision_id(id, 12)), Some(12));
        assert_eq!(parse_revision_or_number(id, &revision_id(id, 12)), Ok(12));
    }
    let mut out = Vec::new();
    write_revision_id(&mut out, "a\"b", 7);
    assert_eq!(out, br#"a\"b:7"#);
    for text in
        ["", "u", "u:", "u:0", "u:01", "u:-1", "u:+1", "u:1 ", "u:1:1", "U:1", "3", "u:9223372036854775808"]
    {
        assert_eq!(parse_revision("u", text), None, "{text}");
    }
}

#[test]
fn a_switch_tells_nonsense_from_unknown() {
    let parse = |text| parse_revision_or_number("u", text);
    assert_eq!(parse("3"), Ok(3));
    assert_eq!(parse("u:3"), Ok(3));
    for text in ["0", "02", "u:0", "u:02", "99999999999999999999"] {
        assert_eq!(parse(text), Err(RevisionIdError::Unknown), "{text}");
    }
    for text in ["abc", "other:1", "", "u", "u:", "u:abc", "-1", "+1", "1.0", " 1", "٣"] {
        assert_eq!(parse(text), Err(RevisionIdError::Malformed), "{text}");
    }
}

const HASH: &str = "xxh3_128:000000000000000000000000000000ff";

fn current(resource_id: &str) -> CurrentTag<'_> {
    CurrentTag { resource_id, seq: 3, data_hash: DataHash(255), version: 9 }
}

fn matches(header: &str) -> bool {
    Precondition::parse(header.as_bytes()).matches(&current("u:1"))
}

#[test]
fn if_match_takes_revision_ids_and_tags() {
    for tag in ["u:1:3".to_owned(), format!("u:1:3@{HASH}"), format!("u:1:3@{HASH}+9")] {
        assert!(matches(&tag), "{tag}");
        assert!(matches(&format!("\"{tag}\"")), "{tag}");
        assert!(matches(&format!(" \"x\" ,, \"{tag}\" ")), "{tag}");
        assert!(matches(&format!("x, {tag}")), "{tag}");
        assert!(!matches(&format!("W/\"{tag}\"")), "{tag}");
        assert!(EntityTag::strong(&tag).matches(&current("u:1")), "{tag}");
    }
    assert!(matches("*"));
    let wrong_tags = [
        String::new(),
        "\"*\"".to_owned(),
        "3".to_owned(),
        "u:1:2".to_owned(),
        "u:1:33".to_owned(),
        format!("u:1:3@{HASH}+8"),
        format!("u:1:3@{HASH}9"),
        format!("u:1:3@{HASH}+"),
        format!("u:1:2@{HASH}"),
        "u:1:3@xxh3_128:0".to_owned(),
    ];
    for wrong in wrong_tags {
        assert!(!matches(&wrong), "{wrong}");
        assert!(!matches(&format!("\"{wrong}\"")), "{wrong}");
    }
}

#[test]
fn a_read_is_fresh_only_with_the_tag_of_the_head() {
    let fresh = |header: &str| Precondition::parse(header.as_bytes()).is_fresh(&current("u:1"));
    assert!(fresh("*"));
    assert!(fresh(&format!("\"u:1:3@{HASH}+9\"")));
    assert!(fresh(&format!("\"x\", W/\"u:1:3@{HASH}+9\"")));
    assert!(!fresh(&format!("\"u:1:3@{HASH}\"")));
    assert!(!fresh(&format!("\"u:1:3@{HASH}+10\"")));
    assert!(!fresh("\"u:1:3\""));
}

#[test]
fn quotes_are_not_required_to_be_paired() {
    let tags = |header: &str| match Precondition::parse(header.as_bytes()) {
        Precondition::Any => panic!("any"),
        Precondition::Tags(tags) => tags.into_iter().map(|tag| (tag.weak, tag.text)).collect::<Vec<_>>(),
    };
    let tag = |weak, text: &str| (weak, text.to_owned());
    assert_eq!(tags("\"a"), [tag(false, "a")]);
    assert_eq!(tags("\"a\"\"b\""), [tag(false, "a"), tag(false, "b")]);
    assert_eq!(tags("W/a"), [tag(false, "W/a")]);
    assert_eq!(tags(r#"w/"a", W/"b""#), [tag(false, r#"w/"a""#), tag(true, "b")]);
    assert_eq!(tags(" , ,"), []);
}

proptest! {
    #[test]
    fn every_id_makes_a_tag_that_comes_back(id in "[a-z \"@+,:é😀]{1,12}", version in 1_i64..) {
        let tag = CurrentTag { resource_id: &id, seq: 1, data_hash: DataHash(7), version };
        for text in [tag.of_data(), tag.of_head()] {
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'));
            let header = Precondition::parse(format!("\"other\", \"{text}\"").as_bytes());
            prop_assert!(header.matches(&tag));
        }
        let head = Precondition::parse(format!("\"{}\"", tag.of_head()).as_bytes());
        prop_assert!(head.is_fresh(&tag));
    }

    #[test]
    fn no_header_panics(header in prop::collection::vec(any::<u8>(), 0..40)) {
        Precondition::parse(&header).matches(&current("u:1"));
    }
}
