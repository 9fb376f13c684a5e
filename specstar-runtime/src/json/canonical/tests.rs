use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::*;
use crate::meta::DataHash;

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    String::from_utf8(to_canonical(value).unwrap()).unwrap()
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
}

/// The models of the recorded cases whose hashes are known.
#[derive(Serialize)]
struct Item {
    name: &'static str,
    group: &'static str,
    qty: i64,
    price: f64,
    active: bool,
    level: Level,
    note: Option<&'static str>,
    tags: Vec<&'static str>,
    addr: Option<Named>,
    due: Option<&'static str>,
    attrs: HashMap<&'static str, i64>,
    hidden: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Low,
}

fn item(name: &'static str, attrs: &[(&'static str, i64)]) -> Item {
    Item {
        name,
        group: "",
        qty: 0,
        price: 0.0,
        active: true,
        level: Level::Low,
        note: None,
        tags: vec![],
        addr: None,
        due: None,
        attrs: attrs.iter().copied().collect(),
        hidden: "",
    }
}

#[test]
fn hashes_agree_with_the_reference() {
    let hash = |json: Vec<u8>| DataHash::of(&json).to_string();
    let named = |name| hash(to_canonical(&Named { name }).unwrap());
    assert_eq!(named("o"), "xxh3_128:ebb2843001356f8976d4a36e17817051");
    assert_eq!(named("zed"), "xxh3_128:684d46ef1002240315e9c5213e7d0e6a");
    let of_item = |item| hash(to_canonical(&item).unwrap());
    assert_eq!(of_item(item("c", &[])), "xxh3_128:7be770a0331b2b30afa0d1db23919439");
    let attrs = [("b", 1), ("a", 2)];
    assert_eq!(of_item(item("h", &attrs)), "xxh3_128:c8373990b9928989de6159d5c5c982ce");
}

#[test]
fn structs_keep_their_order_and_maps_are_sorted() {
    #[derive(Serialize)]
    struct Mixed {
        z: u8,
        map: HashMap<String, HashMap<String, u8>>,
        a: u8,
    }
    let inner = HashMap::from([("y".to_owned(), 1), ("x".to_owned(), 2)]);
    let map = HashMap::from([("b".to_owned(), inner.clone()), ("a".to_owned(), inner)]);
    let expected = r#"{"z":1,"map":{"a":{"x":2,"y":1},"b":{"x":2,"y":1}},"a":2}"#;
    assert_eq!(text(&Mixed { z: 1, map, a: 2 }), expected);
}

#[test]
fn map_keys_are_ordered_by_code_point_whatever_their_escapes() {
    let keys = ["b", "a", "", "a\"", "a b", "a!", "\u{1}", "é", "\u{ffff}", "\u{10000}", "\\"];
    let map: HashMap<_, _> = keys.iter().map(|key| (*key, 0)).collect();
    let sorted: BTreeMap<_, _> = map.iter().collect();
    assert_eq!(text(&map), text(&sorted));
    let order: Vec<_> = keys.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let expected = order.iter().map(|key| format!("{}:0", serde_json::to_string(key).unwrap()));
    assert_eq!(text(&map), format!("{{{}}}", expected.collect::<Vec<_>>().join(",")));
}

#[test]
fn keys_are_what_serde_json_takes() {
    assert_eq!(text(&BTreeMap::from([(10, 1), (9, 2)])), r#"{"10":1,"9":2}"#);
    assert_eq!(text(&BTreeMap::from([(true, 1), (false, 2)])), r#"{"false":2,"true":1}"#);
    assert_eq!(text(&BTreeMap::from([('b', 1), ('a', 2)])), r#"{"a":2,"b":1}"#);
    let error = to_canonical(&BTreeMap::from([((1, 2), 3)])).unwrap_err();
    assert_eq!((error.path.as_str(), error.message.as_str()), ("$", "key must be a string"));
}

#[test]
fn scalars_are_written_like_serde_json() {
    assert_eq!(text(&(1.0, -0.0, 1e16, 0.1_f32, 1e-7, 1e15)), "[1.0,-0.0,1e16,0.1,1e-7,1000000000000000.0]");
    assert_eq!(text(&(u64::MAX, i64::MIN, i128::MAX)), format!("[{},{},{}]", u64::MAX, i64::MIN, i128::MAX));
    assert_eq!(text(&("é\"\\/ 😀\n\u{7f}", 'x', ())), "[\"é\\\"\\\\/ 😀\\n\u{7f}\",\"x\",null]");
    assert_eq!(text(&Option::<u8>::None), "null");
    assert_eq!(text(&Some(true)), "true");
}

#[test]
fn enums_are_written_like_serde_json() {
    #[derive(Serialize)]
    enum Kinds {
        Unit,
        New(u8),
        Tuple(u8, u8),
        Struct { a: u8, b: HashMap<u8, u8> },
    }
    let all =
        [Kinds::Unit, Kinds::New(1), Kinds::Tuple(1, 2), Kinds::Struct { a: 1, b: HashMap::from([(1, 2)]) }];
    assert_eq!(text(&all), serde_json::to_string(&all).unwrap());
}

#[test]
fn raw_json_becomes_canonical() {
    let raw =
        serde_json::value::RawValue::from_string(r#"{ "b": [1, {"d":1,"c":2}], "a": 1.50 }"#.to_owned());
    assert_eq!(text(&(1, raw.unwrap())), r#"[1,{"a":1.5,"b":[1,{"c":2,"d":1}]}]"#);
}

#[test]
fn numbers_without_json_form_are_refused_with_their_path() {
    let map = BTreeMap::from([("a", vec![1.0]), ("b c", vec![1.0, f64::INFINITY])]);
    let error = to_canonical(&map).unwrap_err();
    assert_eq!(error.path, r#"$["b c"][1]"#);
    assert_eq!(error.message, "JSON has no NaN and no infinity");
    assert_eq!(error.kind, DecodeErrorKind::Data);
    assert_eq!(to_canonical(&f32::NAN).unwrap_err().path, "$");
}

#[test]
fn errors_of_the_type_itself_are_kept() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(ser::Error::custom("no"))
        }
    }
    #[derive(Serialize)]
    struct Outer {
        a: u8,
        b: (u8, Fails),
    }
    let error = to_canonical(&Outer { a: 1, b: (1, Fails) }).unwrap_err();
    assert_eq!((error.path.as_str(), error.message.as_str()), ("$.b[1]", "no"));
}

pub(in crate::json) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c\"\\\\\\x00é😀 ]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = "[a-c\"\\\\ é]{0,3}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_read_back_and_equal_to_serde_jsons_text(value in any_json()) {
        let canonical = to_canonical(&value).unwrap();
        prop_assert_eq!(&serde_json::from_slice::<Value>(&canonical).unwrap(), &value);
        // serde_json keeps objects in a `BTreeMap`, so that its own text is sorted.
        let expected = serde_json::to_string(&value).unwrap().replace("e+", "e");
        prop_assert_eq!(String::from_utf8(canonical).unwrap(), expected);
    }

    #[test]
    fn the_order_of_insertion_does_not_show(entries in prop::collection::vec((".{0,3}", any::<u8>()), 0..20)) {
        let sorted: BTreeMap<_, _> = entries.iter().cloned().collect();
        let hashed: HashMap<_, _> = entries.into_iter().collect();
        prop_assert_eq!(text(&hashed), text(&sorted));
        prop_assert_eq!(text(&sorted), serde_json::to_string(&sorted).unwrap());
    }
}
