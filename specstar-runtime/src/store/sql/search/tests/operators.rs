//! What each operator finds, on rows chosen for the cases where engines go astray.

use serde_json::{Value, json};

use super::bench::{Bench, Stored, on};
use crate::datetime::Timestamp;
use crate::query::fixture::SPECIMEN;
use crate::query::{
    Field, Literal, MetaField, Operand, Operator, Predicate, Quantifier, Scope, SortKey, Target, Test,
};
use crate::store::StoreError;
use crate::store::sql::search::{Access, Paths, count_sql};

/// One row per value of a field.
fn rows(field: &str, values: &[Value]) -> Bench {
    let data: Vec<_> = values.iter().map(|value| json!({ field: value })).collect();
    Bench::of_data(&data)
}

/// The numbers of the rows found, from 1, after the engine and the memory agreed.
fn found(bench: &Bench, predicate: &Predicate) -> Vec<i64> {
    bench.agrees(predicate);
    bench.all(predicate)
}

fn target(name: &str) -> Target<'_> {
    Target::find(&SPECIMEN, name, Scope::Everything)
}

#[test]
fn integers_are_exact_and_doubles_meet_them_by_value() {
    const BIG: i64 = 9_007_199_254_740_993;
    let bench = rows("age", &[json!(30), json!(BIG), json!(BIG - 1), json!(-5), json!(1), Value::Null]);
    assert_eq!(found(&bench, &on("age", Operator::Eq, 30.0)), [1]);
    assert_eq!(found(&bench, &on("age", Operator::Eq, BIG)), [2]);
    assert_eq!(found(&bench, &on("age", Operator::Gt, BIG - 1)), [2]);
    assert_eq!(found(&bench, &on("age", Operator::Gt, 29.5)), [1, 2, 3]);
    assert_eq!(found(&bench, &on("age", Operator::Lt, -4.5)), [4]);
    assert_eq!(found(&bench, &on("age", Operator::Lte, 1e300)), [1, 2, 3, 4, 5]);
    assert_eq!(found(&bench, &on("age", Operator::Eq, true)), [5]);
    assert_eq!(found(&bench, &on("age", Operator::Eq, "30")), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("age", Operator::Ne, "30")), [1, 2, 3, 4, 5]);
    assert_eq!(found(&bench, &on("age", Operator::Ne, Literal::Null)), [1, 2, 3, 4, 5]);
}

#[test]
fn an_index_of_doubles_does_not_round_an_integer() {
    let bench = rows("score", &[json!(9_007_199_254_740_992.0), json!(0.1), json!(12.0)]);
    assert_eq!(found(&bench, &on("score", Operator::Eq, 9_007_199_254_740_993)), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("score", Operator::Lt, 9_007_199_254_740_993)), [1, 2, 3]);
    assert_eq!(found(&bench, &on("score", Operator::Gte, 9_007_199_254_740_993)), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("score", Operator::Eq, 12)), [3]);
    assert_eq!(found(&bench, &on("score", Operator::EndsWith, ".0")), [1, 3]);
    assert_eq!(found(&bench, &on("score", Operator::StartsWith, 0.1)), [2]);
}

#[test]
fn booleans_are_zero_and_one() {
    let bench = rows("active", &[json!(true), json!(false), Value::Null]);
    assert_eq!(found(&bench, &on("active", Operator::Eq, 1)), [1]);
    assert_eq!(found(&bench, &on("active", Operator::Gt, false)), [1]);
    assert_eq!(found(&bench, &on("active", Operator::Gte, -3)), [1, 2]);
    assert_eq!(found(&bench, &on("active", Operator::Eq, "true")), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("active", Operator::In, vec![true, false])), [1, 2]);
    assert_eq!(found(&bench, &!target("active").truthy()), [2, 3]);
}

