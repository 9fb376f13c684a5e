//! Rules across attributes: one small function each, its reason above it.

use crate::ast::Resource;
use crate::errors::Errors;
use crate::lock;
use crate::migration;
use crate::plan::Plan;

mod forms;
mod indexes;
mod job;
mod marks;
mod names;
pub(crate) mod shape;

/// Reports everything that is wrong with a struct of the right shape.
pub(crate) fn all(resource: &Resource, plan: &Plan<'_>, errors: &mut Errors) {
    names::check(resource, errors);
    forms::check(resource, errors);
    marks::check(resource, errors);
    indexes::check(resource, plan, errors);
    migrations(resource, errors);
    job::check(resource, plan, errors);
    // The payload of a job is no list of stored fields.
    if resource.job.is_none() {
        lock::check(resource, errors);
    }
}

/// Stored content of every version that is named has to reach the declared one.
fn migrations(resource: &Resource, errors: &mut Errors) {
    if let Some(migrate) = &resource.options.migrate.0 {
        let schema = resource.options.schema.0.as_ref().map(syn::LitStr::value);
        migration::check(migrate, schema.as_deref(), errors);
    }
}
