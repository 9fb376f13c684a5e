//! Structured filters.

use crate::query::fixture::SPECIMEN;
use crate::query::{
    CompiledFilter, DeletedFilter, Field, MetaField, Operand, Operator, Predicate, QueryError, Scope,
    SortKey, StructuredFilter, Target, UnindexedPolicy,
};

fn compile(filter: &StructuredFilter<'_>) -> Result<CompiledFilter, QueryError> {
    filter.compile(&SPECIMEN, UnindexedPolicy::Warn)
}

fn conditions(text: &str) -> StructuredFilter<'_> {
    StructuredFilter { conditions: Some(text), ..StructuredFilter::default() }
}

fn sorts(text: &str) -> StructuredFilter<'_> {
    StructuredFilter { sorts: Some(text), ..StructuredFilter::default() }
}

fn says(filter: &StructuredFilter<'_>, text: &str) {
    assert_eq!(compile(filter).expect_err("a filter that cannot be read").to_string(), text);
}

#[test]
fn nothing_given_means_the_live_ones() {
    let empty = StructuredFilter {
        conditions: Some(""),
        data_conditions: Some("[]"),
        sorts: Some(""),
        created_time_start: Some(""),
        created_bys: vec!["", ""],
        ..StructuredFilter::default()
    };
    let compiled = compile(&empty).expect("valid");
    assert_eq!(compiled.predicate, Predicate::is_deleted(false));
    assert!(compiled.sorts.is_empty() && compiled.unindexed.is_empty());
    let any = StructuredFilter { is_deleted: DeletedFilter::Any, ..StructuredFilter::default() };
    assert!(compile(&any).expect("valid").predicate.is_everything());
}

