//! Similarities and distances: functions of this program over a column, or over a list of the document.

use sea_query::Expr;

use super::condition::{Condition, call, compare, no_list};
use super::document::Document;
use crate::descriptor::Metric;
use crate::query::{Distance, Measure, Origin, Ranking, Within};
use crate::store::StoreError;

impl Condition<'_> {
    /// What a ranking compares: a number per row, or NULL.
    pub(super) fn rank(&mut self, ranking: &Ranking) -> Result<Expr, StoreError> {
        let list = self.list(ranking.field)?;
        match (&ranking.measure, list) {
            (Measure::Similarity(_), Some(list)) => Ok(self.list_similarity(&list.document)),
            (Measure::Similarity(_), None) => {
                let value = self.scalar(ranking.field)?;
                Ok(self.similarity(value))
            }
            (Measure::Distance(distance), Some(list)) => Ok(self.distance(distance.metric, &list.document)),
            (Measure::Distance(_), None) => Err(no_list(ranking.field)),
        }
    }

    pub(super) fn similarity(&mut self, value: Expr) -> Expr {
        call("ss_similarity", [self.place(), value])
    }

    pub(super) fn list_similarity(&mut self, document: &Document) -> Expr {
        document.when_list(call("ss_list_similarity", [self.place(), document.json()]))
    }

    pub(super) fn within(&mut self, within: &Within, document: &Document) -> Expr {
        let distance = self.distance(within.distance.metric, document);
        compare(distance, within.comparison, self.place())
    }

    fn distance(&mut self, metric: Metric, document: &Document) -> Expr {
        let metric = Expr::Constant(metric.as_str().into());
        document.when_list(call("ss_distance", [metric, self.place(), document.json()]))
    }
}

/// The numbers of a vector as bytes, eight each.
pub(super) fn bytes(distance: &Distance) -> Result<Vec<u8>, StoreError> {
    match &distance.origin {
        Origin::Vector(numbers) => Ok(numbers.iter().flat_map(|number| number.to_le_bytes()).collect()),
        Origin::Text { .. } => Err(StoreError::Internal("the text of a distance was not encoded".to_owned())),
    }
}

/// The numbers of [`bytes`].
#[cfg(feature = "sqlite")]
pub(super) fn numbers(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|number| f64::from_le_bytes(*number)).collect()
}
