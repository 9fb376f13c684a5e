//! Conditions on, and order by, how similar a field is to something.

use super::{Comparison, ConditionError, IndexKind, Known, Literal, Predicate, Target, Test, Truth};
use crate::descriptor::Metric;
use crate::query::distance::{Distance, Origin};
use crate::query::predicate::Fuzzy;
use crate::query::sort::{Measure, Ranking};
use crate::query::trigram::TrigramSet;

impl Target<'_> {
    /// A text, or a list of texts, whose [word similarity](crate::query::word_similarity) to a query is at
    /// least the threshold. Without one, or with null, it is [`Fuzzy::THRESHOLD`].
    ///
    /// ```
    /// # use specstar_runtime::descriptor::ResourceDescriptor;
    /// # use specstar_runtime::query::{ConditionError, Predicate, Scope, Target};
    /// # fn show(descriptor: &ResourceDescriptor) -> Result<Predicate, ConditionError> {
    /// let author = Target::find(descriptor, "created_by", Scope::Everything);
    /// author.fuzzy(&"anna".into(), Some(&0.5.into()))
    /// # }
    /// ```
    pub fn fuzzy(&self, query: &Literal, threshold: Option<&Literal>) -> Result<Predicate, ConditionError> {
        let query = query_text("fuzzy", query)?;
        let threshold = match threshold {
            None | Some(Literal::Null) => Fuzzy::THRESHOLD,
            Some(literal) => single("fuzzy", literal)?,
        };
        let Some(known) = self.known() else { return Ok(Predicate::Constant(Truth::Unknown)) };
        known.must_have_words("fuzzy")?;
        Ok(known.leaf(Test::Fuzzy(Fuzzy { query: TrigramSet::of(query), threshold })))
    }

    /// The order by word similarity to a query. `None` for a field that is missing: a sort key nothing is
    /// indexed under has no effect.
    pub fn similarity(&self, query: &Literal) -> Result<Option<Ranking>, ConditionError> {
        let query = query_text("similarity", query)?;
        let Some(known) = self.known() else { return Ok(None) };
        known.must_have_words("similarity")?;
        Ok(Some(Ranking { field: known.field, measure: Measure::Similarity(TrigramSet::of(query)) }))
    }
}

impl Target<'_> {
    /// The order by the distance to a vector: a list of as many numbers as the field's vectors have, or a
    /// text where the field has an encoder. `None` for a field that is missing.
    ///
    /// The vector of a text is put in place later, by the operation that is given the query: to encode is
    /// asynchronous, a check is not.
    pub fn distance(&self, metric: Metric, literal: &Literal) -> Result<Option<Ranking>, ConditionError> {
        let Some(known) = self.known() else {
            must_be_vector(metric, literal)?;
            return Ok(None);
        };
        let origin = known.origin(metric, literal)?;
        let measure = Measure::Distance(Distance { metric, origin });
        Ok(Some(Ranking { field: known.field, measure }))
    }

    /// The rows whose vector lies within, or beyond, a distance.
    pub fn within(
        &self,
        metric: Metric,
        literal: &Literal,
        comparison: Comparison,
        bound: f64,
    ) -> Result<Predicate, ConditionError> {
        match self.distance(metric, literal)? {
            Some(ranking) => ranking.within(comparison, bound),
            None => Ok(Predicate::Constant(Truth::Unknown)),
        }
    }
}

impl Known<'_> {
    fn origin(&self, metric: Metric, literal: &Literal) -> Result<Origin, ConditionError> {
        let operator = metric.as_str();
        let Some(vector) = self.vector else {
            let (field, shape) = (self.name.to_owned(), self.shape);
            return Err(ConditionError::NoVector { operator, field, shape });
        };
        match (literal, vector.encoder) {
            (Literal::Text(text), Some(encoder)) => {
                Ok(Origin::Text { text: text.clone(), encoder, dim: vector.dim })
            }
            (Literal::Text(_), None) => Err(ConditionError::NoEncoder { field: self.name.to_owned() }),
            _ => {
                let numbers = must_be_vector(metric, literal)?;
                let (field, expected, found) = (self.name.to_owned(), vector.dim, numbers.len());
                if found != expected {
                    return Err(ConditionError::VectorLength { field, expected, found });
                }
                Ok(Origin::Vector(numbers))
            }
        }
    }

    fn must_have_words(&self, operator: &'static str) -> Result<(), ConditionError> {
        if self.shape.kind == IndexKind::Text {
            return Ok(());
        }
        Err(ConditionError::NoWords { operator, field: self.name.to_owned(), shape: self.shape })
    }
}

fn query_text<'l>(operator: &'static str, literal: &'l Literal) -> Result<&'l str, ConditionError> {
    match literal {
        Literal::Text(text) => Ok(text),
        other => Err(ConditionError::Operand { operator, expected: "a string", found: other.describe() }),
    }
}

/// A number in single precision, which is what similarities are.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn single(operator: &'static str, literal: &Literal) -> Result<f32, ConditionError> {
    match literal {
        Literal::Integer(value) => Ok(*value as f32),
        Literal::Float(value) => Ok(*value as f32),
        _ => Err(ConditionError::Operand { operator, expected: "a number", found: literal.describe() }),
    }
}

/// The numbers of a list; a text has none, and may do where the field is not known.
#[allow(clippy::cast_precision_loss)] // as JSON does
fn must_be_vector(metric: Metric, literal: &Literal) -> Result<Vec<f64>, ConditionError> {
    let refuse = |found: &Literal| ConditionError::Operand {
        operator: metric.as_str(),
        expected: "a list of numbers",
        found: found.describe(),
    };
    let items = match literal {
        Literal::List(items) => items.as_slice(),
        Literal::Text(_) => &[],
        other => return Err(refuse(other)),
    };
    let number = |item: &Literal| match item {
        Literal::Integer(value) => Ok(*value as f64),
        Literal::Float(value) => Ok(*value),
        _ => Err(ConditionError::VectorElement { operator: metric.as_str(), found: item.describe() }),
    };
    items.iter().map(number).collect()
}
