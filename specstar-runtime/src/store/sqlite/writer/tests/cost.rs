//! What the log of changes costs: `cargo test --release -p specstar-runtime --lib cost_of_the_log -- --ignored
//! --nocapture`.

use std::path::Path;
use std::time::{Duration, Instant};

use super::super::super::tests::fixture::{USER, USUAL, revision, stamp};
use super::{Writer, commit_sets, creation, writer_with};
use crate::change::{Change, ChangeKind, ChangeSet, Existing, HeadUpdate};
use crate::json::index_row;
use crate::store::{SqliteOptions, Synchronous};

const GROUP: usize = 32;
const GROUPS: usize = 625;
const TEXT: &str =
    "some text that is about as long as what a row of a table of people holds besides its name";

fn id(at: usize) -> String {
    format!("user:0193a2b4-7c5d-7e6f-8a9b-{at:012}")
}

fn json(at: usize, age: usize) -> String {
    format!(
        r#"{{"name":"n{at}","email":"m{at}@example.org","age":{age},"tags":["t{}","all"],"about":"{TEXT}"}}"#,
        at % 7
    )
}

/// A new revision with another age, of rows far from each other.
fn update(at: usize) -> ChangeSet {
    let at = at * 7919 % (GROUP * GROUPS);
    let (before, after) = (json(at, at % 90), json(at, at % 90 + 1));
    let update = HeadUpdate {
        job: None,
        of: Existing { model: USER, pk: i64::try_from(at).unwrap() + 1, resource_id: id(at), version: 1 },
        kind: ChangeKind::Updated,
        seq: 2,
        updated: stamp(99),
        at: None,
        previous: crate::change::Previous::Leave,
        is_deleted: None,
        cascade: Vec::new(),
        archive: true,
        take: None,
        revision: Some(revision(2, Some(1), &after)),
        rev_count: Some(2),
        blobs: None,
        index_before: index_row(&USUAL, before.as_bytes()).unwrap(),
        index_after: index_row(&USUAL, after.as_bytes()).unwrap(),
    };
    ChangeSet::from(vec![Change::Update(Box::new(update))])
}

/// Runs the same groups on each writer in turn, and tells the median time of a group on each: others use the
/// machine as well. Another one begins each time, and the order turns round, since each finds in the caches what
/// the one before left there.
fn run(writers: &mut [Writer], set: impl Fn(usize) -> ChangeSet) -> Vec<Duration> {
    let count = writers.len();
    let mut times = vec![Vec::with_capacity(GROUPS); count];
    for group in 0..GROUPS {
        let mut turns: Vec<_> = (group..group + count).map(|turn| turn % count).collect();
        if group / count % 2 == 1 {
            turns.reverse();
        }
        for at in turns {
            let sets: Vec<_> = (group * GROUP..(group + 1) * GROUP).map(&set).collect();
            let start = Instant::now();
            let results = commit_sets(&mut writers[at], sets);
            times[at].push(start.elapsed());
            assert!(results.iter().all(Result::is_ok), "{results:?}");
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[GROUPS / 2]
    };
    times.into_iter().map(median).collect()
}

fn bytes(path: &Path) -> f64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    connection.query_row(pages, [], |row| row.get::<_, f64>(0)).unwrap()
}

#[test]
#[ignore = "a measurement"]
#[allow(clippy::cast_precision_loss, clippy::print_stdout)]
fn cost_of_the_log() {
    // The last one has an index where there is a chain through the entries of a resource.
    let variants = [
        ("no log", ""),
        ("log, no index", "DROP INDEX \"ss_change/model\""),
        ("log", ""),
        ("log, one more", "CREATE INDEX \"ss_change/resource\" ON ss_change (model_id, pk)"),
    ];
    for synchronous in [Synchronous::Normal, Synchronous::Full] {
        let folder = tempfile::tempdir().unwrap();
        let path = |at: usize| folder.path().join(format!("{at}.db"));
        let mut writers: Vec<_> = (0..variants.len())
            .map(|at| {
                let mut writer = writer_with(SqliteOptions { synchronous, ..SqliteOptions::new(path(at)) });
                writer.memory.log.is_off = at == 0;
                writer.open.as_ref().unwrap().execute_batch(variants[at].1).unwrap();
                writer
            })
            .collect();
        let sizes = || (0..variants.len()).map(|at| bytes(&path(at))).collect::<Vec<_>>();
        let creating = run(&mut writers, |at| creation(&id(at), &json(at, at % 90)));
        let small = sizes();
        let updating = run(&mut writers, update);
        let large = sizes();
        println!("{synchronous:?}");
        let rows = (GROUP * GROUPS) as f64;
        for (at, (name, _)) in variants.iter().enumerate() {
            let micros = |time: &[Duration]| time[at].as_secs_f64() * 1e6 / GROUP as f64;
            let ratio = |time: &[Duration]| time[at].as_secs_f64() / time[0].as_secs_f64();
            println!(
                "{name:>18}: create {:.1} µs ({:.2}), {:.0} bytes; update {:.1} µs ({:.2}), {:.0} bytes",
                micros(&creating),
                ratio(&creating),
                small[at] / rows,
                micros(&updating),
                ratio(&updating),
                (large[at] - small[at]) / rows,
            );
        }
    }
}
