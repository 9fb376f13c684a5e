//! `openapi` and `routes`: what the application is, without a database.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::output::{Outcome, Output};
use crate::app::SpecStarBuilder;
use crate::error::{Error, Result};

/// Arguments of `openapi`.
#[derive(Clone, Debug, Args)]
pub struct OpenApi {
    /// Write it into this file instead of standard output.
    #[arg(long, short, value_name = "FILE", conflicts_with = "check")]
    output: Option<PathBuf>,
    /// Write nothing; fail with exit code 1 when this file does not hold the same document.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

impl OpenApi {
    pub(super) fn run(self, builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
        let document = builder.describe()?;
        let value: Value = serde_json::from_str(&document).map_err(Error::internal)?;
        let mut text = serde_json::to_string_pretty(&value).map_err(Error::internal)?;
        text.push('\n');
        if let Some(path) = self.check {
            let known = std::fs::read(&path).map_err(|error| failed("read", &path, &error))?;
            let same = serde_json::from_slice::<Value>(&known).is_ok_and(|known| known == value);
            output.member("same", same);
            if !same {
                output.line(format!("{} is not the document of this program", path.display()));
            }
            return Ok(Outcome::found(!same));
        }
        if let Some(path) = self.output {
            std::fs::write(&path, text).map_err(|error| failed("write", &path, &error))?;
            output.line(format!("written to {}", path.display()));
            output.member("written", path.display().to_string());
            return Ok(Outcome::Fine);
        }
        output.member("document", value);
        // As it is, and not as a line: it may be piped into a file or another program.
        if !output.is_json() {
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
        Ok(Outcome::Fine)
    }
}

fn failed(what: &str, path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::CannotStart { problems: vec![format!("cannot {what} {}: {error}", path.display())] }
}

const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

/// The routes as the document has them, since what is documented is what is served.
pub(super) fn routes(builder: SpecStarBuilder, output: &mut Output) -> Result<Outcome> {
    let document: Value = serde_json::from_str(&builder.describe()?).map_err(Error::internal)?;
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                let (id, summary) = (text(operation, "operationId"), text(operation, "summary"));
                routes.push((method.to_ascii_uppercase(), path.clone(), id, summary));
            }
        }
    }
    let width = |of: fn(&(String, String, String, String)) -> usize| routes.iter().map(of).max().unwrap_or(0);
    let (methods, paths) = (width(|route| route.0.len()), width(|route| route.1.len()));
    for (method, path, _, summary) in &routes {
        output.line(format!("{method:methods$}  {path:paths$}  {summary}").trim_end());
    }
    let routes = routes.into_iter().map(
        |(method, path, id, summary)| json!({"method": method, "path": path, "operation": id, "summary": summary}),
    );
    output.member("routes", routes.collect::<Vec<_>>());
    Ok(Outcome::Fine)
}
