//! `gc`

use clap::Args;

use super::output::{ADAPT, Outcome, Output};
use crate::app::{App, SpecStarBuilder};
use crate::error::Result;
use crate::repository::store_error;

/// Arguments of `gc`.
#[derive(Clone, Debug, Default, Args)]
pub struct Gc {
    /// Blobs that no revision names for this long go into quarantine, where they can still be read: `90m`, `1h`, `7d`.
    #[arg(long, value_name = "TIME")]
    quarantine_after: Option<humantime::Duration>,
    /// Blobs that are in quarantine for this long are removed.
    #[arg(long, value_name = "TIME")]
    remove_after: Option<humantime::Duration>,
    /// Uploads that have not ended for this long are given up.
    #[arg(long, value_name = "TIME")]
    unfinished_after: Option<humantime::Duration>,
    /// Remove nothing, and say how many blobs there are in each state.
    #[arg(long)]
    dry_run: bool,
}

impl Gc {
    pub(super) async fn run(self, mut builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        let mut options = builder.collect_options();
        options.quarantine_after = self.quarantine_after.map_or(options.quarantine_after, Into::into);
        options.remove_after = self.remove_after.map_or(options.remove_after, Into::into);
        options.unfinished_after = self.unfinished_after.map_or(options.unfinished_after, Into::into);
        if self.dry_run {
            builder.leave_as_it_is(ADAPT).await?;
        }
        let app = builder.build().await?;
        let done = if self.dry_run {
            count(&app, output).await
        } else {
            let bar = output.progress("collecting", None);
            let collected = app.collect_blobs(&options).await;
            bar.finish_and_clear();
            collected.map(|done| {
                output.line(format!(
                    "{} blobs went into quarantine, {} were removed, {} uploads were given up, {} objects were deleted",
                    done.quarantined, done.removed, done.unfinished, done.objects
                ));
                output.member("quarantined", done.quarantined);
                output.member("removed", done.removed);
                output.member("unfinished", done.unfinished);
                output.member("objects", done.objects);
                Outcome::Fine
            })
        };
        app.close().await?;
        done
    }
}

async fn count(app: &App, output: &mut Output) -> Result<Outcome> {
    // An application without blobs has none to count either.
    app.blobs()?;
    let counts = app.service().store().blob_counts().await.map_err(store_error)?;
    output.line(format!(
        "{} blobs with {} bytes: {} that no revision names, {} of them in quarantine; {} uploads under way, {} objects \
         to be deleted",
        counts.files, counts.bytes, counts.idle, counts.quarantined, counts.staged, counts.doomed
    ));
    for (name, count) in [
        ("blobs", counts.files),
        ("bytes", counts.bytes),
        ("idle", counts.idle),
        ("in_quarantine", counts.quarantined),
        ("staged", counts.staged),
        ("doomed", counts.doomed),
    ] {
        output.member(name, count);
    }
    Ok(Outcome::Fine)
}
