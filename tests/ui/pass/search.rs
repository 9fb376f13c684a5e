//! Text that is looked through, and vectors.

use runtime::descriptor::{IndexKind, Metric, VectorDescriptor};
use specstar::prelude::*;
use specstar::runtime;

type Place = [f32; 2];

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    #[trigram]
    pub title: String,
    #[indexed(key = "words")]
    #[trigram]
    pub key_words: Option<Vec<String>>,
    #[unique]
    #[trigram]
    pub code: String,
    #[vector(dim = 384, metric = "cosine", encoder = "bge-small")]
    #[indexed(path = "theSummary.content", key = "summary_text", type = String)]
    pub the_summary: Embedding,
    #[vector(dim = 2)]
    #[schema(value_type = Option<Vec<f32>>)]
    pub place: Option<Place>,
    #[vector(metric = "ip", dim = 3)]
    #[indexed(key = "direction")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points_to: Vec<f32>,
    #[vector(dim = 16_000)]
    pub other: Option<Embedding>,
}

fn main() {
    let document = Document::DESCRIPTOR;
    let keys: Vec<_> = document.indexes.iter().map(|index| index.key).collect();
    assert_eq!(
        keys,
        ["title", "words", "code", "theSummary", "summary_text", "place", "direction", "other"]
    );
    let trigrams: Vec<_> = document.indexes.iter().map(|index| index.trigram).collect();
    assert_eq!(trigrams, [true, true, true, false, false, false, false, false]);
    assert!(document.indexes[1].list && document.indexes[1].nullable);

    let summary = &document.indexes[3];
    assert_eq!(summary.path, ["theSummary", "vector"]);
    assert_eq!((summary.kind, summary.list, summary.nullable), (IndexKind::Float, true, true));
    let declared = VectorDescriptor::new(384).measured_by(Metric::Cosine).encoded_by("bge-small");
    assert_eq!(summary.vector, Some(VectorDescriptor { embedding: true, ..declared }));

    let place = &document.indexes[5];
    assert_eq!((place.path, place.nullable), (&["place"][..], true));
    assert_eq!(place.vector, Some(VectorDescriptor { array: Some(2), ..VectorDescriptor::new(2) }));

    let direction = &document.indexes[6];
    assert_eq!((direction.path, direction.nullable), (&["pointsTo"][..], true));
    assert_eq!(direction.vector, Some(VectorDescriptor::new(3).measured_by(Metric::Ip)));
    assert_eq!(document.indexes[7].path, ["other", "vector"]);

    assert_eq!(Document::COLUMNS.the_summary.key(), "theSummary");
    assert_eq!(Document::COLUMNS.summary_text.index(), 4);
    assert_eq!(resources![Document].entries().len(), 1);
}
