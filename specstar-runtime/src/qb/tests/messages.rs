//! What clients read when an expression is wrong: the text, and the place.

use crate::datetime::Timestamp;
use crate::qb::{self, Context};
use crate::query::UnindexedPolicy;
use crate::query::fixture::SPECIMEN;

/// The first line of the error.
fn refused(source: &str) -> String {
    let text = error(source).to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

fn error(source: &str) -> qb::Error {
    let context = Context { unindexed: UnindexedPolicy::Warn, ..Context::at(Timestamp(0)) };
    let checked = qb::parse_at(source, context.now).and_then(|query| query.check(&SPECIMEN, &context));
    checked.err().unwrap_or_else(|| panic!("{source:?} is accepted"))
}

#[test]
fn each_names_the_column_what_is_wrong_and_a_way_out() {
    for (source, message) in [
        (r#"QB["age"].contain(1)"#, "column 11: a field has no method 'contain'; did you mean 'contains'?"),
        (r#"QB["age""#, "column 3: '[' is never closed"),
        (r#"QB["a"] and QB["b"]"#, "column 9: 'and' is not supported; use '&' with each side in parentheses"),
        (
            r#"QB["a"] > 80 & QB["b"] < 2"#,
            "column 11: '&' binds tighter than '>', so this reads 80 & field; put the comparisons in parentheses",
        ),
        (
            r#"QB["age"] > "30""#,
            "column 13: field 'age' is an integer and cannot be ordered against a string",
        ),
        (
            r#"QB["tags"].starts_with("a")"#,
            "column 12: 'starts_with' does not apply to the list field 'tags'; use QB[\"tags\"].any().starts_with(...)",
        ),
        (r#"QB["name"].regex("(")"#, "column 18: the pattern is not valid: unclosed group"),
        (r#"QB["age"] =="#, "column 13: unexpected end, a value is expected after '=='"),
        (
            r#"QB["due"] > datetime(2024, 1, 1)"#,
            "column 13: 'datetime' is a module here; write dt.datetime(2024, 1, 1)",
        ),
        (
            r#"QB["b"] & 2 > 3"#,
            "column 11: '&' binds tighter than '>', so this reads field & 2; put the comparisons in parentheses",
        ),
        (r#"QB["a"] & "x""#, "column 11: '&' needs a field or a condition on each side, found a string"),
        ("age == 30", "column 1: unknown name 'age'; a field is written QB[\"age\"], a string in quotes"),
        ("QB[\"a\"] == true", "column 12: unknown name 'true'; did you mean 'True'?"),
        ("QB.create_time() > 5", "column 4: QB has no method 'create_time'; did you mean 'created_time'?"),
        (r#"QB["age"].between(1)"#, "column 11: 'between' wants min_val, max_val"),
        (r#"QB["age"].eq(1, 2)"#, "column 17: 'eq' takes at most 1, which are value"),
        (r#"QB["age"].eq(val=1)"#, "column 14: 'eq' has no argument 'val'; it takes value"),
        (r#"QB["age"].eq(value=1, value=1)"#, "column 23: 'eq' is given 'value' twice"),
        (r#"QB["age"] = 30"#, "column 11: '=' is not supported; use '=='"),
        (r#"QB["name"].in_("Bob")"#, "column 16: 'in_' wants a list, found a string"),
        (
            r#"QB["age"] + 1 == 2"#,
            "column 11: '+' works on constants; a field can only be compared with a value",
        ),
        ("QB.all().limit(-1)", "column 16: 'limit' wants an integer from 0, found a smaller one"),
        (
            "QB.all().sort(5)",
            "column 15: 'sort' wants \"name\", \"-name\", .asc() or .desc(), found an integer",
        ),
        (r#"QB["tags"].any() == "a""#, "column 18: a quantifier has methods only; write .any().eq(...)"),
        (
            r#"1 < QB["age"] == 2"#,
            "column 15: only a range chains: value < field < value; else put each comparison into parentheses",
        ),
        ("5", "column 1: an integer is no condition; an expression says which resources are wanted"),
        ("~QB.all()", "column 1: '~' of a condition that holds for everything matches nothing; leave it out"),
        ("QB.__class__", "column 4: names that begin with '_' are not reachable"),
        (r#"QB["tags"] & "#, "column 14: unexpected end, a value is expected after '&'"),
        (
            r#"QB["age"] == 010"#,
            "column 14: the number is not valid: an integer does not begin with 0; an octal one is written 0o10",
        ),
        (r#"QB["age"] == 1e999"#, "column 14: a float is beyond the range of doubles"),
        (r#"QB["age"] == 9223372036854775808"#, "column 14: an integer is outside the signed 64-bit range"),
        ("QB[\"name\"] == \"abc", "column 15: the string never ends"),
        (
            r#"QB["name"] == "\x""#,
            "column 16: the escape is not valid: \\x wants 2, \\u 4 and \\U 8 hexadecimal digits",
        ),
        ("QB[\"a\"] == “x”", "column 12: character '“' is not part of the language"),
        ("QB[\"a\"]\n == 1", "column 10 (line 2): unexpected '==', lines join inside brackets only"),
        ("QB.all().sort(\"tags\")", "column 15: field 'tags' is a list and cannot be sorted by"),
        (r#"QB["name"].today()"#, "column 12: 'today' does not apply to field 'name', which is a string"),
    ] {
        assert_eq!(refused(source), message, "{source}");
    }
}

#[test]
fn a_mark_stands_under_the_place() {
    assert_eq!(
        error("(QB[\"name\"] == \"a\")\t& (QB[\"age\"] > \"x\")").to_string(),
        "column 36: field 'age' is an integer and cannot be ordered against a string\n  \
         \"a\")\u{fffd}& (QB[\"age\"] > \"x\")\n                      ^^^"
    );
}

#[test]
fn the_column_is_counted_in_characters_over_all_lines() {
    let problem = error("(QB[\"né\"] == 1\n & QB[\"age\"])");
    assert_eq!((problem.column(), problem.length()), (Some(14), Some(1)));
    assert!(problem.to_string().starts_with("column 14 (line 1): "), "{problem}");
    let problem = error("QB.all(QB[\"né\"] == 1,\n QB[\"age\"] > \"x\")");
    assert_eq!((problem.column(), problem.length()), (Some(36), Some(3)));
    assert!(problem.to_string().starts_with("column 36 (line 2): "), "{problem}");
    assert!(problem.to_string().ends_with("\n   QB[\"age\"] > \"x\")\n               ^^^"), "{problem}");
    let problem = error(&"x".repeat(8193));
    assert_eq!((problem.column(), problem.length()), (None, None));
}

#[test]
fn little_of_the_source_is_shown_again() {
    let problem = error(&format!("QB[\"{}\"] == {} == 1", "a".repeat(500), "b".repeat(500)));
    assert!(problem.to_string().len() < 250, "{problem}");
    assert!(!error("\u{7}").to_string().contains('\u{7}'));
}
