//! Is everything open, or is nothing allowed, without anybody having said so?

use std::sync::Arc;

use super::{Finding, failed};
use crate::app::{App, Openness, SpecStarBuilder};
use crate::query::Predicate;
use crate::repository::store_error;
use crate::store::Freshness;

/// What the rules of the program say before any row is read.
pub(super) fn rules(builder: &SpecStarBuilder) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (model, openness) in builder.openness() {
        match openness {
            Openness::Ruled | Openness::Meant => {}
            Openness::Unsaid => findings.push(Finding::warning(
                "permissions",
                format!("everybody may do everything with `{model}`: no rule speaks of it"),
                "add a rule with access(…), access_for::<T>(…) or `permission = …`, or say open_access()",
            )),
            Openness::Closed => findings.push(Finding::error(
                "permissions",
                format!("nobody may do anything with `{model}`: what no rule allows is denied, and no rule speaks of it"),
                "add a rule with access(…), access_for::<T>(…) or `permission = …`",
            )),
        }
    }
    if findings.is_empty() {
        findings.push(Finding::fine("permissions", "each type has a rule, or is meant to be open"));
    }
    findings
}

/// Whether rules that are rows are there.
pub(super) async fn rows(app: &App, findings: &mut Vec<Finding>) {
    let Some(model) = app.service().model("_acl") else { return };
    let live = Arc::new(Predicate::is_deleted(false));
    match app.service().store().count(model.index, live, Freshness::Current).await.map_err(store_error) {
        Err(error) => findings.push(failed("access rules", &error)),
        Ok(0) => findings.push(Finding::warning(
            "access rules",
            "the access control list has no rule",
            "only root and what other rules of the program allow is allowed: write the first rules to `/_acl` as root",
        )),
        Ok(rules) => findings.push(Finding::fine("access rules", format!("{rules} rules in the access control list"))),
    }
}
