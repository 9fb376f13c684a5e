//! What a client reads of an error.

use serde_json::{Value, json};

use super::Error;

impl Error {
    /// The value of `detail` in the answer: text, a list of parameter problems, or an object.
    pub fn detail(&self) -> Value {
        match self {
            Self::MalformedJson { offset, message } => json!([{
                "type": "json_invalid", "loc": ["body", offset], "msg": "JSON decode error",
                "input": {}, "ctx": {"error": message},
            }]),
            Self::MissingBody => json!([{
                "type": "missing", "loc": ["body"], "msg": self.to_string(), "input": null,
            }]),
            Self::InvalidParameter { location, name, message, input } => json!([{
                "type": "value_error", "loc": [location, name], "msg": message, "input": input,
            }]),
            Self::UnknownParameter { name, .. } => json!([{
                "type": "unknown_parameter", "loc": ["query", name], "msg": self.to_string(), "input": name,
            }]),
            Self::UniqueConflict { field, conflicting_resource_id, .. } => json!({
                "message": self.to_string(), "field": field,
                "conflicting_resource_id": conflicting_resource_id,
            }),
            Self::PreconditionFailed { expected, actual, .. } => json!({
                "message": self.to_string(), "code": "PRECONDITION_FAILED",
                "expected_revision_id": expected, "actual_revision_id": actual,
            }),
            other => Value::String(other.to_string()),
        }
    }

    /// The same as an object with `message` and `code`, for the structured envelope.
    pub fn structured_detail(&self) -> Value {
        let code = self.kind().row().code;
        let mut detail = match self.detail() {
            Value::Object(map) => map,
            Value::Array(errors) => {
                let mut map = serde_json::Map::new();
                map.insert("message".into(), "Request validation failed".into());
                map.insert("errors".into(), Value::Array(errors));
                map
            }
            other => {
                let mut map = serde_json::Map::new();
                map.insert("message".into(), other);
                map
            }
        };
        detail.insert("code".into(), code.into());
        match self {
            Self::ImportStopped { stored, total, .. } => {
                detail.insert("stored".into(), json!(stored));
                detail.insert("total".into(), json!(total));
            }
            Self::Decode(error) => {
                detail.insert("errors".into(), json!([{"path": error.path, "message": error.message}]));
            }
            Self::InvalidExpression { column, length, .. } => {
                detail.insert("column".into(), json!(column));
                detail.insert("length".into(), json!(length));
            }
            Self::Referenced { referrers, more, .. } => {
                let blockers = referrers
                    .iter()
                    .map(|r| json!({"model": r.model, "field": r.field, "resource_id": r.resource_id}));
                detail.insert("blockers".into(), blockers.collect());
                detail.insert("more".into(), json!(more));
            }
            Self::Validation(errors) => {
                let list: Vec<_> = errors
                    .problems()
                    .iter()
                    .map(|problem| json!({"path": problem.path, "message": problem.message}))
                    .collect();
                detail.insert("errors".into(), Value::Array(list));
            }
            _ => {}
        }
        Value::Object(detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_client_text_without_internals() {
        let error = Error::Unavailable { reason: "/data/app.db: disk I/O error".into(), retry_after: 1 };
        assert_eq!(error.detail(), json!("The service is temporarily unavailable."));
        assert_eq!(error.kind().row().status, 503);
    }

    #[test]
    fn structured_details_carry_message_and_code() {
        let unique = Error::UniqueConflict {
            field: "email".into(),
            value: "a@x".into(),
            conflicting_resource_id: Some("user:1".into()),
        };
        let detail = unique.structured_detail();
        assert_eq!(detail["code"], "UNIQUE_CONSTRAINT");
        assert_eq!(detail["field"], "email");
        let parameter = Error::UnknownParameter { name: "limt".into(), suggestion: Some("limit".into()) };
        let detail = parameter.structured_detail();
        assert_eq!(detail["message"], "Request validation failed");
        assert_eq!(detail["errors"][0]["loc"], json!(["query", "limt"]));
    }
}
