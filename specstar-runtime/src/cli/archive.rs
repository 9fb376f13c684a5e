//! `backup`, `restore` and `verify`

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::json;

use super::output::{ADAPT, Outcome, Output};
use crate::app::SpecStarBuilder;
use crate::backup::{
    self, ArchiveFormat, ExportOptions, ImportOptions, ImportReport, OnDuplicate, OnProgress, Progress,
};
use crate::error::{Error, Result};

/// The format of an archive.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Our own: checked as a whole, compressed, with deltas.
    #[default]
    Ssbak,
    /// That of SpecStar 0.12 for Python.
    Acbak,
}

/// What happens to a resource whose id exists.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Duplicate {
    /// The archive's replaces it, with its whole history.
    Overwrite,
    /// It stays as it is.
    Skip,
    /// Nothing is restored.
    #[default]
    RaiseError,
}

/// Arguments of `backup`.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// The archive to write; `-` is standard output. A file that exists is replaced once the new one is whole.
    file: PathBuf,
    /// Only this type; can be given several times.
    #[arg(long = "model", value_name = "TYPE")]
    models: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only what changed since the backup that gave this token.
    #[arg(long, value_name = "TOKEN")]
    since: Option<String>,
    /// Without the bytes of blobs.
    #[arg(long)]
    without_blobs: bool,
}

impl Backup {
    pub(super) async fn run(self, mut builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        builder.leave_as_it_is("take the backup with the program that serves it").await?;
        let app = builder.build().await?;
        let bar = output.progress("backup", None);
        let options = ExportOptions {
            models: self.models,
            format: match self.format {
                Format::Ssbak => ArchiveFormat::Ssb,
                Format::Acbak => ArchiveFormat::Acbak,
            },
            since: self.since,
            without_blobs: self.without_blobs,
            progress: Some(shown(&bar)),
        };
        let exported = if self.file == Path::new("-") {
            output.is_piped();
            app.backup().export(std::io::stdout(), options).await
        } else {
            let into = Part::beside(&self.file)?;
            let writer = into.writer()?;
            match app.backup().export(writer, options).await {
                Ok(report) => into.finish().map(|()| report),
                Err(error) => Err(error),
            }
        };
        bar.finish_and_clear();
        let report = app.close().await.and(exported)?;
        for (model, of) in &report.models {
            output.line(format!(
                "{model}: {} resources, {} revisions, {} blobs{}",
                of.resources,
                of.revisions,
                of.blobs,
                if of.purged > 0 { format!(", {} removed for good", of.purged) } else { String::new() }
            ));
        }
        output.line(format!("{} bytes", report.bytes));
        if !report.token.is_empty() {
            output.line(format!("later: --since {}", report.token));
        }
        output.member("report", json!(report));
        Ok(Outcome::Fine)
    }
}

/// Arguments of `restore`.
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// The archive, of either format.
    file: PathBuf,
    /// What happens to a resource whose id exists.
    #[arg(long, value_enum, default_value_t)]
    on_duplicate: Duplicate,
    /// Look at everything, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Go on where a restore of the same archive ended early.
    #[arg(long)]
    resume: bool,
}

impl Restore {
    pub(super) async fn run(self, mut builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        if self.dry_run {
            builder.leave_as_it_is(ADAPT).await?;
        }
        let app = builder.build().await?;
        let bar = output.progress("restore", None);
        let options = ImportOptions {
            on_duplicate: match self.on_duplicate {
                Duplicate::Overwrite => OnDuplicate::Overwrite,
                Duplicate::Skip => OnDuplicate::Skip,
                Duplicate::RaiseError => OnDuplicate::RaiseError,
            },
            dry_run: self.dry_run,
            resume: self.resume,
            progress: Some(shown(&bar)),
        };
        let imported = app.backup().import(&self.file, options).await;
        bar.finish_and_clear();
        let report = app.close().await.and(imported)?;
        tell(&report, self.dry_run, output);
        Ok(Outcome::found(report.has_errors()))
    }
}

fn tell(report: &ImportReport, dry_run: bool, output: &mut Output) {
    for (model, of) in &report.models {
        let counts = of.resources;
        output.line(format!(
            "{model}: {} resources: {} new, {} replaced, {} left as they are, {} failed; {} revisions, {} blobs",
            counts.total, counts.created, counts.overwritten, counts.skipped, counts.failed, of.revisions, of.blobs
        ));
        for error in &of.errors {
            output.line(format!("  {error}"));
        }
    }
    if dry_run {
        output.line("nothing was written");
    }
    output.member("report", json!(report));
    output.member("dry_run", dry_run);
}

/// Arguments of `verify`.
#[derive(Clone, Debug, Args)]
pub struct Verify {
    /// The archive, of either format.
    file: PathBuf,
}

impl Verify {
    /// A damaged archive is found (1); one that cannot be read at all could not be looked at (3).
    pub(super) async fn run(self, output: &mut Output) -> Result<Outcome> {
        File::open(&self.file).map_err(|error| failed("open", &self.file, &error))?;
        match backup::Backup::verify(self.file.clone()).await {
            Ok(report) => {
                for (model, of) in &report.models {
                    output.line(format!(
                        "{model}: {} resources, {} revisions, {} blobs",
                        of.resources, of.revisions, of.blobs
                    ));
                }
                output.line(format!("{} is whole: {} bytes", self.file.display(), report.bytes));
                output.member("report", json!(report));
                Ok(Outcome::Fine)
            }
            Err(Error::BadRequest(reason)) => {
                output.line(format!("{} is damaged: {reason}", self.file.display()));
                output.member("damage", reason);
                Ok(Outcome::Found)
            }
            Err(error) => Err(error),
        }
    }
}

/// A file that takes its name when it is whole, so that a backup that fails leaves the one before as it was.
struct Part {
    part: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Part {
    fn beside(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let part = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed("write", path, &error))?;
        Ok(Self { part, path: path.to_owned() })
    }

    fn writer(&self) -> Result<File> {
        self.part.reopen().map_err(|error| failed("write", &self.path, &error))
    }

    fn finish(mut self) -> Result<()> {
        let whole = self.part.flush().and_then(|()| self.part.as_file().sync_all());
        whole.map_err(|error| failed("write", &self.path, &error))?;
        let kept = self.part.persist(&self.path);
        kept.map_err(|error| failed("write", &self.path, &error.error))?;
        Ok(())
    }
}

fn shown(bar: &ProgressBar) -> OnProgress {
    let bar = bar.clone();
    Arc::new(move |progress: Progress| {
        bar.set_position(progress.resources);
        bar.set_message(format!("{} resources,", indicatif::HumanBytes(progress.bytes)));
    })
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::CannotStart { problems: vec![format!("cannot {what} {}: {error}", path.display())] }
}
