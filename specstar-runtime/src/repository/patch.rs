//! Changes of content as documents: JSON Patch (RFC 6902) and merge patch (RFC 7396).

use json_patch::PatchOperation;
use json_patch::jsonptr::Pointer;
use serde_json::{Number, Value};

use crate::error::{Error, Result};

/// The deepest value a patched document may hold, as for request bodies.
const MAX_DEPTH: usize = 128;
/// How many bytes the `copy` operations of one patch may add, as [`weight`] counts them: without a limit, a
/// short list of copies doubles the document over and over, or repeats its longest text.
const MAX_COPIED: usize = 4 << 20;
/// The most operations of one patch.
const MAX_OPERATIONS: usize = 1_000;

/// A change of the content of a resource.
#[derive(Clone, Debug)]
pub enum PatchDocument {
    /// Operations, all or nothing (RFC 6902).
    Json(json_patch::Patch),
    /// A merge patch (RFC 7396).
    Merge(Value),
}

impl PatchDocument {
    /// Operations from a JSON array. What is not one fails with 400, an operation on `/resource_id` with 422.
    pub fn from_operations(document: Value) -> Result<Self> {
        if !document.is_array() {
            return Err(Error::InvalidPatch("a JSON Patch is an array of operations".into()));
        }
        let patch: json_patch::Patch =
            serde_json::from_value(document).map_err(|error| Error::InvalidPatch(error.to_string()))?;
        if patch.0.len() > MAX_OPERATIONS {
            return Err(Error::InvalidPatch(format!("more than {MAX_OPERATIONS} operations")));
        }
        if patch.0.iter().any(|operation| operation.path().as_str() == "/resource_id") {
            return Err(Error::ReservedField);
        }
        Ok(Self::Json(patch))
    }

    /// A merge patch from a JSON object. What is not one fails with 400, the key `resource_id` with 422.
    pub fn from_merge(document: Value) -> Result<Self> {
        match &document {
            Value::Object(members) if members.contains_key("resource_id") => Err(Error::ReservedField),
            Value::Object(_) => Ok(Self::Merge(document)),
            _ => Err(Error::InvalidPatch("a merge patch is an object".into())),
        }
    }

    /// The document after the patch; fails when an operation cannot be applied.
    pub fn apply(&self, mut document: Value) -> Result<Value> {
        match self {
            Self::Merge(changes) => json_patch::merge(&mut document, changes),
            Self::Json(patch) => {
                let mut copied = 0;
                for operation in &patch.0 {
                    check_growth(&document, operation, &mut copied)?;
                    if let PatchOperation::Test(test) = operation {
                        check_equal(&document, &test.path, &test.value)?;
                        continue;
                    }
                    json_patch::patch(&mut document, std::slice::from_ref(operation))
                        .map_err(|error| Error::InvalidPatch(error.to_string()))?;
                }
            }
        }
        Ok(document)
    }
}

/// `test` compares numbers by value (RFC 6902 section 4.6): `5` equals the `5.0` that a float is stored as.
fn check_equal(document: &Value, path: &Pointer, expected: &Value) -> Result<()> {
    match document.pointer(path.as_str()) {
        Some(found) if equal(found, expected) => Ok(()),
        Some(_) => Err(Error::InvalidPatch(format!("the test of '{path}' failed"))),
        None => Err(Error::InvalidPatch(format!("'{path}' does not exist"))),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => a == b,
    }
}

/// Integers compare exactly; one beside a float compares as a float, if that keeps its value.
#[allow(clippy::float_cmp)] // the question is whether the values are the same
fn same_number(a: &Number, b: &Number) -> bool {
    if a == b {
        return true;
    }
    match (a.is_f64(), b.is_f64()) {
        (true, true) => a.as_f64() == b.as_f64(),
        (true, false) => is_integer(a, b),
        (false, true) => is_integer(b, a),
        (false, false) => false,
    }
}

fn is_integer(float: &Number, integer: &Number) -> bool {
    let Some(float) = float.as_f64().filter(|float| float.fract() == 0.0) else { return false };
    // The integral part of a finite double in full: no cast can round it.
    format!("{float:.0}") == integer.to_string() || (float == 0.0 && integer.as_u64() == Some(0))
}

