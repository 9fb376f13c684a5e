//! Distances from the vector of a field to that of a query.

use super::predicate::{Comparison, Leaf, Predicate, Test};
use super::sort::{Measure, Ranking, SortBy, SortKey};
use crate::descriptor::Metric;

/// The distance to a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Distance {
    /// How it is measured.
    pub metric: Metric,
    /// From where.
    pub origin: Origin,
}

/// The vector a query gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// Its numbers, as many as the vectors of the field have.
    Vector(Vec<f64>),
    /// A text whose vector only the encoder of the field knows. The operation that is given the query asks
    /// it before anything is read; no store sees this.
    Text {
        /// The text.
        text: String,
        /// The declared name of the encoder.
        encoder: &'static str,
        /// How many numbers its vector must have.
        dim: usize,
    },
}

/// A vector field lies within, or beyond, a distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    /// The distance.
    pub distance: Distance,
    /// How it stands to the bound; not [`Comparison::Eq`].
    pub comparison: Comparison,
    /// The bound.
    pub bound: f64,
}

impl Distance {
    /// The distance of a row's vector; `None` where there is none of the same length.
    pub(super) fn of(&self, vector: &[f64]) -> Option<f64> {
        match &self.origin {
            Origin::Vector(origin) => self.metric.distance(vector, origin),
            Origin::Text { .. } => None,
        }
    }

    const fn is_from_text(&self) -> bool {
        matches!(self.origin, Origin::Text { .. })
    }
}

/// Whether some distance of a query is measured from a text.
pub(crate) fn has_texts(predicate: &Predicate, sorts: &[SortKey]) -> bool {
    let asks = |leaf: &Leaf| matches!(&leaf.test, Test::Within(within) if within.distance.is_from_text());
    let ranks = |sort: &SortKey| match &sort.by {
        SortBy::Rank(Ranking { measure: Measure::Distance(distance), .. }) => distance.is_from_text(),
        _ => false,
    };
    sorts.iter().any(ranks) || predicate.leaves().any(asks)
}

/// Every distance of a query, to put the vectors of its texts in place.
pub(crate) fn distances<'q>(
    predicate: &'q mut Predicate,
    sorts: &'q mut [SortKey],
) -> impl Iterator<Item = &'q mut Distance> {
    let asked = predicate.leaves_mut().filter_map(|leaf| match &mut leaf.test {
        Test::Within(within) => Some(&mut within.distance),
        _ => None,
    });
    let ranked = sorts.iter_mut().filter_map(|sort| match &mut sort.by {
        SortBy::Rank(Ranking { measure: Measure::Distance(distance), .. }) => Some(distance),
        _ => None,
    });
    asked.chain(ranked)
}
