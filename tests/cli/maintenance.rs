//! Archives, shapes and blobs by command.

use libtest_mimic::Trial;

use super::app::{run, with_notes};
use super::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("what_is_backed_up_can_be_verified_and_restored", round_trip),
        trial("a_damaged_archive_is_found_and_not_restored", damaged),
        trial("a_restore_over_what_exists_says_so_and_changes_nothing", duplicates),
        trial("a_backup_that_fails_leaves_the_one_before", failing),
        trial("a_backup_can_go_into_a_pipe", pipe),
        trial("shapes_are_locked_and_compared", lock),
        trial("a_collection_says_what_it_removed", collection),
        trial("a_migration_without_versions_does_nothing", migration),
    ]
}

fn round_trip() {
    let (source, target) = (with_notes(), tempfile::tempdir().unwrap());
    let archive = source.path().join("all.ssbak").display().to_string();
    let written = run(source.path(), &["backup", &archive, "--json"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert_eq!(written.json()["report"]["models"]["note"]["resources"], 3);
    assert_eq!(run(source.path(), &["verify", &archive]).code, 0);
    // The tables are made by the first start.
    assert_eq!(run(target.path(), &["reindex"]).code, 0);
    let tried = run(target.path(), &["restore", &archive, "--dry-run", "--json"]);
    assert_eq!(tried.json()["report"]["models"]["note"]["resources"]["created"], 3, "{}", tried.stderr);
    let restored = run(target.path(), &["restore", &archive, "--json"]);
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    assert_eq!(restored.json()["report"]["models"]["note"]["resources"]["created"], 3);
    assert_eq!(run(target.path(), &["doctor"]).code, 0);
}

fn damaged() {
    let folder = with_notes();
    assert_eq!(run(folder.path(), &["backup", "all.ssbak"]).code, 0);
    let path = folder.path().join("all.ssbak");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&path, bytes).unwrap();
    let verified = run(folder.path(), &["verify", "all.ssbak"]);
    assert_eq!(verified.code, 1);
    assert!(verified.stdout.contains("is damaged"), "{}", verified.stdout);
    let restored = run(folder.path(), &["restore", "all.ssbak", "--on-duplicate", "overwrite"]);
    assert_eq!(restored.code, 3, "{}", restored.stdout);
    assert_eq!(run(folder.path(), &["verify", "missing.ssbak"]).code, 3);
}

fn duplicates() {
    let folder = with_notes();
    assert_eq!(run(folder.path(), &["backup", "all.ssbak"]).code, 0);
    let refused = run(folder.path(), &["restore", "all.ssbak"]);
    assert_ne!(refused.code, 0, "{}", refused.stdout);
    let skipped = run(folder.path(), &["restore", "all.ssbak", "--on-duplicate", "skip", "--json"]);
    assert_eq!(skipped.json()["report"]["models"]["note"]["resources"]["skipped"], 3, "{}", skipped.stderr);
    let replaced = run(folder.path(), &["restore", "all.ssbak", "--on-duplicate", "overwrite", "--json"]);
    assert_eq!(replaced.json()["report"]["models"]["note"]["resources"]["overwritten"], 3);
}

fn failing() {
    let folder = with_notes();
    std::fs::write(folder.path().join("all.ssbak"), "the one before").unwrap();
    let failed = run(folder.path(), &["backup", "all.ssbak", "--model", "nott"]);
    assert_ne!(failed.code, 0);
    assert_eq!(std::fs::read_to_string(folder.path().join("all.ssbak")).unwrap(), "the one before");
    let files = std::fs::read_dir(folder.path()).unwrap().filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        !name.to_string_lossy().starts_with("app.db")
    });
    assert_eq!(files.count(), 1, "nothing else is left");
}

fn pipe() {
    let folder = with_notes();
    let output = super::app::application("open", folder.path(), &["backup", "-", "--json"]).output().unwrap();
    assert!(output.status.success());
    std::fs::write(folder.path().join("piped.ssbak"), output.stdout).unwrap();
    assert_eq!(run(folder.path(), &["verify", "piped.ssbak"]).code, 0);
}

fn lock() {
    let folder = tempfile::tempdir().unwrap();
    let locked = ["lock", "--file", "shapes.json"];
    let missing = run(folder.path(), &locked);
    assert_eq!(missing.code, 1);
    assert!(missing.stdout.contains("lock --accept"), "{}", missing.stdout);
    assert_eq!(run(folder.path(), &["lock", "--accept", "--file", "shapes.json"]).code, 0);
    assert_eq!(run(folder.path(), &locked).code, 0);
    let path = folder.path().join("shapes.json");
    let text = std::fs::read_to_string(&path).unwrap().replace("\"stars\"", "\"points\"");
    std::fs::write(&path, text).unwrap();
    let drift = run(folder.path(), &["lock", "--file", "shapes.json", "--json"]);
    assert_eq!(drift.code, 1);
    assert_eq!(drift.json()["drift"][0]["unraised"], true, "{}", drift.stdout);
}

fn collection() {
    let folder = with_notes();
    let counted = run(folder.path(), &["gc", "--dry-run", "--json"]);
    assert_eq!((counted.code, counted.json()["blobs"].clone()), (0, 0.into()), "{}", counted.stderr);
    let collected = run(folder.path(), &["gc", "--quarantine-after", "0s", "--remove-after", "0s", "--json"]);
    assert_eq!((collected.code, collected.json()["removed"].clone()), (0, 0.into()), "{}", collected.stderr);
    assert_eq!(run(folder.path(), &["gc", "--remove-after", "soon"]).code, 2);
}

fn migration() {
    let folder = with_notes();
    assert_eq!(run(folder.path(), &["migrate", "--json"]).json()["models"], serde_json::json!([]));
    let asked = run(folder.path(), &["migrate", "note"]);
    assert_eq!(asked.code, 3);
    assert!(asked.stderr.contains("declares no schema version"), "{}", asked.stderr);
    let forgotten = run(folder.path(), &["migrate", "--forget-originals", "--json"]).json()["models"].clone();
    assert_eq!(forgotten[0]["forgotten"], 0, "{forgotten}");
}
