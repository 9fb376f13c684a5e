use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::json::DecodeErrorKind;

#[derive(Debug, Deserialize, Serialize, PartialEq)]
struct Item {
    name: String,
    #[serde(default)]
    qty: i64,
    #[serde(default)]
    price: f64,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    level: Level,
    addr: Option<Address>,
    #[serde(default)]
    lines: Vec<Address>,
    #[serde(default)]
    attrs: BTreeMap<String, i64>,
}

#[derive(Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Level {
    #[default]
    Low,
    High,
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Address {
    street: String,
    #[serde(default)]
    zip: Option<String>,
}

fn error(body: &str) -> DecodeError {
    decode_canonical::<Item>(body.as_bytes()).unwrap_err()
}

fn misfit(body: &str) -> (String, String) {
    let error = error(body);
    assert_eq!(error.kind, DecodeErrorKind::Data, "{error}");
    (error.path, error.message)
}

fn path(body: &str) -> String {
    misfit(body).0
}

#[test]
fn a_misfit_names_its_place() {
    assert_eq!(
        misfit(r#"{"name": 5}"#),
        ("$.name".to_owned(), "invalid type: integer `5`, expected a string".to_owned())
    );
    assert_eq!(path(r#"{"name":"x","qty":"3"}"#), "$.qty");
    assert_eq!(path(r#"{"name":"x","qty":1.0}"#), "$.qty");
    assert_eq!(path(r#"{"name":"x","qty":true,"price":1}"#), "$.qty");
    assert_eq!(path(r#"{"name":null}"#), "$.name");
    assert_eq!(path("{\"name\":\"x\",\n \"tags\":[\"a\",\n  1]}"), "$.tags[1]");
    assert_eq!(path(r#"{"name":"x","tags":"abc"}"#), "$.tags");
    assert_eq!(path(r#"{"name":"x","tags":[["a"]]}"#), "$.tags[0]");
    assert_eq!(path(r#"{"name":"x","tags":{"a":1}}"#), "$.tags");
    assert_eq!(path(r#"{"name":"x","level":"mid"}"#), "$.level");
    assert_eq!(path(r#"{"name":"x","addr":{"street":7}}"#), "$.addr.street");
    assert_eq!(path(r#"{"name":"x","addr":3}"#), "$.addr");
    assert_eq!(path(r#"{"name":"x","attrs":{"a b":"c"}}"#), r#"$.attrs["a b"]"#);
    assert_eq!(path(r#"{"name":"x","lines":[{"street":"s"},{"street":"s","zip":1}]}"#), "$.lines[1].zip");
}

#[test]
fn a_missing_field_is_reported_at_its_object() {
    assert_eq!(misfit("{}"), ("$".to_owned(), "missing field `name`".to_owned()));
    assert_eq!(misfit(r#"{"qty":1}"#).0, "$");
    assert_eq!(path(r#"{"name":"x","addr":{}}"#), "$.addr");
    assert_eq!(path(r#"{"name":"x","addr":{"zip":"1"}}"#), "$.addr");
    assert_eq!(path(r#"{"name":"x","addr":{"zip":"1"  }  }"#), "$.addr");
    assert_eq!(path(r#"{"name":"x","lines":[{"street":"s"},{"zip":null}],"qty":1}"#), "$.lines[1]");
}

#[test]
fn unknown_and_duplicate_fields_are_reported_at_themselves() {
    assert_eq!(path(r#"{"name":"x","addr":{"street":"s","town":1}}"#), "$.addr.town");
    assert_eq!(path(r#"{"name":"x","qty":1,"name":"y"}"#), "$.name");
    let body = br#"{"name":"x","attrs":{"a":1,"a":2}}"#;
    assert_eq!(decode::<Item>(body).unwrap().attrs["a"], 2);
}

#[test]
fn a_body_is_an_object() {
    let message = |body| misfit(body).1;
    assert_eq!(misfit(" [1]"), ("$".to_owned(), "expected an object, found an array".to_owned()));
    assert_eq!(message(r#"["x",1,1.0,[],"low",null,[],{}]"#), "expected an object, found an array");
    assert_eq!(message("\"text\""), "expected an object, found a string");
    assert_eq!(message("\n3"), "expected an object, found a number");
    assert_eq!(message("-1.5"), "expected an object, found a number");
    assert_eq!(message("true"), "expected an object, found a boolean");
    assert_eq!(message("null"), "expected an object, found null");
}

#[test]
fn a_sequence_is_no_struct_at_any_depth() {
    let expected = |path: &str| (path.to_owned(), "expected an object, found an array".to_owned());
    assert_eq!(misfit(r#"{"name":"x","addr":["s",null]}"#), expected("$.addr"));
    assert_eq!(misfit(r#"{"name":"x","lines":[{"street":"s"},["s",null]]}"#), expected("$.lines[1]"));
    assert!(decode_canonical::<Item>(br#"{"name":"x","addr":{"street":"[s]"},"tags":["a"]}"#).is_ok());
}

#[test]
fn what_is_not_json_is_told_apart() {
    let offset = |body: &[u8]| match decode::<Item>(body).unwrap_err().kind {
        DecodeErrorKind::Syntax { offset } => offset,
        DecodeErrorKind::Data => panic!("{body:?} counts as JSON"),
    };
    assert_eq!(offset(b"{bad json"), 2);
    assert_eq!(offset(b""), 0);
    assert_eq!(offset(b"nonsense"), 2);
    assert_eq!(offset(b"[1"), 2);
    assert_eq!(offset(b"{\"name\":\n\"x\",}"), 14);
    assert_eq!(offset(br#"{"name":"x"} x"#), 14);
    assert_eq!(offset(b"{\"name\":\"\xff\"}"), 9);
    assert_eq!(offset(b"\xef\xbb\xbf{}"), 1);
    // The misfit comes first, and the text is broken all the same.
    assert_eq!(offset(br#"{"name":5,"#), 10);
    assert_eq!(error("{bad json").message, "key must be a string");
    assert_eq!(error("{bad json").path, "$");
}

#[test]
fn numbers_out_of_range_are_misfits() {
    assert_eq!(path(r#"{"name":"x","qty":9223372036854775808}"#), "$.qty");
    assert_eq!(path(r#"{"name":"x","qty":99999999999999999999999}"#), "$.qty");
    assert_eq!(
        misfit(r#"{"name":"x","price":1e999}"#),
        ("$.price".to_owned(), "number out of range".to_owned())
    );
    assert_eq!(path(r#"{"name":"\ud800"}"#), "$.name");
}

#[test]
fn nesting_ends_at_a_limit() {
    let nested = |depth: usize| {
        let body = format!("{{\"name\":\"x\",\"v\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        decode::<BTreeMap<String, serde_json::Value>>(body.as_bytes())
    };
    assert!(nested(100).is_ok());
    let error = nested(100_000).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (DecodeErrorKind::Data, "recursion limit exceeded"));
}

#[test]
fn errors_without_a_place_are_about_the_whole() {
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "BTreeMap<String, u8>")]
    struct Checked;
    impl TryFrom<BTreeMap<String, u8>> for Checked {
        type Error = &'static str;
        fn try_from(_: BTreeMap<String, u8>) -> Result<Self, &'static str> {
            Err("too late")
        }
    }
    let error = decode::<Checked>(b"{}").unwrap_err();
    assert_eq!((error.path.as_str(), error.message.as_str()), ("$", "too late"));
}

proptest! {
    #[test]
    fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = decode_canonical::<Item>(&body);
    }

    #[test]
    fn no_cut_or_changed_body_panics(cut in 0_usize..200, at in 0_usize..120, byte in any::<u8>()) {
        let mut body = br#"{"name":"x","qty":1,"tags":["a","b"],"addr":{"street":"s"},"lines":[{"street":"t","zip":"1"}],"attrs":{"k":1}}"#.to_vec();
        if let Some(place) = body.get_mut(at) {
            *place = byte;
        }
        body.truncate(cut);
        let _ = decode_canonical::<Item>(&body);
    }
}
