//! `doctor`: looks at everything that can be wrong with an installation, and says what to do.

mod blobs;
mod database;
mod jobs;
mod permissions;
mod schema;

use clap::Args;
use serde_json::json;

use super::output::{Outcome, Output, problems};
use crate::app::{App, SpecStarBuilder};
use crate::error::{Error, Result};

/// Arguments of `doctor`.
#[derive(Clone, Debug, Default, Args)]
pub struct Doctor {
    /// Leave out what reads everything: the file, the index values, the bytes of blobs.
    #[arg(long)]
    fast: bool,
    /// Fail with exit code 1 on warnings too.
    #[arg(long)]
    strict: bool,
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Fine,
    /// It works, and somebody should know.
    Warning,
    /// It does not work, or data is in danger.
    Error,
}

impl Severity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check, in a word or two.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is the case.
    pub message: String,
    /// What to do about it; empty where nothing is wrong.
    pub advice: String,
}

impl Finding {
    fn fine(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, severity: Severity::Fine, message: message.into(), advice: String::new() }
    }

    fn warning(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, severity: Severity::Warning, message: message.into(), advice: advice.into() }
    }

    fn error(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, severity: Severity::Error, message: message.into(), advice: advice.into() }
    }
}

impl Doctor {
    pub(super) async fn run(self, builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        let mut findings = Vec::new();
        self.examine(builder, output, &mut findings).await;
        let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Fine);
        for Finding { check, severity, message, advice } in &findings {
            output.line(format!("{:8} {check:14} {message}", severity.as_str()));
            if !advice.is_empty() {
                output.line(format!("{:24}→ {advice}", ""));
            }
        }
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        output.line(format!("{} errors, {} warnings", count(Severity::Error), count(Severity::Warning)));
        let findings = findings.iter().map(|finding| {
            json!({
                "check": finding.check,
                "severity": finding.severity.as_str(),
                "message": finding.message,
                "advice": finding.advice,
            })
        });
        output.member("findings", findings.collect::<Vec<_>>());
        Ok(Outcome::found(worst == Severity::Error || (self.strict && worst == Severity::Warning)))
    }

    /// Each step needs the ones before it: without a sound configuration there is no database to look into.
    async fn examine(&self, mut builder: SpecStarBuilder, output: &Output, findings: &mut Vec<Finding>) {
        if let Err(error) = builder.examine() {
            let advice = "change the program: it cannot start like this";
            findings.extend(
                problems(&error).into_iter().map(|problem| Finding::error("configuration", problem, advice)),
            );
            return;
        }
        findings.push(Finding::fine("configuration", "the types and settings fit together"));
        findings.extend(permissions::rules(&builder));
        schema::lock(&builder, findings);
        if !database::layout(&mut builder, findings).await {
            return;
        }
        let app = match builder.build().await {
            Ok(app) => app,
            Err(error) => {
                let advice = "the database cannot be used by this program as it is";
                findings.extend(
                    problems(&error).into_iter().map(|problem| Finding::error("database", problem, advice)),
                );
                return;
            }
        };
        self.look_into(&app, output, findings).await;
        if let Err(error) = app.close().await {
            findings.push(failed("database", &error));
        }
    }

    async fn look_into(&self, app: &App, output: &Output, findings: &mut Vec<Finding>) {
        if !self.fast {
            database::file(app, output, findings).await;
            database::indexes(app, output, findings).await;
        }
        schema::versions(app, findings).await;
        blobs::look(app, self.fast, output, findings).await;
        jobs::look(app, findings).await;
        permissions::rows(app, findings).await;
    }
}

/// A check that could not be made.
fn failed(check: &'static str, error: &Error) -> Finding {
    Finding::error(
        check,
        format!("this could not be checked: {error}"),
        "see the log for the cause, and run it again",
    )
}
