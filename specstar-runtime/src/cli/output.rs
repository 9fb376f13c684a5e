//! What a command shows: lines or one JSON document on standard output, progress on standard error.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// What to do before a command that adapts nothing.
pub(super) const ADAPT: &str = "start the application first, or run `migrate`";

/// How a command that could be carried out went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong: exit code 0.
    Fine,
    /// Something was found that somebody should look at: exit code 1.
    Found,
}

impl Outcome {
    /// [`Found`](Self::Found) when there is something.
    pub const fn found(something: bool) -> Self {
        if something { Self::Found } else { Self::Fine }
    }
}

/// Where a command says what it does.
#[derive(Debug)]
pub struct Output {
    json: bool,
    quiet: bool,
    silent: bool,
    document: Map<String, Value>,
}

impl Output {
    /// Lines for people, or one JSON document.
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, silent: false, document: Map::new() }
    }

    /// Whether the answer is one JSON document.
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Standard output is for something else: the command says nothing on it.
    pub(super) fn is_piped(&mut self) {
        self.silent = true;
    }

    /// A line for people.
    pub(super) fn line(&self, line: impl AsRef<str>) {
        if !self.json && !self.silent {
            // Nobody may listen any more (`app routes | head`): that is no failure of the command.
            let _ = writeln!(std::io::stdout(), "{}", line.as_ref());
        }
    }

    /// A member of the JSON document.
    pub(super) fn member(&mut self, name: &str, value: impl Into<Value>) {
        if self.json {
            self.document.insert(name.to_owned(), value.into());
        }
    }

    /// Shows that something goes on, of so many steps when that is known. Only where somebody looks: on a terminal.
    pub(super) fn progress(&self, what: &str, of: Option<u64>) -> ProgressBar {
        if self.json || self.quiet {
            return ProgressBar::hidden();
        }
        let bar = of.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = if of.is_some() {
            "{msg} [{bar:30}] {human_pos}/{human_len} ({per_sec}, {eta})"
        } else {
            "{spinner} {msg} {human_pos} ({per_sec})"
        };
        // A template that the library refused would be a mistake here; its own one then serves.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// Writes the JSON document or the error, and gives the exit code.
    pub(super) fn finish(mut self, done: Result<Outcome>) -> ExitCode {
        let (code, error) = match done {
            Ok(Outcome::Fine) => (0, None),
            Ok(Outcome::Found) => (1, None),
            Err(error) => (3, Some(error)),
        };
        if let Some(error) = &error {
            for problem in problems(error) {
                eprintln!("error: {problem}");
            }
            self.member("errors", problems(error));
        }
        if self.json && !self.silent {
            self.document.insert("ok".to_owned(), (code == 0).into());
            let _ = writeln!(std::io::stdout(), "{}", Value::Object(self.document));
        }
        ExitCode::from(code)
    }
}

/// Each problem as a line of its own.
pub(super) fn problems(error: &Error) -> Vec<String> {
    match error {
        Error::CannotStart { problems } => problems.clone(),
        other => vec![other.to_string()],
    }
}
