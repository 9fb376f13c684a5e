//! Conditions against fields.

use crate::datetime::Timestamp;
use crate::query::fixture::SPECIMEN;
use crate::query::{
    Blame, Checker, ConditionError, Field, Literal, MetaField, Operator, Predicate, Quantifier, QueryError,
    Scope, Target, Truth, UnindexedPolicy,
};

fn target(name: &str) -> Target<'_> {
    Target::find(&SPECIMEN, name, Scope::Everything)
}

fn refused(name: &str, operator: Operator, literal: impl Into<Literal>) -> ConditionError {
    target(name).condition(operator, &literal.into()).expect_err("a condition that does not fit")
}

fn says(name: &str, operator: Operator, literal: impl Into<Literal>, text: &str) {
    assert_eq!(refused(name, operator, literal).to_string(), text);
}

#[test]
fn an_order_needs_a_value_of_the_same_family() {
    use Operator::{Gt, Gte, Lt, Lte};
    says("age", Gt, "30", "field 'age' is an integer and cannot be ordered against a string");
    says("name", Lt, 5, "field 'name' is a string and cannot be ordered against an integer");
    says("due", Gte, 5, "field 'due' is a date-time and cannot be ordered against an integer");
    says("name", Lte, Timestamp(0), "field 'name' is a string and cannot be ordered against a date-time");
    says("tags", Gt, "a", "field 'tags' is a list and cannot be ordered");
    says("age", Lt, Literal::Null, "'lt' wants a value with an order, found null");
    says("nowhere", Lt, Literal::Null, "'lt' wants a value with an order, found null");
    says("due", Gt, "yesterday", "field 'due' is a date-time and 'yesterday' is not an ISO 8601 date-time");
    says(
        "created_time",
        Gt,
        true,
        "field 'created_time' is a date-time and cannot be ordered against a boolean",
    );
}

#[test]
fn a_text_operator_needs_a_field_with_a_text() {
    use Operator::{Contains, EndsWith, IContains, Like, Regex, StartsWith};
    says("active", Contains, "r", "'contains' does not apply to field 'active', which is a boolean");
    says("due", Like, "2024%", "'like' does not apply to field 'due', which is a date-time");
    for operator in [StartsWith, EndsWith, IContains, Regex, Like] {
        let error = refused("tags", operator, "a%");
        assert!(matches!(error, ConditionError::TextOfList { .. }), "{error}");
        assert_eq!(error.blame(), Blame::Operator);
    }
    says(
        "tags",
        StartsWith,
        "a",
        "'starts_with' does not apply to the list field 'tags'; use QB[\"tags\"].any().starts_with(...)",
    );
    assert!(target("tags").is_blank().is_err());
}

#[test]
fn operands_have_the_form_their_operator_wants() {
    use Operator::{Contains, In, IsNull, Regex};
    says("name", In, "Bob", "'in' wants a list, found a string");
    says("nowhere", In, 5, "'in' wants a list, found an integer");
    says("name", IsNull, 1, "'is_null' wants true or false, found an integer");
    says("name", Regex, 5, "'regex' wants a string, found an integer");
    says("name", Contains, Literal::Null, "'contains' wants a string or a number, found null");
    says("name", Contains, true, "'contains' wants a string or a number, found a boolean");
    says("name", Regex, "(", "the pattern is not valid: unclosed group");
    says("nowhere", Regex, "[", "the pattern is not valid: unclosed character class");
    says("name", In, vec![1; 1001], "a list has at most 1000 elements, found 1001");
    assert_eq!(refused("name", Regex, "(").blame(), Blame::Operand);
    // A list takes any element, and a value of another family is in no list.
    assert!(target("tags").condition(Contains, &Literal::Null).is_ok());
}

#[test]
fn quantifiers_and_lengths_have_operators_of_their_own() {
    let any = target("tags").quantified(Quantifier::Any, Operator::Gt, &1.into());
    assert_eq!(any.expect_err("no order").to_string(), "'gt' does not apply to any()");
    let length = target("tags").length(Operator::Contains, &"1".into());
    assert_eq!(length.expect_err("no text").to_string(), "'contains' does not apply to length()");
    let length = target("tags").length(Operator::Gt, &"1".into());
    let text = "field 'length()' is an integer and cannot be ordered against a string";
    assert_eq!(length.expect_err("no order").to_string(), text);
    let null = target("age").length(Operator::IsNull, &true.into());
    assert_eq!(null, Ok(Predicate::Constant(Truth::Unknown)));
}

#[test]
fn metadata_shadows_data() {
    assert_eq!(target("created_by").found().expect("known").0, Field::Meta(MetaField::CreatedBy));
    let data = Target::find(&SPECIMEN, "created_by", Scope::Data);
    assert_eq!(data.found().expect("known").0, Field::Index(11));
    for name in ["Age", "address", "tags.0", ""] {
        assert!(target(name).found().is_none(), "{name}");
    }
    assert!(MetaField::ALL.iter().all(|&field| MetaField::parse(field.as_str()) == Some(field)));
}

#[test]
fn a_query_has_a_size() {
    let mut checker = Checker::new(&SPECIMEN, UnindexedPolicy::Error);
    let condition = target("age").condition(Operator::Eq, &1.into()).expect("valid");
    for _ in 0..256 {
        checker.admit(condition.clone()).expect("within the limit");
    }
    assert_eq!(checker.admit(condition), Err(ConditionError::TooManyConditions));

    let mut checker = Checker::new(&SPECIMEN, UnindexedPolicy::Error);
    let numbers: Vec<i64> = (0..1000).collect();
    let long = target("age").condition(Operator::In, &numbers.into()).expect("valid");
    for _ in 0..7 {
        checker.admit(long.clone()).expect("within the limit");
    }
    assert_eq!(checker.admit(long), Err(ConditionError::TooManyValues));

    let mut checker = Checker::new(&SPECIMEN, UnindexedPolicy::Error);
    let pattern = target("name").condition(Operator::Regex, &"a".into()).expect("valid");
    for _ in 0..64 {
        checker.admit(pattern.clone()).expect("within the limit");
    }
    assert_eq!(checker.admit(pattern), Err(ConditionError::TooManyPatterns));
}

#[test]
fn unindexed_names_are_collected_or_refused() {
    let mut lenient = Checker::new(&SPECIMEN, UnindexedPolicy::Warn);
    for name in ["secret", "age", "is_deleted", "nope", "secret"] {
        lenient.target(name, Scope::Everything);
    }
    assert_eq!(lenient.finish(), Ok(vec!["secret".to_owned(), "nope".to_owned()]));

    let mut strict = Checker::new(&SPECIMEN, UnindexedPolicy::Error);
    strict.target("scoer", Scope::Everything);
    match strict.finish().expect_err("not indexed") {
        QueryError::Unindexed { fields, indexed, suggestion } => {
            assert_eq!(fields, ["scoer"]);
            assert_eq!(indexed.len(), SPECIMEN.indexes.len());
            assert_eq!(suggestion, Some("score"));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn trees_stay_flat() {
    let leaf = || target("age").condition(Operator::Eq, &1.into()).expect("valid");
    let chain = (0..100).fold(leaf(), |chain, _| chain & leaf());
    assert!(matches!(&chain, Predicate::And(parts) if parts.len() == 101));
    assert_eq!(chain.size().conditions, 101);
    assert_eq!(Predicate::all([leaf()]), leaf());
    assert_eq!(Predicate::any([Predicate::Constant(Truth::False), leaf()]), leaf());
    assert!(Predicate::all([]).is_everything());
    assert_eq!(!!leaf(), leaf());
}
