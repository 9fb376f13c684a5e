//! Conditions on, and order by, how similar a field is to something.

use super::{ConditionError, IndexKind, Known, Literal, Predicate, Target, Test, Truth};
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

impl Known<'_> {
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
