use super::*;
use crate::query::Literal;
use crate::reference::Ref;

fn shape<T: IndexField>() -> (IndexKind, bool, bool) {
    (<T::Scalar as IndexKey>::KIND, T::LIST, T::NULLABLE)
}

#[test]
fn containers_add_list_and_null_to_the_scalar() {
    assert_eq!(shape::<String>(), (IndexKind::Text, false, false));
    assert_eq!(shape::<Option<u8>>(), (IndexKind::Integer, false, true));
    assert_eq!(shape::<Vec<bool>>(), (IndexKind::Boolean, true, false));
    assert_eq!(shape::<Option<Vec<f32>>>(), (IndexKind::Float, true, true));
    assert_eq!(shape::<Option<Ref<()>>>(), (IndexKind::Text, false, true));
    assert_eq!(shape::<Vec<uuid::Uuid>>(), (IndexKind::Text, true, false));
    assert_eq!(shape::<Option<DateTime>>(), (IndexKind::DateTime, false, true));
}

#[test]
fn values_take_the_form_of_the_index() {
    assert_eq!(true.to_index_value(), IndexValue::Integer(1));
    assert_eq!('ß'.to_index_value(), IndexValue::Text("ß".into()));
    assert_eq!(i64::MIN.to_index_value(), IndexValue::Integer(i64::MIN));
    assert_eq!(0.5_f32.to_index_value(), IndexValue::Float(0.5));
    assert_eq!(u64::MAX.to_index_value(), IndexValue::Float(18_446_744_073_709_551_615.0));
    assert_eq!(
        uuid::Uuid::nil().to_index_value(),
        IndexValue::Text("00000000-0000-0000-0000-000000000000".into())
    );
}

#[test]
fn text_fields_take_borrowed_and_owned_operands() {
    fn value<T>(operand: impl Operand<T>) -> Literal {
        operand.into_literal()
    }
    let expected = Literal::Text("a".into());
    assert_eq!(value::<String>("a"), expected);
    assert_eq!(value::<String>(&String::from("a")), expected);
    assert_eq!(value::<Ref<()>>("a"), expected);
    assert_eq!(value::<Ref<()>>(Ref::new("a")), expected);
    assert_eq!(value::<Option<String>>("a"), expected);
    assert_eq!(value::<Option<u8>>(7), Literal::Integer(7));
    assert_eq!(value::<i64>(7), Literal::Integer(7));
    assert_eq!(value::<f64>(7), Literal::Integer(7));
    assert_eq!(value::<Option<bool>>(true), Literal::Bool(true));
}

#[test]
fn lists_take_arrays_vectors_and_slices() {
    fn value<T>(operand: impl Operand<T>) -> Literal {
        operand.into_literal()
    }
    let expected = Literal::List(vec!["a".into(), "b".into()]);
    let owned = vec![String::from("a"), String::from("b")];
    assert_eq!(value::<Vec<String>>(["a", "b"]), expected);
    assert_eq!(value::<Vec<String>>(&["a", "b"]), expected);
    assert_eq!(value::<Vec<String>>(owned.as_slice()), expected);
    assert_eq!(value::<Option<Vec<String>>>(&owned), expected);
    assert_eq!(value::<Option<Vec<Ref<()>>>>(owned), expected);
    assert_eq!(value::<Vec<u8>>([] as [std::convert::Infallible; 0]), Literal::List(Vec::new()));
}

#[test]
fn date_time_fields_take_any_instant() {
    use crate::datetime::Timestamp;
    fn value<T>(operand: impl Operand<T>) -> Literal {
        operand.into_literal()
    }
    let at = Timestamp(1_000_000);
    let expected = Literal::DateTime(at);
    assert_eq!(value::<DateTime>(at), expected);
    assert_eq!(value::<Option<DateTime>>(DateTime::try_from(at).expect("a date")), expected);
    assert_eq!(value::<DateTime>(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)), expected);
}

/// A lookup compares with the value the document is indexed by, for the JSON form of the type.
#[cfg(any(feature = "time", feature = "chrono", feature = "jiff"))]
fn indexed_as_looked_up<T: IndexKey>(value: &T, json: &str) {
    use crate::descriptor::{Identity, IndexDescriptor, ResourceDescriptor};
    static DESCRIPTOR: ResourceDescriptor = ResourceDescriptor {
        id: Identity::new("visit", "tests::Visit", "Visit"),
        docs: "",
        schema_version: None,
        older_versions: &[],
        default_status: None,
        id_generator: None,
        unknown_fields: None,
        on_decode_error: None,
        openapi: false,
        fields: &[],
        indexes: &[IndexDescriptor::new("at", &["at"], IndexKind::DateTime)],
        uniques: &[],
        references: &[],
        display_name: None,
        job: None,
    };
    let document = format!("{{\"at\":{json}}}");
    let row = crate::json::index_row(&DESCRIPTOR, document.as_bytes()).expect("an instant");
    assert_eq!(row.entries, [crate::json::IndexEntry::Scalar(value.to_index_value())], "{json}");
}

#[cfg(feature = "time")]
#[test]
fn time_is_indexed_as_its_instant() {
    let at = time::macros::datetime!(2024-01-02 03:04:05.123_456_789 +02:00);
    let text = at.format(&time::format_description::well_known::Rfc3339).expect("it is in range");
    indexed_as_looked_up(&at, &format!("\"{text}\""));
}

#[cfg(feature = "chrono")]
#[test]
fn chrono_is_indexed_as_its_instant() {
    let at = chrono::DateTime::parse_from_rfc3339("2024-01-02T03:04:05.123456789+02:00").expect("a date");
    indexed_as_looked_up(&at, &serde_json::to_string(&at).expect("JSON"));
    let utc = at.with_timezone(&chrono::Utc);
    indexed_as_looked_up(&utc, &serde_json::to_string(&utc).expect("JSON"));
}

#[cfg(feature = "jiff")]
#[test]
fn jiff_is_indexed_as_its_instant() {
    let at: jiff::Timestamp = "1969-12-31T23:59:59.123456789Z".parse().expect("a date");
    indexed_as_looked_up(&at, &serde_json::to_string(&at).expect("JSON"));
}
