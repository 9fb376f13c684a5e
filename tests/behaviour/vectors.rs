//! Vectors in what is written, and texts the server makes vectors of.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use specstar::app::SpecStar;
use specstar::prelude::*;
use specstar::vector::{VectorEncoder, encoder_fn};
use specstar::{Error, Result};

use crate::common::TestApp;
use crate::models::{Essay, Spot};
use crate::resources;

/// How often `a` and `b` occur; counts how often it is asked, and fails on a text with a `!`.
#[derive(Clone, Default)]
struct Letters {
    asked: Arc<AtomicUsize>,
}

impl VectorEncoder for Letters {
    fn id(&self) -> &'static str {
        "letters"
    }

    fn encode<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match text.chars().find(|letter| "!?".contains(*letter)) {
                Some('!') => Err(Error::Unavailable { reason: "the model is away".into(), retry_after: 7 }),
                Some(_) => Ok(vec![1.0]),
                None => Ok(['a', 'b'].map(|letter| tenths(text.matches(letter).count())).to_vec()),
            }
        })
    }
}

fn tenths(count: usize) -> f32 {
    f32::from(u8::try_from(count).expect("a short text")) / 10.0
}

async fn essays() -> (TestApp, Letters) {
    let letters = Letters::default();
    let encoder = letters.clone();
    let app = TestApp::with(resources![Essay], |builder| builder.vector_encoder("letters", encoder)).await;
    (app, letters)
}

