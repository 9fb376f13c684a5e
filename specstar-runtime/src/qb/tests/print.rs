//! Every tree prints as an expression that is read as the same tree.

use proptest::prelude::*;

use crate::datetime::Timestamp;
use crate::qb::{Condition, Form, Period, Query, Question, Sort, Unit, parse_at};
use crate::query::{Literal, Operator, Quantifier};

const NOW: Timestamp = Timestamp(0);

/// Names of fields, some of them of metadata.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[^\0]{0,12}", Just("created_time".to_owned()), Just("is_deleted".to_owned())]
}

fn literal() -> impl Strategy<Value = Literal> {
    let years_1_to_9999 = -62_135_596_800_000_000..=253_402_300_799_999_999_i64;
    let leaf = prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::from),
        any::<i64>().prop_map(Literal::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Literal::from),
        "[^\0]{0,12}".prop_map(Literal::from),
        years_1_to_9999.prop_map(|micros| Literal::DateTime(Timestamp(micros))),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| prop::collection::vec(inner, 0..4).prop_map(Literal::List))
}

fn any_operator() -> impl Strategy<Value = Operator> {
    let more = [Operator::IContains, Operator::IStartsWith, Operator::IEndsWith, Operator::Like];
    let all: Vec<Operator> = Operator::STRUCTURED.into_iter().chain(more).collect();
    prop::sample::select(all)
}

fn element_operator() -> impl Strategy<Value = Operator> {
    use Operator::{Contains, EndsWith, Eq, IContains, IEndsWith, IStartsWith, Ne, Regex, StartsWith};
    prop::sample::select(vec![
        Eq,
        Ne,
        Contains,
        StartsWith,
        EndsWith,
        Regex,
        IContains,
        IStartsWith,
        IEndsWith,
    ])
}

fn form_and_operator() -> impl Strategy<Value = (Form, Operator)> {
    let elements = prop::sample::select(vec![Quantifier::Any, Quantifier::All]).prop_map(Form::Elements);
    prop_oneof![
        (Just(Form::Value), any_operator()),
        (Just(Form::Length), any_operator()),
        (elements, element_operator()),
    ]
}

fn period() -> impl Strategy<Value = Period> {
    let unit = prop_oneof![
        Just(Unit::Today),
        Just(Unit::Yesterday),
        (0..7_u8).prop_map(|start| Unit::ThisWeek { start }),
        Just(Unit::ThisMonth),
        Just(Unit::ThisYear),
        any::<i64>().prop_map(Unit::LastDays),
    ];
    (unit, prop::option::of(-23..=23_i8)).prop_map(|(unit, offset)| Period { unit, offset })
}

fn condition() -> impl Strategy<Value = Condition> {
    let question = prop_oneof![
        4 => (form_and_operator(), literal())
            .prop_map(|((form, operator), operand)| Question::Is { form, operator, operand }),
        1 => Just(Question::Truthy),
        1 => Just(Question::Empty),
        1 => Just(Question::Blank),
        1 => period().prop_map(Question::During),
    ];
    let leaf = prop_oneof![
        1 => Just(Condition::All),
        9 => (name(), question).prop_map(|(name, question)| Condition::test(name, question)),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| left.and(right)),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| left.or(right)),
            inner.prop_map(|inner| inner.negated().unwrap_or_default()),
        ]
    })
}

fn query() -> impl Strategy<Value = Query> {
    let sort = (name(), any::<bool>()).prop_map(|(name, descending)| Sort::field(name, descending));
    let page = || prop::option::of(0..=i64::MAX as u64);
    (condition(), prop::collection::vec(sort, 0..4), page(), page()).prop_map(
        |(condition, sorts, limit, offset)| {
            let mut query = Query::new(condition);
            (query.sorts, query.limit, query.offset) = (sorts, limit, offset);
            query
        },
    )
}

proptest! {
    #[test]
    fn a_tree_is_read_as_it_was_printed(query in query()) {
        let text = query.to_string();
        let read = parse_at(&text, NOW).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read, query, "{}", text);
    }
}