#[test]
fn null_is_unknown_under_every_negation() {
    let bench = rows("name", &[json!("x"), json!(""), Value::Null, json!(" \t")]);
    for (operator, needle) in [
        (Operator::Contains, "x"),
        (Operator::StartsWith, "x"),
        (Operator::EndsWith, "x"),
        (Operator::Regex, "^x"),
    ] {
        assert_eq!(found(&bench, &on("name", operator, needle)), [1]);
        assert_eq!(found(&bench, &!on("name", operator, needle)), [2, 4]);
    }
    assert_eq!(found(&bench, &on("name", Operator::NotIn, Vec::<i64>::new())), [1, 2, 4]);
    assert_eq!(found(&bench, &on("name", Operator::In, Vec::<i64>::new())), [] as [i64; 0]);
    let either = on("name", Operator::Eq, "x") | on("name", Operator::Ne, "x");
    assert_eq!(found(&bench, &either), [1, 2, 4]);
    assert_eq!(found(&bench, &on("name", Operator::IsNull, true)), [3]);
    assert_eq!(found(&bench, &on("name", Operator::IsNa, false)), [1, 2, 4]);
    assert_eq!(found(&bench, &on("name", Operator::Exists, true)), [1, 2, 3, 4]);
    assert_eq!(found(&bench, &target("name").truthy()), [1, 4]);
    assert_eq!(found(&bench, &target("name").is_empty()), [2, 3]);
    assert_eq!(found(&bench, &target("name").is_blank().expect("a text")), [2, 3, 4]);
}

#[test]
fn a_field_nothing_is_indexed_under_is_missing() {
    let bench = rows("name", &[json!("x")]);
    assert_eq!(found(&bench, &on("secret", Operator::Ne, "x")), [] as [i64; 0]);
    assert_eq!(found(&bench, &!target("secret").truthy()), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("secret", Operator::IsNull, true)), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("secret", Operator::Exists, false)), [1]);
    assert_eq!(found(&bench, &on("secret", Operator::IsNa, true)), [1]);
    assert_eq!(found(&bench, &on("address", Operator::Exists, true)), [] as [i64; 0]);
}

#[test]
fn wildcards_and_quotes_are_literal() {
    let bench = rows(
        "name",
        &[json!("100%"), json!("a_b"), json!("a\\b"), json!("it's"), json!("Él"), json!("él\u{0}x")],
    );
    assert_eq!(found(&bench, &on("name", Operator::Contains, "%")), [1]);
    assert_eq!(found(&bench, &on("name", Operator::Contains, "_")), [2]);
    assert_eq!(found(&bench, &on("name", Operator::Contains, "\\")), [3]);
    assert_eq!(found(&bench, &on("name", Operator::Eq, "it's")), [4]);
    assert_eq!(found(&bench, &on("name", Operator::StartsWith, "é")), [6]);
    assert_eq!(found(&bench, &on("name", Operator::EndsWith, "\u{0}x")), [6]);
    assert_eq!(found(&bench, &on("name", Operator::IStartsWith, "É")), [5, 6]);
    assert_eq!(found(&bench, &on("name", Operator::IContains, "A_")), [2]);
    assert_eq!(found(&bench, &on("name", Operator::Contains, "")), [1, 2, 3, 4, 5, 6]);
    assert_eq!(found(&bench, &target("name").length(Operator::Eq, &4.into()).expect("a text")), [1, 4, 6]);
}

#[test]
fn like_covers_the_whole_text() {
    let bench =
        rows("name", &[json!("CODE-001"), json!("CODE-010"), json!("code-1"), json!("CODE\n1"), json!("")]);
    for (pattern, expected) in [
        ("CODE-%", vec![1, 2]),
        ("%1", vec![1, 3, 4]),
        ("%ODE%", vec![1, 2, 4]),
        ("CODE-0_0", vec![2]),
        ("C%1", vec![1, 4]),
        ("CODE_1", vec![4]),
        ("CODE-001", vec![1]),
        ("", vec![5]),
        ("%", vec![1, 2, 3, 4, 5]),
    ] {
        assert_eq!(found(&bench, &on("name", Operator::Like, pattern)), expected, "{pattern}");
    }
}

#[test]
fn numbers_have_a_text() {
    let bench = rows("age", &[json!(30), json!(13), json!(-3), Value::Null]);
    assert_eq!(found(&bench, &on("age", Operator::Contains, 3)), [1, 2, 3]);
    assert_eq!(found(&bench, &on("age", Operator::StartsWith, "3")), [1]);
    assert_eq!(found(&bench, &on("age", Operator::Regex, "^-?3$")), [3]);
    assert_eq!(found(&bench, &on("age", Operator::Like, "30")), [] as [i64; 0], "equality of a text");
    assert_eq!(
        found(&bench, &target("age").length(Operator::Eq, &2.into()).expect("unknown")),
        [] as [i64; 0]
    );
}

