//! Pages behind a position, joined, are the whole list.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::fixture::{AGE, Db, NAME, TAGS, USER, everything, removal, set, stamp, user};
use crate::change::Change;
use crate::descriptor::ResourceDescriptor;
use crate::json::IndexValue;
use crate::query::{
    Comparison, ElementTest, Field, MetaField, Operand, Position, Predicate, SortKey, Test, ValueTest,
};
use crate::store::{Freshness, Search, SqliteOptions, SqliteStore, Store, StoreError, Synchronous};

static PLAIN: ResourceDescriptor = user(&[NAME, AGE, TAGS], &[]);

/// A row with few different values, so that there are ties.
#[derive(Clone, Debug)]
struct Row {
    name: Option<&'static str>,
    age: Option<i64>,
    tags: Vec<&'static str>,
    created: i64,
}

fn row() -> impl Strategy<Value = Row> {
    let name = prop::option::of(select(vec!["", "a", "ab", "é"]));
    let age = prop::option::of(select(vec![i64::MIN, -1, 0, 1, i64::MAX]));
    let tags = prop::collection::vec(select(vec!["a", "ab", "b"]), 0..3);
    (name, age, tags, 0..3_i64).prop_map(|(name, age, tags, created)| Row { name, age, tags, created })
}

/// What an index answers, on its own and in company. Most rows match.
fn condition() -> impl Strategy<Value = Predicate> {
    let value = |at, test| Predicate::leaf(Field::Index(at), Test::Value(test));
    let tag = |test| Predicate::leaf(Field::Index(2), Test::Any(ElementTest { test, negated: false }));
    let text = |text: &str| Operand::Text(text.to_owned());
    let from = |age| value(1, ValueTest::Compare(Comparison::Gte, Operand::Integer(age)));
    let created = Test::Value(ValueTest::Compare(Comparison::Gte, Operand::Integer(1)));
    let one = select(vec![
        from(i64::MIN),
        from(0),
        value(0, ValueTest::In(vec![text("a"), text("ab"), text("é")])),
        value(0, ValueTest::StartsWith("a".to_owned())),
        Predicate::equals(Field::Index(0), text("a")),
        Predicate::leaf(Field::Index(1), Test::Null(true)),
        Predicate::leaf(Field::Index(1), Test::Null(false)),
        Predicate::leaf(MetaField::CreatedTime, created),
        Predicate::has_element(Field::Index(2), text("a")),
        Predicate::has_element(Field::Index(2), text("b")),
        tag(ValueTest::In(vec![text("a"), text("b")])),
        tag(ValueTest::StartsWith("a".to_owned())),
        Predicate::equals(Field::Index(0), text("a")) | from(0),
        Predicate::has_element(Field::Index(2), text("b")) | from(1),
        !Predicate::equals(Field::Index(0), text("ab")),
    ]);
    (any::<bool>(), prop::collection::vec(one, 0..3)).prop_map(|(live, conditions)| {
        let live = if live { Predicate::is_deleted(false) } else { Predicate::everything() };
        Predicate::all([live].into_iter().chain(conditions))
    })
}

fn sort_key() -> impl Strategy<Value = SortKey> {
    let fields: Vec<Field> = [Field::Index(0), Field::Index(1)]
        .into_iter()
        .chain(MetaField::ALL.into_iter().filter(|field| field.is_sort_key()).map(Field::Meta))
        .chain([Field::Index(0), Field::Index(1), Field::Index(1), MetaField::CreatedTime.into()])
        .collect();
    (select(fields), any::<bool>()).prop_map(|(field, descending)| SortKey::new(field, descending))
}

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Event {
    Insert(Row),
    Purge(Index),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![row().prop_map(Event::Insert), any::<Index>().prop_map(Event::Purge)]
}

struct Rows {
    db: Db,
    _folder: tempfile::TempDir,
    ids: Vec<String>,
    made: usize,
}

impl Rows {
    async fn new(rows: &[Row]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions {
            synchronous: Synchronous::Normal,
            ..SqliteOptions::new(folder.path().join("rows.db"))
        };
        let db = Db::with(SqliteStore::open(options).unwrap(), &PLAIN).await;
        let mut all = Self { db, _folder: folder, ids: Vec::new(), made: 0 };
        all.insert(rows).await;
        all
    }

