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
    assert_eq!(Document::COLUMNS.summary_text.field(), runtime::query::Field::Index(4));
    let of = Document::COLUMNS;
    let similar = of.title.fuzzy("ann") | of.key_words.fuzzy_by("ann", 0.5);
    assert_eq!(qb!(Document: QB["title"].fuzzy("ann") | QB["key_words"].fuzzy("ann", threshold=0.5)), similar.into());
    let near = of.place.l2([1.0, 0.5]).lt(2.0) & of.the_summary.cosine("a text").ge(0.25);
    let bound = 0.25;
    assert_eq!(qb!(Document: (QB["place"].l2([1, 0.5]) < 2) & (bound <= QB["the_summary"].cosine("a text"))), near.into());
    let vector = vec![1.0_f32, 0.0, 0.0];
    let order = specstar::Select::all()
        .order_by(of.title.similarity("ann"))
        .order_by(of.points_to.ip(&vector))
        .order_by(of.place.cosine([1.0, 0.0]).desc());
    assert_eq!(
        qb!(Document: QB.all().sort(QB["title"].similarity("ann"), QB["points_to"].ip(vector), QB["place"].cosine([1, 0]).desc())),
        order
    );
    assert_eq!(resources![Document].entries().len(), 1);
}
