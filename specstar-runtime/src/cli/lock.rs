//! `lock`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::output::{Outcome, Output};
use crate::app::SpecStarBuilder;
use crate::error::{Error, Result};
use crate::schema::lock::{self, Drift, Lock, LockError};

/// Arguments of `lock`.
#[derive(Clone, Debug, Args)]
pub struct LockShapes {
    /// Write the shapes as they are now. Where the derive refuses them, build with `SPECSTAR_LOCK=off`.
    #[arg(long)]
    accept: bool,
    /// The lock file (`specstar.lock.json` beside the `Cargo.toml` of the program that is run by cargo, else here).
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl LockShapes {
    /// Without `accept` it compares: exit code 1 when something differs, or nothing is locked.
    pub(super) fn run(self, mut builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        builder.examine()?;
        let path = self.file.unwrap_or_else(default_file);
        let now = builder.shapes();
        let locked = Lock::read(&path).map_err(|error| failed(&path, &error))?;
        let drift = locked.as_ref().map(|locked| locked.drift(&now));
        for differs in drift.iter().flatten() {
            output.line(differs.to_string());
        }
        output.member("file", path.display().to_string());
        output.member("locked", locked.is_some() || self.accept);
        output
            .member("drift", drift.as_deref().unwrap_or_default().iter().map(described).collect::<Vec<_>>());
        if self.accept {
            now.write(&path).map_err(|error| failed(&path, &error))?;
            output.line(format!("{}: {} shapes are locked", path.display(), now.resources.len()));
            return Ok(Outcome::Fine);
        }
        match &drift {
            None => output.line(format!("{} does not exist: `lock --accept` writes it", path.display())),
            Some(drift) if drift.is_empty() => output.line("the shapes are as they were locked"),
            Some(drift) if drift.iter().any(|differs| differs.unraised) => output.line(
                "raise `schema` and add a step to `migrate(…)` where stored content would not fit; then `lock --accept`",
            ),
            Some(_) => output.line("`lock --accept` locks them as they are now"),
        }
        Ok(Outcome::found(drift.is_none_or(|drift| !drift.is_empty())))
    }
}

/// Cargo says where the program it runs comes from.
pub(super) fn default_file() -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    lock::find(&folder).unwrap_or_else(|| folder.join(lock::FILE))
}

fn described(drift: &Drift) -> serde_json::Value {
    json!({"resource": drift.resource, "what": drift.what, "unraised": drift.unraised})
}

fn failed(path: &Path, error: &LockError) -> Error {
    Error::CannotStart { problems: vec![format!("{}: {error}", path.display())] }
}
