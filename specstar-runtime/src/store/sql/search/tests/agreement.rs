//! For any rows and any condition, the engine finds what the evaluation in memory finds.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::bench::{Bench, Stored};
use crate::datetime::Timestamp;
use crate::descriptor::Metric;
use crate::query::fixture::SPECIMEN;
use crate::query::{Comparison, Literal, MetaField, Operator, Predicate, Quantifier, Scope, SortKey, Target};

const OPERATORS: [Operator; 20] = [
    Operator::Eq,
    Operator::Ne,
    Operator::Gt,
    Operator::Gte,
    Operator::Lt,
    Operator::Lte,
    Operator::Contains,
    Operator::StartsWith,
    Operator::EndsWith,
    Operator::In,
    Operator::NotIn,
    Operator::ContainsAny,
    Operator::IsNull,
    Operator::Exists,
    Operator::IsNa,
    Operator::Regex,
    Operator::IContains,
    Operator::IStartsWith,
    Operator::IEndsWith,
    Operator::Like,
];

const TEXTS: [&str; 22] = [
    "",
    "a",
    "A",
    "ab",
    "b",
    "ba",
    "é",
    "É",
    "a\0b",
    "%",
    "_",
    "\\",
    "10",
    "1.5",
    "0.0",
    "\u{10ffff}",
    "\u{d7ff}",
    "\u{e000}",
    " \t",
    "'",
    "ann",
    "2024-01-01",
];
/// Texts of several words, for what is not about single characters.
const PHRASES: [&str; 8] = [
    "Alice Cooper",
    "alice coper",
    "cooper's band",
    "al-ice",
    "the alice band, the cooper band",
    "ab ba",
    "specimen:1",
    "Eva éva",
];
const INTEGERS: [i64; 11] =
    [i64::MIN, -1, 0, 1, 2, 10, 15, 2000, 9_007_199_254_740_992, 9_007_199_254_740_993, i64::MAX];
const FLOATS: [f64; 11] =
    [-1.5, -0.0, 0.0, 0.1, 0.300_000_000_000_000_04, 1.0, 1.5, 10.0, 9_007_199_254_740_992.0, 9.3e18, 1e300];
const TIMES: [&str; 6] = [
    "2024-01-01T00:00:00Z",
    "2024-01-01T08:00:00+08:00",
    "2024-01-01T00:00:00.000001",
    "1970-01-01T00:00:00.004Z",
    "1969-12-31 23:59",
    "2999-12-31T23:59:59.999999-12:00",
];

fn or_null(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![4 => values, 1 => Just(Value::Null)]
}

fn list(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let lists = prop::collection::vec(values, 0..4).prop_map(Value::Array);
    prop_oneof![6 => lists, 1 => Just(Value::Null)]
}

pub(crate) fn data() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![select(&TEXTS[..]), select(&PHRASES[..])].prop_map(Value::from);
    let integer = || select(&INTEGERS[..]).prop_map(Value::from);
    let float = || select(&FLOATS[..]).prop_map(Value::from);
    let bit = || any::<bool>().prop_map(Value::from);
    let time = || select(&TIMES[..]).prop_map(Value::from);
    let scalars = (or_null(text()), or_null(integer()), or_null(float()), or_null(bit()), or_null(time()));
    let lists = (list(text()), list(integer()), list(float()), list(bit()), list(time()));
    let place = or_null(vector(2..4).prop_map(Value::from));
    (scalars, lists, or_null(text()), place).prop_map(|((a, b, c, d, e), (f, g, h, i, j), city, place)| {
        json!({
            "name": a, "age": b, "score": c, "active": d, "due": e, "address": {"city": city}, "tags": f,
            "nums": g, "ratios": h, "flags": i, "a \"quoted\" key": j, "created_by": 1, "place": place,
        })
    })
}

fn vector(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(select(&FLOATS[..]), length)
}

