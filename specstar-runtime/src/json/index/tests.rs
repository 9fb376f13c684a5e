use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::descriptor::{FieldDescriptor, Identity};
use crate::json::canonical::tests::any_json;
use crate::json::to_canonical;

/// A descriptor of these fields and indexes; the tests leak a few bytes each.
pub(in crate::json) fn descriptor(
    fields: &'static [FieldDescriptor],
    indexes: &[IndexDescriptor],
) -> ResourceDescriptor {
    ResourceDescriptor {
        id: Identity { name: "item", path: "tests::Item", type_name: "Item", name_hash: 1, path_hash: 2 },
        docs: "",
        schema_version: None,
        older_versions: &[],
        default_status: None,
        id_generator: None,
        unknown_fields: None,
        on_decode_error: None,
        openapi: true,
        fields,
        indexes: Box::leak(indexes.to_vec().into_boxed_slice()),
        uniques: &[],
        references: &[],
        display_name: None,
        job: None,
    }
}

fn index(path: &'static [&'static str], kind: IndexKind, list: bool) -> IndexDescriptor {
    IndexDescriptor { list, nullable: true, ..IndexDescriptor::new(path[path.len() - 1], path, kind) }
}

fn row(indexes: &[IndexDescriptor], value: &Value) -> Result<Vec<IndexEntry>, DecodeError> {
    let canonical = to_canonical(value).unwrap();
    index_row(&descriptor(&[], indexes), &canonical).map(|row| row.entries)
}

