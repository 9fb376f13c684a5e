//! `migrate`

use clap::Args;
use serde_json::json;

use super::output::{ADAPT, Outcome, Output};
use super::reindex::chosen;
use crate::app::{App, SpecStarBuilder};
use crate::error::Result;
use crate::repository::{MigrateOptions, MigrateSummary, Model, Revisions, Selection};

/// Arguments of `migrate`.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    /// Only these types; without a name all that declare a schema version.
    models: Vec<String>,
    /// Run the steps, the validators and the constraints, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Also the revisions that are no longer current.
    #[arg(long)]
    all_revisions: bool,
    /// Give one resource the content back that it had before its migration: `TYPE ID`.
    #[arg(long, num_args = 2, value_names = ["TYPE", "ID"], conflicts_with_all = ["models", "dry_run", "all_revisions"])]
    take_back: Option<Vec<String>>,
    /// Forget for good what migrated content was before: no migration can be taken back then.
    #[arg(long, conflicts_with_all = ["dry_run", "all_revisions", "take_back"])]
    forget_originals: bool,
}

impl Migrate {
    pub(super) async fn run(self, mut builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        if self.dry_run {
            builder.leave_as_it_is(ADAPT).await?;
        }
        let app = builder.build().await?;
        let done = match self.take_back.as_deref() {
            Some([model, resource_id]) => take_back(&app, model, resource_id, output).await,
            _ if self.forget_originals => self.forget(&app, output).await,
            _ => self.models(&app, output).await,
        };
        app.close().await?;
        done
    }

    async fn models(&self, app: &App, output: &mut Output) -> Result<Outcome> {
        let all = self.models.is_empty();
        let models = chosen(app, &self.models)?;
        let versioned =
            models.into_iter().filter(|model| !all || model.descriptor().schema_version.is_some());
        let mut reports = Vec::new();
        let mut failed = 0;
        for model in versioned {
            let summary = self.model(app, model, output).await?;
            let MigrateSummary { success, failed: here, skipped, errors, .. } = &summary;
            let done = if self.dry_run { "could be migrated" } else { "migrated" };
            output.line(format!("{}: {success} {done}, {skipped} were current, {here} failed", model.name()));
            for failure in errors {
                output.line(format!("  {}: {}", failure.resource_id, failure.error));
            }
            failed += here;
            reports.push(json!({"model": model.name(), "summary": summary}));
        }
        output.member("models", reports);
        output.member("dry_run", self.dry_run);
        Ok(Outcome::found(failed > 0))
    }

    async fn forget(&self, app: &App, output: &mut Output) -> Result<Outcome> {
        let mut reports = Vec::new();
        for model in chosen(app, &self.models)? {
            let forgotten = app.service().forget_originals(model, &app.program()?).await?;
            output.line(format!("{}: {forgotten} originals forgotten", model.name()));
            reports.push(json!({"model": model.name(), "forgotten": forgotten}));
        }
        output.member("models", reports);
        Ok(Outcome::found(false))
    }

    async fn model(&self, app: &App, model: &Model, output: &Output) -> Result<MigrateSummary> {
        let versions = app.service().versions(model).await?;
        let resources = versions.iter().map(|count| count.current).sum();
        let revisions = if self.all_revisions { Revisions::All } else { Revisions::Current };
        let options = MigrateOptions { dry_run: self.dry_run, revisions, ..MigrateOptions::default() };
        let caller = app.program()?;
        let mut migration = app.service().migrate(model, Selection::everything(), options, &caller).await?;
        let bar = output.progress(model.name(), Some(resources));
        loop {
            match migration.next().await {
                Ok(Some(batch)) => bar.inc(batch.len() as u64),
                Ok(None) => break,
                Err(error) => {
                    bar.abandon();
                    return Err(error);
                }
            }
        }
        bar.finish_and_clear();
        Ok(migration.summary().clone())
    }
}

async fn take_back(app: &App, model: &str, resource_id: &str, output: &mut Output) -> Result<Outcome> {
    let names = [model.to_owned()];
    let model = chosen(app, &names)?[0];
    let told = app.service().take_back_migration(model, resource_id, None, &app.program()?).await?;
    output.line(format!("{resource_id}: {}", told.message.clone().unwrap_or_default()));
    output.member("progress", json!(told));
    Ok(Outcome::found(told.error.is_some()))
}
