//! How similar a text is, and how far away a vector.

use super::Column;
use crate::descriptor::Metric;
use crate::index_key::TrigramField;
use crate::qb::{self, Question, SortTerm};
use crate::query::Literal;
use crate::resource::Resource;
use crate::select::{Condition, Distance, Similarity, Text, VectorOperand};
use crate::vector::VectorField;

/// Similar words: of texts and lists of texts.
impl<R: Resource, T> Column<R, T> {
    fn similar(self, text: impl Text, threshold: Option<Literal>) -> Condition<R> {
        let query = Literal::Text(text.into_text());
        Condition::new(qb::Condition::test(self.key(), Question::Fuzzy { query, threshold }))
    }

    /// Its words are similar to this text, by 0.6 or more.
    pub fn fuzzy(self, text: impl Text) -> Condition<R>
    where
        T: TrigramField,
    {
        self.similar(text, None)
    }

    /// Its words are similar to this text, by a number from 0 to 1 or more.
    pub fn fuzzy_by(self, text: impl Text, threshold: f64) -> Condition<R>
    where
        T: TrigramField,
    {
        self.similar(text, Some(threshold.into()))
    }

    /// How similar its words are to this text, to sort by.
    pub fn similarity(self, text: impl Text) -> Similarity<R>
    where
        T: TrigramField,
    {
        let (field, query) = (self.key().into(), Literal::Text(text.into_text()));
        Similarity::new(SortTerm::Similarity { field, query })
    }
}

/// Distance: of vectors.
impl<R: Resource, T> Column<R, T> {
    fn distance(self, metric: Metric, vector: impl VectorOperand) -> Distance<R> {
        Distance::new(self.key(), metric, vector.into_vector())
    }

    /// One minus the cosine of the angle to a vector, or to that of a text where the field has an encoder.
    pub fn cosine(self, vector: impl VectorOperand) -> Distance<R>
    where
        T: VectorField,
    {
        self.distance(Metric::Cosine, vector)
    }

    /// The Euclidean distance to a vector, or to that of a text where the field has an encoder.
    pub fn l2(self, vector: impl VectorOperand) -> Distance<R>
    where
        T: VectorField,
    {
        self.distance(Metric::L2, vector)
    }

    /// The negative inner product with a vector, or with that of a text where the field has an encoder.
    pub fn ip(self, vector: impl VectorOperand) -> Distance<R>
    where
        T: VectorField,
    {
        self.distance(Metric::Ip, vector)
    }
}