    async fn insert(&mut self, rows: &[Row]) {
        let mut changes = Vec::new();
        for row in rows {
            // Ids go another way than row numbers.
            let id = format!("user:{}", 1000 - self.made);
            let json = serde_json::json!({"name": row.name, "age": row.age, "tags": row.tags}).to_string();
            let mut head = self.db.new_head(&id, &json);
            head.revision.created = stamp(row.created);
            changes.push(Change::Create(Box::new(head)));
            self.ids.push(id);
            self.made += 1;
        }
        self.db.store.commit(set(changes)).await.unwrap();
    }

    async fn happens(&mut self, event: &Event) {
        match event {
            Event::Insert(row) => self.insert(std::slice::from_ref(row)).await,
            Event::Purge(at) if !self.ids.is_empty() => {
                let id = self.ids.swap_remove(at.index(self.ids.len()));
                let of = removal(&self.db.head(&id).await);
                self.db.store.commit(set([Change::Purge(of)])).await.unwrap();
            }
            Event::Purge(_) => {}
        }
    }

    async fn page(&self, query: &Query, after: Option<Position>, limit: usize, offset: usize) -> Page {
        let (predicate, sorts) = (Arc::new(query.predicate.clone()), query.sorts.clone());
        let (limit, offset) = (limit as u64, offset as u64);
        let search = Search { predicate, sorts, after, limit, offset, ..everything() };
        let (ids, end) = self.db.search(search).await.unwrap();
        assert_eq!(end.has_more, end.last.is_some());
        Page { ids, last: end.last }
    }

    /// Every page, with events in between.
    async fn pages(&mut self, query: &Query, limit: usize, events: &[Event]) -> Vec<String> {
        let mut events = events.iter();
        let mut page = self.page(query, None, limit, 0).await;
        let mut joined = page.ids;
        while let Some(last) = page.last {
            if let Some(event) = events.next() {
                self.happens(event).await;
            }
            page = self.page(query, Some(last), limit, 0).await;
            joined.extend(page.ids.iter().cloned());
        }
        joined
    }
}

#[derive(Clone, Debug)]
struct Query {
    predicate: Predicate,
    sorts: Vec<SortKey>,
}

struct Page {
    ids: Vec<String>,
    last: Option<Position>,
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn joined_pages_are_the_list(
        rows in prop::collection::vec(row(), 0..30),
        predicate in condition(),
        sorts in prop::collection::vec(sort_key(), 0..4),
        limit in 1..5_usize,
        offset in 0..4_usize,
        events in prop::collection::vec(event(), 0..8),
    ) {
        wait(async {
            let query = Query { predicate, sorts };
            let mut rows = Rows::new(&rows).await;
            let whole = rows.page(&query, None, 1000, 0).await.ids;
            assert_eq!(rows.pages(&query, limit, &[]).await, whole);
            let count = rows.db.store.count(USER, Arc::new(query.predicate.clone()), Freshness::Current).await.unwrap();
            assert_eq!(count, whole.len() as u64);

            let first = rows.page(&query, None, limit, 0).await;
            if let Some(last) = first.last {
                let skipped = rows.page(&query, Some(last), limit, offset).await.ids;
                let expected = whole.iter().skip(limit + offset).take(limit);
                assert!(skipped.iter().eq(expected), "{skipped:?} of {whole:?}");
            }

            let joined = rows.pages(&query, limit, &events).await;
            let stayed = |ids: &[String]| {
                let stayed = |id: &&String| whole.contains(id) && rows.ids.contains(id);
                ids.iter().filter(stayed).cloned().collect::<Vec<_>>()
            };
            assert_eq!(stayed(&joined), stayed(&whole));
        });
    }
}

#[test]
fn a_position_that_does_not_fit_is_refused() {
    wait(async {
        let rows = Rows::new(&[Row { name: Some("a"), age: None, tags: vec![], created: 1 }]).await;
        let after = Some(Position { values: vec![IndexValue::Integer(1)], pk: 0 });
        let sorts = vec![SortKey::new(Field::Index(0), false)];
        let result = rows.db.search(Search { sorts, after, ..everything() }).await;
        assert!(matches!(result, Err(StoreError::Internal(_))), "{result:?}");
    });
}
