//! A value that fits a schema, made without chance: the same on every start.

use serde_json::{Map, Value, json};

use super::normalize::is_required;
use super::walk::{Schemas, resolve};

/// How deep samples of samples go before a schema counts as endless.
const DEPTH: usize = 12;

/// Which properties a sample of an object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// The required ones.
    Required,
    /// The required ones and those that bring an example.
    Exemplary,
}

/// A value for the schema, or `None` where only a person can know one (a pattern, say).
pub(super) fn sample(schema: &Value, schemas: &Schemas, fill: Fill) -> Option<Value> {
    Sampler { schemas, fill }.value(schema, "text", DEPTH)
}

struct Sampler<'a> {
    schemas: &'a Schemas,
    fill: Fill,
}

impl Sampler<'_> {
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        if let Some(given) = given(schema) {
            return Some(given.clone());
        }
        let schema = resolve(schema, self.schemas);
        if let Some(given) = given(schema) {
            return Some(given.clone());
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(Value::Array(variants)) = schema.get(key) {
                return variants.iter().find_map(|variant| self.value(variant, name, depth));
            }
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            return self.all_of(parts, name, depth);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, name, depth),
            Some("string") => text(schema, name),
            Some("integer" | "number") => number(schema),
            Some("boolean") => Some(json!(false)),
            Some("null") | None => Some(Value::Null),
            Some(_) => None,
        }
    }

    fn all_of(&self, parts: &[Value], name: &str, depth: usize) -> Option<Value> {
        let mut whole = Map::new();
        for part in parts {
            match self.value(part, name, depth)? {
                Value::Object(part) => whole.extend(part),
                _ => return None,
            }
        }
        Some(Value::Object(whole))
    }

    fn object(&self, schema: &Value, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        let Some(Value::Object(properties)) = schema.get("properties") else {
            return Some(Value::Object(object));
        };
        let Value::Object(map) = schema else { return None };
        for (name, property) in properties {
            let exemplary = self.fill == Fill::Exemplary && property.get("examples").is_some();
            let read_only = property["readOnly"] == true;
            if is_required(map, name) || (exemplary && !read_only) {
                object.insert(name.clone(), self.value(property, name, depth)?);
            }
        }
        Some(Value::Object(object))
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Option<Value> {
        if let Some(Value::Array(elements)) = schema.get("prefixItems") {
            return elements.iter().map(|element| self.value(element, name, depth)).collect();
        }
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        if least > 1 && schema["uniqueItems"] == true {
            return None;
        }
        (0..least).map(|_| self.value(schema.get("items")?, name, depth)).collect()
    }
}

/// A value the schema itself names.
fn given(schema: &Value) -> Option<&Value> {
    let example = schema.get("examples").and_then(|examples| examples.get(0));
    let default = || schema.get("default").filter(|default| !default.is_null());
    example.or_else(default).or_else(|| schema.get("const")).or_else(|| schema.get("enum")?.get(0))
}

fn text(schema: &Value, name: &str) -> Option<Value> {
    if schema.get("pattern").is_some() {
        return None;
    }
    let format = schema.get("format").and_then(Value::as_str);
    let text = match format {
        None => name,
        Some("date-time") => "2024-05-01T12:00:00Z",
        Some("date") => "2024-05-01",
        Some("time") => "12:00:00Z",
        Some("duration") => "PT1H",
        Some("uuid") => "0190a4b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b",
        Some("email" | "idn-email") => "ann@example.com",
        Some("uri" | "url" | "iri") => "https://example.com/",
        Some("hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("ulid") => "01HWT8ZQ3V5T9J2C7K4M6N8P0R",
        Some("byte") => "dGV4dA==",
        Some("password") => "secret",
        Some("binary") => "",
        // Rather no sample than one a validator of that format refuses.
        Some(_) => return None,
    };
    let length =
        |key: &str| schema.get(key).and_then(Value::as_u64).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let (least, most) = (length("minLength").unwrap_or(0), length("maxLength").unwrap_or(usize::MAX));
    if format.is_some() && !(least..=most).contains(&text.chars().count()) {
        return None;
    }
    let filled = text.chars().chain(std::iter::repeat_n('x', least.saturating_sub(text.chars().count())));
    Some(filled.take(most).collect::<String>().into())
}

fn number(schema: &Value) -> Option<Value> {
    if schema.get("multipleOf").is_some() {
        return None;
    }
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|low| low + 1.0));
    let most = bound("maximum").or(bound("exclusiveMaximum").map(|high| high - 1.0));
    let wish = least.map_or(1.0, |least| least.max(1.0)).min(most.unwrap_or(f64::MAX));
    if least.is_some_and(|least| wish < least) {
        return None;
    }
    if schema["type"] == "integer" {
        // A bound that is no whole small number was written by hand; 2^53 keeps the cast exact.
        let exact = wish.fract() == 0.0 && wish.abs() < 9_007_199_254_740_992.0;
        #[allow(clippy::cast_possible_truncation)]
        return exact.then(|| json!(wish as i64));
    }
    Some(json!(wish))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(schema: &Value) -> Option<Value> {
        sample(schema, &Schemas::new(), Fill::Required)
    }

    #[test]
    fn samples_stay_inside_their_limits() {
        assert_eq!(of(&json!({"type": "integer", "minimum": 18})), Some(json!(18)));
        assert_eq!(of(&json!({"type": "integer", "minimum": -9, "maximum": -2})), Some(json!(-2)));
        assert_eq!(of(&json!({"type": "number", "exclusiveMinimum": 0})), Some(json!(1.0)));
        assert_eq!(of(&json!({"type": "string", "minLength": 6})), Some(json!("textxx")));
        assert_eq!(of(&json!({"type": "string", "maxLength": 2})), Some(json!("te")));
        assert_eq!(
            of(&json!({"type": "array", "minItems": 2, "items": {"type": "boolean"}})),
            Some(json!([false, false]))
        );
    }

    #[test]
    fn what_cannot_be_known_is_not_invented() {
        assert_eq!(of(&json!({"type": "string", "pattern": "^[A-Z]{3}$"})), None);
        assert_eq!(of(&json!({"type": "string", "format": "isbn"})), None);
        let endless = json!({"type": "object", "required": ["next"], "properties": {
            "next": {"$ref": "#/components/schemas/Node"},
        }});
        let schemas = Schemas::from([("Node".into(), endless.clone())]);
        assert_eq!(sample(&endless, &schemas, Fill::Required), None);
    }

    #[test]
    fn a_given_example_wins() {
        assert_eq!(of(&json!({"type": "string", "pattern": "x", "examples": ["x"]})), Some(json!("x")));
    }
}
