//! Which schema versions are stored, and can they be read? Are the shapes as they were locked?

use super::{Finding, failed};
use crate::app::{App, SpecStarBuilder};
use crate::cli::lock::default_file;
use crate::repository::Model;
use crate::schema::lock::Lock;
use crate::store::VersionCount;

/// The versions of what is stored.
pub(super) async fn versions(app: &App, findings: &mut Vec<Finding>) {
    let before = findings.len();
    for model in app.service().models() {
        match app.service().versions(model).await {
            Err(error) => findings.push(failed("schema", &error)),
            Ok(counts) => counts.iter().for_each(|count| findings.extend(of_version(model, count))),
        }
    }
    if findings.len() == before {
        findings.push(Finding::fine("schema", "everything is stored at the declared versions"));
    }
}

fn of_version(model: &Model, count: &VersionCount) -> Option<Finding> {
    let descriptor = model.descriptor();
    let (name, version) = (model.name(), count.version.as_deref());
    if version == descriptor.schema_version {
        return None;
    }
    let shown = version.map_or_else(|| "no version".to_owned(), |version| format!("version {version:?}"));
    let VersionCount { current, superseded, .. } = count;
    let what = format!(
        "{current} resources and {superseded} superseded revisions of `{name}` are stored with {shown}"
    );
    if !descriptor.older_versions.contains(&version) {
        let from = version.map_or_else(|| "none".to_owned(), |version| format!("{version:?}"));
        return Some(Finding::error(
            "schema",
            format!("{what}, and cannot be read"),
            format!("add a step for it: `migrate({from} => …)`"),
        ));
    }
    // Superseded revisions are read seldom, and switching to one says what it needs.
    (*current > 0).then(|| {
        Finding::warning(
            "schema",
            format!("{what}; they are converted whenever they are read, and found by their old values"),
            format!("run `migrate {name}`; `migrate --dry-run {name}` shows what would fail"),
        )
    })
}

/// Whether the shapes are those of the lock file, where there is one.
pub(super) fn lock(builder: &SpecStarBuilder, findings: &mut Vec<Finding>) {
    let path = default_file();
    let locked = match Lock::read(&path) {
        Ok(Some(locked)) => locked,
        Ok(None) => return,
        Err(error) => {
            findings.push(Finding::error(
                "lock",
                error.to_string(),
                "take the file from the version control again",
            ));
            return;
        }
    };
    let drift = locked.drift(&builder.shapes());
    if drift.is_empty() {
        findings.push(Finding::fine("lock", "the shapes are as they were locked"));
    }
    for differs in drift {
        let (message, unraised) = (differs.to_string(), differs.unraised);
        findings.push(if unraised {
            Finding::error(
                "lock",
                message,
                "raise `schema` and add a step to `migrate(…)`, then run `lock --accept`",
            )
        } else {
            Finding::warning("lock", message, "run `lock --accept`")
        });
    }
}
