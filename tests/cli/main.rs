//! The command line as people use it: this program, started again as an application with these arguments.

mod app;
mod describe;
mod doctor;
mod maintenance;
mod reindex;
mod version;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(code) = app::when_started_again() {
        return code;
    }
    let mut trials = Vec::new();
    trials.extend(describe::trials());
    trials.extend(doctor::trials());
    trials.extend(maintenance::trials());
    trials.extend(reindex::trials());
    trials.extend(version::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test of that name.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
