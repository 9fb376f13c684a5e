use super::*;
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
    fn value<T>(operand: impl Operand<T>) -> IndexValue {
        operand.into_index_value()
    }
    let expected = IndexValue::Text("a".into());
    assert_eq!(value::<String>("a"), expected);
    assert_eq!(value::<String>(&String::from("a")), expected);
    assert_eq!(value::<Ref<()>>("a"), expected);
    assert_eq!(value::<Ref<()>>(Ref::new("a")), expected);
    assert_eq!(value::<Option<String>>("a"), expected);
    assert_eq!(value::<Option<u8>>(7), IndexValue::Integer(7));
    assert_eq!(value::<i64>(7), IndexValue::Integer(7));
}
