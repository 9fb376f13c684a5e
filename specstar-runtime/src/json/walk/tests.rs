use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::*;
use crate::descriptor::FieldDescriptor;
use crate::json::decode_canonical;
use crate::json::index::tests::descriptor;

#[derive(Serialize, Deserialize)]
struct Item {
    #[serde(alias = "title")]
    name: String,
    #[serde(default)]
    addr: Option<Address>,
    #[serde(default)]
    lines: Vec<Address>,
    #[serde(default)]
    attrs: BTreeMap<String, Address>,
    #[serde(default)]
    any: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Address {
    city: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    floor: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(floor: &i64) -> bool {
    *floor == 0
}

const fn field(name: &'static str) -> FieldDescriptor {
    FieldDescriptor::new(name)
}

const FIELDS: &[FieldDescriptor] = &[
    FieldDescriptor { aliases: &["title"], ..FieldDescriptor::new("name") },
    field("addr"),
    field("lines"),
    field("attrs"),
    field("any"),
];

fn unknown(body: &str) -> Option<(String, String, Option<String>)> {
    let (_, canonical) = decode_canonical::<Item>(body.as_bytes()).unwrap();
    let unknown = unknown_fields(body.as_bytes(), &canonical, &descriptor(FIELDS, &[]))?;
    Some((unknown.path, unknown.name, unknown.suggestion))
}

fn path(body: &str) -> Option<String> {
    unknown(body).map(|(path, ..)| path)
}

#[test]
fn known_fields_are_known_in_any_order() {
    assert_eq!(unknown(r#"{"name":"x"}"#), None);
    assert_eq!(unknown(r#" { "addr" : {"zip": "1", "floor":2, "city" : "c"} , "title" : "x" } "#), None);
    assert_eq!(
        unknown(r#"{"name":"x","attrs":{"b":{"city":"c"},"a":{"city":"d"}},"any":{"z":[1,{"y":2}]}}"#),
        None
    );
}

#[test]
fn top_level_names_are_those_of_the_descriptor() {
    let expected = |path: &str, name: &str, near: Option<&str>| {
        Some((path.to_owned(), name.to_owned(), near.map(str::to_owned)))
    };
    assert_eq!(unknown(r#"{"name":"x","attr":{}}"#), expected("$.attr", "attr", Some("attrs")));
    assert_eq!(unknown(r#"{"name":"x","ntme":null}"#), expected("$.ntme", "ntme", Some("name")));
    assert_eq!(unknown(r#"{"name":"x","tilte":""}"#), expected("$.tilte", "tilte", Some("title")));
    assert_eq!(unknown(r#"{"name":"x","colour":"red"}"#), expected("$.colour", "colour", None));
    assert_eq!(unknown(r#"{"name":"x","a b":1}"#), expected(r#"$["a b"]"#, "a b", None));
    let long = "n".repeat(10_000);
    let body = format!(r#"{{"name":"x","{long}":1}}"#);
    assert_eq!(unknown(&body).unwrap().2, None);
}

#[test]
fn nested_names_are_those_of_the_canonical_form() {
    let nested = |inner: &str| unknown(&format!(r#"{{"name":"x","addr":{{"city":"c",{inner}}}}}"#));
    assert_eq!(nested(r#""citty":"d""#), Some(("$.addr.citty".into(), "citty".into(), Some("city".into()))));
    assert_eq!(nested(r#""street":"s""#), Some(("$.addr.street".into(), "street".into(), None)));
    assert_eq!(path(r#"{"name":"x","lines":[{"city":"c"},{"city":"c","x":1}]}"#).unwrap(), "$.lines[1].x");
    assert_eq!(path(r#"{"name":"x","attrs":{"k":{"city":"c","x":[0]}}}"#).unwrap(), "$.attrs.k.x");
}

#[derive(Serialize, Deserialize)]
struct Order {
    #[serde(default)]
    prices: Vec<Price>,
}

#[derive(Serialize, Deserialize)]
struct Price {
    #[serde(alias = "sum")]
    amount: i64,
    #[serde(default = "euro", skip_serializing_if = "is_euro")]
    currency: String,
}

fn euro() -> String {
    "EUR".to_owned()
}

fn is_euro(currency: &str) -> bool {
    currency == "EUR"
}

fn confirmed(prices: &str) -> Option<String> {
    let body = format!(r#"{{"prices":[{prices}]}}"#);
    let prepare = |body: &[u8]| Some(decode_canonical::<Order>(body).ok()?.1);
    let canonical = prepare(body.as_bytes()).unwrap();
    let descriptor = descriptor(const { &[field("prices")] }, &[]);
    let unknown = unknown_fields_confirmed(body.as_bytes(), &canonical, &descriptor, &prepare)?;
    Some(unknown.path)
}

#[test]
fn the_type_itself_knows_aliases_and_defaults() {
    assert_eq!(confirmed(r#"{"sum":1}"#), None);
    assert_eq!(confirmed(r#"{"amount":1,"currency":"EUR"},{"amount":1,"currency":"USD"}"#), None);
    let body = r#"{"sum":1,"currency":"EUR"},{"amount":1,"curency":"EUR"}"#;
    assert_eq!(confirmed(body).unwrap(), "$.prices[1].curency");
    assert_eq!(confirmed(r#"{"amount":1,"x":"y"}"#).unwrap(), "$.prices[0].x");
}

#[test]
fn doubts_are_bounded() {
    let calls = std::cell::Cell::new(0);
    let body = format!(r#"{{"prices":[{}]}}"#, [r#"{"sum":1}"#; 100].join(","));
    let canonical = decode_canonical::<Order>(body.as_bytes()).unwrap().1;
    let descriptor = descriptor(const { &[field("prices")] }, &[]);
    let prepare = |body: &[u8]| {
        calls.set(calls.get() + 1);
        Some(decode_canonical::<Order>(body).ok()?.1)
    };
    assert_eq!(unknown_fields_confirmed(body.as_bytes(), &canonical, &descriptor, &prepare), None);
    assert_eq!(calls.get(), MOST_MISTAKEN);
}

#[test]
fn empty_values_of_skipped_fields_are_no_finding() {
    for empty in ["null", "false", "0", "-0.0", "0e7", "\"\"", "[ ]", "{}"] {
        let body = format!(r#"{{"name":"x","addr":{{"city":"c","x":{empty}}}}}"#);
        assert_eq!(unknown(&body), None, "{empty}");
    }
    for other in ["true", "1", "0.01", "\" \"", "[0]", "{\"a\":0}"] {
        let body = format!(r#"{{"name":"x","addr":{{"city":"c","x":{other}}}}}"#);
        assert_eq!(path(&body).unwrap(), "$.addr.x", "{other}");
    }
}

#[test]
fn large_maps_are_compared_in_reasonable_time() {
    let entries: Vec<_> = (0..20_000).rev().map(|key| format!(r#""k{key}":{{"city":"c"}}"#)).collect();
    let body = format!(r#"{{"name":"x","attrs":{{{}}}}}"#, entries.join(","));
    assert_eq!(unknown(&body), None);
    let body = body.replace(r#""k7":{"city":"c"}"#, r#""k7":{"city":"c","x":1}"#);
    assert_eq!(path(&body).unwrap(), "$.attrs.k7.x");
}

#[test]
fn an_unknown_field_is_an_error_with_a_hint() {
    let body = r#"{"name":"x","attr":{}}"#;
    let (_, canonical) = decode_canonical::<Item>(body.as_bytes()).unwrap();
    let unknown = unknown_fields(body.as_bytes(), &canonical, &descriptor(FIELDS, &[])).unwrap();
    assert_eq!(unknown.to_string(), "unknown field `attr`, did you mean `attrs`? - at `$.attr`");
    assert_eq!(DecodeError::from(unknown.clone()).to_string(), unknown.to_string());
}

#[test]
fn text_that_was_never_decoded_does_no_harm() {
    let canonical = br#"{"name":"x","addr":{"city":"c"},"lines":[]}"#;
    let body = br#"{"name":"x","addr":{"city":"c"},"lines":[[]]}"#;
    for cut in 0..body.len() {
        assert_eq!(unknown_fields(&body[..cut], canonical, &descriptor(FIELDS, &[])), None);
        assert_eq!(refuse_other_forms(&body[..cut], canonical), Ok(()));
        assert_eq!(
            unknown_fields(body, &canonical[..cut.min(canonical.len())], &descriptor(FIELDS, &[])),
            None
        );
    }
}
