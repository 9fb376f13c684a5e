use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::json::canonical::tests::any_json;
use crate::json::to_canonical;

const ITEM: &str = r#"{"name":"n","qty":1,"tags":["k","l","m"],"addr":{"street":"s","city":"c"},"note":null,"lines":[{"t":"a","n":1},{"t":"b","n":2},{"t":"c","n":3}],"grid":[[1,2],[3]],"attrs":{"0":1,"a:b":2,"-":3}}"#;

fn select(paths: &[&str]) -> String {
    let sections = Selection::parse(paths, Section::Data).unwrap();
    let mut out = Vec::new();
    sections.data.unwrap().apply(ITEM.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn names_select_fields_in_declared_order() {
    assert_eq!(select(&["/name"]), r#"{"name":"n"}"#);
    assert_eq!(select(&["name"]), r#"{"name":"n"}"#);
    assert_eq!(select(&["/addr/city", "/name"]), r#"{"name":"n","addr":{"city":"c"}}"#);
    assert_eq!(select(&["addr/city", "addr"]), r#"{"addr":{"street":"s","city":"c"}}"#);
    assert_eq!(select(&["addr"]), select(&["addr/city", "addr/street"]));
}

#[test]
fn unknown_names_select_nothing() {
    assert_eq!(select(&["/nope"]), "{}");
    assert_eq!(select(&["/addr/nope", "/nope/addr"]), r#"{"addr":{}}"#);
    assert_eq!(select(&["/name/x", "/qty/0"]), "{}");
    assert_eq!(select(&["name,qty"]), "{}");
    assert_eq!(select(&["//name", "name/"]), "{}");
    assert_eq!(select(&["/tags/x", "/tags/9", "/tags/-4"]), r#"{"tags":[]}"#);
    assert_eq!(select(&["/tags/0/x"]), r#"{"tags":[]}"#);
}

#[test]
fn a_null_on_the_way_stays() {
    assert_eq!(select(&["/note", "/note/x"]), r#"{"note":null}"#);
    assert_eq!(select(&["/note/x/y"]), r#"{"note":null}"#);
}

#[test]
fn list_elements_are_chosen_by_index_and_slice() {
    let tags = |part: &str| select(&[&format!("/tags/{part}")]);
    assert_eq!(tags("0"), r#"{"tags":["k"]}"#);
    assert_eq!(tags("-1"), r#"{"tags":["m"]}"#);
    assert_eq!(tags("-3"), r#"{"tags":["k"]}"#);
    assert_eq!(tags("1:"), r#"{"tags":["l","m"]}"#);
    assert_eq!(tags(":2"), r#"{"tags":["k","l"]}"#);
    assert_eq!(tags(":-1"), r#"{"tags":["k","l"]}"#);
    assert_eq!(tags("-2:"), r#"{"tags":["l","m"]}"#);
    assert_eq!(tags("::2"), r#"{"tags":["k","m"]}"#);
    assert_eq!(tags("1::2"), r#"{"tags":["l"]}"#);
    assert_eq!(tags(":"), r#"{"tags":["k","l","m"]}"#);
    assert_eq!(tags("2:1"), r#"{"tags":[]}"#);
    assert_eq!(tags("-9:9"), r#"{"tags":["k","l","m"]}"#);
    assert_eq!(tags("-"), r#"{"tags":["k","l","m"]}"#);
    assert_eq!(tags("99999999999999999999"), r#"{"tags":[]}"#);
    assert_eq!(tags("--1"), r#"{"tags":[]}"#);
}

#[test]
fn selectors_of_one_list_are_joined() {
    assert_eq!(select(&["/tags/2", "/tags/0"]), r#"{"tags":["k","m"]}"#);
    assert_eq!(select(&["/lines/-/t"]), r#"{"lines":[{"t":"a"},{"t":"b"},{"t":"c"}]}"#);
    assert_eq!(select(&["/lines/1:/n", "/lines/-1/t"]), r#"{"lines":[{"n":2},{"t":"c","n":3}]}"#);
    assert_eq!(select(&["/lines/-1", "/lines/-/n"]), r#"{"lines":[{"n":1},{"n":2},{"t":"c","n":3}]}"#);
    assert_eq!(select(&["/grid/-/0"]), r#"{"grid":[[1],[3]]}"#);
    assert_eq!(select(&["/grid/-/1"]), r#"{"grid":[[2],[]]}"#);
}

#[test]
fn in_an_object_every_part_is_a_name() {
    assert_eq!(select(&["/attrs/0"]), r#"{"attrs":{"0":1}}"#);
    assert_eq!(select(&["/attrs/a:b", "/attrs/-"]), r#"{"attrs":{"a:b":2,"-":3}}"#);
}

#[test]
fn prefixes_name_sections() {
    let paths = ["meta/resource_id", "/info/status", "data/name", "/qty"];
    let sections = Selection::parse(&paths, Section::Data).unwrap();
    let apply = |section, json: &str| {
        let mut out = Vec::new();
        sections.get(section).unwrap().apply(json.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(apply(Section::Meta, r#"{"a":1,"resource_id":"x"}"#), r#"{"resource_id":"x"}"#);
    assert_eq!(apply(Section::Info, r#"{"status":"draft","resource_id":"x"}"#), r#"{"status":"draft"}"#);
    assert_eq!(apply(Section::Data, ITEM), r#"{"name":"n","qty":1}"#);

    let sections = Selection::parse(&["/meta/a", "b"], Section::Info).unwrap();
    assert!(sections.data.is_none() && sections.meta.is_some() && sections.info.is_some());
    // Without a further step they are ordinary names.
    assert!(Selection::parse(&["/meta", "info"], Section::Data).unwrap().meta.is_none());
    assert_eq!(Selection::parse(&["", "/", "meta/"], Section::Data).unwrap(), Sections::default());
}

#[test]
fn bad_slices_are_refused() {
    for part in ["::0", "1:2:3:4", "::-1", "1:--2", "99999999999999999999:", "-:1"] {
        let error = Selection::parse(&[format!("tags/{part}")], Section::Data).unwrap_err();
        assert_eq!(error, SelectError::BadSlice(part.to_owned()));
    }
}

#[test]
fn there_are_limits() {
    let parse = |paths: &[String]| Selection::parse(paths, Section::Data).map(drop);
    assert_eq!(parse(&vec!["a".to_owned(); 64]), Ok(()));
    assert_eq!(parse(&vec!["a".to_owned(); 65]), Err(SelectError::TooMany));
    assert_eq!(parse(&[vec!["a"; 32].join("/")]), Ok(()));
    assert_eq!(parse(&[vec!["a"; 33].join("/")]), Err(SelectError::TooDeep));
}

#[test]
fn damaged_json_becomes_null() {
    let sections = Selection::parse(&["lines/-/t", "attrs/0"], Section::Data).unwrap();
    let selection = sections.data.unwrap();
    for cut in 0..ITEM.len() {
        let mut out = b"x".to_vec();
        selection.apply(&ITEM.as_bytes()[..cut], &mut out);
        assert_eq!(out, b"xnull", "{cut}");
    }
}

/// The same by way of a parsed document.
fn naive(value: &Value, paths: &[Vec<&str>]) -> Option<Value> {
    if paths.iter().any(Vec::is_empty) {
        return Some(value.clone());
    }
    let below = |takes: &dyn Fn(&str) -> bool| -> Vec<Vec<&str>> {
        paths.iter().filter(|path| takes(path[0])).map(|path| path[1..].to_vec()).collect()
    };
    let child = |value: &Value, below: Vec<Vec<&str>>| {
        if below.is_empty() { None } else { naive(value, &below) }
    };
    match value {
        Value::Null => Some(Value::Null),
        Value::Object(map) => {
            let chosen = map
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), child(value, below(&|part| part == key))?)));
            Some(Value::Object(chosen.collect()))
        }
        Value::Array(elements) => {
            let length = i64::try_from(elements.len()).unwrap();
            let chosen = (0..)
                .zip(elements)
                .filter_map(|(at, element)| child(element, below(&|part| naive_takes(part, at, length))));
            Some(Value::Array(chosen.collect()))
        }
        _ => None,
    }
}

fn naive_takes(part: &str, at: i64, length: i64) -> bool {
    let absolute = |index: i64| if index < 0 { index + length } else { index };
    match part.split_once(':') {
        _ if part == "-" => true,
        Some((start, end)) => {
            let start = start.parse().map_or(0, absolute);
            let end = end.parse().map_or(length, absolute);
            start <= at && at < end
        }
        None => part.parse().is_ok_and(|index: i64| absolute(index) == at),
    }
}

proptest! {
    #[test]
    fn selections_agree_with_a_parsed_document(
        document in prop::collection::hash_map("[abc]", any_json(), 0..4),
        paths in prop::collection::vec(prop::collection::vec("a|b|c|-|0|1|-1|-2|1:|:-1|0:2|\"|-3:2", 1..4), 1..5),
    ) {
        let document = Value::Object(document.into_iter().collect());
        let joined: Vec<String> = paths.iter().map(|path| path.join("/")).collect();
        let sections = Selection::parse(&joined, Section::Data).unwrap();
        let mut out = Vec::new();
        sections.data.unwrap().apply(&to_canonical(&document).unwrap(), &mut out);
        let borrowed: Vec<Vec<&str>> = paths.iter().map(|path| path.iter().map(String::as_str).collect()).collect();
        let expected = naive(&document, &borrowed).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), expected);
    }
}