/// Some distance from some vector.
pub(crate) fn within() -> impl Strategy<Value = Predicate> {
    let comparisons = vec![Comparison::Lt, Comparison::Lte, Comparison::Gt, Comparison::Gte];
    let bounds = select(&[-5.0, 0.0, 0.5, 1.0, 1.5, 1e300][..]);
    let parts = (select(&Metric::ALL[..]), vector(3..4), select(comparisons), bounds);
    parts.prop_map(|(metric, origin, comparison, bound)| {
        let place = Target::find(&SPECIMEN, "place", Scope::Data);
        place.within(metric, &origin.into(), comparison, bound).expect("a vector")
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    let scalar = || {
        prop_oneof![
            4 => select(&TEXTS[..]).prop_map(Literal::from),
            2 => select(&PHRASES[..]).prop_map(Literal::from),
            4 => select(&INTEGERS[..]).prop_map(Literal::from),
            3 => select(&FLOATS[..]).prop_map(Literal::from),
            2 => any::<bool>().prop_map(Literal::from),
            3 => select(&TIMES[..]).prop_map(Literal::from),
            1 => select(vec![0, 2_000, 1_704_067_200_000_000]).prop_map(|at| Literal::DateTime(Timestamp(at))),
            1 => select(vec!["specimen:1:2", "specimen:2:1", "specimen:2:01", "specimen:3", "stable"])
                .prop_map(Literal::from),
            1 => Just(Literal::Null),
            1 => Just(Literal::Object),
        ]
    };
    let scalars = prop::collection::vec(scalar(), 0..5).prop_map(Literal::List);
    let lists = prop::collection::vec(prop::collection::vec(scalar(), 0..3).prop_map(Literal::List), 0..3);
    prop_oneof![8 => scalar(), 4 => scalars, 1 => lists.prop_map(Literal::List)]
}

/// Conditions of every kind. Where a random operand does not fit, a null check stands instead.
pub(crate) fn condition() -> impl Strategy<Value = Predicate> {
    let data = SPECIMEN.indexes.iter().map(|index| (index.key, Scope::Data));
    let meta = MetaField::ALL.map(|field| (field.as_str(), Scope::Everything));
    let names: Vec<_> = data.chain(meta).chain([("nowhere", Scope::Everything)]).collect();
    let parts = (select(names), 0..9, select(&OPERATORS[..]), literal());
    parts.prop_map(|((name, scope), form, operator, literal)| {
        let target = Target::find(&SPECIMEN, name, scope);
        let condition = match form {
            0 => Ok(target.truthy()),
            1 => target.is_blank().map(|blank| blank | target.is_empty()),
            2 => target.length(operator, &literal),
            3 => target.quantified(Quantifier::Any, operator, &literal),
            4 => target.fuzzy(&literal, Some(&Literal::Float(0.3))),
            5 => target.quantified(Quantifier::All, operator, &literal),
            _ => target.condition(operator, &literal),
        };
        let null = || target.condition(Operator::IsNull, &Literal::Bool(true));
        condition.or_else(|_| null()).expect("a null check fits every field")
    })
}

/// Sort keys of every kind.
pub(crate) fn sort() -> impl Strategy<Value = SortKey> {
    let names: Vec<_> = SPECIMEN.indexes.iter().map(|index| index.key).chain(["created_by"]).collect();
    let queries = (select(&PHRASES[..]), select(&Metric::ALL[..]), vector(3..4));
    let parts = (select(names), any::<bool>(), queries, any::<bool>(), any::<bool>());
    parts.prop_map(|(name, meta, (query, metric, origin), ranked, descending)| {
        let target = Target::find(&SPECIMEN, name, if meta { Scope::Everything } else { Scope::Data });
        let similarity = target.similarity(&query.into());
        let ranking = similarity.or_else(|_| target.distance(metric, &origin.into())).ok().flatten();
        match (ranking, target.found()) {
            (Some(ranking), _) if ranked => SortKey::ranked(ranking, descending),
            (_, Some((field, shape))) if !shape.list => SortKey::new(field, descending),
            _ => SortKey::new(MetaField::UpdatedTime, descending),
        }
    })
}

pub(crate) fn predicate() -> impl Strategy<Value = Predicate> {
    prop_oneof![8 => condition(), 1 => within()].prop_recursive(3, 12, 3, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            parts().prop_map(Predicate::all),
            parts().prop_map(Predicate::any),
            inner.clone().prop_map(|inner| !inner),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_agrees_with_memory(
        rows in prop::collection::vec(data(), 1..12),
        conditions in prop::collection::vec(condition(), 40),
        predicates in prop::collection::vec(predicate(), 10),
        distances in prop::collection::vec(within(), 10),
        orders in prop::collection::vec(prop::collection::vec(sort(), 1..3), 20),
    ) {
        let bench = Bench::new(rows.iter().zip(1..).map(|(data, pk)| Stored::new(pk, data)).collect());
        for predicate in conditions.iter().chain(&predicates).chain(&distances) {
            bench.agrees(predicate);
        }
        for sorts in &orders {
            bench.orders(sorts);
        }
    }
}
