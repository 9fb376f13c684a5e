//! What `reindex` mends.

use libtest_mimic::Trial;

use super::app::{run, tamper, with_notes};
use super::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("reindex_mends_what_differs", mends),
        trial("a_dry_run_changes_nothing", dry_run),
        trial("a_value_that_is_taken_is_reported", taken),
        trial("an_unknown_type_is_refused", unknown),
    ]
}

const WRONG: &str =
    "UPDATE h_note SET ix_stars = 9 WHERE ix_title = 'b'; DELETE FROM l_note WHERE value = 'c';";

fn mends() {
    let folder = with_notes();
    tamper(folder.path(), WRONG);
    let report = run(folder.path(), &["reindex", "--rebuild", "--json"]);
    assert_eq!(report.code, 0, "{}", report.stderr);
    assert_eq!(report.json()["models"][0]["differing"], 2);
    let again = run(folder.path(), &["reindex", "note"]);
    assert_eq!(again.stdout, "note: 3 resources, 0 with other index values\n");
}

fn dry_run() {
    let folder = with_notes();
    tamper(folder.path(), WRONG);
    for _ in 0..2 {
        let report = run(folder.path(), &["reindex", "--dry-run", "--json"]);
        assert_eq!(report.code, 1);
        assert_eq!(report.json()["models"][0]["differing"], 2);
    }
}

fn taken() {
    let folder = with_notes();
    let lie =
        "UPDATE h_note SET data = replace(data, '\"title\":\"b\"', '\"title\":\"a\"') WHERE ix_title = 'b'";
    tamper(folder.path(), lie);
    let report = run(folder.path(), &["reindex"]);
    assert_eq!(report.code, 1);
    assert!(report.stdout.contains("could not be mended: its value is taken"), "{}", report.stdout);
}

fn unknown() {
    let folder = with_notes();
    let report = run(folder.path(), &["reindex", "nott"]);
    assert_eq!(report.code, 3);
    assert!(
        report.stderr.contains("`nott` is not a resource type of this program: note"),
        "{}",
        report.stderr
    );
}
