//! Rules across attributes: one small function each, its reason above it.

use crate::ast::Resource;
use crate::errors::Errors;
use crate::plan::Plan;

mod forms;
mod indexes;
mod marks;
mod names;
pub(crate) mod shape;

/// Reports everything that is wrong with a struct of the right shape.
pub(crate) fn all(resource: &Resource, plan: &Plan<'_>, errors: &mut Errors) {
    names::check(resource, errors);
    forms::check(resource, errors);
    marks::check(resource, errors);
    indexes::check(resource, plan, errors);
}