fn one(kind: IndexKind, value: &Value) -> Result<IndexValue, String> {
    match row(&[index(&["f"], kind, false)], &json!({ "f": value })) {
        Ok(entries) => match &entries[..] {
            [IndexEntry::Scalar(value)] => Ok(value.clone()),
            other => panic!("{other:?}"),
        },
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn each_kind_reads_its_json() {
    use IndexValue::{Float, Integer, Null, Text};
    let text = "é\"\\/\n😀";
    assert_eq!(one(IndexKind::Text, &json!(text)), Ok(Text(text.to_owned())));
    assert_eq!(one(IndexKind::Integer, &json!(i64::MIN)), Ok(Integer(i64::MIN)));
    assert_eq!(one(IndexKind::Float, &json!(1.5)), Ok(Float(1.5)));
    assert_eq!(one(IndexKind::Float, &json!(3)), Ok(Float(3.0)));
    assert_eq!(one(IndexKind::Float, &json!(1e300)), Ok(Float(1e300)));
    assert_eq!(one(IndexKind::Boolean, &json!(true)), Ok(Integer(1)));
    assert_eq!(one(IndexKind::Boolean, &json!(false)), Ok(Integer(0)));
    for kind in [IndexKind::Text, IndexKind::Integer, IndexKind::Float, IndexKind::DateTime] {
        assert_eq!(one(kind, &Value::Null), Ok(Null));
    }
}

#[test]
fn date_times_are_instants() {
    let micros = |text: &str| one(IndexKind::DateTime, &json!(text));
    assert_eq!(micros("1970-01-01T00:00:01Z"), Ok(IndexValue::Integer(1_000_000)));
    assert_eq!(micros("1970-01-01T02:00:00+02:00"), Ok(IndexValue::Integer(0)));
    assert_eq!(micros("1970-01-01T00:00:00.000001"), Ok(IndexValue::Integer(1)));
    assert_eq!(micros("1970-01-01T00:00:00.123456789Z"), Ok(IndexValue::Integer(123_457)));
    assert!(micros("1970-01-01").is_err());
}

#[test]
fn misfits_name_their_path() {
    let error = one(IndexKind::Integer, &json!(u64::MAX)).unwrap_err();
    assert_eq!(
        error,
        "an indexed integer must be between -9223372036854775808 and 9223372036854775807 - at `$.f`"
    );
    let nul = "indexed text cannot contain U+0000 - at `$.f`";
    assert_eq!(one(IndexKind::Text, &json!("a\0")).unwrap_err(), nul);
    assert_eq!(one(IndexKind::Text, &json!(1)).unwrap_err(), "the index `f` needs text - at `$.f`");
    assert!(one(IndexKind::Integer, &json!(1.5)).is_err());
    assert!(one(IndexKind::Integer, &json!("1")).is_err());
    assert!(one(IndexKind::Float, &json!(true)).is_err());
    assert!(one(IndexKind::Boolean, &json!(1)).is_err());
    assert!(one(IndexKind::DateTime, &json!(1)).is_err());
    let nested = [index(&["a", "b c"], IndexKind::Integer, true)];
    let error = row(&nested, &json!({"a": {"b c": [1, "2"]}})).unwrap_err();
    assert_eq!(error.path, r#"$.a["b c"][1]"#);
    assert_eq!(row(&nested, &json!({"a": {"b c": 1}})).unwrap_err().path, r#"$.a["b c"]"#);
}

#[test]
fn paths_lead_through_nulls_and_gaps_to_nothing() {
    let city =
        [index(&["addr", "city"], IndexKind::Text, false), index(&["addr", "tags"], IndexKind::Text, true)];
    let nothing = vec![IndexEntry::Scalar(IndexValue::Null), IndexEntry::List(None)];
    for value in [
        json!({}),
        json!({"addr": null}),
        json!({"addr": {}}),
        json!({"addr": {"city": null, "tags": null}}),
        json!({"addr": 1}),
    ] {
        assert_eq!(row(&city, &value).unwrap(), nothing, "{value}");
    }
    let value = json!({"addr": {"city": "Rome", "tags": []}});
    let found = vec![IndexEntry::Scalar(IndexValue::Text("Rome".to_owned())), IndexEntry::List(Some(vec![]))];
    assert_eq!(row(&city, &value).unwrap(), found);
}

#[test]
fn lists_keep_the_first_of_equal_elements() {
    let list = |kind, value: Value| match row(&[index(&["f"], kind, true)], &json!({ "f": value })) {
        Ok(entries) => entries,
        Err(error) => panic!("{error}"),
    };
    let integers = |values: &[i64]| {
        vec![IndexEntry::List(Some(values.iter().copied().map(IndexValue::Integer).collect()))]
    };
    assert_eq!(list(IndexKind::Integer, json!([3, 1, 3, 2, 1])), integers(&[3, 1, 2]));
    let many: Vec<i64> = (0..100).collect();
    let twice: Vec<i64> = many.iter().flat_map(|n| [*n, 99 - *n, 5]).collect();
    let mut expected = Vec::new();
    for n in &twice {
        if !expected.contains(n) {
            expected.push(*n);
        }
    }
    assert_eq!(list(IndexKind::Integer, json!(twice)), integers(&expected));
    let zeros = list(IndexKind::Float, json!([0.0, -0.0, 1.0, 1]));
    assert_eq!(zeros, vec![IndexEntry::List(Some(vec![IndexValue::Float(0.0), IndexValue::Float(1.0)]))]);
    let text = |text: &str| IndexValue::Text(text.to_owned());
    assert_eq!(
        list(IndexKind::Text, json!(["a", null, "b", "a", null])),
        vec![IndexEntry::List(Some(vec![text("a"), IndexValue::Null, text("b")]))]
    );
}

#[test]
fn indexed_data_is_copied_in_the_order_of_the_indexes() {
    let mut path_index = index(&["addr", "city"], IndexKind::Text, false);
    path_index.key = "town\"";
    let indexes = [
        path_index,
        index(&["tags"], IndexKind::Text, true),
        index(&["at"], IndexKind::DateTime, false),
        index(&["gone"], IndexKind::Text, false),
        index(&["qty"], IndexKind::Float, false),
    ];
    let json =
        br#"{"qty":1.50,"tags":["a","a"],"at":"2024-01-02T03:04:05+02:00","addr":{"x":0,"city":"R\"ome"}}"#;
    let mut out = b">".to_vec();
    write_indexed_data(&descriptor(&[], &indexes), json, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#">{"town\"":"R\"ome","tags":["a","a"],"at":"2024-01-02T03:04:05+02:00","gone":null,"qty":1.50}"#
    );
}

#[test]
fn damaged_payloads_are_survived() {
    let indexes = [index(&["b"], IndexKind::Text, false), index(&["c"], IndexKind::Integer, true)];
    let descriptor = descriptor(&[], &indexes);
    let json = br#"{"a":{"x":"\""},"b":"t\u0041","c":[1,2]}"#;
    for cut in 0..json.len() - 1 {
        let error = index_row(&descriptor, &json[..cut]).unwrap_err();
        assert_eq!(error.message, "the stored JSON is damaged", "{cut}");
        let mut out = Vec::new();
        write_indexed_data(&descriptor, &json[..cut], &mut out);
        assert!(serde_json::from_slice::<Value>(&out).is_ok(), "{cut}");
    }
    assert!(index_row(&descriptor, json).is_ok());
}

#[test]
fn more_indexes_than_usual_are_read_too() {
    let names: Vec<&'static str> = (0..40).map(|n| &*Box::leak(format!("f{n}").into_boxed_str())).collect();
    let indexes: Vec<_> = names
        .iter()
        .map(|name| index(Box::leak(vec![*name].into_boxed_slice()), IndexKind::Integer, false))
        .collect();
    let value: serde_json::Map<_, _> =
        names.iter().zip(0..).map(|(name, n)| ((*name).to_owned(), json!(n))).collect();
    let expected: Vec<_> = (0..40).map(|n| IndexEntry::Scalar(IndexValue::Integer(n))).collect();
    assert_eq!(row(&indexes, &Value::Object(value)).unwrap(), expected);
}

/// The same by way of a parsed document.
fn naive(index: &IndexDescriptor, document: &Value) -> Option<IndexEntry> {
    let value = index.path.iter().try_fold(document, |value, name| value.get(name));
    let value = value.unwrap_or(&Value::Null);
    if !index.list {
        return naive_scalar(index.kind, value).map(IndexEntry::Scalar);
    }
    match value {
        Value::Null => Some(IndexEntry::List(None)),
        Value::Array(elements) => {
            let mut distinct = Vec::new();
            for element in elements {
                let value = naive_scalar(index.kind, element)?;
                if !distinct.contains(&value) {
                    distinct.push(value);
                }
            }
            Some(IndexEntry::List(Some(distinct)))
        }
        _ => None,
    }
}

fn naive_scalar(kind: IndexKind, value: &Value) -> Option<IndexValue> {
    match (kind, value) {
        (_, Value::Null) => Some(IndexValue::Null),
        (IndexKind::Text, Value::String(text)) if !text.contains('\0') => {
            Some(IndexValue::Text(text.clone()))
        }
        (IndexKind::Integer, value) => value.as_i64().map(IndexValue::Integer),
        (IndexKind::Float, value) => value.as_f64().map(IndexValue::Float),
        (IndexKind::Boolean, Value::Bool(value)) => Some(IndexValue::Integer(i64::from(*value))),
        _ => None,
    }
}

proptest! {
    #[test]
    fn rows_agree_with_a_parsed_document(
        document in prop::collection::hash_map("[ab\"é]", any_json(), 0..5),
        kind in prop::sample::select(vec![IndexKind::Text, IndexKind::Integer, IndexKind::Float, IndexKind::Boolean]),
        list in any::<bool>(),
    ) {
        let document = Value::Object(document.into_iter().collect());
        for path in [&["a"][..], &["\""], &["é"], &["a", "b"], &["b", "a", "\""]] {
            let index = index(path, kind, list);
            let row = row(&[index], &document).ok();
            prop_assert_eq!(row, naive(&index, &document).map(|entry| vec![entry]));
        }
    }

    #[test]
    fn no_text_panics(json in prop::collection::vec(prop::sample::select(br#"{}[]",:a\1 n"#.to_vec()), 0..40)) {
        let indexes = [index(&["a", "a"], IndexKind::Text, false), index(&["a"], IndexKind::Integer, true)];
        let descriptor = descriptor(&[], &indexes);
        let _ = index_row(&descriptor, &json);
        write_indexed_data(&descriptor, &json, &mut Vec::new());
    }
}
