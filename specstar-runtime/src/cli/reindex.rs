//! `reindex`

use clap::Args;
use serde_json::json;

use super::output::{ADAPT, Outcome, Output};
use crate::app::{App, SpecStarBuilder};
use crate::error::{Error, Result};
use crate::repository::{Model, store_error};
use crate::store::inspect::Unmended;

/// Rows that are written in one transaction.
const BATCH: usize = 500;

/// Rows that are remembered between a look and the writing.
const AT_MOST: usize = 100_000;

/// Arguments of `reindex`.
#[derive(Clone, Debug, Args)]
pub struct Reindex {
    /// Only these types; all without a name.
    models: Vec<String>,
    /// Say what differs and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Also have the database write its own indexes anew. Nothing else can be written meanwhile.
    #[arg(long, conflicts_with = "dry_run")]
    rebuild: bool,
}

impl Reindex {
    pub(super) async fn run(self, mut builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        if self.dry_run {
            builder.leave_as_it_is(ADAPT).await?;
        }
        // Indexes that are new or have another form are filled by the start itself.
        let app = builder.build().await?;
        let done = self.models(&app, output).await;
        app.close().await?;
        done
    }

    async fn models(&self, app: &App, output: &mut Output) -> Result<Outcome> {
        let mut reports = Vec::new();
        let mut outcome = Outcome::Fine;
        for model in chosen(app, &self.models)? {
            let report = self.model(app, model, output).await?;
            let Report { rows, differing, unmended } = &report;
            output.line(format!("{}: {rows} resources, {differing} with other index values", model.name()));
            for Unmended { resource_id, reason } in unmended {
                output.line(format!("  {resource_id} could not be mended: {reason}"));
            }
            if !unmended.is_empty() || (self.dry_run && *differing > 0) {
                outcome = Outcome::Found;
            }
            let unmended =
                unmended.iter().map(|row| json!({"resource_id": row.resource_id, "reason": row.reason}));
            reports.push(json!({
                "model": model.name(),
                "rows": rows,
                "differing": differing,
                "unmended": unmended.collect::<Vec<_>>(),
            }));
        }
        output.member("models", reports);
        output.member("dry_run", self.dry_run);
        Ok(outcome)
    }

    async fn model(&self, app: &App, model: &Model, output: &Output) -> Result<Report> {
        let store = app.service().store();
        if self.rebuild {
            store.rebuild_indexes(model.index).await.map_err(store_error)?;
        }
        let mut report = Report::default();
        loop {
            let bar = output.progress(model.name(), None);
            let shown = bar.clone();
            let told = Box::new(move |rows| shown.set_position(rows));
            let found = store.check_indexes(model.index, AT_MOST, told).await;
            bar.finish_and_clear();
            let found = found.map_err(store_error)?;
            report.rows = found.rows;
            if self.dry_run {
                report.differing = found.differing;
                return Ok(report);
            }
            report.differing += found.differing;
            let all = found.differing <= found.wrong.len() as u64;
            for rows in found.wrong.chunks(BATCH) {
                let unmended = store.mend_indexes(model.index, rows.to_vec()).await.map_err(store_error)?;
                report.unmended.extend(unmended);
            }
            // Those that cannot be mended would be found again and again.
            if all || !report.unmended.is_empty() {
                return Ok(report);
            }
        }
    }
}

#[derive(Default)]
struct Report {
    rows: u64,
    differing: u64,
    unmended: Vec<Unmended>,
}

/// The types of these names, or all.
pub(super) fn chosen<'a>(app: &'a App, names: &[String]) -> Result<Vec<&'a Model>> {
    if names.is_empty() {
        return Ok(app.service().models().iter().collect());
    }
    let unknown = |name: &String| {
        let known: Vec<_> = app.service().models().iter().map(Model::name).collect();
        let problem = format!("`{name}` is not a resource type of this program: {}", known.join(", "));
        Error::CannotStart { problems: vec![problem] }
    };
    names.iter().map(|name| app.service().model(name).ok_or_else(|| unknown(name))).collect()
}
