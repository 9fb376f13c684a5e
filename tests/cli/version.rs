//! What a later program does to the database of an earlier one: nothing, where it says that it writes nothing.

use std::path::Path;

use libtest_mimic::Trial;

use super::app::{run, run_as, with_notes};
use super::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("what_writes_nothing_does_not_note_a_later_schema_version", refused),
        trial("doctor_finds_a_later_schema_version_and_leaves_the_database_alone", found),
        trial("migrate_notes_the_later_version_and_the_earlier_program_is_refused", noted),
    ]
}

/// The earlier program still serves it.
#[track_caller]
fn is_untouched(folder: &Path) {
    let ended = run(folder, &["reindex"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

fn refused() {
    let folder = with_notes();
    let path = folder.path();
    assert_eq!(run(path, &["backup", "notes.ssbak"]).code, 0);
    for arguments in [
        &["migrate", "--dry-run"][..],
        &["reindex", "--dry-run"],
        &["gc", "--dry-run"],
        &["restore", "--dry-run", "notes.ssbak"],
        &["backup", "later.ssbak"],
    ] {
        let ended = run_as("later", path, arguments);
        assert_eq!(ended.code, 3, "{arguments:?}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("declared at \"v1\""), "{arguments:?}: {}", ended.stderr);
        is_untouched(path);
    }
    assert!(!path.join("later.ssbak").exists());
}

fn found() {
    let folder = with_notes();
    let ended = run_as("later", folder.path(), &["doctor"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("declared at \"v1\""), "{}", ended.stdout);
    is_untouched(folder.path());
}

fn noted() {
    let folder = with_notes();
    assert_eq!(run_as("later", folder.path(), &["migrate"]).code, 0);
    let earlier = run(folder.path(), &["reindex"]);
    assert_eq!(earlier.code, 3);
    let doctor = run(folder.path(), &["doctor"]);
    assert_eq!(doctor.code, 1, "{}", doctor.stdout);
    assert!(doctor.stdout.contains("declares no schema version"), "{}", doctor.stdout);
    assert_eq!(run_as("later", folder.path(), &["migrate", "--dry-run"]).code, 0);
}
