//! What a payload of a job cannot be.

use crate::ast::Resource;
use crate::errors::Errors;
use crate::plan::Plan;

/// The columns of every job.
const COLUMNS: [&str; 4] = ["status", "retries", "partition_key", "idempotency_key"];
/// The marks of fields that say something about the resource as a whole, which the payload is not.
const MARKS: [&str; 5] = ["unique", "vector", "display_name", "reference", "readonly"];

pub(crate) fn check(resource: &Resource, plan: &Plan<'_>, errors: &mut Errors) {
    if resource.job.is_none() {
        return;
    }
    for field in &resource.fields {
        for (attr, name) in field.marks.given.iter().filter(|(_, name)| MARKS.contains(&name.as_str())) {
            errors.at(
                attr,
                format_args!(
                    "`#[{name}]` has no meaning in the payload of a job; `#[indexed]` and `#[trigram]` have"
                ),
            );
        }
    }
    let options = &resource.options;
    let without = |key: &str| {
        format!("`{key}` has no meaning for a job: give new fields of its payload a serde default")
    };
    if let Some(schema) = &options.schema.0 {
        errors.at(schema, without("schema"));
    }
    if let Some(migrate) = &options.migrate_key {
        errors.at(migrate, without("migrate"));
    }
    for composite in &options.uniques {
        errors.at(&composite.key, "`unique` has no meaning for a job; jobs have an idempotency key");
    }
    for index in plan.indexes.iter().filter(|index| COLUMNS.iter().any(|name| index.column == name)) {
        errors.at(
            &index.key_tokens,
            format_args!(
                "`{}` is a column of every job: call the field, or its `key`, something else",
                index.column
            ),
        );
    }
}
