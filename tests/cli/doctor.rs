//! What `doctor` finds.

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;

use super::app::{run, run_as, tamper, with_chores, with_notes};
use super::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_sound_installation_has_no_finding", sound),
        trial("a_missing_database_is_a_warning_and_is_not_made", missing),
        trial("what_is_open_or_closed_without_a_word_is_found", permissions),
        trial("a_wrong_configuration_is_found", configuration),
        trial("wrong_index_values_are_found_and_named", indexes),
        trial("a_layout_that_is_not_as_declared_is_found_and_left_alone", layout),
        trial("a_damaged_file_is_found", damage),
        trial("queues_without_workers_stuck_jobs_and_dead_letters_are_found", jobs),
    ]
}

/// The findings that are not fine: check, severity, message.
#[track_caller]
fn findings(variant: &str, folder: &Path, code: i32) -> Vec<(String, String, String)> {
    let ended = run_as(variant, folder, &["doctor", "--json"]);
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let found = ended.json()["findings"].as_array().unwrap().clone();
    let bad = found.iter().filter(|finding| finding["severity"] != "ok");
    bad.inspect(|finding| assert!(!text(finding, "advice").is_empty(), "{finding}"))
        .map(|finding| (text(finding, "check"), text(finding, "severity"), text(finding, "message")))
        .collect()
}

#[track_caller]
fn one(found: &[(String, String, String)], check: &str, severity: &str, part: &str) {
    let [(of, how, message)] = found else { panic!("{found:?}") };
    assert_eq!((of.as_str(), how.as_str()), (check, severity), "{found:?}");
    assert!(message.contains(part), "{message}");
}

fn sound() {
    let folder = with_notes();
    assert_eq!(findings("open", folder.path(), 0), []);
    let shown = run(folder.path(), &["doctor"]);
    assert!(shown.stdout.ends_with("0 errors, 0 warnings\n"), "{}", shown.stdout);
}

fn missing() {
    let folder = tempfile::tempdir().unwrap();
    one(&findings("open", folder.path(), 0), "database", "warning", "does not exist");
    assert_eq!(run(folder.path(), &["doctor", "--strict"]).code, 1);
    assert!(!folder.path().join("app.db").exists());
}

fn permissions() {
    let folder = with_notes();
    one(
        &findings("unsaid", folder.path(), 0),
        "permissions",
        "warning",
        "everybody may do everything with `note`",
    );
    one(&findings("closed", folder.path(), 1), "permissions", "error", "nobody may do anything with `note`");
}

fn configuration() {
    let folder = with_notes();
    one(&findings("broken", folder.path(), 1), "configuration", "error", "page size");
}

fn indexes() {
    let folder = with_notes();
    tamper(folder.path(), "UPDATE h_note SET ix_stars = 9 WHERE ix_title = 'b'");
    let found = findings("open", folder.path(), 1);
    one(&found, "indexes", "error", "1 resources of `note`");
    assert!(found[0].2.contains("(stars)"), "{found:?}");
    assert_eq!(run(folder.path(), &["doctor", "--fast"]).code, 0, "that is not looked at");
}

fn layout() {
    let folder = with_notes();
    tamper(folder.path(), "DROP INDEX \"h_note/ix_stars\"");
    one(&findings("open", folder.path(), 0), "layout", "warning", "`note` is declared otherwise");
    one(&findings("open", folder.path(), 0), "layout", "warning", "`note` is declared otherwise");
}

fn jobs() {
    let folder = with_chores();
    let found = findings("jobs", folder.path(), 0);
    one(&found, "jobs", "warning", "2 jobs of the queue `chores` are due, and no worker of it is alive");
    let alive = "INSERT INTO ss_worker VALUES ('w', 'chores', 9e15, 9e15)";
    tamper(folder.path(), alive);
    assert_eq!(findings("jobs", folder.path(), 0), []);
    tamper(folder.path(), "UPDATE ss_job SET state = 'failed' WHERE pk = 1");
    one(&findings("jobs", folder.path(), 0), "jobs", "warning", "1 jobs have failed for good");
    let lost =
        "UPDATE ss_job SET state = 'running', lease_token = 't', worker = 'w', lease_until = 1 WHERE pk = 1";
    tamper(folder.path(), lost);
    one(
        &findings("jobs", folder.path(), 0),
        "jobs",
        "warning",
        "1 jobs are said to be worked on, and nobody does",
    );
}

fn damage() {
    let folder = with_notes();
    let path = folder.path().join("app.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // A page in the middle; the first ones say what the tables are.
    let page = bytes.len() / 4096 / 2 * 4096;
    bytes[page..page + 4096].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let found = findings("open", folder.path(), 1);
    assert!(found.iter().any(|(_, severity, _)| severity == "error"), "{found:?}");
}