#[test]
fn every_part_is_joined_by_and() {
    let filter = StructuredFilter {
        conditions: Some(r#"[{"field_path": "created_by", "operator": "eq", "value": "ann", "note": 1}]"#),
        data_conditions: Some(r#"[{"field_path": "created_by", "operator": "ne", "value": 7}]"#),
        created_time_start: Some("2024-01-01"),
        rev_updated_time_end: Some("2024-01-01T00:00:00.5Z"),
        updated_bys: vec!["ann"],
        rev_statuses: vec!["draft", "stable"],
        is_deleted: DeletedFilter::Deleted,
        ..StructuredFilter::default()
    };
    let on = |name, scope, operator, literal| {
        Target::find(&SPECIMEN, name, scope).condition(operator, &literal).expect("valid")
    };
    let expected = Predicate::all([
        Predicate::is_deleted(true),
        on("created_time", Scope::Everything, Operator::Gte, "2024-01-01".into()),
        on("rev_updated_time", Scope::Everything, Operator::Lte, "2024-01-01 00:00:00.500000".into()),
        Predicate::equals(MetaField::UpdatedBy, Operand::Text("ann".into())),
        on("rev_status", Scope::Everything, Operator::In, vec!["draft", "stable"].into()),
        on("created_by", Scope::Everything, Operator::Eq, "ann".into()),
        on("created_by", Scope::Data, Operator::Ne, 7.into()),
    ]);
    assert_eq!(compile(&filter).expect("valid").predicate, expected);
}

#[test]
fn json_values_have_their_families() {
    let value = |value: &str| {
        let text = format!(r#"[{{"field_path": "age", "operator": "eq", "value": {value}}}]"#);
        compile(&conditions(&text)).map(|compiled| compiled.predicate)
    };
    let age = |literal| {
        let age = Target::find(&SPECIMEN, "age", Scope::Everything);
        let condition = age.condition(Operator::Eq, &literal).expect("valid");
        Ok(Predicate::all([Predicate::is_deleted(false), condition]))
    };
    assert_eq!(value("30"), age(30.into()));
    assert_eq!(value("30.0"), age(30.into()));
    assert_eq!(value("true"), age(1.into()));
    assert_eq!(value("-9223372036854775808"), age(i64::MIN.into()));
    assert_eq!(value(r#"{"a": 1}"#), age("unequal".into()));
    assert_eq!(value("null"), age("unequal".into()));
    let text = "Invalid conditions format: entry 1: an integer is outside the signed 64-bit range";
    assert_eq!(value("9223372036854775808").expect_err("too large").to_string(), text);
}

#[test]
fn malformed_conditions() {
    says(&conditions("{bad"), "Invalid conditions format: not valid JSON at line 1, column 2");
    says(&conditions("{}"), "Invalid conditions format: a list is expected, found an object");
    says(&conditions("[1]"), "Invalid conditions format: entry 1: an object is expected, found a number");
    let entry = |entry: &str, problem: &str| {
        let text = format!(r#"[{{"field_path": "age", "operator": "eq", "value": 1}}, {entry}]"#);
        says(&conditions(&text), &format!("Invalid conditions format: entry 2: {problem}"));
        let data = StructuredFilter { data_conditions: Some(&text), ..StructuredFilter::default() };
        says(&data, &format!("Invalid data_conditions format: entry 2: {problem}"));
    };
    entry(r#"{"operator": "eq", "value": 1}"#, "'field_path' is missing");
    entry(r#"{"field_path": "age", "value": 1}"#, "'operator' is missing");
    entry(r#"{"field_path": "age", "operator": "eq"}"#, "'value' is missing");
    entry(
        r#"{"field_path": 5, "operator": "eq", "value": 1}"#,
        "'field_path' wants a string, found a number",
    );
    entry(
        r#"{"field_path": "age", "operator": "EQ", "value": 1}"#,
        "unknown operator 'EQ'; known are eq ne gt gte lt lte contains starts_with ends_with in not_in \
         contains_any is_null exists isna regex",
    );
    entry(
        r#"{"field_path": "age", "operator": "gt", "value": "1"}"#,
        "field 'age' is an integer and cannot be ordered against a string",
    );
    entry(r#"{"field_path": "name", "operator": "in", "value": "x"}"#, "'in' wants a list, found a string");
}

#[test]
fn sizes_are_limited() {
    let long = format!("[{}]", " ".repeat(64 * 1024));
    says(&conditions(&long), "Invalid conditions format: longer than 65536 bytes");
    let many = vec![r#"{"field_path":"age","operator":"eq","value":1}"#; 257].join(",");
    says(&conditions(&format!("[{many}]")), "Invalid conditions format: at most 256 entries, found 257");
    let both = vec![r#"{"field_path":"age","operator":"eq","value":1}"#; 200].join(",");
    let both = format!("[{both}]");
    let filter = StructuredFilter {
        conditions: Some(&both),
        data_conditions: Some(&both),
        ..StructuredFilter::default()
    };
    says(&filter, "Invalid data_conditions format: a query has at most 256 conditions");
    let keys = vec![r#"{"type":"data","field_path":"age","direction":"+"}"#; 17].join(",");
    says(&sorts(&format!("[{keys}]")), "Invalid sorts format: at most 16 entries, found 17");
    let users = StructuredFilter { created_bys: vec!["ann"; 1001], ..StructuredFilter::default() };
    says(&users, "Invalid created_bys format: at most 1000 entries, found 1001");
    let deep = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
    assert!(compile(&conditions(&deep)).is_err());
}

#[test]
fn malformed_times() {
    let filter = StructuredFilter { created_time_start: Some("nonsense"), ..StructuredFilter::default() };
    says(&filter, "Invalid created_time_start format: 'nonsense' is not an ISO 8601 date-time");
}

#[test]
fn sort_keys() {
    let text = r#"[{"type": "data", "field_path": "age", "direction": "-"},
                   {"type": "data", "field_path": "nope", "direction": "+"},
                   {"type": "data", "field_path": "created_by", "direction": "+"},
                   {"type": "meta", "key": "created_by", "direction": "+"}]"#;
    let expected = [
        SortKey::new(Field::Index(1), true),
        SortKey::new(Field::Index(11), false),
        SortKey::new(MetaField::CreatedBy, false),
    ];
    // The policy is about conditions: a sort key nothing is indexed under has no effect.
    let compiled = sorts(text).compile(&SPECIMEN, UnindexedPolicy::Error).expect("valid");
    assert_eq!(compiled.sorts, expected);
    assert!(compiled.unindexed.is_empty());
}

#[test]
fn malformed_sort_keys() {
    let key = |key: &str, problem: &str| {
        says(&sorts(&format!("[{key}]")), &format!("Invalid sorts format: entry 1: {problem}"));
    };
    key(r#"{"type": "x", "direction": "+"}"#, "unknown type 'x'; known are meta data");
    key(r#"{"type": "meta", "direction": "+"}"#, "'key' is missing");
    key(r#"{"type": "data", "key": "age", "direction": "+"}"#, "'field_path' is missing");
    key(r#"{"type": "data", "field_path": "age"}"#, "'direction' is missing");
    key(
        r#"{"type": "data", "field_path": "age", "direction": "asc"}"#,
        "unknown direction 'asc'; known are + -",
    );
    key(
        r#"{"type": "data", "field_path": "tags", "direction": "+"}"#,
        "field 'tags' is a list and cannot be sorted by",
    );
    for unsortable in ["nope", "rev_status", "rev_created_by", "rev_updated_by"] {
        let text = format!(r#"[{{"type": "meta", "key": "{unsortable}", "direction": "+"}}]"#);
        let error = compile(&sorts(&text)).expect_err("no sort key").to_string();
        assert!(
            error.starts_with(&format!("Invalid sorts format: entry 1: unknown key '{unsortable}'")),
            "{error}"
        );
    }
}

#[test]
fn the_policy_covers_conditions() {
    let text = r#"[{"field_path": "aeg", "operator": "eq", "value": 1},
                   {"field_path": "aeg", "operator": "ne", "value": 1},
                   {"field_path": "address", "operator": "exists", "value": true}]"#;
    assert_eq!(compile(&conditions(text)).expect("lenient").unindexed, ["aeg", "address"]);
    let strict = conditions(text).compile(&SPECIMEN, UnindexedPolicy::Error).expect_err("strict");
    let text = strict.to_string();
    assert!(
        text.starts_with("fields 'aeg', 'address' are not indexed; indexed fields: name, age, "),
        "{text}"
    );
    assert!(text.ends_with("; did you mean 'age'?"), "{text}");
}
