//! Parameters, written from the route table.

use serde_json::{Value, json};

use super::shapes;
use crate::http::route::{Location, Parameter, Shape};
use crate::query::limit;
use crate::upload::rules::MOST_PARTS;

/// What the application says about pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageSize {
    pub(super) default: u64,
    pub(super) maximum: u64,
}

/// The parameter object.
pub(super) fn parameter(parameter: &Parameter, page: PageSize) -> Value {
    let place = match parameter.location {
        Location::Query => "query",
        Location::Path => "path",
        Location::Header => "header",
    };
    let mut schema = schema(parameter.shape, page);
    if parameter.repeated {
        schema = json!({"type": "array", "items": schema});
    }
    let mut object = json!({
        "name": parameter.name, "in": place, "description": description(parameter), "schema": schema,
        "required": parameter.location == Location::Path || parameter.shape == Shape::PartNumber,
    });
    if parameter.repeated {
        object["style"] = "form".into();
        object["explode"] = true.into();
    }
    if parameter.deprecated.is_some() {
        object["deprecated"] = true.into();
    }
    if parameter.shape == Shape::Expression {
        object["examples"] = expressions();
    } else if let Some(example) = example(parameter) {
        object["example"] = example;
    }
    object
}

fn description(parameter: &Parameter) -> String {
    match parameter.deprecated {
        Some(instead) => format!("{} Deprecated: use {instead}.", parameter.description),
        None => parameter.description.to_owned(),
    }
}

fn schema(shape: Shape, page: PageSize) -> Value {
    match shape {
        Shape::Text
        | Shape::IfMatch
        | Shape::IfNoneMatch
        | Shape::CreateOnly
        | Shape::FileTag
        | Shape::Range => json!({"type": "string"}),
        Shape::PositiveNumber => json!({"type": "integer", "minimum": 1, "maximum": u32::MAX}),
        Shape::PartNumber => json!({
            "type": "integer", "format": "int32", "minimum": 1, "maximum": MOST_PARTS,
        }),
        Shape::Name => json!({"type": "string", "minLength": 1}),
        Shape::Key => json!({"type": "string", "minLength": 1, "maxLength": 255}),
        Shape::RevisionSelector => json!({"type": "string", "pattern": "^([0-9]+|.+:[0-9]+)$"}),
        Shape::Boolean { default } => json!({"type": "boolean", "default": default}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Integer { default, minimum } => json!({
            "type": "integer", "format": "int64", "default": default, "minimum": minimum, "maximum": i64::MAX,
        }),
        Shape::PageSize => json!({
            "type": "integer", "format": "int64", "default": page.default, "minimum": 1, "maximum": page.maximum,
        }),
        Shape::DateTime => json!({"type": "string", "format": "date-time"}),
        Shape::Choice { default, values } => {
            let mut schema = json!({"type": "string", "enum": values});
            if let Some(default) = default {
                schema["default"] = default.into();
            }
            schema
        }
        Shape::RevisionStatus => json!({"$ref": "#/components/schemas/RevisionStatus"}),
        Shape::Conditions => json_text(&shapes::conditions()),
        Shape::Sorts => json_text(&shapes::sorts()),
        Shape::Expression => json!({"type": "string", "maxLength": limit::EXPRESSION_CHARACTERS}),
        Shape::Sections { list } => sections(list),
    }
}

/// JSON written into one parameter.
fn json_text(content: &Value) -> Value {
    json!({"type": "string", "contentMediaType": "application/json", "contentSchema": content})
}

fn sections(list: bool) -> Value {
    let section = "(data|meta|revision[_-]info)";
    let pattern = format!(r"^(\s*(only-{section}|{section}(\s*,\s*{section})*)\s*)?$");
    let mut schema = json!({"type": "string", "pattern": pattern});
    if list {
        schema["default"] = "data,revision_info,meta".into();
    }
    schema
}

/// Expressions that work for every resource.
fn expressions() -> Value {
    json!({
        "everything": {"summary": "The newest ten", "value": "QB.all().sort(\"-created_time\").limit(10)"},
        "condition": {"summary": "Of one user", "value": "QB.created_by() == \"ann\""},
        "joined": {
            "summary": "Both, with each side in parentheses",
            "value": "(QB.created_by() == \"ann\") & (QB.total_revision_count() > 1)",
        },
        "calendar": {"summary": "Changed this week", "value": "QB.updated_time().this_week()"},
        "deleted": {"summary": "Soft-deleted too", "value": "QB.is_deleted().in_([True, False])"},
        "page": {"summary": "The third page", "value": "QB.all().sort(\"resource_id\").page(3, 20)"},
    })
}

/// A value that works for every resource, whatever its fields and its state.
fn example(parameter: &Parameter) -> Option<Value> {
    Some(match parameter.shape {
        Shape::Conditions if parameter.name == "data_conditions" => "[]".into(),
        Shape::Conditions => r#"[{"field_path":"created_by","operator":"eq","value":"ann"}]"#.into(),
        Shape::Sorts => r#"[{"type":"meta","key":"created_time","direction":"-"}]"#.into(),
        Shape::DateTime => "2024-05-01T12:00:00Z".into(),
        Shape::Sections { .. } => "data,meta".into(),
        Shape::RevisionSelector => "1".into(),
        Shape::IfMatch => "*".into(),
        Shape::IfNoneMatch => shapes::ENTITY_TAG.into(),
        Shape::FileTag => shapes::file_tag().into(),
        Shape::Range => "bytes=0-1023".into(),
        Shape::PartNumber | Shape::PositiveNumber => 1.into(),
        _ => return None,
    })
}
