//! Conditions and orders by similarity.

use serde_json::{Value, json};

use super::bench::{Bench, on};
use crate::descriptor::Metric;
use crate::query::fixture::SPECIMEN;
use crate::query::{
    Blame, Comparison, Literal, Operator, Origin, Predicate, Ranking, Scope, SortKey, Target, distances,
    has_texts,
};
use crate::store::StoreError;
use crate::store::sql::search::{Access, Paths, count_sql};

fn target(name: &str) -> Target<'_> {
    Target::find(&SPECIMEN, name, Scope::Everything)
}

fn fuzzy(name: &str, query: &str, threshold: Option<f64>) -> Predicate {
    let threshold = threshold.map(Literal::Float);
    target(name).fuzzy(&query.into(), threshold.as_ref()).expect("a valid condition")
}

fn found(bench: &Bench, predicate: &Predicate) -> Vec<i64> {
    bench.agrees(predicate);
    bench.all(predicate)
}

fn page(bench: &Bench, sorts: &[SortKey]) -> Vec<i64> {
    bench.orders(sorts);
    bench.page(&Predicate::everything(), sorts, 100, 0)
}

#[test]
fn texts_that_resemble_a_query() {
    let bench = Bench::of_data(&[
        json!({"name": "Alice Cooper"}),
        json!({"name": "alicia"}),
        json!({"name": "Bob"}),
        json!({"name": Value::Null}),
        json!({"name": ""}),
    ]);
    assert_eq!(found(&bench, &fuzzy("name", "alic", None)), [1, 2]);
    assert_eq!(found(&bench, &fuzzy("name", "bobb", Some(0.6))), [3], "single precision on both sides");
    assert_eq!(found(&bench, &fuzzy("name", "bobb", Some(0.61))), [] as [i64; 0]);
    assert_eq!(found(&bench, &!fuzzy("name", "alic", None)), [3, 5], "null is unknown");
    assert_eq!(found(&bench, &fuzzy("name", "", Some(0.0))), [1, 2, 3, 5]);
    assert_eq!(found(&bench, &fuzzy("name", "x", Some(-1e300))), [1, 2, 3, 5]);
    assert_eq!(found(&bench, &fuzzy("name", "bob", Some(1e300))), [] as [i64; 0]);
}

#[test]
fn elements_of_a_list_are_words_of_one_text() {
    let bench = Bench::of_data(&[
        json!({"tags": ["quick", "fox"]}),
        json!({"tags": ["quickfox", null]}),
        json!({"tags": []}),
        json!({"tags": Value::Null}),
    ]);
    assert_eq!(found(&bench, &fuzzy("tags", "quick fox", Some(1.0))), [1]);
    assert_eq!(found(&bench, &!fuzzy("tags", "quick fox", Some(1.0))), [2, 3]);
    let ranking = target("tags").similarity(&"quick fox".into()).expect("valid").expect("indexed");
    assert_eq!(page(&bench, &[ranking.best_first()]), [1, 2, 3, 4]);
}

#[test]
fn metadata_has_words_too() {
    let bench = Bench::of_data(&vec![json!({}); 4]);
    assert_eq!(found(&bench, &fuzzy("created_by", "eva", Some(0.2))), [2]);
    assert_eq!(found(&bench, &fuzzy("resource_id", "specimen:3", Some(1.0))), [3]);
    assert_eq!(found(&bench, &!fuzzy("schema_version", "v2", None)), [] as [i64; 0]);
}

#[test]
fn the_best_come_first_and_equals_in_order_of_creation() {
    let names = ["bob", "alice", "alicia", "bob", "alice"];
    let mut data: Vec<_> = names.iter().map(|name| json!({"name": name, "age": 1})).collect();
    data.push(json!({"name": Value::Null, "age": 0}));
    let bench = Bench::of_data(&data);
    let ranking = target("name").similarity(&"alice".into()).expect("valid").expect("indexed");
    assert_eq!(page(&bench, &[ranking.clone().best_first()]), [2, 5, 3, 1, 4, 6]);
    assert_eq!(page(&bench, &[SortKey::ranked(ranking.clone(), false)]), [6, 1, 4, 3, 2, 5]);
    let (age, _) = target("age").found().expect("indexed");
    let keys = [SortKey::new(age, false), ranking.best_first()];
    assert_eq!(page(&bench, &keys), [6, 2, 5, 3, 1, 4]);
    let limited = fuzzy("name", "alice", Some(0.3));
    assert_eq!(
        bench.page(&limited, &keys, 1, 1),
        [5],
        "the query of the order is bound before the condition"
    );
}