/// What is stored for the summary, and how often the encoder was asked so far.
async fn summary(app: &TestApp, essay: &str, letters: &Letters) -> (Value, usize) {
    let read = app.user("ann").get(essay).await.ok();
    (read["data"]["summary"].clone(), letters.asked.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_vector_of_another_length_is_refused() {
    let app = TestApp::new(resources()).await;
    let ann = app.user("ann");
    let answer = ann.post("/spot", json!({"name": "a", "place": [1, 2, 3]})).await.is(422);
    assert_eq!(answer.json()["detail"], "a vector of 2 numbers is expected, found 3 - at `$.place`",);
    ann.post("/spot", json!({"name": "a", "place": []})).await.is(422);
    ann.post("/spot", json!({"name": "a", "place": [1, null]})).await.is(422);
    ann.post("/spot", json!({"name": "a", "place": [1, 1e300]})).await.is(422);
    let spot = ann.created("spot", json!({"name": "a", "place": [0.1, 2]})).await;
    ann.put(&spot, json!({"name": "a", "place": [1]})).await.is(422);
    ann.patch(&spot, json!([{"op": "add", "path": "/place/-", "value": 1}])).await.is(422);
    let read = ann.get(&spot).await.ok();
    assert_eq!(read["data"]["place"], json!([0.1, 2.0]));
    assert_eq!(read["meta"]["indexed_data"], json!({"name": "a", "place": [0.1, 2.0]}));
    assert_eq!(read["meta"]["total_revision_count"], 1);
}

#[tokio::test]
async fn a_stored_vector_keeps_its_length_when_another_is_declared() {
    mod wide {
        use specstar::prelude::*;
        #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
        pub(super) struct Spot {
            name: String,
            #[vector(dim = 3)]
            #[serde(default)]
            place: Option<Vec<f32>>,
        }
    }
    let app = TestApp::new(resources![Spot]).await;
    let spot = app.user("ann").created("spot", json!({"name": "a", "place": [1, 2]})).await;
    let folder = app.stop().await;
    let app = TestApp::on(folder, resources![wide::Spot], |builder| builder).await;
    let ann = app.user("ann");
    assert_eq!(ann.get(&spot).await.ok()["data"]["place"], json!([1.0, 2.0]));
    ann.delete(&spot).await.ok();
    ann.post(&format!("{spot}/restore"), Value::Null).await.ok();
    ann.put(&spot, json!({"name": "a", "place": [1, 2]})).await.is(422);
    ann.put(&spot, json!({"name": "a", "place": [1, 2, 3]})).await.ok();
}

#[tokio::test]
async fn a_text_gets_its_vector_once() {
    let (app, letters) = essays().await;
    let ann = app.user("ann");
    let essay = ann.created("essay", json!({"summary": {"content": "abba"}})).await;
    let (stored, asked) = summary(&app, &essay, &letters).await;
    let hash = stored["content_hash"].as_str().expect("a hash").to_owned();
    assert!(hash.starts_with("xxh3_128:"), "{hash}");
    let expected =
        json!({"content": "abba", "vector": [0.2, 0.2], "content_hash": hash, "encoder_id": "letters"});
    assert_eq!((&stored, asked), (&expected, 1));

    ann.put(&essay, json!({"summary": {"content": "abba"}, "pages": 2})).await.ok();
    ann.patch(&essay, json!({"pages": 3})).await.ok();
    assert_eq!(summary(&app, &essay, &letters).await, (expected.clone(), 1), "the text is the same");

    let unchanged = ann.put(&essay, json!({"summary": {"content": "abba"}, "pages": 3})).await;
    assert_eq!(unchanged.header("x-unchanged").as_deref(), Some("true"));

    ann.patch(&essay, json!({"summary": {"content": "aab"}})).await.ok();
    let (stored, asked) = summary(&app, &essay, &letters).await;
    assert_eq!((&stored["vector"], asked), (&json!([0.2, 0.1]), 2));
    assert_ne!(stored["content_hash"], expected["content_hash"]);

    let mut whole = ann.get(&essay).await.ok()["data"].clone();
    whole["summary"]["content"] = "b".into();
    ann.put(&essay, whole).await.ok();
    let (stored, asked) = summary(&app, &essay, &letters).await;
    assert_eq!((&stored["vector"], asked), (&json!([0.0, 0.1]), 3), "the vector was of another text");

    ann.put(&essay, json!({"pages": 1})).await.ok();
    assert_eq!(summary(&app, &essay, &letters).await, (Value::Null, 3));
}

#[tokio::test]
async fn a_vector_that_is_sent_is_kept() {
    let (app, letters) = essays().await;
    let ann = app.user("ann");
    let own = json!({"summary": {"content": "abba", "vector": [5, 6]}});
    let essay = ann.created("essay", own.clone()).await;
    let (stored, asked) = summary(&app, &essay, &letters).await;
    assert_eq!((&stored["vector"], &stored["encoder_id"], asked), (&json!([5.0, 6.0]), &Value::Null, 0));
    ann.patch(&essay, json!({"summary": {"content": "b", "vector": [7, 8]}})).await.ok();
    let (stored, asked) = summary(&app, &essay, &letters).await;
    assert_eq!((&stored["vector"], asked), (&json!([7.0, 8.0]), 0));
    ann.patch(&essay, json!({"summary": {"content": "a"}})).await.ok();
    let (stored, asked) = summary(&app, &essay, &letters).await;
    assert_eq!((&stored["vector"], &stored["encoder_id"], asked), (&json!([0.1, 0.0]), &json!("letters"), 1));
    let short = ann.post("/essay", json!({"summary": {"content": "a", "vector": [1]}})).await.is(422);
    assert!(short.text().contains("$.summary.vector"), "{short}");
}

#[tokio::test]
async fn where_an_encoder_fails_nothing_is_written() {
    let (app, _) = essays().await;
    let ann = app.user("ann");
    let essay = ann.created("essay", json!({"summary": {"content": "a"}})).await;
    let before = app.picture(&["essay"]).await;
    let away = ann.put(&essay, json!({"summary": {"content": "a!"}})).await.is(503);
    assert_eq!(away.header("retry-after").as_deref(), Some("7"));
    ann.post("/essay", json!({"summary": {"content": "a!"}})).await.is(503);
    let wrong = ann.patch(&essay, json!({"summary": {"content": "a?"}})).await.is(500);
    assert!(wrong.text().contains("Internal server error"), "{wrong}");
    assert_eq!(app.picture(&["essay"]).await, before);
}

#[tokio::test]
async fn an_encoder_must_be_there_under_its_own_name() {
    let problems = |builder: SpecStarBuilder| async {
        let built = builder.open_access().sqlite_temporary().resources(resources![Essay]).build().await;
        match built {
            Err(Error::CannotStart { problems }) => problems,
            other => panic!("{other:?}"),
        }
    };
    let expected =
        "`essay.summary` needs the encoder `letters`: register it with vector_encoder(\"letters\", …)";
    assert_eq!(problems(SpecStar::builder()).await, [expected]);
    let other = SpecStar::builder().vector_encoder("bge", encoder_fn("bert", |_| async { Ok(vec![]) }));
    let own_name = "the encoder registered as `bge` has the id `bert`";
    assert_eq!(problems(other).await, [own_name, expected]);
}

#[tokio::test]
async fn the_document_describes_vectors() {
    let (app, _) = essays().await;
    let document = app.user("").get("/openapi.json").await.ok();
    let summary = &document["components"]["schemas"]["Essay"]["properties"]["summary"];
    assert_eq!(
        (&summary["x-vector-dim"], &summary["x-vector-distance"], &summary["x-vector-encoder-id"]),
        (&json!(2), &json!("cosine"), &json!("letters"))
    );
    assert_eq!(document["x-specstar-indexed-fields"]["essay"], json!(["summary"]));
    let spots = TestApp::new(resources![Spot]).await;
    let document = spots.user("").get("/openapi.json").await.ok();
    let place = &document["components"]["schemas"]["Spot"]["properties"]["place"];
    assert_eq!((&place["x-vector-dim"], &place["minItems"]), (&json!(2), &json!(2)));
    assert_eq!(place.get("x-vector-encoder-id"), None);
    assert_eq!(document["x-specstar-indexed-fields"]["spot"], json!(["name", "place"]));
}
