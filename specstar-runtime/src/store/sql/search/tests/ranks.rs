//! Conditions and orders by similarity.

use serde_json::{Value, json};

use super::bench::Bench;
use crate::query::fixture::SPECIMEN;
use crate::query::{Blame, Literal, Predicate, Scope, SortKey, Target};

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
        [5, 3],
        "the query of the order stands after the condition"
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