#[test]
fn date_times_are_instants() {
    let bench = rows(
        "due",
        &[
            json!("2024-01-01T00:00:00Z"),
            json!("2024-01-01T08:00:00+08:00"),
            json!("2024-01-01T00:00:00.000001Z"),
            Value::Null,
        ],
    );
    assert_eq!(found(&bench, &on("due", Operator::Eq, "2024-01-01")), [1, 2]);
    assert_eq!(found(&bench, &on("due", Operator::Gt, Timestamp(1_704_067_200_000_000))), [3]);
    assert_eq!(found(&bench, &on("due", Operator::In, vec!["2023-12-31 20:00-04"])), [1, 2]);
    assert_eq!(found(&bench, &on("due", Operator::Ne, 5)), [1, 2, 3]);
}

#[test]
fn lists_are_searched_by_element_and_compared_whole() {
    let bench = rows(
        "tags",
        &[json!(["a", "b"]), json!(["b", "a"]), json!(["a", "a"]), json!([]), Value::Null, json!(["c10"])],
    );
    assert_eq!(found(&bench, &on("tags", Operator::Contains, "a")), [1, 2, 3]);
    assert_eq!(found(&bench, &!on("tags", Operator::Contains, "a")), [4, 6]);
    assert_eq!(found(&bench, &on("tags", Operator::Contains, "c1")), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("tags", Operator::ContainsAny, vec!["b", "c10"])), [1, 2, 6]);
    assert_eq!(found(&bench, &on("tags", Operator::Eq, vec!["a", "b"])), [1]);
    assert_eq!(found(&bench, &on("tags", Operator::Eq, Vec::<i64>::new())), [4]);
    assert_eq!(found(&bench, &on("tags", Operator::Ne, Vec::<i64>::new())), [1, 2, 3, 6]);
    assert_eq!(found(&bench, &on("tags", Operator::Eq, "a")), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("tags", Operator::In, vec![vec!["a", "a"], vec![]])), [3, 4]);
    assert_eq!(found(&bench, &on("tags", Operator::Like, "%a%")), [1, 2, 3]);
    assert_eq!(found(&bench, &on("tags", Operator::IsNull, true)), [5]);
    assert_eq!(found(&bench, &target("tags").length(Operator::Gte, &2.into()).expect("a list")), [1, 2, 3]);
    assert_eq!(found(&bench, &target("tags").truthy()), [1, 2, 3, 6]);
    assert_eq!(found(&bench, &!target("tags").truthy()), [4, 5]);
}

#[test]
fn elements_of_the_wrong_family_are_no_members() {
    let bench = rows("nums", &[json!([1, 2]), json!([2]), Value::Null]);
    assert_eq!(found(&bench, &on("nums", Operator::Contains, 1.0)), [1]);
    assert_eq!(found(&bench, &on("nums", Operator::Contains, "1")), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("nums", Operator::Eq, Literal::List(vec![1.into(), 2.0.into()]))), [1]);
    assert_eq!(found(&bench, &on("nums", Operator::Ne, Literal::List(vec![Literal::Null]))), [1, 2]);
}

#[test]
fn quantifiers() {
    use Quantifier::{All, Any};
    let bench =
        rows("tags", &[json!(["mol", "molar"]), json!(["mol", "x"]), json!([]), Value::Null, json!(["%"])]);
    let each = |quantifier, operator, needle: &str| {
        target("tags").quantified(quantifier, operator, &needle.into()).expect("a list of texts")
    };
    assert_eq!(found(&bench, &each(Any, Operator::Contains, "ol")), [1, 2]);
    assert_eq!(found(&bench, &each(Any, Operator::Contains, "%")), [5]);
    assert_eq!(found(&bench, &each(Any, Operator::StartsWith, "mola")), [1]);
    assert_eq!(found(&bench, &each(Any, Operator::EndsWith, "ar")), [1]);
    assert_eq!(found(&bench, &each(Any, Operator::Ne, "mol")), [1, 2, 5]);
    assert_eq!(found(&bench, &each(Any, Operator::IEndsWith, "AR")), [1]);
    assert_eq!(found(&bench, &each(All, Operator::StartsWith, "mol")), [1, 3]);
    assert_eq!(found(&bench, &!each(All, Operator::StartsWith, "mol")), [2, 5]);
    assert_eq!(found(&bench, &each(All, Operator::Ne, "x")), [1, 3, 5]);
    assert_eq!(found(&bench, &!each(Any, Operator::Eq, "mol")), [3, 5]);
    let number =
        |quantifier, operator| target("tags").quantified(quantifier, operator, &5.into()).expect("a list");
    assert_eq!(found(&bench, &number(Any, Operator::Eq)), [] as [i64; 0]);
    assert_eq!(found(&bench, &number(Any, Operator::Ne)), [1, 2, 5]);
    assert_eq!(found(&bench, &number(All, Operator::Eq)), [3]);
    assert_eq!(found(&bench, &number(All, Operator::Ne)), [1, 2, 3, 5]);
    let scalar = target("name").quantified(Any, Operator::Eq, &"x".into()).expect("unknown");
    assert_eq!(found(&bench, &(scalar.clone() | !scalar)), [] as [i64; 0]);
}

