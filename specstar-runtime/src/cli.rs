//! The command line of an application: one program that serves, describes, checks and looks after itself.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use specstar_runtime::app::SpecStar;
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     specstar_runtime::cli::run(SpecStar::builder().sqlite("data/app.db")).await
//! }
//! ```
//!
//! `app help` lists the commands; without one, the application is served. A program with arguments of its own puts
//! [`Command`] among its subcommands and calls [`Command::run`].
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | done, and nothing is wrong |
//! | 1 | done, and something was found: failed rows, a damaged archive, a difference, a fault |
//! | 2 | the arguments are wrong |
//! | 3 | it could not be done: a wrong configuration, no database, no file |

mod archive;
mod describe;
mod doctor;
mod gc;
mod lock;
mod migrate;
mod output;
mod reindex;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use self::doctor::{Finding, Severity};
pub use self::output::{Outcome, Output};
use crate::app::SpecStarBuilder;
use crate::error::Result;

/// What can be asked of an application.
#[derive(Clone, Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Serve the application until ctrl-c or SIGTERM (what happens without a command).
    Serve(serve::Serve),
    /// Write the OpenAPI document. No database is needed.
    #[command(name = "openapi")]
    OpenApi(describe::OpenApi),
    /// List the routes. No database is needed.
    Routes,
    /// Bring stored content to the declared schema versions, for good.
    Migrate(migrate::Migrate),
    /// Compare the shapes of the types with the lock file, or lock them as they are.
    Lock(lock::LockShapes),
    /// Write an archive of everything, while the application goes on writing.
    Backup(archive::Backup),
    /// Read an archive into the database, whole or not at all.
    Restore(archive::Restore),
    /// Check that an archive is whole. No database is needed.
    Verify(archive::Verify),
    /// Compare the index values of every resource with its document, and write anew those that differ.
    Reindex(reindex::Reindex),
    /// Remove blobs that nobody names any more, and what uploads left that did not end.
    Gc(gc::Gc),
    /// Check configuration, database, indexes, storage and permissions, and say what to do.
    Doctor(doctor::Doctor),
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// The database, instead of the one the program names: `sqlite:PATH`, or `postgres://…`.
    #[arg(long, global = true, env = "SPECSTAR_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Answer with one JSON document on standard output, and show no progress.
    #[arg(long, global = true)]
    pub json: bool,
    /// Show no progress.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Parser)]
#[command(about = "Serves and looks after this application", version = None::<&'static str>)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

/// Does what the arguments of the process say. It answers with the exit code of the process.
pub async fn run(builder: SpecStarBuilder) -> ExitCode {
    // All commands together are a large state, which would stand on the stack of whoever waits.
    Box::pin(run_with(builder, std::env::args_os())).await
}

/// The same with these arguments; the first is the name of the program.
pub async fn run_with(
    builder: SpecStarBuilder,
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> ExitCode {
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments { command, common }) => {
            let command = command.unwrap_or_else(|| Command::Serve(serve::Serve::default()));
            Box::pin(command.run(builder, common)).await
        }
        Err(error) => {
            // Help and the version are no mistakes, and go to standard output.
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
        }
    }
}

impl Command {
    /// Does it, and says on standard output what came out of it and on standard error what went wrong.
    pub async fn run(self, builder: SpecStarBuilder, common: Common) -> ExitCode {
        let mut output = Output::new(common.json, common.quiet);
        let builder = match &common.database_url {
            Some(url) => builder.database_url(url),
            None => builder,
        };
        let done = Box::pin(self.perform(builder, &mut output)).await;
        output.finish(done)
    }

    async fn perform(self, builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        let builder = if matches!(self, Self::Serve(_)) { builder } else { builder.for_maintenance() };
        match self {
            Self::Serve(serve) => serve.run(builder, output).await,
            Self::OpenApi(openapi) => openapi.run(builder, output),
            Self::Routes => describe::routes(builder, output),
            Self::Migrate(migrate) => migrate.run(builder, output).await,
            Self::Lock(lock) => lock.run(builder, output),
            Self::Backup(backup) => backup.run(builder, output).await,
            Self::Restore(restore) => restore.run(builder, output).await,
            Self::Verify(verify) => verify.run(output).await,
            Self::Reindex(reindex) => reindex.run(builder, output).await,
            Self::Gc(gc) => gc.run(builder, output).await,
            Self::Doctor(doctor) => doctor.run(builder, output).await,
        }
    }
}