#[test]
fn what_has_no_words_is_refused() {
    let refused = |name, query: Literal, threshold: Option<Literal>| {
        let error = target(name).fuzzy(&query, threshold.as_ref()).expect_err("not valid");
        (error.blame(), error.to_string())
    };
    let expected = "'fuzzy' wants a text or a list of texts, and field 'age' is an integer";
    assert_eq!(refused("age", "x".into(), None), (Blame::Operator, expected.into()));
    let expected = "'fuzzy' wants a text or a list of texts, and field 'nums' is a list of integers";
    assert_eq!(refused("nums", "x".into(), None), (Blame::Operator, expected.into()));
    let expected = (Blame::Operand, "'fuzzy' wants a string, found an integer".to_owned());
    assert_eq!(refused("name", 5.into(), None), expected);
    assert_eq!(refused("nowhere", 5.into(), None), expected);
    let expected = (Blame::Operand, "'fuzzy' wants a number, found a boolean".to_owned());
    assert_eq!(refused("name", "x".into(), Some(true.into())), expected);
    assert!(target("is_deleted").similarity(&"x".into()).is_err());
    assert_eq!(target("nowhere").similarity(&"x".into()), Ok(None));
    let bench = Bench::of_data(&[json!({})]);
    assert_eq!(found(&bench, &!fuzzy("nowhere", "x", None)), [] as [i64; 0]);
    assert_eq!(found(&bench, &fuzzy("name", "x", None)), [] as [i64; 0]);
}

fn places() -> Bench {
    Bench::of_data(&[
        json!({"place": [1.0, 0.0, 0.0]}),
        json!({"place": [0.0, 2.0, 0.0]}),
        json!({"place": [0.0, 0.0, 0.0]}),
        json!({"place": Value::Null}),
        json!({"place": [1.0, 0.0]}),
        json!({"place": [1.0, 0.0, 0.0]}),
    ])
}

fn near(metric: Metric, comparison: Comparison, bound: f64) -> Predicate {
    target("place").within(metric, &vec![1.0, 0.0, 0.0].into(), comparison, bound).expect("a vector")
}

fn by_distance(metric: Metric) -> SortKey {
    let ranking = target("place").distance(metric, &Literal::List(vec![1.into(), 0.into(), 0.into()]));
    ranking.expect("a vector").expect("indexed").best_first()
}

#[test]
fn vectors_within_a_distance() {
    use Comparison::{Gt, Gte, Lt, Lte};
    let bench = places();
    assert_eq!(found(&bench, &near(Metric::L2, Lte, 1.0)), [1, 3, 6]);
    assert_eq!(found(&bench, &near(Metric::L2, Gt, 1.0)), [2]);
    assert_eq!(found(&bench, &!near(Metric::L2, Lte, 1.0)), [2], "without a distance it is unknown");
    assert_eq!(found(&bench, &near(Metric::Cosine, Lt, 0.5)), [1, 6]);
    assert_eq!(found(&bench, &near(Metric::Cosine, Gte, 1.0)), [2, 3], "a zero vector has no direction");
    assert_eq!(found(&bench, &near(Metric::Ip, Lt, 0.0)), [1, 6]);
}

#[test]
fn the_nearest_come_first() {
    let bench = places();
    assert_eq!(page(&bench, &[by_distance(Metric::L2)]), [4, 5, 1, 6, 3, 2]);
    assert_eq!(page(&bench, &[by_distance(Metric::Ip)]), [4, 5, 1, 6, 2, 3]);
    let farthest = SortKey { descending: true, ..by_distance(Metric::Cosine) };
    assert_eq!(page(&bench, &[farthest]), [2, 3, 1, 6, 4, 5]);
    let near = near(Metric::L2, Comparison::Lt, 9.0);
    assert_eq!(bench.page(&near, &[by_distance(Metric::L2)], 1, 1), [6]);
}