fn check_growth(document: &Value, operation: &PatchOperation, copied: &mut usize) -> Result<()> {
    let (path, value): (&Pointer, Option<&Value>) = match operation {
        PatchOperation::Add(add) => (&add.path, Some(&add.value)),
        PatchOperation::Replace(replace) => (&replace.path, Some(&replace.value)),
        PatchOperation::Copy(copy) => {
            let source = document.pointer(copy.from.as_str());
            *copied = copied.saturating_add(source.map_or(0, weight));
            (&copy.path, source)
        }
        PatchOperation::Move(moved) => (&moved.path, document.pointer(moved.from.as_str())),
        PatchOperation::Remove(_) | PatchOperation::Test(_) => return Ok(()),
    };
    if *copied > MAX_COPIED {
        return Err(Error::InvalidPatch(format!("the copies add more than {MAX_COPIED} bytes")));
    }
    if path.count() + value.map_or(0, depth) > MAX_DEPTH {
        return Err(Error::InvalidPatch(format!("the result is nested deeper than {MAX_DEPTH}")));
    }
    Ok(())
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// About how much memory a value takes: its own size, and the texts in it.
fn weight(value: &Value) -> usize {
    let text = match value {
        Value::String(text) => text.len(),
        Value::Object(members) => members.keys().map(String::len).sum(),
        _ => 0,
    };
    size_of::<Value>() + text + children(value).map(weight).sum::<usize>()
}

fn depth(value: &Value) -> usize {
    1 + children(value).map(depth).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(document: Value, operations: Value) -> Result<Value> {
        PatchDocument::from_operations(operations)?.apply(document)
    }

    #[test]
    fn operations_are_applied_in_order() {
        let patched = apply(
            json!({"a": [1], "b": 2}),
            json!([{"op": "add", "path": "/a/-", "value": 2}, {"op": "move", "from": "/b", "path": "/c"}]),
        );
        assert_eq!(patched.expect("it applies"), json!({"a": [1, 2], "c": 2}));
    }

    #[test]
    fn a_test_compares_numbers_by_value() {
        let document = json!({"price": 5.0, "qty": 0, "big": 9_007_199_254_740_993_i64, "list": [1.0]});
        for (path, value) in [("/price", json!(5)), ("/qty", json!(0.0)), ("/list", json!([1]))] {
            let test = json!([{"op": "test", "path": path, "value": value}]);
            assert!(apply(document.clone(), test).is_ok(), "{path}");
        }
        for (path, value) in
            [("/price", json!(5.5)), ("/big", json!(9_007_199_254_740_992.0)), ("/no", json!(1))]
        {
            let test = json!([{"op": "test", "path": path, "value": value}]);
            assert!(matches!(apply(document.clone(), test), Err(Error::InvalidPatch(_))), "{path}");
        }
    }

    #[test]
    fn the_whole_document_can_be_replaced() {
        let patched = apply(json!({"a": 1}), json!([{"op": "replace", "path": "", "value": {"b": 2}}]));
        assert_eq!(patched.expect("it applies"), json!({"b": 2}));
    }

    #[test]
    fn what_is_no_operation_is_refused() {
        for bad in [
            json!({"qty": 2}),
            json!([{"op": "zap", "path": "/a", "value": 1}]),
            json!([{"op": "add", "path": "/a"}]),
            json!([{"path": "/a", "value": 1}]),
            json!([{"op": "add", "path": "a", "value": 1}]),
            json!([{"op": "remove", "path": "/nope"}]),
            json!([{"op": "test", "path": "/a", "value": 9}]),
        ] {
            let refused = apply(json!({"a": 1}), bad.clone());
            assert!(matches!(refused, Err(Error::InvalidPatch(_))), "{bad}");
        }
    }

    #[test]
    fn copies_cannot_blow_a_document_up() {
        let doubling: Vec<Value> =
            (0..60).map(|n| json!({"op": "copy", "from": "", "path": format!("/k{n}")})).collect();
        assert!(matches!(apply(json!({"a": 1}), json!(doubling)), Err(Error::InvalidPatch(_))));
        let text = json!({"a": "x".repeat(1 << 20), "b": []});
        let long: Vec<Value> = (0..5).map(|_| json!({"op": "copy", "from": "/a", "path": "/b/-"})).collect();
        assert!(matches!(apply(text, json!(long)), Err(Error::InvalidPatch(_))));
        let deep: Vec<Value> = (0..200).map(|_| json!({"op": "copy", "from": "", "path": "/a"})).collect();
        assert!(matches!(apply(json!({"a": 1}), json!(deep)), Err(Error::InvalidPatch(_))));
    }
}
