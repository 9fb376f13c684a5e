//! Is the database there, are its tables as declared, is the file whole, do the index values fit?

use super::{Finding, failed};
use crate::app::{App, SpecStarBuilder};
use crate::cli::output::Output;
use crate::repository::store_error;
use crate::store::StoreError;
use crate::store::inspect::LayoutPlan;

/// Rows that are named in a finding.
const NAMED: usize = 5;

/// Whether the tables are as declared. `false` when nothing further can be looked at.
pub(super) async fn layout(builder: &mut SpecStarBuilder, findings: &mut Vec<Finding>) -> bool {
    if let Some(path) = builder.database_file().filter(|path| !path.exists()) {
        findings.push(Finding::warning(
            "database",
            format!("{} does not exist", path.display()),
            "the first `serve` makes it; if it should be there, look at the path and the working directory",
        ));
        return false;
    }
    match builder.plan_layout().await {
        Ok(plan) => planned(&plan, findings),
        Err(error) => {
            findings.push(Finding::error("database", error.to_string(), advice(&error)));
            false
        }
    }
}

fn planned(plan: &LayoutPlan, findings: &mut Vec<Finding>) -> bool {
    for problem in &plan.problems {
        findings.push(Finding::error(
            "layout",
            problem.clone(),
            "no start is possible until the data or the declaration is changed",
        ));
    }
    if !plan.problems.is_empty() {
        return false;
    }
    for change in &plan.report.models {
        let name = &change.model;
        let message = if change.created {
            format!("`{name}` has no tables yet")
        } else {
            let added = change.indexes_added.join(", ");
            let removed = change.indexes_removed.join(", ");
            format!("`{name}` is declared otherwise than it is stored (new: [{added}]; gone: [{removed}])")
        };
        let advice = match change.rows_backfilled {
            0 => "the next start does it".to_owned(),
            rows => {
                format!("the next start does it and reads {rows} resources for it; `reindex` does it now")
            }
        };
        findings.push(Finding::warning("layout", message, advice));
    }
    for change in &plan.versions {
        findings.push(Finding::warning(
            "layout",
            change.to_string(),
            "the next start notes the new version, and the earlier program cannot start from then on",
        ));
    }
    if plan.is_empty() {
        findings.push(Finding::fine("layout", "the tables and indexes are as declared"));
        return true;
    }
    // To look further would mean to start, and a start changes the tables.
    false
}

fn advice(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) | StoreError::Timeout => {
            "look at the path, its permissions, the space on the disk, and who else has the file open"
        }
        StoreError::Corrupt(_) => "restore a backup, or save what can be read with `backup`",
        StoreError::Layout(_) => "use the program that wrote the file",
        StoreError::TooLong(_) | StoreError::TooMany { .. } | StoreError::Internal(_) => {
            "see the log for the cause"
        }
    }
}

/// Whether the file is whole.
pub(super) async fn file(app: &App, output: &Output, findings: &mut Vec<Finding>) {
    let bar = output.progress("reading the database file", None);
    let faults = app.service().store().check_file().await;
    bar.finish_and_clear();
    match faults.map_err(store_error) {
        Err(error) => findings.push(failed("file", &error)),
        Ok(faults) if faults.is_empty() => findings.push(Finding::fine("file", "the database file is whole")),
        Ok(faults) => {
            let rest = faults.len().saturating_sub(NAMED);
            let shown = faults.into_iter().take(NAMED).collect::<Vec<_>>().join("; ");
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            findings.push(Finding::error(
                "file",
                format!("{shown}{more}"),
                "`reindex --rebuild` mends indexes; for anything else take a `backup` of what can be read, and \
                 restore into a new file. Then look at the disk",
            ));
        }
    }
}

/// Whether the index values are those of the documents.
pub(super) async fn indexes(app: &App, output: &Output, findings: &mut Vec<Finding>) {
    let mut rows = 0;
    let mut sound = true;
    for model in app.service().models() {
        let bar = output.progress(&format!("index values of {}", model.name()), None);
        let shown = bar.clone();
        let told = Box::new(move |rows| shown.set_position(rows));
        let report = app.service().store().check_indexes(model.index, NAMED, told).await;
        bar.finish_and_clear();
        match report.map_err(store_error) {
            Err(error) => {
                sound = false;
                findings.push(failed("indexes", &error));
            }
            Ok(report) => {
                rows += report.rows;
                if report.differing == 0 {
                    continue;
                }
                sound = false;
                let named = report.wrong.iter().map(|row| {
                    let id = row.resource_id.as_deref().unwrap_or("a resource that is gone");
                    format!("{id} ({})", row.keys.join(", "))
                });
                let named = named.collect::<Vec<_>>().join("; ");
                findings.push(Finding::error(
                    "indexes",
                    format!(
                        "{} resources of `{}` are found under other values: {named}",
                        report.differing,
                        model.name()
                    ),
                    format!("run `reindex {}`", model.name()),
                ));
            }
        }
    }
    if sound {
        findings.push(Finding::fine(
            "indexes",
            format!("the index values of {rows} resources are those of their documents"),
        ));
    }
}