#[test]
fn a_vector_is_a_list_without_rows_of_its_own() {
    let bench = places();
    let rows = bench.connection.query_row("SELECT count(*) FROM l_specimen", [], |row| row.get(0));
    assert_eq!(rows, Ok(0_i64));
    assert_eq!(found(&bench, &on("place", Operator::Eq, vec![1.0, 0.0])), [5]);
    assert_eq!(found(&bench, &on("place", Operator::Contains, 2)), [2]);
    assert_eq!(found(&bench, &!on("place", Operator::ContainsAny, vec![1.0, 2.0])), [3]);
    assert_eq!(found(&bench, &on("place", Operator::IsNull, true)), [4]);
    let length = target("place").length(Operator::Eq, &3.into()).expect("a list");
    assert_eq!(found(&bench, &length), [1, 2, 3, 6]);
}

#[test]
fn what_is_no_vector_is_refused() {
    let refused = |name, literal: Literal| {
        let error = target(name).distance(Metric::Cosine, &literal).expect_err("not valid");
        (error.blame(), error.to_string())
    };
    let three: Literal = vec![1.0, 2.0, 3.0].into();
    let expected = "'cosine' wants a vector, and field 'nums' is a list of integers";
    assert_eq!(refused("nums", three), (Blame::Operator, expected.into()));
    let expected = "'cosine' wants a vector, and field 'created_by' is a string";
    assert_eq!(refused("created_by", "x".into()), (Blame::Operator, expected.into()));
    let expected = "field 'place' has vectors of 3 numbers, found 2";
    assert_eq!(refused("place", vec![1.0, 2.0].into()), (Blame::Operand, expected.into()));
    for name in ["place", "nowhere"] {
        let expected = "'cosine' wants a list of numbers, found a string in it";
        assert_eq!(refused(name, vec!["x"].into()), (Blame::Operand, expected.into()));
        let expected = "'cosine' wants a list of numbers, found an integer";
        assert_eq!(refused(name, 5.into()), (Blame::Operand, expected.into()));
    }
    assert_eq!(target("nowhere").distance(Metric::Ip, &vec![1.0].into()), Ok(None));
    let equal = target("place").within(Metric::L2, &vec![0.0; 3].into(), Comparison::Eq, 0.0);
    assert_eq!(equal.expect_err("not valid").to_string(), "'eq' does not apply to l2()");
    let similarity = target("name").similarity(&"x".into()).expect("valid").expect("indexed");
    let compared = similarity.within(Comparison::Lt, 0.5).expect_err("not valid").to_string();
    assert_eq!(compared, "'lt' does not apply to similarity()");
}

#[test]
fn a_text_is_encoded_before_it_is_asked() {
    let bench = places();
    let mut predicate =
        target("place").within(Metric::L2, &"x".into(), Comparison::Lt, 1.0).expect("it has an encoder")
            & on("age", Operator::IsNull, true);
    let mut sorts = [target("place").distance(Metric::L2, &"y".into()).expect("valid").expect("indexed")]
        .map(Ranking::best_first);
    let paths = Paths::of_count(&bench.model, &predicate);
    let text = count_sql(&bench.model, &predicate, (&paths, Access::Scan));
    assert!(matches!(text, Err(StoreError::Internal(_))));
    assert!(has_texts(&predicate, &[]) && has_texts(&Predicate::everything(), &sorts));
    for distance in distances(&mut predicate, &mut sorts) {
        let Origin::Text { dim: 3, encoder: "letters", .. } = distance.origin else { panic!("{distance:?}") };
        distance.origin = Origin::Vector(vec![1.0, 0.0, 0.0]);
    }
    assert!(!has_texts(&predicate, &sorts));
    assert_eq!(found(&bench, &predicate), [1, 6]);
    assert_eq!(page(&bench, &sorts), [4, 5, 1, 6, 3, 2]);
}
