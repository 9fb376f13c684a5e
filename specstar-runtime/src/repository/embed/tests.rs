//! Queries that name a text where a vector is meant.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::access::Principal;
use crate::app::{App, SpecStar};
use crate::datetime::Timestamp;
use crate::descriptor::{Identity, IndexDescriptor, Metric, ResourceDescriptor, VectorDescriptor};
use crate::error::{Error, Result};
use crate::json::IndexValue;
use crate::meta::HeadRef;
use crate::query::{Comparison, Predicate, Ranking, Scope, SortKey, Target};
use crate::registry::Registry;
use crate::repository::{Caller, Selection};
use crate::resource::{ResourceEntry, payload, schema};
use crate::store::Freshness;
use crate::vector::{Embedding, VectorEncoder};

#[derive(Serialize, Deserialize)]
struct Essay {
    text: Embedding,
}

static DESCRIPTOR: ResourceDescriptor = ResourceDescriptor {
    openapi: false,
    indexes: &[IndexDescriptor::vector::<Embedding>(
        "text",
        &["text"],
        &["text", "vector"],
        VectorDescriptor::new(1).encoded_by("length"),
    )],
    ..ResourceDescriptor::named(Identity::new("essay", "tests::Essay", "Essay"))
};

static ENTRIES: [ResourceEntry; 1] = [ResourceEntry {
    descriptor: &DESCRIPTOR,
    prepare: payload::prepare::<Essay>,
    schemas: schema::no_schemas,
    policy: crate::access::Policy::NONE,
    migrations: &[],
}];

/// The length of a text; counts how often it is asked.
#[derive(Clone, Default)]
struct Length(Arc<AtomicUsize>);

impl VectorEncoder for Length {
    fn id(&self) -> &'static str {
        "length"
    }

    fn encode<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Vec<f32>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let length = u8::try_from(text.len()).map(|length| vec![f32::from(length)]);
        Box::pin(std::future::ready(length.map_err(|_| Error::BadRequest("the text is too long".into()))))
    }
}

fn caller() -> Caller {
    Caller::program(Principal::Anonymous, Timestamp(0))
}

async fn app(texts: &[&str]) -> (App, Length) {
    let length = Length::default();
    let builder = SpecStar::builder().open_access().sqlite_temporary().resources(Registry::new(&ENTRIES));
    let app = builder.vector_encoder("length", length.clone()).build().await.expect("it builds");
    for text in texts {
        let body = serde_json::json!({"text": {"content": text}}).to_string();
        let model = &app.service().models()[0];
        app.service().create(model, body.as_bytes(), None, &caller()).await.expect("a create");
    }
    (app, length)
}

fn near(text: &str, bound: f64) -> Predicate {
    let target = Target::find(&DESCRIPTOR, "text", Scope::Everything);
    target.within(Metric::L2, &text.into(), Comparison::Lte, bound).expect("a vector field")
}

fn by_distance(text: &str) -> SortKey {
    let target = Target::find(&DESCRIPTOR, "text", Scope::Everything);
    target.distance(Metric::L2, &text.into()).expect("valid").map(Ranking::best_first).expect("indexed")
}

/// The lengths of the texts that are found.
async fn found(app: &App, predicate: Predicate, sorts: Vec<SortKey>) -> Result<Vec<IndexValue>> {
    let found: Arc<Mutex<Vec<IndexValue>>> = Arc::default();
    let sink = Arc::clone(&found);
    let visit = Box::new(move |head: HeadRef<'_>| {
        let row = crate::json::index_row(&DESCRIPTOR, head.revision.data).expect("it was checked");
        let Some(crate::json::IndexEntry::List(Some(vector))) = row.entries.first() else {
            panic!("{row:?}")
        };
        sink.lock().expect("no panic").extend(vector.iter().cloned());
    });
    let selection = Selection {
        predicate: Arc::new(predicate),
        sorts,
        limit: 10,
        offset: 0,
        after: None,
        freshness: Freshness::Current,
    };
    let model = &app.service().models()[0];
    app.service().search(model, selection, true, &caller(), visit).await?;
    let found = found.lock().expect("no panic").clone();
    Ok(found)
}

#[tokio::test]
async fn a_text_of_a_query_is_encoded_once() {
    let (app, asked) = app(&["aaaaa", "a", "aaa"]).await;
    let before = asked.0.load(Ordering::Relaxed);
    let texts = found(&app, near("bb", 1.0), vec![by_distance("bb")]).await.expect("a page");
    assert_eq!(texts, [1.0, 3.0].map(IndexValue::Float));
    assert_eq!(asked.0.load(Ordering::Relaxed), before + 1);
    let texts = found(&app, Predicate::everything(), vec![by_distance("bbbb")]).await.expect("a page");
    assert_eq!(texts, [5.0, 3.0, 1.0].map(IndexValue::Float));
    let model = &app.service().models()[0];
    let count = app.service().count(model, Arc::new(near("bbbb", 1.0)), Freshness::Current, &caller()).await;
    assert_eq!(count.expect("a count"), 2);
}

#[tokio::test]
async fn a_batch_encodes_and_an_encoder_that_fails_changes_nothing() {
    let (app, _) = app(&["aaaaa", "a"]).await;
    let model = &app.service().models()[0];
    let selection = |text: &str| Selection {
        predicate: Arc::new(Predicate::is_deleted(false) & near(text, 1.0)),
        sorts: Vec::new(),
        limit: 10,
        offset: 0,
        after: None,
        freshness: Freshness::Current,
    };
    let long = app.service().delete_all(model, selection(&"b".repeat(300)), &caller()).await;
    assert!(matches!(long, Err(Error::BadRequest(_))), "{long:?}");
    let deleted = app.service().delete_all(model, selection("b"), &caller()).await.expect("a delete");
    assert_eq!(deleted.len(), 1);
}
