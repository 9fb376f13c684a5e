//! Searches for which two indexes compete.

use std::sync::Arc;

use super::fixture::{AGE, Db, NAME, TAGS, USER, everything, set, user};
use crate::change::Change;
use crate::descriptor::ResourceDescriptor;
use crate::query::{Comparison, Field, Leaf, Operand, Predicate, SortKey, Test, ValueTest};
use crate::store::{Freshness, Search, SqliteStore, Store};

static INDEXED: ResourceDescriptor = user(&[NAME, AGE, TAGS], &[]);

const ROWS: usize = 8_000;

/// Whether a row has the name and the tag that are looked for: some few of the first rows, and then none for
/// longer than a walk goes.
fn is_found(at: usize) -> bool {
    !(10..ROWS - 600).contains(&at)
}

async fn filled() -> Db {
    let db = Db::with(SqliteStore::temporary().unwrap(), &INDEXED).await;
    let create = |at: usize| {
        let (name, tag) = if is_found(at) { ("sought", "sought") } else { ("other", "common") };
        let json = format!(r#"{{"name":"{name}","age":{at},"tags":["{tag}","all"]}}"#);
        Change::Create(Box::new(db.new_head(&format!("user:{at}"), &json)))
    };
    db.store.commit(set((0..ROWS).map(create))).await.unwrap();
    db
}

fn numbers(found: &[String]) -> Vec<usize> {
    found.iter().map(|id| id.trim_start_matches("user:").parse().unwrap()).collect()
}

fn from_age(age: i64) -> Predicate {
    let test = Test::Value(ValueTest::Compare(Comparison::Gte, Operand::Integer(age)));
    Predicate::Leaf(Leaf { field: Field::Index(1), test })
}

#[tokio::test]
async fn a_page_is_the_same_where_a_walk_gave_up() {
    let db = filled().await;
    let name = Predicate::equals(Field::Index(0), Operand::Text("sought".into()));
    let tag = Predicate::has_element(Field::Index(2), Operand::Text("sought".into()));
    let both = name.clone() & tag.clone();
    let every = from_age(0) & Predicate::has_element(Field::Index(2), Operand::Text("all".into()));
    for condition in [name.clone(), tag, both.clone(), from_age(0) & name, every & both] {
        let predicate = Arc::new(Predicate::is_deleted(false) & condition);
        for (sorts, descending) in [(vec![], false), (by_age(false), false), (by_age(true), true)] {
            let mut expected: Vec<usize> = (0..ROWS).filter(|&at| is_found(at)).collect();
            if descending {
                expected.reverse();
            }
            let search = |limit, offset, after| {
                let (predicate, sorts) = (Arc::clone(&predicate), sorts.clone());
                db.search(Search { predicate, sorts, after, limit, offset, ..everything() })
            };
            let (found, end) = search(20, 0, None).await.unwrap();
            assert_eq!(numbers(&found), expected[..20], "{predicate:?} {sorts:?}");
            let (found, _) = search(20, 15, end.last.clone()).await.unwrap();
            assert_eq!(numbers(&found), expected[35..55], "{predicate:?} {sorts:?}");
            let (found, end) = search(1000, 3, None).await.unwrap();
            assert_eq!(numbers(&found), expected[3..], "{predicate:?} {sorts:?}");
            assert!(!end.has_more);
        }
        assert_eq!(db.store.count(USER, predicate, Freshness::Current).await.unwrap(), 610);
    }
}

fn by_age(descending: bool) -> Vec<SortKey> {
    vec![SortKey::new(Field::Index(1), descending)]
}

#[tokio::test]
async fn a_walk_ends_at_its_budget() {
    let db = filled().await;
    let reader =
        super::super::connection::Reader::open(&crate::store::SqliteOptions::new(db.store.path())).unwrap();
    let count =
        || reader.connection.query_row("SELECT sum(ix_age) FROM h_user", [], |row| row.get::<_, i64>(0));
    reader.limit_steps(Some(5_000));
    assert!(count().is_err() && reader.is_spent());
    reader.limit_steps(None);
    assert!(count().is_ok() && !reader.is_spent());
    reader.limit_steps(Some(1_000_000));
    assert!(count().is_ok() && !reader.is_spent());
}