#[test]
fn revision_ids_are_composed() {
    let data = [json!({}), json!({}), json!({})];
    let bench = Bench::of_data(&data);
    assert_eq!(found(&bench, &on("current_revision_id", Operator::Eq, "specimen:1:2")), [1]);
    assert_eq!(found(&bench, &on("current_revision_id", Operator::Eq, "specimen:1:02")), [] as [i64; 0]);
    assert_eq!(found(&bench, &on("current_revision_id", Operator::Eq, "specimen")), [] as [i64; 0]);
    let some = vec!["specimen:1:2", "specimen:2:2", "specimen:3:2", "x"];
    assert_eq!(found(&bench, &on("current_revision_id", Operator::In, some)), [1, 3]);
    assert_eq!(found(&bench, &on("current_revision_id", Operator::EndsWith, ":1")), [2]);
    assert_eq!(found(&bench, &on("current_revision_id", Operator::IsNull, true)), [] as [i64; 0]);
}

#[test]
fn metadata_is_filtered_like_data() {
    let data: Vec<_> = (0..8).map(|_| json!({})).collect();
    let bench = Bench::of_data(&data);
    assert_eq!(found(&bench, &on("is_deleted", Operator::Eq, true)), [5]);
    assert_eq!(found(&bench, &on("rev_status", Operator::Eq, "draft")), [4, 8]);
    assert_eq!(found(&bench, &on("total_revision_count", Operator::Gt, 2)), [2, 5, 8]);
    assert_eq!(found(&bench, &on("created_time", Operator::Lte, "1970-01-01T00:00:00.002")), [1, 2]);
    assert_eq!(found(&bench, &on("schema_version", Operator::IsNull, true)), [1, 3, 5, 7]);
    assert_eq!(found(&bench, &on("created_by", Operator::IContains, "év")), [2, 5, 8]);
    assert_eq!(found(&bench, &on("resource_id", Operator::Ne, 5)), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn ties_of_a_page_follow_the_last_key() {
    let values = [json!("b"), Value::Null, json!("a"), json!("b"), Value::Null, json!("É"), json!("Z")];
    let bench = rows("name", &values);
    let by = |field: Field, descending| SortKey::new(field, descending);
    let name = Field::Index(0);
    let everything = Predicate::everything();
    assert_eq!(bench.page(&everything, &[], 4, 0), [1, 2, 3, 4]);
    assert_eq!(bench.page(&everything, &[], 3, 6), [7]);
    assert_eq!(bench.page(&everything, &[], u64::MAX, u64::MAX), [] as [i64; 0]);
    assert_eq!(bench.page(&everything, &[by(name, false)], 100, 0), [2, 5, 7, 3, 1, 4, 6]);
    assert_eq!(bench.page(&everything, &[by(name, true)], 100, 0), [6, 4, 1, 3, 7, 5, 2]);
    let revision = by(Field::Meta(MetaField::CurrentRevisionId), true);
    assert_eq!(bench.page(&everything, &[revision], 3, 0), [7, 6, 5]);
    let deleted = by(Field::Meta(MetaField::IsDeleted), true);
    assert_eq!(bench.page(&everything, &[deleted, by(name, false)], 3, 0), [5, 2, 7]);
}

#[test]
fn one_text_serves_every_operand_of_a_shape() {
    let bench = rows("age", &[json!(1), json!(2), json!(3), json!(4)]);
    let text = |predicate: &Predicate| bench.count_text(predicate, Access::Scan).sql;
    let three = text(&on("age", Operator::In, vec![1, 2, 3]));
    assert!(std::sync::Arc::ptr_eq(&three, &text(&on("age", Operator::In, vec![4, 5, 6, 7]))));
    assert_ne!(three, text(&on("age", Operator::In, vec![1, 2])));
    assert_ne!(text(&on("age", Operator::Lt, 1)), text(&on("age", Operator::Lte, 1)));
    assert_ne!(text(&on("active", Operator::Eq, 1)), text(&on("active", Operator::Eq, 0)));
    let found = |value| found(&bench, &on("age", Operator::Eq, value)).len();
    assert_eq!(found(1), 1);
    let known = bench.model.texts.len();
    for value in 0..100 {
        assert_eq!(found(value), usize::from((1..=4).contains(&value)));
    }
    assert_eq!(bench.model.texts.len(), known);
}

#[test]
fn no_text_of_a_request_reaches_a_statement() {
    let bench = rows("name", &[json!("x")]);
    let hostile = "x' OR '1'='1\"); DROP TABLE h_specimen; --";
    let conditions = OPERATORS_WITH_TEXT.map(|operator| on("name", operator, hostile));
    let listed = on("name", Operator::In, vec![hostile]) & on("tags", Operator::Contains, hostile);
    let lists = on("tags", Operator::In, vec![vec![hostile]]) | on(hostile, Operator::Eq, hostile);
    for predicate in conditions.into_iter().chain([listed, lists]) {
        let sql = bench.count_text(&predicate, Access::Scan).sql;
        assert!(!sql.contains("DROP") && !sql.contains("OR '1'"), "{sql}");
        bench.agrees(&predicate);
    }
}

const OPERATORS_WITH_TEXT: [Operator; 8] = [
    Operator::Eq,
    Operator::Gt,
    Operator::Contains,
    Operator::StartsWith,
    Operator::EndsWith,
    Operator::IContains,
    Operator::IEndsWith,
    Operator::Like,
];

#[test]
fn the_largest_query_runs() {
    let bench = rows("name", &[json!("x"), json!("n7")]);
    let names: Vec<String> = (0..1000).map(|at| format!("n{at}")).collect();
    assert_eq!(found(&bench, &on("name", Operator::In, names.clone())), [2]);
    let revisions = on("current_revision_id", Operator::In, names.clone());
    let many = Predicate::any((0..7).map(|_| revisions.clone()));
    assert_eq!(found(&bench, &many), [] as [i64; 0]);
    let conditions = (0..256).map(|at| on("name", Operator::Ne, format!("n{at}").as_str()));
    assert_eq!(found(&bench, &Predicate::all(conditions)), [1]);
    let nested = (0..256).fold(on("name", Operator::Eq, "x"), |inner, at| {
        if at % 2 == 0 { inner | on("age", Operator::Eq, at) } else { inner & on("name", Operator::Ne, "y") }
    });
    assert_eq!(found(&bench, &nested), [1]);
}

#[test]
fn a_condition_that_does_not_fit_is_an_internal_error() {
    let bench = Bench::new(vec![Stored::new(1, &json!({}))]);
    let wrong = [
        Predicate::equals(Field::Index(0), Operand::Integer(1)),
        Predicate::equals(Field::Index(6), Operand::Text("a".into())),
        Predicate::leaf(Field::Index(0), Test::Items(vec![])),
        Predicate::equals(Field::Index(99), Operand::Integer(1)),
    ];
    for predicate in wrong {
        let paths = Paths::of_count(&bench.model, &predicate);
        let result = count_sql(&bench.model, &predicate, (&paths, Access::Scan));
        assert!(matches!(result, Err(StoreError::Internal(_))), "{predicate:?}");
    }
}

#[test]
fn an_offset_skips_rows_and_not_the_elements_that_match() {
    let data: Vec<_> = (0..6).map(|age| json!({"name": "a", "age": age, "tags": ["a", "b", "c"]})).collect();
    let bench = Bench::of_data(&data);
    let some = on("tags", Operator::ContainsAny, vec!["a", "b", "c"]);
    let both = some.clone() & on("age", Operator::Gte, 0);
    for predicate in [some, both] {
        let live = Predicate::is_deleted(false) & predicate;
        assert_eq!(bench.page(&live, &[], 2, 1), [2, 3], "{live:?}");
    }
}
